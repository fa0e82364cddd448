//! One Parquet part: its schema, and the columns written to and read from it.
//!
//! What observables store follows the counts: a FLOAT column for each number, a FIXED_LEN_BYTE_ARRAY column of
//! little-endian half-precision numbers for each histogram. The metadata of the file say what they mean, so that no scene is needed to read it:
//!
//! | key | value |
//! | --- | --- |
//! | `adlayer.histogram.<name>` | `lo hi bins` of a histogram |
//! | `adlayer.role.<name>` | question about a phase that a column answers ([`Role`]): `average`, `order <structure>` or `layer_profile` |
//! | `adlayer.label.<name>` | its name under an axis, where that is another |
//!
//! Parts written before roles were stored have neither of the last two; [`before_roles`] knows the columns of that time.

use super::Samples;
use crate::io::parquet::{column, encode, write_column};
use crate::observables::record::{Column, Histogram, Role};
use half::f16;
use parquet::basic::Type as PhysicalType;
use parquet::data_type::{ByteArray, DoubleType, FixedLenByteArray, FixedLenByteArrayType, FloatType, Int32Type};
use parquet::errors::{ParquetError, Result};
use parquet::file::metadata::KeyValue;
use parquet::file::reader::FileReader;
use parquet::file::serialized_reader::SerializedFileReader;
use std::fs::File;

/// The schema of a part: cycle, walker, replica, state, energy, n_<species>…, what observables store.
fn schema(species: &[String], samples: &Samples) -> String {
    let mut text = String::from(
        "message samples {
            required int32 cycle (INTEGER(32, false));
            required int32 walker (INTEGER(16, false));
            required int32 replica (INTEGER(32, false));
            required int32 state (INTEGER(32, false));
            required double energy;\n",
    );
    for name in species {
        text.push_str(&format!("required int32 n_{name} (INTEGER(16, false));\n"));
    }
    for column in &samples.columns {
        text.push_str(&format!("required float {};\n", column.name));
    }
    for histogram in &samples.histograms {
        text.push_str(&format!("required fixed_len_byte_array({}) {};\n", 2 * histogram.bins, histogram.name));
    }
    text.push('}');
    text
}

/// Key of the metadata of a column.
///
/// - `what`: `histogram`, `role` or `label`
fn key_of(what: &str, column: &str) -> String {
    format!("adlayer.{what}.{column}")
}

/// Metadata on the meaning of the columns.
fn meaning(samples: &Samples) -> Vec<KeyValue> {
    let columns = samples.columns.iter().map(|c| (&c.name, &c.label, &c.role));
    let all = columns.chain(samples.histograms.iter().map(|h| (&h.name, &h.label, &h.role)));
    let pairs = all.flat_map(|(name, label, role)| {
        let label = Some(KeyValue::new(key_of("label", name), label.clone())).filter(|_| label != name);
        [Some(KeyValue::new(key_of("role", name), role.to_string())), label]
    });
    pairs.flatten().collect()
}

/// Label and role of a column of a part that says nothing of them, from the names that had a meaning at that time.
fn before_roles(name: &str) -> (String, Role) {
    let order = |structure: &str| (format!("Φ of {structure}"), Role::Order(structure.to_owned()));
    match name {
        "order_sqrt3" => order("√3×√3"),
        "order_1x1" => order("1×1"),
        _ if name.starts_with("layers_") => (name.to_owned(), Role::LayerProfile),
        _ => (name.to_owned(), Role::Average),
    }
}

/// Writes `samples` as one part with one row group.
pub(crate) fn write(species: &[String], samples: &Samples) -> Result<Vec<u8>> {
    let bins = |h: &Histogram| KeyValue::new(key_of("histogram", &h.name), format!("{} {} {}", h.lo, h.hi, h.bins));
    let metadata = samples.histograms.iter().map(bins).chain(meaning(samples)).collect();
    // Parquet stores unsigned integers in the bits of signed ones; the schema says which.
    let wide = bytemuck::cast_slice::<u32, i32>;
    let narrow = |column: &[u16]| column.iter().map(|&v| i32::from(v)).collect::<Vec<_>>();
    encode(&schema(species, samples), metadata, |group| {
        write_column::<Int32Type>(group, wide(&samples.cycle))?;
        write_column::<Int32Type>(group, &narrow(&samples.walker))?;
        write_column::<Int32Type>(group, wide(&samples.replica))?;
        write_column::<Int32Type>(group, wide(&samples.state))?;
        write_column::<DoubleType>(group, &samples.energy)?;
        for column in &samples.counts {
            write_column::<Int32Type>(group, &narrow(column))?;
        }
        for column in &samples.columns {
            write_column::<FloatType>(group, &column.values)?;
        }
        for histogram in &samples.histograms {
            let bytes: Vec<u8> = histogram.values.iter().flat_map(|v| v.to_le_bytes()).collect();
            let (whole, size) = (ByteArray::from(bytes), 2 * histogram.bins);
            let rows: Vec<FixedLenByteArray> = (0..samples.len()).map(|i| whole.slice(i * size, size).into()).collect();
            write_column::<FixedLenByteArrayType>(group, &rows)?;
        }
        Ok(())
    })
}

