//! P(N) at chosen points.

use super::{Drawing, Labels};
use crate::analysis::{Analysis, Distribution};
use crate::figures::pictures::plot::curves::{Chart, Series, chart};
use crate::figures::pictures::plot::{palette, text};
use crate::io::csv::{Table, number};
use kuva::render::color::Color;
use std::cmp::Ordering;

/// Most distributions drawn at one temperature, and in all if there is only one.
const MOST: (usize, usize) = (3, 7);
/// Most points of a distribution that is drawn with markers.
pub(super) const MOST_MARKERS: usize = 90;
/// Smallest P(N) that is shown.
pub(super) const SMALLEST: f64 = 1e-6;

/// A distribution at a point.
#[derive(Debug, Clone)]
pub(super) struct Shown<'a> {
    pub(super) temperature: f64,
    /// `[n_reservoirs]`
    pub(super) mu: &'a [f64],
    /// (value, P, standard error of P)
    pub(super) points: Vec<(f64, f64, f64)>,
}

impl<'a> Shown<'a> {
    pub(super) fn of_n(d: &'a Distribution) -> Shown<'a> {
        let err = |n: usize| d.p_n_err.get(n).copied().unwrap_or(f64::NAN);
        let points = d.p_n.iter().enumerate().map(|(n, &p)| (n as f64, p, err(n))).collect();
        Shown { temperature: d.temperature, mu: &d.mu, points }
    }
}

/// The distributions to draw, with their colours: hues by temperature, shades by μ.
pub(super) fn chosen<'a>(analysis: &Analysis, all: Vec<Shown<'a>>, s: usize) -> Vec<(Shown<'a>, Color)> {
    let groups = groups(all, |d| at_boundary(analysis, d.temperature, d.mu, s));
    let several = groups.len() > 1;
    let colour = |g: usize, i: usize, of: usize| if several { palette::shade(g, i, of) } else { palette::line(i) };
    let mut chosen = Vec::new();
    for (g, group) in groups.into_iter().enumerate() {
        let of = group.len();
        chosen.extend(group.into_iter().enumerate().map(|(i, d)| (d, colour(g, i, of))));
    }
    chosen
}

/// Names of the distributions: T and μ of every species.
pub(super) fn names(chosen: &[(Shown<'_>, Color)]) -> Vec<String> {
    text::states(&chosen.iter().map(|(d, _)| (d.temperature, d.mu.to_vec())).collect::<Vec<_>>())
}

/// P(N) of species `s` at the points that the analysis chose, on a logarithmic axis.
pub(crate) fn p_n(analysis: &Analysis, labels: &Labels, s: usize) -> Option<Drawing> {
    let axis = analysis.grid.reservoirs.get(s)?;
    let all: Vec<Shown<'_>> = analysis.distributions.iter().filter(|d| d.reservoir == s).map(Shown::of_n).collect();
    let n = all.len();
    let chosen = chosen(analysis, all, s);
    let smallest =
        chosen.iter().flat_map(|d| &d.0.points).map(|p| p.1).filter(|p| *p >= SMALLEST).fold(f64::INFINITY, f64::min);
    if !smallest.is_finite() {
        return None;
    }
    let floor = 10_f64.powf((smallest * 0.7).log10().floor()).max(0.7 * SMALLEST);
    let species = &axis.species;
    let mut columns = vec!["temperature".to_owned()];
    columns.extend(analysis.grid.reservoirs.iter().map(|r| format!("mu_{}", r.species)));
    columns.extend([format!("n_{species}"), "p".into(), "p_err".into()]);
    let mut table = Table::new(columns);
    let mut series = Vec::new();
    for ((d, colour), label) in chosen.iter().zip(names(&chosen)) {
        let mut runs: Vec<Vec<(f64, f64, f64)>> = vec![Vec::new()];
        for &(count, p, err) in &d.points {
            if p < SMALLEST || !p.is_finite() {
                runs.push(Vec::new());
                continue;
            }
            let mut row = vec![number(d.temperature)];
            row.extend((0..analysis.grid.n_reservoirs()).map(|r| number(d.mu.get(r).copied().unwrap_or(f64::NAN))));
            row.extend([number(count), number(p), number(err)]);
            table.push(row);
            if let Some(run) = runs.last_mut() {
                run.push((count, p, err));
            }
        }
        runs.retain(|run| !run.is_empty());
        let points = if d.points.len() <= MOST_MARKERS { runs.concat() } else { Vec::new() };
        // bars where there are markers, else the band
        if !points.is_empty() {
            for run in &mut runs {
                run.iter_mut().for_each(|p| p.2 = f64::NAN);
            }
        }
        series.push(Series { label, colour: colour.clone(), runs, points });
    }
    let mut caption = format!(
        "Probability of N atoms of {species} at chosen (T, {}), by MBAR, with standard errors (of one that reaches 0 the \
         upper half). Two maxima of one curve are two phases; a valley of less than 1 kT between them does not count as one.",
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
        heading: labels.states(analysis),
        notes: Vec::new(),
        log_floor: Some(floor),
        from_zero: false,
    };
    chart(labels, outline, &series, table)
}

/// Whether a place is a point of a boundary.
pub(super) fn at_boundary(analysis: &Analysis, temperature: f64, mu: &[f64], s: usize) -> bool {
    analysis.boundaries.iter().any(|b| {
        let near = |x: f64, y: f64| (x - y).abs() <= 1e-6 * x.abs().max(1e-6);
        near(b.temperature, temperature) && b.mu.get(s).zip(mu.get(s)).is_some_and(|(x, y)| near(*x, *y))
    })
}

/// The distributions to draw, by ascending temperature and then μ: those at boundaries first, the rest evenly spread.
fn groups<'a>(all: Vec<Shown<'a>>, preferred: impl Fn(&Shown<'_>) -> bool) -> Vec<Vec<Shown<'a>>> {
    let mut sorted = all;
    let by_mu = |a: &Shown<'_>, b: &Shown<'_>| a.mu.partial_cmp(b.mu).unwrap_or(Ordering::Equal);
    sorted.sort_by(|a, b| a.temperature.total_cmp(&b.temperature).then(by_mu(a, b)));
    let mut groups: Vec<Vec<Shown<'_>>> = Vec::new();
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
        let mut keep: Vec<usize> = (0..n).filter(|&i| preferred(&group[i])).take(most).collect();
        let spread = (0..most).map(|i| i * (n - 1) / (most - 1));
        for i in [0, n - 1].into_iter().chain(spread).chain(0..n) {
            if keep.len() < most && !keep.contains(&i) {
                keep.push(i);
            }
        }
        keep.sort_unstable();
        *group = keep.into_iter().map(|i| group[i].clone()).collect();
    }
    groups
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distributions_at_boundaries_are_kept_and_the_rest_is_spread() {
        let mus: Vec<f64> = (0..6).map(f64::from).collect();
        let at = |temperature: f64, i: usize| Shown { temperature, mu: &mus[i..=i], points: vec![(0.0, 1.0, 0.0)] };
        let all: Vec<Shown<'_>> = [5, 4, 3, 2, 1].iter().map(|&m| at(2.0, m)).chain([at(1.0, 0)]).collect();
        let groups = groups(all, |d| (d.mu[0] - 2.0).abs() < 1e-9);
        let mus: Vec<Vec<i32>> = groups.iter().map(|g| g.iter().map(|d| d.mu[0] as i32).collect()).collect();
        assert_eq!(mus, vec![vec![0], vec![1, 2, 5]]);
    }
}
