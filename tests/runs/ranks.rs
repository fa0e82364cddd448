//! Ranks: a run that several share has the bits of the run that one has alone, whole walkers or split ones, whoever goes
//! on with it. The ranks are threads here; `mpirun.rs` has processes.

use crate::outcome::{ENDLESS, Outcome, most, state};
use crate::place::{Place, surface};
use adlayer::testing::base::{Error, Result};
use adlayer::testing::input::scene;
use adlayer::testing::ranks::{Messages, Ranks, threads};
use adlayer::testing::run::checkpoint;
use adlayer::testing::run::{Limits, Progress, ResumeOptions, RunOptions, RunOutcome, resume_on, run_on};
use adlayer::testing::sample::read_samples;
use adlayer::testing::sample::tally_snapshots::{TallySnapshot, read_marks};
use adlayer::testing::sample::trajectory::{StoredFrame, read_trajectory};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

const CYCLES: [u32; 2] = [20, 40];

/// The small surface with other words.
pub(crate) fn with(walkers: u32, cycles: [u32; 2], from: &str, to: &str) -> String {
    let text = surface(3, cycles).replace("walkers: 2", &format!("walkers: {walkers}"));
    assert!(text.contains(from), "{from}");
    text.replacen(from, to, 1)
}

/// Scenes whose equilibration learns something from all walkers, or whose cycles leave something to be told.
fn scenes(walkers: u32, cycles: [u32; 2]) -> Vec<(&'static str, String)> {
    let of = |from: &str, to: &str| with(walkers, cycles, from, to);
    let moves = "moves: (insert_delete: 20)";
    let baoab = "Baoab(dt: 0.004, friction: 1.0, steps: 3)";
    vec![
        ("plain", of("Scene(", "Scene(")),
        ("observables", of("schedule:", "observables: [Psi6, Density(bins: 20), Layers],\n    schedule:")),
        (
            "windows",
            of(
                " ] ),\n    dynamics",
                " ] ),\n    windows: [ (species: \"B\", atoms: (0, 12)), (species: \"B\", atoms: (4, 18), temperature: List([0.6])) ],\n    dynamics",
            ),
        ),
        ("biased", of(moves, "moves: (insert_delete: 20, insertion: Biased(trials: 2))")),
        ("balance", of(baoab, "Baoab(dt: 0.004, friction: 1.0, steps: 40),\n    balance: Auto")),
        ("segments", of(baoab, "Hmc(dt: 0.01, steps: 3)")),
    ]
}

/// What every rank of so many returns.
fn on_ranks<T: Send>(size: usize, body: impl Fn(&Ranks) -> T + Sync) -> Vec<T> {
    std::thread::scope(|scope| {
        let started: Vec<_> = threads(size).into_iter().map(|ranks| scope.spawn(|| body(&{ ranks }))).collect();
        started.into_iter().map(|t| t.join().expect("a rank")).collect()
    })
}

/// Limits that save every so many seconds, and stop when the last rank has made so many cycles, if they are given.
fn stopping(ranks: &Ranks, save: f64, at: Option<u64>) -> (Limits, impl FnMut(&Progress)) {
    let stop = Arc::new(AtomicBool::new(false));
    let limits =
        Limits { checkpoint_every: Duration::from_secs_f64(save), stop: Arc::clone(&stop), ..Limits::default() };
    let last = ranks.rank() + 1 == ranks.size();
    let report = move |p: &Progress| {
        if at.is_some_and(|at| last && p.cycle >= at) {
            stop.store(true, Ordering::Relaxed);
        }
    };
    (limits, report)
}

