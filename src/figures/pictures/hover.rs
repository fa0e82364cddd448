//! Numbers of the maps, embedded in the page as JSON, and the script that shows them under the pointer.

use crate::analysis::{Analysis, MapCell};
use crate::base::units::Units;
use crate::figures::pictures::plot::map_slice::{Across, Slice};
use crate::figures::{Figure, Labels};
use serde_json::{Value, json};

/// The script; it loads nothing from the network.
pub(crate) const SCRIPT: &str = include_str!("hover.js");

/// Digits of the embedded numbers; the tables have all of them.
const DIGITS: usize = 6;

/// The maps of those figures that show one, as JSON; none if no figure does.
///
/// `planes` hold, row by row (T slowest): `x`, `t` in full, and `mu`, `p`, `n`, `err` of every species and `phase`; what
/// equals `x` or is masked is null.
pub(crate) fn data(analysis: &Analysis, units: Units, figures: &[Figure]) -> Option<String> {
    let mut kinds: Vec<(bool, usize)> = Vec::new();
    let mut shown = Vec::new();
    for figure in figures {
        let Some(plane) = &figure.plane else { continue };
        let kind = (plane.pressure, plane.species);
        let place = kinds.iter().position(|k| *k == kind).unwrap_or_else(|| {
            kinds.push(kind);
            kinds.len() - 1
        });
        shown.push(json!({
            "name": figure.name, "plane": place, "area": plane.area, "x": plane.x, "y": plane.y,
        }));
    }
    if shown.is_empty() {
        return None;
    }
    let planes: Option<Vec<Value>> = kinds.iter().map(|&(pressure, s)| plane(analysis, pressure, s)).collect();
    let labels = Labels { units, title: String::new() };
    let species: Vec<Value> = analysis
        .grid
        .reservoirs
        .iter()
        .enumerate()
        .map(|(s, axis)| {
            let pressure = labels.pressure_symbol(analysis, s);
            json!({"name": axis.species, "symbol": labels.mu_symbol(&axis.convention), "pressure": pressure})
        })
        .collect();
    let phases: serde_json::Map<String, Value> =
        analysis.phases.iter().map(|p| (p.id.to_string(), json!(p.name))).collect();
    let all = json!({
        "units": {
            "temperature": units.temperature_label(), "energy": units.energy_label(), "pressure": units.pressure_label(),
        },
        "species": species,
        "phases": phases,
        "planes": planes?,
        "figures": shown,
    });
    // A name may hold anything, but the element ends at its first `</`.
    Some(all.to_string().replace('<', "\\u003c"))
}

/// One plane of a map.
fn plane(analysis: &Analysis, pressure: bool, species: usize) -> Option<Value> {
    let across = if pressure { Across::Pressure } else { Across::Mu };
    let slice = Slice::new(analysis, across, species)?.for_picture();
    let cells: Vec<&MapCell> = (0..slice.rows.len())
        .flat_map(|r| (0..slice.columns.len()).map(move |c| (r, c)))
        .filter_map(|(r, c)| slice.any_cell(r, c))
        .collect();
    let n_s = analysis.grid.n_reservoirs();
    let column = |f: &dyn Fn(&MapCell, usize) -> f64, s: usize| -> Value {
        cells.iter().map(|cell| short(f(cell, s))).collect::<Vec<_>>().into()
    };
    // The own axis of the plane is `x`.
    let other = |is_own: bool, f: &dyn Fn(&MapCell, usize) -> f64, s: usize| {
        if is_own && s == species { Value::Null } else { column(f, s) }
    };
    let known = |cell: &MapCell, values: &[f64], s: usize| {
        if cell.masked { f64::NAN } else { values.get(s).copied().unwrap_or(f64::NAN) }
    };
    let each = |f: &dyn Fn(usize) -> Value| -> Vec<Value> { (0..n_s).map(f).collect() };
    let own_is_mu = !pressure;
    Some(json!({
        "pressure": pressure,
        "t": slice.rows,
        "x": slice.columns,
        "mu": each(&|s| other(own_is_mu, &|cell, s| cell.mu[s], s)),
        "p": each(&|s| other(pressure, &|cell, s| cell.pressure[s], s)),
        "n": each(&|s| column(&|cell, s| known(cell, &cell.n, s), s)),
        "err": each(&|s| column(&|cell, s| known(cell, &cell.n_err, s), s)),
        "phase": cells.iter().map(|cell| cell.phase.filter(|_| !cell.masked)).collect::<Vec<_>>(),
    }))
}

/// A number in few digits; null if it is not finite.
fn short(value: f64) -> Value {
    let digits: Option<f64> = format!("{value:.*e}", DIGITS - 1).parse().ok().filter(|v: &f64| v.is_finite());
    digits.map_or(Value::Null, |v| json!(v))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short_and_what_is_not_finite_is_null() {
        assert_eq!(short(-6.202_345_678).to_string(), "-6.20235");
        assert_eq!(short(3.0e-11).to_string(), "3e-11");
        assert_eq!(short(f64::NAN), Value::Null);
        assert_eq!(short(f64::INFINITY), Value::Null);
    }
}
