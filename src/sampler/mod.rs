//! The cycle: dynamics, particle moves, exchange, averages.

mod audit;
mod balance;
mod checkpoint;
pub mod identities;
mod initial;
mod insertion;
pub mod learning;
pub mod moments;
mod setup;
mod together;
mod totals;
mod weights;

use audit::Audited;
use balance::Costs;

pub use audit::AUDIT_EVERY;
pub use balance::Balance;
pub use checkpoint::SamplerState;
pub use initial::Given;
pub use setup::Setup;
pub use together::{ByWalkers, measurements_of_walkers};
pub use totals::Totals;
pub use weights::{InsertionWeights, WEIGHTS_TRIED};

use crate::backend::{Backend, CycleWork, KeptConfigurations, MoveEvents, Span};
use crate::base::error::{Error, Result};
use crate::base::ids::{ReplicaId, StateId};
use crate::forces::{ForceField, ServiceRecord};
use crate::input::scene::CheckedScene;
use crate::io::xyz::Frame;
use crate::moves::exchange::{Assignment, Decided, EdgeTally, Exchange, Exchanger, Period};
use crate::moves::tally::{MoveEvent, SegmentTally, Transitions};
use crate::ranks::{Part, Talk};
use crate::sampler::identities::AtomIdentities;
use crate::sampler::learning::Learner;
use crate::sampler::moments::{Moments, MomentsOfStates, StateAverage, average};
use crate::system::System;
use crate::system::configuration::{Batch, Configuration, Measurement};
use crate::thermo::states::StateGrid;
use rayon::prelude::*;
use std::sync::Arc;

/// Replicas from which threads share what the host keeps of each.
const SHARED: usize = 256;

/// How many particle moves and exchanges a cycle makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CyclePlan {
    /// MD steps or displacement attempts.
    pub steps: u32,
    /// Whether these are the most, of which equilibration chooses as many as cost what the particle moves cost.
    pub balanced: bool,
    /// Insertion and deletion attempts.
    pub attempts: u32,
    /// Attempts at changes of identity.
    pub identity: u32,
    /// Which exchanges are tried, and every how many cycles.
    pub exchange: Exchange,
}

