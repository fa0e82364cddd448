//! The GPU backend: f32 kernels in WGSL over any Vulkan, Metal or DirectX 12 adapter.
//!
//! One workgroup moves one replica; everything of a cycle is recorded and submitted at once, and only E, N and a status
//! word come back. Kernels stand in `shaders/`, each beside its twin in `backend::reference`.

mod adapter;
mod atoms;
mod chunk;
pub mod device;
mod dynamics;
mod kernel_text;
pub mod layout;
mod log_places;
mod move_log;
mod pipelines;
mod plan;
mod readback;
mod recorder;
mod self_test;
pub mod shaders;
pub mod slab;
mod system_table;
mod tuning;
mod work;

pub use adapter::{WHY_NONE, hardware_adapters, has_hardware, only_software, open, open_all, open_anew, survey};
pub use device::GpuDevice;
pub use kernel_text::{KernelText, kernel_texts};

use crate::backend::{
    AdapterChoice, AllGpus, Backend, BackendInfo, BackendState, CycleResult, CycleWork, Ensemble, Identity, Span,
    TrialEnergies, Usage,
};
use crate::base::error::{Error, Result};
use crate::base::ids::{ReplicaId, StateId};
use crate::base::rng::Rng;
use crate::moves::exchange::velocity_scale;
use crate::moves::tally::Transitions;
use crate::moves::{Edit, Trial};
use crate::system::System;
use crate::system::configuration::Batch;
use crate::thermo::states::StatePoint;
use atoms::frozen_atoms;
use chunk::{Chunk, replicas_per_chunk};
use layout::{AssignmentRecord, LOG_ATTEMPTS, ReplicaRecord, SystemTable, TrialRecord};
use move_log::{DeviceMoveLog, Pages};
use pipelines::{Kernel, Pipelines};
use plan::Plan;
pub use plan::Way;
use recorder::{Recorder, create_buffer};
use std::cell::RefCell;
use std::sync::Arc;
use system_table::{bond_records, insertion_records};
use tuning::Tuning;
use wgpu::{BindGroup, Buffer, BufferUsages};

/// Fewest replicas worth a dispatch of their own when work is split.
const REPLICAS_PER_DISPATCH: usize = 4096;

/// All replicas on one GPU, in f32.
pub struct Gpu {
    device: Arc<GpuDevice>,
    ensemble: Ensemble,
    plan: Plan,
    /// Compiled by the first load, which tells the species of the mobile atoms.
    pipelines: Option<Pipelines>,
    table: Buffer,
    frozen: Buffer,
    recorder: RefCell<Recorder>,
    /// Most replicas of one chunk of buffers.
    replicas_per_chunk: usize,
    loaded: Resident,
    usage: Usage,
}

