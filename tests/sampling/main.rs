//! The ensemble with exchange on: exact systems in every state of a grid.

#[path = "../common/mod.rs"]
#[allow(dead_code, reason = "every test file uses its own part of what is shared")]
mod common;

mod exchange_rule;
mod grids;
mod responses;
mod velocities;
mod wavelength;
