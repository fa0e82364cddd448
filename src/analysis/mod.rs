//! From samples to statements: MBAR, maps, phases, errors. Never sees a backend.

pub mod bootstrap;
mod boundaries;
pub mod diagnostics;
mod direct;
mod distributions;
pub mod inefficiency;
mod map;
pub mod mbar;
mod phases;
mod pipeline;
mod split_half;
pub mod tables;
pub mod transition_matrix;

pub use pipeline::{AnalysisInput, analyze};

use crate::states::StateGrid;

/// Everything one analysis produces; written to `DIR/analysis` and drawn by `figures`.
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
    /// P(N) at chosen states.
    pub distributions: Vec<Distribution>,
    /// Direct averages per simulated state, from the stored samples.
    pub direct: Vec<DirectAverage>,
    /// First half of production against the map of the second.
    pub split_half: SplitHalf,
    /// `[n_states]`, statistical inefficiency in stored samples: the larger of the state series and the replica paths
    pub inefficiency: Vec<f64>,
    /// Checks of the run; [`diagnostics::check`] fills in all but the frozen states.
    pub checks: diagnostics::Checks,
    /// Whether ln Ξ is absolute (all but reservoir atoms frozen) or relative to the bare mobile slab at each T.
    pub ln_xi_is_absolute: bool,
}

/// MBAR free energies.
#[derive(Debug, Clone)]
pub struct FreeEnergies {
    /// `[n_states]`, f_k = −ln Ξ_k up to a constant; f_0 = 0.
    pub f_k: Vec<f64>,
    /// `[n_states]`, standard errors of f_k − f_0.
    pub f_k_err: Vec<f64>,
    /// `[n_states]`, samples of each state; may be zero.
    pub n_k: Vec<u64>,
    /// max|Δf| of the last self-consistency check.
    pub residual: f64,
    /// Iterations used.
    pub iterations: usize,
}

/// Averages on a rectangular grid in T and one axis per reservoir species.
#[derive(Debug, Clone, Default)]
pub struct Map {
    /// Temperatures, scene unit.
    pub temperatures: Vec<f64>,
    /// `[n_reservoirs]`, the values of each axis: `mu_<s>` for the map in μ, pressure for the map in p.
    pub axes: Vec<Vec<f64>>,
    /// Temperature slowest, then each reservoir axis in scene order.
    pub cells: Vec<MapCell>,
}

/// One cell of a [`Map`]. Per replica; energies in the scene's unit, responses in energy/temperature.
#[derive(Debug, Clone, Default)]
pub struct MapCell {
    /// Scene unit.
    pub temperature: f64,
    /// `[n_reservoirs]`, column `mu_<s>` [energy]
    pub mu: Vec<f64>,
    /// `[n_reservoirs]`
    pub ln_z: Vec<f64>,
    /// `[n_reservoirs]`, z kT in the scene's pressure unit
    pub pressure: Vec<f64>,
    /// `[n_reservoirs]`, ⟨N_s⟩
    pub n: Vec<f64>,
    /// `[n_reservoirs]`, standard errors
    pub n_err: Vec<f64>,
    /// ⟨E⟩, potential
    pub energy: f64,
    /// Standard error of ⟨E⟩
    pub energy_err: f64,
    /// Var E / (k_B T²)
    pub energy_fluctuation: f64,
    /// ∂⟨E⟩/∂T with the grid's convention fixed
    pub c_mu: f64,
    /// ∂⟨E⟩/∂T at fixed pressure of the reservoir gas
    pub c_p: f64,
    /// Canonical-like heat capacity, total
    pub c_vn: f64,
    /// `[n_reservoirs]`, β Var N_s
    pub susceptibility: Vec<f64>,
    /// ln Ξ
    pub ln_xi: f64,
    /// Standard error of ln Ξ
    pub ln_xi_err: f64,
    /// Effective samples behind this cell
    pub n_eff: f64,
    /// Index into `phases`
    pub phase: Option<usize>,
    /// Too few effective samples, or P(N_max) too high: every column but the axes and `n_eff` is left empty.
    pub masked: bool,
}

/// A phase: a basin of P(N).
#[derive(Debug, Clone)]
pub struct Phase {
    /// Index as in the column `phase`.
    pub id: usize,
    /// Name for labels, e.g. `gas` or `N ≈ 12`.
    pub name: String,
    /// `[n_reservoirs]`, mean ⟨N_s⟩ over its area
    pub n: Vec<f64>,
    /// Mean ⟨E⟩ over its area [energy]
    pub energy: f64,
    /// Fraction of the unmasked map
    pub area_fraction: f64,
}

/// A point of a phase boundary.
#[derive(Debug, Clone)]
pub struct BoundaryPoint {
    /// Phase on one side.
    pub phase_a: usize,
    /// Phase on the other side.
    pub phase_b: usize,
    /// `first_order`, `continuous`, `triple` or `critical`.
    pub kind: &'static str,
    /// Scene unit.
    pub temperature: f64,
    /// `[n_reservoirs]`, column `mu_<s>` [energy]
    pub mu: Vec<f64>,
    /// Standard error of μ of the species that crosses the boundary [energy]
    pub mu_err: f64,
    /// `[n_reservoirs]`, scene's pressure unit
    pub pressure: Vec<f64>,
    /// Pressure at μ − mu_err
    pub pressure_low: f64,
    /// Pressure at μ + mu_err
    pub pressure_high: f64,
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
    /// ⟨E⟩ [energy]
    pub energy: f64,
    /// Standard error of ⟨E⟩ [energy]
    pub energy_err: f64,
    /// Samples
    pub samples: u64,
    /// Statistical inefficiency g, in stored samples: the larger of those of E and N
    pub inefficiency: f64,
}

/// ⟨N⟩ per state from the first half of production against the MBAR estimate from the second half.
#[derive(Debug, Clone, Default)]
pub struct SplitHalf {
    /// `[n_states]`, the largest |z| over reservoir species; NaN where it cannot be said
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
