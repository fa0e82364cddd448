//! The backend of a name.

use super::{Backend, cpu, gpu, reference};
use crate::base::error::{DeviceError, Result};
use crate::base::rng::Rng;
use crate::forces::{ForceField, Pairwise};
use crate::system::System;
use std::sync::Arc;

/// Opens the backend that the user asked for: `auto`, `reference`, `cpu`, `gpu` or `gpu:NAME`. It sums the pairs and
/// fields of the system.
///
/// # Errors
/// [`DeviceError`] when there is none of that name.
pub fn open(device: &str, system: Arc<System>, rng: Rng) -> Result<Box<dyn Backend>> {
    let pairwise = Arc::new(Pairwise::new(Arc::clone(&system)));
    open_with_note(device, system, pairwise, rng).map(|(backend, _)| backend)
}

/// As [`open`] for any force field, with why `auto` passed over a hardware GPU, if it did.
///
/// # Errors
/// As [`open`], and where the device is none that `force_field` moves atoms on.
pub fn open_with_note(
    device: &str,
    system: Arc<System>,
    force_field: Arc<dyn ForceField>,
    rng: Rng,
) -> Result<(Box<dyn Backend>, Option<String>)> {
    if !force_field.is_pairwise() {
        return match device {
            "auto" | "reference" => Ok((Box::new(reference::Reference::with_forces(system, force_field, rng)), None)),
            other => {
                Err(DeviceError::NotPairwise { device: other.to_owned(), force_field: force_field.describe() }.into())
            }
        };
    }
    if device == "auto" {
        // A software adapter is never what `auto` means.
        return match gpu::backend(&gpu::AdapterChoice::Hardware, Arc::clone(&system), rng) {
            Ok(backend) => Ok((backend, None)),
            Err(why) => {
                let note = gpu::has_hardware().then(|| format!("the GPU was passed over: {why}"));
                Ok((without_gpu(system, rng)?, note))
            }
        };
    }
    open_named(device, system, rng).map(|backend| (backend, None))
}

fn open_named(device: &str, system: Arc<System>, rng: Rng) -> Result<Box<dyn Backend>> {
    match device {
        "reference" => Ok(Box::new(reference::Reference::new(system, rng))),
        "cpu" => Ok(Box::new(cpu::Cpu::new(system, rng)?)),
        "gpu" => gpu::backend(&gpu::AdapterChoice::Any, system, rng),
        named if named.starts_with("gpu:") => {
            gpu::backend(&gpu::AdapterChoice::Named(named[4..].to_owned()), system, rng)
        }
        other => Err(DeviceError::Unknown { name: other.to_owned() }.into()),
    }
}

/// What `auto` takes without a GPU.
fn without_gpu(system: Arc<System>, rng: Rng) -> Result<Box<dyn Backend>> {
    if system.minimum_image_suffices() {
        Ok(Box::new(cpu::Cpu::new(system, rng)?))
    } else {
        Ok(Box::new(reference::Reference::new(system, rng)))
    }
}
