//! Beginning of equilibrium in a series.

use crate::analysis::statistics::inefficiency::inefficiency;

/// Shares of a series that are tried as its beginning.
const SHARES: [f64; 9] = [0.0, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5];

/// The start that leaves the most independent samples, t₀ = argmax (T − t)/g(t).
///
/// - `chains`: each in order of time
/// - returns: t₀ as a share of the series, and by which factor the independent samples grow by leaving out what is before
///
/// # Source
/// Chodera, J. Chem. Theory Comput. 12, 1799 (2016).
pub fn start(chains: &[Vec<f64>]) -> (f64, f64) {
    let independent = |share: f64| {
        let rest: Vec<Vec<f64>> =
            chains.iter().map(|c| c[(share * c.len() as f64).round() as usize..].to_vec()).collect();
        rest.iter().map(Vec::len).sum::<usize>() as f64 / inefficiency(&rest)
    };
    let all = independent(0.0);
    let mut best = (0.0, all);
    for &share in &SHARES[1..] {
        let n = independent(share);
        if n > best.1 {
            best = (share, n);
        }
    }
    (best.0, best.1 / all.max(1.0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{RngExt, SeedableRng};

    #[test]
    fn a_drift_at_the_beginning_is_found_and_a_stationary_series_begins_at_once() {
        let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(1);
        let noise: Vec<f64> = (0..4000).map(|_| rng.random::<f64>() - 0.5).collect();
        let (share, gain) = start(std::slice::from_ref(&noise));
        assert!(gain < 1.2, "{share} {gain}");
        let relaxing: Vec<f64> = noise.iter().enumerate().map(|(i, x)| x + 5.0 * (-(i as f64) / 120.0).exp()).collect();
        let (share, gain) = start(&[relaxing]);
        assert!((0.1..=0.3).contains(&share) && gain > 3.0, "{share} {gain}");
    }
}
