//! Tables of the report.

use super::findings::{self, AxisRates, with_error};
use super::html::subscripts;
use super::summary::RunSummary;
use crate::analysis::Analysis;
use crate::base::ids::StateId;
use crate::base::units::Units;
use crate::figures::{Labels, text};
use crate::thermo::Convention;
use maud::{Markup, html};

/// Wraps a table so that it scrolls within a narrow page.
fn scrolling(table: Markup) -> Markup {
    html! { div.scroll { (table) } }
}

/// The run's settings.
pub(crate) fn settings(analysis: &Analysis, summary: &RunSummary) -> Markup {
    let units = match summary.units {
        Units::Lj => "reduced Lennard-Jones (ε, σ, m, k_B = 1)",
        Units::Metal => "metal (eV, Å, K, bar, u, ps)",
    };
    let range = |values: &[f64]| {
        let low = values.iter().copied().fold(f64::INFINITY, f64::min);
        let high = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        format!("{} values, {} … {}", values.len(), text::short(low, 4), text::short(high, 4))
    };
    let mut rows: Vec<(String, String)> = vec![
        ("Scene".into(), summary.scene_name.clone()),
        ("Units".into(), units.into()),
        ("T".into(), format!("{} {}", range(&analysis.grid.temperatures()), summary.units.temperature_label())),
    ];
    for (s, axis) in analysis.grid.reservoirs.iter().enumerate() {
        let (symbol, unit) = findings::axis_symbol(analysis, s, summary.units);
        let values = range(&analysis.grid.values(s));
        rows.push((format!("{symbol} of {}", axis.species), format!("{values} {unit}")));
    }
    let replicas = match summary.runs.len() {
        0 => format!(
            "{} ({} × {})",
            summary.n_replicas,
            findings::count(summary.n_states, "state"),
            findings::count(summary.walkers, "walker")
        ),
        n => format!("{} in {n} runs over {}", summary.n_replicas, findings::count(summary.n_states, "state")),
    };
    rows.extend([
        ("Replicas".into(), replicas),
        ("Cycles".into(), format!("{} equilibration + {} production", summary.equilibration, summary.production)),
        ("Device".into(), summary.device.clone()),
        ("Kernel".into(), summary.kernel.clone()),
        ("Seed".into(), summary.seed.to_string()),
        (
            "Time".into(),
            format!(
                "{} sampling, {} analysis",
                findings::duration(summary.seconds.sampling),
                findings::duration(summary.seconds.analysis)
            ),
        ),
        (
            "Throughput".into(),
            format!(
                "{} replica-steps/s, {} insertion and deletion attempts/s",
                findings::engineering(summary.replica_steps_per_s),
                findings::engineering(summary.attempts_per_s)
            ),
        ),
        ("Version".into(), format!("adlayer {}", summary.version)),
    ]);
    html! {
        dl.settings {
            @for (name, value) in &rows {
                div { dt { (subscripts(name)) } dd { (subscripts(value)) } }
            }
        }
        @if !summary.runs.is_empty() {
            p { "Runs that are analysed together; where they differ, cycles, device, kernel, seed and throughput above are those of \
                 the first." }
            (runs(analysis, summary))
        }
    }
}

/// The runs that are analysed together, by the numbers that sentences of the verdict give them.
fn runs(analysis: &Analysis, summary: &RunSummary) -> Markup {
    let range = |values: &[f64]| {
        let low = values.iter().copied().fold(f64::INFINITY, f64::min);
        let high = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let ends = if low == high {
            text::short(low, 4)
        } else {
            format!("{} … {}", text::short(low, 4), text::short(high, 4))
        };
        format!("{} ({ends})", values.len())
    };
    let symbol = |s: usize| findings::axis_symbol(analysis, s, summary.units).0;
    scrolling(html! {
        table {
            thead { tr {
                th { "run" } th.text { "directory" } th { "states" } th { "T" }
                @for (s, axis) in analysis.grid.reservoirs.iter().enumerate() { th { (subscripts(symbol(s))) " of " (axis.species) } }
                th { "walkers" } th { "cycles" } th { "seed" } th.text { "device" }
            } }
            tbody { @for (number, run) in (1..).zip(&summary.runs) { tr {
                td { (number) }
                td.text { (run.directory) @if !run.title.is_empty() { ": " (run.title) } }
                td { (run.n_states) }
                td { (range(&run.temperatures)) }
                @for values in &run.values { td { (range(values)) } }
                td { (run.walkers) }
                td { (run.equilibration) " + " (run.production) }
                td { (run.seed) }
                td.text { (run.device) }
            } } }
        }
    })
}

