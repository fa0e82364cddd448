//! Checkpoints: everything a run needs to go on with the same bits, in one file that says what it is.
//!
//! The file is written whole beside the old one and renamed; the old one stays as `checkpoint.bin.prev`. Where several
//! ranks share the run, the states of walkers are in files of their own ([`shards`]).

mod format;
mod origin;
mod scene;
pub mod shards;

pub use format::{FORMAT, Header, seal, unseal};
pub use origin::{build, differences, header, host};
pub use scene::SceneRecord;

use crate::backend::Identity;
use crate::base::error::{Error, Result};
use crate::input::scene::CheckedScene;
use crate::io::atomic::{staged, sync_folder};
use crate::ranks::{Ranks, Share, Talk};
use crate::sampler::{Sampler, SamplerState};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// Name of the last checkpoint in a run directory.
pub const FILE: &str = "checkpoint.bin";
/// Name of the one before.
pub const PREVIOUS: &str = "checkpoint.bin.prev";

/// What a run remembers of itself beside its state.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct History {
    /// Start of the run in seconds since 1970.
    pub started_unix: u64,
    /// File name of the scene.
    pub scene_name: String,
    /// Seconds of sampling so far.
    pub seconds_sampling: f64,
    /// How often it was resumed.
    pub resumed: u32,
    /// What the checks of the scene, and the run itself, remarked.
    pub warnings: Vec<String>,
}

/// Parts of one series on disk that belong to a checkpoint: those below these numbers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parts {
    /// Whose series it is: that of a walker, or the one of all.
    pub walker: Option<u16>,
    /// Of the samples.
    pub samples: u32,
    /// Of the configurations.
    pub frames: u32,
}

/// The payload of a checkpoint.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunState {
    /// What the run was started with.
    pub scene: SceneRecord,
    /// What it remembers of itself.
    pub history: History,
    /// The parts that belong to it, by series.
    pub parts: Vec<Parts>,
    /// How many checkpoints were written before it.
    pub generation: u64,
    /// Hashes of the files that hold the columns of walkers; none where `sampler` holds them.
    pub shards: Vec<shards::ShardHash>,
    /// Replicas, states, tallies, averages.
    pub sampler: SamplerState,
}

/// Header and state of one checkpoint file.
#[derive(Debug, Clone, PartialEq)]
pub struct Checkpoint {
    /// What it says of itself.
    pub header: Header,
    /// What it holds.
    pub state: RunState,
}

/// Which file a checkpoint came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// `checkpoint.bin`.
    Last,
    /// `checkpoint.bin.prev`, because the last one has this problem.
    Previous(String),
}

impl Checkpoint {
    /// The bytes of its file.
    pub fn to_bytes(&self) -> Vec<u8> {
        let payload = postcard::to_stdvec(&self.state).unwrap_or_else(|e| unreachable!("a state is plain data: {e}"));
        seal(&self.header, &payload)
    }

    /// Reads the bytes of a file.
    ///
    /// - `most`: bytes that the payload may take at most, see [`most_bytes`]
    ///
    /// # Errors
    /// What is wrong with them; never a panic, whatever they are.
    pub fn from_bytes(bytes: &[u8], most: u64) -> std::result::Result<Checkpoint, String> {
        let (header, payload) = unseal(bytes, most)?;
        let (state, rest) =
            postcard::take_from_bytes::<RunState>(&payload).map_err(|e| format!("its payload does not read: {e}"))?;
        if !rest.is_empty() {
            return Err(format!("{} bytes follow its state", rest.len()));
        }
        if state.scene.hash() != header.scene {
            return Err("its header names another scene than its state".to_owned());
        }
        Ok(Checkpoint { header, state })
    }
}

/// The checkpoint of a run between two cycles.
///
/// - `parts`: what is on disk of it
/// - `generation`: checkpoints before
///
/// # Errors
/// When the device is lost.
pub fn of_run(
    scene: &SceneRecord,
    history: &History,
    device: Identity,
    parts: Vec<Parts>,
    generation: u64,
    sampler: &mut Sampler,
) -> Result<Checkpoint> {
    let state = RunState {
        scene: scene.clone(),
        history: history.clone(),
        parts,
        generation,
        shards: Vec::new(),
        sampler: sampler.save()?,
    };
    Ok(Checkpoint { header: header(scene.hash(), device), state })
}

/// Bytes that the payload of a checkpoint of this scene can take at most, generously.
pub fn most_bytes(loaded: &CheckedScene) -> u64 {
    let (replicas, capacity) = (loaded.n_replicas() as u64, loaded.capacity() as u64);
    let reservoirs = loaded.scene.reservoir.len() as u64;
    // an atom: two vectors, a reference position, a species and an identity; a state: blocks of doubling length, tallies
    let atoms = replicas * (256 + 128 * capacity);
    let states = replicas * (1 + reservoirs) * (8192 + 128 * (1 + capacity));
    let edges = 64 * replicas * (1 + reservoirs);
    (16 << 20) + 4 * (loaded.text.len() as u64 + atoms + states + edges)
}

