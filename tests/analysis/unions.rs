//! Runs with grids of their own, analysed together: exact averages and honest errors, and the answer of one run over all states.

use crate::honest_errors::assert_honest;
use crate::z_scores::{slow_union_scores, switch_together, switch_whole, trap_union_scores};
use adlayer::testing::analysis::Analysis;

#[test]
fn averages_of_unions_have_honest_errors() {
    assert_honest("trap", &trap_union_scores(24, 1500));
}

/// Replicas that remember their phase for 100 cycles, in two runs of 4000 and 3000: sums over states are those of each run.
#[test]
fn what_replicas_remember_is_in_every_error_of_a_union() {
    let scores = slow_union_scores(16, 4000);
    assert_honest("boundaries", &scores.boundaries);
    assert_honest("⟨N⟩ of states", &scores.direct);
    assert_honest("free energies", &scores.free_energies);
}

/// The largest |z| between two analyses over the same states, and how many values there are: f_k, ⟨N⟩ of states by MBAR and of
/// their own samples, boundaries, cells of the map.
fn apart(a: &Analysis, b: &Analysis) -> (f64, usize) {
    let mut values: Vec<((f64, f64), (f64, f64))> = Vec::new();
    assert_eq!(a.grid.states, b.grid.states);
    for k in 0..a.grid.len() {
        let f = |x: &Analysis| (x.free_energies.f_k[k], x.free_energies.f_k_err[k]);
        let mbar = |x: &Analysis| (x.at_states[k].n[0], x.at_states[k].n_err[0]);
        let own = |x: &Analysis| (x.direct[k].n[0], x.direct[k].n_err[0]);
        values.extend([(mbar(a), mbar(b)), (own(a), own(b))]);
        values.extend((k > 0).then(|| (f(a), f(b))));
    }
    assert_eq!(a.map.cells.len(), b.map.cells.len());
    for (x, y) in a.map.cells.iter().zip(&b.map.cells).filter(|(x, y)| !x.masked && !y.masked) {
        values.push(((x.n[0], x.n_err[0]), (y.n[0], y.n_err[0])));
        values.push(((x.energy, x.energy_err), (y.energy, y.energy_err)));
    }
    for x in &a.boundaries {
        let same = |y: &&adlayer::testing::analysis::BoundaryPoint| {
            (y.kind, y.phase_a, y.phase_b, y.temperature.to_bits())
                == (x.kind, x.phase_a, x.phase_b, x.temperature.to_bits())
        };
        let found = b.boundaries.iter().find(same).filter(|y| x.mu_err.is_finite() && y.mu_err.is_finite());
        values.extend(found.map(|y| ((x.mu[0], x.mu_err), (y.mu[0], y.mu_err))));
    }
    let z = |((x, dx), (y, dy)): &((f64, f64), (f64, f64))| (x - y).abs() / dx.hypot(*dy);
    (values.iter().map(z).fold(0.0, f64::max), values.len())
}

#[test]
fn two_runs_together_give_what_one_run_over_all_states_gives() {
    {
        let seed = 300;
        let [both, turned, ..] = switch_together(3000, seed);
        let whole = switch_whole(3000, 7 * seed);
        for (union, other) in [(&both, &whole), (&whole, &turned)] {
            let (z, values) = apart(union, other);
            assert!(z < 4.0 && values > 300, "seed {seed}: worst |z| = {z:.2} of {values} values");
        }
        // In whatever order they are given: the same samples, and other draws.
        let largest = |f: &dyn Fn(&Analysis) -> Vec<f64>| {
            let (a, b) = (f(&both), f(&turned));
            a.iter().zip(&b).map(|(x, y)| (x - y).abs()).fold(0.0, f64::max)
        };
        assert!(largest(&|x| x.free_energies.f_k.clone()) < 1e-7);
        assert!(largest(&|x| x.at_states.iter().map(|c| c.n[0]).collect()) < 1e-6);
        assert!(largest(&|x| x.direct.iter().map(|d| d.n[0]).collect()) < 1e-9);
        let ratio: Vec<f64> = both.direct.iter().zip(&turned.direct).map(|(a, b)| a.n_err[0] / b.n_err[0]).collect();
        assert!(ratio.iter().all(|r| (0.4..2.5).contains(r)), "{ratio:?}");
        // Runs with three quarters of the samples for each state know about as much.
        let mean = |x: &Analysis| x.at_states.iter().map(|c| c.n_err[0].ln()).sum::<f64>() / x.at_states.len() as f64;
        let larger = (mean(&both) - mean(&whole)).exp();
        assert!((0.5..2.0).contains(&larger), "errors {larger:.2} times those of one run");
    }
}

#[test]
fn replicas_travel_between_the_ends_of_their_own_run() {
    let [both, _, first, second] = switch_together(1000, 77);
    let flows = |x: &Analysis| x.checks.diagnostics.as_ref().expect("diagnostics").flows.clone();
    let all = flows(&both);
    let (of_first, of_second) = (flows(&first), flows(&second));
    assert_eq!(all.len(), of_first.len() + of_second.len());
    let named = all.iter().map(|f| f.runs.as_deref()).collect::<Vec<_>>();
    assert_eq!(named, [Some("run 1"), Some("run 1"), Some("run 2"), Some("run 2")]);
    for (joined, alone) in all.iter().zip(of_first.iter().chain(&of_second)) {
        assert_eq!(alone.runs, None);
        let of = |f: &adlayer::testing::analysis::diagnostics::Flow| {
            let fraction: Vec<u64> = f.fraction.iter().map(|x| x.to_bits()).collect();
            (f.axis, fraction, f.round_trips, f.travelled, f.replicas)
        };
        assert_eq!(of(joined), of(alone));
        assert!(joined.round_trips > 0);
        let close = |(a, b): (&f64, &f64)| (a - b).abs() < 1e-12;
        assert!(joined.values.iter().zip(&alone.values).all(close), "{:?} {:?}", joined.values, alone.values);
    }
    let says = |words: &str| both.checks.verdict.sentences.iter().any(|s| s.words.contains(words));
    assert!(says("Round trips along T in run 1: ") && says("Round trips along μ of B in run 2: "));
    // Halves of production are those of each run.
    let sums = &both.checks.diagnostics.as_ref().expect("diagnostics").sums;
    assert!(["run 1", "run 2"].iter().all(|run| sums.iter().any(|d| d.runs.as_deref() == Some(*run))));
    assert!(sums.iter().all(|d| d.halves.abs() < 5.0), "{sums:?}");
    assert!(both.split_half.compared == both.grid.len() && both.split_half.agree == both.grid.len());
}
