//! What the checks share: a device, scenes, runs over independent walkers.

use crate::backend::Backend;
use crate::base::error::Result;
use crate::base::ids::ReplicaId;
use crate::input::scene;
use crate::moves::exchange::Period;
use crate::sampler::{Sampler, Setup};
use crate::system::configuration::Measurement;
use std::path::Path;

/// A slab with a mobile and a frozen layer and adsorbed atoms of another species, without friction.
pub(crate) const SLAB: &str = r#"Scene(
    units: Lj,
    species: [ (name: "A", symbol: "Cu", mass: 1.0), (name: "B", symbol: "Ar", mass: 1.7) ],
    potential: LennardJones(cutoff: 2.5, truncation: Shifted,
        pairs: [ (between: ("A","A"), epsilon: 1.0, sigma: 1.0), (between: ("A","B"), epsilon: 1.5, sigma: 1.0),
                 (between: ("B","B"), epsilon: 0.6, sigma: 1.3) ]),
    cell: Slab(height: 6.0),
    substrate: Fcc111(species: "A", nearest_neighbour: 1.10, repeat: (5, 3), layers: 2, mobile_layers: 1),
    reservoir: [ (species: "B", max_atoms: 24) ],
    initial: [ (species: "B", atoms: 14, placement: Random) ],
    grid: ( temperature: List([0.6, 0.8]), reservoir: [ (species: "B", convention: Activity, values: List([-3.0])) ] ),
    dynamics: Verlet(dt: 0.001, steps: 1, redraw: false),
    moves: (insert_delete: 10),
    schedule: (equilibration: 1, production: 1),
)"#;

/// The device under test.
pub(crate) struct Fixture {
    device: String,
    pub(crate) quick: bool,
    pub(crate) describe: String,
    pub(crate) kernel: String,
}

impl Fixture {
    /// Opens the device once, to see that it is there and what it is.
    pub(crate) fn new(device: &str, quick: bool) -> Result<Fixture> {
        let backend = setup(SLAB)?.open(device)?;
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
        setup.open(&self.device)
    }

    /// A sampler at the start of a scene.
    pub(crate) fn sampler(&self, setup: &Setup) -> Result<Sampler> {
        setup.sampler(self.open(setup)?, &setup.start()?)
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
            sampler.advance(Period::Production)?;
            for (r, m) in sampler.measurements().iter().enumerate() {
                let id = ReplicaId(r as u32);
                let assignment = sampler.assignment();
                visit(&sampler, r, assignment.walker_of(id), assignment.state_of(id).index(), m)?;
            }
        }
        sampler.audit()
    }
}

/// Compiles the text of a scene.
pub(crate) fn setup(text: &str) -> Result<Setup> {
    Setup::from_scene(&scene::parse(text, Path::new("verify.ron"))?)
}
