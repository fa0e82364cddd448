//! Table that a run prints at its end.

use super::columns::{aligned, broken, spread, width as table_width};
use super::findings::{self, MOST_DECIMALS, decimals_of, in_brackets, with_error};
use super::summary::RunSummary;
use crate::analysis::Analysis;
use crate::analysis::diagnostics::Mood;
use crate::figures::Labels;
use crate::figures::text;
use crate::thermo::Convention;
use crate::thermo::states::StateGrid;

/// Rows of states in the whole table.
const MOST_ROWS: usize = 20;
/// Columns of ⟨N⟩.
const MOST_COLUMNS: usize = 4;
/// Reasons why a run cannot be trusted; the report has them all.
const MOST_REASONS: usize = 4;
/// Mark of averages by MBAR.
const BY_MBAR: &str = "*";
/// Mark of states that N_max holds back.
const CAPPED: &str = "^";
/// Mark of states that may not be quoted, or are masked on the maps.
const DOUBTFUL: &str = "?";
/// Marks with their meaning.
const MARKS: [(&str, &str); 3] =
    [(BY_MBAR, "by MBAR over all states"), (DOUBTFUL, "may not be quoted"), (CAPPED, "held back by max_atoms")];
/// Share of the error of a state's own samples below which that of MBAR is clearly smaller.
const CLEARLY: f64 = 0.7;
/// Errors within which the two agree.
const AGREE: f64 = 3.0;
/// Boundaries named in one row.
const MOST_BOUNDARIES: usize = 2;

/// The outcome of a run in at most about 30 lines: ⟨N⟩ of a few states per temperature, boundaries, phases, checks and
/// the verdict.
///
/// - `width`: columns of the terminal, to which lines are broken; `None` leaves them as long as they are
pub fn terminal_table(analysis: &Analysis, summary: &RunSummary, width: Option<usize>) -> String {
    let width = width.unwrap_or(usize::MAX);
    let text = whole_table(analysis, summary, width);
    text.lines().map(|line| broken(line, width, 3) + "\n").collect()
}

fn whole_table(analysis: &Analysis, summary: &RunSummary, width: usize) -> String {
    let mut out = String::new();
    let title = if summary.title.is_empty() { &summary.scene_name } else { &summary.title };
    out.push_str(&if summary.runs.is_empty() {
        format!(
            "{title}\n{} × {}, {} + {} cycles on {}: {}, {} replica-steps/s\n\n",
            findings::count(summary.n_states, "state"),
            findings::count(summary.walkers, "walker"),
            summary.equilibration,
            summary.production,
            summary.device,
            findings::duration(summary.seconds.sampling),
            findings::engineering(summary.replica_steps_per_s)
        )
    } else {
        format!(
            "{title}\n{} in {} runs together, {}: {} of sampling\n\n",
            findings::count(summary.n_states, "state"),
            summary.runs.len(),
            findings::count(summary.n_replicas, "replica"),
            findings::duration(summary.seconds.sampling)
        )
    });
    let n_reservoirs = analysis.grid.n_reservoirs();
    if n_reservoirs == 0 {
        out.push_str(&canonical(analysis, summary));
    }
    for s in 0..n_reservoirs {
        let most_rows = (MOST_ROWS / n_reservoirs).max(3);
        let all = (1..=MOST_COLUMNS).rev().map(|columns| Block::new(analysis, summary, s, (most_rows, columns)));
        let fits = |block: &Block| table_width(&block.rows) <= width;
        let mut all = all.skip_while(|block| !fits(block) && block.columns > 1);
        out.extend(all.next().map(|block| block.text(analysis, summary, s, width)));
    }
    if !analysis.phases.is_empty() {
        let phases: Vec<String> = analysis
            .phases
            .iter()
            .map(|p| {
                let n: Vec<String> = p.n.iter().map(|n| text::fixed(*n, 1)).collect();
                format!("{} (⟨N⟩ {}, {:.0} %)", p.name, n.join(" and "), 100.0 * p.area_fraction)
            })
            .collect();
        let of_a_part = findings::part_of_map(analysis).map(|part| format!(" (shares of {part})")).unwrap_or_default();
        out.push_str(&format!("phases{of_a_part}: {}\n", phases.join(" · ")));
    }
    for finding in findings::verdict(analysis, summary) {
        out.push_str(&format!("{} {}\n", sign(finding.good), finding.words));
    }
    let verdict = &analysis.checks.verdict;
    if let Some(sentence) = verdict.sentences.first() {
        out.push_str(&format!("{} {}\n", sign(verdict.trusted), sentence.words));
    }
    let reasons = verdict.sentences.iter().skip(1).filter(|s| matches!(s.mood, Mood::Poor | Mood::Caution));
    for sentence in reasons.take(MOST_REASONS) {
        out.push_str(&format!("   {}\n", sentence.words));
    }
    out
}

