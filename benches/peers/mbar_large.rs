//! The large cases of MBAR, each in a process of its own, with time and peak memory.
//!
//! ```text
//! cargo run --release --example mbar_large -- general [U_KN N_STATES]
//! cargo run --release --example mbar_large -- collapsed [TEMPERATURES MUS SAMPLES]
//! ```
//! `general` takes 160 oscillators × 500 samples, or a file of f64 (little endian, state slowest, equal samples in
//! each state). `collapsed` takes exact samples of an ideal gas in a harmonic trap. One JSON object is printed.
//! `RAYON_NUM_THREADS` sets the threads.

#![expect(clippy::print_stdout, reason = "the measurement is the output")]

use adlayer::testing::analysis::mbar::{Collapsed, General, Tolerance};
use adlayer::testing::thermo::states::StatePoint;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::f64::consts::TAU;
use std::time::Instant;

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let number = |i: usize, or: usize| args.get(i).map_or(or, |a| a.parse().expect("a whole number"));
    match args.first().map(String::as_str) {
        Some("general") => match args.get(1) {
            Some(path) => {
                let bytes = std::fs::read(path).expect("a file of u_kn");
                let u_kn: Vec<f64> =
                    bytes.chunks_exact(8).map(|b| f64::from_le_bytes(b.try_into().expect("8 bytes"))).collect();
                drop(bytes);
                general(&u_kn, number(2, 160));
            }
            None => general(&oscillators(160, 500), 160),
        },
        Some("collapsed") => collapsed(number(1, 40), number(2, 40), number(3, 1_000_000)),
        _ => panic!("say `general` or `collapsed`"),
    }
}

/// Springs 1 … 16 (geometric), centres 0 … 8 (linear), β = 1: u_kn.
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

fn general(u_kn: &[f64], n_states: usize) {
    let per_state = u_kn.len() / n_states / n_states;
    let n_k = vec![per_state as u64; n_states];
    let before = reset_peak();
    let clock = Clock::start();
    let solution = General { u_kn, n_k: &n_k }.solve(Tolerance::default()).expect("converges");
    let spent = clock.spent();
    let exact = |k: usize| 0.5 * (k as f64 / (n_states - 1) as f64) * 16_f64.ln();
    let worst = (0..n_states).map(|k| (solution.f_k[k] - exact(k)).abs()).fold(0.0, f64::max);
    report("general", n_states, u_kn.len() / n_states, spent, before, solution.iterations, solution.residual, worst);
    println!("  \"f_k\": {:?}\n}}", solution.f_k);
}

/// Ideal gas in a trap of spring 1: N is Poisson with mean z (2πkT)^{3/2}, E at N is gamma with shape 3N/2 and scale kT.
fn collapsed(n_temperatures: usize, n_mu: usize, n_samples: usize) {
    let along = |i: usize, n: usize| i as f64 / (n - 1).max(1) as f64;
    let states: Vec<StatePoint> = (0..n_temperatures)
        .flat_map(|t| (0..n_mu).map(move |m| (t, m)))
        .map(|(t, m)| {
            let kt = 0.5 * 2_f64.powf(along(t, n_temperatures));
            let mu = -4.0 + 2.5 * along(m, n_mu);
            StatePoint { temperature: kt, kt, ln_z: vec![3.0 + mu / kt], window: None }
        })
        .collect();
    let mean = |s: &StatePoint| (s.ln_z[0] + 1.5 * (TAU * s.kt).ln()).exp();
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let state_of: Vec<u32> = (0..n_samples).map(|n| (n % states.len()) as u32).collect();
    let mut energy = Vec::with_capacity(n_samples);
    let mut count = Vec::with_capacity(n_samples);
    let mut n_k = vec![0.0; states.len()];
    for &k in &state_of {
        let state = &states[k as usize];
        let n = poisson(&mut rng, mean(state));
        energy.push(state.kt * gamma_of_half(&mut rng, 3 * n));
        count.push(n);
        n_k[k as usize] += 1.0;
    }
    let counts = vec![count];
    let before = reset_peak();
    let clock = Clock::start();
    let samples = Collapsed::new(&states, &energy, &counts).expect("samples");
    let sorted: Vec<u32> = samples.origin().iter().map(|&n| state_of[n as usize]).collect();
    let start = samples.guess(&sorted, &n_k);
    drop(sorted);
    let solution = samples.solve(None, &n_k, &start, false, Tolerance::default()).expect("converges");
    let spent = clock.spent();
    let exact = |k: usize| mean(&states[0]) - mean(&states[k]);
    let worst = (0..states.len()).map(|k| (solution.f_k[k] - exact(k)).abs()).fold(0.0, f64::max);
    report("collapsed", states.len(), n_samples, spent, before, solution.iterations, solution.residual, worst);
    println!("  \"compositions\": {}\n}}", samples.compositions().len());
}

