//! One replica as structures of arrays: state in f64, pair coordinates in f32.

use super::Model;
use super::clusters::Lists;
use super::pair::{Coefficients, LANES, Row};
use crate::batch::Configuration;
use crate::potential::PairTable;
use crate::states::StatePoint;
use crate::system::System;
use glam::DVec3;

/// A row of f64 numbers in chunks of [`LANES`].
pub(super) type Column = Vec<[f64; LANES]>;

/// Positions or velocities: x, y, z.
pub(super) type Columns = [Column; 3];

/// A configuration with its running energy and the state it holds. Nothing in it is allocated during a cycle.
#[derive(Debug, Clone)]
pub(super) struct Replica {
    /// Global index, the address of its random numbers.
    pub(super) id: u32,
    /// Occupied slots.
    pub(super) n: usize,
    /// [length]
    pub(super) positions: Columns,
    /// [length/time]
    pub(super) velocities: Columns,
    /// [energy/length]
    pub(super) forces: Columns,
    /// 1/m of every slot.
    pub(super) inverse_mass: Column,
    /// Species of every slot.
    pub(super) species: Vec<u8>,
    /// `[n_species]`, atoms of each.
    pub(super) species_counts: Vec<usize>,
    /// Wrapped positions for pairs.
    pub(super) row: Row,
    /// `[n_species]`, coefficients of a species with every slot; empty for species that never move.
    pub(super) coefficients: Vec<Coefficients>,
    /// Neighbour lists, where it is large enough for them.
    pub(super) lists: Lists,
    /// Room for positions in slot order.
    unpacked: Vec<DVec3>,
    /// Running potential energy. [energy]
    pub(super) energy: f64,
    /// The state it holds.
    pub(super) state: StatePoint,
}

/// Chunks that hold `n` slots.
pub(super) fn chunks(n: usize) -> usize {
    n.div_ceil(LANES)
}

impl Replica {
    /// A replica with room for the system's capacity.
    ///
    /// - `mobile`: `[n_species]`, species that can occur as mobile atoms
    pub(super) fn new(system: &System, mobile: &[bool], id: u32, x: &Configuration, state: &StatePoint) -> Replica {
        let room = chunks(system.capacity).max(1);
        let column = || vec![[0.0; LANES]; room];
        let mut replica = Replica {
            id,
            n: 0,
            positions: [column(), column(), column()],
            velocities: [column(), column(), column()],
            forces: [column(), column(), column()],
            inverse_mass: column(),
            species: vec![0; room * LANES],
            species_counts: vec![0; system.species.len()],
            row: Row::new(room),
            coefficients: mobile.iter().map(|&m| Coefficients::new(if m { room } else { 0 })).collect(),
            lists: Lists::default(),
            unpacked: Vec::new(),
            energy: 0.0,
            state: state.clone(),
        };
        for slot in 0..x.len() {
            replica.insert(system, x.species[slot], x.positions[slot], x.velocities[slot]);
        }
        replica
    }

