//! Sampling throughput: what `adlayer bench` measures. Nothing here prints.
//!
//! Starts are equilibrated, every part is warmed up, and a part is repeated so that its scatter can be stated.

pub mod answer;
mod cpu_steal;
mod fixture;
mod scaling;
mod threads;
mod together;

pub use scaling::ScalingRow;
pub use threads::{Ratio, ThreadRow};
pub use together::{ExchangeCost, Shared, TogetherReport, bench_together};

use crate::analysis::mbar::{Collapsed, Tolerance};
use crate::backend::Usage;
use crate::base::error::Result;
use crate::base::ids::ReplicaId;
use crate::input::scene::CheckedScene;
use crate::moves::exchange::{Assignment, Exchanger, Period};
use crate::sampler::Sampler;
use fixture::Fixture;
use scaling::{scaling_over_atoms, scaling_over_replicas};
use serde::Serialize;
use std::time::{Duration, Instant};
use threads::scaling_over_threads;

/// How a benchmark is run.
#[derive(Debug, Clone)]
pub struct BenchOptions {
    /// As [`DeviceChoice`](crate::backend::DeviceChoice) reads it: `auto`, `cpu`, `gpu:0,gpu:1`, …
    pub device: String,
    /// Measurements of every part.
    pub repeats: u32,
    /// Length of one measurement.
    pub duration: Duration,
    /// Whether the scaling tables are measured.
    pub scaling: bool,
}

/// Rates of one part; keys that do not apply are absent.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Part {
    /// Steps (or displacement attempts) times replicas per second.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replica_steps_per_s: Option<f64>,
    /// The same per second of processor time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replica_steps_per_cpu_s: Option<f64>,
    /// Steps times mobile atoms per second.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub atom_steps_per_s: Option<f64>,
    /// Processor (else wall) nanoseconds per pair within the cutoff and step.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ns_per_pair: Option<f64>,
    /// Insertion and deletion (or exchange) attempts per second.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attempts_per_s: Option<f64>,
    /// The same per second of processor time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attempts_per_cpu_s: Option<f64>,
    /// Samples (one per replica and cycle) per second; for MBAR, samples solved per second.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub samples_per_s: Option<f64>,
    /// Samples divided by the mean statistical inefficiency, per second.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub effective_samples_per_s: Option<f64>,
    /// Pair evaluations per second, those beyond the cutoff not counted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pairs_per_s: Option<f64>,
    /// Bytes read back from the device per cycle.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bytes_read_per_cycle: Option<f64>,
    /// Share of the time in which the host waited for the device.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host_idle: Option<f64>,
    /// Share of the time in which the device had nothing to do, by its own clock.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub device_idle: Option<f64>,
    /// Measurements.
    pub repeats: u32,
    /// Standard deviation of the rate over them, relative to its mean.
    pub stdev: f64,
}

/// The result of a benchmark.
#[derive(Debug, Clone, Serialize)]
pub struct BenchReport {
    /// Scene measured.
    pub scene: String,
    /// Device that ran.
    pub device: String,
    /// Its kernel.
    pub kernel: String,
    /// Threads of the host.
    pub threads: usize,
    /// Replicas.
    pub replicas: usize,
    /// Mean mobile atoms of a replica.
    pub atoms: f64,
    /// Dynamics alone.
    pub md: Part,
    /// Insertions and deletions alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub particle_moves: Option<Part>,
    /// Exchange rounds with their state updates alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exchange: Option<Part>,
    /// Solving MBAR on samples of this scene.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mbar: Option<Part>,
    /// The full cycle.
    pub cycle: Part,
    /// Dynamics over 1, 2, 4, 8 copies of the grid, 4,096 replicas at most; empty where it was not asked for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub scaling_replicas: Vec<ScalingRow>,
    /// Dynamics of a bulk fluid at fixed density, over N; empty where it was not asked for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub scaling_atoms: Vec<ScalingRow>,
    /// Speed over threads, where the host computes; empty where it was not asked for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub scaling_threads: Vec<ThreadRow>,
}

/// Rates of repeated measurements: work per wall second and per processor second.
struct Rates {
    per_s: f64,
    per_cpu_s: Option<f64>,
    stdev: f64,
}

