//! F of an order parameter at chosen points: −kT ln P, alone and jointly with N.

use super::distributions::Place;
use crate::analysis::Profile;
use crate::analysis::maps::order_parameters::Observed;
use crate::analysis::mbar::Bins;
use crate::analysis::prepared::MbarSolution;
use crate::analysis::statistics::bootstrap::Bootstrap;
use crate::observables::record::Role;
use std::ops::Range;

/// Bins of an order parameter.
const BINS: usize = 40;

/// Lower edge, width and number of the bins of a column; whole numbers up to a range of 200 have a bin each.
fn bins_of(column: &[f32]) -> Option<(f64, f64, usize)> {
    let lo = f64::from(column.iter().copied().fold(f32::INFINITY, f32::min));
    let hi = f64::from(column.iter().copied().fold(f32::NEG_INFINITY, f32::max));
    if !(lo.is_finite() && hi > lo) {
        return None;
    }
    let whole = column.iter().all(|x| x.fract() == 0.0);
    match whole && hi - lo < 200.0 {
        true => Some((lo - 0.5, 1.0, (hi - lo) as usize + 1)),
        false => Some((lo, (hi - lo) / BINS as f64, BINS)),
    }
}

/// P of every observable at each place, with errors from the draws; jointly with N of the first species where the
/// observable is an order parameter of the layer.
pub(crate) fn at(
    places: &[Place],
    solved: &MbarSolution,
    observed: &Observed,
    bootstrap: &Bootstrap,
    n_max: &[u16],
) -> Vec<Profile> {
    let samples = &solved.collapsed;
    let composition_of: Vec<usize> = (0..samples.compositions().len())
        .flat_map(|c| std::iter::repeat_n(c, samples.first[c + 1] - samples.first[c]))
        .collect();
    let mut shapes: Vec<Shape> = Vec::new();
    for (observable, role) in observed.roles.iter().enumerate() {
        let joint = matches!(role, Role::Order(_)) && !n_max.is_empty();
        let counts = joint.then(|| usize::from(n_max[0]) + 1);
        let first = shapes.last().map_or(0, |shape| shape.cells().end);
        shapes.extend(Shape::new(observable, &observed.columns[observable], counts, first));
    }
    if shapes.is_empty() {
        return Vec::new();
    }
    places.iter().flat_map(|place| at_place(place, solved, (&shapes, observed), bootstrap, &composition_of)).collect()
}

/// Histogram of one observable, alone or jointly with N.
struct Shape {
    observable: usize,
    /// Of its bins: lower edge of the first, width, number.
    bins: (f64, f64, usize),
    /// Values of N, 1 if it is not told apart.
    columns: usize,
    joint: bool,
    /// Its first cell among those of all histograms.
    first: usize,
}

impl Shape {
    fn new(observable: usize, column: &[f32], counts: Option<usize>, first: usize) -> Option<Shape> {
        let bins = bins_of(column)?;
        Some(Shape { observable, bins, columns: counts.unwrap_or(1), joint: counts.is_some(), first })
    }

    /// The cell of a value; those of a histogram are `[n_bins][n_columns]`, row by row.
    fn place(&self, value: f32, n: u16) -> u32 {
        let (lo, width, n_bins) = self.bins;
        let bin = (((f64::from(value) - lo) / width) as usize).min(n_bins - 1);
        (self.first + bin * self.columns + if self.joint { usize::from(n).min(self.columns - 1) } else { 0 }) as u32
    }

    fn cells(&self) -> Range<usize> {
        self.first..self.first + self.bins.2 * self.columns
    }

    /// Summed over N.
    fn over_n(&self, p: &[f64]) -> Vec<f64> {
        p.chunks(self.columns).map(|row| row.iter().sum()).collect()
    }
}

