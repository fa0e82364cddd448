//! What particle moves leave behind: tallies by (walker, state, kind, reservoir, N), and the log of accepted moves.

use super::identity::IdentityProposal;
use super::{MoveKind, ProbabilitySum, Proposal};
use crate::base::ids::{ReplicaId, StateId};
use crate::system::System;
use crate::thermo::acceptance::probability;
use serde::{Deserialize, Serialize};
use std::ops::Range;
use std::sync::Arc;

/// Attempts of one kind from one N.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct AttemptTally {
    /// Tried, impossible ones included.
    pub attempts: u64,
    /// Accepted.
    pub accepted: u64,
    /// Σ min(1, acc) over all attempts, rejected ones too; an impossible one adds 0.
    pub probability: ProbabilitySum,
}

impl AttemptTally {
    /// Adds the attempts of another period or walker.
    pub fn add(&mut self, other: &AttemptTally) {
        self.attempts += other.attempts;
        self.accepted += other.accepted;
        self.probability += other.probability;
    }

    /// What came after an earlier tally of the same.
    pub fn since(&self, earlier: &AttemptTally) -> AttemptTally {
        AttemptTally {
            attempts: self.attempts - earlier.attempts,
            accepted: self.accepted - earlier.accepted,
            probability: self.probability - earlier.probability,
        }
    }

    /// Accepted per attempt; NaN without attempts.
    pub fn acceptance(&self) -> f64 {
        self.accepted as f64 / self.attempts as f64
    }
}

/// Segments of dynamics of one state, accepted or rejected as a whole.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SegmentTally {
    /// Tried.
    pub segments: u64,
    /// Accepted.
    pub accepted: u64,
}

impl SegmentTally {
    /// Adds the segments of another walker or cycle.
    pub fn add(&mut self, other: &SegmentTally) {
        self.segments += other.segments;
        self.accepted += other.accepted;
    }

    /// Accepted per segment; NaN without any.
    pub fn acceptance(&self) -> f64 {
        self.accepted as f64 / self.segments as f64
    }
}

/// Attempts from one N_s, by the kind of move.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct TransitionTally([AttemptTally; MoveKind::TALLIED.len()]);

impl TransitionTally {
    /// A tally from its parts.
    ///
    /// - `of`: attempts of every kind of [`MoveKind::TALLIED`]
    pub fn from_kinds(of: impl FnMut(MoveKind) -> AttemptTally) -> TransitionTally {
        TransitionTally(MoveKind::TALLIED.map(of))
    }

    /// Attempts of one kind; none of a kind that is not tallied.
    pub fn of(&self, kind: MoveKind) -> AttemptTally {
        kind.tally_index().map_or_else(AttemptTally::default, |k| self.0[k])
    }

    /// Attempts of one kind, to be changed; `None` for a kind that is not tallied.
    pub fn of_mut(&mut self, kind: MoveKind) -> Option<&mut AttemptTally> {
        kind.tally_index().map(|k| &mut self.0[k])
    }

    /// Attempts of all kinds.
    pub fn attempts(&self) -> u64 {
        self.0.iter().map(|t| t.attempts).sum()
    }

    /// Accepted attempts of all kinds.
    pub fn accepted(&self) -> u64 {
        self.0.iter().map(|t| t.accepted).sum()
    }

    /// Adds the attempts of another period, walker or N.
    pub fn add(&mut self, other: &TransitionTally) {
        self.0.iter_mut().zip(&other.0).for_each(|(a, b)| a.add(b));
    }

    /// What came after an earlier tally of the same.
    pub fn since(&self, earlier: &TransitionTally) -> TransitionTally {
        TransitionTally(std::array::from_fn(|k| self.0[k].since(&earlier.0[k])))
    }
}

/// Walkers that a range of replicas belongs to, by their global indices.
pub fn walkers_of(n_states: usize, replicas: &Range<usize>) -> Range<usize> {
    let n_states = n_states.max(1);
    replicas.start / n_states..replicas.end.div_ceil(n_states)
}

/// Tallies of every (walker, state, reservoir species, N): the transition matrix as particle moves saw it.
///
/// N is the number of atoms of the species in the replica, inside the insertion region or not.
///
/// # Source
/// Errington, J. Chem. Phys. 118, 9915 (2003): acceptance probabilities are tallied, not decisions.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Transitions {
    n_states: usize,
    /// First tally of every reservoir species within the row of a state, and the length of a row.
    offsets: Vec<usize>,
    /// `[walker * n_states + state][offset(reservoir) + n]`
    tallies: Vec<TransitionTally>,
}

