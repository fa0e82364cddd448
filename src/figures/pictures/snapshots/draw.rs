//! The picture of a configuration: two projections to one scale, the height as colour.

use super::choose::Snapshot;
use crate::figures::pictures::plot::canvas::{keep_colours, label};
use crate::figures::pictures::plot::palette::{self, ColourScale, Steps};
use crate::figures::pictures::plot::{axis::Axis, text};
use crate::figures::{Figure, Labels};
use crate::io::csv::{Table, number};
use crate::potential::ExternalField;
use crate::sample::trajectory::StoredFrame;
use crate::system::System;
use glam::DVec3;
use kuva::plot::ColorMap;
use kuva::render::color::Color;
use kuva::render::render::{PathData, Primitive, Scene, TextAnchor};

/// Most room that a projection takes across and along. [px]
const ROOM: (f64, f64) = (310.0, 420.0);
/// Room around the projections: left, top, right, bottom. [px]
const MARGINS: (f64, f64, f64, f64) = (58.0, 96.0, 78.0, 58.0);
/// Room between the projections. [px]
const GAP: f64 = 76.0;
/// Corners of a circle that is cut.
const CORNERS: u32 = 72;
const TEXT: u32 = 13;

/// An atom as it is drawn.
struct Ball {
    position: DVec3,
    radius: f64,
    /// Chemical symbol.
    symbol: String,
    /// Name of its species in the scene.
    name: String,
    species: usize,
    /// Whether it may come and go, or, in a canonical run, may move; the others are the slab.
    adsorbed: bool,
    frozen: bool,
}

/// A finished picture.
pub(super) struct Picture {
    scene: Scene,
    table: Table,
    name: String,
    title: String,
    caption: String,
}

impl Picture {
    pub(super) fn figure(&self) -> Figure {
        let (name, title, caption) = (self.name.clone(), self.title.clone(), self.caption.clone());
        Figure { name, title, caption, svg: String::new(), plane: None }
    }

    pub(super) fn scene(&self) -> &Scene {
        &self.scene
    }

    pub(super) fn table(&self) -> &Table {
        &self.table
    }
}

/// Lowest and highest z of the colours: from the floor to the highest adsorbed atom of all the pictures.
pub(super) fn heights<'a>(system: &System, frames: impl Iterator<Item = &'a StoredFrame>) -> (f64, f64) {
    let adsorbed = frames.flat_map(|f| f.species.iter().zip(&f.positions));
    let z = adsorbed.filter(|(s, _)| is_adsorbate(system, **s)).map(|(_, r)| f64::from(r.z));
    let floor = system.cell.floor;
    (floor, z.fold(floor + radius(system, 0), f64::max))
}

/// Whether atoms of a species come and go; in a canonical run they all count.
fn is_adsorbate(system: &System, species: u8) -> bool {
    let of_reservoir = |s: u8| system.reservoir_of(s).is_some();
    of_reservoir(species) || !(0..system.species.len()).any(|s| of_reservoir(s as u8))
}

/// z of the surface that a Steele or 9-3 wall stands for \[length\]; `None` without one, and where there is a slab.
fn wall(system: &System) -> Option<f64> {
    let floor = |field: &ExternalField| match field {
        ExternalField::Steele { floor, .. } | ExternalField::Wall93 { floor, .. } => Some(*floor),
        ExternalField::Harmonic { .. } => None,
    };
    let lowest = system.external.iter().flatten().filter_map(floor).reduce(f64::min);
    lowest.filter(|_| system.frozen.positions.is_empty() && !system.cell.periodic_z)
}

/// Half of the distance at which two atoms of a species attract most.
fn radius(system: &System, species: usize) -> f64 {
    let sigma = |s: usize| {
        let pair = system.pairs.pair(s as u8, s as u8);
        pair.interacts().then(|| pair.length())
    };
    let others = (0..system.species.len()).find_map(sigma);
    0.5 * 2_f64.powf(1.0 / 6.0) * sigma(species).or(others).unwrap_or(1.0)
}

/// One projection on paper.
struct View {
    left: f64,
    top: f64,
    width: f64,
    height: f64,
    scale: f64,
    /// Value of the upper edge of the vertical axis [length].
    upper: f64,
    /// How far the upper edge leads along the lower one [px].
    lean: f64,
}

