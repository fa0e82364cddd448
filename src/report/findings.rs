//! Findings of an analysis in words and short tables.

use super::summary::RunSummary;
use crate::analysis::{Analysis, BoundaryKind, BoundaryPoint};
use crate::base::ids::StateId;
use crate::base::units::Units;
use crate::figures::Labels;
use crate::figures::text;
use crate::run::tables::SegmentRow;
use crate::thermo::Convention;
use crate::thermo::states::Axis;

pub(crate) use crate::analysis::diagnostics::DEAD;
/// Residual below which MBAR counts as converged.
const CONVERGED: f64 = 1e-8;
/// |z| between halves from which a state counts as not equilibrated.
const AGREE: f64 = 4.0;

/// A sentence, and whether it is in favour of the run.
pub(crate) struct Finding {
    pub(crate) good: bool,
    pub(crate) words: String,
}

/// Exchange acceptance in one direction of the grid.
pub(crate) struct AxisRates {
    pub(crate) axis: String,
    pub(crate) edges: usize,
    /// Smallest, mean and largest, over all of production.
    pub(crate) whole: [f64; 3],
    /// The same over the second half.
    pub(crate) second_half: [f64; 3],
    /// Edges below [`DEAD`] in the second half.
    pub(crate) dead: Vec<(u32, u32)>,
}

/// The checks that say whether the run can be trusted.
pub(crate) fn verdict(analysis: &Analysis, summary: &RunSummary) -> Vec<Finding> {
    let mut findings = Vec::new();
    let split = &analysis.split_half;
    // Where the diagnostics have judged the run, exchange and halves are in their verdict.
    let judged = analysis.checks.diagnostics.is_some();
    if split.compared > 0 && !judged {
        let words = format!(
            "{} of {} states agree (|z| < {AGREE}): ⟨N⟩ of the first half of production against MBAR of the second half.",
            split.agree, split.compared
        );
        findings.push(Finding { good: split.agree * 100 >= split.compared * 97, words });
    }
    let f = &analysis.free_energies;
    let good = f.residual <= CONVERGED;
    let state = if good { "converged" } else { "did not converge" };
    let parts = match f.n_parts() {
        0 | 1 => String::new(),
        n => format!(" in {n} parts of the grid, one by one"),
    };
    findings.push(Finding {
        good,
        words: format!("MBAR {state}{parts}: residual max|Δf| = {:.1e} after {} iterations.", f.residual, f.iterations),
    });
    let empty = f.n_k.iter().filter(|n| **n == 0).count();
    if empty > 0 {
        findings
            .push(Finding { good: false, words: format!("{} without samples of their own.", count(empty, "state")) });
    }
    let masked = analysis.map.cells.iter().filter(|c| c.masked).count();
    if !analysis.map.cells.is_empty() {
        let share = 100.0 * masked as f64 / analysis.map.cells.len() as f64;
        let words = match masked {
            0 => "No point of the map had to be masked.".to_owned(),
            _ if f.n_parts() > 1 => format!(
                "{share:.1} % of the map is masked: between parts whose samples do not overlap, too few effective samples, or N \
                 at its upper limit."
            ),
            _ => format!("{share:.1} % of the map is masked: too few effective samples, or N at its upper limit."),
        };
        findings.push(Finding { good: share < 20.0, words });
    }
    // Diagonals are no gaps where they are dead: replicas walk around them.
    let axes = std::iter::once(Axis::Temperature).chain((0..analysis.grid.n_reservoirs()).map(Axis::Reservoir));
    let axes: Vec<String> = axes.map(|axis| analysis.grid.axis_name(axis)).collect();
    let rates: Vec<AxisRates> = axis_rates(summary).into_iter().filter(|r| axes.contains(&r.axis)).collect();
    if !rates.is_empty() && !judged {
        let dead: usize = rates.iter().map(|r| r.dead.len()).sum();
        let edges: usize = rates.iter().map(|r| r.edges).sum();
        let words = match dead {
            0 => format!("All {edges} pairs of neighbouring states exchange (second half of production)."),
            _ => format!(
                "{dead} of {edges} neighbouring pairs exchange in less than {:.0} % of the attempts (second half): put states \
                 between them.",
                100.0 * DEAD
            ),
        };
        findings.push(Finding { good: dead == 0, words });
    }
    findings
}

