//! A new run: from a checked scene to a run directory full of samples and tables.

use super::session::{Session, Writers};
use crate::backend;
use crate::base::error::Result;
use crate::base::rng::Rng;
use crate::input::scene::CheckedScene;
use crate::input::scene::grammar::Exchange;
use crate::run::checkpoint::{self, History, Parts, SceneRecord};
use crate::run::directory::RunDirectory;
use crate::run::options::{Progress, RunOptions, RunOutcome};
use crate::run::record::RunRecord;
use crate::sampler::initial::initial_batch;
use crate::sampler::{CyclePlan, Sampler};
use crate::system::System;
use std::sync::Arc;
use std::time::SystemTime;

/// What a cycle of a scene does.
pub(crate) fn plan(loaded: &CheckedScene, system: &System) -> CyclePlan {
    let Exchange::EvenOdd { every } = loaded.scene.exchange;
    CyclePlan { steps: system.dynamics.steps(), attempts: loaded.scene.moves.insert_delete, exchange_every: every }
}

/// Samples a scene into a new run directory. `report` is called after every cycle, but not more than ten times a second.
///
/// # Errors
/// [`crate::base::Error::AlreadyExists`] if the directory does, and whatever goes wrong in it.
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
