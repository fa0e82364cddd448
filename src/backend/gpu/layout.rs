//! layout: what the host and every kernel share.   Twin: shaders/shared/layout.wgsl

use super::dynamics::DeviceDynamics;
use super::slab::SlabBins;
use crate::base::error::{DeviceError, Result};
use crate::base::fault_injection::{Fault, planted};
use crate::moves::MoveKind;
use crate::potential::{CORE_FRACTION, ExternalField as Field};
use crate::system::System;
use crate::system::bonds::{Bonds, SlabSite};
use crate::system::insertion::InsertionTables;
use crate::thermo::states::StatePoint;
use bytemuck::{Pod, Zeroable};
use std::f64::consts::PI;

pub use crate::system::configuration::MAX_SPECIES;
/// External fields on one species.
pub const MAX_FIELDS_PER_SPECIES: usize = 4;
/// Periodic images of a pair, the nearest one included.
pub const MAX_SHIFTS: usize = 128;
/// Groups of frozen atoms.
pub const MAX_GROUPS: usize = 32;
/// Thickness of a group of frozen atoms, as a fraction of r_c: layers of a crystal fall apart into groups.
const GROUP_THICKNESS: f64 = 0.2;
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
    pub spare: [u32; 2],
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
    /// Unused.
    pub spare: [u32; 2],
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

/// The unit of the last of so many leading bits of a number.
pub(super) fn quantum_of(x: f64, bits: i32) -> f64 {
    (x.log2().floor() - f64::from(bits - 1)).exp2()
}

/// A number in two pieces: whole multiples of a quantum, and the rest.
pub(super) fn in_pieces(x: f64, quantum: f64) -> [f32; 2] {
    let high = (x / quantum).round() * quantum;
    [high as f32, (x - high) as f32]
}

/// The smallest f32 that is not below `x`.
pub fn not_below(x: f64) -> f32 {
    let nearest = x as f32;
    if f64::from(nearest) < x { nearest.next_up() } else { nearest }
}

/// The largest f32 that is not above `x`.
pub fn not_above(x: f64) -> f32 {
    let nearest = x as f32;
    if f64::from(nearest) > x { nearest.next_down() } else { nearest }
}

