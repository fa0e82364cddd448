//! What a caller decides about a run, hears of it meanwhile, and gets back at its end.

use crate::run::directory::RunDirectory;
use crate::run::record::RunRecord;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

/// Options of a new run, besides its scene.
#[derive(Debug, Clone)]
pub struct RunOptions {
    /// As [`DeviceChoice`](crate::backend::DeviceChoice) reads it: `auto`, `cpu`, `gpu:0,gpu:1`, …
    pub device: String,
    /// Where to; must not exist unless `force`.
    pub directory: PathBuf,
    /// Replace an earlier run of that name.
    pub force: bool,
    /// The run of the same system from whose configurations it starts, each replica from the nearest state; from what
    /// `initial` says if not given.
    pub start_from: Option<PathBuf>,
    /// When to stop and when to save.
    pub limits: Limits,
}

/// Limits of a run: when it stops before its end, and when it saves itself.
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

/// Progress of a run, for a progress bar.
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
    /// Accepted segments of dynamics per segment since the last report; NaN where dynamics accept or reject none.
    pub segments: f64,
    /// Accepted exchanges per attempt since the last report; NaN without attempts.
    pub exchange: f64,
    /// Steps (or displacement attempts) times replicas per second since the start.
    pub replica_steps_per_s: f64,
    /// Time left at the present rate.
    pub left: Duration,
}

/// Options of a run that goes on.
#[derive(Debug, Clone, Default)]
pub struct ResumeOptions {
    /// The run.
    pub directory: PathBuf,
    /// Where to run; that of the checkpoint if not given.
    pub device: Option<String>,
    /// Production cycles to add to the schedule.
    pub more_cycles: Option<u32>,
    /// Go on although build or device are others; the bits will differ.
    pub allow_different_device: bool,
    /// When to stop and when to save.
    pub limits: Limits,
}

/// How a run ended without an error. Its directory is still locked.
#[derive(Debug)]
pub enum RunOutcome {
    /// The schedule came to its end.
    Finished(Ended),
    /// The schedule had come to its end before: there was nothing to do.
    AlreadyFinished(Ended),
    /// Stopped at its wall time or by a signal: it can be resumed, and tables and samples of what was done are written.
    Stopped(Ended),
}

/// A run that is not sampling any more.
#[derive(Debug)]
pub struct Ended {
    /// The directory, still locked.
    pub directory: RunDirectory,
    /// `run.json` as written.
    pub record: RunRecord,
}

impl RunOutcome {
    /// Directory and record, however the run ended.
    pub fn ended(&self) -> &Ended {
        match self {
            RunOutcome::Finished(ended) | RunOutcome::AlreadyFinished(ended) | RunOutcome::Stopped(ended) => ended,
        }
    }
}
