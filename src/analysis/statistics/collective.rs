//! Collective coordinates: sums over states that keep the memory which exchange carries out of each of them.
//!
//! States swap replicas every few cycles, so what a replica remembers leaves the series of a state before it shows there,
//! although it goes on to act: the next replica comes from the same pool. A sum over states, S(t) = Σ_k x_k(t) with x the
//! deviation of E or N from the mean of its state, does not notice who holds which state. Its fluctuation is known without
//! waiting for it, Var S = Σ_k Var x_k, because at one time states are independent, and MBAR knows means and variances
//! from all states where a state's own samples may have missed a basin. Hence C(t) = Var S − ½⟨(S(t) − S(0))²⟩ is free of
//! the bias that a run of a few correlation times puts into autocovariances about its own mean.
//!
//! C is followed up to t*, a twentieth of the run. What lies beyond is estimated twice. If C goes on to fall as it did over the second
//! half of the lags, with the time τ of that decay, then 2 C(t*) τ is left. And replicas are units: the same sum along the path
//! of a replica has a variance over whole paths, which one run shows for as many replicas as there are states. It lacks the
//! correlation between replicas (a dense one in a dense state has no deviation at all), by a factor κ that is read off
//! the last lags at which both C are known. Paths may remember for longer than their sum, though, in which they make room for each
//! other, so that κ of then is too much for the rest. The decay is taken, between what paths show as they are and κ times that:
//!
//! g Var S = Σ_{|t| ≤ t*} C(t) + clamp(2 C(t*) τ, R, κR),  R = Σ_{|t| > t*} C_path(t),  κ = C/C_path just below t*.
//!
//! Where C falls below its noise before t*, only what paths show beyond their own noise is added.
//!
//! `docs/validation.md` has the z-scores that led to these choices.

use crate::analysis::statistics::blocks::Blocks;
use crate::analysis::statistics::cohorts::Cohorts;
use crate::analysis::statistics::inefficiency::places;
use crate::sample::Samples;
use crate::thermo::states::StateGrid;
use rayon::prelude::*;

/// Share of a run over which C(t) is followed.
const FOLLOWED: f64 = 1.0 / 20.0;
/// Stored cycles that are followed at least, where the run is four times as long.
const SHORTEST: usize = 20;
/// Lags at which C(t) is evaluated, evenly spaced in ln t.
const LAGS: usize = 14;
/// C(t) has come to its end when it falls below this many of its own standard errors.
const NOISE: f64 = 1.0;
/// Independent samples of a sum that are assumed at least where its error is quoted.
const FEWEST: f64 = 3.0;
/// Largest κ: beyond it the paths are noise.
const LARGEST: f64 = 6.0;

/// A sum over the states of a cohort and the standard error of its mean.
#[derive(Debug, Clone)]
pub struct Collective {
    /// Index of the cohort.
    pub cohort: usize,
    /// Blocks of the cohort.
    pub n_blocks: usize,
    /// What is summed: E (0) or the N of a reservoir species (1, …)
    pub column: usize,
    /// kT of the states; `None` if it is all of them \[energy\]
    pub kt: Option<f64>,
    /// Of all blocks, the mean over each, about the mean of those of the cohort; 0 in those of others
    pub blocks: Vec<f64>,
    /// The same summed with the blocks before and after of the same walker: what is left of it there is
    /// slow
    pub smooth: Vec<f64>,
    /// Square of the standard error of the mean over the run.
    pub variance: f64,
    /// Independent samples of the sum in the run.
    pub independent: f64,
}

impl Collective {
    /// Square of the error that is quoted. From few independent samples the standard error is itself uncertain, and a
    /// difference over it follows Student's t, whose mean square is ν/(ν − 2).
    pub fn quoted_variance(&self) -> f64 {
        let freedom = self.independent.max(FEWEST);
        self.variance * freedom / (freedom - 2.0)
    }
}

