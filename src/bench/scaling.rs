//! scaling: how the cost grows with replicas and atoms, and falls with threads.

use super::bed::Bed;
use super::{BenchOptions, measure};
use crate::error::{Error, Result};
use crate::exchange::Period;
use crate::scene::{self, Loaded};
use serde::Serialize;
use std::path::Path;

/// One row of a scaling table.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct ScalingRow {
    /// Replicas.
    pub replicas: usize,
    /// Mean mobile atoms of a replica.
    pub atoms: f64,
    /// Wall nanoseconds per atom and step; constant where cost is linear.
    pub ns_per_atom_step: f64,
}

/// Speed on several threads over that on one.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct ThreadRow {
    /// Threads.
    pub threads: usize,
    /// Of dynamics alone: median over rounds that take one thread and several in turn.
    pub md: f64,
    /// Quartiles of the rounds.
    pub md_quartiles: (f64, f64),
    /// Of the full cycle.
    pub cycle: f64,
    /// Quartiles of the rounds.
    pub cycle_quartiles: (f64, f64),
    /// Rounds.
    pub rounds: u32,
}

/// Rounds for every measurement asked for: many short ones, because the machine's own pace drifts.
const ROUNDS: u32 = 8;

/// Speed of the scene on 2, 4, … threads over that on one, taken in turn.
pub(super) fn scaling_over_threads(bed: &mut Bed, options: &BenchOptions) -> Result<Vec<ThreadRow>> {
    let all = rayon::current_num_threads();
    let mut counts: Vec<usize> = std::iter::successors(Some(2), |n| Some(2 * n)).take_while(|&n| n < all).collect();
    counts.extend(Some(all).filter(|&n| n > 1));
    let pool = |threads: usize| {
        let built = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
        built.map_err(|e| Error::Refused(format!("no pool of {threads} threads: {e}")))
    };
    let one = pool(1)?;
    let slice = BenchOptions { repeats: 1, duration: options.duration / ROUNDS, ..options.clone() };
    let rounds = options.repeats.max(1) * ROUNDS;
    let mut rows = Vec::new();
    for threads in counts {
        let many = pool(threads)?;
        let ratios = |work: &mut (dyn FnMut() -> Result<f64> + Send)| -> Result<(f64, (f64, f64))> {
            let mut ratios = Vec::new();
            for _ in 0..rounds {
                let slow = one.install(|| measure(&slice, &mut *work))?.per_s;
                ratios.push(many.install(|| measure(&slice, &mut *work))?.per_s / slow);
            }
            ratios.sort_by(f64::total_cmp);
            let at = |quarters: usize| ratios[(ratios.len() - 1) * quarters / 4];
            Ok((at(2), (at(1), at(3))))
        };
        let (md, md_quartiles) = ratios(&mut || bed.propagate().map(|()| 1.0))?;
        let (cycle, cycle_quartiles) = ratios(&mut || {
            // What was begun ahead on one pool is finished by it before the other takes over.
            for _ in 0..CYCLES_IN_TURN {
                bed.sampler.advance_ahead(Period::SecondHalf, Some(Period::SecondHalf))?;
            }
            bed.sampler.advance(Period::SecondHalf)?;
            Ok(f64::from(CYCLES_IN_TURN + 1))
        })?;
        rows.push(ThreadRow { threads, md, md_quartiles, cycle, cycle_quartiles, rounds });
    }
    Ok(rows)
}

/// Cycles of one turn.
const CYCLES_IN_TURN: u32 = 9;

/// Most replicas that copies of a grid may come to.
const MAX_COPIED: usize = 4_096;

/// Cost of an atom and step over 1, 2, 4 and 8 copies of the grid, as many as [`MAX_COPIED`] allows.
pub(super) fn scaling_over_replicas(
    loaded: &Loaded,
    replicas: usize,
    options: &BenchOptions,
) -> Result<Vec<ScalingRow>> {
    let few = |&factor: &u32| factor == 1 || replicas * factor as usize <= MAX_COPIED;
    [1, 2, 4, 8]
        .into_iter()
        .filter(few)
        .map(|factor| {
            let mut loaded = loaded.clone();
            loaded.scene.grid.walkers *= factor;
            scaling_row(&loaded, options)
        })
        .collect()
}

/// Cost of an atom and step of a bulk fluid at density 0.8, over N.
pub(super) fn scaling_over_atoms(options: &BenchOptions) -> Result<Vec<ScalingRow>> {
    [250_u32, 500, 1000, 2000, 4000]
        .into_iter()
        .map(|n| {
            let length = (f64::from(n) / 0.8).cbrt();
            let text = format!(
                "Scene(units: Lj, species: [(name: \"A\", symbol: \"Ar\", mass: 1.0)], \
                 potential: LennardJones(cutoff: 2.5, truncation: Shifted, \
                 pairs: [(between: (\"A\", \"A\"), epsilon: 1.0, sigma: 1.0)]), \
                 cell: Bulk(lengths: ({length}, {length}, {length})), \
                 initial: [(species: \"A\", atoms: {n}, placement: Random)], \
                 grid: (temperature: List([1.0])), dynamics: Baoab(dt: 0.004, friction: 1.0, steps: 20), \
                 schedule: (equilibration: 10, production: 10))"
            );
            scaling_row(&scene::parse(&text, Path::new("fluid.ron"))?, options)
        })
        .collect()
}

fn scaling_row(loaded: &Loaded, options: &BenchOptions) -> Result<ScalingRow> {
    let mut bed = Bed::new(loaded, &options.device)?;
    bed.equilibrate(10)?;
    let (replicas, atoms) = (bed.replicas(), bed.mean_atoms()?);
    let work = f64::from(bed.plan.steps) * replicas as f64 * atoms;
    let once = BenchOptions { repeats: 1, ..options.clone() };
    let rates = measure(&once, || bed.propagate().map(|()| work))?;
    Ok(ScalingRow { replicas, atoms, ns_per_atom_step: 1e9 / rates.per_s })
}
