//! The directory of a run: made whole, never overwritten by accident, held by one process.

use crate::base::clock::utc;
use crate::base::error::{Error, Result};
use crate::io::atomic::{sweep, write_whole};
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

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
    /// - `force`: replace an earlier run directory of that name; but for an empty folder, anything else is never replaced
    ///
    /// # Errors
    /// [`Error::AlreadyExists`] if it does (without `force`) or is not a run directory, [`Error::InUse`] if another process
    /// holds it, [`Error::Io`] if it cannot be written.
    pub fn create(target: &Path, force: bool, files: &[(&str, &[u8])]) -> Result<RunDirectory> {
        // A link stays, and what it points to is replaced; behind `link/` the link is not seen, nor can that be renamed.
        let named = target;
        let target = &target.components().collect::<PathBuf>();
        let pointed_at;
        let target = match target.symlink_metadata() {
            Ok(found) if found.is_symlink() => {
                pointed_at = target.canonicalize().map_err(|_| exists(target, NOWHERE))?;
                &pointed_at
            }
            _ => target,
        };
        let taken = target.exists() && !is_empty(target);
        if taken {
            if !force {
                return Err(exists(target, TAKEN));
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
        if taken {
            let old = tempfile::Builder::new().prefix(".adlayer-old-").tempdir_in(parent);
            let old = old.map_err(Error::io("cannot create in", parent))?;
            std::fs::rename(target, old.path().join("run")).map_err(Error::io("cannot replace", target))?;
        }
        // Only Unix renames over an empty folder.
        #[cfg(not(unix))]
        let _ = std::fs::remove_dir(target);
        std::fs::rename(staging.path(), target).map_err(|e| match e.kind() {
            // another process was faster
            ErrorKind::DirectoryNotEmpty | ErrorKind::AlreadyExists => exists(target, TAKEN),
            _ => Error::io("cannot create", target)(e),
        })?;
        // The folder has its final name: nothing is left to clean up.
        let _ = staging.keep();
        Ok(RunDirectory { path: named.to_owned(), lock: Some(lock) })
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
    let free = names(Path::new("runs"), stem).find(|path| !path.exists());
    free.unwrap_or_else(|| Path::new("runs").join(stem))
}

/// `<stem>`, `<stem>-2`, `<stem>-3`, … in a folder.
fn names(folder: &Path, stem: &str) -> impl Iterator<Item = PathBuf> {
    let first = folder.join(stem);
    std::iter::once(first.clone()).chain((2..u32::MAX).map(move |k| {
        let mut name = first.clone().into_os_string();
        name.push(format!("-{k}"));
        PathBuf::from(name)
    }))
}

/// The name of a run that is about to begin, which no other process takes: an empty folder, removed with this unless the run has
/// come to stand there.
#[derive(Debug)]
pub(crate) struct ReservedName {
    path: PathBuf,
    /// The folder around it, where it was made for it.
    around: Option<PathBuf>,
}

impl ReservedName {
    /// The first of `<stem>`, `<stem>-2`, `<stem>-3`, … in `folder` that nobody has.
    ///
    /// # Errors
    /// [`Error::Io`] if no folder can be made there.
    pub(crate) fn first_free(folder: &Path, stem: &str) -> Result<ReservedName> {
        let around = (!folder.exists()).then(|| folder.to_owned());
        for path in names(folder, stem) {
            match make(&path, folder) {
                Ok(()) => return Ok(ReservedName { path, around }),
                Err(e) if e.kind() == ErrorKind::AlreadyExists => {}
                Err(e) => return Err(Error::io("cannot create", path)(e)),
            }
        }
        Err(exists(&folder.join(stem), TAKEN))
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for ReservedName {
    fn drop(&mut self) {
        // A folder that is not empty stays.
        let _ = std::fs::remove_dir(&self.path);
        if let Some(around) = &self.around {
            let _ = std::fs::remove_dir(around);
        }
    }
}

/// Makes a folder in `around`, which another process may take away with it while it is empty.
fn make(path: &Path, around: &Path) -> std::io::Result<()> {
    const TIMES: u32 = 100;
    for _ in 0..TIMES {
        match std::fs::create_dir(path) {
            Err(e) if e.kind() == ErrorKind::NotFound => std::fs::create_dir_all(around)?,
            other => return other,
        }
    }
    std::fs::create_dir(path)
}

/// What is said of a run that is there.
const TAKEN: &str = "exists; choose another -o DIR, or give --force to replace that run";

/// What is said of a link that points to nothing.
const NOWHERE: &str = "is a link to something that does not exist; make what it points to, or remove it";

/// Whether a path is a folder without anything in it.
fn is_empty(path: &Path) -> bool {
    std::fs::read_dir(path).is_ok_and(|mut entries| entries.next().is_none())
}

fn exists(path: &Path, problem: &'static str) -> Error {
    Error::AlreadyExists { action: "create", path: path.to_owned(), problem }
}

/// How often a lock is tried, and the time between two tries.
const LOOKS: u32 = 5;
const A_LOOK: Duration = Duration::from_millis(10);

/// Takes the operating system's lock of a run directory; it is released with the process.
fn lock(directory: &Path) -> Result<File> {
    let path = directory.join("lock");
    // not truncated: a directory that is only looked at stays as it is
    let file = OpenOptions::new().create(true).write(true).truncate(false).open(&path);
    let file = file.map_err(Error::io("cannot open", &path))?;
    for again in (0..LOOKS).rev() {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            // Whoever watches holds it for a moment.
            Err(TryLockError::WouldBlock) if again > 0 => std::thread::sleep(A_LOOK),
            Err(TryLockError::WouldBlock) => break,
            Err(TryLockError::Error(source)) => return Err(Error::Io { what: "cannot lock", path, source }),
        }
    }
    Err(Error::InUse { path: directory.to_owned() })
}

/// Whether a process of this machine, or of one whose file system shares locks with it, samples in a run directory; `None` where that
/// cannot be told.
pub(crate) fn is_held(directory: &Path) -> Option<bool> {
    match File::open(directory.join("lock")).ok()?.try_lock_shared() {
        Ok(()) => Some(false),
        Err(TryLockError::WouldBlock) => Some(true),
        Err(TryLockError::Error(_)) => None,
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
        assert!(std::fs::create_dir(&other).is_ok() && std::fs::write(other.join("own"), "x").is_ok());
        assert!(RunDirectory::create(&other, true, files).is_err());
        // only the run and the other folder are left
        assert_eq!(std::fs::read_dir(parent.path()).map(Iterator::count).ok(), Some(2));
    }

    #[cfg(unix)]
    #[test]
    fn a_link_stays_and_the_run_behind_it_is_replaced() {
        use std::os::unix::fs::symlink;
        let (parent, elsewhere) = (folder(), folder());
        let (link, behind) = (parent.path().join("link"), elsewhere.path().join("run"));
        assert!(symlink(&behind, &link).is_ok());
        let nowhere = RunDirectory::create(&link, true, &[]).map(|_| ()).map_err(|e| e.to_string());
        assert!(nowhere.as_ref().is_err_and(|e| e.contains("a link to something that does not exist")), "{nowhere:?}");
        drop(RunDirectory::create(&behind, false, &[("resolved.ron", b"a")]));
        assert!(RunDirectory::create(&link, false, &[]).is_err());
        let again = RunDirectory::create(&link, true, &[("resolved.ron", b"b")]);
        assert!(again.as_ref().is_ok_and(|run| run.path() == link), "{again:?}");
        assert!(link.is_symlink() && !behind.is_symlink());
        assert_eq!(std::fs::read(behind.join("resolved.ron")).ok(), Some(b"b".to_vec()));
        assert_eq!([&parent, &elsewhere].map(|f| std::fs::read_dir(f.path()).map(Iterator::count).ok()), [Some(1); 2]);
        // An empty folder behind a link is filled.
        let (empty, filled) = (elsewhere.path().join("empty"), parent.path().join("filled"));
        assert!(std::fs::create_dir(&empty).is_ok() && symlink(&empty, &filled).is_ok());
        assert!(RunDirectory::create(&filled, false, &[("resolved.ron", b"c")]).is_ok());
        assert!(filled.is_symlink() && empty.join("resolved.ron").is_file());
        drop(again);
        // A shell completes the name of a link to a folder with a slash.
        for (k, name) in ["link/", "filled/", "link/."].into_iter().enumerate() {
            let (named, content) = (parent.path().join(name), [b'd' + k as u8]);
            assert!(RunDirectory::create(&named, false, &[]).is_err_and(|e| e.to_string().contains("--force")));
            let again = RunDirectory::create(&named, true, &[("resolved.ron", &content)]);
            assert!(again.as_ref().is_ok_and(|run| run.path() == named), "{name}: {again:?}");
            assert!(link.is_symlink() && filled.is_symlink() && !behind.is_symlink() && !empty.is_symlink());
            assert_eq!(std::fs::read(named.join("resolved.ron")).ok(), Some(content.to_vec()), "{name}");
        }
        assert!(symlink(elsewhere.path().join("gone"), parent.path().join("dangling")).is_ok());
        let nowhere = RunDirectory::create(&parent.path().join("dangling/"), true, &[]).map(|_| ());
        assert!(nowhere.is_err_and(|e| e.to_string().contains("a link to something that does not exist")));
    }

    #[test]
    fn jobs_that_begin_at_once_have_a_name_each() {
        let parent = folder();
        let reserved = || ReservedName::first_free(parent.path(), "base.x").unwrap_or_else(|e| panic!("{e}"));
        let all = std::thread::scope(|scope| {
            let jobs: Vec<_> = (0..4).map(|_| scope.spawn(reserved)).collect();
            jobs.into_iter().map(|job| job.join().unwrap_or_else(|_| panic!("a job failed"))).collect::<Vec<_>>()
        });
        let mut found: Vec<_> = all.iter().map(|r| r.path().to_owned()).collect();
        found.sort();
        assert_eq!(found, ["base.x", "base.x-2", "base.x-3", "base.x-4"].map(|name| parent.path().join(name)));
        // The run takes its place; the others have left nothing.
        let run = RunDirectory::create(&found[2], false, &[("resolved.ron", b"a")]);
        assert!(run.is_ok(), "{run:?}");
        drop(all);
        let left: Vec<_> = found.iter().filter(|path| path.exists()).collect();
        assert_eq!(left, [&found[2]]);
        // Nothing is left of a run that was refused.
        let runs = parent.path().join("runs");
        let refused = ReservedName::first_free(&runs, "base").unwrap_or_else(|e| panic!("{e}"));
        assert!(refused.path().is_dir());
        drop(refused);
        assert!(!runs.exists());
        // Whoever is late is told so.
        assert!(matches!(RunDirectory::create(&found[2], false, &[("a", b"a")]), Err(Error::AlreadyExists { .. })));
    }

    #[test]
    fn a_run_in_use_is_not_replaced() {
        let parent = folder();
        let target = parent.path().join("run");
        let held = RunDirectory::create(&target, false, &[("resolved.ron", b"a")]);
        assert!(held.is_ok());
        assert!(RunDirectory::create(&target, true, &[("resolved.ron", b"b")]).is_err());
        assert!(RunDirectory::open(&target).is_err());
        assert_eq!(is_held(&target), Some(true));
        drop(held);
        assert_eq!(is_held(&target), Some(false));
        assert!(RunDirectory::open(&target).is_ok());
    }
}
