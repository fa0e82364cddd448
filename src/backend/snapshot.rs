//! State of a backend: what it needs to go on bit-identically, saved into a checkpoint and restored from it.

use crate::moves::tally::Transitions;
use crate::system::System;
use crate::system::configuration::{Batch, Configuration};
use glam::DVec3;
use serde::{Deserialize, Serialize};
use std::ops::Range;

/// The state of a backend between two cycles, as flat columns.
///
/// Numbers are held in f64, which keeps every f32 exactly. With n = Σ `n_of`:
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct BackendState {
    /// `[n_replicas]`, mobile atoms.
    pub n_of: Vec<u32>,
    /// `[n]`, species index, slots of replica 0 first.
    pub species: Vec<u8>,
    /// `[n]`, wrapped. \[length\]
    pub positions: Vec<[f64; 3]>,
    /// `[n]` [length/time]
    pub velocities: Vec<[f64; 3]>,
    /// `[n_replicas]`, running energies, `None` where a device sums anew; empty where all do. \[energy\]
    pub energies: Vec<Option<f64>>,
    /// `[n_replicas]`, whether neighbour lists are in force; empty where the bits do not depend on them.
    pub listed: Vec<bool>,
    /// Positions when those lists were built, slots of the listed replicas in order. \[length\]
    pub list_references: Vec<[f64; 3]>,
    /// Tallies of the particle moves of production.
    pub transitions: Transitions,
}

impl BackendState {
    /// The columns of a batch; nothing else is filled in.
    pub fn of_batch(batch: &Batch) -> BackendState {
        let all = || batch.configurations.iter();
        BackendState {
            n_of: all().map(|x| x.len() as u32).collect(),
            species: all().flat_map(|x| x.species.iter().copied()).collect(),
            positions: all().flat_map(|x| x.positions.iter().map(DVec3::to_array)).collect(),
            velocities: all().flat_map(|x| x.velocities.iter().map(DVec3::to_array)).collect(),
            ..BackendState::default()
        }
    }

    /// Adds the replicas of another one after these.
    ///
    /// - `same_walker`: whether they are of the walker of these, and tallied the same states
    pub(crate) fn append(&mut self, mut other: BackendState, same_walker: bool) {
        // Some devices have columns that others have not.
        if self.energies.is_empty() != other.energies.is_empty() {
            for state in [&mut *self, &mut other] {
                state.energies.resize(state.n_of.len(), None);
            }
        }
        if self.listed.is_empty() != other.listed.is_empty() {
            for state in [&mut *self, &mut other] {
                state.listed.resize(state.n_of.len(), false);
            }
        }
        self.n_of.extend(other.n_of);
        self.species.extend(other.species);
        self.positions.extend(other.positions);
        self.velocities.extend(other.velocities);
        self.energies.extend(other.energies);
        self.listed.extend(other.listed);
        self.list_references.extend(other.list_references);
        if same_walker {
            self.transitions.add(&other.transitions);
        } else {
            self.transitions.append(other.transitions);
        }
    }

    /// The configurations; the columns must fit ([`BackendState::fits`]).
    pub fn batch(&self) -> Batch {
        let mut first = 0;
        let configurations = self.n_of.iter().map(|&n| {
            let slots = first..first + n as usize;
            first = slots.end;
            Configuration {
                positions: self.positions[slots.clone()].iter().copied().map(DVec3::from).collect(),
                velocities: self.velocities[slots.clone()].iter().copied().map(DVec3::from).collect(),
                species: self.species[slots].to_vec(),
            }
        });
        Batch { configurations: configurations.collect() }
    }

    /// The replicas of a range, without tallies; the columns must belong together.
    pub(crate) fn slice(&self, range: Range<usize>) -> BackendState {
        let atoms = |replicas: &[u32]| replicas.iter().map(|&n| n as usize).sum::<usize>();
        let first = atoms(&self.n_of[..range.start]);
        let slots = first..first + atoms(&self.n_of[range.clone()]);
        let references = self.references();
        let own = references.get(range.clone()).unwrap_or(&[]);
        BackendState {
            n_of: self.n_of[range.clone()].to_vec(),
            species: self.species[slots.clone()].to_vec(),
            positions: self.positions[slots.clone()].to_vec(),
            velocities: self.velocities[slots].to_vec(),
            energies: self.energies.get(range.clone()).unwrap_or(&[]).to_vec(),
            listed: self.listed.get(range).unwrap_or(&[]).to_vec(),
            list_references: own.iter().copied().flatten().flatten().copied().collect(),
            transitions: Transitions::default(),
        }
    }

