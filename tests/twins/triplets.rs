//! Triplets on the fast backends against the reference: one call, the same answer within f32, the same decisions.

use crate::backends::on_every_backend;
use crate::case::{Case, stored};
use crate::tallies::assert_same_transitions;
use adlayer::testing::base::rng::{Rng, Stream};
use adlayer::testing::forces::{ForceField, Pairwise};
use adlayer::testing::input::scene;
use adlayer::testing::moves::Trial;
use adlayer::testing::moves::tally::TransitionTally;
use adlayer::testing::sampler::Setup;
use adlayer::testing::system::configuration::{Batch, Configuration};
use glam::DVec3;
use std::path::Path;
use std::sync::Arc;

/// Two gases on Si(100), of which the upper two layers move. At these chemical potentials the first is between the clean surface and
/// the dihydride.
fn surface(dynamics: &str) -> String {
    let project = crate::project::project();
    let project = project.display();
    format!(
        r#"Scene(units: Metal,
        species: [(name: "Si", symbol: "Si", mass: 28.0855), (name: "H", symbol: "H", mass: 1.008),
            (name: "D", symbol: "D", mass: 2.014)],
        potential: StillingerWeber(path: "{project}/scenes/SiH.sw"),
        external: [Wall93(species: "H", epsilon: 0.1, sigma: 1.0)],
        cell: Slab(height: 9.0, floor: -4.0),
        substrate: File(path: "{project}/scenes/si100_2x2.xyz", mobile: Above(-2.0)),
        reservoir: [(species: "D", max_atoms: 16, region: (z: (-2.0, 4.0))), (species: "H", max_atoms: 6, region: (z: (0.5, 4.5)))],
        grid: (temperature: List([700.0, 1300.0]), reservoir: [
            (species: "D", convention: Absolute, values: List([-3.1, -2.8, -2.2])),
            (species: "H", convention: Absolute, values: List([-2.9]))]),
        dynamics: {dynamics}, moves: (insert_delete: 60), schedule: (equilibration: 1, production: 1))"#
    )
}

/// The same atoms in an oblique cell that is periodic in all directions, with no slab.
fn bulk(dynamics: &str, atoms: u32, edge: f64) -> String {
    let project = crate::project::project();
    let (project, half) = (project.display(), atoms / 2);
    format!(
        r#"Scene(units: Metal,
        species: [(name: "Si", symbol: "Si", mass: 28.0855), (name: "D", symbol: "D", mass: 2.014)],
        potential: StillingerWeber(path: "{project}/scenes/SiH.sw"),
        cell: Bulk(lengths: ({edge:?}, {edge:?}, {edge:?}), tilt: {:?}),
        initial: [(species: "Si", atoms: {half}, placement: Random), (species: "D", atoms: {half}, placement: Random)],
        grid: (temperature: List([1500.0, 3000.0])),
        dynamics: {dynamics}, schedule: (equilibration: 1, production: 1))"#,
        0.3 * edge
    )
}

const BAOAB: &str = "Baoab(dt: 0.0005, friction: 5.0, steps: 20)";
const VERLET: &str = "Verlet(dt: 0.0001, steps: 1, redraw: false)";

/// A slab with mobile layers, and a mixture; on `cpu` also one large enough for neighbour lists.
fn cases(dynamics: &str, device: &str) -> Vec<Case> {
    let mut texts = vec![surface(dynamics), bulk(dynamics, 60, 11.0)];
    if device == "cpu" {
        texts.push(bulk(dynamics, 340, 19.0));
    }
    texts.iter().map(|text| Case::new(text, 8)).collect()
}

/// A fast backend and the reference with the same atoms: those that the fast one holds, which may be in f32.
macro_rules! both {
    ($case:expr, $device:expr) => {{
        let fast = $case.open($device);
        let mut held = Batch::default();
        fast.store(&mut held).expect("handed out");
        let mut reference = $case.open_empty("reference");
        reference.load(&held, &$case.grid.states, &$case.ids).expect("loaded");
        (fast, reference, held)
    }};
}

/// Runs a body on every backend but the reference itself.
fn on_every_fast_backend(body: impl Fn(&str)) {
    on_every_backend(|device| {
        if device != "reference" {
            body(device);
        }
    });
}

