//! clusters: neighbour lists of large replicas, as lists of chunks of sixteen atoms that lie close together.
//!
//! Atoms are sorted into compact chunks; an atom's list names the chunks that hold an atom within r_c + skin of it. Lists
//! are kept until an atom has moved half the skin, also across segments, so any split of a segment gives the same bits:
//! they follow from the positions at which they were built. Twin: `src/forces/pairwise.rs`, which visits every
//! pair.

use super::pair::{Geometry, Spot, Strengths, chunks};
use crate::base::fault_injection::{Fault, planted};
use crate::potential::{LANES, fma};
use crate::system::System;
use glam::DVec3;
use pulp::Simd;

/// Mobile atoms from which lists pay.
pub(super) const LISTS_FROM: usize = 320;

/// Skin as a fraction of the cutoff.
const SKIN_FRACTION: f32 = 0.12;

/// Boxes around sixteen chunks.
#[derive(Debug, Clone, Copy)]
pub(super) struct Boxes {
    centre: Spot,
    /// Along a₁, a₂ and z [length]; negative without a chunk.
    half: [[f32; LANES]; 3],
}

/// Nothing comes near these.
const NO_BOXES: Boxes =
    Boxes { centre: Spot { x: [0; LANES], y: [0; LANES], z: [0; LANES] }, half: [[-1e15; LANES]; 3] };

impl Boxes {
    /// Boxes without extent.
    pub(super) fn of_points(spot: &Spot) -> Boxes {
        Boxes { centre: *spot, half: [[0.0; LANES]; 3] }
    }

    /// Squared distance between each box and one of half-widths `half` around `p`. [length²]
    ///
    /// In an oblique cell half-widths are along a₁ and a₂, and the distance is one that none of their atoms comes below.
    #[inline(always)]
    pub(super) fn distances_squared<S: Simd, const OBLIQUE: bool>(
        &self,
        g: &Geometry,
        p: [i32; 3],
        half: [f32; 3],
    ) -> [f32; LANES] {
        let mut out = [0.0; LANES];
        for l in 0..LANES {
            let [dx, dy, dz] = match OBLIQUE {
                true => g.along_edges(p, &self.centre, l),
                false => g.difference::<S, false>(p, &self.centre, l),
            };
            let gx = (dx.abs() - (self.half[0][l] + half[0])).max(0.0);
            let gy = (dy.abs() - (self.half[1][l] + half[1])).max(0.0);
            let gz = (dz.abs() - (self.half[2][l] + half[2])).max(0.0);
            out[l] =
                if OBLIQUE { g.least_squared(gx, gy) + gz * gz } else { fma::<S>(gx, gx, fma::<S>(gy, gy, gz * gz)) };
        }
        out
    }

    fn set(&mut self, lane: usize, centre: [i32; 3], half: [f32; 3]) {
        self.centre.set(lane, centre);
        for d in 0..3 {
            self.half[d][lane] = half[d];
        }
    }

    fn get(&self, lane: usize) -> ([i32; 3], [f32; 3]) {
        (self.centre.get(lane), [self.half[0][lane], self.half[1][lane], self.half[2][lane]])
    }
}

/// Atoms in compact chunks, each with its box.
#[derive(Debug, Clone, Default)]
pub(super) struct Clusters {
    /// `[n]`, which atom stands in which place.
    pub(super) order: Vec<u32>,
    /// Positions in that order.
    pub(super) row: Vec<Spot>,
    /// `[n_species][chunks]`, a species with the atoms in that order; empty for species that never move.
    pub(super) strengths: Vec<Strengths>,
    /// `[⌈chunks/16⌉]`
    boxes: Vec<Boxes>,
    /// Room for sorting.
    keys: Vec<u64>,
}

impl Clusters {
    /// Atoms in chunks.
    ///
    /// - `row`: positions of `species.len()` atoms
    /// - `mobile`: `[n_species]`, species that need coefficients
    pub(super) fn new(system: &System, g: &Geometry, mobile: &[bool], row: &[Spot], species: &[u8]) -> Clusters {
        let mut clusters = Clusters::default();
        clusters.build(system, g, mobile, row, species);
        clusters
    }

    /// Sorts atoms into chunks.
    fn build(&mut self, system: &System, g: &Geometry, mobile: &[bool], row: &[Spot], species: &[u8]) {
        let n = species.len();
        self.sort_compactly(row, n);
        self.row.resize(chunks(n), Spot::default());
        for chunk in 0..chunks(n) {
            for lane in 0..LANES {
                // Lanes that stay free repeat the last atom; without strength it counts nowhere.
                let atom = self.order[(chunk * LANES + lane).min(n - 1)] as usize;
                self.row[chunk].set(lane, row[atom / LANES].get(atom % LANES));
            }
        }
        self.strengths.resize_with(mobile.len(), || Strengths::new(&system.pairs, 0));
        for (own, strengths) in self.strengths.iter_mut().enumerate().filter(|&(s, _)| mobile[s]) {
            strengths.reset(chunks(n));
            for (place, &atom) in self.order.iter().enumerate() {
                let other = species[atom as usize];
                strengths.set(place / LANES, place % LANES, &system.pairs, own as u8, other);
            }
        }
        self.boxes.clear();
        self.boxes.resize(chunks(chunks(n)), NO_BOXES);
        for (chunk, spot) in self.row.iter().enumerate() {
            let (centre, half) = bounding_box(g, spot);
            self.boxes[chunk / LANES].set(chunk % LANES, centre, half);
        }
    }

