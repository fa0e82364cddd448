//! What the program answers when it is given something else than it expects.

use crate::place::{Place, stderr, surface};
use std::process::Stdio;

const GOOD: &str = include_str!("../data/bad_scenes/good.ron");

/// Standard error of a command that ends with `code`, in a folder that holds `scene.ron`.
fn words(scene: &str, arguments: &[&str], code: i32) -> String {
    let output = Place::new(scene).adlayer(arguments);
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {}", stderr(&output));
    stderr(&output)
}

fn contains(text: &str, all: &[&str]) {
    all.iter().for_each(|words| assert!(text.contains(words), "`{words}` is not in\n{text}"));
}

#[test]
fn a_byte_order_mark_does_no_harm() {
    let output = Place::new(&format!("\u{feff}{GOOD}")).succeed(&["check", "scene.ron"]);
    assert!(output.stderr.is_empty(), "{}", stderr(&output));
}

#[test]
fn values_of_an_axis_are_told_how_to_say_what_they_are() {
    let (temperature, mu) = ("List([0.3, 0.5, 0.7])", "Linear(from: -7.5, to: -1.0, n: 14)");
    for (from, to, at, list) in [
        (temperature, "[90, 105]", "─ scene.ron:22:22", "write List([90, 105]), or Linear(from: …"),
        (temperature, "90", "─ scene.ron:22:22", "write List([90]), or"),
        (temperature, "List(90, 105)", "─ scene.ron:22:22", "write List([90, 105]), or"),
        (mu, "[-7.5, -1]", "─ scene.ron:23:66", "write List([-7.5, -1]), or"),
        (mu, "-7.5", "─ scene.ron:23:66", "write List([-7.5]), or"),
    ] {
        assert!(GOOD.contains(from), "{from}");
        let text = words(&GOOD.replace(from, to), &["check", "scene.ron"], 65);
        contains(&text, &[at, list, &format!("is {to}, which does not say what kind of values it gives")]);
    }
    // A mistake before it is still the one that is named.
    let earlier = GOOD.replace(temperature, "[90, 105]").replace("cutoff: 2.5", "cutof: 2.5");
    contains(&words(&earlier, &["check", "scene.ron"], 65), &["`cutof` is no field"]);
}

#[test]
fn another_file_in_place_of_a_scene_is_named() {
    let poscar = include_str!("../data/slab_files/POSCAR_pt111_sd");
    let xyz = include_str!("../data/slab_files/pt111_orth.xyz");
    for (text, what) in
        [(poscar, "it is a POSCAR"), (xyz, "it is an extended XYZ file"), ("data_a\n_cell_length_a 4\n", "it is a CIF")]
    {
        for command in ["check", "run"] {
            let said = words(text, &[command, "scene.ron"], 65);
            contains(&said, &[what, "a file of atoms and no scene", "substrate: File(path: \"scene.ron\")"]);
        }
    }
    for (text, begins) in [
        ("state,temperature\n0,80\n", "the file begins with `state,temperature`, and a scene with `Scene(`"),
        ("{\"a\": 1}", "the file begins with `{\"a\": 1}`, and a scene with `Scene(`"),
        ("Reaction(steps: [])", "the file begins with `Reaction(steps: [])`, and a scene with `Scene(`"),
        ("", "the file is empty, and a scene begins with `Scene(`"),
    ] {
        contains(&words(text, &["check", "scene.ron"], 65), &[begins, "adlayer new NAME"]);
    }
}

#[test]
fn folders_and_scenes_are_not_mistaken_for_each_other() {
    let place = Place::new(&surface(2, [1, 2]));
    for command in ["check", "run"] {
        contains(
            &stderr(&place.adlayer(&[command, "."])),
            &["error: .: it is a folder; name the file that holds the scene"],
        );
    }
    place.succeed(&["run", "scene.ron", "-o", "done", "--device", "cpu", "--quiet"]);
    for command in ["check", "run"] {
        let output = place.adlayer(&[command, "done"]);
        assert_eq!(output.status.code(), Some(65));
        contains(
            &stderr(&output),
            &["it is the directory of a run, not a scene", "adlayer resume done", "done/scene.ron"],
        );
    }
    for command in [&["resume", "scene.ron"][..], &["analyze", "scene.ron"], &["export", "scene.ron", "--pymbar"]] {
        let output = place.adlayer(command);
        assert_eq!(output.status.code(), Some(65), "{}", stderr(&output));
        contains(&stderr(&output), &["scene.ron: it is a file; name the directory of a run", "adlayer run scene.ron"]);
    }
}