/// Runs a scene on so many ranks; the messages of each.
fn run(place: &Place, name: &str, device: &str, size: usize, save: f64, at: Option<u64>) -> Vec<Messages> {
    let loaded = scene::load(place.path().join("scene.ron")).expect("the scene");
    let directory = place.run(name);
    let ended = on_ranks(size, |ranks| -> Result<Messages> {
        let (limits, mut report) = stopping(ranks, save, at);
        let options =
            RunOptions { device: device.into(), directory: directory.clone(), force: false, start_from: None, limits };
        let outcome = run_on(ranks, &loaded, &options, &mut report)?;
        assert_eq!(matches!(outcome, RunOutcome::Stopped(_)), at.is_some(), "{name}");
        Ok(ranks.messages())
    });
    ended.into_iter().map(|e| e.unwrap_or_else(|e| panic!("{name}: {e}"))).collect()
}

fn resume(place: &Place, name: &str, size: usize, more: Option<u32>, at: Option<u64>) {
    let ended = on_ranks(size, |ranks| {
        let (limits, mut report) = stopping(ranks, 0.05, at);
        let options =
            ResumeOptions { directory: place.run(name), more_cycles: more, limits, ..ResumeOptions::default() };
        resume_on(ranks, &options, &mut report).map(|outcome| matches!(outcome, RunOutcome::Stopped(_)))
    });
    for stopped in ended {
        assert_eq!(stopped.unwrap_or_else(|e| panic!("{name} on {size}: {e}")), at.is_some(), "{name} on {size}");
    }
}

/// What a run has come to, in whichever files it is.
#[derive(Debug, PartialEq)]
pub(crate) struct Read {
    outcome: Outcome,
    marks: Vec<TallySnapshot>,
    frames: Vec<StoredFrame>,
    windows: Option<String>,
    choices: String,
}

pub(crate) fn read(directory: &Path) -> Read {
    let text = |name: &str| std::fs::read_to_string(directory.join(name));
    let loaded = scene::load(directory.join("resolved.ron")).expect("the scene");
    let species: Vec<String> = loaded.scene.reservoir.iter().map(|r| r.species.clone()).collect();
    let grid = loaded.grid();
    let production = loaded.scene.schedule.production;
    let record = adlayer::testing::run::RunRecord::read(directory).expect("run.json");
    Read {
        outcome: Outcome {
            sampler: state(directory).sampler,
            samples: read_samples(directory, &species).expect("samples"),
            states: text("states.csv").expect("states"),
            exchange: text("exchange.csv").expect("exchange"),
            marks: Vec::new(),
        },
        marks: read_marks(directory, production, grid.len(), grid.edges.len()).expect("marks"),
        frames: read_trajectory(directory).expect("frames"),
        windows: text("windows.csv").ok(),
        choices: format!(
            "{:?} {:?} {:?} {} {:?}",
            record.windows, record.insertion, record.balance, record.steps, record.attempts_of_states
        ),
    }
}

#[track_caller]
pub(crate) fn assert_same_run(label: &str, one: &Read, other: &Read) {
    let (a, b) = (&one.outcome, &other.outcome);
    assert!(a.sampler == b.sampler, "{label}: the states differ");
    assert!(!a.samples.is_empty() && a.samples == b.samples, "{label}: the samples differ");
    assert_eq!(a.states, b.states, "{label}: states.csv");
    assert_eq!(a.exchange, b.exchange, "{label}: exchange.csv");
    assert!(one.marks.len() > 10 && one.marks == other.marks, "{label}: the marks differ");
    assert!(!one.frames.is_empty() && one.frames == other.frames, "{label}: the configurations differ");
    assert_eq!(one.windows, other.windows, "{label}: windows.csv");
    assert_eq!(one.choices, other.choices, "{label}: run.json");
}

/// Every scene on so many ranks, beside the run of one.
fn same_bits(device: &str, walkers: u32, sizes: &[usize]) {
    for (name, text) in scenes(walkers, CYCLES) {
        let place = Place::new(&text);
        run(&place, "alone", device, 1, 60.0, None);
        let alone = read(&place.run("alone"));
        assert!(alone.outcome.sampler.edges.iter().any(|e| e.accepted > 0), "{name}");
        for &size in sizes {
            let shared = format!("{name}-{size}");
            // by turns seldom and after every cycle
            run(&place, &shared, device, size, if size % 2 == 0 { 60.0 } else { 0.0 }, None);
            assert_same_run(&format!("{device} {shared} of {walkers}"), &alone, &read(&place.run(&shared)));
        }
    }
}

