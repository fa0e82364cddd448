//! MBAR over (E, N⃗): states that share a temperature share their exponentials.
//!
//! D_n = Σ_T e^{−β_T E_n} G_T[N⃗_n],  G_T[N⃗] = Σ_{k at T} N_k e^{f_k} Π_s z_{s,k}^{N_s}.
//! Samples are sorted by their composition N⃗, so G is constant over a run of samples, and all sums over samples
//! become tables over compositions: P_T[N⃗] = Σ_n p_nT and C_TT'[N⃗] = Σ_n p_nT p_nT' with
//! p_nT = e^{−β_T E_n} G_T[N⃗_n]/D_n. A K × N matrix never exists.

use super::covariance::add_gram;
use super::log_sum_exp;
use super::solver::{self, Equations, Root};
use super::vector::Block;
use super::{CHUNK, Tolerance};
use crate::base::fault_injection::{Fault, planted};
use crate::base::{AnalysisError, Result};
use crate::thermo::Window;
use crate::thermo::states::StatePoint;
use faer::linalg::matmul::matmul;
use faer::{Accum, Mat, MatRef, Par};
use pulp::Arch;
use rayon::prelude::*;
use std::collections::BTreeMap;
use std::ops::Range;

/// Samples sorted by composition, and the states they came from.
#[derive(Debug, Clone)]
pub struct Collapsed {
    /// `[n_temperatures]`, the distinct β of the states [1/energy]
    pub(crate) betas: Vec<f64>,
    /// `[n_states]`, index into `betas`
    temperature_of: Vec<usize>,
    /// `[n_states][n_reservoirs]`
    ln_z: Vec<Vec<f64>>,
    /// `[n_states]`, weights η(N) of those that have any
    windows: Vec<Option<Window>>,
    /// `[n_compositions][n_reservoirs]`, the distinct N⃗, ascending
    pub(crate) compositions: Vec<Vec<u16>>,
    /// `[n_compositions + 1]`, where the samples of each composition begin
    pub(crate) first: Vec<usize>,
    /// `[n_samples]`, sorted by composition [energy]
    pub(crate) energy: Vec<f64>,
    /// `[n_samples]`, place of each sorted sample in the caller's order
    pub(crate) origin: Vec<u32>,
    /// Chunks of samples, each of one composition.
    chunks: Vec<(usize, Range<usize>)>,
}

/// The free energies, and what weights need.
#[derive(Debug, Clone)]
pub struct CollapsedSolution {
    /// `[n_states]`, f_k = −ln Ξ_k up to a constant, states without samples included; f_0 = 0
    pub f_k: Vec<f64>,
    /// `[n_samples]`, sorted by composition: ln D_n
    pub ln_d: Vec<f64>,
    /// max|Δf| of a self-consistent step from the solution
    pub residual: f64,
    /// Iterations used
    pub iterations: usize,
}

impl Collapsed {
    /// Sorts the samples.
    ///
    /// - `states`: `[n_states]`
    /// - `energy`: `[n_samples]` \[energy\]
    /// - `counts`: `[n_reservoirs][n_samples]`
    ///
    /// # Errors
    /// [`AnalysisError`] if there is no state, or an energy is not finite.
    pub fn new(states: &[StatePoint], energy: &[f64], counts: &[Vec<u16>]) -> Result<Collapsed> {
        if let Some(sample) = energy.iter().position(|e| !e.is_finite()) {
            return Err(AnalysisError::EnergyNotFinite { sample, energy: energy[sample] }.into());
        }
        let n_reservoirs = counts.len();
        let composition_of = |n: usize| -> Vec<u16> { counts.iter().map(|column| column[n]).collect() };
        let mut members: BTreeMap<Vec<u16>, Vec<u32>> = BTreeMap::new();
        for n in 0..energy.len() {
            members.entry(composition_of(n)).or_default().push(n as u32);
        }
        let mut compositions = Vec::with_capacity(members.len());
        let mut first = vec![0];
        let mut origin = Vec::with_capacity(energy.len());
        for (composition, places) in members {
            debug_assert_eq!(composition.len(), n_reservoirs);
            compositions.push(composition);
            origin.extend(places);
            first.push(origin.len());
        }
        let sorted = origin.iter().map(|&n| energy[n as usize]).collect();
        Self::from_sorted(states, compositions, first, sorted, origin)
    }

