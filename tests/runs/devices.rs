//! Runs on several devices: what is said of their shares, and what the loss of one leaves behind.

use crate::gpu;
use crate::outcome::{ENDLESS, assert_same, most, outcome};
use crate::place::{Place, stderr, surface};
use adlayer::scene;
use adlayer::testing::backend::AdapterChoice;
use adlayer::testing::backend::gpu::open;
use adlayer::testing::run::checkpoint;
use adlayer::testing::run::{self, Limits, Progress, ResumeOptions, RunOptions, RunOutcome, RunRecord};
use std::path::Path;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// A run of the scene of a place that saves itself after every cycle; `visit` sees its progress.
fn sample(
    place: &Place,
    name: &str,
    device: &str,
    visit: &mut dyn FnMut(&Progress, &Limits),
) -> adlayer::Result<RunOutcome> {
    let loaded = scene::load(place.path().join("scene.ron")).expect("a scene");
    let limits = Limits { checkpoint_every: Duration::ZERO, ..Limits::default() };
    let options =
        RunOptions { device: device.to_owned(), directory: place.run(name), force: false, start_from: None, limits };
    run::run(&loaded, &options, &mut |progress| visit(progress, &options.limits))
}

fn resume(directory: &Path) {
    let options = ResumeOptions { directory: directory.to_owned(), ..ResumeOptions::default() };
    run::resume(&options, &mut |_| ()).expect("it goes on where it was");
}

/// What opens the devices of a run again.
fn opens(directory: &Path) -> String {
    checkpoint::read(directory, most(directory)).expect("a checkpoint").0.header.device.open
}

#[test]
fn losing_one_of_two_devices_leaves_a_resumable_directory() {
    if gpu::device().is_none() {
        return;
    }
    let place = Place::new(&surface(5, [10, 60]));
    let (mut lost, first) = (false, AdapterChoice::Number(0));
    let lose = &mut |progress: &Progress, _: &Limits| {
        if progress.cycle > 15 && !std::mem::replace(&mut lost, true) {
            open(&first).expect("it is open").lose();
        }
    };
    let Err(error) = sample(&place, "cut", "gpu:0*7,cpu*5", lose) else { panic!("half of the replicas are gone") };
    assert!(error.to_string().contains("lost"), "{error}");
    assert_eq!(adlayer::cli::exit_code(&error), 69);
    assert!(opens(&place.run("cut")).ends_with("*7,cpu*5"), "{}", opens(&place.run("cut")));
    resume(&place.run("cut"));
    sample(&place, "whole", "gpu:0*7,cpu*5", &mut |_, _| ()).expect("it runs");
    assert_same("one device lost", &outcome(&place.run("whole")), &outcome(&place.run("cut")));
    let record = RunRecord::read(&place.run("cut")).expect("run.json");
    assert!(
        record.device.contains("with 7 replicas") && record.device.contains("with 5 replicas"),
        "{}",
        record.device
    );
}

/// Shares that were measured are part of the run: it goes on with them, and another run can be given them.
#[test]
fn measured_shares_are_stated_and_kept() {
    let place = Place::new(&surface(20, [10, ENDLESS]));
    let stop = &mut |progress: &Progress, limits: &Limits| {
        if progress.cycle > 15 {
            limits.stop.store(true, Ordering::Relaxed);
        }
    };
    sample(&place, "cut", "reference,cpu", stop).expect("it stops");
    let opens = opens(&place.run("cut"));
    let shares = opens.strip_prefix("reference*").and_then(|rest| rest.split_once(",cpu*")).expect("two shares");
    let shares = [shares.0, shares.1].map(|n| n.parse::<usize>().expect("a number of replicas"));
    assert!(shares[0] + shares[1] == 12 && shares[0] > 0 && shares[1] > 0, "{opens}");
    let said = RunRecord::read(&place.run("cut")).expect("run.json").device;
    assert!(
        said.starts_with("2 devices: reference") && said.contains(&format!("with {} replica", shares[1])),
        "{said}"
    );
}

#[test]
fn a_share_too_small_for_a_replica_leaves_a_device_idle() {
    let place = Place::new(&surface(5, [5, 20]));
    sample(&place, "lopsided", "reference*1000,cpu*1", &mut |_, _| ()).expect("it runs");
    sample(&place, "alone", "reference", &mut |_, _| ()).expect("it runs");
    assert_same("an idle device", &outcome(&place.run("alone")), &outcome(&place.run("lopsided")));
}

#[test]
fn a_card_that_does_not_answer_is_named_and_not_waited_for() {
    if gpu::device().is_none() {
        return;
    }
    let place = Place::new(&surface(5, [5, 20]));
    let output = place.command(&["run", "scene.ron", "--device", "gpu"]).env("ADLAYER_GPU_PATIENCE", "1e-6").output();
    let output = output.expect("the program starts");
    assert_eq!(output.status.code(), Some(69), "{}", stderr(&output));
    for word in ["adapter `", "has not answered for", "ADLAYER_GPU_PATIENCE"] {
        assert!(stderr(&output).contains(word), "{}", stderr(&output));
    }
}
