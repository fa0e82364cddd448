//! Adsorption as experiments report it: atoms per area against p, excess, heats of adsorption, Henry constants.

use super::isolines::thinned;
use super::{Drawing, Labels};
use crate::analysis::{Analysis, MapCell};
use crate::base::units::Units;
use crate::figures::pictures::plot::axis::{Axis, Secondary};
use crate::figures::pictures::plot::curves::{
    Axes, Chart, Point, Series, chart_on, estimator_notes, runs, value, without_lone,
};
use crate::figures::pictures::plot::doubts::Doubts;
use crate::figures::pictures::plot::map_slice::{Across, Slice, nearest};
use crate::figures::pictures::plot::{palette, text};
use crate::io::csv::{Table, number};

/// A heat of adsorption is drawn if its error is below this share of it.
const KNOWN: f64 = 0.15;
/// Largest change of ln(∂ ln N/∂ ln p) from one interval of the map to the next within which an isotherm is straight enough to be read
/// between two cells.
const BEND: f64 = 0.25;
/// Amounts at which Clausius and Clapeyron are tried, evenly in N and in ln N, and the lowest of them as a share of the highest.
const TRIED: usize = 40;
const LOWEST: f64 = 0.003;
/// Points from Clausius and Clapeyron on each curve.
const CLAPEYRON: usize = 6;

/// Simulated temperatures, ascending, thinned to what a picture holds.
fn temperatures(analysis: &Analysis) -> Vec<f64> {
    let mut all = analysis.grid.temperatures();
    all.sort_by(f64::total_cmp);
    all.dedup();
    thinned(all.len()).into_iter().map(|i| all[i]).collect()
}

/// The row of a plane that holds a temperature.
fn row_at(slice: &Slice<'_>, temperature: f64) -> Option<usize> {
    let row = nearest(&slice.rows, temperature);
    ((slice.rows[row] - temperature).abs() <= 1e-6 * temperature).then_some(row)
}

/// What amounts are counted by: the area of the surface, or the volume of a cell without one.
pub(super) struct Extent {
    pub(super) size: f64,
    /// `area` or `volume`
    name: &'static str,
    /// `/Å²` or `/σ³`
    per: String,
    /// Monolayers per atom and area, if they are known.
    coverage: Option<(f64, &'static str)>,
}

impl Extent {
    pub(super) fn of(analysis: &Analysis, labels: &Labels, s: usize) -> Option<Extent> {
        let (cell, length) = (&analysis.cell, labels.units.length_label());
        let Some(area) = cell.area else {
            return Some(Extent { size: cell.volume?, name: "volume", per: format!("1/{length}³"), coverage: None });
        };
        let monolayer = value(&cell.monolayer, s);
        let unit = if cell.by_sites { "atoms per site" } else { "close-packed monolayers" };
        let coverage = monolayer.is_finite().then(|| (area / monolayer, unit));
        Some(Extent { size: area, name: "area", per: format!("1/{length}²"), coverage })
    }

    pub(super) fn label(&self, of: &str) -> String {
        format!("{of} per {} [{}]", self.name, self.per)
    }

    /// The axis of coverage beside one of atoms per area.
    fn coverage_axis(&self, own: &Axis) -> Vec<Secondary> {
        let axis = |(factor, unit): (f64, &str)| {
            Secondary::linear(own, &Axis::linear(format!("coverage [{unit}]"), factor * own.lo, factor * own.hi))
        };
        self.coverage.map(axis).into_iter().collect()
    }

