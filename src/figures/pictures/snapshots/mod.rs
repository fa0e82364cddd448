//! Pictures of configurations: from above and from the side, adsorbates coloured by height over a grey slab.

mod choose;
mod draw;

pub use choose::Chooser;

use super::{Figure, Labels, write_files};
use crate::analysis::Analysis;
use crate::base::error::{Error, Result};
use crate::system::System;
use std::path::Path;

/// Draws the configurations that were chosen into `dir/figures`: `snapshot_<k>` of each phase that has one, or of three states of a canonical run.
///
/// # Errors
/// [`Error::Drawing`] if a picture cannot be made, [`Error::Io`] if a file cannot be written.
pub fn draw(
    chosen: &Chooser,
    analysis: &Analysis,
    system: &System,
    labels: &Labels,
    dir: &Path,
) -> Result<Vec<Figure>> {
    let folder = dir.join("figures");
    std::fs::create_dir_all(&folder).map_err(Error::io("cannot create", &folder))?;
    remove_old(&folder)?;
    let snapshots = chosen.snapshots(analysis, labels);
    let heights = draw::heights(system, snapshots.iter().map(|s| s.frame));
    let pictures = snapshots.iter().map(|snapshot| {
        let picture = draw::picture(system, snapshot, labels, heights);
        write_files(&folder, picture.figure(), picture.scene(), picture.table())
    });
    pictures.collect()
}

/// Removes the snapshots of an earlier analysis, which may have found other phases.
fn remove_old(folder: &Path) -> Result<()> {
    for entry in std::fs::read_dir(folder).map_err(Error::io("cannot read", folder))? {
        let entry = entry.map_err(Error::io("cannot read", folder))?;
        if entry.file_name().to_string_lossy().starts_with("snapshot_") {
            std::fs::remove_file(entry.path()).map_err(Error::io("cannot remove", entry.path()))?;
        }
    }
    Ok(())
}
