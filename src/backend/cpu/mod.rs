//! The cpu backend: f32 pairs in vector registers, f64 state and sums, one task per replica.
//!
//! Each file is a faster spelling of its twin in `src/backend/reference/`. `pulp` finds the instruction set at run
//! time; the bits depend neither on it (but for its lack of fused multiply-add) nor on the number of threads.

mod clusters;
mod dispatch;
mod integrate;
mod noise;
mod pair;
mod particle_moves;
mod replica;
mod scheduler;

use super::{Backend, BackendState, CycleWork, Identity};
use crate::base::error::{DeviceError, Result};
use crate::base::ids::StateId;
use crate::base::rng::Rng;
use crate::moves::exchange::velocity_scale;
use crate::moves::tally::{MoveEvent, Transitions};
use crate::moves::{Edit, Trial};
use crate::system::configuration::{Batch, Configuration, Measurement};
use crate::system::{Dynamics, System};
use crate::thermo::states::StatePoint;
use clusters::{Clusters, uses_lists};
use glam::DVec3;
use pair::Geometry;
use pulp::Arch;
use rayon::prelude::*;
use replica::{Frozen, Replica};
use scheduler::{InFlight, KeepAwake, Scheduler, Work};
use std::sync::Arc;

/// What every replica shares.
#[derive(Debug)]
struct Model {
    system: Arc<System>,
    rng: Rng,
    arch: Arch,
    geometry: Geometry,
    frozen: Frozen,
    frozen_clusters: Clusters,
    /// `[n_species]`, species that can occur as mobile atoms.
    mobile: Vec<bool>,
    /// `[n_reservoirs]`, whether the insertion region is all that mobile atoms can reach.
    region_is_cell: Vec<bool>,
}

impl Model {
    fn tail_change(&self, replica: &Replica, species: u8, sign: isize) -> f64 {
        self.system.tail_change(&replica.species_counts, species, sign)
    }
}

/// All replicas on the processor's vector units.
pub struct Cpu {
    model: Arc<Model>,
    scheduler: Scheduler,
    states: Vec<StatePoint>,
    assignment: Vec<StateId>,
    /// `[n_replicas]`, accepted particle moves of the cycle that was measured last.
    measured: Vec<Vec<MoveEvent>>,
    /// `[n_replicas]` or empty, what the cycle completed last has kept.
    kept: Vec<Configuration>,
    /// A cycle that the workers are at.
    in_flight: Option<InFlight>,
    /// The time between two works.
    keep_awake: Option<KeepAwake>,
}

impl Cpu {
    /// An empty backend for `system`.
    ///
    /// # Errors
    /// [`DeviceError`] if the system needs the sum over periodic images beyond the nearest.
    pub fn new(system: Arc<System>, rng: Rng) -> Result<Cpu> {
        if !system.minimum_image_suffices() {
            let problem = format!(
                "device `cpu` takes the nearest image only, but the cutoff {} exceeds half the shortest period {}",
                system.pairs.r_cut,
                system.cell.shortest_period()
            );
            return Err(DeviceError::TooLarge { problem, remedy: "use --device reference" }.into());
        }
        let cell = &system.cell;
        let mobile: Vec<bool> = vec![true; system.species.len()];
        let geometry = Geometry::new(&system);
        let frozen = Frozen::new(&system, &geometry, &mobile);
        let model = Model {
            arch: Arch::new(),
            geometry,
            frozen_clusters: Clusters::new(&system, &geometry, &mobile, &frozen.row, &frozen.species),
            frozen,
            region_is_cell: system
                .reservoirs
                .iter()
                .map(|r| r.z_lo <= cell.floor && r.z_hi >= cell.ceiling())
                .collect(),
            mobile,
            rng,
            system,
        };
        Ok(Cpu {
            model: Arc::new(model),
            scheduler: Scheduler::default(),
            states: Vec::new(),
            assignment: Vec::new(),
            measured: Vec::new(),
            kept: Vec::new(),
            in_flight: None,
            keep_awake: None,
        })
    }

