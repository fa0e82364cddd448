//! The doors to vector code: what stands behind them is compiled once per instruction set, and nowhere else.
//!
//! A closure would not do: it is compiled without the instruction set unless it happens to be inlined.

use super::clusters::uses_lists;
use super::integrate::{self, Bath, FoldedForces};
use super::model::Model;
use super::noise::Address;
use super::particle_moves;
use super::replica::Replica;
use super::three_body::{self, Scratch};
use crate::potential::{OVERLAP_ENERGY, PairForm, Pairs, Truncation, with_form};
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

/// The same for a kernel that wraps, compiled for orthogonal and for oblique cells.
macro_rules! cell_entry {
    ($name:ident { $($field:ident : $type:ty),* } { $S:ident, $OBLIQUE:ident => $body:expr }) => {
        struct $name<'a, const $OBLIQUE: bool> { $($field: $type),* }

        impl<'a, const $OBLIQUE: bool> WithSimd for $name<'a, $OBLIQUE> {
            type Output = ();

            #[inline(always)]
            fn with_simd<$S: Simd>(self, _simd: $S) {
                let $name { $($field),* } = self;
                $body
            }
        }
    };
}

/// Enters a kernel for the cell of a model.
macro_rules! enter_cell {
    ($model:expr, $name:ident { $($field:ident),* }) => {{
        let model: &Model = $model;
        if model.system.cell.is_oblique() {
            model.arch.dispatch($name::<true> { model, $($field),* })
        } else {
            model.arch.dispatch($name::<false> { model, $($field),* })
        }
    }};
}

/// The same for a kernel over pairs, compiled for their form, for the truncation (whether it needs r itself) and for the cell.
macro_rules! pair_entry {
    ($name:ident { $($field:ident : $type:ty),* } -> $out:ty {
        $S:ident, $F:ident, $SHIFTED:ident, $OBLIQUE:ident => $body:expr
    }) => {
        struct $name<'a, $F, const $SHIFTED: bool, const $OBLIQUE: bool> { pairs: &'a Pairs<$F>, $($field: $type),* }

        impl<'a, $F: PairForm, const $SHIFTED: bool, const $OBLIQUE: bool> WithSimd for $name<'a, $F, $SHIFTED, $OBLIQUE> {
            type Output = $out;

            #[inline(always)]
            fn with_simd<$S: Simd>(self, _simd: $S) -> $out {
                let $name { pairs, $($field),* } = self;
                $body(pairs, $($field),*)
            }
        }
    };
}

/// Enters a kernel over pairs for the form, the truncation and the cell of a model.
macro_rules! enter {
    ($model:expr, $name:ident { $($field:ident),* }) => {{
        let (model, table): (&Model, _) = ($model, &$model.system.pairs);
        let shifted = table.truncation == Truncation::ForceShifted;
        with_form!(table, pairs => match (shifted, model.system.cell.is_oblique()) {
            (false, false) => model.arch.dispatch($name::<_, false, false> { pairs, model, $($field),* }),
            (true, false) => model.arch.dispatch($name::<_, true, false> { pairs, model, $($field),* }),
            (false, true) => model.arch.dispatch($name::<_, false, true> { pairs, model, $($field),* }),
            (true, true) => model.arch.dispatch($name::<_, true, true> { pairs, model, $($field),* }),
        })
    }};
}

