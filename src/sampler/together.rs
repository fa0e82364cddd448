//! What ranks tell one another of their replicas: E and N of a split walker in every cycle, states when they are saved.

use super::{Balance, Sampler, SamplerState, learning};
use crate::backend::BackendState;
use crate::base::error::Result;
use crate::moves::exchange::EdgeTally;
use crate::moves::tally::{TransitionTally, Transitions};
use crate::ranks::{Part, Ranks, Share, Talk};
use crate::system::configuration::Measurement;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::ops::Range;

/// What all walkers share, on the first rank; and the columns of some walkers, with their numbers.
pub type ByWalkers = (Option<SamplerState>, Vec<(usize, SamplerState)>);

/// Plain data as bytes.
fn packed(value: &impl Serialize) -> Vec<u8> {
    postcard::to_stdvec(value).unwrap_or_else(|e| unreachable!("it is plain data: {e}"))
}

/// The values of all ranks in their order on the first of them, none on the others.
pub(super) fn gathered<T: Serialize + DeserializeOwned>(ranks: &Ranks, about: Talk, own: &T) -> Result<Vec<T>> {
    let all = ranks.gather(about, packed(own))?.unwrap_or_default();
    Ok(all.iter().map(|bytes| unpacked(bytes)).collect())
}

fn unpacked<T: DeserializeOwned>(bytes: &[u8]) -> T {
    postcard::from_bytes(bytes).unwrap_or_else(|e| unreachable!("ranks of one build understand each other: {e}"))
}

/// Tells E, N and accepted segments of the replicas here to the other ranks of their walker, which is split, and hears theirs.
///
/// - `own`: `[n_replicas]` of this rank
/// - `segments`: the same; empty where dynamics accept or reject none
/// - `all`: replaced by those of all replicas of the walker
/// - returns: the segments of all replicas of the walker
///
/// # Errors
/// When another rank is lost.
pub fn measurements_of_walkers(
    part: &Part,
    n_reservoirs: usize,
    own: &[Measurement],
    segments: &[u32],
    all: &mut Vec<Measurement>,
) -> Result<Vec<u32>> {
    let record = 8 + 2 * n_reservoirs + if segments.is_empty() { 0 } else { 4 };
    let mut said = Vec::with_capacity(record * own.len());
    for (r, m) in own.iter().enumerate() {
        said.extend(m.energy.to_bits().to_le_bytes());
        m.counts.iter().for_each(|n| said.extend(n.to_le_bytes()));
        segments.get(r).into_iter().for_each(|n| said.extend(n.to_le_bytes()));
    }
    let lengths: Vec<usize> = part.share.lengths().into_iter().map(|n| n * record).collect();
    let mut heard = Vec::new();
    part.walker.all_gather_known(Talk::Walker, &said, &lengths, &mut heard)?;
    all.clear();
    let mut segments = Vec::new();
    for record in heard.chunks_exact(record) {
        let (energy, rest) = record.split_at(8);
        let (counts, rest) = rest.split_at(2 * n_reservoirs);
        let energy = f64::from_bits(energy.iter().rev().fold(0, |bits, &byte| bits << 8 | u64::from(byte)));
        let counts = counts.as_chunks().0.iter().map(|n| u16::from_le_bytes(*n)).collect();
        all.push(Measurement { energy, counts });
        segments.extend(rest.as_chunks().0.iter().map(|n| u32::from_le_bytes(*n)));
    }
    Ok(segments)
}

impl Sampler {
    /// Tells E, N and accepted segments of the replicas here to the other ranks of their walker, and hears theirs.
    ///
    /// - `segments`: of the replicas here; empty where dynamics accept or reject none
    /// - returns: the segments of all replicas of the walkers
    pub(super) fn hear_of_walker(&mut self, segments: &[u32]) -> Result<Vec<u32>> {
        let share = &self.part.share;
        if !share.is_split() {
            return Ok(segments.to_vec());
        }
        let n_reservoirs = self.grid.n_reservoirs();
        measurements_of_walkers(&self.part, n_reservoirs, &self.measurements, segments, &mut self.around)
    }

