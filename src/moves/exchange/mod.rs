//! Replica exchange: pairs of a schedule swap their states, configurations stay.

mod assignment;
mod group;
mod places;
mod schedule;
mod tally;

pub use assignment::Assignment;
pub use schedule::Exchange;
pub use tally::{EdgeTally, Period};

use crate::base::fault_injection::{Fault, planted};
use crate::base::ids::StateId;
use crate::base::rng::{Rng, Stream};
use crate::base::rng_lanes::{ln_uniform, ln_uniforms};
use crate::system::configuration::Measurement;
use crate::thermo::acceptance::{StateRef, accept_ln_drawn};
use crate::thermo::states::{Direction, StateGrid, StatePoint};
use assignment::OfWalker;
use group::{Group, apart};
use places::{Hold, Places, PlacesOfOne, StatesOfOne};
use rayon::prelude::*;

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

/// Decisions and random numbers of a visit from which threads share its walkers: fewer take less than half a millisecond.
const SHARED_VISIT: usize = 1 << 18;

/// Most numbers that are drawn before they are needed: 32 MiB.
const MOST_DRAWN: usize = 1 << 22;

/// An edge with its ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Pair {
    edge: u32,
    a: StateId,
    b: StateId,
}

/// The even/odd schedule over the neighbour graph, with its tallies.
#[derive(Debug, Clone)]
pub struct Exchanger {
    /// Rounds of one exchange.
    rounds: u32,
    /// Edges that are tried together, in the order of rounds.
    groups: Vec<Group>,
    /// Edges of windows, in groups that are tried one after the other in every round: a window serves all points of its
    /// temperature.
    windows: Vec<Group>,
    /// What rounds need of the states, where these are of one reservoir species and without windows.
    of_one: Option<StatesOfOne>,
    drawn: Drawn,
    /// The first of the walkers that it exchanges: others may be elsewhere.
    first_walker: u32,
    /// Whether exchanges are tallied here: those of a walker that is on several ranks are on one of them.
    tallied: bool,
    /// `[n_edges]`
    pub tallies: Vec<EdgeTally>,
}

/// What a visit has decided, to be tallied.
#[derive(Debug)]
pub struct Decided {
    visit: u64,
    n_walkers: u64,
    /// Of every pair at its place among those of all groups, in all walkers.
    accepted: Vec<u32>,
}

