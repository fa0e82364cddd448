//! Ranks: the processes that share a run, and the little that they tell one another.
//!
//! A rank holds whole walkers, and then needs nothing of the others but to stop in the same cycle; a walker is split only
//! where there are more ranks than walkers. What is summed over ranks is made of integers, so that their number changes
//! no bit. Beside processes of MPI (feature `mpi`) ranks can be threads of one process, which is how it is tested.

#[cfg(feature = "mpi")]
pub mod mpi;
mod share;
mod threads;

pub use share::{Part, Share};
pub use threads::threads;

use crate::base::error::{Error, Result};
use serde::{Deserialize, Serialize};
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// How ranks reach one another. All of them make the same calls in the same order.
pub trait Transport: Send + Sync + std::fmt::Debug {
    /// Number of this rank, from 0.
    fn rank(&self) -> usize;

    /// Number of ranks.
    fn size(&self) -> usize;

    /// Replaces `all` by the bytes of every rank, one after the other in their order.
    ///
    /// - `lengths`: `[size]`, bytes of every rank
    ///
    /// # Errors
    /// [`Error::RankLost`] where another rank is gone.
    fn all_gather(&self, mine: &[u8], lengths: &[usize], all: &mut Vec<u8>) -> Result<()>;

    /// As [`Transport::all_gather`] for rank 0 alone; `all` of the others becomes empty.
    ///
    /// # Errors
    /// As [`Transport::all_gather`].
    fn gather(&self, mine: &[u8], lengths: &[usize], all: &mut Vec<u8>) -> Result<()>;

    /// Replaces `bytes` of every rank by those of rank 0. The others may wait for long, and leave the processor alone.
    ///
    /// # Errors
    /// As [`Transport::all_gather`].
    fn broadcast(&self, bytes: &mut Vec<u8>) -> Result<()>;

    /// Some ranks among themselves, of which this is one: everybody says to which group it belongs.
    ///
    /// # Errors
    /// As [`Transport::all_gather`].
    fn group(&self, ranks: &Range<usize>) -> Result<Arc<dyn Transport>>;

    /// Ends all ranks at once with an exit code.
    fn abort(&self, code: u8) -> !;
}

/// What ranks talk about: the number of their messages is told by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Talk {
    /// The start of a run, and its end.
    Start,
    /// Whether to stop or to save.
    Agreement,
    /// E and N of the replicas of a split walker.
    Walker,
    /// What equilibration learns from all walkers.
    Equilibration,
    /// Checkpoints, snapshots and tables.
    Saving,
}

/// Messages of one rank so far, by what they were about; part of `run.json`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Messages {
    /// About the start and the end.
    pub start: u64,
    /// Whether to stop or to save.
    pub agreement: u64,
    /// E and N of split walkers.
    pub walker: u64,
    /// What equilibration learns from all walkers.
    pub equilibration: u64,
    /// Checkpoints, snapshots and tables.
    pub saving: u64,
}

/// The ranks of a run as one of them sees them.
#[derive(Debug, Clone, Default)]
pub struct Ranks {
    /// None where there is one rank.
    transport: Option<Arc<dyn Transport>>,
    counts: Arc<Counts>,
}

/// What a rank has said and waited.
#[derive(Debug, Default)]
struct Counts {
    messages: [AtomicU64; 5],
    /// \[ns\]
    waited: AtomicU64,
    /// Whether all ranks have failed together.
    agreed_to_end: AtomicBool,
}

impl From<Arc<dyn Transport>> for Ranks {
    fn from(transport: Arc<dyn Transport>) -> Ranks {
        Ranks { transport: (transport.size() > 1).then_some(transport), counts: Arc::default() }
    }
}

impl Ranks {
    /// One rank, which has nobody to talk to.
    pub fn alone() -> Ranks {
        Ranks::default()
    }

    /// Whether this is the only rank.
    pub fn is_alone(&self) -> bool {
        self.transport.is_none()
    }

