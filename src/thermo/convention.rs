//! Conventions of a reservoir axis: the meaning of its numbers.

use super::thermal_wavelength;
use crate::thermochemistry::GasReservoir;
use serde::{Deserialize, Serialize};

/// A gas whose pressure at z = 1 is kT within this share is one of the simulated atoms.
const SAME_GAS: f64 = 1e-3;

/// The convention of a chemical-potential axis, with the constants it needs. None may be guessed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
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
    /// Pressure of a molecular gas; μ is that of an atom of the species.
    Gas(GasReservoir),
}

impl Convention {
    /// ln z of an axis value at `kt`.
    pub fn ln_z(&self, value: f64, kt: f64) -> f64 {
        match self {
            Convention::Activity => value / kt,
            Convention::Absolute { mass, planck } => value / kt - 3.0 * thermal_wavelength(*mass, kt, *planck).ln(),
            Convention::Pressure { unit } => (value * unit / kt).ln(),
            Convention::Gas(gas) => gas.mu(value, kt) / kt - 3.0 * wavelength(gas, kt).ln(),
        }
    }

    /// The axis value that gives `ln_z` at `kt`: the inverse of [`Self::ln_z`].
    pub fn value(&self, ln_z: f64, kt: f64) -> f64 {
        match self {
            Convention::Activity => kt * ln_z,
            Convention::Absolute { mass, planck } => kt * (ln_z + 3.0 * thermal_wavelength(*mass, kt, *planck).ln()),
            Convention::Pressure { unit } => ln_z.exp() * kt / unit,
            Convention::Gas(gas) => gas.pressure(self.mu(ln_z, kt), kt),
        }
    }

    /// The column `mu`: μ' for `Activity` and (as kT ln βpσ³) for `Pressure`, μ for `Absolute` and `Gas`. [energy]
    pub fn mu(&self, ln_z: f64, kt: f64) -> f64 {
        match self {
            Convention::Pressure { .. } => kt * ln_z,
            Convention::Gas(gas) => kt * (ln_z + 3.0 * wavelength(gas, kt).ln()),
            other => other.value(ln_z, kt),
        }
    }

    /// ln z of a value of the column `mu`: the inverse of [`Self::mu`].
    pub fn ln_z_of_mu(&self, mu: f64, kt: f64) -> f64 {
        match self {
            Convention::Pressure { .. } => mu / kt,
            Convention::Gas(gas) => mu / kt - 3.0 * wavelength(gas, kt).ln(),
            other => other.ln_z(mu, kt),
        }
    }

    /// The column `pressure`: that of the molecule for `Gas`, else z kT of the ideal monatomic gas. [user's unit]
    ///
    /// - `unit`: one unit of the user's pressure [energy/length³]
    pub fn pressure(&self, ln_z: f64, kt: f64, unit: f64) -> f64 {
        match self {
            Convention::Gas(_) => self.value(ln_z, kt),
            _ => ln_z.exp() * kt / unit,
        }
    }

    /// ln z of a value of the column `pressure`: the inverse of [`Self::pressure`].
    pub fn ln_z_of_pressure(&self, pressure: f64, kt: f64, unit: f64) -> f64 {
        match self {
            Convention::Gas(_) => self.ln_z(pressure, kt),
            _ => (pressure * unit / kt).ln(),
        }
    }

    /// Whether the column `pressure` is z kT, the fugacity of a gas of the simulated atoms. The pressure of a molecule that
    /// fixes μ of its atoms is not.
    ///
    /// - `unit`: one unit of the user's pressure [energy/length³]
    pub fn is_fugacity(&self, kt: f64, unit: f64) -> bool {
        match self {
            Convention::Gas(gas) => {
                gas.atoms() == 1.0 && (self.pressure(0.0, kt, unit) * unit / kt - 1.0).abs() < SAME_GAS
            }
            _ => true,
        }
    }

    /// ∂ ln p/∂ ln z at fixed T: atoms of the species in a molecule of the gas.
    pub fn atoms_per_molecule(&self) -> f64 {
        match self {
            Convention::Gas(gas) => gas.atoms(),
            _ => 1.0,
        }
    }

    /// Whether the values of an axis are pressures, so that its range of μ changes with T.
    pub fn is_pressure(&self) -> bool {
        matches!(self, Convention::Pressure { .. } | Convention::Gas(_))
    }

    /// c_s = ∂ ln z/∂β along the path that the column `c_mu` names, used by [`super::response`]:
    /// μ' (μ' fixed: `Activity`), μ − 3kT/2 (μ fixed: `Absolute`, `Gas`), kT (p fixed: `Pressure`). [energy]
    pub fn path_coefficient(&self, ln_z: f64, kt: f64) -> f64 {
        match self {
            Convention::Activity => kt * ln_z,
            Convention::Absolute { .. } | Convention::Gas(_) => self.mu(ln_z, kt) - 1.5 * kt,
            Convention::Pressure { .. } => kt,
        }
    }

