//! clusters: neighbour lists of large replicas, as lists of chunks of sixteen atoms that lie close together.
//!
//! Atoms are sorted into compact chunks; an atom's list names the chunks whose box comes within r_c + skin of it. Lists
//! are kept until an atom has moved half the skin, also across segments, so any split of a segment gives the same bits.
//! Twin: `src/backend/reference/energy.rs`, which visits every pair.

use super::pair::{Coefficients, LANES, Row};
use super::replica::chunks;
use crate::faults::{Fault, planted};
use crate::system::System;
use glam::DVec3;

/// Mobile atoms from which lists pay.
pub(super) const LISTS_FROM: usize = 320;

/// Skin as a fraction of the cutoff.
const SKIN_FRACTION: f64 = 0.12;

/// Atoms in compact chunks, each with its box.
#[derive(Debug, Clone, Default)]
pub(super) struct Clusters {
    /// `[n]`, which atom stands in which place.
    pub(super) order: Vec<u32>,
    /// Positions in that order.
    pub(super) row: Row,
    /// `[n_species]`, coefficients of a species with the atoms in that order.
    pub(super) coefficients: Vec<Coefficients>,
    /// `[chunks]`, centre and half-widths of each box.
    boxes: Vec<([f64; 3], [f64; 3])>,
}

impl Clusters {
    /// Sorts atoms into chunks.
    ///
    /// - `positions`: wrapped; `species`: of each
    /// - `mobile`: `[n_species]`, species that need coefficients
    pub(super) fn new(system: &System, mobile: &[bool], positions: &[DVec3], species: &[u8]) -> Clusters {
        let mut order: Vec<u32> = (0..positions.len() as u32).collect();
        sort_compactly(&mut order, positions, chunks(positions.len()));
        let room = chunks(order.len());
        let mut row = Row::new(room);
        let mut coefficients: Vec<_> = mobile.iter().map(|&m| Coefficients::new(if m { room } else { 0 })).collect();
        for (place, &atom) in order.iter().enumerate() {
            row.set(place, positions[atom as usize].as_vec3().to_array());
            for (own, c) in coefficients.iter_mut().enumerate().filter(|&(s, _)| mobile[s]) {
                c.set(place, &system.pairs, own as u8, species[atom as usize]);
            }
        }
        let boxes = order.chunks(LANES).map(|chunk| bounding_box(system, chunk, positions)).collect();
        Clusters { order, row, coefficients, boxes }
    }

    /// Appends the chunks whose box comes within `reach` of `position`.
    fn near(&self, system: &System, position: DVec3, reach: f64, out: &mut Vec<u16>) {
        let cell = &system.cell;
        for (k, (centre, half)) in self.boxes.iter().enumerate() {
            let d = cell.minimum_image(position - DVec3::from(*centre)).to_array();
            let mut r2 = 0.0;
            for axis in 0..3 {
                r2 += (d[axis].abs() - half[axis]).max(0.0).powi(2);
            }
            if r2 < reach * reach {
                out.push(k as u16);
            }
        }
    }
}

/// Orders atoms so that every sixteen in a row lie close together: slabs of equal number in x, rows in y, then z.
fn sort_compactly(order: &mut [u32], positions: &[DVec3], n_chunks: usize) {
    if n_chunks < 2 {
        return;
    }
    let along = (n_chunks as f64).cbrt().ceil() as usize;
    let by = |axis: usize| {
        move |a: &u32, b: &u32| {
            positions[*a as usize][axis].total_cmp(&positions[*b as usize][axis]).then_with(|| a.cmp(b))
        }
    };
    order.sort_by(by(0));
    let slab = n_chunks.div_ceil(along) * LANES;
    for slab in order.chunks_mut(slab) {
        slab.sort_by(by(1));
        let rows = chunks(slab.len());
        let row = rows.div_ceil((rows as f64).sqrt().ceil() as usize) * LANES;
        for row in slab.chunks_mut(row) {
            row.sort_by(by(2));
        }
    }
}

