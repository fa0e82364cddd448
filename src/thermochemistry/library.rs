//! Gases that are built in, with their spectroscopic constants.
//!
//! # Source
//! Diatomic molecules: K. P. Huber & G. Herzberg, Constants of Diatomic Molecules (Van Nostrand, 1979), as in the NIST
//! Chemistry WebBook; D_e of NO from 4B_e³/ω_e². Dissociation energies D₀: H₂ (36118.070 1/cm), HD (36405.784) and
//! D₂ (36748.362) from J. Liu et al., J. Chem. Phys. 130, 174306 and 132, 154301; O₂ (41268.6) from P. C. Cosby &
//! D. L. Huestis, J. Chem. Phys. 97, 6108 (1992), its λ and γ from W. M. Welch & M. Mizushima, Phys. Rev. A 5, 2692 (1972); N₂, CO and NO from Huber & Herzberg. Polyatomic molecules:
//! G. Herzberg, Electronic Spectra of Polyatomic Molecules (1966) for rotational constants; T. Shimanouchi, Tables of
//! Molecular Vibrational Frequencies, NSRDS-NBS 39 (1972) for fundamentals. Masses: IUPAC conventional atomic weights, and
//! 2.014102 u for D.

use super::formula;
use super::gas::{Gas, Motion, Rotor, Source};
use super::rovibration::{Diatomic, Spin, Triplet};
use crate::base::units::WAVENUMBER_EV;

/// Names of the gases in the library.
pub const NAMES: [&str; 16] =
    ["H2", "HD", "D2", "O2", "N2", "CO", "CO2", "H2O", "NO", "NH3", "CH4", "He", "Ne", "Ar", "Kr", "Xe"];

/// The gas with this name.
pub fn gas(name: &str) -> Option<Gas> {
    let singlet = vec![(0.0, 1.0)];
    let (mass, motion, electronic, dissociation) = match name {
        "H2" => {
            let motion = diatomic([4401.21, 121.34, 60.853, 3.062, 0.0471], Spin::PROTONS);
            (2.01588, motion, singlet, Some(36_118.070 * WAVENUMBER_EV))
        }
        "HD" => {
            let motion = diatomic([3813.15, 91.65, 45.655, 1.986, 0.026_05], Spin::UNLIKE);
            (3.022_042, motion, singlet, Some(36_405.784 * WAVENUMBER_EV))
        }
        "D2" => {
            let motion = diatomic([3115.5, 61.82, 30.4436, 1.0786, 0.011_41], Spin::SPIN_ONE);
            (4.028_204, motion, singlet, Some(36_748.362 * WAVENUMBER_EV))
        }
        // ³Σ_g⁻: the lowest level is N = 1, J = 0, which lies 2.6 1/cm (0.33 meV) below the mean of the spin components.
        // a ¹Δ_g at 7918 1/cm adds less than 1 µeV below 1000 K and is left out.
        "O2" => {
            let singles = levels([1580.193, 11.981, 1.445_63, 0.015_93, 4.84e-6], Spin::ODD_ONLY);
            let triplet = Some(Triplet { lambda: 1.984_75, gamma: -0.008_425 });
            let motion = Motion::DirectSum(Diatomic { triplet, ..singles });
            (31.9988, motion, singlet, Some(41_268.6 * WAVENUMBER_EV))
        }
        "N2" => {
            let motion = diatomic([2358.57, 14.324, 1.998_241, 0.017_318, 5.76e-6], Spin::SPIN_ONE);
            (28.0134, motion, singlet, Some(9.7594))
        }
        "CO" => {
            let motion = diatomic([2_169.813_58, 13.288_31, 1.931_281, 0.017_504_41, 6.121_5e-6], Spin::UNLIKE);
            (28.0101, motion, singlet, Some(11.092))
        }
        // ²Π_½ and ²Π_3/2, each with its two Λ components; N = J − ½ is taken for the rotation, with the mean of their B_e
        // (1.671 95 and 1.720 16).
        "NO" => {
            let motion = diatomic([1904.20, 14.075, 1.696_06, 0.0178, 5.16e-6], Spin::UNLIKE);
            (30.0061, motion, vec![(0.0, 2.0), (119.82, 2.0)], Some(6.4968))
        }
        "CO2" => {
            let rotor = Rotor::Linear { constant: 0.390_21, symmetry: 2 };
            (44.0095, rigid(rotor, &[1388.2, 667.4, 667.4, 2349.2]), singlet, None)
        }
        "H2O" => {
            let rotor = Rotor::NonLinear { constants: [27.877, 14.512, 9.285], symmetry: 2 };
            (18.015_28, rigid(rotor, &[3656.7, 1594.6, 3755.8]), singlet, None)
        }
        "NH3" => {
            let rotor = Rotor::NonLinear { constants: [9.9443, 9.9443, 6.196], symmetry: 3 };
            (17.030_52, rigid(rotor, &[3336.7, 950.4, 3443.8, 3443.8, 1626.8, 1626.8]), singlet, None)
        }
        "CH4" => {
            let rotor = Rotor::NonLinear { constants: [5.2412; 3], symmetry: 12 };
            let modes = [2916.5, 1534.0, 1534.0, 3018.7, 3018.7, 3018.7, 1306.2, 1306.2, 1306.2];
            (16.042_46, rigid(rotor, &modes), singlet, None)
        }
        "He" | "Ne" | "Ar" | "Kr" | "Xe" => {
            let mass = match name {
                "He" => 4.002_602,
                "Ne" => 20.1797,
                "Ar" => 39.948,
                "Kr" => 83.798,
                _ => 131.293,
            };
            (mass, rigid(Rotor::None, &[]), singlet, Some(0.0))
        }
        _ => return None,
    };
    Some(Gas {
        name: name.to_owned(),
        elements: formula::parse(name).unwrap_or_else(|| unreachable!("`{name}` of the library is a formula")),
        mass,
        source: Source::Molecule { motion, electronic },
        dissociation,
        table_zero_point: 0.0,
    })
}

