//! Verdict by result, in words: which boundaries and states may be quoted, and whether the replicas are in equilibrium.

use super::checks::{Diagnostics, Mood, Sentence, SumCheck};
use super::sums::DRIFTS;
use super::verdict::FEW;
use super::words::{first, ranges, short};
use crate::analysis::beginning::Beginning;
use crate::analysis::phases::jumps::Jump;
use crate::analysis::result::{BoundaryKind, BoundaryPoint, ENOUGH_CROSSINGS};
use crate::base::ids::StateId;
use crate::thermo::states::StateGrid;

/// Independent samples that the slowest sum over all states should have: `docs/validation.md` has what runs with fewer got wrong.
const RENEWALS: f64 = 12.0;

/// A sum over states in words.
///
/// - `column`, `temperature`: as in [`SumCheck`]
fn sum_over_states(grid: &StateGrid, (column, temperature): (usize, Option<f64>), of_runs: &str) -> String {
    let what = match column.checked_sub(1) {
        None => "energy".to_owned(),
        Some(s) => format!("number of {}", grid.reservoirs[s].species),
    };
    match temperature {
        None => format!("the {what} over all states{of_runs}"),
        Some(t) => format!("the {what} over the states{of_runs} at T = {}", short(t)),
    }
}

/// Beginnings of production that are left out of the analysis.
fn left_out(grid: &StateGrid, diagnostics: &Diagnostics) -> Option<Sentence> {
    let several = diagnostics.n_runs > 1;
    let of_run = |b: &Beginning| {
        let of_runs = if several { format!(" of run {}", b.run + 1) } else { String::new() };
        let what = sum_over_states(grid, (b.column, b.temperature), &of_runs);
        format!("the first {} cycles, in which {what} drifts ({:.1}σ)", b.cycles, b.z.abs())
    };
    let all: Vec<String> = diagnostics.beginnings.iter().map(of_run).collect();
    (!all.is_empty()).then(|| Sentence {
        mood: Mood::Remark,
        words: format!("Left out of the analysis: {}; a longer equilibration keeps them.", all.join("; ")),
    })
}

fn name(grid: &StateGrid, sum: &SumCheck) -> String {
    let of_runs = sum.runs.as_ref().map_or_else(String::new, |runs| format!(" of {runs}"));
    sum_over_states(grid, (sum.column, sum.temperature), &of_runs)
}

