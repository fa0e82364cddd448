//! Work of a cycle: recording it, splitting it into short dispatches, reading it back.

use super::chunk::Chunk;
use super::device::GpuDevice;
use super::layout::{
    Params, StateRecord, TRIAL_DELETE, TRIAL_DISPLACE, TRIAL_IDENTITY, TRIAL_INSERT, TRIAL_NONE, TrialRecord,
    atom_record, inside_walls,
};
use super::pipelines::{Kernel, Pipelines};
use super::recorder::{Mapped, create_buffer, map, params_size, read};
use super::{Gpu, REPLICAS_PER_DISPATCH};
use crate::backend::{CycleResult, Ensemble, KeptConfigurations};
use crate::base::error::Result;
use crate::moves::{Edit, Trial};
use crate::system::System;
use crate::system::configuration::{Batch, Counts, Measurement};
use glam::DVec3;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Instant;
use wgpu::{BindGroup, Buffer, BufferUsages};

/// Whether mobile atoms are or can be of several species.
pub(super) fn is_mixed(system: &System, batch: &Batch) -> bool {
    let reservoirs = system.reservoirs.iter().map(|r| r.species);
    let mobile: BTreeSet<u8> =
        batch.configurations.iter().flat_map(|x| x.species.iter().copied()).chain(reservoirs).collect();
    mobile.len() > 1
}

impl Gpu {
    pub(super) fn pipelines(&self) -> &Pipelines {
        let Some(pipelines) = &self.pipelines else { unreachable!("nothing is dispatched before something is loaded") };
        pipelines
    }

    /// Compiles the kernels, unless those at hand fit.
    pub(super) fn compile(&mut self, batch: &Batch) -> Result<()> {
        let mixed = is_mixed(&self.ensemble.system, batch);
        if self.pipelines.is_none() || mixed != self.plan.mixed {
            self.plan.mixed = mixed;
            self.pipelines = Some(Pipelines::new(&self.device, &self.plan)?);
        }
        Ok(())
    }

    /// Binds the buffers of all chunks.
    pub(super) fn bind(&mut self) {
        self.loaded.groups = self.loaded.chunks.iter().map(|chunk| self.bind_group(chunk, &chunk.scratch)).collect();
    }

    fn bind_group(&self, chunk: &Chunk, scratch: &Buffer) -> BindGroup {
        let params = self.recorder.borrow().params.clone();
        let Some(states) = &self.loaded.state_records else { unreachable!("states are loaded before they are bound") };
        let buffers = [
            &self.table,
            &self.frozen,
            &chunk.positions,
            &chunk.velocities,
            &chunk.replicas,
            &chunk.order,
            states,
            &chunk.tallies,
            &chunk.results,
            &chunk.trials,
            &chunk.assignments,
            scratch,
            &chunk.lists,
            &chunk.stale_steps,
            &chunk.log,
        ];
        let window = wgpu::BufferBinding { buffer: &params, offset: 0, size: Some(params_size()) };
        let mut entries = vec![wgpu::BindGroupEntry { binding: 0, resource: wgpu::BindingResource::Buffer(window) }];
        for (k, buffer) in buffers.into_iter().enumerate() {
            entries.push(wgpu::BindGroupEntry { binding: k as u32 + 1, resource: buffer.as_entire_binding() });
        }
        self.device.device.create_bind_group(&wgpu::BindGroupDescriptor {
            label: Some("adlayer.bindings"),
            layout: &self.pipelines().layout,
            entries: &entries,
        })
    }

    pub(super) fn dispatch(&self, kernel: Kernel, chunk: usize, workgroups: u32, params: Params) -> Result<()> {
        self.dispatch_grid(kernel, chunk, [workgroups, 1], params)
    }

    fn dispatch_grid(&self, kernel: Kernel, chunk: usize, workgroups: [u32; 2], params: Params) -> Result<()> {
        let groups: Vec<&BindGroup> = self.loaded.groups.iter().collect();
        self.recorder.borrow_mut().dispatch(
            &self.device,
            self.pipelines(),
            &groups,
            (kernel, chunk, workgroups),
            params,
        )
    }

