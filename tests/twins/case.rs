//! Systems of scenes, warmed up on the reference and loaded into any backend.

use adlayer::testing::backend::{Backend, open};
use adlayer::testing::base::ids::StateId;
use adlayer::testing::base::rng::Rng;
use adlayer::testing::input::scene;
use adlayer::testing::sampler::Setup;
use adlayer::testing::system::System;
use adlayer::testing::system::configuration::{Batch, Configuration};
use adlayer::testing::thermo::states::StateGrid;
use glam::DVec3;
use std::path::Path;
use std::sync::Arc;

/// A system with configurations as a run would meet them, one per state and walker.
pub(crate) struct Case {
    pub(crate) system: Arc<System>,
    pub(crate) grid: StateGrid,
    pub(crate) batch: Batch,
    pub(crate) ids: Vec<StateId>,
}

const SEED: u64 = 11;

impl Case {
    /// The scene after `cycles` of dynamics and particle moves on the reference.
    pub(crate) fn new(text: &str, cycles: u64) -> Case {
        let loaded = scene::parse(text, Path::new("twins.ron")).unwrap_or_else(|e| panic!("{e}"));
        let setup = Setup { rng: Rng::new(SEED), ..Setup::from_scene(&loaded).expect("pairs") };
        let batch = setup.start().expect("a sound start");
        let (system, grid) = (setup.system, setup.grid);
        let ids: Vec<StateId> = (0..batch.configurations.len()).map(|r| StateId((r % grid.len()) as u32)).collect();
        let mut case = Case { system, grid, batch, ids };
        let mut reference = case.open("reference");
        for cycle in 0..cycles {
            reference.propagate(cycle * 20, 20).expect("moved");
            reference.particle_moves(cycle * 60, 60, false).expect("tried");
        }
        let mut batch = Batch::default();
        reference.store(&mut batch).expect("handed out");
        case.batch = batch;
        case
    }

    /// A backend without replicas.
    pub(crate) fn open_empty(&self, device: &str) -> Box<dyn Backend> {
        open(device, Arc::clone(&self.system), Rng::new(SEED)).unwrap_or_else(|e| panic!("{e}"))
    }

    /// A backend with the replicas of the case.
    pub(crate) fn open(&self, device: &str) -> Box<dyn Backend> {
        let mut backend = self.open_empty(device);
        backend.load(&self.batch, &self.grid.states, &self.ids).expect("loaded");
        backend
    }
}

/// The configurations that a backend holds.
pub(crate) fn stored(backend: &dyn Backend) -> Vec<Configuration> {
    let mut batch = Batch::default();
    backend.store(&mut batch).expect("handed out");
    batch.configurations
}

/// Atoms that two ways of one backend lead to: the same to the bit, but on a device, whose compiler may fuse a product with
/// a sum in one kernel and not in the other, to the rounding of their coordinates.
#[track_caller]
pub(crate) fn assert_same_atoms(label: &str, a: &dyn Backend, b: &dyn Backend) {
    let (fused, lengths) = (a.info().description.contains("Vulkan"), a.system().cell.lengths);
    // A position about a host follows from the places of its neighbours, each rounded.
    let roundings = if a.system().bonds.is_some() { 4.0 } else { 1.0 };
    for (r, (x, y)) in stored(a).iter().zip(&stored(b)).enumerate() {
        assert_eq!(x.species, y.species, "{label}: replica {r}: different decisions");
        if !fused {
            assert!(x == y, "{label}: replica {r}: other coordinates");
        }
        let within = |p: DVec3, q: DVec3, allowed: f64| (p - q).abs().max_element() <= allowed;
        for (i, (p, q)) in x.positions.iter().zip(&y.positions).enumerate() {
            assert!(
                within(*p, *q, roundings * lengths.max_element() * 2.0_f64.powi(-22)),
                "{label}: replica {r}, atom {i}: {p} and {q}"
            );
        }
        for (i, (v, w)) in x.velocities.iter().zip(&y.velocities).enumerate() {
            // Logarithms and sines of a device have a few roundings more.
            assert!(
                within(*v, *w, 1e-5 * v.length().max(1.0)),
                "{label}: replica {r}, atom {i}: velocities {v} and {w}"
            );
        }
    }
}

/// Energies and counts of the same atoms, to the rounding of running energies on a device.
#[track_caller]
pub(crate) fn assert_same_measurements(label: &str, a: &mut dyn Backend, b: &mut dyn Backend) {
    let fused = a.info().description.contains("Vulkan");
    let (x, y) = (a.measure().expect("energies"), b.measure().expect("energies"));
    for (r, (x, y)) in x.iter().zip(&y).enumerate() {
        let allowed = if fused { 1e-4 * (1.0 + x.energy.abs()) } else { 0.0 };
        assert_eq!(x.counts, y.counts, "{label}: replica {r}");
        assert!((x.energy - y.energy).abs() <= allowed, "{label}: replica {r}: {} and {}", x.energy, y.energy);
    }
}
