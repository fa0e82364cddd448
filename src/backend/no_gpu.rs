//! What stands in place of the GPU backend in a build without the feature `gpu`: there are no adapters.

use super::{AdapterChoice, AdapterReport, AllGpus, Backend};
use crate::base::error::{DeviceError, Result};
use crate::base::rng::Rng;
use crate::system::System;
use std::sync::Arc;

/// Why there are no adapters.
pub const WHY_NONE: &str = "built without the feature `gpu`";

/// Number of adapters that are not software: none.
pub fn hardware_adapters() -> usize {
    0
}

/// Whether there is an adapter that is not software: no.
pub fn has_hardware() -> bool {
    false
}

/// The name of the software adapter that a choice would open: none.
pub fn only_software(_: &AdapterChoice) -> Option<String> {
    None
}

/// All adapters: none.
pub fn survey() -> Vec<AdapterReport> {
    Vec::new()
}

/// Refuses to open a GPU.
///
/// # Errors
/// Always [`DeviceError::NotBuilt`].
pub fn backend(_: &AdapterChoice, _: Arc<System>, _: Rng) -> Result<Box<dyn Backend>> {
    Err(DeviceError::NotBuilt.into())
}

/// Refuses to open GPUs.
///
/// # Errors
/// Always [`DeviceError::NotBuilt`].
pub fn backends(_: &Arc<System>, _: Rng) -> Result<AllGpus> {
    Err(DeviceError::NotBuilt.into())
}
