//! A run as it lies on disk: the scene, the record and the samples of a directory.

use crate::base::error::{Error, Result};
use crate::input::scene::{self, CheckedScene};
use crate::run::checkpoint;
use crate::run::directory::refuse_file;
use crate::run::record::RunRecord;
use crate::sample::{Samples, read_samples};
use crate::thermo::states::StateGrid;
use std::path::Path;

/// One run as read from its directory.
#[derive(Debug)]
pub(crate) struct Run {
    /// Its scene.
    pub(crate) loaded: CheckedScene,
    /// Its `run.json`.
    pub(crate) record: RunRecord,
    /// Its stored samples.
    pub(crate) samples: Samples,
    /// Its states, with the weights that windows had in production.
    pub(crate) grid: StateGrid,
}

/// The scene of a run; one that was changed since is refused where a checkpoint can tell.
///
/// # Errors
/// [`Error::InputMissing`] if there is no run, [`Error::BadInput`] if its scene was changed, and those of [`scene::load`].
pub(crate) fn scene_of(directory: &Path) -> Result<CheckedScene> {
    refuse_file(directory)?;
    let resolved = directory.join("resolved.ron");
    if !resolved.is_file() {
        return Err(Error::InputMissing { what: "run directory (with its resolved.ron)", path: directory.to_owned() });
    }
    let loaded = scene::load(&resolved)?;
    // Samples mean what the scene says, and a checkpoint knows the scene that they were made with.
    let checkpoint = checkpoint::read(directory, checkpoint::most_bytes(&loaded)).ok();
    match checkpoint.and_then(|(checkpoint, _)| checkpoint.state.scene.change(&loaded, None)) {
        None => Ok(loaded),
        Some(what) => Err(Error::BadInput {
            path: directory.to_owned(),
            problem: format!("{what} was changed since the run was sampled; restore it, or run the changed scene"),
        }),
    }
}

/// Reads record and samples of a run.
///
/// # Errors
/// Those of [`RunRecord::read`] and [`read_samples`].
pub(crate) fn read_run(directory: &Path, loaded: CheckedScene) -> Result<Run> {
    let record = RunRecord::read(directory)?;
    let names: Vec<String> = loaded.scene.reservoir.iter().map(|r| r.species.clone()).collect();
    let samples = read_samples(directory, &names)?;
    let grid = if samples.is_empty() { loaded.grid() } else { grid_of(directory, &loaded, &record)? };
    Ok(Run { loaded, record, samples, grid })
}

/// The states of a run, with the weights that its windows had in production.
///
/// # Errors
/// [`Error::BadInput`] if `run.json` does not hold them.
pub(crate) fn grid_of(directory: &Path, loaded: &CheckedScene, record: &RunRecord) -> Result<StateGrid> {
    let mut grid = loaded.grid();
    let weights: Vec<Vec<f64>> = record.windows.iter().map(|w| w.weights.clone()).collect();
    match grid.set_weights(&weights) {
        true => Ok(grid),
        false => Err(Error::BadInput {
            path: directory.join("run.json"),
            problem: "it does not hold the weights of the scene's windows, without which samples say nothing; restore it, or \
                      go on with `adlayer resume`, which writes them again"
                .to_owned(),
        }),
    }
}
