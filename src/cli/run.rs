//! `adlayer run`: sample, analyse, draw.

use super::args::RunArguments;
use crate::backend::{DeviceChoice, DeviceName, gpu};
use crate::base::{Error, Result};
use crate::cli::Ending;
use crate::cli::diagnostics::warn;
use crate::cli::live::Live;
use crate::cli::progress::Screen;
use crate::cli::signals::limits;
use crate::cli::summary::print_result;
use crate::input::scene;
use crate::run::checkpoint;
use crate::run::directory::default_directory;
use crate::run::forecast::{check_disk, check_memory};
use crate::run::{self, Limits, RunOptions, RunOutcome, RunRecord};
use crate::workflow::extend::{self, Conclusion, Listener};
use std::path::Path;

pub(crate) fn run(arguments: &RunArguments) -> Result<Ending> {
    let loaded = scene::load(&arguments.scene)?.with_overrides(arguments.cycles, arguments.seed)?;
    let stem = arguments.scene.file_stem().map_or_else(|| "run".into(), |s| s.to_string_lossy().into_owned());
    let directory = arguments.output.clone().unwrap_or_else(|| default_directory(&stem));
    check_memory(&loaded.longest())?;
    check_disk(&loaded.longest(), &directory)?;
    if !arguments.quiet {
        loaded.warnings.iter().for_each(|w| warn(w));
        if let Some(name) = software(&arguments.device) {
            warn(&format!(
                "the GPU `{name}` is a software adapter: it computes on the processor, right but far more slowly than \
                 --device cpu, and serves for tests"
            ));
        }
    }
    let options = RunOptions {
        device: arguments.device.to_string(),
        limits: limits(&arguments.limits, Some(&directory))?,
        directory,
        force: arguments.force,
    };
    let live = Live::new(&options.directory, arguments.limits.report_every);
    let mut screen = Screen::new(arguments.quiet, live);
    // On a thread of the pool, which shares the sampling when it has nothing else to do.
    let outcome = rayon::scope(|_| run::run(&loaded, &options, &mut |progress| screen.progress(progress)));
    let RunOptions { directory, limits, .. } = options;
    finish(outcome, &directory, limits, screen, (arguments.json, &loaded.warnings))
}

/// The name of an adapter that a choice would open and that computes on the processor.
fn software(choice: &DeviceChoice) -> Option<String> {
    let of_device = |device: &DeviceName| device.adapter().and_then(|adapter| gpu::only_software(&adapter));
    match choice {
        DeviceChoice::Auto => None,
        DeviceChoice::AllGpus => gpu::only_software(&gpu::AdapterChoice::Any),
        DeviceChoice::One(device) => of_device(device),
        DeviceChoice::Several(shared) => shared.iter().find_map(|s| of_device(&s.device)),
    }
}

/// Analyses a run that has come to its end, extends it where its scene has a goal, and prints the result; after an error
/// says how to go on.
///
/// - `said`: warnings that need not be said again
pub(super) fn finish(
    outcome: Result<RunOutcome>,
    directory: &Path,
    limits: Limits,
    mut screen: Screen,
    (json, said): (bool, &[String]),
) -> Result<Ending> {
    let (start, began) = (screen.start, screen.began);
    let concluded = outcome.and_then(|o| rayon::scope(|_| extend::conclude(o, &limits, start, &mut screen)));
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
        Ok(Conclusion::Stopped(record)) => Ok(Ending::Stopped(how_to_go_on(&record, directory))),
        Err(error) => {
            if is_resumable(&error, began) && directory.join(checkpoint::FILE).is_file() {
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
        None => {
            let see = match done {
                0 => String::new(),
                _ => format!(" (see what there is with: adlayer analyze {path})"),
            };
            let of = record.production;
            format!("stopped after {done} of {of} production cycles; go on with: adlayer resume {path}{see}")
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
        Error::Client { .. } => true,
        _ => false,
    }
}
