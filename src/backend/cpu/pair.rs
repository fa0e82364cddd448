//! pair: energies and forces of one atom with rows of others, 16 lanes at a time in f32.
//!
//! Twin: `src/forces/pairwise.rs`. Positions are 32-bit integers in units of period / 2³²: a difference wraps
//! to the nearest image by itself, and is exact before it becomes f32. In an oblique cell they are the fractional coordinates along
//! a₁ and a₂, and a difference leans over along x by its share of a₂ when it becomes f32; `src/system/cell.rs` says why that is
//! the nearest image. What leans is compiled apart (`OBLIQUE`). Loops over `[f32; LANES]` are what the compiler
//! turns into vector code for the instruction set that `pulp` found; lanes are summed in a fixed order, so the bits do
//! not depend on its width, only on whether it fuses multiplication and addition.

use crate::base::fault_injection::{Fault, planted};
use crate::potential::{LANES, Lanes, PairForm, PairTable, Pairs, StillingerWeber, fma};
use crate::system::System;
use glam::DVec3;
use pulp::Simd;

/// a·b + c in f64, rounded once where the instruction set can.
#[inline(always)]
pub(super) fn fma64<S: Simd>(a: f64, b: f64, c: f64) -> f64 {
    if S::IS_SCALAR { a * b + c } else { a.mul_add(b, c) }
}

/// Chunks that hold `n` slots.
pub(super) fn chunks(n: usize) -> usize {
    n.div_ceil(LANES)
}

/// What a kernel needs to know of the cell and the cutoff.
#[derive(Debug, Clone, Copy)]
pub(super) struct Geometry {
    /// Length of a grid unit along each axis.
    unit: [f32; 3],
    /// The same along a₁, a₂ and z.
    edge: [f32; 3],
    /// Grid units per length, and what is added so that the low bits of an f64 are the grid coordinate.
    to_grid: [[f64; 2]; 3],
    /// Length along x of a grid unit along a₂; 0 in an orthogonal cell.
    shear: f32,
    /// Grid units along a₁ per length of y.
    lean: f64,
    /// |cos| of the angle between a₁ and a₂.
    cosine: f32,
    pub(super) r_cut: f32,
    pub(super) r_cut_squared: f32,
}

/// Puts the integer part of an f64 below 2⁵¹ into its lowest bits.
const INTEGER_BITS: f64 = 6_755_399_441_055_744.0; // 1.5 · 2⁵²

impl Geometry {
    /// The geometry of a system. Across walls the grid spans more than all atoms, so that nothing wraps there.
    pub(super) fn new(system: &System) -> Geometry {
        let cell = &system.cell;
        let (mut span, mut middle) = (cell.lengths.to_array(), (0.5 * cell.lengths).to_array());
        if !cell.periodic_z {
            let frozen = system.frozen.positions.iter().map(|p| p.z);
            let low = frozen.clone().fold(cell.floor, f64::min);
            let high = frozen.fold(cell.ceiling(), f64::max);
            span[2] = 2.5 * (high - low).max(1e-3);
            middle[2] = 0.5 * (low + high);
        }
        let r_cut = system.pairs.r_cut as f32;
        let steps = span.map(|s| 4_294_967_296.0 / s);
        let unit = |s: f64| (s / 4_294_967_296.0) as f32;
        let second = cell.tilt.hypot(span[1]);
        let tilt = if planted(Fault::ShearSign) { -cell.tilt } else { cell.tilt };
        Geometry {
            unit: span.map(unit),
            edge: [span[0], if cell.is_oblique() { second } else { span[1] }, span[2]].map(unit),
            shear: unit(tilt),
            lean: -cell.tilt / span[1] * steps[0],
            cosine: (cell.tilt.abs() / second) as f32,
            to_grid: [0, 1, 2].map(|d| [steps[d], INTEGER_BITS - (middle[d] * steps[d]).round()]),
            r_cut,
            r_cut_squared: r_cut * r_cut,
        }
    }

    /// A coordinate on the grid: exact to half a unit, in every direction modulo the period.
    #[inline(always)]
    pub(super) fn coordinate(&self, axis: usize, x: f64) -> i32 {
        let [scale, offset] = self.to_grid[axis];
        // Not fused: the same bits wherever it is computed.
        (x * scale + offset).to_bits() as i32
    }

