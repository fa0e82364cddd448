//! slab: frozen atoms in reach of every place, their images included.   Twin: shaders/shared/slab.wgsl
//!
//! The slab does not move, so what an atom can meet of it depends on where the atom is. Bins over one surface cell list
//! it once for all replicas; above the slab's reach the bins are empty.

use super::layout::FAR;
use super::system_table::{in_pieces, quantum_of};
use crate::potential::Images;
use crate::system::System;
use crate::system::cell::Cell;
use glam::{DVec2, DVec3};

/// Narrowest bins, as a fraction of r_c along x and y, and their height, as a fraction of that: smaller ones hold hardly fewer
/// atoms.
const NARROWEST: f64 = 0.12;
/// Heights to be tried for a width.
const FLATTEST: [f64; 2] = [0.5, 1.0];
/// Widest bins that still leave most of the slab out, as a fraction of r_c.
const WIDEST: f64 = 0.5;
/// Most records of all bins: half a megabyte stays near the processors.
const MOST_RECORDS: usize = 32_768;
/// What rounding a position to a bin could be off by, as a fraction of r_c.
const MARGIN: f64 = 1e-4;
/// Sites of two surface cells are the same within this: f32 does not tell them apart \[fraction of a period\].
const SAME_SITE: f64 = 1e-9;
/// Bits of the first piece of an edge: times a number of cells it is exact in f32.
const EDGE_BITS: u32 = 12;

/// Bins of frozen atoms over one surface cell.
#[derive(Debug, Clone)]
pub struct SlabBins {
    /// Along x, y, z; the highest layer is empty.
    pub(super) counts: [u32; 3],
    /// Records of a bin: how many atoms, then these.
    pub(super) records_of_bin: u32,
    /// Surface cells along x and y.
    repeats: [u32; 2],
    /// Edges of a surface cell \[length\].
    edges: DVec2,
    /// How far a row of surface cells is ahead of the one below, along x \[length\].
    ahead: f64,
    /// Bins that a length holds along x, y, z [1/length].
    per_length: DVec3,
    /// Where the lowest bins begin \[length\].
    z_lo: f64,
    /// `[counts.x * counts.y * counts.z][records_of_bin]`, x and y from the corner of the surface cell, w = species; what fills a
    /// bin up is out of reach.
    pub(super) records: Vec<[f32; 4]>,
}

/// A frozen atom or an image of it.
type Site = (DVec3, u8);

impl SlabBins {
    /// Bins for a system; `None` where there is no slab, or one that they do not describe: periodic in z, of nearest images
    /// only in a cell that holds several, or so large that bins would leave nothing out.
    pub fn new(system: &System) -> Option<SlabBins> {
        let (cell, r_cut) = (&system.cell, system.pairs.r_cut);
        let all_images = system.images == Images::Sum || r_cut <= 0.5 * cell.shortest_period();
        let sites: Vec<Site> =
            system.frozen.positions.iter().copied().zip(system.frozen.species.iter().copied()).collect();
        let top = sites.iter().map(|(r, _)| r.z).reduce(f64::max)?;
        let (z_lo, z_hi) = (cell.floor, cell.ceiling().min(top + (1.0 + MARGIN) * r_cut));
        if cell.periodic_z || !all_images || z_hi <= z_lo {
            return None;
        }
        let repeats = [0, 1].map(|axis| system.repeats(axis, &sites, SAME_SITE));
        let edges = cell.lengths.truncate() / DVec2::new(f64::from(repeats[0]), f64::from(repeats[1]));
        let mut bins = SlabBins {
            counts: [0; 3],
            records_of_bin: 1,
            repeats,
            edges,
            ahead: cell.tilt / f64::from(repeats[1]),
            per_length: DVec3::ZERO,
            z_lo,
            records: Vec::new(),
        };
        let reach = (1.0 + MARGIN) * r_cut;
        let near = images(&sites, cell, edges, reach);
        let mut width = NARROWEST * r_cut;
        while width <= WIDEST * r_cut {
            if FLATTEST.iter().any(|flat| bins.fill(&near, width, flat * width, z_hi, reach)) {
                return Some(bins);
            }
            width *= 1.25;
        }
        None
    }

