//! One Parquet part: its schema, and the columns written to and read from it.

use super::Samples;
use parquet::column::reader::ColumnReader;
use parquet::data_type::{DataType, DoubleType, Int32Type};
use parquet::errors::{ParquetError, Result};
use parquet::file::properties::WriterProperties;
use parquet::file::reader::{FileReader, RowGroupReader};
use parquet::file::serialized_reader::SerializedFileReader;
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::parser::parse_message_type;
use parquet::schema::types::TypePtr;
use std::fs::File;
use std::io::Write;
use std::sync::Arc;

/// Name of a part file.
pub(super) fn file_name(number: usize) -> String {
    format!("part-{number:05}.parquet")
}

/// The number in the name of a part file, or `None` if it is no part.
pub(super) fn number_of(name: &str) -> Option<usize> {
    name.strip_prefix("part-")?.strip_suffix(".parquet")?.parse().ok()
}

/// The schema of a part: cycle, walker, replica, state, energy, n_<species>….
pub(super) fn schema(species: &[String]) -> Result<TypePtr> {
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
    text.push('}');
    Ok(Arc::new(parse_message_type(&text)?))
}

/// Writes `samples` as one part with one row group.
pub(super) fn write<W: Write + Send>(sink: W, species: &[String], samples: &Samples) -> Result<W> {
    let properties = WriterProperties::builder().set_compression(parquet::basic::Compression::SNAPPY).build();
    let mut writer = SerializedFileWriter::new(sink, schema(species)?, Arc::new(properties))?;
    let mut group = writer.next_row_group()?;
    // Parquet stores unsigned integers in the bits of signed ones; the schema says which.
    let wide = |column: &[u32]| column.iter().map(|&v| v as i32).collect::<Vec<_>>();
    let narrow = |column: &[u16]| column.iter().map(|&v| i32::from(v)).collect::<Vec<_>>();
    write_column::<Int32Type, W>(&mut group, &wide(&samples.cycle))?;
    write_column::<Int32Type, W>(&mut group, &narrow(&samples.walker))?;
    write_column::<Int32Type, W>(&mut group, &wide(&samples.replica))?;
    write_column::<Int32Type, W>(&mut group, &wide(&samples.state))?;
    write_column::<DoubleType, W>(&mut group, &samples.energy)?;
    for column in &samples.counts {
        write_column::<Int32Type, W>(&mut group, &narrow(column))?;
    }
    group.close()?;
    writer.into_inner()
}

pub(super) fn write_column<T: DataType, W: Write + Send>(
    group: &mut SerializedRowGroupWriter<'_, W>,
    values: &[T::T],
) -> Result<()> {
    let mut column =
        group.next_column()?.ok_or_else(|| ParquetError::General("the schema has no more columns".into()))?;
    column.typed::<T>().write_batch(values, None, None)?;
    column.close()
}

/// Appends the rows of one part to `samples`.
pub(super) fn read(file: File, species: &[String], samples: &mut Samples) -> Result<()> {
    let reader = SerializedFileReader::new(file)?;
    let columns = reader.metadata().file_metadata().schema_descr().columns().to_vec();
    let place = |name: &str| {
        columns
            .iter()
            .position(|c| c.name() == name)
            .ok_or_else(|| ParquetError::General(format!("there is no column `{name}`")))
    };
    for group in 0..reader.num_row_groups() {
        let group = reader.get_row_group(group)?;
        let group = group.as_ref();
        samples.cycle.extend(integers(group, place("cycle")?)?.iter().map(|&v| v as u32));
        samples.walker.extend(integers(group, place("walker")?)?.iter().map(|&v| v as u16));
        samples.replica.extend(integers(group, place("replica")?)?.iter().map(|&v| v as u32));
        samples.state.extend(integers(group, place("state")?)?.iter().map(|&v| v as u32));
        samples.energy.extend(doubles(group, place("energy")?)?);
        for (column, name) in samples.counts.iter_mut().zip(species) {
            column.extend(integers(group, place(&format!("n_{name}"))?)?.iter().map(|&v| v as u16));
        }
    }
    Ok(())
}

pub(super) fn integers(group: &dyn RowGroupReader, column: usize) -> Result<Vec<i32>> {
    let n_rows = group.metadata().num_rows() as usize;
    let mut values = Vec::with_capacity(n_rows);
    match group.get_column_reader(column)? {
        ColumnReader::Int32ColumnReader(mut reader) => {
            while values.len() < n_rows && reader.read_records(n_rows - values.len(), None, None, &mut values)?.0 > 0 {}
        }
        _ => return Err(ParquetError::General(format!("column {column} is not a 32-bit integer"))),
    }
    complete(values, n_rows)
}

pub(super) fn doubles(group: &dyn RowGroupReader, column: usize) -> Result<Vec<f64>> {
    let n_rows = group.metadata().num_rows() as usize;
    let mut values = Vec::with_capacity(n_rows);
    match group.get_column_reader(column)? {
        ColumnReader::DoubleColumnReader(mut reader) => {
            while values.len() < n_rows && reader.read_records(n_rows - values.len(), None, None, &mut values)?.0 > 0 {}
        }
        _ => return Err(ParquetError::General(format!("column {column} is not a 64-bit float"))),
    }
    complete(values, n_rows)
}

fn complete<T>(values: Vec<T>, n_rows: usize) -> Result<Vec<T>> {
    match values.len() == n_rows {
        true => Ok(values),
        false => Err(ParquetError::General(format!("{} of {n_rows} rows are readable", values.len()))),
    }
}
