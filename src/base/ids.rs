//! Index types that must never be confused.

use serde::{Deserialize, Serialize};

/// A configuration: the one that walks over the states. Global over walkers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ReplicaId(pub u32);

/// A point (T, μ₁, μ₂, …) of the grid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct StateId(pub u32);

impl ReplicaId {
    /// As an index into arrays over replicas.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

impl StateId {
    /// As an index into arrays over states.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}
