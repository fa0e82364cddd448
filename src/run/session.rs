//! A run in its directory, new or resumed: its cycles, samples, checkpoints, and its end.

use super::agreement::{Agreement, Wishes};
use super::tables::{write_exchange, write_states, write_windows};
use super::writers::Writers;
use crate::base::error::{Error, Result};
use crate::base::ids::ReplicaId;
use crate::forces::ServiceRecord;
use crate::input::scene::CheckedScene;
use crate::input::scene::check::plausible::after_a_fault;
use crate::io::atomic::write_whole;
use crate::io::xyz;
use crate::moves::exchange::{EdgeTally, Period};
use crate::ranks::Ranks;
use crate::run::checkpoint::{self, History, Parts, SceneRecord, shards};
use crate::run::companions;
use crate::run::directory::RunDirectory;
use crate::run::options::{Ended, Limits, Progress, RunOutcome};
use crate::run::record::{BalanceRecord, InsertionRecord, RunRecord, RunStatus, WindowRecord, thinning};
use crate::sample::trajectory::frame_thinning;
use crate::sampler::{Balance, Cycle, Sampler, Totals};
use crate::system::configuration::Batch;
use crate::thermo::states::Edge;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

/// Least time between two writes of `run.json` while a run goes on.
const RECORD_EVERY: Duration = Duration::from_secs(5);
/// Least time between two writes of its tables, which find the device at rest.
const TABLES_EVERY: Duration = Duration::from_secs(2);
/// Time between two calls of the report.
const REPORT_EVERY: Duration = Duration::from_millis(100);

/// Everything of a run in progress.
pub(crate) struct Session<'a> {
    pub(crate) loaded: &'a CheckedScene,
    pub(crate) scene: SceneRecord,
    pub(crate) history: History,
    pub(crate) record: RunRecord,
    /// What programs outside had computed before this process.
    pub(crate) served: Option<ServiceRecord>,
    pub(crate) sampler: Sampler,
    pub(crate) writers: Writers,
    pub(crate) directory: RunDirectory,
    /// Checkpoints written so far.
    pub(crate) generation: u64,
    /// Parts of series that are not written any more.
    pub(crate) kept: Vec<Parts>,
}

/// When those who watch a run were last told of it.
struct Told {
    tables: Instant,
    record: Instant,
}

