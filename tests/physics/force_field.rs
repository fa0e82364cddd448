//! A force field of many bodies from outside, moved by the reference backend: every propagator and the default ΔU of a
//! trial against quadrature, and what becomes of a failure.

use crate::common::drift::{kinetic, slope_and_spread};
use crate::common::run::{Run, load, setup};
use crate::common::scene::Spec;
use crate::common::stats::{Estimate, assert_resolved, assert_z};
use crate::say::say;
use adlayer::Error;
use adlayer::testing::base::rng::{Rng, Stream};
use adlayer::testing::forces::ForceField;
use adlayer::testing::landscape::hessian::curvatures;
use adlayer::testing::landscape::quench;
use adlayer::testing::sampler::{Sampler, Setup};
use adlayer::testing::system::configuration::Configuration;
use glam::DVec3;
use std::f64::consts::PI;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Edge of the cube. [length]
const EDGE: f64 = 4.0;
/// Reach of the density of an atom, below half the edge. [length]
const REACH: f64 = 1.5;
/// A of the embedding. [energy]
const DEPTH: f64 = 2.0;
const TEMPERATURE: f64 = 0.6;

/// Embedded atoms without pairs: U = Σ_i F(ρ_i), ρ_i = Σ_{j≠i} φ(r_ij), F(ρ) = −A(√(1+ρ) − 1), φ(r) = (1 − r²/R²)³
/// within R. No part of it is a sum over pairs, and every atom counts: three have another energy than their pairs.
struct Embedding;

impl Embedding {
    fn embedding(density: f64) -> f64 {
        -DEPTH * ((1.0 + density).sqrt() - 1.0)
    }

    /// φ, and φ'/r.
    fn density(d: DVec3) -> (f64, f64) {
        let u = 1.0 - d.length_squared() / (REACH * REACH);
        if u > 0.0 { (u.powi(3), -6.0 * u * u / (REACH * REACH)) } else { (0.0, 0.0) }
    }

    fn nearest(d: DVec3) -> DVec3 {
        d - EDGE * (d / EDGE).round()
    }

    /// Energy of two atoms.
    fn pair(r: f64) -> f64 {
        2.0 * Embedding::embedding(Embedding::density(DVec3::X * r).0)
    }
}

impl ForceField for Embedding {
    fn describe(&self) -> String {
        "embedded atoms".to_owned()
    }

    fn energy_and_forces(&self, x: &Configuration, forces: &mut Vec<DVec3>) -> adlayer::Result<f64> {
        let vector = |i: usize, j: usize| Embedding::nearest(x.positions[i] - x.positions[j]);
        let others = |i: usize| (0..x.len()).filter(move |&j| j != i);
        let densities: Vec<f64> =
            (0..x.len()).map(|i| others(i).map(|j| Embedding::density(vector(i, j)).0).sum()).collect();
        let slope = |i: usize| -0.5 * DEPTH / (1.0 + densities[i]).sqrt();
        forces.clear();
        forces.extend((0..x.len()).map(|i| {
            let on_i = |j| -(slope(i) + slope(j)) * Embedding::density(vector(i, j)).1 * vector(i, j);
            others(i).map(on_i).sum::<DVec3>()
        }));
        Ok(densities.iter().map(|&rho| Embedding::embedding(rho)).sum())
    }
}

/// `atoms` atoms of fixed number; the scene names no interaction.
fn canonical(atoms: u16, dynamics: &str, walkers: u32, production: u32) -> String {
    format!(
        r#"Scene(
    units: Lj,
    species: [ (name: "B", symbol: "Ar", mass: 1.5) ],
    potential: LennardJones(cutoff: 2.0, truncation: Shifted,
        pairs: [ (between: ("B","B"), epsilon: 0.0, sigma: 1.0) ]),
    cell: Bulk(lengths: ({EDGE:?}, {EDGE:?}, {EDGE:?})),
    initial: [ (species: "B", atoms: {atoms}, placement: Random) ],
    grid: (temperature: List([{TEMPERATURE:?}]), walkers: {walkers}),
    dynamics: {dynamics},
    schedule: (equilibration: 20, production: {production}),
    seed: 11,
)"#
    )
}

/// A scene whose atoms another force field moves.
fn embedded(text: &str, force_field: impl ForceField + 'static) -> Setup {
    Setup { force_field: Arc::new(force_field), ..setup(&load(text)) }
}

