//! Configurations that a run keeps: a thinned, bounded set of every state, in Parquet parts of `DIR/trajectory`.
//!
//! Columns: `cycle`, `walker`, `replica`, `state`, `energy` as in the samples, `species` (one byte an atom, its index in
//! the scene) and `positions` (three little-endian f32 an atom \[length\]); mobile atoms only, the frozen slab is that of
//! the scene. Single precision leaves 1e-7 of a period, so that energies can be summed anew.

use super::thinning::Thinning;
use crate::base::Result;
use crate::io::parquet::{column, each_group, encode, open, write_column};
use crate::io::parts::{PartWriter, Series, all_parts};
use crate::system::configuration::Configuration;
use glam::{DVec3, Vec3};
use parquet::data_type::{ByteArray, ByteArrayType, DoubleType, Int32Type};
use parquet::errors::{ParquetError, Result as ParquetResult};
use parquet::file::reader::RowGroupReader;
use serde::{Deserialize, Serialize};
use std::path::Path;

/// Most configurations of one state, over all walkers.
const FRAMES_PER_STATE: u32 = 256;
/// Most bytes of a whole run, every replica full.
const MOST_BYTES: u64 = 256 << 20;
/// Bytes buffered before a part is written.
const BYTES_PER_PART: usize = 8 << 20;

const SCHEMA: &str = "message trajectory {
    required int32 cycle (INTEGER(32, false));
    required int32 walker (INTEGER(16, false));
    required int32 replica (INTEGER(32, false));
    required int32 state (INTEGER(32, false));
    required double energy;
    required binary species;
    required binary positions;
}";

/// A stored configuration.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct StoredFrame {
    /// Production cycle, from 0.
    pub cycle: u32,
    /// Independent copy of the grid.
    pub walker: u16,
    /// Configuration, global over walkers.
    pub replica: u32,
    /// State it held.
    pub state: u32,
    /// Potential energy \[energy\].
    pub energy: f64,
    /// `[n]`, species index.
    pub species: Vec<u8>,
    /// `[n]` \[length\]
    pub positions: Vec<Vec3>,
}

impl StoredFrame {
    /// The configuration, velocities zero.
    pub fn configuration(&self) -> Configuration {
        Configuration {
            positions: self.positions.iter().map(|p| p.as_dvec3()).collect(),
            velocities: vec![DVec3::ZERO; self.positions.len()],
            species: self.species.clone(),
        }
    }
}

/// Bytes of a stored configuration of `atoms` atoms.
pub fn bytes_of_frame(atoms: usize) -> u64 {
    34 + 13 * atoms as u64
}

/// Which production cycles are kept: a stride that doubles until at most 256 configurations of a state are kept over all
/// walkers, and fewer where the whole would exceed 256 MiB with every replica full.
///
/// - `capacity`: slots of a replica
pub fn frame_thinning(production: u32, sample_every: u32, walkers: u32, n_states: usize, capacity: usize) -> Thinning {
    let of_all_states = (n_states as u64 * bytes_of_frame(capacity)).max(1);
    let fit = u32::try_from(MOST_BYTES / of_all_states).unwrap_or(u32::MAX);
    Thinning::new(production, sample_every, walkers, FRAMES_PER_STATE.min(fit).max(1))
}

/// Writes `DIR/trajectory/part-NNNNN.parquet`, each part whole.
#[derive(Debug)]
pub struct TrajectoryWriter {
    parts: PartWriter,
    buffer: Vec<StoredFrame>,
    buffered: usize,
}

impl TrajectoryWriter {
    /// A writer into `dir/trajectory`, which is created; parts already there are kept and numbered on.
    ///
    /// # Errors
    /// [`crate::base::Error::Io`] if the folder cannot be made or read.
    pub fn new(dir: &Path) -> Result<TrajectoryWriter> {
        TrajectoryWriter::of_series(dir, None)
    }

    /// The same for one walker of a run that several ranks share.
    ///
    /// # Errors
    /// [`crate::base::Error::Io`] if the folder cannot be made or read.
    pub fn of_walker(dir: &Path, walker: u16) -> Result<TrajectoryWriter> {
        TrajectoryWriter::of_series(dir, Some(walker))
    }

