//! The tables of a run, `states.csv` and `exchange.csv`: written at its end, and what of them is read back.

use crate::analysis::limit::P_N_MAX;
use crate::base::error::{Error, Result};
use crate::base::ids::StateId;
use crate::io::csv::{Table, as_given, number, parse_rows};
use crate::io::text::read_text;
use crate::moves::MoveKind;
use crate::moves::exchange::EdgeTally;
use crate::moves::transition_matrix::{Sums, links, ln_pi};
use crate::sampler::moments::StateAverage;
use crate::sampler::{Sampler, Totals};
use crate::thermo::response::Fluctuations;
use crate::thermo::states::{StateGrid, StatePoint};
use serde::Serialize;
use std::path::Path;

/// Writes `states.csv`: one row a state, averages over every production cycle, no reweighting. Errors are those of each
/// state's own series until the analysis knows better ([`set_results`]), which sets what comes after the heats, too.
///
/// - `totals`: over all walkers
/// - `pressure_unit`: one unit of the scene's pressure [energy/length³]
///
/// # Errors
/// [`Error::Io`] if it cannot be written.
pub fn write_states(sampler: &Sampler, totals: &Totals, pressure_unit: f64, path: &Path) -> Result<()> {
    let tallies = &totals.moves;
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
    let kinds: Vec<MoveKind> = MoveKind::TALLIED
        .into_iter()
        .filter(|&kind| kind != MoveKind::Identity || sampler.plan().identity > 0)
        .collect();
    columns.extend(names.iter().flat_map(|s| kinds.iter().map(|&kind| acceptance(kind, s))));
    if totals.segments(StateId(0)).is_some() {
        columns.push(SEGMENTS.to_owned());
    }
    for pattern in ADSORPTION {
        columns.extend(if pattern.contains('*') { each(pattern) } else { vec![pattern.to_owned()] });
    }

    let mut table = Table::new(&columns);
    let given: Vec<Vec<f64>> = (0..names.len()).map(|s| grid.values(s)).collect();
    for k in 0..grid.n_points() {
        let id = StateId(k as u32);
        let (point, average) = (grid.state(id), totals.average(id));
        let mut row = vec![k.to_string(), number(point.temperature)];
        for s in 0..names.len() {
            let pressure = grid.reservoirs[s].convention.pressure(point.ln_z[s], point.kt, pressure_unit);
            let key = |value: f64| number(as_given(value, &given[s]));
            row.extend([number(point.ln_z[s]), key(grid.mu(id, s)), key(pressure)]);
        }
        row.extend((1..=names.len()).flat_map(|s| [number(average.mean[s]), number(average.error[s])]));
        row.extend([number(average.mean[0]), number(average.error[0])]);
        row.extend((1..=names.len()).map(|s| number(average.covariance[s][s])));
        row.push(number(average.covariance[0][0]));
        row.extend((1..=names.len()).map(|s| number(average.covariance[0][s])));
        row.extend(pairs.iter().map(|&(s, t)| number(average.covariance[s + 1][t + 1])));
        row.extend(average.p_n_max.iter().map(|&p| number(p)));
        row.extend([average.samples.to_string(), number(average.inefficiency)]);
        for tally in &tallies[k * names.len()..(k + 1) * names.len()] {
            row.extend(kinds.iter().map(|&kind| number(tally.of(kind).acceptance())));
        }
        row.extend(totals.segments(id).map(|tally| number(tally.acceptance())));
        row.extend(isosteric_heats(grid, point, &average).into_iter().map(number));
        row.resize(columns.len(), String::new());
        table.push(row);
    }
    table.write(path)
}

/// Column of the accepted segments per segment, where dynamics accept or reject them.
const SEGMENTS: &str = "acceptance_segment";

/// Columns at the end of `states.csv`; `*` stands for each species. Those after the first are set by the analysis.
const ADSORPTION: [&str; 8] =
    ["q_st_*", "q_st_err_*", "excess_*", "gas_density_*", "gas_pressure", "gas_pressure_err", "henry_*", "henry_err_*"];

