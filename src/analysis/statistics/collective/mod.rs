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
//! Where C falls below its noise before t*, only what paths show beyond their own noise is added; nothing to sums over thirds of the states, whose memory is
//! seen to end, while replicas go on to make room for each other.
//!
//! `docs/validation.md` has the z-scores that led to these choices.

mod memory;
mod sums;
mod times;

use crate::analysis::statistics::blocks::Blocks;
use crate::analysis::statistics::cohorts::Cohorts;
use crate::sample::Samples;
use crate::thermo::states::StateGrid;
use rayon::prelude::*;
use sums::Sums;
use times::{Rows, Times};

/// Independent samples of a sum that are assumed at least where its error is quoted.
const FEWEST: f64 = 3.0;

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
    over_cohorts(samples, moments, blocks, cohorts, |part| {
        let rows = Rows::new(grid, &part.is_own);
        // E of a temperature follows its N.
        let of_column = |c: &usize| part.sums(*c, &rows, if *c == 0 { 0 } else { rows.n });
        let columns: Vec<usize> = (0..=samples.counts.len()).collect();
        columns.par_iter().flat_map_iter(of_column).collect()
    })
}

/// Sums of the deviations of every N over a third of the states of each cohort: those in which its mean is least, the next third, and
/// the last; none where a cohort has too few states.
///
/// In a sum over all states what happens where a layer fills is lost beside what dense states remember for longest, and a boundary
/// that goes through all temperatures is in no sum over one of them. Over 72 runs of the default scene the second third has r² = 0.9 with
/// the gas → √3×√3 line and with ⟨N⟩ along the continuous boundary, those over all states and over each temperature 0.35 at most.
///
/// - `moments`: of every state
pub fn by_filling(samples: &Samples, moments: &StateMoments, blocks: &Blocks, cohorts: &Cohorts) -> Vec<Collective> {
    over_cohorts(samples, moments, blocks, cohorts, |part| {
        let of_column = |&c: &usize| {
            let rows = Rows::by_filling(&part.is_own, |k| moments.mean[k][c]);
            let found = rows.map(|rows| part.sums(c, &rows, rows.n));
            let thirds = found.into_iter().flatten().filter(|sum| sum.kt.is_some());
            thirds.map(|sum| Collective { kt: None, ..sum }).collect::<Vec<_>>()
        };
        let columns: Vec<usize> = (1..=samples.counts.len()).collect();
        columns.par_iter().flat_map_iter(of_column).collect()
    })
}

/// What is found in each cohort.
fn over_cohorts(
    samples: &Samples,
    moments: &StateMoments,
    blocks: &Blocks,
    cohorts: &Cohorts,
    find: impl Fn(&Part<'_>) -> Vec<Collective>,
) -> Vec<Collective> {
    let n_states = moments.mean.len();
    let of = |samples: &Samples, blocks: &Blocks, cohort: usize, is_own: Vec<bool>| {
        if samples.is_empty() {
            return Vec::new();
        }
        find(&Part { samples, times: &Times::new(samples), moments, blocks, cohort, is_own })
    };
    if cohorts.len() == 1 {
        return of(samples, blocks, 0, vec![true; n_states]);
    }
    let of_cohort = |(c, cohort): (usize, &super::cohorts::Cohort)| {
        let own = |n: &usize| cohorts.of(samples.walker[*n]) == c;
        let block_of = (0..samples.len()).filter(own).map(|n| blocks.block_of[n]).collect();
        let is_own = (0..n_states).map(|k| cohort.states.binary_search(&(k as u32)).is_ok()).collect();
        of(&samples.numbers(|n| own(&n)), &Blocks { block_of, ..blocks.clone() }, c, is_own)
    };
    cohorts.iter().enumerate().flat_map(of_cohort).collect()
}

/// Samples of a cohort.
struct Part<'a> {
    samples: &'a Samples,
    times: &'a Times,
    moments: &'a StateMoments,
    /// Of these samples.
    blocks: &'a Blocks,
    cohort: usize,
    /// `[n_states]`
    is_own: Vec<bool>,
}