/// Centre and half-widths of the box around some atoms, across the period if they lie there.
fn bounding_box(system: &System, atoms: &[u32], positions: &[DVec3]) -> ([f64; 3], [f64; 3]) {
    let first = positions[atoms[0] as usize];
    let (mut low, mut high) = (DVec3::ZERO, DVec3::ZERO);
    for &atom in atoms {
        let d = system.cell.minimum_image(positions[atom as usize] - first);
        low = low.min(d);
        high = high.max(d);
    }
    ((first + 0.5 * (low + high)).to_array(), (0.5 * (high - low)).to_array())
}

/// The lists of one replica.
#[derive(Debug, Clone, Default)]
pub(super) struct Lists {
    /// Its mobile atoms in chunks.
    pub(super) clusters: Clusters,
    /// `[n + 1]`, where the list of each place starts: mobile chunks, then frozen ones.
    first: Vec<[u32; 2]>,
    mobile: Vec<u16>,
    frozen: Vec<u16>,
    /// `[n]`, positions when the lists were built, in slot order.
    reference: Vec<DVec3>,
    /// Whether the lists were out of date in the step before: for a planted fault.
    was_stale: bool,
}

impl Lists {
    /// Forgets everything: atoms came, went or jumped.
    pub(super) fn invalidate(&mut self) {
        self.reference.clear();
    }

    /// Positions when the lists were built, in slot order; `None` if they are not in force.
    pub(super) fn references(&self) -> Option<&[DVec3]> {
        Some(&self.reference[..]).filter(|r| !r.is_empty())
    }

    /// Brings the chunks up to date with `positions`, and the lists where an atom has moved half the skin.
    pub(super) fn update(
        &mut self,
        system: &System,
        mobile: &[bool],
        frozen: &Clusters,
        positions: &[DVec3],
        species: &[u8],
    ) {
        let skin = SKIN_FRACTION * system.pairs.r_cut;
        let moved = |(&now, &then): (&DVec3, &DVec3)| {
            system.cell.minimum_image(now - then).length_squared() > 0.25 * skin * skin
        };
        let stale = positions.iter().zip(&self.reference).any(moved);
        let rebuild = if planted(Fault::LateList) { std::mem::replace(&mut self.was_stale, stale) } else { stale };
        if self.reference.len() == positions.len() && !rebuild {
            for (place, &slot) in self.clusters.order.iter().enumerate() {
                self.clusters.row.set(place, positions[slot as usize].as_vec3().to_array());
            }
            return;
        }
        self.clusters = Clusters::new(system, mobile, positions, species);
        self.reference.clear();
        self.reference.extend_from_slice(positions);
        self.first.clear();
        self.mobile.clear();
        self.frozen.clear();
        self.first.push([0, 0]);
        let reach = system.pairs.r_cut + skin;
        for &slot in &self.clusters.order {
            let position = positions[slot as usize];
            self.clusters.near(system, position, reach, &mut self.mobile);
            frozen.near(system, position, reach, &mut self.frozen);
            self.first.push([self.mobile.len() as u32, self.frozen.len() as u32]);
        }
    }

    /// Chunks near the atom in `place`: of mobile atoms, and of frozen ones.
    #[inline(always)]
    pub(super) fn of(&self, place: usize) -> [&[u16]; 2] {
        let ([a, b], [c, d]) = (self.first[place], self.first[place + 1]);
        [&self.mobile[a as usize..c as usize], &self.frozen[b as usize..d as usize]]
    }
}

/// Whether a replica of `n` mobile atoms uses lists: large enough, and its chunks can be numbered in 16 bits.
pub(super) fn uses_lists(system: &System, n: usize) -> bool {
    n >= LISTS_FROM && chunks(n.max(system.frozen.positions.len())) <= usize::from(u16::MAX)
}
