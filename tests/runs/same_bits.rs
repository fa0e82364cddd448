//! The same seed gives the same bits as ever: short runs against stored values, and against another build on request.
//!
//! `tests/data/same_bits` holds scenes, and what the program of November 2026 (commit d862d93) made of them on the
//! reference: its tables as it wrote them, compared value by value and not letter by letter (but the errors of averages, which the
//! analysis sets, and μ and pressures, which are the scene's own since), and digests of its samples
//! and of the configurations in its last checkpoint. A change that alters them on purpose is value-breaking: it says so
//! in CHANGELOG.md and stores new ones, which the failing test prints.

use crate::announce::announce;
use crate::gpu;
use crate::outcome::{most, snapshot};
use crate::place::Place;
use adlayer::testing::input::scene;
use adlayer::testing::run::checkpoint;
use adlayer::testing::sample::{Samples, read_samples};
use adlayer::testing::sampler::SamplerState;
use std::path::{Path, PathBuf};
use std::process::Command;
use xxhash_rust::xxh3::Xxh3;

/// The scenes: the default one and the layers shortened, two gases over a mobile layer, a canonical fluid, a trap.
const NAMES: [&str; 5] = ["default", "layers", "mixture", "canonical", "trap"];

fn stored(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/same_bits").join(file)
}

/// A cell of a table: the bits of its number, or its text.
#[derive(Debug, Clone, PartialEq)]
enum Value {
    Number(u64),
    Text(String),
}

/// Header and rows of a table.
fn table(path: &Path) -> Vec<Vec<Value>> {
    let text = std::fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let value =
        |cell: &str| cell.parse().map_or_else(|_| Value::Text(cell.into()), |x: f64| Value::Number(x.to_bits()));
    text.lines().map(|line| line.split(',').map(value).collect()).collect()
}

/// The columns of the table of states that the stored one has, without what the analysis sets in it: errors and
/// inefficiencies.
///
/// - `stored`: its header
fn of_the_sampler(table: Vec<Vec<Value>>, stored: &[Value]) -> Vec<Vec<Value>> {
    let set = |value: &Value| matches!(value, Value::Text(t) if t.ends_with("_err") || t == "inefficiency");
    let keep: Vec<bool> = table[0].iter().map(|value| stored.contains(value) && !set(value)).collect();
    let only =
        |row: Vec<Value>| row.into_iter().zip(&keep).filter(|(_, keep)| **keep).map(|(value, _)| value).collect();
    table.into_iter().map(only).collect()
}

/// Asserts that two tables hold the same values.
fn assert_same_table(label: &str, ours: &[Vec<Value>], theirs: &[Vec<Value>]) {
    assert_eq!(ours.len(), theirs.len(), "{label}: rows");
    for (k, (a, b)) in ours.iter().zip(theirs).enumerate() {
        assert_eq!(a, b, "{label}: row {k}");
    }
}

/// Every bit of the samples, row by row.
fn digest_of_samples(samples: &Samples) -> String {
    let mut digest = Xxh3::new();
    for i in 0..samples.len() {
        for integer in [samples.cycle[i], u32::from(samples.walker[i]), samples.replica[i], samples.state[i]] {
            digest.update(&integer.to_le_bytes());
        }
        digest.update(&samples.energy[i].to_bits().to_le_bytes());
        samples.counts.iter().for_each(|n| digest.update(&n[i].to_le_bytes()));
        samples.columns.iter().for_each(|c| digest.update(&c.values[i].to_bits().to_le_bytes()));
        for n in samples.histograms.iter().flat_map(|h| h.of(i)) {
            digest.update(&n.to_bits().to_le_bytes());
        }
    }
    format!("{} rows {:016x}", samples.len(), digest.digest())
}

/// Every bit of the configurations, and which state each holds.
fn digest_of_configurations(state: &SamplerState) -> String {
    let mut digest = Xxh3::new();
    state.assignment.iter().for_each(|id| digest.update(&id.0.to_le_bytes()));
    state.backend.n_of.iter().for_each(|n| digest.update(&n.to_le_bytes()));
    digest.update(&state.backend.species);
    for x in state.backend.positions.iter().chain(&state.backend.velocities).flatten() {
        digest.update(&x.to_bits().to_le_bytes());
    }
    format!("{} atoms {:016x}", state.backend.positions.len(), digest.digest())
}

/// What a run has come to.
#[derive(Debug, PartialEq)]
struct Evidence {
    states: Vec<Vec<Value>>,
    exchange: Vec<Vec<Value>>,
    samples: String,
    /// Absent where the checkpoint is one of a build whose format is another.
    configurations: Option<String>,
}

