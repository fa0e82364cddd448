//! Minima of the potential from sampled configurations: quench, Hessian, symmetry, distinct minima, and a comparison with
//! the run.
//!
//! Energies and forces are those of a [`ForceField`](crate::forces::ForceField), in f64.

pub mod comparison;
pub mod fire;
pub mod hessian;
pub mod minima;
pub mod picture;
pub mod select;
pub mod symmetry;
pub mod tables;

pub use fire::{Quenched, quench};
pub use minima::{Minimum, Search, search};
