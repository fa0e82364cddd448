//! Which replica holds which state.

use crate::base::ids::{ReplicaId, StateId};
use serde::{Deserialize, Serialize};

/// Assignment of states to replicas, in every walker.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Assignment {
    n_states: usize,
    state_of: Vec<StateId>,
    replica_of: Vec<ReplicaId>,
}

impl Assignment {
    /// Replica `walker * n_states + k` holds state k.
    pub fn identity(n_states: usize, walkers: usize) -> Assignment {
        let n = n_states * walkers;
        Assignment {
            n_states,
            state_of: (0..n).map(|r| StateId((r % n_states) as u32)).collect(),
            replica_of: (0..n).map(|r| ReplicaId(r as u32)).collect(),
        }
    }

    /// The assignment in which replica r holds `states[r]`; `None` unless every walker then holds every state once.
    pub fn from_states(n_states: usize, states: &[StateId]) -> Option<Assignment> {
        if n_states == 0 || !states.len().is_multiple_of(n_states) {
            return None;
        }
        let mut replica_of = vec![None; states.len()];
        for (r, state) in states.iter().enumerate() {
            let place = replica_of.get_mut(r / n_states * n_states..)?.get_mut(..n_states)?.get_mut(state.index())?;
            if place.replace(ReplicaId(r as u32)).is_some() {
                return None;
            }
        }
        Some(Assignment {
            n_states,
            state_of: states.to_vec(),
            replica_of: replica_of.into_iter().collect::<Option<_>>()?,
        })
    }

    /// The state a replica holds.
    pub fn state_of(&self, replica: ReplicaId) -> StateId {
        self.state_of[replica.index()]
    }

    /// The replica that holds a state in a walker.
    pub fn replica_of(&self, walker: usize, state: StateId) -> ReplicaId {
        self.replica_of[walker * self.n_states + state.index()]
    }

    /// The walker a replica belongs to.
    pub fn walker_of(&self, replica: ReplicaId) -> usize {
        replica.index() / self.n_states
    }

    /// `[n_replicas]`, the states in the order of replicas.
    pub fn states(&self) -> &[StateId] {
        &self.state_of
    }

    /// Number of states.
    pub fn n_states(&self) -> usize {
        self.n_states
    }

    /// Number of walkers.
    pub fn walkers(&self) -> usize {
        self.state_of.len() / self.n_states
    }

    /// Swaps two states between the replicas of a walker that hold them.
    pub fn swap(&mut self, walker: usize, a: StateId, b: StateId) {
        let replicas = walker * self.n_states..(walker + 1) * self.n_states;
        let (state_of, replica_of) = (&mut self.state_of[replicas.clone()], &mut self.replica_of[replicas.clone()]);
        OfWalker { first: replicas.start, state_of, replica_of }.swap(a, b);
    }

    /// The states and replicas of every walker.
    pub(super) fn by_walker(&mut self) -> Vec<OfWalker<'_>> {
        let n_states = self.n_states;
        let both = self.state_of.chunks_mut(n_states).zip(self.replica_of.chunks_mut(n_states)).enumerate();
        both.map(|(walker, (state_of, replica_of))| OfWalker { first: walker * n_states, state_of, replica_of })
            .collect()
    }

    /// Whether every walker holds every state exactly once and both directions agree.
    pub fn is_permutation(&self) -> bool {
        (0..self.walkers()).all(|w| {
            (0..self.n_states).all(|k| {
                let state = StateId(k as u32);
                let replica = self.replica_of(w, state);
                self.walker_of(replica) == w && self.state_of(replica) == state
            })
        })
    }
}

/// Which replica of one walker holds which state.
pub(super) struct OfWalker<'a> {
    /// Its first replica.
    first: usize,
    state_of: &'a mut [StateId],
    replica_of: &'a mut [ReplicaId],
}

impl OfWalker<'_> {
    /// The replica that holds a state, counted from the first of the walker.
    pub(super) fn replica_of(&self, state: StateId) -> usize {
        self.replica_of[state.index()].index() - self.first
    }

    /// Gives a state to a replica, counted from the first of the walker: every state to one of its own.
    pub(super) fn assign(&mut self, state: StateId, replica: usize) {
        self.state_of[replica] = state;
        self.replica_of[state.index()] = ReplicaId((self.first + replica) as u32);
    }

    /// Swaps two states between the replicas that hold them.
    fn swap(&mut self, a: StateId, b: StateId) {
        self.state_of.swap(self.replica_of(a), self.replica_of(b));
        self.replica_of.swap(a.index(), b.index());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_assignment_is_rebuilt_from_its_states_or_refused() {
        let mut assignment = Assignment::identity(3, 2);
        assignment.swap(1, StateId(0), StateId(2));
        assert_eq!(Assignment::from_states(3, assignment.states()), Some(assignment.clone()));
        for bad in [&[0, 1, 1][..], &[0, 1, 3], &[0, 1]] {
            let states: Vec<StateId> = bad.iter().map(|&k| StateId(k)).collect();
            assert_eq!(Assignment::from_states(3, &states), None, "{bad:?}");
        }
        assert_eq!(Assignment::from_states(0, &[]), None);
    }

    #[test]
    fn a_broken_permutation_is_noticed() {
        let mut assignment = Assignment::identity(3, 1);
        assignment.state_of[0] = StateId(1);
        assert!(!assignment.is_permutation());
    }
}