/// The profiles at one place.
fn at_place(
    place: &Place,
    solved: &MbarSolution,
    (shapes, observed): (&[Shape], &Observed),
    bootstrap: &Bootstrap,
    composition_of: &[usize],
) -> Vec<Profile> {
    let samples = &solved.collapsed;
    // ln of what a composition is worth at this place, and the samples that matter at all.
    let beta = 1.0 / place.kt;
    let worth = samples.chemical_at(beta, &place.ln_z);
    let bins = Bins::new(samples, None, None, &solved.solution.ln_d, beta);
    let (ln_sum, _) = bins.probabilities(samples, &place.ln_z);
    let weight =
        |n: usize| (worth[composition_of[n]] - beta * samples.energy[n] - solved.solution.ln_d[n] - ln_sum).exp();
    let all: Vec<f64> = (0..samples.n_samples()).map(weight).collect();
    let largest = all.iter().copied().fold(0.0, f64::max);
    let kept: Vec<usize> = (0..all.len()).filter(|&n| all[n] > 1e-12 * largest).collect();
    let n_of = |n: usize| samples.compositions()[composition_of[n]].first().copied().unwrap_or(0);
    let cells_of = |&n: &usize| {
        let counts = n_of(n);
        shapes.iter().map(move |shape| shape.place(observed.columns[shape.observable][n], counts))
    };
    let cells: Vec<u32> = kept.iter().flat_map(cells_of).collect();
    let found = histograms(shapes, &cells, kept.iter().map(|&n| all[n]));
    // A sample weighs as its bin does in a draw, times how often it was drawn.
    let drawn: Vec<Vec<f64>> = bootstrap.map(|draw| {
        let worth_of_bin: Vec<f64> = (0..draw.samples.compositions().len())
            .flat_map(|c| (draw.samples.first[c]..draw.samples.first[c + 1]).map(move |bin| (c, bin)))
            .map(|(c, bin)| (worth[c] - beta * draw.samples.energy[bin] - draw.solution.ln_d[bin] - ln_sum).exp())
            .collect();
        let weight = |&n: &usize| {
            let (times, bin) = draw.of_sample(n);
            if times > 0.0 { times * worth_of_bin[bin] } else { 0.0 }
        };
        histograms(shapes, &cells, kept.iter().map(weight))
    });
    let profile = |shape: &Shape| {
        let ((lo, width, n_bins), p) = (shape.bins, &found[shape.cells()]);
        let resampled: Vec<&[f64]> = drawn.iter().map(|of_draw| &of_draw[shape.cells()]).collect();
        let spread = |drawn: Vec<Vec<f64>>| bootstrap.spread(&drawn, |_| 1.0 / beta);
        let rows = |p: &[f64]| p.chunks(shape.columns).map(<[f64]>::to_vec).collect::<Vec<_>>();
        let joint_err = || rows(&spread(resampled.iter().map(|p| p.to_vec()).collect()));
        Profile {
            observable: shape.observable,
            temperature: place.temperature,
            mu: place.mu.clone(),
            value: (0..n_bins).map(|i| lo + width * (i as f64 + 0.5)).collect(),
            p_err: spread(resampled.iter().map(|p| shape.over_n(p)).collect()),
            joint: if shape.joint { rows(p) } else { Vec::new() },
            joint_err: if shape.joint { joint_err() } else { Vec::new() },
            p: shape.over_n(p),
        }
    };
    shapes.iter().map(profile).collect()
}

/// Histograms of samples of these weights, each with the sum 1, one after the other.
///
/// - `cells`: `[n_samples][n_shapes]`, where each sample stands in each of them
fn histograms(shapes: &[Shape], cells: &[u32], weights: impl Iterator<Item = f64>) -> Vec<f64> {
    let mut all = vec![0.0; shapes.last().map_or(0, |shape| shape.cells().end)];
    let mut total = 0.0;
    for (weight, cells) in weights.zip(cells.chunks_exact(shapes.len())) {
        total += weight;
        cells.iter().for_each(|&cell| all[cell as usize] += weight);
    }
    all.iter_mut().for_each(|p| *p /= total);
    all
}