impl SystemTable {
    /// The tables of a system.
    ///
    /// - `groups`: frozen atoms by species, from [`frozen_atoms`]
    /// - `first`: where the tables of insertion begin among the frozen atoms, in numbers
    /// - `bins`: of the slab, and where their records begin among the frozen atoms
    /// - `first_site`: where the records of hosts begin among the frozen atoms, and after them those of their partners
    ///
    /// # Errors
    /// [`DeviceError`] when a table would not hold the system.
    pub fn new(
        system: &System,
        groups: &[FrozenGroup],
        first: usize,
        bins: Option<(&SlabBins, usize)>,
        first_site: usize,
    ) -> Result<SystemTable> {
        let n_species = system.species.len();
        let shifts = system.image_shifts();
        let refuse = |what: &str, n: usize, most: usize| {
            let problem = format!("the GPU holds at most {most} {what}, the scene has {n}");
            Err(DeviceError::TooLarge { problem, remedy: "use --device reference for this scene" }.into())
        };
        if n_species > MAX_SPECIES {
            return refuse("species", n_species, MAX_SPECIES);
        }
        if shifts.len() > MAX_SHIFTS {
            return refuse("periodic images of a pair", shifts.len(), MAX_SHIFTS);
        }
        let mut table = SystemTable::zeroed();
        let cell = &system.cell;
        let lengths = cell.lengths.to_array();
        for d in 0..3 {
            let length = lengths[d] as f32;
            table.lengths[d] = length;
            table.lengths_low[d] = (lengths[d] - f64::from(length)) as f32;
            table.inverse_lengths[d] = (1.0 / lengths[d]) as f32;
        }
        table.lengths[3] = system.pairs.r_cut as f32;
        (table.lengths_low[3], table.inverse_lengths[3]) = (MAGIC, MAGIC);
        if cell.is_oblique() {
            let tilt = if planted(Fault::ShearSign) { -cell.tilt } else { cell.tilt };
            let quantum = quantum_of(lengths[0], 22);
            let ([x, x_low], [high, low]) = (in_pieces(lengths[0], quantum), in_pieces(tilt, quantum));
            let [slab, slab_low] = bins.map_or([0.0; 2], |(bins, _)| bins.ahead());
            table.shear = [tilt as f32, high, low, 0.0];
            table.shear_edges = [x, x_low, slab, slab_low];
        }
        if let Some((bins, first)) = bins {
            (table.slab_bins, [table.slab_scale, table.slab_cells, table.slab_edges]) = bins.table(first);
        }
        let (r_cut, skin) = (system.pairs.r_cut, SKIN * system.pairs.r_cut);
        // a thousandth of the skin covers what f32 rounds
        let (reach, half) = ((r_cut + skin).powi(2), (0.499 * skin).powi(2));
        table.walls = [not_below(cell.floor), not_above(cell.ceiling()), reach as f32, half as f32];
        table.dynamics = DeviceDynamics::new(&system.dynamics).coefficients;
        let grid = CellGrid::new(system);
        (table.grid, table.grid_origin, table.grid_scale) = (grid.counts, grid.origin, grid.scale);
        table.n_species = n_species as u32;
        table.n_groups = groups.len() as u32;
        table.n_reservoirs = system.reservoirs.len() as u32;
        table.tail_correction = u32::from(system.pairs.tail_correction);
        table.groups[..groups.len()].copy_from_slice(groups);
        for a in 0..n_species {
            for b in 0..n_species {
                table.pairs[a * MAX_SPECIES + b] = pair_record(system, a, b);
            }
            let own = system.pairs.pair(a as u8, a as u8);
            let self_image: f64 = shifts[1..].iter().map(|s| 0.5 * own.energy(s.length_squared())).sum();
            let (mass, fields) = (system.species[a].mass, &system.external[a]);
            if fields.len() > MAX_FIELDS_PER_SPECIES {
                return refuse("external fields on one species", fields.len(), MAX_FIELDS_PER_SPECIES);
            }
            table.species[a] = Species {
                mass: mass as f32,
                inverse_mass: (1.0 / mass) as f32,
                self_image: self_image as f32,
                n_fields: fields.len() as u32,
            };
            for (k, field) in fields.iter().enumerate() {
                table.fields[a * MAX_FIELDS_PER_SPECIES + k] = field_record(field);
            }
        }
        for (record, r) in table.reservoirs.iter_mut().zip(&system.reservoirs) {
            *record = Reservoir {
                species: u32::from(r.species),
                max_atoms: u32::from(r.max_atoms),
                z_lo: not_below(r.z_lo),
                z_hi: not_above(r.z_hi),
            };
        }
        if let Some(tables) = &system.insertion {
            for (r, record) in table.voxels.iter_mut().enumerate().take(system.reservoirs.len()) {
                *record = voxel_record(tables, r, first);
            }
        }
        if let Some(bonds) = &system.bonds {
            let (first, hosts) = (first_site as u32, bonds.hosts.len() as u32);
            let [from, to] = bonds.shell;
            let [half_shells, caps] = bonds.densities();
            table.bonds = [first, hosts, first + hosts, bonds.partners.len() as u32];
            table.bond_shares = [bonds.shares[0], bonds.shares[0] + bonds.shares[1], 0, 0];
            table.bond_shell = [from.powi(3), to.powi(3), bonds.cap, bonds.reach.powi(2)].map(|x| x as f32);
            table.bond_range = [from.powi(2), to.powi(2), half_shells, caps].map(|x| x as f32);
        }
        for (record, shift) in table.shifts.iter_mut().zip(&shifts) {
            *record = [shift.x as f32, shift.y as f32, shift.z as f32, 0.0];
        }
        Ok(table)
    }
}

/// Cells of a large replica, each at least as wide as the reach of a neighbour list.
pub(super) struct CellGrid {
    counts: [u32; 4],
    origin: [f32; 4],
    scale: [f32; 4],
}

