//! Commands are recorded and submitted together: one submission a cycle.

use super::device::GpuDevice;
use super::layout::Params;
use super::pipelines::{Kernel, Pipelines};
use crate::error::{Error, Result};
use bytemuck::Zeroable;
use std::sync::mpsc;
use wgpu::{BindGroup, Buffer, BufferUsages};

/// Bytes between the parameters of two dispatches.
const SLOT: usize = 256;
/// Dispatches of one submission.
const SLOTS: usize = 256;

/// One dispatch to be submitted.
struct Command {
    kernel: Kernel,
    chunk: usize,
    workgroups: [u32; 2],
}

/// Dispatches that wait for their submission.
pub(super) struct Recorder {
    /// Parameters of all of them, one slot each.
    pub(super) params: Buffer,
    bytes: Vec<u8>,
    commands: Vec<Command>,
}

impl Recorder {
    /// An empty recorder.
    pub(super) fn new(device: &GpuDevice) -> Result<Recorder> {
        let usage = BufferUsages::UNIFORM | BufferUsages::COPY_DST;
        let params = create_buffer(device, "adlayer.params", (SLOT * SLOTS) as u64, usage)?;
        Ok(Recorder { params, bytes: Vec::with_capacity(SLOT * SLOTS), commands: Vec::with_capacity(SLOTS) })
    }

    /// Whether something waits.
    pub(super) fn is_empty(&self) -> bool {
        self.commands.is_empty()
    }

    /// Records one dispatch; submits what waits when there is no room for it.
    pub(super) fn dispatch(
        &mut self,
        device: &GpuDevice,
        pipelines: &Pipelines,
        groups: &[&BindGroup],
        (kernel, chunk, workgroups): (Kernel, usize, [u32; 2]),
        params: Params,
    ) -> Result<()> {
        pipelines.prepare(device, kernel)?;
        if self.commands.len() == SLOTS {
            self.submit(device, pipelines, groups, &[]);
        }
        self.bytes.extend_from_slice(bytemuck::bytes_of(&params));
        self.bytes.resize((self.commands.len() + 1) * SLOT, 0);
        self.commands.push(Command { kernel, chunk, workgroups });
        Ok(())
    }

    /// Submits everything that waits, then the copies.
    ///
    /// - `groups`: the bindings of every chunk
    /// - `copies`: (from, to, bytes)
    pub(super) fn submit(
        &mut self,
        device: &GpuDevice,
        pipelines: &Pipelines,
        groups: &[&BindGroup],
        copies: &[(&Buffer, &Buffer, u64)],
    ) {
        if !self.bytes.is_empty() {
            device.queue.write_buffer(&self.params, 0, &self.bytes);
        }
        let mut encoder =
            device.device.create_command_encoder(&wgpu::CommandEncoderDescriptor { label: Some("adlayer.cycle") });
        if !self.commands.is_empty() {
            let descriptor = wgpu::ComputePassDescriptor { label: Some("adlayer.cycle"), timestamp_writes: None };
            let mut pass = encoder.begin_compute_pass(&descriptor);
            for (slot, command) in self.commands.iter().enumerate() {
                pass.set_pipeline(pipelines.of(command.kernel));
                pass.set_bind_group(0, groups[command.chunk], &[(slot * SLOT) as u32]);
                pass.dispatch_workgroups(command.workgroups[0], command.workgroups[1], 1);
            }
        }
        for (from, to, bytes) in copies {
            encoder.copy_buffer_to_buffer(from, 0, to, 0, *bytes);
        }
        device.queue.submit([encoder.finish()]);
        self.commands.clear();
        self.bytes.clear();
    }
}

/// Size of the parameters that a dispatch sees.
pub(super) fn params_size() -> wgpu::BufferSize {
    wgpu::BufferSize::new(size_of_val(&Params::zeroed()) as u64).unwrap_or(wgpu::BufferSize::MIN)
}

/// A buffer of at least 16 bytes.
///
/// # Errors
/// [`Error::Device`] when the card has no room, with the size.
pub(super) fn create_buffer(device: &GpuDevice, label: &str, size: u64, usage: BufferUsages) -> Result<Buffer> {
    let size = size.max(16).next_multiple_of(4);
    let what = format!("no room for {size} bytes of `{label}`; fewer walkers or smaller max_atoms would fit");
    device.scoped(&what, || {
        device.device.create_buffer(&wgpu::BufferDescriptor {
            label: Some(label),
            size,
            usage,
            mapped_at_creation: false,
        })
    })
}

/// Waits for staging buffers and hands their bytes to `take`.
///
/// # Errors
/// [`Error::Device`] when the device is lost.
pub(super) fn read(device: &GpuDevice, staging: &[(&Buffer, u64)], mut take: impl FnMut(usize, &[u8])) -> Result<()> {
    let (sender, receiver) = mpsc::channel();
    for (buffer, size) in staging {
        let sender = sender.clone();
        buffer.map_async(wgpu::MapMode::Read, 0..*size, move |result| {
            // the receiver outlives every callback that still matters
            let _ = sender.send(result.is_ok());
        });
    }
    let waited = device.device.poll(wgpu::PollType::wait_indefinitely());
    drop(sender);
    let mapped = receiver.iter().take(staging.len()).filter(|&ok| ok).count();
    device.check()?;
    if let Err(error) = waited {
        return Err(Error::Device(format!("GPU `{}` does not answer: {error}", device.info.name)));
    }
    if mapped != staging.len() {
        return Err(Error::Device(format!("GPU `{}`: a result could not be read back", device.info.name)));
    }
    for (index, (buffer, size)) in staging.iter().enumerate() {
        let lost = |e| Error::Device(format!("GPU `{}`: a result could not be read back: {e:?}", device.info.name));
        take(index, &buffer.get_mapped_range(0..*size).map_err(lost)?);
        buffer.unmap();
    }
    Ok(())
}