/// States whose halves disagree, the worst first: (state, z).
pub(crate) fn disagreeing(analysis: &Analysis) -> Vec<(usize, f64)> {
    let mut states: Vec<(usize, f64)> =
        analysis.split_half.z.iter().copied().enumerate().filter(|(_, z)| z.abs() >= AGREE).collect();
    states.sort_by(|a, b| b.1.abs().total_cmp(&a.1.abs()));
    states
}

/// Acceptance of segments of dynamics, in words.
pub(crate) fn segments(row: &SegmentRow) -> String {
    let [lowest, mean, highest] = [row.lowest, row.mean, row.highest].map(|share| 100.0 * share);
    format!(
        "Segments of dynamics accepted: {mean:.1} % on average over states, {lowest:.1} % at least, {highest:.1} % at most."
    )
}

/// Exchange acceptance summed up per direction, in order of appearance.
pub(crate) fn axis_rates(summary: &RunSummary) -> Vec<AxisRates> {
    let mut axes: Vec<&str> = Vec::new();
    for row in &summary.exchange {
        if !axes.contains(&row.axis.as_str()) {
            axes.push(&row.axis);
        }
    }
    axes.into_iter()
        .map(|axis| {
            let rows: Vec<_> = summary.exchange.iter().filter(|r| r.axis == axis).collect();
            let tried = |rate: f64, attempts: u64| if attempts == 0 { f64::NAN } else { rate };
            AxisRates {
                axis: axis.to_owned(),
                edges: rows.len(),
                whole: low_mean_high(rows.iter().map(|r| tried(r.acceptance, r.attempts))),
                second_half: low_mean_high(rows.iter().map(|r| r.acceptance_second_half)),
                dead: rows.iter().filter(|r| r.acceptance_second_half < DEAD).map(|r| (r.a, r.b)).collect(),
            }
        })
        .collect()
}

fn low_mean_high(values: impl Iterator<Item = f64>) -> [f64; 3] {
    let finite: Vec<f64> = values.filter(|v| v.is_finite()).collect();
    if finite.is_empty() {
        return [f64::NAN; 3];
    }
    let low = finite.iter().copied().fold(f64::INFINITY, f64::min);
    let high = finite.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    [low, finite.iter().sum::<f64>() / finite.len() as f64, high]
}

/// Name of the phase with this id.
pub(crate) fn phase_name(analysis: &Analysis, id: usize) -> String {
    analysis.phases.iter().find(|p| p.id == id).map_or_else(|| format!("phase {id}"), |p| p.name.clone())
}

/// What areas of phases are shares of, where that is not the whole map.
pub(crate) fn part_of_map(analysis: &Analysis) -> Option<String> {
    let cells = &analysis.map.cells;
    let masked = cells.iter().filter(|cell| cell.masked).count();
    let percent = 100.0 * (cells.len() - masked) as f64 / cells.len() as f64;
    (masked > 0).then(|| {
        format!(
            "the {} % of the map that is not masked",
            text::fixed(percent.min(99.9), u32::from(percent > 99.0) as usize)
        )
    })
}

/// Boundary points for a short table: triple and critical points, and of each line those nearest to the simulated
/// temperatures.
pub(crate) fn chief_boundaries(analysis: &Analysis) -> Vec<&BoundaryPoint> {
    let mut chosen: Vec<&BoundaryPoint> = Vec::new();
    let all = &analysis.boundaries;
    for point in all {
        let line = |b: &&BoundaryPoint| (b.phase_a, b.phase_b, b.kind) == (point.phase_a, point.phase_b, point.kind);
        let special = !point.kind.is_line();
        let nearest_somewhere = analysis.grid.temperatures().iter().any(|&t| {
            let distance = |b: &BoundaryPoint| (b.temperature - t).abs();
            let least = all.iter().filter(line).map(distance).fold(f64::INFINITY, f64::min);
            let step = 0.5 * spacing(&analysis.map.temperatures);
            (distance(point) - least).abs() <= 1e-9 * t && distance(point) <= step.max(1e-9 * t)
        });
        if special || nearest_somewhere {
            chosen.push(point);
        }
    }
    chosen.sort_by(|a, b| {
        (a.phase_a, a.phase_b).cmp(&(b.phase_a, b.phase_b)).then(a.temperature.total_cmp(&b.temperature))
    });
    chosen
}

