//! MBAR: the free energies of all states from the samples of all states.
//!
//! f_k = −ln Σ_n e^{−u_k(x_n)} / D_n,  D_n = Σ_j N_j e^{f_j − u_j(x_n)},
//! with n over all samples of all states. [`Collapsed`] uses that u is linear in (E, N⃗) and that states share
//! temperatures, so its cost is samples × temperatures; [`General`] takes any matrix u_kn.
//!
//! # Source
//! Shirts & Chodera, J. Chem. Phys. 129, 124105 (2008).

mod anchored;
mod bins;
mod collapsed;
mod covariance;
mod general;
mod overlap;
mod parts;
mod solver;
mod tables;
mod vector;

pub(crate) use anchored::{Anchor, Anchored, Reweighted};
pub(crate) use bins::marginal;
pub use bins::{Bins, Moments};
pub use collapsed::{Collapsed, CollapsedSolution};
pub use general::{Estimate, General, GeneralSolution};
pub use overlap::Overlap;
pub(crate) use parts::Parts;
pub use solver::Tolerance;
pub(crate) use vector::{POINTS, TEMPERATURES};

/// Pieces of a long sum: fixed in number and order, so that the result does not depend on the number of threads.
pub(crate) const CHUNK: usize = 2048;

/// ln Σ e^{x_i}; −∞ for an empty sum.
pub(crate) fn log_sum_exp(values: impl Iterator<Item = f64> + Clone) -> f64 {
    let max = values.clone().fold(f64::NEG_INFINITY, f64::max);
    if max == f64::NEG_INFINITY {
        return max;
    }
    max + values.map(|x| (x - max).exp()).sum::<f64>().ln()
}
