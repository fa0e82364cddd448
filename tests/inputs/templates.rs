//! The templates of `adlayer new`: each is sound, runs, and holds the numbers that its comments promise.

use crate::commands::{adlayer, folder};
use std::path::Path;

/// A number of a template: what its comments say, in which state, and what a shortened run must give.
struct Promise {
    /// Words of the comments that hold the number.
    words: &'static str,
    /// Columns of states.csv and their values that choose the state.
    state: &'static [(&'static str, f64)],
    column: &'static str,
    value: f64,
    /// Rounding and error of the promise itself.
    within: f64,
}

/// The rows of a CSV file as (column, value).
fn rows(path: &Path) -> Vec<Vec<(String, f64)>> {
    let text = std::fs::read_to_string(path).expect("states.csv");
    let mut lines = text.lines();
    let columns: Vec<&str> = lines.next().expect("a header").split(',').collect();
    let row = |line: &str| {
        let cells = line.split(',').map(|cell| cell.parse().unwrap_or(f64::NAN));
        columns.iter().map(|c| (*c).to_owned()).zip(cells).collect()
    };
    lines.map(row).collect()
}

fn value(row: &[(String, f64)], column: &str) -> f64 {
    row.iter().find(|(name, _)| name == column).unwrap_or_else(|| panic!("no column {column}")).1
}

/// Writes a template, checks it, runs it shortened, and compares what it promises.
fn holds(template: &str, cycles: &str, promises: &[Promise]) {
    let folder = folder();
    let succeed = |arguments: &[&str]| {
        let (code, stdout, stderr) = adlayer(folder.path(), arguments);
        assert_eq!(code, Some(0), "{arguments:?}: {stderr}");
        (stdout, stderr)
    };
    succeed(&["new", "scene", "--template", template]);
    let (checked, warned) = succeed(&["check", "scene.ron"]);
    assert!(checked.contains("the scene is good") && warned.is_empty(), "{template}: {checked}{warned}");
    succeed(&["run", "scene.ron", "--device", "cpu", "--cycles", cycles, "-o", "run", "--quiet"]);
    let text = std::fs::read_to_string(folder.path().join("scene.ron")).expect("the scene");
    let comments: Vec<&str> = text.lines().filter_map(|l| l.trim().strip_prefix("//")).map(str::trim).collect();
    let comments = comments.join(" ");
    assert!(comments.len() > 400, "{template} teaches nothing");
    let states = rows(&folder.path().join("run/states.csv"));
    for p in promises {
        assert!(comments.contains(p.words), "{template} does not say `{}`", p.words);
        let is_meant = |row: &&Vec<(String, f64)>| {
            p.state.iter().all(|(column, at)| (value(row, column) - at).abs() <= 1e-3 * at.abs())
        };
        let found: Vec<_> = states.iter().filter(is_meant).collect();
        assert_eq!(found.len(), 1, "{template}: {:?}", p.state);
        let error = value(found[0], &p.column.replace("_mean", "_err"));
        let difference = value(found[0], p.column) - p.value;
        assert!(error.is_finite() && error < p.value.abs(), "{template}: {} has the error {error}", p.column);
        assert!(
            difference.abs() < 4.0 * error + p.within,
            "{template}: {} at {:?} is off by {difference}, error {error}",
            p.column,
            p.state
        );
    }
}

#[test]
fn the_surface_has_its_layer_of_twelve() {
    let layer = Promise {
        words: "(√3×√3)R30° layer of 12 atoms",
        state: &[("temperature", 0.30), ("mu_B", -5.0)],
        column: "n_B_mean",
        value: 12.0,
        within: 0.1,
    };
    holds("surface", "400", &[layer]);
}

#[test]
fn krypton_condenses_on_graphite() {
    let dilute = Promise {
        words: "At 94 K and 2e-7 bar a cell holds 0.0070 atoms",
        state: &[("temperature", 94.0), ("pressure_Kr", 2e-7)],
        column: "n_Kr_mean",
        value: 0.0070,
        within: 0.000_05,
    };
    let full = Promise {
        words: "at 78 K and 6e-5 bar 24.9",
        state: &[("temperature", 78.0), ("pressure_Kr", 6e-5)],
        column: "n_Kr_mean",
        value: 24.9,
        within: 0.1,
    };
    holds("graphite", "1500", &[dilute, full]);
}