impl Evidence {
    /// The digests as `digests.txt` holds them.
    fn digests(&self, name: &str) -> String {
        format!("{name}: samples {}, configurations {}", self.samples, self.configurations.as_deref().unwrap_or("?"))
    }
}

/// Runs a stored scene with a build of the program.
fn run(program: &Path, name: &str, device: &str) -> Evidence {
    let place = Place::new(&std::fs::read_to_string(stored(&format!("{name}.ron"))).expect("a scene"));
    let arguments = ["run", "scene.ron", "--device", device, "-o", "run", "--quiet"];
    let output = Command::new(program).current_dir(place.path()).args(arguments).output().expect("the program starts");
    assert!(output.status.success(), "{name} on {device}: {}", String::from_utf8_lossy(&output.stderr));
    let directory = place.run("run");
    assert!(snapshot(&directory).iter().any(|(path, ..)| path.ends_with("report.html")), "{name} is finished");
    let reservoirs = scene::load(directory.join("resolved.ron")).expect("the scene").scene.reservoir;
    let species: Vec<String> = reservoirs.into_iter().map(|r| r.species).collect();
    let last = checkpoint::read(&directory, most(&directory));
    Evidence {
        states: of_the_sampler(table(&directory.join("states.csv")), &table(&stored(&format!("{name}.states.csv")))[0]),
        exchange: table(&directory.join("exchange.csv")),
        samples: digest_of_samples(&read_samples(&directory, &species).expect("samples")),
        configurations: last.ok().map(|(checkpoint, _)| digest_of_configurations(&checkpoint.state.sampler)),
    }
}

/// This build.
fn ours() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_adlayer"))
}

/// exp and ln come from the C library, whose last bits depend on its kind and on fused multiplication: the stored values
/// are those of glibc on x86-64 with FMA.
#[cfg(all(target_arch = "x86_64", target_os = "linux", target_env = "gnu"))]
#[test]
fn short_runs_on_the_reference_have_the_stored_bits() {
    if !std::arch::is_x86_feature_detected!("fma") {
        announce("skipped: the stored bits are those of a processor with fused multiplication");
        return;
    }
    let expected = std::fs::read_to_string(stored("digests.txt")).expect("the digests");
    for name in NAMES {
        let found = run(ours(), name, "reference");
        for (kind, ours) in [("states", &found.states), ("exchange", &found.exchange)] {
            let file = format!("{name}.{kind}.csv");
            let theirs = table(&stored(&file));
            let header = theirs[0].clone();
            let theirs = if kind == "states" { of_the_sampler(theirs, &header) } else { theirs };
            assert_same_table(&file, ours, &theirs);
        }
        let digests = found.digests(name);
        assert!(expected.lines().any(|line| line == digests), "found\n{digests}\nstored\n{expected}");
    }
}

/// `ADLAYER_OTHER_BUILD=path cargo test --test runs another_build -- --ignored`
#[test]
#[ignore = "needs another build of the program: ADLAYER_OTHER_BUILD=path"]
fn another_build_computes_the_same_bits_on_every_device() {
    let Some(other) = std::env::var_os("ADLAYER_OTHER_BUILD") else {
        announce("skipped: ADLAYER_OTHER_BUILD names no other build");
        return;
    };
    let devices = ["reference", "cpu", "gpu"].into_iter().filter(|&d| d != "gpu" || gpu::device().is_some());
    for device in devices {
        for name in NAMES {
            let (theirs, found) = (run(Path::new(&other), name, device), run(ours(), name, device));
            announce(&format!("{device}, the other build: {}", theirs.digests(name)));
            let label = format!("{name} on {device}");
            assert_same_table(&format!("{label}, states.csv"), &found.states, &theirs.states);
            assert_same_table(&format!("{label}, exchange.csv"), &found.exchange, &theirs.exchange);
            assert_eq!(found.samples, theirs.samples, "{label}: samples");
            match &theirs.configurations {
                Some(_) => assert_eq!(found.configurations, theirs.configurations, "{label}: configurations"),
                None => announce(&format!("{label}: the checkpoint of the other build has another format")),
            }
        }
    }
}

#[test]
#[should_panic(expected = "row 1")]
fn one_bit_of_one_value_is_noticed() {
    let row = |x: f64| vec![vec![Value::Text("n".into())], vec![Value::Number(x.to_bits())]];
    assert_same_table("a table", &row(0.1), &row(f64::from_bits(0.1_f64.to_bits() + 1)));
}
