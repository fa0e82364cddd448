//! Estimates with standard errors from independent walkers, and the fit of two Boltzmann distributions.

/// Mean of independent samples with its standard error.
pub(crate) fn mean_and_error(samples: &[f64]) -> (f64, f64) {
    let n = samples.len() as f64;
    let mean = samples.iter().sum::<f64>() / n;
    let square: f64 = samples.iter().map(|x| (x - mean).powi(2)).sum();
    (mean, (square / (n * (n - 1.0))).sqrt())
}

/// z of the mean of independent samples against an exact value. Samples that never vary must hit it.
pub(crate) fn z_of_mean(samples: &[f64], exact: f64) -> f64 {
    let (mean, error) = mean_and_error(samples);
    if error == 0.0 && mean == exact { 0.0 } else { (mean - exact) / error }
}

/// z of a function of sums over walkers against an exact value, with the error of the jackknife.
///
/// - `walkers`: sums of each walker
pub(crate) fn jackknife_z<const D: usize>(walkers: &[[f64; D]], f: impl Fn(&[f64; D]) -> f64, exact: f64) -> f64 {
    let mut total = [0.0; D];
    walkers.iter().for_each(|w| (0..D).for_each(|d| total[d] += w[d]));
    let without = |w: &[f64; D]| f(&std::array::from_fn(|d| total[d] - w[d]));
    let rest: Vec<f64> = walkers.iter().map(without).collect();
    jackknife(f(&total), &rest, exact)
}

/// z from an estimate and the estimates that leave out one of n groups each.
pub(crate) fn jackknife(all: f64, without: &[f64], exact: f64) -> f64 {
    let n = without.len() as f64;
    let mean = without.iter().sum::<f64>() / n;
    let square: f64 = without.iter().map(|x| (x - mean).powi(2)).sum();
    let value = n * all - (n - 1.0) * mean;
    (value - exact) / (square * (n - 1.0) / n).sqrt()
}

/// One sample of one of two states.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Labelled {
    /// Group that is left out together.
    pub(crate) walker: usize,
    /// First of the two states.
    pub(crate) first: bool,
    /// E and N.
    pub(crate) at: [f64; 2],
}

/// Slopes (b_E, b_N) of ln[P₁(E,N)/P₂(E,N)] = a + b_E E + b_N N by maximum likelihood, without the walker `except`.
///
/// # Source
/// Shirts, J. Chem. Theory Comput. 9, 909 (2013), Eq. (12).
pub(crate) fn slopes(samples: &[Labelled], except: Option<usize>) -> [f64; 2] {
    let kept = || samples.iter().filter(|s| Some(s.walker) != except);
    // standardised, so that Newton's steps are well scaled
    let n = kept().count() as f64;
    let centre: [f64; 2] = std::array::from_fn(|d| kept().map(|s| s.at[d]).sum::<f64>() / n);
    let spread: [f64; 2] =
        std::array::from_fn(|d| (kept().map(|s| (s.at[d] - centre[d]).powi(2)).sum::<f64>() / n).sqrt().max(1e-12));
    let mut b = [0.0; 3];
    for _ in 0..30 {
        let (mut gradient, mut hessian) = ([0.0; 3], [[0.0; 3]; 3]);
        for s in kept() {
            let x = [1.0, (s.at[0] - centre[0]) / spread[0], (s.at[1] - centre[1]) / spread[1]];
            let p = 1.0 / (1.0 + (-(b[0] + b[1] * x[1] + b[2] * x[2])).exp());
            for i in 0..3 {
                gradient[i] += (f64::from(u8::from(s.first)) - p) * x[i];
                for j in 0..3 {
                    hessian[i][j] += p * (1.0 - p) * x[i] * x[j];
                }
            }
        }
        let step = solve(hessian, gradient);
        (0..3).for_each(|i| b[i] += step[i]);
        if step.iter().all(|s| s.abs() < 1e-10) {
            break;
        }
    }
    [b[1] / spread[0], b[2] / spread[1]]
}

/// Solution of a small symmetric positive system, by elimination.
fn solve(mut a: [[f64; 3]; 3], mut y: [f64; 3]) -> [f64; 3] {
    for i in 0..3 {
        for k in i + 1..3 {
            let f = a[k][i] / a[i][i];
            (i..3).for_each(|j| a[k][j] -= f * a[i][j]);
            y[k] -= f * y[i];
        }
    }
    for i in (0..3).rev() {
        for j in i + 1..3 {
            y[i] -= a[i][j] * y[j];
        }
        y[i] /= a[i][i];
    }
    y
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::rng::{Rng, Stream};

    #[test]
    fn slopes_of_two_gaussians() {
        // N(m, 1) against N(0, 1) in both coordinates: ln ratio = m·x + const
        let rng = Rng::new(11);
        let sample = |k: u64| {
            let g = rng.gaussians(Stream::Thermostat, k, 0, 0);
            let first = k.is_multiple_of(2);
            let shift = if first { [0.7, -0.4] } else { [0.0; 2] };
            Labelled { walker: (k % 20) as usize, first, at: [g.x + shift[0], 10.0 * (g.y + shift[1])] }
        };
        let samples: Vec<Labelled> = (0..8000).map(sample).collect();
        let all = slopes(&samples, None);
        let rest: Vec<[f64; 2]> = (0..20).map(|w| slopes(&samples, Some(w))).collect();
        for (d, exact) in [(0, 0.7), (1, -0.04)] {
            let of: Vec<f64> = rest.iter().map(|b| b[d]).collect();
            assert!(jackknife(all[d], &of, exact).abs() < 4.0, "{} instead of {exact}", all[d]);
            assert!(jackknife(all[d], &of, 1.5 * exact).abs() > 4.0, "a slope 50 % off is not noticed");
        }
    }

    #[test]
    fn z_of_a_constant_is_zero_only_where_it_hits() {
        assert_eq!(z_of_mean(&[2.0; 8], 2.0), 0.0);
        assert!(z_of_mean(&[2.0; 8], 2.1).is_infinite());
    }
}
