//! LAMMPS data files.

use crate::base::units::Units;
use glam::DVec3;
use std::fmt::Write;

/// A type of atom.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct AtomType {
    /// Chemical symbol.
    pub(crate) symbol: String,
    /// In the scene's unit.
    pub(crate) mass: f64,
}

/// One configuration as LAMMPS reads it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Data {
    /// What it is: stands in the first line, which LAMMPS skips.
    pub(crate) title: String,
    /// Named in the first line: `lj` or `metal`.
    pub(crate) units: Units,
    /// Lower and upper corner of the box [length].
    pub(crate) corners: (DVec3, DVec3),
    /// How far the second edge leads along x [length]; 0 in an orthogonal box.
    pub(crate) tilt: f64,
    /// Types 1, 2, ….
    pub(crate) types: Vec<AtomType>,
    /// `[n]`, type of every atom from 1.
    pub(crate) type_of: Vec<usize>,
    /// `[n]` [length]
    pub(crate) positions: Vec<DVec3>,
}

/// What LAMMPS calls a unit system.
pub(crate) fn unit_style(units: Units) -> &'static str {
    match units {
        Units::Lj => "lj",
        Units::Metal => "metal",
    }
}

/// The text of a data file with `atom_style atomic`.
pub(crate) fn text(data: &Data) -> String {
    let mut out = format!("LAMMPS data, units {}, atom_style atomic; {}\n\n", unit_style(data.units), data.title);
    let (lo, hi) = data.corners;
    // Writing to a String cannot fail.
    let _ = writeln!(out, "{} atoms\n{} atom types\n", data.positions.len(), data.types.len());
    for (axis, lo, hi) in [('x', lo.x, hi.x), ('y', lo.y, hi.y), ('z', lo.z, hi.z)] {
        let _ = writeln!(out, "{lo} {hi} {axis}lo {axis}hi");
    }
    if data.tilt != 0.0 {
        let _ = writeln!(out, "{} 0 0 xy xz yz", data.tilt);
    }
    out.push_str("\nMasses\n\n");
    for (k, t) in data.types.iter().enumerate() {
        let _ = writeln!(out, "{} {} # {}", k + 1, t.mass, t.symbol);
    }
    if !data.positions.is_empty() {
        out.push_str("\nAtoms # atomic\n\n");
    }
    for (i, (t, r)) in data.type_of.iter().zip(&data.positions).enumerate() {
        let _ = writeln!(out, "{} {t} {} {} {}", i + 1, r.x, r.y, r.z);
    }
    out
}
