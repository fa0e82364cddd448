//! F = −kT ln P of N and of the order parameters of the layer at the points where the analysis has them: curves, and maps
//! over both. Those of the other observables are in `free_energy.csv` alone: every picture costs as much as a hundredth of
//! an analysis.

use super::distributions::{MOST_MARKERS, SMALLEST, Shown, chosen, names};
use super::{Drawing, Labels};
use crate::analysis::{Analysis, Profile};
use crate::figures::pictures::plot::axis::Axis;
use crate::figures::pictures::plot::canvas::{Canvas, Frame, Stroke, Tile, keep_colours};
use crate::figures::pictures::plot::curves::{Chart, Series, chart};
use crate::figures::pictures::plot::legend::{self, Entry, Sign};
use crate::figures::pictures::plot::palette::{self, ColourScale};
use crate::figures::pictures::plot::{contours, text};
use crate::io::csv::{Table, number};
use crate::observables::order::n_ordered;
use kuva::plot::ColorMap;

/// Largest standard error of a point that is drawn [kT].
const LARGEST_ERROR: f64 = 1.0;
/// Height above the lowest point of a curve beyond which a lone bin says nothing [kT].
const LONE: f64 = 2.0;
/// Maps over N and an order parameter, of each order parameter.
const MOST_PLANES: usize = 3;
/// Contours of these maps: heights above the deepest bin [kT]. A factor of e, 7, 55 and 3000 in P.
const HEIGHTS: [f64; 4] = [1.0, 2.0, 4.0, 8.0];

/// F of N of species `s`.
pub(crate) fn of_n(analysis: &Analysis, labels: &Labels, s: usize) -> Option<Drawing> {
    let species = &analysis.grid.reservoirs.get(s)?.species;
    let all = analysis.distributions.iter().filter(|d| d.reservoir == s).map(Shown::of_n).collect();
    let (column, label) = (format!("n_{species}"), format!("N of {species}"));
    let x = Variable { column: &column, label, title: &format!("the number of {species} atoms"), whole: true };
    curves(analysis, labels, all, x, s)
}

/// F of an order parameter of the layer: an observable whose F is known jointly with N.
pub(crate) fn of_order(analysis: &Analysis, labels: &Labels, observable: usize) -> Option<Drawing> {
    let profiles = analysis.profiles.iter().filter(|p| p.observable == observable && !p.joint.is_empty());
    let all = profiles
        .map(|p| {
            let points = p.value.iter().zip(&p.p).zip(&p.p_err).map(|((&x, &p), &err)| (x, p, err)).collect();
            Shown { temperature: p.temperature, mu: &p.mu, points }
        })
        .collect();
    let (name, label) = (&analysis.observables[observable], &analysis.observable_labels[observable]);
    curves(analysis, labels, all, Variable { column: name, label: label.clone(), title: label, whole: false }, 0)
}

/// What F is of.
struct Variable<'a> {
    /// Of the CSV, and part of the name of the figure.
    column: &'a str,
    label: String,
    title: &'a str,
    /// Whether it has whole values, each a point of its own.
    whole: bool,
}

