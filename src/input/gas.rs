//! Files of gases: `Gases(gases: [ … ])`.

use super::grammar;
use crate::base::units::{BAR_PA, BOLTZMANN_EV, ELECTRONVOLT_J_PER_MOL};
use crate::base::{Error, Result};
use crate::input::beside;
use crate::input::source::{Source, did_you_mean, ensure};
use crate::io::text::read_text;
use crate::thermochemistry::formula;
use crate::thermochemistry::gas::{Gas, Motion, Rotor, Source as Thermal, rotational_constant, translation};
use crate::thermochemistry::janaf::Janaf;
use crate::thermochemistry::library;
use crate::thermochemistry::rovibration::{Diatomic, Spin, Triplet};
use crate::thermochemistry::shomate::{REFERENCE_TEMPERATURE, Shomate, ShomateRange};
use serde::Deserialize;
use std::path::Path;

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
    Diatomic {
        we: f64,
        wexe: f64,
        be: f64,
        ae: f64,
        de: f64,
        nuclei: Nuclei,
        /// λ and γ of a ³Σ state [1/cm]
        #[serde(default)]
        triplet: Option<(f64, f64)>,
    },
    RigidRotor {
        rotor: RotorSpec,
        wavenumbers: Vec<f64>,
    },
    Janaf {
        path: String,
    },
    Shomate {
        enthalpy_298: f64,
        ranges: Vec<ShomateSpec>,
    },
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

/// A gas of a file; an error is that of its table, and no other gas of the file minds it.
struct Listed {
    name: String,
    gas: Result<Gas>,
}

/// Reads and checks a file of gases: at least one, names unique.
///
/// # Errors
/// [`Error::InputMissing`], [`Error::Scene`] with line, column, value and remedy, [`Error::BadInput`], [`Error::Io`].
fn load(path: &Path) -> Result<Vec<Listed>> {
    let text = read_text("file of gases", path)?;
    let source = Source::of("file of gases", &text, path);
    let Gases { gases } = grammar(&source)?;
    ensure!(source, !gases.is_empty(), "gases", "there is no gas", "give at least one");
    let mut checked: Vec<Listed> = Vec::new();
    for (i, spec) in gases.iter().enumerate() {
        let at = format!("gases[{i}]");
        ensure!(
            source,
            !checked.iter().any(|g| g.name == spec.name),
            format!("{at}.name"),
            format!("gas `{}` is given twice", spec.name),
            "give each gas its own name",
        );
        let gas = match gas(&source, &at, spec, path) {
            Err(error @ Error::Scene(_)) => return Err(error),
            other => other,
        };
        checked.push(Listed { name: spec.name.clone(), gas });
    }
    Ok(checked)
}

