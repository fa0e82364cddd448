//! The whole analysis of a run, or of several runs of one system.

use super::bootstrap::{Blocks, Bootstrap, Draw, RESAMPLES};
use super::boundaries::{Crossing, Neighbours, boundary_point, crossings, equal_probability};
use super::diagnostics::{Checks, Halves, mask, set_aside};
use super::direct::direct_averages;
use super::distributions::{self, Place};
use super::inefficiency::Inefficiencies;
use super::map::{Frame, Surroundings};
use super::mbar::{Bins, Collapsed, CollapsedSolution, Tolerance, marginal};
use super::phases::{Thresholds, label, valleys_of};
use super::split_half::split_half;
use super::{Analysis, FreeEnergies, Map};
use crate::sample::Samples;
use crate::states::{StateGrid, StatePoint};
use crate::{Error, Result};
use rayon::prelude::*;

/// What an analysis starts from.
#[derive(Debug, Clone)]
pub struct AnalysisInput {
    /// The simulated states.
    pub grid: StateGrid,
    /// Samples of production; those of several runs are joined by [`Samples::append_run`].
    pub samples: Samples,
    /// `[n_reservoirs]`, the limit on N of each reservoir species
    pub n_max: Vec<u16>,
    /// k_B [energy/temperature]
    pub boltzmann: f64,
    /// One unit of the user's pressure [energy/length³]
    pub pressure_unit: f64,
    /// Mobile atoms that belong to no reservoir species: mobile slab atoms and species of fixed number
    pub other_mobile_atoms: usize,
    /// Whether every other atom is frozen, so that ln Ξ is absolute
    pub frozen_slab: bool,
    /// Production cycles, of the longest run
    pub production: u32,
    /// Seed of the bootstrap
    pub seed: u64,
    /// Walkers that must agree whatever they started from
    pub halves: Halves,
}

