//! What the bodies share: scenes as a user writes them, runs over independent walkers, statistics.

pub(crate) mod drift;
pub(crate) mod fluid;
pub(crate) mod henry;
pub(crate) mod reference;
pub(crate) mod run;
pub(crate) mod scene;
pub(crate) mod stats;

/// Relative rounding error of energies: `exact` for arithmetic in f64, what f32 pairs leave otherwise.
pub(crate) fn rounding(device: &str, exact: f64) -> f64 {
    if device == "reference" { exact } else { exact.max(1e-5) }
}
