//! The harmonic picture of a minimum: classical and quantum.

use super::gas::{vibration, zero_point_energy};
use std::f64::consts::PI;

/// ln Z of a family of equivalent minima, classical: ln g − βE + ½ Σ_j ln(2πkT/κ_j). No h and no mass enter.
///
/// Z is a configurational integral over unlabelled atoms, in units of length³ᴺ, so that −kT ln Z − Nμ' is a free energy on
/// the scale of μ' = kT ln(z σ³).
///
/// - `multiplicity`: g, number of equivalent minima in the cell
/// - `energy`: E of the minimum \[energy\]
/// - `curvatures`: κ_j, eigenvalues of the plain Hessian of the mobile atoms, all above 0 [energy/length²]
/// - `kt`: \[energy\]
pub fn classical_ln_z(multiplicity: f64, energy: f64, curvatures: &[f64], kt: f64) -> f64 {
    let modes: f64 = curvatures.iter().map(|k| (2.0 * PI * kt / k).ln()).sum();
    multiplicity.ln() - energy / kt + 0.5 * modes
}

/// ln of what quantum mechanics makes of the classical harmonic integral: Σ_j ln[x_j/(2 sinh(x_j/2))], x_j = ħω_j/kT.
///
/// Added to [`classical_ln_z`] it gives the quantum partition function on the same scale, zero point included: the factors
/// kT/ħω of the classical one with their Λ⁻³ᴺ are replaced by 1/(2 sinh(ħω/2kT)).
///
/// - `curvatures`: κ_j of atoms of one mass m, all above 0 [energy/length²]
/// - `quantum`: ħ/√m, so that ħω_j = `quantum` √κ_j [energy^½·length]
/// - `kt`: \[energy\]
pub fn quantum_correction(curvatures: &[f64], quantum: f64, kt: f64) -> f64 {
    let mode = |k: &f64| {
        let x = quantum * k.sqrt() / kt;
        // x e^{−x/2}/(1 − e^{−x}), which neither under- nor overflows
        x.ln() - 0.5 * x - (-(-x).exp_m1()).ln()
    };
    curvatures.iter().map(mode).sum()
}

/// Free energy of quantum harmonic vibrations, zero point included: Σ [hν/2 + kT ln(1 − e^{−hν/kT})]. \[eV\]
///
/// - `wavenumbers`: `[n_modes]`, all above 0 [1/cm]
/// - `temperature`: \[K\]
pub fn quantum_free_energy(wavenumbers: &[f64], temperature: f64) -> f64 {
    zero_point_energy(wavenumbers) + wavenumbers.iter().map(|&w| vibration(w, temperature).mu).sum::<f64>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_classical_well_is_a_gaussian_integral() {
        // ∫ e^{−β(E + κ₁x²/2 + κ₂y²/2)} on a fine grid
        let (kt, energy, k1, k2) = (0.7, -1.3, 4.0, 9.0);
        let (step, half) = (0.01, 500);
        let line = |k: f64| -> f64 {
            (-half..=half).map(|i| (-0.5 * k * (f64::from(i) * step).powi(2) / kt).exp()).sum::<f64>() * step
        };
        let integral = 2.0 * (-energy / kt).exp() * line(k1) * line(k2);
        assert!((classical_ln_z(2.0, energy, &[k1, k2], kt) - integral.ln()).abs() < 1e-9);
    }

    #[test]
    fn the_correction_is_the_ratio_of_the_partition_functions() {
        let quantum = 0.3;
        for (k, kt) in [(4.0_f64, 0.7), (90.0, 0.05), (2.0, 50.0)] {
            let quantum_of_one = quantum * k.sqrt();
            let levels: f64 = (0..4000).map(|n| (-(f64::from(n) + 0.5) * quantum_of_one / kt).exp()).sum();
            let expected = (levels * quantum_of_one / kt).ln();
            assert!((quantum_correction(&[k, k], quantum, kt) - 2.0 * expected).abs() < 1e-9, "{k} {kt}");
        }
        // cold: what remains of −kT ln Z is the zero point
        assert!((-1e-3 * quantum_correction(&[4.0], quantum, 1e-3) - 0.5 * quantum * 2.0).abs() < 0.01);
    }

    #[test]
    fn hot_quantum_vibrations_are_classical() {
        let (w, t) = (5.0, 3000.0);
        let kt = crate::base::units::BOLTZMANN_EV * t;
        let classical = kt * (crate::base::units::WAVENUMBER_EV * w / kt).ln();
        assert!((quantum_free_energy(&[w], t) - classical).abs() < 1e-6);
    }
}