/// Whether the replicas together have come to equilibrium: sums over states that drift, or remember their start.
pub(super) fn equilibrium_of_replicas(grid: &StateGrid, diagnostics: &Diagnostics) -> Vec<Sentence> {
    let name = |d: &SumCheck| name(grid, d);
    let worst = |z: &dyn Fn(&SumCheck) -> f64| {
        let known = diagnostics.sums.iter().filter(|d| z(d).is_finite());
        known.max_by(|a, b| z(a).abs().total_cmp(&z(b).abs()))
    };
    let mut sentences: Vec<Sentence> = left_out(grid, diagnostics).into_iter().collect();
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

/// The slowest sum over all states in words, and its independent samples. Sums over the states of one temperature do not count here:
/// where a phase is frozen they never forget, and the states beside it may not be quoted anyway.
fn slowest(grid: &StateGrid, diagnostics: &Diagnostics) -> Option<(String, f64)> {
    let over_all = diagnostics.sums.iter().filter(|s| s.temperature.is_none());
    let sum = over_all.min_by(|a, b| a.independent.total_cmp(&b.independent))?;
    Some((name(grid, sum), sum.independent))
}

/// How many independent samples the slowest sum over all states has, in words, where these are too few: what the replicas remember
/// together is in the error of everything.
pub(crate) fn few_renewals(grid: &StateGrid, diagnostics: &Diagnostics) -> Option<String> {
    let (what, n) = slowest(grid, diagnostics).filter(|&(_, n)| n < RENEWALS)?;
    Some(format!(
        "of {what} the run has {:.0} independent samples, and errors say something from {RENEWALS} on",
        n.floor()
    ))
}

/// Whether the replicas as a whole have forgotten often enough where they were.
pub(super) fn renewals(grid: &StateGrid, diagnostics: &Diagnostics) -> Option<Sentence> {
    let (what, n) = slowest(grid, diagnostics)?;
    Some(match few_renewals(grid, diagnostics) {
        Some(few) => {
            let times = (RENEWALS / n.max(0.1)).ceil();
            let words =
                format!("The replicas together remember for too long: {few}: lengthen production {times:.0}-fold.");
            Sentence { mood: Mood::Poor, words }
        }
        None => {
            let words = format!("The slowest sum over states, {what}, has {n:.0} independent samples.");
            Sentence { mood: Mood::Good, words }
        }
    })
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

/// Neighbouring states between which configurations jump although hardly any replica has passed.
pub(super) fn jumps(grid: &StateGrid, jumps: &[Jump]) -> Option<Sentence> {
    if jumps.is_empty() {
        return None;
    }
    let at = |k: StateId| {
        let mu: Vec<String> = (0..grid.n_reservoirs()).map(|r| short(grid.mu(k, r))).collect();
        (short(grid.state(k).temperature), mu.join(", "))
    };
    let words_of = |jump: &Jump| {
        let ((t_a, mu_a), (t_b, mu_b)) = (at(jump.edge.a), at(jump.edge.b));
        let place = if grid.reservoirs.is_empty() {
            format!("between T = {t_a} and T = {t_b}")
        } else if t_a == t_b {
            format!("at T = {t_a} between μ = {mu_a} and {mu_b}")
        } else {
            format!("between T = {t_a}, μ = {mu_a} and T = {t_b}, μ = {mu_b}")
        };
        let pairs = grid.reservoirs.iter().zip(jump.n.0.iter().zip(&jump.n.1));
        let n: Vec<String> =
            pairs.map(|(r, (a, b))| format!("⟨N⟩ of {} {} and {}", r.species, short(*a), short(*b))).collect();
        let n = if n.is_empty() { String::new() } else { format!(": {}", n.join(", ")) };
        format!("{place} ({}{n})", jump.crossings)
    };
    let list: Vec<String> = jumps.iter().map(words_of).collect();
    let starts = if grid.reservoirs.is_empty() { "other configurations" } else { "empty and filled" };
    let words = format!(
        "Configurations jump between neighbouring states, and fewer than {ENOUGH_CROSSINGS} replicas passed from one kind to the other \
         (their number in brackets): {}. A first-order line may run there, with either state on the wrong side of it: these states \
         may not be quoted; add states between, or warmer ones, or start walkers from {starts}.",
        first(&list)
    );
    let mut beside: Vec<StateId> = jumps.iter().flat_map(|j| [j.edge.a, j.edge.b]).collect();
    beside.sort_unstable();
    beside.dedup();
    let many = beside.len() as f64 > FEW * grid.n_points() as f64;
    Some(Sentence { mood: if many { Mood::Poor } else { Mood::Caution }, words })
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
    fn a_few_states_beside_a_jump_are_an_exception_and_many_a_reason_against_the_run() {
        let axis = ReservoirAxis {
            species: "B".into(),
            convention: Convention::Activity,
            values: (0..30).map(|i| -3.0 + 0.1 * f64::from(i)).collect(),
        };
        let chain = StateGrid::product(&[0.3], 1.0, &[axis]);
        let jump = |edge: usize| Jump { edge: chain.edges[edge], n: (vec![3.25], vec![41.0]), crossings: 2 };
        let few = jumps(&chain, &[jump(4)]).expect("a sentence");
        assert!(few.mood == Mood::Caution && few.words.contains("between μ = "), "{}", few.words);
        assert!(few.words.contains("(2: ⟨N⟩ of B 3.25 and 41)"), "{}", few.words);
        let many = jumps(&chain, &[jump(4), jump(8)]).expect("a sentence");
        assert_eq!(many.mood, Mood::Poor, "4 of 30 states");
        assert!(jumps(&chain, &[]).is_none());
        let canonical = StateGrid::product(&[0.3, 0.4], 1.0, &[]);
        let jump = Jump { edge: canonical.edges[0], n: (vec![], vec![]), crossings: 2 };
        let words = jumps(&canonical, &[jump]).expect("a sentence").words;
        assert!(words.contains("between T = 0.3 and T = 0.4 (2)") && words.contains("other configurations"), "{words}");
    }

    fn sum(column: usize, temperature: Option<f64>, halves: f64) -> SumCheck {
        SumCheck { runs: None, column, temperature, halves, starts: f64::NAN, independent: 50.0 }
    }

    #[test]
    fn replicas_that_together_remember_too_long_are_not_trusted() {
        let of = |sums| renewals(&grid(), &Diagnostics { sums, ..Diagnostics::default() });
        let with = |temperature, independent| SumCheck { independent, ..sum(1, temperature, 0.0) };
        let few = of(vec![with(None, 50.0), with(None, 7.0), with(Some(0.3), 2.0)]).expect("a sentence");
        assert_eq!(few.mood, Mood::Poor);
        assert!(few.words.contains("the number of B over all states") && few.words.contains("2-fold"), "{}", few.words);
        let enough = of(vec![with(None, 50.0), with(None, 13.0), with(Some(0.3), 2.0)]).expect("a sentence");
        assert!(enough.mood == Mood::Good && enough.words.contains("13 independent"), "{}", enough.words);
        assert!(of(vec![with(Some(0.3), 2.0)]).is_none());
    }

    #[test]
    fn drifts_are_named_by_what_is_summed_and_where() {
        let of = |sums| equilibrium_of_replicas(&grid(), &Diagnostics { sums, ..Diagnostics::default() });
        let said = of(vec![sum(0, None, 1.0), sum(1, Some(0.3), -5.2)]);
        assert_eq!(said.len(), 1);
        assert!(said[0].words.contains("number of B over the states at T = 0.3 changes by 5.2σ"), "{}", said[0].words);
        assert!(said[0].mood == Mood::Poor && of(vec![sum(0, None, 3.9)])[0].mood == Mood::Good);
        let odd = of(vec![SumCheck { starts: 6.0, ..sum(0, None, 0.5) }]);
        assert!(odd.len() == 2 && odd[1].words.contains("the energy over all states differs by 6.0σ"), "{odd:?}");
        assert!(of(Vec::new()).is_empty());
    }
}
