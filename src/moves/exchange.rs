//! Replica exchange: deterministic even/odd pairs, alternating axes. States move, configurations stay.

use crate::base::fault_injection::{Fault, planted};
use crate::base::ids::{ReplicaId, StateId};
use crate::base::rng::{Rng, Stream, uniform};
use crate::system::configuration::Measurement;
use crate::thermo::acceptance::{ConfigurationRef, accept, exchange_ln_acc};
use crate::thermo::states::{Axis, StateGrid};
use serde::{Deserialize, Serialize};

/// Factor on all velocities of a replica whose temperature changes, √(T_new/T_old); exactly 1 where it does not.
pub fn velocity_scale(old_kt: f64, new_kt: f64) -> f64 {
    if old_kt.to_bits() == new_kt.to_bits() || planted(Fault::UnscaledVelocities) {
        1.0
    } else {
        (new_kt / old_kt).sqrt()
    }
}

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

    /// Number of walkers.
    pub fn walkers(&self) -> usize {
        self.state_of.len() / self.n_states
    }

    /// Swaps two states between the replicas that hold them.
    pub fn swap(&mut self, walker: usize, a: StateId, b: StateId) {
        let (i, j) = (self.replica_of(walker, a), self.replica_of(walker, b));
        self.state_of.swap(i.index(), j.index());
        let first = walker * self.n_states;
        self.replica_of.swap(first + a.index(), first + b.index());
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

/// Attempts and acceptances of one edge over all walkers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EdgeTally {
    /// Exchanges tried in production.
    pub attempts: u64,
    /// Exchanges accepted in production.
    pub accepted: u64,
    /// Of those, tried in the second half.
    pub attempts_second_half: u64,
    /// Of those, accepted in the second half.
    pub accepted_second_half: u64,
}

impl EdgeTally {
    fn record(&mut self, period: Period, accepted: bool) {
        if period != Period::Equilibration {
            self.attempts += 1;
            self.accepted += u64::from(accepted);
        }
        if period == Period::SecondHalf {
            self.attempts_second_half += 1;
            self.accepted_second_half += u64::from(accepted);
        }
    }

    /// Accepted per attempt; NaN without attempts.
    pub fn acceptance(&self) -> f64 {
        self.accepted as f64 / self.attempts as f64
    }

    /// The same in the second half of production: a cumulative rate hides an edge that died.
    pub fn acceptance_second_half(&self) -> f64 {
        self.accepted_second_half as f64 / self.attempts_second_half as f64
    }
}

/// Part of a run that a cycle belongs to, for its tallies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Period {
    /// Not tallied.
    Equilibration,
    /// Tallied.
    FirstHalf,
    /// Tallied, also as second half.
    SecondHalf,
}

/// Even/odd schedule over the neighbour graph, with its tallies.
#[derive(Debug, Clone)]
pub struct Exchanger {
    /// Edge indices that are tried together, in the order of rounds.
    groups: Vec<Vec<usize>>,
    /// Edges of windows, one after the other: tried in every round, because a window serves all points of its temperature.
    windows: Vec<usize>,
    /// `[n_edges]`
    pub tallies: Vec<EdgeTally>,
}

impl Exchanger {
    /// The schedule of a grid: (axis 1, even), (axis 2, even), …, (axis 1, odd), (axis 2, odd), …
    pub fn new(grid: &StateGrid) -> Exchanger {
        let axes: Vec<Axis> =
            std::iter::once(Axis::Temperature).chain((0..grid.n_reservoirs()).map(Axis::Reservoir)).collect();
        let mut groups = Vec::new();
        for colour in [0, 1] {
            for &axis in &axes {
                let group: Vec<usize> = (0..grid.edges.len())
                    .filter(|&e| grid.edges[e].axis == axis && grid.edges[e].colour == colour)
                    .collect();
                if !group.is_empty() {
                    groups.push(group);
                }
            }
        }
        let windows = (0..grid.edges.len()).filter(|&e| grid.edges[e].axis == Axis::Window).collect();
        Exchanger { groups, windows, tallies: vec![EdgeTally::default(); grid.edges.len()] }
    }

    /// Makes one round: tries every edge of one axis and colour in every walker, then every edge of a window.
    ///
    /// - `round`: number of the round, the address of its random numbers and its place in the schedule
    /// - `measurements`: `[n_replicas]`
    /// - returns: exchanges tried and accepted
    pub fn round(
        &mut self,
        grid: &StateGrid,
        rng: &Rng,
        round: u64,
        period: Period,
        measurements: &[Measurement],
        assignment: &mut Assignment,
    ) -> (u64, u64) {
        let (mut tried, mut exchanged) = (0, 0);
        let group = match self.groups.len() as u64 {
            0 => &[][..],
            n => &self.groups[(round % n) as usize],
        };
        for walker in 0..assignment.walkers() {
            for &e in group.iter().chain(&self.windows) {
                let edge = grid.edges[e];
                let of = |state| {
                    let m = &measurements[assignment.replica_of(walker, state).index()];
                    ConfigurationRef { energy: m.energy, counts: &m.counts }
                };
                let (a, b) = (grid.state(edge.a).as_ref(), grid.state(edge.b).as_ref());
                let ln_acc = exchange_ln_acc(a, b, of(edge.a), of(edge.b));
                let u = uniform(rng.block(Stream::Exchange, round, walker as u32, e as u32)[0]);
                let accepted = accept(u, ln_acc);
                if accepted {
                    assignment.swap(walker, edge.a, edge.b);
                }
                self.tallies[e].record(period, accepted);
                tried += 1;
                exchanged += u64::from(accepted);
            }
        }
        (tried, exchanged)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::thermo::Convention;
    use crate::thermo::states::ReservoirAxis;

    fn grid() -> StateGrid {
        let axis =
            ReservoirAxis { species: "B".into(), convention: Convention::Activity, values: vec![-3.0, -2.0, -1.0] };
        StateGrid::product(&[0.5, 0.7, 1.0], 1.0, &[axis])
    }

    #[test]
    fn every_edge_is_tried_once_in_a_sweep_and_states_stay_a_permutation() {
        let grid = grid();
        let mut exchanger = Exchanger::new(&grid);
        let mut assignment = Assignment::identity(grid.len(), 2);
        let measurements: Vec<_> =
            (0..18).map(|r| Measurement { energy: -0.1 * f64::from(r), counts: vec![r as u16 % 5] }).collect();
        for round in 0..4 {
            exchanger.round(&grid, &Rng::new(1), round, Period::SecondHalf, &measurements, &mut assignment);
            assert!(assignment.is_permutation());
        }
        assert!(exchanger.tallies.iter().all(|t| t.attempts == 2 && t.attempts_second_half == 2));
        assert!(exchanger.tallies.iter().any(|t| t.accepted > 0));
        assert_ne!(assignment, Assignment::identity(grid.len(), 2));
    }

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
