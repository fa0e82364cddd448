//! Commands are recorded and submitted together: one submission a cycle.

use super::device::GpuDevice;
use super::layout::Params;
use super::pipelines::{Kernel, Pipelines};
use crate::base::error::{Error, Result};
use bytemuck::Zeroable;
use std::sync::mpsc;
use wgpu::{BindGroup, Buffer, BufferUsages, CommandEncoder, Features, QuerySet};

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
    clock: Option<Clock>,
}

/// Timestamps around every pass of a cycle, where the adapter has them.
struct Clock {
    times: QuerySet,
    resolved: Buffer,
    readback: Buffer,
    /// Passes since the last readback.
    passes: u32,
    /// Passes of the cycle that is being read back.
    read: u32,
}

impl Clock {
    /// Passes of one cycle that are timed.
    const PASSES: u32 = 128;
    /// Two timestamps a pass.
    const BYTES: u64 = 16 * Clock::PASSES as u64;

    fn new(device: &GpuDevice) -> Result<Option<Clock>> {
        if !device.device.features().contains(Features::TIMESTAMP_QUERY) {
            return Ok(None);
        }
        let times = device.device.create_query_set(&wgpu::QuerySetDescriptor {
            label: Some("adlayer.times"),
            ty: wgpu::QueryType::Timestamp,
            count: 2 * Clock::PASSES,
        });
        let usage = BufferUsages::QUERY_RESOLVE | BufferUsages::COPY_SRC;
        let resolved = create_buffer(device, "adlayer.times", Clock::BYTES, usage)?;
        let usage = BufferUsages::MAP_READ | BufferUsages::COPY_DST;
        let readback = create_buffer(device, "adlayer.times_readback", Clock::BYTES, usage)?;
        Ok(Some(Clock { times, resolved, readback, passes: 0, read: 0 }))
    }
}

impl Recorder {
    /// An empty recorder.
    pub(super) fn new(device: &GpuDevice) -> Result<Recorder> {
        let usage = BufferUsages::UNIFORM | BufferUsages::COPY_DST;
        let params = create_buffer(device, "adlayer.params", (SLOT * SLOTS) as u64, usage)?;
        Ok(Recorder {
            params,
            bytes: Vec::with_capacity(SLOT * SLOTS),
            commands: Vec::with_capacity(SLOTS),
            clock: Clock::new(device)?,
        })
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
        let encoder = self.encode(device, pipelines, groups, copies);
        device.queue.submit([encoder.finish()]);
    }

    /// As [`Recorder::submit`], and the times of all passes since the last such call are read back.
    pub(super) fn submit_cycle(
        &mut self,
        device: &GpuDevice,
        pipelines: &Pipelines,
        groups: &[&BindGroup],
        copies: &[(&Buffer, &Buffer, u64)],
    ) {
        let mut encoder = self.encode(device, pipelines, groups, copies);
        if let Some(clock) = &mut self.clock {
            clock.read = std::mem::take(&mut clock.passes).min(Clock::PASSES);
            encoder.resolve_query_set(&clock.times, 0..2 * clock.read, &clock.resolved, 0);
            encoder.copy_buffer_to_buffer(&clock.resolved, 0, &clock.readback, 0, 16 * u64::from(clock.read));
        }
        device.queue.submit([encoder.finish()]);
    }

    fn encode(
        &mut self,
        device: &GpuDevice,
        pipelines: &Pipelines,
        groups: &[&BindGroup],
        copies: &[(&Buffer, &Buffer, u64)],
    ) -> CommandEncoder {
        if !self.bytes.is_empty() {
            device.queue.write_buffer(&self.params, 0, &self.bytes);
        }
        let mut encoder =
            device.device.create_command_encoder(&wgpu::CommandEncoderDescriptor { label: Some("adlayer.cycle") });
        if !self.commands.is_empty() {
            let timestamp_writes = self.clock.as_mut().and_then(|clock| {
                clock.passes += 1;
                let first = 2 * (clock.passes - 1);
                (clock.passes <= Clock::PASSES).then_some(wgpu::ComputePassTimestampWrites {
                    query_set: &clock.times,
                    beginning_of_pass_write_index: Some(first),
                    end_of_pass_write_index: Some(first + 1),
                })
            });
            let descriptor = wgpu::ComputePassDescriptor { label: Some("adlayer.cycle"), timestamp_writes };
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
        self.commands.clear();
        self.bytes.clear();
        encoder
    }

    /// Where the times of the last cycle are read back, with their bytes.
    pub(super) fn clock_readback(&self) -> Option<(&Buffer, u64)> {
        self.clock.as_ref().map(|clock| (&clock.readback, 16 * u64::from(clock.read)))
    }

    /// Time between the first and last instant of every pass of the last cycle, summed. [s]
    pub(super) fn busy_seconds(&self, device: &GpuDevice, times: &Mapped) -> Result<f64> {
        let bytes = times.bytes(device)?;
        let passes: &[[u64; 2]] = bytemuck::cast_slice(&bytes);
        let ticks: u64 = passes.iter().map(|[start, end]| end.saturating_sub(*start)).sum();
        Ok(ticks as f64 * f64::from(device.queue.get_timestamp_period()) * 1e-9)
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

/// A buffer that was mapped to be read; unmapped when it is dropped.
pub(super) struct Mapped {
    buffer: Buffer,
    size: u64,
}

impl Mapped {
    /// Its bytes.
    ///
    /// # Errors
    /// [`Error::Device`] when the device is lost.
    pub(super) fn bytes(&self, device: &GpuDevice) -> Result<wgpu::BufferView> {
        self.buffer.get_mapped_range(0..self.size).map_err(|e| unread(device, &e))
    }
}

impl Drop for Mapped {
    fn drop(&mut self) {
        self.buffer.unmap();
    }
}

fn unread(device: &GpuDevice, error: &wgpu::MapRangeError) -> Error {
    device.failed(format!("a result could not be read back: {error:?}"))
}

/// Waits for staging buffers and hands them over mapped.
///
/// # Errors
/// [`Error::Device`] when the device is lost.
pub(super) fn map(device: &GpuDevice, staging: &[(&Buffer, u64)]) -> Result<Vec<Mapped>> {
    let (sender, receiver) = mpsc::channel();
    for (buffer, size) in staging {
        let sender = sender.clone();
        buffer.map_async(wgpu::MapMode::Read, 0..*size, move |result| {
            // the receiver outlives every callback that still matters
            let _ = sender.send(result.is_ok());
        });
    }
    let waited = device.device.poll(wgpu::PollType::Wait { submission_index: None, timeout: device.patience });
    drop(sender);
    if let (Err(wgpu::PollError::Timeout), Some(patience)) = (&waited, device.patience) {
        return Err(device.hangs(patience));
    }
    let mapped = receiver.iter().take(staging.len()).filter(|&ok| ok).count();
    device.check()?;
    if let Err(error) = waited {
        return Err(device.failed(format!("it does not answer: {error}")));
    }
    if mapped != staging.len() {
        return Err(device.failed("a result could not be read back".to_owned()));
    }
    Ok(staging.iter().map(|(buffer, size)| Mapped { buffer: (*buffer).clone(), size: *size }).collect())
}

/// Waits for staging buffers and hands their bytes to `take`.
///
/// # Errors
/// [`Error::Device`] when the device is lost.
pub(super) fn read(device: &GpuDevice, staging: &[(&Buffer, u64)], mut take: impl FnMut(usize, &[u8])) -> Result<()> {
    for (index, mapped) in map(device, staging)?.iter().enumerate() {
        take(index, &mapped.bytes(device)?);
    }
    Ok(())
}
