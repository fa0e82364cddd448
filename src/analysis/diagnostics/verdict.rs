//! Verdict in words: whether the run can be trusted, and what to change.

use super::checks::{Diagnostics, Mood, Sentence, Verdict};
use super::gaps::{Gap, gaps};
use super::words::{axis_unit, axis_words, first, ranges, short, states_are, value_words};
use super::{by_exchange, by_result, by_samples};
use crate::analysis::hysteresis::ExcludedState;
use crate::analysis::phases::jumps::Jump;
use crate::analysis::result::BoundaryPoint;
use crate::analysis::transition_matrix::{ALARM, Estimators};
use crate::thermo::states::{Axis, StateGrid};

/// Independent samples that a state should have.
pub const INDEPENDENT: f64 = 30.0;
/// Share of states that may fail a check before the run as a whole does.
pub(super) const FEW: f64 = 0.1;
/// Share of states that may be excluded while the rest is still a run.
const FROZEN: f64 = 0.25;
/// Share of states whose halves in time must agree.
const HALVES: f64 = 0.97;
/// Independent samples must grow by this factor before a late start counts.
const GAIN: f64 = 1.5;

/// Verdict on a run from its diagnostics.
///
/// - `boundaries, jumps`: points of first-order boundaries, and where one may run that was not found
/// - `split_half`: states whose halves in time agree, and states compared
pub fn verdict(
    grid: &StateGrid,
    diagnostics: &Diagnostics,
    (boundaries, jumps): (&[BoundaryPoint], &[Jump]),
    excluded: &[ExcludedState],
    estimators: Option<&Estimators>,
    split_half: (usize, usize),
) -> Verdict {
    let gaps = gaps(grid, diagnostics);
    let mut sentences: Vec<Sentence> = by_exchange::connection(grid, diagnostics, &gaps).into_iter().collect();
    sentences.extend(by_samples::parts(grid, diagnostics, &gaps));
    sentences.extend(by_samples::limits(grid, diagnostics));
    sentences.extend(by_exchange::dead_edges(diagnostics));
    sentences.extend(diagnostics.flows.iter().flat_map(|flow| by_exchange::travel(grid, flow)));
    if diagnostics.spectral_gap.is_finite() && diagnostics.states.len() > 1 {
        let words = format!("Spectral gap of the overlap matrix: {}.", short(diagnostics.spectral_gap));
        sentences.push(Sentence { mood: Mood::Remark, words });
    }
    sentences.extend(memory_of_start(grid, diagnostics, excluded));
    sentences.extend(by_result::equilibrium_of_replicas(grid, diagnostics));
    sentences.extend(by_result::renewals(grid, diagnostics));
    sentences.extend(by_exchange::window_crossings(grid, &diagnostics.windows));
    sentences.extend(halves_in_time(split_half));
    sentences.extend(late_start(diagnostics));
    sentences.push(independent_samples(diagnostics));
    sentences.extend(by_result::crossings(grid, boundaries));
    sentences.extend(by_result::jumps(grid, jumps));
    sentences.push(by_result::quotable(grid, diagnostics));
    sentences.extend(convergence(diagnostics));
    sentences.extend(estimators.map(|estimators| agreement(grid, estimators)));

    let trusted = sentences.iter().all(|s| s.mood != Mood::Poor);
    let mut v = Verdict { trusted, sentences, ..Verdict::default() };
    for gap in &gaps {
        match gap.axis {
            Axis::Temperature => v.add_temperatures.extend(gap.values_to_add()),
            Axis::Reservoir(r) => v.add_mu.extend(gap.values_to_add().into_iter().map(|mu| (r, mu))),
        }
    }
    let exception = match (excluded.is_empty(), jumps.is_empty()) {
        (true, true) => "",
        (false, true) => " outside the masked states",
        (true, false) => " outside the states and cells that may not be quoted",
        (false, false) => " outside the masked states and those that may not be quoted",
    };
    v.sentences.insert(0, summary(grid, &v, &gaps, exception));
    v
}