    /// The coordinate along a₁: that of x less what a₂ leads along x at this y. The same bits as those of x in an orthogonal cell.
    #[inline(always)]
    pub(super) fn first_coordinate(&self, x: f64, y: f64) -> i32 {
        let [scale, offset] = self.to_grid[0];
        ((x * scale + y * self.lean) + offset).to_bits() as i32
    }

    /// A position on the grid, in any cell.
    #[inline(always)]
    pub(super) fn grid(&self, position: DVec3) -> [i32; 3] {
        self.grid_of::<true>(position)
    }

    /// A position on the grid.
    #[inline(always)]
    pub(super) fn grid_of<const OBLIQUE: bool>(&self, position: DVec3) -> [i32; 3] {
        if !OBLIQUE {
            return [self.coordinate(0, position.x), self.coordinate(1, position.y), self.coordinate(2, position.z)];
        }
        [self.first_coordinate(position.x, position.y), self.coordinate(1, position.y), self.coordinate(2, position.z)]
    }

    /// The position of a point of the grid; [`Geometry::grid`] leads back to the point exactly. [length]
    pub(super) fn position(&self, point: [i32; 3]) -> DVec3 {
        let along = |d: usize, ahead: f64| {
            let [scale, offset] = self.to_grid[d];
            (f64::from(point[d]) - (offset - INTEGER_BITS) - ahead) / scale
        };
        let y = along(1, 0.0);
        DVec3::new(along(0, y * self.lean), y, along(2, 0.0))
    }

    /// The vector to `p` from lane `l` of a spot, nearest image. [length]
    #[inline(always)]
    pub(super) fn difference<S: Simd, const OBLIQUE: bool>(&self, p: [i32; 3], spot: &Spot, l: usize) -> [f32; 3] {
        let x = p[0].wrapping_sub(spot.x[l]) as f32 * self.unit[0];
        let rows = p[1].wrapping_sub(spot.y[l]) as f32;
        [
            if OBLIQUE { fma::<S>(rows, self.shear, x) } else { x },
            rows * self.unit[1],
            p[2].wrapping_sub(spot.z[l]) as f32 * self.unit[2],
        ]
    }

    /// The same difference along a₁, a₂ and z, in their lengths. [length]
    #[inline(always)]
    pub(super) fn along_edges(&self, p: [i32; 3], spot: &Spot, l: usize) -> [f32; 3] {
        [
            self.length(0, p[0].wrapping_sub(spot.x[l])),
            self.length(1, p[1].wrapping_sub(spot.y[l])),
            self.length(2, p[2].wrapping_sub(spot.z[l])),
        ]
    }

    /// Length of the whole grid along an edge.
    pub(super) fn extent(&self, edge: usize) -> f64 {
        4_294_967_296.0 * f64::from(self.edge[edge])
    }

    /// Length of a difference on the grid along an edge.
    #[inline(always)]
    pub(super) fn length(&self, edge: usize, difference: i32) -> f32 {
        difference as f32 * self.edge[edge]
    }

    /// The least square of a vector in the plane that reaches at least so far along a₁ and along a₂ either way. [length²]
    ///
    /// With c = |cos| it is A² + B² − 2cAB at the nearest A ≥ c B and B ≥ c A: further down either one costs length.
    #[inline(always)]
    pub(super) fn least_squared(&self, along_first: f32, along_second: f32) -> f32 {
        let a = along_first.max(self.cosine * along_second);
        let b = along_second.max(self.cosine * along_first);
        a * a + b * b - 2.0 * self.cosine * a * b
    }
}

/// Where sixteen atoms are, on the grid.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
#[repr(align(64))]
pub(super) struct Spot {
    pub(super) x: [i32; LANES],
    pub(super) y: [i32; LANES],
    pub(super) z: [i32; LANES],
}

impl Spot {
    /// Position in a lane.
    #[inline(always)]
    pub(super) fn get(&self, lane: usize) -> [i32; 3] {
        [self.x[lane], self.y[lane], self.z[lane]]
    }

    /// Puts an atom into a lane.
    #[inline(always)]
    pub(super) fn set(&mut self, lane: usize, p: [i32; 3]) {
        [self.x[lane], self.y[lane], self.z[lane]] = p;
    }
}

