//! The GPU backend: f32 kernels in WGSL over any Vulkan, Metal or DirectX 12 adapter.
//!
//! One workgroup moves one replica; everything of a cycle is recorded and submitted at once, and only E, N and a status
//! word come back. Kernels stand in `shaders/`, each beside its twin in `backend::reference`.

mod chunk;
pub mod device;
pub mod layout;
mod pipelines;
mod plan;
mod recorder;
mod self_test;
pub mod shaders;

pub use device::{AdapterReport, GpuDevice, Want, open, survey};

use crate::backend::Backend;
use crate::batch::{Batch, Measurement, assert_fits};
use crate::error::{Error, Result};
use crate::ids::StateId;
use crate::moves::{Edit, MoveTally, Trial};
use crate::rng::Rng;
use crate::states::StatePoint;
use crate::system::{Dynamics, System};
use chunk::{Chunk, replicas_per_chunk};
use glam::DVec3;
use layout::{
    AssignmentRecord, Params, ReplicaRecord, StateRecord, SystemTable, TrialRecord, atom_record, frozen_atoms,
};
use pipelines::{Kernel, Pipelines};
use plan::Plan;
use recorder::{Recorder, create_buffer, params_size, read};
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::sync::Arc;
use wgpu::{BindGroup, Buffer, BufferUsages};

/// Fewest replicas worth a dispatch of their own when work is split.
const REPLICAS_PER_DISPATCH: usize = 4096;
/// Tallies on the device are drained before a counter could overflow.
const TALLY_LIMIT: u64 = 1 << 31;

/// All replicas on one GPU, in f32.
pub struct Gpu {
    device: Arc<GpuDevice>,
    system: Arc<System>,
    rng: Rng,
    plan: Plan,
    /// Compiled by the first load, which tells the species of the mobile atoms.
    pipelines: Option<Pipelines>,
    table: Buffer,
    frozen: Buffer,
    scratch: Buffer,
    recorder: RefCell<Recorder>,
    /// Most replicas of one chunk of buffers.
    replicas_per_chunk: usize,
    loaded: Loaded,
}

/// What is on the device, and what the host knows of it.
#[derive(Default)]
struct Loaded {
    chunks: Vec<Chunk>,
    groups: Vec<BindGroup>,
    tallies: Option<Buffer>,
    states: Vec<StatePoint>,
    assignment: Vec<StateId>,
    /// Booked so far, without what is still on the device.
    booked: Vec<MoveTally>,
    /// Attempts booked on the device since the last drain, at most, per state.
    attempts_on_device: u64,
    /// Mobile atoms of every replica as last known.
    n_of: Vec<u32>,
    /// Atoms of every species that no reservoir touches. `[n_replicas]`
    fixed: Vec<Vec<usize>>,
    /// Replicas of every chunk, many atoms first.
    order: Vec<Vec<u32>>,
}

impl Gpu {
    /// An empty backend for `system` on an open device.
    ///
    /// # Errors
    /// [`Error::Device`] when the system does not fit the kernels or the device.
    pub fn new(device: Arc<GpuDevice>, system: Arc<System>, rng: Rng) -> Result<Gpu> {
        let plan = Plan::new(&system, &device)?;
        let (atoms, groups) = frozen_atoms(&system);
        let table = SystemTable::new(&system, &groups)?;
        let uniform = BufferUsages::UNIFORM | BufferUsages::COPY_DST;
        let storage = BufferUsages::STORAGE | BufferUsages::COPY_DST | BufferUsages::COPY_SRC;
        let table_buffer = create_buffer(&device, "adlayer.table", size_of::<SystemTable>() as u64, uniform)?;
        device.queue.write_buffer(&table_buffer, 0, bytemuck::bytes_of(&table));
        let frozen = create_buffer(&device, "adlayer.frozen", 16 * atoms.len() as u64, storage)?;
        device.queue.write_buffer(&frozen, 0, bytemuck::cast_slice(&atoms));
        let scratch = create_buffer(&device, "adlayer.scratch", 16, storage)?;
        let recorder = RefCell::new(Recorder::new(&device)?);
        let replicas_per_chunk = replicas_per_chunk(&plan, &device);
        Ok(Gpu {
            device,
            system,
            rng,
            plan,
            pipelines: None,
            table: table_buffer,
            frozen,
            scratch,
            recorder,
            replicas_per_chunk,
            loaded: Loaded::default(),
        })
    }

