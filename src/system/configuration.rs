//! Configurations of all replicas, as the host and the backends hand them over.

use glam::DVec3;
use serde::{Deserialize, Serialize};

/// The configuration of one replica. Slots 0..n are occupied, without holes.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Configuration {
    /// `[n]`, wrapped. \[length\]
    pub positions: Vec<DVec3>,
    /// `[n]` [length/time]
    pub velocities: Vec<DVec3>,
    /// `[n]`, species index.
    pub species: Vec<u8>,
}

impl Configuration {
    /// Number of mobile atoms.
    pub fn len(&self) -> usize {
        self.positions.len()
    }

    /// Whether there is no mobile atom.
    pub fn is_empty(&self) -> bool {
        self.positions.is_empty()
    }

    /// Takes over positions and species of another; no velocities.
    pub fn copy_positions_from(&mut self, positions: impl Iterator<Item = DVec3>, species: &[u8]) {
        self.velocities.clear();
        self.positions.clear();
        self.positions.extend(positions);
        self.species.clear();
        self.species.extend_from_slice(species);
    }

    /// Puts an atom into the first free slot.
    pub fn insert(&mut self, species: u8, position: DVec3, velocity: DVec3) {
        self.positions.push(position);
        self.velocities.push(velocity);
        self.species.push(species);
    }

    /// Removes the atom of `slot`; the last atom moves, with its velocity, into the hole.
    pub fn delete(&mut self, slot: usize) {
        self.positions.swap_remove(slot);
        self.velocities.swap_remove(slot);
        self.species.swap_remove(slot);
    }

    /// Makes the atom of `slot` one of another species, in its place, and multiplies its velocity.
    pub fn change_species(&mut self, slot: usize, species: u8, velocity_scale: f64) {
        self.species[slot] = species;
        self.velocities[slot] *= velocity_scale;
    }

    /// Atoms of every species. `[n_species]`
    pub fn species_counts(&self, n_species: usize) -> Vec<usize> {
        let mut counts = vec![0; n_species];
        for &s in &self.species {
            counts[usize::from(s)] += 1;
        }
        counts
    }
}

/// The configurations of all replicas.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Batch {
    /// `[n_replicas]`
    pub configurations: Vec<Configuration>,
}

/// What a backend reports of one replica after a segment.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Measurement {
    /// Potential energy, every term but frozen–frozen pairs. \[energy\]
    pub energy: f64,
    /// `[n_reservoirs]`
    pub counts: Vec<u16>,
}
