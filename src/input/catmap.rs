//! Tables of formation energies as CatMAP reads them: tab-separated, with a header line.

use crate::base::{Error, Result};
use std::path::Path;

/// What a table says of one surface.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Table {
    /// Adsorbates on the surface.
    pub(crate) adsorbates: Vec<Adsorbate>,
    /// Gases.
    pub(crate) gases: Vec<Molecule>,
}

/// A row of a gas.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Molecule {
    /// Formula.
    pub(crate) name: String,
    /// Formation energy [eV].
    pub(crate) energy: f64,
    /// [1/cm]
    pub(crate) wavenumbers: Vec<f64>,
}

/// A row of an adsorbate.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Adsorbate {
    /// Formula and site.
    pub(crate) label: String,
    /// Formula.
    pub(crate) species: String,
    /// Formation energy [eV].
    pub(crate) energy: f64,
    /// [1/cm]
    pub(crate) wavenumbers: Vec<f64>,
}

/// Reads the columns `surface_name`, `site_name`, `species_name`, `formation_energy` and `frequencies` (a list in
/// brackets, 1/cm; may be absent). Rows with site `gas` are gases, rows of other surfaces are left out.
pub(crate) fn parse(text: &str, path: &Path, surface: &str) -> Result<Table> {
    let bad = |problem: String| Error::BadInput { path: path.to_owned(), problem };
    let mut reader =
        csv::ReaderBuilder::new().delimiter(b'\t').flexible(true).quoting(false).from_reader(text.as_bytes());
    let header = reader.headers().map_err(|e| bad(e.to_string()))?.clone();
    let column = |name: &str| header.iter().position(|h| h.trim() == name);
    let needed = |name: &str| {
        column(name).ok_or_else(|| {
            bad(format!("line 1: there is no column `{name}`; name it in the header, tabs between names"))
        })
    };
    let (surfaces, sites) = (needed("surface_name")?, needed("site_name")?);
    let (species, energies) = (needed("species_name")?, needed("formation_energy")?);
    let frequencies = column("frequencies");
    let mut table = Table { adsorbates: Vec::new(), gases: Vec::new() };
    let mut known = Vec::new();
    for (i, record) in reader.records().enumerate() {
        let record = record.map_err(|e| bad(e.to_string()))?;
        let line = i + 2;
        let cell = |k: usize| record.get(k).unwrap_or("").trim();
        let word = cell(energies);
        let energy: f64 =
            word.parse().ok().filter(|x: &f64| x.is_finite()).ok_or_else(|| {
                bad(format!("line {line}: formation_energy is `{word}`, not a number; complete the row"))
            })?;
        let name = cell(species).to_owned();
        let is_gas = cell(sites) == "gas";
        if !is_gas && cell(surfaces) != surface {
            known.push(cell(surfaces).to_owned());
            continue;
        }
        let list = frequencies.map_or("", cell).trim_matches(['[', ']', '"']);
        let numbers = list.split(',').map(str::trim).filter(|w| !w.is_empty());
        let wavenumbers = numbers
            .map(|w| {
                w.parse().map_err(|_| bad(format!("line {line}: `{w}` in frequencies is not a number; correct it")))
            })
            .collect::<Result<Vec<f64>>>()?;
        if let Some(w) = wavenumbers.iter().find(|w| w.is_nan() || **w <= 0.0) {
            return Err(bad(format!(
                "line {line}: {w} in frequencies of `{name}` is imaginary or zero; relax the structure until every mode \
                 is real, or leave it out"
            )));
        }
        if is_gas {
            table.gases.push(Molecule { name, energy, wavenumbers });
            continue;
        }
        let label = format!("{name} ({})", cell(sites));
        if table.adsorbates.iter().any(|a| a.label == label) {
            return Err(bad(format!(
                "line {line}: `{label}` is given twice; name the site of each, e.g. by its coverage"
            )));
        }
        table.adsorbates.push(Adsorbate { label, species: name, energy, wavenumbers });
    }
    if table.adsorbates.is_empty() {
        known.dedup();
        return Err(bad(format!("no row is of surface `{surface}`; there are: {}", known.join(", "))));
    }
    Ok(table)
}
