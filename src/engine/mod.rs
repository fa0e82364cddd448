//! The engine: cycles over a list of states with a neighbour graph, and what a run leaves behind.

pub mod moments;
pub mod sampler;

pub use sampler::{CyclePlan, Sampler};
