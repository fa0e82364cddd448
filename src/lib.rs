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

mod analysis;
mod backend;
mod base;
#[doc(hidden)]
pub mod cli;
mod figures;
mod forces;
mod input;
mod io;
mod landscape;
mod moves;
mod observables;
mod potential;
mod report;
mod run;
mod sample;
mod sampler;
mod system;
mod thermo;
mod thermochemistry;
mod workflow;

pub use base::{Error, Result};
pub use sampler::{ReplicaSample, Sampler};

/// Scenes: read, filled in and checked.
pub mod scene {
    pub use crate::input::scene::{CheckedScene, load, parse};
}

/// The rooms of the library as tests and benches see them. Not part of its interface: anything here may change.
#[doc(hidden)]
pub mod testing {
    pub mod analysis {
        pub use crate::analysis::*;
    }
    pub mod backend {
        pub use crate::backend::*;
    }
    pub mod base {
        pub use crate::base::*;
    }
    pub mod figures {
        pub use crate::figures::*;
    }
    pub mod forces {
        pub use crate::forces::*;
    }
    pub mod input {
        pub use crate::input::*;
    }
    pub mod io {
        pub use crate::io::*;
    }
    pub mod landscape {
        pub use crate::landscape::*;
    }
    pub mod moves {
        pub use crate::moves::*;
    }
    pub mod observables {
        pub use crate::observables::*;
    }
    pub mod potential {
        pub use crate::potential::*;
    }
    pub mod report {
        pub use crate::report::*;
    }
    pub mod run {
        pub use crate::run::*;
    }
    pub mod sample {
        pub use crate::sample::*;
    }
    pub mod sampler {
        pub use crate::sampler::*;
    }
    pub mod system {
        pub use crate::system::*;
    }
    pub mod thermo {
        pub use crate::thermo::*;
    }
    pub mod thermochemistry {
        pub use crate::thermochemistry::*;
    }
    pub mod workflow {
        pub use crate::workflow::*;
    }
}
