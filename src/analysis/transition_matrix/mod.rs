//! The second estimator: ln Π(N) of every state from the transition matrix of its own particle moves, beside MBAR.
//!
//! With insertion and deletion tried equally often, the marginal of N_s obeys
//! Π(n) ⟨min(1, acc_insert)⟩_n = Π(n+1) ⟨min(1, acc_delete)⟩_{n+1}
//! with averages over all attempts at that n, rejected and impossible ones too, and over every other degree of freedom.
//! For several reservoir species the relation holds for the marginal of each species by itself, because every pair of
//! configurations that differ by one atom of s is in detailed balance and the sum over all such pairs between n and n+1 is
//! the relation. It does not hold at fixed numbers of the other species unless these are kept in the tally, so only
//! marginals are given. N counts all atoms of a species, inside the insertion region or not: acceptance knows the region.
//!
//! The two estimators share the trajectory and nothing else: MBAR weighs the N that samples of all states hold, this one
//! uses acceptance probabilities of one state. Disagreement is an alarm; agreement does not prove ergodicity.
//!
//! # Source
//! Errington, J. Chem. Phys. 118, 9915 (2003); Shen & Errington, J. Phys. Chem. B 108, 19595 (2004).

mod estimators;
mod tally_blocks;

pub use estimators::{ALARM, Estimators, PiAt, StateComparison};
pub use tally_blocks::{TallyBlock, tally_blocks};

use super::mbar::{Bins, Collapsed, marginal};
use crate::analysis::AnalysisInput;
use crate::analysis::prepared::{MbarSolution, PreparedSamples, Reweighting};
use crate::analysis::statistics::blocks::{Blocks, Draws, RESAMPLES};
use crate::analysis::statistics::bootstrap::{Bootstrap, Draw};
use crate::base::Result;
use crate::moves::transition_matrix::{Sums, links, ln_pi, normalised};
use crate::sample::Samples;
use rayon::prelude::*;
use std::borrow::Cow;
use std::collections::BTreeMap;

/// Attempts in either direction below which a link between n and n + 1 is not judged: below it the smallest probability
/// that could have been seen at all is no longer small against the statistical error.
const ATTEMPTS: f64 = 100.0;
/// Blocks (effective number, by the weight that each has in the sum) below which the spread of blocks says too little
/// about the error of a sum over them: with seven degrees of freedom the error itself is known to 27 %.
const EFFECTIVE_BLOCKS: f64 = 8.0;
/// Effective samples of MBAR at an N below which it is not judged.
const EFFECTIVE_SAMPLES: f64 = 10.0;
/// The normal deviate that is as rare as `t` of Student's distribution with `freedom` degrees of freedom.
///
/// An error from few blocks is itself uncertain; this keeps |z| > 4 as rare as it should be.
///
/// # Source
/// Wallace, Ann. Math. Stat. 30, 1121 (1959).
pub fn normal_deviate(t: f64, freedom: f64) -> f64 {
    let size = (freedom * (1.0 + t * t / freedom).ln()).sqrt() * (8.0 * freedom + 1.0) / (8.0 * freedom + 3.0);
    size.copysign(t)
}

/// Tallies of one state and species by block: (block, n, sums).
type Entries = Vec<(u32, u16, Sums)>;

/// Consecutive N of one state and species at which the estimators are compared.
struct Task {
    state: usize,
    reservoir: usize,
    entries: Entries,
    /// First N, and number of N.
    first: usize,
    len: usize,
    /// Degrees of freedom behind each N and behind ⟨N⟩.
    freedom: Vec<f64>,
    /// Factor on errors where the blocks are shorter than the correlation time of the series.
    block: f64,
}

impl Task {
    fn sums(&self, n_max: usize, multiplicity: Option<&[f64]>) -> Vec<Sums> {
        summed(&self.entries, n_max, multiplicity)
    }

    /// ln Π of the transition matrix over the compared N.
    fn tm(&self, n_max: usize, multiplicity: Option<&[f64]>) -> Vec<f64> {
        let links = links(&self.sums(n_max, multiplicity));
        ln_pi(&links[self.first..self.first + self.len - 1])
    }

    fn mbar(&self, marginal: &[f64]) -> Vec<f64> {
        normalised(marginal[self.first..self.first + self.len].iter().map(|p| p.ln()).collect())
    }

