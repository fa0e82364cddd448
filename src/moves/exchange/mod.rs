//! Replica exchange: pairs of a schedule swap their states, configurations stay.

mod assignment;
mod schedule;
mod tally;

pub use assignment::Assignment;
pub use schedule::Exchange;
pub use tally::{EdgeTally, Period};

use crate::base::fault_injection::{Fault, planted};
use crate::base::ids::StateId;
use crate::base::rng::{Rng, Stream, uniform};
use crate::system::configuration::Measurement;
use crate::thermo::acceptance::{ConfigurationRef, StateRef, accept_drawn, exchange_ln_acc};
use crate::thermo::states::{Direction, StateGrid, StatePoint};
use assignment::OfWalker;
use rayon::prelude::*;
use std::collections::HashSet;
use std::ops::Range;

/// Factor on all velocities of a replica whose temperature changes, √(T_new/T_old); exactly 1 where it does not.
pub fn velocity_scale(old_kt: f64, new_kt: f64) -> f64 {
    if old_kt.to_bits() == new_kt.to_bits() || planted(Fault::UnscaledVelocities) {
        1.0
    } else {
        (new_kt / old_kt).sqrt()
    }
}

/// Pairs of a round of one walker from which threads share it: below, waking them takes longer than the round.
const SHARED: usize = 8192;

/// The even/odd schedule over the neighbour graph, with its tallies.
#[derive(Debug, Clone)]
pub struct Exchanger {
    /// Rounds of one exchange.
    rounds: u32,
    /// Edges that are tried together, in the order of rounds.
    groups: Vec<Vec<usize>>,
    /// Edges of windows, in groups that are tried one after the other in every round: a window serves all points of its
    /// temperature.
    windows: Vec<Vec<usize>>,
    /// `[n_edges]`
    pub tallies: Vec<EdgeTally>,
}

impl Exchanger {
    /// The schedule of a grid.
    ///
    /// Rounds go (axis 1, even), (axis 2, even), …, (axis 1, odd), (axis 2, odd), …; diagonals follow the axes. Directions
    /// that begin with the same axis take turns in parity: were they all even in a row, a replica that one has brought up
    /// this axis would be brought down again by the next. Every round ends with all edges of windows.
    pub fn new(grid: &StateGrid, schedule: Exchange) -> Exchanger {
        let Exchange::EvenOdd { rounds, .. } = schedule;
        let directions: Vec<_> = grid.directions().into_iter().filter(|&d| d != Direction::Window).collect();
        let mut groups = Vec::new();
        for pass in 0..2 {
            for (i, direction) in directions.iter().enumerate() {
                let before = directions[..i].iter().filter(|d| d.first_axis() == direction.first_axis()).count();
                let colour = ((before + pass) % 2) as u8;
                let of_them = |&e: &usize| grid.edges[e].direction == *direction && grid.edges[e].colour == colour;
                groups.extend(apart(grid, (0..grid.edges.len()).filter(of_them)));
            }
        }
        let windows = apart(grid, (0..grid.edges.len()).filter(|&e| grid.edges[e].direction == Direction::Window));
        Exchanger { rounds, groups, windows, tallies: vec![EdgeTally::default(); grid.edges.len()] }
    }

    /// Exchanges the states of every walker, in the rounds of one visit.
    ///
    /// Edges of a round share no state: they are decided at once, and each round on what the one before has left. Walkers
    /// know nothing of each other.
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
        let states: Vec<StateRef> = grid.states.iter().map(StatePoint::as_ref).collect();
        let first = visit * u64::from(self.rounds);
        let in_rounds =
            Visit { exchanger: self, grid, states: &states, rng, rounds: first..first + u64::from(self.rounds) };
        let n_walkers = assignment.walkers() as u64;
        let none = || vec![0_u32; grid.edges.len()];
        let of_walkers = assignment.by_walker().zip(measurements.par_chunks(grid.len())).enumerate();
        let accepted = of_walkers
            .fold(none, |mut accepted, (walker, (held, measured))| {
                in_rounds.walk(walker as u32, held, measured, &mut accepted);
                accepted
            })
            .reduce(none, |mut a, b| {
                a.iter_mut().zip(&b).for_each(|(a, b)| *a += b);
                a
            });
        let mut tried = vec![0_u64; grid.edges.len()];
        in_rounds.groups().flat_map(|(_, group)| group).for_each(|&e| tried[e] += n_walkers);
        for ((tally, tried), accepted) in self.tallies.iter_mut().zip(&tried).zip(&accepted) {
            tally.record(period, *tried, u64::from(*accepted));
        }
        (tried.iter().sum(), accepted.iter().map(|&n| u64::from(n)).sum())
    }
}

/// The rounds of one visit.
struct Visit<'a> {
    exchanger: &'a Exchanger,
    grid: &'a StateGrid,
    states: &'a [StateRef<'a>],
    rng: &'a Rng,
    /// Numbers of the rounds.
    rounds: Range<u64>,
}

impl<'a> Visit<'a> {
    /// Every group of edges that is tried, in turn, with the number of its round.
    fn groups(&self) -> impl Iterator<Item = (u64, &'a Vec<usize>)> {
        let Exchanger { groups, windows, .. } = self.exchanger;
        let of_round = move |round: u64| groups.get((round % groups.len().max(1) as u64) as usize);
        self.rounds.clone().flat_map(move |r| of_round(r).into_iter().chain(windows).map(move |g| (r, g)))
    }

