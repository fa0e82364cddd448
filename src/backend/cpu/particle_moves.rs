//! particle_moves: insertions, deletions, changes of identity and displacements of one replica.
//! Twin: `src/backend/reference/particle_moves.rs`; what is tried and decided stands in `src/moves/`.

use super::model::Model;
use super::pair::{Geometry, add_energy, add_row_energy};
use super::replica::Replica;
use crate::moves::identity::{self, Changeable};
use crate::moves::tally::MoveRecorder;
use crate::moves::{Candidates, Edit, Trial, decide, displace, ln_acc, propose_among, weigh, weight_change};
use crate::potential::{LANES, Lanes, OVERLAP_ENERGY, PairForm, Pairs};
use crate::system::insertion::{MAX_TRIALS, Places};
use glam::DVec3;
use pulp::Simd;

/// No slot: every atom counts.
pub(super) const NOBODY: usize = usize::MAX;

/// Insertion and deletion attempts of one replica, from attempt number `first`.
///
/// - `places`: where atoms are inserted in its state
pub(super) fn insert_delete(
    model: &Model,
    places: &Places<'_>,
    replica: &mut Replica,
    first: u64,
    attempts: u32,
    recorder: &mut MoveRecorder<'_>,
) {
    let (system, rng, id) = (&*model.system, &model.rng, replica.id);
    // No insertion or deletion moves an atom of the slab.
    let hosts = system.bonds.as_ref().map(|b| b.hosts(|slot| replica.position(slot)));
    let places = &places.about(hosts.as_ref());
    for attempt in first..first + u64::from(attempts) {
        let state = replica.state.as_ref();
        let mut proposal = propose_among(system, rng, id, attempt, places, &Kept { model, replica });
        let (mut energies, n_trials) = ([0.0; MAX_TRIALS], proposal.n_trials(places));
        for j in 0..n_trials {
            let trial = proposal.trial_at(system, rng, id, attempt, places, j);
            energies[j] = match trial {
                // the victim's own energy is known by then
                Trial::Displace { slot, position } => {
                    let removal = system.tail_change(&replica.species_counts, replica.species[slot], -1);
                    moved_energy(model, replica, slot, position, || removal - energies[0])
                }
                trial => trial_energy(model, replica, &trial),
            };
        }
        let energies = &energies[..n_trials];
        let delta_u = weigh(system, rng, id, attempt, places, state.beta, &mut proposal, energies);
        let ln_acc = ln_acc(state, &proposal, delta_u);
        let biased = ln_acc + weight_change(state, &proposal);
        let edit = decide(system, rng, id, attempt, replica.state.kt, &proposal, biased);
        recorder.record(&proposal, ln_acc, edit.slot(replica.n));
        replica.apply(system, &model.geometry, &edit, delta_u);
    }
}

/// Attempts at changes of identity of one replica, from attempt number `first`.
pub(super) fn identity_changes(
    model: &Model,
    replica: &mut Replica,
    first: u64,
    attempts: u32,
    recorder: &mut MoveRecorder<'_>,
) {
    let (system, rng, id) = (&*model.system, &model.rng, replica.id);
    for attempt in first..first + u64::from(attempts) {
        let proposal = identity::propose_among(system, rng, id, attempt, &Kept { model, replica });
        let delta_u = trial_energy(model, replica, &proposal.trial);
        let state = replica.state.as_ref();
        let ln_acc = identity::ln_acc(state, &proposal, delta_u);
        let edit = identity::decide(system, &proposal, ln_acc + identity::weight_change(state, &proposal));
        recorder.record_identity(&proposal, ln_acc, edit.slot(replica.n));
        replica.apply(system, &model.geometry, &edit, delta_u);
    }
}

/// The atoms of a replica, from counts that are kept instead of counted where the region is the whole cell.
struct Kept<'a> {
    model: &'a Model,
    replica: &'a Replica,
}

impl Kept<'_> {
    #[inline(always)]
    fn slots(&self, reservoir: usize) -> impl Iterator<Item = usize> {
        let (r, replica) = (&self.model.system.reservoirs[reservoir], self.replica);
        (0..replica.n).filter(move |&slot| replica.species[slot] == r.species && r.contains(replica.position(slot)))
    }
}

impl Candidates for Kept<'_> {
    #[inline(always)]
    fn count(&self, reservoir: usize) -> (usize, usize) {
        let n_total = self.replica.species_counts[usize::from(self.model.system.reservoirs[reservoir].species)];
        let everywhere = self.model.region_is_cell[reservoir];
        (n_total, if everywhere { n_total } else { self.slots(reservoir).count() })
    }

    #[inline(always)]
    fn slot(&self, reservoir: usize, n_inside: usize, rank: usize) -> Option<usize> {
        if n_inside == self.replica.n { Some(rank) } else { self.slots(reservoir).nth(rank) }
    }

    #[inline(always)]
    fn position(&self, slot: usize) -> DVec3 {
        self.replica.position(slot)
    }
}

impl Kept<'_> {
    #[inline(always)]
    fn slots_in_both(&self, reservoir: usize, other: usize) -> impl Iterator<Item = usize> {
        let (system, replica) = (&*self.model.system, self.replica);
        let species = system.reservoirs[reservoir].species;
        let inside = move |slot| system.both_contain(reservoir, other, replica.position(slot));
        (0..replica.n).filter(move |&slot| replica.species[slot] == species && inside(slot))
    }
}

