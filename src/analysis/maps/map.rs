//! Averages on grids finer than the simulated one.

use crate::analysis::limit::P_N_MAX;
use crate::analysis::maps::order_parameters::averages;
use crate::analysis::mbar::{Bins, Collapsed, Moments};
use crate::analysis::{Adsorption, CellContext, Map, MapCell};
use crate::base::units::temperature_of;
use crate::thermo::gas_phase::{IDEAL, VirialGas};
use crate::thermo::response::Fluctuations;
use crate::thermo::states::{StateGrid, StatePoint};

/// Most cells of a map.
const CELLS: usize = 20_000;
/// Cells with fewer effective samples are masked.
pub(crate) const N_EFF_MIN: f64 = 50.0;
/// Most values of a coarse axis of states that are no rectangle, where every state may have a value of its own.
const VALUES: usize = 32;
/// Values of an axis that differ by less, relative to their size and absolutely, are one: ln p of the same p at several temperatures.
const EQUAL: f64 = 1e-9;
/// Most values of a pressure axis of a single species.
const PRESSURES: usize = 80;

/// Constants of the run that cells need beyond samples and weights.
#[derive(Debug, Clone, Copy)]
pub(crate) struct MapContext<'a> {
    pub(crate) grid: &'a StateGrid,
    /// k_B [energy/temperature]
    pub(crate) boltzmann: f64,
    /// One unit of the user's pressure [energy/length³]
    pub(crate) pressure_unit: f64,
    /// `[n_reservoirs]`
    pub(crate) n_max: &'a [u16],
    /// Mobile atoms that are not of a reservoir species
    pub(crate) other_mobile_atoms: usize,
    pub(crate) cell: &'a CellContext,
}

/// The temperatures and axes of a map, and how an axis value gives ln z.
#[derive(Debug, Clone)]
pub(crate) struct Frame {
    pub(crate) temperatures: Vec<f64>,
    /// `[n_reservoirs]`
    pub(crate) axes: Vec<Vec<f64>>,
    in_pressure: bool,
}

/// A grid for the averages, in place of the default one.
#[derive(Debug, Clone, PartialEq)]
pub struct MapGrid {
    /// Temperatures, scene unit, ascending.
    pub temperatures: Vec<f64>,
    /// `[n_reservoirs]`, values of each axis, ascending: `mu_<s>`, or pressures.
    pub axes: Vec<Vec<f64>>,
    /// Whether the axes are pressures.
    pub in_pressure: bool,
}

impl MapGrid {
    /// The grid in μ that an analysis takes by default.
    pub fn default_of(grid: &StateGrid) -> MapGrid {
        let Frame { temperatures, axes, .. } = Frame::in_mu(grid);
        MapGrid { temperatures, axes, in_pressure: false }
    }
}

/// Sorted, without repetition.
fn sorted(values: &[f64]) -> Vec<f64> {
    let mut values = values.to_vec();
    values.sort_by(f64::total_cmp);
    values.dedup();
    values
}

/// Values of a coarse axis: the simulated ones, or at most [`VALUES`] over their range where the states are no rectangle.
fn coarse(grid: &StateGrid, values: &[f64]) -> Vec<f64> {
    let values = sorted(values);
    if grid.axes().is_none() && values.len() > VALUES { spread(&values, VALUES) } else { values }
}

/// A value that is computed, to twelve digits: one that is 76 should read 76, and not 75.99999999999999.
fn plain(x: f64) -> f64 {
    format!("{x:.11e}").parse().unwrap_or(x)
}

/// `parts` − 1 equally spaced points between each two neighbours, which stay.
fn refined(values: &[f64], parts: usize) -> Vec<f64> {
    let mut fine = Vec::new();
    for pair in values.windows(2) {
        let between = |i: usize| plain(pair[0] + (pair[1] - pair[0]) * i as f64 / parts as f64);
        fine.push(pair[0]);
        fine.extend((1..parts).map(between));
    }
    fine.extend(values.last());
    fine
}

