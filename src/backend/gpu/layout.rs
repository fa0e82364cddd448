//! layout: what the host and every kernel share.   Twin: shaders/shared/layout.wgsl

use crate::moves::MoveKind;
use crate::system::System;
use crate::thermo::states::StatePoint;
use bytemuck::{Pod, Zeroable};

pub use crate::system::configuration::MAX_SPECIES;
/// External fields on one species.
pub const MAX_FIELDS_PER_SPECIES: usize = 4;
/// Periodic images of a pair, the nearest one included.
pub const MAX_SHIFTS: usize = 128;
/// Groups of frozen atoms.
pub const MAX_GROUPS: usize = 32;
/// Skin of neighbour lists, as a fraction of r_c.
pub const SKIN: f64 = 0.12;
/// 1.5·2²³: added to a smaller f32 and taken away again it leaves the nearest integer.
pub(super) const MAGIC: f32 = 12_582_912.0;
/// Height of atoms that only fill a place: 2⁵⁰, out of every reach, and its square is finite \[length\].
pub const FAR: f32 = 1_125_899_906_842_624.0;
/// Attempts whose accepted moves the log of a replica holds; more are made in several goes.
pub(super) const LOG_ATTEMPTS: u32 = 1024;
/// Bytes of the tallies of one N: four words for every kind of move.
pub(super) const TALLY_BYTES: u64 = 16 * MoveKind::TALLIED.len() as u64;

/// Nothing: `kind` of a [`TrialRecord`].
pub const TRIAL_NONE: u32 = 0;
/// A new atom.
pub const TRIAL_INSERT: u32 = 1;
/// An atom disappears.
pub const TRIAL_DELETE: u32 = 2;
/// An atom moves.
pub const TRIAL_DISPLACE: u32 = 3;
/// An atom becomes one of another species.
pub const TRIAL_IDENTITY: u32 = 4;

/// One dispatch.
#[derive(Debug, Clone, Copy, Default, PartialEq, Pod, Zeroable)]
#[repr(C)]
#[expect(missing_docs, reason = "the fields are those of the shader")]
pub struct Params {
    pub first_in_order: u32,
    pub n_replicas: u32,
    pub first_replica: u32,
    pub steps: u32,
    pub step_low: u32,
    pub step_high: u32,
    pub redraw: u32,
    pub book: u32,
    pub result_words: u32,
    pub step: u32,
    pub n_states: u32,
    pub first_walker: u32,
    pub log_words: u32,
    pub fresh_log: u32,
    pub before: u32,
    pub log_row: u32,
    pub round_keys: [[u32; 4]; 5],
}

/// One pair of species.
#[derive(Debug, Clone, Copy, Default, PartialEq, Pod, Zeroable)]
#[repr(C)]
pub struct PairCoefficients {
    /// The form's own coefficients.
    pub form: [f32; 3],
    /// u(r_c) where it is subtracted \[energy\]
    pub shift: f32,
    /// u'(r_c) where it is subtracted [energy/length]
    pub slope: f32,
    /// (core radius)² \[length²\]
    pub core_squared: f32,
    /// r_c²; 0 without interaction \[length²\]
    pub r_cut_squared: f32,
    /// Tail correction of a pair of atoms \[energy\]
    pub tail: f32,
}

/// One species.
#[derive(Debug, Clone, Copy, Default, PartialEq, Pod, Zeroable)]
#[repr(C)]
pub struct Species {
    /// [energy·time²/length²]
    pub mass: f32,
    /// Its inverse.
    pub inverse_mass: f32,
    /// Half the energy of an atom with its own images \[energy\]
    pub self_image: f32,
    /// Fields that act on it.
    pub n_fields: u32,
}

/// One external field.
#[derive(Debug, Clone, Copy, Default, PartialEq, Pod, Zeroable)]
#[repr(C)]
pub struct ExternalField {
    /// 0 harmonic, 1 Steele, 2 9-3 wall.
    pub kind: u32,
    /// Spring, or prefactor of the wall.
    pub strength: f32,
    /// σ \[length\]
    pub sigma: f32,
    /// Overlap below this height \[length\]
    pub core: f32,
    /// Centre, or (spacing, floor, σ⁴/3Δ).
    pub place: [f32; 4],
}