#[test]
fn twin_triplet_energy() {
    on_every_fast_backend(|device| {
        for case in cases(BAOAB, device) {
            let (mut fast, _, held) = both!(case, device);
            let exact = Pairwise::new(Arc::clone(&case.system));
            for (x, m) in held.configurations.iter().zip(fast.measure().expect("measured")) {
                let audit = exact.audit(x).expect("it never fails");
                let off = (m.energy - audit.energy).abs();
                assert!(off <= 2e-6 * audit.magnitude, "{device}: {} instead of {}", m.energy, audit.energy);
                assert!(audit.terms.expect("terms").triplets > 1.0, "there is something to compare");
            }
        }
    });
}

#[test]
fn twin_triplet_forces() {
    // One velocity-Verlet step changes a velocity by dt/2m of the forces before and after.
    on_every_fast_backend(|device| {
        for case in cases(VERLET, device) {
            let (mut fast, mut reference, held) = both!(case, device);
            reference.propagate(0, 1).expect("moved");
            fast.propagate(0, 1).expect("moved");
            let (exact, ours) = (stored(&*reference), stored(&*fast));
            for ((x, y), start) in exact.iter().zip(&ours).zip(&held.configurations) {
                let change = |c: &Configuration, i: usize| {
                    case.system.species[usize::from(c.species[i])].mass * (c.velocities[i] - start.velocities[i])
                };
                let largest = (0..x.len()).map(|i| change(x, i).length()).fold(0.0, f64::max);
                for i in 0..x.len() {
                    let off = (change(x, i) - change(y, i)).length();
                    // velocities on a device are f32
                    let rounding =
                        case.system.species[usize::from(x.species[i])].mass * 1e-6 * x.velocities[i].length();
                    let allowed = 1e-4 * change(x, i).length().max(0.01 * largest) + rounding;
                    assert!(off <= allowed, "{device}: atom {i}: {off:e} of {largest:e}");
                }
            }
        }
    });
}

#[test]
fn twin_triplet_trials() {
    on_every_fast_backend(|device| {
        for case in cases(BAOAB, device) {
            let (mut fast, mut reference, held) = both!(case, device);
            let (lengths, floor) = (case.system.cell.lengths, case.system.cell.floor);
            let exact = Pairwise::new(Arc::clone(&case.system));
            let magnitudes: Vec<f64> =
                held.configurations.iter().map(|x| exact.audit(x).expect("it never fails").magnitude).collect();
            let (mut compared, mut worst) = (0, 0.0_f64);
            for k in 0..200 {
                let trials: Vec<Trial> = (0..case.ids.len() as u32)
                    .map(|r| {
                        let [a, b, c, d] = Rng::new(3).uniforms(Stream::InsertPosition, k, r, 0);
                        let x = &held.configurations[r as usize];
                        let slot = (d * x.len() as f64) as usize;
                        let wide = DVec3::new(a, b, c) * lengths + floor * DVec3::Z;
                        let step = 2.0 * (DVec3::new(a, b, c) - 0.5);
                        let mut near = case.system.cell.wrap(x.positions[slot] + step);
                        near.z = near.z.clamp(floor, case.system.cell.ceiling());
                        match k % 5 {
                            0 => Trial::Insert { species: x.species[slot], position: wide },
                            1 => Trial::Insert { species: x.species[slot], position: near },
                            2 => Trial::Delete { slot },
                            3 => Trial::Displace { slot, position: near },
                            _ => Trial::Identity { slot, species: u8::from(x.species[slot] == 0) },
                        }
                    })
                    .map(|trial| match trial {
                        // on the grid of f32, as a device holds positions
                        Trial::Insert { species, position } => {
                            Trial::Insert { species, position: position.as_vec3().as_dvec3() }
                        }
                        Trial::Displace { slot, position } => {
                            Trial::Displace { slot, position: position.as_vec3().as_dvec3() }
                        }
                        other => other,
                    })
                    .collect();
                let [wanted, ours] = [&mut reference, &mut fast].map(|backend| {
                    let backend = backend.trial_energies_mut().expect("the narrow entry");
                    backend.trial_energies(&trials).expect("summed")
                });
                for (((e, o), trial), magnitude) in wanted.iter().zip(ours).zip(&trials).zip(&magnitudes) {
                    let both_overlap = *e > 1e9 && o > 1e9;
                    let off = (e - o).abs() / (1.0 + e.abs());
                    assert!(both_overlap || off < 1e-4, "{device}: {trial:?}: {o} instead of {e} of {magnitude}");
                    worst = if both_overlap { worst } else { worst.max(off) };
                    compared += usize::from(!both_overlap && e.abs() > 1e-3);
                }
            }
            crate::say::say(&format!("{device}: {compared} trials, worst {worst:.1e}"));
            assert!(compared > 100, "{compared} trials touch something");
        }
    });
}