    /// Orders atoms so that every sixteen in a row lie close together: slabs of equal number in x, rows in y, then z.
    fn sort_compactly(&mut self, row: &[Spot], n: usize) {
        let sort = |keys: &mut [u64], axis: usize| {
            for key in keys.iter_mut() {
                let slot = *key as u32 as usize;
                let coordinate = row[slot / LANES].get(slot % LANES)[axis];
                // unsigned in the order of signed numbers
                *key = u64::from(coordinate as u32 ^ 1 << 31) << 32 | slot as u64;
            }
            keys.sort_unstable();
        };
        self.keys.clear();
        self.keys.extend(0..n as u64);
        let along = (chunks(n) as f64).cbrt().ceil() as usize;
        sort(&mut self.keys, 0);
        let slab = chunks(n).div_ceil(along.max(1)).max(1) * LANES;
        for slab in self.keys.chunks_mut(slab) {
            sort(slab, 1);
            let rows = chunks(slab.len());
            let row = rows.div_ceil((rows as f64).sqrt().ceil() as usize) * LANES;
            for row in slab.chunks_mut(row) {
                sort(row, 2);
            }
        }
        self.order.clear();
        self.order.extend(self.keys.iter().map(|&key| key as u32));
    }

    /// Brings positions up to date.
    #[inline(always)]
    fn refresh(&mut self, row: &[Spot]) {
        for (spot, order) in self.row.iter_mut().zip(self.order.chunks(LANES)) {
            for (lane, &atom) in order.iter().enumerate() {
                spot.set(lane, row[atom as usize / LANES].get(atom as usize % LANES));
            }
        }
    }

    /// Appends to `out` every chunk whose box comes within `reach` of the box `half` around `p`, and its box to `boxes`.
    #[inline(always)]
    fn near_box<S: Simd, const OBLIQUE: bool>(
        &self,
        g: &Geometry,
        p: [i32; 3],
        half: [f32; 3],
        reach: f32,
        out: &mut Candidates,
    ) {
        out.chunks.clear();
        out.boxes.clear();
        for (block, boxes) in self.boxes.iter().enumerate() {
            let r2 = boxes.distances_squared::<S, OBLIQUE>(g, p, half);
            for lane in 0..LANES {
                if r2[lane] < reach * reach {
                    let k = out.chunks.len();
                    if k.is_multiple_of(LANES) {
                        out.boxes.push(NO_BOXES);
                    }
                    let (centre, half) = boxes.get(lane);
                    out.boxes[k / LANES].set(k % LANES, centre, half);
                    out.chunks.push((block * LANES + lane) as u16);
                }
            }
        }
    }

    /// Appends to `out` those candidates that hold an atom within `reach` of `p`.
    #[inline(always)]
    fn near<S: Simd, const OBLIQUE: bool>(
        &self,
        g: &Geometry,
        p: [i32; 3],
        reach: f32,
        candidates: &Candidates,
        out: &mut Vec<u16>,
    ) {
        for (boxes, chunks) in candidates.boxes.iter().zip(candidates.chunks.chunks(LANES)) {
            let r2 = boxes.distances_squared::<S, OBLIQUE>(g, p, [0.0; 3]);
            for (lane, &chunk) in chunks.iter().enumerate() {
                if r2[lane] < reach * reach && holds_near::<S, OBLIQUE>(g, &self.row[usize::from(chunk)], p, reach) {
                    out.push(chunk);
                }
            }
        }
    }
}

/// Whether one of sixteen atoms lies within `reach` of `p`.
#[inline(always)]
fn holds_near<S: Simd, const OBLIQUE: bool>(g: &Geometry, spot: &Spot, p: [i32; 3], reach: f32) -> bool {
    let mut near = false;
    for l in 0..LANES {
        let [dx, dy, dz] = g.difference::<S, OBLIQUE>(p, spot, l);
        near |= fma::<S>(dz, dz, fma::<S>(dy, dy, dx * dx)) < reach * reach;
    }
    near
}

/// Centre and half-widths of the box around some atoms, across the period if they lie there.
fn bounding_box(g: &Geometry, spot: &Spot) -> ([i32; 3], [f32; 3]) {
    let along = |axis: usize, x: &[i32; LANES]| {
        let from_first = x.map(|other| i64::from(other.wrapping_sub(x[0])));
        let low = from_first.iter().fold(0, |a, &b| a.min(b));
        let high = from_first.iter().fold(0, |a, &b| a.max(b));
        let centre = (i64::from(x[0]) + (low + high) / 2) as i32;
        // rounded up generously
        (centre, 1.000_001 * (g.length(axis, 1) * ((high - low) / 2 + 1) as f32))
    };
    let [(x, a), (y, b), (z, c)] = [along(0, &spot.x), along(1, &spot.y), along(2, &spot.z)];
    ([x, y, z], [a, b, c])
}