/// One curve for each place.
fn curves(analysis: &Analysis, labels: &Labels, all: Vec<Shown<'_>>, x: Variable<'_>, s: usize) -> Option<Drawing> {
    let (n, Variable { column, label: x_label, title, whole }) = (all.len(), x);
    let chosen = chosen(analysis, all, s);
    let symbol = labels.mu_symbol(&analysis.grid.reservoirs.get(s)?.convention);
    let mut table = Table::new(columns(analysis, &[column, "free_energy", "error"]));
    let mut series = Vec::new();
    for ((place, colour), label) in chosen.iter().zip(names(&chosen)) {
        let kt = labels.units.boltzmann() * place.temperature;
        let mut runs: Vec<Vec<(f64, f64, f64)>> = vec![Vec::new()];
        for &(x, p, err) in &place.points {
            if p < SMALLEST || !p.is_finite() || err.is_nan() || err > LARGEST_ERROR * p {
                runs.push(Vec::new());
                continue;
            }
            let point = (x, -kt * p.ln(), kt * err / p);
            let mut row = at(analysis, place.temperature, place.mu);
            row.extend([number(point.0), number(point.1), number(point.2)]);
            table.push(row);
            if let Some(run) = runs.last_mut() {
                run.push(point);
            }
        }
        runs.retain(|run| !run.is_empty());
        // Whole numbers are points of their own, however few of them stand together; a lone bin on a slope says nothing.
        let lowest = runs.iter().flatten().map(|p| p.1).fold(f64::INFINITY, f64::min);
        if !whole {
            runs.retain(|run| run.len() > 1 || run[0].1 <= lowest + LONE * kt);
        }
        let marked = whole && place.points.len() <= MOST_MARKERS;
        let points =
            if marked { runs.concat().into_iter().map(|(x, f, _)| (x, f, f64::NAN)).collect() } else { Vec::new() };
        series.push(Series { label, colour: colour.clone(), runs, points });
    }
    if series.iter().all(|s| s.runs.is_empty()) {
        return None;
    }
    let mut caption = format!(
        "F = −kT ln P of {title} at chosen (T, {symbol}), by MBAR, with standard errors as bands, where these are below 1 \
         kT. Two minima parted by more than 1 kT are two phases."
    );
    if !whole {
        caption.push_str(&format!(" Lone bins {LONE:.0} kT and more above the lowest are in the table alone."));
    }
    if chosen.len() < n {
        caption.push_str(&format!(" {} of {n} places are shown.", chosen.len()));
    }
    let outline = Chart {
        name: format!("free_energy_{column}"),
        title: format!("Free energy of {title}"),
        caption,
        x_label,
        y_label: format!("−kT ln P [{}]", labels.units.energy_label()),
        heading: labels.states(analysis),
        notes: Vec::new(),
        log_floor: None,
        from_zero: true,
    };
    chart(labels, outline, &series, table)
}

/// F over N and an order parameter of the layer: one figure at each of up to three temperatures, at the boundary if there
/// is one.
pub(crate) fn planes(analysis: &Analysis, labels: &Labels, observable: usize) -> Vec<Drawing> {
    let profiles: Vec<&Profile> =
        analysis.profiles.iter().filter(|p| p.observable == observable && !p.joint.is_empty()).collect();
    let shown = |p: &&Profile| super::distributions::at_boundary(analysis, p.temperature, &p.mu, 0);
    let of_temperature: Vec<&Profile> = profiles
        .chunk_by(|a, b| a.temperature.to_bits() == b.temperature.to_bits())
        .map(|here| here.iter().find(|p| shown(p)).copied().unwrap_or(here[here.len() / 2]))
        .collect();
    let (places, n) = (&of_temperature[..of_temperature.len().min(MOST_PLANES)], profiles.len());
    // one range of colours and of N for all
    let all: Vec<_> = places.iter().flat_map(|p| joint_free_energy(labels, p)).collect();
    let colours = all.iter().map(|p| p.2);
    let Some(scale) = ColourScale::spanning(colours, f64::INFINITY, ColorMap::Viridis) else { return Vec::new() };
    let common = Common { scale, most: all.iter().map(|p| p.0).fold(0.0, f64::max), figures: places.len(), n };
    places.iter().enumerate().filter_map(|(i, p)| plane(analysis, labels, p, &common, i)).collect()
}

/// What the maps of an order parameter have in common.
struct Common {
    scale: ColourScale,
    /// The largest N.
    most: f64,
    /// Maps that are drawn, and all.
    figures: usize,
    n: usize,
}

/// N_ord, if N atoms of one species alone make up the layer: Φ > N/N_ord cannot occur then.
fn perfect_layer(analysis: &Analysis, observable: usize) -> Option<f64> {
    let cell = &analysis.cell;
    let sites = cell.monolayer.first().filter(|n| cell.by_sites && n.is_finite())?;
    let alone = analysis.grid.n_reservoirs() == 1 && cell.fixed_adsorbates == 0;
    n_ordered(&analysis.observables[observable], *sites as u64).filter(|_| alone).map(|n| n as f64)
}

