//! The harmonic picture of a minimum: classical and quantum.

use super::gas::{vibration, zero_point_energy};
use std::f64::consts::PI;

/// ln Z of a family of equivalent minima, classical: ln g − βE + ½ Σ_j ln(2πkT/κ_j). No h and no mass enter.
///
/// Z is a configurational integral over unlabelled atoms, in units of length³ᴺ, so that −kT ln Z − Nμ' is a free energy on
/// the scale of μ' = kT ln(z σ³).
///
/// - `multiplicity`: g, number of equivalent minima in the cell
/// - `energy`: E of the minimum [energy]
/// - `curvatures`: κ_j, eigenvalues of the plain Hessian of the mobile atoms, all above 0 [energy/length²]
/// - `kt`: [energy]
pub fn classical_ln_z(multiplicity: f64, energy: f64, curvatures: &[f64], kt: f64) -> f64 {
    let modes: f64 = curvatures.iter().map(|k| (2.0 * PI * kt / k).ln()).sum();
    multiplicity.ln() - energy / kt + 0.5 * modes
}

/// Free energy of quantum harmonic vibrations, zero point included: Σ [hν/2 + kT ln(1 − e^{−hν/kT})]. [eV]
///
/// - `wavenumbers`: `[n_modes]`, all above 0 [1/cm]
/// - `temperature`: [K]
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
    fn hot_quantum_vibrations_are_classical() {
        let (w, t) = (5.0, 3000.0);
        let kt = crate::units::BOLTZMANN_EV * t;
        let classical = kt * (crate::units::WAVENUMBER_EV * w / kt).ln();
        assert!((quantum_free_energy(&[w], t) - classical).abs() < 1e-6);
    }
}
