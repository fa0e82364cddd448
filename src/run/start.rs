//! A whole run: from a checked scene to a run directory full of samples and tables.

use super::session::{Session, Writers};
use crate::backend::{self, Backend};
use crate::base::error::{Error, Result};
use crate::base::rng::Rng;
use crate::input::scene::CheckedScene;
use crate::input::scene::grammar::Exchange;
use crate::io::atomic::write_whole;
use crate::run::checkpoint::{self, History, Parts, SceneRecord};
use crate::run::directory::RunDirectory;
use crate::sample::Thinning;
use crate::sampler::initial::initial_batch;
use crate::sampler::{CyclePlan, Sampler};
use crate::system::System;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, SystemTime};

/// What the user decides about a run besides the scene.
#[derive(Debug, Clone)]
pub struct RunOptions {
    /// `auto`, `reference`, `cpu`, `gpu` or `gpu:NAME`.
    pub device: String,
    /// Where to; must not exist unless `force`.
    pub directory: PathBuf,
    /// Replace an earlier run of that name.
    pub force: bool,
    /// When to stop and when to save.
    pub limits: Limits,
}

/// When a run stops before its end, and when it saves itself.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Stop after this long.
    pub walltime: Option<Duration>,
    /// Time between checkpoints; zero saves after every cycle.
    pub checkpoint_every: Duration,
    /// Set from outside to stop after the present cycle.
    pub stop: Arc<AtomicBool>,
}

impl Default for Limits {
    /// A checkpoint a minute, no end but that of the schedule.
    fn default() -> Limits {
        Limits { walltime: None, checkpoint_every: Duration::from_secs(60), stop: Arc::default() }
    }
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

/// How well the boundaries of a run are known; part of `run.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StoppingStatus {
    /// Standard error of μ that the scene wants [energy].
    pub wanted: f64,
    /// Points of boundaries that count.
    pub points: usize,
    /// The largest of their errors [energy]; none if there is no point, or a point without an error.
    pub largest: Option<f64>,
    /// Whether every point is known so well.
    pub enough: bool,
    /// Says the same in words.
    pub words: String,
}

/// `run.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunRecord {
    /// Version of adlayer.
    pub version: String,
    /// `running`, `finished`, `interrupted` or `failed`.
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
    /// How often the run was resumed; a stretch of production that its goal asked for counts.
    #[serde(default)]
    pub resumed: u32,
    /// How well the boundaries are known, where the scene has a goal and they were analysed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub boundaries: Option<StoppingStatus>,
    /// What the checks of the scene, and the run itself, remarked.
    pub warnings: Vec<String>,
}

impl RunRecord {
    /// The record of a run that is about to start or to go on.
    pub(crate) fn new(loaded: &CheckedScene, backend: &dyn Backend, plan: CyclePlan, history: &History) -> RunRecord {
        let (scene, schedule, info) = (&loaded.scene, &loaded.scene.schedule, backend.info());
        RunRecord {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            status: "running".to_owned(),
            title: scene.title.clone(),
            scene: history.scene_name.clone(),
            seed: scene.seed,
            device: info.description,
            driver: String::new(),
            kernel: info.kernel,
            threads: rayon::current_num_threads(),
            started_unix: history.started_unix,
            n_states: loaded.n_replicas() / scene.grid.walkers as usize,
            walkers: scene.grid.walkers,
            n_replicas: loaded.n_replicas(),
            equilibration: schedule.equilibration,
            production: schedule.production,
            production_done: 0,
            steps: plan.steps,
            attempts: plan.attempts,
            sample_stride: thinning(loaded).stride(),
            seconds_sampling: history.seconds_sampling,
            seconds_analysis: 0.0,
            replica_steps_per_s: 0.0,
            attempts_per_s: 0.0,
            resumed: history.resumed,
            boundaries: None,
            warnings: history.warnings.clone(),
        }
    }

    /// Writes `run.json` into a run directory.
    ///
    /// # Errors
    /// [`Error::Io`] if it cannot be written.
    pub fn write(&self, directory: &std::path::Path) -> Result<()> {
        write_whole(&directory.join("run.json"), self.text()?.as_bytes())
    }

