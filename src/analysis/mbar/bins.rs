//! The samples of all states seen at one temperature, as bins over N⃗: every μ of that temperature is a sum over bins.

use super::Collapsed;
use super::vector::{Members, dot};
use pulp::Arch;

/// Bins over composition at one temperature. All vectors are `[n_compositions]`.
#[derive(Debug, Clone)]
pub struct Bins {
    /// β [1/energy]
    pub beta: f64,
    /// ln Σ_n w_n e^{−βE_n}/D_n; −∞ for a composition without weight
    pub ln_b: Vec<f64>,
    /// Mean energy of the composition at this temperature \[energy\]
    pub mean_energy: Vec<f64>,
    /// Variance of the energy of the composition at this temperature \[energy²\]
    pub var_energy: Vec<f64>,
    /// Σ W² g/(Σ W)² with W = w e^{−βE}/D: one over the effective samples of the composition
    pub inverse_n_eff: Vec<f64>,
}

/// Moments at one point (T, μ⃗).
#[derive(Debug, Clone)]
pub struct Moments {
    /// ln Σ_N⃗ z^N⃗ B[N⃗]
    pub ln_sum: f64,
    /// `[n_reservoirs]`, ⟨N_s⟩
    pub n: Vec<f64>,
    /// ⟨E⟩ \[energy\]
    pub energy: f64,
    /// Var E \[energy²\]
    pub var_energy: f64,
    /// `[n_reservoirs]`, Cov(E, N_s) \[energy\]
    pub cov_energy_n: Vec<f64>,
    /// `[n_reservoirs * n_reservoirs]`, Cov(N_s, N_t)
    pub cov_n: Vec<f64>,
    /// (ΣW)²/ΣW²g
    pub n_eff: f64,
}

/// Compositions with less than e^−this of the largest weight are left out of sums.
const NEGLIGIBLE: f64 = 46.0;

impl Bins {
    /// Bins of the samples at `beta`.
    ///
    /// - `weights`: `[n_samples]`, sorted by composition: multiplicities; `None` for one each
    /// - `inefficiency`: `[n_samples]`, sorted by composition: g of each sample's series; `None` for 1
    /// - `ln_d`: `[n_samples]`, from the solution
    pub fn new(
        samples: &Collapsed,
        weights: Option<&[f64]>,
        inefficiency: Option<&[f64]>,
        ln_d: &[f64],
        beta: f64,
    ) -> Bins {
        Bins::with_columns(samples, weights, inefficiency, ln_d, beta, &[]).0
    }

    /// The same, with the mean of every column within each composition: `[n_columns][n_compositions]`.
    ///
    /// - `columns`: `[n_columns][n_samples]`, sorted by composition
    pub fn with_columns(
        samples: &Collapsed,
        weights: Option<&[f64]>,
        inefficiency: Option<&[f64]>,
        ln_d: &[f64],
        beta: f64,
        columns: &[Vec<f32>],
    ) -> (Bins, Vec<Vec<f64>>) {
        let n_c = samples.compositions.len();
        let mut means = vec![vec![0.0; n_c]; columns.len()];
        let mut shares = Vec::new();
        let arch = Arch::new();
        let mut bins = Bins {
            beta,
            ln_b: vec![f64::NEG_INFINITY; n_c],
            mean_energy: vec![0.0; n_c],
            var_energy: vec![0.0; n_c],
            inverse_n_eff: vec![f64::INFINITY; n_c],
        };
        for c in 0..n_c {
            let range = samples.first[c]..samples.first[c + 1];
            // About the energy of the first sample, so that a variance of zero comes out as zero.
            let origin = samples.energy[range.start];
            let members = Members {
                beta,
                energy: &samples.energy[range.clone()],
                ln_d: &ln_d[range.clone()],
                weights: weights.map(|w| &w[range.clone()]),
                inefficiency: inefficiency.map(|g| &g[range.clone()]),
                origin,
            };
            let sums = members.sum(arch, &mut shares);
            if sums.max == f64::NEG_INFINITY {
                continue;
            }
            let mean = sums.energy / sums.weight;
            bins.ln_b[c] = sums.max + sums.weight.ln();
            bins.mean_energy[c] = origin + mean;
            bins.var_energy[c] = (sums.square / sums.weight - mean * mean).max(0.0);
            bins.inverse_n_eff[c] = sums.spread / (sums.weight * sums.weight);
            for (means, column) in means.iter_mut().zip(columns) {
                means[c] = dot(arch, &shares, &column[range.clone()]) / sums.weight;
            }
        }
        (bins, means)
    }

