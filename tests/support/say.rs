//! Figures that a test compared.

/// Prints a line; cargo shows it when the test fails or with `--nocapture`.
#[expect(clippy::print_stdout, reason = "a test states the figures it compared")]
pub(crate) fn say(line: &str) {
    println!("{line}");
}
