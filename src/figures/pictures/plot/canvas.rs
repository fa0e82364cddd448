//! A drawing area with axes. Everything is a primitive of one scene, so SVG and PNG show the same.

mod axes;

use super::axis::{Axis, Secondary};
use super::{palette, raster, text};
use crate::base::error::{Error, Result};
use crate::figures::Plane;
use crate::figures::pictures::plot::map_slice::{Across, Slice};
use kuva::backend::svg::SvgBackend;
use kuva::render::color::Color;
use kuva::render::layout::{ComputedLayout, Layout, TickFormat};
use kuva::render::render::{PathData, Primitive, Scene, TextAnchor};
use std::sync::Arc;

/// Intended number of ticks on either axis.
pub(crate) const TICKS: usize = 7;
/// Size of ordinary text. [px]
pub(crate) const TEXT: u32 = 14;
/// Size of the labels of axes. [px]
pub(crate) const LABEL: u32 = 16;
/// The drawing area. [px]
pub(crate) const PLOT: (f64, f64) = (600.0, 440.0);

/// Surroundings of the drawing area: title, axes, room.
pub(crate) struct Frame {
    pub(crate) title: String,
    pub(crate) subtitle: String,
    pub(crate) x: Axis,
    pub(crate) y: Axis,
    /// Room to the right of the area, for a colour bar or a legend. [px]
    pub(crate) right: f64,
    /// Room under the label of the x axis, for a legend. [px]
    pub(crate) bottom: f64,
}

/// Style of a line.
#[derive(Clone)]
pub(crate) struct Stroke {
    pub(crate) colour: Color,
    pub(crate) width: f64,
    /// Lengths of dash and gap [px]; solid if absent.
    pub(crate) dash: Option<(f64, f64)>,
}

impl Stroke {
    pub(crate) fn solid(colour: Color, width: f64) -> Stroke {
        Stroke { colour, width, dash: None }
    }

    pub(crate) fn dashed(colour: Color, width: f64) -> Stroke {
        Stroke { colour, width, dash: Some((9.0, 5.0)) }
    }
}

/// Shape of a marker.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Mark {
    Disc,
    Triangle,
    Diamond,
}

/// A filled rectangle in places of the axes.
pub(crate) struct Tile {
    pub(crate) x: (f64, f64),
    pub(crate) y: (f64, f64),
    pub(crate) colour: Color,
}

/// The scene under construction. Coordinates of the drawing methods are values of the axes.
pub(crate) struct Canvas {
    pub(crate) scene: Scene,
    layout: Layout,
    computed: ComputedLayout,
    pub(crate) x: Axis,
    pub(crate) y: Axis,
    /// Room of the legend under the plot. [px]
    bottom: f64,
    /// Axes above the plot, the lowest first.
    top: Vec<Secondary>,
    /// The plane of a map, if the drawing area shows one.
    pub(crate) plane: Option<Plane>,
}

/// Room that one secondary axis takes. [px]
const SECONDARY_ROOM: f64 = 44.0;
/// Room of a label of the y axis that reads upwards. [px]
const UPRIGHT_ROOM: f64 = 22.0;
/// Room that one secondary axis beside the plot takes. [px]
pub(crate) const BESIDE_ROOM: f64 = 76.0;

/// Ticks of an axis that are drawn here: places and labels.
fn own_ticks(axis: &Axis) -> impl Iterator<Item = (f64, String)> + use<> {
    let format = axis.format(TICKS);
    axis.ticks(TICKS).into_iter().map(move |v| (v, format.format(v)))
}

/// Distance of ticks that the layout draws: so far apart that there are none where they are drawn here.
fn kuva_step(axis: &Axis) -> f64 {
    if axis.is_short_log() { 1e4 } else { axis.step(TICKS) }
}

fn kuva_format(axis: &Axis) -> TickFormat {
    if axis.is_short_log() { TickFormat::Custom(Arc::new(|_| String::new())) } else { axis.format(TICKS) }
}

impl Canvas {
    /// Lays out the frame; nothing but paper is drawn yet.
    ///
    /// - `name`: of the figure, unique in a report (it names the clip path)
    pub(crate) fn new(name: &str, frame: Frame) -> Canvas {
        Canvas::with_top(name, frame, Vec::new())
    }

