//! The kernels of a cycle and the cycle itself, reference beside cpu: pair forces, dynamics, particle moves,
//! measurement, exchange. MBAR has its own bench.
//!
//! Ids are `<kernel>/<backend>/<replicas>x<atoms>`. Throughput counts atom-steps for forces and dynamics, attempts for
//! particle moves and exchange, replicas for measurement, MD steps of one replica for the cycle. Starts are equilibrated.
//! All on one thread, but for the cycle of the default scene, which takes all of them.

use adlayer::testing::input::scene::grammar::Dynamics;
use adlayer::testing::input::scene::{self, CheckedScene};
use adlayer::testing::moves::exchange::{Exchanger, Period};
use adlayer::testing::sampler::Sampler;
use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use rayon::{ThreadPool, ThreadPoolBuilder};
use std::path::Path;
use std::time::Duration;

const BACKENDS: [&str; 2] = ["reference", "cpu"];

/// A scene of the project.
fn load(name: &str) -> CheckedScene {
    scene::load(Path::new(env!("CARGO_MANIFEST_DIR")).join("scenes").join(name)).expect("a scene of the project")
}

/// A Lennard-Jones liquid of density 0.8.
fn fluid(atoms: u32) -> CheckedScene {
    let side = (f64::from(atoms) / 0.8).cbrt();
    let text = std::fs::read_to_string(load("bench_fluid.ron").path)
        .expect("a scene of the project")
        .replace("lengths: (6.8399, 6.8399, 6.8399)", &format!("lengths: ({side}, {side}, {side})"))
        .replace("atoms: 256", &format!("atoms: {atoms}"));
    scene::parse(&text, Path::new("fluid.ron")).unwrap_or_else(|e| panic!("{e}"))
}

/// A scene on a backend, equilibrated for `cycles`.
fn sampler(device: &str, loaded: &CheckedScene, cycles: u32) -> Sampler {
    let mut sampler = Sampler::from_scene(loaded, device).expect("a backend of this computer and a sound start");
    sampler.equilibrate(cycles).expect("cycles");
    sampler
}

/// Replicas, and mobile atoms of all of them.
fn size(sampler: &Sampler) -> (usize, usize) {
    let mut batch = Default::default();
    sampler.backend().store(&mut batch).expect("handed out");
    (batch.configurations.len(), batch.configurations.iter().map(|x| x.len()).sum())
}

fn id(device: &str, sampler: &Sampler) -> BenchmarkId {
    let (replicas, atoms) = size(sampler);
    BenchmarkId::new(device, format!("{replicas}x{}", (atoms as f64 / replicas as f64).round()))
}

fn pool(threads: usize) -> ThreadPool {
    ThreadPoolBuilder::new().num_threads(threads).build().expect("a pool of threads")
}

fn group<'a>(c: &'a mut Criterion, name: &str) -> BenchmarkGroup<'a, WallTime> {
    let mut group = c.benchmark_group(name);
    group.sample_size(10).warm_up_time(Duration::from_millis(500)).measurement_time(Duration::from_secs(3));
    group
}

/// Segments of a backend alone: throughput in atom-steps.
fn segments(c: &mut Criterion, name: &str, scenes: &[(CheckedScene, u32)], steps: u32) {
    let (mut group, pool) = (group(c, name), pool(1));
    for (loaded, cycles) in scenes {
        for device in BACKENDS {
            let mut sampler = pool.install(|| sampler(device, loaded, *cycles));
            group.throughput(Throughput::Elements(size(&sampler).1 as u64 * u64::from(steps)));
            let id = id(device, &sampler);
            let (backend, mut first) = (sampler.backend_mut(), 1 << 40);
            group.bench_function(id, |b| {
                b.iter(|| {
                    pool.install(|| backend.propagate(first, steps)).expect("moved");
                    first += u64::from(steps);
                });
            });
        }
    }
}