/// Refinement of the temperature and of the other axes that keeps a map of one T and these axes below the cap.
fn refinement(n_temperatures: usize, axes: &[usize]) -> (usize, usize) {
    let size = |n: usize, parts: usize| (n.max(1) - 1) * parts + 1;
    let cells = |&(t, a): &(usize, usize)| -> usize {
        axes.iter().map(|&n| size(n, a)).product::<usize>() * size(n_temperatures, t)
    };
    [(4, 5), (4, 4), (4, 3), (4, 2), (3, 2), (2, 2), (2, 1)].into_iter().find(|c| cells(c) <= CELLS).unwrap_or((1, 1))
}

impl Frame {
    /// The (T, μ) frame: four steps between simulated temperatures and five between simulated μ (fewer for several
    /// species: at most 20,000 cells where the simulated grid itself allows); simulated points are on it.
    ///
    /// An axis given as a pressure has another range of μ at each temperature; its frame spans them all.
    pub(crate) fn in_mu(grid: &StateGrid) -> Frame {
        let temperatures = coarse(grid, &grid.temperatures());
        let axes: Vec<Vec<f64>> = (0..grid.n_reservoirs())
            .map(|s| {
                let axis = &grid.reservoirs[s];
                if !axis.convention.is_pressure() {
                    return coarse(grid, &grid.values(s));
                }
                let mu: Vec<f64> =
                    grid.points().iter().map(|state| axis.convention.mu(state.ln_z[s], state.kt)).collect();
                spread(&mu, coarse(grid, &grid.values(s)).len())
            })
            .collect();
        let lengths: Vec<usize> = axes.iter().map(Vec::len).collect();
        let (t, a) = refinement(temperatures.len(), &lengths);
        Frame {
            temperatures: refined(&temperatures, t),
            axes: axes.iter().map(|axis| refined(axis, a)).collect(),
            in_pressure: false,
        }
    }

    /// The frame of a requested grid.
    pub(crate) fn wanted(wanted: &MapGrid) -> Frame {
        let MapGrid { temperatures, axes, in_pressure } = wanted.clone();
        Frame { temperatures, axes, in_pressure }
    }

    /// The (T, p) frame: pressures (of the molecule for a gas) spaced evenly in ln p over the simulated range, through the simulated ones
    /// where these are the axis of a rectangle of states.
    pub(crate) fn in_pressure(around: &MapContext<'_>) -> Frame {
        let grid = around.grid;
        if grid.n_reservoirs() == 0 {
            return Frame { temperatures: Vec::new(), axes: Vec::new(), in_pressure: true };
        }
        let temperatures = coarse(grid, &grid.temperatures());
        let lengths: Vec<usize> =
            (0..grid.n_reservoirs()).map(|s| (3 * coarse(grid, &grid.values(s)).len()).min(PRESSURES / 2)).collect();
        let (t, a) = refinement(temperatures.len(), &lengths);
        let axes = (0..grid.n_reservoirs())
            .map(|s| {
                let convention = &grid.reservoirs[s].convention;
                let pressure = |state: &StatePoint| convention.pressure(state.ln_z[s], state.kt, around.pressure_unit);
                let ln_p: Vec<f64> = grid.points().iter().map(|state| pressure(state).ln()).collect();
                let points = ((lengths[s] - 1) * a + 1).min(PRESSURES);
                let simulated = sorted(&grid.values(s));
                if convention.is_pressure() && grid.axes().is_some() && simulated.len() > 1 {
                    return through(&simulated, points);
                }
                spread(&ln_p, points).iter().map(|x| plain(x.exp())).collect()
            })
            .collect();
        Frame { temperatures: refined(&temperatures, t), axes, in_pressure: true }
    }

    /// Number of cells at each temperature.
    pub(crate) fn cells_per_temperature(&self) -> usize {
        self.axes.iter().map(Vec::len).product()
    }

    /// Axis values of a cell within its temperature.
    pub(crate) fn values(&self, mut cell: usize) -> Vec<f64> {
        let mut values = vec![0.0; self.axes.len()];
        for (value, axis) in values.iter_mut().zip(&self.axes).rev() {
            *value = axis[cell % axis.len()];
            cell /= axis.len();
        }
        values
    }

    /// ln z of axis values.
    pub(crate) fn ln_z(&self, around: &MapContext<'_>, kt: f64, values: &[f64]) -> Vec<f64> {
        let convention = |s: usize| &around.grid.reservoirs[s].convention;
        values
            .iter()
            .enumerate()
            .map(|(s, &x)| match self.in_pressure {
                true => convention(s).ln_z_of_pressure(x, kt, around.pressure_unit),
                false => convention(s).ln_z_of_mu(x, kt),
            })
            .collect()
    }

