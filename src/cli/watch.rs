//! `adlayer watch`: a run as it is now, going on or finished, on this machine or on another that shares its files.

use super::args::WatchArguments;
use super::width;
use crate::base::Result;
use crate::base::units::Units;
use crate::cli::stdout::{write_stderr, write_stdout};
use crate::figures::text;
use crate::input::scene::CheckedScene;
use crate::report::columns::{aligned, broken, spread, width as table_width};
use crate::report::findings::{duration, engineering, with_error};
use crate::run::RunStatus;
use crate::thermo::Convention;
use crate::thermo::states::{Axis, StateGrid};
use crate::workflow::analyze::{GridRequest, evaluate};
use crate::workflow::watch::{Look, SILENT, Watched};
use std::io::IsTerminal;
use std::path::Path;
use std::time::Duration;

/// Temperatures of an isotherm.
const MOST_ROWS: usize = 8;
/// Columns of an isotherm.
const MOST_COLUMNS: usize = 6;
/// Cells of the bar.
const BAR: usize = 24;
/// Width of lines where stdout is no terminal.
const OF_A_FILE: usize = 100;

pub(crate) fn watch(arguments: &WatchArguments) -> Result<()> {
    let mut watched = Watched::new(&arguments.directory)?;
    let lasting = std::io::stdout().is_terminal() && !arguments.once;
    let mut reported = None;
    loop {
        let look = watched.look()?;
        let screen = words(&watched.loaded, &look, width::of_stdout().unwrap_or(OF_A_FILE));
        // Clears the terminal and begins at its upper left.
        write_stdout(&if lasting { format!("\x1b[2J\x1b[H{screen}") } else { screen })?;
        if let Some(output) = arguments.report.as_ref().filter(|_| reported != Some(look.sample_bytes)) {
            reported = Some(look.sample_bytes);
            report(&arguments.directory, output, lasting)?;
        }
        if !lasting || !look.goes_on {
            return Ok(());
        }
        std::thread::sleep(arguments.every.max(Duration::from_millis(200)));
    }
}

/// Analyses what there is into `output`. While a run goes on a failure is only said: the next look finds more samples.
fn report(directory: &Path, output: &Path, lasting: bool) -> Result<()> {
    match evaluate(&[directory.to_owned()], output, &GridRequest::default()) {
        Ok(evaluation) => write_stdout(&format!("report: {}\n", evaluation.report.display())),
        Err(error) if lasting => {
            write_stderr(&format!("no report yet: {error}\n"));
            Ok(())
        }
        Err(error) => Err(error),
    }
}

/// Everything that one look shows.
pub(super) fn words(loaded: &CheckedScene, look: &Look, width: usize) -> String {
    let (grid, units, record) = (&loaded.grid(), loaded.scene.units, &look.record);
    let mut lines = vec![format!("{} · {} on {}", record.title, record.status, record.device), progress(look)];
    lines.extend(accepted(look));
    lines.extend(exchange(look));
    lines.extend(trips(grid, look));
    for (i, run) in look.further.iter().enumerate() {
        lines.push(format!("further run {} over {} states · {}", i + 1, run.record.n_states, run.record.status));
        lines.push(progress(run));
        lines.extend(accepted(run));
        lines.extend(exchange(run));
    }
    if look.is_between_runs() {
        lines.push("analysing   whether the goal of the scene is reached".to_owned());
    }
    let mut out: String = lines.iter().map(|line| broken(line, width, 12) + "\n").collect();
    if record.production_done == 0 || look.energy.is_empty() {
        out.push_str("averages follow with the first cycles of production\n");
        return out;
    }
    for s in 0..grid.n_reservoirs() {
        out.push('\n');
        out.push_str(&isotherms(grid, look, s, (units, width)));
    }
    if grid.n_reservoirs() == 0 {
        out.push('\n');
        out.push_str(&energies(grid, look, units));
    }
    out
}

/// Acceptance of particle moves; nothing before the first tables.
fn accepted(look: &Look) -> Option<String> {
    let percent = |x: f64| if x.is_finite() { format!("{:.1} %", 100.0 * x) } else { "–".to_owned() };
    let each: Vec<String> = look
        .moves
        .iter()
        .map(|m| {
            let changed = m.identity.map_or_else(String::new, |x| format!(", changed {}", percent(x)));
            format!("{} inserted {}, deleted {}{changed}", m.species, percent(m.insert), percent(m.delete))
        })
        .collect();
    (!each.is_empty()).then(|| format!("accepted    {}", each.join(" · ")))
}

/// How far the run is, and when it will be done at its present rate.
fn progress(look: &Look) -> String {
    let r = &look.record;
    let cycles = u64::from(r.equilibration) + u64::from(r.production);
    let done = if r.status == RunStatus::Finished { cycles } else { r.cycles_done.min(cycles) };
    let filled = (BAR as u64 * done / cycles.max(1)) as usize;
    let bar = format!("{}{}", "█".repeat(filled), "░".repeat(BAR - filled));
    let stage = if done < u64::from(r.equilibration) { "equilibrating" } else { "sampling" };
    let mut line =
        format!("{:<11} {bar} {done}/{cycles} cycles", if r.status == RunStatus::Finished { "done" } else { stage });
    if r.replica_steps_per_s > 0.0 {
        line.push_str(&format!(" · {} replica-steps/s", engineering(r.replica_steps_per_s)));
    }
    if r.status == RunStatus::Running {
        if look.is_abandoned {
            line.push_str(" · nobody holds its lock: it was killed, or is on a machine whose locks are not seen here");
        } else if r.seconds_sampling > 0.0 && done > 0 {
            line.push_str(&format!(" · {} left", duration(r.seconds_sampling * (cycles - done) as f64 / done as f64)));
        }
        if let Some(age) = look.age.filter(|age| *age > SILENT) {
            line.push_str(&format!(" · no word for {}: perhaps it was killed", duration(age.as_secs_f64())));
        }
    }
    line
}

