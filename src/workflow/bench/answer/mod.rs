//! Error of the answer for the time it took: what `adlayer bench --answer` measures. Nothing here prints.
//!
//! Scenes are run with several seeds, in turn, each as a user would: sampled into a directory, analysed, judged; several
//! runs at a time where that is asked for, each on a thread of its own, so that what one costs is still told apart. Their
//! boundaries, ⟨N⟩ and ln Ξ are compared with a reference, a stored one of much longer runs, or for want of it with the
//! mean over all the runs, which shows scatter but no bias.
//!
//! The figure of merit of a quantity is 1/(RMSE² t), t being processor seconds of sampling, equilibration included, or
//! evaluations: a step, a displacement, a trial position or a change of identity of one replica counts as one. Runs that do not
//! find a line have cost as much as those that do: t is that of all runs over the number of those that report a value. From n
//! seeds it has a relative error of √(2/n).

mod outcome;
mod reference;
mod score;

pub use outcome::{Crossing, Outcome, Place, Value};
pub use reference::Reference;
pub use score::{BoundaryScore, Group, Score};

use super::{process_seconds, thread_seconds};
use crate::base::error::{Error, Result};
use crate::input::scene::CheckedScene;
use crate::run::{self, Limits, RunOptions, RunOutcome};
use crate::workflow::analyze::analyse_and_judge;
use serde::Serialize;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// How answers are measured.
#[derive(Debug, Clone)]
pub struct AnswerOptions {
    /// As [`DeviceChoice`](crate::backend::DeviceChoice) reads it: `auto`, `cpu`, `gpu:0,gpu:1`, …
    pub device: String,
    /// Runs of every scene, the first with the seed of the scene, the others with the seeds that follow it.
    pub seeds: u32,
    /// Runs at a time. One has all threads of the pool; of several each has one thread.
    pub jobs: usize,
    /// Raised from outside to stop; rounds that are complete by then are scored.
    pub stop: Arc<AtomicBool>,
}

/// Answers of several scenes beside one reference.
#[derive(Debug, Clone, Serialize)]
pub struct AnswerReport {
    /// Runs of every scene.
    pub seeds: usize,
    /// Where the right values are from, in words.
    pub reference: String,
    /// One row a scene, in the order given.
    pub scenes: Vec<SceneAnswer>,
}

/// Answers of one scene over its seeds.
#[derive(Debug, Clone, Serialize)]
pub struct SceneAnswer {
    /// File name of the scene.
    pub scene: String,
    /// Replicas.
    pub replicas: usize,
    /// Cycles of a run, equilibration included.
    pub cycles: u64,
    /// Evaluations of a run.
    pub evaluations: f64,
    /// Seconds of sampling in a run: of processor time where the system tells it.
    pub seconds: f64,
    /// Runs that were called trusted.
    pub trusted: usize,
    /// Largest |z| of anything reported by a run that was called trusted; absent where none was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub worst_trusted: Option<f64>,
    /// What was said of each run, and how far the worst of what it reports is off.
    pub runs: Vec<Judged>,
    /// Points of first-order boundaries that the reference has.
    pub boundaries: Vec<BoundaryScore>,
    /// ⟨N_s⟩ of every state, as `states.csv` has it.
    pub states: Group,
    /// ⟨N_s⟩ of every cell of the map.
    pub cells: Group,
    /// ln Ξ of every cell of the map.
    pub ln_xi: Group,
}

/// One run, judged by itself and by the right values.
#[derive(Debug, Clone, Serialize)]
pub struct Judged {
    /// Its seed.
    pub seed: u64,
    /// Whether it was called trusted.
    pub trusted: bool,
    /// Largest |z| of anything that it reports with an error; 0 where it reports none.
    pub largest_z: f64,
    /// What that is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub farthest: Option<Farthest>,
}

/// A value that is off by its error.
#[derive(Debug, Clone, Serialize)]
pub struct Farthest {
    /// In words.
    pub what: &'static str,
    /// Scene unit.
    pub temperature: f64,
    /// `[n_reservoirs]`, column `mu_<s>` \[energy\]
    pub mu: Vec<f64>,
    /// As the run has it.
    pub value: Value,
    /// As it is.
    pub right: Value,
    /// In errors of both.
    pub z: f64,
}

