//! Buffers samples and writes them as parts, each on a thread of its own while the next one gathers.

use super::reader::read_part;
use super::{SampleRow, Samples, Thinning};
use crate::base::Result;
use crate::io::parquet::save;
use crate::io::parts::PartWriter;
use crate::observables::record::{Field, Observed};
use crate::sample::schema;
use std::path::Path;
use std::thread::JoinHandle;

/// Writes `DIR/samples/part-NNNNN.parquet`, each part whole.
#[derive(Debug)]
pub struct SampleWriter {
    parts: PartWriter,
    species: Vec<String>,
    rows_per_part: usize,
    buffer: Samples,
    /// The part that is being written; what it held comes back to be filled again.
    writing: Option<JoinHandle<Result<Samples>>>,
}

impl SampleWriter {
    /// A writer into `dir/samples`, which is created; parts already there are kept and numbered on.
    ///
    /// - `species`: names of the reservoir species, the columns `n_<species>`
    /// - `rows_per_part`: rows buffered before a part is written, see [`rows_per_part`]
    ///
    /// # Errors
    /// [`crate::base::Error::Io`] if the folder cannot be made or read.
    pub fn new(dir: &Path, species: &[String], rows_per_part: usize) -> Result<SampleWriter> {
        Ok(SampleWriter {
            parts: PartWriter::new(dir.join("samples"), None)?,
            species: species.to_vec(),
            rows_per_part: rows_per_part.max(1),
            buffer: Samples::new(species.len()),
            writing: None,
        })
    }

    /// The same writer for one walker of a run that several ranks share; before the first sample.
    ///
    /// # Errors
    /// [`crate::base::Error::Io`] if the folder cannot be read.
    pub fn of_walker(mut self, dir: &Path, walker: u16) -> Result<SampleWriter> {
        self.parts = PartWriter::new(dir.join("samples"), Some(walker))?;
        Ok(self)
    }

    /// The same writer for samples that hold what observables say; before the first sample.
    pub fn observing(mut self, fields: &[Field]) -> SampleWriter {
        self.buffer = self.buffer.observing(fields);
        self
    }

    /// Adds one sample of a run without observables; a part is written when enough have gathered.
    ///
    /// # Errors
    /// [`crate::base::Error::Io`] if the part before could not be written.
    pub fn push(&mut self, row: SampleRow<'_>) -> Result<()> {
        self.push_observed(row, &Observed::default())
    }

    /// Adds one sample with what the observables say of it; a part is written when enough have gathered.
    ///
    /// # Errors
    /// [`crate::base::Error::Io`] if the part before could not be written.
    pub fn push_observed(&mut self, row: SampleRow<'_>, observed: &Observed) -> Result<()> {
        self.buffer.push_observed(row, observed);
        if self.buffer.len() >= self.rows_per_part { self.write() } else { Ok(()) }
    }

    /// Begins to write what is buffered, once the part before is on disk.
    fn write(&mut self) -> Result<()> {
        let empty = self.wait()?.unwrap_or_else(|| self.buffer.filtered(|_| false));
        let full = std::mem::replace(&mut self.buffer, empty);
        let (path, species) = (self.parts.path_of_next(), self.species.clone());
        self.writing = Some(std::thread::spawn(move || {
            save(&path, schema::write(&species, &full))?;
            Ok(full)
        }));
        Ok(())
    }

    /// Waits for the part that is being written.
    ///
    /// - returns: its memory, emptied
    fn wait(&mut self) -> Result<Option<Samples>> {
        let Some(writing) = self.writing.take() else { return Ok(None) };
        let mut written = writing.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))?;
        self.parts.advance();
        written.clear();
        Ok(Some(written))
    }

    /// Writes what is buffered as a part of its own, e.g. before a checkpoint, and waits until it is on disk.
    ///
    /// # Errors
    /// [`crate::base::Error::Io`] if the part cannot be written.
    pub fn flush(&mut self) -> Result<()> {
        if !self.buffer.is_empty() {
            self.write()?;
        }
        self.wait().map(|_| ())
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
        self.wait()?;
        self.parts.rewind_to(number)?;
        self.buffer.clear();
        Ok(())
    }

    /// Removes the rows that a longer stride does not keep from the parts on disk, part by part.
    ///
    /// # Errors
    /// [`crate::base::Error::Io`] and [`crate::base::Error::BadInput`] if a part cannot be read or written.
    pub fn thin(&self, thinning: &Thinning) -> Result<()> {
        if thinning.stride() == 1 {
            return Ok(());
        }
        for path in self.parts.paths()? {
            let mut samples = Samples::new(self.species.len());
            read_part(&path, &self.species, &mut samples)?;
            let kept = samples.filtered(|i| thinning.keeps(samples.cycle[i]));
            if kept.len() < samples.len() {
                save(&path, schema::write(&self.species, &kept))?;
            }
        }
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

/// Most rows buffered before a part is written.
const MOST_ROWS: usize = 1 << 17;
/// Most bytes buffered of what observables store.
const MOST_BYTES: usize = 4 << 20;

/// Rows of a part, so that neither rows nor what observables store with them grow without bound.
pub fn rows_per_part(fields: &[Field]) -> usize {
    let bytes: usize = fields.iter().map(Field::bytes).sum();
    MOST_ROWS.min(MOST_BYTES / bytes.max(1)).max(1)
}
