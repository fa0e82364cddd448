//! Files of gases: `Gases(gases: [ … ])`.

use super::grammar;
use crate::base::{Error, Result};
use crate::input::beside;
use crate::input::source::{Source, did_you_mean, ensure};
use crate::io::text::read_text;
use crate::thermochemistry::formula;
use crate::thermochemistry::gas::{Gas, Motion, Rotor, Source as Thermal, rotational_constant};
use crate::thermochemistry::library;
use crate::thermochemistry::rovibration::{Diatomic, Spin};
use crate::thermochemistry::tables::{Janaf, Shomate, ShomateRange};
use serde::Deserialize;
use std::path::Path;

/// A file of gases, checked.
#[derive(Debug, Clone, PartialEq)]
pub struct GasFile {
    /// At least one, names unique.
    pub gases: Vec<Gas>,
}

/// The file as written.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Gases {
    gases: Vec<GasSpec>,
}

/// One gas as written.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename = "Gas", deny_unknown_fields)]
struct GasSpec {
    name: String,
    /// Elements; the name where it is left out.
    #[serde(default)]
    formula: Option<String>,
    /// Mass of the molecule [u]
    mass: f64,
    thermal: ThermalSpec,
    /// (energy [1/cm], degeneracy), the lowest first
    #[serde(default)]
    electronic: Option<Vec<(f64, f64)>>,
    /// D₀ [eV]
    #[serde(default)]
    dissociation: Option<f64>,
    /// [eV], for tables
    #[serde(default)]
    zero_point: Option<f64>,
}

/// Where thermal functions come from.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename = "Thermal", deny_unknown_fields)]
enum ThermalSpec {
    Atom,
    Diatomic { we: f64, wexe: f64, be: f64, ae: f64, de: f64, nuclei: Nuclei },
    RigidRotor { rotor: RotorSpec, wavenumbers: Vec<f64> },
    Janaf { path: String },
    Shomate { enthalpy_298: f64, ranges: Vec<ShomateSpec> },
}

/// Statistics of the two nuclei.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
enum Nuclei {
    Unlike,
    Protons,
    SpinOne,
    OddOnly,
    Weights { even: f64, odd: f64 },
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename = "Rotor", deny_unknown_fields)]
enum RotorSpec {
    /// B [1/cm]
    Linear { constant: f64, symmetry: u32 },
    /// Bond length [Å] and the two masses [u]
    Bond { length: f64, masses: (f64, f64), symmetry: u32 },
    /// A, B, C [1/cm]
    NonLinear { constants: (f64, f64, f64), symmetry: u32 },
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename = "Range", deny_unknown_fields)]
struct ShomateSpec {
    from: f64,
    to: f64,
    a: f64,
    b: f64,
    c: f64,
    d: f64,
    e: f64,
    f: f64,
    g: f64,
    h: f64,
}

/// Reads and checks a file of gases.
///
/// # Errors
/// [`Error::InputMissing`], [`Error::Scene`] with line, column, value and remedy, [`Error::BadInput`] for a table that it
/// names, [`Error::Io`].
pub fn load(path: &Path) -> Result<GasFile> {
    let text = read_text("file of gases", path)?;
    let source = Source::of("file of gases", &text, path);
    let Gases { gases } = grammar(&source)?;
    ensure!(source, !gases.is_empty(), "gases", "there is no gas", "give at least one");
    let mut checked: Vec<Gas> = Vec::new();
    for (i, spec) in gases.iter().enumerate() {
        let at = format!("gases[{i}]");
        ensure!(
            source,
            !checked.iter().any(|g| g.name == spec.name),
            format!("{at}.name"),
            format!("gas `{}` is given twice", spec.name),
            "give each gas its own name",
        );
        checked.push(gas(&source, &at, spec, path)?);
    }
    Ok(GasFile { gases: checked })
}

/// The gas with a name: one of the library, or `FILE.ron` or `FILE.ron:NAME` of a file of gases.
///
/// # Errors
/// [`Error::Argument`] if there is none, and those of [`load`].
pub fn named(name: &str) -> Result<Gas> {
    lookup(name, Path::new(""))?.map_err(|(problem, remedy)| Error::Argument { problem, remedy })
}

/// The gas with a name, from the library or a file; errors point at `path`.
pub(crate) fn find(source: &Source, path: &str, name: &str, input_path: &Path) -> Result<Gas> {
    lookup(name, input_path)?.map_err(|(message, help)| source.error(path, message, help))
}

