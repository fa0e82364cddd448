//! Boundaries with their errors: which candidates are first-order lines, where the continuous ones run, where they end
//! and meet.

use super::continuous::{OrderPoint, peak};
use crate::analysis::maps::map::MapContext;
use crate::analysis::mbar::Bins;
use crate::analysis::phases::basins::Thresholds;
use crate::analysis::phases::classify::{Class, Labels};
use crate::analysis::phases::coexistence::{Crossing, SEPARATE, depth, equal_probability};
use crate::analysis::phases::critical_points::{Line, critical, meeting};
use crate::analysis::statistics::bootstrap::{Bootstrap, Draw};
use crate::analysis::{BoundaryPoint, Clapeyron};

/// Candidates with what the draws say of them.
#[derive(Debug)]
pub(crate) struct Judged {
    /// The candidates, by rising temperature.
    pub(crate) crossings: Vec<Crossing>,
    /// `[n_resamples][2 n_crossings]`: ln z of the crossing species, then the depth [kT], of each
    drawn: Vec<Vec<f64>>,
    /// `[2 n_crossings]`, standard errors of these
    errors: Vec<f64>,
}

impl Judged {
    /// Finds every candidate again in every draw.
    pub(crate) fn new(mut crossings: Vec<Crossing>, bootstrap: &Bootstrap, thresholds: &Thresholds) -> Judged {
        crossings.sort_by(|a, b| a.kt.total_cmp(&b.kt));
        let drawn = bootstrap.map(|draw| {
            let mut values = Vec::with_capacity(2 * crossings.len());
            let mut bins: Option<Bins> = None;
            for crossing in &crossings {
                let bins = at(&mut bins, draw, crossing.kt);
                let (sides, species) = (crossing.sides, crossing.species);
                let root = equal_probability(draw.samples, bins, thresholds, sides, species, &crossing.ln_z);
                let depth = root.map(|root| {
                    let mut ln_z = crossing.ln_z.clone();
                    ln_z[species] = root;
                    depth(draw.samples, bins, thresholds, sides, &bins.probabilities(draw.samples, &ln_z).1)
                });
                values.extend([root.unwrap_or(f64::NAN), depth.unwrap_or(f64::NAN)]);
            }
            values
        });
        let errors = bootstrap.spread(&drawn);
        Judged { crossings, drawn, errors }
    }

    /// Whether the two basins are two: the valley is deeper than 1 kT, its standard error taken off.
    fn separate(&self, i: usize) -> bool {
        self.crossings[i].depth - self.errors[2 * i + 1] > SEPARATE
    }

    /// Combinations that first-order boundaries part at one temperature.
    pub(crate) fn parted_at(&self, kt: f64) -> Vec<(usize, usize)> {
        let here = |&i: &usize| (self.crossings[i].kt / kt - 1.0).abs() < 1e-9 && self.separate(i);
        (0..self.crossings.len()).filter(here).map(|i| self.crossings[i].sides).collect()
    }

    /// What lies on the two sides of first-order boundaries.
    pub(crate) fn parted(&self) -> Vec<(Class, Class)> {
        (0..self.crossings.len()).filter(|&i| self.separate(i)).map(|i| self.crossings[i].classes).collect()
    }
}

/// The bins of a draw at one temperature, kept for the next question at the same.
fn at<'a>(kept: &'a mut Option<Bins>, draw: &Draw<'_>, kt: f64) -> &'a Bins {
    let beta = 1.0 / kt;
    if kept.as_ref().is_none_or(|b| b.beta.to_bits() != beta.to_bits()) {
        *kept = None;
    }
    kept.get_or_insert_with(|| Bins::new(draw.samples, Some(draw.weights), None, &draw.solution.ln_d, beta))
}

/// Continuous points with what the draws say of them.
#[derive(Debug)]
pub(crate) struct Continuous {
    points: Vec<OrderPoint>,
    /// `[n_resamples][n_points]`, ln z of the species
    drawn: Vec<Vec<f64>>,
    errors: Vec<f64>,
}