    pub(super) fn submit(&self, copies: &[(&Buffer, &Buffer, u64)]) {
        let groups: Vec<&BindGroup> = self.loaded.groups.iter().collect();
        self.recorder.borrow_mut().submit(&self.device, self.pipelines(), &groups, copies);
    }

    /// Submits what waits, so that buffers may be written.
    pub(super) fn flush(&self) {
        if !self.recorder.borrow().is_empty() {
            self.submit(&[]);
        }
    }

    pub(super) fn params(&self, chunk: &Chunk, first: u64, steps: u32) -> Params {
        Params {
            first_in_order: 0,
            n_replicas: chunk.count as u32,
            first_replica: self.ensemble.global(chunk.first).0,
            steps,
            step_low: first as u32,
            step_high: (first >> 32) as u32,
            redraw: 0,
            book: 0,
            result_words: self.plan.result_words,
            step: 0,
            n_states: self.ensemble.states.len() as u32,
            first_walker: chunk.walkers.start as u32,
            log_words: self.loaded.log.words,
            fresh_log: 0,
            spare: [0; 2],
            round_keys: self.ensemble.rng.round_keys(),
        }
    }

    /// Records `steps` steps of a kernel for all replicas, in dispatches that stay short.
    ///
    /// - `pairs_per_step`: pair evaluations of one step of a replica with n atoms
    pub(super) fn dispatch_split(
        &self,
        kernel: Kernel,
        first: u64,
        steps: u32,
        flag: bool,
        pairs_per_step: impl Fn(u64) -> u64,
    ) -> Result<()> {
        let budget = self.plan.pairs_per_dispatch;
        for (index, chunk) in self.loaded.chunks.iter().enumerate() {
            let mut start = 0;
            while start < chunk.count {
                let left = chunk.count - start;
                let cost = |count: usize| -> u64 {
                    let some = &self.loaded.order[index][start..start + count];
                    some.iter().map(|&r| pairs_per_step(u64::from(self.loaded.n_of[chunk.first + r as usize]))).sum()
                };
                let mut count = left;
                while count > REPLICAS_PER_DISPATCH && cost(count) * u64::from(steps) > budget {
                    count = count.div_ceil(2);
                }
                let at_once = (budget / cost(count).max(1)).clamp(1, u64::from(steps.max(1))) as u32;
                let mut done = 0;
                while done < steps {
                    let now = at_once.min(steps - done);
                    let mut params = self.params(chunk, first + u64::from(done), now);
                    params.first_in_order = start as u32;
                    params.redraw = u32::from(flag && kernel == Kernel::Integrate && done == 0);
                    params.book = u32::from(flag && matches!(kernel, Kernel::InsertDelete | Kernel::Identity));
                    params.fresh_log = u32::from(done == 0 && self.loaded.log.held == 0);
                    self.dispatch(kernel, index, count as u32, params)?;
                    done += now;
                }
                start += count;
            }
        }
        Ok(())
    }

    /// Records `steps` steps of replicas too large for workgroup memory: one dispatch more than steps.
    pub(super) fn dispatch_large(&self, first: u64, steps: u32, redraw: bool) -> Result<()> {
        let capacity = u64::from(self.plan.capacity);
        let a_rebuild = capacity * (capacity + u64::from(self.plan.n_frozen));
        let most = (self.plan.pairs_per_dispatch / a_rebuild).max(1) as usize;
        for (index, chunk) in self.loaded.chunks.iter().enumerate() {
            for start in (0..chunk.count).step_by(most) {
                let count = most.min(chunk.count - start);
                let mut params = self.params(chunk, first, steps);
                params.first_in_order = start as u32;
                params.redraw = u32::from(redraw);
                for step in 0..=steps {
                    params.step = step;
                    if self.plan.binned() {
                        self.dispatch(Kernel::Bin, index, count as u32, params)?;
                    }
                    let grid = [self.plan.capacity.div_ceil(self.plan.workgroup), count as u32];
                    self.dispatch_grid(Kernel::LargeStep, index, grid, params)?;
                }
            }
        }
        Ok(())
    }

