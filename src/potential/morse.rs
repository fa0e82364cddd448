//! Morse pairs.   Twin: `shaders/potential/morse.wgsl`

use super::lanes::{Lanes, exp, fma};
use super::{Forms, PairForm, Pairs};
use pulp::Simd;

/// Pairs whose energy is above this many depths count as overlap, as Lennard-Jones pairs at 0.2 σ do.
const CORE_DEPTHS: f64 = 1e9;
/// Soft pairs overlap below this fraction of r₀, so that a force always has a direction.
const LEAST_CORE: f64 = 1e-3;

/// u = D [e^{−2α(r − r₀)} − 2 e^{−α(r − r₀)}]
///
/// # Source
/// Morse, Phys. Rev. 34, 57 (1929), Eq. (4).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Morse {
    /// D [energy]
    depth: f64,
    /// α [1/length]
    alpha: f64,
    /// r₀ [length]
    r_0: f64,
}

impl Morse {
    /// A pair of well depth `depth` [energy], stiffness `alpha` [1/length] and equilibrium distance `r_0` [length].
    pub fn new(depth: f64, alpha: f64, r_0: f64) -> Morse {
        Morse { depth, alpha, r_0 }
    }
}

impl PairForm for Morse {
    const STEM: &'static str = "morse";
    const SHADER: &'static str = include_str!("../../shaders/potential/morse.wgsl");
    const WIDTH: usize = 3;
    const FORCE_UNIT: f32 = 1.0;

    fn forms(pairs: Pairs<Self>) -> Forms {
        Forms::Morse(pairs)
    }

    #[inline]
    fn energy(&self, r2: f64) -> f64 {
        let x = (self.alpha * (self.r_0 - r2.sqrt())).exp();
        self.depth * (x * (x - 2.0))
    }

    #[inline]
    fn energy_force(&self, r2: f64) -> (f64, f64) {
        let r = r2.sqrt();
        let x = (self.alpha * (self.r_0 - r)).exp();
        (self.depth * (x * (x - 2.0)), 2.0 * self.depth * self.alpha * (x * (x - 1.0)) / r)
    }

    fn interacts(&self) -> bool {
        self.depth > 0.0
    }

    fn core(&self) -> f64 {
        // x² − 2x = CORE_DEPTHS
        let x = 1.0 + (1.0 + CORE_DEPTHS).sqrt();
        (self.r_0 - x.ln() / self.alpha).max(LEAST_CORE * self.r_0)
    }

    fn depth(&self) -> f64 {
        self.depth
    }

    fn length(&self) -> f64 {
        self.r_0 / 2.0_f64.powf(1.0 / 6.0)
    }

    fn plane_integral(&self, h: f64, r_cut: f64) -> f64 {
        // −∫ r e^{−k(r − r₀)} dr
        let primitive = |k: f64, r: f64| (k * (self.r_0 - r)).exp() * (r / k + 1.0 / (k * k));
        let between = |k: f64| primitive(k, h) - primitive(k, r_cut);
        2.0 * self.depth * (between(2.0 * self.alpha) - 2.0 * between(self.alpha))
    }

    fn tail_integral(&self, r_cut: f64) -> f64 {
        let beyond =
            |k: f64| (k * (self.r_0 - r_cut)).exp() * (r_cut * r_cut / k + 2.0 * r_cut / (k * k) + 2.0 / (k * k * k));
        self.depth * (beyond(2.0 * self.alpha) - 2.0 * beyond(self.alpha))
    }

    fn record(&self) -> [f32; 3] {
        [self.depth as f32, self.alpha as f32, self.r_0 as f32]
    }

    #[inline(always)]
    fn lane_energy<S: Simd>(c: &[Lanes], _: &[[f32; 4]], l: usize, r2: f32, shift: f32) -> f32 {
        let x = exp::<S>(c[1].0[l] * (c[2].0[l] - r2.sqrt()));
        fma::<S>(c[0].0[l], x * (x - 2.0), -shift)
    }

