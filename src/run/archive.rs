//! Runs as they lie on disk: the scene, the record and the samples of a directory, and whether runs can be combined.

use crate::base::error::{Error, Result};
use crate::input::scene::grammar::{Grid, Scene};
use crate::input::scene::{self, CheckedScene};
use crate::run::checkpoint;
use crate::run::directory::refuse_file;
use crate::run::record::RunRecord;
use crate::sample::{Samples, read_samples};
use crate::thermo::states::StateGrid;
use std::path::{Path, PathBuf};

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

/// The scenes of runs that can be combined: one system, one grid.
///
/// # Errors
/// Those of [`scene_of`], and [`Error::BadInput`] with the field in which two runs differ.
pub(crate) fn scenes_of_one_system(directories: &[PathBuf]) -> Result<Vec<CheckedScene>> {
    let scenes = directories.iter().map(|d| scene_of(d)).collect::<Result<Vec<_>>>()?;
    let places: Vec<PathBuf> = directories.iter().map(|d| d.canonicalize().unwrap_or_else(|_| d.clone())).collect();
    if let Some(i) = (1..places.len()).find(|&i| places[..i].contains(&places[i])) {
        return Err(Error::argument(
            format!("{} is given twice, and its samples would count as new ones", directories[i].display()),
            "name every run once",
        ));
    }
    if directories.len() > 1 && !scenes[0].scene.windows.is_empty() {
        return Err(Error::BadInput {
            path: directories[1].clone(),
            problem:
                "runs with `windows` cannot be combined, because each has learned weights of its own; make one of them \
                      longer with `adlayer resume --cycles`, or give it walkers"
                    .to_owned(),
        });
    }
    for (directory, loaded) in directories.iter().zip(&scenes).skip(1) {
        if let Some(field) = first_difference(&scenes[0].scene, &loaded.scene) {
            return Err(Error::BadInput {
                path: directory.clone(),
                problem: format!(
                    "its `{field}` is not that of {}; only runs of one system and grid can be combined",
                    directories[0].display()
                ),
            });
        }
    }
    Ok(scenes)
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

/// The first field in which two scenes describe different systems or grids; lengths, seeds and walkers may differ.
fn first_difference(a: &Scene, b: &Scene) -> Option<&'static str> {
    let same_states = |g: &Grid, h: &Grid| g.temperature == h.temperature && g.reservoir == h.reservoir;
    if a.units != b.units {
        Some("units")
    } else if a.species != b.species {
        Some("species")
    } else if a.potential != b.potential {
        Some("potential")
    } else if a.external != b.external {
        Some("external")
    } else if a.cell != b.cell {
        Some("cell")
    } else if a.substrate != b.substrate {
        Some("substrate")
    } else if a.reservoir != b.reservoir {
        Some("reservoir")
    } else if !same_states(&a.grid, &b.grid) {
        Some("grid")
    } else if a.windows != b.windows {
        Some("windows")
    } else if a.planck != b.planck {
        Some("planck")
    } else {
        None
    }
}
