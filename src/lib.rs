//! Replica-exchange grand-canonical (REGC) sampling of surfaces in contact with a gas.
//!
//! A scene describes a slab, a gas and a grid of temperatures and chemical potentials. A [`Sampler`] moves every replica
//! of the grid, cycle by cycle; [`run`] does the same and stores what it sees in a directory; [`evaluate`] turns such a
//! directory into maps, phases, boundaries and a report.
//!
//! ```
//! use adlayer::{Sampler, StateId, scene};
//!
//! let scene = scene::load("scenes/ideal_gas.ron")?;
//! let mut sampler = Sampler::from_scene(&scene, "reference")?;
//! sampler.equilibrate(5)?;
//! for _ in 0..20 {
//!     sampler.run_cycle()?;
//! }
//! let (state, average) = (sampler.grid().state(StateId(0)), sampler.average(StateId(0)));
//! println!("T = {}: <N> = {} ± {}", state.temperature, average.mean[1], average.error[1]);
//! assert!(average.mean[1] > 0.0);
//! # Ok::<(), adlayer::Error>(())
//! ```
//!
//! | to … | take |
//! | --- | --- |
//! | read a scene | [`scene::load`], [`scene::parse`] |
//! | sample in memory | [`Sampler::from_scene`] |
//! | sample into a directory, go on with one | [`run`], [`resume`] |
//! | read samples | [`read_samples`], [`Samples`] |
//! | analyse a directory, or samples in memory | [`evaluate`], [`analyze`] |
//! | solve MBAR for arrays of any origin | [`mbar`] |
//! | evaluate a function of every configuration | [`observable`] |
//! | compute energies and forces | [`ForceField`], [`Pairwise`] |
//!
//! `examples/` has a program for each of the first steps; the command line is documented in `docs/`.
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

#![deny(rustdoc::broken_intra_doc_links)]

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
mod ranks;
mod report;
mod run;
mod sample;
mod sampler;
mod system;
mod thermo;
mod thermochemistry;
mod workflow;

pub use analysis::{Analysis, AnalysisInput, CellContext, analyze};
pub use base::ids::{ReplicaId, StateId};
pub use base::{AnalysisError, DeviceError, Error, Result};
pub use forces::{ForceField, Pairwise};
pub use moves::exchange::Period;
pub use run::{ResumeOptions, RunOptions, RunOutcome, resume::resume, run};
pub use sample::{Samples, read_samples};
pub use sampler::{ReplicaSample, Sampler};
pub use system::{System, configuration::Configuration};
pub use thermo::states::{StateGrid, StatePoint};
pub use workflow::analyze::{Evaluation, GridRequest, evaluate};

/// Functions of a configuration: those of a scene, or one's own.
pub mod observable {
    pub use crate::observables::record::{Field, Observed, Role};
    pub use crate::observables::{Adsorbed, Observable, Observables};
}

/// Scenes: read, filled in and checked.
pub mod scene {
    pub use crate::input::scene::{CheckedScene, load, parse};
}

/// MBAR of arrays, from whatever program they come.
pub mod mbar {
    pub use crate::analysis::mbar::{
        Bins, Collapsed, CollapsedSolution, Estimate, General, GeneralSolution, Overlap, Tolerance,
    };
}

/// Declares, for every room, a module with everything that is public in it.
macro_rules! rooms {
    ($($room:ident)*) => {
        $(pub mod $room { pub use crate::$room::*; })*
    };
}

/// The rooms as tests and benches see them. Not part of the library: anything here may change at any time.
#[doc(hidden)]
pub mod testing {
    rooms!(analysis backend base figures forces input io landscape moves observables potential ranks report run sample
        sampler
        system thermo thermochemistry workflow);
}
