//! The ends of one centre, weighed sixteen at a time, and its triplets.

use crate::potential::{LANES, exp, fma};
use pulp::Simd;

/// What stands for distances less far inside the end of a leg, where the exponential is 0 already. [length]
const LEAST_BEHIND: f32 = -1e-6;

/// The ends of one centre, side by side.
#[derive(Debug, Default)]
pub(super) struct Ends {
    pub(super) n: usize,
    pub(super) who: Vec<u32>,
    pub(super) species: Vec<u8>,
    /// Vectors from the end to the centre [length], then their directions.
    pub(super) d: [Vec<f32>; 3],
    /// r² [length²], then 1/r [1/length]
    pub(super) r: Vec<f32>,
    /// γσ and aσ of the leg.
    leg: [Vec<f32>; 2],
    decay: Vec<f32>,
    slope: Vec<f32>,
    pub(super) force: [Vec<f32>; 3],
}

impl Ends {
    pub(super) fn clear(&mut self) {
        self.n = 0;
    }

    #[inline(always)]
    pub(super) fn push(&mut self, who: u32, species: u8, d: [f32; 3], r2: f32, leg: [f32; 2]) {
        if self.n == self.who.len() {
            self.grow();
        }
        let at = self.n;
        self.n += 1;
        self.who[at] = who;
        self.species[at] = species;
        self.r[at] = r2;
        for axis in 0..3 {
            self.d[axis][at] = d[axis];
            self.force[axis][at] = 0.0;
        }
        for (column, value) in self.leg.iter_mut().zip(leg) {
            column[at] = value;
        }
    }

    /// Room for sixteen more.
    #[cold]
    fn grow(&mut self) {
        let room = self.who.len() + LANES;
        self.who.resize(room, 0);
        self.species.resize(room, 0);
        for column in self.d.iter_mut().chain(&mut self.force).chain(&mut self.leg) {
            column.resize(room, 0.0);
        }
        for column in [&mut self.r, &mut self.decay, &mut self.slope] {
            column.resize(room, 0.0);
        }
    }

    /// Directions and legs of all ends.
    #[inline(always)]
    pub(super) fn weigh<S: Simd>(&mut self) {
        let Ends { n, d: [x, y, z], r, leg: [softness, end], decay, slope, .. } = self;
        for first in (0..*n).step_by(LANES) {
            let of = first..first + LANES;
            let (x, y, z) = (&mut x[of.clone()], &mut y[of.clone()], &mut z[of.clone()]);
            let (r, softness, end) = (&mut r[of.clone()], &softness[of.clone()], &end[of.clone()]);
            let (decay, slope) = (&mut decay[of.clone()], &mut slope[of]);
            for l in 0..LANES {
                let r2 = r[l];
                let distance = r2.sqrt();
                let inverse = if r2 > 0.0 { 1.0 / distance } else { 0.0 };
                let to_end = 1.0 / (distance - end[l]).min(LEAST_BEHIND);
                let scaled = softness[l] * to_end;
                let e = exp::<S>(scaled);
                (decay[l], slope[l], r[l]) = (e, -e * scaled * to_end, inverse);
                (x[l], y[l], z[l]) = (x[l] * inverse, y[l] * inverse, z[l] * inverse);
            }
        }
    }

    #[inline(always)]
    pub(super) fn cosine<S: Simd>(&self, j: usize, k: usize) -> f32 {
        let [x, y, z] = &self.d;
        fma::<S>(z[j], z[k], fma::<S>(y[j], y[k], x[j] * x[k]))
    }

    /// Energy of the triplets of the first `n_first` ends, each with all that stand behind it. [energy]
    #[inline(always)]
    pub(super) fn energy<S: Simd>(&self, angles: &[[f32; 2]], n_species: usize, n_first: usize) -> f64 {
        let mut energy = 0.0;
        for j in 0..n_first {
            let row = &angles[usize::from(self.species[j]) * n_species..][..n_species];
            for k in j + 1..self.n {
                let [strength, cosine] = row[usize::from(self.species[k])];
                let bend = self.cosine::<S>(j, k) - cosine;
                energy += f64::from(strength * bend * bend * (self.decay[j] * self.decay[k]));
            }
        }
        energy
    }

    /// Forces of the same triplets on their ends; returns that on the centre. [energy/length]
    #[inline(always)]
    pub(super) fn add_forces<S: Simd>(&mut self, angles: &[[f32; 2]], n_species: usize, n_first: usize) -> [f32; 3] {
        let mut on_centre = [0.0; 3];
        for j in 0..n_first {
            let row = &angles[usize::from(self.species[j]) * n_species..][..n_species];
            let (u, mut on_j) = ([self.d[0][j], self.d[1][j], self.d[2][j]], [0.0_f32; 3]);
            for k in j + 1..self.n {
                let [strength, least] = row[usize::from(self.species[k])];
                let v = [self.d[0][k], self.d[1][k], self.d[2][k]];
                let cosine = fma::<S>(u[2], v[2], fma::<S>(u[1], v[1], u[0] * v[0]));
                let bend = cosine - least;
                let turn = 2.0 * strength * bend * (self.decay[j] * self.decay[k]);
                let stretch = strength * bend * bend;
                // directions lead to the centre here: signs are those of the reference, turned
                let (turn_j, turn_k) = (turn * self.r[j], turn * self.r[k]);
                let along_j = fma::<S>(-turn_j, cosine, stretch * self.slope[j] * self.decay[k]);
                let along_k = fma::<S>(-turn_k, cosine, stretch * self.slope[k] * self.decay[j]);
                for axis in 0..3 {
                    on_j[axis] += fma::<S>(turn_j, v[axis], along_j * u[axis]);
                    self.force[axis][k] += fma::<S>(turn_k, u[axis], along_k * v[axis]);
                }
            }
            for axis in 0..3 {
                self.force[axis][j] += on_j[axis];
            }
        }
        for axis in 0..3 {
            on_centre[axis] = -self.force[axis][..self.n].iter().sum::<f32>();
        }
        on_centre
    }
}
