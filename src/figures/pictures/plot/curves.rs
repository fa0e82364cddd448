//! Curves with error bands and points with error bars: the chart itself, and maps that have a single row or column.

use super::axis::{Axis, Secondary, span};
use super::canvas::{BESIDE_ROOM, Canvas, Frame, Mark, Stroke, paper_outline};
use super::doubts::Doubts;
use super::{palette, text};
use crate::analysis::{Analysis, AtLimit, DirectAverage, MapCell};
use crate::figures::Labels;
use crate::figures::pictures::Drawing;
use crate::figures::pictures::plot::legend::{self, Entry, Sign};
use crate::figures::pictures::plot::map_slice::Slice;
use crate::io::csv::{Table, number};
use kuva::render::color::Color;

/// Most points of a series that get full-sized markers.
const MOST_LARGE_MARKERS: usize = 30;

/// (x, y, standard error); an error that is not finite is not drawn.
pub(crate) type Point = (f64, f64, f64);

/// One curve of a chart, with its own points.
pub(crate) struct Series {
    /// Name in the legend; none if empty.
    pub(crate) label: String,
    pub(crate) colour: Color,
    /// Runs of the curve between gaps.
    pub(crate) runs: Vec<Vec<Point>>,
    /// Points drawn with markers.
    pub(crate) points: Vec<Point>,
}

impl Series {
    /// Whether the curves are those of another series, all of them.
    fn is_on(&self, other: &Series, tolerance: f64) -> bool {
        let mut pairs = self.runs.iter().flatten().zip(other.runs.iter().flatten());
        let alike = self.runs.len() == other.runs.len()
            && self.runs.iter().zip(&other.runs).all(|(a, b)| a.len() == b.len() && a.len() > 1);
        !self.runs.is_empty() && alike && pairs.all(|(a, b)| a.0 == b.0 && (a.1 - b.1).abs() <= tolerance)
    }

    fn all(&self) -> impl Iterator<Item = &Point> {
        self.runs.iter().flatten().chain(&self.points)
    }
}

/// Surroundings of the curves: title, labels, notes.
pub(crate) struct Chart {
    pub(crate) name: String,
    pub(crate) title: String,
    pub(crate) caption: String,
    pub(crate) x_label: String,
    pub(crate) y_label: String,
    /// Over the legend beside the plot.
    pub(crate) heading: String,
    /// Entries under the plot.
    pub(crate) notes: Vec<Entry>,
    /// Lower end of a logarithmic y axis; linear if absent.
    pub(crate) log_floor: Option<f64>,
    /// Whether 0 belongs on a linear y axis.
    pub(crate) from_zero: bool,
}

/// Further axes that follow from one of the plot.
type FromAxis<'a> = Box<dyn Fn(&Axis) -> Vec<Secondary> + 'a>;

/// Axes of a chart beyond a linear x axis.
pub(crate) struct Axes<'a> {
    /// Whether x is logarithmic.
    pub(crate) log_x: bool,
    /// Axes above the plot, from its x axis.
    pub(crate) top: FromAxis<'a>,
    /// Axes beside the plot, from its y axis.
    pub(crate) right: FromAxis<'a>,
}

impl Default for Axes<'_> {
    fn default() -> Self {
        Axes { log_x: false, top: Box::new(|_| Vec::new()), right: Box::new(|_| Vec::new()) }
    }
}

/// Draws a chart; `None` if there is nothing to draw.
pub(crate) fn chart(labels: &Labels, chart: Chart, series: &[Series], table: Table) -> Option<Drawing> {
    chart_with_doubts(labels, chart, series, table, &Doubts::default())
}

/// Draws a chart in which some points are marked as no good averages.
pub(crate) fn chart_with_doubts(
    labels: &Labels,
    chart: Chart,
    series: &[Series],
    table: Table,
    doubts: &Doubts,
) -> Option<Drawing> {
    chart_on(labels, chart, Axes::default(), series, table, doubts)
}

