//! What the numbers on a reservoir axis mean.

use super::thermal_wavelength;
use serde::{Deserialize, Serialize};

/// The convention of a chemical-potential axis, with the constants it needs. None may be guessed.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub enum Convention {
    /// μ' = kT ln(z σ³), σ the unit of length.
    Activity,
    /// Absolute μ; z = e^{βμ}/Λ³.
    Absolute {
        /// [energy·time²/length²]
        mass: f64,
        /// [energy·time]
        planck: f64,
    },
    /// Pressure of the ideal monatomic gas, z = βp.
    Pressure {
        /// One unit of the user's pressure in energy/length³.
        unit: f64,
    },
}

impl Convention {
    /// ln z of an axis value at `kt`.
    pub fn ln_z(&self, value: f64, kt: f64) -> f64 {
        match *self {
            Convention::Activity => value / kt,
            Convention::Absolute { mass, planck } => value / kt - 3.0 * thermal_wavelength(mass, kt, planck).ln(),
            Convention::Pressure { unit } => (value * unit / kt).ln(),
        }
    }

    /// The axis value that gives `ln_z` at `kt`: the inverse of [`Self::ln_z`].
    pub fn value(&self, ln_z: f64, kt: f64) -> f64 {
        match *self {
            Convention::Activity => kt * ln_z,
            Convention::Absolute { mass, planck } => kt * (ln_z + 3.0 * thermal_wavelength(mass, kt, planck).ln()),
            Convention::Pressure { unit } => ln_z.exp() * kt / unit,
        }
    }

    /// The column `mu`: μ' for `Activity` and (as kT ln βpσ³) for `Pressure`, μ for `Absolute`. [energy]
    pub fn mu(&self, ln_z: f64, kt: f64) -> f64 {
        match self {
            Convention::Pressure { .. } => kt * ln_z,
            other => other.value(ln_z, kt),
        }
    }

    /// ln z of a value of the column `mu`: the inverse of [`Self::mu`].
    pub fn ln_z_of_mu(&self, mu: f64, kt: f64) -> f64 {
        match self {
            Convention::Pressure { .. } => mu / kt,
            other => other.ln_z(mu, kt),
        }
    }

    /// c_s = ∂ ln z/∂β along a path that holds this axis fixed, used by [`super::response`]:
    /// μ' (`Activity`), μ − 3kT/2 (`Absolute`), kT (`Pressure`). [energy]
    pub fn path_coefficient(&self, ln_z: f64, kt: f64) -> f64 {
        match self {
            Convention::Activity => kt * ln_z,
            Convention::Absolute { .. } => self.value(ln_z, kt) - 1.5 * kt,
            Convention::Pressure { .. } => kt,
        }
    }

    /// The name of the axis convention as the scene spells it.
    pub fn name(&self) -> &'static str {
        match self {
            Convention::Activity => "Activity",
            Convention::Absolute { .. } => "Absolute",
            Convention::Pressure { .. } => "Pressure",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_and_activities_are_inverse() {
        for convention in
            [Convention::Activity, Convention::Absolute { mass: 1.3, planck: 1.4 }, Convention::Pressure { unit: 0.5 }]
        {
            for kt in [0.3, 1.1] {
                let value = 0.37;
                let ln_z = convention.ln_z(value, kt);
                assert!((convention.value(ln_z, kt) - value).abs() < 1e-12);
                assert!((convention.ln_z_of_mu(convention.mu(ln_z, kt), kt) - ln_z).abs() < 1e-12);
            }
        }
    }

    #[test]
    fn path_coefficient_is_the_derivative_of_ln_z() {
        // ∂ ln z/∂β at a fixed axis value is c_s (checked by a central difference).
        for convention in
            [Convention::Activity, Convention::Absolute { mass: 1.3, planck: 1.4 }, Convention::Pressure { unit: 1.0 }]
        {
            let (value, beta, step) = (0.7, 1.6, 1e-5);
            let slope = (convention.ln_z(value, 1.0 / (beta + step)) - convention.ln_z(value, 1.0 / (beta - step)))
                / (2.0 * step);
            let c = convention.path_coefficient(convention.ln_z(value, 1.0 / beta), 1.0 / beta);
            assert!((slope - c).abs() < 1e-6, "{convention:?}: {slope} {c}");
        }
    }
}
