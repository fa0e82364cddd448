//! What everything stands on: errors, units, indices, addressed random numbers.

pub(crate) mod clock;
pub mod diagnostic;
pub mod elements;
pub mod error;
pub mod fault_injection;
pub mod ids;
pub mod rng;
pub(crate) mod rng_lanes;
pub mod units;

pub use error::{AnalysisError, DeviceError, Error, Result};
