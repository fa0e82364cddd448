//! Where the analysis of a run begins: after sums over states have ceased to drift.
//!
//! Equilibration ends when the scene says so, and whether that was late enough is only seen afterwards. A state by itself tells little
//! of it: what remembers the start is how many replicas there are in each basin, and a sum over states counts them. So the
//! beginning of production is held against the rest of it by sums of E and of every N over all states, and over those of each temperature, in
//! errors that know their memory ([`Collective`]); what lies before the drift has died down is left out, as if equilibration
//! had been longer. Nothing is left out of a run that does not show a drift.

use super::AnalysisInput;
use crate::analysis::statistics::cohorts::SampledRun;
use crate::analysis::statistics::collective::Collective;
use crate::analysis::statistics::inefficiency::Memory;
use std::ops::Range;

/// Parts into which production is cut.
const PARTS: usize = 40;
/// Fewest cycles of a part: a run that is shorter is not looked at.
const CYCLES: usize = 8;
/// Most of them that are left out.
const MOST: usize = PARTS / 2;
/// Share of what remains whose mean is compared with that of the rest.
const EARLY: f64 = 0.25;
/// |z| at which a sum over all states drifts.
const DRIFTS: f64 = 2.5;
/// |z| at which a sum over the states of one temperature does, of which there are more.
const ROW_DRIFTS: f64 = 3.5;
/// |z| below which it has died down.
const SETTLED: f64 = 1.0;

/// The beginning of a run that is left out.
#[derive(Debug, Clone, PartialEq)]
pub struct Beginning {
    /// Index of the run.
    pub run: usize,
    /// Its first cycles of production.
    pub cycles: u32,
    /// The sum that drifts most: E (0) or the N of a reservoir species (1, …).
    pub column: usize,
    /// Temperature of the states, scene unit; `None` if it is all of them.
    pub temperature: Option<f64>,
    /// The first quarter of production less the rest, in standard errors.
    pub z: f64,
}

/// The runs that drift at the beginning of production.
///
/// # Source
/// Geweke, in Bayesian Statistics 4 (1992), 169, for the first part of a chain against a later one.
pub(crate) fn beginnings(input: &AnalysisInput, memory: &Memory) -> Vec<Beginning> {
    let whole = SampledRun {
        walkers: usize::from(input.samples.walker.iter().max().map_or(0, |&w| w + 1)),
        production: input.production,
        states: (0..input.grid.len() as u32).collect(),
    };
    let runs = if input.runs.is_empty() { std::slice::from_ref(&whole) } else { &input.runs[..] };
    let mut first = 0;
    let of_run = |(r, run): (usize, &SampledRun)| {
        let walkers = first..first + run.walkers;
        first = walkers.end;
        beginning(input, memory, (r, run, walkers))
    };
    runs.iter().enumerate().filter_map(of_run).collect()
}

fn beginning(
    input: &AnalysisInput,
    memory: &Memory,
    (r, run, walkers): (usize, &SampledRun, Range<usize>),
) -> Option<Beginning> {
    let cohorts = input.cohorts();
    let own = cohorts.of(walkers.start as u16);
    let of_cohort = cohorts.iter().nth(own)?;
    let cycles = |run: &SampledRun| f64::from(run.production) * run.walkers as f64;
    let all: f64 = of_cohort.runs.iter().filter_map(|&r| input.runs.get(r)).map(cycles).sum();
    // Errors of sums are those of the mean over the whole cohort.
    let scale = if all > 0.0 { all / cycles(run) } else { 1.0 };
    let sums: Vec<Sum> = memory
        .collectives
        .iter()
        .filter(|c| c.cohort == own && run.production as usize >= PARTS * CYCLES)
        .map(|c| Sum::new(input, memory, c, (run, &walkers), scale))
        .collect();
    let limit = |s: &Sum| if s.kt.is_some() { ROW_DRIFTS } else { DRIFTS };
    let worst = sums.iter().max_by(|a, b| (a.z(0).abs() / limit(a)).total_cmp(&(b.z(0).abs() / limit(b))))?;
    if worst.z(0).abs() <= limit(worst) {
        return None;
    }
    let drifting: Vec<&Sum> = sums.iter().filter(|s| s.z(0).abs() > limit(s)).collect();
    let has_settled = |&parts: &usize| drifting.iter().all(|s| s.z(parts).abs() < SETTLED);
    let parts = (1..MOST).find(has_settled).unwrap_or(MOST);
    Some(Beginning {
        run: r,
        cycles: (u64::from(run.production) * parts as u64 / PARTS as u64) as u32,
        column: worst.column,
        temperature: worst.kt.map(|kt| kt / input.boltzmann),
        z: worst.z(0),
    })
}

