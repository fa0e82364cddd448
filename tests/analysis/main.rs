//! Analysis: from samples to averages, boundaries and errors that are as large as they say; minima of the energy; gases,
//! ab initio thermodynamics and the hydrogen electrode.

mod cold_rows;
mod exact_samples;
mod frozen_starts;
mod honest_errors;
mod known_diagram;
mod mbar;
mod minima;
mod second_estimator;
mod thermochemistry;
mod unions;
mod z_scores;

// shared with other test binaries
#[path = "../support/place.rs"]
mod place;
#[path = "../support/say.rs"]
mod say;
