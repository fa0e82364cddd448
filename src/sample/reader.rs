//! Reader of all parts of a run.

use super::Samples;
use crate::base::{Error, Result};
use crate::io::parquet::open;
use crate::io::parts::all_parts;
use crate::sample::schema;
use std::path::Path;

/// The samples of all parts of `dir/samples`, in the order of cycles and replicas.
///
/// - `species`: names of the reservoir species, the columns `n_<species>`
///
/// # Errors
/// [`Error::InputMissing`] if there is no folder or a part of the sequence is missing, [`Error::NothingStored`] if there is none;
/// [`Error::BadInput`] if a part is damaged or lacks a column.
pub fn read_samples(dir: &Path, species: &[String]) -> Result<Samples> {
    let folder = dir.join("samples");
    let parts = all_parts(&folder, "the folder of samples", "a part of the samples")?;
    if parts.is_empty() {
        return Err(Error::NothingStored {
            path: folder,
            found: "nothing is stored yet".to_owned(),
            remedy: format!("let the run come into its production (adlayer resume {})", dir.display()),
        });
    }
    let mut samples = Samples::new(species.len());
    for path in parts.iter().flatten() {
        read_part(path, species, &mut samples)?;
    }
    // A run that several ranks shared has them by walkers.
    Ok(if parts.len() > 1 { samples.in_order() } else { samples })
}

