//! SIGKILL at 40 instants: inside a checkpoint write, between the exchange and the next segment, anywhere else. The
//! resumed run has the bits of one that was not interrupted, every time.

use crate::announce::announce;
use crate::gpu;
use crate::outcome::{assert_same, fluid, leftovers, outcome};
use crate::place::{Place, stderr, surface};
use crate::processes::wait_until;
use adlayer::testing::base::rng::{Rng, Stream};
use std::path::Path;
use std::process::Child;
use std::time::{Duration, SystemTime};

/// When a process is killed.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Instant {
    /// At a random time after it began to write.
    Random,
    /// When the temporary file of a checkpoint or of a sample part is there.
    InsideWrite,
    /// When a checkpoint has just been renamed: the exchange is made, the next segment is not begun or just begun.
    AfterCheckpoint,
}

/// What the kills of one device came to.
#[derive(Debug, Default)]
struct Tally {
    kills: u32,
    inside_write: u32,
    after_checkpoint: u32,
}

fn modified(path: &Path) -> Option<SystemTime> {
    std::fs::metadata(path).and_then(|m| m.modified()).ok()
}

/// Waits for the instant and kills; whether the process was still running.
fn kill(child: &mut Child, directory: &Path, when: Instant, u: f64, tally: &mut Tally) -> bool {
    let last = directory.join("checkpoint.bin");
    let begun = modified(&last);
    // a resumed process has written something of its own, a new one its first checkpoint
    if !wait_until(child, || modified(&last).is_some() && modified(&last) != begun) {
        return false;
    }
    match when {
        Instant::Random => std::thread::sleep(Duration::from_secs_f64(0.12 * u)),
        Instant::InsideWrite => {
            std::thread::sleep(Duration::from_secs_f64(0.03 * u));
            wait_until(child, || leftovers(directory) > 0);
        }
        Instant::AfterCheckpoint => {
            std::thread::sleep(Duration::from_secs_f64(0.03 * u));
            let now = modified(&last);
            wait_until(child, || modified(&last) != now);
        }
    }
    if child.try_wait().expect("a process").is_some() {
        return false;
    }
    child.kill().expect("killed");
    child.wait().expect("ended");
    tally.kills += 1;
    tally.inside_write += u32::from(leftovers(directory) > 0);
    tally.after_checkpoint += u32::from(when == Instant::AfterCheckpoint);
    true
}

/// Runs that are killed again and again until `kills` are made, each compared with the uninterrupted run.
fn kill_and_compare(device: &str, scene: &str, seed: u64, kills: u32, of_one_run: u32) -> Tally {
    let place = Place::new(scene);
    // the uninterrupted run saves itself at other times than the interrupted ones
    place.succeed(&["run", "scene.ron", "--device", device, "-o", "whole", "--quiet", "--checkpoint-every", "1000"]);
    let whole = outcome(&place.run("whole"));
    let (rng, mut tally, mut runs) = (Rng::new(seed), Tally::default(), 0);
    let modes = [Instant::Random, Instant::InsideWrite, Instant::AfterCheckpoint];
    while tally.kills < kills {
        let name = format!("cut-{runs}");
        let (directory, mut of_this) = (place.run(&name), 0);
        let mut child =
            place.spawn(&["run", "scene.ron", "--device", device, "-o", &name, "--quiet", "--checkpoint-every", "0"]);
        while of_this < of_one_run && tally.kills < kills {
            let when = modes[tally.kills as usize % modes.len()];
            let [u, ..] = rng.uniforms(Stream::InitialPosition, u64::from(tally.kills), runs, 0);
            if !kill(&mut child, &directory, when, u, &mut tally) {
                break;
            }
            of_this += 1;
            child = place.spawn(&["resume", &name, "--quiet", "--checkpoint-every", "0"]);
        }
        let output = child.wait_with_output().expect("ended");
        assert!(output.status.success(), "{device}: {}", stderr(&output));
        assert_same(&format!("{device}, run {runs} after {of_this} kills"), &whole, &outcome(&directory));
        assert_eq!(leftovers(&directory), 0, "{device}: temporary files stay behind");
        runs += 1;
        assert!(runs < 40, "{device}: the runs end before they can be killed");
    }
    announce(&format!("{device}: {tally:?} in {runs} runs, all with the bits of the uninterrupted one"));
    tally
}

#[test]
fn forty_kills() {
    let mut tallies = vec![
        kill_and_compare("cpu", &surface(4, [30, 400]), 1, 13, 5),
        kill_and_compare("cpu", &fluid([5, 60]), 2, 5, 5),
        kill_and_compare("reference", &surface(4, [30, 300]), 3, 12, 4),
    ];
    if gpu::device().is_some() {
        tallies.push(kill_and_compare("gpu", &surface(4, [20, 150]), 4, 10, 5));
    } else {
        tallies.push(kill_and_compare("cpu", &surface(6, [30, 400]), 4, 10, 5));
    }
    let sum = |f: &dyn Fn(&Tally) -> u32| tallies.iter().map(f).sum::<u32>();
    assert!(sum(&|t| t.kills) >= 40);
    assert!(sum(&|t| t.inside_write) >= 5, "too few kills fell into the writing of a file: {tallies:?}");
    assert!(sum(&|t| t.after_checkpoint) >= 5, "too few kills fell between two cycles: {tallies:?}");
}
