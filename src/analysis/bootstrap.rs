//! Standard errors from a bootstrap of time blocks taken jointly over all states.
//!
//! Replicas visit many states, so the series of different states are correlated; a block therefore holds all states of
//! one walker in one stretch of time, and a resample draws such blocks with replacement and solves MBAR again.
//!
//! Resamples work on compressed samples: within one N⃗ samples are gathered into narrow bins of energy, each standing at
//! its mean energy. A bin of width δ changes weights by β²δ²/24 (0.2 % here) in the same way in every resample, so the
//! errors do not notice, and the cost no longer grows with the length of the run.

use super::mbar::{Collapsed, CollapsedSolution, Tolerance};
use crate::sample::Samples;
use crate::states::StatePoint;
use crate::{Error, Result};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use std::collections::BTreeMap;

/// Resamples of a default analysis: the standard error of an error is then 10 %.
pub const RESAMPLES: usize = 60;
/// β δ of an energy bin at the lowest temperature.
const BIN: f64 = 0.2;
/// Blocks are at least this many statistical inefficiencies long, if that leaves enough of them.
const INEFFICIENCIES_PER_BLOCK: f64 = 5.0;
/// Fewest and most blocks over all walkers.
const BLOCKS: (usize, usize) = (20, 100);

/// The blocks of a run.
#[derive(Debug, Clone)]
pub struct Blocks {
    /// `[n_samples]`
    pub block_of: Vec<u32>,
    /// Number of blocks, none of them empty.
    pub n_blocks: usize,
}

impl Blocks {
    /// Cuts every walker's samples into stretches of equal length.
    ///
    /// - `inefficiency`: `[n_states]`, g in stored samples; blocks are five times the g that 90 % of the states keep
    ///   below, but there are never fewer than 20 blocks nor more than 100
    pub fn new(samples: &Samples, inefficiency: &[f64]) -> Blocks {
        let cycles = samples.cycle.iter();
        let (Some(&from), Some(&to)) = (cycles.clone().min(), cycles.max()) else {
            return Blocks { block_of: Vec::new(), n_blocks: 0 };
        };
        let mut walkers: Vec<u16> = samples.walker.clone();
        walkers.sort_unstable();
        walkers.dedup();
        let mut g = inefficiency.to_vec();
        g.sort_by(f64::total_cmp);
        let g = g.get(g.len() * 9 / 10).copied().unwrap_or(1.0);
        let n_walkers = walkers.len();
        // Stored cycles of one walker: one sample per state each.
        let stored = samples.len() as f64 / (inefficiency.len().max(1) * n_walkers) as f64;
        let wanted = (stored / (INEFFICIENCIES_PER_BLOCK * g)) as usize;
        let per_walker = wanted.clamp(BLOCKS.0.div_ceil(n_walkers), BLOCKS.1.div_ceil(n_walkers));
        let span = u64::from(to - from) + 1;
        let raw: Vec<u64> = (0..samples.len())
            .map(|n| {
                let walker = walkers.binary_search(&samples.walker[n]).unwrap_or_default();
                let stretch = u64::from(samples.cycle[n] - from) * per_walker as u64 / span;
                walker as u64 * per_walker as u64 + stretch
            })
            .collect();
        let mut used = raw.clone();
        used.sort_unstable();
        used.dedup();
        let block_of = raw.iter().map(|b| used.binary_search(b).unwrap_or_default() as u32).collect();
        Blocks { block_of, n_blocks: used.len() }
    }
}

/// Compressed samples with the blocks they came from.
#[derive(Debug)]
pub struct Bootstrap {
    samples: Collapsed,
    /// `[n_bins + 1]`, where the entries of each bin begin
    first: Vec<usize>,
    /// (block, samples of it in the bin)
    entries: Vec<(u32, f64)>,
    /// `[n_blocks][n_states]`
    n_k: Vec<Vec<f64>>,
    /// `[n_states]`
    f_k: Vec<f64>,
    seed: u64,
    resamples: usize,
}

/// One resample: compressed samples, their multiplicities, and the solution.
#[derive(Debug)]
pub struct Draw<'a> {
    /// The compressed samples.
    pub samples: &'a Collapsed,
    /// `[n_bins]`
    pub weights: &'a [f64],
    /// `[n_blocks]`, how often each block was drawn.
    pub multiplicity: &'a [f64],
    /// MBAR of this resample.
    pub solution: &'a CollapsedSolution,
}