impl CyclePlan {
    /// Attempts of particle moves of every kind.
    pub fn particle_moves(&self) -> u32 {
        self.attempts + self.identity
    }
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

/// All replicas of a grid, or those of one rank, moving on cycle by cycle.
///
/// What is said of replicas and walkers is about those that are here, unless it says otherwise.
pub struct Sampler {
    grid: StateGrid,
    backend: Box<dyn Backend>,
    /// What the running energies are audited with.
    force_field: Arc<dyn ForceField>,
    plan: CyclePlan,
    /// Which replicas are here.
    part: Part,
    cycle: u64,
    /// The cycle that the backend is already at.
    ahead: Option<Cycle>,
    assignment: Assignment,
    exchanger: Exchanger,
    /// Where the grid has windows.
    learner: Option<Learner>,
    /// `[n_replicas]`, of the replicas here.
    measurements: Vec<Measurement>,
    /// Those of all replicas of the walker, where it is on several ranks.
    around: Vec<Measurement>,
    /// What the cycle that was finished last has kept, until it is asked for.
    kept: Option<Box<dyn KeptConfigurations>>,
    /// The same where the audit has read it already.
    handed: Option<Batch>,
    /// What is being audited.
    audited: Option<Audited>,
    /// `[n_reservoirs]`, species index.
    reservoirs: Vec<u8>,
    /// `[walker * n_states + state]`; where a walker is on several ranks, each has the states that stand where its replicas do.
    moments: MomentsOfStates,
    /// As the moments, segments of production; empty where dynamics accept or reject none.
    segments: Vec<SegmentTally>,
    /// `[n_replicas]`; empty when the backend was moved from outside since.
    ledgers: Vec<AtomIdentities>,
    /// The choice of weights of the tables of insertion, where they are chosen.
    weights: Option<InsertionWeights>,
    /// The choice of the steps of a cycle, where they are chosen.
    balance: Option<Balance>,
    recent: Recent,
}

/// Exchanges and particle moves since they were last asked for: what a progress line shows.
#[derive(Debug, Clone, Copy, Default)]
pub struct Recent {
    /// Exchanges tried.
    pub exchanges: u64,
    /// Exchanges accepted.
    pub exchanged: u64,
    /// Insertions, deletions and changes of identity tried.
    pub moves: u64,
    /// Of those, accepted.
    pub moved: u64,
    /// Segments of dynamics that were accepted or rejected.
    pub segments: u64,
    /// Of those, accepted.
    pub accepted_segments: u64,
}

/// One replica after a cycle.
#[derive(Debug, Clone, PartialEq)]
pub struct ReplicaSample {
    /// The configuration it is about.
    pub replica: ReplicaId,
    /// The independent copy of the grid it belongs to.
    pub walker: usize,
    /// The state it holds.
    pub state: StateId,
    /// Potential energy. \[energy\]
    pub energy: f64,
    /// `[n_reservoirs]`, atoms of every reservoir species.
    pub counts: Vec<u16>,
}

impl Sampler {
    /// All replicas of a scene at its start.
    ///
    /// - `device`: as [`DeviceChoice`](crate::backend::DeviceChoice) reads it: `auto`, `cpu`, `gpu:0,gpu:1`, …
    ///
    /// ```
    /// use adlayer::{Sampler, scene};
    ///
    /// let text = r#"Scene(
    ///     units: Lj,
    ///     species: [ (name: "B", symbol: "Ar", mass: 1.0) ],
    ///     potential: LennardJones(cutoff: 2.5, truncation: Shifted,
    ///         pairs: [ (between: ("B","B"), epsilon: 1.0, sigma: 1.0) ]),
    ///     cell: Bulk(lengths: (5.0, 5.0, 5.0)),
    ///     reservoir: [ (species: "B", max_atoms: 8) ],
    ///     grid: ( temperature: List([0.8, 1.0]),
    ///             reservoir: [ (species: "B", convention: Activity, values: List([-4.0, -3.0])) ] ),
    ///     dynamics: MonteCarlo(displacement: 0.3, attempts: 5),
    ///     moves: (insert_delete: 10),
    ///     schedule: (equilibration: 1, production: 1),
    /// )"#;
    /// let mut sampler = Sampler::from_scene(&scene::parse(text, "gas.ron".as_ref())?, "reference")?;
    /// sampler.equilibrate(10)?;
    /// for _ in 0..20 {
    ///     for sample in sampler.run_cycle()? {
    ///         let state = sampler.grid().state(sample.state);
    ///         println!("T {}: E = {}, N = {}", state.temperature, sample.energy, sample.counts[0]);
    ///     }
    /// }
    /// assert_eq!(sampler.samples().count(), 4);
    /// # Ok::<(), adlayer::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Device`] when there is no such device or it cannot sample the scene, [`Error::ReplicaFault`] when the
    /// atoms of the start cannot be pulled apart.
    pub fn from_scene(scene: &CheckedScene, device: &str) -> Result<Sampler> {
        let setup = Setup::from_scene(scene)?;
        let (mut backend, batch) = (setup.open(device)?, setup.start()?);
        setup.share_out(&mut *backend, &setup.whole().share, &batch)?;
        setup.sampler(backend, &batch)
    }

    /// Loads `batch` (replica `walker * n_states + k` starts in state k) into the backend.
    ///
    /// - `force_field`: the one that moves the atoms, for audits
    /// - `part`: which replicas of the run the batch has
    ///
    /// # Errors
    /// When the device cannot hold the batch.
    pub fn new(
        grid: StateGrid,
        mut backend: Box<dyn Backend>,
        force_field: Arc<dyn ForceField>,
        plan: CyclePlan,
        part: Part,
        batch: &Batch,
    ) -> Result<Sampler> {
        let (n_reservoirs, share) = (grid.n_reservoirs(), part.share.clone());
        assert_eq!(
            (batch.configurations.len(), grid.len()),
            (share.len(), share.n_states),
            "a batch of the replicas here"
        );
        let assignment = Assignment::identity(grid.len(), share.walkers.len());
        let first = ReplicaId(share.replicas.start as u32);
        backend.load_slice(first, batch, &grid.states, &assignment.states()[share.own()])?;
        let reservoirs: Vec<u8> = backend.system().reservoirs.iter().map(|r| r.species).collect();
        let balance = plan.balanced.then(|| Balance::new(plan.steps, batch, &reservoirs));
        Ok(Sampler {
            exchanger: exchanger(&grid, plan, &part),
            learner: Learner::new(&grid),
            cycle: 0,
            ahead: None,
            ledgers: batch.configurations.iter().map(AtomIdentities::new).collect(),
            measurements: Vec::new(),
            around: Vec::new(),
            kept: None,
            handed: None,
            audited: None,
            reservoirs,
            force_field,
            moments: MomentsOfStates::new(vec![Moments::new(n_reservoirs); share.len()], backend.system()),
            segments: no_segments(backend.system(), share.len()),
            weights: chooser(backend.system(), &grid),
            balance,
            recent: Recent::default(),
            assignment,
            plan,
            part,
            backend,
            grid,
        })
    }

