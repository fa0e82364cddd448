//! Asymptotic covariance of MBAR estimates.

use crate::base::{Result, eigen};
use nalgebra::{DMatrix, DMatrixView};
use std::ops::AddAssign;

/// Columns of a product that are made together. Above the diagonal only what lies in a block with it is computed.
const PANEL: usize = 64;

/// Adds the lower half of AᵀA to `gram`; what stands above the diagonal is of no use.
///
/// - `gram`: `[n, n]`
/// - `a`: `[n_rows * n]`, column after column
pub(super) fn add_gram(gram: &mut DMatrix<f64>, a: &[f64], n_rows: usize) {
    let n = gram.ncols();
    for first in (0..n).step_by(PANEL) {
        let (width, from_here) = (PANEL.min(n - first), &a[first * n_rows..]);
        let panel = DMatrixView::from_slice(from_here, n_rows, width);
        // Transposed by copying: products of views with strides between rows are unsound in nalgebra 0.35 (its issue 1616).
        let product = DMatrixView::from_slice(from_here, n_rows, n - first).transpose() * panel;
        gram.view_mut((first, first), (n - first, width)).add_assign(&product);
    }
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
pub(super) fn covariance(gram: DMatrix<f64>, n_k: &[f64]) -> Result<DMatrix<f64>> {
    let n = n_k.len();
    let decomposed = |matrix| eigen::decompose(matrix, || "the MBAR weights".to_owned());
    let weights = decomposed(gram)?;
    let sigma = weights.eigenvalues.map(|s| s.max(0.0).sqrt());
    // V Σ
    let root = DMatrix::from_fn(n, n, |i, j| weights.eigenvectors[(i, j)] * sigma[j]);
    let weighted = DMatrix::from_fn(n, n, |i, j| n_k[i] * root[(i, j)]);
    let inner = decomposed(DMatrix::identity(n, n) - root.transpose() * weighted)?;
    let largest = inner.eigenvalues.amax();
    let inverse = inner.eigenvalues.map(|s| if s.abs() > RANK_TOL * largest { 1.0 / s } else { 0.0 });
    let left = root * inner.eigenvectors;
    let scaled = DMatrix::from_fn(n, n, |i, j| left[(i, j)] * inverse[j]);
    Ok(scaled * left.transpose())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gram_matrix_is_that_of_plain_sums_in_any_size() {
        for (n, n_rows) in [(1, 1), (2, 6), (5, 3), (7, 2), (7, 256), (64, 9), (65, 7), (130, 100)] {
            let a: Vec<f64> = (0..n * n_rows).map(|i| f64::from((i * 7919 % 1000) as u32) / 1000.0 - 0.3).collect();
            let mut gram = DMatrix::from_element(n, n, 0.25);
            add_gram(&mut gram, &a, n_rows);
            let column = |i: usize| &a[i * n_rows..(i + 1) * n_rows];
            for (i, j) in (0..n).flat_map(|i| (0..=i).map(move |j| (i, j))) {
                let sum: f64 = column(i).iter().zip(column(j)).map(|(x, y)| x * y).sum();
                assert!((gram[(i, j)] - sum - 0.25).abs() < 1e-12, "{n} x {n_rows} at {i}, {j}: {}", gram[(i, j)]);
            }
        }
    }
}