/// Whether walkers that were started differently have come to the same averages.
fn memory_of_start(grid: &StateGrid, diagnostics: &Diagnostics, excluded: &[ExcludedState]) -> Vec<Sentence> {
    let (compared, differently) = diagnostics.halves;
    let mut sentences = Vec::new();
    if !excluded.is_empty() {
        let share = excluded.len() as f64 / number_of_states(diagnostics);
        let cause = match (differently, excluded.len()) {
            (true, 1) => "frozen in by its start",
            (true, _) => "frozen in by their start",
            (false, _) => "different in even and odd walkers",
        };
        let words = format!(
            "{} {cause} (even and odd walkers differ by more than {}σ): {}. What is sampled there is not averaged \
             and its cells are masked; lengthen the run, or leave these states out.",
            states_are(excluded.len()),
            super::DIFFER,
            ranges(grid, &excluded.iter().map(|f| f.state).collect::<Vec<_>>())
        );
        sentences.push(Sentence { mood: if share > FROZEN { Mood::Poor } else { Mood::Remark }, words });
    } else if compared {
        let start = if differently { "started empty and filled" } else { "even and odd" };
        let words = format!("Walkers {start} agree in every state within {}σ.", super::DIFFER);
        sentences.push(Sentence { mood: Mood::Good, words });
    }
    if !(compared && differently) {
        let words = "All walkers began alike, so a state that keeps the memory of its start would not show: `walkers: 2` \
                     and an entry of `initial` with `walkers: Odd` would tell.";
        sentences.push(Sentence { mood: Mood::Remark, words: words.to_owned() });
    }
    sentences
}

/// Whether the first half of production agrees with the second.
fn halves_in_time((agree, compared): (usize, usize)) -> Option<Sentence> {
    if compared == 0 {
        return None;
    }
    let words = format!(
        "{agree} of {compared} states agree (|z| < 4): ⟨N⟩ of the first half of production against MBAR of the second half."
    );
    let enough = agree as f64 >= HALVES * compared as f64;
    Some(Sentence { mood: if enough { Mood::Good } else { Mood::Poor }, words })
}

/// States that came to equilibrium during production only.
fn late_start(diagnostics: &Diagnostics) -> Option<Sentence> {
    // With few independent samples the start cannot be told; that is said by `independent_samples`.
    let late = which(diagnostics, |s| {
        !s.excluded && s.start >= 0.1 && s.start_gain >= GAIN && s.independent * s.start_gain >= INDEPENDENT
    });
    if late.is_empty() {
        return None;
    }
    let begin = late.iter().map(|&k| diagnostics.states[k].start).fold(0.0, f64::max);
    let words = format!(
        "{} in equilibrium only after up to {:.0} cycles of production: lengthen the equilibration by as much.",
        states_are(late.len()),
        begin * f64::from(diagnostics.production)
    );
    let many = late.len() as f64 > FEW * number_of_states(diagnostics);
    Some(Sentence { mood: if many { Mood::Poor } else { Mood::Remark }, words })
}

/// Whether every state has enough independent samples.
fn independent_samples(diagnostics: &Diagnostics) -> Sentence {
    let poor = which(diagnostics, |s| !s.excluded && s.independent < INDEPENDENT);
    let retained = diagnostics.states.iter().filter(|s| !s.excluded);
    let fewest = retained.map(|s| s.independent).fold(f64::INFINITY, f64::min);
    if poor.is_empty() {
        let words = format!("Every state has at least {fewest:.0} independent samples.");
        return Sentence { mood: Mood::Good, words };
    }
    let words = format!(
        "{} below {INDEPENDENT} independent samples (the fewest: {}): lengthen production {:.0}-fold.",
        states_are(poor.len()),
        short(fewest),
        (INDEPENDENT / fewest.max(0.1)).ceil()
    );
    let many = poor.len() as f64 > FEW * number_of_states(diagnostics);
    Sentence { mood: if many { Mood::Poor } else { Mood::Remark }, words }
}

