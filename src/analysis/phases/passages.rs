//! How often replicas have passed from one basin to the other: what the weights of the two sides of a boundary rest on.
//!
//! The ratio of the weights of two basins is known from configurations that have been in both, not from how many there are
//! in each. A passage is counted where a replica that was last seen well inside one basin is seen well inside the other,
//! both times while it held a state of the temperature of the boundary; what it did in between, whether it changed its
//! basin there by insertions and deletions or was carried through other temperatures and chemical potentials, is its own
//! path, and either tells of the ratio. An exchange that hands the state to another replica is no passage, nor is a
//! recrossing of the divide: between the cores, each basin beyond its median, the last one seen counts.

use crate::analysis::phases::basins::Thresholds;
use crate::analysis::phases::coexistence::{Cores, Crossing};
use crate::analysis::statistics::inefficiency::places;
use crate::sample::Samples;
use crate::thermo::states::StateGrid;
use rayon::prelude::*;

/// Samples along the paths of replicas, by temperature.
#[derive(Debug)]
pub(crate) struct Passages<'a> {
    samples: &'a Samples,
    grid: &'a StateGrid,
    /// By rising temperature.
    rows: Vec<Row>,
}

/// What is simulated at one temperature.
#[derive(Debug)]
struct Row {
    kt: f64,
    /// `[n_replicas][visits]`, samples
    paths: Vec<Vec<usize>>,
    /// Its states, windows among them.
    states: Vec<usize>,
}

