//! The doors through which the host enters vector code: what stands inside is compiled once per instruction set.
//!
//! A closure would not do: it is compiled without the instruction set unless it happens to be inlined.

use super::replica::Replica;
use super::{Model, integrate, particle_moves};
use crate::moves::{MoveTally, Trial};
use crate::scene::grammar::Truncation;
use crate::system::Dynamics;
use pulp::{Simd, WithSimd};

/// Calls a kernel with the constant that says whether the truncation needs r itself.
macro_rules! for_truncation {
    ($model:expr, $($kernel:ident)::+ ( $($argument:expr),* )) => {
        match $model.system.pairs.truncation {
            Truncation::ForceShifted => $($kernel)::+::<true>($($argument),*),
            Truncation::Plain | Truncation::Shifted => $($kernel)::+::<false>($($argument),*),
        }
    };
}

/// Forces and energy of a replica.
pub(super) struct UpdateForces<'a> {
    pub(super) model: &'a Model,
    pub(super) replica: &'a mut Replica,
}

impl WithSimd for UpdateForces<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _simd: S) {
        for_truncation!(self.model, integrate::update_forces(self.model, self.replica, true));
    }
}

/// MD steps or displacement attempts of a replica.
pub(super) struct Propagate<'a> {
    pub(super) model: &'a Model,
    pub(super) replica: &'a mut Replica,
    pub(super) first: u64,
    pub(super) steps: u32,
}

impl WithSimd for Propagate<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _simd: S) {
        let Propagate { model, replica, first, steps } = self;
        match model.system.dynamics {
            Dynamics::Baoab { dt, friction, .. } => {
                for_truncation!(model, integrate::baoab(model, replica, dt, friction, first, steps));
            }
            Dynamics::Verlet { dt, steps: segment, redraw } => {
                if redraw && first.is_multiple_of(u64::from(segment)) {
                    integrate::redraw_velocities(model, first, replica);
                }
                for_truncation!(model, integrate::verlet(model, replica, dt, steps));
            }
            Dynamics::MonteCarlo { displacement, .. } => {
                // Energies of accepted changes are f32: summing anew keeps their errors from adding up over a run.
                for_truncation!(model, integrate::update_forces(model, replica, true));
                for_truncation!(model, particle_moves::displace(model, replica, displacement, first, steps));
            }
        }
    }
}

/// Insertion and deletion attempts of a replica.
pub(super) struct InsertDelete<'a> {
    pub(super) model: &'a Model,
    pub(super) replica: &'a mut Replica,
    pub(super) first: u64,
    pub(super) attempts: u32,
    pub(super) tallies: &'a mut [MoveTally],
}

impl WithSimd for InsertDelete<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _simd: S) {
        let InsertDelete { model, replica, first, attempts, tallies } = self;
        for_truncation!(model, particle_moves::insert_delete(model, replica, first, attempts, tallies));
    }
}

/// ΔE of one trial.
pub(super) struct TrialEnergy<'a> {
    pub(super) model: &'a Model,
    pub(super) replica: &'a Replica,
    pub(super) trial: &'a Trial,
}

impl WithSimd for TrialEnergy<'_> {
    type Output = f64;

    #[inline(always)]
    fn with_simd<S: Simd>(self, _simd: S) -> f64 {
        for_truncation!(self.model, particle_moves::trial_energy(self.model, self.replica, self.trial))
    }
}
