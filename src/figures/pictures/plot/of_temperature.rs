//! Curves against temperature: maps with a single column, and runs without a reservoir.

use super::canvas::Stroke;
use super::curves::{Chart, Point, Series, chart, chart_with_doubts, estimator_notes, runs, value};
use super::doubts::Doubts;
use super::legend::{Entry, Sign};
use super::{palette, text};
use crate::analysis::{Analysis, MapCell};
use crate::figures::Labels;
use crate::figures::pictures::Drawing;
use crate::figures::pictures::plot::map_slice::Slice;
use crate::io::csv::{Table, number};

/// ⟨N⟩(T) of a map with one column.
pub(crate) fn mean_n_of_temperature(analysis: &Analysis, labels: &Labels, slice: &Slice<'_>) -> Option<Drawing> {
    let s = slice.species;
    let axis = &analysis.grid.reservoirs[s];
    let cells = (0..slice.rows.len()).map(|r| (slice.rows[r], slice.cell(r, 0)));
    let runs = runs(cells, |cell| (value(&cell.n, s), value(&cell.n_err, s)));
    let found = direct_of_temperature(analysis, labels, slice);
    let mut doubts = Doubts::default();
    found.iter().for_each(|(k, p)| doubts.add(analysis, *k, s, (p.0, p.1)));
    let points: Vec<Point> = found.into_iter().map(|(_, point)| point).collect();
    let column = format!("n_{}", axis.species);
    let table = of_temperature(&column, &runs, &points);
    let outline = Chart {
        name: format!("mean_n_{}", axis.species),
        title: format!("Mean number of {} atoms", axis.species),
        caption: format!(
            "⟨N⟩ of {} against temperature at {} = {} {}. Curve: MBAR; points: direct averages of the states; both with \
             standard errors.{}",
            axis.species,
            labels.mu_symbol(&axis.convention),
            text::short(slice.columns[0], 4),
            labels.units.energy_label(),
            slice.fixed_words(analysis, labels)
        ),
        x_label: labels.temperature(),
        y_label: format!("⟨N⟩ of {}", axis.species),
        heading: String::new(),
        notes: estimator_notes(!points.is_empty()),
        log_floor: None,
        from_zero: false,
    };
    let series = Series { label: String::new(), colour: palette::line(0), runs, points };
    chart_with_doubts(&slice.labelled(analysis, labels), outline, &[series], table, &doubts)
}

/// Names of a curve of a map.
pub(crate) struct Words {
    /// Stem of the files.
    pub(crate) name: String,
    pub(crate) title: String,
    pub(crate) y_label: String,
    /// Column of the CSV.
    pub(crate) column: String,
    pub(crate) caption: String,
}

/// A quantity of a map with one row or one column.
///
/// - `value`: the quantity in a cell and its standard error; NaN if that is not known
pub(crate) fn along(
    analysis: &Analysis,
    labels: &Labels,
    slice: &Slice<'_>,
    words: Words,
    value: impl Fn(&MapCell) -> (f64, f64),
) -> Option<Drawing> {
    let against_mu = slice.columns.len() > 1;
    let species = &analysis.grid.reservoirs[slice.species].species;
    let n = if against_mu { slice.columns.len() } else { slice.rows.len() };
    let cells = (0..n).map(|i| {
        let (row, column) = if against_mu { (0, i) } else { (i, 0) };
        (if against_mu { slice.columns[i] } else { slice.rows[i] }, slice.cell(row, column))
    });
    let runs = runs(cells, value);
    if runs.iter().map(Vec::len).sum::<usize>() < 2 {
        return None;
    }
    let x = if against_mu { format!("mu_{species}") } else { "temperature".into() };
    let with_errors = runs.iter().flatten().any(|p| p.2.is_finite());
    let mut columns = vec![x, words.column.clone()];
    if with_errors {
        columns.push(format!("{}_err", words.column));
    }
    let mut table = Table::new(columns);
    for &(x, y, err) in runs.iter().flatten() {
        let mut row = vec![number(x), number(y)];
        if with_errors {
            row.push(number(err));
        }
        table.push(row);
    }
    let outline = Chart {
        name: words.name,
        title: words.title,
        caption: words.caption + &slice.fixed_words(analysis, labels),
        x_label: if against_mu { labels.mu(analysis, slice.species) } else { labels.temperature() },
        y_label: words.y_label,
        heading: String::new(),
        notes: if with_errors { estimator_notes(false) } else { Vec::new() },
        log_floor: None,
        from_zero: true,
    };
    let series = Series { label: String::new(), colour: palette::line(0), runs, points: Vec::new() };
    chart(&slice.labelled(analysis, labels), outline, &[series], table)
}

