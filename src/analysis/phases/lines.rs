//! Boundaries with their errors: first-order lines among the candidates, continuous lines, and the points where lines end
//! or meet.

use super::continuous::{OrderPoint, peak};
use crate::analysis::maps::map::MapContext;
use crate::analysis::mbar::Bins;
use crate::analysis::phases::basins::Thresholds;
use crate::analysis::phases::classify::{Class, Labels};
use crate::analysis::phases::coexistence::{Crossing, SEPARATE, depth, equal_probability};
use crate::analysis::phases::critical_points::{Line, can_end, critical, meeting, runs_through};
use crate::analysis::phases::passages::Passages;
use crate::analysis::statistics::bootstrap::{Bootstrap, Draw};
use crate::analysis::{BoundaryKind, BoundaryPoint, Clapeyron};

/// Share of the distance of simulated μ within which a point lies on a line.
const NEAR: f64 = 0.3;

/// Candidates for first-order points, found again in every draw.
#[derive(Debug)]
pub(crate) struct Judged {
    /// The candidates, by rising temperature.
    pub(crate) crossings: Vec<Crossing>,
    /// `[n_crossings]`, passages of replicas between the sides
    pub(crate) passages: Vec<u64>,
    /// `[n_resamples][2 n_crossings]`: ln z of the crossing species, then the depth [kT], of each
    drawn: Vec<Vec<f64>>,
    /// `[2 n_crossings]`, standard errors of these
    errors: Vec<f64>,
}

impl Judged {
    /// Finds every candidate again in every draw.
    pub(crate) fn new(
        mut crossings: Vec<Crossing>,
        passages: &Passages<'_>,
        bootstrap: &Bootstrap,
        thresholds: &Thresholds,
    ) -> Judged {
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
        let errors = bootstrap.spread(&drawn, |c| crossings[c / 2].kt);
        let passages = passages.count(&crossings, thresholds);
        Judged { crossings, passages, drawn, errors }
    }

    /// Whether the two sides are basins of their own: the valley is deeper than 1 kT by its standard error.
    fn separate(&self, i: usize) -> bool {
        self.crossings[i].depth - self.errors[2 * i + 1] > SEPARATE
    }

    /// Combinations on the two sides of first-order boundaries at one temperature.
    pub(crate) fn parted_at(&self, kt: f64) -> Vec<(usize, usize)> {
        let here = |&i: &usize| (self.crossings[i].kt / kt - 1.0).abs() < 1e-9 && self.separate(i);
        (0..self.crossings.len()).filter(here).map(|i| self.crossings[i].sides).collect()
    }

    /// Classes on the two sides of first-order boundaries.
    pub(crate) fn parted(&self) -> Vec<(Class, Class)> {
        (0..self.crossings.len()).filter(|&i| self.separate(i)).map(|i| self.crossings[i].classes).collect()
    }
}

/// Bins of a draw at one temperature, cached while the temperature stays the same.
fn at<'a>(kept: &'a mut Option<Bins>, draw: &Draw<'_>, kt: f64) -> &'a Bins {
    let beta = 1.0 / kt;
    if kept.as_ref().is_none_or(|b| b.beta.to_bits() != beta.to_bits()) {
        *kept = None;
    }
    kept.get_or_insert_with(|| Bins::new(draw.samples, Some(draw.weights), None, &draw.solution.ln_d, beta))
}

/// Continuous points, found again in every draw.
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
        let errors = bootstrap.spread(&drawn, |i| points[i].kt);
        Continuous { points, drawn, errors }
    }
}

/// Every boundary with its error: lines first, then critical and triple points, these of a single species only.
pub(crate) fn all(
    around: &MapContext<'_>,
    judged: &Judged,
    continuous: &Continuous,
    labels: &Labels,
    bootstrap: &Bootstrap,
) -> Vec<BoundaryPoint> {
    let lines = connected(judged, continuous, labels);
    let found = Found { around, judged, continuous, bootstrap, lines };
    let mut rows = found.points();
    if around.grid.n_reservoirs() == 1 {
        let meetings = found.meetings();
        rows.extend(found.critical_points(&meetings));
        rows.extend(meetings.into_iter().map(|meeting| meeting.point));
    }
    rows
}

