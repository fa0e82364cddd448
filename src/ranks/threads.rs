//! Ranks that are threads of one process.

use super::{Ranks, Transport};
use crate::base::error::{Error, Result};
use std::collections::HashMap;
use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

/// Ranks for so many threads, one for each.
pub fn threads(size: usize) -> Vec<Ranks> {
    let meeting = Meeting::of(size);
    let rank = |rank| Arc::new(Thread { rank, meeting: Arc::clone(&meeting), groups: AtomicUsize::new(0) });
    (0..size).map(|r| Ranks::from(rank(r) as Arc<dyn Transport>)).collect()
}

/// One of the threads.
#[derive(Debug)]
struct Thread {
    rank: usize,
    meeting: Arc<Meeting>,
    /// Groups that were made so far.
    groups: AtomicUsize,
}

/// Where threads meet: nobody leaves before everybody has come.
#[derive(Debug)]
struct Meeting {
    size: usize,
    inside: Mutex<Inside>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Inside {
    /// Meetings that have taken place.
    round: u64,
    /// `[size]`, what those bring who have come.
    brought: Vec<Option<Vec<u8>>>,
    /// What everybody had brought to the last meeting.
    all: Arc<Vec<Vec<u8>>>,
    /// How many have not left the last meeting.
    leaving: usize,
    /// Whether somebody will not come any more.
    lost: bool,
    /// Meetings of groups, by their number and first rank.
    groups: HashMap<(usize, usize), Arc<Meeting>>,
}

impl Meeting {
    fn of(size: usize) -> Arc<Meeting> {
        let inside = Inside { brought: vec![None; size], ..Inside::default() };
        Arc::new(Meeting { size, inside: Mutex::new(inside), changed: Condvar::new() })
    }

    fn lock(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits as long as `holds`.
    fn wait_while<'a>(
        &'a self,
        mut inside: MutexGuard<'a, Inside>,
        holds: impl Fn(&Inside) -> bool,
    ) -> Result<MutexGuard<'a, Inside>> {
        while holds(&inside) {
            if inside.lost {
                return Err(Error::RankLost);
            }
            inside = self.changed.wait(inside).unwrap_or_else(PoisonError::into_inner);
        }
        Ok(inside)
    }

    fn meet(&self, rank: usize, mine: &[u8]) -> Result<Arc<Vec<Vec<u8>>>> {
        let mut inside = self.wait_while(self.lock(), |i| i.leaving > 0)?;
        let round = inside.round;
        inside.brought[rank] = Some(mine.to_vec());
        if inside.brought.iter().all(Option::is_some) {
            inside.all = Arc::new(inside.brought.iter_mut().filter_map(Option::take).collect());
            (inside.round, inside.leaving) = (round + 1, self.size);
            self.changed.notify_all();
        } else {
            inside = self.wait_while(inside, |i| i.round == round)?;
        }
        inside.leaving -= 1;
        if inside.leaving == 0 {
            self.changed.notify_all();
        }
        Ok(Arc::clone(&inside.all))
    }
}

impl Transport for Thread {
    fn rank(&self) -> usize {
        self.rank
    }

    fn size(&self) -> usize {
        self.meeting.size
    }

    fn all_gather(&self, mine: &[u8], lengths: &[usize], all: &mut Vec<u8>) -> Result<()> {
        let met = self.meeting.meet(self.rank, mine)?;
        assert!(met.iter().zip(lengths).all(|(bytes, &n)| bytes.len() == n), "everybody says what was announced");
        *all = met.concat();
        Ok(())
    }

    fn gather(&self, mine: &[u8], lengths: &[usize], all: &mut Vec<u8>) -> Result<()> {
        self.all_gather(mine, lengths, all)?;
        if self.rank > 0 {
            all.clear();
        }
        Ok(())
    }

    fn broadcast(&self, bytes: &mut Vec<u8>) -> Result<()> {
        bytes.clone_from(&self.meeting.meet(self.rank, bytes)?[0]);
        Ok(())
    }

