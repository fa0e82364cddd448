//! Each kernel against its twin in the reference: one dispatch, GPU = reference.

use crate::gpu::device;
use crate::systems::{configuration, hexagonal_slab, pair_of_backends, reservoir, slab, states, system};
use crate::tallies::assert_same_transitions;
use adlayer::testing::backend::gpu::{Gpu, Way};
use adlayer::testing::backend::{Backend, CycleWork, Span, TrialEnergies, particle_moves_on_host};
use adlayer::testing::base::ids::StateId;
use adlayer::testing::forces::{ForceField, Pairwise};
use adlayer::testing::input::scene::grammar::Truncation;
use adlayer::testing::moves::tally::{MoveEvent, TransitionTally};
use adlayer::testing::moves::{Edit, Trial};
use adlayer::testing::potential::{ExternalField, LennardJones, Morse, PairTable, Section, Table};
use adlayer::testing::system::cell::Cell;
use adlayer::testing::system::configuration::{Batch, Configuration};
use adlayer::testing::system::{Dynamics, Reservoir, System};
use glam::DVec3;
use std::sync::Arc;

/// Numbers of atoms of the replicas: none, one, odd, even, full.
fn unequal(capacity: usize) -> Vec<usize> {
    vec![0, 1, 2, 3, 7, capacity / 2, capacity / 2 + 1, capacity - 1, capacity]
}

/// Fields of every kind on species B.
fn fields(cell: &Cell) -> Vec<ExternalField> {
    vec![
        ExternalField::Harmonic { spring: 0.7, centre: cell.centre() },
        ExternalField::Steele { epsilon: 0.4, sigma: 1.0, density: 1.0, spacing: 0.8, floor: cell.floor },
        ExternalField::Wall93 { epsilon: 1.2, sigma: 0.9, floor: cell.floor },
    ]
}

/// Systems that take every branch of the kernels.
fn systems() -> Vec<(&'static str, System)> {
    let truncated = |truncation, tail| {
        PairTable::new(2, 2.5, truncation, tail, |a, b| LennardJones::new(0.6 + 0.4 * (a * b) as f64, 1.0))
    };
    let bulk = DVec3::new(7.0, 8.0, 6.3);
    let mut all = vec![("slab", slab(48))];
    let mut walls = system(DVec3::new(7.0, 6.0, 5.0), true);
    walls.external[1] = fields(&walls.cell);
    walls.cell.floor = -0.3;
    all.push(("fields", walls));
    let mut shifted = system(bulk, false);
    shifted.pairs = truncated(Truncation::ForceShifted, false);
    all.push(("force-shifted bulk", shifted));
    let mut tail = system(bulk, false);
    tail.pairs = truncated(Truncation::Plain, true);
    tail.reservoirs = vec![reservoir(&tail.cell, 64)];
    tail.dynamics = Dynamics::MonteCarlo { displacement: 0.2, attempts: 10 };
    let mut two_gases = tail.clone();
    let of = |species, max_atoms| Reservoir { species, max_atoms, ..tail.reservoirs[0] };
    two_gases.reservoirs = vec![of(0, 22), of(1, 42)];
    all.push(("tail correction", tail));
    all.push(("tail correction of two gases", two_gases));
    let mut sum = system(DVec3::new(3.1, 4.2, 3.7), false);
    sum.capacity = 12;
    all.push(("image sum", sum));
    let mut many = slab(300);
    many.cell.lengths.z = 30.0;
    all.push(("many atoms", many));
    // more than three cells along each axis for the lists of large replicas
    let mut wide = system(DVec3::new(9.5, 12.0, 8.6), false);
    wide.capacity = 300;
    // rows of cells that an oblique cell moves, three and more of them, and too few
    let mut leaning = wide.clone();
    leaning.cell.tilt = -3.1;
    let mut rhombic = system(DVec3::new(7.2, 7.2 * 0.75_f64.sqrt(), 7.0), false);
    rhombic.cell.tilt = 3.6;
    all.push(("wide bulk", wide));
    all.push(("leaning bulk", leaning));
    all.push(("rhombic bulk", rhombic));
    all.push(("hexagonal slab", hexagonal_slab(48)));
    let mut many = hexagonal_slab(200);
    many.cell.lengths.z = 20.0;
    all.push(("many atoms on a hexagonal slab", many));
    let mut low = system(DVec3::new(9.5, 5.9, 9.0), false);
    (low.capacity, low.cell.tilt) = (200, 2.0);
    all.push(("low rows", low));
    let mut leaning_sum = system(DVec3::new(4.6, 4.7, 4.5), false);
    (leaning_sum.capacity, leaning_sum.cell.tilt) = (12, 1.7);
    all.push(("oblique image sum", leaning_sum));
    let mut inert = system(bulk, false);
    inert.pairs = PairTable::new(2, 2.5, Truncation::Shifted, false, |a, b| {
        LennardJones::new(if a == b { 1.0 } else { 0.0 }, 1.1)
    });
    all.push(("no interaction between species", inert));
    let morse = |truncation| {
        PairTable::new(2, 2.5, truncation, false, |a, b| {
            Morse::new(0.8 + 0.3 * (a + b) as f64, 4.5 - 0.5 * b as f64, 1.1 + 0.05 * a as f64)
        })
    };
    let mut soft = slab(48);
    soft.pairs = morse(Truncation::Shifted);
    all.push(("Morse over a slab", soft));
    let mut soft = system(DVec3::new(9.5, 12.0, 8.6), false);
    soft.capacity = 120;
    soft.pairs = morse(Truncation::ForceShifted);
    all.push(("wide Morse bulk", soft));
    let text = std::fs::read_to_string(crate::project::project().join("tests/data/pair_forms/mixture.table"));
    let text = text.expect("a table");
    let table = |a: usize, b: usize| match (a, b) {
        (0, 1) => Table::none(1.0),
        _ => Table::new(&Section::find(&text, if a == 0 { "AA" } else { "BB" }).expect("a section"), 700, 2.5),
    };
    let mut tabulated = slab(48);
    tabulated.pairs = PairTable::new(2, 2.5, Truncation::Shifted, false, |_, _| table(1, 1));
    all.push(("tables over a slab", tabulated));
    let mut tabulated = system(DVec3::new(9.5, 12.0, 8.6), false);
    tabulated.capacity = 120;
    tabulated.pairs = PairTable::new(2, 2.5, Truncation::ForceShifted, false, table);
    all.push(("wide tabulated bulk", tabulated));
    all
}