#[expect(clippy::too_many_arguments, reason = "one line of output each")]
fn report(
    entry: &str,
    n_states: usize,
    n_samples: usize,
    spent: Spent,
    before: Option<f64>,
    iterations: usize,
    residual: f64,
    worst: f64,
) {
    let beyond = before.zip(status_mib("VmHWM:")).map(|(before, peak)| peak - before);
    println!("{{\n  \"entry\": \"{entry}\",\n  \"states\": {n_states},\n  \"samples\": {n_samples},");
    println!("  \"threads\": {},\n  \"seconds\": {:.3},", rayon::current_num_threads(), spent.wall);
    println!("  \"cpu_seconds\": {},", spent.cpu.map_or("null".into(), |s| format!("{s:.3}")));
    println!("  \"mib_beyond_input\": {},", beyond.map_or("null".into(), |mib| format!("{mib:.1}")));
    println!(
        "  \"iterations\": {iterations},\n  \"residual\": {residual:e},\n  \"worst_error_against_theory\": {worst:e},"
    );
}

/// Wall and processor time since a start.
struct Clock {
    wall: Instant,
    cpu: Option<f64>,
}

/// Seconds; processor time of all threads on Linux only, in steps of 10 ms.
struct Spent {
    wall: f64,
    cpu: Option<f64>,
}

impl Clock {
    fn start() -> Clock {
        Clock { wall: Instant::now(), cpu: processor_time() }
    }

    fn spent(&self) -> Spent {
        let cpu = processor_time().zip(self.cpu).map(|(now, then)| now - then);
        Spent { wall: self.wall.elapsed().as_secs_f64(), cpu }
    }
}

/// User and system time of this process [s], from /proc/self/stat.
fn processor_time() -> Option<f64> {
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    let fields: Vec<&str> = stat.rsplit(')').next()?.split_whitespace().collect();
    Some((fields.get(11)?.parse::<f64>().ok()? + fields.get(12)?.parse::<f64>().ok()?) / 100.0)
}

/// Forgets the peak so far and returns the present size [MiB]; Linux only.
fn reset_peak() -> Option<f64> {
    std::fs::write("/proc/self/clear_refs", "5").ok()?;
    status_mib("VmRSS:")
}

/// A line of /proc/self/status [MiB].
fn status_mib(name: &str) -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|l| l.strip_prefix(name))?;
    Some(line.trim().trim_end_matches("kB").trim().parse::<f64>().ok()? / 1024.0)
}

/// Standard normal by Box and Muller.
fn gaussian(rng: &mut ChaCha8Rng) -> f64 {
    let (a, b): (f64, f64) = (rng.random(), rng.random());
    (-2.0 * (1.0 - a).ln()).sqrt() * (TAU * b).cos()
}

/// Poisson variate by arrival times.
fn poisson(rng: &mut ChaCha8Rng, mean: f64) -> u16 {
    let mut n = 0;
    let mut time = 0.0;
    loop {
        time -= (1.0 - rng.random::<f64>()).ln();
        if time > mean {
            return n;
        }
        n += 1;
    }
}

/// Gamma variate of shape `halves`/2 and scale 1.
fn gamma_of_half(rng: &mut ChaCha8Rng, halves: u16) -> f64 {
    let whole: f64 = (0..halves / 2).map(|_| -(1.0 - rng.random::<f64>()).ln()).sum();
    whole + if halves % 2 == 1 { 0.5 * gaussian(rng).powi(2) } else { 0.0 }
}
