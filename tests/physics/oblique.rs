//! Oblique cells: against LAMMPS, and against orthogonal cells of the same crystal.

use crate::backends::on_every_backend;
use crate::common::henry;
use crate::common::reference::{case, data, number, numbers, rows};
use crate::common::rounding;
use crate::common::run::{Run, load};
use crate::common::scene::{SLAB, Spec};
use crate::few_atoms::compare;
use crate::say::say;
use adlayer::testing::forces::{ForceField, Pairwise};
use adlayer::testing::system::System;
use adlayer::testing::system::cell::Cell;
use adlayer::testing::system::configuration::{Batch, Configuration};
use glam::DVec3;
use serde_json::Value;
use std::sync::Arc;

/// `SLAB` in a hexagonal cell of the same area, whose tilt is half an edge.
const HEXAGONAL: &str = r#"File(path: "oblique/lj111_hexagonal.xyz")"#;

fn vector(row: &Value) -> DVec3 {
    let at: Vec<f64> = rows(row).iter().map(|c| c.as_f64().expect("a number")).collect();
    DVec3::new(at[0], at[1], at[2])
}

/// The scene of a stored case; one step of its dynamics from rest says the forces.
fn scene(stored: &Value, case: &Value) -> String {
    let [x, y, z] = numbers(case, "lengths")[..] else { panic!("three lengths") };
    let tilt = number(case, "tilt");
    let cell = match case["periodic_z"].as_bool() {
        Some(true) => format!("Bulk(lengths: ({x:?}, {y:?}, {z:?}), tilt: {tilt:?})"),
        _ => format!("Slab(height: {z:?}, lengths: ({x:?}, {y:?}), tilt: {tilt:?}, floor: 0.0)"),
    };
    let name = |p: &Value| if p == 1 { "A" } else { "B" };
    let pair = |p: &Value| {
        let (a, b, epsilon, sigma) =
            (name(&p["between"][0]), name(&p["between"][1]), number(p, "epsilon"), number(p, "sigma"));
        format!(r#"(between: ("{a}", "{b}"), epsilon: {epsilon:?}, sigma: {sigma:?})"#)
    };
    let pairs: Vec<String> = rows(&stored["pairs"]).iter().map(pair).collect();
    let half = rows(&case["types"]).len() / 2;
    format!(
        r#"Scene(units: Lj, species: [(name: "A", symbol: "Cu", mass: 1.0), (name: "B", symbol: "Ar", mass: 1.0)],
    potential: LennardJones(cutoff: {cutoff:?}, truncation: {truncation}, images: Sum, pairs: [{pairs}]), cell: {cell},
    initial: [(species: "A", atoms: {half}, placement: Random), (species: "B", atoms: {half}, placement: Random)],
    grid: (temperature: List([1.0])), dynamics: Verlet(dt: {DT:?}, steps: 1, redraw: false),
    schedule: (equilibration: 0, production: 1))"#,
        cutoff = number(case, "cutoff"),
        truncation = case["truncation"].as_str().expect("a truncation"),
        pairs = pairs.join(", "),
    )
}

const DT: f64 = 1e-5;

/// Atoms of a stored case, wrapped.
fn configuration(system: &System, case: &Value) -> Configuration {
    let mut x = Configuration::default();
    for (kind, position) in rows(&case["types"]).iter().zip(rows(&case["positions"])) {
        x.insert(u8::from(kind == 2), system.cell.wrap(vector(position)), DVec3::ZERO);
    }
    x
}

