//! Short runs of the fuzz bodies; the long suite repeats them with a million cases each.

mod bodies;
#[allow(dead_code, reason = "every test file uses its own part of what is shared")]
mod runs;

use runs::{Place, most, surface};

const CASES: u32 = 2000;

#[test]
fn scenes() {
    bodies::scenes(CASES);
}

#[test]
fn frames() {
    bodies::frames(CASES);
}

#[test]
fn tables() {
    bodies::tables(CASES);
}

#[test]
fn checkpoints() {
    let (sound, most) = sound_checkpoint();
    bodies::checkpoints(CASES, &sound, most);
}

/// A checkpoint of a small run, and the bytes it may take at most.
fn sound_checkpoint() -> (Vec<u8>, u64) {
    let place = Place::new(&surface(2, [2, 4]).replace("walkers: 2", "walkers: 1"));
    place.succeed(&["run", "scene.ron", "--device", "cpu", "-o", "run", "--quiet"]);
    (std::fs::read(place.run("run/checkpoint.bin")).expect("a checkpoint"), most(&place.run("run")))
}

/// Most memory that this process has ever held [byte].
#[cfg(target_os = "linux")]
fn peak_memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("procfs");
    let line = status.lines().find(|l| l.starts_with("VmHWM")).expect("VmHWM");
    let kib: u64 = line.split_whitespace().nth(1).and_then(|w| w.parse().ok()).expect("a number");
    kib * 1024
}

/// A hostile checkpoint announces lengths that its file does not justify: refused before anything is allocated.
#[cfg(target_os = "linux")]
#[test]
fn a_hostile_checkpoint_takes_no_memory() {
    use adlayer::testing::run::checkpoint::{Checkpoint, Header, seal};
    let (sound, most) = sound_checkpoint();
    bodies::checkpoints(200, &sound, most);
    let before = peak_memory();
    // vectors of 2^60 elements at every place of a payload, under a right checksum
    let (header, payload) = adlayer::testing::run::checkpoint::unseal(&sound, most).expect("sound");
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
