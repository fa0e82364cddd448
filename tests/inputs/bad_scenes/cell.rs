//! The cell, and the cutoff and slab in it.

use super::{Case, case};

pub(super) const CASES: &[Case] = &[
    case(
        &[("cutoff: 2.5", "cutoff: 3.0")],
        (9, 17),
        "`cutoff` is 3, more than half of the period 5.71577 in y",
        "enlarge the cell to 6 or more, lower the cutoff to 2.85788 or less, or say `images: Sum` (all images) or `images: Minimum` (the nearest only)",
    ),
    case(
        &[("cutoff: 2.5", "cutoff: 40.0, images: Sum")],
        (9, 17),
        "`cutoff` is 40, and the period 5.71577 in y would need 7 shells of images",
        "enlarge the cell or lower the cutoff: at most 5 shells are summed",
    ),
    case(&[("cutoff: 2.5", "cutoff: -2.5")], (9, 17), "`cutoff` is -2.5, not above 0", "give a number above 0"),
    case(
        &[("cell: Slab(height: 6.0)", "cell: Bulk(lengths: (8.0, 8.0, 8.0))")],
        (17, 11),
        "a `Bulk` cell with a `Fcc111` substrate",
        "use a `Slab` cell, or leave out the substrate",
    ),
    case(
        &[("height: 6.0", "height: 6.0, lengths: (6.0, 6.0)")],
        (17, 38),
        "`lengths` is (6, 6), but the slab repeats after (6.6, 5.71577)",
        "leave `lengths` out: x and y come from the substrate",
    ),
    case(
        &[("height: 6.0", "height: 6.0, vectors: ((6.6, 1.0), (0.0, 5.7))")],
        (17, 38),
        "`vectors` are (6.6, 1) and (0, 5.7)",
        "turn the cell so that the first lies along x, ((ax, 0.0), (bx, by)), with ax and by above 0",
    ),
    case(
        &[("height: 6.0", "height: 6.0, vectors: ((6.6, 0.0), (0.0, 5.7)), tilt: 1.0")],
        (17, 38),
        "`vectors` beside `lengths` or `tilt`, which say the same",
        "keep one of them",
    ),
    case(
        &[("    substrate: Fcc111(species: \"A\", nearest_neighbour: 1.10, repeat: (6, 3), layers: 3),\n", "")],
        (17, 11),
        "the cell has no lengths in x and y, and there is no slab",
        "add `lengths: (x, y)` to `Slab`",
    ),
    case(
        &[("height: 6.0", "height: 6.0, tilt: 0.5")],
        (17, 35),
        "`tilt` is 0.5, but that of the slab, whose area is 6.6 × 5.71577, is 0",
        "leave `tilt` out: it comes from the substrate",
    ),
    case(
        &[("height: 6.0", "height: 6.0, lengths: (12.0, 6.0), tilt: 5.0")],
        (17, 57),
        "a cell of 12 × 6 with `tilt` 5 has shorter periods than these",
        "write the same cell as `lengths: (9.21954, 7.8095), tilt: -0.108465`, turned about z",
    ),
    case(
        &[
            ("    substrate: Fcc111(species: \"A\", nearest_neighbour: 1.10, repeat: (6, 3), layers: 3),\n", ""),
            ("height: 6.0", "height: 6.0, lengths: (5.5, 5.5), tilt: 2.7"),
        ],
        (9, 17),
        "`cutoff` is 2.5, more than half of the width 4.93717 across the second period",
        "enlarge the cell to 5 or more, lower the cutoff to 2.46859 or less, or say `images: Sum` (all images)",
    ),
    case(
        &[
            ("    substrate: Fcc111(species: \"A\", nearest_neighbour: 1.10, repeat: (6, 3), layers: 3),\n", ""),
            ("height: 6.0", "height: 6.0, lengths: (5.5, 5.5), tilt: 2.7"),
            ("cutoff: 2.5", "cutoff: 2.5, images: Minimum"),
        ],
        (9, 30),
        "`Minimum` in an oblique cell, with a cutoff of 2.5, more than half of the width 4.93717 across the second period",
        "say `images: Sum` (all images), enlarge the cell or lower the cutoff",
    ),
    case(
        &[("layers: 3)", "layers: 3, mobile_layers: 4)")],
        (18, 104),
        "`mobile_layers` is 4, but there are 3 layers",
        "give at most the number of layers",
    ),
    case(
        &[("layers: 3)", "layers: 3, mobile_layers: 3)")],
        (17, 11),
        "every slab atom is mobile, so nothing says where the floor is",
        "add `floor: …` to `Slab`, or keep a layer frozen",
    ),
    case(
        &[("layers: 3)", "layers: 3, mobile_layers: 1)"), ("height: 6.0", "height: 6.0, floor: 0.5")],
        (17, 11),
        "a mobile slab atom lies at z = 0, outside the cell from 0.5 to 6.5",
        "lower the floor, raise the height, or keep its layer frozen",
    ),
    case(
        &[
            ("species: \"B\", max_atoms: 64", "species: \"A\", max_atoms: 64"),
            ("species: \"B\", convention", "species: \"A\", convention"),
            ("layers: 3)", "layers: 3, mobile_layers: 1)"),
        ],
        (19, 27),
        "species `A` has a reservoir and 36 mobile slab atoms",
        "give the atoms of the reservoir a species of their own: mobile slab atoms keep their number",
    ),
    case(
        &[("nearest_neighbour: 1.10, repeat: (6, 3)", "nearest_neighbour: 0.45, repeat: (15, 8)")],
        (18, 16),
        "slab atom 480 (A) and slab atom 481 (A) are 0.4500 apart, closer than 0.5",
        "move the atoms apart or lower their sigma",
    ),
];
