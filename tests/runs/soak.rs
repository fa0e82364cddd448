//! A long run that is interrupted again and again, and how much memory it takes meanwhile.

use crate::announce::announce;
use crate::outcome::ENDLESS;
use crate::place::{Place, stderr};
use crate::processes::{signal, wait_until};
use adlayer::testing::base::rng::{Rng, Stream};
use std::path::Path;
use std::process::Child;
use std::time::{Duration, Instant};

/// Windows that the time is cut into.
const WINDOWS: usize = 6;

/// A process counts from this age on: before, it reads its checkpoint.
const YOUTH: Duration = Duration::from_secs(3);

/// What a soak came to.
#[derive(Debug, Default)]
struct Soak {
    /// Mean resident memory in every window. [kB]
    means: Vec<f64>,
    /// Largest resident memory. [kB]
    peak: f64,
    /// Interruptions by SIGINT, SIGTERM and SIGUSR1.
    signals: u32,
    /// Interruptions by SIGKILL.
    kills: u32,
}

/// The default scene in an endless production, ended at random every 10 to 80 seconds and resumed, for so long.
fn soak(length: Duration, seed: u64) -> Soak {
    let scene = include_str!("../../scenes/lj_surface.ron");
    let endless = scene.replace("production: 1500", &format!("production: {ENDLESS}"));
    assert_ne!(scene, endless);
    let place = Place::new(&endless);
    let checkpoint = place.run("run").join("checkpoint.bin");
    let (rng, start, mut soak) = (Rng::new(seed), Instant::now(), Soak::default());
    let mut windows = vec![Vec::new(); WINDOWS];
    let mut command = vec!["run", "scene.ron", "--device", "cpu", "-o", "run"];
    while start.elapsed() < length {
        let mut child = place.spawn(&[&command[..], &["--quiet", "--checkpoint-every", "5"]].concat());
        assert!(wait_until(&mut child, || checkpoint.exists()));
        let [u, which, ..] = rng.uniforms(Stream::ParticleMove, u64::from(soak.signals + soak.kills), 0, 0);
        let (born, life) = (Instant::now(), Duration::from_secs_f64(10.0 + 70.0 * u));
        while born.elapsed() < life && start.elapsed() < length {
            std::thread::sleep(Duration::from_secs(1));
            assert!(child.try_wait().expect("a process").is_none(), "the run ended by itself");
            if born.elapsed() > YOUTH {
                let window = start.elapsed().as_secs_f64() / length.as_secs_f64() * WINDOWS as f64;
                windows[(window as usize).min(WINDOWS - 1)].push(resident(&child));
            }
        }
        interrupt(child, which, &mut soak);
        command = vec!["resume", "run"];
    }
    soak.peak = windows.iter().flatten().copied().fold(0.0, f64::max);
    soak.means = windows.iter().map(|w| w.iter().sum::<f64>() / w.len() as f64).collect();
    announce(&format!("{soak:.0?}"));
    soak
}

/// Ends a process: three times of ten by SIGKILL, else by a signal that lets it finish its cycle.
fn interrupt(mut child: Child, u: f64, soak: &mut Soak) {
    if u < 0.3 {
        child.kill().expect("killed");
        child.wait().expect("ended");
        soak.kills += 1;
        return;
    }
    signal(&child, ["INT", "TERM", "USR1"][soak.signals as usize % 3]);
    let output = child.wait_with_output().expect("ended");
    assert_eq!(output.status.code(), Some(75), "{}", stderr(&output));
    soak.signals += 1;
}

/// `VmRSS` of a process. [kB]
fn resident(child: &Child) -> f64 {
    let path = format!("/proc/{}/status", child.id());
    let status = std::fs::read_to_string(Path::new(&path)).expect("the process runs");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("its resident memory");
    line.trim_end_matches("kB").trim().parse().expect("a number")
}

/// An hour, or `ADLAYER_SOAK_MINUTES`.
#[test]
#[ignore = "an hour of random interruptions"]
fn memory_is_flat_in_an_hour_of_interruptions() {
    let minutes = std::env::var("ADLAYER_SOAK_MINUTES").map_or(60, |m| m.parse().expect("a number of minutes"));
    let soak = soak(Duration::from_secs(60 * minutes), 7);
    assert!(soak.signals > 0 && soak.kills > 0, "{soak:?}");
    // Buffers fill faster where the machine is less busy: each sixth of the time is held against the whole of it.
    let mean = soak.means.iter().sum::<f64>() / soak.means.len() as f64;
    let flat = soak.means.iter().all(|m| (m / mean - 1.0).abs() < 0.05);
    assert!(flat, "resident memory moves by more than 5 % about {mean:.0} kB: {:.0?}", soak.means);
    assert!(soak.peak < 1.25 * mean, "a peak of {:.0} kB above {mean:.0}", soak.peak);
}
