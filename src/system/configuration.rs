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
    pub counts: Counts,
}

/// Most species that a system may have.
pub const MAX_SPECIES: usize = 8;

/// Atoms of every reservoir species of a replica, in place: thousands come with every cycle, and nobody waits for memory.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    len: u8,
    /// Zero from `len` on.
    of_species: [u16; MAX_SPECIES],
}

impl std::ops::Deref for Counts {
    type Target = [u16];

    #[inline]
    fn deref(&self) -> &[u16] {
        &self.of_species[..usize::from(self.len)]
    }
}

impl FromIterator<u16> for Counts {
    fn from_iter<I: IntoIterator<Item = u16>>(counts: I) -> Counts {
        let mut all = Counts::default();
        for (n, place) in counts.into_iter().zip(&mut all.of_species) {
            *place = n;
            all.len += 1;
        }
        all
    }
}

impl std::fmt::Debug for Counts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        (**self).fmt(f)
    }
}

impl Serialize for Counts {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}

impl<'de> Deserialize<'de> for Counts {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Counts, D::Error> {
        let counts = Vec::<u16>::deserialize(deserializer)?;
        if counts.len() > MAX_SPECIES {
            return Err(serde::de::Error::invalid_length(counts.len(), &"at most eight counts"));
        }
        Ok(counts.into_iter().collect())
    }
}
