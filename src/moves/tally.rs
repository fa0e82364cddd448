//! What particle moves leave behind: tallies by (walker, state, N), and the log of accepted moves.

use crate::base::ids::StateId;
use crate::moves::{MoveTally, Proposal};
use crate::system::System;
use crate::thermo::acceptance::probability;
use serde::{Deserialize, Serialize};

/// Attempts in one direction from one N.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Direction {
    /// Tried, impossible ones included.
    pub attempts: u64,
    /// Accepted.
    pub accepted: u64,
    /// Σ min(1, acc) over all attempts, rejected ones too; an impossible one adds 0.
    pub probability: f64,
}

impl Direction {
    /// Adds the attempts of another period or walker.
    pub fn add(&mut self, other: &Direction) {
        self.attempts += other.attempts;
        self.accepted += other.accepted;
        self.probability += other.probability;
    }

    /// What came after an earlier tally of the same.
    pub fn since(&self, earlier: &Direction) -> Direction {
        Direction {
            attempts: self.attempts - earlier.attempts,
            accepted: self.accepted - earlier.accepted,
            probability: self.probability - earlier.probability,
        }
    }
}

/// Attempts to change N_s by one, from one N_s.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct TransitionTally {
    /// N → N + 1
    pub insert: Direction,
    /// N → N − 1
    pub delete: Direction,
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

    /// Nothing tried yet by `n_replicas` replicas of a system, `n_states` of them a walker.
    pub fn of_system(system: &System, n_states: usize, n_replicas: usize) -> Transitions {
        let walkers = n_replicas.div_ceil(n_states.max(1));
        Transitions::new(n_states, walkers, system.reservoirs.iter().map(|r| r.max_atoms))
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
                a.insert.add(&b.insert);
                a.delete.add(&b.delete);
            }
        }
        sum
    }

    /// What was tried, in the order (walker, state, reservoir, N).
    pub fn rows(&self) -> impl Iterator<Item = TallyRow> + '_ {
        let places = (0..self.walkers()).flat_map(move |walker| {
            (0..self.n_states).flat_map(move |state| (0..self.n_reservoirs()).map(move |r| (walker, state, r)))
        });
        places.flat_map(|(walker, state, r)| {
            let tallies = self.of(walker, state, r).iter().enumerate();
            let tried = tallies.filter(|(_, t)| t.insert.attempts + t.delete.attempts > 0);
            tried.map(move |(n, &tally)| TallyRow {
                walker: walker as u16,
                state: state as u32,
                reservoir: r as u16,
                n: n as u16,
                tally,
            })
        })
    }

    /// Attempts and acceptances of every state and reservoir species: `[n_states * n_reservoirs]`.
    pub fn moves(&self) -> Vec<MoveTally> {
        let mut moves = vec![MoveTally::default(); self.n_states * self.n_reservoirs()];
        for walker in 0..self.walkers() {
            for (k, sum) in moves.iter_mut().enumerate() {
                let (state, reservoir) = (k / self.n_reservoirs(), k % self.n_reservoirs());
                for t in self.of(walker, state, reservoir) {
                    sum.add(&MoveTally {
                        insert_attempts: t.insert.attempts,
                        insert_accepted: t.insert.accepted,
                        delete_attempts: t.delete.attempts,
                        delete_accepted: t.delete.accepted,
                    });
                }
            }
        }
        moves
    }

    /// Hands every replica the row of the state it holds: `[n_replicas]`.
    ///
    /// - `assignment`: `[n_replicas]`; within a walker every state is held at most once
    pub(crate) fn rows_of<'a>(&'a mut self, assignment: &[StateId]) -> Vec<&'a mut [TransitionTally]> {
        let (length, n_states) = (self.row_length().max(1), self.n_states);
        let mut rows: Vec<_> = self.tallies.chunks_mut(length).map(Some).collect();
        let row_of = |(replica, state): (usize, &StateId)| {
            let row = rows[replica / n_states * n_states + state.index()].take();
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

/// An accepted insertion or deletion.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct MoveEvent {
    /// Insertion, else deletion.
    pub insert: bool,
    /// Index of the reservoir species.
    pub reservoir: u8,
    /// The new atom's slot, or the slot whose atom disappeared; the last atom fills the hole.
    pub slot: u16,
}

/// Where one replica writes down its particle moves.
pub struct MoveRecorder<'a> {
    /// The row of its state; `None` while nothing is tallied.
    pub row: Option<&'a mut [TransitionTally]>,
    /// First tally of every reservoir species within the row.
    pub offsets: &'a [usize],
    /// Accepted moves in their order, added to.
    pub events: &'a mut Vec<MoveEvent>,
}

impl MoveRecorder<'_> {
    /// Writes down one attempt.
    ///
    /// - `ln_acc`: of the proposal
    /// - `accepted`: the slot that was filled or emptied
    pub fn book(&mut self, proposal: &Proposal, ln_acc: f64, accepted: Option<usize>) {
        if let Some(row) = &mut self.row {
            let tally = &mut row[self.offsets[proposal.reservoir] + proposal.n_total];
            let direction = if proposal.insert { &mut tally.insert } else { &mut tally.delete };
            direction.attempts += 1;
            direction.accepted += u64::from(accepted.is_some());
            direction.probability += probability(ln_acc);
        }
        if let Some(slot) = accepted {
            let event = MoveEvent { insert: proposal.insert, reservoir: proposal.reservoir as u8, slot: slot as u16 };
            self.events.push(event);
        }
    }
}

/// Accepted moves of every replica: those being made, and those of the cycle that was measured last.
#[derive(Debug, Clone, Default)]
pub(crate) struct MoveLog {
    making: Vec<Vec<MoveEvent>>,
    measured: Vec<Vec<MoveEvent>>,
}

impl MoveLog {
    /// An empty log of `n_replicas` replicas.
    pub(crate) fn new(n_replicas: usize) -> MoveLog {
        MoveLog { making: vec![Vec::new(); n_replicas], measured: vec![Vec::new(); n_replicas] }
    }

    /// Where the replicas write: `[n_replicas]`.
    pub(crate) fn making(&mut self) -> &mut [Vec<MoveEvent>] {
        &mut self.making
    }

    /// What was written becomes readable, and a new page begins.
    pub(crate) fn turn(&mut self) {
        std::mem::swap(&mut self.making, &mut self.measured);
        self.making.iter_mut().for_each(Vec::clear);
    }

    /// Shows every replica's accepted moves since the last but one turn.
    pub(crate) fn show(&self, see: &mut dyn FnMut(usize, &[MoveEvent])) {
        self.measured.iter().enumerate().for_each(|(replica, events)| see(replica, events));
    }
}