impl Continuous {
    /// Finds every maximum again in every draw.
    pub(crate) fn new(mut points: Vec<OrderPoint>, bootstrap: &Bootstrap) -> Continuous {
        points.sort_by(|a, b| a.kt.total_cmp(&b.kt));
        let drawn = bootstrap.map(|draw| {
            let mut kept: Option<(usize, Bins, Vec<Vec<f64>>)> = None;
            let mut values = Vec::with_capacity(points.len());
            for point in &points {
                let (beta, observable) = (1.0 / point.kt, point.observable);
                if kept.as_ref().is_none_or(|(o, bins, _)| *o != observable || bins.beta.to_bits() != beta.to_bits()) {
                    kept = None;
                }
                let (_, bins, both) = kept.get_or_insert_with(|| {
                    let pair = [observable, draw.columns.len() / 2 + observable].map(|i| draw.columns[i].clone());
                    let (weights, ln_d) = (Some(draw.weights), &draw.solution.ln_d);
                    let (bins, both) = Bins::with_columns(draw.samples, weights, None, ln_d, beta, &pair);
                    (observable, bins, both)
                });
                let found = peak(draw.samples, bins, both, point.species, &point.ln_z, point.between);
                values.push(found.unwrap_or(f64::NAN));
            }
            values
        });
        let errors = bootstrap.spread(&drawn);
        Continuous { points, drawn, errors }
    }
}

