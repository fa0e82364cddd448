//! First half of production against MBAR of the second half.

use crate::analysis::SplitHalf;
use crate::analysis::direct::direct_averages;
use crate::analysis::input::AnalysisInput;
use crate::analysis::mbar::{Bins, Collapsed};
use crate::analysis::prepared::Reweighting;
use crate::analysis::statistics::bootstrap::Bootstrap;
use crate::analysis::statistics::inefficiency::Memory;
use crate::base::Result;

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
/// [`crate::base::Error::Analysis`] if MBAR over the second half does not converge.
pub(crate) fn split_half(input: &AnalysisInput) -> Result<SplitHalf> {
    let grid = &input.grid;
    let n_s = grid.n_reservoirs();
    let cohorts = input.cohorts();
    let is_early = |n: usize| input.samples.cycle[n] < cohorts.production(input.samples.walker[n]) / 2;
    let halves = [true, false].map(|first| input.samples.filtered(|n| is_early(n) == first));
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
    let memory = Memory::new(&halves[0], grid, None, &cohorts, input.seed.wrapping_add(1));
    let direct = direct_averages(&memory);
    let basis = Reweighting::new(grid, &halves[1], &cohorts, input.seed.wrapping_add(1))?;
    let collapsed = &basis.solved.collapsed;
    let averages = |bins: &[Bins], samples: &Collapsed| -> Vec<f64> {
        let mut n = Vec::with_capacity(grid.n_points() * n_s);
        for state in grid.points() {
            let t = basis.place(state);
            let (_, p) = bins[t].probabilities(samples, &state.ln_z);
            n.extend(bins[t].means(samples, &p).0);
        }
        n
    };
    let bins = basis.bins();
    let mbar = averages(&bins, collapsed);
    let variance = |k: usize, s: usize| {
        let state = &grid.states[k];
        bins[basis.place(state)].moments(collapsed, &state.ln_z).cov_n[s * n_s + s]
    };
    let errors = Bootstrap::new(basis.resampled(grid, &halves[1], &[]))?
        .errors(|i| grid.states[i / n_s].kt, |draw| averages(&basis.bins_of(draw), draw.samples));
    for k in 0..grid.n_points() {
        let samples = [direct[k].samples as f64, basis.solved.n_k[k]];
        let g = [memory.of_state(k), basis.g_of_state[k]];
        if samples[0] < 2.0 {
            continue;
        }
        let mut largest = 0.0_f64;
        for s in 0..n_s {
            let (first, second) = (direct[k].n[s], mbar[k * n_s + s]);
            let expected_err = (variance(k, s) * g[0] / samples[0]).sqrt();
            let (first_err, second_err) = (direct[k].n_err[s].max(expected_err), errors[k * n_s + s]);
            let resolution = (g[0] / samples[0]).powi(2) + (g[1] / samples[1].max(1.0)).powi(2);
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