impl View {
    /// Corners of the frame, from the lower left one on.
    fn corners(&self) -> [(f64, f64); 4] {
        let (l, r, t, b) = (self.left, self.left + self.width, self.top, self.top + self.height);
        [(l, b), (r, b), (r + self.lean, t), (l + self.lean, t)]
    }

    fn pixel(&self, across: f64, along: f64) -> (f64, f64) {
        (self.left + self.scale * across, self.top + self.scale * (self.upper - along))
    }
}

/// Draws one snapshot.
///
/// - `heights`: lowest and highest z of the colours
pub(super) fn picture(system: &System, snapshot: &Snapshot<'_>, labels: &Labels, heights: (f64, f64)) -> Picture {
    let balls = balls(system, snapshot.frame);
    let lengths = system.cell.lengths;
    let bulk = system.cell.periodic_z;
    let lowest = balls.iter().map(|b| b.position.z - b.radius).fold(system.cell.floor, f64::min);
    let wall = wall(system);
    let lowest = wall.map_or(lowest, |z| lowest.min(z - 0.08 * (system.cell.ceiling() - z)));
    let (z_lo, z_hi) = if bulk { (0.0, lengths.z) } else { (lowest, system.cell.ceiling()) };
    let tilt = system.cell.tilt;
    let scale = (ROOM.0 / (lengths.x + tilt.abs())).min(ROOM.0 / lengths.y).min(ROOM.1 / (z_hi - z_lo));
    let (across, deep, tall) = (scale * lengths.x, scale * lengths.y, scale * (z_hi - z_lo));
    let bottom = MARGINS.1 + deep.max(tall);
    let lean = scale * tilt;
    let above = View {
        left: MARGINS.0 - lean.min(0.0),
        top: bottom - deep,
        width: across,
        height: deep,
        scale,
        upper: lengths.y,
        lean,
    };
    let left = MARGINS.0 + lean.abs() + across + GAP;
    let side = View { left, top: bottom - tall, width: across, height: tall, scale, upper: z_hi, lean: 0.0 };

    let mut scene = Scene::new((side.left + across + MARGINS.2).ceil(), (bottom + MARGINS.3).ceil());
    scene.text_color = Some("#1a1a1a".into());
    keep_colours(&mut scene);
    let colours = Colours::new(system, heights);
    let slab_top = balls.iter().filter(|b| !b.adsorbed).map(|b| b.position.z).fold(f64::NEG_INFINITY, f64::max);

    if let Some(z) = wall {
        let grey = Color::Rgb(205, 205, 205);
        let d: Vec<String> = above.corners().iter().map(|(x, y)| format!("{x:.1} {y:.1}")).collect();
        let (d, fill, stroke) = (format!("M{}Z", d.join("L")), Some(grey.clone()), Color::None);
        let path = PathData { d, fill, stroke, stroke_width: 0.0, opacity: None, stroke_dasharray: None };
        scene.add(Primitive::Path(Box::new(path)));
        let (_, y) = side.pixel(0.0, z);
        rect(&mut scene, side.left, y, side.width, side.top + side.height - y, grey);
    }
    let mut order: Vec<&Ball> = balls.iter().collect();
    order.sort_by(|a, b| a.position.z.total_cmp(&b.position.z));
    let periods = Periods { across: lengths.x, along: Some(lengths.y), tilt };
    project(&mut scene, &above, &order, &colours, slab_top, |r| (r.x, r.y), &periods);
    order.sort_by(|a, b| b.position.y.total_cmp(&a.position.y));
    let periods = Periods { across: lengths.x, along: bulk.then_some(lengths.z), tilt: 0.0 };
    project(&mut scene, &side, &order, &colours, slab_top, |r| (r.x, r.z), &periods);

    let unit = labels.units.length_label();
    frame(&mut scene, &above, ("from above", "x", "y", unit), (0.0, lengths.x), (0.0, lengths.y));
    frame(&mut scene, &side, ("from the side", "x", "z", unit), (0.0, lengths.x), (z_lo, z_hi));
    match colours.species.is_empty() {
        true => colour_bar(&mut scene, &side, &colours.scale, unit),
        false => species_legend(&mut scene, &side, &colours.species),
    }
    let middle = 0.5 * scene.width;
    put(&mut scene, middle, 20.0, &snapshot.title, 17, TextAnchor::Middle);
    // A gas may have no atom at all; the picture says so.
    let atoms = Some(counted(&balls, true)).filter(|atoms| !atoms.is_empty());
    let subtitle = format!("{}; {}", snapshot.subtitle, atoms.as_deref().unwrap_or("no atom"));
    put(&mut scene, middle, 44.0, &subtitle, TEXT, TextAnchor::Middle);

    let mut table = Table::new(["element", "x", "y", "z", "frozen"]);
    for ball in &balls {
        let [x, y, z] = ball.position.to_array().map(number);
        table.push(vec![ball.symbol.clone(), x, y, z, u8::from(ball.frozen).to_string()]);
    }
    Picture {
        scene,
        table,
        name: snapshot.name.clone(),
        title: snapshot.title.clone(),
        caption: format!("{} {}", snapshot.caption, composition(&balls)),
    }
}

