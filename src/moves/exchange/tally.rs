//! Exchanges tried and accepted, by edge and part of the run.

use serde::{Deserialize, Serialize};

/// Attempts and acceptances of one edge over all walkers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EdgeTally {
    /// Exchanges tried in production.
    pub attempts: u64,
    /// Exchanges accepted in production.
    pub accepted: u64,
}

impl EdgeTally {
    pub(super) fn record(&mut self, period: Period, tried: u64, accepted: u64) {
        if period == Period::Production {
            self.attempts += tried;
            self.accepted += accepted;
        }
    }

    /// Adds the exchanges of other walkers.
    pub fn add(&mut self, other: &EdgeTally) {
        self.attempts += other.attempts;
        self.accepted += other.accepted;
    }

    /// Accepted per attempt; NaN without attempts.
    pub fn acceptance(&self) -> f64 {
        self.accepted as f64 / self.attempts as f64
    }

    /// What was tried and accepted since an earlier tally.
    ///
    /// - `earlier`: of the same edge
    pub fn since(&self, earlier: &EdgeTally) -> EdgeTally {
        EdgeTally { attempts: self.attempts - earlier.attempts, accepted: self.accepted - earlier.accepted }
    }
}

/// Part of a run that a cycle belongs to, for its tallies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Period {
    /// Not tallied.
    Equilibration,
    /// Tallied.
    Production,
}