/// Sums of the deviations of E and of every N over all states of each cohort, and of every N over its states of each
/// temperature.
///
/// - `moments`: of every state
pub fn collectives(
    samples: &Samples,
    grid: &StateGrid,
    moments: &StateMoments,
    blocks: &Blocks,
    cohorts: &Cohorts,
) -> Vec<Collective> {
    if cohorts.len() == 1 {
        return of_cohort(samples, &Rows::new(grid, |_| true), moments, blocks, 0);
    }
    let of = |(c, cohort): (usize, &super::cohorts::Cohort)| {
        let own = |n: &usize| cohorts.of(samples.walker[*n]) == c;
        let block_of = (0..samples.len()).filter(own).map(|n| blocks.block_of[n]).collect();
        let blocks = Blocks { block_of, ..blocks.clone() };
        let rows = Rows::new(grid, |k| cohort.states.binary_search(&(k as u32)).is_ok());
        of_cohort(&samples.numbers(|n| own(&n)), &rows, moments, &blocks, c)
    };
    cohorts.iter().enumerate().flat_map(of).collect()
}

fn of_cohort(
    samples: &Samples,
    rows: &Rows,
    moments: &StateMoments,
    blocks: &Blocks,
    cohort: usize,
) -> Vec<Collective> {
    if samples.is_empty() {
        return Vec::new();
    }
    let times = Times::new(samples);
    let columns: Vec<usize> = (0..=samples.counts.len()).collect();
    let of_column = |&c: &usize| {
        let deviation: Vec<f64> =
            (0..samples.len()).map(|n| samples.value(c, n) - moments.mean[samples.state[n] as usize][c]).collect();
        // E of a temperature follows its N.
        let n_rows = if c == 0 { 0 } else { rows.n };
        let variance = rows.sums(|k| moments.variance[k][c]);
        let sums = Sums { samples, rows, times: &times, cohort, column: c, deviation: &deviation, variance, n_rows };
        sums.collectives(blocks)
    };
    columns.par_iter().flat_map_iter(of_column).collect()
}

/// Means and variances of E, N₁, … in every state.
#[derive(Debug, Clone, Default)]
pub struct StateMoments {
    /// `[n_states][1 + n_reservoirs]`
    pub mean: Vec<Vec<f64>>,
    /// `[n_states][1 + n_reservoirs]`
    pub variance: Vec<Vec<f64>>,
}

impl StateMoments {
    /// The means that are expected where they are known, and the larger variances; only for states that have samples.
    pub(crate) fn expecting(&self, expected: &StateMoments) -> StateMoments {
        let both = |own: &[Vec<f64>], other: &[Vec<f64>], join: &dyn Fn(f64, f64) -> f64| -> Vec<Vec<f64>> {
            let of_state = |(own, other): (&Vec<f64>, &Vec<f64>)| {
                own.iter()
                    .zip(other)
                    .map(|(&a, &b)| if a.is_finite() && b.is_finite() { join(a, b) } else { a })
                    .collect()
            };
            own.iter().zip(other).map(of_state).collect()
        };
        StateMoments {
            mean: both(&self.mean, &expected.mean, &|_, expected| expected),
            variance: both(&self.variance, &expected.variance, &f64::max),
        }
    }
}

/// States of the same temperature, among those of a cohort.
struct Rows {
    /// `[n_states]`; `None` of other states
    of_state: Vec<Option<usize>>,
    /// kT, ascending [energy]
    kts: Vec<f64>,
    /// Temperatures that have a sum of their own: none if there is only one, or no more states than temperatures.
    n: usize,
}

impl Rows {
    fn new(grid: &StateGrid, is_own: impl Fn(usize) -> bool) -> Rows {
        let own = || grid.states.iter().enumerate().filter(|(k, _)| is_own(*k));
        let mut kts: Vec<f64> = own().map(|(_, s)| s.kt).collect();
        kts.sort_by(f64::total_cmp);
        kts.dedup();
        let mut of_state = vec![None; grid.len()];
        own().for_each(|(k, s)| of_state[k] = Some(kts.partition_point(|&kt| kt < s.kt)));
        let n = if kts.len() < 2 || kts.len() == own().count() { 0 } else { kts.len() };
        Rows { of_state, kts, n }
    }

