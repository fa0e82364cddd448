//! particle_moves: insertions, deletions and displacements of one replica.

use super::replica::Replica;
use crate::base::rng::Rng;
use crate::forces::pairwise::trial_energy;
use crate::moves::tally::MoveRecorder;
use crate::moves::{self, Edit, Trial};
use crate::system::System;
use glam::DVec3;

/// Insertion and deletion attempts of one replica, from attempt number `first`.
pub fn insert_delete(
    system: &System,
    rng: &Rng,
    shifts: &[DVec3],
    replica: &mut Replica,
    first: u64,
    attempts: u32,
    recorder: &mut MoveRecorder<'_>,
) {
    for attempt in first..first + u64::from(attempts) {
        let id = replica.id.0;
        let proposal = moves::propose(system, rng, id, attempt, &replica.configuration);
        let delta_u = trial_energy(system, &replica.configuration, shifts, &proposal.trial);
        let state = replica.state.as_ref();
        let ln_acc = moves::ln_acc(system, state, &proposal, delta_u);
        let edit = moves::decide(system, rng, id, attempt, 1.0 / state.beta, &proposal, ln_acc);
        recorder.record(&proposal, ln_acc, edit.slot(replica.configuration.len()));
        replica.apply(&edit, delta_u);
    }
}

/// Metropolis displacements of single atoms, uniform in a cube of half-width `displacement` [length].
pub fn displace(
    system: &System,
    rng: &Rng,
    shifts: &[DVec3],
    replica: &mut Replica,
    displacement: f64,
    first: u64,
    attempts: u32,
) {
    let (id, beta, n) = (replica.id.0, 1.0 / replica.state.kt, replica.configuration.len());
    if n == 0 {
        return;
    }
    for attempt in first..first + u64::from(attempts) {
        let position_of = |slot: usize| replica.configuration.positions[slot];
        let proposal = moves::displace::propose(system, rng, id, attempt, displacement, n, position_of);
        let Some((slot, position)) = proposal else { continue };
        let trial = Trial::Displace { slot, position };
        let delta_u = trial_energy(system, &replica.configuration, shifts, &trial);
        if moves::displace::is_accepted(rng, id, attempt, beta, delta_u) {
            replica.apply(&Edit::Displace { slot, position }, delta_u);
        }
    }
}

impl Replica {
    /// Applies an edit and adds its energy.
    pub(super) fn apply(&mut self, edit: &Edit, delta_u: f64) {
        if *edit != Edit::None {
            edit.apply(&mut self.configuration);
            // An empty replica has no energy: rounding errors of earlier atoms end here.
            self.energy = if self.configuration.is_empty() { 0.0 } else { self.energy + delta_u };
        }
    }
}
