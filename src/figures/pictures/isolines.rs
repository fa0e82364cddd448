//! ⟨N⟩ along lines of a map: isotherms and isobars.

use super::{Drawing, Labels};
use crate::analysis::Analysis;
use crate::figures::pictures::plot::curves::{
    Chart, Point, Series, chart_with_doubts, estimator_notes, runs, value, without_lone,
};
use crate::figures::pictures::plot::doubts::Doubts;
use crate::figures::pictures::plot::map_slice::{Across, Slice, nearest};
use crate::figures::pictures::plot::{palette, text};
use crate::io::csv::{Table, number};

/// Most curves; more are thinned evenly.
const MOST_CURVES: usize = 16;
/// Share of the largest ⟨N⟩ below which an isobar lies on the axis.
const FLAT: f64 = 0.03;
/// Most isobars.
const MOST_ISOBARS: usize = 9;

/// Up to [`MOST_CURVES`] of `n`, evenly spread, the ends included.
pub(super) fn thinned(n: usize) -> Vec<usize> {
    if n <= MOST_CURVES {
        return (0..n).collect();
    }
    (0..MOST_CURVES).map(|i| i * (n - 1) / (MOST_CURVES - 1)).collect()
}

/// ⟨N⟩(μ) at each simulated temperature: curves from the map, points from the states' own samples.
pub(crate) fn isotherms(analysis: &Analysis, labels: &Labels, s: usize) -> Option<Drawing> {
    let slice = Slice::new(analysis, Across::Mu, s)?;
    if slice.columns.len() < 2 {
        return None;
    }
    let species = analysis.grid.reservoirs[s].species.clone();
    let states = slice.states(analysis, labels);
    let mut temperatures = analysis.grid.temperatures();
    temperatures.sort_by(f64::total_cmp);
    temperatures.dedup();
    let chosen = thinned(temperatures.len());
    let decimals = text::decimals(temperatures.iter().copied(), 4);
    let column = format!("n_{species}");
    let names = ["layer", "temperature", &format!("mu_{species}"), &column, &format!("{column}_err"), "at_max_atoms"];
    let mut table = Table::new(names);
    let mut series = Vec::new();
    let mut doubts = Doubts::default();
    let mut off_grid = false;
    for (i, &index) in chosen.iter().enumerate() {
        let temperature = temperatures[index];
        let row = nearest(&slice.rows, temperature);
        let step = 0.51 * slice.rows.windows(2).map(|w| w[1] - w[0]).fold(0.0, f64::max);
        let away = (slice.rows[row] - temperature).abs();
        off_grid |= away > 1e-6 * temperature;
        let near = away <= step.max(1e-6 * temperature);
        let cells = (0..slice.columns.len()).map(|c| (slice.columns[c], slice.cell(row, c).filter(|_| near)));
        let runs = runs(cells, |cell| (value(&cell.n, s), value(&cell.n_err, s)));
        let points: Vec<Point> = states
            .iter()
            .filter(|(t, _, _)| (t - temperature).abs() <= 1e-9 * temperature)
            .filter_map(|&(_, mu, k)| {
                let direct = analysis.direct.get(k).filter(|d| d.samples > 0 && value(&d.n, s).is_finite())?;
                let n = value(&direct.n, s);
                doubts.add(analysis, k, s, (mu, n));
                Some((mu, n, value(&direct.n_err, s)))
            })
            .collect();
        for (layer, points, t) in [("mbar", runs.concat(), slice.rows[row]), ("direct", points.clone(), temperature)] {
            for (mu, n, err) in points {
                let limit = u8::from(layer == "direct" && doubts.is_at_limit((mu, n)));
                table.push(vec![layer.into(), number(t), number(mu), number(n), number(err), limit.to_string()]);
            }
        }
        let colour = palette::ordered(i, chosen.len());
        series.push(Series { label: text::fixed(temperature, decimals), colour, runs, points });
    }
    let mut caption = format!(
        "⟨N⟩ of {species} against its chemical potential. Curves: MBAR, with standard errors as bands; points: averages \
         of each state's own samples, no reweighting, with standard errors."
    );
    if chosen.len() < temperatures.len() {
        caption.push_str(&format!(" {} of {} temperatures are shown.", chosen.len(), temperatures.len()));
    }
    if off_grid {
        caption.push_str(" Each curve is the row of the map nearest to the simulated temperature.");
    }
    caption.push_str(&slice.fixed_words(analysis, labels));
    let outline = Chart {
        name: format!("isotherms_{species}"),
        title: "Isotherms".into(),
        caption,
        x_label: labels.mu(analysis, s),
        y_label: format!("⟨N⟩ of {species}"),
        heading: labels.temperature(),
        notes: estimator_notes(!analysis.direct.is_empty()),
        log_floor: None,
        from_zero: true,
    };
    chart_with_doubts(&slice.labelled(analysis, labels), outline, &series, table, &doubts)
}

