//! The ideal gas: chemical potential, enthalpy and entropy of a molecule at (T, p).
//!
//! μ(T, p) = E + E_zp + Δμ(T, p), where Δμ is the sum of the contributions of translation, rotation, vibration and
//! electrons, each zero at its own lowest level. A contribution carries its part of μ and of h; its entropy is
//! s = (h − μ)/T, and h = ∂(βμ)/∂β at fixed p.
//!
//! # Source
//! D. A. McQuarrie, Statistical Mechanics (1976), chapters 5, 6 and 8.

use super::contribution::Contribution;
use super::janaf::Janaf;
use super::rovibration::Diatomic;
use super::shomate::Shomate;
use crate::base::units::{ATOMIC_MASS_KG, BAR_PA, BOLTZMANN_EV, ELECTRONVOLT_J, PLANCK_EV_S, WAVENUMBER_EV};
use crate::base::{Error, Result};
use serde::{Deserialize, Serialize};
use std::f64::consts::PI;

/// Wavenumber below which a harmonic vibration is doubted: its free energy falls without bound as it softens. [1/cm]
pub const SOFT_MODE: f64 = 50.0;

/// Translation: μ = −kT ln[(2πm/h²)^{3/2} (kT)^{5/2} / p], h = 5kT/2.
///
/// - `mass`: of the molecule \[u\]
/// - `temperature`: \[K\]; `pressure`: \[Pa\]
pub fn translation(mass: f64, temperature: f64, pressure: f64) -> Contribution {
    let kt = BOLTZMANN_EV * temperature;
    let (kt_j, h) = (kt * ELECTRONVOLT_J, PLANCK_EV_S * ELECTRONVOLT_J);
    let per_volume = (2.0 * PI * mass * ATOMIC_MASS_KG * kt_j / (h * h)).powf(1.5);
    Contribution { mu: -kt * (per_volume * kt_j / pressure).ln(), h: 2.5 * kt }
}

/// Classical linear rotor: q = kT/(σ hcB) = 8π²IkT/(σh²), h = kT.
///
/// - `constant`: B [1/cm]
/// - `symmetry`: σ
/// - `temperature`: \[K\]
pub fn linear_rotor(constant: f64, symmetry: u32, temperature: f64) -> Contribution {
    let kt = BOLTZMANN_EV * temperature;
    Contribution { mu: -kt * (kt / (f64::from(symmetry) * WAVENUMBER_EV * constant)).ln(), h: kt }
}

/// Classical non-linear rotor: q = √π/σ (kT/hc)^{3/2} / √(ABC), h = 3kT/2.
///
/// - `constants`: A, B, C [1/cm]
/// - `symmetry`: σ
/// - `temperature`: \[K\]
pub fn non_linear_rotor(constants: [f64; 3], symmetry: u32, temperature: f64) -> Contribution {
    let kt = BOLTZMANN_EV * temperature;
    let product: f64 = constants.iter().map(|c| kt / (WAVENUMBER_EV * c)).product();
    Contribution { mu: -kt * ((PI * product).sqrt() / f64::from(symmetry)).ln(), h: 1.5 * kt }
}

/// Harmonic vibration above its zero point: μ = kT ln(1 − e^{−hν/kT}), h = hν/(e^{hν/kT} − 1).
///
/// The denominator of z_vib holds hν/kT, not hν/2kT.
///
/// - `wavenumber`: ν/c [1/cm]
/// - `temperature`: \[K\]
pub fn vibration(wavenumber: f64, temperature: f64) -> Contribution {
    let (kt, quantum) = (BOLTZMANN_EV * temperature, WAVENUMBER_EV * wavenumber);
    let x = quantum / kt;
    Contribution { mu: kt * (-(-x).exp_m1()).ln(), h: quantum / x.exp_m1() }
}

/// Zero-point energy ½ Σ hν of harmonic vibrations. \[eV\]
///
/// - `wavenumbers`: `[n_modes]` [1/cm]
pub fn zero_point_energy(wavenumbers: &[f64]) -> f64 {
    // an empty sum is −0
    0.0 + 0.5 * WAVENUMBER_EV * wavenumbers.iter().sum::<f64>()
}

