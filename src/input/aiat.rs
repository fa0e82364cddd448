//! Lists of structures for ab initio thermodynamics: `Aiat( … )`, structures in the file or in a table of CatMAP.

use super::{catmap, grammar, real_modes};
use crate::base::Result;
use crate::base::units::{ATM_PA, BAR_PA};
use crate::input::beside;
use crate::input::gas::find;
use crate::input::scene::grammar::AxisValues;
use crate::input::source::{Source, did_you_mean, ensure};
use crate::io::text::read_text;
use crate::thermochemistry::aiat::{Reservoir, Species, Structure, Surface};
use crate::thermochemistry::formula;
use crate::thermochemistry::gas::{Source as Thermal, zero_point_energy};
use serde::Deserialize;
use std::path::Path;

/// A checked list of structures with what is to be drawn.
#[derive(Debug, Clone, PartialEq)]
pub struct AiatInput {
    /// Free text for figures.
    pub title: String,
    /// Whether the numbers are only examples.
    pub illustrative: bool,
    /// Structures and reservoirs, the clean surface first.
    pub surface: Surface,
    /// `[n_gases]`, one or two.
    pub axes: Vec<AxisInput>,
    /// Temperatures of the (T, p) diagram. \[K\]
    pub temperatures: Vec<f64>,
    /// Temperatures whose pressures stand on secondary axes and in tables. \[K\]
    pub named_temperatures: Vec<f64>,
    /// Unit in which pressures are shown.
    pub pressure_unit: PressureUnit,
}

/// What is drawn of one gas.
#[derive(Debug, Clone, PartialEq)]
pub struct AxisInput {
    /// The species whose Δμ it is.
    pub species: String,
    /// Range of Δμ. \[eV\]
    pub delta_mu: (f64, f64),
    /// Range of the pressure. \[Pa\]
    pub pressure: (f64, f64),
    /// Where it stands while the other gas varies. \[Pa\]
    pub fixed_pressure: f64,
}

/// Unit of pressures in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
pub enum PressureUnit {
    /// Pascal.
    Pa,
    /// 10⁵ Pa.
    #[default]
    Bar,
    /// 101325 Pa.
    Atm,
}

impl PressureUnit {
    /// One unit in Pa.
    pub fn pascals(self) -> f64 {
        match self {
            PressureUnit::Pa => 1.0,
            PressureUnit::Bar => BAR_PA,
            PressureUnit::Atm => ATM_PA,
        }
    }

    /// Its symbol.
    pub fn symbol(self) -> &'static str {
        match self {
            PressureUnit::Pa => "Pa",
            PressureUnit::Bar => "bar",
            PressureUnit::Atm => "atm",
        }
    }
}

/// The file as written.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Aiat {
    #[serde(default)]
    title: String,
    #[serde(default)]
    illustrative: bool,
    reservoirs: Vec<ReservoirSpec>,
    #[serde(default)]
    structures: Vec<StructureSpec>,
    #[serde(default)]
    table: Option<TableSpec>,
    #[serde(default)]
    clean: Option<String>,
    axes: Vec<AxisSpec>,
    temperature: AxisValues,
    named_temperatures: Vec<f64>,
    #[serde(default)]
    pressure_unit: PressureUnit,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename = "Reservoir", deny_unknown_fields)]
enum ReservoirSpec {
    /// A gas: `energy` is that of its molecule on the scale of the structures.
    Gas {
        species: String,
        gas: String,
        #[serde(default)]
        energy: Option<f64>,
        /// Whether the zero-point energy of the library is still to be added to `energy`.
        #[serde(default)]
        add_zero_point: bool,
    },
    /// A bulk phase: `energy` per atom.
    Bulk { species: String, energy: f64 },
}

