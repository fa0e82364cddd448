//! `adlayer resume`: go on with a run, then analyse and draw as `run` does.

use super::args::ResumeArguments;
use super::run::{Screen, finish, limits};
use crate::base::{Error, Result};
use crate::cli::diagnostics::warn;
use crate::run::{self, ResumeOptions, RunRecord};
use crate::workflow::extend::{self, Listener};
use serde_json::json;
use std::path::Path;

pub(crate) fn resume(arguments: &ResumeArguments) -> Result<()> {
    let options = ResumeOptions {
        directory: arguments.directory.clone(),
        device: arguments.device.as_ref().map(ToString::to_string),
        more_cycles: arguments.cycles,
        allow_different_device: arguments.allow_different_device,
        limits: limits(&arguments.limits)?,
    };
    let mut screen = Screen::new(arguments.quiet);
    // On a thread of the pool, as `run`.
    let outcome = rayon::scope(|_| run::resume(&options, &mut |progress| screen.progress(progress)));
    if let Ok(outcome) = &outcome {
        let report = options.directory.join("report.html");
        if outcome.was_finished && report.is_file() && extend::is_settled(outcome)? {
            screen.bar.finish_and_clear();
            already_finished(&report, &outcome.record, arguments);
            return extend::check(&outcome.record, &options.directory);
        }
        if !arguments.quiet {
            outcome.record.warnings.iter().for_each(|w| warn(w));
        }
    }
    if matches!(outcome, Err(Error::Interrupted(_))) && !arguments.quiet {
        let record = RunRecord::read(&options.directory);
        record.iter().flat_map(|r| &r.warnings).for_each(|w| warn(w));
    }
    let ResumeOptions { directory, limits, .. } = options;
    finish(outcome, &directory, limits, screen, arguments.json)
}

/// Says that there was nothing to do.
#[expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "the path is the command's output, the rest is for people"
)]
fn already_finished(report: &Path, record: &RunRecord, arguments: &ResumeArguments) {
    if arguments.json {
        println!("{:#}", json!({ "report": report, "run": record }));
        return;
    }
    if !arguments.quiet {
        eprintln!("finished already; to add cycles: adlayer resume {} --cycles +N", arguments.directory.display());
    }
    println!("report: {}", report.display());
}
