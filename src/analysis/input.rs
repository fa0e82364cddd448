//! Input of an analysis: states, samples, and what the scene says of them.

use crate::analysis::maps::map::MapGrid;
use crate::analysis::statistics::cohorts::{Cohorts, SampledRun};
use crate::sample::Samples;
use crate::thermo::gas_phase::GasPhase;
use crate::thermo::states::StateGrid;

/// Input of an analysis.
#[derive(Debug, Clone)]
pub struct AnalysisInput {
    /// The simulated states.
    pub grid: StateGrid,
    /// Samples of production; those of several runs are joined by [`Samples::append_run`].
    pub samples: Samples,
    /// `[n_reservoirs]`, the limit on N of each reservoir species
    pub n_max: Vec<u16>,
    /// k_B [energy/temperature]
    pub boltzmann: f64,
    /// One unit of the user's pressure [energy/length³]
    pub pressure_unit: f64,
    /// Mobile atoms that belong to no reservoir species: mobile slab atoms and species of fixed number
    pub other_mobile_atoms: usize,
    /// Whether every other atom is frozen, so that ln Ξ is absolute
    pub frozen_slab: bool,
    /// Production cycles, of the longest run
    pub production: u32,
    /// The runs that the samples come from; none: one run, whose walkers have all states
    pub runs: Vec<SampledRun>,
    /// Seed of the bootstrap
    pub seed: u64,
    /// Grid of the maps, if not the default one
    pub wanted: Option<MapGrid>,
    /// Walkers to compare, which must agree whatever they started from
    pub halves: WalkerSplit,
    /// The cell, as far as adsorption is reckoned from it
    pub cell: CellContext,
}

impl AnalysisInput {
    /// Which walkers have the same states.
    pub(crate) fn cohorts(&self) -> Cohorts {
        Cohorts::of_runs(&self.runs, self.grid.len(), self.production)
    }
}

/// The cell as far as adsorption is reckoned from it; by default nothing is known of it.
#[derive(Debug, Clone, Default)]
pub struct CellContext {
    /// Volume open to mobile atoms \[length³\]
    pub volume: Option<f64>,
    /// Volume above the dividing surface, which excess and Henry constants leave to the gas: the floor, or over a mobile slab the plane of
    /// its highest atoms at the start \[length³\]
    pub gas_volume: Option<f64>,
    /// Area of the surface \[length²\]; `None` in a cell that is periodic in z
    pub area: Option<f64>,
    /// `[n_reservoirs]`, atoms of a full monolayer: a site each of the top layer of the slab, or close-packed; NaN where
    /// neither is known
    pub monolayer: Vec<f64>,
    /// Atoms for which the first layer has room: the fewer of sites and close-packed atoms, of the largest species
    pub room: Option<f64>,
    /// Adsorbed atoms of fixed number.
    pub fixed_adsorbates: usize,
    /// Whether a monolayer is one of the sites of the slab.
    pub by_sites: bool,
    /// Whether the cell holds nothing but atoms of the reservoirs, so that kT ln Ξ/V is their pressure.
    pub holds_gas_alone: bool,
    /// Second virial coefficients, where atoms interact by pairs.
    pub gas: Option<GasPhase>,
}

/// Split of the walkers into two halves that are compared.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct WalkerSplit {
    /// `[n_walkers]`, whether a walker is an odd one of its run; empty: nothing is compared.
    pub odd: Vec<bool>,
    /// Whether `initial` starts odd walkers in another way than even ones.
    pub start_differently: bool,
}
