//! Going on with a run: from its last checkpoint, bit for bit.

use super::session::Session;
use super::start::refuse_clients;
use super::writers::Writers;
use crate::base::error::{DeviceError, Error, Result};
use crate::input::scene::{self, CheckedScene};
use crate::io::atomic::write_whole;
use crate::io::parts::{require, require_whole, rewind};
use crate::io::text::read_text;
use crate::ranks::{Part, Ranks, Share, Talk};
use crate::run::checkpoint::{self, Checkpoint, History, Origin, Parts, RunState, SceneRecord};
use crate::run::companions;
use crate::run::directory::RunDirectory;
use crate::run::options::{Ended, Progress, ResumeOptions, RunOutcome};
use crate::run::record::{RunRecord, RunStatus, WindowRecord, thinning};
use crate::sample::tally_snapshots;
use crate::sampler::{Sampler, Setup};
use std::path::Path;
use std::time::Duration;

/// Goes on with a run. A finished run (without `more_cycles`) is handed back unchanged.
///
/// # Errors
/// [`Error::InputMissing`] and [`Error::BadInput`] if there is no usable checkpoint or its samples are gone,
/// [`Error::BadInput`] if the scene has changed, [`Error::Device`] if build or device are others; otherwise whatever went
/// wrong.
pub fn resume(options: &ResumeOptions, report: &mut dyn FnMut(&Progress)) -> Result<RunOutcome> {
    resume_on(&Ranks::alone(), options, report)
}

/// As [`resume`], by several ranks, each of which calls this with the same options. They need not be as many as before.
///
/// # Errors
/// As [`resume`]; where one rank fails at the start, all do.
pub fn resume_on(ranks: &Ranks, options: &ResumeOptions, report: &mut dyn FnMut(&Progress)) -> Result<RunOutcome> {
    let directory = match ranks.is_first() {
        true => RunDirectory::open(&options.directory),
        false => Ok(RunDirectory::of_first_rank(&options.directory)),
    };
    let directory = ranks.agree(directory)?;
    let path = directory.path().to_owned();
    let found = ranks.agree(scene::load(path.join("resolved.ron")))?;
    let walkers = found.scene.grid.walkers as usize;
    let share = ranks.agree(Share::of(ranks.rank(), ranks.size(), walkers, found.n_replicas() / walkers))?;
    let read = checkpoint::read_part(&path, checkpoint::most_bytes(&found), Some(&share), ranks);
    let (checkpoint, origin) = ranks.agree(read)?;
    ranks.agree(refuse_changes(&found, &checkpoint, &path))?;
    // `resolved.ron` may still hold the length from before an extension that was cut short.
    let loaded = ranks.agree(scene::parse(&checkpoint.state.scene.resolved, &path.join("resolved.ron")))?;
    let schedule = &loaded.scene.schedule;
    let cycles = u64::from(schedule.equilibration) + u64::from(schedule.production);
    if checkpoint.state.sampler.cycle > cycles {
        let problem = format!("it was written in cycle {} of {cycles}; restore it", checkpoint.state.sampler.cycle);
        return ranks.agree(Err(Error::BadInput { path: path.join(checkpoint::FILE), problem }));
    }
    let finished = checkpoint.state.sampler.cycle == cycles && options.more_cycles.is_none();
    let record = finished.then(|| whole_record(&path)).flatten();
    // Nobody has changed anything before everybody has seen the same.
    let mut whole = [u64::from(record.is_some())];
    ranks.sum(Talk::Start, &mut whole)?;
    if let Some(record) = record.filter(|_| whole[0] == ranks.size() as u64) {
        return Ok(RunOutcome::AlreadyFinished(Ended { directory, record }));
    }

    let header = checkpoint.header.clone();
    let Restored { sampler, warning, state } = restored(ranks, options, &loaded, &path, checkpoint, share)?;
    let mut history = History { resumed: state.history.resumed + 1, ..state.history.clone() };
    history.warnings.extend(warning);
    let now = sampler.backend().info().identity;
    let in_the_way = ranks.agree(companions::compare(ranks, header.scene, &now))?;
    let done = production_done(&loaded, sampler.cycle());
    let tidied = if ranks.is_first() { tidy(&directory, &state.parts, done, &origin) } else { Ok(()) };
    ranks.agree(tidied)?;
    if let Origin::Previous(problem) = &origin {
        history.warnings.push(format!("resumed from the checkpoint before the last, because of the last: {problem}"));
    }
    history.warnings.extend(in_the_way.into_iter().filter(|w| !state.history.warnings.contains(w)));
    let again = Again { scene: state.scene, history, parts: state.parts, generation: state.generation, found };
    go_on(options, loaded, again, sampler, directory, report)
}

/// A sampler at its checkpoint.
struct Restored {
    sampler: Sampler,
    /// Says that the bits are those of another device from now on.
    warning: Option<String>,
    /// The checkpoint without what the sampler has of it.
    state: RunState,
}

