//! A new run: from a checked scene to a run directory full of samples and tables.

use super::session::{Session, Writers};
use crate::base::error::Result;
use crate::input::scene::CheckedScene;
use crate::run::checkpoint::{self, History, Parts, SceneRecord};
use crate::run::directory::RunDirectory;
use crate::run::options::{Progress, RunOptions, RunOutcome};
use crate::run::record::RunRecord;
use crate::sampler::Setup;
use std::time::SystemTime;

/// Samples a scene into a new run directory. `report` is called after every cycle, but not more than ten times a second.
///
/// # Errors
/// [`crate::base::Error::AlreadyExists`] if the directory does, and whatever goes wrong in it.
pub fn run(loaded: &CheckedScene, options: &RunOptions, report: &mut dyn FnMut(&Progress)) -> Result<RunOutcome> {
    let setup = Setup::from_scene(loaded)?;
    let (mut backend, note) = setup.open_with_note(&options.device)?;
    setup.force_field.open()?;
    // What programs outside say of the zero of energy is part of the scene from now on.
    let zero = setup.force_field.service().map(|s| loaded.clone().with_reference(s.reference));
    let loaded = zero.as_ref().unwrap_or(loaded);
    let batch = setup.start()?;
    setup.share_out(&mut *backend, &batch)?;
    let history = History {
        started_unix: SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |d| d.as_secs()),
        scene_name: loaded.path.file_name().map_or_else(String::new, |n| n.to_string_lossy().into_owned()),
        warnings: loaded.warnings.iter().cloned().chain(note).collect(),
        ..History::default()
    };
    let mut record = RunRecord::new(loaded, &*backend, setup.plan, &history);
    let scene = SceneRecord::of(loaded, &loaded.text);
    let identity = backend.info().identity;
    let mut sampler = setup.sampler(backend, &batch)?;
    let first = checkpoint::of_run(&scene, &history, identity, Parts::default(), &mut sampler)?.to_bytes();
    record.forces = sampler.service();
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
    let session = Session { loaded, scene, history, record, served: None, sampler, writers, directory };
    session.run(&options.limits, report)
}
