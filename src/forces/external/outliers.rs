//! Energies too low to be believed at once: an SCF that has converged to something else answers like any other.
//!
//! An atom that is too low by mistake is never given up again, and one such answer spoils every average. Too high is what a trial
//! often is, and is rejected.

use super::protocol::Question;
use crate::base::units::Units;
use std::collections::HashMap;
use std::sync::{Mutex, OnceLock, PoisonError};

/// Energies of the same atoms from which one is compared with them.
const ENOUGH: usize = 20;
/// The last energies of the same atoms, whose median says how far the lowest lies below the others.
const KEPT: usize = 32;
/// What is this many times further below the lowest than that below the median is doubted.
const SPREADS: f64 = 10.0;

/// The atoms of a question by species, and the cell they are in.
type Composition = (Vec<u32>, [[u64; 3]; 3]);

/// The energies so far, by composition.
#[derive(Debug)]
pub(super) struct Outliers {
    /// More than any atom gains by its bonds. \[energy\]
    strongest: f64,
    seen: Mutex<HashMap<Composition, Seen>>,
    apart: OnceLock<Apart>,
}

/// Energies without the bonds that atoms form, as far as the clients have said them.
#[derive(Debug)]
pub(super) struct Apart {
    /// Of the slab as the scene has it. \[energy\]
    pub(super) slab: f64,
    /// `[n_species]`, its atoms.
    pub(super) slab_atoms: Vec<u32>,
    /// `[n_species]`, of an atom beyond those, alone or in a molecule; `None` where nobody was asked. \[energy\]
    pub(super) species: Vec<Option<f64>>,
}

impl Apart {
    /// The energy of these atoms.
    ///
    /// - `counts`: `[n_species]`
    fn of(&self, counts: &[u32]) -> Option<f64> {
        let mut energy = self.slab;
        for ((&n, &of_slab), each) in counts.iter().zip(&self.slab_atoms).zip(&self.species) {
            if n != of_slab {
                energy += (f64::from(n) - f64::from(of_slab)) * (*each)?;
            }
        }
        Some(energy)
    }
}

/// Energies of one composition.
#[derive(Debug)]
struct Seen {
    n: usize,
    lowest: f64,
    /// The last ones, in a ring.
    last: Vec<f64>,
}

impl Outliers {
    /// For energies in the units of a scene.
    pub(super) fn new(units: Units) -> Outliers {
        let strongest = match units {
            // the cohesive energy of tungsten, the largest of the elements, is 8.9 eV (Kittel, 8th ed., table 3.1)
            Units::Metal => 10.0,
            // an atom of close-packed Lennard-Jones gains 8.6 ε
            Units::Lj => 50.0,
        };
        Outliers { strongest, seen: Mutex::default(), apart: OnceLock::new() }
    }

    /// Compares with the energies of slab and atoms apart from now on.
    pub(super) fn know(&self, apart: Apart) {
        let _ = self.apart.set(apart);
    }

    /// Why an energy is not believed at once, in words; one that is, is among those that later ones are compared with.
    ///
    /// - `energy`: as the client has it \[energy\]
    pub(super) fn doubt(&self, question: &Question, energy: f64) -> Option<String> {
        let mobile = question.atoms.species.len() - question.atoms.frozen;
        let (most, atoms) = (self.strongest * mobile.max(1) as f64, composition(question));
        if let Some(apart) = self.apart.get().and_then(|apart| apart.of(&atoms.0)).filter(|apart| apart - energy > most)
        {
            let below = apart - energy;
            return Some(format!(
                "the energy {energy} of {mobile} mobile atoms is {below:.6} below that of slab and atoms apart, {apart}"
            ));
        }
        let mut all = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let seen = all.entry(atoms).or_insert(Seen { n: 0, lowest: f64::INFINITY, last: Vec::new() });
        let below = seen.lowest - energy;
        if seen.n >= ENOUGH && below > most && below > SPREADS * seen.depth() {
            let (n, lowest) = (seen.n, seen.lowest);
            return Some(format!(
                "the energy {energy} of {mobile} mobile atoms is {below:.6} below the lowest of {n} of the same atoms, {lowest}"
            ));
        }
        seen.add(energy);
        None
    }

