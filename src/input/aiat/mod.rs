//! Lists of structures for ab initio thermodynamics: `Aiat( … )`, structures in the file or in a table of CatMAP.

mod axes;
mod catmap;
mod reservoirs;
mod structures;

use super::grammar;
use crate::base::Result;
use crate::base::units::{ATM_PA, BAR_PA};
use crate::input::beside;
use crate::input::scene::grammar::AxisValues;
use crate::input::source::{Source, ensure};
use crate::io::text::read_text;
use crate::thermochemistry::aiat::{Species, Surface};
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
    /// What is doubtful about it, and what was left out.
    pub warnings: Vec<String>,
}

/// What is drawn of one gas.
#[derive(Debug, Clone, PartialEq)]
pub struct AxisInput {
    /// The species whose Δμ it is.
    pub species: String,
    /// Range of Δμ. \[eV\]
    pub delta_mu: (f64, f64),
    /// Range of the pressure of its gas (of O₂ where the species is O). \[Pa\]
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
    /// Vibrations of structures below it are taken as it [1/cm]
    #[serde(default)]
    raise_modes_below: Option<f64>,
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
    /// A bulk phase: `energy` per unit of `species`, an atom or a formula.
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
    /// The rows of one facet
    #[serde(default)]
    facet: Option<String>,
    /// The rows of these sites
    #[serde(default)]
    sites: Vec<String>,
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
            let choice = catmap::Choice { surface: &t.surface, facet: t.facet.as_deref(), sites: &t.sites };
            Some(catmap::parse(&read_text("table of energies", &file)?, &file, &choice)?)
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
        species.push(reservoirs::checked(&source, i, reservoir, &species, table.as_ref(), path)?);
    }
    let mut structures = structures::structures(&source, &spec, &species, table.as_ref())?;
    let mut warnings = table.map_or_else(Vec::new, |t| t.warnings);
    warnings.extend(structures::soft_modes(&source, &spec, &mut structures)?);
    let surface = Surface { species, structures };
    let axes = axes::axes(&source, &spec, &surface)?;
    axes::temperatures(&source, &spec, &surface)?;
    Ok(AiatInput {
        title: spec.title,
        illustrative: spec.illustrative,
        surface,
        axes,
        temperatures: spec.temperature.values(),
        named_temperatures: spec.named_temperatures,
        pressure_unit: spec.pressure_unit,
        warnings,
    })
}

fn positive(source: &Source, path: &str, value: f64) -> Result<()> {
    let name = path.rsplit('.').next().unwrap_or(path);
    ensure!(source, value > 0.0, path, format!("`{name}` is {value}, not above 0"), "give a number above 0");
    Ok(())
}