/// Whether boundaries still move as the run grows.
fn convergence(diagnostics: &Diagnostics) -> Option<Sentence> {
    let moving = diagnostics.trends.iter().filter(|t| t.z.abs() > ALARM).count();
    let followed = diagnostics.trends.iter().filter(|t| t.z.is_finite()).count();
    if moving > 0 {
        let words = format!(
            "{moving} of {followed} boundary points moved by more than {ALARM}σ with the second half of the run: it is too \
             short for its own errors."
        );
        return Some(Sentence { mood: Mood::Poor, words });
    }
    let all = match followed {
        0 => return None,
        1 => "The one boundary point followed stays".to_owned(),
        n => format!("All {n} boundary points followed stay"),
    };
    Some(Sentence { mood: Mood::Good, words: format!("{all} within {ALARM}σ as the run grows.") })
}

/// Number of states, at least one, to take shares of.
fn number_of_states(diagnostics: &Diagnostics) -> f64 {
    diagnostics.states.len().max(1) as f64
}

/// The first sentence.
///
/// - `exception`: where the run cannot be trusted although the rest of it can
fn summary(grid: &StateGrid, v: &Verdict, gaps: &[Gap], exception: &str) -> Sentence {
    let mut words = match (v.trusted, exception) {
        (true, "") => "This run can be trusted as far as these checks can tell.".to_owned(),
        (true, exception) => format!("This run can be trusted{exception}, as far as these checks can tell."),
        (false, _) => "This run cannot be trusted as it is.".to_owned(),
    };
    let axes = std::iter::once(Axis::Temperature).chain((0..grid.reservoirs.len()).map(Axis::Reservoir));
    let of_axis = |axis: Axis| {
        let on_it = || gaps.iter().filter(|g| g.axis == axis);
        let add = on_it().flat_map(Gap::values_to_add).map(|v| value_words(grid, axis, v));
        let values: Vec<String> = add.collect();
        (!values.is_empty())
            .then(|| format!("{} = {}{}", axis_words(grid, axis), first(&values), axis_unit(grid, axis)))
    };
    let add: Vec<String> = axes.filter_map(of_axis).collect();
    if !add.is_empty() {
        words.push_str(&format!(" Add states at {}.", add.join(" and at ")));
    }
    Sentence { mood: if v.trusted { Mood::Good } else { Mood::Poor }, words }
}

/// Whether the transition matrix and MBAR agree.
fn agreement(grid: &StateGrid, estimators: &Estimators) -> Sentence {
    let alarms = estimators.alarms();
    if let Some(worst) = alarms.first() {
        let list: Vec<usize> = alarms.iter().map(|a| a.state).collect();
        let words = format!(
            "Alarm: the transition matrix and MBAR disagree beyond {ALARM}σ in {} of {} states: {} (worst |z| = {:.1}).",
            alarms.len(),
            estimators.states.len(),
            ranges(grid, &list),
            worst.worst()
        );
        return Sentence { mood: Mood::Poor, words };
    }
    let mut words = format!(
        "The transition matrix and MBAR agree within {ALARM}σ in all {} states that can be compared",
        estimators.states.len()
    );
    if estimators.skipped > 0 {
        words.push_str(&format!("; {} hold one N only or change it too rarely", estimators.skipped));
    }
    words.push_str(". Agreement does not prove ergodicity.");
    if estimators.states.is_empty() {
        let words = "No state changes N often enough to set the transition matrix beside MBAR.".to_owned();
        return Sentence { mood: Mood::Remark, words };
    }
    Sentence { mood: Mood::Good, words }
}

pub(super) fn which(diagnostics: &Diagnostics, holds: impl Fn(&super::StateCheck) -> bool) -> Vec<usize> {
    (0..diagnostics.states.len()).filter(|&k| holds(&diagnostics.states[k])).collect()
}

#[cfg(test)]
mod tests {
    use super::super::{EdgeCheck, Flow, StateCheck, components};
    use super::*;
    use crate::analysis::limit::AtLimit;
    use crate::analysis::statistics::cohorts::Cohorts;
    use crate::thermo::Convention;
    use crate::thermo::states::ReservoirAxis;