fn start(text: &str, force_field: impl ForceField + 'static) -> Run {
    let setup = embedded(text, force_field);
    let backend = setup.open("auto").expect("the reference takes any force field");
    let sampler = setup.sampler(backend, &setup.start().expect("a start")).expect("loaded");
    Run::of_sampler(setup.loaded, sampler)
}

fn whole(text: &str) -> Run {
    let mut run = start(text, Embedding);
    let schedule = run.loaded.scene.schedule.clone();
    run.equilibrate(schedule.equilibration);
    run.sample(schedule.production);
    run
}

/// ∫ 4πr² f(r) dr within the reach, by Simpson's rule.
fn radial(f: impl Fn(f64) -> f64) -> f64 {
    let n = 2000;
    let h = REACH / f64::from(n);
    let weight = |k: i32| if k == 0 || k == n { 1.0 } else { f64::from(2 + 2 * (k % 2)) };
    (0..=n).map(|k| (f64::from(k) * h, weight(k))).map(|(r, w)| w * 4.0 * PI * r * r * f(r)).sum::<f64>() * h / 3.0
}

/// ∫ e^{−βU} over the vector between two atoms, and ⟨E⟩ of the two.
fn two_atoms() -> (f64, f64) {
    let boltzmann = |r: f64| (-Embedding::pair(r) / TEMPERATURE).exp();
    let z = EDGE.powi(3) + radial(|r| boltzmann(r) - 1.0);
    (z, radial(|r| Embedding::pair(r) * boltzmann(r)) / z)
}

/// ⟨E⟩ of three atoms from places drawn uniformly; Boltzmann weights lie within a factor of 1000.
fn three_atoms() -> Estimate {
    let (rng, blocks, each) = (Rng::new(77), 64, 4000);
    let place = |n: u64, atom: u32| {
        let [a, b, c, _] = rng.uniforms(Stream::InitialPosition, n, 0, atom);
        EDGE * DVec3::new(a, b, c)
    };
    let of_block = |block: u64| {
        let (mut sum, mut weights) = (0.0, 0.0);
        for n in block * each..(block + 1) * each {
            let mut x = Configuration::default();
            (0..3).for_each(|atom| x.insert(0, place(n, atom), DVec3::ZERO));
            let energy = Embedding.energy(&x).expect("it never fails");
            let weight = (-energy / TEMPERATURE).exp();
            sum += energy * weight;
            weights += weight;
        }
        sum / weights
    };
    Estimate::of_samples(&(0..blocks).map(of_block).collect::<Vec<f64>>())
}

#[test]
fn the_toy_has_the_forces_of_its_energy_and_is_no_sum_over_pairs() {
    let mut x = Configuration::default();
    for p in [[0.1, 0.2, 0.3], [0.6, 0.4, 3.9], [0.4, 0.7, 0.5]] {
        x.insert(0, p.into(), DVec3::ZERO);
    }
    let mut forces = Vec::new();
    let energy = Embedding.energy_and_forces(&x, &mut forces).expect("it never fails");
    for (slot, force) in forces.iter().enumerate() {
        for axis in [DVec3::X, DVec3::Y, DVec3::Z] {
            let at = |step: f64| {
                let mut moved = x.clone();
                moved.positions[slot] += step * axis;
                Embedding.energy(&moved).expect("it never fails")
            };
            let slope = (at(1e-5) - at(-1e-5)) / 2e-5;
            assert!((force.dot(axis) + slope).abs() < 1e-8, "slot {slot}: {force} against {slope}");
        }
    }
    let distance = |i: usize, j: usize| Embedding::nearest(x.positions[i] - x.positions[j]).length();
    let pairs: f64 = [(0, 1), (0, 2), (1, 2)].iter().map(|&(i, j)| Embedding::pair(distance(i, j))).sum();
    assert!((energy - pairs).abs() > 0.1, "{energy} is the sum over pairs, {pairs}");
}

