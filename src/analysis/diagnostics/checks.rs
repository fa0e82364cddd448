//! Results of the checks of a run: diagnostics of states and edges, trends of boundaries, and the verdict. Plain data.

use crate::analysis::beginning::Beginning;
use crate::analysis::diagnostics::flow::Flow;
use crate::analysis::hysteresis::ExcludedState;
use crate::analysis::limit::AtLimit;
use crate::analysis::transition_matrix::Estimators;
use crate::analysis::windows::WindowCheck;
use crate::thermo::states::Edge;

/// All checks of one analysis.
#[derive(Debug, Clone, Default)]
pub struct Checks {
    /// States whose even and odd walkers do not agree: masked, and their samples excluded.
    pub excluded: Vec<ExcludedState>,
    /// Transition matrix against MBAR; absent where the run kept no tallies.
    pub estimators: Option<Estimators>,
    /// Absent unless the run was checked.
    pub diagnostics: Option<Diagnostics>,
    /// Summary of all checks in words.
    pub verdict: Verdict,
}

/// Diagnostics of one state.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct StateCheck {
    /// Stored samples.
    pub samples: u64,
    /// Statistical inefficiency of the state's series, in stored samples.
    pub g_series: f64,
    /// The same along the paths of its replicas.
    pub g_path: f64,
    /// Independent samples: stored ones over the larger inefficiency.
    pub independent: f64,
    /// Share of what is analysed after which the state is in equilibrium.
    pub start: f64,
    /// Factor by which independent samples grow if what is before is left out.
    pub start_gain: f64,
    /// z between even and odd walkers; NaN where there is nothing to compare.
    pub hysteresis: f64,
    /// Whether it is excluded.
    pub excluded: bool,
    /// Index of the connected component of the grid.
    pub component: usize,
    /// Index of the part of the grid whose samples overlap; `None` without samples.
    pub part: Option<u32>,
    /// `[n_reservoirs]`, N against its limit.
    pub at_limit: Vec<AtLimit>,
    /// Whether its averages may be quoted: not excluded, with enough independent samples, not at a limit of N, and not a
    /// mixture of basins whose boundary is unconverged.
    pub quotable: bool,
}

/// What a sum over states says of equilibrium, and how much of it a run holds.
#[derive(Debug, Clone, PartialEq)]
pub struct SumCheck {
    /// The runs whose states they are, where runs with other grids are analysed together.
    pub runs: Option<String>,
    /// What is summed: E (0) or the N of a reservoir species (1, …).
    pub column: usize,
    /// Temperature of the states, scene unit; `None` if it is all of them.
    pub temperature: Option<f64>,
    /// The second half of production less the first, in standard errors.
    pub halves: f64,
    /// Odd walkers less even ones, in standard errors; NaN where these are not compared.
    pub starts: f64,
    /// Independent samples of the sum in the run: how often the replicas as a whole have forgotten where they were.
    pub independent: f64,
}

/// Diagnostics of one edge.
#[derive(Debug, Clone, PartialEq)]
pub struct EdgeCheck {
    /// The edge.
    pub edge: Edge,
    /// Exchanges tried in production.
    pub attempts: u64,
    /// Acceptance over all of production; NaN where it is not known.
    pub acceptance: f64,
    /// Acceptance in each window of production.
    pub windows: Vec<f64>,
    /// Acceptance over the later half of the windows.
    pub recent: f64,
    /// Overlap O_ab of the samples of its states.
    pub overlap: f64,
    /// Whether it joins its states: a recent acceptance of 1 %, or where that is not known an overlap of 3 %.
    pub usable: bool,
    /// States to add between its states so that samples would join them; 0 where they do, or where more samples would.
    pub lacking: usize,
}

/// Quality of a run from its samples and tallies.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Diagnostics {
    /// `[n_states]`
    pub states: Vec<StateCheck>,
    /// `[n_edges]`
    pub edges: Vec<EdgeCheck>,
    /// States with a window.
    pub windows: Vec<WindowCheck>,
    /// Along every axis with more than one value.
    pub flows: Vec<Flow>,
    /// 1 − λ₂ of the overlap matrix.
    pub spectral_gap: f64,
    /// Connected components of the grid through usable edges.
    pub n_components: usize,
    /// Parts of the grid whose samples do not overlap.
    pub n_parts: usize,
    /// What was left out at the beginning of runs, because sums over states drift there.
    pub beginnings: Vec<Beginning>,
    /// Sums over states, by halves of production (what is left of it) and of walkers.
    pub sums: Vec<SumCheck>,
    /// First-order boundaries by length of the run.
    pub trends: Vec<Trend>,
    /// Whether even and odd walkers could be compared, and whether they were started differently.
    pub halves: (bool, bool),
    /// Runs that are analysed together.
    pub n_runs: usize,
    /// Cycles between two stored samples.
    pub stride: u32,
    /// Cycles of production that are analysed, of the longest run.
    pub production: u32,
}

/// Shares of production from which boundaries are found.
pub const SHARES: [f64; 4] = [0.25, 0.5, 0.75, 1.0];

/// A first-order boundary point as it is found from the first part of production.
#[derive(Debug, Clone, PartialEq)]
pub struct Trend {
    /// The phases on its sides.
    pub phases: (usize, usize),
    /// Scene unit.
    pub temperature: f64,
    /// The species whose N tells the sides apart.
    pub species: usize,
    /// μ of it from a quarter, a half, three quarters and all of production \[energy\]; NaN where one side is missing.
    pub mu: [f64; 4],
    /// Standard error of the last \[energy\].
    pub mu_err: f64,
    /// What the second half changed, in units of the standard error that two independent halves would leave.
    pub z: f64,
}

/// Weight of a sentence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mood {
    /// As it should be.
    Good,
    /// Worth knowing; nothing is wrong.
    Remark,
    /// Some results may not be quoted; the others may.
    Caution,
    /// Reason not to trust the run.
    Poor,
}

/// A statement of the verdict.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sentence {
    /// Its weight.
    pub mood: Mood,
    /// The statement with its remedy.
    pub words: String,
}

/// Whether a run can be trusted, and what to change.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Verdict {
    /// No sentence is a reason against it.
    pub trusted: bool,
    /// The statements; the first sums up.
    pub sentences: Vec<Sentence>,
    /// Temperatures to add, scene unit.
    pub add_temperatures: Vec<f64>,
    /// Values of μ to add: (reservoir species, column `mu_<s>` at the lowest temperature) \[energy\].
    pub add_mu: Vec<(usize, f64)>,
}
