//! Phase boundaries over a map: lines with error bars, triple and critical points.

use crate::analysis::{Analysis, BoundaryKind};
use crate::figures::pictures::plot::canvas::{Canvas, Mark, Stroke};
use crate::figures::pictures::plot::legend::{Entry, Sign};
use crate::figures::pictures::plot::map_slice::Slice;
use crate::figures::pictures::plot::palette;
use crate::io::csv::{Table, number};
use kuva::render::color::Color;

/// A point of a boundary in the plane of a figure.
#[derive(Debug, Clone)]
struct Point {
    temperature: f64,
    x: f64,
    low: f64,
    high: f64,
    phases: (usize, usize),
    kind: BoundaryKind,
}

/// The boundaries in the plane of a figure.
pub(crate) struct Boundaries {
    points: Vec<Point>,
    /// Connected runs of `points`, by index.
    lines: Vec<Vec<usize>>,
    /// (id, name) of the phases.
    names: Vec<(usize, String)>,
}

/// Colours of boundaries over a map.
pub(crate) struct Ink {
    /// The line itself.
    pub(crate) line: Color,
    /// A wider line under it; none if absent.
    pub(crate) halo: Option<Color>,
}

impl Boundaries {
    /// Those of the analysis that lie in `slice` and on its axes.
    pub(crate) fn new(analysis: &Analysis, slice: &Slice<'_>) -> Boundaries {
        let (x_axis, y_axis) = (slice.x_axis(String::new()), slice.y_axis(String::new()));
        let mut points: Vec<Point> = analysis
            .boundaries
            .iter()
            .filter(|b| slice.holds(b))
            .filter_map(|b| {
                let (x, low, high) = slice.x_of(b)?;
                let inside = x_axis.holds(x_axis.place(x)) && y_axis.holds(b.temperature);
                let phases = (b.phase_a.min(b.phase_b), b.phase_a.max(b.phase_b));
                inside.then_some(Point { temperature: b.temperature, x, low, high, phases, kind: b.kind })
            })
            .collect();
        points.sort_by(|a, b| a.temperature.total_cmp(&b.temperature));
        let places: Vec<f64> = points.iter().map(|p| x_axis.place(p.x)).collect();
        let lines = connect(&points, &places, x_axis.hi - x_axis.lo, &slice.rows);
        let names = analysis.phases.iter().map(|p| (p.id, p.name.clone())).collect();
        Boundaries { points, lines, names }
    }

    /// Place on the x axis of the line between two phases at a temperature, the nearest to `near`; `None` where no line runs.
    /// Beyond its ends a line stands where it ends.
    ///
    /// - `beyond`: temperature up to which it does so
    /// - `place`: of a value on the x axis
    pub(crate) fn place_at(
        &self,
        phases: (usize, usize),
        temperature: f64,
        near: f64,
        beyond: f64,
        place: impl Fn(f64) -> f64,
    ) -> Option<f64> {
        let phases = (phases.0.min(phases.1), phases.0.max(phases.1));
        let on_line = |line: &Vec<usize>| {
            let (first, last) = (&self.points[*line.first()?], &self.points[*line.last()?]);
            let inside = temperature.clamp(first.temperature, last.temperature);
            let temperature = if (inside - temperature).abs() <= beyond { inside } else { temperature };
            let ends = line.windows(2).map(|w| (&self.points[w[0]], &self.points[w[1]]));
            let mut around = ends.filter(|(a, b)| a.temperature <= temperature && temperature <= b.temperature);
            let (a, b) = around.next().filter(|(a, _)| a.phases == phases)?;
            let share = (temperature - a.temperature) / (b.temperature - a.temperature);
            Some(place(a.x) + share * (place(b.x) - place(a.x)))
        };
        self.lines.iter().filter_map(on_line).min_by(|a, b| (a - near).abs().total_cmp(&(b - near).abs()))
    }

    /// Whether any boundary has this kind.
    fn has(&self, kind: BoundaryKind) -> bool {
        self.points.iter().any(|p| p.kind == kind)
    }

