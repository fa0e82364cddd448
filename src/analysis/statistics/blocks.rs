//! Blocks of time, and how they are drawn.

use crate::analysis::statistics::cohorts::Cohorts;
use crate::analysis::statistics::collective::Collective;
use crate::sample::Samples;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

/// Resamples of a default analysis: the standard error of an error is then 10 %.
pub const RESAMPLES: usize = 60;
/// Blocks are at least this many statistical inefficiencies long, if that leaves enough of them.
const INEFFICIENCIES_PER_BLOCK: f64 = 5.0;
/// What is left of the weight of a block that is halved.
const LEFT: f64 = 0.5;
/// Temperatures are the same within this.
const SAME_KT: f64 = 1e-9;
/// Fewest and most blocks over all walkers of a cohort.
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
    /// - `inefficiency`: `[n_states]`, g in stored samples; blocks are five times the g that 90 % of the states of the cohort
    ///   keep below, but a cohort never has fewer than 20 blocks nor more than 100
    pub fn new(samples: &Samples, inefficiency: &[f64], cohorts: &Cohorts) -> Blocks {
        let mut of_cohort: Vec<Vec<usize>> = vec![Vec::new(); cohorts.len()];
        (0..samples.len()).for_each(|n| of_cohort[cohorts.of(samples.walker[n])].push(n));
        let mut block_of = vec![0; samples.len()];
        let mut walker_of = Vec::new();
        for (members, cohort) in of_cohort.iter().zip(cohorts.iter()) {
            let g: Vec<f64> = cohort.states.iter().map(|&k| inefficiency[k as usize]).collect();
            let intervals = Intervals::new(samples, members, g);
            let raw: Vec<(u16, u64)> = members.iter().map(|&n| intervals.of(samples, n)).collect();
            let mut used = raw.clone();
            used.sort_unstable();
            used.dedup();
            let first = walker_of.len();
            for (&n, block) in members.iter().zip(&raw) {
                block_of[n] = (first + used.binary_search(block).unwrap_or_default()) as u32;
            }
            walker_of.extend(used.iter().map(|&(walker, _)| walker));
        }
        let n_blocks = walker_of.len();
        Blocks { block_of, walker_of, n_blocks }
    }

    /// `[n_blocks]`, the cohort of each.
    pub fn cohorts(&self, cohorts: &Cohorts) -> Vec<usize> {
        self.walker_of.iter().map(|&walker| cohorts.of(walker)).collect()
    }
}

/// Equal intervals of the time of a cohort.
struct Intervals {
    /// First cycle.
    from: u32,
    /// Cycles in all.
    span: u64,
    /// How many there are.
    per_walker: u64,
}

impl Intervals {
    /// - `members`: samples of the cohort
    /// - `g`: inefficiencies of its states
    fn new(samples: &Samples, members: &[usize], mut g: Vec<f64>) -> Intervals {
        let cycles = members.iter().map(|&n| samples.cycle[n]);
        let (from, to) = (cycles.clone().min().unwrap_or(0), cycles.max().unwrap_or(0));
        let mut walkers: Vec<u16> = members.iter().map(|&n| samples.walker[n]).collect();
        walkers.sort_unstable();
        walkers.dedup();
        let n_walkers = walkers.len().max(1);
        // Stored cycles of one walker: one sample per state each.
        let stored = members.len() as f64 / (g.len().max(1) * n_walkers) as f64;
        g.sort_by(f64::total_cmp);
        let g = g.get(g.len() * 9 / 10).copied().unwrap_or(1.0);
        let wanted = (stored / (INEFFICIENCIES_PER_BLOCK * g)) as usize;
        let per_walker = wanted.clamp(BLOCKS.0.div_ceil(n_walkers), BLOCKS.1.div_ceil(n_walkers));
        Intervals { from, span: u64::from(to - from) + 1, per_walker: per_walker as u64 }
    }

