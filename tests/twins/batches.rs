//! What only a GPU can get wrong: batches, split segments, buffers, faults, the self-test.

use crate::announce::announce;
use crate::gpu::device;
use crate::systems::{configuration, slab, states, system};
use adlayer::testing::backend::AdapterChoice;
use adlayer::testing::backend::gpu::{Gpu, Way, open, open_anew, survey};
use adlayer::testing::backend::{self, Backend};
use adlayer::testing::base::ids::StateId;
use adlayer::testing::base::rng::Rng;
use adlayer::testing::input::scene::grammar::Truncation;
use adlayer::testing::moves::MoveKind;
use adlayer::testing::potential::{LennardJones, PairTable};
use adlayer::testing::system::configuration::{Batch, Configuration};
use adlayer::testing::system::{Dynamics, System};
use glam::DVec3;
use std::sync::Arc;

fn identity(n: usize) -> Vec<StateId> {
    (0..n as u32).map(StateId).collect()
}

fn gpu(system: &System) -> Option<Gpu> {
    let device = device()?;
    Some(Gpu::new(device, Arc::new(system.clone()), Rng::new(5)).expect("the system fits"))
}

/// One replica, calm enough to be integrated.
fn calm(system: &System, seed: u64, n: usize) -> Configuration {
    configuration(system, seed, n, |_| 1)
}

/// Two cycles of everything that moves a replica.
fn two_cycles(gpu: &mut Gpu, n: usize) -> Batch {
    let mut batch = Batch::default();
    for cycle in 0..2 {
        gpu.propagate(cycle * 20, 20).expect("segment");
        gpu.particle_moves(cycle * 40, 40, true).expect("moves");
        gpu.measure().expect("measure");
        let mut turned = identity(n);
        turned.rotate_left(cycle as usize);
        gpu.set_states(&turned).expect("states");
    }
    gpu.store(&mut batch).expect("store");
    batch
}

#[test]
fn a_replica_alone_is_the_same_replica_among_a_thousand() {
    let system = slab(24);
    let Some(mut gpu) = gpu(&system) else { return };
    let n = 1000;
    let one = calm(&system, 3, 11);
    // replica 0 is the one; the others have other numbers of atoms, and its neighbours in the order differ
    let crowd: Vec<Configuration> =
        (0..n).map(|r| if r == 0 { one.clone() } else { calm(&system, r as u64, r * 7 % 25) }).collect();
    let all = states(4, 1);
    let mut together = Batch::default();
    gpu.load(&Batch { configurations: crowd }, &all, &vec![StateId(1); n]).expect("load");
    gpu.propagate(0, 20).expect("segment");
    gpu.particle_moves(0, 40, false).expect("moves");
    let e_together = gpu.measure().expect("measure")[0].clone();
    gpu.store(&mut together).expect("store");
    let mut alone = Batch::default();
    gpu.load(&Batch { configurations: vec![one] }, &all, &[StateId(1)]).expect("load");
    gpu.propagate(0, 20).expect("segment");
    gpu.particle_moves(0, 40, false).expect("moves");
    let e_alone = gpu.measure().expect("measure")[0].clone();
    gpu.store(&mut alone).expect("store");
    assert_eq!(alone.configurations[0], together.configurations[0]);
    assert_eq!(e_alone, e_together);
}

/// Runs segments of these lengths after one another.
fn segments(gpu: &mut Gpu, batch: &Batch, lengths: &[u32]) -> Batch {
    let n = batch.configurations.len();
    gpu.load(batch, &states(n, gpu.system().reservoirs.len()), &identity(n)).expect("load");
    let mut first = 0;
    for &length in lengths {
        gpu.propagate(first, length).expect("segment");
        first += u64::from(length);
    }
    let mut after = Batch::default();
    gpu.store(&mut after).expect("store");
    after
}

#[test]
fn split_segments_have_the_bits_of_a_whole_one() {
    for dynamics in [
        Dynamics::Baoab { dt: 0.004, friction: 1.0, steps: 2000 },
        Dynamics::Verlet { dt: 0.004, steps: 2000, redraw: true },
        Dynamics::MonteCarlo { displacement: 0.2, attempts: 2000 },
    ] {
        let mut system = slab(24);
        system.dynamics = dynamics;
        let Some(mut gpu) = gpu(&system) else { return };
        let batch = Batch { configurations: [0, 1, 9, 24].map(|n| calm(&system, n as u64, n)).to_vec() };
        let whole = segments(&mut gpu, &batch, &[2000]);
        assert_eq!(whole, segments(&mut gpu, &batch, &[700, 1300]), "{dynamics:?}");
        assert_eq!(whole, segments(&mut gpu, &batch, &[1, 2, 997, 1000]), "{dynamics:?}");
        // and when the watchdog rule splits them
        gpu.limit(2, 20_000);
        assert_eq!(whole, segments(&mut gpu, &batch, &[2000]), "{dynamics:?}");
        assert_ne!(whole, batch);
    }
}

