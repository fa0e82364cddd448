//! Pictures of a run that goes on, from the averages of its states so far: no map, no reweighting, no files.

use super::{Drawing, Figure, Labels};
use crate::figures::pictures::isolines::thinned;
use crate::figures::pictures::plot::canvas;
use crate::figures::pictures::plot::curves::{Axes, Chart, Point, Series, chart, chart_on};
use crate::figures::pictures::plot::doubts::Doubts;
use crate::figures::pictures::plot::{palette, text};
use crate::io::csv::Table;
use crate::thermo::Convention;
use crate::thermo::states::StateGrid;

/// ⟨N⟩ of every reservoir species along its axis, or ⟨E⟩ against T where there is none.
///
/// - `counts`: `[n_points][n_reservoirs]`, ⟨N⟩ with its error
/// - `energy`: `[n_points]`, ⟨E⟩ with its error
pub fn so_far(grid: &StateGrid, labels: &Labels, counts: &[Vec<(f64, f64)>], energy: &[(f64, f64)]) -> Vec<Figure> {
    let drawings: Vec<Drawing> = match grid.n_reservoirs() {
        0 => energies(grid, labels, energy).into_iter().collect(),
        n => (0..n).filter_map(|s| isotherms(grid, labels, counts, s)).collect(),
    };
    let figure = |drawing: Drawing| {
        let Drawing { name, title, caption, canvas, .. } = drawing;
        Figure { name, title, caption, svg: canvas::svg(&canvas.scene), plane: None }
    };
    drawings.into_iter().map(figure).collect()
}

fn isotherms(grid: &StateGrid, labels: &Labels, counts: &[Vec<(f64, f64)>], s: usize) -> Option<Drawing> {
    let axes = grid.axes()?;
    let (values, states) = (grid.values(s), grid.plane(s));
    let reservoir = &grid.reservoirs[s];
    let in_pressure = matches!(reservoir.convention, Convention::Pressure { .. } | Convention::Gas(_));
    let mut rows: Vec<usize> = (0..axes.temperatures.len()).collect();
    rows.sort_by(|&a, &b| axes.temperatures[a].total_cmp(&axes.temperatures[b]));
    let chosen: Vec<usize> = thinned(rows.len()).into_iter().map(|i| rows[i]).collect();
    let decimals = text::decimals(axes.temperatures.iter().copied(), 4);
    let of_row = |(i, &row): (usize, &usize)| {
        let own = &states[row * values.len()..(row + 1) * values.len()];
        let mut points: Vec<Point> = values
            .iter()
            .zip(own)
            .filter_map(|(&x, &k)| counts.get(k)?.get(s).map(|&(n, err)| (x, n, err)))
            .filter(|p| p.1.is_finite())
            .collect();
        points.sort_by(|a, b| a.0.total_cmp(&b.0));
        let line = points.iter().map(|p| (p.0, p.1, f64::NAN)).collect();
        let (label, colour) = (text::fixed(axes.temperatures[row], decimals), palette::ordered(i, chosen.len()));
        Series { label, colour, runs: vec![line], points }
    };
    let series: Vec<Series> = chosen.iter().enumerate().map(of_row).filter(|s| !s.points.is_empty()).collect();
    let symbol = if in_pressure { "p" } else { labels.mu_symbol(&reservoir.convention) };
    let unit = if in_pressure { labels.units.pressure_label() } else { labels.units.energy_label() };
    let species = &reservoir.species;
    let outline = Chart {
        name: format!("so_far_{species}"),
        title: format!("⟨N⟩ of {species} so far"),
        caption: "Averages of each state's own cycles so far, no reweighting, with standard errors.".into(),
        x_label: format!("{symbol} of {species} [{unit}]"),
        y_label: format!("⟨N⟩ of {species}"),
        heading: labels.temperature(),
        notes: Vec::new(),
        log_floor: None,
        from_zero: true,
    };
    let axes = Axes { log_x: in_pressure, ..Axes::default() };
    chart_on(labels, outline, axes, &series, Table::new(["none"]), &Doubts::default())
}

fn energies(grid: &StateGrid, labels: &Labels, energy: &[(f64, f64)]) -> Option<Drawing> {
    let known = grid.states.iter().zip(energy).filter(|(_, e)| e.0.is_finite());
    let mut points: Vec<Point> = known.map(|(state, &(e, err))| (state.temperature, e, err)).collect();
    points.sort_by(|a, b| a.0.total_cmp(&b.0));
    let outline = Chart {
        name: "so_far_energy".into(),
        title: "Mean potential energy so far".into(),
        caption: "⟨E⟩ of each state's own cycles so far, no reweighting, with standard errors.".into(),
        x_label: labels.temperature(),
        y_label: format!("⟨E⟩ [{}]", labels.units.energy_label()),
        heading: String::new(),
        notes: Vec::new(),
        log_floor: None,
        from_zero: false,
    };
    let series = Series { label: String::new(), colour: palette::line(0), runs: Vec::new(), points };
    chart(labels, outline, &[series], Table::new(["none"]))
}
