//! Windows of N: whether configurations cross them often enough for their samples to be believed.

use crate::analysis::AnalysisInput;
use crate::analysis::statistics::inefficiency::places;
use std::collections::BTreeSet;

/// Round trips below which the samples of a window are set aside: their weights, and what they say of the two ends, rest on
/// too few crossings.
pub const ROUND_TRIPS: u64 = 10;

/// What the samples of a state with a window say of it.
#[derive(Debug, Clone, PartialEq)]
pub struct WindowCheck {
    /// The state.
    pub state: usize,
    /// Configurations that it held in the upper quarter after they had come up from the lower end to the upper one, each
    /// crossing once.
    pub up: u64,
    /// The same, down, in the lower quarter.
    pub down: u64,
    /// Rarest N of the window over the mean of all: 1 if it is uniform.
    pub flatness: f64,
    /// Whether its samples are set aside, because it has fewer than [`ROUND_TRIPS`].
    pub set_aside: bool,
}

impl WindowCheck {
    /// Round trips: the smaller number of crossings.
    pub fn round_trips(&self) -> u64 {
        self.up.min(self.down)
    }
}

/// Checks every state with a window.
///
/// A crossing belongs to a replica, wherever on its way through the states it was made, and counts once in every state that
/// holds the replica near its end before it crosses back: two replicas that swap to and fro are two crossings, not many.
pub(crate) fn check(input: &AnalysisInput) -> Vec<WindowCheck> {
    let (grid, samples) = (&input.grid, &input.samples);
    let n_replicas = samples.replica.iter().max().map_or(0, |&r| r as usize + 1);
    let paths = if grid.windows().next().is_some() {
        places(samples, n_replicas, |n| samples.replica[n] as usize)
    } else {
        Vec::new()
    };
    let check = |(state, _, window): (usize, _, &crate::thermo::Window)| {
        let counts = &samples.counts[window.reservoir];
        let mut crossed = [BTreeSet::new(), BTreeSet::new()];
        let mut histogram = vec![0_u64; window.weights().len()];
        // Those that come by on their way to the other end say nothing of this one.
        let quarter = (window.hi() - window.lo) / 4;
        let is_at_end = |n: u16, top: bool| if top { n + quarter >= window.hi() } else { n <= window.lo + quarter };
        for (replica, path) in paths.iter().map(|chains| chains.iter().flatten()).enumerate() {
            let (mut at_top, mut crossings) = (None, 0_u64);
            for &n in path {
                let here = match counts[n] {
                    low if low <= window.lo => Some(false),
                    high if high >= window.hi() => Some(true),
                    _ => at_top,
                };
                crossings += u64::from(at_top.is_some() && here != at_top);
                at_top = here;
                if samples.state[n] as usize != state {
                    continue;
                }
                if let Some(bin) = counts[n].checked_sub(window.lo).and_then(|i| histogram.get_mut(usize::from(i))) {
                    *bin += 1;
                }
                if let Some(top) = at_top.filter(|&top| crossings > 0 && is_at_end(counts[n], top)) {
                    crossed[usize::from(top)].insert((replica, crossings));
                }
            }
        }
        let [down, up] = crossed.map(|set| set.len() as u64);
        let mean = histogram.iter().sum::<u64>() as f64 / histogram.len() as f64;
        let flatness = histogram.iter().min().map_or(0.0, |&rarest| rarest as f64 / mean);
        WindowCheck { state, up, down, flatness, set_aside: up.min(down) < ROUND_TRIPS }
    };
    grid.windows().map(check).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::diagnostics::WalkerSplit;
    use crate::sample::{SampleRow, Samples};
    use crate::thermo::states::{ReservoirAxis, StateGrid, StatePoint};
    use crate::thermo::{Convention, Window};

    /// A point and two windows of 0 … 4; (replica, state, N) in the course of time.
    fn input(path: impl IntoIterator<Item = [(u32, u32, u16); 3]>) -> AnalysisInput {
        let axis = ReservoirAxis { species: "B".into(), convention: Convention::Activity, values: vec![-3.0] };
        let grid = StateGrid::product(&[0.5], 1.0, &[axis]);
        let point = StatePoint { window: Some(Window::new(0, 0, 0, 4)), ..grid.states[0].clone() };
        let warmer = StatePoint { kt: 0.7, temperature: 0.7, ..point.clone() };
        let mut samples = Samples::new(1);
        for (cycle, row) in path.into_iter().enumerate() {
            for (replica, state, n) in row {
                let row = SampleRow { cycle: cycle as u32, walker: 0, replica, state, energy: 0.0, counts: &[n] };
                samples.push(row);
            }
        }
        AnalysisInput {
            grid: grid.with_windows(vec![point, warmer]),
            samples,
            n_max: vec![8],
            boltzmann: 1.0,
            pressure_unit: 1.0,
            other_mobile_atoms: 0,
            frozen_slab: true,
            production: 100,
            seed: 1,
            runs: Vec::new(),
            wanted: None,
            halves: WalkerSplit::default(),
            cell: Default::default(),
        }
    }

    #[test]
    fn swaps_to_and_fro_are_no_crossings() {
        // One replica stays empty, another full; they swap between two windows in every cycle.
        let swaps = (0..100).map(|c| [(0, 1 + c % 2, 0), (1, 2 - c % 2, 4), (2, 0, 2)]);
        for check in check(&input(swaps)) {
            assert_eq!((check.up, check.down, check.set_aside), (0, 0, true), "{check:?}");
            assert_eq!(check.flatness, 0.0);
        }
    }

    #[test]
    fn a_traveller_counts_where_it_comes_by() {
        // The first goes up and down the first window; the second stays in the other one.
        let walk = (0..400_u16).map(|c| [(0, 1, (c % 8).min(8 - c % 8)), (1, 2, 4), (2, 0, 7)]);
        let checks = check(&input(walk));
        assert_eq!((checks[0].up, checks[0].down, checks[0].round_trips()), (50, 49, 49));
        assert!(!checks[0].set_aside && checks[0].flatness > 0.5, "{checks:?}");
        assert!(checks[1].set_aside && checks[1].up == 0);
    }
}