/// Acceptance of exchanges along every direction.
fn exchange(look: &Look) -> Option<String> {
    let mut axes: Vec<&str> = Vec::new();
    for row in &look.exchange {
        if !axes.contains(&row.axis.as_str()) {
            axes.push(&row.axis);
        }
    }
    let each: Vec<String> = axes
        .iter()
        .filter_map(|axis| {
            let tried = look.exchange.iter().filter(|r| r.axis == *axis && r.attempts > 0);
            let rates: Vec<f64> = tried.map(|r| r.acceptance).collect();
            let lowest = rates.iter().copied().reduce(f64::min)?;
            let mean = rates.iter().sum::<f64>() / rates.len() as f64;
            Some(format!("{axis} {:.0} % (lowest {:.1} %)", 100.0 * mean, 100.0 * lowest))
        })
        .collect();
    (!each.is_empty()).then(|| format!("exchanged   {}", each.join(" · ")))
}

/// Round trips of replicas along every axis.
fn trips(grid: &StateGrid, look: &Look) -> Option<String> {
    let flows = look.flows.as_ref().filter(|flows| !flows.is_empty())?;
    let name = |axis: Axis| match axis {
        Axis::Temperature => "temperature".to_owned(),
        Axis::Reservoir(r) => format!("mu_{}", grid.reservoirs[r].species),
    };
    let each: Vec<String> = flows
        .iter()
        .map(|f| {
            format!(
                "{} {} ({} of {} replicas have seen both ends)",
                name(f.axis),
                f.round_trips,
                f.travelled,
                f.replicas
            )
        })
        .collect();
    Some(format!("round trips {}", each.join(" · ")))
}

/// ⟨N⟩ of a species along its axis.
fn isotherms(grid: &StateGrid, look: &Look, s: usize, (units, width): (Units, usize)) -> String {
    let Some(axes) = grid.axes() else { return String::new() };
    let (values, states) = (grid.values(s), grid.plane(s));
    let species = &grid.reservoirs[s].species;
    let symbol = |r: usize| match grid.reservoirs[r].convention {
        Convention::Pressure { .. } | Convention::Gas(_) => ("p", units.pressure_label()),
        Convention::Activity => ("μ'", units.energy_label()),
        Convention::Absolute { .. } => ("μ", units.energy_label()),
    };
    let written = |v: f64, small: bool| if small { format!("{v:.1e}") } else { text::short(v, 3) };
    let is_small = |v: &f64| *v != 0.0 && v.abs() < 1e-2;
    let small = values.iter().any(is_small);
    let value = |v: f64| written(v, small);
    let held = |r: usize| {
        let state = &grid.states[*states.first()?];
        let value = grid.reservoirs[r].convention.value(state.ln_z[r], state.kt);
        let ((symbol, unit), other) = (symbol(r), &grid.reservoirs[r].species);
        Some(format!("; {other} at {symbol} = {} {unit}", written(value, is_small(&value))))
    };
    let decimals = text::decimals(grid.temperatures().into_iter(), 4);
    let table = |columns: usize| -> Vec<Vec<String>> {
        let columns = spread(values.len(), columns);
        let head = std::iter::once("T".to_owned()).chain(columns.iter().map(|&c| value(values[c])));
        let mut rows = vec![head.collect::<Vec<_>>()];
        for r in spread(axes.temperatures.len(), MOST_ROWS) {
            let row = &states[r * values.len()..(r + 1) * values.len()];
            let count = |&c: &usize| match look.counts.get(row[c]).and_then(|n| n.get(s)) {
                Some(&(n, err)) => with_error(n, err).replace(" ± ", "±"),
                None => "–".to_owned(),
            };
            let temperature = text::fixed(grid.states[row[0]].temperature, decimals);
            rows.push(std::iter::once(temperature).chain(columns.iter().map(count)).collect());
        }
        rows
    };
    let rows = (2..=MOST_COLUMNS).rev().map(table).find(|rows| table_width(rows) <= width).unwrap_or_else(|| table(1));
    let ((symbol, unit), temperature) = (symbol(s), units.temperature_label());
    let others: String = (0..grid.n_reservoirs()).filter(|&r| r != s).filter_map(held).collect();
    let head = format!(
        "⟨N⟩ of {species}, direct (each state's own cycles so far), T in {temperature}, columns at {symbol} in {unit}{others}"
    );
    broken(&head, width, 2) + "\n" + &aligned(&rows, &[])
}

/// ⟨E⟩ against temperature.
fn energies(grid: &StateGrid, look: &Look, units: Units) -> String {
    let decimals = text::decimals(grid.temperatures().into_iter(), 4);
    let (t, e) = (units.temperature_label(), units.energy_label());
    let mut rows = vec![vec![format!("T [{t}]"), format!("⟨E⟩ [{e}]")]];
    for k in spread(grid.n_points(), 2 * MOST_ROWS) {
        let energy = look.energy.get(k).map_or_else(|| "–".into(), |&(e, err)| with_error(e, err).replace(" ± ", "±"));
        rows.push(vec![text::fixed(grid.states[k].temperature, decimals), energy]);
    }
    format!("⟨E⟩, direct (each state's own cycles so far)\n{}", aligned(&rows, &[]))
}
