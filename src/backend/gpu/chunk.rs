//! The buffers of a run of replicas: as many as one binding and one dispatch hold.

use super::device::GpuDevice;
use super::layout::{AssignmentRecord, ReplicaRecord, TrialRecord, atom_record, inside_walls};
use super::plan::Plan;
use super::recorder::create_buffer;
use crate::batch::Configuration;
use crate::error::Result;
use crate::ids::StateId;
use crate::system::System;
use glam::DVec3;
use wgpu::{Buffer, BufferUsages};

/// Replicas first..first + count with everything the device holds of them.
pub(super) struct Chunk {
    pub(super) first: usize,
    pub(super) count: usize,
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
}

/// Most replicas of one chunk.
pub(super) fn replicas_per_chunk(plan: &Plan, device: &GpuDevice) -> usize {
    let bytes = device.limits.max_storage_buffer_binding_size.min(device.limits.max_buffer_size);
    let atoms = 16 * u64::from(plan.capacity) * if plan.large { 2 } else { 1 };
    let largest = atoms.max(size_of::<TrialRecord>() as u64).max(plan.list_bytes());
    let groups = u64::from(device.limits.max_compute_workgroups_per_dimension);
    (bytes / largest).clamp(1, groups) as usize
}

impl Chunk {
    /// Empty buffers for `count` replicas.
    pub(super) fn new(device: &GpuDevice, plan: &Plan, first: usize, count: usize) -> Result<Chunk> {
        let storage = BufferUsages::STORAGE | BufferUsages::COPY_DST | BufferUsages::COPY_SRC;
        let make = |label: &str, bytes_each: usize| create_buffer(device, label, (bytes_each * count) as u64, storage);
        let atoms = 16 * plan.capacity as usize;
        let words = plan.result_words as usize;
        let readback = BufferUsages::MAP_READ | BufferUsages::COPY_DST;
        Ok(Chunk {
            first,
            count,
            positions: make("adlayer.positions", atoms)?,
            velocities: make("adlayer.velocities", atoms)?,
            replicas: make("adlayer.replicas", size_of::<ReplicaRecord>())?,
            order: make("adlayer.order", 4)?,
            results: make("adlayer.results", 4 * words)?,
            trials: make("adlayer.trials", size_of::<TrialRecord>())?,
            assignments: make("adlayer.assignments", size_of::<AssignmentRecord>())?,
            lists: make("adlayer.lists", plan.list_bytes() as usize)?,
            scratch: make("adlayer.scratch", if plan.large { 2 * atoms } else { 0 })?,
            stale_steps: make("adlayer.stale_steps", if plan.large { 12 } else { 0 })?,
            readback: create_buffer(device, "adlayer.readback", (4 * words * count) as u64, readback)?,
        })
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
            records.push(ReplicaRecord { n: x.len() as u32, state: state.0, status: 0, spare: 0 });
        }
        device.queue.write_buffer(&self.positions, 0, bytemuck::cast_slice(&positions));
        device.queue.write_buffer(&self.velocities, 0, bytemuck::cast_slice(&velocities));
        device.queue.write_buffer(&self.replicas, 0, bytemuck::cast_slice(&records));
    }

    /// The configurations of buffers that were read back.
    pub(super) fn configurations(
        plan: &Plan,
        positions: &[[f32; 4]],
        velocities: &[[f32; 4]],
        records: &[ReplicaRecord],
    ) -> Vec<Configuration> {
        let capacity = plan.capacity as usize;
        let vector = |v: &[f32; 4]| DVec3::new(f64::from(v[0]), f64::from(v[1]), f64::from(v[2]));
        records
            .iter()
            .enumerate()
            .map(|(r, record)| {
                let slots = r * capacity..r * capacity + record.n as usize;
                Configuration {
                    positions: positions[slots.clone()].iter().map(vector).collect(),
                    velocities: velocities[slots.clone()].iter().map(vector).collect(),
                    species: positions[slots].iter().map(|p| p[3] as u8).collect(),
                }
            })
            .collect()
    }
}
