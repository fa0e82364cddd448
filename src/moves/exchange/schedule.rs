//! Which pairs of states are tried, and how often.

use serde::{Deserialize, Serialize};

/// Replica exchange, as a scene asks for it.
///
/// Which pair is tried depends on no configuration, and a pair is as likely drawn from one end as from the other: every
/// schedule leaves the joint distribution of all replicas as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Exchange {
    /// Deterministic even/odd pairs, alternating directions.
    EvenOdd {
        /// Cycles between exchanges.
        every: u32,
        /// Rounds each time; each tries the edges of one direction and one parity.
        #[serde(default = "one")]
        rounds: u32,
        /// Whether neighbours along two axes at once exchange too.
        #[serde(default)]
        diagonals: bool,
    },
    /// Edges drawn at random.
    Random {
        /// Cycles between exchanges.
        #[serde(default = "one")]
        every: u32,
        /// Swaps tried each time, for every state of the grid.
        #[serde(default = "swaps")]
        swaps: u32,
        /// Whether neighbours along two axes at once exchange too.
        #[serde(default)]
        diagonals: bool,
    },
}

fn one() -> u32 {
    1
}

fn swaps() -> u32 {
    50
}

impl Default for Exchange {
    fn default() -> Self {
        Exchange::EvenOdd { every: 1, rounds: 1, diagonals: false }
    }
}

impl Exchange {
    /// Cycles between exchanges.
    pub fn every(&self) -> u32 {
        match *self {
            Exchange::EvenOdd { every, .. } | Exchange::Random { every, .. } => every,
        }
    }

    /// Whether neighbours along two axes at once exchange too.
    pub fn diagonals(&self) -> bool {
        match *self {
            Exchange::EvenOdd { diagonals, .. } | Exchange::Random { diagonals, .. } => diagonals,
        }
    }
}