    /// What was tried in every window by all walkers, wherever they are: `[n_windows][max_atoms + 1]`.
    pub(super) fn tried_in_windows(&mut self, about: Talk) -> Result<Vec<Vec<TransitionTally>>> {
        let mut tried = learning::tried_in_windows(&self.grid, &self.backend.transitions()?);
        let ranks = &self.part.all;
        if !ranks.is_alone() {
            sum_tallies(ranks, about, tried.iter_mut().flatten())?;
        }
        Ok(tried)
    }

    /// E and N of every replica of the walkers that have replicas here, in the order of replicas.
    pub fn measurements_of_walkers(&self) -> &[Measurement] {
        if self.part.share.is_split() { &self.around } else { &self.measurements }
    }

    /// Tallies of the particle moves of the walkers whose first replicas are here. All ranks of a walker must ask.
    ///
    /// # Errors
    /// When the device is lost, or another rank.
    pub fn transitions_of_walkers(&mut self) -> Result<Option<Transitions>> {
        let mut transitions = self.backend.transitions()?;
        if self.part.share.is_split() {
            sum_tallies(&self.part.walker, Talk::Saving, transitions.tallies_mut().iter_mut())?;
        }
        Ok(self.part.share.is_first().then_some(transitions))
    }

    /// The choice of the steps of a cycle with the counts of all ranks, where they are chosen. All ranks must ask.
    ///
    /// # Errors
    /// When another rank is lost.
    pub fn balance_of_all(&self) -> Result<Option<Balance>> {
        self.balance.as_ref().map(|balance| balance.over(&self.part.all)).transpose()
    }

    /// Exchange tallies of every edge over all walkers. All ranks must ask. `[n_edges]`
    ///
    /// # Errors
    /// When another rank is lost.
    pub fn edges_of_all(&self) -> Result<Vec<EdgeTally>> {
        let own = &self.exchanger.tallies;
        let mut words: Vec<u64> = own.iter().flat_map(|t| [t.attempts, t.accepted]).collect();
        self.part.all.sum(Talk::Saving, &mut words)?;
        Ok(words.as_chunks().0.iter().map(|&[attempts, accepted]| EdgeTally { attempts, accepted }).collect())
    }

    /// What later samplers need to go on from here, by walkers. All ranks must ask.
    ///
    /// - returns: what all walkers share, on the first rank; and the columns of every walker whose first replica is here,
    ///   with its number
    ///
    /// # Errors
    /// When the device is lost, or another rank.
    pub fn save_by_walkers(&mut self) -> Result<ByWalkers> {
        let own = self.save()?;
        let all = gathered(&self.part.all, Talk::Saving, &own.shared())?;
        let shared = all.into_iter().reduce(|mut sum, next| {
            sum.count_too(&next);
            sum
        });
        let share = &self.part.share;
        if share.is_split() {
            let parts = gathered(&self.part.walker, Talk::Saving, &own.without_shared())?;
            let whole = parts.into_iter().reduce(|mut whole, next| {
                whole.append(next, true);
                whole
            });
            return Ok((shared, whole.map(|whole| (share.walkers.start, whole)).into_iter().collect()));
        }
        let walker = |w: usize| (share.walkers.start + w, own.of_walkers(w..w + 1, share.n_states).without_shared());
        Ok((shared, (0..share.walkers.len()).map(walker).collect()))
    }
}

/// Replaces tallies by their sums over all ranks: of integers, so that the order is of no account.
fn sum_tallies<'a>(ranks: &Ranks, about: Talk, tallies: impl Iterator<Item = &'a mut TransitionTally>) -> Result<()> {
    let mut tallies: Vec<&mut TransitionTally> = tallies.collect();
    let own: Vec<TransitionTally> = tallies.iter().map(|t| **t).collect();
    for (rank, bytes) in ranks.all_gather(about, &packed(&own))?.iter().enumerate() {
        let of_rank: Vec<TransitionTally> = if rank == ranks.rank() { Vec::new() } else { unpacked(bytes) };
        tallies.iter_mut().zip(&of_rank).for_each(|(sum, more)| sum.add(more));
    }
    Ok(())
}

impl SamplerState {
    /// What all walkers share, without the columns of replicas and states.
    pub fn shared(&self) -> SamplerState {
        SamplerState {
            cycle: self.cycle,
            edges: self.edges.clone(),
            eta: self.eta.clone(),
            learner: self.learner.clone(),
            weights: self.weights.clone(),
            balance: self.balance.clone(),
            attempts: self.attempts.clone(),
            ..SamplerState::default()
        }
    }

