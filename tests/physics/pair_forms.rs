//! Functional forms of pairs: against the numbers of LAMMPS, and two atoms in a box against quadrature.

use crate::backends::on_every_backend;
use crate::common::reference::{data, number, numbers, rows};
use crate::common::run::{Run, load};
use crate::common::stats::{assert_agree, assert_relative, assert_resolved, assert_z};
use crate::say::say;
use adlayer::testing::forces::{ForceField, Pairwise};
use adlayer::testing::system::configuration::{Batch, Configuration};
use glam::DVec3;
use serde_json::Value;
use std::sync::Arc;

/// A file of `tests/data/pair_forms`.
fn stored(name: &str) -> Value {
    let text = std::fs::read_to_string(data(&format!("pair_forms/{name}"))).expect("the numbers of LAMMPS");
    serde_json::from_str(&text).expect("JSON")
}

/// Index of a species.
fn species(name: &Value) -> u8 {
    u8::from(name == "B")
}

/// Twelve atoms of two species, as stored.
fn configuration(stored: &Value) -> Configuration {
    let mut x = Configuration::default();
    for (name, position) in rows(&stored["species"]).iter().zip(rows(&stored["positions"])) {
        let at: Vec<f64> = rows(position).iter().map(|c| c.as_f64().expect("a coordinate")).collect();
        x.insert(species(name), DVec3::new(at[0], at[1], at[2]), DVec3::ZERO);
    }
    x
}

/// The scene of the twelve atoms.
fn twelve(stored: &Value, potential: &str, dynamics: &str) -> String {
    let [x, y, z] = numbers(stored, "lengths")[..] else { panic!("three lengths") };
    format!(
        r#"Scene(
    units: Lj,
    species: [ (name: "A", symbol: "Cu", mass: 1.0), (name: "B", symbol: "Ar", mass: 1.0) ],
    potential: {potential},
    cell: Bulk(lengths: ({x:?}, {y:?}, {z:?})),
    initial: [ (species: "A", atoms: 6, placement: Random), (species: "B", atoms: 6, placement: Random) ],
    grid: (temperature: List([1.0])),
    dynamics: {dynamics},
    schedule: (equilibration: 0, production: 1),
)"#
    )
}

const MONTE_CARLO: &str = "MonteCarlo(displacement: 0.1, attempts: 1)";
/// One step from rest says the forces: v = F dt/m.
const DT: f64 = 1e-4;

/// Energy and forces of the twelve atoms on a backend against stored ones.
///
/// - `potential`: with a truncation that has the stored energy
/// - `smooth`: with one that has the same forces and allows dynamics
fn energy_and_forces(device: &str, stored: &Value, row: &Value, potential: &str, smooth: &str) {
    let batch = Batch { configurations: vec![configuration(stored)] };
    let mut run = Run::from_batch(device, load(&twelve(stored, potential, MONTE_CARLO)), &batch);
    let ours = run.sampler.backend_mut().measure().expect("measured")[0].energy;
    let (system, wanted) = (run.sampler.backend().system(), number(row, "energy"));
    let exact = Pairwise::new(Arc::new(system.clone()));
    let magnitude = exact.audit(&batch.configurations[0]).expect("pairs never fail").magnitude;
    let allowed = if device == "reference" { 1e-9 } else { 2e-6 } * magnitude;
    say(&format!("{device} energy {ours:.12}, LAMMPS {wanted:.12}, allowed {allowed:.1e}"));
    assert!((ours - wanted).abs() <= allowed, "{device}: {ours} against {wanted}");

    let verlet = format!("Verlet(dt: {DT:?}, steps: 1, redraw: false)");
    let mut run = Run::from_batch(device, load(&twelve(stored, smooth, &verlet)), &batch);
    let mut moved = Batch::default();
    let backend = run.sampler.backend_mut();
    backend.propagate(0, 1).expect("a step");
    backend.store(&mut moved).expect("stored");
    let forces: Vec<Vec<f64>> =
        rows(&row["forces"]).iter().map(|f| rows(f).iter().map(|c| c.as_f64().expect("a force")).collect()).collect();
    let scale = forces.iter().flatten().fold(0.0, |most: f64, f| most.max(f.abs()));
    for (slot, (velocity, force)) in moved.configurations[0].velocities.iter().zip(&forces).enumerate() {
        let off = (*velocity / DT - DVec3::new(force[0], force[1], force[2])).abs().max_element();
        assert!(off <= 1e-4 * scale, "{device}: force on atom {slot} is off by {off:e} of {scale}");
    }
}

