//! The policy of particle moves: what to try and whether to accept. Backends repeat it under test.

pub mod exchange;
pub mod tally;

use crate::base::fault_injection::{Fault, planted};
use crate::base::rng::{Rng, Stream, index_below};
use crate::system::System;
use crate::system::configuration::Configuration;
use crate::thermo::acceptance::{StateRef, accept, delete_ln_acc, insert_ln_acc};
use glam::DVec3;
use serde::{Deserialize, Serialize};

/// A change of one configuration whose energy is asked for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Trial {
    /// Nothing; ΔE = 0.
    None,
    /// A new atom.
    Insert {
        /// Species index.
        species: u8,
        /// [length]
        position: DVec3,
    },
    /// The atom of a slot disappears.
    Delete {
        /// Its slot.
        slot: usize,
    },
    /// The atom of a slot moves.
    Displace {
        /// Its slot.
        slot: usize,
        /// New position. [length]
        position: DVec3,
    },
}

/// An accepted change of one configuration.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Edit {
    /// Nothing.
    None,
    /// A new atom in the first free slot.
    Insert {
        /// Species index.
        species: u8,
        /// [length]
        position: DVec3,
        /// [length/time]
        velocity: DVec3,
    },
    /// The atom of a slot disappears; the last one fills the hole.
    Delete {
        /// Its slot.
        slot: usize,
    },
    /// The atom of a slot moves.
    Displace {
        /// Its slot.
        slot: usize,
        /// New position. [length]
        position: DVec3,
    },
}

/// One insertion or deletion attempt before its energy is known.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Proposal {
    /// Index of the reservoir species.
    pub reservoir: usize,
    /// Insertion, else deletion.
    pub insert: bool,
    /// The change; [`Trial::None`] when the attempt is impossible (full, or nothing to delete).
    pub trial: Trial,
    /// Atoms of the species before the move.
    pub n_total: usize,
    /// Those of them inside the region.
    pub n_inside: usize,
    /// The uniform number that decides.
    pub uniform: f64,
}

/// Proposes attempt number `attempt` of replica `replica`.
///
/// Insert and delete with equal probability, every reservoir species with equal probability; the position uniform over
/// the region; the victim uniform over the atoms of the species inside the region.
pub fn propose(system: &System, rng: &Rng, replica: u32, attempt: u64, x: &Configuration) -> Proposal {
    let [kind, victim, uniform, _] = rng.uniforms(Stream::ParticleMove, attempt, replica, 0);
    let choice = index_below(kind, 2 * system.reservoirs.len());
    let (reservoir, insert) = (choice / 2, choice.is_multiple_of(2));
    let r = &system.reservoirs[reservoir];
    let (mut n_total, mut n_inside) = (0, 0);
    for (&s, &p) in x.species.iter().zip(&x.positions) {
        if s == r.species {
            n_total += 1;
            n_inside += usize::from(r.contains(p));
        }
    }
    let trial = if insert {
        if n_total >= usize::from(r.max_atoms) {
            Trial::None
        } else {
            let [a, b, c, _] = rng.uniforms(Stream::InsertPosition, attempt, replica, 0);
            let (lx, ly) = (system.cell.lengths.x, system.cell.lengths.y);
            let position = DVec3::new(a * lx, b * ly, r.z_lo + c * (r.z_hi - r.z_lo));
            Trial::Insert { species: r.species, position }
        }
    } else if n_inside == 0 {
        Trial::None
    } else {
        let rank = index_below(victim, n_inside);
        let mut inside = (0..x.len()).filter(|&i| x.species[i] == r.species && r.contains(x.positions[i]));
        inside.nth(rank).map_or(Trial::None, |slot| Trial::Delete { slot })
    };
    Proposal { reservoir, insert, trial, n_total, n_inside, uniform }
}

/// ln of the acceptance probability of a proposal whose energy change is `delta_u`; −∞ when it is impossible.
pub fn ln_acc(system: &System, state: StateRef, proposal: &Proposal, delta_u: f64) -> f64 {
    let (volume, ln_z) = (system.reservoirs[proposal.reservoir].volume, state.ln_z[proposal.reservoir]);
    match proposal.trial {
        Trial::Insert { .. } => insert_ln_acc(ln_z, volume, proposal.n_inside, state.beta * delta_u),
        Trial::Delete { .. } => delete_ln_acc(ln_z, volume, proposal.n_inside, state.beta * delta_u),
        Trial::None | Trial::Displace { .. } => f64::NEG_INFINITY,
    }
}

impl Edit {
    /// The slot it fills, empties or moves in a configuration of `n` atoms; `None` where it changes nothing.
    pub fn slot(&self, n: usize) -> Option<usize> {
        match *self {
            Edit::None => None,
            Edit::Insert { .. } => Some(n),
            Edit::Delete { slot } | Edit::Displace { slot, .. } => Some(slot),
        }
    }
}

/// Decides a proposal by its [`ln_acc`]: the edit to apply, [`Edit::None`] when it is rejected.
///
/// An inserted atom gets a Maxwell–Boltzmann velocity at the temperature of its replica.
pub fn decide(
    system: &System,
    rng: &Rng,
    replica: u32,
    attempt: u64,
    state: StateRef,
    proposal: &Proposal,
    ln_acc: f64,
) -> Edit {
    if !accept(proposal.uniform, ln_acc) {
        return Edit::None;
    }
    match proposal.trial {
        Trial::Insert { species, position } => {
            let velocity = thermal_velocity(system, rng, replica, attempt, 1.0 / state.beta, species);
            Edit::Insert { species, position, velocity }
        }
        Trial::Delete { slot } => Edit::Delete { slot },
        Trial::Displace { .. } | Trial::None => Edit::None,
    }
}

/// The Maxwell–Boltzmann velocity of an atom inserted in attempt number `attempt`. [length/time]
pub fn thermal_velocity(system: &System, rng: &Rng, replica: u32, attempt: u64, kt: f64, species: u8) -> DVec3 {
    if planted(Fault::ZeroVelocity) {
        return DVec3::ZERO;
    }
    let thermal = (kt / system.species[usize::from(species)].mass).sqrt();
    thermal * rng.gaussians(Stream::InsertVelocity, attempt, replica, 0)
}

/// Attempts and acceptances of one reservoir species.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MoveTally {
    /// Insertions tried, impossible ones included.
    pub insert_attempts: u64,
    /// Insertions accepted.
    pub insert_accepted: u64,
    /// Deletions tried, impossible ones included.
    pub delete_attempts: u64,
    /// Deletions accepted.
    pub delete_accepted: u64,
}

impl MoveTally {
    /// Adds the tallies of another period.
    pub fn add(&mut self, other: &MoveTally) {
        self.insert_attempts += other.insert_attempts;
        self.insert_accepted += other.insert_accepted;
        self.delete_attempts += other.delete_attempts;
        self.delete_accepted += other.delete_accepted;
    }
}
