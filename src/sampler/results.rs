//! What a sampler says of its replicas, states and moves.

use super::attempts::Attempts;
use super::balance::Balance;
use super::identities::AtomIdentities;
use super::learning::Learner;
use super::moments::{Moments, StateAverage, average};
use super::{CyclePlan, Sampler};
use crate::backend::Backend;
use crate::base::error::Result;
use crate::base::ids::{ReplicaId, StateId};
use crate::forces::ServiceRecord;
use crate::io::xyz::Frame;
use crate::moves::exchange::{Assignment, EdgeTally};
use crate::moves::tally::{SegmentTally, Transitions};
use crate::ranks::Part;
use crate::system::System;
use crate::system::configuration::{Batch, Configuration, Measurement};
use crate::thermo::states::StateGrid;

/// Exchanges and particle moves since they were last asked for: what a progress line shows.
#[derive(Debug, Clone, Copy, Default)]
pub struct Recent {
    /// Exchanges tried.
    pub exchanges: u64,
    /// Exchanges accepted.
    pub exchanged: u64,
    /// Insertions, deletions and changes of identity tried.
    pub moves: u64,
    /// Of those, accepted.
    pub moved: u64,
    /// Segments of dynamics that were accepted or rejected.
    pub segments: u64,
    /// Of those, accepted.
    pub accepted_segments: u64,
}

/// One replica after a cycle.
#[derive(Debug, Clone, PartialEq)]
pub struct ReplicaSample {
    /// The configuration it is about.
    pub replica: ReplicaId,
    /// The independent copy of the grid it belongs to.
    pub walker: usize,
    /// The state it holds.
    pub state: StateId,
    /// Potential energy. \[energy\]
    pub energy: f64,
    /// `[n_reservoirs]`, atoms of every reservoir species.
    pub counts: Vec<u16>,
}

impl Sampler {
    /// Every replica after the last cycle, in the order of replicas; none before the first.
    pub fn samples(&self) -> impl Iterator<Item = ReplicaSample> {
        self.measurements.iter().enumerate().map(|(r, m)| {
            let place = ReplicaId((self.part.share.before() + r) as u32);
            let walker = self.part.share.walkers.start + self.assignment.walker_of(place);
            let (replica, state) = (self.global(r), self.assignment.state_of(place));
            ReplicaSample { replica, walker, state, energy: m.energy, counts: m.counts.to_vec() }
        })
    }

    /// Global index of a replica that is here.
    pub(super) fn global(&self, replica: usize) -> ReplicaId {
        ReplicaId((self.part.share.replicas.start + replica) as u32)
    }

    /// Which replicas are here.
    pub fn part(&self) -> &Part {
        &self.part
    }

    /// The atoms of every replica, between two cycles. `[n_replicas]`
    ///
    /// # Errors
    /// When the device is lost.
    pub fn configurations(&self) -> Result<Vec<Configuration>> {
        assert!(!self.is_ahead(), "atoms are handed out between two cycles");
        let mut batch = Batch::default();
        self.backend.store(&mut batch)?;
        Ok(batch.configurations)
    }

    /// The atoms of a replica as a frame of extended XYZ, while the device is at work those that were put aside for the audit; `None`
    /// where there are none of these, where the device is gone, or where the replica is not here.
    ///
    /// - `replica`: its global index
    pub fn frame(&self, replica: ReplicaId) -> Option<Frame> {
        let system = self.system();
        let (configurations, cycle) = match (self.is_ahead(), &self.audited) {
            (true, Some(audited)) => (audited.configurations.clone(), audited.cycle),
            (true, None) => return None,
            (false, _) => (self.configurations().ok()?, self.cycle),
        };
        let here = replica.index().checked_sub(self.part.share.replicas.start)?;
        let x = configurations.get(here)?;
        let place = ReplicaId((self.part.share.before() + here) as u32);
        Some(Frame {
            lattice: Some(system.cell.vectors().map(|a| a.to_array())),
            periodic: Some([true, true, system.cell.periodic_z]),
            info: vec![
                ("replica".to_owned(), replica.0.to_string()),
                ("state".to_owned(), self.assignment.state_of(place).0.to_string()),
                ("cycle".to_owned(), cycle.to_string()),
            ],
            symbols: x.species.iter().map(|&s| system.species[usize::from(s)].symbol.clone()).collect(),
            positions: x.positions.iter().map(|&r| system.cell.in_parallelogram(r)).collect(),
            movable: None,
            integers: Vec::new(),
        })
    }