/// Writes a checkpoint into a run directory: temporary file, fsync, the last one becomes the previous one, rename, fsync
/// of the folder. At every instant one whole checkpoint is there.
///
/// # Errors
/// [`Error::Io`]; the checkpoints of before are then still there.
pub fn write(directory: &Path, checkpoint: &Checkpoint) -> Result<()> {
    let bytes = &checkpoint.to_bytes();
    let (last, previous) = (directory.join(FILE), directory.join(PREVIOUS));
    let file = staged(&last, bytes).map_err(Error::io("cannot write", &last))?;
    match std::fs::rename(&last, &previous) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => return Err(Error::io("cannot write", previous)(e)),
        _ => {}
    }
    file.persist(&last).map_err(|e| Error::io("cannot write", &last)(e.error))?;
    sync_folder(directory).map_err(Error::io("cannot write", &last))?;
    shards::sweep(directory, checkpoint.state.generation)
}

/// Reads the last checkpoint of a run directory, or the previous one where the last is missing or damaged.
///
/// # Errors
/// [`Error::InputMissing`] if there is none, [`Error::BadInput`] with what is wrong with both.
pub fn read(directory: &Path, most: u64) -> Result<(Checkpoint, Origin)> {
    read_part(directory, most, None, &Ranks::alone())
}

/// As [`read`], what one of several ranks needs of it: all of them take the same checkpoint.
///
/// - `share`: of this rank; all walkers if not given
///
/// # Errors
/// As [`read`], or when another rank is lost.
pub fn read_part(directory: &Path, most: u64, share: Option<&Share>, ranks: &Ranks) -> Result<(Checkpoint, Origin)> {
    let one = |name: &str| -> Result<std::result::Result<Checkpoint, Option<String>>> {
        let own = read_one(&directory.join(name), most).map(|read| {
            read.and_then(|mut checkpoint| {
                let walkers = share.map(|s| s.walkers.clone());
                let state = &mut checkpoint.state;
                if !state.shards.is_empty() {
                    shards::complete(directory, state, walkers, most).map_err(Some)?;
                } else if let Some(share) = share.filter(|_| !ranks.is_alone()) {
                    let all = state.sampler.assignment.len() / share.n_states;
                    if all < share.walkers.end || !state.sampler.is_of(all, share.n_states) {
                        return Err(Some("its columns are of another length".to_owned()));
                    }
                    state.sampler = state.sampler.of_walkers(share.walkers.clone(), share.n_states);
                }
                Ok(checkpoint)
            })
        });
        // Where one rank cannot use it, nobody does.
        let mut useless = [u64::from(!matches!(own, Ok(Ok(_))))];
        ranks.sum(Talk::Start, &mut useless)?;
        match own? {
            Ok(_) if useless[0] > 0 => Ok(Err(Some("another rank cannot use it".to_owned()))),
            own => Ok(own),
        }
    };
    let last = match one(FILE)? {
        Ok(checkpoint) => return Ok((checkpoint, Origin::Last)),
        Err(problem) => problem,
    };
    match (one(PREVIOUS)?, last) {
        (Ok(checkpoint), last) => {
            Ok((checkpoint, Origin::Previous(last.unwrap_or_else(|| "it is missing".to_owned()))))
        }
        (Err(None), None) => Err(Error::InputMissing { what: "checkpoint", path: directory.join(FILE) }),
        (Err(previous), last) => {
            let say = |p: Option<String>| p.unwrap_or_else(|| "it is missing".to_owned());
            let problem = format!(
                "the last checkpoint cannot be used ({}), nor the one before ({}); restore one of them, or run the scene again",
                say(last),
                say(previous)
            );
            Err(Error::BadInput { path: directory.join(FILE), problem })
        }
    }
}

/// Reads one file; inside, what is wrong with it, or `None` if it is missing.
fn read_one(path: &PathBuf, most: u64) -> Result<std::result::Result<Checkpoint, Option<String>>> {
    // What is larger than any checkpoint of this scene is not read into memory at all.
    match std::fs::metadata(path) {
        Ok(data) if data.len() > most.saturating_add(1 << 20) => {
            return Ok(Err(Some(format!("it has {} bytes, more than a run of this scene can take", data.len()))));
        }
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(Err(None)),
        _ => {}
    }
    let bytes = std::fs::read(path).map_err(Error::io("cannot read", path))?;
    Ok(Checkpoint::from_bytes(&bytes, most).map_err(Some))
}

/// Makes the previous checkpoint the last one again, after the last one turned out to be damaged.
///
/// # Errors
/// [`Error::Io`].
pub fn step_back(directory: &Path) -> Result<()> {
    let (last, previous) = (directory.join(FILE), directory.join(PREVIOUS));
    std::fs::rename(&previous, &last).map_err(Error::io("cannot write", &last))?;
    sync_folder(directory).map_err(Error::io("cannot write", &last))
}
