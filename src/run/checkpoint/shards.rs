//! Checkpoints of a run that several ranks share: a file for each walker, written by a rank that has it, and the manifest
//! `checkpoint.bin`, which the first rank renames into place when all of them are on disk.
//!
//! `DIR/shards/NNNNNNNN-wNNNN.bin` is of the form of a checkpoint; its first number is that of the checkpoint that it
//! belongs to. Those of the last two are kept.

use super::format::{seal, unseal};
use super::{Checkpoint, Header, History, Parts, RunState, SceneRecord, header, write};
use crate::backend::Identity;
use crate::base::error::{Error, Result};
use crate::io::atomic::write_whole;
use crate::io::parts::file_names;
use crate::ranks::{Ranks, Talk};
use crate::sampler::{Sampler, SamplerState};
use serde::{Deserialize, Serialize};
use std::ops::Range;
use std::path::{Path, PathBuf};

const FOLDER: &str = "shards";

/// The hash of the file of a walker, which ends it.
pub type ShardHash = [u8; 16];

/// What a rank says of the walkers that it has written.
#[derive(Debug, Serialize, Deserialize)]
struct Written {
    walker: usize,
    hash: ShardHash,
    parts: Parts,
}

fn path_of(directory: &Path, generation: u64, walker: usize) -> PathBuf {
    directory.join(FOLDER).join(format!("{generation:08}-w{walker:04}.bin"))
}

/// Writes a checkpoint of all ranks, which must all call this between the same two cycles.
///
/// - `parts`: of the walkers whose series this rank writes
/// - `kept`: of other series
///
/// # Errors
/// [`Error::Io`], or when the device or another rank is lost; the checkpoints of before are then still there.
pub(crate) fn write_together(
    directory: &Path,
    (scene, history): (&SceneRecord, &History),
    device: Identity,
    (parts, kept): (&[Parts], &[Parts]),
    generation: u64,
    sampler: &mut Sampler,
) -> Result<()> {
    let ranks = sampler.part().all.clone();
    let (shared, walkers) = sampler.save_by_walkers()?;
    let header = header(scene.hash(), device);
    let folder = directory.join(FOLDER);
    std::fs::create_dir_all(&folder).map_err(Error::io("cannot create", &folder))?;
    let mut written = Vec::new();
    for ((walker, state), &parts) in walkers.into_iter().zip(parts) {
        let hash = write_shard(&path_of(directory, generation, walker), &header, &state)?;
        written.push(Written { walker, hash, parts });
    }
    let all = gathered(&ranks, &written)?;
    let Some(shared) = shared else { return Ok(()) };
    let state = RunState {
        scene: scene.clone(),
        history: history.clone(),
        parts: all.iter().map(|w| w.parts).chain(kept.iter().copied()).collect(),
        generation,
        shards: all.iter().map(|w| w.hash).collect(),
        sampler: shared,
    };
    write(directory, &Checkpoint { header, state })
}

fn write_shard(path: &Path, header: &Header, state: &SamplerState) -> Result<ShardHash> {
    let payload = postcard::to_stdvec(state).unwrap_or_else(|e| unreachable!("a state is plain data: {e}"));
    let bytes = seal(header, &payload);
    write_whole(path, &bytes)?;
    Ok(hash_of(&bytes))
}

fn hash_of(bytes: &[u8]) -> ShardHash {
    bytes.last_chunk().copied().unwrap_or_default()
}

/// What all ranks have written, in the order of walkers; nothing on others than the first.
fn gathered(ranks: &Ranks, own: &[Written]) -> Result<Vec<Written>> {
    let bytes = postcard::to_stdvec(own).unwrap_or_else(|e| unreachable!("it is plain data: {e}"));
    let all = ranks.gather(Talk::Saving, bytes)?.unwrap_or_default();
    let mut all: Vec<Written> =
        all.iter().filter_map(|bytes| postcard::from_bytes::<Vec<Written>>(bytes).ok()).flatten().collect();
    all.sort_by_key(|w| w.walker);
    Ok(all)
}

/// Completes a state that was read from a manifest with the columns of some of its walkers.
///
/// - `walkers`: all, if not given
/// - `most`: bytes that a payload may take at most
///
/// # Errors
/// What is wrong with one of the files.
pub(super) fn complete(
    directory: &Path,
    state: &mut RunState,
    walkers: Option<Range<usize>>,
    most: u64,
) -> std::result::Result<(), String> {
    let walkers = walkers.unwrap_or(0..state.shards.len());
    let Some(hashes) = state.shards.get(walkers.clone()) else {
        return Err(format!("it has {} walkers, and {} are wanted", state.shards.len(), walkers.end));
    };
    for (walker, hash) in walkers.zip(hashes) {
        let path = path_of(directory, state.generation, walker);
        let name = path.strip_prefix(directory).unwrap_or(&path).display();
        let bytes = std::fs::read(&path).map_err(|e| format!("{name}: {e}"))?;
        if hash_of(&bytes) != *hash {
            return Err(format!("{name} is not the one that was written with it"));
        }
        let (_, payload) = unseal(&bytes, most).map_err(|problem| format!("{name}: {problem}"))?;
        let (own, rest) =
            postcard::take_from_bytes::<SamplerState>(&payload).map_err(|e| format!("{name} does not read: {e}"))?;
        let n_states = own.assignment.len();
        if !rest.is_empty() || n_states == 0 || !own.is_of(1, n_states) {
            return Err(format!("{name} is not the state of a walker"));
        }
        state.sampler.append(own, false);
    }
    Ok(())
}

/// Removes the files of checkpoints older than the one before `generation`.
///
/// # Errors
/// [`Error::Io`] if one cannot be removed.
pub(super) fn sweep(directory: &Path, generation: u64) -> Result<()> {
    let folder = directory.join(FOLDER);
    if !folder.is_dir() {
        return Ok(());
    }
    for name in file_names(&folder)? {
        let number: Option<u64> = name.split_once("-w").and_then(|(number, _)| number.parse().ok());
        if number.is_some_and(|number| number + 1 < generation) {
            let path = folder.join(name);
            std::fs::remove_file(&path).map_err(Error::io("cannot remove", &path))?;
        }
    }
    Ok(())
}
