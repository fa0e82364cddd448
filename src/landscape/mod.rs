//! From sampled configurations to minima of the potential: quench, Hessian, equivalent images, distinct minima.
//!
//! Energies and forces are those of a [`ForceField`](crate::forces::ForceField), in f64.

pub mod comparison;
pub mod fire;
pub mod hessian;
pub mod minima;
pub mod select;
pub mod symmetry;
pub mod tables;

pub use fire::{Quenched, quench};
pub use minima::{Minimum, Search, search};
