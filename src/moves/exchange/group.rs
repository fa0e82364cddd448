//! Edges that are tried together, and the runs in which they lie.

use super::Pair;
use crate::base::ids::StateId;
use crate::thermo::states::StateGrid;
use std::collections::HashSet;

/// Edges that share no state.
#[derive(Debug, Clone)]
pub(super) struct Group {
    pub(super) pairs: Vec<Pair>,
    /// The pairs once more, one run after the other.
    pub(super) runs: Vec<Run>,
    /// Place of the first pair among those of all groups.
    pub(super) first: usize,
}

/// Pairs whose states follow one another in memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Run {
    /// The states of the first pair.
    pub(super) a: usize,
    pub(super) b: usize,
    pub(super) len: usize,
    pub(super) kind: RunKind,
}

/// How the states of the pairs of a run follow one another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RunKind {
    /// Two rows apart: a, a + 1, … and b, b + 1, …
    Rows,
    /// Neighbours: (a, a + 1), (a + 2, a + 3), …
    Neighbours,
    /// A single pair of any states.
    Single,
}

impl Group {
    /// - `first`: pairs of the groups before it
    pub(super) fn new(pairs: Vec<Pair>, first: usize) -> Group {
        let mut runs: Vec<Run> = Vec::new();
        for pair in &pairs {
            let (a, b) = (pair.a.index(), pair.b.index());
            if !runs.last_mut().is_some_and(|run| run.takes(a, b)) {
                runs.push(Run { a, b, len: 1, kind: RunKind::Single });
            }
        }
        Group { pairs, runs, first }
    }

    pub(super) fn len(&self) -> usize {
        self.pairs.len()
    }
}

impl Run {
    /// Takes a pair as the next one, where it is that.
    fn takes(&mut self, a: usize, b: usize) -> bool {
        let next_of_rows = a == self.a + self.len && b == self.b + self.len && self.a + self.len < self.b;
        let next_neighbours = self.b == self.a + 1 && a == self.a + 2 * self.len && b == a + 1;
        let kind = match self.kind {
            RunKind::Rows | RunKind::Single if next_of_rows => RunKind::Rows,
            RunKind::Neighbours | RunKind::Single if next_neighbours => RunKind::Neighbours,
            _ => return false,
        };
        (self.kind, self.len) = (kind, self.len + 1);
        true
    }
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

    #[test]
    fn runs_are_the_pairs_in_their_order() {
        let of = |ends: &[(u32, u32)]| {
            let pair = |(e, &(a, b)): (usize, &(u32, u32))| Pair { edge: e as u32, a: StateId(a), b: StateId(b) };
            Group::new(ends.iter().enumerate().map(pair).collect(), 0)
        };
        let run = |a, b, len, kind| Run { a, b, len, kind };
        let rows = of(&[(0, 4), (1, 5), (2, 6), (8, 12), (9, 13)]);
        assert_eq!(rows.runs, [run(0, 4, 3, RunKind::Rows), run(8, 12, 2, RunKind::Rows)]);
        assert_eq!(
            of(&[(1, 2), (3, 4), (6, 7)]).runs[..],
            [run(1, 2, 2, RunKind::Neighbours), run(6, 7, 1, RunKind::Single)]
        );
        // rows end before they run into one another, and the second may not come first
        assert_eq!(of(&[(0, 2), (1, 3), (4, 6)]).runs[0], run(0, 2, 2, RunKind::Rows));
        assert_eq!(of(&[(5, 1), (6, 2)]).runs, [run(5, 1, 1, RunKind::Single), run(6, 2, 1, RunKind::Single)]);
        for group in [rows, of(&[(3, 9), (0, 7), (1, 8)])] {
            assert_eq!(group.runs.iter().map(|run| run.len).sum::<usize>(), group.len());
        }
    }
}
