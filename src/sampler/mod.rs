//! The cycle: dynamics, particle moves, exchange, averages.

pub mod identities;
pub mod initial;
pub mod moments;

use crate::backend::{Backend, BackendState, CycleWork, KeptConfigurations, MoveEvents, Span};
use crate::base::error::{Error, Result};
use crate::base::ids::{ReplicaId, StateId};
use crate::forces::pairwise;
use crate::io::xyz::Frame;
use crate::moves::exchange::{Assignment, EdgeTally, Exchanger, Period};
use crate::moves::tally::Transitions;
use crate::potential::OVERLAP_ENERGY;
use crate::sampler::identities::AtomIdentities;
use crate::sampler::moments::{Moments, StateAverage, average};
use crate::system::configuration::{Batch, Measurement};
use crate::thermo::states::StateGrid;
use glam::DVec3;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// Cycles between audits of the running energies.
pub const AUDIT_EVERY: u64 = 100;

/// Rounding that no pair of the present configuration shows: that of repulsion and attraction before they cancel, and of
/// accepted changes whose atoms have left. In units of kT; times the tolerance of f32 pairs it is 0.002 kT, far below
/// any change that could be missing from the running energy.
const AUDIT_FLOOR: f64 = 1000.0;

/// How many particle moves and exchanges a cycle makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CyclePlan {
    /// MD steps or displacement attempts.
    pub steps: u32,
    /// Insertion and deletion attempts.
    pub attempts: u32,
    /// Cycles between exchange rounds.
    pub exchange_every: u32,
}

/// A cycle to be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cycle {
    /// The part of the run it belongs to.
    pub period: Period,
    /// Whether its configurations are kept, for [`Sampler::kept`].
    pub keep: bool,
}

impl From<Period> for Cycle {
    /// A cycle that keeps nothing.
    fn from(period: Period) -> Cycle {
        Cycle { period, keep: false }
    }
}

/// Everything a sampler needs to go on with the same bits: its part of a checkpoint.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SamplerState {
    /// Cycles made; the address of every random number follows from it.
    pub cycle: u64,
    /// `[n_replicas]`, the state every replica holds.
    pub assignment: Vec<StateId>,
    /// `[n_replicas]`, E and N of the last cycle; empty before the first.
    pub measurements: Vec<Measurement>,
    /// `[walker * n_states + state]`
    pub moments: Vec<Moments>,
    /// `[n_edges]`
    pub edges: Vec<EdgeTally>,
    /// `[n_replicas]`, identities of the atoms.
    pub ledgers: Vec<AtomIdentities>,
    /// Configurations and what goes with them.
    pub backend: BackendState,
}

/// All replicas of a grid, moving on cycle by cycle.
pub struct Sampler {
    grid: StateGrid,
    backend: Box<dyn Backend>,
    plan: CyclePlan,
    cycle: u64,
    /// The cycle that the backend is already at.
    ahead: Option<Cycle>,
    assignment: Assignment,
    exchanger: Exchanger,
    measurements: Vec<Measurement>,
    /// What the cycle that was finished last has kept, until it is asked for.
    kept: Option<Box<dyn KeptConfigurations>>,
    max_atoms: Vec<u16>,
    /// `[n_reservoirs]`, species index.
    reservoirs: Vec<u8>,
    image_shifts: Vec<DVec3>,
    /// `[walker * n_states + state]`
    moments: Vec<Moments>,
    /// `[n_replicas]`; empty when the backend was moved from outside since.
    ledgers: Vec<AtomIdentities>,
    recent: Recent,
}

/// Exchanges and particle moves since they were last asked for: what a progress line shows.
#[derive(Debug, Clone, Copy, Default)]
pub struct Recent {
    /// Exchanges tried.
    pub exchanges: u64,
    /// Exchanges accepted.
    pub exchanged: u64,
    /// Insertions and deletions tried.
    pub moves: u64,
    /// Insertions and deletions accepted.
    pub moved: u64,
}

