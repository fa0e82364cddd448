//! MBAR from a general matrix u_kn.

use super::covariance::{add_gram, covariance};
use super::log_sum_exp;
use super::solver::{self, Equations, Root};
use super::vector::{Block, exp_of_difference};
use super::{CHUNK, Tolerance};
use crate::base::{AnalysisError, Result};
use nalgebra::DMatrix;
use pulp::Arch;
use rayon::prelude::*;

/// Reduced potentials of every sample in every state.
#[derive(Debug, Clone, Copy)]
pub struct General<'a, 'n> {
    /// `[n_states * n_samples]`, state slowest: u_k(x_n), samples of all states in any order
    pub u_kn: &'a [f64],
    /// `[n_states]`, samples drawn from each state; may be zero
    pub n_k: &'n [u64],
}

/// Free energies and what averages and errors need. The weights W_kn = e^{f_k − u_kn}/D_n are not stored.
#[derive(Debug, Clone)]
pub struct GeneralSolution<'a> {
    /// `[n_states * n_samples]`, the reduced potentials solved for
    pub u_kn: &'a [f64],
    /// `[n_states]`, f_0 = 0
    pub f_k: Vec<f64>,
    /// `[n_samples]`, ln D_n
    pub ln_d: Vec<f64>,
    /// `[n_states]`
    pub n_k: Vec<u64>,
    /// max|Δf| of a self-consistent step from the solution
    pub residual: f64,
    /// Iterations used
    pub iterations: usize,
}

impl<'a> General<'a, '_> {
    /// Number of samples.
    pub fn n_samples(&self) -> usize {
        self.u_kn.len().checked_div(self.n_k.len()).unwrap_or(0)
    }

    /// Solves the MBAR equations from f = 0.
    ///
    /// # Errors
    /// [`AnalysisError`] if the shapes disagree, there are no samples, or the equations do not converge.
    pub fn solve(&self, tolerance: Tolerance) -> Result<GeneralSolution<'a>> {
        let (n_states, n_samples) = (self.n_k.len(), self.n_samples());
        if n_states * n_samples != self.u_kn.len() || self.n_k.iter().sum::<u64>() != n_samples as u64 {
            let (entries, samples) = (self.u_kn.len(), self.n_k.iter().sum());
            return Err(AnalysisError::ShapeOfUkn { entries, samples, states: n_states }.into());
        }
        let sampled: Vec<usize> = (0..n_states).filter(|&k| self.n_k[k] > 0).collect();
        if sampled.is_empty() {
            return Err(AnalysisError::EmptyUkn.into());
        }
        let matrix = Matrix {
            u_kn: self.u_kn,
            n_samples,
            n_k: sampled.iter().map(|&k| self.n_k[k] as f64).collect(),
            sampled,
            arch: Arch::new(),
        };
        let start = vec![0.0; matrix.sampled.len()];
        let Root { f, residual, iterations } = solver::solve(&matrix, &start, false, tolerance)?;
        let ln_d = matrix.ln_denominators(&f);
        let mut f_k: Vec<f64> = (0..n_states)
            .map(|k| match matrix.sampled.iter().position(|&s| s == k) {
                Some(i) => f[i],
                None => -log_sum_exp(self.row(k).iter().zip(&ln_d).map(|(u, d)| -u - d)),
            })
            .collect();
        let first = f_k[0];
        f_k.iter_mut().for_each(|f| *f -= first);
        // ln D moves with the gauge of f.
        let ln_d = ln_d.iter().map(|d| d - first).collect();
        Ok(GeneralSolution { u_kn: self.u_kn, f_k, ln_d, n_k: self.n_k.to_vec(), residual, iterations })
    }

    fn row(&self, k: usize) -> &[f64] {
        let n = self.n_samples();
        &self.u_kn[k * n..(k + 1) * n]
    }
}

/// A free energy or an average with its asymptotic standard error.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimate {
    /// The value.
    pub mean: f64,
    /// Its standard error, for uncorrelated samples.
    pub sigma: f64,
}

