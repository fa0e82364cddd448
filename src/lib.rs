//! Replica-exchange grand-canonical (REGC) sampling of Lennard-Jones surfaces.
//!
//! # Notation
//!
//! | symbol | name | meaning |
//! | --- | --- | --- |
//! | k_B T | `kt` | temperature as an energy |
//! | β | `beta` | 1/kT |
//! | μ, μ' | `mu` | chemical potential, absolute or μ' = kT ln(z σ³) |
//! | z | `ln_z` | activity e^{βμ}/Λ³ [1/length³], kept as its logarithm |
//! | Λ | `thermal_wavelength` | h √(β/2πm) |
//! | u_k | `reduced_potential` | β E − Σ N_s ln z_s in state k |
//! | ΔE | `delta_u` | energy change of a trial move |
//! | r_c | `r_cut` | cutoff of the pair potential |
//! | f_k | `f_k` | −ln Ξ_k up to a constant |
//! | Ξ | `ln_xi` | grand-canonical partition sum |
//!
//! *Replica* = configuration, *state* = grid point, *walker* = an independent copy of the grid, *slot* = place of an
//! atom, *segment* = steps between host visits, *cycle* = dynamics + particle moves + exchange + sample.

pub mod aiat_run;
pub mod analysis;
pub mod backend;
pub mod batch;
pub mod bench;
pub mod cell;
pub mod checkpoint;
pub mod engine;
pub mod error;
pub mod estimate;
pub mod evaluate;
pub mod exchange;
pub mod export;
mod faults;
pub mod figures;
pub mod files;
pub mod goal;
pub mod ids;
pub mod moves;
pub mod observables;
pub mod potential;
pub mod quench;
pub mod report;
pub mod rng;
pub mod rundir;
pub mod sample;
pub mod scene;
pub mod states;
pub mod substrate;
pub mod system;
pub mod thermo;
pub mod thermochemistry;
pub mod transitions;
pub mod units;
pub mod until;
pub mod verify;
pub mod xyz;

pub use error::{Error, Result};
