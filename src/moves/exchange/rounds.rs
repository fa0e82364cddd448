//! Even/odd rounds over the edges of a grid.

use super::Pair;
use super::group::{Group, apart};
use super::places::Hold;
use crate::base::rng::{Rng, Stream};
use crate::base::rng_lanes::{ln_uniform, ln_uniforms};
use crate::thermo::acceptance::accept_ln_drawn;
use crate::thermo::states::{Direction, StateGrid};
use rayon::prelude::*;

/// Pairs of a round of one walker from which threads share it: below, waking them takes longer than the round.
pub(super) const SHARED: usize = 8192;

/// Decisions and random numbers of a visit from which threads share its walkers: fewer take less than half a millisecond.
const SHARED_VISIT: usize = 1 << 18;

/// Most numbers that are drawn before they are needed: 32 MiB.
const MOST_DRAWN: usize = 1 << 22;

/// The rounds of a grid.
#[derive(Debug, Clone)]
pub(super) struct Rounds {
    /// Rounds of one exchange.
    rounds: u32,
    /// Edges that are tried together, in the order of rounds.
    pub(super) groups: Vec<Group>,
    /// Edges of windows, in groups that are tried one after the other in every round: a window serves all points of its
    /// temperature.
    windows: Vec<Group>,
    pub(super) drawn: Drawn,
}

/// Random numbers of one visit, drawn while nobody waits for them: they depend on addresses alone.
#[derive(Debug, Clone, Default)]
pub(super) struct Drawn {
    /// The visit that they are of.
    visit: Option<u64>,
    /// `[n_walkers][pairs in the order of trying]`, ln of numbers in (0, 1).
    pub(super) ln_uniforms: Vec<f64>,
}

impl Rounds {
    /// - `place_of`: `[n_states]`, where what a state holds lies in memory
    pub(super) fn new(grid: &StateGrid, rounds: u32, place_of: &[u32]) -> Rounds {
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
        let mut first = 0;
        let mut group = |pairs: Vec<Pair>| {
            let group = Group::new(pairs, first, place_of);
            first += group.len();
            group
        };
        let groups = lists.into_iter().map(&mut group).collect();
        let windows = windows.into_iter().map(&mut group).collect();
        Rounds { rounds, groups, windows, drawn: Drawn::default() }
    }

    /// Draws the random numbers of a visit before they are needed, on all threads.
    pub(super) fn draw(&mut self, rng: &Rng, visit: u64, first_walker: u32, walkers: usize) {
        let mut drawn = std::mem::take(&mut self.drawn);
        let all = self.pairs_of(visit).saturating_mul(walkers);
        drawn.visit = (all <= MOST_DRAWN).then_some(visit);
        drawn.ln_uniforms.resize(if drawn.visit.is_some() { all } else { 0 }, 0.0);
        let (mut pieces, mut rest) = (Vec::new(), &mut drawn.ln_uniforms[..]);
        for walker in (0..walkers as u32).take_while(|_| drawn.visit.is_some()) {
            for (round, group) in self.groups_of(visit) {
                let (now, later) = std::mem::take(&mut rest).split_at_mut(group.len());
                rest = later;
                pieces.push((first_walker + walker, round, group, now));
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

    /// What was drawn for a visit of so many walkers, one after the other.
    pub(super) fn drawn_for(&self, visit: u64, walkers: usize) -> Option<&[f64]> {
        let is_for = self.drawn.visit == Some(visit) && self.drawn.ln_uniforms.len() == self.pairs_of(visit) * walkers;
        is_for.then_some(&self.drawn.ln_uniforms)
    }

    /// Whether threads should share the walkers of a visit.
    pub(super) fn is_shared(&self, visit: u64, walkers: usize) -> bool {
        self.drawn_for(visit, walkers).is_none() || self.pairs_of(visit) * walkers >= SHARED_VISIT
    }

    /// All rounds of one walker.
    ///
    /// - `walker`: of all walkers of the run
    /// - `drawn`: ln of the random numbers in the order of trying, where they were drawn before
    /// - `accepted`: of every edge, added to
    pub(super) fn walk<P: Hold>(
        &self,
        rng: &Rng,
        visit: u64,
        walker: u32,
        mut drawn: Option<&[f64]>,
        mut places: P,
        accepted: &mut [u32],
    ) {
        for (round, group) in self.groups_of(visit) {
            let decide = |pair: &Pair, places: &P| {
                let ln_uniform = || ln_uniform(rng, Stream::Exchange, round, walker, pair.edge);
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

    /// Every group with the number of times that a visit tries it in one walker.
    pub(super) fn tried(&self, visit: u64) -> impl Iterator<Item = (&Group, u64)> {
        let mut visited = vec![0_u64; self.groups.len() + self.windows.len()];
        let first = visit * u64::from(self.rounds);
        let (of_groups, of_windows) = visited.split_at_mut(self.groups.len());
        of_windows.fill(u64::from(self.rounds));
        if !of_groups.is_empty() {
            let n_groups = of_groups.len() as u64;
            (first..first + u64::from(self.rounds)).for_each(|round| of_groups[(round % n_groups) as usize] += 1);
        }
        self.groups.iter().chain(&self.windows).zip(visited).filter(|&(_, tried)| tried > 0)
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
