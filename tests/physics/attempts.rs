//! Insertions and deletions whose number in a cycle is the state's own: what is sampled does not depend on it.

use crate::backends::on_every_backend;
use crate::common::run::Run;
use crate::common::scene::Spec;
use crate::common::stats::{assert_distribution, assert_resolved, assert_z};
use adlayer::testing::thermo::acceptance::{delete_ln_acc, insert_ln_acc, probability};

/// Largest N of the enumerated gas.
const MOST: usize = 9;

/// P(N) of atoms that do not see each other.
///
/// - `zv`: activity times volume
fn poisson(zv: f64, most: usize) -> Vec<f64> {
    let mut p = vec![1.0];
    (1..=most).for_each(|n| p.push(p[n - 1] * zv / n as f64));
    let sum: f64 = p.iter().sum();
    p.iter().map(|x| x / sum).collect()
}

/// What some attempts make of a distribution of N.
fn after(zv: f64, mut p: Vec<f64>, attempts: usize) -> Vec<f64> {
    for _ in 0..attempts {
        let mut next = p.clone();
        for (n, &here) in p.iter().enumerate() {
            if n < MOST {
                let up = 0.5 * probability(insert_ln_acc(zv.ln(), 0.0, n, 0.0)) * here;
                (next[n], next[n + 1]) = (next[n] - up, next[n + 1] + up);
            }
            if n > 0 {
                let down = 0.5 * probability(delete_ln_acc(zv.ln(), 0.0, n, 0.0)) * here;
                (next[n], next[n - 1]) = (next[n] - down, next[n - 1] + down);
            }
        }
        p = next;
    }
    p
}

fn farthest(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(x, y)| (x - y).abs()).fold(0.0, f64::max)
}

#[test]
fn any_number_of_attempts_leaves_a_state_as_it_is_and_one_that_follows_n_does_not() {
    for zv in [0.3, 2.5, 7.0] {
        let right = poisson(zv, MOST);
        for attempts in [0, 1, 7, 25, 100, 400] {
            let found = farthest(&after(zv, right.clone(), attempts), &right);
            assert!(found <= 1e-15, "{attempts} attempts at zV = {zv}: {found:e}");
        }
        let alone = |n: usize| (0..=MOST).map(|k| if k == n { right[n] } else { 0.0 }).collect::<Vec<_>>();
        for (name, attempts) in [
            ("of N", &(|n: usize| 12 / (1 + n % 3)) as &dyn Fn(usize) -> usize),
            ("until N is even", &|n: usize| n % 2),
            ("more where N is large", &|n: usize| 2 + n),
        ] {
            let mut sum = vec![0.0; MOST + 1];
            for n in 0..=MOST {
                sum.iter_mut().zip(after(zv, alone(n), attempts(n))).for_each(|(sum, p)| *sum += p);
            }
            let found = farthest(&sum, &right);
            assert!(found > 1e-3, "attempts {name} at zV = {zv} pass with {found:e}");
        }
    }
}

#[test]
fn states_that_share_attempts_unevenly_are_poisson() {
    on_every_backend(|device| {
        let values = [-5.0_f64, -3.0, -1.8];
        let spec = Spec {
            cell: "Bulk(lengths: (6.0, 6.0, 6.0))".into(),
            max_atoms: 90,
            values: format!("List({values:?})"),
            dynamics: "MonteCarlo(displacement: 0.3, attempts: 5)".into(),
            attempts: 300,
            equilibration: 40,
            production: 120,
            ..Spec::default()
        };
        let text = spec.text().replace("    moves:", "    balance: Auto,\n    moves:");
        let run = Run::whole(device, &text);
        let chosen = run.sampler.attempts().expect("attempts are chosen").chosen();
        // N is renewed in about ⟨N⟩ attempts of such a gas
        assert!(chosen[0] < 200 && chosen[2] > 450, "{device}: {chosen:?}");
        for (k, value) in values.iter().enumerate() {
            let label = format!("{device} state {k}");
            let right = poisson(value.exp() * 216.0, 90);
            let moment = |power: i32| right.iter().enumerate().map(|(n, p)| p * (n as f64).powi(power)).sum::<f64>();
            assert_distribution(&label, &run.total(k).histogram, &right);
            let n = run.estimate(k, |t| t.atoms());
            assert_z(&format!("{label} N"), n, moment(1), 0.0);
            assert_resolved(&label, n, 0.03);
            let variance = run.estimate(k, |t| t.var_atoms());
            assert_z(&format!("{label} varN"), variance, moment(2) - moment(1).powi(2), 0.0);
        }
    });
}
