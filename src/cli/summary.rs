//! What a run or an analysis prints on stdout: the table and the path of the report, or JSON.

use super::width;
use crate::base::Result;
use crate::cli::stdout::write_stdout;
use crate::report::terminal_table;
use crate::run::RunRecord;
use crate::workflow::analyze::Evaluation;
use serde_json::json;

/// Prints the result of an evaluation.
///
/// # Errors
/// [`crate::base::Error::Io`] if stdout cannot be written.
pub(crate) fn print_result(evaluation: &Evaluation, record: Option<&RunRecord>, as_json: bool) -> Result<()> {
    if !as_json {
        let table = terminal_table(&evaluation.analysis, &evaluation.summary, width::of_stdout());
        return write_stdout(&format!("{table}report: {}\n", evaluation.report.display()));
    }
    let analysis = &evaluation.analysis;
    let phases: Vec<_> = analysis
        .phases
        .iter()
        .map(|p| json!({"phase": p.id, "name": p.name, "n": p.n, "energy": p.energy, "area_fraction": p.area_fraction}))
        .collect();
    let boundaries: Vec<_> = analysis
        .boundaries
        .iter()
        .map(|b| {
            json!({
                "phase_a": b.phase_a, "phase_b": b.phase_b, "kind": b.kind, "temperature": b.temperature,
                "mu": b.mu, "mu_err": b.mu_err, "pressure": b.pressure,
                "pressure_low": b.pressure_low, "pressure_high": b.pressure_high, "gas_pressure": b.gas_pressure,
                "crossings": b.crossings, "status": b.status(),
            })
        })
        .collect();
    let verdict = &analysis.checks.verdict;
    let result = json!({
        "report": evaluation.report,
        "run": record,
        "phases": phases,
        "boundaries": boundaries,
        "mbar": {
            "residual": analysis.free_energies.residual, "iterations": analysis.free_energies.iterations,
            "parts": analysis.free_energies.n_parts(),
        },
        "split_half": {"agree": analysis.split_half.agree, "compared": analysis.split_half.compared},
        "verdict": {
            "trusted": verdict.trusted,
            "sentences": verdict.sentences.iter().map(|s| &s.words).collect::<Vec<_>>(),
            "add_temperatures": verdict.add_temperatures,
            "add_mu": verdict.add_mu,
        },
        "warnings": evaluation.summary.warnings,
    });
    write_stdout(&format!("{result:#}\n"))
}
