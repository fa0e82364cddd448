//! The Lennard-Jones pair potential with its truncations and tail correction.

use super::OVERLAP_ENERGY;
use crate::potential::Truncation;
use std::f64::consts::PI;

/// Pairs closer than this fraction of σ count as overlap.
pub const CORE_FRACTION: f64 = 0.2;

/// Precomputed parameters of one pair of species.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PairCoefficients {
    /// 4εσ¹² [energy·length¹²]
    pub c12: f64,
    /// 4εσ⁶ [energy·length⁶]
    pub c6: f64,
    /// u(r_c) of the plain potential where it is subtracted, else 0 [energy]
    pub shift: f64,
    /// u'(r_c) of the plain potential where it is subtracted, else 0 [energy/length]
    pub slope: f64,
    /// (core radius)²; 0 without interaction [length²]
    pub core_squared: f64,
    /// r_c² [length²]; 0 without interaction
    pub r_cut_squared: f64,
    /// r_c [length]
    pub r_cut: f64,
}

impl PairCoefficients {
    /// Parameters of a pair with well depth `epsilon` [energy] and zero crossing `sigma` [length].
    pub fn new(epsilon: f64, sigma: f64, r_cut: f64, truncation: Truncation) -> PairCoefficients {
        let (c6, interacts) = (4.0 * epsilon * sigma.powi(6), epsilon > 0.0);
        let c12 = c6 * sigma.powi(6);
        let inverse6 = r_cut.powi(-6);
        let at_cutoff = c12 * inverse6 * inverse6 - c6 * inverse6;
        let slope_at_cutoff = -(12.0 * c12 * inverse6 * inverse6 - 6.0 * c6 * inverse6) / r_cut;
        PairCoefficients {
            c12,
            c6,
            shift: if truncation == Truncation::Plain { 0.0 } else { at_cutoff },
            slope: if truncation == Truncation::ForceShifted { slope_at_cutoff } else { 0.0 },
            core_squared: if interacts { (CORE_FRACTION * sigma).powi(2) } else { 0.0 },
            r_cut_squared: if interacts { r_cut * r_cut } else { 0.0 },
            r_cut,
        }
    }

    /// Pair energy at squared distance `r2`; [`OVERLAP_ENERGY`] inside the core. [energy]
    #[inline]
    pub fn energy(&self, r2: f64) -> f64 {
        if r2 >= self.r_cut_squared {
            return 0.0;
        }
        if r2 < self.core_squared {
            return OVERLAP_ENERGY;
        }
        let inverse6 = 1.0 / (r2 * r2 * r2);
        let plain = (self.c12 * inverse6 - self.c6) * inverse6 - self.shift;
        if self.slope == 0.0 { plain } else { plain - (r2.sqrt() - self.r_cut) * self.slope }
    }

    /// Pair energy and −u'(r)/r, so that the force on i is the second times (r_i − r_j).
    ///
    /// - returns: ([energy], [energy/length²])
    #[inline]
    pub fn energy_force(&self, r2: f64) -> (f64, f64) {
        if r2 >= self.r_cut_squared {
            return (0.0, 0.0);
        }
        if r2 < self.core_squared {
            return (OVERLAP_ENERGY, 0.0);
        }
        let inverse2 = 1.0 / r2;
        let inverse6 = inverse2 * inverse2 * inverse2;
        let (repulsive, attractive) = (self.c12 * inverse6 * inverse6, self.c6 * inverse6);
        let mut energy = repulsive - attractive - self.shift;
        let mut force = (12.0 * repulsive - 6.0 * attractive) * inverse2;
        if self.slope != 0.0 {
            let r = r2.sqrt();
            energy -= (r - self.r_cut) * self.slope;
            force += self.slope / r;
        }
        (energy, force)
    }

    /// Energy of an atom above a plane of others, averaged over the plane, per atom of the plane and unit area.
    ///
    /// ∫_{h²}^{r_c²} π u(√s) ds: exact for planes without an end, whatever their lattice.
    ///
    /// - `height`: distance from the plane [length], above 0
    /// - returns: [energy·length²]
    pub fn plane_mean(&self, height: f64) -> f64 {
        let (h, r) = (height.abs(), self.r_cut);
        if h * h >= self.r_cut_squared {
            return 0.0;
        }
        let power = |n: i32| h.powi(-n) - r.powi(-n);
        let area = r * r - h * h;
        let slope = 2.0 / 3.0 * (r.powi(3) - h.powi(3)) - r * area;
        PI * (self.c12 * power(10) / 5.0 - self.c6 * power(4) / 2.0 - self.shift * area - self.slope * slope)
    }
}