    /// c_s along a path of fixed pressure of the gas: h − 3kT/2 per atom for `Gas`, kT for a monatomic gas. [energy]
    pub fn pressure_coefficient(&self, kt: f64) -> f64 {
        match self {
            Convention::Gas(gas) => gas.enthalpy(kt) - 1.5 * kt,
            _ => kt,
        }
    }

    /// The name of the axis convention as the scene spells it.
    pub fn name(&self) -> &'static str {
        match self {
            Convention::Activity => "Activity",
            Convention::Absolute { .. } => "Absolute",
            Convention::Pressure { .. } => "Pressure",
            Convention::Gas(_) => "Gas",
        }
    }
}

/// Λ of the species of a gas. [length]
fn wavelength(gas: &GasReservoir, kt: f64) -> f64 {
    let parameters = gas.parameters();
    thermal_wavelength(parameters.mass, kt, parameters.planck)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::units::Units;
    use crate::thermochemistry::library;
    use crate::thermochemistry::reservoir::Parameters;

    fn gas(name: &str, atoms: u32, mass: f64) -> Convention {
        let gas = library::gas(name).unwrap_or_else(|| panic!("{name}"));
        let (mass, planck) = (mass * Units::Metal.mass_unit(), Units::Metal.planck().unwrap_or(f64::NAN));
        Convention::Gas(Parameters { gas, atoms, mass, planck, boltzmann: Units::Metal.boltzmann() }.into())
    }

    fn all() -> Vec<Convention> {
        vec![
            Convention::Activity,
            Convention::Absolute { mass: 1.3, planck: 1.4 },
            Convention::Pressure { unit: 0.5 },
            gas("D2", 2, 2.014_102),
            gas("O2", 2, 15.9994),
        ]
    }

    #[test]
    fn values_and_activities_are_inverse() {
        for convention in all() {
            for kt in [0.03, 0.11] {
                let value = 0.37;
                let ln_z = convention.ln_z(value, kt);
                assert!((convention.value(ln_z, kt) - value).abs() < 1e-10, "{convention:?}");
                assert!((convention.ln_z_of_mu(convention.mu(ln_z, kt), kt) - ln_z).abs() < 1e-10);
                let p = convention.pressure(ln_z, kt, 0.5);
                assert!((convention.ln_z_of_pressure(p, kt, 0.5) - ln_z).abs() < 1e-10);
                let higher = convention.pressure(ln_z + 1e-5, kt, 0.5);
                assert!(((higher / p).ln() / 1e-5 - convention.atoms_per_molecule()).abs() < 1e-5);
            }
        }
    }

    #[test]
    fn path_coefficient_is_the_derivative_of_ln_z() {
        // ∂ ln z/∂β at a fixed axis value is c_s (checked by a central difference); for a gas the axis value is p.
        for convention in all() {
            let (value, beta, step) = (0.7, 30.0, 1e-3);
            let slope = (convention.ln_z(value, 1.0 / (beta + step)) - convention.ln_z(value, 1.0 / (beta - step)))
                / (2.0 * step);
            let c = match &convention {
                Convention::Gas(_) => convention.pressure_coefficient(1.0 / beta),
                other => other.path_coefficient(convention.ln_z(value, 1.0 / beta), 1.0 / beta),
            };
            assert!((slope - c).abs() < 1e-5, "{convention:?}: {slope} {c}");
        }
        // and c of a gas at fixed μ
        let (convention, beta, step) = (gas("D2", 2, 2.014_102), 30.0, 1e-3);
        let at = |beta: f64| convention.ln_z_of_mu(-2.5, 1.0 / beta);
        let slope = (at(beta + step) - at(beta - step)) / (2.0 * step);
        assert!((slope - convention.path_coefficient(at(beta), 1.0 / beta)).abs() < 1e-5);
    }

    #[test]
    fn a_monatomic_gas_is_the_ideal_gas() {
        let unit = Units::Metal.pressure_unit();
        let of = |g: Convention| g.is_fugacity(0.02, unit);
        assert!(of(gas("Ar", 1, 39.948)) && of(Convention::Activity) && !of(gas("D2", 2, 2.014_102)));
        let (argon, pressure) = (gas("Ar", 1, 39.948), Convention::Pressure { unit: Units::Metal.pressure_unit() });
        for (p, t) in [(1e-8, 90.0), (2.0, 400.0)] {
            let kt = t * Units::Metal.boltzmann();
            assert!((argon.ln_z(p, kt) - pressure.ln_z(p, kt)).abs() < 1e-10);
            assert!((argon.pressure_coefficient(kt) - kt).abs() < 1e-12);
        }
    }
}
