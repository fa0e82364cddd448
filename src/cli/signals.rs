//! Signals that stop a run after its present cycle.

use super::args::LimitArguments;
use crate::base::{Error, Result};
use crate::run::Limits;
#[cfg(unix)]
use signal_hook::consts::SIGHUP;
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// The limits of a run, with a flag that Ctrl-C, SIGTERM, SIGHUP or SIGUSR1 raises; a second Ctrl-C ends the process at once:
/// files are renamed into place whole, so nothing is left half-written.
///
/// - `directory`: of the run, which both say how to go on with
/// - `says`: whether this process says what a Ctrl-C does
pub(super) fn limits(arguments: &LimitArguments, directory: Option<&Path>, says: bool) -> Result<Limits> {
    let stop = Arc::new(AtomicBool::new(false));
    let watch = || -> std::io::Result<()> {
        if says {
            interrupts(directory)?;
        }
        flag::register(SIGINT, Arc::clone(&stop))?;
        flag::register(SIGTERM, Arc::clone(&stop))?;
        #[cfg(unix)]
        {
            flag::register(signal_hook::consts::SIGUSR1, Arc::clone(&stop))?;
            if hangup_is_heard() {
                flag::register(SIGHUP, Arc::clone(&stop))?;
            }
        }
        Ok(())
    };
    watch().map_err(|source| Error::Signals { source })?;
    let LimitArguments { walltime, checkpoint_every, .. } = *arguments;
    Ok(Limits { walltime, checkpoint_every, stop })
}

/// Whether a terminal that closes is to stop the run: not where `nohup` had it ignored, which a handler would undo. Where that cannot be
/// read, the signal is left as it is.
#[cfg(unix)]
fn hangup_is_heard() -> bool {
    std::fs::read_to_string("/proc/self/status").is_ok_and(|status| ignores(&status, SIGHUP) == Some(false))
}

/// Whether the process of a `/proc/self/status` ignores a signal.
#[cfg(unix)]
fn ignores(status: &str, signal: i32) -> Option<bool> {
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"))?;
    Some(u64::from_str_radix(mask.trim(), 16).ok()? >> (signal - 1) & 1 == 1)
}

/// Whether what was to be sampled is complete, and is being analysed.
static IS_ANALYSED: AtomicBool = AtomicBool::new(false);

/// Says to the handlers what the command is at: sampling, or the analysis of it.
pub(super) fn tell_stage(analysis: bool) {
    IS_ANALYSED.store(analysis, Ordering::Relaxed);
}

/// Says what the first Ctrl-C, SIGTERM or SIGHUP does, and ends the process with the second Ctrl-C, or, in the analysis, with whichever comes
/// second, saying how to go on.
#[cfg(unix)]
fn interrupts(directory: Option<&Path>) -> std::io::Result<()> {
    use crate::cli::stdout::write_stderr;
    let mut signals = signal_hook::iterator::Signals::new([SIGINT, SIGTERM])?;
    if hangup_is_heard() {
        signals.add_signal(SIGHUP)?;
    }
    let directory = directory.map(Path::to_owned);
    let wait = move || {
        let mut before = Before::default();
        for signal in signals.forever() {
            let at = At { signal, analysis: IS_ANALYSED.load(Ordering::Relaxed) };
            let (words, ends) = before.answer(at, directory.as_deref());
            // The bar may stand on this line.
            words.iter().for_each(|words| write_stderr(&format!("\n{words}\n")));
            if ends {
                std::process::exit(75);
            }
        }
    };
    std::thread::Builder::new().name("adlayer-signals".to_owned()).spawn(wait).map(|_| ())
}

/// The second Ctrl-C ends the process at once.
#[cfg(not(unix))]
fn interrupts(_: Option<&Path>) -> std::io::Result<()> {
    // in this order: the first finds its flag down and raises it
    let asked = Arc::new(AtomicBool::new(false));
    flag::register_conditional_shutdown(SIGINT, 75, Arc::clone(&asked))?;
    flag::register(SIGINT, asked).map(|_| ())
}

/// A signal, and what the command was at.
#[cfg(unix)]
struct At {
    signal: i32,
    analysis: bool,
}

