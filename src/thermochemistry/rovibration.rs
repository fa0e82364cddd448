//! Rovibrational levels of diatomic molecules, with the weights of nuclear spin.

use serde::{Deserialize, Serialize};

/// More vibrational levels than any diatomic molecule has.
const MOST_VIBRATIONS: u32 = 1000;
/// More rotational levels than any diatomic molecule has.
const MOST_ROTATIONS: u32 = 2000;

/// Spectroscopic constants of a diatomic molecule and the weights of its rotational levels.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Diatomic {
    /// ω_e [1/cm]
    pub we: f64,
    /// ω_e x_e [1/cm]
    pub wexe: f64,
    /// B_e [1/cm]
    pub be: f64,
    /// α_e [1/cm]
    pub ae: f64,
    /// D_e, centrifugal distortion [1/cm]
    pub de: f64,
    /// Weights of even and odd J (N of a triplet) beside 2J + 1; see [`Spin`].
    pub spin: Spin,
    /// Fine structure of a ³Σ state, which then has no further electronic degeneracy.
    #[serde(default)]
    pub triplet: Option<Triplet>,
}

/// Fine structure of a ³Σ state: a level N is three, J = N − 1, N and N + 1.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Triplet {
    /// λ, spin–spin [1/cm]
    pub lambda: f64,
    /// γ, spin–rotation [1/cm]
    pub gamma: f64,
}

impl Triplet {
    /// The components of a level N as (energy above J = N [1/cm], 2J + 1).
    ///
    /// - `constant`: B of the vibration [1/cm]
    ///
    /// # Source
    /// R. Schlapp, Phys. Rev. 51, 342 (1937).
    fn components(&self, rotation: u32, constant: f64) -> Vec<(f64, f64)> {
        let (n, b, Triplet { lambda, gamma }) = (f64::from(rotation), constant, *self);
        let root = |width: f64| (width * width * b * b + lambda * lambda - 2.0 * lambda * b).sqrt();
        let above = 2.0 * n + 3.0;
        let mut components = vec![(above * b - lambda - root(above) + gamma * (n + 1.0), above)];
        let below = 2.0 * n - 1.0;
        if rotation > 0 {
            // J = 0 mixes with nothing: its root is B − λ, of whichever sign
            let root = if rotation == 1 { b - lambda } else { root(below) };
            components.push((0.0, 2.0 * n + 1.0));
            components.push((-below * b - lambda + root - gamma * n, below));
        }
        components
    }
}

/// Weights of even and odd J by nuclear spin, divided by the number of nuclear spin states.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Spin {
    /// Weight of even J.
    pub even: f64,
    /// Weight of odd J.
    pub odd: f64,
}

impl Spin {
    /// Unlike nuclei: every J counts once.
    pub const UNLIKE: Spin = Spin { even: 1.0, odd: 1.0 };
    /// Two protons (I = ½, Σ_g⁺): para (even) 1, ortho (odd) 3, over 4.
    pub const PROTONS: Spin = Spin { even: 0.25, odd: 0.75 };
    /// Two nuclei of spin 1 in Σ_g⁺ (D₂, ¹⁴N₂): even 6, odd 3, over 9.
    pub const SPIN_ONE: Spin = Spin { even: 6.0 / 9.0, odd: 3.0 / 9.0 };
    /// Two nuclei of spin 0 in Σ_g⁻ (¹⁶O₂): odd only.
    pub const ODD_ONLY: Spin = Spin { even: 0.0, odd: 1.0 };
}

