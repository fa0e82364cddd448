//! P(N) at chosen points.

use super::curves::{Chart, Series, chart};
use super::palette;
use super::table::{Table, number};
use super::{Drawing, Labels, text};
use crate::analysis::{Analysis, Distribution};

/// More distributions than this are thinned evenly.
const MOST: usize = 7;
/// Distributions with more points than this are drawn without markers.
const MOST_MARKERS: usize = 90;
/// P(N) below this is not shown.
const SMALLEST: f64 = 1e-6;

/// P(N) of species `s` at the points that the analysis chose, on a logarithmic axis.
pub(crate) fn p_n(analysis: &Analysis, labels: &Labels, s: usize) -> Option<Drawing> {
    let axis = analysis.grid.reservoirs.get(s)?;
    let all: Vec<&Distribution> = analysis.distributions.iter().filter(|d| d.reservoir == s).collect();
    let n = all.len();
    let chosen: Vec<&Distribution> =
        if n <= MOST { all } else { (0..MOST).map(|i| all[i * (n - 1) / (MOST - 1)]).collect() };
    let smallest =
        chosen.iter().flat_map(|d| &d.p_n).filter(|p| **p >= SMALLEST).copied().fold(f64::INFINITY, f64::min);
    if !smallest.is_finite() {
        return None;
    }
    let floor = 10_f64.powf((smallest * 0.7).log10().floor());
    let species = &axis.species;
    let mut columns = vec!["temperature".to_owned()];
    columns.extend(analysis.grid.reservoirs.iter().map(|r| format!("mu_{}", r.species)));
    columns.extend([format!("n_{species}"), "p".into(), "p_err".into()]);
    let mut table = Table::new(columns);
    let t_decimals = text::decimals(chosen.iter().map(|d| d.temperature), 4);
    let mu_decimals = text::decimals(chosen.iter().filter_map(|d| d.mu.get(s).copied()), 3);
    let mut series = Vec::new();
    for (i, d) in chosen.iter().enumerate() {
        let mut runs: Vec<Vec<(f64, f64, f64)>> = vec![Vec::new()];
        for (count, &p) in d.p_n.iter().enumerate() {
            let err = d.p_n_err.get(count).copied().unwrap_or(f64::NAN);
            if p < SMALLEST || !p.is_finite() {
                runs.push(Vec::new());
                continue;
            }
            let mut row = vec![number(d.temperature)];
            row.extend((0..analysis.grid.n_reservoirs()).map(|r| number(d.mu.get(r).copied().unwrap_or(f64::NAN))));
            row.extend([count.to_string(), number(p), number(err)]);
            table.push(row);
            if let Some(run) = runs.last_mut() {
                run.push((count as f64, p, err));
            }
        }
        runs.retain(|run| !run.is_empty());
        let points = if d.p_n.len() <= MOST_MARKERS { runs.concat() } else { Vec::new() };
        let mu = d.mu.get(s).copied().unwrap_or(f64::NAN);
        let label = format!("{}, {}", text::fixed(d.temperature, t_decimals), text::fixed(mu, mu_decimals));
        // bars where there are markers, else the band
        if !points.is_empty() {
            for run in &mut runs {
                run.iter_mut().for_each(|p| p.2 = f64::NAN);
            }
        }
        series.push(Series { label, colour: palette::line(i), runs, points });
    }
    let mut caption = format!(
        "Probability of N atoms of {species} at chosen (T, {}), by MBAR, with standard errors. Two maxima of one curve \
         are two phases; a valley of less than 1 kT between them does not count as one.",
        labels.mu_symbol(axis.convention)
    );
    if chosen.len() < n {
        caption.push_str(&format!(" {} of {n} distributions are shown.", chosen.len()));
    }
    let outline = Chart {
        name: format!("p_n_{species}"),
        title: format!("Distribution of the number of {species} atoms"),
        caption,
        x_label: format!("N of {species}"),
        y_label: "P(N)".into(),
        heading: format!("T, {}", labels.mu_symbol(axis.convention)),
        notes: Vec::new(),
        log_floor: Some(floor),
        from_zero: false,
    };
    chart(labels, outline, &series, table)
}
