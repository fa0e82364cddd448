//! `adlayer check`: what a scene says, and what a run of it will take.

use super::args::CheckArguments;
use crate::base::units::bytes;
use crate::base::{Error, Result};
use crate::cli::diagnostics::warn;
use crate::cli::stdout::write_stdout;
use crate::forces::external::spec::ClientSpec;
use crate::input::scene::grammar::{Potential, Scene, Until, Windows};
use crate::input::scene::{self, CheckedScene};
use crate::run::forecast::{AxisExchange, Estimate, check_disk, check_memory, estimate};
use serde::Serialize;
use std::path::Path;

/// What `check --json` prints.
#[derive(Debug, Serialize)]
struct Report<'a> {
    scene: String,
    title: &'a str,
    lengths: (f64, f64, f64),
    tilt: f64,
    floor: f64,
    ceiling: f64,
    slab_atoms: usize,
    mobile_slab_atoms: usize,
    warnings: &'a [String],
    estimate: &'a Estimate,
}

pub(crate) fn check(arguments: &CheckArguments) -> Result<()> {
    let loaded = scene::load(&arguments.scene)?;
    let longest = loaded.longest();
    check_memory(&longest)?;
    let estimate = estimate(&longest);
    // The scene is as good on a full disk; `run` refuses.
    let disk = check_disk(&longest, Path::new(".")).err().map(|e| e.to_string());
    let doubts = [&estimate.limits, &estimate.far_apart].into_iter().flatten();
    let warnings: Vec<String> = loaded.warnings.iter().chain(doubts).cloned().chain(disk).collect();
    if arguments.json {
        let report = Report {
            scene: loaded.path.display().to_string(),
            title: &loaded.scene.title,
            lengths: loaded.lengths(),
            tilt: loaded.cell().tilt,
            floor: loaded.floor(),
            ceiling: loaded.ceiling(),
            slab_atoms: loaded.slab.atoms.len(),
            mobile_slab_atoms: loaded.slab.mobile().count(),
            warnings: &warnings,
            estimate: &estimate,
        };
        let text =
            serde_json::to_string_pretty(&report).map_err(|source| Error::Json { what: "the result", source })?;
        write_stdout(&format!("{text}\n"))
    } else {
        warnings.iter().for_each(|w| warn(w));
        let lines = summary(&loaded, &estimate, warnings.len());
        write_stdout(&lines.iter().map(|(name, value)| format!("{name:<14} {value}\n")).collect::<String>())
    }
}

fn in_words(potential: &Potential) -> String {
    if let Some(spec) = potential.external() {
        let of = |c: &ClientSpec| format!("{} of `{}`", c.count, c.command);
        let clients: Vec<String> = spec.clients.iter().map(of).collect();
        return match clients.is_empty() {
            true => "external, of clients that connect".to_owned(),
            false => format!("external, {}", clients.join(", ")),
        };
    }
    format!("{}, cutoff {}, {:?}", potential.name(), potential.cutoff(), potential.truncation())
}

/// The lines of the summary: name and value.
///
/// - `warnings`: how many were said before
fn summary(loaded: &CheckedScene, e: &Estimate, warnings: usize) -> Vec<(&'static str, String)> {
    let scene = &loaded.scene;
    let (x, y, z) = loaded.lengths();
    let tilt = match loaded.cell() {
        cell if cell.is_oblique() => format!(", tilt {}", short(cell.tilt)),
        _ => String::new(),
    };
    let periodic = if scene.is_bulk() { "periodic in x, y, z".to_owned() } else { walls(loaded) };
    let mut lines = vec![
        ("scene", format!("{} ({})", loaded.path.display(), scene.title)),
        ("units", format!("{:?}", scene.units)),
        ("cell", format!("{} × {} × {}{tilt}, {periodic}", short(x), short(y), short(z))),
        ("potential", in_words(&scene.potential)),
    ];
    if !loaded.slab.atoms.is_empty() {
        let mobile = loaded.slab.mobile().count();
        lines.push(("slab", format!("{} atoms, {mobile} of them mobile", loaded.slab.atoms.len())));
    }
    for r in &scene.reservoir {
        lines.push(("reservoir", format!("{}, up to {} atoms", r.species, r.max_atoms)));
    }
    let mut axes = format!("T {}", span(&scene.grid.temperature.values()));
    for axis in &scene.grid.reservoir {
        axes += &format!(" × {:?} {} {}", axis.convention, axis.species, span(&axis.values.values()));
    }
    lines.extend([
        ("grid", axes),
        ("replicas", format!("{} states × {} walkers = {}", e.n_states, e.walkers, e.n_replicas)),
        ("cycles", cycles(scene)),
        ("samples", e.n_samples.to_string()),
        ("memory", format!("about {}", bytes(e.memory_bytes))),
        ("disk", format!("about {}", bytes(e.disk_bytes))),
        ("time", time(loaded, e)),
    ]);
    if scene.potential.external().is_none() {
        let slab_moves = loaded.slab.mobile().next().is_some();
        lines.extend(e.exchange.iter().map(|axis| ("exchange", acceptance(axis, slab_moves))));
    }
    let result = match warnings {
        0 => "the scene is good".to_owned(),
        1 => "the scene can be run; mind the doubt above".to_owned(),
        n => format!("the scene can be run; mind the {n} doubts above"),
    };
    lines.push(("result", result));
    lines
}

