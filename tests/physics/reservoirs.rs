//! Insertion and deletion: limits, regions, several species, and what must never be touched.

use crate::backends::on_every_backend;
use crate::common::run::{Run, load};
use crate::common::scene::{SLAB, Spec};
use crate::common::stats::{assert_resolved, assert_z};
use adlayer::testing::backend::TrialEnergies;
use adlayer::testing::base::rng::Rng;
use adlayer::testing::moves::{self, Edit, MoveKind, Proposal, Trial};
use adlayer::testing::potential::OVERLAP_ENERGY;
use adlayer::testing::system::configuration::{Batch, Configuration};
use adlayer::testing::system::insertion::Places;
use glam::DVec3;
use std::f64::consts::PI;

/// A slab under a gas of at most 30 atoms.
fn slab(values: &str) -> Spec {
    Spec {
        pair: "epsilon: 1.0, sigma: 1.0",
        cell: "Slab(height: 5.0)".into(),
        substrate: SLAB.into(),
        max_atoms: 30,
        temperature: "List([0.8])".into(),
        values: values.into(),
        walkers: 4,
        dynamics: "Baoab(dt: 0.004, friction: 1.0, steps: 10)".into(),
        attempts: 200,
        ..Spec::default()
    }
}

#[test]
fn what_can_be_inserted_can_be_deleted() {
    on_every_backend(|device| {
        let mut filling = Run::start(device, &slab("List([8.0])").text());
        filling.equilibrate(60);
        let full = filling.batch();
        for x in &full.configurations {
            assert_eq!(x.len(), 30, "{device}: N_max was not reached, or passed");
        }
        let mut emptying = Run::from_batch(device, load(&slab("List([-40.0])").text()), &full);
        emptying.equilibrate(60);
        assert!(emptying.batch().configurations.iter().all(|x| x.is_empty()), "{device}: atoms cannot be deleted");
    });
}

#[test]
fn unequal_replicas_live_side_by_side() {
    on_every_backend(|device| {
        let mut filling = Run::start(device, &slab("List([8.0])").text());
        filling.equilibrate(60);
        let full = filling.batch().configurations.swap_remove(0);
        let mut half = full.clone();
        (0..17).for_each(|_| half.delete(0));
        let mixed = Batch { configurations: vec![Configuration::default(), full, half, Configuration::default()] };
        let mut run = Run::from_batch(device, load(&slab("List([-3.0])").text()), &mixed);
        for _ in 0..30 {
            run.sample(1);
            assert!(run.batch().configurations.iter().all(|x| x.len() <= 30), "{device}: more than N_max");
        }
    });
}

/// An ideal gas whose atoms come and go only for 1 ≤ z ≤ 3 of a cell of height 6.
#[test]
fn a_region_limits_where_atoms_come_and_go_but_not_the_ensemble() {
    on_every_backend(|device| {
        let scene = |displacements: u32| {
            let spec = Spec {
                cell: "Slab(height: 6.0, lengths: (5.0, 5.0))".into(),
                dynamics: format!("MonteCarlo(displacement: 2.0, attempts: {displacements})"),
                attempts: 100,
                equilibration: 20,
                production: 300,
                ..Spec::default()
            };
            spec.at(1.0, 0.1).text().replace("max_atoms: 60", "max_atoms: 60, region: (z: (1.0, 3.0))")
        };
        let still = Run::whole(device, &scene(0));
        let inside = |p: &DVec3| (1.0..=3.0).contains(&p.z);
        assert!(
            still.batch().configurations.iter().all(|x| x.positions.iter().all(inside)),
            "{device}: left the region"
        );
        let n = still.estimate(0, |t| t.atoms());
        assert_z(&format!("{device} only the region is reached"), n, 0.1 * 50.0, 0.0);
        let moving = Run::whole(device, &scene(100));
        let n = moving.estimate(0, |t| t.atoms());
        assert_z(&format!("{device} the whole cell is reached"), n, 0.1 * 150.0, 0.0);
        assert_resolved(device, n, 0.01);
    });
}