#[test]
fn twin_triplet_decisions() {
    on_every_fast_backend(|device| {
        let case = Case::new(&surface(BAOAB), 8);
        let (mut fast, mut reference, _) = both!(case, device);
        reference.particle_moves(10_000, 400, true).expect("tried");
        fast.particle_moves(10_000, 400, true).expect("tried");
        let tallies = reference.transitions().expect("counted");
        let accepted = tallies.moves().iter().map(TransitionTally::accepted).sum::<u64>();
        assert!(accepted > 30, "{accepted} are too few to compare");
        assert_same_transitions(device, &fast.transitions().expect("counted"), &tallies);
        for (x, y) in stored(&*reference).iter().zip(&stored(&*fast)) {
            assert_eq!((&x.species, x.len()), (&y.species, y.len()), "{device}");
        }
    });
}

#[test]
fn a_split_segment_of_triplets_gives_the_same_bits() {
    for text in [surface(BAOAB), bulk(BAOAB, 340, 19.0)] {
        let case = Case::new(&text, 1);
        let (mut whole, mut split) = (case.open("cpu"), case.open("cpu"));
        whole.propagate(40, 60).expect("moved");
        for (first, steps) in [(40, 7), (47, 20), (67, 33)] {
            split.propagate(first, steps).expect("moved");
        }
        assert_eq!(stored(&*whole), stored(&*split));
    }
}

#[test]
fn what_a_gpu_cannot_hold_is_refused_by_name() {
    if crate::gpu::device().is_none() {
        return;
    }
    let small = bulk(BAOAB, 4, 5.0).replace("SiH.sw\")", "SiH.sw\", images: Sum)");
    for (text, says) in [(small, "nearest image of a triplet"), (bulk(BAOAB, 6_000, 60.0), "atoms with triplets")] {
        let loaded = scene::parse(&text, Path::new("twins.ron")).unwrap_or_else(|e| panic!("{e}"));
        let refused = Setup::from_scene(&loaded).expect("the file is there").open("gpu");
        let error = refused.err().expect(says).to_string();
        assert!(error.contains(says) && error.contains("--device"), "{error}");
    }
}

#[test]
fn twin_triplet_segments_and_bonds() {
    // segments of Hmc are accepted alike, insertions about the silicons of the top layer decided alike
    on_every_fast_backend(|device| {
        let text = surface("Hmc(dt: 0.001, steps: 20)");
        let text = text.replace(
            "moves: (insert_delete: 60)",
            "moves: (insert_delete: 60, insertion: Bonds(hosts: \"Si\", shell: (1.3, 1.8), cap: 40.0, shares: (0.2, 0.3, 0.5), neighbours: 2.75))",
        );
        let case = Case::new(&text, 4);
        let (mut fast, mut reference, _) = both!(case, device);
        reference.propagate(80, 20).expect("moved");
        fast.propagate(80, 20).expect("moved");
        for (x, y) in stored(&*reference).iter().zip(&stored(&*fast)) {
            for (p, q) in x.positions.iter().zip(&y.positions) {
                assert!(case.system.cell.minimum_image(*p - *q).length() < 1e-3, "{device}: another decision");
            }
        }
        let (mut fast, mut reference, _) = both!(case, device);
        reference.particle_moves(5_000, 400, true).expect("tried");
        fast.particle_moves(5_000, 400, true).expect("tried");
        let tallies = reference.transitions().expect("counted");
        let accepted = tallies.moves().iter().map(TransitionTally::accepted).sum::<u64>();
        assert!(accepted > 30, "{accepted} are too few to compare");
        assert_same_transitions(device, &fast.transitions().expect("counted"), &tallies);
    });
}