#[test]
fn steps_that_are_too_long_are_foretold_and_answered_with_one_that_would_do() {
    let place = Place::new(&surface(20, [5, 400]).replace("dt: 0.004", "dt: 0.25"));
    let foretold = stderr(&place.succeed(&["check", "scene.ron"]));
    contains(
        &foretold,
        &["warning: `dt` 0.25 is 0.3", "averages will be off, or the run will fail; give 0.004, or 0.02 of"],
    );
    let output = place.succeed(&["check", "scene.ron"]);
    contains(&String::from_utf8_lossy(&output.stdout), &["result         the scene can be run; mind the doubt above"]);
}

#[test]
fn an_exchange_that_will_not_happen_is_not_called_good() {
    // An ideal gas of 6.7 and of 82 atoms.
    let far = include_str!("../../scenes/ideal_gas.ron")
        .replace("List([0.90, 1.00, 1.10])", "List([1.0])")
        .replace("Linear(from: -5.0, to: -4.0, n: 5)", "List([-5.0, -2.5])")
        .replace("max_atoms: 100", "max_atoms: 150");
    let place = Place::new(&far);
    let output = place.succeed(&["check", "scene.ron"]);
    contains(
        &stderr(&output),
        &["warning: neighbouring states along mu_B will hardly exchange (acceptance about 0.00"],
    );
    assert!(!String::from_utf8_lossy(&output.stdout).contains("the scene is good"));
    let json = place.succeed(&["check", "scene.ron", "--json"]);
    contains(&String::from_utf8_lossy(&json.stdout), &["will hardly exchange"]);
}

#[test]
fn temperatures_outside_the_samples_are_remarked() {
    let place = Place::new(&surface(2, [5, 40]));
    place.succeed(&["run", "scene.ron", "-o", "run", "--device", "cpu", "--quiet"]);
    let outside = stderr(&place.succeed(&["analyze", "run", "-o", "wide", "--temperature", "0.5,0.7,1.5"]));
    contains(&outside, &["warning: T = 0.5, 1.5 lie outside the simulated temperatures, 0.6 to 0.8"]);
    let inside = stderr(&place.succeed(&["analyze", "run", "-o", "inside", "--temperature", "0.6,0.7,0.8"]));
    assert!(!inside.contains("outside the simulated"), "{inside}");
    let refused = place.adlayer(&["export", "run", "--extxyz", "--temperature", "0.7"]);
    assert_eq!(refused.status.code(), Some(2));
    contains(&stderr(&refused), &["no state has T = 0.7; the run has T = 0.6, 0.8"]);
}

/// /dev/full takes nothing, and /proc has no room.
#[cfg(target_os = "linux")]
#[test]
fn what_cannot_be_written_is_an_error_and_no_panic() {
    let place = Place::new(&surface(2, [1, 2]));
    let full = || Stdio::from(std::fs::OpenOptions::new().write(true).open("/dev/full").expect("/dev/full"));
    for arguments in [
        &["check", "scene.ron"][..],
        &["check", "scene.ron", "--json"],
        &["new", "another"],
        &["doctor"],
        &["run", "scene.ron", "-o", "run", "--device", "cpu", "--quiet"],
        &["resume", "run"],
        &["resume", "run", "--json"],
        &["analyze", "run", "--quiet"],
        &["gas", "D2", "--temperature", "300"],
    ] {
        let mut command = place.command(arguments);
        let output = command.stdout(full()).output().expect("the program starts");
        assert_eq!(output.status.code(), Some(74), "{arguments:?}: {}", stderr(&output));
        contains(&stderr(&output), &["error: cannot write to stdout: No space left on device"]);
        // Without stderr nobody hears it, but the exit code stays.
        let mut command = place.command(arguments);
        let status = command.stdout(full()).stderr(full()).status().expect("the program starts");
        assert!(matches!(status.code(), Some(74 | 2)), "{arguments:?}: {status}");
    }
    let error = words(&surface(2, [1, 2]), &["run", "scene.ron", "-o", "/proc/run", "--quiet"], 74);
    contains(
        &error,
        &["error: the run needs ", " of disk, and 0 B are free where /proc/run is; choose another disk with -o"],
    );
    assert!(!error.contains("scene.ron:"), "the scene is not to blame: {error}");
}

/// Software Vulkan counts as a GPU, and says before the run what it is.
#[test]
fn a_software_adapter_is_announced_before_the_run() {
    let place = Place::new(&surface(2, [1, 2]));
    let doctor = place.succeed(&["doctor"]);
    if !String::from_utf8_lossy(&doctor.stdout).contains(", software)") {
        crate::announce::announce("skipped: there is no software adapter here");
        return;
    }
    let mut command = place.command(&["run", "scene.ron", "--device", "gpu:llvmpipe", "-o", "run"]);
    let output = command.output().expect("the program starts");
    contains(&stderr(&output), &["is a software adapter: it computes on the processor, right but far more slowly"]);
}
