//! Analysis of samples: MBAR, maps, phases and their boundaries, errors, and checks of the run. Never sees a backend.

mod beginning;
mod connected;
pub mod diagnostics;
mod direct;
mod heat_capacity;
pub(crate) mod henry;
mod histograms;
mod hysteresis;
mod input;
pub(crate) mod limit;
mod maps;
pub mod mbar;
mod phases;
mod pipeline;
mod prepared;
mod result;
pub mod statistics;
pub mod tables;
pub mod transition_matrix;
mod windows;

pub use histograms::{MeanHistogram, StateHistogram};
pub use input::{AnalysisInput, CellContext};
pub use limit::AtLimit;
pub use maps::map::MapGrid;
pub(crate) use phases::averages::around;
pub use phases::jumps::Jump;
pub(crate) use pipeline::analyze_boundaries;
pub use pipeline::{analyze, analyze_and_check};
pub use prepared::PreparedSamples;
pub(crate) use prepared::free_energies;
pub use result::{
    Adsorption, Analysis, BoundaryKind, BoundaryPoint, BoundarySide, Clapeyron, DirectAverage, Distribution,
    ENOUGH_CROSSINGS, FreeEnergies, HeatCapacity, Henry, LayerEdge, Map, MapCell, Phase, PhaseAverage, Profile, Ridge,
    RidgeOf, Side, SplitHalf,
};
pub use statistics::cohorts::SampledRun;
pub use windows::{ROUND_TRIPS, WindowCheck};