    /// Number of this rank, from 0.
    pub fn rank(&self) -> usize {
        self.transport.as_ref().map_or(0, |t| t.rank())
    }

    /// Number of ranks.
    pub fn size(&self) -> usize {
        self.transport.as_ref().map_or(1, |t| t.size())
    }

    /// Whether this rank writes what there is one of.
    pub fn is_first(&self) -> bool {
        self.rank() == 0
    }

    /// Messages of this rank so far.
    pub fn messages(&self) -> Messages {
        let [start, agreement, walker, equilibration, saving] =
            std::array::from_fn(|k| self.counts.messages[k].load(Ordering::Relaxed));
        Messages { start, agreement, walker, equilibration, saving }
    }

    /// Time that this rank has waited for others, and for messages.
    pub fn waited(&self) -> Duration {
        Duration::from_nanos(self.counts.waited.load(Ordering::Relaxed))
    }

    /// Counts a message, and the time that it takes.
    fn counted<T>(&self, about: Talk, say: impl FnOnce() -> Result<T>) -> Result<T> {
        self.counts.messages[about as usize].fetch_add(1, Ordering::Relaxed);
        let start = Instant::now();
        let said = say();
        self.counts.waited.fetch_add(start.elapsed().as_nanos() as u64, Ordering::Relaxed);
        said
    }

    /// The bytes of every rank in their order, where everybody knows how many these are.
    ///
    /// - `lengths`: `[size]`
    /// - `all`: replaced
    ///
    /// # Errors
    /// [`Error::RankLost`] where another rank is gone.
    pub fn all_gather_known(&self, about: Talk, mine: &[u8], lengths: &[usize], all: &mut Vec<u8>) -> Result<()> {
        let Some(transport) = &self.transport else {
            all.clear();
            all.extend_from_slice(mine);
            return Ok(());
        };
        self.counted(about, || transport.all_gather(mine, lengths, all))
    }

    /// The bytes of every rank: `[size]`.
    ///
    /// # Errors
    /// [`Error::RankLost`] where another rank is gone.
    pub fn all_gather(&self, about: Talk, mine: &[u8]) -> Result<Vec<Vec<u8>>> {
        let (lengths, mut all) = (self.lengths(about, mine)?, Vec::new());
        self.all_gather_known(about, mine, &lengths, &mut all)?;
        Ok(apart(&all, &lengths))
    }

    /// The bytes of every rank, `[size]`, for rank 0; none for the others.
    ///
    /// # Errors
    /// [`Error::RankLost`] where another rank is gone.
    pub fn gather(&self, about: Talk, mine: Vec<u8>) -> Result<Option<Vec<Vec<u8>>>> {
        let Some(transport) = &self.transport else { return Ok(Some(vec![mine])) };
        let (lengths, mut all) = (self.lengths(about, &mine)?, Vec::new());
        self.counted(about, || transport.gather(&mine, &lengths, &mut all))?;
        Ok(self.is_first().then(|| apart(&all, &lengths)))
    }

    /// How many bytes every rank has to say.
    fn lengths(&self, about: Talk, mine: &[u8]) -> Result<Vec<usize>> {
        let mut all = Vec::new();
        self.all_gather_known(about, &(mine.len() as u64).to_le_bytes(), &vec![8; self.size()], &mut all)?;
        Ok(words(&all).map(|n| n as usize).collect())
    }

    /// The numbers of every rank, as many of each: `[size][values]`.
    ///
    /// # Errors
    /// [`Error::RankLost`] where another rank is gone.
    pub fn all_gather_words(&self, about: Talk, mine: &[u64]) -> Result<Vec<Vec<u64>>> {
        let bytes: Vec<u8> = mine.iter().flat_map(|x| x.to_le_bytes()).collect();
        let mut all = Vec::new();
        self.all_gather_known(about, &bytes, &vec![bytes.len(); self.size()], &mut all)?;
        Ok(match bytes.len() {
            0 => vec![Vec::new(); self.size()],
            n => all.chunks(n).map(|of_rank| words(of_rank).collect()).collect(),
        })
    }

