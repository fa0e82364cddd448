//! The engine: cycles over a list of states with a neighbour graph, and what a run leaves behind.

pub mod checkpoint;
pub mod directory;
pub mod forecast;
pub mod resume;
mod session;
pub mod start;
pub mod tables;

pub use resume::{ResumeOptions, resume};
pub use session::push_samples;
pub use start::{Limits, Progress, RunOptions, RunOutcome, RunRecord, StoppingStatus, run};
