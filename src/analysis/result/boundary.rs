//! Points of phase boundaries, and the states on their sides.

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
    /// The standard error of μ, infinite where it is not known \[energy\].
    pub(crate) fn error(&self) -> f64 {
        if self.mu_err.is_finite() { self.mu_err } else { f64::INFINITY }
    }

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
