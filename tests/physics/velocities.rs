//! Particle moves inside dynamics: an inserted atom needs a velocity of its replica's temperature.

use crate::backends::on_every_backend;
use crate::common::reference::{case, number};
use crate::common::run::Run;
use crate::common::scene::Spec;
use crate::common::stats::{Estimate, assert_resolved, assert_z};
use crate::say::say;
use adlayer::testing::system::configuration::Batch;
use glam::DVec3;

/// With zero velocities ⟨N⟩ would come out as 30.5 instead of 16.9, with velocities of twice the temperature as 10.7.
#[test]
fn inserted_atoms_are_as_warm_as_their_replica() {
    on_every_backend(|device| {
        let case = case("hybrid_velocity_demo");
        let (t, exact) = (number(&case, "T"), number(&case["exact"], "N"));
        let (length, dt, walkers, cycles) = (number(&case, "L"), 0.02, 32, 1200);
        let spec = Spec {
            external: format!("Harmonic(species: \"B\", spring: {:?})", number(&case, "k")),
            cell: format!("Bulk(lengths: ({length:?}, {length:?}, {length:?}))"),
            max_atoms: 100,
            walkers,
            dynamics: format!("Baoab(dt: {dt:?}, friction: 0.2, steps: 10)"),
            attempts: 200,
            ..Spec::default()
        };
        let mut run = Run::start(device, &spec.at(t, number(&case, "z")).text());
        run.equilibrate(150);
        let (mut kinetic, mut atoms) = (vec![0.0; walkers as usize], vec![0.0; walkers as usize]);
        for cycle in 0..cycles {
            run.sample(1);
            if cycle % 10 == 0 {
                for (w, x) in run.batch().configurations.iter().enumerate() {
                    kinetic[w] += x.velocities.iter().map(|v| 0.5 * v.length_squared()).sum::<f64>();
                    atoms[w] += x.len() as f64;
                }
            }
        }
        let n = run.estimate(0, |x| x.atoms());
        assert_z(&format!("{device} N"), n, exact, 0.0);
        assert_resolved(device, n, 0.01);
        let energy = run.estimate(0, |x| x.energy() / x.atoms());
        assert_z(&format!("{device} U/N"), energy, number(&case["exact"], "Upot/N"), 0.0);
        // BAOAB: ⟨v²⟩ = (kT/m)(1 − ω²dt²/4)
        let ratios: Vec<f64> = kinetic.iter().zip(&atoms).map(|(k, n)| k / n).collect();
        let expected = number(&case["exact"], "K/N") * (1.0 - 0.25 * dt * dt);
        assert_z(&format!("{device} K/N"), Estimate::of_samples(&ratios), expected, 0.0);
    });
}

/// The same loop with the velocities of inserted atoms set to zero fails the same check.
#[test]
fn cold_insertions_are_noticed() {
    let case = case("hybrid_velocity_demo");
    let (t, exact) = (number(&case, "T"), number(&case["exact"], "N"));
    let spec = Spec {
        external: "Harmonic(species: \"B\", spring: 1.0)".into(),
        cell: "Bulk(lengths: (12.0, 12.0, 12.0))".into(),
        max_atoms: 100,
        walkers: 16,
        dynamics: "Baoab(dt: 0.02, friction: 0.2, steps: 10)".into(),
        ..Spec::default()
    };
    let mean = |cold: bool| {
        let mut run = Run::start("reference", &spec.clone().at(t, number(&case, "z")).text());
        let (states, assignment) = (run.grid.states.clone(), run.sampler.assignment().states().to_vec());
        let mut atoms = vec![0.0; 16];
        for cycle in 0..800 {
            let backend = run.sampler.backend_mut();
            backend.propagate(10 * cycle, 10).expect("a segment");
            let (mut before, mut after) = (Batch::default(), Batch::default());
            backend.store(&mut before).expect("stored");
            backend.particle_moves(200 * cycle, 200, true).expect("moves");
            backend.store(&mut after).expect("stored");
            for (w, (old, new)) in before.configurations.iter().zip(&mut after.configurations).enumerate() {
                for velocity in new.velocities.iter_mut().filter(|v| cold && !old.velocities.contains(v)) {
                    *velocity = DVec3::ZERO;
                }
                atoms[w] += if cycle >= 200 { new.len() as f64 / 600.0 } else { 0.0 };
            }
            backend.load(&after, &states, &assignment).expect("loaded");
        }
        Estimate::of_samples(&atoms)
    };
    assert_z("warm N", mean(false), exact, 0.0);
    let cold = mean(true);
    say(&format!("cold N: {:.3} ± {:.3}", cold.value, cold.error));
    assert!(cold.value - exact > 10.0 * cold.error, "cold insertions pass: {cold:?}");
}