    /// ⟨N⟩ of a normalised ln Π over the compared N.
    fn mean(&self, ln_pi: &[f64]) -> f64 {
        ln_pi.iter().enumerate().map(|(i, l)| (self.first + i) as f64 * l.exp()).sum()
    }
}

fn summed(entries: &Entries, n_max: usize, multiplicity: Option<&[f64]>) -> Vec<Sums> {
    let mut sums = vec![Sums::default(); n_max + 1];
    for &(block, n, s) in entries {
        let weight = multiplicity.map_or(1.0, |m| m[block as usize]);
        if weight > 0.0 {
            let sum = &mut sums[usize::from(n)];
            sum.insert_attempts += weight * s.insert_attempts;
            sum.insert += weight * s.insert;
            sum.delete_attempts += weight * s.delete_attempts;
            sum.delete += weight * s.delete;
        }
    }
    sums
}

/// Comparison of the two estimators; `None` without reservoirs or blocks.
///
/// Both are drawn from one bootstrap over the same blocks of time, so what the trajectory has in common cancels in the
/// difference. A link between n and n + 1 counts where either direction has 100 attempts, eight effective blocks, and MBAR
/// has ten effective samples on both sides; the N around the most visited one that such links join are compared, both
/// estimates normalised over them. Errors grow by what blocks of finite length lose of the memory g of a state. z-scores
/// are normal deviates of Student's t with the effective blocks less one, or with the independent samples of the state
/// where these are fewer. Excluded states are not compared.
///
/// This bootstrap is one of its own: tallies exist between snapshots only, so its blocks are those of the tallies and not the
/// blocks from which all other errors come.
///
/// # Errors
/// [`crate::base::Error::Analysis`] if MBAR does not converge.
pub fn compare(work: &PreparedSamples<'_>, tally_blocks: &[TallyBlock]) -> Result<Option<Estimators>> {
    let n_s = work.retained.grid.n_reservoirs();
    if n_s == 0 || tally_blocks.is_empty() {
        return Ok(None);
    }
    let Some(matched) = Matched::new(work, tally_blocks)? else { return Ok(None) };
    let tasks = matched.tasks(work, tally_blocks);
    let skipped = tasks.iter().filter(|t| t.is_none()).count();
    let tasks: Vec<Task> = tasks.into_iter().flatten().collect();
    let states = matched.compared(&work.retained, &tasks)?;
    Ok(Some(Estimators { states, skipped }))
}

/// The samples that lie in blocks of tallies, with MBAR of them.
struct Matched<'a> {
    samples: Cow<'a, Samples>,
    basis: Cow<'a, Reweighting>,
    blocks: Blocks,
    bins: Vec<Bins>,
}

