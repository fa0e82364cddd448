//! `adlayer analyze`: analyse finished runs again.

use super::args::AnalyzeArguments;
use adlayer::{Error, Result};

/// Analyses and draws.
// CONNECT THE ANALYSIS HERE.
pub(crate) fn analyze(arguments: &AnalyzeArguments) -> Result<()> {
    let AnalyzeArguments { directories, output, quiet, json } = arguments;
    Err(Error::Analysis(format!("no analysis yet: {directories:?} {output:?} {quiet} {json}")))
}
