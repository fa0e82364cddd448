//! Tables of formation energies as CatMAP reads them: tab-separated, with a header line.

use crate::base::{Error, Result};
use crate::io::number::finite;
use std::path::Path;

/// What a table says of one surface.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Table {
    /// Adsorbates on the surface.
    pub(crate) adsorbates: Vec<Adsorbate>,
    /// Gases.
    pub(crate) gases: Vec<Molecule>,
    /// What was left out, and what may not be meant.
    pub(crate) warnings: Vec<String>,
}

/// Which rows are wanted.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Choice<'a> {
    /// `surface_name`
    pub(crate) surface: &'a str,
    /// The column `facet`, or `site_name` where there is none.
    pub(crate) facet: Option<&'a str>,
    /// Values of `site_name`; empty for all.
    pub(crate) sites: &'a [String],
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

/// Where the columns stand.
struct Columns {
    surface: usize,
    site: usize,
    species: usize,
    energy: usize,
    facet: Option<usize>,
    frequencies: Option<usize>,
}

impl Columns {
    /// The columns that a header names; else what is wrong.
    fn of(header: &csv::StringRecord) -> std::result::Result<Columns, String> {
        let column = |name: &str| header.iter().position(|h| h.trim() == name);
        if let [only] = header.iter().collect::<Vec<_>>()[..]
            && only.contains(',')
        {
            return Err(
                "line 1: the names are separated by commas; separate the columns by tabs (frequencies hold commas)"
                    .to_owned(),
            );
        }
        let needed = |name: &str| {
            column(name).ok_or_else(|| {
                format!("line 1: there is no column `{name}`; name it in the header, tabs between names")
            })
        };
        Ok(Columns {
            surface: needed("surface_name")?,
            site: needed("site_name")?,
            species: needed("species_name")?,
            energy: needed("formation_energy")?,
            facet: column("facet"),
            frequencies: column("frequencies"),
        })
    }
}

/// Names in the order in which they were met, each once.
fn remember(names: &mut Vec<String>, name: &str) {
    if !names.iter().any(|n| n == name) {
        names.push(name.to_owned());
    }
}

/// Whether the name of a site is that of a facet: `111`, `(211)`, `10-10`, `0001`.
fn is_facet(site: &str) -> bool {
    let bare = site.trim_matches(['(', ')', '[', ']', '{', '}']);
    let digits = bare.chars().filter(char::is_ascii_digit).count();
    digits >= 3 && bare.chars().all(|c| c.is_ascii_digit() || c == '-')
        || bare.chars().take(3).filter(char::is_ascii_digit).count() == 3
}

