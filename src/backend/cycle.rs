//! Work of one cycle, and what comes back.

use crate::base::error::Result;
use crate::moves::tally::{EventPage, MoveEvent};
use crate::system::System;
use crate::system::configuration::{Batch, Configuration, Measurement};
use std::sync::{Arc, Mutex, PoisonError};

/// Consecutive steps or attempts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// Number of the first, the address of its random numbers.
    pub first: u64,
    /// How many.
    pub count: u32,
}

/// What every replica does in one cycle, in this order; at its end it is measured.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CycleWork {
    /// MD steps (or displacement attempts).
    pub dynamics: Option<Span>,
    /// Insertion and deletion attempts.
    pub particle_moves: Option<Span>,
    /// Attempts at changes of identity.
    pub identity: Option<Span>,
    /// Whether those attempts are added to the tallies.
    pub tally: bool,
    /// Whether positions and species at the end are kept for the host.
    pub keep: bool,
}

impl CycleWork {
    /// The same without moves of which a system has no species: changes of identity are between two reservoirs.
    pub(super) fn possible_in(&self, system: &System) -> CycleWork {
        let n_reservoirs = system.reservoirs.len();
        CycleWork {
            particle_moves: self.particle_moves.filter(|_| n_reservoirs > 0),
            identity: self.identity.filter(|_| n_reservoirs > 1),
            ..*self
        }
    }

    /// Whether N, or what an atom is, may change.
    pub(super) fn moves_particles(&self) -> bool {
        self.particle_moves.is_some() || self.identity.is_some()
    }
}

/// What a cycle has led to.
pub struct CycleResult {
    /// E and N: `[n_replicas]`.
    pub measurements: Vec<Measurement>,
    /// Accepted segments of every replica, `[n_replicas]`; empty where dynamics accept or reject none.
    pub segments: Vec<u32>,
    /// Accepted moves.
    pub events: Box<dyn MoveEvents>,
    /// Configurations at the end, if they were to be kept: those of `Backend::store` without velocities.
    pub kept: Option<Box<dyn KeptConfigurations>>,
}

/// Accepted moves of one cycle, where the backend left them while it is at the next.
pub trait MoveEvents: Send {
    /// Opens the log, once, for `read`.
    ///
    /// # Errors
    /// When the device is lost.
    fn open(&self, read: &mut dyn FnMut(&dyn MoveLog)) -> Result<()>;

    /// Visits every replica in turn with its accepted moves in their order.
    ///
    /// # Errors
    /// When the device is lost.
    fn for_each_replica(&self, visit: &mut dyn FnMut(usize, &[MoveEvent])) -> Result<()> {
        let mut events = Vec::new();
        self.open(&mut |log| {
            for replica in 0..log.n_replicas() {
                events.clear();
                log.of_replica(replica, &mut events);
                visit(replica, &events);
            }
        })
    }
}

/// An open log of accepted moves, which several threads read at once.
pub trait MoveLog: Sync {
    /// Replicas that it has.
    fn n_replicas(&self) -> usize;

    /// Appends the accepted moves of a replica in their order.
    fn of_replica(&self, replica: usize, events: &mut Vec<MoveEvent>);
}

impl MoveEvents for Arc<EventPage> {
    fn open(&self, read: &mut dyn FnMut(&dyn MoveLog)) -> Result<()> {
        read(&**self);
        Ok(())
    }
}

impl MoveLog for EventPage {
    fn n_replicas(&self) -> usize {
        self.len()
    }

    fn of_replica(&self, replica: usize, events: &mut Vec<MoveEvent>) {
        events.extend_from_slice(&self[replica]);
    }
}

/// Configurations at the end of a cycle, read from where the backend left them while it is at the next.
pub trait KeptConfigurations: Send {
    /// Replaces the configurations of a batch.
    ///
    /// # Errors
    /// When the device is lost.
    fn hand_over(self: Box<Self>, batch: &mut Batch) -> Result<()>;
}

/// Memory of kept configurations that goes round between a backend on the host and who reads them.
#[derive(Debug, Clone, Default)]
pub(super) struct Keeper(Arc<Mutex<Vec<Configuration>>>);

impl Keeper {
    /// Room for `n_replicas` configurations; what it holds is to be overwritten.
    pub(super) fn room(&self, n_replicas: usize) -> Vec<Configuration> {
        let mut room = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        room.resize_with(n_replicas, Configuration::default);
        room
    }

    /// What was kept, for a result.
    pub(super) fn kept(&self, configurations: Vec<Configuration>) -> Box<dyn KeptConfigurations> {
        Box::new(KeptOnHost { configurations, keeper: self.clone() })
    }
}

struct KeptOnHost {
    configurations: Vec<Configuration>,
    keeper: Keeper,
}

impl KeptConfigurations for KeptOnHost {
    fn hand_over(self: Box<Self>, batch: &mut Batch) -> Result<()> {
        let old = std::mem::replace(&mut batch.configurations, self.configurations);
        *self.keeper.0.lock().unwrap_or_else(PoisonError::into_inner) = old;
        Ok(())
    }
}
