//! `adlayer run`: sample, analyse, draw.

use super::args::RunArguments;
use crate::backend::{AdapterChoice, DeviceChoice, DeviceName, gpu};
use crate::base::{Error, Result};
use crate::cli::Ending;
use crate::cli::diagnostics::warn;
use crate::cli::live::Live;
use crate::cli::progress::Screen;
use crate::cli::ranks::own_device;
use crate::cli::signals::limits;
use crate::cli::summary::print_result;
use crate::input::scene;
use crate::ranks::{Ranks, Talk};
use crate::run::checkpoint;
use crate::run::directory::ReservedName;
use crate::run::forecast::{check_disk, check_memory};
use crate::run::{self, Limits, RunOptions, RunOutcome, RunRecord};
use crate::workflow::extend::{self, Conclusion, Listener};
use std::path::{Path, PathBuf};

pub(crate) fn run(arguments: &RunArguments, ranks: &Ranks) -> Result<Ending> {
    let loaded = scene::load(&arguments.scene).and_then(|s| s.with_overrides(arguments.cycles, arguments.seed));
    let loaded = ranks.agree(loaded)?;
    // Held until the run stands there.
    let reserved = match &arguments.output {
        None if ranks.is_first() => Some(free_directory(&arguments.scene)),
        _ => None,
    };
    let reserved = ranks.agree(reserved.transpose())?;
    let directory = match &arguments.output {
        Some(directory) => directory.clone(),
        None => told_by_first(ranks, reserved.as_ref())?,
    };
    // Where ranks share a run, each needs a part of it, and how many are on a machine is not known here.
    let fits = if ranks.is_alone() { check_memory(&loaded.longest()) } else { Ok(()) };
    let fits = fits.and_then(|()| if ranks.is_first() { check_disk(&loaded.longest(), &directory) } else { Ok(()) });
    ranks.agree(fits)?;
    let quiet = arguments.quiet || !ranks.is_first();
    if !quiet {
        loaded.warnings.iter().for_each(|w| warn(w));
        if let Some(name) = software(&arguments.device) {
            warn(&format!(
                "the GPU `{name}` is a software adapter: it computes on the processor, right but far more slowly than \
                 --device cpu, and serves for tests"
            ));
        }
    }
    let options = RunOptions {
        device: own_device(&arguments.device, ranks)?,
        limits: limits(&arguments.limits, Some(&directory), ranks.is_first())?,
        directory,
        force: arguments.force,
        start_from: None,
    };
    // The first rank writes the page while all sample.
    let live = if ranks.is_first() { Live::new(&options.directory, arguments.limits.report_every) } else { None };
    let mut screen = Screen::new(quiet, live);
    // On a thread of the pool, which shares the sampling when it has nothing else to do.
    let outcome = rayon::scope(|_| run::run_on(ranks, &loaded, &options, &mut |progress| screen.progress(progress)));
    drop(reserved);
    let RunOptions { directory, limits, .. } = options;
    finish(ranks, outcome, &directory, limits, screen, (arguments.json, &loaded.warnings))
}

/// The first free directory of a scene.
fn free_directory(scene: &Path) -> Result<ReservedName> {
    let stem = scene.file_stem().map_or_else(|| "run".into(), |s| s.to_string_lossy().into_owned());
    ReservedName::first_free(Path::new("runs"), &stem)
}

/// The directory that the first rank has reserved.
fn told_by_first(ranks: &Ranks, reserved: Option<&ReservedName>) -> Result<PathBuf> {
    let own = reserved.map_or_else(Vec::new, |r| r.path().to_string_lossy().into_owned().into_bytes());
    let told = ranks.broadcast(Talk::Start, own)?;
    Ok(PathBuf::from(String::from_utf8_lossy(&told).into_owned()))
}

/// The name of an adapter that a choice would open and that computes on the processor.
fn software(choice: &DeviceChoice) -> Option<String> {
    let of_device = |device: &DeviceName| device.adapter().and_then(|adapter| gpu::only_software(&adapter));
    match choice {
        DeviceChoice::Auto => None,
        DeviceChoice::AllGpus => gpu::only_software(&AdapterChoice::Any),
        DeviceChoice::One(device) => of_device(device),
        DeviceChoice::Several(shared) => shared.iter().find_map(|s| of_device(&s.device)),
    }
}

/// Analyses a run that has come to its end, extends it where its scene has a goal, and prints the result; after an error
/// says how to go on.
///
/// - `said`: warnings that need not be said again
pub(super) fn finish(
    ranks: &Ranks,
    outcome: Result<RunOutcome>,
    directory: &Path,
    limits: Limits,
    mut screen: Screen,
    (json, said): (bool, &[String]),
) -> Result<Ending> {
    let (start, began) = (screen.start, screen.began);
    let concluded = outcome.and_then(|o| rayon::scope(|_| extend::conclude(ranks, o, &limits, start, &mut screen)));
    screen.bar.finish_and_clear();
    if let (Some(live), Ok(Conclusion::Stopped(_)) | Err(_), true) = (&mut screen.live, &concluded, began) {
        live.end();
    }
    match concluded {
        Ok(Conclusion::Done(results) | Conclusion::Short(results)) => {
            let warnings = &results.evaluation.summary.warnings;
            warnings.iter().filter(|w| !screen.quiet && !said.contains(w)).for_each(|w| warn(w));
            print_result(&results.evaluation, Some(&results.record), json)?;
            Ok(Ending::of(&results.record, directory))
        }
        Ok(Conclusion::Elsewhere(code)) => Ok(Ending::Elsewhere(code)),
        Ok(Conclusion::Stopped(record)) => Ok(Ending::Stopped(how_to_go_on(&record, directory))),
        Err(error) => {
            if ranks.is_first() && is_resumable(&error, began) && directory.join(checkpoint::FILE).is_file() {
                warn(&format!("the last checkpoint is whole; go on with: adlayer resume {}", directory.display()));
            }
            Err(error)
        }
    }
}

/// Says where a run was stopped, and what can be done now.
fn how_to_go_on(record: &RunRecord, directory: &Path) -> String {
    let (done, path) = (record.production_done, directory.display());
    match &record.boundaries {
        Some(known) => {
            format!("stopped after {done} production cycles ({}); go on with: adlayer resume {path}", known.words)
        }
        None if done == 0 && record.equilibration > 0 => {
            let (done, of) = (record.cycles_done, record.equilibration);
            format!("stopped after {done} of {of} cycles of equilibration; go on with: adlayer resume {path}")
        }
        None => {
            let of = record.production;
            format!(
                "stopped after {done} of {of} production cycles; go on with: adlayer resume {path} (see what there is with: \
                 adlayer analyze {path})"
            )
        }
    }
}

/// Whether a run that ended with an error can go on from its checkpoint. A faulty replica would fail alike.
///
/// - `began`: whether it had made a cycle
fn is_resumable(error: &Error, began: bool) -> bool {
    match error {
        Error::Io { .. } | Error::ParquetEncoding { .. } => true,
        // lost on the way, not refused at the start
        Error::Device(_) => began,
        Error::Client { .. } | Error::RankLost => true,
        _ => false,
    }
}
