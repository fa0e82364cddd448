//! Reservoirs and the atoms at the start.

use super::Preset::{Needed, Value, Words};
use super::{Section, line, section};

/// In the order of a scene.
pub(super) const SECTIONS: &[Section] = &[
    section(
        "Reservoir",
        "reservoir: [(…)]",
        "a species whose number fluctuates",
        &[
            line("species", "", Needed, "a name of `species`", "the species", "\"B\""),
            line("max_atoms", "", Needed, "1 to 65,535", "N_max, the same in every state", "64"),
            line(
                "region",
                "",
                Words("the whole cell above the floor"),
                "",
                "where atoms come and go",
                "(z: (0.0, 3.0))",
            ),
        ],
    ),
    section(
        "Region",
        "region of a reservoir",
        "a part of the cell",
        &[line("z", "length", Needed, "inside the cell", "lower and upper z", "(0.0, 3.0)")],
    ),
    section(
        "Initial",
        "initial: [(…)]",
        "mobile atoms at the start",
        &[
            line("species", "", Needed, "a name of `species`", "the species", "\"B\""),
            line(
                "atoms",
                "",
                Words("needed, but with `File`: as many as it holds"),
                "at most 65,535",
                "how many",
                "12",
            ),
            line("placement", "", Needed, "", "where they go", "Layers"),
            line("walkers", "", Value("All"), "`All` without a reservoir", "in which copies of the grid", "Odd"),
        ],
    ),
    section("Placement::Random", "placement", "uniform over the region (or the cell)", &[]),
    section("Placement::Layers", "placement", "the next lattice layers of an fcc slab", &[]),
    section(
        "Placement::File",
        "placement",
        "an extended XYZ file or a POSCAR of one element",
        &[line("path", "", Needed, "a file beside the scene", "the file", "\"atoms.xyz\"")],
    ),
    section("Walkers::All", "walkers of initial", "every walker", &[]),
    section("Walkers::Even", "walkers of initial", "walkers 0, 2, 4, …", &[]),
    section("Walkers::Odd", "walkers of initial", "walkers 1, 3, 5, …", &[]),
];