/// One replica per number of atoms; both species where the system has no reservoir, or two.
fn batch(system: &System) -> Batch {
    let mixed = is_mixed(system);
    let make = |(r, n): (usize, usize)| {
        configuration(system, 11 + r as u64, n, |slot| if mixed && slot % 3 == 0 { 0 } else { 1 })
    };
    Batch { configurations: unequal(system.capacity).into_iter().enumerate().map(make).collect() }
}

/// Whether mobile atoms are of both species.
fn is_mixed(system: &System) -> bool {
    system.reservoirs.len() != 1
}

fn identity(n: usize) -> Vec<StateId> {
    (0..n as u32).map(StateId).collect()
}

#[test]
fn twin_energy() {
    energies_and_forces(systems(), |_| ());
}

#[test]
fn twin_energy_of_large_replicas() {
    energies_and_forces(systems(), Gpu::make_large);
}

/// Systems in which ways of the kernels part: over a slab of one species or two, in a small cell, a large one.
fn crossroads() -> Vec<(&'static str, System)> {
    let mut two_layers = slab(40);
    for k in 0..12_u32 {
        two_layers.frozen.positions.push(DVec3::new(1.1 * f64::from(k % 6) + 0.3, 2.85 * f64::from(k / 6) + 0.2, -1.7));
        two_layers.frozen.species.push(1);
    }
    let mut small = slab(12);
    small.frozen.positions.retain(|r| r.x < 3.2 && r.y < 2.8);
    small.frozen.species.truncate(small.frozen.positions.len());
    small.cell = Cell::slab(DVec3::new(3.3, 2.857_883_832_488_648, 5.0), -0.4);
    small.reservoirs = vec![reservoir(&small.cell, 12)];
    let mut shifted = slab(24);
    shifted.pairs = PairTable::new(2, 2.5, Truncation::ForceShifted, false, |_, _| LennardJones::new(1.3, 1.0));
    shifted.frozen.positions[7].z -= 0.2; // a slab that does not repeat itself
    let wide = ["wide bulk", "leaning bulk", "rhombic bulk", "hexagonal slab"];
    let wide = systems().into_iter().filter(|(name, _)| wide.contains(name));
    let full = slab(75);
    [("two layers", two_layers), ("small cell", small), ("force-shifted, one atom lower", shifted), ("full", full)]
        .into_iter()
        .chain(wide)
        .collect()
}

