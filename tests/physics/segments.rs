//! Segments of dynamics that are accepted or rejected as a whole: the rule, its balance, and what it samples at time steps at
//! which plain dynamics are visibly off.

use crate::backends::on_every_backend;
use crate::common::run::{Run, load};
use crate::common::scene::Spec;
use crate::common::stats::{Estimate, assert_agree, assert_resolved, assert_z};
use crate::say::say;
use adlayer::testing::base::rng::{Rng, Stream};
use adlayer::testing::moves::exchange::Period;
use adlayer::testing::system::configuration::{Batch, Configuration};
use adlayer::testing::thermo::acceptance::{probability, segment_ln_acc};
use glam::DVec3;

const KT: f64 = 0.7;

/// Atoms of mass 1 that do not interact, each in a well with ω = 1 about the centre of a wide cell.
fn well(dynamics: &str, atoms: u32, walkers: u32) -> String {
    format!(
        r#"Scene(
    units: Lj,
    species: [ (name: "B", symbol: "Ar", mass: 1.0) ],
    potential: LennardJones(cutoff: 2.5, truncation: Shifted, pairs: [ (between: ("B","B"), epsilon: 0.0, sigma: 1.0) ]),
    external: [ Harmonic(species: "B", spring: 1.0) ],
    cell: Bulk(lengths: (20.0, 20.0, 20.0)),
    initial: [ (species: "B", atoms: {atoms}, placement: Random) ],
    grid: (temperature: List([{KT:?}]), walkers: {walkers}),
    dynamics: {dynamics},
    schedule: (equilibration: 60, production: 200),
    seed: 5,
)"#
    )
}

/// Mean squares of displacements and velocities per degree of freedom, one of every walker, with the acceptance.
fn mean_squares(device: &str, dynamics: &str) -> (Estimate, Estimate, f64) {
    let (atoms, walkers, cycles) = (4, 256, 200);
    let mut run = Run::start(device, &well(dynamics, atoms, walkers));
    run.equilibrate(100);
    let (mut x2, mut v2) = (vec![0.0; walkers as usize], vec![0.0; walkers as usize]);
    let n = f64::from(3 * atoms * cycles);
    for _ in 0..cycles {
        run.sampler.advance(Period::Production).expect("a cycle");
        for (w, x) in run.batch().configurations.iter().enumerate() {
            x2[w] += x.positions.iter().map(|p| (*p - 10.0).length_squared()).sum::<f64>() / n;
            v2[w] += x.velocities.iter().map(|v| v.length_squared()).sum::<f64>() / n;
        }
    }
    let acceptance = run.sampler.segments(adlayer::testing::base::ids::StateId(0)).map_or(1.0, |s| s.acceptance());
    (Estimate::of_samples(&x2), Estimate::of_samples(&v2), acceptance)
}

/// Velocity Verlet keeps ½v² + ½(1 − ω²dt²/4)x², so that redrawn velocities leave ⟨x²⟩ = kT/(1 − ω²dt²/4) = 4/3 kT at ω dt = 1.
#[test]
fn an_oscillator_has_its_exact_variance_where_plain_verlet_is_off() {
    on_every_backend(|device| {
        let (x2, _, _) = mean_squares(device, "Verlet(dt: 1.0, steps: 2, redraw: true)");
        assert_z(&format!("{device} Verlet ⟨x²⟩"), x2, KT / 0.75, 0.0);
        assert!((x2.value - KT).abs() > 20.0 * x2.error, "{device}: plain Verlet is not off: {x2:?}");
        for dynamics in ["Hmc(dt: 1.0, steps: 2)", "Ghmc(dt: 1.0, steps: 2, friction: 0.2)"] {
            let (x2, v2, acceptance) = mean_squares(device, dynamics);
            say(&format!("{device} {dynamics}: ⟨x²⟩/kT {:.4}, acceptance {acceptance:.3}", x2.value / KT));
            assert!((0.4..0.9).contains(&acceptance), "{device} {dynamics}: acceptance {acceptance}");
            assert_z(&format!("{device} {dynamics} ⟨x²⟩"), x2, KT, 0.0);
            assert_z(&format!("{device} {dynamics} ⟨v²⟩"), v2, KT, 0.0);
            assert_resolved(device, x2, 0.01);
        }
    });
}