#[test]
fn whole_walkers_have_the_bits_of_one_rank() {
    same_bits("reference", 4, &[2, 3, 4]);
    same_bits("cpu", 4, &[3]);
}

#[test]
fn a_split_walker_has_the_bits_of_one_rank() {
    same_bits("reference", 1, &[2, 3]);
    same_bits("cpu", 1, &[2]);
    // one walker on one rank, the other on two
    same_bits("reference", 2, &[3]);
}

#[test]
fn whole_walkers_tell_one_another_nothing_but_when_to_stop() {
    let place = Place::new(&with(4, [10, 400], "Scene(", "Scene("));
    for (size, messages) in [2, 4].map(|size| (size, run(&place, &format!("on-{size}"), "reference", size, 60.0, None)))
    {
        for m in messages {
            assert_eq!((m.walker, m.equilibration), (0, 0), "{size}: {m:?}");
            assert!(m.agreement > 0 && m.agreement < 205, "{size}: {m:?}");
            // a mark is one message, and so is what is gathered and how long it is, at the start and at the end
            assert!(m.saving <= 20 + 16, "{size}: {m:?}");
        }
    }
    let place = Place::new(&with(1, [10, 100], "Scene(", "Scene("));
    let messages = run(&place, "split", "reference", 2, 60.0, None);
    assert!(messages.iter().all(|m| m.walker == 110), "one a cycle: {messages:?}");
}

#[test]
fn other_ranks_go_on_with_the_same_bits() {
    for (walkers, counts, of) in [(4, [1, 3, 2], 6), (1, [2, 1, 3], 6), (2, [3, 2, 1], 1)] {
        // long enough to be stopped where progress is told of: every tenth of a second
        for (name, text) in scenes(walkers, [30, 1500]).into_iter().take(of) {
            let place = Place::new(&text);
            run(&place, "alone", "reference", 1, 60.0, None);
            let [first, second, third] = counts;
            run(&place, "cut", "reference", first, 0.02, Some(40));
            let cut = state(&place.run("cut")).sampler.cycle;
            resume(&place, "cut", second, None, Some(cut + 1));
            let cut_again = state(&place.run("cut")).sampler.cycle;
            assert!(40 <= cut && cut < cut_again && cut_again < 1530, "{name}: stopped at {cut}, {cut_again}");
            resume(&place, "cut", third, None, None);
            let label = format!("{name}: {walkers} walkers on {counts:?}");
            assert_same_run(&label, &read(&place.run("alone")), &read(&place.run("cut")));
        }
    }
}

#[test]
fn a_run_made_longer_by_ranks_is_one_made_longer_alone() {
    let place = Place::new(&with(4, CYCLES, "Scene(", "Scene("));
    for (name, sizes) in [("alone", [1, 1]), ("shared", [2, 3])] {
        run(&place, name, "reference", sizes[0], 60.0, None);
        resume(&place, name, sizes[1], Some(50), None);
    }
    assert_same_run("longer", &read(&place.run("alone")), &read(&place.run("shared")));
}

