//! Analysis of a run, or of several runs of one system, from samples to results.

use super::diagnostics::{self, Checks, RunTallies, mask, mask_cells};
use super::direct::{direct_averages, over_all_samples, set_heat_errors};
use super::heat_capacity::heat_capacities;
use super::histograms::mean_histograms;
use super::limit::limits;
use super::mbar::{Bins, Collapsed, marginal};
use super::{
    Analysis, AnalysisInput, BoundaryKind, BoundaryPoint, BoundarySide, DirectAverage, Distribution, FreeEnergies,
    Henry, Map, MapCell, Phase, PhaseAverage, Profile, SplitHalf,
};
use crate::analysis::diagnostics::split_half::split_half;
use crate::analysis::henry::{FirstAtom, first_atoms};
use crate::analysis::maps::beside_lines::Lines;
use crate::analysis::maps::distributions::{self, Place};
use crate::analysis::maps::errors::Rows;
use crate::analysis::maps::map::{Frame, MapContext};
use crate::analysis::maps::order_parameters::Observed;
use crate::analysis::maps::profiles;
use crate::analysis::maps::ridges::ridges;
use crate::analysis::maps::surroundings;
use crate::analysis::phases::averages::{self, PhaseContext};
use crate::analysis::phases::basins::{Thresholds, valleys_of};
use crate::analysis::phases::classify::{Basin, Class, Classifier, Labels};
use crate::analysis::phases::coexistence::{Crossing, Neighbours, Row, crossings};
use crate::analysis::phases::continuous::order_points;
use crate::analysis::phases::jumps::{Jump, Unbridged, jumps};
use crate::analysis::phases::lines::{self, Continuous, Judged};
use crate::analysis::phases::passages::Passages;
use crate::analysis::phases::quotable::Unconverged;
use crate::analysis::prepared::{MbarSolution, PreparedSamples, Reweighting};
use crate::analysis::statistics::bootstrap::Bootstrap;
use crate::base::Result;
use crate::thermo::states::{StateGrid, StatePoint};
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

    /// Index of a temperature.
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
    analyze_on(&PreparedSamples::new(input)?, Extent::Whole)
}

/// Analyses the samples and runs all checks, from one solution of MBAR.
///
/// # Errors
/// Those of [`analyze`].
pub fn analyze_and_check(input: &AnalysisInput, books: &RunTallies) -> Result<Analysis> {
    let work = PreparedSamples::new(input)?;
    let mut analysis = analyze_on(&work, Extent::Whole)?;
    diagnostics::check(&work, &mut analysis, books)?;
    Ok(analysis)
}

/// Phases, boundaries with their errors, P(N), and how states exchange and overlap: what decides how a run goes on, the same
/// as in [`analyze_and_check`] in a third of its time. What else there is in an analysis is empty or without errors.
///
/// # Errors
/// Those of [`analyze`].
pub(crate) fn analyze_boundaries(input: &AnalysisInput, books: &RunTallies) -> Result<Analysis> {
    let work = PreparedSamples::new(input)?;
    let mut analysis = analyze_on(&work, Extent::Boundaries)?;
    analysis.checks.diagnostics = Some(diagnostics::diagnose(&work, &mut analysis, books)?);
    Ok(analysis)
}

/// How much of an analysis is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Extent {
    Whole,
    /// What [`analyze_boundaries`] names.
    Boundaries,
}

