//! The cell and the slab in it.

use serde::{Deserialize, Serialize};

/// Shape of the simulation cell.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum CellSpec {
    /// Periodic in x and y, hard walls in z.
    Slab {
        /// z of the ceiling above the floor \[length\].
        height: f64,
        /// Periods in x and y; taken from the substrate if there is one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        lengths: Option<(f64, f64)>,
        /// How far the second period leads along x \[length\]; taken from the substrate if there is one.
        #[serde(default, skip_serializing_if = "is_upright")]
        tilt: f64,
        /// Both periods in the plane, the first along x, in place of `lengths` and `tilt` \[length\].
        #[serde(default, skip_serializing_if = "Option::is_none")]
        vectors: Option<((f64, f64), (f64, f64))>,
        /// z of the floor; default: the top slab layer, or the uppermost frozen one, or 0.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        floor: Option<f64>,
    },
    /// Periodic in all three directions.
    Bulk {
        /// Periods \[length\].
        lengths: (f64, f64, f64),
        /// How far the second period leads along x \[length\].
        #[serde(default, skip_serializing_if = "is_upright")]
        tilt: f64,
    },
}

/// Whether the periods in x and y are at right angles.
fn is_upright(tilt: &f64) -> bool {
    *tilt == 0.0
}

/// The slab.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Substrate {
    /// fcc(111), rectangular d × √3 d cells, top layer at z = 0.
    Fcc111 {
        /// Species of its atoms.
        species: String,
        /// d \[length\]
        nearest_neighbour: f64,
        /// Repeats of the rectangular cell in x and y.
        repeat: (u32, u32),
        /// Number of layers.
        layers: u32,
        /// How many of the top layers move.
        #[serde(default)]
        mobile_layers: u32,
    },
    /// fcc(100), square d × d cells, top layer at z = 0.
    Fcc100 {
        /// Species of its atoms.
        species: String,
        /// d \[length\]
        nearest_neighbour: f64,
        /// Repeats of the square cell in x and y.
        repeat: (u32, u32),
        /// Number of layers.
        layers: u32,
        /// How many of the top layers move.
        #[serde(default)]
        mobile_layers: u32,
    },
    /// Atoms from an extended XYZ file or a POSCAR; elements become species by `symbol`, z as in the file.
    File {
        /// Path relative to the scene file.
        path: String,
        /// Which atoms move; unset: none.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        mobile: Option<MobileSelection>,
        /// Whether a slab that is wrapped through the boundary of its cell in z is put together; unset: where no floor is
        /// given.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        joined: Option<bool>,
        /// Atoms with z greater than this are the top layer \[length\]; unset: down to the first gap in z.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        top: Option<f64>,
    },
}

/// Which atoms of a slab file move.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub enum MobileSelection {
    /// Atoms with z greater than this.
    Above(f64),
    /// Those that the file does not hold: selective dynamics of a POSCAR, `move_mask` of an extended XYZ.
    Selective,
}