/// The phases with their mean numbers and areas.
pub(crate) fn phases(analysis: &Analysis, summary: &RunSummary) -> Markup {
    scrolling(html! {
        table {
            thead { tr {
                th.text { "phase" }
                @for axis in &analysis.grid.reservoirs { th { "⟨N⟩ of " (axis.species) } }
                th { "⟨E⟩ [" (summary.units.energy_label()) "]" }
                th { (format!("share of {}", findings::part_of_map(analysis).unwrap_or_else(|| "the map".to_owned()))) }
            } }
            tbody { @for phase in &analysis.phases { tr {
                td.text { (phase.name) }
                @for n in &phase.n { td { (text::fixed(*n, 2)) } }
                td { (text::fixed(phase.energy, 2)) }
                td { (format!("{:.1} %", 100.0 * phase.area_fraction)) }
            } } }
        }
    })
}

/// Boundary points at the simulated temperatures.
pub(crate) fn boundaries(analysis: &Analysis, summary: &RunSummary) -> Markup {
    let unit = summary.units;
    let chief = findings::chief_boundaries(analysis);
    let decimals = text::decimals(chief.iter().map(|b| b.temperature), 4);
    scrolling(html! {
        table {
            thead { tr {
                th.text { "boundary" }
                th.text { "kind" }
                th { "T [" (subscripts(unit.temperature_label())) "]" }
                @for (s, axis) in analysis.grid.reservoirs.iter().enumerate() {
                    th { (mu_symbol(&axis.convention, unit)) " of " (axis.species) " [" (unit.energy_label()) "]" }
                    th { (findings::pressure_symbol(analysis, s)) " of " (axis.species) " [" (unit.pressure_label()) "]" }
                }
                th { (findings::pressure_symbol(analysis, 0)) ", low … high" }
                th { "crossings" }
            } }
            tbody { @for b in &chief { tr {
                td.text { (findings::phase_name(analysis, b.phase_a)) " | " (findings::phase_name(analysis, b.phase_b)) }
                td.text { (findings::kind_words(b.kind)) }
                td { (text::fixed(b.temperature, decimals)) }
                @for (s, p) in b.pressure.iter().enumerate() {
                    td { (findings::boundary(b, s)) }
                    td { (scientific(*p)) }
                }
                td { (scientific(b.pressure_low)) " … " (scientific(b.pressure_high)) }
                td { @if let Some(n) = b.crossings { (n) } }
            } } }
        }
    })
}

fn mu_symbol(convention: &Convention, units: Units) -> &'static str {
    Labels { units, title: String::new() }.mu_symbol(convention)
}

/// Exchange acceptance per axis, with the dead edges named.
pub(crate) fn exchange(analysis: &Analysis, rates: &[AxisRates]) -> Markup {
    let percent = |v: f64| if v.is_finite() { format!("{:.1}", 100.0 * v) } else { "–".into() };
    html! {
        (scrolling(html! {
            table {
                thead {
                    tr { th.text rowspan="2" { "axis" } th rowspan="2" { "edges" } th.group colspan="3" { "whole production [%]" }
                         th.group colspan="3" { "second half [%]" } th rowspan="2" { "below 1 %" } }
                    tr { @for _ in 0..2 { th { "least" } th { "mean" } th { "most" } } }
                }
                tbody { @for r in rates { tr class=[(!r.dead.is_empty()).then_some("bad")] {
                    td.text { (r.axis) }
                    td { (r.edges) }
                    @for v in r.whole.iter().chain(&r.second_half) { td { (percent(*v)) } }
                    td { (r.dead.len()) }
                } } }
            }
        }))
        @let dead: Vec<(&str, u32, u32)> = rates.iter()
            .flat_map(|r| r.dead.iter().map(|&(a, b)| (r.axis.as_str(), a, b))).collect();
        @if !dead.is_empty() {
            details open[dead.len() <= 12] {
                summary { (findings::count(dead.len(), "dead edge")) " (less than 1 % in the second half)" }
                ul { @for (axis, a, b) in dead { li {
                    (axis) ": state " (a) " (" (findings::state_words(analysis, a as usize)) ") – state " (b)
                    " (" (findings::state_words(analysis, b as usize)) ")"
                } } }
            }
        }
    }
}

