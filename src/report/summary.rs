//! Summary of the run for its report.

use crate::base::units::Units;
use crate::run::tables::{ExchangeRow, MoveRow, SegmentRow};
use serde::Serialize;

/// Settings, timings and rates of a run, as the report shows them.
#[derive(Debug, Clone, Serialize)]
pub struct RunSummary {
    /// Title of the scene; may be empty.
    pub title: String,
    /// Stem of the scene file.
    pub scene_name: String,
    /// Version of adlayer that sampled.
    pub version: String,
    /// Unit system of all numbers.
    pub units: Units,
    /// Device that sampled, in words.
    pub device: String,
    /// Kernel or code path used.
    pub kernel: String,
    /// Seed of all random numbers.
    pub seed: u64,
    /// Equilibration cycles.
    pub equilibration: u64,
    /// Production cycles.
    pub production: u64,
    /// Independent copies of the grid.
    pub walkers: usize,
    /// States of the grid.
    pub n_states: usize,
    /// The runs that are analysed together, where they are several; all numbers beside are those of the first, or sums.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub runs: Vec<RunLine>,
    /// Replicas: states × walkers.
    pub n_replicas: usize,
    /// Wall-clock times.
    pub seconds: Seconds,
    /// Dynamics steps of one replica, summed over replicas, per second of sampling.
    pub replica_steps_per_s: f64,
    /// Insertion and deletion attempts per second of sampling.
    pub attempts_per_s: f64,
    /// Acceptance of particle moves, per reservoir species.
    pub acceptance: Vec<MoveRow>,
    /// Acceptance of segments of dynamics, where these accept or reject them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub segments: Option<SegmentRow>,
    /// Every edge of the exchange graph.
    pub exchange: Vec<ExchangeRow>,
    /// The simulated cell.
    pub cell: CellSummary,
    /// Warnings, each a sentence.
    pub warnings: Vec<String>,
    /// The scene with every default written out.
    pub resolved_scene: String,
}

/// One of several runs that are analysed together.
#[derive(Debug, Clone, Serialize)]
pub struct RunLine {
    /// Its directory.
    pub directory: String,
    /// Title of its scene; may be empty.
    pub title: String,
    /// Its temperatures, scene unit.
    pub temperatures: Vec<f64>,
    /// `[n_reservoirs]`, values of its axes, as its scene gives them.
    pub values: Vec<Vec<f64>>,
    /// Its states.
    pub n_states: usize,
    /// Independent copies of its grid.
    pub walkers: usize,
    /// Equilibration cycles.
    pub equilibration: u32,
    /// Production cycles.
    pub production: u32,
    /// Seed of its random numbers.
    pub seed: u64,
    /// Device that sampled, in words.
    pub device: String,
}

/// The simulated cell, for the note on finite size.
#[derive(Debug, Clone, Default, Serialize)]
pub struct CellSummary {
    /// Edges along x, y and z \[length\]; z from floor to ceiling.
    pub lengths: [f64; 3],
    /// How far the second period leads along x \[length\].
    pub tilt: f64,
    /// The shortest period, or width of an oblique cell \[length\].
    pub shortest_period: f64,
    /// Whether z is a period too.
    pub periodic_z: bool,
    /// Most atoms of each reservoir species.
    pub max_atoms: Vec<(String, u16)>,
}

/// Wall-clock times. \[s\]
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub struct Seconds {
    /// Equilibration and production.
    pub sampling: f64,
    /// Analysis and drawing.
    pub analysis: f64,
}
