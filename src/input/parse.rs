//! From text to grammar: syntax, names and types, with positions.

use crate::base::{Error, Result};
use crate::input::scene::reference::reference;
use crate::input::source::{Source, did_you_mean, nearest};
use crate::input::span::last_name;
use ron::error::{Error as RonError, Position, SpannedError};
use serde::de::DeserializeOwned;
use std::ops::Range;

/// Names that RON reads as numbers but no scene can mean.
const NOT_FINITE: [&str; 2] = ["NaN", "inf"];

/// Axes and windows that are looked through for values without their kind.
const MOST_AXES: usize = 8;

/// ron as scenes are written: `Some(…)` may be left out, and the second parentheses of a variant that is one structure.
pub(crate) fn options() -> ron::Options {
    let unwrapped = ron::extensions::Extensions::UNWRAP_VARIANT_NEWTYPES;
    ron::Options::default().with_default_extension(ron::extensions::Extensions::IMPLICIT_SOME | unwrapped)
}

/// Reads a scene (or another input) and refuses what is not in the grammar, and numbers that are not finite.
pub(crate) fn parse<T: DeserializeOwned>(source: &Source) -> Result<T> {
    let read = options().from_str(source.text()).map_err(|e| translate(source, &e))?;
    finite(source)?;
    Ok(read)
}

/// Refuses NaN, infinity and numbers beyond the range of f64.
fn finite(source: &Source) -> Result<()> {
    let Some(tree) = source.tree() else { return Ok(()) };
    let mut found = None;
    tree.leaves("", &mut |path, leaf| {
        let word = &source.text()[leaf.span.clone()];
        let named = NOT_FINITE.iter().any(|n| word.trim_start_matches(['+', '-']).starts_with(n));
        let overflows = word.replace('_', "").parse::<f64>().is_ok_and(f64::is_infinite);
        if found.is_none() && (named || overflows) {
            found = Some((leaf.span.clone(), word.to_owned(), path.to_owned()));
        }
    });
    match found {
        None => Ok(()),
        Some((span, word, path)) => {
            let name = last_name(&path);
            Err(source.error_at(span, format!("`{name}` is `{word}`, not a finite number"), "give a finite number"))
        }
    }
}

/// ron's error in the user's terms, at the offending word.
fn translate(source: &Source, error: &SpannedError) -> Error {
    let text = source.text();
    let (start, end) = (offset(text, error.span.start), offset(text, error.span.end));
    let word = word_before(text, end);
    let spelled = &text[word.clone()];
    // `ConventionSpec` is a name of ours
    let of = |outer: &Option<String>| {
        outer.as_ref().map_or(String::new(), |o| format!(" of `{}`", o.strip_suffix("Spec").unwrap_or(o)))
    };
    if let Some(error) = nameless_axis(source, start..end) {
        return error;
    }
    match &error.code {
        RonError::ExpectedNamedStructLike(name) | RonError::ExpectedDifferentStructName { expected: name, .. }
            if is_blank(&text[..word.start]) =>
        {
            another_file(source, name, word)
        }
        RonError::NoSuchStructField { expected, found, outer } => {
            let span = name_near(source, found, end).unwrap_or(word);
            let help = did_you_mean(found, expected.iter().copied());
            source.error_at(span, format!("`{found}` is no field{}", of(outer)), help)
        }
        RonError::NoSuchEnumVariant { expected, found, outer } => {
            let span = last(text, found, end).unwrap_or(word);
            let help = did_you_mean(found, expected.iter().copied());
            source.error_at(span, format!("`{found}` is no variant{}", of(outer)), help)
        }
        RonError::MissingStructField { field, outer } => {
            let node = source.tree().and_then(|t| t.enclosing(start));
            let span = node.map_or(word, |n| source.first_line(n));
            source.error_at(span, format!("field `{field}`{} is missing", of(outer)), format!("add `{field}: …`"))
        }
        RonError::DuplicateStructField { field, outer } => {
            let span = name_near(source, field, end).unwrap_or(word);
            source.error_at(span, format!("field `{field}`{} is given twice", of(outer)), "keep one of them")
        }
        RonError::InvalidValueForType { expected, found } => {
            source.error_at(word, format!("expected {expected} but found {found}"), format!("replace it by {expected}"))
        }
        RonError::ExpectedDifferentLength { expected, found } => {
            source.error_at(word, format!("expected {expected} but found {found} values"), format!("give {expected}"))
        }
        RonError::IntegerOutOfBounds => {
            let (name, span) = leaf_at(source, end).unwrap_or_default();
            let least = least_of(&name);
            let most = match name.as_str() {
                "max_atoms" | "atoms" => u64::from(u16::MAX),
                "seed" => u64::MAX,
                _ => u64::from(u32::MAX),
            };
            let message = format!("`{name}` is {}, out of range", &text[span.clone()]);
            source.error_at(span, message, format!("give a whole number from {least} to {most}"))
        }
        RonError::ExpectedInteger => {
            source.error_at(word, format!("`{spelled}` is not a whole number"), "give a whole number, 0 or more")
        }
        // 1e3 is read as hexadecimal digits
        RonError::InvalidIntegerDigit { .. } if leaf_at(source, end).is_some() => not_whole(source, end),
        RonError::ExpectedStructLike if !spelled.is_empty() => {
            let help = format!("write `{spelled}()`, or `{spelled}(…)` with its fields");
            source.error_at(word, format!("`{spelled}` has fields, and no brackets follow it"), help)
        }
        RonError::ExpectedComma if leaf_at(source, end).is_some_and(|(_, s)| s.start < end && end < s.end) => {
            not_whole(source, end)
        }
        RonError::ExpectedIdentifier if spelled.starts_with('"') => {
            let bare = spelled.trim_matches('"');
            source.error_at(word, format!("`{spelled}` is a text, not a name"), format!("write {bare} without quotes"))
        }
        RonError::ExpectedFloat => source.error_at(word, format!("`{spelled}` is not a number"), "give a number"),
        RonError::ExpectedString => {
            source.error_at(word, format!("`{spelled}` is not a text"), "put names and texts in double quotes")
        }
        RonError::Eof => source.error_at(word, format!("the {} ends too early", source.what()), "close every bracket"),
        RonError::TrailingCharacters => source.error_at(
            word,
            format!("text follows the end of the {}", source.what()),
            "remove it or check the brackets",
        ),
        other => {
            let what = other.to_string();
            let what =
                what.chars().next().map_or(String::new(), |c| c.to_lowercase().chain(what.chars().skip(1)).collect());
            let help = match nearest(spelled, ["true", "false", "None"]) {
                Some(name) if name != spelled => format!("did you mean `{name}`?"),
                _ => format!("check commas, colons and brackets here; {}", source.example()),
            };
            source.error_at(word, format!("at `{spelled}`: {what}"), help)
        }
    }
}