/// Stands for the core of pairs that do not interact: above 0, so that an atom does not meet itself. [length²]
const LEAST_CORE_SQUARED: f32 = 1e-6;

/// u(r_c) where it is subtracted: place among the coefficients of sixteen partners.
const SHIFT: usize = 0;
/// u'(r_c) where it is subtracted.
const SLOPE: usize = 1;
/// (core radius)²
const CORE_SQUARED: usize = 2;
/// Pairs nearer than this exert no force: (core radius)², or what stands for it; ∞ in unused lanes.
const NEAREST_SQUARED: usize = 3;
/// The coefficients of the form follow.
const FORM: usize = 4;
/// Where pairs that end for themselves do so: last of the coefficients of [`StillingerWeber`].
const END: usize = FORM + StillingerWeber::WIDTH - 1;

/// How strongly atoms of one species interact with a row of others, sixteen at a time; not at all with unused lanes.
#[derive(Debug, Clone)]
pub(super) struct Strengths {
    /// `[chunks * width]`
    lanes: Vec<Lanes>,
    /// Vectors of coefficients of a chunk.
    width: usize,
}

impl Strengths {
    /// No interaction with `chunks` times sixteen others.
    pub(super) fn new(pairs: &PairTable, chunks: usize) -> Strengths {
        let mut strengths = Strengths { lanes: Vec::new(), width: FORM + pairs.lane_width() };
        strengths.reset(chunks);
        strengths
    }

    /// No interaction with `chunks` times sixteen others any more.
    pub(super) fn reset(&mut self, chunks: usize) {
        self.lanes.clear();
        (0..chunks).for_each(|_| self.push());
    }

    /// Appends sixteen others, without interaction.
    pub(super) fn push(&mut self) {
        let first = self.lanes.len();
        self.lanes.resize(first + self.width, Lanes::splat(0.0));
        self.lanes[first + NEAREST_SQUARED] = Lanes::splat(f32::INFINITY);
    }

    /// How many chunks.
    pub(super) fn chunks(&self) -> usize {
        self.lanes.len() / self.width
    }

    /// Writes the coefficients of the pair (`own`, `other`) into a lane.
    pub(super) fn set(&mut self, chunk: usize, lane: usize, pairs: &PairTable, own: u8, other: u8) {
        let (pair, c) = (pairs.pair(own, other), &mut self.lanes[chunk * self.width..][..self.width]);
        let cut = pair.cut();
        c[SHIFT].0[lane] = cut.shift as f32;
        c[SLOPE].0[lane] = cut.slope as f32;
        c[CORE_SQUARED].0[lane] = cut.core_squared as f32;
        c[NEAREST_SQUARED].0[lane] = (cut.core_squared as f32).max(LEAST_CORE_SQUARED);
        for (of_form, value) in c[FORM..].iter_mut().zip(pair.lanes()) {
            of_form.0[lane] = value;
        }
    }

    /// Frees a lane.
    pub(super) fn clear(&mut self, chunk: usize, lane: usize) {
        for (k, lanes) in self.lanes[chunk * self.width..][..self.width].iter_mut().enumerate() {
            lanes.0[lane] = if k == NEAREST_SQUARED { f32::INFINITY } else { 0.0 };
        }
    }

    /// Where the pairs of a chunk end, for pairs of [`StillingerWeber`] \[length\]; 0 in unused lanes.
    #[inline(always)]
    pub(super) fn ends(&self, chunk: usize) -> &Lanes {
        &self.of::<StillingerWeber>(chunk)[END]
    }

    /// The coefficients of every chunk, for pairs of the form `F`.
    #[inline(always)]
    pub(super) fn all<F: PairForm>(&self) -> impl Iterator<Item = &[Lanes]> {
        self.lanes.chunks_exact(FORM + F::WIDTH)
    }

    /// The coefficients of a chunk, for pairs of the form `F`.
    #[inline(always)]
    pub(super) fn of<F: PairForm>(&self, chunk: usize) -> &[Lanes] {
        &self.lanes[chunk * (FORM + F::WIDTH)..][..FORM + F::WIDTH]
    }
}

/// A sum over lanes, half done: what is left is done for many atoms together, which no shuffling within a vector can match.
pub(super) type Folded = [f32; LANES / 2];

