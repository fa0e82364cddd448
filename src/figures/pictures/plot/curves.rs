//! Curves with error bands and points with error bars: the chart itself.

use super::axis::{Axis, Secondary, span};
use super::canvas::{BESIDE_ROOM, Canvas, Frame, Mark, Stroke, paper_outline};
use super::doubts::Doubts;
use super::palette;
use crate::analysis::{AtLimit, DirectAverage, MapCell};
use crate::figures::Labels;
use crate::figures::pictures::Drawing;
use crate::figures::pictures::plot::legend::{self, Entry, Sign};
use crate::io::csv::Table;
use kuva::render::color::Color;

/// Most points of a series that get full-sized markers.
const MOST_LARGE_MARKERS: usize = 30;

/// Width of a curve, and of one that others lie on. [px]
const LINE: f64 = 2.0;
const BROAD: f64 = 5.0;
/// A dash with its gap. [px]
const DASHES: f64 = 16.0;
/// Share of the y axis within which two curves look like one.
const SEEN: f64 = 0.003;

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
    /// Whether the curves are those of another series, all of them, as far as one sees.
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
    let strokes = strokes(series, SEEN * (hi - lo));
    let named: Vec<Entry> = series
        .iter()
        .zip(&strokes)
        .filter(|(s, _)| !s.label.is_empty())
        .map(|(s, stroke)| {
            let dot = (!s.points.is_empty()).then(|| s.colour.clone());
            let sign = match dot {
                Some(colour) if s.runs.is_empty() => Sign::Mark(Mark::Disc, 3.3, colour, paper_outline()),
                dot => Sign::Line(Stroke { width: stroke.width + 0.2, ..stroke.clone() }, dot),
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
                // The lower half of a bar that reaches 0 would run into the frame of a logarithmic axis.
                let has_no_end = chart.log_floor.is_some() && y <= err;
                canvas.error_y(x, if has_no_end { y } else { y - err }, y + err, &s.colour);
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

/// Strokes of the curves. Of those that lie on each other the first is broad, and the others are dashes on it, each with shorter ones, so
/// that all are seen where they are.
fn strokes(series: &[Series], tolerance: f64) -> Vec<Stroke> {
    let is_on = |i: usize, j: usize| series[i].is_on(&series[j], tolerance);
    let stroke = |i: usize| {
        let colour = series[i].colour.clone();
        match (0..i).filter(|&j| is_on(i, j)).count() {
            0 if (i + 1..series.len()).any(|j| is_on(j, i)) => Stroke::solid(colour, BROAD),
            0 => Stroke::solid(colour, LINE),
            covered => {
                let dash = DASHES / (covered + 1) as f64;
                Stroke { colour, width: LINE, dash: Some((dash, DASHES - dash)) }
            }
        }
    };
    (0..series.len()).map(stroke).collect()
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

/// The runs of a curve without single cells between masked ones, where there is more of the curve: as dots by themselves they look like
/// results of another kind, and stretch the axes.
pub(crate) fn without_lone(mut runs: Vec<Vec<Point>>) -> Vec<Vec<Point>> {
    if runs.iter().any(|run| run.len() > 1) {
        runs.retain(|run| run.len() > 1);
    }
    runs
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
    fn curves_on_each_other_are_all_seen() {
        let series = |y: f64| Series {
            label: String::new(),
            colour: palette::line(0),
            runs: vec![vec![(0.0, y, f64::NAN), (1.0, y + 1.0, f64::NAN)]],
            points: Vec::new(),
        };
        let found = strokes(&[series(0.0), series(0.5), series(0.001), series(0.002)], 0.003);
        let (widths, dashes): (Vec<f64>, Vec<_>) = found.into_iter().map(|s| (s.width, s.dash)).unzip();
        assert_eq!(widths, [BROAD, LINE, LINE, LINE]);
        assert!(dashes[0].is_none() && dashes[1].is_none());
        assert!(dashes[2].is_some_and(|(dash, gap)| dash == 8.0 && gap == 8.0));
        assert!(dashes[3].is_some_and(|(dash, _)| dash < 6.0));
    }

    #[test]
    fn a_lone_cell_is_drawn_where_there_is_nothing_else() {
        let (one, more) = (vec![(3.0, 1.0, 0.1)], vec![(0.0, 1.0, 0.1), (1.0, 2.0, 0.1)]);
        assert_eq!(without_lone(vec![more.clone(), one.clone()]), [more]);
        assert_eq!(without_lone(vec![one.clone()]), [one]);
    }

    #[test]
    fn curves_break_at_masked_cells() {
        let cell = MapCell { energy: 1.0, ..MapCell::default() };
        let cells = [Some(&cell), None, None, Some(&cell), Some(&cell)];
        let runs = runs(cells.into_iter().enumerate().map(|(i, c)| (i as f64, c)), |c| (c.energy, 0.1));
        assert_eq!(runs, vec![vec![(0.0, 1.0, 0.1)], vec![(3.0, 1.0, 0.1), (4.0, 1.0, 0.1)]]);
    }
}
