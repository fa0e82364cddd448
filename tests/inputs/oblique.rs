//! Lattices of slab files: the same crystal however it is written.

use adlayer::testing::forces::{ForceField, Pairwise};
use adlayer::testing::input::scene::{self, CheckedScene};
use adlayer::testing::system::System;
use adlayer::testing::system::configuration::Configuration;
use glam::{DMat2, DVec2, DVec3};
use std::sync::Arc;

/// A slab in extended XYZ: two species at places given in parts of the periods.
fn slab(rows: [DVec3; 3]) -> String {
    let numbers: Vec<String> = rows.iter().flat_map(DVec3::to_array).map(|x| format!("{x:.15}")).collect();
    let mut text = format!("3\nLattice=\"{}\"\n", numbers.join(" "));
    for (symbol, r) in sites() {
        text += &format!("{symbol} {:.15} {:.15} {}\n", r.x, r.y, r.z);
    }
    text
}

const A: DVec2 = DVec2::new(6.0, 0.0);
const B: DVec2 = DVec2::new(1.5, 7.0);

fn sites() -> [(&'static str, DVec3); 3] {
    let at = |u: f64, v: f64, z: f64| (u * A + v * B).extend(z);
    [("Cu", at(0.1, 0.2, 0.0)), ("Cu", at(0.6, 0.9, 0.0)), ("Xe", at(0.4, 0.5, -0.3))]
}

fn turned(text: &str, angle: f64) -> String {
    let turn = |x: &str, y: &str| DMat2::from_angle(angle) * DVec2::new(x.parse().expect("x"), y.parse().expect("y"));
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    if let Some((_, lattice)) = lines[1].split_once("Lattice=\"") {
        let numbers: Vec<&str> = lattice.trim_end_matches('"').split(' ').collect();
        let rows: Vec<String> = numbers
            .chunks(3)
            .map(|v| (turn(v[0], v[1]), v[2]))
            .map(|(r, z)| format!("{:.15} {:.15} {z}", r.x, r.y))
            .collect();
        lines[1] = format!("Lattice=\"{}\"", rows.join(" "));
    }
    for line in &mut lines[2..] {
        let words: Vec<&str> = line.split(' ').collect();
        let r = turn(words[1], words[2]);
        *line = format!("{} {:.15} {:.15} {}", words[0], r.x, r.y, words[3]);
    }
    lines.join("\n") + "\n"
}

/// The scene of a slab file, with atoms of a file over it.
fn load(slab: &str, atoms: &str, bulk: bool) -> Result<CheckedScene, String> {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).expect("a file");
    write("slab.xyz", slab);
    write("atoms.xyz", atoms);
    let cell = if bulk { "Bulk(lengths: (6.0, 7.0, 5.0), tilt: 1.5)" } else { "Slab(height: 5.0)" };
    write(
        "scene.ron",
        &format!(
            r#"Scene(units: Lj, species: [(name: "A", symbol: "Cu", mass: 1.0), (name: "X", symbol: "Xe", mass: 1.0),
                (name: "B", symbol: "Ar", mass: 1.0)],
            potential: LennardJones(cutoff: 2.5, truncation: Shifted, mixing: LorentzBerthelot, pairs: [
                (between: ("A", "A"), epsilon: 1.0, sigma: 1.0), (between: ("X", "X"), epsilon: 2.0, sigma: 1.1),
                (between: ("B", "B"), epsilon: 0.5, sigma: 1.2)]),
            cell: {cell}, substrate: File(path: "slab.xyz"),
            initial: [(species: "B", placement: File(path: "atoms.xyz"))],
            grid: (temperature: List([1.0])), dynamics: MonteCarlo(displacement: 0.1, attempts: 1),
            schedule: (equilibration: 0, production: 1))"#
        ),
    );
    scene::load(folder.path().join("scene.ron")).map_err(|e| format!("{e:?}"))
}

/// Two atoms over the slab.
fn atoms(lattice: &str) -> String {
    let above = |k: usize| sites()[k].1 + DVec3::new(0.2, 0.1, 1.3);
    let line = |r: DVec3| format!("Ar {:.15} {:.15} {}\n", r.x, r.y, r.z);
    format!("2\n{lattice}\n{}{}", line(above(0)), line(above(1)))
}

/// Energy of the atoms with the slab and each other.
fn energy(loaded: &CheckedScene) -> f64 {
    let system = System::from_scene(loaded);
    let mut x = Configuration::default();
    for &r in &loaded.placed[0] {
        x.insert(2, system.cell.wrap(r), DVec3::ZERO);
    }
    Pairwise::new(Arc::new(system)).energy(&x).expect("pairs never fail")
}