    /// Tells other ranks what they need to know before the first cycle of a run that is new. All ranks must call this.
    ///
    /// # Errors
    /// When another rank is lost.
    pub fn begin_together(&mut self) -> Result<()> {
        self.balance.as_mut().map_or(Ok(()), |balance| balance.begin_together(&self.part.all))
    }

    /// Cycles before production: they enter no average.
    ///
    /// # Errors
    /// As [`Sampler::run_cycle`].
    pub fn equilibrate(&mut self, cycles: u32) -> Result<()> {
        (0..cycles).try_for_each(|_| self.advance(Period::Equilibration))
    }

    /// One cycle of production: dynamics, particle moves, exchange. Averages and tallies take it in.
    ///
    /// - returns: `[n_replicas]`, as [`Sampler::samples`]
    ///
    /// # Errors
    /// As [`Sampler::advance`].
    pub fn run_cycle(&mut self) -> Result<Vec<ReplicaSample>> {
        self.advance(Period::SecondHalf)?;
        Ok(self.samples().collect())
    }

    /// One cycle: dynamics, particle moves, exchange, and in production the averages.
    ///
    /// # Errors
    /// When the device or its force field fails, the audit finds a replica whose energy is not what its atoms say, or the
    /// log of accepted moves does not lead to the atoms that are there.
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
        let result = self.backend.complete().map_err(|e| e.in_cycle(self.cycle))?;
        (self.measurements, self.kept, self.handed) = (result.measurements, result.kept, None);
        self.check_finite()?;
        let segments = self.hear_of_walker(&result.segments)?;
        self.count_segments(period, &segments);
        if let Some(weights) = self.weights.as_mut().filter(|_| period == Period::Equilibration) {
            weights.count(self.cycle, &*result.events, &self.assignment, self.part.share.before())?;
        }
        let audited = (self.is_audited() && self.kept.is_some()).then(|| self.audited());
        if period == Period::Equilibration {
            self.learn()?;
            let costs = self.costs();
            if let Some(balance) = &mut self.balance {
                balance.count(self.cycle, &self.measurements, &costs, &self.part.all)?;
            }
        }
        let Exchange::EvenOdd { every, .. } = self.plan.exchange;
        let decided = match self.cycle.is_multiple_of(u64::from(every)) {
            true => Some(self.exchange(self.cycle / u64::from(every))?),
            false => None,
        };
        self.cycle += 1;
        if let Some(next) = next {
            self.begin(next)?;
            self.ahead = Some(next);
        }
        if let Some(decided) = decided {
            let (tried, accepted) = self.exchanger.tally(period, &decided);
            self.recent.exchanges += tried;
            self.recent.exchanged += accepted;
            assert!(self.assignment.is_permutation(), "exchanges must permute the states");
        }
        if let Some(audited) = audited {
            self.put_aside(audited, now.keep)?;
        }
        if next.is_some() && self.cycle.is_multiple_of(u64::from(every)) {
            // The device is at work: what the next exchange draws is ready when it comes back.
            let rng = *self.backend.rng();
            self.exchanger.draw(&rng, self.cycle / u64::from(every), self.assignment.walkers());
        }
        self.audit_share()?;
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
        match (self.handed.take(), self.kept.take()) {
            (Some(handed), _) => *batch = handed,
            (None, Some(kept)) => kept.hand_over(batch)?,
            (None, None) => batch.configurations.clear(),
        }
        Ok(())
    }

    fn begin(&mut self, cycle: Cycle) -> Result<()> {
        if self.ledgers.is_empty() {
            self.ledgers = self.configurations()?.iter().map(AtomIdentities::new).collect();
        }
        if cycle.period != Period::Equilibration {
            self.freeze()?;
        }
        if let Some(chosen) = &mut self.weights
            && let Some(weights) = chosen.of_cycle(self.cycle, cycle.period, &self.part.all)?
        {
            self.backend.set_insertion_weights(&weights)?;
        }
        let CyclePlan { steps: most, attempts, identity, .. } = self.plan;
        let span = |count: u32| Span { first: self.cycle * u64::from(count), count };
        let (costs, production) = (self.costs(), cycle.period != Period::Equilibration);
        let steps = match &mut self.balance {
            Some(balance) => balance.begin(production, &costs, &self.part.all)?,
            None => most,
        };
        let work = CycleWork {
            // Cycles of fewer steps leave some random numbers out.
            dynamics: Some(Span { count: steps, ..span(most) }),
            particle_moves: (attempts > 0).then(|| span(attempts)),
            identity: (identity > 0).then(|| span(identity)),
            // Weights are learned from tallies.
            tally: cycle.period != Period::Equilibration || self.learner.is_some(),
            keep: cycle.keep || self.is_audited(),
        };
        self.backend.begin(&work).map_err(|e| e.in_cycle(self.cycle))
    }

