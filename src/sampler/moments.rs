//! Averages of every state, accumulated on line in f64: no sample needs to be stored for them.

mod of_states;

pub(super) use of_states::MomentsOfStates;
use serde::{Deserialize, Serialize};

/// Means and covariances of (E, N₁, N₂, …) of one state in one walker, with the blocks that give their errors.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Moments {
    /// Samples so far.
    pub samples: u64,
    /// `[1 + n_reservoirs]`, means of E, N₁, …
    pub mean: Vec<f64>,
    /// `[(1 + n_reservoirs)²]`, sums of products of deviations.
    products: Vec<f64>,
    /// `[n_reservoirs]`, samples with N_s = N_max.
    pub at_max: Vec<u64>,
    /// `[1 + n_reservoirs]`
    blocks: Vec<Blocking>,
}

impl Moments {
    /// Empty moments of `n_reservoirs` species.
    pub fn new(n_reservoirs: usize) -> Moments {
        let d = 1 + n_reservoirs;
        Moments {
            samples: 0,
            mean: vec![0.0; d],
            products: vec![0.0; d * d],
            at_max: vec![0; n_reservoirs],
            blocks: vec![Blocking::default(); d],
        }
    }

    /// Whether these are moments of so many samples of `n_reservoirs` species: they may come from a file.
    pub(crate) fn is_of(&self, samples: u64, n_reservoirs: usize) -> bool {
        let d = 1 + n_reservoirs;
        self.mean.len() == d
            && self.products.len() == d * d
            && self.at_max.len() == n_reservoirs
            && self.blocks.len() == d
            // no count may run over
            && samples < u64::MAX / 2
            && self.samples == samples
            && self.blocks.iter().all(|b| b.is_of(samples))
    }

    /// Adds one cycle.
    ///
    /// - `counts`, `max_atoms`: `[n_reservoirs]`
    pub fn add(&mut self, energy: f64, counts: &[u16], max_atoms: &[u16]) {
        self.samples += 1;
        let d = self.mean.len();
        let value = |k: usize| if k == 0 { energy } else { f64::from(counts[k - 1]) };
        let mut before = [0.0; 9];
        for k in 0..d {
            before[k] = value(k) - self.mean[k];
            self.mean[k] += before[k] / self.samples as f64;
            self.blocks[k].add(value(k));
        }
        for k in 0..d {
            for l in 0..d {
                self.products[k * d + l] += before[k] * (value(l) - self.mean[l]);
            }
        }
        for (at_max, (n, max)) in self.at_max.iter_mut().zip(counts.iter().zip(max_atoms)) {
            *at_max += u64::from(n == max);
        }
    }

    /// Covariance of two of (E, N₁, …): k = 0 is E. Divided by the number of samples.
    pub fn covariance(&self, k: usize, l: usize) -> f64 {
        self.products[k * self.mean.len() + l] / self.samples as f64
    }

    /// Statistical inefficiency of one of (E, N₁, …) in cycles, at least 1.
    pub fn inefficiency(&self, k: usize) -> f64 {
        self.blocks[k].inefficiency()
    }

    /// The moments of two walkers taken together (blocks are not merged: errors come from each).
    fn merge(&mut self, other: &Moments) {
        let (n, m) = (self.samples as f64, other.samples as f64);
        if other.samples == 0 {
            return;
        }
        let d = self.mean.len();
        let shift: Vec<f64> = (0..d).map(|k| other.mean[k] - self.mean[k]).collect();
        for k in 0..d {
            for l in 0..d {
                self.products[k * d + l] += other.products[k * d + l] + shift[k] * shift[l] * n * m / (n + m);
            }
        }
        for k in 0..d {
            self.mean[k] += shift[k] * m / (n + m);
        }
        for (a, b) in self.at_max.iter_mut().zip(&other.at_max) {
            *a += b;
        }
        self.samples += other.samples;
    }
}

/// Averages of one state over all walkers, with standard errors.
#[derive(Debug, Clone, PartialEq)]
pub struct StateAverage {
    /// Samples over all walkers.
    pub samples: u64,
    /// `[1 + n_reservoirs]`, means of E, N₁, …
    pub mean: Vec<f64>,
    /// `[1 + n_reservoirs]`, standard errors.
    pub error: Vec<f64>,
    /// `[1 + n_reservoirs][1 + n_reservoirs]`
    pub covariance: Vec<Vec<f64>>,
    /// `[n_reservoirs]`, P(N_max)
    pub p_n_max: Vec<f64>,
    /// The larger of the inefficiencies of E and N, in cycles.
    pub inefficiency: f64,
}

/// Below this many walkers their spread says too little about the error.
const WALKERS_FOR_SPREAD: usize = 4;

/// Joins the walkers of one state.
///
/// The standard error is that of independent walkers with their own inefficiencies, √(Σ_w var_w g_w/n_w)/W; with at
/// least four walkers their spread is taken where it is larger (walkers that do not agree are not equilibrated).
pub fn average(walkers: &[&Moments]) -> StateAverage {
    let mut all = walkers[0].clone();
    walkers[1..].iter().for_each(|w| all.merge(w));
    let (d, n_walkers) = (all.mean.len(), walkers.len() as f64);
    let mut error = vec![0.0; d];
    let mut inefficiency = 1.0_f64;
    for k in 0..d {
        let mut square = 0.0;
        for w in walkers.iter().filter(|w| w.samples > 0) {
            let g = w.inefficiency(k);
            square += w.covariance(k, k) * g / w.samples as f64;
            inefficiency = inefficiency.max(g);
        }
        square /= n_walkers * n_walkers;
        if walkers.len() >= WALKERS_FOR_SPREAD {
            let spread: f64 = walkers.iter().map(|w| (w.mean[k] - all.mean[k]).powi(2)).sum();
            square = square.max(spread / (n_walkers * (n_walkers - 1.0)));
        }
        error[k] = square.sqrt();
    }
    StateAverage {
        samples: all.samples,
        error,
        covariance: (0..d).map(|k| (0..d).map(|l| all.covariance(k, l)).collect()).collect(),
        p_n_max: all.at_max.iter().map(|&m| m as f64 / all.samples as f64).collect(),
        mean: all.mean,
        inefficiency,
    }
}

