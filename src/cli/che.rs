//! `adlayer che`: a reaction at an electrode.

use super::args::CheArguments;
use crate::base::{Error, Result};
use crate::cli::diagnostics::warn;
use crate::cli::stdout::{say_where, write_stdout};
use crate::figures::electrode;
use crate::input::che::{CheInput, load, plausible_ph};
use crate::run::directory::default_directory;
use crate::thermochemistry::che::{Electrode, from_reversible};
use crate::thermochemistry::envelope::{edges, lowest_planes};
use serde_json::{Value, json};

pub(crate) fn che(arguments: &CheArguments) -> Result<()> {
    if let Some((problem, remedy)) = arguments.ph.and_then(|ph| plausible_ph(ph).err()) {
        return Err(Error::argument(problem, remedy));
    }
    let input = with_overrides(load(&arguments.file)?, arguments);
    input.warnings.iter().for_each(|w| warn(w));
    if arguments.json {
        write_stdout(&format!("{:#}\n", as_json(&input)))?;
    } else {
        write_stdout(&table(&input))?;
    }
    let directory = match (&arguments.output, arguments.json) {
        (Some(directory), _) => directory.clone(),
        (None, true) => return Ok(()),
        (None, false) => {
            let stem = arguments.file.file_stem().map_or_else(|| "che".into(), |s| s.to_string_lossy().into_owned());
            default_directory(&format!("che-{stem}"))
        }
    };
    let figures = electrode::draw(&input, &directory)?;
    if arguments.json { Ok(()) } else { say_where(&figures, &directory) }
}

fn with_overrides(mut input: CheInput, arguments: &CheArguments) -> CheInput {
    if let Some(potentials) = &arguments.potential {
        input.potentials.clone_from(&potentials.0);
    }
    input.ph = arguments.ph.unwrap_or(input.ph);
    if let Some(rhe) = &arguments.scale {
        input.scale = *rhe;
    }
    input
}

/// A potential of the reversible electrode on the scale and at the pH of the table.
fn on_scale(input: &CheInput, reversible: f64) -> f64 {
    from_reversible(reversible, input.ph, input.scale, input.temperature)
}

/// Potentials of the table on its own scale: 0, those of the file, U_L and U_eq; ascending, each once.
fn potentials(input: &CheInput) -> Vec<f64> {
    let mut all = vec![0.0, on_scale(input, input.reaction.equilibrium)];
    all.extend(&input.potentials);
    all.extend(input.reaction.limiting().map(|l| on_scale(input, l.0)));
    all.sort_by(f64::total_cmp);
    all.dedup_by(|a, b| (*a - *b).abs() < 1e-9);
    all
}

fn electrode_at(input: &CheInput, potential: f64) -> Electrode {
    Electrode { potential, ph: input.ph, scale: input.scale, temperature: input.temperature }
}

fn as_json(input: &CheInput) -> Value {
    let reaction = &input.reaction;
    let states: Vec<Value> = reaction
        .states
        .iter()
        .map(|s| json!({"label": s.label, "free_energy": s.free_energy, "pairs": s.pairs}))
        .collect();
    let conditions: Vec<Value> = potentials(input)
        .into_iter()
        .map(|u| {
            let electrode = electrode_at(input, u);
            let steps = reaction.steps(&electrode);
            let most = steps.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            json!({"potential": u, "levels": reaction.levels(&electrode), "steps": steps, "max_step": most})
        })
        .collect();
    let mut result = json!({
        "title": input.title, "illustrative": input.illustrative, "temperature": input.temperature,
        "ph": input.ph, "scale": input.scale.name(), "equilibrium": reaction.equilibrium,
        "limiting_potential": reaction.limiting().map(|l| l.0),
        "limiting_potential_on_scale": reaction.limiting().map(|l| on_scale(input, l.0)),
        "equilibrium_on_scale": on_scale(input, reaction.equilibrium),
        "limiting_step": reaction.limiting().map(|l| l.1 + 1),
        "overpotential": reaction.overpotential(), "direction": reaction.direction().name(),
        "equilibrium_of_path": reaction.equilibrium_of_path(), "warnings": input.warnings,
        "states": states, "conditions": conditions,
    });
    if !input.surfaces.is_empty() {
        let planes: Vec<_> = input.surfaces.iter().map(|s| s.plane(input.temperature, input.scale)).collect();
        let regions = lowest_planes(&planes, (0.0, 14.0), input.sweep);
        let label = |i: usize| &input.surfaces[i].label;
        let boundaries: Vec<Value> = edges(&regions)
            .iter()
            .map(|e| {
                json!({
                    "between": [label(e.planes.0), label(e.planes.1)],
                    "from": {"ph": e.from.0, "potential": e.from.1}, "to": {"ph": e.to.0, "potential": e.to.1},
                })
            })
            .collect();
        result["surface_boundaries"] = boundaries.into();
        let supplies = input.supplies.iter().map(|(element, molecule)| (element.clone(), json!(molecule)));
        result["surface_references"] =
            [("H".to_owned(), json!("H+ + e-")), ("O".to_owned(), json!("H2O"))].into_iter().chain(supplies).collect();
    }
    result
}

fn table(input: &CheInput) -> String {
    let reaction = &input.reaction;
    let note = if input.illustrative { " (illustrative energies)" } else { "" };
    let mut out = format!(
        "{}{note}\n{} K, pH {}, potentials against {}\n",
        input.title,
        input.temperature,
        input.ph,
        input.scale.name()
    );
    let potentials = potentials(input);
    let steps: Vec<Vec<f64>> = potentials.iter().map(|&u| reaction.steps(&electrode_at(input, u))).collect();
    out += &format!("{:<58}", "ΔG of each step [eV] at U [V] =");
    potentials.iter().for_each(|u| out += &format!(" {u:>8.3}"));
    out.push('\n');
    for (i, pair) in reaction.states.windows(2).enumerate() {
        let kind = if reaction.transferred()[i] != 0.0 { "" } else { "  (chemical)" };
        out += &format!("{:<58}", format!("{} → {}{kind}", pair[0].label, pair[1].label));
        steps.iter().for_each(|s| out += &format!(" {:>8.3}", s[i]));
        out.push('\n');
    }
    if let (Some((limit, step)), Some(over)) = (reaction.limiting(), reaction.overpotential()) {
        out += &format!(
            "{}: limiting potential {:.4} V (step {}), equilibrium {} V, overpotential {over:.4} V",
            reaction.direction().name(),
            on_scale(input, limit),
            step + 1,
            (1e4 * on_scale(input, reaction.equilibrium)).round() / 1e4,
        );
        if on_scale(input, 0.0) != 0.0 {
            out += &format!(
                " (against {} at pH {}; {limit:.4} V and {} V against RHE)",
                input.scale.name(),
                input.ph,
                reaction.equilibrium,
            );
        }
        out.push('\n');
    }
    out
}