fn restored(
    ranks: &Ranks,
    options: &ResumeOptions,
    loaded: &CheckedScene,
    path: &Path,
    checkpoint: Checkpoint,
    share: Share,
) -> Result<Restored> {
    let Checkpoint { header, mut state } = checkpoint;
    let opened = || -> Result<_> {
        let setup = Setup::from_scene(loaded)?;
        refuse_clients(ranks, &setup)?;
        setup.force_field.open()?;
        let device = options.device.as_deref().unwrap_or(&header.device.open);
        let backend = setup.open(device).map_err(|e| match (e, &options.device) {
            (Error::Device(why), None) => {
                DeviceError::NotHere { device: header.device.device.clone(), source: Box::new(why) }.into()
            }
            (e, _) => e,
        })?;
        let now = checkpoint::header(header.scene, backend.info().identity);
        let differences = checkpoint::differences(&header, &now);
        if !differences.is_empty() && !options.allow_different_device {
            let differences = differences.join("; ");
            return Err(DeviceError::OtherThanCheckpoint { path: path.to_owned(), differences }.into());
        }
        Ok((setup, backend, differences.join("; ")))
    };
    let (setup, backend, differences) = ranks.agree(opened())?;
    let sampler_state = std::mem::take(&mut state.sampler);
    let warning = (!differences.is_empty()).then(|| {
        let cycle = sampler_state.cycle;
        format!(
            "from cycle {cycle} on sampled by another build or device, so the bits differ from an uninterrupted run: {differences}"
        )
    });
    let part = Part::of(ranks, share)?;
    let mut own = if ranks.is_alone() { sampler_state } else { sampler_state.of_share(&part.share, ranks.is_first()) };
    if warning.is_some() {
        // Those of another device carry its rounding, which this one may not be allowed.
        own.backend.energies.clear();
    }
    let sampler = setup.restore_part(backend, part, &own).map_err(|e| bad_state(e, path));
    Ok(Restored { sampler: ranks.agree(sampler)?, warning, state })
}

/// Cycles of production among so many cycles.
fn production_done(loaded: &CheckedScene, cycles: u64) -> u32 {
    cycles.saturating_sub(u64::from(loaded.scene.schedule.equilibration)).min(u64::from(u32::MAX)) as u32
}

/// Brings the files of a run to where its checkpoint is.
///
/// - `done`: production cycles made by then
fn tidy(directory: &RunDirectory, parts: &[Parts], done: u32, origin: &Origin) -> Result<()> {
    let path = directory.path();
    let of = |number: fn(&Parts) -> u32| -> Vec<(Option<u16>, usize)> {
        parts.iter().map(|p| (p.walker, number(p) as usize)).collect()
    };
    let (samples, frames) = (path.join("samples"), path.join("trajectory"));
    for folder in [&samples, &frames] {
        std::fs::create_dir_all(folder).map_err(Error::io("cannot create", folder))?;
    }
    require(&samples, &of(|p| p.samples), "a part of the samples")?;
    require(&frames, &of(|p| p.frames), "a part of the configurations")?;
    // What was stored before must be readable in the end: to sample on beside a damaged file is to lose the time.
    require_whole(&samples, &of(|p| p.samples), "part of samples")?;
    require_whole(&frames, &of(|p| p.frames), "part of configurations")?;
    tally_snapshots::require_whole(path, done)?;
    if let Origin::Previous(problem) = origin {
        directory.log(&format!("the last checkpoint cannot be used ({problem}); the one before is taken"))?;
        checkpoint::step_back(path)?;
    }
    rewind(&samples, &of(|p| p.samples), "a part of the samples")?;
    rewind(&frames, &of(|p| p.frames), "a part of the configurations")
}

/// What a run that goes on remembers.
struct Again {
    scene: SceneRecord,
    history: History,
    parts: Vec<Parts>,
    generation: u64,
    /// `resolved.ron` as it is.
    found: CheckedScene,
}

