//! Which pairs of states are tried, and how often.

use serde::{Deserialize, Serialize};

/// Replica exchange, as a scene asks for it.
///
/// Which pairs are tried depends on no configuration: any schedule leaves the joint distribution of all replicas as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Exchange {
    /// Deterministic even/odd pairs, alternating directions.
    EvenOdd {
        /// Cycles between exchanges.
        every: u32,
        /// Rounds each time; a round tries the edges of one direction and one parity.
        #[serde(default = "one")]
        rounds: u32,
        /// Whether neighbours along two axes at once exchange too.
        #[serde(default)]
        diagonals: bool,
    },
    /// Pairs drawn at random, one after the other.
    Random {
        /// Pairs tried in a walker each time.
        swaps: u32,
        /// Pairs that may be drawn.
        reach: Reach,
        /// Cycles between exchanges.
        #[serde(default = "one")]
        every: u32,
    },
}

/// Pairs of states among which one is drawn, each as likely as another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Reach {
    /// Neighbours along an axis, and windows with those that they serve.
    Axis,
    /// Neighbours along two axes at once too.
    Diagonal,
    /// Any two states.
    Any,
}

impl Exchange {
    /// Cycles between exchanges.
    pub fn every(self) -> u32 {
        let (Exchange::EvenOdd { every, .. } | Exchange::Random { every, .. }) = self;
        every
    }

    /// Whether neighbours along two axes at once are among the edges of the grid.
    pub fn has_diagonals(self) -> bool {
        match self {
            Exchange::EvenOdd { diagonals, .. } => diagonals,
            Exchange::Random { reach, .. } => reach != Reach::Axis,
        }
    }
}

fn one() -> u32 {
    1
}

impl Default for Exchange {
    /// Enough rounds for states to forget, within one exchange, which configurations they held (docs/benchmarks.md).
    fn default() -> Self {
        Exchange::EvenOdd { every: 1, rounds: 24, diagonals: true }
    }
}
