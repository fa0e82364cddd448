//! From sampled configurations to minima of the potential: quench, Hessian, equivalent images, distinct minima.
//!
//! Energies and forces are those of the reference ([`crate::backend::reference::energy`]), in f64.

pub mod fire;
pub mod hessian;
pub mod minima;
pub mod symmetry;

pub use fire::{Quenched, quench};
pub use minima::{Minimum, Search, search};