/// A sum over levels: q = Σ w e^{−(E−E₀)/kT}, E₀ the lowest; μ = −kT ln q, h = ⟨E − E₀⟩.
///
/// - `levels`: (energy [1/cm], weight)
/// - `temperature`: \[K\]
pub fn level_sum(levels: &[(f64, f64)], temperature: f64) -> Contribution {
    let kt = BOLTZMANN_EV * temperature;
    let lowest = levels.iter().map(|l| l.0).fold(f64::INFINITY, f64::min);
    let (mut q, mut energy) = (0.0, 0.0);
    for &(level, weight) in levels {
        let above = WAVENUMBER_EV * (level - lowest);
        let share = weight * (-above / kt).exp();
        q += share;
        energy += share * above;
    }
    Contribution { mu: -kt * q.ln(), h: energy / q }
}

/// B of a linear rotor from its moment of inertia: B = h/(8π²cI). [1/cm]
///
/// - `moment`: I [u Å²]
pub fn rotational_constant(moment: f64) -> f64 {
    let inertia = moment * ATOMIC_MASS_KG * 1e-20 / ELECTRONVOLT_J;
    PLANCK_EV_S * PLANCK_EV_S / (8.0 * PI * PI * inertia * WAVENUMBER_EV)
}

/// Rotor type of a molecule.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub enum Rotor {
    /// A single atom.
    None,
    /// Two equal or unequal moments about the axes across the molecule.
    Linear {
        /// B [1/cm]
        constant: f64,
        /// σ
        symmetry: u32,
    },
    /// Three moments.
    NonLinear {
        /// A, B, C [1/cm]
        constants: [f64; 3],
        /// σ
        symmetry: u32,
    },
}

/// Rotation and vibration of a molecule.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Motion {
    /// Classical rotor and harmonic vibrations.
    RigidRotor {
        /// Rotor.
        rotor: Rotor,
        /// `[n_modes]`, degenerate ones repeated [1/cm]
        wavenumbers: Vec<f64>,
    },
    /// Direct sum over the rovibrational levels of a diatomic molecule.
    DirectSum(Diatomic),
}

/// Source of the thermal functions of a gas.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Source {
    /// Partition functions.
    Molecule {
        /// Rotation and vibration.
        motion: Motion,
        /// (energy [1/cm], degeneracy) of the electronic levels, the lowest first
        electronic: Vec<(f64, f64)>,
    },
    /// A table in the form of NIST-JANAF.
    Janaf(Janaf),
    /// Shomate polynomials.
    Shomate(Shomate),
}

/// A gas.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Gas {
    /// Name, e.g. `D2`.
    pub name: String,
    /// Its elements with their numbers.
    pub elements: Vec<(String, u32)>,
    /// Mass of the molecule. \[u\]
    pub mass: f64,
    /// Source of its thermal functions.
    pub source: Source,
    /// D₀: energy from the 0 K molecule to its atoms, where known. \[eV\]
    pub dissociation: Option<f64>,
    /// Zero-point energy where `source` is a table and does not know it. \[eV\]
    pub table_zero_point: f64,
}

/// Thermal functions of one molecule, the 0 K molecule as zero.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Thermal {
    /// Δμ = μ − E − E_zp. \[eV\]
    pub delta_mu: f64,
    /// h − E − E_zp. \[eV\]
    pub h: f64,
    /// Entropy. [eV/K]
    pub s: f64,
}

impl Gas {
    /// Thermal functions at (T, p), ideal gas.
    ///
    /// - `temperature`: [K]; `pressure`: of this gas [Pa]
    ///
    /// # Errors
    /// [`Error::OutsideTable`] if a table does not reach `temperature`, [`Error::NotPositive`] if a number is not above 0.
    pub fn thermal(&self, temperature: f64, pressure: f64) -> Result<Thermal> {
        for (quantity, value, unit) in [("temperature", temperature, "K"), ("pressure", pressure, "Pa")] {
            if !(value > 0.0 && value.is_finite()) {
                return Err(Error::NotPositive { quantity, value, unit });
            }
        }
        let kt = BOLTZMANN_EV * temperature;
        let total = match &self.source {
            Source::Molecule { motion, electronic } => {
                let inner = match motion {
                    Motion::DirectSum(diatomic) => level_sum(&diatomic.levels(), temperature),
                    Motion::RigidRotor { rotor, wavenumbers } => {
                        let turning = match *rotor {
                            Rotor::None => Contribution::default(),
                            Rotor::Linear { constant, symmetry } => linear_rotor(constant, symmetry, temperature),
                            Rotor::NonLinear { constants, symmetry } => {
                                non_linear_rotor(constants, symmetry, temperature)
                            }
                        };
                        wavenumbers.iter().fold(turning, |sum, &w| sum + vibration(w, temperature))
                    }
                };
                translation(self.mass, temperature, pressure) + inner + level_sum(electronic, temperature)
            }
            Source::Janaf(table) => at_pressure(table.at(&self.name, temperature)?, kt, pressure),
            Source::Shomate(shomate) => at_pressure(shomate.at(&self.name, temperature)?, kt, pressure),
        };
        Ok(Thermal { delta_mu: total.mu, h: total.h, s: (total.h - total.mu) / temperature })
    }