/// Prefix of a statement.
fn sign(good: bool) -> &'static str {
    if good { "ok" } else { "! " }
}

/// ⟨N⟩ of one species in some states, with the boundaries at each temperature. Where most places of a table have a state a row is
/// a temperature and a column a value of the axis; else a row is a state.
struct Block {
    rows: Vec<Vec<String>>,
    /// `[n_rows]`, boundaries; the first says what they are.
    notes: Vec<String>,
    /// What the columns are.
    heading: String,
    /// Columns of ⟨N⟩ asked for.
    columns: usize,
}

impl Block {
    /// - `most`: rows, columns
    fn new(analysis: &Analysis, summary: &RunSummary, s: usize, (most_rows, most_columns): (usize, usize)) -> Block {
        let grid = &analysis.grid;
        let axis = &grid.reservoirs[s];
        let (symbol, unit) = findings::axis_symbol(analysis, s, summary.units);
        let values = grid.values(s);
        let is_small = |v: f64| v != 0.0 && v.abs() < 1e-2;
        let brief = |v: f64| if is_small(v) { format!("{v:.1e}") } else { text::short(v, 3) };
        let small = values.iter().any(|v| is_small(*v));
        let value = |v: f64| if small { format!("{v:.1e}") } else { text::short(v, 3) };
        let decimals = text::decimals(grid.temperatures().into_iter(), 4);
        let mut rows = vec![vec!["T".to_owned()]];
        let mut notes =
            vec![format!("boundaries (MBAR) at {} of {}", mu_symbol(&axis.convention, symbol), axis.species)];
        let heading = match table_of(grid, s) {
            Some(StateTable { temperatures, cells }) => {
                let columns = spread(values.len(), most_columns);
                rows[0].extend(columns.iter().map(|&c| value(values[c])));
                for r in spread(temperatures.len(), most_rows) {
                    let count = |c: &usize| cells[r][*c].map_or("–".into(), |k| count_of(analysis, k, s));
                    let temperature = text::fixed(temperatures[r], decimals);
                    rows.push(std::iter::once(temperature).chain(columns.iter().map(count)).collect());
                    notes.push(boundaries(analysis, s, temperatures[r]));
                }
                let state = cells.iter().flatten().flatten().next().map(|&k| &grid.states[k]);
                let others = (0..grid.n_reservoirs()).filter(|&o| o != s).filter_map(|o| {
                    let (symbol, unit) = findings::axis_symbol(analysis, o, summary.units);
                    let (own, state) = (&grid.reservoirs[o], state?);
                    let value = brief(own.convention.value(state.ln_z[o], state.kt));
                    Some(format!("; {symbol} of {} is {value} {unit}", own.species))
                });
                format!("columns at {symbol} in {unit}{}", others.collect::<String>())
            }
            None => {
                rows[0].extend([symbol.to_owned(), "⟨N⟩".to_owned()]);
                let mut order: Vec<usize> = (0..grid.n_points()).collect();
                let place = |k: usize| (grid.states[k].temperature, grid.states[k].ln_z[s]);
                order.sort_by(|&a, &b| place(a).0.total_cmp(&place(b).0).then(place(a).1.total_cmp(&place(b).1)));
                let mut before = f64::NAN;
                for k in spread(order.len(), most_rows).into_iter().map(|i| order[i]) {
                    let state = &grid.states[k];
                    let own = value(axis.convention.value(state.ln_z[s], state.kt));
                    rows.push(vec![text::fixed(state.temperature, decimals), own, count_of(analysis, k, s)]);
                    let is_first = state.temperature != before;
                    notes.push(if is_first { boundaries(analysis, s, state.temperature) } else { String::new() });
                    before = state.temperature;
                }
                format!("{symbol} in {unit}")
            }
        };
        Block { rows, notes, heading, columns: most_columns }
    }

