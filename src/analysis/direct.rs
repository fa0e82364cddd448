//! Averages of each state's own samples.

use super::DirectAverage;
use crate::analysis::statistics::inefficiency::Memory;

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
        at_limit: Vec::new(),
    };
    (0..memory.samples.len()).map(of_state).collect()
}