#[test]
fn d_atoms_of_lammps_in_oblique_cells() {
    let text = std::fs::read_to_string(data("oblique/lammps.json")).expect("the numbers of LAMMPS");
    let stored: Value = serde_json::from_str(&text).expect("JSON");
    on_every_backend(|device| {
        for case in rows(&stored["cases"]) {
            let loaded = load(&scene(&stored, case));
            let system = System::from_scene(&loaded);
            let x = configuration(&system, case);
            let (name, suffices) = (case["name"].as_str().expect("a name"), system.minimum_image_suffices());
            assert_eq!(suffices, name != "images", "{name}");
            if device == "cpu" && !suffices {
                continue;
            }
            let forces: Vec<DVec3> = rows(&case["forces"]).iter().map(vector).collect();
            let scale = forces.iter().fold(0.0, |most: f64, f| most.max(f.abs().max_element()));
            let exact = Pairwise::new(Arc::new(system));
            if device == "reference" {
                let mut ours = Vec::new();
                let energy = exact.energy_and_forces(&x, &mut ours).expect("pairs never fail");
                assert!((energy / number(case, "energy") - 1.0).abs() < 1e-9, "{name}: {energy}");
                let off = ours.iter().zip(&forces).map(|(a, b)| (*a - *b).abs().max_element()).fold(0.0, f64::max);
                say(&format!("{name}: energy {energy:.12}, forces within {:.1e} of {scale}", off));
                assert!(off <= 1e-9 * scale, "{name}: {off:e}");
            }
            let allowed = if device == "reference" { 1e-9 } else { 2e-6 } * exact.audit(&x).expect("pairs").magnitude;
            let batch = Batch { configurations: vec![x] };
            let mut run = Run::from_batch(device, loaded, &batch);
            let backend = run.sampler.backend_mut();
            let energy = backend.measure().expect("measured")[0].energy;
            assert!(
                (energy - number(case, "energy")).abs() <= allowed,
                "{device} {name}: {energy}, allowed {allowed:.1e}"
            );
            let mut moved = Batch::default();
            backend.propagate(0, 1).expect("a step");
            backend.store(&mut moved).expect("stored");
            for (slot, (velocity, force)) in moved.configurations[0].velocities.iter().zip(&forces).enumerate() {
                let off = (*velocity / DT - *force).abs().max_element();
                assert!(off <= 1e-4 * scale, "{device} {name}: force on atom {slot} is off by {off:e} of {scale}");
            }
        }
    });
}

#[test]
fn d_a_crystal_is_the_same_in_a_hexagonal_cell() {
    let spec = |substrate: &str| {
        Spec {
            pair: "epsilon: 1.0, sigma: 1.0",
            cell: "Slab(height: 6.0)".into(),
            substrate: substrate.into(),
            ..Spec::default()
        }
        .text()
    };
    let (square, hexagonal) = (load(&spec(SLAB)), load(&spec(HEXAGONAL)));
    assert!(hexagonal.cell().is_oblique() && !square.cell().is_oblique());
    assert!((hexagonal.cell().volume() / square.cell().volume() - 1.0).abs() < 1e-12);
    let unit = |k: u32, m: f64| (f64::from(k) * m).fract();
    let places: Vec<DVec3> = (0..500)
        .map(|k| {
            DVec3::new(unit(k, 0.618_034), unit(k, 0.414_214), 0.12 + 0.2 * unit(k, 0.732_051)) * square.cell().lengths
        })
        .collect();
    on_every_backend(|device| {
        let ours = henry::energies(device, &spec(HEXAGONAL), &places);
        for ((at, ours), theirs) in places.iter().zip(ours).zip(henry::energies("reference", &spec(SLAB), &places)) {
            assert!(
                (ours - theirs).abs() <= rounding(device, 1e-10) * (1.0 + theirs.abs()),
                "{device} {at}: {ours}, {theirs}"
            );
        }
    });
}

#[test]
fn d_a_hexagonal_slab_file_is_the_crystal_of_the_rectangular_one() {
    // 36 sites a layer of Pt(111) as ASE writes them
    let scene = |name: &str| {
        let file = data(&format!("slab_files/s_pt111_{name}.ron"));
        load(&std::fs::read_to_string(file).expect("a scene").replace("pt111_", "slab_files/pt111_"))
    };
    let [hexagonal, rectangular] = ["tilt", "orth"].map(scene);
    let side = rectangular.lengths().0;
    assert!((hexagonal.cell().tilt / side - 0.5).abs() < 1e-9, "{}", hexagonal.cell().tilt);
    let [ours, theirs] = [&hexagonal, &rectangular].map(System::from_scene).map(Arc::new).map(Pairwise::new);
    let (empty, floor) = (Configuration::default(), rectangular.floor());
    let unit = |k: u32, m: f64| (f64::from(k) * m).fract();
    let mut deepest = 0.0_f64;
    for k in 0..400 {
        let at = DVec3::new(unit(k, 0.618_034), unit(k, 0.414_214), 0.0) * rectangular.cell().lengths;
        let at = at.with_z(floor + 2.2 + 4.0 * unit(k, 0.732_051));
        let [u, v] = [&ours, &theirs].map(|f| f.contact_energy(&empty, 1, at).expect("pairs never fail"));
        deepest = deepest.min(v);
        // the files have eight digits
        assert!((u - v).abs() < 1e-6 * (1.0 + v.abs()), "{at}: {u} and {v}");
    }
    assert!(deepest < -0.05, "argon is bound by tens of meV: {deepest}");
}

