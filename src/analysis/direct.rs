//! Averages of each state's own samples.

use super::{AnalysisInput, DirectAverage, MapCell};
use crate::analysis::statistics::inefficiency::Memory;
use crate::sample::Samples;
use crate::thermo::response::Fluctuations;
use rayon::prelude::*;

/// Mean over each state's own samples with standard errors ([`Memory`]).
///
/// Where N was the same in all samples they cannot tell an excursion by one atom that is rarer than one in as many
/// independent samples: that is the error. A single sample has none.
///
/// - returns: `[n_states]`; a state without samples has NaN averages
pub(super) fn direct_averages(memory: &Memory) -> Vec<DirectAverage> {
    let known = |k: usize, error: f64| if memory.samples[k] < 2.0 { f64::NAN } else { error };
    let unseen = |k: usize| memory.series(k) / memory.samples[k];
    let of_state = |k: usize| DirectAverage {
        n: memory.mean[k][1..].to_vec(),
        n_err: memory.error[k][1..].iter().map(|&e| known(k, if e == 0.0 { unseen(k) } else { e })).collect(),
        energy: memory.mean[k][0],
        energy_err: known(k, memory.error[k][0]),
        samples: memory.samples[k] as u64,
        inefficiency: memory.series(k),
        q_st_err: Vec::new(),
        at_limit: Vec::new(),
    };
    (0..memory.samples.len()).map(of_state).collect()
}

/// Makes the errors at least those that MBAR has at the states, unless these are masked: a state's own samples cannot tell its means
/// better than they do together with all others. Where they seem to, a state was visited by replicas that remember for longer than
/// its series shows.
///
/// - `at_states`: `[n_states]`
pub(super) fn no_better_than(direct: &mut [DirectAverage], at_states: &[MapCell]) {
    // `f64::max` passes NaN over
    for (own, all) in direct.iter_mut().zip(at_states).filter(|(own, all)| own.samples > 1 && !all.masked) {
        own.energy_err = own.energy_err.max(all.energy_err);
        own.n_err.iter_mut().zip(&all.n_err).for_each(|(own, &all)| *own = own.max(all));
    }
}

/// Puts the means over all of production, as the run itself keeps them, in the place of those over the part that is
/// analysed. Their errors are those of the longer series, and what the two differ by beyond the noise of the difference: the part that
/// is left out may have been another than equilibrium.
///
/// - `samples`: of all of production
/// - `is_excluded`: `[n_states]`, states whose samples are not analysed
pub(super) fn over_all_samples(direct: &mut [DirectAverage], samples: &Samples, is_excluded: &[bool]) {
    let n_columns = 1 + samples.counts.len();
    let mut sums = vec![vec![0.0; n_columns]; direct.len()];
    let mut n_k = vec![0_u64; direct.len()];
    for (n, &k) in samples.state.iter().enumerate() {
        n_k[k as usize] += 1;
        sums[k as usize].iter_mut().enumerate().for_each(|(c, sum)| *sum += samples.value(c, n));
    }
    let of_states = direct.iter_mut().zip(sums.iter().zip(&n_k)).zip(is_excluded);
    for ((own, (sums, &n)), _) in of_states.filter(|(_, is_excluded)| !**is_excluded) {
        let share = own.samples as f64 / n as f64;
        let whole = |c: usize, mean: &mut f64, error: &mut f64| {
            let all = sums[c] / n as f64;
            let (rest, longer) = (*error * *error, *error * *error * share);
            let drift = ((all - *mean).powi(2) - (rest - longer)).max(0.0);
            *error = (longer + drift).sqrt();
            *mean = all;
        };
        whole(0, &mut own.energy, &mut own.energy_err);
        own.n.iter_mut().zip(&mut own.n_err).enumerate().for_each(|(s, (mean, error))| whole(1 + s, mean, error));
        own.samples = n;
    }
}

