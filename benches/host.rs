//! What the host does in a cycle, with a device that answers at once: how long the device would wait for it, and how much
//! must fit beside the device's work.
//!
//! `cargo bench --bench host -- [SCENE:WALKERS …] [audit]`; medians over cycles, in milliseconds; processor time of all threads, without
//! what the device of this bench takes to give its replicas new states. It moves nothing: every replica keeps its energy and N, and
//! logs as many accepted moves as a dense state does. `audit` measures the audit alone: cycles of `bench_grid` whose replicas hold
//! the atoms of `bench_surface`.

use adlayer::Error;
use adlayer::testing::backend::{
    Backend, BackendInfo, BackendState, CycleResult, CycleWork, Ensemble, MoveEvents, MoveLog, open,
};
use adlayer::testing::base::ids::{ReplicaId, StateId};
use adlayer::testing::base::rng::Rng;
use adlayer::testing::forces::{Audit, ForceField};
use adlayer::testing::input::scene;
use adlayer::testing::moves::MoveKind;
use adlayer::testing::moves::exchange::Period;
use adlayer::testing::moves::tally::{MoveEvent, Transitions};
use adlayer::testing::run::push_samples;
use adlayer::testing::sample::SampleWriter;
use adlayer::testing::sampler::{AUDIT_EVERY, Setup};
use adlayer::testing::system::configuration::{Batch, Configuration, Measurement};
use adlayer::testing::thermo::states::StatePoint;
use glam::DVec3;
use rustix::time::ClockId;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Instant;

/// Accepted insertions and deletions of a replica and cycle.
const EVENTS: usize = 8;
const CYCLES: usize = 200;

/// When the device was free, and when it was given work.
#[derive(Default)]
struct Clock {
    free: Option<Instant>,
    /// Time of this bench's own device, which a real one would not take. [s]
    own: f64,
    /// Its processor time in all. [s]
    own_processor: f64,
    /// Of every cycle. [s]
    idle: Vec<f64>,
}

struct Idle {
    inner: Box<dyn Backend>,
    measured: Vec<Measurement>,
    /// Whether the cycle that was begun keeps its atoms.
    keeps: bool,
    clock: Arc<Mutex<Clock>>,
}

struct Pairs(Vec<(u16, u16)>);

impl MoveEvents for Pairs {
    fn open(&self, read: &mut dyn FnMut(&dyn MoveLog)) -> Result<(), Error> {
        read(self);
        Ok(())
    }
}

impl MoveLog for Pairs {
    fn n_replicas(&self) -> usize {
        self.0.len()
    }

    fn of_replica(&self, replica: usize, events: &mut Vec<MoveEvent>) {
        let (slot, count) = self.0[replica];
        let kind = |k: u16| if k.is_multiple_of(2) { MoveKind::INSERT } else { MoveKind::DELETE };
        events.extend((0..count).map(|k| MoveEvent { kind: kind(k), reservoir: 0, slot }));
    }
}

impl Backend for Idle {
    fn info(&self) -> BackendInfo {
        self.inner.info()
    }

    fn ensemble(&self) -> &Ensemble {
        self.inner.ensemble()
    }

    fn load_slice(
        &mut self,
        first: ReplicaId,
        batch: &Batch,
        states: &[StatePoint],
        held: &[StateId],
    ) -> Result<(), Error> {
        self.inner.load_slice(first, batch, states, held)?;
        self.measured = self.inner.measure()?;
        Ok(())
    }

    fn store(&self, batch: &mut Batch) -> Result<(), Error> {
        self.inner.store(batch)
    }

    fn save(&mut self) -> Result<BackendState, Error> {
        self.inner.save()
    }

    fn restore(
        &mut self,
        first: ReplicaId,
        saved: &BackendState,
        states: &[StatePoint],
        held: &[StateId],
    ) -> Result<(), Error> {
        self.inner.restore(first, saved, states, held)
    }

