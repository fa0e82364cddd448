//! `adlayer resume`: go on with a run, then analyse and draw as `run` does.

use super::args::ResumeArguments;
use super::run::finish;
use crate::base::Result;
use crate::cli::Ending;
use crate::cli::diagnostics::warn;
use crate::cli::live::Live;
use crate::cli::progress::Screen;
use crate::cli::ranks::own_device;
use crate::cli::signals::limits;
use crate::cli::stdout::{write_stderr, write_stdout};
use crate::ranks::Ranks;
use crate::report::live::is_live;
use crate::run::{self, ResumeOptions, RunOutcome, RunRecord};
use crate::workflow::extend::{self, Listener};
use serde_json::json;
use std::path::Path;

pub(crate) fn resume(arguments: &ResumeArguments, ranks: &Ranks) -> Result<Ending> {
    let quiet = arguments.quiet || !ranks.is_first();
    let options = ResumeOptions {
        directory: arguments.directory.clone(),
        device: arguments.device.as_ref().map(|device| own_device(device, ranks)).transpose()?,
        more_cycles: arguments.cycles,
        allow_different_device: arguments.allow_different_device,
        limits: limits(&arguments.limits, Some(&arguments.directory), ranks.is_first())?,
    };
    // The first rank writes the page while all sample.
    let live = if ranks.is_first() { Live::new(&options.directory, arguments.limits.report_every) } else { None };
    let mut screen = Screen::new(quiet, live);
    // On a thread of the pool, as `run`.
    let outcome = rayon::scope(|_| run::resume_on(ranks, &options, &mut |progress| screen.progress(progress)));
    if let Ok(RunOutcome::AlreadyFinished(ended)) = &outcome {
        let report = options.directory.join("report.html");
        if report.is_file() && !is_live(&report) && extend::is_settled(ended)? {
            screen.bar.finish_and_clear();
            if ranks.is_first() {
                already_finished(&report, &ended.record, arguments)?;
            }
            return Ok(Ending::of(&ended.record, &options.directory));
        }
    }
    let said = outcome.as_ref().map_or_else(|_| Vec::new(), |outcome| outcome.ended().record.warnings.clone());
    if !quiet {
        said.iter().for_each(|w| warn(w));
    }
    let ResumeOptions { directory, limits, .. } = options;
    finish(ranks, outcome, &directory, limits, screen, (arguments.json, &said))
}

/// Says that there was nothing to do.
fn already_finished(report: &Path, record: &RunRecord, arguments: &ResumeArguments) -> Result<()> {
    if arguments.json {
        return write_stdout(&format!("{:#}\n", json!({ "report": report, "run": record })));
    }
    if !arguments.quiet {
        let directory = arguments.directory.display();
        write_stderr(&format!("finished already; to add cycles: adlayer resume {directory} --cycles +N\n"));
    }
    write_stdout(&format!("report: {}\n", report.display()))
}
