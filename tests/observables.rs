//! Observables against what is known: an ideal gas, one atom on a slab, the reference runs of the default scene; and that a
//! run stores what its atoms say, on every backend.

#[allow(dead_code, reason = "every test file uses its own part of what is shared")]
mod adapter;
#[allow(dead_code, reason = "every test file uses its own part of what is shared")]
mod common;
#[allow(dead_code, reason = "every test file uses its own part of what is shared")]
mod runs;

use adlayer::testing::backend;
use adlayer::testing::base::rng::Rng;
use adlayer::testing::input::scene::grammar::{AxisValues, FirstLayer, Observable, WaveVector};
use adlayer::testing::input::scene::{self, CheckedScene};
use adlayer::testing::moves::exchange::Period;
use adlayer::testing::observables::record::Observed;
use adlayer::testing::observables::{Observables, rdf};
use adlayer::testing::sample::Samples;
use adlayer::testing::sample::trajectory::read_trajectory;
use adlayer::testing::sampler::Cycle;
use adlayer::testing::sampler::Setup;
use adlayer::testing::system::System;
use adlayer::testing::system::configuration::{Batch, Configuration};
use common::henry::energies;
use common::on_every_backend;
use common::reference::{case, number, rows};
use common::run::{Run, load, project_scene};
use common::scene::{SLAB, Spec};
use common::stats::{Estimate, assert_resolved, assert_z, say};
use glam::DVec3;
use runs::{Place, assert_same, outcome, surface};
use std::collections::HashMap;
use std::sync::Arc;

/// Every observable that the small surface of the runs can have.
const ALL: &str = "observables: [Layers, Order(wave_vector: OneByOne), Psi6, Coordination(r: 1.9), Sites, Cluster(r: 1.9), \
                   Rdf(r_max: 4.0, bins: 40), Density(bins: 50)],";

fn observing(text: &str, observables: &str) -> String {
    text.replace("    schedule:", &format!("    {observables}\n    schedule:"))
}

/// What the observables of a run say after each of some cycles: `seen(walker, observed)`.
fn observe(run: &mut Run, cycles: u32, mut seen: impl FnMut(usize, &Observed)) {
    let observables = Observables::from_scene(&run.loaded);
    for _ in 0..cycles {
        run.sampler.advance(Period::SecondHalf).unwrap_or_else(|e| panic!("{e}"));
        for (walker, observed) in observables.evaluate_all(&run.batch()).iter().enumerate() {
            seen(walker, observed);
        }
    }
}

/// Mean of the samples of every walker, as independent samples.
fn over_walkers(sums: &[Vec<f64>], k: usize, samples: u32) -> Estimate {
    Estimate::of_samples(&sums.iter().map(|s| s[k] / f64::from(samples)).collect::<Vec<_>>())
}

#[test]
fn the_ideal_gas_has_no_structure() {
    on_every_backend(|device| {
        // N is Poisson with mean zV, so ⟨N(N−1)⟩ = (zV)². r_max exceeds half the periods and the height.
        let (z, side, height, layer, cycles) = (0.25_f64, 6.0_f64, 3.0, 1.0, 60);
        let spec = Spec {
            cell: format!("Slab(height: {height:?}, lengths: ({side:?}, {side:?}))"),
            max_atoms: 90,
            attempts: 400,
            ..Spec::default()
        };
        let text = spec.at(1.0, z).text();
        let wanted = format!(
            "first_layer: (z_max: {layer:?}), observables: [Rdf(r_max: 5.0, bins: 10), Density(bins: 6), Coordination(r: 1.0)],"
        );
        let mut run = Run::start(device, &observing(&text, &wanted));
        run.equilibrate(20);
        let walkers = run.loaded.scene.grid.walkers as usize;
        let mut sums = vec![vec![0.0; 10 + 10 + 13 + 6]; walkers];
        observe(&mut run, cycles, |w, o| {
            sums[w].iter_mut().zip(&o.bins).for_each(|(sum, n)| *sum += n.to_f64());
        });
        let (volume, area) = (side * side * height, side * side);
        let ideal_in_space =
            rdf::ideal_counts(0.5 * (z * volume).powi(2), 5.0, 10, |r| rdf::shell_in_slab(r, height), volume);
        let ideal_in_layer = rdf::ideal_counts(0.5 * (z * area * layer).powi(2), 5.0, 10, rdf::ring, area);
        for (k, ideal) in ideal_in_space.into_iter().chain(ideal_in_layer).enumerate() {
            let n = over_walkers(&sums, k, cycles);
            let g = Estimate { value: n.value / ideal, error: n.error / ideal };
            assert_z(&format!("{device} g of bin {k}"), g, 1.0, 0.0);
            assert_resolved(&format!("{device} bin {k}"), g, 0.2);
        }
        for k in 20..26 {
            assert_z(&format!("{device} density {k}"), over_walkers(&sums, k, cycles), z * volume / 6.0, 0.0);
        }
    });
}