impl Transitions {
    /// Nothing tried yet.
    ///
    /// - `max_atoms`: `[n_reservoirs]`, N_max of every reservoir species
    pub fn new(n_states: usize, walkers: usize, max_atoms: impl IntoIterator<Item = u16>) -> Transitions {
        let mut offsets = vec![0];
        for max in max_atoms {
            offsets.push(offsets[offsets.len() - 1] + usize::from(max) + 1);
        }
        let row = offsets[offsets.len() - 1];
        Transitions { n_states, offsets, tallies: vec![TransitionTally::default(); row * n_states * walkers] }
    }

    /// Nothing tried yet by the replicas of a range of global indices, of the walkers that they belong to.
    pub fn of_replicas(system: &System, n_states: usize, replicas: &Range<usize>) -> Transitions {
        let max_atoms = system.reservoirs.iter().map(|r| r.max_atoms);
        Transitions::new(n_states, walkers_of(n_states, replicas).len(), max_atoms)
    }

    /// Those of some of its walkers.
    pub(crate) fn of_walkers(&self, walkers: Range<usize>) -> Transitions {
        let walker = self.row_length() * self.n_states;
        Transitions { tallies: self.tallies[walker * walkers.start..walker * walkers.end].to_vec(), ..self.empty() }
    }

    /// Without walkers, of the same grid and species.
    fn empty(&self) -> Transitions {
        Transitions { n_states: self.n_states, offsets: self.offsets.clone(), tallies: Vec::new() }
    }

    /// Nothing tried yet, of the same shape.
    pub(crate) fn cleared(&self) -> Transitions {
        Transitions { tallies: vec![TransitionTally::default(); self.tallies.len()], ..self.empty() }
    }

    /// Adds the walkers of another one after these.
    pub(crate) fn append(&mut self, other: Transitions) {
        if self.offsets.is_empty() {
            *self = other.empty();
        }
        self.tallies.extend(other.tallies);
    }

    /// Adds what was tried by other replicas of the same walkers.
    pub(crate) fn add(&mut self, other: &Transitions) {
        self.tallies.iter_mut().zip(&other.tallies).for_each(|(sum, more)| sum.add(more));
    }

    /// Whether another one is of the same grid and species.
    pub(crate) fn has_shape_of(&self, other: &Transitions) -> bool {
        self.n_states == other.n_states && self.offsets == other.offsets && self.tallies.len() == other.tallies.len()
    }

    /// Number of states.
    pub fn n_states(&self) -> usize {
        self.n_states
    }

    /// Number of reservoir species.
    pub fn n_reservoirs(&self) -> usize {
        self.offsets.len().saturating_sub(1)
    }

    /// Number of walkers.
    pub fn walkers(&self) -> usize {
        self.tallies.len().checked_div(self.row_length() * self.n_states).unwrap_or(0)
    }

    /// Tallies of one state in one walker.
    fn row_length(&self) -> usize {
        self.offsets.last().copied().unwrap_or(0)
    }

    /// Tallies of one reservoir species in one state of one walker: `[max_atoms + 1]`, by N.
    pub fn of(&self, walker: usize, state: usize, reservoir: usize) -> &[TransitionTally] {
        let row = (walker * self.n_states + state) * self.row_length();
        &self.tallies[row + self.offsets[reservoir]..row + self.offsets[reservoir + 1]]
    }

    /// Tallies of one reservoir species in one state, all walkers together: `[max_atoms + 1]`, by N.
    pub fn total(&self, state: usize, reservoir: usize) -> Vec<TransitionTally> {
        let mut sum = self.of(0, state, reservoir).to_vec();
        for walker in 1..self.walkers() {
            for (a, b) in sum.iter_mut().zip(self.of(walker, state, reservoir)) {
                a.add(b);
            }
        }
        sum
    }

    /// Adds the tallies of a part of the replicas.
    ///
    /// - `first`: the walker of these tallies that is the first of `part`
    pub(crate) fn add_walkers(&mut self, first: usize, part: &Transitions) {
        let own = &mut self.tallies[first * self.n_states * self.offsets.last().copied().unwrap_or(0)..];
        own.iter_mut().zip(&part.tallies).for_each(|(sum, tally)| sum.add(tally));
    }

