//! Commands. Data goes to stdout, everything else to stderr.

mod aiat;
mod analyze;
mod answer;
mod args;
mod bench;
mod che;
mod check;
mod completions;
mod diagnostics;
mod doctor;
mod driver;
mod exit;
mod export;
mod fields;
mod gas;
mod live;
mod new;
mod progress;
mod ranges;
mod ranks;
mod resume;
mod run;
mod signals;
mod stdout;
mod summary;
mod verify;
mod watch;
mod width;

pub use exit::exit_code;

use crate::base::Result;
use crate::ranks::Ranks;
use args::{Arguments, Command};
use clap::Parser;
use exit::Ending;
use std::process::ExitCode;

/// Parses the command line, runs the command, prints its error.
pub fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let joined = match ranks::join(&arguments.command) {
        Ok(joined) => joined,
        Err(error) => {
            diagnostics::print_error(&error);
            return ExitCode::from(ranks::code_of_refusal(&error));
        }
    };
    let ranks = &joined.ranks;
    match command(&arguments.command, ranks) {
        Ok(ending) => {
            if ranks.is_first() {
                diagnostics::print_ending(&ending);
            }
            ending.exit_code()
        }
        Err(error) => {
            diagnostics::print_error_of(&error, ranks);
            ExitCode::from(ranks::end_together(ranks, exit_code(&error)))
        }
    }
}

fn command(command: &Command, ranks: &Ranks) -> Result<Ending> {
    let done = match command {
        Command::Run(arguments) => return run::run(arguments, ranks),
        Command::Resume(arguments) => return resume::resume(arguments, ranks),
        Command::Analyze(arguments) => analyze::analyze(arguments),
        Command::Export(arguments) => export::export(arguments),
        Command::Check(arguments) => check::check(arguments),
        Command::New(arguments) => new::new(arguments),
        Command::Fields(arguments) => fields::fields(arguments),
        Command::Watch(arguments) => watch::watch(arguments),
        Command::Bench(arguments) => return bench::run(arguments, ranks),
        Command::Verify(arguments) => verify::run(arguments),
        Command::Gas(arguments) => gas::gas(arguments),
        Command::Aiat(arguments) => aiat::check(arguments).and_then(|()| aiat::aiat(arguments)),
        Command::Che(arguments) => che::che(arguments),
        Command::Doctor(arguments) => doctor::doctor(arguments),
        Command::Completions(arguments) => completions::completions(arguments),
        Command::Man(arguments) => completions::man(arguments),
        Command::Driver(arguments) => driver::driver(arguments),
    };
    done.map(|()| Ending::Done)
}
