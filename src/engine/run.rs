//! A whole run: from a checked scene to a run directory full of samples and tables.

use super::initial::initial_batch;
use super::sampler::{CyclePlan, Sampler};
use super::tables::{write_exchange, write_states};
use crate::backend;
use crate::batch::Batch;
use crate::error::{Error, Result};
use crate::exchange::Period;
use crate::files::write_whole;
use crate::ids::ReplicaId;
use crate::rng::Rng;
use crate::rundir::RunDirectory;
use crate::sample::trajectory::{StoredFrame, TrajectoryWriter, frame_thinning};
use crate::sample::{SampleRow, SampleWriter, Thinning};
use crate::scene::grammar::Exchange;
use crate::scene::{self, Loaded};
use crate::system::System;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime};

/// Rows buffered before a part is written.
const ROWS_PER_PART: usize = 1 << 17;

/// What the user decides about a run besides the scene.
#[derive(Debug, Clone)]
pub struct RunOptions {
    /// `auto`, `reference`, `cpu`, `gpu` or `gpu:NAME`.
    pub device: String,
    /// Where to; must not exist unless `force`.
    pub directory: PathBuf,
    /// Replace an earlier run of that name.
    pub force: bool,
    /// Stop after this long.
    pub walltime: Option<Duration>,
    /// Set from outside to stop after the present cycle.
    pub stop: Arc<AtomicBool>,
}

/// Where a run stands, for a progress bar.
#[derive(Debug, Clone, Copy)]
pub struct Progress {
    /// Cycles made, equilibration included.
    pub cycle: u64,
    /// Cycles of the whole run.
    pub cycles: u64,
    /// Whether samples are being taken.
    pub production: bool,
    /// Accepted insertions and deletions per attempt since the last report; NaN without attempts.
    pub acceptance: f64,
    /// Accepted exchanges per attempt since the last report; NaN without attempts.
    pub exchange: f64,
    /// Steps (or displacement attempts) times replicas per second since the start.
    pub replica_steps_per_s: f64,
    /// Time left at the present rate.
    pub left: Duration,
}

/// `run.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunRecord {
    /// Version of adlayer.
    pub version: String,
    /// `running`, `finished` or `interrupted`.
    pub status: String,
    /// Title of the scene.
    pub title: String,
    /// File name of the scene.
    pub scene: String,
    /// Seed of every random number.
    pub seed: u64,
    /// Device that sampled.
    pub device: String,
    /// Its driver; empty where there is none.
    pub driver: String,
    /// Which kernel ran, by rule.
    pub kernel: String,
    /// Threads of the host.
    pub threads: usize,
    /// Start of the run in seconds since 1970.
    pub started_unix: u64,
    /// Number of states.
    pub n_states: usize,
    /// Independent copies of the grid.
    pub walkers: u32,
    /// Number of replicas.
    pub n_replicas: usize,
    /// Cycles of equilibration asked for.
    pub equilibration: u32,
    /// Cycles of production asked for.
    pub production: u32,
    /// Cycles of production done.
    pub production_done: u32,
    /// Steps (or displacement attempts) of a cycle.
    pub steps: u32,
    /// Insertion and deletion attempts of a cycle.
    pub attempts: u32,
    /// Cycles between stored samples after thinning.
    pub sample_stride: u32,
    /// Seconds of sampling.
    pub seconds_sampling: f64,
    /// Seconds of analysis; 0 before it has run.
    pub seconds_analysis: f64,
    /// Steps times replicas per second, particle moves and exchange included.
    pub replica_steps_per_s: f64,
    /// Insertion and deletion attempts per second, dynamics and exchange included.
    pub attempts_per_s: f64,
    /// What the checks of the scene remarked.
    pub warnings: Vec<String>,
}

impl RunRecord {
    /// Writes `run.json` into a run directory.
    ///
    /// # Errors
    /// [`Error::Io`] if it cannot be written.
    pub fn write(&self, directory: &std::path::Path) -> Result<()> {
        let text = serde_json::to_string_pretty(self).map_err(|e| Error::Analysis(format!("run.json: {e}")))?;
        write_whole(&directory.join("run.json"), (text + "\n").as_bytes())
    }

    /// Reads `run.json` of a run directory.
    ///
    /// # Errors
    /// [`Error::InputMissing`] or [`Error::BadInput`].
    pub fn read(directory: &std::path::Path) -> Result<RunRecord> {
        let path = directory.join("run.json");
        let text = std::fs::read_to_string(&path)
            .map_err(|_| Error::InputMissing { what: "record of the run", path: path.clone() })?;
        serde_json::from_str(&text)
            .map_err(|e| Error::BadInput { path, problem: format!("not a record of a run: {e}") })
    }
}

