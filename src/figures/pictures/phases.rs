//! Phase diagrams: regions with their names, boundaries with error bars.

use super::boundaries::{Boundaries, Ink};
use super::maps::{Signs, columns, dots, tabulate_states};
use super::regions_of_phases::Regions;
use super::{Drawing, Labels};
use crate::analysis::Analysis;
use crate::figures::pictures::plot::axis::Axis;
use crate::figures::pictures::plot::canvas::{Canvas, Frame, PLOT, Stroke};
use crate::figures::pictures::plot::legend::{self, Entry, Sign};
use crate::figures::pictures::plot::map_slice::{Across, Slice};
use crate::figures::pictures::plot::palette;
use crate::figures::pictures::plot::regions::{Raster, Spot};
use crate::figures::pictures::plot::text;
use crate::io::csv::{Table, number};
use kuva::render::render::TextAnchor;

/// Smallest share of the area of a part of a region that carries a name.
const SMALLEST_PART: f64 = 0.012;

/// Phase diagram over (μ, T).
pub(crate) fn diagram(analysis: &Analysis, labels: &Labels, s: usize) -> Option<Drawing> {
    let slice = Slice::new(analysis, Across::Mu, s)?;
    let species = &analysis.grid.reservoirs[s].species;
    let x_label = labels.mu(analysis, s);
    draw(analysis, labels, &slice, format!("phase_diagram_{species}"), "Phase diagram", x_label, "mu")
}

/// Phase diagram over (p, T), p on a logarithmic axis.
pub(crate) fn diagram_pressure(analysis: &Analysis, labels: &Labels, s: usize) -> Option<Drawing> {
    let slice = Slice::new(analysis, Across::Pressure, s)?;
    let species = &analysis.grid.reservoirs[s].species;
    let (name, x_label) = (format!("phase_diagram_pressure_{species}"), labels.pressure(analysis, s));
    draw(analysis, labels, &slice, name, "Phase diagram in temperature and pressure", x_label, "pressure")
}

pub(crate) fn draw(
    analysis: &Analysis,
    labels: &Labels,
    slice: &Slice<'_>,
    name: String,
    title: &str,
    x_label: String,
    x_column: &str,
) -> Option<Drawing> {
    let (whole, picture) = (slice, slice.for_picture());
    let slice = &picture;
    // order of `phases`, which is also the order of the colours
    let place_of = |id: usize| analysis.phases.iter().position(|p| p.id == id);
    let phase_at = |row: usize, column: usize| slice.cell(row, column).and_then(|c| c.phase).and_then(place_of);
    if !slice.is_plane() || !slice.cells().any(|(r, c, _)| phase_at(r, c).is_some()) {
        return None;
    }
    let boundaries = Boundaries::new(analysis, whole);
    let ink = Ink { line: palette::INK, halo: None };
    let (x_axis, y_axis) = (slice.x_axis(x_label), slice.y_axis(labels.temperature()));
    let (x_edges, y_edges) = (slice.column_edges(), slice.row_edges());

    let phase_at_x_y = |x: f64, y: f64| phase_at(interval(&y_edges, y)?, interval(&x_edges, x)?);
    let states = slice.simulated(analysis, labels);
    let shown = |index: usize| slice.cells().any(|(r, c, _)| phase_at(r, c) == Some(index));
    let (names, unnamed) = named(analysis, (&x_axis, &y_axis), phase_at_x_y, shown, &boundaries, &states);

    let (of, places) = (|index: usize| analysis.phases[index].id, slice.x_axis(String::new()));
    let row_step = slice.rows.windows(2).map(|w| w[1] - w[0]).fold(0.0, f64::max);
    let line = |phases: (usize, usize), t: f64, near: f64| {
        boundaries.place_at((of(phases.0), of(phases.1)), t, near, row_step, |x| places.place(x))
    };
    let regions = Regions { x: &x_edges, t: &y_edges, rows: &slice.rows, line: &line };
    let mut laid_out = regions.layout(phase_at);
    let patches = std::mem::take(&mut laid_out.patches);
    let patches: Vec<_> = patches.into_iter().map(|(outline, index)| (outline, palette::fill(index))).collect();
    let criterion = Stroke { colour: palette::FAINT, width: 1.0, dash: Some((1.5, 3.0)) };

    let masked =
        slice.cells().filter(|(r, c, _)| phase_at(*r, *c).is_some()).count() < slice.rows.len() * slice.columns.len();
    let signs = Signs { dots: !states.is_empty(), lines: boundaries.entries(&ink), masked };
    let mut entries = signs.entries(unnamed);
    if !laid_out.criteria.is_empty() {
        let label = "end of a region by its criterion, no transition found".into();
        entries.push(Entry { sign: Sign::Line(criterion.clone(), None), label });
    }
    let frame = Frame {
        title: title.to_owned(),
        subtitle: slice.labelled(analysis, labels).title,
        x: x_axis,
        y: y_axis,
        right: 14.0,
        bottom: legend::bottom_room(&entries),
    };
    let top = slice.secondary(analysis, labels, &frame.x);
    let mut canvas = Canvas::with_top(&name, frame, top);
    canvas.shows(slice);
    canvas.fill_area(palette::MASKED);
    canvas.patches(&patches);
    canvas.clip(&name);
    laid_out.criteria.iter().for_each(|(_, line)| canvas.line_of_places(line, &criterion));
    boundaries.draw(&mut canvas, &ink);
    canvas.unclip();
    dots(&mut canvas, &states);
    let (left, top, ..) = canvas.area();
    for (spot, index) in names {
        let (x, y, content) = (left + spot.x, top + spot.y, &analysis.phases[index].name);
        if spot.upwards {
            canvas.text_upwards(x, y, content, spot.size, palette::INK);
        } else {
            canvas.text(x, y, content, spot.size, TextAnchor::Middle, palette::INK);
        }
    }
    canvas.axes(false);
    legend::bottom_legend(&mut canvas, &entries);

    let species = &analysis.grid.reservoirs[slice.species].species;
    let mut table = columns(&format!("{x_column}_{species}"), "phase");
    tabulate_cells(analysis, slice, &mut table);
    tabulate_states(&states, &mut table);
    boundaries.tabulate(&mut table);

    let mut caption =
        "Regions: the most probable basin of P(N) at each point, told further apart by filled layers and by order where the \
         scene observes them. Where no boundary was found between two of them they end at the edges of cells of the map, smoothed \
         over neighbouring rows, as what is masked does.".to_owned();
    caption.push_str(&signs.words("boundaries, with standard errors as bands"));
    caption.push_str(&slice.fixed_words(analysis, labels));
    caption.push_str(slice.thinned_words(whole));
    Some(Drawing { name, title: title.to_owned(), caption, canvas, table })
}

