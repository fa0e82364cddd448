//! The one error type of the library.

use std::path::PathBuf;

/// What can go wrong, each with the user's own value and a remedy in its message.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The scene is not acceptable; carries where and why.
    #[error(transparent)]
    Scene(#[from] Box<crate::input::scene::SceneError>),
    /// A file that the user named does not exist.
    #[error("cannot find {what} {}; check the path", path.display())]
    InputMissing {
        /// What the file is for, e.g. `scene`.
        what: &'static str,
        /// The path as given.
        path: PathBuf,
    },
    /// What the user asked for is not in the files; the message holds the remedy.
    #[error("{0}")]
    Missing(String),
    /// A file exists but does not say what it should.
    #[error("{}: {problem}", path.display())]
    BadInput {
        /// The offending file.
        path: PathBuf,
        /// What is wrong and what to do.
        problem: String,
    },
    /// A value that the user gave is not acceptable; the message holds it and the remedy.
    #[error("{0}")]
    Refused(String),
    /// The device asked for does not exist or was refused.
    #[error("{0}")]
    Device(String),
    /// A force field could not say the energy of a configuration.
    #[error("{0}")]
    ForceField(String),
    /// A replica left the domain of the model: overlap, not a finite number, outside its cell.
    #[error("replica {replica} in cycle {cycle}: {problem}")]
    ReplicaFault {
        /// Global replica index.
        replica: usize,
        /// Cycle, counted from the start of the run (equilibration included).
        cycle: u64,
        /// What happened and what to do.
        problem: String,
    },
    /// The estimators could not be evaluated.
    #[error("{0}")]
    Analysis(String),
    /// Reading or writing failed.
    #[error("{what} {}: {source}", path.display())]
    Io {
        /// What was being done, e.g. `cannot write`.
        what: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The operating system's word.
        source: std::io::Error,
    },
    /// The run ended short of the error that its scene wants; its results are on disk.
    #[error("{0}")]
    Short(String),
    /// The user asked to stop; what was sampled so far is on disk.
    #[error("{0}")]
    Interrupted(String),
}

/// Result with [`enum@Error`].
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// The same trouble as that of one replica, of which [`Error::in_cycle`] says when.
    pub(crate) fn of_replica(self, replica: crate::base::ids::ReplicaId) -> Error {
        match self {
            Error::ForceField(problem) => Error::ReplicaFault { replica: replica.index(), cycle: 0, problem },
            other => other,
        }
    }

    /// The same trouble, if it is that of a replica, in the cycle that was being made.
    pub(crate) fn in_cycle(self, now: u64) -> Error {
        match self {
            Error::ReplicaFault { replica, problem, .. } => Error::ReplicaFault { replica, cycle: now, problem },
            other => other,
        }
    }

    /// The exit code of the command line for this error.
    ///
    /// 3 short of the wanted error, 65 bad scene or file, 66 input missing, 69 no such device, 70 internal, 74 I/O, 75 interrupted.
    pub fn exit_code(&self) -> u8 {
        match self {
            Error::Scene(_) | Error::BadInput { .. } | Error::Refused(_) => 65,
            Error::InputMissing { .. } | Error::Missing(_) => 66,
            Error::Device(_) => 69,
            Error::ForceField(_) | Error::ReplicaFault { .. } | Error::Analysis(_) => 70,
            Error::Io { .. } => 74,
            Error::Short(_) => 3,
            Error::Interrupted(_) => 75,
        }
    }

    /// Wraps an operating-system error with the action and the path.
    pub fn io(what: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Error {
        let path = path.into();
        move |source| Error::Io { what, path, source }
    }
}
