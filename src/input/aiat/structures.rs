//! Structures of a list: what they hold, and which is the clean one.

use super::catmap::Table;
use super::{Aiat, TableSpec, positive};
use crate::base::{Error, Result};
use crate::input::real_modes;
use crate::input::source::{Source, did_you_mean, ensure};
use crate::thermochemistry::aiat::{Reservoir, Species, Structure};
use crate::thermochemistry::composition::{self, Elements, Unresolved};
use crate::thermochemistry::formula;
use crate::thermochemistry::gas::SOFT_MODE;
use crate::thermochemistry::harmonic::quantum_free_energy;

/// Structures of the file and of its table, the clean one first.
pub(super) fn structures(
    source: &Source,
    spec: &Aiat,
    species: &[Species],
    table: Option<&Table>,
) -> Result<Vec<Structure>> {
    let mut structures = Vec::new();
    for (i, s) in spec.structures.iter().enumerate() {
        let at = format!("structures[{i}]");
        let place = |k: usize| format!("{at}.composition[{k}]");
        let counts = counts(source, &place, &s.label, &s.composition, species)?;
        positive(source, &format!("{at}.area"), s.area)?;
        real_modes(source, &format!("{at}.vibrations"), &s.label, &s.vibrations)?;
        let (label, energy, wavenumbers) = (s.label.clone(), s.energy, s.vibrations.clone());
        structures.push(Structure { label, energy, counts, area: s.area, wavenumbers });
    }
    if let (Some(table), Some(t)) = (table, &spec.table) {
        add_table(source, table, t, species, &mut structures)?;
    }
    ensure!(
        source,
        structures.len() >= 2,
        "structures",
        format!("{} structures", structures.len()),
        "give the clean surface and at least one other, as `structures` or as `table`",
    );
    for (i, s) in structures.iter().enumerate() {
        ensure!(
            source,
            structures.iter().position(|o| o.label == s.label) == Some(i),
            format!("structures[{i}].label"),
            format!("structure `{}` is given twice", s.label),
            "give each structure its own label",
        );
    }
    put_clean_first(source, spec.clean.as_deref(), &mut structures)?;
    Ok(structures)
}

/// Adds the rows of a table, and the clean surface of energy 0 that they refer to.
fn add_table(
    source: &Source,
    table: &Table,
    spec: &TableSpec,
    species: &[Species],
    structures: &mut Vec<Structure>,
) -> Result<()> {
    if !structures.iter().any(|s| s.counts.iter().all(|&n| n == 0.0)) {
        structures.push(Structure {
            label: format!("clean {}", spec.surface),
            energy: 0.0,
            counts: vec![0.0; species.len()],
            area: spec.area,
            wavenumbers: Vec::new(),
        });
    }
    for row in &table.adsorbates {
        // e.g. `OH` or `O+CO`: each part a species of its own, or its elements
        let parts: Vec<(String, f64)> = row.species.split('+').map(|part| (part.trim().to_owned(), 1.0)).collect();
        let known = |name: &str| species.iter().any(|s| s.name == name) || formula::parse(name).is_some();
        ensure!(
            source,
            parts.iter().all(|(name, _)| known(name)),
            "table",
            format!("`{}` in the table is no chemical formula", row.species),
            "write e.g. `OH`, or `O+CO` for two adsorbates",
        );
        let counts = counts(source, &|_| "table".to_owned(), &row.species, &parts, species)?;
        real_modes(source, "table", &row.label, &row.wavenumbers)?;
        let (label, wavenumbers) = (row.label.clone(), row.wavenumbers.clone());
        structures.push(Structure { label, energy: row.energy, counts, area: spec.area, wavenumbers });
    }
    Ok(())
}

/// Raises the modes that are to be raised; without that wish, what is to be said of soft ones.
pub(super) fn soft_modes(source: &Source, spec: &Aiat, structures: &mut [Structure]) -> Result<Vec<String>> {
    if let Some(floor) = spec.raise_modes_below {
        positive(source, "raise_modes_below", floor)?;
        structures.iter_mut().flat_map(|s| &mut s.wavenumbers).for_each(|w| *w = w.max(floor));
        return Ok(Vec::new());
    }
    let temperature = spec.named_temperatures.iter().copied().fold(0.0, f64::max);
    let soft = |s: &&Structure| s.wavenumbers.iter().any(|w| *w < SOFT_MODE);
    let words = |s: &Structure| {
        let modes: Vec<f64> = s.wavenumbers.iter().copied().filter(|w| *w < SOFT_MODE).collect();
        let listed: Vec<String> = modes.iter().map(f64::to_string).collect();
        format!(
            "structure `{}` has {} below {SOFT_MODE} 1/cm ({}): harmonic, {} {:.3} eV to its free energy at {temperature} K, \
             without bound as a mode softens; check the unit (1 meV is 8.066 1/cm) and the relaxation, or take such modes \
             as `raise_modes_below: {SOFT_MODE:.1}`",
            s.label,
            if modes.len() == 1 { "a mode" } else { "modes" },
            listed.join(", "),
            if modes.len() == 1 { "it adds" } else { "they add" },
            quantum_free_energy(&modes, temperature),
        )
    };
    Ok(structures.iter().filter(soft).map(words).collect())
}

