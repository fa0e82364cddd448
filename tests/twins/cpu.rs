//! The cpu backend against the reference: one call, the same answer within f32.

use crate::case::{Case, stored};
use crate::tallies::assert_same_transitions;
use adlayer::testing::base::rng::{Rng, Stream};
use adlayer::testing::forces::{ForceField, Pairwise};
use adlayer::testing::moves::Trial;
use adlayer::testing::moves::tally::TransitionTally;
use adlayer::testing::system::configuration::Configuration;
use glam::DVec3;
use std::sync::Arc;

/// A slab with a mobile layer under two gases, one of which also feels a wall.
fn surface(truncation: &str, dynamics: &str) -> String {
    format!(
        r#"Scene(units: Lj,
        species: [(name: "A", symbol: "Cu", mass: 2.0), (name: "B", symbol: "Ar", mass: 1.0), (name: "C", symbol: "Ne", mass: 0.5)],
        potential: LennardJones(cutoff: 2.5, truncation: {truncation}, mixing: LorentzBerthelot, pairs: [
            (between: ("A", "A"), epsilon: 4.0, sigma: 0.98), (between: ("B", "B"), epsilon: 0.6, sigma: 1.2),
            (between: ("C", "C"), epsilon: 0.3, sigma: 0.8), (between: ("B", "C"), epsilon: 0.0, sigma: 1.0)]),
        external: [Wall93(species: "C", epsilon: 0.4, sigma: 0.8)],
        cell: Slab(height: 6.0),
        substrate: Fcc111(species: "A", nearest_neighbour: 1.10, repeat: (6, 3), layers: 3, mobile_layers: 1),
        reservoir: [(species: "B", max_atoms: 40), (species: "C", max_atoms: 30, region: (z: (1.5, 4.0)))],
        grid: (temperature: List([0.7, 1.1]), reservoir: [
            (species: "B", convention: Activity, values: List([-30.0, -3.0, 1.0])),
            (species: "C", convention: Activity, values: List([-1.0]))]),
        dynamics: {dynamics}, moves: (insert_delete: 60), schedule: (equilibration: 1, production: 1))"#
    )
}

/// A bulk fluid large enough for neighbour lists.
fn fluid(truncation: &str, dynamics: &str) -> String {
    let length = (500.0_f64 / 0.7).cbrt();
    format!(
        r#"Scene(units: Lj, species: [(name: "A", symbol: "Ar", mass: 1.0)],
        potential: LennardJones(cutoff: 2.5, truncation: {truncation}, pairs: [(between: ("A", "A"), epsilon: 1.0, sigma: 1.0)]),
        cell: Bulk(lengths: ({length}, {length}, {length})),
        initial: [(species: "A", atoms: 500, placement: Random)],
        grid: (temperature: List([1.0])), dynamics: {dynamics}, schedule: (equilibration: 1, production: 1))"#
    )
}

/// A Morse fluid of two species, large enough for neighbour lists.
fn morse(truncation: &str, dynamics: &str) -> String {
    let length = (400.0_f64 / 0.5).cbrt();
    format!(
        r#"Scene(units: Lj, species: [(name: "A", symbol: "Ar", mass: 1.0), (name: "B", symbol: "Kr", mass: 2.0)],
        potential: Morse(cutoff: 2.5, truncation: {truncation}, pairs: [(between: ("A", "A"), depth: 1.0, alpha: 5.0, r_0: 1.1),
            (between: ("A", "B"), depth: 0.7, alpha: 4.0, r_0: 1.2), (between: ("B", "B"), depth: 0.5, alpha: 6.0, r_0: 1.3)]),
        cell: Bulk(lengths: ({length}, {length}, {length})),
        initial: [(species: "A", atoms: 300, placement: Random), (species: "B", atoms: 100, placement: Random)],
        grid: (temperature: List([1.0])), dynamics: {dynamics}, schedule: (equilibration: 1, production: 1))"#
    )
}

