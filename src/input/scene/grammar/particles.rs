//! The atoms: their kinds, those that come and go, those at the start.

use serde::{Deserialize, Serialize};

/// A kind of atom.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Species {
    /// Name used throughout the scene and in output columns.
    pub name: String,
    /// Chemical symbol for trajectories and slab files.
    pub symbol: String,
    /// Mass [mass unit].
    pub mass: f64,
}

/// A species whose number fluctuates.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reservoir {
    /// Its name.
    pub species: String,
    /// N_max, the same in every state.
    pub max_atoms: u16,
    /// Where atoms are inserted and deleted; unset: the whole cell above the floor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<Region>,
}

/// A part of the cell.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Region {
    /// Lower and upper z \[length\].
    pub z: (f64, f64),
}

/// Mobile atoms present at the start.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Initial {
    /// Their species.
    pub species: String,
    /// How many; unset with `File`: as many as the file holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub atoms: Option<u16>,
    /// Where they go.
    pub placement: Placement,
    /// In which walkers.
    #[serde(default)]
    pub walkers: Walkers,
}

/// Where initial atoms go.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Placement {
    /// Uniformly over the region (or the cell).
    Random,
    /// On the next lattice layers of the slab.
    Layers,
    /// From an extended XYZ file.
    File {
        /// Path relative to the scene file.
        path: String,
    },
}

/// A subset of the walkers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Walkers {
    /// Every walker.
    #[default]
    All,
    /// Walkers 0, 2, 4, …
    Even,
    /// Walkers 1, 3, 5, …
    Odd,
}
