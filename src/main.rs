//! The command line: parse, run, print errors, exit code.

mod cli;

fn main() -> std::process::ExitCode {
    cli::main()
}
