//! self_test: what an adapter must be able to do.   Twin: shaders/self_test.wgsl

use super::Gpu;
use super::device::GpuDevice;
use super::layout::MAGIC;
use super::pipelines::shader_module;
use super::recorder::{create_buffer, read};
use super::shaders::Module;
use crate::backend::Backend;
use crate::base::error::{DeviceError, Result};
use crate::base::ids::StateId;
use crate::base::rng::{KNOWN_ANSWERS, Rng};
use crate::forces::{ForceField, Pairwise};
use crate::potential::{Images, LennardJones, PairForm, PairTable, Truncation};
use crate::system::cell::Cell;
use crate::system::configuration::{Batch, Configuration};
use crate::system::{Dynamics, FrozenAtoms, Species, System};
use crate::thermo::states::StatePoint;
use glam::DVec3;
use std::sync::Arc;
use wgpu::BufferUsages;

/// Older software Vulkan stops loops after 65,535 iterations.
const ITERATIONS: u32 = 70_000;

/// Numbers to be rounded to the nearest integer.
const ROUNDED: [f32; 4] = [0.75, -0.6, 1.25, -3.49];

/// Whether the compiler keeps the order of float operations, and the loop and the integers are right.
///
/// # Errors
/// [`DeviceError`] saying what the adapter got wrong.
pub(super) fn keeps_order(device: &GpuDevice) -> Result<bool> {
    let answers = ask(device)?;
    if answers[0][0] != ITERATIONS {
        let what = format!("a loop of {ITERATIONS} ended after {}; install Mesa 25 or later", answers[0][0]);
        return Err(DeviceError::WrongAnswer { what }.into());
    }
    for (answer, (_, _, known)) in answers[1..].iter().zip(&KNOWN_ANSWERS) {
        if answer != known {
            let what = format!("Philox gives {answer:08x?} instead of {known:08x?}");
            return Err(DeviceError::WrongAnswer { what }.into());
        }
    }
    Ok(answers[4].iter().zip(ROUNDED).all(|(&bits, x)| bits == x.round().to_bits()))
}

fn ask(device: &GpuDevice) -> Result<Vec<[u32; 4]>> {
    let mut questions = vec![[ITERATIONS, 1, 0, 0]];
    for (counter, key, _) in &KNOWN_ANSWERS {
        questions.push(*counter);
        questions.push([key[0], key[1], 0, 0]);
    }
    questions.push(ROUNDED.map(f32::to_bits));
    // twice, where the kernels have it twice: no compiler may take it away from itself
    questions.push([MAGIC.to_bits(); 4]);
    let storage = BufferUsages::STORAGE | BufferUsages::COPY_SRC | BufferUsages::COPY_DST;
    let size = 16 * (2 + KNOWN_ANSWERS.len() as u64);
    let answers = create_buffer(device, "adlayer.answers", size, storage)?;
    let asked = create_buffer(device, "adlayer.questions", 16 * questions.len() as u64, storage)?;
    let staging = create_buffer(device, "adlayer.staging", size, BufferUsages::MAP_READ | BufferUsages::COPY_DST)?;
    device.queue.write_buffer(&asked, 0, bytemuck::cast_slice(&questions));
    device.scoped("the self-test", || {
        let pipeline = device.device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
            label: Some("adlayer.self_test"),
            layout: None,
            module: &shader_module(device, Module::SelfTest, LennardJones::SHADER, device.product),
            entry_point: Some("self_test"),
            compilation_options: wgpu::PipelineCompilationOptions::default(),
            cache: None,
        });
        let group = device.device.create_bind_group(&wgpu::BindGroupDescriptor {
            label: Some("adlayer.self_test"),
            layout: &pipeline.get_bind_group_layout(0),
            entries: &[
                wgpu::BindGroupEntry { binding: 0, resource: answers.as_entire_binding() },
                wgpu::BindGroupEntry { binding: 1, resource: asked.as_entire_binding() },
            ],
        });
        let mut encoder = device.device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
        {
            let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor::default());
            pass.set_pipeline(&pipeline);
            pass.set_bind_group(0, &group, &[]);
            pass.dispatch_workgroups(1, 1, 1);
        }
        encoder.copy_buffer_to_buffer(&answers, 0, &staging, 0, size);
        device.queue.submit([encoder.finish()]);
    })?;
    let mut result = Vec::new();
    read(device, &[(&staging, size)], |_, bytes| result = bytemuck::cast_slice(bytes).to_vec())?;
    Ok(result)
}