    /// Reads whole buffers of one chunk.
    pub(super) fn download(&self, sources: &[(&Buffer, u64)]) -> Result<Vec<Vec<u8>>> {
        let usage = BufferUsages::MAP_READ | BufferUsages::COPY_DST;
        let staging = sources
            .iter()
            .map(|(_, size)| create_buffer(&self.device, "adlayer.staging", *size, usage))
            .collect::<Result<Vec<_>>>()?;
        let copies: Vec<_> = sources.iter().zip(&staging).map(|((from, size), to)| (*from, to, *size)).collect();
        self.submit(&copies);
        let wanted: Vec<_> = sources.iter().zip(&staging).map(|((_, size), to)| (to, *size)).collect();
        let mut bytes = vec![Vec::new(); sources.len()];
        read(&self.device, &wanted, |index, data| bytes[index] = data.to_vec())?;
        Ok(bytes)
    }

    /// Sorts the replicas of every chunk by their number of atoms, many first, and tells the device.
    pub(super) fn update_order(&mut self) {
        for (chunk, order) in self.loaded.chunks.iter().zip(&mut self.loaded.order) {
            let n_of = &self.loaded.n_of[chunk.first..chunk.first + chunk.count];
            if !order.is_empty() && order.is_sorted_by_key(|&r| std::cmp::Reverse(n_of[r as usize])) {
                continue;
            }
            order_by_atoms(n_of, order);
            self.device.queue.write_buffer(&chunk.order, 0, bytemuck::cast_slice(order));
        }
    }

    /// Writes one record per replica to the trial buffers.
    pub(super) fn upload_trials(&self, records: &[TrialRecord]) {
        self.flush();
        for chunk in &self.loaded.chunks {
            let some = &records[chunk.first..chunk.first + chunk.count];
            self.device.queue.write_buffer(&chunk.trials, 0, bytemuck::cast_slice(some));
        }
    }

    /// A trial as the device reads it.
    pub(super) fn trial_record(&self, trial: &Trial) -> TrialRecord {
        match *trial {
            Trial::None => TrialRecord { kind: TRIAL_NONE, ..TrialRecord::default() },
            Trial::Insert { species, position } => TrialRecord {
                kind: TRIAL_INSERT,
                species: u32::from(species),
                position: self.atom(position, species),
                ..TrialRecord::default()
            },
            Trial::Delete { slot } => TrialRecord { kind: TRIAL_DELETE, slot: slot as u32, ..TrialRecord::default() },
            Trial::Displace { slot, position } => TrialRecord {
                kind: TRIAL_DISPLACE,
                slot: slot as u32,
                position: self.atom(position, 0),
                ..TrialRecord::default()
            },
            Trial::Identity { slot, species } => TrialRecord {
                kind: TRIAL_IDENTITY,
                species: u32::from(species),
                slot: slot as u32,
                ..TrialRecord::default()
            },
        }
    }

    /// An edit as the device reads it.
    pub(super) fn edit_record(&self, edit: &Edit) -> TrialRecord {
        match *edit {
            Edit::None => self.trial_record(&Trial::None),
            Edit::Insert { species, position, velocity } => TrialRecord {
                velocity: velocity.as_vec3().extend(0.0).to_array(),
                ..self.trial_record(&Trial::Insert { species, position })
            },
            Edit::Delete { slot } => self.trial_record(&Trial::Delete { slot }),
            Edit::Displace { slot, position } => self.trial_record(&Trial::Displace { slot, position }),
            Edit::Identity { slot, species, velocity_scale } => TrialRecord {
                velocity: [velocity_scale as f32, 0.0, 0.0, 0.0],
                ..self.trial_record(&Trial::Identity { slot, species })
            },
        }
    }

    fn atom(&self, position: DVec3, species: u8) -> [f32; 4] {
        inside_walls(&self.ensemble.system, atom_record(&self.ensemble.system, position, species))
    }

    /// Fills a buffer with zeros.
    pub(super) fn clear(&self, buffer: &Buffer) {
        self.flush();
        let descriptor = wgpu::CommandEncoderDescriptor { label: Some("adlayer.clear") };
        let mut encoder = self.device.device.create_command_encoder(&descriptor);
        encoder.clear_buffer(buffer, 0, None);
        self.device.queue.submit([encoder.finish()]);
    }