/// The stages one after the other: maps, phases with their boundaries, distributions, averages, errors of the maps.
fn analyze_on(work: &PreparedSamples<'_>, extent: Extent) -> Result<Analysis> {
    let PreparedSamples { retained, excluded, basis, .. } = work;
    let (input, solved) = (&**retained, &basis.solved);
    let (grid, samples) = (&input.grid, &input.samples);
    let around = MapContext {
        grid,
        boltzmann: input.boltzmann,
        pressure_unit: input.pressure_unit,
        n_max: &input.n_max,
        other_mobile_atoms: input.other_mobile_atoms,
        cell: &input.cell,
    };
    let observed = Observed::new(samples, &solved.collapsed);
    let mut maps = Maps::new(work, &around, &observed);
    let cells = Cells::new(&maps, basis, grid.n_reservoirs(), &observed, input.cell.room.unwrap_or(0.0));
    // All errors from one bootstrap.
    let bootstrap = Bootstrap::new(basis.resampled(grid, samples, &observed.columns))?;
    let found = cells.phases(&mut maps, &around, basis, &bootstrap, &Passages::new(samples, grid));
    let jumps = jumps(grid, samples, &work.settled());
    let unbridged = Unbridged::new(grid, &jumps);
    unbridged.mark(&mut maps.mu);
    unbridged.mark(&mut maps.pressure);

    let first_order = found.boundaries.iter().filter(|b| b.kind == BoundaryKind::FirstOrder);
    let on_lines: Vec<_> = first_order.map(|b| (b.temperature * input.boltzmann, b.mu.clone())).collect();
    let mut places = distributions::places(grid, &on_lines);
    let parts = &solved.collapsed.parts;
    places.retain(|place| parts.at(1.0 / place.kt, &place.ln_z).is_some());
    // Every simulated temperature, also where the maps have others.
    let missing: Vec<f64> = basis.kts.iter().copied().filter(|&kt| maps.of_mu.position(kt).is_none()).collect();
    let further = Prepared::new(basis, &observed, &missing);
    let rows: Vec<Row<'_>> = basis
        .kts
        .iter()
        .filter_map(|&kt| {
            let (prepared, t) = [&maps.of_mu, &further].into_iter().find_map(|p| Some((p, p.position(kt)?)))?;
            Some(prepared.row(t, solved, &cells.thresholds))
        })
        .collect();
    let phases = PhaseContext {
        around: &around,
        classifier: &cells.classifier,
        labels: &found.labels,
        bootstrap: &bootstrap,
        rows: &rows,
        boundaries: &found.boundaries,
        excluded: &excluded.iter().map(|f| f.state).collect::<Vec<_>>(),
        n_observables: observed.len(),
    };
    let Details { f_k_err, distributions, profiles, phase_averages, boundary_sides, split_half } = match extent {
        Extent::Whole => Details::new(input, &places, solved, &observed, phases)?,
        Extent::Boundaries => Details::none(input, &places, solved),
    };
    let mut at_states = at_states(&around, &rows);
    mask_cells(&mut at_states, grid, excluded);
    let beside_unconverged = beside_unconverged(&found.quotable, &jumps);
    for (cell, is_beside) in at_states.iter_mut().zip(&beside_unconverged) {
        cell.quotable = !cell.masked && !is_beside;
    }
    drop(rows);
    let mut henry = maps.henry(&around, solved, &further);
    if extent == Extent::Whole {
        let lines = Lines::new(&found.boundaries, input.boltzmann);
        maps.set_errors(&around, &bootstrap, observed.len(), &mut at_states, &mut henry);
        for cells in [&mut maps.mu.cells, &mut maps.pressure.cells, &mut at_states] {
            lines.widen(cells);
            cells.iter_mut().filter(|cell| !cell.masked).for_each(|cell| around.set_pressure_error(cell));
        }
    }
    Ok(Analysis {
        grid: grid.clone(),
        free_energies: FreeEnergies {
            f_k: solved.solution.f_k.clone(),
            f_k_err,
            part: parts.of_state.clone(),
            n_k: solved.n_k.iter().map(|&n| n as u64).collect(),
            residual: solved.solution.residual,
            iterations: solved.solution.iterations,
        },
        ridges: ridges(&maps.mu),
        map: maps.mu,
        pressure_map: maps.pressure,
        phases: found.phases,
        boundaries: found.boundaries,
        phase_averages,
        boundary_sides,
        distributions,
        layers: observed.edges,
        observables: observed.names,
        observable_labels: observed.labels,
        profiles,
        histograms: mean_histograms(input, &basis.memory),
        direct: direct_against_limits(work),
        heat_capacity: heat_capacities(samples, grid, (input.boltzmann, input.other_mobile_atoms), &basis.memory),
        at_states,
        henry: henry.into_iter().map(|(_, henry)| henry).collect(),
        is_fugacity: around.fugacities(),
        cell: input.cell.clone(),
        split_half,
        inefficiency: basis.g_of_state.clone(),
        beside_unconverged,
        jumps,
        checks: Checks { excluded: excluded.clone(), ..Checks::default() },
        ln_xi_is_absolute: input.frozen_slab,
    })
}