    /// A sound run of a grid, with these edges dead.
    fn diagnostics(grid: &StateGrid, dead: impl Fn(&EdgeCheck) -> bool) -> Diagnostics {
        let mut edges: Vec<EdgeCheck> = grid
            .edges
            .iter()
            .map(|&edge| EdgeCheck {
                edge,
                attempts: 400,
                acceptance: 0.3,
                windows: vec![0.3; 4],
                recent: 0.3,
                overlap: 0.2,
                usable: true,
                lacking: 0,
            })
            .collect();
        for e in &mut edges {
            e.usable = !dead(e);
        }
        let component =
            components(grid, &edges.iter().map(|e| e.usable).collect::<Vec<_>>(), &Cohorts::one(grid.len(), 1));
        let state = |k: usize| StateCheck {
            samples: 1000,
            g_series: 4.0,
            g_path: 5.0,
            independent: 200.0,
            start: 0.0,
            start_gain: 1.0,
            hysteresis: 0.7,
            excluded: false,
            component: component[k],
            part: Some(0),
            at_limit: vec![AtLimit::default(); grid.n_reservoirs()],
            quotable: true,
        };
        let flow = |axis, values: Vec<f64>| Flow {
            runs: None,
            axis,
            fraction: (0..values.len()).map(|i| i as f64 / (values.len() - 1) as f64).collect(),
            error: vec![0.01; values.len()],
            values,
            round_trips: 50,
            cycles_per_trip: 120.0,
            travelled: 12,
            replicas: 12,
        };
        let mut flows = vec![flow(Axis::Temperature, grid.temperatures())];
        flows.extend((0..grid.n_reservoirs()).map(|r| flow(Axis::Reservoir(r), grid.values(r))));
        Diagnostics {
            states: (0..grid.len()).map(state).collect(),
            n_components: component.iter().max().map_or(0, |c| c + 1),
            edges,
            windows: Vec::new(),
            flows,
            spectral_gap: 0.03,
            n_parts: 1,
            beginnings: Vec::new(),
            n_runs: 1,
            sums: Vec::new(),
            trends: Vec::new(),
            halves: (true, true),
            stride: 1,
            production: 1000,
        }
    }

    fn grid() -> StateGrid {
        let axis =
            ReservoirAxis { species: "B".into(), convention: Convention::Activity, values: vec![-3.0, -2.5, -2.0] };
        StateGrid::product(&[0.3, 0.4, 0.5, 0.7], 1.0, &[axis])
    }

    fn says(v: &Verdict, what: &str) -> bool {
        v.sentences.iter().any(|s| s.words.contains(what))
    }

    #[test]
    fn a_sound_run_is_trusted() {
        let v = verdict(&grid(), &diagnostics(&grid(), |_| false), (&[], &[]), &[], None, (12, 12));
        assert!(v.trusted && v.add_temperatures.is_empty() && v.add_mu.is_empty(), "{v:?}");
        assert!(says(&v, "can be trusted") && says(&v, "All 17 pairs"), "{v:?}");
    }

    #[test]
    fn parts_without_common_samples_say_what_is_lacking_between_them() {
        let mut d = diagnostics(&grid(), |_| false);
        // The highest μ is a part of its own at every temperature.
        d.n_parts = 2;
        (0..grid().len()).for_each(|k| d.states[k].part = Some(u32::from(k % 3 == 2)));
        for e in d.edges.iter_mut().filter(|e| e.edge.a.0 % 3 == 1 && e.edge.b.0 == e.edge.a.0 + 1) {
            e.lacking = 3;
        }
        let v = verdict(&grid(), &d, (&[], &[]), &[], None, (12, 12));
        assert!(!v.trusted && says(&v, "fall into two parts of 8 and 4 states"), "{v:?}");
        assert!(says(&v, "add states at μ of B = −2.375, −2.25, −2.125 (between −2.5 and −2)"), "{v:?}");
        assert_eq!(v.add_mu, [(0, -2.375), (0, -2.25), (0, -2.125)]);
        // Neighbours that overlap well and are too short for their samples to say so.
        d.edges.iter_mut().for_each(|e| e.lacking = 0);
        let v = verdict(&grid(), &d, (&[], &[]), &[], None, (12, 12));
        assert!(says(&v, "lengthen production") && v.add_mu.is_empty(), "{v:?}");
        // A few states aside do not spoil the rest.
        (0..grid().len()).for_each(|k| d.states[k].part = Some(u32::from(k == 11)));
        assert!(verdict(&grid(), &d, (&[], &[]), &[], None, (12, 12)).trusted);
    }