/// ⟨E⟩(T) of a canonical run, with the spread of E.
pub(crate) fn energy(analysis: &Analysis, labels: &Labels) -> Option<Drawing> {
    let runs = runs(canonical(analysis), |cell| (cell.energy, cell.energy_err));
    let points: Vec<Point> = analysis
        .grid
        .states
        .iter()
        .zip(&analysis.direct)
        .filter(|(_, d)| d.samples > 0 && d.energy.is_finite())
        .map(|(state, d)| (state.temperature, d.energy, d.energy_err))
        .collect();
    // Var E/(k_B T²) of a map is that of its samples
    let spread = |sign: f64| {
        let edge = |cell: &MapCell| {
            let variance = cell.energy_fluctuation * labels.units.boltzmann();
            (cell.energy + sign * cell.temperature * variance.max(0.0).sqrt(), f64::NAN)
        };
        self::runs(canonical(analysis), edge)
    };
    let edges = [spread(-1.0), spread(1.0)].concat();
    let pale = palette::lighter(&palette::line(0), 0.6);
    let mut notes = estimator_notes(!points.is_empty());
    if !edges.is_empty() {
        let sign = Sign::Line(Stroke::solid(pale.clone(), 2.2), None);
        notes.push(Entry { sign, label: "± standard deviation of E".into() });
    }
    let mut table = of_temperature("energy", &runs, &points);
    for (layer, run) in ["low", "high"].into_iter().zip([spread(-1.0), spread(1.0)]) {
        for (t, y, _) in run.concat() {
            table.push(vec![layer.into(), number(t), number(y), String::new()]);
        }
    }
    let outline = Chart {
        name: "energy".into(),
        title: "Mean potential energy".into(),
        caption: "⟨E⟩ per replica against temperature. Curve: MBAR; points: direct averages of the states; both with \
                  standard errors. Pale: one standard deviation of the energies of samples around it."
            .into(),
        x_label: labels.temperature(),
        y_label: format!("⟨E⟩ [{}]", labels.units.energy_label()),
        heading: String::new(),
        notes,
        log_floor: None,
        from_zero: false,
    };
    let around = Series { label: String::new(), colour: pale, runs: edges, points: Vec::new() };
    let mean = Series { label: String::new(), colour: palette::line(0), runs, points };
    chart(labels, outline, &[around, mean], table)
}

/// A quantity of a canonical run by MBAR, against T.
///
/// - `value`: the quantity in a cell and its standard error
pub(crate) fn of_canonical(
    analysis: &Analysis,
    labels: &Labels,
    words: Words,
    value: impl Fn(&MapCell) -> (f64, f64),
) -> Option<Drawing> {
    let runs = runs(canonical(analysis), value);
    if runs.is_empty() {
        return None;
    }
    let table = of_temperature(&words.column, &runs, &[]);
    let outline = Chart {
        name: words.name,
        title: words.title,
        caption: words.caption,
        x_label: labels.temperature(),
        y_label: words.y_label,
        heading: String::new(),
        notes: estimator_notes(false),
        log_floor: None,
        from_zero: false,
    };
    chart(
        labels,
        outline,
        &[Series { label: String::new(), colour: palette::line(0), runs, points: Vec::new() }],
        table,
    )
}