/// What is said of a file that begins with another word than `name`.
fn another_file(source: &Source, name: &str, word: Range<usize>) -> Error {
    let text = source.text();
    let line: String = text[word.start..].trim_start().lines().next().unwrap_or("").trim().chars().take(30).collect();
    let what = source.what();
    let message = match line.is_empty() {
        true => format!("the file is empty, and a {what} begins with `{name}(`"),
        false => format!("the file begins with `{line}`, and a {what} with `{name}(`"),
    };
    let own_command = COMMANDS.iter().find(|(head, _, _)| *head != name && *head == &text[word.clone()]);
    let help = match own_command {
        Some((_, other, command)) => format!("it is a {other}: give it to `{command}`"),
        None => format!("name a {what}; {}", source.example()),
    };
    source.error_at(word, message, help)
}

/// What is said of the value at the byte `end`, which is a number but no whole one, or not written as one.
fn not_whole(source: &Source, end: usize) -> Error {
    let (name, span) = leaf_at(source, end).unwrap_or_default();
    let written = &source.text()[span.clone()];
    let help = match written.parse::<f64>() {
        Ok(x) if x >= 0.0 && x.fract() == 0.0 && x < 1e15 => format!("write the whole number {x}"),
        _ => format!("give a whole number, {} or more", least_of(&name)),
    };
    source.error_at(span.clone(), format!("`{name}` is {written}, not a whole number"), help)
}

/// Inputs by the word they begin with: what they are, and the command that reads them.
const COMMANDS: [(&str, &str, &str); 3] = [
    ("Scene", "scene", "adlayer check` or `adlayer run"),
    ("Aiat", "list of structures", "adlayer aiat"),
    ("Che", "reaction", "adlayer che"),
];

/// Whether a text holds nothing but space and comments.
fn is_blank(text: &str) -> bool {
    text.lines().map(str::trim).all(|line| line.is_empty() || line.starts_with("//"))
}

/// The least that a count of this name may be in a scene.
fn least_of(name: &str) -> u32 {
    let all = reference();
    let of_name = || all.iter().flat_map(|section| &section.fields).filter(|field| field.name == name);
    let from_one = of_name().count() > 0 && of_name().all(|field| field.limits.starts_with("1 "));
    u32::from(from_one)
}

/// An error about values of an axis, `[90, 105]` or `90`, that do not say what they are.
///
/// - `at`: bytes where ron stopped
fn nameless_axis(source: &Source, at: Range<usize>) -> Option<Error> {
    let text = source.text();
    let axes = (0..MOST_AXES)
        .flat_map(|i| [format!("grid.reservoir[{i}].values"), format!("windows[{i}].temperature")])
        .chain(["grid.temperature".to_owned()]);
    for path in axes.filter(|path| source.has(path)) {
        let node = source.tree()?.locate(&path).0;
        let (span, spelled) = (node.span.clone(), source.spelled(&path));
        // ron stops before the value, at the colon, or inside it
        let between = text.get(at.end.min(span.start)..span.start)?;
        if at.start > span.end || !between.trim_matches([':', ' ', '\n', '\t', '\r']).is_empty() {
            continue;
        }
        let inside = spelled.strip_prefix("List(").and_then(|s| s.strip_suffix(')'));
        let list = match (spelled.chars().next()?, inside) {
            ('[', _) => format!("List({spelled})"),
            (c, _) if c.is_ascii_digit() || matches!(c, '+' | '-' | '.') => format!("List([{spelled}])"),
            (_, Some(values)) if !values.trim_start().starts_with('[') => format!("List([{values}])"),
            _ => continue,
        };
        let message = format!("`{}` is {spelled}, which does not say what kind of values it gives", last_name(&path));
        let help = format!("write {list}, or Linear(from: …, to: …, n: …), or Geometric(from: …, to: …, n: …)");
        return Some(source.error_at(span, message, help));
    }
    None
}

