//! The configurations of a run, from which another one of the same system starts.

use crate::base::error::{Error, Result};
use crate::base::ids::StateId;
use crate::input::scene::CheckedScene;
use crate::moves::exchange::Assignment;
use crate::run::checkpoint;
use crate::system::configuration::Configuration;
use crate::thermo::states::{StateGrid, StatePoint};
use std::path::Path;

/// What every state of a run held when it was last saved.
pub(crate) struct Donors {
    grid: StateGrid,
    /// `[walkers][n_points]`
    configurations: Vec<Vec<Configuration>>,
}

impl Donors {
    /// Reads the last checkpoint of a run.
    ///
    /// # Errors
    /// Those of [`checkpoint::read`], and [`Error::CheckpointMisfit`] if its replicas do not hold every state of the scene once.
    pub(crate) fn read(directory: &Path, loaded: &CheckedScene) -> Result<Donors> {
        let (checkpoint, _) = checkpoint::read(directory, checkpoint::most_bytes(loaded))?;
        let grid = loaded.grid();
        let sampler = checkpoint.state.sampler;
        let all = sampler.backend.batch().configurations;
        let assignment = Assignment::from_states(grid.len(), &sampler.assignment)
            .filter(|_| sampler.assignment.len() == all.len())
            .ok_or_else(|| Error::CheckpointMisfit { problem: "its states are no permutation".to_owned() })?;
        let of_walker = |walker: usize| -> Vec<Configuration> {
            let state = |k: usize| all[assignment.replica_of(walker, StateId(k as u32)).index()].clone();
            (0..grid.n_points()).map(state).collect()
        };
        let configurations = (0..assignment.walkers()).map(of_walker).collect();
        Ok(Donors { configurations, grid })
    }

    /// What the nearest state held in one of the walkers: steps along an axis are measured by its length.
    ///
    /// - `walker`: numbered from 0; more of them than there were begin again with the first
    pub(crate) fn nearest(&self, walker: usize, state: &StatePoint) -> Option<Configuration> {
        let of_walker = self.configurations.get(walker % self.configurations.len().max(1))?;
        let coordinates = |s: &StatePoint| -> Vec<f64> {
            let values = self.grid.reservoirs.iter().zip(&s.ln_z).map(|(r, &ln_z)| r.convention.mu(ln_z, s.kt));
            std::iter::once(s.kt).chain(values).collect()
        };
        let places: Vec<Vec<f64>> = self.grid.points().iter().map(coordinates).collect();
        let lengths: Vec<f64> = (0..places.first()?.len())
            .map(|d| {
                let along = || places.iter().map(|place| place[d]);
                along().fold(f64::MIN, f64::max) - along().fold(f64::MAX, f64::min)
            })
            .collect();
        let own = coordinates(state);
        let distance = |place: &Vec<f64>| -> f64 {
            let steps = place.iter().zip(&own).zip(&lengths).filter(|(_, length)| **length > 0.0);
            steps.map(|((a, b), length)| ((a - b) / length).powi(2)).sum()
        };
        let nearest = (0..places.len()).min_by(|&a, &b| distance(&places[a]).total_cmp(&distance(&places[b])))?;
        of_walker.get(nearest).cloned()
    }
}

/// Where a run was sampled, as its device is named when it is opened.
///
/// # Errors
/// Those of [`checkpoint::read`].
pub(crate) fn device_of(directory: &Path, loaded: &CheckedScene) -> Result<String> {
    let (checkpoint, _) = checkpoint::read(directory, checkpoint::most_bytes(loaded))?;
    Ok(checkpoint.header.device.open)
}
