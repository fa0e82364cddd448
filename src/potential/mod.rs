//! Interactions: truncated Lennard-Jones pairs and fields that act on single atoms.

mod field;
mod lennard_jones;

pub use field::ExternalField;
pub use lennard_jones::{CORE_FRACTION, PairCoefficients, PairTable};

use serde::{Deserialize, Serialize};

/// What happens at the cutoff.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Truncation {
    /// Cut; energies jump, so Monte Carlo only.
    Plain,
    /// u(r) − u(r_c).
    Shifted,
    /// u(r) − u(r_c) − (r − r_c) u'(r_c).
    ForceShifted,
}

/// How periodic images enter a pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Images {
    /// Every image within the cutoff.
    Sum,
    /// The nearest image only, also where the cutoff exceeds half a period.
    Minimum,
}

/// Energy of an overlap: finite, exact in f32, and more than any kT, so that it always rejects.
pub const OVERLAP_ENERGY: f64 = 1e30;
