//! `adlayer analyze`: analyse finished runs again.

use super::args::AnalyzeArguments;
use super::complain::warn;
use super::result::print_result;
use adlayer::Result;
use adlayer::evaluate::evaluate;

pub(crate) fn analyze(arguments: &AnalyzeArguments) -> Result<()> {
    let AnalyzeArguments { directories, output, quiet, json } = arguments;
    let output = output.as_ref().unwrap_or(&directories[0]);
    let evaluation = evaluate(directories, output)?;
    if !quiet {
        evaluation.summary.warnings.iter().for_each(|w| warn(w));
    }
    print_result(&evaluation, None, *json);
    Ok(())
}
