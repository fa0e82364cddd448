//! `run.json`: what a run is, how far it has come, and what it took.

use crate::backend::Backend;
use crate::base::error::{Error, Result};
use crate::forces::ServiceRecord;
use crate::input::scene::CheckedScene;
use crate::io::atomic::write_whole;
use crate::io::text::read_text;
use crate::ranks::Messages;
use crate::run::checkpoint::History;
use crate::sample::Thinning;
use crate::sampler::{Balance, CyclePlan, WEIGHTS_TRIED};
use crate::system::insertion::SHARES;
use crate::thermo::Window;
use crate::thermo::states::{StateGrid, StatePoint};
use serde::{Deserialize, Serialize};
use std::path::Path;

/// Errors of the boundaries of a run beside what its scene wants; part of `run.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StoppingStatus {
    /// Standard error of μ that the scene wants \[energy\].
    pub wanted: f64,
    /// Points of boundaries that count.
    pub points: usize,
    /// The largest of their errors \[energy\]; none if there is no point, or a point without an error.
    pub largest: Option<f64>,
    /// Whether every point is known so well.
    pub enough: bool,
    /// Says the same in words.
    pub words: String,
}

/// What the last analysis says of a run; part of `run.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VerdictRecord {
    /// Whether it can be trusted.
    pub trusted: bool,
    /// Why not, in words: none where it can be.
    pub reasons: Vec<String>,
}

/// A state with a window; part of `run.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct WindowRecord {
    /// Index of the state.
    pub state: usize,
    /// Its temperature, scene unit.
    pub temperature: f64,
    /// Species whose number it bounds.
    pub species: String,
    /// Fewest and most atoms.
    pub atoms: (u16, u16),
    /// η of every number of atoms from the fewest on \[kT\]: learned in equilibration, the same in all of production.
    pub weights: Vec<f64>,
}

impl WindowRecord {
    /// The records of all windows of a grid.
    pub(crate) fn of_grid(grid: &StateGrid) -> Vec<WindowRecord> {
        let record = |(state, point, window): (usize, &StatePoint, &Window)| WindowRecord {
            state,
            temperature: point.temperature,
            species: grid.reservoirs[window.reservoir].species.clone(),
            atoms: (window.lo, window.hi()),
            weights: window.weights().to_vec(),
        };
        grid.windows().map(record).collect()
    }
}

/// Where atoms are inserted in production; part of `run.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct InsertionRecord {
    /// Trial positions of an attempt.
    pub trials: usize,
    /// Weights that were tried in equilibration, of which every state and species has the one that changed N most often;
    /// none where the scene gives the weight.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tried: Vec<f64>,
    /// `[n_states][n_reservoirs]`, share of the positions drawn from e^{−βu} of one atom alone.
    pub henry: Vec<Vec<f64>>,
    /// `[n_reservoirs]`, voxels of a surface cell along x, y, z.
    pub voxels: Vec<[u32; 3]>,
    /// `[n_reservoirs]`, surface cells along x and y.
    pub surface_cells: Vec<[u32; 2]>,
}

impl InsertionRecord {
    /// What the replicas of a backend have now; `None` without tables.
    pub(crate) fn of(backend: &dyn Backend) -> Option<InsertionRecord> {
        let (system, ensemble) = (backend.system(), backend.ensemble());
        let tables = system.insertion.as_ref()?;
        let share = |w: u32| (1e6 * f64::from(w) / f64::from(SHARES)).round() / 1e6;
        let own = |weights: &[u32]| weights.iter().map(|&w| share(w)).collect();
        Some(InsertionRecord {
            trials: tables.trials,
            tried: if tables.adapts { WEIGHTS_TRIED.to_vec() } else { Vec::new() },
            henry: ensemble.weights.chunks(system.reservoirs.len().max(1)).map(own).collect(),
            voxels: tables.voxels.iter().map(|v| v.counts).collect(),
            surface_cells: tables.voxels.iter().map(|v| v.repeats).collect(),
        })
    }
}

/// Why a cycle has so many steps; part of `run.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BalanceRecord {
    /// Steps (or displacement attempts) that the scene allows.
    pub most: u32,
    /// Mobile atoms of a replica, on average over equilibration without its start: a step costs as many energies of one
    /// atom, a displacement attempt two.
    pub atoms: f64,
}

impl BalanceRecord {
    /// That of a choice.
    pub(crate) fn of(balance: &Balance, most: u32) -> BalanceRecord {
        BalanceRecord { most, atoms: (1e3 * balance.atoms()).round() / 1e3 }
    }
}

/// The ranks that shared a run; part of `run.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RanksRecord {
    /// How many there were.
    pub ranks: usize,
    /// Machines that they were on.
    pub nodes: usize,
    /// Threads of all of them together.
    pub threads: usize,
    /// Devices of the ranks, each once.
    pub devices: Vec<String>,
    /// Messages of the first rank since it was started.
    pub messages: Messages,
    /// Share of their time that ranks waited for others, on average.
    pub waiting: f64,
}

/// How far a run has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RunStatus {
    /// Sampling, or killed while it was.
    Running,
    /// The schedule is at its end.
    Finished,
    /// Stopped at its wall time or by a signal.
    Interrupted,
    /// Ended by an error.
    Failed,
}

impl std::fmt::Display for RunStatus {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            RunStatus::Running => "running",
            RunStatus::Finished => "finished",
            RunStatus::Interrupted => "interrupted",
            RunStatus::Failed => "failed",
        })
    }
}