#[test]
fn a_lattice_is_the_same_however_it_is_written() {
    let up = DVec3::new(0.0, 0.0, 9.0);
    let rows = |a: DVec2, b: DVec2| [a.extend(0.0), b.extend(0.0), up];
    let plain = load(&slab(rows(A, B)), &atoms("."), false).expect("a good scene");
    assert_eq!((plain.lengths(), plain.cell().tilt), ((6.0, 7.0, 5.0), 1.5));
    assert!(plain.warnings.is_empty(), "{:?}", plain.warnings);
    let wanted = energy(&plain);
    assert!(wanted.abs() > 0.1, "the atoms are near the slab: {wanted}");
    // other periods of the same lattice, a third vector that leans over, negative ones
    for (a, b) in [(A, B - A), (A, B + 3.0 * A), (-A, B), (A, -B), (A + B, B), (B, A)] {
        let mut rows = rows(a, b);
        rows[2].x = 0.7;
        let same = load(&slab(rows), &atoms("."), false).expect("a good scene");
        assert!((same.cell().tilt - 1.5).abs() < 1e-12 && same.warnings.is_empty(), "{a} {b}");
        assert!((energy(&same) - wanted).abs() < 1e-9, "{a} {b}: {}", energy(&same));
    }
}

#[test]
fn vectors_are_lengths_and_a_tilt() {
    let cell = |of: &str| {
        let text = format!(
            r#"Scene(units: Lj, species: [(name: "B", symbol: "Ar", mass: 1.0)],
            potential: LennardJones(cutoff: 2.0, truncation: Shifted, pairs: [(between: ("B", "B"), epsilon: 1.0, sigma: 1.0)]),
            cell: Slab(height: 5.0, {of}), initial: [(species: "B", atoms: 2, placement: Random)],
            grid: (temperature: List([1.0])), dynamics: MonteCarlo(displacement: 0.1, attempts: 1),
            schedule: (equilibration: 0, production: 1))"#
        );
        scene::parse(&text, std::path::Path::new("scene.ron")).expect("a good scene").cell()
    };
    assert_eq!(cell("vectors: ((6.0, 0.0), (1.5, 7.0))"), cell("lengths: (6.0, 7.0), tilt: 1.5"));
    // Whole periods are taken off.
    assert_eq!(cell("vectors: ((6.0, 0.0), (7.5, 7.0))"), cell("lengths: (6.0, 7.0), tilt: 1.5"));
}

#[test]
fn a_turned_slab_is_turned_back_with_the_atoms_over_it() {
    let rows = [A.extend(0.0), B.extend(0.0), DVec3::new(0.0, 0.0, 9.0)];
    let wanted = energy(&load(&slab(rows), &atoms("."), false).expect("a good scene"));
    let file = turned(&slab(rows), 0.6);
    let lattice = file.lines().nth(1).expect("a lattice").to_owned();
    for (text, turn) in [(atoms("."), true), (atoms(&lattice), true), (atoms("Lattice=\"6 0 0 1.5 7 0 0 0 9\""), false)]
    {
        // the file with a lattice of its own is of the cell as it will be
        let text = match (turn, text.contains("Lattice")) {
            (true, false) => turned(&text, 0.6),
            (true, true) => {
                turned(&text, 0.6).replacen(turned(&text, 0.6).lines().nth(1).expect("a line"), &lattice, 1)
            }
            _ => text,
        };
        let loaded = load(&file, &text, false).expect("a good scene");
        assert!((energy(&loaded) - wanted).abs() < 1e-9, "{} instead of {wanted}", energy(&loaded));
        let said = loaded.warnings.iter().any(|w| w.contains("turned by -34.3775°"));
        assert!(said, "{:?}", loaded.warnings);
    }
}

#[test]
fn the_third_vector_counts_where_it_is_a_period() {
    let rows = |x: f64| [A.extend(0.0), B.extend(0.0), DVec3::new(x, 0.0, 5.0)];
    let upright = slab(rows(0.0)).replace("-0.3\n", "0.3\n");
    load(&upright, &atoms("."), true).expect("a good scene");
    let leaning = slab(rows(0.7)).replace("-0.3\n", "0.3\n");
    let refused = load(&leaning, &atoms("."), true).expect_err("it leans");
    assert!(refused.contains("the third vector leans over in the Lattice of `slab.xyz`"), "{refused}");
}

#[test]
fn an_orthogonal_lattice_written_as_an_oblique_one_is_orthogonal() {
    let rows = |a: DVec2, b: DVec2| [a.extend(0.0), b.extend(0.0), DVec3::new(0.0, 0.0, 9.0)];
    let (a, b) = (DVec2::new(6.0, 0.0), DVec2::new(0.0, 7.5));
    let plain = load(&slab(rows(a, b)), &atoms("."), false).expect("a good scene");
    let leaning = load(&slab(rows(a, a + b)), &atoms("."), false).expect("a good scene");
    assert!(!plain.cell().is_oblique());
    let [ours, theirs] = [&leaning, &plain].map(System::from_scene);
    assert_eq!(ours, theirs, "bits of a run follow from the system");
    assert_eq!(leaning.placed, plain.placed);
}
