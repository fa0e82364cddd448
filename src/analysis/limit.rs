//! States in which `max_atoms` shapes the result: how often N stands at its limit, and how many atoms would be enough.

use super::AnalysisInput;
use super::mbar::marginal;
use super::prepared::Reweighting;

/// Probability of N_max from which a state, or a cell of a map, is at its limit.
pub(crate) const P_N_MAX: f64 = 1e-3;
/// Standard deviations of N that a limit must leave above the mean.
const ROOM: f64 = 4.5;
/// Least growth of a limit that is too low.
const GROWTH: f64 = 1.25;
/// A limit below which P still rises so steeply tells no more than that it is too low by far.
const STEEPEST: f64 = 10.0;

/// A reservoir species of one state against its limit.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct AtLimit {
    /// P(N_max): the larger of the share of the state's own samples and of MBAR's estimate.
    pub p: f64,
    /// A limit that would be enough, if N beyond the present one is as that of an ideal gas whose P(N) rises or falls at the
    /// limit as it does; an attraction takes more.
    pub needed: u64,
}

impl AtLimit {
    /// Whether the limit shapes the result.
    pub fn is_reached(&self) -> bool {
        self.p > P_N_MAX
    }
}

/// Every species in every point of the grid: `[n_points][n_reservoirs]`.
pub(super) fn limits(input: &AnalysisInput, basis: &Reweighting) -> Vec<Vec<AtLimit>> {
    let (grid, samples, collapsed) = (&input.grid, &input.samples, &basis.solved.collapsed);
    let n_s = grid.n_reservoirs();
    let mut own = vec![vec![0.0; n_s]; grid.len()];
    for (n, &k) in samples.state.iter().enumerate() {
        for (s, column) in samples.counts.iter().enumerate() {
            own[k as usize][s] += f64::from(u8::from(column[n] >= input.n_max[s]));
        }
    }
    let bins = basis.bins();
    let of_point = |k: usize| {
        let state = &grid.states[k];
        let p = bins[basis.place(state)].probabilities(collapsed, &state.ln_z).1;
        let n_k = basis.solved.n_k[k];
        let of_species = |s: usize| {
            let n_max = usize::from(input.n_max[s]);
            let p = marginal(collapsed, &p, s, n_max);
            let share = if n_k > 0.0 { own[k][s] / n_k } else { 0.0 };
            AtLimit { p: share.max(p[n_max]), needed: needed(&p) }
        };
        (0..n_s).map(of_species).collect()
    };
    (0..grid.n_points()).map(of_point).collect()
}

/// A limit for N from P(0), …, P(N_max): of an ideal gas P(N)/P(N − 1) is ⟨N⟩/N.
fn needed(p: &[f64]) -> u64 {
    let n_max = (p.len() - 1) as f64;
    let ratio = match p {
        [.., below, at] if *below > 0.0 => (at / below).min(STEEPEST),
        _ => STEEPEST,
    };
    let mean = n_max * ratio;
    (mean + ROOM * mean.sqrt()).max(GROWTH * n_max + 1.0).ceil() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ideal_gas_is_told_the_limit_that_it_needs() {
        let poisson = |mean: f64, n_max: usize| -> Vec<f64> {
            let mut p = vec![1.0];
            (1..=n_max).for_each(|n| p.push(p[n - 1] * mean / n as f64));
            let sum: f64 = p.iter().sum();
            p.iter().map(|x| x / sum).collect()
        };
        // 24.1 atoms against a limit of 30: 24.1 + 4.5 √24.1.
        assert_eq!(needed(&poisson(24.1, 30)), 47);
        assert_eq!(needed(&poisson(241.0, 30)), 311);
        assert_eq!(needed(&poisson(3.0, 9)), 13);
        assert_eq!(needed(&[0.0, 1.0]), 25);
        assert_eq!(needed(&[1.0]), 1);
    }
}