/// Joins the points of one pair of phases and one kind. Where the valley of a first-order line has become too shallow its
/// points still tell where it vanishes.
fn connected(judged: &Judged, continuous: &Continuous, labels: &Labels) -> Vec<Line> {
    let phases =
        |classes: (Class, Class)| Some((labels.phase(classes.0)?, labels.phase(classes.1)?)).filter(|p| p.0 != p.1);
    let crossings = judged.crossings.iter().enumerate().map(|(i, c)| (i, c.classes, true));
    let maxima = continuous.points.iter().enumerate().map(|(i, p)| (i, p.classes, false));
    let mut lines: Vec<Line> = Vec::new();
    for (i, classes, first_order) in crossings.chain(maxima) {
        let Some(pair) = phases(classes) else { continue };
        match lines.iter_mut().find(|line| line.phases == pair && line.first_order == first_order) {
            Some(line) => line.points.push(i),
            None => lines.push(Line { phases: pair, points: vec![i], first_order }),
        }
    }
    lines
}

/// Where two lines meet.
struct Meeting {
    /// Which of the lines.
    lines: (usize, usize),
    kt: f64,
    point: BoundaryPoint,
}

/// Lines with all that is known of their points.
struct Found<'a> {
    around: &'a MapContext<'a>,
    judged: &'a Judged,
    continuous: &'a Continuous,
    bootstrap: &'a Bootstrap,
    lines: Vec<Line>,
}

