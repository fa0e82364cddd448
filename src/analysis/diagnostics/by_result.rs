//! Verdict by result, in words: which boundaries and states may be quoted, and whether the replicas are in equilibrium.

use super::checks::{Diagnostics, Drift, Mood, Sentence};
use super::drift::DRIFTS;
use super::words::{first, ranges, short};
use crate::analysis::result::{BoundaryKind, BoundaryPoint, ENOUGH_CROSSINGS};
use crate::thermo::states::StateGrid;

/// Whether the replicas together have come to equilibrium: sums over states that drift, or remember their start.
pub(super) fn equilibrium_of_replicas(grid: &StateGrid, diagnostics: &Diagnostics) -> Vec<Sentence> {
    let name = |d: &Drift| {
        let what = match d.column.checked_sub(1) {
            None => "energy".to_owned(),
            Some(s) => format!("number of {}", grid.reservoirs[s].species),
        };
        match d.temperature {
            None => format!("the {what} over all states"),
            Some(t) => format!("the {what} over the states at T = {}", short(t)),
        }
    };
    let worst = |z: &dyn Fn(&Drift) -> f64| {
        let known = diagnostics.drifts.iter().filter(|d| z(d).is_finite());
        known.max_by(|a, b| z(a).abs().total_cmp(&z(b).abs()))
    };
    let mut sentences = Vec::new();
    if let Some(d) = worst(&|d| d.halves) {
        sentences.push(if d.halves.abs() > DRIFTS {
            let words = format!(
                "Replicas are not in equilibrium yet: {} changes by {:.1}σ from the first half of production to the second; \
                 lengthen the equilibration.",
                name(d),
                d.halves.abs()
            );
            Sentence { mood: Mood::Poor, words }
        } else {
            let words = format!(
                "No sum over states drifts: the halves of production agree within {DRIFTS}σ (worst {:.1}, {}).",
                d.halves.abs(),
                name(d)
            );
            Sentence { mood: Mood::Good, words }
        });
    }
    if let Some(d) = worst(&|d| d.starts).filter(|d| d.starts.abs() > DRIFTS) {
        let words = format!(
            "Even and odd walkers do not agree: {} differs by {:.1}σ; lengthen the equilibration.",
            name(d),
            d.starts.abs()
        );
        sentences.push(Sentence { mood: Mood::Poor, words });
    }
    sentences
}

/// Which first-order boundaries may be quoted: those that replicas have crossed often enough, at the simulated
/// temperatures.
pub(super) fn crossings(grid: &StateGrid, boundaries: &[BoundaryPoint]) -> Option<Sentence> {
    let temperatures = grid.temperatures();
    let simulated = |b: &&BoundaryPoint| temperatures.iter().any(|t| (t - b.temperature).abs() <= 1e-9 * t.abs());
    let lines = boundaries.iter().filter(|b| b.kind == BoundaryKind::FirstOrder);
    let mut points: Vec<&BoundaryPoint> = lines.clone().filter(simulated).collect();
    if points.is_empty() {
        points = lines.collect();
    }
    let fewest = points.iter().filter_map(|b| b.crossings).min()?;
    let few: Vec<String> = points
        .iter()
        .filter(|b| !b.is_converged())
        .map(|b| {
            let mu: Vec<String> = b.mu.iter().map(|&mu| short(mu)).collect();
            format!("T = {}, μ = {} ({})", short(b.temperature), mu.join(", "), b.crossings.unwrap_or(0))
        })
        .collect();
    if few.is_empty() {
        let words = format!("Replicas have crossed every first-order boundary at least {fewest} times.");
        return Some(Sentence { mood: Mood::Good, words });
    }
    let words = format!(
        "{} of {} points of first-order boundaries {} unconverged and may not be quoted (fewer than {ENOUGH_CROSSINGS} crossings \
         by replicas, in brackets): {}; lengthen the run {:.0}-fold, or exchange more often.",
        few.len(),
        points.len(),
        if few.len() == 1 { "is" } else { "are" },
        first(&few),
        (ENOUGH_CROSSINGS as f64 / fewest.max(1) as f64).ceil()
    );
    Some(Sentence { mood: Mood::Poor, words })
}

/// Which states may be quoted.
pub(super) fn quotable(grid: &StateGrid, diagnostics: &Diagnostics) -> Sentence {
    let not: Vec<usize> = (0..diagnostics.states.len()).filter(|&k| !diagnostics.states[k].quotable).collect();
    let n = diagnostics.states.len();
    if not.is_empty() {
        let words = match n {
            1 => "The state may be quoted.".to_owned(),
            _ => format!("All {n} states may be quoted."),
        };
        return Sentence { mood: Mood::Good, words };
    }
    let words = format!("{} of {n} states may be quoted; not: {}.", n - not.len(), ranges(grid, &not));
    Sentence { mood: Mood::Remark, words }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::thermo::Convention;
    use crate::thermo::states::ReservoirAxis;

    fn grid() -> StateGrid {
        let axis = ReservoirAxis { species: "B".into(), convention: Convention::Activity, values: vec![-3.0, -2.0] };
        StateGrid::product(&[0.3, 0.4], 1.0, &[axis])
    }

    fn point(temperature: f64, crossings: u64) -> BoundaryPoint {
        BoundaryPoint {
            phase_a: 0,
            phase_b: 1,
            kind: BoundaryKind::FirstOrder,
            species: 0,
            temperature,
            temperature_err: 0.0,
            mu: vec![-2.5],
            mu_err: 0.01,
            pressure: vec![1.0],
            pressure_low: 0.9,
            pressure_high: 1.1,
            gas_pressure: None,
            clapeyron: None,
            crossings: Some(crossings),
        }
    }

    #[test]
    fn boundaries_that_few_have_crossed_are_named() {
        let said = crossings(&grid(), &[point(0.3, 4), point(0.35, 2), point(0.4, 25)]).expect("a sentence");
        assert!(said.mood == Mood::Poor && said.words.starts_with("1 of 2 points"), "{}", said.words);
        assert!(said.words.contains("T = 0.3, μ = −2.5 (4); lengthen the run 5-fold"), "{}", said.words);
        let said = crossings(&grid(), &[point(0.3, 20), point(0.4, 25)]).expect("a sentence");
        assert!(said.mood == Mood::Good && said.words.contains("at least 20 times"), "{}", said.words);
        assert!(crossings(&grid(), &[]).is_none());
    }

    #[test]
    fn drifts_are_named_by_what_is_summed_and_where() {
        let drift = |column, temperature, halves| Drift { column, temperature, halves, starts: f64::NAN };
        let of = |drifts| equilibrium_of_replicas(&grid(), &Diagnostics { drifts, ..Diagnostics::default() });
        let said = of(vec![drift(0, None, 1.0), drift(1, Some(0.3), -5.2)]);
        assert_eq!(said.len(), 1);
        assert!(said[0].words.contains("number of B over the states at T = 0.3 changes by 5.2σ"), "{}", said[0].words);
        assert!(said[0].mood == Mood::Poor && of(vec![drift(0, None, 3.9)])[0].mood == Mood::Good);
        let odd = of(vec![Drift { starts: 6.0, ..drift(0, None, 0.5) }]);
        assert!(odd.len() == 2 && odd[1].words.contains("the energy over all states differs by 6.0σ"), "{odd:?}");
        assert!(of(Vec::new()).is_empty());
    }
}
