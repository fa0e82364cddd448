//! Adapters: which there are, which one the user meant, and an open device with explicit limits.

use super::self_test;
use crate::base::error::{DeviceError, Error, Result};
use std::sync::{Arc, Mutex, PoisonError};
use wgpu::{Adapter, DeviceType, ErrorFilter, Features, Instance, InstanceDescriptor, Limits};

/// Storage buffers that one kernel binds.
pub(super) const STORAGE_BUFFERS: u32 = 14;
/// Workgroup memory asked for where the adapter has it [bytes].
const WORKGROUP_MEMORY: u32 = 48 * 1024;

/// Which adapter the user asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AdapterChoice {
    /// A hardware GPU, never a software adapter.
    Hardware,
    /// The first hardware GPU, else a software adapter.
    Any,
    /// The first adapter whose name contains this, whatever its kind.
    Named(String),
}

/// An open device that has passed the self-test.
pub struct GpuDevice {
    pub(super) device: wgpu::Device,
    pub(super) queue: wgpu::Queue,
    pub(super) info: wgpu::AdapterInfo,
    pub(super) limits: Limits,
    /// Whether (x + c) − c rounds: some compilers take it for x.
    pub(super) keeps_order: bool,
    trouble: Arc<Mutex<Option<String>>>,
}

impl std::fmt::Debug for GpuDevice {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("GpuDevice").field("info", &self.info).finish_non_exhaustive()
    }
}

/// What `doctor` shows of one adapter.
#[derive(Debug, Clone)]
pub struct AdapterReport {
    /// As the driver names it.
    pub name: String,
    /// `Vulkan`, `Metal`, `Dx12`.
    pub api: String,
    /// Discrete, integrated, software, …
    pub kind: String,
    /// Name and version of the driver.
    pub driver: String,
    /// Whether it computes on a CPU.
    pub software: bool,
    /// Workgroup memory [bytes].
    pub workgroup_memory: u32,
    /// Largest storage binding [bytes].
    pub binding: u64,
    /// Why it was refused, if it was.
    pub refused: Option<String>,
}

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

fn is_software(info: &wgpu::AdapterInfo) -> bool {
    info.device_type == DeviceType::Cpu
}

fn driver_of(info: &wgpu::AdapterInfo) -> String {
    [info.driver.as_str(), info.driver_info.as_str()].join(" ").trim().to_owned()
}

/// Whether there is an adapter that is not software, sound or not.
pub fn has_hardware() -> bool {
    adapters().iter().any(|adapter| !is_software(&adapter.get_info()))
}

/// All adapters with the result of their self-test; nothing stays open.
pub fn survey() -> Vec<AdapterReport> {
    adapters()
        .iter()
        .map(|adapter| {
            let (info, limits) = (adapter.get_info(), adapter.limits());
            AdapterReport {
                name: info.name.clone(),
                api: format!("{:?}", info.backend),
                kind: format!("{:?}", info.device_type),
                driver: driver_of(&info),
                software: is_software(&info),
                workgroup_memory: limits.max_compute_workgroup_storage_size,
                binding: limits.max_storage_buffer_binding_size,
                refused: open_adapter(adapter).err().map(|e| e.to_string()),
            }
        })
        .collect()
}

/// Opens the adapter that was asked for, or hands out again what this process has open already.
///
/// # Errors
/// [`Error::Device`] when there is none, or it failed its self-test, with the reason.
pub fn open(want: &AdapterChoice) -> Result<Arc<GpuDevice>> {
    static OPENED: Mutex<Vec<(AdapterChoice, Arc<GpuDevice>)>> = Mutex::new(Vec::new());
    let mut opened = OPENED.lock().unwrap_or_else(PoisonError::into_inner);
    opened.retain(|(_, device)| device.check().is_ok());
    if let Some((_, device)) = opened.iter().find(|(w, _)| w == want) {
        return Ok(Arc::clone(device));
    }
    let device = open_anew(want)?;
    opened.push((want.clone(), Arc::clone(&device)));
    Ok(device)
}

/// Opens the adapter that was asked for, whatever is open already.
///
/// # Errors
/// As [`open`].
pub fn open_anew(want: &AdapterChoice) -> Result<Arc<GpuDevice>> {
    let all = adapters();
    let names: Vec<String> = all.iter().map(|a| format!("`{}`", a.get_info().name)).collect();
    let names = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
    let fits = |adapter: &&Adapter| {
        let info = adapter.get_info();
        match want {
            AdapterChoice::Hardware => !is_software(&info),
            AdapterChoice::Any => true,
            AdapterChoice::Named(name) => info.name.to_lowercase().contains(&name.to_lowercase()),
        }
    };
    let mut refusals = Vec::new();
    for adapter in all.iter().filter(fits) {
        match open_adapter(adapter) {
            Ok(device) => {
                return Ok(device);
            }
            Err(error) => refusals.push(error),
        }
    }
    if !refusals.is_empty() {
        return Err(DeviceError::AllRefused { refusals }.into());
    }
    let (wanted, remedy) = match want {
        AdapterChoice::Hardware => (format!("hardware GPU (adapters: {names})"), "use --device cpu or reference"),
        AdapterChoice::Any => {
            ("GPU adapter".to_owned(), "install a Vulkan, Metal or DirectX 12 driver, or use --device cpu")
        }
        AdapterChoice::Named(name) => (format!("adapter named `{name}` (adapters: {names})"), "see `adlayer doctor`"),
    };
    Err(DeviceError::NoAdapter { wanted, remedy }.into())
}

