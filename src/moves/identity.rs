//! identity: an atom of one reservoir species becomes one of another, in its place.
//!
//! The rule stands in `thermo::acceptance`. Twin: `identity_changes` in `shaders/identity.wgsl`.
//!
//! An atom can change where both species come and go. N of either species in the rule counts the atoms inside both
//! regions: those are the ones that the move and its reverse choose from.

use super::{Edit, Trial};
use crate::base::rng::{Rng, Stream, index_below};
use crate::system::System;
use crate::system::configuration::Configuration;
use crate::thermo::acceptance::{StateRef, accept, identity_ln_acc};

/// Attempt before its energy is known.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct IdentityProposal {
    /// Index of the reservoir species that the atom belongs to.
    pub from: usize,
    /// Index of the one that it is to belong to.
    pub to: usize,
    /// The change; [`Trial::None`] when the attempt is impossible (no atom to change, or full).
    pub trial: Trial,
    /// Atoms of the first species before the move.
    pub n_total: usize,
    /// Atoms of the other species before the move.
    pub n_total_to: usize,
    /// Atoms of the first species inside both regions.
    pub n_from: usize,
    /// Atoms of the other species inside both regions.
    pub n_to: usize,
    /// The uniform number that decides.
    pub uniform: f64,
}

/// Atoms that a proposal chooses from. A backend may know their numbers without counting them.
pub trait Changeable {
    /// Atoms of a reservoir species.
    fn total(&self, reservoir: usize) -> usize;

    /// Those of them inside its region and that of another reservoir species.
    fn inside_both(&self, reservoir: usize, other: usize) -> usize;

    /// Slot of the atom number `rank` among them, in the order of slots.
    fn slot(&self, reservoir: usize, other: usize, rank: usize) -> Option<usize>;
}

/// The atoms of a configuration, counted one by one.
struct Counted<'a> {
    system: &'a System,
    x: &'a Configuration,
}

impl Counted<'_> {
    fn slots(&self, reservoir: usize, other: usize) -> impl Iterator<Item = usize> {
        let (system, x) = (self.system, self.x);
        let species = system.reservoirs[reservoir].species;
        (0..x.len()).filter(move |&i| x.species[i] == species && system.both_contain(reservoir, other, x.positions[i]))
    }
}

impl Changeable for Counted<'_> {
    fn total(&self, reservoir: usize) -> usize {
        let species = self.system.reservoirs[reservoir].species;
        self.x.species.iter().filter(|&&s| s == species).count()
    }

    fn inside_both(&self, reservoir: usize, other: usize) -> usize {
        self.slots(reservoir, other).count()
    }

    fn slot(&self, reservoir: usize, other: usize, rank: usize) -> Option<usize> {
        self.slots(reservoir, other).nth(rank)
    }
}

/// Proposes attempt number `attempt` of replica `replica`.
///
/// Every ordered pair of reservoir species with equal probability; the atom uniform over those of the first species
/// inside both regions. There must be two reservoir species at least.
pub fn propose(system: &System, rng: &Rng, replica: u32, attempt: u64, x: &Configuration) -> IdentityProposal {
    propose_among(system, rng, replica, attempt, &Counted { system, x })
}

/// As [`propose`], for atoms that are counted by the caller.
#[inline(always)]
pub fn propose_among(
    system: &System,
    rng: &Rng,
    replica: u32,
    attempt: u64,
    atoms: &impl Changeable,
) -> IdentityProposal {
    let [pair, victim, uniform, _] = rng.uniforms(Stream::Identity, attempt, replica, 0);
    let others = system.reservoirs.len() - 1;
    let choice = index_below(pair, (others + 1) * others);
    let (from, other) = (choice / others, choice % others);
    let to = other + usize::from(other >= from);
    let (n_from, n_to) = (atoms.inside_both(from, to), atoms.inside_both(to, from));
    let new = &system.reservoirs[to];
    let trial = if n_from == 0 || atoms.total(to) >= usize::from(new.max_atoms) {
        Trial::None
    } else {
        let slot = atoms.slot(from, to, index_below(victim, n_from));
        slot.map_or(Trial::None, |slot| Trial::Identity { slot, species: new.species })
    };
    IdentityProposal { from, to, trial, n_total: atoms.total(from), n_total_to: atoms.total(to), n_from, n_to, uniform }
}

/// What the window of a state adds to the [`ln_acc`] of a proposal before it is decided: η(after) − η(before) of the species
/// that it bounds, −∞ where N would leave the window; 0 without a window.
#[inline(always)]
pub fn weight_change(state: StateRef, proposal: &IdentityProposal) -> f64 {
    if proposal.trial == Trial::None {
        return 0.0;
    }
    let (from, to) = (proposal.n_total as u16, proposal.n_total_to as u16);
    state.weight_change(proposal.from, from, from - 1) + state.weight_change(proposal.to, to, to + 1)
}

/// ln of the acceptance probability of a proposal whose energy change is `delta_u`, without the weights of a window; −∞
/// when it is impossible.
pub fn ln_acc(state: StateRef, proposal: &IdentityProposal, delta_u: f64) -> f64 {
    if proposal.trial == Trial::None {
        return f64::NEG_INFINITY;
    }
    let ln_z = |reservoir: usize| state.ln_z[reservoir];
    let IdentityProposal { from, to, n_from, n_to, .. } = *proposal;
    identity_ln_acc(ln_z(from), ln_z(to), n_from, n_to, state.beta * delta_u)
}

/// Decides a proposal by its [`ln_acc`] + [`weight_change`]: the edit to apply, [`Edit::None`] when it is rejected.
pub fn decide(system: &System, proposal: &IdentityProposal, ln_acc: f64) -> Edit {
    match proposal.trial {
        Trial::Identity { slot, species } if accept(proposal.uniform, ln_acc) => {
            let velocity_scale = velocity_scale(system, system.reservoirs[proposal.from].species, species);
            Edit::Identity { slot, species, velocity_scale }
        }
        _ => Edit::None,
    }
}

/// Factor on the velocity of an atom that changes its species, √(m_old/m_new); exactly 1 between equal masses.
///
/// It keeps the kinetic energy: a Maxwell–Boltzmann velocity of the old mass becomes one of the new mass at the same
/// temperature, and its Jacobian is the ratio of the thermal wavelengths that activities already hold. Against drawing a
/// new velocity it costs no random number, leaves the direction alone, and changes nothing between equal masses.
pub fn velocity_scale(system: &System, old: u8, new: u8) -> f64 {
    let mass = |species: u8| system.species[usize::from(species)].mass;
    if mass(old).to_bits() == mass(new).to_bits() { 1.0 } else { (mass(old) / mass(new)).sqrt() }
}