impl<'a> Passages<'a> {
    pub(crate) fn new(samples: &'a Samples, grid: &'a StateGrid) -> Passages<'a> {
        let mut kts: Vec<f64> = grid.states.iter().map(|s| s.kt).collect();
        kts.sort_by(f64::total_cmp);
        kts.dedup();
        let n_replicas = samples.replica.iter().max().map_or(0, |&r| r as usize + 1);
        let paths: Vec<Vec<usize>> =
            places(samples, n_replicas, |n| samples.replica[n] as usize).into_iter().flatten().collect();
        let at = |&kt: &f64| {
            let is_here = |k: &usize| grid.states[*k].kt.to_bits() == kt.to_bits();
            let here = |&n: &usize| is_here(&(samples.state[n] as usize));
            Row {
                kt,
                paths: paths.iter().map(|path| path.iter().copied().filter(here).collect()).collect(),
                states: (0..grid.states.len()).filter(is_here).collect(),
            }
        };
        Passages { samples, grid, rows: kts.par_iter().map(at).collect() }
    }

    /// Passages in either direction between the sides of each candidate, over all replicas: at its temperature, or at the
    /// nearest simulated one below, of those that have states on both sides of it or a window over both. A further run that was made
    /// for another line has rows of its own, and nothing to say of this one.
    pub(crate) fn count(&self, candidates: &[Crossing], thresholds: &Thresholds) -> Vec<u64> {
        candidates.par_iter().map(|c| self.between(c, thresholds)).collect()
    }

    /// Whether a row has states on both sides of a line, or a window over both of its phases.
    fn spans(&self, row: &Row, crossing: &Crossing) -> bool {
        let species = crossing.species;
        let convention = &self.grid.reservoirs[species].convention;
        let at = convention.mu(crossing.ln_z[species], crossing.kt);
        let (mut below, mut above) = (false, false);
        for state in row.states.iter().map(|&k| &self.grid.states[k]) {
            if let Some(window) = &state.window {
                let Cores { median: (a, b), .. } = crossing.cores;
                if window.reservoir == species && window.contains(a) && window.contains(b) {
                    return true;
                }
                continue;
            }
            let mu = convention.mu(state.ln_z[species], state.kt);
            below |= mu <= at;
            above |= mu >= at;
        }
        below && above
    }

    fn between(&self, crossing: &Crossing, thresholds: &Thresholds) -> u64 {
        let Crossing { kt, sides, cores, .. } = crossing;
        let below = self.rows.partition_point(|row| row.kt <= kt * (1.0 + 1e-9));
        let spanning = self.rows[..below].iter().rev().find(|row| self.spans(row, crossing));
        let Some(Row { paths, .. }) = spanning.or(self.rows.get(below.saturating_sub(1))) else { return 0 };
        let mut counts = vec![0; self.samples.counts.len()];
        let mut side_of = |n: usize| {
            counts.iter_mut().zip(&self.samples.counts).for_each(|(c, column)| *c = column[n]);
            let side = match thresholds.combination(&counts) {
                c if c == sides.0 => 0,
                c if c == sides.1 => 1,
                _ => return None,
            };
            cores.holds(side, counts[cores.species]).then_some(side)
        };
        let mut passed = 0;
        for path in paths {
            let mut last = None;
            for side in path.iter().filter_map(|&n| side_of(n)) {
                passed += u64::from(last.is_some_and(|l| l != side));
                last = Some(side);
            }
        }
        passed
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::phases::classify::{Class, Filling};
    use crate::sample::SampleRow;
    use crate::thermo::Convention;
    use crate::thermo::states::ReservoirAxis;

    fn crossing(kt: f64) -> Crossing {
        let class = |combination| Class { filling: Filling::Unknown, order: None, combination };
        Crossing {
            kt,
            ln_z: vec![0.0],
            species: 0,
            sides: (0, 1),
            classes: (class(0), class(1)),
            depth: 5.0,
            delta_energy: -10.0,
            delta_n: vec![12.0],
            cores: Cores { species: 0, median: (1, 12) },
        }
    }

    /// Passages of one replica that holds (state, N) in turn, at kT = 0.3 and 0.4; states 0 and 1 are the colder ones.
    fn passages(path: &[(u32, u16)]) -> Vec<u64> {
        let axis = ReservoirAxis { species: "B".into(), convention: Convention::Activity, values: vec![-3.0, -2.0] };
        let grid = StateGrid::product(&[0.3, 0.4], 1.0, &[axis]);
        let mut samples = Samples::new(1);
        for (cycle, &(state, n)) in path.iter().enumerate() {
            samples.push(SampleRow { cycle: cycle as u32, walker: 0, replica: 0, state, energy: 0.0, counts: &[n] });
        }
        let thresholds = Thresholds { of: vec![vec![6]] };
        Passages::new(&samples, &grid).count(&[crossing(0.3), crossing(0.35), crossing(0.4)], &thresholds)
    }

    #[test]
    fn only_ways_from_core_to_core_count() {
        // At the divide to and fro, and beyond it without reaching the core.
        assert_eq!(passages(&[(0, 0), (0, 6), (0, 7), (0, 6), (0, 9), (0, 1)]), [0, 0, 0]);
        assert_eq!(passages(&[(0, 0), (0, 5), (0, 8), (0, 12), (0, 9), (0, 13), (0, 0)]), [2, 2, 0]);
    }

    #[test]
    fn a_way_through_another_temperature_counts_where_it_returns() {
        let path = [(0, 0), (2, 0), (3, 6), (3, 14), (1, 12), (1, 13), (3, 11), (2, 0), (0, 1)];
        // Seen at kT = 0.3: 0 … 12 … 1; at 0.4: 0, 14, 0. Between the temperatures the colder one counts.
        assert_eq!(passages(&path), [2, 2, 2]);
    }

    #[test]
    fn a_row_without_states_on_both_sides_of_a_line_says_nothing_of_it() {
        let axis = |values: &[f64]| {
            let values = values.to_vec();
            ReservoirAxis { species: "B".into(), convention: Convention::Activity, values }
        };
        // The run has kT = 0.3 and both sides of μ' = −2.5; a further run has 0.35 and states above it alone.
        let mut grid = StateGrid::product(&[0.3], 1.0, &[axis(&[-3.0, -2.0])]);
        let mut further = StateGrid::product(&[0.35], 1.0, &[axis(&[-2.0, -1.0])]).states;
        grid.states.append(&mut further);
        let mut samples = Samples::new(1);
        for (cycle, (replica, state, n)) in
            [(0, 0, 0), (1, 2, 12), (0, 1, 12), (1, 3, 13), (0, 0, 1), (1, 2, 12)].into_iter().enumerate()
        {
            samples.push(SampleRow { cycle: cycle as u32, walker: 0, replica, state, energy: 0.0, counts: &[n] });
        }
        let thresholds = Thresholds { of: vec![vec![6]] };
        let at = |kt: f64, mu: f64| Crossing { ln_z: vec![mu / kt], ..crossing(kt) };
        let count = |c: Crossing| Passages::new(&samples, &grid).count(&[c], &thresholds)[0];
        assert_eq!([count(at(0.35, -2.5)), count(at(0.36, -2.4)), count(at(0.35, -1.5))], [2, 2, 0]);
    }

    #[test]
    fn replicas_that_change_states_without_changing_are_no_passage() {
        assert_eq!(passages(&[(0, 12), (1, 12), (3, 12), (0, 12)]), [0, 0, 0]);
    }
}
