//! Snapshots of the tallies of particle moves and exchanges, taken at about twenty cycles of production.
//!
//! `DIR/transitions/mark-<done>.parquet` holds the rows of [`Transitions`] that were tried, `edges-<done>.parquet` the
//! tallies of every edge; `<done>` is the number of production cycles made. Where several ranks share the run, the rows
//! of each walker are in `mark-<done>-w<walker>.parquet`. Tallies count from the start of production and
//! never go back, so the difference of two snapshots is a block of time. When they are taken follows from the length of
//! production alone, and each is written whole: a resumed run writes the same bits again.

use crate::base::{Error, Result};
use crate::io::parquet::{column, each_group, encode, open, save, verify, write_column};
use crate::io::parts::file_names;
use crate::moves::MoveKind;
use crate::moves::exchange::EdgeTally;
use crate::moves::tally::{AttemptTally, TallyRow, TransitionTally, Transitions};
use parquet::data_type::{DoubleType, Int32Type, Int64Type};
use parquet::errors::{ParquetError, Result as ParquetResult};
use parquet::file::reader::{FileReader, RowGroupReader};
use std::path::{Path, PathBuf};

/// Snapshots of a run that was never extended, beside the one in its middle.
pub(crate) const MARKS: u32 = 20;

/// Columns before those of the tallies: walker, state, reservoir, n.
const KEY_COLUMNS: usize = 4;
/// Columns of every kind of move: attempts, accepted, probability.
const KIND_COLUMNS: usize = 3;

/// Kinds whose columns stand in every file; those of the others follow in runs that try them.
const ALWAYS: [MoveKind; 2] = [MoveKind::INSERT, MoveKind::DELETE];

/// Kinds of moves that were tried, or that have their columns anyway: the first so many of [`MoveKind::TALLIED`].
fn kinds_of(rows: &[TallyRow]) -> &'static [MoveKind] {
    const KINDS: [MoveKind; MoveKind::TALLIED.len()] = MoveKind::TALLIED;
    let tried = |kind: &MoveKind| rows.iter().any(|r| r.tally.of(*kind).attempts > 0);
    let n = KINDS.iter().rposition(tried).map_or(0, |last| last + 1);
    &KINDS[..n.max(ALWAYS.len())]
}

/// The Parquet schema of tallies: the key of a row, then three columns for every kind of move.
fn tally_schema(kinds: &[MoveKind]) -> String {
    let kinds: Vec<String> = kinds
        .iter()
        .map(|kind| {
            let name = kind.name();
            format!(
                "    required int64 {name}_attempts;
    required int64 {name}_accepted;
    required double {name}_probability;
"
            )
        })
        .collect();
    format!(
        "message transitions {{
    required int32 walker (INTEGER(16, false));
    required int32 state (INTEGER(32, false));
    required int32 reservoir (INTEGER(16, false));
    required int32 n (INTEGER(16, false));
{}}}",
        kinds.concat()
    )
}

const EDGES: &str = "message edges {
    required int32 edge (INTEGER(32, false));
    required int64 attempts;
    required int64 accepted;
}";

/// One snapshot as read.
#[derive(Debug, Clone, PartialEq)]
pub struct TallySnapshot {
    /// Production cycles made.
    pub done: u32,
    /// Tallies of particle moves that were tried, in the order (walker, state, reservoir, N).
    pub rows: Vec<TallyRow>,
    /// `[n_edges]`, over all walkers.
    pub edges: Vec<EdgeTally>,
}

/// Writer of the snapshots of a run.
#[derive(Debug)]
pub struct MarkWriter {
    folder: PathBuf,
    production: u32,
}

impl MarkWriter {
    /// A writer into `dir/transitions`, which is created.
    ///
    /// - `production`: cycles of the whole production
    ///
    /// # Errors
    /// [`Error::Io`] if the folder cannot be made.
    pub fn new(dir: &Path, production: u32) -> Result<MarkWriter> {
        let folder = dir.join("transitions");
        std::fs::create_dir_all(&folder).map_err(Error::io("cannot create", &folder))?;
        Ok(MarkWriter { folder, production })
    }

