//! Analytic and quadrature results, each body on every backend.

#[path = "../common/mod.rs"]
#[allow(dead_code, reason = "every test file uses its own part of what is shared")]
mod common;

mod agreement;
mod conservation;
mod determinism;
mod few_atoms;
mod fluid;
mod gas;
mod henry;
mod ideal_gas;
mod integrator;
mod pair_energy;
mod pair_forms;
mod reservoirs;
mod starts;
