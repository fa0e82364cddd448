//! `adlayer analyze`: analyse finished runs again.

use super::args::AnalyzeArguments;
use crate::base::{Error, Result};
use crate::cli::diagnostics::warn;
use crate::cli::progress::{progress_bar, show_stage};
use crate::cli::summary::print_result;
use crate::workflow::analyze::{GridRequest, evaluate_and_tell};
use std::path::{Path, PathBuf};

pub(crate) fn analyze(arguments: &AnalyzeArguments) -> Result<()> {
    let AnalyzeArguments { directories, output, temperature, mu, pressure, quiet, json } = arguments;
    let output = output.as_ref().unwrap_or(&directories[0]);
    let wanted = GridRequest {
        temperatures: temperature.as_ref().map(|t| t.0.clone()),
        mu: mu.iter().map(|range| range.0.clone()).collect(),
        pressures: pressure.iter().map(|p| p.0.clone()).collect(),
    };
    refuse_foreign(output, directories)?;
    let bar = progress_bar(*quiet);
    let evaluation = evaluate_and_tell(directories, output, &wanted, &mut |stage| show_stage(&bar, stage));
    bar.finish_and_clear();
    let evaluation = evaluation?;
    if !quiet {
        evaluation.summary.warnings.iter().for_each(|w| warn(w));
    }
    print_result(&evaluation, None, *json)
}

/// Refuses to write among files that are not of an earlier analysis, and over the report of a run that is not analysed.
///
/// - `runs`: those that are
fn refuse_foreign(output: &Path, runs: &[PathBuf]) -> Result<()> {
    let refused =
        |problem: &'static str| Err(Error::AlreadyExists { action: "write into", path: output.to_owned(), problem });
    let real = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let is_empty = |folder: &Path| std::fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_none());
    if !output.exists() || runs.iter().any(|run| real(run) == real(output)) || is_empty(output) {
        return Ok(());
    }
    if output.join("resolved.ron").is_file() {
        return refused("is another run, whose report would be lost; choose another -o DIR");
    }
    if output.join("analysis/free_energies.csv").is_file() {
        return Ok(());
    }
    refused("exists and holds no analysis of adlayer; choose another -o DIR")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foreign_folders_are_left_alone() {
        let folder = tempfile::tempdir().unwrap_or_else(|e| panic!("{e}"));
        let made = |name: &str, files: &[&str]| {
            let path = folder.path().join(name);
            for file in files {
                let file = path.join(file);
                std::fs::create_dir_all(file.parent().unwrap_or(&path)).unwrap_or_else(|e| panic!("{e}"));
                std::fs::write(file, "x").unwrap_or_else(|e| panic!("{e}"));
            }
            path
        };
        let run = made("run", &["resolved.ron", "report.html"]);
        let (other, foreign) = (made("other", &["resolved.ron"]), made("foreign", &["report.html"]));
        let earlier = made("earlier", &["analysis/free_energies.csv", "report.html"]);
        let runs = [run.clone()];
        let code = |output: &Path| refuse_foreign(output, &runs).map_err(|e| crate::cli::exit_code(&e));
        assert_eq!([code(&run), code(&earlier), code(&folder.path().join("new"))], [Ok(()); 3]);
        assert_eq!([code(&other), code(&foreign)], [Err(2); 2]);
        assert_eq!(code(&folder.path().join("other/../run")), Ok(()));
    }
}
