//! The ground plan: rooms of `src/` may use rooms below them, never one above, so that there is no circle of rooms.
//!
//! Every path `crate::ROOM` in the code of a room counts, in `use` lines and elsewhere; comments and unit tests do not.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The rooms from the ground up. A room may use those before it.
const ROOMS: [&str; 21] = [
    "base",
    "ranks",
    "io",
    "potential",
    "system",
    "thermochemistry",
    "thermo",
    "moves",
    "forces",
    "observables",
    "input",
    "backend",
    "sampler",
    "sample",
    "analysis",
    "landscape",
    "run",
    "figures",
    "report",
    "workflow",
    "cli",
];

/// Folders inside a room that are rooms of their own: backends know nothing of each other.
const STRANGERS: [&str; 3] = ["backend::reference", "backend::cpu", "backend::gpu"];

/// Files that may stand beside the rooms.
const LOOSE: [&str; 2] = ["lib.rs", "main.rs"];

/// A path that leads from one room to another.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Arrow {
    /// The file and line where it starts.
    place: String,
    from: String,
    to: String,
}

/// The arrows of one file.
///
/// - `room`: the room of the file, with its folder for a backend
fn arrows(place: &str, room: &str, source: &str) -> Vec<Arrow> {
    let mut found = Vec::new();
    for (number, line) in source.lines().enumerate() {
        if line.starts_with("#[cfg(test)]") {
            break;
        }
        if line.trim_start().starts_with("//") {
            continue;
        }
        let mut rest = line;
        while let Some(start) = rest.find("crate::") {
            let standing_alone = !rest[..start].ends_with(|c: char| c.is_alphanumeric() || c == '_');
            rest = &rest[start + "crate::".len()..];
            let path: String = rest.chars().take_while(|c| c.is_alphanumeric() || matches!(c, '_' | ':')).collect();
            if standing_alone {
                found.push(Arrow { place: format!("{place}:{}", number + 1), from: room.to_owned(), to: path });
            }
        }
    }
    found
}

/// Why an arrow is forbidden; `None` if it is not.
fn refusal(arrow: &Arrow) -> Option<String> {
    let rank = |path: &str| {
        let room = path.split("::").next().unwrap_or(path);
        ROOMS.iter().position(|r| *r == room)
    };
    let (Some(from), to) = (rank(&arrow.from), rank(&arrow.to)) else {
        return Some(format!("{}: `{}` is not among the rooms", arrow.place, arrow.from));
    };
    let Some(to) = to else {
        return Some(format!("{}: `crate::{}` leads to no room; name the room it lives in", arrow.place, arrow.to));
    };
    if to > from {
        return Some(format!("{}: {} uses {}, which stands above it", arrow.place, ROOMS[from], ROOMS[to]));
    }
    let own = STRANGERS.iter().find(|s| arrow.from.starts_with(*s));
    let met = STRANGERS.iter().find(|s| arrow.to.starts_with(*s));
    match (own, met) {
        (Some(own), Some(met)) if own != met => Some(format!("{}: {own} uses {met}; backends never meet", arrow.place)),
        _ => None,
    }
}

/// Every source file below a folder.
fn sources(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a folder of sources") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            sources(&path, files);
        } else if path.extension().is_some_and(|e| e == "rs") {
            files.push(path);
        }
    }
}

/// All arrows of `src/`, and the number of files read.
fn of_the_house() -> (Vec<Arrow>, usize) {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&src, &mut files);
    let mut all = Vec::new();
    for file in &files {
        let inside = file.strip_prefix(&src).expect("a file of src").with_extension("");
        let parts: Vec<_> = inside.iter().map(|p| p.to_string_lossy().into_owned()).collect();
        if parts.len() == 1 {
            continue;
        }
        let room = parts[..parts.len().min(2)].join("::");
        let text = std::fs::read_to_string(file).expect("a source file");
        all.extend(arrows(&file.strip_prefix(&src).expect("inside").display().to_string(), &room, &text));
    }
    (all, files.len())
}

#[test]
fn no_room_uses_one_above_it() {
    let (arrows, files) = of_the_house();
    assert!(files > 200 && arrows.len() > 500, "read {files} files with {} arrows: too few", arrows.len());
    let refused: Vec<String> = arrows.iter().filter_map(refusal).collect();
    assert!(refused.is_empty(), "{} arrows against the ground plan:\n{}", refused.len(), refused.join("\n"));
}

#[test]
fn every_file_has_a_room_and_every_room_is_used() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut seen = BTreeMap::new();
    for entry in std::fs::read_dir(src).expect("the sources") {
        let entry = entry.expect("an entry");
        seen.insert(entry.file_name().to_string_lossy().into_owned(), entry.path().is_dir());
    }
    for (name, is_folder) in &seen {
        let known = if *is_folder { ROOMS.contains(&name.as_str()) } else { LOOSE.contains(&name.as_str()) };
        assert!(known, "src/{name} is neither a room of the ground plan nor lib.rs or main.rs");
    }
    for room in ROOMS {
        assert_eq!(seen.get(room), Some(&true), "the ground plan names a room `{room}` that is not there");
    }
}

#[test]
fn a_planted_arrow_is_refused() {
    let of = |room: &str, source: &str| -> Vec<String> {
        arrows("planted.rs", room, source).iter().filter_map(refusal).collect()
    };
    assert_eq!(of("analysis::maps", "use crate::thermo::states::StateGrid;\nuse crate::base::Result;"), [""; 0]);
    let up = of("thermo::states", "use crate::base::Result;\nuse crate::report::page;");
    assert_eq!(up, ["planted.rs:2: thermo uses report, which stands above it"]);
    let inline = of("moves::tally", "fn f() -> crate::sampler::Sampler { x }");
    assert_eq!(inline, ["planted.rs:1: moves uses sampler, which stands above it"]);
    let meeting = of("backend::cpu", "use crate::backend::reference::Reference;");
    assert_eq!(meeting, ["planted.rs:1: backend::cpu uses backend::reference; backends never meet"]);
    assert_eq!(of("backend::open", "use crate::backend::reference::Reference;"), [""; 0]);
    let roof = of("forces::pairwise", "use crate::Error;");
    assert_eq!(roof, ["planted.rs:1: `crate::Error` leads to no room; name the room it lives in"]);
    assert_eq!(of("thermo::states", "// use crate::report::page;\n#[cfg(test)]\nuse crate::report::page;"), [""; 0]);
    assert_eq!(of("cellar::x", "use crate::base::Result;"), ["planted.rs:1: `cellar::x` is not among the rooms"]);
}