impl Sampler {
    /// Loads `batch` (replica `walker * n_states + k` starts in state k) into the backend.
    ///
    /// # Errors
    /// When the device cannot hold the batch.
    pub fn new(grid: StateGrid, mut backend: Box<dyn Backend>, plan: CyclePlan, batch: &Batch) -> Result<Sampler> {
        let (n_states, n_reservoirs) = (grid.len(), grid.n_reservoirs());
        let walkers = batch.configurations.len() / n_states;
        assert_eq!(batch.configurations.len(), walkers * n_states, "every walker holds every state");
        let assignment = Assignment::identity(n_states, walkers);
        backend.load(batch, &grid.states, assignment.states())?;
        let reservoirs = backend.system().reservoirs.iter().map(|r| r.species).collect();
        let max_atoms = backend.system().reservoirs.iter().map(|r| r.max_atoms).collect();
        Ok(Sampler {
            exchanger: Exchanger::new(&grid),
            cycle: 0,
            ahead: None,
            ledgers: batch.configurations.iter().map(AtomIdentities::new).collect(),
            measurements: Vec::new(),
            kept: None,
            max_atoms,
            reservoirs,
            image_shifts: backend.system().image_shifts(),
            moments: vec![Moments::new(n_reservoirs); walkers * n_states],
            recent: Recent::default(),
            assignment,
            plan,
            backend,
            grid,
        })
    }

    /// Everything a later sampler needs to go on from here.
    ///
    /// The backend must not be ahead (see [`Sampler::advance_ahead`]).
    ///
    /// # Errors
    /// When the device is lost.
    pub fn save(&mut self) -> Result<SamplerState> {
        assert!(self.ahead.is_none(), "a state is saved between two cycles");
        Ok(SamplerState {
            cycle: self.cycle,
            assignment: self.assignment.states().to_vec(),
            measurements: self.measurements.clone(),
            moments: self.moments.clone(),
            edges: self.exchanger.tallies.clone(),
            ledgers: self.ledgers.clone(),
            backend: self.backend.save()?,
        })
    }

    /// A sampler that goes on where another one was saved.
    ///
    /// - `walkers`: independent copies of the grid
    ///
    /// # Errors
    /// [`Error::CheckpointMisfit`] if the state does not fit the grid and the system, or whatever the device says.
    pub fn restore(
        grid: StateGrid,
        mut backend: Box<dyn Backend>,
        plan: CyclePlan,
        walkers: usize,
        state: &SamplerState,
    ) -> Result<Sampler> {
        let (n_states, n_reservoirs) = (grid.len(), grid.n_reservoirs());
        let n_replicas = n_states * walkers;
        let misfit = |problem: String| Error::CheckpointMisfit { problem };
        let assignment = Assignment::from_states(n_states, &state.assignment)
            .filter(|a| a.walkers() == walkers)
            .ok_or_else(|| misfit("its states are no permutation".to_owned()))?;
        let measured = state.measurements.len();
        let whole = (measured == 0 || measured == n_replicas)
            && state.measurements.iter().all(|m| m.counts.len() == n_reservoirs)
            && state.moments.len() == n_replicas
            && state.moments.iter().all(|m| m.is_of(n_reservoirs))
            && state.edges.len() == grid.edges.len();
        if !whole {
            return Err(misfit("its averages are of another shape".to_owned()));
        }
        state.backend.fits(backend.system(), n_replicas, n_states).map_err(misfit)?;
        backend.restore(ReplicaId(0), &state.backend, &grid.states, assignment.states())?;
        let mut slots = state.backend.species_of_replicas();
        let of_these = state.ledgers.len() == n_replicas
            && state.ledgers.iter().all(|l| slots.next().is_some_and(|species| l.is_of(species)));
        if !state.ledgers.is_empty() && !of_these {
            return Err(misfit("its identities are those of other atoms".to_owned()));
        }
        let mut exchanger = Exchanger::new(&grid);
        exchanger.tallies.clone_from(&state.edges);
        Ok(Sampler {
            exchanger,
            cycle: state.cycle,
            ahead: None,
            ledgers: state.ledgers.clone(),
            measurements: state.measurements.clone(),
            kept: None,
            reservoirs: backend.system().reservoirs.iter().map(|r| r.species).collect(),
            max_atoms: backend.system().reservoirs.iter().map(|r| r.max_atoms).collect(),
            image_shifts: backend.system().image_shifts(),
            moments: state.moments.clone(),
            recent: Recent::default(),
            assignment,
            plan,
            backend,
            grid,
        })
    }

    /// One cycle: dynamics, particle moves, exchange, and in production the averages.
    ///
    /// # Errors
    /// When the device fails, the audit finds a replica whose energy is not what its atoms say, or the log of accepted
    /// moves does not lead to the atoms that are there.
    pub fn advance(&mut self, period: Period) -> Result<()> {
        self.advance_ahead(period.into(), None)
    }

