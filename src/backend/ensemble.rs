//! What the replicas of a backend share.

use crate::backend::Span;
use crate::base::fault_injection::{Fault, planted};
use crate::base::ids::{ReplicaId, StateId};
use crate::base::rng::Rng;
use crate::moves::tally::Transitions;
use crate::system::System;
use crate::system::insertion::Places;
use crate::thermo::states::StatePoint;
use std::ops::Range;
use std::sync::Arc;

/// The system of all replicas, the states, and which replica holds which.
#[derive(Debug, Clone)]
pub struct Ensemble {
    /// The system every replica belongs to.
    pub system: Arc<System>,
    /// The addressed generator of the run.
    pub rng: Rng,
    /// Global index of the backend's first replica: a backend may hold a slice of a run.
    pub first_replica: ReplicaId,
    /// `[n_states]`, as loaded.
    pub states: Vec<StatePoint>,
    /// `[n_replicas]`, the state every replica holds.
    pub assignment: Vec<StateId>,
    /// `[n_states * n_reservoirs]`, weights of the tables of insertion in every state, in shares; empty without tables.
    pub weights: Arc<[u32]>,
    /// `[n_states]`, most insertion and deletion attempts of a cycle in every state; empty where all make as many as asked.
    pub attempts: Arc<[u32]>,
}

impl Ensemble {
    /// Nothing loaded yet.
    pub(super) fn new(system: Arc<System>, rng: Rng) -> Ensemble {
        Ensemble {
            system,
            rng,
            first_replica: ReplicaId(0),
            states: Vec::new(),
            assignment: Vec::new(),
            weights: Arc::default(),
            attempts: Arc::default(),
        }
    }

    /// Takes over what is loaded.
    pub(super) fn load(&mut self, first_replica: ReplicaId, states: &[StatePoint], assignment: &[StateId]) {
        self.first_replica = first_replica;
        self.states = states.to_vec();
        self.assignment = assignment.to_vec();
        let n_weights = states.len() * self.system.reservoirs.len();
        self.weights = self.system.insertion.iter().flat_map(|t| std::iter::repeat_n(t.weight, n_weights)).collect();
        self.attempts = Arc::default();
    }

    /// Takes over how many attempts every state makes at most.
    ///
    /// - `most`: `[n_states]`
    pub(super) fn set_attempts(&mut self, most: &[u32]) {
        assert_eq!(most.len(), self.states.len(), "one number for every state");
        self.attempts = Arc::from(most);
    }

    /// Takes over the weights of the tables of insertion; a system without tables has none.
    ///
    /// - `weights`: `[n_states * n_reservoirs]`
    pub(super) fn set_weights(&mut self, weights: &[u32]) {
        assert_eq!(weights.len(), self.weights.len(), "one weight for every state and reservoir species");
        self.weights = Arc::from(weights);
    }

    /// Where the atoms of a replica of the backend are inserted.
    pub fn places_of(&self, replica: usize) -> Places<'_> {
        places(&self.system, &self.weights, self.assignment[replica], self.state_of(replica).kt)
    }

    /// The attempts that a replica of the backend makes of those of a cycle.
    ///
    /// - `n`: its mobile atoms
    pub fn made_by(&self, replica: usize, n: usize, span: Span) -> Span {
        made(&self.attempts, self.assignment[replica], n, span)
    }

    /// Takes other weights of the windows.
    pub(super) fn set_windows(&mut self, states: &[StatePoint]) {
        let same = |(old, new): (&StatePoint, &StatePoint)| (old.kt, &old.ln_z) == (new.kt, &new.ln_z);
        assert!(states.len() == self.states.len() && self.states.iter().zip(states).all(same), "weights alone change");
        self.states = states.to_vec();
    }

    /// Global index of a replica of the backend.
    pub fn global(&self, replica: usize) -> ReplicaId {
        ReplicaId(self.first_replica.0 + replica as u32)
    }

    /// Global indices of all replicas of the backend.
    pub fn replicas(&self) -> Range<usize> {
        let first = self.first_replica.index();
        first..first + self.assignment.len()
    }

    /// The state that a replica of the backend holds.
    pub fn state_of(&self, replica: usize) -> &StatePoint {
        &self.states[self.assignment[replica].index()]
    }

    /// Empty tallies of the walkers that the replicas belong to.
    pub fn no_transitions(&self) -> Transitions {
        Transitions::of_replicas(&self.system, self.states.len(), &self.replicas())
    }
}

/// The attempts of a cycle that a replica makes: the first of them, where its state is to make fewer. Atoms have no say in it: what a
/// cycle does may depend on the state alone.
///
/// - `attempts`: [`Ensemble::attempts`]
/// - `n`: mobile atoms of the replica
pub(super) fn made(attempts: &[u32], state: StateId, n: usize, span: Span) -> Span {
    let most = if planted(Fault::AttemptsByN) { span.count / (1 + n as u32 % 3) } else { u32::MAX };
    Span { count: attempts.get(state.index()).map_or(span.count, |&most| most.min(span.count)).min(most), ..span }
}

/// Where atoms are inserted in a state.
///
/// - `weights`: [`Ensemble::weights`]
/// - `kt`: of the state \[energy\]
pub(super) fn places<'a>(system: &'a System, weights: &'a [u32], state: StateId, kt: f64) -> Places<'a> {
    let n_reservoirs = system.reservoirs.len();
    let own = weights.get(state.index() * n_reservoirs..).and_then(|w| w.get(..n_reservoirs)).unwrap_or(&[]);
    Places::new(system.insertion.as_deref(), kt, own)
}
