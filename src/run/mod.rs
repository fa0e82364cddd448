//! Runs: a directory from its first cycle to its last, checkpoints, records and tables, and what a run will take.

mod agreement;
pub(crate) mod archive;
pub mod checkpoint;
pub(crate) mod combined;
mod companions;
pub mod directory;
pub(crate) mod donors;
pub(crate) mod family;
pub mod forecast;
pub mod options;
pub mod record;
pub mod resume;
mod session;
pub mod start;
pub mod tables;
mod writers;

#[cfg(feature = "mpi")]
pub(crate) use companions::cores;
pub(crate) use companions::node;
pub use options::{Ended, Limits, Progress, ResumeOptions, RunOptions, RunOutcome};
pub use record::{RanksRecord, RunRecord, RunStatus, StoppingStatus, VerdictRecord};
pub use resume::{resume, resume_on};
pub use start::{run, run_on};
pub use writers::push_samples;
