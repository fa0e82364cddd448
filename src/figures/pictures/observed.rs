//! Observables that the scene asks for: averages along μ (or T), and what is stored as histograms: density profiles, pair
//! distributions, numbers of neighbours.

use super::isolines::thinned;
use super::{Drawing, Labels};
use crate::analysis::{Analysis, MapCell, MeanHistogram, StateHistogram};
use crate::base::ids::StateId;
use crate::figures::pictures::plot::curves::{Chart, Point, Series, chart, estimator_notes, runs, value};
use crate::figures::pictures::plot::map_slice::{Across, Slice, nearest};
use crate::figures::pictures::plot::of_temperature;
use crate::figures::pictures::plot::{palette, text};
use crate::io::csv::{Table, number};
use crate::observables::rdf::{ideal_counts, ring, shell_in_bulk, shell_in_slab};

/// ⟨A⟩ of an observable against μ of a species at each simulated temperature; against T where there is one μ or none.
pub(crate) fn average(analysis: &Analysis, labels: &Labels, observable: usize, s: usize) -> Option<Drawing> {
    let column = &analysis.observables[observable];
    let label = &legible(column, &analysis.observable_labels[observable]);
    let known = |cell: &MapCell| (value(&cell.observables, observable), value(&cell.observables_err, observable));
    let title = match ["atoms", "neighbours"].iter().any(|counted| label.starts_with(counted)) {
        true => format!("Mean number of {label}"),
        false => format!("Mean of {label}"),
    };
    let said = |against: &str| {
        format!(
            "⟨A⟩ of {label} (column `{column}` of analysis/maps.csv) {against}, by MBAR, with standard errors as bands."
        )
    };
    let words = |name: String, caption: String| of_temperature::Words {
        name,
        title: title.clone(),
        y_label: label.clone(),
        column: column.clone(),
        caption,
    };
    let Some(axis) = analysis.grid.reservoirs.get(s) else {
        let words = words(format!("observable_{column}"), said("against temperature"));
        return of_temperature::of_canonical(analysis, labels, words, known);
    };
    let slice = Slice::new(analysis, Across::Mu, s)?;
    let several = analysis.grid.n_reservoirs() > 1;
    let name = if several { format!("observable_{column}_{}", axis.species) } else { format!("observable_{column}") };
    if slice.columns.len() < 2 {
        return of_temperature::along(analysis, labels, &slice, words(name, said("against temperature")), known);
    }
    let mut temperatures = analysis.grid.temperatures();
    temperatures.sort_by(f64::total_cmp);
    temperatures.dedup();
    let chosen: Vec<f64> = thinned(temperatures.len()).into_iter().map(|i| temperatures[i]).collect();
    let decimals = text::decimals(chosen.iter().copied(), 4);
    let mu = format!("mu_{}", axis.species);
    let mut table = Table::new(["temperature", &mu, column, &format!("{column}_err")]);
    let mut series = Vec::new();
    for (i, &temperature) in chosen.iter().enumerate() {
        let row = nearest(&slice.rows, temperature);
        let runs = runs((0..slice.columns.len()).map(|c| (slice.columns[c], slice.cell(row, c))), known);
        for &(x, y, err) in runs.iter().flatten() {
            table.push([slice.rows[row], x, y, err].map(number).to_vec());
        }
        let (label, colour) = (text::fixed(slice.rows[row], decimals), palette::ordered(i, chosen.len()));
        series.push(Series { label, colour, runs, points: Vec::new() });
    }
    series.retain(|s| !s.runs.is_empty());
    let outline = Chart {
        name,
        title,
        caption: said(&format!("against the chemical potential of {} at simulated temperatures", axis.species))
            + &slice.fixed_words(analysis, labels),
        x_label: labels.mu(analysis, s),
        y_label: label.clone(),
        heading: labels.temperature(),
        notes: estimator_notes(false),
        log_floor: None,
        from_zero: true,
    };
    chart(&slice.labelled(analysis, labels), outline, &series, table)
}

/// The label of an observable; the name of its column in words where it has none.
fn legible(column: &str, label: &str) -> String {
    if column != label {
        return label.to_owned();
    }
    match column.strip_prefix("n_layer") {
        Some(layer) => format!("atoms in layer {layer}"),
        None => match column.strip_prefix("site_") {
            Some(site) => format!("atoms on {site} sites"),
            None => column.replace("psi6", "ψ6").replace('_', " "),
        },
    }
}