    /// From samples already sorted by composition; see the fields.
    pub(crate) fn from_sorted(
        states: &[StatePoint],
        compositions: Vec<Vec<u16>>,
        first: Vec<usize>,
        energy: Vec<f64>,
        origin: Vec<u32>,
    ) -> Result<Collapsed> {
        if states.is_empty() {
            return Err(AnalysisError::NoStates.into());
        }
        let mut betas: Vec<f64> = Vec::new();
        let temperature_of = states
            .iter()
            .map(|s| {
                betas.iter().position(|b| b.to_bits() == s.beta().to_bits()).unwrap_or_else(|| {
                    betas.push(s.beta());
                    betas.len() - 1
                })
            })
            .collect();
        let mut chunks = Vec::new();
        for c in 0..compositions.len() {
            for start in (first[c]..first[c + 1]).step_by(CHUNK) {
                chunks.push((c, start..(start + CHUNK).min(first[c + 1])));
            }
        }
        let ln_z = states.iter().map(|s| s.ln_z.clone()).collect();
        let windows = states.iter().map(|s| s.window.clone()).collect();
        Ok(Collapsed { betas, temperature_of, ln_z, windows, compositions, first, energy, origin, chunks })
    }

    /// Number of samples.
    pub fn n_samples(&self) -> usize {
        self.energy.len()
    }

    /// Number of states.
    pub fn n_states(&self) -> usize {
        self.ln_z.len()
    }

    /// The distinct N⃗ among the samples, ascending: `[n_compositions][n_reservoirs]`.
    pub fn compositions(&self) -> &[Vec<u16>] {
        &self.compositions
    }

    /// For each sorted sample its place in the caller's order: `[n_samples]`.
    pub fn origin(&self) -> &[u32] {
        &self.origin
    }

    /// Σ_s N_s ln z_s of a composition.
    pub(crate) fn chemical(&self, composition: usize, ln_z: &[f64]) -> f64 {
        self.compositions[composition].iter().zip(ln_z).map(|(&n, l)| f64::from(n) * l).sum()
    }

    /// Σ_s N_s ln z_s + η(N) of a composition in a state: βE − u; −∞ outside its window.
    fn chemical_in(&self, composition: usize, state: usize) -> f64 {
        self.chemical(composition, &self.ln_z[state]) + self.eta(composition, state)
    }

    /// η(N) of a composition in a state.
    fn eta(&self, composition: usize, state: usize) -> f64 {
        match &self.windows[state] {
            Some(window) => {
                let eta = window.eta(self.compositions[composition][window.reservoir]);
                // The bounds hold.
                if planted(Fault::MbarWithoutWeights) && eta.is_finite() { 0.0 } else { eta }
            }
            None => 0.0,
        }
    }