/// Byte offset of ron's position.
fn offset(text: &str, position: Position) -> usize {
    let line_start: usize = text.split_inclusive('\n').take(position.line.saturating_sub(1)).map(str::len).sum();
    text[line_start..].char_indices().nth(position.col.saturating_sub(1)).map_or(text.len(), |(i, _)| line_start + i)
}

/// The word at or just before the byte `at`.
fn word_before(text: &str, at: usize) -> Range<usize> {
    let is_part = |c: char| c.is_alphanumeric() || matches!(c, '_' | '+' | '-' | '.' | '"');
    let ahead = text[at..].find(|c| !is_part(c)).unwrap_or(text.len() - at);
    let end = if ahead > 0 { at + ahead } else { text[..at].trim_end().len() };
    let start = text[..end].char_indices().rev().take_while(|&(_, c)| is_part(c)).last().map(|(i, _)| i);
    let start = start.or_else(|| text[..end].char_indices().next_back().map(|(i, _)| i)).unwrap_or(0);
    start..end
}

/// The value that contains the byte `at`: the name of its field and its place.
fn leaf_at(source: &Source, at: usize) -> Option<(String, Range<usize>)> {
    let mut found = None;
    source.tree()?.leaves("", &mut |path, leaf| {
        if leaf.span.start <= at && at <= leaf.span.end {
            found = Some((last_name(path).to_owned(), leaf.span.clone()));
        }
    });
    found
}

/// The field name `name` nearest before the byte `at`.
fn name_near(source: &Source, name: &str, at: usize) -> Option<Range<usize>> {
    let mut all = Vec::new();
    if let Some(tree) = source.tree() {
        tree.field_names(name, &mut all);
    }
    all.into_iter().filter(|s| s.start <= at).max_by_key(|s| s.start).or_else(|| last(source.text(), name, at))
}

/// The last occurrence of `name` that starts before the byte `at`.
fn last(text: &str, name: &str, at: usize) -> Option<Range<usize>> {
    text.match_indices(name).map(|(i, _)| i).take_while(|&i| i <= at).last().map(|i| i..i + name.len())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    const GOOD: &str = include_str!("../../scenes/lj_surface.ron");

    /// What is said of a text.
    fn said(text: &str) -> String {
        match crate::input::scene::parse(text, Path::new("x.ron")) {
            Err(error) => error.to_string(),
            Ok(_) => panic!("accepted"),
        }
    }

    fn changed(from: &str, to: &str) -> String {
        assert!(GOOD.contains(from), "{from}");
        said(&GOOD.replacen(from, to, 1))
    }

    fn contains(text: &str, all: &[&str]) {
        all.iter().for_each(|words| assert!(text.contains(words), "`{words}` is not in {text}"));
    }

    #[test]
    fn messages_say_what_to_write() {
        let brackets = changed("insertion: Biased(trials: 1)", "insertion: Biased");
        contains(&brackets, &["`Biased` has fields, and no brackets follow it", "write `Biased()`"]);
        let number = changed("max_atoms: 64", "max_atoms: 1e3");
        contains(&number, &["`max_atoms` is 1e3, not a whole number", "write the whole number 1000"]);
        contains(&changed("max_atoms: 64", "max_atoms: -1"), &["`max_atoms` is -1, out of range", "from 1 to 65535"]);
        contains(
            &changed("convention: Activity", "convention: Activty"),
            &["no variant of `Convention`;", "`Activity`"],
        );
    }

    #[test]
    fn a_misspelt_species_is_shown_where_it_is_misspelt() {
        let axis = changed(r#"(species: "B", convention"#, r#"(species: "Bb", convention"#);
        contains(&axis, &["`Bb`", "did you mean `B`?"]);
        assert!(!axis.contains("no axis in"), "{axis}");
    }

    #[test]
    fn inputs_of_other_commands_name_them() {
        let aiat = said("// structures\nAiat(\n    reservoirs: [],\n)");
        contains(&aiat, &["the file begins with `Aiat(`, and a scene with `Scene(`", "give it to `adlayer aiat`"]);
        contains(&said("Che(title: \"x\")"), &["it is a reaction: give it to `adlayer che`"]);
        let scene =
            crate::input::aiat::parse(GOOD, Path::new("x.ron")).err().map(|e| e.to_string()).unwrap_or_default();
        contains(&scene, &["it is a scene: give it to `adlayer check` or `adlayer run`"]);
    }
}
