//! Correlation times and resampling.

pub mod bootstrap;
pub mod inefficiency;
