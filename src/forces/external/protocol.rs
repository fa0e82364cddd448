//! The i-PI protocol: headers of twelve characters and plain numbers in the byte order of the machine.
//!
//! Both sides are here: [`Question`] is what the server writes and a client reads, [`Answer`] the other way. A client is
//! asked for its status, told what the atoms are where it wants to know (`INIT`), given cell and positions (`POSDATA`),
//! asked for its status again, which it answers when it has finished, and for energy and forces (`GETFORCE`).
//!
//! Ours alone: a client whose status is `BATCH` with a number takes up to so many configurations at once. `BATCH` and their number
//! go before them, each is told with `INIT` and `POSDATA`, and the answer to `GETFORCE` is one `FORCEREADY` for each.
//!
//! Source: Kapil et al., Comput. Phys. Commun. 236, 214 (2019), and the driver of the i-PI distribution.

use crate::base::units::Units;
use glam::DVec3;
use serde::{Deserialize, Serialize};

/// The word of a client that takes several configurations at once.
pub const BATCH: &str = "BATCH";
/// Most configurations at once.
pub const MOST_AT_ONCE: usize = 4096;
/// Characters of a header.
pub const HEADER: usize = 12;
/// Longest text that is taken from the other side.
pub const LONGEST_TEXT: usize = 1 << 20;
/// Most atoms that are taken from the other side.
pub const MOST_ATOMS: usize = 1 << 20;
/// Bytes of a cell and its inverse.
pub const CELL_BYTES: usize = 18 * 8;

/// Bohr radius \[Å\], CODATA 2022.
const BOHR: f64 = 0.529_177_210_544;
/// Hartree \[eV\], CODATA 2022.
const HARTREE: f64 = 27.211_386_245_981;

/// A word of the protocol, filled up with blanks.
pub fn header(word: &str) -> [u8; HEADER] {
    let mut bytes = [b' '; HEADER];
    bytes[..word.len()].copy_from_slice(word.as_bytes());
    bytes
}

/// The word of a header; what is no text becomes `�`.
pub fn word(header: &[u8]) -> String {
    String::from_utf8_lossy(header).trim_matches(|c: char| c == ' ' || c == '\0').to_owned()
}

/// What the numbers of a scene are in those of the protocol, which counts in atomic units; those of reduced units go
/// over the wire as they are.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct WireUnits {
    /// A unit of length of the scene in the wire's.
    pub length: f64,
    /// A unit of energy of the wire in the scene's.
    pub energy: f64,
}

impl WireUnits {
    /// Those of a scene.
    pub fn of(units: Units) -> WireUnits {
        match units {
            Units::Lj => WireUnits { length: 1.0, energy: 1.0 },
            Units::Metal => WireUnits { length: 1.0 / BOHR, energy: HARTREE },
        }
    }

    /// A unit of force of the wire in the scene's.
    pub fn force(self) -> f64 {
        self.energy * self.length
    }
}

/// What the atoms are, as JSON in the text of `INIT`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Atoms {
    /// Names of species, as in the scene; none where the server does not say what the atoms are.
    pub names: Vec<String>,
    /// Their chemical symbols.
    pub symbols: Vec<String>,
    /// `[n_atoms]`, index into both.
    pub species: Vec<u8>,
    /// The first so many never move: nobody looks at the forces on them.
    pub frozen: usize,
    /// Whether forces are wanted; else zeros will do.
    pub forces: bool,
    /// Whether the atoms are periodic along each vector of the cell.
    pub periodic: [bool; 3],
    /// Whether numbers are in the reduced units of the scene, and not in atomic ones.
    pub reduced: bool,
}

/// A configuration that a client is asked about, in units of the scene.
#[derive(Debug, Clone, PartialEq)]
pub struct Question {
    /// Vectors of the cell. \[length\]
    pub cell: [DVec3; 3],
    /// What the atoms are.
    pub atoms: Atoms,
    /// `[n_atoms]` \[length\]
    pub positions: Vec<DVec3>,
}

impl Question {
    /// Adds `INIT` with what the atoms are.
    pub fn write_atoms(&self, out: &mut Vec<u8>) {
        let text = serde_json::to_string(&self.atoms).unwrap_or_default();
        out.extend_from_slice(&header("INIT"));
        out.extend_from_slice(&0_i32.to_ne_bytes());
        out.extend_from_slice(&(text.len() as i32).to_ne_bytes());
        out.extend_from_slice(text.as_bytes());
    }

    /// Adds `POSDATA` with cell and positions.
    pub fn write_positions(&self, units: WireUnits, out: &mut Vec<u8>) {
        out.extend_from_slice(&header("POSDATA"));
        // Vectors are the columns, rows go over the wire.
        let [a, b, c] = self.cell.map(|v| v * units.length);
        let columns = glam::DMat3::from_cols(a, b, c);
        for matrix in [columns, columns.inverse()] {
            put(out, &matrix.transpose().to_cols_array());
        }
        out.extend_from_slice(&(self.positions.len() as i32).to_ne_bytes());
        for p in &self.positions {
            put(out, &(*p * units.length).to_array());
        }
    }

