//! Replica exchange: pairs of a schedule swap their states, configurations stay.

mod assignment;
mod schedule;
mod tally;

pub use assignment::Assignment;
pub use schedule::Exchange;
pub use tally::{EdgeTally, Period};

use crate::base::fault_injection::{Fault, planted};
use crate::base::ids::StateId;
use crate::base::rng::{Rng, Stream, index_below, uniform};
use crate::system::configuration::Measurement;
use crate::thermo::acceptance::{ConfigurationRef, StateRef, accept, exchange_ln_acc};
use crate::thermo::states::{Direction, Edge, StateGrid, StatePoint};

/// Factor on all velocities of a replica whose temperature changes, √(T_new/T_old); exactly 1 where it does not.
pub fn velocity_scale(old_kt: f64, new_kt: f64) -> f64 {
    if old_kt.to_bits() == new_kt.to_bits() || planted(Fault::UnscaledVelocities) {
        1.0
    } else {
        (new_kt / old_kt).sqrt()
    }
}

/// A schedule over the neighbour graph, with its tallies.
#[derive(Debug, Clone)]
pub struct Exchanger {
    schedule: Exchange,
    /// Edges that the even/odd schedule tries together, in the order of rounds.
    groups: Vec<Vec<usize>>,
    /// Edges of windows, which the even/odd schedule tries in every round, one after the other: a window serves all points
    /// of its temperature.
    windows: Vec<usize>,
    /// `[n_edges]`
    pub tallies: Vec<EdgeTally>,
}

impl Exchanger {
    /// The schedule on a grid. Even/odd rounds go (axis 1, even), (axis 2, even), …, (axis 1, odd), (axis 2, odd), …,
    /// diagonals after the axes.
    pub fn new(grid: &StateGrid, schedule: Exchange) -> Exchanger {
        let directions = grid.directions();
        let together = |colour: u8, direction| {
            let of_them = |&e: &usize| grid.edges[e].direction == direction && grid.edges[e].colour == colour;
            (0..grid.edges.len()).filter(of_them).collect::<Vec<usize>>()
        };
        let ordinary = || directions.iter().filter(|&&direction| direction != Direction::Window);
        let of_colour = |colour| ordinary().map(move |&direction| (colour, direction));
        let groups = [0, 1].into_iter().flat_map(of_colour).map(|(colour, direction)| together(colour, direction));
        Exchanger {
            schedule,
            groups: groups.filter(|group| !group.is_empty()).collect(),
            windows: (0..grid.edges.len()).filter(|&e| grid.edges[e].direction == Direction::Window).collect(),
            tallies: vec![EdgeTally::default(); grid.edges.len()],
        }
    }

    /// Exchanges the states of every walker as the schedule has it.
    ///
    /// Pairs are tried one after the other, each on what the ones before have left.
    ///
    /// - `visit`: how often this was done before, the address of its random numbers and its place in the schedule
    /// - `measurements`: `[n_replicas]`
    /// - returns: exchanges tried and accepted
    pub fn exchange(
        &mut self,
        grid: &StateGrid,
        rng: &Rng,
        visit: u64,
        period: Period,
        measurements: &[Measurement],
        assignment: &mut Assignment,
    ) -> (u64, u64) {
        if grid.edges.is_empty() {
            return (0, 0);
        }
        let states: Vec<StateRef> = grid.states.iter().map(StatePoint::as_ref).collect();
        let mut counted = (0, 0);
        for walker in 0..assignment.walkers() {
            let held = (0..states.len()).map(|k| {
                let m = &measurements[assignment.replica_of(walker, StateId(k as u32)).index()];
                ConfigurationRef { energy: m.energy, counts: &m.counts }
            });
            let mut swapping = Swapping { walker, states: &states, held: held.collect(), assignment, counted };
            let tallies = &mut self.tallies;
            let mut attempt = |e: usize, u: f64| tallies[e].record(period, swapping.attempt(&grid.edges[e], u));
            match self.schedule {
                Exchange::EvenOdd { rounds, .. } => {
                    for round in (0..rounds).map(|r| visit * u64::from(rounds) + u64::from(r)) {
                        let group = self.groups.get((round % self.groups.len().max(1) as u64) as usize);
                        for &e in group.into_iter().flatten().chain(&self.windows) {
                            attempt(e, uniform(rng.block(Stream::Exchange, round, walker as u32, e as u32)[0]));
                        }
                    }
                }
                Exchange::Random { swaps, .. } => {
                    for round in (0..swaps).map(|s| visit * u64::from(swaps) + u64::from(s)) {
                        for pair in 0..states.len().div_ceil(2) {
                            let u = rng.uniforms(Stream::Exchange, round, walker as u32, pair as u32);
                            attempt(index_below(u[0], grid.edges.len()), u[1]);
                            if 2 * pair + 1 < states.len() {
                                attempt(index_below(u[2], grid.edges.len()), u[3]);
                            }
                        }
                    }
                }
            }
            counted = swapping.counted;
        }
        counted
    }
}

