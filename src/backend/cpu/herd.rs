//! herd: all replicas, and the threads that share their work.
//!
//! Replicas are handed out one by one, those with most atoms first, so that no thread is left with a large one at the
//! end. What a replica does depends on none of this.

use super::Model;
use super::particle_moves::insert_delete;
use super::propagate;
use super::replica::Replica;
use crate::ids::StateId;
use crate::transitions::{MoveBook, MoveEvent, Transitions};
use rayon::prelude::*;
use rayon::{Yield, yield_now};
use std::cmp::Reverse;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, TryRecvError, channel};
use std::thread;
use std::time::Duration;

/// How often an idle thread looks for work before it sleeps in between.
const LOOKS: u32 = 2_000;

/// How long it sleeps.
const NAP: Duration = Duration::from_micros(200);

/// All replicas with what they write down.
#[derive(Debug, Default)]
pub(super) struct Herd {
    pub(super) replicas: Vec<Replica>,
    /// Tallies of particle moves.
    pub(super) transitions: Transitions,
    /// `[n_replicas]`, accepted particle moves since the last measurement.
    pub(super) events: Vec<Vec<MoveEvent>>,
}

/// What every replica is to do, in this order.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Work {
    /// First step (or displacement attempt), and how many.
    pub(super) dynamics: Option<(u64, u32)>,
    /// First insertion or deletion attempt, and how many.
    pub(super) moves: Option<(u64, u32)>,
    /// Whether those attempts are tallied.
    pub(super) book: bool,
}

impl Herd {
    /// Does the work on all threads of the pool.
    ///
    /// - `assignment`: `[n_replicas]`, the state of every replica
    pub(super) fn work(&mut self, model: &Model, assignment: &[StateId], work: &Work) {
        let offsets = self.transitions.offsets().to_vec();
        let tallied = work.book && work.moves.is_some();
        let mut rows = if tallied { self.transitions.rows_of(assignment) } else { Vec::new() }.into_iter();
        let with_row = |(replica, events)| (replica, rows.next(), events);
        let mut jobs: Vec<_> = self.replicas.iter_mut().zip(&mut self.events).map(with_row).collect();
        jobs.sort_by_key(|(replica, ..): &(&mut Replica, _, _)| Reverse(replica.n));
        jobs.into_iter().par_bridge().for_each(|(replica, row, events)| {
            if let Some((first, steps)) = work.dynamics {
                propagate(model, replica, first, steps);
            }
            if let Some((first, attempts)) = work.moves {
                events.clear();
                insert_delete(model, replica, first, attempts, &mut MoveBook { row, offsets: &offsets, events });
            }
        });
    }

    /// Leaves the work to the pool and returns at once.
    pub(super) fn work_ahead(mut self, model: Arc<Model>, assignment: Vec<StateId>, work: Work) -> Ahead {
        let (sender, done) = channel();
        rayon::spawn(move || {
            let worked = catch_unwind(AssertUnwindSafe(|| self.work(&model, &assignment, &work)));
            // Nobody may be waiting any more.
            let _ = sender.send(worked.map(|()| self));
        });
        Ahead { done }
    }
}

/// Work under way.
#[derive(Debug)]
pub(super) struct Ahead {
    done: Receiver<thread::Result<Herd>>,
}

impl Ahead {
    /// Waits for the end of the work; a thread of the pool takes part in it.
    pub(super) fn join(self) -> Herd {
        let mut idle = 0;
        loop {
            let received = match self.done.try_recv() {
                Ok(herd) => Ok(herd),
                Err(TryRecvError::Disconnected) => Err(RecvTimeoutError::Disconnected),
                Err(TryRecvError::Empty) => match yield_now() {
                    Some(Yield::Executed) => continue,
                    Some(Yield::Idle) if idle < LOOKS => {
                        idle += 1;
                        thread::yield_now();
                        continue;
                    }
                    Some(Yield::Idle) => self.done.recv_timeout(NAP),
                    None => self.done.recv().map_err(|_| RecvTimeoutError::Disconnected),
                },
            };
            match received {
                Ok(Ok(herd)) => return herd,
                Ok(Err(panic)) => resume_unwind(panic),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => unreachable!("the work ends by sending"),
            }
        }
    }
}