/// Analyses the samples: MBAR, maps, phases, boundaries, distributions, errors and checks.
///
/// The result does not depend on the number of threads.
///
/// # Errors
/// [`Error::Analysis`] if there are no samples, a sample does not fit the grid, or MBAR does not converge.
pub fn analyze(input: &AnalysisInput) -> Result<Analysis> {
    check(input)?;
    let (thawed, frozen) = set_aside(input);
    let input = &*thawed;
    let grid = &input.grid;
    let samples = &input.samples;
    let around = Surroundings {
        grid,
        boltzmann: input.boltzmann,
        pressure_unit: input.pressure_unit,
        n_max: &input.n_max,
        other_mobile_atoms: input.other_mobile_atoms,
    };
    let g = Inefficiencies::new(samples, grid.len());
    let g_of_state: Vec<f64> = (0..grid.len()).map(|k| g.of_state(k)).collect();
    let solved = Solved::new(&grid.states, samples)?;
    let g_of_sample: Vec<f64> =
        solved.collapsed.origin().iter().map(|&n| g_of_state[samples.state[n as usize] as usize]).collect();

    // The maps, each temperature from one pass over the samples.
    let frames = [Frame::in_mu(grid), Frame::in_pressure(&around)];
    let [mut map, mut pressure_map] = [frames[0].empty_map(&around), frames[1].empty_map(&around)];
    let bins: Vec<Bins> = temperatures(&map, &around)
        .into_par_iter()
        .map(|kt| Bins::new(&solved.collapsed, None, Some(&g_of_sample), &solved.solution.ln_d, 1.0 / kt))
        .collect();
    for map in [&mut map, &mut pressure_map] {
        fill(map, &around, &solved.collapsed, &bins);
        mask(map, grid, &frozen);
    }

    // Phases and boundaries.
    let valleys: Vec<_> = map
        .cells
        .par_iter()
        .enumerate()
        .filter(|(_, cell)| !cell.masked)
        .map(|(i, cell)| {
            let bins = &bins[i / cells_per_temperature(&map)];
            valleys_of(&solved.collapsed, bins, &bins.probabilities(&solved.collapsed, &cell.ln_z).1)
        })
        .collect();
    let thresholds = Thresholds::new(&valleys, grid.n_reservoirs());
    let combination = combinations(&map, &solved.collapsed, &bins, &thresholds);
    let species: Vec<String> = grid.reservoirs.iter().map(|r| r.species.clone()).collect();
    let (phases, phase_of) = label(&mut map, &combination, &species, thresholds.n_combinations());
    let in_pressure = combinations(&pressure_map, &solved.collapsed, &bins, &thresholds);
    for (cell, &c) in pressure_map.cells.iter_mut().zip(&in_pressure) {
        cell.phase = phase_of[c].filter(|_| !cell.masked);
    }
    let crossings = all_crossings(&map, &combination, &solved.collapsed, &bins, &thresholds);
    let boundary_mu = |c: &Crossing| (c.kt, around.cell_at(c.kt, &c.ln_z).mu);
    let places = distributions::places(grid, &crossings.iter().map(boundary_mu).collect::<Vec<_>>());
    let mut distributions = distributions::at(&places, &solved, &input.n_max);

    // All errors from one bootstrap.
    let blocks = Blocks::new(samples, &g_of_state);
    let bootstrap = Bootstrap::new(
        &grid.states,
        &solved.collapsed,
        &samples.state,
        &blocks,
        &solved.solution.f_k,
        input.seed,
        RESAMPLES,
    )?;
    let probe = Probe {
        maps: [&map, &pressure_map],
        crossings: &crossings,
        thresholds: &thresholds,
        places: &places,
        n_max: &input.n_max,
        kts: temperatures(&map, &around),
    };
    let errors = bootstrap.errors(|draw| probe.estimate(draw))?;
    let mut errors = errors.into_iter();
    let f_k_err: Vec<f64> = errors.by_ref().take(grid.len()).collect();
    let boundary_errors: Vec<f64> = errors.by_ref().take(crossings.len()).collect();
    for distribution in &mut distributions {
        distribution.p_n_err = errors.by_ref().take(distribution.p_n.len()).collect();
    }
    for map in [&mut map, &mut pressure_map] {
        for cell in map.cells.iter_mut().filter(|cell| !cell.masked) {
            cell.n_err = errors.by_ref().take(cell.n.len()).collect();
            cell.energy_err = errors.next().unwrap_or(f64::NAN);
            cell.ln_xi_err = errors.next().unwrap_or(f64::NAN);
        }
    }
    let boundaries = crossings
        .iter()
        .zip(&boundary_errors)
        .filter_map(|(crossing, &err)| boundary_point(&around, crossing, err, &phase_of))
        .collect();
    Ok(Analysis {
        grid: grid.clone(),
        free_energies: FreeEnergies {
            f_k: solved.solution.f_k.clone(),
            f_k_err,
            n_k: solved.n_k.iter().map(|&n| n as u64).collect(),
            residual: solved.solution.residual,
            iterations: solved.solution.iterations,
        },
        map,
        pressure_map,
        phases,
        boundaries,
        distributions,
        direct: direct_averages(samples, &g, grid.len()),
        split_half: split_half(input)?,
        inefficiency: g_of_state,
        checks: Checks { frozen, ..Checks::default() },
        ln_xi_is_absolute: input.frozen_slab,
    })
}

fn check(input: &AnalysisInput) -> Result<()> {
    let samples = &input.samples;
    if input.grid.is_empty() {
        return Err(Error::Analysis("the grid has no states".into()));
    }
    if samples.is_empty() {
        return Err(Error::Analysis("the run has no stored samples; lengthen production or lower sample_every".into()));
    }
    if samples.counts.len() != input.grid.n_reservoirs() || input.n_max.len() != input.grid.n_reservoirs() {
        return Err(Error::Analysis(format!(
            "the samples count {} species and the grid has {} reservoirs; analyse a run with its own scene",
            samples.counts.len(),
            input.grid.n_reservoirs()
        )));
    }
    if let Some(state) = samples.state.iter().find(|&&k| k as usize >= input.grid.len()) {
        return Err(Error::Analysis(format!(
            "a sample was taken in state {state} and the grid has {}; analyse a run with its own scene",
            input.grid.len()
        )));
    }
    Ok(())
}

/// Samples sorted for MBAR, and its solution.
#[derive(Debug)]
pub(super) struct Solved {
    pub(super) collapsed: Collapsed,
    /// `[n_states]`
    pub(super) n_k: Vec<f64>,
    pub(super) solution: CollapsedSolution,
}

