//! What must not change: total energy without a thermostat, energy under translations and images, and the gradient.

use crate::backends::on_every_backend;
use crate::common::drift::{assert_no_drift, kinetic, slope_and_spread};
use crate::common::rounding;
use crate::common::run::{Run, load, setup};
use crate::common::stats::assert_relative;
use crate::say::say;
use adlayer::testing::forces::{ForceField, Pairwise};
use adlayer::testing::system::configuration::{Batch, Configuration};
use glam::DVec3;
use std::sync::Arc;

/// A slab with one mobile layer of A and ten atoms of B above it; the number of everything is fixed.
fn slab_scene(truncation: &str, dynamics: &str) -> String {
    format!(
        r#"Scene(
    units: Lj,
    species: [ (name: "A", symbol: "Cu", mass: 2.0), (name: "B", symbol: "Ar", mass: 1.0) ],
    potential: LennardJones(
        cutoff: 2.5, truncation: {truncation},
        pairs: [ (between: ("A","A"), epsilon: 2.0, sigma: 1.0),
                 (between: ("A","B"), epsilon: 1.5, sigma: 1.05),
                 (between: ("B","B"), epsilon: 0.6, sigma: 1.2) ],
    ),
    cell: Slab(height: 5.0),
    substrate: Fcc111(species: "A", nearest_neighbour: 1.10, repeat: (5, 3), layers: 3, mobile_layers: 1),
    initial: [ (species: "B", atoms: 10, placement: Random) ],
    grid: (temperature: List([0.6]), walkers: 2),
    dynamics: {dynamics},
    schedule: (equilibration: 0, production: 1),
    seed: 3,
)"#
    )
}

#[test]
fn verlet_conserves_energy() {
    on_every_backend(|device| {
        let drift = |dt: f64, steps: u32| {
            // relaxed and warmed by Langevin dynamics first: the start has no overlaps
            let warm = "Baoab(dt: 0.002, friction: 2.0, steps: 500)";
            let mut start = Run::start(device, &slab_scene("ForceShifted", warm));
            start.equilibrate(2);
            let text = slab_scene("ForceShifted", &format!("Verlet(dt: {dt:?}, steps: {steps}, redraw: false)"));
            let mut run = Run::from_batch(device, load(&text), &start.batch());
            let mut energies = vec![Vec::new(); 2];
            for _ in 0..80 {
                run.equilibrate(1);
                let batch = run.batch();
                for (r, e) in energies.iter_mut().enumerate() {
                    let total = run.sampler.measurements()[r].energy
                        + kinetic(run.sampler.backend().system(), &batch.configurations[r]);
                    e.push(total);
                }
            }
            let fit = |e: &[f64]| slope_and_spread(e, dt * f64::from(steps));
            let fits: Vec<_> = energies.iter().map(|e| fit(e)).collect();
            say(&format!("{device} dt {dt}: slopes and spreads {fits:?}"));
            fits
        };
        let (coarse, fine) = (drift(0.004, 100), drift(0.002, 200));
        for ((slope, spread), (slope_fine, spread_fine)) in coarse.into_iter().zip(fine) {
            assert!(
                slope.abs() < 3e-4 && slope_fine.abs() < 3e-4,
                "{device}: energy drifts by {slope} or {slope_fine} per τ"
            );
            // second order: half the step, a quarter of the spread
            assert!(spread < 0.02 && spread_fine < 0.4 * spread, "{device}: spread {spread} and {spread_fine}");
        }
    });
}

#[test]
fn energy_does_not_drift_over_20_tau() {
    on_every_backend(|device| {
        assert_no_drift(device, 20.0);
    });
}