cell_entry!(Langevin { model: &'a Model, replica: &'a mut Replica, bath: &'a Bath, within: bool, address: Address } {
    S, OBLIQUE => integrate::langevin::<S, OBLIQUE>(model, replica, bath, within, address)
});
simd_entry!(Kick { replica: &'a mut Replica, dt: f64 } -> () { S => integrate::kick::<S>(replica, dt) });
cell_entry!(Drift { model: &'a Model, replica: &'a mut Replica, dt: f64 } {
    S, OBLIQUE => integrate::drift::<S, OBLIQUE>(model, replica, dt)
});
simd_entry!(Redraw { replica: &'a mut Replica, keep: f64, noise: f64, address: Address } -> () {
    S => integrate::redraw(replica, keep, noise, address)
});
cell_entry!(UpdateLists { model: &'a Model, replica: &'a mut Replica } {
    S, OBLIQUE => replica.update_lists::<S, OBLIQUE>(model)
});
pair_entry!(Forces { model: &'a Model, replica: &'a Replica, folded: &'a mut FoldedForces } -> () {
    S, F, SHIFTED, OBLIQUE => integrate::forces::<S, F, SHIFTED, OBLIQUE>
});
pair_entry!(ForcesFromLists { model: &'a Model, replica: &'a Replica, folded: &'a mut FoldedForces } -> () {
    S, F, SHIFTED, OBLIQUE => integrate::forces_from_lists::<S, F, SHIFTED, OBLIQUE>
});
// By itself: within the loops over pairs it would not become vector code.
simd_entry!(SumForces { model: &'a Model, replica: &'a mut Replica, folded: &'a FoldedForces } -> () {
    S => integrate::sum_forces(model, replica, folded)
});
pair_entry!(Energy { model: &'a Model, replica: &'a Replica } -> [f64; 2] {
    S, F, SHIFTED, OBLIQUE => integrate::energy::<S, F, SHIFTED, OBLIQUE>
});
pair_entry!(EnergyFromLists { model: &'a Model, replica: &'a Replica } -> [f64; 2] {
    S, F, SHIFTED, OBLIQUE => integrate::energy_from_lists::<S, F, SHIFTED, OBLIQUE>
});
pair_entry!(AtomEnergy {
    model: &'a Model, replica: &'a Replica, species: u8, position: DVec3, except: usize
} -> f64 {
    S, F, SHIFTED, OBLIQUE => particle_moves::atom_energy::<S, F, SHIFTED, OBLIQUE>
});

cell_entry!(TripletForces { model: &'a Model, replica: &'a mut Replica, listed: bool, scratch: &'a mut Scratch } {
    S, OBLIQUE => three_body::add_forces::<S, OBLIQUE>(model, replica, listed, scratch)
});
cell_entry!(TripletEnergy {
    model: &'a Model, replica: &'a Replica, listed: bool, scratch: &'a mut Scratch, energy: &'a mut f64
} {
    S, OBLIQUE => *energy = three_body::energy::<S, OBLIQUE>(model, replica, listed, scratch)
});
cell_entry!(AtomTriplets {
    model: &'a Model, replica: &'a Replica, species: u8, position: DVec3, except: usize, scratch: &'a mut Scratch,
    energy: &'a mut f64
} {
    S, OBLIQUE => {
        let p = model.geometry.grid_of::<OBLIQUE>(position);
        *energy = three_body::atom_energy::<S, OBLIQUE>(model, replica, species, p, except, scratch);
    }
});

impl Model {
    /// A BAOAB step up to its second kick, after the second kick of the step before if `within`.
    pub(super) fn langevin(&self, replica: &mut Replica, bath: &Bath, within: bool, address: Address) {
        enter_cell!(self, Langevin { replica, bath, within, address });
    }

    /// v += dt F/m
    pub(super) fn kick(&self, replica: &mut Replica, dt: f64) {
        self.arch.dispatch(Kick { replica, dt });
    }

    /// x += dt v, reflected at walls and wrapped
    pub(super) fn drift(&self, replica: &mut Replica, dt: f64) {
        enter_cell!(self, Drift { replica, dt });
    }

    /// v = keep v + noise √(1/m) ξ
    pub(super) fn redraw(&self, replica: &mut Replica, keep: f64, noise: f64, address: Address) {
        self.arch.dispatch(Redraw { replica, keep, noise, address });
    }

    /// Brings neighbour lists up to date.
    pub(super) fn update_lists(&self, replica: &mut Replica) {
        enter_cell!(self, UpdateLists { replica });
    }

    /// Forces of the present configuration.
    pub(super) fn update_forces(&self, replica: &mut Replica) {
        if replica.forces_known {
            return;
        }
        let mut room = FoldedForces::take(replica.n);
        if uses_lists(&self.system, replica.n) {
            self.update_lists(replica);
            let (replica, folded) = (&*replica, &mut room);
            enter!(self, ForcesFromLists { replica, folded });
        } else {
            let (replica, folded) = (&*replica, &mut room);
            enter!(self, Forces { replica, folded });
        }
        self.arch.dispatch(SumForces { model: self, replica, folded: &room });
        room.give_back();
        if self.triplets.is_some() {
            let (listed, mut room) = (uses_lists(&self.system, replica.n), Scratch::take());
            let scratch = &mut room;
            enter_cell!(self, TripletForces { replica, listed, scratch });
            room.give_back();
        }
        replica.forces_known = true;
    }

    /// Fields, slab and triplets, and Σ_i Σ_{j≠i} over mobile pairs, of the present configuration.
    pub(super) fn energy(&self, replica: &mut Replica) -> [f64; 2] {
        let listed = uses_lists(&self.system, replica.n);
        let mut sums = if listed {
            self.update_lists(replica);
            enter!(self, EnergyFromLists { replica })
        } else {
            enter!(self, Energy { replica })
        };
        if self.triplets.is_some() {
            let (replica, mut room, mut triplets) = (&*replica, Scratch::take(), 0.0);
            let (scratch, energy) = (&mut room, &mut triplets);
            enter_cell!(self, TripletEnergy { replica, listed, scratch, energy });
            room.give_back();
            sums[0] += triplets;
        }
        sums
    }

    /// Energy of one atom with the slab, fields and mobile atoms but the one in slot `except`, and in its triplets.
    pub(super) fn atom_energy(&self, replica: &Replica, species: u8, position: DVec3, except: usize) -> f64 {
        let sum = enter!(self, AtomEnergy { replica, species, position, except });
        if self.triplets.is_none() || sum >= OVERLAP_ENERGY {
            return sum;
        }
        let (mut room, mut triplets) = (Scratch::take(), 0.0);
        let (scratch, energy) = (&mut room, &mut triplets);
        enter_cell!(self, AtomTriplets { replica, species, position, except, scratch, energy });
        room.give_back();
        sum + triplets
    }
}