/// The pairs of `morse.json`.
fn morse(stored: &Value, truncation: &str) -> String {
    let pair = |p: &Value| {
        let (depth, alpha, r_0) = (number(p, "depth"), number(p, "width"), number(p, "distance"));
        format!(
            "(between: ({}, {}), depth: {depth:?}, alpha: {alpha:?}, r_0: {r_0:?})",
            p["between"][0], p["between"][1]
        )
    };
    let pairs: Vec<String> = rows(&stored["pairs"]).iter().map(pair).collect();
    format!("Morse(cutoff: 2.5, truncation: {truncation}, pairs: [{}])", pairs.join(", "))
}

#[test]
fn d_morse_pairs_of_lammps() {
    let stored = stored("morse.json");
    for curve in rows(&stored["curves"]) {
        let truncation = curve["truncation"].as_str().expect("a truncation");
        let loaded = load(&twelve(&stored, &morse(&stored, truncation), MONTE_CARLO));
        let pair = loaded.pairs.pair(species(&curve["between"][0]), species(&curve["between"][1]));
        for row in rows(&curve["rows"]) {
            let r = number(row, "r");
            let (energy, force) = pair.energy_force(r * r);
            let label = format!("{truncation} {} at {r}", curve["between"]);
            assert!((energy - number(row, "energy")).abs() <= 1e-9, "{label}: {energy}");
            assert!((force * r - number(row, "force")).abs() <= 1e-9 * (1.0 + force.abs()), "{label}: {force}");
        }
    }
}

#[test]
fn d_twelve_morse_atoms_of_lammps() {
    let stored = stored("morse.json");
    on_every_backend(|device| {
        for truncation in ["Plain", "Shifted", "ForceShifted"] {
            let smooth = if truncation == "Plain" { "Shifted" } else { truncation };
            let row = &stored["configuration"][truncation];
            energy_and_forces(device, &stored, row, &morse(&stored, truncation), &morse(&stored, smooth));
        }
    });
}

/// P(N), ⟨N⟩ and ⟨E⟩ of at most two atoms in a box, by quadrature over their distance.
fn two_atoms(device: &str, potential: &str) {
    let (edge, kt, activity) = (6.0_f64, 0.8_f64, 0.01_f64);
    let text = format!(
        r#"Scene(
    units: Lj,
    species: [ (name: "B", symbol: "Ar", mass: 1.0) ],
    potential: {potential},
    cell: Bulk(lengths: ({edge:?}, {edge:?}, {edge:?})),
    reservoir: [ (species: "B", max_atoms: 2) ],
    grid: ( temperature: List([{kt:?}]), walkers: 128,
        reservoir: [ (species: "B", convention: Activity, values: List([{:?}])) ] ),
    dynamics: MonteCarlo(displacement: 0.6, attempts: 4),
    moves: (insert_delete: 20),
    schedule: (equilibration: 20, production: 1000),
)"#,
        kt * activity.ln()
    );
    let run = Run::whole(device, &text);
    let table = &run.loaded.pairs;
    // ∫ (e^{−βu} − 1) dr³ and ∫ u e^{−βu} dr³ by the midpoint rule; the box holds the whole sphere of the cutoff
    let (mut excess, mut energy, intervals) = (0.0, 0.0, 200_000);
    for k in 0..intervals {
        let width = table.r_cut / f64::from(intervals);
        let r = (f64::from(k) + 0.5) * width;
        let (shell, u) = (4.0 * std::f64::consts::PI * r * r * width, table.pair(0, 0).energy(r * r));
        let boltzmann = (-u / kt).exp();
        excess += (boltzmann - 1.0) * shell;
        energy += if boltzmann > 0.0 { u * boltzmann * shell } else { 0.0 };
    }
    let volume = edge.powi(3);
    let half = 0.5 * activity * activity * volume;
    let weights = [1.0, activity * volume, half * (volume + excess)];
    let sum: f64 = weights.iter().sum();
    for (n, w) in weights.iter().enumerate() {
        assert_z(&format!("{device} P({n})"), run.estimate(0, |t| t.probability(n)), w / sum, 0.0);
    }
    let n = run.estimate(0, |t| t.atoms());
    assert_z(&format!("{device} N"), n, (weights[1] + 2.0 * weights[2]) / sum, 0.0);
    assert_resolved(&format!("{device} N"), n, 0.01);
    let e = run.estimate(0, |t| t.energy());
    assert_z(&format!("{device} E"), e, half * energy / sum, 0.0);
    assert_resolved(&format!("{device} E"), e, 0.05);
}

