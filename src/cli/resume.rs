//! `adlayer resume`: go on with a run, then analyse and draw as `run` does.

use super::args::ResumeArguments;
use super::complain::warn;
use super::run::{finish, limits, progress_bar, show};
use adlayer::Result;
use adlayer::engine::{self, ResumeOptions, RunRecord};
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
    let bar = progress_bar(arguments.quiet);
    let outcome = engine::resume(&options, &mut |progress| show(&bar, progress));
    bar.finish_and_clear();
    if let Ok(outcome) = &outcome {
        let report = options.directory.join("report.html");
        if outcome.was_finished && report.is_file() {
            already_finished(&report, &outcome.record, arguments);
            return Ok(());
        }
        if !arguments.quiet {
            outcome.record.warnings.iter().for_each(|w| warn(w));
        }
    }
    finish(outcome, &options.directory, arguments.json)
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
