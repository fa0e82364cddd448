//! Acceptance of every edge in windows of production: a cumulative rate hides an edge that died.

use crate::moves::exchange::EdgeTally;
use crate::sample::tally_snapshots::TallySnapshot;

/// Windows at most.
const WINDOWS: usize = 5;
/// Attempts of a typical edge in a window at least: a rate of 1 % is then told from 10 %.
const ATTEMPTS: u64 = 50;

/// Exchanges of every edge by window: `[n_edges][n_windows]`, windows of equal length, the counts of several runs added up.
///
/// - `runs`: the snapshots of each run
pub fn windows(runs: &[&[TallySnapshot]]) -> Vec<Vec<EdgeTally>> {
    let ends: Vec<&TallySnapshot> = runs.iter().filter_map(|marks| marks.last()).collect();
    let n_edges = ends.iter().map(|m| m.edges.len()).max().unwrap_or(0);
    let mut typical: Vec<u64> =
        (0..n_edges).map(|e| ends.iter().filter_map(|m| m.edges.get(e)).map(|c| c.attempts).sum()).collect();
    typical.sort_unstable();
    let typical = typical.get(n_edges / 2).copied().unwrap_or(0);
    let fewest_marks = runs.iter().map(|marks| marks.len()).filter(|&n| n > 0).min().unwrap_or(1);
    let n_windows = ((typical / ATTEMPTS) as usize).clamp(1, WINDOWS.min(fewest_marks));
    let mut counts = vec![vec![EdgeTally::default(); n_windows]; n_edges];
    for (marks, end) in runs.iter().filter_map(|marks| Some((marks, marks.last()?))) {
        let mut before = vec![EdgeTally::default(); n_edges];
        for w in 0..n_windows {
            let wanted = u64::from(end.done) * (w as u64 + 1);
            let mark = marks.iter().find(|m| u64::from(m.done) * n_windows as u64 >= wanted).unwrap_or(end);
            for (e, now) in mark.edges.iter().enumerate() {
                counts[e][w].attempts += now.attempts - before[e].attempts;
                counts[e][w].accepted += now.accepted - before[e].accepted;
            }
            before.clone_from(&mark.edges);
            before.resize(n_edges, EdgeTally::default());
        }
    }
    counts
}

/// Accepted per attempt; NaN without attempts.
pub fn acceptance(counts: &[EdgeTally]) -> f64 {
    let sum = |f: fn(&EdgeTally) -> u64| counts.iter().map(f).sum::<u64>() as f64;
    sum(|c| c.accepted) / sum(|c| c.attempts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_edge_that_dies_shows_in_its_last_windows() {
        let marks: Vec<TallySnapshot> = (1..=20)
            .map(|i| {
                let alive = EdgeTally { attempts: 100 * i, accepted: 30 * i };
                let dying = EdgeTally { attempts: 100 * i, accepted: 30 * i.min(8) };
                TallySnapshot { done: 50 * i as u32, rows: Vec::new(), edges: vec![alive, dying] }
            })
            .collect();
        let found = windows(&[&marks]);
        let rates: Vec<f64> = found[1].iter().map(|c| acceptance(&[*c])).collect();
        assert_eq!(found[0].iter().map(|c| acceptance(&[*c])).collect::<Vec<_>>(), [0.3; 5]);
        assert_eq!(rates, [0.3, 0.3, 0.0, 0.0, 0.0]);
        assert!((acceptance(&found[1]) - 0.12).abs() < 1e-12);
        // Two runs add up; no run says nothing.
        assert_eq!(windows(&[&marks, &marks])[0][0].attempts, 800);
        assert!(windows(&[&[]]).is_empty());
    }
}
