//! What stands between the seam and the device: recording, splitting, reading back.

use super::chunk::Chunk;
use super::layout::{Params, StateRecord, TrialRecord, atom_record, inside_walls};
use super::pipelines::{Kernel, Pipelines};
use super::recorder::{create_buffer, params_size, read};
use super::{Gpu, REPLICAS_PER_DISPATCH};
use crate::batch::{Batch, Measurement};
use crate::error::Result;
use crate::moves::{Edit, MoveTally, Trial};
use crate::system::System;
use glam::DVec3;
use std::collections::BTreeSet;
use wgpu::{BindGroup, Buffer, BufferUsages};

impl Gpu {
    pub(super) fn pipelines(&self) -> &Pipelines {
        let Some(pipelines) = &self.pipelines else { unreachable!("nothing is dispatched before something is loaded") };
        pipelines
    }

    /// Compiles the kernels, unless those at hand fit.
    pub(super) fn compile(&mut self, batch: &Batch) -> Result<()> {
        let reservoirs = self.system.reservoirs.iter().map(|r| r.species);
        let mobile: BTreeSet<u8> =
            batch.configurations.iter().flat_map(|x| x.species.iter().copied()).chain(reservoirs).collect();
        let mixed = mobile.len() > 1;
        if self.pipelines.is_none() || mixed != self.plan.mixed {
            self.plan.mixed = mixed;
            self.pipelines = Some(Pipelines::new(&self.device, &self.plan)?);
        }
        Ok(())
    }

    pub(super) fn bind_group(&self, chunk: &Chunk, states: &Buffer, tallies: &Buffer, scratch: &Buffer) -> BindGroup {
        let params = self.recorder.borrow().params.clone();
        let buffers = [
            &self.table,
            &self.frozen,
            &chunk.positions,
            &chunk.velocities,
            &chunk.replicas,
            &chunk.order,
            states,
            tallies,
            &chunk.results,
            &chunk.trials,
            &chunk.assignments,
            scratch,
            &chunk.lists,
            &chunk.stale_steps,
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
        let [seed_low, seed_high] = self.rng.key();
        Params {
            first_in_order: 0,
            n_replicas: chunk.count as u32,
            first_replica: chunk.first as u32,
            steps,
            step_low: first as u32,
            step_high: (first >> 32) as u32,
            seed_low,
            seed_high,
            redraw: 0,
            book: 0,
            result_words: self.plan.result_words,
            step: 0,
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
                    params.book = u32::from(flag && kernel == Kernel::InsertDelete);
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
            if order.is_sorted_by_key(|&r| std::cmp::Reverse(n_of[r as usize])) && !order.is_empty() {
                continue;
            }
            if order.is_empty() {
                order.extend(0..chunk.count as u32);
            }
            order.sort_unstable_by_key(|&r| (std::cmp::Reverse(n_of[r as usize]), r));
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
            Trial::None => TrialRecord::default(),
            Trial::Insert { species, position } => TrialRecord {
                kind: 1,
                species: u32::from(species),
                position: self.atom(position, species),
                ..TrialRecord::default()
            },
            Trial::Delete { slot } => TrialRecord { kind: 2, slot: slot as u32, ..TrialRecord::default() },
            Trial::Displace { slot, position } => {
                TrialRecord { kind: 3, slot: slot as u32, position: self.atom(position, 0), ..TrialRecord::default() }
            }
        }
    }

    /// An edit as the device reads it.
    pub(super) fn edit_record(&self, edit: &Edit) -> TrialRecord {
        match *edit {
            Edit::None => TrialRecord::default(),
            Edit::Insert { species, position, velocity } => TrialRecord {
                velocity: velocity.as_vec3().extend(0.0).to_array(),
                ..self.trial_record(&Trial::Insert { species, position })
            },
            Edit::Delete { slot } => self.trial_record(&Trial::Delete { slot }),
            Edit::Displace { slot, position } => self.trial_record(&Trial::Displace { slot, position }),
        }
    }

    fn atom(&self, position: DVec3, species: u8) -> [f32; 4] {
        inside_walls(&self.system, atom_record(&self.system, position, species))
    }

    /// Moves the tallies of the device into the host's.
    pub(super) fn drain_tallies(&mut self) -> Result<()> {
        let Some(tallies) = &self.loaded.tallies else { return Ok(()) };
        let size = 16 * self.loaded.booked.len() as u64;
        if self.loaded.attempts_on_device == 0 {
            return Ok(());
        }
        let bytes = self.download(&[(tallies, size)])?;
        let words: &[[u32; 4]] = bytemuck::cast_slice(&bytes[0]);
        for (sum, [insert_attempts, insert_accepted, delete_attempts, delete_accepted]) in
            self.loaded.booked.iter_mut().zip(words)
        {
            sum.add(&MoveTally {
                insert_attempts: u64::from(*insert_attempts),
                insert_accepted: u64::from(*insert_accepted),
                delete_attempts: u64::from(*delete_attempts),
                delete_accepted: u64::from(*delete_accepted),
            });
        }
        self.device.queue.write_buffer(tallies, 0, &vec![0; size as usize]);
        self.loaded.attempts_on_device = 0;
        Ok(())
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
            let [states, tallies] = self.state_buffers()?;
            let group = self.bind_group(chunk, &states, &tallies, &scratch);
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

    /// New buffers for the states as loaded, and for their tallies.
    pub(super) fn state_buffers(&self) -> Result<[Buffer; 2]> {
        let storage = BufferUsages::STORAGE | BufferUsages::COPY_DST | BufferUsages::COPY_SRC;
        let records: Vec<StateRecord> = self.loaded.states.iter().map(|s| StateRecord::new(&self.system, s)).collect();
        let size = size_of_val(records.as_slice()) as u64;
        let buffer = create_buffer(&self.device, "adlayer.states", size, storage)?;
        self.device.queue.write_buffer(&buffer, 0, bytemuck::cast_slice(&records));
        let size = 16 * (self.loaded.states.len() * self.system.reservoirs.len()) as u64;
        Ok([buffer, create_buffer(&self.device, "adlayer.tallies", size, storage)?])
    }

    /// Atoms of every species that no reservoir touches. `[n_species]`
    pub(super) fn fixed_counts(&self, species: &[u8]) -> Vec<usize> {
        let mut counts = vec![0; self.system.species.len()];
        for &s in species.iter().filter(|&&s| self.system.reservoir_of(s).is_none()) {
            counts[usize::from(s)] += 1;
        }
        counts
    }
}

/// Reads one measurement; a replica that the device found unsound has the energy NaN.
pub(super) fn measurement(system: &System, fixed: &[usize], words: &[u32]) -> Measurement {
    let counts: Vec<u16> = (0..system.reservoirs.len()).map(|r| (words[3 + r / 2] >> (16 * (r % 2))) as u16).collect();
    let mut energy = f64::from(f32::from_bits(words[0])) + f64::from(f32::from_bits(words[1]));
    if system.pairs.tail_correction {
        let mut all = fixed.to_vec();
        for (r, &n) in system.reservoirs.iter().zip(&counts) {
            all[usize::from(r.species)] += usize::from(n);
        }
        energy += system.pairs.tail(&all, system.cell.volume());
    }
    Measurement { energy: if words[2] == 0 { energy } else { f64::NAN }, counts }
}
