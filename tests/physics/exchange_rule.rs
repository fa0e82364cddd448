//! The exchange rule on an enumerated model: the right one leaves the ensemble as it is, every wrong one does not.

use crate::common::reference::{case, number, numbers, rows};
use crate::common::stats::assert_relative;
use crate::say::say;
use adlayer::testing::thermo::acceptance::{ConfigurationRef, StateRef, exchange_ln_acc};
use adlayer::testing::thermo::{Convention, reduced_potential};
use serde_json::Value;

/// A lattice gas on a ring of four sites, with its sixteen configurations.
struct Toy {
    /// `[16]`
    energies: Vec<f64>,
    /// `[16]`
    counts: Vec<u16>,
    convention: Convention,
}

/// β, μ and ln z of a state.
#[derive(Clone, Copy)]
struct State {
    beta: f64,
    mu: f64,
    ln_z: f64,
}

impl Toy {
    fn new(model: &Value) -> Toy {
        let (sites, coupling) = (numbers(model, "site_energies"), number(model, "J"));
        let occupied = |c: usize, k: usize| f64::from(u8::from(c >> (k % 4) & 1 == 1));
        let energy =
            |c: usize| (0..4).map(|k| occupied(c, k) * (sites[k] + coupling * occupied(c, k + 1))).sum::<f64>();
        let convention = Convention::Absolute { mass: number(model, "m"), planck: number(model, "h") };
        Toy {
            energies: (0..16).map(energy).collect(),
            counts: (0..16_u16).map(|c| c.count_ones() as u16).collect(),
            convention,
        }
    }

    fn state(&self, beta: f64, mu: f64) -> State {
        State { beta, mu, ln_z: self.convention.ln_z(mu, 1.0 / beta) }
    }

    /// Probabilities of the configurations. `[16]`
    fn distribution(&self, s: State) -> Vec<f64> {
        let weights: Vec<f64> = self
            .energies
            .iter()
            .zip(&self.counts)
            .map(|(&e, &n)| (-reduced_potential(s.beta, &[s.ln_z], e, &[n])).exp())
            .collect();
        let sum: f64 = weights.iter().sum();
        weights.iter().map(|w| w / sum).collect()
    }

    /// What one exchange of `a` and `b` does to the joint distribution of both.
    ///
    /// - returns: max |πP − π| and the mean acceptance
    fn exchange(&self, a: State, b: State, ln_acc: &dyn Fn(usize, usize) -> f64) -> (f64, f64) {
        let (of_a, of_b) = (self.distribution(a), self.distribution(b));
        let joint = |i: usize, j: usize| of_a[i] * of_b[j];
        let mut after = vec![0.0; 256];
        let mut mean = 0.0;
        for (i, j) in (0..256).map(|n| (n / 16, n % 16)) {
            let p = ln_acc(i, j).exp().min(1.0);
            mean += joint(i, j) * p;
            after[16 * i + j] += joint(i, j) * (1.0 - p);
            after[16 * j + i] += joint(i, j) * p;
        }
        let residual = (0..256).map(|n| (after[n] - joint(n / 16, n % 16)).abs()).fold(0.0, f64::max);
        (residual, mean)
    }

    /// The rule of the code.
    fn rule(&self, a: State, b: State, i: usize, j: usize) -> f64 {
        exchange_ln_acc(
            StateRef { beta: a.beta, ln_z: &[a.ln_z], window: None },
            StateRef { beta: b.beta, ln_z: &[b.ln_z], window: None },
            ConfigurationRef { energy: self.energies[i], counts: &self.counts[i..=i] },
            ConfigurationRef { energy: self.energies[j], counts: &self.counts[j..=j] },
        )
    }

    /// A wrong rule: (β_a − β_b)(E_i − E_j) + `mu_sign`·`mu_term`·ΔN − `lambda_sign`·(3/2) ln(β_a/β_b)·ΔN.
    fn wrong(&self, a: State, b: State, mu_term: f64, lambda_sign: f64, i: usize, j: usize) -> f64 {
        let delta_n = f64::from(self.counts[j]) - f64::from(self.counts[i]);
        (a.beta - b.beta) * (self.energies[i] - self.energies[j]) + mu_term * delta_n
            - lambda_sign * 1.5 * (a.beta / b.beta).ln() * delta_n
    }
}

#[test]
fn j_the_right_rule_is_stationary_and_every_wrong_one_fails_the_same_check() {
    let case = case("j_exchange_toy");
    let toy = Toy::new(&case["model"]);
    let of = |key: &str| toy.state(number(&case["pair"][key], "beta"), number(&case["pair"][key], "mu"));
    let (a, b) = (of("replica1"), of("replica2"));

    let (residual, acceptance) = toy.exchange(a, b, &|i, j| toy.rule(a, b, i, j));
    say(&format!("right rule: residual {residual:.1e}, acceptance {acceptance:.6}"));
    assert!(residual <= 1e-15, "the rule of the code leaves a residual of {residual:e}");
    let variants = &case["variants"];
    assert_relative("acceptance", acceptance, number(&variants["correct"], "mean_acceptance"), 1e-12);

    let full = a.beta * a.mu - b.beta * b.mu;
    let difference = a.beta * (a.mu - b.mu);
    for (name, mu_term, lambda_sign) in [
        ("slides_literal_plus_(Nlm-Nko)", -full, 1.0),
        ("no_beta^{3/2}", full, 0.0),
        ("inverted_beta^{3/2}", full, -1.0),
        ("both_flipped", -full, -1.0),
        ("only_mu_difference_(beta_l(mu_m-mu_o))", difference, 1.0),
    ] {
        let (residual, acceptance) = toy.exchange(a, b, &|i, j| toy.wrong(a, b, mu_term, lambda_sign, i, j));
        assert!(residual > 1e-15, "{name} passes");
        assert_relative(name, residual, number(&variants[name], "stationarity_residual"), 1e-9);
        assert_relative(name, acceptance, number(&variants[name], "mean_acceptance"), 1e-9);
    }
}

#[test]
fn j_equilibrium_acceptances_of_a_grid_of_four_states() {
    let case = case("j_exchange_toy");
    let toy = Toy::new(&case["model"]);
    let grid = &case["grid2x2"];
    let states: Vec<State> =
        rows(&grid["states"]).iter().map(|s| toy.state(1.0 / number(s, "T"), number(s, "mu"))).collect();
    for (row, &state) in rows(&grid["states"]).iter().zip(&states) {
        let p = toy.distribution(state);
        let mean = |f: &dyn Fn(usize) -> f64| (0..16).map(|c| p[c] * f(c)).sum::<f64>();
        assert_relative("N", mean(&|c| f64::from(toy.counts[c])), number(row, "N"), 1e-12);
        assert_relative("E", mean(&|c| toy.energies[c]), number(row, "E"), 1e-12);
    }
    for (pair, acceptance) in grid["equilibrium_swap_acceptance"].as_object().expect("pairs") {
        let (k, l) = pair.split_once('-').expect("two states");
        let (a, b) = (states[k.parse::<usize>().expect("index")], states[l.parse::<usize>().expect("index")]);
        let (residual, ours) = toy.exchange(a, b, &|i, j| toy.rule(a, b, i, j));
        assert!(residual <= 1e-15, "{pair}: {residual:e}");
        assert_relative(pair, ours, acceptance.as_f64().expect("a number"), 1e-12);
    }
}
