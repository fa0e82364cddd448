//! Phases, the lines between them, and averages inside each.

pub(crate) mod averages;
pub(crate) mod basins;
pub(crate) mod cells;
pub(crate) mod classify;
pub(crate) mod coexistence;
pub(crate) mod continuous;
pub(crate) mod critical_points;
pub(crate) mod jumps;
pub(crate) mod lines;
pub(crate) mod passages;
pub(crate) mod quotable;
