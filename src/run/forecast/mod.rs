//! What a run will take: memory, disk, time, and how often neighbouring states will exchange.

mod exchange;
mod limits;

pub use exchange::AxisExchange;

use crate::base::units::bytes;
use crate::base::{Error, Result};
use crate::input::scene::CheckedScene;
use crate::input::scene::grammar::{Balance, Dynamics};
use crate::moves::MoveKind;
use crate::observables::Observables;
use crate::sample::tally_snapshots::MARKS;
use crate::sample::trajectory::{bytes_of_frame, frame_thinning};
use crate::system::System;
use serde::Serialize;
use std::path::Path;

/// Time of one pair energy or force on one core [s]; a round number until measured.
const SECONDS_PER_PAIR: f64 = 3e-9;
/// Time of one attempt beside its pairs: random numbers, walls, the decision [s].
const SECONDS_PER_ATTEMPT: f64 = 4e-8;
/// Memory of one slot of a replica: position, velocity, force, species, identity, and copies for the checkpoint [byte].
const BYTES_PER_SLOT: u64 = 320;
/// Memory of a replica beside its slots [byte].
const BYTES_PER_REPLICA: u64 = 1024;
/// Memory of a state's averages beside its histograms [byte].
const BYTES_PER_STATE: u64 = 4096;
/// Memory of the tallies of one N: three numbers for every kind of move [byte].
const BYTES_PER_TALLY: u64 = 24 * MoveKind::TALLIED.len() as u64;
/// Memory of a sample while it is analysed: E, N, state, weights [byte].
const BYTES_PER_SAMPLE: u64 = 64;
/// Buffers of what observables store: as it is, encoded, and compressed [byte].
const BYTES_OF_BUFFERS: u64 = 16 << 20;
/// What a run needs whatever its size: program, figures [byte].
const BYTES_OF_PROGRAM: u64 = 64 << 20;
/// Figures and tables of a run on disk [byte].
const BYTES_OF_FIGURES: u64 = 8 << 20;

/// What a run will take.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Estimate {
    /// States of the grid.
    pub n_states: usize,
    /// Copies of the grid.
    pub walkers: u32,
    /// States times walkers.
    pub n_replicas: usize,
    /// Mobile atoms that a replica may hold.
    pub capacity: usize,
    /// Frozen slab atoms.
    pub n_frozen: usize,
    /// Samples stored at the end.
    pub n_samples: u64,
    /// Peak memory \[byte\].
    pub memory_bytes: u64,
    /// Size of the run directory \[byte\].
    pub disk_bytes: u64,
    /// Cores that share the replicas.
    pub cores: usize,
    /// Pair energies and forces of the whole run.
    pub pairs: f64,
    /// Time of sampling \[s\], within a factor of a few: 3 ns a pair and core and 40 ns an attempt, reservoirs half full.
    pub seconds: f64,
    /// One entry per axis with more than one value.
    pub exchange: Vec<AxisExchange>,
    /// Limits of N that will shape the result, in words.
    pub limits: Vec<String>,
    /// Axes along which states are too far apart to exchange, in words.
    pub far_apart: Vec<String>,
}

/// Estimates a run.
pub fn estimate(loaded: &CheckedScene) -> Estimate {
    let size = Size::of(loaded);
    let cores = std::thread::available_parallelism().map_or(1, usize::from).min(size.n_replicas.max(1));
    let pairs = pairs(loaded, &size);
    let (mut model, grid) = (exchange::Model::new(loaded), loaded.grid());
    let exchange = exchange::exchange(&mut model, &grid);
    Estimate {
        n_states: size.n_states,
        walkers: loaded.scene.grid.walkers,
        n_replicas: size.n_replicas,
        capacity: size.capacity,
        n_frozen: size.n_frozen,
        n_samples: size.n_samples,
        memory_bytes: size.memory_bytes(),
        disk_bytes: size.disk_bytes(),
        cores,
        pairs,
        seconds: (pairs * SECONDS_PER_PAIR + attempts(loaded, &size) * SECONDS_PER_ATTEMPT) / cores as f64,
        far_apart: exchange::far_apart(&grid, &exchange),
        exchange,
        limits: limits::limits(&mut model, loaded, &grid),
    }
}