    /// E and N of every replica after the last cycle.
    pub fn measurements(&self) -> &[Measurement] {
        &self.measurements
    }

    /// Which replica holds which state, in all walkers that have replicas here.
    pub fn assignment(&self) -> &Assignment {
        &self.assignment
    }

    /// The states.
    pub fn grid(&self) -> &StateGrid {
        &self.grid
    }

    /// Whether some states have windows.
    pub fn has_windows(&self) -> bool {
        self.learner.is_some()
    }

    /// Whether there are windows and their weights will not change any more.
    pub fn weights_are_final(&self) -> bool {
        self.learner.as_ref().is_some_and(Learner::is_frozen)
    }

    /// What a cycle does: where its steps are chosen, those of the choice as it is now.
    pub fn plan(&self) -> CyclePlan {
        CyclePlan { steps: self.balance.as_ref().map_or(self.plan.steps, Balance::steps), ..self.plan }
    }

    /// The choice of the steps of a cycle, where they are chosen.
    pub fn balance(&self) -> Option<&Balance> {
        self.balance.as_ref()
    }

    /// The choice of the attempts of every state, where they are chosen.
    pub fn attempts(&self) -> Option<&Attempts> {
        self.attempts.as_ref()
    }

    /// Steps (or displacement attempts) of one replica in all cycles so far.
    pub fn steps_made(&self) -> u64 {
        self.balance.as_ref().map_or(self.cycle * u64::from(self.plan.steps), Balance::made)
    }

    /// What programs outside have computed, where they compute.
    pub(crate) fn service(&self) -> Option<ServiceRecord> {
        self.force_field.service()
    }

    /// The system that every replica belongs to.
    pub fn system(&self) -> &System {
        self.backend.system()
    }

    /// The backend, for hand-over and tests.
    pub fn backend(&self) -> &dyn Backend {
        &*self.backend
    }

    /// The backend, to move or question it between cycles. The identities of all atoms start anew.
    pub fn backend_mut(&mut self) -> &mut dyn Backend {
        self.ledgers.clear();
        &mut *self.backend
    }

    /// Identity of the atom in every slot of a replica; empty when the backend was moved from outside since.
    pub fn identities(&self, replica: ReplicaId) -> impl Iterator<Item = u32> {
        self.ledgers.get(replica.index()).into_iter().flat_map(AtomIdentities::identities)
    }

    /// Exchanges and particle moves since the last call.
    pub fn take_recent(&mut self) -> Recent {
        std::mem::take(&mut self.recent)
    }

    /// Cycles made so far, equilibration included.
    pub fn cycle(&self) -> u64 {
        self.cycle
    }

    /// Exchange tallies of every edge, those of walkers that are tallied here. `[n_edges]`
    pub fn edge_tallies(&self) -> &[EdgeTally] {
        &self.exchanger.tallies
    }

    /// Tallies of the particle moves of production.
    ///
    /// # Errors
    /// When the device is lost.
    pub fn transitions(&mut self) -> Result<Transitions> {
        self.backend.transitions()
    }

    /// Segments of dynamics of a state over all production cycles and whole walkers here; `None` where dynamics accept or reject none.
    pub fn segments(&self, state: StateId) -> Option<SegmentTally> {
        let mut of_walkers = self.segments.chunks(self.grid.len()).map(|walker| walker[state.index()]);
        let mut sum = of_walkers.next()?;
        of_walkers.for_each(|tally| sum.add(&tally));
        Some(sum)
    }

    /// Averages of a state over all production cycles and whole walkers here.
    pub fn average(&self, state: StateId) -> StateAverage {
        let n_states = self.grid.len();
        let of_walker = |w| self.moments.of(w * n_states + state.index());
        let walkers: Vec<Moments> = (0..self.assignment.walkers()).map(of_walker).collect();
        average(&walkers.iter().collect::<Vec<_>>())
    }
}