/// Verlet segments of ten steps: pair forces and little else (an energy at the end).
fn pair_force(c: &mut Criterion) {
    let verlet = |mut loaded: CheckedScene| {
        loaded.scene.dynamics = Dynamics::Verlet { dt: 0.001, steps: 10, redraw: true };
        loaded
    };
    let scenes = [(load("bench_surface.ron"), 40), (fluid(256), 40), (fluid(4000), 0)];
    segments(c, "pair_force", &scenes.map(|(loaded, cycles)| (verlet(loaded), cycles)), 10);
}

/// BAOAB segments of 50 steps.
fn propagate(c: &mut Criterion) {
    segments(c, "propagate", &[(load("bench_surface.ron"), 40), (fluid(256), 40), (load("lj_surface.ron"), 60)], 50);
}

/// Insertions and deletions alone: in a dense fluid, and in the default scene.
fn particle_moves(c: &mut Criterion) {
    let (mut group, pool) = (group(c, "particle_moves"), pool(1));
    for (loaded, cycles) in [(load("bench_gcmc.ron"), 60), (load("lj_surface.ron"), 60)] {
        for device in BACKENDS {
            let mut sampler = pool.install(|| sampler(device, &loaded, cycles));
            group.throughput(Throughput::Elements(size(&sampler).0 as u64 * 100));
            let id = id(device, &sampler);
            let (backend, mut first) = (sampler.backend_mut(), 1 << 40);
            group.bench_function(id, |b| {
                b.iter(|| {
                    pool.install(|| backend.particle_moves(first, 100, false)).expect("tried");
                    first += 100;
                });
            });
        }
    }
}

/// E and N of every replica.
fn measure(c: &mut Criterion) {
    let (mut group, loaded) = (group(c, "measure"), load("lj_surface.ron"));
    for device in BACKENDS {
        let mut sampler = sampler(device, &loaded, 20);
        group.throughput(Throughput::Elements(size(&sampler).0 as u64));
        let id = id(device, &sampler);
        group.bench_function(id, |b| b.iter(|| sampler.backend_mut().measure().expect("measured")));
    }
}

/// Rounds of exchange on one set of energies, with the states handed to the backend.
fn exchange(c: &mut Criterion) {
    let (mut group, loaded) = (group(c, "exchange"), load("lj_surface.ron"));
    for device in BACKENDS {
        let mut sampler = sampler(device, &loaded, 20);
        let (grid, rng) = (sampler.grid().clone(), *sampler.backend().rng());
        let (mut exchanger, mut assignment) =
            (Exchanger::new(&grid, sampler.plan().exchange), sampler.assignment().clone());
        let measurements = sampler.measurements().to_vec();
        // An axis and a parity at a time: a quarter of the edges.
        group.throughput(Throughput::Elements(grid.edges.len() as u64 / 4));
        let (id, mut round) = (id(device, &sampler), 1 << 40);
        let backend = sampler.backend_mut();
        group.bench_function(id, |b| {
            b.iter(|| {
                exchanger.exchange(&grid, &rng, round, Period::Production, &measurements, &mut assignment);
                backend.set_states(assignment.states()).expect("handed over");
                round += 1;
            });
        });
    }
}

/// The default scene on all threads, and one replica of the W1 workload on one thread: steps/s per core.
fn cycle(c: &mut Criterion) {
    let mut group = group(c, "cycle");
    group.measurement_time(Duration::from_secs(6));
    for (name, cycles, threads) in [("lj_surface.ron", 60, 0), ("bench_surface.ron", 40, 1)] {
        let (pool, loaded) = (pool(threads), load(name));
        for device in BACKENDS {
            let mut sampler = pool.install(|| sampler(device, &loaded, cycles));
            let steps = u64::from(sampler.backend().system().dynamics.steps());
            group.throughput(Throughput::Elements(size(&sampler).0 as u64 * steps));
            let id = id(device, &sampler);
            group.bench_function(id, |b| {
                b.iter(|| pool.install(|| sampler.advance(Period::Production).expect("a cycle")));
            });
        }
    }
}

criterion_group!(benches, pair_force, propagate, particle_moves, measure, exchange, cycle);
criterion_main!(benches);
