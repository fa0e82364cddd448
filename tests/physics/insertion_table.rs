//! Insertion from tables: the ensemble is the same, wherever atoms are tried.

use crate::backends::on_every_backend;
use crate::common::reference::{case, number, numbers, rows};
use crate::common::run::{Run, load};
use crate::common::scene::{SLAB, Spec};
use crate::common::stats::{assert_resolved, assert_z};
use adlayer::testing::base::rng::Rng;
use adlayer::testing::moves::exchange::Period;
use adlayer::testing::sampler::{Cycle, SamplerState, Setup, WEIGHTS_TRIED};
use adlayer::testing::system::insertion::{MOST_WEIGHT, Places, SHARES, shares_of};
use glam::DVec3;

/// The same scene with another insertion.
fn inserting(text: &str, insertion: &str) -> String {
    text.replace("moves: (", &format!("moves: (insertion: {insertion}, "))
}

#[test]
fn two_atoms_on_a_slab_are_those_of_quadrature() {
    on_every_backend(|device| {
        for row in rows(&case("c_slab_two_particles")) {
            for trials in [1, 3] {
                let spec = Spec {
                    pair: "epsilon: 1.0, sigma: 1.0",
                    cell: format!("Slab(height: {:?})", number(&row["params"], "H")),
                    substrate: SLAB.into(),
                    max_atoms: 2,
                    dynamics: "MonteCarlo(displacement: 0.4, attempts: 4)".into(),
                    walkers: 64,
                    attempts: 12,
                    equilibration: 20,
                    production: 300,
                    ..Spec::default()
                };
                let spec = spec.at(number(row, "T"), number(row, "activity_z"));
                let run =
                    Run::whole(device, &inserting(&spec.text(), &format!("Biased(henry: 0.9, trials: {trials})")));
                let label = format!("{device} T {} with {trials} trials", number(row, "T"));
                for (n, &p) in numbers(row, "P_N").iter().enumerate() {
                    assert_z(&format!("{label} P({n})"), run.estimate(0, |t| t.probability(n)), p, 0.0);
                }
                let n = run.estimate(0, |t| t.atoms());
                assert_z(&format!("{label} N"), n, number(row, "N"), 0.0);
                assert_resolved(&label, n, 0.01);
                assert_z(&format!("{label} E"), run.estimate(0, |t| t.energy()), number(row, "E"), 0.0);
            }
        }
    });
}

/// A gas that condenses on a slab in two states, inserted in four ways: the averages agree.
#[test]
fn a_layer_does_not_depend_on_where_its_atoms_are_tried() {
    on_every_backend(|device| {
        let spec = Spec {
            pair: "epsilon: 1.0, sigma: 1.0",
            cell: "Slab(height: 4.0)".into(),
            substrate: SLAB.replace("layers: 3", "layers: 2, mobile_layers: 1"),
            max_atoms: 40,
            temperature: "List([0.9])".into(),
            values: "List([-5.0, -3.5])".into(),
            walkers: 16,
            dynamics: "Baoab(dt: 0.004, friction: 1.0, steps: 10)".into(),
            attempts: 60,
            equilibration: 60,
            production: 120,
            ..Spec::default()
        };
        let run = |insertion: &str| Run::whole(device, &inserting(&spec.text(), insertion));
        let uniform = run("Uniform");
        for insertion in ["Biased(henry: 0.9)", "Biased(henry: 0.5, trials: 3)", "Biased(trials: 2)"] {
            let biased = run(insertion);
            for k in 0..2 {
                let (ours, theirs) = (biased.estimate(k, |t| t.atoms()), uniform.estimate(k, |t| t.atoms()));
                assert_z(&format!("{device} {insertion} N of state {k}"), ours, theirs.value, theirs.error);
                assert_resolved(&format!("{device} {insertion}"), ours, 0.1);
                let (ours, theirs) = (biased.estimate(k, |t| t.energy()), uniform.estimate(k, |t| t.energy()));
                assert_z(&format!("{device} {insertion} E of state {k}"), ours, theirs.value, theirs.error);
            }
        }
    });
}

/// The tables of a scene.
fn setup(text: &str) -> Setup {
    Setup::from_scene(&load(text)).expect("tables")
}

