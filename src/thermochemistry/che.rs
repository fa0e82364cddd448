//! The computational hydrogen electrode: free energies of reaction steps at a potential and a pH.
//!
//! μ(H⁺ + e⁻) = ½ G(H₂) − eU_SHE − kT ln10 · pH. A state of the reaction with n proton–electron pairs beside it, still to
//! be consumed or already released, shifts by n(−eU − kT ln10 · pH). On the scale of the reversible hydrogen electrode, U_RHE =
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
    /// Free energy at U = 0 V and pH 0, ½ G(H₂) of every pair included. \[eV\]
    pub free_energy: f64,
    /// Pairs H⁺ + e⁻ beside it: still to be consumed (reduction), or already released (oxidation).
    pub pairs: f64,
}

/// What a reaction does with pairs H⁺ + e⁻.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// It consumes them: oxygen reduction, hydrogen evolution.
    Reduction,
    /// It releases them: oxygen evolution, hydrogen oxidation.
    Oxidation,
}

impl Direction {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Direction::Reduction => "reduction",
            Direction::Oxidation => "oxidation",
        }
    }
}

/// A reaction: states in order; from each to the next it consumes pairs (or releases them, in all steps alike), or none (a
/// chemical step).
#[derive(Debug, Clone, PartialEq)]
pub struct Reaction {
    /// At least two.
    pub states: Vec<State>,
    /// U_eq: 1.23 V for oxygen reduction and evolution, 0 for hydrogen. \[V\]
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

    /// Pairs consumed in every step, below 0 where they are released. `[n_states − 1]`
    pub fn transferred(&self) -> Vec<f64> {
        self.states.windows(2).map(|w| w[0].pairs - w[1].pairs).collect()
    }

    /// What it does with pairs, from its first state to its last.
    pub fn direction(&self) -> Direction {
        match self.transferred().iter().sum::<f64>() < 0.0 {
            true => Direction::Oxidation,
            false => Direction::Reduction,
        }
    }

    /// The potential that makes every electrochemical step downhill, and the step that limits: U_L = min −ΔG_i(0)/(n e) of a
    /// reduction, which runs below it, and max ΔG_i(0)/(n e) of an oxidation, which runs above it. [V]
    ///
    /// - returns: `None` if no step transfers a pair
    pub fn limiting(&self) -> Option<(f64, usize)> {
        let transferred = self.transferred();
        let balanced = self.states.windows(2).zip(&transferred).enumerate().filter(|(_, (_, n))| **n != 0.0);
        // −ΔG/n: of an oxidation n is below 0
        let steps = balanced.map(|(i, (w, n))| ((w[0].free_energy - w[1].free_energy) / n, i));
        match self.direction() {
            Direction::Reduction => steps.min_by(|a, b| a.0.total_cmp(&b.0)),
            Direction::Oxidation => steps.max_by(|a, b| a.0.total_cmp(&b.0).then(b.1.cmp(&a.1))),
        }
    }

    /// η: U_eq − U_L of a reduction, U_L − U_eq of an oxidation. [V]
    pub fn overpotential(&self) -> Option<f64> {
        self.limiting().map(|(limit, _)| match self.direction() {
            Direction::Reduction => self.equilibrium - limit,
            Direction::Oxidation => limit - self.equilibrium,
        })
    }

    /// The potential at which first and last state have one free energy: what the path itself says of U_eq. [V]
    pub fn equilibrium_of_path(&self) -> f64 {
        let (first, last) = (&self.states[0], &self.states[self.states.len() - 1]);
        (first.free_energy - last.free_energy) / (first.pairs - last.pairs)
    }
}

/// μ of an element that a surface exchanges with its surroundings: a constant and a number of pairs, μ = g + p μ(H⁺ + e⁻)
/// with μ(H⁺ + e⁻) counted from ½ G(H₂).
#[derive(Debug, Clone, PartialEq)]
pub struct Source {
    /// The element.
    pub element: String,
    /// g \[eV\]
    pub constant: f64,
    /// p
    pub pairs: f64,
}

/// Sources of the elements of surfaces: H from H⁺ + e⁻, O from water, and others each from a molecule.
#[derive(Debug, Clone, PartialEq)]
pub struct Sources(Vec<Source>);

impl Sources {
    /// H from H⁺ + e⁻ and O from water: μ_O = G(H₂O) − 2μ_H.
    ///
    /// - `hydrogen`: G(H₂) \[eV\]; `water`: G(H₂O) \[eV\]
    pub fn of_water(hydrogen: f64, water: f64) -> Sources {
        let source = |element: &str, constant, pairs| Source { element: element.to_owned(), constant, pairs };
        Sources(vec![source("H", 0.5 * hydrogen, 1.0), source("O", water - hydrogen, -2.0)])
    }

    /// Takes the one element of a molecule that has no source yet from that molecule.
    ///
    /// - `elements`: of the molecule; `free_energy`: its G \[eV\]
    /// - returns: the elements that have no source, if they are not exactly one
    pub fn add(&mut self, elements: &[(String, u32)], free_energy: f64) -> Result<(), Vec<String>> {
        let unknown = || elements.iter().filter(|(e, _)| self.of(e).is_none());
        if unknown().count() != 1 {
            return Err(unknown().map(|(e, _)| e.clone()).collect());
        }
        let Some((element, n)) = unknown().next() else { return Ok(()) };
        let known: Vec<(String, f64)> =
            elements.iter().filter(|(e, _)| e != element).map(|(e, m)| (e.clone(), f64::from(*m))).collect();
        let (constant, pairs) = self.total(&known);
        let n = f64::from(*n);
        let source = Source { element: element.clone(), constant: (free_energy - constant) / n, pairs: -pairs / n };
        self.0.push(source);
        Ok(())
    }