    /// The columns of replicas and states alone.
    pub fn without_shared(&self) -> SamplerState {
        SamplerState {
            edges: Vec::new(),
            eta: Vec::new(),
            learner: None,
            weights: None,
            balance: None,
            attempts: None,
            ..self.clone()
        }
    }

    /// With the counts of another rank: sums of integers.
    fn count_too(&mut self, other: &SamplerState) {
        self.edges.iter_mut().zip(&other.edges).for_each(|(sum, more)| sum.add(more));
        if let (Some(own), Some(other)) = (&mut self.weights, &other.weights) {
            own.join(other);
        }
        if let (Some(own), Some(other)) = (&mut self.balance, &other.balance) {
            own.join(other);
        }
        if let (Some(own), Some(other)) = (&mut self.attempts, &other.attempts) {
            own.join(other);
        }
    }

    /// Adds the columns of other replicas after these.
    ///
    /// - `same_walker`: whether they are of the walker of these
    pub fn append(&mut self, other: SamplerState, same_walker: bool) {
        if !same_walker {
            self.assignment.extend(other.assignment);
        }
        self.measurements.extend(other.measurements);
        self.moments.extend(other.moments);
        self.segments.extend(other.segments);
        self.ledgers.extend(other.ledgers);
        self.backend.append(other.backend, same_walker);
    }

    /// The same with the columns of some of its walkers only.
    ///
    /// - `walkers`: counted from the first that it has
    pub fn of_walkers(&self, walkers: Range<usize>, n_states: usize) -> SamplerState {
        let replicas = walkers.start * n_states..walkers.end * n_states;
        SamplerState { assignment: self.assignment[replicas.clone()].to_vec(), ..self.of_replicas(&replicas, walkers) }
    }

    fn of_replicas(&self, replicas: &Range<usize>, walkers: Range<usize>) -> SamplerState {
        fn of<T: Clone>(column: &[T], replicas: &Range<usize>) -> Vec<T> {
            column.get(replicas.clone()).unwrap_or(&[]).to_vec()
        }
        SamplerState {
            assignment: self.assignment.clone(),
            measurements: of(&self.measurements, replicas),
            moments: of(&self.moments, replicas),
            segments: of(&self.segments, replicas),
            ledgers: of(&self.ledgers, replicas),
            backend: BackendState {
                transitions: self.backend.transitions.of_walkers(walkers),
                ..self.backend.slice(replicas.clone())
            },
            ..self.shared()
        }
    }

    /// Whether its columns are those of so many walkers: they came from a file.
    pub fn is_of(&self, walkers: usize, n_states: usize) -> bool {
        let n = walkers * n_states;
        let (columns, optional) = (&self.backend, |len: usize| len == 0 || len == n);
        let atoms: usize = columns.n_of.iter().map(|&n| n as usize).sum();
        let listed = || -> usize {
            columns.n_of.iter().zip(&columns.listed).filter(|(_, l)| **l).map(|(&n, _)| n as usize).sum()
        };
        self.assignment.len() == n
            && self.moments.len() == n
            && optional(self.measurements.len())
            && optional(self.segments.len())
            && optional(self.ledgers.len())
            && columns.n_of.len() == n
            && [columns.species.len(), columns.positions.len(), columns.velocities.len()] == [atoms; 3]
            && optional(columns.energies.len())
            && optional(columns.listed.len())
            && columns.list_references.len() == listed()
            && (columns.transitions.n_reservoirs() == 0 || columns.transitions.walkers() == walkers)
    }

    /// What the replicas of one rank need of the state of their walkers. What all walkers have counted together goes
    /// on with the first rank, what one walker has tallied with the first rank that has replicas of it.
    ///
    /// - `first`: whether it is the first rank
    pub fn of_share(&self, share: &Share, first: bool) -> SamplerState {
        let mut state =
            if share.is_split() { self.of_replicas(&share.own(), 0..share.walkers.len()) } else { self.clone() };
        if !share.is_first() {
            state.backend.transitions = state.backend.transitions.cleared();
        }
        if !first {
            state.edges.fill(EdgeTally::default());
            state.weights = state.weights.as_ref().map(|w| w.uncounted());
            state.balance = state.balance.as_ref().map(|b| b.uncounted());
            state.attempts = state.attempts.as_ref().map(|a| a.uncounted());
        }
        state
    }
}
