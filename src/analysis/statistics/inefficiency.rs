//! Statistical inefficiency: how many stored samples are worth one independent one.

use super::blocks::{Blocks, DrawnVariance, Draws, RESAMPLES};
use super::cohorts::Cohorts;
use super::collective::{Collective, StateMoments, by_filling, collectives};
use crate::sample::Samples;
use crate::thermo::states::StateGrid;
use rayon::prelude::*;

/// Longer series are averaged over pairs until they are no longer than this.
const LONGEST: usize = 4096;

/// Statistical inefficiency g ≥ 1 of one or several series of the same quantity.
///
/// g = −1 + 2 Σ_m Γ_m, Γ_m = ρ_{2m} + ρ_{2m+1}, summed while Γ_m is positive and made monotone: Geyer's initial
/// monotone sequence, for which a chain need only be reversible. Series (walkers) are separate chains about a common
/// mean, so chains that sit in different basins show a large g. A constant series has g = 1. Series longer than 4096 are
/// averaged over pairs first, which leaves the variance of the mean as it is.
///
/// - `series`: each `[n_samples]` in order of time
/// - returns: in samples
///
/// # Source
/// Geyer, Stat. Sci. 7, 473 (1992); Chodera et al., J. Chem. Theory Comput. 3, 26 (2007) for g.
pub fn inefficiency(series: &[Vec<f64>]) -> f64 {
    let total: usize = series.iter().map(Vec::len).sum();
    if total < 2 {
        return 1.0;
    }
    let mean = series.iter().flatten().sum::<f64>() / total as f64;
    let mut chains: Vec<Vec<f64>> = series.iter().map(|s| s.iter().map(|x| x - mean).collect()).collect();
    let size = series.iter().flatten().fold(0.0, |m: f64, x| m.max(x.abs()));
    let variance = autocovariance(&chains, 0);
    if variance.sqrt() <= 1e-13 * size || variance == 0.0 {
        return 1.0;
    }
    let mut length = 1.0;
    while chains.iter().any(|c| c.len() > LONGEST) {
        for chain in &mut chains {
            *chain = chain.chunks_exact(2).map(|pair| 0.5 * (pair[0] + pair[1])).collect();
        }
        length *= 2.0;
    }
    let blocked = autocovariance(&chains, 0);
    if blocked == 0.0 {
        return 1.0;
    }
    let longest = chains.iter().map(Vec::len).max().unwrap_or(0);
    let mut sum = 0.0;
    let mut last = f64::INFINITY;
    for lag in (0..longest / 2).step_by(2) {
        let pair = (autocovariance(&chains, lag) + autocovariance(&chains, lag + 1)) / blocked;
        if pair <= 0.0 {
            break;
        }
        last = last.min(pair);
        sum += last;
    }
    ((2.0 * sum - 1.0) * length * blocked / variance).clamp(1.0, total as f64)
}

/// Covariance at a lag of chains about zero.
fn autocovariance(chains: &[Vec<f64>], lag: usize) -> f64 {
    let (mut sum, mut pairs) = (0.0, 0);
    for chain in chains.iter().filter(|c| c.len() > lag) {
        sum += chain.iter().zip(&chain[lag..]).map(|(a, b)| a * b).sum::<f64>();
        pairs += chain.len() - lag;
    }
    if pairs == 0 { 0.0 } else { sum / pairs as f64 }
}

/// Memory of a run: statistical inefficiencies in stored samples, and the draws of blocks from which all errors come.
#[derive(Debug, Clone)]
pub struct Memory {
    /// `[n_states]`, g of the series of E at each state
    pub energy: Vec<f64>,
    /// `[n_states][n_reservoirs]`, g of the series of N_s
    pub counts: Vec<Vec<f64>>,
    /// `[n_states][1 + n_reservoirs]`, means of E, N₁, … over the samples of each state; NaN without samples
    pub mean: Vec<Vec<f64>>,
    /// `[n_states][1 + n_reservoirs]`, variances: those of the samples, or what MBAR expects if that is more
    pub variance: Vec<Vec<f64>>,
    /// `[n_states][1 + n_reservoirs]`, standard errors of the means
    pub error: Vec<Vec<f64>>,
    /// `[n_states]`, samples of each
    pub samples: Vec<f64>,
    /// Blocks of time.
    pub blocks: Blocks,
    /// Sums over states, in these blocks.
    pub collectives: Vec<Collective>,
    /// Draws of the blocks, for what is found by MBAR.
    pub draws: Draws,
    /// One of the blocks halved, each in its turn.
    pub halving: Draws,
}

