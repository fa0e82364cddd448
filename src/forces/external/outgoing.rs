//! From configurations to what clients are asked, and back.

use super::protocol::{Atoms, Question};
use super::spec::ExternalSpec;
use crate::base::units::Units;
use crate::io::xyz::{self, Frame};
use crate::system::System;
use crate::system::configuration::Configuration;
use glam::DVec3;

/// Edge of the box of a molecule \[Å, σ\].
const BOX: f64 = 12.0;
/// Distance of the two atoms of a probe without a slab, in lengths of their pair.
const PROBE: f64 = 1.2;

/// How configurations of a system go out: frozen atoms first, in a cell with a period in z.
#[derive(Debug, Clone)]
pub struct Outgoing {
    names: Vec<String>,
    symbols: Vec<String>,
    /// Vectors of the cell, vacuum included. \[length\]
    pub cell: [DVec3; 3],
    /// What is added to z, so that no atom lies below 0. \[length\]
    pub shift: f64,
    periodic: [bool; 3],
    /// Whether atoms go out species by species, as input files list them.
    by_species: bool,
    reduced: bool,
}

impl Outgoing {
    /// The way out of a system.
    pub fn new(system: &System, spec: &ExternalSpec, units: Units) -> Outgoing {
        let by_species = spec.clients.iter().any(|c| c.template.is_some());
        Outgoing { by_species, reduced: units == Units::Lj, ..Outgoing::of(system, spec.vacuum_or_default(units)) }
    }

    /// The same for clients that take any number of atoms.
    ///
    /// - `vacuum`: above the ceiling \[length\]
    pub fn of(system: &System, vacuum: f64) -> Outgoing {
        let cell = &system.cell;
        let [a, b, c] = cell.vectors();
        let heights = || system.frozen.positions.iter().map(|p| p.z);
        let (lowest, highest) = (heights().fold(cell.floor, f64::min), heights().fold(cell.ceiling(), f64::max));
        let (shift, c) = match cell.periodic_z {
            true => (0.0, c),
            false => {
                let shift = (-lowest).max(0.0);
                (shift, DVec3::Z * (highest + shift + vacuum))
            }
        };
        Outgoing {
            names: system.species.iter().map(|s| s.name.clone()).collect(),
            symbols: system.species.iter().map(|s| s.symbol.clone()).collect(),
            cell: [a, b, c],
            shift,
            periodic: [true, true, cell.periodic_z],
            by_species: false,
            reduced: false,
        }
    }

    /// The question about a configuration.
    ///
    /// - `forces`: whether forces are wanted
    pub fn question(&self, system: &System, x: &Configuration, forces: bool) -> Question {
        let frozen = system.frozen.positions.iter().zip(&system.frozen.species);
        let all = frozen.chain(x.positions.iter().zip(&x.species));
        let place = |p: DVec3| system.cell.in_parallelogram(p) + DVec3::Z * self.shift;
        let (mut positions, mut species): (Vec<DVec3>, Vec<u8>) = all.map(|(&p, &s)| (place(p), s)).unzip();
        let mut frozen = system.frozen.positions.len();
        if self.by_species {
            let order = self.order(&species);
            positions = order.iter().map(|&k| positions[k]).collect();
            species = order.iter().map(|&k| species[k]).collect();
            frozen = 0;
        }
        Question { cell: self.cell, atoms: self.atoms(species, frozen, forces, self.periodic), positions }
    }

    /// The forces on the mobile atoms out of those of an answer.
    pub fn mobile_forces(&self, system: &System, x: &Configuration, all: &[DVec3], forces: &mut Vec<DVec3>) {
        let n_frozen = system.frozen.positions.len();
        forces.clear();
        if self.by_species {
            let species: Vec<u8> = system.frozen.species.iter().chain(&x.species).copied().collect();
            forces.resize(x.len(), DVec3::ZERO);
            for (&k, &force) in self.order(&species).iter().zip(all) {
                if let Some(slot) = k.checked_sub(n_frozen) {
                    forces[slot] = force;
                }
            }
        } else {
            forces.extend_from_slice(&all[n_frozen..]);
        }
    }

    /// Indices of atoms, species by species.
    fn order(&self, species: &[u8]) -> Vec<usize> {
        let mut order: Vec<usize> = (0..species.len()).collect();
        order.sort_by_key(|&k| species[k]);
        order
    }

    fn atoms(&self, species: Vec<u8>, frozen: usize, forces: bool, periodic: [bool; 3]) -> Atoms {
        let (names, symbols, reduced) = (self.names.clone(), self.symbols.clone(), self.reduced);
        Atoms { names, symbols, species, frozen, forces, periodic, reduced }
    }

    /// One or two atoms of a species alone in a box.
    ///
    /// - `distance`: of the two \[length\]; `None`: one atom
    pub fn molecule(&self, species: u8, distance: Option<f64>) -> Question {
        let centre = DVec3::splat(0.5 * BOX);
        let (positions, n) = match distance {
            Some(d) => (vec![centre - 0.5 * d * DVec3::X, centre + 0.5 * d * DVec3::X], 2),
            None => (vec![centre], 1),
        };
        let cell = [DVec3::X * BOX, DVec3::Y * BOX, DVec3::Z * BOX];
        Question { cell, atoms: self.atoms(vec![species; n], 0, true, [false; 3]), positions }
    }

    /// What a client with input files is started for: cell and composition.
    pub fn key(&self, question: &Question) -> String {
        if !self.by_species {
            return String::new();
        }
        let count = |s: usize| question.atoms.species.iter().filter(|&&a| usize::from(a) == s).count();
        let of = |s: usize| format!("{}{}", self.names[s], count(s));
        let composition: Vec<String> = (0..self.names.len()).map(of).collect();
        format!("{} in {}", composition.join(" "), if question.cell == self.cell { "the cell" } else { "a box" })
    }

    /// What every client is asked first: the slab as the scene has it, or two atoms where there is none.
    ///
    /// - `slab`: its mobile atoms
    pub fn probe(&self, system: &System, slab: &Configuration) -> Question {
        if !(slab.is_empty() && system.frozen.positions.is_empty()) {
            return self.question(system, slab, true);
        }
        let species = system.reservoirs.first().map_or(0, |r| r.species);
        let apart = PROBE * system.pairs.pair(species, species).length();
        let mut two = Configuration::default();
        for x in [-0.5, 0.5] {
            two.insert(species, system.cell.wrap(system.cell.centre() + DVec3::X * (x * apart)), DVec3::ZERO);
        }
        self.question(system, &two, true)
    }
}

/// A question as extended XYZ, for people.
pub(super) fn as_xyz(question: &Question, comment: &str) -> String {
    let frame = Frame {
        lattice: Some(question.cell.map(|v| v.to_array())),
        periodic: Some(question.atoms.periodic),
        info: vec![("comment".to_owned(), comment.to_owned())],
        symbols: question.atoms.species.iter().map(|&s| question.atoms.symbols[usize::from(s)].clone()).collect(),
        positions: question.positions.clone(),
        ..Frame::default()
    };
    let mut text = Vec::new();
    match xyz::write(&mut text, &frame) {
        Ok(()) => String::from_utf8_lossy(&text).into_owned(),
        Err(_) => String::new(),
    }
}