impl ReservoirSpec {
    fn species(&self) -> &str {
        match self {
            ReservoirSpec::Gas { species, .. } | ReservoirSpec::Bulk { species, .. } => species,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename = "Structure", deny_unknown_fields)]
struct StructureSpec {
    label: String,
    energy: f64,
    #[serde(default)]
    composition: Vec<(String, f64)>,
    area: f64,
    /// [1/cm]
    #[serde(default)]
    vibrations: Vec<f64>,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename = "Table", deny_unknown_fields)]
struct TableSpec {
    path: String,
    surface: String,
    /// Area of the cell of every row. [Å²]
    area: f64,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename = "Axis", deny_unknown_fields)]
struct AxisSpec {
    species: String,
    delta_mu: (f64, f64),
    pressure: (f64, f64),
    #[serde(default)]
    fixed_pressure: Option<f64>,
}

/// Reads and checks a list of structures.
///
/// # Errors
/// [`crate::base::Error::InputMissing`], [`crate::base::Error::Scene`] with line, column, value and remedy,
/// [`crate::base::Error::BadInput`] for a table that it names, [`crate::base::Error::Io`].
pub fn load(path: &Path) -> Result<AiatInput> {
    let text = read_text("list of structures", path)?;
    parse(&text, path)
}

