//! Compute pipelines of one plan, and the bindings they share.

use super::device::{GpuDevice, STORAGE_BUFFERS};
use super::plan::Plan;
use super::shaders::{Module, Product};
use crate::base::error::Result;
use std::cell::OnceCell;
use wgpu::{
    BindGroupLayout, BindingType, BufferBindingType, ComputePipeline, PipelineLayout, ShaderModule,
    ShaderModuleDescriptor,
};

/// One entry point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kernel {
    Integrate,
    Forces,
    Measure,
    InsertDelete,
    Identity,
    Displace,
    TrialEnergies,
    Apply,
    Assign,
    OpenSegment,
    CloseSegment,
    Bin,
    LargeStep,
    LargeForces,
    LargeEnergies,
}

impl Kernel {
    /// How many there are.
    const COUNT: usize = Kernel::LargeEnergies as usize + 1;

    /// Those of replicas that fit into workgroup memory.
    pub(super) const OF_SMALL: [Kernel; 11] = [
        Kernel::Integrate,
        Kernel::Forces,
        Kernel::Measure,
        Kernel::InsertDelete,
        Kernel::Identity,
        Kernel::Displace,
        Kernel::TrialEnergies,
        Kernel::Apply,
        Kernel::Assign,
        Kernel::OpenSegment,
        Kernel::CloseSegment,
    ];

    /// Those of larger ones.
    pub(super) const OF_LARGE: [Kernel; 4] =
        [Kernel::Bin, Kernel::LargeStep, Kernel::LargeForces, Kernel::LargeEnergies];

    pub(super) fn module_and_entry(self) -> (Module, &'static str) {
        match self {
            Kernel::Integrate => (Module::Integrate, "integrate"),
            Kernel::Forces => (Module::Integrate, "forces"),
            Kernel::Measure => (Module::Energy, "measure"),
            Kernel::InsertDelete => (Module::ParticleMoves, "insert_delete"),
            Kernel::Identity => (Module::ParticleMoves, "identity_changes"),
            Kernel::Displace => (Module::ParticleMoves, "displace"),
            Kernel::TrialEnergies => (Module::ParticleMoves, "trial_energies"),
            Kernel::Apply => (Module::ParticleMoves, "apply"),
            Kernel::Assign => (Module::Assign, "assign"),
            Kernel::OpenSegment => (Module::Segment, "open_segment"),
            Kernel::CloseSegment => (Module::Segment, "close_segment"),
            Kernel::Bin => (Module::IntegrateLarge, "bin"),
            Kernel::LargeStep => (Module::IntegrateLarge, "large_step"),
            Kernel::LargeForces => (Module::IntegrateLarge, "large_forces"),
            Kernel::LargeEnergies => (Module::IntegrateLarge, "large_energies"),
        }
    }
}

/// Every pipeline of one plan, compiled when it is first used.
pub(super) struct Pipelines {
    pub(super) layout: BindGroupLayout,
    pipeline_layout: PipelineLayout,
    compiled: [OnceCell<ComputePipeline>; Kernel::COUNT],
    plan: Plan,
}

/// What to install where the driver leaves compiling to a library that may be too old.
fn compilers(api: wgpu::Backend) -> &'static str {
    match api {
        // FXC, which DirectX falls back to, refuses barriers in loops whose ends it cannot see.
        wgpu::Backend::Dx12 => {
            " (for DirectX 12 put `dxcompiler.dll` of the DirectXShaderCompiler, 1.8.2502 or newer, beside the program, or \
             install a Vulkan driver)"
        }
        _ => "",
    }
}

impl Pipelines {
    /// No pipeline yet.
    pub(super) fn new(device: &GpuDevice, plan: &Plan) -> Result<Pipelines> {
        device.scoped("binding layouts", || {
            let layout = bind_group_layout(&device.device);
            let pipeline_layout = device.device.create_pipeline_layout(&wgpu::PipelineLayoutDescriptor {
                label: Some("adlayer.kernels"),
                bind_group_layouts: &[Some(&layout)],
                immediate_size: 0,
            });
            Pipelines { layout, pipeline_layout, compiled: Default::default(), plan: plan.clone() }
        })
    }

    /// Compiles a kernel unless that is done.
    pub(super) fn prepare(&self, device: &GpuDevice, kernel: Kernel) -> Result<()> {
        let slot = &self.compiled[kernel as usize];
        if slot.get().is_some() {
            return Ok(());
        }
        let (module, entry) = kernel.module_and_entry();
        let what = format!("compiling `{entry}`{}", compilers(device.info.backend));
        let pipeline = device.scoped(&what, || {
            device.device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
                label: Some(&format!("adlayer.{entry}")),
                layout: Some(&self.pipeline_layout),
                module: &shader_module(device, module, self.plan.form, self.plan.product),
                entry_point: Some(entry),
                compilation_options: wgpu::PipelineCompilationOptions {
                    constants: &self.plan.constants(module),
                    zero_initialize_workgroup_memory: false,
                },
                cache: None,
            })
        })?;
        slot.get_or_init(|| pipeline);
        Ok(())
    }

    /// The pipeline of a kernel that has been prepared.
    pub(super) fn of(&self, kernel: Kernel) -> &ComputePipeline {
        let Some(pipeline) = self.compiled[kernel as usize].get() else {
            unreachable!("a kernel is prepared when it is recorded")
        };
        pipeline
    }
}

/// A module, for pairs of a form. Checked in builds with debug assertions; release builds trust the indices, which tests have checked.
pub(super) fn shader_module(device: &GpuDevice, module: Module, form: &str, product: Product) -> ShaderModule {
    let device = &device.device;
    let descriptor = ShaderModuleDescriptor {
        label: Some(module.stem()),
        source: wgpu::ShaderSource::Wgsl(module.source(form, product).into()),
    };
    if cfg!(debug_assertions) {
        return device.create_shader_module(descriptor);
    }
    #[expect(unsafe_code, reason = "bounds checks and loop counters cost a fifth; the checked build runs every test")]
    // SAFETY: every index of the shaders is below the size of its buffer or array; loops are bounded by counts.
    unsafe {
        device.create_shader_module_trusted(descriptor, wgpu::ShaderRuntimeChecks::unchecked())
    }
}

/// Binding 0: parameters of the dispatch; 1: system table; the rest storage, as in layout.wgsl.
fn bind_group_layout(device: &wgpu::Device) -> BindGroupLayout {
    const READ_ONLY: [u32; 5] = [2, 6, 7, 10, 11];
    let entries: Vec<_> = (0..2 + STORAGE_BUFFERS)
        .map(|binding| {
            let ty = match binding {
                0 | 1 => BufferBindingType::Uniform,
                _ => BufferBindingType::Storage { read_only: READ_ONLY.contains(&binding) },
            };
            wgpu::BindGroupLayoutEntry {
                binding,
                visibility: wgpu::ShaderStages::COMPUTE,
                ty: BindingType::Buffer { ty, has_dynamic_offset: binding == 0, min_binding_size: None },
                count: None,
            }
        })
        .collect();
    device.create_bind_group_layout(&wgpu::BindGroupLayoutDescriptor {
        label: Some("adlayer.bindings"),
        entries: &entries,
    })
}

#[cfg(test)]
mod tests {
    use super::compilers;

    #[test]
    fn a_compiler_that_is_too_old_is_told_what_to_install() {
        assert!(compilers(wgpu::Backend::Dx12).contains("dxcompiler.dll"));
        assert_eq!(compilers(wgpu::Backend::Vulkan), "");
    }
}
