//! What follows sampling: the analysis, and extensions of production and further runs as long as the scene's goal is not reached.

use crate::analysis::diagnostics::{Mood, Verdict};
use crate::analysis::{Analysis, BoundaryKind};
use crate::base::{Error, Result};
use crate::forces::ServiceRecord;
use crate::input::scene::grammar::Windows;
use crate::input::scene::{self, CheckedScene};
use crate::ranks::{Ranks, Talk};
use crate::run::directory::RunDirectory;
use crate::run::donors::device_of;
use crate::run::family::{further, place};
use crate::run::{
    self, Ended, Limits, Progress, ResumeOptions, RunOptions, RunOutcome, RunRecord, RunStatus, StoppingStatus,
    VerdictRecord,
};
use crate::workflow::analyze::{Evaluation, GridRequest, Stage, analyse_boundaries, evaluate_and_tell};
use crate::workflow::refine::{FurtherRun, MOST_OF_LINES, along_line, at_lines, in_gap, serves};
use crate::workflow::stopping::StoppingRule;
use serde::{Deserialize, Serialize};
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

/// Progress callbacks of a run, its extensions and its further runs.
pub trait Listener {
    /// Called after cycles, as by [`run::run()`].
    fn progress(&mut self, progress: &Progress);
    /// Called before every extension or further run: how well the boundaries are known, and what is done about it.
    fn extension(&mut self, words: &str);
    /// Called before every stage of the analysis.
    fn stage(&mut self, stage: Stage);
}

/// Analyses a run that has come to the end of its schedule. As long as the goal of its scene is not reached, production
/// is extended by half (as by `resume --cycles`) and analysed again, up to `max_cycles`; with `refine`, states that are lacking
/// are sampled in further runs beside it, and these are what is extended where they serve the worst boundary.
///
/// Every run is finished after each of these steps: whatever ends this in between, `resume` goes on from there.
///
/// - `ranks`: those that share the run; the first one analyses, and the others wait for what it says
/// - `limits`: of the command; its walltime counts from `start`
///
/// # Errors
/// Those of [`run::run()`], [`run::resume()`] and [`evaluate_and_tell()`].
pub fn conclude(
    ranks: &Ranks,
    outcome: RunOutcome,
    limits: &Limits,
    start: Instant,
    listener: &mut dyn Listener,
) -> Result<Conclusion> {
    let Ended { directory, record } = match outcome {
        RunOutcome::Finished(ended) | RunOutcome::AlreadyFinished(ended) => ended,
        RunOutcome::Stopped(Ended { record, .. }) => return Ok(Conclusion::Stopped(record)),
    };
    let path = directory.path().to_owned();
    let mut held = Held { path, directory: Some(directory), record };
    let clock = Clock { limits, start };
    loop {
        let step = if ranks.is_first() {
            match decide(&mut held, &clock, listener)? {
                Decided::Over(code, conclusion) => {
                    Step::End(code).tell(ranks)?;
                    return Ok(*conclusion);
                }
                Decided::Next(step) => {
                    step.tell(ranks)?;
                    step
                }
            }
        } else {
            match Step::heard(ranks)? {
                Step::End(code) => return Ok(Conclusion::Elsewhere(code)),
                step => step,
            }
        };
        if !take(ranks, &mut held, step, &clock, listener)? {
            return Ok(Conclusion::Stopped(held.record));
        }
    }
}

/// A finished run, whose directory is held but while it is extended.
struct Held {
    path: PathBuf,
    directory: Option<RunDirectory>,
    record: RunRecord,
}

/// What a command is given, and since when.
struct Clock<'a> {
    limits: &'a Limits,
    start: Instant,
}

impl Clock<'_> {
    /// Limits of what comes next.
    fn left(&self) -> Limits {
        let walltime = self.limits.walltime.map(|limit| limit.saturating_sub(self.start.elapsed()));
        Limits { walltime, ..self.limits.clone() }
    }

    fn is_over(&self) -> bool {
        self.limits.stop.load(Ordering::Relaxed) || self.left().walltime.is_some_and(|left| left.is_zero())
    }
}

/// What the first rank makes of a run.
enum Decided {
    /// Nothing is left to do; the exit code of its command.
    Over(u8, Box<Conclusion>),
    Next(Step),
}

