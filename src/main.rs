//! The command line: parse, run, print errors, exit code.

fn main() -> std::process::ExitCode {
    adlayer::cli::main()
}
