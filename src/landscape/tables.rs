//! The tables of a comparison: `aiat_minima.csv`, `aiat_boundaries.csv`, `aiat_steps.csv`, `aiat_maps.csv`.

use crate::base::error::{Error, Result};
use crate::io::csv::{Table, number};
use crate::landscape::Search;
use crate::landscape::comparison::Comparison;
use std::path::Path;

pub(crate) fn write(comparison: &Comparison, search: &Search, folder: &Path) -> Result<()> {
    std::fs::create_dir_all(folder).map_err(Error::io("cannot create", folder))?;
    minima(comparison, search).write(&folder.join("aiat_minima.csv"))?;
    boundaries(comparison).write(&folder.join("aiat_boundaries.csv"))?;
    steps(comparison).write(&folder.join("aiat_steps.csv"))?;
    maps(comparison).write(&folder.join("aiat_maps.csv"))
}

fn names<'a>(comparison: &'a Comparison, pattern: &'a str) -> impl Iterator<Item = String> + 'a {
    comparison.analysis.grid.reservoirs.iter().map(move |r| pattern.replace("<s>", &r.species))
}

fn minima(comparison: &Comparison, search: &Search) -> Table {
    let mut columns: Vec<String> = names(comparison, "n_<s>").collect();
    columns.extend(
        [
            "energy",
            "multiplicity",
            "found",
            "negative_modes",
            "flat_modes",
            "curvature_min",
            "curvature_max",
            "sum_ln_curvature",
        ]
        .map(str::to_owned),
    );
    let mut table = Table::new(&columns);
    for m in &search.minima {
        let mut row: Vec<String> = m.counts.iter().map(u16::to_string).collect();
        row.extend([number(m.energy), m.multiplicity.to_string(), m.found.to_string()]);
        row.extend([m.negative.to_string(), m.flat.to_string()]);
        let end = |x: Option<&f64>| number(x.copied().unwrap_or(f64::NAN));
        row.extend([end(m.curvatures.first()), end(m.curvatures.last())]);
        let sum: f64 = m.curvatures.iter().map(|k| k.ln()).sum();
        row.push(if m.is_harmonic() { number(sum) } else { String::new() });
        table.push(row);
    }
    table
}

fn boundaries(comparison: &Comparison) -> Table {
    let mut table = Table::new([
        "phase_a",
        "phase_b",
        "temperature",
        "mu_regc",
        "mu_regc_err",
        "crossover",
        "mu_minima",
        "mu_harmonic",
        "n_b",
        "multiplicity_shift",
        "mu_quantum",
    ]);
    for b in &comparison.boundaries {
        let mut row = vec![b.phase_a.to_string(), b.phase_b.to_string()];
        row.extend([b.temperature, b.mu, b.mu_err].map(number));
        row.push(b.crossover.to_string());
        row.extend([b.minima, b.harmonic].map(number));
        row.extend([b.n_b.to_string(), number(b.multiplicity_shift), number(b.quantum)]);
        table.push(row);
    }
    table
}

fn steps(comparison: &Comparison) -> Table {
    let mut table = Table::new(["picture", "temperature", "n_a", "n_b", "mu"]);
    for s in &comparison.steps {
        table.push([
            s.picture.as_str().to_owned(),
            number(s.temperature),
            s.n_a.to_string(),
            s.n_b.to_string(),
            number(s.mu),
        ]);
    }
    table
}

fn maps(comparison: &Comparison) -> Table {
    let mut columns = vec!["temperature".to_owned()];
    for pattern in ["mu_<s>", "n_<s>", "n_<s>_minima", "n_<s>_harmonic"] {
        columns.extend(names(comparison, pattern));
    }
    if comparison.quantum.is_some() {
        columns.extend(names(comparison, "n_<s>_quantum"));
    }
    let mut table = Table::new(&columns);
    let pictures = comparison.minima.map.cells.iter().zip(&comparison.harmonic.map.cells);
    for (i, (own, (minima, harmonic))) in comparison.analysis.map.cells.iter().zip(pictures).enumerate() {
        let n_s = own.mu.len();
        let counts = |c: &crate::analysis::MapCell| -> Vec<String> {
            (0..n_s).map(|s| if c.masked { String::new() } else { number(c.n[s]) }).collect()
        };
        let mut row = vec![number(own.temperature)];
        row.extend(own.mu.iter().map(|&m| number(m)));
        row.extend(counts(own).into_iter().chain(counts(minima)).chain(counts(harmonic)));
        row.extend(comparison.quantum.iter().flat_map(|q| counts(&q.map.cells[i])));
        table.push(row);
    }
    table
}
