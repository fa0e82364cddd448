//! Errors and warnings on stderr.

use crate::base::Error;
use crate::base::diagnostic::SceneError;
use crate::cli::Ending;
use crate::cli::stdout::write_stderr;
use crate::ranks::Ranks;
use codespan_reporting::diagnostic::{Diagnostic, Label};
use codespan_reporting::files::SimpleFile;
use codespan_reporting::term::termcolor::Buffer;
use codespan_reporting::term::{self, Config};
use std::io::IsTerminal;

/// Prints an error of one of several ranks, with its number.
pub(crate) fn print_error_of(error: &Error, ranks: &Ranks) {
    if !ranks.is_first() && !matches!(error, Error::ToldElsewhere) {
        write_stderr(&format!("rank {}: ", ranks.rank()));
    }
    print_error(error);
}

/// Prints an error; errors of scenes with the offending line.
pub(crate) fn print_error(error: &Error) {
    match error {
        Error::ToldElsewhere => {}
        Error::Scene(e) => write_stderr(&pointing(e)),
        other => write_stderr(&format!("error: {other}\n")),
    }
}

/// Says how a run can go on that ended before its end, or short of what its scene wants.
pub(crate) fn print_ending(ending: &Ending) {
    if let Ending::Short(words) | Ending::Stopped(words) = ending {
        write_stderr(&format!("{words}\n"));
    }
}

/// Prints a warning.
pub(crate) fn warn(text: &str) {
    write_stderr(&format!("warning: {text}\n"));
}

/// The message, the line with a mark under the value, and the remedy.
fn pointing(e: &SceneError) -> String {
    let colour = std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    let mut text = if colour { Buffer::ansi() } else { Buffer::no_color() };
    let file = SimpleFile::new(&e.file, &e.text);
    let diagnostic = Diagnostic::error()
        .with_message(&e.message)
        .with_label(Label::primary((), e.span.clone()))
        .with_note(format!("help: {}", e.help));
    let config = Config { before_label_lines: 1, after_label_lines: 1, ..Config::default() };
    match term::emit_to_write_style(&mut text, &config, &file, &diagnostic) {
        Ok(()) => format!("{}\n", String::from_utf8_lossy(text.as_slice()).trim_end()),
        Err(_) => format!("error: {e}\n"),
    }
}