/// Frozen atoms, then the others as they are stored.
fn balls(system: &System, frame: &StoredFrame) -> Vec<Ball> {
    let ball = |species: u8, position: DVec3, frozen: bool| Ball {
        position,
        radius: radius(system, usize::from(species)),
        symbol: system.species[usize::from(species)].symbol.clone(),
        name: system.species[usize::from(species)].name.clone(),
        species: usize::from(species),
        adsorbed: !frozen && is_adsorbate(system, species),
        frozen,
    };
    let slab = system.frozen.positions.iter().zip(&system.frozen.species).map(|(&r, &s)| ball(s, r, true));
    let mobile = frame.species.iter().zip(&frame.positions).map(|(&s, r)| ball(s, r.as_dvec3(), false));
    slab.chain(mobile).collect()
}

/// `12 Ar`: atoms that are adsorbed, or the others; empty if there are none.
fn counted(balls: &[Ball], adsorbed: bool) -> String {
    let mut kinds: Vec<(&str, usize)> = Vec::new();
    for ball in balls.iter().filter(|b| b.adsorbed == adsorbed) {
        match kinds.iter_mut().find(|k| k.0 == ball.name) {
            Some(kind) => kind.1 += 1,
            None => kinds.push((&ball.name, 1)),
        }
    }
    kinds.into_iter().map(|(name, n)| format!("{n} {name}")).collect::<Vec<_>>().join(", ")
}

/// `12 Ar over 108 Cu.`
fn composition(balls: &[Ball]) -> String {
    match (counted(balls, true), counted(balls, false)) {
        (ads, slab) if ads.is_empty() && slab.is_empty() => "The cell is empty.".to_owned(),
        (ads, slab) if ads.is_empty() => format!("Nothing is adsorbed on {slab}."),
        (ads, slab) if slab.is_empty() => format!("{ads}."),
        (ads, slab) => format!("{ads} over {slab}."),
    }
}

/// Periods of a projection.
struct Periods {
    /// \[length\]
    across: f64,
    /// \[length\]; `None` without one.
    along: Option<f64>,
    /// How far a step of `along` leads across \[length\].
    tilt: f64,
}

/// What the colour of an adsorbed atom says: its height alone, or its species and, by lightness, its height.
struct Colours {
    scale: ColourScale,
    /// (species, name) of those that come and go, where there are several.
    species: Vec<(usize, String)>,
}

impl Colours {
    fn new(system: &System, heights: (f64, f64)) -> Colours {
        let scale = ColourScale { lo: heights.0, hi: heights.1, steps: Steps::Linear, map: ColorMap::Viridis };
        let adsorbates = (0..system.species.len()).filter(|&s| is_adsorbate(system, s as u8));
        let species: Vec<_> = adsorbates.map(|s| (s, system.species[s].name.clone())).collect();
        Colours { scale, species: if species.len() > 1 { species } else { Vec::new() } }
    }

    fn of(&self, ball: &Ball) -> Color {
        match self.species.iter().position(|(s, _)| *s == ball.species) {
            None => self.scale.colour(ball.position.z),
            Some(k) => {
                let share = (ball.position.z - self.scale.lo) / (self.scale.hi - self.scale.lo);
                palette::lighter(&palette::line(k), 0.6 * share.clamp(0.0, 1.0))
            }
        }
    }
}

