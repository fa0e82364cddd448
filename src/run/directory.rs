//! The directory of a run: made whole, never overwritten by accident, held by one process.

use crate::base::clock::utc;
use crate::base::error::{Error, Result};
use crate::io::atomic::{sweep, write_whole};
use std::fs::{File, OpenOptions, TryLockError};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// A run directory with its lock.
#[derive(Debug)]
pub struct RunDirectory {
    path: PathBuf,
    /// None where another rank holds it, which also writes the log.
    lock: Option<File>,
}

impl RunDirectory {
    /// Makes `target` with `files` (name, content) in it, by one rename.
    ///
    /// - `force`: replace an earlier run directory of that name; anything else is never replaced
    ///
    /// # Errors
    /// [`Error::AlreadyExists`] if it does (without `force`) or is not a run directory, [`Error::InUse`] if another process
    /// holds it, [`Error::Io`] if it cannot be written.
    pub fn create(target: &Path, force: bool, files: &[(&str, &[u8])]) -> Result<RunDirectory> {
        if target.exists() {
            if !force {
                return Err(exists(target, "exists; choose another -o DIR, or give --force to replace that run"));
            }
            if !target.join("resolved.ron").is_file() {
                return Err(exists(target, "is not a run directory, so --force does not replace it; choose another"));
            }
            // A run in progress keeps its directory.
            lock(target)?;
        }
        let parent = match target.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        std::fs::create_dir_all(parent).map_err(Error::io("cannot create", parent))?;
        let staging = tempfile::Builder::new()
            .prefix(".adlayer-")
            .tempdir_in(parent)
            .map_err(Error::io("cannot create in", parent))?;
        #[cfg(unix)]
        open_to_all(staging.path())?;
        for (name, content) in files {
            write_whole(&staging.path().join(name), content)?;
        }
        let lock = lock(staging.path())?;
        if target.exists() {
            let old = tempfile::Builder::new().prefix(".adlayer-old-").tempdir_in(parent);
            let old = old.map_err(Error::io("cannot create in", parent))?;
            std::fs::rename(target, old.path().join("run")).map_err(Error::io("cannot replace", target))?;
        }
        std::fs::rename(staging.path(), target).map_err(Error::io("cannot create", target))?;
        // The folder has its final name: nothing is left to clean up.
        let _ = staging.keep();
        Ok(RunDirectory { path: target.to_owned(), lock: Some(lock) })
    }

    /// Opens and locks an existing run directory, and removes temporary files that a killed process left in it.
    ///
    /// # Errors
    /// [`Error::InputMissing`] if there is none, [`Error::InUse`] if another process holds it.
    pub fn open(path: &Path) -> Result<RunDirectory> {
        refuse_file(path)?;
        if !path.join("resolved.ron").is_file() {
            return Err(Error::InputMissing { what: "run directory (with its resolved.ron)", path: path.to_owned() });
        }
        let lock = lock(path)?;
        sweep(path)?;
        sweep(&path.join("samples"))?;
        sweep(&path.join("transitions"))?;
        sweep(&path.join("shards"))?;
        Ok(RunDirectory { path: path.to_owned(), lock: Some(lock) })
    }

    /// A directory that the first rank has made or opened, and holds.
    pub fn of_first_rank(path: &Path) -> RunDirectory {
        RunDirectory { path: path.to_owned(), lock: None }
    }

    /// Adds a line to `run.log`, with its date and time (UTC) before it.
    ///
    /// # Errors
    /// [`Error::Io`] if it cannot be written.
    pub fn log(&self, line: &str) -> Result<()> {
        if self.lock.is_none() {
            return Ok(());
        }
        let path = self.path.join("run.log");
        let mut file =
            OpenOptions::new().create(true).append(true).open(&path).map_err(Error::io("cannot open", &path))?;
        writeln!(file, "{} {line}", utc(SystemTime::now())).map_err(Error::io("cannot write", &path))
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// `runs/<stem>`, or the first of `runs/<stem>-2`, `-3`, … that does not exist.
pub fn default_directory(stem: &str) -> PathBuf {
    let candidate = |k: u32| match k {
        1 => Path::new("runs").join(stem),
        _ => Path::new("runs").join(format!("{stem}-{k}")),
    };
    (1..).map(candidate).find(|path| !path.exists()).unwrap_or_else(|| candidate(1))
}

fn exists(path: &Path, problem: &'static str) -> Error {
    Error::AlreadyExists { action: "create", path: path.to_owned(), problem }
}

/// Takes the operating system's lock of a run directory; it is released with the process.
fn lock(directory: &Path) -> Result<File> {
    let path = directory.join("lock");
    // not truncated: a directory that is only looked at stays as it is
    let file = OpenOptions::new().create(true).write(true).truncate(false).open(&path);
    let file = file.map_err(Error::io("cannot open", &path))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(Error::InUse { path: directory.to_owned() }),
        Err(TryLockError::Error(source)) => Err(Error::Io { what: "cannot lock", path, source }),
    }
}

/// A temporary folder is private; a run directory is as open as the umask of a plain `mkdir` would leave it.
#[cfg(unix)]
fn open_to_all(folder: &Path) -> Result<()> {
    let probe = folder.join("probe");
    std::fs::create_dir(&probe).map_err(Error::io("cannot create", &probe))?;
    let mode = std::fs::metadata(&probe).map_err(Error::io("cannot read", &probe))?.permissions();
    std::fs::remove_dir(&probe).map_err(Error::io("cannot remove", &probe))?;
    std::fs::set_permissions(folder, mode).map_err(Error::io("cannot open up", folder))
}

/// Refuses a file, such as a scene, where the directory of a run is wanted.
///
/// # Errors
/// [`Error::BadInput`] with what to name instead.
pub(crate) fn refuse_file(path: &Path) -> Result<()> {
    if !path.is_file() {
        return Ok(());
    }
    let problem =
        format!("it is a file; name the directory of a run (a scene is run by: adlayer run {})", path.display());
    Err(Error::BadInput { path: path.to_owned(), problem })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder() -> tempfile::TempDir {
        tempfile::tempdir().unwrap_or_else(|e| panic!("no temporary folder: {e}"))
    }

    #[test]
    fn a_run_is_replaced_only_by_force_and_only_if_it_is_a_run() {
        let parent = folder();
        let target = parent.path().join("run");
        let files: &[(&str, &[u8])] = &[("resolved.ron", b"a")];
        drop(RunDirectory::create(&target, false, files));
        assert!(RunDirectory::create(&target, false, files).is_err());
        let again = RunDirectory::create(&target, true, &[("resolved.ron", b"b")]);
        assert!(again.is_ok());
        assert_eq!(std::fs::read(target.join("resolved.ron")).ok(), Some(b"b".to_vec()));
        let other = parent.path().join("other");
        assert!(std::fs::create_dir(&other).is_ok());
        assert!(RunDirectory::create(&other, true, files).is_err());
        // only the run and the other folder are left
        assert_eq!(std::fs::read_dir(parent.path()).map(Iterator::count).ok(), Some(2));
    }

    #[test]
    fn a_run_in_use_is_not_replaced() {
        let parent = folder();
        let target = parent.path().join("run");
        let held = RunDirectory::create(&target, false, &[("resolved.ron", b"a")]);
        assert!(held.is_ok());
        assert!(RunDirectory::create(&target, true, &[("resolved.ron", b"b")]).is_err());
        assert!(RunDirectory::open(&target).is_err());
        drop(held);
        assert!(RunDirectory::open(&target).is_ok());
    }
}
