//! When a run has sampled enough: `schedule: (until: BoundaryError(mu: …), max_cycles: …)`.
//!
//! What counts are the points of `boundaries.csv` on first-order and continuous lines, or on first-order ones alone, each with its
//! standard error of μ. A first-order point whose error is not known keeps the run going; a continuous one (a line that P(N) does not see)
//! counts where it has an error in μ. Where the scene names temperatures, points of others do not count. Triple and critical points are no points of lines. As long as no boundary is found
//! nothing is known, and the run goes on to `max_cycles`.
//!
//! The errors come from a bootstrap, and one of a few samples knows nothing of what it has not seen: the states beside
//! the boundaries must have [`INDEPENDENT`] independent samples each before an error counts, and replicas together must have
//! forgotten where they were often enough.

use crate::analysis::diagnostics::{INDEPENDENT, few_renewals};
use crate::analysis::{Analysis, BoundaryKind, BoundaryPoint, around};
use crate::base::ids::StateId;
use crate::base::units::Units;
use crate::figures::text;
use crate::input::scene::CheckedScene;
use crate::input::scene::grammar::Until;
use crate::io::csv::number;
use crate::run::StoppingStatus;

/// What a scene wants to be known, and how long it will try.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StoppingRule {
    /// Largest standard error of μ of a boundary \[energy\].
    pub mu: f64,
    /// Production cycles after which the run ends in any case.
    pub max_cycles: u32,
    /// Production cycles of the schedule so far.
    pub production: u32,
    /// Whether continuous lines count as well.
    continuous: bool,
    /// Lowest and highest temperature of the points that count; `None` for all.
    temperature: Option<(f64, f64)>,
    units: Units,
}

impl StoppingRule {
    /// The goal of a scene, if it has one.
    pub fn of(loaded: &CheckedScene) -> Option<StoppingRule> {
        let schedule = &loaded.scene.schedule;
        let until = schedule.until?;
        Some(StoppingRule {
            mu: until.mu(),
            max_cycles: schedule.max_cycles?,
            production: schedule.production,
            continuous: matches!(until, Until::BoundaryError { .. }),
            temperature: until.temperature(),
            units: loaded.scene.units,
        })
    }

    /// How far an analysis has come.
    pub fn judge(&self, analysis: &Analysis) -> StoppingStatus {
        let counted: Vec<&BoundaryPoint> = analysis.boundaries.iter().filter(|b| self.counts(b)).collect();
        let unknown = counted.iter().find(|b| !b.mu_err.is_finite());
        let worst = counted.iter().max_by(|a, b| a.mu_err.total_cmp(&b.mu_err));
        let name = |id| analysis.phases.iter().find(|p| p.id == id).map_or("a phase", |p| p.name.as_str());
        let energy = self.units.energy_label();
        let place = |b: &BoundaryPoint| {
            let (a, c) = (name(b.phase_a), name(b.phase_b));
            format!("({a} | {c} at T = {} {})", text::short(b.temperature, 4), self.units.temperature_label())
        };
        let wanted = format!("{} {energy} is wanted", self.mu);
        let (largest, words) = match (unknown, worst) {
            (Some(b), _) => (None, format!("a boundary has no error yet {}; {wanted}", place(b))),
            (None, None) => (None, format!("no boundary is found yet; an error of {wanted}")),
            (None, Some(b)) => (
                Some(b.mu_err),
                format!("largest error of a boundary: {} {energy} {}; {wanted}", brief(b.mu_err, 2), place(b)),
            ),
        };
        let few = largest.and_then(|_| self.few(analysis));
        let words = match &few {
            Some(few) => format!("{words}; but {few}"),
            None => words,
        };
        let enough = few.is_none() && largest.is_some_and(|e| e <= self.mu);
        StoppingStatus { wanted: self.mu, points: counted.len(), largest, enough, words }
    }