#[test]
fn one_atom_on_the_slab_has_the_density_of_its_boltzmann_factor() {
    on_every_backend(|device| {
        let (t, bins, fine) = (0.76, 60_usize, 4_usize);
        // A grid over one surface cell, fine in z.
        let (nx, ny, nz) = (12, 20, bins * fine);
        let cell = DVec3::new(1.1, 1.1 * 3f64.sqrt(), 6.0);
        let at = |k: usize| {
            let (i, j, l) = (k / (ny * nz), k / nz % ny, k % nz);
            cell * DVec3::new(i as f64 / nx as f64, j as f64 / ny as f64, (l as f64 + 0.5) / nz as f64)
        };
        let spec = Spec {
            pair: "epsilon: 1.5, sigma: 1.0",
            cell: "Slab(height: 6.0)".into(),
            substrate: SLAB.into(),
            max_atoms: 1,
            dynamics: "MonteCarlo(displacement: 0.3, attempts: 20)".into(),
            attempts: 300,
            walkers: 64,
            ..Spec::default()
        };
        let places: Vec<DVec3> = (0..nx * ny * nz).map(at).collect();
        let boltzmann: Vec<f64> =
            energies(device, &spec.clone().at(t, 1.0).text(), &places).iter().map(|u| (-u / t).exp()).collect();
        let q = boltzmann.iter().sum::<f64>() / places.len() as f64 * 18.0 * cell.element_product();
        let share = |bin: usize| {
            let of_bin = (0..places.len()).filter(|k| k % nz / fine == bin).map(|k| boltzmann[k]).sum::<f64>();
            of_bin / boltzmann.iter().sum::<f64>()
        };
        // half of the replicas hold an atom
        let text = observing(&spec.at(t, 1.0 / q).text(), &format!("observables: [Density(bins: {bins})],"));
        let mut run = Run::start(device, &text);
        run.equilibrate(30);
        let mut sums = vec![vec![0.0; bins]; 64];
        observe(&mut run, 150, |w, o| sums[w].iter_mut().zip(&o.bins).for_each(|(sum, n)| *sum += n.to_f64()));
        let total: f64 = sums.iter().flatten().sum();
        assert!(total > 3000.0, "{total} atoms seen");
        let mut compared = 0;
        for bin in (0..bins).filter(|&bin| share(bin) * total > 30.0) {
            // n_bin − p N has mean 0 in every walker
            let excess = |s: &Vec<f64>| s[bin] - share(bin) * s.iter().sum::<f64>();
            let residual = Estimate::of_samples(&sums.iter().map(excess).collect::<Vec<_>>());
            assert_z(
                &format!("{device} z = {:.3}, p = {:.4}", 0.1 * (bin as f64 + 0.5), share(bin)),
                residual,
                0.0,
                0.0,
            );
            compared += 1;
        }
        assert!(compared >= 4, "{compared} bins");
    });
}

/// The default scene with one state, sixteen walkers and Φ, its first layer as in the reference.
fn ordered_state(t: f64, mu: f64) -> CheckedScene {
    let mut loaded = load(&project_scene("lj_surface.ron"));
    let scene = &mut loaded.scene;
    scene.grid.temperature = AxisValues::List(vec![t]);
    scene.grid.reservoir[0].values = AxisValues::List(vec![mu]);
    scene.grid.walkers = 16;
    scene.observables = vec![Observable::Order { wave_vector: WaveVector::Sqrt3 }];
    scene.first_layer = Some(FirstLayer { z_max: 1.6 });
    loaded
}

/// Twelve atoms in every third fcc hollow.
fn sqrt3_layer(loaded: &CheckedScene) -> Configuration {
    let lattice = loaded.lattice().expect("a lattice");
    let (d, hollows) = (lattice.nearest_neighbour, lattice.layer(-1));
    let origin = hollows[0];
    let mut x = Configuration::default();
    for r in hollows {
        let n = ((r.y - origin.y) / (0.75_f64.sqrt() * d)).round();
        let m = ((r.x - origin.x) / d - 0.5 * n).round();
        if (m - n).rem_euclid(3.0) == 0.0 {
            x.insert(1, DVec3::new(r.x, r.y, 0.92), DVec3::ZERO);
        }
    }
    assert_eq!(x.len(), 12);
    x
}

