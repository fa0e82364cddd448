//! A replica's trajectory depends on the seed and its own index, and on nothing else.

use crate::backends::on_every_backend;
use crate::common::run::{Run, load};
use crate::common::scene::{SLAB, Spec};
use adlayer::testing::system::configuration::Batch;

const LANGEVIN: &str = "Baoab(dt: 0.004, friction: 1.0, steps: 20)";
const MONTE_CARLO: &str = "MonteCarlo(displacement: 0.2, attempts: 20)";
const SEGMENTS: &str = "Ghmc(dt: 0.015, steps: 20, friction: 1.0)";
const VERLET: &str = "Verlet(dt: 0.004, steps: 20, redraw: true)";

/// A slab in contact with a gas, several states, unequal replicas.
fn grid(dynamics: &str) -> Spec {
    Spec {
        pair: "epsilon: 1.0, sigma: 1.0",
        cell: "Slab(height: 5.0)".into(),
        substrate: SLAB.into(),
        max_atoms: 40,
        temperature: "List([0.7, 0.9])".into(),
        values: "List([-5.0, -3.0, -1.5])".into(),
        walkers: 1,
        dynamics: dynamics.into(),
        attempts: 60,
        ..Spec::default()
    }
}

#[test]
fn a_segment_may_be_split() {
    on_every_backend(|device| {
        let anywhere = [&[2000_u32][..], &[700, 1300], &[1, 999, 1000]];
        let between = [&[2000_u32][..], &[700, 1300], &[20, 980, 1000]];
        for (dynamics, lengths) in [(LANGEVIN, anywhere), (MONTE_CARLO, anywhere), (SEGMENTS, between)] {
            let mut warm = Run::start(device, &grid(dynamics).text());
            warm.equilibrate(10);
            let start = warm.batch();
            let ends: Vec<Batch> = lengths
                .iter()
                .map(|segments| {
                    let mut run = Run::from_batch(device, load(&grid(dynamics).text()), &start);
                    let mut first = 0;
                    for &steps in *segments {
                        run.sampler.backend_mut().propagate(first, steps).expect("a segment");
                        first += u64::from(steps);
                    }
                    run.batch()
                })
                .collect();
            assert!(ends[0].configurations.iter().any(|x| x.len() > 3), "{device}: nothing to move");
            assert!(ends[0] != start, "{device} {dynamics}: nothing moved");
            assert!(ends[0] == ends[1] && ends[0] == ends[2], "{device} {dynamics}: 700 + 1300 steps are not 2000");
        }
    });
}

#[test]
fn particle_moves_may_be_split() {
    on_every_backend(|device| {
        let text = grid(MONTE_CARLO).text();
        let run = |segments: &[u32]| {
            let mut run = Run::start(device, &text);
            let mut first = 0;
            for &attempts in segments {
                run.sampler.backend_mut().particle_moves(first, attempts, true).expect("moves");
                first += u64::from(attempts);
            }
            let tallies = run.sampler.transitions().expect("tallies");
            (run.batch(), tallies)
        };
        assert!(run(&[500]) == run(&[123, 377]), "{device}: 123 + 377 attempts are not 500");
    });
}

#[test]
fn a_replica_alone_equals_the_same_replica_in_a_batch() {
    on_every_backend(|device| {
        for dynamics in [LANGEVIN, MONTE_CARLO, VERLET, SEGMENTS] {
            let text = grid(dynamics).text();
            let mut warm = Run::start(device, &text);
            warm.equilibrate(20);
            let start = warm.batch();
            let mut together = Run::from_batch(device, load(&text), &start);
            // replica 0 and its state alone: the first temperature and the first μ'
            let alone_text =
                Spec { temperature: "List([0.7])".into(), values: "List([-5.0])".into(), ..grid(dynamics) }.text();
            let first = Batch { configurations: start.configurations[..1].to_vec() };
            let mut alone = Run::from_batch(device, load(&alone_text), &first);
            for cycle in 0..30 {
                for run in [&mut together, &mut alone] {
                    let backend = run.sampler.backend_mut();
                    backend.propagate(20 * cycle, 20).expect("a segment");
                    backend.particle_moves(60 * cycle, 60, true).expect("moves");
                }
            }
            let (a, b) = (together.batch(), alone.batch());
            assert!(a.configurations[0] != start.configurations[0], "{device} {dynamics}: nothing happened");
            assert!(a.configurations[0] == b.configurations[0], "{device} {dynamics}: neighbours make a difference");
            let sizes: Vec<usize> = a.configurations.iter().map(|x| x.len()).collect();
            assert!(sizes.iter().min() != sizes.iter().max(), "{device}: replicas are all alike: {sizes:?}");
        }
    });
}

#[test]
fn the_number_of_threads_changes_nothing() {
    on_every_backend(|device| {
        let ends: Vec<(Batch, Vec<f64>)> = [1, 2, 5]
            .into_iter()
            .map(|threads| {
                let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("a pool");
                pool.install(|| {
                    let mut run = Run::start(
                        device,
                        &Spec {
                            walkers: 3,
                            exchange: "EvenOdd(every: 1, rounds: 7, diagonals: true)",
                            ..grid(LANGEVIN)
                        }
                        .text(),
                    );
                    run.equilibrate(30);
                    (run.batch(), run.sampler.measurements().iter().map(|m| m.energy).collect())
                })
            })
            .collect();
        assert!(ends[0] == ends[1] && ends[0] == ends[2], "{device}: threads change the result");
    });
}

#[test]
fn the_seed_decides() {
    on_every_backend(|device| {
        let end = |seed| {
            let mut run = Run::start(device, &Spec { seed, ..grid(LANGEVIN) }.text());
            run.equilibrate(5);
            run.batch()
        };
        assert!(end(1) == end(1), "{device}: one seed, two results");
        assert!(end(1) != end(2), "{device}: two seeds, one result");
    });
}