/// (N, value, F, its error) of every bin that was sampled.
fn joint_free_energy(labels: &Labels, profile: &Profile) -> Vec<(f64, f64, f64, f64)> {
    let kt = labels.units.boltzmann() * profile.temperature;
    let mut points = Vec::new();
    for (i, row) in profile.joint.iter().enumerate() {
        for (n, &p) in row.iter().enumerate().filter(|(_, p)| **p >= SMALLEST) {
            points.push((n as f64, profile.value[i], -kt * p.ln(), kt * profile.joint_err[i][n] / p));
        }
    }
    points
}

/// The map at one place.
///
/// - `index`: number of the figure
fn plane(analysis: &Analysis, labels: &Labels, profile: &Profile, common: &Common, index: usize) -> Option<Drawing> {
    let Common { scale, most, .. } = common;
    let axis = analysis.grid.reservoirs.first()?;
    let name = &analysis.observables[profile.observable];
    let half = 0.5 * (profile.value.get(1)? - profile.value[0]);
    let points = joint_free_energy(labels, profile);
    let label = &analysis.observable_labels[profile.observable];
    let title = format!("Free energy of N and {label}");
    let perfect = perfect_layer(analysis, profile.observable);
    let entries = entries_of_planes(perfect);
    let (of_t, of_mu) = (labels.units.temperature_label(), labels.units.energy_label());
    let mut place = format!("T = {} {of_t}", text::short(profile.temperature, 4));
    for (symbol, mu) in labels.mu_symbols(analysis).iter().zip(&profile.mu) {
        place.push_str(&format!(", {symbol} = {} {of_mu}", text::short(*mu, 3)));
    }
    // a subtitle has no subscripts
    let plain = place.replace("k_B", "k");
    let subtitle = match labels.title.is_empty() {
        true => plain,
        false => format!("{}, {plain}", labels.title),
    };
    let frame = Frame {
        title: title.clone(),
        subtitle,
        x: Axis::linear(format!("N of {}", axis.species), -0.5, most + 0.5),
        y: Axis::linear(label.clone(), profile.value[0] - half, profile.value[profile.value.len() - 1] + half),
        right: legend::COLOUR_BAR_ROOM,
        bottom: legend::bottom_room(&entries),
    };
    let name_of_figure = format!("free_energy_2d_{name}_{index}");
    let mut canvas = Canvas::new(&name_of_figure, frame);
    keep_colours(&mut canvas.scene);
    canvas.fill_area(palette::MASKED);
    if let Some(perfect) = perfect {
        cannot_occur(&mut canvas, profile, half, perfect);
    }
    let tile = |&(n, y, f, _): &(f64, f64, f64, f64)| Tile {
        x: (n - 0.5, n + 0.5),
        y: (y - half, y + half),
        colour: scale.colour(f),
    };
    canvas.tiles(&points.iter().map(tile).collect::<Vec<_>>());
    canvas.clip(&name_of_figure);
    contours_of_heights(&mut canvas, labels, profile, scale);
    canvas.unclip();
    canvas.axes(false);
    legend::colour_bar(&mut canvas, scale, &format!("−kT ln P [{}]", labels.units.energy_label()));
    legend::bottom_legend(&mut canvas, &entries);
    let n_column = format!("n_{}", axis.species);
    let mut table = Table::new(columns(analysis, &[name, &n_column, "free_energy", "error"]));
    for &(n, y, f, err) in &points {
        let mut row = at(analysis, profile.temperature, &profile.mu);
        row.extend([number(y), number(n), number(f), number(err)]);
        table.push(row);
    }
    let same = match common.figures {
        1 => String::new(),
        n => format!(" Colours and axes are those of all {n} such figures."),
    };
    let caption = format!(
        "F = −kT ln P of N and of {label} together at {place}, by MBAR. Each dark valley is a phase; thin: contours {} kT above the \
         deepest, of P averaged over three bins of {label}.{same} One of {} such maps in analysis/free_energy_2d.csv.",
        heights(),
        common.n,
    );
    Some(Drawing { name: name_of_figure, title, caption, canvas, table })
}