    /// Sum over all states, then over those of each temperature; what is not finite has no samples.
    fn sums(&self, of_state: impl Fn(usize) -> f64) -> Vec<f64> {
        let mut sums = vec![0.0; 1 + self.kts.len()];
        for (k, row) in self.of_state.iter().enumerate() {
            let value = of_state(k);
            if let Some(row) = row.filter(|_| value.is_finite()) {
                sums[0] += value;
                sums[1 + row] += value;
            }
        }
        sums
    }
}

/// Samples by walker and stored cycle, and along the paths of replicas.
struct Times {
    /// `[n_walkers]`, first index into time of each, then their sum: walkers follow each other
    first: Vec<usize>,
    /// `[n_samples]`
    of_sample: Vec<usize>,
    /// `[n_replicas][length]`, samples in order of time
    paths: Vec<Vec<usize>>,
}

impl Times {
    fn new(samples: &Samples) -> Times {
        let n_walkers = samples.walker.iter().max().map_or(0, |&w| usize::from(w) + 1);
        let mut cycles: Vec<Vec<u32>> = vec![Vec::new(); n_walkers];
        let mut order: Vec<usize> = (0..samples.len()).collect();
        order.sort_by_key(|&n| (samples.walker[n], samples.cycle[n]));
        for n in order {
            let of_walker = &mut cycles[usize::from(samples.walker[n])];
            if of_walker.last() != Some(&samples.cycle[n]) {
                of_walker.push(samples.cycle[n]);
            }
        }
        let mut first = vec![0];
        for of_walker in &cycles {
            first.push(first[first.len() - 1] + of_walker.len());
        }
        let time = |n: usize| {
            let walker = usize::from(samples.walker[n]);
            first[walker] + cycles[walker].partition_point(|&c| c < samples.cycle[n])
        };
        let of_sample = (0..samples.len()).map(time).collect();
        let n_replicas = samples.replica.iter().max().map_or(0, |&r| r as usize + 1);
        let paths = places(samples, n_replicas, |n| samples.replica[n] as usize).into_iter().flatten().collect();
        Times { first, of_sample, paths }
    }

    /// Stored cycles over all walkers.
    fn total(&self) -> usize {
        self.first[self.first.len() - 1]
    }

    /// Longest walker.
    fn longest(&self) -> usize {
        self.first.windows(2).map(|w| w[1] - w[0]).max().unwrap_or(0)
    }

    /// Ascending, from 0, up to a twentieth of the longest walker.
    fn lags(&self) -> Vec<usize> {
        let longest = self.longest();
        let last = ((longest as f64 * FOLLOWED) as usize).max(SHORTEST.min(longest / 4));
        let at = |i: usize| (last as f64).powf(i as f64 / (LAGS - 1) as f64).round() as usize;
        let mut lags: Vec<usize> = std::iter::once(0).chain((0..LAGS).map(at)).filter(|&l| l <= last).collect();
        lags.dedup();
        lags
    }
}

/// One column of deviations, summed over all states and over those of each temperature.
struct Sums<'a> {
    samples: &'a Samples,
    rows: &'a Rows,
    times: &'a Times,
    cohort: usize,
    column: usize,
    /// `[n_samples]`
    deviation: &'a [f64],
    /// `[1 + n_temperatures]`, variances of the sums at one time
    variance: Vec<f64>,
    /// Temperatures that have a sum of their own.
    n_rows: usize,
}

