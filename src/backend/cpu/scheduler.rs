//! scheduler: all replicas, and the threads that share their work.
//!
//! Replicas are handed out one by one, those with most atoms first, so that no thread is left with a large one at the
//! end. What a replica does depends on none of this.

use super::integrate;
use super::model::Model;
use super::particle_moves::{displace, identity_changes, insert_delete};
use super::replica::Replica;
use crate::backend::ensemble::{made, places};
use crate::backend::{CycleWork, Span};
use crate::base::ids::{ReplicaId, StateId};
use crate::moves::tally::{MoveEvent, MoveLog, MoveRecorder, TransitionTally, Transitions};
use crate::system::Dynamics;
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

/// How long threads are kept from sleeping between two cycles.
const PAUSE: Duration = Duration::from_micros(100);

/// All replicas with what they record.
#[derive(Debug, Default)]
pub(super) struct Scheduler {
    pub(super) replicas: Vec<Replica>,
    /// Tallies of particle moves.
    pub(super) transitions: Transitions,
    /// Accepted particle moves.
    pub(super) log: MoveLog,
    /// `[n_replicas]` or empty, room for the configurations that the work is to keep.
    pub(super) kept: Vec<Configuration>,
}

impl Scheduler {
    /// Does the work on all threads of the pool.
    ///
    /// - `assignment`: `[n_replicas]`, the state of every replica
    /// - `of_states`: [`Ensemble::weights`](crate::backend::Ensemble::weights) of the tables of insertion, and
    ///   [`Ensemble::attempts`](crate::backend::Ensemble::attempts)
    fn work(&mut self, model: &Model, assignment: &[StateId], of_states: &[Arc<[u32]>; 2], work: &CycleWork) {
        let [weights, attempts] = of_states;
        let offsets = self.transitions.offsets().to_vec();
        let tallied = work.tally && work.moves_particles();
        let first_replica = ReplicaId(self.replicas.first().map_or(0, |r| r.id));
        let rows = if tallied { self.transitions.rows_of(first_replica, assignment) } else { Vec::new() };
        let (mut rows, mut kept) = (rows.into_iter(), self.kept.iter_mut());
        let job = |((replica, events), &state)| Job { replica, state, row: rows.next(), events, kept: kept.next() };
        let jobs: Vec<Job> = self.replicas.iter_mut().zip(self.log.page()).zip(assignment).map(job).collect();
        let queues = Queues::new(jobs);
        (0..queues.len()).into_par_iter().with_max_len(1).for_each(|_| {
            while let Some(Job { replica, state, row, events, kept }) = queues.next() {
                if let Some(Span { first, count }) = work.dynamics {
                    move_atoms(model, replica, first, count);
                }
                let mut recorder = MoveRecorder { row, offsets: &offsets, events };
                if let Some(span) = work.particle_moves {
                    let Span { first, count } = made(attempts, state, replica.n, span);
                    let places = places(&model.system, weights, state, replica.state.kt);
                    insert_delete(model, &places, replica, first, count, &mut recorder);
                }
                if let Some(Span { first, count }) = work.identity {
                    identity_changes(model, replica, first, count, &mut recorder);
                }
                if let Some(kept) = kept {
                    replica.copy_to(kept);
                }
            }
        });
    }

    /// Leaves the work to the pool and returns at once.
    pub(super) fn start(
        mut self,
        model: Arc<Model>,
        assignment: Vec<StateId>,
        of_states: [Arc<[u32]>; 2],
        work: CycleWork,
    ) -> InFlight {
        let (sender, done) = channel();
        rayon::spawn(move || {
            let worked = catch_unwind(AssertUnwindSafe(|| self.work(&model, &assignment, &of_states, &work)));
            // Nobody may be waiting any more.
            let _ = sender.send(worked.map(|()| self));
        });
        InFlight { done }
    }
}

/// One MD segment or set of displacements of one replica.
fn move_atoms(model: &Model, replica: &mut Replica, first: u64, steps: u32) {
    match model.system.dynamics {
        Dynamics::Baoab { dt, friction, .. } => integrate::baoab(model, replica, dt, friction, first, steps),
        Dynamics::Verlet { dt, .. } => {
            if model.system.dynamics.redraws_at(first) {
                integrate::redraw_velocities(model, first, replica);
            }
            integrate::verlet(model, replica, dt, steps);
        }
        Dynamics::MonteCarlo { displacement, .. } => {
            // Energies of accepted changes are f32: summing anew keeps their errors from adding up over a run.
            integrate::update_energy(model, replica);
            displace(model, replica, displacement, first, steps);
        }
        Dynamics::Hmc { .. } | Dynamics::Ghmc { .. } => {
            replica.accepted_segments = 0;
            if let Some(segment) = model.system.dynamics.segment() {
                for start in segment.starts(first, steps) {
                    replica.accepted_segments += u32::from(integrate::segment(model, replica, &segment, start));
                }
            }
        }
    }
}

/// Work on one replica, and where it is recorded.
struct Job<'a> {
    replica: &'a mut Replica,
    /// The state it holds.
    state: StateId,
    /// Its row of the tallies.
    row: Option<&'a mut [TransitionTally]>,
    /// Its page of the log.
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

/// A cycle that the pool is at.
#[derive(Debug)]
pub(super) struct InFlight {
    done: Receiver<thread::Result<Scheduler>>,
}

impl InFlight {
    /// Waits for the end of the work; a thread of the pool takes part in it.
    ///
    /// A caller from the pool must not block while jobs wait in its own queue, so it executes them (`yield_now`), looks
    /// [`LOOKS`] times for more, and then sleeps for short naps. A caller from outside the pool just waits.
    pub(super) fn join(self) -> Scheduler {
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

/// Pause between two cycles in which the other threads of the pool stay awake, because to wake them takes longer than
/// what the host does there.
#[derive(Debug)]
pub(super) struct KeepAwake {
    over: Arc<AtomicBool>,
}

impl KeepAwake {
    /// Begins where the caller belongs to a pool that has other threads.
    pub(super) fn begin() -> KeepAwake {
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