/// One oscillator a replica, its velocity kept but for a millionth: where each ends follows from its start, the addressed number
/// and the rule.
#[test]
fn every_segment_is_decided_by_the_change_of_the_total_energy() {
    on_every_backend(|device| {
        let (dt, steps, n) = (1.0, 2, 400);
        let loaded = load(&well("Ghmc(dt: 1.0, steps: 2, friction: 1e-13)", 1, n));
        let place = |r: u32, step: u64| Rng::new(31).gaussians(Stream::InitialPosition, step, r, 0);
        let starts: Vec<Configuration> = (0..n)
            .map(|r| {
                let mut x = Configuration::default();
                x.insert(0, DVec3::splat(10.0) + place(r, 0), place(r, 1));
                x
            })
            .collect();
        let mut run = Run::from_batch(device, loaded, &Batch { configurations: starts.clone() });
        let rng = *run.sampler.backend().rng();
        let result = run.sampler.backend_mut().propagate(6, steps).expect("a segment");
        let ends = run.batch().configurations;
        let energy = |x: DVec3, v: DVec3| 0.5 * (x.length_squared() + v.length_squared());
        let (mut accepted, mut close) = (0, 0);
        for (r, (start, end)) in starts.iter().zip(&ends).enumerate() {
            let before = (start.positions[0] - 10.0, start.velocities[0]);
            let (mut x, mut v) = before;
            for _ in 0..steps {
                v -= 0.5 * dt * x;
                x += dt * v;
                v -= 0.5 * dt * x;
            }
            let ln_acc = -(energy(x, v) - energy(before.0, before.1)) / KT;
            let ln_u = rng.uniforms(Stream::SegmentAccept, 6, r as u32, 0)[0].ln();
            if (ln_u - ln_acc).abs() < 1e-4 {
                close += 1;
                continue;
            }
            let wanted = if ln_u < ln_acc { (x, v) } else { (before.0, -before.1) };
            let off = (end.positions[0] - 10.0 - wanted.0).length() + (end.velocities[0] - wanted.1).length();
            assert!(off < 2e-5, "{device}: replica {r} is off by {off}, ln acc {ln_acc}, ln u {ln_u}");
            assert_eq!(result.segments[r], u32::from(ln_u < ln_acc), "{device}: replica {r}");
            accepted += result.segments[r];
        }
        assert!(close < 4 && (100..n).contains(&accepted), "{device}: {accepted} of {n} accepted, {close} too close");
    });
}

/// ∫ e^{−H} K f against ∫ e^{−H} f for an oscillator, K the whole segment with the rule of the program, by the trapezoidal rule:
/// the largest difference over some f.
///
/// - `ln_acc`: of the changes of potential and kinetic energy
/// - `factor`: on the velocity of a rejected one
fn residual(ln_acc: impl Fn(f64, f64) -> f64, factor: f64) -> f64 {
    let observed: [fn(f64, f64) -> f64; 4] = [|x, _| x * x, |x, v| x * v, |_, v| v * v, |x, v| (x - 0.3 * v).cos()];
    let (h, half) = (0.02, 350);
    let (mut sums, mut norm) = ([0.0; 4], 0.0);
    for (i, j) in (-half..=half).flat_map(|i| (-half..=half).map(move |j| (i, j))) {
        let (x0, v0) = (h * f64::from(i), h * f64::from(j));
        let (mut x, mut v) = (x0, v0);
        for _ in 0..2 {
            v -= 0.55 * x;
            x += 1.1 * v;
            v -= 0.55 * x;
        }
        let weight = (-0.5 * (x0 * x0 + v0 * v0)).exp();
        let a = probability(ln_acc(0.5 * (x * x - x0 * x0), 0.5 * (v * v - v0 * v0)));
        norm += weight;
        for (sum, f) in sums.iter_mut().zip(observed) {
            *sum += weight * (a * f(x, v) + (1.0 - a) * f(x0, factor * v0) - f(x0, v0));
        }
    }
    sums.iter().map(|s| (s / norm).abs()).fold(0.0, f64::max)
}

