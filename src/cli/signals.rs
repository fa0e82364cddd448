//! Signals that stop a run after its present cycle.

use super::args::LimitArguments;
use crate::base::{Error, Result};
use crate::run::Limits;
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

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
    watch().map_err(|source| Error::Signals { source })?;
    let LimitArguments { walltime, checkpoint_every } = *arguments;
    Ok(Limits { walltime, checkpoint_every, stop })
}
