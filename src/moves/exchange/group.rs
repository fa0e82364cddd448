//! Edges that are tried together, and the runs in which they lie.

use super::Pair;
use crate::base::ids::StateId;
use crate::thermo::states::StateGrid;
use std::collections::HashSet;

/// Edges that share no state.
#[derive(Debug, Clone)]
pub(super) struct Group {
    pub(super) pairs: Vec<Pair>,
    /// The edges of the pairs once more, side by side.
    pub(super) edges: Vec<u32>,
    /// The pairs once more, one run after the other.
    pub(super) runs: Vec<Run>,
    /// Place of the first pair among those of all groups.
    pub(super) first: usize,
}

/// Pairs of two rows of places: (a, b), (a + 1, b + 1), … No two pairs share one, so that one row ends before the other begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Run {
    /// The places of the first pair.
    pub(super) a: usize,
    pub(super) b: usize,
    pub(super) len: usize,
}

impl Group {
    /// - `first`: pairs of the groups before it
    /// - `place_of`: `[n_states]`, where what a state holds lies in memory
    pub(super) fn new(mut pairs: Vec<Pair>, first: usize, place_of: &[u32]) -> Group {
        let places = |pair: &Pair| [pair.a, pair.b].map(|state| place_of[state.index()] as usize);
        pairs.sort_by_key(places);
        let mut runs: Vec<Run> = Vec::new();
        for pair in &pairs {
            let [a, b] = places(pair);
            match runs.last_mut() {
                Some(run) if (a, b) == (run.a + run.len, run.b + run.len) => run.len += 1,
                _ => runs.push(Run { a, b, len: 1 }),
            }
        }
        let edges = pairs.iter().map(|pair| pair.edge).collect();
        Group { pairs, edges, runs, first }
    }

    pub(super) fn len(&self) -> usize {
        self.pairs.len()
    }
}

/// The order of states in memory in which the pairs of a round lie in rows: within a chain of neighbours, k and k + 1, first every
/// other one, then those between. `[n_states]`
pub(super) fn in_rows(grid: &StateGrid) -> Vec<StateId> {
    let mut has_next = vec![false; grid.len()];
    for edge in grid.edges.iter().filter(|edge| edge.b.index() == edge.a.index() + 1) {
        has_next[edge.a.index()] = true;
    }
    let mut between = false;
    let of_state = |state: usize| {
        between = !between && state > 0 && has_next[state - 1];
        (between, state)
    };
    let mut order: Vec<(bool, usize)> = (0..grid.len()).map(of_state).collect();
    order.sort_unstable();
    order.into_iter().map(|(_, state)| StateId(state as u32)).collect()
}

/// Edges in lists that share no state: one list, if they are of one direction and parity of a rectangle.
pub(super) fn apart(grid: &StateGrid, edges: impl Iterator<Item = usize>) -> Vec<Vec<Pair>> {
    let mut lists: Vec<(HashSet<StateId>, Vec<Pair>)> = Vec::new();
    for e in edges {
        let ends = [grid.edges[e].a, grid.edges[e].b];
        let at = lists.iter().position(|(taken, _)| ends.iter().all(|end| !taken.contains(end)));
        let at = at.unwrap_or_else(|| {
            lists.push(Default::default());
            lists.len() - 1
        });
        lists[at].0.extend(ends);
        lists[at].1.push(Pair { edge: e as u32, a: ends[0], b: ends[1] });
    }
    lists.into_iter().map(|(_, pairs)| pairs).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::thermo::Convention;
    use crate::thermo::states::ReservoirAxis;

    #[test]
    fn runs_are_the_pairs_in_the_order_of_places() {
        let of = |ends: &[(u32, u32)], place_of: &[u32]| {
            let pair = |(e, &(a, b)): (usize, &(u32, u32))| Pair { edge: e as u32, a: StateId(a), b: StateId(b) };
            Group::new(ends.iter().enumerate().map(pair).collect(), 0, place_of)
        };
        let run = |a, b, len| Run { a, b, len };
        let as_it_is: Vec<u32> = (0..14).collect();
        let rows = of(&[(0, 4), (1, 5), (2, 6), (8, 12), (9, 13)], &as_it_is);
        assert_eq!(rows.runs, [run(0, 4, 3), run(8, 12, 2)]);
        // neighbours are no rows, unless every other state lies behind the others; the second row may come first
        assert_eq!(of(&[(1, 2), (3, 4)], &as_it_is).runs, [run(1, 2, 1), run(3, 4, 1)]);
        let apart = [0, 3, 1, 4, 2, 5];
        assert_eq!(of(&[(0, 1), (2, 3), (4, 5)], &apart).runs, [run(0, 3, 3)]);
        assert_eq!(of(&[(1, 2), (3, 4)], &apart).runs, [run(3, 1, 2)]);
        let mixed = of(&[(3, 9), (0, 7), (1, 8)], &as_it_is);
        assert_eq!((mixed.edges, mixed.runs), (vec![1, 2, 0], vec![run(0, 7, 2), run(3, 9, 1)]));
    }

    #[test]
    fn every_other_state_of_a_chain_comes_first() {
        let axis = ReservoirAxis {
            species: "B".into(),
            convention: Convention::Activity,
            values: vec![1.0, 2.0, 3.0, 4.0, 5.0],
        };
        let grid = StateGrid::product(&[0.5, 0.7], 1.0, &[axis]);
        let order: Vec<u32> = in_rows(&grid).into_iter().map(|state| state.0).collect();
        assert_eq!(order, [0, 2, 4, 5, 7, 9, 1, 3, 6, 8]);
    }
}