    /// ln of the unnormalised probability of every composition at `ln_z`: ln(z^N⃗ B[N⃗]), −∞ outside the part of the point.
    pub fn ln_p(&self, samples: &Collapsed, ln_z: &[f64]) -> Vec<f64> {
        self.ln_b.iter().zip(samples.chemical_at(self.beta, ln_z)).map(|(b, chemical)| b + chemical).collect()
    }

    /// Probability of every composition at `ln_z`; sums to 1. All zero if the bins are empty, or between parts.
    pub fn probabilities(&self, samples: &Collapsed, ln_z: &[f64]) -> (f64, Vec<f64>) {
        normalised(self.ln_p(samples, ln_z))
    }

    /// Averages at `ln_z`.
    pub fn moments(&self, samples: &Collapsed, ln_z: &[f64]) -> Moments {
        let (ln_sum, p) = self.probabilities(samples, ln_z);
        self.moments_of(samples, ln_sum, &p)
    }

    /// Averages with the probabilities of [`Self::probabilities`] at hand.
    pub fn moments_of(&self, samples: &Collapsed, ln_sum: f64, p: &[f64]) -> Moments {
        let n_s = samples.compositions.first().map_or(0, Vec::len);
        let mut n = vec![0.0; n_s];
        let mut energy = 0.0;
        let mut inverse_n_eff = 0.0;
        let occupied = || p.iter().enumerate().filter(|&(_, &p)| p > 0.0);
        for (c, &p) in occupied() {
            energy += p * self.mean_energy[c];
            inverse_n_eff += p * p * self.inverse_n_eff[c];
            for (n, &count) in n.iter_mut().zip(&samples.compositions[c]) {
                *n += p * f64::from(count);
            }
        }
        let mut var_energy = 0.0;
        let mut cov_energy_n = vec![0.0; n_s];
        let mut cov_n = vec![0.0; n_s * n_s];
        for (c, &p) in occupied() {
            let de = self.mean_energy[c] - energy;
            var_energy += p * (self.var_energy[c] + de * de);
            let counts = &samples.compositions[c];
            for s in 0..n_s {
                let dn = f64::from(counts[s]) - n[s];
                cov_energy_n[s] += p * de * dn;
                for t in 0..n_s {
                    cov_n[s * n_s + t] += p * dn * (f64::from(counts[t]) - n[t]);
                }
            }
        }
        Moments { ln_sum, n, energy, var_energy, cov_energy_n, cov_n, n_eff: 1.0 / inverse_n_eff }
    }

    /// ⟨N_s⟩, `[n_reservoirs]`, and ⟨E⟩ \[energy\] with the probabilities of [`Self::probabilities`] at hand.
    pub fn means(&self, samples: &Collapsed, p: &[f64]) -> (Vec<f64>, f64) {
        let mut n = vec![0.0; samples.compositions.first().map_or(0, Vec::len)];
        let mut energy = 0.0;
        for (c, &p) in p.iter().enumerate().filter(|&(_, &p)| p > 0.0) {
            energy += p * self.mean_energy[c];
            for (n, &count) in n.iter_mut().zip(&samples.compositions[c]) {
                *n += p * f64::from(count);
            }
        }
        (n, energy)
    }

    /// ln Ξ anchored to the empty composition, −ln P(0⃗); `None` if that was never sampled.
    ///
    /// Absolute for a frozen slab, where the empty system has E = 0; else relative to the bare mobile slab at this T.
    pub fn ln_xi(&self, samples: &Collapsed, ln_z: &[f64], ln_sum: f64) -> Option<f64> {
        let empty = samples.empty_at(self.beta, ln_z)?;
        self.ln_b[empty].is_finite().then(|| ln_sum - self.ln_b[empty])
    }
}

/// ln Σ e^x and e^x/Σ e^x, leaving out what is negligible.
pub(crate) fn normalised(ln_p: Vec<f64>) -> (f64, Vec<f64>) {
    let max = ln_p.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if max == f64::NEG_INFINITY {
        return (max, vec![0.0; ln_p.len()]);
    }
    let mut p = ln_p;
    let mut sum = 0.0;
    for x in &mut p {
        let d = *x - max;
        *x = if d < -NEGLIGIBLE { 0.0 } else { d.exp() };
        sum += *x;
    }
    p.iter_mut().for_each(|x| *x /= sum);
    (max + sum.ln(), p)
}

/// Probability of each N_s of one species: `[n_max + 1]`.
pub(crate) fn marginal(samples: &Collapsed, p: &[f64], species: usize, n_max: usize) -> Vec<f64> {
    let mut marginal = vec![0.0; n_max + 1];
    for (composition, p) in samples.compositions.iter().zip(p) {
        let n = usize::from(composition[species]);
        if n < marginal.len() {
            marginal[n] += p;
        }
    }
    marginal
}
