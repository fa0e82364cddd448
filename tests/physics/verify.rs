//! `adlayer verify` passes on every device that is there.

use crate::announce::announce;
use crate::gpu;
use crate::project::project;
use assert_cmd::Command;
use std::path::Path;

/// The verdict on one device, from the file that was archived.
fn verdict(device: &str) -> serde_json::Value {
    let folder = tempfile::tempdir().expect("folder");
    // Packed with the tests where these run away from where they were built.
    let packed = project().join("bin/adlayer");
    let mut command = if packed.exists() { Command::new(packed) } else { Command::new(env!("CARGO_BIN_EXE_adlayer")) };
    let output = command
        .current_dir(folder.path())
        .args(["verify", "--quick", "--device", device, "-o", "archive/verdict.json"])
        .output()
        .expect("the program starts");
    let stdout = String::from_utf8_lossy(&output.stdout);
    announce(&stdout);
    assert!(output.status.success(), "{device}: {stdout}{}", String::from_utf8_lossy(&output.stderr));
    assert!(stdout.starts_with("check ") && stdout.contains("all passed"), "{stdout}");
    read(&folder.path().join("archive/verdict.json"))
}

fn read(path: &Path) -> serde_json::Value {
    let text = std::fs::read_to_string(path).expect("the archive");
    serde_json::from_str(&text).expect("JSON")
}

/// Every check ran and compared something; the statistical ones are neither too far nor suspiciously exact.
fn assert_complete(verdict: &serde_json::Value) {
    let checks = verdict["checks"].as_array().expect("checks");
    let names: Vec<&str> = checks.iter().map(|c| c["name"].as_str().expect("a name")).collect();
    let expected = [
        "philox",
        "exchange toy",
        "forces",
        "neighbour lists",
        "split segment",
        "drift",
        "ideal gas",
        "two atoms",
        "insertion table",
        "insertion at bonds",
        "boltzmann ratio",
        "identity",
        "windows",
        "joint",
        "segments",
        "resume",
        "kill and resume",
    ];
    assert_eq!(names, expected);
    for check in checks {
        assert!(check["passed"] == true && check["compared"].as_u64() > Some(0), "{check}");
        if check["measure"] == "z" {
            let figure = check["figure"].as_f64().expect("a number");
            assert!((0.3..4.0).contains(&figure), "{check}");
        }
    }
}

#[test]
fn passes_on_the_reference() {
    assert_complete(&verdict("reference"));
}

#[test]
fn passes_on_the_cpu() {
    assert_complete(&verdict("cpu"));
}

#[test]
fn passes_on_a_gpu() {
    if gpu::device().is_some() {
        assert_complete(&verdict("gpu"));
    }
}
