//! What a picture and a text must be.

/// Every element of an XML text is closed in order; attributes are quoted.
pub(super) fn assert_well_formed(xml: &str) {
    let mut open: Vec<String> = Vec::new();
    let mut rest = xml;
    while let Some(at) = rest.find('<') {
        assert!(!rest[..at].contains('>'), "a stray > in {:?}", &rest[..at]);
        let end = rest[at..].find('>').expect("an unclosed tag") + at;
        let tag = &rest[at + 1..end];
        rest = &rest[end + 1..];
        if tag.starts_with("!--") {
            assert!(tag.ends_with("--"), "a comment ends where it should");
            continue;
        }
        assert_eq!(tag.matches('"').count() % 2, 0, "quotes in <{tag}>");
        let name = tag.trim_start_matches('/').split([' ', '/']).next().unwrap_or_default().to_owned();
        if tag.starts_with('/') {
            assert_eq!(open.pop().as_deref(), Some(name.as_str()));
        } else if !tag.ends_with('/') {
            open.push(name);
        }
    }
    assert!(open.is_empty(), "not closed: {open:?}");
}

/// A PNG of this size with more than a handful of different bytes in its data.
pub(super) fn assert_is_picture(png: &[u8]) {
    assert_eq!(&png[..8], b"\x89PNG\r\n\x1a\n");
    let size = |at: usize| u32::from_be_bytes([png[at], png[at + 1], png[at + 2], png[at + 3]]);
    let (width, height) = (size(16), size(20));
    assert!((1200..3000).contains(&width) && (900..2000).contains(&height), "{width} × {height}");
    // blank paper of this size compresses to a few kB
    assert!(png.len() > 15_000, "only {} bytes", png.len());
}

#[test]
#[should_panic]
fn the_check_for_well_formed_text_finds_a_missing_end() {
    assert_well_formed("<svg><g></svg>");
}

#[test]
#[should_panic]
fn the_check_for_pictures_finds_a_blank_one() {
    let mut png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec();
    png.extend(1400_u32.to_be_bytes());
    png.extend(1000_u32.to_be_bytes());
    png.resize(4000, 0);
    assert_is_picture(&png);
}
