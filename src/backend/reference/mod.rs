//! The reference backend: f64, brute force, written for clarity. It is the specification of the others.

pub mod integrators;
pub mod particle_moves;
mod replica;
pub mod segments;

pub use replica::Replica;

use super::cycle::Keeper;
use crate::backend::{
    Backend, BackendInfo, BackendState, CycleResult, CycleWork, Ensemble, Identity, Span, TrialEnergies,
};
use crate::base::error::Result;
use crate::base::ids::{ReplicaId, StateId};
use crate::base::rng::{Rng, Stream};
use crate::forces::{ForceField, Pairwise, on, waiting_threads};
use crate::moves::exchange::velocity_scale;
use crate::moves::tally::{MoveLog, MoveRecorder, Transitions};
use crate::moves::{Edit, Trial};
use crate::system::configuration::{Batch, Configuration, Measurement};
use crate::system::{Dynamics, System};
use crate::thermo::states::StatePoint;
use rayon::ThreadPool;
use rayon::prelude::*;
use std::sync::Arc;

/// All replicas in f64, in parallel over replicas. The result does not depend on the number of threads.
///
/// Whatever is a [`ForceField`] moves here, with every propagator and every particle move. As many replicas as there are
/// threads ask it at the same time. Its failure is that of the replica that asked, [`Error::ReplicaFault`]; where several
/// fail at once, any one of them is named.
///
/// [`Error::ReplicaFault`]: crate::base::Error::ReplicaFault
pub struct Reference<F: ForceField = Pairwise> {
    ensemble: Ensemble,
    force_field: F,
    replicas: Vec<Replica>,
    transitions: Transitions,
    log: MoveLog,
    keeper: Keeper,
    /// `[n_replicas]` or empty, what the cycle that was begun is to keep.
    kept: Vec<Configuration>,
    /// Threads that wait for answers, one a replica; those of the caller where nothing is waited for.
    waiting: Option<ThreadPool>,
}

impl Reference {
    /// An empty backend for `system`, moved by its pairs and fields.
    pub fn new(system: Arc<System>, rng: Rng) -> Reference {
        let pairwise = Pairwise::new(Arc::clone(&system));
        Reference::with_forces(system, pairwise, rng)
    }
}

impl<F: ForceField> Reference<F> {
    /// An empty backend for `system`, moved by `force_field`: pairs and fields of the system play no part.
    pub fn with_forces(system: Arc<System>, force_field: F, rng: Rng) -> Reference<F> {
        Reference {
            force_field,
            ensemble: Ensemble::new(system, rng),
            replicas: Vec::new(),
            transitions: Transitions::default(),
            log: MoveLog::default(),
            keeper: Keeper::default(),
            kept: Vec::new(),
            waiting: None,
        }
    }