/// Adds the upper lanes to the lower ones.
#[inline(always)]
fn fold(lanes: &Lanes) -> Folded {
    let mut folded = [0.0; LANES / 2];
    for k in 0..LANES / 2 {
        folded[k] = lanes.0[k] + lanes.0[k + LANES / 2];
    }
    folded
}

/// What is left of [`Folded`], in the order of [`Lanes::sum`].
#[inline(always)]
pub(super) fn sum_folded(folded: &Folded) -> f64 {
    let f = folded.map(f64::from);
    ((f[0] + f[4]) + (f[2] + f[6])) + ((f[1] + f[5]) + (f[3] + f[7]))
}

/// The force on an atom in units of [`PairForm::FORCE_UNIT`], lane by lane. [energy/length]
#[derive(Debug, Clone, Copy)]
pub(super) struct Sums {
    force: [Lanes; 3],
}

impl Sums {
    /// Nothing yet.
    pub(super) const ZERO: Sums = Sums { force: [Lanes::splat(0.0); 3] };

    /// The force, its sums half done. Axis by axis in so many words: an index that varies would keep the sums out of registers
    /// while pairs are added.
    #[inline(always)]
    pub(super) fn folded(&self) -> [Folded; 3] {
        [fold(&self.force[0]), fold(&self.force[1]), fold(&self.force[2])]
    }

    /// Adds the forces of sixteen atoms on an atom at `p`.
    ///
    /// - `FORCE_SHIFTED`: the truncation needs r itself
    /// - `c`: coefficients of the sixteen, from [`Strengths`]
    #[inline(always)]
    pub(super) fn add<S: Simd, F: PairForm, const FORCE_SHIFTED: bool, const OBLIQUE: bool>(
        &mut self,
        g: &Geometry,
        pairs: &Pairs<F>,
        spot: &Spot,
        c: &[Lanes],
        p: [i32; 3],
    ) {
        let (nearest_squared, slope, form) = (&c[NEAREST_SQUARED], &c[SLOPE], &c[FORM..]);
        for l in 0..LANES {
            let [dx, dy, dz] = g.difference::<S, OBLIQUE>(p, spot, l);
            let r2 = fma::<S>(dz, dz, fma::<S>(dy, dy, dx * dx));
            let counts = (r2 < g.r_cut_squared) & (r2 >= nearest_squared.0[l]);
            let mut f = F::lane_force::<S>(form, pairs.lookup(), l, r2);
            if FORCE_SHIFTED {
                f += slope.0[l] * (1.0 / F::FORCE_UNIT) * (1.0 / r2).sqrt();
            }
            let f = if counts { f } else { 0.0 };
            self.force[0].0[l] = fma::<S>(f, dx, self.force[0].0[l]);
            self.force[1].0[l] = fma::<S>(f, dy, self.force[1].0[l]);
            self.force[2].0[l] = fma::<S>(f, dz, self.force[2].0[l]);
        }
    }
}

/// Energies with sixteen atoms, added to `energy` lane by lane; true if one of them overlaps.
///
/// - `except`: lane that does not count
#[inline(always)]
pub(super) fn add_energy<S: Simd, F: PairForm, const FORCE_SHIFTED: bool, const OBLIQUE: bool>(
    g: &Geometry,
    pairs: &Pairs<F>,
    spot: &Spot,
    c: &[Lanes],
    p: [i32; 3],
    except: usize,
    energy: &mut Lanes,
) -> bool {
    let (shift, slope, form) = (&c[SHIFT], &c[SLOPE], &c[FORM..]);
    let (core_squared, nearest_squared) = (&c[CORE_SQUARED], &c[NEAREST_SQUARED]);
    let mut overlap = false;
    for l in 0..LANES {
        let [dx, dy, dz] = g.difference::<S, OBLIQUE>(p, spot, l);
        let r2 = fma::<S>(dz, dz, fma::<S>(dy, dy, dx * dx));
        let other = l as u32 != except as u32;
        overlap |= other & (r2 < core_squared.0[l]);
        let counts = other & (r2 < g.r_cut_squared) & (r2 >= nearest_squared.0[l]);
        let mut u = F::lane_energy::<S>(form, pairs.lookup(), l, r2, shift.0[l]);
        if FORCE_SHIFTED {
            u -= (r2.sqrt() - g.r_cut) * slope.0[l];
        }
        energy.0[l] += if counts { u } else { 0.0 };
    }
    overlap
}

