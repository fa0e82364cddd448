//! Writing files so that a reader never sees half of one.

use crate::base::error::{Error, Result};
use std::io::{Read, Write};
use std::path::Path;

/// Writes `bytes` to `path`: a temporary file in the same folder, fsync, rename, fsync of the folder.
///
/// # Errors
/// [`Error::Io`] with the path.
pub fn write_whole(path: &Path, bytes: &[u8]) -> Result<()> {
    let write = || -> std::io::Result<()> { put_in_place(staged(path, bytes)?, path) };
    write().map_err(Error::io("cannot write", path))
}

/// Writes a file that is too large to be held as bytes in the same way: `fill` gets the temporary file.
///
/// # Errors
/// Those of `fill`, and [`Error::Io`] with the path.
pub(crate) fn write_whole_with(path: &Path, fill: impl FnOnce(&mut std::fs::File) -> Result<()>) -> Result<()> {
    let failed = || Error::io("cannot write", path);
    let mut file = temporary(path).map_err(failed())?;
    fill(file.as_file_mut())?;
    file.as_file().sync_all().map_err(failed())?;
    put_in_place(file, path).map_err(failed())
}

fn put_in_place(file: tempfile::NamedTempFile, path: &Path) -> std::io::Result<()> {
    file.persist(path).map_err(|e| e.error)?;
    sync_folder(folder_of(path))
}

/// Reads a text that a user names; a file that is larger than it can sensibly be, or has no end, is not read whole.
///
/// - `what`: what the file is for, e.g. `scene`
/// - `most`: bytes that are read at most
///
/// # Errors
/// [`Error::InputMissing`] if there is none, [`Error::BadInput`] if it is too large or not UTF-8, [`Error::Io`].
pub(crate) fn read_text(what: &'static str, path: &Path, most: u64) -> Result<String> {
    let file = std::fs::File::open(path).map_err(|e| match e.kind() {
        std::io::ErrorKind::NotFound => Error::InputMissing { what, path: path.to_owned() },
        _ => Error::io("cannot read", path)(e),
    })?;
    let mut bytes = Vec::new();
    file.take(most + 1).read_to_end(&mut bytes).map_err(Error::io("cannot read", path))?;
    let bad = |problem| Error::BadInput { path: path.to_owned(), problem };
    if bytes.len() as u64 > most {
        return Err(bad(format!("more than {most} bytes; a {what} is smaller")));
    }
    String::from_utf8(bytes)
        .map_err(|e| bad(format!("byte {} is not UTF-8; save the {what} as UTF-8 text", e.utf8_error().valid_up_to())))
}

/// Names of temporary files begin with this; what a killed process left of them is removed by the next one.
const TEMPORARY: &str = ".new-";

/// `bytes` in a temporary file beside `path`, on disk and ready to be renamed to it.
pub(crate) fn staged(path: &Path, bytes: &[u8]) -> std::io::Result<tempfile::NamedTempFile> {
    let mut file = temporary(path)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    Ok(file)
}

/// An empty temporary file beside `path`.
fn temporary(path: &Path) -> std::io::Result<tempfile::NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(TEMPORARY);
    // Temporary files are private by default; results are for everyone the umask allows.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    builder.tempfile_in(folder_of(path))
}

/// Brings the names in a folder to disk. Only Unix lets a folder be opened and synced.
pub(crate) fn sync_folder(folder: &Path) -> std::io::Result<()> {
    if cfg!(unix) { std::fs::File::open(folder)?.sync_all() } else { Ok(()) }
}

/// Removes the temporary files that a killed process left in a folder.
///
/// # Errors
/// [`Error::Io`] if one cannot be removed.
pub(crate) fn sweep(folder: &Path) -> Result<()> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Ok(()) };
    for entry in entries.flatten().filter(|e| e.file_name().to_string_lossy().starts_with(TEMPORARY)) {
        std::fs::remove_file(entry.path()).map_err(Error::io("cannot remove", entry.path()))?;
    }
    Ok(())
}

fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

/// A table in memory, written whole.
pub struct Table {
    writer: csv::Writer<Vec<u8>>,
}

impl Table {
    /// A table with these columns.
    pub fn new<S: AsRef<str>>(columns: impl IntoIterator<Item = S>) -> Table {
        let mut table = Table { writer: csv::Writer::from_writer(Vec::new()) };
        table.row(columns);
        table
    }

    /// Adds a row; its length must be that of the header.
    pub fn row<S: AsRef<str>>(&mut self, cells: impl IntoIterator<Item = S>) {
        let cells: Vec<S> = cells.into_iter().collect();
        let written = self.writer.write_record(cells.iter().map(|c| c.as_ref().as_bytes()));
        assert!(written.is_ok(), "every row of a table has as many cells as its header");
    }

    /// Writes the table to `path`.
    ///
    /// # Errors
    /// [`Error::Io`] with the path.
    pub fn write(self, path: &Path) -> Result<()> {
        let bytes = self.writer.into_inner().map_err(|e| Error::io("cannot write", path)(e.into_error()))?;
        write_whole(path, &bytes)
    }
}

/// A number as tables hold it: the shortest text that reads back to the same bits; empty if it is not finite.
pub fn cell(value: f64) -> String {
    if value.is_finite() { format!("{value:?}") } else { String::new() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_back_to_the_same_bits_and_nan_is_empty() {
        for x in [0.1, -1.0 / 3.0, 6.02e23, 5e-324] {
            assert_eq!(cell(x).parse::<f64>().map(f64::to_bits), Ok(x.to_bits()));
        }
        assert_eq!(cell(f64::NAN), "");
    }

    #[test]
    fn nothing_temporary_stays_behind() -> Result<()> {
        let folder = tempfile::tempdir().map_err(Error::io("cannot create", "temporary folder"))?;
        let mut table = Table::new(["a", "b"]);
        table.row(["1", "2"]);
        let path = folder.path().join("table.csv");
        table.write(&path)?;
        assert_eq!(std::fs::read_to_string(&path).map_err(Error::io("cannot read", &path))?, "a,b\n1,2\n");
        assert_eq!(std::fs::read_dir(folder.path()).map_err(Error::io("cannot read", &path))?.count(), 1);
        Ok(())
    }
}
