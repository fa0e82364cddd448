//! The tables of the checks: `diagnostics.csv`, `overlap.csv`, `flow.csv`, `boundary_convergence.csv`,
//! `transition_matrix.csv`, `estimators.csv`, `windows.csv`.

use super::mu_of_state;
use crate::analysis::diagnostics::{Checks, Diagnostics, SHARES};
use crate::base::Result;
use crate::io::csv::{Table, number, numbers};
use crate::thermo::states::StateGrid;
use std::path::Path;

/// Writes what there is into `dir`.
///
/// # Errors
/// [`crate::base::Error::Io`] if a file cannot be written.
pub(super) fn write(checks: &Checks, grid: &StateGrid, dir: &Path) -> Result<()> {
    let species: Vec<&str> = grid.reservoirs.iter().map(|r| r.species.as_str()).collect();
    if let Some(diagnostics) = &checks.diagnostics {
        states(checks, grid, &species).write(&dir.join("diagnostics.csv"))?;
        let mut edges = Table::of_species(
            &["state_a", "state_b", "axis", "overlap", "attempts", "acceptance", "acceptance_late", "usable"],
            &[],
        );
        let n_windows = diagnostics.edges.iter().map(|e| e.windows.len()).max().unwrap_or(0);
        let windows: Vec<String> = (1..=n_windows).map(|w| format!("acceptance_window_{w}")).collect();
        edges.widen(&windows);
        for e in &diagnostics.edges {
            let mut row = vec![e.edge.a.0.to_string(), e.edge.b.0.to_string(), grid.direction_name(e.edge.direction)];
            row.push(number(e.overlap));
            row.push(e.attempts.to_string());
            row.extend(numbers(&[e.acceptance, e.recent]));
            row.push(u8::from(e.usable).to_string());
            row.extend((0..n_windows).map(|w| number(e.windows.get(w).copied().unwrap_or(f64::NAN))));
            edges.push(row);
        }
        edges.write(&dir.join("overlap.csv"))?;
        let mut columns =
            vec!["axis", "value", "fraction", "fraction_err", "round_trips", "cycles_per_trip", "travelled"];
        // Replicas of runs with other grids travel each between the ends of their own.
        let parted = diagnostics.flows.iter().any(|flow| flow.runs.is_some());
        columns.extend(parted.then_some("runs"));
        let mut flows = Table::of_species(&columns, &[]);
        for flow in &diagnostics.flows {
            for (i, value) in flow.values.iter().enumerate() {
                let mut row = vec![grid.axis_name(flow.axis)];
                row.extend(numbers(&[*value, flow.fraction[i], flow.error[i]]));
                row.extend([flow.round_trips.to_string(), number(flow.cycles_per_trip), flow.travelled.to_string()]);
                row.extend(flow.runs.clone().filter(|_| parted));
                flows.push(row);
            }
        }
        flows.write(&dir.join("flow.csv"))?;
        if !diagnostics.windows.is_empty() {
            crossings(diagnostics, grid).write(&dir.join("windows.csv"))?;
        }
        let shares: Vec<String> = SHARES.iter().map(|s| format!("mu_from_{:.0}_percent", 100.0 * s)).collect();
        let mut trends = Table::of_species(&["phase_a", "phase_b", "species", "temperature", "mu_err", "z"], &[]);
        trends.widen(&shares);
        for t in &diagnostics.trends {
            let mut row = vec![t.phases.0.to_string(), t.phases.1.to_string(), species[t.species].to_owned()];
            row.extend(numbers(&[t.temperature, t.mu_err, t.z]));
            row.extend(numbers(&t.mu));
            trends.push(row);
        }
        trends.write(&dir.join("boundary_convergence.csv"))?;
    }
    if checks.estimators.is_some() {
        let (rows, summary) = estimators(checks, grid, &species);
        rows.write(&dir.join("transition_matrix.csv"))?;
        summary.write(&dir.join("estimators.csv"))?;
    }
    Ok(())
}

