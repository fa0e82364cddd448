//! The file of a checkpoint: magic, format, header, payload, hash.
//!
//! | bytes | content |
//! | --- | --- |
//! | 8 | `ADLAYCKP` |
//! | 4 | format, u32 little-endian like every number here |
//! | 4 + h | length of the header; [`Header`] in postcard |
//! | 1 | 0 payload as it is, 1 payload in zstd |
//! | 8 + 8 + p | length of the payload before and after packing; the payload |
//! | 16 | xxh3-128 of everything before |
//!
//! A length is believed only when the bytes for it are there, and a packed payload only up to [`MOST_PACKING`] times
//! its size, so a hostile file cannot ask for more memory than it justifies.

use crate::backend::Identity;
use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_128;

const MAGIC: &[u8; 8] = b"ADLAYCKP";
/// The format that this version writes, and the only one it reads.
pub const FORMAT: u32 = 5;
/// A payload that zstd packs better than this is stored as it is.
const MOST_PACKING: u64 = 8;
/// zstd's level: fast, because a run waits for it.
const LEVEL: i32 = 1;
const HASH_BYTES: usize = 16;

/// What a checkpoint says of itself before its payload is touched.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// xxh3-128 of the resolved scene and of the files it names.
    pub scene: [u8; 16],
    /// Version of adlayer.
    pub version: String,
    /// Hash of the executable.
    pub build: String,
    /// Hash of what the host's elementary functions return.
    pub host: String,
    /// Device, driver, kernel.
    pub device: Identity,
}

/// The bytes of a checkpoint file.
pub fn seal(header: &Header, payload: &[u8]) -> Vec<u8> {
    let header = postcard::to_stdvec(header).unwrap_or_else(|e| unreachable!("a header is plain data: {e}"));
    let packed = zstd::bulk::compress(payload, LEVEL).ok();
    let packed = packed.filter(|p| p.len() < payload.len() && payload.len() as u64 <= MOST_PACKING * p.len() as u64);
    let (encoding, stored) = packed.as_deref().map_or((0_u8, payload), |p| (1, p));
    let mut bytes = Vec::with_capacity(64 + header.len() + stored.len());
    bytes.extend_from_slice(MAGIC);
    bytes.extend_from_slice(&FORMAT.to_le_bytes());
    bytes.extend_from_slice(&(header.len() as u32).to_le_bytes());
    bytes.extend_from_slice(&header);
    bytes.push(encoding);
    bytes.extend_from_slice(&(payload.len() as u64).to_le_bytes());
    bytes.extend_from_slice(&(stored.len() as u64).to_le_bytes());
    bytes.extend_from_slice(stored);
    let hash = xxh3_128(&bytes);
    bytes.extend_from_slice(&hash.to_le_bytes());
    bytes
}

/// Header and payload of the bytes of a checkpoint file.
///
/// - `most`: bytes that the payload may take at most
///
/// # Errors
/// What is wrong with them.
pub fn unseal(bytes: &[u8], most: u64) -> Result<(Header, Vec<u8>), String> {
    if !bytes.starts_with(MAGIC) {
        return Err("it is no checkpoint".to_owned());
    }
    let mut reader = Reader { rest: &bytes[MAGIC.len()..] };
    let format = u32::from_le_bytes(reader.array()?);
    let Some((body, hash)) = bytes.split_last_chunk::<HASH_BYTES>() else { return Err(cut()) };
    if xxh3_128(body).to_le_bytes() != *hash {
        return Err("its checksum does not match: it was damaged or cut".to_owned());
    }
    if format != FORMAT {
        return Err(format!("its format is {format}, this version of adlayer reads {FORMAT}"));
    }
    reader.rest = &reader.rest[..reader.rest.len().checked_sub(HASH_BYTES).ok_or_else(cut)?];
    let length = u32::from_le_bytes(reader.array()?);
    let header = postcard::from_bytes(reader.take(u64::from(length))?).map_err(|e| format!("its header: {e}"))?;
    let [encoding] = reader.array()?;
    let (raw, packed) = (u64::from_le_bytes(reader.array()?), u64::from_le_bytes(reader.array()?));
    let stored = reader.take(packed)?;
    if !reader.rest.is_empty() {
        return Err("bytes follow its payload".to_owned());
    }
    if raw > most {
        return Err(format!("it announces {raw} bytes, more than a run of this scene can take ({most})"));
    }
    let payload = match encoding {
        0 if raw == packed => stored.to_vec(),
        1 if raw <= MOST_PACKING.saturating_mul(packed) => {
            zstd::bulk::decompress(stored, raw as usize).map_err(|e| format!("its payload does not unpack: {e}"))?
        }
        _ => return Err(format!("it announces {raw} bytes in {packed}")),
    };
    if payload.len() as u64 != raw {
        return Err(format!("it announces {raw} bytes and holds {}", payload.len()));
    }
    Ok((header, payload))
}

fn cut() -> String {
    "it was cut".to_owned()
}

struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    fn take(&mut self, n: u64) -> Result<&'a [u8], String> {
        let n = usize::try_from(n).map_err(|_| cut())?;
        let (head, rest) = self.rest.split_at_checked(n).ok_or_else(cut)?;
        self.rest = rest;
        Ok(head)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], String> {
        let head = self.take(N as u64)?;
        head.try_into().map_err(|_| cut())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header() -> Header {
        Header { version: "1".into(), ..Header::default() }
    }

    #[test]
    fn what_is_sealed_comes_back() {
        let noise: Vec<u8> = (0..9000_u32).map(|k| (k.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
        for payload in [Vec::new(), vec![0; 100_000], noise] {
            let sealed = seal(&header(), &payload);
            assert_eq!(unseal(&sealed, 1 << 20), Ok((header(), payload)));
        }
    }

    #[test]
    fn a_packed_payload_cannot_swell() {
        let bomb = zstd::bulk::compress(&vec![0; 1 << 24], LEVEL).expect("packed");
        let mut bytes = seal(&header(), &bomb);
        bytes.truncate(bytes.len() - HASH_BYTES);
        // relabel the stored bytes as packed, with the length they would swell to
        let at = bytes.len() - bomb.len() - 17;
        bytes[at] = 1;
        bytes[at + 1..at + 9].copy_from_slice(&(1_u64 << 24).to_le_bytes());
        let hash = xxh3_128(&bytes);
        bytes.extend_from_slice(&hash.to_le_bytes());
        let error = unseal(&bytes, u64::MAX).expect_err("refused");
        assert!(error.contains("announces 16777216 bytes"), "{error}");
        let error = unseal(&bytes, 1000).expect_err("refused");
        assert!(error.contains("more than a run of this scene"), "{error}");
    }

    #[test]
    fn another_format_is_named() {
        let mut bytes = seal(&header(), b"payload");
        bytes.truncate(bytes.len() - HASH_BYTES);
        bytes[8] = 7;
        let hash = xxh3_128(&bytes);
        bytes.extend_from_slice(&hash.to_le_bytes());
        assert!(unseal(&bytes, 100).expect_err("refused").contains("format is 7"));
    }
}