    /// Replaces numbers by their sums over all ranks. They are integers: the order is of no account.
    ///
    /// # Errors
    /// [`Error::RankLost`] where another rank is gone.
    pub fn sum(&self, about: Talk, values: &mut [u64]) -> Result<()> {
        if self.is_alone() {
            return Ok(());
        }
        let all = self.all_gather_words(about, values)?;
        values.fill(0);
        all.iter().for_each(|of_rank| values.iter_mut().zip(of_rank).for_each(|(sum, x)| *sum += x));
        Ok(())
    }

    /// Waits until every rank has come here.
    ///
    /// # Errors
    /// [`Error::RankLost`] where another rank is gone.
    pub fn meet(&self, about: Talk) -> Result<()> {
        if self.is_alone() {
            return Ok(());
        }
        self.all_gather_known(about, &[0], &vec![1; self.size()], &mut Vec::new())
    }

    /// What rank 0 says; what the others say is not heard.
    ///
    /// # Errors
    /// [`Error::RankLost`] where another rank is gone.
    pub fn broadcast(&self, about: Talk, mut bytes: Vec<u8>) -> Result<Vec<u8>> {
        if let Some(transport) = &self.transport {
            self.counted(about, || transport.broadcast(&mut bytes))?;
        }
        Ok(bytes)
    }

    /// The result of every rank taken together: the error of the first rank that has one, for all.
    ///
    /// # Errors
    /// Rank 0 gets its own error, or that of another rank in words ([`Error::OtherRank`]); the others one that is not
    /// to be told again.
    pub fn agree<T>(&self, result: Result<T>) -> Result<T> {
        if self.is_alone() {
            return result;
        }
        let words = result.as_ref().err().map_or_else(Vec::new, |e| e.to_string().into_bytes());
        let all = self.all_gather(Talk::Start, &words)?;
        let Some((rank, words)) = all.iter().enumerate().find(|(_, words)| !words.is_empty()) else { return result };
        self.counts.agreed_to_end.store(true, Ordering::Relaxed);
        match result {
            Err(own) if self.is_first() => Err(own),
            _ if self.is_first() => {
                Err(Error::OtherRank { rank, problem: String::from_utf8_lossy(words).into_owned() })
            }
            _ => Err(Error::ToldElsewhere),
        }
    }

    /// Whether all ranks have failed at the same place ([`Ranks::agree`]), and none waits for another.
    pub fn have_agreed_to_end(&self) -> bool {
        self.counts.agreed_to_end.load(Ordering::Relaxed)
    }

    /// The ranks of a range, of which this is one, among themselves.
    ///
    /// # Errors
    /// [`Error::RankLost`] where another rank is gone.
    fn group(&self, ranks: &Range<usize>) -> Result<Ranks> {
        let Some(transport) = &self.transport else { return Ok(Ranks::alone()) };
        let group = transport.group(ranks)?;
        // messages count for the whole
        Ok(Ranks { transport: (group.size() > 1).then_some(group), counts: Arc::clone(&self.counts) })
    }

    /// Ends all ranks at once with an exit code; the only rank goes on, and ends by itself.
    pub fn abort(&self, code: u8) {
        if let Some(transport) = &self.transport {
            transport.abort(code);
        }
    }
}

/// Little-endian numbers of bytes.
fn words(bytes: &[u8]) -> impl Iterator<Item = u64> {
    bytes.as_chunks().0.iter().map(|chunk| u64::from_le_bytes(*chunk))
}

/// Bytes that stand one after the other, each for itself.
fn apart(all: &[u8], lengths: &[usize]) -> Vec<Vec<u8>> {
    let mut rest = all;
    let next = |&length: &usize| {
        let (own, others) = rest.split_at(length);
        rest = others;
        own.to_vec()
    };
    lengths.iter().map(next).collect()
}