    /// Coverage of atoms per area; NaN if it is not known.
    fn coverage(&self, per_area: f64) -> f64 {
        self.coverage.map_or(f64::NAN, |(factor, _)| factor * per_area)
    }
}

/// Atoms per area (in a cell without a surface: per volume) against p at each simulated temperature.
pub(crate) fn isotherms(analysis: &Analysis, labels: &Labels, s: usize) -> Option<Drawing> {
    let species = &analysis.grid.reservoirs[s].species;
    let words = Words {
        name: format!("isotherms_pressure_{species}"),
        title: "Isotherms in pressure",
        what: format!("⟨N⟩ of {species}"),
        column: "n",
        caption: format!("Atoms of {species} in the cell"),
    };
    against_pressure(analysis, labels, s, words, |cell| (value(&cell.n, s), value(&cell.n_err, s)))
}

/// Excess adsorption per area against p at each simulated temperature.
pub(crate) fn excess(analysis: &Analysis, labels: &Labels, s: usize) -> Option<Drawing> {
    if analysis.cell.area.is_none() || analysis.cell.holds_gas_alone {
        return None;
    }
    let species = &analysis.grid.reservoirs[s].species;
    let words = Words {
        name: format!("excess_{species}"),
        title: "Excess adsorption",
        what: format!("excess of {species}"),
        column: "excess",
        caption: format!(
            "Atoms of {species} less those that its gas would have in the volume above the dividing surface (density by second \
             virial coefficients; nothing is drawn where the gas is too dense for them)"
        ),
    };
    against_pressure(analysis, labels, s, words, |cell| (value(&cell.adsorption.excess, s), value(&cell.n_err, s)))
}

/// Names of an isotherm.
struct Words {
    name: String,
    title: &'static str,
    what: String,
    /// In the CSV.
    column: &'static str,
    caption: String,
}

/// What is drawn at one temperature.
#[derive(Default)]
struct Isotherm {
    /// Runs of the curve, per area.
    curves: Vec<Vec<Point>>,
    /// States, per area.
    points: Vec<Point>,
    doubts: Doubts,
    /// Layer, p, pressure of the gas, amount with its error, whether at `max_atoms`.
    rows: Vec<(&'static str, [f64; 4], bool)>,
}

impl Isotherm {
    /// - `amount`: atoms and their error
    fn new(
        analysis: &Analysis,
        labels: &Labels,
        slice: &Slice<'_>,
        temperature: f64,
        size: f64,
        amount: &dyn Fn(&MapCell) -> (f64, f64),
    ) -> Isotherm {
        let (row, s) = (row_at(slice, temperature), slice.species);
        let cells = || (0..slice.columns.len()).map(|c| (slice.columns[c], row.and_then(|r| slice.cell(r, c))));
        let scaled = |cell: &MapCell| {
            let (n, err) = amount(cell);
            (n / size, err / size)
        };
        let numbers = |p: f64, cell: &MapCell| {
            let (n, err) = amount(cell);
            [p, cell.adsorption.gas_pressure.unwrap_or(f64::NAN), n, err]
        };
        let mut isotherm = Isotherm { curves: runs(cells(), scaled), ..Isotherm::default() };
        let known = cells().filter_map(|(p, cell)| Some((p, cell.filter(|cell| amount(cell).0.is_finite())?)));
        isotherm.rows.extend(known.map(|(p, cell)| ("mbar", numbers(p, cell), false)));
        let states = slice.simulated(analysis, labels);
        for (_, p, k) in states.into_iter().filter(|(t, _, _)| (t - temperature).abs() <= 1e-9 * temperature) {
            let known = analysis.direct.get(k).zip(analysis.at_states.get(k)).filter(|(d, _)| d.samples > 0);
            let Some((direct, at_state)) = known else { continue };
            // The state's own atoms with the gas of its activities.
            let shift = value(&direct.n, s) - value(&at_state.n, s);
            let mut own = at_state.clone();
            own.adsorption.excess.iter_mut().skip(s).take(1).for_each(|excess| *excess += shift);
            (own.n, own.n_err) = (direct.n.clone(), direct.n_err.clone());
            let (n, err) = scaled(&own);
            if n.is_finite() {
                isotherm.doubts.add(analysis, k, s, (p, n));
                isotherm.points.push((p, n, err));
                isotherm.rows.push(("direct", numbers(p, &own), isotherm.doubts.is_at_limit((p, n))));
            }
        }
        isotherm
    }
}

/// A number of atoms against p: curves from the map in p, points from the states.
fn against_pressure(
    analysis: &Analysis,
    labels: &Labels,
    s: usize,
    words: Words,
    amount: impl Fn(&MapCell) -> (f64, f64),
) -> Option<Drawing> {
    let slice = Slice::new(analysis, Across::Pressure, s)?;
    let extent = Extent::of(analysis, labels, s)?;
    if slice.columns.len() < 2 {
        return None;
    }
    let (species, chosen) = (&analysis.grid.reservoirs[s].species, temperatures(analysis));
    let decimals = text::decimals(chosen.iter().copied(), 4);
    let columns = [
        "layer",
        "temperature",
        &format!("pressure_{species}"),
        "gas_pressure",
        words.column,
        &format!("{}_err", words.column),
        &format!("{}_per_{}", words.column, extent.name),
        "coverage",
        "at_max_atoms",
    ];
    let (mut table, mut series, mut doubts) = (Table::new(columns), Vec::new(), Doubts::default());
    for (i, &temperature) in chosen.iter().enumerate() {
        let found = Isotherm::new(analysis, labels, &slice, temperature, extent.size, &amount);
        for (layer, [p, gas, n, err], limited) in found.rows {
            let per_area = n / extent.size;
            let numbers = [temperature, p, gas, n, err, per_area, extent.coverage(per_area)].map(number);
            table.push([&[layer.to_owned()][..], &numbers, &[u8::from(limited).to_string()]].concat());
        }
        doubts.append(found.doubts);
        if !(found.curves.is_empty() && found.points.is_empty()) {
            let (label, colour) = (text::fixed(temperature, decimals), palette::ordered(i, chosen.len()));
            series.push(Series { label, colour, runs: found.curves, points: found.points });
        }
    }
    let single = chosen.first().filter(|_| chosen.len() == 1).and_then(|&t| row_at(&slice, t));
    let against = if labels.pressure_symbol(analysis, s) == "p" { "the pressure" } else { "the fugacity f = kT z" };
    let mut caption = format!(
        "{}, per {}, against {against} of the reservoir gas. Curves: MBAR, with standard errors as bands; points: averages of \
         each state's own samples.",
        words.caption, extent.name,
    );
    if let Some((_, unit)) = extent.coverage {
        caption.push_str(&format!(" Right: the same in {unit}."));
    }
    caption.push_str(&slice.fixed_words(analysis, labels));
    let outline = Chart {
        name: words.name,
        title: words.title.into(),
        caption,
        x_label: labels.pressure(analysis, s),
        y_label: extent.label(&words.what),
        heading: labels.temperature(),
        notes: estimator_notes(series.iter().any(|s| !s.points.is_empty())),
        log_floor: None,
        from_zero: true,
    };
    let axes = Axes {
        log_x: true,
        top: Box::new(|x| match single {
            Some(row) => slice.gas_pressure(analysis, labels, row, x).into_iter().collect(),
            None => slice.gas_pressures(analysis, labels, x),
        }),
        right: Box::new(|y| extent.coverage_axis(y)),
    };
    chart_on(&slice.labelled(analysis, labels), outline, axes, &series, table, &doubts)
}

/// Isosteric heat against atoms per area at each simulated temperature: curves from covariances, points from Clausius and
/// Clapeyron along the map.
pub(crate) fn isosteric_heat(analysis: &Analysis, labels: &Labels, s: usize) -> Option<Drawing> {
    let slice = Slice::new(analysis, Across::Mu, s)?;
    if analysis.cell.holds_gas_alone || slice.columns.len() < 2 {
        return None;
    }
    let extent = Extent::of(analysis, labels, s)?;
    let (species, chosen) = (&analysis.grid.reservoirs[s].species, temperatures(analysis));
    let decimals = text::decimals(chosen.iter().copied(), 4);
    let per = format!("n_per_{}", extent.name);
    let columns = ["layer", "temperature", &format!("n_{species}"), &per, "coverage", "q_st", "q_st_err"];
    let (mut table, mut series) = (Table::new(columns), Vec::new());
    // Of several species the lines of constant N of one are none of constant composition.
    let alone = analysis.grid.n_reservoirs() == 1;
    for (i, &temperature) in chosen.iter().enumerate() {
        let Some(row) = row_at(&slice, temperature) else { continue };
        let known = |cell: &&MapCell| {
            let (q, err) = (value(&cell.adsorption.q_st, s), value(&cell.adsorption.q_st_err, s));
            q.is_finite() && err <= KNOWN * q.abs()
        };
        let cells = (0..slice.columns.len()).map(|c| slice.cell(row, c).filter(known));
        let places = cells.map(|cell| (cell.map_or(f64::NAN, |cell| value(&cell.n, s) / extent.size), cell));
        let curves = runs(places, |cell| (value(&cell.adsorption.q_st, s), value(&cell.adsorption.q_st_err, s)));
        let slopes = if alone { clapeyron(analysis, &slice, row, s) } else { Vec::new() };
        let points: Vec<Point> = slopes.iter().map(|&(n, q)| (n / extent.size, q, f64::NAN)).collect();
        for (layer, points) in [("covariance", curves.concat()), ("clapeyron", points.clone())] {
            for (per_area, q, err) in points {
                let n = per_area * extent.size;
                let numbers = [temperature, n, per_area, extent.coverage(per_area), q, err].map(number);
                table.push([&[layer.to_owned()][..], &numbers].concat());
            }
        }
        let (label, colour) = (text::fixed(temperature, decimals), palette::ordered(i, chosen.len()));
        series.push(Series { label, colour, runs: without_lone(curves), points });
    }
    series.retain(|s| !s.runs.is_empty());
    let mut caption = format!(
        "Isosteric heat of adsorption of {species} per atom, q_st = kT − ∂⟨E⟩/∂⟨N⟩ from the covariances of E and N, with \
         standard errors as bands; drawn where these are below {:.0} %.",
        100.0 * KNOWN
    );
    if series.iter().any(|s| !s.points.is_empty()) {
        caption.push_str(" Points: −∂ ln p/∂β at constant ⟨N⟩ (Clausius and Clapeyron) along the map, where isotherms are straight between its cells.");
    }
    if !alone {
        caption.push_str(" The amounts of the other species are constant in the derivative.");
    }
    caption.push_str(&slice.fixed_words(analysis, labels));
    let mut notes = estimator_notes(series.iter().any(|s| !s.points.is_empty()));
    for (note, label) in notes.iter_mut().zip(["covariances (band: standard error)", "Clausius–Clapeyron"]) {
        note.label = label.into();
    }
    let outline = Chart {
        name: format!("isosteric_heat_{species}"),
        title: "Isosteric heat of adsorption".into(),
        caption,
        x_label: extent.label(&format!("⟨N⟩ of {species}")),
        y_label: format!("q_{{st}} of {species} [{}]", labels.units.energy_label()),
        heading: labels.temperature(),
        notes,
        log_floor: None,
        from_zero: false,
    };
    let axes = Axes { top: Box::new(|x| extent.coverage_axis(x)), ..Axes::default() };
    chart_on(&slice.labelled(analysis, labels), outline, axes, &series, table, &Doubts::default())
}

/// (⟨N⟩, q) of −∂ ln p/∂β at constant ⟨N⟩, from the rows of the map above and below.
fn clapeyron(analysis: &Analysis, slice: &Slice<'_>, row: usize, s: usize) -> Vec<(f64, f64)> {
    if row == 0 || row + 1 >= slice.rows.len() {
        return Vec::new();
    }
    let isotherm = |row: usize| -> Vec<(f64, f64)> {
        let cells = (0..slice.columns.len()).filter_map(|c| slice.cell(row, c));
        cells.map(|cell| (value(&cell.n, s), value(&cell.pressure, s).ln())).collect()
    };
    let (below, above) = (isotherm(row - 1), isotherm(row + 1));
    let atoms = analysis.grid.reservoirs[s].convention.atoms_per_molecule();
    let most = |line: &[(f64, f64)]| line.iter().map(|p| p.0).fold(0.0, f64::max);
    let boltzmann = analysis.grid.states.first().map_or(f64::NAN, |state| state.kt / state.temperature);
    let top = most(&below).min(most(&above));
    let inverse = |row: usize| 1.0 / (boltzmann * slice.rows[row]);
    let span = inverse(row + 1) - inverse(row - 1);
    // Evenly in ln N, where dilute isotherms are straight, and then evenly in N.
    let candidates = (0..TRIED).map(|i| top * LOWEST.powf(1.0 - i as f64 / TRIED as f64));
    let candidates = candidates.chain((1..TRIED).map(|i| top * (LOWEST + (1.0 - LOWEST) * i as f64 / TRIED as f64)));
    let mut found: Vec<(f64, f64)> = candidates
        .filter_map(|n| {
            let (p_below, p_above) = (ln_p_at(&below, n)?, ln_p_at(&above, n)?);
            Some((n, -(p_above - p_below) / span / atoms))
        })
        .collect();
    found.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (last, most) = (found.len().saturating_sub(1), CLAPEYRON.min(found.len()));
    (0..most).map(|i| found[i * last / (most - 1).max(1)]).collect()
}

/// ln p at which an isotherm reaches N; `None` where it does not, or bends there too much to be straight between two cells.
///
/// - `isotherm`: (N, ln p) by rising p
fn ln_p_at(isotherm: &[(f64, f64)], n: f64) -> Option<f64> {
    let mut across = isotherm.windows(2).enumerate().filter(|(_, w)| w[0].0 <= n && n < w[1].0);
    let ((i, w), again) = (across.next()?, across.next());
    let slope = |i: usize| isotherm.get(i..i + 2).map(|w| (w[1].0 / w[0].0).ln() / (w[1].1 - w[0].1));
    let bend = |beside: Option<f64>| beside.zip(slope(i)).map_or(0.0, |(beside, own)| (beside / own).ln().abs());
    if bend(i.checked_sub(1).and_then(slope)).max(bend(slope(i + 1))) > BEND {
        return None;
    }
    // ln N over ln p is nearly straight where N is small.
    let place = (n / w[0].0).ln() / (w[1].0 / w[0].0).ln();
    (again.is_none() && place.is_finite()).then(|| w[0].1 + place * (w[1].1 - w[0].1))
}

/// Henry constants against the inverse temperature.
pub(crate) fn henry(analysis: &Analysis, labels: &Labels, s: usize) -> Option<Drawing> {
    let simulated = analysis.grid.temperatures();
    let is_simulated = |t: f64| simulated.iter().any(|own| (own - t).abs() <= 1e-9 * t);
    let (factor, x_label, unit) = match labels.units {
        Units::Lj => (1.0, "1/T [k_B/ε]", "σ/ε"),
        Units::Metal => (1e3, "1000/T [1/K]", "1/(Å² bar)"),
    };
    let species = &analysis.grid.reservoirs[s].species;
    let known = || {
        let own = analysis.henry.iter().filter(move |h| h.reservoir == s);
        own.filter(|h| h.constant > 0.0 && h.constant_err < 0.5 * h.constant)
    };
    let mut table = Table::new(["layer", "temperature", "inverse_temperature", "henry", "henry_err"]);
    let mut points: Vec<Point> = Vec::new();
    let mut curve: Vec<Point> = Vec::new();
    for h in known() {
        let point = (factor / h.temperature, h.constant, h.constant_err);
        let simulated = is_simulated(h.temperature);
        points.extend(simulated.then_some(point));
        curve.push(point);
        let layer = if simulated { "simulated" } else { "between" };
        table.push([layer.to_owned(), number(h.temperature), number(point.0), number(point.1), number(point.2)]);
    }
    if points.len() < 2 {
        return None;
    }
    curve.reverse();
    let least = curve.iter().map(|p| p.1).fold(f64::INFINITY, f64::min);
    let mut notes = estimator_notes(true);
    if let Some(last) = notes.last_mut() {
        last.label = "simulated temperature".into();
    }
    let outline = Chart {
        name: format!("henry_{species}"),
        title: "Henry constants".into(),
        caption: format!(
            "Atoms of {species} per area and pressure that a dilute gas has beyond its own on the surface, ∫(e^{{−βu}} − 1) dz/kT \
             averaged over the surface, from P(1)/P(0) by MBAR, with standard errors."
        ),
        x_label: x_label.to_owned(),
        y_label: format!("Henry constant of {species} [{unit}]"),
        heading: String::new(),
        notes,
        log_floor: Some(0.6 * least),
        from_zero: false,
    };
    let series = Series { label: String::new(), colour: palette::line(0), runs: vec![curve], points };
    chart_on(labels, outline, Axes::default(), &[series], table, &Doubts::default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_isotherm_is_read_between_its_points_and_nowhere_else() {
        let isotherm: Vec<(f64, f64)> = (0..5).map(|i| (f64::from(1 << i), f64::from(i))).collect();
        assert!((ln_p_at(&isotherm, 3.0).expect("inside") - 3.0_f64.log2()).abs() < 1e-12);
        assert!(ln_p_at(&isotherm, 0.5).is_none() && ln_p_at(&isotherm, 16.0).is_none());
        assert!(ln_p_at(&[(1.0, 0.0), (3.0, 1.0), (2.0, 2.0), (4.0, 3.0)], 2.5).is_none());
        // A layer condenses between the second and the third point: neither there nor beside it is a straight line right.
        let step = [(1.0, 0.0), (1.1, 0.1), (9.0, 0.2), (9.5, 0.3), (9.8, 0.4), (10.1, 0.5)];
        assert!([1.05, 5.0, 9.2].iter().all(|&n| ln_p_at(&step, n).is_none()) && ln_p_at(&step, 10.0).is_some());
    }
}