/// Measures a scene.
///
/// # Errors
/// Whatever the device or the scene says.
pub fn bench(loaded: &CheckedScene, options: &BenchOptions) -> Result<BenchReport> {
    let mut fixture = Fixture::new(loaded, &options.device)?;
    fixture.equilibrate(equilibration_cycles(loaded))?;
    let (replicas, atoms) = (fixture.replicas(), fixture.mean_atoms()?);
    let (steps, attempts) = (fixture.sampler.plan().steps, fixture.sampler.plan().attempts);
    let md_work = f64::from(steps) * replicas as f64;
    let md = measure(options, || fixture.propagate().map(|()| md_work))?;
    let pairs = fixture.mean_pairs()?;
    let seconds = md.per_cpu_s.unwrap_or(md.per_s);
    let md = Part {
        replica_steps_per_s: Some(md.per_s),
        replica_steps_per_cpu_s: md.per_cpu_s,
        atom_steps_per_s: Some(md.per_s * atoms),
        ns_per_pair: (pairs > 0.0).then(|| 1e9 / (seconds * pairs)),
        pairs_per_s: Some(md.per_s * pairs),
        ..part(&md, options)
    };
    let particle_moves = if loaded.scene.reservoir.is_empty() || attempts == 0 {
        None
    } else {
        let work = f64::from(attempts) * replicas as f64;
        let rates = measure(options, || fixture.particle_moves().map(|()| work))?;
        Some(Part { attempts_per_s: Some(rates.per_s), attempts_per_cpu_s: rates.per_cpu_s, ..part(&rates, options) })
    };
    let exchange = if fixture.sampler.grid().edges.is_empty() {
        None
    } else {
        let mut rounds = Rounds::new(&fixture);
        let rates = measure(options, || rounds.round(&mut fixture))?;
        Some(Part { attempts_per_s: Some(rates.per_s), ..part(&rates, options) })
    };
    let mut samples = Recorded::default();
    let before = (Instant::now(), fixture.sampler.cycle(), fixture.sampler.backend().info().usage);
    let rates = measure(options, || {
        fixture.sampler.advance_ahead(Period::Production.into(), Some(Period::Production.into()))?;
        samples.push(&fixture.sampler);
        Ok(replicas as f64)
    })?;
    fixture.sampler.advance(Period::Production)?;
    let spent = spent_since(before, &fixture.sampler);
    let g = fixture.mean_inefficiency();
    let cycle = Part {
        replica_steps_per_s: Some(rates.per_s * f64::from(steps)),
        replica_steps_per_cpu_s: rates.per_cpu_s.map(|r| r * f64::from(steps)),
        atom_steps_per_s: Some(rates.per_s * f64::from(steps) * atoms),
        attempts_per_s: (attempts > 0).then(|| rates.per_s * f64::from(attempts)),
        samples_per_s: Some(rates.per_s),
        effective_samples_per_s: Some(rates.per_s / g),
        ..Part { repeats: options.repeats, stdev: rates.stdev, ..spent }
    };
    let mbar = samples.measure_mbar(&fixture, options)?;
    let info = fixture.sampler.backend().info();
    let scaling_threads = match options.scaling && info.usage.is_none() {
        true => scaling_over_threads(&mut fixture, options)?,
        false => Vec::new(),
    };
    Ok(BenchReport {
        scene: loaded.path.file_name().map_or_else(String::new, |n| n.to_string_lossy().into_owned()),
        device: info.description,
        kernel: info.kernel,
        threads: rayon::current_num_threads(),
        replicas,
        atoms,
        md,
        particle_moves,
        exchange,
        mbar: Some(mbar),
        cycle,
        scaling_replicas: if options.scaling { scaling_over_replicas(loaded, replicas, options)? } else { Vec::new() },
        scaling_atoms: if options.scaling { scaling_over_atoms(options)? } else { Vec::new() },
        scaling_threads,
    })
}

fn part(rates: &Rates, options: &BenchOptions) -> Part {
    Part { repeats: options.repeats, stdev: rates.stdev, ..Part::default() }
}

/// What the device and its host have done since a moment, as shares of the time and per cycle.
fn spent_since((start, cycle, usage): (Instant, u64, Option<Usage>), sampler: &Sampler) -> Part {
    let (Some(before), Some(now)) = (usage, sampler.backend().info().usage) else { return Part::default() };
    let (seconds, cycles) = (start.elapsed().as_secs_f64(), (sampler.cycle() - cycle) as f64);
    let busy = now.busy.map(|busy| busy - before.busy.unwrap_or(0.0));
    Part {
        bytes_read_per_cycle: Some((now.bytes_read - before.bytes_read) as f64 / cycles),
        host_idle: Some((now.waited - before.waited) / seconds),
        device_idle: busy.map(|busy| (1.0 - busy / seconds).max(0.0)),
        ..Part::default()
    }
}

