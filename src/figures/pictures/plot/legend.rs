//! Colour bars and legends.

use super::axis::{Axis, Secondary};
use super::canvas::{Canvas, LABEL, Mark, Stroke, TEXT};
use super::contours;
use super::palette::{self, ColourScale, Steps};
use super::text;
use kuva::render::color::Color;
use kuva::render::render::TextAnchor;

/// The sign of a legend entry.
#[derive(Clone)]
pub(crate) enum Sign {
    /// A line, with or without a marker on it.
    Line(Stroke, Option<Color>),
    /// A filled box.
    Box(Color),
    /// A marker with fill and outline.
    Mark(Mark, f64, Color, (Color, f64)),
}

/// An entry of a legend.
#[derive(Clone)]
pub(crate) struct Entry {
    pub(crate) sign: Sign,
    pub(crate) label: String,
}

const SIGN: f64 = 30.0;
const GAP: f64 = 7.0;
const ROW: f64 = 22.0;
const BETWEEN: f64 = 22.0;
const BAR: f64 = 18.0;
/// Share of a scale of colours within which two ticks would stand on each other.
const CLOSE: f64 = 0.05;

/// Room that a colour bar takes beside the plot. [px]
pub(crate) const COLOUR_BAR_ROOM: f64 = 80.0;

/// Room that a legend beside the plot takes. [px]
///
/// - `heading`: over the entries, of one line or more
pub(crate) fn side_room(entries: &[Entry], heading: &str) -> f64 {
    let widest = entries.iter().map(|e| text::width(&e.label, f64::from(TEXT))).fold(0.0, f64::max);
    let headings = heading.lines().map(|line| text::label_width(line, f64::from(TEXT)));
    headings.fold(SIGN + GAP + widest, f64::max) + 18.0
}

/// Draws a legend to the right of the plot.
///
/// - `beside`: room that axes take between the plot and the legend \[px\]
pub(crate) fn side_legend(canvas: &mut Canvas, entries: &[Entry], heading: &str, beside: f64) {
    let (_, top, right, _) = canvas.area();
    let x = right + beside + 16.0;
    let mut y = top + 10.0;
    for line in heading.lines() {
        canvas.label(x, y, line, TEXT, TextAnchor::Start);
        y += ROW;
    }
    for entry in entries {
        draw_entry(canvas, entry, x, y);
        y += ROW;
    }
}

/// Rows of a legend that flows under a plot of width `width`: indices of the entries of each.
fn rows(entries: &[Entry], width: f64) -> Vec<Vec<usize>> {
    let mut rows: Vec<Vec<usize>> = Vec::new();
    let mut used = f64::INFINITY;
    for (i, entry) in entries.iter().enumerate() {
        let wide = entry_width(entry);
        match rows.last_mut() {
            Some(row) if used + BETWEEN + wide <= width => {
                row.push(i);
                used += BETWEEN + wide;
            }
            _ => {
                rows.push(vec![i]);
                used = wide;
            }
        }
    }
    rows
}

fn entry_width(entry: &Entry) -> f64 {
    SIGN + GAP + text::width(&entry.label, f64::from(TEXT))
}

/// Room that a legend under the plot takes. [px]
pub(crate) fn bottom_room(entries: &[Entry]) -> f64 {
    if entries.is_empty() { 0.0 } else { ROW * rows(entries, 640.0).len() as f64 + 10.0 }
}

/// Draws a legend under the label of the x axis; the frame must have [`bottom_room`].
pub(crate) fn bottom_legend(canvas: &mut Canvas, entries: &[Entry]) {
    let (left, _, right, _) = canvas.area();
    let middle = 0.5 * (left + right);
    let rows = rows(entries, 640.0);
    let mut y = canvas.scene.height - ROW * rows.len() as f64 + 0.5 * ROW - 6.0;
    for row in rows {
        let width: f64 = row.iter().map(|&i| entry_width(&entries[i])).sum::<f64>() + BETWEEN * (row.len() - 1) as f64;
        let mut x = (middle - 0.5 * width).max(8.0);
        for i in row {
            draw_entry(canvas, &entries[i], x, y);
            x += entry_width(&entries[i]) + BETWEEN;
        }
        y += ROW;
    }
}