    /// Records one end of a segment that begins with step number `first`, for all replicas.
    ///
    /// - `counts_anew`: whether it is the first of a cycle
    pub(super) fn dispatch_end(&self, kernel: Kernel, first: u64, counts_anew: bool) -> Result<()> {
        for (index, chunk) in self.loaded.chunks.iter().enumerate() {
            let params = Params { redraw: u32::from(counts_anew), ..self.params(chunk, first, 0) };
            self.dispatch(kernel, index, chunk.count as u32, params)?;
        }
        Ok(())
    }

    /// Records the measurement of all replicas: E, N and status, left in the results.
    pub(super) fn record_measurement(&self) -> Result<()> {
        for (index, chunk) in self.loaded.chunks.iter().enumerate() {
            let (params, count) = (self.params(chunk, 0, 0), chunk.count as u32);
            if self.plan.binned() {
                self.dispatch(Kernel::Bin, index, count, params)?;
            }
            if self.plan.large {
                let grid = [self.plan.capacity.div_ceil(self.plan.workgroup), count];
                self.dispatch_grid(Kernel::LargeEnergies, index, grid, params)?;
            }
            self.dispatch(Kernel::Measure, index, count, params)?;
        }
        Ok(())
    }

    /// Records the measurement of all replicas and submits the cycle: the one submission that reads back.
    pub(super) fn submit_measurement(&mut self) -> Result<()> {
        if self.loaded.chunks.is_empty() {
            return Ok(());
        }
        self.loaded.pages.assert_free();
        self.record_measurement()?;
        let staging = self.staging();
        let chunks = || self.loaded.chunks.iter();
        let logs = chunks().map(|c| &c.log).filter(|_| self.loaded.log.recorded);
        let kept = chunks().flat_map(|c| [&c.positions, &c.replicas]).filter(|_| self.loaded.keeps);
        let sources = chunks().map(|c| &c.results).chain(logs).chain(kept);
        let copies: Vec<_> = sources.zip(&staging).map(|(from, (to, size))| (from, *to, *size)).collect();
        let groups: Vec<&BindGroup> = self.loaded.groups.iter().collect();
        self.recorder.borrow_mut().submit_cycle(&self.device, self.pipelines(), &groups, &copies);
        self.device.check()
    }

    /// Where the next measurement is read back: the results of every chunk, then the logs if moves were recorded, then
    /// positions and records if they are kept.
    fn staging(&self) -> Vec<(&Buffer, u64)> {
        let (chunks, log, page) = (&self.loaded.chunks, &self.loaded.log, self.loaded.pages.current);
        let mut staging: Vec<_> = chunks.iter().map(|c| (&c.readback, c.result_bytes(&self.plan))).collect();
        if log.recorded {
            let bytes = |c: &'_ Chunk| 4 * u64::from(log.words) * c.count as u64;
            staging.extend(chunks.iter().map(|c| (&c.log_readback[page], bytes(c))));
        }
        for chunk in chunks.iter().filter(|_| self.loaded.keeps) {
            let room = chunk.kept_readback.iter().flat_map(|kept| &kept[page]);
            staging.extend(room.zip(chunk.kept_bytes(&self.plan)));
        }
        staging
    }

