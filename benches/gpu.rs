//! Throughput of the GPU kernels; `--table` prints the figures of `benches/gpu.sh` instead, one JSON line each, of the
//! workloads that `--only` names (W1,W5,default).
//!
//! `gpu/propagate/RxN` and `gpu/particle_moves/RxN`: R replicas of N mobile atoms over the slab of W1; `u` after the size
//! means unequal N, evenly from 0 to N. `gpu/cycle`: 50 steps, 100 attempts, measurement. Throughput in atom-steps or
//! attempts; every sample waits for the device.

use adlayer::testing::backend::AdapterChoice;
use adlayer::testing::backend::gpu::{Gpu, open};
use adlayer::testing::backend::{self, Backend, CycleWork, Span};
use adlayer::testing::base::ids::StateId;
use adlayer::testing::base::rng::Rng;
use adlayer::testing::input::scene::grammar::Balance;
use adlayer::testing::input::scene::{self, CheckedScene};
use adlayer::testing::moves::exchange::Period;
use adlayer::testing::run::push_samples;
use adlayer::testing::sample::SampleWriter;
use adlayer::testing::sampler::Setup;
use adlayer::testing::system::System;
use adlayer::testing::system::configuration::{Batch, Configuration};
use adlayer::testing::thermo::states::StatePoint;
use criterion::{BenchmarkId, Criterion, Throughput};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Steps and insertion attempts of a cycle of W1 and W5.
const STEPS: u32 = 50;
const ATTEMPTS: u32 = 100;

fn scenes() -> PathBuf {
    let folder = std::env::var_os("ADLAYER_SCENES").map_or_else(|| PathBuf::from("scenes"), PathBuf::from);
    assert!(folder.is_dir(), "no folder {}; run from the repository or set ADLAYER_SCENES", folder.display());
    folder
}

fn load(name: &str) -> CheckedScene {
    scene::load(scenes().join(name)).unwrap_or_else(|e| panic!("{name}: {e}"))
}

/// The slab of W1 with room for `n` mobile atoms, and `replicas` of them filled from the crystal upwards.
fn surface(replicas: usize, n: usize, equal: bool) -> (System, Batch) {
    let layers = n.div_ceil(36) as f64;
    let text = std::fs::read_to_string(scenes().join("bench_surface.ron")).expect("the scene of W1");
    let text = text
        .replace("height: 20.0", &format!("height: {}", 6.0 + 2.0 * layers))
        .replace("atoms: 64", &format!("atoms: {n}"));
    let loaded = scene::parse(&text, &scenes().join("bench_surface.ron")).unwrap_or_else(|e| panic!("{e}\n{text}"));
    let setup = Setup { rng: Rng::new(1), ..Setup::from_scene(&loaded).expect("pairs") };
    let full = &setup.start().expect("a crystal has no overlaps").configurations[0];
    let mut system = System::clone(&setup.system);
    let cell = system.cell;
    system.reservoirs = vec![adlayer::testing::system::Reservoir {
        species: 1,
        max_atoms: system.capacity as u16,
        z_lo: cell.floor,
        z_hi: cell.ceiling(),
        volume: cell.volume(),
    }];
    let cut = |r: usize| {
        let keep = if equal { n } else { r * (n + 1) / replicas };
        Configuration {
            positions: full.positions[..keep].to_vec(),
            velocities: full.velocities[..keep].to_vec(),
            species: full.species[..keep].to_vec(),
        }
    };
    (system, Batch { configurations: (0..replicas).map(cut).collect() })
}

/// A loaded GPU, its replicas on the way for a while.
fn running(replicas: usize, n: usize, equal: bool) -> Option<(Gpu, u64)> {
    let device = open(&AdapterChoice::Any).ok()?;
    let (system, batch) = surface(replicas, n, equal);
    let atoms = batch.configurations.iter().map(|x| x.len() as u64).sum();
    let mut gpu = Gpu::new(device, Arc::new(system), Rng::new(1)).ok()?;
    let state = StatePoint { temperature: 0.7, kt: 0.7, ln_z: vec![-4.0], window: None };
    gpu.load(&batch, &[state], &vec![StateId(0); replicas]).ok()?;
    gpu.propagate(0, 200).ok()?;
    Some((gpu, atoms))
}