    /// (x, T) of every point, x as a value of the axis.
    pub(crate) fn points(&self) -> impl Iterator<Item = (f64, f64)> + '_ {
        self.points.iter().map(|p| (p.x, p.temperature))
    }

    /// Draws lines with the band of their errors, and special points. The points of a line carry no marks: they would be
    /// taken for simulated states, and where they stand close together they would hide its stroke.
    pub(crate) fn draw(&self, canvas: &mut Canvas, ink: &Ink) {
        let known = |p: &&Point| p.low.is_finite() && p.high.is_finite();
        for line in &self.lines {
            let points: Vec<&Point> = line.iter().map(|&i| &self.points[i]).collect();
            if let [p] = points[..] {
                if known(&p) {
                    canvas.error_x(p.temperature, p.low, p.high, &ink.line);
                }
                let outline = (ink.halo.clone().unwrap_or(palette::PAPER), 0.8);
                canvas.mark(p.x, p.temperature, Mark::Disc, 3.0, ink.line.clone(), outline);
                continue;
            }
            let path: Vec<_> = points.iter().map(|p| (p.x, p.temperature)).collect();
            let left = points.iter().copied().filter(known).map(|p| (canvas.px(p.low), canvas.py(p.temperature)));
            let right =
                points.iter().rev().copied().filter(known).map(|p| (canvas.px(p.high), canvas.py(p.temperature)));
            let outline: Vec<_> = left.chain(right).collect();
            if outline.len() > 2 {
                canvas.polygon(&outline, ink.line.clone(), Some(0.35), None);
            }
            if let Some(halo) = &ink.halo {
                canvas.curve(&path, &Stroke::solid(halo.clone(), 4.5));
            }
            canvas.curve(&path, &stroke(points[0].kind, &ink.line));
        }
        for p in &self.points {
            let Some((mark, fill)) = special(p.kind) else { continue };
            if p.low.is_finite() && p.high.is_finite() {
                canvas.error_x(p.temperature, p.low, p.high, &palette::INK);
            }
            canvas.mark(p.x, p.temperature, mark, 6.5, fill, (palette::INK, 1.6));
        }
    }

    /// Legend entries of the kinds that occur.
    pub(crate) fn entries(&self, ink: &Ink) -> Vec<Entry> {
        let mut entries = Vec::new();
        for kind in BoundaryKind::ALL.into_iter().filter(|&kind| self.has(kind)) {
            // white lines cannot be shown on white paper without their halo
            let colour = ink.halo.clone().unwrap_or_else(|| ink.line.clone());
            let sign = match special(kind) {
                Some((mark, fill)) => Sign::Mark(mark, 5.5, fill, (palette::INK, 1.6)),
                None => Sign::Line(stroke(kind, &colour), None),
            };
            entries.push(Entry { sign, label: legend(kind).into() });
        }
        entries
    }

    /// Appends the drawn points to the table of a map.
    pub(crate) fn tabulate(&self, table: &mut Table) {
        for p in &self.points {
            let name = |id: usize| match self.names.iter().find(|(own, _)| *own == id) {
                Some((_, name)) => name.clone(),
                None => format!("phase {id}"),
            };
            let label = format!("{} | {} ({})", name(p.phases.0), name(p.phases.1), p.kind);
            table.push(vec![
                "boundary".into(),
                number(p.temperature),
                number(p.x),
                String::new(),
                number(p.low),
                number(p.high),
                label,
            ]);
        }
    }
}

/// Label of a kind in a legend.
fn legend(kind: BoundaryKind) -> &'static str {
    match kind {
        BoundaryKind::FirstOrder => "first-order boundary",
        BoundaryKind::Continuous => "continuous boundary",
        BoundaryKind::Triple => "triple point",
        BoundaryKind::Critical => "critical point",
    }
}

/// Line of a kind of boundary.
fn stroke(kind: BoundaryKind, colour: &Color) -> Stroke {
    match kind {
        BoundaryKind::Continuous => Stroke::dashed(colour.clone(), 2.2),
        _ => Stroke::solid(colour.clone(), 2.2),
    }
}

