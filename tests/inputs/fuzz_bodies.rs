//! Fuzz bodies: whatever the bytes, a reader returns or refuses; it never panics and never takes memory without reason.

use adlayer::testing::input::scene;
use adlayer::testing::io::{structure, xyz};
use adlayer::testing::potential::{PairForm, Section, Table};
use adlayer::testing::run::RunRecord;
use adlayer::testing::run::checkpoint::{Checkpoint, Header, seal, unseal};
use adlayer::testing::run::tables::{parse_exchange, parse_moves};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestRng, TestRunner};
use std::path::Path;
use std::time::Instant;

/// What a body says about one case.
type Outcome = Result<(), TestCaseError>;

/// A change of some bytes.
#[derive(Debug, Clone)]
enum Change {
    Flip { at: usize, bit: u8 },
    Cut { at: usize },
    Insert { at: usize, bytes: Vec<u8> },
    Remove { at: usize, n: usize },
    Copy { from: usize, n: usize, to: usize },
    Token { at: usize, token: &'static str },
}

/// Words that parsers care about.
const TOKENS: [&str; 32] = [
    "(",
    ")",
    "[",
    "]",
    "\"",
    ",",
    ":",
    "\n",
    "-1",
    "0",
    "1e308",
    "1e-320",
    "NaN",
    "inf",
    "4294967296",
    "18446744073709551616",
    "65536",
    "None",
    "Some(",
    "List([",
    "Linear(from: 0, to: 1, n: 4000000000)",
    "//",
    "/*",
    "\u{0}",
    "\u{feff}",
    "é",
    "Lattice=\"",
    "Properties=species:S:1:pos:R:3:x:R:99999999999",
    "nan",
    "walkers: 4294967295",
    "repeat: (65535, 65535)",
    "species",
];

fn change() -> impl Strategy<Value = Change> {
    let at = any::<usize>();
    prop_oneof![
        4 => (at, 0..8_u8).prop_map(|(at, bit)| Change::Flip { at, bit }),
        1 => at.prop_map(|at| Change::Cut { at }),
        2 => (at, prop::collection::vec(any::<u8>(), 1..12)).prop_map(|(at, bytes)| Change::Insert { at, bytes }),
        2 => (at, 1..24_usize).prop_map(|(at, n)| Change::Remove { at, n }),
        1 => (at, 1..200_usize, at).prop_map(|(from, n, to)| Change::Copy { from, n, to }),
        6 => (at, prop::sample::select(&TOKENS[..])).prop_map(|(at, token)| Change::Token { at, token }),
    ]
}

fn changes() -> impl Strategy<Value = Vec<Change>> {
    prop::collection::vec(change(), 1..5)
}

fn apply(bytes: &mut Vec<u8>, changes: &[Change]) {
    for change in changes {
        let n = bytes.len();
        match change {
            Change::Flip { at, bit } if n > 0 => bytes[at % n] ^= 1 << bit,
            Change::Flip { .. } => {}
            Change::Cut { at } => bytes.truncate(at % (n + 1)),
            Change::Insert { at, bytes: new } => drop(bytes.splice(at % (n + 1)..at % (n + 1), new.iter().copied())),
            Change::Token { at, token } => drop(bytes.splice(at % (n + 1)..at % (n + 1), token.bytes())),
            Change::Remove { at, n: some } => {
                let at = at % (n + 1);
                drop(bytes.drain(at..(at + some).min(n)));
            }
            Change::Copy { from, n: some, to } => {
                let from = from % (n + 1);
                let piece = bytes[from..(from + some).min(n)].to_vec();
                drop(bytes.splice(to % (n + 1)..to % (n + 1), piece));
            }
        }
    }
}

/// Runs a body on `cases` cases, always the same ones; returns the seconds it took.
fn fuzz(cases: u32, seeds: usize, body: impl Fn(usize, &[Change]) -> Outcome) -> f64 {
    let start = Instant::now();
    let config = Config { cases, failure_persistence: None, max_shrink_iters: 2000, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    let strategy = (0..seeds, changes());
    runner.run(&strategy, |(seed, changes)| body(seed, &changes)).unwrap_or_else(|e| panic!("{e}"));
    start.elapsed().as_secs_f64()
}

/// Scenes of the project, as they are shipped.
const SCENES: [&str; 3] = [
    include_str!("../../scenes/lj_surface.ron"),
    include_str!("../../scenes/ideal_gas.ron"),
    r#"Scene(units: Metal, species: [(name: "B", symbol: "Ar", mass: 40.0)],
        potential: LennardJones(cutoff: 8.5, truncation: Plain, tail_correction: true, mixing: LorentzBerthelot,
            pairs: [(between: ("B", "B"), epsilon: 0.01, sigma: 3.4)]),
        external: [Harmonic(species: "B", spring: 0.1)],
        cell: Bulk(lengths: (20.0, 20.0, 20.0)), reservoir: [(species: "B", max_atoms: 40, region: (z: (1.0, 9.0)))],
        initial: [(species: "B", atoms: 4, placement: Random, walkers: Even)],
        grid: (temperature: Geometric(from: 80.0, to: 140.0, n: 4), walkers: 2,
            reservoir: [(species: "B", convention: Pressure, values: List([0.1, 1.0]))]),
        dynamics: MonteCarlo(displacement: 0.3, attempts: 40), moves: (insert_delete: 20), exchange: EvenOdd(every: 2),
        schedule: (equilibration: 5, production: 50, sample_every: 2, max_samples_per_state: 20), seed: 7)"#,
];

/// The scene parser with all its checks, slabs and errors.
pub(crate) fn scenes(cases: u32) -> f64 {
    fuzz(cases, SCENES.len(), |seed, changes| {
        let mut bytes = SCENES[seed].as_bytes().to_vec();
        apply(&mut bytes, changes);
        let text = String::from_utf8_lossy(&bytes);
        match scene::parse(&text, Path::new("/nowhere/fuzz.ron")) {
            // what is accepted can be written out and read again
            Ok(loaded) => {
                let resolved = scene::resolved(&loaded);
                let again = scene::parse(&resolved, Path::new("/nowhere/fuzz.ron"));
                prop_assert!(again.is_ok(), "{:?}\n{resolved}", again.err());
            }
            Err(error) => prop_assert!(!error.to_string().is_empty()),
        }
        Ok(())
    })
}

/// The checkpoint reader: damaged files, and files whose payload or header was forged under a right checksum.
pub(crate) fn checkpoints(cases: u32, sound: &[u8], most: u64) -> f64 {
    let (header, payload) = unseal(sound, most).expect("a sound checkpoint");
    let whole = Checkpoint::from_bytes(sound, most).expect("a sound checkpoint");
    fuzz(cases, 3, |seed, changes| {
        let bytes = match seed {
            0 => {
                let mut bytes = sound.to_vec();
                apply(&mut bytes, changes);
                prop_assert!(bytes == sound || Checkpoint::from_bytes(&bytes, most).is_err());
                return Ok(());
            }
            1 => {
                let mut payload = payload.clone();
                apply(&mut payload, changes);
                seal(&header, &payload)
            }
            _ => {
                let mut start = payload[..payload.len().min(400)].to_vec();
                apply(&mut start, changes);
                seal(&Header { scene: whole.state.scene.hash(), ..header.clone() }, &start)
            }
        };
        if let Ok(found) = Checkpoint::from_bytes(&bytes, most) {
            // whatever it says, it says it again
            prop_assert!(Checkpoint::from_bytes(&found.to_bytes(), most).is_ok());
        }
        Ok(())
    })
}

const FRAMES: [&str; 5] = [
    "2\nLattice=\"6.6 0 0 0 5.7 0 0 0 9\" Properties=species:S:1:pos:R:3 pbc=\"T T F\" cycle=7\nCu 0 0 0\nAr 1.5 2 3e-1\n",
    "1\nProperties=tags:I:1:pos:R:3:species:S:1 note=\"two words\"\n0 1 2 3 H\n\n1\n\nHe 0 0 0\n",
    "3\nplain comment\nA 0 0 0\nB 1 1 1\nC 2 2 2\n",
    "Cu Ar\n-120.0\n2.0 0 0\n0 2.5 0\n0 0 3.0\nCu_pv Ar/a1\n1 1\nSelective\nDirect\n0.5 0.5 0.5 T F .TRUE.\n-0.25 1.25 0.0 F F F\n",
    "He\n1 2 3\n2.0 0 0\n1 2.5 0\n0 0 3.0d0\n2\ncart\n0.5 0.5 0.5\n0 0 0\n\n1 1 1\n",
];

/// The readers of extended XYZ and POSCAR.
pub(crate) fn frames(cases: u32) -> f64 {
    fuzz(cases, FRAMES.len(), |seed, changes| {
        let mut bytes = FRAMES[seed].as_bytes().to_vec();
        apply(&mut bytes, changes);
        let text = String::from_utf8_lossy(&bytes);
        let frames = xyz::parse(&text);
        prop_assert!(frames.as_ref().is_ok_and(|f| !f.is_empty()) || frames.is_err());
        let read = structure::parse(&text, "slab").map(|s| s.frame);
        for frame in frames.iter().flatten().chain(&read) {
            prop_assert_eq!(frame.symbols.len(), frame.positions.len());
            prop_assert!(frame.movable.as_ref().is_none_or(|m| m.len() == frame.symbols.len()));
            prop_assert!(frame.positions.iter().all(|r| !r.is_nan()));
            let _ = frame.orthogonal_lengths();
        }
        Ok(())
    })
}

const TABLES: [&str; 3] = [
    "state_a,state_b,axis,attempts,accepted,acceptance,acceptance_second_half\n0,1,temperature,100,40,0.4,\n0,2,mu_B,90,1,1e-2,0.5\n",
    "state,temperature,n_B_mean,acceptance_insert_B,acceptance_delete_B\n0,0.6,1.5,0.25,0.5\n1,0.8,,NaN,\n",
    r#"{"version":"0.1.0","status":"running","title":"","scene":"s.ron","seed":1,"device":"cpu","driver":"","kernel":"k","threads":2,"started_unix":1,"n_states":6,"walkers":2,"n_replicas":12,"equilibration":5,"production":40,"production_done":0,"steps":4,"attempts":20,"sample_stride":1,"seconds_sampling":0.0,"seconds_analysis":0.0,"replica_steps_per_s":0.0,"attempts_per_s":0.0,"warnings":[]}"#,
];

/// The readers of exchange.csv, states.csv and run.json.
pub(crate) fn tables(cases: u32) -> f64 {
    let names = ["B".to_owned()];
    assert!(RunRecord::parse(TABLES[2]).is_ok(), "the sound record reads");
    fuzz(cases, TABLES.len(), |seed, changes| {
        let mut bytes = TABLES[seed].as_bytes().to_vec();
        apply(&mut bytes, changes);
        let text = String::from_utf8_lossy(&bytes);
        let _ = parse_exchange(&text);
        if let Ok(rows) = parse_moves(&text, &names) {
            prop_assert_eq!(rows.len(), 1);
        }
        let _ = RunRecord::parse(&text);
        Ok(())
    })
}

/// Tables of pairs: with even distances, with those of its rows, with two sections.
const PAIR_TABLES: [&str; 3] = [
    "# a remark\n\nP\nN 4 R 1.0 2.5\n\n1 1.0 3.0 9.0\n2 1.5 0.5 2.0\n3 2.0 -0.2 -0.5\n4 2.5 0.0 0.0\n",
    "P # the only one\nFPRIME -9 0 N 3\n\n1 1.0 3.0 9.0\n# between\n2 1.7 0.5 2.0\n3 2.5 0.0 0.1\n",
    "Q\nN 2 RSQ 1 2\n\n1 1 1 1\n2 2 0 0\n\nP\nN 3 RSQ 1 2.5\n\n1 1 3 9\n2 1.903943 0.5 2\n3 2.5 0 0\n",
];

/// The reader of tables of pairs, and what interpolates them.
pub(crate) fn pair_tables(cases: u32) -> f64 {
    for text in PAIR_TABLES {
        assert!(Section::find(text, "P").is_ok_and(|s| s.ends() == (1.0, 2.5)), "a sound table reads");
    }
    fuzz(cases, PAIR_TABLES.len(), |seed, changes| {
        let mut bytes = PAIR_TABLES[seed].as_bytes().to_vec();
        apply(&mut bytes, changes);
        match Section::find(&String::from_utf8_lossy(&bytes), "P") {
            Ok(section) => {
                let (first, last) = section.ends();
                prop_assert!(0.0 < first && first < last);
                let table = Table::new(&section, 5, 0.5 * (first + last));
                prop_assert!(table.core() >= 0.0);
            }
            Err(problem) => prop_assert!(!problem.is_empty()),
        }
        Ok(())
    })
}
