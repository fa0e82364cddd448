//! What follows sampling: the analysis, and further stretches of production as long as the scene's goal is not reached.

use crate::base::error::{Error, Result};
use crate::input::scene;
use crate::run::{self, Limits, Progress, ResumeOptions, RunOutcome, RunRecord};
use crate::workflow::analyze::{Evaluation, GridRequest, evaluate};
use crate::workflow::stopping::StoppingRule;
use std::path::Path;
use std::sync::atomic::Ordering;
use std::time::Instant;

/// A run at its end.
#[derive(Debug)]
pub struct Conclusion {
    /// Its analysis.
    pub evaluation: Evaluation,
    /// `run.json` as written.
    pub record: RunRecord,
}

/// What a caller hears of meanwhile.
pub trait Listener {
    /// Called after cycles, as by [`run::run()`].
    fn progress(&mut self, progress: &Progress);
    /// Called before every further stretch: how well the boundaries are known, and how long the stretch is.
    fn stretch(&mut self, words: &str, cycles: u32);
}

/// Analyses a run that has come to the end of its schedule. As long as the goal of its scene is not reached, production
/// is extended by half (as by `resume --cycles`) and analysed again, up to `max_cycles`.
///
/// The run is finished after every stretch: whatever ends this in between, `resume` goes on from there.
///
/// - `limits`: of the command; its walltime counts from `start`
///
/// # Errors
/// [`Error::Interrupted`] if it was stopped between two stretches or in one; those of [`run::resume()`] and
/// [`evaluate()`]. A goal that was not reached is none: see [`check`].
pub fn conclude(
    mut outcome: RunOutcome,
    limits: &Limits,
    start: Instant,
    listener: &mut dyn Listener,
) -> Result<Conclusion> {
    loop {
        let path = outcome.directory.path().to_owned();
        let evaluation = evaluate(std::slice::from_ref(&path), &path, &GridRequest::default())?;
        let goal = goal_of(&path)?;
        let mut record = outcome.record;
        record.seconds_analysis = evaluation.summary.seconds.analysis;
        record.boundaries = goal.map(|g| g.judge(&evaluation.analysis));
        record.write(&path)?;
        let known = record.boundaries.as_ref();
        let next = goal.filter(|_| known.is_some_and(|k| !k.enough)).and_then(|g| g.next_stretch());
        let (Some(cycles), Some(known)) = (next, known) else { return Ok(Conclusion { evaluation, record }) };
        let left = limits.walltime.map(|limit| limit.saturating_sub(start.elapsed()));
        if limits.stop.load(Ordering::Relaxed) || left.is_some_and(|l| l.is_zero()) {
            return Err(Error::Interrupted(format!(
                "stopped after {} production cycles ({}); go on with: adlayer resume {}",
                record.production_done,
                known.words,
                path.display()
            )));
        }
        listener.stretch(&known.words, cycles);
        // The next stretch takes the lock itself.
        drop(outcome.directory);
        let options = ResumeOptions {
            directory: path,
            more_cycles: Some(cycles),
            limits: Limits { walltime: left, ..limits.clone() },
            ..ResumeOptions::default()
        };
        outcome = run::resume(&options, &mut |p| listener.progress(p))?;
    }
}

/// Whether nothing is left to be done for a run that was found finished.
///
/// # Errors
/// Those of [`scene::load`].
pub fn is_settled(outcome: &RunOutcome) -> Result<bool> {
    let Some(goal) = goal_of(outcome.directory.path())? else { return Ok(true) };
    Ok(outcome.record.boundaries.as_ref().is_some_and(|k| k.enough || goal.next_stretch().is_none()))
}

/// Whether a run has reached the goal of its scene, if that has one.
///
/// # Errors
/// [`Error::Short`] if it has not.
pub fn check(record: &RunRecord, directory: &Path) -> Result<()> {
    match record.boundaries.as_ref().filter(|k| !k.enough) {
        None => Ok(()),
        Some(known) => Err(Error::Short(format!(
            "`max_cycles` is reached after {} production cycles; {}; go on with: adlayer resume {} --cycles +N, or put \
             states and walkers where the error is large",
            record.production_done,
            known.words,
            directory.display()
        ))),
    }
}

fn goal_of(directory: &Path) -> Result<Option<StoppingRule>> {
    Ok(StoppingRule::of(&scene::load(&directory.join("resolved.ron"))?))
}
