//! Where each value of a scene stands in its text.
//!
//! ron gives positions for syntax errors only. This walks the text once into a tree of byte ranges, so that a check
//! that fails later can still point at the offending value by its field path, e.g. `species[2].mass`.

use std::ops::Range;

/// A value in the text.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Node {
    /// Byte range of the value, its name included.
    pub(crate) span: Range<usize>,
    /// Name in front of the parentheses, e.g. `LennardJones`; empty if there is none.
    pub(crate) name: String,
    /// What it is made of.
    pub(crate) kind: Kind,
}

/// The parts of a value.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Kind {
    /// Number, string or bare name.
    Leaf,
    /// `[a, b]`, `(a, b)` or `Name(a, b)`.
    List(Vec<Node>),
    /// `(a: 1, b: 2)` or `Name(a: 1, b: 2)`.
    Fields(Vec<Field>),
}

/// A named part of a value.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Field {
    /// Its name.
    pub(crate) name: String,
    /// Byte range of the name.
    pub(crate) name_span: Range<usize>,
    /// Its value.
    pub(crate) value: Node,
}

impl Node {
    /// The tree of a text, or `None` if it is not well formed.
    pub(crate) fn parse(text: &str) -> Option<Node> {
        let mut walker = Walker { text, at: 0 };
        while walker.attribute()? {}
        let root = walker.value(0)?;
        walker.blank()?;
        (walker.at == text.len()).then_some(root)
    }

    /// The value of a field of this node.
    pub(crate) fn field(&self, name: &str) -> Option<&Node> {
        match &self.kind {
            Kind::Fields(fields) => fields.iter().find(|f| f.name == name).map(|f| &f.value),
            _ => None,
        }
    }

    /// The part that a path such as `species[2].mass` leads to, as far as it exists.
    ///
    /// Returns the deepest value found, and whether that is the whole path.
    pub(crate) fn locate(&self, path: &str) -> (&Node, bool) {
        let mut node = self;
        for step in path.split(['.', '[']).filter(|s| !s.is_empty()) {
            let next = match (&node.kind, step.strip_suffix(']')) {
                (Kind::List(items), Some(index)) => index.parse::<usize>().ok().and_then(|i| items.get(i)),
                (Kind::Fields(_), None) => node.field(step),
                _ => None,
            };
            match next {
                Some(n) => node = n,
                None => return (node, false),
            }
        }
        (node, true)
    }

    /// Calls `visit` with every leaf and its path.
    pub(crate) fn leaves<'a>(&'a self, path: &str, visit: &mut impl FnMut(&str, &'a Node)) {
        match &self.kind {
            Kind::Leaf => visit(path, self),
            Kind::List(items) => {
                for (i, item) in items.iter().enumerate() {
                    item.leaves(&format!("{path}[{i}]"), visit);
                }
            }
            Kind::Fields(fields) => {
                for field in fields {
                    let dot = if path.is_empty() { "" } else { "." };
                    field.value.leaves(&format!("{path}{dot}{}", field.name), visit);
                }
            }
        }
    }

    /// The smallest value with named fields that contains the byte `offset`.
    pub(crate) fn enclosing(&self, offset: usize) -> Option<&Node> {
        if !(self.span.start <= offset && offset <= self.span.end) {
            return None;
        }
        let inner = match &self.kind {
            Kind::Leaf => None,
            Kind::List(items) => items.iter().find_map(|n| n.enclosing(offset)),
            Kind::Fields(fields) => fields.iter().find_map(|f| f.value.enclosing(offset)),
        };
        inner.or(if matches!(self.kind, Kind::Fields(_)) { Some(self) } else { None })
    }

    /// Byte ranges of every field name equal to `name`.
    pub(crate) fn field_names(&self, name: &str, found: &mut Vec<Range<usize>>) {
        match &self.kind {
            Kind::Leaf => {}
            Kind::List(items) => items.iter().for_each(|n| n.field_names(name, found)),
            Kind::Fields(fields) => {
                for f in fields {
                    if f.name == name {
                        found.push(f.name_span.clone());
                    }
                    f.value.field_names(name, found);
                }
            }
        }
    }
}

/// Deepest nesting that is followed; ron's own limit is 128.
const MAX_DEPTH: usize = 128;

struct Walker<'a> {
    text: &'a str,
    at: usize,
}