/// The signals that came before.
#[cfg(unix)]
#[derive(Default)]
struct Before {
    any: bool,
    /// In the analysis.
    analysis: bool,
}

#[cfg(unix)]
impl Before {
    /// What is said to a signal, and whether the process ends. Schedulers and launchers may send SIGTERM twice and mean one stop
    /// with a checkpoint, so in sampling only a second Ctrl-C ends at once; in the analysis nothing is lost.
    ///
    /// - `directory`: of the run, if there is one
    fn answer(&mut self, at: At, directory: Option<&Path>) -> (Option<String>, bool) {
        let again = if at.signal == SIGINT { "Ctrl-C again" } else { "a second signal" };
        let ends = self.analysis && at.analysis || self.any && at.signal == SIGINT;
        let words = match directory {
            Some(directory) if ends => {
                let whole = if at.analysis { "what was sampled is kept" } else { "the last checkpoint is whole" };
                Some(format!("ended at once; {whole}; go on with: adlayer resume {}", directory.display()))
            }
            None if ends => Some("ended at once".to_owned()),
            Some(directory) if at.analysis => Some(format!(
                "what was sampled is complete and kept, and its analysis goes on to the end; {again} ends at once, and \
                 `adlayer resume {}` analyses it later",
                directory.display()
            )),
            _ if self.any => None,
            Some(_) => Some("stopping after this cycle; Ctrl-C again ends at once".to_owned()),
            None => Some("stopping after this run; Ctrl-C again ends at once".to_owned()),
        };
        self.any = true;
        self.analysis |= at.analysis;
        (words, ends)
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    fn answers(signals: &[(i32, bool)]) -> Vec<(String, bool)> {
        let mut before = Before::default();
        let mut answer = |&(signal, analysis): &(i32, bool)| {
            let (words, ends) = before.answer(At { signal, analysis }, Some(Path::new("runs/a")));
            (words.unwrap_or_default(), ends)
        };
        signals.iter().map(&mut answer).collect()
    }

    #[test]
    fn a_second_interrupt_ends_at_once() {
        let [(first, goes_on), (second, ends)] = &answers(&[(SIGINT, false), (SIGINT, false)])[..] else {
            panic!("two answers")
        };
        assert_eq!(first, "stopping after this cycle; Ctrl-C again ends at once");
        assert_eq!(second, "ended at once; the last checkpoint is whole; go on with: adlayer resume runs/a");
        assert!(!goes_on && *ends);
    }

    #[test]
    fn in_the_analysis_it_is_said_that_sampling_is_complete() {
        for signal in [SIGINT, SIGTERM] {
            let [(first, goes_on), (second, ends)] = &answers(&[(signal, true), (signal, true)])[..] else {
                panic!("two answers")
            };
            assert!(first.starts_with("what was sampled is complete and kept, and its analysis goes on"), "{first}");
            assert!(first.contains("`adlayer resume runs/a` analyses it later"), "{first}");
            assert_eq!(second, "ended at once; what was sampled is kept; go on with: adlayer resume runs/a");
            assert!(!goes_on && *ends);
        }
        // asked to stop in the last cycle, and once more in the analysis
        assert_eq!(ends(&[(SIGINT, false), (SIGINT, true)]), [false, true]);
    }

    #[test]
    fn a_second_sigterm_stops_sampling_no_faster() {
        assert_eq!(ends(&[(SIGTERM, false), (SIGTERM, false), (SIGTERM, true)]), [false, false, false]);
    }

    #[test]
    fn an_ignored_hangup_is_seen() {
        let status = |mask: &str| format!("Name:\tadlayer\nSigBlk:\t0000000000000001\nSigIgn:\t{mask}\n");
        assert_eq!(ignores(&status("0000000000001001"), SIGHUP), Some(true));
        assert_eq!(ignores(&status("0000000000001000"), SIGHUP), Some(false));
        assert_eq!(ignores("Name:\tadlayer\n", SIGHUP), None);
    }

    fn ends(signals: &[(i32, bool)]) -> Vec<bool> {
        answers(signals).iter().map(|answer| answer.1).collect()
    }
}
