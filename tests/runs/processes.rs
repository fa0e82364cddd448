//! Runs in progress: started, waited for, and stopped by signals.

use crate::place::{Place, stderr};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Longest wait for something that must happen.
const PATIENCE: Duration = Duration::from_secs(240);

impl Place {
    /// Starts the program.
    pub(crate) fn spawn(&self, arguments: &[&str]) -> Child {
        self.command(arguments).stdout(Stdio::null()).spawn().expect("the program starts")
    }
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
pub(crate) fn signal(child: &Child, name: &str) {
    let status = Command::new("kill").args([&format!("-{name}"), &child.id().to_string()]).status().expect("kill");
    assert!(status.success());
}

/// Starts a run and stops it in production, by a signal as soon as samples of it are on disk.
///
/// It saves itself after every cycle: that takes its time on a fast machine too, so a thousand cycles of production are
/// far from over when the signal comes.
pub(crate) fn stop_in_production(place: &Place, name: &str) {
    let arguments = ["run", "scene.ron", "--device", "cpu", "-o", name, "--quiet", "--checkpoint-every", "0"];
    let mut child = place.spawn(&arguments);
    assert!(wait_until(&mut child, || place.run(name).join("samples/part-00000.parquet").exists()));
    signal(&child, "TERM");
    let output = child.wait_with_output().expect("ended");
    assert_eq!(output.status.code(), Some(75), "{}", stderr(&output));
}
