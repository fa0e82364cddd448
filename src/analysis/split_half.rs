//! First half of production against MBAR of the second half.

use super::SplitHalf;
use super::bootstrap::{Blocks, Bootstrap, Drawn, RESAMPLES};
use super::direct::direct_averages;
use super::inefficiency::Inefficiencies;
use super::mbar::{Bins, Collapsed};
use super::pipeline::{AnalysisInput, Solved};
use crate::Result;
use rayon::prelude::*;

/// |z| below which the halves agree.
const AGREE: f64 = 4.0;

/// ⟨N⟩ of every state from the first half of production (its own samples) against MBAR over the second half only.
///
/// The standard error of the first half is the larger of its own and of √(Var N g/n) with the variance that the second
/// half expects: a half that missed a rare excursion does not know its own error. To both errors comes the resolution: n samples of inefficiency g cannot see an excursion by one
/// atom that fills less than g/n of the time, so each half adds (g/n)². Without it a state that holds the same N in
/// both halves would have an error of zero. Runs too short to be halved compare no state.
///
/// # Errors
/// [`crate::Error::Analysis`] if MBAR over the second half does not converge.
pub(super) fn split_half(input: &AnalysisInput) -> Result<SplitHalf> {
    let grid = &input.grid;
    let n_s = grid.n_reservoirs();
    let middle = input.production / 2;
    let halves = [true, false].map(|first| input.samples.filtered(|n| (input.samples.cycle[n] < middle) == first));
    let mut result = SplitHalf {
        z: vec![f64::NAN; grid.len()],
        first: vec![vec![f64::NAN; n_s]; grid.len()],
        second: vec![vec![f64::NAN; n_s]; grid.len()],
        first_err: vec![vec![f64::NAN; n_s]; grid.len()],
        second_err: vec![vec![f64::NAN; n_s]; grid.len()],
        ..SplitHalf::default()
    };
    // Four samples per state in each half are the least from which an error can be had.
    if n_s == 0 || halves.iter().any(|half| half.len() < 4 * grid.len()) {
        return Ok(result);
    }
    let g = halves.each_ref().map(|half| Inefficiencies::new(half, grid.len()));
    let direct = direct_averages(&halves[0], &g[0], grid.len());
    let solved = Solved::new(&grid.states, &halves[1])?;
    let mut kts: Vec<f64> = grid.states.iter().map(|s| s.kt).collect();
    kts.sort_by(f64::total_cmp);
    kts.dedup();
    let averages = |bins: &[Bins], samples: &Collapsed| -> Vec<f64> {
        let mut n = Vec::with_capacity(grid.len() * n_s);
        for state in &grid.states {
            let t = kts.partition_point(|&kt| kt < state.kt);
            let (_, p) = bins[t].probabilities(samples, &state.ln_z);
            n.extend(bins[t].means(samples, &p).0);
        }
        n
    };
    let bins: Vec<Bins> =
        kts.par_iter().map(|kt| Bins::new(&solved.collapsed, None, None, &solved.solution.ln_d, 1.0 / kt)).collect();
    let mbar = averages(&bins, &solved.collapsed);
    let variance = |k: usize, s: usize| {
        let state = &grid.states[k];
        let t = kts.partition_point(|&kt| kt < state.kt);
        bins[t].moments(&solved.collapsed, &state.ln_z).cov_n[s * n_s + s]
    };
    let g_of_state: Vec<f64> = (0..grid.len()).map(|k| g[1].of_state(k)).collect();
    let drawn = Drawn {
        states: &grid.states,
        full: &solved.collapsed,
        state: &halves[1].state,
        blocks: &Blocks::new(&halves[1], &g_of_state),
        f_k: &solved.solution.f_k,
        columns: &[],
    };
    let errors = Bootstrap::new(drawn, input.seed.wrapping_add(1), RESAMPLES)?.errors(|draw| {
        let bins: Vec<Bins> = kts
            .iter()
            .map(|kt| Bins::new(draw.samples, Some(draw.weights), None, &draw.solution.ln_d, 1.0 / kt))
            .collect();
        averages(&bins, draw.samples)
    });
    for k in 0..grid.len() {
        let samples = [direct[k].samples as f64, solved.n_k[k]];
        if samples[0] < 2.0 {
            continue;
        }
        let mut largest = 0.0_f64;
        for s in 0..n_s {
            let (first, second) = (direct[k].n[s], mbar[k * n_s + s]);
            let expected_err = (variance(k, s) * g[0].of_state(k) / samples[0]).sqrt();
            let (first_err, second_err) = (direct[k].n_err[s].max(expected_err), errors[k * n_s + s]);
            let resolution = (g[0].of_state(k) / samples[0]).powi(2) + (g[1].of_state(k) / samples[1].max(1.0)).powi(2);
            let error = (first_err * first_err + second_err * second_err + resolution).sqrt();
            largest = largest.max(((first - second) / error).abs());
            result.first[k][s] = first;
            result.first_err[k][s] = first_err;
            result.second[k][s] = second;
            result.second_err[k][s] = second_err;
        }
        if !largest.is_finite() {
            continue;
        }
        result.z[k] = largest;
        result.compared += 1;
        result.agree += usize::from(largest < AGREE);
    }
    Ok(result)
}