/// Heat capacity of a canonical run.
pub(crate) fn heat_capacity(analysis: &Analysis, labels: &Labels) -> Option<Drawing> {
    let of_states = analysis.grid.states.iter().zip(&analysis.heat_capacity);
    let mut points: Vec<Point> = of_states
        .filter(|(_, c)| c.value.is_finite())
        .map(|(state, c)| (state.temperature, c.value, c.error))
        .collect();
    points.sort_by(|a, b| a.0.total_cmp(&b.0));
    let runs = runs(canonical(analysis), |cell| (cell.c_vn, error_between(&points, cell.temperature)));
    if runs.is_empty() {
        return None;
    }
    let table = of_temperature("c_vn", &runs, &points);
    let outline = Chart {
        name: "heat_capacity".into(),
        title: "Heat capacity".into(),
        caption:
            "Total heat capacity at constant volume and number of atoms, per replica: kinetic part and fluctuation \
                  of the potential energy. Curve: MBAR; points: each state's own samples with standard errors; band: these \
                  errors between the states, which are no smaller than that of the curve."
                .into(),
        x_label: labels.temperature(),
        y_label: format!("C_{{VN}} [{}]", labels.heat_unit()),
        heading: String::new(),
        notes: estimator_notes(!points.is_empty()),
        log_floor: None,
        from_zero: false,
    };
    let series = Series { label: String::new(), colour: palette::line(1), runs, points };
    chart(labels, outline, &[series], table)
}

/// The error at a temperature on the straight line between those of its neighbours; NaN outside or where one is not known.
///
/// - `points`: by ascending temperature
fn error_between(points: &[Point], temperature: f64) -> f64 {
    let above = points.partition_point(|p| p.0 < temperature * (1.0 - 1e-9));
    let Some(&(t1, _, e1)) = points.get(above) else { return f64::NAN };
    if (t1 - temperature).abs() <= 1e-9 * t1.abs() || above == 0 {
        return if above == 0 && t1 > temperature * (1.0 + 1e-9) { f64::NAN } else { e1 };
    }
    let (t0, _, e0) = points[above - 1];
    e0 + (e1 - e0) * (temperature - t0) / (t1 - t0)
}

/// Cells of a map without reservoir axes, by ascending temperature.
fn canonical(analysis: &Analysis) -> impl Iterator<Item = (f64, Option<&MapCell>)> {
    let mut cells: Vec<&MapCell> = analysis.map.cells.iter().collect();
    cells.sort_by(|a, b| a.temperature.total_cmp(&b.temperature));
    cells.into_iter().map(|cell| (cell.temperature, Some(cell).filter(|c| !c.masked)))
}

/// (state, its ⟨N⟩ against T) of the states of a map with one column, by ascending temperature.
fn direct_of_temperature(analysis: &Analysis, labels: &Labels, slice: &Slice<'_>) -> Vec<(usize, Point)> {
    let (s, column) = (slice.species, 0.5 * (slice.column_edges()[1] - slice.column_edges()[0]).abs());
    let states = slice.states(analysis, labels);
    // with one simulated μ its states are the column, whatever the convention makes of it
    let single = analysis.grid.values(s).len() == 1;
    let mut points: Vec<(usize, Point)> = states
        .iter()
        .filter(|(_, mu, _)| single || (mu - slice.columns[0]).abs() < column)
        .filter_map(|&(t, _, k)| {
            let direct = analysis.direct.get(k).filter(|d| d.samples > 0)?;
            let n = value(&direct.n, s);
            n.is_finite().then_some((k, (t, n, value(&direct.n_err, s))))
        })
        .collect();
    points.sort_by(|a, b| a.1.0.total_cmp(&b.1.0));
    points
}

fn of_temperature(column: &str, runs: &[Vec<Point>], points: &[Point]) -> Table {
    let mut table = Table::new(["layer", "temperature", column, &format!("{column}_err")]);
    for (layer, points) in [("mbar", runs.concat()), ("direct", points.to_vec())] {
        for (t, y, err) in points {
            table.push(vec![layer.into(), number(t), number(y), number(err)]);
        }
    }
    table
}