/// A liquid film of 256 atoms, whose lists are rebuilt several times in 120 steps.
fn film() -> (System, Batch) {
    let mut film = slab(256);
    film.cell.lengths.z = 14.0;
    film.dynamics = Dynamics::Baoab { dt: 0.004, friction: 1.0, steps: 120 };
    let spacing = film.cell.lengths / DVec3::new(5.0, 5.0, 12.0);
    let hot = |n: usize| {
        let mut x = calm(&film, n as u64, n);
        for (k, (p, v)) in x.positions.iter_mut().zip(&mut x.velocities).enumerate() {
            let site = DVec3::new((k % 5) as f64, (k / 5 % 5) as f64, (k / 25) as f64);
            *p = (site + 0.5 + 0.02 * *v) * spacing;
            *v *= 3.0;
        }
        x
    };
    let batch = Batch { configurations: vec![hot(256), hot(131)] };
    (film, batch)
}

#[test]
fn split_segments_have_the_same_bits_across_rebuilds_of_lists() {
    let (film, batch) = film();
    for prepare in [|_: &mut Gpu| (), |gpu: &mut Gpu| gpu.go(Way::WholeSlab), Gpu::make_large] {
        let Some(mut gpu) = gpu(&film) else { return };
        prepare(&mut gpu);
        assert!(gpu.info().kernel.contains("neighbour lists"), "{}", gpu.info().kernel);
        let whole = segments(&mut gpu, &batch, &[120]);
        let step = |a: &Configuration, b: &Configuration| {
            let far = |(p, q): (&DVec3, &DVec3)| film.cell.minimum_image(*p - *q).length();
            a.positions.iter().zip(&b.positions).map(far).fold(0.0, f64::max)
        };
        assert!(step(&whole.configurations[0], &batch.configurations[0]) > 0.6, "no list was rebuilt");
        assert_eq!(whole, segments(&mut gpu, &batch, &[41, 1, 78]), "{}", gpu.info().kernel);
        gpu.limit(1, 1_000_000);
        assert_eq!(whole, segments(&mut gpu, &batch, &[120]), "{}", gpu.info().kernel);
    }
}

#[test]
fn a_list_without_room_changes_nothing_but_time() {
    let (film, batch) = film();
    let Some(mut gpu) = gpu(&film) else { return };
    let ample = segments(&mut gpu, &batch, &[6]);
    for prepare in [|_: &mut Gpu| (), Gpu::make_large] {
        for words in [6, 1] {
            let Some(mut gpu) = self::gpu(&film) else { return };
            prepare(&mut gpu);
            gpu.limit_lists(words);
            let tight = segments(&mut gpu, &batch, &[6]);
            for (a, b) in ample.configurations.iter().zip(&tight.configurations) {
                let far = |(p, q): (&DVec3, &DVec3)| film.cell.minimum_image(*p - *q).length();
                let worst = a.positions.iter().zip(&b.positions).map(far).fold(0.0, f64::max);
                assert!(worst < 1e-4, "{}: {worst:.1e}", gpu.info().kernel);
            }
        }
    }
}

#[test]
fn many_small_chunks_are_one_batch() {
    let system = slab(16);
    let Some(mut gpu) = gpu(&system) else { return };
    let n = 23;
    let batch = Batch { configurations: (0..n).map(|r| calm(&system, r as u64, r * 5 % 17)).collect() };
    gpu.load(&batch, &states(n, 1), &identity(n)).expect("load");
    let most: Vec<u32> = (0..n as u32).map(|k| 3 * k).collect();
    gpu.set_attempts(&most).expect("attempts");
    let whole = two_cycles(&mut gpu, n);
    let (measured, tallies) = (gpu.measure().expect("measure"), gpu.transitions().expect("tallies"));
    gpu.limit(5, 20_000);
    gpu.load(&batch, &states(n, 1), &identity(n)).expect("load");
    gpu.set_attempts(&most).expect("attempts");
    assert_eq!(whole, two_cycles(&mut gpu, n));
    assert_eq!(measured, gpu.measure().expect("measure"));
    assert_eq!(tallies, gpu.transitions().expect("tallies"));
    assert!(tallies.moves().iter().any(|t| t.of(MoveKind::INSERT).accepted > 0));
}

