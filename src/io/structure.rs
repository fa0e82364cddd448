//! The reader of every file of atoms that a user names: extended XYZ or POSCAR, whichever it is.

use super::poscar;
use super::xyz::{self, Frame};
use crate::base::{Error, Result};
use crate::io::text::read_text;
use std::path::Path;

/// What a file of atoms says.
#[derive(Debug, Clone, PartialEq)]
pub struct Structure {
    /// The atoms and their cell.
    pub frame: Frame,
    /// What of the file is not used, each to be said after its name.
    pub notes: Vec<String>,
}

/// The format of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    Xyz,
    Poscar,
    Cif,
    Other,
}

/// Reads a file of atoms; of several frames the first. What it holds decides on its format, and its name where that does not.
///
/// # Errors
/// [`Error::InputMissing`] if there is no such file, [`Error::Io`] if it cannot be read, [`Error::BadInput`] with the line
/// number, or with how to convert it, if it is in neither format.
pub fn read(what: &'static str, path: &Path) -> Result<Structure> {
    let text = read_text(what, path)?;
    let name = path.file_name().map_or_else(String::new, |n| n.to_string_lossy().into_owned());
    parse(&text, &name).map_err(|problem| Error::BadInput { path: path.to_owned(), problem })
}

/// The atoms of a text.
///
/// - `name`: of its file, without folders
///
/// # Errors
/// What is wrong, with its line number and the remedy.
pub fn parse(text: &str, name: &str) -> std::result::Result<Structure, String> {
    match format(text, name) {
        Format::Poscar => Ok(Structure { frame: poscar::parse(text)?, notes: Vec::new() }),
        Format::Xyz => {
            let mut frames = xyz::parse(text)?;
            let notes = match frames.len() {
                1 => Vec::new(),
                n => vec![format!("holds {n} frames, of which the first is taken: keep the one you mean")],
            };
            Ok(Structure { frame: frames.swap_remove(0), notes })
        }
        Format::Cif => Err(format!("it is a CIF, which is not read; {}", conversion(name))),
        Format::Other => {
            let first: String = text.lines().next().unwrap_or("").chars().take(40).collect();
            Err(format!("it begins with `{first}` and is neither extended XYZ nor POSCAR; {}", conversion(name)))
        }
    }
}

/// What a text is by its content, if it holds atoms: for those who expected something else.
///
/// - `name`: of its file
pub fn recognized(text: &str, name: &str) -> Option<&'static str> {
    match format(text, name) {
        Format::Cif => Some("a CIF"),
        Format::Poscar if poscar::is_poscar(text) => Some("a POSCAR"),
        Format::Xyz if starts_with_count(text) => Some("an extended XYZ file"),
        _ => None,
    }
}

/// Whether the first line that is not blank is a number of atoms.
fn starts_with_count(text: &str) -> bool {
    let first = text.lines().find(|l| !l.trim().is_empty());
    first.is_some_and(|l| l.trim().parse::<usize>().is_ok())
}

/// How to turn a file into one that is read.
fn conversion(name: &str) -> String {
    let stem = Path::new(name).file_stem().map_or_else(|| "slab".into(), |s| s.to_string_lossy());
    let quote = if name.contains(char::is_whitespace) { "\"" } else { "" };
    format!(
        "convert it with ASE (pip install ase): ase convert {quote}{name}{quote} {quote}{stem}.xyz{quote}, and name \
         {stem}.xyz here"
    )
}

/// The format of a text.
fn format(text: &str, name: &str) -> Format {
    let extension = Path::new(name).extension().map_or_else(String::new, |e| e.to_string_lossy().to_ascii_lowercase());
    if matches!(&*extension, "cif" | "mcif") || text.lines().any(|l| l.trim_start().starts_with("_cell_length_a")) {
        Format::Cif
    } else if poscar::is_poscar(text) {
        Format::Poscar
    } else if starts_with_count(text) || matches!(&*extension, "xyz" | "extxyz") {
        Format::Xyz
    } else if ["POSCAR", "CONTCAR"].iter().any(|p| name.to_ascii_uppercase().contains(p)) || extension == "vasp" {
        Format::Poscar
    } else {
        Format::Other
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const POSCAR: &str = "108\n1.0\n4 0 0\n0 5 0\n0 0 6\nH\n1\nDirect\n0.5 0.5 0.5\n";
    const XYZ: &str = "1\n1.0\nH 0 0 0\n";

    #[test]
    fn the_content_says_what_a_file_is_and_its_name_where_that_does_not() {
        for (text, name, expected) in [
            (POSCAR, "slab.xyz", Format::Poscar),
            (XYZ, "POSCAR", Format::Xyz),
            ("data_x\n_cell_length_a 4.0\n", "slab", Format::Cif),
            ("", "a.cif", Format::Cif),
            ("", "POSCAR_1", Format::Poscar),
            ("", "relaxed.contcar", Format::Poscar),
            ("", "a.vasp", Format::Poscar),
            ("Cu 0 0 0\n", "a.xyz", Format::Xyz),
            ("LAMMPS data\n", "a.data", Format::Other),
        ] {
            assert_eq!(format(text, name), expected, "{name}");
        }
    }

    #[test]
    fn what_is_not_read_is_named_with_the_command_that_converts_it() {
        let words = parse("data_x\n_cell_length_a 4.0\n", "my slab.v2.cif").expect_err("a CIF");
        assert!(
            words.ends_with("ase convert \"my slab.v2.cif\" \"my slab.v2.xyz\", and name my slab.v2.xyz here"),
            "{words}"
        );
        let words = parse("LAMMPS data file\n\n2 atoms\n", "x.data").expect_err("LAMMPS");
        assert!(words.starts_with("it begins with `LAMMPS data file` and is neither"), "{words}");
    }

    #[test]
    fn of_several_frames_the_first_is_taken_and_said() {
        let read = parse(&XYZ.repeat(3).replacen(" 0 0 0", " 0 0 1", 1), "a.xyz").expect("three frames");
        assert_eq!(read.frame.positions[0].z, 1.0);
        assert_eq!(read.notes, ["holds 3 frames, of which the first is taken: keep the one you mean"]);
    }
}
