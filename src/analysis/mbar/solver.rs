//! Newton's method on the convex MBAR objective, with self-consistent iteration as its start and its fallback.

use crate::base::{AnalysisError, Result};
use faer::linalg::solvers::Solve;
use faer::{Mat, Side};

/// The MBAR equations over the states that have samples, all with N_k > 0.
///
/// The objective Σ_n w_n ln D_n − Σ_k N_k f_k is convex in f; its gradient is q − N.
pub(super) trait Equations {
    /// `[n_sampled]`, N_k.
    fn n_k(&self) -> &[f64];
    /// q_k = Σ_n w_n N_k e^{f_k − u_kn}/D_n at `f`; equals N_k at the solution.
    fn occupancies(&self, f: &[f64]) -> Vec<f64>;
    /// The same and the Hessian diag(q) − Σ_n w_n p_kn p_ln.
    fn occupancies_and_hessian(&self, f: &[f64]) -> (Vec<f64>, Mat<f64>);
}

/// When a solution is good enough.
#[derive(Debug, Clone, Copy)]
pub struct Tolerance {
    /// Largest |Δf| of a Newton step and of a self-consistent step at the solution.
    pub delta_f: f64,
    /// Most iterations of either kind.
    pub iterations: usize,
}

impl Default for Tolerance {
    fn default() -> Self {
        Tolerance { delta_f: 1e-8, iterations: 500 }
    }
}

/// A root of the MBAR equations.
#[derive(Debug, Clone)]
pub(super) struct Root {
    /// `[n_sampled]`, with f_0 = 0.
    pub(super) f: Vec<f64>,
    /// max|Δf| of a self-consistent step from `f`, relative to the first state.
    pub(super) residual: f64,
    /// Iterations used.
    pub(super) iterations: usize,
}

/// Self-consistent iterations before the first Newton step.
const WARM_UP: usize = 3;

/// Solves the equations from `start`.
///
/// # Errors
/// [`AnalysisError`] if the tolerance is not reached within the iterations, or `start` or the samples are not finite.
pub(super) fn solve(equations: &impl Equations, start: &[f64], warm: bool, tolerance: Tolerance) -> Result<Root> {
    let n_k = equations.n_k();
    let mut f = start.to_vec();
    gauge(&mut f);
    if f.len() <= 1 {
        return Ok(Root { f, residual: 0.0, iterations: 0 });
    }
    let mut iterations = 0;
    if !warm {
        for _ in 0..WARM_UP {
            f = self_consistent(&f, &equations.occupancies(&f), n_k);
            iterations += 1;
        }
    }
    let (mut q, mut hessian) = equations.occupancies_and_hessian(&f);
    loop {
        let residual = self_consistent_change(&q, n_k);
        if q.iter().any(|q| !q.is_finite()) {
            return Err(AnalysisError::EquationsNotFinite.into());
        }
        let newton = newton_step(&hessian, &q, n_k);
        let length = newton.as_ref().map_or(f64::INFINITY, |step| step.iter().fold(0.0, |m: f64, d| m.max(d.abs())));
        if let Some(step) = newton.as_ref().filter(|_| residual <= tolerance.delta_f && length <= tolerance.delta_f) {
            // The step is at hand and squares the error that is left.
            f.iter_mut().zip(step).for_each(|(f, d)| *f += d);
            return Ok(Root { f, residual, iterations });
        }
        if iterations >= tolerance.iterations {
            return Err(AnalysisError::NotConverged { residual, iterations, wanted: tolerance.delta_f }.into());
        }
        iterations += 1;
        // The longest step that makes the gradient shorter; else a self-consistent step, which always helps.
        let norm = gradient_norm(&q, n_k);
        let mut next = None;
        if let Some(step) = newton {
            let mut scale = (8.0 / length).min(1.0);
            for _ in 0..6 {
                let mut candidate: Vec<f64> = f.iter().zip(&step).map(|(f, d)| f + scale * d).collect();
                gauge(&mut candidate);
                let (candidate_q, candidate_hessian) = equations.occupancies_and_hessian(&candidate);
                let shorter = gradient_norm(&candidate_q, n_k) < norm;
                // Below this the gradient is rounding noise and the step is as good as it gets.
                let at_rest = length * scale <= tolerance.delta_f;
                if shorter || at_rest {
                    next = Some((candidate, candidate_q, candidate_hessian));
                    break;
                }
                scale *= 0.25;
            }
        }
        (f, q, hessian) = match next {
            Some(next) => next,
            None => {
                let next = self_consistent(&f, &q, n_k);
                let (next_q, next_hessian) = equations.occupancies_and_hessian(&next);
                (next, next_q, next_hessian)
            }
        };
    }
}

/// Sets f_0 = 0.
fn gauge(f: &mut [f64]) {
    if let Some(&first) = f.first() {
        f.iter_mut().for_each(|x| *x -= first);
    }
}

/// f_k ← f_k − ln(q_k/N_k), then f_0 = 0.
fn self_consistent(f: &[f64], q: &[f64], n_k: &[f64]) -> Vec<f64> {
    // A state whose samples carry no weight at all yet: a long but finite step towards them.
    let mut next: Vec<f64> =
        f.iter().zip(q).zip(n_k).map(|((f, q), n)| f - (q / n).max(f64::MIN_POSITIVE).ln()).collect();
    gauge(&mut next);
    next
}

fn self_consistent_change(q: &[f64], n_k: &[f64]) -> f64 {
    let change = |k: usize| (q[k] / n_k[k]).max(f64::MIN_POSITIVE).ln();
    let first = change(0);
    (0..q.len()).map(|k| (change(k) - first).abs()).fold(0.0, f64::max)
}

fn gradient_norm(q: &[f64], n_k: &[f64]) -> f64 {
    q.iter().zip(n_k).map(|(q, n)| (q - n) * (q - n)).sum::<f64>().sqrt()
}

/// −H⁻¹g with the first state held, or `None` if H is singular.
fn newton_step(hessian: &Mat<f64>, q: &[f64], n_k: &[f64]) -> Option<Vec<f64>> {
    let n = q.len() - 1;
    // Scaled to unit diagonal: states with few samples must not spoil the pivots.
    let scale: Vec<f64> = (1..=n).map(|k| 1.0 / hessian[(k, k)].max(f64::MIN_POSITIVE).sqrt()).collect();
    let reduced = Mat::from_fn(n, n, |i, j| {
        let ridge = if i == j { 1e-14 } else { 0.0 };
        hessian[(i + 1, j + 1)] * scale[i] * scale[j] + ridge
    });
    let rhs = Mat::from_fn(n, 1, |i, _| (n_k[i + 1] - q[i + 1]) * scale[i]);
    let step = reduced.llt(Side::Lower).ok()?.solve(&rhs);
    let step: Vec<f64> = std::iter::once(0.0).chain((0..n).map(|i| step[(i, 0)] * scale[i])).collect();
    step.iter().all(|d| d.is_finite()).then_some(step)
}
