//! What is evaluated while sampling.

pub use crate::observables::order::WaveVector;
use serde::{Deserialize, Serialize};

/// The first adsorbed layer.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FirstLayer {
    /// Its atoms lie below this z [length].
    pub z_max: f64,
}

/// An order parameter evaluated while sampling.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Observable {
    /// Atoms per layer.
    Layers,
    /// Φ at a named star of wave vectors.
    Order {
        /// Which star.
        wave_vector: WaveVector,
    },
    /// Bond-orientational order ψ6.
    Psi6,
    /// Coordination numbers.
    Coordination {
        /// Neighbour distance [length].
        r: f64,
    },
    /// Occupation of top, bridge, fcc and hcp sites.
    Sites,
    /// Largest cluster.
    Cluster {
        /// Neighbour distance [length].
        r: f64,
    },
    /// Pair distribution function.
    Rdf {
        /// Range [length].
        r_max: f64,
        /// Bins.
        bins: u32,
    },
    /// Density profile along z.
    Density {
        /// Bins.
        bins: u32,
    },
}
