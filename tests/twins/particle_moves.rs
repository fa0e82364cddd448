//! `twin_<stem>`: one step of a backend does what the reference does.

use crate::backends::on_every_backend;
use crate::case::{Case, assert_same_atoms, assert_same_measurements, stored};
use crate::tallies::assert_same_transitions;
use adlayer::testing::backend::{CycleResult, CycleWork, Span, identity_changes_on_host, particle_moves_on_host};
use adlayer::testing::moves::MoveKind;
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

/// Two gases of unequal masses over a slab, of which one is under a field: two temperatures, two activities of each.
///
/// - `region`: of the first one, with a comma before it; empty for the whole cell
pub(crate) fn two_gases(region: &str) -> String {
    format!(
        r#"Scene(
    units: Lj,
    species: [ (name: "A", symbol: "Cu", mass: 1.0), (name: "B", symbol: "Ar", mass: 1.0), (name: "C", symbol: "Kr", mass: 4.0) ],
    potential: LennardJones(cutoff: 2.5, truncation: Shifted, pairs: [
        (between: ("A","A"), epsilon: 1.0, sigma: 1.0), (between: ("A","B"), epsilon: 1.0, sigma: 1.0),
        (between: ("A","C"), epsilon: 0.8, sigma: 1.1), (between: ("B","B"), epsilon: 0.6, sigma: 1.0),
        (between: ("B","C"), epsilon: 0.9, sigma: 1.0), (between: ("C","C"), epsilon: 0.7, sigma: 1.1) ]),
    external: [ Harmonic(species: "C", spring: 0.05) ],
    cell: Slab(height: 5.0),
    substrate: Fcc111(species: "A", nearest_neighbour: 1.10, repeat: (6, 3), layers: 3),
    reservoir: [ (species: "B", max_atoms: 14{region}), (species: "C", max_atoms: 20) ],
    grid: (
        temperature: List([0.7, 0.9]),
        reservoir: [ (species: "B", convention: Activity, values: List([-4.0, -2.0])),
                     (species: "C", convention: Activity, values: List([-4.5, -2.5])) ],
    ),
    dynamics: Baoab(dt: 0.004, friction: 1.0, steps: 10),
    moves: (insert_delete: 100, identity: 40),
    schedule: (equilibration: 10, production: 100),
)"#
    )
}

/// Windows whose weights are far from uniform, in a scene that asks for them.
fn weigh(mut case: Case) -> Case {
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

/// Two species over a slab with a mobile layer, each inserted into a region of its own, with its own field.
fn mixture(insertion: &str) -> String {
    format!(
        r#"Scene(
    units: Lj,
    species: [ (name: "A", symbol: "Cu", mass: 1.0), (name: "B", symbol: "Ar", mass: 1.0),
               (name: "C", symbol: "Kr", mass: 2.0) ],
    potential: LennardJones(cutoff: 2.5, truncation: Shifted, mixing: LorentzBerthelot, pairs: [
        (between: ("A","A"), epsilon: 1.0, sigma: 1.0), (between: ("B","B"), epsilon: 0.7, sigma: 1.0),
        (between: ("C","C"), epsilon: 0.9, sigma: 1.1) ]),
    external: [ Wall93(species: "C", epsilon: 2.0, sigma: 0.9) ],
    cell: Slab(height: 5.0),
    substrate: Fcc111(species: "A", nearest_neighbour: 1.10, repeat: (5, 3), layers: 2, mobile_layers: 1),
    reservoir: [ (species: "B", max_atoms: 20, region: (z: (0.2, 3.0))), (species: "C", max_atoms: 12) ],
    grid: (
        temperature: List([0.7, 0.9]),
        reservoir: [ (species: "B", convention: Activity, values: List([-4.0, -2.0])),
                     (species: "C", convention: Activity, values: List([-4.0, -3.0])) ],
        walkers: 2,
    ),
    dynamics: Baoab(dt: 0.004, friction: 1.0, steps: 10),
    moves: (insert_delete: 100, insertion: {insertion}),
    schedule: (equilibration: 100, production: 100),
)"#
    )
}

