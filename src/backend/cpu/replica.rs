//! One replica as structures of arrays: state in f64, pair coordinates in f32.

use super::clusters::Lists;
use super::model::Model;
use super::pair::{Geometry, Spot, Strengths, chunks};
use crate::moves::Edit;
use crate::potential::LANES;
use crate::system::System;
use crate::system::configuration::Configuration;
use crate::thermo::states::StatePoint;
use bytemuck::{Pod, Zeroable};
use glam::DVec3;
use pulp::Simd;
use std::ops::{Deref, DerefMut};

/// Numbers of sixteen slots. Aligned, so that no cache line holds numbers of two replicas.
#[derive(Debug, Clone, Copy, Default, Pod, Zeroable)]
#[repr(C, align(128))]
pub(super) struct Chunk(pub(super) [f64; LANES]);

impl Deref for Chunk {
    type Target = [f64; LANES];

    #[inline(always)]
    fn deref(&self) -> &[f64; LANES] {
        &self.0
    }
}

impl DerefMut for Chunk {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut [f64; LANES] {
        &mut self.0
    }
}

/// A row of numbers.
pub(super) type Column = Vec<Chunk>;

/// Positions or velocities: x, y, z.
pub(super) type Columns = [Column; 3];

/// A configuration with its running energy and the state it holds. Nothing in it is allocated during a cycle.
///
/// No two share a cache line: what one thread writes in its own must not slow another in the next.
#[derive(Debug, Clone)]
#[repr(align(128))]
pub(super) struct Replica {
    /// Global index, the address of its random numbers.
    pub(super) id: u32,
    /// Thread that worked on it last.
    pub(super) home: usize,
    /// Occupied slots.
    pub(super) n: usize,
    /// [length]
    pub(super) positions: Columns,
    /// [length/time]
    pub(super) velocities: Columns,
    /// [energy/length]
    pub(super) forces: Columns,
    /// 1/m of every slot; 0 in free slots.
    pub(super) inverse_mass: Column,
    /// √(1/m) of every slot; 0 in free slots.
    pub(super) root_inverse_mass: Column,
    /// Species of every slot.
    pub(super) species: Vec<u8>,
    /// `[n_species]`, atoms of each.
    pub(super) species_counts: Vec<usize>,
    /// `[chunks]`, positions on the grid, for pairs.
    pub(super) row: Vec<Spot>,
    /// `[n_species][chunks]`, a species with every slot; empty for species that never move.
    pub(super) strengths: Vec<Strengths>,
    /// Neighbour lists, where it is large enough for them.
    pub(super) lists: Lists,
    /// Whether the forces are those of the present positions.
    pub(super) forces_known: bool,
    /// Positions and velocities at the start of a segment that may be rejected; without room where none may be.
    pub(super) start: [Columns; 2],
    /// Segments that were accepted in the last cycle of dynamics.
    pub(super) accepted_segments: u32,
    /// Running potential energy. [energy]
    pub(super) energy: f64,
    /// The state it holds.
    pub(super) state: StatePoint,
}

impl Replica {
    /// A replica with room for the system's capacity.
    pub(super) fn new(model: &Model, id: u32, x: &Configuration, state: &StatePoint) -> Replica {
        let (system, g, mobile) = (&*model.system, &model.geometry, &model.mobile);
        let room = chunks(system.capacity).max(1);
        let column = || vec![Chunk::default(); room];
        let mut replica = Replica {
            id,
            home: id as usize,
            n: 0,
            positions: [column(), column(), column()],
            velocities: [column(), column(), column()],
            forces: [column(), column(), column()],
            inverse_mass: column(),
            root_inverse_mass: column(),
            species: vec![0; room * LANES],
            species_counts: vec![0; system.species.len()],
            row: vec![Spot::default(); room],
            strengths: mobile.iter().map(|&m| Strengths::new(&system.pairs, if m { room } else { 0 })).collect(),
            lists: Lists::default(),
            forces_known: false,
            start: match system.dynamics.segment() {
                Some(_) => [[column(), column(), column()], [column(), column(), column()]],
                None => Default::default(),
            },
            accepted_segments: 0,
            energy: 0.0,
            state: state.clone(),
        };
        for slot in 0..room * LANES {
            replica.free(system, g, slot);
        }
        for slot in 0..x.len() {
            replica.insert(system, g, x.species[slot], x.positions[slot], x.velocities[slot]);
        }
        replica
    }

