//! Quenches, Hessians, multiplicities, and the harmonic picture of the default scene.

use crate::place::Place;
use crate::say::say;
use adlayer::testing::forces::{ForceField, Pairwise};
use adlayer::testing::input::scene;
use adlayer::testing::landscape::{hessian::curvatures, quench, search, symmetry};
use adlayer::testing::system::System;
use adlayer::testing::system::configuration::Configuration;
use glam::DVec3;
use serde_json::Value;
use std::path::Path;
use std::sync::Arc;

fn default_system() -> System {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenes/lj_surface.ron");
    System::from_scene(&scene::load(&path).unwrap_or_else(|e| panic!("{e}")))
}

fn pairwise(system: &System) -> Pairwise {
    Pairwise::new(Arc::new(system.clone()))
}

const B: u8 = 1;

/// Atoms of B near the given places.
fn atoms(places: &[DVec3]) -> Configuration {
    let mut x = Configuration::default();
    places.iter().for_each(|&p| x.insert(B, p, DVec3::ZERO));
    x
}

/// Twelve atoms on every third hollow of one kind: (√3×√3)R30°, displaced a little and in no order.
fn layer(first: DVec3) -> Configuration {
    let d = 1.1;
    let mut places = Vec::new();
    for k in 0..36 {
        let (i, j) = (k % 6, k / 6);
        // Sites of the triangular lattice a₁ = (d, 0), a₂ = (d/2, √3 d/2); √3×√3 takes those with i − j divisible by 3.
        if (i + 6 - j % 6 + 6) % 3 == 0 {
            let (x, y) = (f64::from(i) * d + f64::from(j) * 0.5 * d, f64::from(j) * 0.75_f64.sqrt() * d);
            places.push(first + DVec3::new(x + 0.02 * f64::from(k % 5 - 2), y - 0.015 * f64::from(k % 3 - 1), 0.0));
        }
    }
    places.reverse();
    atoms(&places)
}

fn wrapped(system: &System, mut x: Configuration) -> Configuration {
    x.positions.iter_mut().for_each(|p| *p = system.cell.wrap(*p));
    x
}

/// Centre of the triangle of three top-layer atoms, over each kind of hollow.
fn hollows() -> [DVec3; 2] {
    let d = 1.1;
    let y = d / (2.0 * 3.0_f64.sqrt());
    [DVec3::new(0.5 * d, y, 1.2), DVec3::new(d, 2.0 * y, 1.2)]
}

#[test]
fn the_symmetry_of_the_slab_is_its_translations_and_one_mirror() {
    let system = default_system();
    assert_eq!(symmetry::operations(&system, 1e-3).len(), 72);
}

/// The slab of the default system in a hexagonal cell, under the gas of that scene.
fn hexagonal_system() -> System {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/oblique/test.ron");
    let text =
        std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("scenes/lj_surface.ron")).expect("it");
    let text: String = text
        .lines()
        .filter(|l| !l.contains("observables:"))
        .map(|l| match l.contains("substrate:") {
            true => "substrate: File(path: \"lj111_hexagonal.xyz\"),\n".to_owned(),
            false => format!("{l}\n"),
        })
        .collect();
    System::from_scene(&scene::parse(&text, &tests).unwrap_or_else(|e| panic!("{e:?}")))
}

#[test]
fn a_hexagonal_cell_keeps_the_rotations_of_its_slab() {
    // 36 translations, and C₃ᵥ of three layers; the rectangular cell above keeps one mirror of it
    let mut system = hexagonal_system();
    assert_eq!(symmetry::operations(&system, 1e-3).len(), 36 * 6);
    // C₆ᵥ of the top layer alone
    let top = |r: &DVec3| r.z > -0.1;
    let kept: Vec<DVec3> = system.frozen.positions.iter().copied().filter(top).collect();
    system.frozen.species.truncate(kept.len());
    system.frozen.positions = kept;
    assert_eq!(symmetry::operations(&system, 1e-3).len(), 36 * 12);
}

#[test]
fn an_atom_over_a_hollow_is_one_of_thirty_six() {
    [default_system(), hexagonal_system()].iter().for_each(one_of_thirty_six);
}

fn one_of_thirty_six(system: &System) {
    let found = search(system, &pairwise(system), &hollows().map(|p| atoms(&[p]))).unwrap_or_else(|e| panic!("{e}"));
    // the empty surface, and the two kinds of hollow
    let single: Vec<_> = found.minima.iter().filter(|m| m.counts == [1]).collect();
    assert_eq!(single.len(), 2, "{single:?}");
    for m in &single {
        assert_eq!((m.multiplicity, m.negative, m.flat, m.curvatures.len()), (36, 0, 0, 3));
        // C₃ᵥ: two modes along the surface are degenerate
        let k = &m.curvatures;
        let degenerate = (k[1] / k[0] - 1.0).abs() < 1e-4 || (k[2] / k[1] - 1.0).abs() < 1e-4;
        assert!(degenerate, "{k:?}");
    }
    assert!(found.minima.iter().any(|m| m.counts == [0] && m.energy == 0.0 && m.ln_z(0.3) == Some(0.0)));
}

