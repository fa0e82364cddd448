//! Pairs drawn at random, one after the other.

use super::Pair;
use super::places::Hold;
use super::schedule::Reach;
use crate::base::ids::StateId;
use crate::base::rng::{Rng, Stream, uniform};
use crate::base::rng_lanes::ln;
use crate::thermo::acceptance::accept_ln;
use crate::thermo::states::StateGrid;

/// Swaps of a visit from which threads share its walkers.
const SHARED_VISIT: usize = 1 << 14;

/// The pairs of a grid that may be drawn.
#[derive(Debug, Clone)]
pub(super) struct Swaps {
    /// Pairs tried in a walker each time.
    swaps: u32,
    among: Among,
}

#[derive(Debug, Clone)]
enum Among {
    /// The edges.
    Edges(Vec<Pair>),
    /// Any two states, with the edges of every state to those after it.
    Any { n_edges: u32, later: Vec<Vec<Pair>> },
}

/// What was tried and accepted: `[n_edges + 1]`, last what is no edge.
#[derive(Debug, Clone)]
pub(super) struct Counts {
    pub(super) tried: Vec<u64>,
    pub(super) accepted: Vec<u64>,
}

impl Counts {
    pub(super) fn none(n_edges: usize) -> Counts {
        Counts { tried: vec![0; n_edges + 1], accepted: vec![0; n_edges + 1] }
    }

    pub(super) fn join(mut self, other: &Counts) -> Counts {
        let add = |to: &mut [u64], from: &[u64]| to.iter_mut().zip(from).for_each(|(a, b)| *a += b);
        add(&mut self.tried, &other.tried);
        add(&mut self.accepted, &other.accepted);
        self
    }
}

impl Swaps {
    pub(super) fn new(grid: &StateGrid, swaps: u32, reach: Reach) -> Swaps {
        let pairs = grid.edges.iter().enumerate().map(|(e, x)| Pair { edge: e as u32, a: x.a, b: x.b });
        let among = match reach {
            Reach::Axis | Reach::Diagonal => Among::Edges(pairs.collect()),
            Reach::Any => {
                let mut later = vec![Vec::new(); grid.len()];
                for pair in pairs {
                    later[pair.a.index().min(pair.b.index())].push(pair);
                }
                Among::Any { n_edges: grid.edges.len() as u32, later }
            }
        };
        Swaps { swaps, among }
    }

    /// Whether threads should share the walkers of a visit.
    pub(super) fn is_shared(&self, walkers: usize) -> bool {
        self.swaps as usize * walkers >= SHARED_VISIT
    }

    /// Swaps that are tried in a walker each time: none where there is no pair.
    pub(super) fn each_time(&self) -> u64 {
        let is_empty = match &self.among {
            Among::Edges(pairs) => pairs.is_empty(),
            Among::Any { later, .. } => later.len() < 2,
        };
        if is_empty { 0 } else { u64::from(self.swaps) }
    }

    /// The pair of a random number, each as likely as another within 2⁻³² of that.
    fn pair(&self, word: u32, other: u32) -> Pair {
        let below = |word: u32, n: usize| ((u64::from(word) * n as u64) >> 32) as usize;
        match &self.among {
            Among::Edges(pairs) => pairs[below(word, pairs.len())],
            Among::Any { n_edges, later } => {
                let n = later.len();
                let first = below(word, n);
                // of the n − 1 others
                let second = below(other, n - 1);
                let second = if second < first { second } else { second + 1 };
                let [a, b] = [first.min(second), first.max(second)].map(|k| StateId(k as u32));
                let edge = later[a.index()].iter().find(|pair| [pair.a, pair.b].contains(&b));
                edge.copied().unwrap_or(Pair { edge: *n_edges, a, b })
            }
        }
    }