#[test]
fn c_two_morse_atoms_in_a_box() {
    let pairs = r#"[(between: ("B", "B"), depth: 1.0, alpha: 5.0, r_0: 1.1)]"#;
    on_every_backend(|device| {
        for truncation in ["Plain", "Shifted", "ForceShifted"] {
            two_atoms(device, &format!("Morse(cutoff: 2.5, truncation: {truncation}, pairs: {pairs})"));
        }
        // so soft that atoms pass through each other
        let soft = r#"[(between: ("B", "B"), depth: 0.5, alpha: 0.9, r_0: 0.8)]"#;
        two_atoms(device, &format!("Morse(cutoff: 2.9, truncation: Shifted, pairs: {soft})"));
    });
}

#[test]
fn d_the_tail_of_morse_pairs_is_that_of_the_next_shells() {
    // a cutoff further out has less of a tail, by just what lies between in a homogeneous fluid
    let energy = |cutoff: f64| {
        let text = format!(
            r#"Scene(units: Lj, species: [(name: "B", symbol: "Ar", mass: 1.0)],
            potential: Morse(cutoff: {cutoff:?}, truncation: Plain, tail_correction: true,
                pairs: [(between: ("B", "B"), depth: 1.0, alpha: 1.5, r_0: 1.1)]),
            cell: Bulk(lengths: (20.0, 20.0, 20.0)), initial: [(species: "B", atoms: 9, placement: Random)],
            grid: (temperature: List([1.0])), dynamics: {MONTE_CARLO}, schedule: (equilibration: 0, production: 1))"#
        );
        let pairs = load(&text).pairs;
        (pairs.tail(&[9], 8000.0), pairs)
    };
    let ((near, _), (far, reaching)) = (energy(3.0), energy(4.0));
    let shells = |k: u32| {
        let r = 3.0 + (f64::from(k) + 0.5) * 1e-4;
        r * r * 1e-4 * reaching.pair(0, 0).energy(r * r)
    };
    let between: f64 = (0..10_000).map(shells).sum();
    assert_relative("tail from 3 to 4", near - far, 2.0 * std::f64::consts::PI * 81.0 / 8000.0 * between, 1e-6);
}

/// One species with a section of `tests/data/pair_forms`.
fn table(file: &str, keyword: &str, cutoff: f64, points: u64, truncation: &str) -> String {
    format!(
        r#"Table(path: "pair_forms/{file}", cutoff: {cutoff:?}, points: {points}, truncation: {truncation},
        pairs: [(between: ("B", "B"), keyword: "{keyword}")])"#
    )
}

/// A scene of one species.
fn one_species(potential: &str) -> String {
    format!(
        r#"Scene(units: Lj, species: [(name: "B", symbol: "Ar", mass: 1.0)], potential: {potential},
        cell: Bulk(lengths: (6.0, 6.0, 6.0)), initial: [(species: "B", atoms: 2, placement: Random)],
        grid: (temperature: List([1.0])), dynamics: {MONTE_CARLO}, schedule: (equilibration: 0, production: 1))"#
    )
}

#[test]
fn d_tables_of_lammps() {
    let stored = stored("tables.json");
    let splines = rows(&stored["curves"]).iter().filter(|c| c["style"] == "spline");
    let mut compared = 0;
    for curve in splines {
        let (file, keyword) = (curve["file"].as_str().expect("a file"), curve["keyword"].as_str().expect("a keyword"));
        let (cutoff, points) = (curve["cutoff"].as_f64().unwrap_or(2.5), curve["n"].as_u64().expect("N"));
        let loaded = load(&one_species(&table(file, keyword, cutoff, points, "Plain")));
        let pair = loaded.pairs.pair(0, 0);
        for row in rows(&curve["rows"]).iter().filter(|row| number(row, "r") < cutoff) {
            let r = number(row, "r");
            let (energy, force) = pair.energy_force(r * r);
            let (u, f) = (number(row, "energy"), number(row, "force"));
            let label = format!("{file}, N {points}, at {r}");
            assert!((energy - u).abs() <= 1e-9 * u.abs().max(1.0), "{label}: {energy} instead of {u}");
            assert!((pair.energy(r * r) - energy).abs() <= 1e-14 * u.abs().max(1.0), "{label}");
            assert!((force * r - f).abs() <= 1e-9 * f.abs().max(1.0), "{label}: {} instead of {f}", force * r);
            compared += 1;
        }
    }
    assert!(compared > 150, "only {compared} distances were compared");
}

