//! The doors to vector code: what stands behind them is compiled once per instruction set, and nowhere else.
//!
//! A closure would not do: it is compiled without the instruction set unless it happens to be inlined.

use super::Model;
use super::clusters::uses_lists;
use super::integrate::{drift, forces, forces_from_lists, kick, thermostat};
use super::noise::Address;
use super::particle_moves::atom_energy;
use super::replica::Replica;
use crate::scene::grammar::Truncation;
use glam::DVec3;
use pulp::{Simd, WithSimd};

/// Declares a door: a struct of arguments, and the kernel it leads to.
macro_rules! door {
    ($name:ident { $($field:ident : $type:ty),* } -> $out:ty { $body:expr }) => {
        struct $name<'a> { $($field: $type),* }

        impl<'a> WithSimd for $name<'a> {
            type Output = $out;

            #[inline(always)]
            fn with_simd<S: Simd>(self, _simd: S) -> $out {
                let $name { $($field),* } = self;
                $body
            }
        }
    };
}

door!(Kick { replica: &'a mut Replica, dt: f64 } -> () { kick(replica, dt) });
door!(Drift { model: &'a Model, replica: &'a mut Replica, dt: f64 } -> () { drift(model, replica, dt) });
door!(Thermostat { replica: &'a mut Replica, decay: f64, noise: f64, address: Address } -> () {
    thermostat(replica, decay, noise, address)
});
door!(Forces { model: &'a Model, replica: &'a mut Replica } -> () {
    match model.truncation() {
        Truncation::ForceShifted => forces::<true>(model, replica),
        Truncation::Plain | Truncation::Shifted => forces::<false>(model, replica),
    }
});
door!(ForcesFromLists { model: &'a Model, replica: &'a mut Replica } -> () {
    match model.truncation() {
        Truncation::ForceShifted => forces_from_lists::<true>(model, replica),
        Truncation::Plain | Truncation::Shifted => forces_from_lists::<false>(model, replica),
    }
});
door!(AtomEnergy {
    model: &'a Model, replica: &'a Replica, species: u8, position: DVec3, except: usize
} -> [f64; 2] {
    match model.truncation() {
        Truncation::ForceShifted => atom_energy::<true>(model, replica, species, position, except),
        Truncation::Plain | Truncation::Shifted => atom_energy::<false>(model, replica, species, position, except),
    }
});

impl Model {
    /// v += dt F/m
    pub(super) fn kick(&self, replica: &mut Replica, dt: f64) {
        self.arch.dispatch(Kick { replica, dt });
    }

    /// x += dt v, reflected at walls and wrapped
    pub(super) fn drift(&self, replica: &mut Replica, dt: f64) {
        self.arch.dispatch(Drift { model: self, replica, dt });
    }

    /// v = decay v + noise √(kT/m) ξ
    pub(super) fn thermostat(&self, replica: &mut Replica, decay: f64, noise: f64, address: Address) {
        self.arch.dispatch(Thermostat { replica, decay, noise, address });
    }

    /// Forces of the present configuration.
    pub(super) fn update_forces(&self, replica: &mut Replica) {
        if uses_lists(&self.system, replica.n) {
            replica.update_lists(self);
            self.arch.dispatch(ForcesFromLists { model: self, replica });
        } else {
            self.arch.dispatch(Forces { model: self, replica });
        }
    }

    /// Energy of one atom with the slab and fields, and with the mobile atoms but the one in slot `except`.
    pub(super) fn atom_energy(&self, replica: &Replica, species: u8, position: DVec3, except: usize) -> [f64; 2] {
        self.arch.dispatch(AtomEnergy { model: self, replica, species, position, except })
    }

    fn truncation(&self) -> Truncation {
        self.system.pairs.truncation
    }
}