/// Refuses a run that cannot fit the memory of this machine, where the operating system says how much there is.
///
/// # Errors
/// [`Error::Scene`] with what is needed and what there is.
pub fn check_memory(loaded: &CheckedScene) -> Result<()> {
    let needed = Size::of(loaded).memory_bytes();
    let Some(free) = free_memory().filter(|&free| needed > free) else { return Ok(()) };
    let message = format!("the run needs {} of memory, and {} are free", bytes(needed), bytes(free));
    let help = "make the grid, `walkers`, `max_atoms` or `max_samples_per_state` smaller";
    Err(Error::Scene(Box::new(loaded.error_at("grid", message, help))))
}

/// Refuses a run that cannot fit the disk that holds `directory`, where the operating system says how much there is.
///
/// # Errors
/// [`Error::DiskFull`] with what is needed and what there is.
pub fn check_disk(loaded: &CheckedScene, directory: &Path) -> Result<()> {
    let needed = Size::of(loaded).disk_bytes();
    match free_disk(directory).filter(|&free| needed > free) {
        None => Ok(()),
        Some(free) => Err(Error::DiskFull { needed: bytes(needed), free: bytes(free), path: directory.to_owned() }),
    }
}

/// The numbers that memory and disk follow from.
struct Size {
    n_states: usize,
    n_replicas: usize,
    n_reservoirs: usize,
    capacity: usize,
    n_frozen: usize,
    /// Σ over reservoirs of N_max + 1
    n_counts: usize,
    n_samples: u64,
    /// What the observables store with a sample [byte]
    observed: u64,
    /// Stored configurations
    n_frames: u64,
}

impl Size {
    fn of(loaded: &CheckedScene) -> Size {
        let (grid, schedule) = (&loaded.scene.grid, &loaded.scene.schedule);
        let n_replicas = loaded.n_replicas();
        let n_states = n_replicas / grid.walkers.max(1) as usize;
        let drawn = u64::from(grid.walkers) * u64::from(schedule.production.div_ceil(schedule.sample_every.max(1)));
        Size {
            n_states,
            n_replicas,
            n_reservoirs: loaded.scene.reservoir.len(),
            capacity: loaded.capacity(),
            n_frozen: loaded.slab.frozen().count(),
            n_counts: loaded.scene.reservoir.iter().map(|r| usize::from(r.max_atoms) + 1).sum(),
            n_samples: n_states as u64 * drawn.min(u64::from(schedule.max_samples_per_state)),
            observed: Observables::from_scene(loaded).fields().iter().map(|f| f.bytes() as u64).sum(),
            n_frames: {
                let capacity = loaded.capacity();
                let (production, every) = (schedule.production, schedule.sample_every);
                let thinning = frame_thinning(production, every, grid.walkers, n_states, capacity);
                n_replicas as u64 * u64::from(thinning.stored_cycles(production))
            },
        }
    }

    /// Peak memory: replicas, averages and histograms, and the samples in analysis.
    fn memory_bytes(&self) -> u64 {
        let replicas = self.n_replicas as u64 * (self.capacity as u64 * BYTES_PER_SLOT + BYTES_PER_REPLICA);
        // Averages and transition-matrix tallies of every walker: up and down; three times while a checkpoint is written.
        let states = self.n_replicas as u64 * (BYTES_PER_STATE + 3 * self.n_counts as u64 * BYTES_PER_TALLY);
        let buffers = if self.observed > 0 { BYTES_OF_BUFFERS } else { 0 };
        BYTES_OF_PROGRAM
            + buffers
            + replicas
            + states
            + self.n_frozen as u64 * 32
            + self.n_samples * (BYTES_PER_SAMPLE + self.observed)
    }

    /// Run directory: samples and configurations (replicas full) without compression, two checkpoints, marks, figures.
    fn disk_bytes(&self) -> u64 {
        let row = 22 + 2 * self.n_reservoirs as u64 + self.observed;
        let checkpoint =
            self.n_replicas as u64 * (self.capacity as u64 * 60 + self.n_counts as u64 * BYTES_PER_TALLY + 2048);
        // Marks keep the N that were tried, not all that there may be: a quarter of them.
        let marks = u64::from(MARKS) * self.n_replicas as u64 * self.n_counts as u64 * (10 + BYTES_PER_TALLY) / 4;
        self.n_samples * row + self.n_frames * bytes_of_frame(self.capacity) + 2 * checkpoint + marks + BYTES_OF_FIGURES
    }
}