/// `run.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunRecord {
    /// Version of adlayer.
    pub version: String,
    /// How far it has come.
    pub status: RunStatus,
    /// Title of the scene.
    pub title: String,
    /// File name of the scene.
    pub scene: String,
    /// Seed of every random number.
    pub seed: u64,
    /// Device that sampled.
    pub device: String,
    /// Its driver; empty where there is none.
    pub driver: String,
    /// Which kernel ran, by rule.
    pub kernel: String,
    /// Threads of the host.
    pub threads: usize,
    /// Start of the run in seconds since 1970.
    pub started_unix: u64,
    /// Number of states.
    pub n_states: usize,
    /// Independent copies of the grid.
    pub walkers: u32,
    /// Number of replicas.
    pub n_replicas: usize,
    /// Cycles of equilibration asked for.
    pub equilibration: u32,
    /// Cycles of production asked for.
    pub production: u32,
    /// Cycles of production done; of a run that goes on, as far as it was known a few seconds ago.
    pub production_done: u32,
    /// Cycles done, those of equilibration included.
    #[serde(default)]
    pub cycles_done: u64,
    /// Steps (or displacement attempts) of a cycle of production.
    pub steps: u32,
    /// Why there are so many, where they were chosen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub balance: Option<BalanceRecord>,
    /// Insertion and deletion attempts of a cycle, on average over the states.
    pub attempts: u32,
    /// `[n_states]`, those of every state, where they were divided among them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attempts_of_states: Vec<u32>,
    /// Attempts of a cycle at changes of identity.
    #[serde(default)]
    pub identity: u32,
    /// Where atoms are inserted, unless everywhere alike.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub insertion: Option<InsertionRecord>,
    /// Cycles between stored samples after thinning.
    pub sample_stride: u32,
    /// Seconds of sampling.
    pub seconds_sampling: f64,
    /// Seconds of analysis; 0 before it has run.
    pub seconds_analysis: f64,
    /// Steps times replicas per second, particle moves and exchange included.
    pub replica_steps_per_s: f64,
    /// Insertion and deletion attempts per second, dynamics and exchange included.
    pub attempts_per_s: f64,
    /// How often the run was resumed; an extension that its stopping rule asked for counts.
    #[serde(default)]
    pub resumed: u32,
    /// Windows with their weights, once these are final.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub windows: Vec<WindowRecord>,
    /// Errors of the boundaries, where the scene has a stopping rule and they were analysed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub boundaries: Option<StoppingStatus>,
    /// Whether it can be trusted, once it is analysed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verdict: Option<VerdictRecord>,
    /// What programs outside have computed, where they compute.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub forces: Option<ServiceRecord>,
    /// The ranks that shared the run last, if there were several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ranks: Option<RanksRecord>,
    /// Warnings of the checks of the scene and of the run itself.
    pub warnings: Vec<String>,
}

impl RunRecord {
    /// The record of a run that is about to start or to go on.
    pub(crate) fn new(loaded: &CheckedScene, backend: &dyn Backend, plan: CyclePlan, history: &History) -> RunRecord {
        let (scene, schedule, info) = (&loaded.scene, &loaded.scene.schedule, backend.info());
        RunRecord {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            status: RunStatus::Running,
            title: scene.title.clone(),
            scene: history.scene_name.clone(),
            seed: scene.seed,
            device: info.description,
            driver: info.driver,
            kernel: info.kernel,
            threads: rayon::current_num_threads(),
            started_unix: history.started_unix,
            n_states: loaded.n_replicas() / scene.grid.walkers as usize,
            walkers: scene.grid.walkers,
            n_replicas: loaded.n_replicas(),
            equilibration: schedule.equilibration,
            production: schedule.production,
            production_done: 0,
            cycles_done: 0,
            steps: plan.steps,
            balance: None,
            attempts: plan.attempts,
            attempts_of_states: Vec::new(),
            identity: plan.identity,
            insertion: None,
            sample_stride: thinning(loaded).stride(),
            seconds_sampling: history.seconds_sampling,
            seconds_analysis: 0.0,
            replica_steps_per_s: 0.0,
            attempts_per_s: 0.0,
            resumed: history.resumed,
            windows: Vec::new(),
            boundaries: None,
            verdict: None,
            forces: None,
            ranks: None,
            warnings: history.warnings.clone(),
        }
    }

    /// Whether what was sampled has been analysed to the end.
    pub fn is_analysed(&self) -> bool {
        self.seconds_analysis > 0.0
    }

    /// Writes `run.json` into a run directory.
    ///
    /// # Errors
    /// [`Error::Io`] if it cannot be written.
    pub fn write(&self, directory: &Path) -> Result<()> {
        write_whole(&directory.join("run.json"), self.text()?.as_bytes())
    }

    /// The text of `run.json`.
    ///
    /// # Errors
    /// [`Error::Json`].
    pub(crate) fn text(&self) -> Result<String> {
        let text = serde_json::to_string_pretty(self).map_err(|source| Error::Json { what: "run.json", source })?;
        Ok(text + "\n")
    }

    /// Reads `run.json` of a run directory.
    ///
    /// # Errors
    /// Those of [`read_text`], and [`Error::RecordDamaged`].
    pub fn read(directory: &Path) -> Result<RunRecord> {
        let path = directory.join("run.json");
        let text = read_text("record of the run", &path)?;
        RunRecord::parse(&text).map_err(|source| Error::RecordDamaged { path, source })
    }

    /// Reads the text of a `run.json`.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> serde_json::Result<RunRecord> {
        serde_json::from_str(text)
    }
}

/// Which cycles of a scene are stored.
pub(crate) fn thinning(loaded: &CheckedScene) -> Thinning {
    let schedule = &loaded.scene.schedule;
    Thinning::new(schedule.production, schedule.sample_every, loaded.scene.grid.walkers, schedule.max_samples_per_state)
}
