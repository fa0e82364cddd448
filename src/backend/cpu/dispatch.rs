//! The doors to vector code: what stands behind them is compiled once per instruction set, and nowhere else.
//!
//! A closure would not do: it is compiled without the instruction set unless it happens to be inlined.

use super::clusters::uses_lists;
use super::integrate::{self, Bath};
use super::model::Model;
use super::noise::Address;
use super::particle_moves;
use super::replica::Replica;
use crate::potential::{PairForm, Pairs, Truncation, with_form};
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

/// The same for a kernel over pairs, compiled for their form and for the truncation: whether it needs r itself.
macro_rules! pair_entry {
    ($name:ident { $($field:ident : $type:ty),* } -> $out:ty { $S:ident, $F:ident, $SHIFTED:ident => $body:expr }) => {
        struct $name<'a, $F, const $SHIFTED: bool> { pairs: &'a Pairs<$F>, $($field: $type),* }

        impl<'a, $F: PairForm, const $SHIFTED: bool> WithSimd for $name<'a, $F, $SHIFTED> {
            type Output = $out;

            #[inline(always)]
            fn with_simd<$S: Simd>(self, _simd: $S) -> $out {
                let $name { pairs, $($field),* } = self;
                $body(pairs, $($field),*)
            }
        }
    };
}

/// Enters a kernel over pairs for the form and the truncation of a model.
macro_rules! enter {
    ($model:expr, $name:ident { $($field:ident),* }) => {{
        let (model, table): (&Model, _) = ($model, &$model.system.pairs);
        with_form!(table, pairs => match table.truncation {
            Truncation::ForceShifted => model.arch.dispatch($name::<_, true> { pairs, model, $($field),* }),
            Truncation::Plain | Truncation::Shifted => {
                model.arch.dispatch($name::<_, false> { pairs, model, $($field),* })
            }
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
pair_entry!(Forces { model: &'a Model, replica: &'a mut Replica } -> () {
    S, F, SHIFTED => integrate::forces::<S, F, SHIFTED>
});
pair_entry!(ForcesFromLists { model: &'a Model, replica: &'a mut Replica } -> () {
    S, F, SHIFTED => integrate::forces_from_lists::<S, F, SHIFTED>
});
pair_entry!(Energy { model: &'a Model, replica: &'a Replica } -> [f64; 2] {
    S, F, SHIFTED => integrate::energy::<S, F, SHIFTED>
});
pair_entry!(EnergyFromLists { model: &'a Model, replica: &'a Replica } -> [f64; 2] {
    S, F, SHIFTED => integrate::energy_from_lists::<S, F, SHIFTED>
});
pair_entry!(AtomEnergy {
    model: &'a Model, replica: &'a Replica, species: u8, position: DVec3, except: usize
} -> [f64; 2] {
    S, F, SHIFTED => particle_moves::atom_energy::<S, F, SHIFTED>
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
            enter!(self, ForcesFromLists { replica });
        } else {
            enter!(self, Forces { replica });
        }
        replica.forces_known = true;
    }

    /// Fields and slab, and Σ_i Σ_{j≠i} over mobile pairs, of the present configuration.
    pub(super) fn energy(&self, replica: &mut Replica) -> [f64; 2] {
        if uses_lists(&self.system, replica.n) {
            self.update_lists(replica);
            enter!(self, EnergyFromLists { replica })
        } else {
            enter!(self, Energy { replica })
        }
    }

    /// Energy of one atom with the slab and fields, and with the mobile atoms but the one in slot `except`.
    pub(super) fn atom_energy(&self, replica: &Replica, species: u8, position: DVec3, except: usize) -> [f64; 2] {
        enter!(self, AtomEnergy { replica, species, position, except })
    }
}
