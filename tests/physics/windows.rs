//! Windows of N: detailed balance with weights by enumeration, exact answers through windows, weights that stay.

use crate::backends::on_every_backend;
use crate::common::run::{Run, load, setup};
use crate::common::scene::Spec;
use crate::common::stats::{Estimate, assert_resolved, assert_z};
use adlayer::testing::analysis::mbar::{Bins, Collapsed, Tolerance};
use adlayer::testing::moves::exchange::Period;
use adlayer::testing::sampler::Sampler;
use adlayer::testing::thermo::Window;
use adlayer::testing::thermo::acceptance::{
    ConfigurationRef, StateRef, delete_ln_acc, exchange_ln_acc, identity_ln_acc, insert_ln_acc, probability,
};
use adlayer::testing::thermo::states::StateGrid;

/// Sites of the enumerated model, and its largest N.
const SITES: usize = 6;
const MOST: u32 = 4;

/// E and N of every set of at most [`MOST`] occupied sites: a lattice gas on a ring.
fn configurations() -> Vec<(usize, f64, u16)> {
    let occupied = |x: usize, k: usize| f64::from(u8::from(x >> (k % SITES) & 1 == 1));
    let site = |k: usize| -0.3 - 0.17 * k as f64;
    let energy = |x: usize| (0..SITES).map(|k| occupied(x, k) * (site(k) - 0.45 * occupied(x, k + 1))).sum::<f64>();
    (0..1_usize << SITES).filter(|x| x.count_ones() <= MOST).map(|x| (x, energy(x), x.count_ones() as u16)).collect()
}

/// A window with weights that are far from uniform.
fn window(lo: u16, weights: &[f64]) -> Window {
    let mut window = Window::new(0, 0, lo, lo + weights.len() as u16 - 1);
    window.set_weights(weights);
    window
}

/// Probabilities of all configurations of the model in a state; 0 outside its window.
fn distribution(state: StateRef) -> Vec<f64> {
    let weight = |(_, e, n): (usize, f64, u16)| (-state.reduced_potential(e, &[n])).exp();
    let weights: Vec<f64> = configurations().into_iter().map(weight).collect();
    let sum: f64 = weights.iter().sum();
    weights.iter().map(|w| w / sum).collect()
}

/// Largest difference of the fluxes between any two configurations, with `bias` added to the ln acc of every move.
fn asymmetry(state: StateRef, bias: &dyn Fn(u16, u16) -> f64) -> f64 {
    let (all, p) = (configurations(), distribution(state));
    let mut worst = 0.0_f64;
    for (i, &(x, e, n)) in all.iter().enumerate() {
        for (j, &(y, f, _)) in all.iter().enumerate().filter(|(_, (y, _, m))| y & x == x && *m == n + 1) {
            assert_eq!((x ^ y).count_ones(), 1);
            // every site alike, occupied or not; every atom alike
            let volume = SITES as f64;
            let up = insert_ln_acc(state.ln_z[0], volume.ln(), usize::from(n), state.beta * (f - e)) + bias(n, n + 1);
            let down =
                delete_ln_acc(state.ln_z[0], volume.ln(), usize::from(n + 1), state.beta * (e - f)) + bias(n + 1, n);
            let there = p[i] * 0.5 / volume * probability(up);
            let back = p[j] * 0.5 / f64::from(n + 1) * probability(down);
            worst = worst.max((there - back).abs());
        }
    }
    worst
}