/// What is on the device, and what the host knows of it.
#[derive(Default)]
struct Resident {
    chunks: Vec<Chunk>,
    groups: Vec<BindGroup>,
    state_records: Option<Buffer>,
    /// Tallied so far, without what is still on the device.
    transitions: Transitions,
    log: DeviceMoveLog,
    pages: Pages,
    /// Whether the next measurement reads configurations too.
    keeps: bool,
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
        let tuning = Tuning::from_environment()?;
        let bins = tuning.bins(&system);
        let plan = Plan::new(&system, &device.traits(), &tuning, bins.as_ref())?;
        let (mut atoms, groups) = frozen_atoms(&system);
        // One buffer holds all of these: a kernel binds as many as some adapters have.
        atoms.extend(system.pairs.lookup());
        let first_share = 4 * atoms.len();
        if let Some(tables) = &system.insertion {
            atoms.extend(insertion_records(tables));
        }
        let first_site = atoms.len();
        atoms.extend(system.bonds.iter().flat_map(|bonds| bond_records(bonds)));
        let bins_at = bins.as_ref().map(|bins| (bins, atoms.len()));
        let table = SystemTable::new(&system, &groups, first_share, bins_at, first_site)?;
        if let Some(bins) = bins {
            atoms.extend(bins.records);
        }
        let uniform = BufferUsages::UNIFORM | BufferUsages::COPY_DST;
        let storage = BufferUsages::STORAGE | BufferUsages::COPY_DST | BufferUsages::COPY_SRC;
        let table_buffer = create_buffer(&device, "adlayer.table", size_of::<SystemTable>() as u64, uniform)?;
        device.queue.write_buffer(&table_buffer, 0, bytemuck::bytes_of(&table));
        let frozen = create_buffer(&device, "adlayer.frozen", 16 * atoms.len() as u64, storage)?;
        device.queue.write_buffer(&frozen, 0, bytemuck::cast_slice(&atoms));
        let recorder = RefCell::new(Recorder::new(&device)?);
        let replicas_per_chunk = replicas_per_chunk(&plan, &device);
        Ok(Gpu {
            device,
            ensemble: Ensemble::new(system, rng),
            plan,
            pipelines: None,
            table: table_buffer,
            frozen,
            recorder,
            replicas_per_chunk,
            loaded: Resident::default(),
            usage: Usage::default(),
        })
    }

    /// Lowers what one chunk of buffers and one dispatch may hold, from the next [`Backend::load`] on: for tests of the
    /// splitting that a small card would need.
    pub fn limit(&mut self, replicas_per_chunk: usize, pairs_per_dispatch: u64) {
        self.replicas_per_chunk = self.replicas_per_chunk.min(replicas_per_chunk);
        self.plan.pairs_per_dispatch = self.plan.pairs_per_dispatch.min(pairs_per_dispatch);
    }

    /// Takes the path of replicas too large for workgroup memory, from the next [`Backend::load`] on: for tests.
    pub fn make_large(&mut self) {
        self.plan.make_large();
        self.pipelines = None;
        self.replicas_per_chunk = replicas_per_chunk(&self.plan, &self.device);
    }

    /// Goes a way that the rules would not have chosen, from the next [`Backend::load`] on: for tests of each.
    pub fn go(&mut self, way: Way) {
        self.plan.go(way);
        self.pipelines = None;
    }

    /// Lowers the room for neighbour lists, in words of one list, from the next [`Backend::load`] on: for tests of what
    /// happens when they overflow. Without room there are no lists.
    pub fn limit_lists(&mut self, words: u32) {
        self.plan.limit_lists(words);
        self.pipelines = None;
    }

    /// The device under it.
    pub fn device(&self) -> &GpuDevice {
        &self.device
    }

    /// Records a segment of dynamics of every replica.
    fn move_atoms(&mut self, Span { first, count }: Span) -> Result<()> {
        let slab = self.plan.slab_partners();
        let dynamics = self.ensemble.system.dynamics;
        if !self.plan.is_molecular {
            return self.dispatch_split(Kernel::Displace, first, count, false, |n| 300 + 2 * (n + slab));
        }
        let Some(segment) = dynamics.segment() else {
            return self.dispatch_steps(first, count, dynamics.redraws_at(first));
        };
        for start in segment.starts(first, count) {
            self.record_measurement()?;
            self.dispatch_end(Kernel::OpenSegment, start, start == first)?;
            self.dispatch_steps(start, segment.steps, false)?;
            self.record_measurement()?;
            self.dispatch_end(Kernel::CloseSegment, start, false)?;
        }
        Ok(())
    }

    /// Records MD steps of every replica.
    fn dispatch_steps(&self, first: u64, count: u32, redraw: bool) -> Result<()> {
        let slab = self.plan.slab_partners();
        match self.plan.large {
            true => self.dispatch_large(first, count, redraw),
            false => self.dispatch_split(Kernel::Integrate, first, count, redraw, |n| n * (n + slab)),
        }
    }

    /// Records the particle moves of a cycle in every replica: insertions and deletions, then changes of identity.
    fn move_particles(&mut self, work: &CycleWork) -> Result<()> {
        let count = |span: Option<Span>| span.map_or(0, |span| span.count);
        self.make_log_room(count(work.particle_moves), count(work.identity))?;
        let slab = self.plan.slab_partners();
        // what the attempts of a group cost where the first of them is accepted; most of it is not pairs
        if let Some(span) = work.particle_moves {
            self.attempt(Kernel::InsertDelete, span, work.tally, |n| 400 + 4 * (n + slab))?;
        }
        if let Some(span) = work.identity {
            self.attempt(Kernel::Identity, span, work.tally, |n| 600 + 2 * (n + slab))?;
        }
        Ok(())
    }

    /// Gives the device the states anew.
    pub(super) fn upload_states(&self) -> Result<()> {
        self.flush();
        if let Some(states) = &self.loaded.state_records {
            self.device.queue.write_buffer(states, 0, bytemuck::cast_slice(&self.state_records()));
        }
        self.device.check()
    }

    /// Records attempts of one kind in goes whose accepted moves the log holds.
    ///
    /// - `pairs_per_attempt`: pair evaluations of one attempt in a replica with n atoms
    fn attempt(
        &mut self,
        kernel: Kernel,
        Span { first, count }: Span,
        tally: bool,
        pairs_per_attempt: impl Fn(u64) -> u64,
    ) -> Result<()> {
        (self.loaded.log.recorded, self.loaded.log.begun) = (true, first);
        let mut done = 0;
        while done < count {
            if self.loaded.log.held == LOG_ATTEMPTS {
                self.drain_log()?;
            }
            let go = (LOG_ATTEMPTS - self.loaded.log.held).min(count - done);
            if tally {
                self.make_tally_room(go)?;
            }
            self.dispatch_split(kernel, first + u64::from(done), go, tally, &pairs_per_attempt)?;
            self.loaded.log.held += go;
            done += go;
        }
        Ok(())
    }
}

