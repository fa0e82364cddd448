//! The whole analysis of a run, or of several runs of one system.

use super::diagnostics::{self, Checks, RunTallies, mask};
use super::direct::direct_averages;
use super::mbar::{Bins, Collapsed, marginal};
use super::{Analysis, AnalysisInput, BoundaryPoint, FreeEnergies, Map, MapCell};
use crate::analysis::diagnostics::split_half::split_half;
use crate::analysis::maps::distributions;
use crate::analysis::maps::errors::map_errors;
use crate::analysis::maps::map::{Frame, MapContext};
use crate::analysis::maps::order_parameters::{Observed, averages};
use crate::analysis::maps::profiles;
use crate::analysis::maps::ridges::ridges;
use crate::analysis::phases::averages::{self, PhaseContext};
use crate::analysis::phases::basins::{Thresholds, valleys_of};
use crate::analysis::phases::classify::{Class, Classifier, Labels};
use crate::analysis::phases::coexistence::{Crossing, Neighbours, Row, crossings};
use crate::analysis::phases::continuous::order_points;
use crate::analysis::phases::lines;
use crate::analysis::phases::lines::{Continuous, Judged};
use crate::analysis::prepared::{MbarSolution, PreparedSamples, Reweighting};
use crate::analysis::statistics::bootstrap::{Blocks, Bootstrap, RESAMPLES};
use crate::base::Result;
use rayon::prelude::*;

/// Samples at every temperature of the maps.
#[derive(Debug)]
struct Prepared {
    bins: Vec<Bins>,
    /// `[n_temperatures][n_columns][n_compositions]`
    means: Vec<Vec<Vec<f64>>>,
}

impl Prepared {
    fn new(basis: &Reweighting, observed: &Observed, kts: &[f64]) -> Prepared {
        let MbarSolution { collapsed, solution, .. } = &basis.solved;
        let g = Some(&basis.g_of_sample[..]);
        let (bins, means) = kts
            .par_iter()
            .map(|kt| Bins::with_columns(collapsed, None, g, &solution.ln_d, 1.0 / kt, &observed.columns))
            .unzip();
        Prepared { bins, means }
    }

    fn row<'a>(&'a self, t: usize, solved: &'a MbarSolution, thresholds: &'a Thresholds) -> Row<'a> {
        Row { samples: &solved.collapsed, bins: &self.bins[t], means: &self.means[t], thresholds }
    }

    /// The temperature that is this one.
    fn position(&self, kt: f64) -> Option<usize> {
        self.bins.iter().position(|bins| (bins.beta * kt - 1.0).abs() < 1e-9)
    }
}

/// Analyses the samples: MBAR, maps, phases, boundaries, distributions and errors.
///
/// The result does not depend on the number of threads.
///
/// # Errors
/// [`crate::base::Error::Analysis`] if there are no samples, a sample does not fit the grid, or MBAR does not converge.
pub fn analyze(input: &AnalysisInput) -> Result<Analysis> {
    analyze_on(&PreparedSamples::new(input)?)
}

/// The same with all checks of the run, from one solution.
///
/// # Errors
/// Those of [`analyze`].
pub fn analyze_and_check(input: &AnalysisInput, books: &RunTallies) -> Result<Analysis> {
    let work = PreparedSamples::new(input)?;
    let mut analysis = analyze_on(&work)?;
    diagnostics::check(&work, &mut analysis, books)?;
    Ok(analysis)
}

