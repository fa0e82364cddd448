//! MBAR: the general entry and the collapsed one, beside the self-consistent iteration in plain loops.
//!
//! Ids are `mbar/<entry>/<states>x<samples of each>`; throughput counts samples. The large cases are in
//! `benches/peers/mbar_large.rs`.

use adlayer::testing::analysis::mbar::{Collapsed, General, Tolerance};
use adlayer::testing::thermo::states::StatePoint;
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::f64::consts::TAU;
use std::time::Duration;

/// Standard normal by Box and Muller.
fn gaussian(rng: &mut ChaCha8Rng) -> f64 {
    let (a, b): (f64, f64) = (rng.random(), rng.random());
    (-2.0 * (1.0 - a).ln()).sqrt() * (TAU * b).cos()
}

/// u_kn of oscillators with springs 1 … 16 and centres 0 … 8.
fn oscillators(n_states: usize, per_state: usize) -> Vec<f64> {
    let mut rng = ChaCha8Rng::seed_from_u64(4);
    let along = |k: usize| k as f64 / (n_states - 1) as f64;
    let spring = |k: usize| 16_f64.powf(along(k));
    let centre = |k: usize| 8.0 * along(k);
    let x: Vec<f64> = (0..n_states * per_state)
        .map(|n| centre(n / per_state) + gaussian(&mut rng) / spring(n / per_state).sqrt())
        .collect();
    (0..n_states).flat_map(|k| x.iter().map(move |x| 0.5 * spring(k) * (x - centre(k)).powi(2))).collect()
}

/// Samples of an ideal gas in a trap of spring 1: states, energies, counts and the state of each sample.
type Trap = (Vec<StatePoint>, Vec<f64>, Vec<Vec<u16>>, Vec<u32>);

fn trap(n_temperatures: usize, n_activities: usize, per_state: usize) -> Trap {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let along = |i: usize, n: usize| i as f64 / (n - 1) as f64;
    let (mut states, mut energy, mut count, mut state_of) = (vec![], vec![], vec![], vec![]);
    for k in 0..n_temperatures * n_activities {
        let kt = 0.6 * 2_f64.powf(along(k / n_activities, n_temperatures));
        let ln_z = -4.0 + 3.0 * along(k % n_activities, n_activities);
        let mean = (ln_z + 1.5 * (TAU * kt).ln()).exp();
        states.push(StatePoint { temperature: kt, kt, ln_z: vec![ln_z], window: None });
        for _ in 0..per_state {
            let mut n = 0;
            let mut time = -(1.0 - rng.random::<f64>()).ln();
            while time < mean {
                n += 1;
                time -= (1.0 - rng.random::<f64>()).ln();
            }
            energy.push((0..3 * n).map(|_| 0.5 * kt * gaussian(&mut rng).powi(2)).sum());
            count.push(n as u16);
            state_of.push(k as u32);
        }
    }
    (states, energy, vec![count], state_of)
}

/// One self-consistent iteration over every state and sample, as a plain loop in two passes.
fn plain_iteration(u_kn: &[f64], n_k: &[u64], f: &[f64]) -> Vec<f64> {
    let n = u_kn.len() / n_k.len();
    let ln_d: Vec<f64> = (0..n)
        .map(|s| {
            let terms = || (0..n_k.len()).map(|k| (n_k[k] as f64).ln() + f[k] - u_kn[k * n + s]);
            let max = terms().fold(f64::NEG_INFINITY, f64::max);
            max + terms().map(|x| (x - max).exp()).sum::<f64>().ln()
        })
        .collect();
    (0..n_k.len()).map(|k| -(0..n).map(|s| (-u_kn[k * n + s] - ln_d[s]).exp()).sum::<f64>().ln()).collect()
}

fn mbar(c: &mut Criterion) {
    let mut group = c.benchmark_group("mbar");
    group.sample_size(10).warm_up_time(Duration::from_secs(1)).measurement_time(Duration::from_secs(5));
    for (n_states, per_state) in [(40, 500), (160, 500)] {
        let (u_kn, n_k) = (oscillators(n_states, per_state), vec![per_state as u64; n_states]);
        let size = format!("{n_states}x{per_state}");
        group.throughput(Throughput::Elements((n_states * per_state) as u64));
        group.bench_function(BenchmarkId::new("general", &size), |b| {
            b.iter(|| General { u_kn: &u_kn, n_k: &n_k }.solve(Tolerance::default()).expect("converges"));
        });
        group.bench_function(BenchmarkId::new("plain_iteration", &size), |b| {
            b.iter(|| plain_iteration(&u_kn, &n_k, &vec![0.0; n_states]));
        });
    }
    for (n_temperatures, n_activities, per_state) in [(7, 14, 1500), (16, 16, 400)] {
        let (states, energy, counts, state_of) = trap(n_temperatures, n_activities, per_state);
        let n_k = vec![per_state as f64; states.len()];
        group.throughput(Throughput::Elements(energy.len() as u64));
        group.bench_function(BenchmarkId::new("collapsed", format!("{}x{per_state}", states.len())), |b| {
            b.iter(|| {
                let samples = Collapsed::new(&states, &energy, &counts).expect("samples");
                let sorted: Vec<u32> = samples.origin().iter().map(|&n| state_of[n as usize]).collect();
                let start = samples.guess(&sorted, &n_k);
                samples.solve(None, &n_k, &start, false, Tolerance::default()).expect("converges")
            });
        });
    }
    group.finish();
}

criterion_group!(benches, mbar);
criterion_main!(benches);
