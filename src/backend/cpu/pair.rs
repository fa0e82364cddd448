//! pair: energies and forces of one atom with rows of others, 16 lanes at a time in f32.
//!
//! Twin: `src/backend/reference/energy.rs`. Loops over `[f32; LANES]` are what the compiler turns into vector code for
//! the instruction set that `pulp` found; lanes are summed in a fixed order, so the bits do not depend on it.

use crate::cell::Cell;
use crate::potential::PairTable;

/// Atoms that are handled together.
pub(super) const LANES: usize = 16;

/// A vector of lanes, aligned to a cache line.
#[derive(Debug, Clone, Copy, PartialEq)]
#[repr(align(64))]
pub(super) struct Lanes(pub(super) [f32; LANES]);

impl Lanes {
    /// The same value in every lane.
    pub(super) const fn splat(value: f32) -> Lanes {
        Lanes([value; LANES])
    }

    /// Sum over lanes in f64, in a fixed order.
    #[inline(always)]
    pub(super) fn sum(&self) -> f64 {
        let mut halves = [0.0_f64; LANES / 2];
        for (k, half) in halves.iter_mut().enumerate() {
            *half = f64::from(self.0[k]) + f64::from(self.0[k + LANES / 2]);
        }
        ((halves[0] + halves[4]) + (halves[2] + halves[6])) + ((halves[1] + halves[5]) + (halves[3] + halves[7]))
    }
}

/// What a kernel needs to know of the cell and the cutoff.
#[derive(Debug, Clone, Copy)]
pub(super) struct Geometry {
    lengths: [f32; 3],
    inverse: [f32; 3],
    r_cut: f32,
    r_cut_squared: f32,
}

impl Geometry {
    /// The geometry of a system; z is not periodic in a slab (its inverse period is 0).
    pub(super) fn new(cell: &Cell, r_cut: f64) -> Geometry {
        let lengths = cell.lengths.as_vec3().to_array();
        let mut inverse = lengths.map(|l| 1.0 / l);
        if !cell.periodic_z {
            inverse[2] = 0.0;
        }
        let r_cut = r_cut as f32;
        Geometry { lengths, inverse, r_cut, r_cut_squared: r_cut * r_cut }
    }

    #[inline(always)]
    fn nearest(&self, d: f32, axis: usize) -> f32 {
        d - self.lengths[axis] * (d * self.inverse[axis]).round_ties_even()
    }
}

/// Pair coefficients of one species with a row of atoms, in chunks of [`LANES`].
#[derive(Debug, Clone, Default)]
pub(super) struct Coefficients {
    /// 4εσ¹²
    pub(super) c12: Vec<Lanes>,
    /// 4εσ⁶
    pub(super) c6: Vec<Lanes>,
    /// u(r_c) where it is subtracted
    pub(super) shift: Vec<Lanes>,
    /// u'(r_c) where it is subtracted
    pub(super) slope: Vec<Lanes>,
    /// (core radius)²
    pub(super) core_squared: Vec<Lanes>,
}

impl Coefficients {
    /// Room for `chunks` chunks, without interaction.
    pub(super) fn new(chunks: usize) -> Coefficients {
        let zero = vec![Lanes::splat(0.0); chunks];
        Coefficients {
            c12: zero.clone(),
            c6: zero.clone(),
            shift: zero.clone(),
            slope: zero.clone(),
            core_squared: zero,
        }
    }

    /// Writes the coefficients of the pair (`own`, `other`) for the atom of `slot`.
    pub(super) fn set(&mut self, slot: usize, pairs: &PairTable, own: u8, other: u8) {
        let (chunk, lane, p) = (slot / LANES, slot % LANES, pairs.pair(own, other));
        self.c12[chunk].0[lane] = p.c12 as f32;
        self.c6[chunk].0[lane] = p.c6 as f32;
        self.shift[chunk].0[lane] = p.shift as f32;
        self.slope[chunk].0[lane] = p.slope as f32;
        self.core_squared[chunk].0[lane] = p.core_squared as f32;
    }
}

/// Positions of a row of atoms; unused lanes hold NaN, which no comparison lets through.
#[derive(Debug, Clone, Default)]
pub(super) struct Row {
    /// [length]
    pub(super) x: Vec<Lanes>,
    /// [length]
    pub(super) y: Vec<Lanes>,
    /// [length]
    pub(super) z: Vec<Lanes>,
}

impl Row {
    /// Room for `chunks` chunks of unused lanes.
    pub(super) fn new(chunks: usize) -> Row {
        let unused = vec![Lanes::splat(f32::NAN); chunks];
        Row { x: unused.clone(), y: unused.clone(), z: unused }
    }