    /// Whether a snapshot follows production cycle `cycle`: every twentieth of production, its middle and its end. Those of a run
    /// that was extended stay, and those of the longer schedule follow.
    pub fn follows(&self, cycle: u32) -> bool {
        let done = cycle + 1;
        let ends_a_half = done == self.production || done == self.production / 2;
        ends_a_half || done.is_multiple_of(self.production.div_ceil(MARKS).max(1))
    }

    /// Writes the mark after production cycle `cycle`.
    ///
    /// # Errors
    /// [`Error::Io`] if it cannot be written.
    pub fn write(&self, cycle: u32, transitions: &Transitions, edges: &[EdgeTally]) -> Result<()> {
        let done = cycle + 1;
        if transitions.n_reservoirs() > 0 {
            let rows: Vec<TallyRow> = transitions.rows().collect();
            save(&self.folder.join(file_name("mark", done)), encode_tallies(&rows))?;
        }
        self.write_edges(cycle, edges)
    }

    /// Writes the rows of some walkers of a run that several ranks share, each to a file of its own.
    ///
    /// - `first`: number of the first of them
    ///
    /// # Errors
    /// [`Error::Io`] if one cannot be written.
    pub fn write_walkers(&self, cycle: u32, transitions: &Transitions, first: usize) -> Result<()> {
        if transitions.n_reservoirs() == 0 {
            return Ok(());
        }
        let rows: Vec<TallyRow> =
            transitions.rows().map(|row| TallyRow { walker: row.walker + first as u16, ..row }).collect();
        for walker in first as u16..first as u16 + transitions.walkers() as u16 {
            let own: Vec<TallyRow> = rows.iter().filter(|row| row.walker == walker).copied().collect();
            save(&self.folder.join(walker_name(cycle + 1, walker)), encode_tallies(&own))?;
        }
        Ok(())
    }

    /// Writes the tallies of the edges: a mark is there when these are.
    ///
    /// # Errors
    /// [`Error::Io`] if they cannot be written.
    pub fn write_edges(&self, cycle: u32, edges: &[EdgeTally]) -> Result<()> {
        save(&self.folder.join(file_name("edges", cycle + 1)), encode_edges(edges))
    }

    /// Tallies of the edges in the middle of the `done` production cycles made, those of the mark nearest to it, of two the
    /// earlier; `None` where there is no mark before `done`. `[n_edges]`
    ///
    /// # Errors
    /// [`Error::BadInput`] if the mark is damaged.
    pub fn first_half(&self, done: u32) -> Result<Option<Vec<EdgeTally>>> {
        let marks = names(&self.folder)?.into_iter().filter(|(stem, mark, _)| *stem == "edges" && *mark < done);
        let nearest = marks.map(|(_, mark, name)| (mark.abs_diff(done / 2), mark, name)).min();
        nearest.map(|(_, _, name)| read_edges(&self.folder.join(name))).transpose()
    }

    /// Removes the marks that are younger than a checkpoint after `done` production cycles: on another device they would
    /// not be written again with the same bits.
    ///
    /// # Errors
    /// [`Error::Io`] if one cannot be removed.
    pub fn rewind_to(&self, done: u32) -> Result<()> {
        for (_, mark, name) in names(&self.folder)? {
            if mark > done {
                let path = self.folder.join(name);
                std::fs::remove_file(&path).map_err(Error::io("cannot remove", &path))?;
            }
        }
        Ok(())
    }
}

/// Makes sure that the marks of a run directory up to `done` production cycles are whole, by their checksums.
///
/// # Errors
/// Those of opening it, of the first that is damaged.
pub fn require_whole(dir: &Path, done: u32) -> Result<()> {
    let folder = dir.join("transitions");
    if !folder.is_dir() {
        return Ok(());
    }
    let mut names = names(&folder)?;
    names.sort_unstable_by_key(|(_, mark, _)| *mark);
    names.iter().filter(|(_, mark, _)| *mark <= done).try_for_each(|(_, _, name)| verify(&folder.join(name), "mark"))
}

