//! The buffers of a run of replicas: as many as one binding and one dispatch hold.

use super::atoms::{atom_record, inside_walls};
use super::device::GpuDevice;
use super::layout::{AssignmentRecord, LOG_ATTEMPTS, ReplicaRecord, TALLY_BYTES, TrialRecord};
use super::plan::Plan;
use super::recorder::create_buffer;
use crate::backend::Ensemble;
use crate::base::error::{DeviceError, Result};
use crate::base::ids::StateId;
use crate::moves::tally::walkers_of;
use crate::system::System;
use crate::system::configuration::Configuration;
use glam::DVec3;
use std::ops::Range;
use wgpu::{Buffer, BufferUsages};

/// Replicas first..first + count of the backend with everything the device holds of them.
pub(super) struct Chunk {
    pub(super) first: usize,
    pub(super) count: usize,
    /// Walkers that its replicas belong to, by their numbers in the run.
    pub(super) walkers: Range<usize>,
    pub(super) positions: Buffer,
    pub(super) velocities: Buffer,
    pub(super) replicas: Buffer,
    pub(super) order: Buffer,
    pub(super) results: Buffer,
    pub(super) trials: Buffer,
    pub(super) assignments: Buffer,
    pub(super) lists: Buffer,
    pub(super) scratch: Buffer,
    pub(super) stale_steps: Buffer,
    pub(super) readback: Buffer,
    /// Tallies of its walkers; those of a walker that two chunks share are to be added.
    pub(super) tallies: Buffer,
    /// Accepted moves, and where they are read back by turns.
    pub(super) log: Buffer,
    pub(super) log_readback: [Buffer; 2],
    /// Where positions and records are read back by turns; made when a cycle is first to keep them.
    pub(super) kept_readback: Option<[[Buffer; 2]; 2]>,
}

const READBACK: BufferUsages = BufferUsages::MAP_READ.union(BufferUsages::COPY_DST);

/// A log of accepted moves, and two buffers to read it back.
fn log_buffers(device: &GpuDevice, words: u64) -> Result<[Buffer; 3]> {
    let bytes = 4 * words;
    let storage = BufferUsages::STORAGE | BufferUsages::COPY_SRC;
    Ok([
        create_buffer(device, "adlayer.move_log", bytes, storage)?,
        create_buffer(device, "adlayer.move_log_readback", bytes, READBACK)?,
        create_buffer(device, "adlayer.move_log_readback", bytes, READBACK)?,
    ])
}

/// Most replicas of one chunk.
pub(super) fn replicas_per_chunk(plan: &Plan, device: &GpuDevice) -> usize {
    let bytes = device.limits.max_storage_buffer_binding_size.min(device.limits.max_buffer_size);
    let atoms = (16 * u64::from(plan.capacity)).max(plan.scratch_bytes());
    let log = 4 * u64::from(LOG_ATTEMPTS + 1);
    let largest = atoms.max(size_of::<TrialRecord>() as u64).max(plan.list_bytes()).max(log);
    let groups = u64::from(device.limits.max_compute_workgroups_per_dimension);
    (bytes / largest).clamp(1, groups) as usize
}

impl Chunk {
    /// Empty buffers for replicas first..first + count of an ensemble.
    pub(super) fn new(
        device: &GpuDevice,
        plan: &Plan,
        first: usize,
        count: usize,
        ensemble: &Ensemble,
    ) -> Result<Chunk> {
        let storage = BufferUsages::STORAGE | BufferUsages::COPY_DST | BufferUsages::COPY_SRC;
        let make = |label: &str, bytes_each: usize| create_buffer(device, label, (bytes_each * count) as u64, storage);
        let atoms = 16 * plan.capacity as usize;
        let words = plan.result_words as usize;
        let n_states = ensemble.states.len();
        let global = ensemble.global(first).index();
        let walkers = walkers_of(n_states, &(global..global + count));
        let tally_bytes = (walkers.len() * n_states) as u64 * plan.tally_bytes();
        let most = device.limits.max_storage_buffer_binding_size.min(device.limits.max_buffer_size);
        if tally_bytes > most {
            let problem = format!(
                "the tallies of {} states with up to {} atoms need {tally_bytes} bytes, one buffer of adapter `{}` holds \
                 {most}",
                walkers.len() * n_states,
                plan.tally_bytes() / TALLY_BYTES,
                device.info.name
            );
            return Err(DeviceError::TooLarge { problem, remedy: "choose fewer states or a smaller max_atoms" }.into());
        }
        let [log, log_a, log_b] = log_buffers(device, count as u64)?;
        Ok(Chunk {
            first,
            count,
            walkers,
            tallies: create_buffer(device, "adlayer.tallies", tally_bytes, storage)?,
            log,
            log_readback: [log_a, log_b],
            kept_readback: None,
            positions: make("adlayer.positions", atoms)?,
            velocities: make("adlayer.velocities", atoms)?,
            replicas: make("adlayer.replicas", size_of::<ReplicaRecord>())?,
            order: make("adlayer.order", 4)?,
            results: make("adlayer.results", 4 * words)?,
            trials: make("adlayer.trials", size_of::<TrialRecord>())?,
            assignments: make("adlayer.assignments", size_of::<AssignmentRecord>())?,
            lists: make("adlayer.lists", plan.list_bytes() as usize)?,
            scratch: make("adlayer.scratch", plan.scratch_bytes() as usize)?,
            stale_steps: make("adlayer.stale_steps", if plan.large { 12 } else { 0 })?,
            readback: create_buffer(device, "adlayer.readback", (4 * words * count) as u64, READBACK)?,
        })
    }