/// What follows an analysis, which the first of several ranks tells the others.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
enum Step {
    /// Nothing: the command ends with this code.
    End(u8),
    /// Runs that are made longer, with further cycles: the run itself is 0.
    Extend(Vec<(usize, u32)>),
    /// A further run that was cut short is gone on with.
    GoOn(usize),
    /// A further run of this number and scene begins.
    Begin(usize, String),
}

impl Step {
    fn tell(&self, ranks: &Ranks) -> Result<()> {
        let bytes = serde_json::to_vec(self).map_err(|source| Error::Json { what: "a step", source })?;
        ranks.broadcast(Talk::Start, bytes).map(|_| ())
    }

    fn heard(ranks: &Ranks) -> Result<Step> {
        let bytes = ranks.broadcast(Talk::Start, Vec::new())?;
        serde_json::from_slice(&bytes).map_err(|_| Error::RankLost)
    }
}

/// Analyses a run with its further runs, and says what follows.
fn decide(held: &mut Held, clock: &Clock<'_>, listener: &mut dyn Listener) -> Result<Decided> {
    let path = &held.path;
    let further = further(path);
    for (i, run) in further.iter().enumerate() {
        if RunRecord::read(run)?.status != RunStatus::Finished {
            return Ok(if clock.is_over() { stopped(&held.record) } else { Decided::Next(Step::GoOn(i + 1)) });
        }
    }
    let loaded = scene::load(path.join("resolved.ron"))?;
    let goal = StoppingRule::of(&loaded);
    let scenes = further.iter().map(|run| scene::load(run.join("resolved.ron"))).collect::<Result<Vec<_>>>()?;
    // What falls short and can go on does so before tables and figures are made.
    if !clock.is_over() && (goal.is_some() || loaded.scene.windows == Windows::Auto) {
        listener.stage(Stage::Analysis);
        let analysis = analyse_boundaries(path)?;
        let (known, next) = lacking(&loaded, goal.as_ref(), &scenes, &analysis)?;
        if let Some((step, words)) = next {
            go_on(&mut held.record, path, known, &words, listener)?;
            return Ok(Decided::Next(step));
        }
    }
    let default = GridRequest::default();
    let evaluation = evaluate_and_tell(std::slice::from_ref(path), path, &default, &mut |stage| listener.stage(stage))?;
    let record = &mut held.record;
    record.seconds_analysis = evaluation.summary.seconds.analysis;
    let (known, next) = lacking(&loaded, goal.as_ref(), &scenes, &evaluation.analysis)?;
    record.boundaries = known;
    record.verdict = Some(verdict(&evaluation.analysis.checks.verdict));
    record.write(path)?;
    let over = |code, conclusion| Ok(Decided::Over(code, Box::new(conclusion)));
    let Some((step, words)) = next else {
        let results = Results { evaluation, record: record.clone() };
        if record.boundaries.as_ref().is_some_and(|known| !known.enough) {
            return over(3, Conclusion::Short(results));
        }
        let code = u8::from(shortfall(record, path).is_some()) * 3;
        return over(code, Conclusion::Done(results));
    };
    if clock.is_over() {
        if record.boundaries.is_none() {
            // Without a goal, the one sign that something is left to do.
            record.seconds_analysis = 0.0;
            record.write(path)?;
        }
        return Ok(stopped(record));
    }
    let known = record.boundaries.take();
    go_on(record, path, known, &words, listener)?;
    Ok(Decided::Next(step))
}

/// A step, with words for it.
type Planned = (Step, String);

/// How well the boundaries are known, if the scene asks for that, and what would help.
///
/// - `further`: scenes of the further runs
fn lacking(
    loaded: &CheckedScene,
    goal: Option<&StoppingRule>,
    further: &[CheckedScene],
    analysis: &Analysis,
) -> Result<(Option<StoppingStatus>, Option<Planned>)> {
    let Some(goal) = goal else {
        let run = if loaded.scene.windows == Windows::Auto { at_lines(loaded, further, analysis)? } else { None };
        return Ok((None, run.map(|run| begin(further.len() + 1, run))));
    };
    let known = goal.judge(analysis);
    let next = if known.enough { None } else { next(loaded, goal, further, analysis)? };
    Ok((Some(known), next))
}

/// Says and writes down that a run goes on: what was analysed before is older than what comes now.
fn go_on(
    record: &mut RunRecord,
    path: &Path,
    known: Option<StoppingStatus>,
    words: &str,
    listener: &mut dyn Listener,
) -> Result<()> {
    listener.extension(&known.as_ref().map_or_else(|| words.to_owned(), |known| format!("{}: {words}", known.words)));
    (record.boundaries, record.seconds_analysis, record.verdict) = (known, 0.0, None);
    record.write(path)
}