impl CellGrid {
    /// Most cells along an axis.
    const MOST: f64 = 16.0;
    /// What rounding a position to a cell could be off by, relative to the width of a cell.
    const MARGIN: f64 = 1.001;

    pub(super) fn new(system: &System) -> CellGrid {
        let (cell, width) = (&system.cell, CellGrid::MARGIN * (1.0 + SKIN) * system.pairs.r_cut);
        let (mut origin, mut lengths) = ([0.0; 3], cell.lengths.to_array());
        if !cell.periodic_z {
            // frozen atoms further down are out of reach
            origin[2] = cell.floor - width;
            lengths[2] = cell.ceiling() - origin[2];
        }
        let mut grid = CellGrid { counts: [0, 0, 0, 1], origin: [0.0; 4], scale: [0.0; 4] };
        for d in 0..3 {
            let count = (lengths[d] / width).floor().clamp(1.0, CellGrid::MOST);
            (grid.origin[d], grid.scale[d]) = (origin[d] as f32, (count / lengths[d]) as f32);
            grid.counts[d] = count as u32;
            grid.counts[3] *= grid.counts[d];
        }
        grid
    }

    /// Number of all cells.
    pub(super) fn n_cells(&self) -> u32 {
        self.counts[3]
    }
}

fn voxel_record(tables: &InsertionTables, reservoir: usize, first: usize) -> Voxels {
    let own = &tables.voxels[reservoir];
    let ([nx, ny, nz], [rx, ry], per_length) = (own.counts, own.repeats, own.per_length);
    let [x, y, z] = per_length.recip().as_vec3().to_array();
    Voxels {
        counts: [nx, ny, nz, (first + tables.start(0, reservoir)) as u32],
        repeats: [rx, ry, tables.start(1, 0) as u32, 0],
        per_length: per_length.as_vec3().extend(own.z_lo as f32).to_array(),
        to_length: [x, y, z, own.shear as f32],
    }
}

/// Tables of insertion as the kernels read them: shares are whole numbers that f32 holds.
///
/// - returns: four numbers each, filled up with zeros
pub fn insertion_records(tables: &InsertionTables) -> Vec<[f32; 4]> {
    let four = |shares: &[u32]| std::array::from_fn(|i| shares.get(i).map_or(0.0, |&s| s as f32));
    tables.cumulative.chunks(4).map(four).collect()
}

/// Hosts and their partners as the kernels read them: the slot of a mobile atom, or the place of a frozen one and −1.
pub fn bond_records(bonds: &Bonds) -> Vec<[f32; 4]> {
    let record = |site: &SlabSite| match *site {
        SlabSite::Mobile(slot) => [0.0, 0.0, 0.0, slot as f32],
        SlabSite::Frozen(position) => position.as_vec3().extend(-1.0).to_array(),
    };
    bonds.hosts.iter().chain(&bonds.partners).map(record).collect()
}

fn pair_record(system: &System, a: usize, b: usize) -> PairCoefficients {
    let pair = system.pairs.pair(a as u8, b as u8);
    let tail = if system.pairs.tail_correction { 2.0 * PI / system.cell.volume() * pair.tail_integral() } else { 0.0 };
    let cut = pair.cut();
    PairCoefficients {
        form: pair.record(),
        shift: cut.shift as f32,
        slope: cut.slope as f32,
        // a core beyond r_c is cut off with the rest: what is in range is told by one comparison
        core_squared: (cut.core_squared as f32).min(cut.r_cut_squared as f32),
        r_cut_squared: cut.r_cut_squared as f32,
        tail: tail as f32,
    }
}

fn field_record(field: &Field) -> ExternalField {
    match *field {
        Field::Harmonic { spring, centre } => ExternalField {
            kind: 0,
            strength: spring as f32,
            sigma: 0.0,
            core: 0.0,
            place: [centre.x as f32, centre.y as f32, centre.z as f32, 0.0],
        },
        Field::Steele { epsilon, sigma, density, spacing, floor } => ExternalField {
            kind: 1,
            strength: (2.0 * PI * epsilon * density * sigma * sigma * spacing) as f32,
            sigma: sigma as f32,
            core: (CORE_FRACTION * sigma) as f32,
            place: [spacing as f32, floor as f32, (sigma.powi(4) / (3.0 * spacing)) as f32, 0.0],
        },
        Field::Wall93 { epsilon, sigma, floor } => ExternalField {
            kind: 2,
            strength: epsilon as f32,
            sigma: sigma as f32,
            core: (CORE_FRACTION * sigma) as f32,
            place: [0.0, floor as f32, 0.0, 0.0],
        },
    }
}