/// What an analysis of the boundaries alone does without.
#[derive(Default)]
struct Details {
    /// `[n_states]`
    f_k_err: Vec<f64>,
    distributions: Vec<Distribution>,
    profiles: Vec<Profile>,
    phase_averages: Vec<PhaseAverage>,
    boundary_sides: Vec<BoundarySide>,
    split_half: SplitHalf,
}

impl Details {
    fn new(
        input: &AnalysisInput,
        places: &[Place],
        solved: &MbarSolution,
        observed: &Observed,
        phases: PhaseContext<'_>,
    ) -> Result<Details> {
        let bootstrap = phases.bootstrap;
        let (f_k_err, distributions) = with_errors(&input.grid, places, solved, bootstrap, &input.n_max);
        let profiles = profiles::at(places, solved, observed, bootstrap, &input.n_max);
        let (phase_averages, boundary_sides) = averages::all(phases);
        let split_half = split_half(input)?;
        Ok(Details { f_k_err, distributions, profiles, phase_averages, boundary_sides, split_half })
    }

    /// P(N) without errors, and nothing else.
    fn none(input: &AnalysisInput, places: &[Place], solved: &MbarSolution) -> Details {
        let distributions = distributions::at(places, solved, &input.n_max);
        Details { f_k_err: vec![f64::NAN; input.grid.len()], distributions, ..Details::default() }
    }
}

/// `[n_states]`, whether the ratio of the basins of each is not known: an unconverged boundary runs through it, or next to it.
fn beside_unconverged(free: &[bool], jumps: &[Jump]) -> Vec<bool> {
    let mut beside: Vec<bool> = free.iter().map(|free| !free).collect();
    jumps.iter().flat_map(|j| [j.edge.a, j.edge.b]).for_each(|k| beside[k.index()] = true);
    beside
}

/// Direct averages of every state, and how often N stands at its limit there.
fn direct_against_limits(work: &PreparedSamples<'_>) -> Vec<DirectAverage> {
    let PreparedSamples { whole, retained, basis, .. } = work;
    let mut direct = direct_averages(&basis.memory);
    set_heat_errors(&mut direct, retained, &basis.memory);
    direct.iter_mut().zip(limits(retained, basis)).for_each(|(direct, limits)| direct.at_limit = limits);
    if !work.beginnings.is_empty() {
        over_all_samples(&mut direct, &whole.samples, &work.is_excluded());
    }
    direct
}

/// The maps in μ and in pressure, with the samples at their temperatures.
struct Maps {
    mu: Map,
    pressure: Map,
    of_mu: Prepared,
    /// Of the map in pressure, where its temperatures are others.
    of_pressure: Option<Prepared>,
}

