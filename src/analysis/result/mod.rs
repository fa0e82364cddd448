//! What an analysis produces: maps, phases, boundaries, distributions, averages. Plain data with named kinds.

mod boundary;
mod map;

pub use boundary::{BoundaryKind, BoundaryPoint, BoundarySide, Clapeyron, ENOUGH_CROSSINGS, Side};
pub use map::{Adsorption, Henry, Map, MapCell, Ridge, RidgeOf};

use crate::analysis::diagnostics::checks::Checks;
use crate::analysis::histograms::MeanHistogram;
use crate::analysis::input::CellContext;
use crate::analysis::limit::AtLimit;
use crate::analysis::phases::jumps::Jump;
use crate::thermo::states::StateGrid;
use serde::{Serialize, Serializer};

/// Results of an analysis; written to `DIR/analysis` and drawn by `figures`.
#[derive(Debug, Clone)]
pub struct Analysis {
    /// The simulated states.
    pub grid: StateGrid,
    /// MBAR free energies of the states.
    pub free_energies: FreeEnergies,
    /// Averages on a grid in T and μ.
    pub map: Map,
    /// The same on a grid in T and p.
    pub pressure_map: Map,
    /// The phases found.
    pub phases: Vec<Phase>,
    /// Points of their boundaries.
    pub boundaries: Vec<BoundaryPoint>,
    /// Averages inside each phase alone: on both sides of first-order boundaries, and in simulated states.
    pub phase_averages: Vec<PhaseAverage>,
    /// The simulated states next to the boundary points of simulated temperatures.
    pub boundary_sides: Vec<BoundarySide>,
    /// P(N) at chosen states.
    pub distributions: Vec<Distribution>,
    /// `[n_observables]`, names of what the scene's observables store
    pub observables: Vec<String>,
    /// `[n_observables]`, their names under an axis
    pub observable_labels: Vec<String>,
    /// The layers of atoms that the samples show, from the slab outwards; empty without the observable `Layers`.
    pub layers: Vec<LayerEdge>,
    /// Free energies of order parameters at the same places.
    pub profiles: Vec<Profile>,
    /// Stored histograms on average over each state's own samples, in chosen states.
    pub histograms: Vec<MeanHistogram>,
    /// Maxima of Var E and β Var N along μ at each temperature of the map.
    pub ridges: Vec<Ridge>,
    /// Direct averages per simulated state, from the stored samples.
    pub direct: Vec<DirectAverage>,
    /// `[n_states]` where no species has a reservoir, else empty
    pub heat_capacity: Vec<HeatCapacity>,
    /// `[n_points]`, averages by MBAR in every simulated state
    pub at_states: Vec<MapCell>,
    /// Henry constants at every temperature of the maps and of the states, ascending, species by species.
    pub henry: Vec<Henry>,
    /// `[n_reservoirs]`, whether z kT of a simulated state is more than 1 % off the pressure of its gas
    pub is_fugacity: Vec<bool>,
    /// The cell, as far as adsorption is reckoned from it.
    pub cell: CellContext,
    /// First half of production against the map of the second.
    pub split_half: SplitHalf,
    /// `[n_states]`, statistical inefficiency in stored samples: the larger of the state series and the replica paths
    pub inefficiency: Vec<f64>,
    /// `[n_states]`, whether a state is a mixture of basins whose boundary is unconverged, or at one end of a jump
    pub beside_unconverged: Vec<bool>,
    /// Neighbouring states between which configurations jump and few replicas have passed.
    pub jumps: Vec<Jump>,
    /// Checks of the run; [`analyze_and_check`](crate::analysis::analyze_and_check) fills in all but the excluded states.
    pub checks: Checks,
    /// Whether ln Ξ is absolute (all but reservoir atoms frozen) or relative to the bare mobile slab at each T.
    pub ln_xi_is_absolute: bool,
}

impl Analysis {
    /// Henry's law of a species at a temperature of a map or of a state; `None` where it is not known.
    pub fn henry_at(&self, reservoir: usize, temperature: f64) -> Option<&Henry> {
        let below = self.henry.partition_point(|h| h.temperature < temperature * (1.0 - 1e-9));
        let mut here = self.henry[below..].iter().take_while(|h| h.temperature <= temperature * (1.0 + 1e-9));
        here.find(|h| h.reservoir == reservoir)
    }
}

/// Total heat capacity C_VN of a state, from its own samples. [energy/temperature]
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct HeatCapacity {
    /// NaN without samples.
    pub value: f64,
    /// Standard error.
    pub error: f64,
}

/// MBAR free energies.
#[derive(Debug, Clone)]
pub struct FreeEnergies {
    /// `[n_states]`, f_k = −ln Ξ_k relative to the first state of the same part; NaN for a state without samples.
    pub f_k: Vec<f64>,
    /// `[n_states]`, standard errors; at least what the overlap of independent samples allows.
    pub f_k_err: Vec<f64>,
    /// `[n_states]`, part of the grid, numbered from 0 in the order of states: between parts, whose samples do not overlap,
    /// no free energy is known. `None` for a state without samples.
    pub part: Vec<Option<u32>>,
    /// `[n_states]`, samples of each state; may be zero.
    pub n_k: Vec<u64>,
    /// max|Δf| of the last self-consistency check.
    pub residual: f64,
    /// Iterations used.
    pub iterations: usize,
}

impl FreeEnergies {
    /// Number of parts.
    pub fn n_parts(&self) -> usize {
        self.part.iter().flatten().max().map_or(0, |&last| last as usize + 1)
    }

