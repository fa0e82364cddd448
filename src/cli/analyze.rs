//! `adlayer analyze`: analyse finished runs again.

use super::args::AnalyzeArguments;
use crate::base::Result;
use crate::cli::diagnostics::warn;
use crate::cli::progress::{progress_bar, show_stage};
use crate::cli::summary::print_result;
use crate::workflow::analyze::{GridRequest, evaluate_and_tell};

pub(crate) fn analyze(arguments: &AnalyzeArguments) -> Result<()> {
    let AnalyzeArguments { directories, output, temperature, mu, pressure, quiet, json } = arguments;
    let output = output.as_ref().unwrap_or(&directories[0]);
    let wanted = GridRequest {
        temperatures: temperature.as_ref().map(|t| t.0.clone()),
        mu: mu.iter().map(|range| range.0.clone()).collect(),
        pressures: pressure.iter().map(|p| p.0.clone()).collect(),
    };
    let bar = progress_bar(*quiet);
    let evaluation = evaluate_and_tell(directories, output, &wanted, &mut |stage| show_stage(&bar, stage));
    bar.finish_and_clear();
    let evaluation = evaluation?;
    if !quiet {
        evaluation.summary.warnings.iter().for_each(|w| warn(w));
    }
    print_result(&evaluation, None, *json)
}
