//! Errors of cells held against those of the cells around them.
//!
//! How many samples are worth an independent one is found anew for every cell, from blocks that hold few of the slowest events; over
//! runs of the default scene the error of ⟨N⟩ of a cell scatters by 20 to 30 %, and without this it is half of what it should be in one cell of a hundred.
//! That number changes little within a step of the simulated grid, and is estimated from other events a few cells away. So an error is
//! at least e^{−0.1} of what the geometric mean of the numbers around it makes of the fluctuation and the effective samples of the cell
//! itself; what differs by less is noise of either. Across a first-order line the number is another, so only cells count that no such
//! line parts from the own one; a continuous boundary parts nothing: fluctuations pass it.

use crate::analysis::{BoundaryKind, BoundaryPoint, Map, MapCell};
use crate::thermo::states::StateGrid;
use rayon::prelude::*;

/// An error may be smaller than those around it say by this, as a logarithm.
const SLACK: f64 = 0.1;
/// Most cells on either side along an axis that count.
const MOST: usize = 8;
/// Temperatures are the same within this, relatively.
const SAME: f64 = 1e-9;

/// Temperatures at which first-order lines part two phases.
pub(crate) struct Parted(Vec<(f64, usize, usize)>);

impl Parted {
    pub(crate) fn new(boundaries: &[BoundaryPoint]) -> Parted {
        let lines = boundaries.iter().filter(|point| point.kind == BoundaryKind::FirstOrder);
        Parted(lines.map(|p| (p.temperature, p.phase_a, p.phase_b)).collect())
    }

    /// Whether a line at the temperature of either runs between the phases of two cells.
    pub(super) fn parts(&self, one: &MapCell, other: &MapCell) -> bool {
        let (Some(a), Some(b)) = (one.phase, other.phase) else { return one.phase != other.phase };
        let near = |t: f64| [one, other].iter().any(|cell| (cell.temperature - t).abs() <= SAME * t);
        a != b && self.0.iter().any(|&(t, p, q)| ((p, q) == (a, b) || (q, p) == (a, b)) && near(t))
    }
}

/// Cells of a map along each axis, temperature first, with those that make a step of the simulated grid.
pub(super) struct Axes {
    lengths: Vec<usize>,
    reach: Vec<usize>,
}

impl Axes {
    pub(super) fn new(map: &Map, grid: &StateGrid) -> Axes {
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

    /// Indices of the cells within reach of one along an axis, upwards or downwards from it.
    pub(super) fn along(&self, cell: usize, axis: usize, up: bool) -> Vec<usize> {
        let apart = self.lengths[axis + 1..].iter().product::<usize>();
        let at = cell / apart % self.lengths[axis];
        let most = if up { self.lengths[axis] - 1 - at } else { at };
        (1..=self.reach[axis].min(most)).map(|k| if up { cell + k * apart } else { cell - k * apart }).collect()
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
fn factors(map: &Map, grid: &StateGrid, parted: &Parted) -> Vec<f64> {
    let axes = Axes::new(map, grid);
    let n_s = grid.n_reservoirs();
    let known: Vec<Vec<Option<f64>>> =
        map.cells.iter().map(|cell| (0..n_s).map(|s| ln_inefficiency(cell, s)).collect()).collect();
    let of_cell = |i: usize| {
        let around = axes.around(i);
        let of_species = |s: usize| {
            let own = known[i][s]?;
            let same = around.iter().filter(|&&j| !parted.parts(&map.cells[i], &map.cells[j]));
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
pub(crate) fn widen_errors(map: &mut Map, grid: &StateGrid, parted: &Parted, others: &mut [MapCell]) {
    let factors = factors(map, grid, parted);
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
pub(super) mod tests {
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

    /// Between the two phases, at one temperature.
    pub(in crate::analysis::maps) fn line(kind: BoundaryKind, temperature: f64) -> BoundaryPoint {
        BoundaryPoint {
            kind,
            temperature,
            phase_a: 1,
            phase_b: 0,
            species: 0,
            temperature_err: 0.0,
            mu: vec![1.9],
            mu_err: 0.01,
            pressure: vec![1.0],
            pressure_low: 1.0,
            pressure_high: 1.0,
            gas_pressure: None,
            clapeyron: None,
            crossings: None,
        }
    }

    fn first_order() -> Vec<BoundaryPoint> {
        (0..5).map(|i| line(BoundaryKind::FirstOrder, 1.0 + 0.25 * f64::from(i))).collect()
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
        widen_errors(&mut map, &grid, &Parted::new(&first_order()), &mut states);
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
    fn first_order_lines_part_what_is_measured_and_continuous_ones_do_not() {
        let after = |boundaries: &[BoundaryPoint]| -> Vec<f64> {
            let (mut map, grid) = map();
            map.cells.iter_mut().filter(|c| c.phase == Some(1)).for_each(|c| c.n_err[0] = 0.01);
            widen_errors(&mut map, &grid, &Parted::new(boundaries), &mut []);
            map.cells.iter().filter(|c| c.phase == Some(1)).map(|c| c.n_err[0]).collect()
        };
        assert!(after(&first_order()).iter().all(|error| (error - 0.01).abs() < 1e-12));
        let continuous: Vec<_> = (0..5).map(|i| line(BoundaryKind::Continuous, 1.0 + 0.25 * f64::from(i))).collect();
        assert!(after(&continuous).iter().all(|&error| error > 0.04));
        // A line that ends at T = 1.25: above it all that is as warm is around.
        let errors = after(&first_order()[..2]);
        assert!(errors[..2].iter().all(|error| (error - 0.01).abs() < 1e-12), "{errors:?}");
        assert!(errors[2..].iter().all(|&error| error > 0.03), "{errors:?}");
    }
}
