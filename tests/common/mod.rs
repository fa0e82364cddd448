//! What every test file shares: backends, scenes as a user writes them, runs over independent walkers, statistics.

pub(crate) mod fluid;
pub(crate) mod henry;
pub(crate) mod reference;
pub(crate) mod run;
pub(crate) mod scene;
pub(crate) mod stats;

/// The backends that exist; every body runs on all of them.
pub(crate) fn backends() -> Vec<&'static str> {
    vec!["reference", "cpu"]
}

/// Runs one body on all backends; the captured output of a failure names the one that failed.
pub(crate) fn on_every_backend(body: impl Fn(&str)) {
    for device in backends() {
        stats::say(&format!("backend {device}"));
        body(device);
    }
}

/// Relative rounding error of energies: `exact` for arithmetic in f64, what f32 pairs leave otherwise.
pub(crate) fn rounding(device: &str, exact: f64) -> f64 {
    if device == "reference" { exact } else { exact.max(1e-5) }
}
