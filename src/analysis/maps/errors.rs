//! Standard errors of maps: every cell is computed again in every resample of the bootstrap.

use super::map::MapContext;
use crate::analysis::mbar::{Anchor, Anchored, POINTS, Reweighted, TEMPERATURES};
use crate::analysis::statistics::bootstrap::{Bootstrap, Draw};
use crate::analysis::{Map, MapCell};
use rayon::prelude::*;

/// Most groups of points in memory at once.
const GROUPS: usize = 128;

/// All resamples at an anchor.
struct Resamples {
    anchor: Anchor,
    /// `[n_resamples]`
    anchored: Vec<Anchored>,
}

impl Resamples {
    fn new(bootstrap: &Bootstrap, beta: f64, n_observables: usize) -> Option<Resamples> {
        let (samples, ln_d) = bootstrap.first()?;
        let anchor = Anchor::new(samples, ln_d, beta);
        let anchored = bootstrap.map(|draw| {
            let Draw { samples, weights, solution, columns, .. } = *draw;
            Anchored::new(&anchor, samples, weights, &solution.ln_d, &columns[..n_observables])
        });
        Some(Resamples { anchor, anchored })
    }
}

/// Sets the errors of maps of the same temperatures, a few temperatures at a time.
///
/// The first `n_observables` columns of the bootstrap are the observables of the maps.
pub(crate) fn map_errors(maps: &mut [&mut Map], around: &MapContext<'_>, bootstrap: &Bootstrap, n_observables: usize) {
    let betas: Vec<f64> = maps[0].temperatures.iter().map(|t| 1.0 / (t * around.boltzmann)).collect();
    let mut resamples: Option<Resamples> = None;
    let mut from = 0;
    while from < betas.len() {
        if !resamples.as_ref().is_some_and(|r| r.anchor.reaches(betas[from])) {
            resamples = Resamples::new(bootstrap, betas[from], n_observables);
        }
        let Some(resamples) = &resamples else { return };
        let within = betas[from..].iter().take(TEMPERATURES).take_while(|&&beta| resamples.anchor.reaches(beta));
        let to = from + within.count();
        set_errors(maps, from..to, &betas, resamples, bootstrap, n_observables);
        from = to;
    }
}

/// Sets the errors at the temperatures of a range.
fn set_errors(
    maps: &mut [&mut Map],
    range: std::ops::Range<usize>,
    betas: &[f64],
    resamples: &Resamples,
    bootstrap: &Bootstrap,
    n_observables: usize,
) {
    let Some((samples, _)) = bootstrap.first() else { return };
    // A range shorter than a pass is filled up with its last temperature.
    let betas: [f64; TEMPERATURES] = std::array::from_fn(|i| betas[(range.start + i).min(range.end - 1)]);
    let factors = betas.map(|beta| resamples.anchor.factors(samples, beta));
    let mut cells: Vec<Vec<&mut MapCell>> = range.clone().map(|_| Vec::new()).collect();
    for map in maps.iter_mut() {
        let width = map.cells.len() / map.temperatures.len();
        let rows = map.cells[range.start * width..range.end * width].chunks_mut(width);
        for (cells, row) in cells.iter_mut().zip(rows) {
            cells.extend(row.iter_mut().filter(|cell| !cell.masked));
        }
    }
    let at = resamples
        .anchored
        .par_iter()
        .map(|anchored| anchored.at(&resamples.anchor, samples, betas, factors.each_ref().map(|f| &f[..])));
    let reweighted: Vec<[Reweighted; TEMPERATURES]> = at.collect();
    let n_reservoirs = samples.compositions().first().map_or(0, Vec::len);
    let count = |s: usize| samples.compositions().iter().map(|c| f64::from(c[s])).collect();
    let counts: Vec<Vec<f64>> = (0..n_reservoirs).map(count).collect();
    // Cells in groups of points, the last filled up with its last cell; some groups at a time, to bound the memory.
    let chemical = |beta: f64, group: &[&mut MapCell]| -> ([usize; POINTS], Vec<[f64; POINTS]>) {
        let ln_z = |l: usize| &group[l.min(group.len() - 1)].ln_z;
        let worth: [Vec<f64>; POINTS] = std::array::from_fn(|l| samples.chemical_at(beta, ln_z(l)));
        // Where the empty system was never sampled ln Ξ is not known, and neither is its error.
        let empty = std::array::from_fn(|l| samples.empty_at(beta, ln_z(l)).unwrap_or_default());
        (empty, (0..samples.compositions().len()).map(|c| std::array::from_fn(|l| worth[l][c])).collect())
    };
    for (t, row) in cells.iter_mut().enumerate() {
        for cells in row.chunks_mut(POINTS * GROUPS) {
            let groups: Vec<_> = cells.chunks(POINTS).map(|group| chemical(betas[t], group)).collect();
            let of_resample = |at: &[Reweighted; TEMPERATURES]| -> Vec<f64> {
                let quantities: Vec<&[f64]> = counts.iter().chain(&at[t].means).map(|q| &q[..]).collect();
                groups.iter().flat_map(|(empty, group)| at[t].averages(empty, group, &quantities)).flatten().collect()
            };
            let drawn: Vec<Vec<f64>> = reweighted.par_iter().map(of_resample).collect();
            let errors = bootstrap.spread(&drawn);
            let of_groups = errors.chunks(POINTS * (2 + n_reservoirs + n_observables));
            for (group, errors) in cells.chunks_mut(POINTS).zip(of_groups) {
                for (l, cell) in group.iter_mut().enumerate() {
                    let mut errors = errors.iter().skip(l).step_by(POINTS).copied();
                    cell.ln_xi_err = errors.next().filter(|_| cell.ln_xi.is_finite()).unwrap_or(f64::NAN);
                    cell.n_err = errors.by_ref().take(n_reservoirs).collect();
                    cell.energy_err = errors.next().unwrap_or(f64::NAN);
                    cell.observables_err = errors.collect();
                }
            }
        }
    }
}
