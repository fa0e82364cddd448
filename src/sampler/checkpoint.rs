//! What a sampler saves, and how a later one goes on from it.

use super::attempts::Attempts;
use super::balance::Balance;
use super::identities::AtomIdentities;
use super::learning::Learner;
use super::moments::{Moments, MomentsOfStates};
use super::{CyclePlan, InsertionWeights, Recent, Sampler, chooser, divider, exchanger, no_segments};
use crate::backend::{Backend, BackendState};
use crate::base::error::{Error, Result};
use crate::base::ids::{ReplicaId, StateId};
use crate::forces::ForceField;
use crate::moves::exchange::{Assignment, EdgeTally};
use crate::moves::tally::SegmentTally;
use crate::ranks::Part;
use crate::system::configuration::Measurement;
use crate::thermo::states::StateGrid;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Everything a sampler needs to go on with the same bits: its part of a checkpoint.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct SamplerState {
    /// Cycles made; the address of every random number follows from it.
    pub cycle: u64,
    /// `[walkers * n_states]`, the state that every replica of the walkers holds.
    pub assignment: Vec<StateId>,
    /// `[n_replicas]`, E and N of the last cycle; empty before the first.
    pub measurements: Vec<Measurement>,
    /// `[walker * n_states + state]`
    pub moments: Vec<Moments>,
    /// `[walker * n_states + state]`, segments of dynamics; empty where these accept or reject none.
    pub segments: Vec<SegmentTally>,
    /// `[n_edges]`
    pub edges: Vec<EdgeTally>,
    /// `[n_windows]`, weights of every window.
    pub eta: Vec<Vec<f64>>,
    /// How far they are learned.
    pub learner: Option<Learner>,
    /// `[n_replicas]`, identities of the atoms.
    pub ledgers: Vec<AtomIdentities>,
    /// The choice of weights of the tables of insertion, where they are chosen.
    pub weights: Option<InsertionWeights>,
    /// The choice of the steps of a cycle, where they are chosen.
    pub balance: Option<Balance>,
    /// The choice of the attempts of every state, where they are chosen.
    pub attempts: Option<Attempts>,
    /// Configurations and what goes with them.
    pub backend: BackendState,
}

impl Sampler {
    /// Everything a later sampler needs to go on from here.
    ///
    /// The backend must not be ahead (see [`Sampler::advance_ahead`]).
    ///
    /// # Errors
    /// When the device is lost.
    pub fn save(&mut self) -> Result<SamplerState> {
        assert!(self.ahead.is_none(), "a state is saved between two cycles");
        Ok(SamplerState {
            cycle: self.cycle,
            assignment: self.assignment.states().to_vec(),
            measurements: self.measurements.clone(),
            moments: self.moments.all(),
            segments: self.segments.clone(),
            edges: self.exchanger.tallies.clone(),
            eta: self.grid.windows().map(|(_, _, window)| window.weights().to_vec()).collect(),
            learner: self.learner.clone(),
            ledgers: self.ledgers.clone(),
            weights: self.weights.clone(),
            balance: self.balance.clone(),
            attempts: self.attempts.clone(),
            backend: self.backend.save()?,
        })
    }

    /// A sampler that goes on where another one was saved.
    ///
    /// - `force_field`: as for [`Sampler::new`]
    /// - `part`: which replicas `state` is of
    ///
    /// # Errors
    /// [`Error::CheckpointMisfit`] if the state does not fit the grid and the system, or whatever the device says.
    pub fn restore(
        mut grid: StateGrid,
        mut backend: Box<dyn Backend>,
        force_field: Arc<dyn ForceField>,
        plan: CyclePlan,
        part: Part,
        state: &SamplerState,
    ) -> Result<Sampler> {
        let (n_states, n_reservoirs) = (grid.len(), grid.n_reservoirs());
        let (share, n_replicas) = (part.share.clone(), part.share.len());
        let misfit = |problem: String| Error::CheckpointMisfit { problem };
        let assignment = Assignment::from_states(n_states, &state.assignment)
            .filter(|a| a.walkers() == share.walkers.len())
            .ok_or_else(|| misfit("its states are no permutation".to_owned()))?;
        let measured = state.measurements.len();
        let whole = (measured == 0 || measured == n_replicas)
            && state.measurements.iter().all(|m| m.counts.len() == n_reservoirs)
            && state.moments.len() == n_replicas
            && state.moments.iter().all(|m| m.is_of(state.moments[0].samples, n_reservoirs))
            && state.edges.len() == grid.edges.len();
        let no_segments = no_segments(backend.system(), n_replicas);
        if !whole || state.segments.len() != no_segments.len() {
            return Err(misfit("its averages are of another shape".to_owned()));
        }
        if !grid.set_weights(&state.eta)
            || !state.learner.as_ref().map_or(grid.n_points() == n_states, |l| l.is_of(&grid))
        {
            return Err(misfit("its windows are of another shape".to_owned()));
        }
        state.backend.fits(backend.system(), &share.own(), n_states).map_err(misfit)?;
        let first = ReplicaId(share.replicas.start as u32);
        backend.restore(first, &state.backend, &grid.states, &assignment.states()[share.own()])?;
        let open = chooser(backend.system(), &grid).is_some();
        let fits = |w: &InsertionWeights| open && w.is_of(n_states, n_reservoirs);
        if !state.weights.as_ref().map_or(!open, fits) {
            return Err(misfit("its weights of insertion are those of another scene".to_owned()));
        }
        if !state.balance.as_ref().map_or(!plan.balanced, |b| plan.balanced && b.is_of(plan.steps)) {
            return Err(misfit("its steps of a cycle are those of another scene".to_owned()));
        }
        let divides = divider(backend.system(), &grid, &plan).is_some();
        let fits = |a: &Attempts| divides && a.is_of(plan.attempts, n_states, n_reservoirs);
        if !state.attempts.as_ref().map_or(!divides, fits) {
            return Err(misfit("its attempts of a cycle are those of another scene".to_owned()));
        }
        if let Some(attempts) = &state.attempts {
            backend.set_attempts(attempts.chosen())?;
        }
        if let Some(chosen) = state.weights.as_ref().and_then(InsertionWeights::chosen) {
            backend.set_insertion_weights(chosen)?;
        }
        let mut slots = state.backend.species_of_replicas();
        let of_these = state.ledgers.len() == n_replicas
            && state.ledgers.iter().all(|l| slots.next().is_some_and(|species| l.is_of(species)));
        if !state.ledgers.is_empty() && !of_these {
            return Err(misfit("its identities are those of other atoms".to_owned()));
        }
        let mut exchanger = exchanger(&grid, plan, &part);
        exchanger.tallies.clone_from(&state.edges);
        Ok(Sampler {
            exchanger,
            learner: state.learner.clone(),
            cycle: state.cycle,
            ahead: None,
            ledgers: state.ledgers.clone(),
            measurements: state.measurements.clone(),
            around: Vec::new(),
            kept: None,
            handed: None,
            audited: None,
            reservoirs: backend.system().reservoirs.iter().map(|r| r.species).collect(),
            force_field,
            moments: MomentsOfStates::new(&state.moments, backend.system()),
            segments: state.segments.clone(),
            weights: state.weights.clone(),
            balance: state.balance.clone(),
            attempts: state.attempts.clone(),
            recent: Recent::default(),
            assignment,
            plan,
            part,
            backend,
            grid,
        })
    }
}