/// One reservoir species.
#[derive(Debug, Clone, Copy, Default, PartialEq, Pod, Zeroable)]
#[repr(C)]
pub struct Reservoir {
    /// Index of the species.
    pub species: u32,
    /// N_max.
    pub max_atoms: u32,
    /// \[length\]
    pub z_lo: f32,
    /// \[length\]
    pub z_hi: f32,
}

/// Voxels of the table of insertion of one reservoir species.
#[derive(Debug, Clone, Copy, Default, PartialEq, Pod, Zeroable)]
#[repr(C)]
pub struct Voxels {
    /// Along x, y, z of a surface cell; where its table of the first temperature begins, in numbers.
    pub counts: [u32; 4],
    /// Surface cells along x and y; numbers between the tables of two temperatures.
    pub repeats: [u32; 4],
    /// Voxels of a unit of length along x, y, z [1/length]; lower end of the region \[length\]
    pub per_length: [f32; 4],
    /// Edges of a voxel \[length\]; voxels along x by which a row of surface cells is ahead of the one below.
    pub to_length: [f32; 4],
}

/// Frozen atoms of one species.
#[derive(Debug, Clone, Copy, Default, PartialEq, Pod, Zeroable)]
#[repr(C)]
pub struct FrozenGroup {
    /// First atom.
    pub first: u32,
    /// One past the last.
    pub last: u32,
    /// Index of the species.
    pub species: u32,
    /// Unused.
    pub spare: u32,
    /// No atom lies lower \[length\]
    pub z_low: f32,
    /// No atom lies higher \[length\]
    pub z_high: f32,
    /// Unused.
    pub padding: [f32; 2],
}

/// Everything about the system that every replica shares.
#[derive(Debug, Clone, Copy, PartialEq, Pod, Zeroable)]
#[repr(C)]
#[expect(missing_docs, reason = "the fields are those of the shader")]
pub struct SystemTable {
    pub lengths: [f32; 4],
    pub lengths_low: [f32; 4],
    pub inverse_lengths: [f32; 4],
    pub walls: [f32; 4],
    pub dynamics: [f32; 4],
    pub grid: [u32; 4],
    pub grid_origin: [f32; 4],
    pub grid_scale: [f32; 4],
    pub slab_bins: [u32; 4],
    pub slab_scale: [f32; 4],
    pub slab_cells: [f32; 4],
    pub slab_edges: [f32; 4],
    pub n_species: u32,
    pub n_groups: u32,
    pub n_reservoirs: u32,
    pub tail_correction: u32,
    pub pairs: [PairCoefficients; MAX_SPECIES * MAX_SPECIES],
    pub species: [Species; MAX_SPECIES],
    pub fields: [ExternalField; MAX_SPECIES * MAX_FIELDS_PER_SPECIES],
    pub reservoirs: [Reservoir; MAX_SPECIES],
    pub voxels: [Voxels; MAX_SPECIES],
    pub groups: [FrozenGroup; MAX_GROUPS],
    pub shifts: [[f32; 4]; MAX_SHIFTS],
    pub shear: [f32; 4],
    pub shear_edges: [f32; 4],
    pub bonds: [u32; 4],
    pub bond_shares: [u32; 4],
    pub bond_shell: [f32; 4],
    pub bond_range: [f32; 4],
}

/// One replica, besides its atoms.
#[derive(Debug, Clone, Copy, Default, PartialEq, Pod, Zeroable)]
#[repr(C)]
pub struct ReplicaRecord {
    /// Mobile atoms.
    pub n: u32,
    /// The state it holds.
    pub state: u32,
    /// Bits of what went wrong.
    pub status: u32,
    /// Accepted insertions and deletions in the log.
    pub n_events: u32,
}

