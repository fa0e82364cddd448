//! A run in its directory, new or resumed: its cycles, samples, checkpoints, and its end.

use super::tables::{write_exchange, write_states, write_windows};
use crate::base::error::{Error, Result};
use crate::base::ids::ReplicaId;
use crate::forces::ServiceRecord;
use crate::input::scene::CheckedScene;
use crate::input::scene::check::plausible::after_a_fault;
use crate::io::atomic::write_whole;
use crate::io::xyz;
use crate::moves::exchange::{EdgeTally, Period};
use crate::observables::Observables;
use crate::observables::record::Observed;
use crate::run::checkpoint::{self, History, Parts, SceneRecord};
use crate::run::directory::RunDirectory;
use crate::run::options::{Ended, Limits, Progress, RunOutcome};
use crate::run::record::{BalanceRecord, InsertionRecord, RunRecord, RunStatus, WindowRecord, thinning};
use crate::sample::tally_snapshots::MarkWriter;
use crate::sample::trajectory::{StoredFrame, TrajectoryWriter, frame_thinning};
use crate::sample::{SampleRow, SampleWriter, rows_per_part};
use crate::sampler::{Cycle, Sampler};
use crate::system::configuration::Batch;
use crate::thermo::states::Edge;
use std::path::Path;
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
}

/// When those who watch a run were last told of it.
struct Told {
    tables: Instant,
    record: Instant,
}

/// What a run writes while it samples.
pub(crate) struct Writers {
    pub(crate) samples: SampleWriter,
    pub(crate) frames: TrajectoryWriter,
    observables: Observables,
    pub(crate) marks: MarkWriter,
}

impl Writers {
    /// Writers into a run directory.
    pub(crate) fn new(loaded: &CheckedScene, directory: &Path) -> Result<Writers> {
        let names: Vec<String> = loaded.scene.reservoir.iter().map(|r| r.species.clone()).collect();
        let observables = Observables::from_scene(loaded);
        let fields = observables.fields();
        Ok(Writers {
            samples: SampleWriter::new(directory, &names, rows_per_part(&fields))?.observing(&fields),
            frames: TrajectoryWriter::new(directory)?,
            observables,
            marks: MarkWriter::new(directory, loaded.scene.schedule.production)?,
        })
    }

    /// Writes what is buffered, and says which parts there are.
    fn flush(&mut self) -> Result<Parts> {
        self.samples.flush()?;
        self.frames.flush()?;
        Ok(Parts { samples: self.samples.next_part() as u32, frames: self.frames.next_part() as u32 })
    }