/// The step that begins a further run.
fn begin(number: usize, run: FurtherRun) -> Planned {
    (Step::Begin(number, run.scene), format!("further run {number}, {}", run.words))
}

/// What `run.json` keeps of a verdict.
fn verdict(of: &Verdict) -> VerdictRecord {
    let reasons = of.sentences.iter().filter(|s| s.mood == Mood::Poor).map(|s| s.words.clone());
    VerdictRecord { trusted: of.trusted, reasons: reasons.collect() }
}

fn stopped(record: &RunRecord) -> Decided {
    Decided::Over(75, Box::new(Conclusion::Stopped(record.clone())))
}

/// What would help a run to its goal, with words for it; `None` if everything is as long as it may become.
///
/// - `further`: scenes of its further runs
fn next(
    loaded: &CheckedScene,
    goal: &StoppingRule,
    further: &[CheckedScene],
    analysis: &Analysis,
) -> Result<Option<Planned>> {
    let number = further.len() + 1;
    let may_begin = number <= loaded.scene.schedule.refine as usize;
    let is_auto = loaded.scene.windows == Windows::Auto && number <= MOST_OF_LINES;
    if let Some(point) = goal.worst(analysis).filter(|p| p.kind == BoundaryKind::FirstOrder) {
        match further.iter().position(|run| serves(run, analysis, point)) {
            Some(i) => {
                let production = further[i].scene.schedule.production;
                let more = goal.further_cycles(production, point.mu_err);
                if more > 0 {
                    let words = format!("{more} further cycles of further run {}", i + 1);
                    return Ok(Some((Step::Extend(vec![(i + 1, more)]), words)));
                }
            }
            None if may_begin || is_auto => {
                if let Some(run) = along_line(loaded, analysis, point, (number, goal.first_cycles(point.mu_err)))? {
                    return Ok(Some(begin(number, run)));
                }
            }
            None => {}
        }
    }
    if may_begin && let Some(run) = in_gap(loaded, analysis, number)? {
        return Ok(Some(begin(number, run)));
    }
    let Some(more) = goal.next_extension() else { return Ok(None) };
    // States that fill a gap of the grid keep step with it.
    let fillers =
        further.iter().enumerate().filter(|(_, run)| run.scene.windows.list().is_empty()).map(|(i, _)| (i + 1, more));
    let runs = std::iter::once((0, more)).chain(fillers).collect();
    Ok(Some((Step::Extend(runs), format!("{more} further cycles"))))
}

/// Does what was decided; whether it came to its end.
fn take(ranks: &Ranks, held: &mut Held, step: Step, clock: &Clock<'_>, listener: &mut dyn Listener) -> Result<bool> {
    let mut resumed = |directory: PathBuf, more_cycles: Option<u32>| {
        let options = ResumeOptions { directory, more_cycles, limits: clock.left(), ..ResumeOptions::default() };
        run::resume_on(ranks, &options, &mut |p| listener.progress(p))
    };
    let outcome = match step {
        Step::End(_) => return Ok(true),
        Step::GoOn(number) => resumed(place(&held.path, number), None)?,
        Step::Extend(runs) => {
            for (number, cycles) in runs {
                let outcome = if number == 0 {
                    // The extension takes the lock itself.
                    held.directory = None;
                    resumed(held.path.clone(), Some(cycles))?
                } else {
                    resumed(place(&held.path, number), Some(cycles))?
                };
                let is_stopped = matches!(outcome, RunOutcome::Stopped(_));
                if number == 0 {
                    let (RunOutcome::Finished(Ended { directory, record })
                    | RunOutcome::AlreadyFinished(Ended { directory, record })
                    | RunOutcome::Stopped(Ended { directory, record })) = outcome;
                    (held.directory, held.record) = (Some(directory), record);
                }
                if is_stopped {
                    return Ok(false);
                }
            }
            return Ok(true);
        }
        Step::Begin(number, text) => {
            let directory = place(&held.path, number);
            let begun = || {
                let own = scene::load(held.path.join("resolved.ron"))?;
                Ok((scene::parse(&text, &directory.join("scene.ron"))?, device_of(&held.path, &own)?))
            };
            let (loaded, device) = ranks.agree(begun())?;
            let start_from = Some(held.path.clone());
            let options = RunOptions { device, directory, force: false, start_from, limits: clock.left() };
            run::run_on(ranks, &loaded, &options, &mut |p| listener.progress(p))?
        }
    };
    Ok(!matches!(outcome, RunOutcome::Stopped(_)))
}