    fn set_states(&mut self, assignment: &[StateId]) -> Result<(), Error> {
        let (start, busy) = (Instant::now(), seconds(ClockId::ThreadCPUTime));
        self.inner.set_states(assignment)?;
        let mut clock = self.clock.lock().expect("one thread");
        clock.own += start.elapsed().as_secs_f64();
        clock.own_processor += seconds(ClockId::ThreadCPUTime) - busy;
        Ok(())
    }

    fn set_windows(&mut self, states: &[StatePoint]) -> Result<(), Error> {
        self.inner.set_windows(states)
    }

    fn forget_transitions(&mut self) -> Result<(), Error> {
        self.inner.forget_transitions()
    }

    fn set_insertion_weights(&mut self, weights: &[u32]) -> Result<(), Error> {
        self.inner.set_insertion_weights(weights)
    }

    fn set_attempts(&mut self, most: &[u32]) -> Result<(), Error> {
        self.inner.set_attempts(most)
    }

    fn begin(&mut self, work: &CycleWork) -> Result<(), Error> {
        let now = Instant::now();
        let mut clock = self.clock.lock().expect("one thread");
        let own = std::mem::take(&mut clock.own);
        if let Some(free) = clock.free.take() {
            clock.idle.push(now.duration_since(free).as_secs_f64() - own);
        }
        drop(clock);
        self.keeps = work.keep;
        Ok(())
    }

    fn complete(&mut self) -> Result<CycleResult, Error> {
        let n_of = |m: &Measurement| (m.counts[0], EVENTS as u16);
        let events = Box::new(Pairs(self.measured.iter().map(n_of).collect()));
        let kept =
            if self.keeps { self.inner.cycle(&CycleWork { keep: true, ..CycleWork::default() })?.kept } else { None };
        let result = CycleResult { measurements: self.measured.clone(), segments: Vec::new(), events, kept };
        self.clock.lock().expect("one thread").free = Some(Instant::now());
        Ok(result)
    }

    fn transitions(&mut self) -> Result<Transitions, Error> {
        self.inner.transitions()
    }
}

