//! Where the accepted moves of a replica stand in the log of its chunk: a word that counts them, then a word each.

use super::chunk::Chunk;
use super::layout::LOG_ATTEMPTS;
use crate::backend::Ensemble;
use crate::base::ids::{ReplicaId, StateId};
use std::ops::Range;
use std::sync::Arc;

/// How the log is divided. What the host reads back in every cycle is all of it.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum LogPlaces {
    /// So many words a replica, one after the other.
    Even(u32),
    /// `[n_states + 1]`: first word of every state among those of a walker, which holds every state once; and how many these are.
    ByStates(Arc<[u32]>),
}

impl Default for LogPlaces {
    /// Room for the counters.
    fn default() -> LogPlaces {
        LogPlaces::Even(1)
    }
}

impl LogPlaces {
    /// Those with room for the moves of a cycle, in fewer words.
    ///
    /// - `chunks`: replicas of every chunk, and walkers that they belong to
    /// - `moves`, `identity`: attempts of the cycle
    pub(super) fn new(
        ensemble: &Ensemble,
        chunks: impl Iterator<Item = (usize, usize)>,
        moves: u32,
        identity: u32,
    ) -> LogPlaces {
        let words = |moves: u32| moves.saturating_add(identity).min(LOG_ATTEMPTS) + 1;
        let even = LogPlaces::Even(words(moves));
        if ensemble.attempts.is_empty() {
            return even;
        }
        let mut starts = vec![0];
        for &most in &*ensemble.attempts {
            starts.push(starts[starts.len() - 1] + words(most.min(moves)));
        }
        let by_states = LogPlaces::ByStates(Arc::from(starts));
        let [all_even, all_by_states] = chunks.fold([0, 0], |[a, b], (count, walkers)| {
            [a + even.words(count, walkers), b + by_states.words(count, walkers)]
        });
        if all_by_states < all_even { by_states } else { even }
    }

    /// Whether there is room for what another one has room for.
    pub(super) fn holds(&self, other: &LogPlaces) -> bool {
        match (self, other) {
            (LogPlaces::Even(here), LogPlaces::Even(there)) => here >= there,
            _ => self == other,
        }
    }

    /// Words of some replicas.
    ///
    /// - `walkers`: that they belong to
    pub(super) fn words(&self, count: usize, walkers: usize) -> u64 {
        match self {
            LogPlaces::Even(words) => u64::from(*words) * count as u64,
            LogPlaces::ByStates(starts) => u64::from(starts[starts.len() - 1]) * walkers as u64,
        }
    }

    /// Words of the log of a chunk.
    pub(super) fn words_of(&self, chunk: &Chunk) -> u64 {
        self.words(chunk.count, chunk.walkers.len())
    }

    /// Words of a replica, 0 where they stand by states, and of a walker.
    pub(super) fn strides(&self) -> [u32; 2] {
        match self {
            LogPlaces::Even(words) => [*words, 0],
            LogPlaces::ByStates(starts) => [0, starts[starts.len() - 1]],
        }
    }

    /// First word of a state among those of its walker.
    pub(super) fn start_of(&self, state: usize) -> u32 {
        match self {
            LogPlaces::Even(_) => 0,
            LogPlaces::ByStates(starts) => starts[state],
        }
    }

    /// The words of a replica in the log of its chunk.
    ///
    /// - `index`: of the replica in the chunk
    /// - `walker`: its walker among those of the chunk
    /// - `state`: that it held
    fn of(&self, index: usize, walker: usize, state: StateId) -> Range<usize> {
        match self {
            LogPlaces::Even(words) => index * *words as usize..(index + 1) * *words as usize,
            LogPlaces::ByStates(starts) => {
                let row = walker * starts[starts.len() - 1] as usize;
                row + starts[state.index()] as usize..row + starts[state.index() + 1] as usize
            }
        }
    }
}

/// The logs of a cycle: where they stand, and which replica held which state.
#[derive(Debug, Clone)]
pub(super) struct LogIndex {
    places: LogPlaces,
    /// Replicas of every chunk of the backend, and the first of the walkers that they belong to.
    chunks: Vec<(Range<usize>, usize)>,
    first_replica: ReplicaId,
    n_states: usize,
    /// `[n_replicas]`
    assignment: Vec<StateId>,
}

impl LogIndex {
    /// That of the cycle of an ensemble.
    pub(super) fn new(places: &LogPlaces, chunks: &[Chunk], ensemble: &Ensemble) -> LogIndex {
        LogIndex {
            places: places.clone(),
            chunks: chunks.iter().map(|c| (c.first..c.first + c.count, c.walkers.start)).collect(),
            first_replica: ensemble.first_replica,
            n_states: ensemble.states.len().max(1),
            assignment: ensemble.assignment.clone(),
        }
    }

    /// How many replicas there are.
    pub(super) fn n_replicas(&self) -> usize {
        self.assignment.len()
    }

    /// The chunk of a replica, and its words in the log of that.
    pub(super) fn find(&self, replica: usize) -> Option<(usize, Range<usize>)> {
        let (index, (replicas, first_walker)) =
            self.chunks.iter().enumerate().find(|(_, (replicas, _))| replicas.contains(&replica))?;
        let walker = (self.first_replica.index() + replica) / self.n_states - first_walker;
        Some((index, self.places.of(replica - replicas.start, walker, self.assignment[replica])))
    }
}