    /// The point whose error is the largest, or not known; `None` where all are known well enough.
    pub(crate) fn worst<'a>(&self, analysis: &'a Analysis) -> Option<&'a BoundaryPoint> {
        let counted = analysis.boundaries.iter().filter(|b| self.counts(b) && b.error() > self.mu);
        counted.max_by(|a, b| a.error().total_cmp(&b.error()))
    }

    /// What there is too little of for errors to say something, in words.
    fn few(&self, analysis: &Analysis) -> Option<String> {
        let beside = self.few_independent(analysis).map(|(k, independent)| self.few_words(analysis, k, independent));
        let together = || analysis.checks.diagnostics.as_ref().and_then(|d| few_renewals(&analysis.grid, d));
        beside.or_else(together)
    }

    /// Of the states beside boundaries that count, the one with fewest independent samples, if these are too few.
    fn few_independent(&self, analysis: &Analysis) -> Option<(usize, f64)> {
        let counted = analysis.boundaries.iter().filter(|b| self.counts(b));
        let beside = counted.flat_map(|b| around(&analysis.grid, b));
        let independent = |k: usize| analysis.free_energies.n_k[k] as f64 / analysis.inefficiency[k];
        let fewest = beside.map(|k| (k, independent(k))).min_by(|a, b| a.1.total_cmp(&b.1));
        fewest.filter(|&(_, n)| n < INDEPENDENT)
    }

    fn counts(&self, point: &BoundaryPoint) -> bool {
        let is_within = |(lo, hi): (f64, f64)| (lo * (1.0 - 1e-9)..=hi * (1.0 + 1e-9)).contains(&point.temperature);
        if !self.temperature.is_none_or(is_within) {
            return false;
        }
        match point.kind {
            BoundaryKind::FirstOrder => true,
            BoundaryKind::Continuous => self.continuous && point.mu_err.is_finite(),
            BoundaryKind::Triple | BoundaryKind::Critical => false,
        }
    }

    fn few_words(&self, analysis: &Analysis, k: usize, independent: f64) -> String {
        let (state, grid) = (&analysis.grid.states[k], &analysis.grid);
        let mu: Vec<String> =
            (0..grid.n_reservoirs()).map(|s| format!("{:.4}", grid.mu(StateId(k as u32), s))).collect();
        format!(
            "the state beside a boundary at T = {} {}, μ = {} {} has {independent:.0} independent samples, and an error \
             says something from {INDEPENDENT} on",
            text::short(state.temperature, 4),
            self.units.temperature_label(),
            mu.join(", "),
            self.units.energy_label()
        )
    }

    /// Production cycles of a further run along a line that begins: as many as the run itself has, or up to ten times that if its error
    /// seems to need it, up to the limit. A cycle of it says as much of the line as three of the run (docs/benchmarks.md).
    ///
    /// - `mu_err`: standard error of μ that the run leaves \[energy\]; NaN if it is not known
    pub(crate) fn first_cycles(&self, mu_err: f64) -> u32 {
        let needed = (mu_err / self.mu).powi(2) / 3.0;
        let times = if needed.is_finite() { needed.clamp(1.0, 10.0) } else { 1.0 };
        ((times * f64::from(self.production)).ceil() as u32).min(self.max_cycles.max(self.production))
    }

    /// Production cycles by which a further run is made longer: as many as its error seems to need, but no more than four times what
    /// it has, up to the limit.
    ///
    /// - `production`: cycles that it has
    /// - `mu_err`: standard error of μ that it leaves \[energy\]; NaN if it is not known
    pub(crate) fn further_cycles(&self, production: u32, mu_err: f64) -> u32 {
        let lacking = (mu_err / self.mu).powi(2) - 1.0;
        let times = if lacking.is_finite() { lacking.clamp(0.25, 4.0) } else { 1.0 };
        let wanted = (times * f64::from(production)).ceil() as u32;
        wanted.min(self.max_cycles.saturating_sub(production))
    }

    /// Production cycles of the next extension: half as many again as there are, up to the limit; none at the limit.
    pub fn next_extension(&self) -> Option<u32> {
        let left = self.max_cycles.saturating_sub(self.production);
        Some(self.production.div_ceil(2).min(left)).filter(|&more| more > 0)
    }
}

