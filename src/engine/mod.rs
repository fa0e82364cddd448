//! The engine: cycles over a list of states with a neighbour graph, and what a run leaves behind.

pub mod initial;
pub mod ledger;
pub mod moments;
pub mod run;
pub mod sampler;
pub mod tables;

pub use run::{Progress, RunOptions, RunOutcome, RunRecord, push_samples, run};
pub use sampler::{CyclePlan, Sampler};
