//! Blocks of time, and how they are drawn.

use crate::analysis::statistics::collective::Collective;
use crate::sample::Samples;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

/// Resamples of a default analysis: the standard error of an error is then 10 %.
pub const RESAMPLES: usize = 60;
/// Blocks are at least this many statistical inefficiencies long, if that leaves enough of them.
const INEFFICIENCIES_PER_BLOCK: f64 = 5.0;
/// Fewest and most blocks over all walkers.
const BLOCKS: (usize, usize) = (20, 100);

/// The blocks of a run.
#[derive(Debug, Clone)]
pub struct Blocks {
    /// `[n_samples]`
    pub block_of: Vec<u32>,
    /// `[n_blocks]`, walker of each; blocks of one walker follow each other in order of time
    pub walker_of: Vec<u16>,
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
            return Blocks { block_of: Vec::new(), walker_of: Vec::new(), n_blocks: 0 };
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
        let walker_of = used.iter().map(|b| walkers[(b / per_walker as u64) as usize]).collect();
        Blocks { block_of, walker_of, n_blocks: used.len() }
    }
}

/// Draws of blocks with replacement, with the collective coordinates of each.
#[derive(Debug, Clone)]
pub struct Draws {
    /// `[n_draws][n_blocks]`, how often each block was drawn
    pub multiplicity: Vec<Vec<f64>>,
    slow: Vec<Slow>,
    n_blocks: usize,
}

/// A collective coordinate in every draw.
#[derive(Debug, Clone)]
struct Slow {
    /// `[n_draws]`, about zero
    drawn: Vec<f64>,
    /// `[n_draws]`, about zero: the slope of a quantity against the coordinate is its sum with the quantity
    slope: Vec<f64>,
    /// Square of the standard error of the coordinate.
    variance: f64,
}

impl Draws {
    /// - `slow`: what blocks are too short for
    pub fn new(n_blocks: usize, slow: &[Collective], seed: u64, draws: usize) -> Draws {
        let multiplicity: Vec<Vec<f64>> = (0..draws)
            .map(|number| {
                let mut rng = ChaCha8Rng::seed_from_u64(seed);
                rng.set_stream(number as u64);
                let mut drawn = vec![0.0; n_blocks];
                for _ in 0..n_blocks {
                    drawn[rng.random_range(0..n_blocks)] += 1.0;
                }
                drawn
            })
            .collect();
        let slow = slow.iter().filter_map(|collective| Slow::new(collective, &multiplicity)).collect();
        Draws { multiplicity, slow, n_blocks }
    }

    /// Draws of which some are left out.
    pub(crate) fn retained(&self, keep: &[bool]) -> Draws {
        fn only<T: Clone>(values: &[T], keep: &[bool]) -> Vec<T> {
            values.iter().zip(keep).filter(|(_, keep)| **keep).map(|(v, _)| v.clone()).collect()
        }
        let slow = self.slow.iter().map(|s| Slow {
            drawn: only(&s.drawn, keep),
            slope: only(&s.slope, keep),
            variance: s.variance,
        });
        Draws { multiplicity: only(&self.multiplicity, keep), slow: slow.collect(), n_blocks: self.n_blocks }
    }

    /// Standard errors of quantities from their values in every draw.
    ///
    /// A quantity that is not finite in a draw is left out of that one; with fewer than half of the draws its error is
    /// NaN. What a quantity has in common with a collective coordinate counts with the error of that coordinate, and the
    /// rest with what blocks show: σ² = Var(θ − a S) + a² σ_S², a the slope of θ against what is slow in S; from a² goes
    /// what the slope has by chance. The largest over the coordinates is the error, and at least that of the blocks alone.
    ///
    /// - `drawn`: `[n_draws][n_quantities]`
    pub fn spread(&self, drawn: &[Vec<f64>]) -> Vec<f64> {
        let columns = drawn.first().map_or(0, Vec::len);
        (0..columns).into_par_iter().map(|c| self.error(drawn.iter().map(|row| row[c]))).collect()
    }

    fn error(&self, values: impl Iterator<Item = f64> + Clone) -> f64 {
        let finite = || values.clone().filter(|x| x.is_finite());
        let n = finite().count();
        if n < 2 || n * 2 < values.clone().count() {
            return f64::NAN;
        }
        let mean = finite().sum::<f64>() / n as f64;
        let deviations: Vec<f64> = values.map(|x| if x.is_finite() { x - mean } else { 0.0 }).collect();
        // The variance over draws of n blocks is too small by (n − 1)/n.
        let n_blocks = self.n_blocks as f64;
        let scale = n_blocks / (n_blocks - 1.0).max(1.0) / (n - 1) as f64;
        let of_blocks = scale * deviations.iter().map(|x| x * x).sum::<f64>();
        let of_slow = self.slow.iter().map(|slow| {
            let slope: f64 = slow.slope.iter().zip(&deviations).map(|(s, x)| s * x).sum();
            let rest: f64 = slow.drawn.iter().zip(&deviations).map(|(s, x)| (x - slope * s).powi(2)).sum();
            // Draws scatter about what the blocks say, and these about the truth: more draws are no more blocks.
            let scatter = 1.0 + (n - 1) as f64 / (n_blocks - 1.0).max(1.0);
            let by_chance = scatter * rest / (n - 1) as f64 * slow.slope.iter().map(|s| s * s).sum::<f64>();
            scale * rest + (slope * slope - by_chance).max(0.0) * slow.variance
        });
        of_slow.fold(of_blocks, f64::max).sqrt()
    }
}

impl Slow {
    /// `None` if the coordinate is the same in every block.
    fn new(collective: &Collective, multiplicity: &[Vec<f64>]) -> Option<Slow> {
        let in_draws = |of_block: &[f64]| -> Vec<f64> {
            let mean = |m: &Vec<f64>| m.iter().zip(of_block).map(|(m, x)| m * x).sum::<f64>() / of_block.len() as f64;
            let values: Vec<f64> = multiplicity.iter().map(mean).collect();
            let middle = values.iter().sum::<f64>() / values.len() as f64;
            values.iter().map(|x| x - middle).collect()
        };
        let product = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
        let drawn = in_draws(&collective.blocks);
        let own = product(&drawn, &drawn);
        if own <= 0.0 {
            return None;
        }
        // Against the sum of three blocks in a row, in which what is fast counts less; not where the blocks alternate.
        let mut against = in_draws(&collective.smooth);
        if product(&drawn, &against) < own {
            against.clone_from(&drawn);
        }
        let norm = product(&drawn, &against);
        let slope = against.iter().map(|x| x / norm).collect();
        Some(Slow { drawn, slope, variance: collective.quoted_variance() })
    }
}
