//! Errors of cells held against those of the cells around them.
//!
//! How many samples are worth an independent one is found anew for every cell, from blocks that hold few of the slowest events; over
//! runs of the default scene the error of ⟨N⟩ of a cell scatters by 20 to 30 %, and without this it is half of what it should be in one cell of a hundred.
//! That number changes little within a step of the simulated grid, and is estimated from other events a few cells away. So an error is
//! at least e^{−0.2} of what the geometric mean of the numbers around it makes of the fluctuation and the effective samples of the cell
//! itself; what differs by less is noise of either. Only cells of the same phase count: across a boundary the number is another.

use crate::analysis::{Map, MapCell};
use crate::thermo::states::StateGrid;
use rayon::prelude::*;

/// An error may be smaller than those around it say by this, as a logarithm.
const SLACK: f64 = 0.2;
/// Most cells on either side along an axis that count.
const MOST: usize = 8;

/// Cells of a map along each axis, temperature first, with those that make a step of the simulated grid.
struct Axes {
    lengths: Vec<usize>,
    reach: Vec<usize>,
}

impl Axes {
    fn new(map: &Map, grid: &StateGrid) -> Axes {
        let lengths: Vec<usize> =
            std::iter::once(map.temperatures.len()).chain(map.axes.iter().map(Vec::len)).collect();
        let simulated =
            std::iter::once(grid.temperatures().len()).chain((0..grid.n_reservoirs()).map(|s| grid.values(s).len()));
        let step = |(&cells, states): (&usize, usize)| {
            if states < 2 { 0 } else { (cells.saturating_sub(1) / (states - 1)).min(MOST) }
        };
        Axes { reach: lengths.iter().zip(simulated).map(step).collect(), lengths }
    }

    /// Indices of the cells within reach of one, itself among them.
    fn around(&self, cell: usize) -> Vec<usize> {
        let mut found = vec![0];
        let mut rest = self.lengths.iter().product::<usize>();
        let mut index = cell;
        for (&length, &reach) in self.lengths.iter().zip(&self.reach) {
            rest /= length;
            let at = index / rest;
            index %= rest;
            let range = at.saturating_sub(reach)..=(at + reach).min(length - 1);
            found = found.iter().flat_map(|&first| range.clone().map(move |i| first + i * rest)).collect();
        }
        found
    }
}

/// ln of the samples that are worth an independent one, up to a constant; `None` where that is not known.
fn ln_inefficiency(cell: &MapCell, species: usize) -> Option<f64> {
    let naive = cell.susceptibility.get(species)? * cell.temperature / cell.n_eff;
    let ln = (cell.n_err.get(species)?.powi(2) / naive).ln();
    (ln.is_finite() && !cell.masked).then_some(ln)
}

/// By which factor the errors of every cell are too small beside those around it, 1 and more: `[n_cells]`, the largest over the
/// species.
fn factors(map: &Map, grid: &StateGrid) -> Vec<f64> {
    let axes = Axes::new(map, grid);
    let n_s = grid.n_reservoirs();
    let known: Vec<Vec<Option<f64>>> =
        map.cells.iter().map(|cell| (0..n_s).map(|s| ln_inefficiency(cell, s)).collect()).collect();
    let of_cell = |i: usize| {
        let around = axes.around(i);
        let of_species = |s: usize| {
            let own = known[i][s]?;
            let same = around.iter().filter(|&&j| map.cells[j].phase == map.cells[i].phase);
            let values: Vec<f64> = same.filter_map(|&j| known[j][s]).collect();
            Some((0.5 * (values.iter().sum::<f64>() / values.len() as f64 - own) - SLACK).exp())
        };
        (0..n_s).filter_map(of_species).fold(1.0, f64::max)
    };
    (0..map.cells.len()).into_par_iter().map(of_cell).collect()
}

fn widen(cell: &mut MapCell, factor: f64) {
    cell.n_err.iter_mut().chain(&mut cell.observables_err).for_each(|error| *error *= factor);
    cell.energy_err *= factor;
}

