//! The cycle: dynamics, particle moves, exchange, averages.

mod attempts;
mod audit;
mod balance;
mod books;
mod checkpoint;
pub mod identities;
mod initial;
mod insertion;
pub mod learning;
pub mod moments;
mod results;
mod setup;
mod together;
mod totals;
mod weights;

use audit::Audited;
use balance::Costs;

pub use attempts::Attempts;
pub use audit::AUDIT_EVERY;
pub use balance::Balance;
pub use checkpoint::SamplerState;
pub use initial::Given;
pub use results::{Recent, ReplicaSample};
pub use setup::Setup;
pub use together::{ByWalkers, measurements_of_walkers};
pub use totals::Totals;
pub use weights::{InsertionWeights, WEIGHTS_TRIED};

use crate::backend::{Backend, CycleWork, KeptConfigurations, Span};
use crate::base::error::Result;
use crate::base::ids::ReplicaId;
use crate::forces::ForceField;
use crate::input::scene::CheckedScene;
use crate::moves::exchange::{Assignment, Decided, Exchange, Exchanger, Period};
use crate::moves::tally::SegmentTally;
use crate::ranks::{Part, Talk};
use crate::sampler::identities::AtomIdentities;
use crate::sampler::learning::Learner;
use crate::sampler::moments::{Moments, MomentsOfStates};
use crate::system::System;
use crate::system::configuration::{Batch, Measurement};
use crate::thermo::states::StateGrid;
use std::sync::Arc;

/// Replicas from which threads share what the host keeps of each.
const SHARED: usize = 256;

/// How many particle moves and exchanges a cycle makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CyclePlan {
    /// MD steps or displacement attempts.
    pub steps: u32,
    /// Whether these are the most, of which equilibration chooses as many as cost what the particle moves cost, and divides the
    /// attempts among the states.
    pub balanced: bool,
    /// Insertion and deletion attempts, on average over the states.
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
    /// The choice of the attempts of every state, where they are chosen.
    attempts: Option<Attempts>,
    recent: Recent,
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
    /// [`Error::Device`](crate::base::Error::Device) when there is no such device or it cannot sample the scene,
    /// [`Error::ReplicaFault`](crate::base::Error::ReplicaFault) when the atoms of the start cannot be pulled apart.
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
            moments: MomentsOfStates::new(&vec![Moments::new(n_reservoirs); share.len()], backend.system()),
            segments: no_segments(backend.system(), share.len()),
            weights: chooser(backend.system(), &grid),
            balance,
            attempts: divider(backend.system(), &grid, &plan),
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
        self.advance(Period::Production)?;
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
        if let Some(attempts) = &mut self.attempts
            && period == Period::Equilibration
        {
            let before = self.part.share.before();
            attempts.count(self.cycle, &*result.events, &self.assignment, before, &self.measurements)?;
        }
        let audited = (self.is_audited() && self.kept.is_some()).then(|| self.audited());
        if period == Period::Equilibration {
            self.learn()?;
            let costs = self.costs();
            if let Some(balance) = &mut self.balance {
                balance.count(self.cycle, &self.measurements, &costs, &self.part.all)?;
            }
        }
        let every = self.plan.exchange.every();
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
        if let Some(attempts) = &mut self.attempts
            && let Some(chosen) = attempts.of_cycle(self.cycle, cycle.period, &self.part.all)?
        {
            self.backend.set_attempts(chosen)?;
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
            particle_moves: (attempts > 0)
                .then(|| self.attempts.as_ref().map_or(span(attempts), |a| a.span(self.cycle))),
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

/// The choice of attempts of a plan that is balanced, where there is more than one state to divide them among.
fn divider(system: &System, grid: &StateGrid, plan: &CyclePlan) -> Option<Attempts> {
    let is_open = plan.balanced && plan.attempts > 0 && !system.reservoirs.is_empty() && grid.len() > 1;
    is_open.then(|| Attempts::new(plan.attempts, grid.len(), system.reservoirs.len()))
}

/// The choice of weights of a system whose tables of insertion leave them open.
fn chooser(system: &System, grid: &StateGrid) -> Option<InsertionWeights> {
    let open = system.insertion.as_ref().is_some_and(|tables| tables.adapts);
    open.then(|| InsertionWeights::new(grid.len(), system.reservoirs.len()))
}
