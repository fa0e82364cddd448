//! MBAR over (E, N⃗): states that share a temperature share their exponentials.
//!
//! D_n = Σ_T e^{−β_T E_n} G_T[N⃗_n],  G_T[N⃗] = Σ_{k at T} N_k e^{f_k} Π_s z_{s,k}^{N_s}.
//! Samples are sorted by their composition N⃗, so G is constant over a run of samples, and all sums over samples
//! become tables over compositions: P_T[N⃗] = Σ_n p_nT and C_TT'[N⃗] = Σ_n p_nT p_nT' with
//! p_nT = e^{−β_T E_n} G_T[N⃗_n]/D_n. A K × N matrix never exists.
//!
//! Where the grid falls into parts ([`Parts`]), a composition is one of a part: samples of another have no weight in a state
//! or at a point of this one, the equations of the parts are independent of each other, and each has its own zero of f.

use super::parts::Parts;
use super::solver::{self, Root};
use super::tables::Tables;
use super::{CHUNK, Tolerance, log_sum_exp};
use crate::base::fault_injection::{Fault, planted};
use crate::base::{AnalysisError, Result};
use crate::thermo::Window;
use crate::thermo::states::StatePoint;
use rayon::prelude::*;
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

/// Samples sorted by composition, and the states they came from.
#[derive(Debug, Clone)]
pub struct Collapsed {
    /// `[n_temperatures]`, the distinct β of the states [1/energy]
    pub(crate) betas: Vec<f64>,
    /// `[n_states]`, index into `betas`
    pub(super) temperature_of: Vec<usize>,
    /// `[n_states][n_reservoirs]`
    ln_z: Vec<Vec<f64>>,
    /// `[n_states]`, weights η(N) of those that have any
    windows: Vec<Option<Window>>,
    /// The parts of the grid.
    pub(crate) parts: Arc<Parts>,
    /// `[n_compositions]`, the part of each, ascending
    pub(crate) part_of: Vec<u32>,
    /// `[n_compositions][n_reservoirs]`, the distinct N⃗ of each part, ascending
    pub(crate) compositions: Vec<Vec<u16>>,
    /// `[n_compositions + 1]`, where the samples of each composition begin
    pub(crate) first: Vec<usize>,
    /// `[n_samples]`, sorted by composition [energy]
    pub(crate) energy: Vec<f64>,
    /// `[n_samples]`, place of each sorted sample in the caller's order
    pub(crate) origin: Vec<u32>,
    /// Chunks of samples, each of one composition.
    pub(super) chunks: Vec<(usize, Range<usize>)>,
}

/// The free energies, and what weights need.
#[derive(Debug, Clone)]
pub struct CollapsedSolution {
    /// `[n_states]`, f_k = −ln Ξ_k up to a constant of each part, states without samples included; 0 in the first state of
    /// a part, NaN in a state of none
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
        Collapsed::in_parts(states, Arc::new(Parts::one(states.len())), |_| 0, energy, counts)
    }

    /// Sorts the samples of a grid that falls into parts.
    ///
    /// - `part_of_sample`: the part of the state of each
    pub(crate) fn in_parts(
        states: &[StatePoint],
        parts: Arc<Parts>,
        part_of_sample: impl Fn(usize) -> u32,
        energy: &[f64],
        counts: &[Vec<u16>],
    ) -> Result<Collapsed> {
        if let Some(sample) = energy.iter().position(|e| !e.is_finite()) {
            return Err(AnalysisError::EnergyNotFinite { sample, energy: energy[sample] }.into());
        }
        let n_reservoirs = counts.len();
        let composition_of = |n: usize| -> Vec<u16> { counts.iter().map(|column| column[n]).collect() };
        let mut members: BTreeMap<(u32, Vec<u16>), Vec<u32>> = BTreeMap::new();
        for n in 0..energy.len() {
            members.entry((part_of_sample(n), composition_of(n))).or_default().push(n as u32);
        }
        let mut compositions = Vec::with_capacity(members.len());
        let mut part_of = Vec::with_capacity(members.len());
        let mut first = vec![0];
        let mut origin = Vec::with_capacity(energy.len());
        for ((part, composition), places) in members {
            debug_assert_eq!(composition.len(), n_reservoirs);
            part_of.push(part);
            compositions.push(composition);
            origin.extend(places);
            first.push(origin.len());
        }
        let sorted = origin.iter().map(|&n| energy[n as usize]).collect();
        Self::from_sorted(states, parts, (part_of, compositions), first, sorted, origin)
    }

    /// From samples already sorted by composition; see the fields.
    pub(crate) fn from_sorted(
        states: &[StatePoint],
        parts: Arc<Parts>,
        (part_of, compositions): (Vec<u32>, Vec<Vec<u16>>),
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
        Ok(Collapsed {
            betas,
            temperature_of,
            ln_z,
            windows,
            parts,
            part_of,
            compositions,
            first,
            energy,
            origin,
            chunks,
        })
    }

    /// Number of samples.
    pub fn n_samples(&self) -> usize {
        self.energy.len()
    }

    /// Number of states.
    pub fn n_states(&self) -> usize {
        self.ln_z.len()
    }

    /// The distinct N⃗ among the samples of each part, ascending: `[n_compositions][n_reservoirs]`.
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

    /// Σ_s N_s ln z_s of every composition at a point: −∞ for those of another part.
    pub(crate) fn chemical_at(&self, beta: f64, ln_z: &[f64]) -> Vec<f64> {
        let part = self.parts.at(beta, ln_z);
        let of = |c: usize| if Some(self.part_of[c]) == part { self.chemical(c, ln_z) } else { f64::NEG_INFINITY };
        (0..self.compositions.len()).map(of).collect()
    }

    /// The composition without any atom in the part of a point; `None` if that was never sampled.
    pub(crate) fn empty_at(&self, beta: f64, ln_z: &[f64]) -> Option<usize> {
        let part = self.parts.at(beta, ln_z)?;
        let first = self.part_of.partition_point(|&p| p < part);
        let composition = self.compositions.get(first).filter(|_| self.part_of[first] == part)?;
        (!composition.is_empty() && composition.iter().all(|&n| n == 0)).then_some(first)
    }

    /// Σ_s N_s ln z_s + η(N) of a composition in a state: βE − u; −∞ outside its window and in another part.
    pub(super) fn chemical_in(&self, composition: usize, state: usize) -> f64 {
        if self.parts.of_state[state] != Some(self.part_of[composition]) {
            return f64::NEG_INFINITY;
        }
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
        Tables::new(self, weights, n_k)
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
            let missing: Vec<usize> = missing.into_iter().filter(|&k| self.parts.of_state[k].is_some()).collect();
            if missing.is_empty() {
                continue;
            }
            let ln_b = self.ln_bins(self.betas[t], weights, ln_d);
            for k in missing {
                f_k[k] = -log_sum_exp((0..ln_b.len()).map(|c| ln_b[c] + self.chemical_in(c, k)));
            }
        }
        // Of each part relative to its first state.
        let mut first = vec![f64::NAN; self.parts.number as usize];
        for (f, part) in f_k.iter_mut().zip(&self.parts.of_state) {
            let Some(part) = part else { continue };
            let first = &mut first[*part as usize];
            if first.is_nan() {
                *first = *f;
            }
            *f -= *first;
        }
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
        for (c, chemical) in self.chemical_at(beta, ln_z).into_iter().enumerate() {
            ln_w.extend((self.first[c]..self.first[c + 1]).map(|n| chemical - beta * self.energy[n] - ln_d[n]));
        }
        ln_w
    }
}
