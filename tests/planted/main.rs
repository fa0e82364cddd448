//! Planted faults: `adlayer verify` must fail with each, and name the check that caught it.
//!
//! `cargo test --features planted-faults --test planted`

use assert_cmd::Command;

/// The checks that failed with a fault planted.
///
/// - `among`: the checks that are made
fn caught_by(device: &str, fault: &str, among: &[&str]) -> Vec<String> {
    let folder = tempfile::tempdir().expect("folder");
    let output = Command::new(env!("CARGO_BIN_EXE_adlayer"))
        .current_dir(folder.path())
        .env("ADLAYER_PLANTED_FAULT", fault)
        .args(["verify", "--quick", "--json", "--device", device, "-o", "verdict.json"])
        .args(among.iter().flat_map(|name| ["--check", name]))
        .output()
        .expect("the program starts");
    let (stdout, stderr) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert_eq!(output.status.code(), Some(70), "{device}, {fault}: {stdout}{stderr}");
    let verdict: serde_json::Value = serde_json::from_str(&stdout).expect("JSON");
    let checks = verdict["checks"].as_array().expect("checks");
    assert_eq!(checks.len(), among.len(), "{checks:?}");
    let failed: Vec<String> = checks
        .iter()
        .filter(|c| c["passed"] == false)
        .map(|c| c["name"].as_str().expect("a name").to_owned())
        .collect();
    for name in &failed {
        assert!(stderr.contains(name.as_str()), "{name} is not named in {stderr}");
    }
    failed
}

/// Checks that no planted fault has to do with.
const UNTOUCHED: [&str; 2] = ["philox", "drift"];

/// The checks that must catch a fault do; others, which might as well, are not made.
fn assert_caught(device: &str, fault: &str, by: &[&str]) {
    let failed = caught_by(device, fault, &[by, &UNTOUCHED].concat());
    for check in by {
        assert!(failed.iter().any(|name| name == check), "{device}, {fault}: caught by {failed:?}, not by {check}");
    }
    for name in UNTOUCHED {
        assert!(!failed.iter().any(|f| f == name), "{device}, {fault}: {name} has nothing to do with it");
    }
}

#[test]
fn sign_of_the_mu_term() {
    assert_caught("cpu", "mu-sign", &["exchange toy", "ideal gas"]);
}

#[test]
fn lost_lambda() {
    assert_caught("cpu", "lost-lambda", &["exchange toy"]);
}

#[test]
fn zero_velocities_on_insertion() {
    assert_caught("cpu", "zero-velocity", &["joint", "ideal gas"]);
    assert_caught("reference", "zero-velocity", &["joint", "ideal gas"]);
}

#[test]
fn unscaled_velocities_on_swap() {
    assert_caught("cpu", "unscaled-velocities", &["joint"]);
    assert_caught("reference", "unscaled-velocities", &["joint"]);
}

#[test]
fn n_instead_of_n_plus_one() {
    assert_caught("cpu", "n-for-n-plus-1", &["ideal gas"]);
    assert_caught("reference", "n-for-n-plus-1", &["ideal gas"]);
}

#[test]
fn attempts_that_follow_n() {
    assert_caught("cpu", "attempts-by-n", &["two atoms"]);
    assert_caught("reference", "attempts-by-n", &["two atoms"]);
}

#[test]
fn identity_without_counts() {
    assert_caught("cpu", "identity-without-counts", &["identity"]);
    assert_caught("reference", "identity-without-counts", &["identity"]);
}

#[test]
fn weights_left_out_of_mbar() {
    assert_caught("cpu", "mbar-without-weights", &["windows"]);
}

#[test]
fn weights_left_out_of_exchange() {
    assert_caught("cpu", "exchange-without-weights", &["windows"]);
    assert_caught("reference", "exchange-without-weights", &["windows"]);
}

#[test]
fn density_of_insertions_left_out() {
    assert_caught("cpu", "p-left-out", &["insertion table", "insertion at bonds"]);
    assert_caught("reference", "p-left-out", &["insertion table", "insertion at bonds"]);
}

#[test]
fn n_of_the_cell_instead_of_the_region() {
    assert_caught("cpu", "n-for-n-in", &["insertion table"]);
    assert_caught("reference", "n-for-n-in", &["insertion table"]);
}

#[test]
fn victim_left_out_of_w() {
    assert_caught("cpu", "victim-left-out", &["insertion table"]);
    assert_caught("reference", "victim-left-out", &["insertion table"]);
}

#[test]
fn oblique_cells_that_lean_the_wrong_way() {
    assert_caught("cpu", "shear-sign", &["forces", "neighbour lists"]);
}

#[test]
fn list_one_step_late() {
    assert_caught("cpu", "late-list", &["neighbour lists"]);
}

#[test]
fn kinetic_energy_left_out() {
    assert_caught("cpu", "kinetic-left-out", &["segments"]);
    assert_caught("reference", "kinetic-left-out", &["segments"]);
}

#[test]
fn velocities_not_reversed_after_a_rejection() {
    assert_caught("cpu", "no-flip", &["segments"]);
    assert_caught("reference", "no-flip", &["segments"]);
}

#[test]
fn last_half_kick_missing() {
    assert_caught("cpu", "half-kick-missing", &["segments"]);
    assert_caught("reference", "half-kick-missing", &["segments"]);
}
