//! Looking at a run from outside: only files are read, its lock is only tried, and nothing is written.

use crate::analysis::diagnostics::{Flow, flows};
use crate::analysis::statistics::cohorts::Cohorts;
use crate::base::{Error, Result};
use crate::input::scene::{self, CheckedScene};
use crate::io::csv::Table;
use crate::io::text::read_text;
use crate::run::directory::{is_held, refuse_file};
use crate::run::family;
use crate::run::tables::{ExchangeRow, MoveRow, parse_exchange, parse_moves};
use crate::run::{RunRecord, RunStatus};
use crate::sample::read_samples;
use crate::workflow::extend::is_at_goal;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// Bytes of samples up to which they are read at every look that finds more of them.
const MOST_BYTES: u64 = 256 << 20;

/// A run that is being watched.
#[derive(Debug)]
pub struct Watched {
    directory: PathBuf,
    /// Its scene.
    pub loaded: CheckedScene,
    species: Vec<String>,
    /// Bytes of samples up to which they are read.
    most_bytes: u64,
    /// Bytes of samples at the last look that read them, with the flows found.
    trips: Option<(u64, Vec<Flow>)>,
    /// Its further runs, as far as they have been seen.
    further: Vec<Watched>,
}

/// What there was to see.
#[derive(Debug)]
pub struct Look {
    /// `run.json`.
    pub record: RunRecord,
    /// Time since it was written, by the clock of the file system; `None` where that is ahead.
    pub age: Option<Duration>,
    /// Whether it is said to be running and nobody holds its lock: its process was killed, or is on a machine whose locks are not seen here.
    pub is_abandoned: bool,
    /// Acceptance of particle moves; empty before the first tables.
    pub moves: Vec<MoveRow>,
    /// Exchange of every edge; empty before the first tables.
    pub exchange: Vec<ExchangeRow>,
    /// `[n_points][n_reservoirs]`, ⟨N⟩ of each state's own cycles with its error; empty before the first tables.
    pub counts: Vec<Vec<(f64, f64)>>,
    /// `[n_points]`, ⟨E⟩ of each state's own cycles with its error.
    pub energy: Vec<(f64, f64)>,
    /// Travel of replicas along every axis, from the samples stored so far; `None` where none are, or too many to be read.
    pub flows: Option<Vec<Flow>>,
    /// Bytes of samples, those of further runs too.
    pub sample_bytes: u64,
    /// Whether anything is still to come: the run or a further run of it goes on, or what follows is being decided.
    pub goes_on: bool,
    /// Further runs beside it, in the order of their numbers.
    pub further: Vec<Look>,
}

/// Longest time between two words of a program that is alive, sampling or analysing.
pub const SILENT: Duration = Duration::from_secs(120);

impl Look {
    /// Whether something is still to come while nothing is being sampled.
    pub fn is_between_runs(&self) -> bool {
        let mut all = std::iter::once(self).chain(&self.further);
        self.goes_on && all.all(|run| run.record.status != RunStatus::Running)
    }
}

impl Watched {
    /// A run to be watched.
    ///
    /// # Errors
    /// [`Error::InputMissing`] if there is none, and those of [`scene::load`].
    pub fn new(directory: &Path) -> Result<Watched> {
        refuse_file(directory)?;
        let resolved = directory.join("resolved.ron");
        if !resolved.is_file() {
            return Err(Error::InputMissing {
                what: "run directory (with its resolved.ron)",
                path: directory.to_owned(),
            });
        }
        let loaded = scene::load(&resolved)?;
        let species = loaded.scene.reservoir.iter().map(|r| r.species.clone()).collect();
        let (directory, further) = (directory.to_owned(), Vec::new());
        Ok(Watched { directory, loaded, species, most_bytes: MOST_BYTES, trips: None, further })
    }

    /// The same, where samples are read up to other bytes.
    #[must_use]
    pub fn reading_up_to(self, most_bytes: u64) -> Watched {
        Watched { most_bytes, ..self }
    }