/// Draws all balls in their order, with the images that reach into the frame.
fn project(
    scene: &mut Scene,
    view: &View,
    balls: &[&Ball],
    colours: &Colours,
    slab_top: f64,
    plane: impl Fn(DVec3) -> (f64, f64),
    periods: &Periods,
) {
    // A row above or below is moved by half a period at most.
    let columns = if periods.tilt == 0.0 { 1 } else { 2 };
    for ball in balls {
        let (fill, outline) = if ball.adsorbed {
            (colours.of(ball), palette::INK)
        } else {
            let depth = (slab_top - ball.position.z).max(0.0) / (2.0 * ball.radius);
            let grey = (160.0 + 28.0 * depth).min(225.0) as u8;
            (Color::Rgb(grey, grey, grey), Color::Rgb(110, 110, 110))
        };
        let (across, along) = plane(ball.position);
        for i in -columns..=columns {
            for j in -1..=1 {
                let (i, j) = (f64::from(i), f64::from(j));
                if j != 0.0 && periods.along.is_none() {
                    continue;
                }
                let shift = periods.along.map_or(0.0, |p| p * j);
                let (x, y) = view.pixel(across + (periods.across * i + periods.tilt * j), along + shift);
                let r = view.scale * ball.radius;
                let width = if ball.adsorbed { 1.0 } else { 0.6 };
                disc(scene, view, (x, y, r), fill.clone(), (outline.clone(), width));
            }
        }
    }
}

/// Draws a disc, or as much of it as lies in the frame: a raster knows no clipping.
fn disc(scene: &mut Scene, view: &View, (x, y, r): (f64, f64, f64), fill: Color, outline: (Color, f64)) {
    let corners = view.corners();
    // Distances from the edges, above 0 inside; corners go round against the clock on paper, where y leads down.
    let edges = [0, 1, 2, 3].map(|i| {
        let (a, b) = (corners[i], corners[(i + 1) % 4]);
        let (dx, dy) = (b.0 - a.0, b.1 - a.1);
        let length = dx.hypot(dy);
        move |p: (f64, f64)| ((p.0 - a.0) * dy - (p.1 - a.1) * dx) / length
    });
    let nearest = edges.iter().map(|inside| inside((x, y))).fold(f64::INFINITY, f64::min);
    if nearest <= -r {
        return;
    }
    let (stroke, stroke_width) = outline;
    if nearest >= r {
        let (stroke, stroke_width) = (Some(stroke), Some(stroke_width));
        scene.add(Primitive::Circle { cx: x, cy: y, r, fill, fill_opacity: None, stroke, stroke_width });
        return;
    }
    let corner = |k: u32| {
        let angle = std::f64::consts::TAU * f64::from(k) / f64::from(CORNERS);
        (x + r * angle.cos(), y + r * angle.sin())
    };
    let mut points: Vec<(f64, f64)> = (0..CORNERS).map(corner).collect();
    for inside in edges {
        points = cut(&points, inside);
    }
    if points.len() > 2 {
        let d: Vec<String> = points.iter().map(|(x, y)| format!("{x:.1} {y:.1}")).collect();
        let d = format!("M{}Z", d.join("L"));
        let path = PathData { d, fill: Some(fill), stroke, stroke_width, opacity: None, stroke_dasharray: None };
        scene.add(Primitive::Path(Box::new(path)));
    }
}

/// The part of a convex polygon where `inside` is not negative; `inside` is linear.
fn cut(points: &[(f64, f64)], inside: impl Fn((f64, f64)) -> f64) -> Vec<(f64, f64)> {
    let mut kept = Vec::with_capacity(points.len() + 2);
    for (i, &a) in points.iter().enumerate() {
        let b = points[(i + 1) % points.len()];
        let (da, db) = (inside(a), inside(b));
        if da >= 0.0 {
            kept.push(a);
        }
        if (da >= 0.0) != (db >= 0.0) {
            let share = da / (da - db);
            kept.push((a.0 + share * (b.0 - a.0), a.1 + share * (b.1 - a.1)));
        }
    }
    kept
}

fn rect(scene: &mut Scene, x: f64, y: f64, width: f64, height: f64, fill: Color) {
    scene.add(Primitive::Rect { x, y, width, height, fill, stroke: None, stroke_width: None, opacity: None });
}

fn line(scene: &mut Scene, points: Vec<(f64, f64)>) {
    scene.add(Primitive::PolyLine { points, stroke: palette::INK, stroke_width: 1.0, stroke_dasharray: None });
}

fn put(scene: &mut Scene, x: f64, y: f64, content: &str, size: u32, anchor: TextAnchor) {
    label(scene, x, y, content, size, anchor);
}

