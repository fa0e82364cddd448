//! The cpu backend: f32 pairs in vector registers, f64 state and sums, one task per replica.
//!
//! Each file is a faster spelling of its twin in `src/backend/reference/`. `pulp` finds the instruction set at run
//! time; the bits depend neither on it (but for its lack of fused multiply-add) nor on the number of threads.

mod clusters;
mod dispatch;
mod frozen;
mod integrate;
mod model;
mod noise;
mod pair;
mod particle_moves;
mod replica;
mod scheduler;
mod slab;
mod three_body;

use super::cycle::Keeper;
use super::{Backend, BackendInfo, BackendState, CycleResult, CycleWork, Ensemble, Identity, TrialEnergies};
use crate::base::error::Result;
use crate::base::ids::{ReplicaId, StateId};
use crate::base::rng::Rng;
use crate::moves::exchange::velocity_scale;
use crate::moves::tally::{MoveLog, Transitions};
use crate::moves::{Edit, Trial};
use crate::system::System;
use crate::system::configuration::{Batch, Measurement};
use crate::thermo::states::StatePoint;
use clusters::uses_lists;
use glam::DVec3;
use model::Model;
use rayon::prelude::*;
use replica::Replica;
use scheduler::{InFlight, KeepAwake, Scheduler};
use std::sync::Arc;

/// All replicas on the processor's vector units.
pub struct Cpu {
    ensemble: Ensemble,
    model: Arc<Model>,
    scheduler: Scheduler,
    keeper: Keeper,
    /// A cycle that the workers are at.
    in_flight: Option<InFlight>,
    /// The time between two cycles.
    keep_awake: Option<KeepAwake>,
}

impl Cpu {
    /// An empty backend for `system`.
    ///
    /// # Errors
    /// [`DeviceError`](crate::base::error::DeviceError) if the system needs the sum over periodic images beyond the
    /// nearest.
    pub fn new(system: Arc<System>, rng: Rng) -> Result<Cpu> {
        Ok(Cpu {
            model: Arc::new(Model::new(Arc::clone(&system), rng)?),
            ensemble: Ensemble::new(system, rng),
            scheduler: Scheduler::default(),
            keeper: Keeper::default(),
            in_flight: None,
            keep_awake: None,
        })
    }
}