/// The marks of a run directory up to `done` production cycles, in order of time; none if it has none.
///
/// # Errors
/// [`Error::BadInput`] if a mark is damaged, does not fit the grid, or counts less than the one before.
pub fn read_marks(dir: &Path, done: u32, n_states: usize, n_edges: usize) -> Result<Vec<TallySnapshot>> {
    let folder = dir.join("transitions");
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let mut names = names(&folder)?;
    // the number of a walker is behind that of the mark, so that names are in the order of walkers
    names.sort_unstable_by(|a, b| (a.1, &a.2).cmp(&(b.1, &b.2)));
    let mut marks: Vec<TallySnapshot> = Vec::new();
    for (_, mark, name) in names.iter().filter(|(stem, mark, _)| *stem == "edges" && *mark <= done) {
        let (mark, path) = (*mark, folder.join(name));
        let edges = read_edges(&path)?;
        let mut tallies = folder.join(file_name("mark", mark));
        let mut rows = Vec::new();
        for (_, _, name) in names.iter().filter(|(stem, of, _)| *stem == "mark" && *of == mark) {
            tallies = folder.join(name);
            rows.extend(read_tallies(&tallies)?);
        }
        let bad = |path: &Path, problem: &str| {
            let problem = format!("{problem}; restore the file or repeat the run");
            Err(Error::BadInput { path: path.to_owned(), problem })
        };
        if edges.len() != n_edges || rows.iter().any(|r| r.state as usize >= n_states) {
            return bad(&path, "a mark of another grid");
        }
        if rows.windows(2).any(|w| w[0].key() >= w[1].key()) {
            return bad(&tallies, "its rows are out of order");
        }
        if marks.last().is_some_and(|last| !last.is_before(&rows, &edges)) {
            return bad(&tallies, "it counts less than the mark before");
        }
        marks.push(TallySnapshot { done: mark, rows, edges });
    }
    Ok(marks)
}

impl TallySnapshot {
    /// Whether nothing in later tallies is less than here.
    fn is_before(&self, rows: &[TallyRow], edges: &[EdgeTally]) -> bool {
        let mut later = rows.iter();
        let grown = |a: &TransitionTally, b: &TransitionTally| {
            MoveKind::TALLIED
                .map(|kind| (a.of(kind), b.of(kind)))
                .iter()
                .all(|(a, b)| a.attempts <= b.attempts && a.accepted <= b.accepted && a.probability <= b.probability)
        };
        self.rows
            .iter()
            .all(|row| later.by_ref().find(|r| r.key() == row.key()).is_some_and(|r| grown(&row.tally, &r.tally)))
            && self.edges.iter().zip(edges).all(|(a, b)| a.attempts <= b.attempts && a.accepted <= b.accepted)
    }
}

fn file_name(stem: &str, done: u32) -> String {
    format!("{stem}-{done:08}.parquet")
}

/// Name of the rows of one walker.
fn walker_name(done: u32, walker: u16) -> String {
    format!("mark-{done:08}-w{walker:05}.parquet")
}

/// (`mark` or `edges`, production cycles, name) of the files in a folder.
fn names(folder: &Path) -> Result<Vec<(&'static str, u32, String)>> {
    let mut names = Vec::new();
    for name in file_names(folder)? {
        let Some(stem) = name.strip_suffix(".parquet") else { continue };
        let stem = match stem.split_once("-w") {
            Some((stem, walker)) if walker.parse::<u16>().is_ok() => stem,
            _ => stem,
        };
        for kind in ["mark", "edges"] {
            let number: Option<u32> = stem.strip_prefix(kind).and_then(|rest| rest.strip_prefix('-')?.parse().ok());
            names.extend(number.map(|done| (kind, done, name.clone())));
        }
    }
    Ok(names)
}

fn encode_tallies(rows: &[TallyRow]) -> ParquetResult<Vec<u8>> {
    let narrow = |f: fn(&TallyRow) -> i32| rows.iter().map(f).collect::<Vec<i32>>();
    let kinds = kinds_of(rows);
    encode(&tally_schema(kinds), Vec::new(), |group| {
        write_column::<Int32Type>(group, &narrow(|r| i32::from(r.walker)))?;
        write_column::<Int32Type>(group, &narrow(|r| r.state as i32))?;
        write_column::<Int32Type>(group, &narrow(|r| i32::from(r.reservoir)))?;
        write_column::<Int32Type>(group, &narrow(|r| i32::from(r.n)))?;
        for &kind in kinds {
            let of_kind = || rows.iter().map(|r| r.tally.of(kind));
            write_column::<Int64Type>(group, &of_kind().map(|t| t.attempts as i64).collect::<Vec<_>>())?;
            write_column::<Int64Type>(group, &of_kind().map(|t| t.accepted as i64).collect::<Vec<_>>())?;
            write_column::<DoubleType>(group, &of_kind().map(|t| t.probability.value()).collect::<Vec<_>>())?;
        }
        Ok(())
    })
}

