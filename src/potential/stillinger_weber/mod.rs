//! Stillinger–Weber potentials: the pairs, their triplets and LAMMPS' files of them.
//! Twin: `shaders/potential/stillinger_weber.wgsl`

mod file;
mod three_body;

pub use file::{Entry, SwFile};
pub use three_body::{Angle, End, Leg, ThreeBody};

use super::lanes::{Lanes, exp, fma};
use super::{Forms, PairForm, Pairs};
use pulp::Simd;

/// Pairs whose energy is above this many depths count as overlap.
const CORE_DEPTHS: f64 = 1e3;
/// Pairs without such a core overlap below this fraction of σ, so that a force always has a direction.
const LEAST_CORE: f64 = 1e-3;
/// Intervals of the integral over a plane, which is taken numerically.
const INTERVALS: usize = 2_000;

/// u = A ε [B (σ/r)⁴ − 1] exp[σ/(r − aσ)] below aσ, and 0 beyond, where all its derivatives vanish.
///
/// # Source
/// Stillinger & Weber, Phys. Rev. B 31, 5262 (1985), Eq. (2.3) with p = 4, q = 0.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StillingerWeber {
    /// A ε [energy]
    strength: f64,
    /// B σ⁴ [length⁴]
    repulsion: f64,
    /// σ [length]
    sigma: f64,
    /// aσ, where the pair ends [length]
    end: f64,
    /// Its minimum: depth [energy] and distance [length].
    well: (f64, f64),
    /// What the file said, for [`PairForm::tabulated`].
    file: [f64; 4],
}

impl StillingerWeber {
    /// A pair of strength A ε \[energy\], repulsion B, size `sigma` \[length\] and end `a` in units of it.
    pub fn new(strength: f64, repulsion: f64, sigma: f64, a: f64) -> StillingerWeber {
        let mut pair = StillingerWeber {
            strength,
            repulsion: repulsion * sigma.powi(4),
            sigma,
            end: a * sigma,
            well: (0.0, sigma),
            file: [strength, repulsion, sigma, a],
        };
        if pair.interacts() {
            pair.well = pair.minimum();
        }
        pair
    }

    /// Depth and distance of the minimum, by golden sections: u has one, as it falls before it and rises behind it.
    fn minimum(&self) -> (f64, f64) {
        let golden = 0.5 * (5.0_f64.sqrt() - 1.0);
        let (mut low, mut high) = (LEAST_CORE * self.sigma, self.end);
        for _ in 0..100 {
            let (left, right) = (high - golden * (high - low), low + golden * (high - low));
            if self.energy(left * left) < self.energy(right * right) {
                high = right;
            } else {
                low = left;
            }
        }
        let r = 0.5 * (low + high);
        (-self.energy(r * r), r)
    }
}

impl PairForm for StillingerWeber {
    const STEM: &'static str = "stillinger_weber";
    const SHADER: &'static str = include_str!("../../../shaders/potential/stillinger_weber.wgsl");
    const WIDTH: usize = 4;
    const FORCE_UNIT: f32 = 1.0;

    fn forms(pairs: Pairs<Self>) -> Forms {
        Forms::StillingerWeber(pairs)
    }

    fn range(&self, r_cut: f64) -> f64 {
        self.end.min(r_cut)
    }

    #[inline]
    fn energy(&self, r2: f64) -> f64 {
        self.energy_force(r2).0
    }

    #[inline]
    fn energy_force(&self, r2: f64) -> (f64, f64) {
        let r = r2.sqrt();
        if r >= self.end {
            return (0.0, 0.0);
        }
        let to_end = 1.0 / (r - self.end);
        let decay = self.strength * (self.sigma * to_end).exp();
        let repulsion = self.repulsion / (r2 * r2);
        let energy = decay * (repulsion - 1.0);
        (energy, (4.0 * decay * repulsion / r + energy * self.sigma * to_end * to_end) / r)
    }

    fn interacts(&self) -> bool {
        self.strength > 0.0
    }

    fn core(&self) -> f64 {
        let (mut low, mut high) = (LEAST_CORE * self.sigma, self.well.1);
        if self.energy(low * low) < CORE_DEPTHS * self.well.0 {
            return low;
        }
        for _ in 0..200 {
            let middle = 0.5 * (low + high);
            if self.energy(middle * middle) > CORE_DEPTHS * self.well.0 {
                low = middle;
            } else {
                high = middle;
            }
        }
        low
    }

    fn depth(&self) -> f64 {
        self.well.0
    }

    fn length(&self) -> f64 {
        self.well.1 / 2.0_f64.powf(1.0 / 6.0)
    }

    fn plane_integral(&self, h: f64, r_cut: f64) -> f64 {
        // Simpson's rule in r: ∫ u ds = ∫ 2 r u dr; the integrand ends with all its derivatives.
        let end = r_cut.min(self.end);
        if h >= end {
            return 0.0;
        }
        let step = (end - h) / INTERVALS as f64;
        let weight = |k: usize| if k == 0 || k == INTERVALS { 1.0 } else { [2.0, 4.0][k % 2] };
        let at = |k: usize| {
            let r = h + k as f64 * step;
            weight(k) * 2.0 * r * self.energy(r * r)
        };
        (0..=INTERVALS).map(at).sum::<f64>() * step / 3.0
    }

    fn tail_integral(&self, _: f64) -> f64 {
        0.0
    }