/// Checks the text of a list of structures.
///
/// - `path`: names the file in messages; paths inside it are relative to its folder
///
/// # Errors
/// Those of [`load`].
pub fn parse(text: &str, path: &Path) -> Result<AiatInput> {
    let source = Source::of("list of structures", text, path);
    let spec: Aiat = grammar(&source)?;
    let table = match &spec.table {
        None => None,
        Some(t) => {
            positive(&source, "table.area", t.area)?;
            let file = beside(path, &t.path);
            Some(catmap::parse(&read_text("table of energies", &file)?, &file, &t.surface)?)
        }
    };
    ensure!(
        source,
        !spec.reservoirs.is_empty(),
        "reservoirs",
        "there is no reservoir",
        "give at least one `Gas(species: …, gas: …, energy: …)`",
    );
    let mut species: Vec<Species> = Vec::new();
    for (i, reservoir) in spec.reservoirs.iter().enumerate() {
        species.push(checked_reservoir(&source, i, reservoir, &species, table.as_ref(), path)?);
    }
    let mut structures = Vec::new();
    for (i, s) in spec.structures.iter().enumerate() {
        let at = format!("structures[{i}]");
        let counts = counts(&source, &format!("{at}.composition"), &s.label, &s.composition, &species)?;
        positive(&source, &format!("{at}.area"), s.area)?;
        real_modes(&source, &format!("{at}.vibrations"), &s.label, &s.vibrations)?;
        let (label, energy, wavenumbers) = (s.label.clone(), s.energy, s.vibrations.clone());
        structures.push(Structure { label, energy, counts, area: s.area, wavenumbers });
    }
    if let (Some(table), Some(t)) = (&table, &spec.table) {
        let clean = Structure {
            label: format!("clean {}", t.surface),
            energy: 0.0,
            counts: vec![0.0; species.len()],
            area: t.area,
            wavenumbers: Vec::new(),
        };
        if !structures.iter().any(|s| s.counts.iter().all(|&n| n == 0.0)) {
            structures.push(clean);
        }
        for row in &table.adsorbates {
            let counts = composition_of(&source, &row.species, &species)?;
            real_modes(&source, "table", &row.label, &row.wavenumbers)?;
            let (label, wavenumbers) = (row.label.clone(), row.wavenumbers.clone());
            structures.push(Structure { label, energy: row.energy, counts, area: t.area, wavenumbers });
        }
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
    put_clean_first(&source, spec.clean.as_deref(), &mut structures)?;
    let surface = Surface { species, structures };
    let axes = axes(&source, &spec, &surface)?;
    temperatures(&source, &spec, &surface)?;
    Ok(AiatInput {
        title: spec.title,
        illustrative: spec.illustrative,
        surface,
        axes,
        temperatures: spec.temperature.values(),
        named_temperatures: spec.named_temperatures,
        pressure_unit: spec.pressure_unit,
    })
}

fn positive(source: &Source, path: &str, value: f64) -> Result<()> {
    let name = path.rsplit('.').next().unwrap_or(path);
    ensure!(source, value > 0.0, path, format!("`{name}` is {value}, not above 0"), "give a number above 0");
    Ok(())
}

fn checked_reservoir(
    source: &Source,
    index: usize,
    spec: &ReservoirSpec,
    before: &[Species],
    table: Option<&catmap::Table>,
    path: &Path,
) -> Result<Species> {
    let at = format!("reservoirs[{index}]");
    let name = spec.species().to_owned();
    ensure!(
        source,
        !before.iter().any(|s| s.name == name),
        format!("{at}.species"),
        format!("species `{name}` has two reservoirs"),
        "keep one of them",
    );
    let reservoir = match spec {
        ReservoirSpec::Bulk { energy, .. } => Reservoir::Bulk { energy: *energy },
        ReservoirSpec::Gas { gas: gas_name, energy, add_zero_point, .. } => {
            let gas = find(source, &format!("{at}.gas"), gas_name, path)?;
            let atoms = match gas.single_element() {
                _ if gas.name == name => 1,
                Some((element, n)) if element == name => n,
                _ => {
                    return Err(source.error(
                        &format!("{at}.gas"),
                        format!("species `{name}` is neither `{}` itself nor the element it is made of", gas.name),
                        "take a gas of that element, or name the species as the gas",
                    ));
                }
            };
            let listed = table.and_then(|t| t.gases.iter().find(|g| g.name == gas.name));
            // As CatMAP does it: the modes of the row are what its formation energy lacks of the molecule at 0 K.
            let listed =
                listed.map(|g| g.energy + if *add_zero_point { 0.0 } else { zero_point_energy(&g.wavenumbers) });
            let Some(energy) = energy.or(listed) else {
                return Err(source.error(
                    &at,
                    format!("the reference energy of `{}` is missing", gas.name),
                    "add `energy: …` of its molecule, on the scale of the structures (or its `gas` row to the table)",
                ));
            };
            let energy = energy + if *add_zero_point { gas.zero_point_energy() } else { 0.0 };
            Reservoir::Gas { gas, atoms, energy }
        }
    };
    Ok(Species { name, reservoir })
}

/// `[n_species]` from a list of names with numbers.
fn counts(
    source: &Source,
    path: &str,
    label: &str,
    composition: &[(String, f64)],
    species: &[Species],
) -> Result<Vec<f64>> {
    let mut counts = vec![0.0; species.len()];
    for (k, (name, n)) in composition.iter().enumerate() {
        let Some(s) = species.iter().position(|s| s.name == *name) else {
            let names: Vec<&str> = species.iter().map(|s| s.name.as_str()).collect();
            return Err(source.error(
                &format!("{path}[{k}]"),
                format!("structure `{label}` holds `{name}`, which has no reservoir: its reference is missing"),
                format!("add it to `reservoirs` ({})", did_you_mean(name, names)),
            ));
        };
        ensure!(
            source,
            *n >= 0.0,
            format!("{path}[{k}]"),
            format!("structure `{label}` holds {n} of `{name}`"),
            "give 0 or more",
        );
        counts[s] += n;
    }
    Ok(counts)
}

/// `[n_species]` of an adsorbate of a table, e.g. `OH` or `O+CO`: each part a species of its own, or its elements.
fn composition_of(source: &Source, adsorbate: &str, species: &[Species]) -> Result<Vec<f64>> {
    let mut parts: Vec<(String, f64)> = Vec::new();
    for part in adsorbate.split('+').map(str::trim) {
        if species.iter().any(|s| s.name == part) {
            parts.push((part.to_owned(), 1.0));
            continue;
        }
        let Some(elements) = formula::parse(part) else {
            let message = format!("`{adsorbate}` in the table is no chemical formula");
            return Err(source.error("table", message, "write e.g. `OH`, or `O+CO` for two adsorbates"));
        };
        parts.extend(elements.into_iter().map(|(e, n)| (e, f64::from(n))));
    }
    counts(source, "table", adsorbate, &parts, species)
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

fn axes(source: &Source, spec: &Aiat, surface: &Surface) -> Result<Vec<AxisInput>> {
    let gases: Vec<&str> = surface.gases().iter().map(|&s| surface.species[s].name.as_str()).collect();
    ensure!(
        source,
        (1..=2).contains(&gases.len()),
        "reservoirs",
        format!("{} gases", gases.len()),
        "give one or two gases: they are the axes",
    );
    let unit = spec.pressure_unit.pascals();
    let mut axes = Vec::new();
    for (k, a) in spec.axes.iter().enumerate() {
        let at = format!("axes[{k}]");
        ensure!(
            source,
            !spec.axes[..k].iter().any(|b| b.species == a.species),
            format!("{at}.species"),
            format!("`{}` has two axes", a.species),
            "keep one of them",
        );
        ensure!(
            source,
            gases.contains(&a.species.as_str()),
            format!("{at}.species"),
            format!("`{}` is no species with a gas", a.species),
            did_you_mean(&a.species, gases.clone()),
        );
        ensure!(
            source,
            a.delta_mu.0 < a.delta_mu.1,
            format!("{at}.delta_mu"),
            format!("the range of Δμ from {} to {} is empty", a.delta_mu.0, a.delta_mu.1),
            "give the lower end first",
        );
        ensure!(
            source,
            a.pressure.0 > 0.0 && a.pressure.0 < a.pressure.1,
            format!("{at}.pressure"),
            format!("the range of pressures from {} to {}", a.pressure.0, a.pressure.1),
            "give two numbers above 0, the lower first",
        );
        let fixed = a.fixed_pressure.unwrap_or(a.pressure.1);
        positive(source, &format!("{at}.fixed_pressure"), fixed)?;
        axes.push(AxisInput {
            species: a.species.clone(),
            delta_mu: a.delta_mu,
            pressure: (a.pressure.0 * unit, a.pressure.1 * unit),
            fixed_pressure: fixed * unit,
        });
    }
    let mut ordered = Vec::new();
    for name in &gases {
        let Some(axis) = axes.iter().find(|a| a.species == *name) else {
            return Err(source.error(
                "axes",
                format!("gas species `{name}` has no axis"),
                format!("add `(species: \"{name}\", delta_mu: (…, …), pressure: (…, …))` to `axes`"),
            ));
        };
        ordered.push(axis.clone());
    }
    Ok(ordered)
}

/// Temperatures above 0 and inside every table.
fn temperatures(source: &Source, spec: &Aiat, surface: &Surface) -> Result<()> {
    ensure!(source, !spec.temperature.is_empty(), "temperature", "there is no temperature", "give at least one");
    ensure!(
        source,
        !spec.named_temperatures.is_empty(),
        "named_temperatures",
        "there is no temperature for the pressure axes",
        "give at least one",
    );
    let named = spec.named_temperatures.iter().enumerate().map(|(i, &t)| (format!("named_temperatures[{i}]"), t));
    let all = spec.temperature.values().into_iter().map(|t| ("temperature".to_owned(), t)).chain(named);
    for (path, t) in all {
        ensure!(source, t > 0.0, path, format!("temperature {t} K is not above 0"), "give a temperature above 0");
        for g in 0..surface.gases().len() {
            let (gas, _) = surface.gas(g);
            let range = match &gas.source {
                Thermal::Janaf(table) => table.range(),
                Thermal::Shomate(shomate) => shomate.range(),
                Thermal::Molecule { .. } => continue,
            };
            ensure!(
                source,
                (range.0..=range.1).contains(&t),
                path,
                format!("{t} K is outside the table of `{}`, which goes from {} to {} K", gas.name, range.0, range.1),
                "stay inside it, or take a gas with spectroscopic constants",
            );
        }
    }
    Ok(())
}
