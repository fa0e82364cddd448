//! Two and three atoms: the interacting grand-canonical ensemble against quadrature.

use crate::backends::on_every_backend;
use crate::common::reference::{case, number, numbers, rows};
use crate::common::run::Run;
use crate::common::scene::{SLAB, Spec};
use crate::common::stats::{assert_resolved, assert_z};
use serde_json::Value;

/// Probabilities of every N, averages, and what a row knows besides.
pub(crate) fn compare(label: &str, run: &Run, row: &Value) {
    for (n, &p) in numbers(row, "P_N").iter().enumerate() {
        assert_z(&format!("{label} P({n})"), run.estimate(0, |t| t.probability(n)), p, 0.0);
    }
    let n = run.estimate(0, |t| t.atoms());
    assert_z(&format!("{label} N"), n, number(row, "N"), 0.0);
    assert_resolved(label, n, 0.01);
    assert_z(&format!("{label} varN"), run.estimate(0, |t| t.var_atoms()), number(row, "varN"), 0.0);
    assert_z(&format!("{label} E"), run.estimate(0, |t| t.energy()), number(row, "E"), 0.0);
    if row["varE"].is_number() {
        assert_z(&format!("{label} varE"), run.estimate(0, |t| t.var_energy()), number(row, "varE"), 0.0);
        assert_z(&format!("{label} covEN"), run.estimate(0, |t| t.cov_energy_atoms()), number(row, "covEN"), 0.0);
    }
}

#[test]
fn c_two_and_three_atoms_in_a_box() {
    on_every_backend(|device| {
        for row in rows(&case("c_box")) {
            let (mode, length) = (row["mode"].as_str().expect("a truncation"), number(row, "L"));
            let truncation = match mode {
                "plain" => "Plain",
                "shifted" => "Shifted",
                "force-shifted" => "ForceShifted",
                other => panic!("truncation {other}"),
            };
            let spec = Spec {
                pair: "epsilon: 1.0, sigma: 1.0",
                cutoff: number(row, "rc"),
                truncation,
                cell: format!("Bulk(lengths: ({length:?}, {length:?}, {length:?}))"),
                max_atoms: number(row, "Nmax") as u16,
                dynamics: "MonteCarlo(displacement: 1.0, attempts: 4)".into(),
                walkers: 128,
                attempts: 20,
                production: 2000,
                ..Spec::default()
            };
            let run = Run::whole(device, &spec.at(number(row, "T"), number(row, "activity_z")).text());
            let label = format!("{device} {mode} N_max {}", number(row, "Nmax"));
            compare(&label, &run, row);
            for (n, key) in [(2, "E_given_N2"), (3, "E_given_N3")] {
                if row[key].is_number() {
                    assert_z(&format!("{label} {key}"), run.estimate(0, |t| t.energy_given(n)), number(row, key), 0.0);
                }
            }
        }
    });
}

#[test]
fn c_two_atoms_on_a_slab() {
    on_every_backend(|device| {
        for row in rows(&case("c_slab_two_particles")) {
            for dynamics in ["MonteCarlo(displacement: 0.4, attempts: 4)", "Baoab(dt: 0.004, friction: 1.0, steps: 10)"]
            {
                let spec = Spec {
                    pair: "epsilon: 1.0, sigma: 1.0",
                    cell: format!("Slab(height: {:?})", number(&row["params"], "H")),
                    substrate: SLAB.into(),
                    max_atoms: 2,
                    dynamics: dynamics.into(),
                    walkers: 128,
                    attempts: 30,
                    equilibration: 20,
                    production: 400,
                    ..Spec::default()
                };
                let run = Run::whole(device, &spec.at(number(row, "T"), number(row, "activity_z")).text());
                let label = format!("{device} slab T {} {dynamics}", number(row, "T"));
                compare(&label, &run, row);
                for (n, &e) in numbers(row, "E_given_N").iter().enumerate().skip(1) {
                    assert_z(&format!("{label} E|{n}"), run.estimate(0, |t| t.energy_given(n)), e, 0.0);
                }
            }
        }
    });
}