    /// Fills bins of about this width and height; `false` where they would hold too much.
    ///
    /// - `near`: the atoms in reach of the surface cell, from its corner
    fn fill(&mut self, near: &[Site], width: f64, height: f64, z_hi: f64, reach: f64) -> bool {
        let box_of_bins = self.edges.extend(z_hi - self.z_lo);
        let along = (box_of_bins / DVec3::new(width, width, height)).ceil().max(DVec3::ONE);
        if along.element_product() > MOST_RECORDS as f64 {
            return false;
        }
        self.per_length = along / box_of_bins;
        self.counts = [along.x as u32, along.y as u32, along.z as u32 + 1];
        let widths = self.per_length.recip();
        let corner = DVec3::new(0.0, 0.0, self.z_lo);
        let [nx, ny, nz] = self.counts;
        let mut bins: Vec<Vec<Site>> = Vec::new();
        for (i, j, k) in (0..nx).flat_map(|i| (0..ny).flat_map(move |j| (0..nz).map(move |k| (i, j, k)))) {
            let low = corner + DVec3::new(f64::from(i), f64::from(j), f64::from(k)) * widths;
            let in_reach = |&&(r, _): &&Site| r.distance_squared(r.clamp(low, low + widths)) <= reach * reach;
            bins.push(if k + 1 < nz { near.iter().filter(in_reach).copied().collect() } else { Vec::new() });
        }
        // an even number in every bin, so that two can be met at a time
        let most = bins.iter().map(Vec::len).max().unwrap_or(0).next_multiple_of(2);
        self.records_of_bin = 1 + most as u32;
        if bins.len() * self.records_of_bin as usize > MOST_RECORDS {
            return false;
        }
        self.records.clear();
        for bin in &bins {
            self.records.push([bin.len().next_multiple_of(2) as f32, 0.0, 0.0, 0.0]);
            self.records.extend(bin.iter().map(|&(r, species)| r.as_vec3().extend(f32::from(species)).to_array()));
            self.records
                .resize(self.records.len().next_multiple_of(self.records_of_bin as usize), [0.0, 0.0, FAR, 0.0]);
        }
        true
    }

    /// How far a row of surface cells is ahead of the one below, in two pieces, of which whole multiples of the first add
    /// exactly to those of an edge. \[length\]
    pub(super) fn ahead(&self) -> [f32; 2] {
        in_pieces(self.ahead, quantum_of(self.edges.x, EDGE_BITS as i32))
    }

    /// Their part of the system table: `slab_bins`, `slab_scale`, `slab_cells`, `slab_edges`.
    ///
    /// - `first`: where their records begin among the frozen atoms
    pub(super) fn table(&self, first: usize) -> ([u32; 4], [[f32; 4]; 3]) {
        let [nx, ny, nz] = self.counts;
        let cells = self.edges.recip().as_vec2();
        let high = self.edges.to_array().map(leading_bits);
        let low = [0, 1].map(|d| (self.edges[d] - f64::from(high[d])) as f32);
        let scale = self.per_length.as_vec3().extend(self.z_lo as f32).to_array();
        ([nx, ny, nz, first as u32], [scale, [cells.x, cells.y, 0.0, 0.0], [high[0], high[1], low[0], low[1]]])
    }

    /// Its name in run.json.
    pub(super) fn name(&self) -> String {
        let ([nx, ny, nz], [x, y]) = (self.counts, self.repeats);
        format!("slab in {nx} × {ny} × {} bins of {x} × {y} surface cells", nz - 1)
    }
}

/// The leading bits of a number.
fn leading_bits(x: f64) -> f32 {
    f32::from_bits((x as f32).to_bits() & (u32::MAX << (24 - EDGE_BITS)))
}

/// Frozen atoms and images in reach of the surface cell at the origin, from the top downwards.
fn images(sites: &[Site], cell: &Cell, edges: DVec2, reach: f64) -> Vec<Site> {
    let [a, b, _] = cell.vectors().map(DVec3::truncate);
    let mut most = (DVec2::splat(reach) / cell.lengths.truncate()).ceil().as_ivec2() + 1;
    // rows lead along x
    most.x += (f64::from(most.y) * b.x.abs() / a.x).ceil() as i32;
    let mut near = Vec::new();
    for (i, j) in (-most.x..=most.x).flat_map(|i| (-most.y..=most.y).map(move |j| (i, j))) {
        let shift = f64::from(i) * a + f64::from(j) * b;
        near.extend(sites.iter().map(|&(r, s)| (r + shift.extend(0.0), s)).filter(|&(r, _)| {
            let r = r.truncate();
            r.distance_squared(r.clamp(DVec2::ZERO, edges)) <= reach * reach
        }));
    }
    near.sort_by(|(a, _), (b, _)| b.z.total_cmp(&a.z));
    near
}