fn analyze_on(work: &PreparedSamples<'_>) -> Result<Analysis> {
    let PreparedSamples { thawed, frozen, basis, .. } = work;
    let (input, solved, kts) = (&**thawed, &basis.solved, &basis.kts);
    let grid = &input.grid;
    let samples = &input.samples;
    let around = MapContext {
        grid,
        boltzmann: input.boltzmann,
        pressure_unit: input.pressure_unit,
        n_max: &input.n_max,
        other_mobile_atoms: input.other_mobile_atoms,
    };
    let observed = Observed::new(samples, &solved.collapsed);

    // The maps, each temperature from one pass over the samples.
    let wanted = |in_pressure: bool| input.wanted.as_ref().filter(|w| w.in_pressure == in_pressure).map(Frame::wanted);
    let frames = [
        wanted(false).unwrap_or_else(|| Frame::in_mu(grid)),
        wanted(true).unwrap_or_else(|| Frame::in_pressure(&around)),
    ];
    let [mut map, mut pressure_map] = [frames[0].empty_map(&around), frames[1].empty_map(&around)];
    let prepared = Prepared::new(basis, &observed, &temperatures(&map, &around));
    let prepared_in_pressure = match map.temperatures == pressure_map.temperatures {
        true => None,
        false => Some(Prepared::new(basis, &observed, &temperatures(&pressure_map, &around))),
    };
    let of_pressure = prepared_in_pressure.as_ref().unwrap_or(&prepared);
    fill(&mut map, &around, &solved.collapsed, &prepared);
    fill(&mut pressure_map, &around, &solved.collapsed, of_pressure);
    for map in [&mut map, &mut pressure_map] {
        mask(map, grid, frozen);
    }

    // Phases: basins of P(N), then what the layers and the order in each make it.
    let valleys: Vec<_> = map
        .cells
        .par_iter()
        .enumerate()
        .filter(|(_, cell)| !cell.masked)
        .map(|(i, cell)| {
            let bins = &prepared.bins[i / cells_per_temperature(&map)];
            valleys_of(&solved.collapsed, bins, &bins.probabilities(&solved.collapsed, &cell.ln_z).1)
        })
        .collect();
    let thresholds = Thresholds::new(&valleys, grid.n_reservoirs());
    let basins = basins(&map, &solved.collapsed, &prepared, &thresholds);
    let known = map.cells.iter().zip(&basins).filter(|(cell, _)| !cell.masked).map(|(_, b)| &b.1[..]);
    let classifier = Classifier::new(&observed, known);
    let class = |(combination, averages): &(usize, Vec<f64>)| classifier.class(*combination, averages);
    let classes: Vec<Class> = basins.iter().map(class).collect();

    // All errors from one bootstrap.
    let blocks = Blocks::new(samples, &basis.g_of_state);
    let bootstrap = Bootstrap::new(basis.drawn(grid, samples, &blocks, &observed.columns), input.seed, RESAMPLES)?;
    let candidates = all_crossings(&map, &basins, solved, &prepared, &thresholds, &classifier);
    let judged = Judged::new(candidates, &bootstrap, &thresholds);
    let species: Vec<String> = grid.reservoirs.iter().map(|r| r.species.clone()).collect();
    let (labels, phases) = Labels::new(&mut map, &classes, &classifier, &judged.parted(), &species);
    let in_pressure = self::basins(&pressure_map, &solved.collapsed, of_pressure, &thresholds);
    for (cell, basin) in pressure_map.cells.iter_mut().zip(&in_pressure) {
        cell.phase = labels.phase(class(basin)).filter(|_| !cell.masked);
    }
    let orders: Vec<(usize, usize)> = classifier.orders().collect();
    let order_points = (0..map.temperatures.len())
        .into_par_iter()
        .flat_map_iter(|t| {
            let parted = judged.parted_at(1.0 / prepared.bins[t].beta);
            order_points(&map, t, &classes, &orders, &parted, prepared.row(t, solved, &thresholds))
        })
        .collect();
    let continuous = Continuous::new(order_points, &bootstrap);
    let boundaries = lines::all(&around, &judged, &continuous, &labels, &bootstrap);

    let boundary_mu = |b: &BoundaryPoint| (b.temperature * input.boltzmann, b.mu.clone());
    let on_lines: Vec<_> = boundaries.iter().filter(|b| b.kind == "first_order").map(boundary_mu).collect();
    let places = distributions::places(grid, &on_lines);
    let mut distributions = distributions::at(&places, solved, &input.n_max);
    let errors = bootstrap.errors(|draw| {
        let mut values = draw.solution.f_k.clone();
        for place in &places {
            let bins = Bins::new(draw.samples, Some(draw.weights), None, &draw.solution.ln_d, 1.0 / place.kt);
            let (_, p) = bins.probabilities(draw.samples, &place.ln_z);
            for (s, &n_max) in input.n_max.iter().enumerate() {
                values.extend(marginal(draw.samples, &p, s, usize::from(n_max)));
            }
        }
        values
    });
    let mut errors = errors.into_iter();
    let f_k_err: Vec<f64> = errors.by_ref().take(grid.len()).collect();
    for distribution in &mut distributions {
        distribution.p_n_err = errors.by_ref().take(distribution.p_n.len()).collect();
    }
    let profiles = profiles::at(&places, solved, &observed, &bootstrap, &input.n_max);
    // Every simulated temperature, also where the maps have others.
    let missing: Vec<f64> = kts.iter().copied().filter(|&kt| prepared.position(kt).is_none()).collect();
    let further = Prepared::new(basis, &observed, &missing);
    let rows: Vec<Row<'_>> = kts
        .iter()
        .filter_map(|&kt| {
            let (prepared, t) = [&prepared, &further].into_iter().find_map(|p| Some((p, p.position(kt)?)))?;
            Some(prepared.row(t, solved, &thresholds))
        })
        .collect();
    let (phase_averages, boundary_sides) = averages::all(PhaseContext {
        around: &around,
        classifier: &classifier,
        labels: &labels,
        bootstrap: &bootstrap,
        rows: &rows,
        boundaries: &boundaries,
        frozen: &frozen.iter().map(|f| f.state).collect::<Vec<_>>(),
        n_observables: observed.len(),
    });
    match prepared_in_pressure.is_none() {
        true => map_errors(&mut [&mut map, &mut pressure_map], &around, &bootstrap, observed.len()),
        false => {
            map_errors(&mut [&mut map], &around, &bootstrap, observed.len());
            map_errors(&mut [&mut pressure_map], &around, &bootstrap, observed.len());
        }
    }
    Ok(Analysis {
        grid: grid.clone(),
        free_energies: FreeEnergies {
            f_k: solved.solution.f_k.clone(),
            f_k_err,
            n_k: solved.n_k.iter().map(|&n| n as u64).collect(),
            residual: solved.solution.residual,
            iterations: solved.solution.iterations,
        },
        ridges: ridges(&map),
        map,
        pressure_map,
        phases,
        boundaries,
        phase_averages,
        boundary_sides,
        distributions,
        layers: observed.edges,
        observables: observed.names,
        profiles,
        direct: direct_averages(samples, &basis.g, grid.len()),
        split_half: split_half(input)?,
        inefficiency: basis.g_of_state.clone(),
        checks: Checks { frozen: frozen.clone(), ..Checks::default() },
        ln_xi_is_absolute: input.frozen_slab,
    })
}