/// Draws a chart on axes of its own.
pub(crate) fn chart_on(
    labels: &Labels,
    mut chart: Chart,
    axes: Axes<'_>,
    series: &[Series],
    table: Table,
    doubts: &Doubts,
) -> Option<Drawing> {
    let (entries, words) = doubts.words();
    chart.notes.extend(entries);
    chart.caption.push_str(&words);
    let all_x = || series.iter().flat_map(Series::all).map(|p| p.0);
    let x = match axes.log_x {
        true => {
            let place = |x: f64| if x > 0.0 { x.log10() } else { f64::NAN };
            let around = Axis::around(chart.x_label, all_x().map(place));
            Axis::log10(around.label, around.lo, around.hi)
        }
        false => Axis::around(chart.x_label, all_x()),
    };
    let ends = |p: &Point| {
        let err = if p.2.is_finite() { p.2 } else { 0.0 };
        [p.1 - err, p.1 + err]
    };
    let (lo, hi) = span(series.iter().flat_map(Series::all).flat_map(ends))?;
    let y = match chart.log_floor {
        Some(floor) => Axis::log10(chart.y_label, floor.log10(), hi.max(floor * 10.0).log10() + 0.15),
        None if chart.from_zero && lo >= -0.05 * hi => Axis::linear(chart.y_label, -0.03 * hi, 1.05 * hi),
        None => Axis::around(chart.y_label, [lo, hi].into_iter()),
    };
    let strokes: Vec<Stroke> = (0..series.len())
        .map(|i| {
            // A curve on top of an earlier one is dashed, so that both are seen.
            let covers = series[..i].iter().any(|earlier| series[i].is_on(earlier, 1e-9 * (hi - lo)));
            let colour = series[i].colour.clone();
            if covers { Stroke::dashed(colour, 2.0) } else { Stroke::solid(colour, 2.0) }
        })
        .collect();
    let named: Vec<Entry> = series
        .iter()
        .zip(&strokes)
        .filter(|(s, _)| !s.label.is_empty())
        .map(|(s, stroke)| {
            let dot = (!s.points.is_empty()).then(|| s.colour.clone());
            let sign = match dot {
                Some(colour) if s.runs.is_empty() => Sign::Mark(Mark::Disc, 3.3, colour, paper_outline()),
                dot => Sign::Line(Stroke { width: 2.2, ..stroke.clone() }, dot),
            };
            Entry { sign, label: s.label.clone() }
        })
        .collect();
    let (top, beside) = ((axes.top)(&x), (axes.right)(&y));
    let beside_room = BESIDE_ROOM * beside.len() as f64;
    let right = beside_room + if named.is_empty() { 14.0 } else { legend::side_room(&named, &chart.heading) };
    let frame = Frame {
        title: chart.title.clone(),
        subtitle: labels.title.clone(),
        x,
        y,
        right,
        bottom: legend::bottom_room(&chart.notes),
    };
    let mut canvas = Canvas::with_top(&chart.name, frame, top);
    canvas.axes(true);
    canvas.right_axes(&beside);
    canvas.clip(&chart.name);
    let floor = chart.log_floor.unwrap_or(f64::NEG_INFINITY);
    for s in series {
        for run in &s.runs {
            // where no error is known there is no band, and none across
            for part in run.split(|p| !p.2.is_finite()).filter(|part| part.iter().any(|p| p.2 > 0.0)) {
                let band: Vec<_> = part.iter().map(|p| (p.0, (p.1 - p.2).max(floor), p.1 + p.2)).collect();
                canvas.band(&band, s.colour.clone(), 0.22);
            }
        }
    }
    for (s, stroke) in series.iter().zip(&strokes) {
        for run in &s.runs {
            let path: Vec<_> = run.iter().map(|p| (p.0, p.1)).collect();
            canvas.curve(&path, stroke);
            if let [only] = path[..] {
                canvas.mark(only.0, only.1, Mark::Disc, 2.0, s.colour.clone(), (s.colour.clone(), 1.0));
            }
        }
    }
    for s in series {
        let dense = s.points.len() > MOST_LARGE_MARKERS;
        for &(x, y, err) in &s.points {
            if err.is_finite() && err > 0.0 {
                canvas.error_y(x, y - err, y + err, &s.colour);
            }
            let outline = if dense { (s.colour.clone(), 0.5) } else { paper_outline() };
            let (fill, outline) = doubts.hollow((x, y), &s.colour).unwrap_or((s.colour.clone(), outline));
            canvas.mark(x, y, Mark::Disc, if dense { 2.4 } else { 3.3 }, fill, outline);
        }
    }
    for &(x, y) in doubts.at_limit() {
        let (mark, size, fill, outline) = Doubts::triangle(Doubts::colour_at(series, (x, y)));
        canvas.mark(x, y, mark, size, fill, outline);
    }
    canvas.unclip();
    legend::side_legend(&mut canvas, &named, &chart.heading, beside_room);
    legend::bottom_legend(&mut canvas, &chart.notes);
    Some(Drawing { name: chart.name, title: chart.title, caption: chart.caption, canvas, table })
}

