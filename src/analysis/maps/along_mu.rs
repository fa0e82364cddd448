//! Errors of ln Ξ held against those of ⟨N⟩.
//!
//! ⟨N⟩ is the slope of ln Ξ: between two cells at one temperature ln Ξ grows by ∫ ⟨N⟩ d ln z. What ⟨N⟩ is off by has one sign over a step of the
//! simulated grid, because it comes from the same samples there, so the two ln Ξ differ by ∫ σ_N d ln z more than their own error, and one
//! that is known to σ leaves at least ∫ σ_N d ln z − σ to the other. From sums over states alone the error of ln Ξ goes through zero where its
//! slope against one of them changes sign, however little is known of ⟨N⟩ there.

use super::surroundings::{Axes, Parted};
use crate::analysis::{Map, MapCell};
use crate::thermo::states::StateGrid;
use rayon::prelude::*;

/// Widens errors of ln Ξ that are smaller than those of ⟨N⟩ leave them.
pub(crate) fn widen_ln_xi(map: &mut Map, grid: &StateGrid, parted: &Parted) {
    let axes = Axes::new(map, grid);
    let cells = &map.cells;
    let least: Vec<f64> = (0..cells.len())
        .into_par_iter()
        .map(|i| {
            let ways = (0..grid.n_reservoirs()).flat_map(|s| [false, true].map(|up| (s, up)));
            ways.map(|(s, up)| left_to(cells, i, &axes.along(i, 1 + s, up), s, parted)).fold(0.0, f64::max)
        })
        .collect();
    // An error that is not known stays so.
    for (cell, least) in map.cells.iter_mut().zip(least).filter(|(cell, least)| cell.ln_xi_err < *least) {
        cell.ln_xi_err = least;
    }
}

/// The largest of what the cells of a way leave to the error of ln Ξ of one.
///
/// - `way`: indices of cells one after the other, beginning beside that one, along the axis of a species
fn left_to(cells: &[MapCell], one: usize, way: &[usize], species: usize, parted: &Parted) -> f64 {
    let (mut integral, mut last, mut most) = (0.0, one, 0.0);
    for &next in way {
        let (a, b) = (&cells[last], &cells[next]);
        // A masked cell has no averages.
        let (Some(&from), Some(&to)) = (a.n_err.get(species), b.n_err.get(species)) else { break };
        let step = 0.5 * (from + to) * (b.ln_z[species] - a.ln_z[species]).abs();
        if a.masked || b.masked || !step.is_finite() || parted.parts(&cells[one], b) {
            break;
        }
        integral += step;
        most = f64::max(most, integral - b.ln_xi_err);
        last = next;
    }
    most
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::maps::surroundings::tests::line;
    use crate::analysis::{BoundaryKind, BoundaryPoint};
    use crate::thermo::Convention;
    use crate::thermo::states::ReservoirAxis;

    /// Nine cells over three states, ln z 0.25 apart, with σ_N = 2: ln Ξ may differ by 0.5 more between neighbours than its error.
    fn map(ln_xi_err: f64) -> (Map, StateGrid) {
        let mu: Vec<f64> = (0..9).map(|i| f64::from(i) / 4.0).collect();
        let axis = ReservoirAxis { species: "B".into(), convention: Convention::Activity, values: vec![0.0, 1.0, 2.0] };
        let grid = StateGrid::product(&[1.0], 1.0, &[axis]);
        let cell = |&mu: &f64| MapCell {
            temperature: 1.0,
            mu: vec![mu],
            ln_z: vec![mu],
            n_err: vec![2.0],
            ln_xi_err,
            phase: Some(0),
            ..MapCell::default()
        };
        (Map { temperatures: vec![1.0], axes: vec![mu.clone()], cells: mu.iter().map(cell).collect() }, grid)
    }

    fn errors(mut map: Map, grid: &StateGrid, boundaries: &[BoundaryPoint]) -> Vec<f64> {
        widen_ln_xi(&mut map, grid, &Parted::new(boundaries));
        map.cells.iter().map(|cell| cell.ln_xi_err).collect()
    }

    fn assert_close(found: &[f64], expected: &[f64]) {
        assert!(found.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-12), "{found:?} and {expected:?}");
    }

    #[test]
    fn an_error_is_at_least_what_those_of_n_leave_to_it_within_a_step_of_the_grid() {
        let (map_of, grid) = (|e| map(e).0, map(1.0).1);
        assert_close(&errors(map_of(3.0), &grid, &[]), &[3.0; 9]);
        // Four cells away: 4 · 0.5 less what is known there.
        assert_close(&errors(map_of(0.1), &grid, &[]), &[1.9; 9]);
        // A cell that passes through zero where its neighbours do not.
        let mut one = map_of(1.5);
        one.cells[5].ln_xi_err = 0.2;
        let expected = [1.5, 1.8, 1.5, 1.5, 1.5, 0.5, 1.5, 1.5, 1.5];
        assert_close(&errors(one, &grid, &[]), &expected);
        // Nothing is known through a masked cell.
        let mut masked = map_of(0.1);
        masked.cells[5].masked = true;
        masked.cells[5].n_err.clear();
        assert_close(&errors(masked, &grid, &[]), &[1.9, 1.4, 0.9, 1.4, 1.9, 0.1, 0.9, 0.4, 0.9]);
        let mut unknown = map_of(0.1);
        unknown.cells[5].ln_xi_err = f64::NAN;
        let found = errors(unknown, &grid, &[]);
        assert!(found[5].is_nan() && found.iter().filter(|e| e.is_finite()).count() == 8, "{found:?}");
    }

    #[test]
    fn a_first_order_line_ends_the_way() {
        let (mut map, grid) = map(0.1);
        map.cells[5..].iter_mut().for_each(|cell| cell.phase = Some(1));
        let line = line(BoundaryKind::FirstOrder, 1.0);
        assert_close(&errors(map, &grid, &[line]), &[1.9, 1.4, 0.9, 1.4, 1.9, 1.4, 0.9, 0.9, 1.4]);
    }
}