/// What a run ends with.
#[derive(Debug)]
pub struct RunOutcome {
    /// The directory, still locked.
    pub directory: RunDirectory,
    /// `run.json` as written.
    pub record: RunRecord,
}

/// Samples a scene into a new run directory. `report` is called after every cycle, but not more than ten times a second.
///
/// # Errors
/// [`Error::Interrupted`] when it was stopped (tables and samples of what was done are written);
/// otherwise whatever went wrong.
pub fn run(loaded: &Loaded, options: &RunOptions, report: &mut dyn FnMut(&Progress)) -> Result<RunOutcome> {
    let scene = &loaded.scene;
    let system = Arc::new(System::from_scene(loaded));
    let (grid, rng) = (loaded.grid(), Rng::new(scene.seed));
    let (backend, note) = backend::open_with_note(&options.device, Arc::clone(&system), rng)?;
    let batch = initial_batch(loaded, &system, &grid, &rng)?;
    let Exchange::EvenOdd { every } = scene.exchange;
    let plan = CyclePlan { steps: system.dynamics.steps(), attempts: scene.moves.insert_delete, exchange_every: every };
    let schedule = &scene.schedule;
    let thinning =
        Thinning::new(schedule.production, schedule.sample_every, scene.grid.walkers, schedule.max_samples_per_state);
    let mut record = RunRecord {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        status: "running".to_owned(),
        title: scene.title.clone(),
        scene: loaded.path.file_name().map_or_else(String::new, |n| n.to_string_lossy().into_owned()),
        seed: scene.seed,
        device: backend.describe(),
        driver: String::new(),
        kernel: backend.kernel(),
        threads: rayon::current_num_threads(),
        started_unix: SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |d| d.as_secs()),
        n_states: grid.len(),
        walkers: scene.grid.walkers,
        n_replicas: batch.configurations.len(),
        equilibration: schedule.equilibration,
        production: schedule.production,
        production_done: 0,
        steps: plan.steps,
        attempts: plan.attempts,
        sample_stride: thinning.stride(),
        seconds_sampling: 0.0,
        seconds_analysis: 0.0,
        replica_steps_per_s: 0.0,
        attempts_per_s: 0.0,
        warnings: loaded.warnings.iter().cloned().chain(note).collect(),
    };
    let mut sampler = Sampler::new(grid, backend, plan, &batch)?;
    let files: [(&str, &[u8]); 2] =
        [("scene.ron", loaded.text.as_bytes()), ("resolved.ron", &scene::resolved(loaded).into_bytes())];
    let directory = RunDirectory::create(&options.directory, options.force, &files)?;
    record.write(directory.path())?;
    directory.log(&format!(
        "adlayer {}: {} states × {} walkers on {} ({}), seed {}",
        record.version, record.n_states, record.walkers, record.device, record.kernel, record.seed
    ))?;
    for warning in &record.warnings {
        directory.log(&format!("warning: {warning}"))?;
    }
    let names: Vec<String> = scene.reservoir.iter().map(|r| r.species.clone()).collect();
    let mut writer = SampleWriter::new(directory.path(), &names, ROWS_PER_PART)?;
    let mut trajectory = TrajectoryWriter::new(directory.path())?;
    let frames = frame_thinning(
        schedule.production,
        schedule.sample_every,
        scene.grid.walkers,
        record.n_states,
        loaded.capacity(),
    );

    let (start, mut last_report) = (Instant::now(), Instant::now());
    let (equilibration, cycles) =
        (u64::from(schedule.equilibration), u64::from(schedule.equilibration) + u64::from(schedule.production));
    let period = |cycle: u64| match cycle.checked_sub(equilibration) {
        None => Period::Equilibration,
        Some(c) if c < u64::from(schedule.production) / 2 => Period::FirstHalf,
        Some(_) => Period::SecondHalf,
    };
    let mut interrupted = false;
    for cycle in 0..cycles {
        if cycle == equilibration {
            directory.log(&format!("production starts after {equilibration} cycles of equilibration"))?;
        }
        let production = cycle.checked_sub(equilibration).map(|c| c as u32);
        let out_of_time = options.walltime.is_some_and(|limit| start.elapsed() >= limit);
        interrupted = options.stop.load(Ordering::Relaxed) || out_of_time;
        // A configuration can be taken only while the backend is not at the next cycle already.
        let keep_frames = production.is_some_and(|c| frames.keeps(c));
        let ahead = !interrupted && cycle + 1 < cycles && !keep_frames;
        sampler.advance_ahead(period(cycle), ahead.then(|| period(cycle + 1)))?;
        if let Some(c) = production {
            record.production_done = c + 1;
            if thinning.keeps(c) {
                push_samples(&sampler, c, &mut writer)?;
            }
            if keep_frames {
                push_frames(&sampler, c, &mut trajectory)?;
            }
        }
        if last_report.elapsed() >= Duration::from_millis(100) || cycle + 1 == cycles {
            last_report = Instant::now();
            report(&progress(&mut sampler, &plan, production.is_some(), cycles, start.elapsed()));
        }
        interrupted &= cycle + 1 < cycles;
        if interrupted {
            break;
        }
    }
    writer.finish()?;
    trajectory.finish()?;
    sampler.audit()?;
    let pressure_unit = scene.units.pressure_unit();
    write_states(&mut sampler, pressure_unit, &directory.path().join("states.csv"))?;
    write_exchange(&sampler, &directory.path().join("exchange.csv"))?;
    record.seconds_sampling = start.elapsed().as_secs_f64();
    let cycles_per_s = sampler.cycle() as f64 * record.n_replicas as f64 / record.seconds_sampling;
    record.replica_steps_per_s = cycles_per_s * f64::from(plan.steps);
    record.attempts_per_s = cycles_per_s * f64::from(plan.attempts);
    record.status = if interrupted { "interrupted" } else { "finished" }.to_owned();
    record.write(directory.path())?;
    directory.log(&format!(
        "{}: {} production cycles, {:.3} s, {:.4e} replica-steps/s",
        record.status, record.production_done, record.seconds_sampling, record.replica_steps_per_s
    ))?;
    if interrupted {
        return Err(Error::Interrupted(format!(
            "stopped after {} of {} production cycles; what was sampled is in {} (see it with: adlayer analyze {})",
            record.production_done,
            schedule.production,
            directory.path().display(),
            directory.path().display()
        )));
    }
    Ok(RunOutcome { directory, record })
}

