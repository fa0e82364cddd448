//! scheduler: all replicas, and the threads that share their work.
//!
//! Replicas are handed out one by one, those with most atoms first, so that no thread is left with a large one at the
//! end. What a replica does depends on none of this.

use super::Model;
use super::particle_moves::insert_delete;
use super::propagate;
use super::replica::Replica;
use crate::base::ids::StateId;
use crate::moves::tally::{MoveEvent, MoveRecorder, TransitionTally, Transitions};
use crate::system::configuration::Configuration;
use rayon::prelude::*;
use rayon::{Yield, yield_now};
use std::cmp::Reverse;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, TryRecvError, channel};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

/// How often an idle thread looks for work before it sleeps in between.
const LOOKS: u32 = 2_000;

/// How long it sleeps.
const NAP: Duration = Duration::from_micros(200);

/// How long threads are kept from sleeping between two works.
const PAUSE: Duration = Duration::from_micros(100);

/// All replicas with what they write down.
#[derive(Debug, Default)]
pub(crate) struct Scheduler {
    pub(crate) replicas: Vec<Replica>,
    /// Tallies of particle moves.
    pub(crate) transitions: Transitions,
    /// `[n_replicas]`, accepted particle moves since the last measurement.
    pub(crate) events: Vec<Vec<MoveEvent>>,
    /// `[n_replicas]` or empty, what the work is to keep of the replicas' last configurations
    pub(crate) kept: Vec<Configuration>,
}

/// What every replica is to do, in this order.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Work {
    /// First step (or displacement attempt), and how many.
    pub(crate) dynamics: Option<(u64, u32)>,
    /// First insertion or deletion attempt, and how many.
    pub(crate) moves: Option<(u64, u32)>,
    /// Whether those attempts are tallied.
    pub(crate) book: bool,
    /// Whether the configurations at the end are kept.
    pub(crate) keep: bool,
}

impl Scheduler {
    /// Does the work on all threads of the pool.
    ///
    /// - `assignment`: `[n_replicas]`, the state of every replica
    pub(crate) fn work(&mut self, model: &Model, assignment: &[StateId], work: &Work) {
        let offsets = self.transitions.offsets().to_vec();
        let tallied = work.book && work.moves.is_some();
        let mut rows = if tallied { self.transitions.rows_of(assignment) } else { Vec::new() }.into_iter();
        self.kept.resize_with(if work.keep { self.replicas.len() } else { 0 }, Configuration::default);
        let mut kept = self.kept.iter_mut();
        let job = |(replica, events)| Job { replica, row: rows.next(), events, kept: kept.next() };
        let jobs: Vec<Job> = self.replicas.iter_mut().zip(&mut self.events).map(job).collect();
        let queues = Queues::new(jobs);
        (0..queues.len()).into_par_iter().with_max_len(1).for_each(|_| {
            while let Some(Job { replica, row, events, kept }) = queues.next() {
                if let Some((first, steps)) = work.dynamics {
                    propagate(model, replica, first, steps);
                }
                if let Some((first, attempts)) = work.moves {
                    events.clear();
                    insert_delete(
                        model,
                        replica,
                        first,
                        attempts,
                        &mut MoveRecorder { row, offsets: &offsets, events },
                    );
                }
                if let Some(kept) = kept {
                    replica.show(kept);
                }
            }
        });
    }

    /// Leaves the work to the pool and returns at once.
    pub(crate) fn work_ahead(mut self, model: Arc<Model>, assignment: Vec<StateId>, work: Work) -> InFlight {
        let (sender, done) = channel();
        rayon::spawn(move || {
            let worked = catch_unwind(AssertUnwindSafe(|| self.work(&model, &assignment, &work)));
            // Nobody may be waiting any more.
            let _ = sender.send(worked.map(|()| self));
        });
        InFlight { done }
    }
}

/// A replica with what is written down of it.
struct Job<'a> {
    replica: &'a mut Replica,
    /// Its row of the tallies
    row: Option<&'a mut [TransitionTally]>,
    /// Its log
    events: &'a mut Vec<MoveEvent>,
    kept: Option<&'a mut Configuration>,
}

/// What is still to do, a queue for each thread: a replica waits for the thread that had it last, whose caches hold it.
struct Queues<'a>(Vec<Mutex<std::vec::IntoIter<Job<'a>>>>);

impl<'a> Queues<'a> {
    fn new(mut jobs: Vec<Job<'a>>) -> Self {
        jobs.sort_by_key(|job| Reverse(job.replica.n));
        let mut queues: Vec<Vec<Job>> = (0..rayon::current_num_threads()).map(|_| Vec::new()).collect();
        for job in jobs {
            let home = job.replica.home % queues.len();
            queues[home].push(job);
        }
        Queues(queues.into_iter().map(|jobs| Mutex::new(jobs.into_iter())).collect())
    }

    fn len(&self) -> usize {
        self.0.len()
    }

    /// The next of this thread's own, then of the others'.
    fn next(&self) -> Option<Job<'a>> {
        let own = rayon::current_thread_index().unwrap_or(0);
        let next = |queue: usize| self.0[queue % self.len()].lock().expect("nothing is done under this lock").next();
        let job = (own..own + self.len()).find_map(next)?;
        job.replica.home = own;
        Some(job)
    }
}

/// Work under way.
#[derive(Debug)]
pub(crate) struct InFlight {
    done: Receiver<thread::Result<Scheduler>>,
}

impl InFlight {
    /// Waits for the end of the work; a thread of the pool takes part in it.
    pub(crate) fn join(self) -> Scheduler {
        let mut idle = 0;
        loop {
            let received = match self.done.try_recv() {
                Ok(scheduler) => Ok(scheduler),
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
                Ok(Ok(scheduler)) => return scheduler,
                Ok(Err(panic)) => resume_unwind(panic),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => unreachable!("the work ends by sending"),
            }
        }
    }
}

/// Between two works: the other threads of the pool stay awake for a moment, because to wake them takes longer than
/// what the host does there.
#[derive(Debug)]
pub(crate) struct KeepAwake {
    over: Arc<AtomicBool>,
}

impl KeepAwake {
    /// Begins where the caller belongs to a pool that has other threads.
    pub(crate) fn begin() -> KeepAwake {
        let over = Arc::new(AtomicBool::new(false));
        let others = rayon::current_thread_index().map_or(0, |_| rayon::current_num_threads() - 1);
        for _ in 0..others {
            let over = Arc::clone(&over);
            rayon::spawn(move || {
                let start = Instant::now();
                while !over.load(Ordering::Relaxed) && start.elapsed() < PAUSE {
                    std::hint::spin_loop();
                }
            });
        }
        KeepAwake { over }
    }
}

impl Drop for KeepAwake {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
    }
}
