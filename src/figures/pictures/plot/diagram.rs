//! Diagrams of regions that are known at every point, such as the most stable structure.

use super::axis::{Axis, Secondary};
use super::canvas::{BESIDE_ROOM, Canvas, Frame, Stroke, Tile};
use super::palette;
use super::regions::Raster;
use super::text;
use crate::figures::pictures::Drawing;
use crate::figures::pictures::plot::legend::{self, Entry, Sign};
use crate::io::csv::Table;
use kuva::render::render::TextAnchor;

/// Tiles across and up.
const TILES: (usize, usize) = (200, 148);
/// Smallest share of the area of a part of a region that carries a name.
const SMALLEST_PART: f64 = 0.008;

/// Content of a diagram.
pub(crate) struct Diagram {
    pub(crate) name: String,
    pub(crate) title: String,
    pub(crate) subtitle: String,
    pub(crate) caption: String,
    pub(crate) x: Axis,
    pub(crate) y: Axis,
    /// Axes above the plot.
    pub(crate) top: Vec<Secondary>,
    /// Axes to the right of the plot.
    pub(crate) right: Vec<Secondary>,
    /// Names of the regions.
    pub(crate) names: Vec<String>,
    /// Boundaries, as values of the axes.
    pub(crate) lines: Vec<Vec<(f64, f64)>>,
    pub(crate) table: Table,
}

/// Draws a diagram.
///
/// - `region_at`: index into `names` at a place of the axes (on a logarithmic axis, the decimal logarithm)
pub(crate) fn diagram(diagram: Diagram, region_at: impl Fn(f64, f64) -> Option<usize>) -> Drawing {
    let Diagram { name, title, subtitle, caption, x, y, top, right, names, lines, table } = diagram;
    let (nx, ny) = TILES;
    let share = |axis: &Axis, s: f64| axis.lo + s * (axis.hi - axis.lo);
    let edge = |axis: &Axis, i: usize, n: usize| share(axis, i as f64 / n as f64);
    let mut tiles: Vec<Tile> = Vec::new();
    let mut shown = vec![false; names.len()];
    for j in 0..ny {
        let mut last = None;
        for i in 0..nx {
            let here = region_at(share(&x, (i as f64 + 0.5) / nx as f64), share(&y, (j as f64 + 0.5) / ny as f64));
            let Some(region) = here else {
                last = None;
                continue;
            };
            shown[region] = true;
            match tiles.last_mut() {
                Some(tile) if last == here => tile.x.1 = edge(&x, i + 1, nx),
                _ => tiles.push(Tile {
                    x: (edge(&x, i, nx), edge(&x, i + 1, nx)),
                    y: (edge(&y, j, ny), edge(&y, j + 1, ny)),
                    colour: palette::fill(region),
                }),
            }
            last = here;
        }
    }
    let (width, height) = super::canvas::PLOT;
    let raster =
        Raster::new((0.0, 0.0, width, height), |px, py| region_at(share(&x, px / width), share(&y, 1.0 - py / height)));
    let mut placed = Vec::new();
    let mut unnamed = Vec::new();
    for (index, region) in names.iter().enumerate().filter(|(i, _)| shown[*i]) {
        let parts = raster.parts(index, SMALLEST_PART);
        let spots: Vec<_> = parts.iter().filter_map(|part| raster.spot(part, text::width(region, 1.0), &[])).collect();
        if spots.is_empty() {
            unnamed.push(Entry { sign: Sign::Box(palette::fill(index)), label: region.clone() });
        }
        placed.extend(spots.into_iter().map(|spot| (spot, region.as_str())));
    }
    let beside = 14.0 + BESIDE_ROOM * right.len() as f64;
    let frame = Frame { title: title.clone(), subtitle, x, y, right: beside, bottom: legend::bottom_room(&unnamed) };
    let mut canvas = Canvas::with_top(&name, frame, top);
    canvas.fill_area(palette::MASKED);
    canvas.tiles(&tiles);
    canvas.clip(&name);
    for line in &lines {
        canvas.curve(line, &Stroke::solid(palette::INK, 2.0));
    }
    canvas.unclip();
    let (left, upper, ..) = canvas.area();
    for (spot, content) in placed {
        let (px, py) = (left + spot.x, upper + spot.y);
        if spot.upwards {
            canvas.text_upwards(px, py, content, spot.size, palette::INK);
        } else {
            canvas.text(px, py, content, spot.size, TextAnchor::Middle, palette::INK);
        }
    }
    canvas.axes(false);
    canvas.right_axes(&right);
    legend::bottom_legend(&mut canvas, &unnamed);
    Drawing { name, title, caption, canvas, table }
}
