//! The page: order of sections and its style.

use super::html::{STYLE, head, show, words};
use super::summary::RunSummary;
use super::{findings, finite_size, tables, trust};
use crate::analysis::Analysis;
use crate::figures::{Figure, NOTHING_DRAWN, hover};
use maud::{DOCTYPE, Markup, PreEscaped, html};

/// The whole document.
pub(crate) fn page(analysis: &Analysis, summary: &RunSummary, figures: &[Figure]) -> Markup {
    let title = if summary.title.is_empty() { &summary.scene_name } else { &summary.title };
    let rates = findings::axis_rates(summary);
    let Gallery { chief, trust, plots, snapshots } = Gallery::new(figures);
    let data = hover::data(analysis, summary.units, figures);
    html! {
        (DOCTYPE)
        html lang="en" {
            (head(title, &[STYLE]))
            body {
                header {
                    h1 { (title) }
                    p.lead { "Replica-exchange grand-canonical sampling: " (summary.n_states) " states, "
                        @match summary.runs.len() {
                            0 => { (summary.production) " cycles of production on " (summary.device) "." }
                            n => { (n) " runs together." }
                        }
                    }
                }
                main {
                    @if !summary.warnings.is_empty() {
                        section.warnings {
                            h2 { "Warnings" }
                            ul { @for warning in &summary.warnings { li { (words(warning)) } } }
                        }
                    }
                    section {
                        h2 { "What was found" }
                        (found(analysis, summary))
                        @for &(number, figure) in &chief { (show(number, figure)) }
                    }
                    section {
                        h2 { "Can this run be trusted?" }
                        (trust::section(analysis, summary, &trust))
                    }
                    section {
                        h2 { "Figures" }
                        @if data.is_some() { p { "Over the maps, the phase diagram above among them, the pointer shows T, μ, p, ⟨N⟩ with its error, and the phase." } }
                        @for &(number, figure) in &plots { (show(number, figure)) }
                        @if figures.is_empty() { p { (words(NOTHING_DRAWN)) } }
                    }
                    @if !snapshots.is_empty() {
                        section {
                            h2 { "What the phases look like" }
                            @for &(number, figure) in &snapshots { (show(number, figure)) }
                        }
                    }
                    section {
                        h2 { "Finite size" }
                        (finite_size::section(analysis, summary))
                    }
                    section {
                        h2 { "Settings" }
                        (tables::settings(analysis, summary))
                    }
                    @if !rates.is_empty() || !summary.acceptance.is_empty() || summary.segments.is_some() {
                        section {
                            h2 { "Moves and exchange" }
                            @if !summary.acceptance.is_empty() { (tables::moves(summary)) }
                            @if let Some(segments) = &summary.segments { p { (findings::segments(segments)) } }
                            @if !rates.is_empty() {
                                p { "Accepted exchanges between neighbouring states, by axis of the grid. The second half alone \
                                     shows edges that went dead." }
                                (tables::exchange(analysis, &rates))
                            }
                        }
                    }
                    section {
                        h2 { "States" }
                        p { "Averages of each state's own stored samples, no reweighting, with standard errors." }
                        details {
                            summary { "All " (analysis.grid.n_points()) " states" }
                            (tables::states(analysis, summary))
                        }
                    }
                    section {
                        h2 { "Scene" }
                        details {
                            summary { "The scene with every default written out" }
                            pre { code { (summary.resolved_scene) } }
                        }
                    }
                }
                @if let Some(data) = &data {
                    script type="application/json" id="map-data" { (PreEscaped(data)) }
                    script { (PreEscaped(hover::SCRIPT)) }
                }
                footer { p { "Written by adlayer " (summary.version) ". This page loads nothing from elsewhere." } }
            }
        }
    }
}

/// How the names of the figures begin that tell whether a run can be trusted.
const OF_TRUST: [&str; 3] = ["flow_", "exchange_", "estimators_"];

/// Figures with their numbers, by the section that shows them; numbered as the page shows them.
struct Gallery<'a> {
    /// The phase diagram
    chief: Vec<(usize, &'a Figure)>,
    trust: Vec<(usize, &'a Figure)>,
    plots: Vec<(usize, &'a Figure)>,
    snapshots: Vec<(usize, &'a Figure)>,
}

impl<'a> Gallery<'a> {
    fn new(figures: &'a [Figure]) -> Gallery<'a> {
        let first = figures.iter().position(|f| f.name.starts_with("phase_diagram_"));
        let section = |(i, figure): (usize, &Figure)| match figure.name.as_str() {
            _ if Some(i) == first => 0,
            name if OF_TRUST.iter().any(|stem| name.starts_with(stem)) => 1,
            name if name.starts_with("snapshot_") => 3,
            _ => 2,
        };
        let mut number = 0;
        let [chief, trust, plots, snapshots] = [0, 1, 2, 3].map(|wanted| {
            let here = figures.iter().enumerate().filter(|&(i, f)| section((i, f)) == wanted);
            here.map(|(_, figure)| {
                number += 1;
                (number, figure)
            })
            .collect()
        });
        Gallery { chief, trust, plots, snapshots }
    }
}

fn found(analysis: &Analysis, summary: &RunSummary) -> Markup {
    let lines = findings::chief_boundaries(analysis);
    let map = findings::part_of_map(analysis).unwrap_or_else(|| "the map".to_owned());
    html! {
        @if analysis.grid.n_reservoirs() == 0 {
            p { "A canonical run: the numbers of atoms are fixed, and the grid is one of temperatures." }
        } @else if analysis.phases.is_empty() {
            p { "No phases could be told apart." }
        } @else {
            p {
                @match analysis.phases.len() { 1 => "One phase: ", n => (format!("{n} phases: ")) }
                @for (i, phase) in analysis.phases.iter().enumerate() {
                    @if i > 0 { ", " }
                    strong { (phase.name) }
                    (format!(" ({:.0} %{})", 100.0 * phase.area_fraction, if i == 0 { format!(" of {map}") } else { String::new() }))
                }
                ". A phase is a basin of P(N) (maxima separated by a valley shallower than 1 kT count as one), told further apart by \
                 filled layers and by order where the scene observes them."
            }
            (tables::phases(analysis, summary))
            @if lines.is_empty() {
                p { "No boundary between phases lies on the map." }
            } @else {
                p { "Boundaries at the simulated temperatures, first-order ones where two basins are equally probable"
                    @if lines.len() < analysis.boundaries.len() {
                        " (all " (analysis.boundaries.len()) " points: "
                        a href="analysis/boundaries.csv" { "boundaries.csv" } ")"
                    }
                    ":" }
                (tables::boundaries(analysis, summary))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_numbered_as_the_page_shows_them() {
        let figure = |name: &str| Figure { name: name.into(), ..Figure::default() };
        let figures =
            ["map_n_B", "phase_diagram_B", "phase_diagram_pressure_B", "snapshot_gas", "flow_mu_B"].map(figure);
        let gallery = Gallery::new(&figures);
        let names = |part: &[(usize, &Figure)]| part.iter().map(|(n, f)| (*n, f.name.clone())).collect::<Vec<_>>();
        assert_eq!(names(&gallery.chief), [(1, "phase_diagram_B".to_owned())]);
        assert_eq!(names(&gallery.trust), [(2, "flow_mu_B".to_owned())]);
        assert_eq!(names(&gallery.plots), [(3, "map_n_B".to_owned()), (4, "phase_diagram_pressure_B".to_owned())]);
        assert_eq!(names(&gallery.snapshots), [(5, "snapshot_gas".to_owned())]);
    }
}
