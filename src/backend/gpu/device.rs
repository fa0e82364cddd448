//! An open device with explicit limits, and what its driver reports.

use super::shaders::Product;
use super::tuning::Tuning;
use crate::base::error::{DeviceError, Error, Result};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use wgpu::{Adapter, DeviceType, ErrorFilter, Features, Limits};

/// Storage buffers that one kernel binds.
pub(super) const STORAGE_BUFFERS: u32 = 14;
/// Workgroup memory asked for where the adapter has it [bytes].
pub(super) const WORKGROUP_MEMORY: u32 = 48 * 1024;

/// An open device; what [`open`](super::open) hands out has passed the self-test.
pub struct GpuDevice {
    pub(super) device: wgpu::Device,
    pub(super) queue: wgpu::Queue,
    pub(super) info: wgpu::AdapterInfo,
    /// What opens it again: by its name, or by its number where several have that name.
    pub(super) word: String,
    pub(super) limits: Limits,
    /// Whether (x + c) − c rounds: some compilers take it for x.
    pub(super) keeps_order: bool,
    /// How random numbers are multiplied.
    pub(super) product: Product,
    /// How long an answer is waited for; `None` where there is no limit.
    pub(super) patience: Option<Duration>,
    trouble: Arc<Mutex<Option<String>>>,
}

/// Time after which a card that does not answer hangs: its kernels are cut to pieces of a tenth of a second.
const PATIENCE: Duration = Duration::from_secs(120);

/// What a plan asks of an adapter.
#[derive(Debug, Clone)]
pub(super) struct Traits {
    /// Its name.
    pub(super) name: String,
    /// Workgroup memory \[bytes\].
    pub(super) workgroup_memory: u32,
    /// Pair evaluations of one dispatch that stay under 100 ms.
    pub(super) pairs_per_dispatch: u64,
    /// Whether (x + c) − c rounds.
    pub(super) keeps_order: bool,
    /// How random numbers are multiplied.
    pub(super) product: Product,
}

impl std::fmt::Debug for GpuDevice {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("GpuDevice").field("info", &self.info).finish_non_exhaustive()
    }
}

/// Whether an adapter computes on a CPU.
pub(super) fn is_software(info: &wgpu::AdapterInfo) -> bool {
    info.device_type == DeviceType::Cpu
}

/// Name and version of the driver.
pub(super) fn driver_of(info: &wgpu::AdapterInfo) -> String {
    [info.driver.as_str(), info.driver_info.as_str()].join(" ").trim().to_owned()
}

/// Keeps the first trouble only: what follows is its consequence.
fn note(place: &Mutex<Option<String>>, what: String) {
    place.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(what);
}

impl GpuDevice {
    /// Opens an adapter with explicit limits; its self-test is still to come.
    ///
    /// - `word`: what opens it again
    ///
    /// # Errors
    /// [`Error::Device`] when it does not have what a kernel needs, or does not open.
    pub(super) fn open(adapter: &Adapter, word: String) -> Result<GpuDevice> {
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
        let features = adapter.features() & (Features::TIMESTAMP_QUERY | Features::SHADER_INT64);
        let product = if features.contains(Features::SHADER_INT64) { Product::Wide } else { Product::Halves };
        let request = wgpu::DeviceDescriptor {
            label: Some("adlayer.device"),
            required_features: features,
            required_limits: limits.clone(),
            memory_hints: wgpu::MemoryHints::Performance,
            ..Default::default()
        };
        let (device, queue) = pollster::block_on(adapter.request_device(&request))
            .map_err(|e| refuse(format!("it does not open: {e}")))?;
        let trouble = Arc::new(Mutex::new(None));
        let (lost, uncaptured) = (Arc::clone(&trouble), Arc::clone(&trouble));
        device.set_device_lost_callback(move |reason, message| {
            note(&lost, format!("device lost ({reason:?}): {message}"))
        });
        device.on_uncaptured_error(Arc::new(move |error| note(&uncaptured, error.to_string())));
        // A software adapter under load takes as long as it takes.
        let hangs_after = (info.device_type != DeviceType::Cpu).then_some(PATIENCE);
        let patience = Tuning::from_environment()?.patience.or(hangs_after);
        Ok(GpuDevice { device, queue, info, word, limits, keeps_order: false, product, patience, trouble })
    }

    /// Name, API and driver; a software adapter says so.
    pub fn describe(&self) -> String {
        let kind = if self.is_software() { ", software adapter: right numbers, slowly" } else { "" };
        format!("{} ({:?}, {}{kind})", self.info.name, self.info.backend, driver_of(&self.info))
    }

    /// Its driver, with the version where it tells one.
    pub fn driver(&self) -> String {
        driver_of(&self.info)
    }

    /// Whether it computes on a CPU.
    pub fn is_software(&self) -> bool {
        is_software(&self.info)
    }

    /// What a plan asks of it.
    pub(super) fn traits(&self) -> Traits {
        Traits {
            name: self.info.name.clone(),
            workgroup_memory: self.limits.max_compute_workgroup_storage_size,
            pairs_per_dispatch: self.pairs_per_dispatch(),
            keeps_order: self.keeps_order,
            product: self.product,
        }
    }

    /// Pair evaluations of one dispatch that stay under 100 ms, by the kind of card: 40 and 5 · 10⁹ pairs/s are slow ones.
    /// A software adapter has no watchdog.
    fn pairs_per_dispatch(&self) -> u64 {
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

    /// What is wrong when it has not answered for its patience; from now on it is not asked again.
    pub(super) fn hangs(&self, patience: Duration) -> Error {
        let what = format!(
            "it has not answered for {} s: the card or its driver hangs (dmesg or the driver's log may say why); \
             ADLAYER_GPU_PATIENCE=SECONDS waits longer",
            patience.as_secs_f64()
        );
        note(&self.trouble, what);
        // To let it go would wait for it, without an end.
        std::mem::forget((self.device.clone(), self.queue.clone()));
        self.check().err().unwrap_or_else(|| self.failed("it does not answer".to_owned()))
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