/// A sum over states by time.
struct Sum {
    column: usize,
    kt: Option<f64>,
    /// `[PARTS]`, means over each
    parts: Vec<f64>,
    /// Square of the standard error of the mean over all parts.
    variance: f64,
}

impl Sum {
    /// - `scale`: of the variance of the collective
    fn new(
        input: &AnalysisInput,
        memory: &Memory,
        collective: &Collective,
        (run, walkers): (&SampledRun, &Range<usize>),
        scale: f64,
    ) -> Sum {
        let Collective { column, kt, .. } = *collective;
        let samples = &input.samples;
        let has = |k: usize| memory.samples[k] > 0.0 && kt.is_none_or(|kt| input.grid.states[k].kt == kt);
        let mut sums = vec![(0.0, 0_u32); PARTS];
        for n in (0..samples.len()).filter(|&n| walkers.contains(&usize::from(samples.walker[n]))) {
            let k = samples.state[n] as usize;
            if has(k) {
                let part = u64::from(samples.cycle[n]) * PARTS as u64 / u64::from(run.production.max(1));
                let (sum, count) = &mut sums[(part as usize).min(PARTS - 1)];
                *sum += samples.value(column, n) - memory.mean[k][column];
                *count += 1;
            }
        }
        // At one time there is a sample of each.
        let states = run.states.iter().filter(|&&k| has(k as usize)).count() as f64;
        let parts = sums.iter().map(|&(sum, count)| sum * states / f64::from(count)).collect();
        Sum { column, kt, parts, variance: collective.variance * scale }
    }

    /// The early part of what remains less the rest, in standard errors; 0 where it is not known.
    ///
    /// - `from`: parts that are left out
    fn z(&self, from: usize) -> f64 {
        let middle = from + ((PARTS - from) as f64 * EARLY).round() as usize;
        let mean = |parts: &[f64]| parts.iter().sum::<f64>() / parts.len() as f64;
        let share = |parts: usize| parts as f64 / PARTS as f64;
        let variance = self.variance / share(middle - from) + self.variance / share(PARTS - middle);
        let z = (mean(&self.parts[from..middle]) - mean(&self.parts[middle..])) / variance.sqrt();
        if z.is_finite() { z } else { 0.0 }
    }
}

/// The input without the beginnings: cycles of production are counted from there.
pub(crate) fn after(input: &AnalysisInput, beginnings: &[Beginning]) -> AnalysisInput {
    let cut = cuts(input, beginnings);
    let of = |walker: u16| cut.get(usize::from(walker)).copied().unwrap_or(0);
    let mut samples = input.samples.filtered(|n| input.samples.cycle[n] >= of(input.samples.walker[n]));
    samples.cycle.iter_mut().zip(&samples.walker).for_each(|(cycle, &walker)| *cycle -= of(walker));
    let mut runs = input.runs.clone();
    for b in beginnings {
        if let Some(run) = runs.get_mut(b.run) {
            run.production -= b.cycles;
        }
    }
    let alone = || input.production - beginnings.first().map_or(0, |b| b.cycles);
    let production = runs.iter().map(|run| run.production).max().unwrap_or_else(alone);
    AnalysisInput { samples, runs, production, ..input.clone() }
}

