//! A folder of numbered parts, each written whole.

use crate::base::{Error, Result};
use crate::io::parquet::save;
use parquet::errors::Result as ParquetResult;
use std::path::{Path, PathBuf};

/// Name of a part file.
fn file_name(number: usize) -> String {
    format!("part-{number:05}.parquet")
}

/// The number in the name of a part file, or `None` if it is no part.
fn number_of(name: &str) -> Option<usize> {
    name.strip_prefix("part-")?.strip_suffix(".parquet")?.parse().ok()
}

/// Names of the files in a folder, in no order.
pub(crate) fn file_names(folder: &Path) -> Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(Error::io("cannot read", folder))? {
        let entry = entry.map_err(Error::io("cannot read", folder))?;
        names.extend(entry.file_name().into_string());
    }
    Ok(names)
}

/// Numbers of the parts in a folder, ascending.
pub(crate) fn part_numbers(folder: &Path) -> Result<Vec<usize>> {
    let mut numbers: Vec<usize> = file_names(folder)?.iter().filter_map(|name| number_of(name)).collect();
    numbers.sort_unstable();
    Ok(numbers)
}

/// Paths of the parts in a folder, in order.
///
/// - `whole`, `part`: name the folder and a part in errors, e.g. `a part of the samples`
///
/// # Errors
/// [`Error::InputMissing`] if there is no folder or a part of the sequence is missing.
pub(crate) fn all_parts(folder: &Path, whole: &'static str, part: &'static str) -> Result<Vec<PathBuf>> {
    if !folder.is_dir() {
        return Err(Error::InputMissing { what: whole, path: folder.to_owned() });
    }
    let numbers = part_numbers(folder)?;
    let paths = (0..numbers.len()).map(|n| folder.join(file_name(n)));
    match numbers.iter().enumerate().find(|&(i, &n)| i != n) {
        None => Ok(paths.collect()),
        Some((missing, _)) => Err(Error::InputMissing { what: part, path: folder.join(file_name(missing)) }),
    }
}

/// Writes `part-NNNNN.parquet` one after the other.
#[derive(Debug)]
pub(crate) struct PartWriter {
    folder: PathBuf,
    next: usize,
}

impl PartWriter {
    /// A writer into a folder, which is created; parts already there are kept and numbered on.
    ///
    /// # Errors
    /// [`Error::Io`] if the folder cannot be made or read.
    pub(crate) fn new(folder: PathBuf) -> Result<PartWriter> {
        std::fs::create_dir_all(&folder).map_err(Error::io("cannot create", &folder))?;
        let next = part_numbers(&folder)?.last().map_or(0, |n| n + 1);
        Ok(PartWriter { folder, next })
    }

    /// Number of the next part.
    pub(crate) fn next(&self) -> usize {
        self.next
    }

    /// Writes the next part.
    ///
    /// # Errors
    /// [`Error::ParquetEncoding`] if it could not be encoded, [`Error::Io`] if it cannot be written.
    pub(crate) fn write(&mut self, encoded: ParquetResult<Vec<u8>>) -> Result<()> {
        save(&self.path_of_next(), encoded)?;
        self.advance();
        Ok(())
    }

    /// Path of the next part.
    pub(crate) fn path_of_next(&self) -> PathBuf {
        self.folder.join(file_name(self.next))
    }

    /// Goes on to the part after the next one, which somebody has written.
    pub(crate) fn advance(&mut self) {
        self.next += 1;
    }

    /// Removes every part from `number` on.
    ///
    /// # Errors
    /// [`Error::Io`] if one cannot be removed.
    pub(crate) fn rewind_to(&mut self, number: usize) -> Result<()> {
        for n in part_numbers(&self.folder)?.into_iter().filter(|&n| n >= number) {
            let path = self.folder.join(file_name(n));
            std::fs::remove_file(&path).map_err(Error::io("cannot remove", &path))?;
        }
        self.next = number;
        Ok(())
    }

    /// Makes sure that every part below `number` is there.
    ///
    /// - `part`: names it in an error
    ///
    /// # Errors
    /// [`Error::InputMissing`] with the first that is not.
    pub(crate) fn require(&self, number: usize, part: &'static str) -> Result<()> {
        let present = part_numbers(&self.folder)?;
        match (0..number).find(|n| !present.contains(n)) {
            None => Ok(()),
            Some(n) => Err(Error::InputMissing { what: part, path: self.folder.join(file_name(n)) }),
        }
    }

    /// Paths of the parts that are there, in order.
    ///
    /// # Errors
    /// [`Error::Io`] if the folder cannot be read.
    pub(crate) fn paths(&self) -> Result<Vec<PathBuf>> {
        Ok(part_numbers(&self.folder)?.into_iter().map(|n| self.folder.join(file_name(n))).collect())
    }
}
