//! Runs of the program in folders of their own, and what they leave behind.

use adlayer::testing::input::scene;
use adlayer::testing::run::checkpoint::{self, RunState};
use adlayer::testing::sample::{Samples, read_samples};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

/// Longest wait for something that must happen.
const PATIENCE: Duration = Duration::from_secs(240);

/// Production cycles that no machine gets through in a test. They take no more room than twenty thousand: the stride of
/// what is stored follows from their number.
pub(crate) const ENDLESS: u32 = 10_000_000;

/// A small surface in contact with a gas: six states, two walkers.
pub(crate) fn surface(steps: u32, cycles: [u32; 2]) -> String {
    let [equilibration, production] = cycles;
    format!(
        r#"Scene(
    units: Lj,
    species: [ (name: "A", symbol: "Cu", mass: 1.0), (name: "B", symbol: "Ar", mass: 1.0) ],
    potential: LennardJones(cutoff: 2.5, truncation: Shifted,
        pairs: [ (between: ("A","A"), epsilon: 1.0, sigma: 1.0), (between: ("A","B"), epsilon: 1.5, sigma: 1.0),
                 (between: ("B","B"), epsilon: 0.6, sigma: 1.3) ]),
    cell: Slab(height: 5.0),
    substrate: Fcc111(species: "A", nearest_neighbour: 1.10, repeat: (5, 3), layers: 1),
    reservoir: [ (species: "B", max_atoms: 24) ],
    grid: ( temperature: List([0.6, 0.8]), walkers: 2,
            reservoir: [ (species: "B", convention: Activity, values: List([-4.5, -3.8, -3.0])) ] ),
    dynamics: Baoab(dt: 0.004, friction: 1.0, steps: {steps}),
    moves: (insert_delete: 20),
    schedule: (equilibration: {equilibration}, production: {production}),
)"#
    )
}

/// A fluid large enough for the neighbour lists of the processor.
pub(crate) fn fluid(cycles: [u32; 2]) -> String {
    let [equilibration, production] = cycles;
    format!(
        r#"Scene(
    units: Lj,
    species: [ (name: "B", symbol: "Ar", mass: 1.0) ],
    potential: LennardJones(cutoff: 2.5, truncation: Shifted, pairs: [ (between: ("B","B"), epsilon: 1.0, sigma: 1.0) ]),
    cell: Bulk(lengths: (9.0, 9.0, 9.0)),
    initial: [ (species: "B", atoms: 380, placement: Random) ],
    grid: ( temperature: List([1.5, 1.52]) ),
    dynamics: Baoab(dt: 0.004, friction: 1.0, steps: 4),
    schedule: (equilibration: {equilibration}, production: {production}),
)"#
    )
}