    /// As [`Sampler::advance`], and the backend starts the cycle after it, `next`, before the host handles this one. What
    /// [`Sampler`] tells is then that of the cycle that was finished; the backend may not be questioned or moved until a
    /// call without `next` has returned.
    ///
    /// # Errors
    /// As [`Sampler::advance`].
    pub fn advance_ahead(&mut self, now: Cycle, next: Option<Cycle>) -> Result<()> {
        match self.ahead.take() {
            None => self.begin(now)?,
            Some(begun) => assert_eq!(begun, now, "the cycle that was begun is the one that is finished"),
        }
        let period = now.period;
        let result = self.backend.complete()?;
        (self.measurements, self.kept) = (result.measurements, result.kept);
        self.check_finite()?;
        if self.cycle % AUDIT_EVERY == AUDIT_EVERY - 1 {
            self.audit()?;
        }
        if self.cycle.is_multiple_of(u64::from(self.plan.exchange_every)) {
            self.exchange(period)?;
        }
        self.cycle += 1;
        if let Some(next) = next {
            self.begin(next)?;
            self.ahead = Some(next);
        }
        self.follow_moves(&*result.events)?;
        if period != Period::Equilibration {
            self.accumulate();
        }
        Ok(())
    }

    /// Whether the backend is at a cycle already that is not finished.
    pub fn is_ahead(&self) -> bool {
        self.ahead.is_some()
    }

    /// Hands over, once, the positions and species at the end of the cycle that was finished last, which was to keep them.
    ///
    /// # Errors
    /// When the device is lost.
    pub fn kept(&mut self, batch: &mut Batch) -> Result<()> {
        match self.kept.take() {
            Some(kept) => kept.hand_over(batch),
            None => {
                batch.configurations.clear();
                Ok(())
            }
        }
    }

    fn begin(&mut self, cycle: Cycle) -> Result<()> {
        if self.ledgers.is_empty() {
            let mut batch = Batch::default();
            self.backend.store(&mut batch)?;
            self.ledgers = batch.configurations.iter().map(AtomIdentities::new).collect();
        }
        let CyclePlan { steps, attempts, .. } = self.plan;
        let span = |count: u32| Span { first: self.cycle * u64::from(count), count };
        self.backend.begin(&CycleWork {
            dynamics: Some(span(steps)),
            particle_moves: (attempts > 0).then(|| span(attempts)),
            tally: cycle.period != Period::Equilibration,
            keep: cycle.keep,
        })
    }

    fn exchange(&mut self, period: Period) -> Result<()> {
        let round = self.cycle / u64::from(self.plan.exchange_every);
        let rng = *self.backend.rng();
        let (tried, accepted) =
            self.exchanger.round(&self.grid, &rng, round, period, &self.measurements, &mut self.assignment);
        self.recent.exchanges += tried;
        self.recent.exchanged += accepted;
        assert!(self.assignment.is_permutation(), "an exchange round must permute the states");
        self.backend.set_states(self.assignment.states())
    }

    /// Follows the accepted moves of the cycle just finished, and checks the counts they lead to.
    fn follow_moves(&mut self, events: &dyn MoveEvents) -> Result<()> {
        if self.grid.n_reservoirs() == 0 || self.plan.attempts == 0 {
            return Ok(());
        }
        let (ledgers, measurements, reservoirs) = (&mut self.ledgers, &self.measurements, &self.reservoirs);
        let (mut moved, mut seen, mut fault) = (0, 0, None);
        events.for_each_replica(&mut |replica, events| {
            moved += events.len() as u64;
            seen += 1;
            if let Err(problem) = ledgers[replica].follow(reservoirs, events, &measurements[replica]) {
                fault.get_or_insert((replica, problem));
            }
        })?;
        if seen != measurements.len() {
            fault.get_or_insert((seen, "its accepted moves were not logged".to_owned()));
        }
        self.recent.moves += u64::from(self.plan.attempts) * self.measurements.len() as u64;
        self.recent.moved += moved;
        match fault {
            None => Ok(()),
            Some((replica, problem)) => Err(Error::ReplicaFault {
                replica,
                cycle: self.cycle - 1,
                problem: format!("{problem}; please report this"),
            }),
        }
    }

    /// Compares running energies with energies summed anew by the reference, in f64.
    ///
    /// # Errors
    /// [`Error::ReplicaFault`] with the replica and both numbers.
    pub fn audit(&mut self) -> Result<()> {
        let (tolerance, mut batch) = (self.backend.info().energy_tolerance, Batch::default());
        self.backend.store(&mut batch)?;
        let (system, shifts) = (self.backend.system(), &self.image_shifts[..]);
        let audits: Vec<_> = batch.configurations.par_iter().map(|x| pairwise::audit(system, x, shifts)).collect();
        for (replica, (audit, m)) in audits.iter().zip(&self.measurements).enumerate() {
            let fault = |problem| Err(Error::ReplicaFault { replica, cycle: self.cycle, problem });
            if !audit.sound {
                return fault("an atom is outside its cell or not a number; lower dt or the displacement".to_owned());
            }
            let kt = self.backend.ensemble().state_of(replica).kt;
            let allowed = tolerance * (audit.magnitude + AUDIT_FLOOR * kt);
            if (audit.energy - m.energy).abs() > allowed {
                return fault(format!(
                    "running energy {} but its atoms sum to {} ({}; allowed difference {allowed:.1e}); please report this",
                    m.energy, audit.energy, audit.terms
                ));
            }
        }
        Ok(())
    }

