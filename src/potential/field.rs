//! Fields that act on single atoms: traps and structureless walls. Not truncated.

use super::OVERLAP_ENERGY;
use super::lennard_jones::CORE_FRACTION;
use glam::DVec3;
use std::f64::consts::PI;

/// A field that acts on one species.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum ExternalField {
    /// k |r − centre|²/2
    Harmonic {
        /// k [energy/length²]
        spring: f64,
        /// \[length\]
        centre: DVec3,
    },
    /// 2π ε ρ σ² Δ [ (2/5)(σ/z)¹⁰ − (σ/z)⁴ − σ⁴/(3Δ(z + 0.61Δ)³) ], z above `floor`.
    /// Source: Steele, Surf. Sci. 36, 317 (1973).
    Steele {
        /// ε \[energy\]
        epsilon: f64,
        /// σ \[length\]
        sigma: f64,
        /// ρ [1/length³]
        density: f64,
        /// Δ \[length\]
        spacing: f64,
        /// \[length\]
        floor: f64,
    },
    /// ε [ (2/15)(σ/z)⁹ − (σ/z)³ ], z above `floor`.
    Wall93 {
        /// ε \[energy\]
        epsilon: f64,
        /// σ \[length\]
        sigma: f64,
        /// \[length\]
        floor: f64,
    },
}

impl ExternalField {
    /// Energy of an atom [energy] and the force on it [energy/length].
    #[inline]
    pub fn energy_force(&self, position: DVec3) -> (f64, DVec3) {
        match *self {
            ExternalField::Harmonic { spring, centre } => {
                let d = position - centre;
                (0.5 * spring * d.length_squared(), -spring * d)
            }
            ExternalField::Steele { epsilon, sigma, density, spacing, floor } => {
                let z = position.z - floor;
                if z < CORE_FRACTION * sigma {
                    return (OVERLAP_ENERGY, DVec3::ZERO);
                }
                let prefactor = 2.0 * PI * epsilon * density * sigma * sigma * spacing;
                let ratio4 = (sigma / z).powi(4);
                let ratio10 = ratio4 * ratio4 * (sigma / z).powi(2);
                let depth = z + 0.61 * spacing;
                let tail = sigma.powi(4) / (3.0 * spacing * depth.powi(3));
                let energy = prefactor * (0.4 * ratio10 - ratio4 - tail);
                let force = prefactor * (4.0 * ratio10 / z - 4.0 * ratio4 / z - 3.0 * tail / depth);
                (energy, DVec3::new(0.0, 0.0, force))
            }
            ExternalField::Wall93 { epsilon, sigma, floor } => {
                let z = position.z - floor;
                if z < CORE_FRACTION * sigma {
                    return (OVERLAP_ENERGY, DVec3::ZERO);
                }
                let ratio3 = (sigma / z).powi(3);
                let ratio9 = ratio3 * ratio3 * ratio3;
                let force = epsilon * (1.2 * ratio9 - 3.0 * ratio3) / z;
                (epsilon * (2.0 / 15.0 * ratio9 - ratio3), DVec3::new(0.0, 0.0, force))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_force_is_minus_the_gradient() {
        let fields = [
            ExternalField::Harmonic { spring: 2.0, centre: DVec3::new(1.0, 2.0, 3.0) },
            ExternalField::Steele { epsilon: 0.5, sigma: 1.0, density: 1.0, spacing: 0.8, floor: -0.3 },
            ExternalField::Wall93 { epsilon: 2.0, sigma: 0.9, floor: 0.2 },
        ];
        let (position, step) = (DVec3::new(0.4, 1.0, 1.3), 1e-6);
        for field in fields {
            let (_, force) = field.energy_force(position);
            for (d, axis) in [DVec3::X, DVec3::Y, DVec3::Z].into_iter().enumerate() {
                let up = field.energy_force(position + step * axis).0;
                let down = field.energy_force(position - step * axis).0;
                assert!((force[d] + (up - down) / (2.0 * step)).abs() < 1e-6, "{field:?}");
            }
        }
    }

    #[test]
    fn a_wall_never_returns_infinity() {
        let wall = ExternalField::Wall93 { epsilon: 2.0, sigma: 0.9, floor: 0.0 };
        assert_eq!(wall.energy_force(DVec3::ZERO).0, OVERLAP_ENERGY);
    }
}
