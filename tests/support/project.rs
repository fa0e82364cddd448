//! Where the project lies.

use std::path::PathBuf;

/// The folder of the project: where the tests were built, unless `ADLAYER_PROJECT` says where it lies now.
pub(crate) fn project() -> PathBuf {
    std::env::var_os("ADLAYER_PROJECT").map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from)
}
