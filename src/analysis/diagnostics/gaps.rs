//! Gaps of the grid, where states are lacking: neighbouring values of an axis between which edges are dead, or whose samples do
//! not overlap.

use super::words::{axis_unit, axis_words, first, value_words};
use super::{Diagnostics, EdgeCheck};
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

    /// `μ of B = −2.25, −2.125 (between −2.375 and −2)`.
    pub(super) fn words(&self, grid: &StateGrid) -> String {
        let value = |v: f64| value_words(grid, self.axis, v);
        let add: Vec<String> = self.values_to_add().into_iter().map(value).collect();
        let (lo, hi) = (value(self.values.0), value(self.values.1));
        let (axis, unit) = (axis_words(grid, self.axis), axis_unit(grid, self.axis));
        format!("{axis} = {}{unit} (between {lo} and {hi})", first(&add))
    }
}

/// Edges along an axis that are dead, unless there are states between theirs.
pub(crate) fn dead_edges<'a>(grid: &StateGrid, diagnostics: &'a Diagnostics) -> Vec<&'a EdgeCheck> {
    let places: Vec<Vec<f64>> = grid.points().iter().map(|state| coordinates(grid, state)).collect();
    let is_dead = |e: &&EdgeCheck| {
        let of = |axis| !is_bridged(&places, axis, (e.edge.a.index(), e.edge.b.index()));
        !e.usable && e.edge.axis().is_some_and(of)
    };
    diagnostics.edges.iter().filter(is_dead).collect()
}

/// Gaps with dead edges, by axis and value. Values of μ are those at the lowest temperature of the grid.
///
/// An edge of one run is no gap where another run has states between its own.
pub(super) fn gaps(grid: &StateGrid, diagnostics: &Diagnostics) -> Vec<Gap> {
    let coldest = grid.points().iter().map(|s| s.kt).fold(f64::INFINITY, f64::min);
    let places: Vec<Vec<f64>> = grid.points().iter().map(|state| coordinates(grid, state)).collect();
    let mut gaps: Vec<(Gap, usize, usize)> = Vec::new();
    for e in &diagnostics.edges {
        let Some(axis) = e.edge.axis() else { continue };
        let (a, b) = (e.edge.a.index(), e.edge.b.index());
        if !e.usable && is_bridged(&places, axis, (a, b)) {
            continue;
        }
        let value = |k: usize| match axis {
            Axis::Temperature => grid.states[k].temperature,
            Axis::Reservoir(r) => {
                let (convention, own) = (&grid.reservoirs[r].convention, &grid.states[k]);
                convention.mu(convention.ln_z(convention.value(own.ln_z[r], own.kt), coldest), coldest)
            }
        };
        let values = (value(a).min(value(b)), value(a).max(value(b)));
        let is_one = |x: f64, y: f64| (x - y).abs() <= 1e-9 * (values.1 - values.0);
        let same = |g: &(Gap, usize, usize)| {
            g.0.axis == axis && is_one(g.0.values.0, values.0) && is_one(g.0.values.1, values.1)
        };
        let at = gaps.iter().position(same).unwrap_or_else(|| {
            gaps.push((Gap { axis, values, whole: false, lacking: 1, parts: false }, 0, 0));
            gaps.len() - 1
        });
        let part = |k: usize| diagnostics.states[k].part;
        let parts = part(a).zip(part(b)).is_some_and(|(a, b)| a != b);
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

/// T of a state, then its value on the axis of each reservoir.
fn coordinates(grid: &StateGrid, state: &StatePoint) -> Vec<f64> {
    let values = grid.reservoirs.iter().zip(&state.ln_z).map(|(r, &ln_z)| r.convention.value(ln_z, state.kt));
    std::iter::once(state.temperature).chain(values).collect()
}

/// Whether there is a state between two along an axis, with the same values on all others.
///
/// - `places`: `[n_points][n_axes]`
fn is_bridged(places: &[Vec<f64>], axis: Axis, (a, b): (usize, usize)) -> bool {
    let along = match axis {
        Axis::Temperature => 0,
        Axis::Reservoir(r) => r + 1,
    };
    let (from, to) = (&places[a], &places[b]);
    let slack = 1e-6 * (to[along] - from[along]).abs();
    let (lo, hi) = (from[along].min(to[along]) + slack, from[along].max(to[along]) - slack);
    places.iter().any(|x| {
        let is_same = |(d, (x, y)): (usize, (&f64, &f64))| d == along || (x - y).abs() <= 1e-9 * x.abs().max(1e-9);
        (lo..=hi).contains(&x[along]) && x.iter().zip(from).enumerate().all(is_same)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::units::Units;
    use crate::thermo::Convention;
    use crate::thermo::states::ReservoirAxis;

    /// A gap between two values of an axis, in the words that it has for a scene.
    fn words(units: Units, convention: Convention, values: (f64, f64)) -> String {
        let axis = ReservoirAxis { species: "Ar".into(), convention, values: vec![values.0, values.1] };
        let grid = StateGrid::product(&[90.0, 80.0], units.boltzmann(), &[axis]);
        let cold = &grid.states[2..];
        let mu = |k: usize| grid.reservoirs[0].convention.mu(cold[k].ln_z[0], cold[k].kt);
        let gap = Gap { axis: Axis::Reservoir(0), values: (mu(0), mu(1)), whole: true, lacking: 1, parts: true };
        gap.words(&grid)
    }

    #[test]
    fn values_to_add_are_those_that_the_scene_would_give() {
        let pressure = |units: Units| Convention::Pressure { unit: units.pressure_unit() };
        let metal = words(Units::Metal, pressure(Units::Metal), (1e-6, 1e-2));
        assert_eq!(metal, "p of Ar = 1.00e-4 bar (between 1.00e-6 and 0.01)");
        assert_eq!(words(Units::Lj, pressure(Units::Lj), (0.25, 4.0)), "p of Ar = 1 (between 0.25 and 4)");
        assert_eq!(words(Units::Lj, Convention::Activity, (-3.0, -2.0)), "μ of Ar = −2.5 (between −3 and −2)");
    }
}