    fn of_series(dir: &Path, series: Series) -> Result<TrajectoryWriter> {
        Ok(TrajectoryWriter {
            parts: PartWriter::new(dir.join("trajectory"), series)?,
            buffer: Vec::new(),
            buffered: 0,
        })
    }

    /// Adds one configuration; writes a part when enough have gathered.
    ///
    /// # Errors
    /// [`crate::base::Error::Io`] if a part cannot be written.
    pub fn push(&mut self, frame: StoredFrame) -> Result<()> {
        self.buffered += bytes_of_frame(frame.species.len()) as usize;
        self.buffer.push(frame);
        if self.buffered >= BYTES_PER_PART { self.flush() } else { Ok(()) }
    }

    /// Writes what is buffered as a part of its own, e.g. before a checkpoint.
    ///
    /// # Errors
    /// [`crate::base::Error::Io`] if the part cannot be written.
    pub fn flush(&mut self) -> Result<()> {
        if self.buffer.is_empty() {
            return Ok(());
        }
        self.parts.write(encode_frames(&self.buffer))?;
        self.buffer.clear();
        self.buffered = 0;
        Ok(())
    }

    /// Number of the next part: the parts below it are on disk. A checkpoint keeps it.
    pub fn next_part(&self) -> usize {
        self.parts.next()
    }

    /// Removes every part from `number` on, as a resumed run must do with parts younger than its checkpoint.
    ///
    /// # Errors
    /// [`crate::base::Error::Io`] if a part cannot be removed.
    pub fn rewind_to(&mut self, number: usize) -> Result<()> {
        self.parts.rewind_to(number)?;
        self.buffer.clear();
        self.buffered = 0;
        Ok(())
    }

    /// Writes the last part.
    ///
    /// # Errors
    /// [`crate::base::Error::Io`] if it cannot be written.
    pub fn finish(mut self) -> Result<()> {
        self.flush()
    }
}

/// The configurations of all parts of `dir/trajectory`, in the order of cycles and replicas.
///
/// # Errors
/// [`crate::base::Error::InputMissing`] if there is no folder or a part of the sequence is missing;
/// [`crate::base::Error::BadInput`] if a part is damaged.
pub fn read_trajectory(dir: &Path) -> Result<Vec<StoredFrame>> {
    let mut frames = Vec::new();
    visit_trajectory(dir, |frame| frames.push(frame))?;
    Ok(frames)
}

/// Shows the configurations of all parts one after the other, so that they need not be held together.
///
/// # Errors
/// Those of [`read_trajectory`].
pub fn visit_trajectory(dir: &Path, mut visit: impl FnMut(StoredFrame)) -> Result<()> {
    let series = all_parts(&dir.join("trajectory"), "the folder of configurations", "a part of the configurations")?;
    // A run that several ranks shared has them by walkers.
    let together = series.len() > 1;
    let mut frames = Vec::new();
    for path in series.iter().flatten() {
        open(path, "part of configurations", |reader| each_group(reader, 7, |group| decode(group, &mut frames)))?;
        if !together {
            frames.drain(..).for_each(&mut visit);
        }
    }
    frames.sort_by_key(|frame| (frame.cycle, frame.replica));
    frames.into_iter().for_each(visit);
    Ok(())
}

fn encode_frames(frames: &[StoredFrame]) -> ParquetResult<Vec<u8>> {
    let whole = |f: fn(&StoredFrame) -> i32| frames.iter().map(f).collect::<Vec<i32>>();
    let bytes = |p: &Vec3| p.to_array().map(f32::to_le_bytes).concat();
    let species: Vec<ByteArray> = frames.iter().map(|f| f.species.clone().into()).collect();
    let positions: Vec<ByteArray> =
        frames.iter().map(|f| f.positions.iter().flat_map(bytes).collect::<Vec<u8>>().into()).collect();
    encode(SCHEMA, Vec::new(), |group| {
        write_column::<Int32Type>(group, &whole(|f| f.cycle as i32))?;
        write_column::<Int32Type>(group, &whole(|f| i32::from(f.walker)))?;
        write_column::<Int32Type>(group, &whole(|f| f.replica as i32))?;
        write_column::<Int32Type>(group, &whole(|f| f.state as i32))?;
        write_column::<DoubleType>(group, &frames.iter().map(|f| f.energy).collect::<Vec<f64>>())?;
        write_column::<ByteArrayType>(group, &species)?;
        write_column::<ByteArrayType>(group, &positions)
    })
}