    #[test]
    fn states_at_the_limit_of_n_are_named_with_the_remedy() {
        let mut d = diagnostics(&grid(), |_| false);
        d.states[2].at_limit[0] = AtLimit { p: 0.9, needed: 47 };
        d.states[5].at_limit[0] = AtLimit { p: 2e-3, needed: 31 };
        d.states[8].at_limit[0] = AtLimit { p: 5e-4, needed: 99 };
        let v = verdict(&grid(), &d, (&[], &[]), &[], None, (12, 12));
        assert!(
            !v.trusted && says(&v, "2 of 12 states stand at `max_atoms` of B (1 at T = 0.3, 1 at T = 0.4)"),
            "{v:?}"
        );
        assert!(says(&v, "set `max_atoms` of B to 47 or more"), "{v:?}");
    }

    #[test]
    fn a_grid_that_splits_says_where() {
        let chain = StateGrid::product(&[0.3, 0.4, 0.5], 1.0, &[]);
        let v = verdict(&chain, &diagnostics(&chain, |e| e.edge.a.0 == 1), (&[], &[]), &[], None, (0, 0));
        assert!(!v.trusted && says(&v, "The grid splits in two at T = 0.45"), "{v:?}");
        assert_eq!(v.add_temperatures.len(), 1);
        assert!((v.add_temperatures[0] - 0.45).abs() < 1e-12);

        let g = grid();
        let across = |e: &EdgeCheck| e.edge.axis() == Some(Axis::Reservoir(0)) && e.edge.a.0.is_multiple_of(3);
        let v = verdict(&g, &diagnostics(&g, across), (&[], &[]), &[], None, (12, 12));
        assert!(says(&v, "splits in two at μ of B = −2.75"), "{v:?}");
        assert_eq!(v.add_mu, [(0, -2.75)]);

        // A corner by itself: said, and no reason against the rest unless there is much of it.
        let corner = |e: &EdgeCheck| e.edge.a.0 == 0;
        let v = verdict(&g, &diagnostics(&g, corner), (&[], &[]), &[], None, (12, 12));
        assert!(v.trusted && says(&v, "1 of 12 states do not exchange with the rest (1 at T = 0.3)"), "{v:?}");
        let corners = |e: &EdgeCheck| e.edge.a.0 == 0 || e.edge.b.0 == 11;
        let v = verdict(&g, &diagnostics(&g, corners), (&[], &[]), &[], None, (12, 12));
        assert!(!v.trusted && says(&v, "falls into three parts of 10, 1, 1 states"), "{v:?}");

        // One dead edge of several: the grid hangs together, and the place is named all the same.
        let one = |e: &EdgeCheck| e.edge.axis() == Some(Axis::Temperature) && e.edge.a.0 == 4;
        let v = verdict(&g, &diagnostics(&g, one), (&[], &[]), &[], None, (12, 12));
        assert!(v.trusted && says(&v, "hangs together"), "{v:?}");
        assert_eq!(v.add_temperatures.len(), 1);
    }

    #[test]
    fn an_edge_of_one_run_is_no_gap_where_another_has_states_between() {
        let row = |values: &[f64]| {
            let axis = ReservoirAxis { species: "B".into(), convention: Convention::Activity, values: values.to_vec() };
            StateGrid::product(&[0.3, 0.4], 1.0, &[axis])
        };
        let wide = row(&[-3.0, -2.0]);
        let is_wide = |grid: &StateGrid, e: &EdgeCheck| {
            let mu = |k| grid.mu(k, 0);
            e.edge.axis() == Some(Axis::Reservoir(0)) && (mu(e.edge.b) - mu(e.edge.a)).abs() > 0.9
        };
        let v = verdict(&wide, &diagnostics(&wide, |e| is_wide(&wide, e)), (&[], &[]), &[], None, (4, 4));
        assert_eq!(v.add_mu, [(0, -2.5)]);
        let (both, _) = StateGrid::union(&[wide, row(&[-3.0, -2.6, -2.3, -2.0])]);
        let v = verdict(&both, &diagnostics(&both, |e| is_wide(&both, e)), (&[], &[]), &[], None, (8, 8));
        assert!(v.trusted && v.add_mu.is_empty(), "{v:?}");
    }