#[test]
fn one_seed_gives_the_same_bits_twice_and_another_seed_others() {
    let system = slab(16);
    let Some(device) = device() else { return };
    let n = 8;
    let batch = Batch { configurations: (0..n).map(|r| calm(&system, r as u64, 2 * r)).collect() };
    let run = |seed: u64| {
        let mut gpu = Gpu::new(Arc::clone(&device), Arc::new(system.clone()), Rng::new(seed)).expect("it fits");
        gpu.load(&batch, &states(n, 1), &identity(n)).expect("load");
        two_cycles(&mut gpu, n)
    };
    assert_eq!(run(9), run(9));
    assert_ne!(run(9), run(1 << 40));
}

#[test]
fn what_is_stored_can_be_loaded_and_goes_on_with_the_same_bits() {
    let system = slab(16);
    let Some(mut gpu) = gpu(&system) else { return };
    let n = 6;
    let batch = Batch { configurations: (0..n).map(|r| calm(&system, r as u64, 3 * r)).collect() };
    let mut turned = identity(n);
    turned.rotate_left(2);
    let go = |gpu: &mut Gpu, resume: bool| {
        gpu.load(&batch, &states(n, 1), &identity(n)).expect("load");
        gpu.propagate(0, 30).expect("segment");
        gpu.particle_moves(0, 30, true).expect("moves");
        gpu.set_states(&turned).expect("states");
        if resume {
            let mut checkpoint = Batch::default();
            gpu.store(&mut checkpoint).expect("store");
            gpu.load(&checkpoint, &states(n, 1), &turned).expect("load");
        }
        gpu.propagate(30, 30).expect("segment");
        gpu.particle_moves(30, 30, true).expect("moves");
        let mut after = Batch::default();
        gpu.store(&mut after).expect("store");
        (after, gpu.measure().expect("measure"))
    };
    assert_eq!(go(&mut gpu, false), go(&mut gpu, true));
}

#[test]
fn a_full_replica_rejects_insertions_and_reports_them() {
    let mut system = system(DVec3::new(4.0, 4.0, 4.0), false);
    system.pairs = PairTable::new(2, 1.5, Truncation::Shifted, false, |_, _| LennardJones::new(0.0, 1.0));
    system.capacity = 3;
    system.reservoirs = vec![crate::systems::reservoir(&system.cell, 3)];
    let Some(mut gpu) = gpu(&system) else { return };
    let mut state = states(1, 1);
    state[0].ln_z = vec![9.0];
    let batch = Batch { configurations: vec![Configuration::default(); 4] };
    gpu.load(&batch, &state, &[StateId(0); 4]).expect("load");
    gpu.particle_moves(0, 200, true).expect("moves");
    assert!(gpu.measure().expect("measure").iter().all(|m| m.counts[..] == [3]));
    let transitions = gpu.transitions().expect("tallies");
    let tally = transitions.moves()[0];
    // a full replica tries insertions that are impossible, and tallies them as such
    let full = transitions.total(0, 0)[3];
    let tried = full.of(MoveKind::INSERT);
    assert!(tried.attempts > 300 && tried.probability.value() == 0.0, "{full:?}");
    assert_eq!(tally.attempts(), 800);
    // no deletion can succeed at this activity, so the three insertions of every replica were the last
    assert_eq!(MoveKind::TALLIED.map(|kind| tally.of(kind).accepted), [12, 0, 0]);
}

#[test]
fn everything_inserted_can_be_deleted() {
    let system = slab(12);
    let Some(mut gpu) = gpu(&system) else { return };
    let mut state = states(2, 1);
    (state[0].ln_z[0], state[1].ln_z[0]) = (12.0, -80.0);
    state.iter_mut().for_each(|s| s.kt = 2.0);
    gpu.load(&Batch { configurations: vec![Configuration::default(); 3] }, &state, &[StateId(0); 3]).expect("load");
    gpu.particle_moves(0, 2000, false).expect("moves");
    assert!(gpu.measure().expect("measure").iter().all(|m| m.counts[0] >= 11));
    gpu.set_states(&[StateId(1); 3]).expect("states");
    gpu.particle_moves(2000, 2000, false).expect("moves");
    for m in gpu.measure().expect("measure") {
        assert_eq!((m.counts[0], m.energy), (0, 0.0));
    }
}