/// Random numbers of one visit, drawn while nobody waits for them: they depend on addresses alone.
#[derive(Debug, Clone, Default)]
struct Drawn {
    /// The visit that they are of.
    visit: Option<u64>,
    /// `[n_walkers][pairs in the order of trying]`, ln of numbers in (0, 1).
    ln_uniforms: Vec<f64>,
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
        let mut lists = Vec::new();
        for pass in 0..2 {
            for (i, direction) in directions.iter().enumerate() {
                let before = directions[..i].iter().filter(|d| d.first_axis() == direction.first_axis()).count();
                let colour = ((before + pass) % 2) as u8;
                let of_them = |&e: &usize| grid.edges[e].direction == *direction && grid.edges[e].colour == colour;
                lists.extend(apart(grid, (0..grid.edges.len()).filter(of_them)));
            }
        }
        let windows = apart(grid, (0..grid.edges.len()).filter(|&e| grid.edges[e].direction == Direction::Window));
        let of_one = StatesOfOne::new(grid);
        let as_they_are = || (0..grid.len() as u32).collect();
        let place_of = of_one.as_ref().map_or_else(as_they_are, |states| states.place_of.clone());
        let mut first = 0;
        let mut group = |pairs: Vec<Pair>| {
            let group = Group::new(pairs, first, &place_of);
            first += group.len();
            group
        };
        let groups = lists.into_iter().map(&mut group).collect();
        let windows = windows.into_iter().map(&mut group).collect();
        let tallies = vec![EdgeTally::default(); grid.edges.len()];
        Exchanger { rounds, groups, windows, of_one, drawn: Drawn::default(), first_walker: 0, tallied: true, tallies }
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
        let mut drawn = std::mem::take(&mut self.drawn);
        let all = self.pairs_of(visit).saturating_mul(walkers);
        drawn.visit = (all <= MOST_DRAWN).then_some(visit);
        drawn.ln_uniforms.resize(if drawn.visit.is_some() { all } else { 0 }, 0.0);
        let (mut pieces, mut rest) = (Vec::new(), &mut drawn.ln_uniforms[..]);
        for walker in (0..walkers as u32).take_while(|_| drawn.visit.is_some()) {
            for (round, group) in self.groups_of(visit) {
                let (now, later) = std::mem::take(&mut rest).split_at_mut(group.len());
                rest = later;
                pieces.push((self.first_walker + walker, round, group, now));
            }
        }
        let draw = |(walker, round, group, out): (u32, u64, &Group, &mut [f64])| {
            ln_uniforms(rng, Stream::Exchange, round, walker, &group.edges, out);
        };
        if all < SHARED_VISIT {
            pieces.into_iter().for_each(draw);
        } else {
            pieces.into_par_iter().for_each(draw);
        }
        self.drawn = drawn;
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
        let n_walkers = assignment.walkers() as u64;
        let pairs = self.pairs_of(visit);
        let drawn = (self.drawn.visit == Some(visit) && self.drawn.ln_uniforms.len() == pairs * n_walkers as usize)
            .then_some(self.drawn.ln_uniforms.as_slice());
        let in_rounds = Visit { exchanger: self, rng, visit };
        let none = || vec![0_u32; grid.edges.len()];
        let walk = |mut accepted: Vec<u32>, (walker, (held, measured)): (usize, (OfWalker<'_>, &[Measurement]))| {
            let drawn = drawn.map(|all| &all[walker * pairs..(walker + 1) * pairs]);
            let walker = in_rounds.exchanger.first_walker + walker as u32;
            match &self.of_one {
                Some(states) => {
                    in_rounds.walk(walker, drawn, PlacesOfOne::new(states, held, measured), &mut accepted);
                }
                None => in_rounds.walk(walker, drawn, Places::new(&any, held, measured), &mut accepted),
            }
            accepted
        };
        let accepted = if drawn.is_some() && pairs * (n_walkers as usize) < SHARED_VISIT {
            assignment.by_walker().into_iter().zip(measurements.chunks(grid.len())).enumerate().fold(none(), walk)
        } else {
            let of_walkers =
                assignment.by_walker().into_par_iter().zip(measurements.par_chunks(grid.len())).enumerate();
            of_walkers.fold(none, walk).reduce(none, |mut a, b| {
                a.iter_mut().zip(&b).for_each(|(a, b)| *a += b);
                a
            })
        };
        Decided { visit, n_walkers, accepted }
    }

    /// Records the exchanges of a visit.
    ///
    /// - returns: exchanges tried and accepted
    pub fn tally(&mut self, period: Period, decided: &Decided) -> (u64, u64) {
        let &Decided { visit, n_walkers, ref accepted } = decided;
        let mut visited = vec![0_u64; self.groups.len() + self.windows.len()];
        let first = visit * u64::from(self.rounds);
        let (of_groups, of_windows) = visited.split_at_mut(self.groups.len());
        of_windows.fill(u64::from(self.rounds) * n_walkers);
        if !of_groups.is_empty() {
            let n_groups = of_groups.len() as u64;
            (first..first + u64::from(self.rounds))
                .for_each(|round| of_groups[(round % n_groups) as usize] += n_walkers);
        }
        let mut all_tried = 0;
        for (group, tried) in self.groups.iter().chain(&self.windows).zip(visited).filter(|&(_, tried)| tried > 0) {
            all_tried += tried * group.len() as u64;
            for (pair, accepted) in group.pairs.iter().zip(&accepted[group.first..]).filter(|_| self.tallied) {
                self.tallies[pair.edge as usize].record(period, tried, u64::from(*accepted));
            }
        }
        (all_tried, accepted.iter().map(|&n| u64::from(n)).sum())
    }

    /// Pairs that a visit tries in one walker.
    fn pairs_of(&self, visit: u64) -> usize {
        self.groups_of(visit).map(|(_, group)| group.len()).sum()
    }

    /// Every group of edges that a visit tries, in turn, with the number of its round.
    fn groups_of(&self, visit: u64) -> impl Iterator<Item = (u64, &Group)> {
        let first = visit * u64::from(self.rounds);
        let of_round = |round: u64| self.groups.get((round % self.groups.len().max(1) as u64) as usize);
        (first..first + u64::from(self.rounds))
            .flat_map(move |r| of_round(r).into_iter().chain(&self.windows).map(move |g| (r, g)))
    }
}