/// Marker and fill of a kind whose points stand alone.
fn special(kind: BoundaryKind) -> Option<(Mark, Color)> {
    match kind {
        BoundaryKind::Triple => Some((Mark::Triangle, palette::PAPER)),
        BoundaryKind::Critical => Some((Mark::Diamond, palette::PAPER)),
        BoundaryKind::FirstOrder | BoundaryKind::Continuous => None,
    }
}

/// Joins points of one pair of phases and one kind that follow each other in T without a jump in x.
fn connect(points: &[Point], places: &[f64], width: f64, rows: &[f64]) -> Vec<Vec<usize>> {
    let mut steps: Vec<f64> = rows.windows(2).map(|w| w[1] - w[0]).collect();
    let mut own: Vec<f64> = points.iter().map(|p| p.temperature).collect();
    own.dedup();
    steps.extend(own.windows(2).map(|w| w[1] - w[0]));
    let reach = 1.6 * steps.iter().copied().fold(0.0, f64::max);
    let mut lines: Vec<Vec<usize>> = Vec::new();
    for (i, p) in points.iter().enumerate() {
        if special(p.kind).is_some() {
            continue;
        }
        let follows = |line: &Vec<usize>| -> Option<f64> {
            let last = &points[*line.last()?];
            let rise = p.temperature - last.temperature;
            let jump = (places[i] - places[*line.last()?]).abs();
            let same = last.phases == p.phases && last.kind == p.kind;
            (same && rise > 0.0 && rise <= reach && jump < 0.25 * width).then_some(jump)
        };
        let best = lines
            .iter()
            .enumerate()
            .filter_map(|(l, line)| follows(line).map(|jump| (l, jump)))
            .min_by(|a, b| a.1.total_cmp(&b.1));
        match best {
            Some((l, _)) => lines[l].push(i),
            None => lines.push(vec![i]),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figures::pictures::plot::axis::Axis;
    use crate::figures::pictures::plot::canvas::{Frame, svg};

    fn point(temperature: f64, x: f64, phases: (usize, usize)) -> Point {
        Point { temperature, x, low: x, high: x, phases, kind: BoundaryKind::FirstOrder }
    }

    #[test]
    fn lines_join_what_belongs_together() {
        let points = [
            point(1.0, 0.0, (0, 1)),
            point(1.0, 5.0, (0, 1)),
            point(1.0, 9.0, (1, 2)),
            point(2.0, 0.5, (0, 1)),
            point(2.0, 4.5, (0, 1)),
            point(3.0, 1.0, (0, 1)),
        ];
        let places: Vec<f64> = points.iter().map(|p| p.x).collect();
        let lines = connect(&points, &places, 10.0, &[1.0, 2.0, 3.0]);
        assert_eq!(lines, vec![vec![0, 3, 5], vec![1, 4], vec![2]]);
    }

    /// A short line is a line as well: eight points close together once hid it under eight discs.
    #[test]
    fn lines_are_strokes_and_points_that_stand_alone_are_discs() {
        let discs = |n: usize| {
            let points: Vec<Point> = (0..n).map(|k| point(1.0 + 0.01 * k as f64, 0.01 * k as f64, (0, 1))).collect();
            let places: Vec<f64> = points.iter().map(|p| p.x).collect();
            let lines = connect(&points, &places, 10.0, &[1.0, 1.1]);
            let boundaries = Boundaries { points, lines, names: Vec::new() };
            let axis = |lo, hi| Axis::linear(String::new(), lo, hi);
            let frame = Frame {
                title: String::new(),
                subtitle: String::new(),
                x: axis(-1.0, 10.0),
                y: axis(0.0, 2.0),
                right: 0.0,
                bottom: 0.0,
            };
            let mut canvas = Canvas::new("lines", frame);
            let empty = svg(&canvas.scene);
            boundaries.draw(&mut canvas, &Ink { line: palette::INK, halo: None });
            let drawn = svg(&canvas.scene);
            let count = |what: &str| drawn.matches(what).count() - empty.matches(what).count();
            (count("<circle"), count("stroke-width=\"2.2\""))
        };
        assert_eq!(discs(8), (0, 1));
        assert_eq!(discs(1), (1, 0));
    }
}
