//! Maps that are filled from samples at their temperatures, and averages in the simulated states.

use super::along_mu;
use super::errors::Rows;
use super::map::{Frame, MapContext};
use super::order_parameters::Observed;
use super::surroundings::{self, Parted};
use crate::analysis::diagnostics::mask;
use crate::analysis::henry::{FirstAtom, first_atoms};
use crate::analysis::mbar::{Bins, Collapsed};
use crate::analysis::phases::basins::Thresholds;
use crate::analysis::phases::coexistence::Row;
use crate::analysis::prepared::{MbarSolution, PreparedSamples, Reweighting};
use crate::analysis::statistics::bootstrap::Bootstrap;
use crate::analysis::{Henry, Map, MapCell};
use crate::thermo::states::StatePoint;
use rayon::prelude::*;

/// Samples at every temperature of the maps.
#[derive(Debug)]
pub(crate) struct Prepared {
    pub(crate) bins: Vec<Bins>,
    /// `[n_temperatures][n_columns][n_compositions]`
    pub(crate) means: Vec<Vec<Vec<f64>>>,
}

impl Prepared {
    pub(crate) fn new(basis: &Reweighting, observed: &Observed, kts: &[f64]) -> Prepared {
        let MbarSolution { collapsed, solution, .. } = &basis.solved;
        let g = Some(&basis.g_of_sample[..]);
        let (bins, means) = kts
            .par_iter()
            .map(|kt| Bins::with_columns(collapsed, None, g, &solution.ln_d, 1.0 / kt, &observed.columns))
            .unzip();
        Prepared { bins, means }
    }

    pub(crate) fn row<'a>(&'a self, t: usize, solved: &'a MbarSolution, thresholds: &'a Thresholds) -> Row<'a> {
        Row { samples: &solved.collapsed, bins: &self.bins[t], means: &self.means[t], thresholds }
    }

    /// Index of a temperature.
    pub(crate) fn position(&self, kt: f64) -> Option<usize> {
        self.bins.iter().position(|bins| (bins.beta * kt - 1.0).abs() < 1e-9)
    }
}

/// The maps in μ and in pressure, with the samples at their temperatures.
pub(crate) struct Maps {
    pub(crate) mu: Map,
    pub(crate) pressure: Map,
    pub(crate) of_mu: Prepared,
    /// Of the map in pressure, where its temperatures are others.
    pub(crate) of_pressure: Option<Prepared>,
}

impl Maps {
    /// Maps that are filled and masked; errors and phases come later.
    pub(crate) fn new(work: &PreparedSamples<'_>, around: &MapContext<'_>, observed: &Observed) -> Maps {
        let (grid, basis, samples) = (around.grid, &work.basis, &work.basis.solved.collapsed);
        let wanted = |in_pressure: bool| {
            work.retained.wanted.as_ref().filter(|w| w.in_pressure == in_pressure).map(Frame::wanted)
        };
        let in_mu = wanted(false).unwrap_or_else(|| Frame::in_mu(grid));
        let in_pressure = wanted(true).unwrap_or_else(|| Frame::in_pressure(around));
        let (mut mu, mut pressure) = (in_mu.empty_map(around), in_pressure.empty_map(around));
        // Each temperature from one pass over the samples; the second map shares it where it can.
        let of_mu = Prepared::new(basis, observed, &temperatures(&mu, around));
        let of_pressure = (mu.temperatures != pressure.temperatures)
            .then(|| Prepared::new(basis, observed, &temperatures(&pressure, around)));
        fill(&mut mu, around, samples, &of_mu);
        fill(&mut pressure, around, samples, of_pressure.as_ref().unwrap_or(&of_mu));
        for map in [&mut mu, &mut pressure] {
            mask(map, grid, &work.excluded);
        }
        Maps { mu, pressure, of_mu, of_pressure }
    }

    /// The samples at the temperatures of the map in pressure.
    pub(crate) fn of_pressure(&self) -> &Prepared {
        self.of_pressure.as_ref().unwrap_or(&self.of_mu)
    }

