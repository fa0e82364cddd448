//! Windows of N.

use super::{Case, case};

pub(super) const CASES: &[Case] = &[
    case(
        &[("    dynamics: Baoab", "    windows: [(species: \"B\", atoms: (16, 0))],\n    dynamics: Baoab")],
        (25, 37),
        "the window from 16 to 0 atoms leaves N no choice",
        "give the lower number first, and a higher one",
    ),
    case(
        &[("    dynamics: Baoab", "    windows: [(species: \"B\", atoms: (0, 70))],\n    dynamics: Baoab")],
        (25, 37),
        "the window reaches 70 atoms of `B`, but `max_atoms` is 64",
        "end the window lower, or raise `max_atoms`",
    ),
    case(
        &[(
            "    dynamics: Baoab",
            "    windows: [(species: \"B\", atoms: (0, 16), at: [-6.0, -5.0])],\n    dynamics: Baoab",
        )],
        (25, 50),
        "`at` has 2 values, and `grid.reservoir` has 1 axes",
        "give one for each axis, in their order, or leave `at` out",
    ),
    case(
        &[("    dynamics: Baoab", "    windows: Placed,\n    dynamics: Baoab")],
        (25, 14),
        "`Placed` is no list of windows",
        "give them, `[(species: \"B\", atoms: (0, 16))]`, or `Auto`: further runs along first-order lines",
    ),
    case(
        &[(
            "    dynamics: Baoab",
            "    windows: [(species: \"B\", atoms: (0, 16), replicas: 0)],\n    dynamics: Baoab",
        )],
        (25, 56),
        "a window cannot have 0 replicas at each temperature",
        "give 1 to 1000; more walkers multiply the whole grid",
    ),
    case(
        &[
            ("    dynamics: Baoab", "    windows: [(species: \"B\", atoms: (0, 16))],\n    dynamics: Baoab"),
            ("equilibration: 500", "equilibration: 0"),
        ],
        (28, 31),
        "`equilibration` is 0, and `windows` learn their weights in it",
        "give 100 cycles or more, or leave out `windows`",
    ),
];
