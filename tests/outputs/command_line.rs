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

/// A scene of one ideal gas: ⟨N⟩ = zV, and no boundary.
const IDEAL: &str = r#"Scene(
    units: Lj,
    species: [ (name: "B", symbol: "Ar", mass: 1.0) ],
    potential: LennardJones(cutoff: 2.0, truncation: Shifted, pairs: [ (between: ("B","B"), epsilon: 0.0, sigma: 1.0) ]),
    cell: Bulk(lengths: (5.0, 5.0, 5.0)),
    reservoir: [ (species: "B", max_atoms: 40) ],
    grid: ( temperature: List([1.0, 1.2]),
            reservoir: [ (species: "B", convention: Activity, values: List([-3.0, -2.8])) ] ),
    dynamics: MonteCarlo(displacement: 0.3, attempts: 1),
    moves: (insert_delete: 20),
    schedule: (equilibration: 20, production: 400),
)"#;

#[test]
fn bench_answers_beside_a_reference_that_it_made() {
    let folder = folder();
    std::fs::write(folder.path().join("ideal.ron"), IDEAL).expect("a scene");
    let make = ["bench", "--answer", "ideal.ron", "--seeds", "4", "--cycles", "1000", "--make-reference", "right.json"];
    let output = adlayer(folder.path(), &make);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let answer = ["bench", "--answer", "ideal.ron", "ideal.ron", "--seeds", "3", "--reference", "right.json", "--json"];
    let output = adlayer(folder.path(), &answer);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!((&report["seeds"], report["scenes"].as_array().map(Vec::len)), (&3.into(), Some(2)));
    let scene = &report["scenes"][0];
    assert_eq!(scene["evaluations"].as_f64(), Some(4.0 * 420.0 * 21.0));
    let states = &scene["states"]["all"];
    assert_eq!(states["found"], 12);
    assert!(states["z_rms"].as_f64().is_some_and(|z| (0.2..4.0).contains(&z)), "{states}");
    // 400 samples of a Poisson distribution of mean 6 or 12
    assert!(states["rmse"].as_f64().is_some_and(|e| (0.02..1.0).contains(&e)), "{states}");
    // The same scene and seeds give the same answer; the cost of another run is its own.
    assert_eq!(scene["states"]["all"]["rmse"], report["scenes"][1]["states"]["all"]["rmse"]);
    let stored: serde_json::Value =
        serde_json::from_slice(&std::fs::read(folder.path().join("right.json")).expect("stored")).expect("JSON");
    let right = stored["states"][0]["values"][0]["value"].as_f64().expect("a number");
    let exact = 125.0 * (-3.0_f64).exp();
    assert!((right - exact).abs() < 0.05 * exact, "{right} instead of {exact}");
}

#[test]
fn bench_refuses_what_cannot_be_compared() {
    let folder = folder();
    std::fs::write(folder.path().join("ideal.ron"), IDEAL).expect("a scene");
    std::fs::write(folder.path().join("wrong.json"), "{}").expect("a file");
    let refused = |arguments: &[&str], code: i32, words: &str| {
        let output = adlayer(folder.path(), &[&["bench"], arguments].concat());
        assert_eq!(output.status.code(), Some(code), "{arguments:?}");
        assert!(text(&output.stderr).contains(words), "{arguments:?}: {}", text(&output.stderr));
    };
    refused(&["ideal.ron", "ideal.ron"], 2, "2 scenes are named; name one, or compare their answers with --answer");
    refused(&["--answer", "ideal.ron", "--reference", "wrong.json"], 65, "it is no reference");
    refused(&["--answer", "ideal.ron", "--reference", "none.json"], 66, "cannot find reference none.json");
    refused(
        &["--answer", "ideal.ron", "ideal.ron", "--make-reference", "x.json"],
        2,
        "name the one that is long enough",
    );
    refused(&["ideal.ron", "--seeds", "3"], 2, "--answer");
}

#[test]
fn fields_shows_one_field_and_refuses_what_is_none() {
    let folder = folder();
    let output = adlayer(folder.path(), &["fields", "Steele"]);
    let shown = text(&output.stdout);
    for words in ["Steele (external: […])", "density: number [1/length³]", "must be given", "e.g. spacing: 3.35"] {
        assert!(shown.contains(words), "`{words}` is not in\n{shown}");
    }
    let output = adlayer(folder.path(), &["fields", "max_atoms", "--json"]);
    let found: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!((&found[0]["name"], &found[0]["fields"][0]["name"]), (&"Reservoir".into(), &"max_atoms".into()));
    let output = adlayer(folder.path(), &["fields", "colour"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("adlayer fields lists them all"));
}

#[test]
fn shells_and_man_are_served() {
    let folder = folder();
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let output = adlayer(folder.path(), &["completions", shell]);
        let script = text(&output.stdout);
        assert!(
            output.status.success() && script.contains("adlayer") && script.contains("resume"),
            "{shell}: {script}"
        );
    }
    let page = text(&adlayer(folder.path(), &["man"]).stdout);
    assert!(page.contains(".TH adlayer") && page.contains("Exit codes"), "{page}");
    assert!(adlayer(folder.path(), &["man", "-o", "pages"]).status.success());
    for name in ["adlayer.1", "adlayer-run.1", "adlayer-watch.1"] {
        assert!(folder.path().join("pages").join(name).is_file(), "{name}");
    }
}

#[test]
fn a_report_of_a_problem_says_what_machine_it_was() {
    let folder = folder();
    let report = text(&adlayer(folder.path(), &["doctor", "--report"]).stdout);
    for words in ["```text\n", "adlayer ", "system ", "processor ", "--device auto", "threads "] {
        assert!(report.contains(words), "`{words}` is not in\n{report}");
    }
}
