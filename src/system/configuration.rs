//! Configurations of all replicas, as the host and the backends hand them over.

use crate::system::System;
use glam::DVec3;
use serde::{Deserialize, Serialize};

/// The configuration of one replica. Slots 0..n are occupied, without holes.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Configuration {
    /// `[n]`, wrapped. [length]
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
    /// Potential energy, every term but frozen–frozen pairs. [energy]
    pub energy: f64,
    /// `[n_reservoirs]`
    pub counts: Vec<u16>,
}

/// The terms of a potential energy. [energy]
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct EnergyTerms {
    /// Pairs of mobile atoms.
    pub mobile: f64,
    /// Pairs of a mobile and a frozen atom.
    pub frozen: f64,
    /// External fields.
    pub external: f64,
    /// Tail correction.
    pub tail: f64,
}

impl EnergyTerms {
    /// Their sum. [energy]
    pub fn sum(&self) -> f64 {
        self.mobile + self.frozen + self.external + self.tail
    }
}

impl std::fmt::Display for EnergyTerms {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let EnergyTerms { mobile, frozen, external, tail } = self;
        write!(f, "mobile pairs {mobile}, slab {frozen}, fields {external}, tail {tail}")
    }
}

/// An independent evaluation of one replica's energy, for the audit.
///
/// Model of what f32 leaves of a sum: every term u is off by at most a few of its own ulps, whatever cancels afterwards,
/// so |E_device − E| ≤ tolerance · Σ|u| with one tolerance for all terms ([`crate::backend::BackendInfo::energy_tolerance`]).
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Audit {
    /// Potential energy by a full sum. [energy]
    pub energy: f64,
    /// Its terms.
    pub terms: EnergyTerms,
    /// Σ|u| of the same terms: the scale of rounding errors. [energy]
    pub magnitudes: EnergyTerms,
    /// Σ|u| over all terms. [energy]
    pub magnitude: f64,
    /// Every coordinate is finite and inside the cell.
    pub sound: bool,
}

/// Checks that a configuration fits into its slots; broken only by a bug.
pub fn assert_fits(system: &System, configuration: &Configuration) {
    assert!(configuration.len() <= system.capacity, "a replica holds more atoms than it has slots");
    let within = |(&n, max): (&u16, u16)| n <= max;
    let counts = system.counts(&configuration.species);
    assert!(
        counts.iter().zip(system.reservoirs.iter().map(|r| r.max_atoms)).all(within),
        "a replica holds more atoms of a species than its max_atoms"
    );
}