    /// What was tried, in the order (walker, state, reservoir, N).
    pub fn rows(&self) -> impl Iterator<Item = TallyRow> + '_ {
        let places = (0..self.walkers()).flat_map(move |walker| {
            (0..self.n_states).flat_map(move |state| (0..self.n_reservoirs()).map(move |r| (walker, state, r)))
        });
        places.flat_map(|(walker, state, r)| {
            let tallies = self.of(walker, state, r).iter().enumerate();
            let tried = tallies.filter(|(_, t)| t.attempts() > 0);
            tried.map(move |(n, &tally)| TallyRow {
                walker: walker as u16,
                state: state as u32,
                reservoir: r as u16,
                n: n as u16,
                tally,
            })
        })
    }

    /// Tallies of every state and reservoir species over all walkers and N: `[n_states * n_reservoirs]`.
    pub fn moves(&self) -> Vec<TransitionTally> {
        let mut moves = vec![TransitionTally::default(); self.n_states * self.n_reservoirs()];
        for walker in 0..self.walkers() {
            for (k, sum) in moves.iter_mut().enumerate() {
                let (state, reservoir) = (k / self.n_reservoirs(), k % self.n_reservoirs());
                self.of(walker, state, reservoir).iter().for_each(|t| sum.add(t));
            }
        }
        moves
    }

    /// Hands every replica the row of the state it holds: `[n_replicas]`.
    ///
    /// - `first_replica`: global index of the first of them, whose walker is the first of these tallies
    /// - `assignment`: `[n_replicas]`; within a walker every state is held at most once
    pub(crate) fn rows_of<'a>(
        &'a mut self,
        first_replica: ReplicaId,
        assignment: &[StateId],
    ) -> Vec<&'a mut [TransitionTally]> {
        let (length, n_states) = (self.row_length().max(1), self.n_states);
        let mut rows: Vec<_> = self.tallies.chunks_mut(length).map(Some).collect();
        let before = first_replica.index() % n_states.max(1);
        let row_of = |(replica, state): (usize, &StateId)| {
            let row = rows[(before + replica) / n_states * n_states + state.index()].take();
            row.unwrap_or_else(|| panic!("two replicas of one walker hold state {}", state.0))
        };
        assignment.iter().enumerate().map(row_of).collect()
    }

    /// All tallies, `[walker * n_states + state][offset(reservoir) + n]`.
    pub(crate) fn tallies_mut(&mut self) -> &mut [TransitionTally] {
        &mut self.tallies
    }

    /// First tally of every reservoir species within the row of a state, and the length of a row.
    pub(crate) fn offsets(&self) -> &[usize] {
        &self.offsets
    }
}

/// The tally of one (walker, state, reservoir species, N).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TallyRow {
    /// Independent copy of the grid.
    pub walker: u16,
    /// State.
    pub state: u32,
    /// Index of the reservoir species.
    pub reservoir: u16,
    /// Atoms of the species before the attempt.
    pub n: u16,
    /// What was tried.
    pub tally: TransitionTally,
}

impl TallyRow {
    /// Where rows stand.
    pub fn key(&self) -> (u16, u32, u16, u16) {
        (self.walker, self.state, self.reservoir, self.n)
    }
}

/// Accepted move that changed what the slots of a replica hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MoveEvent {
    /// What was done.
    pub kind: MoveKind,
    /// Index of the reservoir species: that of the atom that came or went, or the one that an atom has changed to.
    pub reservoir: u8,
    /// The new atom's slot, the slot whose atom disappeared (the last atom fills the hole), or that of the changed atom.
    pub slot: u16,
}

/// Recorder of the particle moves of one replica.
pub struct MoveRecorder<'a> {
    /// Row of the state it holds; `None` while nothing is tallied.
    pub row: Option<&'a mut [TransitionTally]>,
    /// First tally of every reservoir species within the row.
    pub offsets: &'a [usize],
    /// Accepted moves in their order, added to.
    pub events: &'a mut Vec<MoveEvent>,
}