#[test]
fn insertions_and_deletions_with_weights_are_in_detailed_balance_and_wrong_ones_are_not() {
    for (lo, weights) in [(0, vec![0.0, 1.7, -2.1, 0.6, 3.3]), (1, vec![-1.0, 2.5, 0.25])] {
        let window = window(lo, &weights);
        let state = StateRef { beta: 1.3, ln_z: &[-1.1], window: Some(&window) };
        let right = asymmetry(state, &|before, after| state.weight_change(0, before, after));
        assert!(right <= 1e-15, "window from {lo}: {right:e}");
        let eta = |n: u16| window.eta(n);
        type Change<'a> = &'a dyn Fn(u16, u16) -> f64;
        let wrong: [(&str, Change<'_>); 3] = [
            ("left out", &|_, _| 0.0),
            ("of the wrong sign", &|before, after| eta(before) - eta(after)),
            ("of N + 1 alone", &|_, after| eta(after)),
        ];
        for (name, bias) in wrong {
            let found = asymmetry(state, bias);
            assert!(found > 1e-4 || found.is_nan(), "η {name} passes with {found:e}");
        }
        // other species do not feel it
        assert_eq!(state.weight_change(1, 0, 1), 0.0);
    }
}

/// What one exchange does to the joint distribution of two states: max |πP − π|.
fn residual(
    a: StateRef,
    b: StateRef,
    ln_acc: &dyn Fn(StateRef, StateRef, ConfigurationRef, ConfigurationRef) -> f64,
) -> f64 {
    let (all, of_a, of_b) = (configurations(), distribution(a), distribution(b));
    let n = all.len();
    let mut after = vec![0.0; n * n];
    for (i, j) in (0..n * n).map(|k| (k / n, k % n)).filter(|&(i, j)| of_a[i] * of_b[j] > 0.0) {
        let (x, y) = ([all[i].2], [all[j].2]);
        let of = |k: usize, counts| ConfigurationRef { energy: all[k].1, counts };
        let p = probability(ln_acc(a, b, of(i, &x), of(j, &y)));
        after[n * i + j] += of_a[i] * of_b[j] * (1.0 - p);
        after[n * j + i] += of_a[i] * of_b[j] * p;
    }
    (0..n * n).map(|k| (after[k] - of_a[k / n] * of_b[k % n]).abs()).fold(0.0, f64::max)
}

#[test]
fn identity_changes_with_weights_are_in_detailed_balance_and_without_they_are_not() {
    // Four atoms without interaction, n of the species with a window and 4 − n of another: the two Poisson weights times e^η.
    let (window, ln_z) = (window(0, &[0.5, -1.25, 2.0, 0.0]), [-0.4_f64, 0.3]);
    let state = StateRef { beta: 1.0, ln_z: &ln_z, window: Some(&window) };
    let factorial = |n: u16| (1..=n).map(f64::from).product::<f64>();
    let weight = |n: u16| {
        (f64::from(n) * ln_z[0] + f64::from(4 - n) * ln_z[1] + window.eta(n)).exp() / (factorial(n) * factorial(4 - n))
    };
    let sum: f64 = (0..=4).map(weight).sum();
    let asymmetry = |weighted: bool| {
        let bias = |before: u16, after: u16| {
            let own = state.weight_change(0, before, after) + state.weight_change(1, 4 - before, 4 - after);
            if weighted || own == f64::NEG_INFINITY { own } else { 0.0 }
        };
        let flux = |n: u16| {
            let up = identity_ln_acc(ln_z[1], ln_z[0], usize::from(4 - n), usize::from(n), 0.0) + bias(n, n + 1);
            let down = identity_ln_acc(ln_z[0], ln_z[1], usize::from(n + 1), usize::from(3 - n), 0.0) + bias(n + 1, n);
            (weight(n) * probability(up) - weight(n + 1) * probability(down)).abs() / (2.0 * sum)
        };
        (0..4).map(flux).fold(0.0, f64::max)
    };
    assert!(asymmetry(true) <= 1e-15, "{:e}", asymmetry(true));
    assert!(asymmetry(false) > 1e-3);
}

/// The rule with u without η inside the bounds.
fn exchange_without_weights(a: StateRef, b: StateRef, i: ConfigurationRef, j: ConfigurationRef) -> f64 {
    if exchange_ln_acc(a, b, i, j) == f64::NEG_INFINITY {
        return f64::NEG_INFINITY;
    }
    exchange_ln_acc(StateRef { window: None, ..a }, StateRef { window: None, ..b }, i, j)
}

#[test]
fn exchange_with_windows_is_stationary_and_without_their_weights_it_is_not() {
    let (low, high) = (window(0, &[0.0, 1.7, -2.1, 0.6]), window(1, &[-1.0, 2.5, 0.25, -0.75]));
    // Weights of their own: η that two states share drops out of their exchange.
    let same_bounds = window(0, &[0.5, -0.75, 1.0, 0.0]);
    let (warm, cold, z, other) = (0.7, 1.3, [-1.1], [-0.2]);
    let state = |beta, ln_z, window| StateRef { beta, ln_z, window };
    let pairs = [
        (state(cold, &z, None), state(cold, &other, Some(&low))),
        (state(cold, &z, Some(&low)), state(warm, &other, Some(&same_bounds))),
        (state(cold, &z, Some(&low)), state(warm, &z, Some(&high))),
    ];
    for (k, (a, b)) in pairs.into_iter().enumerate() {
        let right = residual(a, b, &exchange_ln_acc);
        assert!(right <= 1e-15, "pair {k}: {right:e}");
        assert!(residual(a, b, &exchange_without_weights) > 1e-5, "pair {k} passes without weights");
    }
}

/// An ideal gas in two states of ⟨N⟩ = 6.8 and 13.6, windows of 0 … 20 at their temperatures, and two that overlap at one.
fn gas(walkers: u32) -> String {
    let volume = 216.0_f64;
    let mu = |kt: f64| kt * (10.0 / volume).ln();
    let text = Spec {
        cell: "Bulk(lengths: (6.0, 6.0, 6.0))".into(),
        max_atoms: 40,
        temperature: "List([0.8, 1.0])".into(),
        values: format!("List([{:?}])", mu(0.9)),
        walkers,
        attempts: 200,
        equilibration: 200,
        production: 150,
        ..Spec::default()
    }
    .text();
    let windows = "windows: [ (species: \"B\", atoms: (0, 20)), (species: \"B\", atoms: (0, 12), temperature: List([1.0])), \
                   (species: \"B\", atoms: (9, 24), temperature: List([1.0])) ],";
    text.replace("    dynamics:", &format!("    {windows}\n    dynamics:"))
}

/// Samples of some walkers: E, N and state.
#[derive(Default)]
struct Drawn {
    energy: Vec<f64>,
    counts: Vec<u16>,
    state: Vec<u32>,
}

impl Drawn {
    /// ⟨N⟩ and ln Ξ at `beta` and `ln_z` by MBAR.
    fn reweighted(&self, grid: &StateGrid, beta: f64, ln_z: f64) -> [f64; 2] {
        let collapsed =
            Collapsed::new(&grid.states, &self.energy, std::slice::from_ref(&self.counts)).expect("samples");
        let mut n_k = vec![0.0; grid.len()];
        self.state.iter().for_each(|&k| n_k[k as usize] += 1.0);
        let state_of: Vec<u32> = collapsed.origin().iter().map(|&n| self.state[n as usize]).collect();
        let start = collapsed.guess(&state_of, &n_k);
        let solution = collapsed.solve(None, &n_k, &start, false, Tolerance::default()).expect("MBAR");
        // The start is near, whatever the weights are.
        for (k, (f, guess)) in solution.f_k.iter().zip(&start).enumerate() {
            assert!((f - (guess - start[0])).abs() < 3.0, "f of state {k}: {f} from {guess}");
        }
        let bins = Bins::new(&collapsed, None, None, &solution.ln_d, beta);
        let moments = bins.moments(&collapsed, &[ln_z]);
        [moments.n[0], bins.ln_xi(&collapsed, &[ln_z], moments.ln_sum).expect("N = 0 is there")]
    }
}

#[test]
fn replicas_of_a_window_are_as_many_windows() {
    let scene = |window: &str| {
        let text = gas(1);
        let at = text.find("windows: [").expect("windows") + "windows: [".len();
        load(&format!("{} {window}, {}", &text[..at], &text[at..])).grid()
    };
    let three = scene(r#"(species: "B", atoms: (2, 7), replicas: 3)"#);
    let one_by_one = scene(&[r#"(species: "B", atoms: (2, 7))"#; 3].join(", "));
    assert_eq!((three.windows().count(), three.n_points()), (3 * 2 + 4, 2));
    assert_eq!((three.states, three.edges), (one_by_one.states, one_by_one.edges));
}

#[test]
fn windows_answer_where_no_other_state_is() {
    on_every_backend(|device| {
        let (walkers, blocks) = (48, 16);
        let mut run = Run::start(device, &gas(walkers));
        run.equilibrate(200);
        let mut drawn: Vec<Drawn> = (0..blocks).map(|_| Drawn::default()).collect();
        run.sample(1);
        let learned = run.sampler.grid().clone();
        for _ in 0..150 {
            for sample in run.sampler.run_cycle().unwrap_or_else(|e| panic!("{e}")) {
                let window = &learned.states[sample.state.index()].window;
                assert!(window.as_ref().is_none_or(|w| w.contains(sample.counts[0])), "{device}: {sample:?}");
                let of = &mut drawn[sample.walker % blocks];
                of.energy.push(sample.energy);
                of.counts.push(sample.counts[0]);
                of.state.push(sample.state.0);
            }
        }
        assert_eq!(run.sampler.grid(), &learned, "{device}: weights changed in production");
        for (k, _, window) in learned.windows() {
            let mut histogram = vec![0.0; window.weights().len()];
            for of in &drawn {
                let own = of.counts.iter().zip(&of.state).filter(|(_, s)| **s as usize == k);
                own.for_each(|(&n, _)| histogram[usize::from(n - window.lo)] += 1.0);
            }
            let mean = histogram.iter().sum::<f64>() / histogram.len() as f64;
            assert!(histogram.iter().all(|&h| (h / mean - 1.0).abs() < 0.5), "{device} state {k}: {histogram:?}");
            // η = −ln of the Poisson distribution
            let lambda = learned.states[k].ln_z[0].exp() * 216.0;
            for n in window.lo..window.hi() {
                let (step, exact) = (window.eta(n + 1) - window.eta(n), -(lambda / f64::from(n + 1)).ln());
                assert!((step - exact).abs() < 0.1, "{device} state {k} N = {n}: {step} for {exact}");
            }
        }
        // States without a window have hardly a sample of N = 0 and 1, which count at ⟨N⟩ = 2.
        for (lambda, tol) in [(2.0, 0.03), (10.0, 0.02)] {
            let ln_z = f64::ln(lambda / 216.0);
            let found: Vec<[f64; 2]> = drawn.iter().map(|d| d.reweighted(&learned, 1.0, ln_z)).collect();
            for (q, name) in ["⟨N⟩", "ln Ξ"].into_iter().enumerate() {
                let n = found.len() as f64;
                let value = found.iter().map(|f| f[q]).sum::<f64>() / n;
                let square = found.iter().map(|f| (f[q] - value).powi(2)).sum::<f64>() / (n - 1.0);
                let estimate = Estimate { value, error: (square / n).sqrt() };
                assert_z(&format!("{device} {name} at λ = {lambda}"), estimate, lambda, 0.0);
                assert_resolved(name, estimate, tol);
            }
        }
        // Exchange with windows leaves the states without one as they are.
        for k in 0..learned.n_points() {
            let mean = 216.0 * run.state(k).ln_z[0].exp();
            let of: Vec<f64> = drawn
                .iter()
                .map(|d| {
                    let own: Vec<f64> = d
                        .counts
                        .iter()
                        .zip(&d.state)
                        .filter(|(_, s)| **s as usize == k)
                        .map(|(&n, _)| f64::from(n))
                        .collect();
                    own.iter().sum::<f64>() / own.len() as f64
                })
                .collect();
            let value = of.iter().sum::<f64>() / of.len() as f64;
            let square = of.iter().map(|x| (x - value).powi(2)).sum::<f64>() / (of.len() as f64 - 1.0);
            let estimate = Estimate { value, error: (square / of.len() as f64).sqrt() };
            assert_z(&format!("{device} ⟨N⟩ of state {k}"), estimate, mean, 0.0);
        }
    });
}

/// Everything that later bits depend on, after some cycles.
fn advanced(sampler: &mut Sampler, from: u32, to: u32) -> adlayer::testing::sampler::SamplerState {
    for cycle in from..to {
        let period = if cycle < 12 { Period::Equilibration } else { Period::Production };
        sampler.advance(period).unwrap_or_else(|e| panic!("{e}"));
    }
    sampler.save().expect("saved")
}

#[test]
fn a_run_with_windows_that_is_cut_anywhere_has_the_bits_of_one_that_is_not() {
    on_every_backend(|device| {
        let loaded = load(&gas(2));
        let setup = setup(&loaded);
        let start = setup.start().expect("a start");
        let fresh = || setup.sampler(setup.open(device).expect("the backend"), &start).expect("a sampler");
        let whole = advanced(&mut fresh(), 0, 20);
        assert!(whole.learner.as_ref().is_some_and(|l| l.is_frozen()));
        // while weights are learned, right before they are final, right after, and in production
        for cut in [5, 12, 13, 16] {
            let saved = advanced(&mut fresh(), 0, cut);
            let mut restored = setup.restore(setup.open(device).expect("the backend"), &saved).expect("restored");
            assert!(advanced(&mut restored, cut, 20) == whole, "{device}: cut after {cut} cycles");
        }
        let mut wrong = advanced(&mut fresh(), 0, 5);
        wrong.eta.pop();
        assert!(setup.restore(setup.open(device).expect("the backend"), &wrong).is_err());
    });
}

#[test]
fn windows_start_within_their_bounds() {
    let text = gas(2).replace(
        "    dynamics:",
        "    initial: [ (species: \"B\", atoms: 30, placement: Random, walkers: Odd) ],\n    dynamics:",
    );
    let loaded = load(&text);
    let (grid, batch) = (loaded.grid(), setup(&loaded).start().expect("a start"));
    let n_of = |walker: usize, state: usize| batch.configurations[walker * grid.len() + state].len();
    assert_eq!((n_of(0, 0), n_of(1, 0)), (0, 30));
    for (k, _, window) in grid.windows() {
        assert_eq!((n_of(0, k), n_of(1, k)), (usize::from(window.lo), usize::from(window.hi())), "state {k}");
    }
}
