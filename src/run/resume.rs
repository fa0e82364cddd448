//! Going on with a run: from its last checkpoint, bit for bit.

use super::session::{Session, Writers};
use crate::base::error::{DeviceError, Error, Result};
use crate::input::scene::{self, CheckedScene};
use crate::io::atomic::write_whole;
use crate::io::text::read_text;
use crate::run::checkpoint::{self, Checkpoint, History, Origin, SceneRecord};
use crate::run::directory::RunDirectory;
use crate::run::options::{Ended, Progress, ResumeOptions, RunOutcome};
use crate::run::record::{RunRecord, RunStatus, WindowRecord, thinning};
use crate::sample::tally_snapshots::MarkWriter;
use crate::sampler::Setup;
use std::path::Path;
use std::time::Duration;

/// Goes on with a run. A finished run (without `more_cycles`) is handed back unchanged.
///
/// # Errors
/// [`Error::InputMissing`] and [`Error::BadInput`] if there is no usable checkpoint or its samples are gone,
/// [`Error::BadInput`] if the scene has changed, [`Error::Device`] if build or device are others; otherwise whatever went
/// wrong.
pub fn resume(options: &ResumeOptions, report: &mut dyn FnMut(&Progress)) -> Result<RunOutcome> {
    let directory = RunDirectory::open(&options.directory)?;
    let path = directory.path().to_owned();
    let found = scene::load(path.join("resolved.ron"))?;
    let (checkpoint, origin) = checkpoint::read(&path, checkpoint::most_bytes(&found))?;
    refuse_changes(&found, &checkpoint, &path)?;
    // `resolved.ron` may still hold the length from before an extension that was cut short.
    let mut loaded = scene::parse(&checkpoint.state.scene.resolved, &path.join("resolved.ron"))?;
    let schedule = &loaded.scene.schedule;
    let cycles = u64::from(schedule.equilibration) + u64::from(schedule.production);
    if checkpoint.state.sampler.cycle > cycles {
        let problem = format!("it was written in cycle {} of {cycles}; restore it", checkpoint.state.sampler.cycle);
        return Err(Error::BadInput { path: path.join(checkpoint::FILE), problem });
    }
    let finished = checkpoint.state.sampler.cycle == cycles && options.more_cycles.is_none();
    if let Some(record) = finished.then(|| whole_record(&path)).flatten() {
        return Ok(RunOutcome::AlreadyFinished(Ended { directory, record }));
    }

    let Checkpoint { header, state } = checkpoint;
    let setup = Setup::from_scene(&loaded)?;
    setup.force_field.open()?;
    let device = options.device.as_deref().unwrap_or(&header.device.open);
    let backend = setup.open(device).map_err(|e| match (e, &options.device) {
        (Error::Device(why), None) => {
            DeviceError::NotHere { device: header.device.device.clone(), source: Box::new(why) }.into()
        }
        (e, _) => e,
    })?;
    let now = checkpoint::header(header.scene, backend.info().identity);
    let mut history = History { resumed: state.history.resumed + 1, ..state.history };
    let differences = checkpoint::differences(&header, &now);
    if !differences.is_empty() {
        let differences = differences.join("; ");
        if !options.allow_different_device {
            return Err(DeviceError::OtherThanCheckpoint { path, differences }.into());
        }
        history.warnings.push(format!(
            "from cycle {} on sampled by another build or device, so the bits differ from an uninterrupted run: {differences}",
            state.sampler.cycle
        ));
    }
    let mut sampler = setup.restore(backend, &state.sampler).map_err(|e| bad_state(e, &path))?;

    let mut writers = Writers::new(&loaded, &path)?;
    writers.samples.require_parts(state.parts.samples as usize)?;
    if let Origin::Previous(problem) = &origin {
        directory.log(&format!("the last checkpoint cannot be used ({problem}); the one before is taken"))?;
        history.warnings.push(format!("resumed from the checkpoint before the last, because of the last: {problem}"));
        checkpoint::step_back(&path)?;
    }
    writers.rewind_to(state.parts)?;
    let mut scene = state.scene;
    if let Some(cycles) = options.more_cycles {
        scene.production_before = Some(loaded.scene.schedule.production);
        loaded = loaded.extended(cycles)?;
        scene = SceneRecord { resolved: scene::resolved(&loaded), ..scene };
        sampler.restart_second_half();
    }
    let mut record = RunRecord::new(&loaded, sampler.backend(), sampler.plan(), &history);
    if sampler.weights_are_final() {
        record.windows = WindowRecord::of_grid(sampler.grid());
    }
    record.production_done =
        sampler.cycle().saturating_sub(u64::from(loaded.scene.schedule.equilibration)).min(u64::from(u32::MAX)) as u32;
    record.cycles_done = sampler.cycle();
    directory.log(&format!("resumed in cycle {} on {} ({})", sampler.cycle(), record.device, record.kernel))?;
    let resolved = scene.resolved.clone();
    // The schedule may be longer now.
    writers.marks = MarkWriter::new(&path, loaded.scene.schedule.production)?;
    writers.marks.rewind_to(record.production_done)?;
    let served = RunRecord::read(&path).ok().and_then(|before| before.forces);
    record.forces.clone_from(&served);
    let mut session = Session { loaded: &loaded, scene, history, record, served, sampler, writers, directory };
    if options.more_cycles.is_some() {
        // The checkpoint first: it knows the old length and the new one, whichever `resolved.ron` holds.
        session.checkpoint(Duration::ZERO)?;
    }
    if found.text != resolved {
        write_whole(&path.join("resolved.ron"), resolved.as_bytes())?;
    }
    session.writers.samples.thin(&thinning(&loaded))?;
    session.record.write(&path)?;
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
