//! What comes back from the device: measurements of a cycle, kept configurations, whole buffers.

use super::Gpu;
use super::chunk::Chunk;
use super::device::GpuDevice;
use super::recorder::{Mapped, create_buffer, map, read};
use crate::backend::{CycleResult, KeptConfigurations};
use crate::base::error::Result;
use crate::system::System;
use crate::system::configuration::{Batch, Counts, Measurement};
use std::sync::Arc;
use std::time::Instant;
use wgpu::{BindGroup, Buffer, BufferUsages};

impl Gpu {
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
            let bytes = |c: &'_ Chunk| 4 * log.places.words_of(c);
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
fn measurement(system: &System, fixed: &[usize], words: &[u32]) -> Measurement {
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
