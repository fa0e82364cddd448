//! What a run shows on stderr while it is at work.

use super::live::Live;
use super::signals::tell_stage;
use super::width;
use crate::cli::stdout::write_stderr;
use crate::run::Progress;
use crate::workflow::analyze::Stage;
use crate::workflow::extend::Listener;
use indicatif::{ProgressBar, ProgressStyle};
use std::time::{Duration, Instant};

/// Progress of a run on stderr.
pub(super) struct Screen {
    pub(super) bar: ProgressBar,
    /// When the command began.
    pub(super) start: Instant,
    pub(super) quiet: bool,
    /// Whether a cycle was made.
    pub(super) began: bool,
    /// The page of the run while it goes on, if it has one.
    pub(super) live: Option<Live>,
}

impl Screen {
    pub(super) fn new(quiet: bool, live: Option<Live>) -> Screen {
        Screen { bar: progress_bar(quiet), start: Instant::now(), quiet, began: false, live }
    }
}

impl Listener for Screen {
    fn progress(&mut self, progress: &Progress) {
        self.began = true;
        tell_stage(false);
        show(&self.bar, progress);
        if let Some(live) = &mut self.live {
            live.tell();
        }
    }

    fn extension(&mut self, words: &str) {
        if !self.quiet {
            self.bar.suspend(|| write_stderr(&format!("{words}\n")));
            self.bar.disable_steady_tick();
            set_style(&self.bar, SAMPLING);
        }
    }

    fn stage(&mut self, stage: Stage) {
        tell_stage(true);
        show_stage(&self.bar, stage);
    }
}

/// The bar of cycles.
const SAMPLING: &str = "{prefix} {wide_bar} {pos}/{len} cycles{msg}";
/// The line of what comes after them, whose length is not known before.
const AFTER: &str = "{spinner} {elapsed} {msg}";
/// Time between two turns of the spinner.
const TURN: Duration = Duration::from_millis(120);

/// A bar on stderr; hidden when that is not a terminal.
pub(super) fn progress_bar(quiet: bool) -> ProgressBar {
    if quiet {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(0);
    set_style(&bar, SAMPLING);
    bar
}

fn set_style(bar: &ProgressBar, template: &str) {
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
}

/// Names a stage of the analysis, with the time since it began.
pub(super) fn show_stage(bar: &ProgressBar, stage: Stage) {
    set_style(bar, AFTER);
    bar.reset_elapsed();
    bar.set_message(match stage {
        Stage::Reading => "reading samples, then analysis and figures",
        Stage::Analysis => "analysing, then figures",
        Stage::Figures => "drawing figures",
    });
    bar.enable_steady_tick(TURN);
}

fn show(bar: &ProgressBar, p: &Progress) {
    bar.set_length(p.cycles);
    bar.set_position(p.cycle);
    bar.set_prefix(if p.production { "sampling" } else { "equilibrating" });
    bar.set_message(message(p, width::of_stderr().unwrap_or(usize::MAX)));
}

/// What is said behind the bar, as much as a terminal has room for: the time left, exchange, acceptance, the rate.
///
/// - `width`: its columns
fn message(p: &Progress, width: usize) -> String {
    let percent = |x: f64| if x.is_finite() { format!("{:.0} %", 100.0 * x) } else { "–".to_owned() };
    let left = p.left.as_secs();
    let left = match left {
        0..6000 => format!("{}:{:02} left", left / 60, left % 60),
        _ => format!("{} h {:02} left", left / 3600, left / 60 % 60),
    };
    let exchange = format!("exchange {}", percent(p.exchange));
    let moves = format!("moves {}", percent(p.acceptance));
    let rate = format!("{:.3e} replica-steps/s", p.replica_steps_per_s);
    let segments = p.segments.is_finite().then(|| format!("segments {}", percent(p.segments)));
    let mut parts = match width {
        0..80 => vec![left],
        80..100 => vec![exchange, left],
        100..130 => vec![moves, exchange, left],
        _ => vec![moves, exchange, rate, left],
    };
    if width >= 150 {
        parts.splice(0..0, segments);
    }
    parts.iter().map(|part| format!(" · {part}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Name, numbers and words leave at least ten columns for the bar.
    #[test]
    fn a_narrow_terminal_has_room_for_the_bar() {
        let progress = Progress {
            cycle: 123_456,
            cycles: 999_999,
            production: false,
            acceptance: 0.123,
            exchange: 1.0,
            segments: 0.75,
            replica_steps_per_s: 1.234e6,
            left: Duration::from_secs(100 * 3600),
        };
        for width in [60, 79, 80, 99, 100, 129, 130, 149, 150, 200] {
            let words = message(&progress, width).chars().count();
            let others = "equilibrating  123456/999999 cycles".chars().count();
            assert!(words + others + 6 <= width, "{width}: {words} + {others}");
        }
        assert!(message(&progress, 60).contains("left") && message(&progress, 200).contains("segments 75 %"));
    }
}
