//! Exchanges tried and accepted, by edge and part of the run.

use serde::{Deserialize, Serialize};

/// Attempts and acceptances of one edge over all walkers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EdgeTally {
    /// Exchanges tried in production.
    pub attempts: u64,
    /// Exchanges accepted in production.
    pub accepted: u64,
    /// Of those, tried in the second half.
    pub attempts_second_half: u64,
    /// Of those, accepted in the second half.
    pub accepted_second_half: u64,
}

impl EdgeTally {
    pub(super) fn record(&mut self, period: Period, tried: u64, accepted: u64) {
        if period != Period::Equilibration {
            self.attempts += tried;
            self.accepted += accepted;
        }
        if period == Period::SecondHalf {
            self.attempts_second_half += tried;
            self.accepted_second_half += accepted;
        }
    }

    /// Adds the exchanges of other walkers.
    pub fn add(&mut self, other: &EdgeTally) {
        self.attempts += other.attempts;
        self.accepted += other.accepted;
        self.attempts_second_half += other.attempts_second_half;
        self.accepted_second_half += other.accepted_second_half;
    }

    /// Accepted per attempt; NaN without attempts.
    pub fn acceptance(&self) -> f64 {
        self.accepted as f64 / self.attempts as f64
    }

    /// The same in the second half of production: a cumulative rate hides an edge that died.
    pub fn acceptance_second_half(&self) -> f64 {
        self.accepted_second_half as f64 / self.attempts_second_half as f64
    }
}

/// Part of a run that a cycle belongs to, for its tallies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Period {
    /// Not tallied.
    Equilibration,
    /// Tallied.
    FirstHalf,
    /// Tallied, also as second half.
    SecondHalf,
}