/// The gas with a name: one of the library, or `FILE.ron` or `FILE.ron:NAME` of a file of gases.
///
/// # Errors
/// [`Error::Argument`] if there is none; [`Error::InputMissing`], [`Error::Scene`], [`Error::BadInput`] (also for a table that
/// the gas names) and [`Error::Io`] for a file.
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
    let gases = load(&beside(input_path, file))?;
    let names: Vec<String> = gases.iter().map(|g| g.name.clone()).collect();
    let alone = gases.len() == 1;
    let found = gases.into_iter().find(|g| inner.map_or(alone, |inner| g.name == inner));
    if let Some(found) = found {
        return found.gas.map(Ok);
    }
    Ok(Err(match inner {
        Some(inner) => {
            (format!("`{file}` holds no gas `{inner}`"), did_you_mean(inner, names.iter().map(String::as_str)))
        }
        None => (
            format!("`{file}` holds {} gases: {}", names.len(), names.join(", ")),
            format!("say which, e.g. `{file}:{}`", names.first().map_or("O2", String::as_str)),
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

/// Entropy of translation at 1 bar. [J/(mol K)]
///
/// - `mass`: of the molecule [u]; `temperature`: [K]
fn translational_entropy(mass: f64, temperature: f64) -> f64 {
    let part = translation(mass, temperature, BAR_PA);
    (part.h - part.mu) / temperature * ELECTRONVOLT_J_PER_MOL
}

/// What published Shomate equations may be off where two ranges meet. [kJ/mol]
const SHOMATE_TOL: f64 = 0.3;

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
            ThermalSpec::Diatomic { we, wexe, be, ae, de, nuclei, triplet } => {
                for (field, value) in [("thermal.we", *we), ("thermal.be", *be)] {
                    self.positive(field, value)?;
                }
                let spin = self.spin(nuclei)?;
                ensure!(
                    self.source,
                    triplet.is_none() || self.spec.electronic.is_none(),
                    format!("{}.electronic", self.at),
                    "`electronic` and `triplet` would count the three spin components twice",
                    "leave out `electronic`",
                );
                let triplet = triplet.map(|(lambda, gamma)| Triplet { lambda, gamma });
                molecule(Motion::DirectSum(Diatomic { we: *we, wexe: *wexe, be: *be, ae: *ae, de: *de, spin, triplet }))
            }
            ThermalSpec::RigidRotor { rotor, wavenumbers } => {
                let modes = format!("{}.thermal.wavenumbers", self.at);
                super::real_modes(self.source, &modes, &self.spec.name, wavenumbers)?;
                molecule(Motion::RigidRotor { rotor: self.rotor(rotor)?, wavenumbers: wavenumbers.clone() })
            }
            ThermalSpec::Janaf { path: file } => {
                let table = beside(path, file);
                let text = read_text("table of a gas", &table)?;
                let read = Janaf::parse(&text).and_then(|read| self.heavy_enough(read));
                Thermal::Janaf(read.map_err(|problem| Error::BadInput { path: table, problem })?)
            }
            ThermalSpec::Shomate { enthalpy_298, ranges } => {
                Thermal::Shomate(Shomate { enthalpy_298: *enthalpy_298, ranges: self.ranges(*enthalpy_298, ranges)? })
            }
        })
    }

    /// A table whose entropies are at least those that the mass alone gives by translation; else what is wrong.
    fn heavy_enough(&self, table: Janaf) -> std::result::Result<Janaf, String> {
        for row in &table.rows {
            let (entropy, least) = (Janaf::entropy(row), translational_entropy(self.spec.mass, row.temperature));
            // the tables are rounded, and older ones refer to 1 atm
            if entropy < least - 0.12 {
                return Err(format!(
                    "S of `{}` at {} K is {entropy:.3} J/(mol K), but a mass of {} u gives {least:.3} by translation \
                     alone (ideal gas, 1 bar); correct `mass`, or take the table of this gas in J/(mol K)",
                    self.spec.name, row.temperature, self.spec.mass
                ));
            }
        }
        Ok(table)
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
        self.heat_content(enthalpy_298)?;
        let of = |r: &ShomateSpec| ShomateRange {
            from: r.from,
            to: r.to,
            coefficients: [r.a, r.b, r.c, r.d, r.e, r.f, r.g, r.h],
        };
        let ranges: Vec<ShomateRange> = ranges.iter().map(of).collect();
        self.ranges_agree(&ranges)?;
        Ok(ranges)
    }

    /// H(298.15 K) − H(0) between that of translation alone and that of classical motion of every atom. \[kJ/mol\]
    fn heat_content(&self, enthalpy_298: f64) -> Result<()> {
        let rt = 1e-3 * BOLTZMANN_EV * ELECTRONVOLT_J_PER_MOL * REFERENCE_TEMPERATURE;
        let atoms: u32 = self.elements()?.iter().map(|e| e.1).sum();
        // 4 RT of translation, rotation and pV, RT of each mode, and as much again for electrons
        let (least, most) = (2.5 * rt, 2.0 * (4.0 + 3.0 * f64::from(atoms)) * rt);
        ensure!(
            self.source,
            (0.999 * least..=most).contains(&enthalpy_298),
            format!("{}.thermal.enthalpy_298", self.at),
            format!(
                "`enthalpy_298` of `{}` is {enthalpy_298}, but H(298.15 K) - H(0) of such a gas is {least:.3} to \
                 {most:.0} kJ/mol",
                self.spec.name
            ),
            "give it in kJ/mol, e.g. 8.683 of O2 (minus H-H(Tr) in the row at 0 K of its JANAF table)",
        );
        Ok(())
    }

    /// Refuses Shomate coefficients that contradict each other: H must be 0 at 298.15 K, H and S must go on from one range
    /// to the next, and S cannot be below that of translation.
    fn ranges_agree(&self, ranges: &[ShomateRange]) -> Result<()> {
        let place = |k: usize| format!("{}.thermal.ranges[{k}]", self.at);
        let remedy = "correct the coefficients: A to E and G in J/(mol K), F and H in kJ/mol, with t = T/1000 K";
        for (k, range) in ranges.iter().enumerate() {
            // ranges that start at 298 K are meant to hold at 298.15 K
            let reference = REFERENCE_TEMPERATURE.max(range.from);
            if reference - REFERENCE_TEMPERATURE < 2.0 && range.to >= reference {
                let (h, _) = range.functions(REFERENCE_TEMPERATURE);
                ensure!(
                    self.source,
                    h.abs() <= SHOMATE_TOL,
                    place(k),
                    format!("H - H(298.15 K) of `{}` is {h:.3} kJ/mol at 298.15 K, not 0", self.spec.name),
                    remedy,
                );
            }
            let (_, s) = range.functions(range.from);
            let least = translational_entropy(self.spec.mass, range.from);
            ensure!(
                self.source,
                s >= least - 0.12,
                place(k),
                format!(
                    "S of `{}` at {} K is {s:.3} J/(mol K), but a mass of {} u gives {least:.3} by translation alone",
                    self.spec.name, range.from, self.spec.mass
                ),
                remedy,
            );
            let Some(before) = k.checked_sub(1).map(|j| &ranges[j]).filter(|b| b.to == range.from) else { continue };
            let (left, right) = (before.functions(range.from), range.functions(range.from));
            ensure!(
                self.source,
                (left.0 - right.0).abs() <= SHOMATE_TOL && (left.1 - right.1).abs() <= 1e3 * SHOMATE_TOL / range.from,
                place(k),
                format!(
                    "two ranges of `{}` part at {} K: H {:.3} and {:.3} kJ/mol, S {:.3} and {:.3} J/(mol K)",
                    self.spec.name, range.from, left.0, right.0, left.1, right.1
                ),
                remedy,
            );
        }
        Ok(())
    }
}