/// Reads the columns `surface_name`, `site_name`, `species_name`, `formation_energy` and, where they are there, `frequencies`
/// (a list in brackets, 1/cm) and `facet`. Rows with site `gas` are gases; rows of other surfaces, facets and sites are left
/// out, and so are transition states, whose names hold a `-`.
///
/// # Errors
/// [`Error::BadInput`] with line and remedy; also where rows of several facets are left and none is chosen.
pub(crate) fn parse(text: &str, path: &Path, choice: &Choice) -> Result<Table> {
    let bad = |problem: String| Error::BadInput { path: path.to_owned(), problem };
    let mut reader =
        csv::ReaderBuilder::new().delimiter(b'\t').flexible(true).quoting(false).from_reader(text.as_bytes());
    let columns = Columns::of(&reader.headers().map_err(|e| bad(e.to_string()))?.clone()).map_err(bad)?;
    let mut table = Table { adsorbates: Vec::new(), gases: Vec::new(), warnings: Vec::new() };
    let (mut surfaces, mut facets, mut sites) = (Vec::new(), Vec::new(), Vec::new());
    let (mut kept_facets, mut kept_sites, mut saddles) = (Vec::new(), Vec::new(), Vec::new());
    for record in reader.records() {
        let record = record.map_err(|e| bad(e.to_string()))?;
        let line = record.position().map_or(0, csv::Position::line);
        let cell = |k: usize| record.get(k).unwrap_or("").trim();
        let site = cell(columns.site);
        let name = cell(columns.species).trim_end_matches('*');
        if site == "gas" {
            let (energy, wavenumbers) = numbers(&record, &columns, line).map_err(bad)?;
            match table.gases.iter().find(|g| g.name == name) {
                None => table.gases.push(Molecule { name: name.to_owned(), energy, wavenumbers }),
                Some(g) if g.energy == energy && g.wavenumbers == wavenumbers => {}
                Some(g) => {
                    return Err(bad(format!(
                        "line {line}: gas `{name}` is given twice, with {} and {energy} eV; keep one row",
                        g.energy
                    )));
                }
            }
            continue;
        }
        remember(&mut surfaces, cell(columns.surface));
        if cell(columns.surface) != choice.surface {
            continue;
        }
        let facet = cell(columns.facet.unwrap_or(columns.site));
        remember(&mut facets, facet);
        remember(&mut sites, site);
        if choice.facet.is_some_and(|f| f != facet)
            || !choice.sites.is_empty() && !choice.sites.iter().any(|s| s == site)
        {
            continue;
        }
        if name.contains('-') {
            saddles.push(format!("`{name}` (line {line})"));
            continue;
        }
        remember(&mut kept_facets, facet);
        remember(&mut kept_sites, site);
        let (energy, wavenumbers) = numbers(&record, &columns, line).map_err(bad)?;
        let label = format!("{name} ({site})");
        if table.adsorbates.iter().any(|a| a.label == label) && (columns.facet.is_none() || choice.facet.is_some()) {
            return Err(bad(format!(
                "line {line}: `{label}` is given twice; name the site of each, e.g. by its coverage"
            )));
        }
        table.adsorbates.push(Adsorbate { label, species: name.to_owned(), energy, wavenumbers });
    }
    let surface = choice.surface;
    if facets.is_empty() {
        return Err(bad(format!("no row is of surface `{surface}`; there are: {}", surfaces.join(", "))));
    }
    if let Some(unknown) = choice.facet.filter(|f| !facets.iter().any(|known| known == f)) {
        let known = facets.join(", ");
        return Err(bad(format!("no row of surface `{surface}` is of facet `{unknown}`; there are: {known}")));
    }
    if let Some(unknown) = choice.sites.iter().find(|s| !sites.contains(s)) {
        let known = sites.join(", ");
        return Err(bad(format!("no row of surface `{surface}` is of site `{unknown}`; there are: {known}")));
    }
    if table.adsorbates.is_empty() {
        return Err(bad(format!(
            "no row of surface `{surface}` is left as a phase: {}",
            if saddles.is_empty() { "choose another `facet` or `sites`" } else { "all are transition states" }
        )));
    }
    several(&mut table, choice, columns.facet.is_some(), &kept_facets, &kept_sites).map_err(bad)?;
    if !saddles.is_empty() {
        let (what, is) = if saddles.len() == 1 { ("a transition state", "is") } else { ("transition states", "are") };
        table.warnings.push(format!("{}: {} {is} left out: {what}, no phase", path.display(), saddles.join(", ")));
    }
    Ok(table)
}

/// Asks for a facet where rows of several are left; says which sites are taken together.
fn several(
    table: &mut Table,
    choice: &Choice,
    has_facets: bool,
    facets: &[String],
    sites: &[String],
) -> std::result::Result<(), String> {
    let of_sites = choice.sites.is_empty() && sites.iter().any(|s| is_facet(s));
    if choice.facet.is_none() && facets.len() > 1 && (has_facets || of_sites) {
        return Err(format!(
            "rows of surface `{}` are of several facets: {}; choose one in `table`, e.g. `facet: \"{}\"`",
            choice.surface,
            facets.join(", "),
            facets[0]
        ));
    }
    if choice.sites.is_empty() && sites.len() > 1 {
        let listed: Vec<String> = sites.iter().map(|s| format!("\"{s}\"")).collect();
        table.warnings.push(format!(
            "rows of surface `{}` at several sites are taken together as one facet; to choose, or to say so, write `sites: \
             [{}]` in `table`",
            choice.surface,
            listed.join(", ")
        ));
    }
    Ok(())
}

/// Formation energy [eV] and frequencies [1/cm] of a row; else what is wrong.
fn numbers(record: &csv::StringRecord, columns: &Columns, line: u64) -> std::result::Result<(f64, Vec<f64>), String> {
    let cell = |k: usize| record.get(k).unwrap_or("").trim();
    let (name, word) = (cell(columns.species), cell(columns.energy));
    let energy = finite(word).ok_or_else(|| {
        let remedy = if word.contains(',') { "write decimal points" } else { "complete the row" };
        format!("line {line}: formation_energy is `{word}`, not a number; {remedy}")
    })?;
    let list = columns.frequencies.map_or("", cell).trim_matches(['[', ']', '"']);
    let wavenumbers = list
        .split(',')
        .map(str::trim)
        .filter(|w| !w.is_empty())
        .map(|w| finite(w).ok_or_else(|| format!("line {line}: `{w}` in frequencies is not a number; correct it")))
        .collect::<std::result::Result<Vec<f64>, String>>()?;
    if let Some(w) = wavenumbers.iter().find(|w| **w <= 0.0) {
        return Err(format!(
            "line {line}: {w} in frequencies of `{name}` is imaginary or zero; relax the structure until every mode is \
             real, or leave it out"
        ));
    }
    Ok((energy, wavenumbers))
}
