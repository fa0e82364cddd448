//! A checksum inside every Parquet file of a run, so that a flipped bit never becomes a number.
//!
//! The metadata of a file hold the xxh3-128 of all its bytes as 32 hexadecimal digits under `KEY`, counted with zeros in
//! the place of the digits themselves. Other programs read such a file like any other; a file without the key is taken as
//! it is.

use crate::base::{Error, Result};
use parquet::errors::{ParquetError, Result as ParquetResult};
use parquet::file::metadata::KeyValue;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;
use xxhash_rust::xxh3::{Xxh3Default, xxh3_128};

/// Key of the metadata that hold the checksum.
const KEY: &str = "adlayer.xxh3";
const DIGITS: usize = 32;
/// Bytes behind the metadata: their length, and `PAR1`.
const TAIL: usize = 8;
/// Bytes that are read at once.
const CHUNK: usize = 1 << 20;

/// The entry that the metadata of a file need before it can be sealed.
pub(crate) fn placeholder() -> KeyValue {
    KeyValue::new(KEY.to_owned(), "0".repeat(DIGITS))
}

/// Where the digits stand in the metadata at the end of a file: behind the key and the head of a text of 32 bytes.
fn place_in(metadata: &[u8]) -> Option<usize> {
    let marker = [KEY.as_bytes(), &[0x18, DIGITS as u8]].concat();
    let found = metadata.windows(marker.len() + DIGITS).rposition(|w| w.starts_with(&marker))?;
    Some(found + marker.len())
}

/// Where the metadata of a file begin, by its last eight bytes: their length and a name.
fn metadata_from(length: u64, tail: [u8; TAIL]) -> Option<u64> {
    let of_metadata = u32::from_le_bytes([tail[0], tail[1], tail[2], tail[3]]);
    length.checked_sub(TAIL as u64)?.checked_sub(u64::from(of_metadata))
}

/// Enters the checksum into the bytes of a file that has the [`placeholder`].
///
/// # Errors
/// If it has none.
pub(crate) fn seal(mut bytes: Vec<u8>) -> ParquetResult<Vec<u8>> {
    let place = bytes.last_chunk().and_then(|tail| {
        let from = usize::try_from(metadata_from(bytes.len() as u64, *tail)?).ok()?;
        Some(from + place_in(&bytes[from..bytes.len() - TAIL])?)
    });
    let place = place.ok_or_else(|| ParquetError::General("no place for the checksum".into()))?;
    bytes[place..place + DIGITS].fill(b'0');
    let sum = format!("{:032x}", xxh3_128(&bytes));
    bytes[place..place + DIGITS].copy_from_slice(sum.as_bytes());
    Ok(bytes)
}

/// Opens a file after a look at its checksum, which takes the memory of its metadata.
///
/// # Errors
/// [`Error::BadInput`] if the checksum is not that of the bytes, [`Error::Io`].
pub(crate) fn open(path: &Path) -> Result<File> {
    let mut file = File::open(path).map_err(Error::io("cannot open", path))?;
    let matches = matches(&mut file).map_err(Error::io("cannot read", path))?;
    if !matches {
        return Err(Error::BadInput {
            path: path.to_owned(),
            problem: "its checksum does not match: it was damaged; restore the file or repeat the run".to_owned(),
        });
    }
    file.rewind().map_err(Error::io("cannot read", path))?;
    Ok(file)
}

/// Whether the checksum of a file is that of its bytes, or there is none.
fn matches(file: &mut File) -> std::io::Result<bool> {
    let length = file.metadata()?.len();
    let mut tail = [0; TAIL];
    if length < TAIL as u64 {
        return Ok(true);
    }
    file.seek(SeekFrom::Start(length - TAIL as u64))?;
    file.read_exact(&mut tail)?;
    let Some(from) = metadata_from(length, tail) else { return Ok(true) };
    file.seek(SeekFrom::Start(from))?;
    let mut end = Vec::new();
    file.take(length - from).read_to_end(&mut end)?;
    let Some(place) = place_in(&end[..end.len().saturating_sub(TAIL)]) else { return Ok(true) };
    let found = end[place..place + DIGITS].to_vec();
    end[place..place + DIGITS].fill(b'0');
    file.rewind()?;
    let (mut hasher, mut rest, mut buffer) = (Xxh3Default::new(), file.take(from), vec![0; CHUNK]);
    loop {
        match rest.read(&mut buffer)? {
            0 => break,
            n => hasher.update(&buffer[..n]),
        }
    }
    hasher.update(&end);
    Ok(found == format!("{:032x}", hasher.digest128()).as_bytes())
}
