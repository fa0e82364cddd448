//! Window: weights η(N) that make the number of atoms of one reservoir species uniform between two bounds.
//!
//! A state with a window samples z⃗^N⃗ e^{−βE + η(N)} for lo ≤ N ≤ hi and nothing else, so its reduced potential carries
//! −η(N) (+∞ outside). With η = −ln Π of the state without weights, N is uniform, and what lies between two phases is
//! visited as often as they are. Any η gives right averages once the weights are known and fixed; a bad one only wastes time.
//!
//! # Source
//! Errington, J. Chem. Phys. 118, 9915 (2003); Shen & Errington, J. Phys. Chem. B 108, 19595 (2004).

use serde::{Deserialize, Serialize};

/// Weights are multiples of this: the differences of two of them are exact in f64 and, below 8192 kT, in f32, so that every
/// device decides with the numbers that MBAR uses.
const GRAIN: f64 = 1.0 / 1024.0;
/// Largest size of a weight \[kT\].
const LARGEST: f64 = 8000.0;

/// Bounds of N of one reservoir species, with a weight for each N between them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Window {
    /// Index of the reservoir species.
    pub reservoir: usize,
    /// Number of the ladder of temperatures that it belongs to.
    pub ladder: usize,
    /// Fewest atoms.
    pub lo: u16,
    /// `[hi − lo + 1]`, η(N) \[kT\]
    eta: Vec<f64>,
}

impl Window {
    /// A window whose weights are all zero.
    ///
    /// - `lo`, `hi`: fewest and most atoms, `lo` < `hi`
    pub fn new(reservoir: usize, ladder: usize, lo: u16, hi: u16) -> Window {
        assert!(lo < hi, "a window spans two numbers of atoms at least");
        Window { reservoir, ladder, lo, eta: vec![0.0; usize::from(hi - lo) + 1] }
    }

    /// Most atoms.
    pub fn hi(&self) -> u16 {
        self.lo + (self.eta.len() - 1) as u16
    }

    /// Whether N lies within the bounds.
    pub fn contains(&self, n: u16) -> bool {
        (self.lo..=self.hi()).contains(&n)
    }

    /// `[hi − lo + 1]`, η of every N from `lo` on \[kT\].
    pub fn weights(&self) -> &[f64] {
        &self.eta
    }

    /// Takes other weights, rounded to what every device holds exactly.
    ///
    /// - `eta`: `[hi − lo + 1]`, finite \[kT\]
    pub fn set_weights(&mut self, eta: &[f64]) {
        assert_eq!(eta.len(), self.eta.len(), "a weight for every N of the window");
        for (eta, x) in self.eta.iter_mut().zip(eta) {
            *eta = (x.clamp(-LARGEST, LARGEST) / GRAIN).round() * GRAIN;
        }
    }

    /// η(N); −∞ outside. \[kT\]
    pub fn eta(&self, n: u16) -> f64 {
        n.checked_sub(self.lo).and_then(|i| self.eta.get(usize::from(i))).copied().unwrap_or(f64::NEG_INFINITY)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_are_the_same_numbers_on_every_device() {
        let mut window = Window::new(0, 0, 3, 6);
        window.set_weights(&[0.1, -731.123_456, 12.3, 1e9]);
        for n in 3..6 {
            let difference = window.eta(n + 1) - window.eta(n);
            let single = window.eta(n + 1) as f32 - window.eta(n) as f32;
            assert_eq!(f64::from(single), difference, "N = {n}");
        }
        assert!(window.weights().iter().all(|e| e.abs() <= LARGEST));
        let again = window.clone();
        window.set_weights(again.weights());
        assert_eq!(window, again);
        assert_eq!((window.eta(2), window.eta(7), window.hi()), (f64::NEG_INFINITY, f64::NEG_INFINITY, 6));
    }
}
