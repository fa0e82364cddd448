//! Replica exchange: pairs of a schedule swap their states, configurations stay.

mod assignment;
mod group;
mod places;
mod rounds;
mod schedule;
mod swaps;
mod tally;

pub use assignment::Assignment;
pub use schedule::{Exchange, Reach};
pub use tally::{EdgeTally, Period};

use crate::base::fault_injection::{Fault, planted};
use crate::base::ids::StateId;
use crate::base::rng::Rng;
use crate::system::configuration::Measurement;
use crate::thermo::acceptance::StateRef;
use crate::thermo::states::{StateGrid, StatePoint};
use assignment::OfWalker;
use places::{Places, PlacesOfOne, StatesOfOne};
use rayon::prelude::*;
use rounds::Rounds;
use swaps::{Counts, Swaps};

/// Factor on all velocities of a replica whose temperature changes, √(T_new/T_old); exactly 1 where it does not.
pub fn velocity_scale(old_kt: f64, new_kt: f64) -> f64 {
    if old_kt.to_bits() == new_kt.to_bits() || planted(Fault::UnscaledVelocities) {
        1.0
    } else {
        (new_kt / old_kt).sqrt()
    }
}

/// An edge with its ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Pair {
    edge: u32,
    a: StateId,
    b: StateId,
}

/// The schedule over the neighbour graph, with its tallies.
#[derive(Debug, Clone)]
pub struct Exchanger {
    way: Way,
    /// What rounds need of the states, where these are of one reservoir species and without windows.
    of_one: Option<StatesOfOne>,
    /// The first of the walkers that it exchanges: others may be elsewhere.
    first_walker: u32,
    /// Whether exchanges are tallied here: those of a walker that is on several ranks are on one of them.
    tallied: bool,
    /// `[n_edges]`
    pub tallies: Vec<EdgeTally>,
}

/// How pairs are chosen.
#[derive(Debug, Clone)]
enum Way {
    Rounds(Rounds),
    Swaps(Swaps),
}

/// What a visit has decided, to be tallied.
#[derive(Debug)]
pub struct Decided(Outcome);

#[derive(Debug)]
enum Outcome {
    /// Of every pair at its place among those of all groups, in all walkers.
    Rounds { visit: u64, n_walkers: u64, accepted: Vec<u32> },
    /// Of every edge.
    Swaps(Counts),
}

impl Exchanger {
    /// The schedule of a grid.
    ///
    /// Rounds go (axis 1, even), (axis 2, even), …, (axis 1, odd), (axis 2, odd), …; diagonals follow the axes. Directions
    /// that begin with the same axis take turns in parity: were they all even in a row, a replica that one has brought up
    /// this axis would be brought down again by the next. Every round ends with all edges of windows.
    pub fn new(grid: &StateGrid, schedule: Exchange) -> Exchanger {
        let of_one = StatesOfOne::new(grid);
        let way = match schedule {
            Exchange::EvenOdd { rounds, .. } => {
                let as_they_are = || (0..grid.len() as u32).collect();
                let place_of = of_one.as_ref().map_or_else(as_they_are, |states| states.place_of.clone());
                Way::Rounds(Rounds::new(grid, rounds, &place_of))
            }
            Exchange::Random { swaps, reach, .. } => Way::Swaps(Swaps::new(grid, swaps, reach)),
        };
        let tallies = vec![EdgeTally::default(); grid.edges.len()];
        Exchanger { way, of_one, first_walker: 0, tallied: true, tallies }
    }

    /// The same for some of the walkers of a run.
    ///
    /// - `first`: the first of them
    /// - `tallied`: whether their exchanges are tallied here
    pub fn of_walkers(self, first: usize, tallied: bool) -> Exchanger {
        Exchanger { first_walker: first as u32, tallied, ..self }
    }

    /// Draws the random numbers of a visit before they are needed, on all threads. What is decided does not depend on it.
    ///
    /// - `visit`: as for [`Exchanger::exchange`]
    pub fn draw(&mut self, rng: &Rng, visit: u64, walkers: usize) {
        if let Way::Rounds(rounds) = &mut self.way {
            rounds.draw(rng, visit, self.first_walker, walkers);
        }
    }

