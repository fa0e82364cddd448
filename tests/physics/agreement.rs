//! Two ways to move atoms sample one ensemble.

use crate::backends::on_every_backend;
use crate::common::run::Run;
use crate::common::scene::Spec;
use crate::common::stats::{assert_agree, assert_resolved};

#[test]
fn langevin_dynamics_and_monte_carlo_agree() {
    on_every_backend(|device| {
        let run = |dynamics: &str, seed| {
            let spec = Spec {
                pair: "epsilon: 1.0, sigma: 1.0",
                cell: "Slab(height: 3.5)".into(),
                substrate: r#"Fcc111(species: "A", nearest_neighbour: 1.10, repeat: (5, 3), layers: 2)"#.into(),
                max_atoms: 80,
                temperature: "List([0.9, 1.2])".into(),
                values: "List([-5.0, -4.0, -3.0])".into(),
                walkers: 24,
                dynamics: dynamics.into(),
                attempts: 100,
                equilibration: 60,
                production: 250,
                seed,
                ..Spec::default()
            };
            Run::whole(device, &spec.text())
        };
        let runs = [
            run("MonteCarlo(displacement: 0.25, attempts: 60)", 1),
            run("Baoab(dt: 0.004, friction: 1.0, steps: 25)", 2),
            run("Verlet(dt: 0.004, steps: 25, redraw: true)", 3),
        ];
        for k in 0..6 {
            for (other, name) in [(1, "Baoab"), (2, "Verlet")] {
                let n = [0, other].map(|r: usize| runs[r].estimate(k, |t| t.atoms()));
                let e = [0, other].map(|r: usize| runs[r].estimate(k, |t| t.energy()));
                assert_agree(&format!("{device} state {k} {name} N"), n[1], n[0]);
                assert_agree(&format!("{device} state {k} {name} E"), e[1], e[0]);
                assert_resolved(&format!("{device} state {k} {name}"), n[1], 0.025);
            }
        }
    });
}