    /// Energy of the 0 K molecule above the minimum of its potential. [eV]
    ///
    /// ½ Σ hν, or the lowest level that nuclear spin allows (for O₂ that is N = 1, J = 0).
    pub fn zero_point_energy(&self) -> f64 {
        match &self.source {
            Source::Molecule { motion: Motion::DirectSum(diatomic), .. } => {
                let lowest = diatomic.levels().iter().map(|l| l.0).fold(f64::INFINITY, f64::min);
                WAVENUMBER_EV * lowest
            }
            Source::Molecule { motion: Motion::RigidRotor { wavenumbers, .. }, .. } => zero_point_energy(wavenumbers),
            Source::Janaf(_) | Source::Shomate(_) => self.table_zero_point,
        }
    }

    /// The pressure at which Δμ has a given value: the inverse of [`Gas::thermal`]. [Pa]
    ///
    /// - `temperature`: [K]; `delta_mu`: [eV] per molecule
    ///
    /// # Errors
    /// Those of [`Gas::thermal`].
    pub fn pressure(&self, temperature: f64, delta_mu: f64) -> Result<f64> {
        let at_one_bar = self.thermal(temperature, BAR_PA)?.delta_mu;
        Ok(BAR_PA * ((delta_mu - at_one_bar) / (BOLTZMANN_EV * temperature)).exp())
    }

    /// The same gas in closed form: classical rotor with B₀ = B_e − α_e/2, harmonic vibration with ω_e, no levels summed.
    /// Gases that are no direct sum stay as they are.
    pub fn closed_form(&self) -> Gas {
        let Source::Molecule { motion: Motion::DirectSum(diatomic), electronic } = &self.source else {
            return self.clone();
        };
        // weights of even and odd J are both 1 for unlike nuclei, 1 together for like ones
        let symmetry = (2.0 / (diatomic.spin.even + diatomic.spin.odd)).round() as u32;
        let rotor = Rotor::Linear { constant: diatomic.be - 0.5 * diatomic.ae, symmetry };
        let motion = Motion::RigidRotor { rotor, wavenumbers: vec![diatomic.we] };
        let components = if diatomic.triplet.is_some() { 3.0 } else { 1.0 };
        let electronic = electronic.iter().map(|&(level, weight)| (level, components * weight)).collect();
        Gas { source: Source::Molecule { motion, electronic }, ..self.clone() }
    }

    /// Why the ideal-gas formulas are not to be believed at (T, p), if that is so.
    ///
    /// - `temperature`: [K]; `pressure`: of this gas [Pa]
    pub fn doubt(&self, temperature: f64, pressure: f64) -> Option<String> {
        let kt = BOLTZMANN_EV * temperature;
        let at = format!("{} at {temperature} K", self.name);
        // μ = kT ln(nΛ³) of translation
        let degeneracy = (translation(self.mass, temperature, pressure).mu / kt).exp();
        if degeneracy > 0.1 {
            return Some(format!(
                "{at} and {pressure:e} Pa: {degeneracy:.2e} molecules in a cube of the thermal wavelength; quantum \
                 statistics, which the ideal gas leaves out, matter"
            ));
        }
        if pressure > 1e8 {
            return Some(format!("{at} and {pressure:e} Pa: no gas is ideal there; read the pressure as a fugacity"));
        }
        let Source::Molecule { motion, .. } = &self.source else { return None };
        let rotor = match motion {
            Motion::RigidRotor { rotor: Rotor::Linear { constant, .. }, .. } => *constant,
            Motion::RigidRotor { rotor: Rotor::NonLinear { constants, .. }, .. } => {
                constants.iter().copied().fold(0.0, f64::max)
            }
            _ => 0.0,
        };
        if kt < WAVENUMBER_EV * rotor {
            return Some(format!("{at}: kT is below its rotational constant {rotor} 1/cm; the classical rotor fails"));
        }
        if let Motion::RigidRotor { wavenumbers, .. } = motion
            && let Some(soft) = wavenumbers.iter().find(|w| **w < SOFT_MODE)
        {
            return Some(format!(
                "{at}: a mode of {soft} 1/cm is taken as harmonic, with μ = {:.3} eV of its own; below {SOFT_MODE} 1/cm \
                 it is rather a hindered rotation",
                vibration(*soft, temperature).mu
            ));
        }
        let hot = 6000.0;
        (temperature > hot)
            .then(|| format!("{at}: above {hot} K dissociation and excited electrons, which are left out, matter"))
    }

