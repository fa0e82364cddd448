//! The engine: cycles over a list of states with a neighbour graph, and what a run leaves behind.

pub mod initial;
pub mod ledger;
pub mod moments;
pub mod resume;
pub mod run;
pub mod sampler;
mod session;
pub mod tables;

pub use resume::{ResumeOptions, resume};
pub use run::{Known, Limits, Progress, RunOptions, RunOutcome, RunRecord, run};
pub use sampler::{Cycle, CyclePlan, Sampler, SamplerState};
pub use session::push_samples;