/// The heights of contours in words.
fn heights() -> String {
    HEIGHTS.map(|height| text::short(height, 0)).join(", ")
}

/// The legend of the maps.
///
/// - `perfect`: N_ord, if it bounds Φ
fn entries_of_planes(perfect: Option<f64>) -> Vec<Entry> {
    let contour = Sign::Line(Stroke::solid(palette::FAINT, contours::WIDTH), None);
    let mut entries = vec![
        Entry { sign: contour, label: format!("{} kT above the deepest", heights()) },
        Entry { sign: Sign::Box(palette::MASKED), label: "not sampled, or P below 10⁻⁶".into() },
    ];
    entries.extend(perfect.map(|perfect| Entry {
        sign: Sign::Box(palette::PAPER),
        label: format!("cannot occur: Φ is N/{} at most", text::short(perfect, 0)),
    }));
    entries
}

/// Leaves white what no configuration of N atoms can have.
fn cannot_occur(canvas: &mut Canvas, profile: &Profile, half: f64, perfect: f64) {
    let (lo, hi) = (canvas.y.lo, canvas.y.hi);
    let columns = (0..).map(f64::from).take_while(|n| n - 0.5 < canvas.x.hi);
    let tiles: Vec<Tile> = columns
        .filter_map(|n| {
            // from the first bin that lies above the bound altogether
            let first = profile.value.iter().map(|y| y - half).find(|from| *from > n / perfect + 1e-6)?;
            Some(Tile { x: (n - 0.5, n + 0.5), y: (first.max(lo), hi), colour: palette::PAPER })
        })
        .collect();
    canvas.tiles(&tiles);
}

/// Contours of a map at [`HEIGHTS`], of P averaged over each bin and those beside it along Φ: of single ones they would show little but
/// their errors.
fn contours_of_heights(canvas: &mut Canvas, labels: &Labels, profile: &Profile, scale: &ColourScale) {
    let kt = labels.units.boltzmann() * profile.temperature;
    let counts: Vec<f64> = (0..profile.joint.first().map_or(0, Vec::len)).map(|n| n as f64).collect();
    let value = |i: usize, n: usize| match profile.joint[i][n] >= SMALLEST {
        true => {
            let beside = &profile.joint[i.saturating_sub(1)..profile.joint.len().min(i + 2)];
            -kt * (beside.iter().map(|row| row[n]).sum::<f64>() / beside.len() as f64).ln()
        }
        false => f64::NAN,
    };
    let all = (0..profile.joint.len()).flat_map(|i| (0..counts.len()).map(move |n| (i, n)));
    let deepest = all.map(|(i, n)| value(i, n)).filter(|f| f.is_finite()).fold(f64::INFINITY, f64::min);
    for height in HEIGHTS {
        let level = deepest + height * kt;
        contours::draw(canvas, (&counts, &profile.value), value, level, &scale.line_on(level));
    }
}

/// Columns of a table: the place, then these.
fn columns(analysis: &Analysis, further: &[&str]) -> Vec<String> {
    let mu = analysis.grid.reservoirs.iter().map(|r| format!("mu_{}", r.species));
    std::iter::once("temperature".to_owned()).chain(mu).chain(further.iter().map(|&c| c.to_owned())).collect()
}

/// Fields of a row: the place.
fn at(analysis: &Analysis, temperature: f64, mu: &[f64]) -> Vec<String> {
    let of = |r: usize| number(mu.get(r).copied().unwrap_or(f64::NAN));
    std::iter::once(number(temperature)).chain((0..analysis.grid.n_reservoirs()).map(of)).collect()
}
