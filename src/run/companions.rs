//! The ranks of a run take notice of one another: whether they are of one build and see one scene and one directory, and
//! whether they stand in one another's way.

use crate::backend::Identity;
use crate::base::error::{Error, Result};
use crate::ranks::{Ranks, Talk};
use crate::run::checkpoint;
use crate::run::record::RanksRecord;
use serde::{Deserialize, Serialize};
use std::path::Path;
use std::time::{Duration, Instant};

/// How long a rank looks for a directory that another one has made: file systems of clusters tell late.
const PATIENCE: Duration = Duration::from_secs(10);
/// Time between two looks.
const AGAIN: Duration = Duration::from_millis(100);

/// What a rank says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Presence {
    node: String,
    version: String,
    build: String,
    host: String,
    scene: [u8; 16],
    device: String,
    kernel: String,
    threads: usize,
    /// Cores that the job has on the node.
    cores: usize,
}

/// Name of this machine.
pub(crate) fn node() -> String {
    #[cfg(unix)]
    return rustix::system::uname().nodename().to_string_lossy().into_owned();
    #[cfg(not(unix))]
    "this machine".to_owned()
}

/// Refuses ranks of another build, machine or scene than the first.
///
/// - `scene`: its hash
/// - returns: what is to be said of ranks that stand in one another's way
///
/// # Errors
/// [`Error::Argument`] with the rank and what differs, on every rank.
pub(crate) fn compare(ranks: &Ranks, scene: [u8; 16], device: &Identity) -> Result<Vec<String>> {
    if ranks.is_alone() {
        return Ok(Vec::new());
    }
    let own = Presence {
        node: node(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        build: checkpoint::build().to_owned(),
        host: checkpoint::host(),
        scene,
        device: device.device.clone(),
        kernel: device.kernel.clone(),
        threads: rayon::current_num_threads(),
        cores: cores(),
    };
    let all = all(ranks, &own)?;
    match all.iter().enumerate().find_map(|(rank, other)| difference(&all[0], other).map(|what| (rank, what))) {
        None => Ok(in_the_way(&all)),
        Some((rank, (what, remedy))) => {
            let node = &all[rank].node;
            Err(Error::argument(format!("rank {rank} on {node} has another {what} than rank 0"), remedy))
        }
    }
}

fn all(ranks: &Ranks, own: &Presence) -> Result<Vec<Presence>> {
    let bytes = postcard::to_stdvec(own).unwrap_or_else(|e| unreachable!("it is plain data: {e}"));
    let unpack = |bytes: &Vec<u8>| {
        postcard::from_bytes(bytes).map_err(|_| {
            Error::argument(
                "ranks of different versions of adlayer are started together",
                "start one program on all nodes",
            )
        })
    };
    ranks.all_gather(Talk::Start, &bytes)?.iter().map(unpack).collect()
}

/// In what a rank differs from the first so that bits could depend on who has which replica.
fn difference(first: &Presence, other: &Presence) -> Option<(&'static str, &'static str)> {
    let program = "start one program on all nodes, from a directory that all of them see";
    if first.version != other.version || first.build != other.build {
        Some(("build of adlayer", program))
    } else if first.scene != other.scene {
        Some(("scene", "start all ranks in one directory that all nodes see, with one scene"))
    } else if first.host != other.host {
        Some(("rounding of exp and ln", "take nodes of one operating system"))
    } else if first.kernel != other.kernel {
        Some(("kernel", "give --device, so that all ranks have devices of one kind"))
    } else {
        None
    }
}

/// Says which ranks share a card, and where cores are idle.
fn in_the_way(all: &[Presence]) -> Vec<String> {
    let mut warnings = Vec::new();
    for (rank, own) in all.iter().enumerate() {
        let on_node = || all.iter().enumerate().filter(|(_, p)| p.node == own.node);
        let is_card = !["cpu", "reference"].contains(&own.device.as_str());
        let shared: Vec<String> =
            on_node().filter(|(_, p)| is_card && p.device == own.device).map(|(r, _)| r.to_string()).collect();
        if shared.len() > 1 && shared[0] == rank.to_string() {
            warnings.push(format!(
                "ranks {} on {} share the card {}; start one rank a card, e.g. mpirun --map-by ppr:1:node, or srun \
                 --gpus-per-task=1",
                shared.join(", "),
                own.node,
                own.device
            ));
        }
        let (ranks, threads) = (on_node().count(), on_node().map(|(_, p)| p.threads).sum::<usize>());
        let first_on_node = on_node().next().is_some_and(|(r, _)| r == rank);
        if first_on_node && !is_card && ranks == threads && 2 * threads <= own.cores {
            warnings.push(format!(
                "{ranks} ranks on {} have one core each of {}: Open MPI binds a rank to one core unless it is told \
                 otherwise; start with mpirun --bind-to none, or --map-by slot:PE={}",
                own.node,
                own.cores,
                own.cores / ranks
            ));
        }
    }
    warnings
}

/// Cores that the job has on this machine: as Slurm says, or all of them.
pub(crate) fn cores() -> usize {
    let of_job = std::env::var("SLURM_CPUS_ON_NODE").ok().and_then(|n| n.parse().ok());
    let online = || {
        let text = std::fs::read_to_string("/sys/devices/system/cpu/online").ok()?;
        let count = |range: &str| -> Option<usize> {
            match range.split_once('-') {
                Some((first, last)) => Some(last.parse::<usize>().ok()?.checked_sub(first.parse().ok()?)? + 1),
                None => range.parse::<usize>().ok().map(|_| 1),
            }
        };
        text.trim().split(',').map(count).sum()
    };
    of_job.or_else(online).unwrap_or_else(|| std::thread::available_parallelism().map_or(1, usize::from))
}

/// Waits until this rank sees the directory that the first one has made, which must be the same.
///
/// # Errors
/// [`Error::InputMissing`] where it does not see it, [`Error::BadInput`] where it sees another one.
pub(crate) fn see(directory: &Path, resolved: &str) -> Result<()> {
    let (path, until) = (directory.join("resolved.ron"), Instant::now() + PATIENCE);
    loop {
        match std::fs::read_to_string(&path) {
            Ok(text) if text == resolved => return Ok(()),
            _ if Instant::now() < until => std::thread::sleep(AGAIN),
            found => {
                let saw = if found.is_ok() { "sees another one there" } else { "does not see it" };
                return Err(Error::BadInput {
                    path: directory.to_owned(),
                    problem: format!(
                        "{} {saw}, which rank 0 has made; put runs on a file system that all nodes share (-o DIR)",
                        node()
                    ),
                });
            }
        }
    }
}

/// What `run.json` says of the ranks; `None` on others than the first, and where there is only one.
///
/// - `elapsed`: sampling time of this process
pub(crate) fn record(ranks: &Ranks, device: &Identity, elapsed: Duration) -> Result<Option<RanksRecord>> {
    if ranks.is_alone() {
        return Ok(None);
    }
    let waiting = ranks.waited().as_secs_f64() / elapsed.as_secs_f64().max(1e-9);
    let own = (node(), rayon::current_num_threads(), device.device.clone(), waiting.min(1.0));
    let bytes = postcard::to_stdvec(&own).unwrap_or_else(|e| unreachable!("it is plain data: {e}"));
    let Some(all) = ranks.gather(Talk::Saving, bytes)? else { return Ok(None) };
    let all: Vec<(String, usize, String, f64)> =
        all.iter().filter_map(|bytes| postcard::from_bytes(bytes).ok()).collect();
    let once = |names: Vec<&String>| -> Vec<String> {
        let mut names: Vec<String> = names.into_iter().cloned().collect();
        names.sort();
        names.dedup();
        names
    };
    Ok(Some(RanksRecord {
        ranks: ranks.size(),
        nodes: once(all.iter().map(|p| &p.0).collect()).len(),
        threads: all.iter().map(|p| p.1).sum(),
        devices: once(all.iter().map(|p| &p.2).collect()),
        messages: ranks.messages(),
        waiting: (1e4 * all.iter().map(|p| p.3).sum::<f64>() / all.len() as f64).round() / 1e4,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn presence(node: &str, device: &str, threads: usize) -> Presence {
        Presence {
            node: node.into(),
            version: "1".into(),
            build: "b".into(),
            host: "h".into(),
            scene: [1; 16],
            device: device.into(),
            kernel: "k".into(),
            threads,
            cores: 8,
        }
    }

    #[test]
    fn ranks_that_differ_are_named_by_what_differs() {
        let first = presence("a", "cpu", 4);
        assert_eq!(difference(&first, &presence("b", "cpu", 2)), None);
        for (other, what) in [
            (Presence { version: "2".into(), ..first.clone() }, "build"),
            (Presence { build: "c".into(), ..first.clone() }, "build"),
            (Presence { scene: [2; 16], ..first.clone() }, "scene"),
            (Presence { host: "i".into(), ..first.clone() }, "rounding"),
            (Presence { kernel: "l".into(), ..first.clone() }, "kernel"),
        ] {
            assert!(difference(&first, &other).is_some_and(|(found, _)| found.contains(what)), "{what}");
        }
    }

    #[test]
    fn ranks_on_one_card_or_one_core_are_warned_of() {
        let said = |all: &[Presence]| in_the_way(all).join("\n");
        assert_eq!(said(&[presence("a", "card 1", 8), presence("b", "card 1", 8)]), "");
        assert_eq!(said(&[presence("a", "cpu", 4), presence("a", "cpu", 4)]), "");
        let cards = said(&[presence("a", "card 1", 4), presence("b", "card 1", 4), presence("a", "card 1", 4)]);
        assert!(cards.contains("ranks 0, 2 on a share the card card 1"), "{cards}");
        let cores = said(&[presence("a", "cpu", 1), presence("a", "cpu", 1), presence("b", "cpu", 8)]);
        assert!(cores.contains("2 ranks on a have one core each of 8") && cores.contains("PE=4"), "{cores}");
        assert_eq!(cores.lines().count(), 1, "{cores}");
    }

    #[test]
    fn a_directory_that_is_another_is_not_taken_for_the_one() {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("resolved.ron"), "Scene(1)").expect("a scene");
        assert!(see(folder.path(), "Scene(1)").is_ok());
        let error = see(folder.path(), "Scene(2)").expect_err("another").to_string();
        assert!(error.contains("sees another one") && error.contains("all nodes share"), "{error}");
    }
}