    /// The source of an element.
    pub fn of(&self, element: &str) -> Option<&Source> {
        self.0.iter().find(|s| s.element == element)
    }

    /// Σ N (g, p) over the elements that have a source: what they cost \[eV\], and in pairs.
    pub fn total(&self, elements: &[(String, f64)]) -> (f64, f64) {
        elements
            .iter()
            .filter_map(|(e, n)| self.of(e).map(|s| (n * s.constant, n * s.pairs)))
            .fold((0.0, 0.0), |sum, x| (sum.0 + x.0, sum.1 + x.1))
    }
}

/// A surface in contact with water, the electrode and the molecules that supply further elements.
#[derive(Debug, Clone, PartialEq)]
pub struct Covered {
    /// What figures call it.
    pub label: String,
    /// Free energy against the sources of its elements at U = 0 V and pH 0. [eV per cell]
    pub free_energy: f64,
    /// Pairs H⁺ + e⁻ that leave when it forms: 2 N_O − N_H of O and H alone.
    pub pairs: f64,
    /// Area of the cell. \[Å²\]
    pub area: f64,
}

impl Covered {
    /// ΔG per area at an electrode. [eV/Å²]
    pub fn gamma(&self, electrode: &Electrode) -> f64 {
        (self.free_energy + self.pairs * electrode.mu()) / self.area
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
    fn oxygen_evolution_is_limited_by_its_highest_step() {
        let state = |free_energy, pairs| State { label: String::new(), free_energy, pairs };
        let mut reaction = Reaction {
            states: vec![state(0.0, 0.0), state(1.1, 1.0), state(2.7, 2.0), state(4.35, 3.0), state(4.92, 4.0)],
            equilibrium: 1.23,
        };
        assert_eq!(reaction.direction(), Direction::Oxidation);
        let (limit, step) = reaction.limiting().unwrap_or((f64::NAN, 9));
        assert!((limit - 1.65).abs() < 1e-12 && step == 2);
        assert!((reaction.overpotential().unwrap_or(f64::NAN) - 0.42).abs() < 1e-12);
        assert!((reaction.equilibrium_of_path() - 1.23).abs() < 1e-12);
        let at = |potential| Electrode { potential, ph: 0.0, scale: Scale::Rhe, temperature: 298.15 };
        assert!(reaction.steps(&at(limit)).iter().all(|g| *g < 1e-12));
        assert!(reaction.steps(&at(limit - 0.01)).iter().any(|g| *g > 0.0));
        // Backwards it is a reduction, limited elsewhere.
        reaction.states.reverse();
        assert_eq!(reaction.direction(), Direction::Reduction);
        let (limit, step) = reaction.limiting().unwrap_or((f64::NAN, 9));
        assert!((limit - 0.57).abs() < 1e-12 && step == 0 && (reaction.equilibrium_of_path() - 1.23).abs() < 1e-12);
        assert!(reaction.steps(&at(limit)).iter().all(|g| *g < 1e-12));
    }

    #[test]
    fn sources_are_what_reactions_balance() {
        let parsed = |text: &str| crate::thermochemistry::formula::parse(text).unwrap_or_else(|| panic!("{text}"));
        let (hydrogen, water, dioxide) = (-6.8, -14.2, -22.9);
        let mut sources = Sources::of_water(hydrogen, water);
        assert_eq!(sources.add(&parsed("CO2"), dioxide), Ok(()));
        let of = |text: &str| {
            let elements: Vec<(String, f64)> = parsed(text).into_iter().map(|(e, n)| (e, f64::from(n))).collect();
            sources.total(&elements)
        };
        // CO: CO2 + 2 (H+ + e-) -> CO + H2O; CHO: CO2 + 3 (H+ + e-) -> CHO + H2O
        for (text, expected, pairs) in [
            ("CO", dioxide - water + hydrogen, 2.0),
            ("CHO", dioxide - water + 1.5 * hydrogen, 3.0),
            ("OH", water - 0.5 * hydrogen, -1.0),
            ("H2O", water, 0.0),
            ("CO2", dioxide, 0.0),
        ] {
            let (constant, p) = of(text);
            assert!((constant - expected).abs() < 1e-12 && (p - pairs).abs() < 1e-12, "{text}: {constant} {p}");
        }
        assert_eq!(sources.add(&parsed("NSH"), 0.0), Err(vec!["N".to_owned(), "S".to_owned()]));
        assert_eq!(sources.add(&parsed("CO"), 0.0), Err(Vec::new()));
    }

    #[test]
    fn oxygen_on_a_surface_releases_two_pairs() {
        let covered = Covered { label: "O*".into(), free_energy: 1.6, pairs: 2.0, area: 2.0 };
        let electrode = Electrode { potential: 0.8, ph: 0.0, scale: Scale::She, temperature: 298.15 };
        assert!(covered.gamma(&electrode).abs() < 1e-12);
        let plane = covered.plane(298.15, Scale::She);
        assert!((plane.slopes[1] + 1.0).abs() < 1e-12 && (plane.slopes[0] + per_ph(298.15)).abs() < 1e-12);
    }
}
