//! Errors and warnings on stderr.

use crate::base::Error;
use crate::base::diagnostic::SceneError;
use crate::cli::Ending;
use crate::cli::stdout::write_stderr;
use crate::ranks::Ranks;
use miette::{Diagnostic, GraphicalReportHandler, GraphicalTheme, NamedSource, SourceSpan};
use std::io::IsTerminal;

/// A scene's error with the piece of its text.
#[derive(Debug, Diagnostic, thiserror::Error)]
#[error("{message}")]
struct Pointer {
    message: String,
    #[help]
    help: String,
    #[source_code]
    text: NamedSource<String>,
    #[label]
    span: SourceSpan,
}

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
    let theme = if colour { GraphicalTheme::unicode() } else { GraphicalTheme::unicode_nocolor() };
    let pointer = Pointer {
        message: e.message.clone(),
        help: e.help.clone(),
        text: NamedSource::new(&e.file, e.text.clone()),
        span: SourceSpan::from(e.span.clone()),
    };
    let handler = GraphicalReportHandler::new_themed(theme).with_context_lines(1).with_wrap_lines(false);
    let mut text = String::new();
    match handler.render_report(&mut text, &pointer) {
        Ok(()) => text,
        Err(_) => format!("error: {e}\n"),
    }
}
