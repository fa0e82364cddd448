//! What the cells of a map in μ belong to, and the phases and boundaries that follow from it.

use super::basins::{Thresholds, valleys_of};
use super::classify::{Basin, Class, Classifier, Labels};
use super::coexistence::{Crossing, Neighbours, crossings};
use super::continuous::order_points;
use super::lines::{self, Continuous, Judged};
use super::passages::Passages;
use super::quotable::Unconverged;
use crate::analysis::maps::filled::{Maps, Prepared, cells_per_temperature};
use crate::analysis::maps::map::MapContext;
use crate::analysis::maps::order_parameters::Observed;
use crate::analysis::mbar::Collapsed;
use crate::analysis::prepared::{MbarSolution, Reweighting};
use crate::analysis::statistics::bootstrap::Bootstrap;
use crate::analysis::{BoundaryPoint, Map, MapCell, Phase};
use rayon::prelude::*;

/// Class of every cell of the map in μ: the basin of P(N) that dominates it, refined by layers and order.
pub(crate) struct Cells {
    pub(crate) thresholds: Thresholds,
    /// `[n_cells]`, the dominant basin
    basins: Vec<Basin>,
    pub(crate) classifier: Classifier,
    /// `[n_cells]`
    classes: Vec<Class>,
}

/// Phases with their boundaries.
pub(crate) struct FoundPhases {
    pub(crate) labels: Labels,
    pub(crate) phases: Vec<Phase>,
    pub(crate) boundaries: Vec<BoundaryPoint>,
    /// `[n_states]`, whether no unconverged boundary runs through it
    pub(crate) quotable: Vec<bool>,
}

impl Cells {
    /// - `room`: atoms for which the first layer has room, 0 if that is not known
    pub(crate) fn new(maps: &Maps, basis: &Reweighting, n_reservoirs: usize, observed: &Observed, room: f64) -> Cells {
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
    pub(crate) fn phases(
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