/// A folder with a scene in it.
pub(crate) struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    pub(crate) fn new(scene: &str) -> Place {
        let folder = tempfile::tempdir().expect("a temporary folder");
        std::fs::write(folder.path().join("scene.ron"), scene).expect("the scene");
        Place { folder }
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// A run directory in it.
    pub(crate) fn run(&self, name: &str) -> PathBuf {
        self.path().join(name)
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_adlayer"));
        command.current_dir(self.path()).args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Runs the program to its end.
    pub(crate) fn adlayer(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().expect("the program starts")
    }

    /// Runs the program to its end, which must be good.
    pub(crate) fn succeed(&self, arguments: &[&str]) -> Output {
        let output = self.adlayer(arguments);
        assert!(output.status.success(), "{arguments:?}: {}", stderr(&output));
        output
    }

    /// Runs the program to its end, which must be this exit code.
    pub(crate) fn fail(&self, arguments: &[&str], code: i32) -> String {
        let output = self.adlayer(arguments);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {}", stderr(&output));
        stderr(&output)
    }

    /// Starts the program.
    pub(crate) fn spawn(&self, arguments: &[&str]) -> Child {
        self.command(arguments).stdout(Stdio::null()).spawn().expect("the program starts")
    }
}

pub(crate) fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Prints past the capture of the test harness.
pub(crate) fn say(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

/// Waits until something holds; whether it did before the process ended.
pub(crate) fn wait_until(child: &mut Child, holds: impl Fn() -> bool) -> bool {
    let start = Instant::now();
    loop {
        if holds() {
            return true;
        }
        if child.try_wait().expect("a process").is_some() {
            return holds();
        }
        assert!(start.elapsed() < PATIENCE, "it never happened");
        std::thread::sleep(Duration::from_micros(100));
    }
}

/// Sends a signal by its name.
#[cfg(unix)]
pub(crate) fn signal(child: &Child, name: &str) {
    let status = Command::new("kill").args([&format!("-{name}"), &child.id().to_string()]).status().expect("kill");
    assert!(status.success());
}

/// Starts a run and stops it in production, by a signal as soon as samples of it are on disk.
///
/// It saves itself after every cycle: that takes its time on a fast machine too, so a thousand cycles of production are
/// far from over when the signal comes.
#[cfg(unix)]
pub(crate) fn stop_in_production(place: &Place, name: &str) {
    let arguments = ["run", "scene.ron", "--device", "cpu", "-o", name, "--quiet", "--checkpoint-every", "0"];
    let mut child = place.spawn(&arguments);
    assert!(wait_until(&mut child, || place.run(name).join("samples/part-00000.parquet").exists()));
    signal(&child, "TERM");
    let output = child.wait_with_output().expect("ended");
    assert_eq!(output.status.code(), Some(75), "{}", stderr(&output));
}

/// What a run has come to: its state, samples and tables.
#[derive(Debug, PartialEq)]
pub(crate) struct Outcome {
    pub(crate) sampler: adlayer::testing::sampler::SamplerState,
    pub(crate) samples: Samples,
    pub(crate) states: String,
    pub(crate) exchange: String,
    /// Files of `transitions/`, with their contents.
    pub(crate) marks: Vec<(PathBuf, Vec<u8>)>,
}

/// The state of the last checkpoint.
pub(crate) fn state(directory: &Path) -> RunState {
    checkpoint::read(directory, most(directory)).expect("a checkpoint").0.state
}

/// Bytes that a checkpoint of this run may take.
pub(crate) fn most(directory: &Path) -> u64 {
    checkpoint::most_bytes(&scene::load(&directory.join("resolved.ron")).expect("the scene"))
}

/// Reads all that a finished run has come to.
pub(crate) fn outcome(directory: &Path) -> Outcome {
    let text = |name: &str| std::fs::read_to_string(directory.join(name)).expect("a table");
    let reservoirs = scene::load(&directory.join("resolved.ron")).expect("the scene").scene.reservoir;
    let species: Vec<String> = reservoirs.into_iter().map(|r| r.species).collect();
    Outcome {
        sampler: state(directory).sampler,
        samples: read_samples(directory, &species).expect("samples"),
        states: text("states.csv"),
        exchange: text("exchange.csv"),
        marks: snapshot(&directory.join("transitions"))
            .into_iter()
            .map(|(path, bytes, _)| (path.strip_prefix(directory).expect("within the run").to_owned(), bytes))
            .collect(),
    }
}

/// Two runs have come to the same, bit for bit.
#[track_caller]
pub(crate) fn assert_same(label: &str, one: &Outcome, other: &Outcome) {
    assert!(one.sampler == other.sampler, "{label}: the states differ");
    assert!(one.samples == other.samples, "{label}: the samples differ");
    assert_eq!(one.states, other.states, "{label}: states.csv");
    assert_eq!(one.exchange, other.exchange, "{label}: exchange.csv");
    assert!(!one.marks.is_empty() && one.marks == other.marks, "{label}: the marks differ");
}

/// Names of everything in a folder and below it, with contents.
pub(crate) fn snapshot(folder: &Path) -> Vec<(PathBuf, Vec<u8>, std::time::SystemTime)> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a folder").map(|e| e.expect("an entry")) {
        let path = entry.path();
        if path.is_dir() {
            all.extend(snapshot(&path));
        } else {
            let modified = entry.metadata().and_then(|m| m.modified()).expect("a time");
            all.push((path.clone(), std::fs::read(&path).expect("a file"), modified));
        }
    }
    all.sort();
    all
}

/// Temporary files in a run directory.
pub(crate) fn leftovers(directory: &Path) -> usize {
    let count = |folder: &Path| {
        let names = std::fs::read_dir(folder).map(|d| d.flatten().map(|e| e.file_name()).collect::<Vec<_>>());
        names.unwrap_or_default().iter().filter(|n| n.to_string_lossy().starts_with(".new-")).count()
    };
    count(directory) + count(&directory.join("samples"))
}