/// Pairs evaluated in a whole run, all pairs within a replica, reservoirs half full.
fn pairs(loaded: &CheckedScene, size: &Size) -> f64 {
    let scene = &loaded.scene;
    let reservoirs: f64 = scene.reservoir.iter().map(|r| f64::from(r.max_atoms)).sum();
    let n = size.capacity as f64 - 0.5 * reservoirs;
    let images = System::from_scene(loaded).image_shifts().len() as f64;
    let of_one = (size.n_frozen as f64 + n) * images;
    let of_all = n * (size.n_frozen as f64 + 0.5 * n) * images;
    let dynamics = match scene.dynamics {
        Dynamics::Baoab { steps, .. } | Dynamics::Verlet { steps, .. } => f64::from(steps) * of_all,
        // The forces of its start and the energies of both ends are summed as well.
        Dynamics::Hmc { steps, .. } | Dynamics::Ghmc { steps, .. } => (f64::from(steps) + 3.0) * of_all,
        Dynamics::MonteCarlo { attempts, .. } => 2.0 * f64::from(attempts) * of_one,
    };
    // an atom that changes is summed as what it is and as what it is to be
    let moves = (f64::from(scene.moves.insert_delete) + 2.0 * f64::from(scene.moves.identity)) * of_one;
    let dynamics = if scene.balance == Balance::Auto { dynamics.min(moves) } else { dynamics };
    let cycles = f64::from(scene.schedule.equilibration) + f64::from(scene.schedule.production);
    cycles * size.n_replicas as f64 * (dynamics + moves + of_all)
}

/// Attempts of a whole run: displacements, insertions and deletions, changes of identity.
fn attempts(loaded: &CheckedScene, size: &Size) -> f64 {
    let scene = &loaded.scene;
    let displacements = match scene.dynamics {
        Dynamics::MonteCarlo { attempts, .. } => f64::from(attempts),
        _ => 0.0,
    };
    let of_cycle = displacements + f64::from(scene.moves.insert_delete) + f64::from(scene.moves.identity);
    let cycles = f64::from(scene.schedule.equilibration) + f64::from(scene.schedule.production);
    cycles * size.n_replicas as f64 * of_cycle
}

/// Memory that can be had without swapping, where the system says so [byte].
fn free_memory() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/meminfo").ok()?;
    let line = text.lines().find_map(|l| l.strip_prefix("MemAvailable:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()?.checked_mul(1024)
}

/// Space left on the disk that holds a folder, or would hold it [byte].
#[cfg(unix)]
fn free_disk(directory: &Path) -> Option<u64> {
    let directory = std::path::absolute(directory).ok()?;
    let existing = directory.ancestors().find(|d| d.exists())?;
    let status = rustix::fs::statvfs(existing).ok()?;
    status.f_bavail.checked_mul(status.f_frsize)
}

/// Space left on the disk: not known on this system.
#[cfg(not(unix))]
fn free_disk(_directory: &Path) -> Option<u64> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::input::scene::grammar::Observable;

    fn default_scene() -> CheckedScene {
        let text = include_str!("../../../scenes/lj_surface.ron");
        crate::input::scene::parse(text, Path::new("lj_surface.ron")).unwrap_or_else(|e| panic!("{e}"))
    }

    #[test]
    fn the_default_scene_is_small() {
        let e = estimate(&default_scene());
        assert_eq!((e.n_states, e.n_replicas, e.capacity, e.n_frozen, e.n_samples), (98, 98, 64, 108, 147_000));
        assert!(e.memory_bytes < 1 << 30 && e.disk_bytes < 1 << 30 && e.seconds > 1.0);
        assert!(check_memory(&default_scene()).is_ok() && check_disk(&default_scene(), Path::new(".")).is_ok());
    }

    #[test]
    fn what_observables_store_is_counted() {
        let mut loaded = default_scene();
        loaded.scene.observables.clear();
        let bare = estimate(&loaded);
        loaded.scene.observables = vec![Observable::Psi6, Observable::Density { bins: 100 }];
        let e = estimate(&loaded);
        // two numbers in single precision, a hundred in half
        assert_eq!(e.disk_bytes - bare.disk_bytes, e.n_samples * 208);
        assert_eq!(e.memory_bytes - bare.memory_bytes, e.n_samples * 208 + BYTES_OF_BUFFERS);
    }

    #[test]
    fn what_cannot_fit_is_refused() {
        let mut loaded = default_scene();
        loaded.scene.grid.walkers = 60_000;
        loaded.scene.reservoir[0].max_atoms = 60_000;
        if free_memory().is_some() {
            let Err(e) = check_memory(&loaded) else { panic!("45 TiB fit") };
            assert!(e.to_string().contains("TiB of memory"), "{e}");
        }
    }
}