impl Walker<'_> {
    fn rest(&self) -> &str {
        &self.text[self.at..]
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn eat(&mut self, token: &str) -> bool {
        let found = self.rest().starts_with(token);
        if found {
            self.at += token.len();
        }
        found
    }

    /// Skips white space and comments.
    fn blank(&mut self) -> Option<()> {
        loop {
            let rest = self.rest();
            self.at += rest.len() - rest.trim_start().len();
            if self.rest().starts_with("//") {
                self.at += self.rest().find('\n').unwrap_or(self.rest().len());
            } else if self.eat("/*") {
                let mut depth = 1;
                while depth > 0 {
                    if self.eat("/*") {
                        depth += 1;
                    } else if self.eat("*/") {
                        depth -= 1;
                    } else {
                        self.at += self.peek()?.len_utf8();
                    }
                }
            } else {
                return Some(());
            }
        }
    }

    /// Skips one `#![enable(...)]`.
    fn attribute(&mut self) -> Option<bool> {
        self.blank()?;
        if !self.eat("#!") {
            return Some(false);
        }
        self.at += self.rest().find(']')? + 1;
        Some(true)
    }

    /// A run of the characters of numbers and names.
    fn word(&mut self) -> Range<usize> {
        let start = self.at;
        let is_part = |c: char| c.is_alphanumeric() || matches!(c, '_' | '+' | '-' | '.');
        self.eat("r#");
        let length = self.rest().find(|c| !is_part(c)).unwrap_or(self.rest().len());
        self.at += length;
        start..self.at
    }

    /// A quoted text, from the current character on.
    fn quoted(&mut self) -> Option<bool> {
        let start = self.at;
        self.eat("b");
        let raw = self.eat("r");
        let hashes = if raw { self.rest().len() - self.rest().trim_start_matches('#').len() } else { 0 };
        self.at += hashes;
        if self.eat("\"") {
            if raw {
                let end = format!("\"{}", "#".repeat(hashes));
                self.at += self.rest().find(&end)? + end.len();
                return Some(true);
            }
            return self.until('"');
        }
        self.at = start;
        self.eat("b");
        if self.eat("'") {
            return self.until('\'');
        }
        self.at = start;
        Some(false)
    }

    /// The rest of a quoted text with escapes, closing quote included.
    fn until(&mut self, quote: char) -> Option<bool> {
        loop {
            let c = self.peek()?;
            self.at += c.len_utf8();
            if c == quote {
                return Some(true);
            }
            if c == '\\' {
                self.at += self.peek()?.len_utf8();
            }
        }
    }

    fn value(&mut self, depth: usize) -> Option<Node> {
        if depth > MAX_DEPTH {
            return None;
        }
        self.blank()?;
        let start = self.at;
        if self.quoted()? {
            return Some(Node { span: start..self.at, name: String::new(), kind: Kind::Leaf });
        }
        let (name, mut end) = {
            let word = self.word();
            (self.text[word.clone()].to_owned(), word.end)
        };
        self.blank()?;
        let kind = if self.eat("(") {
            self.group(')', depth)?
        } else if name.is_empty() && self.eat("[") {
            self.group(']', depth)?
        } else if name.is_empty() && self.eat("{") {
            self.group('}', depth)?
        } else if name.is_empty() {
            return None;
        } else {
            self.at = end;
            return Some(Node { span: start..end, name: String::new(), kind: Kind::Leaf });
        };
        end = self.at;
        if name == "Some"
            && let Kind::List(items) = &kind
            && let [inner] = items.as_slice()
        {
            return Some(inner.clone());
        }
        Some(Node { span: start..end, name, kind })
    }

    /// What stands between brackets, the opening one already eaten.
    fn group(&mut self, close: char, depth: usize) -> Option<Kind> {
        let mut fields = Vec::new();
        let mut items = Vec::new();
        loop {
            self.blank()?;
            if self.peek()? == close {
                self.at += close.len_utf8();
                break;
            }
            let start = self.at;
            let word = self.word();
            self.blank()?;
            let named = !word.is_empty() && self.peek()? == ':' && !self.rest().starts_with("::");
            if named {
                self.at += 1;
                let value = self.value(depth + 1)?;
                let name = self.text[word.clone()].trim_start_matches("r#").to_owned();
                fields.push(Field { name, name_span: word, value });
            } else {
                self.at = start;
                items.push(self.value(depth + 1)?);
            }
            self.blank()?;
            if !self.eat(",") && self.peek()? != close {
                return None;
            }
        }
        Some(if fields.is_empty() { Kind::List(items) } else { Kind::Fields(fields) })
    }
}

/// The last field name of a path, without indices.
pub(crate) fn last_name(path: &str) -> &str {
    let name = path.rsplit('.').next().unwrap_or(path);
    name.split('[').next().unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = r##"#![enable(implicit_some)]
// a comment with ( brackets
Scene(
    title: "a \"quoted\" ( title", /* nested /* comment */ */
    species: [(name: "A", mass: 1.0), (name: r#"B"#, mass: -2e-3,),],
    potential: LennardJones(cutoff: 2.5, pairs: [(between: ("A", "B"), epsilon: .5)]),
    floor: Some(-1.5),
    grid: (temperature: List([0.5, NaN])), empty: [],
)"##;

    fn at(path: &str) -> &'static str {
        let tree = Node::parse(TEXT).expect("the text is well formed");
        let (node, whole) = tree.locate(path);
        assert!(whole, "{path}");
        &TEXT[node.span.clone()]
    }

    #[test]
    fn paths_lead_to_the_values_as_written() {
        assert_eq!(at("species[1].mass"), "-2e-3");
        assert_eq!(at("species[1].name"), "r#\"B\"#");
        assert_eq!(at("potential.cutoff"), "2.5");
        assert_eq!(at("potential.pairs[0].between[1]"), "\"B\"");
        assert_eq!(at("potential.pairs[0].epsilon"), ".5");
        assert_eq!(at("floor"), "-1.5");
        assert_eq!(at("grid.temperature[0][1]"), "NaN");
        assert_eq!(at("empty"), "[]");
        assert_eq!(at("title"), "\"a \\\"quoted\\\" ( title\"");
    }

    #[test]
    fn an_absent_part_leads_to_its_parent() {
        let tree = Node::parse(TEXT).expect("the text is well formed");
        let (node, whole) = tree.locate("species[0].symbol");
        assert!(!whole);
        assert_eq!(&TEXT[node.span.clone()], "(name: \"A\", mass: 1.0)");
    }

    #[test]
    fn leaves_carry_their_paths() {
        let tree = Node::parse(TEXT).expect("the text is well formed");
        let mut paths = Vec::new();
        tree.leaves("", &mut |path, _| paths.push(path.to_owned()));
        assert!(paths.contains(&"species[1].mass".to_owned()) && paths.contains(&"grid.temperature[0][0]".to_owned()));
    }

    #[test]
    fn broken_texts_have_no_tree() {
        for text in ["", "Scene(", "Scene(a: )", "(a: 1 b: 2)", "(a: \"x)", "(a: 1) 2", "/* (a: 1)"] {
            assert!(Node::parse(text).is_none(), "{text}");
        }
    }
}
