//! Backends: what holds all replicas and moves them.
//!
//! A backend works by cycle, because a visit to the host costs more than the work: [`Backend::begin`] starts dynamics,
//! particle moves and measurement, [`Backend::complete`] waits for them. Backends never see each other.

mod adapters;
mod choice;
pub mod cpu;
mod cycle;
mod ensemble;
#[cfg(feature = "gpu")]
pub mod gpu;
#[cfg(not(feature = "gpu"))]
#[path = "no_gpu.rs"]
pub mod gpu;
mod host_moves;
mod info;
mod open;
pub mod reference;
mod several;
mod snapshot;

pub use adapters::{AdapterChoice, AdapterReport, AllGpus};
pub use choice::{DeviceChoice, DeviceName, Shared};
pub use cycle::{CycleResult, CycleWork, KeptConfigurations, MoveEvents, MoveLog, Span};
pub use ensemble::Ensemble;
pub use host_moves::{identity_changes_on_host, particle_moves_on_host};
pub use info::{BackendInfo, Identity, Usage};
pub use open::{open, open_with_note};
pub use several::Several;
pub use snapshot::BackendState;

use crate::base::error::Result;
use crate::base::ids::{ReplicaId, StateId};
use crate::base::rng::Rng;
use crate::moves::tally::Transitions;
use crate::moves::{Edit, Trial};
use crate::system::System;
use crate::system::configuration::{Batch, Measurement};
use crate::thermo::states::StatePoint;

/// A device that holds replicas and moves them: all of a run, or a slice of them.
pub trait Backend: Send {
    /// What it is, and what it has spent so far.
    fn info(&self) -> BackendInfo;

    /// What its replicas share, and the states that they hold.
    fn ensemble(&self) -> &Ensemble;

    /// Takes over configurations and the states they hold, velocities as they are. Tallies start from zero.
    ///
    /// - `first_replica`: global index of the first of them: replica r has the random numbers of global index
    ///   `first_replica` + r and belongs to walker (`first_replica` + r) / n_states
    /// - `states`: `[n_states]`
    /// - `assignment`: `[n_replicas]`, the state of every replica
    ///
    /// # Errors
    /// When the device cannot hold them.
    fn load_slice(
        &mut self,
        first_replica: ReplicaId,
        batch: &Batch,
        states: &[StatePoint],
        assignment: &[StateId],
    ) -> Result<()>;

    /// Hands the configurations out, bit for bit.
    ///
    /// # Errors
    /// When the device is lost.
    fn store(&self, batch: &mut Batch) -> Result<()>;

    /// Everything that later bits depend on, between two cycles.
    ///
    /// # Errors
    /// When the device is lost.
    fn save(&mut self) -> Result<BackendState>;

    /// Takes over what [`Backend::save`] handed out, so that everything after it has the same bits; from another kind of
    /// backend, as far as that goes. `saved` must fit ([`BackendState::fits`]).
    ///
    /// - `first_replica`, `states`, `assignment`: as for [`Backend::load_slice`]
    ///
    /// # Errors
    /// When the device cannot hold it.
    fn restore(
        &mut self,
        first_replica: ReplicaId,
        saved: &BackendState,
        states: &[StatePoint],
        assignment: &[StateId],
    ) -> Result<()>;

    /// Gives every replica the state it holds from now on: `[n_replicas]`. Where the temperature changes, all
    /// velocities are multiplied by √(T_new/T_old).
    ///
    /// # Errors
    /// When the device is lost.
    fn set_states(&mut self, assignment: &[StateId]) -> Result<()>;

    /// Gives the windows other weights: `[n_states]`, the states as loaded in everything else.
    ///
    /// # Errors
    /// When the device is lost.
    fn set_windows(&mut self, states: &[StatePoint]) -> Result<()>;

    /// Begins the tallies of particle moves anew.
    ///
    /// # Errors
    /// When the device is lost.
    fn forget_transitions(&mut self) -> Result<()>;

    /// Gives every state the weights of the tables of insertion from now on; a system without tables takes none.
    ///
    /// - `weights`: `[n_states * n_reservoirs]`, in shares
    ///
    /// # Errors
    /// When the device is lost.
    fn set_insertion_weights(&mut self, weights: &[u32]) -> Result<()>;

    /// Gives every state its most insertion and deletion attempts of a cycle, from now on until replicas are loaded: of those
    /// that a cycle is to make, its replica makes the first so many.
    ///
    /// - `most`: `[n_states]`
    ///
    /// # Errors
    /// When the device is lost.
    fn set_attempts(&mut self, most: &[u32]) -> Result<()>;