/// A fluid of tabulated pairs.
fn table(truncation: &str, dynamics: &str) -> String {
    let (length, project) = ((400.0_f64 / 0.4).cbrt(), crate::project::project());
    let project = project.display();
    format!(
        r#"Scene(units: Lj, species: [(name: "A", symbol: "Ar", mass: 1.0), (name: "B", symbol: "Kr", mass: 2.0)],
        potential: Table(path: "{project}/tests/data/pair_forms/mixture.table", cutoff: 2.5, truncation: {truncation}, pairs: [
            (between: ("A", "A"), keyword: "AA"), (between: ("A", "B"), keyword: None), (between: ("B", "B"), keyword: "BB")]),
        cell: Bulk(lengths: ({length}, {length}, {length})),
        initial: [(species: "A", atoms: 300, placement: Random), (species: "B", atoms: 100, placement: Random)],
        grid: (temperature: List([1.0])), dynamics: {dynamics}, schedule: (equilibration: 1, production: 1))"#
    )
}

/// A hexagonal slab with a mobile layer, whose tilt is half an edge, under a gas.
fn hexagonal(truncation: &str, dynamics: &str) -> String {
    let project = crate::project::project();
    let project = project.display();
    format!(
        r#"Scene(units: Lj,
        species: [(name: "A", symbol: "Cu", mass: 2.0), (name: "B", symbol: "Ar", mass: 1.0)],
        potential: LennardJones(cutoff: 2.5, truncation: {truncation}, mixing: LorentzBerthelot, pairs: [
            (between: ("A", "A"), epsilon: 4.0, sigma: 0.98), (between: ("B", "B"), epsilon: 0.6, sigma: 1.2)]),
        cell: Slab(height: 6.0),
        substrate: File(path: "{project}/tests/data/oblique/lj111_hexagonal.xyz", mobile: Above(-0.5)),
        reservoir: [(species: "B", max_atoms: 40)],
        grid: (temperature: List([0.7, 1.1]), reservoir: [(species: "B", convention: Activity, values: List([-3.0, 1.0]))]),
        dynamics: {dynamics}, moves: (insert_delete: 60), schedule: (equilibration: 1, production: 1))"#
    )
}

/// A fluid in an oblique cell, large enough for neighbour lists.
fn leaning(truncation: &str, dynamics: &str) -> String {
    let length = (500.0_f64 / 0.7).cbrt();
    fluid(truncation, dynamics).replace("cell: Bulk(", &format!("cell: Bulk(tilt: {}, ", -0.45 * length))
}

/// The same slabs without a mobile layer: all of their atoms are looked up in bins.
fn frozen_surface(truncation: &str, dynamics: &str) -> String {
    surface(truncation, dynamics).replace("mobile_layers: 1", "mobile_layers: 0")
}

fn frozen_hexagonal(truncation: &str, dynamics: &str) -> String {
    hexagonal(truncation, dynamics).replace(", mobile: Above(-0.5)", "")
}

const BAOAB: &str = "Baoab(dt: 0.004, friction: 1.0, steps: 20)";
const VERLET: &str = "Verlet(dt: 0.001, steps: 1, redraw: false)";

/// Every system with both truncations that dynamics may use.
fn cases(dynamics: &str, cycles: u64) -> Vec<Case> {
    let forms = [surface, frozen_surface, fluid, morse, table, hexagonal, frozen_hexagonal, leaning];
    let texts = ["Shifted", "ForceShifted"].map(|t| forms.map(|text| text(t, dynamics)));
    texts.iter().flatten().map(|text| Case::new(text, cycles)).collect()
}

#[test]
fn twin_energy() {
    for case in cases(BAOAB, 8) {
        let pairwise = Pairwise::new(Arc::clone(&case.system));
        for (x, m) in case.batch.configurations.iter().zip(case.open("cpu").measure().expect("measured")) {
            let exact = pairwise.audit(x).expect("pairs never fail");
            let difference = (m.energy - exact.energy).abs();
            assert!(difference <= 2e-6 * exact.magnitude, "{} instead of {}", m.energy, exact.energy);
        }
    }
}