/// Places of the names of phases in the drawing area, by index of the phase; and legend entries of those without room.
///
/// - `axes`: x and y of the figure
/// - `phase_at`: index of the phase at a place of these axes
/// - `shown`: whether a phase has any cell in the picture
fn named(
    analysis: &Analysis,
    (x_axis, y_axis): (&Axis, &Axis),
    phase_at: impl Fn(f64, f64) -> Option<usize>,
    shown: impl Fn(usize) -> bool,
    boundaries: &Boundaries,
    states: &[(f64, f64, usize)],
) -> (Vec<(Spot, usize)>, Vec<Entry>) {
    // The raster is in units of the drawing area, so it can be made before the frame.
    let raster = Raster::new((0.0, 0.0, PLOT.0, PLOT.1), |px, py| {
        let x = x_axis.lo + px / PLOT.0 * (x_axis.hi - x_axis.lo);
        let y = y_axis.hi - py / PLOT.1 * (y_axis.hi - y_axis.lo);
        phase_at(x, y)
    });
    let pixel = |x: f64, t: f64| {
        let x = (x_axis.place(x) - x_axis.lo) / (x_axis.hi - x_axis.lo);
        let y = (y_axis.hi - t) / (y_axis.hi - y_axis.lo);
        (x * PLOT.0, y * PLOT.1)
    };
    let taken: Vec<(f64, f64)> = boundaries.points().map(|(x, t)| pixel(x, t)).collect();
    // Names keep away from the dots of the simulated states too, where that leaves them room.
    let with_dots: Vec<(f64, f64)> = states.iter().map(|&(t, x, _)| pixel(x, t)).chain(taken.iter().copied()).collect();
    let (mut names, mut unnamed) = (Vec::new(), Vec::new());
    for (index, phase) in analysis.phases.iter().enumerate() {
        let spots: Vec<Spot> = raster
            .parts(index, SMALLEST_PART)
            .iter()
            .filter_map(|part| {
                let width = text::width(&phase.name, 1.0);
                raster
                    .spot(part, width, &with_dots)
                    .or_else(|| raster.spot(part, width, &taken).filter(|spot| !spot.upwards))
            })
            .collect();
        if spots.is_empty() && shown(index) {
            unnamed.push(Entry { sign: Sign::Box(palette::fill(index)), label: phase.name.clone() });
        }
        names.extend(spots.into_iter().map(|spot| (spot, index)));
    }
    (names, unnamed)
}

/// Appends the phase of every cell to the table of a diagram.
fn tabulate_cells(analysis: &Analysis, slice: &Slice<'_>, table: &mut Table) {
    for (row, column, cell) in slice.cells() {
        let Some(phase) = cell.phase.and_then(|id| analysis.phases.iter().find(|p| p.id == id)) else { continue };
        let (t, x) = (number(slice.rows[row]), number(slice.columns[column]));
        let (id, empty) = (phase.id.to_string(), String::new);
        table.push(vec!["map".into(), t, x, id, empty(), empty(), phase.name.clone()]);
    }
}

/// Index of the interval between ascending edges that holds `value`.
fn interval(edges: &[f64], value: f64) -> Option<usize> {
    let after = edges.partition_point(|&e| e <= value);
    (after > 0 && after < edges.len()).then(|| after - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_are_half_open() {
        let edges = [0.0, 1.0, 3.0];
        assert_eq!(interval(&edges, 0.0), Some(0));
        assert_eq!(interval(&edges, 1.0), Some(1));
        assert_eq!(interval(&edges, 3.0), None);
        assert_eq!(interval(&edges, -0.1), None);
    }
}
