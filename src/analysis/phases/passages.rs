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
    /// Simulated kT, ascending, with the samples at it: `[n_replicas][visits]`
    rows: Vec<(f64, Vec<Vec<usize>>)>,
}

impl<'a> Passages<'a> {
    pub(crate) fn new(samples: &'a Samples, grid: &StateGrid) -> Passages<'a> {
        let mut kts: Vec<f64> = grid.states.iter().map(|s| s.kt).collect();
        kts.sort_by(f64::total_cmp);
        kts.dedup();
        let n_replicas = samples.replica.iter().max().map_or(0, |&r| r as usize + 1);
        let paths: Vec<Vec<usize>> =
            places(samples, n_replicas, |n| samples.replica[n] as usize).into_iter().flatten().collect();
        let at = |&kt: &f64| {
            let here = |&n: &usize| grid.states[samples.state[n] as usize].kt.to_bits() == kt.to_bits();
            (kt, paths.iter().map(|path| path.iter().copied().filter(here).collect()).collect())
        };
        Passages { samples, rows: kts.par_iter().map(at).collect() }
    }

    /// Passages in either direction between the sides of each candidate, over all replicas: at its temperature, or at the
    /// nearest simulated one below.
    pub(crate) fn count(&self, candidates: &[Crossing], thresholds: &Thresholds) -> Vec<u64> {
        candidates.par_iter().map(|c| self.between(c.kt, c.sides, &c.cores, thresholds)).collect()
    }

    fn between(&self, kt: f64, sides: (usize, usize), cores: &Cores, thresholds: &Thresholds) -> u64 {
        let below = self.rows.partition_point(|row| row.0 <= kt * (1.0 + 1e-9));
        let Some((_, paths)) = self.rows.get(below.saturating_sub(1)) else { return 0 };
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
    fn replicas_that_change_states_without_changing_are_no_passage() {
        assert_eq!(passages(&[(0, 12), (1, 12), (3, 12), (0, 12)]), [0, 0, 0]);
    }
}
