//! Text on stdout.

use crate::base::{Error, Result};
use std::io::{ErrorKind, Write};

/// Writes data to stdout; a reader that has seen enough (`| head`) is no error.
///
/// # Errors
/// [`Error::Io`] if stdout cannot be written.
pub(crate) fn write_stdout(text: &str) -> Result<()> {
    match std::io::stdout().lock().write_all(text.as_bytes()) {
        Err(e) if e.kind() != ErrorKind::BrokenPipe => Err(Error::io("cannot write to", "stdout")(e)),
        _ => Ok(()),
    }
}