impl Judged {
    fn new(outcome: &Outcome, reference: &Reference) -> Judged {
        let farthest = reference.farthest(outcome);
        let largest_z = farthest.as_ref().map_or(0.0, |f| f.z.abs());
        Judged { seed: outcome.seed, trusted: outcome.trusted, largest_z, farthest }
    }
}

/// All runs of one scene.
struct Runs {
    scene: String,
    replicas: usize,
    cycles: u64,
    outcomes: Vec<Outcome>,
}

/// Called before every run with the scene and the seed.
pub type Heard<'a> = &'a (dyn Fn(&str, u64) + Sync);

/// Runs scenes with several seeds, in turn.
///
/// # Errors
/// Whatever a run or its analysis says: of several the first by seed and scene.
fn runs(scenes: &[CheckedScene], options: &AnswerOptions, heard: Heard<'_>) -> Result<Vec<Runs>> {
    let mut all: Vec<Runs> = scenes.iter().map(Runs::new).collect();
    let names: Vec<String> = all.iter().map(|r| r.scene.clone()).collect();
    // Round by round, so that what is complete when it is stopped has every scene.
    let tasks = options.seeds as usize * scenes.len();
    let one = |task: usize| -> Result<Option<Outcome>> {
        let (round, k) = (task / scenes.len(), task % scenes.len());
        let seed = scenes[k].scene.seed.wrapping_add(round as u64);
        heard(&names[k], seed);
        outcome(scenes[k].clone().with_overrides(None, Some(seed))?, options)
    };
    let outcomes = if options.jobs > 1 { at_once(tasks, options.jobs, &one)? } else { in_turn(tasks, &one)? };
    let rounds = outcomes.len() / scenes.len();
    for (task, outcome) in outcomes.into_iter().take(rounds * scenes.len()).enumerate() {
        all[task % scenes.len()].outcomes.push(outcome);
    }
    Ok(all)
}

/// Outcomes of tasks one after another, up to the first that was stopped.
fn in_turn(tasks: usize, one: &(dyn Fn(usize) -> Result<Option<Outcome>> + Sync)) -> Result<Vec<Outcome>> {
    (0..tasks).map(one).map_while(Result::transpose).collect()
}

/// Outcomes of tasks, `jobs` at a time, up to the first that was stopped.
fn at_once(tasks: usize, jobs: usize, one: &(dyn Fn(usize) -> Result<Option<Outcome>> + Sync)) -> Result<Vec<Outcome>> {
    let next = AtomicUsize::new(0);
    let found: Mutex<Vec<(usize, Result<Option<Outcome>>)>> = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..jobs.min(tasks) {
            scope.spawn(|| {
                loop {
                    let task = next.fetch_add(1, Ordering::Relaxed);
                    if task >= tasks {
                        return;
                    }
                    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build();
                    let outcome = match pool {
                        Ok(pool) => pool.install(|| one(task)),
                        Err(source) => Err(Error::Threads { threads: 1, source }),
                    };
                    let ended = !matches!(outcome, Ok(Some(_)));
                    found.lock().unwrap_or_else(PoisonError::into_inner).push((task, outcome));
                    if ended {
                        next.store(tasks, Ordering::Relaxed);
                    }
                }
            });
        }
    });
    let mut found = found.into_inner().unwrap_or_else(PoisonError::into_inner);
    found.sort_by_key(|(task, _)| *task);
    found.into_iter().map(|(_, outcome)| outcome).map_while(Result::transpose).collect()
}

/// One run with its analysis; `None` when it was stopped.
fn outcome(scene: CheckedScene, options: &AnswerOptions) -> Result<Option<Outcome>> {
    let folder = tempfile::tempdir().map_err(Error::io("cannot make a folder in", std::env::temp_dir()))?;
    let directory = folder.path().join("run");
    let limits = Limits { stop: Arc::clone(&options.stop), ..Limits::default() };
    let run_options = RunOptions {
        device: options.device.clone(),
        directory: directory.clone(),
        force: false,
        start_from: None,
        limits,
    };
    let cpu_seconds = if options.jobs > 1 { thread_seconds } else { process_seconds };
    let (seed, before) = (scene.scene.seed, cpu_seconds());
    let ended = run::run(&scene, &run_options, &mut |_| {})?;
    if matches!(ended, RunOutcome::Stopped(_)) || options.stop.load(Ordering::Relaxed) {
        return Ok(None);
    }
    let record = ended.ended().record.clone();
    // Its lock goes with it.
    drop(ended);
    let seconds = cpu_seconds().zip(before).map_or(record.seconds_sampling, |(after, before)| after - before);
    let cycles = f64::from(record.equilibration) + f64::from(record.production_done);
    let trials = record.insertion.as_ref().map_or(1.0, |i| i.trials as f64);
    let each = f64::from(record.steps) + f64::from(record.attempts) * trials + f64::from(record.identity);
    let analysis = analyse_and_judge(&directory)?;
    Outcome::new(&analysis, &directory, seed, (seconds, each * cycles * record.n_replicas as f64)).map(Some)
}