fn encode_edges(edges: &[EdgeTally]) -> ParquetResult<Vec<u8>> {
    let column = |f: fn(&EdgeTally) -> u64| edges.iter().map(|e| f(e) as i64).collect::<Vec<i64>>();
    encode(EDGES, Vec::new(), |group| {
        write_column::<Int32Type>(group, &(0..edges.len() as i32).collect::<Vec<_>>())?;
        write_column::<Int64Type>(group, &column(|e| e.attempts))?;
        write_column::<Int64Type>(group, &column(|e| e.accepted))
    })
}

fn read_edges(path: &Path) -> Result<Vec<EdgeTally>> {
    let mut edges = Vec::new();
    open(path, "mark", |reader| {
        each_group(reader, 3, |group| {
            edges.extend(decode_edges(group)?);
            Ok(())
        })
    })?;
    Ok(edges)
}

/// Reads tallies with the columns of as many kinds of moves as there are.
fn read_tallies(path: &Path) -> Result<Vec<TallyRow>> {
    let mut rows = Vec::new();
    open(path, "mark", |reader| {
        let columns = reader.metadata().file_metadata().schema_descr().num_columns();
        let kinds = (columns.saturating_sub(KEY_COLUMNS) / KIND_COLUMNS).clamp(ALWAYS.len(), MoveKind::TALLIED.len());
        each_group(reader, KEY_COLUMNS + KIND_COLUMNS * kinds, |group| {
            rows.extend(decode_tallies(group, &MoveKind::TALLIED[..kinds])?);
            Ok(())
        })
    })?;
    Ok(rows)
}

fn decode_tallies(group: &dyn RowGroupReader, kinds: &[MoveKind]) -> ParquetResult<Vec<TallyRow>> {
    let [walker, state, reservoir, n] = [0, 1, 2, 3].map(|c| column::<Int32Type>(group, c));
    let (walker, state, reservoir, n) = (walker?, state?, reservoir?, n?);
    let mut tallies = vec![TransitionTally::default(); n.len()];
    for (k, &kind) in kinds.iter().enumerate() {
        let first = KEY_COLUMNS + KIND_COLUMNS * k;
        let (attempts, accepted) = (counts(group, first)?, counts(group, first + 1)?);
        let probability = column::<DoubleType>(group, first + 2)?;
        for (i, tally) in tallies.iter_mut().enumerate() {
            if let Some(of_kind) = tally.of_mut(kind) {
                *of_kind =
                    AttemptTally { attempts: attempts[i], accepted: accepted[i], probability: probability[i].into() };
            }
        }
    }
    Ok((0..n.len())
        .map(|i| TallyRow {
            walker: walker[i] as u16,
            state: state[i] as u32,
            reservoir: reservoir[i] as u16,
            n: n[i] as u16,
            tally: tallies[i],
        })
        .collect())
}

fn decode_edges(group: &dyn RowGroupReader) -> ParquetResult<Vec<EdgeTally>> {
    let all = counts(group, 1)?.into_iter().zip(counts(group, 2)?);
    Ok(all.map(|(attempts, accepted)| EdgeTally { attempts, accepted }).collect())
}