impl GeneralSolution<'_> {
    /// Number of samples.
    pub fn n_samples(&self) -> usize {
        self.ln_d.len()
    }

    /// Asymptotic standard errors of f_k − f_0: `[n_states]`.
    ///
    /// # Errors
    /// [`AnalysisError`] if the eigenvalues of the weights cannot be found.
    pub fn f_k_err(&self) -> Result<Vec<f64>> {
        let n_k: Vec<f64> = self.n_k.iter().map(|&n| n as f64).collect();
        let theta = covariance(self.gram(&[]), &n_k)?;
        Ok((0..n_k.len()).map(|k| (theta[(0, 0)] + theta[(k, k)] - 2.0 * theta[(0, k)]).max(0.0).sqrt()).collect())
    }

    /// Overlap matrix O_ij = N_j Σ_n W_ni W_nj: `[n_states * n_states]`, rows sum to 1.
    pub fn overlap(&self) -> Vec<f64> {
        let gram = self.gram(&[]);
        let n_states = self.n_k.len();
        let mut overlap = vec![0.0; n_states * n_states];
        for i in 0..n_states {
            for j in 0..n_states {
                overlap[i * n_states + j] = gram[(i, j)] * self.n_k[j] as f64;
            }
        }
        overlap
    }

    /// ln of the normalised weights at any reduced potential, and f there: −ln Σ_n e^{−u(x_n)}/D_n.
    ///
    /// - `u_n`: `[n_samples]`
    pub fn ln_weights(&self, u_n: &[f64]) -> (f64, Vec<f64>) {
        let raw: Vec<f64> = u_n.iter().zip(&self.ln_d).map(|(u, d)| -u - d).collect();
        let ln_sum = log_sum_exp(raw.iter().copied());
        (-ln_sum, raw.iter().map(|x| x - ln_sum).collect())
    }

    /// ⟨A⟩ at any reduced potential with its asymptotic standard error.
    ///
    /// - `u_n`: `[n_samples]`, the potential to reweight to
    /// - `a_n`: `[n_samples]`, the observable
    ///
    /// # Errors
    /// [`AnalysisError`] if the eigenvalues of the weights cannot be found.
    pub fn average(&self, u_n: &[f64], a_n: &[f64]) -> Result<Estimate> {
        let (_, ln_w) = self.ln_weights(u_n);
        let w: Vec<f64> = ln_w.iter().map(|x| x.exp()).collect();
        let mean = w.iter().zip(a_n).map(|(w, a)| w * a).sum();
        // A state without samples whose "weight" is the deviation of A: its variance is that of ⟨A⟩ (delta method).
        let deviation: Vec<f64> = w.iter().zip(a_n).map(|(w, a)| w * (a - mean)).collect();
        let mut n_k: Vec<f64> = self.n_k.iter().map(|&n| n as f64).collect();
        // Scaled to the size of the other columns: the eigenvalues are cut off relative to the largest.
        let size = deviation.iter().map(|d| d * d).sum::<f64>().sqrt();
        let unit = w.iter().map(|w| w * w).sum::<f64>().sqrt();
        if size == 0.0 {
            return Ok(Estimate { mean, sigma: 0.0 });
        }
        let scaled: Vec<f64> = deviation.iter().map(|d| d * unit / size).collect();
        n_k.push(0.0);
        let theta = covariance(self.gram(&[&scaled]), &n_k)?;
        let last = n_k.len() - 1;
        Ok(Estimate { mean, sigma: theta[(last, last)].max(0.0).sqrt() * size / unit })
    }

    /// Wᵀ W with extra columns appended.
    fn gram(&self, extra: &[&[f64]]) -> DMatrix<f64> {
        let (n_states, n_samples) = (self.n_k.len(), self.n_samples());
        let n = n_states + extra.len();
        let arch = Arch::new();
        let mut gram = DMatrix::zeros(n, n);
        let mut block = Vec::new();
        for first in (0..n_samples).step_by(CHUNK) {
            let last = (first + CHUNK).min(n_samples);
            block.resize(n * (last - first), 0.0);
            for (k, column) in block.chunks_exact_mut(last - first).enumerate() {
                match k.checked_sub(n_states) {
                    None => {
                        let u = &self.u_kn[k * n_samples + first..k * n_samples + last];
                        exp_of_difference(arch, self.f_k[k], u, &self.ln_d[first..last], column);
                    }
                    Some(e) => column.copy_from_slice(&extra[e][first..last]),
                }
            }
            add_gram(&mut gram, &block, last - first);
        }
        DMatrix::from_fn(n, n, |i, j| gram[(i.max(j), i.min(j))])
    }
}

/// The equations of the states with samples.
struct Matrix<'a> {
    u_kn: &'a [f64],
    n_samples: usize,
    sampled: Vec<usize>,
    n_k: Vec<f64>,
    arch: Arch,
}

