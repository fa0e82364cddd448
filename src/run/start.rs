//! A new run: from a checked scene to a run directory full of samples and tables.

use super::session::Session;
use super::writers::Writers;
use crate::backend::Backend;
use crate::base::error::{Error, Result};
use crate::input::scene::CheckedScene;
use crate::ranks::{Part, Ranks, Share};
use crate::run::archive::scene_of;
use crate::run::checkpoint::{self, History, Parts, SceneRecord, shards};
use crate::run::companions;
use crate::run::directory::RunDirectory;
use crate::run::donors::Donors;
use crate::run::options::{Progress, RunOptions, RunOutcome};
use crate::run::record::RunRecord;
use crate::sampler::{Sampler, Setup};
use crate::system::configuration::Batch;
use std::time::SystemTime;

/// Samples a scene into a new run directory. `report` is called after every cycle, but not more than ten times a second.
///
/// # Errors
/// [`crate::base::Error::AlreadyExists`] if the directory does, and whatever goes wrong in it.
pub fn run(loaded: &CheckedScene, options: &RunOptions, report: &mut dyn FnMut(&Progress)) -> Result<RunOutcome> {
    run_on(&Ranks::alone(), loaded, options, report)
}

/// As [`run`], by several ranks, each of which calls this with the same scene and options.
///
/// # Errors
/// As [`run`]; where one rank fails at the start, all do.
pub fn run_on(
    ranks: &Ranks,
    loaded: &CheckedScene,
    options: &RunOptions,
    report: &mut dyn FnMut(&Progress),
) -> Result<RunOutcome> {
    let began = ranks.agree(begin(ranks, loaded, options))?;
    let Begun { setup, scene, history, mut record, backend, share, batch } = began;
    let part = Part::of(ranks, share)?;
    let mut sampler = ranks.agree(setup.sampler_of(backend, part, &batch))?;
    drop(batch);
    sampler.begin_together()?;
    record.forces = sampler.service();
    let warnings = companions::compare(ranks, scene.hash(), &sampler.backend().info().identity);
    let warnings = ranks.agree(warnings)?;
    record.warnings.extend(warnings.iter().cloned());
    let history = History { warnings: record.warnings.clone(), ..history };
    let loaded = &setup.loaded;
    let directory = match ranks.is_first() {
        true => create(&scene, &history, &record, &mut sampler, loaded, options),
        false => Ok(RunDirectory::of_first_rank(&options.directory)),
    };
    let directory = ranks.agree(directory)?;
    ranks.agree(if ranks.is_first() { Ok(()) } else { companions::see(directory.path(), &scene.resolved) })?;
    let mut generation = 0;
    if !ranks.is_alone() {
        generation = 1;
        let (identity, path) = (sampler.backend().info().identity, directory.path());
        let none = |walker| Parts { walker: Some(walker as u16), ..Parts::default() };
        let parts: Vec<Parts> = sampler.part().share.walkers.clone().map(none).collect();
        shards::write_together(path, (&scene, &history), identity, (&parts, &[]), generation, &mut sampler)?;
    }
    let writers = Writers::new(loaded, directory.path(), sampler.part())?;
    let (served, kept) = (None, Vec::new());
    let session = Session { loaded, scene, history, record, served, sampler, writers, directory, generation, kept };
    session.run(&options.limits, report)
}

/// A run that has its first configurations, and neither a sampler nor a directory.
struct Begun {
    /// Its scene is as clients have completed it.
    setup: Setup,
    scene: SceneRecord,
    history: History,
    record: RunRecord,
    backend: Box<dyn Backend>,
    share: Share,
    batch: Batch,
}

fn begin(ranks: &Ranks, loaded: &CheckedScene, options: &RunOptions) -> Result<Begun> {
    let mut setup = Setup::from_scene(loaded)?;
    refuse_clients(ranks, &setup)?;
    let (mut backend, note) = setup.open_with_note(&options.device)?;
    setup.force_field.open()?;
    // What programs outside say of the zero of energy is part of the scene from now on.
    if let Some(service) = setup.force_field.service() {
        setup.loaded = loaded.clone().with_reference(service.reference);
    }
    let loaded = &setup.loaded;
    let share = setup.share(ranks)?;
    let batch = match &options.start_from {
        None => setup.start_of(share.replicas.clone())?,
        Some(directory) => {
            let donors = Donors::read(directory, &scene_of(directory)?)?;
            setup.start_from(share.replicas.clone(), &|walker, state| donors.nearest(walker, state))?
        }
    };
    setup.share_out(&mut *backend, &share, &batch)?;
    let history = History {
        started_unix: SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |d| d.as_secs()),
        scene_name: loaded.path.file_name().map_or_else(String::new, |n| n.to_string_lossy().into_owned()),
        warnings: loaded.warnings.iter().cloned().chain(note).collect(),
        ..History::default()
    };
    let record = RunRecord::new(loaded, &*backend, setup.plan, &history);
    let scene = SceneRecord::of(loaded, &loaded.text);
    Ok(Begun { scene, history, record, backend, share, batch, setup })
}

/// Refuses clients under several ranks: one process has as many as it likes.
pub(super) fn refuse_clients(ranks: &Ranks, setup: &Setup) -> Result<()> {
    if ranks.is_alone() || setup.loaded.scene.potential.external().is_none() {
        return Ok(());
    }
    let problem = format!("an `External` potential on {} ranks, which would all start its clients", ranks.size());
    Err(Error::argument(problem, "start one process, and give `clients` a larger `count`"))
}

/// Makes the directory of a run.
fn create(
    scene: &SceneRecord,
    history: &History,
    record: &RunRecord,
    sampler: &mut Sampler,
    loaded: &CheckedScene,
    options: &RunOptions,
) -> Result<RunDirectory> {
    let text = record.text()?;
    let mut files: Vec<(&str, &[u8])> = vec![
        ("scene.ron", loaded.text.as_bytes()),
        ("resolved.ron", scene.resolved.as_bytes()),
        ("run.json", text.as_bytes()),
    ];
    let identity = sampler.backend().info().identity;
    // That of several ranks takes all of them, and follows at once.
    let alone = sampler.part().all.is_alone();
    let first = if alone {
        Some(checkpoint::of_run(scene, history, identity, Vec::new(), 0, sampler)?.to_bytes())
    } else {
        None
    };
    files.extend(first.as_deref().map(|first| (checkpoint::FILE, first)));
    let directory = RunDirectory::create(&options.directory, options.force, &files)?;
    directory.log(&format!(
        "adlayer {}: {} states × {} walkers on {} ({}), seed {}",
        record.version, record.n_states, record.walkers, record.device, record.kernel, record.seed
    ))?;
    let size = sampler.part().all.size();
    if size > 1 {
        directory.log(&format!("{size} ranks, this one on {}", companions::node()))?;
    }
    for warning in &record.warnings {
        directory.log(&format!("warning: {warning}"))?;
    }
    Ok(directory)
}
