//! Ranks that are processes of MPI.
//!
//! Only bytes are sent, so that nothing here is unsafe. One thread at a time talks: the one that makes the cycles.

use super::{Ranks, Transport};
use crate::base::error::{Error, Result};
use ::mpi::Threading;
use ::mpi::collective::{CommunicatorCollectives, Root};
use ::mpi::datatype::PartitionMut;
use ::mpi::environment::Universe;
use ::mpi::point_to_point::{Destination, Source};
use ::mpi::topology::{Color, Communicator, SimpleCommunicator};
use std::cell::RefCell;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

/// Most bytes of one collective: counts of MPI are numbers of 31 bits.
const MOST_BYTES: usize = 1 << 30;
/// Time between two looks of a rank that may wait for long.
const NAP: Duration = Duration::from_millis(5);
/// Tag of what the first rank tells all others.
const TOLD: i32 = 1;

/// The processes of MPI; they end with it.
#[must_use]
pub struct Processes {
    _universe: Universe,
    ranks: Ranks,
}

impl Processes {
    /// Joins the processes that were started together.
    ///
    /// # Errors
    /// [`Error::Argument`] where MPI does not start, or lets only the first thread of a process talk.
    pub fn join() -> Result<Processes> {
        let started = ::mpi::initialize_with_threading(Threading::Serialized);
        let (universe, threading) = started
            .ok_or_else(|| Error::argument("MPI does not start in this process", "start it by mpirun or srun, once"))?;
        if threading < Threading::Serialized {
            return Err(Error::argument(
                format!("this MPI supports {threading:?} threads only"),
                "take one that was built with threads (MPI_THREAD_SERIALIZED)",
            ));
        }
        let world = SimpleCommunicator::world();
        let world = Process { rank: world.rank() as usize, size: world.size() as usize, group: None };
        Ok(Processes { _universe: universe, ranks: Ranks::from(Arc::new(world) as Arc<dyn Transport>) })
    }

    /// The ranks as this process sees them.
    pub fn ranks(&self) -> &Ranks {
        &self.ranks
    }
}

thread_local! {
    /// Communicators of groups, in the thread that talks: a communicator cannot be sent to another one.
    static GROUPS: RefCell<Vec<SimpleCommunicator>> = const { RefCell::new(Vec::new()) };
}

/// This process among all, or among those of a group.
#[derive(Debug)]
struct Process {
    rank: usize,
    size: usize,
    /// Place of the group's communicator; all processes if there is none.
    group: Option<usize>,
}

impl Process {
    fn talk<T>(&self, say: impl FnOnce(&SimpleCommunicator) -> T) -> Result<T> {
        match self.group {
            None => Ok(say(&SimpleCommunicator::world())),
            // where another thread asks there is none
            Some(place) => GROUPS.with_borrow(|groups| groups.get(place).map(say)).ok_or(Error::RankLost),
        }
    }

    /// Shows the bytes of every rank in rounds that MPI can count.
    ///
    /// - `collect`: gathers some bytes of every rank; gets the bytes of this one, how many each has, and where they go
    fn in_rounds(
        &self,
        mine: &[u8],
        lengths: &[usize],
        all: &mut Vec<u8>,
        receives: bool,
        mut collect: impl FnMut(&[u8], &[i32], &[i32], &mut [u8]),
    ) {
        let chunk = (MOST_BYTES / self.size).max(1);
        let longest = lengths.iter().copied().max().unwrap_or(0);
        all.clear();
        all.resize(if receives { lengths.iter().sum() } else { 0 }, 0);
        if longest == 0 {
            return;
        }
        let mut part = Vec::new();
        for begin in (0..longest).step_by(chunk) {
            let of = |length: usize| length.saturating_sub(begin).min(chunk);
            let counts: Vec<i32> = lengths.iter().map(|&n| of(n) as i32).collect();
            let places = running_sums(&counts);
            let own = somewhere(&mine[begin.min(mine.len())..][..of(mine.len())]);
            if longest <= chunk {
                collect(own, &counts, &places, all);
                return;
            }
            part.resize(if receives { counts.iter().map(|&n| n as usize).sum() } else { 0 }, 0);
            collect(own, &counts, &places, &mut part);
            let mut first = 0;
            for ((&length, &count), &place) in lengths.iter().zip(&counts).zip(&places).filter(|_| receives) {
                let (count, place) = (count as usize, place as usize);
                all[first + begin.min(length)..][..count].copy_from_slice(&part[place..place + count]);
                first += length;
            }
        }
    }
}