impl<'a> Matched<'a> {
    /// `None` if no sample lies in a block.
    fn new(work: &'a PreparedSamples<'_>, tally_blocks: &[TallyBlock]) -> Result<Option<Matched<'a>>> {
        let (all, excluded) = (&work.retained.samples, work.is_excluded());
        let mut of_walker: BTreeMap<u16, Vec<(u32, usize)>> = BTreeMap::new();
        for (b, s) in tally_blocks.iter().enumerate() {
            of_walker.entry(s.walker).or_default().push((s.to, b));
        }
        let block_at = |n: usize| {
            let ends = of_walker.get(&all.walker[n]).filter(|_| !excluded[all.state[n] as usize])?;
            ends.get(ends.partition_point(|&(to, _)| to <= all.cycle[n])).map(|&(_, b)| b as u32)
        };
        let block_of: Vec<u32> = (0..all.len()).filter_map(block_at).collect();
        if block_of.is_empty() {
            return Ok(None);
        }
        // Blocks end with the last snapshot of the tallies; a run that was cut short has samples after it.
        let (samples, basis) = if block_of.len() == all.len() {
            (Cow::Borrowed(all), Cow::Borrowed(&work.basis))
        } else {
            let samples = all.filtered(|n| block_at(n).is_some());
            let retained = &work.retained;
            let basis = Reweighting::new(&retained.grid, &samples, &retained.cohorts(), retained.seed)?;
            (Cow::Owned(samples), Cow::Owned(basis))
        };
        let walker_of = tally_blocks.iter().map(|b| b.walker).collect();
        let blocks = Blocks { block_of, walker_of, n_blocks: tally_blocks.len() };
        Ok(Some(Matched { bins: basis.bins(), samples, basis, blocks }))
    }

    /// `[n_states * n_reservoirs]`, what can be compared of each state and species.
    fn tasks(&self, work: &PreparedSamples<'_>, tally_blocks: &[TallyBlock]) -> Vec<Option<Task>> {
        let (input, excluded) = (&*work.retained, work.is_excluded());
        let (grid, n_s, cohorts) = (&input.grid, input.grid.n_reservoirs(), input.cohorts());
        let Reweighting { solved, g_of_state, .. } = &*self.basis;
        let mut entries: Vec<Entries> = vec![Entries::new(); grid.len() * n_s];
        for (b, block) in tally_blocks.iter().enumerate() {
            for row in &block.rows {
                let (k, s, n) = (row.state as usize, usize::from(row.reservoir), row.n);
                if excluded[k] || s >= n_s || n > input.n_max[s] {
                    continue;
                }
                entries[k * n_s + s].push((b as u32, n, Sums::of(&row.tally)));
            }
        }
        let task = |(i, entries): (usize, Entries)| {
            let (k, s) = (i / n_s, i % n_s);
            let bins = &self.bins[self.basis.place(&grid.states[k])];
            let (_, p) = bins.probabilities(&solved.collapsed, &grid.states[k].ln_z);
            let n_eff = effective_samples(solved, bins, &p, s, usize::from(input.n_max[s]));
            let independent = solved.n_k[k] / g_of_state[k];
            // Tallies of a state come from the walkers that have it.
            let in_cohort: Vec<bool> = cohorts.iter().map(|c| c.states.binary_search(&(k as u32)).is_ok()).collect();
            let n_blocks = tally_blocks.iter().filter(|b| in_cohort[cohorts.of(b.walker)]).count();
            let per_block = solved.n_k[k] / n_blocks as f64;
            // An exponential memory of g samples leaves this share of the variance of a mean to blocks of finite length.
            let memory = 0.5 * g_of_state[k] / per_block.max(1.0);
            let block = (1.0 - memory * (1.0 - (-1.0 / memory).exp())).recip().sqrt();
            task(k, s, entries, &n_eff, independent, block)
        };
        entries.into_par_iter().enumerate().map(task).collect()
    }

    /// Both estimates of every task, from all samples, with errors from one bootstrap over both.
    fn compared(&self, input: &AnalysisInput, tasks: &[Task]) -> Result<Vec<StateComparison>> {
        let grid = &input.grid;
        let both = |multiplicity: Option<&[f64]>, bins: &[Bins], samples: &Collapsed| -> Vec<f64> {
            let mut values = Vec::new();
            for task in tasks {
                let (state, n_max) = (&grid.states[task.state], usize::from(input.n_max[task.reservoir]));
                let (_, p) = bins[self.basis.place(state)].probabilities(samples, &state.ln_z);
                let mbar = task.mbar(&marginal(samples, &p, task.reservoir, n_max));
                let tm = task.tm(n_max, multiplicity);
                let means = (task.mean(&tm), task.mean(&mbar));
                for (tm, mbar) in tm.into_iter().zip(mbar).chain([means]) {
                    values.extend([tm, mbar, tm - mbar]);
                }
            }
            values
        };
        // Without collective coordinates: what both estimates have in common cancels, the slow part with it.
        let cohort_of = self.blocks.cohorts(&input.cohorts());
        let draws = Draws::new(&cohort_of, &[], input.seed.wrapping_add(2), RESAMPLES);
        let bootstrap = Bootstrap::new(self.basis.drawn(grid, &self.samples, &self.blocks, &draws, &[]))?;
        let bins_of = |draw: &Draw<'_>| self.basis.bins_of(draw);
        let kt = |task: &Task| std::iter::repeat_n(grid.states[task.state].kt, 3 * (task.len + 1));
        let kts: Vec<f64> = tasks.iter().flat_map(kt).collect();
        let errors =
            bootstrap.errors(|i| kts[i], |draw: &Draw<'_>| both(Some(draw.multiplicity), &bins_of(draw), draw.samples));
        let values = both(None, &self.bins, &self.basis.solved.collapsed);
        let mut triples = values.chunks_exact(3).zip(errors.chunks_exact(3));
        let comparison = |task: &Task| {
            let mut next = |freedom: f64| {
                let (v, e) = triples.next().unwrap_or((&[f64::NAN; 3], &[f64::NAN; 3]));
                let err = |i: usize| task.block * e[i];
                (v[0], err(0), v[1], err(1), normal_deviate(v[2] / err(2), freedom))
            };
            let pi = (0..task.len)
                .map(|i| {
                    let (tm, tm_err, mbar, mbar_err, z) = next(task.freedom[i]);
                    PiAt { n: (task.first + i) as u16, tm, tm_err, mbar, mbar_err, z }
                })
                .collect();
            let fewest = task.freedom.iter().copied().fold(f64::INFINITY, f64::min);
            let (n_tm, n_tm_err, n_mbar, n_mbar_err, n_z) = next(fewest);
            let (state, reservoir) = (task.state, task.reservoir);
            StateComparison { state, reservoir, pi, n_tm, n_tm_err, n_mbar, n_mbar_err, n_z }
        };
        Ok(tasks.iter().map(comparison).collect())
    }
}

