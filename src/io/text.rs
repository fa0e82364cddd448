//! The reader of every text that a user names or that a run left behind: one limit on its size.

use crate::base::{Error, Result};
use std::io::{ErrorKind, Read};
use std::path::Path;

/// Largest text that is read into memory \[byte\].
pub const LARGEST_TEXT: u64 = 64 << 20;

/// Mark that some programs put before a text in UTF-8.
const BYTE_ORDER_MARK: char = '\u{feff}';

/// Reads a text file, without a byte order mark; one that is too large, or has no end, is not read whole.
///
/// - `what`: what the file is for, e.g. `scene`
///
/// # Errors
/// [`Error::InputMissing`] if there is none, [`Error::BadInput`] if it is no regular file, larger than
/// [`LARGEST_TEXT`] or not UTF-8, [`Error::Io`].
pub fn read_text(what: &'static str, path: &Path) -> Result<String> {
    let bad = |problem: String| Error::BadInput { path: path.to_owned(), problem };
    let failed = |e: std::io::Error| match e.kind() {
        ErrorKind::NotFound => Error::InputMissing { what, path: path.to_owned() },
        _ => Error::io("cannot read", path)(e),
    };
    // Asked before it is opened: opening a named pipe waits for somebody to write into it.
    let kind = std::fs::metadata(path).map_err(failed)?.file_type();
    if kind.is_dir() {
        return Err(bad(format!("it is a folder; name the file that holds the {what}")));
    }
    if !kind.is_file() {
        return Err(bad(format!("it is a device, pipe or socket; save the {what} as a file and name that")));
    }
    // The size is counted while reading: that of a growing file, or of one in /proc, is not what the folder says.
    let mut bytes = Vec::new();
    std::fs::File::open(path).and_then(|file| file.take(LARGEST_TEXT + 1).read_to_end(&mut bytes)).map_err(failed)?;
    if bytes.len() as u64 > LARGEST_TEXT {
        return Err(bad(format!("it has more than {LARGEST_TEXT} bytes, and a {what} is smaller; name another file")));
    }
    if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") {
        return Err(bad(format!(
            "it is UTF-16; save the {what} as UTF-8 text (in an editor: Save as, encoding UTF-8)"
        )));
    }
    let mut text = String::from_utf8(bytes).map_err(|e| {
        bad(format!("byte {} is not UTF-8; save the {what} as UTF-8 text", e.utf8_error().valid_up_to()))
    })?;
    if text.starts_with(BYTE_ORDER_MARK) {
        text.drain(..BYTE_ORDER_MARK.len_utf8());
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn byte_order_marks_are_left_out_and_utf16_is_named() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("x.ron");
        std::fs::write(&path, "\u{feff}Scene(\u{feff})").expect("a file");
        assert_eq!(read_text("scene", &path).ok().as_deref(), Some("Scene(\u{feff})"));
        std::fs::write(&path, b"\xff\xfeS\0c\0").expect("a file");
        let error = read_text("scene", &path).expect_err("UTF-16").to_string();
        assert!(error.contains("it is UTF-16; save the scene as UTF-8"), "{error}");
    }

    #[test]
    fn what_has_no_end_or_is_no_file_is_refused_by_name() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let large = folder.path().join("large");
        let file = std::fs::File::create(&large).expect("a file");
        file.set_len(LARGEST_TEXT + 1).expect("a file with a hole");
        for (path, words) in [(large.as_path(), "more than"), (folder.path(), "a folder")] {
            let error = read_text("scene", path).expect_err("not a scene").to_string();
            assert!(error.contains(words) && error.contains(&path.display().to_string()), "{error}");
        }
        assert!(matches!(read_text("scene", &folder.path().join("absent")), Err(Error::InputMissing { .. })));
        file.set_len(LARGEST_TEXT).expect("a smaller file");
        assert_eq!(read_text("scene", &large).map(|text| text.len() as u64).ok(), Some(LARGEST_TEXT));
        #[cfg(unix)]
        {
            let error = read_text("scene", Path::new("/dev/zero")).expect_err("no end").to_string();
            assert!(error.starts_with("/dev/zero: it is a device"), "{error}");
        }
    }
}