    /// What moves a replica by the steps (or displacement attempts) of a cycle.
    fn propagator<'a>(
        ensemble: &'a Ensemble,
        force_field: &'a F,
        span: Span,
    ) -> impl Fn(&mut Replica) -> Result<()> + 'a {
        let (system, rng, Span { first, count: steps }) = (&*ensemble.system, &ensemble.rng, span);
        move |replica: &mut Replica| match system.dynamics {
            Dynamics::Baoab { dt, friction, .. } => {
                integrators::baoab(system, force_field, rng, replica, dt, friction, first, steps)
            }
            Dynamics::Verlet { dt, .. } => {
                if system.dynamics.redraws_at(first) {
                    integrators::redraw_velocities(system, rng, Stream::VelocityRedraw, first, replica);
                }
                integrators::verlet(system, force_field, replica, dt, steps)
            }
            Dynamics::MonteCarlo { displacement, .. } => {
                particle_moves::displace(system, force_field, rng, replica, displacement, first, steps)
            }
            Dynamics::Hmc { .. } | Dynamics::Ghmc { .. } => {
                replica.accepted_segments = 0;
                system.dynamics.segment().into_iter().try_for_each(|segment| {
                    segment.starts(first, steps).try_for_each(|start| {
                        let accepted = segments::segment(system, force_field, rng, replica, &segment, start)?;
                        replica.accepted_segments += u32::from(accepted);
                        Ok(())
                    })
                })
            }
        }
    }

    /// Makes the dynamics and the particle moves of a cycle in every replica: insertions and deletions, then changes of
    /// identity. No replica waits for another one.
    fn move_replicas(&mut self, work: &CycleWork) -> Result<()> {
        let ensemble = &self.ensemble;
        let Ensemble { system, rng, first_replica, assignment, .. } = ensemble;
        let force_field = &self.force_field;
        let offsets = self.transitions.offsets().to_vec();
        let tallies = work.tally && work.moves_particles();
        let rows = if tallies { self.transitions.rows_of(*first_replica, assignment) } else { Vec::new() };
        let rows = rows.into_iter().map(Some).chain(std::iter::repeat_with(|| None)).take(self.replicas.len());
        let rows: Vec<_> = rows.collect();
        let calls = work.dynamics.map_or(0, |s| s.count + 1)
            + work.particle_moves.map_or(0, |s| s.count)
            + work.identity.map_or(0, |s| s.count);
        let attempt = |r: usize, replica: &mut Replica, recorder: &mut MoveRecorder| -> Result<()> {
            force_field.attend(replica.id, calls);
            if let Some(span) = work.dynamics {
                Self::propagator(ensemble, force_field, span)(replica)?;
            }
            if let Some(span) = work.particle_moves {
                let Span { first, count } = ensemble.made_by(r, replica.configuration.len(), span);
                let places = ensemble.places_of(r);
                particle_moves::insert_delete(system, force_field, rng, &places, replica, first, count, recorder)?;
            }
            if let Some(Span { first, count }) = work.identity {
                particle_moves::identity_changes(system, force_field, rng, replica, first, count, recorder)?;
            }
            Ok(())
        };
        let jobs = self.replicas.par_iter_mut().zip(rows).zip(self.log.page()).enumerate();
        // Who waits for answers must not hold up another one behind it.
        let jobs = jobs.with_max_len(if self.waiting.is_some() { 1 } else { usize::MAX });
        on(self.waiting.as_ref(), || {
            jobs.try_for_each(|(r, ((replica, row), events))| {
                let mut recorder = MoveRecorder { row, offsets: &offsets, events };
                attempt(r, replica, &mut recorder).map_err(|e| e.of_replica(replica.id))
            })
        })
    }
}

impl<F: ForceField> Backend for Reference<F> {
    fn info(&self) -> BackendInfo {
        let kernel = self.force_field.describe();
        BackendInfo {
            description: format!("reference ({} threads)", rayon::current_num_threads()),
            driver: String::new(),
            identity: Identity { open: "reference".to_owned(), device: "reference".to_owned(), kernel: kernel.clone() },
            kernel,
            energy_tolerance: 1e-9,
            usage: None,
        }
    }

    fn ensemble(&self) -> &Ensemble {
        &self.ensemble
    }

    fn load_slice(
        &mut self,
        first_replica: ReplicaId,
        batch: &Batch,
        states: &[StatePoint],
        assignment: &[StateId],
    ) -> Result<()> {
        assert_eq!(assignment.len(), batch.configurations.len(), "one state per replica");
        self.ensemble.load(first_replica, states, assignment);
        self.waiting = waiting_threads(&self.force_field, assignment.len())?;
        let (ensemble, force_field) = (&self.ensemble, &self.force_field);
        let loaded = batch.configurations.par_iter().enumerate().map(|(index, configuration)| {
            ensemble.system.assert_fits(configuration);
            let mut replica = Replica {
                id: ensemble.global(index),
                configuration: configuration.clone(),
                energy: 0.0,
                forces: Vec::new(),
                accepted_segments: 0,
                state: ensemble.state_of(index).clone(),
            };
            force_field.attend(replica.id, 1);
            replica.update_forces(force_field).map_err(|e| e.of_replica(replica.id))?;
            Ok(replica)
        });
        self.replicas = on(self.waiting.as_ref(), || loaded.collect::<Result<_>>())?;
        self.transitions = ensemble.no_transitions();
        self.log = MoveLog::new(assignment.len());
        Ok(())
    }

    fn store(&self, batch: &mut Batch) -> Result<()> {
        batch.configurations = self.replicas.iter().map(|r| r.configuration.clone()).collect();
        Ok(())
    }