/// The gas with a name, from the library or a file; what is wrong with the name comes back as message and remedy.
fn lookup(name: &str, input_path: &Path) -> Result<std::result::Result<Gas, (String, String)>> {
    let (file, inner) = split(name);
    if !is_file(name) {
        return Ok(library::gas(name).ok_or_else(|| {
            let help = format!("{} (a file of gases is named by its path)", did_you_mean(name, library::NAMES));
            (format!("there is no gas `{name}` in the library"), help)
        }));
    }
    let GasFile { gases } = load(&beside(input_path, file))?;
    let names: Vec<&str> = gases.iter().map(|g| g.name.as_str()).collect();
    let found = match inner {
        Some(inner) => gases.iter().find(|g| g.name == inner),
        None if gases.len() == 1 => gases.first(),
        None => None,
    };
    Ok(found.cloned().ok_or_else(|| match inner {
        Some(inner) => (format!("`{file}` holds no gas `{inner}`"), did_you_mean(inner, names.clone())),
        None => (
            format!("`{file}` holds {} gases: {}", names.len(), names.join(", ")),
            format!("say which, e.g. `{file}:{}`", names.first().copied().unwrap_or("O2")),
        ),
    }))
}

/// Whether the name of a gas is that of a file.
pub(crate) fn is_file(name: &str) -> bool {
    split(name).0.ends_with(".ron")
}

/// File and name within it.
fn split(name: &str) -> (&str, Option<&str>) {
    match name.rsplit_once(".ron:") {
        Some((stem, inner)) => (&name[..stem.len() + 4], Some(inner)),
        None => (name, None),
    }
}

/// One gas of a file while it is checked.
struct Checker<'a> {
    source: &'a Source<'a>,
    /// Where it stands, e.g. `gases[0]`.
    at: &'a str,
    spec: &'a GasSpec,
}

/// Checks one gas.
///
/// - `at`: where it stands in the file
/// - `path`: of the file, for the tables that it names
fn gas(source: &Source, at: &str, spec: &GasSpec, path: &Path) -> Result<Gas> {
    let checker = Checker { source, at, spec };
    let elements = checker.elements()?;
    checker.positive("mass", spec.mass)?;
    let electronic = checker.electronic()?;
    Ok(Gas {
        name: spec.name.clone(),
        elements,
        mass: spec.mass,
        source: checker.thermal(electronic, path)?,
        dissociation: spec.dissociation,
        table_zero_point: spec.zero_point.unwrap_or(0.0),
    })
}