/// `[n_reservoirs]`, isosteric heats from the covariances of one state; NaN where N hardly varies or stands at its limit.
/// \[energy\]
fn isosteric_heats(grid: &StateGrid, point: &StatePoint, average: &StateAverage) -> Vec<f64> {
    let n_s = grid.n_reservoirs();
    let covariance = &average.covariance;
    let state = Fluctuations {
        kt: point.kt,
        boltzmann: point.kt / point.temperature,
        var_energy: covariance[0][0],
        cov_energy_n: &covariance[0][1..],
        cov_n: &(0..n_s * n_s).map(|i| covariance[1 + i / n_s][1 + i % n_s]).collect::<Vec<_>>(),
    };
    let heat: Vec<f64> = grid.reservoirs.iter().map(|r| r.convention.pressure_coefficient(point.kt)).collect();
    let heats = state.isosteric_heat(&heat, average.samples as f64 / average.inefficiency);
    // Where `max_atoms` cuts the fluctuations off they say nothing of a heat.
    let cut = average.p_n_max.iter().any(|&p| p > P_N_MAX);
    heats.into_iter().map(|q| if cut { f64::NAN } else { q }).collect()
}

/// What the analysis knows of one state.
#[derive(Debug, Clone)]
pub struct StateResults {
    /// `[n_reservoirs]`, standard errors of ⟨N_s⟩
    pub n: Vec<f64>,
    /// Standard error of ⟨E⟩ \[energy\]
    pub energy: f64,
    /// Statistical inefficiency \[cycles\]
    pub inefficiency: f64,
    /// `[n_reservoirs]`, atoms that the gas alone would have in the cell; the rest is excess
    pub gas: Vec<f64>,
    /// Further columns with their values; one that is not finite is left empty.
    pub further: Vec<(String, f64)>,
}

/// Sets in `states.csv` what only the analysis knows: errors, because a state alone does not know what replicas carry from
/// state to state, and what is reckoned from them.
///
/// - `species`: names of the reservoir species
/// - `results`: `[n_states]`
///
/// # Errors
/// Those of [`read_text`], [`Error::TableDamaged`], and [`Error::Io`].
pub fn set_results(directory: &Path, species: &[String], results: &[StateResults]) -> Result<()> {
    let path = directory.join("states.csv");
    let text = read_text("table of states", &path)?;
    let table = Table::parse(&text).map_err(|source| Error::TableDamaged { path: path.clone(), source })?;
    let number_of = |row: &[String], column: &str| -> f64 {
        let cell = table.columns().iter().position(|c| c == column).map(|i| row[i].parse());
        cell.and_then(std::result::Result::ok).unwrap_or(f64::NAN)
    };
    let mut rows = Vec::new();
    for (row, of_state) in table.rows().iter().zip(results) {
        // What is not finite leaves the error of the state's own series as it is, and all else empty.
        let counts = species.iter().zip(&of_state.n).map(|(s, &err)| (format!("n_{s}_err"), err));
        let own = [("energy_err".to_owned(), of_state.energy), ("inefficiency".to_owned(), of_state.inefficiency)];
        let excess = species.iter().zip(&of_state.gas).map(|(s, gas)| {
            let excess = number_of(row, &format!("n_{s}_mean")) - gas;
            (format!("excess_{s}"), excess)
        });
        // A heat that is not known has no error either.
        let further = of_state.further.iter().cloned().map(|(column, value)| match column.strip_prefix("q_st_err_") {
            Some(s) if number_of(row, &format!("q_st_{s}")).is_nan() => (column, f64::NAN),
            _ => (column, value),
        });
        let known = counts.chain(own).filter(|(_, value)| value.is_finite());
        rows.push(known.chain(excess).chain(further).collect::<Vec<_>>());
    }
    // A run of an earlier version has fewer columns.
    let mut columns = table.columns().to_vec();
    for (name, _) in rows.iter().flatten() {
        if !columns.contains(name) {
            columns.push(name.clone());
        }
    }
    let mut corrected = Table::new(columns.clone());
    for (row, values) in table.rows().iter().zip(&rows) {
        let cell = |(i, name): (usize, &String)| {
            let own = values.iter().find(|(column, _)| column == name);
            own.map_or_else(|| row.get(i).cloned().unwrap_or_default(), |&(_, value)| number(value))
        };
        corrected.push(columns.iter().enumerate().map(cell).collect::<Vec<_>>());
    }
    corrected.write(&path)
}

