//! insert_delete: exchange of single atoms with the reservoirs.
//!
//! The rules stand in `thermo::acceptance`, the density of insertions in `system::insertion`. An attempt is made in
//! steps, so that a backend may find the energies in its own way: [`propose`], the energy of every [`Proposal::trial_at`],
//! [`weigh`], [`ln_acc`], [`decide`]. Twin: `propose`, `ln_acc` in `shaders/particle_moves.wgsl`.

use super::{Direction, Edit, MoveKind, Trial};
use crate::base::fault_injection::{Fault, planted};
use crate::base::rng::{Rng, Stream, index_below, uniform};
use crate::system::System;
use crate::system::configuration::Configuration;
use crate::system::insertion::{MAX_TRIALS, Places};
use crate::thermo::acceptance::{StateRef, accept, choose_trial, delete_ln_acc, insert_ln_acc, trials_ln_volume};
use glam::DVec3;

/// Attempt before its energy is known.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Proposal {
    /// What is tried.
    pub kind: MoveKind,
    /// Index of the reservoir species.
    pub reservoir: usize,
    /// The change; [`Trial::None`] when the attempt is impossible (full, or nothing to delete). Of an insertion with
    /// several trial positions the first, until [`weigh`] has chosen.
    pub trial: Trial,
    /// −ln p(r) of the position, or what stands for it after [`weigh`] \[ln length³\]
    pub ln_volume: f64,
    /// Atoms of the species before the move.
    pub n_total: usize,
    /// Those of them inside the region.
    pub n_inside: usize,
    /// The uniform number that decides.
    pub uniform: f64,
    /// The uniform number that chooses among several trial positions.
    pub choice: f64,
}

impl Proposal {
    /// Number of trial positions whose energies are wanted; 0 when the attempt is impossible.
    #[inline(always)]
    pub fn n_trials(&self, places: &Places) -> usize {
        if self.trial == Trial::None { 0 } else { places.trials() }
    }

    /// Trial number `j` < k of attempt number `attempt`, whose ΔE is wanted: of an insertion, a new atom; of a deletion,
    /// first the victim, then the victim moved to a fresh position.
    ///
    /// Arguments as for [`propose`].
    #[inline(always)]
    pub fn trial_at(&self, system: &System, rng: &Rng, replica: u32, attempt: u64, places: &Places, j: usize) -> Trial {
        if j == 0 {
            return self.trial;
        }
        let position = fresh_position(system, rng, replica, attempt, places, self.reservoir, j);
        match self.trial {
            Trial::Insert { species, .. } => Trial::Insert { species, position },
            Trial::Delete { slot } => Trial::Displace { slot, position },
            Trial::None | Trial::Displace { .. } | Trial::Identity { .. } => Trial::None,
        }
    }
}

/// Atoms that a proposal chooses from. A backend may know their numbers without counting them.
pub trait Candidates {
    /// Atoms of a reservoir species, and those of them inside its region.
    fn count(&self, reservoir: usize) -> (usize, usize);

    /// Slot of the atom number `rank`, in the order of slots, among the `n_inside` atoms inside the region.
    fn slot(&self, reservoir: usize, n_inside: usize, rank: usize) -> Option<usize>;

    /// Position of the atom in a slot. \[length\]
    fn position(&self, slot: usize) -> DVec3;
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

    fn position(&self, slot: usize) -> DVec3 {
        self.x.positions[slot]
    }
}

/// Proposes attempt number `attempt` of replica `replica`.
///
/// Insert and delete with equal probability, every reservoir species with equal probability; the position by the density
/// of `places`; the victim uniform over the atoms of the species inside the region.
pub fn propose(system: &System, rng: &Rng, replica: u32, attempt: u64, places: &Places, x: &Configuration) -> Proposal {
    propose_among(system, rng, replica, attempt, places, &Counted { system, x })
}

/// As [`propose`], for atoms that are counted by the caller.
#[inline(always)]
pub fn propose_among(
    system: &System,
    rng: &Rng,
    replica: u32,
    attempt: u64,
    places: &Places,
    atoms: &impl Candidates,
) -> Proposal {
    let [kind, victim, uniform, choice] = rng.uniforms(Stream::ParticleMove, attempt, replica, 0);
    let which = index_below(kind, 2 * system.reservoirs.len());
    let reservoir = which / 2;
    let direction = if which.is_multiple_of(2) { Direction::Insert } else { Direction::Delete };
    let r = &system.reservoirs[reservoir];
    let (n_total, n_inside) = atoms.count(reservoir);
    let (trial, ln_volume) = match direction {
        Direction::Insert if n_total >= usize::from(r.max_atoms) => (Trial::None, 0.0),
        Direction::Insert => {
            let position = fresh_position(system, rng, replica, attempt, places, reservoir, 0);
            // What is drawn about a host may lie outside the region, and cannot be deleted there.
            match system.bonds.is_none() || r.contains(position) {
                true => {
                    (Trial::Insert { species: r.species, position }, ln_volume(system, places, reservoir, position))
                }
                false => (Trial::None, 0.0),
            }
        }
        Direction::Delete if n_inside == 0 => (Trial::None, 0.0),
        Direction::Delete => {
            let rank = index_below(victim, n_inside);
            let slot = atoms.slot(reservoir, n_inside, rank);
            slot.map_or((Trial::None, 0.0), |slot| {
                (Trial::Delete { slot }, ln_volume(system, places, reservoir, atoms.position(slot)))
            })
        }
    };
    Proposal {
        kind: MoveKind::InsertDelete(direction),
        reservoir,
        trial,
        ln_volume,
        n_total,
        n_inside: if planted(Fault::NForNIn) { n_total } else { n_inside },
        uniform,
        choice,
    }
}

