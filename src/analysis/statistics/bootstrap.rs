//! Standard errors from a bootstrap of time blocks taken jointly over all states.
//!
//! Replicas visit many states, so the series of different states are correlated; a block therefore holds all states of
//! one walker in one interval of time, and a resample draws such blocks with replacement and solves MBAR again.
//!
//! Resamples work on compressed samples: within one N⃗ samples are gathered into narrow bins of energy, each standing at
//! its mean energy. A bin of width δ changes weights by β²δ²/24 (0.2 % here) in the same way in every resample, so the
//! errors do not notice, and the cost no longer grows with the length of the run.

use super::blocks::{Blocks, Draws};
use crate::analysis::mbar::{Collapsed, CollapsedSolution, Tolerance};
use crate::base::{AnalysisError, Result};
use crate::thermo::states::StatePoint;
use rayon::prelude::*;
use std::collections::BTreeMap;

/// β δ of an energy bin at the lowest temperature.
const BIN: f64 = 0.2;
/// Compressed samples with the blocks they came from, and MBAR solved for every resample of the blocks.
#[derive(Debug)]
pub struct Bootstrap {
    samples: Collapsed,
    /// `[n_bins + 1]`, where the entries of each bin begin
    first: Vec<usize>,
    entries: Vec<Entry>,
    /// `[n_samples]` in the order of the full samples, the bin of each
    bin_of: Vec<u32>,
    /// `[n_samples]` in the order of the full samples
    block_of: Vec<u32>,
    resamples: Vec<Resample>,
    draws: Draws,
}

/// Number of samples that one block has in one bin.
#[derive(Debug, Clone, Copy)]
struct Entry {
    block: u32,
    count: f64,
}

/// A resample: blocks drawn with replacement, weights of the bins, and MBAR solved for them.
#[derive(Debug)]
struct Resample {
    /// `[n_bins]`
    weights: Vec<f64>,
    /// `[n_columns][n_bins]`, mean of every column over the samples of each bin, as drawn
    columns: Vec<Vec<f32>>,
    solution: CollapsedSolution,
}

/// Input of a bootstrap: the samples, their blocks, and the solution for all of them.
#[derive(Debug, Clone, Copy)]
pub struct Drawn<'a> {
    /// `[n_states]`
    pub states: &'a [StatePoint],
    /// All samples, sorted by composition.
    pub full: &'a Collapsed,
    /// `[n_samples]` in the caller's order, the state of each sample
    pub state: &'a [u32],
    /// Their blocks.
    pub blocks: &'a Blocks,
    /// Draws of these blocks.
    pub draws: &'a Draws,
    /// `[n_states]`, the solution for all samples, where each resample starts
    pub f_k: &'a [f64],
    /// `[n_columns][n_samples]`, sorted by composition: what is averaged beside E and N
    pub columns: &'a [Vec<f32>],
}

/// One resample: compressed samples, their multiplicities, and the solution.
#[derive(Debug)]
pub struct Draw<'a> {
    /// The compressed samples.
    pub samples: &'a Collapsed,
    /// `[n_bins]`
    pub weights: &'a [f64],
    /// `[n_columns][n_bins]`, mean of every column over the samples of each bin
    pub columns: &'a [Vec<f32>],
    /// MBAR of this resample.
    pub solution: &'a CollapsedSolution,
    /// `[n_blocks]`, how often each block was drawn.
    pub multiplicity: &'a [f64],
    bootstrap: &'a Bootstrap,
}

impl Draw<'_> {
    /// Multiplicity of a sample of the full set in this draw, and the bin that stands for it.
    pub fn of_sample(&self, sample: usize) -> (f64, usize) {
        let Bootstrap { bin_of, block_of, .. } = self.bootstrap;
        (self.multiplicity[block_of[sample] as usize], bin_of[sample] as usize)
    }
}