impl Sums<'_> {
    /// The sum over all states first, then of each temperature; those that do not fluctuate are left out.
    fn collectives(&self, blocks: &Blocks) -> Vec<Collective> {
        let lags = self.times.lags();
        let series = self.series();
        let paths = self.along_paths(&lags);
        let n_replicas = self.times.paths.len() as f64;
        series
            .iter()
            .zip(&paths)
            .enumerate()
            .filter_map(|(i, (series, path))| {
                let variance = self.variance[i];
                if variance <= 0.0 || path.covariance[0] <= 0.0 {
                    return None;
                }
                let collective = self.covariances(series, variance, &lags);
                let total = self.times.total() as f64;
                let length = self.times.longest() as f64;
                let g = memory(&lags, &collective, path, n_replicas, (total, length));
                let (of_blocks, smooth, n_blocks) = self.in_blocks(series, blocks);
                let kt = i.checked_sub(1).map(|row| self.rows.kts[row]);
                Some(Collective {
                    cohort: self.cohort,
                    n_blocks,
                    column: self.column,
                    kt,
                    blocks: of_blocks,
                    smooth,
                    variance: g / total,
                    independent: variance * total / g,
                })
            })
            .collect()
    }

    /// S(t): `[1 + n_rows][n_times]`.
    fn series(&self) -> Vec<Vec<f64>> {
        let mut series = vec![vec![0.0; self.times.total()]; 1 + self.n_rows];
        for (n, &t) in self.times.of_sample.iter().enumerate() {
            series[0][t] += self.deviation[n];
            if let Some(row) = self.row(n).filter(|_| self.n_rows > 0) {
                series[1 + row][t] += self.deviation[n];
            }
        }
        series
    }

    /// Temperature of a sample.
    fn row(&self, n: usize) -> Option<usize> {
        self.rows.of_state[self.samples.state[n] as usize]
    }

    /// C(t) = Var S − ½⟨(S(t) − S(0))²⟩ at the lags, averaged over the walkers.
    fn covariances(&self, series: &[f64], variance: f64, lags: &[usize]) -> Vec<f64> {
        let at = |&lag: &usize| {
            let (mut sum, mut pairs) = (0.0, 0);
            for w in self.times.first.windows(2).filter(|w| w[1] - w[0] > lag) {
                let s = &series[w[0]..w[1]];
                sum += s.iter().zip(&s[lag..]).map(|(a, b)| (a - b) * (a - b)).sum::<f64>();
                pairs += s.len() - lag;
            }
            variance - 0.5 * sum / pairs.max(1) as f64
        };
        lags.iter().map(at).collect()
    }

    /// The same sums along the paths of replicas: `[1 + n_rows]`, for one walker.
    fn along_paths(&self, lags: &[usize]) -> Vec<Path> {
        let n_sums = 1 + self.n_rows;
        let row = |n: usize| self.row(n).unwrap_or_default();
        let of_path = |path: &Vec<usize>| {
            let mut covariance = vec![vec![0.0; lags.len()]; n_sums];
            let mut totals = vec![0.0; n_sums];
            let steps: Vec<(f64, usize)> = path.iter().map(|&n| (self.deviation[n], row(n))).collect();
            for &(x, row) in &steps {
                totals[0] += x;
                if self.n_rows > 0 {
                    totals[1 + row] += x;
                }
            }
            for (l, &lag) in lags.iter().enumerate().filter(|(_, lag)| **lag < steps.len()) {
                for (&(x, a), &(y, b)) in steps.iter().zip(&steps[lag..]) {
                    covariance[0][l] += x * y;
                    if self.n_rows > 0 && a == b {
                        covariance[1 + a][l] += x * y;
                    }
                }
                // As many pairs as there are without a lag.
                let scale = steps.len() as f64 / (steps.len() - lag) as f64;
                covariance.iter_mut().for_each(|c| c[l] *= scale);
            }
            (covariance, totals)
        };
        let of_paths: Vec<(Vec<Vec<f64>>, Vec<f64>)> = self.times.paths.par_iter().map(of_path).collect();
        let total = self.times.total() as f64;
        (0..n_sums)
            .map(|i| Path {
                covariance: (0..lags.len())
                    .map(|l| of_paths.iter().map(|(c, _)| c[i][l]).sum::<f64>() / total)
                    .collect(),
                whole: of_paths.iter().map(|(_, t)| t[i] * t[i]).sum::<f64>() / total,
            })
            .collect()
    }

    /// Means of a series over blocks of samples, their sums with those before and after, and how many blocks there are.
    fn in_blocks(&self, series: &[f64], blocks: &Blocks) -> (Vec<f64>, Vec<f64>, usize) {
        let mut block_of_time = vec![None; series.len()];
        for (&t, &block) in self.times.of_sample.iter().zip(&blocks.block_of) {
            block_of_time[t] = Some(block as usize);
        }
        let mut sums = vec![None; blocks.n_blocks];
        for (x, block) in series.iter().zip(&block_of_time) {
            if let Some(block) = *block {
                *sums[block].get_or_insert(0.0) += x;
            }
        }
        let n_blocks = sums.iter().flatten().count();
        let n = n_blocks as f64;
        let mean = sums.iter().flatten().sum::<f64>() / n;
        let about_mean = |s: &Option<f64>| s.map_or(0.0, |s| (s - mean) * n / series.len() as f64);
        let of_blocks: Vec<f64> = sums.iter().map(about_mean).collect();
        let together = |i: usize, j: usize| blocks.walker_of.get(i) == blocks.walker_of.get(j);
        let smooth = (0..of_blocks.len()).map(|i| {
            let near = [i.checked_sub(1), Some(i + 1)].into_iter().flatten();
            let beside = near.filter(|&j| j < of_blocks.len() && together(i, j));
            of_blocks[i] + beside.map(|j| of_blocks[j]).sum::<f64>()
        });
        (of_blocks.clone(), smooth.collect(), n_blocks)
    }
}

