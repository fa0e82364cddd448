//! `adlayer run`: sample, analyse, draw.

use super::args::RunArguments;
use super::complain::warn;
use super::result::print_result;
use adlayer::engine::{self, Progress, RunOptions};
use adlayer::estimate::check_limits;
use adlayer::evaluate::evaluate;
use adlayer::rundir::default_directory;
use adlayer::{Error, Result, scene};
use indicatif::{ProgressBar, ProgressStyle};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

pub(crate) fn run(arguments: &RunArguments) -> Result<()> {
    let loaded = scene::load(&arguments.scene)?.with_overrides(arguments.cycles, arguments.seed)?;
    let stem = arguments.scene.file_stem().map_or_else(|| "run".into(), |s| s.to_string_lossy().into_owned());
    let directory = arguments.output.clone().unwrap_or_else(|| default_directory(&stem));
    check_limits(&loaded, &directory)?;
    if !arguments.quiet {
        loaded.warnings.iter().for_each(|w| warn(w));
    }
    let options = RunOptions {
        device: arguments.device.to_string(),
        directory,
        force: arguments.force,
        walltime: arguments.walltime,
        stop: stop_on_signal()?,
    };
    let bar = progress_bar(arguments.quiet);
    let outcome = engine::run(&loaded, &options, &mut |progress| show(&bar, progress));
    bar.finish_and_clear();
    let mut outcome = outcome?;
    outcome.record.warnings.iter().skip(loaded.warnings.len()).for_each(|note| warn(note));
    let path = outcome.directory.path().to_owned();
    let evaluation = evaluate(std::slice::from_ref(&path), &path)?;
    outcome.record.seconds_analysis = evaluation.summary.seconds.analysis;
    outcome.record.write(&path)?;
    print_result(&evaluation, Some(&outcome.record), arguments.json);
    Ok(())
}

/// A flag that the first Ctrl-C or SIGTERM raises; the second ends the process at once.
fn stop_on_signal() -> Result<Arc<AtomicBool>> {
    let stop = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&stop);
    ctrlc::set_handler(move || {
        if flag.swap(true, Ordering::Relaxed) {
            // Parts and tables are renamed into place whole, so nothing is left half-written.
            std::process::exit(75);
        }
    })
    .map_err(|e| Error::Analysis(format!("cannot watch for signals: {e}")))?;
    Ok(stop)
}

/// A bar on stderr; hidden when that is not a terminal.
fn progress_bar(quiet: bool) -> ProgressBar {
    if quiet {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(0);
    let template = "{prefix} {wide_bar} {pos}/{len} cycles · {msg}";
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    bar
}

fn show(bar: &ProgressBar, p: &Progress) {
    bar.set_length(p.cycles);
    bar.set_position(p.cycle);
    bar.set_prefix(if p.production { "sampling" } else { "equilibrating" });
    let percent = |x: f64| if x.is_finite() { format!("{:.0} %", 100.0 * x) } else { "–".to_owned() };
    let left = p.left.as_secs();
    bar.set_message(format!(
        "moves {} · exchange {} · {:.3e} replica-steps/s · {}:{:02} left",
        percent(p.acceptance),
        percent(p.exchange),
        p.replica_steps_per_s,
        left / 60,
        left % 60
    ));
}