impl Solved {
    pub(super) fn new(states: &[StatePoint], samples: &Samples) -> Result<Solved> {
        let collapsed = Collapsed::new(states, &samples.energy, &samples.counts)?;
        let mut n_k = vec![0.0; states.len()];
        for &k in &samples.state {
            n_k[k as usize] += 1.0;
        }
        let state_of: Vec<u32> = collapsed.origin().iter().map(|&n| samples.state[n as usize]).collect();
        let start = collapsed.guess(&state_of, &n_k);
        let solution = collapsed.solve(None, &n_k, &start, false, Tolerance::default())?;
        Ok(Solved { collapsed, n_k, solution })
    }
}

/// kT of every temperature of a map.
fn temperatures(map: &Map, around: &Surroundings<'_>) -> Vec<f64> {
    map.temperatures.iter().map(|t| t * around.boltzmann).collect()
}

fn cells_per_temperature(map: &Map) -> usize {
    (map.cells.len() / map.temperatures.len().max(1)).max(1)
}

fn fill(map: &mut Map, around: &Surroundings<'_>, samples: &Collapsed, bins: &[Bins]) {
    let width = cells_per_temperature(map);
    map.cells.par_iter_mut().enumerate().for_each(|(i, cell)| around.fill(cell, samples, &bins[i / width]));
}

/// The dominant combination of every cell.
fn combinations(map: &Map, samples: &Collapsed, bins: &[Bins], thresholds: &Thresholds) -> Vec<usize> {
    let width = cells_per_temperature(map);
    map.cells
        .par_iter()
        .enumerate()
        .map(|(i, cell)| thresholds.dominant(samples, &bins[i / width].probabilities(samples, &cell.ln_z).1))
        .collect()
}

/// Every crossing of the map: along each axis, between unmasked cells that follow each other.
fn all_crossings(
    map: &Map,
    combination: &[usize],
    samples: &Collapsed,
    bins: &[Bins],
    thresholds: &Thresholds,
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
                    for w in line.windows(2).filter(|w| combination[w[0]] != combination[w[1]]) {
                        let ln_z = |i: usize| map.cells[i].ln_z.clone();
                        let sides = (combination[w[0]], combination[w[1]]);
                        pairs.push(Neighbours { species: s, from: ln_z(w[0]), to: ln_z(w[1]), sides });
                    }
                }
            }
            crossings(samples, &bins[t], thresholds, &pairs)
        })
        .collect()
}

/// What the bootstrap computes from each resample, flattened in the order in which [`analyze`] reads the errors.
struct Probe<'a> {
    maps: [&'a Map; 2],
    crossings: &'a [Crossing],
    thresholds: &'a Thresholds,
    places: &'a [Place],
    n_max: &'a [u16],
    /// kT of the temperatures of the maps
    kts: Vec<f64>,
}

impl Probe<'_> {
    fn estimate(&self, draw: &Draw<'_>) -> Vec<f64> {
        let Draw { samples, weights, solution, .. } = *draw;
        let bins_at = |kt: f64| Bins::new(samples, Some(weights), None, &solution.ln_d, 1.0 / kt);
        let bins: Vec<Bins> = self.kts.iter().map(|&kt| bins_at(kt)).collect();
        let at = |kt: f64| match self.kts.iter().position(|k| k.to_bits() == kt.to_bits()) {
            Some(t) => bins[t].clone(),
            None => bins_at(kt),
        };
        let mut values = solution.f_k.clone();
        for crossing in self.crossings {
            let root = equal_probability(
                samples,
                &at(crossing.kt),
                self.thresholds,
                crossing.sides,
                crossing.species,
                &crossing.ln_z,
            );
            values.push(root.unwrap_or(f64::NAN));
        }
        for place in self.places {
            let (_, p) = at(place.kt).probabilities(samples, &place.ln_z);
            for (s, &n_max) in self.n_max.iter().enumerate() {
                values.extend(marginal(samples, &p, s, usize::from(n_max)));
            }
        }
        for map in self.maps {
            let width = cells_per_temperature(map);
            for (i, cell) in map.cells.iter().enumerate().filter(|(_, cell)| !cell.masked) {
                let bins = &bins[i / width];
                let (ln_sum, p) = bins.probabilities(samples, &cell.ln_z);
                let (n, energy) = bins.means(samples, &p);
                values.extend(n);
                values.push(energy);
                values.push(bins.ln_xi(samples, ln_sum).unwrap_or(f64::NAN));
            }
        }
        values
    }
}