    /// Reads cell and positions of `POSDATA`, in the units of the scene; the atoms are those of the last `INIT`.
    ///
    /// - `cell`: `CELL_BYTES` bytes; `positions`: 24 for each atom
    pub fn read(atoms: Atoms, cell: &[u8], positions: &[u8], units: WireUnits) -> Question {
        let h: Vec<f64> = numbers(&cell[..72]).collect();
        let vector = |k: usize| DVec3::new(h[k], h[3 + k], h[6 + k]) / units.length;
        Question { cell: [0, 1, 2].map(vector), atoms, positions: vectors(positions, 1.0 / units.length) }
    }
}

/// What a client says of a configuration.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Answer {
    /// \[energy\]
    pub energy: f64,
    /// `[n_atoms]` [energy/length]
    pub forces: Vec<DVec3>,
    /// Anything else, for people; a text that begins with `error:` says why there is no energy.
    pub extra: String,
}

impl Answer {
    /// Adds `FORCEREADY` with energy and forces, in the units of the wire.
    pub fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&header("FORCEREADY"));
        put(out, &[self.energy]);
        out.extend_from_slice(&(self.forces.len() as i32).to_ne_bytes());
        for f in &self.forces {
            put(out, &f.to_array());
        }
        // the virial, which nobody asks for
        put(out, &[0.0; 9]);
        out.extend_from_slice(&(self.extra.len() as i32).to_ne_bytes());
        out.extend_from_slice(self.extra.as_bytes());
    }
}

fn put(out: &mut Vec<u8>, numbers: &[f64]) {
    for x in numbers {
        out.extend_from_slice(&x.to_ne_bytes());
    }
}

/// Numbers from their bytes.
pub fn numbers(bytes: &[u8]) -> impl Iterator<Item = f64> {
    let (whole, _) = bytes.as_chunks::<8>();
    whole.iter().map(|b| f64::from_ne_bytes(*b))
}

/// Vectors from their bytes, times `scale`.
pub fn vectors(bytes: &[u8], scale: f64) -> Vec<DVec3> {
    let (whole, _) = bytes.as_chunks::<24>();
    let vector = |b: &[u8; 24]| {
        let mut x = numbers(b);
        let mut next = || x.next().unwrap_or_default();
        DVec3::new(next(), next(), next()) * scale
    };
    whole.iter().map(vector).collect()
}

/// A whole number from its four bytes.
pub fn integer(bytes: [u8; 4]) -> i32 {
    i32::from_ne_bytes(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn question() -> Question {
        let atoms = Atoms {
            names: vec!["A".into()],
            symbols: vec!["Ar".into()],
            species: vec![0, 0],
            frozen: 1,
            forces: true,
            periodic: [true, true, false],
            reduced: false,
        };
        Question {
            cell: [DVec3::new(4.0, 0.0, 0.0), DVec3::new(1.0, 5.0, 0.0), DVec3::new(0.0, 0.0, 6.0)],
            atoms,
            positions: vec![DVec3::new(0.1, 0.2, 0.3), DVec3::new(1.7, -0.2, 5.9)],
        }
    }

    #[test]
    fn the_tilt_of_a_cell_stands_where_the_clients_of_ipi_read_it() {
        let mut bytes = Vec::new();
        question().write_positions(WireUnits::of(Units::Lj), &mut bytes);
        assert_eq!(word(&bytes[..HEADER]), "POSDATA");
        let h: Vec<f64> = numbers(&bytes[HEADER..HEADER + 72]).collect();
        // xx, xy, xz; yx, yy, yz; zx, zy, zz with the second vector in the second column
        assert_eq!(h, [4.0, 1.0, 0.0, 0.0, 5.0, 0.0, 0.0, 0.0, 6.0]);
        let inverse: Vec<f64> = numbers(&bytes[HEADER + 72..HEADER + CELL_BYTES]).collect();
        assert!((inverse[1] + 1.0 / 20.0).abs() < 1e-15, "{inverse:?}");
    }

    #[test]
    fn what_is_written_is_read_again() {
        for units in [Units::Lj, Units::Metal] {
            let (units, question, mut bytes) = (WireUnits::of(units), question(), Vec::new());
            question.write_positions(units, &mut bytes);
            let (cell, rest) = bytes[HEADER..].split_at(CELL_BYTES);
            let again = Question::read(question.atoms.clone(), cell, &rest[4..], units);
            for (a, b) in again.positions.iter().chain(&again.cell).zip(question.positions.iter().chain(&question.cell))
            {
                assert!((*a - *b).length() < 1e-14, "{a} {b}");
            }
        }
        // One eV per Å in hartree per bohr, CODATA 2022; that of 2018 differs in the ninth digit.
        let metal = WireUnits::of(Units::Metal);
        assert!((1.0 / metal.force() - 0.019_446_903_798_3).abs() < 1e-14);
    }
}
