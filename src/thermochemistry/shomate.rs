//! Shomate polynomials: thermal functions at the standard pressure of 1 bar, turned from 298.15 K to the 0 K molecule.

use super::contribution::Contribution;
use super::janaf::outside;
use crate::base::Result;
use crate::base::units::ELECTRONVOLT_J_PER_MOL;
use serde::{Deserialize, Serialize};

/// Reference temperature of the polynomials. \[K\]
pub const REFERENCE_TEMPERATURE: f64 = 298.15;

/// One range of Shomate coefficients, as NIST gives them.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ShomateRange {
    /// Lowest temperature. \[K\]
    pub from: f64,
    /// Highest temperature. \[K\]
    pub to: f64,
    /// A … H: Cp = A + Bt + Ct² + Dt³ + E/t² [J/(mol K)], t = T/1000 K; F and H in kJ/mol, G in J/(mol K).
    pub coefficients: [f64; 8],
}

impl ShomateRange {
    /// H − H(298.15 K) [kJ/mol] and S [J/(mol K)] at 1 bar.
    pub fn functions(&self, temperature: f64) -> (f64, f64) {
        let [a, b, c, d, e, f, g, h] = self.coefficients;
        let t = temperature / 1000.0;
        let above_298 = t * (a + t * (b / 2.0 + t * (c / 3.0 + t * d / 4.0))) - e / t + f - h;
        let entropy = a * t.ln() + t * (b + t * (c / 2.0 + t * d / 3.0)) - e / (2.0 * t * t) + g;
        (above_298, entropy)
    }
}

/// Shomate polynomials over adjoining ranges.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Shomate {
    /// H(298.15 K) − H(0). [kJ/mol]
    pub enthalpy_298: f64,
    /// Ascending ranges.
    pub ranges: Vec<ShomateRange>,
}

impl Shomate {
    /// Lowest and highest temperature. [K]
    pub fn range(&self) -> (f64, f64) {
        let lo = self.ranges.iter().map(|r| r.from).fold(f64::INFINITY, f64::min);
        (lo, self.ranges.iter().map(|r| r.to).fold(f64::NEG_INFINITY, f64::max))
    }

    /// μ and h at 1 bar, the 0 K molecule as zero.
    ///
    /// # Errors
    /// [`Error::OutsideTable`] outside the ranges.
    pub fn at(&self, name: &str, temperature: f64) -> Result<Contribution> {
        let Some(range) = self.ranges.iter().find(|r| (r.from..=r.to).contains(&temperature)) else {
            let (lo, hi) = self.range();
            return Err(outside(name, temperature, lo, hi));
        };
        let (above_298, entropy) = range.functions(temperature);
        let h = 1e3 * (above_298 + self.enthalpy_298) / ELECTRONVOLT_J_PER_MOL;
        Ok(Contribution { mu: h - temperature * entropy / ELECTRONVOLT_J_PER_MOL, h })
    }
}
