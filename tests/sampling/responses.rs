//! Responses along a path, from the fluctuations of one state.

use crate::common::on_every_backend;
use crate::common::reference::{case, number, rows};
use crate::common::run::{Run, Tally};
use crate::common::scene::Spec;
use crate::common::stats::{assert_relative, assert_z};
use serde_json::Value;

/// ∂⟨E⟩/∂T at fixed absolute μ: [Var E − (μ − 3kT/2) Cov]/kT².
fn de_dt(kt: f64, mu: f64, var_energy: f64, cov: f64) -> f64 {
    (var_energy - (mu - 1.5 * kt) * cov) / (kt * kt)
}

/// Heat capacity at fixed N: 3⟨N⟩/2 + [Var E − Cov²/Var N]/kT².
fn c_vn(kt: f64, n: f64, var_n: f64, var_energy: f64, cov: f64) -> f64 {
    1.5 * n + (var_energy - cov * cov / var_n) / (kt * kt)
}

fn key(row: &Value, start: &str) -> f64 {
    let (_, value) = row.as_object().expect("a row").iter().find(|(k, _)| k.starts_with(start)).expect("the column");
    value.as_f64().expect("a number")
}

/// Case k, row 1: an ideal gas in the trap of case f, sampled.
#[test]
fn k_heat_capacities_of_the_sampled_trap() {
    on_every_backend(|device| {
        let case = case("k_heat_capacity_identities");
        let row = &rows(&case)[0];
        let (t, mu) = (number(row, "T"), number(row, "mu"));
        let spec = Spec {
            planck: Some(1.8),
            convention: "Absolute",
            external: "Harmonic(species: \"B\", spring: 1.0)".into(),
            cell: "Bulk(lengths: (8.0, 8.0, 8.0))".into(),
            max_atoms: 40,
            temperature: format!("List([{t:?}])"),
            values: format!("List([{mu:?}])"),
            walkers: 128,
            dynamics: "MonteCarlo(displacement: 1.0, attempts: 10)".into(),
            attempts: 200,
            production: 600,
            ..Spec::default()
        };
        let run = Run::whole(device, &spec.text());
        let f = |tally: &Tally| de_dt(t, mu, tally.var_energy(), tally.cov_energy_atoms());
        assert_z(&format!("{device} dE/dT at fixed μ"), run.estimate(0, f), key(row, "dE_pot"), 0.0);
        let f = |x: &Tally| c_vn(t, x.atoms(), x.var_atoms(), x.var_energy(), x.cov_energy_atoms());
        assert_z(&format!("{device} c_vn"), run.estimate(0, f), key(row, "C_V,N"), 0.0);
        let fluctuation = run.estimate(0, |x| x.var_energy() / (t * t));
        assert_z(&format!("{device} Var E/kT²"), fluctuation, key(row, "VarE/kT^2"), 0.0);
    });
}

/// Case k, both rows as formulas: N = ⟨N⟩, Var E = 15/4 (kT)² N, Cov = 3/2 kT N.
#[test]
fn k_heat_capacities_as_formulas() {
    for row in rows(&case("k_heat_capacity_identities")) {
        let (t, mu, n) = (number(row, "T"), number(row, "mu"), number(row, "N"));
        let (var_energy, cov) = (3.75 * t * t * n, 1.5 * t * n);
        assert_relative("dE/dT at fixed μ", de_dt(t, mu, var_energy, cov), key(row, "dE_pot"), 1e-6);
        assert_relative("c_vn", c_vn(t, n, n, var_energy, cov), key(row, "C_V,N"), 1e-6);
        assert_relative("Var E/kT²", var_energy / (t * t), key(row, "VarE/kT^2"), 1e-6);
    }
}