fn states(checks: &Checks, grid: &StateGrid, species: &[&str]) -> Table {
    let mut table = Table::of_species(
        &[
            "state",
            "temperature",
            "mu_<s>",
            "samples",
            "inefficiency",
            "inefficiency_path",
            "independent_samples",
            "equilibrium_from",
            "equilibrium_gain",
            "hysteresis_z",
            "even_n_<s>",
            "odd_n_<s>",
            "frozen",
            "component",
            "quoted",
            "part",
            "p_n_max_<s>",
        ],
        species,
    );
    let Some(diagnostics) = &checks.diagnostics else { return table };
    for (k, s) in diagnostics.states.iter().enumerate().take(grid.n_points()) {
        let mut row = vec![k.to_string(), number(grid.states[k].temperature)];
        row.extend(numbers(&mu_of_state(grid, k)));
        row.push(s.samples.to_string());
        row.extend(numbers(&[s.g_series, s.g_path, s.independent]));
        // In cycles of production.
        row.push(number((s.start * f64::from(diagnostics.production)).round()));
        row.extend(numbers(&[s.start_gain, s.hysteresis]));
        let none = vec![f64::NAN; species.len()];
        let excluded = checks.excluded.iter().find(|f| f.state == k);
        row.extend(numbers(excluded.map_or(&none, |f| &f.even)));
        row.extend(numbers(excluded.map_or(&none, |f| &f.odd)));
        row.extend([u8::from(s.excluded).to_string(), s.component.to_string(), u8::from(s.quotable).to_string()]);
        row.push(s.part.map_or_else(String::new, |part| part.to_string()));
        row.extend(s.at_limit.iter().map(|limit| number(limit.p)));
        table.push(row);
    }
    table
}

fn crossings(diagnostics: &Diagnostics, grid: &StateGrid) -> Table {
    let columns =
        ["state", "temperature", "species", "from", "to", "up", "down", "flatness", "independent", "set_aside"];
    let mut table = Table::new(columns);
    for (check, (k, state, window)) in diagnostics.windows.iter().zip(grid.windows()) {
        let mut row = vec![k.to_string(), number(state.temperature)];
        row.push(grid.reservoirs[window.reservoir].species.clone());
        row.extend([window.lo.to_string(), window.hi().to_string(), check.up.to_string(), check.down.to_string()]);
        row.extend(numbers(&[check.flatness, diagnostics.states.get(k).map_or(f64::NAN, |s| s.independent)]));
        row.push(u8::from(check.set_aside).to_string());
        table.push(row);
    }
    table
}

fn estimators(checks: &Checks, grid: &StateGrid, species: &[&str]) -> (Table, Table) {
    let mut rows = Table::of_species(
        &[
            "state",
            "temperature",
            "mu_<s>",
            "species",
            "n",
            "ln_pi_tm",
            "ln_pi_tm_err",
            "ln_pi_mbar",
            "ln_pi_mbar_err",
            "z",
        ],
        species,
    );
    let mut summary = Table::of_species(
        &[
            "state",
            "temperature",
            "mu_<s>",
            "species",
            "n_tm",
            "n_tm_err",
            "n_mbar",
            "n_mbar_err",
            "z",
            "worst_z",
            "alarm",
        ],
        species,
    );
    for s in checks.estimators.iter().flat_map(|e| &e.states) {
        let mut head = vec![s.state.to_string(), number(grid.states[s.state].temperature)];
        head.extend(numbers(&mu_of_state(grid, s.state)));
        head.push(species[s.reservoir].to_owned());
        for p in &s.pi {
            let mut row = head.clone();
            row.push(p.n.to_string());
            row.extend(numbers(&[p.tm, p.tm_err, p.mbar, p.mbar_err, p.z]));
            rows.push(row);
        }
        let mut row = head;
        row.extend(numbers(&[s.n_tm, s.n_tm_err, s.n_mbar, s.n_mbar_err, s.n_z, s.worst()]));
        row.push(u8::from(s.is_alarm()).to_string());
        summary.push(row);
    }
    (rows, summary)
}
