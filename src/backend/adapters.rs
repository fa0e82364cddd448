//! Adapters of GPUs, as users name them and as `adlayer doctor` shows them.

use super::Backend;
use crate::base::error::Error;

/// Which adapter the user asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AdapterChoice {
    /// A hardware GPU, never a software adapter.
    Hardware,
    /// The first hardware GPU, else a software adapter.
    Any,
    /// The first adapter whose name contains this, whatever its kind.
    Named(String),
    /// The adapter of this number in the list of `adlayer doctor`, from 0.
    Number(usize),
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
    /// Workgroup memory \[bytes\].
    pub workgroup_memory: u32,
    /// Largest storage binding \[bytes\].
    pub binding: u64,
    /// Why it was refused, if it was.
    pub refused: Option<String>,
}

/// What `gpu:all` opens.
pub struct AllGpus {
    /// A backend on every sound GPU.
    pub backends: Vec<Box<dyn Backend>>,
    /// Why each of the others was refused.
    pub refusals: Vec<Error>,
}