/// The accepted moves of every replica.
fn log_of(result: &CycleResult) -> Vec<Vec<MoveEvent>> {
    let mut all = Vec::new();
    let mut keep = |_: usize, log: &[MoveEvent]| all.push(log.to_vec());
    result.events.for_each_replica(&mut keep).expect("events");
    all
}

/// Fused changes of identity are those of the host, over the narrow entry, alone and after insertions and deletions;
/// N counts in both regions, and one species is at its limit in some replicas.
#[test]
fn twin_identity_changes() {
    on_every_backend(|device| {
        let windows = "    windows: [ (species: \"B\", atoms: (1, 9)) ],\n    dynamics:";
        for (region, weighted) in [("", false), (", region: (z: (0.5, 2.0))", false), ("", true)] {
            let text = two_gases(region);
            let case = Case::new(&if weighted { text.replace("    dynamics:", windows) } else { text }, 8);
            let case = weigh(case);
            let (mut fused, mut on_host) = (case.open(device), case.open(device));
            let label = format!("{device} {region} {weighted}");
            let work = CycleWork {
                particle_moves: Some(Span { first: 7, count: 200 }),
                identity: Some(Span { first: 3, count: 300 }),
                tally: true,
                ..CycleWork::default()
            };
            let log = log_of(&fused.cycle(&work).expect("fused moves"));
            let driven = on_host.trial_energies_mut().expect("the narrow entry");
            let (_, before) = particle_moves_on_host(driven, 7, 200).expect("moves on the host");
            let (tried, after) = identity_changes_on_host(driven, 3, 300).expect("moves on the host");
            assert_same_atoms(&label, &*fused, &*on_host);
            for (r, log) in log.iter().enumerate() {
                assert_eq!(*log, [&before[r][..], &after[r]].concat(), "{label}: log of replica {r}");
            }
            let changed = tried.moves().iter().map(|t| t.of(MoveKind::Identity).accepted).collect::<Vec<_>>();
            assert!(changed.iter().sum::<u64>() > 200, "{label}: only {changed:?} accepted");
            // alone
            let mut alone = case.open(device);
            alone.particle_moves(7, 200, false).expect("moves");
            let result = alone.identity_changes(3, 300, true).expect("changes");
            assert_eq!(log_of(&result), after, "{label}");
            assert_same_transitions(&label, &alone.transitions().expect("tallies"), &tried);
            assert_same_measurements(&label, &mut *fused, &mut *on_host);
            assert_same_measurements(&label, &mut *fused, &mut *alone);
        }
    });
}

/// Scenes that insert everywhere alike, and from tables with one trial position and with several.
fn scenes() -> Vec<(String, String)> {
    let pairs = ["epsilon: 0.0, sigma: 1.0", "epsilon: 1.0, sigma: 1.0"];
    let mut all: Vec<_> = pairs.iter().map(|pair| (pair.to_string(), scene(pair))).collect();
    for insertion in ["Biased(henry: 0.9)", "Biased(henry: 0.5, trials: 3)"] {
        let moves = format!("insert_delete: 100, insertion: {insertion}");
        all.push((insertion.to_owned(), scene(pairs[1]).replace("insert_delete: 100", &moves)));
        all.push((format!("{insertion} of two species"), mixture(insertion)));
    }
    for about in
        ["shell: (0.9, 1.5), cap: 40.0", "shell: (0.7, 2.0), cap: 120.0, shares: (0.1, 0.6, 0.3), neighbours: 1.6"]
    {
        let insertion = format!("Bonds(hosts: \"A\", {about})");
        let moves = format!("insert_delete: 100, insertion: {insertion}");
        all.push((insertion.clone(), scene(pairs[1]).replace("insert_delete: 100", &moves)));
        all.push((format!("{insertion} of two species"), mixture(&insertion)));
    }
    let windows =
        "windows: [ (species: \"B\", atoms: (0, 10)), (species: \"B\", atoms: (3, 20), temperature: List([0.9])) ],";
    for (name, text) in [all[1].clone(), all[2].clone(), all[4].clone()] {
        all.push((format!("windows, {name}"), text.replace("    dynamics:", &format!("    {windows}\n    dynamics:"))));
    }
    all
}

