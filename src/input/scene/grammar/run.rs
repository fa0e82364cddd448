//! How atoms move, and for how long.

use super::one_u32;
pub use crate::moves::exchange::Exchange;
pub use crate::system::Dynamics;
use serde::{Deserialize, Serialize};

/// How the time of a cycle is divided between dynamics and particle moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Balance {
    /// As many steps (or displacement attempts) as `dynamics` says.
    #[default]
    Fixed,
    /// At most so many: equilibration chooses as many as cost what the particle moves cost, and divides attempts among the states.
    Auto,
}

/// Particle moves of a cycle.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Moves {
    /// Insertion and deletion attempts per replica and cycle.
    pub insert_delete: u32,
    /// Attempts per replica and cycle at changes of an atom from one reservoir species into another; filled in where two
    /// species have a reservoir.
    #[serde(default)]
    pub identity: u32,
    /// Where atoms are inserted.
    #[serde(default)]
    pub insertion: Insertion,
}

/// Where atoms are inserted.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Insertion {
    /// Everywhere in the region alike.
    #[default]
    Uniform,
    /// Where slab and fields attract an atom more often than elsewhere.
    #[serde(alias = "Table")]
    Biased {
        /// Share of the positions that are drawn from e^{−βu} of one atom alone; unset: chosen in equilibration, for
        /// every state.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        henry: Option<f64>,
        /// Trial positions of an attempt.
        #[serde(default = "one_u32")]
        trials: u32,
    },
    /// About atoms of the top layer of the slab, where they bind.
    Bonds {
        /// Species of those atoms, the hosts.
        hosts: String,
        /// Least and greatest length of a bond \[length\].
        shell: (f64, f64),
        /// Half-angle of a cap about a dangling bond \[degree\].
        cap: f64,
        /// Shares of the positions that are drawn anywhere, in half-shells above hosts, and in caps.
        #[serde(default = "shares_of_bonds")]
        shares: (f64, f64, f64),
        /// Atoms of the hosts' species closer than this are bonded \[length\]; unset: 1.17 of their shortest distance.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        neighbours: Option<f64>,
    },
}

fn shares_of_bonds() -> (f64, f64, f64) {
    (0.2, 0.3, 0.5)
}

/// Length of the run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Schedule {
    /// Cycles that are not sampled.
    pub equilibration: u32,
    /// Cycles that are.
    pub production: u32,
    /// Cycles between stored samples.
    #[serde(default = "one_u32")]
    pub sample_every: u32,
    /// Stored samples are thinned to this many per state.
    #[serde(default = "max_samples_per_state")]
    pub max_samples_per_state: u32,
    /// Sample until an error is small enough.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Until>,
    /// Production cycles after which `until` gives up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_cycles: Option<u32>,
    /// Further runs at most that `until` makes beside this one, over states that it lacks.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub refine: u32,
}

fn is_zero(n: &u32) -> bool {
    *n == 0
}

fn max_samples_per_state() -> u32 {
    20_000
}

/// When to stop.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Until {
    /// Every phase boundary known to this standard error of μ.
    BoundaryError {
        /// \[energy\]
        mu: f64,
        /// Lowest and highest temperature that counts; unset: all.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        temperature: Option<(f64, f64)>,
    },
    /// Every point of a first-order line known to this standard error of μ.
    FirstOrderError {
        /// \[energy\]
        mu: f64,
        /// Lowest and highest temperature that counts; unset: all.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        temperature: Option<(f64, f64)>,
    },
}

impl Until {
    /// The standard error of μ that is wanted \[energy\].
    pub fn mu(&self) -> f64 {
        match self {
            Until::BoundaryError { mu, .. } | Until::FirstOrderError { mu, .. } => *mu,
        }
    }

    /// Lowest and highest temperature of the points that count; `None` for all.
    pub fn temperature(&self) -> Option<(f64, f64)> {
        match self {
            Until::BoundaryError { temperature, .. } | Until::FirstOrderError { temperature, .. } => *temperature,
        }
    }
}
