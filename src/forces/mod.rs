//! Energies and forces of whole configurations in f64.

pub mod pairwise;
pub mod relax;