impl Backend for Cpu {
    fn info(&self) -> BackendInfo {
        let kernel = self.model.kernel();
        BackendInfo {
            description: format!("cpu ({} threads)", rayon::current_num_threads()),
            driver: String::new(),
            // neither the instruction set nor the number of threads changes the bits
            identity: Identity { open: "cpu".to_owned(), device: "cpu".to_owned(), kernel: kernel.clone() },
            kernel,
            energy_tolerance: 2e-6,
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
        let (model, ensemble) = (&*self.model, &self.ensemble);
        let load = |(index, x)| {
            model.system.assert_fits(x);
            let mut replica = Replica::new(model, ensemble.global(index).0, x, ensemble.state_of(index));
            integrate::update_energy(model, &mut replica);
            replica
        };
        self.scheduler = Scheduler {
            replicas: batch.configurations.par_iter().enumerate().map(load).collect(),
            transitions: ensemble.no_transitions(),
            log: MoveLog::new(assignment.len()),
            kept: Vec::new(),
        };
        Ok(())
    }

    fn store(&self, batch: &mut Batch) -> Result<()> {
        batch.configurations = self.scheduler.replicas.iter().map(Replica::configuration).collect();
        Ok(())
    }

    fn save(&mut self) -> Result<BackendState> {
        let mut batch = Batch::default();
        self.store(&mut batch)?;
        let references_of = |r: &Replica| r.lists.references(&self.model.geometry, r.n);
        let references: Vec<_> = self.scheduler.replicas.iter().map(references_of).collect();
        Ok(BackendState {
            energies: self.scheduler.replicas.iter().map(|r| Some(r.energy)).collect(),
            listed: references.iter().map(Option::is_some).collect(),
            list_references: references.iter().flatten().flatten().map(DVec3::to_array).collect(),
            transitions: self.scheduler.transitions.clone(),
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
        let model = &self.model;
        for (replica, energy) in self.scheduler.replicas.iter_mut().zip(&saved.energies) {
            replica.energy = energy.unwrap_or(replica.energy);
        }
        self.scheduler.replicas.par_iter_mut().zip(saved.references()).for_each(|(replica, references)| {
            // The order of summation is that of the lists in force: they are built again from where they were built.
            let positions = references.map(|r| r.iter().copied().map(DVec3::from).collect::<Vec<_>>());
            if let Some(positions) = positions.filter(|p| uses_lists(&model.system, p.len())) {
                replica.restore_lists(model, &positions);
            }
        });
        self.scheduler.transitions.clone_from(&saved.transitions);
        Ok(())
    }

    fn set_states(&mut self, assignment: &[StateId]) -> Result<()> {
        assert_eq!(assignment.len(), self.scheduler.replicas.len(), "one state per replica");
        for (replica, id) in self.scheduler.replicas.iter_mut().zip(assignment) {
            let state = &self.ensemble.states[id.index()];
            let scale = velocity_scale(replica.state.kt, state.kt);
            if scale != 1.0 {
                for velocity in &mut replica.velocities {
                    velocity.iter_mut().flat_map(|chunk| chunk.iter_mut()).for_each(|v| *v *= scale);
                }
            }
            replica.state.clone_from(state);
        }
        self.ensemble.assignment.copy_from_slice(assignment);
        Ok(())
    }

    fn set_windows(&mut self, states: &[StatePoint]) -> Result<()> {
        self.ensemble.set_windows(states);
        let (ensemble, replicas) = (&self.ensemble, &mut self.scheduler.replicas);
        replicas.iter_mut().enumerate().for_each(|(r, replica)| replica.state.clone_from(ensemble.state_of(r)));
        Ok(())
    }

    fn forget_transitions(&mut self) -> Result<()> {
        self.scheduler.transitions = self.ensemble.no_transitions();
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
        let mut scheduler = std::mem::take(&mut self.scheduler);
        scheduler.kept = if work.keep { self.keeper.room(scheduler.replicas.len()) } else { Vec::new() };
        self.in_flight = Some(scheduler.start(
            Arc::clone(&self.model),
            self.ensemble.assignment.clone(),
            [Arc::clone(&self.ensemble.weights), Arc::clone(&self.ensemble.attempts)],
            work,
        ));
        self.keep_awake = None;
        Ok(())
    }

    fn complete(&mut self) -> Result<CycleResult> {
        let in_flight = self.in_flight.take().expect("a cycle is completed after it was begun");
        self.scheduler = in_flight.join();
        self.keep_awake = Some(KeepAwake::begin());
        let reservoirs = &self.ensemble.system.reservoirs;
        let measure = |r: &Replica| Measurement {
            energy: r.energy,
            counts: reservoirs.iter().map(|s| r.species_counts[usize::from(s.species)] as u16).collect(),
        };
        let kept = std::mem::take(&mut self.scheduler.kept);
        Ok(CycleResult {
            measurements: self.scheduler.replicas.iter().map(measure).collect(),
            segments: match self.ensemble.system.dynamics.segment() {
                Some(_) => self.scheduler.replicas.iter().map(|r| r.accepted_segments).collect(),
                None => Vec::new(),
            },
            events: Box::new(self.scheduler.log.swap_pages()),
            kept: (!kept.is_empty()).then(|| self.keeper.kept(kept)),
        })
    }

    fn transitions(&mut self) -> Result<Transitions> {
        Ok(self.scheduler.transitions.clone())
    }

    fn trial_energies_mut(&mut self) -> Option<&mut dyn TrialEnergies> {
        Some(self)
    }
}

impl TrialEnergies for Cpu {
    fn trial_energies(&mut self, trials: &[Trial]) -> Result<Vec<f64>> {
        let model = &self.model;
        let energy = |(replica, trial): (&Replica, &Trial)| particle_moves::trial_energy(model, replica, trial);
        Ok(self.scheduler.replicas.par_iter().zip(trials).map(energy).collect())
    }

    fn apply(&mut self, edits: &[(Edit, f64)]) -> Result<()> {
        for (replica, (edit, delta_u)) in self.scheduler.replicas.iter_mut().zip(edits) {
            replica.apply(&self.model.system, &self.model.geometry, edit, *delta_u);
        }
        Ok(())
    }
}
