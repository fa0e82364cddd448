//! The reference backend: f64, brute force, written for clarity. It is the specification of the others.

pub mod energy;
pub mod integrate;
pub mod particle_moves;
pub mod relax;
mod replica;

pub use replica::Replica;

use crate::backend::{Backend, BackendState, Identity};
use crate::batch::{Batch, Measurement, assert_fits};
use crate::error::Result;
use crate::exchange::velocity_scale;
use crate::ids::{ReplicaId, StateId};
use crate::moves::{Edit, MoveTally, Trial};
use crate::rng::{Rng, Stream};
use crate::states::StatePoint;
use crate::system::{Dynamics, System};
use glam::DVec3;
use rayon::prelude::*;
use std::sync::Arc;

/// All replicas in f64, in parallel over replicas. The result does not depend on the number of threads.
pub struct Reference {
    system: Arc<System>,
    rng: Rng,
    shifts: Vec<DVec3>,
    replicas: Vec<Replica>,
    states: Vec<StatePoint>,
    assignment: Vec<StateId>,
    tallies: Vec<MoveTally>,
}

impl Reference {
    /// An empty backend for `system`.
    pub fn new(system: Arc<System>, rng: Rng) -> Reference {
        let shifts = system.image_shifts();
        Reference {
            system,
            rng,
            shifts,
            replicas: Vec::new(),
            states: Vec::new(),
            assignment: Vec::new(),
            tallies: Vec::new(),
        }
    }
}

impl Backend for Reference {
    fn describe(&self) -> String {
        format!("reference ({} threads)", rayon::current_num_threads())
    }

    fn kernel(&self) -> String {
        "f64, all pairs".to_owned()
    }

    fn identity(&self) -> Identity {
        Identity { open: "reference".to_owned(), device: "reference".to_owned(), kernel: self.kernel() }
    }

    fn system(&self) -> &System {
        &self.system
    }

    fn rng(&self) -> &Rng {
        &self.rng
    }

    fn load(&mut self, batch: &Batch, states: &[StatePoint], assignment: &[StateId]) -> Result<()> {
        assert_eq!(assignment.len(), batch.configurations.len(), "one state per replica");
        let (system, shifts) = (&*self.system, &self.shifts);
        self.replicas = batch
            .configurations
            .par_iter()
            .zip(assignment)
            .enumerate()
            .map(|(index, (configuration, state))| {
                assert_fits(system, configuration);
                let mut replica = Replica {
                    id: ReplicaId(index as u32),
                    configuration: configuration.clone(),
                    energy: 0.0,
                    forces: Vec::new(),
                    state: states[state.index()].clone(),
                };
                replica.update_forces(system, shifts);
                replica
            })
            .collect();
        self.states = states.to_vec();
        self.assignment = assignment.to_vec();
        self.tallies = vec![MoveTally::default(); states.len() * system.reservoirs.len()];
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
            energies: self.replicas.iter().map(|r| r.energy).collect(),
            tallies: self.tallies.clone(),
            ..BackendState::of_batch(&batch)
        })
    }

    fn restore(&mut self, saved: &BackendState, states: &[StatePoint], assignment: &[StateId]) -> Result<()> {
        self.load(&saved.batch(), states, assignment)?;
        for (replica, &energy) in self.replicas.iter_mut().zip(&saved.energies) {
            replica.energy = energy;
        }
        self.tallies.clone_from(&saved.tallies);
        Ok(())
    }

    fn set_states(&mut self, assignment: &[StateId]) -> Result<()> {
        assert_eq!(assignment.len(), self.replicas.len(), "one state per replica");
        for (replica, id) in self.replicas.iter_mut().zip(assignment) {
            let state = &self.states[id.index()];
            let scale = velocity_scale(replica.state.kt, state.kt);
            if scale != 1.0 {
                replica.configuration.velocities.iter_mut().for_each(|v| *v *= scale);
            }
            replica.state.clone_from(state);
        }
        self.assignment = assignment.to_vec();
        Ok(())
    }

    fn states(&self) -> &[StatePoint] {
        &self.states
    }

    fn assignment(&self) -> &[StateId] {
        &self.assignment
    }

    fn propagate(&mut self, first: u64, steps: u32) -> Result<()> {
        let (system, rng, shifts) = (&*self.system, &self.rng, &self.shifts[..]);
        self.replicas.par_iter_mut().for_each(|replica| match system.dynamics {
            Dynamics::Baoab { dt, friction, .. } => {
                integrate::baoab(system, rng, shifts, replica, dt, friction, first, steps);
            }
            Dynamics::Verlet { dt, steps: segment, redraw } => {
                if redraw && first.is_multiple_of(u64::from(segment)) {
                    integrate::redraw_velocities(system, rng, Stream::VelocityRedraw, first, replica);
                }
                integrate::verlet(system, shifts, replica, dt, steps);
            }
            Dynamics::MonteCarlo { displacement, .. } => {
                particle_moves::displace(system, rng, shifts, replica, displacement, first, steps);
            }
        });
        Ok(())
    }

    fn particle_moves(&mut self, first: u64, attempts: u32, book: bool) -> Result<()> {
        let (system, rng, shifts) = (&*self.system, &self.rng, &self.shifts[..]);
        let n_reservoirs = system.reservoirs.len();
        if n_reservoirs == 0 {
            return Ok(());
        }
        let mut of_replica = vec![MoveTally::default(); self.replicas.len() * n_reservoirs];
        self.replicas.par_iter_mut().zip(of_replica.par_chunks_mut(n_reservoirs)).for_each(|(replica, tallies)| {
            particle_moves::insert_delete(system, rng, shifts, replica, first, attempts, tallies);
        });
        if book {
            for (tallies, state) in of_replica.chunks(n_reservoirs).zip(&self.assignment) {
                let of_state = &mut self.tallies[state.index() * n_reservoirs..];
                tallies.iter().zip(of_state).for_each(|(t, sum)| sum.add(t));
            }
        }
        Ok(())
    }

    fn tallies(&mut self) -> Result<Vec<MoveTally>> {
        Ok(self.tallies.clone())
    }

    fn measure(&mut self) -> Result<Vec<Measurement>> {
        let measure =
            |r: &Replica| Measurement { energy: r.energy, counts: self.system.counts(&r.configuration.species) };
        Ok(self.replicas.iter().map(measure).collect())
    }

    fn energy_tolerance(&self) -> f64 {
        1e-9
    }

    fn trial_energies(&mut self, trials: &[Trial]) -> Result<Vec<f64>> {
        let (system, shifts) = (&*self.system, &self.shifts[..]);
        Ok(self
            .replicas
            .par_iter()
            .zip(trials)
            .map(|(r, trial)| energy::trial_energy(system, &r.configuration, shifts, trial))
            .collect())
    }

    fn apply(&mut self, edits: &[(Edit, f64)]) -> Result<()> {
        for (replica, (edit, delta_u)) in self.replicas.iter_mut().zip(edits) {
            replica.apply(edit, *delta_u);
        }
        Ok(())
    }
}