impl Session<'_> {
    /// Runs to the end of the schedule, or until it is stopped.
    pub(crate) fn run(mut self, limits: &Limits, report: &mut dyn FnMut(&Progress)) -> Result<RunOutcome> {
        match self.cycles(limits, report) {
            Ok(stopped) => {
                let ended = Ended { directory: self.directory, record: self.record };
                Ok(if stopped { RunOutcome::Stopped(ended) } else { RunOutcome::Finished(ended) })
            }
            Err(mut error) => {
                self.dump(&mut error);
                self.count_service();
                // Where the disk is full or gone these fail as well; the error itself is what counts. Of a rank that was
                // lost its own process tells.
                if matches!(error, Error::RankLost | Error::ToldElsewhere) {
                    return Err(error);
                }
                self.record.status = RunStatus::Failed;
                let _ = self.record.write(self.directory.path());
                let _ = self.directory.log(&format!("failed in cycle {}: {error}", self.sampler.cycle()));
                Err(error)
            }
        }
    }

    /// Writes the atoms of a faulty replica beside the run, and says so in the error, with what to do.
    fn dump(&self, error: &mut Error) {
        if let Error::Client { replica, problem, atoms: Some(atoms) } = error {
            let name =
                replica.map_or_else(|| "client-failure.xyz".to_owned(), |r| format!("client-failure-{r:06}.xyz"));
            let path = self.directory.path().join(name);
            if write_whole(&path, atoms.as_bytes()).is_ok() {
                problem.push_str(&format!("; what was asked is in {}", path.display()));
            }
            return;
        }
        let Error::ReplicaFault { replica, problem, .. } = error else { return };
        let frame = self.sampler.frame(ReplicaId(*replica as u32));
        let path = self.directory.path().join(format!("fault-replica-{replica:06}.xyz"));
        let mut text = Vec::new();
        let written = frame.is_some_and(|f| xyz::write(&mut text, &f).is_ok() && write_whole(&path, &text).is_ok());
        if written {
            problem.push_str(&format!("; its atoms are in {}", path.display()));
        }
        problem.push_str(&format!("; {}", after_a_fault(self.loaded)));
    }

    /// The cycles that are left and what follows them; whether it was interrupted.
    fn cycles(&mut self, limits: &Limits, report: &mut dyn FnMut(&Progress)) -> Result<bool> {
        let schedule = &self.loaded.scene.schedule;
        let equilibration = u64::from(schedule.equilibration);
        let cycles = equilibration + u64::from(schedule.production);
        let thinning = thinning(self.loaded);
        let frames = frame_thinning(
            schedule.production,
            schedule.sample_every,
            self.loaded.scene.grid.walkers,
            self.record.n_states,
            self.loaded.capacity(),
        );
        let period = |cycle: u64| match cycle.checked_sub(equilibration) {
            None => Period::Equilibration,
            Some(_) => Period::Production,
        };
        let (first, steps_before, start) = (self.sampler.cycle(), self.sampler.steps_made(), Instant::now());
        let (mut last_report, mut last_checkpoint) = (start, start);
        let mut told = Told { tables: start, record: start };
        let ranks = self.ranks();
        let mut agreement = Agreement::new(&ranks, first, limits.checkpoint_every);
        let mut interrupted = false;
        let mut batch = Batch::default();
        let keeps_samples = |cycle: u64| cycle.checked_sub(equilibration).is_some_and(|c| thinning.keeps(c as u32));
        let keeps_frames = |cycle: u64| cycle.checked_sub(equilibration).is_some_and(|c| frames.keeps(c as u32));
        let observes = self.writers.observes();
        let looks = |cycle: u64| keeps_frames(cycle) || observes && keeps_samples(cycle);
        let kind = |cycle: u64| Cycle { period: period(cycle), keep: looks(cycle) };
        while self.sampler.cycle() < cycles && !interrupted {
            let cycle = self.sampler.cycle();
            if cycle == equilibration {
                self.directory.log(&format!("production starts after {equilibration} cycles of equilibration"))?;
            }
            let production = cycle.checked_sub(equilibration).map(|c| c as u32);
            let last = cycle + 1 == cycles;
            let out_of_time = limits.walltime.is_some_and(|limit| start.elapsed() >= limit);
            let own = Wishes {
                stop: limits.stop.load(Ordering::Relaxed) || out_of_time,
                save: last_checkpoint.elapsed() >= limits.checkpoint_every,
            };
            let agreed = agreement.on(cycle, own)?;
            interrupted = agreed.stop && !last;
            let save = !last && (interrupted || agreed.save);
            // A checkpoint and a mark find the device at rest; otherwise it is at the next cycle while the host handles
            // this one.
            let mark = production.is_some_and(|c| self.writers.marks.follows(c));
            let ahead = (!last && !save && !mark).then(|| kind(cycle + 1));
            self.sampler.advance_ahead(kind(cycle), ahead)?;
            self.record.cycles_done = cycle + 1;
            if let Some(c) = production {
                self.record.production_done = c + 1;
                if c == 0 && (self.sampler.has_windows() || self.sampler.balance().is_some()) {
                    // Samples say nothing without the weights they were drawn with.
                    self.record.windows = WindowRecord::of_grid(self.sampler.grid());
                    let balance = self.sampler.balance_of_all()?;
                    self.record_choice(balance.as_ref());
                    self.write_run_json()?;
                }
                if looks(cycle) {
                    self.sampler.kept(&mut batch)?;
                }
                if keeps_samples(cycle) {
                    self.writers.sample(&self.sampler, c, &batch)?;
                }
                if keeps_frames(cycle) {
                    self.writers.keep(&self.sampler, c, &batch)?;
                }
                if mark {
                    self.writers.mark(&mut self.sampler, c)?;
                }
            }
            if last_report.elapsed() >= REPORT_EVERY || last {
                last_report = Instant::now();
                let since = start.elapsed();
                let n_replicas = self.record.n_replicas;
                let of_all =
                    progress(&mut self.sampler, n_replicas, production.is_some(), cycles, (first, steps_before), since);
                report(&of_all);
            }
            if save {
                self.checkpoint(start.elapsed())?;
                last_checkpoint = Instant::now();
            }
            if !last {
                // Tables take all ranks.
                let at_rest = if ranks.is_alone() { save || mark } else { save };
                self.tell(&mut told, at_rest, start.elapsed())?;
            }
        }
        if !interrupted {
            self.sampler.audit()?;
            self.checkpoint(start.elapsed())?;
        }
        self.finish(interrupted, start.elapsed())?;
        Ok(interrupted)
    }

    /// Puts down how many steps a cycle makes, and why, and how many attempts every state.
    ///
    /// - `balance`: of all ranks
    fn record_choice(&mut self, balance: Option<&Balance>) {
        self.record.steps = self.sampler.plan().steps;
        self.record.attempts_of_states = self.sampler.attempts().map_or_else(Vec::new, |a| a.chosen().to_vec());
        self.record.balance = balance.map(|balance| BalanceRecord::of(balance, self.loaded.scene.dynamics.steps()));
    }

    /// The ranks that share the run.
    fn ranks(&self) -> Ranks {
        self.sampler.part().all.clone()
    }

    /// Writes `run.json`, which there is one of.
    fn write_run_json(&self) -> Result<()> {
        if self.sampler.part().all.is_first() { self.record.write(self.directory.path()) } else { Ok(()) }
    }

    /// Writes the samples so far and a checkpoint to which they belong.
    ///
    /// - `elapsed`: sampling time of this process
    pub(crate) fn checkpoint(&mut self, elapsed: Duration) -> Result<()> {
        let parts = self.writers.flush()?;
        let mut history = self.history.clone();
        history.seconds_sampling += elapsed.as_secs_f64();
        let identity = self.sampler.backend().info().identity;
        self.generation += 1;
        if self.ranks().is_alone() {
            let parts = parts.into_iter().chain(self.kept.iter().copied()).collect();
            let scene = &self.scene;
            let checkpoint = checkpoint::of_run(scene, &history, identity, parts, self.generation, &mut self.sampler)?;
            checkpoint::write(self.directory.path(), &checkpoint)?;
        } else {
            shards::write_together(
                self.directory.path(),
                (&self.scene, &history),
                identity,
                (&parts, &self.kept),
                self.generation,
                &mut self.sampler,
            )?;
        }
        if self.count_service() {
            self.record.write(self.directory.path())?;
        }
        Ok(())
    }

    /// Puts what programs outside have computed into the record; whether there are any.
    fn count_service(&mut self) -> bool {
        let before = self.served.clone().unwrap_or_default();
        let now = self.sampler.service();
        if let Some(atoms) = now.as_ref().map(|s| &s.rejected_atoms).filter(|atoms| !atoms.is_empty()) {
            // Where the disk is full the record itself will say so.
            let _ = write_whole(&self.directory.path().join("client-rejected.xyz"), atoms.as_bytes());
        }
        self.record.forces = now.map(|now| now.after(&before));
        self.record.forces.is_some()
    }

    /// Writes tables and record of a run that goes on, for those who watch it, unless that was just done.
    ///
    /// - `at_rest`: whether the device is
    /// - `elapsed`: sampling time of this process
    fn tell(&mut self, told: &mut Told, at_rest: bool, elapsed: Duration) -> Result<()> {
        let tables = at_rest && (!self.ranks().is_alone() || told.tables.elapsed() >= TABLES_EVERY);
        if tables {
            self.write_tables()?;
            told.tables = Instant::now();
        }
        if tables || told.record.elapsed() >= RECORD_EVERY {
            self.write_record(elapsed)?;
            told.record = Instant::now();
        }
        Ok(())
    }

    /// Writes the tables of what was done so far. The device has to be at rest, and all ranks must call this.
    ///
    /// - returns: what they say, on the first rank
    fn write_tables(&mut self) -> Result<Option<Totals>> {
        let Some(totals) = self.sampler.totals()? else { return Ok(None) };
        let (path, pressure_unit) = (self.directory.path(), self.loaded.scene.units.pressure_unit());
        write_states(&self.sampler, &totals, pressure_unit, &path.join("states.csv"))?;
        let first_half = self.writers.marks.first_half(self.record.production_done)?;
        write_exchange(self.sampler.grid(), &totals, first_half.as_deref(), &path.join("exchange.csv"))?;
        if self.sampler.has_windows() {
            write_windows(self.sampler.grid(), &totals, &path.join("windows.csv"))?;
        }
        Ok(Some(totals))
    }

    /// Writes `run.json` of a run that goes on, or has come to its end.
    ///
    /// - `elapsed`: sampling time of this process
    fn write_record(&mut self, elapsed: Duration) -> Result<()> {
        let record = &mut self.record;
        record.seconds_sampling = self.history.seconds_sampling + elapsed.as_secs_f64();
        let per_s = record.n_replicas as f64 / record.seconds_sampling;
        record.replica_steps_per_s = per_s * self.sampler.steps_made() as f64;
        record.attempts_per_s = per_s * self.sampler.cycle() as f64 * f64::from(self.sampler.plan().attempts);
        self.write_run_json()
    }

    /// Writes the tables and the record at the end.
    fn finish(&mut self, interrupted: bool, elapsed: Duration) -> Result<()> {
        let totals = self.write_tables()?;
        self.count_service();
        self.record_choice(totals.as_ref().and_then(|totals| totals.balance.as_ref()));
        let device = self.sampler.backend().info().identity;
        self.record.ranks = companions::record(&self.ranks(), &device, elapsed)?;
        let record = &mut self.record;
        record.warnings = self.history.warnings.clone();
        record.insertion = InsertionRecord::of(self.sampler.backend());
        let edges = totals.map_or_else(Vec::new, |totals| totals.edges);
        let of_clients = record.forces.as_ref().and_then(ServiceRecord::doubts);
        for warning in edge_warnings(&self.sampler, &edges).into_iter().chain(of_clients) {
            self.directory.log(&format!("warning: {warning}"))?;
            record.warnings.push(warning);
        }
        record.status = if interrupted { RunStatus::Interrupted } else { RunStatus::Finished };
        self.write_record(elapsed)?;
        let record = &self.record;
        self.directory.log(&format!(
            "{}: {} production cycles, {:.3} s, {:.4e} replica-steps/s",
            record.status, record.production_done, record.seconds_sampling, record.replica_steps_per_s
        ))
    }
}

