//! Asymptotic covariance of MBAR estimates.

use crate::base::{AnalysisError, Result};
use faer::linalg::matmul::matmul;
use faer::linalg::matmul::triangular::{self, BlockStructure};
use faer::{Accum, Mat, MatRef, Par, Side};

/// Adds the lower half of AᵀA to `gram`.
pub(super) fn add_gram(gram: &mut Mat<f64>, a: MatRef<'_, f64>) {
    triangular::matmul(
        gram.as_mut(),
        BlockStructure::TriangularLower,
        Accum::Add,
        a.transpose(),
        BlockStructure::Rectangular,
        a,
        BlockStructure::Rectangular,
        1.0,
        Par::Seq,
    );
}

/// Relative size below which an eigenvalue is noise.
const RANK_TOL: f64 = 1e-10;

/// Θ = WᵀW-weighted covariance of ln Z estimates: VΣ (I − ΣVᵀ N VΣ)⁺ ΣVᵀ with WᵀW = VΣ²Vᵀ.
///
/// - `gram`: `[n, n]`, WᵀW of the weights; columns may be appended for states without samples and for observables
/// - `n_k`: `[n]`, samples of each column
///
/// # Errors
/// [`AnalysisError`] if the eigenvalues cannot be found.
///
/// # Source
/// Shirts & Chodera, J. Chem. Phys. 129, 124105 (2008), Eq. (D6).
pub(super) fn covariance(gram: &Mat<f64>, n_k: &[f64]) -> Result<Mat<f64>> {
    let n = n_k.len();
    let failed = |e| AnalysisError::eigenvalues("the MBAR weights", &e);
    let eigen = gram.self_adjoint_eigen(Side::Lower).map_err(failed)?;
    let sigma: Vec<f64> = eigen.S().column_vector().iter().map(|s| s.max(0.0).sqrt()).collect();
    // V Σ
    let root = Mat::from_fn(n, n, |i, j| eigen.U()[(i, j)] * sigma[j]);
    let weighted = Mat::from_fn(n, n, |i, j| n_k[i] * root[(i, j)]);
    let mut inner = Mat::<f64>::identity(n, n);
    matmul(inner.as_mut(), Accum::Add, root.transpose(), &weighted, -1.0, Par::Seq);
    let eigen = inner.self_adjoint_eigen(Side::Lower).map_err(failed)?;
    let largest = eigen.S().column_vector().iter().fold(0.0, |m: f64, s| m.max(s.abs()));
    let inverse: Vec<f64> =
        eigen.S().column_vector().iter().map(|&s| if s.abs() > RANK_TOL * largest { 1.0 / s } else { 0.0 }).collect();
    let mut left = Mat::<f64>::zeros(n, n);
    matmul(left.as_mut(), Accum::Replace, &root, eigen.U(), 1.0, Par::Seq);
    let scaled = Mat::from_fn(n, n, |i, j| left[(i, j)] * inverse[j]);
    let mut theta = Mat::<f64>::zeros(n, n);
    matmul(theta.as_mut(), Accum::Replace, &scaled, left.transpose(), 1.0, Par::Seq);
    Ok(theta)
}
