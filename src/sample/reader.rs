//! Reads all parts of a run.

use super::{Samples, part, writer::part_numbers};
use crate::{Error, Result};
use std::fs::File;
use std::path::Path;

/// The samples of all parts of `dir/samples`, in the order of the parts.
///
/// - `species`: names of the reservoir species, the columns `n_<species>`
///
/// # Errors
/// [`Error::InputMissing`] if there is no folder or no part or a part of the sequence is missing;
/// [`Error::BadInput`] if a part is damaged or lacks a column.
pub fn read_samples(dir: &Path, species: &[String]) -> Result<Samples> {
    let folder = dir.join("samples");
    if !folder.is_dir() {
        return Err(Error::InputMissing { what: "the folder of samples", path: folder });
    }
    let numbers = part_numbers(&folder)?;
    if let Some((expected, _)) = numbers.iter().enumerate().find(|&(i, &n)| i != n) {
        return Err(Error::InputMissing {
            what: "a part of the samples",
            path: folder.join(part::file_name(expected)),
        });
    }
    if numbers.is_empty() {
        return Err(Error::InputMissing { what: "any part of the samples", path: folder });
    }
    let mut samples = Samples::new(species.len());
    for number in numbers {
        read_part(&folder.join(part::file_name(number)), species, &mut samples)?;
    }
    Ok(samples)
}

/// Appends the rows of one part.
pub(super) fn read_part(path: &Path, species: &[String], samples: &mut Samples) -> Result<()> {
    let file = File::open(path).map_err(Error::io("cannot open", path))?;
    part::read(file, species, samples).map_err(|e| Error::BadInput {
        path: path.to_owned(),
        problem: format!("not a readable part of samples ({e}); restore the file or repeat the run"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{SampleRow, SampleWriter};

    fn species() -> Vec<String> {
        vec!["B".into(), "C".into()]
    }

    fn written(dir: &Path, rows: u32, rows_per_part: usize) -> Samples {
        let mut expected = Samples::new(2);
        let mut writer = SampleWriter::new(dir, &species(), rows_per_part).expect("folder");
        for i in 0..rows {
            let row = SampleRow {
                cycle: i / 3,
                walker: (i % 2) as u16,
                replica: u32::MAX - i,
                state: i % 5,
                energy: -0.1 * f64::from(i),
                counts: &[i as u16, 65_535 - i as u16],
            };
            expected.push(row);
            writer.push(row).expect("part");
        }
        writer.finish().expect("last part");
        expected
    }

    #[test]
    fn what_is_written_comes_back() {
        let dir = tempfile::tempdir().expect("folder");
        let expected = written(dir.path(), 1000, 300);
        assert_eq!(part_numbers(&dir.path().join("samples")).expect("parts"), [0, 1, 2, 3]);
        assert_eq!(read_samples(dir.path(), &species()).expect("samples"), expected);
    }

    #[test]
    fn a_second_writer_numbers_on_and_can_rewind() {
        let dir = tempfile::tempdir().expect("folder");
        let expected = written(dir.path(), 90, 30);
        written(dir.path(), 30, 30);
        assert_eq!(read_samples(dir.path(), &species()).expect("samples").len(), 120);
        SampleWriter::new(dir.path(), &species(), 10).expect("folder").rewind_to(3).expect("rewound");
        assert_eq!(read_samples(dir.path(), &species()).expect("samples"), expected);
    }

    #[test]
    fn damage_is_named() {
        let dir = tempfile::tempdir().expect("folder");
        assert!(matches!(read_samples(dir.path(), &species()), Err(Error::InputMissing { .. })));
        written(dir.path(), 90, 30);
        let other = read_samples(dir.path(), &["D".to_owned()]).expect_err("no such column");
        assert!(other.to_string().contains("n_D"), "{other}");
        let first = dir.path().join("samples/part-00001.parquet");
        std::fs::write(&first, b"PAR1 nonsense").expect("damage");
        let error = read_samples(dir.path(), &species()).expect_err("damaged");
        assert!(error.to_string().contains("part-00001.parquet") && error.exit_code() == 65, "{error}");
        std::fs::remove_file(&first).expect("removed");
        let error = read_samples(dir.path(), &species()).expect_err("missing");
        assert!(error.to_string().contains("part-00001.parquet") && error.exit_code() == 66, "{error}");
    }
}
