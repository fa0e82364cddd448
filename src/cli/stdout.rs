//! Text on stdout and stderr. Neither may end the program: the macros of std panic where they cannot write.

use crate::base::{Error, Result};
use crate::figures::{Figure, NOTHING_DRAWN};
use std::io::{ErrorKind, Write};
use std::path::Path;

/// Writes data to stdout; a reader that has seen enough (`| head`) is no error.
///
/// # Errors
/// [`Error::Io`] if stdout cannot be written.
pub(crate) fn write_stdout(text: &str) -> Result<()> {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(e) if e.kind() != ErrorKind::BrokenPipe => Err(Error::io("cannot write to", "stdout")(e)),
        _ => Ok(()),
    }
}

/// Says where figures lie, or why there are none.
///
/// # Errors
/// As [`write_stdout`].
pub(crate) fn say_where(figures: &[Figure], directory: &Path) -> Result<()> {
    match figures.is_empty() {
        true => write_stdout(&format!("no figures: {NOTHING_DRAWN}\n")),
        false => write_stdout(&format!("figures: {}\n", directory.join("figures").display())),
    }
}

/// Writes words for people to stderr; if that cannot be written, nobody would read why.
pub(crate) fn write_stderr(text: &str) {
    let _ = std::io::stderr().lock().write_all(text.as_bytes());
}
