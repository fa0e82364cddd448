//! Inputs: what users write is read as they meant it, or refused with its place, its value and a remedy.

mod bad_scenes;
mod fuzz;
mod fuzz_bodies;
mod gas_aiat_che;
mod messages;
mod oblique;
mod shipped_scenes;
mod slab_files;

// shared with other test binaries
#[path = "../support/announce.rs"]
mod announce;
#[path = "../support/place.rs"]
mod place;