/// Largest step between ascending values.
pub(crate) fn spacing(values: &[f64]) -> f64 {
    values.windows(2).map(|w| (w[1] - w[0]).abs()).fold(0.0, f64::max)
}

/// Name of a kind of boundary in a sentence.
pub(crate) fn kind_words(kind: BoundaryKind) -> &'static str {
    match kind {
        BoundaryKind::FirstOrder => "first order",
        BoundaryKind::Continuous => "continuous",
        BoundaryKind::Triple => "triple point",
        BoundaryKind::Critical => "critical point",
    }
}

/// Symbol and unit of the values on the axis of a reservoir species as the scene gives them.
pub(crate) fn axis_symbol(analysis: &Analysis, s: usize, units: Units) -> (&'static str, &'static str) {
    match &analysis.grid.reservoirs[s].convention {
        Convention::Activity => ("μ'", units.energy_label()),
        Convention::Absolute { .. } => ("μ", units.energy_label()),
        Convention::Pressure { .. } | Convention::Gas(_) => (pressure_symbol(analysis, s), units.pressure_label()),
    }
}

/// `fugacity` where a simulated state is more than 1 % off the pressure of its gas, else `p`.
pub(crate) fn pressure_symbol(analysis: &Analysis, s: usize) -> &'static str {
    Labels { units: Units::Lj, title: String::new() }.pressure_symbol(analysis, s)
}

/// `T = 0.24, μ' of B = −6.2` of a state.
pub(crate) fn state_words(analysis: &Analysis, state: usize) -> String {
    let grid = &analysis.grid;
    let mut words = format!("T = {}", text::short(grid.states[state].temperature, 4));
    for (s, axis) in grid.reservoirs.iter().enumerate() {
        let symbol = match &axis.convention {
            Convention::Activity => "μ'",
            Convention::Absolute { .. } | Convention::Gas(_) => "μ",
            Convention::Pressure { .. } => "kT ln(βp)",
        };
        let mu = grid.mu(StateId(state as u32), s);
        words.push_str(&format!(", {symbol} of {} = {}", axis.species, text::short(mu, 3)));
    }
    words
}

/// Decimals to which values with small errors are written out; where they do not show the error, it stands in brackets.
pub(crate) const MOST_DECIMALS: usize = 6;

/// Decimals that show the first digit of an error above 0; 0 where it is 1 or more.
pub(crate) fn decimals_of(error: f64) -> usize {
    // 0.0096 is 0.01 in one digit
    let exponent = format!("{error:.0e}");
    let exponent: i32 = exponent.split_once('e').and_then(|(_, e)| e.parse().ok()).unwrap_or(0);
    usize::try_from(-exponent).unwrap_or(0)
}

/// A value with a very small error: `5(3)e−7`, or `−0.18500000(3)` where the value is not small itself. The bracket holds the error in
/// units of the last digit.
pub(crate) fn in_brackets(value: f64, error: f64) -> String {
    let last = decimals_of(error);
    let digit = error * 10_f64.powi(last as i32);
    if value.abs() >= 1e-3 {
        return format!("{}({digit:.0})", text::fixed(value, last));
    }
    let exponent = decimals_of(value.abs().max(error)).min(last);
    let mantissa = text::fixed(value * 10_f64.powi(exponent as i32), last - exponent);
    format!("{mantissa}({digit:.0})e−{exponent}")
}

/// A value with its standard error, two digits of the error or, from the fifth decimal on, one: `12.003 ± 0.045`. No error above 0 is
/// written as 0.
pub(crate) fn with_error(value: f64, error: f64) -> String {
    if !value.is_finite() {
        return "–".into();
    }
    if !error.is_finite() {
        return text::short(value, 3);
    }
    if error > 0.0 && decimals_of(error) > MOST_DECIMALS {
        return in_brackets(value, error);
    }
    let decimals =
        if error > 0.0 { ((1.0 - error.log10().floor()).clamp(0.0, 4.0) as usize).max(decimals_of(error)) } else { 2 };
    format!("{} ± {}", text::fixed(value, decimals), text::fixed(error, decimals))
}

