//! The error type of the library: one enum, whose variants say what happened.

use crate::base::diagnostic::SceneError;
use std::path::PathBuf;

/// What can go wrong, with the user's own value and a remedy in each message.
///
/// Faults of devices and of estimators have enums of their own: [`DeviceError`], [`AnalysisError`].
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A scene or another input is not acceptable; carries where and why.
    #[error(transparent)]
    Scene(#[from] Box<SceneError>),
    /// A file that the user named does not exist.
    #[error("cannot find {what} {}; check the path", path.display())]
    InputMissing {
        /// What the file is for, e.g. `scene`.
        what: &'static str,
        /// The path as given.
        path: PathBuf,
    },
    /// A run directory is whole but holds nothing of what was asked for.
    #[error("{}: {found}; {remedy}", path.display())]
    NothingStored {
        /// The run directory, or the folder in it.
        path: PathBuf,
        /// What it holds instead.
        found: String,
        /// How to come by what was asked for.
        remedy: String,
    },
    /// A file exists but does not say what it should.
    #[error("{}: {problem}", path.display())]
    BadInput {
        /// The offending file.
        path: PathBuf,
        /// What is wrong and what to do.
        problem: String,
    },
    /// A Parquet file of a run cannot be decoded.
    #[error("{}: not a readable {what} ({source}); restore the file or repeat the run", path.display())]
    ParquetDamaged {
        /// What the file holds, e.g. `part of the samples`.
        what: String,
        /// The file.
        path: PathBuf,
        /// What the decoder found.
        source: parquet::errors::ParquetError,
    },
    /// A CSV table of a run cannot be read back.
    #[error("{}: {source}; run the scene again", path.display())]
    TableDamaged {
        /// The file.
        path: PathBuf,
        /// What the reader found.
        source: csv::Error,
    },
    /// `run.json` is no record of a run.
    #[error("{}: not a record of a run: {source}; restore it, or run the scene again", path.display())]
    RecordDamaged {
        /// The file.
        path: PathBuf,
        /// What the parser found.
        source: serde_json::Error,
    },
    /// A value that the user gave on the command line or to a function is not acceptable.
    #[error("{problem}; {remedy}")]
    Argument {
        /// What is wrong, with the value.
        problem: String,
        /// What to give instead.
        remedy: String,
    },
    /// A quantity that must be above 0 is not.
    #[error("{quantity} {value} {unit} is not above 0; give a number above 0")]
    NotPositive {
        /// Its name, e.g. `temperature`.
        quantity: &'static str,
        /// As given.
        value: f64,
        /// Its unit.
        unit: &'static str,
    },
    /// A temperature lies outside the thermochemical table of a gas.
    #[error(
        "{temperature} K is outside the table of `{table}`, which goes from {lowest} to {highest} K; stay inside it, or \
         take a gas with spectroscopic constants"
    )]
    OutsideTable {
        /// Name of the table.
        table: String,
        /// As given \[K\].
        temperature: f64,
        /// Lower end of the table \[K\].
        lowest: f64,
        /// Upper end of the table \[K\].
        highest: f64,
    },
    /// A file or folder that was to be made is there already and is not overwritten.
    #[error("cannot {action} {}: it {problem}", path.display())]
    AlreadyExists {
        /// `write` a file, `create` a folder.
        action: &'static str,
        /// The path as given.
        path: PathBuf,
        /// Why it stays as it is, and the remedy.
        problem: &'static str,
    },
    /// Another process holds the lock of a run directory.
    #[error("cannot use {}: another adlayer process is using it; wait for its end, or take another directory", path.display())]
    InUse {
        /// The run directory.
        path: PathBuf,
    },
    /// The device asked for cannot sample, or not this system.
    #[error(transparent)]
    Device(#[from] DeviceError),
    /// A force field could not say the energy of a configuration.
    #[error("{0}")]
    ForceField(String),
    /// A client that computes forces failed, or cannot be reached.
    #[error("{}{problem}", replica.map_or_else(String::new, |r| format!("replica {r}: ")))]
    Client {
        /// Global index of the replica that asked, if one did.
        replica: Option<usize>,
        /// What happened, with the client's last words.
        problem: String,
        /// Extended XYZ of what it was asked about.
        atoms: Option<String>,
    },
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
    /// A run needs more space than its disk has.
    #[error(
        "the run needs {needed} of disk, and {free} are free where {} is; choose another disk with -o, lower \
         `max_samples_per_state`, or raise `sample_every`", path.display()
    )]
    DiskFull {
        /// What it needs, with its unit.
        needed: String,
        /// What there is, with its unit.
        free: String,
        /// The directory of the run, which need not exist.
        path: PathBuf,
    },
    /// An estimator could not be evaluated.
    #[error(transparent)]
    Analysis(#[from] AnalysisError),
    /// A saved state of a sampler does not fit the scene that it is restored with.
    #[error("the checkpoint does not fit its scene: {problem}")]
    CheckpointMisfit {
        /// What does not fit.
        problem: String,
    },
    /// Checks of `verify` failed.
    #[error("verify failed on {device}: {checks}; do not trust runs on this device (see `adlayer doctor`)")]
    VerificationFailed {
        /// The device.
        device: String,
        /// Names of the checks, separated by commas.
        checks: String,
    },
    /// A second process, which `verify` starts and kills, failed by itself.
    #[error("the program that verify started failed: {stderr}")]
    ChildFailed {
        /// What it wrote to stderr.
        stderr: String,
    },
    /// Another rank of the run has ended, or died.
    #[error(
        "another rank has ended before the run was over; what it said is told above; go on with: adlayer resume DIR"
    )]
    RankLost,
    /// Another rank of the run cannot do what this one can.
    #[error("rank {rank}: {problem}")]
    OtherRank {
        /// Its number.
        rank: usize,
        /// Its error, with the remedy.
        problem: String,
    },
    /// An error that another rank has told.
    #[error("another rank has told why")]
    ToldElsewhere,
    /// A pool of threads could not be started.
    #[error("no pool of {threads} threads: {source}")]
    Threads {
        /// Threads asked for.
        threads: usize,
        /// The reason.
        source: rayon::ThreadPoolBuildError,
    },
    /// The handlers of SIGINT, SIGTERM, SIGHUP and SIGUSR1 could not be installed.
    #[error("cannot watch for signals: {source}")]
    Signals {
        /// The operating system's word.
        source: std::io::Error,
    },
    /// A value could not be written as JSON.
    #[error("{what} cannot be written as JSON: {source}")]
    Json {
        /// What was to be written, e.g. `run.json`.
        what: &'static str,
        /// The serializer's word.
        source: serde_json::Error,
    },
    /// A picture could not be drawn.
    #[error("cannot draw a PNG: {problem}")]
    Drawing {
        /// The renderer's word.
        problem: String,
    },
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
    /// A Parquet file could not be encoded.
    #[error("cannot write {}: {source}", path.display())]
    ParquetEncoding {
        /// The file.
        path: PathBuf,
        /// The encoder's word.
        source: parquet::errors::ParquetError,
    },
    /// A zip archive of arrays could not be written.
    #[error("cannot write {}: {source}", path.display())]
    Archive {
        /// The file.
        path: PathBuf,
        /// The archiver's word.
        source: zip::result::ZipError,
    },
}