    /// f_k − f_0 with its standard error; `None` where no samples join the two.
    pub fn of(&self, state: usize) -> Option<(f64, f64)> {
        let part = |k: usize| self.part.get(k).copied().flatten();
        (part(0).is_some() && part(state) == part(0)).then(|| (self.f_k[state], self.f_k_err[state]))
    }
}

/// A layer of atoms: the observable `n_layer<k>` counts those between its edges.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LayerEdge {
    /// Lower edge, z \[length\]
    pub from: f64,
    /// Upper edge, z \[length\]
    pub to: f64,
}

/// A phase: a basin of P(N), refined by filled layers and by order where they are observed.
#[derive(Debug, Clone)]
pub struct Phase {
    /// Index as in the column `phase`.
    pub id: usize,
    /// Name for labels, e.g. `gas` or `N ≈ 12`.
    pub name: String,
    /// `[n_reservoirs]`, mean ⟨N_s⟩ over its area
    pub n: Vec<f64>,
    /// Mean ⟨E⟩ over its area \[energy\]
    pub energy: f64,
    /// Fraction of the unmasked map
    pub area_fraction: f64,
}

/// Averages within one phase, ⟨A⟩_i = ⟨χ_i A⟩/⟨χ_i⟩, at one point.
#[derive(Debug, Clone, Default)]
pub struct PhaseAverage {
    /// Index into `phases`.
    pub phase: usize,
    /// The simulated state; `None` at a point of a first-order boundary.
    pub state: Option<usize>,
    /// Scene unit.
    pub temperature: f64,
    /// `[n_reservoirs]`, column `mu_<s>` \[energy\]
    pub mu: Vec<f64>,
    /// Probability of the phase
    pub weight: f64,
    /// Its standard error
    pub weight_err: f64,
    /// Effective samples in the phase
    pub n_eff: f64,
    /// `[n_reservoirs]`, ⟨N_s⟩
    pub n: Vec<f64>,
    /// `[n_reservoirs]`, standard errors
    pub n_err: Vec<f64>,
    /// ⟨E⟩, potential \[energy\]
    pub energy: f64,
    /// Standard error of ⟨E⟩ \[energy\]
    pub energy_err: f64,
    /// `[n_observables]`, ⟨A⟩
    pub observables: Vec<f64>,
    /// `[n_observables]`, standard errors
    pub observables_err: Vec<f64>,
}

/// F of an order parameter at one point.
#[derive(Debug, Clone)]
pub struct Profile {
    /// Index into `observables`.
    pub observable: usize,
    /// Scene unit.
    pub temperature: f64,
    /// `[n_reservoirs]`
    pub mu: Vec<f64>,
    /// `[n_bins]`, centres of the bins
    pub value: Vec<f64>,
    /// `[n_bins]`
    pub p: Vec<f64>,
    /// `[n_bins]`, standard errors
    pub p_err: Vec<f64>,
    /// `[n_bins][N_max + 1]`, joint with N of the first reservoir species
    pub joint: Vec<Vec<f64>>,
    /// `[n_bins][N_max + 1]`, standard errors
    pub joint_err: Vec<Vec<f64>>,
}

/// P(N) of the reservoir species at one point.
#[derive(Debug, Clone)]
pub struct Distribution {
    /// Which reservoir species.
    pub reservoir: usize,
    /// Scene unit.
    pub temperature: f64,
    /// `[n_reservoirs]`
    pub mu: Vec<f64>,
    /// `[N_max + 1]`
    pub p_n: Vec<f64>,
    /// `[N_max + 1]`, standard errors
    pub p_n_err: Vec<f64>,
}

/// Averages of one state's own samples, no reweighting.
#[derive(Debug, Clone, Default)]
pub struct DirectAverage {
    /// `[n_reservoirs]`
    pub n: Vec<f64>,
    /// `[n_reservoirs]`, standard errors
    pub n_err: Vec<f64>,
    /// ⟨E⟩ \[energy\]
    pub energy: f64,
    /// Standard error of ⟨E⟩ \[energy\]
    pub energy_err: f64,
    /// Samples
    pub samples: u64,
    /// Statistical inefficiency g, in stored samples: the larger of those of E and N
    pub inefficiency: f64,
    /// `[n_reservoirs]`, standard errors of the isosteric heat \[energy\]
    pub q_st_err: Vec<f64>,
    /// `[n_reservoirs]`, N against its limit; empty for a state with a window
    pub at_limit: Vec<AtLimit>,
}

/// ⟨N⟩ per state from the first half of production against the MBAR estimate from the second half.
#[derive(Debug, Clone, Default)]
pub struct SplitHalf {
    /// `[n_states]`, the largest |z| over reservoir species; NaN where it cannot be computed
    pub z: Vec<f64>,
    /// States with |z| < 4
    pub agree: usize,
    /// States compared
    pub compared: usize,
    /// `[n_states][n_reservoirs]`, ⟨N_s⟩ of the first half, from the state's own samples
    pub first: Vec<Vec<f64>>,
    /// `[n_states][n_reservoirs]`, standard errors
    pub first_err: Vec<Vec<f64>>,
    /// `[n_states][n_reservoirs]`, ⟨N_s⟩ of MBAR over the second half
    pub second: Vec<Vec<f64>>,
    /// `[n_states][n_reservoirs]`, standard errors
    pub second_err: Vec<Vec<f64>>,
}

/// Displays and serialises a kind as its tables spell it.
macro_rules! spelled_by_as_str {
    ($($kind:ty),+) => {$(
        impl std::fmt::Display for $kind {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl Serialize for $kind {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }
    )+};
}

spelled_by_as_str!(BoundaryKind, Side, RidgeOf);