    /// The block on a terminal: boundaries beside the rows, or below them where there is no room.
    fn text(&self, analysis: &Analysis, summary: &RunSummary, s: usize, width: usize) -> String {
        let is_used = |mark: &str| self.rows.iter().skip(1).flatten().any(|cell| cell.contains(mark));
        let marks: Vec<String> =
            MARKS.iter().filter(|(mark, _)| is_used(mark)).map(|(mark, words)| format!("{mark}: {words}")).collect();
        let mut out = format!(
            "⟨N⟩ of {} in each state's own samples{}, T in {}, {}\n",
            analysis.grid.reservoirs[s].species,
            if marks.is_empty() { String::new() } else { format!(" ({})", marks.join("; ")) },
            summary.units.temperature_label(),
            self.heading
        );
        let found: Vec<(&String, &String)> =
            self.rows.iter().map(|row| &row[0]).zip(&self.notes).skip(1).filter(|(_, note)| !note.is_empty()).collect();
        let widest = self.notes.iter().map(|note| note.chars().count()).max().unwrap_or(0);
        // a rule of five characters stands between
        if !found.is_empty() && (table_width(&self.rows) + 5).saturating_add(widest) <= width {
            out.push_str(&aligned(&self.rows, &self.notes));
        } else {
            out.push_str(&aligned(&self.rows, &[]));
            if !found.is_empty() {
                out.push_str(&format!("{}\n", self.notes[0]));
                out.extend(found.iter().map(|(temperature, note)| format!("  {temperature}  {note}\n")));
            }
        }
        out + "\n"
    }
}

/// States by temperature and value of one axis.
struct StateTable {
    temperatures: Vec<f64>,
    /// `[n_temperatures][n_values]`
    cells: Vec<Vec<Option<usize>>>,
}

/// The states over temperature and one axis, the others at their middle; `None` where less than half of the places have one.
/// Further runs along a line leave places without a state.
fn table_of(grid: &StateGrid, s: usize) -> Option<StateTable> {
    let (states, values) = (grid.plane(s), grid.values(s));
    let mut temperatures = grid.temperatures();
    if grid.axes().is_none() {
        temperatures.sort_by(f64::total_cmp);
    }
    let at = |temperature: f64, value: f64| {
        // A value computed back from ln z differs from the scene's by rounding.
        let is_there = |&&k: &&usize| {
            let state = &grid.states[k];
            let own = grid.reservoirs[s].convention.value(state.ln_z[s], state.kt);
            state.temperature == temperature && (own - value).abs() <= 1e-6 * value.abs() + 1e-12
        };
        states.iter().find(is_there).copied()
    };
    let cells: Vec<Vec<Option<usize>>> =
        temperatures.iter().map(|&t| values.iter().map(|&v| at(t, v)).collect()).collect();
    let filled = cells.iter().flatten().flatten().count();
    (2 * filled >= temperatures.len() * values.len()).then_some(StateTable { temperatures, cells })
}

