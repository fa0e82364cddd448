//! Checks of a scene: what its numbers may be, and whether they fit together.

pub(crate) mod cell;
pub(crate) mod external;
pub(crate) mod gas;
pub(crate) mod observables;
pub(crate) mod overlap;
pub(crate) mod particles;
pub(crate) mod plausible;
pub(crate) mod room;
pub(crate) mod run;
pub(crate) mod species;
pub(crate) mod windows;

use crate::base::Result;
use crate::input::source::{Source, ensure};
use crate::input::span::last_name;

/// Refuses a number that is not above 0.
fn positive(source: &Source, path: &str, value: f64) -> Result<()> {
    ensure!(
        source,
        value > 0.0,
        path,
        format!("`{}` is {}, not above 0", last_name(path), spelled(source, path, value)),
        "give a number above 0",
    );
    Ok(())
}

/// Refuses a number below 0.
fn not_negative(source: &Source, path: &str, value: f64) -> Result<()> {
    ensure!(
        source,
        value >= 0.0,
        path,
        format!("`{}` is {}, below 0", last_name(path), spelled(source, path, value)),
        "give 0 or more",
    );
    Ok(())
}

/// Refuses a count of 0.
fn at_least_one(source: &Source, path: &str, value: u32) -> Result<()> {
    ensure!(source, value >= 1, path, format!("`{}` is 0", last_name(path)), "give 1 or more");
    Ok(())
}

/// The number at a path as the user wrote it.
fn spelled(source: &Source, path: &str, value: f64) -> String {
    match source.spelled(path) {
        "" => value.to_string(),
        word => word.to_owned(),
    }
}