/// The same bytes; none at an address that means something else to MPI. That of an empty vector is 1, by which Open MPI
/// understands that the bytes are in the place where they are to come.
fn somewhere(bytes: &[u8]) -> &[u8] {
    static NONE: [u8; 1] = [0];
    if bytes.is_empty() { &NONE[..0] } else { bytes }
}

/// What stands before each of some counts.
fn running_sums(counts: &[i32]) -> Vec<i32> {
    let before = |sum: &mut i32, &n: &i32| {
        let here = *sum;
        *sum += n;
        Some(here)
    };
    counts.iter().scan(0, before).collect()
}

impl Transport for Process {
    fn rank(&self) -> usize {
        self.rank
    }

    fn size(&self) -> usize {
        self.size
    }

    fn all_gather(&self, mine: &[u8], lengths: &[usize], all: &mut Vec<u8>) -> Result<()> {
        self.talk(|world| {
            self.in_rounds(mine, lengths, all, true, |own, counts, places, all| {
                world.all_gather_varcount_into(own, &mut PartitionMut::new(all, counts, places));
            });
        })
    }

    fn gather(&self, mine: &[u8], lengths: &[usize], all: &mut Vec<u8>) -> Result<()> {
        self.talk(|world| {
            let first = world.process_at_rank(0);
            self.in_rounds(mine, lengths, all, self.rank == 0, |own, counts, places, all| match self.rank {
                0 => first.gather_varcount_into_root(own, &mut PartitionMut::new(all, counts, places)),
                _ => first.gather_varcount_into(own),
            });
        })
    }

    fn broadcast(&self, bytes: &mut Vec<u8>) -> Result<()> {
        self.talk(|world| {
            if self.rank == 0 {
                // never nothing, see `somewhere`
                let said = [&[0], &bytes[..]].concat();
                (1..self.size as i32).for_each(|r| world.process_at_rank(r).send_with_tag(&said[..], TOLD));
                return;
            }
            // Waiting inside MPI would burn a core for as long as the first rank takes.
            let first = world.process_at_rank(0);
            while first.immediate_probe_with_tag(TOLD).is_none() {
                std::thread::sleep(NAP);
            }
            let heard = first.receive_vec_with_tag::<u8>(TOLD).0;
            *bytes = heard.get(1..).unwrap_or(&[]).to_vec();
        })
    }

    fn group(&self, ranks: &Range<usize>) -> Result<Arc<dyn Transport>> {
        let own = self.talk(|world| world.split_by_color(Color::with_value(ranks.start as i32)))?;
        let own = own.ok_or(Error::RankLost)?;
        let place = GROUPS.with_borrow_mut(|groups| {
            groups.push(own);
            groups.len() - 1
        });
        Ok(Arc::new(Process { rank: self.rank - ranks.start, size: ranks.len(), group: Some(place) }))
    }

    fn abort(&self, code: u8) -> ! {
        SimpleCommunicator::world().abort(code.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_messages_go_in_rounds() {
        // ranks 0 and 2 of three say more than one round takes, with rounds of MOST_BYTES / size
        let process = Process { rank: 1, size: MOST_BYTES / 4, group: None };
        let said = [b"abcdefghij".to_vec(), b"xy".to_vec(), b"123456".to_vec()];
        let lengths: Vec<usize> = said.iter().map(Vec::len).collect();
        let (mut all, mut rounds) = (Vec::new(), 0);
        process.in_rounds(&said[1], &lengths, &mut all, true, |own, counts, places, part| {
            let of = |r: usize| &said[r][(4 * rounds).min(said[r].len())..][..counts[r] as usize];
            assert_eq!(own, of(1));
            (0..3).for_each(|r| part[places[r] as usize..][..counts[r] as usize].copy_from_slice(of(r)));
            rounds += 1;
        });
        assert_eq!((rounds, all), (3, said.concat()));
    }
}