fn draw_entry(canvas: &mut Canvas, entry: &Entry, x: f64, y: f64) {
    let middle = x + 0.5 * SIGN;
    match &entry.sign {
        Sign::Line(stroke, dot) => {
            canvas.polyline(&[(x, y), (x + SIGN, y)], stroke);
            if let Some(colour) = dot {
                canvas.mark_at(middle, y, Mark::Disc, 3.5, colour.clone(), super::canvas::paper_outline());
            }
        }
        Sign::Box(colour) => {
            let (left, top, width, height) = (x + 4.0, y - 7.0, SIGN - 8.0, 14.0);
            canvas.rect(left - 0.7, top - 0.7, width + 1.4, height + 1.4, palette::FAINT, None);
            canvas.rect(left, top, width, height, colour.clone(), None);
        }
        Sign::Mark(mark, size, fill, outline) => canvas.mark_at(middle, y, *mark, *size, fill.clone(), outline.clone()),
    }
    canvas.text(x + SIGN + GAP, y, &entry.label, TEXT, TextAnchor::Start, palette::INK);
}

/// Ticks of a scale of colours, in values times `factor`: (share of the scale below it, label).
fn ticks(scale: &ColourScale, factor: f64) -> Vec<(f64, String)> {
    if scale.steps == Steps::Root {
        // even ones, finer ones below the first of them, and none that would stand on another
        let most = scale.hi * scale.hi * factor;
        let even = Axis::linear(String::new(), 0.0, most).ticks(6);
        let first = even.get(1).copied().unwrap_or(most);
        let finer = contours::levels(0.0, 0.999 * first, first.log10().floor() as i32 - 3);
        let mut kept = vec![(0.0, "0".to_owned())];
        for value in finer.into_iter().chain(even.into_iter().skip(1)) {
            let share = scale.share(value / factor);
            if kept.last().is_some_and(|last| share - last.0 > CLOSE) {
                kept.push((share, text::short(value, 6)));
            }
        }
        return kept;
    }
    // The logarithm of a factor moves the ends.
    let end = |place: f64| if scale.steps == Steps::Log { place + factor.log10() } else { place * factor };
    let (lo, hi) = (end(scale.lo), end(scale.hi));
    let axis = Axis { label: String::new(), lo, hi, log: scale.steps == Steps::Log, whole: false };
    let format = axis.format(6);
    let inside = axis.ticks(6).into_iter().filter(|&t| axis.holds(t));
    inside.map(|t| ((t - lo) / (hi - lo), format.format(t))).collect()
}

/// The colours of a bar in another quantity, which is `factor` times its own.
pub(crate) struct Beside {
    pub(crate) label: String,
    pub(crate) factor: f64,
}

/// Draws a colour bar to the right of the plot; the frame must have [`COLOUR_BAR_ROOM`].
pub(crate) fn colour_bar(canvas: &mut Canvas, scale: &ColourScale, label: &str) {
    let (_, top, right, bottom) = canvas.area();
    let (x, height) = (right + 18.0, bottom - top);
    canvas.rect(x - 1.0, top - 1.0, BAR + 2.0, height + 2.0, palette::INK, None);
    // from the bottom: each strip reaches to the top, so that no seam can show
    let strips = 128;
    for i in 0..strips {
        let share = f64::from(i) / f64::from(strips);
        let colour = palette::sample(&scale.map, (f64::from(i) + 0.5) / f64::from(strips));
        canvas.rect(x, top, BAR, height * (1.0 - share), colour, None);
    }
    for (share, content) in ticks(scale, 1.0) {
        let y = bottom - share * height;
        canvas.polyline(&[(x + BAR, y), (x + BAR + 5.0, y)], &Stroke::solid(palette::INK, 1.0));
        canvas.text(x + BAR + 8.0, y, &content, TEXT, TextAnchor::Start, palette::INK);
    }
    let end = canvas.scene.width - 8.0;
    let start = (x + 0.5 * BAR - 0.5 * text::label_width(label, f64::from(LABEL))).max(x - 60.0);
    let start = start.min(end - text::label_width(label, f64::from(LABEL)));
    canvas.label(start, top - 16.0, label, LABEL, TextAnchor::Start);
}

/// Draws the colours in another quantity, on an axis beside the bar; the frame must have [`BESIDE_ROOM`] more.
pub(crate) fn beside_colour_bar(canvas: &mut Canvas, scale: &ColourScale, beside: &Beside) {
    let ticks = ticks(scale, beside.factor).into_iter();
    let places = ticks.map(|(share, label)| (canvas.y.lo + share * (canvas.y.hi - canvas.y.lo), label)).collect();
    canvas.right_axis(COLOUR_BAR_ROOM, &Secondary { label: beside.label.clone(), ticks: places });
}

/// Marks values on the colour bar, those of contours; the bar must have been drawn.
pub(crate) fn marks_on_colour_bar(canvas: &mut Canvas, scale: &ColourScale, values: &[f64]) {
    let (_, top, right, bottom) = canvas.area();
    let x = right + 18.0;
    for &value in values {
        let y = bottom - scale.share(value) * (bottom - top);
        canvas.polyline(&[(x, y), (x + BAR, y)], &Stroke::solid(scale.line_on(value), 1.0));
    }
}
