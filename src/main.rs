//! The command line: parse, run, print errors, exit code.

fn main() {}
