//! A checksum inside every Parquet file of a run, so that a flipped bit never becomes a number.
//!
//! The metadata of a file hold the xxh3-128 of all its bytes as 32 hexadecimal digits under `KEY`, counted with zeros in
//! the place of the digits themselves. Other programs read such a file like any other; a file without the key is taken as
//! it is.

use crate::base::{Error, Result};
use parquet::errors::{ParquetError, Result as ParquetResult};
use parquet::file::metadata::KeyValue;
use std::fs::File;
use std::path::Path;
use xxhash_rust::xxh3::xxh3_128;

/// Key of the metadata that hold the checksum.
const KEY: &str = "adlayer.xxh3";
const DIGITS: usize = 32;

/// The entry that the metadata of a file need before it can be sealed.
pub(crate) fn placeholder() -> KeyValue {
    KeyValue::new(KEY.to_owned(), "0".repeat(DIGITS))
}

/// Where the digits stand: in the metadata at the end of the file, behind the key and the head of a text of 32 bytes.
fn place(bytes: &[u8]) -> Option<usize> {
    let (rest, tail) = bytes.split_last_chunk::<8>()?;
    let length = u32::from_le_bytes([tail[0], tail[1], tail[2], tail[3]]);
    let from = rest.len().checked_sub(usize::try_from(length).ok()?)?;
    let marker = [KEY.as_bytes(), &[0x18, DIGITS as u8]].concat();
    let found = rest[from..].windows(marker.len() + DIGITS).rposition(|w| w.starts_with(&marker))?;
    Some(from + found + marker.len())
}

/// Replaces the digits at `place` by zeros and returns what they were, and what they should be.
fn digits(bytes: &mut [u8], place: usize) -> (Vec<u8>, String) {
    let digits = bytes[place..place + DIGITS].to_vec();
    bytes[place..place + DIGITS].fill(b'0');
    (digits, format!("{:032x}", xxh3_128(bytes)))
}

/// Enters the checksum into the bytes of a file that has the [`placeholder`].
///
/// # Errors
/// If it has none.
pub(crate) fn seal(mut bytes: Vec<u8>) -> ParquetResult<Vec<u8>> {
    let place = place(&bytes).ok_or_else(|| ParquetError::General("no place for the checksum".into()))?;
    let (_, sum) = digits(&mut bytes, place);
    bytes[place..place + DIGITS].copy_from_slice(sum.as_bytes());
    Ok(bytes)
}

/// Opens a file after a look at its checksum.
///
/// # Errors
/// [`Error::BadInput`] if the checksum is not that of the bytes, [`Error::Io`].
pub(crate) fn open(path: &Path) -> Result<File> {
    let mut bytes = std::fs::read(path).map_err(Error::io("cannot open", path))?;
    if let Some(place) = place(&bytes) {
        let (found, sum) = digits(&mut bytes, place);
        if found != sum.as_bytes() {
            return Err(Error::BadInput {
                path: path.to_owned(),
                problem: "its checksum does not match: it was damaged; restore the file or repeat the run".to_owned(),
            });
        }
    }
    File::open(path).map_err(Error::io("cannot open", path))
}
