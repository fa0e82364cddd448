//! The reference backend: f64, brute force, written for clarity. It is the specification of the others.

pub mod integrators;
pub mod particle_moves;
mod replica;

pub use replica::Replica;

use crate::backend::{Backend, BackendState, CycleWork, Identity};
use crate::base::error::Result;
use crate::base::ids::{ReplicaId, StateId};
use crate::base::rng::{Rng, Stream};
use crate::forces::{ForceField, Pairwise};
use crate::moves::exchange::velocity_scale;
use crate::moves::tally::{MoveEvent, MoveLog, MoveRecorder, Transitions};
use crate::moves::{Edit, Trial};
use crate::system::configuration::{Batch, Configuration, Measurement};
use crate::system::{Dynamics, System};
use crate::thermo::states::StatePoint;
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
    system: Arc<System>,
    force_field: F,
    rng: Rng,
    replicas: Vec<Replica>,
    states: Vec<StatePoint>,
    assignment: Vec<StateId>,
    transitions: Transitions,
    log: MoveLog,
    /// `[n_replicas]` or empty, what the cycle that was begun last is to keep, and what the one completed last kept
    keeping: Vec<Configuration>,
    kept: Vec<Configuration>,
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
            system,
            force_field,
            rng,
            replicas: Vec::new(),
            states: Vec::new(),
            assignment: Vec::new(),
            transitions: Transitions::default(),
            log: MoveLog::default(),
            keeping: Vec::new(),
            kept: Vec::new(),
        }
    }
}

impl<F: ForceField> Backend for Reference<F> {
    fn describe(&self) -> String {
        format!("reference ({} threads)", rayon::current_num_threads())
    }

    fn kernel(&self) -> String {
        self.force_field.describe()
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
        let (system, force_field) = (&*self.system, &self.force_field);
        self.replicas = batch
            .configurations
            .par_iter()
            .zip(assignment)
            .enumerate()
            .map(|(index, (configuration, state))| {
                system.assert_fits(configuration);
                let mut replica = Replica {
                    id: ReplicaId(index as u32),
                    configuration: configuration.clone(),
                    energy: 0.0,
                    forces: Vec::new(),
                    state: states[state.index()].clone(),
                };
                replica.update_forces(force_field).map_err(|e| e.of_replica(replica.id))?;
                Ok(replica)
            })
            .collect::<Result<_>>()?;
        self.states = states.to_vec();
        self.assignment = assignment.to_vec();
        self.transitions = Transitions::of_system(&self.system, states.len(), assignment.len());
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
            energies: self.replicas.iter().map(|r| r.energy).collect(),
            transitions: self.transitions.clone(),
            ..BackendState::of_batch(&batch)
        })
    }

    fn restore(&mut self, saved: &BackendState, states: &[StatePoint], assignment: &[StateId]) -> Result<()> {
        self.load(&saved.batch(), states, assignment)?;
        for (replica, &energy) in self.replicas.iter_mut().zip(&saved.energies) {
            replica.energy = energy;
        }
        self.transitions.clone_from(&saved.transitions);
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
        let (system, force_field, rng) = (&*self.system, &self.force_field, &self.rng);
        let propagate = |replica: &mut Replica| match system.dynamics {
            Dynamics::Baoab { dt, friction, .. } => {
                integrators::baoab(system, force_field, rng, replica, dt, friction, first, steps)
            }
            Dynamics::Verlet { dt, steps: segment, redraw } => {
                if redraw && first.is_multiple_of(u64::from(segment)) {
                    integrators::redraw_velocities(system, rng, Stream::VelocityRedraw, first, replica);
                }
                integrators::verlet(system, force_field, replica, dt, steps)
            }
            Dynamics::MonteCarlo { displacement, .. } => {
                particle_moves::displace(system, force_field, rng, replica, displacement, first, steps)
            }
        };
        self.replicas.par_iter_mut().try_for_each(|replica| propagate(replica).map_err(|e| e.of_replica(replica.id)))
    }

    fn particle_moves(&mut self, first: u64, attempts: u32, book: bool) -> Result<()> {
        let (system, force_field, rng) = (&*self.system, &self.force_field, &self.rng);
        if system.reservoirs.is_empty() {
            return Ok(());
        }
        let offsets = self.transitions.offsets().to_vec();
        let rows = if book { self.transitions.rows_of(&self.assignment) } else { Vec::new() };
        let rows = rows.into_iter().map(Some).chain(std::iter::repeat_with(|| None)).take(self.replicas.len());
        let rows: Vec<_> = rows.collect();
        self.replicas.par_iter_mut().zip(rows).zip(self.log.making()).try_for_each(|((replica, row), events)| {
            events.clear();
            let mut book = MoveRecorder { row, offsets: &offsets, events };
            particle_moves::insert_delete(system, force_field, rng, replica, first, attempts, &mut book)
                .map_err(|e| e.of_replica(replica.id))
        })
    }

    fn transitions(&mut self) -> Result<Transitions> {
        Ok(self.transitions.clone())
    }

    fn events(&mut self, see: &mut dyn FnMut(usize, &[MoveEvent])) -> Result<()> {
        self.log.show(see);
        Ok(())
    }

    fn measure(&mut self) -> Result<Vec<Measurement>> {
        self.log.turn();
        let measure =
            |r: &Replica| Measurement { energy: r.energy, counts: self.system.counts(&r.configuration.species) };
        Ok(self.replicas.iter().map(measure).collect())
    }

    fn begin(&mut self, work: &CycleWork) -> Result<()> {
        self.propagate(work.first_step, work.steps)?;
        if work.attempts > 0 {
            self.particle_moves(work.first_attempt, work.attempts, work.book)?;
        }
        self.keeping.clear();
        if work.keep {
            self.keeping.resize_with(self.replicas.len(), Configuration::default);
            for (kept, replica) in self.keeping.iter_mut().zip(&self.replicas) {
                let now = &replica.configuration;
                kept.copy_positions_from(now.positions.iter().copied(), &now.species);
            }
        }
        Ok(())
    }

    fn complete(&mut self) -> Result<Vec<Measurement>> {
        std::mem::swap(&mut self.keeping, &mut self.kept);
        self.measure()
    }

    fn kept(&mut self, batch: &mut Batch) -> Result<()> {
        batch.configurations = std::mem::take(&mut self.kept);
        Ok(())
    }

    fn energy_tolerance(&self) -> f64 {
        1e-9
    }

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
