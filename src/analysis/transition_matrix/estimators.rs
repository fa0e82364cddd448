//! Both estimates of Π(N) in each state. Plain data.

/// |z| beyond which the estimators disagree.
pub const ALARM: f64 = 4.0;

/// Both estimates of ln Π at one N, each normalised over the N that are compared.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PiAt {
    /// Atoms of the species.
    pub n: u16,
    /// ln Π from the transition matrix.
    pub tm: f64,
    /// Its standard error.
    pub tm_err: f64,
    /// ln Π from MBAR.
    pub mbar: f64,
    /// Its standard error.
    pub mbar_err: f64,
    /// Their difference in units of its own error by the joint bootstrap, as a normal deviate.
    pub z: f64,
}

/// Both estimators in one state, for one reservoir species.
#[derive(Debug, Clone, PartialEq)]
pub struct StateComparison {
    /// State.
    pub state: usize,
    /// Index of the reservoir species.
    pub reservoir: usize,
    /// The N that are compared, ascending and without gap.
    pub pi: Vec<PiAt>,
    /// ⟨N⟩ over these N from the transition matrix.
    pub n_tm: f64,
    /// Its standard error.
    pub n_tm_err: f64,
    /// ⟨N⟩ over these N from MBAR.
    pub n_mbar: f64,
    /// Its standard error.
    pub n_mbar_err: f64,
    /// Their difference in units of its own error, as a normal deviate.
    pub n_z: f64,
}

impl StateComparison {
    /// The largest |z| of ⟨N⟩ and of ln Π.
    pub fn worst(&self) -> f64 {
        self.pi.iter().map(|p| p.z.abs()).filter(|z| z.is_finite()).fold(self.n_z.abs(), f64::max)
    }

    /// Whether the estimators disagree.
    pub fn is_alarm(&self) -> bool {
        self.worst() > ALARM
    }
}

/// Comparison of the two estimators in all states.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Estimators {
    /// In the order (state, reservoir); states that cannot be compared are left out.
    pub states: Vec<StateComparison>,
    /// State–species pairs that could not be compared: one N only, or too few attempts, blocks or samples.
    pub skipped: usize,
}

impl Estimators {
    /// States in which the estimators disagree, the worst first.
    pub fn alarms(&self) -> Vec<&StateComparison> {
        let mut alarms: Vec<_> = self.states.iter().filter(|s| s.is_alarm()).collect();
        alarms.sort_by(|a, b| b.worst().total_cmp(&a.worst()));
        alarms
    }
}