/// Frozen atoms sorted by species and height, with the groups they form.
///
/// - returns: `[n_frozen]` positions \[length\], w = species; the groups
pub fn frozen_atoms(system: &System) -> (Vec<[f32; 4]>, Vec<FrozenGroup>) {
    let mut atoms: Vec<[f32; 4]> = system
        .frozen
        .positions
        .iter()
        .zip(&system.frozen.species)
        .map(|(&position, &species)| atom_record(system, position, species))
        .collect();
    atoms.sort_by(|a, b| a[3].total_cmp(&b[3]).then(b[2].total_cmp(&a[2])));
    let mut thickness = GROUP_THICKNESS * system.pairs.r_cut;
    let mut groups = grouped(&atoms, thickness);
    while groups.len() > MAX_GROUPS {
        thickness *= 2.0;
        groups = grouped(&atoms, thickness);
    }
    if system.cell.periodic_z {
        for group in &mut groups {
            (group.z_low, group.z_high) = (f32::MIN, f32::MAX);
        }
    }
    (atoms, groups)
}

fn grouped(atoms: &[[f32; 4]], thickness: f64) -> Vec<FrozenGroup> {
    let mut groups: Vec<FrozenGroup> = Vec::new();
    for (k, atom) in atoms.iter().enumerate() {
        let (species, z, last) = (atom[3] as u32, atom[2], k as u32 + 1);
        match groups.last_mut() {
            Some(group) if group.species == species && f64::from(group.z_high - z) <= thickness => {
                (group.last, group.z_low) = (last, z);
            }
            _ => groups.push(FrozenGroup {
                first: k as u32,
                last,
                species,
                z_low: z,
                z_high: z,
                ..FrozenGroup::default()
            }),
        }
    }
    groups
}

/// A position in f32, still inside the first period; w = species.
pub fn atom_record(system: &System, position: glam::DVec3, species: u8) -> [f32; 4] {
    let (mut p, lengths) = (position.to_array(), system.cell.lengths.to_array());
    if system.cell.is_oblique() && p[1] as f32 >= lengths[1] as f32 {
        // rounded into the next row
        p = system.cell.wrap(position.with_y(lengths[1])).to_array();
    }
    let periodic = [true, true, system.cell.periodic_z];
    let mut record = [0.0, 0.0, 0.0, f32::from(species)];
    for d in 0..3 {
        let x = p[d] as f32;
        record[d] = if periodic[d] && x >= lengths[d] as f32 { 0.0 } else { x };
    }
    record
}

/// Keeps the z of a mobile atom between the walls after it was rounded to f32.
pub fn inside_walls(system: &System, mut atom: [f32; 4]) -> [f32; 4] {
    if !system.cell.periodic_z {
        let (floor, ceiling) = (system.cell.floor, system.cell.ceiling());
        let z = f64::from(atom[2]);
        if z < floor && (floor - z) < 1e-6 * (1.0 + floor.abs()) {
            atom[2] = not_below(floor);
        } else if z > ceiling && (z - ceiling) < 1e-6 * (1.0 + ceiling.abs()) {
            atom[2] = not_above(ceiling);
        }
    }
    atom
}

impl StateRecord {
    /// The records of all states, and behind them those of η of their windows.
    ///
    /// - `weights`: `[n_states * n_reservoirs]` of the tables of insertion in shares, or empty
    pub fn all(system: &System, states: &[StatePoint], weights: &[u32]) -> Vec<StateRecord> {
        let mut weights = weights.chunks(system.reservoirs.len().max(1));
        let record = |s| StateRecord::new(system, s, weights.next().unwrap_or(&[]));
        let mut records: Vec<StateRecord> = states.iter().map(record).collect();
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
