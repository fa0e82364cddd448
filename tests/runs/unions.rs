//! `adlayer analyze RUN1 RUN2 …` of runs with other temperatures and chemical potentials of one system.

use crate::place::{Place, surface};
use serde_json::Value;
use std::path::Path;

const TAU: f64 = std::f64::consts::TAU;

/// Atoms that do not see each other in a harmonic trap: ⟨N⟩ = z (2πkT/k)^{3/2}, ⟨E⟩ = 3/2 ⟨N⟩ kT, ln Ξ = ⟨N⟩.
fn trap(temperatures: &str, convention: &str, values: &str, cycles: u32, seed: u64) -> String {
    format!(
        r#"Scene(
    units: Lj,
    species: [ (name: "B", symbol: "Ar", mass: 1.0) ],
    potential: LennardJones(cutoff: 2.5, truncation: Shifted, pairs: [ (between: ("B","B"), epsilon: 0.0, sigma: 1.0) ]),
    external: [ Harmonic(species: "B", spring: 1.0) ],
    cell: Bulk(lengths: (16.0, 16.0, 16.0)),
    reservoir: [ (species: "B", max_atoms: 60) ],
    grid: ( temperature: List([{temperatures}]), walkers: 1,
            reservoir: [ (species: "B", convention: {convention}, values: List([{values}])) ] ),
    dynamics: MonteCarlo(displacement: 1.0, attempts: 30),
    moves: (insert_delete: 600),
    schedule: (equilibration: 30, production: {cycles}),
    seed: {seed},
)"#
    )
}

/// Runs scenes into directories named after them.
fn sampled(scenes: &[(&str, String)]) -> Place {
    let place = Place::new(&scenes[0].1);
    for (name, text) in scenes {
        std::fs::write(place.path().join(format!("{name}.ron")), text).expect("a scene");
        place.succeed(&["run", &format!("{name}.ron"), "--device", "cpu", "-o", name, "--quiet"]);
    }
    place
}