    /// Waits for the measurement that was submitted.
    pub(super) fn finish_measurement(&mut self) -> Result<CycleResult> {
        if self.loaded.chunks.is_empty() {
            let events = Box::new(self.events(Arc::default()));
            return Ok(CycleResult { measurements: Vec::new(), segments: Vec::new(), events, kept: None });
        }
        let start = Instant::now();
        let n_chunks = self.loaded.chunks.len();
        let (mut mapped, bytes, busy) = {
            let mut staging = self.staging();
            let recorder = self.recorder.borrow();
            staging.extend(recorder.clock_readback());
            let mut mapped = map(&self.device, &staging)?;
            let bytes: u64 = staging.iter().map(|(_, size)| size).sum();
            let clock = recorder.clock_readback().and_then(|_| mapped.pop());
            let busy = clock.map(|clock| recorder.busy_seconds(&self.device, &clock)).transpose()?;
            (mapped, bytes, busy)
        };
        self.usage.waited += start.elapsed().as_secs_f64();
        self.usage.bytes_read += bytes;
        if let Some(busy) = busy {
            *self.usage.busy.get_or_insert(0.0) += busy;
        }
        let mut logs = mapped.split_off(n_chunks);
        let kept = logs.split_off(if self.loaded.log.recorded { n_chunks } else { 0 });
        let mut measurements = Vec::with_capacity(self.loaded.n_of.len());
        let mut segments = Vec::new();
        let has_segments = self.ensemble.system.dynamics.segment().is_some();
        let (system, fixed, words) = (&*self.ensemble.system, &self.loaded.fixed, self.plan.result_words as usize);
        for (chunk, mapped) in self.loaded.chunks.iter().zip(&mapped) {
            let bytes = mapped.bytes(&self.device)?;
            let all: &[u32] = bytemuck::cast_slice(&bytes);
            for result in all.chunks_exact(words).take(chunk.count) {
                measurements.push(measurement(system, &fixed[measurements.len()], result));
                segments.extend(has_segments.then_some(result[2] / ONE_ACCEPTED));
            }
        }
        drop(mapped);
        let [logs, kept] = self.loaded.pages.swap([logs, kept]);
        let events = Box::new(self.events(logs));
        let kept = std::mem::take(&mut self.loaded.keeps).then(|| self.kept(kept));
        for ((n, m), fixed) in self.loaded.n_of.iter_mut().zip(&measurements).zip(&self.loaded.fixed) {
            *n = fixed.iter().sum::<usize>() as u32 + m.counts.iter().map(|&c| u32::from(c)).sum::<u32>();
        }
        self.update_order();
        Ok(CycleResult { measurements, segments, events, kept })
    }

    /// The next measurement keeps configurations, or does not.
    pub(super) fn keep(&mut self, keeps: bool) -> Result<()> {
        self.loaded.keeps = keeps;
        if keeps {
            for chunk in &mut self.loaded.chunks {
                chunk.make_room_to_keep(&self.device, &self.plan)?;
            }
        }
        Ok(())
    }

    /// Kept configurations of the cycle that was measured, for its result.
    ///
    /// - `mapped`: positions and records of every chunk in turn
    fn kept(&self, mapped: Arc<Vec<Mapped>>) -> Box<dyn KeptConfigurations> {
        Box::new(KeptOnDevice { device: Arc::clone(&self.device), capacity: self.plan.capacity as usize, mapped })
    }

    /// Pair and field forces of every atom, `[n_replicas][n]`: for tests. [energy/length]
    ///
    /// # Errors
    /// [`Error::Device`] when the device is lost.
    pub fn forces(&mut self) -> Result<Vec<Vec<DVec3>>> {
        self.flush();
        let storage = BufferUsages::STORAGE | BufferUsages::COPY_SRC;
        let mut forces = Vec::new();
        for index in 0..self.loaded.chunks.len() {
            let chunk = &self.loaded.chunks[index];
            let size = 16 * (self.plan.capacity as usize * chunk.count) as u64;
            let scratch = create_buffer(&self.device, "adlayer.forces", size, storage)?;
            let params = self.params(chunk, 0, 0);
            let group = self.bind_group(chunk, &scratch);
            let mut recorder = self.recorder.borrow_mut();
            let command = if self.plan.large {
                let blocks = self.plan.capacity.div_ceil(self.plan.workgroup);
                (Kernel::LargeForces, 0, [blocks, chunk.count as u32])
            } else {
                (Kernel::Forces, 0, [chunk.count as u32, 1])
            };
            recorder.dispatch(&self.device, self.pipelines(), &[&group], command, params)?;
            recorder.submit(&self.device, self.pipelines(), &[&group], &[]);
            drop(recorder);
            let bytes = self.download(&[(&scratch, size)])?;
            let all: &[[f32; 4]] = bytemuck::cast_slice(&bytes[0]);
            for (r, &n) in self.loaded.n_of[chunk.first..chunk.first + chunk.count].iter().enumerate() {
                let first = r * self.plan.capacity as usize;
                let of_replica = &all[first..first + n as usize];
                let vector = |v: &[f32; 4]| DVec3::new(f64::from(v[0]), f64::from(v[1]), f64::from(v[2]));
                forces.push(of_replica.iter().map(vector).collect());
            }
        }
        Ok(forces)
    }

