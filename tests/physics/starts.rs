//! Starts: overlaps relaxed, and runs at fixed numbers of atoms.

use crate::backends::on_every_backend;
use crate::common::reference::{case, number, rows};
use crate::common::run::{Run, load, setup};
use crate::common::stats::{assert_resolved, assert_z};
use adlayer::testing::forces::relax::relax;
use adlayer::testing::forces::{ForceField, Pairwise};
use adlayer::testing::potential::OVERLAP_ENERGY;
use adlayer::testing::sampler::Setup;
use adlayer::testing::system::configuration::Configuration;
use glam::DVec3;
use std::sync::Arc;

/// Atoms of a fixed number in a cube.
fn canonical(length: f64, atoms: u16, temperatures: &str, dynamics: &str, walkers: u32) -> String {
    format!(
        r#"Scene(
    units: Lj,
    species: [ (name: "B", symbol: "Ar", mass: 1.0) ],
    potential: LennardJones(
        cutoff: 2.5, truncation: Shifted,
        pairs: [ (between: ("B","B"), epsilon: 1.0, sigma: 1.0) ],
    ),
    cell: Bulk(lengths: ({length:?}, {length:?}, {length:?})),
    initial: [ (species: "B", atoms: {atoms}, placement: Random) ],
    grid: (temperature: List({temperatures}), walkers: {walkers}),
    dynamics: {dynamics},
    schedule: (equilibration: 40, production: 600),
)"#
    )
}

/// Squared distance of the closest pair.
fn closest(run: &Run) -> f64 {
    let cell = run.sampler.backend().system().cell;
    let mut least = f64::INFINITY;
    for x in run.batch().configurations {
        for i in 0..x.len() {
            for j in 0..i {
                least = least.min(cell.minimum_image(x.positions[i] - x.positions[j]).length_squared());
            }
        }
    }
    least
}

#[test]
fn a_crowded_start_is_relaxed_before_it_is_integrated() {
    on_every_backend(|device| {
        // density 0.95: random places overlap for certain
        let text = canonical(5.1, 126, "[1.0]", "Baoab(dt: 0.004, friction: 1.0, steps: 20)", 4);
        let mut run = Run::start(device, &text);
        assert!(closest(&run) > 0.75 * 0.75, "{device}: atoms still overlap, r² = {}", closest(&run));
        run.equilibrate(20);
        run.sample(20);
        for m in run.sampler.measurements() {
            assert!(m.energy < 0.0, "{device}: E = {}", m.energy);
        }
    });
}

#[test]
fn coinciding_atoms_are_pulled_apart_and_a_sound_start_stays_as_it_is() {
    let loaded = load(&canonical(6.0, 5, "[1.0]", "Baoab(dt: 0.004, friction: 1.0, steps: 1)", 1));
    let Setup { system, rng, .. } = setup(&loaded);
    let pairwise = Pairwise::new(Arc::clone(&system));
    let relaxed = |x: &mut Configuration| relax(&system, &pairwise, &rng, 0, 1.0, x).expect("pairs never fail");
    let mut x = Configuration::default();
    for z in [1.0, 1.0, 1.05, 4.0] {
        x.insert(0, DVec3::new(2.0, 2.0, z), DVec3::ZERO);
    }
    assert!(relaxed(&mut x).is_some_and(|iterations| iterations > 0));
    let energy = pairwise.energy(&x).expect("pairs never fail");
    assert!(energy < 1e4, "E = {energy}, where an overlap is {OVERLAP_ENERGY}");
    let sound = x.clone();
    assert_eq!(relaxed(&mut x), Some(0));
    assert_eq!(x, sound);
}

/// Three atoms at fixed number: ⟨E | N = 3⟩ of case c, at the lower of two temperatures that exchange.
#[test]
fn canonical_runs_keep_their_number_and_have_the_right_energy() {
    on_every_backend(|device| {
        let case = case("c_box");
        let row = rows(&case)
            .iter()
            .find(|row| row["mode"] == "shifted" && row["E_given_N3"].is_number())
            .expect("three shifted atoms");
        for dynamics in ["MonteCarlo(displacement: 2.0, attempts: 20)", "Baoab(dt: 0.005, friction: 0.5, steps: 40)"] {
            let text = canonical(number(row, "L"), 3, "[1.0, 1.6]", dynamics, 128);
            let run = Run::whole(device, &text);
            let e = run.estimate(0, |t| t.energy());
            assert_z(&format!("{device} {dynamics}"), e, number(row, "E_given_N3"), 0.0);
            assert_resolved(device, e, 0.05);
            assert!(run.batch().configurations.iter().all(|x| x.len() == 3), "{device}: atoms were lost");
            assert!(run.sampler.edge_tallies()[0].acceptance() > 0.5, "{device}: temperatures do not exchange");
        }
    });
}