/// kT of every temperature of a map.
fn temperatures(map: &Map, around: &MapContext<'_>) -> Vec<f64> {
    map.temperatures.iter().map(|t| t * around.boltzmann).collect()
}

fn cells_per_temperature(map: &Map) -> usize {
    (map.cells.len() / map.temperatures.len().max(1)).max(1)
}

fn fill(map: &mut Map, around: &MapContext<'_>, samples: &Collapsed, prepared: &Prepared) {
    let width = cells_per_temperature(map);
    map.cells
        .par_iter_mut()
        .enumerate()
        .for_each(|(i, cell)| around.fill(cell, samples, &prepared.bins[i / width], &prepared.means[i / width]));
}

/// The dominant combination of every cell, with the averages of the columns over it alone.
fn basins(map: &Map, samples: &Collapsed, prepared: &Prepared, thresholds: &Thresholds) -> Vec<(usize, Vec<f64>)> {
    let width = cells_per_temperature(map);
    let basin = |(i, cell): (usize, &MapCell)| {
        let (bins, means) = (&prepared.bins[i / width], &prepared.means[i / width]);
        let p = bins.probabilities(samples, &cell.ln_z).1;
        let dominant = thresholds.dominant(samples, &p);
        (dominant, averages(means, &p, |c| thresholds.combination(&samples.compositions()[c]) == dominant))
    };
    map.cells.par_iter().enumerate().map(basin).collect()
}

/// Every crossing of the map: along each axis, between unmasked cells that follow each other.
fn all_crossings(
    map: &Map,
    basins: &[(usize, Vec<f64>)],
    solved: &MbarSolution,
    prepared: &Prepared,
    thresholds: &Thresholds,
    classifier: &Classifier,
) -> Vec<Crossing> {
    let width = cells_per_temperature(map);
    (0..map.temperatures.len())
        .into_par_iter()
        .flat_map_iter(|t| {
            let mut pairs = Vec::new();
            let mut stride = width;
            for (s, axis) in map.axes.iter().enumerate() {
                stride /= axis.len();
                for start in (0..width).filter(|i| (i / stride).is_multiple_of(axis.len())) {
                    let line = (0..axis.len()).map(|i| t * width + start + i * stride);
                    let line: Vec<usize> = line.filter(|&i| !map.cells[i].masked).collect();
                    for w in line.windows(2).filter(|w| basins[w[0]].0 != basins[w[1]].0) {
                        let ln_z = |i: usize| map.cells[i].ln_z.clone();
                        let sides = (basins[w[0]].0, basins[w[1]].0);
                        pairs.push(Neighbours { species: s, from: ln_z(w[0]), to: ln_z(w[1]), sides });
                    }
                }
            }
            crossings(prepared.row(t, solved, thresholds), classifier, &pairs)
        })
        .collect()
}
