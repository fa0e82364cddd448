//! Convergence of boundaries with the length of the run.

use super::super::mbar::{Bins, Collapsed, log_sum_exp, marginal};
use super::super::{Analysis, BoundaryKind, BoundaryPoint};
use crate::analysis::diagnostics::checks::{SHARES, Trend};
use crate::analysis::prepared::{MbarSolution, PreparedSamples};
use rayon::prelude::*;
use std::borrow::Cow;

/// Points that are followed at most.
const POINTS: usize = 24;
/// How far from the boundary of the whole run one of a part is sought, in ln z.
const REACH: f64 = 12.0;

/// Follows the first-order boundaries, at simulated temperatures first.
///
/// At the boundary found from all samples the N where P(N) is cut in half tells the two sides apart; a part of production
/// has its boundary at the μ where its own MBAR makes both sides of that N equally probable.
///
/// The first half and the whole differ by σ √(1/½ − 1) = σ, the standard error of the whole, if the halves are independent.
pub(super) fn trends(work: &PreparedSamples<'_>, analysis: &Analysis) -> Vec<Trend> {
    let input = &*work.retained;
    let (grid, samples, cohorts) = (&input.grid, &input.samples, input.cohorts());
    let temperatures = grid.temperatures();
    let simulated = |b: &&BoundaryPoint| temperatures.iter().any(|t| (t - b.temperature).abs() <= 1e-9 * t.abs());
    let lines: Vec<&BoundaryPoint> =
        analysis.boundaries.iter().filter(|b| b.kind == BoundaryKind::FirstOrder).collect();
    let mut points: Vec<&BoundaryPoint> = lines.iter().copied().filter(simulated).collect();
    if points.is_empty() {
        points = lines;
    }
    let every = points.len().div_ceil(POINTS).max(1);
    let points: Vec<&BoundaryPoint> = points.into_iter().step_by(every).collect();
    if points.is_empty() {
        return Vec::new();
    }
    // A part that is too short for MBAR has no boundary.
    let solved: Vec<Option<Cow<'_, MbarSolution>>> = SHARES
        .iter()
        .map(|share| {
            let production = |n: usize| f64::from(cohorts.production(samples.walker[n]));
            let part = samples.filtered(|n| f64::from(samples.cycle[n]) < share * production(n));
            match part.len() {
                0 => None,
                n if n == samples.len() => Some(Cow::Borrowed(&work.basis.solved)),
                _ => MbarSolution::new(grid, &part).ok().map(Cow::Owned),
            }
        })
        .collect();
    let trend = |point: &&BoundaryPoint| {
        let counts = |id: usize| analysis.phases.iter().find(|p| p.id == id).map(|p| p.n.clone()).unwrap_or_default();
        let (a, b) = (counts(point.phase_a), counts(point.phase_b));
        let change: Vec<f64> = a.iter().zip(&b).map(|(a, b)| (a - b).abs()).collect();
        let species = (0..change.len()).max_by(|&i, &j| change[i].total_cmp(&change[j])).unwrap_or(0);
        let kt = point.temperature * input.boltzmann;
        let ln_z: Vec<f64> =
            grid.reservoirs.iter().zip(&point.mu).map(|(r, &mu)| r.convention.ln_z_of_mu(mu, kt)).collect();
        let n_max = usize::from(input.n_max[species]);
        let p_of =
            |solved: &MbarSolution| distribution(&solved.collapsed, &solved.solution.ln_d, kt, &ln_z, species, n_max);
        let whole = solved[3].as_deref().map(p_of).unwrap_or_default();
        let cut = median(&whole);
        let mu = [0, 1, 2, 3].map(|i| {
            let shift = solved[i].as_deref().and_then(|s| balance(&p_of(s), cut));
            shift.map_or(f64::NAN, |shift| grid.reservoirs[species].convention.mu(ln_z[species] + shift, kt))
        });
        let z = (mu[1] - mu[3]) / point.mu_err;
        let phases = (point.phase_a, point.phase_b);
        Trend { phases, temperature: point.temperature, species, mu, mu_err: point.mu_err, z }
    };
    points.par_iter().map(trend).collect()
}

/// P(N) of one species.
fn distribution(samples: &Collapsed, ln_d: &[f64], kt: f64, ln_z: &[f64], species: usize, n_max: usize) -> Vec<f64> {
    let bins = Bins::new(samples, None, None, ln_d, 1.0 / kt);
    let (_, p) = bins.probabilities(samples, ln_z);
    marginal(samples, &p, species, n_max)
}

/// The N up to which most nearly half of the probability lies.
fn median(p: &[f64]) -> usize {
    let mut sum = 0.0;
    let below: Vec<f64> = p
        .iter()
        .map(|p| {
            sum += p;
            sum
        })
        .collect();
    (0..p.len()).min_by(|&a, &b| (below[a] - 0.5).abs().total_cmp(&(below[b] - 0.5).abs())).unwrap_or(0)
}

/// The shift of ln z that makes N ≤ cut and N > cut equally probable.
fn balance(p: &[f64], cut: usize) -> Option<f64> {
    let side = |range: std::ops::Range<usize>, shift: f64| {
        log_sum_exp(range.filter(|&n| p[n] > 0.0).map(|n| p[n].ln() + n as f64 * shift))
    };
    let excess = |shift: f64| side(cut + 1..p.len(), shift) - side(0..(cut + 1).min(p.len()), shift);
    if !excess(0.0).is_finite() || excess(-REACH) > 0.0 || excess(REACH) < 0.0 {
        return None;
    }
    let (mut lo, mut hi) = (-REACH, REACH);
    for _ in 0..60 {
        let middle = 0.5 * (lo + hi);
        if excess(middle) < 0.0 { lo = middle } else { hi = middle }
    }
    Some(0.5 * (lo + hi))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_peaks_are_balanced() {
        // Peaks at 0 and 4, the upper e^0.8 times as probable: ln z must fall by 0.2.
        let p = [1.0, 1e-6, 0.0, 1e-6, 0.8_f64.exp()];
        let sum: f64 = p.iter().sum();
        let p = p.map(|x| x / sum);
        let cut = 2;
        assert!((balance(&p, cut).expect("both sides") + 0.2).abs() < 1e-4);
        assert!(balance(&[1.0, 0.0, 0.0], 1).is_none());
        assert!((0..4).contains(&median(&[0.49, 0.01, 0.0, 0.01, 0.49])));
    }
}