    /// The map with its cells at their places and nothing else.
    pub(crate) fn empty_map(&self, around: &MapContext<'_>) -> Map {
        let mut cells = Vec::new();
        for &temperature in &self.temperatures {
            let kt = around.boltzmann * temperature;
            for cell in 0..self.cells_per_temperature() {
                let ln_z = self.ln_z(around, kt, &self.values(cell));
                cells.push(MapCell { temperature, ..around.cell_at(kt, &ln_z) });
            }
        }
        Map { temperatures: self.temperatures.clone(), axes: self.axes.clone(), cells }
    }
}

/// About `n` values that hold given ones, ascending and above 0, with others between them as evenly in their logarithms as that allows.
fn through(given: &[f64], n: usize) -> Vec<f64> {
    let whole = (given[given.len() - 1] / given[0]).ln();
    let mut values = Vec::new();
    for pair in given.windows(2) {
        let width = (pair[1] / pair[0]).ln();
        let parts = ((n - 1) as f64 * width / whole).round().max(1.0) as usize;
        values.push(pair[0]);
        values.extend((1..parts).map(|i| plain(pair[0] * (width * i as f64 / parts as f64).exp())));
    }
    values.extend(given.last());
    values
}

/// `n` values evenly from the smallest to the largest; one if they are equal but for rounding.
fn spread(values: &[f64], n: usize) -> Vec<f64> {
    let lo = values.iter().copied().fold(f64::INFINITY, f64::min);
    let hi = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if n < 2 || hi - lo <= EQUAL * lo.abs().max(hi.abs()).max(1.0) {
        return vec![lo];
    }
    (0..n).map(|i| lo + (hi - lo) * i as f64 / (n - 1) as f64).collect()
}