    /// Divides replicas among devices by how fast each of them does `work`, which is tried; [`Backend::load`] comes after
    /// it. A single device has nothing to divide.
    ///
    /// - `states`, `assignment`: as for [`Backend::load_slice`]
    ///
    /// # Errors
    /// When a device cannot hold its part, is lost, or a replica fails.
    fn share_out(
        &mut self,
        _batch: &Batch,
        _states: &[StatePoint],
        _assignment: &[StateId],
        _work: &CycleWork,
    ) -> Result<()> {
        Ok(())
    }

    /// Whether [`Backend::begin`] does the work itself and returns when it is done.
    fn works_in_begin(&self) -> bool {
        false
    }

    /// Starts a cycle: dynamics, particle moves, measurement. The device may still be at it when this returns; until
    /// [`Backend::complete`] nothing else may be asked of it. The result of the cycle before may still be read, that of
    /// the one before must be dropped.
    ///
    /// # Errors
    /// When the device is lost or a replica fails.
    fn begin(&mut self, work: &CycleWork) -> Result<()>;

    /// Waits for the cycle that was started.
    ///
    /// # Errors
    /// As [`Backend::begin`].
    fn complete(&mut self) -> Result<CycleResult>;

    /// Tallies of the particle moves since [`Backend::load_slice`] or [`Backend::forget_transitions`] that were to be
    /// tallied, of the walkers that its replicas belong to.
    ///
    /// # Errors
    /// When the device is lost.
    fn transitions(&mut self) -> Result<Transitions>;

    /// The narrow entry for moves that the host decides one by one; `None` where a backend has none.
    fn trial_energies_mut(&mut self) -> Option<&mut dyn TrialEnergies> {
        None
    }

    /// [`Backend::load_slice`] of all replicas of a run.
    ///
    /// # Errors
    /// When the device cannot hold them.
    fn load(&mut self, batch: &Batch, states: &[StatePoint], assignment: &[StateId]) -> Result<()> {
        self.load_slice(ReplicaId(0), batch, states, assignment)
    }

    /// A cycle that is waited for.
    ///
    /// # Errors
    /// When the device is lost or a replica fails.
    fn cycle(&mut self, work: &CycleWork) -> Result<CycleResult> {
        self.begin(work)?;
        self.complete()
    }

    /// Moves every replica `steps` MD steps (or displacement attempts) onwards from step number `first`.
    ///
    /// # Errors
    /// When the device is lost or a replica fails.
    fn propagate(&mut self, first: u64, steps: u32) -> Result<CycleResult> {
        self.cycle(&CycleWork { dynamics: Some(Span { first, count: steps }), ..CycleWork::default() })
    }

    /// Makes `attempts` insertion and deletion attempts in every replica from attempt number `first`; with `tally` they
    /// are added to the tallies of the states that the replicas hold (within a walker, every state once).
    ///
    /// # Errors
    /// When the device is lost.
    fn particle_moves(&mut self, first: u64, attempts: u32, tally: bool) -> Result<CycleResult> {
        let span = Span { first, count: attempts };
        self.cycle(&CycleWork { particle_moves: Some(span), tally, ..CycleWork::default() })
    }

    /// Makes `attempts` attempts at changes of identity in every replica from attempt number `first`; `tally` as for
    /// [`Backend::particle_moves`]. None without two reservoir species.
    ///
    /// # Errors
    /// When the device is lost.
    fn identity_changes(&mut self, first: u64, attempts: u32, tally: bool) -> Result<CycleResult> {
        let span = Span { first, count: attempts };
        self.cycle(&CycleWork { identity: Some(span), tally, ..CycleWork::default() })
    }

    /// E and N of every replica: `[n_replicas]`.
    ///
    /// # Errors
    /// When the device is lost.
    fn measure(&mut self) -> Result<Vec<Measurement>> {
        Ok(self.cycle(&CycleWork::default())?.measurements)
    }

    /// The system every replica belongs to.
    fn system(&self) -> &System {
        &self.ensemble().system
    }

    /// The addressed generator of the run.
    fn rng(&self) -> &Rng {
        &self.ensemble().rng
    }

    /// The states as loaded. `[n_states]`
    fn states(&self) -> &[StatePoint] {
        &self.ensemble().states
    }

    /// The state every replica holds. `[n_replicas]`
    fn assignment(&self) -> &[StateId] {
        &self.ensemble().assignment
    }
}

/// A backend that also evaluates and applies single changes, for moves that the host decides.
pub trait TrialEnergies: Backend {
    /// ΔE of one trial per replica: `[n_replicas]`. \[energy\]
    ///
    /// # Errors
    /// When the device is lost.
    fn trial_energies(&mut self, trials: &[Trial]) -> Result<Vec<f64>>;

    /// Applies one edit per replica, with its ΔE: `[n_replicas]`.
    ///
    /// # Errors
    /// When the device is lost.
    fn apply(&mut self, edits: &[(Edit, f64)]) -> Result<()>;
}
