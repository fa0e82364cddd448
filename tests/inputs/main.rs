//! Inputs: what users write is read as they meant it, or refused with its place, its value and a remedy.

mod aiat;
mod aiat_from_runs;
mod bad_scenes;
mod che;
mod commands;
mod fuzz;
mod fuzz_bodies;
mod gas;
mod messages;
mod oblique;
mod shipped_scenes;
mod slab_files;
mod templates;

// shared with other test binaries
#[path = "../support/announce.rs"]
mod announce;
#[path = "../support/place.rs"]
mod place;
