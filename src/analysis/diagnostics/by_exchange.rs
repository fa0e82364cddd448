//! Sentences of the verdict on exchange: whether states hang together, and how far replicas travel.

use super::checks::{Diagnostics, EdgeCheck, Mood, Sentence};
use super::flow::Flow;
use super::gaps::Gap;
use super::verdict::{FEW, which};
use super::words::{axis_words, edge_words, edges, first, number_words, ranges, value_words};
use super::{ATTEMPTS, DEAD};
use crate::analysis::windows::{ROUND_TRIPS, WindowCheck};
use crate::thermo::states::{Direction, StateGrid};

/// Whether edges that exchange join all states; if not, where the grid falls apart.
pub(super) fn connection(grid: &StateGrid, diagnostics: &Diagnostics, gaps: &[Gap]) -> Option<Sentence> {
    if diagnostics.edges.is_empty() {
        return None;
    }
    // A dead diagonal is no gap: where its neighbours exchange, replicas walk around it.
    let neighbours = || diagnostics.edges.iter().filter(|e| e.edge.axis().is_some());
    let dead = neighbours().filter(|e| !e.usable).count();
    if diagnostics.n_components <= 1 {
        return Some(match dead {
            0 => {
                let words = format!("All {} pairs of neighbouring states exchange.", neighbours().count());
                Sentence { mood: Mood::Good, words }
            }
            _ => {
                let words = format!(
                    "The grid hangs together, but {dead} of {} neighbouring pairs exchange in less than {:.0} % of the attempts.",
                    neighbours().count(),
                    100.0 * DEAD
                );
                Sentence { mood: Mood::Remark, words }
            }
        });
    }
    let whole: Vec<String> = gaps.iter().filter(|g| g.whole).map(|g| g.words(grid)).collect();
    let number = number_words(diagnostics.n_components);
    if !whole.is_empty() {
        let gaps = whole.join(" and ");
        let words = format!("The grid splits in {number} at {gaps}: no replica crosses there; add states between.");
        return Some(Sentence { mood: Mood::Poor, words });
    }
    let size = |c: usize| diagnostics.states.iter().filter(|s| s.component == c).count();
    let largest = (0..diagnostics.n_components).max_by_key(|&c| size(c)).unwrap_or(0);
    let outside = which(diagnostics, |s| s.component != largest);
    let n_states = diagnostics.states.len();
    Some(if outside.len() as f64 <= FEW * n_states as f64 {
        let words = format!(
            "{} of {n_states} states do not exchange with the rest ({}); add states between.",
            outside.len(),
            ranges(grid, &outside)
        );
        Sentence { mood: Mood::Remark, words }
    } else {
        let mut sizes: Vec<usize> = (0..diagnostics.n_components).map(size).collect();
        sizes.sort_unstable_by(|a, b| b.cmp(a));
        let sizes = first(&sizes.iter().map(usize::to_string).collect::<Vec<_>>());
        let words =
            format!("The grid falls into {number} parts of {sizes} states that do not exchange; add states between.");
        Sentence { mood: Mood::Poor, words }
    })
}

/// Edges that exchanged at first and no longer do.
pub(super) fn dead_edges(diagnostics: &Diagnostics) -> Option<Sentence> {
    let died: Vec<String> = diagnostics
        .edges
        .iter()
        .filter(|e| e.edge.direction != Direction::Window && has_died(e))
        .map(edge_words)
        .collect();
    if died.is_empty() {
        return None;
    }
    let words = format!("{} stopped exchanging while the run went on: {}.", edges(died.len()), first(&died));
    Some(Sentence { mood: Mood::Remark, words })
}

/// Whether an edge exchanged at first and no longer does.
fn has_died(e: &EdgeCheck) -> bool {
    let (Some(&begin), Some(&end)) = (e.windows.first(), e.windows.last()) else { return false };
    e.windows.len() > 1 && e.attempts >= ATTEMPTS * e.windows.len() as u64 && begin >= 5.0 * DEAD && end < DEAD
}

/// Round trips of replicas along an axis, and where the flow drops.
pub(super) fn travel(grid: &StateGrid, flow: &Flow) -> Vec<Sentence> {
    let along = match &flow.runs {
        None => axis_words(grid, flow.axis),
        Some(runs) => format!("{} in {runs}", axis_words(grid, flow.axis)),
    };
    let per_replica = flow.round_trips as f64 / flow.replicas.max(1) as f64;
    let trips = if flow.round_trips == 0 {
        let lack = match flow.travelled {
            0 => "no replica has been at both ends".to_owned(),
            n => format!("{n} of {} replicas have been at both ends", flow.replicas),
        };
        let words = format!(
            "No replica made a round trip along {along} ({lack}): lengthen the run or add states where the flow drops."
        );
        Sentence { mood: Mood::Poor, words }
    } else {
        let words = format!(
            "Round trips along {along}: {} by {} replicas, one in {:.0} cycles of a replica.",
            flow.round_trips, flow.replicas, flow.cycles_per_trip
        );
        Sentence { mood: if per_replica >= 1.0 { Mood::Good } else { Mood::Remark }, words }
    };
    let narrow = bottleneck(&flow.fraction).map(|(at, drop)| {
        let words = format!(
            "The flow along {along} drops by {:.0} % between {} and {}: a bottleneck.",
            100.0 * drop,
            value_words(grid, flow.axis, flow.values[at]),
            value_words(grid, flow.axis, flow.values[at + 1])
        );
        Sentence { mood: Mood::Remark, words }
    });
    std::iter::once(trips).chain(narrow).collect()
}

/// The largest drop of the flow, if it is more than a third and more than three times an even share.
fn bottleneck(fraction: &[f64]) -> Option<(usize, f64)> {
    let even = 1.0 / (fraction.len().max(2) - 1) as f64;
    let drops = fraction.windows(2).enumerate().map(|(i, w)| (i, w[1] - w[0]));
    let worst = drops.filter(|d| d.1.is_finite()).max_by(|a, b| a.1.total_cmp(&b.1))?;
    (worst.1 > 3.0 * even && worst.1 > 1.0 / 3.0).then_some(worst)
}

/// Whether the windows are crossed.
pub(super) fn window_crossings(grid: &StateGrid, windows: &[WindowCheck]) -> Option<Sentence> {
    let fewest = windows.iter().map(WindowCheck::round_trips).min()?;
    let rare: Vec<usize> = windows.iter().filter(|w| w.set_aside).map(|w| w.state).collect();
    if rare.is_empty() {
        let words = format!("Every window is crossed: at least {fewest} round trips between its ends.");
        return Some(Sentence { mood: Mood::Good, words });
    }
    let words = format!(
        "Alarm: {} of {} windows with fewer than {ROUND_TRIPS} round trips between their ends: {}. Their samples are not \
         averaged; lengthen equilibration and production, make the windows narrower, or add warmer ones.",
        rare.len(),
        windows.len(),
        ranges(grid, &rare)
    );
    Some(Sentence { mood: Mood::Poor, words })
}
