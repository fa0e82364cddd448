//! The scene as the user writes it: every field under its normative name, defaults filled in.

mod cell;
mod grid;
mod observables;
mod particles;
mod potential;
mod run;
mod windows;

pub use crate::potential::{Images, Truncation};
pub use cell::{CellSpec, MobileSelection, Substrate};
pub use grid::{AxisValues, ConventionSpec, Grid, GridReservoir};
pub use observables::FirstLayer;
pub use particles::{Initial, Placement, Region, Reservoir, Species, Walkers};
pub use potential::*;
pub use run::{Balance, Dynamics, Exchange, Insertion, Moves, Schedule, Until};
pub use windows::{WindowSpec, Windows};

pub use crate::observables::{ObservableSpec as Observable, WaveVector};

use crate::base::units::Units;
use serde::{Deserialize, Serialize};

/// A whole scene.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scene {
    /// Free text for reports.
    #[serde(default)]
    pub title: String,
    /// Unit system of every number below.
    pub units: Units,
    /// Planck's constant in reduced units; needed by the `Absolute` convention.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub planck: Option<f64>,
    /// Every kind of atom, frozen or mobile.
    pub species: Vec<Species>,
    /// Interactions between atoms.
    pub potential: Potential,
    /// Fields that act on single atoms.
    #[serde(default)]
    pub external: Vec<External>,
    /// Shape of the simulation cell.
    pub cell: CellSpec,
    /// The slab, if there is one.
    #[serde(default)]
    pub substrate: Option<Substrate>,
    /// Species whose number fluctuates.
    #[serde(default)]
    pub reservoir: Vec<Reservoir>,
    /// Mobile atoms present at the start.
    #[serde(default)]
    pub initial: Vec<Initial>,
    /// The grid of states.
    pub grid: Grid,
    /// Further states, uniform in N between bounds.
    #[serde(default, skip_serializing_if = "Windows::are_none")]
    pub windows: Windows,
    /// How atoms move between particle moves.
    pub dynamics: Dynamics,
    /// Whether the steps of a cycle are those of `dynamics`, or at most those.
    #[serde(default)]
    pub balance: Balance,
    /// Particle moves of a cycle.
    #[serde(default)]
    pub moves: Moves,
    /// Replica exchange.
    #[serde(default)]
    pub exchange: Exchange,
    /// Length of the run.
    pub schedule: Schedule,
    /// Seed of every random number.
    #[serde(default = "one_u64")]
    pub seed: u64,
    /// Order parameters to evaluate while sampling.
    #[serde(default)]
    pub observables: Vec<Observable>,
    /// Where the first adsorbed layer ends, for observables that look at it alone; unset: what the slab's potential says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_layer: Option<FirstLayer>,
}

fn one_u64() -> u64 {
    1
}

fn one_u32() -> u32 {
    1
}
