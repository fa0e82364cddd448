//! Interactions: truncated Lennard-Jones pairs and fields that act on single atoms.

mod field;
mod lennard_jones;
mod truncation;

pub use field::ExternalField;
pub use lennard_jones::{CORE_FRACTION, PairCoefficients, PairTable};
pub use truncation::Truncation;

/// Energy of an overlap: finite, exact in f32, and more than any kT, so that it always rejects.
pub const OVERLAP_ENERGY: f64 = 1e30;
