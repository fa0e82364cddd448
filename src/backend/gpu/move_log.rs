//! What the device writes down of particle moves, and how the host reads it: tallies and the log of accepted moves.

use super::Gpu;
use super::chunk::TALLY_BYTES;
use super::recorder::Mapped;
use crate::base::error::Result;
use crate::moves::tally::{Direction, MoveEvent};

/// Attempts whose accepted moves the log of a replica holds; more are made in several goes.
pub(crate) const LOG_ATTEMPTS: u32 = 1024;
/// Attempts from one state between two drains of the tallies, whose words would overflow.
const TALLY_LIMIT: u64 = 1 << 31;
/// 2⁻³², the unit in which the device sums probabilities.
const UNIT: f64 = 1.0 / 4_294_967_296.0;

/// The log of the cycle on the device, and what was read of it.
#[derive(Default)]
pub(crate) struct DeviceMoveLog {
    /// Words of the log of one replica.
    pub(crate) log_words: u32,
    /// Attempts booked on the device since the last drain, per state.
    attempts_on_device: u64,
    /// Whether moves were recorded since the last measurement.
    pub(crate) recorded: bool,
    /// Which of two buffers the next measurement reads the log into.
    pub(crate) turn: usize,
    /// What the last measurement mapped, one a chunk; empty when nothing had been recorded.
    pub(crate) mapped: Vec<Mapped>,
    /// Accepted moves of goes before the last: `[n_replicas]`, being made and measured.
    earlier: [Vec<Vec<MoveEvent>>; 2],
}

impl DeviceMoveLog {
    /// Nothing recorded; the log has room for its counter.
    pub(crate) fn new() -> DeviceMoveLog {
        DeviceMoveLog { log_words: 1, ..DeviceMoveLog::default() }
    }

    /// The measurement has come: its moves become readable.
    pub(crate) fn turn(&mut self, mapped: Vec<Mapped>) {
        self.mapped = mapped;
        self.recorded = false;
        self.turn = 1 - self.turn;
        self.earlier.swap(0, 1);
        self.earlier[0].iter_mut().for_each(Vec::clear);
    }

    /// New moves are recorded. Those of the cycle before stay readable: they were read into the other buffer.
    pub(crate) fn forget(&mut self) {
        self.recorded = true;
        self.earlier[0].iter_mut().for_each(Vec::clear);
    }
}

fn event_of(word: u32) -> MoveEvent {
    MoveEvent { insert: word >> 24 == 1, reservoir: (word >> 16) as u8, slot: word as u16 }
}

/// Accepted moves of one replica: the first word counts them.
fn events_of(words: &[u32]) -> impl Iterator<Item = MoveEvent> {
    words[1..=words[0] as usize].iter().map(|&word| event_of(word))
}

impl Gpu {
    /// Makes room for the log of `attempts` attempts.
    pub(crate) fn make_log_room(&mut self, attempts: u32) -> Result<()> {
        if self.loaded.books.log_words > attempts {
            return Ok(());
        }
        self.flush();
        self.loaded.books.log_words = attempts + 1;
        self.loaded.books.mapped.clear();
        for chunk in &mut self.loaded.chunks {
            chunk.grow_log(&self.device, attempts + 1)?;
        }
        self.bind();
        Ok(())
    }

    /// Moves the log of a go into the host's books, because the next one overwrites it.
    pub(crate) fn drain_log(&mut self) -> Result<()> {
        let words = self.loaded.books.log_words as usize;
        let mut earlier = std::mem::take(&mut self.loaded.books.earlier[0]);
        earlier.resize(self.loaded.n_of.len(), Vec::new());
        for chunk in &self.loaded.chunks {
            let bytes = self.download(&[(&chunk.log, 4 * (words * chunk.count) as u64)])?;
            let all: &[u32] = bytemuck::cast_slice(&bytes[0]);
            for (events, log) in earlier[chunk.first..].iter_mut().zip(all.chunks_exact(words)) {
                events.extend(events_of(log));
            }
        }
        self.loaded.books.earlier[0] = earlier;
        Ok(())
    }

    /// Shows the accepted moves that were measured last.
    pub(crate) fn show_events(&mut self, see: &mut dyn FnMut(usize, &[MoveEvent])) -> Result<()> {
        let words = self.loaded.books.log_words as usize;
        let (mut events, none) = (Vec::new(), Vec::new());
        for (chunk, mapped) in self.loaded.chunks.iter().zip(&self.loaded.books.mapped) {
            let bytes = mapped.bytes(&self.device)?;
            let all: &[u32] = bytemuck::cast_slice(&bytes);
            for (r, log) in all.chunks_exact(words).take(chunk.count).enumerate() {
                let earlier = self.loaded.books.earlier[1].get(chunk.first + r).unwrap_or(&none);
                events.clear();
                events.extend(earlier.iter().copied().chain(events_of(log)));
                see(chunk.first + r, &events);
            }
        }
        Ok(())
    }

    /// Drains the tallies before `attempts` more could make a word overflow.
    pub(crate) fn make_tally_room(&mut self, attempts: u32) -> Result<()> {
        if self.loaded.books.attempts_on_device + u64::from(attempts) > TALLY_LIMIT {
            self.drain_tallies()?;
        }
        self.loaded.books.attempts_on_device += u64::from(attempts);
        Ok(())
    }

    /// Moves the tallies of the device into the host's.
    pub(crate) fn drain_tallies(&mut self) -> Result<()> {
        if self.loaded.books.attempts_on_device == 0 {
            return Ok(());
        }
        let row = (self.plan.tally_bytes() / TALLY_BYTES) as usize * self.loaded.states.len();
        for index in 0..self.loaded.chunks.len() {
            let chunk = &self.loaded.chunks[index];
            let size = TALLY_BYTES * (chunk.walkers.len() * row) as u64;
            let bytes = self.download(&[(&chunk.tallies, size)])?;
            let words: &[[[u32; 4]; 2]] = bytemuck::cast_slice(&bytes[0]);
            let direction = |[attempts, accepted, low, high]: [u32; 4]| Direction {
                attempts: u64::from(attempts),
                accepted: u64::from(accepted),
                probability: f64::from(high) + UNIT * f64::from(low),
            };
            let sums = &mut self.loaded.transitions.tallies_mut()[chunk.walkers.start * row..];
            for (sum, [insert, delete]) in sums.iter_mut().zip(words) {
                sum.insert.add(&direction(*insert));
                sum.delete.add(&direction(*delete));
            }
            self.clear(&chunk.tallies);
        }
        self.loaded.books.attempts_on_device = 0;
        Ok(())
    }
}