impl Memory {
    /// Inefficiencies of every series, blocks, and the errors of the mean of every state.
    ///
    /// The square of the standard error of a mean is Var g/n with g of the state's own series, or what blocks show where that is
    /// more than chance makes of it, and what sums over states add to that, which know the memory that replicas carry from state to state
    /// ([`collectives`]). Where MBAR expects a larger variance than the samples show by chance, the error is at least what that
    /// implies: a state that missed a rare excursion does not know its own error.
    ///
    /// - `expected`: by MBAR; those of the samples if it is not known
    /// - `cohorts`: walkers over the same states
    /// - `seed`: of the draws
    pub fn new(
        samples: &Samples,
        grid: &StateGrid,
        expected: Option<&StateMoments>,
        cohorts: &Cohorts,
        seed: u64,
    ) -> Memory {
        let n_states = grid.len();
        let by_state = places(samples, n_states, |n| samples.state[n] as usize);
        let n_columns = 1 + samples.counts.len();
        let of_state = |chains: &Vec<Vec<usize>>| -> Vec<(f64, f64, f64)> {
            let of_column = |c: usize| {
                let series: Vec<Vec<f64>> =
                    chains.iter().map(|chain| chain.iter().map(|&n| samples.value(c, n)).collect()).collect();
                let total = series.iter().map(Vec::len).sum::<usize>() as f64;
                let mean = series.iter().flatten().sum::<f64>() / total;
                let variance = series.iter().flatten().map(|x| (x - mean) * (x - mean)).sum::<f64>() / total;
                (inefficiency(&series), mean, variance)
            };
            (0..n_columns).map(of_column).collect()
        };
        let found: Vec<Vec<(f64, f64, f64)>> = by_state.par_iter().map(of_state).collect();
        let series: Vec<f64> = found.iter().map(|f| f.iter().map(|f| f.0).fold(1.0, f64::max)).collect();
        let blocks = Blocks::new(samples, &series, cohorts);
        let own = StateMoments {
            mean: found.iter().map(|f| f.iter().map(|f| f.1).collect()).collect(),
            variance: found.iter().map(|f| f.iter().map(|f| f.2).collect()).collect(),
        };
        let known = expected.map_or_else(|| own.clone(), |expected| own.expecting(expected));
        let collectives = collectives(samples, grid, &known, &blocks, cohorts);
        let slow = [collectives.clone(), by_filling(samples, &known, &blocks, cohorts)].concat();
        let halving = Draws::one_halved(&blocks.cohorts(cohorts), &slow);
        // Where there are no more blocks than draws, halving each tells more for less.
        let draws = if blocks.n_blocks <= RESAMPLES {
            halving.clone()
        } else {
            Draws::new(&blocks.cohorts(cohorts), &slow, seed, RESAMPLES)
        };
        let mut of_blocks = mean_variances(samples, &blocks, &halving, grid).into_iter();
        let n: Vec<f64> = by_state.iter().map(|chains| chains.iter().map(Vec::len).sum::<usize>() as f64).collect();
        let error = found.iter().zip(&n).zip(&known.variance).map(|((found, n), expected)| {
            let seen: Vec<f64> = found
                .iter()
                .zip(of_blocks.by_ref().take(n_columns))
                .map(|((g, _, variance), shown)| {
                    let own = variance * g / n;
                    if !shown.in_all().is_finite() {
                        own
                    } else if shown.of_blocks > own * halving.chance() {
                        shown.in_all()
                    } else {
                        // What the own series remembers for longer than a block is in what sums add to the blocks, too.
                        own.max(own.min(shown.of_blocks) + shown.beyond)
                    }
                })
                .collect();
            // g that the errors imply, for what was not seen.
            let implied = found.iter().zip(&seen).map(|((g, _, variance), seen)| {
                let of_seen = n * seen / variance;
                if of_seen.is_finite() { g.max(of_seen.min(*n)) } else { *g }
            });
            let g = implied.fold(1.0, f64::max);
            let error = |((own, seen), expected): ((&(f64, f64, f64), f64), &f64)| {
                // The variance of the samples has a relative error of √(2 g/n).
                let is_missed = *expected > own.2 * (1.0 + (2.0 * g / n).sqrt());
                let missed = if is_missed { expected * g / n } else { 0.0 };
                seen.max(missed).sqrt()
            };
            found.iter().zip(seen).zip(expected).map(error).collect()
        });
        Memory {
            error: error.collect(),
            energy: found.iter().map(|f| f[0].0).collect(),
            counts: found.iter().map(|f| f[1..].iter().map(|f| f.0).collect()).collect(),
            mean: own.mean,
            variance: known.variance.clone(),
            samples: n,
            blocks,
            collectives,
            draws,
            halving,
        }
    }