/// Effective samples of MBAR at each N of a species: `[n_max + 1]`.
fn effective_samples(solved: &MbarSolution, bins: &Bins, p: &[f64], species: usize, n_max: usize) -> Vec<f64> {
    let mut sums = vec![(0.0, 0.0); n_max + 1];
    for (c, &p) in p.iter().enumerate().filter(|&(_, &p)| p > 0.0) {
        if let Some((sum, squares)) = sums.get_mut(usize::from(solved.collapsed.compositions()[c][species])) {
            *sum += p;
            *squares += p * p * bins.inverse_n_eff[c];
        }
    }
    sums.iter().map(|&(sum, squares)| if squares > 0.0 { sum * sum / squares } else { 0.0 }).collect()
}

/// The N of one state and species that can be compared, if there are two at least.
fn task(state: usize, reservoir: usize, entries: Entries, n_eff: &[f64], independent: f64, block: f64) -> Option<Task> {
    let n_max = n_eff.len() - 1;
    let sums = summed(&entries, n_max, None);
    // Σx² over blocks of attempts and of Σ min(1, acc), in both directions.
    let mut squares = vec![Sums::default(); n_max + 1];
    for &(_, n, s) in &entries {
        let sum = &mut squares[usize::from(n)];
        sum.insert_attempts += s.insert_attempts * s.insert_attempts;
        sum.insert += s.insert * s.insert;
        sum.delete_attempts += s.delete_attempts * s.delete_attempts;
        sum.delete += s.delete * s.delete;
    }
    let links = links(&sums);
    // A visit that lasts long weighs in the attempts, an easy one in the probabilities: the fewest of all count.
    let blocks_of = |n: usize| {
        let effective = |sum: f64, squares: f64| sum * sum / squares;
        let up = (&sums[n], &squares[n]);
        let down = (&sums[n + 1], &squares[n + 1]);
        effective(up.0.insert, up.1.insert)
            .min(effective(up.0.insert_attempts, up.1.insert_attempts))
            .min(effective(down.0.delete, down.1.delete))
            .min(effective(down.0.delete_attempts, down.1.delete_attempts))
            .min(independent)
    };
    let sound = |n: usize| {
        links[n].is_finite()
            && sums[n].insert_attempts.min(sums[n + 1].delete_attempts) >= ATTEMPTS
            && blocks_of(n) >= EFFECTIVE_BLOCKS
            && n_eff[n].min(n_eff[n + 1]) >= EFFECTIVE_SAMPLES
    };
    let most = (0..=n_max).max_by(|&a, &b| sums[a].insert_attempts.total_cmp(&sums[b].insert_attempts))?;
    let first = (0..most).rev().take_while(|&n| sound(n)).last().unwrap_or(most);
    let last = (most..n_max).take_while(|&n| sound(n)).last().map_or(most, |n| n + 1);
    if last == first {
        return None;
    }
    let blocks: Vec<f64> = (first..last).map(blocks_of).collect();
    let freedom = (first..=last)
        .map(|n| {
            let below = n.checked_sub(first + 1).map(|i| blocks[i]);
            let above = blocks.get(n - first).copied();
            below.into_iter().chain(above).fold(f64::INFINITY, f64::min) - 1.0
        })
        .collect();
    Some(Task { state, reservoir, entries, first, len: last - first + 1, freedom, block })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn students_t_becomes_a_normal_deviate() {
        // P(|t| > 4) of 7 degrees of freedom is 0.00519, that of a normal deviate of 2.795.
        assert!((normal_deviate(4.0, 7.0) - 2.795).abs() < 0.01);
        assert!((normal_deviate(-3.0, 1e6) + 3.0).abs() < 1e-4);
        assert!(normal_deviate(f64::NAN, 5.0).is_nan());
    }
}