    /// Whether the thermal functions come from a table, which does not know the zero-point energy.
    pub fn is_table(&self) -> bool {
        matches!(self.source, Source::Janaf(_) | Source::Shomate(_))
    }

    /// Number of atoms if all are of one element, with that element.
    pub fn single_element(&self) -> Option<(&str, u32)> {
        match &self.elements[..] {
            [(element, n)] => Some((element, *n)),
            _ => None,
        }
    }
}

/// Moves a contribution at standard pressure to another pressure.
fn at_pressure(standard: Contribution, kt: f64, pressure: f64) -> Contribution {
    Contribution { mu: standard.mu + kt * (pressure / BAR_PA).ln(), h: standard.h }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// h = ∂(βμ)/∂β at fixed p, by a central difference.
    fn enthalpy(mu: impl Fn(f64) -> f64, temperature: f64) -> f64 {
        let step = 1e-4 * temperature;
        let (up, down) = (temperature + step, temperature - step);
        let slope = (mu(up) / up - mu(down) / down) / (2.0 * step);
        -slope * temperature * temperature
    }

    #[test]
    fn enthalpies_are_the_derivatives_of_mu() {
        let levels = [(0.0, 2.0), (119.8, 2.0), (900.0, 1.0)];
        let parts: [(&str, &dyn Fn(f64) -> Contribution); 5] = [
            ("translation", &|t| translation(32.0, t, 1e-3)),
            ("linear", &|t| linear_rotor(1.4, 2, t)),
            ("non-linear", &|t| non_linear_rotor([27.0, 14.0, 9.0], 2, t)),
            ("vibration", &|t| vibration(1580.0, t)),
            ("levels", &|t| level_sum(&levels, t)),
        ];
        for (name, part) in parts {
            for t in [80.0, 300.0, 1200.0] {
                let (h, numeric) = (part(t).h, enthalpy(|t| part(t).mu, t));
                assert!((h - numeric).abs() < 1e-8, "{name} at {t} K: {h} {numeric}");
            }
        }
    }

    #[test]
    fn a_moment_of_inertia_gives_its_rotational_constant() {
        // 505379.07 MHz u Å² = 16.857629 cm⁻¹ u Å², the conversion of every table of rotational constants
        assert!((rotational_constant(1.0) - 16.857_629).abs() < 1e-6, "{}", rotational_constant(1.0));
    }

    #[test]
    fn numbers_that_cannot_be_are_refused() {
        let gas = Gas {
            name: "X".into(),
            elements: vec![("X".into(), 1)],
            mass: 1.0,
            source: Source::Molecule {
                motion: Motion::RigidRotor { rotor: Rotor::None, wavenumbers: Vec::new() },
                electronic: vec![(0.0, 1.0)],
            },
            dissociation: None,
            table_zero_point: 0.0,
        };
        for (t, p) in [(0.0, 1.0), (-3.0, 1.0), (f64::NAN, 1.0), (300.0, 0.0), (300.0, f64::INFINITY)] {
            assert!(gas.thermal(t, p).is_err(), "{t} {p}");
        }
        let p = gas.pressure(300.0, -0.5).unwrap_or(f64::NAN);
        let mu = gas.thermal(300.0, p).map_or(f64::NAN, |x| x.delta_mu);
        assert!((mu + 0.5).abs() < 1e-12);
    }
}