/// A frame with ticks on both axes.
///
/// - `words`: heading, names of the axes, unit
fn frame(scene: &mut Scene, view: &View, words: (&str, &str, &str, &str), x: (f64, f64), y: (f64, f64)) {
    let (l, t, r, b) = (view.left, view.top, view.left + view.width, view.top + view.height);
    let corners = view.corners();
    line(scene, corners.into_iter().chain([corners[0]]).collect());
    let (heading, x_name, y_name, unit) = words;
    put(scene, 0.5 * (l + r) + view.lean, t - 14.0, heading, TEXT + 1, TextAnchor::Middle);
    put(scene, 0.5 * (l + r), b + 40.0, &format!("{x_name} [{unit}]"), TEXT + 1, TextAnchor::Middle);
    put(scene, l - 50.0, t - 14.0, &format!("{y_name} [{unit}]"), TEXT + 1, TextAnchor::Start);
    let axis = Axis::linear(String::new(), x.0, x.1);
    for tick in axis.ticks(5).into_iter().filter(|&v| axis.holds(v)) {
        let (px, _) = view.pixel(tick, 0.0);
        line(scene, vec![(px, b), (px, b + 5.0)]);
        put(scene, px, b + 17.0, &text::short(tick, 3), TEXT, TextAnchor::Middle);
    }
    let axis = Axis::linear(String::new(), y.0, y.1);
    for tick in axis.ticks(5).into_iter().filter(|&v| axis.holds(v)) {
        let (_, py) = view.pixel(0.0, tick);
        // ticks of y follow a leaning edge
        let l = l + view.lean * (b - py) / (b - t);
        line(scene, vec![(l - 5.0, py), (l, py)]);
        put(scene, l - 9.0, py, &text::short(tick, 3), TEXT, TextAnchor::End);
    }
}

/// The colours beside the side view, at its own heights, with ticks like those of an axis.
fn colour_bar(scene: &mut Scene, side: &View, colours: &ColourScale, unit: &str) {
    let x = side.left + side.width + 16.0;
    let (_, top) = side.pixel(0.0, colours.hi);
    let (_, bottom) = side.pixel(0.0, colours.lo);
    let strips = 64;
    for i in 0..strips {
        let share = f64::from(i) / f64::from(strips);
        let fill = palette::sample(&colours.map, share + 0.5 / f64::from(strips));
        rect(scene, x, top, 14.0, (bottom - top) * (1.0 - share), fill);
    }
    line(scene, vec![(x, top), (x + 14.0, top), (x + 14.0, bottom), (x, bottom), (x, top)]);
    let axis = Axis::linear(String::new(), colours.lo, colours.hi);
    for z in axis.ticks(5).into_iter().filter(|&v| axis.holds(v)) {
        let (_, y) = side.pixel(0.0, z);
        line(scene, vec![(x + 14.0, y), (x + 18.0, y)]);
        put(scene, x + 21.0, y, &text::short(z, 3), TEXT, TextAnchor::Start);
    }
    put(scene, x, top - 14.0, &format!("z [{unit}]"), TEXT + 1, TextAnchor::Start);
}

/// The species beside the side view.
fn species_legend(scene: &mut Scene, side: &View, species: &[(usize, String)]) {
    let x = side.left + side.width + 22.0;
    for (k, (_, name)) in species.iter().enumerate() {
        let y = side.top + 10.0 + 24.0 * k as f64;
        let (stroke, stroke_width) = (Some(palette::INK), Some(1.0));
        let fill = palette::line(k);
        scene.add(Primitive::Circle { cx: x, cy: y, r: 7.0, fill, fill_opacity: None, stroke, stroke_width });
        put(scene, x + 13.0, y, name, TEXT, TextAnchor::Start);
    }
    put(scene, x - 8.0, side.top + 10.0 + 24.0 * species.len() as f64, "lighter:", TEXT, TextAnchor::Start);
    put(scene, x - 8.0, side.top + 26.0 + 24.0 * species.len() as f64, "higher", TEXT, TextAnchor::Start);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn polygons_are_cut_along_a_line() {
        let square = [(0.0, 0.0), (2.0, 0.0), (2.0, 2.0), (0.0, 2.0)];
        assert_eq!(cut(&square, |p| 1.0 - p.0), [(0.0, 0.0), (1.0, 0.0), (1.0, 2.0), (0.0, 2.0)]);
        assert_eq!(cut(&square, |p| p.0 + 1.0), square);
        assert!(cut(&square, |p| p.1 - 3.0).is_empty());
    }
}