/// Forces and energy of one small replica with pairs across both borders.
///
/// # Errors
/// [`DeviceError`] with both numbers.
pub(super) fn compare_with_reference(device: &Arc<GpuDevice>) -> Result<()> {
    let (system, x) = example();
    let system = Arc::new(system);
    let pairwise = Pairwise::new(Arc::clone(&system));
    let mut wanted = Vec::new();
    let state = StatePoint { temperature: 1.0, kt: 1.0, ln_z: Vec::new(), window: None };
    let mut gpu = Gpu::new(Arc::clone(device), Arc::clone(&system), Rng::new(1))?;
    gpu.load(&Batch { configurations: vec![x] }, &[state], &[StateId(0)])?;
    let mut held = Batch::default();
    gpu.store(&mut held)?;
    let x = &held.configurations[0];
    pairwise.energy_and_forces(x, &mut wanted)?;
    let scale = wanted.iter().map(|f| f.length()).fold(0.0, f64::max);
    let forces = &gpu.forces()?[0];
    for (slot, (ours, reference)) in forces.iter().zip(&wanted).enumerate() {
        if (*ours - *reference).length() > 1e-4 * scale || !ours.is_finite() {
            let what = format!("force {ours} on atom {slot}, the reference gives {reference}");
            return Err(DeviceError::WrongAnswer { what }.into());
        }
    }
    let (energy, audit) = (gpu.measure()?[0].energy, pairwise.audit(x)?);
    let allowed = gpu.info().energy_tolerance * audit.magnitude;
    if (energy - audit.energy).abs() <= allowed {
        Ok(())
    } else {
        let what = format!("energy {energy}, the reference gives {} ± {allowed:.1e}", audit.energy);
        Err(DeviceError::WrongAnswer { what }.into())
    }
}

/// A loose lattice of 27 atoms over 9 frozen ones, off the lattice sites by irregular steps.
fn example() -> (System, Configuration) {
    let mut x = Configuration::default();
    let mut frozen = FrozenAtoms::default();
    for k in 0..36_u32 {
        let site = DVec3::new(f64::from(k % 3), f64::from(k / 3 % 3), f64::from(k / 9));
        let k = f64::from(k);
        let noise = DVec3::new((7.1 * k).sin(), (3.3 * k).sin(), (5.7 * k).sin());
        let position = DVec3::new(0.1, 0.1, -0.9) + 1.8 * site + 0.25 * noise.max(DVec3::splat(-0.3));
        if k < 9.0 {
            frozen.positions.push(position);
            frozen.species.push(0);
        } else {
            x.insert(1, position, DVec3::ZERO);
        }
    }
    let species = |name: &str| Species { name: name.into(), symbol: name.into(), mass: 1.0 };
    let system = System {
        species: vec![species("A"), species("B")],
        pairs: PairTable::new(2, 2.5, Truncation::Shifted, false, |a, b| {
            LennardJones::new(1.0 + 0.2 * (a + b) as f64, 1.0)
        }),
        external: vec![Vec::new(); 2],
        cell: Cell::slab(DVec3::new(5.4, 5.5, 6.0), 0.0),
        images: Images::Sum,
        frozen,
        reservoirs: Vec::new(),
        insertion: None,
        bonds: None,
        capacity: 27,
        dynamics: Dynamics::Verlet { dt: 0.001, steps: 1, redraw: false },
    };
    (system, x)
}
