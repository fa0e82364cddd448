//! Exchange between temperatures at one absolute μ: ⟨N⟩ = V e^{βμ}/Λ³(β) in both, and a rule without Λ fails.

use crate::backends::on_every_backend;
use crate::common::run::{Run, load, setup};
use crate::common::scene::Spec;
use crate::common::stats::{Estimate, assert_resolved, assert_z};
use crate::say::say;
use adlayer::testing::base::ids::ReplicaId;
use adlayer::testing::moves::exchange::{Assignment, Exchange, Exchanger, Period};
use adlayer::testing::thermo::Convention;
use adlayer::testing::thermo::states::{ReservoirAxis, StateGrid};
use std::f64::consts::PI;

const PLANCK: f64 = 6.0;
const VOLUME: f64 = 216.0;
const WALKERS: u32 = 64;

/// An ideal gas at two temperatures and μ = 0, where a rule without Λ accepts every exchange.
fn two_temperatures(temperatures: [f64; 2]) -> Spec {
    Spec {
        planck: Some(PLANCK),
        convention: "Absolute",
        cell: "Bulk(lengths: (6.0, 6.0, 6.0))".into(),
        max_atoms: 90,
        temperature: format!("List({temperatures:?})"),
        values: "List([0.0])".into(),
        walkers: WALKERS,
        attempts: 40,
        equilibration: 100,
        production: 600,
        ..Spec::default()
    }
}

/// V/Λ³
fn exact(t: f64) -> f64 {
    VOLUME / (PLANCK / (2.0 * PI * t).sqrt()).powi(3)
}

#[test]
fn both_temperatures_have_their_number() {
    on_every_backend(|device| {
        for temperatures in [[0.6, 1.2], [1.0, 1.15]] {
            let run = Run::whole(device, &two_temperatures(temperatures).text());
            for (k, t) in temperatures.into_iter().enumerate() {
                let n = run.estimate(k, |t| t.atoms());
                assert_z(&format!("{device} T {t}"), n, exact(t), 0.0);
                assert_resolved(device, n, 0.01);
            }
            say(&format!("acceptance {:.4}", run.sampler.edge_tallies()[0].acceptance()));
        }
    });
}

/// The same with exchanges decided by `convention`: ⟨N⟩ of both states, and the acceptance.
fn with_rule(convention: Convention, temperatures: [f64; 2]) -> ([Estimate; 2], f64) {
    let loaded = load(&two_temperatures(temperatures).text());
    let setup = setup(&loaded);
    let axis = ReservoirAxis { species: "B".into(), convention, values: vec![0.0] };
    let rule = StateGrid::product(&temperatures, 1.0, &[axis]);
    let batch = setup.start().expect("an empty start");
    let mut backend = setup.open("reference").expect("the reference");
    let mut assignment = Assignment::identity(2, WALKERS as usize);
    backend.load(&batch, &setup.grid.states, assignment.states()).expect("loaded");
    // One round: of an even number of swaps that are all accepted nothing would be seen.
    let once = Exchange::EvenOdd { every: 1, rounds: 1, diagonals: false };
    let mut exchanger = Exchanger::new(&rule, once);
    let mut sums = [vec![0.0; WALKERS as usize], vec![0.0; WALKERS as usize]];
    for cycle in 0..700 {
        backend.particle_moves(40 * cycle, 40, true).expect("moves");
        let measurements = backend.measure().expect("measured");
        exchanger.exchange(&rule, &setup.rng, cycle, Period::Production, &measurements, &mut assignment);
        backend.set_states(assignment.states()).expect("states");
        for (r, m) in (0..).zip(&measurements).filter(|_| cycle >= 100) {
            let id = ReplicaId(r);
            sums[assignment.state_of(id).index()][assignment.walker_of(id)] += f64::from(m.counts[0]) / 600.0;
        }
    }
    (sums.map(|s| Estimate::of_samples(&s)), exchanger.tallies[0].acceptance())
}

/// The right rule passes this loop, the rule without Λ fails it: acceptance soars, both ⟨N⟩ are ruined.
#[test]
fn a_lost_thermal_wavelength_is_noticed() {
    let temperatures = [0.6, 1.2];
    let z = |n: &[Estimate; 2], k: usize| (n[k].value - exact(temperatures[k])) / n[k].error;
    let (right, acceptance) = with_rule(Convention::Absolute { mass: 1.0, planck: PLANCK }, temperatures);
    say(&format!("right rule: {right:?}, acceptance {acceptance:.4}"));
    assert!(z(&right, 0).abs() < 4.0 && z(&right, 1).abs() < 4.0, "{right:?}");
    let (wrong, soared) = with_rule(Convention::Activity, temperatures);
    say(&format!("without Λ: {wrong:?}, acceptance {soared:.4}"));
    assert!(z(&wrong, 0) > 20.0 && z(&wrong, 1) < -20.0, "a lost Λ passes: {wrong:?}");
    assert!(soared > 10.0 * acceptance, "acceptance {soared} without Λ, {acceptance} with it");
}