    /// Work that is waited for.
    fn work(&mut self, work: &Work) {
        self.keep_awake = None;
        self.scheduler.work(&self.model, &self.assignment, work);
        self.keep_awake = Some(KeepAwake::begin());
    }
}

/// One MD segment or set of displacements of one replica.
fn propagate(model: &Model, replica: &mut Replica, first: u64, steps: u32) {
    match model.system.dynamics {
        Dynamics::Baoab { dt, friction, .. } => integrate::baoab(model, replica, dt, friction, first, steps),
        Dynamics::Verlet { dt, steps: segment, redraw } => {
            if redraw && first.is_multiple_of(u64::from(segment)) {
                integrate::redraw_velocities(model, first, replica);
            }
            integrate::verlet(model, replica, dt, steps);
        }
        Dynamics::MonteCarlo { displacement, .. } => {
            // Energies of accepted changes are f32: summing anew keeps their errors from adding up over a run.
            integrate::update_energy(model, replica);
            particle_moves::displace(model, replica, displacement, first, steps);
        }
    }
}

impl Backend for Cpu {
    fn describe(&self) -> String {
        format!("cpu ({} threads)", rayon::current_num_threads())
    }

    fn kernel(&self) -> String {
        let system = &self.model.system;
        let lists = match uses_lists(system, system.capacity) {
            true => format!("neighbour lists from {} atoms", clusters::LISTS_FROM),
            false => "all pairs".to_owned(),
        };
        // The bits differ only where multiplication and addition cannot be fused.
        let unfused = if matches!(self.model.arch, Arch::Scalar) { ", unfused" } else { "" };
        format!("f32 pairs on an integer grid, f64 state, {lists}{unfused}")
    }

    fn identity(&self) -> Identity {
        // neither the instruction set nor the number of threads changes the bits
        Identity { open: "cpu".to_owned(), device: "cpu".to_owned(), kernel: self.kernel() }
    }

    fn system(&self) -> &System {
        &self.model.system
    }

    fn rng(&self) -> &Rng {
        &self.model.rng
    }

