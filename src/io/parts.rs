//! A folder of numbered parts, each written whole.
//!
//! Parts are in series: one of a run that one process samples, `part-00000.parquet`, …; one for each walker of a run that
//! several ranks share, `part-w0003-00000.parquet`, …. A run that was resumed by other ranks may have both.

use crate::base::{Error, Result};
use crate::io::parquet::{save, verify};
use parquet::errors::Result as ParquetResult;
use rayon::prelude::*;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Which series a part belongs to: that of a walker, or the one of all.
pub(crate) type Series = Option<u16>;

/// Name of a part file.
fn file_name(series: Series, number: usize) -> String {
    match series {
        None => format!("part-{number:05}.parquet"),
        Some(walker) => format!("part-w{walker:04}-{number:05}.parquet"),
    }
}

/// The series and the number in the name of a part file, or `None` if it is no part.
fn place_of(name: &str) -> Option<(Series, usize)> {
    let stem = name.strip_prefix("part-")?.strip_suffix(".parquet")?;
    match stem.strip_prefix('w') {
        None => Some((None, stem.parse().ok()?)),
        Some(rest) => {
            let (walker, number) = rest.split_once('-')?;
            Some((Some(walker.parse().ok()?), number.parse().ok()?))
        }
    }
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

/// Numbers of the parts of every series in a folder, ascending.
pub(crate) fn part_numbers(folder: &Path) -> Result<BTreeMap<Series, Vec<usize>>> {
    let mut all: BTreeMap<Series, Vec<usize>> = BTreeMap::new();
    for (series, number) in file_names(folder)?.iter().filter_map(|name| place_of(name)) {
        all.entry(series).or_default().push(number);
    }
    all.values_mut().for_each(|numbers| numbers.sort_unstable());
    Ok(all)
}

/// Paths of the parts in a folder: `[series][number]`.
///
/// - `whole`, `part`: name the folder and a part in errors, e.g. `a part of the samples`
///
/// # Errors
/// [`Error::InputMissing`] if there is no folder or a part of a series is missing.
pub(crate) fn all_parts(folder: &Path, whole: &'static str, part: &'static str) -> Result<Vec<Vec<PathBuf>>> {
    if !folder.is_dir() {
        return Err(Error::InputMissing { what: whole, path: folder.to_owned() });
    }
    let paths = |(series, numbers): (Series, Vec<usize>)| {
        let path = |n: usize| folder.join(file_name(series, n));
        match numbers.iter().enumerate().find(|&(i, &n)| i != n) {
            None => Ok(numbers.into_iter().map(path).collect()),
            Some((missing, _)) => Err(Error::InputMissing { what: part, path: path(missing) }),
        }
    };
    part_numbers(folder)?.into_iter().map(paths).collect()
}

/// Makes sure that the first so many parts of some series are there.
///
/// - `kept`: series with the number of their parts
/// - `part`: names one in an error
///
/// # Errors
/// [`Error::InputMissing`] with the first that is missing.
pub(crate) fn require(folder: &Path, kept: &[(Series, usize)], part: &'static str) -> Result<()> {
    let present = part_numbers(folder)?;
    for &(series, number) in kept {
        let there = present.get(&series).map_or(&[][..], Vec::as_slice);
        if let Some(missing) = (0..number).find(|n| !there.contains(n)) {
            return Err(Error::InputMissing { what: part, path: folder.join(file_name(series, missing)) });
        }
    }
    Ok(())
}

/// Makes sure that the first so many parts of some series are whole, by their checksums.
///
/// - `kept`: as for [`require`], which has passed
/// - `what`: names a part in an error, e.g. `part of samples`
///
/// # Errors
/// Those of [`verify`](crate::io::parquet::verify), of the first part that is damaged.
pub(crate) fn require_whole(folder: &Path, kept: &[(Series, usize)], what: &str) -> Result<()> {
    let names: Vec<String> =
        kept.iter().flat_map(|&(series, number)| (0..number).map(move |n| file_name(series, n))).collect();
    let checked: Vec<Result<()>> = names.par_iter().map(|name| verify(&folder.join(name), what)).collect();
    checked.into_iter().collect()
}

/// Removes all parts of all series but the first so many of some, which must be there.
///
/// - `kept`, `part`: as for [`require`]
///
/// # Errors
/// Those of [`require`], before anything is removed; [`Error::Io`].
pub(crate) fn rewind(folder: &Path, kept: &[(Series, usize)], part: &'static str) -> Result<()> {
    require(folder, kept, part)?;
    for (&series, numbers) in &part_numbers(folder)? {
        let keeps = kept.iter().find(|(s, _)| *s == series).map_or(0, |&(_, number)| number);
        for &n in numbers.iter().filter(|&&n| n >= keeps) {
            let path = folder.join(file_name(series, n));
            std::fs::remove_file(&path).map_err(Error::io("cannot remove", &path))?;
        }
    }
    Ok(())
}

/// Writes the parts of one series one after the other.
#[derive(Debug)]
pub(crate) struct PartWriter {
    folder: PathBuf,
    series: Series,
    next: usize,
}

impl PartWriter {
    /// A writer into a folder, which is created; parts already there are kept and numbered on.
    ///
    /// # Errors
    /// [`Error::Io`] if the folder cannot be made or read.
    pub(crate) fn new(folder: PathBuf, series: Series) -> Result<PartWriter> {
        std::fs::create_dir_all(&folder).map_err(Error::io("cannot create", &folder))?;
        let next = part_numbers(&folder)?.get(&series).and_then(|own| own.last()).map_or(0, |n| n + 1);
        Ok(PartWriter { folder, series, next })
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
        self.folder.join(file_name(self.series, self.next))
    }

    /// Goes on to the part after the next one, which somebody has written.
    pub(crate) fn advance(&mut self) {
        self.next += 1;
    }

    /// Removes every part of the series from `number` on.
    ///
    /// # Errors
    /// [`Error::Io`] if one cannot be removed.
    pub(crate) fn rewind_to(&mut self, number: usize) -> Result<()> {
        let own = part_numbers(&self.folder)?.remove(&self.series).unwrap_or_default();
        for n in own.into_iter().filter(|&n| n >= number) {
            let path = self.folder.join(file_name(self.series, n));
            std::fs::remove_file(&path).map_err(Error::io("cannot remove", &path))?;
        }
        self.next = number;
        Ok(())
    }

    /// Paths of the parts of all series that are there.
    ///
    /// # Errors
    /// [`Error::Io`] if the folder cannot be read.
    pub(crate) fn paths(&self) -> Result<Vec<PathBuf>> {
        let path = |(series, numbers): (Series, Vec<usize>)| {
            numbers.into_iter().map(move |n| file_name(series, n)).collect::<Vec<_>>()
        };
        Ok(part_numbers(&self.folder)?.into_iter().flat_map(path).map(|name| self.folder.join(name)).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_say_series_and_number_and_a_rewind_keeps_what_it_should() {
        for (series, number) in [(None, 7), (Some(0), 0), (Some(12_345), 123_456)] {
            assert_eq!(place_of(&file_name(series, number)), Some((series, number)));
        }
        for no_part in
            ["part-w1.parquet", "part-.parquet", "part-w0001-00001.csv", "other-00001.parquet", "part-wx-00001.parquet"]
        {
            assert_eq!(place_of(no_part), None, "{no_part}");
        }
        let folder = tempfile::tempdir().expect("a folder");
        for (series, parts) in [(None, 3), (Some(0), 2), (Some(1), 4)] {
            for n in 0..parts {
                std::fs::write(folder.path().join(file_name(series, n)), b"").expect("a part");
            }
        }
        let kept = [(None, 2), (Some(1), 3)];
        assert!(rewind(folder.path(), &[(None, 4)], "a part").is_err());
        assert_eq!(part_numbers(folder.path()).expect("parts").len(), 3);
        rewind(folder.path(), &kept, "a part").expect("rewound");
        let left = part_numbers(folder.path()).expect("parts");
        assert_eq!(left.into_iter().collect::<Vec<_>>(), [(None, vec![0, 1]), (Some(1), vec![0, 1, 2])]);
        std::fs::remove_file(folder.path().join(file_name(Some(1), 1))).expect("removed");
        let error = all_parts(folder.path(), "the folder", "a part").expect_err("a gap");
        assert!(error.to_string().contains("part-w0001-00001.parquet"), "{error}");
    }
}
