//! Atoms that do not see each other: N is Poisson, in the open, in a trap, at a wall.

use crate::backends::on_every_backend;
use crate::common::reference::{case, number, numbers, rows};
use crate::common::run::Run;
use crate::common::scene::Spec;
use crate::common::stats::{assert_distribution, assert_resolved, assert_z};
use adlayer::testing::moves::MoveKind;
use adlayer::testing::moves::tally::AttemptTally;
use serde_json::Value;

/// Monte Carlo alone, and Langevin dynamics between the particle moves.
const DYNAMICS: [&str; 2] = ["MonteCarlo(displacement: 0.3, attempts: 10)", "Baoab(dt: 0.02, friction: 1.0, steps: 5)"];

/// A scene whose cycles are so long that samples of one replica are independent.
fn independent(dynamics: &str, attempts: u32, production: u32) -> Spec {
    Spec { dynamics: dynamics.into(), attempts, equilibration: 5, production, walkers: 64, ..Spec::default() }
}

#[test]
fn a_ideal_gas_is_poisson() {
    on_every_backend(|device| {
        for (seed, dynamics) in (1..).zip(DYNAMICS) {
            for row in rows(&case("a_ideal_gas")) {
                let (n_max, volume) = (number(row, "Nmax") as u16, number(row, "V"));
                let lengths = format!("{0:?}, {0:?}, {0:?}", volume.cbrt().round());
                // Relaxation takes 2λ attempts: 400 attempts leave nothing of the correlation.
                let spec = Spec {
                    seed,
                    max_atoms: n_max,
                    cell: format!("Bulk(lengths: ({lengths}))"),
                    ..independent(dynamics, 400, 120)
                };
                let run = Run::whole(device, &spec.at(number(row, "T"), number(row, "activity_z")).text());
                let label = format!("{device} {dynamics} N_max {n_max}");
                assert_distribution(&label, &run.total(0).histogram, &numbers(row, "P_N"));
                let n = run.estimate(0, |t| t.atoms());
                assert_z(&format!("{label} N"), n, number(row, "N"), 0.0);
                assert_resolved(&label, n, 0.01);
                assert_z(&format!("{label} varN"), run.estimate(0, |t| t.var_atoms()), number(row, "varN"), 0.0);
            }
        }
    });
}

#[test]
fn tallies_of_the_ideal_gas_are_its_acceptance_probabilities() {
    on_every_backend(|device| {
        let (volume, z, n_max) = (125.0, 0.1, 30_u16);
        let spec = Spec {
            max_atoms: n_max,
            cell: "Bulk(lengths: (5.0, 5.0, 5.0))".into(),
            walkers: 16,
            ..independent(DYNAMICS[0], 100, 20)
        };
        let mut run = Run::whole(device, &spec.at(1.3, z).text());
        let transitions = run.sampler.transitions().expect("tallies");
        let (mut attempts, mut ln_ratio) = (0, Vec::new());
        for (n, [here, above]) in transitions.total(0, 0).array_windows().enumerate() {
            // E = 0: every attempt from N has the same probability
            let insert = (z * volume / (n as f64 + 1.0)).min(1.0);
            let delete = ((n as f64 + 1.0) / (z * volume)).min(1.0);
            let (up, down) = (here.of(MoveKind::INSERT), above.of(MoveKind::DELETE));
            for (tally, exact) in [(up, insert), (down, delete)] {
                let sum = exact * tally.attempts as f64;
                assert!(
                    (tally.probability.value() - sum).abs() <= 1e-5 * sum,
                    "{device} N {n}: {tally:?}, exactly {exact}"
                );
                attempts += tally.attempts;
            }
            let mean = |t: AttemptTally| t.probability.value() / t.attempts as f64;
            ln_ratio.push((mean(up) / mean(down)).ln());
        }
        // and from them follows the Poisson distribution, where N has been
        let mut ln_p = 0.0;
        for n in 8..18 {
            ln_p += ln_ratio[n];
            let exact: f64 = (9..=n + 1).map(|k| (z * volume / k as f64).ln()).sum();
            assert!((ln_p - exact).abs() < 1e-4, "{device} ln Π({}) − ln Π(8): {ln_p} against {exact}", n + 1);
        }
        let total = transitions.total(0, 0);
        let (empty, full) = (total[0].of(MoveKind::DELETE), total[usize::from(n_max)].of(MoveKind::INSERT));
        assert_eq!(attempts + empty.attempts + full.attempts, 16 * 20 * 100, "{device}: every attempt is tallied once");
        assert_eq!(empty.probability.value(), 0.0, "{device}");
    });
}

