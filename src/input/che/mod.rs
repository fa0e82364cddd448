//! Reactions at an electrode: `Che( … )`.

mod surfaces;

use super::grammar;
use crate::base::Result;
use crate::input::source::{Source, did_you_mean, ensure};
use crate::io::text::read_text;
use crate::thermochemistry::che::{Covered, Electrode, Reaction, Scale, State};
use crate::thermochemistry::formula;
use serde::Deserialize;
use std::path::Path;

/// A checked reaction with what is to be drawn.
#[derive(Debug, Clone, PartialEq)]
pub struct CheInput {
    /// Free text for figures.
    pub title: String,
    /// Whether the numbers are only examples.
    pub illustrative: bool,
    /// \[K\]
    pub temperature: f64,
    /// The reaction.
    pub reaction: Reaction,
    /// Potentials of the table, beside 0, U_L and U_eq. \[V\]
    pub potentials: Vec<f64>,
    /// pH of the table.
    pub ph: f64,
    /// What potentials refer to.
    pub scale: Scale,
    /// Sweep of the potential. \[V\]
    pub sweep: (f64, f64),
    /// Surfaces of the (U, pH) diagram; empty if there is none. The clean one first.
    pub surfaces: Vec<Covered>,
    /// What supplies the elements of the surfaces beside O and H: (element, molecule).
    pub supplies: Vec<(String, String)>,
    /// What is doubtful about it.
    pub warnings: Vec<String>,
}

/// The file as written.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Che {
    #[serde(default)]
    title: String,
    #[serde(default)]
    illustrative: bool,
    #[serde(default = "room_temperature")]
    temperature: f64,
    /// U_eq [V]
    equilibrium: f64,
    species: Vec<SpeciesSpec>,
    path: Vec<StateSpec>,
    #[serde(default)]
    potentials: Vec<f64>,
    #[serde(default)]
    ph: f64,
    #[serde(default)]
    scale: Scale,
    #[serde(default = "sweep")]
    sweep: (f64, f64),
    #[serde(default)]
    surfaces: Vec<SurfaceSpec>,
    /// Molecules that supply the elements of `surfaces` beside O and H
    #[serde(default)]
    references: Vec<String>,
}

impl Che {
    /// ΔG of a species, 0 where it is not listed: the references are H2O and H2. [eV]
    fn free_energy(&self, name: &str) -> f64 {
        self.species.iter().find(|s| s.name == name).map_or(0.0, SpeciesSpec::free_energy)
    }
}

fn room_temperature() -> f64 {
    298.15
}

fn sweep() -> (f64, f64) {
    (-0.5, 2.0)
}

/// A species with its energies of formation from the references, ΔG = ΔE + ΔZPE − TΔS. [eV]
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename = "Species", deny_unknown_fields)]
struct SpeciesSpec {
    name: String,
    energy: f64,
    #[serde(default)]
    zero_point: f64,
    /// TΔS
    #[serde(default)]
    entropy: f64,
}

impl SpeciesSpec {
    /// [eV]
    fn free_energy(&self) -> f64 {
        self.energy + self.zero_point - self.entropy
    }
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename = "State", deny_unknown_fields)]
struct StateSpec {
    #[serde(default)]
    label: Option<String>,
    species: Vec<(String, f64)>,
    pairs: f64,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename = "Surface", deny_unknown_fields)]
struct SurfaceSpec {
    label: String,
    /// Adsorbates in the cell.
    species: Vec<(String, f64)>,
    /// [Å²]
    area: f64,
    /// Energy beyond that of the single adsorbates. [eV per cell]
    #[serde(default)]
    interaction: f64,
}

/// Reads and checks a reaction.
///
/// # Errors
/// [`crate::base::Error::InputMissing`], [`crate::base::Error::Scene`] with line, column, value and remedy, [`crate::base::Error::Io`].
pub fn load(path: &Path) -> Result<CheInput> {
    let text = read_text("reaction", path)?;
    parse(&text, path)
}

