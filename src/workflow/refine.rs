//! What a further run beside a run should sample: states where it lacks them.
//!
//! Along a first-order line that is not known well enough, a ladder: the rows of the grid from the coldest point of the line to
//! beyond its end, with one more between each two, at the two values of μ around it, and at each temperature three times a window
//! over all N of both phases, which replicas cross as often as they stay. Where neighbouring states do not exchange, or their samples do
//! not overlap: the states of that gap with others between.
//!
//! The further run is a run of its own, over few states, so that its time goes where it is needed; MBAR joins it with the
//! run.

use crate::analysis::diagnostics::EdgeCheck;
use crate::analysis::diagnostics::dead_edges;
use crate::analysis::{Analysis, BoundaryKind, BoundaryPoint};
use crate::base::Result;
use crate::input::scene::grammar::{AxisValues, Grid, WindowSpec, Windows};
use crate::input::scene::{self, CheckedScene};
use crate::thermo::states::{Axis, StateGrid, StatePoint};
use crate::workflow::stopping::brief;
use std::path::Path;

/// Share of the most frequent N at coexistence that a window still holds. It must not reach beyond what is visited: a layer
/// that is full has no N above, and a window that ends there is never crossed.
const RARE: f64 = 1e-2;
/// Replicas in the window of each temperature: they are what says where a line lies, and the states at the two values of μ around it do not.
const WINDOWS: u32 = 3;
/// Attempts at insertion and deletion for one of the run itself: N must go to and fro as far as the windows are wide.
const ATTEMPTS: u32 = 2;
/// Fewest cycles in which weights of windows are learned.
const LEARNING: u32 = 300;
/// Most values that one gap is given.
const MOST_BETWEEN: usize = 4;

/// A further run.
#[derive(Debug)]
pub(crate) struct FurtherRun {
    /// Its scene, as text.
    pub(crate) scene: String,
    /// What it is for.
    pub(crate) words: String,
}

/// The run that serves a point of a first-order line.
///
/// - `loaded`: the scene of the run itself
/// - `number`, `production`: of the further run, from 1; its cycles
///
/// # Errors
/// Those of [`scene::parse`].
pub(crate) fn along_line(
    loaded: &CheckedScene,
    analysis: &Analysis,
    point: &BoundaryPoint,
    (number, production): (usize, u32),
) -> Result<Option<FurtherRun>> {
    let line = |b: &&BoundaryPoint| {
        b.kind == BoundaryKind::FirstOrder
            && (b.phase_a, b.phase_b, b.species) == (point.phase_a, point.phase_b, point.species)
    };
    let points: Vec<&BoundaryPoint> = analysis.boundaries.iter().filter(line).collect();
    let coldest = points.iter().min_by(|a, b| a.temperature.total_cmp(&b.temperature));
    let hottest = points.iter().map(|b| b.temperature).fold(f64::MIN, f64::max);
    let Some(coldest) = coldest else { return Ok(None) };
    let Some(atoms) = atoms_of_both(analysis, coldest) else { return Ok(None) };
    let grid = &analysis.grid;
    let temperatures = rows(&loaded.scene.grid.temperature.values(), (coldest.temperature, hottest));
    let kt = loaded.scene.units.boltzmann() * coldest.temperature;
    let axes = &loaded.scene.grid.reservoir;
    let at: Vec<f64> = (0..axes.len())
        .map(|s| {
            let convention = &grid.reservoirs[s].convention;
            convention.value(convention.ln_z_of_mu(coldest.mu[s], kt), kt)
        })
        .collect();
    let values = |s: usize| -> Vec<f64> {
        let all = ascending(axes[s].values.values());
        if s == coldest.species { around(&all, at[s]) } else { nearest(&all, at[s]).into_iter().collect() }
    };
    let species = axes[coldest.species].species.clone();
    let window = WindowSpec {
        species: species.clone(),
        atoms,
        temperature: None,
        at: Some(
            (0..axes.len())
                .map(|s| if s == coldest.species { at[s] } else { nearest(&values(s), at[s]).unwrap_or(at[s]) })
                .collect(),
        ),
        replicas: WINDOWS,
    };
    let (from, to) = (brief(temperatures[0], 4), brief(temperatures[temperatures.len() - 1], 4));
    let words = format!(
        "states at T = {from} to {to} with windows over N of {species} = {} to {}, which cross the line at μ = {:.4}",
        atoms.0, atoms.1, coldest.mu[coldest.species]
    );
    let all = (0..axes.len()).map(values).collect();
    let mut longer = loaded.clone();
    longer.scene.schedule.production = production;
    longer.scene.moves.insert_delete = longer.scene.moves.insert_delete.saturating_mul(ATTEMPTS);
    further(&longer, temperatures, all, vec![window], (number, words)).map(Some)
}