/// The rounds of one visit.
struct Visit<'a> {
    exchanger: &'a Exchanger,
    rng: &'a Rng,
    visit: u64,
}

impl Visit<'_> {
    /// All rounds of one walker.
    ///
    /// - `drawn`: ln of the random numbers in the order of trying, where they were drawn before
    /// - `accepted`: of every pair at its place among those of all groups, added to
    fn walk<P: Hold>(&self, walker: u32, mut drawn: Option<&[f64]>, mut places: P, accepted: &mut [u32]) {
        for (round, group) in self.exchanger.groups_of(self.visit) {
            let decide = |pair: &Pair, places: &P| {
                let ln_uniform = || ln_uniform(self.rng, Stream::Exchange, round, walker, pair.edge);
                accept_ln_drawn(ln_uniform, places.ln_acc(pair))
            };
            let accepted = &mut accepted[group.first..group.first + group.len()];
            if let Some(numbers) = &mut drawn {
                let (now, later) = numbers.split_at(group.len());
                *numbers = later;
                places.exchange(group, now, accepted);
            } else if group.len() < SHARED {
                for (pair, accepted) in group.pairs.iter().zip(accepted) {
                    let accept = decide(pair, &places);
                    places.swap_if(accept, pair);
                    *accepted += u32::from(accept);
                }
            } else {
                let pairs = group.pairs.par_iter().with_min_len(SHARED / 8);
                let decisions: Vec<bool> = pairs.map(|p| decide(p, &places)).collect();
                for ((pair, accepted), accept) in group.pairs.iter().zip(accepted).zip(decisions) {
                    places.swap_if(accept, pair);
                    *accepted += u32::from(accept);
                }
            }
        }
        places.settle();
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

    fn measured(walkers: u16) -> Vec<Measurement> {
        (0..9 * walkers)
            .map(|r| Measurement { energy: -0.1 * f64::from(r % 9), counts: [r % 5].into_iter().collect() })
            .collect()
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
    fn a_walker_elsewhere_exchanges_as_it_does_among_the_others() {
        let grid = grid().with_diagonals();
        let schedule = Exchange::EvenOdd { every: 1, rounds: 3, diagonals: true };
        let (mut all, mut together) = (Exchanger::new(&grid, schedule), Assignment::identity(grid.len(), 2));
        let mut apart: Vec<(Exchanger, Assignment)> = (0..2)
            .map(|w| (Exchanger::new(&grid, schedule).of_walkers(w, w == 1), Assignment::identity(grid.len(), 1)))
            .collect();
        for visit in 0..20 {
            all.exchange(&grid, &Rng::new(1), visit, Period::SecondHalf, &measured(2), &mut together);
            for (walker, (exchanger, held)) in apart.iter_mut().enumerate() {
                if visit % 2 == 0 {
                    exchanger.draw(&Rng::new(1), visit, 1);
                }
                let own = &measured(2)[9 * walker..9 * (walker + 1)];
                exchanger.exchange(&grid, &Rng::new(1), visit, Period::SecondHalf, own, held);
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
            exchanger.exchange(&grid, &Rng::new(1), visit, Period::SecondHalf, &measured(2), &mut assignment);
        }
        assert!(exchanger.drawn.ln_uniforms.iter().all(|ln| *ln < 0.0));
        assert_eq!((assignment, exchanger.tallies), after(&grid, schedule, 20));
    }

    #[test]
    fn directions_of_one_axis_take_turns_in_parity() {
        let exchanger = Exchanger::new(&grid().with_diagonals(), Exchange::default());
        let grid = grid().with_diagonals();
        let named: Vec<String> = exchanger
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
        let edges: Vec<Vec<u32>> = exchanger.groups.iter().map(|g| g.pairs.iter().map(|p| p.edge).collect()).collect();
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
        let one = [Measurement { energy: 0.0, counts: [].into_iter().collect() }];
        let (mut exchanger, mut assignment) = (Exchanger::new(&grid, Exchange::default()), Assignment::identity(1, 1));
        let tried = exchanger.exchange(&grid, &Rng::new(1), 0, Period::FirstHalf, &one, &mut assignment);
        assert_eq!(tried, (0, 0));
    }
}