    /// The configuration, bit-identical.
    pub(super) fn configuration(&self) -> Configuration {
        let vector =
            |columns: &Columns, slot: usize| DVec3::from(columns.each_ref().map(|c| c[slot / LANES][slot % LANES]));
        Configuration {
            positions: (0..self.n).map(|slot| vector(&self.positions, slot)).collect(),
            velocities: (0..self.n).map(|slot| vector(&self.velocities, slot)).collect(),
            species: self.species[..self.n].to_vec(),
        }
    }

    /// Copies positions and species.
    pub(super) fn copy_to(&self, configuration: &mut Configuration) {
        configuration.copy_positions_from((0..self.n).map(|slot| self.position(slot)), &self.species[..self.n]);
    }

    /// Keeps positions and velocities, for [`Replica::go_back`].
    pub(super) fn keep_start(&mut self) {
        let chunks = self.chunks();
        for (kept, now) in self.start.iter_mut().zip([&self.positions, &self.velocities]) {
            for (kept, now) in kept.iter_mut().zip(now) {
                kept[..chunks].copy_from_slice(&now[..chunks]);
            }
        }
    }

    /// Takes back the positions that were kept, and the velocities times a factor.
    pub(super) fn go_back(&mut self, g: &Geometry, velocity_factor: f64) {
        let chunks = self.chunks();
        let [positions, velocities] = &self.start;
        for d in 0..3 {
            self.positions[d][..chunks].copy_from_slice(&positions[d][..chunks]);
            self.velocities[d][..chunks].copy_from_slice(&velocities[d][..chunks]);
            self.velocities[d][..chunks].iter_mut().for_each(|c| c.iter_mut().for_each(|v| *v *= velocity_factor));
        }
        for slot in 0..chunks * LANES {
            let position = g.grid(self.position(slot));
            self.row[slot / LANES].set(slot % LANES, position);
        }
        self.forces_known = false;
    }

    /// Σ ½ m v² [energy]
    pub(super) fn kinetic_energy(&self, system: &System) -> f64 {
        let of_slot = |slot: usize| {
            let square: f64 = self.velocities.iter().map(|v| v[slot / LANES][slot % LANES].powi(2)).sum();
            0.5 * system.species[usize::from(self.species[slot])].mass * square
        };
        (0..self.n).map(of_slot).sum()
    }

    /// Whether all atoms lie in the cell.
    pub(super) fn is_sound(&self, system: &System) -> bool {
        (0..self.n).all(|slot| self.position(slot).is_finite() && system.cell.contains(self.position(slot)))
    }

    /// Chunks that hold atoms.
    #[inline(always)]
    pub(super) fn chunks(&self) -> usize {
        chunks(self.n)
    }

    /// Position of a slot. [length]
    #[inline(always)]
    pub(super) fn position(&self, slot: usize) -> DVec3 {
        let (chunk, lane) = (slot / LANES, slot % LANES);
        DVec3::new(self.positions[0][chunk][lane], self.positions[1][chunk][lane], self.positions[2][chunk][lane])
    }

    /// Brings the neighbour lists up to date.
    #[inline(always)]
    pub(super) fn update_lists<S: Simd, const OBLIQUE: bool>(&mut self, model: &Model) {
        let (row, species) = (&self.row[..chunks(self.n)], &self.species[..self.n]);
        self.lists.update::<S, OBLIQUE>(
            &model.system,
            &model.geometry,
            &model.mobile,
            &model.frozen_clusters,
            row,
            species,
        );
    }

    /// Applies an accepted change and adds its energy.
    #[inline(always)]
    pub(super) fn apply(&mut self, system: &System, g: &Geometry, edit: &Edit, delta_u: f64) {
        match *edit {
            Edit::None => return,
            Edit::Insert { species, position, velocity } => self.insert(system, g, species, position, velocity),
            Edit::Delete { slot } => self.delete(system, g, slot),
            Edit::Displace { slot, position } => self.displace(g, slot, position),
            Edit::Identity { slot, species, velocity_scale } => {
                self.change_species(system, g, slot, species, velocity_scale);
            }
        }
        // An empty replica has no energy: rounding errors of earlier atoms end here.
        self.energy = if self.n == 0 { 0.0 } else { self.energy + delta_u };
    }

