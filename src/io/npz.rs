//! `.npz`: a zip of `.npy` arrays, stored without compression.
//!
//! # Source
//! NEP 1, "A simple file format for NumPy arrays", version 1.0 of the format.

use crate::base::error::{Error, Result};
use crate::io::atomic::write_whole_with;
use std::fs::File;
use std::io::{BufWriter, Seek, Write};
use std::path::Path;
use zip::result::ZipError;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

/// A number that numpy knows.
pub(crate) trait Number: Copy {
    /// Its `descr`: little-endian, kind, bytes.
    const DESCR: &'static str;
    /// Its bytes, little-endian.
    fn put(self, out: &mut Vec<u8>);
}

macro_rules! number {
    ($($t:ty => $descr:literal),*) => { $(impl Number for $t {
        const DESCR: &'static str = $descr;
        fn put(self, out: &mut Vec<u8>) { out.extend_from_slice(&self.to_le_bytes()); }
    })* };
}
number!(f64 => "<f8", i64 => "<i8", u32 => "<u4", u16 => "<u2");

/// Arrays on their way into one file.
pub(crate) struct Npz<'a, W: Write + Seek> {
    zip: ZipWriter<W>,
    path: &'a Path,
}

/// Writes a file of arrays, whole.
pub(crate) fn write(path: &Path, fill: impl FnOnce(&mut Npz<'_, BufWriter<&mut File>>) -> Result<()>) -> Result<()> {
    write_whole_with(path, |file| {
        let mut npz = Npz { zip: ZipWriter::new(BufWriter::new(file)), path };
        fill(&mut npz)?;
        let mut rest = npz.zip.finish().map_err(|source| archive(path, source))?;
        rest.flush().map_err(Error::io("cannot write", path))
    })
}

fn archive(path: &Path, source: ZipError) -> Error {
    Error::Archive { path: path.to_owned(), source }
}

impl<W: Write + Seek> Npz<'_, W> {
    /// Adds an array given row by row (a row is what lies along all axes but the first), C order.
    pub(crate) fn rows<T: Number>(
        &mut self,
        name: &str,
        shape: &[usize],
        rows: impl IntoIterator<Item = Vec<T>>,
    ) -> Result<()> {
        let failed = || Error::io("cannot write", self.path);
        let options = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
        self.zip.start_file(format!("{name}.npy"), options).map_err(|e| archive(self.path, e))?;
        self.zip.write_all(&header(T::DESCR, shape)).map_err(failed())?;
        let (mut written, mut bytes) = (0, Vec::new());
        for row in rows {
            bytes.clear();
            row.iter().for_each(|x| x.put(&mut bytes));
            written += row.len();
            self.zip.write_all(&bytes).map_err(failed())?;
        }
        assert_eq!(
            written,
            shape.iter().product::<usize>(),
            "the array `{name}` has as many numbers as its shape says"
        );
        Ok(())
    }

    /// Adds an array as a whole, C order.
    pub(crate) fn array<T: Number>(&mut self, name: &str, shape: &[usize], values: Vec<T>) -> Result<()> {
        self.rows(name, shape, [values])
    }
}

/// Magic, version, length and the dictionary, padded so that the numbers start at a multiple of 64 bytes.
fn header(descr: &str, shape: &[usize]) -> Vec<u8> {
    let mut tuple: String = shape.iter().map(|n| format!("{n},")).collect();
    if shape.len() > 1 {
        tuple.pop();
    }
    let mut text = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': ({tuple}), }}");
    while !(10 + text.len() + 1).is_multiple_of(64) {
        text.push(' ');
    }
    text.push('\n');
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend_from_slice(&(text.len() as u16).to_le_bytes());
    bytes.extend_from_slice(text.as_bytes());
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_those_of_the_format() {
        for (shape, words) in [(&[3_usize, 5][..], "(3,5)"), (&[7], "(7,)"), (&[], "()")] {
            let bytes = header("<f8", shape);
            assert_eq!(bytes.len() % 64, 0);
            assert_eq!(&bytes[..8], b"\x93NUMPY\x01\x00");
            assert_eq!(usize::from(u16::from_le_bytes([bytes[8], bytes[9]])), bytes.len() - 10);
            let text = String::from_utf8_lossy(&bytes[10..]).into_owned();
            assert!(text.ends_with('\n') && text.contains(&format!("'shape': {words}")), "{text}");
        }
    }
}
