//! `adlayer aiat`: ab initio thermodynamics from a list of structures, or from a run.

use super::args::AiatArguments;
use crate::base::{Error, Result};
use crate::cli::diagnostics::warn;
use crate::cli::stdout::{say_where, write_stdout};
use crate::figures::adsorption;
use crate::input::aiat::{AiatInput, AxisInput, load};
use crate::report::comparison::findings;
use crate::report::findings::with_error;
use crate::run::directory::default_directory;
use crate::thermochemistry::envelope::{edges, lowest_planes};
use crate::workflow::aiat::{self, Options};
use crate::workflow::analyze::outside_samples;
use serde_json::{Value, json};
use std::path::Path;

pub(crate) fn aiat(arguments: &AiatArguments) -> Result<()> {
    match (&arguments.from, &arguments.file) {
        (Some(directory), _) => from_run(directory, arguments),
        (None, Some(file)) => from_list(file, arguments),
        (None, None) => unreachable!("the parser wants one of the two"),
    }
}

/// One row of the boundary table.
struct Row {
    from: usize,
    to: usize,
    temperature: f64,
    /// `[n_gases]` [eV]
    delta_mu: Vec<f64>,
    /// `[n_gases]` [Pa]
    pressure: Vec<f64>,
}

/// Boundaries at every named temperature and at further ones: along Δμ for one gas, the ends of every edge for two.
fn rows(input: &AiatInput, further: &[f64]) -> Result<Vec<Row>> {
    let surface = &input.surface;
    let mut rows = Vec::new();
    let mut temperatures: Vec<f64> = input.named_temperatures.iter().chain(further).copied().collect();
    temperatures.sort_by(f64::total_cmp);
    temperatures.dedup();
    for temperature in temperatures {
        if let [axis] = &input.axes[..] {
            for b in surface.boundaries(0, temperature, &[0.0], axis.delta_mu)? {
                let (delta_mu, pressure) = (vec![b.delta_mu], vec![b.pressure]);
                rows.push(Row { from: b.from, to: b.to, temperature, delta_mu, pressure });
            }
            continue;
        }
        let (a, b) = (&input.axes[0], &input.axes[1]);
        for edge in edges(&lowest_planes(&surface.planes(temperature), a.delta_mu, b.delta_mu)) {
            for end in [edge.from, edge.to] {
                let pressure = vec![surface.pressure(0, temperature, end.0)?, surface.pressure(1, temperature, end.1)?];
                let (from, to) = edge.planes;
                rows.push(Row { from, to, temperature, delta_mu: vec![end.0, end.1], pressure });
            }
        }
    }
    Ok(rows)
}

fn from_list(file: &Path, arguments: &AiatArguments) -> Result<()> {
    let input = load(file)?;
    input.warnings.iter().for_each(|w| warn(w));
    let rows = rows(&input, arguments.temperature.as_ref().map_or(&[], |t| &t.0))?;
    let label = |i: usize| &input.surface.structures[i].label;
    let unit = input.pressure_unit;
    if arguments.json {
        let named = |values: &[f64]| -> Value {
            input
                .axes
                .iter()
                .zip(values)
                .map(|(a, v)| (a.species.clone(), json!(v)))
                .collect::<serde_json::Map<_, _>>()
                .into()
        };
        let boundaries: Vec<Value> = rows
            .iter()
            .map(|r| {
                json!({
                    "from": label(r.from), "to": label(r.to), "temperature": r.temperature,
                    "delta_mu": named(&r.delta_mu), "pressure": named(&r.pressure),
                })
            })
            .collect();
        let structures: Vec<Value> = input
            .surface
            .structures
            .iter()
            .enumerate()
            .map(|(i, s)| {
                let (gamma, slopes) = input.surface.plane(i, input.named_temperatures[0]);
                json!({
                    "label": s.label, "area": s.area, "gamma_at_zero": gamma, "slopes": named(&slopes),
                    "temperature": input.named_temperatures[0],
                })
            })
            .collect();
        // What a pressure is the pressure of: of O2 where the species is O.
        let gas = |(g, a): (usize, &AxisInput)| (a.species.clone(), json!(input.surface.gas(g).0.name));
        let gases: Value = input.axes.iter().enumerate().map(gas).collect::<serde_json::Map<_, _>>().into();
        let result = json!({
            "title": input.title, "illustrative": input.illustrative,
            "structures": structures, "boundaries": boundaries, "pressure_of": gases, "warnings": input.warnings,
        });
        write_stdout(&format!("{result:#}\n"))?;
    } else {
        if input.illustrative {
            write_stdout(&format!("{} (illustrative energies)\n", input.title))?;
        } else if !input.title.is_empty() {
            write_stdout(&format!("{}\n", input.title))?;
        }
        let mut header = format!("{:<34} {:>8}", "boundary", "T [K]");
        for (g, a) in input.axes.iter().enumerate() {
            header += &format!(
                " {:>12} {:>14}",
                format!("Δμ_{} [eV]", a.species),
                format!("p_{} [{}]", input.surface.gas(g).0.name, unit.symbol())
            );
        }
        write_stdout(&format!("{header}\n"))?;
        for r in &rows {
            let mut line = format!("{:<34} {:>8}", format!("{} → {}", label(r.from), label(r.to)), r.temperature);
            for (mu, p) in r.delta_mu.iter().zip(&r.pressure) {
                line += &format!(" {mu:>12.5} {:>14.6e}", p / unit.pascals());
            }
            write_stdout(&format!("{line}\n"))?;
        }
    }
    let directory = match (&arguments.output, arguments.json) {
        (Some(directory), _) => directory.clone(),
        (None, true) => return Ok(()),
        (None, false) => {
            let stem = file.file_stem().map_or_else(|| "aiat".into(), |s| s.to_string_lossy().into_owned());
            default_directory(&format!("aiat-{stem}"))
        }
    };
    let figures = adsorption::draw(&input, &directory)?;
    if arguments.json { Ok(()) } else { say_where(&figures, &directory) }
}