/// Checks the text of a reaction.
///
/// # Errors
/// Those of [`load`].
pub fn parse(text: &str, path: &Path) -> Result<CheInput> {
    let source = Source::of("reaction", text, path);
    let spec: Che = grammar(&source)?;
    ensure!(
        source,
        spec.temperature > 0.0,
        "temperature",
        format!("temperature {} K is not above 0", spec.temperature),
        "give a temperature above 0",
    );
    ensure!(
        source,
        spec.sweep.0 < spec.sweep.1,
        "sweep",
        format!("the sweep from {} to {} V is empty", spec.sweep.0, spec.sweep.1),
        "give the lower end first",
    );
    for (i, s) in spec.species.iter().enumerate() {
        let at = format!("species[{i}].name");
        ensure!(
            source,
            spec.species.iter().position(|o| o.name == s.name) == Some(i),
            at,
            format!("species `{}` is given twice", s.name),
            "give each species once",
        );
        ensure!(
            source,
            formula::parse(&s.name).is_some(),
            at,
            format!("`{}` is no chemical formula", s.name),
            "write e.g. \"OOH*\", with * for the site that it takes, and \"*\" for a free site",
        );
    }
    let reaction = reaction(&source, &spec)?;
    plausible_ph(spec.ph).map_err(|(message, help)| source.error("ph", message, help))?;
    let (surfaces, supplies) = surfaces::surfaces(&source, &spec)?;
    let warnings = other_equilibrium(&spec, &reaction).into_iter().chain(uphill(&reaction)).collect();
    Ok(CheInput {
        title: spec.title,
        illustrative: spec.illustrative,
        temperature: spec.temperature,
        reaction,
        potentials: spec.potentials,
        ph: spec.ph,
        scale: spec.scale,
        sweep: spec.sweep,
        surfaces,
        supplies,
        warnings,
    })
}

/// Refuses what is no pH of water.
///
/// # Errors
/// The message and the remedy.
pub fn plausible_ph(ph: f64) -> std::result::Result<(), (String, &'static str)> {
    match (-3.0..=18.0).contains(&ph) {
        true => Ok(()),
        false => Err((format!("pH {ph} is none that water can have"), "give a number from -3 to 18")),
    }
}

/// Elements with real numbers.
type Elements = Vec<(String, f64)>;

fn add(sum: &mut Elements, element: &str, n: f64) {
    match sum.iter_mut().find(|(e, _)| e == element) {
        Some((_, total)) => *total += n,
        None => sum.push((element.to_owned(), n)),
    }
}

/// Σ of ΔG and of elements over a list of species.
fn total(source: &Source, spec: &Che, path: &str, list: &[(String, f64)]) -> Result<(f64, Elements)> {
    let (mut free, mut elements) = (0.0, Elements::new());
    for (k, (name, n)) in list.iter().enumerate() {
        let Some(s) = spec.species.iter().find(|s| s.name == *name) else {
            let names: Vec<&str> = spec.species.iter().map(|s| s.name.as_str()).collect();
            return Err(source.error(
                &format!("{path}[{k}]"),
                format!("the energy of `{name}` is missing"),
                format!("add `(name: \"{name}\", energy: …)` to `species` ({})", did_you_mean(name, names)),
            ));
        };
        free += n * s.free_energy();
        for (element, m) in formula::parse(name).unwrap_or_default() {
            add(&mut elements, &element, n * f64::from(m));
        }
    }
    Ok((free, elements))
}

/// The states, each balanced against the first.
fn reaction(source: &Source, spec: &Che) -> Result<Reaction> {
    ensure!(
        source,
        spec.path.len() >= 2,
        "path",
        format!("the reaction has {} states", spec.path.len()),
        "give at least two",
    );
    let mut states = Vec::new();
    let mut first: Option<Elements> = None;
    for (i, s) in spec.path.iter().enumerate() {
        let at = format!("path[{i}]");
        let (free_energy, mut elements) = total(source, spec, &format!("{at}.species"), &s.species)?;
        ensure!(
            source,
            s.pairs >= 0.0,
            format!("{at}.pairs"),
            format!("{} pairs stand beside the state", s.pairs),
            "give 0 or more",
        );
        add(&mut elements, "H", s.pairs);
        let free_energy = free_energy + 0.5 * s.pairs * spec.free_energy("H2");
        let label = s.label.clone().unwrap_or_else(|| written(s));
        let reference = first.get_or_insert_with(|| elements.clone());
        let names = reference.iter().chain(&elements).map(|(e, _)| e.as_str());
        let of = |list: &Elements, e: &str| list.iter().find(|(x, _)| x == e).map_or(0.0, |x| x.1);
        let unequal = names.clone().find(|e| (of(reference, e) - of(&elements, e)).abs() > 1e-9);
        if let Some(element) = unequal {
            let what = if element == "*" { "sites" } else { element };
            return Err(source.error(
                &at,
                format!(
                    "the reaction is not balanced: `{label}` has {} {what}, the first state {}",
                    of(&elements, element),
                    of(reference, element)
                ),
                "correct `species` or `pairs` (each pair is one H), with \"*\" for free sites",
            ));
        }
        states.push(State { label, free_energy, pairs: s.pairs });
    }
    let changes: Vec<f64> = states.windows(2).map(|w| w[1].pairs - w[0].pairs).collect();
    let first = changes.iter().position(|n| *n != 0.0);
    ensure!(
        source,
        first.is_some(),
        "path",
        "no step transfers a pair H+ + e-, so there is no limiting potential",
        "give `pairs` of the states",
    );
    let opposite = first.and_then(|f| changes.iter().position(|n| n * changes[f] < 0.0));
    if let Some(i) = opposite {
        let (before, after) = if changes[i] > 0.0 { ("consumed", "released") } else { ("released", "consumed") };
        return Err(source.error(
            &format!("path[{}].pairs", i + 1),
            format!(
                "{} pairs follow {}: pairs were {before} before, and are {after} here",
                states[i + 1].pairs,
                states[i].pairs
            ),
            "list the states in one direction: `pairs` fall to 0 in a reduction and rise from 0 in an oxidation",
        ));
    }
    Ok(Reaction { states, equilibrium: spec.equilibrium })
}