    /// Position in a lane.
    #[inline(always)]
    pub(super) fn get(&self, slot: usize) -> [f32; 3] {
        let (chunk, lane) = (slot / LANES, slot % LANES);
        [self.x[chunk].0[lane], self.y[chunk].0[lane], self.z[chunk].0[lane]]
    }

    /// Puts an atom into a lane.
    #[inline(always)]
    pub(super) fn set(&mut self, slot: usize, position: [f32; 3]) {
        let (chunk, lane) = (slot / LANES, slot % LANES);
        self.x[chunk].0[lane] = position[0];
        self.y[chunk].0[lane] = position[1];
        self.z[chunk].0[lane] = position[2];
    }
}

/// Force on an atom, lane by lane. [energy/length]
#[derive(Debug, Clone, Copy)]
pub(super) struct Sums {
    pub(super) force: [Lanes; 3],
}

impl Sums {
    /// Nothing yet.
    pub(super) const ZERO: Sums = Sums { force: [Lanes::splat(0.0); 3] };
}

/// Adds the forces of chunk `k` of `row` on an atom at `position`.
///
/// - `except`: slot that does not count
/// - `FORCE_SHIFTED`: the truncation needs r itself
#[inline(always)]
pub(super) fn add_chunk<const FORCE_SHIFTED: bool>(
    g: &Geometry,
    row: &Row,
    c: &Coefficients,
    k: usize,
    position: [f32; 3],
    except: usize,
    sums: &mut Sums,
) {
    let (x, y, z, c12, c6) = (&row.x[k], &row.y[k], &row.z[k], &c.c12[k], &c.c6[k]);
    for l in 0..LANES {
        let dx = g.nearest(position[0] - x.0[l], 0);
        let dy = g.nearest(position[1] - y.0[l], 1);
        let dz = g.nearest(position[2] - z.0[l], 2);
        let r2 = dx * dx + dy * dy + dz * dz;
        let counts = (r2 < g.r_cut_squared) & (k * LANES + l != except) & (c12.0[l] > 0.0);
        // Lanes that do not count compute with r² = r_c² and are taken out afterwards.
        let inverse2 = 1.0 / if counts { r2 } else { g.r_cut_squared };
        let inverse6 = inverse2 * inverse2 * inverse2;
        let mut f = (12.0 * c12.0[l] * inverse6 - 6.0 * c6.0[l]) * inverse6 * inverse2;
        if FORCE_SHIFTED {
            f += c.slope[k].0[l] * inverse2.sqrt();
        }
        let f = if counts { f } else { 0.0 };
        let (dx, dy, dz) = if counts { (dx, dy, dz) } else { (0.0, 0.0, 0.0) };
        sums.force[0].0[l] += f * dx;
        sums.force[1].0[l] += f * dy;
        sums.force[2].0[l] += f * dz;
    }
}

/// Energy of an atom at `position` with the first `chunks` chunks of `row`; `None` as soon as it overlaps one of them.
///
/// - `except`: slot that does not count
#[inline(always)]
pub(super) fn row_energy<const FORCE_SHIFTED: bool>(
    g: &Geometry,
    row: &Row,
    c: &Coefficients,
    chunks: usize,
    position: [f32; 3],
    except: usize,
) -> Option<f64> {
    let mut energy = Lanes::splat(0.0);
    for k in 0..chunks {
        let (x, y, z) = (&row.x[k], &row.y[k], &row.z[k]);
        let (c12, c6, shift, core) = (&c.c12[k], &c.c6[k], &c.shift[k], &c.core_squared[k]);
        let mut overlap = [0_u32; LANES];
        for l in 0..LANES {
            let dx = g.nearest(position[0] - x.0[l], 0);
            let dy = g.nearest(position[1] - y.0[l], 1);
            let dz = g.nearest(position[2] - z.0[l], 2);
            let r2 = dx * dx + dy * dy + dz * dz;
            let counts = (r2 < g.r_cut_squared) & (k * LANES + l != except) & (c12.0[l] > 0.0);
            overlap[l] = u32::from(counts & (r2 < core.0[l]));
            let inverse2 = 1.0 / r2;
            let inverse6 = inverse2 * inverse2 * inverse2;
            let mut u = (c12.0[l] * inverse6 - c6.0[l]) * inverse6 - shift.0[l];
            if FORCE_SHIFTED {
                u -= (r2.sqrt() - g.r_cut) * c.slope[k].0[l];
            }
            energy.0[l] += if counts { u } else { 0.0 };
        }
        if overlap.iter().sum::<u32>() != 0 {
            return None;
        }
    }
    Some(energy.sum())
}
