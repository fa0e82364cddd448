//! Lennard-Jones pairs.   Twin: `shaders/potential/lennard_jones.wgsl`

use super::lanes::{Lanes, fma};
use super::{Forms, PairForm, Pairs};
use pulp::Simd;

/// Pairs closer than this fraction of σ count as overlap.
pub const CORE_FRACTION: f64 = 0.2;

/// u = 4ε[(σ/r)¹² − (σ/r)⁶]
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LennardJones {
    /// 4εσ¹² [energy·length¹²]
    c12: f64,
    /// 4εσ⁶ [energy·length⁶]
    c6: f64,
    /// ε [energy]
    epsilon: f64,
    /// σ [length]
    sigma: f64,
}

impl LennardJones {
    /// A pair with well depth `epsilon` [energy] and zero crossing `sigma` [length].
    pub fn new(epsilon: f64, sigma: f64) -> LennardJones {
        let c6 = 4.0 * epsilon * sigma.powi(6);
        LennardJones { c12: c6 * sigma.powi(6), c6, epsilon, sigma }
    }
}

impl PairForm for LennardJones {
    const STEM: &'static str = "lennard_jones";
    const SHADER: &'static str = include_str!("../../shaders/potential/lennard_jones.wgsl");
    const WIDTH: usize = 2;
    const FORCE_UNIT: f32 = 6.0;

    fn forms(pairs: Pairs<Self>) -> Forms {
        Forms::LennardJones(pairs)
    }

    #[inline]
    fn energy(&self, r2: f64) -> f64 {
        let inverse6 = 1.0 / (r2 * r2 * r2);
        (self.c12 * inverse6 - self.c6) * inverse6
    }

    #[inline]
    fn energy_force(&self, r2: f64) -> (f64, f64) {
        let inverse2 = 1.0 / r2;
        let inverse6 = inverse2 * inverse2 * inverse2;
        let (repulsive, attractive) = (self.c12 * inverse6 * inverse6, self.c6 * inverse6);
        (repulsive - attractive, (12.0 * repulsive - 6.0 * attractive) * inverse2)
    }

    fn at_cutoff(&self, r_cut: f64) -> (f64, f64) {
        let inverse6 = r_cut.powi(-6);
        let energy = self.c12 * inverse6 * inverse6 - self.c6 * inverse6;
        (energy, -(12.0 * self.c12 * inverse6 * inverse6 - 6.0 * self.c6 * inverse6) / r_cut)
    }

    fn interacts(&self) -> bool {
        self.epsilon > 0.0
    }

    fn core(&self) -> f64 {
        CORE_FRACTION * self.sigma
    }

    fn depth(&self) -> f64 {
        self.epsilon
    }

    fn length(&self) -> f64 {
        self.sigma
    }

    fn plane_integral(&self, h: f64, r_cut: f64) -> f64 {
        let power = |n: i32| h.powi(-n) - r_cut.powi(-n);
        self.c12 * power(10) / 5.0 - self.c6 * power(4) / 2.0
    }

    fn tail_integral(&self, r_cut: f64) -> f64 {
        let inverse3 = r_cut.powi(-3);
        self.c12 * inverse3.powi(3) / 9.0 - self.c6 * inverse3 / 3.0
    }

    fn record(&self) -> [f32; 3] {
        [self.c12 as f32, self.c6 as f32, 0.0]
    }

    /// 8εσ¹², so that force and energy need it once or halved, and 4εσ⁶.
    fn lanes(&self) -> [f32; 4] {
        [2.0 * self.c12 as f32, self.c6 as f32, 0.0, 0.0]
    }

    #[inline(always)]
    fn lane_energy<S: Simd>(c: &[Lanes], _: &[[f32; 4]], l: usize, r2: f32, shift: f32) -> f32 {
        let inverse2 = 1.0 / r2;
        let inverse6 = inverse2 * inverse2 * inverse2;
        fma::<S>(fma::<S>(0.5 * c[0].0[l], inverse6, -c[1].0[l]), inverse6, -shift)
    }

    #[inline(always)]
    fn lane_force<S: Simd>(c: &[Lanes], _: &[[f32; 4]], l: usize, r2: f32) -> f32 {
        let inverse2 = 1.0 / r2;
        let inverse6 = inverse2 * inverse2 * inverse2;
        fma::<S>(c[0].0[l], inverse6, -c[1].0[l]) * (inverse6 * inverse2)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::potential::Truncation;
    use crate::potential::{OVERLAP_ENERGY, Pair, Truncated};
    use std::f64::consts::PI;

    fn pair(epsilon: f64, sigma: f64, r_cut: f64, truncation: Truncation) -> Truncated<LennardJones> {
        Truncated::new(LennardJones::new(epsilon, sigma), r_cut, truncation)
    }

    #[test]
    fn the_minimum_is_minus_epsilon() {
        let pair = pair(0.7, 1.3, 9.0, Truncation::Plain);
        let r = 1.3 * 2f64.powf(1.0 / 6.0);
        assert!((pair.energy(r * r) + 0.7).abs() < 1e-14);
        assert!(pair.energy_force(r * r).1.abs() < 1e-13);
    }

    #[test]
    fn the_force_is_minus_the_derivative() {
        for truncation in [Truncation::Plain, Truncation::Shifted, Truncation::ForceShifted] {
            let pair = pair(1.5, 1.1, 2.5, truncation);
            for r in [0.95, 1.2, 1.9, 2.49] {
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
    fn truncations_vanish_where_they_should() {
        let near = (2.5_f64 - 1e-9).powi(2);
        assert!(pair(1.0, 1.0, 2.5, Truncation::Shifted).energy(near).abs() < 1e-9);
        let (energy, force) = pair(1.0, 1.0, 2.5, Truncation::ForceShifted).energy_force(near);
        assert!(energy.abs() < 1e-9 && force.abs() < 1e-8);
        assert_eq!(pair(1.0, 1.0, 2.5, Truncation::Plain).energy(6.25), 0.0);
    }

    #[test]
    fn the_mean_over_a_plane_is_its_integral() {
        for truncation in [Truncation::Plain, Truncation::Shifted, Truncation::ForceShifted] {
            let pair = pair(1.5, 1.1, 2.5, truncation);
            for h in [0.9, 1.3, 2.4] {
                let (n, end) = (200_000, 2.5_f64 * 2.5);
                let step = (end - h * h) / f64::from(n);
                let sum: f64 = (0..n).map(|k| pair.energy(h * h + (f64::from(k) + 0.5) * step)).sum();
                let (integral, exact) = (PI * sum * step, pair.plane_mean(h));
                assert!(
                    (integral - exact).abs() < 1e-8 * (1.0 + exact.abs()),
                    "{truncation:?} {h}: {integral} {exact}"
                );
            }
            assert_eq!(pair.plane_mean(2.5), 0.0);
        }
    }

    #[test]
    fn overlap_is_finite_and_no_interaction_is_zero() {
        assert_eq!(pair(1.0, 1.0, 2.5, Truncation::Plain).energy(0.0), OVERLAP_ENERGY);
        assert_eq!(pair(0.0, 1.0, 2.5, Truncation::Plain).energy(0.0), 0.0);
    }
}
