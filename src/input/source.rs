//! Texts of inputs with the places of their values, so that errors point at them.

use super::span::Node;
use crate::base::Error;
use crate::base::diagnostic::SceneError;
use std::ops::Range;
use std::path::Path;

/// A scene's text with the places of its values: what checks need to report an error.
#[derive(Debug)]
pub(crate) struct Source<'a> {
    text: &'a str,
    file: String,
    what: &'static str,
    tree: Option<Node>,
}

impl<'a> Source<'a> {
    pub(crate) fn new(text: &'a str, path: &Path) -> Source<'a> {
        Source::of("scene", text, path)
    }

    /// The text of another kind of input.
    ///
    /// - `what`: how messages call it
    pub(crate) fn of(what: &'static str, text: &'a str, path: &Path) -> Source<'a> {
        Source { text, file: path.display().to_string(), what, tree: Node::parse(text) }
    }

    /// How messages call it, e.g. `scene`.
    pub(crate) fn what(&self) -> &'static str {
        self.what
    }

    /// Where to find a complete example.
    pub(crate) fn example(&self) -> &'static str {
        match self.what {
            "scene" => "`adlayer new NAME` writes a complete example",
            _ => "the folder scenes of adlayer holds a complete example",
        }
    }

    /// The tree of values, if the text is well formed.
    pub(crate) fn tree(&self) -> Option<&Node> {
        self.tree.as_ref()
    }

    /// The scene's text.
    pub(crate) fn text(&self) -> &'a str {
        self.text
    }

    /// Whether the user wrote a value at this path.
    pub(crate) fn has(&self, path: &str) -> bool {
        self.tree.as_ref().is_some_and(|t| t.locate(path).1)
    }

    /// The value at a path as the user spelled it; empty if it was left out.
    pub(crate) fn spelled(&self, path: &str) -> &'a str {
        match self.tree.as_ref().map(|t| t.locate(path)) {
            Some((node, true)) => &self.text[node.span.clone()],
            _ => "",
        }
    }

    /// An error at the value that `path` leads to, or at the nearest value around it.
    pub(crate) fn error(&self, path: &str, message: impl Into<String>, help: impl Into<String>) -> Error {
        Error::Scene(Box::new(self.scene_error(path, message, help)))
    }

    /// The same, not yet wrapped.
    pub(crate) fn scene_error(&self, path: &str, message: impl Into<String>, help: impl Into<String>) -> SceneError {
        let span = match &self.tree {
            Some(tree) => self.first_line(tree.locate(path).0),
            None => 0..0,
        };
        self.at_span(span, message.into(), help.into())
    }

    /// An error at a byte range.
    pub(crate) fn error_at(&self, span: Range<usize>, message: impl Into<String>, help: impl Into<String>) -> Error {
        Error::Scene(Box::new(self.at_span(span, message.into(), help.into())))
    }

    fn at_span(&self, span: Range<usize>, message: String, help: String) -> SceneError {
        let before = &self.text[..span.start];
        let line = before.matches('\n').count() + 1;
        let column = before.chars().rev().take_while(|&c| c != '\n').count() + 1;
        SceneError { message, help, file: self.file.clone(), text: self.text.to_owned(), span, line, column }
    }

    /// The first line of a value: enough to point at it.
    pub(crate) fn first_line(&self, node: &Node) -> Range<usize> {
        let whole = &self.text[node.span.clone()];
        let length = whole.find('\n').unwrap_or(whole.len());
        node.span.start..node.span.start + whole[..length].trim_end().len()
    }
}

/// Returns an error at `path` unless `ok`.
///
/// The message is built only when it is needed.
macro_rules! ensure {
    ($source:expr, $ok:expr, $path:expr, $message:expr, $help:expr $(,)?) => {
        // Not `if !…`: a comparison with NaN must end in the error.
        if $ok {
        } else {
            return Err($source.error(&$path, $message, $help));
        }
    };
}
pub(crate) use ensure;

/// The known name closest to a mistyped one, if it is close.
pub(crate) fn nearest<'n>(typed: &str, known: impl IntoIterator<Item = &'n str>) -> Option<&'n str> {
    let limit = (typed.chars().count() + 1) / 3;
    known
        .into_iter()
        .map(|k| (distance(&typed.to_lowercase(), &k.to_lowercase()), k))
        .filter(|&(d, _)| d <= limit)
        .min_by_key(|&(d, _)| d)
        .map(|(_, k)| k)
}

/// Remedy for a mistyped name: the closest known one, or all of them.
pub(crate) fn did_you_mean<'n>(typed: &str, known: impl IntoIterator<Item = &'n str> + Clone) -> String {
    match nearest(typed, known.clone()) {
        Some(name) => format!("did you mean `{name}`?"),
        None => format!("known here: {}", known.into_iter().map(|k| format!("`{k}`")).collect::<Vec<_>>().join(", ")),
    }
}

/// Edits (insert, delete, replace) that turn one word into another.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, ca) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, &cb) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(ca != cb);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_suggested_only_when_near() {
        let known = ["epsilon", "sigma", "between"];
        assert_eq!(nearest("epslion", known), Some("epsilon"));
        assert_eq!(nearest("Sigma", known), Some("sigma"));
        assert_eq!(nearest("mass", known), None);
        assert_eq!(did_you_mean("mass", ["a", "b"]), "known here: `a`, `b`");
    }

    #[test]
    fn lines_and_columns_count_characters_from_one() {
        let source = Source::new("(\n  title: \"µ\", a: -1)", Path::new("x.ron"));
        let Error::Scene(e) = source.error("a", "`a` is -1", "give more") else { panic!("a scene error") };
        assert_eq!((e.line, e.column, &e.text[e.span.clone()]), (2, 18, "-1"));
        assert_eq!(e.to_string(), "x.ron:2:18: `a` is -1; give more");
    }
}