fn criterion_groups(c: &mut Criterion) {
    let mut first = 200_u64;
    for (replicas, n, equal) in [
        (64, 64, true),
        (1024, 8, true),
        (1024, 64, true),
        (1024, 64, false),
        (4096, 64, true),
        (4096, 64, false),
        (1024, 512, true),
        (16_384, 64, true),
    ] {
        let Some((mut gpu, atoms)) = running(replicas, n, equal) else { return };
        let size = format!("{replicas}x{n}{}", if equal { "" } else { "u" });
        let mut group = c.benchmark_group("gpu");
        group.sample_size(10);
        group.throughput(Throughput::Elements(atoms * u64::from(STEPS)));
        group.bench_function(BenchmarkId::new("propagate", &size), |b| {
            b.iter(|| {
                first += u64::from(STEPS);
                gpu.propagate(first, STEPS).expect("segment").measurements
            });
        });
        group.throughput(Throughput::Elements(replicas as u64 * u64::from(ATTEMPTS)));
        group.bench_function(BenchmarkId::new("particle_moves", &size), |b| {
            b.iter(|| {
                first += u64::from(ATTEMPTS);
                gpu.particle_moves(first, ATTEMPTS, true).expect("moves").measurements
            });
        });
        group.bench_function(BenchmarkId::new("cycle", &size), |b| {
            b.iter(|| {
                first += u64::from(STEPS.max(ATTEMPTS));
                let work = CycleWork {
                    dynamics: Some(Span { first, count: STEPS }),
                    identity: None,
                    particle_moves: Some(Span { first, count: ATTEMPTS }),
                    tally: true,
                    keep: false,
                };
                gpu.cycle(&work).expect("cycle").measurements
            });
        });
        group.finish();
    }
}

/// What a stretch of work did.
struct Stretch {
    /// Repetitions per second.
    per_s: f64,
    /// Mean power of the card meanwhile, where `nvidia-smi` tells it. [W]
    watts: Option<f64>,
}

/// Repeats work for `seconds` after a warm-up.
fn repeat(seconds: f64, mut advance: impl FnMut()) -> Stretch {
    for _ in 0..3 {
        advance();
    }
    let power = Power::watch();
    let (start, mut times) = (Instant::now(), 0_u32);
    while start.elapsed() < Duration::from_secs_f64(seconds) || times < 2 {
        advance();
        times += 1;
    }
    Stretch { per_s: f64::from(times) / start.elapsed().as_secs_f64(), watts: power.and_then(Power::mean) }
}

/// `nvidia-smi`, asked ten times a second.
struct Power(Child);

impl Power {
    fn watch() -> Option<Power> {
        let arguments = ["--query-gpu=power.draw", "--format=csv,noheader,nounits", "-lms", "100"];
        let child = Command::new("nvidia-smi").args(arguments).stdout(Stdio::piped()).stderr(Stdio::null()).spawn();
        child.ok().map(Power)
    }

    /// Mean of what it has told; the first reading is of the time before.
    fn mean(self) -> Option<f64> {
        let Power(mut child) = self;
        child.kill().ok()?;
        let told = child.wait_with_output().ok()?.stdout;
        let readings: Vec<f64> =
            String::from_utf8_lossy(&told).lines().skip(1).filter_map(|line| line.trim().parse().ok()).collect();
        (!readings.is_empty()).then(|| readings.iter().sum::<f64>() / readings.len() as f64)
    }
}

/// One line of the table.
///
/// - `rate`: replica-steps per second
fn print(workload: &str, replicas: usize, device: &str, rate: f64, watts: Option<f64>, more: &[(&str, f64)]) {
    let mut line = serde_json::json!({
        "peer": "adlayer", "workload": workload, "version": env!("CARGO_PKG_VERSION"), "device": device,
        "R": replicas, "replica_steps_per_s": rate,
    });
    if let Some(watts) = watts {
        line["watts"] = watts.into();
        line["nanojoules_per_replica_step"] = (1e9 * watts / rate).into();
    }
    for (key, value) in more {
        line[*key] = (*value).into();
    }
    say(&line.to_string());
}