/// Further runs at most that `windows: Auto` makes: more lines than that are in no diagram that one run is to find.
pub(crate) const MOST_OF_LINES: usize = 8;

/// The run along the worst first-order line that no further run serves, as long as the run itself, if there is such a line.
///
/// - `further`: scenes of the further runs
///
/// # Errors
/// Those of [`along_line`].
pub(crate) fn at_lines(
    loaded: &CheckedScene,
    further: &[CheckedScene],
    analysis: &Analysis,
) -> Result<Option<FurtherRun>> {
    let number = further.len() + 1;
    if number > MOST_OF_LINES {
        return Ok(None);
    }
    let first_order = analysis.boundaries.iter().filter(|b| b.kind == BoundaryKind::FirstOrder);
    let mut points: Vec<&BoundaryPoint> =
        first_order.filter(|b| !further.iter().any(|run| serves(run, analysis, b))).collect();
    points.sort_by(|a, b| b.error().total_cmp(&a.error()));
    for point in points {
        let run = along_line(loaded, analysis, point, (number, loaded.scene.schedule.production))?;
        if run.is_some() {
            return Ok(run);
        }
    }
    Ok(None)
}

/// The run that puts states into the widest gap of the grid that no line is to blame for, if there is one.
///
/// # Errors
/// Those of [`scene::parse`].
pub(crate) fn in_gap(loaded: &CheckedScene, analysis: &Analysis, number: usize) -> Result<Option<FurtherRun>> {
    let Some(diagnostics) = &analysis.checks.diagnostics else { return Ok(None) };
    let grid = &analysis.grid;
    let mut gaps: Vec<Gap> = Vec::new();
    for edge in dead_edges(grid, diagnostics) {
        let Some(own) = Gap::of(grid, edge).filter(|_| !is_on_line(analysis, edge)) else { continue };
        match gaps.iter_mut().find(|gap| gap.is_of(&own)) {
            Some(gap) => gap.add(own),
            None => gaps.push(own),
        }
    }
    let widest = gaps.into_iter().max_by_key(|gap| (gap.lacking, gap.edges));
    let Some(gap) = widest else { return Ok(None) };
    let axes = &loaded.scene.grid.reservoir;
    let between = |d: usize| {
        let is_pressure = d > 0 && grid.reservoirs[d - 1].convention.is_pressure();
        gap.with_values_between(is_pressure)
    };
    let within = |d: usize, all: Vec<f64>| -> Vec<f64> {
        if d == gap.axis {
            return between(d);
        }
        let (lo, hi) = gap.ranges[d];
        let slack = 1e-9 * (hi - lo).abs().max(hi.abs());
        all.into_iter().filter(|v| (lo - slack..=hi + slack).contains(v)).collect()
    };
    let temperatures = within(0, ascending(loaded.scene.grid.temperature.values()));
    let values: Vec<Vec<f64>> = (0..axes.len()).map(|s| within(s + 1, ascending(axes[s].values.values()))).collect();
    if temperatures.is_empty() || values.iter().any(Vec::is_empty) {
        return Ok(None);
    }
    let name = match gap.axis {
        0 => "T".to_owned(),
        d => format!("values of {}", axes[d - 1].species),
    };
    let (lo, hi) = gap.ranges[gap.axis];
    let (lo, hi) = (brief(lo, 4), brief(hi, 4));
    let words = format!("states between {name} = {lo} and {hi}, which do not exchange");
    further(loaded, temperatures, values, Vec::new(), (number, words)).map(Some)
}

/// Whether the windows of a further run cross the line that a point belongs to: at its temperature, and over most of the N between
/// its phases.
pub(crate) fn serves(further: &CheckedScene, analysis: &Analysis, point: &BoundaryPoint) -> bool {
    let species = &analysis.grid.reservoirs[point.species].species;
    let crosses = |(lo, hi): (u16, u16)| match atoms_of_both(analysis, point) {
        Some((from, to)) => 2 * hi.min(to).saturating_sub(lo.max(from)) >= to - from,
        None => true,
    };
    let rows = further.scene.grid.temperature.values();
    let (lo, hi) = (rows.iter().copied().fold(f64::MAX, f64::min), rows.iter().copied().fold(f64::MIN, f64::max));
    let inside = (lo * (1.0 - 1e-9)..=hi * (1.0 + 1e-9)).contains(&point.temperature);
    inside && further.scene.windows.list().iter().any(|w| w.species == *species && crosses(w.atoms))
}

