//! Finished runs in the formats of other programs.
//!
//! | format | read by |
//! | --- | --- |
//! | [`pymbar`] | pymbar, numpy: u_kn, N_k and what they are made of |
//! | [`configurations`] extended XYZ | ASE, OVITO: the stored configurations of each state |
//! | [`configurations`] LAMMPS data | LAMMPS, ASE, OVITO: one file a configuration |

pub mod configurations;
pub mod pymbar;

use crate::base::error::{Error, Result};
use crate::base::ids::StateId;
use crate::input::scene::CheckedScene;
use crate::run::combined::{scenes_of_one_system, union_of};
use crate::run::family::families;
use crate::system::System;
use crate::thermo::states::StateGrid;
use crate::thermo::union::Member;
use std::collections::BTreeSet;
use std::path::PathBuf;

/// Temperatures count as equal within this relative difference.
const SAME_TEMPERATURE: f64 = 1e-6;

/// Runs of one system that are exported together, and the states of them that are wanted.
#[derive(Debug)]
pub struct Source {
    /// Run directories; walkers and replicas are numbered on from one to the next.
    pub directories: Vec<PathBuf>,
    /// Scene of the first; the others describe the same system.
    pub loaded: CheckedScene,
    /// Walkers of each run.
    pub walkers: Vec<u32>,
    /// What was simulated.
    pub system: System,
    /// The states of all runs.
    pub grid: StateGrid,
    /// `[n_runs]`, where the states of each are among all.
    pub(crate) members: Vec<Member>,
    /// States that are exported, ascending.
    pub states: Vec<StateId>,
}

/// Which states are wanted; both conditions must hold.
#[derive(Debug, Clone, Default)]
pub struct Selection {
    /// Indices of states; all if absent.
    pub states: Option<Vec<u32>>,
    /// Temperatures of the grid in the scene's unit; all if absent.
    pub temperatures: Option<Vec<f64>>,
}

impl Source {
    /// Opens runs and picks their states.
    ///
    /// # Errors
    /// [`Error::InputMissing`] if a directory holds no run, [`Error::BadInput`] if the runs are not of one system,
    /// [`Error::Argument`] if a state or temperature is none of the grid.
    pub fn open(directories: &[PathBuf], selection: &Selection) -> Result<Source> {
        let directories = &families(directories)[..];
        let mut scenes = scenes_of_one_system(directories)?;
        let walkers = scenes.iter().map(|s| s.scene.grid.walkers).collect();
        let (grid, members) = union_of(directories, &scenes)?;
        let loaded = scenes.swap_remove(0);
        let states = selection.of(&grid)?;
        Ok(Source {
            directories: directories.to_vec(),
            system: System::from_scene(&loaded),
            loaded,
            walkers,
            grid,
            members,
            states,
        })
    }

    /// Where things go unless the user says otherwise: inside the first run.
    pub fn folder(&self, name: &str) -> PathBuf {
        self.directories[0].join(name)
    }
}

impl Selection {
    /// The states that are wanted, ascending.
    fn of(&self, grid: &StateGrid) -> Result<Vec<StateId>> {
        let n = grid.len();
        if let Some(k) = self.states.iter().flatten().find(|&&k| k as usize >= n) {
            return Err(Error::argument(
                format!("state {k} does not exist: the run has states 0 to {}", n - 1),
                "states.csv lists them",
            ));
        }
        let same = |a: f64, b: f64| (a - b).abs() <= SAME_TEMPERATURE * a.abs();
        let own: BTreeSet<_> = grid.states.iter().map(|s| s.temperature.to_bits()).collect();
        let own: Vec<f64> = own.into_iter().map(f64::from_bits).collect();
        if let Some(t) = self.temperatures.iter().flatten().find(|&&t| !own.iter().any(|&g| same(g, t))) {
            let own: Vec<String> = own.iter().map(f64::to_string).collect();
            return Err(Error::argument(
                format!("no state has T = {t}"),
                format!("the run has T = {}", own.join(", ")),
            ));
        }
        let wanted = |k: u32| {
            let t = grid.state(StateId(k)).temperature;
            self.states.as_ref().is_none_or(|s| s.contains(&k))
                && self.temperatures.as_ref().is_none_or(|ts| ts.iter().any(|&w| same(t, w)))
        };
        let states: Vec<StateId> = (0..n as u32).filter(|&k| wanted(k)).map(StateId).collect();
        if states.is_empty() {
            return Err(Error::argument(
                "no state is at once in --states and at --temperature",
                "leave one of them out",
            ));
        }
        Ok(states)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::thermo::Convention;
    use crate::thermo::states::ReservoirAxis;

    #[test]
    fn states_are_picked_by_index_and_temperature() {
        let axis = ReservoirAxis { species: "B".into(), convention: Convention::Activity, values: vec![-2.0, -1.0] };
        let grid = StateGrid::product(&[0.5, 1.0, 1.5], 1.0, &[axis]);
        let pick = |states: Option<&[u32]>, temperatures: Option<&[f64]>| {
            let selection =
                Selection { states: states.map(<[_]>::to_vec), temperatures: temperatures.map(<[_]>::to_vec) };
            selection.of(&grid).map(|s| s.into_iter().map(|k| k.0).collect::<Vec<_>>()).map_err(|e| e.to_string())
        };
        assert_eq!(pick(None, None), Ok(vec![0, 1, 2, 3, 4, 5]));
        assert_eq!(pick(Some(&[4, 1]), None), Ok(vec![1, 4]));
        assert_eq!(pick(None, Some(&[1.5, 0.5])), Ok(vec![0, 1, 4, 5]));
        assert_eq!(pick(Some(&[0, 3, 5]), Some(&[1.0])), Ok(vec![3]));
        assert!(pick(Some(&[6]), None).is_err_and(|e| e.contains("0 to 5")));
        assert!(pick(None, Some(&[0.7])).is_err_and(|e| e.contains("0.5, 1, 1.5")));
        assert!(pick(Some(&[0]), Some(&[1.0])).is_err_and(|e| e.contains("leave one of them out")));
    }
}