    /// A start for f from thermodynamic integration by the trapezoid rule between states:
    /// f_b − f_a ≈ Δβ (Ē_a + Ē_b)/2 − Δln z⃗ · (N⃗_a + N⃗_b)/2, along a tree of near states. Samples of a window count with
    /// e^{−η}, as if it had no weights; that it has them adds ln ⟨e^{−η}⟩ in the end.
    ///
    /// - `n_k`: `[n_states]`, samples of each state
    /// - `state_of`: `[n_samples]`, sorted by composition
    /// - returns: `[n_states]`; 0 for states without samples
    pub fn guess(&self, state_of: &[u32], n_k: &[f64]) -> Vec<f64> {
        let n_states = self.n_states();
        let n_reservoirs = self.ln_z[0].len();
        let lowest = |w: &Window| w.weights().iter().copied().fold(f64::INFINITY, f64::min);
        let lowest: Vec<Option<f64>> = self.windows.iter().map(|w| w.as_ref().map(lowest)).collect();
        let mut mean = vec![vec![0.0; n_reservoirs + 1]; n_states];
        let mut norm = n_k.to_vec();
        lowest.iter().zip(&mut norm).filter(|(lowest, _)| lowest.is_some()).for_each(|(_, norm)| *norm = 0.0);
        for c in 0..self.compositions.len() {
            for n in self.first[c]..self.first[c + 1] {
                let k = state_of[n] as usize;
                let weight = lowest[k].map_or(1.0, |lowest| (lowest - self.eta(c, k)).exp());
                if lowest[k].is_some() {
                    norm[k] += weight;
                }
                let sums = &mut mean[k];
                sums[0] += weight * self.energy[n];
                for (sum, &count) in sums[1..].iter_mut().zip(&self.compositions[c]) {
                    *sum -= weight * f64::from(count);
                }
            }
        }
        let sampled: Vec<usize> = (0..n_states).filter(|&k| n_k[k] > 0.0).collect();
        for &k in &sampled {
            mean[k].iter_mut().for_each(|m| *m /= norm[k]);
        }
        // Coordinates conjugate to (E, −N⃗).
        let fields = |k: usize| {
            std::iter::once(self.betas[self.temperature_of[k]]).chain(self.ln_z[k].iter().copied()).collect::<Vec<_>>()
        };
        let fields: Vec<Vec<f64>> = (0..n_states).map(fields).collect();
        let span: Vec<f64> = (0..=n_reservoirs)
            .map(|d| {
                let (lo, hi) = sampled.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(lo, hi), &k| {
                    (lo.min(fields[k][d]), hi.max(fields[k][d]))
                });
                (hi - lo).max(1e-12)
            })
            .collect();
        let mut f = vec![0.0; n_states];
        for (i, &b) in sampled.iter().enumerate().skip(1) {
            let distance = |&a: &usize| -> f64 {
                (0..=n_reservoirs).map(|d| ((fields[a][d] - fields[b][d]) / span[d]).powi(2)).sum()
            };
            let Some(&a) = sampled[..i].iter().min_by(|x, y| distance(x).total_cmp(&distance(y))) else { continue };
            let work: f64 =
                (0..=n_reservoirs).map(|d| (fields[b][d] - fields[a][d]) * 0.5 * (mean[a][d] + mean[b][d])).sum();
            f[b] = f[a] + work;
        }
        for (k, lowest) in lowest.iter().enumerate().filter(|&(k, _)| n_k[k] > 0.0) {
            f[k] += lowest.map_or(0.0, |lowest| (norm[k] / n_k[k]).ln() - lowest);
        }
        f
    }

    /// Solves the MBAR equations.
    ///
    /// - `weights`: `[n_samples]`, sorted by composition: multiplicities of a bootstrap; `None` for one each
    /// - `n_k`: `[n_states]`, Σ of the weights of the samples of each state; may be zero
    /// - `start`: `[n_states]`, f to begin with: [`Self::guess`], or a known solution with `warm`
    /// - `warm`: skip the self-consistent iterations at the start
    ///
    /// # Errors
    /// [`AnalysisError`] if there are no samples or the equations do not converge.
    pub fn solve(
        &self,
        weights: Option<&[f64]>,
        n_k: &[f64],
        start: &[f64],
        warm: bool,
        tolerance: Tolerance,
    ) -> Result<CollapsedSolution> {
        let equations = self.equations(weights, n_k);
        if equations.sampled.is_empty() {
            return Err(AnalysisError::NoSamples.into());
        }
        let start: Vec<f64> = equations.sampled.iter().map(|&k| start[k]).collect();
        let Root { f, residual, iterations } = solver::solve(&equations, &start, warm, tolerance)?;
        let ln_d = equations.ln_denominators(&f);
        let f_k = self.all_free_energies(&equations, &f, weights, &ln_d);
        Ok(CollapsedSolution { f_k, ln_d, residual, iterations })
    }

    /// The equations over the states that have samples; `weights` and `n_k` as for [`Self::solve`].
    pub(super) fn equations<'a>(&'a self, weights: Option<&'a [f64]>, n_k: &[f64]) -> Tables<'a> {
        let sampled: Vec<usize> = (0..self.n_states()).filter(|&k| n_k[k] > 0.0).collect();
        let mut temperatures: Vec<usize> = sampled.iter().map(|&k| self.temperature_of[k]).collect();
        temperatures.sort_unstable();
        temperatures.dedup();
        Tables {
            samples: self,
            weights,
            n_k: sampled.iter().map(|&k| n_k[k]).collect(),
            place_of: sampled
                .iter()
                .map(|&k| temperatures.iter().position(|&t| t == self.temperature_of[k]).unwrap_or_default())
                .collect(),
            betas: temperatures.iter().map(|&t| self.betas[t]).collect(),
            sampled,
            arch: Arch::new(),
        }
    }

    /// f_k of every state: the solution where there are samples, else by reweighting.
    fn all_free_energies(&self, equations: &Tables<'_>, f: &[f64], weights: Option<&[f64]>, ln_d: &[f64]) -> Vec<f64> {
        let mut f_k = vec![f64::NAN; self.n_states()];
        for (&k, &f) in equations.sampled.iter().zip(f) {
            f_k[k] = f;
        }
        for t in 0..self.betas.len() {
            let missing: Vec<usize> =
                (0..self.n_states()).filter(|&k| self.temperature_of[k] == t && f_k[k].is_nan()).collect();
            if missing.is_empty() {
                continue;
            }
            let ln_b = self.ln_bins(self.betas[t], weights, ln_d);
            for k in missing {
                f_k[k] = -log_sum_exp((0..ln_b.len()).map(|c| ln_b[c] + self.chemical_in(c, k)));
            }
        }
        let first = f_k[0];
        f_k.iter_mut().for_each(|f| *f -= first);
        f_k
    }

    /// ln Σ_{n of c} w_n e^{−β E_n}/D_n for every composition c.
    fn ln_bins(&self, beta: f64, weights: Option<&[f64]>, ln_d: &[f64]) -> Vec<f64> {
        (0..self.compositions.len())
            .into_par_iter()
            .map(|c| {
                log_sum_exp((self.first[c]..self.first[c + 1]).map(|n| {
                    let ln_w = weights.map_or(0.0, |w| w[n].ln());
                    ln_w - beta * self.energy[n] - ln_d[n]
                }))
            })
            .collect()
    }

    /// ln of the unnormalised MBAR weight of every sample at (β, ln z⃗): −u(x_n) − ln D_n, sorted by composition.
    pub fn ln_weights(&self, ln_d: &[f64], beta: f64, ln_z: &[f64]) -> Vec<f64> {
        let mut ln_w = Vec::with_capacity(self.n_samples());
        for c in 0..self.compositions.len() {
            let chemical = self.chemical(c, ln_z);
            ln_w.extend((self.first[c]..self.first[c + 1]).map(|n| chemical - beta * self.energy[n] - ln_d[n]));
        }
        ln_w
    }
}