/// Two reservoir species in a cube of length 6.
fn binary(epsilon: f64, max_atoms: u16, walkers: u32) -> String {
    format!(
        r#"Scene(
    units: Lj,
    species: [ (name: "B", symbol: "Ar", mass: 1.0), (name: "C", symbol: "Kr", mass: 2.0) ],
    potential: LennardJones(
        cutoff: 3.0, truncation: Shifted,
        pairs: [ (between: ("B","B"), epsilon: 0.0, sigma: 1.0),
                 (between: ("B","C"), epsilon: {epsilon:?}, sigma: 1.2),
                 (between: ("C","C"), epsilon: 0.0, sigma: 1.0) ],
    ),
    cell: Bulk(lengths: (6.0, 6.0, 6.0)),
    reservoir: [ (species: "B", max_atoms: {max_atoms}), (species: "C", max_atoms: {max_atoms}) ],
    grid: (
        temperature: List([0.8, 1.1]),
        reservoir: [ (species: "C", convention: Pressure, values: List([0.008, 0.02])),
                     (species: "B", convention: Activity, values: List([-4.0])) ],
        walkers: {walkers},
    ),
    dynamics: MonteCarlo(displacement: 1.0, attempts: 4),
    moves: (insert_delete: 60),
    schedule: (equilibration: 20, production: 600),
)"#
    )
}

#[test]
fn two_ideal_gases_each_have_their_own_number() {
    on_every_backend(|device| {
        let run = Run::whole(device, &binary(0.0, 40, 32));
        for k in 0..run.grid.len() {
            for s in 0..2 {
                let exact = 216.0 * run.state(k).ln_z[s].exp();
                let n = run.estimate(k, |t| t.atoms_of(s));
                assert_z(&format!("{device} state {k} {}", run.grid.reservoirs[s].species), n, exact, 0.0);
                assert_resolved(device, n, 0.02);
            }
        }
    });
}

/// At most one atom of each: Ξ = 1 + z_B V + z_C V + z_B z_C V ∫ e^{−βu_BC} d³r.
#[test]
fn two_species_that_attract_each_other() {
    on_every_backend(|device| {
        let run = Run::whole(device, &binary(1.5, 1, 128));
        let pair = run.sampler.backend().system().pairs.pair(0, 1);
        let volume = 216.0;
        for k in 0..run.grid.len() {
            let beta = run.state(k).beta();
            // midpoint rule in r up to the cutoff, which is half the cell
            let (mut integral, mut energy) = (volume, 0.0);
            let points = 200_000;
            for i in 0..points {
                let step = 3.0 / f64::from(points);
                let r = (f64::from(i) + 0.5) * step;
                let u = pair.energy(r * r);
                let shell = 4.0 * PI * r * r * step;
                integral += shell * ((-beta * u).exp() - 1.0);
                if u < 0.5 * OVERLAP_ENERGY {
                    energy += shell * u * (-beta * u).exp();
                }
            }
            let z: Vec<f64> = run.state(k).ln_z.iter().map(|l| l.exp()).collect();
            let both = z[0] * z[1] * volume * integral;
            let xi = 1.0 + (z[0] + z[1]) * volume + both;
            for s in 0..2 {
                let name = &run.grid.reservoirs[s].species;
                let n = run.estimate(k, |t| t.atoms_of(s));
                assert_z(&format!("{device} state {k} {name}"), n, (z[s] * volume + both) / xi, 0.0);
                assert_resolved(device, n, 0.01);
            }
            let e = run.estimate(k, |t| t.energy());
            assert_z(&format!("{device} state {k} E"), e, z[0] * z[1] * volume * energy / xi, 0.0);
        }
    });
}

#[test]
fn mobile_slab_atoms_are_neither_inserted_nor_deleted() {
    on_every_backend(|device| {
        let layers = SLAB.replace("layers: 3", "layers: 3, mobile_layers: 1");
        let text = Spec { substrate: layers, ..slab("List([-3.0])") }.text();
        let mut run = Run::start(device, &text);
        let start = run.batch();
        for _ in 0..40 {
            run.sample(1);
            for (r, x) in run.batch().configurations.iter().enumerate() {
                let counts = x.species_counts(2);
                assert_eq!(counts[0], 36, "{device} replica {r}: {counts:?}");
                assert_eq!(counts[1], usize::from(run.sampler.measurements()[r].counts[0]), "{device} replica {r}");
            }
        }
        let end = run.batch();
        assert!(end.configurations.iter().any(|x| x.len() > 38), "{device}: nothing was inserted");
        assert!(
            end.configurations[0].positions[0] != start.configurations[0].positions[0],
            "{device}: the layer is stiff"
        );
    });
}

