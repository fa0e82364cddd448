//! particle_moves: insertions, deletions, changes of identity and displacements of one replica.

use super::replica::Replica;
use crate::base::error::{Error, Result};
use crate::base::rng::Rng;
use crate::forces::ForceField;
use crate::moves::tally::MoveRecorder;
use crate::moves::{self, Edit, Trial, identity};
use crate::system::System;
use crate::system::insertion::Places;

/// Insertion and deletion attempts of one replica, from attempt number `first`.
///
/// - `places`: where atoms are inserted in its state
///
/// # Errors
/// Those of the force field.
#[expect(clippy::too_many_arguments, reason = "an attempt is addressed by replica and number")]
pub fn insert_delete<F: ForceField>(
    system: &System,
    force_field: &F,
    rng: &Rng,
    places: &Places<'_>,
    replica: &mut Replica,
    first: u64,
    attempts: u32,
    recorder: &mut MoveRecorder<'_>,
) -> Result<()> {
    // No insertion or deletion moves an atom of the slab.
    let hosts = system.bonds.as_ref().map(|b| b.hosts(|slot| replica.configuration.positions[slot]));
    let places = &places.about(hosts.as_ref());
    let mut energies = Vec::with_capacity(places.trials());
    for attempt in first..first + u64::from(attempts) {
        let (id, state) = (replica.id.0, replica.state.as_ref());
        let mut proposal = moves::propose(system, rng, id, attempt, places, &replica.configuration);
        energies.clear();
        for j in 0..proposal.n_trials(places) {
            let trial = proposal.trial_at(system, rng, id, attempt, places, j);
            energies.push(replica.trial_energy(force_field, &trial)?);
        }
        let delta_u = moves::weigh(system, rng, id, attempt, places, state.beta, &mut proposal, &energies);
        let ln_acc = moves::ln_acc(state, &proposal, delta_u);
        let biased = ln_acc + moves::weight_change(state, &proposal);
        let edit = moves::decide(system, rng, id, attempt, 1.0 / state.beta, &proposal, biased);
        recorder.record(&proposal, ln_acc, edit.slot(replica.configuration.len()));
        replica.apply(&edit, delta_u);
    }
    Ok(())
}

/// Attempts at changes of identity of one replica, from attempt number `first`.
///
/// # Errors
/// Those of the force field.
pub fn identity_changes<F: ForceField>(
    system: &System,
    force_field: &F,
    rng: &Rng,
    replica: &mut Replica,
    first: u64,
    attempts: u32,
    recorder: &mut MoveRecorder<'_>,
) -> Result<()> {
    for attempt in first..first + u64::from(attempts) {
        let proposal = identity::propose(system, rng, replica.id.0, attempt, &replica.configuration);
        let delta_u = replica.trial_energy(force_field, &proposal.trial)?;
        let state = replica.state.as_ref();
        let ln_acc = identity::ln_acc(state, &proposal, delta_u);
        let edit = identity::decide(system, &proposal, ln_acc + identity::weight_change(state, &proposal));
        recorder.record_identity(&proposal, ln_acc, edit.slot(replica.configuration.len()));
        replica.apply(&edit, delta_u);
    }
    Ok(())
}

/// Metropolis displacements of single atoms, uniform in a cube of half-width `displacement` \[length\].
///
/// # Errors
/// Those of the force field.
pub fn displace<F: ForceField>(
    system: &System,
    force_field: &F,
    rng: &Rng,
    replica: &mut Replica,
    displacement: f64,
    first: u64,
    attempts: u32,
) -> Result<()> {
    let (id, beta, n) = (replica.id.0, 1.0 / replica.state.kt, replica.configuration.len());
    if n == 0 {
        return Ok(());
    }
    for attempt in first..first + u64::from(attempts) {
        let position_of = |slot: usize| replica.configuration.positions[slot];
        let proposal = moves::displace::propose(system, rng, id, attempt, displacement, n, position_of);
        let Some((slot, position)) = proposal else { continue };
        let trial = Trial::Displace { slot, position };
        let delta_u = replica.trial_energy(force_field, &trial)?;
        if moves::displace::is_accepted(rng, id, attempt, beta, delta_u) {
            replica.apply(&Edit::Displace { slot, position }, delta_u);
        }
    }
    Ok(())
}

impl Replica {
    /// ΔU of a trial. [energy]
    ///
    /// # Errors
    /// Those of the force field; a ΔU that is not a number, or −∞, is one of them.
    pub(super) fn trial_energy<F: ForceField>(&self, force_field: &F, trial: &Trial) -> Result<f64> {
        let delta_u = force_field.trial_energy(&self.configuration, self.energy, trial)?;
        match delta_u > f64::NEG_INFINITY {
            true => Ok(delta_u),
            false => Err(Error::ForceField(format!("an energy change of {delta_u} for {trial:?}"))),
        }
    }

    /// Applies an edit and adds its energy.
    pub(super) fn apply(&mut self, edit: &Edit, delta_u: f64) {
        if *edit != Edit::None {
            edit.apply(&mut self.configuration);
            // An empty replica has no energy: rounding errors of earlier atoms end here.
            self.energy = if self.configuration.is_empty() { 0.0 } else { self.energy + delta_u };
        }
    }
}
