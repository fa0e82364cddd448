//! The gas that a reservoir stands for: its pressure and densities from activities, by second virial coefficients.
//!
//! The fugacity of a species is f = z kT, and equals its pressure only in an ideal gas. To the order of the second virial
//! coefficients
//!
//! - B_ij = 2π ∫ (1 − e^{−βu_ij}) r² dr, u_ij as simulated: truncated, shifted, with its tail correction where there is one
//! - p/(ρkT) = 1 + B p/kT, B = Σ_ij y_i y_j B_ij
//! - ln(f_i/(y_i p)) = (2 Σ_j y_j B_ij − B) p/kT
//!
//! The next order changes ln(f/p) by ½(C − B²)(p/kT)², C the third coefficient. With b = |B|, or b = 2πσ³/3 where that is
//! more (near the Boyle temperature), it is about ½(bp/kT)²: answers are given up to bp/kT = 0.1, where that is 0.5 %.
//!
//! # Source
//! Prausnitz, Lichtenthaler & de Azevedo, Molecular Thermodynamics of Fluid-Phase Equilibria (1999), chapter 5.

use crate::potential::{Pair, PairTable};
use std::f64::consts::PI;

/// Largest bp/kT and |ln(f/p)| up to which the second coefficients are trusted.
pub const VALID: f64 = 0.1;
/// |ln(f/p)| up to which a gas counts as ideal.
pub const IDEAL: f64 = 0.01;
/// Intervals of the quadrature, with three points of Gauss each.
const INTERVALS: usize = 2048;
/// Abscissae and weights of Gauss on (−1, 1).
const GAUSS: [(f64, f64); 3] =
    [(-0.774_596_669_241_483_4, 5.0 / 9.0), (0.0, 8.0 / 9.0), (0.774_596_669_241_483_4, 5.0 / 9.0)];
/// Iterations to the composition of the gas; each gains a factor of [`VALID`] at least.
const ITERATIONS: usize = 60;

/// The gas of the reservoir species, whose atoms interact by pairs.
#[derive(Debug, Clone)]
pub struct GasPhase {
    pairs: PairTable,
    /// `[n_reservoirs]`
    species: Vec<u8>,
}

impl GasPhase {
    /// - `species`: `[n_reservoirs]`, index of each into the table
    pub fn new(pairs: PairTable, species: Vec<u8>) -> GasPhase {
        GasPhase { pairs, species }
    }

    /// The gas at one temperature.
    pub fn at(&self, kt: f64) -> VirialGas {
        let n = self.species.len();
        let tail = self.pairs.tail_correction;
        let pair = |k: usize| self.pairs.pair(self.species[k / n], self.species[k % n]);
        let second: Vec<f64> = (0..n * n).map(|k| second_virial(pair(k), tail, kt)).collect();
        let sphere = |k: usize| if pair(k).interacts() { 2.0 / 3.0 * PI * pair(k).length().powi(3) } else { 0.0 };
        let scale = second.iter().enumerate().map(|(k, b)| b.abs().max(sphere(k))).collect();
        VirialGas { kt, second, scale }
    }
}

/// B of a pair of atoms. \[length³\]
///
/// - `tail`: whether energies hold the long-range correction of a homogeneous fluid
pub fn second_virial(pair: &dyn Pair, tail: bool, kt: f64) -> f64 {
    if !pair.interacts() {
        return 0.0;
    }
    let (core, r_cut) = (pair.cut().core_squared.sqrt(), pair.cut().r_cut);
    let half = 0.5 * (r_cut - core) / INTERVALS as f64;
    let mayer = |r: f64| -(-pair.energy(r * r) / kt).exp_m1() * r * r;
    let interval = |k: usize| -> f64 {
        let middle = core + (2 * k + 1) as f64 * half;
        GAUSS.iter().map(|(x, w)| w * mayer(middle + half * x)).sum()
    };
    let inside: f64 = half * (0..INTERVALS).map(interval).sum::<f64>();
    let beyond = if tail { pair.tail_integral() / kt } else { 0.0 };
    2.0 * PI * (core.powi(3) / 3.0 + inside + beyond)
}

