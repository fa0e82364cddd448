//! The verbs of the program, one file or folder each.

pub mod aiat;
pub mod analyze;
pub mod bench;
pub mod export;
pub mod extend;
pub mod stopping;
pub mod verify;
pub mod watch;