/// Coefficients of all pairs of species.
#[derive(Debug, Clone, PartialEq)]
pub struct PairTable {
    n_species: usize,
    coefficients: Vec<PairCoefficients>,
    /// r_c [length]
    pub r_cut: f64,
    /// What happens at r_c.
    pub truncation: Truncation,
    /// Whether the long-range correction of a homogeneous fluid is added.
    pub tail_correction: bool,
}

impl PairTable {
    /// A table from `parameters(a, b) = (ε, σ)` for every pair of `n_species` species.
    pub fn new(
        n_species: usize,
        r_cut: f64,
        truncation: Truncation,
        tail_correction: bool,
        parameters: impl Fn(usize, usize) -> (f64, f64),
    ) -> PairTable {
        let coefficients = (0..n_species * n_species)
            .map(|k| {
                let (a, b) = (k / n_species, k % n_species);
                let (epsilon, sigma) = parameters(a.min(b), a.max(b));
                PairCoefficients::new(epsilon, sigma, r_cut, truncation)
            })
            .collect();
        PairTable { n_species, coefficients, r_cut, truncation, tail_correction }
    }

    /// Number of species.
    pub fn n_species(&self) -> usize {
        self.n_species
    }

    /// The coefficients of a pair of species.
    #[inline]
    pub fn pair(&self, a: u8, b: u8) -> &PairCoefficients {
        &self.coefficients[usize::from(a) * self.n_species + usize::from(b)]
    }

    /// The coefficients of one species with every species, for use in inner loops.
    #[inline]
    pub fn row(&self, a: u8) -> &[PairCoefficients] {
        let first = usize::from(a) * self.n_species;
        &self.coefficients[first..first + self.n_species]
    }

    /// U_lrc = Σ_ab 2π N_a N_b/V [c12/(9 r_c⁹) − c6/(3 r_c³)], 0 unless the scene asks for it. [energy]
    ///
    /// - `counts`: `[n_species]`, all mobile atoms
    /// - `volume`: [length³]
    ///
    /// # Source
    /// Frenkel & Smit, Understanding Molecular Simulation (2002), Eq. (3.2.5); N² as in the NIST reference data.
    pub fn tail(&self, counts: &[usize], volume: f64) -> f64 {
        if !self.tail_correction {
            return 0.0;
        }
        let (inverse3, mut sum) = (self.r_cut.powi(-3), 0.0);
        for (a, &n_a) in counts.iter().enumerate() {
            for (b, &n_b) in counts.iter().enumerate() {
                let p = &self.coefficients[a * self.n_species + b];
                let integral = p.c12 * inverse3.powi(3) / 9.0 - p.c6 * inverse3 / 3.0;
                sum += (n_a * n_b) as f64 * integral;
            }
        }
        2.0 * PI / volume * sum
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_minimum_is_minus_epsilon() {
        let pair = PairCoefficients::new(0.7, 1.3, 9.0, Truncation::Plain);
        let r = 1.3 * 2f64.powf(1.0 / 6.0);
        assert!((pair.energy(r * r) + 0.7).abs() < 1e-14);
        assert!(pair.energy_force(r * r).1.abs() < 1e-13);
    }

    #[test]
    fn the_force_is_minus_the_derivative() {
        for truncation in [Truncation::Plain, Truncation::Shifted, Truncation::ForceShifted] {
            let pair = PairCoefficients::new(1.5, 1.1, 2.5, truncation);
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
        assert!(PairCoefficients::new(1.0, 1.0, 2.5, Truncation::Shifted).energy(near).abs() < 1e-9);
        let (energy, force) = PairCoefficients::new(1.0, 1.0, 2.5, Truncation::ForceShifted).energy_force(near);
        assert!(energy.abs() < 1e-9 && force.abs() < 1e-8);
        assert_eq!(PairCoefficients::new(1.0, 1.0, 2.5, Truncation::Plain).energy(6.25), 0.0);
    }

    #[test]
    fn the_mean_over_a_plane_is_its_integral() {
        for truncation in [Truncation::Plain, Truncation::Shifted, Truncation::ForceShifted] {
            let pair = PairCoefficients::new(1.5, 1.1, 2.5, truncation);
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
        assert_eq!(PairCoefficients::new(1.0, 1.0, 2.5, Truncation::Plain).energy(0.0), OVERLAP_ENERGY);
        assert_eq!(PairCoefficients::new(0.0, 1.0, 2.5, Truncation::Plain).energy(0.0), 0.0);
    }
}