/// A sum along the paths of replicas.
struct Path {
    /// At the lags.
    covariance: Vec<f64>,
    /// Over whole paths: the sum of the covariances at all lags.
    whole: f64,
}

/// g Var S from C at the lags, and from the paths beyond.
///
/// - `cycles`: stored ones over all walkers, and of the longest
fn memory(lags: &[usize], collective: &[f64], path: &Path, n_replicas: f64, cycles: (f64, f64)) -> f64 {
    let (total, length) = cycles;
    let variance = collective[0];
    let (mut known, mut of_path) = (0.0, 0.0);
    let mut ended = lags.len() < 2;
    for i in 1..lags.len() {
        let step = (lags[i] - lags[i - 1]) as f64;
        let noise = variance * (f64::max(known / variance, 1.0) / total).sqrt();
        // Twice the trapezium: both signs of the lag.
        known += step * (collective[i].max(0.0) + collective[i - 1]);
        of_path += step * (path.covariance[i].max(0.0) + path.covariance[i - 1].max(0.0));
        ended = collective[i] <= NOISE * noise;
        if ended {
            // A path may remember longer than the sum, in which replicas make room for each other: that is no memory of it.
            for j in i + 1..lags.len() {
                if path.covariance[j - 1] <= 0.0 {
                    break;
                }
                let step = (lags[j] - lags[j - 1]) as f64;
                of_path += step * (path.covariance[j].max(0.0) + path.covariance[j - 1]);
            }
            break;
        }
    }
    let (known, of_path) = (known.max(variance), of_path.max(path.covariance[0]));
    if ended {
        // No slow part shows: what paths say beyond their own noise remains.
        let noise = (2.0 / n_replicas).sqrt();
        return known + (path.whole - of_path * (1.0 + noise)).max(0.0);
    }
    let last = lags[lags.len() - 1];
    let from = lags.iter().position(|&lag| 2 * lag >= last).unwrap_or(0);
    let late = |c: &[f64]| c[from..].iter().sum::<f64>() / (lags.len() - from) as f64;
    let noise = variance * (of_path / variance / total / n_replicas).sqrt();
    let kappa = (late(collective) / late(&path.covariance).max(0.5 * noise)).clamp(1.0, LARGEST);
    let rest = (path.whole - of_path).max(0.0);
    known + decay(lags, collective, from, length).clamp(rest, kappa * rest)
}

