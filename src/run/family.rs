//! A run and the further runs beside it, which its goal has asked for: `DIR/refined/1`, `DIR/refined/2`, …
//!
//! Each is a run of its own, over other states of the same system; what is said of the run is said of all of them together.

use std::path::{Path, PathBuf};

/// Folder of the further runs of a run.
pub(crate) const FOLDER: &str = "refined";

/// Where the further run of a number lies, from 1.
pub(crate) fn place(directory: &Path, number: usize) -> PathBuf {
    directory.join(FOLDER).join(number.to_string())
}

/// The further runs of a run, in the order in which they were begun.
pub(crate) fn further(directory: &Path) -> Vec<PathBuf> {
    (1..).map(|number| place(directory, number)).take_while(|run| run.join("resolved.ron").is_file()).collect()
}

/// Each run with its further runs after it; one that is named by itself as well is not there twice.
pub(crate) fn families(directories: &[PathBuf]) -> Vec<PathBuf> {
    let mut all: Vec<PathBuf> = Vec::new();
    for directory in directories {
        all.push(directory.clone());
        all.extend(further(directory).into_iter().filter(|run| !directories.contains(run)));
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn further_runs_follow_their_run_as_far_as_there_are_any() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let run = folder.path().join("run");
        let make = |path: &Path| {
            std::fs::create_dir_all(path).expect("a folder");
            std::fs::write(path.join("resolved.ron"), "").expect("a file");
        };
        assert_eq!(families(std::slice::from_ref(&run)), std::slice::from_ref(&run));
        [1, 2, 4].into_iter().for_each(|number| make(&place(&run, number)));
        assert_eq!(further(&run), [place(&run, 1), place(&run, 2)]);
        let other = folder.path().join("other");
        let named = [run.clone(), other.clone(), place(&run, 2)];
        assert_eq!(families(&named), [run.clone(), place(&run, 1), other, place(&run, 2)]);
    }
}
