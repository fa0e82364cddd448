//! A fault in a text that the user wrote, with its place.

use std::ops::Range;

/// A fault in a scene or another input file, with its place, the user's own value and the remedy.
///
/// Displays as one line, `file:line:column: message; remedy`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}:{line}:{column}: {message}; {help}")]
pub struct SceneError {
    /// What is wrong, with the user's own value.
    pub message: String,
    /// The remedy.
    pub help: String,
    /// Name of the file as the user gave it.
    pub file: String,
    /// The whole text of the file.
    pub text: String,
    /// Byte range of the offending value in `text`.
    pub span: Range<usize>,
    /// Line of its start, from 1.
    pub line: usize,
    /// Column of its start in characters, from 1.
    pub column: usize,
}