    /// Makes room for so many words of accepted moves.
    pub(super) fn grow_log(&mut self, device: &GpuDevice, words: u64) -> Result<()> {
        let [log, log_a, log_b] = log_buffers(device, words)?;
        (self.log, self.log_readback) = (log, [log_a, log_b]);
        Ok(())
    }

    /// Bytes of all positions, and of all records.
    pub(super) fn kept_bytes(&self, plan: &Plan) -> [u64; 2] {
        [16 * (plan.capacity as usize * self.count) as u64, (size_of::<ReplicaRecord>() * self.count) as u64]
    }

    /// Makes room for what a cycle keeps.
    pub(super) fn make_room_to_keep(&mut self, device: &GpuDevice, plan: &Plan) -> Result<()> {
        if self.kept_readback.is_none() {
            let [positions, records] = self.kept_bytes(plan);
            let make = |bytes| create_buffer(device, "adlayer.kept_readback", bytes, READBACK);
            self.kept_readback = Some([[make(positions)?, make(records)?], [make(positions)?, make(records)?]]);
        }
        Ok(())
    }

    /// Bytes of all measurements.
    pub(super) fn result_bytes(&self, plan: &Plan) -> u64 {
        4 * u64::from(plan.result_words) * self.count as u64
    }

    /// Writes configurations and states into the buffers.
    pub(super) fn upload(
        &self,
        device: &GpuDevice,
        plan: &Plan,
        system: &System,
        configurations: &[Configuration],
        assignment: &[StateId],
    ) {
        let capacity = plan.capacity as usize;
        let mut positions = vec![[0.0f32; 4]; capacity * self.count];
        let mut velocities = positions.clone();
        let mut records = Vec::with_capacity(self.count);
        for (r, (x, state)) in configurations.iter().zip(assignment).enumerate() {
            for slot in 0..x.len() {
                let atom = atom_record(system, x.positions[slot], x.species[slot]);
                positions[r * capacity + slot] = inside_walls(system, atom);
                velocities[r * capacity + slot] = x.velocities[slot].as_vec3().extend(0.0).to_array();
            }
            records.push(ReplicaRecord { n: x.len() as u32, state: state.0, status: 0, n_events: 0 });
        }
        device.queue.write_buffer(&self.positions, 0, bytemuck::cast_slice(&positions));
        device.queue.write_buffer(&self.velocities, 0, bytemuck::cast_slice(&velocities));
        device.queue.write_buffer(&self.replicas, 0, bytemuck::cast_slice(&records));
    }

    /// The configurations of buffers that were read back, without velocities if these were not.
    ///
    /// - `capacity`: slots of a replica
    pub(super) fn configurations(
        capacity: usize,
        positions: &[[f32; 4]],
        velocities: Option<&[[f32; 4]]>,
        records: &[ReplicaRecord],
    ) -> Vec<Configuration> {
        let vector = |v: &[f32; 4]| DVec3::new(f64::from(v[0]), f64::from(v[1]), f64::from(v[2]));
        records
            .iter()
            .enumerate()
            .map(|(r, record)| {
                let slots = r * capacity..r * capacity + record.n as usize;
                Configuration {
                    positions: positions[slots.clone()].iter().map(vector).collect(),
                    velocities: velocities.map_or_else(Vec::new, |v| v[slots.clone()].iter().map(vector).collect()),
                    species: positions[slots].iter().map(|p| p[3] as u8).collect(),
                }
            })
            .collect()
    }
}