    #[test]
    fn diagonals_join_states_and_dead_ones_are_no_gaps() {
        let g = grid().with_diagonals();
        let judge =
            |dead: &dyn Fn(&EdgeCheck) -> bool| verdict(&g, &diagnostics(&g, dead), (&[], &[]), &[], None, (12, 12));
        let v = judge(&|e| e.edge.axis().is_none());
        assert!(v.trusted && says(&v, "All 17 pairs") && v.add_mu.is_empty(), "{v:?}");
        // Where no neighbours along μ exchange, diagonals carry replicas across; the place is named all the same.
        let v = judge(&|e| e.edge.axis() == Some(Axis::Reservoir(0)) && e.edge.a.0.is_multiple_of(3));
        assert!(v.trusted && says(&v, "hangs together, but 4 of 17") && !says(&v, "splits"), "{v:?}");
        assert_eq!(v.add_mu, [(0, -2.75)]);
    }

    #[test]
    fn what_is_wrong_is_said() {
        let g = grid();
        let sound = diagnostics(&g, |_| false);
        let judge = |d: &Diagnostics| verdict(&g, d, (&[], &[]), &[], None, (12, 12));
        let mut d = sound.clone();
        d.flows[0].round_trips = 0;
        d.flows[0].travelled = 0;
        assert!(!judge(&d).trusted && says(&judge(&d), "No replica made a round trip along T"));
        let mut d = sound.clone();
        d.flows[0].fraction = vec![0.0, 0.02, 0.98, 1.0];
        assert!(!says(&judge(&d), "bottleneck") && judge(&d).trusted);
        d.flows[0].values = vec![0.3, 0.35, 0.4, 0.5, 0.6, 0.7];
        d.flows[0].fraction = vec![0.0, 0.02, 0.04, 0.95, 0.98, 1.0];
        assert!(says(&judge(&d), "between 0.4 and 0.5: a bottleneck"));
        let mut d = sound.clone();
        d.states.iter_mut().take(3).for_each(|s| s.independent = 4.0);
        assert!(!judge(&d).trusted && says(&judge(&d), "3 states are below 30 independent"));
        let mut d = sound.clone();
        d.edges[0].windows = vec![0.2, 0.1, 0.0, 0.0];
        assert!(says(&judge(&d), "stopped exchanging"));
        let excluded = |n: usize| {
            (0..n).map(|state| ExcludedState { state, even: vec![0.0], odd: vec![12.0], z: 90.0 }).collect::<Vec<_>>()
        };
        let v = verdict(&g, &sound, (&[], &[]), &excluded(3), None, (12, 12));
        assert!(v.trusted && says(&v, "3 states are frozen in by their start") && says(&v, "3 at T = 0.3"), "{v:?}");
        assert!(says(&v, "outside the masked states"));
        assert!(!verdict(&g, &sound, (&[], &[]), &excluded(4), None, (12, 12)).trusted);
        let jump = |edge: usize| Jump { edge: g.edges[edge], n: (vec![3.0], vec![41.0]), crossings: 2 };
        let v = verdict(&g, &sound, (&[], &[jump(0)]), &[], None, (12, 12));
        assert!(!v.trusted && says(&v, "(2: ⟨N⟩ of B 3 and 41)"), "2 of 12 states are more than a few: {v:?}");
        assert!(!verdict(&g, &sound, (&[], &[]), &[], None, (9, 12)).trusted);
        let mut d = sound;
        d.halves = (false, false);
        assert!(says(&judge(&d), "began alike") && judge(&d).trusted);
    }
}