/// A column of numbers that are never negative.
fn counts(group: &dyn RowGroupReader, place: usize) -> ParquetResult<Vec<u64>> {
    let count = |v: i64| {
        u64::try_from(v).map_err(|_| ParquetError::General(format!("column {place} has {v} where there is a count")))
    };
    column::<Int64Type>(group, place)?.into_iter().map(count).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tallied(scale: u64) -> Transitions {
        let mut t = Transitions::new(3, 2, [4, 2]);
        let of_kind = |k: u64| AttemptTally {
            attempts: k * scale,
            accepted: k / 2,
            probability: (0.25 * (k * scale) as f64).into(),
        };
        for (i, tally) in t.tallies_mut().iter_mut().enumerate().filter(|(i, _)| i % 3 != 1) {
            let mut k = 0;
            *tally = TransitionTally::from_kinds(|_| {
                k += i as u64;
                of_kind(k)
            });
        }
        t
    }

    fn edges(scale: u64) -> Vec<EdgeTally> {
        (0..4).map(|k| EdgeTally { attempts: 10 * scale, accepted: k * scale }).collect()
    }

    #[test]
    fn marks_are_read_as_written_and_later_ones_are_taken_back() -> Result<()> {
        let folder = tempfile::tempdir().map_err(Error::io("cannot create", "temporary folder"))?;
        let writer = MarkWriter::new(folder.path(), 100)?;
        assert_eq!((0..100).filter(|&c| writer.follows(c)).count(), 20);
        writer.write(4, &tallied(1), &edges(1))?;
        writer.write(9, &tallied(2), &edges(2))?;
        let marks = read_marks(folder.path(), 100, 3, 4)?;
        assert_eq!(marks.iter().map(|m| m.done).collect::<Vec<_>>(), [5, 10]);
        assert_eq!(marks[1].rows, tallied(2).rows().collect::<Vec<_>>());
        assert_eq!(marks[1].edges[3], EdgeTally { attempts: 20, accepted: 6 });
        // What was never tried is not stored; index 0 has no attempts either.
        assert!(marks[0].rows.iter().all(|r| r.tally.of(MoveKind::INSERT).attempts > 0));
        assert_eq!(read_marks(folder.path(), 7, 3, 4)?.len(), 1);
        writer.rewind_to(5)?;
        assert_eq!(read_marks(folder.path(), 100, 3, 4)?.len(), 1);
        assert!(read_marks(folder.path(), 100, 3, 5).is_err());
        // Walkers that were written apart make the same mark.
        let both = tallied(2);
        for walker in [1, 0] {
            writer.write_walkers(9, &both.of_walkers(walker..walker + 1), walker)?;
        }
        writer.write_edges(9, &edges(2))?;
        assert_eq!(read_marks(folder.path(), 100, 3, 4)?[1].rows, both.rows().collect::<Vec<_>>());
        writer.rewind_to(5)?;
        assert_eq!(read_marks(folder.path(), 100, 3, 4)?.len(), 1);
        // A mark that counts less than the one before is no mark of this run.
        writer.write(9, &tallied(0), &edges(2))?;
        assert!(read_marks(folder.path(), 100, 3, 4).is_err());
        Ok(())
    }

    #[test]
    fn a_kind_that_is_never_tried_takes_no_columns() -> Result<()> {
        let folder = tempfile::tempdir().map_err(Error::io("cannot create", "temporary folder"))?;
        let writer = MarkWriter::new(folder.path(), 100)?;
        let tried = |kinds: usize| {
            let mut t = Transitions::new(1, 1, [1]);
            for kind in &MoveKind::TALLIED[..kinds] {
                if let Some(tally) = t.tallies_mut()[1].of_mut(*kind) {
                    tally.attempts = 7;
                }
            }
            t
        };
        for (done, kinds, columns) in [(5, 1, 10), (10, 2, 10), (15, 3, 13)] {
            writer.write(done - 1, &tried(kinds), &edges(u64::from(done)))?;
            let path = folder.path().join("transitions").join(file_name("mark", done));
            let found = open(&path, "mark", |r| Ok(r.metadata().file_metadata().schema_descr().num_columns()))?;
            assert_eq!(found, columns, "{kinds} kinds");
        }
        let marks = read_marks(folder.path(), 100, 1, 4)?;
        assert_eq!(marks.iter().map(|m| m.rows[0].tally.attempts()).collect::<Vec<_>>(), [7, 14, 21]);
        Ok(())
    }

    #[test]
    fn marks_follow_from_the_length_of_production() -> Result<()> {
        let folder = tempfile::tempdir().map_err(Error::io("cannot create", "temporary folder"))?;
        let marks = |production| -> Result<Vec<u32>> {
            let writer = MarkWriter::new(folder.path(), production)?;
            Ok((0..production).filter(|&c| writer.follows(c)).collect())
        };
        assert_eq!(marks(3)?, [0, 1, 2]);
        assert_eq!(marks(1505)?.len(), 21);
        assert!(marks(1505)?.contains(&751), "the middle");
        assert_eq!(marks(1505)?.last(), Some(&1504));
        Ok(())
    }
}