    /// All rounds of one walker.
    ///
    /// - `measured`: `[n_states]`, of its replicas
    /// - `accepted`: `[n_edges]`, added to
    fn walk(&self, walker: u32, mut held: OfWalker<'_>, measured: &[Measurement], accepted: &mut [u32]) {
        let mut decisions = Vec::new();
        for (round, group) in self.groups() {
            let decide = |e: usize, held: &OfWalker<'_>| {
                let edge = self.grid.edges[e];
                let of_state = |state| {
                    let m = &measured[held.replica_of(state)];
                    ConfigurationRef { energy: m.energy, counts: &m.counts }
                };
                let (a, b) = (self.states[edge.a.index()], self.states[edge.b.index()]);
                let ln_acc = exchange_ln_acc(a, b, of_state(edge.a), of_state(edge.b));
                accept_drawn(|| uniform(self.rng.block(Stream::Exchange, round, walker, e as u32)[0]), ln_acc)
            };
            decisions.clear();
            if group.len() < SHARED {
                decisions.extend(group.iter().map(|&e| decide(e, &held)));
            } else {
                let held = &held;
                let pairs = group.par_iter().with_min_len(SHARED / 8);
                pairs.map(|&e| decide(e, held)).collect_into_vec(&mut decisions);
            }
            for (&e, _) in group.iter().zip(&decisions).filter(|(_, accepted)| **accepted) {
                held.swap(self.grid.edges[e].a, self.grid.edges[e].b);
                accepted[e] += 1;
            }
        }
    }
}

/// Edges in groups that share no state: one group, if they are of one direction and parity of a rectangle.
fn apart(grid: &StateGrid, edges: impl Iterator<Item = usize>) -> Vec<Vec<usize>> {
    let mut groups: Vec<(HashSet<StateId>, Vec<usize>)> = Vec::new();
    for e in edges {
        let ends = [grid.edges[e].a, grid.edges[e].b];
        let at = groups.iter().position(|(taken, _)| ends.iter().all(|end| !taken.contains(end)));
        let at = at.unwrap_or_else(|| {
            groups.push(Default::default());
            groups.len() - 1
        });
        groups[at].0.extend(ends);
        groups[at].1.push(e);
    }
    groups.into_iter().map(|(_, edges)| edges).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::thermo::Convention;
    use crate::thermo::states::{Edge, ReservoirAxis};

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
    fn every_edge_is_tried_once_in_a_period_and_states_stay_a_permutation() {
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
    fn directions_of_one_axis_take_turns_in_parity() {
        let exchanger = Exchanger::new(&grid().with_diagonals(), Exchange::default());
        let grid = grid().with_diagonals();
        let named: Vec<String> = exchanger
            .groups
            .iter()
            .map(|group| {
                let edge = grid.edges[group[0]];
                format!("{} {}", grid.direction_name(edge.direction), edge.colour)
            })
            .collect();
        let pass = ["temperature 0", "mu_B 0", "temperature-mu_B 1", "temperature+mu_B 0"];
        let back = ["temperature 1", "mu_B 1", "temperature-mu_B 0", "temperature+mu_B 1"];
        assert_eq!(named, [pass, back].concat());
    }

    #[test]
    fn edges_that_share_a_state_are_not_tried_together() {
        // A list whose edges are all of one direction and one colour: a ring of three and a pair.
        let grid = grid();
        let edge = |a, b| Edge { a: StateId(a), b: StateId(b), ..grid.edges[0] };
        let edges = vec![edge(0, 1), edge(1, 2), edge(2, 0), edge(3, 4)];
        let list = StateGrid::list(grid.reservoirs.clone(), grid.states.clone(), edges);
        let exchanger = Exchanger::new(&list, Exchange::default());
        assert_eq!(exchanger.groups, [vec![0, 3], vec![1], vec![2]]);
    }

    #[test]
    fn a_walker_depends_neither_on_those_beside_it_nor_on_threads() {
        let axis = |n: u32| (0..n).map(|i| 0.5 + 0.02 * f64::from(i)).collect::<Vec<f64>>();
        let activity = ReservoirAxis { species: "B".into(), convention: Convention::Activity, values: axis(130) };
        let grid = StateGrid::product(&axis(130), 1.0, &[activity]).with_diagonals();
        let after = |walkers: usize, threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
            pool.install(|| {
                let measured: Vec<Measurement> = (0..16_900 * walkers)
                    .map(|r| Measurement {
                        energy: -0.01 * ((r % 16_900) as f64),
                        counts: vec![(r % 16_900 % 7) as u16],
                    })
                    .collect();
                let mut assignment = Assignment::identity(16_900, walkers);
                let mut exchanger = Exchanger::new(&grid, Exchange::EvenOdd { every: 1, rounds: 9, diagonals: true });
                exchanger.exchange(&grid, &Rng::new(5), 3, Period::FirstHalf, &measured, &mut assignment);
                assert!(assignment.is_permutation());
                (assignment.states().to_vec(), exchanger.tallies)
            })
        };
        // Threads share walkers, and the rounds of one.
        const { assert!(130 * 65 > SHARED) };
        let all = after(4, 3);
        assert_eq!(all, after(4, 1));
        assert_eq!(after(1, 3), after(1, 1));
        assert_eq!(after(1, 1).0, all.0[..16_900]);
        assert_ne!(all.0[..16_900], *Assignment::identity(16_900, 1).states());
    }

    #[test]
    fn a_grid_of_one_state_exchanges_nothing() {
        let grid = StateGrid::product(&[1.0], 1.0, &[]);
        let one = [Measurement { energy: 0.0, counts: Vec::new() }];
        let (mut exchanger, mut assignment) = (Exchanger::new(&grid, Exchange::default()), Assignment::identity(1, 1));
        let tried = exchanger.exchange(&grid, &Rng::new(1), 0, Period::FirstHalf, &one, &mut assignment);
        assert_eq!(tried, (0, 0));
    }
}
