//! Segments that are accepted or rejected as a whole, on every way of every fast backend: one at a time, from the same atoms, with
//! the decision and the end of the reference.

use crate::case::{Case, stored};
use crate::gpu::device;
use crate::say::say;
use adlayer::testing::backend::Backend;
use adlayer::testing::backend::gpu::{Gpu, Way};
use adlayer::testing::base::rng::Rng;
use adlayer::testing::system::configuration::Batch;
use glam::DVec3;
use std::sync::Arc;

/// A slab with a mobile layer of heavy atoms, under two gases.
fn surface(dynamics: &str) -> Case {
    let text = format!(
        r#"Scene(units: Lj,
        species: [(name: "A", symbol: "Cu", mass: 2.0), (name: "B", symbol: "Ar", mass: 1.0), (name: "C", symbol: "Ne", mass: 0.5)],
        potential: LennardJones(cutoff: 2.5, truncation: Shifted, mixing: LorentzBerthelot, pairs: [
            (between: ("A", "A"), epsilon: 2.0, sigma: 0.98), (between: ("B", "B"), epsilon: 0.6, sigma: 1.2),
            (between: ("C", "C"), epsilon: 0.3, sigma: 0.8)]),
        external: [Wall93(species: "C", epsilon: 0.4, sigma: 0.8)],
        cell: Slab(height: 6.0),
        substrate: Fcc111(species: "A", nearest_neighbour: 1.10, repeat: (6, 3), layers: 3, mobile_layers: 1),
        reservoir: [(species: "B", max_atoms: 40), (species: "C", max_atoms: 30)],
        grid: (temperature: List([0.7, 1.1]), reservoir: [
            (species: "B", convention: Activity, values: List([-5.0, -3.0, 1.0])),
            (species: "C", convention: Activity, values: List([-1.0]))]),
        dynamics: {dynamics}, moves: (insert_delete: 60), schedule: (equilibration: 1, production: 1))"#
    );
    Case::new(&text, 30)
}

/// Atoms in a slab cell without a slab, some replicas without any.
fn sparse(dynamics: &str) -> Case {
    let text = format!(
        r#"Scene(units: Lj, species: [(name: "B", symbol: "Ar", mass: 1.5)],
        potential: Morse(cutoff: 2.5, truncation: ForceShifted, pairs: [(between: ("B", "B"), depth: 1.0, alpha: 4.0, r_0: 1.2)]),
        cell: Slab(height: 4.0, lengths: (5.2, 5.6), tilt: 1.3),
        reservoir: [(species: "B", max_atoms: 30)],
        grid: (temperature: List([0.9, 1.4]), reservoir: [(species: "B", convention: Activity, values: List([-9.0, -4.0, -1.0, 1.0]))]),
        dynamics: {dynamics}, moves: (insert_delete: 60), schedule: (equilibration: 1, production: 1))"#
    );
    Case::new(&text, 30)
}

/// Every segment of ten of every replica must be decided as by the reference and end within f32 of it.
fn same_segments(label: &str, case: &Case, backend: &mut dyn Backend) {
    backend.load(&case.batch, &case.grid.states, &case.ids).expect("it fits");
    let mut reference = case.open_empty("reference");
    let segments = 10 / case.system.dynamics.steps() as usize;
    let (mut accepted, mut tried) = (0, 0);
    for k in 0..10 {
        let held = Batch { configurations: stored(backend) };
        reference.load(&held, &case.grid.states, &case.ids).expect("it fits");
        let [ours, theirs] = [&mut *backend, &mut *reference].map(|b| b.propagate(10 * k, 10).expect("a segment"));
        assert_eq!(ours.segments, theirs.segments, "{label}, segment {k}: other decisions");
        accepted += ours.segments.iter().sum::<u32>();
        tried += segments * ours.segments.len();
        for (r, (x, y)) in stored(backend).iter().zip(&stored(&*reference)).enumerate() {
            let far = |p: &DVec3, q: &DVec3| case.system.cell.minimum_image(*p - *q).length();
            let positions = x.positions.iter().zip(&y.positions).map(|(p, q)| far(p, q)).fold(0.0, f64::max);
            let velocities =
                x.velocities.iter().zip(&y.velocities).map(|(v, w)| (*v - *w).length()).fold(0.0, f64::max);
            assert!(
                positions < 1e-3 && velocities < 2e-2,
                "{label}, segment {k}: replica {r} is off by {positions}, {velocities}"
            );
            let energies = (ours.measurements[r].energy, theirs.measurements[r].energy);
            assert!((energies.0 - energies.1).abs() < 0.05, "{label}, segment {k}: replica {r}: {energies:?}");
        }
    }
    let share = f64::from(accepted) / tried as f64;
    say(&format!("{label}: {accepted} of {tried} segments accepted"));
    assert!((0.3..0.97).contains(&share), "{label}: {share} accepted says little");
}

fn cases(dynamics: [&str; 2]) -> [(&'static str, Case); 2] {
    [("surface", surface(dynamics[0])), ("sparse", sparse(dynamics[1]))]
}

const HMC: [&str; 2] = ["Hmc(dt: 0.02, steps: 10)", "Hmc(dt: 0.05, steps: 10)"];
const GHMC: [&str; 2] = ["Ghmc(dt: 0.02, steps: 10, friction: 2.0)", "Ghmc(dt: 0.05, steps: 5, friction: 1.0)"];

#[test]
fn segments_on_cpu_are_those_of_the_reference() {
    for dynamics in [HMC, GHMC] {
        for (name, case) in cases(dynamics) {
            same_segments(&format!("cpu {name} {dynamics:?}"), &case, &mut *case.open_empty("cpu"));
        }
    }
}

#[test]
fn twin_segment() {
    let Some(device) = device() else { return };
    type Prepare = fn(&mut Gpu);
    let ways: [(&str, Prepare); 5] = [
        ("by rule", |_| ()),
        ("lists", |gpu| gpu.go(Way::Lists)),
        ("every pair once", |gpu| gpu.go(Way::Halved)),
        ("in storage", Gpu::make_large),
        ("in parts", |gpu| gpu.limit(2, 20_000)),
    ];
    for dynamics in [HMC, GHMC] {
        for (name, case) in cases(dynamics) {
            for (way, prepare) in ways {
                let mut gpu = Gpu::new(Arc::clone(&device), Arc::clone(&case.system), Rng::new(11)).expect("it fits");
                prepare(&mut gpu);
                same_segments(&format!("gpu {way} {name} {dynamics:?}"), &case, &mut gpu);
            }
        }
    }
}
