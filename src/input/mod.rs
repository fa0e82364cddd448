//! Inputs besides scenes: files of gases, lists of structures (aiAT), reactions (CHE). Same manner, same errors.

pub mod aiat;
pub mod che;
pub mod gas;
pub mod parse;
pub mod scene;
pub mod source;
pub mod span;

use crate::base::Result;
use crate::input::parse::parse;
use crate::input::source::Source;
use serde::de::DeserializeOwned;
use std::path::{Path, PathBuf};

/// A path in an input file, which is relative to the folder of that file.
pub(crate) fn beside(input_path: &Path, path: &str) -> PathBuf {
    input_path.parent().unwrap_or(Path::new("")).join(path)
}

/// The grammar's value of a text.
fn grammar<T: DeserializeOwned>(source: &Source) -> Result<T> {
    parse(source)
}

/// Refuses wavenumbers that are not above 0: an imaginary mode is no vibration.
fn real_modes(source: &Source, path: &str, of: &str, wavenumbers: &[f64]) -> Result<()> {
    match wavenumbers.iter().position(|&w| w.is_nan() || w <= 0.0) {
        None => Ok(()),
        Some(i) => Err(source.error(
            &format!("{path}[{i}]"),
            format!("mode {i} of `{of}` has wavenumber {}: imaginary or zero", wavenumbers[i]),
            "relax the structure until every mode is real, or leave out modes that are no vibrations",
        )),
    }
}
