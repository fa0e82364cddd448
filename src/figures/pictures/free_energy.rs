//! F = −kT ln P of N and of the order parameters of the layer at the points where the analysis has them: curves, and maps
//! over both. Those of the other observables are in `free_energy.csv` alone: every picture costs as much as a hundredth of
//! an analysis.

use super::distributions::{SMALLEST, Shown, chosen, names};
use super::{Drawing, Labels};
use crate::analysis::{Analysis, Profile};
use crate::figures::pictures::plot::axis::Axis;
use crate::figures::pictures::plot::canvas::{Canvas, Frame, Tile};
use crate::figures::pictures::plot::curves::{Chart, Series, chart};
use crate::figures::pictures::plot::legend::{self, Entry, Sign};
use crate::figures::pictures::plot::palette::{self, ColourScale};
use crate::figures::pictures::plot::text;
use crate::io::csv::{Table, number};
use kuva::plot::ColorMap;

/// Largest standard error of a point that is drawn [kT].
const LARGEST_ERROR: f64 = 1.0;
/// Maps over N and an order parameter, of each order parameter.
const MOST_PLANES: usize = 3;

/// F of N of species `s`.
pub(crate) fn of_n(analysis: &Analysis, labels: &Labels, s: usize) -> Option<Drawing> {
    let species = &analysis.grid.reservoirs.get(s)?.species;
    let all = analysis.distributions.iter().filter(|d| d.reservoir == s).map(Shown::of_n).collect();
    let (column, label) = (format!("n_{species}"), format!("N of {species}"));
    curves(analysis, labels, all, &column, label, &format!("the number of {species} atoms"), s)
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
    curves(analysis, labels, all, name, label.clone(), label, 0)
}

/// One curve for each place.
///
/// - `column`: of the CSV, and part of the name of the figure
fn curves(
    analysis: &Analysis,
    labels: &Labels,
    all: Vec<Shown<'_>>,
    column: &str,
    x_label: String,
    title: &str,
    s: usize,
) -> Option<Drawing> {
    let n = all.len();
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
        series.push(Series { label, colour: colour.clone(), runs, points: Vec::new() });
    }
    if series.iter().all(|s| s.runs.is_empty()) {
        return None;
    }
    let mut caption = format!(
        "F = −kT ln P of {title} at chosen (T, {symbol}), by MBAR, with standard errors as bands, where these are below 1 \
         kT. Two minima parted by more than 1 kT are two phases."
    );
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
    // one range of colours for all
    let all = places.iter().flat_map(|p| joint_free_energy(labels, p)).map(|p| p.2);
    let Some(scale) = ColourScale::spanning(all, f64::INFINITY, ColorMap::Viridis) else { return Vec::new() };
    places.iter().enumerate().filter_map(|(i, p)| plane(analysis, labels, p, &scale, (i, n))).collect()
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
/// - `index`, `of`: number of the figure and of all profiles
fn plane(
    analysis: &Analysis,
    labels: &Labels,
    profile: &Profile,
    scale: &ColourScale,
    (index, of): (usize, usize),
) -> Option<Drawing> {
    let axis = analysis.grid.reservoirs.first()?;
    let name = &analysis.observables[profile.observable];
    let half = 0.5 * (profile.value.get(1)? - profile.value[0]);
    let points = joint_free_energy(labels, profile);
    let most = points.iter().map(|p| p.0).fold(0.0, f64::max);
    let label = &analysis.observable_labels[profile.observable];
    let title = format!("Free energy of N and {label}");
    let unseen = [Entry { sign: Sign::Box(palette::MASKED), label: "not sampled, or P below 10⁻⁶".into() }];
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
        bottom: legend::bottom_room(&unseen),
    };
    let name_of_figure = format!("free_energy_2d_{name}_{index}");
    let mut canvas = Canvas::new(&name_of_figure, frame);
    canvas.fill_area(palette::MASKED);
    let tile = |&(n, y, f, _): &(f64, f64, f64, f64)| Tile {
        x: (n - 0.5, n + 0.5),
        y: (y - half, y + half),
        colour: scale.colour(f),
    };
    canvas.tiles(&points.iter().map(tile).collect::<Vec<_>>());
    canvas.axes(false);
    legend::colour_bar(&mut canvas, scale, &format!("−kT ln P [{}]", labels.units.energy_label()));
    legend::bottom_legend(&mut canvas, &unseen);
    let n_column = format!("n_{}", axis.species);
    let mut table = Table::new(columns(analysis, &[name, &n_column, "free_energy", "error"]));
    for &(n, y, f, err) in &points {
        let mut row = at(analysis, profile.temperature, &profile.mu);
        row.extend([number(y), number(n), number(f), number(err)]);
        table.push(row);
    }
    let caption = format!(
        "F = −kT ln P of N and of {label} together at {place}, by MBAR. Each dark valley is a phase; the colours are those of all such \
         figures. One of {of} such maps \
         in analysis/free_energy_2d.csv."
    );
    Some(Drawing { name: name_of_figure, title, caption, canvas, table })
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
