//! `adlayer run`: sample, analyse, draw.

use super::args::{LimitArguments, RunArguments};
use crate::base::{Error, Result};
use crate::cli::diagnostics::warn;
use crate::cli::summary::print_result;
use crate::input::scene;
use crate::run::checkpoint;
use crate::run::directory::default_directory;
use crate::run::forecast::check_limits;
use crate::run::{self, Limits, Progress, RunOptions, RunOutcome};
use crate::workflow::extend::{self, Listener};
use indicatif::{ProgressBar, ProgressStyle};
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;
use std::io::ErrorKind;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

pub(crate) fn run(arguments: &RunArguments) -> Result<()> {
    let loaded = scene::load(&arguments.scene)?.with_overrides(arguments.cycles, arguments.seed)?;
    let stem = arguments.scene.file_stem().map_or_else(|| "run".into(), |s| s.to_string_lossy().into_owned());
    let directory = arguments.output.clone().unwrap_or_else(|| default_directory(&stem));
    check_limits(&loaded.longest(), &directory)?;
    if !arguments.quiet {
        loaded.warnings.iter().for_each(|w| warn(w));
    }
    let options = RunOptions {
        device: arguments.device.to_string(),
        directory,
        force: arguments.force,
        limits: limits(&arguments.limits)?,
    };
    let mut screen = Screen::new(arguments.quiet);
    // On a thread of the pool, which shares the sampling when it has nothing else to do.
    let outcome = rayon::scope(|_| run::run(&loaded, &options, &mut |progress| screen.progress(progress)));
    let RunOptions { directory, limits, .. } = options;
    finish(outcome, &directory, limits, screen, arguments.json)
}

/// Analyses a run that has come to its end, extends it where its scene has a goal, and prints the result; after an error
/// says how to go on.
pub(super) fn finish(
    outcome: Result<RunOutcome>,
    directory: &Path,
    limits: Limits,
    mut screen: Screen,
    json: bool,
) -> Result<()> {
    let (start, began) = (screen.start, screen.began);
    let concluded = outcome.and_then(|o| rayon::scope(|_| extend::conclude(o, &limits, start, &mut screen)));
    screen.bar.finish_and_clear();
    let result = concluded.and_then(|c| {
        print_result(&c.evaluation, Some(&c.record), json);
        extend::check(&c.record, directory)
    });
    result.inspect_err(|error| {
        let resumable = match error {
            // taken by another process, or not this run's directory
            Error::Io { source, .. } => !matches!(source.kind(), ErrorKind::ResourceBusy | ErrorKind::AlreadyExists),
            // lost on the way, not refused at the start
            Error::Device(_) => began,
            Error::ReplicaFault { .. } => true,
            _ => false,
        };
        if resumable && directory.join(checkpoint::FILE).is_file() {
            warn(&format!("the last checkpoint is whole; go on with: adlayer resume {}", directory.display()));
        }
    })
}

/// The limits of a run, with a flag that Ctrl-C, SIGTERM or SIGUSR1 raises; a second Ctrl-C ends the process at once:
/// files are renamed into place whole, so nothing is left half-written.
pub(super) fn limits(arguments: &LimitArguments) -> Result<Limits> {
    let stop = Arc::new(AtomicBool::new(false));
    let watch = || -> std::io::Result<()> {
        // in this order: the first Ctrl-C finds its flag down and raises it
        let asked = Arc::new(AtomicBool::new(false));
        flag::register_conditional_shutdown(SIGINT, 75, Arc::clone(&asked))?;
        flag::register(SIGINT, asked)?;
        flag::register(SIGINT, Arc::clone(&stop))?;
        flag::register(SIGTERM, Arc::clone(&stop))?;
        #[cfg(unix)]
        flag::register(signal_hook::consts::SIGUSR1, Arc::clone(&stop))?;
        Ok(())
    };
    watch().map_err(|e| Error::Analysis(format!("cannot watch for signals: {e}")))?;
    let LimitArguments { walltime, checkpoint_every } = *arguments;
    Ok(Limits { walltime, checkpoint_every, stop })
}

/// What a run shows on stderr while it is at work.
pub(super) struct Screen {
    pub(super) bar: ProgressBar,
    /// When the command began.
    start: Instant,
    quiet: bool,
    /// Whether a cycle was made.
    began: bool,
}

impl Screen {
    pub(super) fn new(quiet: bool) -> Screen {
        Screen { bar: progress_bar(quiet), start: Instant::now(), quiet, began: false }
    }
}

impl Listener for Screen {
    fn progress(&mut self, progress: &Progress) {
        self.began = true;
        show(&self.bar, progress);
    }

    #[expect(clippy::print_stderr, reason = "what goes on is for people")]
    fn stretch(&mut self, words: &str, cycles: u32) {
        if !self.quiet {
            self.bar.suspend(|| eprintln!("{words}: {cycles} further cycles"));
        }
    }
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