    /// The records of all states with their weights of insertion.
    pub(super) fn state_records(&self) -> Vec<StateRecord> {
        let Ensemble { system, states, weights, .. } = &self.ensemble;
        StateRecord::all(system, states, weights)
    }

    /// A buffer with the states as loaded.
    pub(super) fn state_buffer(&self) -> Result<Buffer> {
        let storage = BufferUsages::STORAGE | BufferUsages::COPY_DST;
        let records = self.state_records();
        let size = size_of_val(records.as_slice()) as u64;
        let buffer = create_buffer(&self.device, "adlayer.states", size, storage)?;
        self.device.queue.write_buffer(&buffer, 0, bytemuck::cast_slice(&records));
        Ok(buffer)
    }

    /// Atoms of every species that no reservoir touches. `[n_species]`
    pub(super) fn fixed_counts(&self, species: &[u8]) -> Vec<usize> {
        let mut counts = vec![0; self.ensemble.system.species.len()];
        for &s in species.iter().filter(|&&s| self.ensemble.system.reservoir_of(s).is_none()) {
            counts[usize::from(s)] += 1;
        }
        counts
    }
}

/// Kept configurations where the device left them.
struct KeptOnDevice {
    device: Arc<GpuDevice>,
    /// Slots of a replica.
    capacity: usize,
    mapped: Arc<Vec<Mapped>>,
}

impl KeptConfigurations for KeptOnDevice {
    fn hand_over(self: Box<Self>, batch: &mut Batch) -> Result<()> {
        batch.configurations.clear();
        for pair in self.mapped.chunks_exact(2) {
            let (positions, records) = (pair[0].bytes(&self.device)?, pair[1].bytes(&self.device)?);
            let (positions, records) = (bytemuck::cast_slice(&positions), bytemuck::cast_slice(&records));
            batch.configurations.extend(Chunk::configurations(self.capacity, positions, None, records));
        }
        Ok(())
    }
}

/// Replicas with many atoms first, of equals the first one first: counted into place, because the device waits.
///
/// - `n_of`: `[n]`, atoms of every replica
/// - `order`: overwritten
fn order_by_atoms(n_of: &[u32], order: &mut Vec<u32>) {
    let most = n_of.iter().copied().max().unwrap_or(0);
    // `[most + 1]`, the next free place for so many atoms fewer than the most.
    let mut places = vec![0_u32; most as usize + 2];
    n_of.iter().for_each(|n| places[(most - n) as usize + 1] += 1);
    for k in 1..places.len() {
        places[k] += places[k - 1];
    }
    order.clear();
    order.resize(n_of.len(), 0);
    for (r, n) in n_of.iter().enumerate() {
        let place = &mut places[(most - n) as usize];
        order[*place as usize] = r as u32;
        *place += 1;
    }
}

/// An accepted segment in the status word, above the bits of what is unsound.
const ONE_ACCEPTED: u32 = 256;

/// Reads one measurement; a replica that the device found unsound has the energy NaN.
pub(super) fn measurement(system: &System, fixed: &[usize], words: &[u32]) -> Measurement {
    let counts: Counts = (0..system.reservoirs.len()).map(|r| (words[3 + r / 2] >> (16 * (r % 2))) as u16).collect();
    let mut energy = f64::from(f32::from_bits(words[0])) + f64::from(f32::from_bits(words[1]));
    if system.pairs.tail_correction {
        let mut all = fixed.to_vec();
        for (r, &n) in system.reservoirs.iter().zip(counts.iter()) {
            all[usize::from(r.species)] += usize::from(n);
        }
        energy += system.pairs.tail(&all, system.cell.volume());
    }
    Measurement { energy: if words[2].is_multiple_of(ONE_ACCEPTED) { energy } else { f64::NAN }, counts }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replicas_are_ordered_by_their_atoms() {
        let n_of: Vec<u32> = (0..1000).map(|r: u32| r.wrapping_mul(2_654_435_761) >> 27).collect();
        let mut sorted: Vec<u32> = (0..1000).collect();
        sorted.sort_by_key(|&r| (std::cmp::Reverse(n_of[r as usize]), r));
        let mut order = vec![7];
        order_by_atoms(&n_of, &mut order);
        assert_eq!(order, sorted);
        order_by_atoms(&[], &mut order);
        assert!(order.is_empty());
    }
}