    /// Exchanges the states of every walker, as one visit has it.
    ///
    /// Edges of a round share no state: they are decided at once, and each round on what the one before has left. Pairs that
    /// are drawn at random are decided one after the other. Walkers know nothing of each other.
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
        let decided = self.decide(grid, rng, visit, measurements, assignment);
        self.tally(period, &decided)
    }

    /// As [`Exchanger::exchange`], but for the tallies: these can wait until the device is at work, for [`Exchanger::tally`].
    ///
    /// - `grid`: the one of the schedule; only weights of windows may have changed
    pub fn decide(
        &self,
        grid: &StateGrid,
        rng: &Rng,
        visit: u64,
        measurements: &[Measurement],
        assignment: &mut Assignment,
    ) -> Decided {
        let any: Vec<StateRef> = match self.of_one {
            Some(_) => Vec::new(),
            None => grid.states.iter().map(StatePoint::as_ref).collect(),
        };
        let (n_walkers, n_edges) = (assignment.walkers(), grid.edges.len());
        let held = assignment.by_walker().into_iter().zip(measurements.chunks(grid.len())).enumerate().collect();
        Decided(match &self.way {
            Way::Rounds(rounds) => {
                let drawn = rounds.drawn_for(visit, n_walkers);
                let walk = |mut accepted: Vec<u32>, (walker, (held, measured)): Held<'_, '_>| {
                    let drawn = drawn.map(|all| &all[walker * (all.len() / n_walkers)..][..all.len() / n_walkers]);
                    let walker = self.first_walker + walker as u32;
                    match &self.of_one {
                        Some(states) => {
                            let places = PlacesOfOne::new(states, held, measured);
                            rounds.walk(rng, visit, walker, drawn, places, &mut accepted);
                        }
                        None => {
                            let places = Places::new(&any, held, measured);
                            rounds.walk(rng, visit, walker, drawn, places, &mut accepted);
                        }
                    }
                    accepted
                };
                let join = |mut a: Vec<u32>, b: Vec<u32>| {
                    a.iter_mut().zip(&b).for_each(|(a, b)| *a += b);
                    a
                };
                let accepted = over(held, rounds.is_shared(visit, n_walkers), || vec![0; n_edges], walk, join);
                Outcome::Rounds { visit, n_walkers: n_walkers as u64, accepted }
            }
            Way::Swaps(swaps) => {
                let walk = |mut counts: Counts, (walker, (held, measured)): Held<'_, '_>| {
                    let walker = self.first_walker + walker as u32;
                    match &self.of_one {
                        Some(states) => {
                            swaps.walk(rng, visit, walker, PlacesOfOne::new(states, held, measured), &mut counts);
                        }
                        None => swaps.walk(rng, visit, walker, Places::new(&any, held, measured), &mut counts),
                    }
                    counts
                };
                let none = || Counts::none(n_edges);
                Outcome::Swaps(over(held, swaps.is_shared(n_walkers), none, walk, |a, b| a.join(&b)))
            }
        })
    }

    /// Records the exchanges of a visit.
    ///
    /// - returns: exchanges tried and accepted
    pub fn tally(&mut self, period: Period, decided: &Decided) -> (u64, u64) {
        match (&self.way, &decided.0) {
            (Way::Rounds(rounds), Outcome::Rounds { visit, n_walkers, accepted }) => {
                let mut all_tried = 0;
                for (group, tried) in rounds.tried(*visit) {
                    let tried = tried * n_walkers;
                    all_tried += tried * group.len() as u64;
                    for (pair, accepted) in group.pairs.iter().zip(&accepted[group.first..]).filter(|_| self.tallied) {
                        self.tallies[pair.edge as usize].record(period, tried, u64::from(*accepted));
                    }
                }
                (all_tried, accepted.iter().map(|&n| u64::from(n)).sum())
            }
            (Way::Swaps(_), Outcome::Swaps(Counts { tried, accepted })) => {
                let of_edges = self.tallies.iter_mut().zip(tried.iter().zip(accepted)).filter(|_| self.tallied);
                of_edges.for_each(|(tally, (&tried, &accepted))| tally.record(period, tried, accepted));
                (tried.iter().sum(), accepted.iter().sum())
            }
            _ => unreachable!("what a visit decides is of its own schedule"),
        }
    }
}

/// A walker with what its states hold and what its replicas measured.
type Held<'a, 'm> = (usize, (OfWalker<'a>, &'m [Measurement]));