    /// Looks once. Tables that are not there yet, or just being replaced, are left out.
    ///
    /// # Errors
    /// Those of [`RunRecord::read`].
    pub fn look(&mut self) -> Result<Look> {
        let mut record = RunRecord::read(&self.directory)?;
        let is_abandoned = record.status == RunStatus::Running && is_held(&self.directory) == Some(false) && {
            // It may have ended since.
            record = RunRecord::read(&self.directory)?;
            record.status == RunStatus::Running
        };
        let written = std::fs::metadata(self.directory.join("run.json")).and_then(|m| m.modified()).ok();
        let age = written.and_then(|at| SystemTime::now().duration_since(at).ok());
        let table = |name: &str| read_text("table", &self.directory.join(name)).ok();
        let states = table("states.csv");
        let moves = states.as_ref().and_then(|text| parse_moves(text, &self.species).ok()).unwrap_or_default();
        let exchange = table("exchange.csv").and_then(|text| parse_exchange(&text).ok()).unwrap_or_default();
        let states = states.and_then(|text| Table::parse(&text).ok());
        let pairs = |mean: &str, error: &str| states.as_ref().map_or_else(Vec::new, |t| columns(t, mean, error));
        let by_species: Vec<Vec<(f64, f64)>> =
            self.species.iter().map(|s| pairs(&format!("n_{s}_mean"), &format!("n_{s}_err"))).collect();
        let n_points = by_species.first().map_or(0, Vec::len);
        let counts = (0..n_points).map(|k| by_species.iter().map(|s| s[k]).collect()).collect();
        let energy = pairs("energy_mean", "energy_err");
        let own_bytes = bytes_of(&self.directory.join("samples"));
        let flows = self.flows(own_bytes);
        let further = self.further();
        let sample_bytes = own_bytes + further.iter().map(|run| run.sample_bytes).sum::<u64>();
        let goes_on = self.goes_on(&record, age, &further);
        Ok(Look { record, age, is_abandoned, moves, exchange, counts, energy, flows, sample_bytes, goes_on, further })
    }

    /// Looks at the further runs; one that is just being made is seen the next time.
    fn further(&mut self) -> Vec<Look> {
        for directory in family::further(&self.directory).into_iter().skip(self.further.len()) {
            let Ok(run) = Watched::new(&directory) else { break };
            self.further.push(run.reading_up_to(self.most_bytes));
        }
        self.further.iter_mut().map_while(|run| run.look().ok()).collect()
    }

    /// Between two runs of a family nothing is running, but its program is at work until the goal of the scene is reached.
    fn goes_on(&self, record: &RunRecord, age: Option<Duration>, further: &[Look]) -> bool {
        let all = || std::iter::once(record).chain(further.iter().map(|run| &run.record));
        if all().any(|r| r.status == RunStatus::Running) {
            return true;
        }
        let is_silent = std::iter::once(age).chain(further.iter().map(|run| run.age)).flatten().min() > Some(SILENT);
        let are_finished = all().all(|r| r.status == RunStatus::Finished);
        are_finished && !is_silent && !is_at_goal(&self.loaded, record, further.iter().map(|run| &run.record))
    }

    /// Travel of replicas, read again only where there are more samples than before.
    fn flows(&mut self, bytes: u64) -> Option<Vec<Flow>> {
        if self.trips.as_ref().is_none_or(|(known, _)| *known != bytes) && (1..=self.most_bytes).contains(&bytes) {
            let samples = read_samples(&self.directory, &self.species).ok()?;
            let grid = self.loaded.grid();
            let cohorts = Cohorts::one(grid.len(), 0);
            self.trips = Some((bytes, flows(&grid, &samples, &cohorts)));
        }
        self.trips.as_ref().map(|(_, flows)| flows.clone())
    }
}

/// Two columns of a table row by row, NaN where a cell is empty; nothing without the columns.
fn columns(table: &Table, mean: &str, error: &str) -> Vec<(f64, f64)> {
    let index = |name: &str| table.columns().iter().position(|c| c == name);
    let (Some(mean), Some(error)) = (index(mean), index(error)) else { return Vec::new() };
    let number = |cell: &String| cell.parse().unwrap_or(f64::NAN);
    table.rows().iter().map(|row| (number(&row[mean]), number(&row[error]))).collect()
}

/// Bytes of the files of a folder; 0 without one.
fn bytes_of(folder: &Path) -> u64 {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.metadata().ok()).map(|m| m.len()).sum()
}