    /// Henry's law at every temperature, with where it comes from.
    ///
    /// - `further`: simulated temperatures that the maps do not have
    pub(crate) fn henry(
        &self,
        around: &MapContext<'_>,
        solved: &MbarSolution,
        further: &Prepared,
    ) -> Vec<(FirstAtom, Henry)> {
        let all = [Some(&self.of_mu), self.of_pressure.as_ref(), Some(further)].into_iter().flatten();
        let mut bins: Vec<&Bins> = all.flat_map(|prepared| &prepared.bins).collect();
        bins.sort_by(|a, b| b.beta.total_cmp(&a.beta));
        bins.dedup_by(|a, b| a.beta.to_bits() == b.beta.to_bits());
        let first = first_atoms(&solved.collapsed);
        let at = |bins: &Bins| first.iter().filter_map(|f| Some((*f, f.henry(around, bins)?))).collect::<Vec<_>>();
        bins.into_iter().flat_map(at).collect()
    }

    /// Standard errors of every cell, of simulated states and of Henry constants.
    pub(crate) fn set_errors(
        &mut self,
        around: &MapContext<'_>,
        bootstrap: &Bootstrap,
        n_observables: usize,
        parted: &Parted,
        at_states: &mut [MapCell],
        henry: &mut [(FirstAtom, Henry)],
    ) {
        let mut rows = Rows::default();
        rows.add_map(&mut self.mu, around.boltzmann);
        rows.add_map(&mut self.pressure, around.boltzmann);
        at_states.iter_mut().zip(around.grid.points()).for_each(|(cell, state)| rows.add(state.kt, cell));
        henry.iter_mut().for_each(|(first, henry)| rows.add_henry(*first, henry));
        rows.set(around, bootstrap, n_observables);
        surroundings::widen_errors(&mut self.mu, around.grid, parted, at_states);
        surroundings::widen_errors(&mut self.pressure, around.grid, parted, &mut []);
        along_mu::widen_ln_xi(&mut self.mu, around.grid, parted);
        along_mu::widen_ln_xi(&mut self.pressure, around.grid, parted);
    }
}

/// Averages in every simulated state, without errors.
///
/// - `rows`: of every simulated temperature
pub(crate) fn at_states(around: &MapContext<'_>, rows: &[Row<'_>]) -> Vec<MapCell> {
    let gases: Vec<_> = rows.iter().map(|row| around.gas_at(1.0 / row.bins.beta)).collect();
    let at = |state: &StatePoint| {
        let mut cell = MapCell { temperature: state.temperature, ..around.cell_at(state.kt, &state.ln_z) };
        match rows.iter().zip(&gases).find(|(row, _)| (row.bins.beta * state.kt - 1.0).abs() < 1e-9) {
            Some((row, gas)) => {
                around.fill(&mut cell, row.samples, row.bins, row.means);
                around.set_gas(&mut cell, gas.as_ref());
            }
            None => cell.masked = true,
        }
        cell
    };
    around.grid.points().par_iter().map(at).collect()
}

/// kT of every temperature of a map [energy].
pub(crate) fn temperatures(map: &Map, around: &MapContext<'_>) -> Vec<f64> {
    map.temperatures.iter().map(|t| t * around.boltzmann).collect()
}

pub(crate) fn cells_per_temperature(map: &Map) -> usize {
    (map.cells.len() / map.temperatures.len().max(1)).max(1)
}

pub(crate) fn fill(map: &mut Map, around: &MapContext<'_>, samples: &Collapsed, prepared: &Prepared) {
    let width = cells_per_temperature(map);
    map.cells
        .par_iter_mut()
        .enumerate()
        .for_each(|(i, cell)| around.fill(cell, samples, &prepared.bins[i / width], &prepared.means[i / width]));
    map.cells.par_chunks_mut(width).for_each(|row| {
        let gas = row.first().and_then(|cell| around.gas_at(cell.temperature * around.boltzmann));
        row.iter_mut().for_each(|cell| around.set_gas(cell, gas.as_ref()));
    });
}
