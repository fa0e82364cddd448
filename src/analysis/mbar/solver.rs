//! Newton's method on the convex MBAR objective, with self-consistent iteration as its start and its fallback.

use crate::base::{AnalysisError, Result};
use nalgebra::{Cholesky, DMatrix, DVector};

/// The MBAR equations over the states that have samples, all with N_k > 0.
///
/// The objective Σ_n w_n ln D_n − Σ_k N_k f_k is convex in f; its gradient is q − N. States may fall into parts without any
/// sample in common; each part has its own zero of f.
pub(super) trait Equations {
    /// `[n_sampled]`, N_k.
    fn n_k(&self) -> &[f64];
    /// `[n_sampled]`, the first state of the part of each, where f is 0.
    fn anchors(&self) -> Vec<usize>;
    /// Index in the grid of one of these states.
    fn state(&self, place: usize) -> usize;
    /// q_k = Σ_n w_n N_k e^{f_k − u_kn}/D_n at `f`; equals N_k at the solution.
    fn occupancies(&self, f: &[f64]) -> Vec<f64>;
    /// The same and the Hessian diag(q) − Σ_n w_n p_kn p_ln.
    fn occupancies_and_hessian(&self, f: &[f64]) -> (Vec<f64>, DMatrix<f64>);
}

/// When a solution is good enough.
#[derive(Debug, Clone, Copy)]
pub struct Tolerance {
    /// Largest |Δf| of a self-consistent step at the solution, and of a Newton step unless that is small against the
    /// standard errors.
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
    /// `[n_sampled]`, 0 in the first state of each part.
    pub(super) f: Vec<f64>,
    /// max|Δf| of a self-consistent step from `f`, relative to the first state of each part.
    pub(super) residual: f64,
    /// Iterations used.
    pub(super) iterations: usize,
}

/// Self-consistent iterations before the first Newton step.
const WARM_UP: usize = 3;

/// Length of a Newton step in units of the standard errors of f (the root of gᵀH⁻¹g) below which it is as good as none.
///
/// Along a direction about which the samples say next to nothing H is so small that rounding in g alone makes long steps:
/// they never become short, and do not matter.
const IN_ERRORS: f64 = 1e-6;

/// Newton's step.
struct Step {
    /// `[n_sampled]`
    change: Vec<f64>,
    /// max|Δf|, and where.
    length: (f64, usize),
    /// Its length in standard errors: the root of gᵀH⁻¹g.
    in_errors: f64,
}

impl Step {
    /// Whether a solution is reached by it.
    fn is_last(&self, tolerance: Tolerance) -> bool {
        self.length.0 <= tolerance.delta_f || self.in_errors <= IN_ERRORS
    }
}

/// Solves the equations from `start`.
///
/// # Errors
/// [`AnalysisError`] if the tolerance is not reached within the iterations, or `start` or the samples are not finite.
pub(super) fn solve(equations: &impl Equations, start: &[f64], warm: bool, tolerance: Tolerance) -> Result<Root> {
    let (n_k, anchors) = (equations.n_k(), equations.anchors());
    let mut f = start.to_vec();
    gauge(&mut f, &anchors);
    if anchors.iter().enumerate().all(|(k, &a)| k == a) {
        return Ok(Root { f, residual: 0.0, iterations: 0 });
    }
    let mut iterations = 0;
    if !warm {
        for _ in 0..WARM_UP {
            f = self_consistent(&f, &equations.occupancies(&f), n_k, &anchors);
            iterations += 1;
        }
    }
    let (mut q, mut hessian) = equations.occupancies_and_hessian(&f);
    loop {
        let residual = self_consistent_change(&q, n_k, &anchors);
        if q.iter().any(|q| !q.is_finite()) {
            return Err(AnalysisError::EquationsNotFinite.into());
        }
        let newton = newton_step(&hessian, &q, n_k, &anchors);
        if let Some(step) = newton.as_ref().filter(|step| residual.0 <= tolerance.delta_f && step.is_last(tolerance)) {
            // The step is at hand and squares the error that is left.
            f.iter_mut().zip(&step.change).for_each(|(f, d)| *f += d);
            return Ok(Root { f, residual: residual.0, iterations });
        }
        if iterations >= tolerance.iterations {
            let length = newton.as_ref().map_or((f64::INFINITY, residual.1), |step| step.length);
            let (change, place) = if length.0 > residual.0 { length } else { residual };
            let state = equations.state(place);
            return Err(AnalysisError::NotConverged { change, state, iterations, wanted: tolerance.delta_f }.into());
        }
        iterations += 1;
        // The longest step that makes the gradient shorter; else a self-consistent step, which always helps.
        let norm = gradient_norm(&q, n_k);
        let mut next = None;
        if let Some(Step { change, length: (length, _), .. }) = newton {
            let mut scale = (8.0 / length).min(1.0);
            for _ in 0..6 {
                let mut candidate: Vec<f64> = f.iter().zip(&change).map(|(f, d)| f + scale * d).collect();
                gauge(&mut candidate, &anchors);
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
                let next = self_consistent(&f, &q, n_k, &anchors);
                let (next_q, next_hessian) = equations.occupancies_and_hessian(&next);
                (next, next_q, next_hessian)
            }
        };
    }
}

