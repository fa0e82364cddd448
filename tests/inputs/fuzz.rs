//! Short runs of the fuzz bodies; the long suite repeats them with a million cases each.

use crate::announce::announce;
use crate::fuzz_bodies;
use crate::place::{Place, surface};
use adlayer::testing::input::scene;
use adlayer::testing::run::checkpoint;
#[cfg(target_os = "linux")]
use adlayer::testing::run::checkpoint::{Checkpoint, Header, seal, unseal};
#[cfg(target_os = "linux")]
use std::process::Command;

/// Cases of every body.
const CASES: u32 = 2000;

/// Cases of every body in the long suite.
const LONG_CASES: u32 = 1_000_000;

#[test]
fn scenes() {
    fuzz_bodies::scenes(CASES);
}

#[test]
fn frames() {
    fuzz_bodies::frames(CASES);
}

#[test]
fn tables() {
    fuzz_bodies::tables(CASES);
}

#[test]
fn pair_tables() {
    fuzz_bodies::pair_tables(CASES);
}

#[test]
fn checkpoints() {
    let (sound, most) = sound_checkpoint();
    fuzz_bodies::checkpoints(CASES, &sound, most);
}

/// A checkpoint of a small run, and the bytes it may take at most.
fn sound_checkpoint() -> (Vec<u8>, u64) {
    let place = Place::new(&surface(2, [2, 4]).replace("walkers: 2", "walkers: 1"));
    place.succeed(&["run", "scene.ron", "--device", "cpu", "-o", "run", "--quiet"]);
    let loaded = scene::load(place.run("run/resolved.ron")).expect("the scene");
    (std::fs::read(place.run("run/checkpoint.bin")).expect("a checkpoint"), checkpoint::most_bytes(&loaded))
}

/// A hostile checkpoint announces lengths that its file does not justify: refused before anything is allocated. Memory is
/// that of the whole process, so this test repeats itself in one of its own.
#[cfg(target_os = "linux")]
#[test]
fn a_hostile_checkpoint_takes_no_memory() {
    const ALONE: &str = "ADLAYER_HOSTILE_CHECKPOINT_ALONE";
    if std::env::var_os(ALONE).is_some() {
        return read_hostile_checkpoints();
    }
    let mut child = Command::new(std::env::current_exe().expect("this program"));
    let arguments = ["--exact", "fuzz::a_hostile_checkpoint_takes_no_memory", "--nocapture"];
    let output = child.args(arguments).env(ALONE, "1").output().expect("the program starts");
    let stdout = String::from_utf8_lossy(&output.stdout);
    let passed = output.status.success() && stdout.contains("1 passed");
    assert!(passed, "{stdout}{}", String::from_utf8_lossy(&output.stderr));
}

/// Most memory that this process has ever held [byte].
#[cfg(target_os = "linux")]
fn peak_memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("procfs");
    let line = status.lines().find(|l| l.starts_with("VmHWM")).expect("VmHWM");
    let kib: u64 = line.split_whitespace().nth(1).and_then(|w| w.parse().ok()).expect("a number");
    kib * 1024
}

#[cfg(target_os = "linux")]
fn read_hostile_checkpoints() {
    let (sound, most) = sound_checkpoint();
    fuzz_bodies::checkpoints(200, &sound, most);
    let before = peak_memory();
    // vectors of 2^60 elements at every place of a payload, under a right checksum
    let (header, payload) = unseal(&sound, most).expect("sound");
    let huge = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x0f];
    for at in 0..payload.len().min(3000) {
        let mut forged = payload[..at].to_vec();
        forged.extend_from_slice(&huge);
        forged.extend_from_slice(&payload[at..]);
        let _ = Checkpoint::from_bytes(&seal(&header, &forged), most);
    }
    // a payload of zeros, the best that a packer can do
    let zeros = vec![0; 8 << 20];
    let bytes = seal(&Header::default(), &zeros);
    assert!(bytes.len() as u64 * 8 >= zeros.len() as u64, "the writer itself keeps to what the reader believes");
    drop(zeros);
    let _ = Checkpoint::from_bytes(&bytes, u64::MAX);
    let grown = peak_memory() - before;
    // the eight MiB above are held three times
    assert!(grown < 64 << 20, "{grown} bytes were taken");
}

#[test]
#[ignore = "long suite: a million cases of the scene parser"]
fn fuzz_scenes() {
    announce(&format!("scene parser: {LONG_CASES} cases in {:.0} s", fuzz_bodies::scenes(LONG_CASES)));
}

#[test]
#[ignore = "long suite: a million cases of the reader of extended XYZ"]
fn fuzz_frames() {
    announce(&format!("extended XYZ: {LONG_CASES} cases in {:.0} s", fuzz_bodies::frames(LONG_CASES)));
}

#[test]
#[ignore = "long suite: a million cases of the table readers"]
fn fuzz_tables() {
    announce(&format!("tables and run.json: {LONG_CASES} cases in {:.0} s", fuzz_bodies::tables(LONG_CASES)));
}

#[test]
#[ignore = "long suite: a million cases of the reader of tables of pairs"]
fn fuzz_pair_tables() {
    announce(&format!("tables of pairs: {LONG_CASES} cases in {:.0} s", fuzz_bodies::pair_tables(LONG_CASES)));
}

#[test]
#[ignore = "long suite: a million cases of the checkpoint reader"]
fn fuzz_checkpoints() {
    let (sound, most) = sound_checkpoint();
    let seconds = fuzz_bodies::checkpoints(LONG_CASES, &sound, most);
    announce(&format!("checkpoint reader: {LONG_CASES} cases of {} bytes in {seconds:.0} s", sound.len()));
}