/// μ of a boundary with its standard error, or the word "unconverged".
///
/// - `species`: index of the reservoir species
pub(crate) fn boundary(point: &BoundaryPoint, species: usize) -> String {
    let mu = with_error(point.mu.get(species).copied().unwrap_or(f64::NAN), point.mu_err);
    if point.is_converged() { mu } else { format!("{mu} (unconverged)") }
}

/// `1 state`, `2 states`.
pub(crate) fn count(n: usize, noun: &str) -> String {
    format!("{n} {noun}{}", if n == 1 { "" } else { "s" })
}

/// A count or rate with a unit prefix: `12.3 k`, `4.56 M`.
pub(crate) fn engineering(value: f64) -> String {
    match value.abs() {
        v if !v.is_finite() => "–".into(),
        v if v >= 1e9 => format!("{:.2} G", value / 1e9),
        v if v >= 1e6 => format!("{:.2} M", value / 1e6),
        v if v >= 1e4 => format!("{:.1} k", value / 1e3),
        _ => format!("{value:.0}"),
    }
}

/// A duration in readable units.
pub(crate) fn duration(seconds: f64) -> String {
    match seconds {
        s if !s.is_finite() => "–".into(),
        s if s < 90.0 => format!("{s:.1} s"),
        s if s < 5400.0 => format!("{:.0} min {:02.0} s", (s / 60.0).floor(), (s % 60.0).floor()),
        s => format!("{:.0} h {:02.0} min", (s / 3600.0).floor(), (s % 3600.0 / 60.0).floor()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_carry_the_digits_of_their_errors() {
        assert_eq!(with_error(12.0034, 0.0451), "12.003 ± 0.045");
        assert_eq!(with_error(-6.2, 0.2), "−6.20 ± 0.20");
        assert_eq!(with_error(123.4, 17.0), "123 ± 17");
        assert_eq!(with_error(f64::NAN, 0.1), "–");
        assert_eq!(with_error(0.5, 0.0), "0.50 ± 0.00");
    }

    #[test]
    fn no_error_is_printed_as_zero() {
        assert_eq!(with_error(-0.185_012_4, 0.000_021), "−0.18501 ± 0.00002");
        assert_eq!(with_error(-0.185_012_4, 0.000_003_2), "−0.185012 ± 0.000003");
        assert_eq!(with_error(5.1e-7, 3.2e-7), "5(3)e−7");
        assert_eq!(with_error(1.2341e-5, 3e-8), "1.234(3)e−5");
        assert_eq!(with_error(0.0, 3e-9), "0(3)e−9");
        assert_eq!(with_error(-0.185, 3e-8), "−0.18500000(3)");
        assert_eq!(with_error(0.5, 9.7e-8), "0.5000000(1)");
        let mut error = 1e-15;
        while error < 10.0 {
            for value in [0.0, error / 3.0, 0.185, 123.0] {
                let text = with_error(value, error);
                let of_error = text.split(['±', '(']).nth(1).unwrap_or_else(|| panic!("{text}"));
                let digits = of_error.split(')').next().unwrap_or_default();
                assert!(digits.contains(|c| ('1'..='9').contains(&c)), "{value}, {error}: {text}");
            }
            error *= 1.37;
        }
    }

    #[test]
    fn times_and_rates_are_readable() {
        assert_eq!(duration(3.04), "3.0 s");
        assert_eq!(duration(150.0), "2 min 30 s");
        assert_eq!(duration(7322.0), "2 h 02 min");
        assert_eq!(engineering(123_456.0), "123.5 k");
        assert_eq!(engineering(950.0), "950");
    }

    #[test]
    fn rates_without_attempts_do_not_count() {
        assert_eq!(low_mean_high([0.2, f64::NAN, 0.4].into_iter()).map(|v| (v * 10.0).round() as u8), [2, 3, 4]);
        assert!(low_mean_high([f64::NAN].into_iter())[0].is_nan());
    }
}
