//! Atoms that come and go, and those at the start.

use super::{Case, case};

pub(super) const CASES: &[Case] = &[
    case(&[("max_atoms: 64", "max_atoms: 0")], (19, 43), "`max_atoms` is 0", "give 1 or more"),
    case(
        &[("max_atoms: 64", "max_atoms: 64, region: (z: (4.0, 2.0))")],
        (19, 59),
        "the region from z = 4 to 2 is empty",
        "give the lower z first",
    ),
    case(
        &[("max_atoms: 64", "max_atoms: 64, region: (z: (2.0, 7.0))")],
        (19, 59),
        "the region from z = 2 to 7 leaves the cell from 0 to 6",
        "give a region inside the cell, or leave it out for the whole cell",
    ),
    case(
        &[("initial: []", "initial: [(species: \"B\", atoms: 65, placement: Random)]")],
        (20, 37),
        "65 atoms of `B` at the start, but `max_atoms` is 64",
        "raise `max_atoms` or start with fewer",
    ),
    case(
        &[("initial: []", "initial: [(species: \"B\", placement: Random)]")],
        (20, 15),
        "`initial` does not say how many atoms of `B`",
        "add `atoms: …`",
    ),
    case(
        &[
            ("max_atoms: 64", "max_atoms: 640"),
            ("initial: []", "initial: [(species: \"B\", atoms: 300, placement: Layers)]"),
        ],
        (20, 37),
        "300 atoms in `Layers`, but 216 sites lie below the ceiling",
        "raise the height or start with fewer atoms",
    ),
];
