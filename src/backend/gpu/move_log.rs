//! Tallies and the log of accepted moves on the device, and how the host reads them.

use super::Gpu;
use super::chunk::Chunk;
use super::device::GpuDevice;
use super::layout::TALLY_BYTES;
use super::log_places::{LogIndex, LogPlaces};
use super::recorder::Mapped;
use crate::backend::{MoveEvents, MoveLog};
use crate::base::error::Result;
use crate::moves::MoveKind;
use crate::moves::tally::{AttemptTally, MoveEvent};
use std::sync::{Arc, Weak};

/// Attempts from one state between two drains of the tallies, whose words would overflow.
const TALLY_LIMIT: u64 = 1 << 31;
/// 2⁻³², the unit in which the device sums probabilities.
const UNIT: f64 = 1.0 / 4_294_967_296.0;

/// Log of accepted moves on the device, and what the host knows of it.
#[derive(Default)]
pub(super) struct DeviceMoveLog {
    /// How the log is divided.
    pub(super) places: LogPlaces,
    /// Attempts tallied on the device since the last drain, per state.
    attempts_on_device: u64,
    /// Number of the first attempt of the cycle.
    pub(super) begun: u64,
    /// Whether moves were recorded since the last measurement.
    pub(super) recorded: bool,
    /// Attempts whose accepted moves the log holds; the next go adds to it.
    pub(super) held: u32,
    /// Accepted moves of goes before the last: `[n_replicas]` or empty.
    earlier: Vec<Vec<MoveEvent>>,
}

/// Pages that measurements are read back into by turns: one that the device writes, and one that the host still reads.
#[derive(Default)]
pub(super) struct Pages {
    /// Which one the next measurement is read into.
    pub(super) current: usize,
    /// What was handed out of each, mapped.
    handed_out: [Vec<Weak<Vec<Mapped>>>; 2],
}

impl Pages {
    /// Hands out what a measurement mapped of the current page; the next one is read into the other page.
    pub(super) fn swap(&mut self, mapped: [Vec<Mapped>; 2]) -> [Arc<Vec<Mapped>>; 2] {
        let shared = mapped.map(Arc::new);
        self.handed_out[self.current] = shared.iter().map(Arc::downgrade).collect();
        self.current = 1 - self.current;
        shared
    }

    /// Checks that nobody reads the current page any more; broken only by a bug.
    pub(super) fn assert_free(&self) {
        let free = self.handed_out[self.current].iter().all(|page| page.strong_count() == 0);
        assert!(free, "the result of a cycle is dropped before the cycle after the next one begins");
    }
}

/// Accepted moves of one cycle where the device left them.
pub(super) struct DeviceEvents {
    device: Arc<GpuDevice>,
    index: LogIndex,
    /// The log of every chunk; empty where no moves were made.
    logs: Arc<Vec<Mapped>>,
    /// Accepted moves of goes before the last: `[n_replicas]` or empty.
    earlier: Vec<Vec<MoveEvent>>,
}

impl MoveEvents for DeviceEvents {
    fn open(&self, read: &mut dyn FnMut(&dyn MoveLog)) -> Result<()> {
        let bytes = self.logs.iter().map(|log| log.bytes(&self.device)).collect::<Result<Vec<_>>>()?;
        let words = bytes.iter().map(|bytes| bytemuck::cast_slice(bytes)).collect();
        read(&OpenLog { events: self, words });
        Ok(())
    }
}

/// The log with its mapped words.
struct OpenLog<'a> {
    events: &'a DeviceEvents,
    /// Of every chunk; empty where no moves were made.
    words: Vec<&'a [u32]>,
}

impl MoveLog for OpenLog<'_> {
    fn n_replicas(&self) -> usize {
        self.events.index.n_replicas()
    }

    fn of_replica(&self, replica: usize, events: &mut Vec<MoveEvent>) {
        events.extend(self.events.earlier.get(replica).into_iter().flatten());
        if let Some((chunk, words)) = self.events.index.find(replica) {
            events.extend(self.words.get(chunk).and_then(|log| log.get(words)).into_iter().flat_map(events_of));
        }
    }
}

/// An entry of the log: slot, reservoir << 16 (that of a [`MoveEvent`]), place of the kind among [`MoveKind::TALLIED`] << 24.
fn event_of(word: u32) -> MoveEvent {
    let kind = MoveKind::TALLIED[(word >> 24) as usize];
    MoveEvent { kind, reservoir: (word >> 16) as u8, slot: word as u16 }
}