/// Legend of curves from MBAR and points from direct averages.
pub(crate) fn estimator_notes(points: bool) -> Vec<Entry> {
    let mut notes = vec![Entry {
        sign: Sign::Line(Stroke::solid(palette::FAINT, 2.2), None),
        label: "MBAR (band: standard error)".into(),
    }];
    if points {
        let sign = Sign::Mark(Mark::Disc, 3.5, palette::FAINT, paper_outline());
        notes.push(Entry { sign, label: "direct average of a state".into() });
    }
    notes
}

/// Runs of a row (or column) of a plane between masked cells.
pub(crate) fn runs<'a>(
    cells: impl Iterator<Item = (f64, Option<&'a MapCell>)>,
    point: impl Fn(&MapCell) -> (f64, f64),
) -> Vec<Vec<Point>> {
    let mut runs: Vec<Vec<Point>> = vec![Vec::new()];
    for (x, cell) in cells {
        match cell.map(&point).filter(|(y, _)| y.is_finite()) {
            Some((y, err)) => {
                if let Some(run) = runs.last_mut() {
                    run.push((x, y, err));
                }
            }
            None => runs.push(Vec::new()),
        }
    }
    runs.retain(|run| !run.is_empty());
    runs
}

/// ⟨N⟩(T) of a map with one column.
pub(crate) fn mean_n_of_temperature(analysis: &Analysis, labels: &Labels, slice: &Slice<'_>) -> Option<Drawing> {
    let s = slice.species;
    let axis = &analysis.grid.reservoirs[s];
    let cells = (0..slice.rows.len()).map(|r| (slice.rows[r], slice.cell(r, 0)));
    let runs = runs(cells, |cell| (value(&cell.n, s), value(&cell.n_err, s)));
    let found = direct_of_temperature(analysis, labels, slice);
    let mut doubts = Doubts::default();
    found.iter().for_each(|(k, p)| doubts.add(analysis, *k, s, (p.0, p.1)));
    let points: Vec<Point> = found.into_iter().map(|(_, point)| point).collect();
    let column = format!("n_{}", axis.species);
    let table = of_temperature(&column, &runs, &points);
    let outline = Chart {
        name: format!("mean_n_{}", axis.species),
        title: format!("Mean number of {} atoms", axis.species),
        caption: format!(
            "⟨N⟩ of {} against temperature at {} = {} {}. Curve: MBAR; points: direct averages of the states; both with \
             standard errors.{}",
            axis.species,
            labels.mu_symbol(&axis.convention),
            text::short(slice.columns[0], 4),
            labels.units.energy_label(),
            slice.fixed_words(analysis, labels)
        ),
        x_label: labels.temperature(),
        y_label: format!("⟨N⟩ of {}", axis.species),
        heading: String::new(),
        notes: estimator_notes(!points.is_empty()),
        log_floor: None,
        from_zero: false,
    };
    let series = Series { label: String::new(), colour: palette::line(0), runs, points };
    chart_with_doubts(&slice.labelled(analysis, labels), outline, &[series], table, &doubts)
}

/// Names of a curve of a map.
pub(crate) struct Words {
    /// Stem of the files.
    pub(crate) name: String,
    pub(crate) title: String,
    pub(crate) y_label: String,
    /// Column of the CSV.
    pub(crate) column: String,
    pub(crate) caption: String,
}

/// A quantity of a map with one row or one column.
///
/// - `value`: the quantity in a cell and its standard error; NaN if that is not known
pub(crate) fn along(
    analysis: &Analysis,
    labels: &Labels,
    slice: &Slice<'_>,
    words: Words,
    value: impl Fn(&MapCell) -> (f64, f64),
) -> Option<Drawing> {
    let against_mu = slice.columns.len() > 1;
    let species = &analysis.grid.reservoirs[slice.species].species;
    let n = if against_mu { slice.columns.len() } else { slice.rows.len() };
    let cells = (0..n).map(|i| {
        let (row, column) = if against_mu { (0, i) } else { (i, 0) };
        (if against_mu { slice.columns[i] } else { slice.rows[i] }, slice.cell(row, column))
    });
    let runs = runs(cells, value);
    if runs.iter().map(Vec::len).sum::<usize>() < 2 {
        return None;
    }
    let x = if against_mu { format!("mu_{species}") } else { "temperature".into() };
    let with_errors = runs.iter().flatten().any(|p| p.2.is_finite());
    let mut columns = vec![x, words.column.clone()];
    if with_errors {
        columns.push(format!("{}_err", words.column));
    }
    let mut table = Table::new(columns);
    for &(x, y, err) in runs.iter().flatten() {
        let mut row = vec![number(x), number(y)];
        if with_errors {
            row.push(number(err));
        }
        table.push(row);
    }
    let outline = Chart {
        name: words.name,
        title: words.title,
        caption: words.caption + &slice.fixed_words(analysis, labels),
        x_label: if against_mu { labels.mu(analysis, slice.species) } else { labels.temperature() },
        y_label: words.y_label,
        heading: String::new(),
        notes: if with_errors { estimator_notes(false) } else { Vec::new() },
        log_floor: None,
        from_zero: true,
    };
    let series = Series { label: String::new(), colour: palette::line(0), runs, points: Vec::new() };
    chart(&slice.labelled(analysis, labels), outline, &[series], table)
}

