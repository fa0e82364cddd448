//! Standard errors from a bootstrap of time blocks taken jointly over all states.
//!
//! Replicas visit many states, so the series of different states are correlated; a block therefore holds all states of
//! one walker in one interval of time, and a resample draws such blocks with replacement and solves MBAR again.
//!
//! Resamples work on compressed samples: within one N⃗ samples are gathered into narrow bins of energy, each standing at
//! its mean energy. A bin of width δ changes weights by β²δ²/24 (0.2 % here) in the same way in every resample, so the
//! errors do not notice, and the cost no longer grows with the length of the run.

use crate::analysis::mbar::{Collapsed, CollapsedSolution, Tolerance};
use crate::base::{AnalysisError, Result};
use crate::sample::Samples;
use crate::thermo::states::StatePoint;
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
    /// Cuts every walker's samples into intervals of equal length.
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
    n_blocks: usize,
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
    /// `[n_blocks]`, how often each was drawn
    multiplicity: Vec<f64>,
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
    /// Compresses the samples, draws, and solves MBAR for every draw.
    ///
    /// # Errors
    /// [`AnalysisError`] if there are no samples, or MBAR converges in less than half of the resamples.
    pub fn new(drawn: Drawn<'_>, seed: u64, resamples: usize) -> Result<Bootstrap> {
        let Drawn { states, full, state, blocks, f_k, columns } = drawn;
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
        let samples =
            Collapsed::from_sorted(states, full.compositions.clone(), first_of_composition, energy, Vec::new())?;
        let n_blocks = blocks.n_blocks;
        let mut bootstrap = Bootstrap { samples, first, entries, bin_of, block_of, resamples: Vec::new(), n_blocks };
        let solved: Vec<Option<Resample>> =
            (0..resamples).into_par_iter().map(|r| bootstrap.resample(seed, r, &n_k, f_k, &sums)).collect();
        bootstrap.resamples = solved.into_iter().flatten().collect();
        if bootstrap.resamples.len() * 2 < resamples {
            return Err(AnalysisError::FewResamples { converged: bootstrap.resamples.len(), resamples }.into());
        }
        Ok(bootstrap)
    }

    /// One resample; `None` if MBAR does not converge.
    ///
    /// - `sums`: `[n_columns][n_entries]`, sums of a column over the samples of an entry
    fn resample(&self, seed: u64, number: usize, n_k: &[Vec<f64>], f_k: &[f64], sums: &[Vec<f64>]) -> Option<Resample> {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(number as u64);
        let mut multiplicity = vec![0.0; self.n_blocks];
        for _ in 0..self.n_blocks {
            multiplicity[rng.random_range(0..self.n_blocks)] += 1.0;
        }
        let weight =
            |w: &[usize]| self.entries[w[0]..w[1]].iter().map(|e| e.count * multiplicity[e.block as usize]).sum();
        let weights: Vec<f64> = self.first.windows(2).map(weight).collect();
        let mut drawn_n_k = vec![0.0; f_k.len()];
        for (counts, m) in n_k.iter().zip(&multiplicity) {
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
        Some(Resample { multiplicity, weights, columns, solution })
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
        let draw = |r: &'_ Resample| {
            estimate(&Draw {
                samples: &self.samples,
                weights: &r.weights,
                columns: &r.columns,
                solution: &r.solution,
                bootstrap: self,
                multiplicity: &r.multiplicity,
            })
        };
        self.resamples.par_iter().map(draw).collect()
    }

    /// Standard errors of quantities that `estimate` computes from a resample.
    ///
    /// A quantity that is not finite in a resample is left out of that one; with fewer than half of the resamples its
    /// error is NaN.
    ///
    /// - `estimate`: the same number of quantities for every resample
    pub fn errors(&self, estimate: impl Fn(&Draw<'_>) -> Vec<f64> + Sync) -> Vec<f64> {
        self.spread(&self.map(estimate))
    }

    /// Standard errors of quantities from their values in every resample.
    ///
    /// - `drawn`: `[n_resamples][n_quantities]`
    pub fn spread(&self, drawn: &[Vec<f64>]) -> Vec<f64> {
        // The variance over resamples of n blocks is too small by (n − 1)/n.
        let n_blocks = self.n_blocks as f64;
        let correction = (n_blocks / (n_blocks - 1.0).max(1.0)).sqrt();
        let columns = drawn.first().map_or(0, Vec::len);
        (0..columns)
            .into_par_iter()
            .map(|c| {
                let values = || drawn.iter().map(|row| row[c]).filter(|x| x.is_finite());
                let n = values().count();
                if n < 2 || n * 2 < drawn.len() {
                    return f64::NAN;
                }
                let mean = values().sum::<f64>() / n as f64;
                let sum: f64 = values().map(|x| (x - mean) * (x - mean)).sum();
                correction * (sum / (n - 1) as f64).sqrt()
            })
            .collect()
    }
}
