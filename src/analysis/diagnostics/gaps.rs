//! Gaps of the grid, where states are lacking: neighbouring values of an axis between which edges are dead, or whose samples do
//! not overlap.

use super::Diagnostics;
use crate::thermo::states::{Axis, StateGrid, StatePoint};

/// Two neighbouring values of an axis between which edges are dead.
pub(super) struct Gap {
    /// The axis.
    pub(super) axis: Axis,
    /// The values, ascending.
    pub(super) values: (f64, f64),
    /// No edge between them is usable.
    pub(super) whole: bool,
    /// Values that are lacking between them: one, or as many as samples need to overlap.
    pub(super) lacking: usize,
    /// Samples do not overlap there.
    pub(super) parts: bool,
}

impl Gap {
    /// Values to add, evenly spaced.
    pub(super) fn values_to_add(&self) -> Vec<f64> {
        let step = (self.values.1 - self.values.0) / (self.lacking + 1) as f64;
        (1..=self.lacking).map(|i| self.values.0 + step * i as f64).collect()
    }
}

/// Gaps with dead edges, by axis and value. Values of μ are those at the lowest temperature of the edges.
pub(super) fn gaps(grid: &StateGrid, diagnostics: &Diagnostics) -> Vec<Gap> {
    let mut gaps: Vec<(Gap, usize, usize)> = Vec::new();
    for (flow, e) in diagnostics.flows.iter().flat_map(|f| diagnostics.edges.iter().map(move |e| (f, e))) {
        if e.edge.axis() != Some(flow.axis) {
            continue;
        }
        let place = |k: usize| match flow.axis {
            Axis::Temperature => rank(&flow.values, grid.states[k].temperature),
            Axis::Reservoir(r) => {
                let own = &grid.states[k];
                let lower = |s: &&StatePoint| s.kt.to_bits() == own.kt.to_bits() && s.ln_z[r] < own.ln_z[r] - 1e-12;
                let mut below: Vec<f64> = grid.points().iter().filter(lower).map(|s| s.ln_z[r]).collect();
                below.sort_by(f64::total_cmp);
                below.dedup_by(|a, b| (*a - *b).abs() < 1e-12);
                below.len()
            }
        };
        let (i, j) = (place(e.edge.a.index()), place(e.edge.b.index()));
        let (Some(&a), Some(&b)) = (flow.values.get(i.min(j)), flow.values.get(i.max(j))) else { continue };
        let same = |g: &(Gap, usize, usize)| g.0.axis == flow.axis && g.0.values == (a, b);
        let at = gaps.iter().position(same).unwrap_or_else(|| {
            gaps.push((Gap { axis: flow.axis, values: (a, b), whole: false, lacking: 1, parts: false }, 0, 0));
            gaps.len() - 1
        });
        let part = |k: usize| diagnostics.states[k].part;
        let parts = part(e.edge.a.index()).zip(part(e.edge.b.index())).is_some_and(|(a, b)| a != b);
        gaps[at].0.lacking = gaps[at].0.lacking.max(e.lacking);
        gaps[at].0.parts |= parts;
        gaps[at].1 += usize::from(!e.usable);
        gaps[at].2 += 1;
    }
    gaps.sort_by(|a, b| {
        let axis = |g: &Gap| match g.axis {
            Axis::Temperature => 0,
            Axis::Reservoir(r) => r + 1,
        };
        axis(&a.0).cmp(&axis(&b.0)).then(a.0.values.0.total_cmp(&b.0.values.0))
    });
    let dead = gaps.into_iter().filter(|g| g.1 > 0 || (g.0.parts && g.0.lacking > 1));
    dead.map(|(gap, dead, all)| Gap { whole: dead == all, ..gap }).collect()
}

fn rank(values: &[f64], x: f64) -> usize {
    values.partition_point(|&v| v < x)
}
