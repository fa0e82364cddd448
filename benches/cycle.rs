//! One cycle of a run: dynamics, particle moves, exchange, measurement.
//!
//! Ids are `cycle/<backend>/<replicas>x<atoms>`; throughput counts MD steps of one replica. Starts are equilibrated.

use adlayer::backend;
use adlayer::engine::initial::initial_batch;
use adlayer::engine::sampler::{CyclePlan, Sampler};
use adlayer::exchange::Period;
use adlayer::rng::Rng;
use adlayer::scene;
use adlayer::scene::grammar::Exchange;
use adlayer::system::System;
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// A scene of the project, equilibrated for `cycles`.
fn sampler(device: &str, name: &str, cycles: u32) -> Sampler {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenes").join(name);
    let loaded = scene::load(&path).expect("a scene of the project");
    let (system, grid, rng) = (Arc::new(System::from_scene(&loaded)), loaded.grid(), Rng::new(loaded.scene.seed));
    let batch = initial_batch(&loaded, &system, &grid, &rng).expect("a sound start");
    let Exchange::EvenOdd { every } = loaded.scene.exchange;
    let plan =
        CyclePlan { steps: system.dynamics.steps(), attempts: loaded.scene.moves.insert_delete, exchange_every: every };
    let backend = backend::open(device, system, rng).expect("a backend of this computer");
    let mut sampler = Sampler::new(grid, backend, plan, &batch).expect("the backend holds the batch");
    for _ in 0..cycles {
        sampler.advance(Period::Equilibration).expect("a cycle");
    }
    sampler
}

/// The default scene on all threads, and one replica of the W1 workload on one thread: steps/s per core.
fn cycle(c: &mut Criterion) {
    let mut group = c.benchmark_group("cycle");
    group.sample_size(10).warm_up_time(Duration::from_secs(1)).measurement_time(Duration::from_secs(6));
    for device in ["reference", "cpu"] {
        for (name, atoms, cycles, threads) in [("lj_surface.ron", 12, 60, 0), ("bench_surface.ron", 64, 40, 1)] {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("a pool of threads");
            let mut sampler = pool.install(|| sampler(device, name, cycles));
            let replicas = sampler.assignment().states().len();
            let steps = u64::from(sampler.backend().system().dynamics.steps());
            group.throughput(Throughput::Elements(replicas as u64 * steps));
            group.bench_function(BenchmarkId::new(device, format!("{replicas}x{atoms}")), |b| {
                b.iter(|| pool.install(|| sampler.advance(Period::SecondHalf).expect("a cycle")));
            });
        }
    }
    group.finish();
}

criterion_group!(benches, cycle);
criterion_main!(benches);
