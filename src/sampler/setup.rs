//! From a scene to a running sampler, in steps that a caller may take one by one.

use super::initial::{Given, initial_batch};
use super::insertion::tables;
use super::{CyclePlan, Sampler, SamplerState};
use crate::backend::{self, Backend, CycleWork, Span};
use crate::base::error::Result;
use crate::base::rng::Rng;
use crate::forces::ForceField;
use crate::input::scene::CheckedScene;
use crate::input::scene::compile::force_field;
use crate::input::scene::grammar::Balance;
use crate::moves::exchange::Assignment;
use crate::ranks::{Part, Ranks, Share};
use crate::system::System;
use crate::system::configuration::Batch;
use crate::thermo::states::StateGrid;
use std::ops::Range;
use std::sync::Arc;

/// A scene compiled: what every sampler and every bare backend of it is built from.
///
/// [`Sampler::from_scene`] takes all steps at once.
#[derive(Clone)]
pub struct Setup {
    /// The scene.
    pub loaded: CheckedScene,
    /// Its system.
    pub system: Arc<System>,
    /// What moves its atoms.
    pub force_field: Arc<dyn ForceField>,
    /// Its states.
    pub grid: StateGrid,
    /// Its random numbers.
    pub rng: Rng,
    /// What a cycle does.
    pub plan: CyclePlan,
}

impl Setup {
    /// Compiles a scene.
    ///
    /// # Errors
    /// When its force field cannot be set up.
    pub fn from_scene(loaded: &CheckedScene) -> Result<Setup> {
        let mut system = System::from_scene(loaded);
        system.insertion = tables(loaded, &system)?.map(Arc::new);
        let system = Arc::new(system);
        Ok(Setup {
            force_field: force_field(loaded, &system)?,
            grid: loaded.grid(),
            rng: Rng::new(loaded.scene.seed),
            plan: CyclePlan {
                steps: system.dynamics.steps(),
                balanced: loaded.scene.balance == Balance::Auto,
                attempts: loaded.scene.moves.insert_delete,
                identity: loaded.scene.moves.identity,
                exchange: loaded.scene.exchange,
            },
            loaded: loaded.clone(),
            system,
        })
    }

    /// An empty backend for the scene.
    ///
    /// - `device`: as [`DeviceChoice`](backend::DeviceChoice) reads it: `auto`, `cpu`, `gpu:NAME`, `gpu:0,gpu:1`, …
    ///
    /// # Errors
    /// [`Error::Device`](crate::base::Error::Device) when there is none of that name, or it cannot sample the scene.
    pub fn open(&self, device: &str) -> Result<Box<dyn Backend>> {
        self.open_with_note(device).map(|(backend, _)| backend)
    }

    /// As [`Setup::open`], with why `auto` passed over a hardware GPU, if it did.
    ///
    /// # Errors
    /// As [`Setup::open`].
    pub fn open_with_note(&self, device: &str) -> Result<(Box<dyn Backend>, Option<String>)> {
        backend::open_with_note(device, Arc::clone(&self.system), Arc::clone(&self.force_field), self.rng)
    }

    /// The first configurations of all replicas.
    ///
    /// # Errors
    /// [`Error::ReplicaFault`](crate::base::Error::ReplicaFault) when overlaps cannot be relaxed or the force field fails.
    pub fn start(&self) -> Result<Batch> {
        self.start_of(0..self.loaded.n_replicas())
    }

    /// The first configurations of some replicas.
    ///
    /// - `replicas`: their global indices
    ///
    /// # Errors
    /// As [`Setup::start`].
    pub fn start_of(&self, replicas: Range<usize>) -> Result<Batch> {
        self.start_from(replicas, &|_, _| None)
    }

    /// The first configurations of some replicas, from those that are given; where none is, from what `initial` says.
    ///
    /// A replica of a window takes as many of the atoms as its bounds allow. Velocities are drawn anew.
    ///
    /// - `replicas`: their global indices
    /// - `given`: of a walker and a state
    ///
    /// # Errors
    /// As [`Setup::start`].
    pub fn start_from(&self, replicas: Range<usize>, given: &Given<'_>) -> Result<Batch> {
        initial_batch(self, replicas, given)
    }

    /// What one of several ranks holds of a run of the scene.
    ///
    /// # Errors
    /// Those of [`Share::of`].
    pub fn share(&self, ranks: &Ranks) -> Result<Share> {
        Share::of(ranks.rank(), ranks.size(), self.loaded.scene.grid.walkers as usize, self.grid.len())
    }

    /// All of a run of the scene.
    pub(super) fn whole(&self) -> Part {
        Part::whole(self.loaded.scene.grid.walkers as usize, self.grid.len())
    }

    /// Divides replicas among the devices of a backend by how fast each is at a cycle from `batch`.
    ///
    /// - `share`: which replicas `batch` has
    ///
    /// # Errors
    /// When a device cannot hold its part, is lost, or a replica fails.
    pub fn share_out(&self, backend: &mut dyn Backend, share: &Share, batch: &Batch) -> Result<()> {
        let assignment = Assignment::identity(self.grid.len(), share.walkers.len());
        let span = |count: u32| (count > 0).then_some(Span { first: 0, count });
        let CyclePlan { steps, attempts, identity, .. } = self.plan;
        let work = CycleWork {
            dynamics: span(steps),
            particle_moves: span(attempts),
            identity: span(identity),
            ..CycleWork::default()
        };
        backend.share_out(batch, &self.grid.states, &assignment.states()[share.own()], &work)
    }

    /// A sampler that starts from `batch`.
    ///
    /// # Errors
    /// When the device cannot hold it.
    pub fn sampler(&self, backend: Box<dyn Backend>, batch: &Batch) -> Result<Sampler> {
        let walkers = batch.configurations.len() / self.grid.len();
        self.sampler_of(backend, Part::whole(walkers, self.grid.len()), batch)
    }

    /// A sampler of some replicas that start from `batch`.
    ///
    /// # Errors
    /// When the device cannot hold it, or another rank is gone.
    pub fn sampler_of(&self, backend: Box<dyn Backend>, part: Part, batch: &Batch) -> Result<Sampler> {
        Sampler::new(self.grid.clone(), backend, Arc::clone(&self.force_field), self.plan, part, batch)
    }

    /// A sampler that goes on where another one of the scene was saved.
    ///
    /// # Errors
    /// Those of [`Sampler::restore`].
    pub fn restore(&self, backend: Box<dyn Backend>, state: &SamplerState) -> Result<Sampler> {
        self.restore_part(backend, self.whole(), state)
    }

    /// A sampler of some replicas that goes on where another one of the scene was saved.
    ///
    /// - `state`: of these replicas
    ///
    /// # Errors
    /// Those of [`Sampler::restore`].
    pub fn restore_part(&self, backend: Box<dyn Backend>, part: Part, state: &SamplerState) -> Result<Sampler> {
        Sampler::restore(self.grid.clone(), backend, Arc::clone(&self.force_field), self.plan, part, state)
    }
}
