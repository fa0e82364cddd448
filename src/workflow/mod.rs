//! The verbs of the program, one file or folder each.

pub mod aiat;
pub mod analyze;
pub mod bench;
mod combine;
pub mod driver;
pub mod export;
pub mod extend;
mod refine;
pub mod stopping;
mod time_step;
pub mod verify;
pub mod watch;