/// A number in so many significant digits, without trailing zeros.
pub(super) fn brief(value: f64, digits: usize) -> String {
    number(format!("{value:.*e}", digits.max(1) - 1).parse().unwrap_or(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_in_words_are_brief() {
        assert_eq!([brief(0.000_014_416_868, 4), brief(76.0, 4), brief(0.363_424_1, 4)], ["1.442e-5", "76", "0.3634"]);
        assert_eq!([brief(0.000_123, 2), brief(0.002_96, 2)], ["0.00012", "0.003"]);
    }

    fn rule(continuous: bool) -> StoppingRule {
        StoppingRule { mu: 0.1, max_cycles: 9, production: 1, continuous, temperature: None, units: Units::Lj }
    }

    #[test]
    fn extensions_grow_by_half_up_to_the_limit() {
        let mut goal = rule(true);
        (goal.max_cycles, goal.production) = (5000, 1500);
        let mut lengths = vec![goal.production];
        while let Some(more) = goal.next_extension() {
            goal.production += more;
            lengths.push(goal.production);
        }
        assert_eq!(lengths, [1500, 2250, 3375, 5000]);
        assert_eq!(StoppingRule { production: 1, max_cycles: 2, ..goal }.next_extension(), Some(1));
        // longer than the limit from the start
        assert_eq!(StoppingRule { production: 9000, ..goal }.next_extension(), None);
    }

    #[test]
    fn a_further_run_becomes_as_long_as_its_error_needs() {
        let rule = StoppingRule { mu: 0.003, max_cycles: 5000, ..rule(false) };
        let lengths = [0.0045, 0.0031, 0.1, f64::NAN].map(|error| rule.further_cycles(1000, error));
        assert_eq!(lengths, [1250, 250, 4000, 1000]);
        assert_eq!((rule.further_cycles(4000, 0.1), rule.further_cycles(9000, 0.1)), (1000, 0));
        let of_1500 = StoppingRule { production: 1500, ..rule };
        assert_eq!([0.001, 0.006, 0.1, f64::NAN].map(|error| of_1500.first_cycles(error)), [1500, 2000, 5000, 1500]);
    }

    #[test]
    fn only_points_of_lines_count() {
        let point = |kind, mu_err| BoundaryPoint {
            phase_a: 0,
            phase_b: 1,
            kind,
            species: 0,
            temperature: 0.3,
            mu: vec![-5.0],
            mu_err,
            pressure: vec![0.1],
            pressure_low: 0.09,
            pressure_high: 0.11,
            gas_pressure: None,
            temperature_err: 0.0,
            clapeyron: None,
            crossings: None,
        };
        let counts = |kind, mu_err| [true, false].map(|continuous| rule(continuous).counts(&point(kind, mu_err)));
        assert_eq!(counts(BoundaryKind::FirstOrder, 0.1), [true, true]);
        assert_eq!(counts(BoundaryKind::FirstOrder, f64::NAN), [true, true]);
        assert_eq!(counts(BoundaryKind::Continuous, 0.1), [true, false]);
        assert_eq!(counts(BoundaryKind::Continuous, f64::NAN), [false, false]);
        let at = |lo, hi| StoppingRule { temperature: Some((lo, hi)), ..rule(false) };
        let of = |rule: StoppingRule| rule.counts(&point(BoundaryKind::FirstOrder, 0.1));
        assert_eq!([of(at(0.3, 0.3)), of(at(0.2, 0.29)), of(at(0.31, 0.4))], [true, false, false]);
        assert_eq!(counts(BoundaryKind::Triple, 0.1), [false, false]);
        assert_eq!(counts(BoundaryKind::Critical, 0.1), [false, false]);
    }
}
