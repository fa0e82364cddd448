//! Runs: a directory from its first cycle to its last, checkpoints, records and tables, and what a run will take.

pub(crate) mod archive;
pub mod checkpoint;
pub(crate) mod combined;
pub mod directory;
pub mod forecast;
pub mod options;
pub mod record;
pub mod resume;
mod session;
pub mod start;
pub mod tables;

pub use options::{Ended, Limits, Progress, ResumeOptions, RunOptions, RunOutcome};
pub use record::{RunRecord, RunStatus, StoppingStatus};
pub use resume::resume;
pub use session::push_samples;
pub use start::run;
