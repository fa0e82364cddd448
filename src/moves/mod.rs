//! Particle moves and replica exchange: what is tried, whether it is accepted, what is recorded.
//!
//! One file per kind of move holds its proposal and its decision; backends ask for energies and apply the edits, or
//! repeat the policy in a kernel under test. [`MoveKind`] runs through proposal, event, tally, log and checkpoint.

pub mod displace;
pub mod exchange;
pub mod identity;
pub mod insert_delete;
mod probability_sum;
pub mod segment;
pub mod tally;
pub mod transition_matrix;

pub use insert_delete::{
    Candidates, Proposal, decide, ln_acc, propose, propose_among, thermal_velocity, weigh, weight_change,
};
pub use probability_sum::ProbabilitySum;

use crate::system::configuration::Configuration;
use glam::DVec3;
use serde::{Deserialize, Serialize};

/// Direction of a move that changes the number of atoms by one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Direction {
    /// N → N + 1
    Insert,
    /// N → N − 1
    Delete,
}

/// Kind of a particle move.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum MoveKind {
    /// Exchange of one atom with a reservoir.
    InsertDelete(Direction),
    /// Change of one atom's species, tallied under the species and the N that it leaves.
    Identity,
    /// Displacement of one atom; neither tallied nor logged, because it changes no N and no slot.
    Displace,
}

impl MoveKind {
    /// Insertion of one atom.
    pub const INSERT: MoveKind = MoveKind::InsertDelete(Direction::Insert);
    /// Deletion of one atom.
    pub const DELETE: MoveKind = MoveKind::InsertDelete(Direction::Delete);

    /// Kinds that are tallied by (reservoir, N) and logged, in the order of tallies, of columns in files and of words on
    /// the device. Another kind makes rows longer, and with them the format of checkpoints another.
    pub const TALLIED: [MoveKind; 3] = [MoveKind::INSERT, MoveKind::DELETE, MoveKind::Identity];

    /// Place among [`MoveKind::TALLIED`]; `None` for a kind that is not tallied.
    pub const fn tally_index(self) -> Option<usize> {
        match self {
            MoveKind::InsertDelete(Direction::Insert) => Some(0),
            MoveKind::InsertDelete(Direction::Delete) => Some(1),
            MoveKind::Identity => Some(2),
            MoveKind::Displace => None,
        }
    }

    /// Name in columns of files: `insert`, `delete`, `identity`, `displace`.
    pub const fn name(self) -> &'static str {
        match self {
            MoveKind::InsertDelete(Direction::Insert) => "insert",
            MoveKind::InsertDelete(Direction::Delete) => "delete",
            MoveKind::Identity => "identity",
            MoveKind::Displace => "displace",
        }
    }
}

/// Change of one configuration whose energy is asked for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Trial {
    /// Nothing; ΔE = 0.
    None,
    /// A new atom.
    Insert {
        /// Species index.
        species: u8,
        /// \[length\]
        position: DVec3,
    },
    /// The atom of a slot disappears.
    Delete {
        /// Its slot.
        slot: usize,
    },
    /// The atom of a slot moves.
    Displace {
        /// Its slot.
        slot: usize,
        /// New position. \[length\]
        position: DVec3,
    },
    /// The atom of a slot becomes one of another species.
    Identity {
        /// Its slot.
        slot: usize,
        /// Index of the other species.
        species: u8,
    },
}

/// Accepted change of one configuration.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Edit {
    /// Nothing.
    None,
    /// A new atom in the first free slot.
    Insert {
        /// Species index.
        species: u8,
        /// \[length\]
        position: DVec3,
        /// [length/time]
        velocity: DVec3,
    },
    /// The atom of a slot disappears; the last one fills the hole.
    Delete {
        /// Its slot.
        slot: usize,
    },
    /// The atom of a slot moves.
    Displace {
        /// Its slot.
        slot: usize,
        /// New position. \[length\]
        position: DVec3,
    },
    /// The atom of a slot becomes one of another species.
    Identity {
        /// Its slot.
        slot: usize,
        /// Index of the other species.
        species: u8,
        /// What its velocity is multiplied by.
        velocity_scale: f64,
    },
}

impl Edit {
    /// Slot that the edit fills, empties, moves or changes in a configuration of `n` atoms; `None` where it changes nothing.
    pub fn slot(&self, n: usize) -> Option<usize> {
        match *self {
            Edit::None => None,
            Edit::Insert { .. } => Some(n),
            Edit::Delete { slot } | Edit::Displace { slot, .. } | Edit::Identity { slot, .. } => Some(slot),
        }
    }

    /// Applies the edit to a configuration.
    pub fn apply(&self, x: &mut Configuration) {
        match *self {
            Edit::None => {}
            Edit::Insert { species, position, velocity } => x.insert(species, position, velocity),
            Edit::Delete { slot } => x.delete(slot),
            Edit::Displace { slot, position } => x.positions[slot] = position,
            Edit::Identity { slot, species, velocity_scale } => x.change_species(slot, species, velocity_scale),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_tallied_kind_stands_where_it_says() {
        for (place, kind) in MoveKind::TALLIED.into_iter().enumerate() {
            assert_eq!(kind.tally_index(), Some(place), "{}", kind.name());
        }
        assert_eq!(MoveKind::Displace.tally_index(), None);
    }
}
