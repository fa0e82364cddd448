//! Pairs of atoms, triplets where there are any, and fields on single atoms: energy and forces of one replica, brute force in
//! f64.
//!
//! Every pair is visited; nothing is remembered. This is the specification of every faster spelling.

use crate::base::error::Result;
use crate::forces::{Audit, ForceField, three_body};
use crate::moves::Trial;
use crate::potential::{PairForm, Pairs, Truncated, with_form};
use crate::system::System;
use crate::system::configuration::Configuration;
use glam::DVec3;
use std::sync::Arc;

/// The force field of a system's pairs, triplets and external fields, summed anew at every call; it never fails.
#[derive(Debug, Clone)]
pub struct Pairwise {
    system: Arc<System>,
    /// [`System::image_shifts`]
    shifts: Vec<DVec3>,
}

impl Pairwise {
    /// The force field of a system.
    pub fn new(system: Arc<System>) -> Pairwise {
        Pairwise { shifts: system.image_shifts(), system }
    }
}

impl ForceField for Pairwise {
    fn describe(&self) -> String {
        let triplets = if self.system.pairs.three_body().is_some() { " and triplets" } else { "" };
        format!("f64, all pairs{triplets}")
    }

    fn energy_and_forces(&self, x: &Configuration, forces: &mut Vec<DVec3>) -> Result<f64> {
        Ok(energy_and_forces(&self.system, x, &self.shifts, forces))
    }

    fn trial_energy(&self, x: &Configuration, _: f64, trial: &Trial) -> Result<f64> {
        Ok(trial_energy(&self.system, x, &self.shifts, trial))
    }

    fn contact_energy(&self, x: &Configuration, species: u8, position: DVec3) -> Result<f64> {
        Ok(atom_energy(&self.system, x, &self.shifts, species, position, None))
    }

    fn audit(&self, x: &Configuration) -> Result<Audit> {
        Ok(audit(&self.system, x, &self.shifts))
    }

    fn is_pairwise(&self) -> bool {
        true
    }
}

/// The terms of a potential energy. \[energy\]
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct EnergyTerms {
    /// Pairs of mobile atoms.
    pub mobile: f64,
    /// Pairs of a mobile and a frozen atom.
    pub frozen: f64,
    /// Triplets, with mobile and frozen centres.
    pub triplets: f64,
    /// External fields.
    pub external: f64,
    /// Tail correction.
    pub tail: f64,
}

impl EnergyTerms {
    /// Their sum. [energy]
    pub fn sum(&self) -> f64 {
        self.mobile + self.frozen + self.triplets + self.external + self.tail
    }
}

impl std::fmt::Display for EnergyTerms {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let EnergyTerms { mobile, frozen, triplets, external, tail } = self;
        write!(f, "mobile pairs {mobile}, slab {frozen}, ")?;
        if *triplets != 0.0 {
            write!(f, "triplets {triplets}, ")?;
        }
        write!(f, "fields {external}, tail {tail}")
    }
}

/// Energy and forces of one replica: pairs of mobile atoms, pairs with frozen atoms, external fields, tail correction.
///
/// - `x`: the configuration, wrapped
/// - `shifts`: [`System::image_shifts`]
/// - `forces`: `[n]` [energy/length], overwritten
/// - returns: U [energy]
fn energy_and_forces(system: &System, x: &Configuration, shifts: &[DVec3], forces: &mut Vec<DVec3>) -> f64 {
    let pairs = with_form!(system.pairs, pairs => energy_and_forces_of(pairs, system, x, shifts, forces));
    match system.pairs.three_body() {
        Some(three) => pairs + three_body::energy_and_forces(system, three, x, shifts, forces),
        None => pairs,
    }
}