#[test]
fn a_table_repeats_with_the_slab_and_is_dense_in_its_hollows() {
    let spec = Spec {
        pair: "epsilon: 1.0, sigma: 1.0",
        cell: "Slab(height: 6.0)".into(),
        substrate: SLAB.into(),
        temperature: "List([0.3, 0.8])".into(),
        ..Spec::default()
    };
    let system = setup(&inserting(&spec.text(), "Biased(henry: 0.9)")).system;
    let tables = system.insertion.as_deref().expect("tables");
    assert_eq!((tables.voxels[0].repeats, tables.weight, tables.trials), ([6, 3], shares_of(MOST_WEIGHT), 1));
    assert!(tables.voxels[0].len() <= 14_400 && tables.voxels[0].len() > 10_000);
    let own = [tables.weight];
    let hollow = DVec3::new(0.55, 1.1 / (2.0 * 3f64.sqrt()), 0.95);
    let [cold, hot] = [0.3, 0.8].map(|kt| Places::new(Some(tables), kt, &own).density(0).expect("a density"));
    assert!(cold.relative(hollow) > hot.relative(hollow) && hot.relative(hollow) > 5.0);
    let next_cell = hollow + DVec3::new(1.1, 0.0, 0.0);
    assert_eq!(cold.relative(hollow).to_bits(), cold.relative(next_cell).to_bits());
    // inside the slab and far above it only the uniform tenth is left
    assert!((cold.relative(DVec3::new(0.0, 0.0, 0.1)) - 0.1).abs() < 1e-6);
    assert!(cold.relative(DVec3::new(0.0, 0.0, 5.5)) < 0.11);
    // a seeded draw falls where it should
    let rng = Rng::new(3);
    let near = (0..2000)
        .filter_map(|k| cold.draw(rng.block(adlayer::testing::base::rng::Stream::InsertPosition, k, 0, 0)))
        .filter(|r| r.z < 1.6)
        .count();
    assert!(near > 1700, "{near} of 1800 at the slab");
}

#[test]
fn tables_of_other_scenes() {
    let table = |text: &str| {
        let system = setup(&inserting(text, "Biased(henry: 0.8)")).system;
        let tables = system.insertion.clone().expect("tables");
        (tables.voxels[0], tables)
    };
    // nothing to go by: one voxel, which is as good as none
    let (voxels, tables) = table(&Spec::default().text());
    assert_eq!((voxels.counts, tables.cumulative.clone()), ([1, 1, 1], vec![0, SHARES]));
    // a structureless wall: a column
    let wall = Spec {
        external: "Wall93(species: \"B\", epsilon: 3.0, sigma: 1.0)".into(),
        cell: "Slab(height: 6.0, lengths: (5.0, 5.0))".into(),
        ..Spec::default()
    };
    let (voxels, tables) = table(&wall.text());
    assert_eq!((voxels.counts, voxels.repeats), ([1, 1, 1024], [1, 1]));
    let most = (0..1024).max_by_key(|&v| tables.cumulative[v + 1] - tables.cumulative[v]).expect("voxels");
    assert!((voxels.position(most, DVec3::splat(0.5)).z - 0.4_f64.powf(1.0 / 6.0)).abs() < 0.02);
    // a trap belongs to no surface cell
    let trap = Spec { external: "Harmonic(species: \"B\", spring: 2.0)".into(), ..Spec::default() };
    let (voxels, _) = table(&trap.text());
    assert_eq!(voxels.repeats, [1, 1]);
    assert!(voxels.counts.iter().all(|&n| n == 40), "{voxels:?}");
}

/// Weights that are chosen in equilibration: the choice and all bits after it are the same, whether a run is cut within
/// equilibration, at its end or not at all, and whether the device is a cycle ahead.
#[test]
fn a_choice_does_not_depend_on_where_a_run_was_cut() {
    on_every_backend(|device| {
        let spec = Spec {
            pair: "epsilon: 1.0, sigma: 1.0",
            cell: "Slab(height: 5.0)".into(),
            substrate: SLAB.into(),
            max_atoms: 30,
            temperature: "List([0.6, 0.9])".into(),
            values: "List([-5.0, -2.0])".into(),
            walkers: 2,
            dynamics: "Baoab(dt: 0.004, friction: 1.0, steps: 4)".into(),
            attempts: 40,
            equilibration: 60,
            ..Spec::default()
        };
        let setup = setup(&inserting(&spec.text(), "Biased(trials: 2)"));
        let (equilibration, cycles) = (60, 80);
        let cycle = |c: u32| Cycle::from(if c < equilibration { Period::Equilibration } else { Period::Production });
        let run = |cuts: &[u32], ahead: bool| -> SamplerState {
            let mut sampler =
                setup.sampler(setup.open(device).expect("opened"), &setup.start().expect("sound")).expect("loaded");
            for c in 0..cycles {
                let cut = cuts.contains(&(c + 1));
                let next = (ahead && !cut && c + 1 < cycles).then(|| cycle(c + 1));
                sampler.advance_ahead(cycle(c), next).expect("a cycle");
                if cut {
                    let state = sampler.save().expect("saved");
                    sampler = setup.restore(setup.open(device).expect("opened"), &state).expect("restored");
                }
            }
            sampler.save().expect("saved")
        };
        let whole = run(&[], false);
        let chosen = whole.weights.clone().expect("weights are chosen");
        assert!(whole == run(&[], true), "{device}: ahead");
        assert!(whole == run(&[17, equilibration, 70], false), "{device}: cut");
        assert!(whole == run(&[31], true), "{device}: cut and ahead");
        let without = SamplerState { weights: None, ..whole };
        assert!(setup.restore(setup.open(device).expect("opened"), &without).is_err(), "weights are missing");
        // what was chosen is one of those that were tried, and not the same everywhere
        let words = format!("{chosen:?}");
        let used = WEIGHTS_TRIED.iter().filter(|&&w| words.contains(&shares_of(w).to_string())).count();
        assert!(used >= 2, "{device}: {words}");
    });
}