    /// The replicas of several devices one after the other, without tallies.
    pub(super) fn joined(parts: Vec<BackendState>) -> BackendState {
        let mut whole = BackendState::default();
        let (energies, lists) =
            (parts.iter().any(|p| !p.energies.is_empty()), parts.iter().any(|p| !p.listed.is_empty()));
        for mut part in parts {
            let n_replicas = part.n_of.len();
            part.energies.resize(if energies { n_replicas } else { 0 }, None);
            part.listed.resize(if lists { n_replicas } else { 0 }, false);
            whole.n_of.append(&mut part.n_of);
            whole.species.append(&mut part.species);
            whole.positions.append(&mut part.positions);
            whole.velocities.append(&mut part.velocities);
            whole.energies.append(&mut part.energies);
            whole.listed.append(&mut part.listed);
            whole.list_references.append(&mut part.list_references);
        }
        whole
    }

    /// `[n_replicas][n]`, species of the slots of every replica; the columns must belong together.
    pub(crate) fn species_of_replicas(&self) -> impl Iterator<Item = &[u8]> {
        let mut rest = &self.species[..];
        self.n_of.iter().map(move |&n| {
            let (own, others) = rest.split_at(n as usize);
            rest = others;
            own
        })
    }

    /// Reference positions of the lists of every replica, `None` where there is no list.
    pub(crate) fn references(&self) -> Vec<Option<&[[f64; 3]]>> {
        let mut first = 0;
        let listed = self.listed.iter().copied().chain(std::iter::repeat(false));
        self.n_of
            .iter()
            .zip(listed)
            .map(|(&n, listed)| {
                listed.then(|| {
                    let slots = first..first + n as usize;
                    first = slots.end;
                    &self.list_references[slots]
                })
            })
            .collect()
    }

    /// Checks that the columns belong together and to a system; what they hold came from a file.
    ///
    /// - `replicas`: counted from the first of their walkers
    ///
    /// # Errors
    /// What does not fit.
    pub fn fits(&self, system: &System, replicas: &Range<usize>, n_states: usize) -> Result<(), String> {
        let n_replicas = replicas.len();
        let n: u64 = self.n_of.iter().map(|&n| u64::from(n)).sum();
        let of_lists: u64 = self.n_of.iter().zip(&self.listed).filter(|(_, l)| **l).map(|(&n, _)| u64::from(n)).sum();
        let is = |what: &str, len: usize, expected: u64| match len as u64 == expected {
            true => Ok(()),
            false => Err(format!("it holds {len} {what} instead of {expected}")),
        };
        let optional = |what: &str, len: usize| if len == 0 { Ok(()) } else { is(what, len, n_replicas as u64) };
        is("replicas", self.n_of.len(), n_replicas as u64)?;
        is("species", self.species.len(), n)?;
        is("positions", self.positions.len(), n)?;
        is("velocities", self.velocities.len(), n)?;
        optional("energies", self.energies.len())?;
        optional("lists", self.listed.len())?;
        is("reference positions", self.list_references.len(), of_lists)?;
        if !self.transitions.has_shape_of(&Transitions::of_replicas(system, n_states, replicas)) {
            return Err("its tallies of particle moves are of another grid".to_owned());
        }
        if let Some(&n) = self.n_of.iter().find(|&&n| n as usize > system.capacity) {
            return Err(format!("a replica holds {n} atoms in {} slots", system.capacity));
        }
        if let Some(&s) = self.species.iter().find(|&&s| usize::from(s) >= system.species.len()) {
            return Err(format!("an atom is of species {s} of {}", system.species.len()));
        }
        for (species, r) in self.species_of_replicas().flat_map(|s| system.reservoirs.iter().map(move |r| (s, r))) {
            let n = species.iter().filter(|&&s| s == r.species).count();
            if n > usize::from(r.max_atoms) {
                return Err(format!("a replica holds {n} atoms of a species with max_atoms {}", r.max_atoms));
            }
        }
        let finite = |column: &[[f64; 3]]| column.iter().flatten().all(|x| x.is_finite());
        if !(finite(&self.velocities)
            && finite(&self.list_references)
            && self.energies.iter().flatten().all(|e| e.is_finite()))
        {
            return Err("a velocity, an energy or a list is not a number".to_owned());
        }
        let (lengths, cell) = (system.cell.lengths, &system.cell);
        let inside = |p: DVec3| {
            // A position that a backend keeps in f32 may lie a rounding error beyond a wall or a period.
            let slack = 1e-6 * (1.0 + cell.floor.abs() + lengths.z);
            let along = |x: f64, length: f64| (-slack..=length + slack).contains(&x);
            p.is_finite() && along(p.x, lengths.x) && along(p.y, lengths.y) && along(p.z - cell.floor, lengths.z)
        };
        match self.positions.iter().find(|&&p| !inside(p.into())) {
            Some(p) => Err(format!("an atom lies at {p:?}, outside its cell")),
            None => Ok(()),
        }
    }
}