    /// The configuration, bit for bit.
    pub(super) fn configuration(&self) -> Configuration {
        let vector =
            |columns: &Columns, slot: usize| DVec3::from(columns.each_ref().map(|c| c[slot / LANES][slot % LANES]));
        Configuration {
            positions: (0..self.n).map(|slot| vector(&self.positions, slot)).collect(),
            velocities: (0..self.n).map(|slot| vector(&self.velocities, slot)).collect(),
            species: self.species[..self.n].to_vec(),
        }
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

    /// Moves the atom of a slot.
    #[inline(always)]
    pub(super) fn displace(&mut self, slot: usize, position: DVec3) {
        let (chunk, lane) = (slot / LANES, slot % LANES);
        for d in 0..3 {
            self.positions[d][chunk][lane] = position[d];
        }
        self.row.set(slot, position.as_vec3().to_array());
        self.lists.invalidate();
    }

    /// Brings the neighbour lists up to date.
    pub(super) fn update_lists(&mut self, model: &Model) {
        self.unpacked.clear();
        for slot in 0..self.n {
            let position = self.position(slot);
            self.unpacked.push(position);
        }
        self.lists.update(
            &model.system,
            &model.mobile,
            &model.frozen_clusters,
            &self.unpacked,
            &self.species[..self.n],
        );
    }

    /// Builds the neighbour lists as they were built when the atoms stood at `positions`.
    pub(super) fn restore_lists(&mut self, model: &Model, positions: &[DVec3]) {
        self.lists.invalidate();
        self.lists.update(&model.system, &model.mobile, &model.frozen_clusters, positions, &self.species[..self.n]);
    }

    /// Puts an atom into slot n.
    pub(super) fn insert(&mut self, system: &System, species: u8, position: DVec3, velocity: DVec3) {
        let slot = self.n;
        self.n += 1;
        self.species_counts[usize::from(species)] += 1;
        self.write(system, slot, species, position, velocity);
    }

    /// Removes the atom of `slot`; the last atom moves, with its velocity, into the hole.
    pub(super) fn delete(&mut self, system: &System, slot: usize) {
        let last = self.n - 1;
        self.species_counts[usize::from(self.species[slot])] -= 1;
        if slot != last {
            let (chunk, lane) = (last / LANES, last % LANES);
            let velocity = DVec3::from(self.velocities.each_ref().map(|c| c[chunk][lane]));
            self.write(system, slot, self.species[last], self.position(last), velocity);
        }
        self.row.set(last, [f32::NAN; 3]);
        self.lists.invalidate();
        self.n = last;
    }

    fn write(&mut self, system: &System, slot: usize, species: u8, position: DVec3, velocity: DVec3) {
        let (chunk, lane) = (slot / LANES, slot % LANES);
        self.species[slot] = species;
        self.inverse_mass[chunk][lane] = 1.0 / system.species[usize::from(species)].mass;
        for d in 0..3 {
            self.velocities[d][chunk][lane] = velocity[d];
        }
        self.displace(slot, position);
        for (own, coefficients) in self.coefficients.iter_mut().enumerate() {
            if !coefficients.c12.is_empty() {
                coefficients.set(slot, &system.pairs, own as u8, species);
            }
        }
    }
}

/// The frozen slab, sorted from its top downwards so that a kernel can stop where the cutoff ends.
#[derive(Debug, Clone, Default)]
pub(super) struct Frozen {
    /// Wrapped positions.
    pub(super) row: Row,
    /// `[chunks]`, the highest z in a chunk and all below it.
    pub(super) top: Vec<f32>,
    /// `[n_species]`, coefficients of a mobile species with every frozen atom.
    pub(super) coefficients: Vec<Coefficients>,
}

impl Frozen {
    /// The frozen atoms of a system.
    pub(super) fn new(system: &System, mobile: &[bool]) -> Frozen {
        let (positions, species, pairs): (_, _, &PairTable) =
            (&system.frozen.positions, &system.frozen.species, &system.pairs);
        let mut order: Vec<usize> = (0..positions.len()).collect();
        order.sort_by(|&a, &b| positions[b].z.total_cmp(&positions[a].z).then(a.cmp(&b)));
        let room = chunks(order.len());
        let mut frozen = Frozen {
            row: Row::new(room),
            top: order.chunks(LANES).map(|c| positions[c[0]].z as f32).collect(),
            coefficients: mobile.iter().map(|&m| Coefficients::new(if m { room } else { 0 })).collect(),
        };
        for (slot, &atom) in order.iter().enumerate() {
            frozen.row.set(slot, positions[atom].as_vec3().to_array());
            for (own, coefficients) in frozen.coefficients.iter_mut().enumerate().filter(|&(s, _)| mobile[s]) {
                coefficients.set(slot, pairs, own as u8, species[atom]);
            }
        }
        frozen
    }

    /// Chunks within reach of an atom at height `z`.
    #[inline(always)]
    pub(super) fn chunks_within(&self, z: f32, r_cut: f32) -> usize {
        self.top.partition_point(|&top| z - top <= r_cut)
    }
}