/// W1 by its dynamics and by its particle moves, then whole cycles of two grids with their samples written, each at
/// several numbers of replicas.
fn table(device: &str, seconds: f64, replicas: &[usize], only: &[&str]) {
    for &r in replicas.iter().filter(|_| only.contains(&"W1")) {
        let (system, batch) = surface(r, 64, true);
        let mut run = backend::open(device, Arc::new(system), Rng::new(1)).expect("the device");
        let state = StatePoint { temperature: 0.7, kt: 0.7, ln_z: vec![-4.0], window: None };
        run.load(&batch, &[state], &vec![StateId(0); r]).expect("it fits");
        let mut first = 0;
        let md = repeat(seconds, || {
            run.propagate(first, STEPS).expect("segment");
            first += u64::from(STEPS);
        });
        let moves = repeat(0.5 * seconds, || {
            run.particle_moves(first, ATTEMPTS, true).expect("moves");
            first += u64::from(ATTEMPTS);
        });
        let scale = r as f64;
        let more = [("attempts_per_s", moves.per_s * f64::from(ATTEMPTS) * scale)];
        print("W1", r, &run.info().description, md.per_s * f64::from(STEPS) * scale, md.watts, &more);
    }
    let grids = [("W5", "bench_grid.ron"), ("default", "lj_surface.ron")];
    for (workload, scene) in grids.into_iter().filter(|(workload, _)| only.contains(workload)) {
        let mut loaded = load(scene);
        // All steps, so that dynamics of one length are beside cycles whatever the scene chooses.
        loaded.scene.balance = Balance::Fixed;
        let states = loaded.grid().len();
        let mut walkers: Vec<usize> = replicas.iter().map(|r| (r / states).max(1)).collect();
        walkers.dedup();
        walkers.into_iter().for_each(|w| grid(device, seconds, workload, loaded.clone(), w));
    }
}

/// Whole cycles of a grid, and the dynamics of the same replicas alone beside them.
fn grid(device: &str, seconds: f64, workload: &str, mut loaded: CheckedScene, walkers: usize) {
    loaded.scene.grid.walkers = walkers as u32;
    let setup = Setup { rng: Rng::new(1), ..Setup::from_scene(&loaded).expect("pairs") };
    let steps = f64::from(setup.plan.steps);
    let batch = setup.start().expect("the start of a bench scene");
    let run = setup.open(device).expect("the device");
    let (describe, n) = (run.info().description, batch.configurations.len());
    let mut sampler = setup.sampler(run, &batch).expect("it fits");
    let folder = tempfile::tempdir().expect("a place for samples");
    let mut writer = SampleWriter::new(folder.path(), &["B".to_owned()], 1 << 17).expect("a writer");
    let production = Period::Production;
    for _ in 0..loaded.scene.schedule.equilibration.min(60) {
        sampler.advance_ahead(production.into(), Some(production.into())).expect("cycle");
    }
    let (before, start, first) = (sampler.backend().info().usage, Instant::now(), sampler.cycle());
    let whole = repeat(seconds, || {
        sampler.advance_ahead(production.into(), Some(production.into())).expect("cycle");
        push_samples(&sampler, sampler.cycle() as u32, &[], &mut writer).expect("samples");
    });
    let mut more = Vec::new();
    if let (Some(before), Some(now)) = (before, sampler.backend().info().usage) {
        let (seconds, cycles) = (start.elapsed().as_secs_f64(), (sampler.cycle() - first) as f64);
        more.push(("ms_per_cycle", 1e3 * seconds / cycles));
        more.push(("bytes_read_per_cycle", (now.bytes_read - before.bytes_read) as f64 / cycles));
        more.push(("host_idle", (now.waited - before.waited) / seconds));
        if let (Some(before), Some(now)) = (before.busy, now.busy) {
            more.push(("device_idle", 1.0 - (now - before) / seconds));
        }
    }
    sampler.advance(production).expect("cycle");
    let mut first = 1 << 40;
    let md = repeat(0.5 * seconds, || {
        let run = sampler.backend_mut();
        run.propagate(first, STEPS).expect("segment");
        first += u64::from(STEPS);
        run.measure().expect("measure");
    });
    let n_real = n as f64;
    let (whole_rate, md_rate) = (whole.per_s * steps * n_real, md.per_s * f64::from(STEPS) * n_real);
    more.push(("cycle_over_md", whole_rate / md_rate));
    print(&format!("{workload}-md"), n, &describe, md_rate, md.watts, &[]);
    print(workload, n, &describe, whole_rate, whole.watts, &more);
}

#[expect(clippy::print_stdout, reason = "the table is the output")]
fn say(line: &str) {
    println!("{line}");
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments.iter().any(|a| a == "--table") {
        let value = |name: &str| arguments.iter().position(|a| a == name).and_then(|k| arguments.get(k + 1));
        let device = value("--device").map_or("auto", String::as_str);
        let seconds = value("--seconds").and_then(|s| s.parse().ok()).unwrap_or(4.0);
        let replicas: Vec<usize> = value("--R")
            .map_or("256,1024,4096,16384", String::as_str)
            .split(',')
            .map(|r| r.parse().expect("numbers of replicas"))
            .collect();
        assert!(Path::new(&scenes()).is_dir());
        let only: Vec<&str> = value("--only").map_or("W1,W5,default", String::as_str).split(',').collect();
        table(device, seconds, &replicas, &only);
    } else {
        let mut criterion = Criterion::default().configure_from_args();
        criterion_groups(&mut criterion);
        criterion.final_summary();
    }
}