fn open_adapter(adapter: &Adapter) -> Result<Arc<GpuDevice>> {
    let info = adapter.get_info();
    let refuse = |reason: String| Error::from(DeviceError::Refused { adapter: info.name.clone(), reason });
    let has = adapter.limits();
    if has.max_storage_buffers_per_shader_stage < STORAGE_BUFFERS {
        return Err(refuse(format!(
            "a kernel needs {STORAGE_BUFFERS} storage buffers, it has {}",
            has.max_storage_buffers_per_shader_stage
        )));
    }
    let limits = Limits {
        max_storage_buffers_per_shader_stage: STORAGE_BUFFERS,
        max_storage_buffer_binding_size: has.max_storage_buffer_binding_size,
        max_buffer_size: has.max_buffer_size,
        max_compute_workgroup_storage_size: has.max_compute_workgroup_storage_size.min(WORKGROUP_MEMORY),
        ..Limits::defaults()
    };
    let timestamps = adapter.features() & Features::TIMESTAMP_QUERY;
    let request = wgpu::DeviceDescriptor {
        label: Some("adlayer.device"),
        required_features: timestamps,
        required_limits: limits.clone(),
        memory_hints: wgpu::MemoryHints::Performance,
        ..Default::default()
    };
    let (device, queue) =
        pollster::block_on(adapter.request_device(&request)).map_err(|e| refuse(format!("it does not open: {e}")))?;
    let trouble = Arc::new(Mutex::new(None));
    let (lost, uncaptured) = (Arc::clone(&trouble), Arc::clone(&trouble));
    device.set_device_lost_callback(move |reason, message| note(&lost, format!("device lost ({reason:?}): {message}")));
    device.on_uncaptured_error(Arc::new(move |error| note(&uncaptured, error.to_string())));
    let failed = |source: Error| DeviceError::SelfTest { adapter: info.name.clone(), source: Box::new(source) };
    let mut device = GpuDevice { device, queue, info: info.clone(), limits, keeps_order: false, trouble };
    device.keeps_order = self_test::keeps_order(&device).map_err(failed)?;
    let device = Arc::new(device);
    self_test::compare_with_reference(&device).map_err(failed)?;
    Ok(device)
}

/// Keeps the first trouble only: what follows is its consequence.
fn note(place: &Mutex<Option<String>>, what: String) {
    place.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(what);
}

impl GpuDevice {
    /// Name, API and driver; a software adapter says so.
    pub fn describe(&self) -> String {
        let kind = if self.is_software() { ", software adapter: right numbers, slowly" } else { "" };
        format!("{} ({:?}, {}{kind})", self.info.name, self.info.backend, driver_of(&self.info))
    }

    /// Whether it computes on a CPU.
    pub fn is_software(&self) -> bool {
        is_software(&self.info)
    }

    /// Pair evaluations of one dispatch that stay under 100 ms, by the kind of card: 40 and 5 · 10⁹ pairs/s are slow ones.
    /// A software adapter has no watchdog.
    pub(super) fn pairs_per_dispatch(&self) -> u64 {
        match self.info.device_type {
            DeviceType::DiscreteGpu => 4_000_000_000,
            DeviceType::Cpu => 1_000_000_000,
            DeviceType::IntegratedGpu | DeviceType::VirtualGpu | DeviceType::Other => 500_000_000,
        }
    }

    /// Destroys the device, as a driver reset would: for tests.
    pub fn lose(&self) {
        self.device.destroy();
        note(&self.trouble, "device lost (Destroyed): by request".into());
    }

    /// What the driver reported since the device was opened.
    ///
    /// # Errors
    /// [`Error::Device`] with the driver's word.
    pub fn check(&self) -> Result<()> {
        match &*self.trouble.lock().unwrap_or_else(PoisonError::into_inner) {
            None => Ok(()),
            Some(what) => Err(self.failed(format!("{what}; the run can be resumed from its last checkpoint"))),
        }
    }

    /// The error of this device with what its driver said.
    pub(super) fn failed(&self, problem: String) -> Error {
        DeviceError::Failed { device: self.info.name.clone(), problem }.into()
    }

    /// Runs `make` inside error scopes.
    ///
    /// # Errors
    /// [`Error::Device`] when the driver refuses; `what` names the object.
    pub(super) fn scoped<T>(&self, what: &str, make: impl FnOnce() -> T) -> Result<T> {
        let memory = self.device.push_error_scope(ErrorFilter::OutOfMemory);
        let validation = self.device.push_error_scope(ErrorFilter::Validation);
        let internal = self.device.push_error_scope(ErrorFilter::Internal);
        let made = make();
        let errors = [internal, validation, memory].map(|scope| pollster::block_on(scope.pop()));
        match errors.into_iter().flatten().next() {
            None => Ok(made),
            Some(error) => Err(self.failed(format!("{what}: {error}"))),
        }
    }
}