impl MoveRecorder<'_> {
    /// Records one attempt.
    ///
    /// - `ln_acc`: of the proposal
    /// - `accepted`: the slot that was filled or emptied
    pub fn record(&mut self, proposal: &Proposal, ln_acc: f64, accepted: Option<usize>) {
        let place = (proposal.kind, proposal.reservoir, proposal.n_total);
        self.enter(place, ln_acc, accepted.map(|slot| (proposal.reservoir, slot)));
    }

    /// Records one attempt at a change of identity.
    ///
    /// - `ln_acc`: of the proposal
    /// - `accepted`: the slot of the atom that was changed
    pub fn record_identity(&mut self, proposal: &IdentityProposal, ln_acc: f64, accepted: Option<usize>) {
        let place = (MoveKind::Identity, proposal.from, proposal.n_total);
        self.enter(place, ln_acc, accepted.map(|slot| (proposal.to, slot)));
    }

    /// Adds an attempt to the tally of its kind, reservoir species and N, and to the log if it was accepted.
    ///
    /// - `accepted`: reservoir species and slot of the event
    fn enter(&mut self, (kind, reservoir, n): (MoveKind, usize, usize), ln_acc: f64, accepted: Option<(usize, usize)>) {
        if let Some(row) = &mut self.row {
            let tally = &mut row[self.offsets[reservoir] + n];
            if let Some(tally) = tally.of_mut(kind) {
                tally.attempts += 1;
                tally.accepted += u64::from(accepted.is_some());
                tally.probability += probability(ln_acc).into();
            }
        }
        if let Some((reservoir, slot)) = accepted {
            self.events.push(MoveEvent { kind, reservoir: reservoir as u8, slot: slot as u16 });
        }
    }
}

/// Accepted moves of every replica in one cycle: `[n_replicas]`.
pub(crate) type EventPage = Vec<Vec<MoveEvent>>;

/// Log of accepted moves: a page that is written, and the one before, which somebody may still read.
#[derive(Debug, Default)]
pub(crate) struct MoveLog {
    written: EventPage,
    read: Arc<EventPage>,
}

impl MoveLog {
    /// An empty log of `n_replicas` replicas.
    pub(crate) fn new(n_replicas: usize) -> MoveLog {
        MoveLog { written: vec![Vec::new(); n_replicas], read: Arc::default() }
    }

    /// Where the replicas write: `[n_replicas]`.
    pub(crate) fn page(&mut self) -> &mut [Vec<MoveEvent>] {
        &mut self.written
    }

    /// Hands out what was written and begins an empty page: on the memory of the page before, if nobody reads it any
    /// more, so that nothing is allocated in a run.
    pub(crate) fn swap_pages(&mut self) -> Arc<EventPage> {
        let mut empty = Arc::try_unwrap(std::mem::take(&mut self.read)).unwrap_or_default();
        empty.resize_with(self.written.len(), Vec::new);
        empty.iter_mut().for_each(Vec::clear);
        self.read = Arc::new(std::mem::replace(&mut self.written, empty));
        Arc::clone(&self.read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_that_is_read_is_not_written_again() {
        let event = |slot| MoveEvent { kind: MoveKind::INSERT, reservoir: 0, slot };
        let mut log = MoveLog::new(2);
        log.page()[1].push(event(3));
        let first = log.swap_pages();
        log.page()[0].push(event(4));
        let second = log.swap_pages();
        assert_eq!(*first, [vec![], vec![event(3)]]);
        assert_eq!(*second, [vec![event(4)], vec![]]);
        assert!(log.page().iter().all(Vec::is_empty) && log.page().len() == 2);
    }

    /// In checkpoints: insertions, deletions, identity changes, without a length in between.
    #[test]
    fn a_tally_is_stored_kind_after_kind() {
        let tally = TransitionTally::from_kinds(|kind| match kind {
            MoveKind::INSERT => AttemptTally { attempts: 300, accepted: 2, probability: 0.5.into() },
            MoveKind::DELETE => AttemptTally { attempts: 4, accepted: 1, probability: 0.25.into() },
            _ => AttemptTally { attempts: 9, accepted: 3, probability: 3.5.into() },
        });
        let bytes = postcard::to_stdvec(&tally).expect("plain data");
        let sum = ProbabilitySum::from;
        let plain = ((300_u64, 2_u64, sum(0.5)), (4_u64, 1_u64, sum(0.25)), (9_u64, 3_u64, sum(3.5)));
        assert_eq!(bytes, postcard::to_stdvec(&plain).expect("plain data"));
    }

    #[test]
    fn a_slice_hands_out_the_rows_of_its_own_walkers() {
        // three states; replicas 2..5 are the last of walker 0 and two of walker 1
        let mut slice = Transitions::new(3, walkers_of(3, &(2..5)).len(), [1]);
        let assignment = [StateId(1), StateId(2), StateId(0)];
        for (k, row) in slice.rows_of(ReplicaId(2), &assignment).into_iter().enumerate() {
            row[0].of_mut(MoveKind::INSERT).expect("it is tallied").attempts = k as u64 + 1;
        }
        let tried: Vec<_> = slice.rows().map(|r| (r.walker, r.state, r.tally.attempts())).collect();
        assert_eq!(tried, [(0, 1, 1), (1, 0, 3), (1, 2, 2)]);
    }
}
