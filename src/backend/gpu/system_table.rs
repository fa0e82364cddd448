//! The records of a system: what every kernel reads and no kernel writes.

use super::atoms::{not_above, not_below};
use super::dynamics::DeviceDynamics;
use super::layout::{
    ExternalField, FrozenGroup, MAGIC, MAX_FIELDS_PER_SPECIES, MAX_SHIFTS, MAX_SPECIES, PairCoefficients, Reservoir,
    SKIN, Species, SystemTable, Voxels,
};
use super::slab::SlabBins;
use crate::base::error::{DeviceError, Result};
use crate::base::fault_injection::{Fault, planted};
use crate::potential::{CORE_FRACTION, ExternalField as Field};
use crate::system::System;
use crate::system::bonds::{Bonds, SlabSite};
use crate::system::insertion::InsertionTables;
use bytemuck::Zeroable;
use std::f64::consts::PI;

/// The unit of the last of so many leading bits of a number.
pub(super) fn quantum_of(x: f64, bits: i32) -> f64 {
    (x.log2().floor() - f64::from(bits - 1)).exp2()
}

/// A number in two pieces: whole multiples of a quantum, and the rest.
pub(super) fn in_pieces(x: f64, quantum: f64) -> [f32; 2] {
    let high = (x / quantum).round() * quantum;
    [high as f32, (x - high) as f32]
}

impl SystemTable {
    /// The tables of a system.
    ///
    /// - `groups`: frozen atoms by species, from [`frozen_atoms`](super::atoms::frozen_atoms)
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
pub(super) fn insertion_records(tables: &InsertionTables) -> Vec<[f32; 4]> {
    let four = |shares: &[u32]| std::array::from_fn(|i| shares.get(i).map_or(0.0, |&s| s as f32));
    tables.cumulative.chunks(4).map(four).collect()
}

/// Hosts and their partners as the kernels read them: the slot of a mobile atom, or the place of a frozen one and −1.
pub(super) fn bond_records(bonds: &Bonds) -> Vec<[f32; 4]> {
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