impl Checker<'_> {
    fn positive(&self, field: &str, value: f64) -> Result<()> {
        let name = field.rsplit('.').next().unwrap_or(field);
        ensure!(
            self.source,
            value > 0.0,
            format!("{}.{field}", self.at),
            format!("`{name}` is {value}, not above 0"),
            "give a number above 0",
        );
        Ok(())
    }

    /// Elements of the molecule with their numbers of atoms.
    fn elements(&self) -> Result<Vec<(String, u32)>> {
        let (field, written) = match &self.spec.formula {
            Some(formula) => ("formula", formula),
            None => ("name", &self.spec.name),
        };
        formula::parse(written).ok_or_else(|| {
            self.source.error(
                &format!("{}.{field}", self.at),
                format!("`{written}` is no chemical formula"),
                "write e.g. `formula: \"H2O\"`",
            )
        })
    }

    /// Electronic levels, which only a molecule has; a zero point is given for tables only.
    fn electronic(&self) -> Result<Vec<(f64, f64)>> {
        let (source, spec, at) = (self.source, self.spec, self.at);
        let table = matches!(spec.thermal, ThermalSpec::Janaf { .. } | ThermalSpec::Shomate { .. });
        let remedy = match table {
            true => "leave it out: a table holds the electrons already",
            false => "leave it out: it follows from the constants",
        };
        for (given, field) in
            [(spec.electronic.is_some() && table, "electronic"), (spec.zero_point.is_some() && !table, "zero_point")]
        {
            ensure!(source, !given, format!("{at}.{field}"), format!("`{field}` has no meaning here"), remedy);
        }
        let levels = spec.electronic.clone().unwrap_or_else(|| vec![(0.0, 1.0)]);
        let sound = levels.first().is_some_and(|l| l.0 == 0.0) && levels.iter().all(|l| l.0 >= 0.0 && l.1 > 0.0);
        ensure!(
            source,
            sound,
            format!("{at}.electronic"),
            "the electronic levels do not start with (0, g) or have a weight that is not above 0",
            "give (energy in 1/cm, degeneracy) with the ground level first",
        );
        Ok(levels)
    }

    /// Where its thermal functions come from.
    fn thermal(&self, electronic: Vec<(f64, f64)>, path: &Path) -> Result<Thermal> {
        let molecule = |motion: Motion| Thermal::Molecule { motion, electronic };
        Ok(match &self.spec.thermal {
            ThermalSpec::Atom => molecule(Motion::RigidRotor { rotor: Rotor::None, wavenumbers: Vec::new() }),
            ThermalSpec::Diatomic { we, wexe, be, ae, de, nuclei } => {
                for (field, value) in [("thermal.we", *we), ("thermal.be", *be)] {
                    self.positive(field, value)?;
                }
                let spin = self.spin(nuclei)?;
                molecule(Motion::DirectSum(Diatomic { we: *we, wexe: *wexe, be: *be, ae: *ae, de: *de, spin }))
            }
            ThermalSpec::RigidRotor { rotor, wavenumbers } => {
                let modes = format!("{}.thermal.wavenumbers", self.at);
                super::real_modes(self.source, &modes, &self.spec.name, wavenumbers)?;
                molecule(Motion::RigidRotor { rotor: self.rotor(rotor)?, wavenumbers: wavenumbers.clone() })
            }
            ThermalSpec::Janaf { path: file } => {
                let table = beside(path, file);
                let text = read_text("table of a gas", &table)?;
                Thermal::Janaf(Janaf::parse(&text).map_err(|problem| Error::BadInput { path: table, problem })?)
            }
            ThermalSpec::Shomate { enthalpy_298, ranges } => {
                Thermal::Shomate(Shomate { enthalpy_298: *enthalpy_298, ranges: self.ranges(*enthalpy_298, ranges)? })
            }
        })
    }

    /// Weights of even and odd J.
    fn spin(&self, nuclei: &Nuclei) -> Result<Spin> {
        let spin = match *nuclei {
            Nuclei::Unlike => Spin::UNLIKE,
            Nuclei::Protons => Spin::PROTONS,
            Nuclei::SpinOne => Spin::SPIN_ONE,
            Nuclei::OddOnly => Spin::ODD_ONLY,
            Nuclei::Weights { even, odd } => Spin { even, odd },
        };
        ensure!(
            self.source,
            spin.even >= 0.0 && spin.odd >= 0.0 && spin.even + spin.odd > 0.0,
            format!("{}.thermal.nuclei", self.at),
            format!("weights {} and {} of even and odd J", spin.even, spin.odd),
            "give weights of 0 or more, not both 0",
        );
        Ok(spin)
    }

    /// Rotational constants and symmetry number.
    fn rotor(&self, spec: &RotorSpec) -> Result<Rotor> {
        let rotor = match *spec {
            RotorSpec::Linear { constant, symmetry } => {
                self.positive("thermal.rotor.constant", constant)?;
                Rotor::Linear { constant, symmetry }
            }
            RotorSpec::Bond { length, masses: (a, b), symmetry } => {
                self.positive("thermal.rotor.length", length)?;
                self.positive("thermal.rotor.masses[0]", a)?;
                self.positive("thermal.rotor.masses[1]", b)?;
                Rotor::Linear { constant: rotational_constant(a * b / (a + b) * length * length), symmetry }
            }
            RotorSpec::NonLinear { constants: (a, b, c), symmetry } => {
                for (i, constant) in [a, b, c].into_iter().enumerate() {
                    self.positive(&format!("thermal.rotor.constants[{i}]"), constant)?;
                }
                Rotor::NonLinear { constants: [a, b, c], symmetry }
            }
        };
        if let Rotor::Linear { symmetry, .. } | Rotor::NonLinear { symmetry, .. } = rotor {
            self.positive("thermal.rotor.symmetry", f64::from(symmetry))?;
        }
        Ok(rotor)
    }

    /// Ranges of a Shomate equation, ascending.
    fn ranges(&self, enthalpy_298: f64, ranges: &[ShomateSpec]) -> Result<Vec<ShomateRange>> {
        let (source, at) = (self.source, self.at);
        let mut last = 0.0;
        for (k, r) in ranges.iter().enumerate() {
            ensure!(
                source,
                r.from < r.to && r.from >= last,
                format!("{at}.thermal.ranges[{k}]"),
                format!("the range from {} to {} K does not follow {last} K", r.from, r.to),
                "give the ranges in ascending order",
            );
            last = r.to;
        }
        ensure!(source, last > 0.0, format!("{at}.thermal.ranges"), "there is no range", "give at least one");
        self.positive("thermal.enthalpy_298", enthalpy_298)?;
        let of = |r: &ShomateSpec| ShomateRange {
            from: r.from,
            to: r.to,
            coefficients: [r.a, r.b, r.c, r.d, r.e, r.f, r.g, r.h],
        };
        Ok(ranges.iter().map(of).collect())
    }
}