/// Every boundary with its error.
pub(crate) fn all(
    around: &MapContext<'_>,
    judged: &Judged,
    continuous: &Continuous,
    labels: &Labels,
    bootstrap: &Bootstrap,
) -> Vec<BoundaryPoint> {
    let phases =
        |classes: (Class, Class)| Some((labels.phase(classes.0)?, labels.phase(classes.1)?)).filter(|p| p.0 != p.1);
    let mut rows = Vec::new();
    let crossings = &judged.crossings;
    let first_order: Vec<(usize, (usize, usize))> =
        (0..crossings.len()).filter_map(|i| Some((i, phases(crossings[i].classes)?))).collect();
    // Lines of one pair of phases; where the valley has become too shallow their points still tell where it vanishes.
    let mut lines: Vec<Line> = Vec::new();
    for &(i, pair) in &first_order {
        match lines.iter_mut().find(|line| line.phases == pair) {
            Some(line) => line.points.push(i),
            None => lines.push(Line { phases: pair, points: vec![i], first_order: true }),
        }
    }
    for (i, point) in continuous.points.iter().enumerate() {
        let Some(pair) = phases(point.classes) else { continue };
        match lines.iter_mut().find(|line| line.phases == pair && !line.first_order) {
            Some(line) => line.points.push(i),
            None => lines.push(Line { phases: pair, points: vec![i], first_order: false }),
        }
    }
    let single = around.grid.n_reservoirs() == 1;
    for line in &lines {
        for (place, &i) in line.points.iter().enumerate() {
            if !line.first_order {
                let (p, err) = (&continuous.points[i], continuous.errors[i]);
                rows.push(point(around, "continuous", line.phases, p.kt, &p.ln_z, p.species, err));
                continue;
            }
            if !judged.separate(i) {
                continue;
            }
            let c = &crossings[i];
            let mut row = point(around, "first_order", line.phases, c.kt, &c.ln_z, c.species, judged.errors[2 * i]);
            let delta_n = c.delta_n[c.species];
            let neighbours =
                [place.checked_sub(1), Some(place + 1)].map(|k| k.and_then(|k| line.points.get(k)).copied());
            let near: Vec<&Crossing> =
                [neighbours[0], Some(i), neighbours[1]].into_iter().flatten().map(|k| &crossings[k]).collect();
            let (low, high) = (near[0], near[near.len() - 1]);
            let observed = (high.ln_z[c.species] - low.ln_z[c.species]) / (1.0 / high.kt - 1.0 / low.kt);
            row.clapeyron = Some(Clapeyron {
                delta_energy: c.delta_energy,
                delta_n,
                predicted: c.delta_energy / delta_n,
                observed: if single { observed } else { f64::NAN },
                depth: c.depth,
                depth_err: judged.errors[2 * i + 1],
            });
            rows.push(row);
        }
    }
    if !single {
        return rows;
    }
    let mu = |kt: f64, ln_z: f64| around.cell_at(kt, &[ln_z]).mu[0];
    let special = |kind, pair, found: Option<(f64, f64)>, drawn: Vec<Vec<f64>>| {
        let (kt, at) = found?;
        let errors = bootstrap.spread(&drawn);
        let convention = &around.grid.reservoirs[0].convention;
        let ln_z = convention.ln_z_of_mu(at, kt);
        let mut row = point(around, kind, pair, kt, &[ln_z], 0, errors[1] / kt);
        row.temperature_err = errors[0] / around.boltzmann;
        Some(row)
    };
    let both = |found: Option<(f64, f64)>| found.map_or(vec![f64::NAN; 2], |(kt, mu)| vec![kt, mu]);
    let highest = around.grid.states.iter().map(|s| s.kt).fold(0.0, f64::max);
    for line in lines.iter().filter(|line| line.first_order) {
        // The points that separate, and those right above them.
        let Some(last) = line.points.iter().rposition(|&i| judged.separate(i)) else { continue };
        if crossings[line.points[last]].kt >= highest * (1.0 - 1e-9) {
            continue;
        }
        let points: Vec<usize> = line.points[..(last + 3).min(line.points.len())].to_vec();
        let of = |values: &dyn Fn(usize) -> (f64, f64)| -> Vec<(f64, f64, f64)> {
            points.iter().map(|&i| (crossings[i].kt, mu(crossings[i].kt, values(i).0), values(i).1)).collect()
        };
        let found = critical(&of(&|i| (crossings[i].ln_z[0], crossings[i].depth)), highest);
        let drawn =
            judged.drawn.iter().map(|d| both(critical(&of(&|i| (d[2 * i], d[2 * i + 1])), f64::INFINITY))).collect();
        rows.extend(special("critical", line.phases, found, drawn));
    }
    // Where two lines that share a phase meet.
    let path = |line: &Line, drawn: Option<usize>| -> Vec<(f64, f64)> {
        let points = line.points.iter().filter(|&&i| !line.first_order || judged.separate(i));
        let at = |&i: &usize| match (line.first_order, drawn) {
            (true, None) => (crossings[i].kt, crossings[i].ln_z[0]),
            (true, Some(d)) => (crossings[i].kt, judged.drawn[d][2 * i]),
            (false, None) => (continuous.points[i].kt, continuous.points[i].ln_z[0]),
            (false, Some(d)) => (continuous.points[i].kt, continuous.drawn[d][i]),
        };
        let mut path: Vec<(f64, f64)> =
            points.map(at).map(|(kt, ln_z)| (kt, mu(kt, ln_z))).filter(|x| x.1.is_finite()).collect();
        path.dedup_by(|b, a| a.0.to_bits() == b.0.to_bits());
        path
    };
    for (k, a) in lines.iter().enumerate() {
        for b in &lines[k + 1..] {
            let set = [a.phases.0, a.phases.1, b.phases.0, b.phases.1];
            let mut distinct = set.to_vec();
            distinct.sort_unstable();
            distinct.dedup();
            if distinct.len() != 3 {
                continue;
            }
            let found = meeting(&path(a, None), &path(b, None));
            let drawn = (0..judged.drawn.len()).map(|d| both(meeting(&path(a, Some(d)), &path(b, Some(d))))).collect();
            rows.extend(special("triple", (distinct[0], distinct[2]), found, drawn));
        }
    }
    rows
}

/// A row of `boundaries.csv`.
///
/// - `ln_z_err`: standard error of ln z of `species`
fn point(
    around: &MapContext<'_>,
    kind: &'static str,
    phases: (usize, usize),
    kt: f64,
    ln_z: &[f64],
    species: usize,
    ln_z_err: f64,
) -> BoundaryPoint {
    let cell = around.cell_at(kt, ln_z);
    let atoms = around.grid.reservoirs[species].convention.atoms_per_molecule();
    let pressure = |shift: f64| cell.pressure[species] * (atoms * shift).exp();
    BoundaryPoint {
        phase_a: phases.0.min(phases.1),
        phase_b: phases.0.max(phases.1),
        kind,
        species,
        temperature: cell.temperature,
        temperature_err: 0.0,
        mu_err: kt * ln_z_err,
        pressure_low: pressure(-ln_z_err),
        pressure_high: pressure(ln_z_err),
        mu: cell.mu,
        pressure: cell.pressure,
        clapeyron: None,
    }
}
