//! Processes that were started together by mpirun or srun.

use super::args::Command;
use super::exit::exit_code;
use crate::backend::gpu::hardware_adapters;
use crate::backend::{DeviceChoice, DeviceName};
use crate::base::{Error, Result};
use crate::ranks::{Ranks, Talk};

/// Variables with the number of processes that a launcher has started, and that of this one. Slurm's are those of a step:
/// a batch script, which is one process, has none.
const LAUNCHERS: [(&str, &str); 4] = [
    ("OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_RANK"),
    ("PMI_SIZE", "PMI_RANK"),
    ("MV2_COMM_WORLD_SIZE", "MV2_COMM_WORLD_RANK"),
    ("SLURM_STEP_NUM_TASKS", "SLURM_PROCID"),
];

/// How often this program was started together, and which one of them this is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Launch {
    size: usize,
    rank: usize,
}

/// What a launcher says in the environment; `None` where one process was started.
fn launch(variable: impl Fn(&str) -> Option<String>) -> Option<Launch> {
    let number = |name: &str| -> Option<usize> { variable(name).and_then(|text| text.parse().ok()) };
    let of = |(size, rank): (&str, &str)| Some(Launch { size: number(size)?, rank: number(rank).unwrap_or(0) });
    LAUNCHERS.into_iter().filter_map(of).find(|launch| launch.size > 1)
}

/// The processes of a command, as one of them sees them.
pub(super) struct Joined {
    pub(super) ranks: Ranks,
    /// Ends MPI with itself.
    #[cfg(feature = "mpi")]
    _processes: Option<crate::ranks::mpi::Processes>,
}

/// Joins the processes that were started together for a command that they can share.
///
/// # Errors
/// [`Error::Argument`] where they cannot, told by the first of them alone.
pub(super) fn join(command: &Command) -> Result<Joined> {
    let Some(launch) = launch(|name| std::env::var(name).ok()) else { return Ok(alone()) };
    let told_once = |result: Result<Joined>| match result {
        Err(_) if launch.rank > 0 => Err(Error::ToldElsewhere),
        other => other,
    };
    if !matches!(command, Command::Run(_) | Command::Resume(_) | Command::Bench(_)) {
        let problem = format!("{} processes were started together, and all of them would do the same", launch.size);
        return told_once(Err(Error::argument(problem, "start one; `run`, `resume` and `bench` share their work")));
    }
    told_once(connect(launch))
}

/// The exit code of [`join`]'s error: the same on all processes, which cannot ask one another.
pub(super) fn code_of_refusal(error: &Error) -> u8 {
    match error {
        Error::ToldElsewhere => exit_code(&Error::argument("", "")),
        other => exit_code(other),
    }
}

fn alone() -> Joined {
    Joined {
        ranks: Ranks::alone(),
        #[cfg(feature = "mpi")]
        _processes: None,
    }
}

#[cfg(not(feature = "mpi"))]
fn connect(launch: Launch) -> Result<Joined> {
    let problem = format!(
        "{} processes were started together, but this adlayer was built without MPI: each would make the whole run",
        launch.size
    );
    Err(Error::argument(
        problem,
        "start one, or build with MPI on this machine: cargo install --path . --features mpi (docs/mpi.md)",
    ))
}

#[cfg(feature = "mpi")]
fn connect(launch: Launch) -> Result<Joined> {
    let processes = crate::ranks::mpi::Processes::join()?;
    let ranks = processes.ranks().clone();
    if ranks.size() != launch.size {
        let problem = format!(
            "{} processes were started together, but MPI says that there are {}: adlayer was built with another MPI than \
             the mpirun that has started it",
            launch.size,
            ranks.size()
        );
        return Err(Error::argument(problem, "start it with the mpirun of that MPI, or build it again (docs/mpi.md)"));
    }
    share_cores(&ranks)?;
    Ok(Joined { ranks, _processes: Some(processes) })
}

/// Gives every rank of a machine its share of the cores, where the launcher has not bound it to some.
#[cfg(feature = "mpi")]
fn share_cores(ranks: &Ranks) -> Result<()> {
    let nodes = ranks.all_gather(Talk::Start, crate::run::node().as_bytes())?;
    let here = nodes.iter().filter(|node| **node == nodes[ranks.rank()]).count();
    let all = crate::run::cores();
    let bound = std::thread::available_parallelism().map_or(1, usize::from) < all;
    if bound || std::env::var_os("RAYON_NUM_THREADS").is_some() {
        return Ok(());
    }
    let threads = (all / here).max(1);
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build_global();
    pool.map_err(|source| Error::Threads { threads, source })
}

/// The device of a rank: where several ranks are on a machine with several cards, and one card or any device was asked
/// for, each takes the card of its number on the machine.
///
/// # Errors
/// When another rank is lost.
pub(super) fn own_device(choice: &DeviceChoice, ranks: &Ranks) -> Result<String> {
    let any = matches!(choice, DeviceChoice::Auto | DeviceChoice::One(DeviceName::Gpu));
    if ranks.is_alone() || !any {
        return Ok(choice.to_string());
    }
    let nodes = ranks.all_gather(Talk::Start, crate::run::node().as_bytes())?;
    let (own, cards) = (&nodes[ranks.rank()], hardware_adapters());
    let here = nodes.iter().filter(|node| *node == own).count();
    let before = nodes[..ranks.rank()].iter().filter(|node| *node == own).count();
    Ok(match here > 1 && cards > 1 {
        true => DeviceName::GpuNumber(before % cards).to_string(),
        false => choice.to_string(),
    })
}

/// Ends a command that has failed, on all ranks: cleanly where all have failed alike, at once where one has.
///
/// - `code`: of this rank
/// - returns: the code of the first
pub(super) fn end_together(ranks: &Ranks, code: u8) -> u8 {
    if !ranks.is_alone() && !ranks.have_agreed_to_end() {
        ranks.abort(code);
    }
    match ranks.broadcast(Talk::Start, vec![code]) {
        Ok(codes) => codes.first().copied().unwrap_or(code),
        Err(_) => code,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_launcher_is_known_by_what_it_says() {
        let with = |said: &'static [(&'static str, &'static str)]| {
            launch(move |name| said.iter().find(|(n, _)| *n == name).map(|(_, value)| (*value).to_owned()))
        };
        assert_eq!(with(&[]), None);
        assert_eq!(
            with(&[("OMPI_COMM_WORLD_SIZE", "4"), ("OMPI_COMM_WORLD_RANK", "3")]),
            Some(Launch { size: 4, rank: 3 })
        );
        assert_eq!(with(&[("PMI_SIZE", "2"), ("PMI_RANK", "0")]), Some(Launch { size: 2, rank: 0 }));
        assert_eq!(with(&[("SLURM_STEP_NUM_TASKS", "8"), ("SLURM_PROCID", "5")]), Some(Launch { size: 8, rank: 5 }));
        // a batch script, and one process under a launcher
        assert_eq!(with(&[("SLURM_NTASKS", "8"), ("SLURM_PROCID", "0")]), None);
        assert_eq!(with(&[("OMPI_COMM_WORLD_SIZE", "1"), ("SLURM_STEP_NUM_TASKS", "1")]), None);
    }
}
