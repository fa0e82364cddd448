//! scaling: how the cost grows with replicas and atoms.

use super::{BenchOptions, measure};
use crate::base::error::Result;
use crate::input::scene::{self, CheckedScene};
use crate::workflow::bench::fixture::Fixture;
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

/// Most replicas that copies of a grid may come to.
const MAX_COPIED: usize = 4_096;

/// Cost of an atom and step over 1, 2, 4 and 8 copies of the grid, as many as [`MAX_COPIED`] allows.
pub(crate) fn scaling_over_replicas(
    loaded: &CheckedScene,
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
pub(crate) fn scaling_over_atoms(options: &BenchOptions) -> Result<Vec<ScalingRow>> {
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

fn scaling_row(loaded: &CheckedScene, options: &BenchOptions) -> Result<ScalingRow> {
    let mut fixture = Fixture::new(loaded, &options.device)?;
    fixture.equilibrate(10)?;
    let (replicas, atoms) = (fixture.replicas(), fixture.mean_atoms()?);
    let work = f64::from(fixture.sampler.plan().steps) * replicas as f64 * atoms;
    let once = BenchOptions { repeats: 1, ..options.clone() };
    let rates = measure(&once, || fixture.propagate().map(|()| work))?;
    Ok(ScalingRow { replicas, atoms, ns_per_atom_step: 1e9 / rates.per_s })
}