    /// The larger of those of E and N of the series of a state.
    pub fn series(&self, state: usize) -> f64 {
        self.counts[state].iter().fold(self.energy[state], |m, &g| m.max(g))
    }

    /// That which the error of a mean of the state implies, n σ²/Var: what replicas remember along their paths is in it.
    pub fn of_state(&self, state: usize) -> f64 {
        let implied = self.error[state].iter().zip(&self.variance[state]).map(|(error, variance)| {
            let g = self.samples[state] * error * error / variance;
            if g.is_finite() { g.min(self.samples[state].max(1.0)) } else { 1.0 }
        });
        implied.fold(self.series(state), f64::max)
    }
}

/// Squares of the standard errors of the mean of E, N₁, … of every state from draws of blocks: `[n_states · (1 + n_reservoirs)]`.
fn mean_variances(samples: &Samples, blocks: &Blocks, draws: &Draws, grid: &StateGrid) -> Vec<DrawnVariance> {
    let n_columns = 1 + samples.counts.len();
    let width = grid.len() * (1 + n_columns);
    // Samples, then sums of the columns, of each state in each block.
    let mut sums = vec![vec![0.0; width]; blocks.n_blocks];
    for n in 0..samples.len() {
        let of_state = &mut sums[blocks.block_of[n] as usize][samples.state[n] as usize * (1 + n_columns)..];
        of_state[0] += 1.0;
        (0..n_columns).for_each(|c| of_state[1 + c] += samples.value(c, n));
    }
    let mean = |multiplicity: &Vec<f64>| -> Vec<f64> {
        let mut total = vec![0.0; width];
        for (of_block, m) in sums.iter().zip(multiplicity).filter(|(_, m)| **m > 0.0) {
            total.iter_mut().zip(of_block).for_each(|(t, x)| *t += m * x);
        }
        total.chunks(1 + n_columns).flat_map(|t| t[1..].iter().map(|x| x / t[0])).collect()
    };
    let drawn: Vec<Vec<f64>> = draws.multiplicity.par_iter().map(mean).collect();
    draws.variances(&drawn, |c| grid.states[c / n_columns].kt)
}

/// Samples of each group as one chain per walker, in order of time: `[n_groups][walkers][samples]`.
pub(crate) fn places(samples: &Samples, n_groups: usize, group: impl Fn(usize) -> usize) -> Vec<Vec<Vec<usize>>> {
    let mut order: Vec<usize> = (0..samples.len()).collect();
    order.sort_by_key(|&n| (samples.walker[n], samples.cycle[n]));
    let mut chains: Vec<Vec<Vec<usize>>> = vec![Vec::new(); n_groups];
    let mut walker_of: Vec<Option<u16>> = vec![None; n_groups];
    for n in order {
        let g = group(n);
        if walker_of[g] != Some(samples.walker[n]) {
            walker_of[g] = Some(samples.walker[n]);
            chains[g].push(Vec::new());
        }
        if let Some(chain) = chains[g].last_mut() {
            chain.push(n);
        }
    }
    chains
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{RngExt, SeedableRng};

    /// AR(1) with coefficient `a` has g = (1 + a)/(1 − a).
    fn chain(a: f64, length: usize, seed: u64) -> Vec<f64> {
        let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(seed);
        let mut x = 0.0;
        (0..length)
            .map(|_| {
                let noise: f64 = (0..12).map(|_| rng.random::<f64>()).sum::<f64>() - 6.0;
                x = a * x + (1.0 - a * a).sqrt() * noise;
                x
            })
            .collect()
    }

    #[test]
    fn autoregressive_chains_have_their_known_g() {
        for (a, length) in [(0.0, 20_000), (0.5, 20_000), (0.9, 20_000), (0.9, 3000), (0.98, 100_000)] {
            let expected = (1.0 + a) / (1.0 - a);
            let g: f64 = (0..8).map(|seed| inefficiency(&[chain(a, length, seed)])).sum::<f64>() / 8.0;
            assert!((g / expected - 1.0).abs() < 0.15, "a = {a}: {g} instead of {expected}");
        }
    }

    #[test]
    fn constant_and_empty_series_have_g_one() {
        assert!((inefficiency(&[]) - 1.0).abs() < f64::EPSILON);
        assert!((inefficiency(&[vec![0.1; 1000]]) - 1.0).abs() < f64::EPSILON);
        assert!((inefficiency(&[vec![12.0; 10], vec![]]) - 1.0).abs() < f64::EPSILON);
    }

    #[test]
    fn walkers_in_different_basins_show() {
        let shifted: Vec<f64> = chain(0.0, 1000, 2).iter().map(|x| x + 10.0).collect();
        assert!(inefficiency(&[chain(0.0, 1000, 1), shifted]) > 300.0);
    }
}