    #[inline(always)]
    fn lane_force<S: Simd>(c: &[Lanes], _: &[[f32; 4]], l: usize, r2: f32) -> f32 {
        let r = r2.sqrt();
        let x = exp::<S>(c[1].0[l] * (c[2].0[l] - r));
        2.0 * c[0].0[l] * c[1].0[l] * (x * (x - 1.0)) / r
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::potential::{OVERLAP_ENERGY, Pair, Truncated, Truncation};
    use std::f64::consts::PI;

    const TRUNCATIONS: [Truncation; 3] = [Truncation::Plain, Truncation::Shifted, Truncation::ForceShifted];

    fn pair(truncation: Truncation) -> Truncated<Morse> {
        Truncated::new(Morse::new(1.5, 2.2, 1.25), 2.5, truncation)
    }

    #[test]
    fn the_minimum_is_minus_the_depth_at_the_equilibrium_distance() {
        let (energy, force) = pair(Truncation::Plain).energy_force(1.25 * 1.25);
        assert!((energy + 1.5).abs() < 1e-14 && force.abs() < 1e-13, "{energy} {force}");
        let (above, below) = (pair(Truncation::Plain).energy(1.26 * 1.26), pair(Truncation::Plain).energy(1.24 * 1.24));
        // D α² (r − r₀)²
        assert!((0.5 * (above + below) + 1.5 - 1.5 * 2.2 * 2.2 * 1e-4).abs() < 1e-6);
    }

    #[test]
    fn the_force_is_minus_the_derivative() {
        for truncation in TRUNCATIONS {
            let pair = pair(truncation);
            for r in [0.5, 1.2, 1.9, 2.49] {
                let step = 1e-6;
                let slope =
                    (pair.energy((r + step) * (r + step)) - pair.energy((r - step) * (r - step))) / (2.0 * step);
                let (energy, force) = pair.energy_force(r * r);
                assert!((force * r + slope).abs() < 1e-6 * (1.0 + slope.abs()), "{truncation:?} {r}");
                assert!((energy - pair.energy(r * r)).abs() < 1e-12);
            }
        }
    }

    #[test]
    fn integrals_over_planes_and_tails_are_exact() {
        let midpoints = |from: f64, to: f64, f: &dyn Fn(f64) -> f64| -> f64 {
            let step = (to - from) / 400_000.0;
            (0..400_000).map(|k| f(from + (f64::from(k) + 0.5) * step)).sum::<f64>() * step
        };
        for truncation in TRUNCATIONS {
            let pair = pair(truncation);
            for h in [0.9_f64, 1.3, 2.4] {
                let (integral, exact) = (PI * midpoints(h * h, 6.25, &|s| pair.energy(s)), pair.plane_mean(h));
                assert!((integral - exact).abs() < 1e-8 * (1.0 + exact.abs()), "{truncation:?}: {integral} {exact}");
            }
        }
        let bare = Morse::new(1.5, 2.2, 1.25);
        let (integral, exact) = (midpoints(2.5, 22.5, &|r| r * r * bare.energy(r * r)), bare.tail_integral(2.5));
        assert!((integral - exact).abs() < 1e-8 * exact.abs(), "{integral} {exact}");
    }

    #[test]
    fn stiff_pairs_overlap_at_a_billion_depths_and_soft_ones_hardly_ever() {
        let (stiff, soft) = (Morse::new(2.0, 20.0, 1.0), Morse::new(2.0, 1.0, 1.0));
        assert!((stiff.energy(stiff.core().powi(2)) / 2e9 - 1.0).abs() < 1e-6);
        assert_eq!(soft.core(), 1e-3);
        assert_eq!(Truncated::new(stiff, 2.5, Truncation::Plain).energy(0.0), OVERLAP_ENERGY);
        assert_eq!(Truncated::new(Morse::new(0.0, 20.0, 1.0), 2.5, Truncation::Plain).energy(0.0), 0.0);
    }
}