    /// Lowers what one chunk of buffers and one dispatch may hold, from the next [`Backend::load`] on: for tests of the
    /// splitting that a small card would need.
    pub fn limit(&mut self, replicas_per_chunk: usize, pairs_per_dispatch: u64) {
        self.replicas_per_chunk = self.replicas_per_chunk.min(replicas_per_chunk);
        self.plan.pairs_per_dispatch = self.plan.pairs_per_dispatch.min(pairs_per_dispatch);
    }

    /// The device under it.
    pub fn device(&self) -> &GpuDevice {
        &self.device
    }

    fn pipelines(&self) -> &Pipelines {
        let Some(pipelines) = &self.pipelines else { unreachable!("nothing is dispatched before something is loaded") };
        pipelines
    }

    /// Compiles the kernels, unless those at hand fit.
    fn compile(&mut self, batch: &Batch) -> Result<()> {
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

    fn bind_group(&self, chunk: &Chunk, states: &Buffer, tallies: &Buffer, scratch: &Buffer) -> BindGroup {
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

    fn dispatch(&self, kernel: Kernel, chunk: usize, workgroups: u32, params: Params) {
        let groups: Vec<&BindGroup> = self.loaded.groups.iter().collect();
        self.recorder.borrow_mut().dispatch(
            &self.device,
            self.pipelines(),
            &groups,
            (kernel, chunk, workgroups),
            params,
        );
    }

    fn submit(&self, copies: &[(&Buffer, &Buffer, u64)]) {
        let groups: Vec<&BindGroup> = self.loaded.groups.iter().collect();
        self.recorder.borrow_mut().submit(&self.device, self.pipelines(), &groups, copies);
    }

    /// Submits what waits, so that buffers may be written.
    fn flush(&self) {
        if !self.recorder.borrow().is_empty() {
            self.submit(&[]);
        }
    }

    fn params(&self, chunk: &Chunk, first: u64, steps: u32) -> Params {
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
            spare: 0,
        }
    }

    /// Records `steps` steps of a kernel for all replicas, in dispatches that stay short.
    ///
    /// - `pairs_per_step`: pair evaluations of one step of a replica with n atoms
    fn dispatch_split(&self, kernel: Kernel, first: u64, steps: u32, flag: bool, pairs_per_step: impl Fn(u64) -> u64) {
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
                    self.dispatch(kernel, index, count as u32, params);
                    done += now;
                }
                start += count;
            }
        }
    }

    /// Reads whole buffers of one chunk.
    fn download(&self, sources: &[(&Buffer, u64)]) -> Result<Vec<Vec<u8>>> {
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
    fn update_order(&mut self) {
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
    fn upload_trials(&self, records: &[TrialRecord]) {
        self.flush();
        for chunk in &self.loaded.chunks {
            let some = &records[chunk.first..chunk.first + chunk.count];
            self.device.queue.write_buffer(&chunk.trials, 0, bytemuck::cast_slice(some));
        }
    }

    fn atom(&self, position: DVec3, species: u8) -> [f32; 4] {
        layout::inside_walls(&self.system, atom_record(&self.system, position, species))
    }

    /// Moves the tallies of the device into the host's.
    fn drain_tallies(&mut self) -> Result<()> {
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
            let command = (Kernel::Forces, 0, chunk.count as u32);
            recorder.dispatch(&self.device, self.pipelines(), &[&group], command, params);
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
    fn state_buffers(&self) -> Result<[Buffer; 2]> {
        let storage = BufferUsages::STORAGE | BufferUsages::COPY_DST | BufferUsages::COPY_SRC;
        let records: Vec<StateRecord> = self.loaded.states.iter().map(|s| StateRecord::new(&self.system, s)).collect();
        let size = size_of_val(records.as_slice()) as u64;
        let buffer = create_buffer(&self.device, "adlayer.states", size, storage)?;
        self.device.queue.write_buffer(&buffer, 0, bytemuck::cast_slice(&records));
        let size = 16 * (self.loaded.states.len() * self.system.reservoirs.len()) as u64;
        Ok([buffer, create_buffer(&self.device, "adlayer.tallies", size, storage)?])
    }
}

impl Backend for Gpu {
    fn describe(&self) -> String {
        self.device.describe()
    }

    fn kernel(&self) -> String {
        self.plan.name()
    }

    fn system(&self) -> &System {
        &self.system
    }

    fn rng(&self) -> &Rng {
        &self.rng
    }

    fn load(&mut self, batch: &Batch, states: &[StatePoint], assignment: &[StateId]) -> Result<()> {
        assert_eq!(assignment.len(), batch.configurations.len(), "one state per replica");
        let n_replicas = batch.configurations.len();
        batch.configurations.iter().for_each(|x| assert_fits(&self.system, x));
        self.flush();
        self.compile(batch)?;
        self.loaded = Loaded {
            states: states.to_vec(),
            assignment: assignment.to_vec(),
            booked: vec![MoveTally::default(); states.len() * self.system.reservoirs.len()],
            n_of: batch.configurations.iter().map(|x| x.len() as u32).collect(),
            fixed: batch.configurations.iter().map(|x| self.fixed_counts(&x.species)).collect(),
            ..Loaded::default()
        };
        let [states_buffer, tallies] = self.state_buffers()?;
        let most = self.replicas_per_chunk;
        for first in (0..n_replicas).step_by(most) {
            let count = most.min(n_replicas - first);
            let chunk = Chunk::new(&self.device, &self.plan, first, count)?;
            let range = first..first + count;
            let configurations = &batch.configurations[range.clone()];
            chunk.upload(&self.device, &self.plan, &self.system, configurations, &assignment[range]);
            let group = self.bind_group(&chunk, &states_buffer, &tallies, &self.scratch);
            self.loaded.groups.push(group);
            self.loaded.chunks.push(chunk);
            self.loaded.order.push(Vec::new());
        }
        self.loaded.tallies = Some(tallies);
        self.update_order();
        self.device.check()
    }

    fn store(&self, batch: &mut Batch) -> Result<()> {
        batch.configurations.clear();
        self.flush();
        for chunk in &self.loaded.chunks {
            let atoms = 16 * (self.plan.capacity as usize * chunk.count) as u64;
            let records = (size_of::<ReplicaRecord>() * chunk.count) as u64;
            let bytes =
                self.download(&[(&chunk.positions, atoms), (&chunk.velocities, atoms), (&chunk.replicas, records)])?;
            let (positions, velocities) = (bytemuck::cast_slice(&bytes[0]), bytemuck::cast_slice(&bytes[1]));
            let records = bytemuck::cast_slice(&bytes[2]);
            batch.configurations.extend(Chunk::configurations(&self.plan, positions, velocities, records));
        }
        Ok(())
    }

    fn set_states(&mut self, assignment: &[StateId]) -> Result<()> {
        assert_eq!(assignment.len(), self.loaded.assignment.len(), "one state per replica");
        self.flush();
        let kt = |id: &StateId| self.loaded.states[id.index()].kt;
        let records: Vec<AssignmentRecord> = assignment
            .iter()
            .zip(&self.loaded.assignment)
            .map(|(new, old)| {
                let same = kt(new).to_bits() == kt(old).to_bits();
                let scale = if same { 1.0 } else { (kt(new) / kt(old)).sqrt() as f32 };
                AssignmentRecord { state: new.0, scale }
            })
            .collect();
        for (index, chunk) in self.loaded.chunks.iter().enumerate() {
            let some = &records[chunk.first..chunk.first + chunk.count];
            self.device.queue.write_buffer(&chunk.assignments, 0, bytemuck::cast_slice(some));
            self.dispatch(Kernel::Assign, index, chunk.count as u32, self.params(chunk, 0, 0));
        }
        self.loaded.assignment = assignment.to_vec();
        self.device.check()
    }

    fn states(&self) -> &[StatePoint] {
        &self.loaded.states
    }

    fn assignment(&self) -> &[StateId] {
        &self.loaded.assignment
    }

    fn propagate(&mut self, first: u64, steps: u32) -> Result<()> {
        let n_frozen = u64::from(self.plan.n_frozen);
        match self.system.dynamics {
            Dynamics::Baoab { .. } => {
                self.dispatch_split(Kernel::Integrate, first, steps, false, |n| n * (n + n_frozen));
            }
            Dynamics::Verlet { steps: segment, redraw, .. } => {
                let redraw = redraw && first.is_multiple_of(u64::from(segment));
                self.dispatch_split(Kernel::Integrate, first, steps, redraw, |n| n * (n + n_frozen));
            }
            Dynamics::MonteCarlo { .. } => {
                self.dispatch_split(Kernel::Displace, first, steps, false, |n| 2 * (n + n_frozen));
            }
        }
        self.device.check()
    }

    fn particle_moves(&mut self, first: u64, attempts: u32, book: bool) -> Result<()> {
        if self.system.reservoirs.is_empty() {
            return Ok(());
        }
        if book {
            // at most every replica holds the same state
            let most = u64::from(attempts) * self.loaded.assignment.len() as u64;
            if self.loaded.attempts_on_device + most > TALLY_LIMIT {
                self.drain_tallies()?;
            }
            self.loaded.attempts_on_device += most;
        }
        let n_frozen = u64::from(self.plan.n_frozen);
        self.dispatch_split(Kernel::InsertDelete, first, attempts, book, |n| n + n_frozen + 32);
        self.device.check()
    }

    fn tallies(&mut self) -> Result<Vec<MoveTally>> {
        self.drain_tallies()?;
        Ok(self.loaded.booked.clone())
    }

    fn measure(&mut self) -> Result<Vec<Measurement>> {
        if self.loaded.chunks.is_empty() {
            return Ok(Vec::new());
        }
        for (index, chunk) in self.loaded.chunks.iter().enumerate() {
            self.dispatch(Kernel::Measure, index, chunk.count as u32, self.params(chunk, 0, 0));
        }
        let sizes: Vec<u64> = self.loaded.chunks.iter().map(|c| c.result_bytes(&self.plan)).collect();
        let copies: Vec<_> =
            self.loaded.chunks.iter().zip(&sizes).map(|(c, size)| (&c.results, &c.readback, *size)).collect();
        self.submit(&copies);
        let staging: Vec<_> = self.loaded.chunks.iter().zip(&sizes).map(|(c, size)| (&c.readback, *size)).collect();
        let mut measurements = Vec::with_capacity(self.loaded.n_of.len());
        let (system, fixed, words) = (&*self.system, &self.loaded.fixed, self.plan.result_words as usize);
        read(&self.device, &staging, |_, bytes| {
            let all: &[u32] = bytemuck::cast_slice(bytes);
            for result in all.chunks_exact(words) {
                let measurement = measurement(system, &fixed[measurements.len()], result);
                measurements.push(measurement);
            }
        })?;
        for ((n, m), fixed) in self.loaded.n_of.iter_mut().zip(&measurements).zip(&self.loaded.fixed) {
            *n = fixed.iter().sum::<usize>() as u32 + m.counts.iter().map(|&c| u32::from(c)).sum::<u32>();
        }
        self.update_order();
        Ok(measurements)
    }

    fn energy_tolerance(&self) -> f64 {
        2e-6
    }

    fn trial_energies(&mut self, trials: &[Trial]) -> Result<Vec<f64>> {
        let records: Vec<TrialRecord> = trials
            .iter()
            .map(|trial| match *trial {
                Trial::None => TrialRecord::default(),
                Trial::Insert { species, position } => TrialRecord {
                    kind: 1,
                    species: u32::from(species),
                    position: self.atom(position, species),
                    ..TrialRecord::default()
                },
                Trial::Delete { slot } => TrialRecord { kind: 2, slot: slot as u32, ..TrialRecord::default() },
                Trial::Displace { slot, position } => TrialRecord {
                    kind: 3,
                    slot: slot as u32,
                    position: self.atom(position, 0),
                    ..TrialRecord::default()
                },
            })
            .collect();
        self.upload_trials(&records);
        for (index, chunk) in self.loaded.chunks.iter().enumerate() {
            self.dispatch(Kernel::TrialEnergies, index, chunk.count as u32, self.params(chunk, 0, 0));
        }
        let mut energies = Vec::with_capacity(trials.len());
        for chunk in &self.loaded.chunks {
            let bytes = self.download(&[(&chunk.results, 4 * chunk.count as u64)])?;
            energies.extend(bytemuck::cast_slice::<u8, f32>(&bytes[0]).iter().map(|&u| f64::from(u)));
        }
        Ok(energies)
    }

    fn apply(&mut self, edits: &[(Edit, f64)]) -> Result<()> {
        let mut records = Vec::with_capacity(edits.len());
        for (n, (edit, _)) in self.loaded.n_of.iter_mut().zip(edits) {
            match edit {
                Edit::Insert { .. } => *n += 1,
                Edit::Delete { .. } => *n -= 1,
                Edit::None | Edit::Displace { .. } => {}
            }
        }
        for (edit, _) in edits {
            records.push(match *edit {
                Edit::None => TrialRecord::default(),
                Edit::Insert { species, position, velocity } => TrialRecord {
                    kind: 1,
                    species: u32::from(species),
                    position: self.atom(position, species),
                    velocity: velocity.as_vec3().extend(0.0).to_array(),
                    ..TrialRecord::default()
                },
                Edit::Delete { slot } => TrialRecord { kind: 2, slot: slot as u32, ..TrialRecord::default() },
                Edit::Displace { slot, position } => TrialRecord {
                    kind: 3,
                    slot: slot as u32,
                    position: self.atom(position, 0),
                    ..TrialRecord::default()
                },
            });
        }
        self.upload_trials(&records);
        for (index, chunk) in self.loaded.chunks.iter().enumerate() {
            let workgroups = (chunk.count as u32).div_ceil(self.plan.moves_workgroup);
            self.dispatch(Kernel::Apply, index, workgroups, self.params(chunk, 0, 0));
        }
        self.device.check()
    }
}

impl Gpu {
    /// Atoms of every species that no reservoir touches. `[n_species]`
    fn fixed_counts(&self, species: &[u8]) -> Vec<usize> {
        let mut counts = vec![0; self.system.species.len()];
        for &s in species.iter().filter(|&&s| self.system.reservoir_of(s).is_none()) {
            counts[usize::from(s)] += 1;
        }
        counts
    }
}

/// Reads one measurement; a replica that the device found unsound has the energy NaN.
fn measurement(system: &System, fixed: &[usize], words: &[u32]) -> Measurement {
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

/// Opens the GPU that the user asked for and prepares it for `system`.
///
/// # Errors
/// [`Error::Device`] when there is none, it was refused, or it cannot hold the system.
pub fn backend(want: &Want, system: Arc<System>, rng: Rng) -> Result<Box<dyn Backend>> {
    Ok(Box::new(Gpu::new(open(want)?, system, rng)?))
}

const _: fn() = || {
    fn sendable<T: Send>() {}
    sendable::<Gpu>();
    sendable::<Error>();
};
