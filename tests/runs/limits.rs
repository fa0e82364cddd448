//! What ends a run before its time: signals, a full disk, a folder that cannot be written, a second process, a file that
//! vanishes, atoms that fly away. A clear error, nothing half-written, and it goes on afterwards.

use crate::announce::announce;
use crate::outcome::{ENDLESS, assert_same, leftovers, outcome, state};
use crate::place::{Place, stderr, surface};
use crate::processes::{signal, wait_until};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// A run in progress that has saved itself.
fn running(place: &Place, name: &str) -> std::process::Child {
    let mut child = place.spawn(&["run", "scene.ron", "--device", "cpu", "-o", name, "--quiet"]);
    assert!(wait_until(&mut child, || place.run(name).join("samples").is_dir()));
    child
}

#[test]
fn each_signal_stops_in_good_order() {
    let place = Place::new(&surface(40, [30, 1500]));
    place.succeed(&["run", "scene.ron", "--device", "cpu", "-o", "whole", "--quiet"]);
    let whole = outcome(&place.run("whole"));
    for name in ["INT", "TERM", "HUP", "USR1"] {
        let child = running(&place, name);
        signal(&child, name);
        let output = child.wait_with_output().expect("ended");
        assert_eq!(output.status.code(), Some(75), "{name}: {}", stderr(&output));
        assert!(stderr(&output).contains(&format!("adlayer resume {name}")), "{}", stderr(&output));
        assert!(place.run(name).join("states.csv").is_file());
        assert!(state(&place.run(name)).sampler.cycle < whole.sampler.cycle);
        place.succeed(&["resume", name, "--quiet"]);
        assert_same(name, &whole, &outcome(&place.run(name)));
    }
}

/// `nohup` has the hangup of a terminal ignored, which a handler would undo.
#[cfg(target_os = "linux")]
#[test]
fn a_run_under_nohup_does_not_hear_a_hangup() {
    let place = Place::new(&surface(40, [30, ENDLESS]));
    let program = place.command(&[]).get_program().to_owned();
    let mut nohup = Command::new("nohup");
    nohup.current_dir(place.path()).arg(program).args(["run", "scene.ron", "--device", "cpu", "-o", "run", "--quiet"]);
    let mut child = nohup.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("nohup");
    assert!(wait_until(&mut child, || place.run("run").join("samples").is_dir()));
    signal(&child, "HUP");
    std::thread::sleep(Duration::from_millis(500));
    assert!(child.try_wait().expect("a process").is_none(), "it goes on");
    signal(&child, "TERM");
    assert_eq!(child.wait().expect("ended").code(), Some(75));
}

#[test]
fn a_second_interrupt_stops_at_once() {
    // one cycle takes a minute, and seconds on a machine ten times as fast
    let place = Place::new(&surface(5_000_000, [3, 3]));
    let child = running(&place, "run");
    let start = Instant::now();
    signal(&child, "INT");
    std::thread::sleep(Duration::from_millis(200));
    signal(&child, "INT");
    let output = child.wait_with_output().expect("ended");
    assert_eq!(output.status.code(), Some(75), "{}", stderr(&output));
    assert!(start.elapsed() < Duration::from_secs(5), "it took {:?}", start.elapsed());
    assert!(stderr(&output).contains("adlayer resume run"), "it says how to go on: {}", stderr(&output));
    assert_eq!(state(&place.run("run")).sampler.cycle, 0, "checkpoint 0 is intact");
}

#[test]
fn two_processes_do_not_share_a_directory() {
    let place = Place::new(&surface(40, [30, ENDLESS]));
    let mut child = running(&place, "run");
    for arguments in [&["resume", "run"][..], &["run", "scene.ron", "--device", "cpu", "-o", "run", "--force"]] {
        let error = place.fail(arguments, 74);
        assert!(error.contains("another adlayer process is using it"), "{error}");
    }
    assert!(child.try_wait().expect("a process").is_none(), "the first one goes on");
    child.kill().expect("killed");
    child.wait().expect("ended");
    place.fail(&["resume", "run", "--quiet", "--walltime", "1s"], 75);
}

#[test]
fn a_directory_that_exists_is_a_mistake_of_the_command_line() {
    let place = Place::new(&surface(4, [2, 2]));
    std::fs::create_dir(place.run("taken")).expect("a folder");
    std::fs::write(place.run("taken").join("thesis.tex"), "years of work").expect("a file");
    let error = place.fail(&["run", "scene.ron", "--device", "cpu", "-o", "taken"], 2);
    assert_eq!(
        error,
        "error: cannot create taken: it exists; choose another -o DIR, or give --force to replace that run\n"
    );
    let error = place.fail(&["run", "scene.ron", "--device", "cpu", "-o", "taken", "--force"], 2);
    assert!(error.starts_with("error: cannot create taken: it is not a run directory"), "{error}");
    assert_eq!(std::fs::read_dir(place.run("taken")).expect("the folder").count(), 1);
}