impl Maps {
    /// Maps that are filled and masked; errors and phases come later.
    fn new(work: &PreparedSamples<'_>, around: &MapContext<'_>, observed: &Observed) -> Maps {
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
    fn of_pressure(&self) -> &Prepared {
        self.of_pressure.as_ref().unwrap_or(&self.of_mu)
    }

    /// Henry's law at every temperature, with where it comes from.
    ///
    /// - `further`: simulated temperatures that the maps do not have
    fn henry(&self, around: &MapContext<'_>, solved: &MbarSolution, further: &Prepared) -> Vec<(FirstAtom, Henry)> {
        let all = [Some(&self.of_mu), self.of_pressure.as_ref(), Some(further)].into_iter().flatten();
        let mut bins: Vec<&Bins> = all.flat_map(|prepared| &prepared.bins).collect();
        bins.sort_by(|a, b| b.beta.total_cmp(&a.beta));
        bins.dedup_by(|a, b| a.beta.to_bits() == b.beta.to_bits());
        let first = first_atoms(&solved.collapsed);
        let at = |bins: &Bins| first.iter().filter_map(|f| Some((*f, f.henry(around, bins)?))).collect::<Vec<_>>();
        bins.into_iter().flat_map(at).collect()
    }

    /// Standard errors of every cell, of simulated states and of Henry constants.
    fn set_errors(
        &mut self,
        around: &MapContext<'_>,
        bootstrap: &Bootstrap,
        n_observables: usize,
        at_states: &mut [MapCell],
        henry: &mut [(FirstAtom, Henry)],
    ) {
        let mut rows = Rows::default();
        rows.add_map(&mut self.mu, around.boltzmann);
        rows.add_map(&mut self.pressure, around.boltzmann);
        at_states.iter_mut().zip(around.grid.points()).for_each(|(cell, state)| rows.add(state.kt, cell));
        henry.iter_mut().for_each(|(first, henry)| rows.add_henry(*first, henry));
        rows.set(around, bootstrap, n_observables);
        surroundings::widen_errors(&mut self.mu, around.grid, at_states);
        surroundings::widen_errors(&mut self.pressure, around.grid, &mut []);
    }
}

/// Averages in every simulated state, without errors.
///
/// - `rows`: of every simulated temperature
fn at_states(around: &MapContext<'_>, rows: &[Row<'_>]) -> Vec<MapCell> {
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

/// Class of every cell of the map in μ: the basin of P(N) that dominates it, refined by layers and order.
struct Cells {
    thresholds: Thresholds,
    /// `[n_cells]`, the dominant basin
    basins: Vec<Basin>,
    classifier: Classifier,
    /// `[n_cells]`
    classes: Vec<Class>,
}

/// Phases with their boundaries.
struct FoundPhases {
    labels: Labels,
    phases: Vec<Phase>,
    boundaries: Vec<BoundaryPoint>,
    /// `[n_states]`, whether no unconverged boundary runs through it
    quotable: Vec<bool>,
}

impl Cells {
    /// - `room`: atoms for which the first layer has room, 0 if that is not known
    fn new(maps: &Maps, basis: &Reweighting, n_reservoirs: usize, observed: &Observed, room: f64) -> Cells {
        let (map, samples) = (&maps.mu, &basis.solved.collapsed);
        let width = cells_per_temperature(map);
        let valleys: Vec<_> = map
            .cells
            .par_iter()
            .enumerate()
            .filter(|(_, cell)| !cell.masked)
            .map(|(i, cell)| {
                let bins = &maps.of_mu.bins[i / width];
                valleys_of(samples, bins, &bins.probabilities(samples, &cell.ln_z).1)
            })
            .collect();
        let thresholds = Thresholds::new(&valleys, n_reservoirs);
        let basins = basins(map, samples, &maps.of_mu, &thresholds);
        let known = map.cells.iter().zip(&basins).filter(|(cell, _)| !cell.masked).map(|(_, b)| &b.averages[..]);
        let classifier = Classifier::new(observed, known, room);
        let classes = basins.iter().map(|basin| classifier.class(basin)).collect();
        Cells { thresholds, basins, classifier, classes }
    }

    /// Finds the boundaries, numbers the phases between them, and sets the phase of every cell of both maps.
    fn phases(
        &self,
        maps: &mut Maps,
        around: &MapContext<'_>,
        basis: &Reweighting,
        bootstrap: &Bootstrap,
        passages: &Passages<'_>,
    ) -> FoundPhases {
        let Cells { thresholds, basins, classifier, classes } = self;
        let solved = &basis.solved;
        let candidates = all_crossings(&maps.mu, basins, solved, &maps.of_mu, thresholds, classifier);
        let judged = Judged::new(candidates, passages, bootstrap, thresholds);
        let unconverged = Unconverged::new(&judged, thresholds);
        unconverged.mark(&mut maps.mu, &solved.collapsed, &maps.of_mu.bins);
        let of_pressure = maps.of_pressure.as_ref().unwrap_or(&maps.of_mu);
        unconverged.mark(&mut maps.pressure, &solved.collapsed, &of_pressure.bins);
        let quotable = unconverged.states(around.grid, &solved.collapsed, basis);
        let species: Vec<String> = around.grid.reservoirs.iter().map(|r| r.species.clone()).collect();
        let (labels, phases) = Labels::new(&mut maps.mu, classes, classifier, &judged.parted(), &species);
        let in_pressure = self::basins(&maps.pressure, &solved.collapsed, maps.of_pressure(), thresholds);
        for (cell, basin) in maps.pressure.cells.iter_mut().zip(&in_pressure) {
            cell.phase = labels.phase(classifier.class(basin)).filter(|_| !cell.masked);
        }
        let orders: Vec<(usize, usize)> = classifier.orders().collect();
        let (map, prepared) = (&maps.mu, &maps.of_mu);
        let order_points = (0..map.temperatures.len())
            .into_par_iter()
            .flat_map_iter(|t| {
                let parted = judged.parted_at(1.0 / prepared.bins[t].beta);
                order_points(map, t, classes, &orders, &parted, prepared.row(t, solved, thresholds))
            })
            .collect();
        let continuous = Continuous::new(order_points, bootstrap);
        let boundaries = lines::all(around, &judged, &continuous, &labels, bootstrap);
        FoundPhases { labels, phases, boundaries, quotable }
    }
}

/// Standard errors of f_k, and P(N) at each place with its own, from one pass over the draws.
fn with_errors(
    grid: &StateGrid,
    places: &[Place],
    solved: &MbarSolution,
    bootstrap: &Bootstrap,
    n_max: &[u16],
) -> (Vec<f64>, Vec<Distribution>) {
    let mut distributions = distributions::at(places, solved, n_max);
    let of_place: usize = n_max.iter().map(|&n| usize::from(n) + 1).sum();
    let kt = |i: usize| match i.checked_sub(grid.len()) {
        None => grid.states[i].kt,
        Some(i) => places[i / of_place].kt,
    };
    let errors = bootstrap.errors(kt, |draw| {
        let mut values = draw.solution.f_k.clone();
        for place in places {
            let bins = Bins::new(draw.samples, Some(draw.weights), None, &draw.solution.ln_d, 1.0 / place.kt);
            let (_, p) = bins.probabilities(draw.samples, &place.ln_z);
            for (s, &n_max) in n_max.iter().enumerate() {
                values.extend(marginal(draw.samples, &p, s, usize::from(n_max)));
            }
        }
        values
    });
    let mut errors = errors.into_iter();
    let least = solved.collapsed.f_k_err(&solved.n_k, &solved.solution.f_k);
    let f_k_err = errors.by_ref().take(solved.solution.f_k.len()).zip(least).map(|(e, least)| e.max(least)).collect();
    for distribution in &mut distributions {
        distribution.p_n_err = errors.by_ref().take(distribution.p_n.len()).collect();
    }
    (f_k_err, distributions)
}

/// kT of every temperature of a map [energy].
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
    map.cells.par_chunks_mut(width).for_each(|row| {
        let gas = row.first().and_then(|cell| around.gas_at(cell.temperature * around.boltzmann));
        row.iter_mut().for_each(|cell| around.set_gas(cell, gas.as_ref()));
    });
}

