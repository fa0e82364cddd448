//! The reference of scenes: every field with its type, unit, default, limits, meaning and an example.
//!
//! Types, and what may be left out, come from the grammar itself; the words beside them are held to it by tests.

mod trace;
mod words;

use super::grammar::Scene;
use serde::Serialize;
use words::{Preset, sections};

/// A structure or a variant of the grammar with its fields.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SectionReference {
    /// What a scene writes, e.g. `Fcc111` or `species`.
    pub name: String,
    /// Where a scene has it.
    pub place: String,
    /// What it is.
    pub meaning: String,
    /// Its fields; none for a variant that is a word.
    pub fields: Vec<FieldReference>,
}

/// A field of a scene.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FieldReference {
    /// Its name; empty for a value of a variant without names.
    pub name: String,
    /// What it holds.
    pub kind: String,
    /// Its unit; empty without one.
    pub unit: String,
    /// What holds where it is left out; `None` if it must be given.
    pub default: Option<String>,
    /// What is accepted.
    pub limits: String,
    /// What it says.
    pub meaning: String,
    /// As a scene writes it.
    pub example: String,
}

/// The whole grammar of scenes, in the order of a scene.
pub fn reference() -> Vec<SectionReference> {
    let traced = trace::fields::<Scene>();
    let kind = |owner: &str, name: &str| {
        traced.iter().find(|f| f.owner == owner && f.name == name).map_or_else(String::new, |f| in_scene(&f.kind))
    };
    let section = |s: &words::Section| SectionReference {
        name: s.owner.rsplit("::").next().unwrap_or(s.owner).to_owned(),
        place: s.place.to_owned(),
        meaning: s.meaning.to_owned(),
        fields: s
            .lines
            .iter()
            .map(|line| FieldReference {
                name: if line.name.starts_with(|c: char| c.is_ascii_digit()) { "" } else { line.name }.to_owned(),
                kind: kind(s.owner, line.name),
                unit: line.unit.to_owned(),
                default: match line.preset {
                    Preset::Needed => None,
                    Preset::Value(text) | Preset::Words(text) => Some(text.to_owned()),
                },
                limits: line.limits.to_owned(),
                meaning: line.meaning.to_owned(),
                example: line.example.to_owned(),
            })
            .collect(),
    };
    sections().map(section).collect()
}

/// A kind as a scene shows it: structures have no names there.
fn in_scene(kind: &str) -> String {
    kind.split(" | ").map(one_in_scene).collect::<Vec<_>>().join(" | ")
}

fn one_in_scene(kind: &str) -> String {
    let (open, inner, close) = match kind.strip_prefix('[').and_then(|k| k.strip_suffix(", …]")) {
        Some(inner) => ("[", inner, ", …]"),
        None => ("", kind, ""),
    };
    let is_structure = sections().any(|s| s.owner == inner);
    format!("{open}{}{close}", if is_structure { "(…)" } else { inner })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_field_of_the_grammar_has_words_and_no_other() {
        let traced = trace::fields::<Scene>();
        let of_grammar: BTreeSet<(&str, &str)> = traced.iter().map(|f| (&*f.owner, &*f.name)).collect();
        let variants = sections().filter(|s| s.owner.contains("::")).map(|s| (s.owner, ""));
        let lines = sections().flat_map(|s| s.lines.iter().map(|line| (s.owner, line.name)));
        let all: Vec<(&str, &str)> = variants.chain(lines).collect();
        let described: BTreeSet<(&str, &str)> = all.iter().copied().collect();
        assert_eq!(all.len(), described.len(), "a field is described twice");
        let missing: Vec<_> = of_grammar.difference(&described).collect();
        let extra: Vec<_> = described.difference(&of_grammar).collect();
        assert!(missing.is_empty(), "src/input/scene/reference/words/ lacks {missing:?}");
        assert!(extra.is_empty(), "src/input/scene/reference/words/ has, and the grammar has not, {extra:?}");
        assert!(described.len() > 150, "{} fields and variants", described.len());
    }

    /// A field is needed where the grammar refuses a scene without it; a default in code is what the grammar fills in.
    #[test]
    fn defaults_are_those_of_the_grammar_and_examples_are_read() {
        let traced = trace::fields::<Scene>();
        for section in sections() {
            for line in section.lines {
                let found = traced.iter().find(|f| f.owner == section.owner && f.name == line.name);
                let Some(field) = found else { panic!("{}.{} is not in the grammar", section.owner, line.name) };
                let at = format!("{}.{}", section.owner, line.name);
                assert_eq!(field.optional, line.preset != Preset::Needed, "{at}: whether it may be left out");
                let read = |text| trace::with::<Scene>(field, text).unwrap_or_else(|e| panic!("{at}: {e}"));
                if let Preset::Value(text) = line.preset {
                    assert_eq!(read(Some(text)), read(None), "{at}: its default is not {text}");
                }
                assert!(!line.example.is_empty(), "{at} has no example");
                read(Some(line.example));
            }
        }
    }

    #[test]
    fn a_wrong_example_is_refused() {
        let traced = trace::fields::<Scene>();
        let Some(seed) = traced.iter().find(|f| f.owner == "Scene" && f.name == "seed") else { panic!("no seed") };
        assert!(trace::with::<Scene>(seed, Some("\"one\"")).is_err());
        assert!(trace::with::<Scene>(seed, Some("1 2")).is_err());
        assert_eq!(trace::with::<Scene>(seed, Some("7")).map(|s| s.seed).ok(), Some(7));
    }
}