    /// All swaps of one walker.
    ///
    /// - `walker`: of all walkers of the run
    pub(super) fn walk<P: Hold>(&self, rng: &Rng, visit: u64, walker: u32, mut places: P, counts: &mut Counts) {
        let first = visit * u64::from(self.swaps);
        for swap in first..first + self.each_time() {
            let [word, other, accept, _] = rng.block(Stream::Exchange, swap, walker, 0);
            let pair = self.pair(word, other);
            let accept = accept_ln(ln(uniform(accept)), places.ln_acc(&pair));
            places.swap_if(accept, &pair);
            counts.tried[pair.edge as usize] += 1;
            counts.accepted[pair.edge as usize] += u64::from(accept);
        }
        places.settle();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::moves::exchange::{Assignment, EdgeTally, Exchange, Exchanger, Period};
    use crate::system::configuration::Measurement;
    use crate::thermo::Convention;
    use crate::thermo::states::ReservoirAxis;

    fn grid(reach: Reach) -> StateGrid {
        let axis =
            ReservoirAxis { species: "B".into(), convention: Convention::Activity, values: vec![-3.0, -2.0, -1.0] };
        let grid = StateGrid::product(&[0.5, 0.7, 1.0], 1.0, &[axis]);
        if reach == Reach::Axis { grid } else { grid.with_diagonals() }
    }

    fn measured(walkers: u16) -> Vec<Measurement> {
        (0..9 * walkers)
            .map(|r| Measurement { energy: -0.1 * f64::from(r % 9), counts: [r % 5].into_iter().collect() })
            .collect()
    }

    #[test]
    fn every_pair_within_reach_is_drawn_as_often_as_another() {
        for (reach, n_pairs) in [(Reach::Axis, 12), (Reach::Diagonal, 20), (Reach::Any, 36)] {
            let grid = grid(reach);
            let swaps = Swaps::new(&grid, 1, reach);
            let (rng, n) = (Rng::new(3), 100_000_u64);
            let mut drawn = std::collections::HashMap::new();
            for swap in 0..n {
                let [a, b, ..] = rng.block(Stream::Exchange, swap, 0, 0);
                let pair = swaps.pair(a, b);
                assert!(pair.a != pair.b);
                let of_grid = grid.edges.iter().position(|e| [[e.a, e.b], [e.b, e.a]].contains(&[pair.a, pair.b]));
                assert_eq!(of_grid.unwrap_or(grid.edges.len()), pair.edge as usize);
                *drawn.entry([pair.a.min(pair.b), pair.a.max(pair.b)]).or_insert(0.0) += 1.0;
            }
            assert_eq!(drawn.len(), n_pairs, "{reach:?}");
            let expected = n as f64 / n_pairs as f64;
            let chi2: f64 = drawn.values().map(|seen| (seen - expected) * (seen - expected) / expected).sum();
            // mean n − 1, variance 2 (n − 1)
            let degrees = n_pairs as f64 - 1.0;
            assert!((chi2 - degrees).abs() < 5.0 * (2.0 * degrees).sqrt(), "{reach:?}: χ² {chi2} of {degrees}");
        }
    }

    /// Visits of so many walkers, on so many threads: the assignment, tallies, and exchanges tried and accepted.
    fn after(reach: Reach, walkers: u16, threads: usize) -> (Assignment, Vec<EdgeTally>, (u64, u64)) {
        let grid = grid(reach);
        let mut exchanger = Exchanger::new(&grid, Exchange::Random { swaps: 9000, reach, every: 1 });
        let mut assignment = Assignment::identity(grid.len(), usize::from(walkers));
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
        let all = pool.install(|| {
            (0..3).fold((0, 0), |(tried, accepted), visit| {
                let rng = Rng::new(1);
                exchanger.draw(&rng, visit, usize::from(walkers));
                let measured = measured(walkers);
                let (t, a) = exchanger.exchange(&grid, &rng, visit, Period::Production, &measured, &mut assignment);
                (tried + t, accepted + a)
            })
        });
        assert!(assignment.is_permutation());
        (assignment, exchanger.tallies, all)
    }

    #[test]
    fn walkers_are_as_they_would_be_alone_on_any_number_of_threads() {
        for reach in [Reach::Axis, Reach::Diagonal, Reach::Any] {
            const { assert!(2 * 9000 > SHARED_VISIT && 9000 < SHARED_VISIT) };
            let (both, tallies, (tried, accepted)) = after(reach, 2, 3);
            assert_eq!((&both, &tallies), (&after(reach, 2, 1).0, &after(reach, 2, 1).1));
            assert_eq!(both.states()[..9], *after(reach, 1, 1).0.states());
            assert_ne!(both.states()[..9], *Assignment::identity(9, 1).states());
            assert_eq!(tried, 2 * 3 * 9000);
            let of_edges = tallies.iter().fold((0, 0), |(t, a), tally| (t + tally.attempts, a + tally.accepted));
            assert!(tallies.iter().all(|t| t.attempts > 0 && t.accepted > 0));
            match reach {
                // 20 of 36 pairs are edges
                Reach::Any => assert!((of_edges.0 as f64 / tried as f64 - 20.0 / 36.0).abs() < 0.02),
                _ => assert_eq!(of_edges, (tried, accepted)),
            }
        }
    }

    #[test]
    fn a_single_state_exchanges_nothing() {
        for reach in [Reach::Axis, Reach::Any] {
            let grid = StateGrid::product(&[1.0], 1.0, &[]);
            let one = [Measurement { energy: 0.0, counts: [].into_iter().collect() }];
            let mut exchanger = Exchanger::new(&grid, Exchange::Random { swaps: 5, reach, every: 1 });
            let mut assignment = Assignment::identity(1, 1);
            let tried = exchanger.exchange(&grid, &Rng::new(1), 0, Period::Production, &one, &mut assignment);
            assert_eq!(tried, (0, 0));
        }
    }
}