/// Second virial coefficients at one temperature.
#[derive(Debug, Clone)]
pub struct VirialGas {
    kt: f64,
    /// `[n_reservoirs * n_reservoirs]`, B_ij \[length³\]
    second: Vec<f64>,
    /// The same of the volumes that say how far these reach, b_ij \[length³\]
    scale: Vec<f64>,
}

/// A gas in equilibrium with given activities.
#[derive(Debug, Clone, PartialEq)]
pub struct GasState {
    /// p of all species together [energy/length³]
    pub pressure: f64,
    /// `[n_reservoirs]`, atoms per volume [1/length³]
    pub density: Vec<f64>,
    /// Largest |ln(f_i/(y_i p))|.
    pub departure: f64,
}

impl VirialGas {
    /// B of two reservoir species. \[length³\]
    pub fn second(&self, s: usize, t: usize) -> f64 {
        self.second[s * self.second.len().isqrt() + t]
    }

    /// The gas of these activities; `None` where it is too dense for second coefficients, a liquid included.
    ///
    /// - `ln_z`: `[n_reservoirs]`
    pub fn state(&self, ln_z: &[f64]) -> Option<GasState> {
        let n = ln_z.len();
        // all in units of kT
        let fugacity: Vec<f64> = ln_z.iter().map(|l| l.exp()).collect();
        let mut partial = fugacity.clone();
        let (mut exponent, mut mean) = (vec![0.0; n], 0.0);
        let mut settled = false;
        for _ in 0..ITERATIONS {
            let p: f64 = partial.iter().sum();
            if p == 0.0 {
                return Some(GasState { pressure: 0.0, density: partial, departure: 0.0 });
            }
            // p Σ_j y_j B_ij and pB
            let with =
                |of: &[f64]| -> Vec<f64> { (0..n).map(|i| (0..n).map(|j| partial[j] * of[i * n + j]).sum()).collect() };
            let mean_of = |with: &[f64]| partial.iter().zip(with).map(|(own, with)| own * with).sum::<f64>() / p;
            let reach = mean_of(&with(&self.scale));
            let with = with(&self.second);
            mean = mean_of(&with);
            exponent = with.iter().map(|with| 2.0 * with - mean).collect();
            if !(exponent.iter().all(|x| x.abs() <= VALID) && reach <= VALID) {
                return None;
            }
            let next: Vec<f64> = fugacity.iter().zip(&exponent).map(|(f, x)| f * (-x).exp()).collect();
            settled = next.iter().zip(&partial).all(|(a, b)| (a - b).abs() <= 1e-14 * p);
            partial = next;
            if settled {
                break;
            }
        }
        settled.then(|| {
            let p: f64 = partial.iter().sum();
            GasState {
                pressure: p * self.kt,
                density: partial.iter().map(|own| own / (1.0 + mean)).collect(),
                departure: exponent.iter().fold(0.0, |most, x| x.abs().max(most)),
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::potential::{LennardJones, Truncation};

    fn table(r_cut: f64, truncation: Truncation, tail: bool) -> PairTable {
        PairTable::new(1, r_cut, truncation, tail, |_, _| LennardJones::new(1.0, 1.0))
    }

    fn close(a: f64, b: f64, tol: f64) {
        assert!((a - b).abs() <= tol * b.abs(), "{a} is not within {tol:e} of {b}");
    }

    /// B/(2πσ³/3) of the whole Lennard-Jones potential, as in Hirschfelder, Curtiss & Bird, Molecular Theory of Gases and
    /// Liquids (1954), Table I-B; the digits beyond from Simpson's rule over 300 σ in another language.
    #[test]
    fn coefficients_of_lennard_jones_are_those_of_the_tables() {
        for (kt, reduced) in
            [(0.75, -4.175_928), (1.0, -2.538_081), (1.4, -1.375_848), (2.0, -0.627_625), (5.0, 0.243_344)]
        {
            let table = table(60.0, Truncation::Plain, false);
            close(second_virial(table.pair(0, 0), false, kt), reduced * 2.0 * PI / 3.0, 2e-5);
            // what is cut off comes back with the tail correction, to first order in it
            let cut = self::table(6.0, Truncation::Plain, true);
            close(second_virial(cut.pair(0, 0), true, kt), reduced * 2.0 * PI / 3.0, 3e-4);
        }
    }

    #[test]
    fn a_shifted_potential_has_its_own_coefficient() {
        let whole = table(2.5, Truncation::Plain, false);
        let shifted = table(2.5, Truncation::Shifted, false);
        let (a, b) = (second_virial(whole.pair(0, 0), false, 1.0), second_virial(shifted.pair(0, 0), false, 1.0));
        // shallower by 0.0163 over a sphere of 2.5: weaker attraction
        assert!(b > a + 0.3 && b < a + 2.0, "{a} {b}");
    }

    /// p/kT = Σ z_i − Σ_ij B_ij z_i z_j + O(z³), and ρ_i = z_i ∂(p/kT)/∂z_i.
    #[test]
    fn dilute_gases_have_the_exact_second_order() {
        let pairs = PairTable::new(2, 3.0, Truncation::Shifted, false, |a, b| {
            LennardJones::new([1.0, 0.4, 0.7][a + b], [1.0, 1.2, 1.3][a + b])
        });
        let gas = GasPhase::new(pairs, vec![1, 0]).at(0.9);
        for scale in [1e-4, 1e-3] {
            let z = [0.7 * scale, 1.9 * scale];
            let state = gas.state(&z.map(f64::ln)).expect("dilute");
            let mut p = z[0] + z[1];
            let mut density = z;
            for i in 0..2 {
                for j in 0..2 {
                    p -= gas.second(i, j) * z[i] * z[j];
                    density[i] -= 2.0 * gas.second(i, j) * z[i] * z[j];
                }
            }
            let third = 40.0 * (gas.second(0, 0).abs() * scale * 2.6).powi(2);
            close(state.pressure, 0.9 * p, third);
            for (a, b) in state.density.iter().zip(density) {
                close(*a, b, third);
            }
            assert!(state.departure > 0.0 && state.departure < 0.1);
        }
        assert!(gas.state(&[-2.0, -3.0]).is_none(), "too dense");
    }

    /// dp = Σ ρ_i kT d ln z_i holds to all orders in one species.
    #[test]
    fn density_is_the_slope_of_pressure() {
        let gas = GasPhase::new(table(3.0, Truncation::Shifted, false), vec![0]).at(1.1);
        let at = |ln_z: f64| gas.state(&[ln_z]).expect("dilute");
        let (ln_z, step) = (-4.3, 1e-4);
        let slope = (at(ln_z + step).pressure - at(ln_z - step).pressure) / (2.0 * step);
        close(slope, 1.1 * at(ln_z).density[0], 1e-6);
    }

    /// Near the Boyle temperature ln(f/p) is 0 at any density, and no measure of what is left out.
    #[test]
    fn a_dense_gas_without_second_coefficient_is_no_ideal_gas() {
        let gas = GasPhase::new(table(4.0, Truncation::Plain, false), vec![0]).at(3.3);
        assert!(gas.second(0, 0).abs() < 0.2, "{}", gas.second(0, 0));
        assert!(gas.state(&[(0.03_f64).ln()]).is_some() && gas.state(&[(0.08_f64).ln()]).is_none());
    }

    #[test]
    fn atoms_that_do_not_meet_are_an_ideal_gas() {
        let pairs = PairTable::new(1, 2.5, Truncation::Shifted, false, |_, _| LennardJones::new(0.0, 1.0));
        let gas = GasPhase::new(pairs, vec![0]).at(0.5);
        let state = gas.state(&[3.0]).expect("ideal at any density");
        close(state.pressure, 0.5 * 3.0_f64.exp(), 1e-14);
        assert_eq!(state.departure, 0.0);
    }
}