impl Bootstrap {
    /// Compresses the samples.
    ///
    /// - `state`: `[n_samples]` in the caller's order, the state of each sample
    /// - `f_k`: `[n_states]`, the solution for all samples, where each resample starts
    ///
    /// # Errors
    /// [`Error::Analysis`] if there are no samples.
    pub fn new(
        states: &[StatePoint],
        full: &Collapsed,
        state: &[u32],
        blocks: &Blocks,
        f_k: &[f64],
        seed: u64,
        resamples: usize,
    ) -> Result<Bootstrap> {
        let n_states = states.len();
        let mut n_k = vec![vec![0.0; n_states]; blocks.n_blocks];
        for (&state, &block) in state.iter().zip(&blocks.block_of) {
            n_k[block as usize][state as usize] += 1.0;
        }
        let width = BIN / full.betas.iter().copied().fold(f64::MIN_POSITIVE, f64::max);
        let (mut energy, mut first_of_composition) = (Vec::new(), vec![0]);
        let (mut first, mut entries) = (vec![0], Vec::new());
        for c in 0..full.compositions.len() {
            let mut bins: BTreeMap<i64, (f64, BTreeMap<u32, f64>)> = BTreeMap::new();
            for n in full.first[c]..full.first[c + 1] {
                let e = full.energy[n];
                // A repulsive tail beyond any weight shares the last bin.
                let place = (e / width).floor().clamp(-1e15, 1e15) as i64;
                let (sum, counts) = bins.entry(place).or_default();
                *sum += e;
                *counts.entry(blocks.block_of[full.origin[n] as usize]).or_default() += 1.0;
            }
            for (sum, counts) in bins.into_values() {
                energy.push(sum / counts.values().sum::<f64>());
                entries.extend(counts);
                first.push(entries.len());
            }
            first_of_composition.push(energy.len());
        }
        let samples =
            Collapsed::from_sorted(states, full.compositions.clone(), first_of_composition, energy, Vec::new())?;
        Ok(Bootstrap { samples, first, entries, n_k, f_k: f_k.to_vec(), seed, resamples })
    }

    /// Bins that stand for the samples.
    pub fn n_bins(&self) -> usize {
        self.samples.n_samples()
    }

    /// Standard errors of what `estimate` computes from a resample.
    ///
    /// A quantity that is not finite in a resample is left out of that one; with fewer than half of the resamples its
    /// error is NaN.
    ///
    /// - `estimate`: the same number of quantities for every resample
    ///
    /// # Errors
    /// [`Error::Analysis`] if MBAR converges in less than half of the resamples.
    pub fn errors(&self, estimate: impl Fn(&Draw<'_>) -> Vec<f64> + Sync) -> Result<Vec<f64>> {
        let n_blocks = self.n_k.len();
        let drawn: Vec<Option<Vec<f64>>> = (0..self.resamples)
            .into_par_iter()
            .map(|resample| {
                let mut rng = ChaCha8Rng::seed_from_u64(self.seed);
                rng.set_stream(resample as u64);
                let mut multiplicity = vec![0.0; n_blocks];
                for _ in 0..n_blocks {
                    multiplicity[rng.random_range(0..n_blocks)] += 1.0;
                }
                let weights: Vec<f64> = self
                    .first
                    .windows(2)
                    .map(|w| self.entries[w[0]..w[1]].iter().map(|&(b, n)| n * multiplicity[b as usize]).sum())
                    .collect();
                let mut n_k = vec![0.0; self.f_k.len()];
                for (counts, m) in self.n_k.iter().zip(&multiplicity) {
                    n_k.iter_mut().zip(counts).for_each(|(sum, n)| *sum += m * n);
                }
                let tolerance = Tolerance { delta_f: 1e-5, iterations: 60 };
                let solution = self.samples.solve(Some(&weights), &n_k, &self.f_k, true, tolerance).ok()?;
                let draw = Draw {
                    samples: &self.samples,
                    weights: &weights,
                    multiplicity: &multiplicity,
                    solution: &solution,
                };
                Some(estimate(&draw))
            })
            .collect();
        let drawn: Vec<Vec<f64>> = drawn.into_iter().flatten().collect();
        if drawn.len() * 2 < self.resamples {
            return Err(Error::Analysis(format!(
                "MBAR converged in only {} of {} bootstrap resamples; the states overlap too little: place them closer \
                 or sample longer",
                drawn.len(),
                self.resamples
            )));
        }
        // The variance over resamples of n blocks is too small by (n − 1)/n.
        let correction = (n_blocks as f64 / (n_blocks as f64 - 1.0).max(1.0)).sqrt();
        let columns = drawn.first().map_or(0, Vec::len);
        Ok((0..columns)
            .into_par_iter()
            .map(|c| {
                let values: Vec<f64> = drawn.iter().map(|row| row[c]).filter(|x| x.is_finite()).collect();
                if values.len() < 2 || values.len() * 2 < self.resamples {
                    return f64::NAN;
                }
                let mean = values.iter().sum::<f64>() / values.len() as f64;
                let sum: f64 = values.iter().map(|x| (x - mean) * (x - mean)).sum();
                correction * (sum / (values.len() - 1) as f64).sqrt()
            })
            .collect())
    }
}