/// Chunks that a whole chunk of atoms may need, with their boxes in the same order.
#[derive(Debug, Clone, Default)]
struct Candidates {
    chunks: Vec<u16>,
    boxes: Vec<Boxes>,
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
    /// `[chunks]`, positions when the lists were built, in slot order; empty when there are no lists.
    reference: Vec<Spot>,
    candidates: Candidates,
    /// Whether the lists were out of date in the step before: for a planted fault.
    was_stale: bool,
}

impl Lists {
    /// Forgets everything: atoms came, went or jumped.
    pub(super) fn invalidate(&mut self) {
        self.reference.clear();
    }

    /// Positions of `n` atoms when the lists were built, in slot order; `None` if they are not in force.
    pub(super) fn references(&self, g: &Geometry, n: usize) -> Option<Vec<DVec3>> {
        let position = |slot: usize| g.position(self.reference[slot / LANES].get(slot % LANES));
        (!self.reference.is_empty()).then(|| (0..n).map(position).collect())
    }

    /// Brings the chunks up to date with the positions in `row`, and the lists where an atom has moved half the skin.
    #[inline(always)]
    pub(super) fn update<S: Simd, const OBLIQUE: bool>(
        &mut self,
        system: &System,
        g: &Geometry,
        mobile: &[bool],
        frozen: &Clusters,
        row: &[Spot],
        species: &[u8],
    ) {
        let skin = SKIN_FRACTION * g.r_cut;
        let listed = self.reference.len() == row.len();
        let stale = listed && farthest_squared::<S, OBLIQUE>(g, row, &self.reference) > 0.25 * skin * skin;
        let rebuild = if planted(Fault::LateList) { std::mem::replace(&mut self.was_stale, stale) } else { stale };
        if listed && !rebuild {
            self.clusters.refresh(row);
            return;
        }
        self.clusters.build(system, g, mobile, row, species);
        self.reference.clear();
        self.reference.extend_from_slice(row);
        self.first.clear();
        self.mobile.clear();
        self.frozen.clear();
        self.first.push([0, 0]);
        // A little more than needed, for rounding.
        let reach = 1.000_01 * (g.r_cut + skin);
        for chunk in 0..self.clusters.row.len() {
            let (centre, half) = self.clusters.boxes[chunk / LANES].get(chunk % LANES);
            let places = (species.len() - chunk * LANES).min(LANES);
            self.clusters.near_box::<S, OBLIQUE>(g, centre, half, reach, &mut self.candidates);
            for lane in 0..places {
                let p = self.clusters.row[chunk].get(lane);
                self.clusters.near::<S, OBLIQUE>(g, p, reach, &self.candidates, &mut self.mobile);
                self.first.push([self.mobile.len() as u32, 0]);
            }
            frozen.near_box::<S, OBLIQUE>(g, centre, half, reach, &mut self.candidates);
            for lane in 0..places {
                let p = self.clusters.row[chunk].get(lane);
                frozen.near::<S, OBLIQUE>(g, p, reach, &self.candidates, &mut self.frozen);
                self.first[chunk * LANES + lane + 1][1] = self.frozen.len() as u32;
            }
        }
    }

    /// Chunks near the atom in `place`: of mobile atoms, and of frozen ones.
    #[inline(always)]
    pub(super) fn of(&self, place: usize) -> [&[u16]; 2] {
        let ([a, b], [c, d]) = (self.first[place], self.first[place + 1]);
        [&self.mobile[a as usize..c as usize], &self.frozen[b as usize..d as usize]]
    }
}

/// The largest squared distance between the same lanes of two rows; a lane that is free in both has not moved.
#[inline(always)]
fn farthest_squared<S: Simd, const OBLIQUE: bool>(g: &Geometry, now: &[Spot], then: &[Spot]) -> f32 {
    let mut farthest = [0.0_f32; LANES];
    for (now, then) in now.iter().zip(then) {
        for l in 0..LANES {
            let [dx, dy, dz] = g.difference::<S, OBLIQUE>(now.get(l), then, l);
            farthest[l] = farthest[l].max(fma::<S>(dz, dz, fma::<S>(dy, dy, dx * dx)));
        }
    }
    farthest.into_iter().fold(0.0, f32::max)
}

/// Whether a replica of `n` mobile atoms uses lists: large enough, and its chunks can be numbered in 16 bits. In an oblique cell
/// what a list reaches has to fit the cell too: beyond half a width the image that wraps by itself need not be the nearest.
pub(super) fn uses_lists(system: &System, n: usize) -> bool {
    let reach = 1.000_1 * (1.0 + f64::from(SKIN_FRACTION)) * system.pairs.r_cut;
    n >= LISTS_FROM
        && chunks(n.max(system.frozen.positions.len())) <= usize::from(u16::MAX)
        && (!system.cell.is_oblique() || reach <= 0.5 * system.cell.shortest_period())
}
