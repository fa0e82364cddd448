//! The doors to vector code: what stands behind them is compiled once per instruction set, and nowhere else.
//!
//! A closure would not do: it is compiled without the instruction set unless it happens to be inlined.

use super::clusters::uses_lists;
use super::integrate::{self, Bath};
use super::model::Model;
use super::noise::Address;
use super::particle_moves;
use super::replica::Replica;
use crate::potential::{Truncation, with_form};
use glam::DVec3;
use pulp::{Simd, WithSimd};

/// Declares an entry to vector code: a struct of arguments, and the kernel it leads to; `S` names the instruction set.
macro_rules! simd_entry {
    ($name:ident { $($field:ident : $type:ty),* } -> $out:ty { $S:ident => $body:expr }) => {
        struct $name<'a> { $($field: $type),* }

        impl<'a> WithSimd for $name<'a> {
            type Output = $out;

            #[inline(always)]
            fn with_simd<$S: Simd>(self, _simd: $S) -> $out {
                let $name { $($field),* } = self;
                $body
            }
        }
    };
}

/// Calls a kernel compiled for the form of the pairs, and for the truncation: the only one that needs r itself, or any
/// other.
macro_rules! by_form {
    ($model:ident, $kernel:path, $S:ident($($argument:expr),*)) => {{
        use $kernel as kernel;
        let table = &$model.system.pairs;
        with_form!(table, pairs => match table.truncation {
            Truncation::ForceShifted => kernel::<$S, _, true>(pairs, $($argument),*),
            Truncation::Plain | Truncation::Shifted => kernel::<$S, _, false>(pairs, $($argument),*),
        })
    }};
}

simd_entry!(Langevin { model: &'a Model, replica: &'a mut Replica, bath: &'a Bath, within: bool, address: Address } -> () {
    S => integrate::langevin::<S>(model, replica, bath, within, address)
});
simd_entry!(Kick { replica: &'a mut Replica, dt: f64 } -> () { S => integrate::kick::<S>(replica, dt) });
simd_entry!(Drift { model: &'a Model, replica: &'a mut Replica, dt: f64 } -> () {
    S => integrate::drift::<S>(model, replica, dt)
});
simd_entry!(Redraw { replica: &'a mut Replica, root_kt: f64, address: Address } -> () {
    S => integrate::redraw(replica, root_kt, address)
});
simd_entry!(UpdateLists { model: &'a Model, replica: &'a mut Replica } -> () { S => replica.update_lists::<S>(model) });
simd_entry!(Forces { model: &'a Model, replica: &'a mut Replica } -> () {
    S => by_form!(model, integrate::forces, S(model, replica))
});
simd_entry!(ForcesFromLists { model: &'a Model, replica: &'a mut Replica } -> () {
    S => by_form!(model, integrate::forces_from_lists, S(model, replica))
});
simd_entry!(Energy { model: &'a Model, replica: &'a Replica } -> [f64; 2] {
    S => by_form!(model, integrate::energy, S(model, replica))
});
simd_entry!(EnergyFromLists { model: &'a Model, replica: &'a Replica } -> [f64; 2] {
    S => by_form!(model, integrate::energy_from_lists, S(model, replica))
});
simd_entry!(AtomEnergy {
    model: &'a Model, replica: &'a Replica, species: u8, position: DVec3, except: usize
} -> [f64; 2] {
    S => by_form!(model, particle_moves::atom_energy, S(model, replica, species, position, except))
});

impl Model {
    /// A BAOAB step up to its second kick, after the second kick of the step before if `within`.
    pub(super) fn langevin(&self, replica: &mut Replica, bath: &Bath, within: bool, address: Address) {
        self.arch.dispatch(Langevin { model: self, replica, bath, within, address });
    }

    /// v += dt F/m
    pub(super) fn kick(&self, replica: &mut Replica, dt: f64) {
        self.arch.dispatch(Kick { replica, dt });
    }

    /// x += dt v, reflected at walls and wrapped
    pub(super) fn drift(&self, replica: &mut Replica, dt: f64) {
        self.arch.dispatch(Drift { model: self, replica, dt });
    }

    /// v = √(kT/m) ξ
    pub(super) fn redraw(&self, replica: &mut Replica, root_kt: f64, address: Address) {
        self.arch.dispatch(Redraw { replica, root_kt, address });
    }

    /// Brings neighbour lists up to date.
    pub(super) fn update_lists(&self, replica: &mut Replica) {
        self.arch.dispatch(UpdateLists { model: self, replica });
    }

    /// Forces of the present configuration.
    pub(super) fn update_forces(&self, replica: &mut Replica) {
        if replica.forces_known {
            return;
        }
        if uses_lists(&self.system, replica.n) {
            self.update_lists(replica);
            self.arch.dispatch(ForcesFromLists { model: self, replica });
        } else {
            self.arch.dispatch(Forces { model: self, replica });
        }
        replica.forces_known = true;
    }

    /// Fields and slab, and Σ_i Σ_{j≠i} over mobile pairs, of the present configuration.
    pub(super) fn energy(&self, replica: &mut Replica) -> [f64; 2] {
        if uses_lists(&self.system, replica.n) {
            self.update_lists(replica);
            self.arch.dispatch(EnergyFromLists { model: self, replica })
        } else {
            self.arch.dispatch(Energy { model: self, replica })
        }
    }

    /// Energy of one atom with the slab and fields, and with the mobile atoms but the one in slot `except`.
    pub(super) fn atom_energy(&self, replica: &Replica, species: u8, position: DVec3, except: usize) -> [f64; 2] {
        self.arch.dispatch(AtomEnergy { model: self, replica, species, position, except })
    }
}