/// The dominant basin of every cell.
fn basins(map: &Map, samples: &Collapsed, prepared: &Prepared, thresholds: &Thresholds) -> Vec<Basin> {
    let width = cells_per_temperature(map);
    let basin = |(i, cell): (usize, &MapCell)| {
        let (bins, means) = (&prepared.bins[i / width], &prepared.means[i / width]);
        let p = bins.probabilities(samples, &cell.ln_z).1;
        Basin::new(thresholds.dominant(samples, &p), thresholds, samples, means, &p)
    };
    map.cells.par_iter().enumerate().map(basin).collect()
}

/// Every crossing of the map: along each axis, between unmasked cells that follow each other.
fn all_crossings(
    map: &Map,
    basins: &[Basin],
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
                    let part = |i: usize| solved.collapsed.parts.at(prepared.bins[t].beta, &map.cells[i].ln_z);
                    let differ =
                        |w: &&[usize]| basins[w[0]].combination != basins[w[1]].combination && part(w[0]) == part(w[1]);
                    for w in line.windows(2).filter(differ) {
                        let ln_z = |i: usize| map.cells[i].ln_z.clone();
                        let sides = (basins[w[0]].combination, basins[w[1]].combination);
                        pairs.push(Neighbours { species: s, from: ln_z(w[0]), to: ln_z(w[1]), sides });
                    }
                }
            }
            crossings(prepared.row(t, solved, thresholds), classifier, &pairs)
        })
        .collect()
}