    /// Walker and interval of a sample.
    fn of(&self, samples: &Samples, n: usize) -> (u16, u64) {
        (samples.walker[n], u64::from(samples.cycle[n] - self.from) * self.per_walker / self.span)
    }
}

/// Draws of the blocks, with the collective coordinates of each.
#[derive(Debug, Clone)]
pub struct Draws {
    /// `[n_draws][n_blocks]`, how often each block was drawn
    pub multiplicity: Vec<Vec<f64>>,
    slow: Vec<Slow>,
    /// Blocks of the smallest cohort.
    n_blocks: usize,
    kind: Kind,
}

/// How blocks are drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// At random with replacement, as many of each cohort as it has: the bootstrap.
    AtRandom,
    /// All, one of them with half its weight, each in its turn: a jackknife. It has no noise of draws. Nothing is lost altogether, so that what
    /// rests on a single block has an error too.
    OneHalved,
}

/// A collective coordinate in every draw.
#[derive(Debug, Clone)]
struct Slow {
    /// Index of its cohort, and blocks of that.
    cohort: usize,
    n_blocks: usize,
    /// kT of its states; `None` if it is all of them \[energy\]
    kt: Option<f64>,
    /// `[n_draws]`, about zero
    drawn: Vec<f64>,
    /// `[n_draws]`, about zero: the slope of a quantity against the coordinate is its sum with the quantity
    slope: Vec<f64>,
    /// Square of the standard error of the coordinate.
    variance: f64,
}

impl Draws {
    /// Draws with replacement, as many blocks of each cohort as it has.
    ///
    /// - `cohort_of`: `[n_blocks]`
    /// - `slow`: what blocks are too short for
    pub fn new(cohort_of: &[usize], slow: &[Collective], seed: u64, draws: usize) -> Draws {
        let cohorts = blocks_of(cohort_of);
        let multiplicity: Vec<Vec<f64>> = (0..draws)
            .map(|number| {
                let mut rng = ChaCha8Rng::seed_from_u64(seed);
                rng.set_stream(number as u64);
                let mut drawn = vec![0.0; cohort_of.len()];
                for blocks in &cohorts {
                    for _ in 0..blocks.len() {
                        drawn[blocks[rng.random_range(0..blocks.len())]] += 1.0;
                    }
                }
                drawn
            })
            .collect();
        Draws::of_kind(Kind::AtRandom, multiplicity, &cohorts, slow)
    }

    /// All blocks, of which one counts half, for every block; the others of its cohort count more instead.
    ///
    /// - `cohort_of`: `[n_blocks]`
    /// - `slow`: what blocks are too short for
    pub fn one_halved(cohort_of: &[usize], slow: &[Collective]) -> Draws {
        let cohorts = blocks_of(cohort_of);
        let halving = |(own, halved): (&Vec<usize>, usize)| -> Vec<f64> {
            let more = 1.0 + (1.0 - LEFT) / (own.len() as f64 - 1.0).max(1.0);
            let mut drawn = vec![1.0; cohort_of.len()];
            own.iter().for_each(|&block| drawn[block] = if block == halved { LEFT } else { more });
            drawn
        };
        let all = cohorts.iter().flat_map(|own| own.iter().map(move |&block| (own, block)));
        let multiplicity = all.map(halving).collect();
        Draws::of_kind(Kind::OneHalved, multiplicity, &cohorts, slow)
    }

    fn of_kind(kind: Kind, multiplicity: Vec<Vec<f64>>, cohorts: &[Vec<usize>], slow: &[Collective]) -> Draws {
        let slow = slow.iter().filter_map(|collective| Slow::new(collective, &multiplicity)).collect();
        Draws { multiplicity, slow, n_blocks: cohorts.iter().map(Vec::len).min().unwrap_or(0), kind }
    }