    fn text(&self) -> Result<String> {
        let text = serde_json::to_string_pretty(self).map_err(|e| Error::Analysis(format!("run.json: {e}")))?;
        Ok(text + "\n")
    }

    /// Reads `run.json` of a run directory.
    ///
    /// # Errors
    /// [`Error::InputMissing`] or [`Error::BadInput`].
    pub fn read(directory: &std::path::Path) -> Result<RunRecord> {
        let path = directory.join("run.json");
        let text = std::fs::read_to_string(&path)
            .map_err(|_| Error::InputMissing { what: "record of the run", path: path.clone() })?;
        RunRecord::parse(&text).map_err(|e| Error::BadInput { path, problem: format!("not a record of a run: {e}") })
    }

    /// Reads the text of a `run.json`.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> std::result::Result<RunRecord, String> {
        serde_json::from_str(text).map_err(|e| e.to_string())
    }
}

/// What a run ends with.
#[derive(Debug)]
pub struct RunOutcome {
    /// The directory, still locked.
    pub directory: RunDirectory,
    /// `run.json` as written.
    pub record: RunRecord,
    /// Whether there was nothing to do.
    pub was_finished: bool,
}

/// What a cycle of a scene does.
pub(crate) fn plan(loaded: &CheckedScene, system: &System) -> CyclePlan {
    let Exchange::EvenOdd { every } = loaded.scene.exchange;
    CyclePlan { steps: system.dynamics.steps(), attempts: loaded.scene.moves.insert_delete, exchange_every: every }
}

/// Which cycles of a scene are stored.
pub(crate) fn thinning(loaded: &CheckedScene) -> Thinning {
    let schedule = &loaded.scene.schedule;
    Thinning::new(schedule.production, schedule.sample_every, loaded.scene.grid.walkers, schedule.max_samples_per_state)
}

/// Samples a scene into a new run directory. `report` is called after every cycle, but not more than ten times a second.
///
/// # Errors
/// [`Error::Interrupted`] when it was stopped (it can be resumed, and tables and samples of what was done are written);
/// otherwise whatever went wrong.
pub fn run(loaded: &CheckedScene, options: &RunOptions, report: &mut dyn FnMut(&Progress)) -> Result<RunOutcome> {
    let system = Arc::new(System::from_scene(loaded));
    let (grid, rng) = (loaded.grid(), Rng::new(loaded.scene.seed));
    let (backend, note) = backend::open_with_note(&options.device, Arc::clone(&system), rng)?;
    let batch = initial_batch(loaded, &system, &grid, &rng)?;
    let plan = plan(loaded, &system);
    let history = History {
        started_unix: SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |d| d.as_secs()),
        scene_name: loaded.path.file_name().map_or_else(String::new, |n| n.to_string_lossy().into_owned()),
        warnings: loaded.warnings.iter().cloned().chain(note).collect(),
        ..History::default()
    };
    let record = RunRecord::new(loaded, &*backend, plan, &history);
    let scene = SceneRecord::of(loaded, &loaded.text);
    let identity = backend.info().identity;
    let mut sampler = Sampler::new(grid, backend, plan, &batch)?;
    let first = checkpoint::of_run(&scene, &history, identity, Parts::default(), &mut sampler)?.to_bytes();
    let text = record.text()?;
    let files: [(&str, &[u8]); 4] = [
        ("scene.ron", loaded.text.as_bytes()),
        ("resolved.ron", scene.resolved.as_bytes()),
        ("run.json", text.as_bytes()),
        (checkpoint::FILE, &first),
    ];
    let directory = RunDirectory::create(&options.directory, options.force, &files)?;
    directory.log(&format!(
        "adlayer {}: {} states × {} walkers on {} ({}), seed {}",
        record.version, record.n_states, record.walkers, record.device, record.kernel, record.seed
    ))?;
    for warning in &record.warnings {
        directory.log(&format!("warning: {warning}"))?;
    }
    let writers = Writers::new(loaded, directory.path())?;
    let session = Session { loaded, plan, scene, history, record, sampler, writers, directory };
    session.run(&options.limits, report)
}
