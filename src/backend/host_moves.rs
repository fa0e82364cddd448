//! Particle moves that the host decides one by one.

use super::{Ensemble, TrialEnergies};
use crate::base::error::Result;
use crate::moves::tally::{MoveEvent, MoveRecorder, Transitions};
use crate::moves::{self, Edit, Trial, identity};
use crate::system::configuration::{Batch, Configuration};

/// Tallies, and the accepted moves of every replica in their order, `[n_replicas]`.
type Record = (Transitions, Vec<Vec<MoveEvent>>);

/// Particle moves where the host proposes, decides and records every attempt: the oracle for fused kernels.
///
/// - returns: the tallies; the accepted moves of every replica in their order, `[n_replicas]`
///
/// # Errors
/// When the device is lost.
pub fn particle_moves_on_host(backend: &mut dyn TrialEnergies, first: u64, attempts: u32) -> Result<Record> {
    let propose = |e: &Ensemble, r: usize, attempt: u64, x: &Configuration| {
        let proposal = moves::propose(&e.system, &e.rng, e.global(r).0, attempt, x);
        (proposal.trial, proposal)
    };
    on_host(backend, first, attempts, propose, |e, r, attempt, proposal, delta_u, n, recorder| {
        let state = e.state_of(r).as_ref();
        let ln_acc = moves::ln_acc(&e.system, state, proposal, delta_u);
        let edit = moves::decide(&e.system, &e.rng, e.global(r).0, attempt, 1.0 / state.beta, proposal, ln_acc);
        recorder.record(proposal, ln_acc, edit.slot(n));
        edit
    })
}

/// As [`particle_moves_on_host`], for changes of identity.
///
/// # Errors
/// When the device is lost.
pub fn identity_changes_on_host(backend: &mut dyn TrialEnergies, first: u64, attempts: u32) -> Result<Record> {
    let propose = |e: &Ensemble, r: usize, attempt: u64, x: &Configuration| {
        let proposal = identity::propose(&e.system, &e.rng, e.global(r).0, attempt, x);
        (proposal.trial, proposal)
    };
    on_host(backend, first, attempts, propose, |e, r, _, proposal, delta_u, n, recorder| {
        let ln_acc = identity::ln_acc(e.state_of(r).as_ref(), proposal, delta_u);
        let edit = identity::decide(&e.system, proposal, ln_acc);
        recorder.record_identity(proposal, ln_acc, edit.slot(n));
        edit
    })
}

/// Makes attempts of one kind in every replica.
///
/// - `propose`: what is tried of a replica in an attempt, for the device and for `decide`
/// - `decide`: what becomes of it, by its ΔE and the number of atoms, recorded
fn on_host<P>(
    backend: &mut dyn TrialEnergies,
    first: u64,
    attempts: u32,
    propose: impl Fn(&Ensemble, usize, u64, &Configuration) -> (Trial, P),
    decide: impl Fn(&Ensemble, usize, u64, &P, f64, usize, &mut MoveRecorder) -> Edit,
) -> Result<Record> {
    let ensemble = backend.ensemble().clone();
    let mut mirror = Batch::default();
    backend.store(&mut mirror)?;
    let mut transitions = ensemble.no_transitions();
    let offsets = transitions.offsets().to_vec();
    let mut rows = transitions.rows_of(ensemble.first_replica, &ensemble.assignment);
    let mut events = vec![Vec::new(); ensemble.assignment.len()];
    for attempt in first..first + u64::from(attempts) {
        let configurations = mirror.configurations.iter().enumerate();
        let (trials, proposals): (Vec<Trial>, Vec<P>) =
            configurations.map(|(r, x)| propose(&ensemble, r, attempt, x)).unzip();
        let delta_u = backend.trial_energies(&trials)?;
        let mut edits = Vec::with_capacity(proposals.len());
        for (r, (proposal, &delta_u)) in proposals.iter().zip(&delta_u).enumerate() {
            let x = &mut mirror.configurations[r];
            let mut recorder = MoveRecorder { row: Some(&mut *rows[r]), offsets: &offsets, events: &mut events[r] };
            let edit = decide(&ensemble, r, attempt, proposal, delta_u, x.len(), &mut recorder);
            edit.apply(x);
            edits.push((edit, delta_u));
        }
        backend.apply(&edits)?;
    }
    Ok((transitions, events))
}
