//! Exact results in every state of a grid, with exchange between the states.

use crate::backends::on_every_backend;
use crate::common::reference::{case, number, numbers};
use crate::common::run::Run;
use crate::common::scene::Spec;
use crate::common::stats::{Estimate, assert_distribution, assert_relative, assert_resolved, assert_z};
use std::f64::consts::PI;

/// Poisson probabilities up to `n_max`.
fn poisson(mean: f64, n_max: u16) -> Vec<f64> {
    let mut p = vec![(-mean).exp()];
    for n in 1..=n_max {
        p.push(p[usize::from(n) - 1] * mean / f64::from(n));
    }
    p
}

#[test]
fn a_ideal_gas_is_poisson_in_every_state_of_a_grid() {
    on_every_backend(|device| {
        let volume = 216.0;
        let spec = Spec {
            cell: "Bulk(lengths: (6.0, 6.0, 6.0))".into(),
            max_atoms: 90,
            temperature: "List([0.8, 1.0, 1.3])".into(),
            values: "Linear(from: -4.0, to: -2.5, n: 4)".into(),
            walkers: 24,
            // Relaxation takes 2λ ≤ 64 attempts: samples of a state are independent. The smallest ⟨N⟩ is known within 0.8 %.
            attempts: 400,
            equilibration: 5,
            production: 400,
            ..Spec::default()
        };
        let run = Run::whole(device, &spec.text());
        for k in 0..run.grid.len() {
            let state = run.state(k);
            let (label, mean) =
                (format!("{device} T {} ln z {:.3}", state.temperature, state.ln_z[0]), volume * state.ln_z[0].exp());
            assert_distribution(&label, &run.total(k).histogram, &poisson(mean, 90));
            let n = run.estimate(k, |t| t.atoms());
            assert_z(&label, n, mean, 0.0);
            assert_resolved(&label, n, 0.01);
        }
        let edges = run.sampler.edge_tallies();
        assert!(edges.iter().all(|e| e.accepted > 0), "an edge was never crossed");
    });
}

/// The same where states swap many times between cycles, along diagonals too, and hardly any friction mends a velocity:
/// N is Poisson, and ⟨v²⟩ = 3kT/m whichever states an atom has been through.
#[test]
fn a_ideal_gas_is_poisson_whatever_the_schedule_of_exchanges() {
    on_every_backend(|device| {
        for exchange in ["EvenOdd(every: 1, rounds: 24, diagonals: true)", "EvenOdd(every: 2, rounds: 9)"] {
            let volume = 216.0;
            let spec = Spec {
                cell: "Bulk(lengths: (6.0, 6.0, 6.0))".into(),
                max_atoms: 60,
                temperature: "List([0.8, 1.0, 1.3])".into(),
                values: "Linear(from: -4.0, to: -3.2, n: 3)".into(),
                walkers: 24,
                dynamics: "Baoab(dt: 0.01, friction: 0.02, steps: 2)".into(),
                attempts: 200,
                exchange,
                equilibration: 5,
                production: 150,
                ..Spec::default()
            };
            let run = Run::whole(device, &spec.text());
            for k in 0..run.grid.len() {
                let state = run.state(k);
                let label = format!("{device} {exchange} T {} ln z {:.3}", state.temperature, state.ln_z[0]);
                assert_distribution(&label, &run.total(k).histogram, &poisson(volume * state.ln_z[0].exp(), 60));
            }
            let edges = run.sampler.edge_tallies();
            assert!(edges.iter().all(|e| e.accepted > 0), "an edge was never crossed");
            let (batch, assignment) = (run.batch(), run.sampler.assignment().clone());
            for t in [0.8, 1.0, 1.3] {
                let here = |replica: &usize| run.state(assignment.states()[*replica].index()).temperature == t;
                let squares = |replica: usize| {
                    batch.configurations[replica].velocities.iter().map(|v| v.length_squared() / (3.0 * t))
                };
                let all: Vec<f64> = (0..batch.configurations.len()).filter(here).flat_map(squares).collect();
                assert_z(&format!("{device} {exchange} v² at {t}"), Estimate::of_samples(&all), 1.0, 0.0);
            }
        }
    });
}

/// Case f: the harmonic trap on a T × μ grid, ⟨N⟩ = z Q₁ and ⟨E⟩ = 3kT/2 ⟨N⟩; ln Ξ = ⟨N⟩ for an ideal gas.
#[test]
fn f_harmonic_trap_on_a_grid() {
    on_every_backend(|device| {
        let case = case("f_gc_trap");
        let (spring, planck) = (number(&case, "spring"), number(&case, "h"));
        let (temperatures, mus) = (numbers(&case, "T_grid"), numbers(&case, "mu_grid"));
        let spec = Spec {
            planck: Some(planck),
            convention: "Absolute",
            external: format!("Harmonic(species: \"B\", spring: {spring:?})"),
            cell: "Bulk(lengths: (10.0, 10.0, 10.0))".into(),
            max_atoms: 40,
            temperature: format!("List({temperatures:?})"),
            values: format!("List({mus:?})"),
            walkers: 64,
            dynamics: "MonteCarlo(displacement: 1.0, attempts: 20)".into(),
            attempts: 100,
            equilibration: 50,
            production: 2_600,
            ..Spec::default()
        };
        let run = Run::whole(device, &spec.text());
        let f_k = numbers(&case, "exact_f_k(-lnXi rel. state0)");
        let exact = |k: usize| {
            let (t, ln_z) = (run.state(k).kt, run.state(k).ln_z[0]);
            ln_z.exp() * (2.0 * PI * t / spring).powf(1.5)
        };
        for k in 0..run.grid.len() {
            let (t, n_exact) = (run.state(k).kt, exact(k));
            // ln Ξ = N: the reference's own numbers
            assert!((exact(0) - n_exact - f_k[k]).abs() < 1e-5, "state {k}: {} {}", exact(0) - n_exact, f_k[k]);
            let n = run.estimate(k, |t| t.atoms());
            assert_z(&format!("{device} state {k} N"), n, n_exact, 0.0);
            assert_resolved(&format!("{device} state {k}"), n, 0.01);
            assert_z(&format!("{device} state {k} E"), run.estimate(k, |t| t.energy()), 1.5 * t * n_exact, 0.0);
        }
        assert_relative("f_8", f_k[8], exact(0) - exact(8), 1e-6);
    });
}
