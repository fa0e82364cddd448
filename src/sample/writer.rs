//! Buffers samples and writes them as parts.

use super::reader::read_part;
use super::{Field, Observed, SampleRow, Samples, Thinning, part};
use crate::files::write_whole;
use crate::{Error, Result};
use std::path::{Path, PathBuf};

/// Writes `DIR/samples/part-NNNNN.parquet`, each part whole.
#[derive(Debug)]
pub struct SampleWriter {
    folder: PathBuf,
    species: Vec<String>,
    rows_per_part: usize,
    next_part: usize,
    buffer: Samples,
}

impl SampleWriter {
    /// A writer into `dir/samples`, which is created; parts already there are kept and numbered on.
    ///
    /// - `species`: names of the reservoir species, the columns `n_<species>`
    /// - `rows_per_part`: rows buffered before a part is written, see [`rows_per_part`]
    ///
    /// # Errors
    /// [`Error::Io`] if the folder cannot be made or read.
    pub fn new(dir: &Path, species: &[String], rows_per_part: usize) -> Result<SampleWriter> {
        let folder = dir.join("samples");
        std::fs::create_dir_all(&folder).map_err(Error::io("cannot create", &folder))?;
        let next_part = part_numbers(&folder)?.last().map_or(0, |n| n + 1);
        Ok(SampleWriter {
            folder,
            species: species.to_vec(),
            rows_per_part: rows_per_part.max(1),
            next_part,
            buffer: Samples::new(species.len()),
        })
    }

    /// The same writer for samples that hold what observables say; before the first sample.
    pub fn observing(mut self, fields: &[Field]) -> SampleWriter {
        self.buffer = self.buffer.observing(fields);
        self
    }

    /// Adds one sample of a run without observables; writes a part when enough have gathered.
    ///
    /// # Errors
    /// [`Error::Io`] if a part cannot be written.
    pub fn push(&mut self, row: SampleRow<'_>) -> Result<()> {
        self.push_observed(row, &Observed::default())
    }

    /// Adds one sample with what the observables say of it; writes a part when enough have gathered.
    ///
    /// # Errors
    /// [`Error::Io`] if a part cannot be written.
    pub fn push_observed(&mut self, row: SampleRow<'_>, observed: &Observed) -> Result<()> {
        self.buffer.push_observed(row, observed);
        if self.buffer.len() >= self.rows_per_part { self.flush() } else { Ok(()) }
    }

    /// Writes what is buffered as a part of its own, e.g. before a checkpoint.
    ///
    /// # Errors
    /// [`Error::Io`] if the part cannot be written.
    pub fn flush(&mut self) -> Result<()> {
        if self.buffer.is_empty() {
            return Ok(());
        }
        let path = self.folder.join(part::file_name(self.next_part));
        write_part(&path, &self.species, &self.buffer)?;
        self.next_part += 1;
        self.buffer.clear();
        Ok(())
    }

    /// Number of the next part: the parts below it are on disk. A checkpoint keeps it.
    pub fn next_part(&self) -> usize {
        self.next_part
    }

    /// Removes every part from `number` on, as a resumed run must do with parts younger than its checkpoint.
    ///
    /// # Errors
    /// [`Error::Io`] if a part cannot be removed.
    pub fn rewind_to(&mut self, number: usize) -> Result<()> {
        for n in part_numbers(&self.folder)?.into_iter().filter(|&n| n >= number) {
            let path = self.folder.join(part::file_name(n));
            std::fs::remove_file(&path).map_err(Error::io("cannot remove", &path))?;
        }
        self.next_part = number;
        self.buffer.clear();
        Ok(())
    }

    /// Makes sure that every part below `number` is there.
    ///
    /// # Errors
    /// [`Error::InputMissing`] with the first that is not.
    pub fn require_parts(&self, number: usize) -> Result<()> {
        let present = part_numbers(&self.folder)?;
        match (0..number).find(|n| !present.contains(n)) {
            None => Ok(()),
            Some(n) => {
                Err(Error::InputMissing { what: "a part of the samples", path: self.folder.join(part::file_name(n)) })
            }
        }
    }

    /// Removes the rows that a longer stride does not keep from the parts on disk, part by part.
    ///
    /// # Errors
    /// [`Error::Io`] and [`Error::BadInput`] if a part cannot be read or written.
    pub fn thin(&self, thinning: &Thinning) -> Result<()> {
        if thinning.stride() == 1 {
            return Ok(());
        }
        for number in part_numbers(&self.folder)? {
            let path = self.folder.join(part::file_name(number));
            let mut samples = Samples::new(self.species.len());
            read_part(&path, &self.species, &mut samples)?;
            let kept = samples.filtered(|i| thinning.keeps(samples.cycle[i]));
            if kept.len() < samples.len() {
                write_part(&path, &self.species, &kept)?;
            }
        }
        Ok(())
    }

    /// Writes the last part.
    ///
    /// # Errors
    /// [`Error::Io`] if it cannot be written.
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

/// Writes one part, whole.
fn write_part(path: &Path, species: &[String], samples: &Samples) -> Result<()> {
    let failed = |e| Error::Io { what: "cannot write", path: path.to_path_buf(), source: std::io::Error::other(e) };
    write_whole(path, &part::write(species, samples).map_err(failed)?)
}

/// Numbers of the parts in a folder, ascending.
pub(super) fn part_numbers(folder: &Path) -> Result<Vec<usize>> {
    let mut numbers = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(Error::io("cannot read", folder))? {
        let entry = entry.map_err(Error::io("cannot read", folder))?;
        if let Some(number) = entry.file_name().to_str().and_then(part::number_of) {
            numbers.push(number);
        }
    }
    numbers.sort_unstable();
    Ok(numbers)
}