#[test]
fn an_overlap_is_finite_and_goes_away_with_the_atom() {
    let mut system = slab(4);
    system.dynamics = Dynamics::MonteCarlo { displacement: 0.1, attempts: 10 };
    let Some(mut gpu) = gpu(&system) else { return };
    let mut x = calm(&system, 1, 3);
    x.positions[2] = x.positions[1] + DVec3::new(0.01, 0.0, 0.0);
    x.positions[0] = x.positions[1];
    gpu.load(&Batch { configurations: vec![x.clone(), x] }, &states(2, 1), &identity(2)).expect("load");
    for m in gpu.measure().expect("measure") {
        assert!(m.energy.is_finite() && m.energy > 1e30, "{}", m.energy);
    }
    assert!(gpu.forces().expect("forces").iter().flatten().all(|f| f.is_finite()));
    gpu.particle_moves(0, 400, false).expect("moves");
    for m in gpu.measure().expect("measure") {
        assert!(m.energy < 100.0, "{}", m.energy);
    }
}

#[test]
fn an_unsound_replica_has_no_energy() {
    let mut system = slab(4);
    system.dynamics = Dynamics::Verlet { dt: 1e30, steps: 1, redraw: false };
    let Some(mut gpu) = gpu(&system) else { return };
    let batch = Batch { configurations: vec![calm(&system, 1, 3), Configuration::default()] };
    gpu.load(&batch, &states(2, 1), &identity(2)).expect("load");
    gpu.propagate(0, 5).expect("segment");
    let measured = gpu.measure().expect("measure");
    assert!(measured[0].energy.is_nan() && measured[1].energy == 0.0);
}

#[test]
fn unused_slots_stay_untouched() {
    let system = slab(12);
    let Some(mut gpu) = gpu(&system) else { return };
    let batch = Batch { configurations: vec![calm(&system, 1, 5), calm(&system, 2, 0), calm(&system, 3, 12)] };
    gpu.load(&batch, &states(3, 1), &identity(3)).expect("load");
    gpu.propagate(0, 10).expect("segment");
    let mut after = Batch::default();
    gpu.store(&mut after).expect("store");
    let sizes: Vec<usize> = after.configurations.iter().map(Configuration::len).collect();
    assert_eq!(sizes, [5, 0, 12]);
    assert!(after.configurations.iter().flat_map(|x| &x.species).all(|&s| s == 1));
}

#[test]
fn a_lost_device_is_an_error_not_a_wrong_number() {
    if device().is_none() {
        return;
    }
    let system = slab(4);
    let own = open_anew(&AdapterChoice::Any).expect("it opened before");
    let mut gpu = Gpu::new(Arc::clone(&own), Arc::new(system.clone()), Rng::new(5)).expect("it fits");
    let batch = Batch { configurations: vec![calm(&system, 1, 3)] };
    gpu.load(&batch, &states(1, 1), &identity(1)).expect("load");
    gpu.measure().expect("measure");
    own.lose();
    let error = gpu.propagate(0, 1).err().expect("the device is gone");
    assert!(error.to_string().contains("lost") && error.to_string().contains("resumed"), "{error}");
    assert_eq!(adlayer::cli::exit_code(&error), 69);
}

#[test]
fn an_absent_adapter_is_named_with_those_that_exist() {
    let error = open(&AdapterChoice::Named("no such adapter".into())).expect_err("there is none of that name");
    assert!(error.to_string().contains("no such adapter") && error.to_string().contains("doctor"), "{error}");
    assert_eq!(adlayer::cli::exit_code(&error), 69);
}

#[test]
fn auto_never_takes_a_software_adapter() {
    let reports = survey();
    for r in &reports {
        announce(&format!("adapter {} ({}, {}): {}", r.name, r.api, r.kind, r.refused.as_deref().unwrap_or("sound")));
    }
    let opened = backend::open("auto", Arc::new(slab(4)), Rng::new(1)).expect("auto always finds something");
    let on_hardware = reports.iter().any(|r| !r.software && r.refused.is_none());
    assert_eq!(
        opened.info().kernel.starts_with("f32, all pairs in workgroup"),
        on_hardware,
        "{}",
        opened.info().description
    );
}

#[test]
fn replicas_beyond_workgroup_memory_stay_in_storage() {
    let mut large = slab(4);
    large.capacity = 2_000;
    let Some(mut gpu) = gpu(&large) else { return };
    assert!(gpu.info().kernel.contains("one dispatch a step"), "{}", gpu.info().kernel);
    let batch = Batch { configurations: vec![calm(&large, 1, 4)] };
    let after = segments(&mut gpu, &batch, &[3]);
    assert_eq!(after.configurations[0].len(), 4);
}

#[test]
fn too_large_a_replica_is_refused_with_the_numbers() {
    let mut large = slab(4);
    large.capacity = 80_000;
    let Some(device) = device() else { return };
    let error = Gpu::new(device, Arc::new(large), Rng::new(1)).err().expect("it does not fit");
    assert!(error.to_string().contains("80000") && error.to_string().contains("reference"), "{error}");
}