/// Divisors of the bins of a state.
type Divisor<'a> = Box<dyn Fn(&StateHistogram) -> Option<Vec<f64>> + 'a>;

/// How a stored histogram is drawn.
struct Way<'a> {
    title: String,
    /// Of the x axis, with unit.
    x_label: String,
    /// Of the x axis in the CSV.
    x_column: &'static str,
    y_label: String,
    y_column: &'static str,
    /// What the ordinate is.
    caption: String,
    /// What the mean counts of a state are divided by, bin by bin; `None` if it holds nothing to be drawn.
    divisor: Divisor<'a>,
}

/// A stored histogram on average over the samples of chosen states.
pub(crate) fn histogram(analysis: &Analysis, labels: &Labels, histogram: &MeanHistogram) -> Option<Drawing> {
    let bins = histogram.states.first()?.mean.len();
    let way = way(analysis, labels, histogram, bins);
    let width = (histogram.hi - histogram.lo) / bins as f64;
    let grid = &analysis.grid;
    let temperature = |s: &StateHistogram| grid.states[s.state].temperature;
    let mus = |s: &StateHistogram| -> Vec<f64> {
        (0..grid.n_reservoirs()).map(|r| grid.mu(StateId(s.state as u32), r)).collect()
    };
    let names = text::states(&histogram.states.iter().map(|s| (temperature(s), mus(s))).collect::<Vec<_>>());
    let mut columns = vec!["state".to_owned(), "temperature".into()];
    columns.extend(grid.reservoirs.iter().map(|r| format!("mu_{}", r.species)));
    columns.extend([way.x_column, way.y_column, "error"].map(str::to_owned));
    let mut table = Table::new(columns);
    let mut series = Vec::new();
    let n_temperatures = {
        let mut all: Vec<u64> = histogram.states.iter().map(|s| temperature(s).to_bits()).collect();
        all.dedup();
        all.len()
    };
    let mut group = 0;
    for (i, state) in histogram.states.iter().enumerate() {
        let before = i.checked_sub(1).map(|b| &histogram.states[b]);
        group += usize::from(before.is_some_and(|b| temperature(b) != temperature(state)));
        let Some(divisor) = (way.divisor)(state) else { continue };
        let place = |k: usize| histogram.lo + width * (k as f64 + 0.5);
        let of_bin = |k: usize| -> Point { (place(k), state.mean[k] / divisor[k], state.error[k] / divisor[k]) };
        let run: Vec<Point> = (0..bins).filter(|&k| divisor[k] > 0.0).map(of_bin).collect();
        for &(x, y, err) in &run {
            let mut row = vec![state.state.to_string(), number(temperature(state))];
            row.extend(mus(state).into_iter().chain([x, y, err]).map(number));
            table.push(row);
        }
        let of_this: Vec<usize> =
            (0..histogram.states.len()).filter(|&j| temperature(&histogram.states[j]) == temperature(state)).collect();
        let colour = match grid.n_reservoirs() {
            0 => palette::ordered(group, n_temperatures),
            _ if n_temperatures > 1 => palette::shade(group, i - of_this[0], of_this.len()),
            _ => palette::line(i),
        };
        series.push(Series { label: names[i].clone(), colour, runs: vec![run], points: Vec::new() });
    }
    let outline = Chart {
        name: histogram.name.clone(),
        title: way.title,
        caption: format!(
            "{} Averages of each state's own samples, no reweighting, with standard errors as bands, in chosen states (column \
             `state`).",
            way.caption
        ),
        x_label: way.x_label,
        y_label: way.y_label,
        heading: labels.states(analysis),
        notes: Vec::new(),
        log_floor: None,
        from_zero: true,
    };
    chart(labels, outline, &series, table)
}