/// Widens errors of ⟨N⟩, ⟨E⟩ and observables that are smaller than those around them say, in the cells of a map and, with the factor of the
/// nearest cell, in others.
pub(crate) fn widen_errors(map: &mut Map, grid: &StateGrid, others: &mut [MapCell]) {
    let factors = factors(map, grid);
    for cell in others.iter_mut().filter(|cell| !cell.masked) {
        let nearest = nearest(map, cell);
        if let Some(&factor) = nearest.and_then(|i| factors.get(i)) {
            widen(cell, factor);
        }
    }
    map.cells.iter_mut().zip(factors).for_each(|(cell, factor)| widen(cell, factor));
}

/// The cell of a map in μ that is nearest to another one along every axis.
fn nearest(map: &Map, cell: &MapCell) -> Option<usize> {
    let along = |values: &[f64], x: f64| {
        (0..values.len()).min_by(|&a, &b| (values[a] - x).abs().total_cmp(&(values[b] - x).abs()))
    };
    let mut index = along(&map.temperatures, cell.temperature)?;
    for (axis, &mu) in map.axes.iter().zip(&cell.mu) {
        index = index * axis.len() + along(axis, mu)?;
    }
    Some(index)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::thermo::Convention;
    use crate::thermo::states::ReservoirAxis;

    /// 5 × 9 cells over 2 × 3 states; every error is 0.1 but in the middle, the last column is another phase.
    fn map() -> (Map, StateGrid) {
        let temperatures: Vec<f64> = (0..5).map(|i| 1.0 + 0.25 * f64::from(i)).collect();
        let mu: Vec<f64> = (0..9).map(|i| f64::from(i) / 4.0).collect();
        let axis = ReservoirAxis { species: "B".into(), convention: Convention::Activity, values: vec![0.0, 1.0, 2.0] };
        let grid = StateGrid::product(&[1.0, 2.0], 1.0, &[axis]);
        let cell = |t: usize, m: usize| MapCell {
            temperature: temperatures[t],
            mu: vec![mu[m]],
            n_err: vec![if (t, m) == (2, 4) { 0.02 } else { 0.1 }],
            energy_err: 0.3,
            susceptibility: vec![1.0 / temperatures[t]],
            n_eff: 100.0,
            phase: Some(usize::from(m == 8)),
            observables_err: vec![1.0],
            ..MapCell::default()
        };
        let cells = (0..5).flat_map(|t| (0..9).map(move |m| (t, m))).map(|(t, m)| cell(t, m)).collect();
        (Map { temperatures: temperatures.clone(), axes: vec![mu.clone()], cells }, grid)
    }

    #[test]
    fn an_error_that_is_smaller_than_those_around_it_is_widened_and_others_stay() {
        let (mut map, grid) = map();
        let axes = Axes::new(&map, &grid);
        assert_eq!(axes.reach, [4, 4]);
        assert_eq!((axes.around(0).len(), axes.around(2 * 9 + 4).len()), (25, 45));
        let mut state = map.cells[2 * 9 + 4].clone();
        state.mu[0] += 0.01;
        let mut states = [state];
        widen_errors(&mut map, &grid, &mut states);
        // The mean over 40 cells of its phase, one of them itself.
        let expected = 0.02 * (39.0_f64 / 40.0 * 5.0_f64.ln() - SLACK).exp();
        let middle = &map.cells[2 * 9 + 4];
        assert!((middle.n_err[0] - expected).abs() < 1e-12, "{}", middle.n_err[0]);
        assert!((middle.energy_err / 0.3 - expected / 0.02).abs() < 1e-9);
        assert_eq!(states[0].n_err, middle.n_err);
        for (i, cell) in map.cells.iter().enumerate().filter(|(i, _)| *i != 2 * 9 + 4) {
            assert_eq!((cell.n_err[0], cell.observables_err[0]), (0.1, 1.0), "{i}");
        }
    }

    #[test]
    fn a_phase_of_its_own_is_not_measured_by_another() {
        let (mut map, grid) = map();
        map.cells.iter_mut().filter(|c| c.phase == Some(1)).for_each(|c| c.n_err[0] = 0.01);
        widen_errors(&mut map, &grid, &mut []);
        assert!(map.cells.iter().filter(|c| c.phase == Some(1)).all(|c| (c.n_err[0] - 0.01).abs() < 1e-12));
    }
}
