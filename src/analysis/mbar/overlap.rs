//! How much the samples of different states have in common.

use super::collapsed::Collapsed;
use super::solver::Equations;
use crate::base::{Result, eigen};
use nalgebra::{Cholesky, DMatrix};

/// More states than this, and the eigenvalues cost more than they tell.
const MOST_STATES: usize = 1500;

/// The overlap matrix of the states that have samples.
#[derive(Debug, Clone)]
pub struct Overlap {
    /// States with samples, ascending.
    pub states: Vec<usize>,
    /// `[n_sampled * n_sampled]`, O_kl = Σ_n N_l W_nk W_nl: the probability that a sample drawn in state k could be taken
    /// for one of state l. Rows sum to 1.
    pub o_kl: Vec<f64>,
    /// 1 − λ₂: 0 if the states fall apart into sets without overlap, 1 if all are alike. NaN beyond 1500 states.
    pub spectral_gap: f64,
}

impl Overlap {
    /// O_kl of two states; 0 where one of them has no samples.
    pub fn of(&self, k: usize, l: usize) -> f64 {
        match (self.states.binary_search(&k), self.states.binary_search(&l)) {
            (Ok(i), Ok(j)) => self.o_kl[i * self.states.len() + j],
            _ => 0.0,
        }
    }
}

impl Collapsed {
    /// The overlap matrix at a solution, from the tables of the Newton step: cost samples × temperatures, no K × N.
    ///
    /// - `n_k`, `f_k`: `[n_states]`
    ///
    /// # Errors
    /// [`AnalysisError`] if the eigenvalues cannot be found.
    ///
    /// # Source
    /// Klimovich, Shirts & Mobley, J. Comput.-Aided Mol. Des. 29, 397 (2015), Eq. (10).
    pub fn overlap(&self, n_k: &[f64], f_k: &[f64]) -> Result<Overlap> {
        let states: Vec<usize> = (0..self.n_states()).filter(|&k| n_k[k] > 0.0).collect();
        let n = states.len();
        let f: Vec<f64> = states.iter().map(|&k| f_k[k]).collect();
        let equations = self.equations(None, n_k);
        let (q, hessian) = equations.occupancies_and_hessian(&f);
        // H = diag(q) − Σ p_k p_l with p_nk = N_k W_nk.
        let product = |i: usize, j: usize| if i == j { q[i] - hessian[(i, i)] } else { -hessian[(i, j)] };
        let o_kl = (0..n * n).map(|ij| product(ij / n, ij % n) / n_k[states[ij / n]]).collect();
        let spectral_gap = if n > MOST_STATES {
            f64::NAN
        } else {
            let symmetric = DMatrix::from_fn(n, n, |i, j| product(i, j) / (n_k[states[i]] * n_k[states[j]]).sqrt());
            let values = eigen::values(symmetric, || "the overlap matrix".to_owned())?;
            values.iter().rev().nth(1).map_or(1.0, |second| (1.0 - second).clamp(0.0, 1.0))
        };
        Ok(Overlap { states, o_kl, spectral_gap })
    }

    /// Asymptotic standard errors of f_k relative to the first state of each part, for independent samples: `[n_states]`, 0
    /// where they are not known (states without samples, or more than [`MOST_STATES`] of them).
    ///
    /// With H = diag(q) − Σ_n p_n p_nᵀ, a row and a column of each part held, Var(f_k − f_0) = (H⁻¹)_kk − 1/N_k − 1/N_0.
    ///
    /// - `n_k`, `f_k`: `[n_states]`
    ///
    /// # Source
    /// Shirts & Chodera, J. Chem. Phys. 129, 124105 (2008), Eq. (D7).
    pub(crate) fn f_k_err(&self, n_k: &[f64], f_k: &[f64]) -> Vec<f64> {
        let mut errors = vec![0.0; self.n_states()];
        let equations = self.equations(None, n_k);
        let (states, anchors) = (&equations.sampled, equations.anchors());
        if states.len() > MOST_STATES {
            return errors;
        }
        let f: Vec<f64> = states.iter().map(|&k| f_k[k]).collect();
        let (_, hessian) = equations.occupancies_and_hessian(&f);
        let free: Vec<usize> = (0..states.len()).filter(|&i| anchors[i] != i).collect();
        let reduced = DMatrix::from_fn(free.len(), free.len(), |i, j| hessian[(free[i], free[j])]);
        let Some(factors) = Cholesky::new(reduced) else { return errors };
        let inverse = factors.inverse();
        for (i, &place) in free.iter().enumerate() {
            let held = states[anchors[place]];
            let variance = inverse[(i, i)] - 1.0 / n_k[states[place]] - 1.0 / n_k[held];
            errors[states[place]] = variance.max(0.0).sqrt();
        }
        errors
    }
}