impl Runs {
    fn new(loaded: &CheckedScene) -> Runs {
        let (schedule, walkers) = (&loaded.scene.schedule, loaded.scene.grid.walkers as usize);
        let replicas = loaded.grid().len() * walkers;
        let cycles = u64::from(schedule.equilibration) + u64::from(schedule.production);
        Runs {
            scene: loaded.path.file_name().map_or_else(String::new, |n| n.to_string_lossy().into_owned()),
            replicas,
            cycles,
            outcomes: Vec::new(),
        }
    }

    fn score(&self, reference: &Reference) -> SceneAnswer {
        let n = self.outcomes.len() as f64;
        let seconds = self.outcomes.iter().map(|o| o.seconds).sum::<f64>() / n;
        let evaluations = self.outcomes.iter().map(|o| o.evaluations).sum::<f64>() / n;
        let cost = (seconds, evaluations);
        let boundaries = score::boundaries(&self.outcomes, reference, cost);
        let states = score::group(&self.outcomes, &reference.states, cost, |o| &o.states);
        let cells = score::group(&self.outcomes, &reference.cells, cost, |o| &o.cells);
        let ln_xi = score::group(&self.outcomes, &reference.ln_xi, cost, |o| &o.ln_xi);
        let judged: Vec<Judged> = self.outcomes.iter().map(|o| Judged::new(o, reference)).collect();
        let trusted = judged.iter().filter(|run| run.trusted);
        let worst_trusted = trusted.clone().map(|run| run.largest_z).reduce(f64::max);
        SceneAnswer {
            scene: self.scene.clone(),
            replicas: self.replicas,
            cycles: self.cycles,
            evaluations,
            seconds,
            trusted: trusted.count(),
            worst_trusted,
            runs: judged,
            boundaries,
            states,
            cells,
            ln_xi,
        }
    }
}

/// Measures the answers of scenes.
///
/// - `reference`: the right values; unset: the mean over all runs
/// - returns: `None` when it was stopped before every scene had two runs
///
/// # Errors
/// Whatever a run or its analysis says.
pub fn answers(
    scenes: &[CheckedScene],
    reference: Option<&(PathBuf, Reference)>,
    options: &AnswerOptions,
    heard: Heard<'_>,
) -> Result<Option<AnswerReport>> {
    let all = runs(scenes, options, heard)?;
    let seeds = all.iter().map(|r| r.outcomes.len()).min().unwrap_or(0);
    if seeds < 2 {
        return Ok(None);
    }
    let (words, reference) = match reference {
        Some((path, reference)) => {
            let words = format!("{} ({} runs of {} cycles)", path.display(), reference.runs, reference.production);
            (words, reference.clone())
        }
        None => {
            let outcomes: Vec<&Outcome> = all.iter().flat_map(|r| &r.outcomes).collect();
            let production = scenes.iter().map(|s| s.scene.schedule.production).max().unwrap_or(0);
            let words = format!("the mean of these {} runs; a bias that they share does not show", outcomes.len());
            (words, Reference::of(&outcomes, production))
        }
    };
    let scenes = all.iter().map(|runs| runs.score(&reference)).collect();
    Ok(Some(AnswerReport { seeds, reference: words, scenes }))
}

/// Makes a reference from runs of one scene.
///
/// - returns: `None` when it was stopped before there were two runs
///
/// # Errors
/// Whatever a run or its analysis says.
pub fn reference(scene: &CheckedScene, options: &AnswerOptions, heard: Heard<'_>) -> Result<Option<Reference>> {
    let all = runs(std::slice::from_ref(scene), options, heard)?;
    let outcomes: Vec<&Outcome> = all.iter().flat_map(|r| &r.outcomes).collect();
    Ok((outcomes.len() >= 2).then(|| Reference::of(&outcomes, scene.scene.schedule.production)))
}