/// Samples on, by a longer schedule where it is asked for.
fn go_on(
    options: &ResumeOptions,
    mut loaded: CheckedScene,
    again: Again,
    sampler: Sampler,
    directory: RunDirectory,
    report: &mut dyn FnMut(&Progress),
) -> Result<RunOutcome> {
    let Again { mut scene, history, parts, generation, found } = again;
    let (path, ranks) = (directory.path().to_owned(), sampler.part().all.clone());
    if let Some(cycles) = options.more_cycles {
        scene.production_before = Some(loaded.scene.schedule.production);
        loaded = ranks.agree(loaded.extended(cycles))?;
        scene = SceneRecord { resolved: scene::resolved(&loaded), ..scene };
    }
    let mut record = RunRecord::new(&loaded, sampler.backend(), sampler.plan(), &history);
    if sampler.weights_are_final() {
        record.windows = WindowRecord::of_grid(sampler.grid());
    }
    record.production_done = production_done(&loaded, sampler.cycle());
    record.cycles_done = sampler.cycle();
    let of = if ranks.is_alone() { String::new() } else { format!(" by {} ranks", ranks.size()) };
    directory.log(&format!("resumed in cycle {}{of} on {} ({})", sampler.cycle(), record.device, record.kernel))?;
    let resolved = scene.resolved.clone();
    let served = RunRecord::read(&path).ok().and_then(|before| before.forces);
    record.forces.clone_from(&served);
    let writers = Writers::new(&loaded, &path, sampler.part())?;
    if ranks.is_first() {
        writers.marks.rewind_to(record.production_done)?;
    }
    let kept = parts.into_iter().filter(|p| p.walker.is_some() == ranks.is_alone()).collect();
    let mut session =
        Session { loaded: &loaded, scene, history, record, served, sampler, writers, directory, generation, kept };
    if options.more_cycles.is_some() {
        // The checkpoint first: it knows the old length and the new one, whichever `resolved.ron` holds.
        session.checkpoint(Duration::ZERO)?;
    }
    if ranks.is_first() {
        if found.text != resolved {
            write_whole(&path.join("resolved.ron"), resolved.as_bytes())?;
        }
        session.writers.thin(&thinning(&loaded))?;
        session.record.write(&path)?;
    }
    // Nobody writes a part or a mark before the first rank has tidied up.
    ranks.meet(Talk::Start)?;
    session.run(&options.limits, report)
}

/// Refuses a run whose scene is no longer that of its checkpoint.
fn refuse_changes(found: &CheckedScene, checkpoint: &Checkpoint, path: &Path) -> Result<()> {
    let text = read_text("scene", &path.join("scene.ron")).ok();
    match checkpoint.state.scene.change(found, text.as_deref()) {
        None => Ok(()),
        Some(what) => Err(Error::BadInput {
            path: path.to_owned(),
            problem: format!(
                "{what} was changed since the run began; restore it, or start a new run with `adlayer run` \
                 (more cycles: adlayer resume {} --cycles +N)",
                path.display()
            ),
        }),
    }
}

/// The record of a run whose end left everything behind.
fn whole_record(path: &Path) -> Option<RunRecord> {
    let tables = ["states.csv", "exchange.csv"].iter().all(|name| path.join(name).is_file());
    RunRecord::read(path).ok().filter(|record| tables && record.status == RunStatus::Finished)
}

/// A state that does not fit is a bad file, not a failed analysis.
fn bad_state(error: Error, path: &Path) -> Error {
    match error {
        Error::CheckpointMisfit { .. } => {
            Error::BadInput { path: path.join(checkpoint::FILE), problem: error.to_string() }
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::options::{Limits, RunOptions};
    use crate::run::run;
    use std::sync::atomic::Ordering;

    const SCENE: &str = r#"Scene(
        units: Lj,
        species: [(name: "B", symbol: "Ar", mass: 1.0)],
        potential: LennardJones(
            cutoff: 2.5, truncation: Shifted, pairs: [(between: ("B", "B"), epsilon: 1.0, sigma: 1.0)],
        ),
        cell: Bulk(lengths: (6.0, 6.0, 6.0)),
        reservoir: [(species: "B", max_atoms: 100)],
        grid: (
            temperature: List([1.2]),
            reservoir: [(species: "B", convention: Activity, values: Linear(from: 0.0, to: 1.0, n: 6))],
        ),
        dynamics: MonteCarlo(displacement: 0.2, attempts: 50),
        moves: (insert_delete: 50),
        schedule: (equilibration: 20, production: 1000000),
    )"#;

    /// Runs until `cycles` more are made.
    fn some(cycles: u64, sample: impl FnOnce(&Limits, &mut dyn FnMut(&Progress)) -> Result<RunOutcome>) {
        let limits = Limits::default();
        let stop = limits.stop.clone();
        let mut first = None;
        let mut report = |progress: &Progress| {
            let first = *first.get_or_insert(progress.cycle);
            stop.store(progress.cycle >= first + cycles, Ordering::Relaxed);
        };
        let outcome = sample(&limits, &mut report).unwrap_or_else(|e| panic!("{e}"));
        assert!(matches!(outcome, RunOutcome::Stopped(_)), "{outcome:?}");
    }

    /// Changes of f32 add up to what f64 is not allowed (in three of five replicas after 10,000 cycles), so another device sums the energies
    /// anew.
    #[test]
    fn another_device_passes_its_audit() {
        let folder = tempfile::tempdir().unwrap_or_else(|e| panic!("{e}"));
        let directory = folder.path().join("run");
        let loaded = scene::parse(SCENE, Path::new("x.ron")).unwrap_or_else(|e| panic!("{e}"));
        some(20_000, |limits, report| {
            let (device, directory) = ("cpu".to_owned(), directory.clone());
            let options = RunOptions { device, directory, force: false, start_from: None, limits: limits.clone() };
            run(&loaded, &options, report)
        });
        some(250, |limits, report| {
            let options = ResumeOptions {
                directory: directory.clone(),
                device: Some("reference".to_owned()),
                allow_different_device: true,
                limits: limits.clone(),
                ..ResumeOptions::default()
            };
            resume(&options, report)
        });
    }
}