fn energy_and_forces_of<F: PairForm>(
    pairs: &Pairs<F>,
    system: &System,
    x: &Configuration,
    shifts: &[DVec3],
    forces: &mut Vec<DVec3>,
) -> f64 {
    forces.clear();
    forces.resize(x.len(), DVec3::ZERO);
    let mut energy = system.pairs.tail(&x.species_counts(system.species.len()), system.cell.volume());
    for i in 0..x.len() {
        let (position, row) = (x.positions[i], pairs.row(x.species[i]));
        let mut force = DVec3::ZERO;
        for j in i + 1..x.len() {
            for_each_image(system, shifts, position - x.positions[j], |d| {
                let (u, f) = row[usize::from(x.species[j])].energy_force(d.length_squared());
                energy += u;
                force += f * d;
                forces[j] -= f * d;
            });
        }
        for (&other, &species) in system.frozen.positions.iter().zip(&system.frozen.species) {
            for_each_image(system, shifts, position - other, |d| {
                let (u, f) = row[usize::from(species)].energy_force(d.length_squared());
                energy += u;
                force += f * d;
            });
        }
        for field in &system.external[usize::from(x.species[i])] {
            let (u, f) = field.energy_force(position);
            energy += u;
            force += f;
        }
        forces[i] += force;
        energy += self_image_energy(row, x.species[i], shifts);
    }
    energy
}

/// Energy of one atom of `species` at `position` with everything else but the atom in slot `except`.
///
/// The tail correction is not part of it. [energy]
fn atom_energy(
    system: &System,
    x: &Configuration,
    shifts: &[DVec3],
    species: u8,
    position: DVec3,
    except: Option<usize>,
) -> f64 {
    let pairs = with_form!(system.pairs, pairs => atom_energy_of(pairs, system, x, shifts, species, position, except));
    match system.pairs.three_body() {
        Some(three) => pairs + three_body::atom_energy(system, three, x, shifts, species, position, except),
        None => pairs,
    }
}

fn atom_energy_of<F: PairForm>(
    pairs: &Pairs<F>,
    system: &System,
    x: &Configuration,
    shifts: &[DVec3],
    species: u8,
    position: DVec3,
    except: Option<usize>,
) -> f64 {
    let row = pairs.row(species);
    let mut energy = self_image_energy(row, species, shifts);
    for field in &system.external[usize::from(species)] {
        energy += field.energy_force(position).0;
    }
    for (&other, &s) in system.frozen.positions.iter().zip(&system.frozen.species) {
        for_each_image(system, shifts, position - other, |d| energy += row[usize::from(s)].energy(d.length_squared()));
    }
    for (j, (&other, &s)) in x.positions.iter().zip(&x.species).enumerate() {
        if Some(j) != except {
            for_each_image(system, shifts, position - other, |d| {
                energy += row[usize::from(s)].energy(d.length_squared());
            });
        }
    }
    energy
}

/// ΔE of a trial: the sum over the pairs of the one atom, never a difference of totals. [energy]
fn trial_energy(system: &System, x: &Configuration, shifts: &[DVec3], trial: &Trial) -> f64 {
    let tail_change = |species, sign| match system.pairs.tail_correction {
        true => system.tail_change(&x.species_counts(system.species.len()), species, sign),
        false => 0.0,
    };
    match *trial {
        Trial::None => 0.0,
        Trial::Insert { species, position } => {
            atom_energy(system, x, shifts, species, position, None) + tail_change(species, 1)
        }
        Trial::Delete { slot } => {
            let species = x.species[slot];
            tail_change(species, -1) - atom_energy(system, x, shifts, species, x.positions[slot], Some(slot))
        }
        Trial::Displace { slot, position } => {
            let (species, old) = (x.species[slot], x.positions[slot]);
            atom_energy(system, x, shifts, species, position, Some(slot))
                - atom_energy(system, x, shifts, species, old, Some(slot))
        }
        Trial::Identity { slot, species } => {
            let (old, position) = (x.species[slot], x.positions[slot]);
            let counts = || x.species_counts(system.species.len());
            let tail = match system.pairs.tail_correction {
                true => system.tail_change_of_identity(&counts(), old, species),
                false => 0.0,
            };
            atom_energy(system, x, shifts, species, position, Some(slot))
                - atom_energy(system, x, shifts, old, position, Some(slot))
                + tail
        }
    }
}