/// Runs `work` once to warm up, then `repeats` times for at least `duration` each.
fn measure(options: &BenchOptions, mut work: impl FnMut() -> Result<f64>) -> Result<Rates> {
    work()?;
    let (mut rates, mut cpu_rates) = (Vec::new(), Vec::new());
    for _ in 0..options.repeats.max(1) {
        let (start, cpu, mut done) = (Instant::now(), process_seconds(), 0.0);
        while start.elapsed() < options.duration {
            done += work()?;
        }
        rates.push(done / start.elapsed().as_secs_f64());
        cpu_rates.extend(process_seconds().zip(cpu).map(|(after, before)| done / (after - before)));
    }
    let mean = |x: &[f64]| x.iter().sum::<f64>() / x.len() as f64;
    let per_s = mean(&rates);
    let variance = rates.iter().map(|r| (r - per_s).powi(2)).sum::<f64>() / (rates.len() as f64 - 1.0).max(1.0);
    let per_cpu_s = (!cpu_rates.is_empty()).then(|| mean(&cpu_rates));
    Ok(Rates { per_s, per_cpu_s, stdev: variance.sqrt() / per_s })
}

/// Processor time of this process, all threads. [s]
#[cfg(unix)]
fn process_seconds() -> Option<f64> {
    Some(seconds(rustix::time::ClockId::ProcessCPUTime))
}

/// Processor time of the calling thread. [s]
#[cfg(unix)]
fn thread_seconds() -> Option<f64> {
    Some(seconds(rustix::time::ClockId::ThreadCPUTime))
}

#[cfg(unix)]
fn seconds(clock: rustix::time::ClockId) -> f64 {
    let time = rustix::time::clock_gettime(clock);
    time.tv_sec as f64 + 1e-9 * time.tv_nsec as f64
}

#[cfg(not(unix))]
fn process_seconds() -> Option<f64> {
    None
}

#[cfg(not(unix))]
fn thread_seconds() -> Option<f64> {
    None
}

/// Enough cycles for a start to settle, but not the whole schedule of a long scene.
fn equilibration_cycles(loaded: &CheckedScene) -> u32 {
    loaded.scene.schedule.equilibration.clamp(10, 60)
}

/// Exchange rounds on the present energies.
struct Rounds {
    exchanger: Exchanger,
    assignment: Assignment,
    round: u64,
}

impl Rounds {
    fn new(fixture: &Fixture) -> Rounds {
        Rounds {
            exchanger: Exchanger::new(fixture.sampler.grid(), fixture.sampler.plan().exchange),
            assignment: fixture.sampler.assignment().clone(),
            round: 1 << 40,
        }
    }

    /// One round; returns the attempts. States are handed to the backend and back, so that nothing has changed.
    fn round(&mut self, fixture: &mut Fixture) -> Result<f64> {
        let before = fixture.sampler.assignment().states().to_vec();
        let measurements = fixture.sampler.backend_mut().measure()?;
        let rng = *fixture.sampler.backend().rng();
        let grid = fixture.sampler.grid();
        let (tried, _) =
            self.exchanger.exchange(grid, &rng, self.round, Period::Production, &measurements, &mut self.assignment);
        self.round += 1;
        fixture.sampler.backend_mut().set_states(self.assignment.states())?;
        fixture.sampler.backend_mut().set_states(&before)?;
        Ok(tried as f64)
    }
}

/// Samples of the measured cycles.
#[derive(Default)]
struct Recorded {
    energy: Vec<f64>,
    counts: Vec<Vec<u16>>,
    state: Vec<u32>,
}

impl Recorded {
    fn push(&mut self, sampler: &Sampler) {
        self.counts.resize(sampler.grid().n_reservoirs(), Vec::new());
        for (replica, m) in sampler.measurements().iter().enumerate() {
            self.energy.push(m.energy);
            self.state.push(sampler.assignment().state_of(ReplicaId(replica as u32)).0);
            for (column, &n) in self.counts.iter_mut().zip(m.counts.iter()) {
                column.push(n);
            }
        }
    }

    fn measure_mbar(&self, fixture: &Fixture, options: &BenchOptions) -> Result<Part> {
        let states = &fixture.sampler.grid().states;
        let mut n_k = vec![0.0; states.len()];
        self.state.iter().for_each(|&k| n_k[k as usize] += 1.0);
        let rates = measure(options, || {
            let collapsed = Collapsed::new(states, &self.energy, &self.counts)?;
            let state_of: Vec<u32> = collapsed.origin().iter().map(|&n| self.state[n as usize]).collect();
            let start = collapsed.guess(&state_of, &n_k);
            collapsed.solve(None, &n_k, &start, false, Tolerance::default())?;
            Ok(self.energy.len() as f64)
        })?;
        Ok(Part { samples_per_s: Some(rates.per_s), ..part(&rates, options) })
    }
}