    fn tabulated(&self) -> &[f64] {
        &self.file
    }

    fn record(&self) -> [f32; 3] {
        [self.strength as f32, self.repulsion as f32, self.sigma as f32]
    }

    fn lanes(&self) -> [f32; 4] {
        let [strength, repulsion, sigma] = self.record();
        [strength, repulsion, sigma, self.end as f32]
    }

    #[inline(always)]
    fn lane_energy<S: Simd>(c: &[Lanes], _: &[[f32; 4]], l: usize, r2: f32, shift: f32) -> f32 {
        let inverse2 = 1.0 / r2;
        let behind = r2.sqrt() - c[3].0[l];
        let decay = c[0].0[l] * exp::<S>(c[2].0[l] / behind.min(LEAST_BEHIND));
        let energy = decay * fma::<S>(c[1].0[l], inverse2 * inverse2, -1.0) - shift;
        if behind < 0.0 { energy } else { 0.0 }
    }

    #[inline(always)]
    fn lane_force<S: Simd>(c: &[Lanes], _: &[[f32; 4]], l: usize, r2: f32) -> f32 {
        let (r, inverse2) = (r2.sqrt(), 1.0 / r2);
        let behind = r - c[3].0[l];
        let to_end = 1.0 / behind.min(LEAST_BEHIND);
        let scaled = c[2].0[l] * to_end;
        let decay = c[0].0[l] * exp::<S>(scaled);
        let repulsion = c[1].0[l] * inverse2 * inverse2;
        let slope = fma::<S>(4.0 * repulsion, inverse2, (repulsion - 1.0) * scaled * to_end / r);
        if behind < 0.0 { decay * slope } else { 0.0 }
    }
}

/// What stands for distances less far inside the end of a pair, where the exponential is 0 already. \[length\]
const LEAST_BEHIND: f32 = -1e-6;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::potential::{LANES, OVERLAP_ENERGY, Pair, Truncated, Truncation};
    use std::f64::consts::PI;

    /// Silicon of 1985, ε = 2.1683 eV.
    fn silicon() -> StillingerWeber {
        StillingerWeber::new(7.049_556_277 * 2.1683, 0.602_224_558_4, 2.0951, 1.8)
    }

    #[test]
    fn the_well_is_one_epsilon_deep_at_the_bond_length_of_silicon() {
        // A and B were chosen for this: Stillinger & Weber give r = 2^{1/6} σ and depth ε.
        let pair = silicon();
        assert!((pair.depth() - 2.1683).abs() < 1e-8, "{}", pair.depth());
        assert!((pair.length() / 2.0951 - 1.0).abs() < 1e-6, "{}", pair.length());
        assert!((pair.energy(pair.core().powi(2)) / 2168.3 - 1.0).abs() < 1e-6);
        assert_eq!(Truncated::new(pair, 4.0, Truncation::Shifted).energy(0.0), OVERLAP_ENERGY);
    }

    #[test]
    fn the_force_is_minus_the_derivative_and_nothing_is_left_at_the_end() {
        let pair = Truncated::new(silicon(), 5.0, Truncation::Shifted);
        for r in [1.0, 1.9, 2.35, 3.0, 3.6] {
            let step = 1e-6;
            let slope = (pair.energy((r + step) * (r + step)) - pair.energy((r - step) * (r - step))) / (2.0 * step);
            let (energy, force) = pair.energy_force(r * r);
            assert!((force * r + slope).abs() < 1e-7 * (1.0 + slope.abs()), "{r}: {force} {slope}");
            assert_eq!(energy, pair.energy(r * r));
        }
        assert_eq!(pair.energy_force(3.771_181 * 3.771_181), (0.0, 0.0));
        assert!(pair.energy(3.77 * 3.77).abs() < 1e-100);
        assert_eq!(pair.cut().r_cut, 1.8 * 2.0951);
    }

    #[test]
    fn lanes_are_the_pair_in_single_precision() {
        let pair = silicon();
        let c: Vec<Lanes> = pair.lanes().map(Lanes::splat).to_vec();
        for k in 0..290 {
            let r = 1.0 + 0.01 * f64::from(k);
            let r2 = (r * r) as f32;
            let (energy, force) = pair.energy_force(f64::from(r2));
            let ours = f64::from(StillingerWeber::lane_energy::<pulp::Scalar>(&c, &[], LANES - 1, r2, 0.0));
            assert!((ours - energy).abs() < 2e-6 * (energy.abs() + 0.1), "{r}: {ours} {energy}");
            let ours = f64::from(StillingerWeber::lane_force::<pulp::Scalar>(&c, &[], 0, r2));
            assert!((ours - force).abs() < 4e-6 * (force.abs() + 1e-1), "{r}: {ours} {force}");
        }
    }

    #[test]
    fn the_integral_over_a_plane_is_that_of_the_pair() {
        let pair = Truncated::new(silicon(), 4.0, Truncation::Shifted);
        for h in [1.5_f64, 2.4, 3.5] {
            let step = (16.0 - h * h) / 400_000.0;
            let sum: f64 = (0..400_000).map(|k| pair.energy(h * h + (f64::from(k) + 0.5) * step)).sum();
            let exact = PI * sum * step;
            assert!((pair.plane_mean(h) - exact).abs() < 1e-7 * (1.0 + exact.abs()), "{h}: {exact}");
        }
        assert_eq!(silicon().plane_integral(3.9, 4.0), 0.0);
    }
}