/// Whether nothing is left to be done for a run that was found finished: it is analysed, as are its extensions, and its goal is reached.
///
/// # Errors
/// Those of [`scene::load`].
pub fn is_settled(ended: &Ended) -> Result<bool> {
    let path = ended.directory.path();
    if !ended.record.is_analysed() {
        return Ok(false);
    }
    let loaded = scene::load(path.join("resolved.ron"))?;
    let records = further(path).iter().map(|run| RunRecord::read(run)).collect::<Result<Vec<_>>>()?;
    Ok(records.iter().all(|r| r.status == RunStatus::Finished) && is_at_goal(&loaded, &ended.record, &records))
}

/// Whether a run that is finished, as its further runs are, has reached the goal of its scene or is as long as it may become.
///
/// - `further`: records of its further runs
pub(crate) fn is_at_goal<'a>(
    loaded: &CheckedScene,
    record: &RunRecord,
    further: impl IntoIterator<Item = &'a RunRecord>,
) -> bool {
    let Some(goal) = StoppingRule::of(loaded) else { return true };
    // A further run may become as long as the run itself.
    let is_limit = goal.next_extension().is_none() && further.into_iter().all(|r| r.production >= goal.max_cycles);
    record.boundaries.as_ref().is_some_and(|k| k.enough || is_limit)
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

#[cfg(test)]
mod tests {
    use super::*;

    const SCENE: &str = r#"Scene(
        units: Lj,
        species: [(name: "B", symbol: "Ar", mass: 1.0)],
        potential: LennardJones(
            cutoff: 2.5, truncation: Shifted, pairs: [(between: ("B", "B"), epsilon: 1.0, sigma: 1.0)],
        ),
        cell: Bulk(lengths: (5.0, 5.0, 5.0)),
        reservoir: [(species: "B", max_atoms: 20)],
        grid: (
            temperature: List([1.5, 1.7]),
            reservoir: [(species: "B", convention: Activity, values: List([-5.0, -4.5]))],
        ),
        dynamics: MonteCarlo(displacement: 0.3, attempts: 20),
        moves: (insert_delete: 20),
        schedule: (equilibration: 20, production: 300),
    )"#;

    struct Deaf;

    impl Listener for Deaf {
        fn progress(&mut self, _: &Progress) {}
        fn extension(&mut self, _: &str) {}
        fn stage(&mut self, _: Stage) {}
    }

    /// A run of [`SCENE`] in `directory`.
    fn begun(directory: &Path) -> RunOutcome {
        let loaded = scene::parse(SCENE, Path::new("x.ron")).unwrap_or_else(|e| panic!("{e}"));
        let options = RunOptions {
            device: "cpu".into(),
            directory: directory.to_owned(),
            force: false,
            start_from: None,
            limits: Limits::default(),
        };
        run::run(&loaded, &options, &mut |_| ()).unwrap_or_else(|e| panic!("{e}"))
    }

    fn resumed(directory: &Path, more_cycles: Option<u32>) -> RunOutcome {
        let options = ResumeOptions { directory: directory.to_owned(), more_cycles, ..ResumeOptions::default() };
        run::resume(&options, &mut |_| ()).unwrap_or_else(|e| panic!("{e}"))
    }

    /// Whether there is nothing to do for a run whose schedule has come to its end.
    fn settled(directory: &Path) -> bool {
        match resumed(directory, None) {
            RunOutcome::AlreadyFinished(ended) => is_settled(&ended).unwrap_or_else(|e| panic!("{e}")),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn an_extension_killed_before_its_analysis_is_not_settled() {
        let folder = tempfile::tempdir().unwrap_or_else(|e| panic!("{e}"));
        let directory = &folder.path().join("run");
        drop(begun(directory));
        assert!(!settled(directory), "sampled and not analysed");
        let (ranks, limits) = (Ranks::alone(), Limits::default());
        let concluded = conclude(&ranks, resumed(directory, None), &limits, Instant::now(), &mut Deaf);
        assert!(matches!(concluded, Ok(Conclusion::Done(_))), "{concluded:?}");
        drop(concluded);
        assert!(settled(directory), "sampled and analysed");
        drop(resumed(directory, Some(50)));
        assert!(directory.join("report.html").is_file());
        assert!(!settled(directory), "the report is of the samples before");
    }
}