/// Adds a sample of every replica to the parts of a run.
///
/// # Errors
/// [`Error::Io`] if a part cannot be written.
pub fn push_samples(sampler: &Sampler, cycle: u32, writer: &mut SampleWriter) -> Result<()> {
    let assignment = sampler.assignment();
    for (replica, m) in sampler.measurements().iter().enumerate() {
        let id = ReplicaId(replica as u32);
        writer.push(SampleRow {
            cycle,
            walker: assignment.walker_of(id) as u16,
            replica: id.0,
            state: assignment.state_of(id).0,
            energy: m.energy,
            counts: &m.counts,
        })?;
    }
    Ok(())
}

/// Keeps the configuration of every replica. The only visit to the device beside measurements, and a rare one.
fn push_frames(sampler: &Sampler, cycle: u32, trajectory: &mut TrajectoryWriter) -> Result<()> {
    let mut batch = Batch::default();
    sampler.backend().store(&mut batch)?;
    let assignment = sampler.assignment();
    for (replica, (x, m)) in batch.configurations.into_iter().zip(sampler.measurements()).enumerate() {
        let id = ReplicaId(replica as u32);
        trajectory.push(StoredFrame {
            cycle,
            walker: assignment.walker_of(id) as u16,
            replica: id.0,
            state: assignment.state_of(id).0,
            energy: m.energy,
            positions: x.positions.iter().map(|p| p.as_vec3()).collect(),
            species: x.species,
        })?;
    }
    Ok(())
}

fn progress(sampler: &mut Sampler, plan: &CyclePlan, production: bool, cycles: u64, elapsed: Duration) -> Progress {
    let recent = sampler.take_recent();
    let (done, n_replicas) = (sampler.cycle(), sampler.assignment().states().len());
    Progress {
        cycle: done,
        cycles,
        production,
        acceptance: recent.moved as f64 / recent.moves as f64,
        exchange: recent.exchanged as f64 / recent.exchanges as f64,
        replica_steps_per_s: (done * n_replicas as u64 * u64::from(plan.steps)) as f64 / elapsed.as_secs_f64(),
        left: elapsed.mul_f64((cycles - done) as f64 / done as f64),
    }
}