/// One walker while its states are swapped.
struct Swapping<'a> {
    walker: usize,
    /// `[n_states]`
    states: &'a [StateRef<'a>],
    /// `[n_states]`, the configuration that holds each.
    held: Vec<ConfigurationRef<'a>>,
    assignment: &'a mut Assignment,
    /// Exchanges tried and accepted.
    counted: (u64, u64),
}

impl Swapping<'_> {
    /// Tries to swap the ends of an edge.
    ///
    /// - `u`: uniform in (0, 1)
    /// - returns: whether they were
    fn attempt(&mut self, edge: &Edge, u: f64) -> bool {
        let (a, b) = (edge.a.index(), edge.b.index());
        let accepted = accept(u, exchange_ln_acc(self.states[a], self.states[b], self.held[a], self.held[b]));
        if accepted {
            self.held.swap(a, b);
            self.assignment.swap(self.walker, edge.a, edge.b);
        }
        self.counted.0 += 1;
        self.counted.1 += u64::from(accepted);
        accepted
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::thermo::Convention;
    use crate::thermo::states::ReservoirAxis;

    fn grid() -> StateGrid {
        let axis =
            ReservoirAxis { species: "B".into(), convention: Convention::Activity, values: vec![-3.0, -2.0, -1.0] };
        StateGrid::product(&[0.5, 0.7, 1.0], 1.0, &[axis])
    }

    fn measured(walkers: u16) -> Vec<Measurement> {
        (0..9 * walkers).map(|r| Measurement { energy: -0.1 * f64::from(r % 9), counts: vec![r % 5] }).collect()
    }

    /// Visits of two walkers; the assignment after them, and the tallies.
    fn after(grid: &StateGrid, schedule: Exchange, visits: u64) -> (Assignment, Vec<EdgeTally>) {
        let (mut exchanger, mut assignment) = (Exchanger::new(grid, schedule), Assignment::identity(grid.len(), 2));
        for visit in 0..visits {
            exchanger.exchange(grid, &Rng::new(1), visit, Period::SecondHalf, &measured(2), &mut assignment);
            assert!(assignment.is_permutation());
        }
        (assignment, exchanger.tallies)
    }

    #[test]
    fn every_edge_is_tried_once_in_a_sweep_and_states_stay_a_permutation() {
        let (plain, crossed) = (grid(), grid().with_diagonals());
        for (grid, directions) in [(&plain, 2), (&crossed, 4)] {
            let schedule = Exchange::EvenOdd { every: 1, rounds: 1, diagonals: directions > 2 };
            let (assignment, tallies) = after(grid, schedule, 2 * directions);
            assert!(tallies.iter().all(|t| t.attempts == 2 && t.attempts_second_half == 2));
            assert!(tallies.iter().any(|t| t.accepted > 0));
            assert_ne!(assignment, Assignment::identity(grid.len(), 2));
            // Rounds made at one visit are those made at several.
            let at_once = Exchange::EvenOdd { every: 1, rounds: 2 * directions as u32, diagonals: directions > 2 };
            assert_eq!(after(grid, at_once, 1), (assignment, tallies));
        }
    }

    #[test]
    fn random_swaps_try_every_edge_alike() {
        let grid = grid().with_diagonals();
        let (assignment, tallies) = after(&grid, Exchange::Random { every: 1, swaps: 100, diagonals: true }, 50);
        assert_ne!(assignment, Assignment::identity(grid.len(), 2));
        let (n, all) = (tallies.len() as f64, tallies.iter().map(|t| t.attempts).sum::<u64>());
        assert_eq!(all, 2 * 9 * 100 * 50);
        let expected = all as f64 / n;
        let chi2: f64 = tallies.iter().map(|t| (t.attempts as f64 - expected).powi(2) / expected).sum();
        assert!((chi2 - (n - 1.0)).abs() < 4.0 * (2.0 * (n - 1.0)).sqrt(), "χ² = {chi2} of {n} edges");
    }

    #[test]
    fn a_walker_does_not_depend_on_those_beside_it() {
        let grid = grid();
        for schedule in [Exchange::default(), Exchange::Random { every: 1, swaps: 3, diagonals: false }] {
            let alone = |walkers: u16| {
                let mut assignment = Assignment::identity(grid.len(), usize::from(walkers));
                let mut exchanger = Exchanger::new(&grid, schedule);
                exchanger.exchange(&grid, &Rng::new(5), 3, Period::FirstHalf, &measured(walkers), &mut assignment);
                assignment.states()[..9].to_vec()
            };
            assert_eq!(alone(1), alone(3));
        }
    }

    #[test]
    fn a_grid_of_one_state_exchanges_nothing() {
        let grid = StateGrid::product(&[1.0], 1.0, &[]);
        let one = [Measurement { energy: 0.0, counts: Vec::new() }];
        for schedule in [Exchange::default(), Exchange::Random { every: 1, swaps: 9, diagonals: true }] {
            let mut exchanger = Exchanger::new(&grid, schedule);
            let mut assignment = Assignment::identity(1, 1);
            let tried = exchanger.exchange(&grid, &Rng::new(1), 0, Period::FirstHalf, &one, &mut assignment);
            assert_eq!(tried, (0, 0));
        }
    }
}