fn diatomic(constants: [f64; 5], spin: Spin) -> Motion {
    Motion::DirectSum(levels(constants, spin))
}

fn levels([we, wexe, be, ae, de]: [f64; 5], spin: Spin) -> Diatomic {
    Diatomic { we, wexe, be, ae, de, spin, triplet: None }
}

fn rigid(rotor: Rotor, wavenumbers: &[f64]) -> Motion {
    Motion::RigidRotor { rotor, wavenumbers: wavenumbers.to_vec() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::units::{BAR_PA, ELECTRONVOLT_J_PER_MOL};

    #[test]
    fn every_gas_of_the_list_is_there_and_nothing_else() {
        for name in NAMES {
            assert_eq!(gas(name).unwrap_or_else(|| panic!("{name}")).name, name);
        }
        assert_eq!(gas("Rn"), None);
    }

    /// Standard entropies at 298.15 K and 1 bar, CODATA Key Values for Thermodynamics (1989) and NIST-JANAF (NO, NH₃, CH₄).
    /// [J/(mol K)]
    const ENTROPIES: [(&str, f64, f64); 15] = [
        ("H2", 130.680, 0.02),
        ("D2", 144.960, 0.03),
        ("HD", 143.80, 0.05),
        ("O2", 205.152, 0.05),
        ("N2", 191.609, 0.02),
        ("CO", 197.660, 0.02),
        ("CO2", 213.785, 0.1),
        ("H2O", 188.835, 0.15),
        ("NO", 210.758, 0.06),
        ("NH3", 192.77, 0.3),
        ("CH4", 186.25, 0.2),
        ("He", 126.153, 0.005),
        ("Ne", 146.328, 0.005),
        ("Ar", 154.846, 0.005),
        ("Xe", 169.685, 0.005),
    ];

    /// H(298.15 K) − H(0): CODATA Key Values for Thermodynamics (1989), NIST-JANAF for D₂, NO and CH₄. [kJ/mol]
    const HEAT_CONTENTS: [(&str, f64, f64); 10] = [
        ("H2", 8.468, 0.002),
        ("D2", 8.569, 0.002),
        ("O2", 8.680, 0.002),
        ("N2", 8.670, 0.002),
        ("CO", 8.671, 0.002),
        ("CO2", 9.365, 0.005),
        ("H2O", 9.905, 0.02),
        ("NO", 9.192, 0.004),
        ("NH3", 10.043, 0.007),
        ("Ar", 6.197, 0.001),
    ];

    #[test]
    fn heat_contents_from_the_lowest_level_are_those_of_the_tables() {
        for (name, expected, tolerance) in HEAT_CONTENTS {
            let thermal = gas(name).and_then(|g| g.thermal(298.15, BAR_PA).ok()).unwrap_or_else(|| panic!("{name}"));
            let content = 1e-3 * thermal.h * ELECTRONVOLT_J_PER_MOL;
            assert!((content - expected).abs() < tolerance, "{name}: {content} instead of {expected}");
        }
    }

    #[test]
    fn standard_entropies_are_those_of_the_tables() {
        for (name, expected, tolerance) in ENTROPIES {
            let thermal = gas(name).and_then(|g| g.thermal(298.15, BAR_PA).ok()).unwrap_or_else(|| panic!("{name}"));
            let entropy = thermal.s * ELECTRONVOLT_J_PER_MOL;
            // Tables of HD include the mixing of nuclear spins no more than ours.
            assert!((entropy - expected).abs() < tolerance, "{name}: {entropy} instead of {expected}");
        }
    }
}