/// The scene of a further run: of the same system, over other states.
fn further(
    loaded: &CheckedScene,
    temperatures: Vec<f64>,
    values: Vec<Vec<f64>>,
    windows: Vec<WindowSpec>,
    (number, words): (usize, String),
) -> Result<FurtherRun> {
    let mut own = loaded.clone();
    let scene = &mut own.scene;
    let reservoir = scene.grid.reservoir.iter().zip(values).map(|(axis, values)| {
        let mut axis = axis.clone();
        axis.values = AxisValues::List(values.into_iter().map(tidy).collect());
        axis
    });
    let temperatures = temperatures.into_iter().map(tidy).collect();
    scene.grid = Grid { temperature: AxisValues::List(temperatures), reservoir: reservoir.collect(), ..scene.grid };
    if !windows.is_empty() {
        scene.schedule.equilibration = scene.schedule.equilibration.max(LEARNING);
    }
    scene.windows = Windows::List(windows);
    (scene.schedule.until, scene.schedule.max_cycles, scene.schedule.refine) = (None, None, 0);
    // Random numbers of its own.
    scene.seed = scene.seed.wrapping_add((number as u64) << 32);
    let text = scene::resolved(&own);
    scene::parse(&text, Path::new("scene.ron"))?;
    Ok(FurtherRun { scene: text, words })
}

/// A value without the noise of its last digits, as a scene would have it.
fn tidy(value: f64) -> f64 {
    format!("{value:.12e}").parse().unwrap_or(value)
}

/// Fewest and most atoms that are not rare at coexistence.
fn atoms_of_both(analysis: &Analysis, point: &BoundaryPoint) -> Option<(u16, u16)> {
    let near = |d: &&crate::analysis::Distribution| {
        let same = |(a, b): (&f64, &f64)| (a - b).abs() <= 1e-6 * b.abs().max(1e-6);
        d.reservoir == point.species
            && (d.temperature - point.temperature).abs() <= 1e-6 * point.temperature
            && d.mu.iter().zip(&point.mu).all(same)
    };
    let p = &analysis.distributions.iter().find(near)?.p_n;
    let most = p.iter().copied().fold(0.0, f64::max);
    let is_frequent = |p: &f64| *p >= RARE * most;
    let (lo, hi) = (p.iter().position(is_frequent)?, p.iter().rposition(is_frequent)?);
    Some((lo as u16, hi as u16)).filter(|(lo, hi)| lo < hi)
}

/// The rows of a grid from the coldest point of a line to two rows beyond its hottest, with the mean between each two.
fn rows(all: &[f64], (coldest, hottest): (f64, f64)) -> Vec<f64> {
    let all = ascending(all.to_vec());
    let first = all.iter().rposition(|&t| t <= coldest * (1.0 + 1e-9)).unwrap_or(0);
    let beyond = all.iter().position(|&t| t > hottest * (1.0 + 1e-9)).unwrap_or(all.len());
    let own = &all[first..(beyond + 2).min(all.len())];
    let mut rows = Vec::new();
    for pair in own.windows(2) {
        rows.extend([pair[0], 0.5 * (pair[0] + pair[1])]);
    }
    rows.extend(own.last());
    rows
}

/// The values around one: those just below and above it, or the outermost two.
fn around(all: &[f64], value: f64) -> Vec<f64> {
    let above = all.partition_point(|&v| v < value).clamp(1, all.len().max(2) - 1);
    all[above - 1..(above + 1).min(all.len())].to_vec()
}

fn nearest(all: &[f64], value: f64) -> Option<f64> {
    all.iter().copied().min_by(|a, b| (a - value).abs().total_cmp(&(b - value).abs()))
}

fn ascending(mut values: Vec<f64>) -> Vec<f64> {
    values.sort_by(f64::total_cmp);
    values.dedup();
    values
}

/// Temperature and the value of every reservoir, as its convention gives it.
fn coordinates(grid: &StateGrid, state: &StatePoint) -> Vec<f64> {
    let values = grid.reservoirs.iter().zip(&state.ln_z).map(|(r, &ln_z)| r.convention.value(ln_z, state.kt));
    std::iter::once(state.temperature).chain(values).collect()
}

/// Two neighbouring values of an axis between which edges are dead.
struct Gap {
    /// 0 for temperature, then the reservoirs.
    axis: usize,
    /// `[n_axes]`, least and greatest coordinate of the states at its dead edges
    ranges: Vec<(f64, f64)>,
    /// Values that are lacking.
    lacking: usize,
    /// Dead edges.
    edges: usize,
}

impl Gap {
    fn of(grid: &StateGrid, check: &EdgeCheck) -> Option<Gap> {
        let axis = match check.edge.axis()? {
            Axis::Temperature => 0,
            Axis::Reservoir(r) => r + 1,
        };
        let (a, b) = (coordinates(grid, grid.state(check.edge.a)), coordinates(grid, grid.state(check.edge.b)));
        let ranges = a.iter().zip(&b).map(|(a, b)| (a.min(*b), a.max(*b))).collect();
        Some(Gap { axis, ranges, lacking: check.lacking.max(1), edges: 1 })
    }

