//! Adapters: which there are, and which one the user meant.

use super::device::{GpuDevice, driver_of, is_software};
use super::self_test;
use super::tuning::Tuning;
use crate::backend::{AdapterChoice, AdapterReport};
use crate::base::error::{DeviceError, Error, Result};
use std::sync::{Arc, Mutex, PoisonError};
use wgpu::{Adapter, DeviceType, Instance, InstanceDescriptor};

/// Why there are no adapters, where there are none.
pub const WHY_NONE: &str = "no Vulkan, Metal or DirectX 12 driver answers";

fn adapters() -> Vec<Adapter> {
    let instance = Instance::new(InstanceDescriptor::new_without_display_handle());
    let mut adapters = pollster::block_on(instance.enumerate_adapters(wgpu::Backends::PRIMARY));
    // Hardware first, discrete before integrated; otherwise as the drivers list them.
    adapters.sort_by_key(|a| match a.get_info().device_type {
        DeviceType::DiscreteGpu => 0,
        DeviceType::VirtualGpu => 1,
        DeviceType::IntegratedGpu => 2,
        DeviceType::Other => 3,
        DeviceType::Cpu => 4,
    });
    adapters
}

/// Number of adapters that are not software, sound or not: they come first in every list.
pub fn hardware_adapters() -> usize {
    adapters().iter().filter(|adapter| !is_software(&adapter.get_info())).count()
}

/// Whether there is an adapter that is not software, sound or not.
pub fn has_hardware() -> bool {
    adapters().iter().any(|adapter| !is_software(&adapter.get_info()))
}

/// The name of the adapter that a choice would open, if it computes on the processor.
pub fn only_software(choice: &AdapterChoice) -> Option<String> {
    let mut all = adapters().into_iter().map(|adapter| adapter.get_info());
    let first = match choice {
        AdapterChoice::Hardware => None,
        AdapterChoice::Any => all.next(),
        AdapterChoice::Named(name) => all.find(|info| is_named(info, name)),
        AdapterChoice::Number(number) => all.nth(*number),
    };
    first.filter(is_software).map(|info| info.name)
}

/// All adapters with the result of their self-test; nothing stays open.
pub fn survey() -> Vec<AdapterReport> {
    let all = adapters();
    (0..all.len())
        .map(|number| {
            let (info, limits) = (all[number].get_info(), all[number].limits());
            AdapterReport {
                name: info.name.clone(),
                api: format!("{:?}", info.backend),
                kind: format!("{:?}", info.device_type),
                driver: driver_of(&info),
                software: is_software(&info),
                workgroup_memory: limits.max_compute_workgroup_storage_size,
                binding: limits.max_storage_buffer_binding_size,
                refused: open_adapter(&all, number).err().map(|e| e.to_string()),
            }
        })
        .collect()
}

/// Opens the adapter that was asked for, or hands out again what this process has open already.
///
/// # Errors
/// [`DeviceError`] when there is none, or it failed its self-test, with the reason.
pub fn open(choice: &AdapterChoice) -> Result<Arc<GpuDevice>> {
    static OPENED: Mutex<Vec<(AdapterChoice, Arc<GpuDevice>)>> = Mutex::new(Vec::new());
    let mut opened = OPENED.lock().unwrap_or_else(PoisonError::into_inner);
    opened.retain(|(_, device)| device.check().is_ok());
    if let Some((_, device)) = opened.iter().find(|(c, _)| c == choice) {
        return Ok(Arc::clone(device));
    }
    let device = open_anew(choice)?;
    opened.push((choice.clone(), Arc::clone(&device)));
    Ok(device)
}

/// Opens the adapter that was asked for, whatever is open already.
///
/// # Errors
/// As [`open`].
pub fn open_anew(choice: &AdapterChoice) -> Result<Arc<GpuDevice>> {
    // Said once, and not as the fault of every adapter.
    Tuning::from_environment()?;
    let all = adapters();
    let names: Vec<String> = all.iter().map(|a| format!("`{}`", a.get_info().name)).collect();
    let names = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
    let fits = |&number: &usize| {
        let info = all[number].get_info();
        match choice {
            AdapterChoice::Hardware => !is_software(&info),
            AdapterChoice::Any => true,
            AdapterChoice::Named(name) => is_named(&info, name),
            AdapterChoice::Number(wanted) => number == *wanted,
        }
    };
    let mut refusals = Vec::new();
    for number in (0..all.len()).filter(fits) {
        match open_adapter(&all, number) {
            Ok(device) => return Ok(device),
            Err(error) => refusals.push(error),
        }
    }
    if !refusals.is_empty() {
        return Err(DeviceError::AllRefused { refusals }.into());
    }
    let (wanted, remedy) = match choice {
        AdapterChoice::Hardware => (format!("hardware GPU (adapters: {names})"), "use --device cpu or reference"),
        AdapterChoice::Any => {
            ("GPU adapter".to_owned(), "install a Vulkan, Metal or DirectX 12 driver, or use --device cpu")
        }
        AdapterChoice::Named(name) => (format!("adapter named `{name}` (adapters: {names})"), "see `adlayer doctor`"),
        AdapterChoice::Number(number) => (format!("adapter {number} (from 0 on: {names})"), "see `adlayer doctor`"),
    };
    Err(DeviceError::NoAdapter { wanted, remedy }.into())
}

/// Every hardware GPU that is sound, with why each of the others is not; a software adapter where there is no other.
///
/// Where drivers of several kinds list the same cards, those of the first kind are taken.
///
/// # Errors
/// [`DeviceError`] when there is none, or none is sound.
pub fn open_all() -> Result<(Vec<Arc<GpuDevice>>, Vec<Error>)> {
    let all = adapters();
    let Some(api) = all.iter().map(Adapter::get_info).find(|info| !is_software(info)).map(|info| info.backend) else {
        return open(&AdapterChoice::Any).map(|device| (vec![device], Vec::new()));
    };
    let (mut devices, mut refusals, mut buses) = (Vec::new(), Vec::new(), Vec::new());
    for (number, info) in all.iter().map(Adapter::get_info).enumerate() {
        let bus = &info.device_pci_bus_id;
        if is_software(&info) || info.backend != api || (!bus.is_empty() && buses.contains(bus)) {
            continue;
        }
        buses.push(bus.clone());
        match open(&AdapterChoice::Number(number)) {
            Ok(device) => devices.push(device),
            Err(why) => refusals.push(why),
        }
    }
    if devices.is_empty() { Err(DeviceError::AllRefused { refusals }.into()) } else { Ok((devices, refusals)) }
}

/// Whether `gpu:NAME` means an adapter, if none stands before it.
fn is_named(info: &wgpu::AdapterInfo, name: &str) -> bool {
    info.name.to_lowercase().contains(&name.to_lowercase())
}

/// Opens the adapter of a number and tests it.
fn open_adapter(all: &[Adapter], number: usize) -> Result<Arc<GpuDevice>> {
    let info = all[number].get_info();
    let word = match all.iter().position(|other| is_named(&other.get_info(), &info.name)) {
        Some(first) if first == number => format!("gpu:{}", info.name),
        _ => format!("gpu:{number}"),
    };
    let mut device = GpuDevice::open(&all[number], word)?;
    let adapter = device.info.name.clone();
    let failed = |source: Error| DeviceError::SelfTest { adapter: adapter.clone(), source: Box::new(source) };
    device.keeps_order = self_test::keeps_order(&device).map_err(failed)?;
    let device = Arc::new(device);
    self_test::compare_with_reference(&device).map_err(failed)?;
    Ok(device)
}
