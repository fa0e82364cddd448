//! Weights of the tables of insertion, chosen for every state and species in equilibration and frozen then.

use crate::backend::MoveEvents;
use crate::base::error::Result;
use crate::base::ids::ReplicaId;
use crate::moves::MoveKind;
use crate::moves::exchange::{Assignment, Period};
use crate::ranks::{Ranks, Talk};
use crate::system::insertion::{MOST_WEIGHT, shares_of};
use serde::{Deserialize, Serialize};

/// Weights that are tried, cycle by cycle in turn: uniform insertion pays where atoms hide the slab.
pub const WEIGHTS_TRIED: [f64; 3] = [0.0, 0.5, MOST_WEIGHT];

/// The choice by accepted insertions and deletions: every weight costs the same time.
///
/// Counts are halved whenever the number of cycles is a power of two, so that the way from the start is forgotten. They
/// depend on cycles alone, and with them the choice: not on when a run was interrupted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct InsertionWeights {
    /// `[n_states * n_reservoirs]`, accepted changes with each weight by the replicas that are here.
    accepted: Vec<[f64; WEIGHTS_TRIED.len()]>,
    /// `[n_states * n_reservoirs]` in shares, once equilibration is over.
    chosen: Option<Vec<u32>>,
}

impl InsertionWeights {
    /// Nothing tried yet.
    pub(super) fn new(n_states: usize, n_reservoirs: usize) -> InsertionWeights {
        InsertionWeights { accepted: vec![Default::default(); n_states * n_reservoirs], chosen: None }
    }

    /// Whether it is of so many weights.
    pub(super) fn is_of(&self, n_states: usize, n_reservoirs: usize) -> bool {
        let n = n_states * n_reservoirs;
        self.accepted.len() == n && self.chosen.as_ref().is_none_or(|chosen| chosen.len() == n)
    }

    /// The weights that were chosen, if equilibration is over.
    pub(super) fn chosen(&self) -> Option<&[u32]> {
        self.chosen.as_deref()
    }

    /// The same with what other ranks have counted. Counts are integers, halved now and then: f64 holds their sum.
    pub(super) fn join(&mut self, other: &InsertionWeights) {
        self.accepted.iter_mut().flatten().zip(other.accepted.iter().flatten()).for_each(|(sum, more)| *sum += more);
    }

    /// The same with nothing counted here.
    pub(super) fn uncounted(&self) -> InsertionWeights {
        InsertionWeights { accepted: vec![Default::default(); self.accepted.len()], chosen: self.chosen.clone() }
    }

    /// The counts of all ranks together.
    fn over(&self, ranks: &Ranks) -> Result<InsertionWeights> {
        let own: Vec<u64> = self.accepted.iter().flatten().map(|x| x.to_bits()).collect();
        let mut total = self.uncounted();
        for counts in ranks.all_gather_words(Talk::Equilibration, &own)? {
            total.accepted.iter_mut().flatten().zip(counts).for_each(|(sum, more)| *sum += f64::from_bits(more));
        }
        Ok(total)
    }

    /// The weights that a cycle is to have; `None` where they are those of the cycle before.
    ///
    /// # Errors
    /// Those of [`Ranks::all_gather`].
    pub(super) fn of_cycle(&mut self, cycle: u64, period: Period, ranks: &Ranks) -> Result<Option<Vec<u32>>> {
        if period == Period::Equilibration {
            return Ok(Some(vec![shares_of(WEIGHTS_TRIED[tried_in(cycle)]); self.accepted.len()]));
        }
        if self.chosen.is_some() {
            return Ok(None);
        }
        let best = |accepted: &[f64; WEIGHTS_TRIED.len()]| {
            // the first of equals: uniform where nothing was ever accepted
            let best = (1..accepted.len()).fold(0, |best, w| if accepted[w] > accepted[best] { w } else { best });
            shares_of(WEIGHTS_TRIED[best])
        };
        self.chosen = Some(self.over(ranks)?.accepted.iter().map(best).collect());
        Ok(self.chosen.clone())
    }

    /// Counts the accepted moves of a cycle.
    ///
    /// - `assignment`: the states that replicas held in it
    /// - `before`: replicas in `assignment` before the first that has events
    ///
    /// # Errors
    /// When the device is lost.
    pub(super) fn count(
        &mut self,
        cycle: u64,
        events: &dyn MoveEvents,
        assignment: &Assignment,
        before: usize,
    ) -> Result<()> {
        if cycle.is_power_of_two() {
            self.accepted.iter_mut().flatten().for_each(|count| *count *= 0.5);
        }
        let (tried, n_reservoirs) = (tried_in(cycle), self.accepted.len() / assignment.n_states());
        events.for_each_replica(&mut |replica, events| {
            let first = assignment.state_of(ReplicaId((before + replica) as u32)).index() * n_reservoirs;
            for event in events.iter().filter(|e| matches!(e.kind, MoveKind::InsertDelete(_))) {
                self.accepted[first + usize::from(event.reservoir)][tried] += 1.0;
            }
        })
    }
}

/// Which weight a cycle of equilibration tries.
fn tried_in(cycle: u64) -> usize {
    (cycle % WEIGHTS_TRIED.len() as u64) as usize
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::moves::tally::MoveEvent;
    use std::sync::Arc;

    #[test]
    fn the_weight_that_changed_most_is_kept_and_the_start_forgotten() {
        // two states, one walker; state 0 takes most with the largest weight, state 1 with none, at first the other way
        let (assignment, alone) = (Assignment::identity(2, 1), Ranks::alone());
        let mut weights = InsertionWeights::new(2, 1);
        let event = MoveEvent { kind: MoveKind::INSERT, reservoir: 0, slot: 0 };
        for cycle in 0..600 {
            let given = weights.of_cycle(cycle, Period::Equilibration, &alone).expect("alone").expect("tried in turn");
            let tried = given[0];
            assert_eq!(given, [tried; 2]);
            let late = cycle > 60;
            let taken = |best: u32| vec![event; if (tried == best) == late { 5 } else { 1 }];
            let page = vec![taken(shares_of(MOST_WEIGHT)), taken(0)];
            weights.count(cycle, &Arc::new(page), &assignment, 0).expect("events");
        }
        assert_eq!(
            weights.of_cycle(600, Period::Production, &alone).expect("alone"),
            Some(vec![shares_of(MOST_WEIGHT), 0])
        );
        assert_eq!(weights.of_cycle(601, Period::Production, &alone).expect("alone"), None);
        assert!(weights.is_of(2, 1) && !weights.is_of(3, 1));
    }
}
