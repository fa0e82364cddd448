//! Wording of counts, numbers and states in sentences.

use super::EdgeCheck;
use crate::thermo::Convention;
use crate::thermo::states::{Axis, Reservoir, StateGrid};

pub(super) fn states_are(n: usize) -> String {
    if n == 1 { "1 state is".to_owned() } else { format!("{n} states are") }
}

pub(super) fn edges(n: usize) -> String {
    if n == 1 { "1 pair of states".to_owned() } else { format!("{n} pairs of states") }
}

pub(super) fn edge_words(e: &EdgeCheck) -> String {
    format!("{}–{}", e.edge.a.0, e.edge.b.0)
}

/// What an axis of the scene gives: T, μ of a species, or p of one.
pub(super) fn axis_words(grid: &StateGrid, axis: Axis) -> String {
    let Axis::Reservoir(r) = axis else { return "T".to_owned() };
    let Reservoir { convention, species } = &grid.reservoirs[r];
    format!("{} of {species}", if convention.is_pressure() { "p" } else { "μ" })
}

/// The unit of a pressure axis, after a space; reduced units have none.
pub(super) fn axis_unit(grid: &StateGrid, axis: Axis) -> &'static str {
    let Axis::Reservoir(r) = axis else { return "" };
    match &grid.reservoirs[r].convention {
        Convention::Gas(_) => " bar",
        Convention::Pressure { unit } if *unit != 1.0 => " bar",
        _ => "",
    }
}

/// A value of an axis as its scene would give it.
///
/// - `value`: T, or μ at the lowest temperature of the grid
pub(super) fn value_words(grid: &StateGrid, axis: Axis, value: f64) -> String {
    let convention = match axis {
        Axis::Reservoir(r) if grid.reservoirs[r].convention.is_pressure() => &grid.reservoirs[r].convention,
        _ => return short(value),
    };
    let coldest = grid.points().iter().map(|s| s.kt).fold(f64::INFINITY, f64::min);
    scientific(convention.value(convention.ln_z_of_mu(value, coldest), coldest))
}

/// `two`, `three`, or digits.
pub(super) fn number_words(n: usize) -> String {
    match n {
        2 => "two".to_owned(),
        3 => "three".to_owned(),
        n => n.to_string(),
    }
}

/// The first few of a list.
pub(super) fn first(all: &[String]) -> String {
    let shown: Vec<&str> = all.iter().take(6).map(String::as_str).collect();
    if all.len() > 6 { format!("{}, …", shown.join(", ")) } else { shown.join(", ") }
}

/// States by their temperatures: `5 at T = 0.15, 1 at T = 0.24`.
pub(super) fn ranges(grid: &StateGrid, states: &[usize]) -> String {
    let mut temperatures: Vec<f64> = states.iter().map(|&k| grid.states[k].temperature).collect();
    temperatures.sort_by(f64::total_cmp);
    let mut groups: Vec<(f64, usize)> = Vec::new();
    for t in temperatures {
        match groups.last_mut() {
            Some((last, n)) if *last == t => *n += 1,
            _ => groups.push((t, 1)),
        }
    }
    first(&groups.iter().map(|(t, n)| format!("{n} at T = {}", short(*t))).collect::<Vec<_>>())
}

/// As [`short`], with a power of ten where that is shorter, as a scene takes it: pressures go over many decades.
fn scientific(x: f64) -> String {
    if (1e-3..1e5).contains(&x.abs()) || x == 0.0 { short(x) } else { format!("{x:.2e}") }
}

/// Four significant digits, without zeros at the end.
pub(super) fn short(x: f64) -> String {
    if !x.is_finite() {
        return "–".to_owned();
    }
    let digits = (3 - x.abs().max(1e-12).log10().floor() as i32).clamp(0, 12) as usize;
    let text = format!("{x:.digits$}");
    let text = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text };
    text.replace('-', "−")
}
