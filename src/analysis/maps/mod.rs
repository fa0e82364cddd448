//! Averages over a fine grid of (T, μ), and the order parameters seen there.

pub(crate) mod along_mu;
pub(crate) mod beside_lines;
pub(crate) mod distributions;
pub(crate) mod errors;
pub(crate) mod filled;
pub(crate) mod map;
pub(crate) mod order_parameters;
pub(crate) mod profiles;
pub(crate) mod ridges;
pub(crate) mod surroundings;