/// Why a device cannot sample, or not this system.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DeviceError {
    /// No device has the name that was given.
    #[error("no device `{name}`; {remedy}")]
    Unknown {
        /// As given.
        name: String,
        /// What to give.
        remedy: String,
    },
    /// No GPU adapter is what was asked for.
    #[error("no {wanted}; {remedy}")]
    NoAdapter {
        /// What was asked for, and what there is.
        wanted: String,
        /// What to do.
        remedy: &'static str,
    },
    /// A GPU was asked for, and the program was built without.
    #[error("this adlayer was built without GPUs; use --device cpu, or build it with --features gpu")]
    NotBuilt,
    /// A variable of the environment has no value that it may have.
    #[error("{name} = `{value}`; it is {allowed}, or not set")]
    Setting {
        /// Its name.
        name: &'static str,
        /// As given.
        value: String,
        /// The values that are allowed.
        allowed: &'static str,
    },
    /// Every adapter that fits was refused.
    #[error("{}", refusals.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    AllRefused {
        /// The reason of each.
        refusals: Vec<Error>,
    },
    /// An adapter lacks what the kernels need, or does not open.
    #[error("adapter `{adapter}` was refused: {reason}")]
    Refused {
        /// Its name.
        adapter: String,
        /// What it lacks.
        reason: String,
    },
    /// An adapter failed its self-test.
    #[error("adapter `{adapter}` was refused: self-test: {source}")]
    SelfTest {
        /// Its name.
        adapter: String,
        /// What it got wrong.
        source: Box<Error>,
    },
    /// An adapter computes wrongly.
    #[error("{what}")]
    WrongAnswer {
        /// Its answer beside the known one.
        what: String,
    },
    /// The scene is larger than the device or its kernels allow.
    #[error("{problem}; {remedy}")]
    TooLarge {
        /// Which size exceeds which limit.
        problem: String,
        /// What to do.
        remedy: &'static str,
    },
    /// The device sums pairs and fields itself, and the scene has other forces.
    #[error("{device} moves atoms by pairs and fields only, not by {force_field}; take --device reference")]
    NotPairwise {
        /// As given.
        device: String,
        /// What computes the forces.
        force_field: String,
    },
    /// The driver of a GPU reported a failure, or stopped answering.
    #[error("GPU `{device}`: {problem}")]
    Failed {
        /// Its name.
        device: String,
        /// The driver's word.
        problem: String,
    },
    /// The device of a checkpoint cannot be opened here.
    #[error(
        "{source} (the run was sampled on {device}; to go on elsewhere give --device and --allow-different-device)"
    )]
    NotHere {
        /// The device of the checkpoint.
        device: String,
        /// Why it cannot be opened.
        source: Box<DeviceError>,
    },
    /// A checkpoint is of another build or device.
    #[error(
        "{}: its checkpoint is not of this build and device ({differences}); go on with the same, or give \
         --allow-different-device: the run stays valid, but its bits differ from an uninterrupted one",
        path.display()
    )]
    OtherThanCheckpoint {
        /// The run directory.
        path: PathBuf,
        /// What differs.
        differences: String,
    },
}

