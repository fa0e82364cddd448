//! Lines of a test that are seen although it passes.

use std::io::Write;

/// Prints past the capture of the test harness.
pub(crate) fn announce(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}