#[test]
fn verlet_conserves_the_energy_of_any_force_field() {
    let spread = |dt: f64, steps: u32| {
        let mut run =
            start(&canonical(12, &format!("Verlet(dt: {dt:?}, steps: {steps}, redraw: false)"), 4, 1), Embedding);
        let mut totals = vec![Vec::new(); 4];
        for _ in 0..60 {
            run.equilibrate(1);
            let system = run.sampler.system();
            for ((e, m), x) in totals.iter_mut().zip(run.sampler.measurements()).zip(&run.batch().configurations) {
                e.push(m.energy + kinetic(system, x));
            }
        }
        let fits: Vec<_> = totals.iter().map(|e| slope_and_spread(e, dt * f64::from(steps))).collect();
        say(&format!("dt {dt}: slopes and spreads {fits:?}"));
        fits
    };
    for ((slope, coarse), (_, fine)) in spread(0.02, 25).into_iter().zip(spread(0.01, 50)) {
        assert!(slope.abs() < 1e-4, "energy drifts by {slope} per τ");
        assert!(coarse < 0.01 && fine < 0.4 * coarse, "spread {coarse} and {fine} with half the step");
    }
}

#[test]
fn every_propagator_samples_the_canonical_energy_of_any_force_field() {
    let (exact, sampled) = (two_atoms().1, three_atoms());
    say(&format!("two atoms {exact:.5}, three {:.5} ± {:.5}", sampled.value, sampled.error));
    for dynamics in [
        "Baoab(dt: 0.04, friction: 1.0, steps: 40)",
        "Verlet(dt: 0.04, steps: 40, redraw: true)",
        "Hmc(dt: 0.25, steps: 6)",
        "Ghmc(dt: 0.25, steps: 6, friction: 0.3)",
        "MonteCarlo(displacement: 1.5, attempts: 12)",
    ] {
        let two = whole(&canonical(2, dynamics, 64, 400)).estimate(0, |t| t.energy());
        assert_z(&format!("two atoms, {dynamics}"), two, exact, 0.0);
        assert_resolved(dynamics, two, 0.05);
        let three = whole(&canonical(3, dynamics, 64, 400)).estimate(0, |t| t.energy());
        assert_z(&format!("three atoms, {dynamics}"), three, sampled.value, sampled.error);
        assert_resolved(dynamics, three, 0.05);
    }
}

#[test]
fn two_atoms_that_come_and_go_by_the_default_trial_energy() {
    let (activity, volume, (z2, energy)) = (0.02, EDGE.powi(3), two_atoms());
    let weights = [1.0, activity * volume, 0.5 * activity * activity * volume * z2];
    let total: f64 = weights.iter().sum();
    for dynamics in ["MonteCarlo(displacement: 1.0, attempts: 4)", "Baoab(dt: 0.04, friction: 1.0, steps: 10)"] {
        let spec = Spec {
            cutoff: 2.0,
            cell: format!("Bulk(lengths: ({EDGE:?}, {EDGE:?}, {EDGE:?}))"),
            max_atoms: 2,
            dynamics: dynamics.into(),
            walkers: 64,
            attempts: 20,
            production: 600,
            ..Spec::default()
        };
        let run = whole(&spec.at(TEMPERATURE, activity).text());
        for (n, w) in weights.iter().enumerate() {
            assert_z(&format!("P({n}), {dynamics}"), run.estimate(0, |t| t.probability(n)), w / total, 0.0);
        }
        let atoms = run.estimate(0, |t| t.atoms());
        assert_z(&format!("N, {dynamics}"), atoms, (weights[1] + 2.0 * weights[2]) / total, 0.0);
        assert_resolved(dynamics, atoms, 0.02);
        assert_z(&format!("E, {dynamics}"), run.estimate(0, |t| t.energy()), weights[2] * energy / total, 0.0);
        assert_z(&format!("E given two, {dynamics}"), run.estimate(0, |t| t.energy_given(2)), energy, 0.0);
    }
}

#[test]
fn a_quench_follows_any_force_field() {
    let setup = embedded(&canonical(3, "MonteCarlo(displacement: 1.0, attempts: 1)", 1, 1), Embedding);
    let mut x = Configuration::default();
    for p in [[0.1, 0.2, 0.3], [1.0, 0.4, 3.9], [0.5, 1.1, 0.6]] {
        x.insert(0, p.into(), DVec3::ZERO);
    }
    let ended = quench(&setup.system, &*setup.force_field, &x).expect("it never fails");
    // all three in one place, where every density is 2
    let least = 3.0 * Embedding::embedding(2.0);
    assert!((ended.energy - least).abs() < 1e-9, "{} instead of {least}", ended.energy);
    let modes = curvatures(&setup.system, &*setup.force_field, &ended.configuration).expect("it never fails");
    assert!(modes[..3].iter().all(|k| k.abs() < 1e-4) && modes[3..].iter().all(|&k| k > 1.0), "{modes:?}");
}