/// A table as rows of numbers by the names of its columns; empty cells are NaN.
struct Csv {
    columns: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl Csv {
    fn read(path: &Path) -> Csv {
        let mut reader = csv::Reader::from_path(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        let columns = reader.headers().expect("a header").iter().map(str::to_owned).collect();
        let rows = reader.records().map(|r| r.expect("a row").iter().map(str::to_owned).collect()).collect();
        Csv { columns, rows }
    }

    fn of(&self, name: &str) -> Vec<f64> {
        let c = self.columns.iter().position(|column| column == name).unwrap_or_else(|| panic!("no {name}"));
        self.rows.iter().map(|row| row[c].parse().unwrap_or(f64::NAN)).collect()
    }
}

fn trap_mean(temperature: f64, ln_z: f64) -> f64 {
    (ln_z + 1.5 * (TAU * temperature).ln()).exp()
}

/// The largest |z| of ⟨N⟩, ⟨E⟩ and ln Ξ over the map of the trap, and the number of cells.
fn worst_of_trap(directory: &Path) -> (f64, usize) {
    let map = Csv::read(&directory.join("analysis/maps.csv"));
    let [t, ln_z, n, n_err] = ["temperature", "ln_z_B", "n_B", "n_B_err"].map(|name| map.of(name));
    let [e, e_err, xi, xi_err] = ["energy", "energy_err", "ln_xi", "ln_xi_err"].map(|name| map.of(name));
    let (mut worst, mut cells) = (0.0_f64, 0);
    for i in (0..t.len()).filter(|&i| n[i].is_finite()) {
        let exact = trap_mean(t[i], ln_z[i]);
        let z = [(n[i] - exact) / n_err[i], (e[i] - 1.5 * exact * t[i]) / e_err[i], (xi[i] - exact) / xi_err[i]];
        worst = z.iter().fold(worst, |worst, z| worst.max(z.abs()));
        cells += 1;
    }
    (worst, cells)
}

#[test]
fn runs_of_a_trap_with_other_grids_and_conventions_are_exact_together() {
    let place = sampled(&[
        ("a", trap("0.6, 0.9", "Activity", "-1.4, -0.9, -0.4", 500, 1)),
        // p = z kT: at 0.9 the lowest of these is μ' = −0.9 of the first run.
        ("b", trap("0.9, 0.75", "Pressure", "0.3310914970542981, 0.6, 0.45", 400, 2)),
    ]);
    let output = place.succeed(&["analyze", "a", "b", "-o", "both", "--json"]);
    let result: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(result["mbar"]["parts"], 1);
    let both = place.run("both");
    let (z, cells) = worst_of_trap(&both);
    assert!(z < 4.0 && cells > 150, "worst |z| = {z:.2} of {cells} cells");

    // The states: 6 + 6, one of them in both; free energies are exact.
    let (own, f) =
        (Csv::read(&both.join("analysis/diagnostics.csv")), Csv::read(&both.join("analysis/free_energies.csv")));
    let (t, mu) = (own.of("temperature"), own.of("mu_B"));
    let samples = Csv::read(&both.join("analysis/direct.csv")).of("samples");
    assert_eq!((t.len(), samples.iter().sum::<f64>()), (11, 6.0 * 500.0 + 6.0 * 400.0));
    assert_eq!(samples.iter().filter(|&&n| n == 900.0).count(), 1);
    // A beginning may be left out of MBAR.
    assert!(f.of("n_k").iter().zip(&samples).all(|(n, all)| (0.5 * all..=*all).contains(n)));
    let exact: Vec<f64> = t.iter().zip(&mu).map(|(t, mu)| trap_mean(*t, mu / t)).collect();
    for (k, (f_k, err)) in f.of("f_k").iter().zip(f.of("err")).enumerate().skip(1) {
        let z = (f_k - (exact[0] - exact[k])) / err;
        assert!(z.abs() < 4.0, "f of state {k}: z = {z:.2}");
    }
    // Each replica belongs to its own run, and the report says which runs there are.
    let flows = Csv::read(&both.join("analysis/flow.csv"));
    let column = flows.columns.iter().position(|c| c == "runs").expect("whose replicas they are");
    let runs: std::collections::BTreeSet<&String> = flows.rows.iter().map(|row| &row[column]).collect();
    assert_eq!(runs.len(), 2);
    let report = std::fs::read_to_string(both.join("report.html")).expect("a report");
    for words in [
        "Runs that are analysed together",
        "2 runs together",
        "Flow of replicas of run 2",
        "12 in 2 runs over 11 states",
    ] {
        assert!(report.contains(words), "{words}");
    }
    let overlap = Csv::read(&both.join("analysis/overlap.csv"));
    assert_eq!(overlap.rows.len(), 22, "each run has its own edges: 7 along the axes and 4 diagonals");
    assert!(overlap.of("attempts").iter().all(|&n| n > 0.0));
    // In the other order the convention is that of the other run: p, and the points between have other places.
    place.succeed(&["analyze", "b", "a", "-o", "turned", "--quiet"]);
    let (z, cells) = worst_of_trap(&place.run("turned"));
    assert!(z < 4.0 && cells > 150, "worst |z| = {z:.2} of {cells} cells");
    // A run that has all states of another leaves them where they are.
    place.succeed(&["export", "a", "b", "--pymbar", "all.npz"]);
    assert!(place.path().join("all.npz").is_file());
}

#[test]
fn two_runs_together_agree_with_one_run_over_all_states() {
    let mu = "-1.4, -0.9, -0.4";
    let place = sampled(&[
        ("cold", trap("0.6, 0.8", "Activity", mu, 500, 1)),
        ("warm", trap("0.7, 0.9", "Activity", mu, 500, 2)),
        ("whole", trap("0.6, 0.7, 0.8, 0.9", "Activity", mu, 500, 3)),
    ]);
    place.succeed(&["analyze", "cold", "warm", "-o", "both", "--quiet"]);
    place.succeed(&["analyze", "warm", "cold", "-o", "turned", "--quiet"]);
    place.succeed(&["analyze", "whole", "-o", "one", "--quiet"]);
    let map = |name: &str| Csv::read(&place.run(name).join("analysis/maps.csv"));
    let (both, turned, one) = (map("both"), map("turned"), map("one"));
    for columns in [("n_B", "n_B_err"), ("energy", "energy_err"), ("ln_xi", "ln_xi_err")] {
        let of = |map: &Csv| map.of(columns.0).into_iter().zip(map.of(columns.1)).collect::<Vec<_>>();
        for (a, b) in [(&both, &one), (&one, &turned)] {
            // The union of the two is a product: its map has the places of that of the whole run.
            assert_eq!(a.of("mu_B"), b.of("mu_B"));
            let mut compared = 0;
            for ((x, dx), (y, dy)) in
                of(a).into_iter().zip(of(b)).filter(|((x, _), (y, _))| x.is_finite() && y.is_finite())
            {
                let z = (x - y) / dx.hypot(dy);
                assert!(z.abs() < 4.0, "{}: {x} ± {dx} and {y} ± {dy}", columns.0);
                compared += 1;
            }
            assert!(compared > 120, "{compared} cells");
        }
    }
    let states = |name: &str| Csv::read(&place.run(name).join("analysis/diagnostics.csv")).of("mu_B").len();
    assert_eq!((states("both"), states("one")), (12, 12));
}

/// One atom A before a wall, with ideal B that sees A and the wall: given z of A, N is Poisson.
fn one_a(temperatures: &str, values: &str, seed: u64) -> String {
    format!(
        r#"Scene(title: "one A among ideal B", units: Lj,
    species: [ (name: "A", symbol: "Cu", mass: 1.0), (name: "B", symbol: "Ar", mass: 1.0) ],
    potential: LennardJones(cutoff: 2.5, truncation: Shifted, pairs: [ (between: ("A","A"), epsilon: 0.0, sigma: 1.0),
        (between: ("A","B"), epsilon: 3.8, sigma: 1.0), (between: ("B","B"), epsilon: 0.0, sigma: 1.0) ]),
    external: [ Wall93(species: "A", epsilon: 10.0, sigma: 0.8), Wall93(species: "B", epsilon: 0.1, sigma: 2.6) ],
    cell: Slab(height: 6.0, lengths: (5.0, 5.0)),
    reservoir: [ (species: "B", max_atoms: 100) ], initial: [ (species: "A", atoms: 1, placement: Random) ],
    grid: ( temperature: List([{temperatures}]), walkers: 4,
            reservoir: [ (species: "B", convention: Activity, values: List([{values}])) ] ),
    dynamics: MonteCarlo(displacement: 0.4, attempts: 60), moves: (insert_delete: 60),
    schedule: (equilibration: 600, production: 3000), seed: {seed},
)"#
    )
}

/// ⟨N⟩ of B by quadrature over z of A.
fn one_a_mean(kt: f64, ln_z: f64) -> f64 {
    let wall = |epsilon: f64, sigma: f64, z: f64| epsilon * (2.0 / 15.0 * (sigma / z).powi(9) - (sigma / z).powi(3));
    let pair =
        |r: f64| if r < 2.5 { 15.2 * (r.powi(-12) - r.powi(-6) - 2.5_f64.powi(-12) + 2.5_f64.powi(-6)) } else { 0.0 };
    const STEPS: usize = 240;
    let z_of = |i: usize| 6.0 * (i as f64 + 0.5) / STEPS as f64;
    let dz = 6.0 / STEPS as f64;
    let open: Vec<f64> = (0..STEPS).map(|i| (-wall(0.1, 2.6, z_of(i)) / kt).exp()).collect();
    let all: f64 = 25.0 * dz * open.iter().sum::<f64>();
    // ∫ 2πρ f dρ over a plane at distance h from A is 2π ∫ f(r) r dr from h on.
    const FINE: usize = 4000;
    let dr = 2.5 / FINE as f64;
    let mut above = vec![0.0; FINE + 1];
    for i in (0..FINE).rev() {
        let r = (i as f64 + 0.5) * dr;
        above[i] = above[i + 1] + TAU * r * dr * ((-pair(r.max(0.3)) / kt).exp() - 1.0);
    }
    let plane = |h: f64| above.get((h / dr).round() as usize).copied().unwrap_or(0.0);
    let (mut sum, mut weighted) = (0.0, 0.0);
    for i in 0..STEPS {
        let seen: f64 = (0..STEPS).map(|j| dz * open[j] * plane((z_of(i) - z_of(j)).abs())).sum();
        let mean = ln_z.exp() * (all + seen);
        let weight = (mean - wall(10.0, 0.8, z_of(i)) / kt).exp();
        sum += weight;
        weighted += weight * mean;
    }
    weighted / sum
}

#[test]
fn runs_of_one_a_among_ideal_b_are_exact_together() {
    let place =
        sampled(&[("a", one_a("0.75, 1.1", "-3.2, -2.8, -2.4", 30)), ("b", one_a("0.9, 1.1", "-3.0, -2.6, -2.4", 31))]);
    place.succeed(&["analyze", "a", "b", "-o", "both", "--quiet"]);
    let both = place.run("both");
    let map = Csv::read(&both.join("analysis/maps.csv"));
    let [t, ln_z, n, err] = ["temperature", "ln_z_B", "n_B", "n_B_err"].map(|name| map.of(name));
    let simulated = [0.75, 0.9, 1.1];
    // What is slow is where A is: all cells share it, and one draw of it.
    let mut cells = 0;
    for i in (0..t.len()).filter(|&i| n[i].is_finite() && simulated.iter().any(|s| (s - t[i]).abs() < 1e-9)) {
        let exact = one_a_mean(t[i], ln_z[i]);
        let z = (n[i] - exact) / err[i];
        assert!(z.abs() < 4.0, "T {} ln z {}: {} ± {}, exact {exact}", t[i], ln_z[i], n[i], err[i]);
        cells += 1;
    }
    assert!(cells > 30, "{cells} cells");
}

#[test]
fn systems_that_differ_are_refused_by_the_field_with_both_values() {
    let base = surface(2, [2, 8]);
    let changes = [
        ("epsilon: 1.5", "epsilon: 1.4", "potential.LennardJones.pairs[1].epsilon", "1.4 here, 1.5 there"),
        ("cutoff: 2.5", "cutoff: 2.4", "potential.LennardJones.cutoff", "2.4 here, 2.5 there"),
        ("height: 5.0", "height: 5.5", "cell.Slab.height", "5.5 here, 5.0 there"),
        ("layers: 1", "layers: 2", "substrate.Fcc111.layers", "2 here, 1 there"),
        ("max_atoms: 24", "max_atoms: 20", "reservoir[0].max_atoms", "20 here, 24 there"),
        (
            "mass: 1.0), (name: \"B\", symbol: \"Ar\", mass: 1.0)",
            "mass: 1.0), (name: \"B\", symbol: \"Ar\", mass: 2.0)",
            "species[1].mass",
            "2.0 here, 1.0 there",
        ),
        (
            "reservoir: [ (species: \"B\", max_atoms: 24) ],",
            "reservoir: [ (species: \"B\", max_atoms: 24, region: (z: (0.0, 4.0))) ],",
            "reservoir[0].region.z[1]",
            "4.0 here, 5.0 there",
        ),
        (
            "    cell:",
            "    external: [ Wall93(species: \"B\", epsilon: 1.0, sigma: 1.0) ],\n    cell:",
            "external",
            "here, [] there",
        ),
    ];
    let mut scenes = vec![("first".to_owned(), base.clone())];
    for (i, (from, to, ..)) in changes.iter().enumerate() {
        let text = base.replacen(from, to, 1);
        assert_ne!(text, base, "{from}");
        scenes.push((format!("other{i}"), text));
    }
    let scenes: Vec<(&str, String)> = scenes.iter().map(|(name, text)| (name.as_str(), text.clone())).collect();
    let place = sampled(&scenes);
    for (i, (.., field, values)) in changes.iter().enumerate() {
        let said = place.fail(&["analyze", "first", &format!("other{i}"), "-o", "no"], 65);
        let said = said.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(said.contains(&format!("its `{field}` is not that of first")) && said.contains(values), "{said}");
        assert!(!place.path().join("no").exists());
    }
}

/// A canonical run of some atoms.
fn canonical(atoms: u16, temperatures: &str, seed: u64) -> String {
    let text = surface(2, [5, 60]).replacen("reservoir: [ (species: \"B\", max_atoms: 24) ],\n", "", 1);
    let from = text.find("grid:").expect("a grid");
    let to = text.find("dynamics:").expect("dynamics");
    let grid = format!(
        "initial: [ (species: \"B\", atoms: {atoms}, placement: Layers) ],\n    grid: ( temperature: List([{temperatures}]), walkers: 2 ),\n    "
    );
    let text = [&text[..from], &grid, &text[to..]].concat().replacen("    moves: (insert_delete: 20),\n", "", 1);
    text.replacen("schedule:", &format!("seed: {seed}, schedule:"), 1)
}

#[test]
fn canonical_runs_are_combined_where_they_hold_as_many_atoms() {
    let place = sampled(&[
        ("a", canonical(9, "0.6, 0.8", 1)),
        ("b", canonical(9, "0.7, 0.9, 1.0", 2)),
        ("c", canonical(8, "0.7", 3)),
    ]);
    place.succeed(&["analyze", "a", "b", "-o", "both", "--quiet"]);
    let f = Csv::read(&place.run("both").join("analysis/free_energies.csv"));
    assert_eq!(f.of("n_k"), [120.0; 5]);
    let said = place.fail(&["analyze", "a", "c", "-o", "no"], 65);
    assert!(said.contains("`initial.B`") && said.contains("8 here, 9 there"), "{said}");
}

#[test]
fn what_is_the_same_run_again_or_observed_otherwise_is_said() {
    let observed = |r: &str, values: &str, seed: u64| {
        surface(2, [5, 60])
            .replacen(
                "    dynamics:",
                &format!("    observables: [Psi6, Coordination(r: {r})],\n    seed: {seed},\n    dynamics:"),
                1,
            )
            .replacen("-4.5, -3.8, -3.0", values, 1)
    };
    let place = sampled(&[
        ("a", observed("1.9", "-4.5, -3.8, -3.0", 1)),
        ("again", observed("1.9", "-4.5, -3.8, -3.0", 1)),
        ("b", observed("1.8", "-4.2, -3.4", 1)),
    ]);
    let said = place.fail(&["analyze", "a", "again", "-o", "no"], 65);
    assert!(said.contains("holds the samples of a again") && said.contains("seed 1"), "{said}");
    let output = place.succeed(&["analyze", "a", "b", "-o", "both"]);
    let said = String::from_utf8_lossy(&output.stderr).split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(said.contains("left out of the analysis: coordination, coordination_histogram"), "{said}");
    assert!(said.contains("several runs have the seed 1"), "{said}");
    let averages = Csv::read(&place.run("both").join("analysis/phase_averages.csv"));
    assert!(averages.columns.iter().any(|c| c == "psi6") && !averages.columns.iter().any(|c| c == "coordination"));
    // Configurations stand at the states of all.
    place.succeed(&["export", "a", "b", "--extxyz", "-o", "frames"]);
    let frame =
        std::fs::read_to_string(place.path().join("frames/state_00001.xyz")).expect("a state of the second run");
    assert!(frame.contains("mu_B=-4.2") && frame.contains("state=1"), "{}", &frame[..400]);
}
