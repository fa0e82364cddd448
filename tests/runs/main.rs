//! Runs: whatever interrupts a run, damages its files or lengthens it, its results are bit-identical to those of a run
//! that was left alone; what cannot go on is refused with a remedy.

mod devices;
#[cfg(unix)]
mod external;
#[cfg(unix)]
mod external_inputs;
#[cfg(unix)]
mod limits;
#[cfg(all(unix, feature = "mpi"))]
mod mpirun;
mod observables;
mod outcome;
#[cfg(unix)]
mod processes;
mod ranks;
mod refine;
mod resume;
mod same_bits;
#[cfg(unix)]
mod sigkill;
#[cfg(target_os = "linux")]
mod soak;
#[cfg(unix)]
mod throughput;
mod unions;
mod until;

// shared with other test binaries
#[path = "../support/announce.rs"]
mod announce;
#[path = "../support/gpu.rs"]
mod gpu;
#[path = "../support/place.rs"]
mod place;
#[path = "../support/refused.rs"]
mod refused;