/// Fails from the first configuration of `atoms` atoms on, after `calls` good answers about such.
struct Failing {
    atoms: usize,
    calls: AtomicUsize,
    answer: fn() -> adlayer::Result<f64>,
}

impl Failing {
    fn after(calls: usize, atoms: usize, answer: fn() -> adlayer::Result<f64>) -> Failing {
        Failing { atoms, calls: AtomicUsize::new(calls), answer }
    }
}

impl ForceField for Failing {
    fn describe(&self) -> String {
        "a failing engine".to_owned()
    }

    fn energy_and_forces(&self, x: &Configuration, forces: &mut Vec<DVec3>) -> adlayer::Result<f64> {
        let is_left = |left: usize| left.checked_sub(1);
        if x.len() == self.atoms && self.calls.fetch_update(Ordering::Relaxed, Ordering::Relaxed, is_left).is_err() {
            forces.clear();
            forces.resize(x.len(), DVec3::ZERO);
            return (self.answer)();
        }
        Embedding.energy_and_forces(x, forces)
    }
}

/// Runs until something fails.
fn failure(mut sampler: Sampler) -> Error {
    (0..1000).find_map(|_| sampler.run_cycle().err()).expect("it fails in time")
}

#[test]
fn a_failed_evaluation_stops_the_run_and_names_the_replica() {
    let engine = || Err(Error::ForceField("the engine has died".to_owned()));
    // the start asks three times about four atoms (place, relax, load), and so does every cycle of two steps
    for dynamics in ["Baoab(dt: 0.02, friction: 1.0, steps: 2)", "Verlet(dt: 0.02, steps: 2, redraw: false)"] {
        for (answer, says) in
            [(engine as fn() -> adlayer::Result<f64>, "the engine has died"), (|| Ok(f64::NAN), "potential energy NaN")]
        {
            let error = failure(start(&canonical(4, dynamics, 1, 1), Failing::after(9, 4, answer)).sampler);
            let Error::ReplicaFault { replica: 0, cycle: 2, problem } = &error else { panic!("{error:?}") };
            assert!(problem.contains(says), "{problem}");
        }
    }
    // a trial that cannot be decided is no rejection
    let spec = Spec {
        cell: format!("Bulk(lengths: ({EDGE:?}, {EDGE:?}, {EDGE:?}))"),
        cutoff: 2.0,
        walkers: 1,
        ..Spec::default()
    };
    let text = spec.at(TEMPERATURE, 0.05).text();
    for (answer, says) in
        [(engine as fn() -> adlayer::Result<f64>, "the engine has died"), (|| Ok(f64::NAN), "an energy change of NaN")]
    {
        let error = failure(start(&text, Failing::after(0, 2, answer)).sampler);
        assert!(
            matches!(&error, Error::ReplicaFault { replica: 0, problem, .. } if problem.contains(says)),
            "{error:?}"
        );
    }
    // an impossible configuration is a rejection: no replica ever holds two atoms
    let mut run = start(&text, Failing::after(0, 2, || Ok(f64::INFINITY)));
    run.sample(200);
    assert!(run.total(0).probability(1) > 0.0 && run.total(0).probability(2) == 0.0);
}

#[test]
fn a_start_from_a_dead_engine_is_an_error() {
    let engine = || Err(Error::ForceField("the engine has died".to_owned()));
    let text = canonical(3, "MonteCarlo(displacement: 1.0, attempts: 1)", 1, 1);
    let error = embedded(&text, Failing::after(0, 2, engine)).start().expect_err("no energy, no start");
    assert!(matches!(&error, Error::ReplicaFault { replica: 0, cycle: 0, .. }), "{error:?}");
}

#[test]
fn fast_devices_refuse_what_they_cannot_sum() {
    let setup = embedded(&canonical(2, "MonteCarlo(displacement: 1.0, attempts: 1)", 1, 1), Embedding);
    for device in ["cpu", "gpu"] {
        let refusal = setup.open(device).err().map(|e| e.to_string()).unwrap_or_default();
        assert!(refusal.contains("embedded atoms") && refusal.contains("--device reference"), "{device}: {refusal}");
    }
    assert_eq!(setup.open("auto").expect("the reference").info().kernel, "embedded atoms");
}
