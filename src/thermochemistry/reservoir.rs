//! A gas as the reservoir of a species: dissociative adsorption from a molecule, or a monatomic gas.

use super::gas::{Gas, Thermal};
use crate::base::units::BAR_PA;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::sync::{Arc, RwLock};

/// A gas that fixes the chemical potential of the atoms it is made of: μ_X(T, p) = [−D₀ + Δμ(T, p)]/n for the molecule
/// X_n, energies measured from the isolated atoms.
///
/// Cheap to clone; thermal functions are remembered per temperature. Units are eV and bar (`Metal`).
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(from = "Parameters", into = "Parameters")]
pub struct GasReservoir {
    inner: Arc<Inner>,
}

/// What defines a reservoir.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Parameters {
    /// The gas; `dissociation` must be known.
    pub gas: Gas,
    /// n, atoms of the species in a molecule.
    pub atoms: u32,
    /// Mass of the species. [energy·time²/length²]
    pub mass: f64,
    /// h [energy·time]
    pub planck: f64,
    /// k_B [energy/temperature]
    pub boltzmann: f64,
}

#[derive(Debug)]
struct Inner {
    parameters: Parameters,
    /// By the bits of kT: thermal functions at 1 bar.
    standard: RwLock<HashMap<u64, Thermal>>,
}

impl From<Parameters> for GasReservoir {
    fn from(parameters: Parameters) -> GasReservoir {
        GasReservoir { inner: Arc::new(Inner { parameters, standard: RwLock::default() }) }
    }
}

impl From<GasReservoir> for Parameters {
    fn from(reservoir: GasReservoir) -> Parameters {
        reservoir.inner.parameters.clone()
    }
}

impl PartialEq for GasReservoir {
    fn eq(&self, other: &GasReservoir) -> bool {
        self.inner.parameters == other.inner.parameters
    }
}

impl GasReservoir {
    /// What defines it.
    pub fn parameters(&self) -> &Parameters {
        &self.inner.parameters
    }

    /// Name of the molecule.
    pub fn name(&self) -> &str {
        &self.inner.parameters.gas.name
    }

    /// Atoms of the species in a molecule.
    pub fn atoms(&self) -> f64 {
        f64::from(self.inner.parameters.atoms)
    }

    /// Thermal functions of the molecule at 1 bar; NaN where a table does not reach.
    fn standard(&self, kt: f64) -> Thermal {
        let known = self.inner.standard.read().ok().and_then(|map| map.get(&kt.to_bits()).copied());
        known.unwrap_or_else(|| {
            let parameters = &self.inner.parameters;
            let unknown = Thermal { delta_mu: f64::NAN, h: f64::NAN, s: f64::NAN };
            let thermal = parameters.gas.thermal(kt / parameters.boltzmann, BAR_PA).unwrap_or(unknown);
            if let Ok(mut map) = self.inner.standard.write() {
                map.insert(kt.to_bits(), thermal);
            }
            thermal
        })
    }

    /// −D₀ [eV]
    fn bound(&self) -> f64 {
        -self.inner.parameters.gas.dissociation.unwrap_or(f64::NAN)
    }

    /// μ of the species. [eV]
    ///
    /// - `pressure`: of the molecule [bar]
    pub fn mu(&self, pressure: f64, kt: f64) -> f64 {
        (self.bound() + self.standard(kt).delta_mu + kt * pressure.ln()) / self.atoms()
    }

    /// The pressure of the molecule that gives μ: the inverse of [`GasReservoir::mu`]. [bar]
    pub fn pressure(&self, mu: f64, kt: f64) -> f64 {
        ((self.atoms() * mu - self.bound() - self.standard(kt).delta_mu) / kt).exp()
    }

    /// Enthalpy per atom of the species: ∂(βμ)/∂β at fixed pressure. [eV]
    pub fn enthalpy(&self, kt: f64) -> f64 {
        (self.bound() + self.standard(kt).h) / self.atoms()
    }

    /// Δμ of the species, the 0 K molecule as zero. [eV]
    pub fn delta_mu(&self, mu: f64) -> f64 {
        mu - self.bound() / self.atoms()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::units::Units;
    use crate::thermochemistry::library;

    fn reservoir(name: &str, atoms: u32, mass: f64) -> GasReservoir {
        let gas = library::gas(name).unwrap_or_else(|| panic!("{name}"));
        let (units, planck) = (Units::Metal, Units::Metal.planck().unwrap_or(f64::NAN));
        Parameters { gas, atoms, mass: mass * units.mass_unit(), planck, boltzmann: units.boltzmann() }.into()
    }

    #[test]
    fn pressures_and_chemical_potentials_are_inverse() {
        let d2 = reservoir("D2", 2, 2.014_102);
        for (p, t) in [(1e-9, 250.0), (1.0, 700.0)] {
            let kt = t * Units::Metal.boltzmann();
            assert!((d2.pressure(d2.mu(p, kt), kt) / p - 1.0).abs() < 1e-10);
            // Half the molecule: μ = ½(−D₀ + Δμ), and per atom half of kT ln p.
            assert!((d2.mu(p, kt) - d2.mu(1.0, kt) - 0.5 * kt * p.ln()).abs() < 1e-12);
            assert!((d2.delta_mu(d2.mu(p, kt)) - d2.mu(p, kt) - 0.5 * 4.5562).abs() < 1e-4);
        }
    }

    #[test]
    fn a_reservoir_survives_being_written() {
        let d2 = reservoir("D2", 2, 2.014_102);
        let text = serde_json::to_string(&d2).unwrap_or_else(|e| panic!("{e}"));
        let again: GasReservoir = serde_json::from_str(&text).unwrap_or_else(|e| panic!("{e}"));
        assert_eq!(again, d2);
    }
}
