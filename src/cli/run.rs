//! `adlayer run`: sample, analyse, draw.

use super::args::RunArguments;
use super::complain::warn;
use adlayer::estimate::check_limits;
use adlayer::{Error, Result, scene};
use std::path::Path;

pub(crate) fn run(arguments: &RunArguments) -> Result<()> {
    let loaded = scene::load(&arguments.scene)?.with_overrides(arguments.cycles, arguments.seed)?;
    check_limits(&loaded, arguments.output.as_deref().unwrap_or(Path::new(".")))?;
    if !arguments.quiet {
        loaded.warnings.iter().for_each(|w| warn(w));
    }
    sample(arguments, &loaded)
}

/// Samples, analyses and draws.
// CONNECT THE ENGINE HERE.
fn sample(arguments: &RunArguments, _loaded: &scene::Loaded) -> Result<()> {
    let RunArguments { device, force, walltime, json, .. } = arguments;
    Err(Error::Device(format!("no engine yet: {device:?} {force} {walltime:?} {json}")))
}