    fn check_finite(&self) -> Result<()> {
        match self.measurements.iter().position(|m| !m.energy.is_finite() || m.energy.abs() >= 0.5 * OVERLAP_ENERGY) {
            None => Ok(()),
            Some(replica) => Err(Error::ReplicaFault {
                replica,
                cycle: self.cycle,
                problem: format!("potential energy {}; lower dt", self.measurements[replica].energy),
            }),
        }
    }

    fn accumulate(&mut self) {
        let n_states = self.grid.len();
        for (replica, m) in self.measurements.iter().enumerate() {
            let id = ReplicaId(replica as u32);
            let (walker, state) = (self.assignment.walker_of(id), self.assignment.state_of(id));
            self.moments[walker * n_states + state.index()].add(m.energy, &m.counts, &self.max_atoms);
        }
    }

    /// The atoms of a replica as a frame of extended XYZ; `None` while the device is at work or gone.
    pub fn frame(&self, replica: ReplicaId) -> Option<Frame> {
        let mut batch = Batch::default();
        if self.ahead.is_some() || self.backend.store(&mut batch).is_err() {
            return None;
        }
        let (x, system) = (batch.configurations.get(replica.index())?, self.backend.system());
        let lengths = system.cell.lengths;
        Some(Frame {
            lattice: Some([[lengths.x, 0.0, 0.0], [0.0, lengths.y, 0.0], [0.0, 0.0, lengths.z]]),
            periodic: Some([true, true, system.cell.periodic_z]),
            info: vec![
                ("replica".to_owned(), replica.0.to_string()),
                ("state".to_owned(), self.assignment.state_of(replica).0.to_string()),
                ("cycle".to_owned(), self.cycle.to_string()),
            ],
            symbols: x.species.iter().map(|&s| system.species[usize::from(s)].symbol.clone()).collect(),
            positions: x.positions.clone(),
            integers: Vec::new(),
        })
    }

    /// E and N of every replica after the last cycle.
    pub fn measurements(&self) -> &[Measurement] {
        &self.measurements
    }

    /// Which replica holds which state.
    pub fn assignment(&self) -> &Assignment {
        &self.assignment
    }

    /// The states.
    pub fn grid(&self) -> &StateGrid {
        &self.grid
    }

    /// The backend, for hand-over and tests.
    pub fn backend(&self) -> &dyn Backend {
        &*self.backend
    }

    /// The backend, to move or question it between cycles. The identities of all atoms start anew.
    pub fn backend_mut(&mut self) -> &mut dyn Backend {
        self.ledgers.clear();
        &mut *self.backend
    }

    /// Identity of the atom in every slot of a replica; empty when the backend was moved from outside since.
    pub fn identities(&self, replica: ReplicaId) -> &[u32] {
        self.ledgers.get(replica.index()).map_or(&[], AtomIdentities::identities)
    }

    /// Exchanges and particle moves since the last call.
    pub fn take_recent(&mut self) -> Recent {
        std::mem::take(&mut self.recent)
    }

    /// Cycles made so far, equilibration included.
    pub fn cycle(&self) -> u64 {
        self.cycle
    }

    /// Begins the second half of production anew, after the run was made longer.
    pub fn restart_second_half(&mut self) {
        for tally in &mut self.exchanger.tallies {
            (tally.attempts_second_half, tally.accepted_second_half) = (0, 0);
        }
    }

    /// Exchange tallies of every edge. `[n_edges]`
    pub fn edge_tallies(&self) -> &[EdgeTally] {
        &self.exchanger.tallies
    }

    /// Tallies of the particle moves of production.
    ///
    /// # Errors
    /// When the device is lost.
    pub fn transitions(&mut self) -> Result<Transitions> {
        self.backend.transitions()
    }

    /// Averages of a state over all production cycles and walkers.
    pub fn average(&self, state: StateId) -> StateAverage {
        let n_states = self.grid.len();
        let walkers: Vec<&Moments> =
            (0..self.assignment.walkers()).map(|w| &self.moments[w * n_states + state.index()]).collect();
        average(&walkers)
    }
}