/// Acceptance of insertions, deletions and, where they are tried, changes of identity.
pub(crate) fn moves(summary: &RunSummary) -> Markup {
    let changes = summary.acceptance.iter().any(|row| row.identity.is_some());
    scrolling(html! {
        table {
            thead { tr {
                th.text { "species" } th { "insertions accepted [%]" } th { "deletions accepted [%]" }
                @if changes { th { "changes into another accepted [%]" } }
            } }
            tbody { @for row in &summary.acceptance { tr {
                td.text { (row.species) }
                td { (format!("{:.2}", 100.0 * row.insert)) }
                td { (format!("{:.2}", 100.0 * row.delete)) }
                @if let Some(identity) = row.identity { td { (format!("{:.2}", 100.0 * identity)) } }
            } } }
        }
    })
}

/// Every state with the averages of its own samples, and ⟨N⟩ by MBAR beside them.
pub(crate) fn states(analysis: &Analysis, summary: &RunSummary) -> Markup {
    let grid = &analysis.grid;
    let unit = summary.units;
    let decimals = text::decimals(grid.temperatures().into_iter(), 4);
    scrolling(html! {
        table {
            thead { tr {
                th { "state" }
                th { "T [" (subscripts(unit.temperature_label())) "]" }
                @for axis in &grid.reservoirs {
                    th { (mu_symbol(&axis.convention, unit)) " of " (axis.species) " [" (unit.energy_label()) "]" }
                    th { "⟨N⟩ of " (axis.species) }
                    th { "by MBAR" }
                }
                th { "⟨E⟩ [" (unit.energy_label()) "]" }
                th { "samples" }
                th { "inefficiency" }
                th { "f_k" }
                th { "halves, |z|" }
            } }
            tbody { @for (k, state) in grid.points().iter().enumerate() {
                @let z = analysis.split_half.z.get(k).copied().unwrap_or(f64::NAN);
                tr class=[(z.abs() >= 4.0).then_some("bad")] {
                    td { (k) }
                    td { (text::fixed(state.temperature, decimals)) }
                    @let direct = analysis.direct.get(k).filter(|d| d.samples > 0);
                    @for s in 0..grid.n_reservoirs() {
                        td { (text::short(grid.mu(StateId(k as u32), s), 3)) }
                        td { @if let Some(d) = direct { (with_error(at(&d.n, s), at(&d.n_err, s))) } @else { "–" } }
                        @let mbar = analysis.at_states.get(k).filter(|cell| !cell.masked);
                        td { @if let Some(c) = mbar { (with_error(at(&c.n, s), at(&c.n_err, s))) } @else { "–" } }
                    }
                    td { @if let Some(d) = direct { (with_error(d.energy, d.energy_err)) } @else { "–" } }
                    td { (analysis.free_energies.n_k.get(k).copied().unwrap_or(0)) }
                    td { @if let Some(d) = direct { (text::fixed(d.inefficiency, 1)) } @else { "–" } }
                    td { (analysis.free_energies.of(k).map_or("–".into(), |(f, _)| text::fixed(f, 3))) }
                    td { @if z.is_finite() { (text::fixed(z.abs(), 1)) } @else { "–" } }
                }
            } }
        }
    })
}

fn at(values: &[f64], s: usize) -> f64 {
    values.get(s).copied().unwrap_or(f64::NAN)
}

/// A pressure in three digits.
fn scientific(value: f64) -> String {
    if !value.is_finite() {
        return "–".into();
    }
    let written = format!("{value:.2e}");
    match written.split_once('e') {
        Some((digits, exponent)) if !matches!(exponent, "0" | "-1" | "1") => {
            format!("{digits}×{}", text::power_of_ten(exponent.parse().unwrap_or(0.0)))
        }
        _ => format!("{value:.3}"),
    }
}