/// Accepted moves of one replica: the first word counts them.
fn events_of(words: &[u32]) -> impl Iterator<Item = MoveEvent> {
    words[1..=words[0] as usize].iter().map(|&word| event_of(word))
}

impl Gpu {
    /// Makes room for the log of so many attempts.
    pub(super) fn make_log_room(&mut self, moves: u32, identity: u32) -> Result<()> {
        let chunks = self.loaded.chunks.iter().map(|c| (c.count, c.walkers.len()));
        let wanted = LogPlaces::new(&self.ensemble, chunks, moves, identity);
        if self.loaded.log.places.holds(&wanted) {
            return Ok(());
        }
        self.flush();
        for chunk in &mut self.loaded.chunks {
            let words = wanted.words_of(chunk);
            chunk.grow_log(&self.device, words)?;
        }
        self.loaded.log.places = wanted;
        self.bind();
        self.upload_states()
    }

    /// Where the log of the cycle that is recorded stands.
    fn log_index(&self) -> LogIndex {
        LogIndex::new(&self.loaded.log.places, &self.loaded.chunks, &self.ensemble)
    }

    /// Moves the log of a go to the host, because the next one overwrites it.
    pub(super) fn drain_log(&mut self) -> Result<()> {
        let mut earlier = std::mem::take(&mut self.loaded.log.earlier);
        earlier.resize(self.loaded.n_of.len(), Vec::new());
        let of_chunk = |chunk: &Chunk| self.download(&[(&chunk.log, 4 * self.loaded.log.places.words_of(chunk))]);
        let logs = self.loaded.chunks.iter().map(of_chunk).collect::<Result<Vec<_>>>()?;
        let index = self.log_index();
        for (replica, events) in earlier.iter_mut().enumerate() {
            if let Some((chunk, words)) = index.find(replica) {
                let log: &[u32] = bytemuck::cast_slice(&logs[chunk][0]);
                events.extend(events_of(&log[words]));
            }
        }
        self.loaded.log.earlier = earlier;
        self.loaded.log.held = 0;
        Ok(())
    }

    /// Accepted moves of the cycle that was measured, for its result.
    ///
    /// - `logs`: what was mapped, one a chunk; empty when nothing had been recorded
    pub(super) fn events(&mut self, logs: Arc<Vec<Mapped>>) -> DeviceEvents {
        (self.loaded.log.recorded, self.loaded.log.held) = (false, 0);
        DeviceEvents {
            device: Arc::clone(&self.device),
            index: self.log_index(),
            logs,
            earlier: std::mem::take(&mut self.loaded.log.earlier),
        }
    }

    /// Drains the tallies before `attempts` more could make a word overflow.
    pub(super) fn make_tally_room(&mut self, attempts: u32) -> Result<()> {
        if self.loaded.log.attempts_on_device + u64::from(attempts) > TALLY_LIMIT {
            self.drain_tallies()?;
        }
        self.loaded.log.attempts_on_device += u64::from(attempts);
        Ok(())
    }

    /// Moves the tallies of the device into the host's.
    pub(super) fn drain_tallies(&mut self) -> Result<()> {
        if self.loaded.log.attempts_on_device == 0 {
            return Ok(());
        }
        let row = (self.plan.tally_bytes() / TALLY_BYTES) as usize * self.ensemble.states.len();
        let first_walker = self.loaded.chunks.first().map_or(0, |c| c.walkers.start);
        for index in 0..self.loaded.chunks.len() {
            let chunk = &self.loaded.chunks[index];
            let size = TALLY_BYTES * (chunk.walkers.len() * row) as u64;
            let bytes = self.download(&[(&chunk.tallies, size)])?;
            let words: &[[[u32; 4]; MoveKind::TALLIED.len()]] = bytemuck::cast_slice(&bytes[0]);
            let tally = |[attempts, accepted, low, high]: [u32; 4]| AttemptTally {
                attempts: u64::from(attempts),
                accepted: u64::from(accepted),
                probability: (f64::from(high) + UNIT * f64::from(low)).into(),
            };
            let sums = &mut self.loaded.transitions.tallies_mut()[(chunk.walkers.start - first_walker) * row..];
            for (sum, words) in sums.iter_mut().zip(words) {
                for (kind, &words) in MoveKind::TALLIED.iter().zip(words) {
                    if let Some(sum) = sum.of_mut(*kind) {
                        sum.add(&tally(words));
                    }
                }
            }
            self.clear(&chunk.tallies);
        }
        self.loaded.log.attempts_on_device = 0;
        Ok(())
    }
}