/// Block averages of doubling length, in memory that grows with the logarithm of the series.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
struct Blocking {
    levels: Vec<Level>,
}

/// Blocks of one length.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
struct Level {
    waiting: Option<f64>,
    blocks: u64,
    mean: f64,
    square: f64,
}

impl Level {
    fn variance(&self) -> f64 {
        self.square / self.blocks as f64
    }
}

/// Fewer blocks than this say too little about their variance.
const MIN_BLOCKS: u64 = 16;

/// Levels of a series of so many samples: its blocks of length 2^k are `samples >> k`, of which an odd one waits for its partner.
fn n_levels(samples: u64) -> usize {
    (u64::BITS - samples.leading_zeros()) as usize
}

impl Blocking {
    /// Whether these are the blocks of so many samples.
    fn is_of(&self, samples: u64) -> bool {
        let fits = |(depth, level): (usize, &Level)| {
            level.blocks == samples >> depth && level.waiting.is_some() != level.blocks.is_multiple_of(2)
        };
        self.levels.len() == n_levels(samples) && self.levels.iter().enumerate().all(fits)
    }

    fn add(&mut self, value: f64) {
        let mut carry = Some(value);
        let mut depth = 0;
        while let Some(x) = carry {
            if depth == self.levels.len() {
                self.levels.push(Level::default());
            }
            let level = &mut self.levels[depth];
            level.blocks += 1;
            let before = x - level.mean;
            level.mean += before / level.blocks as f64;
            level.square += before * (x - level.mean);
            carry = match level.waiting.take() {
                Some(first) => Some(0.5 * (first + x)),
                None => {
                    level.waiting = Some(x);
                    None
                }
            };
            depth += 1;
        }
    }

    /// g = B·Var(block mean)/Var(sample) at the shortest block length B with B³ > 2 n g², at least 1.
    ///
    /// # Source
    /// Flyvbjerg & Petersen, J. Chem. Phys. 91, 461 (1989); the choice of B: Lee, Kumar, Jr. & Umrigar,
    /// Phys. Rev. E 83, 066706 (2011).
    fn inefficiency(&self) -> f64 {
        let Some(first) = self.levels.first().filter(|l| l.blocks > 1 && l.square > 0.0) else { return 1.0 };
        let (n, mut g) = (first.blocks as f64, 1.0_f64);
        for (depth, level) in self.levels.iter().enumerate() {
            if level.blocks < MIN_BLOCKS {
                break;
            }
            let length = 2f64.powi(depth as i32);
            let here = length * level.variance() / first.variance() * level.blocks as f64 / (level.blocks as f64 - 1.0);
            g = g.max(here);
            if length.powi(3) > 2.0 * n * here * here {
                break;
            }
        }
        g
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::rng::{Rng, Stream};

    /// x' = φ x + √(1−φ²) ξ has g = (1+φ)/(1−φ).
    fn autoregressive(phi: f64, n: u64) -> Vec<f64> {
        let rng = Rng::new(5);
        let mut x = 0.0;
        (0..n)
            .map(|k| {
                x = phi * x + (1.0 - phi * phi).sqrt() * rng.gaussians(Stream::Thermostat, k, 0, 0).x;
                x
            })
            .collect()
    }

    #[test]
    fn the_inefficiency_of_an_autoregressive_series() {
        for phi in [0.0, 0.5, 0.9] {
            let mut moments = Moments::new(0);
            autoregressive(phi, 40_000).into_iter().for_each(|x| moments.add(x, &[], &[]));
            let (g, exact) = (moments.inefficiency(0), (1.0 + phi) / (1.0 - phi));
            assert!((g / exact - 1.0).abs() < 0.2, "φ = {phi}: {g} instead of {exact}");
        }
    }

    #[test]
    fn walkers_together_equal_one_long_series() {
        let series = autoregressive(0.3, 1000);
        let (mut a, mut b, mut whole) = (Moments::new(1), Moments::new(1), Moments::new(1));
        for (k, &x) in series.iter().enumerate() {
            let n = (k % 7) as u16;
            if k < 300 {
                a.add(x, &[n], &[6])
            } else {
                b.add(x, &[n], &[6])
            }
            whole.add(x, &[n], &[6]);
        }
        let joined = average(&[&a, &b]);
        assert_eq!(joined.samples, 1000);
        for k in 0..2 {
            assert!((joined.mean[k] - whole.mean[k]).abs() < 1e-12);
            for l in 0..2 {
                assert!((joined.covariance[k][l] - whole.covariance(k, l)).abs() < 1e-12);
            }
        }
        assert!((joined.p_n_max[0] - 0.142).abs() < 1e-9);
    }

    #[test]
    fn a_constant_series_has_no_error() {
        let mut moments = Moments::new(1);
        (0..100).for_each(|_| moments.add(-3.0, &[12], &[64]));
        let joined = average(&[&moments]);
        assert_eq!((joined.error[0], joined.error[1], joined.inefficiency), (0.0, 0.0, 1.0));
    }
}
