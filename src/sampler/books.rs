//! What the host keeps of every cycle while the device is at the next: identities, segments, averages.

use super::identities::AtomIdentities;
use super::{SHARED, Sampler};
use crate::backend::MoveEvents;
use crate::base::error::{Error, Result};
use crate::base::ids::{ReplicaId, StateId};
use crate::moves::exchange::Period;
use crate::moves::tally::{MoveEvent, SegmentTally};
use rayon::prelude::*;

/// Replicas whose identities are fetched together.
const FETCHED: usize = 32;

impl Sampler {
    /// Follows the accepted moves of the cycle just finished, and checks the counts they lead to.
    pub(super) fn follow_moves(&mut self, events: &dyn MoveEvents) -> Result<()> {
        if self.grid.n_reservoirs() == 0 || self.plan.particle_moves() == 0 {
            return Ok(());
        }
        let (ledgers, measurements, reservoirs) = (&mut self.ledgers, &self.measurements, &self.reservoirs);
        let (mut moved, mut fault) = (0, None);
        events.open(&mut |log| {
            let logged = log.n_replicas().min(measurements.len());
            let follow = |events: &mut Vec<MoveEvent>, (replica, ledger): (usize, &mut AtomIdentities)| {
                events.clear();
                log.of_replica(replica, events);
                let followed = ledger.follow(reservoirs, events, &measurements[replica]);
                (events.len() as u64, followed.err().map(|problem| (replica, problem)))
            };
            // The fault of the first replica that has one, whoever finds it.
            let both = |a: (u64, Option<(usize, String)>), b: (u64, Option<(usize, String)>)| {
                let first = match (a.1, b.1) {
                    (Some(x), Some(y)) => Some(if x.0 <= y.0 { x } else { y }),
                    (x, y) => x.or(y),
                };
                (a.0 + b.0, first)
            };
            let follow_some = |events: &mut Vec<MoveEvent>, (block, ledgers): (usize, &mut [AtomIdentities])| {
                AtomIdentities::fetch(ledgers);
                let each =
                    ledgers.iter_mut().enumerate().map(|(k, ledger)| follow(events, (block * FETCHED + k, ledger)));
                each.fold((0, None), both)
            };
            let shared = ledgers[..logged].par_chunks_mut(FETCHED).enumerate().with_min_len(SHARED / FETCHED);
            (moved, fault) = shared.map_init(Vec::new, follow_some).reduce(|| (0, None), both);
            if logged != measurements.len() {
                fault.get_or_insert((logged, "its accepted moves were not logged".to_owned()));
            }
        })?;
        let n_replicas = self.measurements.len() as u64;
        let of_all = |attempts: u32| u64::from(attempts) * n_replicas;
        self.recent.moves += of_all(self.plan.identity)
            + self.attempts.as_ref().map_or(of_all(self.plan.attempts), |attempts| attempts.made_by(n_replicas));
        self.recent.moved += moved;
        match fault {
            None => Ok(()),
            Some((replica, problem)) => {
                Err(Error::ReplicaFault { replica: self.global(replica).index(), cycle: self.cycle - 1, problem })
            }
        }
    }

    /// Adds the segments of a cycle to the states in which they were made, those before the exchange.
    ///
    /// - `accepted`: of every replica of the walkers; empty where dynamics accept or reject none
    pub(super) fn count_segments(&mut self, period: Period, accepted: &[u32]) {
        let of_a_cycle = u64::from(!accepted.is_empty());
        self.recent.segments += of_a_cycle * accepted.len() as u64;
        self.recent.accepted_segments += accepted.iter().map(|&n| u64::from(n)).sum::<u64>();
        if period == Period::Equilibration {
            return;
        }
        for (r, &accepted) in accepted.iter().enumerate() {
            let replica = ReplicaId(r as u32);
            let place =
                self.assignment.walker_of(replica) * self.grid.len() + self.assignment.state_of(replica).index();
            let here = place.checked_sub(self.part.share.before()).and_then(|place| self.segments.get_mut(place));
            if let Some(tally) = here {
                tally.add(&SegmentTally { segments: 1, accepted: u64::from(accepted) });
            }
        }
    }

    /// Adds the cycle just finished to the averages of the states.
    pub(super) fn accumulate(&mut self) {
        let share = &self.part.share;
        let measurements = if share.is_split() { &self.around } else { &self.measurements };
        let (assignment, n_states) = (&self.assignment, self.grid.len());
        let places = share.before()..share.before() + share.len();
        self.moments.add(places.map(|place| {
            let replica = assignment.replica_of(place / n_states, StateId((place % n_states) as u32));
            &measurements[replica.index()]
        }));
    }
}
