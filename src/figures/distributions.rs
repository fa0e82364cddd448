//! P(N) at chosen points.

use super::curves::{Chart, Series, chart};
use super::palette;
use super::table::{Table, number};
use super::{Drawing, Labels, text};
use crate::analysis::{Analysis, Distribution};
use kuva::render::color::Color;
use std::cmp::Ordering;

/// At most this many distributions are drawn at one temperature, and in all if there is only one.
const MOST: (usize, usize) = (3, 7);
/// Distributions with more points than this are drawn without markers.
const MOST_MARKERS: usize = 90;
/// P(N) below this is not shown.
const SMALLEST: f64 = 1e-6;

/// P(N) of species `s` at the points that the analysis chose, on a logarithmic axis.
pub(crate) fn p_n(analysis: &Analysis, labels: &Labels, s: usize) -> Option<Drawing> {
    let axis = analysis.grid.reservoirs.get(s)?;
    let all: Vec<&Distribution> = analysis.distributions.iter().filter(|d| d.reservoir == s).collect();
    let n = all.len();
    let groups = groups(&all, |d| at_boundary(analysis, d, s));
    let several = groups.len() > 1;
    let colour = |g: usize, i: usize, of: usize| if several { palette::shade(g, i, of) } else { palette::line(i) };
    let colours: Vec<Color> = groups
        .iter()
        .enumerate()
        .flat_map(|(g, group)| (0..group.len()).map(move |i| colour(g, i, group.len())))
        .collect();
    let chosen: Vec<&Distribution> = groups.concat();
    let smallest =
        chosen.iter().flat_map(|d| &d.p_n).filter(|p| **p >= SMALLEST).copied().fold(f64::INFINITY, f64::min);
    if !smallest.is_finite() {
        return None;
    }
    let floor = 10_f64.powf((smallest * 0.7).log10().floor()).max(0.7 * SMALLEST);
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
        series.push(Series { label, colour: colours[i].clone(), runs, points });
    }
    let mut caption = format!(
        "Probability of N atoms of {species} at chosen (T, {}), by MBAR, with standard errors. Two maxima of one curve \
         are two phases; a valley of less than 1 kT between them does not count as one.",
        labels.mu_symbol(&axis.convention)
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
        heading: format!("T, {}", labels.mu_symbol(&axis.convention)),
        notes: Vec::new(),
        log_floor: Some(floor),
        from_zero: false,
    };
    chart(labels, outline, &series, table)
}

/// Whether a distribution belongs to a point of a boundary.
fn at_boundary(analysis: &Analysis, d: &Distribution, s: usize) -> bool {
    analysis.boundaries.iter().any(|b| {
        let near = |x: f64, y: f64| (x - y).abs() <= 1e-6 * x.abs().max(1e-6);
        near(b.temperature, d.temperature) && b.mu.get(s).zip(d.mu.get(s)).is_some_and(|(x, y)| near(*x, *y))
    })
}

/// The distributions to draw, by ascending temperature and then μ: those at boundaries first, the rest evenly spread.
fn groups<'a>(all: &[&'a Distribution], preferred: impl Fn(&Distribution) -> bool) -> Vec<Vec<&'a Distribution>> {
    let mut sorted = all.to_vec();
    let by_mu = |a: &Distribution, b: &Distribution| a.mu.partial_cmp(&b.mu).unwrap_or(Ordering::Equal);
    sorted.sort_by(|a, b| a.temperature.total_cmp(&b.temperature).then(by_mu(a, b)));
    let mut groups: Vec<Vec<&Distribution>> = Vec::new();
    for d in sorted {
        match groups.last_mut() {
            Some(group) if group[0].temperature.to_bits() == d.temperature.to_bits() => group.push(d),
            _ => groups.push(vec![d]),
        }
    }
    let most = if groups.len() == 1 { MOST.1 } else { MOST.0 };
    for group in &mut groups {
        let n = group.len();
        if n <= most {
            continue;
        }
        let mut keep: Vec<usize> = (0..n).filter(|&i| preferred(group[i])).take(most).collect();
        let spread = (0..most).map(|i| i * (n - 1) / (most - 1));
        for i in [0, n - 1].into_iter().chain(spread).chain(0..n) {
            if keep.len() < most && !keep.contains(&i) {
                keep.push(i);
            }
        }
        keep.sort_unstable();
        *group = keep.into_iter().map(|i| group[i]).collect();
    }
    groups
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distributions_at_boundaries_are_kept_and_the_rest_is_spread() {
        let at = |temperature: f64, mu: f64| Distribution {
            reservoir: 0,
            temperature,
            mu: vec![mu],
            p_n: vec![1.0],
            p_n_err: vec![0.0],
        };
        let all: Vec<Distribution> =
            [5, 4, 3, 2, 1].iter().map(|&m| at(2.0, f64::from(m))).chain([at(1.0, 0.0)]).collect();
        let all: Vec<&Distribution> = all.iter().collect();
        let groups = groups(&all, |d| (d.mu[0] - 2.0).abs() < 1e-9);
        let mus: Vec<Vec<i32>> = groups.iter().map(|g| g.iter().map(|d| d.mu[0] as i32).collect()).collect();
        assert_eq!(mus, vec![vec![0], vec![1, 2, 5]]);
    }
}
