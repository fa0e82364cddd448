//! Ensemble formulas: pure functions, one place each (states, acceptance rules, conventions, responses).

pub mod acceptance;
pub mod convention;
mod edges;
pub mod gas_phase;
pub mod response;
pub mod states;
pub mod union;
pub mod window;

pub use convention::Convention;
pub use window::Window;

/// Reduced potential u_k(x) = β E − Σ_s N_s ln z_s of a configuration with energy `energy` and counts `counts`.
///
/// Serves particle moves, exchange and MBAR alike, of a state without a window; with its weights it is
/// [`StateRef::reduced_potential`](acceptance::StateRef::reduced_potential). N! and V^N do not depend on the state and are
/// dropped.
///
/// - `beta`: 1/kT [1/energy]
/// - `ln_z`: `[n_reservoirs]`, logarithm of the activity [1/length³]
/// - `energy`: potential energy E \[energy\]
/// - `counts`: `[n_reservoirs]`, atoms N_s of each reservoir species
/// - returns: dimensionless
pub fn reduced_potential(beta: f64, ln_z: &[f64], energy: f64, counts: &[u16]) -> f64 {
    debug_assert_eq!(ln_z.len(), counts.len(), "one activity per reservoir species");
    let chemical: f64 = ln_z.iter().zip(counts).map(|(l, &n)| l * f64::from(n)).sum();
    beta * energy - chemical
}

/// Thermal wavelength Λ = h √(β / 2π m).
///
/// - `mass`: [energy·time²/length²]
/// - `kt`: \[energy\]
/// - `planck`: h [energy·time]
/// - returns: \[length\]
pub fn thermal_wavelength(mass: f64, kt: f64, planck: f64) -> f64 {
    planck / (2.0 * std::f64::consts::PI * mass * kt).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_of_the_reduced_potential_agree() {
        // β[E − μN] + 3N ln Λ  =  βE − N ln z with ln z = βμ − 3 ln Λ
        let (beta, mu, mass, planck, energy, n) = (1.7, -2.3, 0.8, 1.4, -5.5, 7_u16);
        let lambda = thermal_wavelength(mass, 1.0 / beta, planck);
        let ln_z = beta * mu - 3.0 * lambda.ln();
        let long = beta * (energy - mu * f64::from(n)) + 3.0 * f64::from(n) * lambda.ln();
        assert!((reduced_potential(beta, &[ln_z], energy, &[n]) - long).abs() < 1e-12);
    }
}