#[test]
fn twin_integrate_forces() {
    // One velocity-Verlet step changes a velocity by dt/2m of the forces before and after.
    for case in cases(VERLET, 8) {
        let (mut reference, mut cpu) = (case.open("reference"), case.open("cpu"));
        reference.propagate(0, 1).expect("moved");
        cpu.propagate(0, 1).expect("moved");
        let (exact, ours) = (stored(&*reference), stored(&*cpu));
        for ((x, y), start) in exact.iter().zip(&ours).zip(&case.batch.configurations) {
            let change = |c: &Configuration, i: usize| c.velocities[i] - start.velocities[i];
            let largest = (0..x.len()).map(|i| change(x, i).length()).fold(0.0, f64::max);
            for i in 0..x.len() {
                let difference = (change(x, i) - change(y, i)).length();
                assert!(difference <= 1e-4 * change(x, i).length().max(0.01 * largest), "atom {i}: {difference:e}");
            }
        }
    }
}

#[test]
fn twin_integrate_baoab() {
    for case in cases(BAOAB, 8) {
        let (mut reference, mut cpu) = (case.open("reference"), case.open("cpu"));
        reference.propagate(160, 3).expect("moved");
        cpu.propagate(160, 3).expect("moved");
        for (x, y) in stored(&*reference).iter().zip(&stored(&*cpu)) {
            assert_eq!(x.species, y.species);
            for (p, q) in x.positions.iter().zip(&y.positions) {
                assert!(case.system.cell.minimum_image(*p - *q).length() < 1e-5);
            }
            for (v, w) in x.velocities.iter().zip(&y.velocities) {
                assert!((*v - *w).length() < 1e-4);
            }
        }
    }
}

#[test]
fn twin_particle_moves() {
    for text in [surface, frozen_surface, hexagonal, frozen_hexagonal].map(|text| text("Shifted", BAOAB)) {
        let case = Case::new(&text, 8);
        let (mut reference, mut cpu) = (case.open("reference"), case.open("cpu"));
        reference.particle_moves(10_000, 400, true).expect("tried");
        cpu.particle_moves(10_000, 400, true).expect("tried");
        let tallies = reference.transitions().expect("counted");
        assert!(tallies.moves().iter().map(TransitionTally::accepted).sum::<u64>() > 50, "too few to compare");
        assert_same_transitions("cpu", &cpu.transitions().expect("counted"), &tallies);
        for (x, y) in stored(&*reference).iter().zip(&stored(&*cpu)) {
            assert_eq!((&x.species, x.len()), (&y.species, y.len()));
        }
    }
}

#[test]
fn twin_trial_energies() {
    for case in cases(BAOAB, 8) {
        let (mut reference, mut cpu) = (case.open("reference"), case.open("cpu"));
        let (lengths, floor) = (case.system.cell.lengths, case.system.cell.floor);
        for k in 0..200 {
            let trials: Vec<Trial> = (0..case.ids.len() as u32)
                .map(|r| {
                    let [a, b, c, d] = Rng::new(3).uniforms(Stream::InsertPosition, k, r, 0);
                    let position = DVec3::new(a, b, c) * lengths + floor * DVec3::Z;
                    let x = &case.batch.configurations[r as usize];
                    let slot = (d * x.len() as f64) as usize;
                    match k % 3 {
                        0 => Trial::Insert { species: x.species[slot], position },
                        1 => Trial::Delete { slot },
                        _ => Trial::Displace { slot, position },
                    }
                })
                .collect();
            let [exact, ours] = [&mut reference, &mut cpu].map(|backend| {
                let backend = backend.trial_energies_mut().expect("the narrow entry");
                backend.trial_energies(&trials).expect("summed")
            });
            for (e, o) in exact.iter().zip(ours) {
                // Steep repulsion turns the rounding of a coordinate into a relative error.
                let both_overlap = *e > 1e9 && o > 1e9;
                assert!(both_overlap || (e - o).abs() < 1e-4 * (1.0 + e.abs()), "{o} instead of {e}");
            }
        }
    }
}

#[test]
fn a_split_segment_gives_the_same_bits_across_rebuilt_lists() {
    for text in [fluid("Shifted", BAOAB), leaning("Shifted", BAOAB)] {
        let case = Case::new(&text, 2);
        let (mut whole, mut split) = (case.open("cpu"), case.open("cpu"));
        whole.propagate(40, 60).expect("moved");
        for (first, steps) in [(40, 7), (47, 20), (67, 33)] {
            split.propagate(first, steps).expect("moved");
        }
        assert_eq!(stored(&*whole), stored(&*split));
    }
}
