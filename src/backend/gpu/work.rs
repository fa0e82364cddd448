//! Work of a cycle: recording it, splitting it into short dispatches.

use super::atoms::{atom_record, inside_walls};
use super::chunk::Chunk;
use super::layout::{
    Params, StateRecord, TRIAL_DELETE, TRIAL_DISPLACE, TRIAL_IDENTITY, TRIAL_INSERT, TRIAL_NONE, TrialRecord,
};
use super::pipelines::{Kernel, Pipelines};
use super::recorder::{create_buffer, params_size};
use super::{Gpu, REPLICAS_PER_DISPATCH};
use crate::backend::Ensemble;
use crate::base::error::Result;
use crate::moves::{Edit, Trial};
use crate::system::System;
use crate::system::configuration::Batch;
use glam::DVec3;
use std::collections::BTreeSet;
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
        let [log_words, log_row] = self.loaded.log.places.strides();
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
            log_words,
            log_row,
            fresh_log: 0,
            before: 0,
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
                    if kernel == Kernel::InsertDelete {
                        params.before = (first - self.loaded.log.begun) as u32 + done;
                    }
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
        let Ensemble { system, states, weights, attempts, .. } = &self.ensemble;
        let mut records = StateRecord::all(system, states, weights, attempts);
        for (k, record) in records[..states.len()].iter_mut().enumerate() {
            record.log_start = self.loaded.log.places.start_of(k);
        }
        records
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