/// Sets the standard errors of the isosteric heats that the states' own samples give, from the draws of blocks.
pub(super) fn set_heat_errors(direct: &mut [DirectAverage], input: &AnalysisInput, memory: &Memory) {
    let (samples, grid, n_s) = (&input.samples, &input.grid, input.grid.n_reservoirs());
    if n_s == 0 {
        return;
    }
    let d = 1 + n_s;
    // Of each state in each block: samples, sums of E, N₁, … about the means of the state, and of their products.
    let width = 1 + d + d * d;
    let mut sums = vec![vec![0.0; direct.len() * width]; memory.blocks.n_blocks];
    for n in 0..samples.len() {
        let k = samples.state[n] as usize;
        let x: Vec<f64> = (0..d).map(|c| samples.value(c, n) - memory.mean[k][c]).collect();
        let own = &mut sums[memory.blocks.block_of[n] as usize][k * width..(k + 1) * width];
        own[0] += 1.0;
        for a in 0..d {
            own[1 + a] += x[a];
            (0..d).for_each(|b| own[1 + d + a * d + b] += x[a] * x[b]);
        }
    }
    let heats = |multiplicity: &Vec<f64>| -> Vec<f64> {
        let mut total = vec![0.0; direct.len() * width];
        for (of_block, m) in sums.iter().zip(multiplicity).filter(|(_, m)| **m > 0.0) {
            total.iter_mut().zip(of_block).for_each(|(t, x)| *t += m * x);
        }
        let of_state = |(t, state): (&[f64], &crate::thermo::states::StatePoint)| {
            let covariance = |a: usize, b: usize| t[1 + d + a * d + b] / t[0] - t[1 + a] / t[0] * t[1 + b] / t[0];
            let cov_energy_n: Vec<f64> = (0..n_s).map(|s| covariance(0, 1 + s)).collect();
            let cov_n: Vec<f64> = (0..n_s * n_s).map(|i| covariance(1 + i / n_s, 1 + i % n_s)).collect();
            let kt = state.kt;
            let state = Fluctuations {
                kt,
                boltzmann: input.boltzmann,
                var_energy: covariance(0, 0),
                cov_energy_n: &cov_energy_n,
                cov_n: &cov_n,
            };
            let heat: Vec<f64> = grid.reservoirs.iter().map(|r| r.convention.pressure_coefficient(kt)).collect();
            state.isosteric_heat(&heat, f64::INFINITY)
        };
        total.chunks(width).zip(&grid.states).flat_map(of_state).collect()
    };
    let draws = &memory.halving;
    let drawn: Vec<Vec<f64>> = draws.multiplicity.par_iter().map(heats).collect();
    let errors = draws.spread(&drawn, |i| grid.states[i / n_s].kt);
    direct.iter_mut().zip(errors.chunks(n_s)).for_each(|(direct, errors)| direct.q_st_err = errors.to_vec());
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::statistics::cohorts::Cohorts;
    use crate::sample::SampleRow;
    use crate::thermo::Convention;
    use crate::thermo::states::{ReservoirAxis, StateGrid};

    #[test]
    fn a_mean_over_all_of_production_knows_how_it_differs_from_the_part_that_is_analysed() {
        let axis = ReservoirAxis { species: "B".into(), convention: Convention::Activity, values: vec![-9.0] };
        let grid = StateGrid::product(&[1.0], 1.0, &[axis]);
        let mut samples = Samples::new(1);
        // Mean N 8 over all, E 2.
        for cycle in 0..100 {
            let n = if cycle < 50 { 11 } else { 5 };
            samples.push(SampleRow { cycle, walker: 0, replica: 0, state: 0, energy: 2.0, counts: &[n] });
        }
        let mut direct = direct_averages(&Memory::new(&samples, &grid, None, &Cohorts::one(1, 100), 1));
        (direct[0].n[0], direct[0].n_err[0]) = (5.0, 1.0);
        (direct[0].energy, direct[0].energy_err, direct[0].samples) = (2.0, 1.0, 50);
        over_all_samples(&mut direct, &samples, &[false]);
        assert_eq!((direct[0].n[0], direct[0].energy, direct[0].samples), (8.0, 2.0, 100));
        // 1/2 of twice the samples, and of 3² what exceeds the noise of the difference, 1 − 1/2.
        assert!((direct[0].n_err[0] - 3.0).abs() < 1e-12 && (direct[0].energy_err - 0.5_f64.sqrt()).abs() < 1e-12);
        let before = direct.clone();
        over_all_samples(&mut direct, &samples, &[true]);
        assert_eq!(
            (&direct[0].n, direct[0].n_err[0]),
            (&before[0].n, before[0].n_err[0]),
            "what is not analysed has nothing to differ from"
        );
    }

    #[test]
    fn own_samples_are_no_better_than_all_together() {
        let own = |n_err: f64, samples| DirectAverage {
            n: vec![3.0],
            n_err: vec![n_err],
            energy: -1.0,
            energy_err: 2.0 * n_err,
            samples,
            inefficiency: 1.0,
            q_st_err: Vec::new(),
            at_limit: Vec::new(),
        };
        let cell = |n_err: f64, masked| MapCell { n_err: vec![n_err], energy_err: 0.5, masked, ..MapCell::default() };
        let mut direct = [own(0.1, 9), own(0.1, 9), own(0.1, 9), own(0.1, 9), own(f64::NAN, 1)];
        let cells = [cell(0.3, false), cell(0.05, false), cell(0.3, true), cell(f64::NAN, false), cell(0.3, false)];
        no_better_than(&mut direct, &cells);
        let errors = direct.map(|d| (d.n_err[0], d.energy_err));
        assert_eq!(errors[..4], [(0.3, 0.5), (0.1, 0.5), (0.1, 0.2), (0.1, 0.5)]);
        assert!(errors[4].0.is_nan(), "one sample has no error");
    }

    #[test]
    fn what_was_never_seen_has_an_error_and_one_sample_has_none() {
        let axis = ReservoirAxis { species: "B".into(), convention: Convention::Activity, values: vec![-9.0, -8.0] };
        let grid = StateGrid::product(&[1.0], 1.0, &[axis]);
        let mut samples = Samples::new(1);
        for cycle in 0..500 {
            samples.push(SampleRow { cycle, walker: 0, replica: 0, state: 0, energy: 0.0, counts: &[0] });
        }
        samples.push(SampleRow { cycle: 0, walker: 0, replica: 1, state: 1, energy: -1.0, counts: &[3] });
        let direct = direct_averages(&Memory::new(&samples, &grid, None, &Cohorts::one(2, 500), 1));
        assert_eq!((direct[0].n[0], direct[0].n_err[0]), (0.0, 1.0 / 500.0));
        assert_eq!(direct[1].n[0], 3.0);
        assert!(direct[1].n_err[0].is_nan() && direct[1].energy_err.is_nan());
    }
}