/// The sum of something over all walkers, on all threads or on one.
fn over<'a, 'm, T: Send>(
    held: Vec<Held<'a, 'm>>,
    shared: bool,
    none: impl Fn() -> T + Sync + Send,
    walk: impl Fn(T, Held<'a, 'm>) -> T + Sync + Send,
    join: impl Fn(T, T) -> T + Sync + Send,
) -> T {
    if shared {
        held.into_par_iter().fold(&none, walk).reduce(&none, join)
    } else {
        held.into_iter().fold(none(), walk)
    }
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

    fn rounds_of(exchanger: &Exchanger) -> &Rounds {
        let Way::Rounds(rounds) = &exchanger.way else { panic!("rounds") };
        rounds
    }

    fn measured(walkers: u16) -> Vec<Measurement> {
        (0..9 * walkers)
            .map(|r| Measurement { energy: -0.1 * f64::from(r % 9), counts: [r % 5].into_iter().collect() })
            .collect()
    }

    /// Visits of two walkers; the assignment after them, and the tallies.
    fn after(grid: &StateGrid, schedule: Exchange, visits: u64) -> (Assignment, Vec<EdgeTally>) {
        let (mut exchanger, mut assignment) = (Exchanger::new(grid, schedule), Assignment::identity(grid.len(), 2));
        for visit in 0..visits {
            exchanger.exchange(grid, &Rng::new(1), visit, Period::Production, &measured(2), &mut assignment);
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
            assert!(tallies.iter().all(|t| t.attempts == 2));
            assert!(tallies.iter().any(|t| t.accepted > 0));
            assert_ne!(assignment, Assignment::identity(grid.len(), 2));
            // Rounds made at one visit are those made at several.
            let at_once = Exchange::EvenOdd { every: 1, rounds: 2 * directions as u32, diagonals: directions > 2 };
            assert_eq!(after(grid, at_once, 1), (assignment, tallies));
        }
    }

    #[test]
    fn a_walker_elsewhere_exchanges_as_it_does_among_the_others() {
        let grid = grid().with_diagonals();
        let schedule = Exchange::EvenOdd { every: 1, rounds: 3, diagonals: true };
        let (mut all, mut together) = (Exchanger::new(&grid, schedule), Assignment::identity(grid.len(), 2));
        let mut apart: Vec<(Exchanger, Assignment)> = (0..2)
            .map(|w| (Exchanger::new(&grid, schedule).of_walkers(w, w == 1), Assignment::identity(grid.len(), 1)))
            .collect();
        for visit in 0..20 {
            all.exchange(&grid, &Rng::new(1), visit, Period::Production, &measured(2), &mut together);
            for (walker, (exchanger, held)) in apart.iter_mut().enumerate() {
                if visit % 2 == 0 {
                    exchanger.draw(&Rng::new(1), visit, 1);
                }
                let own = &measured(2)[9 * walker..9 * (walker + 1)];
                exchanger.exchange(&grid, &Rng::new(1), visit, Period::Production, own, held);
            }
        }
        let states: Vec<StateId> = apart.iter().flat_map(|(_, held)| held.states().to_vec()).collect();
        assert_eq!(together.states(), states);
        assert_ne!(apart[0].1, apart[1].1);
        assert!(apart[0].0.tallies.iter().all(|t| t.attempts == 0));
        assert!(apart[1].0.tallies.iter().zip(&all.tallies).all(|(one, both)| 2 * one.attempts == both.attempts));
    }

    #[test]
    fn numbers_drawn_before_are_those_drawn_in_time() {
        let grid = grid().with_diagonals();
        let schedule = Exchange::EvenOdd { every: 1, rounds: 7, diagonals: true };
        let (mut exchanger, mut assignment) = (Exchanger::new(&grid, schedule), Assignment::identity(grid.len(), 2));
        for visit in 0..20 {
            // now and then those of another visit, or of none
            if visit % 5 != 3 {
                exchanger.draw(&Rng::new(1), if visit % 5 == 1 { visit + 1 } else { visit }, 2);
            }
            exchanger.exchange(&grid, &Rng::new(1), visit, Period::Production, &measured(2), &mut assignment);
        }
        assert!(rounds_of(&exchanger).drawn.ln_uniforms.iter().all(|ln| *ln < 0.0));
        assert_eq!((assignment, exchanger.tallies), after(&grid, schedule, 20));
    }

    #[test]
    fn directions_of_one_axis_take_turns_in_parity() {
        let exchanger = Exchanger::new(&grid().with_diagonals(), Exchange::default());
        let grid = grid().with_diagonals();
        let named: Vec<String> = rounds_of(&exchanger)
            .groups
            .iter()
            .map(|group| {
                let edge = grid.edges[group.pairs[0].edge as usize];
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
        let edges: Vec<Vec<u32>> =
            rounds_of(&exchanger).groups.iter().map(|g| g.pairs.iter().map(|p| p.edge).collect()).collect();
        assert_eq!(edges, [vec![0, 3], vec![1], vec![2]]);
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
                        counts: [(r % 16_900 % 7) as u16].into_iter().collect(),
                    })
                    .collect();
                let mut assignment = Assignment::identity(16_900, walkers);
                let mut exchanger = Exchanger::new(&grid, Exchange::EvenOdd { every: 1, rounds: 9, diagonals: true });
                exchanger.exchange(&grid, &Rng::new(5), 3, Period::Production, &measured, &mut assignment);
                assert!(assignment.is_permutation());
                (assignment.states().to_vec(), exchanger.tallies)
            })
        };
        // Threads share walkers, and the rounds of one.
        const { assert!(130 * 65 > rounds::SHARED) };
        let all = after(4, 3);
        assert_eq!(all, after(4, 1));
        assert_eq!(after(1, 3), after(1, 1));
        assert_eq!(after(1, 1).0, all.0[..16_900]);
        assert_ne!(all.0[..16_900], *Assignment::identity(16_900, 1).states());
    }

    #[test]
    fn a_grid_of_one_state_exchanges_nothing() {
        let grid = StateGrid::product(&[1.0], 1.0, &[]);
        let one = [Measurement { energy: 0.0, counts: [].into_iter().collect() }];
        let (mut exchanger, mut assignment) = (Exchanger::new(&grid, Exchange::default()), Assignment::identity(1, 1));
        let tried = exchanger.exchange(&grid, &Rng::new(1), 0, Period::Production, &one, &mut assignment);
        assert_eq!(tried, (0, 0));
    }
}
