//! Unit systems: reduced Lennard-Jones and metal (eV, Å, K, bar, u, ps). Constants: CODATA 2022.

use serde::{Deserialize, Serialize};

/// Boltzmann constant [eV/K] (exact).
pub const BOLTZMANN_EV: f64 = 8.617_333_262_145_179e-5;
/// Planck constant [eV s] (exact).
pub const PLANCK_EV_S: f64 = 4.135_667_696_923_859e-15;
/// Elementary charge \[C\], also joule per electronvolt (exact).
pub const ELECTRONVOLT_J: f64 = 1.602_176_634e-19;
/// Atomic mass constant \[kg\], CODATA 2022.
pub const ATOMIC_MASS_KG: f64 = 1.660_539_068_92e-27;
/// Speed of light [cm/s] (exact).
pub const LIGHT_CM_S: f64 = 2.997_924_58e10;
/// hc: energy of a wavenumber of 1/cm [eV cm] (exact).
pub const WAVENUMBER_EV: f64 = PLANCK_EV_S * LIGHT_CM_S;
/// 1 eV per molecule in J/mol: e N_A (exact).
pub const ELECTRONVOLT_J_PER_MOL: f64 = ELECTRONVOLT_J * 6.022_140_76e23;
/// Standard pressure \[Pa\].
pub const BAR_PA: f64 = 1e5;
/// Atmosphere \[Pa\].
pub const ATM_PA: f64 = 101_325.0;

/// The unit system of a scene.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Units {
    /// Reduced units: ε, σ, m and k_B are 1.
    Lj,
    /// eV, Å, K, bar, u, ps.
    Metal,
}

impl Units {
    /// k_B: energy per unit of temperature.
    pub fn boltzmann(self) -> f64 {
        match self {
            Units::Lj => 1.0,
            Units::Metal => BOLTZMANN_EV,
        }
    }

    /// A mass of 1 in the user's unit, in energy·time²/length².
    pub fn mass_unit(self) -> f64 {
        match self {
            Units::Lj => 1.0,
            // 1 u (Å/ps)² = 1 u (100 m/s)²
            Units::Metal => ATOMIC_MASS_KG * 1e4 / ELECTRONVOLT_J,
        }
    }

    /// A pressure of 1 in the user's unit, in energy/length³.
    pub fn pressure_unit(self) -> f64 {
        match self {
            Units::Lj => 1.0,
            // 1 bar Å³
            Units::Metal => 1e5 * 1e-30 / ELECTRONVOLT_J,
        }
    }

    /// Planck's constant in energy·time; reduced units have none of their own.
    pub fn planck(self) -> Option<f64> {
        match self {
            Units::Lj => None,
            Units::Metal => Some(PLANCK_EV_S * 1e12),
        }
    }

    /// Symbol of the energy unit.
    pub fn energy_label(self) -> &'static str {
        match self {
            Units::Lj => "ε",
            Units::Metal => "eV",
        }
    }

    /// Symbol of the temperature unit.
    pub fn temperature_label(self) -> &'static str {
        match self {
            Units::Lj => "ε/k_B",
            Units::Metal => "K",
        }
    }

    /// Symbol of the pressure unit.
    pub fn pressure_label(self) -> &'static str {
        match self {
            Units::Lj => "ε/σ³",
            Units::Metal => "bar",
        }
    }

    /// Symbol of the length unit.
    pub fn length_label(self) -> &'static str {
        match self {
            Units::Lj => "σ",
            Units::Metal => "Å",
        }
    }
}

/// A number of bytes for people, e.g. `1.5 GiB`.
pub fn bytes(n: u64) -> String {
    let units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
    let mut value = n as f64;
    let mut unit = 0;
    while value >= 1024.0 && unit + 1 < units.len() {
        value /= 1024.0;
        unit += 1;
    }
    if unit == 0 || value >= 100.0 {
        format!("{value:.0} {}", units[unit])
    } else {
        format!("{value:.1} {}", units[unit])
    }
}

/// The temperature of a kT \[energy\]: of those that give it the one with fewest digits, as a user would have written it. The quotient
/// itself may differ in its last digit.
///
/// - `boltzmann`: k_B [energy/temperature]
pub fn temperature_of(kt: f64, boltzmann: f64) -> f64 {
    let quotient = kt / boltzmann;
    let mut rounded = (8..17).filter_map(|digits| format!("{quotient:.digits$e}").parse::<f64>().ok());
    rounded.find(|t| t * boltzmann == kt).unwrap_or(quotient)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn temperatures_come_back_as_they_were_given() {
        let mut noisy = 0;
        for k in 1..4000 {
            let given = f64::from(k) / 4.0;
            noisy += u32::from(given * BOLTZMANN_EV / BOLTZMANN_EV != given);
            assert_eq!(temperature_of(given * BOLTZMANN_EV, BOLTZMANN_EV), given);
        }
        assert!(noisy > 100, "{noisy}");
        let third = 100.0 / 3.0;
        assert!((temperature_of(third * BOLTZMANN_EV, BOLTZMANN_EV) / third - 1.0).abs() < 3e-16);
        assert!(temperature_of(f64::NAN, 1.0).is_nan());
    }

    #[test]
    fn bytes_are_readable() {
        assert_eq!(bytes(512), "512 B");
        assert_eq!(bytes(1536), "1.5 KiB");
        assert_eq!(bytes(200 << 30), "200 GiB");
    }
}
