//! Commands. Data goes to stdout, everything else to stderr.

mod aiat;
mod analyze;
mod args;
mod bench;
mod che;
mod check;
mod diagnostics;
mod doctor;
mod export;
mod gas;
mod new;
mod ranges;
mod resume;
mod run;
mod stdout;
mod summary;
mod verify;

use args::{Arguments, Command};
use clap::Parser;
use std::process::ExitCode;

/// Parses the command line, runs the command, prints its error.
pub fn main() -> ExitCode {
    let outcome = match Arguments::parse().command {
        Command::Run(arguments) => run::run(&arguments),
        Command::Resume(arguments) => resume::resume(&arguments),
        Command::Analyze(arguments) => analyze::analyze(&arguments),
        Command::Export(arguments) => export::export(&arguments),
        Command::Check(arguments) => check::check(&arguments),
        Command::New(arguments) => new::new(&arguments),
        Command::Bench(arguments) => bench::run(&arguments),
        Command::Verify(arguments) => verify::run(&arguments),
        Command::Gas(arguments) => gas::gas(&arguments),
        Command::Aiat(arguments) => aiat::check(&arguments).and_then(|()| aiat::aiat(&arguments)),
        Command::Che(arguments) => che::che(&arguments),
        Command::Doctor(arguments) => doctor::doctor(&arguments),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            diagnostics::print_error(&error);
            ExitCode::from(error.exit_code())
        }
    }
}
