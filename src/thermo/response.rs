//! Responses of ⟨E⟩ and ⟨N⟩ to temperature along named paths, from covariances.
//!
//! A path holds something fixed for every reservoir species: an absolute μ, μ', a pressure, or z. What it holds enters
//! only through c_s = ∂ ln z_s/∂β ([`super::Convention::path_coefficient`]; kT for a fixed pressure of a monatomic gas,
//! 0 for fixed z). With d/dβ⟨A⟩ = −Cov(A, E) + Σ_s c_s Cov(A, N_s):
//!
//! - ∂⟨E⟩/∂T = [Var E − Σ_s c_s Cov(E,N_s)]/kT²
//! - ∂⟨N_s⟩/∂T = [Cov(E,N_s) − Σ_t c_t Cov(N_s,N_t)]/kT²
//!
//! Var E/kT² alone is the heat capacity of no common experiment (it holds only at fixed z); it is called the energy
//! fluctuation here. All results are per replica; "1/kT²" stands for k_B/(k_B T)², so they are per unit of temperature.

/// Second moments of one state, per replica.
#[derive(Debug, Clone, Copy)]
pub struct Fluctuations<'a> {
    /// k_B T \[energy\]
    pub kt: f64,
    /// k_B [energy/temperature]
    pub boltzmann: f64,
    /// Var E \[energy²\]
    pub var_energy: f64,
    /// `[n_reservoirs]`, Cov(E, N_s) \[energy\]
    pub cov_energy_n: &'a [f64],
    /// `[n_reservoirs * n_reservoirs]`, Cov(N_s, N_t), symmetric
    pub cov_n: &'a [f64],
}

/// Sum of (N − ⟨N⟩)² over independent samples below which there is no heat of adsorption.
const CHANGES: f64 = 10.0;
/// A variance of N below this fraction of the largest counts as none: the direction is left out of inverses.
const VARIANCE_TOL: f64 = 1e-12;