/// ⟨E⟩(T) of a canonical run, with the spread of E.
pub(crate) fn energy(analysis: &Analysis, labels: &Labels) -> Option<Drawing> {
    let runs = runs(canonical(analysis), |cell| (cell.energy, cell.energy_err));
    let points: Vec<Point> = analysis
        .grid
        .states
        .iter()
        .zip(&analysis.direct)
        .filter(|(_, d)| d.samples > 0 && d.energy.is_finite())
        .map(|(state, d)| (state.temperature, d.energy, d.energy_err))
        .collect();
    // Var E/(k_B T²) of a map is that of its samples
    let spread = |sign: f64| {
        let edge = |cell: &MapCell| {
            let variance = cell.energy_fluctuation * labels.units.boltzmann();
            (cell.energy + sign * cell.temperature * variance.max(0.0).sqrt(), f64::NAN)
        };
        self::runs(canonical(analysis), edge)
    };
    let edges = [spread(-1.0), spread(1.0)].concat();
    let pale = palette::lighter(&palette::line(0), 0.6);
    let mut notes = estimator_notes(!points.is_empty());
    if !edges.is_empty() {
        let sign = Sign::Line(Stroke::solid(pale.clone(), 2.2), None);
        notes.push(Entry { sign, label: "± standard deviation of E".into() });
    }
    let mut table = of_temperature("energy", &runs, &points);
    for (layer, run) in ["low", "high"].into_iter().zip([spread(-1.0), spread(1.0)]) {
        for (t, y, _) in run.concat() {
            table.push(vec![layer.into(), number(t), number(y), String::new()]);
        }
    }
    let outline = Chart {
        name: "energy".into(),
        title: "Mean potential energy".into(),
        caption: "⟨E⟩ per replica against temperature. Curve: MBAR; points: direct averages of the states; both with \
                  standard errors. Pale: one standard deviation of the energies of samples around it."
            .into(),
        x_label: labels.temperature(),
        y_label: format!("⟨E⟩ [{}]", labels.units.energy_label()),
        heading: String::new(),
        notes,
        log_floor: None,
        from_zero: false,
    };
    let around = Series { label: String::new(), colour: pale, runs: edges, points: Vec::new() };
    let mean = Series { label: String::new(), colour: palette::line(0), runs, points };
    chart(labels, outline, &[around, mean], table)
}

/// A quantity of a canonical run by MBAR, against T.
///
/// - `value`: the quantity in a cell and its standard error
pub(crate) fn of_canonical(
    analysis: &Analysis,
    labels: &Labels,
    words: Words,
    value: impl Fn(&MapCell) -> (f64, f64),
) -> Option<Drawing> {
    let runs = runs(canonical(analysis), value);
    if runs.is_empty() {
        return None;
    }
    let table = of_temperature(&words.column, &runs, &[]);
    let outline = Chart {
        name: words.name,
        title: words.title,
        caption: words.caption,
        x_label: labels.temperature(),
        y_label: words.y_label,
        heading: String::new(),
        notes: estimator_notes(false),
        log_floor: None,
        from_zero: false,
    };
    chart(
        labels,
        outline,
        &[Series { label: String::new(), colour: palette::line(0), runs, points: Vec::new() }],
        table,
    )
}