impl Backend for Gpu {
    fn info(&self) -> BackendInfo {
        let kernel = self.plan.name();
        BackendInfo {
            description: self.device.describe(),
            driver: self.device.driver(),
            identity: Identity {
                open: self.device.word.clone(),
                device: self.device.describe(),
                kernel: format!("{kernel}, sources {}", shaders::hash(self.ensemble.system.pairs.shader())),
            },
            kernel,
            energy_tolerance: 2e-6,
            usage: Some(self.usage),
        }
    }

    fn ensemble(&self) -> &Ensemble {
        &self.ensemble
    }

    fn load_slice(
        &mut self,
        first_replica: ReplicaId,
        batch: &Batch,
        states: &[StatePoint],
        assignment: &[StateId],
    ) -> Result<()> {
        assert_eq!(assignment.len(), batch.configurations.len(), "one state per replica");
        let n_replicas = batch.configurations.len();
        batch.configurations.iter().for_each(|x| self.ensemble.system.assert_fits(x));
        self.flush();
        self.compile(batch)?;
        self.ensemble.load(first_replica, states, assignment);
        self.loaded = Resident {
            transitions: self.ensemble.no_transitions(),
            log: DeviceMoveLog::default(),
            n_of: batch.configurations.iter().map(|x| x.len() as u32).collect(),
            fixed: batch.configurations.iter().map(|x| self.fixed_counts(&x.species)).collect(),
            ..Resident::default()
        };
        self.loaded.state_records = Some(self.state_buffer()?);
        let most = self.replicas_per_chunk;
        for first in (0..n_replicas).step_by(most) {
            let count = most.min(n_replicas - first);
            let chunk = Chunk::new(&self.device, &self.plan, first, count, &self.ensemble)?;
            let range = first..first + count;
            let configurations = &batch.configurations[range.clone()];
            chunk.upload(&self.device, &self.plan, &self.ensemble.system, configurations, &assignment[range]);
            self.loaded.chunks.push(chunk);
            self.loaded.order.push(Vec::new());
        }
        self.bind();
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
            batch.configurations.extend(Chunk::configurations(
                self.plan.capacity as usize,
                positions,
                Some(velocities),
                records,
            ));
        }
        Ok(())
    }

    fn save(&mut self) -> Result<BackendState> {
        // Lists hold no history: they are built at the start of every dispatch, in the order of slots, and what they
        // hold beyond the cutoff adds zeros. Energies are summed anew by every measurement.
        let mut batch = Batch::default();
        self.store(&mut batch)?;
        Ok(BackendState { transitions: self.transitions()?, ..BackendState::of_batch(&batch) })
    }

    fn restore(
        &mut self,
        first_replica: ReplicaId,
        saved: &BackendState,
        states: &[StatePoint],
        assignment: &[StateId],
    ) -> Result<()> {
        self.load_slice(first_replica, &saved.batch(), states, assignment)?;
        self.loaded.transitions.clone_from(&saved.transitions);
        Ok(())
    }

    fn set_states(&mut self, assignment: &[StateId]) -> Result<()> {
        assert_eq!(assignment.len(), self.ensemble.assignment.len(), "one state per replica");
        self.flush();
        let kt = |id: &StateId| self.ensemble.states[id.index()].kt;
        let records: Vec<AssignmentRecord> = assignment
            .iter()
            .zip(&self.ensemble.assignment)
            .map(|(new, old)| AssignmentRecord { state: new.0, scale: velocity_scale(kt(old), kt(new)) as f32 })
            .collect();
        for (index, chunk) in self.loaded.chunks.iter().enumerate() {
            let some = &records[chunk.first..chunk.first + chunk.count];
            self.device.queue.write_buffer(&chunk.assignments, 0, bytemuck::cast_slice(some));
            self.dispatch(Kernel::Assign, index, chunk.count as u32, self.params(chunk, 0, 0))?;
        }
        self.ensemble.assignment = assignment.to_vec();
        self.device.check()
    }

    fn set_windows(&mut self, states: &[StatePoint]) -> Result<()> {
        self.ensemble.set_windows(states);
        self.upload_states()
    }

    fn forget_transitions(&mut self) -> Result<()> {
        self.drain_tallies()?;
        self.loaded.transitions = self.ensemble.no_transitions();
        Ok(())
    }

    fn set_insertion_weights(&mut self, weights: &[u32]) -> Result<()> {
        self.ensemble.set_weights(weights);
        self.upload_states()
    }

    fn set_attempts(&mut self, most: &[u32]) -> Result<()> {
        self.ensemble.set_attempts(most);
        self.upload_states()
    }

    fn begin(&mut self, work: &CycleWork) -> Result<()> {
        let work = work.possible_in(&self.ensemble.system);
        if let Some(steps) = work.dynamics {
            self.move_atoms(steps)?;
        }
        if work.moves_particles() {
            self.move_particles(&work)?;
        }
        self.keep(work.keep)?;
        self.submit_measurement()
    }

    fn complete(&mut self) -> Result<CycleResult> {
        self.finish_measurement()
    }

    fn transitions(&mut self) -> Result<Transitions> {
        self.drain_tallies()?;
        Ok(self.loaded.transitions.clone())
    }

    fn trial_energies_mut(&mut self) -> Option<&mut dyn TrialEnergies> {
        Some(self)
    }
}

