//! `adlayer watch`: a run that goes on is seen from outside, and is left alone.

use assert_cmd::Command;
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

fn watch(arguments: &[&str], directory: &Path) -> (bool, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_adlayer"));
    let output = command.current_dir(directory).arg("watch").args(arguments).output().expect("the program starts");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.success(), text(&output.stdout), text(&output.stderr))
}

/// A program that is ended with the test.
struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn wait_for(what: &str, mut is_there: impl FnMut() -> bool) {
    let start = Instant::now();
    while !is_there() {
        assert!(start.elapsed() < Duration::from_secs(120), "{what} never came");
        std::thread::sleep(Duration::from_millis(50));
    }
}

const SCENE: &str = r#"Scene(
    title: "Watched",
    units: Lj,
    species: [(name: "B", symbol: "Ar", mass: 1.0)],
    potential: LennardJones(cutoff: 2.5, truncation: Shifted, pairs: [(between: ("B", "B"), epsilon: 1.0, sigma: 1.0)]),
    cell: Bulk(lengths: (6.0, 6.0, 6.0)),
    reservoir: [(species: "B", max_atoms: 60)],
    grid: (
        temperature: List([1.4, 1.7]),
        reservoir: [(species: "B", convention: Activity, values: Linear(from: -6.0, to: -4.0, n: 4))],
    ),
    dynamics: MonteCarlo(displacement: 0.3, attempts: 20),
    moves: (insert_delete: 20),
    schedule: (equilibration: 10, production: 4000000),
)"#;

#[test]
fn a_run_that_goes_on_is_seen_and_left_alone() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    std::fs::write(folder.path().join("scene.ron"), SCENE).expect("the scene");
    let run = std::process::Command::new(env!("CARGO_BIN_EXE_adlayer"))
        .current_dir(folder.path())
        .args([
            "run",
            "scene.ron",
            "--device",
            "cpu",
            "-o",
            "run",
            "--quiet",
            "--checkpoint-every",
            "1",
            "--report-every",
            "1",
        ])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("the program starts");
    let run = Ended(run);
    let at = |name: &str| folder.path().join("run").join(name);
    let done = || {
        let text = std::fs::read_to_string(at("run.json")).unwrap_or_default();
        let record: serde_json::Value = serde_json::from_str(&text).unwrap_or_default();
        (record["production_done"].as_u64().unwrap_or(0), record["cycles_done"].as_u64().unwrap_or(0))
    };
    wait_for("exchange.csv", || at("exchange.csv").is_file());
    wait_for("a record of the cycles done", || done().0 > 0);
    let first = done();
    assert!(first.1 == first.0 + 10, "{first:?}");
    wait_for("more cycles", || done().0 > first.0);

    let (is_good, seen, said) = watch(&["run", "--once"], folder.path());
    assert!(is_good && said.is_empty(), "{said}");
    for words in
        ["Watched · running", "sampling", "left", "accepted    B inserted", "exchanged   temperature", "direct", "1.4"]
    {
        assert!(seen.contains(words), "`{words}` is not in\n{seen}");
    }
    assert!(seen.lines().all(|line| line.chars().count() <= 100), "{seen}");

    wait_for("samples", || at("samples/part-00000.parquet").is_file());
    let (is_good, seen, said) = watch(&["run", "--once", "--report", "live"], folder.path());
    assert!(is_good, "{said}");
    assert!(seen.contains("round trips temperature") && seen.contains("report: live/report.html"), "{seen}");
    let report = std::fs::read_to_string(folder.path().join("live/report.html")).expect("the report");
    assert!(report.contains("goes on, or was killed"));
    assert!(!at("analysis").exists(), "the run is left alone");

    // its own page, which it writes again and again
    let page = || std::fs::read_to_string(at("report.html")).unwrap_or_default();
    wait_for("a page with a picture", || page().contains("<svg"));
    let first = page();
    for part in [
        "<meta http-equiv=\"refresh\" content=\"1\">",
        "Watched · running",
        "accepted    B inserted",
        "⟨N⟩ of B so far",
        "</html>",
    ] {
        assert!(first.contains(part), "`{part}` is not in\n{first}");
    }
    let outside = first.replace("url(#", "");
    let loads = ["<script", "src=", "url(", "@import", "http://", "https://"];
    assert!(loads.iter().all(|word| !outside.contains(word)), "it loads nothing");
    assert!(first.len() < 60_000, "{} bytes", first.len());
    wait_for("another page", || page().contains("</html>") && page() != first);
    drop(run);

    // killed: its lock tells
    let (is_good, seen, _) = watch(&["run", "--once"], folder.path());
    let seen = seen.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(is_good && seen.contains("running") && seen.contains("nobody holds its lock: it was killed"), "{seen}");
    assert!(!seen.contains(" left "), "{seen}");
    let (is_good, _, said) = watch(&["nowhere", "--once"], folder.path());
    assert!(!is_good && said.contains("nowhere"), "{said}");
}

#[test]
fn a_run_that_is_stopped_says_so_on_its_page_and_its_report_takes_the_place() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    std::fs::write(folder.path().join("scene.ron"), SCENE.replace("4000000", "250000")).expect("the scene");
    let run = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_adlayer"));
        let output = command.current_dir(folder.path()).args(arguments).output().expect("it starts");
        let page = std::fs::read_to_string(folder.path().join("run/report.html")).unwrap_or_default();
        (output.status.code(), page)
    };
    let start = ["run", "scene.ron", "--device", "cpu", "-o", "run", "--quiet", "--checkpoint-every", "1"];
    let (code, page) = run(&[&start[..], &["--walltime", "2s", "--report-every", "1"]].concat());
    assert_eq!(code, Some(75));
    assert!(page.contains("Watched · interrupted") && page.contains("does not go on") && !page.contains("http-equiv"));
    // without pages the old one stays
    let (code, same) = run(&["resume", "run", "--quiet", "--walltime", "1s", "--report-every", "0"]);
    assert_eq!(code, Some(75));
    assert_eq!(same, page);
    let (code, report) = run(&["resume", "run", "--quiet", "--report-every", "1"]);
    assert_eq!(code, Some(0));
    assert!(report.contains("Can this run be trusted?") && !report.contains("adlayer-report"));
}

#[test]
fn a_finished_run_without_a_reservoir_is_seen() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut command = Command::new(env!("CARGO_BIN_EXE_adlayer"));
    let mut run = |arguments: &[&str]| {
        command = Command::new(env!("CARGO_BIN_EXE_adlayer"));
        assert!(command.current_dir(folder.path()).args(arguments).output().expect("it starts").status.success());
    };
    run(&["new", "melt", "--template", "canonical"]);
    run(&["run", "melt.ron", "--device", "cpu", "--cycles", "60", "-o", "run", "--quiet"]);
    let report = std::fs::read_to_string(folder.path().join("run/report.html")).expect("the report");
    assert!(report.contains("Can this run be trusted?") && !report.contains("adlayer-report"));
    let (is_good, seen, _) = watch(&["run"], folder.path());
    assert!(is_good, "a finished run is looked at once");
    for words in ["finished", "80/80 cycles", "⟨E⟩, direct", "round trips temperature", "0.1800"] {
        assert!(seen.contains(words), "`{words}` is not in\n{seen}");
    }
}