/// Heat capacity of a canonical run.
pub(crate) fn heat_capacity(analysis: &Analysis, labels: &Labels) -> Option<Drawing> {
    let of_states = analysis.grid.states.iter().zip(&analysis.heat_capacity);
    let mut points: Vec<Point> = of_states
        .filter(|(_, c)| c.value.is_finite())
        .map(|(state, c)| (state.temperature, c.value, c.error))
        .collect();
    points.sort_by(|a, b| a.0.total_cmp(&b.0));
    let runs = runs(canonical(analysis), |cell| (cell.c_vn, error_between(&points, cell.temperature)));
    if runs.is_empty() {
        return None;
    }
    let table = of_temperature("c_vn", &runs, &points);
    let outline = Chart {
        name: "heat_capacity".into(),
        title: "Heat capacity".into(),
        caption:
            "Total heat capacity at constant volume and number of atoms, per replica: kinetic part and fluctuation \
                  of the potential energy. Curve: MBAR; points: each state's own samples with standard errors; band: these \
                  errors between the states, which are no smaller than that of the curve."
                .into(),
        x_label: labels.temperature(),
        y_label: format!("C_{{VN}} [{}]", labels.heat_unit()),
        heading: String::new(),
        notes: estimator_notes(!points.is_empty()),
        log_floor: None,
        from_zero: false,
    };
    let series = Series { label: String::new(), colour: palette::line(1), runs, points };
    chart(labels, outline, &[series], table)
}

/// The error at a temperature on the straight line between those of its neighbours; NaN outside or where one is not known.
///
/// - `points`: by ascending temperature
fn error_between(points: &[Point], temperature: f64) -> f64 {
    let above = points.partition_point(|p| p.0 < temperature * (1.0 - 1e-9));
    let Some(&(t1, _, e1)) = points.get(above) else { return f64::NAN };
    if (t1 - temperature).abs() <= 1e-9 * t1.abs() || above == 0 {
        return if above == 0 && t1 > temperature * (1.0 + 1e-9) { f64::NAN } else { e1 };
    }
    let (t0, _, e0) = points[above - 1];
    e0 + (e1 - e0) * (temperature - t0) / (t1 - t0)
}

/// Cells of a map without reservoir axes, by ascending temperature.
fn canonical(analysis: &Analysis) -> impl Iterator<Item = (f64, Option<&MapCell>)> {
    let mut cells: Vec<&MapCell> = analysis.map.cells.iter().collect();
    cells.sort_by(|a, b| a.temperature.total_cmp(&b.temperature));
    cells.into_iter().map(|cell| (cell.temperature, Some(cell).filter(|c| !c.masked)))
}

/// (state, its ⟨N⟩ against T) of the states of a map with one column, by ascending temperature.
fn direct_of_temperature(analysis: &Analysis, labels: &Labels, slice: &Slice<'_>) -> Vec<(usize, Point)> {
    let (s, column) = (slice.species, 0.5 * (slice.column_edges()[1] - slice.column_edges()[0]).abs());
    let states = slice.states(analysis, labels);
    // with one simulated μ its states are the column, whatever the convention makes of it
    let single = analysis.grid.values(s).len() == 1;
    let mut points: Vec<(usize, Point)> = states
        .iter()
        .filter(|(_, mu, _)| single || (mu - slice.columns[0]).abs() < column)
        .filter_map(|&(t, _, k)| {
            let direct = analysis.direct.get(k).filter(|d| d.samples > 0)?;
            let n = value(&direct.n, s);
            n.is_finite().then_some((k, (t, n, value(&direct.n_err, s))))
        })
        .collect();
    points.sort_by(|a, b| a.1.0.total_cmp(&b.1.0));
    points
}

fn of_temperature(column: &str, runs: &[Vec<Point>], points: &[Point]) -> Table {
    let mut table = Table::new(["layer", "temperature", column, &format!("{column}_err")]);
    for (layer, points) in [("mbar", runs.concat()), ("direct", points.to_vec())] {
        for (t, y, err) in points {
            table.push(vec![layer.into(), number(t), number(y), number(err)]);
        }
    }
    table
}

/// Whether N of a species stands at its limit in a state.
pub(crate) fn is_at_limit(direct: &DirectAverage, s: usize) -> bool {
    direct.at_limit.get(s).is_some_and(AtLimit::is_reached)
}

pub(crate) fn value(values: &[f64], s: usize) -> f64 {
    values.get(s).copied().unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn curves_break_at_masked_cells() {
        let cell = MapCell { energy: 1.0, ..MapCell::default() };
        let cells = [Some(&cell), None, None, Some(&cell), Some(&cell)];
        let runs = runs(cells.into_iter().enumerate().map(|(i, c)| (i as f64, c)), |c| (c.energy, 0.1));
        assert_eq!(runs, vec![vec![(0.0, 1.0, 0.1)], vec![(3.0, 1.0, 0.1), (4.0, 1.0, 0.1)]]);
    }
}