/// Writes `windows.csv`: one row for every state with a window and every N in it, from the particle moves of production.
///
/// # Errors
/// [`Error::Io`] if it cannot be written.
pub fn write_windows(grid: &StateGrid, totals: &Totals, path: &Path) -> Result<()> {
    let columns = ["state", "temperature", "species", "n", "eta", "attempts", "p_insert", "p_delete", "ln_pi"];
    let mut table = Table::new(columns);
    for ((k, state, window), total) in grid.windows().zip(&totals.windows) {
        let inside = usize::from(window.lo)..=usize::from(window.hi());
        let sums: Vec<Sums> = total[inside].iter().map(Sums::of).collect();
        let ln_pi = ln_pi(&links(&sums));
        for ((n, sums), ln_pi) in (window.lo..=window.hi()).zip(&sums).zip(ln_pi) {
            table.push([
                k.to_string(),
                number(state.temperature),
                grid.reservoirs[window.reservoir].species.clone(),
                n.to_string(),
                number(window.eta(n)),
                number(sums.attempts()),
                number(sums.insert / sums.insert_attempts),
                number(sums.delete / sums.delete_attempts),
                number(ln_pi),
            ]);
        }
    }
    table.write(path)
}

/// Writes `exchange.csv`: one row an edge of the neighbour graph.
///
/// - `first_half`: `[n_edges]`, the tallies in the middle of production; `None` where they are not known
///
/// # Errors
/// [`Error::Io`] if it cannot be written.
pub fn write_exchange(grid: &StateGrid, totals: &Totals, first_half: Option<&[EdgeTally]>, path: &Path) -> Result<()> {
    let columns = ["state_a", "state_b", "axis", "attempts", "accepted", "acceptance", "acceptance_second_half"];
    let mut table = Table::new(columns);
    let second_half = |e: usize, tally: &EdgeTally| {
        first_half.and_then(|half| half.get(e)).map_or(f64::NAN, |half| tally.since(half).acceptance())
    };
    for (e, (edge, tally)) in grid.edges.iter().zip(&totals.edges).enumerate() {
        table.push([
            edge.a.0.to_string(),
            edge.b.0.to_string(),
            grid.direction_name(edge.direction),
            tally.attempts.to_string(),
            tally.accepted.to_string(),
            number(tally.acceptance()),
            number(second_half(e, tally)),
        ]);
    }
    table.write(path)
}

/// Acceptance of the particle moves of one reservoir species, over all states.
#[derive(Debug, Clone, Serialize)]
pub struct MoveRow {
    /// Name of the species.
    pub species: String,
    /// Accepted insertions per attempt.
    pub insert: f64,
    /// Accepted deletions per attempt.
    pub delete: f64,
    /// Accepted changes into another species per attempt, in a run that tries them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub identity: Option<f64>,
}

/// Acceptance of segments of dynamics, over all states.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct SegmentRow {
    /// Accepted per segment in the state where fewest are.
    pub lowest: f64,
    /// Mean over states.
    pub mean: f64,
    /// Accepted per segment in the state where most are.
    pub highest: f64,
}

impl SegmentRow {
    /// - `acceptance`: `[n_states]`
    /// - returns: `None` without a state
    pub fn of(acceptance: &[f64]) -> Option<SegmentRow> {
        let by = |choose: fn(f64, f64) -> f64| acceptance.iter().copied().reduce(choose);
        let mean = acceptance.iter().sum::<f64>() / acceptance.len() as f64;
        Some(SegmentRow { lowest: by(f64::min)?, mean, highest: by(f64::max)? })
    }
}

