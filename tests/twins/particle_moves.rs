//! `twin_<stem>`: one step of a backend does what the reference does.

use crate::backends::on_every_backend;
use crate::case::{Case, stored};
use crate::tallies::assert_same_transitions;
use adlayer::testing::backend::{Backend, CycleWork, particle_moves_on_host};
use adlayer::testing::moves::tally::MoveEvent;

/// A slab under a gas: two temperatures, three μ', two walkers.
pub(crate) fn scene(pair: &str) -> String {
    format!(
        r#"Scene(
    units: Lj,
    species: [ (name: "A", symbol: "Cu", mass: 1.0), (name: "B", symbol: "Ar", mass: 1.0) ],
    potential: LennardJones(cutoff: 2.5, truncation: Shifted, pairs: [
        (between: ("A","B"), {pair}), (between: ("A","A"), {pair}), (between: ("B","B"), {pair}) ]),
    cell: Slab(height: 5.0),
    substrate: Fcc111(species: "A", nearest_neighbour: 1.10, repeat: (6, 3), layers: 3),
    reservoir: [ (species: "B", max_atoms: 40) ],
    grid: (
        temperature: List([0.7, 0.9]),
        reservoir: [ (species: "B", convention: Activity, values: List([-6.0, -3.0, 0.0])) ],
        walkers: 2,
    ),
    dynamics: Baoab(dt: 0.004, friction: 1.0, steps: 10),
    moves: (insert_delete: 100),
    schedule: (equilibration: 10, production: 100),
)"#
    )
}

/// The same with windows whose weights are far from uniform.
fn with_windows(text: &str) -> Case {
    let windows =
        "windows: [ (species: \"B\", atoms: (0, 10)), (species: \"B\", atoms: (3, 20), temperature: List([0.9])) ],";
    let mut case = Case::new(&text.replace("    dynamics:", &format!("    {windows}\n    dynamics:")), 8);
    let weights: Vec<Vec<f64>> = case
        .grid
        .windows()
        .map(|(k, _, w)| {
            (0..w.weights().len()).map(|n| 3.0 * (1.7 * n as f64 + k as f64).sin() - 0.6 * n as f64).collect()
        })
        .collect();
    assert!(case.grid.set_weights(&weights), "weights fit");
    case
}

/// The fused particle moves of a backend make the decisions that the host makes over the narrow entry.
#[test]
fn twin_particle_moves() {
    on_every_backend(|device| {
        for (pair, weighted) in [
            ("epsilon: 0.0, sigma: 1.0", false),
            ("epsilon: 1.0, sigma: 1.0", false),
            ("epsilon: 1.0, sigma: 1.0", true),
        ] {
            let case = if weighted { with_windows(&scene(pair)) } else { Case::new(&scene(pair), 8) };
            let replicas = case.ids.len();
            let (mut fused, mut on_host) = (case.open(device), case.open(device));
            let result = fused.particle_moves(7, 300, true).expect("fused moves");
            let driven = on_host.trial_energies_mut().expect("the narrow entry");
            let (tried, events) = particle_moves_on_host(driven, 7, 300).expect("moves on the host");
            assert!(stored(&*fused) == stored(&*on_host), "{device} {pair}: different decisions");
            let booked = fused.transitions().expect("tallies");
            assert_same_transitions(&format!("{device} {pair}"), &booked, &tried);
            let booked = booked.moves();
            let (accepted, attempts) = booked.iter().fold((0, 0), |(a, n), t| (a + t.accepted(), n + t.attempts()));
            assert_eq!(attempts, replicas as u64 * 300);
            assert!(accepted > 50, "{device} {pair}: only {accepted} accepted");
            let mut logged = 0;
            let mut compare = |r: usize, log: &[MoveEvent]| {
                assert_eq!(log, events[r], "{device} {pair}: log of replica {r}");
                logged += log.len() as u64;
            };
            result.events.for_each_replica(&mut compare).expect("events");
            assert_eq!(logged, accepted, "{device} {pair}");
            // a cycle without moves has none
            let result = fused.cycle(&CycleWork::default()).expect("energies");
            let mut visited = 0;
            let mut none = |_: usize, log: &[MoveEvent]| {
                assert!(log.is_empty());
                visited += 1;
            };
            result.events.for_each_replica(&mut none).expect("events");
            assert_eq!(visited, replicas);
            if weighted {
                let window = case.grid.windows().next().map(|(k, _, w)| (k, w.clone())).expect("a window");
                let held = stored(&*fused);
                let inside = |r: usize| window.1.contains(held[r].len() as u16);
                assert!(
                    (0..replicas).filter(|&r| case.ids[r].index() == window.0).all(inside),
                    "{device}: N left its window"
                );
            }
            let energies = |backend: &mut dyn Backend| backend.measure().expect("energies");
            assert_eq!(energies(&mut *fused), energies(&mut *on_host), "{device} {pair}");
        }
    });
}
