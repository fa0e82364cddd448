//! The grid of states.

use super::one_u32;
use serde::{Deserialize, Serialize};

/// The grid of states.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Grid {
    /// Temperatures.
    pub temperature: AxisValues,
    /// One axis per reservoir species.
    #[serde(default)]
    pub reservoir: Vec<GridReservoir>,
    /// Independent copies of the whole grid.
    #[serde(default = "one_u32")]
    pub walkers: u32,
}

/// The axis of one reservoir species.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GridReservoir {
    /// Its name.
    pub species: String,
    /// What the values mean.
    pub convention: ConventionSpec,
    /// The values.
    pub values: AxisValues,
}

/// What the values of a reservoir axis mean.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum ConventionSpec {
    /// μ' = kT ln(z σ³).
    Activity,
    /// Absolute μ.
    Absolute,
    /// Pressure of the ideal monatomic gas.
    Pressure,
    /// Pressure of the molecules of a gas of one element: a name of the library, or a file of gases with the name after
    /// a colon where it holds several, e.g. `gases.ron:D2`.
    Gas(String),
}

/// Values along an axis.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum AxisValues {
    /// As listed.
    List(Vec<f64>),
    /// `n` values, equal steps, both ends included.
    Linear {
        /// First value.
        from: f64,
        /// Last value.
        to: f64,
        /// How many.
        n: u32,
    },
    /// `n` values, equal ratios, both ends included.
    Geometric {
        /// First value.
        from: f64,
        /// Last value.
        to: f64,
        /// How many.
        n: u32,
    },
}
