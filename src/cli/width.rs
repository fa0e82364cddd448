//! How wide a terminal is.

/// Columns that are used at least, however narrow the terminal.
const LEAST: usize = 60;

/// Columns of the terminal that stdout is; `None` where it is none: a file or a pipe has lines of any length.
pub(super) fn of_stdout() -> Option<usize> {
    columns(&std::io::stdout())
}

/// Columns of the terminal that stderr is.
pub(super) fn of_stderr() -> Option<usize> {
    columns(&std::io::stderr())
}

#[cfg(unix)]
fn columns(stream: &impl std::os::fd::AsFd) -> Option<usize> {
    let size = rustix::termios::tcgetwinsize(stream).ok()?;
    (size.ws_col > 0).then(|| usize::from(size.ws_col).max(LEAST))
}

#[cfg(not(unix))]
fn columns(stream: &impl std::io::IsTerminal) -> Option<usize> {
    let said = std::env::var("COLUMNS").ok().and_then(|c| c.parse().ok()).unwrap_or(100);
    stream.is_terminal().then(|| LEAST.max(said))
}
