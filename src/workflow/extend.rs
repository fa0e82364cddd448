//! What follows sampling: the analysis, and extensions of production as long as the scene's goal is not reached.

use crate::base::{Error, Result};
use crate::forces::ServiceRecord;
use crate::input::scene;
use crate::ranks::{Ranks, Talk};
use crate::run::{self, Ended, Limits, Progress, ResumeOptions, RunOutcome, RunRecord};
use crate::workflow::analyze::{Evaluation, GridRequest, Stage, evaluate_and_tell};
use crate::workflow::stopping::StoppingRule;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::time::Instant;

/// How a run and what followed it ended without an error.
#[derive(Debug)]
pub enum Conclusion {
    /// Sampled and analysed; nothing is left to do.
    Done(Results),
    /// Sampled up to `max_cycles` and analysed, but short of the error that the scene wants.
    Short(Results),
    /// Stopped at its wall time or by a signal; `resume` goes on from here.
    Stopped(RunRecord),
    /// What the first of several ranks has made of it: the exit code of its command.
    Elsewhere(u8),
}

/// A run that was sampled and analysed.
#[derive(Debug)]
pub struct Results {
    /// Its analysis.
    pub evaluation: Evaluation,
    /// `run.json` as written.
    pub record: RunRecord,
}

/// Progress callbacks of a run and its extensions.
pub trait Listener {
    /// Called after cycles, as by [`run::run()`].
    fn progress(&mut self, progress: &Progress);
    /// Called before every extension: how well the boundaries are known, and how many cycles are added.
    fn extension(&mut self, words: &str, cycles: u32);
    /// Called before every stage of the analysis.
    fn stage(&mut self, stage: Stage);
}

/// Analyses a run that has come to the end of its schedule. As long as the goal of its scene is not reached, production
/// is extended by half (as by `resume --cycles`) and analysed again, up to `max_cycles`.
///
/// The run is finished after every extension: whatever ends this in between, `resume` goes on from there.
///
/// - `ranks`: those that share the run; the first one analyses, and the others wait for what it says
/// - `limits`: of the command; its walltime counts from `start`
///
/// # Errors
/// Those of [`run::resume()`] and [`evaluate_and_tell()`].
pub fn conclude(
    ranks: &Ranks,
    mut outcome: RunOutcome,
    limits: &Limits,
    start: Instant,
    listener: &mut dyn Listener,
) -> Result<Conclusion> {
    loop {
        let Ended { directory, mut record } = match outcome {
            RunOutcome::Finished(ended) | RunOutcome::AlreadyFinished(ended) => ended,
            RunOutcome::Stopped(Ended { record, .. }) => return Ok(Conclusion::Stopped(record)),
        };
        let path = directory.path().to_owned();
        if !ranks.is_first() {
            match Next::heard(ranks)? {
                Next::End(code) => return Ok(Conclusion::Elsewhere(code)),
                Next::Extend(cycles) => {
                    outcome = extended(ranks, path, cycles, limits, start, listener)?;
                    continue;
                }
            }
        }
        let default = GridRequest::default();
        let evaluation =
            evaluate_and_tell(std::slice::from_ref(&path), &path, &default, &mut |stage| listener.stage(stage))?;
        let goal = goal_of(&path)?;
        record.seconds_analysis = evaluation.summary.seconds.analysis;
        record.boundaries = goal.map(|g| g.judge(&evaluation.analysis));
        record.write(&path)?;
        let Some(known) = record.boundaries.as_ref().filter(|k| !k.enough) else {
            let code = u8::from(shortfall(&record, &path).is_some()) * 3;
            Next::End(code).tell(ranks)?;
            return Ok(Conclusion::Done(Results { evaluation, record }));
        };
        let Some(cycles) = goal.and_then(|g| g.next_extension()) else {
            Next::End(3).tell(ranks)?;
            return Ok(Conclusion::Short(Results { evaluation, record }));
        };
        let left = limits.walltime.map(|limit| limit.saturating_sub(start.elapsed()));
        if limits.stop.load(Ordering::Relaxed) || left.is_some_and(|l| l.is_zero()) {
            Next::End(75).tell(ranks)?;
            return Ok(Conclusion::Stopped(record));
        }
        listener.extension(&known.words, cycles);
        // The extension takes the lock itself.
        drop(directory);
        Next::Extend(cycles).tell(ranks)?;
        outcome = extended(ranks, path, cycles, limits, start, listener)?;
    }
}