/// `OOH* + 3(H⁺ + e⁻)`
fn written(state: &StateSpec) -> String {
    let number = |n: f64| match n {
        1.0 => String::new(),
        0.5 => "½".to_owned(),
        n => n.to_string(),
    };
    let mut parts: Vec<String> = state.species.iter().map(|(name, n)| format!("{}{name}", number(*n))).collect();
    if state.pairs > 0.0 {
        parts.push(format!("{}(H⁺ + e⁻)", number(state.pairs)));
    }
    parts.join(" + ")
}

/// Where a path and `equilibrium` part. [V]
const EQUILIBRIUM_TOL: f64 = 0.01;
/// ΔG above which a chemical step is uphill. \[eV\]
const UPHILL_TOL: f64 = 1e-6;

/// What the path says of the equilibrium, if that is not `equilibrium`.
fn other_equilibrium(spec: &Che, reaction: &Reaction) -> Option<String> {
    let (implied, given) = (reaction.equilibrium_of_path(), reaction.equilibrium);
    if (implied - given).abs() <= EQUILIBRIUM_TOL {
        return None;
    }
    let at = Electrode { potential: given, ph: 0.0, scale: Scale::Rhe, temperature: spec.temperature };
    let sum: f64 = reaction.steps(&at).iter().sum();
    let oxygen = match spec.path.iter().any(|s| s.species.iter().any(|(name, _)| name == "O2")) {
        true => " (O2 is usually taken from water, 4 × 1.23 = 4.92 eV above 2 H2O and not as DFT has the molecule)",
        false => "",
    };
    Some(format!(
        "the path from `{}` to `{}` implies an equilibrium of {:.4} V, but `equilibrium` is {given} V, where the steps sum \
         to {sum:.4} eV instead of 0; correct the energies{oxygen} or `equilibrium`",
        reaction.states[0].label,
        reaction.states[reaction.states.len() - 1].label,
        implied
    ))
}

/// What is said of the chemical steps that are uphill: at every potential, which no limiting potential shows.
fn uphill(reaction: &Reaction) -> Option<String> {
    let steps = reaction.states.windows(2).zip(reaction.transferred());
    let chemical =
        steps.filter(|(_, pairs)| *pairs == 0.0).map(|(pair, _)| (pair, pair[1].free_energy - pair[0].free_energy));
    let uphill: Vec<String> = chemical
        .filter(|(_, rise)| *rise > UPHILL_TOL)
        .map(|(pair, rise)| format!("`{}` → `{}` by {rise:.3} eV", pair[0].label, pair[1].label))
        .collect();
    (!uphill.is_empty()).then(|| {
        format!(
            "a step without pairs H⁺ + e⁻ is uphill at every potential: {}; the limiting potential is that of the electrochemical steps \
             alone",
            uphill.join(", ")
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn free_sites_are_counted_where_they_have_an_energy() {
        let path = Path::new("scenes/che/oxygen_reduction_associative.ron");
        let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).expect("an example");
        let short = text.replace("[(\"OH*\", 1), (\"*\", 3)]", "[(\"OH*\", 1)]");
        assert_ne!(short, text);
        let surfaces = parse(&short, path).expect("a free site of energy 0 may be left out").surfaces;
        assert_eq!(surfaces, parse(&text, path).expect("an example").surfaces);
        let error = parse(&short.replace("(name: \"*\", energy: 0.0)", "(name: \"*\", energy: -25.0)"), path);
        let words = error.expect_err("refused").to_string();
        assert!(words.contains("surface `¼ OH` has 1 sites in 25 Å², but `clean` would have 4.0000"), "{words}");
    }
}