/// How a histogram is drawn, by the name of its column.
fn way<'a>(analysis: &'a Analysis, labels: &Labels, histogram: &'a MeanHistogram, bins: usize) -> Way<'a> {
    let length = labels.units.length_label();
    let width = (histogram.hi - histogram.lo) / bins as f64;
    if let Some(way) = pairs(analysis, labels, histogram, bins) {
        return way;
    }
    let name = histogram.name.as_str();
    if let Some(species) = name.strip_prefix("density_").or(name.strip_prefix("layers_")) {
        // z runs from floor to ceiling, or over the period.
        let area = analysis.cell.volume.map_or(f64::NAN, |volume| volume / (histogram.hi - histogram.lo));
        let fine = if name.starts_with("layers_") { ", in the fine bins of `Layers`" } else { "" };
        return Way {
            title: format!("Density profile of {species}{}", if fine.is_empty() { "" } else { " (layers)" }),
            x_label: format!("z [{length}]"),
            x_column: "z",
            y_label: format!("ρ of {species} [1/{length}³]"),
            y_column: "density",
            caption: format!("Atoms of {species} per volume over the height{fine}."),
            divisor: Box::new(move |_| Some(vec![area * width; bins])),
        };
    }
    match name {
        "coordination_histogram" => Way {
            title: "Numbers of neighbours".into(),
            x_label: "neighbours".into(),
            x_column: "neighbours",
            y_label: "share of atoms".into(),
            y_column: "share",
            caption: "Shares of the adsorbed atoms with so many neighbours; the last place stands for 12 or more."
                .into(),
            divisor: Box::new(move |s| {
                let all: f64 = s.mean.iter().sum();
                (all > 0.0).then(|| vec![all; bins])
            }),
        },
        "dimer_buckling" => Way {
            title: "Buckling of dimers".into(),
            x_label: format!("|Δz| [{length}]"),
            x_column: "dz",
            y_label: format!("dimers per |Δz| [1/{length}]"),
            y_column: "dimers",
            caption: "Dimers of the cell over the difference of height of their atoms.".into(),
            divisor: Box::new(move |_| Some(vec![width; bins])),
        },
        _ => Way {
            title: histogram.label.clone(),
            x_label: histogram.label.clone(),
            x_column: "value",
            y_label: "mean number".into(),
            y_column: "mean",
            caption: format!("Mean of the histogram `{name}`."),
            divisor: Box::new(move |_| Some(vec![1.0; bins])),
        },
    }
}

/// How a histogram of pairs is drawn; `None` if it is not one.
fn pairs<'a>(analysis: &'a Analysis, labels: &Labels, histogram: &'a MeanHistogram, bins: usize) -> Option<Way<'a>> {
    let species = match histogram.name.as_str() {
        "rdf" | "rdf_layer" => None,
        name => Some(name.strip_prefix("rdf_")?.replacen('_', " and ", 1)),
    };
    let (in_plane, all) = (histogram.name == "rdf_layer", histogram.name == "rdf");
    let r_max = histogram.hi;
    let volume = analysis.cell.volume.unwrap_or(f64::NAN);
    // Between two walls only what lies between them counts.
    let height = analysis.cell.area.map(|area| volume / area);
    let within = move |r: f64| match height {
        _ if in_plane => ring(r),
        Some(height) => shell_in_slab(r, height),
        None => shell_in_bulk(r),
    };
    let of = match &species {
        Some(species) => format!(" of {species}"),
        None => (if in_plane { " in the first layer" } else { "" }).to_owned(),
    };
    let norm = match all {
        true => "divided by that of an ideal gas of as many atoms, which fills the cell evenly".to_owned(),
        false => format!(
            "divided by that of pairs spread evenly {} and scaled to a mean of 1 up to r = {} {}",
            if in_plane { "over the plane" } else { "over the cell" },
            text::short(r_max, 3),
            labels.units.length_label()
        ),
    };
    let kinds = if in_plane { "in the plane" } else { "in space" };
    Some(Way {
        title: format!("Pair distribution{of}"),
        x_label: format!("r [{}]", labels.units.length_label()),
        x_column: "r",
        y_label: "g(r)".into(),
        y_column: "g",
        caption: format!("Number of pairs{of} at a distance {kinds}, {norm}."),
        divisor: Box::new(move |s| {
            let (count, space) = if all { (s.pairs, volume) } else { (s.mean.iter().sum(), within(r_max)) };
            (count > 0.0).then(|| ideal_counts(count, r_max, bins, within, space))
        }),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_without_a_label_are_put_in_words() {
        assert_eq!(legible("psi6_local", "psi6_local"), "ψ6 local");
        assert_eq!(legible("n_layer2", "n_layer2"), "atoms in layer 2");
        assert_eq!(legible("site_fcc", "site_fcc"), "atoms on fcc sites");
        assert_eq!(legible("order_sqrt3", "Φ of √3×√3"), "Φ of √3×√3");
    }
}