impl Found<'_> {
    /// The points of all lines.
    fn points(&self) -> Vec<BoundaryPoint> {
        let places = self.lines.iter().flat_map(|line| (0..line.points.len()).map(move |place| (line, place)));
        places
            .filter_map(|(line, place)| match line.first_order {
                true => self.first_order(line, place),
                false => {
                    let i = line.points[place];
                    let (p, err) = (&self.continuous.points[i], self.continuous.errors[i]);
                    let kind = BoundaryKind::Continuous;
                    Some(point(self.around, kind, line.phases, p.kt, &p.ln_z, p.species, err))
                }
            })
            .collect()
    }

    /// A point of a first-order line with its slopes; `None` where the two basins are not two.
    fn first_order(&self, line: &Line, place: usize) -> Option<BoundaryPoint> {
        let (judged, i) = (self.judged, line.points[place]);
        if !judged.separate(i) {
            return None;
        }
        let c = &judged.crossings[i];
        let kind = BoundaryKind::FirstOrder;
        let mut row = point(self.around, kind, line.phases, c.kt, &c.ln_z, c.species, judged.errors[2 * i]);
        count(&mut row, Some(judged.passages[i]));
        let neighbour = |k: Option<usize>| k.and_then(|k| line.points.get(k)).map_or(c, |&k| &judged.crossings[k]);
        let (low, high) = (neighbour(place.checked_sub(1)), neighbour(Some(place + 1)));
        let observed = (high.ln_z[c.species] - low.ln_z[c.species]) / (1.0 / high.kt - 1.0 / low.kt);
        let delta_n = c.delta_n[c.species];
        row.clapeyron = Some(Clapeyron {
            delta_energy: c.delta_energy,
            delta_n,
            predicted: c.delta_energy / delta_n,
            observed: if self.around.grid.n_reservoirs() == 1 { observed } else { f64::NAN },
            depth: c.depth,
            depth_err: judged.errors[2 * i + 1],
        });
        Some(row)
    }

    /// μ of a point of the only species [energy].
    fn mu(&self, kt: f64, ln_z: f64) -> f64 {
        self.around.cell_at(kt, &[ln_z]).mu[0]
    }

    /// A point that stands alone.
    ///
    /// - `lines`: those that end or meet there
    /// - `found`: kT and μ from all samples; `drawn`: from every draw
    fn alone(
        &self,
        kind: BoundaryKind,
        pair: (usize, usize),
        lines: &[&Line],
        found: Option<(f64, f64)>,
        drawn: impl Iterator<Item = Option<(f64, f64)>>,
    ) -> Option<BoundaryPoint> {
        let (kt, mu) = found?;
        let drawn: Vec<Vec<f64>> = drawn.map(|d| d.map_or(vec![f64::NAN; 2], |(kt, mu)| vec![kt, mu])).collect();
        let errors = self.bootstrap.spread(&drawn, |_| kt);
        let ln_z = self.around.grid.reservoirs[0].convention.ln_z_of_mu(mu, kt);
        let mut row = point(self.around, kind, pair, kt, &[ln_z], 0, errors[1] / kt);
        row.temperature_err = errors[0] / self.around.boltzmann;
        count(&mut row, lines.iter().filter_map(|line| self.passages(line, kt)).min());
        Some(row)
    }

    /// Passages at the point of a first-order line that is nearest in temperature.
    fn passages(&self, line: &Line, kt: f64) -> Option<u64> {
        let (judged, points) = (self.judged, line.points.iter().filter(|_| line.first_order));
        let separate = points.filter(|&&i| judged.separate(i));
        let distance = |i: usize| (judged.crossings[i].kt - kt).abs();
        separate.min_by(|&&a, &&b| distance(a).total_cmp(&distance(b))).map(|&i| judged.passages[i])
    }

    /// Where first-order lines end within the simulated temperatures.
    fn critical_points(&self, meetings: &[Meeting]) -> Vec<BoundaryPoint> {
        let (judged, crossings) = (self.judged, &self.judged.crossings);
        let highest = self.around.grid.states.iter().map(|s| s.kt).fold(0.0, f64::max);
        let end = |(k, line): (usize, &Line)| {
            // The points that separate, and those right above them.
            let last = line.points.iter().rposition(|&i| judged.separate(i))?;
            if crossings[line.points[last]].kt >= highest * (1.0 - 1e-9) {
                return None;
            }
            let points = &line.points[..(last + 3).min(line.points.len())];
            let of = |values: &dyn Fn(usize) -> (f64, f64)| -> Vec<(f64, f64, f64)> {
                points.iter().map(|&i| (crossings[i].kt, self.mu(crossings[i].kt, values(i).0), values(i).1)).collect()
            };
            let goes_on = self.lines.iter().filter(|other| !other.first_order && same_pair(other.phases, line.phases));
            let continuous: Vec<f64> =
                goes_on.flat_map(|other| &other.points).map(|&i| self.continuous.points[i].kt).collect();
            let met = meetings.iter().filter(|m| m.lines.0 == k || m.lines.1 == k);
            let met: Vec<f64> = met.map(|m| m.kt).collect();
            let found = critical(&of(&|i| (crossings[i].ln_z[0], crossings[i].depth)), highest)
                .filter(|&(kt, _)| can_end(kt, crossings[line.points[last]].kt, &continuous, &met))
                .filter(|&(kt, mu)| !self.is_on_continuous_line(line, kt, mu));
            let drawn = judged.drawn.iter().map(|d| critical(&of(&|i| (d[2 * i], d[2 * i + 1])), f64::INFINITY));
            self.alone(BoundaryKind::Critical, line.phases, &[line], found, drawn)
        };
        self.lines.iter().enumerate().filter(|(_, line)| line.first_order).filter_map(end).collect()
    }

    /// Whether a point lies on a continuous line of a phase of this line: there the transition has only changed its kind, or
    /// the disordered phase its name.
    fn is_on_continuous_line(&self, line: &Line, kt: f64, mu: f64) -> bool {
        let shares =
            |other: &Line| [other.phases.0, other.phases.1].iter().any(|p| [line.phases.0, line.phases.1].contains(p));
        let axis = &self.around.grid.reservoirs[0].convention;
        let values = self.around.grid.values_around(0, kt).into_iter().map(|x| axis.mu(axis.ln_z(x, kt), kt));
        let (lo, hi) = values.clone().fold((f64::INFINITY, f64::NEG_INFINITY), |(lo, hi), x| (lo.min(x), hi.max(x)));
        let near = NEAR * (hi - lo) / (values.count().max(2) - 1) as f64;
        let others = self.lines.iter().filter(|other| !other.first_order && shares(other));
        others.map(|other| self.path(other, None)).any(|path| runs_through(&path, kt, mu, near))
    }

    /// Where two lines that share a phase meet: triple points.
    fn meetings(&self) -> Vec<Meeting> {
        let mut rows = Vec::new();
        for (k, a) in self.lines.iter().enumerate() {
            for (l, b) in self.lines.iter().enumerate().skip(k + 1) {
                let mut phases = vec![a.phases.0, a.phases.1, b.phases.0, b.phases.1];
                phases.sort_unstable();
                phases.dedup();
                if phases.len() != 3 {
                    continue;
                }
                let found = meeting(&self.path(a, None), &self.path(b, None));
                let drawn =
                    (0..self.judged.drawn.len()).map(|d| meeting(&self.path(a, Some(d)), &self.path(b, Some(d))));
                let point = self.alone(BoundaryKind::Triple, (phases[0], phases[2]), &[a, b], found, drawn);
                let (lines, kt) = ((k, l), found.map_or(f64::NAN, |found| found.0));
                rows.extend(point.map(|point| Meeting { lines, kt, point }));
            }
        }
        rows
    }

    /// A line as (kT, μ), from all samples or from a draw.
    fn path(&self, line: &Line, draw: Option<usize>) -> Vec<(f64, f64)> {
        let (judged, continuous) = (self.judged, self.continuous);
        let points = line.points.iter().filter(|&&i| !line.first_order || judged.separate(i));
        let at = |&i: &usize| match (line.first_order, draw) {
            (true, None) => (judged.crossings[i].kt, judged.crossings[i].ln_z[0]),
            (true, Some(d)) => (judged.crossings[i].kt, judged.drawn[d][2 * i]),
            (false, None) => (continuous.points[i].kt, continuous.points[i].ln_z[0]),
            (false, Some(d)) => (continuous.points[i].kt, continuous.drawn[d][i]),
        };
        let mut path: Vec<(f64, f64)> =
            points.map(at).map(|(kt, ln_z)| (kt, self.mu(kt, ln_z))).filter(|x| x.1.is_finite()).collect();
        path.dedup_by(|b, a| a.0.to_bits() == b.0.to_bits());
        path
    }
}

/// Whether two pairs are of the same phases.
fn same_pair(a: (usize, usize), b: (usize, usize)) -> bool {
    a == b || a == (b.1, b.0)
}

/// Sets the passages behind a point, and takes its errors away where these are too few.
fn count(point: &mut BoundaryPoint, crossings: Option<u64>) {
    point.crossings = crossings;
    if !point.is_converged() {
        (point.mu_err, point.pressure_low, point.pressure_high) = (f64::NAN, f64::NAN, f64::NAN);
        if !point.kind.is_line() {
            point.temperature_err = f64::NAN;
        }
    }
}

/// A row of `boundaries.csv`.
///
/// - `ln_z_err`: standard error of ln z of `species`
fn point(
    around: &MapContext<'_>,
    kind: BoundaryKind,
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
        gas_pressure: around.virial_pressure(kt, ln_z),
        mu: cell.mu,
        pressure: cell.pressure,
        clapeyron: None,
        crossings: None,
    }
}