/// Files larger than `kib` cannot be written.
fn with_file_limit(place: &Place, kib: u32, arguments: &str) -> std::process::Output {
    // the limit of bash counts KiB; without the trap the signal would end the process before the error is seen
    let line = format!("trap '' XFSZ; ulimit -f {kib}; exec {} {arguments}", env!("CARGO_BIN_EXE_adlayer"));
    Command::new("bash").current_dir(place.path()).args(["-c", &line]).output().expect("bash")
}

#[test]
fn a_full_disk_leaves_a_run_that_goes_on() {
    let place = Place::new(&surface(4, [20, 400]));
    place.succeed(&["run", "scene.ron", "--device", "cpu", "-o", "whole", "--quiet"]);
    let whole = outcome(&place.run("whole"));
    // too small for the directory itself, then for a checkpoint with tallies, then for the samples
    let output = with_file_limit(&place, 1, "run scene.ron --device cpu -o small --quiet");
    assert_eq!(output.status.code(), Some(74), "{}", stderr(&output));
    assert!(!place.run("small").exists(), "a run directory that is not whole");
    for (name, kib, every) in [("checkpoint", 14, "0.05"), ("samples", 34, "1000")] {
        let line = format!("run scene.ron --device cpu -o {name} --quiet --checkpoint-every {every}");
        let output = with_file_limit(&place, kib, &line);
        let error = stderr(&output);
        assert_eq!(output.status.code(), Some(74), "{name}: {error}");
        assert!(error.contains("cannot write") && error.contains("File too large"), "{error}");
        assert!(error.contains(&format!("adlayer resume {name}")), "{error}");
        assert_eq!(leftovers(&place.run(name)), 0, "{name}: something is half-written");
        assert!(state(&place.run(name)).sampler.cycle < whole.sampler.cycle);
        place.succeed(&["resume", name, "--quiet"]);
        assert_same(name, &whole, &outcome(&place.run(name)));
    }
}

/// A small file system in memory, gone with the value; `None` where this user may not mount one.
struct Small(PathBuf);

impl Small {
    fn new(place: &Place, kib: u32) -> Option<Small> {
        let path = place.path().join("small");
        std::fs::create_dir(&path).expect("a folder");
        let options = format!("size={kib}k");
        let mount = Command::new("mount").args(["-t", "tmpfs", "-o", &options, "tmpfs"]).arg(&path).output();
        match mount {
            Ok(output) if output.status.success() => Some(Small(path)),
            Ok(output) => {
                announce(&format!("small file system skipped: {}", stderr(&output).trim()));
                None
            }
            Err(error) => {
                announce(&format!("small file system skipped: {error}"));
                None
            }
        }
    }

    fn remount(&self, options: &str) {
        assert!(self.is_remounted(options), "{options}");
    }

    fn is_remounted(&self, options: &str) -> bool {
        let output = Command::new("mount").args(["-o", &format!("remount,{options}")]).arg(&self.0).output();
        output.expect("mount").status.success()
    }