/// ⟨N⟩ of a state: of its own samples, or by MBAR, marked, where the error of that is clearly smaller.
fn count_of(analysis: &Analysis, state: usize, s: usize) -> String {
    let at = |v: &[f64]| v.get(s).copied().unwrap_or(f64::NAN);
    let Some(direct) = analysis.direct.get(state).filter(|d| d.samples > 0) else { return "–".into() };
    let (own, own_err) = (at(&direct.n), at(&direct.n_err));
    let mbar = analysis.at_states.get(state).filter(|cell| !cell.masked && cell.quotable);
    let better = mbar.map(|cell| (at(&cell.n), at(&cell.n_err))).filter(|&(n, err)| {
        // Averages that do not agree are no better for being sharp.
        err > 0.0 && err < CLEARLY * own_err && (n - own).abs() < AGREE * own_err
    });
    let capped = direct.at_limit.get(s).is_some_and(|limit| limit.is_reached());
    // Where MBAR has averages, it knows what may be quoted.
    let doubtful = analysis.at_states.get(state).is_some_and(|cell| cell.masked || !cell.quotable);
    let mark = if capped {
        CAPPED
    } else if doubtful {
        DOUBTFUL
    } else {
        ""
    };
    better.map_or_else(|| coarse(own, own_err) + mark, |(n, err)| coarse(n, err) + BY_MBAR + mark)
}

/// A value with its error in three decimals, or as many as show the error; below three errors of 0 where nothing was seen.
fn coarse(value: f64, error: f64) -> String {
    if value == 0.0 && error > 0.0 {
        let (limit, digits) = (3.0 * error, decimals_of(3.0 * error));
        return if digits > MOST_DECIMALS {
            format!("<{limit:.0e}")
        } else {
            format!("<{}", text::short(limit, digits))
        };
    }
    // An error is not 0 because it is small.
    let digits = if error > 0.0 { decimals_of(error).max(3) } else { 3 };
    if value.is_finite() && error < 0.005 && digits <= MOST_DECIMALS {
        return format!("{}±{}", text::fixed(value, digits), text::fixed(error, digits));
    }
    with_error(value, error).replace(" ± ", "±")
}

/// Four significant digits, in whatever unit.
fn significant(value: f64) -> String {
    let digits = (3.0 - value.abs().max(1e-12).log10().floor()).clamp(0.0, 12.0) as usize;
    text::short(value, digits)
}

/// A value with the digits that its error leaves it, however small both are in their unit.
fn measured(value: f64, error: f64) -> String {
    if !(value.is_finite() && error > 0.0 && error.is_finite()) {
        return if value.is_finite() { significant(value) } else { "–".to_owned() };
    }
    let digits = (1.0 - error.log10().floor()).max(0.0) as usize;
    if digits > 9 {
        return in_brackets(value, error);
    }
    format!("{}±{}", text::fixed(value, digits), text::fixed(error, digits))
}

fn mu_symbol<'a>(convention: &Convention, axis_symbol: &'a str) -> &'a str {
    match convention {
        Convention::Pressure { .. } => "kT ln(βpσ³)",
        Convention::Gas(_) => "μ",
        _ => axis_symbol,
    }
}

/// The boundaries nearest to one simulated temperature.
fn boundaries(analysis: &Analysis, s: usize, temperature: f64) -> String {
    let reach = (0.5 * findings::spacing(&analysis.map.temperatures)).max(1e-9 * temperature);
    let mut near: Vec<_> = findings::chief_boundaries(analysis)
        .into_iter()
        .filter(|b| (b.temperature - temperature).abs() <= reach && b.kind.is_line())
        .collect();
    near.sort_by(|a, b| (a.temperature - temperature).abs().total_cmp(&(b.temperature - temperature).abs()));
    let mut words: Vec<(f64, String)> = Vec::new();
    let mut seen = Vec::new();
    for b in near {
        if seen.contains(&(b.phase_a, b.phase_b)) {
            continue;
        }
        seen.push((b.phase_a, b.phase_b));
        let mu = b.mu.get(s).copied().unwrap_or(f64::NAN);
        let (a, c) = (findings::phase_name(analysis, b.phase_a), findings::phase_name(analysis, b.phase_b));
        // A point between the simulated temperatures says so.
        let elsewhere = (b.temperature - temperature).abs() > 1e-6 * temperature.abs();
        let place = if elsewhere { format!(" at T = {}", text::short(b.temperature, 4)) } else { String::new() };
        words.push((mu, format!("{a} → {c}: {}{place}", findings::boundary(b, s).replace(" ± ", "±"))));
    }
    words.sort_by(|a, b| a.0.total_cmp(&b.0));
    let more = words.len().saturating_sub(MOST_BOUNDARIES);
    let mut line = words.into_iter().take(MOST_BOUNDARIES).map(|w| w.1).collect::<Vec<_>>().join(", ");
    if more > 0 {
        line.push_str(&format!(", {more} more"));
    }
    line
}