    /// The same with secondary axes above the plot, the lowest first.
    pub(crate) fn with_top(name: &str, frame: Frame, top: Vec<Secondary>) -> Canvas {
        let Frame { title, subtitle, x, y, right, bottom } = frame;
        let mut layout = Layout::new((x.lo, x.hi), (y.lo, y.hi))
            .with_title(title)
            .with_title_size(18)
            .with_title_wrap(54)
            .with_label_size(LABEL)
            .with_tick_size(TEXT)
            .with_body_size(TEXT)
            .with_ticks(TICKS)
            .with_x_axis_min(x.lo)
            .with_x_axis_max(x.hi)
            .with_y_axis_min(y.lo)
            .with_y_axis_max(y.hi)
            .with_x_tick_step(kuva_step(&x))
            .with_y_tick_step(kuva_step(&y))
            .with_x_tick_format(kuva_format(&x))
            .with_y_tick_format(kuva_format(&y))
            .with_box_axes();
        if !subtitle.is_empty() {
            layout = layout.with_subtitle(subtitle).with_subtitle_size(13).with_subtitle_wrap(80);
        }
        let mut computed = ComputedLayout::from_layout(&layout);
        if y.is_short_log() {
            let widths = own_ticks(&y).map(|(_, label)| text::width(&label, f64::from(TEXT)));
            computed.y_tick_label_px = widths.fold(0.0, f64::max);
        }
        // Labels stand level, that of the y axis above it; over axes above the plot it would stand far away, so it reads upwards
        // beside its own then.
        let beside = if top.is_empty() { 0.0 } else { UPRIGHT_ROOM };
        computed.margin_left = computed.y_tick_label_px + 30.0 + beside;
        computed.margin_right += right;
        computed.margin_top += 20.0 + SECONDARY_ROOM * top.len() as f64;
        computed.margin_bottom += bottom + 6.0;
        computed.width = computed.margin_left + PLOT.0 + computed.margin_right;
        computed.height = computed.margin_top + PLOT.1 + computed.margin_bottom;
        computed.recompute_transforms();
        let mut scene = Scene::new(computed.width.ceil(), computed.height.ceil());
        scene.font_family = computed.font_family.clone();
        scene.text_color = Some("#1a1a1a".into());
        scene.defs.push(format!(
            r#"<clipPath id="clip-{name}"><rect x="{}" y="{}" width="{}" height="{}"/></clipPath>"#,
            computed.margin_left, computed.margin_top, PLOT.0, PLOT.1
        ));
        Canvas { scene, layout, computed, x, y, bottom, top, plane: None }
    }

    /// Pixel column of a value of the x axis.
    pub(crate) fn px(&self, value: f64) -> f64 {
        self.computed.map_x(self.x.place(value))
    }

    /// Pixel row of a value of the y axis.
    pub(crate) fn py(&self, value: f64) -> f64 {
        self.computed.map_y(self.y.place(value))
    }

    /// Left, top, right and bottom of the drawing area. [px]
    pub(crate) fn area(&self) -> (f64, f64, f64, f64) {
        let (left, top) = (self.computed.margin_left, self.computed.margin_top);
        (left, top, left + PLOT.0, top + PLOT.1)
    }

    /// Fills the drawing area.
    pub(crate) fn fill_area(&mut self, colour: Color) {
        let (left, top, right, bottom) = self.area();
        self.rect(left, top, right - left, bottom - top, colour, None);
    }

    /// Draws what follows only inside the drawing area, until [`Self::unclip`].
    pub(crate) fn clip(&mut self, name: &str) {
        let (left, top, right, bottom) = self.area();
        let id = format!("clip-{name}");
        self.scene.add(Primitive::ClipStart { x: left, y: top, width: right - left, height: bottom - top, id });
    }

    /// Ends [`Self::clip`].
    pub(crate) fn unclip(&mut self) {
        self.scene.add(Primitive::ClipEnd);
    }

