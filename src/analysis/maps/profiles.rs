//! F of an order parameter at chosen points: −kT ln P, alone and jointly with N.

use super::distributions::Place;
use crate::analysis::Profile;
use crate::analysis::maps::order_parameters::Observed;
use crate::analysis::mbar::Bins;
use crate::analysis::prepared::MbarSolution;
use crate::analysis::statistics::bootstrap::Bootstrap;
use crate::observables::record::Role;

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
    let n_of: Vec<usize> = (0..samples.compositions().len())
        .flat_map(|c| {
            let n = samples.compositions()[c].first().map_or(0, |&n| usize::from(n));
            std::iter::repeat_n(n, samples.first[c + 1] - samples.first[c])
        })
        .collect();
    let composition_of: Vec<usize> = (0..samples.compositions().len())
        .flat_map(|c| std::iter::repeat_n(c, samples.first[c + 1] - samples.first[c]))
        .collect();
    let mut profiles = Vec::new();
    for place in places {
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
        // A sample weighs as its bin does in a draw, relative to what it weighs itself.
        let drawn: Vec<Vec<f64>> = bootstrap.map(|draw| {
            let weight = |&n: &usize| {
                let (times, bin) = draw.of_sample(n);
                let exponent = worth[composition_of[n]] - beta * draw.samples.energy[bin] - draw.solution.ln_d[bin];
                if times > 0.0 { times * (exponent - ln_sum).exp() } else { 0.0 }
            };
            let weights: Vec<f64> = kept.iter().map(weight).collect();
            let total: f64 = weights.iter().sum();
            weights.into_iter().map(|w| w / total).collect()
        });
        for (observable, role) in observed.roles.iter().enumerate() {
            let column = &observed.columns[observable];
            let Some((lo, width, n_bins)) = bins_of(column) else { continue };
            let bin = |n: usize| (((f64::from(column[n]) - lo) / width) as usize).min(n_bins - 1);
            let joint = matches!(role, Role::Order(_)) && !n_max.is_empty();
            let columns = if joint { usize::from(n_max[0]) + 1 } else { 1 };
            let place_of: Vec<usize> =
                kept.iter().map(|&n| bin(n) * columns + if joint { n_of[n].min(columns - 1) } else { 0 }).collect();
            let histogram = |weights: &mut dyn Iterator<Item = f64>| {
                let mut p = vec![0.0; n_bins * columns];
                place_of.iter().zip(weights).for_each(|(&i, w)| p[i] += w);
                p
            };
            let total: f64 = kept.iter().map(|&n| all[n]).sum();
            let p = histogram(&mut kept.iter().map(|&n| all[n] / total));
            let over_n = |p: &[f64]| p.chunks(columns).map(|row| row.iter().sum()).collect::<Vec<f64>>();
            let resampled: Vec<Vec<f64>> = drawn.iter().map(|w| histogram(&mut w.iter().copied())).collect();
            let p_err = bootstrap.spread(&resampled.iter().map(|p| over_n(p)).collect::<Vec<_>>());
            let rows = |p: &[f64]| if joint { p.chunks(columns).map(<[f64]>::to_vec).collect() } else { Vec::new() };
            profiles.push(Profile {
                observable,
                temperature: place.temperature,
                mu: place.mu.clone(),
                value: (0..n_bins).map(|i| lo + width * (i as f64 + 0.5)).collect(),
                p_err,
                joint: rows(&p),
                joint_err: if joint { rows(&bootstrap.spread(&resampled)) } else { Vec::new() },
                p: over_n(&p),
            });
        }
    }
    profiles
}
