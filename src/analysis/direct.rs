//! Averages of each state's own samples.

use super::DirectAverage;
use crate::analysis::statistics::inefficiency::Memory;

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
        at_limit: Vec::new(),
    };
    (0..memory.samples.len()).map(of_state).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{SampleRow, Samples};
    use crate::thermo::Convention;
    use crate::thermo::states::{ReservoirAxis, StateGrid};

    #[test]
    fn what_was_never_seen_has_an_error_and_one_sample_has_none() {
        let axis = ReservoirAxis { species: "B".into(), convention: Convention::Activity, values: vec![-9.0, -8.0] };
        let grid = StateGrid::product(&[1.0], 1.0, &[axis]);
        let mut samples = Samples::new(1);
        for cycle in 0..500 {
            samples.push(SampleRow { cycle, walker: 0, replica: 0, state: 0, energy: 0.0, counts: &[0] });
        }
        samples.push(SampleRow { cycle: 0, walker: 0, replica: 1, state: 1, energy: -1.0, counts: &[3] });
        let direct = direct_averages(&Memory::new(&samples, &grid, None, 1));
        assert_eq!((direct[0].n[0], direct[0].n_err[0]), (0.0, 1.0 / 500.0));
        assert_eq!(direct[1].n[0], 3.0);
        assert!(direct[1].n_err[0].is_nan() && direct[1].energy_err.is_nan());
    }
}
