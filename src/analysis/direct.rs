//! Averages of each state's own samples.

use super::DirectAverage;
use crate::analysis::prepared::Reweighting;
use crate::analysis::statistics::inefficiency::Memory;
use crate::thermo::states::StateGrid;

/// Mean over each state's own samples with standard errors ([`Memory`]).
///
/// - returns: `[n_states]`; a state without samples has NaN averages
pub(super) fn direct_averages(memory: &Memory) -> Vec<DirectAverage> {
    let of_state = |k: usize| DirectAverage {
        n: memory.mean[k][1..].to_vec(),
        n_err: memory.error[k][1..].to_vec(),
        energy: memory.mean[k][0],
        energy_err: memory.error[k][0],
        samples: memory.samples[k] as u64,
        inefficiency: memory.series(k),
    };
    (0..memory.samples.len()).map(of_state).collect()
}

/// Raises the errors to those that the variance expected by MBAR implies, √(Var g/n): a state that missed a rare excursion
/// does not know its own error.
pub(super) fn expect(averages: &mut [DirectAverage], grid: &StateGrid, basis: &Reweighting) {
    let bins = basis.bins();
    let samples = &basis.solved.collapsed;
    let n_s = grid.n_reservoirs();
    for ((average, state), g) in averages.iter_mut().zip(&grid.states).zip(&basis.g_of_state) {
        if average.samples == 0 {
            continue;
        }
        let moments = bins[basis.place(state)].moments(samples, &state.ln_z);
        let expected = |variance: f64| (variance * g / average.samples as f64).sqrt();
        average.energy_err = average.energy_err.max(expected(moments.var_energy));
        for (s, err) in average.n_err.iter_mut().enumerate() {
            *err = err.max(expected(moments.cov_n[s * n_s + s]));
        }
    }
}