fn from_run(directory: &Path, arguments: &AiatArguments) -> Result<()> {
    let output = arguments.output.clone().unwrap_or_else(|| directory.to_owned());
    let temperatures = arguments.temperature.as_ref().map_or_else(Vec::new, |t| t.0.clone());
    let options = Options { quenches: arguments.quenches as usize, temperatures };
    let outcome = aiat::from_run(directory, &output, &options)?;
    if let Some(words) = outside_samples(&outcome.comparison.analysis.grid, &options.temperatures) {
        warn(&words);
    }
    let (comparison, search) = (&outcome.comparison, &outcome.search);
    let name = |id: usize| {
        let phase = comparison.analysis.phases.iter().find(|p| p.id == id);
        phase.map_or_else(|| format!("phase {id}"), |p| p.name.clone())
    };
    if arguments.json {
        // A number that is not finite has no JSON: null.
        let minima: Vec<Value> = search
            .minima
            .iter()
            .map(|m| {
                json!({
                    "n": m.counts, "energy": m.energy, "multiplicity": m.multiplicity, "found": m.found,
                    "negative_modes": m.negative, "flat_modes": m.flat,
                })
            })
            .collect();
        let boundaries: Vec<Value> = comparison
            .boundaries
            .iter()
            .map(|b| {
                json!({
                    "phase_a": name(b.phase_a), "phase_b": name(b.phase_b), "temperature": b.temperature,
                    "mu_minima": b.minima, "mu_harmonic": b.harmonic, "mu_quantum": b.quantum, "mu_regc": b.mu, "mu_regc_err": b.mu_err,
                    "crossover": b.crossover,
                })
            })
            .collect();
        let result = json!({
            "report": outcome.report,
            "quenches": search.quenches, "not_converged": search.not_converged, "on_wall": search.on_wall,
            "minima": minima, "boundaries": boundaries,
            "findings": findings(comparison, search, &outcome.labels),
        });
        write_stdout(&format!("{result:#}\n"))?;
        return Ok(());
    }
    if !comparison.boundaries.is_empty() {
        write_stdout(&format!(
            "{:<28} {:>9} {:>10} {:>10} {:>18}\n",
            "boundary", "T", "minima", "harmonic", "REGC + MBAR"
        ))?;
        let number = |x: f64| if x.is_finite() { format!("{x:.3}") } else { "–".to_owned() };
        for b in &comparison.boundaries {
            let mut regc = if b.mu_err.is_finite() { with_error(b.mu, b.mu_err) } else { number(b.mu) };
            if b.crossover {
                regc.insert(0, '~');
            }
            write_stdout(&format!(
                "{:<28} {:>9.4} {:>10} {:>10} {:>18}\n",
                format!("{} | {}", name(b.phase_a), name(b.phase_b)),
                b.temperature,
                number(b.minima),
                number(b.harmonic),
                regc
            ))?;
        }
    }
    for words in findings(comparison, search, &outcome.labels) {
        write_stdout(&format!("{words}\n"))?;
    }
    write_stdout(&format!("report: {}\n", outcome.report.display()))?;
    Ok(())
}

/// Refuses temperatures that are not above 0.
pub(crate) fn check(arguments: &AiatArguments) -> Result<()> {
    match arguments.temperature.as_ref().and_then(|t| t.0.iter().find(|&&t| t <= 0.0)) {
        Some(&value) => Err(Error::NotPositive { quantity: "temperature", value, unit: "K" }),
        None => Ok(()),
    }
}