/// ⟨N⟩(T) at pressures spread evenly in ln p over the map in (T, p).
pub(crate) fn isobars(analysis: &Analysis, labels: &Labels, s: usize) -> Option<Drawing> {
    let slice = Slice::new(analysis, Across::Pressure, s)?;
    if slice.rows.len() < 2 {
        return None;
    }
    let species = &analysis.grid.reservoirs[s].species;
    let states = slice.simulated(analysis, labels);
    let near = |c: usize, p: f64| (p / slice.columns[c] - 1.0).abs() < 1e-6;
    // Where a column is a simulated pressure it is drawn, else an even choice.
    let n = slice.columns.len();
    let simulated: Vec<usize> = (0..n).filter(|&c| states.iter().filter(|(_, p, _)| near(c, *p)).count() > 1).collect();
    let from = if simulated.len() > 2 { simulated } else { (0..n).collect() };
    let most = MOST_ISOBARS.min(from.len());
    let mut chosen: Vec<usize> =
        (0..most).map(|i| from[if most > 1 { i * (from.len() - 1) / (most - 1) } else { 0 }]).collect();
    // An isobar of the corners of the grid is masked but for a point or two.
    let known = |c: usize| (0..slice.rows.len()).filter(|&r| slice.cell(r, c).is_some()).count() > 2;
    chosen.retain(|&c| known(c));
    // Those that lie on the axis cannot be told apart; the highest of them stands for all.
    let highest = |c: usize| {
        (0..slice.rows.len()).filter_map(|r| slice.cell(r, c)).map(|cell| value(&cell.n, s)).fold(0.0, f64::max)
    };
    let top = chosen.iter().map(|&c| highest(c)).fold(0.0, f64::max);
    let flat = chosen.iter().filter(|&&c| highest(c) < FLAT * top).count();
    chosen.drain(..flat.saturating_sub(1));
    let column = format!("n_{species}");
    let pressure = format!("pressure_{species}");
    let names = ["layer", "temperature", &pressure, &column, &format!("{column}_err"), "at_max_atoms"];
    let mut table = Table::new(names);
    let mut series = Vec::new();
    let mut doubts = Doubts::default();
    for (i, &c) in chosen.iter().enumerate() {
        let cells = (0..slice.rows.len()).map(|r| (slice.rows[r], slice.cell(r, c)));
        let runs = runs(cells, |cell| (value(&cell.n, s), value(&cell.n_err, s)));
        let mut points: Vec<Point> = states
            .iter()
            .filter(|(_, p, _)| near(c, *p))
            .filter_map(|&(t, _, k)| {
                let direct = analysis.direct.get(k).filter(|d| d.samples > 0)?;
                Some((t, value(&direct.n, s), value(&direct.n_err, s)))
            })
            .filter(|p| p.1.is_finite())
            .collect();
        points.sort_by(|a, b| a.0.total_cmp(&b.0));
        let mut own = Doubts::default();
        for &(t, _, k) in states.iter().filter(|(_, p, _)| near(c, *p)) {
            own.add(analysis, k, s, (t, analysis.direct.get(k).map_or(f64::NAN, |d| value(&d.n, s))));
        }
        // A lone state where a grid in μ happens to meet this pressure says nothing of the isobar.
        if points.len() < 2 {
            points.clear();
        }
        own.keep(|place| points.iter().any(|p| (p.0, p.1) == *place));
        for (layer, points) in [("mbar", runs.concat()), ("direct", points.clone())] {
            for (t, n, err) in points {
                let limit = u8::from(layer == "direct" && own.is_at_limit((t, n)));
                let numbers = [t, slice.columns[c], n, err].map(number);
                table.push([&[layer.to_owned()][..], &numbers, &[limit.to_string()]].concat());
            }
        }
        doubts.append(own);
        let label = text::power_of_ten(slice.columns[c].max(1e-300).log10());
        series.push(Series { label, colour: palette::ordered(i, chosen.len()), runs: without_lone(runs), points });
    }
    let direct = series.iter().any(|s| !s.points.is_empty());
    let points = match direct {
        true => "; points: averages of each state's own samples, no reweighting",
        false => "",
    };
    let outline = Chart {
        name: format!("isobars_{species}"),
        title: "Isobars".into(),
        caption: format!(
            "⟨N⟩ of {species} against temperature at fixed {} of the reservoir gas, spread over the map. Curves: \
             MBAR, with standard errors as bands{points}.{}",
            if labels.pressure_symbol(analysis, s) == "p" { "pressures" } else { "fugacities" },
            slice.fixed_words(analysis, labels)
        ),
        x_label: labels.temperature(),
        y_label: format!("⟨N⟩ of {species}"),
        heading: labels.pressure(analysis, s),
        notes: estimator_notes(direct),
        log_floor: None,
        from_zero: true,
    };
    chart_with_doubts(&slice.labelled(analysis, labels), outline, &series, table, &doubts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_curves_are_thinned_evenly_with_both_ends() {
        assert_eq!(thinned(3), vec![0, 1, 2]);
        let chosen = thinned(100);
        assert_eq!((chosen.len(), chosen[0], chosen[MOST_CURVES - 1]), (MOST_CURVES, 0, 99));
    }
}
