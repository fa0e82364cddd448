//! What is said of every field of a scene: unit, default, limits, meaning and an example. Types, and what may be left out,
//! are those of the grammar; tests hold these words to it.

mod cell;
mod clients;
mod grid;
mod observables;
mod particles;
mod potential;
mod run;
mod scene;

/// What holds where a field is left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Preset {
    /// It must be given.
    Needed,
    /// A value, as a scene would spell it.
    Value(&'static str),
    /// Said in words, because it follows from the rest of the scene.
    Words(&'static str),
}

/// A line of the reference: a field, or a variant (without a name) that has its own line.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Line {
    pub(crate) name: &'static str,
    pub(crate) unit: &'static str,
    pub(crate) preset: Preset,
    pub(crate) limits: &'static str,
    pub(crate) meaning: &'static str,
    /// As a scene spells it; empty for a variant without fields.
    pub(crate) example: &'static str,
}

/// A structure or a variant of the grammar.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Section {
    /// As [`super::trace`] names it.
    pub(crate) owner: &'static str,
    /// Where a scene has it.
    pub(crate) place: &'static str,
    pub(crate) meaning: &'static str,
    pub(crate) lines: &'static [Line],
}

const fn line(
    name: &'static str,
    unit: &'static str,
    preset: Preset,
    limits: &'static str,
    meaning: &'static str,
    example: &'static str,
) -> Line {
    Line { name, unit, preset, limits, meaning, example }
}

const fn section(owner: &'static str, place: &'static str, meaning: &'static str, lines: &'static [Line]) -> Section {
    Section { owner, place, meaning, lines }
}

/// Every structure and every variant of the grammar, in the order of a scene.
pub(crate) fn sections() -> impl Iterator<Item = &'static Section> {
    let all = [
        scene::SECTIONS,
        potential::FORMS,
        clients::SECTIONS,
        potential::SHARED,
        cell::SECTIONS,
        particles::SECTIONS,
        grid::SECTIONS,
        run::SECTIONS,
        observables::SECTIONS,
    ];
    all.into_iter().flatten()
}
