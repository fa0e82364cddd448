//! Analysis of a run, or of several runs of one system, from samples to results.

use super::diagnostics::{self, Checks, RunTallies, mask_cells};
use super::direct::{direct_averages, no_better_than, over_all_samples, set_heat_errors};
use super::heat_capacity::heat_capacities;
use super::histograms::mean_histograms;
use super::limit::limits;
use super::mbar::{Bins, marginal};
use super::{
    Analysis, AnalysisInput, BoundaryKind, BoundaryPoint, BoundarySide, DirectAverage, Distribution, FreeEnergies,
    PhaseAverage, Profile, SplitHalf,
};
use crate::analysis::diagnostics::split_half::split_half;
use crate::analysis::maps::beside_lines::Lines;
use crate::analysis::maps::distributions::{self, Place};
use crate::analysis::maps::filled::{Maps, Prepared, at_states};
use crate::analysis::maps::map::MapContext;
use crate::analysis::maps::order_parameters::Observed;
use crate::analysis::maps::profiles;
use crate::analysis::maps::ridges::ridges;
use crate::analysis::maps::surroundings::Parted;
use crate::analysis::phases::averages::{self, PhaseContext};
use crate::analysis::phases::cells::Cells;
use crate::analysis::phases::coexistence::Row;
use crate::analysis::phases::jumps::{Jump, Unbridged, jumps};
use crate::analysis::phases::passages::Passages;
use crate::analysis::prepared::{MbarSolution, PreparedSamples};
use crate::analysis::statistics::bootstrap::Bootstrap;
use crate::base::Result;
use crate::thermo::states::StateGrid;

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

    let places = places(&found.boundaries, &around, solved);
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
        let parted = Parted::new(&found.boundaries);
        maps.set_errors(&around, &bootstrap, observed.len(), &parted, &mut at_states, &mut henry);
        for cells in [&mut maps.mu.cells, &mut maps.pressure.cells, &mut at_states] {
            lines.widen(cells);
            cells.iter_mut().filter(|cell| !cell.masked).for_each(|cell| around.set_pressure_error(cell));
        }
    }
    let mut direct = direct_against_limits(work);
    no_better_than(&mut direct, &at_states);
    Ok(Analysis {
        grid: grid.clone(),
        free_energies: free_energies(solved, f_k_err),
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
        direct,
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

fn free_energies(solved: &MbarSolution, f_k_err: Vec<f64>) -> FreeEnergies {
    FreeEnergies {
        f_k: solved.solution.f_k.clone(),
        f_k_err,
        part: solved.collapsed.parts.of_state.clone(),
        n_k: solved.n_k.iter().map(|&n| n as u64).collect(),
        residual: solved.solution.residual,
        iterations: solved.solution.iterations,
    }
}

/// Where P(N) is wanted: in chosen states and on first-order lines, as far as samples reach.
fn places(boundaries: &[BoundaryPoint], around: &MapContext<'_>, solved: &MbarSolution) -> Vec<Place> {
    let first_order = boundaries.iter().filter(|b| b.kind == BoundaryKind::FirstOrder);
    let on_lines: Vec<_> = first_order.map(|b| (b.temperature * around.boltzmann, b.mu.clone())).collect();
    let mut places = distributions::places(around.grid, &on_lines);
    let parts = &solved.collapsed.parts;
    places.retain(|place| parts.at(1.0 / place.kt, &place.ln_z).is_some());
    places
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
