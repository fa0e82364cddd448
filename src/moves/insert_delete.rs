//! insert_delete: exchange of single atoms with the reservoirs.
//!
//! The rules stand in `thermo::acceptance`. Twin: `propose`, `ln_acc` in `shaders/particle_moves.wgsl`.

use super::{Direction, Edit, MoveKind, Trial};
use crate::base::fault_injection::{Fault, planted};
use crate::base::rng::{Rng, Stream, index_below};
use crate::system::System;
use crate::system::configuration::Configuration;
use crate::thermo::acceptance::{StateRef, accept, delete_ln_acc, insert_ln_acc};
use glam::DVec3;

/// Attempt before its energy is known.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Proposal {
    /// What is tried.
    pub kind: MoveKind,
    /// Index of the reservoir species.
    pub reservoir: usize,
    /// The change; [`Trial::None`] when the attempt is impossible (full, or nothing to delete).
    pub trial: Trial,
    /// Atoms of the species before the move.
    pub n_total: usize,
    /// Those of them inside the region.
    pub n_inside: usize,
    /// The uniform number that decides.
    pub uniform: f64,
}

/// Atoms that a proposal chooses from. A backend may know their numbers without counting them.
pub trait Candidates {
    /// Atoms of a reservoir species, and those of them inside its region.
    fn count(&self, reservoir: usize) -> (usize, usize);

    /// Slot of the atom number `rank`, in the order of slots, among the `n_inside` atoms inside the region.
    fn slot(&self, reservoir: usize, n_inside: usize, rank: usize) -> Option<usize>;
}

/// The atoms of a configuration, counted one by one.
struct Counted<'a> {
    system: &'a System,
    x: &'a Configuration,
}

impl Candidates for Counted<'_> {
    fn count(&self, reservoir: usize) -> (usize, usize) {
        let r = &self.system.reservoirs[reservoir];
        let (mut n_total, mut n_inside) = (0, 0);
        for (&s, &p) in self.x.species.iter().zip(&self.x.positions) {
            if s == r.species {
                n_total += 1;
                n_inside += usize::from(r.contains(p));
            }
        }
        (n_total, n_inside)
    }

    fn slot(&self, reservoir: usize, _: usize, rank: usize) -> Option<usize> {
        let (r, x) = (&self.system.reservoirs[reservoir], self.x);
        (0..x.len()).filter(|&i| x.species[i] == r.species && r.contains(x.positions[i])).nth(rank)
    }
}

/// Proposes attempt number `attempt` of replica `replica`.
///
/// Insert and delete with equal probability, every reservoir species with equal probability; the position uniform over
/// the region; the victim uniform over the atoms of the species inside the region.
pub fn propose(system: &System, rng: &Rng, replica: u32, attempt: u64, x: &Configuration) -> Proposal {
    propose_among(system, rng, replica, attempt, &Counted { system, x })
}

/// As [`propose`], for atoms that are counted by the caller.
#[inline(always)]
pub fn propose_among(system: &System, rng: &Rng, replica: u32, attempt: u64, atoms: &impl Candidates) -> Proposal {
    let [kind, victim, uniform, _] = rng.uniforms(Stream::ParticleMove, attempt, replica, 0);
    let choice = index_below(kind, 2 * system.reservoirs.len());
    let reservoir = choice / 2;
    let direction = if choice.is_multiple_of(2) { Direction::Insert } else { Direction::Delete };
    let r = &system.reservoirs[reservoir];
    let (n_total, n_inside) = atoms.count(reservoir);
    let trial = match direction {
        Direction::Insert if n_total >= usize::from(r.max_atoms) => Trial::None,
        Direction::Insert => {
            let [a, b, c, _] = rng.uniforms(Stream::InsertPosition, attempt, replica, 0);
            let (lx, ly) = (system.cell.lengths.x, system.cell.lengths.y);
            let position = DVec3::new(a * lx, b * ly, r.z_lo + c * (r.z_hi - r.z_lo));
            Trial::Insert { species: r.species, position }
        }
        Direction::Delete if n_inside == 0 => Trial::None,
        Direction::Delete => {
            let rank = index_below(victim, n_inside);
            atoms.slot(reservoir, n_inside, rank).map_or(Trial::None, |slot| Trial::Delete { slot })
        }
    };
    Proposal { kind: MoveKind::InsertDelete(direction), reservoir, trial, n_total, n_inside, uniform }
}

/// ln of the acceptance probability of a proposal whose energy change is `delta_u`, without the weights of a window: what is
/// tallied, and what says Π(N) of the state without them; −∞ when it is impossible.
pub fn ln_acc(system: &System, state: StateRef, proposal: &Proposal, delta_u: f64) -> f64 {
    let (volume, ln_z) = (system.reservoirs[proposal.reservoir].volume, state.ln_z[proposal.reservoir]);
    match proposal.trial {
        Trial::Insert { .. } => insert_ln_acc(ln_z, volume, proposal.n_inside, state.beta * delta_u),
        Trial::Delete { .. } => delete_ln_acc(ln_z, volume, proposal.n_inside, state.beta * delta_u),
        Trial::None | Trial::Displace { .. } => f64::NEG_INFINITY,
    }
}

/// What the window of a state adds to the [`ln_acc`] of a proposal before it is decided: η(N ± 1) − η(N), −∞ where N would
/// leave the window; 0 without a window.
#[inline(always)]
pub fn weight_change(state: StateRef, proposal: &Proposal) -> f64 {
    let before = proposal.n_total as u16;
    match proposal.trial {
        Trial::Insert { .. } => state.weight_change(proposal.reservoir, before, before + 1),
        Trial::Delete { .. } => state.weight_change(proposal.reservoir, before, before - 1),
        Trial::None | Trial::Displace { .. } => 0.0,
    }
}

/// Decides a proposal: the edit to apply, [`Edit::None`] when it is rejected.
///
/// An inserted atom gets a Maxwell–Boltzmann velocity at the temperature of its replica.
///
/// - `kt`: \[energy\]; 1/β in f64 is not always the same number
/// - `ln_acc`: [`ln_acc`] + [`weight_change`]
pub fn decide(
    system: &System,
    rng: &Rng,
    replica: u32,
    attempt: u64,
    kt: f64,
    proposal: &Proposal,
    ln_acc: f64,
) -> Edit {
    if !accept(proposal.uniform, ln_acc) {
        return Edit::None;
    }
    match proposal.trial {
        Trial::Insert { species, position } => {
            Edit::Insert { species, position, velocity: thermal_velocity(system, rng, replica, attempt, kt, species) }
        }
        Trial::Delete { slot } => Edit::Delete { slot },
        Trial::Displace { .. } | Trial::None => Edit::None,
    }
}

/// Maxwell–Boltzmann velocity of an atom inserted in attempt number `attempt`. [length/time]
pub fn thermal_velocity(system: &System, rng: &Rng, replica: u32, attempt: u64, kt: f64, species: u8) -> DVec3 {
    if planted(Fault::ZeroVelocity) {
        return DVec3::ZERO;
    }
    let thermal = (kt / system.species[usize::from(species)].mass).sqrt();
    thermal * rng.gaussians(Stream::InsertVelocity, attempt, replica, 0)
}