/// Processor time of this process, all threads, or of this thread. [s]
fn seconds(clock: ClockId) -> f64 {
    let time = rustix::time::clock_gettime(clock);
    time.tv_sec as f64 + 1e-9 * time.tv_nsec as f64
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

#[expect(clippy::print_stdout, reason = "the table is the output")]
fn measure(name: &str, walkers: u32) {
    let mut loaded =
        scene::load(Path::new("scenes").join(format!("{name}.ron"))).unwrap_or_else(|e| panic!("{name}: {e}"));
    loaded.scene.grid.walkers = walkers;
    let setup = Setup { rng: Rng::new(1), ..Setup::from_scene(&loaded).expect("pairs") };
    let batch = setup.start().expect("the start of a bench scene");
    let clock = Arc::new(Mutex::new(Clock::default()));
    let inner = open("cpu", Arc::clone(&setup.system), Rng::new(1)).expect("cpu");
    let device = Box::new(Idle { inner, measured: Vec::new(), keeps: false, clock: Arc::clone(&clock) });
    let mut sampler = setup.sampler(device, &batch).expect("it fits");
    let folder = tempfile::tempdir().expect("a place for samples");
    let mut writer = SampleWriter::new(folder.path(), &["B".to_owned()], 1 << 17).expect("a writer");
    let period = Period::Production;
    let (mut whole, processor) = (Vec::new(), seconds(ClockId::ProcessCPUTime));
    for _ in 0..CYCLES {
        let start = Instant::now();
        sampler.advance_ahead(period.into(), Some(period.into())).expect("cycle");
        push_samples(&sampler, sampler.cycle() as u32, &[], &mut writer).expect("samples");
        whole.push(start.elapsed().as_secs_f64());
    }
    let processor = seconds(ClockId::ProcessCPUTime) - processor;
    let mut clock = clock.lock().expect("one thread");
    let processor = 1e3 * (processor - clock.own_processor) / CYCLES as f64;
    let (sum, n) = (clock.idle.iter().sum::<f64>(), clock.idle.len() as f64);
    let mean = 1e3 * whole.iter().sum::<f64>() / whole.len() as f64;
    println!(
        "{name}, {} replicas: device idle {:.3} ms a cycle (mean {:.3}), host {:.3} (mean {mean:.3}), processor {processor:.3}, {} threads",
        batch.configurations.len(),
        1e3 * median(&mut clock.idle),
        1e3 * sum / n,
        1e3 * median(&mut whole),
        rayon::current_num_threads(),
    );
}

/// Counts the processor time of audits.
struct Audited {
    inner: Arc<dyn ForceField>,
    /// Audits, and their time \[s\].
    spent: Arc<Mutex<(u64, f64)>>,
}

impl ForceField for Audited {
    fn describe(&self) -> String {
        self.inner.describe()
    }

    fn energy_and_forces(&self, x: &Configuration, forces: &mut Vec<DVec3>) -> Result<f64, Error> {
        self.inner.energy_and_forces(x, forces)
    }

    fn audit(&self, x: &Configuration) -> Result<Audit, Error> {
        let before = seconds(ClockId::ThreadCPUTime);
        let audit = self.inner.audit(x);
        let mut spent = self.spent.lock().expect("it does not panic");
        *spent = (spent.0 + 1, spent.1 + seconds(ClockId::ThreadCPUTime) - before);
        audit
    }

    fn is_pairwise(&self) -> bool {
        self.inner.is_pairwise()
    }
}

/// What the audit takes of the cycles that it goes on in.
#[expect(clippy::print_stdout, reason = "the figure is the output")]
fn measure_audit() {
    let load = |name: &str| scene::load(Path::new("scenes").join(name)).unwrap_or_else(|e| panic!("{name}: {e}"));
    let start = Setup::from_scene(&load("bench_surface.ron")).and_then(|setup| setup.start()).expect("a start");
    let mut setup = Setup::from_scene(&load("bench_grid.ron")).expect("pairs");
    let spent = Arc::new(Mutex::new((0, 0.0)));
    setup.force_field = Arc::new(Audited { inner: Arc::clone(&setup.force_field), spent: Arc::clone(&spent) });
    let batch = Batch { configurations: vec![start.configurations[0].clone(); setup.grid.len()] };
    let inner = open("cpu", Arc::clone(&setup.system), Rng::new(1)).expect("cpu");
    let device = Box::new(Idle { inner, measured: Vec::new(), keeps: false, clock: Arc::default() });
    let mut sampler = setup.sampler(device, &batch).expect("it fits");
    let cycles = 10 * AUDIT_EVERY;
    let period = Period::Production;
    for _ in 0..AUDIT_EVERY + cycles {
        sampler.advance_ahead(period.into(), Some(period.into())).expect("cycle");
    }
    let (audits, time) = *spent.lock().expect("one thread");
    println!(
        "bench_grid, {} replicas of {} atoms: {:.2} audits a cycle of {:.1} µs, {:.3} ms of processor time a cycle",
        batch.configurations.len(),
        start.configurations[0].len(),
        audits as f64 / cycles as f64,
        1e6 * time / audits as f64,
        1e3 * time / cycles as f64,
    );
}

fn main() {
    if std::env::args().any(|a| a == "audit") {
        return measure_audit();
    }
    let asked: Vec<String> = std::env::args().skip(1).filter(|a| a.contains(':')).collect();
    let wanted: Vec<(String, u32)> = if asked.is_empty() {
        [("bench_grid", 1), ("bench_grid", 4), ("lj_surface", 42), ("lj_surface", 167)]
            .map(|(s, w)| (s.to_owned(), w))
            .to_vec()
    } else {
        let parse = |a: &String| a.split_once(':').and_then(|(s, w)| Some((s.to_owned(), w.parse().ok()?)));
        asked.iter().filter_map(parse).collect()
    };
    wanted.iter().for_each(|(name, walkers)| measure(name, *walkers));
}