/// The length of the run; samples, memory, disk and time are those of the longest.
fn cycles(scene: &Scene) -> String {
    let schedule = &scene.schedule;
    let first = format!("{} + {}", schedule.equilibration, schedule.production);
    let beside = match (&scene.windows, schedule.refine) {
        (Windows::Auto, _) => "; a further run beside it along every first-order line".to_owned(),
        (_, 0) => String::new(),
        (_, 1) => "; 1 further run beside it at most".to_owned(),
        (_, n) => format!("; {n} further runs beside it at most"),
    };
    match (schedule.until, schedule.max_cycles) {
        (Some(until), Some(most)) if most > schedule.production => {
            let what = match until {
                Until::BoundaryError { .. } => "every boundary",
                Until::FirstOrderError { .. } => "every first-order line",
            };
            let at = match until.temperature() {
                Some((lo, hi)) if lo == hi => format!(" at T = {lo}"),
                Some((lo, hi)) => format!(" at T = {lo} to {hi}"),
                None => String::new(),
            };
            format!("{first}, then up to {most} of production until μ of {what}{at} is known to {}{beside}", until.mu())
        }
        _ => first + &beside,
    }
}

/// How long it takes: that of clients is theirs, and only the number of their answers is known.
fn time(loaded: &CheckedScene, e: &Estimate) -> String {
    let scene = &loaded.scene;
    let Some(spec) = scene.potential.external() else {
        return format!(
            "sampling about {} on {} cores (very roughly), then the analysis",
            duration(e.seconds),
            e.cores
        );
    };
    let (schedule, moves) = (&scene.schedule, &scene.moves);
    let cycles = u64::from(schedule.equilibration) + u64::from(schedule.production);
    let of_cycle = u64::from(scene.dynamics.steps()) + 1 + u64::from(moves.insert_delete) + u64::from(moves.identity);
    let at_once = match spec.n_clients() {
        0 => String::new(),
        n => format!(", {} at a time", n.min(e.n_replicas)),
    };
    format!("at most {} answers of clients{at_once}", cycles * of_cycle * e.n_replicas as u64)
}

/// What is said of one axis of exchange.
///
/// - `slab_moves`: whether atoms of the slab do
fn acceptance(axis: &AxisExchange, slab_moves: bool) -> String {
    let of = format!("{}: {} edges", axis.axis, axis.edges);
    match (axis.lowest, axis.mean) {
        (Some(lowest), Some(mean)) => {
            let share = format!("{} of {} examined (dilute states)", axis.estimated, axis.examined);
            format!("{of}, acceptance about {mean:.2}, lowest {lowest:.2}, in {share}; elsewhere known after sampling")
        }
        _ => {
            let why = if slab_moves { "atoms of the slab move" } else { "atoms meet in every state" };
            format!("{of}, acceptance cannot be estimated before sampling: {why}")
        }
    }
}

/// The walls of a slab cell.
fn walls(loaded: &CheckedScene) -> String {
    format!("walls at z = {} and {}", short(loaded.floor()), short(loaded.ceiling()))
}

/// First and last value of an axis with their number.
fn span(values: &[f64]) -> String {
    match values {
        [one] => one.to_string(),
        [first, .., last] => format!("{first} … {last} ({})", values.len()),
        [] => String::new(),
    }
}

/// A length with at most four decimals.
fn short(x: f64) -> String {
    let text = format!("{x:.4}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// A time for people.
fn duration(seconds: f64) -> String {
    match seconds {
        s if s < 120.0 => format!("{s:.0} s"),
        s if s < 7200.0 => format!("{:.0} min", s / 60.0),
        s if s < 172_800.0 => format!("{:.1} h", s / 3600.0),
        s => format!("{:.1} days", s / 86_400.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_estimated_has_its_reason() {
        let axis = AxisExchange { axis: "mu_B".into(), edges: 6, examined: 6, estimated: 0, lowest: None, mean: None };
        assert!(acceptance(&axis, true).ends_with("before sampling: atoms of the slab move"));
        assert!(acceptance(&axis, false).ends_with("before sampling: atoms meet in every state"));
    }
}