/// Cycles that are left out, of walkers in their order; all others have none.
pub(crate) fn cuts(input: &AnalysisInput, beginnings: &[Beginning]) -> Vec<u32> {
    let of_run = |r: usize| beginnings.iter().find(|b| b.run == r).map_or(0, |b| b.cycles);
    if input.runs.is_empty() {
        let walkers = input.samples.walker.iter().max().map_or(0, |&w| usize::from(w) + 1);
        return vec![of_run(0); walkers];
    }
    input.runs.iter().enumerate().flat_map(|(r, run)| std::iter::repeat_n(of_run(r), run.walkers)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{SampleRow, Samples};
    use crate::thermo::Convention;
    use crate::thermo::states::{ReservoirAxis, StateGrid};
    use rand::{RngExt, SeedableRng};

    const STATES: u32 = 96;

    /// Runs of 800 cycles over the same 96 states; a replica has two basins, 0 and 10 atoms, forgets which with τ = 50 cycles,
    /// and starts in the empty one where the run is said to drift.
    fn input(drifts: &[bool], seed: u64) -> AnalysisInput {
        let values = (0..STATES).map(f64::from).collect();
        let axis = ReservoirAxis { species: "B".into(), convention: Convention::Activity, values };
        let grid = StateGrid::product(&[1.0], 1.0, &[axis]);
        let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(seed);
        let mut samples = Samples::new(1);
        for &drifts in drifts {
            let mut own = Samples::new(1);
            let mut dense: Vec<bool> = (0..STATES).map(|_| !drifts && rng.random()).collect();
            for cycle in 0..800 {
                for (replica, basin) in dense.iter_mut().enumerate() {
                    if rng.random::<f64>() < 0.02 {
                        *basin = rng.random();
                    }
                    let (replica, counts) = (replica as u32, [10 * u16::from(*basin)]);
                    let state = (replica + cycle) % STATES;
                    own.push(SampleRow { cycle, walker: 0, replica, state, energy: 0.0, counts: &counts });
                }
            }
            if samples.is_empty() { samples = own } else { samples.append_run(&own) }
        }
        let run = SampledRun { walkers: 1, production: 800, states: (0..STATES).collect() };
        AnalysisInput {
            grid,
            samples,
            n_max: vec![20],
            boltzmann: 1.0,
            pressure_unit: 1.0,
            other_mobile_atoms: 0,
            frozen_slab: true,
            production: 800,
            seed: 1,
            runs: if drifts.len() > 1 { vec![run; drifts.len()] } else { Vec::new() },
            wanted: None,
            halves: Default::default(),
            cell: Default::default(),
        }
    }

    fn found(input: &AnalysisInput) -> Vec<Beginning> {
        let memory = Memory::new(&input.samples, &input.grid, None, &input.cohorts(), 1);
        beginnings(input, &memory)
    }

    #[test]
    fn a_drift_is_left_out_and_what_is_stationary_is_not() {
        let seeds = 0..10;
        let drifting = seeds.clone().filter(|&seed| !found(&input(&[true], seed)).is_empty()).count();
        let stationary = seeds.filter(|&seed| !found(&input(&[false], seed)).is_empty()).count();
        assert!(drifting >= 8 && stationary <= 2, "{drifting} and {stationary} of 10");
        let one = &found(&input(&[true], 3))[0];
        assert!(one.column == 1 && one.z < -DRIFTS && (20..=400).contains(&one.cycles), "{one:?}");
    }

    #[test]
    fn of_several_runs_those_that_drift_lose_their_own_beginning() {
        let input = input(&[false, true], 4);
        let all = found(&input);
        assert_eq!(all.iter().map(|b| b.run).collect::<Vec<_>>(), [1], "{all:?}");
        assert_eq!(cuts(&input, &all), [0, all[0].cycles]);
        let rest = after(&input, &all);
        assert_eq!(
            (rest.production, rest.runs[0].production, rest.runs[1].production),
            (800, 800, 800 - all[0].cycles)
        );
        let kept = &rest.samples;
        let of = |walker: u16| (0..kept.len()).filter(move |&n| kept.walker[n] == walker).collect::<Vec<_>>();
        assert_eq!(of(0).len(), 800 * STATES as usize);
        let cycles: Vec<u32> = of(1).iter().map(|&n| kept.cycle[n]).collect();
        assert_eq!((cycles.iter().min(), cycles.iter().max()), (Some(&0), Some(&(799 - all[0].cycles))));
        // What is kept is what was there, from the beginning on.
        let first =
            (0..input.samples.len()).find(|&n| input.samples.walker[n] == 1 && input.samples.cycle[n] == all[0].cycles);
        assert_eq!(of(1).first().map(|&n| kept.counts[0][n]), first.map(|n| input.samples.counts[0][n]));
    }

    #[test]
    fn a_run_of_few_cycles_is_left_whole() {
        let mut input = input(&[true], 3);
        input.samples = input.samples.filtered(|n| input.samples.cycle[n] < 300);
        input.production = 300;
        assert!(found(&input).is_empty());
    }
}
