//! The section on whether a run can be trusted: the verdict in words, what to change, and the figures behind it.

use super::findings;
use super::html::{show, words};
use super::summary::RunSummary;
use crate::analysis::Analysis;
use crate::analysis::diagnostics::{Mood, Sentence};
use crate::figures::Figure;
use maud::{Markup, html};

/// The section's content.
///
/// - `figures`: those of this section, with their numbers
pub(super) fn section(analysis: &Analysis, summary: &RunSummary, figures: &[(usize, &Figure)]) -> Markup {
    let verdict = &analysis.checks.verdict;
    let (first, rest) = verdict.sentences.split_at(verdict.sentences.len().min(1));
    html! {
        @for sentence in first { p.sum { strong { (words(&sentence.words)) } } }
        ul.verdict {
            @for sentence in rest { (item(sentence)) }
            @for finding in findings::verdict(analysis, summary) {
                li class=(if finding.good { "good" } else { "poor" }) { (words(&finding.words)) }
            }
        }
        (disagreeing(analysis))
        (alarms(analysis))
        (excluded(analysis))
        @for &(number, figure) in figures { (show(number, figure)) }
        @if analysis.checks.diagnostics.is_some() {
            p { "Numbers of every state and edge: "
                a href="analysis/diagnostics.csv" { "diagnostics.csv" } ", "
                a href="analysis/overlap.csv" { "overlap.csv" } ", "
                a href="analysis/flow.csv" { "flow.csv" } ", "
                a href="analysis/boundary_convergence.csv" { "boundary_convergence.csv" } "." }
        }
    }
}

fn item(sentence: &Sentence) -> Markup {
    let class = match sentence.mood {
        Mood::Good => "good",
        Mood::Remark | Mood::Caution => "remark",
        Mood::Poor => "poor",
    };
    html! { li class=(class) { (words(&sentence.words)) } }
}

/// States whose halves in time do not agree.
fn disagreeing(analysis: &Analysis) -> Markup {
    let bad = findings::disagreeing(analysis);
    html! {
        @if !bad.is_empty() {
            p { "States whose halves disagree; they are not equilibrated, and what lies near them on the maps should not be \
                 relied on:" }
            ul { @for (state, z) in bad.iter().take(12) {
                li { "state " (state) ": " (findings::state_words(analysis, *state)) (format!(" (|z| = {:.1})", z.abs())) }
            } }
            @if bad.len() > 12 { p { "and " (bad.len() - 12) " more, marked in the table of states." } }
        }
    }
}

/// States in which the estimators disagree.
fn alarms(analysis: &Analysis) -> Markup {
    let alarms = analysis.checks.estimators.as_ref().map(|e| e.alarms()).unwrap_or_default();
    html! {
        @if !alarms.is_empty() {
            p { "States in which the transition matrix and MBAR disagree:" }
            ul { @for a in alarms.iter().take(12) {
                li { "state " (a.state) ": " (findings::state_words(analysis, a.state))
                    (format!(": ⟨N⟩ {} and {}, worst |z| = {:.1}",
                        findings::with_error(a.n_tm, a.n_tm_err), findings::with_error(a.n_mbar, a.n_mbar_err), a.worst())) }
            } }
            @if alarms.len() > 12 { p { "and " (alarms.len() - 12) " more in "
                a href="analysis/estimators.csv" { "estimators.csv" } "." } }
        }
    }
}

/// States that are excluded.
fn excluded(analysis: &Analysis) -> Markup {
    let excluded = &analysis.checks.excluded;
    html! {
        @if !excluded.is_empty() {
            details {
                summary { "States set aside because even and odd walkers differ (" (excluded.len()) ")" }
                ul { @for f in excluded {
                    li { "state " (f.state) ": " (findings::state_words(analysis, f.state)) ": ⟨N⟩ "
                        (numbers(&f.even)) " in even walkers, " (numbers(&f.odd)) " in odd ones" }
                } }
            }
        }
    }
}

fn numbers(values: &[f64]) -> String {
    values.iter().map(|x| format!("{x:.2}")).collect::<Vec<_>>().join(", ")
}
