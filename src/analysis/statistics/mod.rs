//! Correlation times and resampling.

pub mod blocks;
pub mod bootstrap;
pub mod cohorts;
pub mod collective;
pub mod inefficiency;
pub(crate) mod work;

/// The value in the middle, of an even number the upper of two; NaN of none.
pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