/// Position number `j` that an attempt draws. \[length\]
#[inline(always)]
fn fresh_position(
    system: &System,
    rng: &Rng,
    replica: u32,
    attempt: u64,
    places: &Places,
    reservoir: usize,
    j: usize,
) -> DVec3 {
    let words = rng.block(Stream::InsertPosition, attempt, replica, j as u32);
    if let Some(position) = places.density(reservoir).and_then(|density| density.draw(words)) {
        return position;
    }
    let ([a, b, c, _], r) = (words.map(uniform), &system.reservoirs[reservoir]);
    let (lx, ly) = (system.cell.lengths.x, system.cell.lengths.y);
    DVec3::new(a * lx, b * ly, r.z_lo + c * (r.z_hi - r.z_lo))
}

/// −ln p(r) of a species: ln V_in where insertions are uniform. \[ln length³\]
#[inline(always)]
fn ln_volume(system: &System, places: &Places, reservoir: usize, position: DVec3) -> f64 {
    let uniform = system.reservoirs[reservoir].volume.ln();
    match places.density(reservoir) {
        Some(density) if !planted(Fault::PLeftOut) => uniform - density.relative(position).ln(),
        _ => uniform,
    }
}

/// Weighs the trial positions of a proposal, and chooses the one that is inserted; [`ln_acc`] takes them in then.
///
/// - `delta_u`: ΔE of every [`Proposal::trial_at`] \[energy\]
/// - returns: ΔE of the proposal \[energy\]
#[expect(clippy::too_many_arguments, reason = "an attempt is addressed by replica and number")]
#[inline(always)]
pub fn weigh(
    system: &System,
    rng: &Rng,
    replica: u32,
    attempt: u64,
    places: &Places,
    beta: f64,
    proposal: &mut Proposal,
    delta_u: &[f64],
) -> f64 {
    let first = delta_u.first().copied().unwrap_or(0.0);
    if delta_u.len() < 2 {
        return first;
    }
    // Energies without the atom in question: moving the victim costs the energy at the new place less its own.
    let is_insertion = proposal.kind == MoveKind::INSERT;
    let (mut ln_w, mut ln_volumes) = ([0.0; MAX_TRIALS], [proposal.ln_volume; MAX_TRIALS]);
    for (j, delta_u) in delta_u.iter().enumerate() {
        let u = match (is_insertion, j) {
            (true, _) => *delta_u,
            (false, 0) => -first,
            (false, _) => delta_u - first,
        };
        if j > 0 {
            let position = fresh_position(system, rng, replica, attempt, places, proposal.reservoir, j);
            ln_volumes[j] = ln_volume(system, places, proposal.reservoir, position);
        }
        ln_w[j] = ln_volumes[j] - beta * u;
    }
    let ln_w = &ln_w[..delta_u.len()];
    let chosen = if is_insertion { choose_trial(ln_w, proposal.choice) } else { 0 };
    proposal.trial = proposal.trial_at(system, rng, replica, attempt, places, chosen);
    let weighed = if planted(Fault::VictimLeftOut) && !is_insertion { &ln_w[1..] } else { ln_w };
    proposal.ln_volume = trials_ln_volume(weighed, ln_w[chosen], ln_volumes[chosen]);
    delta_u[chosen]
}

/// ln of the acceptance probability of a proposal whose energy change is `delta_u`, without the weights of a window: what is
/// tallied, and what says Π(N) of the state without them; −∞ when it is impossible.
pub fn ln_acc(state: StateRef, proposal: &Proposal, delta_u: f64) -> f64 {
    let (ln_volume, ln_z) = (proposal.ln_volume, state.ln_z[proposal.reservoir]);
    match proposal.trial {
        Trial::Insert { .. } => insert_ln_acc(ln_z, ln_volume, proposal.n_inside, state.beta * delta_u),
        Trial::Delete { .. } => delete_ln_acc(ln_z, ln_volume, proposal.n_inside, state.beta * delta_u),
        Trial::None | Trial::Displace { .. } | Trial::Identity { .. } => f64::NEG_INFINITY,
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
        Trial::None | Trial::Displace { .. } | Trial::Identity { .. } => 0.0,
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
        Trial::Displace { .. } | Trial::Identity { .. } | Trial::None => Edit::None,
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