    /// Draws of which some are left out.
    pub(crate) fn retained(&self, keep: &[bool]) -> Draws {
        fn only<T: Clone>(values: &[T], keep: &[bool]) -> Vec<T> {
            values.iter().zip(keep).filter(|(_, keep)| **keep).map(|(v, _)| v.clone()).collect()
        }
        let slow = self.slow.iter().map(|s| Slow {
            cohort: s.cohort,
            n_blocks: s.n_blocks,
            kt: s.kt,
            drawn: only(&s.drawn, keep),
            slope: only(&s.slope, keep),
            variance: s.variance,
        });
        Draws { multiplicity: only(&self.multiplicity, keep), slow: slow.collect(), ..*self }
    }

    /// Standard errors of quantities from their values in every draw.
    ///
    /// A quantity that is not finite in a draw is left out of that one; with fewer than half of the draws its error is
    /// NaN. What a quantity has in common with a collective coordinate counts with the error of that coordinate, and the
    /// rest with what blocks show: σ² = Var(θ − a S) + a² σ_S², a the slope of θ against what is slow in S; from a² goes
    /// what the slope has by chance. The largest over the coordinates is the error, and at least that of the blocks alone. Sums
    /// over the states of a temperature count where that is the next one of the quantity, below or above: those far away reach it
    /// through the sum over all states, and by chance. Cohorts are independent: what the largest of each has beyond the blocks adds up.
    ///
    /// - `drawn`: `[n_draws][n_quantities]`
    /// - `kt`: of the quantity of an index \[energy\]
    pub fn spread(&self, drawn: &[Vec<f64>], kt: impl Fn(usize) -> f64 + Sync) -> Vec<f64> {
        self.variances(drawn, kt).into_iter().map(|variance| variance.in_all().sqrt()).collect()
    }

    /// Squares of the standard errors as [`Draws::spread`] has them, in their two parts.
    ///
    /// - `drawn`: `[n_draws][n_quantities]`
    /// - `kt`: of the quantity of an index \[energy\]
    pub fn variances(&self, drawn: &[Vec<f64>], kt: impl Fn(usize) -> f64 + Sync) -> Vec<DrawnVariance> {
        let columns = drawn.first().map_or(0, Vec::len);
        (0..columns).into_par_iter().map(|c| self.variance(drawn.iter().map(|row| row[c]), kt(c))).collect()
    }

    fn variance(&self, values: impl Iterator<Item = f64> + Clone, kt: f64) -> DrawnVariance {
        let finite = || values.clone().filter(|x| x.is_finite());
        let n = finite().count();
        if n < 2 || n * 2 < values.clone().count() {
            return DrawnVariance { of_blocks: f64::NAN, beyond: f64::NAN };
        }
        let mean = finite().sum::<f64>() / n as f64;
        let deviations: Vec<f64> = values.map(|x| if x.is_finite() { x - mean } else { 0.0 }).collect();
        let n_blocks = self.n_blocks as f64;
        let scale = match self.kind {
            // The variance over draws of n blocks is too small by (n − 1)/n.
            Kind::AtRandom => n_blocks / (n_blocks - 1.0).max(1.0) / (n - 1) as f64,
            Kind::OneHalved => (n_blocks - 1.0).max(1.0) / n_blocks / (1.0 - LEFT).powi(2),
        };
        let of_blocks = scale * deviations.iter().map(|x| x * x).sum::<f64>();
        let of_slow = |slow: &Slow| {
            let slope: f64 = slow.slope.iter().zip(&deviations).map(|(s, x)| s * x).sum();
            let rest: f64 = slow.drawn.iter().zip(&deviations).map(|(s, x)| (x - slope * s).powi(2)).sum();
            // Draws scatter about what the blocks say, and these about the truth: more draws are no more blocks.
            let scatter = match self.kind {
                Kind::AtRandom => 1.0 + (n - 1) as f64 / (slow.n_blocks as f64 - 1.0).max(1.0),
                Kind::OneHalved => 1.0,
            };
            let by_chance = scatter * rest / (n - 1) as f64 * slow.slope.iter().map(|s| s * s).sum::<f64>();
            scale * rest + (slope * slope - by_chance).max(0.0) * slow.variance
        };
        let largest = |slow: &[Slow]| Slow::near(slow, kt).map(of_slow).fold(of_blocks, f64::max);
        let of_cohorts = self.slow.chunk_by(|a, b| a.cohort == b.cohort).map(largest);
        DrawnVariance { of_blocks, beyond: of_cohorts.map(|of_cohort| of_cohort - of_blocks).sum() }
    }