/// N, Var N, E, Var E, Cov(E, N) of a gas in a field, and N is Poisson.
fn compare_moments(device: &str, label: &str, spec: &Spec, row: &Value) {
    let run = Run::whole(device, &spec.clone().at(number(row, "T"), number(row, "activity_z")).text());
    let label = format!("{device} {label} {}", spec.dynamics);
    let n = run.estimate(0, |t| t.atoms());
    assert_z(&format!("{label} N"), n, number(row, "N"), 0.0);
    assert_resolved(&label, n, 0.01);
    assert_z(&format!("{label} varN"), run.estimate(0, |t| t.var_atoms()), number(row, "varN"), 0.0);
    assert_z(&format!("{label} E"), run.estimate(0, |t| t.energy()), number(row, "E"), 0.0);
    assert_z(&format!("{label} varE"), run.estimate(0, |t| t.var_energy()), number(row, "varE"), 0.0);
    assert_z(&format!("{label} covEN"), run.estimate(0, |t| t.cov_energy_atoms()), number(row, "covEN"), 0.0);
}

#[test]
fn b_ideal_gas_in_a_harmonic_trap() {
    on_every_backend(|device| {
        for row in rows(&case("b_trap")) {
            let length = number(row, "L");
            let spring = number(row, "k");
            let dynamics = ["MonteCarlo(displacement: 0.8, attempts: 40)", "Baoab(dt: 0.02, friction: 1.0, steps: 20)"];
            // The narrow box cuts the trap off: its force jumps at the border, where only Monte Carlo is exact.
            let exact = if spring < 1.0 { 1 } else { 2 };
            for dynamics in &dynamics[..exact] {
                let spec = Spec {
                    external: format!("Harmonic(species: \"B\", spring: {spring:?})"),
                    cell: format!("Bulk(lengths: ({length:?}, {length:?}, {length:?}))"),
                    max_atoms: 120,
                    // Atoms come and go within 2zV = 10⁴ attempts.
                    ..independent(dynamics, 3000, 60)
                };
                compare_moments(device, &format!("trap k = {spring}"), &spec, row);
            }
        }
    });
}

#[test]
fn b_ideal_gas_at_a_structureless_wall() {
    on_every_backend(|device| {
        for row in rows(&case("b_wall")) {
            let p = &row["params"];
            let field = if row["wall"].as_str().is_some_and(|w| w.starts_with("Steele")) {
                format!(
                    "Steele(species: \"B\", epsilon: {:?}, sigma: {:?}, density: {:?}, spacing: {:?})",
                    number(p, "eps_w"),
                    number(p, "sigma"),
                    number(p, "rho_s"),
                    number(p, "Delta")
                )
            } else {
                format!("Wall93(species: \"B\", epsilon: {:?}, sigma: {:?})", number(p, "eps_w"), number(p, "sigma"))
            };
            let side = number(row, "area").sqrt();
            for dynamics in
                ["MonteCarlo(displacement: 0.5, attempts: 40)", "Baoab(dt: 0.005, friction: 1.0, steps: 20)"]
            {
                let spec = Spec {
                    external: field.clone(),
                    cell: format!("Slab(height: {:?}, lengths: ({side:?}, {side:?}))", number(row, "H")),
                    max_atoms: 90,
                    ..independent(dynamics, 400, 150)
                };
                compare_moments(device, field.split('(').next().unwrap_or(""), &spec, row);
            }
        }
    });
}
