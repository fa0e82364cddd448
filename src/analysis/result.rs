//! What an analysis produces: maps, phases, boundaries, distributions, averages. Plain data with named kinds.

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
    /// `[n_reservoirs]`, column `mu_<s>` \[energy\]
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
    /// `[n_observables]`, ⟨A⟩
    pub observables: Vec<f64>,
    /// `[n_observables]`, standard errors
    pub observables_err: Vec<f64>,
    /// `[n_observables]`, Var A
    pub observables_var: Vec<f64>,
    /// Heats of adsorption, excess, and the gas above.
    pub adsorption: Adsorption,
    /// Effective samples behind this cell
    pub n_eff: f64,
    /// Index into `phases`
    pub phase: Option<usize>,
    /// Too few effective samples, or P(N_max) too high: every column but the axes and `n_eff` is left empty.
    pub masked: bool,
    /// Whether its averages may be quoted: not masked, not a mixture of basins whose boundary is unconverged, and not between
    /// states that no replica has bridged.
    pub quotable: bool,
}

/// Heats of adsorption, excess, and the gas above at one point. Vectors are `[n_reservoirs]`; NaN is what is not known.
#[derive(Debug, Clone, Default)]
pub struct Adsorption {
    /// Isosteric heat per atom \[energy\]
    pub q_st: Vec<f64>,
    /// Standard errors
    pub q_st_err: Vec<f64>,
    /// ⟨N_s⟩ less the gas that would fill the volume open to atoms
    pub excess: Vec<f64>,
    /// Atoms of the gas per volume [1/length³]
    pub gas_density: Vec<f64>,
    /// Pressure of the gas, all species together, scene's pressure unit; NaN if it is not known
    pub gas_pressure: Option<f64>,
    /// Standard error, of a pressure from ln Ξ
    pub gas_pressure_err: Option<f64>,
}

/// Henry's law of one species at one temperature, from the weights of no atom and of one atom in the cell.
#[derive(Debug, Clone, Default)]
pub struct Henry {
    /// Index of the reservoir species.
    pub reservoir: usize,
    /// Scene unit.
    pub temperature: f64,
    /// k_B T \[energy\]
    pub kt: f64,
    /// Atoms per area and pressure beyond those of the gas, (Q₁ − V)/(A kT), Q₁ = ∫ e^{−βu} dr of one atom
    /// [1/length²/pressure]
    pub constant: f64,
    /// Standard error of both constants
    pub constant_err: f64,
    /// All atoms in the cell per area and pressure, Q₁/(A kT)
    pub absolute: f64,
    /// Isosteric heat of the first atom, ∂ ln K/∂β of the constant \[energy\]
    pub q_st: f64,
    /// Standard error
    pub q_st_err: f64,
    /// The same of all atoms in the cell, kT − ⟨u⟩ \[energy\]
    pub q_st_absolute: f64,
    /// Standard error
    pub q_st_absolute_err: f64,
    /// B of the species with itself \[length³\]; NaN if it is not known
    pub second_virial: f64,
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

/// A point of a phase boundary.
#[derive(Debug, Clone)]
pub struct BoundaryPoint {
    /// Phase on one side.
    pub phase_a: usize,
    /// Phase on the other side.
    pub phase_b: usize,
    /// What kind of boundary it belongs to.
    pub kind: BoundaryKind,
    /// Index of the reservoir species along whose axis the boundary was crossed.
    pub species: usize,
    /// Scene unit.
    pub temperature: f64,
    /// Its standard error, for triple and critical points; 0 on a line, whose points are at given temperatures
    pub temperature_err: f64,
    /// `[n_reservoirs]`, column `mu_<s>` \[energy\]
    pub mu: Vec<f64>,
    /// Standard error of μ of the species that crosses the boundary \[energy\]
    pub mu_err: f64,
    /// `[n_reservoirs]`, scene's pressure unit
    pub pressure: Vec<f64>,
    /// Pressure at μ − mu_err
    pub pressure_low: f64,
    /// Pressure at μ + mu_err
    pub pressure_high: f64,
    /// Pressure of the gas of these activities by second virial coefficients, all species together, scene's pressure unit
    pub gas_pressure: Option<f64>,
    /// Slopes by Clausius–Clapeyron, of a first-order boundary.
    pub clapeyron: Option<Clapeyron>,
    /// Passages of replicas from one side to the other in either direction, over all replicas: of a first-order boundary,
    /// and of the nearest point of the lines that end or meet in a critical or triple point.
    pub crossings: Option<u64>,
}

impl BoundaryPoint {
    /// Whether replicas have crossed often enough for its errors to say something; what has too few crossings has none.
    pub fn is_converged(&self) -> bool {
        self.crossings.is_none_or(|n| n >= ENOUGH_CROSSINGS)
    }