impl Bootstrap {
    /// Compresses the samples and solves MBAR for every draw.
    ///
    /// # Errors
    /// [`AnalysisError`] if there are no samples, or MBAR converges in less than half of the resamples.
    pub fn new(drawn: Drawn<'_>) -> Result<Bootstrap> {
        let Drawn { states, full, state, blocks, draws, f_k, columns } = drawn;
        let n_states = states.len();
        let mut n_k = vec![vec![0.0; n_states]; blocks.n_blocks];
        for (&state, &block) in state.iter().zip(&blocks.block_of) {
            n_k[block as usize][state as usize] += 1.0;
        }
        let block_of: Vec<u32> = full.origin.iter().map(|&n| blocks.block_of[n as usize]).collect();
        let width = BIN / full.betas.iter().copied().fold(f64::MIN_POSITIVE, f64::max);
        let (mut energy, mut first_of_composition) = (Vec::new(), vec![0]);
        let (mut first, mut entries) = (vec![0], Vec::new());
        let mut sums: Vec<Vec<f64>> = vec![Vec::new(); columns.len()];
        let mut bin_of = vec![0; full.n_samples()];
        for c in 0..full.compositions.len() {
            let mut bins: BTreeMap<i64, Vec<usize>> = BTreeMap::new();
            for n in full.first[c]..full.first[c + 1] {
                // A repulsive tail beyond any weight shares the last bin.
                let place = (full.energy[n] / width).floor().clamp(-1e15, 1e15) as i64;
                bins.entry(place).or_default().push(n);
            }
            for mut members in bins.into_values() {
                members.sort_by_key(|&n| block_of[n]);
                for &n in &members {
                    bin_of[n] = energy.len() as u32;
                }
                energy.push(members.iter().map(|&n| full.energy[n]).sum::<f64>() / members.len() as f64);
                for of_block in members.chunk_by(|&a, &b| block_of[a] == block_of[b]) {
                    entries.push(Entry { block: block_of[of_block[0]], count: of_block.len() as f64 });
                    for (sums, column) in sums.iter_mut().zip(columns) {
                        sums.push(of_block.iter().map(|&n| f64::from(column[n])).sum());
                    }
                }
                first.push(entries.len());
            }
            first_of_composition.push(energy.len());
        }
        let compositions = (full.part_of.clone(), full.compositions.clone());
        let samples =
            Collapsed::from_sorted(states, full.parts.clone(), compositions, first_of_composition, energy, Vec::new())?;
        let mut bootstrap =
            Bootstrap { samples, first, entries, bin_of, block_of, resamples: Vec::new(), draws: draws.clone() };
        let resample = |multiplicity: &Vec<f64>| bootstrap.resample(multiplicity, &n_k, f_k, &sums);
        let solved: Vec<Option<Resample>> = draws.multiplicity.par_iter().map(resample).collect();
        let keep: Vec<bool> = solved.iter().map(Option::is_some).collect();
        bootstrap.draws = draws.retained(&keep);
        bootstrap.resamples = solved.into_iter().flatten().collect();
        let (converged, resamples) = (bootstrap.resamples.len(), keep.len());
        if converged * 2 < resamples {
            return Err(AnalysisError::FewResamples { converged, resamples }.into());
        }
        Ok(bootstrap)
    }

    /// One resample; `None` if MBAR does not converge.
    ///
    /// - `sums`: `[n_columns][n_entries]`, sums of a column over the samples of an entry
    fn resample(&self, multiplicity: &[f64], n_k: &[Vec<f64>], f_k: &[f64], sums: &[Vec<f64>]) -> Option<Resample> {
        let weight =
            |w: &[usize]| self.entries[w[0]..w[1]].iter().map(|e| e.count * multiplicity[e.block as usize]).sum();
        let weights: Vec<f64> = self.first.windows(2).map(weight).collect();
        let mut drawn_n_k = vec![0.0; f_k.len()];
        for (counts, m) in n_k.iter().zip(multiplicity) {
            drawn_n_k.iter_mut().zip(counts).for_each(|(sum, n)| *sum += m * n);
        }
        let tolerance = Tolerance { delta_f: 1e-5, iterations: 60 };
        let solution = self.samples.solve(Some(&weights), &drawn_n_k, f_k, true, tolerance).ok()?;
        let mean = |sums: &Vec<f64>, bin: usize| -> f32 {
            let drawn = |i: usize| multiplicity[self.entries[i].block as usize] * sums[i];
            let sum: f64 = (self.first[bin]..self.first[bin + 1]).map(drawn).sum();
            if weights[bin] > 0.0 { (sum / weights[bin]) as f32 } else { 0.0 }
        };
        let columns = sums.iter().map(|sums| (0..weights.len()).map(|bin| mean(sums, bin)).collect()).collect();
        Some(Resample { weights, columns, solution })
    }

    /// Bins that stand for the samples.
    pub fn n_bins(&self) -> usize {
        self.samples.n_samples()
    }

    /// The compressed samples, and ln D of them in the first resample.
    pub(crate) fn first(&self) -> Option<(&Collapsed, &[f64])> {
        self.resamples.first().map(|resample| (&self.samples, &resample.solution.ln_d[..]))
    }

    /// What `estimate` computes from every resample: `[n_resamples]`.
    pub fn map<T: Send>(&self, estimate: impl Fn(&Draw<'_>) -> T + Sync) -> Vec<T> {
        let draw = |(r, multiplicity): (&'_ Resample, &'_ Vec<f64>)| {
            estimate(&Draw {
                samples: &self.samples,
                weights: &r.weights,
                columns: &r.columns,
                solution: &r.solution,
                bootstrap: self,
                multiplicity,
            })
        };
        self.resamples.par_iter().zip(&self.draws.multiplicity).map(draw).collect()
    }

    /// Standard errors of quantities that `estimate` computes from a resample.
    ///
    /// - `estimate`: the same number of quantities for every resample
    /// - `kt`: of the quantity of an index \[energy\]
    pub fn errors(
        &self,
        kt: impl Fn(usize) -> f64 + Sync,
        estimate: impl Fn(&Draw<'_>) -> Vec<f64> + Sync,
    ) -> Vec<f64> {
        self.spread(&self.map(estimate), kt)
    }

    /// Standard errors of quantities from their values in every resample, by [`Draws::spread`].
    ///
    /// - `drawn`: `[n_resamples][n_quantities]`
    /// - `kt`: of the quantity of an index \[energy\]
    pub fn spread(&self, drawn: &[Vec<f64>], kt: impl Fn(usize) -> f64 + Sync) -> Vec<f64> {
        self.draws.spread(drawn, kt)
    }
}
