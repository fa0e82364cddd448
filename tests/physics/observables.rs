//! Observables against what is known: an ideal gas, one atom on a slab, the reference runs of the default scene; and what a
//! cycle keeps is what it ends with.

use crate::backends::on_every_backend;
use crate::common::henry::energies;
use crate::common::reference::{case, number, rows};
use crate::common::run::{Run, load, project_scene};
use crate::common::scene::{SLAB, Spec};
use crate::common::stats::{Estimate, assert_resolved, assert_z};
use crate::gpu;
use adlayer::testing::input::scene::CheckedScene;
use adlayer::testing::input::scene::grammar::{AxisValues, FirstLayer, Observable, WaveVector};
use adlayer::testing::moves::exchange::Period;
use adlayer::testing::observables::record::Observed;
use adlayer::testing::observables::{Observables, rdf};
use adlayer::testing::sampler::Cycle;
use adlayer::testing::system::configuration::{Batch, Configuration};
use glam::DVec3;

/// What the observables of a run say after each of some cycles: `seen(walker, observed)`.
fn observe(run: &mut Run, cycles: u32, mut seen: impl FnMut(usize, &Observed)) {
    let observables = Observables::from_scene(&run.loaded);
    for _ in 0..cycles {
        run.sampler.advance(Period::Production).unwrap_or_else(|e| panic!("{e}"));
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
        let wanted = "Rdf(r_max: 5.0, bins: 10), Density(bins: 6), Coordination(r: 1.0)";
        let observables = format!("first_layer: (z_max: {layer:?}), observables: [{wanted}],");
        let mut run = Run::start(device, &Spec { observables, ..spec.at(1.0, z) }.text());
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
        let observables = format!("observables: [Density(bins: {bins})],");
        let mut run = Run::start(device, &Spec { observables, ..spec.at(t, 1.0 / q) }.text());
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
            // The scatter among 16 walkers is itself uncertain by a fifth.
            assert_resolved(device, phi, 0.04);
        }
    });
}

/// Whether what a cycle keeps, read while the next one runs, is what a sampler that waits would store.
fn keeps_what_its_cycles_end_with(device: &str) {
    let spec = Spec {
        pair: "epsilon: 1.0, sigma: 1.0",
        cell: "Slab(height: 5.0)".into(),
        substrate: SLAB.into(),
        max_atoms: 24,
        temperature: "List([0.6, 0.8])".into(),
        values: "List([-4.5, -3.8, -3.0])".into(),
        dynamics: "Baoab(dt: 0.004, friction: 1.0, steps: 4)".into(),
        attempts: 20,
        walkers: 2,
        ..Spec::default()
    };
    let text = spec.text();
    let (mut waiting, mut ahead) = (Run::start(device, &text), Run::start(device, &text));
    // Two in a row, then one that keeps nothing.
    let kind = |cycle: u32| Cycle { period: Period::Production, keep: cycle % 3 != 2 };
    let (mut kept, mut atoms) = (Batch::default(), 0);
    for cycle in 0..14 {
        waiting.sampler.advance(Period::Production).expect("a cycle");
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
    if gpu::device().is_some() {
        keeps_what_its_cycles_end_with("gpu");
    }
}
