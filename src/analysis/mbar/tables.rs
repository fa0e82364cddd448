//! The MBAR equations over (E, N⃗) as tables over temperatures and compositions.

use super::Collapsed;
use super::covariance::add_gram;
use super::solver::Equations;
use super::vector::Block;
use nalgebra::DMatrix;
use pulp::Arch;
use rayon::prelude::*;
use std::ops::Range;

/// The equations as tables over temperatures and compositions.
pub(super) struct Tables<'a> {
    samples: &'a Collapsed,
    weights: Option<&'a [f64]>,
    /// States with samples.
    pub(super) sampled: Vec<usize>,
    /// `[n_sampled]`, place of the first state of the part of each
    anchors: Vec<usize>,
    /// `[n_sampled]`
    n_k: Vec<f64>,
    /// `[n_sampled]`, index into `betas`
    place_of: Vec<usize>,
    /// β of the temperatures with samples
    betas: Vec<f64>,
    arch: Arch,
}

impl<'a> Tables<'a> {
    /// The equations over the states that have samples; `weights` and `n_k` as for [`Collapsed::solve`].
    pub(super) fn new(samples: &'a Collapsed, weights: Option<&'a [f64]>, n_k: &[f64]) -> Tables<'a> {
        let sampled: Vec<usize> = (0..samples.n_states()).filter(|&k| n_k[k] > 0.0).collect();
        let part_of = |i: usize| samples.parts.of_state[sampled[i]];
        let anchors = (0..sampled.len()).map(|i| (0..i).find(|&a| part_of(a) == part_of(i)).unwrap_or(i)).collect();
        let mut temperatures: Vec<usize> = sampled.iter().map(|&k| samples.temperature_of[k]).collect();
        temperatures.sort_unstable();
        temperatures.dedup();
        let place = |k: &usize| temperatures.iter().position(|&t| t == samples.temperature_of[*k]).unwrap_or_default();
        Tables {
            samples,
            weights,
            n_k: sampled.iter().map(|&k| n_k[k]).collect(),
            place_of: sampled.iter().map(place).collect(),
            betas: temperatures.iter().map(|&t| samples.betas[t]).collect(),
            anchors,
            sampled,
            arch: Arch::new(),
        }
    }
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

    pub(super) fn ln_denominators(&self, f: &[f64]) -> Vec<f64> {
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
    fn tables(&self, ln_g: &[Vec<f64>], pairs: bool) -> (Vec<Vec<f64>>, Vec<DMatrix<f64>>) {
        let n_t = self.betas.len();
        let size = if pairs { n_t } else { 0 };
        let partial: Vec<(Vec<f64>, DMatrix<f64>)> = self
            .samples
            .chunks
            .par_iter()
            .map(|(c, range)| {
                let mut single = vec![0.0; n_t];
                let mut double = DMatrix::zeros(size, size);
                let mut block = Block::default();
                for (a, b) in blocks(range) {
                    self.temperature_shares(&ln_g[*c], a..b, &mut block, &mut single);
                    if pairs {
                        if let Some(weights) = self.weights {
                            block.scale(&weights[a..b]);
                        }
                        add_gram(&mut double, &block.p, b - a);
                    }
                }
                (single, double)
            })
            .collect();
        let n_c = self.samples.compositions.len();
        let mut single = vec![vec![0.0; n_t]; n_c];
        let mut double = vec![DMatrix::zeros(size, size); n_c];
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

    fn anchors(&self) -> Vec<usize> {
        self.anchors.clone()
    }

    fn state(&self, place: usize) -> usize {
        self.sampled[place]
    }

    fn occupancies(&self, f: &[f64]) -> Vec<f64> {
        let (terms, ln_g) = self.ln_g(f);
        let (single, _) = self.tables(&ln_g, false);
        self.sum_occupancies(&self.shares(&terms, &ln_g), &single)
    }

    fn occupancies_and_hessian(&self, f: &[f64]) -> (Vec<f64>, DMatrix<f64>) {
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
    fn hessian(&self, q: &[f64], shares: &[Vec<f64>], double: &[DMatrix<f64>]) -> DMatrix<f64> {
        let (n_t, n_c) = (self.betas.len(), shares.len());
        let mut members = vec![Vec::new(); n_t];
        for (k, &t) in self.place_of.iter().enumerate() {
            members[t].push(k);
        }
        let share_of = |members: &Vec<usize>| DMatrix::from_fn(n_c, members.len(), |c, i| shares[c][members[i]]);
        let share_of: Vec<DMatrix<f64>> = members.iter().map(share_of).collect();
        let blocks: Vec<Vec<DMatrix<f64>>> = (0..n_t)
            .into_par_iter()
            .map(|t| {
                let left = share_of[t].transpose();
                let block = |other: usize| {
                    let right = &share_of[other];
                    let scaled = DMatrix::from_fn(n_c, right.ncols(), |c, i| right[(c, i)] * -double[c][(t, other)]);
                    &left * scaled
                };
                (0..=t).map(block).collect()
            })
            .collect();
        let mut hessian = DMatrix::zeros(q.len(), q.len());
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