/// Where states make fewer attempts than a cycle has, a backend makes the first of them, as the host does.
#[test]
fn twin_attempts_of_states() {
    on_every_backend(|device| {
        for (name, text) in scenes() {
            let case = weigh(Case::new(&text, 8));
            let most: Vec<u32> = (0..case.grid.len()).map(|k| [130, 0, 1000, 17, 64, 299, 1][k % 7]).collect();
            let (mut fused, mut on_host) = (case.open(device), case.open(device));
            for backend in [&mut fused, &mut on_host] {
                backend.set_attempts(&most).expect("attempts");
            }
            let log = log_of(&fused.particle_moves(7, 300, true).expect("fused moves"));
            let driven = on_host.trial_energies_mut().expect("the narrow entry");
            let (tried, events) = particle_moves_on_host(driven, 7, 300).expect("moves on the host");
            let label = format!("{device} {name}");
            assert_same_atoms(&label, &*fused, &*on_host);
            assert_eq!(log, events, "{label}");
            let booked = fused.transitions().expect("tallies");
            assert_same_transitions(&label, &booked, &tried);
            let n_reservoirs = case.grid.n_reservoirs();
            for (k, of_state) in booked.moves().chunks(n_reservoirs).enumerate() {
                let made: u64 = of_state.iter().map(|t| t.attempts()).sum();
                let replicas = case.ids.iter().filter(|id| id.index() == k).count() as u64;
                assert_eq!(made, replicas * u64::from(most[k].min(300)), "{label}: state {k}");
            }
            assert_same_measurements(&label, &mut *fused, &mut *on_host);
        }
    });
}

/// The fused particle moves of a backend make the decisions that the host makes over the narrow entry.
#[test]
fn twin_particle_moves() {
    on_every_backend(|device| {
        for (pair, text) in scenes() {
            let case = weigh(Case::new(&text, 8));
            let n_replicas = case.ids.len();
            let (mut fused, mut on_host) = (case.open(device), case.open(device));
            let result = fused.particle_moves(7, 300, true).expect("fused moves");
            let driven = on_host.trial_energies_mut().expect("the narrow entry");
            let (tried, events) = particle_moves_on_host(driven, 7, 300).expect("moves on the host");
            assert_same_atoms(&format!("{device} {pair}"), &*fused, &*on_host);
            let booked = fused.transitions().expect("tallies");
            assert_same_transitions(&format!("{device} {pair}"), &booked, &tried);
            let booked = booked.moves();
            let (accepted, attempts) = booked.iter().fold((0, 0), |(a, n), t| (a + t.accepted(), n + t.attempts()));
            assert_eq!(attempts, 300 * n_replicas as u64);
            assert!(accepted > 50, "{device} {pair}: only {accepted} accepted");
            let mut logged = 0;
            let mut compare = |r: usize, log: &[MoveEvent]| {
                assert_eq!(log, events[r], "{device} {pair}: log of replica {r}");
                logged += log.len() as u64;
            };
            result.events.for_each_replica(&mut compare).expect("events");
            assert_eq!(logged, accepted, "{device} {pair}");
            drop(result);
            // a cycle without moves has none
            let result = fused.cycle(&CycleWork::default()).expect("energies");
            let mut visited = 0;
            let mut none = |_: usize, log: &[MoveEvent]| {
                assert!(log.is_empty());
                visited += 1;
            };
            result.events.for_each_replica(&mut none).expect("events");
            assert_eq!(visited, n_replicas);
            let held = stored(&*fused);
            for (k, _, window) in case.grid.windows() {
                let inside = |r: usize| window.contains(held[r].len() as u16);
                assert!(
                    (0..n_replicas).filter(|&r| case.ids[r].index() == k).all(inside),
                    "{device} {pair}: state {k}"
                );
            }
            assert_same_measurements(&format!("{device} {pair}"), &mut *fused, &mut *on_host);
        }
    });
}
