//! The page of a run that goes on: how far it is and what its states say so far. The report takes its place at the end.

use super::html::{self, STYLE, head_with, inline};
use crate::base::Result;
use crate::figures::Figure;
use crate::io::atomic::write_whole;
use maud::{DOCTYPE, PreEscaped, html};
use std::io::Read;
use std::path::Path;

/// What tells it from a report.
const MARK: &str = r#"<meta name="adlayer-report" content="live">"#;
/// Bytes at the beginning that hold the mark.
const BEGINNING: u64 = 1024;

/// What the page shows.
#[derive(Debug)]
pub struct LivePage<'a> {
    /// Title of the scene.
    pub title: &'a str,
    /// What `adlayer watch` says.
    pub words: &'a str,
    /// Pictures of the averages so far.
    pub figures: &'a [Figure],
    /// Seconds after which a browser loads it again; `None` of a run that does not go on.
    pub again_after: Option<u64>,
}

/// Writes the page as `dir/report.html`, whole; leaves a report alone that is there.
///
/// - returns: whether it was written
///
/// # Errors
/// [`crate::base::Error::Io`] if the file cannot be written.
pub fn write(dir: &Path, page: &LivePage<'_>) -> Result<bool> {
    let path = dir.join("report.html");
    if path.exists() && !is_live(&path) {
        return Ok(false);
    }
    let LivePage { title, words, figures, again_after } = page;
    let further = html! {
        (PreEscaped(MARK))
        @if let Some(seconds) = again_after { meta http-equiv="refresh" content=(seconds); }
    };
    let document = html! {
        (DOCTYPE)
        html lang="en" {
            (head_with(title, &[STYLE], &further))
            body {
                header {
                    h1 { (title) }
                    p.lead {
                        @if let Some(seconds) = again_after {
                            "This run goes on; the page is written again and loads itself every " (seconds) " s. The report takes its \
                             place when the run is done."
                        } @else {
                            "This run does not go on at present; this is how far it came."
                        }
                    }
                }
                main {
                    pre { (words) }
                    @for figure in *figures {
                        figure {
                            div.picture { (PreEscaped(inline(figure))) }
                            figcaption { strong { (figure.title) "." } " " (html::words(&figure.caption)) }
                        }
                    }
                }
            }
        }
    };
    write_whole(&path, document.into_string().as_bytes())?;
    Ok(true)
}

/// Whether a file is the page of a run that goes on, and no report.
pub fn is_live(path: &Path) -> bool {
    let mut beginning = Vec::new();
    let read = std::fs::File::open(path).and_then(|file| file.take(BEGINNING).read_to_end(&mut beginning));
    read.is_ok() && beginning.windows(MARK.len()).any(|w| w == MARK.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_replaces_itself_but_no_report() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("report.html");
        let page = |words: &'static str, again_after| LivePage { title: "A < B", words, figures: &[], again_after };
        assert!(write(folder.path(), &page("first", Some(20))).expect("written"));
        assert!(write(folder.path(), &page("second", None)).expect("written"));
        let text = std::fs::read_to_string(&path).expect("the page");
        assert!(text.contains("second") && text.contains("A &lt; B") && !text.contains("http-equiv"));
        assert!(is_live(&path) && !is_live(&folder.path().join("nowhere")));
        std::fs::write(&path, "<!DOCTYPE html> a report").expect("a report");
        assert!(!write(folder.path(), &page("third", None)).expect("left alone"));
        assert!(!is_live(&path));
    }
}