    fn load(&mut self, batch: &Batch, states: &[StatePoint], assignment: &[StateId]) -> Result<()> {
        assert_eq!(assignment.len(), batch.configurations.len(), "one state per replica");
        let model = &self.model;
        let replicas = batch.configurations.par_iter().zip(assignment).enumerate();
        self.scheduler.replicas = replicas
            .map(|(index, (x, state))| {
                model.system.assert_fits(x);
                let state = &states[state.index()];
                let mut replica = Replica::new(&model.system, &model.geometry, &model.mobile, index as u32, x, state);
                integrate::update_energy(model, &mut replica);
                replica
            })
            .collect();
        self.states = states.to_vec();
        self.assignment = assignment.to_vec();
        self.scheduler.transitions = Transitions::of_system(&self.model.system, states.len(), assignment.len());
        self.scheduler.events = vec![Vec::new(); assignment.len()];
        self.measured = self.scheduler.events.clone();
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
            energies: self.scheduler.replicas.iter().map(|r| r.energy).collect(),
            listed: references.iter().map(Option::is_some).collect(),
            list_references: references.iter().flatten().flatten().map(DVec3::to_array).collect(),
            transitions: self.scheduler.transitions.clone(),
            ..BackendState::of_batch(&batch)
        })
    }

    fn restore(&mut self, saved: &BackendState, states: &[StatePoint], assignment: &[StateId]) -> Result<()> {
        self.load(&saved.batch(), states, assignment)?;
        let model = &self.model;
        for (replica, &energy) in self.scheduler.replicas.iter_mut().zip(&saved.energies) {
            replica.energy = energy;
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
            let state = &self.states[id.index()];
            let scale = velocity_scale(replica.state.kt, state.kt);
            if scale != 1.0 {
                for velocity in &mut replica.velocities {
                    velocity.iter_mut().flat_map(|chunk| chunk.iter_mut()).for_each(|v| *v *= scale);
                }
            }
            replica.state.clone_from(state);
        }
        self.assignment.copy_from_slice(assignment);
        Ok(())
    }

    fn states(&self) -> &[StatePoint] {
        &self.states
    }

    fn assignment(&self) -> &[StateId] {
        &self.assignment
    }

    fn propagate(&mut self, first: u64, steps: u32) -> Result<()> {
        self.work(&Work { dynamics: Some((first, steps)), ..Work::default() });
        Ok(())
    }

    fn particle_moves(&mut self, first: u64, attempts: u32, book: bool) -> Result<()> {
        if !self.model.system.reservoirs.is_empty() {
            self.work(&Work { moves: Some((first, attempts)), book, ..Work::default() });
        }
        Ok(())
    }

    fn transitions(&mut self) -> Result<Transitions> {
        Ok(self.scheduler.transitions.clone())
    }

    fn events(&mut self, see: &mut dyn FnMut(usize, &[MoveEvent])) -> Result<()> {
        self.measured.iter().enumerate().for_each(|(replica, events)| see(replica, events));
        Ok(())
    }

    fn measure(&mut self) -> Result<Vec<Measurement>> {
        std::mem::swap(&mut self.scheduler.events, &mut self.measured);
        self.scheduler.events.iter_mut().for_each(Vec::clear);
        let reservoirs = &self.model.system.reservoirs;
        let measure = |r: &Replica| Measurement {
            energy: r.energy,
            counts: reservoirs.iter().map(|s| r.species_counts[usize::from(s.species)] as u16).collect(),
        };
        Ok(self.scheduler.replicas.iter().map(measure).collect())
    }

    fn begin(&mut self, work: &CycleWork) -> Result<()> {
        let moves = work.attempts > 0 && !self.model.system.reservoirs.is_empty();
        let work = Work {
            dynamics: Some((work.first_step, work.steps)),
            moves: moves.then_some((work.first_attempt, work.attempts)),
            book: work.book,
            keep: work.keep,
        };
        let scheduler = std::mem::take(&mut self.scheduler);
        self.in_flight = Some(scheduler.work_ahead(Arc::clone(&self.model), self.assignment.clone(), work));
        self.keep_awake = None;
        Ok(())
    }

    fn complete(&mut self) -> Result<Vec<Measurement>> {
        let in_flight = self.in_flight.take().expect("a cycle is completed after it was begun");
        self.scheduler = in_flight.join();
        self.keep_awake = Some(KeepAwake::begin());
        std::mem::swap(&mut self.scheduler.kept, &mut self.kept);
        self.measure()
    }

    fn kept(&mut self, batch: &mut Batch) -> Result<()> {
        std::mem::swap(&mut batch.configurations, &mut self.kept);
        Ok(())
    }

    fn energy_tolerance(&self) -> f64 {
        2e-6
    }

    fn trial_energies(&mut self, trials: &[Trial]) -> Result<Vec<f64>> {
        let model = &self.model;
        let energy = |(replica, trial): (&Replica, &Trial)| particle_moves::trial_energy(model, replica, trial);
        Ok(self.scheduler.replicas.par_iter().zip(trials).map(energy).collect())
    }

    fn apply(&mut self, edits: &[(Edit, f64)]) -> Result<()> {
        let (system, g) = (&self.model.system, &self.model.geometry);
        for (replica, (edit, delta_u)) in self.scheduler.replicas.iter_mut().zip(edits) {
            match *edit {
                Edit::None => continue,
                Edit::Insert { species, position, velocity } => replica.insert(system, g, species, position, velocity),
                Edit::Delete { slot } => replica.delete(system, g, slot),
                Edit::Displace { slot, position } => replica.displace(g, slot, position),
            }
            replica.book_energy(*delta_u);
        }
        Ok(())
    }
}