    /// By which factor a variance over blocks exceeds what it estimates by chance, at one standard error of its own.
    pub fn chance(&self) -> f64 {
        1.0 + (2.0 / (self.n_blocks as f64 - 1.0).max(1.0)).sqrt()
    }
}

/// Square of a standard error.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DrawnVariance {
    /// What blocks show.
    pub of_blocks: f64,
    /// What collective coordinates add to that.
    pub beyond: f64,
}

impl DrawnVariance {
    /// Both.
    pub fn in_all(&self) -> f64 {
        self.of_blocks + self.beyond
    }
}

/// Blocks of every cohort that has some.
fn blocks_of(cohort_of: &[usize]) -> Vec<Vec<usize>> {
    let mut cohorts: Vec<Vec<usize>> = vec![Vec::new(); cohort_of.iter().max().map_or(0, |&c| c + 1)];
    cohort_of.iter().enumerate().for_each(|(block, &cohort)| cohorts[cohort].push(block));
    cohorts.retain(|blocks| !blocks.is_empty());
    cohorts
}

impl Slow {
    /// Those over all states, and those of the next temperatures at or below and at or above one.
    fn near(slow: &[Slow], kt: f64) -> impl Iterator<Item = &Slow> {
        let kts = || slow.iter().filter_map(|s| s.kt);
        let below = kts().filter(|own| *own <= kt * (1.0 + SAME_KT)).fold(f64::NEG_INFINITY, f64::max);
        let above = kts().filter(|own| *own >= kt * (1.0 - SAME_KT)).fold(f64::INFINITY, f64::min);
        slow.iter().filter(move |s| s.kt.is_none_or(|own| own == below || own == above))
    }

