//! The note on finite size.

use super::findings;
use super::summary::RunSummary;
use crate::analysis::{Analysis, BoundaryKind};
use crate::figures::text;
use maud::{Markup, html};

pub(super) fn section(analysis: &Analysis, summary: &RunSummary) -> Markup {
    let cell = &summary.cell;
    let [x, y, z] = cell.lengths;
    let unit = summary.units.length_label();
    let length = |v: f64| text::short(v, 3);
    let half = 0.5 * cell.shortest_period;
    let most: Vec<String> = cell.max_atoms.iter().map(|(s, n)| format!("{n} {s}")).collect();
    let step =
        findings::chief_boundaries(analysis).into_iter().find(|b| b.kind == BoundaryKind::FirstOrder).and_then(|b| {
            let phase = |id: usize| analysis.phases.iter().find(|p| p.id == id);
            let (a, c) = (phase(b.phase_a)?, phase(b.phase_b)?);
            let atoms: f64 = a.n.iter().zip(&c.n).map(|(m, n)| (n - m).abs()).sum();
            let width = 4.0 * summary.units.boltzmann() * b.temperature / atoms;
            (atoms > 0.0 && width.is_finite()).then_some((a, c, b.temperature, atoms, width))
        });
    html! {
        p {
            "The cell measures " (length(x)) " × " (length(y)) " " (unit)
            @if cell.tilt != 0.0 { " (oblique: the second period leads " (length(cell.tilt)) " " (unit) " along the first)" }
            " and "
            (length(z)) " " (unit) @if cell.periodic_z { " in z, periodic in all directions" } @else { " between its walls" }
            @if !most.is_empty() { ", and holds at most " (most.join(" and ")) }
            ". In a cell of this size transitions are rounded and shifted: correlations longer than half a period ("
            (length(half)) " " (unit) ") are cut off, an ordered layer is only found if its periods fit the cell, and N cannot \
             pass its limit."
            @if let Some((a, c, t, atoms, width)) = step {
                " At T = " (text::short(t, 4)) ", where " (a.name) " and " (c.name) " are equally probable, N changes by about "
                (text::short(atoms, 1)) " atoms, so the step of ⟨N⟩ is spread over about 4kT/ΔN = " (text::short(width, 3)) " "
                (summary.units.energy_label()) " in μ."
            }
        }
        p {
            "The errors on this page are statistical and do not contain this. Before a boundary, a triple or a critical point \
             is quoted for an infinite surface, repeat the run with a larger `repeat` (and `max_atoms`) and compare."
        }
    }
}
