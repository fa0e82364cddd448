//! The backend of a name.

use super::{AdapterChoice, AllGpus, Backend, DeviceChoice, DeviceName, Several, Shared, cpu, gpu, reference};
use crate::base::error::{DeviceError, Error, Result};
use crate::base::rng::Rng;
use crate::forces::{ForceField, Pairwise};
use crate::system::System;
use std::sync::Arc;

/// Opens the backend that the user asked for, as [`DeviceChoice`] reads it. It sums the pairs and fields of the system.
///
/// # Errors
/// [`DeviceError`] when there is none of that name.
pub fn open(device: &str, system: Arc<System>, rng: Rng) -> Result<Box<dyn Backend>> {
    let pairwise = Arc::new(Pairwise::new(Arc::clone(&system)));
    open_with_note(device, system, pairwise, rng).map(|(backend, _)| backend)
}

/// As [`open`] for any force field, with why a hardware GPU was passed over, if one was.
///
/// # Errors
/// As [`open`], and where the device is none that `force_field` moves atoms on.
pub fn open_with_note(
    device: &str,
    system: Arc<System>,
    force_field: Arc<dyn ForceField>,
    rng: Rng,
) -> Result<(Box<dyn Backend>, Option<String>)> {
    let choice = device.parse().map_err(|remedy| DeviceError::Unknown { name: device.to_owned(), remedy })?;
    if !force_field.is_pairwise() {
        return match choice {
            DeviceChoice::Auto | DeviceChoice::One(DeviceName::Reference) => {
                Ok((Box::new(reference::Reference::with_forces(system, force_field, rng)), None))
            }
            _ => {
                Err(DeviceError::NotPairwise { device: device.to_owned(), force_field: force_field.describe() }.into())
            }
        };
    }
    match choice {
        // A software adapter is never what `auto` means.
        DeviceChoice::Auto => match gpu::backend(&AdapterChoice::Hardware, Arc::clone(&system), rng) {
            Ok(backend) => Ok((backend, None)),
            Err(why) => {
                let note = gpu::has_hardware().then(|| passed_over(&[why]));
                Ok((without_gpu(system, rng)?, note))
            }
        },
        DeviceChoice::AllGpus => {
            let AllGpus { backends, refusals } = gpu::backends(&system, rng)?;
            let note = (!refusals.is_empty()).then(|| passed_over(&refusals));
            Ok((one_of(backends, None, system, rng), note))
        }
        DeviceChoice::One(device) => Ok((open_one(&device, system, rng)?, None)),
        DeviceChoice::Several(shared) => {
            let shares: Option<Vec<u32>> = shared.iter().map(|s| s.share.map(u32::from)).collect();
            let open = |Shared { device, .. }: &Shared| open_one(device, Arc::clone(&system), rng);
            let backends = shared.iter().map(open).collect::<Result<Vec<_>>>()?;
            Ok((one_of(backends, shares.as_deref(), system, rng), None))
        }
    }
}

fn open_one(device: &DeviceName, system: Arc<System>, rng: Rng) -> Result<Box<dyn Backend>> {
    match device {
        DeviceName::Reference => Ok(Box::new(reference::Reference::new(system, rng))),
        DeviceName::Cpu => Ok(Box::new(cpu::Cpu::new(system, rng)?)),
        DeviceName::Gpu | DeviceName::GpuNamed(_) | DeviceName::GpuNumber(_) => {
            gpu::backend(&device.adapter().unwrap_or(AdapterChoice::Any), system, rng)
        }
    }
}

impl DeviceName {
    /// The adapter that it means; `None` where it is the processor.
    pub fn adapter(&self) -> Option<AdapterChoice> {
        match self {
            DeviceName::Reference | DeviceName::Cpu => None,
            DeviceName::Gpu => Some(AdapterChoice::Any),
            DeviceName::GpuNamed(name) => Some(AdapterChoice::Named(name.clone())),
            DeviceName::GpuNumber(number) => Some(AdapterChoice::Number(*number)),
        }
    }
}

/// Several devices as one, or the only one as it is.
fn one_of(
    mut backends: Vec<Box<dyn Backend>>,
    shares: Option<&[u32]>,
    system: Arc<System>,
    rng: Rng,
) -> Box<dyn Backend> {
    match backends.pop() {
        Some(only) if backends.is_empty() => only,
        last => {
            backends.extend(last);
            Box::new(Several::new(backends, shares, system, rng))
        }
    }
}

fn passed_over(why: &[Error]) -> String {
    let why: Vec<String> = why.iter().map(ToString::to_string).collect();
    format!("a GPU was passed over: {}", why.join("; "))
}

/// What `auto` takes without a GPU.
fn without_gpu(system: Arc<System>, rng: Rng) -> Result<Box<dyn Backend>> {
    if system.minimum_image_suffices() {
        Ok(Box::new(cpu::Cpu::new(system, rng)?))
    } else {
        Ok(Box::new(reference::Reference::new(system, rng)))
    }
}