impl Changeable for Kept<'_> {
    #[inline(always)]
    fn total(&self, reservoir: usize) -> usize {
        self.replica.species_counts[usize::from(self.model.system.reservoirs[reservoir].species)]
    }

    #[inline(always)]
    fn inside_both(&self, reservoir: usize, other: usize) -> usize {
        let everywhere = self.model.region_is_cell[reservoir] && self.model.region_is_cell[other];
        if everywhere { self.total(reservoir) } else { self.slots_in_both(reservoir, other).count() }
    }

    #[inline(always)]
    fn slot(&self, reservoir: usize, other: usize, rank: usize) -> Option<usize> {
        self.slots_in_both(reservoir, other).nth(rank)
    }
}

/// Metropolis displacements of single atoms, uniform in a cube of half-width `displacement` [length].
pub(super) fn displace(model: &Model, replica: &mut Replica, displacement: f64, first: u64, attempts: u32) {
    let (system, rng, id) = (&*model.system, &model.rng, replica.id);
    let beta = 1.0 / replica.state.kt;
    if replica.n == 0 {
        return;
    }
    for attempt in first..first + u64::from(attempts) {
        let position_of = |slot: usize| replica.position(slot);
        let proposal = displace::propose(system, rng, id, attempt, displacement, replica.n, position_of);
        let Some((slot, position)) = proposal else { continue };
        let delta_u = trial_energy(model, replica, &Trial::Displace { slot, position });
        if displace::is_accepted(rng, id, attempt, beta, delta_u) {
            replica.apply(system, &model.geometry, &Edit::Displace { slot, position }, delta_u);
        }
    }
}

/// ΔE of a trial: the sum over the pairs of the one atom. [energy]
pub(super) fn trial_energy(model: &Model, replica: &Replica, trial: &Trial) -> f64 {
    let energy = |species, position, except| model.atom_energy(replica, species, position, except);
    let tail_change = |species, sign| model.system.tail_change(&replica.species_counts, species, sign);
    match *trial {
        Trial::None => 0.0,
        Trial::Insert { species, position } => energy(species, position, NOBODY) + tail_change(species, 1),
        Trial::Delete { slot } => {
            let species = replica.species[slot];
            tail_change(species, -1) - energy(species, replica.position(slot), slot)
        }
        Trial::Displace { slot, position } => {
            let own = || energy(replica.species[slot], replica.position(slot), slot);
            moved_energy(model, replica, slot, position, own)
        }
        Trial::Identity { slot, species } => {
            let (old, position) = (replica.species[slot], replica.position(slot));
            let new = energy(species, position, slot);
            let tail = || model.system.tail_change_of_identity(&replica.species_counts, old, species);
            if new >= OVERLAP_ENERGY { new } else { new - energy(old, position, slot) + tail() }
        }
    }
}

/// ΔE of moving the atom of a slot. [energy]
///
/// - `own`: its energy where it is, asked for where the new place is free
fn moved_energy(model: &Model, replica: &Replica, slot: usize, position: DVec3, own: impl FnOnce() -> f64) -> f64 {
    let new = model.atom_energy(replica, replica.species[slot], position, slot);
    if new >= OVERLAP_ENERGY { new } else { new - own() }
}

/// Energy of one atom with fields and slab and all mobile atoms but the one in slot `except`; [`OVERLAP_ENERGY`] as soon as it
/// overlaps.
#[inline(always)]
pub(super) fn atom_energy<S: Simd, F: PairForm, const FORCE_SHIFTED: bool, const OBLIQUE: bool>(
    pairs: &Pairs<F>,
    model: &Model,
    replica: &Replica,
    species: u8,
    position: DVec3,
    except: usize,
) -> f64 {
    let g = model.geometry;
    let p = g.grid_of::<OBLIQUE>(position);
    let mut lanes = Lanes::splat(0.0);
    // The slab first: that is where most trials overlap.
    if add_slab_energy::<S, F, FORCE_SHIFTED, OBLIQUE>(&g, pairs, model, species, p, &mut lanes)
        || add_mobile_energy::<S, F, FORCE_SHIFTED, OBLIQUE>(&g, pairs, replica, species, p, except, &mut lanes)
    {
        return OVERLAP_ENERGY;
    }
    let mut energy = lanes.sum();
    for field in &model.system.external[usize::from(species)] {
        energy += field.energy_force(position).0;
    }
    energy
}

/// Adds the energies of an atom at `p` with the slab, lane by lane; true as soon as it overlaps.
#[inline(always)]
pub(super) fn add_slab_energy<S: Simd, F: PairForm, const FORCE_SHIFTED: bool, const OBLIQUE: bool>(
    g: &Geometry,
    pairs: &Pairs<F>,
    model: &Model,
    species: u8,
    p: [i32; 3],
    energy: &mut Lanes,
) -> bool {
    let slab = &model.slab;
    let (near, p) = slab.near(p);
    for chunk in near {
        let (spot, c) = slab.chunk::<F>(usize::from(species), chunk);
        if add_energy::<S, F, FORCE_SHIFTED, OBLIQUE>(g, pairs, spot, c, p, LANES, energy) {
            return true;
        }
    }
    false
}

/// The same with all mobile atoms but the one in slot `except`.
#[inline(always)]
pub(super) fn add_mobile_energy<S: Simd, F: PairForm, const FORCE_SHIFTED: bool, const OBLIQUE: bool>(
    g: &Geometry,
    pairs: &Pairs<F>,
    replica: &Replica,
    species: u8,
    p: [i32; 3],
    except: usize,
    energy: &mut Lanes,
) -> bool {
    let (row, strengths) = (&replica.row[..replica.chunks()], &replica.strengths[usize::from(species)]);
    add_row_energy::<S, F, FORCE_SHIFTED, OBLIQUE>(g, pairs, row, strengths, p, except, energy)
}
