//! Parquet files of one row group: their columns, written and read whole.

use crate::base::{Error, Result};
use crate::io::atomic::write_whole;
use crate::io::checksum::{self, placeholder, seal};
use parquet::basic::{Compression, Encoding, Type as PhysicalType};
use parquet::column::reader::ColumnReaderImpl;
use parquet::data_type::DataType;
use parquet::errors::{ParquetError, Result as ParquetResult};
use parquet::file::metadata::KeyValue;
use parquet::file::properties::{EnabledStatistics, WriterProperties, WriterPropertiesBuilder};
use parquet::file::reader::{FileReader, RowGroupReader};
use parquet::file::serialized_reader::SerializedFileReader;
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::parser::parse_message_type;
use parquet::schema::types::SchemaDescriptor;
use std::fs::File;
use std::path::Path;
use std::sync::Arc;

/// The row group of a file that is being written.
pub(crate) type Group<'a> = SerializedRowGroupWriter<'a, Vec<u8>>;

/// How the columns of a schema are written: whole numbers by their differences, other values as they are. A dictionary of energies
/// would be built and thrown away, at ten times the time and a third more bytes; no reader needs to leave rows out by statistics.
fn properties(schema: &SchemaDescriptor) -> WriterPropertiesBuilder {
    let all = WriterProperties::builder()
        .set_compression(Compression::SNAPPY)
        .set_dictionary_enabled(false)
        .set_statistics_enabled(EnabledStatistics::None);
    let whole =
        schema.columns().iter().filter(|c| matches!(c.physical_type(), PhysicalType::INT32 | PhysicalType::INT64));
    whole.fold(all, |all, c| all.set_column_encoding(c.path().clone(), Encoding::DELTA_BINARY_PACKED))
}

/// The bytes of a file, sealed.
///
/// - `schema`: in Parquet's message language
/// - `metadata`: of the file, beside its checksum
/// - `write`: writes every column in the order of the schema
pub(crate) fn encode(
    schema: &str,
    mut metadata: Vec<KeyValue>,
    write: impl FnOnce(&mut Group<'_>) -> ParquetResult<()>,
) -> ParquetResult<Vec<u8>> {
    let schema = Arc::new(parse_message_type(schema)?);
    metadata.push(placeholder());
    let properties = properties(&SchemaDescriptor::new(Arc::clone(&schema)));
    let properties = properties.set_key_value_metadata(Some(metadata)).build();
    let mut writer = SerializedFileWriter::new(Vec::new(), schema, Arc::new(properties))?;
    let mut group = writer.next_row_group()?;
    write(&mut group)?;
    group.close()?;
    seal(writer.into_inner()?)
}

/// Writes the next column of the schema.
pub(crate) fn write_column<T: DataType>(group: &mut Group<'_>, values: &[T::T]) -> ParquetResult<()> {
    let mut column =
        group.next_column()?.ok_or_else(|| ParquetError::General("the schema has no more columns".into()))?;
    column.typed::<T>().write_batch(values, None, None)?;
    column.close()
}

/// Writes an encoded file, whole.
///
/// # Errors
/// [`Error::ParquetEncoding`] if it could not be encoded, [`Error::Io`] if it cannot be written.
pub(crate) fn save(path: &Path, encoded: ParquetResult<Vec<u8>>) -> Result<()> {
    write_whole(path, &encoded.map_err(|source| Error::ParquetEncoding { path: path.to_owned(), source })?)
}

/// Opens a file and reads from it.
///
/// - `what`: names the file in an error, e.g. `mark`
///
/// # Errors
/// [`Error::Io`] if it cannot be opened, [`Error::BadInput`] if its checksum is wrong, [`Error::ParquetDamaged`] if it
/// cannot be decoded.
pub(crate) fn open<T>(
    path: &Path,
    what: &str,
    read: impl FnOnce(&SerializedFileReader<File>) -> ParquetResult<T>,
) -> Result<T> {
    let file = checksum::open(path)?;
    SerializedFileReader::new(file).and_then(|reader| read(&reader)).map_err(|source| Error::ParquetDamaged {
        what: what.to_owned(),
        path: path.to_owned(),
        source,
    })
}

/// Makes sure that a file is whole, without a look at its values.
///
/// # Errors
/// Those of [`open`].
pub(crate) fn verify(path: &Path, what: &str) -> Result<()> {
    open(path, what, |_| Ok(()))
}

/// Shows every row group of a file, which has as many columns as are expected.
pub(crate) fn each_group(
    reader: &SerializedFileReader<File>,
    columns: usize,
    mut show: impl FnMut(&dyn RowGroupReader) -> ParquetResult<()>,
) -> ParquetResult<()> {
    let found = reader.metadata().file_metadata().schema_descr().num_columns();
    if found != columns {
        return Err(ParquetError::General(format!("{found} columns where there should be {columns}")));
    }
    (0..reader.num_row_groups()).try_for_each(|group| show(reader.get_row_group(group)?.as_ref()))
}

/// All values of a column.
pub(crate) fn column<T: DataType>(group: &dyn RowGroupReader, column: usize) -> ParquetResult<Vec<T::T>> {
    let wrong = || ParquetError::General(format!("column {column} is not of the type {}", T::get_physical_type()));
    let mut reader: ColumnReaderImpl<T> = T::get_column_reader(group.get_column_reader(column)?).ok_or_else(wrong)?;
    let n_rows = usize::try_from(group.metadata().num_rows()).unwrap_or(0);
    // A damaged file may claim any number of rows.
    let mut values = Vec::with_capacity(n_rows.min(1 << 20));
    while values.len() < n_rows && reader.read_records(n_rows - values.len(), None, None, &mut values)?.0 > 0 {}
    match values.len() == n_rows {
        true => Ok(values),
        false => Err(ParquetError::General(format!("{} of {n_rows} rows are readable", values.len()))),
    }
}