fn trial_energies(run: &mut Run) -> &mut dyn TrialEnergies {
    run.sampler.backend_mut().trial_energies_mut().expect("every backend of today has them")
}

#[test]
fn overlap_is_finite_and_neither_it_nor_a_nan_is_accepted() {
    on_every_backend(|device| {
        let mut run = Run::start(device, &slab("List([8.0])").text());
        run.equilibrate(20);
        let batch = run.batch();
        let (system, state, rng) = (run.sampler.backend().system().clone(), run.state(0).clone(), Rng::new(9));
        let onto = |x: &Configuration| Trial::Insert { species: 1, position: x.positions[0] };
        let trials: Vec<Trial> = batch.configurations.iter().map(onto).collect();
        let overlaps = trial_energies(&mut run).trial_energies(&trials).expect("energies");
        for (&delta_u, &trial) in overlaps.iter().zip(&trials) {
            assert!(delta_u.is_finite() && delta_u >= 0.5 * OVERLAP_ENERGY, "{device}: an overlap costs {delta_u}");
            for attempt in 0..500 {
                for (trial, delta_u) in [
                    (trial, delta_u),
                    (trial, f64::NAN),
                    (Trial::Delete { slot: 0 }, f64::NAN),
                    (Trial::None, f64::NEG_INFINITY),
                    (Trial::None, 0.0),
                ] {
                    let uniform = (attempt as f64 + 0.5) / 500.0;
                    let kind = MoveKind::INSERT;
                    let proposal = Proposal {
                        kind,
                        reservoir: 0,
                        trial,
                        n_total: 3,
                        n_inside: 3,
                        ln_volume: 0.0,
                        choice: 0.5,
                        uniform,
                    };
                    let ln_acc = moves::ln_acc(state.as_ref(), &proposal, delta_u);
                    let edit = moves::decide(&system, &rng, 0, attempt, state.kt, &proposal, ln_acc);
                    assert_eq!(edit, Edit::None, "{device}: {trial:?} with ΔE = {delta_u} was accepted");
                }
            }
        }
    });
}

#[test]
fn an_insertion_and_its_deletion_cancel() {
    on_every_backend(|device| {
        let mut run = Run::start(device, &slab("List([-5.0])").text());
        run.equilibrate(30);
        let (system, state, rng) = (run.sampler.backend().system().clone(), run.state(0).clone(), Rng::new(4));
        let mut tried = 0;
        for attempt in 0..400 {
            let batch = run.batch();
            let there: Vec<Proposal> = (0..)
                .zip(&batch.configurations)
                .map(|(r, x)| moves::propose(&system, &rng, r, attempt, &Places::UNIFORM, x))
                .collect();
            if !there.iter().all(|p| matches!(p.trial, Trial::Insert { .. })) {
                continue;
            }
            tried += 1;
            let backend = trial_energies(&mut run);
            let trials: Vec<Trial> = there.iter().map(|p| p.trial).collect();
            let up = backend.trial_energies(&trials).expect("energies");
            let mut edits = Vec::new();
            for (p, &delta_u) in there.iter().zip(&up) {
                let Trial::Insert { species, position } = p.trial else { unreachable!("only insertions") };
                edits.push((Edit::Insert { species, position, velocity: DVec3::ZERO }, delta_u));
            }
            backend.apply(&edits).expect("inserted");
            let last: Vec<Trial> = batch.configurations.iter().map(|x| Trial::Delete { slot: x.len() }).collect();
            let down = backend.trial_energies(&last).expect("energies");
            for (r, (p, &trial)) in there.iter().zip(&last).enumerate() {
                let back = Proposal { kind: MoveKind::DELETE, trial, n_inside: p.n_inside + 1, ..*p };
                let (a, b) = (moves::ln_acc(state.as_ref(), p, up[r]), moves::ln_acc(state.as_ref(), &back, down[r]));
                let scale = a.abs().max(1.0);
                assert!((a + b).abs() < 1e-9 * scale, "{device} replica {r}: {a} there and {b} back");
            }
            let undo: Vec<(Edit, f64)> =
                batch.configurations.iter().zip(&down).map(|(x, &u)| (Edit::Delete { slot: x.len() }, u)).collect();
            backend.apply(&undo).expect("deleted");
            assert!(run.batch() == batch, "{device}: a deletion does not undo its insertion");
        }
        assert!(tried > 10, "{device}: {tried} insertions tried");
    });
}
