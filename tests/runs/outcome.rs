//! What runs leave behind.

use adlayer::testing::input::scene;
use adlayer::testing::run::checkpoint::{self, RunState};
use adlayer::testing::sample::{Samples, read_samples};
use std::path::{Path, PathBuf};

/// Production cycles that no machine gets through in a test. They take no more room than twenty thousand: the stride of
/// what is stored follows from their number.
pub(crate) const ENDLESS: u32 = 10_000_000;

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
    checkpoint::most_bytes(&scene::load(directory.join("resolved.ron")).expect("the scene"))
}

/// Reads all that a finished run has come to.
pub(crate) fn outcome(directory: &Path) -> Outcome {
    let text = |name: &str| std::fs::read_to_string(directory.join(name)).expect("a table");
    let reservoirs = scene::load(directory.join("resolved.ron")).expect("the scene").scene.reservoir;
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