    /// What the choice of steps weighs.
    fn costs(&self) -> Costs {
        let system = self.backend.system();
        let trials = system.insertion.as_ref().map_or(1, |tables| tables.trials);
        Costs::new(&system.dynamics, self.plan.steps, self.plan.attempts, trials, self.plan.identity)
    }

    /// Learns the weights of windows from everything tried so far, and gives them to the backend.
    fn learn(&mut self) -> Result<()> {
        if self.learner.as_ref().is_none_or(Learner::is_frozen) {
            return Ok(());
        }
        let tried = self.tried_in_windows(Talk::Equilibration)?;
        if let Some(learner) = &mut self.learner {
            learner.learn(&mut self.grid, &tried);
        }
        self.backend.set_windows(&self.grid.states)
    }

    /// Makes the weights of windows final before the first cycle of production. Tallies begin anew.
    fn freeze(&mut self) -> Result<()> {
        let Some(learner) = self.learner.as_mut().filter(|l| !l.is_frozen()) else { return Ok(()) };
        learner.freeze(&mut self.grid);
        self.backend.forget_transitions()?;
        self.backend.set_windows(&self.grid.states)
    }

    /// Exchanges of a visit, which are still to be tallied; the backend is told of them.
    ///
    /// - `visit`: exchanges made before
    fn exchange(&mut self, visit: u64) -> Result<Decided> {
        let rng = *self.backend.rng();
        let known = if self.part.share.is_split() { &self.around } else { &self.measurements };
        let decided = self.exchanger.decide(&self.grid, &rng, visit, known, &mut self.assignment);
        self.backend.set_states(&self.assignment.states()[self.part.share.own()])?;
        Ok(decided)
    }