/// 2 Σ_{t > t*} C(t) of a run, if C goes on to fall as it did since the lag of index `from`.
fn decay(lags: &[usize], collective: &[f64], from: usize, length: f64) -> f64 {
    let (first, last) = (collective[from], collective[collective.len() - 1]);
    let (since, until) = (lags[from] as f64, lags[lags.len() - 1] as f64);
    let tau = (until - since) / (first / last).ln();
    // A C that rises, or falls too slowly to show, lasts for as long as the run.
    let tau = if tau > 0.0 { tau.min(length) } else { length };
    2.0 * last.max(0.0) * tau * (1.0 - (-(length - until) / tau).exp())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::SampleRow;
    use crate::thermo::Convention;
    use crate::thermo::states::ReservoirAxis;
    use rand::{RngExt, SeedableRng};

    /// Replicas with a memory of `tau` cycles that wander over 12 states at one temperature, each with the same
    /// distribution of N: two values of equal probability.
    fn wandering(tau: f64, cycles: u32, seed: u64) -> (Samples, StateGrid) {
        let values = (0..12).map(f64::from).collect();
        let axis = ReservoirAxis { species: "B".into(), convention: Convention::Activity, values };
        let grid = StateGrid::product(&[1.0], 1.0, &[axis]);
        let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(seed);
        let mut dense: Vec<bool> = (0..12).map(|_| rng.random()).collect();
        let mut holder: Vec<u32> = (0..12).collect();
        let mut samples = Samples::new(1);
        for cycle in 0..cycles {
            for basin in &mut dense {
                if rng.random::<f64>() < 1.0 / tau {
                    *basin = rng.random();
                }
            }
            for _ in 0..6 {
                let (a, b) = (rng.random_range(0..12), rng.random_range(0..12));
                holder.swap(a, b);
            }
            for (state, &replica) in holder.iter().enumerate() {
                let n = 10 * u16::from(dense[replica as usize]);
                let row = SampleRow { cycle, walker: 0, replica, state: state as u32, energy: 0.0, counts: &[n] };
                samples.push(row);
            }
        }
        (samples, grid)
    }

    #[test]
    fn few_independent_samples_widen_what_is_quoted() {
        let of = |independent: f64| Collective {
            cohort: 0,
            n_blocks: 0,
            column: 1,
            kt: None,
            blocks: Vec::new(),
            smooth: Vec::new(),
            variance: 2.0,
            independent,
        };
        for (independent, factor) in [(1e9, 1.0), (8.0, 4.0 / 3.0), (4.0, 2.0), (3.0, 3.0), (0.5, 3.0)] {
            let found = of(independent).quoted_variance() / 2.0;
            assert!((found - factor).abs() < 1e-6, "{independent}: {found}");
        }
    }

    /// Mean of the estimated g of ΣN over some runs; what every state has for certain is given as MBAR would.
    fn estimated(tau: f64, cycles: u32) -> f64 {
        let runs = 12;
        let g = |seed: u64| {
            let (samples, grid) = wandering(tau, cycles, seed);
            let moments = StateMoments { mean: vec![vec![0.0, 5.0]; 12], variance: vec![vec![0.0, 25.0]; 12] };
            let cohorts = Cohorts::one(12, cycles);
            let blocks = Blocks::new(&samples, &[1.0; 12], &cohorts);
            let found = collectives(&samples, &grid, &moments, &blocks, &cohorts);
            assert_eq!(found.len(), 1, "E is constant, and there is one temperature");
            found[0].variance * f64::from(cycles) / (12.0 * 25.0)
        };
        (0..runs).map(g).sum::<f64>() / runs as f64
    }

    #[test]
    fn what_is_left_of_a_decay_is_its_integral() {
        let lags = [0, 10, 20, 50, 70, 100];
        for tau in [30.0, 300.0, 3e5] {
            let c: Vec<f64> = lags.iter().map(|&t| 4.0 * (-f64::from(t as u16) / tau).exp()).collect();
            let exact = 8.0 * tau * ((-100.0 / tau).exp() - (-2000.0 / tau).exp());
            let found = decay(&lags, &c, 3, 2000.0);
            // The longest is taken to last for as long as the run, and no longer.
            let range = if tau < 1e4 { 0.999..1.001 } else { 0.6..1.0 };
            assert!(range.contains(&(found / exact)), "τ = {tau}: {found} instead of {exact}");
        }
        assert_eq!(decay(&lags, &[1.0, 0.5, 0.2, 0.1, 0.0, -0.1], 3, 2000.0), 0.0);
    }

    #[test]
    fn a_memory_that_exchange_hides_is_found() {
        // g = 2τ of a finite run: the state's own series have lost a replica after two cycles.
        for (tau, cycles) in [(4.0, 2000), (40.0, 2000), (400.0, 2000)] {
            let x = f64::from(cycles) / tau;
            let exact = 2.0 * tau * (1.0 - (1.0 - (-x).exp()) / x);
            let g = estimated(tau, cycles);
            assert!((0.75..1.4).contains(&(g / exact)), "τ = {tau}: {g:.1} instead of {exact:.1}");
        }
    }
}