/// Energy of one replica by another route than [`energy_and_forces`]: half of Σ_i Σ_{j≠i}, term by
/// term.
fn audit(system: &System, x: &Configuration, shifts: &[DVec3]) -> Audit {
    with_form!(system.pairs, pairs => audit_of(pairs, system, x, shifts))
}

fn audit_of<F: PairForm>(pairs: &Pairs<F>, system: &System, x: &Configuration, shifts: &[DVec3]) -> Audit {
    let tail = system.pairs.tail(&x.species_counts(system.species.len()), system.cell.volume());
    let mut terms = EnergyTerms { tail, ..EnergyTerms::default() };
    let mut magnitudes = EnergyTerms { tail: tail.abs(), ..EnergyTerms::default() };
    let add = |sum: &mut f64, magnitude: &mut f64, u: f64| {
        *sum += u;
        *magnitude += u.abs();
    };
    let (length, mut undecided) = (system.cell.lengths.max_element(), 0.0);
    let mut near = Vec::new();
    for i in 0..x.len() {
        let (position, row) = (x.positions[i], pairs.row(x.species[i]));
        for others in [0..i, i + 1..x.len()] {
            let (positions, species) = (&x.positions[others.clone()], &x.species[others]);
            find_near(system, shifts, row, position, positions, species, &mut near);
            for &(r2, s) in &near {
                let pair = &row[usize::from(s)];
                add(&mut terms.mobile, &mut magnitudes.mobile, 0.5 * pair.energy(r2));
                undecided += 0.5 * pair.undecided(r2, length);
            }
        }
        find_near(system, shifts, row, position, &system.frozen.positions, &system.frozen.species, &mut near);
        for &(r2, s) in &near {
            let pair = &row[usize::from(s)];
            add(&mut terms.frozen, &mut magnitudes.frozen, pair.energy(r2));
            undecided += pair.undecided(r2, length);
        }
        for field in &system.external[usize::from(x.species[i])] {
            add(&mut terms.external, &mut magnitudes.external, field.energy_force(position).0);
        }
        add(&mut terms.mobile, &mut magnitudes.mobile, self_image_energy(row, x.species[i], shifts));
    }
    if let Some(three) = system.pairs.three_body() {
        (terms.triplets, magnitudes.triplets) = three_body::audit(system, three, x, shifts);
    }
    Audit { energy: terms.sum(), magnitude: magnitudes.sum(), undecided, terms: Some(terms) }
}

/// The pairs of an atom that have an energy, in order: squared distance and species of the other. Whether one has is a coin's
/// toss, so that asking before writing would take longer than the distance.
///
/// - `positions`, `species`: of the others
/// - `near`: overwritten
fn find_near<F: PairForm>(
    system: &System,
    shifts: &[DVec3],
    row: &[Truncated<F>],
    position: DVec3,
    positions: &[DVec3],
    species: &[u8],
    near: &mut Vec<(f64, u8)>,
) {
    let length = system.cell.lengths.max_element();
    near.clear();
    near.resize(positions.len() * shifts.len(), (0.0, 0));
    let mut found = 0;
    for (&other, &s) in positions.iter().zip(species) {
        for_each_image(system, shifts, position - other, |d| {
            near[found] = (d.length_squared(), s);
            found += usize::from(row[usize::from(s)].may_reach(d.length_squared(), length));
        });
    }
    near.truncate(found);
}

/// Half the energy of an atom with its own periodic images; zero unless images are summed.
fn self_image_energy<F: PairForm>(row: &[Truncated<F>], species: u8, shifts: &[DVec3]) -> f64 {
    let own = &row[usize::from(species)];
    shifts[1..].iter().map(|shift| 0.5 * own.energy(shift.length_squared())).sum()
}

/// Calls `visit` with the minimum-image vector, or with every image within reach, the nearest one first.
#[inline]
pub(super) fn for_each_image(system: &System, shifts: &[DVec3], d: DVec3, mut visit: impl FnMut(DVec3)) {
    let nearest = system.cell.minimum_image(d);
    for &shift in shifts {
        visit(nearest + shift);
    }
}