fn decode(group: &dyn RowGroupReader, frames: &mut Vec<StoredFrame>) -> ParquetResult<()> {
    let whole = |c: usize| column::<Int32Type>(group, c);
    let (cycle, walker, replica, state) = (whole(0)?, whole(1)?, whole(2)?, whole(3)?);
    let energy = column::<DoubleType>(group, 4)?;
    let (species, positions) = (column::<ByteArrayType>(group, 5)?, column::<ByteArrayType>(group, 6)?);
    for k in 0..cycle.len() {
        let bytes = positions[k].data();
        if bytes.len() != 12 * species[k].len() {
            return Err(ParquetError::General(format!("row {k} has positions of another number of atoms")));
        }
        let number = |b: &[u8]| f32::from_le_bytes([b[0], b[1], b[2], b[3]]);
        let position = |b: &[u8]| Vec3::new(number(&b[0..4]), number(&b[4..8]), number(&b[8..12]));
        frames.push(StoredFrame {
            cycle: cycle[k] as u32,
            walker: walker[k] as u16,
            replica: replica[k] as u32,
            state: state[k] as u32,
            energy: energy[k],
            species: species[k].data().to_vec(),
            positions: bytes.chunks_exact(12).map(position).collect(),
        });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Error;

    fn frame(k: u32) -> StoredFrame {
        let n = (k * 5 % 7) as usize;
        StoredFrame {
            cycle: 8 * k,
            walker: (k % 3) as u16,
            replica: u32::MAX - k,
            state: k % 11,
            energy: -0.1 * f64::from(k),
            species: (0..n).map(|i| (i % 2) as u8).collect(),
            positions: (0..n).map(|i| Vec3::new(i as f32, 0.3 * k as f32, -1.0)).collect(),
        }
    }

    #[test]
    fn what_is_written_comes_back_and_can_be_rewound() {
        let dir = tempfile::tempdir().expect("folder");
        assert!(matches!(read_trajectory(dir.path()), Err(Error::InputMissing { .. })));
        let mut writer = TrajectoryWriter::new(dir.path()).expect("folder");
        (0..50).for_each(|k| writer.push(frame(k)).expect("part"));
        writer.flush().expect("part");
        assert_eq!(writer.next_part(), 1);
        (50..80).for_each(|k| writer.push(frame(k)).expect("part"));
        writer.finish().expect("part");
        let all: Vec<StoredFrame> = (0..80).map(frame).collect();
        assert_eq!(read_trajectory(dir.path()).expect("frames"), all);
        let mut writer = TrajectoryWriter::new(dir.path()).expect("folder");
        assert_eq!(writer.next_part(), 2);
        writer.rewind_to(1).expect("rewound");
        assert_eq!(read_trajectory(dir.path()).expect("frames"), all[..50]);
        let path = dir.path().join("trajectory/part-00000.parquet");
        let mut bytes = std::fs::read(&path).expect("part");
        let half = bytes.len() / 2;
        bytes[half] ^= 4;
        std::fs::write(&path, &bytes).expect("damage");
        let error = read_trajectory(dir.path()).expect_err("a flipped bit");
        assert!(error.to_string().contains("part-00000.parquet: its checksum does not match"), "{error}");
        std::fs::write(&path, b"PAR1 nonsense").expect("damage");
        let error = read_trajectory(dir.path()).expect_err("damaged");
        assert!(matches!(&error, Error::ParquetDamaged { path: found, .. } if *found == path), "{error}");
    }

    #[test]
    fn the_default_scene_keeps_few_megabytes_and_a_large_grid_stays_bounded() {
        let small = frame_thinning(1500, 1, 1, 98, 64);
        assert_eq!((small.stride(), small.stored_cycles(1500)), (8, 188));
        // ⟨N⟩ over the grid is about 15
        assert!(188 * 98 * bytes_of_frame(15) < 5 << 20);
        let large = frame_thinning(100_000, 1, 1, 4096, 440);
        assert!(u64::from(large.stored_cycles(100_000)) * 4096 * bytes_of_frame(440) <= MOST_BYTES);
    }
}
