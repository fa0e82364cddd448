//! The backends that one body is run on.

use super::gpu;
use super::say::say;

/// The backends that every body runs on. `ADLAYER_TEST_BACKENDS=reference,cpu,gpu` names others: the bodies take long on
/// a software adapter, so `gpu` is not among them unless it is named.
fn backends() -> Vec<&'static str> {
    let Ok(named) = std::env::var("ADLAYER_TEST_BACKENDS") else { return vec!["reference", "cpu"] };
    let is_named = |name: &&str| named.split(',').any(|s| s == *name);
    let is_there = |name: &&str| *name != "gpu" || gpu::device().is_some();
    ["reference", "cpu", "gpu"].into_iter().filter(is_named).filter(is_there).collect()
}

/// Runs one body on all backends; the captured output of a failure names the one that failed.
pub(crate) fn on_every_backend(body: impl Fn(&str)) {
    for device in backends() {
        say(&format!("backend {device}"));
        body(device);
    }
}
