//! Inputs besides scenes: files of gases, lists of structures (aiAT), reactions (CHE). Same manner, same errors.

pub mod aiat;
mod catmap;
pub mod che;
pub mod gas;
pub mod parse;
pub mod scene;
pub mod source;
pub mod span;

use crate::base::{Error, Result};
use crate::input::parse::parse;
use crate::input::source::Source;
use serde::de::DeserializeOwned;
use std::path::Path;

/// The text of an input file.
fn read_text(what: &'static str, path: &Path) -> Result<String> {
    let bytes = std::fs::read(path).map_err(|e| match e.kind() {
        std::io::ErrorKind::NotFound => Error::InputMissing { what, path: path.to_owned() },
        _ => Error::Io { what: "cannot read", path: path.to_owned(), source: e },
    })?;
    String::from_utf8(bytes).map_err(|e| Error::BadInput {
        path: path.to_owned(),
        problem: format!("byte {} is not UTF-8; save it as UTF-8 text", e.utf8_error().valid_up_to()),
    })
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
