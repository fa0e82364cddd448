//! Kernels as text: what the compiler of an adapter is given, for its statistics.

use super::device::{Traits, WORKGROUP_MEMORY};
use super::pipelines::Kernel;
use super::plan::Plan;
use super::shaders::Product;
use super::tuning::Tuning;
use super::work::is_mixed;
use crate::base::error::Result;
use crate::system::System;
use crate::system::configuration::Batch;

/// One kernel.
#[derive(Debug, Clone)]
pub struct KernelText {
    /// Its entry point.
    pub entry: &'static str,
    /// WGSL source of its module.
    pub source: String,
    /// Values of the override constants of the module.
    pub constants: Vec<(&'static str, f64)>,
}

/// The kernels of a system as an adapter with 64-bit integers and ample workgroup memory is given them.
///
/// - `keeps_order`: whether its compiler keeps the order of sums
///
/// # Errors
/// [`DeviceError`](crate::base::error::DeviceError) when the environment asks for what there is not, or a replica does not fit.
pub fn kernel_texts(system: &System, batch: &Batch, keeps_order: bool) -> Result<Vec<KernelText>> {
    let adapter = Traits {
        name: "none".to_owned(),
        workgroup_memory: WORKGROUP_MEMORY,
        pairs_per_dispatch: u64::MAX,
        keeps_order,
        product: Product::Wide,
    };
    let tuning = Tuning::from_environment()?;
    let bins = tuning.bins(system);
    let mut plan = Plan::new(system, &adapter, &tuning, bins.as_ref())?;
    plan.mixed = is_mixed(system, batch);
    let kernels: &[Kernel] = if plan.large { &Kernel::OF_LARGE } else { &Kernel::OF_SMALL };
    let text = |kernel: &Kernel| {
        let (module, entry) = kernel.module_and_entry();
        let source = module.source(plan.form, plan.product);
        KernelText { entry, source, constants: plan.constants(module) }
    };
    Ok(kernels.iter().map(text).collect())
}