#[test]
fn order_of_the_ordered_layer_is_that_of_the_reference() {
    on_every_backend(|device| {
        for row in rows(&case("n_scene_reference_runs")["rows"]) {
            let (t, mu) = (number(row, "T"), number(row, "mu_prime"));
            if ![(0.24, -5.0), (0.43, -4.0)].contains(&(t, mu)) {
                continue;
            }
            let loaded = ordered_state(t, mu);
            let batch = Batch { configurations: vec![sqrt3_layer(&loaded); 16] };
            let mut run = Run::from_batch(device, loaded, &batch);
            run.equilibrate(60);
            let (cycles, mut sums) = (120, vec![vec![0.0]; 16]);
            observe(&mut run, cycles, |w, o| sums[w][0] += f64::from(o.columns[0]));
            let phi = over_walkers(&sums, 0, cycles);
            // four decimals are given
            assert_z(&format!("{device} Φ at ({t}, {mu})"), phi, number(row, "SK_over_12"), 5e-5);
            assert_resolved(device, phi, 0.02);
        }
    });
}

/// Names and values of one sample.
fn named(samples: &Samples, i: usize) -> Vec<(String, Vec<f64>)> {
    let columns = samples.columns.iter().map(|c| (c.name.clone(), vec![f64::from(c.values[i])]));
    let histograms = samples.histograms.iter().map(|h| (h.name.clone(), h.of(i).iter().map(|n| n.to_f64()).collect()));
    columns.chain(histograms).collect()
}

/// Whether a run has stored what its stored configurations say.
fn stores_what_its_atoms_say(device: &str, text: &str, exact: bool) {
    let place = Place::new(text);
    place.succeed(&["run", "scene.ron", "--device", device, "-o", "run", "--quiet"]);
    let directory = place.run("run");
    let loaded = scene::load(&directory.join("resolved.ron")).expect("the scene");
    let observables = Observables::from_scene(&loaded);
    let (samples, frames) = (outcome(&directory).samples, read_trajectory(&directory).expect("configurations"));
    let rows: HashMap<(u32, u32), usize> =
        (0..samples.len()).map(|i| ((samples.cycle[i], samples.replica[i]), i)).collect();
    assert!(frames.len() > 100 && samples.len() == rows.len(), "{} frames", frames.len());
    let (mut differing, mut atoms_seen) = (0, 0.0);
    for frame in &frames {
        let i = rows[&(frame.cycle, frame.replica)];
        let mut again = Samples::new(0).observing(&observables.fields());
        let row =
            adlayer::testing::sample::SampleRow { cycle: 0, walker: 0, replica: 0, state: 0, energy: 0.0, counts: &[] };
        again.push_observed(row, &observables.evaluate(&frame.configuration()));
        let (stored, of_atoms) = (named(&samples, i), named(&again, 0));
        assert!(stored.iter().map(|s| &s.0).eq(of_atoms.iter().map(|s| &s.0)));
        let n: f64 = samples.counts.iter().map(|c| f64::from(c[i])).sum();
        for ((name, a), (_, b)) in stored.iter().zip(&of_atoms) {
            let far = a.iter().zip(b).any(|(a, b)| (a - b).abs() > 1e-4);
            assert!(!(exact && a != b), "{device} {name}: {a:?} stored, {b:?} of the atoms");
            differing += usize::from(far);
            if name.starts_with("density_") || name.starts_with("layers_") {
                // every adsorbed atom, and no slab atom, is in the profile
                assert_eq!(a.iter().sum::<f64>(), n, "{device} {name}");
                atoms_seen += n;
            }
        }
    }
    assert!(atoms_seen > 0.0, "no atom was looked at");
    // positions are kept in single precision: a few atoms may change their bin
    assert!(differing * 100 <= frames.len() * samples.columns.len(), "{device}: {differing} values differ");
    say(&format!("{device}: {} configurations, {differing} values differ", frames.len()));
}

#[test]
fn a_run_stores_what_its_atoms_say() {
    let text = observing(&surface(4, [10, 30]), ALL);
    stores_what_its_atoms_say("reference", &text, false);
    stores_what_its_atoms_say("cpu", &text, false);
}

#[test]
fn a_run_on_a_gpu_stores_what_its_atoms_say() {
    if adapter::device().is_none() {
        return;
    }
    stores_what_its_atoms_say("gpu", &observing(&surface(4, [10, 30]), ALL), true);
}

