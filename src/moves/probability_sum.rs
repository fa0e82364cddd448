//! Sums of acceptance probabilities that do not depend on the order of their terms.

use serde::{Deserialize, Serialize};
use std::ops::{Add, AddAssign, Sub};

/// Binary places behind the point.
const PLACES: i32 = 88;

/// Σ min(1, acc) of up to 2⁴⁰ attempts, each kept to 2⁻⁸⁸: an integer, so that threads, devices and nodes may add their
/// parts in any order.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ProbabilitySum(u128);

impl ProbabilitySum {
    /// The sum as a number.
    pub fn value(self) -> f64 {
        self.0 as f64 * 2_f64.powi(-PLACES)
    }
}

impl From<f64> for ProbabilitySum {
    /// A probability, or a sum of them; what is negative or no number counts as zero.
    fn from(probability: f64) -> ProbabilitySum {
        ProbabilitySum((probability * 2_f64.powi(PLACES)) as u128)
    }
}

impl Add for ProbabilitySum {
    type Output = ProbabilitySum;

    fn add(self, other: ProbabilitySum) -> ProbabilitySum {
        ProbabilitySum(self.0 + other.0)
    }
}

impl AddAssign for ProbabilitySum {
    fn add_assign(&mut self, other: ProbabilitySum) {
        *self = *self + other;
    }
}

impl Sub for ProbabilitySum {
    type Output = ProbabilitySum;

    /// What was added since; zero if `earlier` is larger.
    fn sub(self, earlier: ProbabilitySum) -> ProbabilitySum {
        ProbabilitySum(self.0.saturating_sub(earlier.0))
    }
}

#[cfg(test)]
mod tests {
    use super::ProbabilitySum;

    /// Terms of very different sizes, of which sums in f64 depend on the order.
    #[test]
    fn the_order_of_terms_does_not_matter() {
        let terms: Vec<f64> = (0..2000).map(|k| (0.37 * k as f64).sin().powi(2) * 10_f64.powi(-(k % 19))).collect();
        let sum = |terms: &mut dyn Iterator<Item = &f64>| {
            terms.fold(ProbabilitySum::default(), |sum, &p| sum + ProbabilitySum::from(p))
        };
        let forwards = sum(&mut terms.iter());
        assert_eq!(forwards, sum(&mut terms.iter().rev()));
        let halves = sum(&mut terms.iter().step_by(2)) + sum(&mut terms.iter().skip(1).step_by(2));
        assert_eq!(forwards, halves);
        let exact: f64 = terms.iter().sum();
        assert!((forwards.value() - exact).abs() <= 1e-12 * exact, "{} and {exact}", forwards.value());
        assert_ne!(terms.iter().sum::<f64>(), terms.iter().rev().sum::<f64>(), "the order matters in f64");
    }

    #[test]
    fn small_probabilities_keep_their_digits() {
        for p in [1.0, 0.3, 1e-6, 1e-12, 1e-20] {
            let kept = ProbabilitySum::from(p).value();
            assert!((kept / p - 1.0).abs() < 1e-6, "{p}: {kept}");
        }
        let (one, sum) = (ProbabilitySum::from(0.75), ProbabilitySum::from(0.75) + ProbabilitySum::from(1e-9));
        assert_eq!((sum - one).value(), ProbabilitySum::from(1e-9).value());
        assert_eq!((ProbabilitySum::from(f64::NAN), (one - sum).value()), (ProbabilitySum::default(), 0.0));
    }
}