/// Why an estimator could not be evaluated.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AnalysisError {
    /// The grid is empty.
    #[error("the grid has no states to analyse; give it at least one temperature and one value of every reservoir")]
    NoStates,
    /// No state has a sample.
    #[error("the run has no stored samples; lengthen production or lower sample_every")]
    NoSamples,
    /// A matrix of reduced potentials has another shape than its sample counts say.
    #[error("u_kn has {entries} entries and n_k sums to {samples} over {states} states; u_kn must be states × samples")]
    ShapeOfUkn {
        /// Entries of `u_kn`.
        entries: usize,
        /// Sum of `n_k`.
        samples: u64,
        /// Length of `n_k`.
        states: usize,
    },
    /// A matrix of reduced potentials has no columns.
    #[error("u_kn holds no samples; sample at least one state")]
    EmptyUkn,
    /// Samples count other species than the grid has reservoirs.
    #[error(
        "the samples count {counted} species and the grid has {reservoirs} reservoirs; analyse a run with its own scene"
    )]
    OtherSpecies {
        /// Species that the samples count.
        counted: usize,
        /// Reservoirs of the grid.
        reservoirs: usize,
    },
    /// A sample names a state that the grid does not have.
    #[error("a sample was taken in state {state} and the grid has {states}; analyse a run with its own scene")]
    OtherGrid {
        /// The state of the sample.
        state: u32,
        /// States of the grid.
        states: usize,
    },
    /// A sampled energy is not a finite number.
    #[error("the energy of sample {sample} is {energy}; the run is damaged")]
    EnergyNotFinite {
        /// Index of the sample.
        sample: usize,
        /// Its energy.
        energy: f64,
    },
    /// The MBAR equations are not finite.
    #[error("the MBAR equations are not finite: a sampled energy or an activity is not a number")]
    EquationsNotFinite,
    /// The MBAR equations did not converge.
    #[error(
        "MBAR did not converge: the free energy of state {state} still changes by {change:.1e} kT after {iterations} \
         iterations, wanted {wanted:.1e}; sample longer, or place states between it and its neighbours"
    )]
    NotConverged {
        /// Largest change of a free energy by a Newton or a self-consistent step \[kT\].
        change: f64,
        /// The state that it belongs to.
        state: usize,
        /// Iterations made.
        iterations: usize,
        /// Change that was wanted.
        wanted: f64,
    },
    /// MBAR converged in too few resamples of a bootstrap.
    #[error(
        "MBAR converged in only {converged} of {resamples} bootstrap resamples; the states overlap too little: place \
         them closer or sample longer"
    )]
    FewResamples {
        /// Resamples that converged.
        converged: usize,
        /// Resamples tried.
        resamples: usize,
    },
    /// An eigenvalue solver failed.
    #[error("the eigenvalues of {matrix} were not found ({reason}); are its entries finite?")]
    Eigenvalues {
        /// Which matrix, e.g. `the overlap matrix`.
        matrix: String,
        /// The solver's word.
        reason: String,
    },
    /// A map has another number of cells than its axes make.
    #[error("the {what} has {cells} cells where its axes make {expected}")]
    ShapeOfMap {
        /// Which map.
        what: &'static str,
        /// Cells that it has.
        cells: usize,
        /// Product of the lengths of its axes.
        expected: usize,
    },
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

    /// Wraps an operating-system error with the action and the path.
    pub fn io(what: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Error {
        let path = path.into();
        move |source| Error::Io { what, path, source }
    }

    /// Names a value that is not acceptable, and what to give instead.
    pub(crate) fn argument(problem: impl Into<String>, remedy: impl Into<String>) -> Error {
        Error::Argument { problem: problem.into(), remedy: remedy.into() }
    }
}

impl AnalysisError {
    /// Names the matrix whose eigenvalues a solver did not find.
    pub(crate) fn eigenvalues(matrix: impl Into<String>, reason: &impl std::fmt::Debug) -> AnalysisError {
        AnalysisError::Eigenvalues { matrix: matrix.into(), reason: format!("{reason:?}") }
    }
}