/// Whether what a cycle keeps, read while the next one runs, is what a sampler that waits would store.
fn keeps_what_its_cycles_end_with(device: &str) {
    let text = surface(4, [10, 30]);
    let (mut waiting, mut ahead) = (Run::start(device, &text), Run::start(device, &text));
    // Two in a row, then one that keeps nothing.
    let kind = |cycle: u32| Cycle { period: Period::SecondHalf, keep: cycle % 3 != 2 };
    let (mut kept, mut atoms) = (Batch::default(), 0);
    for cycle in 0..14 {
        waiting.sampler.advance(Period::SecondHalf).expect("a cycle");
        ahead.sampler.advance_ahead(kind(cycle), (cycle < 13).then(|| kind(cycle + 1))).expect("a cycle");
        if kind(cycle).keep {
            ahead.sampler.kept(&mut kept).expect("the device is there");
            let stored = waiting.batch();
            assert_eq!(kept.configurations.len(), stored.configurations.len(), "{device}");
            for (a, b) in kept.configurations.iter().zip(&stored.configurations) {
                assert!(a.positions == b.positions && a.species == b.species, "{device}, cycle {cycle}");
                atoms += a.len();
            }
        }
    }
    assert!(atoms > 100, "{device}: {atoms} atoms");
    assert!(waiting.batch() == ahead.batch(), "{device}");
}

#[test]
fn a_cycle_keeps_the_configurations_it_ends_with() {
    keeps_what_its_cycles_end_with("reference");
    keeps_what_its_cycles_end_with("cpu");
    if adapter::device().is_some() {
        keeps_what_its_cycles_end_with("gpu");
    }
}

#[test]
fn mobile_slab_atoms_are_not_looked_at() {
    let text = surface(4, [10, 30]).replace("layers: 1", "layers: 2, mobile_layers: 1");
    assert!(text.contains("mobile_layers"));
    stores_what_its_atoms_say("cpu", &observing(&text, ALL), false);
}

#[test]
#[cfg(unix)]
fn a_run_with_observables_goes_on_with_the_same_bits() {
    let place = Place::new(&observing(&surface(40, [30, 1500]), ALL));
    runs::stop_in_production(&place, "cut");
    place.succeed(&["resume", "cut", "--quiet"]);
    place.succeed(&["run", "scene.ron", "--device", "cpu", "-o", "whole", "--quiet"]);
    let (cut, whole) = (outcome(&place.run("cut")), outcome(&place.run("whole")));
    assert_eq!((whole.samples.columns.len(), whole.samples.histograms.len()), (9, 5));
    assert_same("observables", &whole, &cut);
}

#[test]
fn observables_change_nothing_else_and_do_not_depend_on_threads() {
    let bare = surface(4, [10, 60]);
    let place = Place::new(&bare);
    std::fs::write(place.path().join("observed.ron"), observing(&bare, ALL)).expect("the scene");
    place.succeed(&["run", "scene.ron", "--device", "cpu", "-o", "bare", "--quiet"]);
    place.succeed(&["run", "observed.ron", "--device", "cpu", "-o", "observed", "--quiet"]);
    let (bare, mut observed) = (outcome(&place.run("bare")), outcome(&place.run("observed")));
    assert!(bare.samples.columns.is_empty() && bare.samples.histograms.is_empty());
    observed.samples.columns.clear();
    observed.samples.histograms.clear();
    assert_same("with and without observables", &bare, &observed);

    let loaded = scene::load(&place.path().join("observed.ron")).expect("the scene");
    let (observables, batch) = (Observables::from_scene(&loaded), started(&loaded));
    let with = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
        pool.install(|| observables.evaluate_all(&batch))
    };
    assert!(with(1) == with(3));
}

/// Configurations after a few cycles.
fn started(loaded: &CheckedScene) -> Batch {
    let setup = Setup { rng: Rng::new(3), ..Setup::from_scene(loaded).expect("pairs") };
    let mut batch = setup.start().expect("a start");
    let mut backend = setup.open("cpu").expect("a backend");
    let states: Vec<_> =
        (0..batch.configurations.len()).map(|r| adlayer::testing::base::ids::StateId(r as u32 % 6)).collect();
    backend.load(&batch, &setup.grid.states, &states).expect("the batch fits");
    backend.particle_moves(0, 200, false).expect("moves");
    backend.store(&mut batch).expect("the device is there");
    assert!(batch.configurations.iter().any(|x| x.len() > 4));
    batch
}