    fn save(&mut self) -> Result<BackendState> {
        let mut batch = Batch::default();
        self.store(&mut batch)?;
        Ok(BackendState {
            energies: self.replicas.iter().map(|r| Some(r.energy)).collect(),
            transitions: self.transitions.clone(),
            ..BackendState::of_batch(&batch)
        })
    }

    fn restore(
        &mut self,
        first_replica: ReplicaId,
        saved: &BackendState,
        states: &[StatePoint],
        assignment: &[StateId],
    ) -> Result<()> {
        self.load_slice(first_replica, &saved.batch(), states, assignment)?;
        for (replica, energy) in self.replicas.iter_mut().zip(&saved.energies) {
            replica.energy = energy.unwrap_or(replica.energy);
        }
        self.transitions.clone_from(&saved.transitions);
        Ok(())
    }

    fn set_states(&mut self, assignment: &[StateId]) -> Result<()> {
        assert_eq!(assignment.len(), self.replicas.len(), "one state per replica");
        for (replica, id) in self.replicas.iter_mut().zip(assignment) {
            let state = &self.ensemble.states[id.index()];
            let scale = velocity_scale(replica.state.kt, state.kt);
            if scale != 1.0 {
                replica.configuration.velocities.iter_mut().for_each(|v| *v *= scale);
            }
            replica.state.clone_from(state);
        }
        self.ensemble.assignment = assignment.to_vec();
        Ok(())
    }

    fn works_in_begin(&self) -> bool {
        true
    }

    fn set_windows(&mut self, states: &[StatePoint]) -> Result<()> {
        self.ensemble.set_windows(states);
        let ensemble = &self.ensemble;
        self.replicas.iter_mut().enumerate().for_each(|(r, replica)| replica.state.clone_from(ensemble.state_of(r)));
        Ok(())
    }

    fn forget_transitions(&mut self) -> Result<()> {
        self.transitions = self.ensemble.no_transitions();
        Ok(())
    }

    fn set_insertion_weights(&mut self, weights: &[u32]) -> Result<()> {
        self.ensemble.set_weights(weights);
        Ok(())
    }

    fn set_attempts(&mut self, most: &[u32]) -> Result<()> {
        self.ensemble.set_attempts(most);
        Ok(())
    }

    fn begin(&mut self, work: &CycleWork) -> Result<()> {
        let work = work.possible_in(&self.ensemble.system);
        if work.dynamics.is_some() || work.moves_particles() {
            self.move_replicas(&work)?;
        }
        if work.keep {
            self.kept = self.keeper.room(self.replicas.len());
            for (kept, replica) in self.kept.iter_mut().zip(&self.replicas) {
                let now = &replica.configuration;
                kept.copy_positions_from(now.positions.iter().copied(), &now.species);
            }
        }
        Ok(())
    }

    fn complete(&mut self) -> Result<CycleResult> {
        let system = &self.ensemble.system;
        let measure = |r: &Replica| Measurement {
            energy: r.energy,
            counts: system.counts(&r.configuration.species).into_iter().collect(),
        };
        let kept = std::mem::take(&mut self.kept);
        Ok(CycleResult {
            measurements: self.replicas.iter().map(measure).collect(),
            segments: match system.dynamics.segment() {
                Some(_) => self.replicas.iter().map(|r| r.accepted_segments).collect(),
                None => Vec::new(),
            },
            events: Box::new(self.log.swap_pages()),
            kept: (!kept.is_empty()).then(|| self.keeper.kept(kept)),
        })
    }

    fn transitions(&mut self) -> Result<Transitions> {
        Ok(self.transitions.clone())
    }

    fn trial_energies_mut(&mut self) -> Option<&mut dyn TrialEnergies> {
        Some(self)
    }
}

impl<F: ForceField> TrialEnergies for Reference<F> {
    fn trial_energies(&mut self, trials: &[Trial]) -> Result<Vec<f64>> {
        let asked = self.replicas.par_iter().zip(trials);
        asked.map(|(r, trial)| r.trial_energy(&self.force_field, trial).map_err(|e| e.of_replica(r.id))).collect()
    }

    fn apply(&mut self, edits: &[(Edit, f64)]) -> Result<()> {
        for (replica, (edit, delta_u)) in self.replicas.iter_mut().zip(edits) {
            replica.apply(edit, *delta_u);
        }
        Ok(())
    }
}