/// Elements of one unit of every species; none where its name is no formula.
fn elements(species: &[Species]) -> Vec<Elements> {
    let of = |s: &Species| {
        let molecule = match &s.reservoir {
            Reservoir::Gas { gas, atoms: 1, .. } => Some(gas.elements.clone()),
            _ => formula::parse(&s.name),
        };
        molecule.unwrap_or_default().into_iter().map(|(e, n)| (e, f64::from(n))).collect()
    };
    species.iter().map(of).collect()
}

/// `[n_species]` from a list of names with numbers: species, or formulas whose elements the species hold together. Numbers
/// below 0 are atoms that are missing.
///
/// - `place`: where the k-th name stands
fn counts(
    source: &Source,
    place: &dyn Fn(usize) -> String,
    label: &str,
    composition: &[(String, f64)],
    species: &[Species],
) -> Result<Vec<f64>> {
    let names: Vec<&str> = species.iter().map(|s| s.name.as_str()).collect();
    let mut counts = vec![0.0; species.len()];
    let mut rest = Elements::new();
    for (name, n) in composition {
        match names.iter().position(|s| s == name) {
            Some(s) => counts[s] += n,
            None => {
                let parsed = formula::parse(name).unwrap_or_else(|| vec![(name.clone(), 1)]);
                parsed.iter().for_each(|(e, m)| composition::add(&mut rest, e, n * f64::from(*m)));
            }
        }
    }
    let units = elements(species);
    let shares = composition::amounts(&rest, &units)
        .map_err(|unresolved| no_amounts(source, place, label, composition, (&names, &units), &unresolved))?;
    counts.iter_mut().zip(shares).for_each(|(count, more)| *count += more);
    Ok(counts)
}

/// Why a composition cannot be told apart into species.
///
/// - `species`: names, and the elements of one unit of each
fn no_amounts(
    source: &Source,
    place: &dyn Fn(usize) -> String,
    label: &str,
    composition: &[(String, f64)],
    (names, units): (&[&str], &[Elements]),
    unresolved: &Unresolved,
) -> Error {
    let (Unresolved::Missing(element) | Unresolved::Ambiguous(element, _)) = unresolved;
    let holds = |name: &str| formula::parse(name).is_some_and(|f| f.iter().any(|(e, _)| e == element));
    let found =
        composition.iter().position(|(name, _)| !names.contains(&name.as_str()) && (name == element || holds(name)));
    let k = found.unwrap_or(0);
    let name = composition.get(k).map_or("", |c| c.0.as_str());
    let supplied = units.iter().flatten().any(|(e, _)| e == element);
    let (message, remedy) = match unresolved {
        Unresolved::Missing(_) if supplied => (
            format!("structure `{label}` cannot be made of the reservoirs: {element} would be too much or too little"),
            format!("give {element} a reservoir of its own, or write the numbers of the species in `composition`"),
        ),
        Unresolved::Missing(_) => {
            let what = if name == element { String::new() } else { format!(" the {element} of") };
            (
                format!("structure `{label}` holds{what} `{name}`, which has no reservoir: its reference is missing"),
                format!("add it to `reservoirs` ({})", did_you_mean(name, names.iter().copied())),
            )
        }
        Unresolved::Ambiguous(_, several) => {
            let several: Vec<String> = several.iter().map(|&s| format!("`{}`", names[s])).collect();
            (
                format!("the {element} of structure `{label}` could come from {}", several.join(" or ")),
                "write the numbers of these species in `composition`".to_owned(),
            )
        }
    };
    source.error(&place(k), message, remedy)
}

fn put_clean_first(source: &Source, clean: Option<&str>, structures: &mut Vec<Structure>) -> Result<()> {
    let first = match clean {
        Some(label) => structures.iter().position(|s| s.label == label).ok_or_else(|| {
            let labels: Vec<&str> = structures.iter().map(|s| s.label.as_str()).collect();
            source.error("clean", format!("there is no structure `{label}`"), did_you_mean(label, labels))
        })?,
        // Without a name: the first that holds no atom of a reservoir, else the first.
        None => structures.iter().position(|s| s.counts.iter().all(|&n| n == 0.0)).unwrap_or(0),
    };
    let clean = structures.remove(first);
    structures.insert(0, clean);
    Ok(())
}
