//! What the checks share: a device, scenes, runs over independent walkers.

use super::backend;
use crate::backend::Backend;
use crate::base::error::Result;
use crate::base::ids::ReplicaId;
use crate::base::rng::Rng;
use crate::input::scene::{self, CheckedScene};
use crate::moves::exchange::Period;
use crate::run::start::plan;
use crate::sampler::initial::initial_batch;
use crate::sampler::{CyclePlan, Sampler};
use crate::system::System;
use crate::system::configuration::{Batch, Measurement};
use crate::thermo::states::StateGrid;
use std::path::Path;
use std::sync::Arc;

/// The device under test.
pub(crate) struct Fixture {
    device: String,
    pub(crate) quick: bool,
    pub(crate) describe: String,
    pub(crate) kernel: String,
}

/// A scene with what a backend needs of it.
pub(crate) struct Setup {
    pub(crate) loaded: CheckedScene,
    pub(crate) system: Arc<System>,
    pub(crate) grid: StateGrid,
    pub(crate) rng: Rng,
    pub(crate) plan: CyclePlan,
}

impl Fixture {
    /// Opens the device once, to see that it is there and what it is.
    pub(crate) fn new(device: &str, quick: bool) -> Result<Fixture> {
        let setup = Setup::new(super::exact::SLAB)?;
        let backend = backend::open(device, setup.system, setup.rng)?;
        // From here on the very device that was found, whatever `auto` may mean for a scene.
        let info = backend.info();
        Ok(Fixture { device: info.identity.open, quick, describe: info.description, kernel: info.kernel })
    }

    /// The name that opens the device.
    pub(crate) fn device(&self) -> &str {
        &self.device
    }

    /// `quick` or `long`, as the user wants it.
    pub(crate) fn size(&self, quick: u32, long: u32) -> u32 {
        if self.quick { quick } else { long }
    }

    /// The device, empty, for a scene.
    pub(crate) fn open(&self, setup: &Setup) -> Result<Box<dyn Backend>> {
        backend::open(&self.device, Arc::clone(&setup.system), setup.rng)
    }

    /// A sampler at the start of a scene.
    pub(crate) fn sampler(&self, setup: &Setup) -> Result<Sampler> {
        let batch = setup.start()?;
        Sampler::new(setup.grid.clone(), self.open(setup)?, setup.plan, &batch)
    }

    /// Runs a scene; `visit` sees every production cycle: the sampler, then walker, state and measurement of each replica.
    pub(crate) fn run(
        &self,
        setup: &Setup,
        mut visit: impl FnMut(&Sampler, usize, usize, usize, &Measurement) -> Result<()>,
    ) -> Result<()> {
        let schedule = &setup.loaded.scene.schedule;
        let mut sampler = self.sampler(setup)?;
        for _ in 0..schedule.equilibration {
            sampler.advance(Period::Equilibration)?;
        }
        for _ in 0..schedule.production {
            sampler.advance(Period::SecondHalf)?;
            for (r, m) in sampler.measurements().iter().enumerate() {
                let id = ReplicaId(r as u32);
                let assignment = sampler.assignment();
                visit(&sampler, r, assignment.walker_of(id), assignment.state_of(id).index(), m)?;
            }
        }
        sampler.audit()
    }
}

impl Setup {
    /// Reads the text of a scene.
    pub(crate) fn new(text: &str) -> Result<Setup> {
        let loaded = scene::parse(text, Path::new("verify.ron"))?;
        let system = Arc::new(System::from_scene(&loaded));
        let (grid, rng) = (loaded.grid(), Rng::new(loaded.scene.seed));
        let plan = plan(&loaded, &system);
        Ok(Setup { loaded, system, grid, rng, plan })
    }

    /// The first configurations.
    pub(crate) fn start(&self) -> Result<Batch> {
        initial_batch(&self.loaded, &self.system, &self.grid, &self.rng)
    }
}
