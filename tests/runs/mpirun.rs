//! Ranks that are processes of MPI, by the `mpirun` of the MPI that the program was built with (`ADLAYER_MPIRUN` names
//! another). Without one these tests say that they were skipped, or fail under `ADLAYER_REQUIRE_MPI=1`.

use crate::announce::announce;
use crate::outcome::{ENDLESS, most, state};
use crate::place::{Place, stderr};
use crate::processes::wait_until;
use crate::ranks::{assert_same_run, read, with};
use crate::refine::wanting;
use adlayer::testing::base::rng::{Rng, Stream};
use adlayer::testing::run::checkpoint;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

/// The launcher, if there is one.
fn mpirun() -> Option<String> {
    let name = std::env::var("ADLAYER_MPIRUN").unwrap_or_else(|_| "mpirun".to_owned());
    if Command::new(&name).arg("--version").output().is_ok_and(|o| o.status.success()) {
        return Some(name);
    }
    assert!(std::env::var_os("ADLAYER_REQUIRE_MPI").is_none(), "there is no {name}, and ADLAYER_REQUIRE_MPI is set");
    announce(&format!("skipped: there is no {name}"));
    None
}

/// A command on so many ranks. More of them than cores share these, and root may start them, as in a container.
fn on(place: &Place, mpirun: &str, ranks: usize, arguments: &[&str]) -> Command {
    let mut command = Command::new(mpirun);
    command.args(["-n", &ranks.to_string(), env!("CARGO_BIN_EXE_adlayer")]).args(arguments).current_dir(place.path());
    for (variable, value) in [
        ("OMPI_ALLOW_RUN_AS_ROOT", "1"),
        ("OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "1"),
        ("OMPI_MCA_rmaps_base_oversubscribe", "1"),
        ("OMPI_MCA_mpi_yield_when_idle", "1"),
        ("OMPI_MCA_hwloc_base_binding_policy", "none"),
        ("RAYON_NUM_THREADS", "1"),
    ] {
        command.env(variable, value);
    }
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// What a process that is to end by itself within a minute has left.
fn ended(child: Child) -> Output {
    child.wait_with_output().expect("it ends")
}

#[track_caller]
fn succeed(mut command: Command) -> Output {
    let output = command.output().expect("it starts");
    assert!(output.status.success(), "{command:?}: {}", stderr(&output));
    output
}

/// Processes of the program that work on a run of this place, by where they are and the names of their arguments.
fn processes(place: &Place, directory: &str) -> Vec<u32> {
    let here = place.path().canonicalize().expect("a folder");
    let of_run = |pid: u32| {
        let arguments = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        let mut words = arguments.split(|&b| b == 0);
        words.next().is_some_and(|first| first.ends_with(b"adlayer"))
            && words.any(|w| w == directory.as_bytes())
            && std::fs::read_link(format!("/proc/{pid}/cwd")).is_ok_and(|at| at == here)
    };
    let entries = std::fs::read_dir("/proc").expect("the processes").flatten();
    let mut all: Vec<u32> =
        entries.filter_map(|e| e.file_name().to_str()?.parse().ok()).filter(|&p| of_run(p)).collect();
    all.sort_unstable();
    all
}

fn signal(pid: u32, name: &str) {
    Command::new("kill").args([format!("-{name}"), pid.to_string()]).status().expect("kill");
}

/// Cycle and number of the last checkpoint, which may be written meanwhile.
fn last(directory: &Path) -> Option<(u64, u64)> {
    let whole = directory.join("checkpoint.bin").is_file();
    let (checkpoint, _) = whole.then(|| checkpoint::read(directory, most(directory)).ok()).flatten()?;
    Some((checkpoint.state.sampler.cycle, checkpoint.state.generation))
}

/// Waits until a checkpoint of a process is what it should be; whether the process was still running.
fn wait_for(child: &mut Child, directory: &Path, is: impl Fn((u64, u64)) -> bool) -> bool {
    wait_until(child, || last(directory).is_some_and(&is)) && child.try_wait().expect("a process").is_none()
}

#[test]
fn processes_have_the_bits_of_one() {
    let Some(mpirun) = mpirun() else { return };
    for (walkers, counts) in [(4, [2, 3]), (1, [2, 3])] {
        let observables = "observables: [Psi6, Density(bins: 20)],\n    schedule:";
        let place = Place::new(&with(walkers, [20, 40], "schedule:", observables));
        place.succeed(&["run", "scene.ron", "-o", "alone", "--device", "cpu", "--quiet"]);
        let alone = read(&place.run("alone"));
        for n in counts {
            let name = format!("on-{n}");
            let output = succeed(on(&place, &mpirun, n, &["run", "scene.ron", "-o", &name, "--device", "cpu"]));
            // one report, one analysis
            let said = String::from_utf8_lossy(&output.stdout).matches("report.html").count();
            assert_eq!(said, 1, "{}", String::from_utf8_lossy(&output.stdout));
            assert!(place.run(&name).join("report.html").is_file());
            assert_same_run(&format!("{walkers} walkers on {n}"), &alone, &read(&place.run(&name)));
            let record = std::fs::read_to_string(place.run(&name).join("run.json")).expect("run.json");
            assert!(record.contains(&format!("\"ranks\": {n}")), "{record}");
        }
    }
}

#[test]
fn a_further_run_has_the_bits_of_one_process() {
    let Some(mpirun) = mpirun() else { return };
    let place = Place::new(&wanting(1e-4, "max_cycles: 600, refine: 1"));
    place.fail(&["run", "scene.ron", "-o", "alone", "--device", "cpu", "--quiet"], 3);
    let output =
        on(&place, &mpirun, 2, &["run", "scene.ron", "-o", "both", "--device", "cpu"]).output().expect("it starts");
    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(3), "{said}");
    assert_eq!(said.matches("further run 1, states at T = ").count(), 1, "{said}");
    for run in ["", "refined/1"] {
        let [alone, both] = ["alone", "both"].map(|name| read(&place.run(name).join(run)));
        assert_same_run("further run", &alone, &both);
    }
}

#[test]
fn a_signal_stops_all_ranks_in_one_cycle_and_others_go_on() {
    let Some(mpirun) = mpirun() else { return };
    let place = Place::new(&with(4, [20, 10_000], "Scene(", "Scene("));
    place.succeed(&["run", "scene.ron", "-o", "alone", "--device", "cpu", "--quiet"]);
    let arguments = ["run", "scene.ron", "-o", "cut", "--device", "cpu", "--checkpoint-every", "0.1"];
    let mut child = on(&place, &mpirun, 3, &arguments).spawn().expect("it starts");
    assert!(wait_for(&mut child, &place.run("cut"), |(cycle, _)| cycle >= 100), "it has ended");
    signal(child.id(), "USR1");
    let output = ended(child);
    assert_eq!(output.status.code(), Some(75), "{}", stderr(&output));
    assert_eq!(stderr(&output).matches("go on with: adlayer resume cut").count(), 1, "{}", stderr(&output));
    let stopped = state(&place.run("cut")).sampler.cycle;
    assert!((100..10_020).contains(&stopped), "{stopped}");
    succeed(on(&place, &mpirun, 2, &["resume", "cut", "--quiet"]));
    assert_same_run("stopped", &read(&place.run("alone")), &read(&place.run("cut")));
    // there is nothing left to do, on however many ranks
    let output = succeed(on(&place, &mpirun, 3, &["resume", "cut"]));
    assert_eq!(stderr(&output).matches("finished already").count(), 1, "{}", stderr(&output));
}

/// A rank is killed at random instants, six or as many as `ADLAYER_KILLS` says: the others end, and what they leave goes
/// on to the bits of a run that was left alone.
#[test]
fn a_rank_that_dies_ends_the_job_and_costs_no_bit() {
    let Some(mpirun) = mpirun() else { return };
    let kills: u64 = std::env::var("ADLAYER_KILLS").ok().and_then(|n| n.parse().ok()).unwrap_or(6);
    let place = Place::new(&with(4, [20, 1000 * kills as u32], "Scene(", "Scene("));
    place.succeed(&["run", "scene.ron", "-o", "alone", "--device", "cpu", "--quiet"]);
    let (rng, mut longest, mut killed) = (Rng::new(18), Duration::ZERO, 0);
    for k in 0..kills {
        let ranks = 2 + (k % 2) as usize;
        let arguments: &[&str] = if k == 0 {
            &["run", "scene.ron", "-o", "cut", "--device", "cpu", "--checkpoint-every", "0.05"]
        } else {
            &["resume", "cut", "--checkpoint-every", "0.05"]
        };
        let before = last(&place.run("cut")).map_or(0, |(_, generation)| generation);
        let mut child = on(&place, &mpirun, ranks, arguments).spawn().expect("it starts");
        if !wait_for(&mut child, &place.run("cut"), |(_, generation)| generation > before) {
            ended(child);
            continue;
        }
        let [when, which, _, _] = rng.uniforms(Stream::InitialPosition, k, 0, 0);
        std::thread::sleep(Duration::from_secs_f64(0.4 * when));
        let all = processes(&place, "cut");
        if child.try_wait().expect("a process").is_some() || all.len() != ranks {
            ended(child);
            continue;
        }
        signal(all[(which * ranks as f64) as usize], "KILL");
        let start = Instant::now();
        let output = ended(child);
        longest = longest.max(start.elapsed());
        killed += 1;
        assert!(!output.status.success() && !stderr(&output).is_empty(), "{}", stderr(&output));
        // mpirun may be gone a moment before them
        let gone = || processes(&place, "cut").is_empty();
        while !gone() && start.elapsed() < Duration::from_secs(10) {
            std::thread::sleep(Duration::from_millis(20));
        }
        assert!(gone(), "ranks are left");
    }
    announce(&format!("{killed} of {kills} ranks killed, the longest end took {:.1} s", longest.as_secs_f64()));
    assert!(2 * killed >= kills, "only {killed} of {kills} were killed");
    assert!(longest < Duration::from_secs(10), "{longest:?}");
    succeed(on(&place, &mpirun, 3, &["resume", "cut", "--quiet"]));
    assert_same_run("killed", &read(&place.run("alone")), &read(&place.run("cut")));
}

#[test]
fn what_goes_wrong_is_told_once() {
    let Some(mpirun) = mpirun() else { return };
    let place = Place::new(&with(1, [5, ENDLESS], "Scene(", "Scene("));
    let fail = |ranks: usize, arguments: &[&str], code: i32| {
        let output = on(&place, &mpirun, ranks, arguments).output().expect("it starts");
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {}", stderr(&output));
        assert_eq!(stderr(&output).matches("error").count(), 1, "{arguments:?}: {}", stderr(&output));
        stderr(&output)
    };
    let said = fail(2, &["run", "absent.ron"], 66);
    assert!(said.contains("absent.ron"), "{said}");
    let said = fail(2, &["check", "scene.ron"], 2);
    assert!(said.contains("2 processes were started together"), "{said}");
    let said = fail(7, &["run", "scene.ron", "-o", "many", "--device", "reference"], 2);
    assert!(said.contains("7 ranks for 6 replicas"), "{said}");
}
