//! The computational hydrogen electrode: free energies of reaction steps at a potential and a pH.
//!
//! μ(H⁺ + e⁻) = ½ G(H₂) − eU_SHE − kT ln10 · pH. A state of the reaction with n proton–electron pairs still to be
//! transferred shifts by n(−eU − kT ln10 · pH). On the scale of the reversible hydrogen electrode, U_RHE =
//! U_SHE + (kT/e) ln10 · pH, there is no pH term.
//!
//! # Source
//! J. K. Nørskov et al., J. Phys. Chem. B 108, 17886 (2004).

use super::envelope::Plane;
use crate::base::units::BOLTZMANN_EV;
use serde::{Deserialize, Serialize};

/// Which electrode potentials refer to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Scale {
    /// Standard hydrogen electrode.
    #[default]
    She,
    /// Reversible hydrogen electrode.
    Rhe,
}

impl Scale {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Scale::She => "SHE",
            Scale::Rhe => "RHE",
        }
    }
}

/// The electrode.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Electrode {
    /// U. \[V\]
    pub potential: f64,
    /// pH.
    pub ph: f64,
    /// What U refers to.
    pub scale: Scale,
    /// \[K\]
    pub temperature: f64,
}

/// kT ln10: what one unit of pH is worth. \[eV\]
pub fn per_ph(temperature: f64) -> f64 {
    BOLTZMANN_EV * temperature * std::f64::consts::LN_10
}

/// A potential of the reversible hydrogen electrode on a scale at a pH: U_SHE = U_RHE − (kT/e) ln10 · pH. \[V\]
pub fn from_reversible(potential: f64, ph: f64, scale: Scale, temperature: f64) -> f64 {
    match scale {
        Scale::She => potential - per_ph(temperature) * ph,
        Scale::Rhe => potential,
    }
}

impl Electrode {
    /// μ(H⁺ + e⁻) − ½ G(H₂). [eV]
    pub fn mu(&self) -> f64 {
        let reversible = match self.scale {
            Scale::She => self.potential + per_ph(self.temperature) * self.ph,
            Scale::Rhe => self.potential,
        };
        -reversible
    }
}

/// A state of a reaction.
#[derive(Debug, Clone, PartialEq)]
pub struct State {
    /// What figures call it.
    pub label: String,
    /// Free energy at U = 0 V and pH 0. \[eV\]
    pub free_energy: f64,
    /// Pairs H⁺ + e⁻ that are still to be transferred.
    pub pairs: f64,
}

/// A reaction: states in order; it consumes pairs from each to the next, or none (a chemical step).
#[derive(Debug, Clone, PartialEq)]
pub struct Reaction {
    /// At least two.
    pub states: Vec<State>,
    /// U_eq: 1.23 V for oxygen reduction, 0 for hydrogen evolution. \[V\]
    pub equilibrium: f64,
}

impl Reaction {
    /// Free energies of the states at an electrode. `[n_states]` [eV]
    pub fn levels(&self, electrode: &Electrode) -> Vec<f64> {
        self.states.iter().map(|s| s.free_energy + s.pairs * electrode.mu()).collect()
    }

    /// ΔG of every step at an electrode. `[n_states − 1]` [eV]
    pub fn steps(&self, electrode: &Electrode) -> Vec<f64> {
        self.levels(electrode).windows(2).map(|w| w[1] - w[0]).collect()
    }

    /// Pairs transferred in every step. `[n_states − 1]`
    pub fn transferred(&self) -> Vec<f64> {
        self.states.windows(2).map(|w| w[0].pairs - w[1].pairs).collect()
    }

    /// U_L = min over electrochemical steps of −ΔG_i(0)/(n e), and the step that limits. [V]
    ///
    /// - returns: `None` if no step transfers a pair
    pub fn limiting(&self) -> Option<(f64, usize)> {
        let free: Vec<f64> = self.states.windows(2).map(|w| w[1].free_energy - w[0].free_energy).collect();
        let transferred = self.transferred();
        (0..free.len())
            .filter(|&i| transferred[i] > 0.0)
            .map(|i| (-free[i] / transferred[i], i))
            .min_by(|a, b| a.0.total_cmp(&b.0))
    }

