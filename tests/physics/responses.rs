//! Responses along a path, from the fluctuations of one state.

use crate::backends::on_every_backend;
use crate::common::reference::{case, number, rows};
use crate::common::run::{Run, Tally};
use crate::common::scene::Spec;
use crate::common::stats::{assert_relative, assert_z};
use adlayer::testing::thermo::Convention;
use adlayer::testing::thermo::response::Fluctuations;
use serde_json::Value;

/// The fluctuations of a run as the response formulas take them, of one reservoir species in reduced units.
fn fluctuations<'a>(kt: f64, var_energy: f64, cov: &'a [f64], var_n: &'a [f64]) -> Fluctuations<'a> {
    Fluctuations { kt, boltzmann: 1.0, var_energy, cov_energy_n: cov, cov_n: var_n }
}

/// c = ∂ ln z/∂β at fixed absolute μ; h = 1.8 and m = 1 as in case f.
fn path_coefficient(kt: f64, mu: f64) -> f64 {
    let convention = Convention::Absolute { mass: 1.0, planck: 1.8 };
    convention.path_coefficient(convention.ln_z(mu, kt), kt)
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
        let c = path_coefficient(t, mu);
        let slope =
            |x: &Tally| fluctuations(t, x.var_energy(), &[x.cov_energy_atoms()], &[x.var_atoms()]).energy_slope(&[c]);
        assert_z(&format!("{device} dE/dT at fixed μ"), run.estimate(0, slope), key(row, "dE_pot"), 0.0);
        let c_vn =
            |x: &Tally| fluctuations(t, x.var_energy(), &[x.cov_energy_atoms()], &[x.var_atoms()]).c_vn(x.atoms());
        assert_z(&format!("{device} c_vn"), run.estimate(0, c_vn), key(row, "C_V,N"), 0.0);
        let fluctuation = run.estimate(0, |x| x.var_energy() / (t * t));
        assert_z(&format!("{device} Var E/kT²"), fluctuation, key(row, "VarE/kT^2"), 0.0);
    });
}

/// Case k, both rows as formulas: N = ⟨N⟩, Var E = 15/4 (kT)² N, Cov = 3/2 kT N.
#[test]
fn k_heat_capacities_as_formulas() {
    for row in rows(&case("k_heat_capacity_identities")) {
        let (t, mu, n) = (number(row, "T"), number(row, "mu"), number(row, "N"));
        let (cov, var_n) = ([1.5 * t * n], [n]);
        let exact = fluctuations(t, 3.75 * t * t * n, &cov, &var_n);
        assert_relative("dE/dT at fixed μ", exact.energy_slope(&[path_coefficient(t, mu)]), key(row, "dE_pot"), 1e-6);
        assert_relative("c_vn", exact.c_vn(n), key(row, "C_V,N"), 1e-6);
        assert_relative("Var E/kT²", exact.energy_fluctuation(), key(row, "VarE/kT^2"), 1e-6);
    }
}