/// Exchange statistics of one edge of the grid.
#[derive(Debug, Clone, Serialize)]
pub struct ExchangeRow {
    /// Direction of the edge: `temperature`, `mu_<species>`, or both of a diagonal.
    pub axis: String,
    /// State at one end.
    pub a: u32,
    /// State at the other end.
    pub b: u32,
    /// Attempts in production.
    pub attempts: u64,
    /// Accepted attempts.
    pub accepted: u64,
    /// accepted / attempts.
    pub acceptance: f64,
    /// The same over the second half of production alone: cumulative rates hide dead edges.
    pub acceptance_second_half: f64,
}

/// Reads the acceptance of particle moves of a run, averaged over states (every state makes as many attempts).
///
/// - `species`: names of the reservoir species
///
/// # Errors
/// Those of [`read_text`], and [`Error::TableDamaged`].
pub(crate) fn read_moves(directory: &Path, species: &[String]) -> Result<Vec<MoveRow>> {
    let path = directory.join("states.csv");
    let text = read_text("table of states", &path)?;
    parse_moves(&text, species).map_err(|source| Error::TableDamaged { path, source })
}

/// Reads the acceptance of segments of dynamics of a run; `None` where dynamics accept or reject none.
///
/// # Errors
/// Those of [`read_text`], and [`Error::TableDamaged`].
pub(crate) fn read_segments(directory: &Path) -> Result<Option<SegmentRow>> {
    let path = directory.join("states.csv");
    let text = read_text("table of states", &path)?;
    let table = Table::parse(&text).map_err(|source| Error::TableDamaged { path, source })?;
    Ok(table.numbers_of(SEGMENTS).and_then(|acceptance| SegmentRow::of(&acceptance)))
}

/// Reads the exchange statistics of a run.
///
/// # Errors
/// Those of [`read_text`], and [`Error::TableDamaged`].
pub(crate) fn read_exchange(directory: &Path) -> Result<Vec<ExchangeRow>> {
    let path = directory.join("exchange.csv");
    let text = read_text("table of exchanges", &path)?;
    parse_exchange(&text).map_err(|source| Error::TableDamaged { path, source })
}

/// Reads the acceptances of the text of a `states.csv`.
///
/// - `species`: names of the reservoir species
///
/// # Errors
/// Where it is no table.
pub fn parse_moves(text: &str, species: &[String]) -> std::result::Result<Vec<MoveRow>, csv::Error> {
    let table = Table::parse(text)?;
    let known = |column: String| {
        let values = table.numbers_of(&column)?;
        Some(values.iter().sum::<f64>() / values.len() as f64)
    };
    let mean = |column: String| known(column).unwrap_or(f64::NAN);
    let row = |species: &String| MoveRow {
        species: species.clone(),
        insert: mean(format!("acceptance_insert_{species}")),
        delete: mean(format!("acceptance_delete_{species}")),
        identity: known(format!("acceptance_identity_{species}")),
    };
    Ok(species.iter().map(row).collect())
}

/// Reads the text of an `exchange.csv`.
///
/// # Errors
/// Where it is no such table.
pub fn parse_exchange(text: &str) -> std::result::Result<Vec<ExchangeRow>, csv::Error> {
    #[derive(serde::Deserialize)]
    struct Row {
        state_a: u32,
        state_b: u32,
        axis: String,
        attempts: u64,
        accepted: u64,
        acceptance: Option<f64>,
        acceptance_second_half: Option<f64>,
    }
    Ok(parse_rows::<Row>(text)?
        .into_iter()
        .map(|r| ExchangeRow {
            axis: r.axis,
            a: r.state_a,
            b: r.state_b,
            attempts: r.attempts,
            accepted: r.accepted,
            acceptance: r.acceptance.unwrap_or(f64::NAN),
            acceptance_second_half: r.acceptance_second_half.unwrap_or(f64::NAN),
        })
        .collect())
}