    /// `None` if the coordinate is the same in every block.
    fn new(collective: &Collective, multiplicity: &[Vec<f64>]) -> Option<Slow> {
        let in_draws = |of_block: &[f64]| -> Vec<f64> {
            let n_blocks = collective.n_blocks as f64;
            let mean = |m: &Vec<f64>| m.iter().zip(of_block).map(|(m, x)| m * x).sum::<f64>() / n_blocks;
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
        let Collective { cohort, n_blocks, kt, .. } = *collective;
        Some(Slow { cohort, n_blocks, kt, drawn, slope, variance: collective.quoted_variance() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_of_the_next_temperatures_and_of_all_states_count_and_those_far_away_do_not() {
        let n = 40;
        let mut rng = ChaCha8Rng::seed_from_u64(3);
        let mut of_blocks = || (0..n).map(|_| rng.random::<f64>() - 0.5).collect::<Vec<f64>>();
        // A sum whose mean is known far worse than its blocks show.
        let mut slow = |cohort: usize, kt: Option<f64>| {
            let blocks = of_blocks();
            let smooth = blocks.clone();
            Collective { cohort, n_blocks: n, column: 1, kt, blocks, smooth, variance: 10.0, independent: 1e9 }
        };
        let sums = [slow(0, None), slow(0, Some(1.0)), slow(0, Some(2.0)), slow(0, Some(3.0))];
        // The quantity follows one of the sums.
        let error = |followed: &[f64], kt: f64| {
            let draws = Draws::new(&vec![0; n], &sums, 1, 400);
            let mean = |m: &Vec<f64>| vec![m.iter().zip(followed).map(|(m, x)| m * x).sum::<f64>() / n as f64];
            draws.spread(&draws.multiplicity.iter().map(mean).collect::<Vec<_>>(), |_| kt)[0]
        };
        for kt in [0.5, 1.0, 1.5, 9.0] {
            assert!((error(&sums[0].blocks, kt) / 10.0_f64.sqrt() - 1.0).abs() < 0.02, "all states, at {kt}");
        }
        for (row, near, far) in [(1, [0.5, 1.0, 1.9], [2.0, 2.5, 4.0]), (3, [2.1, 3.0, 7.0], [0.5, 1.5, 2.0])] {
            let followed = &sums[row].blocks;
            near.iter().for_each(|&kt| {
                assert!((error(followed, kt) / 10.0_f64.sqrt() - 1.0).abs() < 0.02, "row {row}, at {kt}");
            });
            far.iter().for_each(|&kt| assert!(error(followed, kt) < 1.0, "row {row}, at {kt}"));
        }
    }

    #[test]
    fn halving_every_block_in_turn_gives_the_error_of_a_mean_without_noise() {
        let x: Vec<f64> = (0..25).map(|i| (f64::from(i) * 0.7).sin()).collect();
        let (n, mean) = (x.len() as f64, x.iter().sum::<f64>() / x.len() as f64);
        let exact = x.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n / (n - 1.0);
        let weighted = |x: &[f64], m: &[f64]| x.iter().zip(m).map(|(x, m)| x * m).sum::<f64>();
        let of = |draws: &Draws| {
            let mean = |m: &Vec<f64>| vec![weighted(&x, m) / m.iter().sum::<f64>()];
            draws.variances(&draws.multiplicity.iter().map(mean).collect::<Vec<_>>(), |_| 1.0)[0]
        };
        let alone = of(&Draws::one_halved(&[0; 25], &[]));
        assert!((alone.of_blocks / exact - 1.0).abs() < 1e-12 && alone.beyond == 0.0, "{alone:?} and {exact}");
        // A sum that it follows and whose error is known to be ten times that of the blocks.
        let deviations: Vec<f64> = x.iter().map(|x| x - mean).collect();
        let slow = Collective {
            cohort: 0,
            n_blocks: 25,
            column: 1,
            kt: None,
            smooth: deviations.clone(),
            blocks: deviations,
            variance: 100.0 * exact,
            independent: 1e12,
        };
        let with = of(&Draws::one_halved(&[0; 25], &[slow]));
        assert!((with.in_all() / exact - 100.0).abs() < 1e-6 && with.of_blocks == alone.of_blocks, "{with:?}");
        // Two cohorts count apart: halving a block of one does not change the share of the other.
        let two = Draws::one_halved(&[0, 0, 0, 1, 1, 1, 1], &[]);
        assert_eq!(two.multiplicity.len(), 7);
        for m in &two.multiplicity {
            assert!(
                (m[..3].iter().sum::<f64>() - 3.0).abs() < 1e-12 && (m[3..].iter().sum::<f64>() - 4.0).abs() < 1e-12
            );
        }
    }

    #[test]
    fn cohorts_have_temperatures_of_their_own() {
        let slow = |cohort, kt| Slow { cohort, n_blocks: 1, kt, drawn: vec![], slope: vec![], variance: 1.0 };
        let kts = |of: &[Slow], kt: f64| Slow::near(of, kt).map(|s| s.kt).collect::<Vec<_>>();
        let grid = [slow(0, None), slow(0, Some(1.0)), slow(0, Some(2.0)), slow(0, Some(3.0))];
        assert_eq!(kts(&grid, 1.5), [None, Some(1.0), Some(2.0)]);
        assert_eq!(kts(&grid, 2.0 * (1.0 + 1e-12)), [None, Some(2.0)]);
        assert_eq!(kts(&grid, 0.2), [None, Some(1.0)]);
        assert_eq!(kts(&grid, 4.0), [None, Some(3.0)]);
        assert_eq!(kts(&[slow(1, None)], 4.0), [None]);
    }
}
