//! A gas as the reservoir: argon in metal units.

use crate::backends::on_every_backend;
use crate::common::run::Run;
use crate::common::stats::{assert_resolved, assert_z};

const BOLTZMANN: f64 = 8.617333262145179e-5;
/// eV/Å³ per bar.
const BAR: f64 = 1e5 * 1e-30 / 1.602176634e-19;

/// Argon between two walls `height` apart over a square of `edge` Å, at the pressures `values` [bar] of its gas.
fn argon(external: &str, edge: f64, height: f64, values: &str, convention: &str) -> String {
    format!(
        r#"Scene(
    units: Metal,
    species: [(name: "Ar", symbol: "Ar", mass: 39.948)],
    potential: LennardJones(cutoff: 8.5, truncation: Shifted, pairs: [(between: ("Ar", "Ar"), epsilon: 0.0103, sigma: 3.4)]),
    external: [{external}],
    cell: Slab(height: {height:?}, lengths: ({edge:?}, {edge:?})),
    reservoir: [(species: "Ar", max_atoms: 30)],
    grid: (
        temperature: List([140.0]),
        reservoir: [(species: "Ar", convention: {convention}, values: {values})],
        walkers: 64,
    ),
    dynamics: MonteCarlo(displacement: 3.0, attempts: 5),
    moves: (insert_delete: 60),
    schedule: (equilibration: 30, production: 800),
    seed: 3,
)"#
    )
}

/// At low pressure ⟨N⟩ = pV/kT.
#[test]
fn argon_at_low_pressure_is_the_ideal_gas() {
    on_every_backend(|device| {
        // 2 B₂ p/kT is 0.05 % at the higher pressure.
        let run = Run::whole(device, &argon("", 70.0, 80.0, "List([0.01, 0.02])", "Gas(\"Ar\")"));
        for (k, p) in [0.01, 0.02].into_iter().enumerate() {
            let expected = p * BAR * 70.0 * 70.0 * 80.0 / (BOLTZMANN * 140.0);
            let n = run.estimate(k, |t| t.atoms());
            assert_resolved(&format!("{device} {p} bar"), n, 0.02);
            assert_z(&format!("{device} {p} bar"), n, expected, 0.0);
        }
    });
}

/// On a 9-3 wall ⟨N⟩ = (p/kT) ∫ e^{−βu} dV, Henry's law.
#[test]
fn argon_on_a_wall_follows_henrys_law() {
    on_every_backend(|device| {
        let (epsilon, sigma, height, edge, t) = (0.03, 3.4, 25.0, 45.0, 140.0);
        let wall = format!("Wall93(species: \"Ar\", epsilon: {epsilon:?}, sigma: {sigma:?})");
        let run = Run::whole(device, &argon(&wall, edge, height, "List([0.02, 0.04])", "Gas(\"Ar\")"));
        let kt = BOLTZMANN * t;
        let n_steps = 200_000;
        let integral: f64 = (0..n_steps)
            .map(|i| {
                let z = (f64::from(i) + 0.5) * height / f64::from(n_steps);
                let (s3, s9) = ((sigma / z).powi(3), (sigma / z).powi(9));
                (-epsilon * (2.0 / 15.0 * s9 - s3) / kt).exp()
            })
            .sum::<f64>()
            * height
            / f64::from(n_steps);
        for (k, p) in [0.02, 0.04].into_iter().enumerate() {
            let expected = p * BAR / kt * edge * edge * integral;
            let ideal = p * BAR / kt * edge * edge * height;
            assert!(expected > 1.5 * ideal, "the wall attracts");
            let n = run.estimate(k, |t| t.atoms());
            assert_resolved(&format!("{device} {p} bar"), n, 0.03);
            assert_z(&format!("{device} {p} bar"), n, expected, 0.0);
        }
    });
}

/// `Gas` of a monatomic gas and `Pressure` are the same states, bit for bit in their random numbers.
#[test]
fn a_monatomic_gas_and_a_pressure_are_the_same_states() {
    let of = |convention: &str| {
        let text = argon("", 30.0, 30.0, "List([0.5, 1.0])", convention).replace("walkers: 64", "walkers: 16");
        let run = Run::whole("reference", &text.replace("production: 800", "production: 20"));
        (run.state(0).ln_z[0], run.estimate(1, |t| t.atoms()).value)
    };
    let (gas, pressure) = (of("Gas(\"Ar\")"), of("Pressure"));
    assert!((gas.0 - pressure.0).abs() < 1e-9, "{gas:?} {pressure:?}");
    assert!((gas.1 - pressure.1).abs() < 1e-9, "{gas:?} {pressure:?}");
}