#[test]
fn a_segment_leaves_the_canonical_distribution_as_it_is() {
    let right = residual(|u, k| segment_ln_acc(1.0, u, k), -1.0);
    let without_kinetic = residual(|u, _| segment_ln_acc(1.0, u, 0.0), -1.0);
    let without_flip = residual(|u, k| segment_ln_acc(1.0, u, k), 1.0);
    say(&format!(
        "residuals: {right:.1e}, without the kinetic energy {without_kinetic:.1e}, without the flip {without_flip:.1e}"
    ));
    assert!(right < 1e-4, "{right}");
    assert!(without_kinetic > 0.01 && without_flip > 0.01, "{without_kinetic}, {without_flip}");
}

/// A dense gas, a slab with a mobile layer in contact with a gas, and a trap of ideal atoms.
fn scenes(dynamics: &str, seed: u64) -> [Spec; 3] {
    let gas = Spec {
        pair: "epsilon: 1.0, sigma: 1.0",
        cell: "Bulk(lengths: (5.5, 5.5, 5.5))".into(),
        max_atoms: 60,
        temperature: "List([1.3, 1.6])".into(),
        values: "List([-3.2])".into(),
        walkers: 48,
        dynamics: dynamics.into(),
        attempts: 60,
        equilibration: 60,
        production: 200,
        seed,
        ..Spec::default()
    };
    let slab = Spec {
        cell: "Slab(height: 3.5)".into(),
        substrate: r#"Fcc111(species: "A", nearest_neighbour: 1.10, repeat: (5, 3), layers: 2, mobile_layers: 1)"#
            .into(),
        max_atoms: 60,
        temperature: "List([1.0, 1.2])".into(),
        values: "List([-4.5])".into(),
        walkers: 32,
        equilibration: 600,
        production: 400,
        ..gas.clone()
    };
    let trap = Spec {
        pair: "epsilon: 0.0, sigma: 1.0",
        external: r#"Harmonic(species: "B", spring: 2.0)"#.into(),
        cell: "Bulk(lengths: (8.0, 8.0, 8.0))".into(),
        values: "List([0.3])".into(),
        ..gas.clone()
    };
    [gas, slab, trap]
}

/// ⟨N⟩ and ⟨E⟩ of every state of a scene.
fn averages(device: &str, spec: &Spec) -> Vec<Estimate> {
    let run = Run::whole(device, &spec.text());
    for k in 0..2 {
        if let Some(s) = run.sampler.segments(adlayer::testing::base::ids::StateId(k)) {
            say(&format!("{device} {}: acceptance {:.3}", spec.dynamics, s.acceptance()));
        }
    }
    (0..2).flat_map(|k| [run.estimate(k, |t| t.atoms()), run.estimate(k, |t| t.energy())]).collect()
}

/// ⟨N⟩ and ⟨E⟩ of a scene with accepted segments beside those of Langevin dynamics.
///
/// - returns: those of Langevin dynamics
fn has_the_averages_of_langevin_dynamics(device: &str, scene: usize, dt: f64, steps: u32) -> Vec<Estimate> {
    let of = |dynamics: &str, seed| averages(device, &scenes(dynamics, seed)[scene]);
    let langevin = of(&format!("Baoab(dt: {}, friction: 1.0, steps: 25)", dt / 7.0), 1);
    let all = [format!("Hmc(dt: {dt}, steps: {steps})"), format!("Ghmc(dt: {dt}, steps: {steps}, friction: 1.0)")];
    for (dynamics, seed) in all.iter().zip([2, 3]) {
        for (k, (ours, theirs)) in of(dynamics, seed).into_iter().zip(&langevin).enumerate() {
            assert_agree(&format!("{device} scene {scene} {dynamics}, average {k}"), ours, *theirs);
            assert_resolved(device, ours, 0.03);
        }
    }
    langevin
}