/// The equations as tables over temperatures and compositions.
pub(super) struct Tables<'a> {
    samples: &'a Collapsed,
    weights: Option<&'a [f64]>,
    /// States with samples.
    sampled: Vec<usize>,
    /// `[n_sampled]`
    n_k: Vec<f64>,
    /// `[n_sampled]`, index into `betas`
    place_of: Vec<usize>,
    /// β of the temperatures with samples
    betas: Vec<f64>,
    arch: Arch,
}

impl Tables<'_> {
    /// ln(N_k e^{f_k} z_k^N⃗) of every sampled state: `[n_compositions][n_sampled]`, and ln G: `[n_compositions][n_temperatures]`.
    fn ln_g(&self, f: &[f64]) -> (Vec<Vec<f64>>, Vec<Vec<f64>>) {
        (0..self.samples.compositions.len())
            .into_par_iter()
            .map(|c| {
                let terms: Vec<f64> = self
                    .sampled
                    .iter()
                    .enumerate()
                    .map(|(i, &k)| self.n_k[i].ln() + f[i] + self.samples.chemical_in(c, k))
                    .collect();
                let n_t = self.betas.len();
                let mut max = vec![f64::NEG_INFINITY; n_t];
                for (&t, &x) in self.place_of.iter().zip(&terms) {
                    max[t] = max[t].max(x);
                }
                let mut sum = vec![0.0; n_t];
                // Where a temperature has nothing but windows, and N lies outside them all, G is 0.
                for (&t, &x) in self.place_of.iter().zip(&terms).filter(|(_, x)| **x > f64::NEG_INFINITY) {
                    sum[t] += (x - max[t]).exp();
                }
                let ln_g = max.iter().zip(&sum).map(|(m, s)| m + s.ln()).collect::<Vec<_>>();
                (terms, ln_g)
            })
            .unzip()
    }

    /// p_nT = e^{−β_T E_n} G_T/D_n of samples of one composition; adds Σ_n w_n p_nT to `single`.
    fn temperature_shares(&self, ln_g: &[f64], range: Range<usize>, block: &mut Block, single: &mut [f64]) {
        let energy = &self.samples.energy[range.clone()];
        block.resize(self.betas.len(), energy.len());
        for ((beta, ln_g), row) in self.betas.iter().zip(ln_g).zip(block.p.chunks_exact_mut(energy.len())) {
            row.iter_mut().zip(energy).for_each(|(x, e)| *x = ln_g - beta * e);
        }
        block.share(self.arch, self.weights.map(|w| &w[range]), single);
    }

    fn ln_denominators(&self, f: &[f64]) -> Vec<f64> {
        let (_, ln_g) = self.ln_g(f);
        let mut ln_d = vec![0.0; self.samples.n_samples()];
        let mut pieces = Vec::with_capacity(self.samples.chunks.len());
        let mut rest = ln_d.as_mut_slice();
        for (c, range) in &self.samples.chunks {
            let (piece, after) = rest.split_at_mut(range.len());
            pieces.push((*c, range.clone(), piece));
            rest = after;
        }
        pieces.into_par_iter().for_each(|(c, range, piece)| {
            let mut block = Block::default();
            let mut single = vec![0.0; self.betas.len()];
            let start = range.start;
            for (a, b) in blocks(&range) {
                self.temperature_shares(&ln_g[c], a..b, &mut block, &mut single);
                for (out, ln_d) in piece[a - start..b - start].iter_mut().zip(block.ln_sums()) {
                    *out = ln_d;
                }
            }
        });
        ln_d
    }

    /// P_T[c], `[n_compositions][n_temperatures]`, and if asked the lower half of C_TT'[c], `[n_compositions]`.
    fn tables(&self, ln_g: &[Vec<f64>], pairs: bool) -> (Vec<Vec<f64>>, Vec<Mat<f64>>) {
        let n_t = self.betas.len();
        let size = if pairs { n_t } else { 0 };
        let partial: Vec<(Vec<f64>, Mat<f64>)> = self
            .samples
            .chunks
            .par_iter()
            .map(|(c, range)| {
                let mut single = vec![0.0; n_t];
                let mut double = Mat::zeros(size, size);
                let mut block = Block::default();
                for (a, b) in blocks(range) {
                    self.temperature_shares(&ln_g[*c], a..b, &mut block, &mut single);
                    if pairs {
                        if let Some(weights) = self.weights {
                            block.scale(&weights[a..b]);
                        }
                        add_gram(&mut double, MatRef::from_column_major_slice(&block.p, b - a, n_t));
                    }
                }
                (single, double)
            })
            .collect();
        let n_c = self.samples.compositions.len();
        let mut single = vec![vec![0.0; n_t]; n_c];
        let mut double = vec![Mat::zeros(size, size); n_c];
        for ((c, _), (s, d)) in self.samples.chunks.iter().zip(partial) {
            single[*c].iter_mut().zip(&s).for_each(|(sum, x)| *sum += x);
            double[*c] += d;
        }
        (single, double)
    }

    /// r_kc = N_k e^{f_k} z_k^N⃗ / G_T[N⃗]: which state of its temperature a sample belongs to.
    fn shares(&self, terms: &[Vec<f64>], ln_g: &[Vec<f64>]) -> Vec<Vec<f64>> {
        let share = |x: f64, ln_g: f64| if x > f64::NEG_INFINITY { (x - ln_g).exp() } else { 0.0 };
        terms
            .par_iter()
            .zip(ln_g)
            .map(|(terms, ln_g)| terms.iter().zip(&self.place_of).map(|(&x, &t)| share(x, ln_g[t])).collect())
            .collect()
    }

    fn sum_occupancies(&self, shares: &[Vec<f64>], single: &[Vec<f64>]) -> Vec<f64> {
        let mut q = vec![0.0; self.sampled.len()];
        for (shares, single) in shares.iter().zip(single) {
            for (k, q) in q.iter_mut().enumerate() {
                *q += shares[k] * single[self.place_of[k]];
            }
        }
        q
    }
}

