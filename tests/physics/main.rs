//! Physics: what is sampled is right. Analytic, quadrature and reference results, conservation laws, the exchange rule
//! and the distributions it leaves alone; each body on every backend.

mod common;

mod agreement;
mod attempts;
mod bonds;
mod conservation;
mod determinism;
mod exchange_rule;
mod exchange_schedules;
mod few_atoms;
mod fluid;
mod force_field;
mod gas;
mod grids;
mod henry;
mod ideal_gas;
mod identity;
mod insertion_rule;
mod insertion_table;
mod integrator;
mod long;
mod oblique;
mod observables;
mod pair_energy;
mod pair_forms;
mod reservoirs;
mod responses;
mod segments;
mod starts;
mod stillinger_weber;
mod velocities;
mod verify;
mod wavelength;
mod windows;

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
