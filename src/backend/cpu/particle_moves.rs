//! particle_moves: insertions, deletions and displacements of one replica.
//! Twin: `src/backend/reference/particle_moves.rs`, with the proposals of `src/moves.rs`

use super::Model;
use super::pair::row_energy;
use super::replica::Replica;
use crate::base::rng::{Stream, index_below};
use crate::moves::tally::MoveRecorder;
use crate::moves::{Proposal, Trial, ln_acc, thermal_velocity};
use crate::potential::{OVERLAP_ENERGY, PairForm, Pairs};
use crate::thermo::acceptance::accept;
use glam::DVec3;
use pulp::Simd;

/// No slot: every atom counts.
pub(super) const NOBODY: usize = usize::MAX;

/// Insertion and deletion attempts of one replica, from attempt number `first`.
pub(super) fn insert_delete(
    model: &Model,
    replica: &mut Replica,
    first: u64,
    attempts: u32,
    book: &mut MoveRecorder<'_>,
) {
    for attempt in first..first + u64::from(attempts) {
        let proposal = propose(model, replica, attempt);
        let delta_u = trial_energy(model, replica, &proposal.trial);
        let ln_acc = ln_acc(&model.system, replica.state.as_ref(), &proposal, delta_u);
        let accepted = accept(proposal.uniform, ln_acc);
        let slot = match proposal.trial {
            Trial::Delete { slot } => slot,
            Trial::Insert { .. } | Trial::Displace { .. } | Trial::None => replica.n,
        };
        book.book(&proposal, ln_acc, accepted.then_some(slot));
        if !accepted {
            continue;
        }
        match proposal.trial {
            Trial::Insert { species, position } => {
                let velocity =
                    thermal_velocity(&model.system, &model.rng, replica.id, attempt, replica.state.kt, species);
                replica.insert(&model.system, &model.geometry, species, position, velocity);
            }
            Trial::Delete { slot } => replica.delete(&model.system, &model.geometry, slot),
            Trial::Displace { .. } | Trial::None => {}
        }
        replica.book_energy(delta_u);
    }
}

/// The proposal of `moves::propose`, from counts that are kept instead of counted where the region is the whole cell.
pub(super) fn propose(model: &Model, replica: &Replica, attempt: u64) -> Proposal {
    let system = &*model.system;
    let [kind, victim, uniform, _] = model.rng.uniforms(Stream::ParticleMove, attempt, replica.id, 0);
    let choice = index_below(kind, 2 * system.reservoirs.len());
    let (reservoir, insert) = (choice / 2, choice.is_multiple_of(2));
    let r = &system.reservoirs[reservoir];
    let n_total = replica.species_counts[usize::from(r.species)];
    let is_candidate = |slot: usize| replica.species[slot] == r.species && r.contains(replica.position(slot));
    let everywhere = model.region_is_cell[reservoir];
    let n_inside = if everywhere { n_total } else { (0..replica.n).filter(|&slot| is_candidate(slot)).count() };
    let trial = if insert {
        if n_total >= usize::from(r.max_atoms) {
            Trial::None
        } else {
            let [a, b, c, _] = model.rng.uniforms(Stream::InsertPosition, attempt, replica.id, 0);
            let (lx, ly) = (system.cell.lengths.x, system.cell.lengths.y);
            let position = DVec3::new(a * lx, b * ly, r.z_lo + c * (r.z_hi - r.z_lo));
            Trial::Insert { species: r.species, position }
        }
    } else if n_inside == 0 {
        Trial::None
    } else {
        let rank = index_below(victim, n_inside);
        if n_inside == replica.n {
            Trial::Delete { slot: rank }
        } else {
            (0..replica.n)
                .filter(|&slot| is_candidate(slot))
                .nth(rank)
                .map_or(Trial::None, |slot| Trial::Delete { slot })
        }
    };
    Proposal { reservoir, insert, trial, n_total, n_inside, uniform }
}

/// Metropolis displacements of single atoms, uniform in a cube of half-width `displacement` [length].
pub(super) fn displace(model: &Model, replica: &mut Replica, displacement: f64, first: u64, attempts: u32) {
    let (beta, cell) = (1.0 / replica.state.kt, &model.system.cell);
    if replica.n == 0 {
        return;
    }
    for attempt in first..first + u64::from(attempts) {
        let [which, a, b, c] = model.rng.uniforms(Stream::Displacement, attempt, replica.id, 0);
        let slot = index_below(which, replica.n);
        let step = displacement * (2.0 * DVec3::new(a, b, c) - DVec3::ONE);
        let position = cell.wrap(replica.position(slot) + step);
        if !cell.contains(position) {
            continue;
        }
        let delta_u = trial_energy(model, replica, &Trial::Displace { slot, position });
        let [uniform, ..] = model.rng.uniforms(Stream::DisplacementAccept, attempt, replica.id, 0);
        if accept(uniform, -beta * delta_u) {
            replica.displace(&model.geometry, slot, position);
            replica.book_energy(delta_u);
        }
    }
}

/// ΔE of a trial: the sum over the pairs of the one atom. [energy]
pub(super) fn trial_energy(model: &Model, replica: &Replica, trial: &Trial) -> f64 {
    let energy = |species, position, except| {
        let [fixed, mobile] = model.atom_energy(replica, species, position, except);
        fixed + mobile
    };
    match *trial {
        Trial::None => 0.0,
        Trial::Insert { species, position } => {
            energy(species, position, NOBODY) + model.tail_change(replica, species, 1)
        }
        Trial::Delete { slot } => {
            let species = replica.species[slot];
            model.tail_change(replica, species, -1) - energy(species, replica.position(slot), slot)
        }
        Trial::Displace { slot, position } => {
            let species = replica.species[slot];
            let new = energy(species, position, slot);
            if new >= OVERLAP_ENERGY { new } else { new - energy(species, replica.position(slot), slot) }
        }
    }
}

/// Energy of one atom with fields and slab, and with all mobile atoms but the one in slot `except`;
/// [`OVERLAP_ENERGY`] and 0 as soon as it overlaps.
#[inline(always)]
pub(super) fn atom_energy<S: Simd, F: PairForm, const FORCE_SHIFTED: bool>(
    pairs: &Pairs<F>,
    model: &Model,
    replica: &Replica,
    species: u8,
    position: DVec3,
    except: usize,
) -> [f64; 2] {
    let (s, p) = (usize::from(species), model.geometry.grid(position));
    let mut sums = [0.0; 2];
    for field in &model.system.external[s] {
        sums[0] += field.energy_force(position).0;
    }
    let reach = model.frozen.chunks_within(position.z);
    // The slab first: that is where most trials overlap.
    let rows = [
        (&model.frozen.row[..reach], &model.frozen.strengths[s], NOBODY),
        (&replica.row[..replica.chunks()], &replica.strengths[s], except),
    ];
    for ((row, strengths, except), sum) in rows.into_iter().zip(&mut sums) {
        match row_energy::<S, F, FORCE_SHIFTED>(&model.geometry, pairs, row, strengths, p, except) {
            Some(energy) => *sum += energy,
            None => return [OVERLAP_ENERGY, 0.0],
        }
    }
    sums
}

impl Replica {
    /// Books the energy of an accepted change.
    pub(super) fn book_energy(&mut self, delta_u: f64) {
        // An empty replica has no energy: rounding errors of earlier atoms end here.
        self.energy = if self.n == 0 { 0.0 } else { self.energy + delta_u };
    }
}