/// Makes a run longer.
fn extended(
    ranks: &Ranks,
    directory: PathBuf,
    cycles: u32,
    limits: &Limits,
    start: Instant,
    listener: &mut dyn Listener,
) -> Result<RunOutcome> {
    let left = limits.walltime.map(|limit| limit.saturating_sub(start.elapsed()));
    let options = ResumeOptions {
        directory,
        more_cycles: Some(cycles),
        limits: Limits { walltime: left, ..limits.clone() },
        ..ResumeOptions::default()
    };
    run::resume_on(ranks, &options, &mut |p| listener.progress(p))
}

/// What follows an analysis, which the first of several ranks tells the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Next {
    /// Nothing: the command ends with this code.
    End(u8),
    /// So many further cycles.
    Extend(u32),
}

impl Next {
    fn tell(self, ranks: &Ranks) -> Result<()> {
        let bytes = match self {
            Next::End(code) => vec![code],
            Next::Extend(cycles) => cycles.to_le_bytes().to_vec(),
        };
        ranks.broadcast(Talk::Start, bytes).map(|_| ())
    }

    fn heard(ranks: &Ranks) -> Result<Next> {
        let bytes = ranks.broadcast(Talk::Start, Vec::new())?;
        Ok(match (bytes.first_chunk(), bytes.first()) {
            (Some(cycles), _) => Next::Extend(u32::from_le_bytes(*cycles)),
            (None, Some(code)) => Next::End(*code),
            (None, None) => return Err(Error::RankLost),
        })
    }
}

/// Whether nothing is left to be done for a run that was found finished.
///
/// # Errors
/// Those of [`scene::load`].
pub fn is_settled(ended: &Ended) -> Result<bool> {
    let Some(goal) = goal_of(ended.directory.path())? else { return Ok(true) };
    Ok(ended.record.boundaries.as_ref().is_some_and(|k| k.enough || goal.next_extension().is_none()))
}

/// Says how far a run is from the goal of its scene, and how to go on; `None` if it has none or has reached it.
pub fn shortfall(record: &RunRecord, directory: &Path) -> Option<String> {
    if let Some(words) = record.forces.as_ref().and_then(unevaluated) {
        return Some(words);
    }
    let known = record.boundaries.as_ref().filter(|k| !k.enough)?;
    Some(format!(
        "`max_cycles` is reached after {} production cycles; {}; go on with: adlayer resume {} --cycles +N, or put \
         states and walkers where the error is large",
        record.production_done,
        known.words,
        directory.display()
    ))
}

/// Share of trials without an energy above which the ensemble is another one.
const MOST_UNEVALUATED: f64 = 0.01;

/// Says that too many trials were rejected because no client could evaluate them.
fn unevaluated(forces: &ServiceRecord) -> Option<String> {
    let share = forces.rejected as f64 / forces.trials.max(1) as f64;
    (share > MOST_UNEVALUATED).then(|| {
        format!(
            "{} of {} trials ({:.1} %) were rejected because no client could evaluate them, so the averages are those of \
             another ensemble; converge the clients better and run again (the last failure: {})",
            forces.rejected,
            forces.trials,
            100.0 * share,
            forces.last_rejected
        )
    })
}

fn goal_of(directory: &Path) -> Result<Option<StoppingRule>> {
    Ok(StoppingRule::of(&scene::load(directory.join("resolved.ron"))?))
}