impl Diatomic {
    /// Bound levels as (energy above the minimum of the potential [1/cm], weight).
    ///
    /// E = ω_e x − ω_e x_e x² + (B_e − α_e x) j − D_e j² with x = v + ½ and j = J(J+1), weight (2J+1) times that of
    /// nuclear spin. Each ladder ends where it no longer rises, first in v and then in J. Of a triplet J here is N, and its
    /// three components are there.
    ///
    /// # Source
    /// K. P. Huber & G. Herzberg, Constants of Diatomic Molecules (1979), for the expansion.
    pub fn levels(&self) -> Vec<(f64, f64)> {
        let mut levels = Vec::new();
        let mut last_vibration = f64::NEG_INFINITY;
        for v in 0..MOST_VIBRATIONS {
            let x = f64::from(v) + 0.5;
            let vibration = self.we * x - self.wexe * x * x;
            if vibration <= last_vibration {
                break;
            }
            last_vibration = vibration;
            let mut last = f64::NEG_INFINITY;
            for rotation in 0..MOST_ROTATIONS {
                let j = f64::from(rotation) * f64::from(rotation + 1);
                let energy = vibration + (self.be - self.ae * x) * j - self.de * j * j;
                if energy <= last {
                    break;
                }
                last = energy;
                let weight = if rotation.is_multiple_of(2) { self.spin.even } else { self.spin.odd };
                if weight <= 0.0 {
                    continue;
                }
                match &self.triplet {
                    None => levels.push((energy, weight * f64::from(2 * rotation + 1))),
                    Some(triplet) => {
                        let components = triplet.components(rotation, self.be - self.ae * x);
                        levels.extend(components.into_iter().map(|(above, states)| (energy + above, weight * states)));
                    }
                }
            }
        }
        levels
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::thermochemistry::gas::{level_sum, linear_rotor};

    const ROTOR: Diatomic =
        Diatomic { we: 1e6, wexe: 0.0, be: 2.0, ae: 0.0, de: 0.0, spin: Spin::UNLIKE, triplet: None };

    #[test]
    fn the_sum_over_levels_becomes_the_classical_rotor() {
        // Σ (2J+1) e^{−BJ(J+1)/kT} → kT/B (1 + B/3kT + …), Mulholland's formula
        let (t, b) = (600.0, ROTOR.be);
        let truncated = Diatomic { we: 1e6, wexe: 4e5, ..ROTOR };
        assert!(truncated.levels().iter().all(|l| l.0 >= 0.0));
        let kt = crate::base::units::BOLTZMANN_EV * t;
        let x = crate::base::units::WAVENUMBER_EV * b / kt;
        let expected = linear_rotor(b, 1, t).mu - kt * (1.0 + x / 3.0 + x * x / 15.0).ln();
        assert!((level_sum(&truncated.levels(), t).mu - expected).abs() < 1e-9);
    }

    #[test]
    fn nuclear_spin_leaves_half_the_levels_at_high_temperature() {
        let t = 2000.0;
        let of = |spin| level_sum(&Diatomic { we: 1e6, wexe: 4e5, spin, ..ROTOR }.levels(), t).mu;
        let half = of(Spin::UNLIKE) + crate::base::units::BOLTZMANN_EV * t * 2.0_f64.ln();
        for spin in [Spin::PROTONS, Spin::SPIN_ONE] {
            assert!((of(spin) - half).abs() < 1e-9);
        }
        // Odd J only: the zero is J = 1, 2B above the minimum.
        let shift = 2.0 * ROTOR.be * crate::base::units::WAVENUMBER_EV;
        assert!((of(Spin::ODD_ONLY) + shift - half).abs() < 1e-9);
    }

    #[test]
    fn the_fine_structure_of_oxygen_is_that_of_its_microwave_lines() {
        // B₀ 43 100.46 MHz; the lines 1⁻ at 118.7503 and 1⁺ at 56.2648 GHz, 3⁺ at 58.4466 and 3⁻ at 62.4863 GHz
        let gigahertz = |wavenumber: f64| wavenumber * 29.979_245_8;
        let triplet = Triplet { lambda: 1.984_75, gamma: -0.008_425 };
        for (n, plus, minus) in [(1, 56.2648, 118.7503), (3, 58.4466, 62.4863)] {
            let of = triplet.components(n, 1.437_676);
            let (up, down) = (gigahertz(of[1].0 - of[0].0), gigahertz(of[1].0 - of[2].0));
            assert!((up - plus).abs() < 0.03 && (down - minus).abs() < 0.03, "{n}: {up} {down}");
            assert!((of.iter().map(|c| c.1).sum::<f64>() - 3.0 * f64::from(2 * n + 1)).abs() < 1e-12);
        }
        assert_eq!(triplet.components(0, 1.4).len(), 1);
    }

    #[test]
    fn ladders_end_at_their_tops() {
        let levels =
            Diatomic { we: 100.0, wexe: 10.0, be: 1.0, ae: 0.0, de: 0.01, spin: Spin::UNLIKE, triplet: None }.levels();
        // v = 0…4 rise (47.5 … 247.5, then 247.5 again); j − 0.01 j² rises up to j = 56 (J = 7), and 72 lies lower.
        let vibrations = levels.iter().filter(|l| l.1 == 1.0).count();
        assert_eq!(vibrations, 5);
        assert_eq!(levels.len() % vibrations, 0);
        assert_eq!(levels.len() / vibrations, 8);
    }
}
