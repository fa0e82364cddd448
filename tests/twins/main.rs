//! Twins: the kernels of the GPU and the loops of the processor do what the reference does, one step at a time.

mod batches;
mod case;
mod cpu;
mod kernels;
mod particle_moves;
mod segments;
mod shaders;
mod slices;
mod systems;
mod tallies;
mod triplets;

// shared with other test binaries
#[path = "../support/announce.rs"]
mod announce;
#[path = "../support/backends.rs"]
mod backends;
#[path = "../support/gpu.rs"]
mod gpu;
#[path = "../support/project.rs"]
mod project;
#[path = "../support/say.rs"]
mod say;
