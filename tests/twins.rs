//! `twin_<stem>`: one step of a backend does what the reference does.

#[allow(dead_code, reason = "every test file uses its own part of what is shared")]
mod common;
mod tallies;

use adlayer::testing::backend::{CycleWork, particle_moves_on_host};
use adlayer::testing::moves::tally::MoveEvent;
use common::on_every_backend;
use common::run::{Run, load};
use common::scene::{SLAB, Spec};
use tallies::assert_same_transitions;

/// A slab under a gas: two temperatures, three μ', two walkers.
fn scene(epsilon: &'static str) -> String {
    let spec = Spec {
        pair: epsilon,
        cell: "Slab(height: 5.0)".into(),
        substrate: SLAB.into(),
        max_atoms: 40,
        temperature: "List([0.7, 0.9])".into(),
        values: "List([-6.0, -3.0, 0.0])".into(),
        walkers: 2,
        dynamics: "Baoab(dt: 0.004, friction: 1.0, steps: 10)".into(),
        ..Spec::default()
    };
    spec.text()
}

/// The fused particle moves of a backend make the decisions that the host makes over the narrow entry.
#[test]
fn twin_particle_moves() {
    on_every_backend(|device| {
        for pair in ["epsilon: 0.0, sigma: 1.0", "epsilon: 1.0, sigma: 1.0"] {
            let text = scene(pair);
            let mut warm = Run::start("reference", &text);
            warm.equilibrate(5);
            let start = warm.batch();
            let (mut fused, mut on_host) =
                (Run::from_batch(device, load(&text), &start), Run::from_batch(device, load(&text), &start));
            let result = fused.sampler.backend_mut().particle_moves(7, 300, true).expect("fused moves");
            let driven = on_host.sampler.backend_mut().trial_energies_mut().expect("the narrow entry");
            let (tried, events) = particle_moves_on_host(driven, 7, 300).expect("moves on the host");
            assert!(fused.batch() == on_host.batch(), "{device} {pair}: different decisions");
            let booked = fused.sampler.transitions().expect("tallies");
            assert_same_transitions(&format!("{device} {pair}"), &booked, &tried);
            let booked = booked.moves();
            let (accepted, attempts) = booked.iter().fold((0, 0), |(a, n), t| {
                (a + t.accepted(), n + t.attempts())
            });
            assert_eq!(attempts, 12 * 300);
            assert!(accepted > 50, "{device} {pair}: only {accepted} accepted");
            let mut logged = 0;
            let mut compare = |r: usize, log: &[MoveEvent]| {
                assert_eq!(log, events[r], "{device} {pair}: log of replica {r}");
                logged += log.len() as u64;
            };
            result.events.for_each_replica(&mut compare).expect("events");
            assert_eq!(logged, accepted, "{device} {pair}");
            // a cycle without moves has none
            let result = fused.sampler.backend_mut().cycle(&CycleWork::default()).expect("energies");
            let mut visited = 0;
            let mut none = |_: usize, log: &[MoveEvent]| {
                assert!(log.is_empty());
                visited += 1;
            };
            result.events.for_each_replica(&mut none).expect("events");
            assert_eq!(visited, 12);
            let energies = |run: &mut Run| run.sampler.backend_mut().measure().expect("energies");
            assert_eq!(energies(&mut fused), energies(&mut on_host), "{device} {pair}");
        }
    });
}