    /// η = U_eq − U_L. [V]
    pub fn overpotential(&self) -> Option<f64> {
        self.limiting().map(|(limit, _)| self.equilibrium - limit)
    }
}

/// A surface in contact with water and the electrode: adsorbed O and H are exchanged with H₂O and H⁺ + e⁻.
#[derive(Debug, Clone, PartialEq)]
pub struct Covered {
    /// What figures call it.
    pub label: String,
    /// Free energy against the clean surface, H₂O(l) and ½ H₂. [eV per cell]
    pub free_energy: f64,
    /// Adsorbed O in the cell, OH counted as one O and one H.
    pub oxygen: f64,
    /// Adsorbed H in the cell.
    pub hydrogen: f64,
    /// Area of the cell. \[Å²\]
    pub area: f64,
}

impl Covered {
    /// Pairs H⁺ + e⁻ that leave when the surface forms: μ_O = μ_H2O − 2μ_H, so 2 N_O − N_H.
    pub fn pairs(&self) -> f64 {
        2.0 * self.oxygen - self.hydrogen
    }

    /// ΔG per area at an electrode. [eV/Å²]
    pub fn gamma(&self, electrode: &Electrode) -> f64 {
        (self.free_energy + self.pairs() * electrode.mu()) / self.area
    }

    /// ΔG per area as a plane over (pH, U).
    pub fn plane(&self, temperature: f64, scale: Scale) -> Plane {
        let at = |ph: f64, potential: f64| self.gamma(&Electrode { potential, ph, scale, temperature });
        let constant = at(0.0, 0.0);
        Plane { constant, slopes: [at(1.0, 0.0) - constant, at(0.0, 1.0) - constant] }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn evolution(binding: f64) -> Reaction {
        let state = |label: &str, free_energy, pairs| State { label: label.into(), free_energy, pairs };
        Reaction {
            states: vec![state("2(H+ + e-)", 0.0, 2.0), state("H*", binding, 1.0), state("H2", 0.0, 0.0)],
            equilibrium: 0.0,
        }
    }

    #[test]
    fn hydrogen_evolution_is_limited_by_the_binding() {
        for binding in [0.09, -0.3] {
            let reaction = evolution(binding);
            assert!((reaction.overpotential().unwrap_or(f64::NAN) - f64::abs(binding)).abs() < 1e-12);
            assert_eq!(reaction.limiting().map(|l| l.1), Some(if binding > 0.0 { 0 } else { 1 }));
        }
    }

    #[test]
    fn a_potential_and_a_ph_do_the_same() {
        let at = |potential, ph, scale| Electrode { potential, ph, scale, temperature: 310.0 };
        let step = per_ph(310.0);
        let levels = |e| evolution(0.2).levels(&e);
        for (a, b) in levels(at(0.3 + step, 2.0, Scale::She)).iter().zip(levels(at(0.3, 3.0, Scale::She))) {
            assert!((a - b).abs() < 1e-14);
        }
        assert_eq!(levels(at(0.3, 0.0, Scale::Rhe)), levels(at(0.3, 11.0, Scale::Rhe)));
        // The two scales describe one electrode.
        let one = levels(at(0.3 + step * 5.0, 5.0, Scale::Rhe));
        for (a, b) in one.iter().zip(levels(at(0.3, 5.0, Scale::She))) {
            assert!((a - b).abs() < 1e-14);
        }
    }

    #[test]
    fn oxygen_on_a_surface_releases_two_pairs() {
        let covered = Covered { label: "O*".into(), free_energy: 1.6, oxygen: 1.0, hydrogen: 0.0, area: 2.0 };
        let electrode = Electrode { potential: 0.8, ph: 0.0, scale: Scale::She, temperature: 298.15 };
        assert!(covered.gamma(&electrode).abs() < 1e-12);
        let plane = covered.plane(298.15, Scale::She);
        assert!((plane.slopes[1] + 1.0).abs() < 1e-12 && (plane.slopes[0] + per_ph(298.15)).abs() < 1e-12);
        let hydroxide = Covered { oxygen: 1.0, hydrogen: 1.0, ..covered };
        assert!((hydroxide.pairs() - 1.0).abs() < 1e-12);
    }
}
