//! What a run shows on stderr while it is at work.

use crate::cli::stdout::write_stderr;
use crate::run::Progress;
use crate::workflow::extend::Listener;
use indicatif::{ProgressBar, ProgressStyle};
use std::time::Instant;

/// Progress of a run on stderr.
pub(super) struct Screen {
    pub(super) bar: ProgressBar,
    /// When the command began.
    pub(super) start: Instant,
    pub(super) quiet: bool,
    /// Whether a cycle was made.
    pub(super) began: bool,
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

    fn extension(&mut self, words: &str, cycles: u32) {
        if !self.quiet {
            self.bar.suspend(|| write_stderr(&format!("{words}: {cycles} further cycles\n")));
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
    let segments = if p.segments.is_finite() { format!("segments {} · ", percent(p.segments)) } else { String::new() };
    bar.set_message(format!(
        "{segments}moves {} · exchange {} · {:.3e} replica-steps/s · {}:{:02} left",
        percent(p.acceptance),
        percent(p.exchange),
        p.replica_steps_per_s,
        left / 60,
        left % 60
    ));
}