impl TrialEnergies for Gpu {
    fn trial_energies(&mut self, trials: &[Trial]) -> Result<Vec<f64>> {
        let records: Vec<TrialRecord> = trials.iter().map(|trial| self.trial_record(trial)).collect();
        self.upload_trials(&records);
        for (index, chunk) in self.loaded.chunks.iter().enumerate() {
            self.dispatch(Kernel::TrialEnergies, index, chunk.count as u32, self.params(chunk, 0, 0))?;
        }
        let mut energies = Vec::with_capacity(trials.len());
        for chunk in &self.loaded.chunks {
            let bytes = self.download(&[(&chunk.results, 4 * chunk.count as u64)])?;
            energies.extend(bytemuck::cast_slice::<u8, f32>(&bytes[0]).iter().map(|&u| f64::from(u)));
        }
        Ok(energies)
    }

    fn apply(&mut self, edits: &[(Edit, f64)]) -> Result<()> {
        for (n, (edit, _)) in self.loaded.n_of.iter_mut().zip(edits) {
            match edit {
                Edit::Insert { .. } => *n += 1,
                Edit::Delete { .. } => *n -= 1,
                Edit::None | Edit::Displace { .. } | Edit::Identity { .. } => {}
            }
        }
        let records: Vec<TrialRecord> = edits.iter().map(|(edit, _)| self.edit_record(edit)).collect();
        self.upload_trials(&records);
        for (index, chunk) in self.loaded.chunks.iter().enumerate() {
            let workgroups = (chunk.count as u32).div_ceil(self.plan.moves_workgroup);
            self.dispatch(Kernel::Apply, index, workgroups, self.params(chunk, 0, 0))?;
        }
        self.device.check()
    }
}

/// Opens the GPU that the user asked for and prepares it for `system`.
///
/// # Errors
/// [`Error::Device`] when there is none, it was refused, or it cannot hold the system.
pub fn backend(choice: &AdapterChoice, system: Arc<System>, rng: Rng) -> Result<Box<dyn Backend>> {
    Ok(Box::new(Gpu::new(open(choice)?, system, rng)?))
}

/// Opens every hardware GPU as [`open_all`] finds them and prepares each for `system`; returns why others were refused too.
///
/// # Errors
/// As [`open_all`] and [`backend`].
pub fn backends(system: &Arc<System>, rng: Rng) -> Result<AllGpus> {
    let (devices, refusals) = open_all()?;
    let prepare = |device| Ok(Box::new(Gpu::new(device, Arc::clone(system), rng)?) as Box<dyn Backend>);
    Ok(AllGpus { backends: devices.into_iter().map(prepare).collect::<Result<Vec<_>>>()?, refusals })
}

const _: fn() = || {
    fn sendable<T: Send>() {}
    sendable::<Gpu>();
    sendable::<Error>();
};