/// One state.
#[derive(Debug, Clone, Copy, Default, PartialEq, Pod, Zeroable)]
#[repr(C)]
pub struct StateRecord {
    /// 1/kT [1/energy]
    pub beta: f32,
    /// \[energy\]
    pub kt: f32,
    /// Which tables of insertion serve it.
    pub temperature: u32,
    /// First record of η of its window; 0 without one.
    pub window: u32,
    /// Fewest atoms of the window | most << 16.
    pub bounds: u32,
    /// Reservoir that the window is of.
    pub weighted: u32,
    /// Most insertion and deletion attempts of a cycle.
    pub attempts: u32,
    /// First word of its log among those of a walker.
    pub log_start: u32,
    /// ln z + ln V_in of every reservoir; in a record of weights η of eight consecutive N \[kT\].
    pub ln_zv: [f32; MAX_SPECIES],
    /// Weights of the tables of insertion of every reservoir, in shares.
    pub weights: [u32; MAX_SPECIES],
}

/// One trial or edit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Pod, Zeroable)]
#[repr(C)]
pub struct TrialRecord {
    /// One of [`TRIAL_NONE`], [`TRIAL_INSERT`], [`TRIAL_DELETE`], [`TRIAL_DISPLACE`], [`TRIAL_IDENTITY`].
    pub kind: u32,
    /// Index of the species.
    pub species: u32,
    /// Slot of the atom.
    pub slot: u32,
    /// Unused.
    pub spare: u32,
    /// \[length\]
    pub position: [f32; 4],
    /// [length/time]; for a change of identity the factor on the velocity, in x.
    pub velocity: [f32; 4],
}

/// The state that a replica is given.
#[derive(Debug, Clone, Copy, Default, PartialEq, Pod, Zeroable)]
#[repr(C)]
pub struct AssignmentRecord {
    /// Index of the state.
    pub state: u32,
    /// What its velocities are multiplied by.
    pub scale: f32,
}

impl StateRecord {
    /// The records of all states, and behind them those of η of their windows.
    ///
    /// - `weights`: `[n_states * n_reservoirs]` of the tables of insertion in shares, or empty
    /// - `attempts`: `[n_states]`, most of a cycle, or empty
    pub fn all(system: &System, states: &[StatePoint], weights: &[u32], attempts: &[u32]) -> Vec<StateRecord> {
        let mut weights = weights.chunks(system.reservoirs.len().max(1));
        let record = |(k, s): (usize, &StatePoint)| StateRecord {
            attempts: attempts.get(k).copied().unwrap_or(u32::MAX),
            ..StateRecord::new(system, s, weights.next().unwrap_or(&[]))
        };
        let mut records: Vec<StateRecord> = states.iter().enumerate().map(record).collect();
        for (k, window) in states.iter().enumerate().filter_map(|(k, s)| Some((k, s.window.as_ref()?))) {
            let first = records.len() as u32;
            let record = &mut records[k];
            record.window = first;
            record.bounds = u32::from(window.lo) | u32::from(window.hi()) << 16;
            record.weighted = window.reservoir as u32;
            for eta in window.weights().chunks(MAX_SPECIES) {
                let mut record = StateRecord::default();
                record.ln_zv.iter_mut().zip(eta).for_each(|(w, &eta)| *w = eta as f32);
                records.push(record);
            }
        }
        records
    }

    /// The record of a state.
    ///
    /// - `weights`: `[n_reservoirs]` of its tables of insertion in shares, or empty
    fn new(system: &System, state: &StatePoint, weights: &[u32]) -> StateRecord {
        let temperature = system.insertion.as_ref().map_or(0, |tables| tables.temperature(state.kt));
        let mut record = StateRecord {
            beta: state.beta() as f32,
            kt: state.kt as f32,
            temperature: temperature as u32,
            ..StateRecord::default()
        };
        record.weights[..weights.len()].copy_from_slice(weights);
        for ((ln_zv, r), ln_z) in record.ln_zv.iter_mut().zip(&system.reservoirs).zip(&state.ln_z) {
            *ln_zv = (ln_z + r.volume.ln()) as f32;
        }
        record
    }
}
