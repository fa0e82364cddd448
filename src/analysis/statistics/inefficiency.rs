//! Statistical inefficiency: how many stored samples are worth one independent one.

use crate::sample::Samples;

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

/// Statistical inefficiencies of a run, in stored samples.
#[derive(Debug, Clone)]
pub struct Inefficiencies {
    /// `[n_states]`, of the energy at each state
    pub energy: Vec<f64>,
    /// `[n_states][n_reservoirs]`, of N_s at each state
    pub counts: Vec<Vec<f64>>,
    /// `[n_states]`, of a fluctuation at each state followed along the paths of the replicas
    pub path: Vec<f64>,
}

impl Inefficiencies {
    /// The inefficiencies of every state series and replica path.
    ///
    /// Along the path of a replica E and N are taken relative to mean and width of the state that it holds at the time:
    /// a replica that keeps a memory while it changes states shows here and not in the state series.
    pub fn new(samples: &Samples, n_states: usize) -> Inefficiencies {
        let by_state = places(samples, n_states, |n| samples.state[n] as usize);
        let column = |c: usize, n: usize| match c {
            0 => samples.energy[n],
            _ => f64::from(samples.counts[c - 1][n]),
        };
        let n_columns = 1 + samples.counts.len();
        let mut result = Inefficiencies { energy: Vec::new(), counts: Vec::new(), path: vec![1.0; n_states] };
        // Mean and width per state and column.
        let mut mean = vec![vec![0.0; n_columns]; n_states];
        let mut width = vec![vec![0.0; n_columns]; n_states];
        for (k, chains) in by_state.iter().enumerate() {
            let mut of_column = Vec::with_capacity(n_columns);
            for c in 0..n_columns {
                let series: Vec<Vec<f64>> =
                    chains.iter().map(|chain| chain.iter().map(|&n| column(c, n)).collect()).collect();
                let total = series.iter().map(Vec::len).sum::<usize>().max(1) as f64;
                let m = series.iter().flatten().sum::<f64>() / total;
                mean[k][c] = m;
                width[k][c] = (series.iter().flatten().map(|x| (x - m) * (x - m)).sum::<f64>() / total).sqrt();
                of_column.push(inefficiency(&series));
            }
            result.energy.push(of_column[0]);
            result.counts.push(of_column[1..].to_vec());
        }
        let n_replicas = samples.replica.iter().max().map_or(0, |&r| r as usize + 1);
        let paths: Vec<Vec<usize>> =
            places(samples, n_replicas, |n| samples.replica[n] as usize).into_iter().flatten().collect();
        let states: Vec<Vec<usize>> =
            paths.iter().map(|path| path.iter().map(|&n| samples.state[n] as usize).collect()).collect();
        for c in 0..n_columns {
            let residual = |n: usize| {
                let k = samples.state[n] as usize;
                // A width that is rounding noise of a constant is none.
                let constant = width[k][c] <= 1e-12 * mean[k][c].abs().max(1e-300);
                if constant { 0.0 } else { (column(c, n) - mean[k][c]) / width[k][c] }
            };
            let residuals: Vec<Vec<f64>> =
                paths.iter().map(|path| path.iter().map(|&n| residual(n)).collect()).collect();
            for (path, g) in result.path.iter_mut().zip(along_paths(&states, &residuals, n_states)) {
                *path = path.max(g);
            }
        }
        result
    }

    /// The larger of those of E and N of the series of a state.
    pub fn series(&self, state: usize) -> f64 {
        self.counts[state].iter().fold(self.energy[state], |m, &g| m.max(g))
    }

    /// The larger of the state series and the replica paths.
    pub fn of_state(&self, state: usize) -> f64 {
        self.series(state).max(self.path[state])
    }
}

/// Longest lag followed along a path.
const LONGEST_LAG: usize = 1000;

/// g of each state from the autocorrelation of residuals along paths that start in the state.
///
/// As [`inefficiency`], with ρ_t the mean of x(0) x(t) over all samples of the state, wherever the replica is t later.
///
/// - `states`, `residuals`: `[n_paths][length]`; residuals have mean 0 and variance 1 in each state
fn along_paths(states: &[Vec<usize>], residuals: &[Vec<f64>], n_states: usize) -> Vec<f64> {
    let longest = states.iter().map(Vec::len).max().unwrap_or(0);
    let mut g = vec![-1.0_f64; n_states];
    let mut last = vec![f64::INFINITY; n_states];
    let mut active = vec![true; n_states];
    for lag in (0..(longest / 2).min(LONGEST_LAG)).step_by(2) {
        let mut sum = vec![[0.0; 2]; n_states];
        let mut count = vec![[0.0; 2]; n_states];
        for (states, x) in states.iter().zip(residuals) {
            for t in (0..states.len().saturating_sub(lag)).filter(|&t| active[states[t]]) {
                for odd in 0..2 {
                    if let Some(later) = x.get(t + lag + odd) {
                        sum[states[t]][odd] += x[t] * later;
                        count[states[t]][odd] += 1.0;
                    }
                }
            }
        }
        for k in (0..n_states).filter(|&k| active[k]).collect::<Vec<_>>() {
            let pair: f64 = (0..2).filter(|&o| count[k][o] > 0.0).map(|o| sum[k][o] / count[k][o]).sum();
            if pair <= 0.0 {
                active[k] = false;
                continue;
            }
            last[k] = last[k].min(pair);
            g[k] += 2.0 * last[k];
        }
        if active.iter().all(|a| !a) {
            break;
        }
    }
    g.iter().map(|g| g.max(1.0)).collect()
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