/// Attempts from which an edge that always or never exchanges is remarkable.
const MANY_ATTEMPTS: u64 = 100;

/// What is said of neighbours along an axis that never exchange, and of those that always do.
///
/// - `tallies`: `[n_edges]`, of all ranks
fn edge_warnings(sampler: &Sampler, tallies: &[EdgeTally]) -> Vec<String> {
    let tallied = |(e, t): &(&Edge, &EdgeTally)| e.axis().is_some() && t.attempts >= MANY_ATTEMPTS;
    let edges = || sampler.grid().edges.iter().zip(tallies).filter(tallied);
    let named = |those: Vec<(u32, u32)>| {
        let first: Vec<String> = those.iter().take(3).map(|(a, b)| format!("{a}–{b}")).collect();
        let more = if those.len() > 3 { ", …" } else { "" };
        format!("{} ({}{more})", those.len(), first.join(", "))
    };
    let mut warnings = Vec::new();
    let never: Vec<_> = edges().filter(|(_, t)| t.accepted == 0).map(|(e, _)| (e.a.0, e.b.0)).collect();
    if !never.is_empty() {
        let edges = named(never);
        warnings.push(format!("pairs of neighbouring states that never exchanged: {edges}; put states between them"));
    }
    let always: Vec<_> = edges().filter(|(_, t)| t.accepted == t.attempts).map(|(e, _)| (e.a.0, e.b.0)).collect();
    if !always.is_empty() {
        let edges = named(always);
        warnings.push(format!(
            "pairs of neighbouring states that exchanged at every attempt: {edges}; states this close add nothing"
        ));
    }
    warnings
}

/// - `n_replicas`: of all ranks
/// - `before`: cycles and steps made when this process began, `elapsed` ago
fn progress(
    sampler: &mut Sampler,
    n_replicas: usize,
    production: bool,
    cycles: u64,
    before: (u64, u64),
    elapsed: Duration,
) -> Progress {
    let recent = sampler.take_recent();
    let cycle = sampler.cycle();
    let (done, steps) = (cycle - before.0, sampler.steps_made() - before.1);
    Progress {
        cycle,
        cycles,
        production,
        acceptance: recent.moved as f64 / recent.moves as f64,
        segments: recent.accepted_segments as f64 / recent.segments as f64,
        exchange: recent.exchanged as f64 / recent.exchanges as f64,
        replica_steps_per_s: (n_replicas as u64 * steps) as f64 / elapsed.as_secs_f64(),
        left: elapsed.mul_f64((cycles - cycle) as f64 / done as f64),
    }
}
