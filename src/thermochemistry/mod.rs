//! Chemical potentials of real gases, and what two simple pictures of a surface conclude from them: ab initio
//! thermodynamics (aiAT) and the computational hydrogen electrode (CHE). Pure functions: no files, no clock.
//!
//! Energies are in eV, temperatures in K, pressures in Pa, masses in u, spectroscopic constants in 1/cm, unless a scene's
//! own units are named. Constants are those of [`crate::base::units`] (CODATA 2022).

pub mod aiat;
pub mod che;
pub mod composition;
pub mod contribution;
pub mod envelope;
pub mod formula;
pub mod gas;
pub mod harmonic;
pub mod janaf;
pub mod library;
pub mod reservoir;
pub mod rovibration;
pub mod shomate;

pub use gas::{Gas, Thermal};
pub use reservoir::GasReservoir;