    /// Adds an energy that was doubted and is believed now.
    pub(super) fn believe(&self, question: &Question, energy: f64) {
        let mut all = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(seen) = all.get_mut(&composition(question)) {
            seen.add(energy);
        }
    }
}

impl Seen {
    /// How far the lowest lies below the median of the last. \[energy\]
    fn depth(&self) -> f64 {
        let mut sorted = self.last.clone();
        sorted.sort_unstable_by(f64::total_cmp);
        sorted.get(sorted.len() / 2).map_or(0.0, |median| median - self.lowest)
    }

    fn add(&mut self, energy: f64) {
        match self.last.get_mut(self.n % KEPT) {
            Some(oldest) => *oldest = energy,
            None => self.last.push(energy),
        }
        self.n += 1;
        self.lowest = self.lowest.min(energy);
    }
}

/// `[n_species]`, the atoms of a question.
pub(super) fn counts(question: &Question) -> Vec<u32> {
    let mut counts = vec![0; question.atoms.names.len()];
    question.atoms.species.iter().for_each(|&s| counts[usize::from(s)] += 1);
    counts
}

fn composition(question: &Question) -> Composition {
    (counts(question), question.cell.map(|v| v.to_array().map(f64::to_bits)))
}

#[cfg(test)]
mod tests {
    use super::super::protocol::Atoms;
    use super::*;
    use glam::DVec3;

    fn question(n: usize) -> Question {
        let atoms = Atoms { names: vec!["D".to_owned()], species: vec![0; n], ..Atoms::default() };
        Question { cell: [DVec3::X, DVec3::Y, DVec3::Z], atoms, positions: vec![DVec3::ZERO; n] }
    }

    #[test]
    fn what_no_bonds_can_give_is_doubted_and_a_deep_minimum_is_not() {
        let outliers = Outliers::new(Units::Metal);
        let doubts = |n: usize, energy: f64| outliers.doubt(&question(n), energy).is_some();
        for k in 0..40 {
            assert!(!doubts(2, -100.0 + 0.01 * f64::from(k % 7)));
        }
        // Two atoms that form bonds after a long time without: 9 eV each.
        assert!(!doubts(2, -118.0));
        assert!(!doubts(2, 3000.0), "a trial");
        let why = outliers.doubt(&question(2), -10_100.0).expect("a reason");
        assert!(why.contains("-10100 of 2 mobile atoms is 9982.000000 below the lowest of 42"), "{why}");
        // It is not among what others are compared with, until it is believed.
        assert!(doubts(2, -10_100.0));
        outliers.believe(&question(2), -10_100.0);
        assert!(!doubts(2, -10_100.0) && !doubts(2, -100.0));
        // Another composition knows nothing of it, and doubts nothing at first.
        assert!((0..20).all(|k| !doubts(3, -150.0 - 0.1 * f64::from(k))));
        assert!(doubts(3, -10_150.0));
    }

    #[test]
    fn what_lies_too_far_below_atoms_apart_is_doubted_at_once() {
        let outliers = Outliers::new(Units::Metal);
        let doubts = |n: usize, energy: f64| outliers.doubt(&question(n), energy).is_some();
        assert!(!doubts(1, -1e4), "nothing is known");
        outliers.know(Apart { slab: -500.0, slab_atoms: vec![2], species: vec![Some(-15.0)] });
        assert!(!doubts(2, -519.0) && doubts(2, -521.0));
        assert!(!doubts(4, -569.0) && doubts(4, -571.0));
        let unknown = Outliers::new(Units::Metal);
        unknown.know(Apart { slab: -500.0, slab_atoms: vec![2], species: vec![None] });
        let doubts = |n: usize, energy: f64| unknown.doubt(&question(n), energy).is_some();
        assert!(doubts(2, -521.0) && !doubts(4, -571.0));
    }

    #[test]
    fn a_start_far_above_everything_may_relax() {
        let outliers = Outliers::new(Units::Lj);
        // Overlaps of a start, and steep steps downhill.
        for k in 0..400 {
            let energy = 1e6 * (-0.05 * f64::from(k)).exp() - 300.0;
            assert_eq!(outliers.doubt(&question(60), energy), None, "{k}: {energy}");
        }
        assert!(outliers.doubt(&question(60), -4000.0).is_some());
    }
}