    fn is_of(&self, other: &Gap) -> bool {
        let ((lo, hi), own) = (self.ranges[self.axis], other.ranges[other.axis]);
        let slack = 1e-6 * (hi - lo);
        self.axis == other.axis && (own.0 - lo).abs() <= slack && (own.1 - hi).abs() <= slack
    }

    fn add(&mut self, other: Gap) {
        for (range, own) in self.ranges.iter_mut().zip(other.ranges) {
            *range = (range.0.min(own.0), range.1.max(own.1));
        }
        self.lacking = self.lacking.max(other.lacking);
        self.edges += 1;
    }

    /// Its two values with those that are lacking between: equal steps, or equal ratios of pressures.
    fn with_values_between(&self, is_pressure: bool) -> Vec<f64> {
        let (lo, hi) = self.ranges[self.axis];
        let n = self.lacking.min(MOST_BETWEEN) + 1;
        let between = |i: usize| match is_pressure {
            true => lo * (hi / lo).powf(i as f64 / n as f64),
            false => lo + (hi - lo) * i as f64 / n as f64,
        };
        (0..=n).map(|i| if i == n { hi } else { between(i) }).collect()
    }
}

/// Whether a first-order line runs between the states of an edge, which is dead for its sake.
fn is_on_line(analysis: &Analysis, check: &EdgeCheck) -> bool {
    let grid = &analysis.grid;
    let (a, b) = (grid.state(check.edge.a), grid.state(check.edge.b));
    let place = |s: &StatePoint| -> Vec<f64> {
        let mu = grid.reservoirs.iter().zip(&s.ln_z).map(|(r, &ln_z)| r.convention.mu(ln_z, s.kt));
        std::iter::once(s.temperature).chain(mu).collect()
    };
    let (a, b) = (place(a), place(b));
    analysis.boundaries.iter().filter(|p| p.kind == BoundaryKind::FirstOrder).any(|p| {
        let own = std::iter::once(p.temperature).chain(p.mu.iter().copied());
        own.zip(a.iter().zip(&b)).all(|(x, (a, b))| {
            let slack = 1e-6 * a.abs().max(b.abs()).max(1e-6);
            (a.min(*b) - slack..=a.max(*b) + slack).contains(&x)
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ladder_reaches_two_rows_beyond_its_line_with_one_between_each_two() {
        let all = [0.76, 0.24, 0.30, 0.36, 0.43];
        let close = |a: Vec<f64>, b: &[f64]| {
            assert!(a.len() == b.len() && a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-12), "{a:?}");
        };
        close(rows(&all, (0.24, 0.285)), &[0.24, 0.27, 0.30, 0.33, 0.36]);
        close(rows(&all, (0.31, 0.5)), &[0.30, 0.33, 0.36, 0.395, 0.43, 0.595, 0.76]);
        close(rows(&[0.3], (0.3, 0.3)), &[0.3]);
    }

    #[test]
    fn values_are_those_that_a_scene_would_have() {
        let noisy = [0.5 * (0.3 + 0.36), 0.0 - 0.9999999999999999, 1e-30 * (1.0 + 1e-15), 0.0];
        assert_eq!(noisy.map(tidy), [0.33, -1.0, 1e-30, 0.0]);
    }

    #[test]
    fn columns_of_a_ladder_are_those_on_both_sides() {
        let all = [-7.0, -6.5, -6.0, -5.5];
        assert_eq!(around(&all, -6.2), [-6.5, -6.0]);
        assert_eq!((around(&all, -9.0), around(&all, 1.0)), (vec![-7.0, -6.5], vec![-6.0, -5.5]));
        assert_eq!((around(&[-3.0], -2.0), nearest(&all, -6.2)), (vec![-3.0], Some(-6.0)));
    }

    #[test]
    fn values_between_have_equal_steps_or_ratios() {
        let gap = |range| Gap { axis: 1, ranges: vec![(0.5, 0.5), range], lacking: 1, edges: 1 };
        assert_eq!(gap((-2.0, -1.0)).with_values_between(false), [-2.0, -1.5, -1.0]);
        let pressures = gap((1e-6, 1e-2)).with_values_between(true);
        assert!((pressures[1] / 1e-4 - 1.0).abs() < 1e-12 && pressures[2] == 1e-2);
        let many = Gap { lacking: 9, ..gap((0.0, 5.0)) };
        assert_eq!(many.with_values_between(false), [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]);
    }
}
