//! A run stores what its atoms say, on every backend, and observables change nothing else.

use crate::announce::announce;
use crate::gpu;
use crate::outcome::{assert_same, outcome};
use crate::place::{Place, surface};
#[cfg(unix)]
use crate::processes::stop_in_production;
use adlayer::testing::base::ids::StateId;
use adlayer::testing::base::rng::Rng;
use adlayer::testing::input::scene::{self, CheckedScene};
use adlayer::testing::observables::Observables;
use adlayer::testing::sample::trajectory::read_trajectory;
use adlayer::testing::sample::{SampleRow, Samples};
use adlayer::testing::sampler::Setup;
use adlayer::testing::system::configuration::Batch;
use std::collections::HashMap;

/// Every observable that the small surface of the runs can have.
const ALL: &str = "observables: [Layers, Order(wave_vector: OneByOne), Psi6, Coordination(r: 1.9), Sites, Cluster(r: 1.9), \
                   Rdf(r_max: 4.0, bins: 40), Density(bins: 50)],";

/// A scene with observables.
fn observing(text: &str, observables: &str) -> String {
    text.replace("    schedule:", &format!("    {observables}\n    schedule:"))
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
    let loaded = scene::load(directory.join("resolved.ron")).expect("the scene");
    let observables = Observables::from_scene(&loaded);
    let (samples, frames) = (outcome(&directory).samples, read_trajectory(&directory).expect("configurations"));
    let rows: HashMap<(u32, u32), usize> =
        (0..samples.len()).map(|i| ((samples.cycle[i], samples.replica[i]), i)).collect();
    assert!(frames.len() > 100 && samples.len() == rows.len(), "{} frames", frames.len());
    let (mut differing, mut atoms_seen) = (0, 0.0);
    for frame in &frames {
        let i = rows[&(frame.cycle, frame.replica)];
        let mut again = Samples::new(0).observing(&observables.fields());
        let row = SampleRow { cycle: 0, walker: 0, replica: 0, state: 0, energy: 0.0, counts: &[] };
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
    announce(&format!("{device}: {} configurations, {differing} values differ", frames.len()));
}

#[test]
fn a_run_stores_what_its_atoms_say() {
    let text = observing(&surface(4, [10, 30]), ALL);
    stores_what_its_atoms_say("reference", &text, false);
    stores_what_its_atoms_say("cpu", &text, false);
}

#[test]
fn a_run_on_a_gpu_stores_what_its_atoms_say() {
    if gpu::device().is_none() {
        return;
    }
    stores_what_its_atoms_say("gpu", &observing(&surface(4, [10, 30]), ALL), true);
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
    stop_in_production(&place, "cut");
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

    let loaded = scene::load(place.path().join("observed.ron")).expect("the scene");
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
    let states: Vec<_> = (0..batch.configurations.len()).map(|r| StateId(r as u32 % 6)).collect();
    backend.load(&batch, &setup.grid.states, &states).expect("the batch fits");
    backend.particle_moves(0, 200, false).expect("moves");
    backend.store(&mut batch).expect("the device is there");
    assert!(batch.configurations.iter().any(|x| x.len() > 4));
    batch
}
