//! Changes of identity between two exact gases.

use super::Worst;
use super::statistics::jackknife_z;
use crate::base::error::Result;
use crate::system::configuration::Batch;
use crate::workflow::verify::fixture::{Fixture, setup};

/// Two gases of unequal masses without interaction, at absolute μ, that come and go in part of the cell only: B in the
/// lower two thirds, C in the upper two thirds, and in both they change into each other. Hardly any friction: velocities
/// are those that moves leave.
fn scene(walkers: u32, production: u32) -> String {
    format!(
        r#"Scene(
    units: Lj, planck: 1.4,
    species: [ (name: "B", symbol: "Ar", mass: 1.0), (name: "C", symbol: "Kr", mass: 3.0) ],
    potential: LennardJones(cutoff: 2.5, truncation: Shifted, pairs: [
        (between: ("B","B"), epsilon: 0.0, sigma: 1.0), (between: ("B","C"), epsilon: 0.0, sigma: 1.0),
        (between: ("C","C"), epsilon: 0.0, sigma: 1.0) ]),
    cell: Slab(height: 6.0, lengths: (6.0, 6.0), floor: 0.0),
    reservoir: [ (species: "B", max_atoms: 60, region: (z: (0.0, 4.0))), (species: "C", max_atoms: 60, region: (z: (2.0, 6.0))) ],
    grid: ( temperature: List([0.8, 1.1]), walkers: {walkers},
            reservoir: [ (species: "B", convention: Absolute, values: List([-4.5])),
                         (species: "C", convention: Absolute, values: List([-5.8])) ] ),
    dynamics: Baoab(dt: 0.02, friction: 0.02, steps: 6),
    moves: (insert_delete: 16, identity: 20),
    schedule: (equilibration: 120, production: {production}),
    seed: 2027,
)"#
    )
}

/// N of either gas is Poisson in every state, and velocities are those of its temperature.
pub(crate) fn two_gases(bench: &Fixture) -> Result<Worst> {
    let walkers = bench.size(48, 192);
    let setup = setup(&scene(walkers, bench.size(240, 800)))?;
    let (volume, n_states) = (setup.system.cell.volume(), setup.grid.len());
    // of each walker, state and gas: samples, N, N², Σ m v²/kT, atoms looked at
    let mut sums = vec![vec![[0.0; 5]; walkers as usize]; 2 * n_states];
    let (mut batch, mut cycle, mut seen) = (Batch::default(), 0, 0);
    bench.run(&setup, |sampler, replica, walker, state, m| {
        if replica == 0 {
            cycle += 1;
            if cycle % 10 == 0 {
                sampler.backend().store(&mut batch)?;
                seen = cycle;
            }
        }
        for (s, &count) in m.counts.iter().enumerate() {
            let (sum, n) = (&mut sums[2 * state + s][walker], f64::from(count));
            sum[0] += 1.0;
            sum[1] += n;
            sum[2] += n * n;
            if seen == cycle {
                let (x, species) = (&batch.configurations[replica], setup.system.reservoirs[s].species);
                let of_it = x.velocities.iter().zip(&x.species).filter(|&(_, &of)| of == species);
                let squares: f64 = of_it.map(|(v, _)| v.length_squared()).sum();
                sum[3] += setup.system.species[usize::from(species)].mass * squares / setup.grid.states[state].kt;
                sum[4] += n;
            }
        }
        Ok(())
    })?;
    let mut worst = Worst::default();
    for (k, walkers) in sums.iter().enumerate() {
        let (state, s) = (k / 2, k % 2);
        let mean = setup.grid.states[state].ln_z[s].exp() * volume;
        let label = |what: &str| format!("{what} of {} in state {state}", setup.grid.reservoirs[s].species);
        worst.add(jackknife_z(walkers, |s| s[1] / s[0], mean), || label("⟨N⟩"));
        let variance = |s: &[f64; 5]| s[2] / s[0] - (s[1] / s[0]).powi(2);
        worst.add(jackknife_z(walkers, variance, mean), || label("Var N"));
        worst.add(jackknife_z(walkers, |s| s[3] / (3.0 * s[4]), 1.0), || label("m⟨v²⟩/3kT"));
    }
    Ok(worst)
}