#[test]
fn a_damaged_shard_takes_the_checkpoint_before() {
    let place = Place::new(&with(4, [10, 60], "Scene(", "Scene("));
    run(&place, "run", "reference", 2, 0.0, None);
    let (directory, whole) = (place.run("run"), read(&place.run("run")));
    let shards = directory.join("shards");
    let mut names: Vec<_> = std::fs::read_dir(&shards).expect("shards").flatten().map(|e| e.path()).collect();
    names.sort();
    // those of two checkpoints
    assert_eq!(names.len(), 8, "{names:?}");
    let (last, sound) = (names[6].clone(), std::fs::read(&names[6]).expect("a shard"));
    let mut bytes = sound.clone();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 4;
    for damaged in [bytes, sound[..middle].to_vec(), std::fs::read(&names[2]).expect("the one before")] {
        std::fs::write(&last, damaged).expect("damaged");
        let (_, origin) = checkpoint::read(&directory, most(&directory)).expect("the one before");
        assert!(matches!(&origin, checkpoint::Origin::Previous(why) if why.contains("w0002.bin")), "{origin:?}");
    }
    resume(&place, "run", 3, None, None);
    assert_same_run("damaged", &whole, &read(&directory));
}

#[test]
fn what_cannot_be_shared_is_refused_by_all_and_told_by_the_first() {
    let place = Place::new(&with(1, [10, ENDLESS], "Scene(", "Scene("));
    let loaded = scene::load(place.path().join("scene.ron")).expect("the scene");
    let refused = |size: usize, directory: &str, device: fn(&Ranks) -> &'static str| -> Vec<Error> {
        let ended = on_ranks(size, |ranks| {
            let limits = Limits::default();
            let options = RunOptions {
                device: device(ranks).into(),
                directory: place.run(directory),
                force: false,
                start_from: None,
                limits,
            };
            run_on(ranks, &loaded, &options, &mut |_| {}).map(|_| ()).expect_err("refused")
        });
        assert!(ended[1..].iter().all(|e| matches!(e, Error::ToldElsewhere)), "{ended:?}");
        ended
    };
    let too_many = refused(7, "many", |_| "reference")[0].to_string();
    assert!(too_many.contains("7 ranks for 6 replicas") && too_many.contains("fewer ranks"), "{too_many}");
    let another = refused(2, "another", |ranks| if ranks.rank() == 1 { "cpu" } else { "reference" })[0].to_string();
    assert!(another.contains("rank 1") && another.contains("another kernel than rank 0"), "{another}");
    let unknown = refused(3, "none", |ranks| if ranks.rank() == 2 { "abacus" } else { "reference" })[0].to_string();
    assert!(unknown.contains("rank 2: no device `abacus`"), "{unknown}");
    std::fs::create_dir(place.run("there")).expect("a folder");
    std::fs::write(place.run("there").join("thesis.tex"), "years of work").expect("a file");
    let exists = refused(2, "there", |_| "reference")[0].to_string();
    assert!(exists.contains("exists; choose another"), "{exists}");
    assert!(!place.run("many").exists() && !place.run("another").exists() && !place.run("none").exists());
}

/// What `mpirun` says in the environment is believed: the program was built without MPI, or with another one.
#[test]
fn processes_that_cannot_find_one_another_are_refused() {
    let place = Place::new(&with(1, [5, ENDLESS], "Scene(", "Scene("));
    for (variables, told) in [
        ([("OMPI_COMM_WORLD_SIZE", "3"), ("OMPI_COMM_WORLD_RANK", "0")], true),
        ([("OMPI_COMM_WORLD_SIZE", "3"), ("OMPI_COMM_WORLD_RANK", "1")], false),
        ([("SLURM_STEP_NUM_TASKS", "3"), ("SLURM_PROCID", "0")], true),
    ] {
        if cfg!(feature = "mpi") && variables[0].0.starts_with("OMPI") {
            // libraries of Open MPI believe it too, and ask a server that is not there
            continue;
        }
        let mut command = place.command(&["run", "scene.ron", "-o", "refused", "--device", "reference"]);
        let output = command.envs(variables).output().expect("the program starts");
        assert!(!output.status.success() && !place.run("refused").exists());
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(said.contains("3 processes were started together"), told, "{said}");
        assert_eq!(said.contains("MPI") && said.contains("docs/mpi.md"), told, "{said}");
    }
}
