//! Ranks that share a run stop in the same cycle, and save in the same cycle.

use crate::base::error::Result;
use crate::ranks::{Ranks, Talk};
use std::time::{Duration, Instant};

/// Time between two agreements, about.
const EVERY: Duration = Duration::from_millis(250);
/// Most cycles between two agreements, as a multiple of those between the two before.
const GROWTH: u64 = 4;

/// What is to happen after a cycle.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Wishes {
    /// Stop.
    pub(crate) stop: bool,
    /// Write a checkpoint.
    pub(crate) save: bool,
}

/// Asks all ranks, every so many cycles, whether one of them wants to stop or to save. It is all they need to tell one
/// another where walkers are whole, so they seldom wait; how seldom is the first rank's word, because clocks differ.
#[derive(Debug)]
pub(crate) struct Agreement {
    ranks: Ranks,
    /// The cycle of the next one.
    next: u64,
    /// Cycles since the last one.
    cycles: u64,
    last: Instant,
    /// Whether there is one in every cycle.
    always: bool,
}

impl Agreement {
    /// - `cycle`: the first that is to be made
    /// - `checkpoint_every`: zero saves after every cycle, and takes an agreement in each
    pub(crate) fn new(ranks: &Ranks, cycle: u64, checkpoint_every: Duration) -> Agreement {
        let always = checkpoint_every < EVERY;
        Agreement { ranks: ranks.clone(), next: cycle, cycles: 1, last: Instant::now(), always }
    }

    /// What all ranks do after a cycle: what one of them wishes, and nothing between two agreements.
    ///
    /// # Errors
    /// [`crate::base::Error::RankLost`] where another rank is gone.
    pub(crate) fn on(&mut self, cycle: u64, own: Wishes) -> Result<Wishes> {
        if self.ranks.is_alone() {
            return Ok(own);
        }
        if cycle < self.next {
            return Ok(Wishes::default());
        }
        let flags = u64::from(own.stop) | u64::from(own.save) << 1;
        let of_a_cycle = self.last.elapsed().as_secs_f64() / self.cycles as f64;
        let fit = (EVERY.as_secs_f64() / of_a_cycle.max(1e-9)) as u64;
        let cycles = if self.always { 1 } else { fit.clamp(1, GROWTH * self.cycles) };
        let all = self.ranks.all_gather_words(Talk::Agreement, &[flags, cycles])?;
        self.cycles = all[0][1];
        self.next = cycle + self.cycles;
        self.last = Instant::now();
        let flags = all.iter().fold(0, |flags, of_rank| flags | of_rank[0]);
        Ok(Wishes { stop: flags & 1 > 0, save: flags & 2 > 0 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ranks::threads;

    #[test]
    fn what_one_wishes_all_do_in_the_same_cycle() {
        let done: Vec<Vec<(u64, Wishes)>> = std::thread::scope(|scope| {
            let rank = |ranks: Ranks| {
                move || {
                    let mut agreement = Agreement::new(&ranks, 7, Duration::from_secs(60));
                    let mut done = Vec::new();
                    for cycle in 7..400 {
                        std::thread::sleep(Duration::from_micros(500 * ranks.rank() as u64));
                        let own = Wishes { stop: ranks.rank() == 1 && cycle >= 300, save: cycle == 7 };
                        let agreed = agreement.on(cycle, own).expect("all are there");
                        if agreed != Wishes::default() {
                            done.push((cycle, agreed));
                        }
                        if agreed.stop {
                            break;
                        }
                    }
                    // the only messages
                    let messages = ranks.messages();
                    assert!(messages.agreement < 40 && messages.agreement > 2, "{messages:?}");
                    done
                }
            };
            let started: Vec<_> = threads(3).into_iter().map(|ranks| scope.spawn(rank(ranks))).collect();
            started.into_iter().map(|t| t.join().expect("a rank")).collect()
        });
        assert!(done.iter().all(|d| *d == done[0]), "{done:?}");
        assert_eq!(done[0][0], (7, Wishes { stop: false, save: true }));
        assert!(done[0].len() == 2 && done[0][1].1.stop && done[0][1].0 >= 300, "{done:?}");
    }

    #[test]
    fn the_only_rank_does_what_it_wishes() {
        let mut agreement = Agreement::new(&Ranks::alone(), 0, Duration::ZERO);
        let own = Wishes { stop: false, save: true };
        assert_eq!(agreement.on(0, own).expect("alone"), own);
        assert_eq!(agreement.on(1, Wishes::default()).expect("alone"), Wishes::default());
    }
}