impl Equations for Tables<'_> {
    fn n_k(&self) -> &[f64] {
        &self.n_k
    }

    fn occupancies(&self, f: &[f64]) -> Vec<f64> {
        let (terms, ln_g) = self.ln_g(f);
        let (single, _) = self.tables(&ln_g, false);
        self.sum_occupancies(&self.shares(&terms, &ln_g), &single)
    }

    fn occupancies_and_hessian(&self, f: &[f64]) -> (Vec<f64>, Mat<f64>) {
        let (terms, ln_g) = self.ln_g(f);
        let (single, double) = self.tables(&ln_g, true);
        let shares = self.shares(&terms, &ln_g);
        let q = self.sum_occupancies(&shares, &single);
        let hessian = self.hessian(&q, &shares, &double);
        (q, hessian)
    }
}

impl Tables<'_> {
    /// diag(q)_kl − Σ_c r_kc r_lc C_TT'[c], a block for each pair of temperatures.
    fn hessian(&self, q: &[f64], shares: &[Vec<f64>], double: &[Mat<f64>]) -> Mat<f64> {
        let (n_t, n_c) = (self.betas.len(), shares.len());
        let mut members = vec![Vec::new(); n_t];
        for (k, &t) in self.place_of.iter().enumerate() {
            members[t].push(k);
        }
        let share_of = |t: usize| {
            let members: &[usize] = &members[t];
            Mat::from_fn(n_c, members.len(), |c, i| shares[c][members[i]])
        };
        let share_of: Vec<Mat<f64>> = (0..n_t).map(share_of).collect();
        let blocks: Vec<Vec<Mat<f64>>> = (0..n_t)
            .into_par_iter()
            .map(|t| {
                let block = |other: usize| {
                    let (left, right) = (&share_of[t], &share_of[other]);
                    let scaled = Mat::from_fn(n_c, right.ncols(), |c, i| right[(c, i)] * double[c][(t, other)]);
                    let mut block = Mat::zeros(left.ncols(), right.ncols());
                    matmul(block.as_mut(), Accum::Replace, left.transpose(), &scaled, -1.0, Par::Seq);
                    block
                };
                (0..=t).map(block).collect()
            })
            .collect();
        let mut hessian = Mat::zeros(q.len(), q.len());
        for (t, blocks) in blocks.iter().enumerate() {
            for (other, block) in blocks.iter().enumerate() {
                for (j, &l) in members[other].iter().enumerate() {
                    for (i, &k) in members[t].iter().enumerate() {
                        hessian[(k, l)] = block[(i, j)];
                        hessian[(l, k)] = block[(i, j)];
                    }
                }
            }
        }
        q.iter().enumerate().for_each(|(k, q)| hessian[(k, k)] += q);
        hessian
    }
}

/// Blocks of samples that stay in the cache for every temperature.
fn blocks(range: &Range<usize>) -> impl Iterator<Item = (usize, usize)> + use<> {
    const BLOCK: usize = 256;
    let last = range.end;
    range.clone().step_by(BLOCK).map(move |a| (a, (a + BLOCK).min(last)))
}
