//! The GPU of the tests: any adapter counts, a software one too.

use super::announce::announce;
use adlayer::testing::backend::AdapterChoice;
use adlayer::testing::backend::gpu::{GpuDevice, open};
use std::sync::{Arc, OnceLock};

/// The device of this test binary, opened once; `None` where there is none and none is required.
pub(crate) fn device() -> Option<Arc<GpuDevice>> {
    static DEVICE: OnceLock<Option<Arc<GpuDevice>>> = OnceLock::new();
    DEVICE
        .get_or_init(|| match open(&AdapterChoice::Any) {
            Ok(device) => Some(device),
            Err(error) if std::env::var_os("ADLAYER_REQUIRE_GPU").is_some_and(|v| v == "1") => {
                panic!("ADLAYER_REQUIRE_GPU=1, but {error}")
            }
            Err(error) => {
                announce(&format!("gpu skipped: {error}"));
                None
            }
        })
        .clone()
}
