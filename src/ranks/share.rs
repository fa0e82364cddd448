//! Which replicas a rank holds.

use super::Ranks;
use crate::base::error::{Error, Result};
use std::ops::Range;

/// The replicas of a rank, and the walkers that they belong to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Share {
    /// States of a walker.
    pub n_states: usize,
    /// Walkers to which its replicas belong: of these it knows all states.
    pub walkers: Range<usize>,
    /// Global indices of its replicas.
    pub replicas: Range<usize>,
    /// The ranks among which its walker is split; itself where it holds whole walkers.
    pub ranks: Range<usize>,
}

impl Share {
    /// All of a run.
    pub fn whole(walkers: usize, n_states: usize) -> Share {
        Share { n_states, walkers: 0..walkers, replicas: 0..walkers * n_states, ranks: 0..1 }
    }

    /// The share of a rank: whole walkers, or a part of one where there are more ranks than walkers.
    ///
    /// # Errors
    /// [`Error::Argument`] where there are more ranks than replicas.
    pub fn of(rank: usize, size: usize, walkers: usize, n_states: usize) -> Result<Share> {
        let n_replicas = walkers * n_states;
        if size > n_replicas {
            let problem = format!("{size} ranks for {n_replicas} replicas, of which each is on one rank");
            return Err(Error::argument(problem, "start fewer ranks, or give the scene more states or `walkers`"));
        }
        // rank r begins where r parts of `of` begin
        let part = |r: usize, of: usize, parts: usize| r * of / parts;
        if size <= walkers {
            let own = part(rank, walkers, size)..part(rank + 1, walkers, size);
            let replicas = own.start * n_states..own.end * n_states;
            return Ok(Share { n_states, walkers: own, replicas, ranks: rank..rank + 1 });
        }
        let first_rank = |walker: usize| part(walker, size, walkers);
        let walker = (0..walkers).rfind(|&w| first_rank(w) <= rank).unwrap_or(0);
        let ranks = first_rank(walker)..first_rank(walker + 1);
        let first = |r: usize| walker * n_states + part(r - ranks.start, n_states, ranks.len());
        let replicas = first(rank)..first(rank + 1);
        Ok(Share { n_states, walkers: walker..walker + 1, replicas, ranks })
    }

    /// Number of its replicas.
    pub fn len(&self) -> usize {
        self.replicas.len()
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.replicas.is_empty()
    }

    /// Whether its walker is on other ranks too.
    pub fn is_split(&self) -> bool {
        self.len() < self.walkers.len() * self.n_states
    }

    /// Replicas of its walkers that lie before its own.
    pub fn before(&self) -> usize {
        self.replicas.start - self.walkers.start * self.n_states
    }

    /// Its replicas, counted from the first of its walkers.
    pub fn own(&self) -> Range<usize> {
        self.before()..self.before() + self.len()
    }

    /// Whether it keeps what its walkers have once: it holds their first replicas.
    pub fn is_first(&self) -> bool {
        self.before() == 0
    }

    /// The replicas of every rank among which its walker is split: `[ranks]`.
    pub fn lengths(&self) -> Vec<usize> {
        let n = self.ranks.len();
        match self.is_split() {
            true => (0..n).map(|r| (r + 1) * self.n_states / n - r * self.n_states / n).collect(),
            false => vec![self.len()],
        }
    }
}

/// What a rank holds of a run, and whom it talks to.
#[derive(Debug, Clone)]
pub struct Part {
    /// What it holds.
    pub share: Share,
    /// All ranks.
    pub all: Ranks,
    /// Those among which its walker is split.
    pub walker: Ranks,
}

impl Part {
    /// All of a run, for the only rank.
    pub fn whole(walkers: usize, n_states: usize) -> Part {
        Part { share: Share::whole(walkers, n_states), all: Ranks::alone(), walker: Ranks::alone() }
    }

    /// The part of this rank. All ranks must call this.
    ///
    /// # Errors
    /// [`Error::RankLost`].
    pub fn of(ranks: &Ranks, share: Share) -> Result<Part> {
        let walker = ranks.group(&share.ranks)?;
        Ok(Part { share, all: ranks.clone(), walker })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_replica_is_on_one_rank_and_walkers_are_split_only_if_they_must() {
        for (walkers, n_states) in [(1, 6), (4, 6), (3, 5), (7, 1)] {
            for size in 1..=walkers * n_states {
                let shares: Vec<Share> =
                    (0..size).map(|r| Share::of(r, size, walkers, n_states).expect("a share")).collect();
                let mut next = 0;
                for (rank, share) in shares.iter().enumerate() {
                    assert_eq!(share.replicas.start, next, "{size} ranks, {walkers} walkers");
                    next = share.replicas.end;
                    assert!(!share.is_empty() && share.ranks.contains(&rank));
                    assert_eq!(share.is_split(), size > walkers && share.ranks.len() > 1);
                    assert_eq!(share.is_first(), !share.is_split() || rank == share.ranks.start);
                    let walkers_of = share.replicas.start / n_states..share.replicas.end.div_ceil(n_states);
                    assert_eq!(walkers_of, share.walkers);
                    let lengths: Vec<usize> = share.ranks.clone().map(|r| shares[r].len()).collect();
                    assert_eq!(share.lengths(), lengths);
                }
                assert_eq!(next, walkers * n_states);
            }
            let error = Share::of(0, walkers * n_states + 1, walkers, n_states).expect_err("too many");
            assert!(error.to_string().contains("fewer ranks"), "{error}");
        }
        assert_eq!(Share::of(0, 1, 4, 6).expect("a share"), Share::whole(4, 6));
    }
}