/// Appends the rows of one part to `samples`.
pub(crate) fn read(reader: &SerializedFileReader<File>, species: &[String], samples: &mut Samples) -> Result<()> {
    let columns = reader.metadata().file_metadata().schema_descr().columns().to_vec();
    let place = |name: &str| {
        columns
            .iter()
            .position(|c| c.name() == name)
            .ok_or_else(|| ParquetError::General(format!("there is no column `{name}`")))
    };
    let found = observed(reader)?;
    if samples.is_empty() && samples.columns.is_empty() && samples.histograms.is_empty() {
        (samples.columns, samples.histograms) = found;
    } else {
        let alike = samples.columns.iter().map(|c| &c.name).eq(found.0.iter().map(|c| &c.name))
            && samples.histograms.len() == found.1.len()
            && samples.histograms.iter().zip(&found.1).all(|(a, b)| a.is_like(b));
        if !alike {
            return Err(ParquetError::General("its observables are others than those of the parts before it".into()));
        }
    }
    for group in 0..reader.num_row_groups() {
        let group = reader.get_row_group(group)?;
        let group = group.as_ref();
        for observed in &mut samples.columns {
            observed.values.extend(column::<FloatType>(group, place(&observed.name)?)?);
        }
        for histogram in &mut samples.histograms {
            let rows = column::<FixedLenByteArrayType>(group, place(&histogram.name)?)?;
            for row in rows {
                let halves = row.data().chunks_exact(2).map(|b| f16::from_le_bytes([b[0], b[1]]));
                let before = histogram.values.len();
                histogram.values.extend(halves);
                if histogram.values.len() - before != histogram.bins {
                    return Err(ParquetError::General(format!("`{}` has a row of another length", histogram.name)));
                }
            }
        }
        samples.cycle.extend(column::<Int32Type>(group, place("cycle")?)?.iter().map(|&v| v as u32));
        samples.walker.extend(column::<Int32Type>(group, place("walker")?)?.iter().map(|&v| v as u16));
        samples.replica.extend(column::<Int32Type>(group, place("replica")?)?.iter().map(|&v| v as u32));
        samples.state.extend(column::<Int32Type>(group, place("state")?)?.iter().map(|&v| v as u32));
        samples.energy.extend(column::<DoubleType>(group, place("energy")?)?);
        for (counts, name) in samples.counts.iter_mut().zip(species) {
            counts.extend(column::<Int32Type>(group, place(&format!("n_{name}"))?)?.iter().map(|&v| v as u16));
        }
    }
    Ok(())
}

/// Columns of observables in a part, without the values: FLOAT columns and FIXED_LEN_BYTE_ARRAY columns.
fn observed(reader: &SerializedFileReader<File>) -> Result<(Vec<Column>, Vec<Histogram>)> {
    let file = reader.metadata().file_metadata();
    let said = |what: &str, name: &str| {
        let key = key_of(what, name);
        let value = file.key_value_metadata().and_then(|all| all.iter().find(|kv| kv.key == key));
        (value.and_then(|kv| kv.value.as_deref()), key)
    };
    let meaning = |name: &str| -> Result<(String, Role)> {
        let (Some(role), key) = said("role", name) else { return Ok(before_roles(name)) };
        let role = role.parse().map_err(|()| {
            ParquetError::General(format!("`{key}` is `{role}`, not `average`, `order <structure>` or `layer_profile`"))
        })?;
        Ok((said("label", name).0.unwrap_or(name).to_owned(), role))
    };
    let (mut columns, mut histograms) = (Vec::new(), Vec::new());
    for column in file.schema_descr().columns() {
        let name = column.name().to_owned();
        match column.physical_type() {
            PhysicalType::FLOAT => {
                let (label, role) = meaning(&name)?;
                columns.push(Column { name, label, role, values: Vec::new() });
            }
            PhysicalType::FIXED_LEN_BYTE_ARRAY => {
                let (text, key) = said("histogram", &name);
                let text = text.unwrap_or_default();
                let (label, role) = meaning(&name)?;
                let (lo, hi, bins) = bins_of(text)
                    .filter(|&(lo, hi, bins)| lo < hi && i32::try_from(2 * bins) == Ok(column.type_length()))
                    .ok_or_else(|| ParquetError::General(format!("`{key}` is `{text}`, not `lo hi bins`")))?;
                histograms.push(Histogram { name, label, role, lo, hi, bins, values: Vec::new() });
            }
            _ => {}
        }
    }
    Ok((columns, histograms))
}

/// `lo hi bins`
fn bins_of(text: &str) -> Option<(f64, f64, usize)> {
    let mut words = text.split(' ');
    let (lo, hi, bins) = (words.next()?.parse().ok()?, words.next()?.parse().ok()?, words.next()?.parse::<u16>().ok()?);
    words.next().is_none().then_some((lo, hi, usize::from(bins)))
}