/// Adds the energies of an atom at `p` with a row of others to `energy` lane by lane; true as soon as it overlaps one of them.
///
/// - `except`: slot that does not count
#[inline(always)]
pub(super) fn add_row_energy<S: Simd, F: PairForm, const FORCE_SHIFTED: bool, const OBLIQUE: bool>(
    g: &Geometry,
    pairs: &Pairs<F>,
    row: &[Spot],
    strengths: &Strengths,
    p: [i32; 3],
    except: usize,
    energy: &mut Lanes,
) -> bool {
    for (k, (spot, c)) in row.iter().zip(strengths.all::<F>()).enumerate() {
        let lane = except.wrapping_sub(k * LANES).min(LANES);
        if add_energy::<S, F, FORCE_SHIFTED, OBLIQUE>(g, pairs, spot, c, p, lane, energy) {
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::input::scene;
    use std::path::Path;

    #[test]
    fn positions_on_the_grid_come_back_and_differences_are_nearest_images() {
        let text = include_str!("../../../scenes/bench_surface.ron");
        let loaded = scene::parse(text, Path::new("bench_surface.ron")).unwrap_or_else(|e| panic!("{e}"));
        let mut system = System::from_scene(&loaded);
        come_back_and_are_nearest::<false>(&system);
        for tilt in [0.5, -0.31, 0.02] {
            system.cell.tilt = tilt * system.cell.lengths.x;
            come_back_and_are_nearest::<true>(&system);
        }
    }

    #[test]
    fn least_squared_is_a_bound_that_vectors_reach() {
        let text = include_str!("../../../scenes/bench_surface.ron");
        let mut system =
            System::from_scene(&scene::parse(text, Path::new("bench_surface.ron")).unwrap_or_else(|e| panic!("{e}")));
        system.cell.tilt = 0.5 * system.cell.lengths.x;
        let (g, [a, b, _]) = (Geometry::new(&system), system.cell.vectors().map(DVec3::normalize));
        for (first, second) in [(1.0, 1.0), (0.3, 1.0), (1.0, 0.2), (0.0, 1.0), (0.0, 0.0)] {
            // all vectors that reach so far, on a grid
            let far = |least: f64| (0..200).flat_map(move |k| [1.0, -1.0].map(|s| s * (least + 0.01 * f64::from(k))));
            let vectors = far(first).flat_map(|u| far(second).map(move |v| (u * a + v * b).length_squared()));
            let least = vectors.fold(f64::INFINITY, f64::min);
            let bound = f64::from(g.least_squared(first as f32, second as f32));
            assert!(bound <= least + 1e-6 && bound >= least - 1e-3, "{first}, {second}: {bound}, {least}");
        }
    }

    fn come_back_and_are_nearest<const OBLIQUE: bool>(system: &System) {
        let (g, cell) = (Geometry::new(system), &system.cell);
        let rng = crate::base::rng::Rng::new(5);
        for k in 0..2_000 {
            let random = |slot| {
                let [a, b, c, _] = rng.uniforms(crate::base::rng::Stream::InsertPosition, k, 0, slot);
                DVec3::new(a, b, c) * cell.lengths + cell.floor * DVec3::Z
            };
            let (p, q) = (random(0), random(1));
            let (on_grid, mut spot) = (g.grid(p), Spot::default());
            assert_eq!(on_grid, g.grid(g.position(on_grid)), "{p}");
            assert!(cell.minimum_image(g.position(on_grid) - p).length() < 1e-7);
            spot.set(3, g.grid(q));
            let exact = cell.minimum_image(p - q).as_vec3();
            let ours = glam::Vec3::from(g.difference::<pulp::Scalar, OBLIQUE>(on_grid, &spot, 3));
            // Beyond half a width another image of an oblique cell may be shorter.
            if OBLIQUE && exact.truncate().length() >= 0.5 * cell.shortest_period() as f32 {
                continue;
            }
            // an ulp of the longest difference
            assert!((exact - ours).length() < 4e-6, "{ours} instead of {exact}");
        }
    }
}