#[test]
fn d_a_rectangular_cell_taken_twice_is_an_oblique_one_of_twice_the_energy() {
    let scene = |cell: &str, atoms: u32| {
        format!(
            r#"Scene(units: Lj, species: [(name: "B", symbol: "Ar", mass: 1.0)],
    potential: LennardJones(cutoff: 2.5, truncation: Shifted, pairs: [(between: ("B", "B"), epsilon: 1.0, sigma: 1.0)]),
    cell: Slab(height: 4.0, {cell}), initial: [(species: "B", atoms: {atoms}, placement: Random)],
    grid: (temperature: List([1.0])), dynamics: MonteCarlo(displacement: 0.1, attempts: 1),
    schedule: (equilibration: 0, production: 1), seed: 7)"#
        )
    };
    on_every_backend(|device| {
        let p = 5.1;
        let mut single = Run::start(device, &scene("lengths: (5.1, 9.0)", 40));
        // a₁ = (2p, 0), a₂ = (p, q)
        let twice = load(&scene("lengths: (10.2, 9.0), tilt: 5.1", 80));
        let cell = twice.cell();
        assert_eq!(cell.tilt, p, "half an edge stays");
        let mut x = Configuration::default();
        for &r in &single.batch().configurations[0].positions {
            x.insert(0, cell.wrap(r), DVec3::ZERO);
            x.insert(0, cell.wrap(r + DVec3::new(p, 0.0, 0.0)), DVec3::ZERO);
        }
        let one = single.sampler.backend_mut().measure().expect("measured")[0].energy;
        let mut both = Run::from_batch(device, twice, &Batch { configurations: vec![x] });
        let two = both.sampler.backend_mut().measure().expect("measured")[0].energy;
        say(&format!("{device}: {one} and {two}"));
        assert!((two - 2.0 * one).abs() <= rounding(device, 1e-10) * one.abs(), "{device}: {one} and {two}");
    });
}

#[test]
fn c_two_atoms_on_a_slab_in_a_hexagonal_cell() {
    // Where the cutoff fits, the integrals over two atoms follow from the crystal and the area alone.
    let ways = [
        ("Baoab(dt: 0.004, friction: 1.0, steps: 10)", ""),
        ("MonteCarlo(displacement: 0.4, attempts: 4)", ", insertion: Biased(henry: 0.8, trials: 2)"),
    ];
    on_every_backend(|device| {
        for (row, (dynamics, insertion)) in rows(&case("c_slab_two_particles")).iter().zip(ways.into_iter().cycle()) {
            let spec = Spec {
                pair: "epsilon: 1.0, sigma: 1.0",
                cell: format!("Slab(height: {:?})", number(&row["params"], "H")),
                substrate: HEXAGONAL.into(),
                max_atoms: 2,
                dynamics: dynamics.into(),
                walkers: 128,
                attempts: 30,
                equilibration: 20,
                production: 400,
                ..Spec::default()
            };
            let text = spec.at(number(row, "T"), number(row, "activity_z")).text();
            let text = text.replace("insert_delete: 30", &format!("insert_delete: 30{insertion}"));
            let run = Run::whole(device, &text);
            compare(&format!("{device} hexagonal, T {} {dynamics}{insertion}", number(row, "T")), &run, row);
        }
    });
}

#[test]
fn observables_see_the_images_of_an_oblique_cell() {
    use adlayer::testing::observables::geometry::Images;
    let cell = Cell::slab(DVec3::new(3.0, 2.9, 6.0), 0.0).tilted(1.2);
    let [a, b, _] = cell.vectors();
    let unit = |k: u32, m: f64| (f64::from(k) * m).fract();
    // within half a width one image at most, further out several
    for r in [1.2, 2.0, 4.4] {
        let images = Images::within(&cell, r);
        for k in 0..200 {
            let d =
                DVec3::new(6.0 * unit(k, 0.618_034) - 3.0, 5.8 * unit(k, 0.414_214) - 2.9, unit(k, 0.236_068) - 0.5);
            let mut found = Vec::new();
            images.of_pair(d, |d| found.push(d.length()));
            let all = (-9..=9).flat_map(|i| (-9..=9).map(move |j| d + f64::from(i) * a + f64::from(j) * b));
            let mut wanted: Vec<f64> = all.map(|d| d.length()).filter(|&d| d < r).collect();
            found.sort_by(f64::total_cmp);
            wanted.sort_by(f64::total_cmp);
            assert_eq!(found.len(), wanted.len(), "{d} within {r}");
            assert!(found.iter().zip(&wanted).all(|(a, b)| (a - b).abs() < 1e-12), "{d} within {r}");
            assert_eq!(images.meet(d), !wanted.is_empty(), "{d} within {r}");
        }
        let mut own = 0;
        images.of_itself(|_| own += 1);
        let all = (-9..=9).flat_map(|i| (-9..=9).map(move |j| f64::from(i) * a + f64::from(j) * b));
        assert_eq!(own, all.filter(|d| d.length() < r).count() - 1, "its own images within {r}");
    }
}