/// Appends the rows of one part.
pub(super) fn read_part(path: &Path, species: &[String], samples: &mut Samples) -> Result<()> {
    open(path, "part of samples", |reader| schema::read(reader, species, samples))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::io::parts::part_numbers;
    use crate::observables::record::{Field, Observed, Role, Shape};
    use crate::sample::{SampleRow, SampleWriter, Thinning};

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
        assert_eq!(part_numbers(&dir.path().join("samples")).expect("parts")[&None], [0, 1, 2, 3]);
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
    fn walkers_that_were_written_apart_are_read_in_the_order_of_cycles_and_replicas() {
        let dirs = [tempfile::tempdir().expect("folder"), tempfile::tempdir().expect("folder")];
        let fields = observed_fields();
        let writer = |dir: &Path| SampleWriter::new(dir, &species(), 7).expect("folder").observing(&fields);
        let mut alone = writer(dirs[0].path());
        let mut apart: Vec<SampleWriter> =
            (0..2).map(|walker| writer(dirs[1].path()).of_walker(dirs[1].path(), walker).expect("folder")).collect();
        for i in 0..60_u32 {
            let (replica, walker) = (i % 6, (i % 6 / 3) as u16);
            let row = SampleRow { cycle: i / 6, walker, replica, state: i % 3, energy: f64::from(i), counts: &[1, 2] };
            let mut observed = Observed::default();
            observed.number(f64::from(i));
            observed.histogram(&[f64::from(i % 9); 5]);
            observed.number(-f64::from(i));
            alone.push_observed(row, &observed).expect("part");
            apart[usize::from(walker)].push_observed(row, &observed).expect("part");
        }
        alone.finish().expect("last part");
        apart.into_iter().for_each(|w| w.finish().expect("last part"));
        let [one, other] = dirs.map(|dir| read_samples(dir.path(), &species()).expect("samples"));
        assert_eq!(one.len(), 60);
        assert_eq!(one, other);
    }

    fn observed_fields() -> Vec<Field> {
        vec![Field::column("psi6"), Field::histogram("density_B", -0.1, 6.3, 5), Field::column("cluster")]
    }

    /// Rows with observables in parts of 30, and what they hold.
    fn observed(dir: &Path, fields: &[Field], cycles: u32) -> Samples {
        let (mut expected, mut random) = (Samples::new(2).observing(fields), 7_u32);
        let mut writer = SampleWriter::new(dir, &species(), 30).expect("folder").observing(fields);
        for i in 0..3 * cycles {
            let row = SampleRow { cycle: i / 3, walker: 0, replica: i % 3, state: i % 3, energy: 0.0, counts: &[1, 2] };
            let mut observed = Observed::default();
            for field in fields {
                let mut next = || {
                    random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    f64::from(random >> 22)
                };
                match field.shape {
                    Shape::Number => observed.number(next() / 7.0),
                    Shape::Histogram { bins, .. } => observed.histogram(&(0..bins).map(|_| next()).collect::<Vec<_>>()),
                }
            }
            expected.push_observed(row, &observed);
            writer.push_observed(row, &observed).expect("part");
        }
        writer.finish().expect("last part");
        expected
    }

    #[test]
    fn what_was_observed_comes_back() {
        let dir = tempfile::tempdir().expect("folder");
        let expected = observed(dir.path(), &observed_fields(), 40);
        let found = read_samples(dir.path(), &species()).expect("samples");
        assert_eq!(found, expected);
        let h = &found.histograms[0];
        assert_eq!((h.name.as_str(), h.lo, h.hi, h.bins, h.values.len()), ("density_B", -0.1, 6.3, 5, 600));
        assert!(h.of(77).iter().all(|n| n.to_f32().fract() == 0.0) && found.columns[1].name == "cluster");
    }

    #[test]
    fn what_was_observed_is_thinned_with_its_samples() {
        let dir = tempfile::tempdir().expect("folder");
        let expected = observed(dir.path(), &observed_fields(), 40);
        let thinning = Thinning::new(40, 1, 1, 10);
        SampleWriter::new(dir.path(), &species(), 30).expect("folder").thin(&thinning).expect("thinned");
        let kept = expected.filtered(|i| thinning.keeps(expected.cycle[i]));
        assert_eq!(kept.len(), 30);
        assert_eq!(read_samples(dir.path(), &species()).expect("samples"), kept);
    }

    #[test]
    fn parts_of_other_observables_do_not_mix() {
        let dir = tempfile::tempdir().expect("folder");
        observed(dir.path(), &observed_fields(), 10);
        let wider = Field::histogram("density_B", -0.1, 6.4, 5);
        for fields in [vec![], vec![Field::column("psi6"), wider, Field::column("cluster")]] {
            SampleWriter::new(dir.path(), &species(), 30).expect("folder").rewind_to(1).expect("rewound");
            observed(dir.path(), &fields, 10);
            let error = read_samples(dir.path(), &species()).expect_err("others");
            assert!(error.to_string().contains("observables are others"), "{error}");
        }
    }

    #[test]
    fn a_histogram_without_its_bins_is_refused() {
        let dir = tempfile::tempdir().expect("folder");
        observed(dir.path(), &[Field::histogram("rdf", 0.0, 2.5, 4)], 10);
        let path = dir.path().join("samples/part-00000.parquet");
        let bytes = std::fs::read(&path).expect("part");
        let (good, bad) = (b"0 2.5 4", [&b"0 2.5 5"[..], b"3 2.5 4", b"0 2.5 x", b"0  2.54"]);
        let at = bytes.windows(good.len()).position(|w| w == good).expect("the bins stand in the metadata");
        for words in bad {
            let mut damaged = bytes.clone();
            damaged[at..at + good.len()].copy_from_slice(words);
            std::fs::write(&path, crate::io::checksum::seal(damaged).expect("sealed")).expect("damage");
            let error = read_samples(dir.path(), &species()).expect_err("refused");
            assert!(error.to_string().contains("not `lo hi bins`"), "{error}");
        }
    }

    /// Replaces bytes of the only part by as many others and seals it again.
    fn rewritten(dir: &Path, from: &[u8], to: &[u8]) -> usize {
        let path = dir.join("samples/part-00000.parquet");
        let mut bytes = std::fs::read(&path).expect("part");
        let places: Vec<usize> = (0..bytes.len() - from.len()).filter(|&i| bytes[i..].starts_with(from)).collect();
        places.iter().for_each(|&i| bytes[i..i + from.len()].copy_from_slice(to));
        std::fs::write(&path, crate::io::checksum::seal(bytes).expect("sealed")).expect("written");
        places.len()
    }

    #[test]
    fn roles_are_read_back_and_guessed_only_where_none_are_stored() {
        let dir = tempfile::tempdir().expect("folder");
        let order = |structure: &str| Role::Order(structure.into());
        let fields = [
            Field::column("order_sqrt3").labelled("Φ of √3×√3").with_role(order("√3×√3")),
            Field::column("tilt").labelled("Φ of stripes").with_role(order("stripes")),
            Field::column("psi6"),
            Field::histogram("layers_B", 0.0, 1.0, 3).with_role(Role::LayerProfile),
            Field::histogram("heights", 0.0, 1.0, 4).with_role(Role::LayerProfile),
        ];
        let expected = observed(dir.path(), &fields, 5);
        assert_eq!(read_samples(dir.path(), &species()).expect("samples"), expected);

        // A role that nobody knows is refused, not taken for none.
        assert_eq!(rewritten(dir.path(), "order stripes".as_bytes(), b"ordre stripes"), 1);
        let error = read_samples(dir.path(), &species()).expect_err("refused").to_string();
        assert!(error.contains("adlayer.role.tilt") && error.contains("ordre stripes"), "{error}");

        // Without the metadata, as older parts are: names that had a meaning then keep it.
        assert_eq!(rewritten(dir.path(), b"adlayer.role.", b"another.role."), fields.len());
        let old = read_samples(dir.path(), &species()).expect("samples");
        let roles = |s: &Samples| s.columns.iter().map(|c| (c.label.clone(), c.role.clone())).collect::<Vec<_>>();
        assert_eq!(roles(&old)[0], roles(&expected)[0]);
        assert_eq!(roles(&old)[1..], [("tilt".into(), Role::Average), ("psi6".into(), Role::Average)]);
        assert_eq!((&old.histograms[0].role, &old.histograms[1].role), (&Role::LayerProfile, &Role::Average));
    }

    #[test]
    fn no_flipped_bit_becomes_a_number() {
        let dir = tempfile::tempdir().expect("folder");
        let expected = observed(dir.path(), &observed_fields(), 10);
        let path = dir.path().join("samples/part-00000.parquet");
        let bytes = std::fs::read(&path).expect("part");
        let (mut refused, mut by_checksum) = (0, 0);
        for (at, &byte) in bytes.iter().enumerate() {
            let mut damaged = bytes.clone();
            damaged[at] = byte ^ (1 << (at % 8));
            std::fs::write(&path, &damaged).expect("damage");
            match read_samples(dir.path(), &species()) {
                Ok(found) => assert_eq!(found, expected, "byte {at} of {}", bytes.len()),
                Err(error) => {
                    refused += 1;
                    by_checksum += usize::from(error.to_string().contains("checksum does not match"));
                    let named = matches!(error, Error::BadInput { .. } | Error::ParquetDamaged { .. });
                    assert!(named, "{error}");
                }
            }
        }
        assert!(
            refused > bytes.len() - 40 && by_checksum > bytes.len() - 60,
            "{refused} {by_checksum} {}",
            bytes.len()
        );
        std::fs::write(&path, &bytes).expect("restored");
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
        assert!(matches!(&error, Error::ParquetDamaged { path, .. } if *path == first), "{error}");
        std::fs::remove_file(&first).expect("removed");
        let error = read_samples(dir.path(), &species()).expect_err("missing");
        assert!(matches!(&error, Error::InputMissing { path, .. } if *path == first), "{error}");
    }
}
