//! Correlation times and resampling.

pub mod blocks;
pub mod bootstrap;
pub mod cohorts;
pub mod collective;
pub mod inefficiency;
pub(crate) mod work;
