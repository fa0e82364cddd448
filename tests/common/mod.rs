//! What every test file shares: backends, scenes as a user writes them, runs over independent walkers, statistics.

pub(crate) mod drift;
pub(crate) mod fluid;
pub(crate) mod henry;
pub(crate) mod reference;
pub(crate) mod run;
pub(crate) mod scene;
pub(crate) mod stats;

use adlayer::testing::backend::gpu::{AdapterChoice, open};
use std::sync::OnceLock;

/// The backends that every body runs on. `ADLAYER_TEST_BACKENDS=reference,cpu,gpu` names others: the bodies take long on
/// a software adapter, so `gpu` is not among them unless it is named.
pub(crate) fn backends() -> Vec<&'static str> {
    let Ok(named) = std::env::var("ADLAYER_TEST_BACKENDS") else { return vec!["reference", "cpu"] };
    let is_named = |name: &&str| named.split(',').any(|s| s == *name);
    ["reference", "cpu", "gpu"].into_iter().filter(is_named).filter(|&name| name != "gpu" || gpu_answers()).collect()
}

/// Whether there is a GPU, a software adapter included; asked once, and a failure where one is required.
fn gpu_answers() -> bool {
    static ANSWERS: OnceLock<bool> = OnceLock::new();
    *ANSWERS.get_or_init(|| match open(&AdapterChoice::Any) {
        Ok(_) => true,
        Err(error) if std::env::var_os("ADLAYER_REQUIRE_GPU").is_some_and(|v| v == "1") => {
            panic!("ADLAYER_REQUIRE_GPU=1, but {error}")
        }
        Err(error) => {
            stats::say(&format!("gpu skipped: {error}"));
            false
        }
    })
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