    /// Spelling in the column `status` of `boundaries.csv`.
    pub fn status(&self) -> &'static str {
        if self.is_converged() { "converged" } else { "unconverged" }
    }
}

/// Crossings below which a boundary has no error: `docs/validation.md` has the rates of wrong judgements.
pub const ENOUGH_CROSSINGS: u64 = 20;

/// Slopes of a first-order boundary: from the two sides, and of the line itself.
///
/// d ln z/dβ|coex = ΔE/ΔN, hence d ln z/dT from the averages on either side.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Clapeyron {
    /// ΔE between the sides \[energy\]
    pub delta_energy: f64,
    /// ΔN of the species that crosses
    pub delta_n: f64,
    /// d ln z/dβ = ΔE/ΔN \[energy\]
    pub predicted: f64,
    /// The same from neighbouring points of the line; NaN for a lone point \[energy\]
    pub observed: f64,
    /// Depth of the valley between the basins \[kT\]
    pub depth: f64,
    /// Its standard error \[kT\]
    pub depth_err: f64,
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

/// The simulated state next to a boundary point on one side; its direct averages are in `direct`.
#[derive(Debug, Clone)]
pub struct BoundarySide {
    /// Index into `boundaries`.
    pub boundary: usize,
    /// On which side of the boundary the state lies.
    pub side: Side,
    /// Index of the state.
    pub state: usize,
    /// The phase that dominates there.
    pub phase: Option<usize>,
    /// `[n_reservoirs]`, ⟨N_s⟩ of MBAR
    pub n: Vec<f64>,
    /// `[n_reservoirs]`, standard errors
    pub n_err: Vec<f64>,
    /// ⟨E⟩ of MBAR \[energy\]
    pub energy: f64,
    /// Standard error of ⟨E⟩ \[energy\]
    pub energy_err: f64,
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

/// A maximum along the axis of one species.
#[derive(Debug, Clone)]
pub struct Ridge {
    /// What fluctuates.
    pub of: RidgeOf,
    /// Index of the reservoir species.
    pub reservoir: usize,
    /// Scene unit.
    pub temperature: f64,
    /// `[n_reservoirs]`, column `mu_<s>` \[energy\]
    pub mu: Vec<f64>,
    /// Value there.
    pub height: f64,
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

/// Kind of a phase boundary.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum BoundaryKind {
    /// Two basins of P(N) of equal probability, a valley between them.
    FirstOrder,
    /// Largest fluctuation of an order parameter; no valley.
    Continuous,
    /// Where three phases meet.
    Triple,
    /// Where a first-order line ends.
    Critical,
}

impl BoundaryKind {
    /// Every kind, lines first.
    pub const ALL: [BoundaryKind; 4] =
        [BoundaryKind::FirstOrder, BoundaryKind::Continuous, BoundaryKind::Triple, BoundaryKind::Critical];

    /// Spelling in the column `kind` of `boundaries.csv`.
    pub fn as_str(self) -> &'static str {
        match self {
            BoundaryKind::FirstOrder => "first_order",
            BoundaryKind::Continuous => "continuous",
            BoundaryKind::Triple => "triple",
            BoundaryKind::Critical => "critical",
        }
    }

    /// Whether its points lie along a line, at given temperatures; else each stands alone.
    pub fn is_line(self) -> bool {
        matches!(self, BoundaryKind::FirstOrder | BoundaryKind::Continuous)
    }
}

/// Side of a boundary, in μ of the species that crosses it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Side {
    /// At lower μ.
    Below,
    /// At higher μ.
    Above,
}

impl Side {
    /// Spelling in the column `side` of `boundary_sides.csv`.
    pub fn as_str(self) -> &'static str {
        match self {
            Side::Below => "below",
            Side::Above => "above",
        }
    }
}

/// Quantity whose fluctuation has a ridge.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum RidgeOf {
    /// Var E/(k_B T²).
    Energy,
    /// β Var N.
    Susceptibility,
}

impl RidgeOf {
    /// Spelling in the column `of` of `ridges.csv`.
    pub fn as_str(self) -> &'static str {
        match self {
            RidgeOf::Energy => "energy",
            RidgeOf::Susceptibility => "susceptibility",
        }
    }
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
