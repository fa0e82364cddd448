//! Transition matrix: ln Π(N) of a state from the acceptance probabilities of its insertions and deletions.
//!
//! With insertion and deletion tried equally often, Π(n) ⟨min(1, acc_insert)⟩_n = Π(n+1) ⟨min(1, acc_delete)⟩_{n+1}, with
//! averages over all attempts at that n, rejected and impossible ones too. Acceptances are those of the state without the
//! weights of a window, and so is Π.
//!
//! # Source
//! Errington, J. Chem. Phys. 118, 9915 (2003).

use crate::moves::MoveKind;
use crate::moves::tally::TransitionTally;
use serde::{Deserialize, Serialize};

/// Attempts and Σ min(1, acc) in both directions at one N.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Sums {
    /// Insertions tried at n.
    pub insert_attempts: f64,
    /// Σ min(1, acc) of them.
    pub insert: f64,
    /// Deletions tried at n.
    pub delete_attempts: f64,
    /// Σ min(1, acc) of them.
    pub delete: f64,
    /// Insertions that were accepted, whatever weights decided.
    pub inserted: f64,
    /// Deletions that were accepted.
    pub deleted: f64,
}

impl Sums {
    /// The sums of one tally.
    pub fn of(tally: &TransitionTally) -> Sums {
        let mut sums = Sums::default();
        sums.add(tally, 1.0);
        sums
    }

    /// What came after earlier sums of the same.
    pub fn since(&self, earlier: &Sums) -> Sums {
        Sums {
            insert_attempts: self.insert_attempts - earlier.insert_attempts,
            insert: self.insert - earlier.insert,
            delete_attempts: self.delete_attempts - earlier.delete_attempts,
            delete: self.delete - earlier.delete,
            inserted: self.inserted - earlier.inserted,
            deleted: self.deleted - earlier.deleted,
        }
    }

    /// Attempts in both directions.
    pub fn attempts(&self) -> f64 {
        self.insert_attempts + self.delete_attempts
    }

    /// Adds a tally, `weight` times.
    pub fn add(&mut self, tally: &TransitionTally, weight: f64) {
        let (insert, delete) = (tally.of(MoveKind::INSERT), tally.of(MoveKind::DELETE));
        self.insert_attempts += weight * insert.attempts as f64;
        self.insert += weight * insert.probability.value();
        self.delete_attempts += weight * delete.attempts as f64;
        self.delete += weight * delete.probability.value();
        self.inserted += weight * insert.accepted as f64;
        self.deleted += weight * delete.accepted as f64;
    }
}

/// ln Π(n+1) − ln Π(n) of each n: `[n_max]`; NaN where an average is missing or zero.
///
/// - `sums`: `[n_max + 1]`, by n
pub fn links(sums: &[Sums]) -> Vec<f64> {
    let link = |w: &[Sums]| {
        let ratio = (w[0].insert / w[0].insert_attempts) / (w[1].delete / w[1].delete_attempts);
        if ratio > 0.0 && ratio.is_finite() { ratio.ln() } else { f64::NAN }
    };
    sums.windows(2).map(link).collect()
}

/// ln Π over consecutive n that the links join, normalised over them: `[links.len() + 1]`.
pub fn ln_pi(links: &[f64]) -> Vec<f64> {
    let mut values = vec![0.0];
    let mut sum = 0.0;
    values.extend(links.iter().map(|l| {
        sum += l;
        sum
    }));
    normalised(values)
}

/// ln of probabilities that sum to 1.
pub(crate) fn normalised(mut ln: Vec<f64>) -> Vec<f64> {
    let max = ln.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let total = max + ln.iter().map(|x| (x - max).exp()).sum::<f64>().ln();
    ln.iter_mut().for_each(|x| *x -= total);
    ln
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Exact tallies of an ideal gas with z V = `mean`.
    fn ideal(mean: f64, n_max: usize) -> Vec<Sums> {
        (0..=n_max)
            .map(|n| {
                let up = if n == n_max { 0.0 } else { (mean / (n + 1) as f64).min(1.0) };
                let down = (n as f64 / mean).min(1.0);
                Sums {
                    insert_attempts: 50.0,
                    insert: 50.0 * up,
                    delete_attempts: 70.0,
                    delete: 70.0 * down,
                    ..Sums::default()
                }
            })
            .collect()
    }

    #[test]
    fn an_ideal_gas_is_poisson() {
        let ln_pi = ln_pi(&links(&ideal(2.7, 9)));
        for n in 0..9 {
            let exact = (2.7 / (n + 1) as f64).ln();
            assert!((ln_pi[n + 1] - ln_pi[n] - exact).abs() < 1e-12);
        }
        assert!((ln_pi.iter().map(|l| l.exp()).sum::<f64>() - 1.0).abs() < 1e-12);
    }
}