    /// Draws tiles edge to edge. Their edges are rounded to half pixels, so that no paper shines through.
    pub(crate) fn tiles(&mut self, tiles: &[Tile]) {
        let half = |v: f64| (2.0 * v).round() / 2.0;
        let crisp = Some(r#"shape-rendering="crispEdges""#.to_owned());
        self.scene.add(Primitive::GroupStart { transform: None, title: None, extra_attrs: crisp });
        for tile in tiles {
            let (x0, x1) = (half(self.computed.map_x(tile.x.0)), half(self.computed.map_x(tile.x.1)));
            let (y0, y1) = (half(self.computed.map_y(tile.y.1)), half(self.computed.map_y(tile.y.0)));
            self.rect(x0, y0, x1 - x0, y1 - y0, tile.colour.clone(), None);
        }
        self.scene.add(Primitive::GroupEnd);
    }

    /// Draws patches edge to edge, without seams between them.
    ///
    /// - `patches`: outline (x, y) in places on the axes, colour
    pub(crate) fn patches(&mut self, patches: &[(Vec<(f64, f64)>, Color)]) {
        let crisp = Some(r#"shape-rendering="crispEdges""#.to_owned());
        self.scene.add(Primitive::GroupStart { transform: None, title: None, extra_attrs: crisp });
        for (outline, colour) in patches {
            let pixels: Vec<_> =
                outline.iter().map(|&(x, y)| (self.computed.map_x(x), self.computed.map_y(y))).collect();
            self.polygon(&pixels, colour.clone(), None, None);
        }
        self.scene.add(Primitive::GroupEnd);
    }

    /// A rectangle in pixels.
    pub(crate) fn rect(&mut self, x: f64, y: f64, width: f64, height: f64, fill: Color, opacity: Option<f64>) {
        self.scene.add(Primitive::Rect { x, y, width, height, fill, stroke: None, stroke_width: None, opacity });
    }

    /// A line through points.
    pub(crate) fn curve(&mut self, points: &[(f64, f64)], stroke: &Stroke) {
        let pixels: Vec<_> = points.iter().map(|&(x, y)| (self.px(x), self.py(y))).collect();
        self.polyline(&pixels, stroke);
    }

    /// A line through places on the axes.
    pub(crate) fn line_of_places(&mut self, points: &[(f64, f64)], stroke: &Stroke) {
        let pixels: Vec<_> = points.iter().map(|&(x, y)| (self.computed.map_x(x), self.computed.map_y(y))).collect();
        self.polyline(&pixels, stroke);
    }

    /// A line through pixels. Dashes run on over the corners.
    pub(crate) fn polyline(&mut self, points: &[(f64, f64)], stroke: &Stroke) {
        let pieces = match stroke.dash {
            None => vec![points.to_vec()],
            Some((dash, gap)) => dashes(points, dash, gap),
        };
        for points in pieces.into_iter().filter(|p| p.len() > 1) {
            self.scene.add(Primitive::PolyLine {
                points,
                stroke: stroke.colour.clone(),
                stroke_width: stroke.width,
                stroke_dasharray: None,
            });
        }
    }

    /// The strip between two curves over the same x.
    ///
    /// - `points`: (x, low, high)
    pub(crate) fn band(&mut self, points: &[(f64, f64, f64)], colour: Color, opacity: f64) {
        let upper = points.iter().map(|&(x, _, high)| (self.px(x), self.py(high)));
        let lower = points.iter().rev().map(|&(x, low, _)| (self.px(x), self.py(low)));
        let outline: Vec<_> = upper.chain(lower).collect();
        self.polygon(&outline, colour, Some(opacity), None);
    }

    /// A filled polygon in pixels.
    pub(crate) fn polygon(
        &mut self,
        points: &[(f64, f64)],
        fill: Color,
        opacity: Option<f64>,
        outline: Option<(Color, f64)>,
    ) {
        if points.len() < 3 {
            return;
        }
        let mut d = String::new();
        for (i, (x, y)) in points.iter().enumerate() {
            let letter = if i == 0 { 'M' } else { 'L' };
            d.push_str(&format!("{letter}{x:.2} {y:.2}"));
        }
        d.push('Z');
        let (stroke, stroke_width) = outline.unwrap_or((Color::None, 0.0));
        let path = PathData { d, fill: Some(fill), stroke, stroke_width, opacity, stroke_dasharray: None };
        self.scene.add(Primitive::Path(Box::new(path)));
    }

    /// A vertical error bar with caps; an end beyond the axis has none.
    pub(crate) fn error_y(&mut self, x: f64, low: f64, high: f64, colour: &Color) {
        let (_, _, _, floor) = self.area();
        let (x, low, high) = (self.px(x), self.py(low), self.py(high));
        let stroke = Stroke::solid(colour.clone(), 1.2);
        self.polyline(&[(x, low.min(floor)), (x, high)], &stroke);
        for y in [low, high].into_iter().filter(|y| *y <= floor) {
            self.polyline(&[(x - 3.0, y), (x + 3.0, y)], &stroke);
        }
    }

    /// A horizontal error bar with caps.
    pub(crate) fn error_x(&mut self, y: f64, low: f64, high: f64, colour: &Color) {
        let (y, low, high) = (self.py(y), self.px(low), self.px(high));
        let stroke = Stroke::solid(colour.clone(), 1.2);
        self.polyline(&[(low, y), (high, y)], &stroke);
        for x in [low, high] {
            self.polyline(&[(x, y - 3.0), (x, y + 3.0)], &stroke);
        }
    }

    /// A marker at a point.
    pub(crate) fn mark(&mut self, x: f64, y: f64, mark: Mark, size: f64, fill: Color, outline: (Color, f64)) {
        let (x, y) = (self.px(x), self.py(y));
        self.mark_at(x, y, mark, size, fill, outline);
    }

    /// A marker at a pixel.
    pub(crate) fn mark_at(&mut self, x: f64, y: f64, mark: Mark, size: f64, fill: Color, outline: (Color, f64)) {
        let corners: &[(f64, f64)] = match mark {
            Mark::Disc => {
                self.scene.add(Primitive::Circle {
                    cx: x,
                    cy: y,
                    r: size,
                    fill,
                    fill_opacity: None,
                    stroke: Some(outline.0),
                    stroke_width: Some(outline.1),
                });
                return;
            }
            Mark::Triangle => &[(0.0, -1.2), (1.1, 0.8), (-1.1, 0.8)],
            Mark::Diamond => &[(0.0, -1.2), (1.2, 0.0), (0.0, 1.2), (-1.2, 0.0)],
        };
        let mut points: Vec<_> = corners.iter().map(|&(dx, dy)| (x + size * dx, y + size * dy)).collect();
        self.polygon(&points, fill, None, None);
        points.push(points[0]);
        self.polyline(&points, &Stroke::solid(outline.0, outline.1));
    }

    /// Text at a pixel; `y` is its middle line.
    pub(crate) fn text(&mut self, x: f64, y: f64, content: &str, size: u32, anchor: TextAnchor, colour: Color) {
        write(&mut self.scene, x, y, content, size, anchor, colour);
    }

    /// Text that reads upwards, centred on a pixel.
    pub(crate) fn text_upwards(&mut self, x: f64, y: f64, content: &str, size: u32, colour: Color) {
        let x = x + 0.36 * f64::from(size);
        let (content, color) = (content.to_owned(), Some(colour));
        let (anchor, rotate) = (TextAnchor::Middle, Some(-90.0));
        self.scene.add(Primitive::Text { x, y, content, size, anchor, rotate, bold: false, color });
    }

    /// Text with subscripts (`k_B`, `C_{VN}`) at a pixel; `y` is its middle line.
    pub(crate) fn label(&mut self, x: f64, y: f64, content: &str, size: u32, anchor: TextAnchor) {
        label(&mut self.scene, x, y, content, size, anchor);
    }

    /// Records that the drawing area shows the plane of a map, for pages that respond to the pointer.
    pub(crate) fn shows(&mut self, slice: &Slice<'_>) {
        let (left, top, right, bottom) = self.area();
        self.plane = Some(Plane {
            pressure: slice.across == Across::Pressure,
            species: slice.species,
            area: [left, top, right, bottom],
            x: [self.x.lo, self.x.hi],
            y: [self.y.lo, self.y.hi],
        });
    }
}

/// Marks a picture whose colours are numbers, for a page that is dark: it leaves them as they are, where it turns light and dark of other
/// pictures round (`src/report/style.css`).
pub(crate) fn keep_colours(scene: &mut Scene) {
    let extra_attrs = Some(r#"class="true-colours""#.to_owned());
    scene.add(Primitive::GroupStart { transform: None, title: None, extra_attrs });
    scene.add(Primitive::GroupEnd);
}

/// Text at a pixel of a scene; `y` is its middle line.
pub(crate) fn write(scene: &mut Scene, x: f64, y: f64, content: &str, size: u32, anchor: TextAnchor, colour: Color) {
    let y = y + 0.36 * f64::from(size);
    let (content, color) = (content.to_owned(), Some(colour));
    scene.add(Primitive::Text { x, y, content, size, anchor, rotate: None, bold: false, color });
}

/// Text with subscripts (`k_B`, `C_{VN}`) at a pixel of a scene; `y` is its middle line.
pub(crate) fn label(scene: &mut Scene, x: f64, y: f64, content: &str, size: u32, anchor: TextAnchor) {
    let width = text::label_width(content, f64::from(size));
    let mut x = match anchor {
        TextAnchor::Start => x,
        TextAnchor::Middle => x - 0.5 * width,
        TextAnchor::End => x - width,
    };
    for (run, sub) in text::runs(content) {
        let small = (f64::from(size) * text::SUBSCRIPT).round();
        let (run_size, drop) = if sub { (small, 0.38 * f64::from(size)) } else { (f64::from(size), 0.0) };
        write(scene, x, y + drop, &run, run_size as u32, TextAnchor::Start, palette::INK);
        x += text::width(&run, run_size);
    }
}

/// A scene as SVG and PNG.
///
/// # Errors
/// [`Error::Drawing`] if the picture cannot be made.
pub(crate) fn finish(scene: &Scene) -> Result<(String, Vec<u8>)> {
    let png = raster::png(scene).map_err(|problem| Error::Drawing { problem })?;
    Ok((svg(scene), png))
}

/// A scene as SVG.
pub(crate) fn svg(scene: &Scene) -> String {
    let svg = SvgBackend::new().with_pretty(true).render_scene(scene);
    // A viewBox lets the picture shrink with a narrow page.
    let view = format!(r#"<svg viewBox="0 0 {} {}" "#, scene.width, scene.height);
    svg.replacen("<svg ", &view, 1)
}

/// Cuts a line into dashes.
fn dashes(points: &[(f64, f64)], dash: f64, gap: f64) -> Vec<Vec<(f64, f64)>> {
    let mut pieces: Vec<Vec<(f64, f64)>> = Vec::new();
    let (mut on, mut left) = (true, dash);
    if let Some(&first) = points.first() {
        pieces.push(vec![first]);
    }
    for ends in points.windows(2) {
        let ((mut x, mut y), (x1, y1)) = (ends[0], ends[1]);
        loop {
            let length = (x1 - x).hypot(y1 - y);
            if length <= left {
                left -= length;
                if on && let Some(piece) = pieces.last_mut() {
                    piece.push((x1, y1));
                }
                break;
            }
            (x, y) = (x + (x1 - x) * left / length, y + (y1 - y) * left / length);
            if on && let Some(piece) = pieces.last_mut() {
                piece.push((x, y));
            } else {
                pieces.push(vec![(x, y)]);
            }
            on = !on;
            left = if on { dash } else { gap };
        }
    }
    pieces
}

/// Ink on paper: the outline of markers.
pub(crate) fn paper_outline() -> (Color, f64) {
    (palette::PAPER, 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dashes_run_over_corners() {
        // an L of length 20, dashes of 6 and gaps of 2: 6, 2, 6 (over the corner at 10), 2, 4
        let pieces = dashes(&[(0.0, 0.0), (10.0, 0.0), (10.0, 10.0)], 6.0, 2.0);
        assert_eq!(pieces.len(), 3);
        assert_eq!(pieces[1], vec![(8.0, 0.0), (10.0, 0.0), (10.0, 4.0)]);
        assert_eq!(pieces[2], vec![(10.0, 6.0), (10.0, 10.0)]);
    }
}