#[test]
fn every_way_of_the_kernels_leads_to_the_same_forces() {
    energies_and_forces(crossroads(), |_| ());
    energies_and_forces(crossroads(), |gpu| gpu.go(Way::AllPairs));
    energies_and_forces(crossroads(), |gpu| gpu.go(Way::Halved));
    energies_and_forces(crossroads(), |gpu| gpu.go(Way::Doubled));
    energies_and_forces(crossroads(), |gpu| gpu.go(Way::Lists));
    energies_and_forces(crossroads(), |gpu| gpu.go(Way::WholeSlab));
    energies_and_forces(crossroads(), |gpu| [Way::WholeSlab, Way::Lists].into_iter().for_each(|way| gpu.go(way)));
    energies_and_forces(crossroads(), |gpu| gpu.go(Way::PlainArithmetic));
}

fn energies_and_forces(systems: Vec<(&'static str, System)>, prepare: fn(&mut Gpu)) {
    let Some(device) = device() else { return };
    for (name, system) in systems {
        let (batch, pairwise) = (batch(&system), Pairwise::new(Arc::new(system.clone())));
        let n = batch.configurations.len();
        let all = states(n, system.reservoirs.len());
        let (mut gpu, _, held) = pair_of_backends(&device, &system, &batch, &all, &identity(n), prepare);
        let (forces, measured) = (gpu.forces().expect("forces"), gpu.measure().expect("measure"));
        for (r, x) in held.configurations.iter().enumerate() {
            let mut wanted = Vec::new();
            pairwise.energy_and_forces(x, &mut wanted).expect("pairs never fail");
            let scale = wanted.iter().map(|f| f.length()).fold(1e-3, f64::max);
            for (slot, (ours, reference)) in forces[r].iter().zip(&wanted).enumerate() {
                let error = (*ours - *reference).length() / scale;
                assert!(error < 1e-4, "{name}: replica {r} slot {slot}: {ours} against {reference}");
            }
            let (audit, ours) = (pairwise.audit(x).expect("pairs never fail"), measured[r].energy);
            // A lone pair near its zero or the cutoff has less energy than the terms of it that are rounded.
            let allowed = gpu.info().energy_tolerance * audit.magnitude.max(0.01);
            assert!((ours - audit.energy).abs() <= allowed, "{name}: replica {r}: {ours} against {}", audit.energy);
            assert_eq!(measured[r].counts[..], system.counts(&x.species), "{name}: replica {r}");
        }
    }
}

/// The largest difference of positions (nearest image) and velocities of two configurations.
fn difference(system: &System, a: &Configuration, b: &Configuration) -> (f64, f64) {
    assert_eq!(a.species, b.species);
    let far = |d: DVec3| system.cell.minimum_image(d).length();
    let positions = a.positions.iter().zip(&b.positions).map(|(p, q)| far(*p - *q)).fold(0.0, f64::max);
    let velocities = a.velocities.iter().zip(&b.velocities).map(|(v, w)| (*v - *w).length()).fold(0.0, f64::max);
    (positions, velocities)
}

#[test]
fn twin_integrate() {
    one_step(|_| ());
}

#[test]
fn twin_integrate_of_pairs_evaluated_once() {
    one_step(|gpu| gpu.go(Way::Halved));
}

#[test]
fn twin_integrate_of_large_replicas() {
    one_step(Gpu::make_large);
}

fn one_step(prepare: fn(&mut Gpu)) {
    let Some(device) = device() else { return };
    for dynamics in [
        Dynamics::Baoab { dt: 0.002, friction: 1.3, steps: 1 },
        Dynamics::Verlet { dt: 0.002, steps: 1, redraw: false },
        Dynamics::Verlet { dt: 0.002, steps: 1, redraw: true },
    ] {
        for (name, mut system) in systems() {
            if system.pairs.tail_correction {
                continue;
            }
            system.dynamics = dynamics;
            let batch = batch(&system);
            let n = batch.configurations.len();
            let all = states(n, system.reservoirs.len());
            let (mut gpu, mut reference, held) =
                pair_of_backends(&device, &system, &batch, &all, &identity(n), prepare);
            let (mut ours, mut theirs) = (Batch::default(), Batch::default());
            gpu.propagate(7, 1).expect("one step");
            gpu.store(&mut ours).expect("store");
            reference.propagate(7, 1).expect("one step");
            reference.store(&mut theirs).expect("store");
            for (r, (a, b)) in ours.configurations.iter().zip(&theirs.configurations).enumerate() {
                let mut forces = Vec::new();
                let pairwise = Pairwise::new(Arc::new(system.clone()));
                pairwise.energy_and_forces(&held.configurations[r], &mut forces).expect("pairs never fail");
                let kick = 1.0 + 0.002 * forces.iter().map(|f| f.length()).fold(0.0, f64::max);
                let (positions, velocities) = difference(&system, a, b);
                assert!(positions < 3e-6 * kick, "{name} {dynamics:?}: replica {r}: positions {positions:.1e}");
                assert!(velocities < 2e-5 * kick, "{name} {dynamics:?}: replica {r}: velocities {velocities:.1e}");
            }
        }
    }
}

#[test]
fn twin_set_states() {
    let Some(device) = device() else { return };
    let system = slab(20);
    let batch = batch(&system);
    let n = batch.configurations.len();
    let (mut gpu, mut reference, _) = pair_of_backends(&device, &system, &batch, &states(n, 1), &identity(n), |_| ());
    let mut turned = identity(n);
    turned.rotate_left(1);
    turned.swap(3, 4);
    let (mut ours, mut theirs) = (Batch::default(), Batch::default());
    for backend in [&mut gpu as &mut dyn Backend, &mut reference] {
        backend.set_states(&turned).expect("states");
        assert_eq!(backend.assignment(), turned);
    }
    gpu.store(&mut ours).expect("store");
    reference.store(&mut theirs).expect("store");
    for (a, b) in ours.configurations.iter().zip(&theirs.configurations) {
        assert_eq!(a.positions, b.positions);
        assert!(difference(&system, a, b).1 < 1e-6);
    }
}

#[test]
fn twin_trial_energies() {
    let Some(device) = device() else { return };
    for (name, system) in systems() {
        let batch = batch(&system);
        let n = batch.configurations.len();
        let all = states(n, system.reservoirs.len());
        let (mut gpu, mut reference, held) = pair_of_backends(&device, &system, &batch, &all, &identity(n), |_| ());
        let place = |r: usize| {
            let one = configuration(&system, 500 + r as u64, 3, |_| 1).positions[2];
            one.as_vec3().as_dvec3()
        };
        let kinds: [fn(usize, DVec3, usize) -> Trial; 5] = [
            |_, position, _| Trial::Insert { species: 1, position },
            |n, _, r| if n == 0 { Trial::None } else { Trial::Delete { slot: r % n } },
            |n, position, r| if n == 0 { Trial::None } else { Trial::Displace { slot: (r + 1) % n, position } },
            |_, _, _| Trial::None,
            |n, _, r| match n {
                0 => Trial::None,
                _ => Trial::Identity { slot: (2 * r + 1) % n, species: (r % 2) as u8 },
            },
        ];
        for kind in kinds.into_iter().take(if is_mixed(&system) { 5 } else { 4 }) {
            let trials: Vec<Trial> =
                held.configurations.iter().enumerate().map(|(r, x)| kind(x.len(), place(r), r)).collect();
            let (ours, theirs) =
                (gpu.trial_energies(&trials).expect("f32"), reference.trial_energies(&trials).expect("f64"));
            for (r, (a, b)) in ours.iter().zip(&theirs).enumerate() {
                // the steep part of a pair magnifies the rounding of distances
                assert!((a - b).abs() <= 2e-5 * b.abs().max(1.0), "{name}: {:?}: {a} against {b}", trials[r]);
            }
        }
    }
}

#[test]
fn twin_apply() {
    let Some(device) = device() else { return };
    let system = slab(20);
    let batch = batch(&system);
    let n = batch.configurations.len();
    let (mut gpu, mut reference, _) = pair_of_backends(&device, &system, &batch, &states(n, 1), &identity(n), |_| ());
    let position = DVec3::new(0.5, 1.25, 2.75);
    let edits: Vec<(Edit, f64)> = batch
        .configurations
        .iter()
        .enumerate()
        .map(|(r, x)| match r % 3 {
            _ if x.is_empty() => Edit::Insert { species: 1, position, velocity: -position },
            0 => Edit::Delete { slot: x.len() / 2 },
            1 if x.len() < system.capacity => Edit::Insert { species: 1, position, velocity: position },
            _ if x.len() % 2 == 1 => Edit::Identity { slot: x.len() / 3, species: 0, velocity_scale: 0.75 },
            _ => Edit::Displace { slot: x.len() - 1, position },
        })
        .map(|edit| (edit, 0.0))
        .collect();
    let (mut ours, mut theirs) = (Batch::default(), Batch::default());
    gpu.apply(&edits).expect("apply");
    gpu.store(&mut ours).expect("store");
    reference.apply(&edits).expect("apply");
    reference.store(&mut theirs).expect("store");
    assert_eq!(ours, theirs);
}

/// Particle moves and displacements that start from the same configuration, cycle after cycle.
fn same_decisions(system: &System, cycles: u64, attempts: u32, prepare: fn(&mut Gpu)) {
    let Some(device) = device() else { return };
    let (n, n_reservoirs) = (16, system.reservoirs.len());
    let all = states(n, n_reservoirs);
    let start: Vec<Configuration> = (0..n).map(|r| configuration(system, r as u64, r % 3, |_| 1)).collect();
    let start = Batch { configurations: start };
    let (mut gpu, mut reference, mut held) = pair_of_backends(&device, system, &start, &all, &identity(n), prepare);
    let mut accepted = 0;
    for cycle in 0..cycles {
        gpu.load(&held, &all, &identity(n)).expect("load");
        reference.load(&held, &all, &identity(n)).expect("load");
        let first = cycle * u64::from(attempts);
        for backend in [&mut gpu as &mut dyn Backend, &mut reference] {
            backend.propagate(first, 3).expect("displacements");
            backend.particle_moves(first, attempts, true).expect("moves");
            backend.identity_changes(first, attempts, true).expect("changes");
        }
        let tallies = (gpu.transitions().expect("tallies"), reference.transitions().expect("tallies"));
        assert_same_transitions(&format!("cycle {cycle}"), &tallies.0, &tallies.1);
        accepted += tallies.1.moves().iter().map(TransitionTally::accepted).sum::<u64>();
        let mut theirs = Batch::default();
        gpu.store(&mut held).expect("store");
        reference.store(&mut theirs).expect("store");
        for (a, b) in held.configurations.iter().zip(&theirs.configurations) {
            let (positions, velocities) = difference(system, a, b);
            assert!(positions < 2e-6 && velocities < 5e-5, "cycle {cycle}: {positions:.1e} {velocities:.1e}");
        }
    }
    assert!(accepted > 20 * cycles, "only {accepted} moves were accepted");
}

#[test]
fn the_ideal_gas_decides_as_the_reference_over_200_cycles() {
    let mut ideal = system(DVec3::new(3.0, 4.0, 5.0), true);
    ideal.pairs = PairTable::new(2, 1.5, Truncation::Shifted, false, |_, _| LennardJones::new(0.0, 1.0));
    ideal.dynamics = Dynamics::MonteCarlo { displacement: 0.3, attempts: 3 };
    ideal.capacity = 30;
    ideal.reservoirs = vec![Reservoir { z_lo: 0.5, z_hi: 4.0, volume: 42.0, ..reservoir(&ideal.cell, 30) }];
    same_decisions(&ideal, 200, 50, |_| ());
}

#[test]
fn two_atoms_decide_as_the_reference_over_200_cycles() {
    let mut two = system(DVec3::new(5.0, 5.0, 5.0), false);
    two.dynamics = Dynamics::MonteCarlo { displacement: 0.3, attempts: 3 };
    two.capacity = 2;
    two.reservoirs = vec![reservoir(&two.cell, 2)];
    same_decisions(&two, 200, 50, |_| ());
    same_decisions(&two, 10, 50, Gpu::make_large);
}

#[test]
fn several_reservoirs_decide_as_the_reference() {
    let mut ideal = system(DVec3::new(4.0, 4.0, 4.0), false);
    ideal.pairs = PairTable::new(2, 1.5, Truncation::Shifted, false, |_, _| LennardJones::new(0.0, 1.0));
    ideal.dynamics = Dynamics::MonteCarlo { displacement: 0.3, attempts: 3 };
    ideal.capacity = 24;
    let of = |species, max_atoms| Reservoir { species, ..reservoir(&ideal.cell, max_atoms) };
    ideal.reservoirs = vec![of(0, 8), of(1, 16)];
    ideal.species[1].mass = 3.0;
    same_decisions(&ideal, 20, 50, |_| ());
    same_decisions(&ideal, 10, 50, Gpu::make_large);
    // regions that overlap: atoms change into each other in both, and N counts there
    (ideal.cell, ideal.capacity) = (Cell::slab(DVec3::new(4.0, 4.0, 4.0), 0.0), 30);
    let of = |species, max_atoms, z_lo, z_hi| {
        let volume = 16.0 * (z_hi - z_lo);
        Reservoir { species, max_atoms, z_lo, z_hi, volume }
    };
    ideal.reservoirs = vec![of(0, 14, 0.0, 2.5), of(1, 16, 1.5, 4.0)];
    same_decisions(&ideal, 20, 50, |_| ());
    same_decisions(&ideal, 10, 50, Gpu::make_large);
}

/// One cycle of more attempts than the log of a go holds: insertions and deletions in two goes, and changes of identity
/// that follow them in the second and in a third one.
#[test]
fn the_log_of_many_moves_is_whole() {
    let Some(device) = device() else { return };
    let mut ideal = system(DVec3::new(4.0, 4.0, 4.0), false);
    ideal.pairs = PairTable::new(2, 1.5, Truncation::Shifted, false, |_, _| LennardJones::new(0.0, 1.0));
    ideal.capacity = 24;
    let of = |species, max_atoms| Reservoir { species, ..reservoir(&ideal.cell, max_atoms) };
    ideal.reservoirs = vec![of(0, 8), of(1, 16)];
    let start = Batch { configurations: (0..4).map(|r| configuration(&ideal, r as u64, r, |_| 1)).collect() };
    let (mut gpu, mut reference, _) = pair_of_backends(&device, &ideal, &start, &states(4, 2), &identity(4), |_| ());
    let work = CycleWork {
        particle_moves: Some(Span { first: 5, count: 1800 }),
        identity: Some(Span { first: 9, count: 900 }),
        tally: true,
        ..CycleWork::default()
    };
    let log = |backend: &mut dyn Backend| {
        let result = backend.cycle(&work).expect("moves");
        let mut all = Vec::new();
        let mut keep = |_: usize, log: &[MoveEvent]| all.push(log.to_vec());
        result.events.for_each_replica(&mut keep).expect("events");
        all
    };
    let (ours, theirs) = (log(&mut gpu), log(&mut reference));
    assert_eq!(ours, theirs);
    assert!(theirs.iter().all(|log| log.len() > 1024), "{:?}", theirs.iter().map(Vec::len).collect::<Vec<_>>());
    assert_same_transitions(
        "all goes",
        &gpu.transitions().expect("tallies"),
        &reference.transitions().expect("tallies"),
    );
}

#[test]
fn host_decided_moves_are_the_fused_ones() {
    let Some(device) = device() else { return };
    let system = slab(24);
    let batch = batch(&system);
    let n = batch.configurations.len();
    let (mut fused, _, held) = pair_of_backends(&device, &system, &batch, &states(n, 1), &identity(n), |_| ());
    let mut driven = Gpu::new(device, Arc::new(system.clone()), *fused.rng()).expect("a second one");
    driven.load(&held, &states(n, 1), &identity(n)).expect("load");
    let result = fused.particle_moves(40, 60, true).expect("moves");
    let (tallies, events) = particle_moves_on_host(&mut driven, 40, 60).expect("moves");
    assert_same_transitions("fused", &fused.transitions().expect("tallies"), &tallies);
    let mut logged = 0;
    let mut compare = |r: usize, log: &[MoveEvent]| {
        assert_eq!(log, events[r], "replica {r}");
        logged += log.len();
    };
    result.events.for_each_replica(&mut compare).expect("events");
    assert!(logged > 50, "only {logged} moves were accepted");
    let (mut ours, mut theirs) = (Batch::default(), Batch::default());
    fused.store(&mut ours).expect("store");
    driven.store(&mut theirs).expect("store");
    for (a, b) in ours.configurations.iter().zip(&theirs.configurations) {
        let (positions, velocities) = difference(&system, a, b);
        assert!(positions < 2e-6 && velocities < 5e-5, "{positions:.1e} {velocities:.1e}");
    }
}
