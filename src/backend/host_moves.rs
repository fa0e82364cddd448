//! Particle moves that the host decides one by one.

use super::{Span, TrialEnergies};
use crate::base::error::Result;
use crate::moves::tally::{MoveEvent, MoveRecorder, Transitions};
use crate::moves::{self, Edit, identity};
use crate::system::configuration::{Batch, Configuration};

/// Particle moves where the host proposes, decides and records every attempt: the oracle for fused kernels.
///
/// - returns: the tallies; the accepted moves of every replica in their order, `[n_replicas]`
///
/// # Errors
/// When the device is lost.
pub fn particle_moves_on_host(
    backend: &mut dyn TrialEnergies,
    first: u64,
    attempts: u32,
) -> Result<(Transitions, Vec<Vec<MoveEvent>>)> {
    let ensemble = backend.ensemble().clone();
    let (system, rng) = (&*ensemble.system, &ensemble.rng);
    let mut mirror = Batch::default();
    backend.store(&mut mirror)?;
    let mut transitions = ensemble.no_transitions();
    let offsets = transitions.offsets().to_vec();
    let mut rows = transitions.rows_of(ensemble.first_replica, &ensemble.assignment);
    let mut events = vec![Vec::new(); ensemble.assignment.len()];
    // No insertion or deletion moves an atom of the slab.
    let slabs = mirror.configurations.clone();
    let hosts_of = |x: &'_ Configuration| system.bonds.as_deref().map(|b| b.hosts(|slot| x.positions[slot]));
    let hosts: Vec<_> = slabs.iter().map(hosts_of).collect();
    let places_of = |r: usize| ensemble.places_of(r).about(hosts[r].as_ref());
    let span = Span { first, count: attempts };
    let end = |(r, x): (usize, &Configuration)| first + u64::from(ensemble.made_by(r, x.len(), span).count);
    let ends: Vec<u64> = mirror.configurations.iter().enumerate().map(end).collect();
    for attempt in first..first + u64::from(attempts) {
        let propose = |(r, x)| moves::propose(system, rng, ensemble.global(r).0, attempt, &places_of(r), x);
        let mut proposals: Vec<_> = mirror.configurations.iter().enumerate().map(propose).collect();
        let n_trials = system.insertion.as_ref().map_or(1, |tables| tables.trials);
        let mut energies = vec![Vec::with_capacity(n_trials); proposals.len()];
        for j in 0..n_trials {
            let trial = |(r, p): (usize, &moves::Proposal)| {
                p.trial_at(system, rng, ensemble.global(r).0, attempt, &places_of(r), j)
            };
            let trials: Vec<_> = proposals.iter().enumerate().map(trial).collect();
            energies.iter_mut().zip(backend.trial_energies(&trials)?).for_each(|(all, delta_u)| all.push(delta_u));
        }
        let mut edits = Vec::with_capacity(proposals.len());
        for (r, (proposal, energies)) in proposals.iter_mut().zip(&energies).enumerate() {
            if attempt >= ends[r] {
                edits.push((Edit::None, 0.0));
                continue;
            }
            let (id, state, places) = (ensemble.global(r).0, ensemble.state_of(r).as_ref(), places_of(r));
            let delta_u = moves::weigh(system, rng, id, attempt, &places, state.beta, proposal, energies);
            let ln_acc = moves::ln_acc(state, proposal, delta_u);
            let biased = ln_acc + moves::weight_change(state, proposal);
            let edit = moves::decide(system, rng, id, attempt, 1.0 / state.beta, proposal, biased);
            let slot = edit.slot(mirror.configurations[r].len());
            MoveRecorder { row: Some(&mut *rows[r]), offsets: &offsets, events: &mut events[r] }
                .record(proposal, ln_acc, slot);
            edit.apply(&mut mirror.configurations[r]);
            edits.push((edit, delta_u));
        }
        backend.apply(&edits)?;
    }
    Ok((transitions, events))
}

/// Changes of identity where the host proposes, decides and records every attempt, as [`particle_moves_on_host`].
///
/// # Errors
/// When the device is lost.
pub fn identity_changes_on_host(
    backend: &mut dyn TrialEnergies,
    first: u64,
    attempts: u32,
) -> Result<(Transitions, Vec<Vec<MoveEvent>>)> {
    let ensemble = backend.ensemble().clone();
    let (system, rng) = (&*ensemble.system, &ensemble.rng);
    let mut mirror = Batch::default();
    backend.store(&mut mirror)?;
    let mut transitions = ensemble.no_transitions();
    let offsets = transitions.offsets().to_vec();
    let mut rows = transitions.rows_of(ensemble.first_replica, &ensemble.assignment);
    let mut events = vec![Vec::new(); ensemble.assignment.len()];
    for attempt in first..first + u64::from(attempts) {
        let propose = |(r, x)| identity::propose(system, rng, ensemble.global(r).0, attempt, x);
        let proposals: Vec<_> = mirror.configurations.iter().enumerate().map(propose).collect();
        let trials: Vec<_> = proposals.iter().map(|p| p.trial).collect();
        let delta_u = backend.trial_energies(&trials)?;
        let mut edits = Vec::with_capacity(proposals.len());
        for (r, (proposal, &delta_u)) in proposals.iter().zip(&delta_u).enumerate() {
            let state = ensemble.state_of(r).as_ref();
            let ln_acc = identity::ln_acc(state, proposal, delta_u);
            let edit = identity::decide(system, proposal, ln_acc + identity::weight_change(state, proposal));
            let x = &mut mirror.configurations[r];
            MoveRecorder { row: Some(&mut *rows[r]), offsets: &offsets, events: &mut events[r] }.record_identity(
                proposal,
                ln_acc,
                edit.slot(x.len()),
            );
            edit.apply(x);
            edits.push((edit, delta_u));
        }
        backend.apply(&edits)?;
    }
    Ok((transitions, events))
}