/// Depth and place of the minimum of the wall, and one atom in it, by quadrature of the formula of docs/scene.md.
#[test]
fn the_wall_of_graphite_is_as_deep_as_its_comments_say() {
    let boltzmann = 8.617_333_262e-5;
    let (epsilon, sigma, density, spacing) = (0.005_962_8_f64, 3.5_f64, 0.114, 3.35);
    let u = |z: f64| {
        let s = sigma / z;
        let last = sigma.powi(4) / (3.0 * spacing * (z + 0.61 * spacing).powi(3));
        2.0 * std::f64::consts::PI * epsilon * density * sigma * sigma * spacing * (0.4 * s.powi(10) - s.powi(4) - last)
    };
    let text = include_str!("../../scenes/krypton_graphite.ron");
    assert!(text.contains("epsilon: 0.0059628, sigma: 3.50, density: 0.114, spacing: 3.35"));
    let z = (30_000..40_000).map(|i| 1e-4 * f64::from(i)).min_by(|a, b| u(*a).total_cmp(&u(*b))).expect("a minimum");
    assert!((u(z) + 0.1206).abs() < 5e-5 && (z - 3.48).abs() < 5e-3, "{} at {z}", u(z));
    assert!((u(z) / boltzmann + 1400.0).abs() < 5.0);
    assert!(text.contains("0.1206 eV deep (1400 K), 3.48 Å above"));
    // f A/kT ∫ e^{−βu} dz, f in eV/Å³
    let kt = 94.0 * boltzmann;
    let integral: f64 = (4000..32_000).map(|i| 5e-4 * (-u(5e-4 * (f64::from(i) + 0.5)) / kt).exp()).sum();
    let bar = 6.241_509_07e-7;
    let n = 2e-7 * bar * 400.0 / kt * integral;
    assert!((n - 0.0070).abs() < 5e-5, "{n}");
}

#[test]
fn dilute_argon_is_nearly_ideal() {
    let at = |words, pressure: &'static [(&'static str, f64)], value, within| Promise {
        words,
        state: pressure,
        column: "n_Ar_mean",
        value,
        within,
    };
    let dilute = at("at 180 K and 5 bar ⟨N⟩ is 2.84", &[("temperature", 180.0), ("pressure_Ar", 5.0)], 2.84, 0.01);
    let dense = at("at 180 K and 100 bar 115", &[("temperature", 180.0), ("pressure_Ar", 100.0)], 115.0, 1.0);
    holds("bulk", "150", &[dilute, dense]);
}

#[test]
fn argon_and_krypton_compete() {
    const WARM: &[(&str, f64)] = &[("temperature", 124.0), ("pressure_Ar", 1e-4), ("pressure_Kr", 1e-5)];
    const COLD: &[(&str, f64)] = &[("temperature", 100.0), ("pressure_Ar", 1e-4), ("pressure_Kr", 1e-3)];
    let dilute = "a cell holds 0.0087 and 0.0085 atoms";
    let at = |words, state, column, value, within| Promise { words, state, column, value, within };
    let promises = [
        at(dilute, WARM, "n_Ar_mean", 0.0087, 0.000_05),
        at(dilute, WARM, "n_Kr_mean", 0.0085, 0.000_05),
        at("1e-3 bar of krypton 22.8 of krypton", COLD, "n_Kr_mean", 22.8, 0.1),
    ];
    holds("mixture", "1000", &promises);
}

#[test]
fn thirteen_atoms_melt() {
    let at = |temperature: &'static [(&'static str, f64)], words, value, within| Promise {
        words,
        state: temperature,
        column: "energy_mean",
        value,
        within,
    };
    let solid = at(&[("temperature", 0.18)], "⟨E⟩ is −40.33 ε at T = 0.18", -40.33, 0.03);
    let molten = at(&[("temperature", 0.291)], "−34.3 ε at T = 0.291", -34.3, 0.15);
    holds("canonical", "3000", &[solid, molten]);
}

#[test]
fn every_template_is_listed_and_an_unknown_one_is_refused() {
    let folder = folder();
    let (code, stdout, _) = adlayer(folder.path(), &["new", "--list"]);
    let names: Vec<&str> = stdout.lines().filter_map(|line| line.split_whitespace().next()).collect();
    assert_eq!((code, names), (Some(0), vec!["surface", "graphite", "bulk", "mixture", "canonical", "si100"]));
    let (code, _, stderr) = adlayer(folder.path(), &["new", "x", "--template", "gold"]);
    assert!(code == Some(2) && stderr.contains("graphite"), "{stderr}");
    let (code, _, _) = adlayer(folder.path(), &["new"]);
    assert_eq!(code, Some(2));
}

#[test]
fn a_template_brings_the_files_that_it_names() {
    let folder = folder();
    let (code, stdout, stderr) = adlayer(folder.path(), &["new", "silicon", "--template", "si100"]);
    assert_eq!(code, Some(0), "{stderr}");
    for name in ["silicon.ron", "si100_2x2.xyz", "SiH_monovalent.sw"] {
        assert!(stdout.contains(&format!("wrote {name}\n")) && folder.path().join(name).is_file(), "{name}: {stdout}");
    }
    let (code, stdout, stderr) = adlayer(folder.path(), &["check", "silicon.ron"]);
    assert!(code == Some(0) && stdout.contains("the scene is good") && stderr.is_empty(), "{stdout}{stderr}");
    let (code, stdout, _) = adlayer(folder.path(), &["new", "again", "--template", "si100"]);
    assert_eq!((code, stdout.as_str()), (Some(0), "wrote again.ron\nnext: adlayer run again.ron\n"));
    std::fs::write(folder.path().join("si100_2x2.xyz"), "mine").expect("a file");
    let (code, _, stderr) = adlayer(folder.path(), &["new", "third", "--template", "si100"]);
    assert!(code == Some(2) && stderr.contains("si100_2x2.xyz"), "{stderr}");
    assert_eq!(std::fs::read_to_string(folder.path().join("si100_2x2.xyz")).ok().as_deref(), Some("mine"));
}