/// ⟨E⟩ and heat capacity against temperature.
fn canonical(analysis: &Analysis, summary: &RunSummary) -> String {
    let grid = &analysis.grid;
    let decimals = text::decimals(grid.temperatures().into_iter(), 4);
    let mut rows = vec![vec![
        format!("T [{}]", summary.units.temperature_label()),
        format!("⟨E⟩ [{}]", summary.units.energy_label()),
        format!("C_VN [{}]", Labels { units: summary.units, title: String::new() }.heat_unit()),
    ]];
    for k in spread(grid.n_points(), MOST_ROWS) {
        let temperature = grid.states[k].temperature;
        let energy =
            analysis.direct.get(k).map_or("–".into(), |d| with_error(d.energy, d.energy_err).replace(" ± ", "±"));
        let c = analysis.heat_capacity.get(k).map_or("–".into(), |c| measured(c.value, c.error));
        rows.push(vec![text::fixed(temperature, decimals), energy, c]);
    }
    let head = "⟨E⟩ and C_VN of each state's own samples (direct)\n";
    head.to_owned() + &aligned(&rows, &[]) + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::thermo::states::ReservoirAxis;

    #[test]
    fn what_was_never_seen_is_below_a_limit() {
        assert_eq!(coarse(0.0, 0.002), "<0.006");
        assert_eq!(coarse(0.0, f64::NAN), "0");
        assert_eq!(coarse(0.012, 0.001), "0.012±0.001");
        assert_eq!(coarse(0.004_12, 0.000_21), "0.0041±0.0002");
        assert_eq!(coarse(12.0, 0.0), "12.000±0.000");
        assert_eq!(coarse(0.185, 2e-5), "0.18500±0.00002");
        assert_eq!((coarse(5e-7, 3e-7), coarse(0.0, 3e-9)), ("5(3)e−7".to_owned(), "<9e-9".to_owned()));
    }

    #[test]
    fn a_heat_capacity_has_the_digits_of_its_error() {
        assert_eq!(measured(0.027_183, 0.000_42), "0.02718±0.00042");
        assert_eq!(measured(154.3, 2.6), "154.3±2.6");
        assert_eq!((measured(154.3, f64::NAN), measured(f64::NAN, 1.0)), ("154.3".to_owned(), "–".to_owned()));
    }

    #[test]
    fn states_that_almost_fill_a_table_stand_in_one() {
        let axis = |values: &[f64]| ReservoirAxis {
            species: "B".into(),
            convention: Convention::Pressure { unit: 1.0 },
            values: values.to_vec(),
        };
        let all = StateGrid::product(&[0.3, 0.4, 0.5], 1.0, &[axis(&[1e-7, 1e-6, 1e-5, 1e-4])]);
        let of = |kept: &[usize]| {
            let states = kept.iter().map(|&k| all.states[k].clone()).collect();
            StateGrid::list(all.reservoirs.clone(), states, Vec::new())
        };
        let StateTable { temperatures, cells } = table_of(&all, 0).expect("a rectangle");
        assert_eq!(temperatures, [0.3, 0.4, 0.5]);
        assert_eq!(cells.concat(), (0..12).map(Some).collect::<Vec<_>>());
        // Two rows, and two states of a further run at a temperature between them.
        let StateTable { temperatures, cells } =
            table_of(&of(&[8, 9, 10, 11, 0, 1, 2, 3, 5, 6]), 0).expect("a table with gaps");
        assert_eq!(temperatures, [0.3, 0.4, 0.5]);
        assert_eq!(cells[1], [None, Some(8), Some(9), None]);
        assert_eq!(cells[2], [0, 1, 2, 3].map(Some));
        assert!(table_of(&of(&[0, 5, 10]), 0).is_none());
    }
}
