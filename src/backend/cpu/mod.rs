//! The cpu backend: f32 pairs in vector registers, f64 state and sums, one task per replica.
//!
//! Each file is a faster spelling of its twin in `src/backend/reference/`. `pulp` finds the instruction set at run
//! time; the bits depend neither on it nor on the number of threads.

mod clusters;
mod dispatch;
mod integrate;
mod noise;
mod pair;
mod particle_moves;
mod replica;

use super::Backend;
use crate::batch::{Batch, Measurement, assert_fits};
use crate::error::{Error, Result};
use crate::ids::StateId;
use crate::moves::{Edit, Trial};
use crate::rng::Rng;
use crate::states::StatePoint;
use crate::system::{Dynamics, System};
use crate::transitions::{MoveBook, MoveEvent, MoveLog, Transitions};
use clusters::{Clusters, uses_lists};
use pair::Geometry;
use pulp::Arch;
use rayon::prelude::*;
use replica::{Frozen, Replica};
use std::sync::Arc;

/// What every replica shares.
#[derive(Debug)]
struct Model {
    system: Arc<System>,
    rng: Rng,
    arch: Arch,
    geometry: Geometry,
    r_cut: f32,
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
    model: Model,
    replicas: Vec<Replica>,
    states: Vec<StatePoint>,
    assignment: Vec<StateId>,
    transitions: Transitions,
    log: MoveLog,
}

impl Cpu {
    /// An empty backend for `system`.
    ///
    /// # Errors
    /// [`Error::Device`] if the system needs the sum over periodic images beyond the nearest.
    pub fn new(system: Arc<System>, rng: Rng) -> Result<Cpu> {
        if !system.minimum_image_suffices() {
            return Err(Error::Device(format!(
                "device `cpu` takes the nearest image only, but the cutoff {} exceeds half the shortest period {}; \
                 use --device reference",
                system.pairs.r_cut,
                system.cell.shortest_period()
            )));
        }
        let cell = &system.cell;
        let mobile: Vec<bool> = vec![true; system.species.len()];
        let model = Model {
            arch: Arch::new(),
            geometry: Geometry::new(cell, system.pairs.r_cut),
            r_cut: system.pairs.r_cut as f32,
            frozen: Frozen::new(&system, &mobile),
            frozen_clusters: Clusters::new(&system, &mobile, &system.frozen.positions, &system.frozen.species),
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
            model,
            replicas: Vec::new(),
            states: Vec::new(),
            assignment: Vec::new(),
            transitions: Transitions::default(),
            log: MoveLog::default(),
        })
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
        match uses_lists(system, system.capacity) {
            true => format!("f32 pairs, f64 sums, neighbour lists from {} atoms", clusters::LISTS_FROM),
            false => "f32 pairs, f64 sums, all pairs".to_owned(),
        }
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
        self.replicas = replicas
            .map(|(index, (x, state))| {
                assert_fits(&model.system, x);
                let state = &states[state.index()];
                let mut replica = Replica::new(&model.system, &model.mobile, index as u32, x, state);
                integrate::update_energy(model, &mut replica);
                replica
            })
            .collect();
        self.states = states.to_vec();
        self.assignment = assignment.to_vec();
        self.transitions = self.model.system.transitions(states.len(), assignment.len());
        self.log = MoveLog::new(assignment.len());
        Ok(())
    }

    fn store(&self, batch: &mut Batch) -> Result<()> {
        batch.configurations = self.replicas.iter().map(Replica::configuration).collect();
        Ok(())
    }

    fn set_states(&mut self, assignment: &[StateId]) -> Result<()> {
        assert_eq!(assignment.len(), self.replicas.len(), "one state per replica");
        for (replica, id) in self.replicas.iter_mut().zip(assignment) {
            let state = &self.states[id.index()];
            if replica.state.kt.to_bits() != state.kt.to_bits() {
                let scale = (state.kt / replica.state.kt).sqrt();
                for velocity in &mut replica.velocities {
                    velocity.iter_mut().flatten().for_each(|v| *v *= scale);
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
        let model = &self.model;
        self.replicas.par_iter_mut().with_max_len(1).for_each(|replica| {
            propagate(model, replica, first, steps);
        });
        Ok(())
    }

    fn particle_moves(&mut self, first: u64, attempts: u32, book: bool) -> Result<()> {
        let model = &self.model;
        if model.system.reservoirs.is_empty() {
            return Ok(());
        }
        let offsets = self.transitions.offsets().to_vec();
        let rows = if book { self.transitions.rows_of(&self.assignment) } else { Vec::new() };
        let rows = rows.into_iter().map(Some).chain(std::iter::repeat_with(|| None)).take(self.replicas.len());
        let rows: Vec<_> = rows.collect();
        self.replicas.par_iter_mut().zip(rows).zip(self.log.making()).for_each(|((replica, row), events)| {
            events.clear();
            let mut book = MoveBook { row, offsets: &offsets, events };
            particle_moves::insert_delete(model, replica, first, attempts, &mut book);
        });
        Ok(())
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
        let reservoirs = &self.model.system.reservoirs;
        let measure = |r: &Replica| Measurement {
            energy: r.energy,
            counts: reservoirs.iter().map(|s| r.species_counts[usize::from(s.species)] as u16).collect(),
        };
        Ok(self.replicas.iter().map(measure).collect())
    }

    fn energy_tolerance(&self) -> f64 {
        2e-6
    }

    fn trial_energies(&mut self, trials: &[Trial]) -> Result<Vec<f64>> {
        let model = &self.model;
        let energy = |(replica, trial): (&Replica, &Trial)| particle_moves::trial_energy(model, replica, trial);
        Ok(self.replicas.par_iter().zip(trials).map(energy).collect())
    }

    fn apply(&mut self, edits: &[(Edit, f64)]) -> Result<()> {
        let system = &self.model.system;
        for (replica, (edit, delta_u)) in self.replicas.iter_mut().zip(edits) {
            match *edit {
                Edit::None => continue,
                Edit::Insert { species, position, velocity } => replica.insert(system, species, position, velocity),
                Edit::Delete { slot } => replica.delete(system, slot),
                Edit::Displace { slot, position } => replica.displace(slot, position),
            }
            replica.book_energy(*delta_u);
        }
        Ok(())
    }
}
