//! The tables of a run: `states.csv` and `exchange.csv`.

use crate::base::error::Result;
use crate::base::ids::StateId;
use crate::io::atomic::{Table, cell};
use crate::moves::MoveKind;
use crate::sampler::Sampler;
use std::path::Path;

/// Writes `states.csv`: one row a state, averages over every production cycle, no reweighting.
///
/// - `pressure_unit`: one unit of the scene's pressure [energy/length³]
///
/// # Errors
/// [`crate::base::Error::Io`] if it cannot be written, or whatever the device says.
pub fn write_states(sampler: &mut Sampler, pressure_unit: f64, path: &Path) -> Result<()> {
    let tallies = sampler.transitions()?.moves();
    let grid = sampler.grid();
    let names: Vec<&str> = grid.reservoirs.iter().map(|r| r.species.as_str()).collect();
    let each = |pattern: &str| names.iter().map(|s| pattern.replace('*', s)).collect::<Vec<_>>();
    let pairs: Vec<(usize, usize)> = (0..names.len()).flat_map(|s| (s + 1..names.len()).map(move |t| (s, t))).collect();

    let mut columns = vec!["state".to_owned(), "temperature".to_owned()];
    columns.extend(names.iter().flat_map(|s| [format!("ln_z_{s}"), format!("mu_{s}"), format!("pressure_{s}")]));
    columns.extend(names.iter().flat_map(|s| [format!("n_{s}_mean"), format!("n_{s}_err")]));
    columns.extend(["energy_mean".to_owned(), "energy_err".to_owned()]);
    columns.extend(each("var_n_*"));
    columns.push("var_energy".to_owned());
    columns.extend(each("cov_energy_n_*"));
    columns.extend(pairs.iter().map(|&(s, t)| format!("cov_n_{}_{}", names[s], names[t])));
    columns.extend(each("p_nmax_*"));
    columns.extend(["samples".to_owned(), "inefficiency".to_owned()]);
    let acceptance = |kind: MoveKind, species: &str| format!("acceptance_{}_{species}", kind.name());
    columns.extend(names.iter().flat_map(|s| MoveKind::TALLIED.map(|kind| acceptance(kind, s))));

    let mut table = Table::new(&columns);
    for k in 0..grid.len() {
        let id = StateId(k as u32);
        let (point, average) = (grid.state(id), sampler.average(id));
        let mut row = vec![k.to_string(), cell(point.temperature)];
        for s in 0..names.len() {
            let pressure = grid.reservoirs[s].convention.pressure(point.ln_z[s], point.kt, pressure_unit);
            row.extend([cell(point.ln_z[s]), cell(grid.mu(id, s)), cell(pressure)]);
        }
        row.extend((1..=names.len()).flat_map(|s| [cell(average.mean[s]), cell(average.error[s])]));
        row.extend([cell(average.mean[0]), cell(average.error[0])]);
        row.extend((1..=names.len()).map(|s| cell(average.covariance[s][s])));
        row.push(cell(average.covariance[0][0]));
        row.extend((1..=names.len()).map(|s| cell(average.covariance[0][s])));
        row.extend(pairs.iter().map(|&(s, t)| cell(average.covariance[s + 1][t + 1])));
        row.extend(average.p_n_max.iter().map(|&p| cell(p)));
        row.extend([average.samples.to_string(), cell(average.inefficiency)]);
        for tally in &tallies[k * names.len()..(k + 1) * names.len()] {
            row.extend(MoveKind::TALLIED.map(|kind| cell(tally.of(kind).acceptance())));
        }
        table.row(row);
    }
    table.write(path)
}

/// Writes `exchange.csv`: one row an edge of the neighbour graph.
///
/// # Errors
/// [`crate::base::Error::Io`] if it cannot be written.
pub fn write_exchange(sampler: &Sampler, path: &Path) -> Result<()> {
    let columns = ["state_a", "state_b", "axis", "attempts", "accepted", "acceptance", "acceptance_second_half"];
    let (grid, mut table) = (sampler.grid(), Table::new(columns));
    for (edge, tally) in grid.edges.iter().zip(sampler.edge_tallies()) {
        table.row([
            edge.a.0.to_string(),
            edge.b.0.to_string(),
            grid.axis_name(edge.axis),
            tally.attempts.to_string(),
            tally.accepted.to_string(),
            cell(tally.acceptance()),
            cell(tally.acceptance_second_half()),
        ]);
    }
    table.write(path)
}