#[test]
fn curvatures_are_second_derivatives_of_the_energy() {
    let system = default_system();
    let at_rest = quench(&system, &pairwise(&system), &atoms(&[hollows()[0]])).unwrap_or_else(|e| panic!("{e}"));
    let p = at_rest.configuration.positions[0];
    let energy = |r: DVec3| pairwise(&system).energy(&atoms(&[r])).unwrap_or_else(|e| panic!("{e}"));
    let step = 1e-3;
    let along = |axis: DVec3| (energy(p + step * axis) + energy(p - step * axis) - 2.0 * energy(p)) / (step * step);
    let trace: f64 = [DVec3::X, DVec3::Y, DVec3::Z].into_iter().map(along).sum();
    let k = curvatures(&system, &pairwise(&system), &at_rest.configuration).unwrap_or_else(|e| panic!("{e}"));
    assert!((k.iter().sum::<f64>() / trace - 1.0).abs() < 1e-4, "{k:?} {trace}");
}

#[test]
fn a_point_between_two_hollows_is_a_saddle() {
    let system = default_system();
    let bridge = 0.5 * (hollows()[0] + hollows()[1]);
    // the lowest point over the middle: minimise along z only
    let energy = |z: f64| {
        let x = atoms(&[bridge.with_z(z)]);
        (pairwise(&system).energy(&x).unwrap_or_else(|e| panic!("{e}")), x)
    };
    let best = (0..400).map(|i| energy(0.8 + 0.002 * f64::from(i))).min_by(|a, b| a.0.total_cmp(&b.0));
    let k = curvatures(&system, &pairwise(&system), &best.map_or_else(Configuration::default, |b| b.1));
    let k = k.unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(k.iter().filter(|&&k| k < 0.0).count(), 1, "{k:?}");
}

/// Where the empty surface and a layer of twelve have the same free energy: 0 = −kT ln Z − 12 μ'.
#[test]
fn the_layer_of_the_default_scene_has_the_energy_and_the_boundaries_of_independent_codes() {
    let system = default_system();
    let starts: Vec<Configuration> = hollows().map(|p| wrapped(&system, layer(p))).to_vec();
    assert!(starts.iter().all(|x| x.len() == 12));
    let found = search(&system, &pairwise(&system), &starts).unwrap_or_else(|e| panic!("{e}"));
    let layers: Vec<_> = found.minima.iter().filter(|m| m.counts == [12]).collect();
    let lowest = layers.iter().min_by(|a, b| a.energy.total_cmp(&b.energy)).unwrap_or_else(|| panic!("a layer"));
    assert_eq!((lowest.multiplicity, lowest.negative, lowest.flat), (3, 0, 0));
    assert!((lowest.energy / 12.0 + 7.684).abs() < 0.001, "{}", lowest.energy / 12.0);
    for (t, expected) in [(0.20, -6.372), (0.26, -6.081)] {
        let mu = -t * lowest.ln_z(t).unwrap_or(f64::NAN) / 12.0;
        assert!((mu - expected).abs() < 0.01, "T = {t}: {mu} instead of {expected}");
    }
}

/// The default scene beside aiAT from its own minima: gas → (√3×√3)R30° in the three pictures.
#[test]
#[ignore = "minutes; once per release"]
fn aiat_of_the_default_scene() {
    let number = |row: &Value, key: &str| row[key].as_f64().expect("a number");
    let place = Place::new(include_str!("../../scenes/lj_surface.ron"));
    place.succeed(&["run", "scene.ron", "-o", "run", "--device", "cpu", "--quiet"]);
    let text = place.succeed(&["aiat", "--from", "run", "--temperature", "0.20,0.26", "--json"]).stdout;
    let result: Value = serde_json::from_slice(&text).expect("JSON");
    let at = |t: f64| {
        let all = result["boundaries"].as_array().expect("a list");
        all.iter()
            .find(|b| b["phase_a"] == "gas" && (number(b, "temperature") - t).abs() < 1e-9)
            .expect("a row")
            .clone()
    };
    for (t, harmonic) in [(0.20, -6.372), (0.26, -6.081)] {
        let row = at(t);
        say(&format!("{row}"));
        assert!((number(&row, "mu_minima") + 7.684).abs() < 0.01);
        assert!((number(&row, "mu_harmonic") - harmonic).abs() < 0.01);
    }
    assert!((number(&at(0.26), "mu_regc") + 6.105).abs() < 0.06);
}