/// The three sections of `mixture.table`.
fn mixture(points: u64, truncation: &str) -> String {
    format!(
        r#"Table(path: "pair_forms/mixture.table", cutoff: 2.5, points: {points}, truncation: {truncation}, pairs: [
        (between: ("A", "A"), keyword: "AA"), (between: ("B", "A"), keyword: "AB"),
        (between: ("B", "B"), path: "pair_forms/mixture.table", keyword: "BB")])"#
    )
}

#[test]
fn d_twelve_tabulated_atoms_of_lammps() {
    let stored = stored("tables.json");
    on_every_backend(|device| {
        for row in rows(&stored["configurations"]).iter().filter(|row| row["style"] == "spline") {
            let points = row["n"].as_u64().expect("N");
            energy_and_forces(device, &stored, row, &mixture(points, "Plain"), &mixture(points, "Shifted"));
        }
    });
}

#[test]
fn c_two_tabulated_atoms_in_a_box() {
    on_every_backend(|device| {
        for truncation in ["Plain", "Shifted", "ForceShifted"] {
            two_atoms(device, &table("lj.table", "LJ", 2.5, 2000, truncation));
        }
        two_atoms(device, &table("irregular.table", "LJ", 2.2, 300, "Shifted"));
    });
}

/// A few states of the default scene, with Lennard-Jones pairs or with tables of them.
fn surface(potential: &str) -> String {
    format!(
        r#"Scene(units: Lj, species: [(name: "A", symbol: "Cu", mass: 1.0), (name: "B", symbol: "Ar", mass: 1.0)],
        potential: {potential}, cell: Slab(height: 6.0),
        substrate: Fcc111(species: "A", nearest_neighbour: 1.10, repeat: (6, 3), layers: 3),
        reservoir: [(species: "B", max_atoms: 64)],
        grid: (temperature: List([0.6, 0.76]), walkers: 32,
            reservoir: [(species: "B", convention: Activity, values: List([-5.0, -3.5]))]),
        dynamics: Baoab(dt: 0.004, friction: 1.0, steps: 25), moves: (insert_delete: 60),
        schedule: (equilibration: 40, production: 120))"#
    )
}

/// A section of a table of Lennard-Jones, as `pair_write` would write it.
fn section(keyword: &str, epsilon: f64, sigma: f64) -> String {
    let rows = 1500;
    let mut text = format!("{keyword}\nN {rows} RSQ 0.6 2.6\n\n");
    for k in 0..rows {
        let r = (0.36_f64 + (6.76 - 0.36) * f64::from(k) / f64::from(rows - 1)).sqrt();
        let x = (sigma / r).powi(6);
        let (u, f) = (4.0 * epsilon * (x * x - x), 24.0 * epsilon * (2.0 * x * x - x) / r);
        text += &format!("{} {r:?} {u:?} {f:?}\n", k + 1);
    }
    text
}

#[test]
fn a_table_of_lennard_jones_has_the_states_of_the_default_scene() {
    let file = tempfile::NamedTempFile::new().expect("a temporary file");
    let text = [section("AB", 1.5, 1.0), section("BB", 0.6, 1.65)].join("\n");
    std::fs::write(file.path(), text).expect("written");
    let tables = format!(
        r#"Table(path: "{}", cutoff: 2.5, pairs: [(between: ("A", "B"), keyword: "AB"), (between: ("B", "B"), keyword: "BB")])"#,
        file.path().display()
    );
    let pairs = r#"LennardJones(cutoff: 2.5, truncation: Shifted, pairs: [
        (between: ("A", "B"), epsilon: 1.5, sigma: 1.0), (between: ("B", "B"), epsilon: 0.6, sigma: 1.65)])"#;
    let (ours, wanted) = (Run::whole("cpu", &surface(&tables)), Run::whole("cpu", &surface(pairs)));
    for state in 0..ours.grid.len() {
        let n = ours.estimate(state, |t| t.atoms());
        assert_agree(&format!("state {state} N"), n, wanted.estimate(state, |t| t.atoms()));
        assert_resolved(&format!("state {state} N"), n, 0.05);
        let e = ours.estimate(state, |t| t.energy());
        assert_agree(&format!("state {state} E"), e, wanted.estimate(state, |t| t.energy()));
    }
}
