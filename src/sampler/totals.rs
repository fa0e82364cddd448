//! What the tables of a run say: averages and tallies of all walkers, on whichever ranks they are.

use super::balance::Balance;
use super::moments::{Moments, StateAverage, average};
use super::{Sampler, learning};
use crate::base::error::Result;
use crate::base::ids::StateId;
use crate::moves::exchange::EdgeTally;
use crate::moves::tally::{SegmentTally, TransitionTally};
use crate::ranks::Talk;
use serde::{Deserialize, Serialize};

/// Averages and tallies of production over all walkers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Totals {
    n_states: usize,
    /// `[walker * n_states + state]`
    moments: Vec<Moments>,
    /// `[walker * n_states + state]`, segments of dynamics; empty where these accept or reject none.
    segments: Vec<SegmentTally>,
    /// `[n_states * n_reservoirs]`, particle moves.
    pub moves: Vec<TransitionTally>,
    /// `[n_edges]`
    pub edges: Vec<EdgeTally>,
    /// `[n_windows][max_atoms + 1]`, particle moves by N.
    pub windows: Vec<Vec<TransitionTally>>,
    /// The choice of the steps of a cycle, where they are chosen.
    pub balance: Option<Balance>,
}

impl Sampler {
    /// Averages and tallies over all walkers, on the first rank; none on the others. All ranks must ask.
    ///
    /// # Errors
    /// When the device is lost, or another rank.
    pub fn totals(&mut self) -> Result<Option<Totals>> {
        let transitions = self.backend.transitions()?;
        let own = Totals {
            n_states: self.grid.len(),
            moments: self.moments.all(),
            segments: self.segments.clone(),
            moves: transitions.moves(),
            edges: self.exchanger.tallies.clone(),
            windows: learning::tried_in_windows(&self.grid, &transitions),
            balance: self.balance.clone(),
        };
        if self.part.all.is_alone() {
            return Ok(Some(own));
        }
        let all = super::together::gathered(&self.part.all, Talk::Saving, &own)?;
        Ok(all.into_iter().reduce(Totals::joined))
    }
}

impl Totals {
    /// With those of the next rank.
    fn joined(mut self, next: Totals) -> Totals {
        let add = |sums: &mut [TransitionTally], more: &[TransitionTally]| {
            sums.iter_mut().zip(more).for_each(|(sum, more)| sum.add(more));
        };
        self.moments.extend(next.moments);
        self.segments.extend(next.segments);
        add(&mut self.moves, &next.moves);
        self.edges.iter_mut().zip(&next.edges).for_each(|(sum, more)| sum.add(more));
        self.windows.iter_mut().zip(&next.windows).for_each(|(sums, more)| add(sums, more));
        if let (Some(balance), Some(next)) = (&mut self.balance, &next.balance) {
            balance.join(next);
        }
        self
    }

    /// Averages of a state over all production cycles and walkers.
    pub fn average(&self, state: StateId) -> StateAverage {
        average(&self.moments.chunks(self.n_states).map(|walker| &walker[state.index()]).collect::<Vec<_>>())
    }

    /// Segments of dynamics of a state over all production cycles and walkers; `None` where dynamics accept or reject none.
    pub fn segments(&self, state: StateId) -> Option<SegmentTally> {
        let mut of_walkers = self.segments.chunks(self.n_states).map(|walker| walker[state.index()]);
        let mut sum = of_walkers.next()?;
        of_walkers.for_each(|tally| sum.add(&tally));
        Some(sum)
    }
}
