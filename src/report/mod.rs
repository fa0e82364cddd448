//! The report of a run: one self-contained HTML page, and the table that a terminal shows.

pub(crate) mod columns;
pub mod comparison;
pub(crate) mod findings;
mod finite_size;
mod html;
pub mod live;
mod page;
mod summary;
mod tables;
mod terminal;
mod trust;

use crate::analysis::Analysis;
use crate::base::error::Result;
use crate::figures::Figure;
use crate::io::atomic::write_whole;
use std::path::{Path, PathBuf};

pub use summary::{CellSummary, RunLine, RunSummary, Seconds};
pub use terminal::terminal_table;

/// Writes `dir/report.html`: settings, findings in words, figures, tables. It loads nothing from elsewhere.
///
/// - `dir`: the run directory; links to the files of the figures are relative to it
/// - `figures`: as [`crate::figures::draw`] returned them
/// - returns: the path of the report
///
/// # Errors
/// [`crate::base::Error::Io`] if the file cannot be written.
pub fn write(dir: &Path, analysis: &Analysis, summary: &RunSummary, figures: &[Figure]) -> Result<PathBuf> {
    let path = dir.join("report.html");
    write_whole(&path, page::page(analysis, summary, figures).into_string().as_bytes())?;
    Ok(path)
}
