//! Particle moves of each walker in blocks of time: differences of snapshots of the tallies.

use crate::moves::tally::TallyRow;
use crate::sample::tally_snapshots::TallySnapshot;

/// Most blocks over all walkers.
const BLOCKS: usize = 100;

/// Particle moves of one walker between two snapshots of the tallies.
#[derive(Debug, Clone, PartialEq)]
pub struct TallyBlock {
    /// Walker, numbered on over combined runs.
    pub walker: u16,
    /// First production cycle of the block.
    pub from: u32,
    /// One past the last.
    pub to: u32,
    /// In the order (state, reservoir, N); `walker` of the rows is that of its own run.
    pub rows: Vec<TallyRow>,
}

/// Blocks of about equal length by walker: differences of snapshots.
///
/// Snapshots of a run that was made longer lie closer at its beginning; they are skipped until a block is as long as the
/// others, and with many walkers blocks are joined, so that there are about a hundred in all.
///
/// - `walkers`: of this run; `first`: number of its first walker among combined runs
pub fn tally_blocks(marks: &[TallySnapshot], walkers: usize, first: u16) -> Vec<TallyBlock> {
    let Some(last) = marks.last() else { return Vec::new() };
    let wanted = BLOCKS.div_ceil(walkers.max(1)).clamp(1, 20) as u32;
    let length = (last.done / wanted).max(1);
    let empty = TallySnapshot { done: 0, rows: Vec::new(), edges: Vec::new() };
    let mut result = Vec::new();
    let mut from = &empty;
    for mark in marks {
        // Rounding of the schedule must not join two blocks.
        if mark.done - from.done < length - length / 8 && mark.done != last.done {
            continue;
        }
        let mut rows: Vec<Vec<TallyRow>> = vec![Vec::new(); walkers];
        let mut earlier = from.rows.iter().peekable();
        for row in &mark.rows {
            while earlier.next_if(|e| e.key() < row.key()).is_some() {}
            let tally = match earlier.next_if(|e| e.key() == row.key()) {
                None => row.tally,
                Some(e) => row.tally.since(&e.tally),
            };
            if tally.attempts() > 0
                && let Some(rows) = rows.get_mut(usize::from(row.walker))
            {
                rows.push(TallyRow { tally, ..*row });
            }
        }
        result.extend(rows.into_iter().enumerate().map(|(walker, rows)| TallyBlock {
            walker: first + walker as u16,
            from: from.done,
            to: mark.done,
            rows,
        }));
        from = mark;
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::moves::MoveKind;
    use crate::moves::tally::{AttemptTally, TransitionTally};

    #[test]
    fn blocks_are_differences_of_snapshots_by_walker() {
        let row = |walker, n, attempts| TallyRow {
            walker,
            state: 0,
            reservoir: 0,
            n,
            tally: TransitionTally::from_kinds(|kind| match kind {
                MoveKind::INSERT => AttemptTally { attempts, accepted: 0, probability: (0.5 * attempts as f64).into() },
                _ => AttemptTally::default(),
            }),
        };
        let mark = |done, rows| TallySnapshot { done, rows, edges: Vec::new() };
        let marks =
            [mark(10, vec![row(0, 3, 5), row(1, 3, 7)]), mark(20, vec![row(0, 2, 4), row(0, 3, 5), row(1, 3, 9)])];
        let found = tally_blocks(&marks, 2, 4);
        let of = |walker, from| found.iter().find(|s| (s.walker, s.from) == (walker, from)).expect("a block");
        assert_eq!(of(4, 10).rows, [row(0, 2, 4)]);
        assert_eq!(of(5, 10).rows, [row(1, 3, 2)]);
        assert_eq!(of(4, 0).rows, [row(0, 3, 5)]);
        // A run that was made longer has snapshots that lie closer at first.
        let many: Vec<TallySnapshot> =
            (1..=20).chain((40..=400).step_by(20)).map(|done| mark(done, Vec::new())).collect();
        let found = tally_blocks(&many, 1, 0);
        assert!(found.iter().all(|s| (18..=22).contains(&(s.to - s.from))) && found.len() == 20, "{found:?}");
    }
}
