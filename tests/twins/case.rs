//! Systems of scenes, warmed up on the reference and loaded into any backend.

use adlayer::testing::backend::{Backend, open};
use adlayer::testing::base::ids::StateId;
use adlayer::testing::base::rng::Rng;
use adlayer::testing::input::scene;
use adlayer::testing::sampler::Setup;
use adlayer::testing::system::System;
use adlayer::testing::system::configuration::{Batch, Configuration};
use adlayer::testing::thermo::states::StateGrid;
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
