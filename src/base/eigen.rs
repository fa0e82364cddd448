//! Eigenvalues of symmetric matrices.

use super::error::{AnalysisError, Result};
use nalgebra::{DMatrix, Dyn, SymmetricEigen};

/// Eigenvalues in ascending order.
///
/// - `matrix`: symmetric; what stands below the diagonal is read
/// - `name`: what it is, for messages
///
/// # Errors
/// [`AnalysisError::Eigenvalues`] where an entry is not finite.
pub(crate) fn values(matrix: DMatrix<f64>, name: impl FnOnce() -> String) -> Result<Vec<f64>> {
    if matrix.is_empty() {
        return Ok(Vec::new());
    }
    let mut values: Vec<f64> = finite(matrix, name)?.symmetric_eigenvalues().iter().copied().collect();
    values.sort_by(f64::total_cmp);
    Ok(values)
}

/// Eigenvalues, in any order, with their eigenvectors as columns in the same order.
///
/// - `matrix`, `name`: as for [`values`]
///
/// # Errors
/// As [`values`].
pub(crate) fn decompose(matrix: DMatrix<f64>, name: impl FnOnce() -> String) -> Result<SymmetricEigen<f64, Dyn>> {
    Ok(SymmetricEigen::new(finite(matrix, name)?))
}

/// A matrix whose entries are finite: of others the iteration for eigenvalues never ends.
fn finite(matrix: DMatrix<f64>, name: impl FnOnce() -> String) -> Result<DMatrix<f64>> {
    match matrix.iter().all(|x| x.is_finite()) {
        true => Ok(matrix),
        false => Err(AnalysisError::Eigenvalues { matrix: name() }.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn eigenvalues_of_a_chain_and_of_nothing() {
        // Springs between neighbours: 2 − 2 cos(πk/(n + 1)).
        let n = 40;
        let chain = || DMatrix::from_fn(n, n, |i, j| [2.0, -1.0].get(i.abs_diff(j)).copied().unwrap_or(0.0));
        let name = || "a chain".to_owned();
        let of_chain = values(chain(), name).expect("they are finite");
        for (k, value) in of_chain.iter().enumerate() {
            let exact = 2.0 - 2.0 * (std::f64::consts::PI * (k + 1) as f64 / (n + 1) as f64).cos();
            assert!((value - exact).abs() < 1e-13, "{k}: {value} {exact}");
        }
        let both = decompose(chain(), name).expect("they are finite");
        let again = &both.eigenvectors * DMatrix::from_diagonal(&both.eigenvalues) * both.eigenvectors.transpose();
        assert!((again - chain()).amax() < 1e-13);
        assert!(values(DMatrix::zeros(0, 0), name).expect("they are finite").is_empty());
    }

    #[test]
    fn a_matrix_that_is_not_finite_is_refused() {
        let mut matrix = DMatrix::identity(3, 3);
        matrix[(1, 2)] = f64::NAN;
        let refused = values(matrix, || "a Hessian of 3 modes".to_owned()).expect_err("it is not finite");
        assert_eq!(refused.to_string(), "a Hessian of 3 modes has entries that are not finite: it has no eigenvalues");
    }
}