/// Sets f = 0 in the first state of each part.
fn gauge(f: &mut [f64], anchors: &[usize]) {
    let zero: Vec<f64> = anchors.iter().map(|&a| f[a]).collect();
    f.iter_mut().zip(zero).for_each(|(f, zero)| *f -= zero);
}

/// f_k ← f_k − ln(q_k/N_k), then f = 0 in the first state of each part.
fn self_consistent(f: &[f64], q: &[f64], n_k: &[f64], anchors: &[usize]) -> Vec<f64> {
    // A state whose samples carry no weight at all yet: a long but finite step towards them.
    let mut next: Vec<f64> =
        f.iter().zip(q).zip(n_k).map(|((f, q), n)| f - (q / n).max(f64::MIN_POSITIVE).ln()).collect();
    gauge(&mut next, anchors);
    next
}

/// max|Δf| of a self-consistent step, and where.
fn self_consistent_change(q: &[f64], n_k: &[f64], anchors: &[usize]) -> (f64, usize) {
    let change = |k: usize| (q[k] / n_k[k]).max(f64::MIN_POSITIVE).ln();
    largest((0..q.len()).map(|k| change(k) - change(anchors[k])))
}

/// The largest absolute value, and its place.
fn largest(values: impl Iterator<Item = f64>) -> (f64, usize) {
    values.enumerate().fold((0.0, 0), |most, (k, x)| if x.abs() > most.0 { (x.abs(), k) } else { most })
}

fn gradient_norm(q: &[f64], n_k: &[f64]) -> f64 {
    q.iter().zip(n_k).map(|(q, n)| (q - n) * (q - n)).sum::<f64>().sqrt()
}

/// −H⁻¹g with the first state of each part held, or `None` if H is singular.
fn newton_step(hessian: &DMatrix<f64>, q: &[f64], n_k: &[f64], anchors: &[usize]) -> Option<Step> {
    let free: Vec<usize> = (0..q.len()).filter(|&k| anchors[k] != k).collect();
    // Scaled to unit diagonal: states with few samples must not spoil the pivots.
    let scale: Vec<f64> = free.iter().map(|&k| 1.0 / hessian[(k, k)].max(f64::MIN_POSITIVE).sqrt()).collect();
    let reduced = DMatrix::from_fn(free.len(), free.len(), |i, j| {
        let ridge = if i == j { 1e-14 } else { 0.0 };
        hessian[(free[i], free[j])] * scale[i] * scale[j] + ridge
    });
    let rhs = DVector::from_fn(free.len(), |i, _| (n_k[free[i]] - q[free[i]]) * scale[i]);
    let step = Cholesky::new(reduced)?.solve(&rhs);
    let mut change = vec![0.0; q.len()];
    let mut square = 0.0;
    for (i, &k) in free.iter().enumerate() {
        change[k] = step[i] * scale[i];
        square += step[i] * rhs[i];
    }
    let length = largest(change.iter().copied());
    change.iter().all(|d| d.is_finite()).then(|| Step { change, length, in_errors: square.max(0.0).sqrt() })
}