#[test]
fn a_dense_gas_has_the_averages_of_langevin_dynamics() {
    on_every_backend(|device| drop(has_the_averages_of_langevin_dynamics(device, 0, 0.03, 6)));
}

#[test]
fn a_slab_that_moves_has_the_averages_of_langevin_dynamics() {
    on_every_backend(|device| drop(has_the_averages_of_langevin_dynamics(device, 1, 0.026, 6)));
}

/// The same time step without acceptance must be seen to be wrong by the same comparison; in the other scenes plain dynamics do
/// not survive it.
#[test]
fn a_trap_has_the_averages_of_langevin_dynamics_and_plain_dynamics_have_not() {
    on_every_backend(|device| {
        let (scene, dt, steps) = (2, 0.7, 2);
        let langevin = has_the_averages_of_langevin_dynamics(device, scene, dt, steps);
        let plain = averages(device, &scenes(&format!("Verlet(dt: {dt}, steps: {steps}, redraw: true)"), 2)[scene]);
        let z = |(a, b): (&Estimate, &Estimate)| (a.value - b.value).abs() / a.error.hypot(b.error);
        let worst = plain.iter().zip(&langevin).map(z).fold(0.0, f64::max);
        say(&format!("{device} scene {scene}: plain Verlet is off by {worst:.1} standard errors"));
        assert!(worst > 10.0, "{device}: the comparison does not see what acceptance corrects: {worst}");
    });
}

#[test]
fn segments_that_fly_apart_are_rejected_and_leave_their_start() {
    on_every_backend(|device| {
        for dynamics in ["Hmc(dt: 40.0, steps: 6)", "Ghmc(dt: 40.0, steps: 6, friction: 1e-15)"] {
            for spec in scenes(dynamics, 4).into_iter().take(2) {
                let spec = Spec { walkers: 2, ..spec };
                let mut warm = Run::start(
                    device,
                    &Spec { dynamics: "Baoab(dt: 0.004, friction: 1.0, steps: 20)".into(), ..spec.clone() }.text(),
                );
                warm.equilibrate(20);
                let start = warm.batch();
                let mut run = Run::from_batch(device, load(&spec.text()), &start);
                let before = run.sampler.backend_mut().measure().expect("energies");
                let result = run.sampler.backend_mut().propagate(0, 6).expect("no failure");
                let end = run.batch();
                for (r, (a, b)) in start.configurations.iter().zip(&end.configurations).enumerate() {
                    assert!(a.len() > 1, "{device}: replica {r} has nothing that could fly apart");
                    assert_eq!(result.segments[r], 0, "{device} {dynamics}: replica {r}");
                    let moved =
                        a.positions.iter().zip(&b.positions).map(|(p, q)| (*p - *q).length()).fold(0.0, f64::max);
                    assert!(moved == 0.0, "{device} {dynamics}: replica {r} has moved by {moved}");
                    let energies = (before[r].energy, result.measurements[r].energy);
                    assert!(
                        (energies.0 - energies.1).abs() <= 1e-5 * energies.0.abs().max(1.0),
                        "{device}: {energies:?}"
                    );
                    if dynamics.starts_with("Ghmc") {
                        let off =
                            a.velocities.iter().zip(&b.velocities).map(|(v, w)| (*v + *w).length()).fold(0.0, f64::max);
                        assert!(off < 1e-5, "{device}: velocities are not reversed but off by {off}");
                    }
                }
            }
        }
    });
}
