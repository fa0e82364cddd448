//! Gaps of the grid, where states are lacking: neighbouring values of an axis between which edges are dead, or whose samples do
//! not overlap.

use super::Diagnostics;
use super::words::{axis_words, first, scientific, short};
use crate::thermo::Convention;
use crate::thermo::states::{Axis, Reservoir, StateGrid, StatePoint};

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
    /// kT at which values of μ are meant [energy]
    pub(super) kt: f64,
}

impl Gap {
    /// Values to add, evenly spaced.
    pub(super) fn values_to_add(&self) -> Vec<f64> {
        let step = (self.values.1 - self.values.0) / (self.lacking + 1) as f64;
        (1..=self.lacking).map(|i| self.values.0 + step * i as f64).collect()
    }

    /// What the values of its axis are in the scene, and their unit: pressures where the scene gives pressures.
    pub(super) fn symbol(&self, grid: &StateGrid) -> (String, &'static str) {
        match self.axis {
            Axis::Temperature => (axis_words(grid, self.axis), ""),
            Axis::Reservoir(r) => {
                let Reservoir { convention, species, .. } = &grid.reservoirs[r];
                match convention {
                    Convention::Gas(_) => (format!("p of {species}"), " bar"),
                    // reduced units have a unit of 1
                    Convention::Pressure { unit } => {
                        (format!("p of {species}"), if *unit == 1.0 { "" } else { " bar" })
                    }
                    Convention::Activity | Convention::Absolute { .. } => (axis_words(grid, self.axis), ""),
                }
            }
        }
    }

    /// A value as the scene would give it.
    pub(super) fn in_scene(&self, grid: &StateGrid, value: f64) -> String {
        let Axis::Reservoir(r) = self.axis else { return short(value) };
        let convention = &grid.reservoirs[r].convention;
        match convention.is_pressure() {
            true => scientific(convention.value(convention.ln_z_of_mu(value, self.kt), self.kt)),
            false => short(value),
        }
    }

    /// `μ of B = −2.25, −2.125 (between −2.375 and −2)`.
    pub(super) fn words(&self, grid: &StateGrid) -> String {
        let (symbol, unit) = self.symbol(grid);
        let add: Vec<String> = self.values_to_add().into_iter().map(|v| self.in_scene(grid, v)).collect();
        let (lo, hi) = (self.in_scene(grid, self.values.0), self.in_scene(grid, self.values.1));
        format!("{symbol} = {}{unit} (between {lo} and {hi})", first(&add))
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
            gaps.push((
                Gap { axis: flow.axis, values: (a, b), whole: false, lacking: 1, parts: false, kt: f64::INFINITY },
                0,
                0,
            ));
            gaps.len() - 1
        });
        let part = |k: usize| diagnostics.states[k].part;
        let parts = part(e.edge.a.index()).zip(part(e.edge.b.index())).is_some_and(|(a, b)| a != b);
        gaps[at].0.lacking = gaps[at].0.lacking.max(e.lacking);
        gaps[at].0.parts |= parts;
        gaps[at].0.kt = gaps[at].0.kt.min(grid.states[e.edge.a.index()].kt);
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
