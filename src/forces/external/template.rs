//! Input files of a program whose number of atoms is fixed, made from a folder of templates.
//!
//! In every file that is text, `{n_atoms}`, `{n_species}`, `{cell}` (the three vectors, one a line) and the places of the
//! socket are filled in. A line that begins with `{each atom}` is repeated for every atom, with `{symbol}`, `{name}`,
//! `{species}` (1, 2, …), `{atom}` (1, 2, …), `{x}`, `{y}` and `{z}`; one that begins with `{each species}` for every
//! species that is there. Other braces stay as they are. Lengths are those of the scene.

use super::process::filled;
use super::protocol::Question;
use super::socket::Address;
use std::path::Path;

const EACH_ATOM: &str = "{each atom}";
const EACH_SPECIES: &str = "{each species}";

/// Writes the files of `folder`, filled in for the atoms of a question, into `target`.
///
/// # Errors
/// What cannot be read or written, with the operating system's word.
pub(super) fn fill_folder(folder: &Path, target: &Path, question: &Question, address: &Address) -> Result<(), String> {
    let failed =
        |path: &Path, e: std::io::Error| format!("{}: {e}; `template` names a folder of input files", path.display());
    let entries = std::fs::read_dir(folder).map_err(|e| failed(folder, e))?;
    for entry in entries {
        let path = entry.map_err(|e| failed(folder, e))?.path();
        let Some(name) = path.file_name().filter(|_| path.is_file()) else { continue };
        let bytes = std::fs::read(&path).map_err(|e| failed(&path, e))?;
        let filled = match String::from_utf8(bytes) {
            Ok(text) => fill(&text, question, address).into_bytes(),
            // no text, e.g. a table of numbers
            Err(e) => e.into_bytes(),
        };
        std::fs::write(target.join(name), filled).map_err(|e| failed(target, e))?;
    }
    Ok(())
}

/// The name of the one file of a folder of templates; those whose name begins with a dot do not count.
///
/// # Errors
/// What is wrong with the folder, and the remedy.
pub(crate) fn only_file(folder: &Path) -> Result<String, (String, &'static str)> {
    let failed = |e: std::io::Error| {
        let shown = folder.display();
        (format!("the folder `{shown}` of `template` cannot be read: {e}"), "name a folder beside the scene")
    };
    let mut names = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if entry.path().is_file() && !name.starts_with('.') {
            names.push(name);
        }
    }
    names.sort_unstable();
    let shown = folder.display();
    match names.as_slice() {
        [name] if name.contains(|c: char| c.is_whitespace() || matches!(c, '"' | '\'')) => {
            let problem = format!("`{{input}}` is `{name}`, whose name has blanks or quotation marks in it");
            Err((problem, "rename the file, or name it in `command` in quotes instead of `{input}`"))
        }
        [name] => Ok(name.clone()),
        [] => Err((format!("`{{input}}` is no file: `{shown}` holds none"), "put the input file into that folder")),
        names => {
            let problem = format!("`{{input}}` may be any of {} files of `{shown}`: {}", names.len(), names.join(", "));
            Err((problem, "name the one that the program reads in `command` instead of `{input}`"))
        }
    }
}

/// A text filled in for the atoms of a question.
fn fill(text: &str, question: &Question, address: &Address) -> String {
    let atoms = &question.atoms;
    // Species that are there, in their order.
    let there: Vec<usize> =
        (0..atoms.names.len()).filter(|&s| atoms.species.iter().any(|&a| usize::from(a) == s)).collect();
    let of_species = |line: &str, s: usize| {
        let number = there.iter().position(|&t| t == s).map_or(0, |k| k + 1);
        let line = line.replace("{symbol}", &atoms.symbols[s]).replace("{name}", &atoms.names[s]);
        line.replace("{species}", &number.to_string())
    };
    let mut out = String::new();
    for line in text.split_inclusive('\n') {
        if let Some(line) = line.strip_prefix(EACH_ATOM) {
            for (k, (&s, p)) in atoms.species.iter().zip(&question.positions).enumerate() {
                let line = of_species(line.trim_start(), usize::from(s)).replace("{atom}", &(k + 1).to_string());
                let [x, y, z] = p.to_array().map(|x| format!("{x:.10}"));
                out.push_str(&line.replace("{x}", &x).replace("{y}", &y).replace("{z}", &z));
            }
        } else if let Some(line) = line.strip_prefix(EACH_SPECIES) {
            there.iter().for_each(|&s| out.push_str(&of_species(line.trim_start(), s)));
        } else {
            out.push_str(line);
        }
    }
    let rows = question.cell.map(|v| format!("{:.10} {:.10} {:.10}", v.x, v.y, v.z));
    let [a, b, c] = &rows;
    let out = out.replace("{cell}", &rows.join("\n")).replace("{a}", a).replace("{b}", b).replace("{c}", c);
    let out = out.replace("{n_atoms}", &atoms.species.len().to_string());
    filled(&out.replace("{n_species}", &there.len().to_string()), address)
}

#[cfg(test)]
mod tests {
    use super::super::protocol::Atoms;
    use super::*;
    use glam::DVec3;

    #[test]
    fn atoms_species_and_places_are_filled_in_and_other_braces_stay() {
        let atoms = Atoms {
            names: ["Si", "X", "D"].map(String::from).to_vec(),
            symbols: ["Si", "Xe", "H"].map(String::from).to_vec(),
            species: vec![0, 0, 2],
            ..Atoms::default()
        };
        let positions = vec![DVec3::ZERO, DVec3::new(1.0, 2.0, 3.5), DVec3::new(0.25, 0.0, -1.0)];
        let question = Question { cell: [DVec3::X * 4.0, DVec3::Y * 5.0, DVec3::Z * 6.0], atoms, positions };
        let text = "nat={n_atoms} ntyp={n_species}\n{each species} {symbol} {species} {name}.upf\n\
                    {each atom}{symbol} {x} {y} {z} # {atom} {species}\nDriver = { a {name} }\n{cell}\n{c}\n--ipi {socket}:UNIX\n";
        let filled = fill(text, &question, &Address::unix("si-2"));
        let expected = "nat=3 ntyp=2\nSi 1 Si.upf\nH 2 D.upf\n\
                        Si 0.0000000000 0.0000000000 0.0000000000 # 1 1\nSi 1.0000000000 2.0000000000 3.5000000000 # 2 1\n\
                        H 0.2500000000 0.0000000000 -1.0000000000 # 3 2\nDriver = { a {name} }\n\
                        4.0000000000 0.0000000000 0.0000000000\n0.0000000000 5.0000000000 0.0000000000\n\
                        0.0000000000 0.0000000000 6.0000000000\n0.0000000000 0.0000000000 6.0000000000\n--ipi si-2:UNIX\n";
        assert_eq!(filled, expected);
    }
}