    /// Leaves little more room than is taken.
    fn fill(&self) {
        assert!((3..100).any(|k| self.is_remounted(&format!("size={}k", 100 * k))), "more than 10 MB are taken");
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

#[test]
fn a_small_and_a_read_only_file_system() {
    let place = Place::new(&surface(4, [20, 6000]));
    let Some(small) = Small::new(&place, 600) else { return };
    // check_limits would refuse a run that cannot fit: here it is the disk that shrinks under the run
    small.remount("size=100m");
    let mut child = place.spawn(&[
        "run",
        "scene.ron",
        "--device",
        "cpu",
        "-o",
        "small/run",
        "--quiet",
        "--checkpoint-every",
        "0.05",
    ]);
    assert!(wait_until(&mut child, || place.run("small/run/samples/part-00001.parquet").exists()));
    small.fill();
    let output = child.wait_with_output().expect("ended");
    assert_eq!(output.status.code(), Some(74), "{}", stderr(&output));
    assert!(stderr(&output).contains("No space left on device"), "{}", stderr(&output));
    assert_eq!(leftovers(&place.run("small/run")), 0);
    let cycle = state(&place.run("small/run")).sampler.cycle;

    small.remount("size=100m,ro");
    let error = place.fail(&["resume", "small/run"], 74);
    assert!(error.contains("Read-only file system"), "{error}");
    let error = place.fail(&["run", "scene.ron", "--device", "cpu", "-o", "small/other"], 74);
    assert!(error.contains("Read-only file system"), "{error}");

    small.remount("size=100m,rw");
    place.succeed(&["resume", "small/run", "--quiet"]);
    place.succeed(&["run", "scene.ron", "--device", "cpu", "-o", "whole", "--quiet"]);
    assert!(cycle < state(&place.run("whole")).sampler.cycle);
    assert_same("small disk", &outcome(&place.run("whole")), &outcome(&place.run("small/run")));
}

#[test]
fn files_that_vanish_under_a_run() {
    let place = Place::new(&surface(4, [20, ENDLESS]));
    // a checkpoint that is gone is written anew
    let mut child =
        place.spawn(&["run", "scene.ron", "--device", "cpu", "-o", "run", "--quiet", "--checkpoint-every", "0.02"]);
    assert!(wait_until(&mut child, || place.run("run/samples/part-00002.parquet").exists()));
    let _ = std::fs::remove_file(place.run("run/checkpoint.bin"));
    assert!(wait_until(&mut child, || place.run("run/checkpoint.bin").exists()));
    // without its samples a run stops, and says which file
    std::fs::remove_dir_all(place.run("run/samples")).expect("removed");
    let output = child.wait_with_output().expect("ended");
    assert_eq!(output.status.code(), Some(74), "{}", stderr(&output));
    assert!(stderr(&output).contains("run/samples/part-"), "{}", stderr(&output));
    place.fail(&["resume", "run"], 66);
}

/// The only file of a run directory whose name begins with `prefix`.
fn the_file(directory: &Path, prefix: &str) -> PathBuf {
    let found: Vec<PathBuf> = std::fs::read_dir(directory)
        .expect("the run")
        .map(|e| e.expect("an entry").path())
        .filter(|p| p.file_name().is_some_and(|n| n.to_string_lossy().starts_with(prefix)))
        .collect();
    assert_eq!(found.len(), 1, "{found:?}");
    found[0].clone()
}

#[test]
fn atoms_that_fly_away_stop_the_run_and_are_shown() {
    // fifty times the time step that would be sound
    let place = Place::new(&surface(20, [5, 400]).replace("dt: 0.004", "dt: 0.25"));
    let error = place.fail(&["run", "scene.ron", "--device", "cpu", "-o", "run", "--quiet"], 70);
    assert!(error.contains("its atoms are in run/fault-replica-"), "{error}");
    // It says a step that would do, and neither to go on nor to report what was to be expected.
    assert!(error.contains("; `dt` 0.25 is 0.3") && error.contains("; give 0.004 and run the scene again"), "{error}");
    assert!(!error.contains("go on with") && !error.contains("report"), "{error}");
    let path = the_file(&place.run("run"), "fault-replica-");
    let text = std::fs::read_to_string(&path).expect("the frame");
    assert!(
        text.contains("replica=") && text.contains("Lattice=") && text.lines().skip(2).all(|l| l.starts_with("Ar ")),
        "{text}"
    );
    let record = std::fs::read_to_string(place.run("run/run.json")).expect("run.json");
    assert!(record.contains("\"status\": \"failed\""), "{record}");
}

#[test]
fn edges_that_always_or_never_exchange_are_remarked() {
    let place = Place::new(&surface(4, [10, 600]).replace("List([-4.5, -3.8, -3.0])", "List([-3.0, -3.0000001])"));
    let output = place.succeed(&["run", "scene.ron", "--device", "cpu", "-o", "close"]);
    assert!(stderr(&output).is_empty() || !stderr(&output).contains("error"), "{}", stderr(&output));
    let log = std::fs::read_to_string(place.run("close/run.log")).expect("run.log");
    assert!(log.contains("exchanged at every attempt: 2 (0–1, 2–3)"), "{log}");
    let far = surface(4, [10, 600]).replace("List([0.6, 0.8])", "List([0.3, 5.0])");
    std::fs::write(place.path().join("far.ron"), far).expect("the scene");
    // states this far apart are too much for the analysis, which comes after the record
    place.adlayer(&["run", "far.ron", "--device", "cpu", "-o", "far", "--quiet"]);
    let record = std::fs::read_to_string(place.run("far/run.json")).expect("run.json");
    assert!(record.contains("that never exchanged: "), "{record}");
}

#[test]
fn a_run_that_cannot_fit_is_refused_before_it_starts() {
    let huge =
        surface(4, [10, 600]).replace("walkers: 2", "walkers: 60000").replace("max_atoms: 24", "max_atoms: 2000");
    let place = Place::new(&huge);
    let error = place.fail(&["run", "scene.ron", "--device", "cpu", "-o", "huge"], 65);
    assert!(error.contains("of memory, and") && error.contains("are free"), "{error}");
    assert!(!place.run("huge").exists());
}