    /// Builds the neighbour lists as they were built when the atoms stood at `positions`.
    pub(super) fn restore_lists(&mut self, model: &Model, positions: &[DVec3]) {
        let now = self.row.clone();
        for (slot, &position) in positions.iter().enumerate() {
            self.row[slot / LANES].set(slot % LANES, model.geometry.grid(position));
        }
        self.lists.invalidate();
        model.update_lists(self);
        self.row = now;
    }

    /// Moves the atom of a slot.
    #[inline(always)]
    pub(super) fn displace(&mut self, g: &Geometry, slot: usize, position: DVec3) {
        let (chunk, lane) = (slot / LANES, slot % LANES);
        for d in 0..3 {
            self.positions[d][chunk][lane] = position[d];
        }
        self.row[chunk].set(lane, g.grid(position));
        self.lists.invalidate();
        self.forces_known = false;
    }

    /// Puts an atom into slot n.
    pub(super) fn insert(&mut self, system: &System, g: &Geometry, species: u8, position: DVec3, velocity: DVec3) {
        let slot = self.n;
        self.n += 1;
        self.species_counts[usize::from(species)] += 1;
        self.write(system, g, slot, species, position, velocity);
    }

    /// Removes the atom of `slot`; the last atom moves, with its velocity, into the hole.
    pub(super) fn delete(&mut self, system: &System, g: &Geometry, slot: usize) {
        let last = self.n - 1;
        self.species_counts[usize::from(self.species[slot])] -= 1;
        if slot != last {
            let (chunk, lane) = (last / LANES, last % LANES);
            let velocity = DVec3::from(self.velocities.each_ref().map(|c| c[chunk][lane]));
            self.write(system, g, slot, self.species[last], self.position(last), velocity);
        }
        self.free(system, g, last);
        self.n = last;
    }

    /// Makes the atom of a slot one of another species, and multiplies its velocity.
    fn change_species(&mut self, system: &System, g: &Geometry, slot: usize, species: u8, velocity_scale: f64) {
        let (chunk, lane) = (slot / LANES, slot % LANES);
        self.species_counts[usize::from(self.species[slot])] -= 1;
        self.species_counts[usize::from(species)] += 1;
        let velocity = DVec3::from(self.velocities.each_ref().map(|c| c[chunk][lane]));
        self.write(system, g, slot, species, self.position(slot), velocity_scale * velocity);
    }

    /// Leaves a slot to nobody: at rest in the middle of the cell, without mass or interaction.
    fn free(&mut self, system: &System, g: &Geometry, slot: usize) {
        let (chunk, lane) = (slot / LANES, slot % LANES);
        self.displace(g, slot, system.cell.centre());
        self.inverse_mass[chunk][lane] = 0.0;
        self.root_inverse_mass[chunk][lane] = 0.0;
        for d in 0..3 {
            self.velocities[d][chunk][lane] = 0.0;
            self.forces[d][chunk][lane] = 0.0;
        }
        for strengths in self.strengths.iter_mut().filter(|s| chunk < s.chunks()) {
            strengths.clear(chunk, lane);
        }
    }

    fn write(&mut self, system: &System, g: &Geometry, slot: usize, species: u8, position: DVec3, velocity: DVec3) {
        let (chunk, lane) = (slot / LANES, slot % LANES);
        let inverse_mass = 1.0 / system.species[usize::from(species)].mass;
        self.species[slot] = species;
        self.inverse_mass[chunk][lane] = inverse_mass;
        self.root_inverse_mass[chunk][lane] = inverse_mass.sqrt();
        for d in 0..3 {
            self.velocities[d][chunk][lane] = velocity[d];
        }
        self.displace(g, slot, position);
        for (own, strengths) in self.strengths.iter_mut().enumerate().filter(|(_, s)| chunk < s.chunks()) {
            strengths.set(chunk, lane, &system.pairs, own as u8, species);
        }
    }
}
