//! `adlayer verify`: does this machine give right numbers?

use super::args::VerifyArguments;
use crate::base::{Error, Result};
use crate::cli::stdout::{write_stderr, write_stdout};
use crate::io::atomic::write_whole;
use crate::workflow::verify::{Check, Measure, Verdict, VerifyOptions, verify};
use std::path::{Path, PathBuf};

pub(crate) fn run(arguments: &VerifyArguments) -> Result<()> {
    let options = VerifyOptions {
        device: arguments.device.to_string(),
        quick: arguments.quick,
        only: arguments.check.clone(),
        program: std::env::current_exe().ok(),
    };
    if !arguments.json {
        write_stdout(&format!("{}\n", heading()))?;
    }
    let mut written = Ok(());
    let verdict = rayon::scope(|_| {
        verify(&options, &mut |check| {
            if !arguments.json && written.is_ok() {
                written = write_stdout(&format!("{}\n", row(check)));
            }
        })
    })?;
    let text =
        serde_json::to_string_pretty(&verdict).map_err(|source| Error::Json { what: "the result", source })? + "\n";
    let archive = arguments.output.clone().unwrap_or_else(|| archive_of(&verdict));
    if let Some(folder) = archive.parent().filter(|f| !f.as_os_str().is_empty()) {
        std::fs::create_dir_all(folder).map_err(Error::io("cannot create", folder))?;
    }
    write_whole(&archive, text.as_bytes())?;
    if arguments.json {
        write_stdout(&text)?;
    } else {
        written?;
        write_stdout(&format!("{}\n", last_line(&verdict)))?;
        write_stderr(&format!("archived in {}\n", archive.display()));
    }
    verdict.result()
}

/// `runs/verify-<device>-<seconds since 1970>.json`.
fn archive_of(verdict: &Verdict) -> PathBuf {
    let word = |c: char| if c.is_ascii_alphanumeric() { c } else { '-' };
    let device: String = verdict.device.split(" (").next().unwrap_or("device").chars().map(word).collect();
    Path::new("runs").join(format!("verify-{device}-{}.json", verdict.unix))
}

fn heading() -> String {
    format!("{:<18}{:>12}{:>9}{:>10}{:>9}  {}", "check", "worst", "limit", "compared", "seconds", "verdict")
}

fn row(c: &Check) -> String {
    let (figure, limit) = match c.measure {
        Measure::Z => (format!("z {:.2}", c.figure), format!("{:.0}", c.limit)),
        Measure::Share => (format!("{:.3}", c.figure), format!("{:.0}", c.limit)),
        Measure::Unequal => (format!("{:.0} unequal", c.figure), format!("{:.0}", c.limit)),
    };
    let verdict = if c.passed { "passed".to_owned() } else { format!("FAILED: {} ({})", c.worst, c.what) };
    format!("{:<18}{figure:>12}{limit:>9}{:>10}{:>9.1}  {verdict}", c.name, c.compared, c.seconds)
}

fn last_line(verdict: &Verdict) -> String {
    let word = if verdict.passed { "all passed" } else { "FAILED" };
    format!("{word}: {} ({}), {:.0} s", verdict.device, verdict.kernel, verdict.seconds)
}