#[test]
fn forces_are_minus_the_gradient_of_the_energy() {
    for truncation in ["Shifted", "ForceShifted"] {
        let run = Run::start("reference", &slab_scene(truncation, "Baoab(dt: 0.004, friction: 1.0, steps: 1)"));
        let (system, x) = (run.sampler.backend().system(), &run.batch().configurations[0]);
        let pairwise = Pairwise::new(Arc::new(system.clone()));
        let energy = |x: &Configuration| pairwise.energy(x).expect("pairs never fail");
        let mut forces = Vec::new();
        pairwise.energy_and_forces(x, &mut forces).expect("pairs never fail");
        let scale = forces.iter().map(|f| f.length()).fold(1.0, f64::max);
        for slot in 0..x.len() {
            for axis in [DVec3::X, DVec3::Y, DVec3::Z] {
                let (mut up, mut down, step) = (x.clone(), x.clone(), 1e-5);
                up.positions[slot] += step * axis;
                down.positions[slot] -= step * axis;
                let slope = (energy(&up) - energy(&down)) / (2.0 * step);
                let force = forces[slot].dot(axis);
                assert!((force + slope).abs() < 1e-6 * scale, "{truncation} slot {slot}: {force} against {slope}");
            }
        }
    }
}

/// Energy of one configuration.
fn energy(device: &str, text: &str, x: &Configuration) -> f64 {
    let mut loaded = load(text);
    loaded.scene.grid.walkers = 1;
    let states = loaded.grid().len();
    let batch = Batch { configurations: vec![x.clone(); states] };
    Run::from_batch(device, loaded, &batch).sampler.backend_mut().measure().expect("energies")[0].energy
}

/// Twelve atoms in a cube of a given number of cells of length 3.2 along each axis.
fn cube(cells: u32, images: &str) -> String {
    let length = 3.2 * f64::from(cells);
    format!(
        r#"Scene(
    units: Lj,
    species: [ (name: "B", symbol: "Ar", mass: 1.0) ],
    potential: LennardJones(
        cutoff: 2.5, truncation: Shifted, {images}
        pairs: [ (between: ("B","B"), epsilon: 1.0, sigma: 0.9) ],
    ),
    cell: Bulk(lengths: ({length:?}, {length:?}, {length:?})),
    initial: [ (species: "B", atoms: {}, placement: Random) ],
    grid: (temperature: List([1.0])),
    dynamics: MonteCarlo(displacement: 0.1, attempts: 1),
    schedule: (equilibration: 0, production: 1),
)"#,
        12 * cells.pow(3)
    )
}

#[test]
fn summed_images_equal_an_explicit_supercell() {
    on_every_backend(|device| {
        if device == "cpu" {
            let refusal = setup(&load(&cube(1, "images: Sum,"))).open(device).err().map(|e| e.to_string());
            assert!(
                refusal.is_some_and(|r| r.contains("nearest image only")),
                "{device} neither sums images nor says so"
            );
            return;
        }
        let small = Run::start(device, &cube(1, "images: Sum,")).batch().configurations.swap_remove(0);
        let mut large = Configuration::default();
        for k in 0..27 {
            let shift = 3.2 * DVec3::new(f64::from(k % 3), f64::from(k / 3 % 3), f64::from(k / 9));
            for &p in &small.positions {
                large.insert(0, p + shift, DVec3::ZERO);
            }
        }
        let (one, all) = (energy(device, &cube(1, "images: Sum,"), &small), energy(device, &cube(3, ""), &large));
        assert_relative(&format!("{device} 27 cells"), 27.0 * one, all, rounding(device, 1e-12));
        // the nearest image alone is something else
        let nearest = energy(device, &cube(1, "images: Minimum,"), &small);
        assert!((nearest - one).abs() > 0.1, "{device}: images make no difference: {nearest} {one}");
    });
}

#[test]
fn energy_knows_no_origin_and_no_period() {
    on_every_backend(|device| {
        let text = cube(2, "");
        let x = Run::start(device, &text).batch().configurations.swap_remove(0);
        let reference = energy(device, &text, &x);
        for shift in [DVec3::new(0.7, -1.1, 2.9), DVec3::new(6.4, 0.0, -12.8)] {
            let mut moved = x.clone();
            moved.positions.iter_mut().for_each(|p| *p = (*p + shift).rem_euclid(DVec3::splat(6.4)));
            assert_relative(
                &format!("{device} shifted by {shift}"),
                energy(device, &text, &moved),
                reference,
                rounding(device, 1e-11),
            );
        }
    });
}
