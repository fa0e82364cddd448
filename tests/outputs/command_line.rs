//! The command line: what it prints, and its exit codes.

use assert_cmd::Command;
use std::path::Path;

fn adlayer(directory: &Path, arguments: &[&str]) -> std::process::Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_adlayer"));
    command.current_dir(directory).args(arguments).output().expect("the program starts")
}

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a temporary folder")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("UTF-8")
}

#[test]
fn new_writes_a_scene_that_checks_and_never_overwrites() {
    let folder = folder();
    let output = adlayer(folder.path(), &["new", "surface"]);
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(text(&output.stdout), "wrote surface.ron\nnext: adlayer run surface.ron\n");
    let written = std::fs::read(folder.path().join("surface.ron")).expect("the scene");

    let output = adlayer(folder.path(), &["check", "surface.ron"]);
    assert_eq!((output.status.code(), text(&output.stderr)), (Some(0), String::new()));

    let output = adlayer(folder.path(), &["new", "surface.ron"]);
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(text(&output.stderr), "error: cannot write surface.ron: it exists already; choose another name\n");
    assert_eq!(std::fs::read(folder.path().join("surface.ron")).expect("the scene"), written);
}

#[test]
fn check_summarises_the_scene() {
    let scenes = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenes");
    let output = adlayer(&scenes, &["check", "lj_surface.ron"]);
    assert_eq!(output.status.code(), Some(0));
    let stdout = text(&output.stdout);
    for line in [
        "scene          lj_surface.ron (Two-component Lennard-Jones surface)",
        "cell           6.6 × 5.7158 × 6, walls at z = 0 and 6",
        "slab           108 atoms, 0 of them mobile",
        "grid           T 0.24 … 0.76 (7) × Activity B -7.5 … -1 (14)",
        "replicas       98 states × 1 walkers = 98",
        "samples        147000",
        "result         the scene is good",
    ] {
        assert!(stdout.lines().any(|l| l == line), "`{line}` is not in\n{stdout}");
    }
    assert_eq!(stdout.matches("\nexchange ").count(), 4);
}

#[test]
fn check_prints_json() {
    let scenes = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenes");
    let output = adlayer(&scenes, &["check", "bench_grid.ron", "--json"]);
    assert_eq!(output.status.code(), Some(0));
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(report["estimate"]["n_states"], 4096);
    assert_eq!(report["estimate"]["capacity"], 128);
    assert_eq!(report["slab_atoms"], 144);
    assert_eq!(report["estimate"]["exchange"][0]["axis"], "temperature");
}

#[test]
fn warnings_go_to_stderr() {
    let folder = folder();
    let scene = include_str!("../../scenes/lj_surface.ron")
        .replace("Baoab(dt: 0.004, friction: 1.0, steps: 50)", "Verlet(dt: 0.004, steps: 50, redraw: false)");
    std::fs::write(folder.path().join("x.ron"), scene).expect("the scene");
    let output = adlayer(folder.path(), &["check", "x.ron"]);
    assert_eq!(output.status.code(), Some(0));
    assert!(text(&output.stderr).starts_with("warning: `Verlet(redraw: false)` does not sample"));
    assert!(!text(&output.stdout).contains("warning"));
}

#[test]
fn exit_codes_tell_what_went_wrong() {
    let folder = folder();
    std::fs::write(folder.path().join("bad.ron"), "Scene(").expect("the scene");
    for (arguments, code) in [
        (&["check", "absent.ron"][..], 66),
        (&["run", "absent.ron"], 66),
        (&["check", "bad.ron"], 65),
        (&["run", "bad.ron"], 65),
        (&["run", "bad.ron", "--cycles", "0"], 2),
        (&["run", "bad.ron", "--device", "toaster"], 2),
        (&["run", "bad.ron", "--walltime", "soon"], 2),
        (&["fly"], 2),
        (&[], 2),
        (&["--help"], 0),
        (&["--version"], 0),
    ] {
        let output = adlayer(folder.path(), arguments);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {}", text(&output.stderr));
    }
    let left: Vec<_> = std::fs::read_dir(folder.path()).expect("the folder").collect();
    assert_eq!(left.len(), 1, "nothing but the scene itself");
}

#[test]
fn an_absent_scene_is_named() {
    let folder = folder();
    let output = adlayer(folder.path(), &["check", "absent.ron"]);
    assert_eq!(text(&output.stderr), "error: cannot find scene absent.ron; check the path\n");
    assert!(output.stdout.is_empty());
}
