//! Cells and slabs.

use super::Preset::{Needed, Value, Words};
use super::{Line, Section, line, section};

const LATTICE: [Line; 5] = [
    line("species", "", Needed, "a name of `species`", "species of its atoms", "\"A\""),
    line("nearest_neighbour", "length", Needed, "above 0", "distance d of nearest neighbours", "1.1"),
    line("repeat", "", Needed, "1 or more each", "cells along x and y", "(6, 3)"),
    line("layers", "", Needed, "1 or more", "layers, the top one at z = 0", "3"),
    line("mobile_layers", "", Value("0"), "at most `layers`", "how many of the top layers move", "1"),
];

/// In the order of a scene.
pub(super) const SECTIONS: &[Section] = &[
    section(
        "CellSpec::Slab",
        "cell",
        "periodic in x and y, hard walls in z",
        &[
            line("height", "length", Needed, "above 0", "z of the ceiling above the floor", "6.0"),
            line(
                "lengths",
                "length",
                Words("those of the substrate; needed without one"),
                "above 0",
                "periods in x and y",
                "(20.0, 20.0)",
            ),
            line(
                "tilt",
                "length",
                Value("0.0"),
                "",
                "how far the second period leads along x; default that of the substrate",
                "10.0",
            ),
            line(
                "vectors",
                "length",
                Words("`lengths` and `tilt`"),
                "the first along x",
                "both periods in the plane, in place of `lengths` and `tilt`",
                "((20.0, 0.0), (10.0, 17.32))",
            ),
            line(
                "floor",
                "length",
                Words("the uppermost frozen layer; 0 without a substrate"),
                "",
                "z of the floor",
                "0.0",
            ),
        ],
    ),
    section(
        "CellSpec::Bulk",
        "cell",
        "periodic in x, y and z",
        &[
            line("lengths", "length", Needed, "above 0", "periods", "(8.0, 8.0, 8.0)"),
            line("tilt", "length", Value("0.0"), "", "how far the second period leads along x", "4.0"),
        ],
    ),
    section("Substrate::Fcc111", "substrate", "fcc(111) in rectangular d × √3 d cells of two sites a layer", &LATTICE),
    section("Substrate::Fcc100", "substrate", "fcc(100) in square d × d cells", &LATTICE),
    section(
        "Substrate::File",
        "substrate",
        "atoms of an extended XYZ file or a POSCAR; elements become species by `symbol`",
        &[
            line("path", "", Needed, "a file beside the scene", "the file", "\"POSCAR\""),
            line(
                "mobile",
                "",
                Words("none, with a warning where the file lets atoms move"),
                "",
                "which atoms move",
                "Above(-1.5)",
            ),
            line(
                "joined",
                "",
                Words("`true` where no `floor` is given"),
                "",
                "whether a slab wrapped through z is put together",
                "false",
            ),
            line(
                "top",
                "length",
                Words("the first gap in z of 0.35 of the shortest distance"),
                "below the highest atom",
                "z above which atoms are the top layer",
                "-0.9",
            ),
        ],
    ),
    section(
        "MobileSelection::Above",
        "mobile of File",
        "atoms above a height",
        &[line("0", "length", Needed, "", "z as in the file", "1.5")],
    ),
    section(
        "MobileSelection::Selective",
        "mobile of File",
        "those that the file lets move: selective dynamics, `move_mask`",
        &[],
    ),
];
