//! Writing files so that a reader never sees half of one.

use crate::base::error::{Error, Result};
use std::io::Write;
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_temporary_stays_behind() -> Result<()> {
        let folder = tempfile::tempdir().map_err(Error::io("cannot create", "temporary folder"))?;
        let path = folder.path().join("table.csv");
        write_whole(&path, b"a,b\n1,2\n")?;
        assert_eq!(std::fs::read_to_string(&path).map_err(Error::io("cannot read", &path))?, "a,b\n1,2\n");
        assert_eq!(std::fs::read_dir(folder.path()).map_err(Error::io("cannot read", &path))?.count(), 1);
        Ok(())
    }
}