    /// Follows the accepted moves of the cycle just finished, and checks the counts they lead to.
    fn follow_moves(&mut self, events: &dyn MoveEvents) -> Result<()> {
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
            let shared = ledgers[..logged].par_iter_mut().enumerate().with_min_len(SHARED);
            (moved, fault) = shared.map_init(Vec::new, follow).reduce(|| (0, None), both);
            if logged != measurements.len() {
                fault.get_or_insert((logged, "its accepted moves were not logged".to_owned()));
            }
        })?;
        self.recent.moves += u64::from(self.plan.particle_moves()) * self.measurements.len() as u64;
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
    fn count_segments(&mut self, period: Period, accepted: &[u32]) {
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

    fn accumulate(&mut self) {
        let share = &self.part.share;
        let measurements = if share.is_split() { &self.around } else { &self.measurements };
        let (assignment, n_states) = (&self.assignment, self.grid.len());
        let places = share.before()..share.before() + share.len();
        self.moments.add(places.map(|place| {
            let replica = assignment.replica_of(place / n_states, StateId((place % n_states) as u32));
            measurements[replica.index()].clone()
        }));
    }

    /// Every replica after the last cycle, in the order of replicas; none before the first.
    pub fn samples(&self) -> impl Iterator<Item = ReplicaSample> {
        self.measurements.iter().enumerate().map(|(r, m)| {
            let place = ReplicaId((self.part.share.before() + r) as u32);
            let walker = self.part.share.walkers.start + self.assignment.walker_of(place);
            let (replica, state) = (self.global(r), self.assignment.state_of(place));
            ReplicaSample { replica, walker, state, energy: m.energy, counts: m.counts.to_vec() }
        })
    }

    /// Global index of a replica that is here.
    fn global(&self, replica: usize) -> ReplicaId {
        ReplicaId((self.part.share.replicas.start + replica) as u32)
    }

    /// Which replicas are here.
    pub fn part(&self) -> &Part {
        &self.part
    }

    /// The atoms of every replica, between two cycles. `[n_replicas]`
    ///
    /// # Errors
    /// When the device is lost.
    pub fn configurations(&self) -> Result<Vec<Configuration>> {
        assert!(!self.is_ahead(), "atoms are handed out between two cycles");
        let mut batch = Batch::default();
        self.backend.store(&mut batch)?;
        Ok(batch.configurations)
    }

    /// The atoms of a replica as a frame of extended XYZ, while the device is at work those that were put aside for the audit; `None`
    /// where there are none of these, where the device is gone, or where the replica is not here.
    ///
    /// - `replica`: its global index
    pub fn frame(&self, replica: ReplicaId) -> Option<Frame> {
        let system = self.system();
        let (configurations, cycle) = match (self.is_ahead(), &self.audited) {
            (true, Some(audited)) => (audited.configurations.clone(), audited.cycle),
            (true, None) => return None,
            (false, _) => (self.configurations().ok()?, self.cycle),
        };
        let here = replica.index().checked_sub(self.part.share.replicas.start)?;
        let x = configurations.get(here)?;
        let place = ReplicaId((self.part.share.before() + here) as u32);
        Some(Frame {
            lattice: Some(system.cell.vectors().map(|a| a.to_array())),
            periodic: Some([true, true, system.cell.periodic_z]),
            info: vec![
                ("replica".to_owned(), replica.0.to_string()),
                ("state".to_owned(), self.assignment.state_of(place).0.to_string()),
                ("cycle".to_owned(), cycle.to_string()),
            ],
            symbols: x.species.iter().map(|&s| system.species[usize::from(s)].symbol.clone()).collect(),
            positions: x.positions.iter().map(|&r| system.cell.in_parallelogram(r)).collect(),
            movable: None,
            integers: Vec::new(),
        })
    }

    /// E and N of every replica after the last cycle.
    pub fn measurements(&self) -> &[Measurement] {
        &self.measurements
    }

    /// Which replica holds which state, in all walkers that have replicas here.
    pub fn assignment(&self) -> &Assignment {
        &self.assignment
    }

    /// The states.
    pub fn grid(&self) -> &StateGrid {
        &self.grid
    }

    /// Whether some states have windows.
    pub fn has_windows(&self) -> bool {
        self.learner.is_some()
    }

    /// Whether there are windows and their weights will not change any more.
    pub fn weights_are_final(&self) -> bool {
        self.learner.as_ref().is_some_and(Learner::is_frozen)
    }

    /// What a cycle does: where its steps are chosen, those of the choice as it is now.
    pub fn plan(&self) -> CyclePlan {
        CyclePlan { steps: self.balance.as_ref().map_or(self.plan.steps, Balance::steps), ..self.plan }
    }

    /// The choice of the steps of a cycle, where they are chosen.
    pub fn balance(&self) -> Option<&Balance> {
        self.balance.as_ref()
    }

    /// Steps (or displacement attempts) of one replica in all cycles so far.
    pub fn steps_made(&self) -> u64 {
        self.balance.as_ref().map_or(self.cycle * u64::from(self.plan.steps), Balance::made)
    }

    /// What programs outside have computed, where they compute.
    pub(crate) fn service(&self) -> Option<ServiceRecord> {
        self.force_field.service()
    }

    /// The system that every replica belongs to.
    pub fn system(&self) -> &System {
        self.backend.system()
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

    /// Exchange tallies of every edge, those of walkers that are tallied here. `[n_edges]`
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

    /// Segments of dynamics of a state over all production cycles and whole walkers here; `None` where dynamics accept or reject none.
    pub fn segments(&self, state: StateId) -> Option<SegmentTally> {
        let mut of_walkers = self.segments.chunks(self.grid.len()).map(|walker| walker[state.index()]);
        let mut sum = of_walkers.next()?;
        of_walkers.for_each(|tally| sum.add(&tally));
        Some(sum)
    }

    /// Averages of a state over all production cycles and whole walkers here.
    pub fn average(&self, state: StateId) -> StateAverage {
        let n_states = self.grid.len();
        let of_walker = |w| self.moments.of(w * n_states + state.index());
        let walkers: Vec<Moments> = (0..self.assignment.walkers()).map(of_walker).collect();
        average(&walkers.iter().collect::<Vec<_>>())
    }
}

/// The exchanges of the walkers that have replicas here.
fn exchanger(grid: &StateGrid, plan: CyclePlan, part: &Part) -> Exchanger {
    Exchanger::new(grid, plan.exchange).of_walkers(part.share.walkers.start, part.share.is_first())
}

/// Empty tallies of segments, where dynamics accept or reject any.
fn no_segments(system: &System, n_replicas: usize) -> Vec<SegmentTally> {
    let n = if system.dynamics.segment().is_some() { n_replicas } else { 0 };
    vec![SegmentTally::default(); n]
}

/// The choice of weights of a system whose tables of insertion leave them open.
fn chooser(system: &System, grid: &StateGrid) -> Option<InsertionWeights> {
    let open = system.insertion.as_ref().is_some_and(|tables| tables.adapts);
    open.then(|| InsertionWeights::new(grid.len(), system.reservoirs.len()))
}