    /// Removes the parts that are younger than a checkpoint.
    pub(crate) fn rewind_to(&mut self, parts: Parts) -> Result<()> {
        self.samples.rewind_to(parts.samples as usize)?;
        self.frames.rewind_to(parts.frames as usize)
    }
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
                // Where the disk is full or gone these fail as well; the error itself is what counts.
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
            Some(c) if c < u64::from(schedule.production) / 2 => Period::FirstHalf,
            Some(_) => Period::SecondHalf,
        };
        let (first, steps_before, start) = (self.sampler.cycle(), self.sampler.steps_made(), Instant::now());
        let (mut last_report, mut last_checkpoint) = (start, start);
        let mut told = Told { tables: start, record: start };
        let mut interrupted = false;
        let mut batch = Batch::default();
        let keeps_samples = |cycle: u64| cycle.checked_sub(equilibration).is_some_and(|c| thinning.keeps(c as u32));
        let keeps_frames = |cycle: u64| cycle.checked_sub(equilibration).is_some_and(|c| frames.keeps(c as u32));
        let observes = !self.writers.observables.is_empty();
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
            interrupted = (limits.stop.load(Ordering::Relaxed) || out_of_time) && !last;
            let save = !last && (interrupted || last_checkpoint.elapsed() >= limits.checkpoint_every);
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
                    self.record_choice();
                    self.record.write(self.directory.path())?;
                }
                if looks(cycle) {
                    self.sampler.kept(&mut batch)?;
                }
                if keeps_samples(cycle) {
                    let observed = self.writers.observables.evaluate_all(&batch);
                    push_samples(&self.sampler, c, &observed, &mut self.writers.samples)?;
                }
                if keeps_frames(cycle) {
                    push_frames(&self.sampler, c, &batch, &mut self.writers.frames)?;
                }
                if mark {
                    let transitions = self.sampler.transitions()?;
                    self.writers.marks.write(c, &transitions, self.sampler.edge_tallies())?;
                }
            }
            if last_report.elapsed() >= REPORT_EVERY || last {
                last_report = Instant::now();
                let since = start.elapsed();
                report(&progress(&mut self.sampler, production.is_some(), cycles, (first, steps_before), since));
            }
            if save {
                self.checkpoint(start.elapsed())?;
                last_checkpoint = Instant::now();
            }
            if !last {
                self.tell(&mut told, save || mark, start.elapsed())?;
            }
        }
        if !interrupted {
            self.sampler.audit()?;
            self.checkpoint(start.elapsed())?;
        }
        self.finish(interrupted, start.elapsed())?;
        Ok(interrupted)
    }

    /// Puts down how many steps a cycle makes, and why.
    fn record_choice(&mut self) {
        self.record.steps = self.sampler.plan().steps;
        self.record.balance = BalanceRecord::of(&self.sampler, self.loaded.scene.dynamics.steps());
    }

    /// Writes the samples so far and a checkpoint to which they belong.
    ///
    /// - `elapsed`: sampling time of this process
    pub(crate) fn checkpoint(&mut self, elapsed: Duration) -> Result<()> {
        let parts = self.writers.flush()?;
        let mut history = self.history.clone();
        history.seconds_sampling += elapsed.as_secs_f64();
        let identity = self.sampler.backend().info().identity;
        let checkpoint = checkpoint::of_run(&self.scene, &history, identity, parts, &mut self.sampler)?;
        checkpoint::write(self.directory.path(), &checkpoint.to_bytes())?;
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
        let tables = at_rest && told.tables.elapsed() >= TABLES_EVERY;
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

    /// Writes the tables of what was done so far. The device has to be at rest.
    fn write_tables(&mut self) -> Result<()> {
        let path = self.directory.path();
        write_states(&mut self.sampler, self.loaded.scene.units.pressure_unit(), &path.join("states.csv"))?;
        write_exchange(&self.sampler, &path.join("exchange.csv"))?;
        if self.sampler.has_windows() {
            write_windows(&mut self.sampler, &path.join("windows.csv"))?;
        }
        Ok(())
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
        record.write(self.directory.path())
    }

    /// Writes the tables and the record at the end.
    fn finish(&mut self, interrupted: bool, elapsed: Duration) -> Result<()> {
        self.write_tables()?;
        self.count_service();
        self.record_choice();
        let record = &mut self.record;
        record.warnings = self.history.warnings.clone();
        record.insertion = InsertionRecord::of(self.sampler.backend());
        for warning in edge_warnings(&self.sampler) {
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

/// Adds a sample of every replica to the parts of a run.
///
/// - `observed`: `[n_replicas]`, or empty without observables
///
/// # Errors
/// [`Error::Io`] if a part cannot be written.
pub fn push_samples(sampler: &Sampler, cycle: u32, observed: &[Observed], writer: &mut SampleWriter) -> Result<()> {
    let (assignment, nothing) = (sampler.assignment(), Observed::default());
    for (replica, m) in sampler.measurements().iter().enumerate() {
        let id = ReplicaId(replica as u32);
        let row = SampleRow {
            cycle,
            walker: assignment.walker_of(id) as u16,
            replica: id.0,
            state: assignment.state_of(id).0,
            energy: m.energy,
            counts: &m.counts,
        };
        writer.push_observed(row, observed.get(replica).unwrap_or(&nothing))?;
    }
    Ok(())
}

/// Keeps the configuration of every replica.
fn push_frames(sampler: &Sampler, cycle: u32, batch: &Batch, trajectory: &mut TrajectoryWriter) -> Result<()> {
    let assignment = sampler.assignment();
    for (replica, (x, m)) in batch.configurations.iter().zip(sampler.measurements()).enumerate() {
        let id = ReplicaId(replica as u32);
        trajectory.push(StoredFrame {
            cycle,
            walker: assignment.walker_of(id) as u16,
            replica: id.0,
            state: assignment.state_of(id).0,
            energy: m.energy,
            positions: x.positions.iter().map(|p| p.as_vec3()).collect(),
            species: x.species.clone(),
        })?;
    }
    Ok(())
}

/// Attempts from which an edge that always or never exchanges is remarkable.
const MANY_ATTEMPTS: u64 = 100;

/// What is said of neighbours along an axis that never exchange, and of those that always do.
fn edge_warnings(sampler: &Sampler) -> Vec<String> {
    let tallied = |(e, t): &(&Edge, &EdgeTally)| e.axis().is_some() && t.attempts >= MANY_ATTEMPTS;
    let edges = || sampler.grid().edges.iter().zip(sampler.edge_tallies()).filter(tallied);
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

/// - `before`: cycles and steps made when this process began, `elapsed` ago
fn progress(sampler: &mut Sampler, production: bool, cycles: u64, before: (u64, u64), elapsed: Duration) -> Progress {
    let recent = sampler.take_recent();
    let (cycle, n_replicas) = (sampler.cycle(), sampler.assignment().states().len());
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