impl Fluctuations<'_> {
    fn per_temperature(&self) -> f64 {
        self.boltzmann / (self.kt * self.kt)
    }

    /// Var E/(k_B T²): ∂⟨E⟩/∂T at fixed z. [energy/temperature]
    pub fn energy_fluctuation(&self) -> f64 {
        self.var_energy * self.per_temperature()
    }

    /// ∂⟨E⟩/∂T of the potential energy along a path. [energy/temperature]
    ///
    /// - `c`: `[n_reservoirs]`, path coefficients c_s [energy]
    pub fn energy_slope(&self, c: &[f64]) -> f64 {
        let exchange: f64 = c.iter().zip(self.cov_energy_n).map(|(c, cov)| c * cov).sum();
        (self.var_energy - exchange) * self.per_temperature()
    }

    /// ∂⟨N_s⟩/∂T along a path. [1/temperature]
    ///
    /// - `s`: reservoir species
    /// - `c`: `[n_reservoirs]`, path coefficients [energy]
    pub fn count_slope(&self, s: usize, c: &[f64]) -> f64 {
        let row = &self.cov_n[s * c.len()..(s + 1) * c.len()];
        let exchange: f64 = c.iter().zip(row).map(|(c, cov)| c * cov).sum();
        (self.cov_energy_n[s] - exchange) * self.per_temperature()
    }

    /// ∂⟨E + kinetic⟩/∂T along a path: adds 3k⟨N_mob⟩/2 + (3/2)kT Σ_s ∂⟨N_s⟩/∂T. [energy/temperature]
    ///
    /// - `c`: `[n_reservoirs]`, path coefficients [energy]
    /// - `n_mobile`: ⟨N_mob⟩, all mobile atoms, those of the slab included
    pub fn total_energy_slope(&self, c: &[f64], n_mobile: f64) -> f64 {
        let counts: f64 = (0..c.len()).map(|s| self.count_slope(s, c)).sum();
        self.energy_slope(c) + 1.5 * self.boltzmann * n_mobile + 1.5 * self.kt * counts
    }

    /// Canonical-like heat capacity, total: 3k⟨N_mob⟩/2 + k[Var E − Covᵀ C_NN⁻¹ Cov]/(kT)². [energy/temperature]
    ///
    /// The part of Var E that N explains is taken out; a species whose N does not vary explains nothing
    /// (pseudo-inverse).
    ///
    /// - `n_mobile`: ⟨N_mob⟩, all mobile atoms, those of the slab included
    pub fn c_vn(&self, n_mobile: f64) -> f64 {
        let explained: f64 = self.energy_per_particle().iter().zip(self.cov_energy_n).map(|(a, b)| a * b).sum();
        1.5 * self.boltzmann * n_mobile + (self.var_energy - explained).max(0.0) * self.per_temperature()
    }

    /// Isosteric heat q_s = c_s − [C_NN⁺ Cov(E,N)]_s of every species, the heat given off by an atom that leaves the gas
    /// at constant T and amounts of the others: −∂ ln p_s/∂β per atom at constant N⃗, p_s the fugacity. \[energy\]
    ///
    /// kT of a monatomic gas is its enthalpy 5kT/2 less the kinetic energy 3kT/2 that the atom keeps. NaN for a species
    /// whose N hardly varies: by less than ten in the sum of squares over independent samples.
    ///
    /// - `c`: `[n_reservoirs]`, [`super::Convention::pressure_coefficient`] \[energy\]
    /// - `samples`: independent ones behind the moments
    pub fn isosteric_heat(&self, c: &[f64], samples: f64) -> Vec<f64> {
        let varies = |s: usize| {
            let variance = self.cov_n[s * c.len() + s];
            variance > 0.0 && variance * samples >= CHANGES
        };
        let slopes = self.energy_per_particle();
        (0..c.len()).map(|s| if varies(s) { c[s] - slopes[s] } else { f64::NAN }).collect()
    }

    /// β Var N_s of every species. [1/energy]
    pub fn susceptibility(&self) -> Vec<f64> {
        let n = self.cov_energy_n.len();
        (0..n).map(|s| self.cov_n[s * n + s] / self.kt).collect()
    }

    /// C_NN⁺ Cov(E,N) = ∂⟨E⟩/∂⟨N_s⟩ at fixed T. [energy]
    ///
    /// Gaussian elimination with the largest remaining variance as pivot; what is left without variance stays at 0.
    fn energy_per_particle(&self) -> Vec<f64> {
        let n = self.cov_energy_n.len();
        let mut matrix = self.cov_n.to_vec();
        let mut rhs = self.cov_energy_n.to_vec();
        let floor = VARIANCE_TOL * (0..n).map(|s| matrix[s * n + s]).fold(f64::MIN_POSITIVE, f64::max);
        let mut open: Vec<usize> = (0..n).collect();
        let mut pivots = Vec::new();
        while let Some(place) =
            (0..open.len()).max_by(|&a, &b| matrix[open[a] * n + open[a]].total_cmp(&matrix[open[b] * n + open[b]]))
        {
            let p = open.swap_remove(place);
            let pivot = matrix[p * n + p];
            if pivot <= floor {
                break;
            }
            for &row in &open {
                let factor = matrix[row * n + p] / pivot;
                for column in 0..n {
                    matrix[row * n + column] -= factor * matrix[p * n + column];
                }
                rhs[row] -= factor * rhs[p];
            }
            pivots.push(p);
        }
        let mut solution = vec![0.0; n];
        for (i, &p) in pivots.iter().enumerate().rev() {
            let known: f64 = pivots[i + 1..].iter().map(|&q| matrix[p * n + q] * solution[q]).sum();
            solution[p] = (rhs[p] - known) / matrix[p * n + p];
        }
        solution
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::thermo::Convention;

    fn close(a: f64, b: f64, tol: f64) {
        assert!((a - b).abs() <= tol, "{a} is not within {tol:e} of {b}");
    }

    /// Ideal gas in a three-dimensional trap: Var E = (15/4) N (kT)², Cov(E,N) = (3/2) N kT, Var N = N.
    #[test]
    fn trapped_ideal_gas() {
        for (kt, mu, n, slope, c_vn, fluctuation) in [
            (0.7, -1.8, 1.1149591876937273, 10.990311992981026, 3.344877563081182, 4.181096953851477),
            (1.0, -1.5, 2.0, 16.5, 6.0, 7.5),
        ] {
            let state = Fluctuations {
                kt,
                boltzmann: 1.0,
                var_energy: 3.75 * n * kt * kt,
                cov_energy_n: &[1.5 * n * kt],
                cov_n: &[n],
            };
            close(state.energy_slope(&[mu - 1.5 * kt]), slope, 1e-5 * slope);
            close(state.c_vn(n), c_vn, 1e-10);
            close(state.energy_fluctuation(), fluctuation, 1e-10);
            // The heat of leaving an ideal gas in a trap: kT − 3kT/2.
            close(state.isosteric_heat(&[kt], 1e9)[0], -0.5 * kt, 1e-12);
            close(state.susceptibility()[0], n / kt, 1e-12);
        }
    }

    /// Four sites on a ring with energies and a nearest-neighbour attraction, enumerated.
    struct Ring;

    impl Ring {
        const SITES: [f64; 4] = [-1.0, -0.4, -0.7, 0.0];
        const J: f64 = -0.8;
        const CONVENTION: Convention = Convention::Absolute { mass: 1.0, planck: 1.0 };

        /// ⟨N⟩, ⟨E⟩, Var N, Var E, Cov(E,N) at `kt` and ln z.
        fn averages(kt: f64, ln_z: f64) -> [f64; 5] {
            let (mut z, mut sums) = (0.0, [0.0; 5]);
            for mask in 0..16_u32 {
                let full = |i: usize| mask >> (i % 4) & 1 == 1;
                let e: f64 = (0..4)
                    .map(|i| {
                        let bond = if full(i) && full(i + 1) { Self::J } else { 0.0 };
                        bond + if full(i) { Self::SITES[i] } else { 0.0 }
                    })
                    .sum();
                let n = f64::from(mask.count_ones());
                let w = (n * ln_z - e / kt).exp();
                z += w;
                for (sum, x) in sums.iter_mut().zip([n, e, n * n, e * e, e * n]) {
                    *sum += w * x;
                }
            }
            let [n, e, nn, ee, en] = sums.map(|s| s / z);
            [n, e, nn - n * n, ee - e * e, en - e * n]
        }
    }

    #[test]
    fn enumerated_ring_has_its_reference_values() {
        for (kt, mu, expected) in [
            (
                0.6,
                -3.4,
                [
                    0.35780304799370083,
                    -0.30154286608339076,
                    0.42782444338415915,
                    0.42290634185055315,
                    -0.4026119258119921,
                ],
            ),
            (
                0.6,
                -2.2,
                [2.868384230088097, -3.435552281020019, 1.355703263600848, 3.0997592577295094, -2.005318697529738],
            ),
            (
                1.0,
                -3.4,
                [2.898586792572134, -3.3845723372044887, 1.0917060071988107, 2.7745452068653123, -1.6904324841039546],
            ),
            (
                1.0,
                -2.2,
                [3.686626463621175, -4.704137508163824, 0.330319422990323, 1.1443823913824005, -0.6022100065123013],
            ),
        ] {
            let ours = Ring::averages(kt, Ring::CONVENTION.ln_z(mu, kt));
            for (ours, expected) in ours.iter().zip(expected) {
                close(*ours, expected, 1e-10);
            }
        }
    }

    #[test]
    fn slopes_are_the_derivatives_along_their_paths() {
        let boltzmann = 0.5;
        for convention in [Ring::CONVENTION, Convention::Activity, Convention::Pressure { unit: 2.0 }] {
            for (kt, ln_z) in [(0.6, -3.0), (0.6, -2.0), (1.0, -2.5)] {
                let value = convention.value(ln_z, kt);
                let at = |kt: f64| Ring::averages(kt, convention.ln_z(value, kt));
                let [n, _, var_n, var_energy, cov] = at(kt);
                let state = Fluctuations { kt, boltzmann, var_energy, cov_energy_n: &[cov], cov_n: &[var_n] };
                let c = [convention.path_coefficient(ln_z, kt)];
                let step = 1e-5;
                let (up, down) = (at(kt + step), at(kt - step));
                let slope = |i: usize| boltzmann * (up[i] - down[i]) / (2.0 * step);
                close(state.energy_slope(&c), slope(1), 1e-6);
                close(state.count_slope(0, &c), slope(0), 1e-6);
                // −∂ ln p/∂β at constant ⟨N⟩ by Clausius and Clapeyron: ln z from N by bisection on either side.
                let at_constant_n = |kt: f64| {
                    let (mut lo, mut hi) = (-20.0, 20.0);
                    for _ in 0..100 {
                        let middle = 0.5 * (lo + hi);
                        if Ring::averages(kt, middle)[0] < n { lo = middle } else { hi = middle }
                    }
                    lo + kt.ln()
                };
                let beta_step = 1.0 / (kt + step) - 1.0 / (kt - step);
                let clapeyron = -(at_constant_n(kt + step) - at_constant_n(kt - step)) / beta_step;
                close(state.isosteric_heat(&[kt], 1e9)[0], clapeyron, 1e-5);
                let total = |kt: f64, a: &[f64; 5]| a[1] + 1.5 * kt * (a[0] + 3.0);
                let expected = boltzmann * (total(kt + step, &up) - total(kt - step, &down)) / (2.0 * step);
                close(state.total_energy_slope(&c, n + 3.0), expected, 1e-6);
            }
        }
    }

    #[test]
    fn a_species_that_does_not_vary_explains_nothing() {
        let cov_energy_n = [-2.0, 0.0];
        let state =
            |cov_n| Fluctuations { kt: 0.5, boltzmann: 1.0, var_energy: 9.0, cov_energy_n: &cov_energy_n, cov_n };
        let expected = 1.5 * 7.0 + (9.0 - 4.0 / 1.6) / 0.25;
        close(state(&[1.6, 0.0, 0.0, 0.0]).c_vn(7.0), expected, 1e-12);
        close(state(&[1.6, 0.0, 0.0, 1e-30]).c_vn(7.0), expected, 1e-12);
        close(state(&[0.0; 4]).c_vn(0.0), 36.0, 1e-12);
        // Two species: C⁻¹Cov by hand.
        let heat = state(&[2.0, 1.0, 1.0, 3.0]).isosteric_heat(&[0.0, 0.5], 100.0);
        close(heat[0], 1.2, 1e-12);
        close(heat[1], 0.1, 1e-12);
        let heat = state(&[1.6, 0.0, 0.0, 0.0]).isosteric_heat(&[0.5, 0.5], 7.0);
        close(heat[0], 0.5 + 2.0 / 1.6, 1e-12);
        assert!(heat[1].is_nan());
        assert!(state(&[1.6, 0.0, 0.0, 0.0]).isosteric_heat(&[0.5, 0.5], 6.0)[0].is_nan());
    }
}