impl Part<'_> {
    /// Sums of a column over all states and over the first `n_rows` rows.
    fn sums(&self, column: usize, rows: &Rows, n_rows: usize) -> Vec<Collective> {
        let Part { samples, times, moments, blocks, cohort, .. } = *self;
        let mean = |n: usize| moments.mean[samples.state[n] as usize][column];
        let deviation: Vec<f64> = (0..samples.len()).map(|n| samples.value(column, n) - mean(n)).collect();
        let variance = rows.sums(|k| moments.variance[k][column]);
        Sums { samples, rows, times, cohort, column, deviation: &deviation, variance, n_rows }.collectives(blocks)
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::statistics::blocks::Draws;
    use crate::analysis::statistics::inefficiency::Memory;
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
    fn thirds_by_mean_add_up_to_the_sum_over_all_states_and_enter_every_error() {
        // The place of state k by mean is 7k mod 36. Those of the middle third remember for 200 cycles, the others fluctuate ten times as far and
        // forget at once; nothing is exchanged.
        let place = |k: usize| 7 * k % 36;
        let is_middle = |k: usize| (12..24).contains(&place(k));
        let values = (0..36).map(f64::from).collect();
        let axis = ReservoirAxis { species: "B".into(), convention: Convention::Activity, values };
        let grid = StateGrid::product(&[1.0], 1.0, &[axis]);
        let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(3);
        let mut samples = Samples::new(1);
        let mut dense = [false; 36];
        for cycle in 0..2000 {
            for (k, dense) in dense.iter_mut().enumerate() {
                if !is_middle(k) || rng.random::<f64>() < 1.0 / 200.0 {
                    *dense = rng.random();
                }
                let n = 500 * place(k) as u16 + u16::from(*dense) * if is_middle(k) { 10 } else { 100 };
                let (replica, state) = (k as u32, k as u32);
                samples.push(SampleRow { cycle, walker: 0, replica, state, energy: 0.0, counts: &[n] });
            }
        }
        let half = |k: usize| if is_middle(k) { 5.0 } else { 50.0 };
        let moments = StateMoments {
            mean: (0..36).map(|k| vec![0.0, (500 * place(k)) as f64 + half(k)]).collect(),
            variance: (0..36).map(|k| vec![0.0, half(k) * half(k)]).collect(),
        };
        let cohorts = Cohorts::one(36, 2000);
        let memory = Memory::new(&samples, &grid, Some(&moments), &cohorts, 1);
        let blocks = &memory.blocks;
        let thirds = by_filling(&samples, &moments, blocks, &cohorts);
        assert_eq!(thirds.len(), 3);
        for (b, all) in memory.collectives[0].blocks.iter().enumerate() {
            assert!((thirds.iter().map(|t| t.blocks[b]).sum::<f64>() - all).abs() < 1e-6);
        }
        let mut by_hand = vec![0.0; blocks.n_blocks];
        for n in (0..samples.len()).filter(|&n| is_middle(samples.state[n] as usize)) {
            by_hand[blocks.block_of[n] as usize] += samples.value(1, n) - moments.mean[samples.state[n] as usize][1];
        }
        let mean = by_hand.iter().sum::<f64>() / by_hand.len() as f64;
        for (b, sum) in by_hand.iter().enumerate() {
            let of_cycle = (sum - mean) * by_hand.len() as f64 / 2000.0;
            assert!((thirds[1].blocks[b] - of_cycle).abs() < 1e-6, "block {b}: {} and {of_cycle}", thirds[1].blocks[b]);
        }
        // What follows the middle one has its error, which neither blocks nor the sum over all states know.
        let drawn = |draws: &Draws| -> f64 {
            let mean = |m: &Vec<f64>| m.iter().zip(&thirds[1].blocks).map(|(m, x)| m * x).sum::<f64>() / m.len() as f64;
            draws.spread(&draws.multiplicity.iter().map(|m| vec![mean(m)]).collect::<Vec<_>>(), |_| 1.0)[0]
        };
        let without = Draws::one_halved(&blocks.cohorts(&cohorts), &memory.collectives);
        let error = thirds[1].quoted_variance().sqrt();
        assert!(drawn(&memory.halving) > 0.99 * error && drawn(&without) < drawn(&memory.halving), "{error}");
        assert!(Rows::by_filling(&[true; 35], |k| k as f64).is_none(), "too few states");
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
