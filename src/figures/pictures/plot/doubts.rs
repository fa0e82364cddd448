//! Points of a chart that are no good averages.

use super::canvas::Mark;
use super::curves::{Series, is_at_limit};
use super::legend::{Entry, Sign};
use super::palette;
use crate::analysis::Analysis;
use kuva::render::color::Color;

/// Places (x, y) of points, by what is wrong with them.
#[derive(Default)]
pub(crate) struct Doubts {
    /// States at the limit of N.
    at_limit: Vec<(f64, f64)>,
    /// Others that may not be quoted.
    not_quotable: Vec<(f64, f64)>,
}

impl Doubts {
    /// Books the point of species `s` in a state, if there is something wrong with it.
    pub(crate) fn add(&mut self, analysis: &Analysis, state: usize, s: usize, place: (f64, f64)) {
        let checked = analysis.checks.diagnostics.as_ref().and_then(|d| d.states.get(state));
        if analysis.direct.get(state).is_some_and(|direct| is_at_limit(direct, s)) {
            self.at_limit.push(place);
        } else if checked.is_some_and(|state| !state.quotable) {
            self.not_quotable.push(place);
        }
    }

    /// Takes over what another found.
    pub(crate) fn append(&mut self, other: Doubts) {
        self.at_limit.extend(other.at_limit);
        self.not_quotable.extend(other.not_quotable);
    }

    /// Leaves out what is not drawn.
    pub(crate) fn keep(&mut self, is_drawn: impl Fn(&(f64, f64)) -> bool) {
        self.at_limit.retain(&is_drawn);
        self.not_quotable.retain(&is_drawn);
    }

    /// Whether a point stands for a state at the limit of N.
    pub(crate) fn is_at_limit(&self, place: (f64, f64)) -> bool {
        self.at_limit.contains(&place)
    }

    /// Places of the states at the limit of N.
    pub(crate) fn at_limit(&self) -> &[(f64, f64)] {
        &self.at_limit
    }

    /// Fill and outline of a point that is not good, in the colour of its curve; `None` for a good one.
    pub(crate) fn hollow(&self, place: (f64, f64), colour: &Color) -> Option<(Color, (Color, f64))> {
        self.not_quotable.contains(&place).then(|| (palette::PAPER, (colour.clone(), 1.5)))
    }

    /// The triangle of a state at the limit: size, fill, outline.
    pub(crate) fn triangle(fill: Option<Color>) -> (Mark, f64, Color, (Color, f64)) {
        (Mark::Triangle, 4.2, fill.unwrap_or(palette::PAPER), (palette::INK, 1.4))
    }

    /// Entries of the legend, and sentences of the caption with a space before each.
    pub(crate) fn words(&self) -> (Vec<Entry>, String) {
        let (mut entries, mut words) = (Vec::new(), String::new());
        if !self.at_limit.is_empty() {
            let (mark, size, fill, outline) = Doubts::triangle(None);
            let label = "N at `max_atoms`: too low".into();
            entries.push(Entry { sign: Sign::Mark(mark, size, fill, outline), label });
            words.push_str(" Triangles: states at `max_atoms`, whose averages are too low.");
        }
        if !self.not_quotable.is_empty() {
            let sign = Sign::Mark(Mark::Disc, 3.3, palette::PAPER, (palette::FAINT, 1.5));
            entries.push(Entry { sign, label: "not to be quoted".into() });
            words.push_str(
                " Hollow points: states that may not be quoted (`quotable` in analysis/diagnostics.csv), for no replicas tie them to their \
                 neighbours, or samples are too few.",
            );
        }
        (entries, words)
    }

    /// The colour of the curve that a point belongs to.
    pub(crate) fn colour_at(series: &[Series], place: (f64, f64)) -> Option<Color> {
        let own = series.iter().find(|s| s.points.iter().any(|p| (p.0, p.1) == place));
        own.map(|s| s.colour.clone())
    }
}