/// Partial sums are gathered from this many groups of chunks, whatever the number of threads.
const GROUPS: usize = 32;

impl Matrix<'_> {
    /// p_kn = N_k e^{f_k − u_kn}/D_n of the samples `first..last`; adds Σ_n p_kn to `q`.
    fn shares(&self, ln_nf: &[f64], first: usize, last: usize, block: &mut Block, q: &mut [f64]) {
        let width = last - first;
        block.resize(self.sampled.len(), width);
        for ((&k, ln_nf), row) in self.sampled.iter().zip(ln_nf).zip(block.p.chunks_exact_mut(width)) {
            let u = &self.u_kn[k * self.n_samples + first..k * self.n_samples + last];
            row.iter_mut().zip(u).for_each(|(x, u)| *x = ln_nf - u);
        }
        block.share(self.arch, None, q);
    }

    fn ln_nf(&self, f: &[f64]) -> Vec<f64> {
        f.iter().zip(&self.n_k).map(|(f, n)| f + n.ln()).collect()
    }

    /// Samples `first..last` in chunks: a chunk of every state should stay in the cache.
    fn chunks(&self, first: usize, last: usize) -> impl Iterator<Item = (usize, usize)> {
        let chunk = (CHUNK * 16 / self.sampled.len().max(1)).clamp(64, CHUNK);
        (first..last).step_by(chunk).map(move |a| (a, (a + chunk).min(last)))
    }

    fn groups(&self) -> Vec<(usize, usize)> {
        let per_group = self.n_samples.div_ceil(GROUPS).max(1);
        (0..self.n_samples).step_by(per_group).map(|a| (a, (a + per_group).min(self.n_samples))).collect()
    }

    fn ln_denominators(&self, f: &[f64]) -> Vec<f64> {
        let ln_nf = self.ln_nf(f);
        let pieces: Vec<Vec<f64>> = self
            .groups()
            .into_par_iter()
            .map(|(first, last)| {
                let mut ln_d = Vec::with_capacity(last - first);
                let mut block = Block::default();
                let mut q = vec![0.0; ln_nf.len()];
                for (a, b) in self.chunks(first, last) {
                    self.shares(&ln_nf, a, b, &mut block, &mut q);
                    ln_d.extend(block.ln_sums());
                }
                ln_d
            })
            .collect();
        pieces.concat()
    }

    /// q, and if asked the lower half of Σ_n p_kn p_ln.
    fn sums(&self, f: &[f64], pairs: bool) -> (Vec<f64>, DMatrix<f64>) {
        let ln_nf = self.ln_nf(f);
        let n_k = self.sampled.len();
        let size = if pairs { n_k } else { 0 };
        let partial: Vec<(Vec<f64>, DMatrix<f64>)> = self
            .groups()
            .into_par_iter()
            .map(|(first, last)| {
                let mut q = vec![0.0; n_k];
                let mut overlap = DMatrix::zeros(size, size);
                let mut block = Block::default();
                for (a, b) in self.chunks(first, last) {
                    self.shares(&ln_nf, a, b, &mut block, &mut q);
                    if pairs {
                        add_gram(&mut overlap, &block.p, b - a);
                    }
                }
                (q, overlap)
            })
            .collect();
        let mut q = vec![0.0; n_k];
        let mut overlap = DMatrix::<f64>::zeros(size, size);
        for (partial_q, partial_overlap) in partial {
            q.iter_mut().zip(&partial_q).for_each(|(sum, x)| *sum += x);
            overlap += partial_overlap;
        }
        (q, overlap)
    }
}

impl Equations for Matrix<'_> {
    fn n_k(&self) -> &[f64] {
        &self.n_k
    }

    fn anchors(&self) -> Vec<usize> {
        vec![0; self.n_k.len()]
    }

    fn state(&self, place: usize) -> usize {
        self.sampled[place]
    }

    fn occupancies(&self, f: &[f64]) -> Vec<f64> {
        self.sums(f, false).0
    }

    fn occupancies_and_hessian(&self, f: &[f64]) -> (Vec<f64>, DMatrix<f64>) {
        let (q, overlap) = self.sums(f, true);
        let hessian =
            DMatrix::from_fn(q.len(), q.len(), |i, j| if i == j { q[i] } else { 0.0 } - overlap[(i.max(j), i.min(j))]);
        (q, hessian)
    }
}
