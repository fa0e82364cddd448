//! Signals that stop a run after its present cycle.

use super::args::LimitArguments;
use crate::base::{Error, Result};
use crate::run::Limits;
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// The limits of a run, with a flag that Ctrl-C, SIGTERM or SIGUSR1 raises; a second Ctrl-C ends the process at once:
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
        flag::register(signal_hook::consts::SIGUSR1, Arc::clone(&stop))?;
        Ok(())
    };
    watch().map_err(|source| Error::Signals { source })?;
    let LimitArguments { walltime, checkpoint_every, .. } = *arguments;
    Ok(Limits { walltime, checkpoint_every, stop })
}

/// Says what the first Ctrl-C does, and ends the process with the second, saying how to go on.
#[cfg(unix)]
fn interrupts(directory: Option<&Path>) -> std::io::Result<()> {
    use crate::cli::stdout::write_stderr;
    let mut signals = signal_hook::iterator::Signals::new([SIGINT])?;
    let directory = directory.map(Path::to_owned);
    let wait = move || {
        for (count, _) in signals.forever().enumerate() {
            // The bar may stand on this line.
            write_stderr(&format!("\n{}\n", words(count, directory.as_deref())));
            if count > 0 {
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

/// What is said at a Ctrl-C.
///
/// - `count`: how many there were before
#[cfg(unix)]
fn words(count: usize, directory: Option<&Path>) -> String {
    match (count, directory) {
        (0, Some(_)) => "stopping after this cycle; Ctrl-C again ends at once".to_owned(),
        (0, None) => "stopping after this run; Ctrl-C again ends at once".to_owned(),
        (_, Some(directory)) => {
            format!("ended at once; the last checkpoint is whole; go on with: adlayer resume {}", directory.display())
        }
        (_, None) => "ended at once".to_owned(),
    }
}
