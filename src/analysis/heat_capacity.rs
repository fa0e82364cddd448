//! Heat capacities of states without a reservoir, from their own samples.

use super::HeatCapacity;
use crate::analysis::statistics::inefficiency::Memory;
use crate::sample::Samples;
use crate::thermo::response::Fluctuations;
use crate::thermo::states::{StateGrid, StatePoint};
use rayon::prelude::*;

/// Samples of a state in a block: their number, and sums of E and E² about the mean of the state.
type Sums = [f64; 3];

/// The heat capacity of every state with its standard error, from the draws of blocks that all errors come from; none where a
/// species has a reservoir.
///
/// - `boltzmann`: k_B [energy/temperature]
/// - `n_mobile`: mobile atoms of a replica
/// - returns: `[n_states]`, NaN for a state without samples
pub(super) fn heat_capacities(
    samples: &Samples,
    grid: &StateGrid,
    (boltzmann, n_mobile): (f64, usize),
    memory: &Memory,
) -> Vec<HeatCapacity> {
    let states = &grid.states;
    if grid.n_reservoirs() > 0 {
        return Vec::new();
    }
    let mut sums = vec![vec![[0.0; 3]; states.len()]; memory.blocks.n_blocks];
    for n in 0..samples.len() {
        let k = samples.state[n] as usize;
        let x = samples.value(0, n) - memory.mean[k][0];
        let own: &mut Sums = &mut sums[memory.blocks.block_of[n] as usize][k];
        own.iter_mut().zip([1.0, x, x * x]).for_each(|(sum, term)| *sum += term);
    }
    let of_draw = |multiplicity: &[f64]| -> Vec<f64> {
        let mut total = vec![[0.0; 3]; states.len()];
        for (of_block, m) in sums.iter().zip(multiplicity).filter(|(_, m)| **m > 0.0) {
            for (total, own) in total.iter_mut().zip(of_block) {
                total.iter_mut().zip(own).for_each(|(t, x)| *t += m * x);
            }
        }
        let of_state = |([n, e, ee], state): (&Sums, &StatePoint)| {
            if *n == 0.0 {
                return f64::NAN;
            }
            let (kt, var_energy) = (state.kt, ee / n - (e / n).powi(2));
            Fluctuations { kt, boltzmann, var_energy, cov_energy_n: &[], cov_n: &[] }.c_vn(n_mobile as f64)
        };
        total.iter().zip(states).map(of_state).collect()
    };
    let values = of_draw(&vec![1.0; memory.blocks.n_blocks]);
    let drawn: Vec<Vec<f64>> = memory.halving.multiplicity.par_iter().map(|m| of_draw(m)).collect();
    let known = |k: usize, error: f64| if memory.samples[k] < 2.0 { f64::NAN } else { error };
    let errors =
        memory.halving.spread(&drawn, |k| states[k].kt).into_iter().enumerate().map(|(k, error)| known(k, error));
    values.into_iter().zip(errors).map(|(value, error)| HeatCapacity { value, error }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::statistics::cohorts::Cohorts;
    use crate::sample::SampleRow;
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    /// Energies of n harmonic degrees of freedom: a sum of n squares of Gaussians, Var E = n (kT)²/2.
    fn samples(kts: &[f64], n: usize, cycles: u32, seed: u64) -> Samples {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let mut samples = Samples::new(0);
        for cycle in 0..cycles {
            for (k, kt) in (0_u32..).zip(kts) {
                // −ln u is a sum of two squares
                let energy: f64 = (0..n / 2).map(|_| -kt * (1.0 - random.random::<f64>()).ln()).sum();
                samples.push(SampleRow { cycle, walker: 0, replica: k, state: k, energy, counts: &[] });
            }
        }
        samples
    }

    #[test]
    fn errors_are_as_large_as_they_say() {
        let (kts, n) = ([0.5, 0.8], 6);
        let exact = 1.5 * 2.0 + 0.5 * n as f64;
        let grid = StateGrid::product(&kts, 1.0, &[]);
        let z = |seed: u64| {
            let samples = samples(&kts, n, 400, seed);
            let memory = Memory::new(&samples, &grid, None, &Cohorts::one(2, 400), seed);
            let found = heat_capacities(&samples, &grid, (1.0, 2), &memory);
            found.into_iter().map(|c| (c.value - exact) / c.error).collect::<Vec<_>>()
        };
        let all: Vec<f64> = (0..60).flat_map(z).collect();
        let rms = (all.iter().map(|z| z * z).sum::<f64>() / all.len() as f64).sqrt();
        // 120 values: the root mean square of good errors has a standard deviation of 0.065
        assert!((rms - 1.0).abs() < 4.0 * 0.065, "{rms}");
        assert!(all.iter().all(|z| z.abs() < 5.0), "{all:?}");
    }

    #[test]
    fn a_state_without_samples_has_none_and_one_sample_has_no_error() {
        let grid = StateGrid::product(&[0.5, 0.8, 1.1], 1.0, &[]);
        let mut samples = samples(&[0.5], 4, 50, 1);
        samples.push(SampleRow { cycle: 0, walker: 0, replica: 1, state: 1, energy: 1.0, counts: &[] });
        let memory = Memory::new(&samples, &grid, None, &Cohorts::one(3, 50), 1);
        let found = heat_capacities(&samples, &grid, (1.0, 2), &memory);
        assert!(found[0].error > 0.0 && found[1].value.is_finite() && found[1].error.is_nan());
        assert!(found[2].value.is_nan());
    }
}