    fn group(&self, ranks: &Range<usize>) -> Result<Arc<dyn Transport>> {
        let number = self.groups.fetch_add(1, Ordering::Relaxed);
        let meeting = {
            let mut inside = self.meeting.lock();
            let group = inside.groups.entry((number, ranks.start)).or_insert_with(|| Meeting::of(ranks.len()));
            Arc::clone(group)
        };
        self.meeting.meet(self.rank, &[])?;
        Ok(Arc::new(Thread { rank: self.rank - ranks.start, meeting, groups: AtomicUsize::new(0) }))
    }

    fn abort(&self, code: u8) -> ! {
        std::process::exit(code.into())
    }
}

impl Drop for Thread {
    fn drop(&mut self) {
        let mut inside = self.meeting.lock();
        inside.lost = true;
        self.meeting.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::super::Talk;
    use super::*;

    /// What every rank of so many returns.
    fn on_ranks<T: Send>(size: usize, body: impl Fn(Ranks) -> T + Sync) -> Vec<T> {
        std::thread::scope(|scope| {
            let started: Vec<_> = threads(size).into_iter().map(|ranks| scope.spawn(|| body(ranks))).collect();
            started.into_iter().map(|t| t.join().expect("a thread")).collect()
        })
    }

    #[test]
    fn everybody_hears_everybody_in_order() {
        for size in [1, 2, 5] {
            let heard = on_ranks(size, |ranks| -> Result<_> {
                let mut sums = [ranks.rank() as u64, 1];
                for _ in 0..100 {
                    let all = ranks.all_gather(Talk::Start, &vec![7; ranks.rank()])?;
                    assert_eq!(all.iter().map(Vec::len).collect::<Vec<_>>(), (0..size).collect::<Vec<_>>());
                }
                ranks.sum(Talk::Saving, &mut sums)?;
                let first = ranks.gather(Talk::Saving, vec![ranks.rank() as u8])?;
                let said = ranks.broadcast(Talk::Start, vec![ranks.rank() as u8 + 3])?;
                Ok((sums, first, said))
            });
            for (rank, heard) in heard.into_iter().enumerate() {
                let (sums, first, said) = heard.expect("all are there");
                let n = size as u64;
                assert_eq!((sums, said), ([n * (n - 1) / 2, n], vec![3]));
                assert_eq!(first, (rank == 0).then(|| (0..size).map(|r| vec![r as u8]).collect()));
            }
        }
    }

    #[test]
    fn groups_talk_among_themselves() {
        let heard = on_ranks(5, |ranks| {
            let of = if ranks.rank() < 2 { 0..2 } else { 2..5 };
            for _ in 0..3 {
                let group = ranks.group(&of).expect("a group");
                let all = group.all_gather(Talk::Walker, &[ranks.rank() as u8]).expect("all are there");
                assert_eq!(all, of.clone().map(|r| vec![r as u8]).collect::<Vec<_>>());
                assert_eq!(group.rank(), ranks.rank() - of.start);
            }
            ranks.messages().walker
        });
        assert_eq!(heard, [6; 5]);
    }

    #[test]
    fn who_waits_for_one_that_is_gone_is_told() {
        let heard = on_ranks(3, |ranks| if ranks.rank() == 1 { Ok(()) } else { ranks.meet(Talk::Agreement) });
        assert!(matches!(heard[..], [Err(Error::RankLost), Ok(()), Err(Error::RankLost)]), "{heard:?}");
    }

    #[test]
    fn an_error_of_one_is_one_of_all_and_told_once() {
        let bad = || Error::argument("it is bad", "make it good");
        let heard = on_ranks(3, |ranks| ranks.agree(if ranks.rank() == 2 { Err(bad()) } else { Ok(()) }));
        let told = heard[0].as_ref().expect_err("of rank 2").to_string();
        assert!(told.contains("rank 2") && told.contains("it is bad; make it good"), "{told}");
        assert!(heard[1..].iter().all(|r| matches!(r, Err(Error::ToldElsewhere))));
        assert!(on_ranks(3, |ranks| ranks.agree(Ok(1)).ok()).iter().all(|r| *r == Some(1)));
    }
}