impl MapContext<'_> {
    /// The coordinates of a point.
    pub(crate) fn cell_at(&self, kt: f64, ln_z: &[f64]) -> MapCell {
        MapCell {
            temperature: temperature_of(kt, self.boltzmann),
            mu: self.grid.reservoirs.iter().zip(ln_z).map(|(r, &l)| r.convention.mu(l, kt)).collect(),
            ln_z: ln_z.to_vec(),
            pressure: self
                .grid
                .reservoirs
                .iter()
                .zip(ln_z)
                .map(|(r, &l)| r.convention.pressure(l, kt, self.pressure_unit))
                .collect(),
            ..MapCell::default()
        }
    }

    /// Fills a cell from the bins of its temperature; errors and phase are left.
    ///
    /// Masked are cells with fewer than 50 effective samples, with P(N_max) > 1e-3 for a species (N_max truncates: the
    /// sampled N end there, and a run that never comes near it is not touched by this), and those outside the
    /// simulated range.
    ///
    /// - `means`: `[2 n_observables][n_compositions]`, of the observables and of their squares
    pub(crate) fn fill(&self, cell: &mut MapCell, samples: &Collapsed, bins: &Bins, means: &[Vec<f64>]) {
        let kt = 1.0 / bins.beta;
        let (ln_sum, p) = bins.probabilities(samples, &cell.ln_z);
        let moments = bins.moments_of(samples, ln_sum, &p);
        let truncated = (0..self.n_max.len()).any(|s| {
            let at_limit = samples.compositions.iter().zip(&p).filter(|(c, _)| c[s] >= self.n_max[s]);
            at_limit.map(|(_, p)| p).sum::<f64>() > P_N_MAX
        });
        let empty = samples.empty_at(bins.beta, &cell.ln_z).map_or(0.0, |c| p[c]);
        cell.n_eff = if moments.n_eff.is_finite() { moments.n_eff } else { 0.0 };
        cell.masked = cell.n_eff < N_EFF_MIN || truncated || !self.in_range(kt, &cell.ln_z, empty);
        self.respond(cell, kt, &moments);
        let mut both = averages(means, &p, |_| true);
        let squares = both.split_off(means.len() / 2);
        cell.observables_var = both.iter().zip(&squares).map(|(a, aa)| (aa - a * a).max(0.0)).collect();
        cell.observables = both;
        cell.ln_xi = bins.ln_xi(samples, &cell.ln_z, ln_sum).unwrap_or(f64::NAN);
    }

    fn respond(&self, cell: &mut MapCell, kt: f64, moments: &Moments) {
        let state = Fluctuations {
            kt,
            boltzmann: self.boltzmann,
            var_energy: moments.var_energy,
            cov_energy_n: &moments.cov_energy_n,
            cov_n: &moments.cov_n,
        };
        let path: Vec<f64> =
            self.grid.reservoirs.iter().zip(&cell.ln_z).map(|(r, &l)| r.convention.path_coefficient(l, kt)).collect();
        let n_mobile = moments.n.iter().sum::<f64>() + self.other_mobile_atoms as f64;
        cell.n.clone_from(&moments.n);
        cell.energy = moments.energy;
        cell.energy_fluctuation = state.energy_fluctuation();
        cell.c_mu = state.energy_slope(&path);
        let fixed_p: Vec<f64> = self.grid.reservoirs.iter().map(|r| r.convention.pressure_coefficient(kt)).collect();
        cell.c_p = state.energy_slope(&fixed_p);
        cell.c_vn = state.c_vn(n_mobile);
        cell.susceptibility = state.susceptibility();
        cell.adsorption.q_st = state.isosteric_heat(&fixed_p, cell.n_eff);
    }

    /// The gas at a temperature, where second virial coefficients are known.
    pub(crate) fn gas_at(&self, kt: f64) -> Option<VirialGas> {
        self.cell.gas.as_ref().map(|gas| gas.at(kt))
    }

    /// Whether activities are those of a gas of the simulated atoms, for all species at once.
    pub(crate) fn is_gas_of_atoms(&self, kt: f64) -> bool {
        self.grid.reservoirs.iter().all(|r| r.convention.is_fugacity(kt, self.pressure_unit))
    }

    /// Sets the gas of a filled cell, and what is adsorbed beyond it.
    ///
    /// In a cell that holds the gas alone p = kT ln Ξ/V; else what is above a surface has the activities of a gas, of
    /// which the second virial coefficients make p and densities.
    pub(crate) fn set_gas(&self, cell: &mut MapCell, gas: Option<&VirialGas>) {
        let (kt, unknown) = (cell.temperature * self.boltzmann, vec![f64::NAN; cell.n.len()]);
        let (Some(volume), Some(open)) = (self.cell.volume, self.cell.gas_volume) else { return };
        let (density, pressure) = if self.cell.holds_gas_alone {
            let pressure = kt * cell.ln_xi / volume;
            (cell.n.iter().map(|n| n / volume).collect(), Some(pressure).filter(|p| p.is_finite()))
        } else {
            let state = gas.and_then(|gas| gas.state(&cell.ln_z));
            let pressure = state.as_ref().map(|s| s.pressure).filter(|_| self.is_gas_of_atoms(kt));
            (state.map_or_else(|| unknown.clone(), |s| s.density), pressure)
        };
        let excess = match self.cell.holds_gas_alone {
            true => unknown,
            false => cell.n.iter().zip(&density).map(|(n, density)| n - density * open).collect(),
        };
        let gas_pressure = pressure.map(|p| p / self.pressure_unit);
        cell.adsorption =
            Adsorption { gas_pressure, gas_density: density, excess, ..std::mem::take(&mut cell.adsorption) };
    }

    /// Pressure of the gas of some activities by second virial coefficients, scene's pressure unit.
    pub(crate) fn virial_pressure(&self, kt: f64, ln_z: &[f64]) -> Option<f64> {
        let state = self.gas_at(kt).filter(|_| self.is_gas_of_atoms(kt))?.state(ln_z)?;
        Some(state.pressure / self.pressure_unit)
    }

    /// Standard error of the pressure of a cell that holds the gas alone, once that of ln Ξ is known.
    pub(crate) fn set_pressure_error(&self, cell: &mut MapCell) {
        if let (true, Some(volume)) = (self.cell.holds_gas_alone, self.cell.volume) {
            let err = cell.temperature * self.boltzmann * cell.ln_xi_err / volume / self.pressure_unit;
            cell.adsorption.gas_pressure_err = Some(err).filter(|err| err.is_finite());
        }
    }

    /// `[n_reservoirs]`, whether z kT of a simulated state is more than 1 % off the pressure of its gas.
    pub(crate) fn fugacities(&self) -> Vec<bool> {
        let mut points: Vec<&StatePoint> = self.grid.points().iter().collect();
        points.sort_by(|a, b| a.kt.total_cmp(&b.kt));
        let any = points.chunk_by(|a, b| a.kt.to_bits() == b.kt.to_bits()).any(|states| {
            let kt = states[0].kt;
            let gas = self.gas_at(kt).filter(|_| self.is_gas_of_atoms(kt));
            let departs =
                |gas: &VirialGas, state: &StatePoint| gas.state(&state.ln_z).is_none_or(|s| s.departure > IDEAL);
            gas.is_some_and(|gas| states.iter().any(|state| departs(&gas, state)))
        });
        vec![any; self.grid.n_reservoirs()]
    }

    /// Whether a point lies in the simulated range of every axis, half a step beyond its ends included.
    ///
    /// The effective samples of a point beyond the highest μ say nothing of the larger N that nobody sampled. Below the
    /// lowest μ the smaller N are all there as long as the empty system is.
    fn in_range(&self, kt: f64, ln_z: &[f64], p_empty: f64) -> bool {
        self.grid.reservoirs.iter().zip(ln_z).enumerate().all(|(s, (axis, &ln_z))| {
            // In μ even for a pressure axis, whose own values are not evenly spaced.
            let mu = |x: f64| axis.convention.mu(axis.convention.ln_z(x, kt), kt);
            let values: Vec<f64> = sorted(&self.grid.values_around(s, kt).into_iter().map(mu).collect::<Vec<_>>());
            let (Some(&lo), Some(&hi)) = (values.first(), values.last()) else { return false };
            let step = (hi - lo) / (values.len().max(2) - 1) as f64;
            let slack = 0.5 * step + 1e-9 * hi.abs().max(1e-9);
            let x = axis.convention.mu(ln_z, kt);
            x <= hi + slack && (x >= lo - slack || p_empty > 0.01)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refinement_keeps_the_simulated_points_and_the_cap() {
        assert_eq!(refined(&[1.0, 2.0, 4.0], 2), [1.0, 1.5, 2.0, 3.0, 4.0]);
        assert_eq!(refined(&[1.0], 5), [1.0]);
        // 0.1 + 0.2 is not 0.3.
        assert_eq!(refined(&[0.0, 0.1, 0.4], 3)[4..7], [0.2, 0.3, 0.4]);
        assert_eq!(refinement(7, &[14]), (4, 5));
        assert_eq!(refinement(7, &[14, 14]), (4, 2));
        assert_eq!(refinement(64, &[64]), (2, 2));
        assert_eq!(refinement(7, &[14, 14, 14]), (1, 1));
    }

    #[test]
    fn pressures_of_a_map_hold_the_simulated_ones() {
        let near =
            |a: &[f64], b: &[f64]| a.len() == b.len() && a.iter().zip(b).all(|(a, b)| (a / b - 1.0).abs() < 1e-11);
        let values = through(&[0.01, 1.0, 10.0], 7);
        assert!(
            near(&values, &[0.01, 0.1_f64.powf(1.5), 0.1, 0.1_f64.sqrt(), 1.0, 10.0_f64.sqrt(), 10.0]),
            "{values:?}"
        );
        assert!([0.01, 1.0, 10.0].iter().all(|p| values.contains(p)));
        // However narrow an interval, its ends stay.
        let values = through(&[1.0, 1.001, 100.0], 3);
        assert!(near(&values, &[1.0, 1.001, (1.001_f64 * 100.0).sqrt(), 100.0]), "{values:?}");
    }

    #[test]
    fn values_that_differ_by_rounding_are_one() {
        let ln_p: Vec<f64> = (1..200).map(|t| (1e-4_f64.ln() + f64::from(t)) - f64::from(t)).collect();
        assert!(ln_p.iter().any(|x| *x != ln_p[0]));
        assert_eq!(spread(&ln_p, 11).len(), 1);
        assert_eq!(spread(&[1.0, 3.0], 3), [1.0, 2.0, 3.0]);
    }
}
