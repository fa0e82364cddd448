//! Triplets: energy and forces of one replica, brute force in f64.
//!
//! Whatever holds a mobile atom counts: frozen atoms are centres too, and triplets of frozen atoms alone are left out, as
//! their pairs are.

use super::pairwise::for_each_image;
use crate::potential::{End, ThreeBody};
use crate::system::System;
use crate::system::configuration::Configuration;
use glam::DVec3;

/// What can be an end or a centre.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Atom {
    /// The mobile atom of a slot.
    Mobile(usize),
    /// A frozen atom.
    Frozen(usize),
    /// The atom that is asked about; it stands in no slot.
    Tried,
}

/// All atoms of one replica, with one that is tried, or without the one of a slot.
#[derive(Clone, Copy)]
struct Atoms<'a> {
    system: &'a System,
    three: &'a ThreeBody,
    x: &'a Configuration,
    shifts: &'a [DVec3],
    tried: Option<(u8, DVec3)>,
    except: Option<usize>,
}

impl<'a> Atoms<'a> {
    fn of(system: &'a System, three: &'a ThreeBody, x: &'a Configuration, shifts: &'a [DVec3]) -> Atoms<'a> {
        Atoms { system, three, x, shifts, tried: None, except: None }
    }

    /// Every atom with its species and position.
    fn all(self) -> impl Iterator<Item = (Atom, u8, DVec3)> {
        let (x, frozen) = (self.x, &self.system.frozen);
        let mobile = (0..x.len()).filter(move |&i| Some(i) != self.except);
        let mobile = mobile.map(move |i| (Atom::Mobile(i), x.species[i], x.positions[i]));
        let frozen = frozen.positions.iter().zip(&frozen.species).enumerate();
        let frozen = frozen.map(|(j, (&position, &species))| (Atom::Frozen(j), species, position));
        mobile.chain(frozen).chain(self.tried.map(|(species, position)| (Atom::Tried, species, position)))
    }

    /// The ends that a centre can have: every atom within its leg, image by image, also its own images.
    fn ends(self, centre: Atom, species: u8, position: DVec3) -> Vec<(Atom, End)> {
        let mut ends = Vec::new();
        for (atom, other, at) in self.all() {
            let mut nearest = true;
            for_each_image(self.system, self.shifts, at - position, |d| {
                // an atom is no end of itself, but its images are
                let itself = atom == centre && std::mem::take(&mut nearest);
                if let Some(end) = self.three.end(species, other, d).filter(|_| !itself) {
                    ends.push((atom, end));
                }
            });
        }
        ends
    }

    /// Visits every triplet that holds a mobile atom: its centre with species, and its two ends.
    fn for_each(self, mut visit: impl FnMut(Atom, u8, &(Atom, End), &(Atom, End))) {
        let is_frozen = |atom: Atom| matches!(atom, Atom::Frozen(_));
        for (centre, species, position) in self.all() {
            let ends = self.ends(centre, species, position);
            for (k, j) in ends.iter().enumerate() {
                for k in &ends[k + 1..] {
                    if !(is_frozen(centre) && is_frozen(j.0) && is_frozen(k.0)) {
                        visit(centre, species, j, k);
                    }
                }
            }
        }
    }
}

/// Adds the forces of all triplets; returns their energy.
///
/// - `x`: the configuration, wrapped
/// - `shifts`: [`System::image_shifts`]
/// - `forces`: `[n]` [energy/length]
/// - returns: \[energy\]
pub(super) fn energy_and_forces(
    system: &System,
    three: &ThreeBody,
    x: &Configuration,
    shifts: &[DVec3],
    forces: &mut [DVec3],
) -> f64 {
    let mut energy = 0.0;
    Atoms::of(system, three, x, shifts).for_each(|centre, species, (j, end_j), (k, end_k)| {
        let (u, force_j, force_k) = three.energy_forces(species, end_j, end_k);
        energy += u;
        for (atom, force) in [(*j, force_j), (*k, force_k), (centre, -(force_j + force_k))] {
            if let Atom::Mobile(slot) = atom {
                forces[slot] += force;
            }
        }
    });
    energy
}

/// Energy of the triplets that one atom of `species` at `position` would be part of, with everything else but the atom in
/// slot `except`. \[energy\]
pub(super) fn atom_energy(
    system: &System,
    three: &ThreeBody,
    x: &Configuration,
    shifts: &[DVec3],
    species: u8,
    position: DVec3,
    except: Option<usize>,
) -> f64 {
    let atoms = Atoms { tried: Some((species, position)), except, ..Atoms::of(system, three, x, shifts) };
    let mut energy = 0.0;
    for (centre, of_centre, at) in atoms.all() {
        let is_centre = centre == Atom::Tried;
        let mut within = is_centre;
        for_each_image(system, shifts, position - at, |d| within |= three.end(of_centre, species, d).is_some());
        if !within {
            continue;
        }
        let ends = atoms.ends(centre, of_centre, at);
        for (k, (j, end_j)) in ends.iter().enumerate() {
            for (k, end_k) in &ends[k + 1..] {
                if is_centre || *j == Atom::Tried || *k == Atom::Tried {
                    energy += three.energy(of_centre, end_j, end_k);
                }
            }
        }
    }
    energy
}

/// Energy and Σ|h| of all triplets, in another order than [`energy_and_forces`]: half of Σ_j Σ_{k≠j}. \[energy\]
pub(super) fn audit(system: &System, three: &ThreeBody, x: &Configuration, shifts: &[DVec3]) -> (f64, f64) {
    let (mut energy, mut magnitude) = (0.0, 0.0);
    Atoms::of(system, three, x, shifts).for_each(|_, species, (_, j), (_, k)| {
        for (j, k) in [(j, k), (k, j)] {
            let u = 0.5 * three.energy(species, j, k);
            energy += u;
            magnitude += u.abs();
        }
    });
    (energy, magnitude)
}
