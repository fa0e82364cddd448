//! Species and what acts between them.

use super::{Case, case};

/// The potential of the good scene.
const POTENTIAL: &str = "LennardJones(
        cutoff: 2.5,
        truncation: Shifted,
        pairs: [
            (between: (\"A\", \"A\"), epsilon: 1.0, sigma: 1.0),
            (between: (\"A\", \"B\"), epsilon: 1.5, sigma: 1.0),
            (between: (\"B\", \"B\"), epsilon: 0.6, sigma: 1.65),
        ],
    )";

/// Another one for the same species.
const MORSE: &str = "Morse(
        cutoff: 2.5, truncation: Shifted,
        pairs: [(between: (\"A\", \"B\"), depth: 1.0, alpha: 5.0, r_0: 1.1)
            , (between: (\"B\", \"B\"), depth: 0.5, alpha: 4.0, r_0: 1.3)],
    )";

pub(super) const CASES: &[Case] = &[
    case(
        &[("[(species: \"B\", max_atoms", "[(species: \"C\", max_atoms")],
        (19, 27),
        "there is no species `C`",
        "known here: `A`, `B`",
    ),
    case(
        &[("(name: \"B\", symbol", "(name: \"A\", symbol")],
        (6, 16),
        "species `A` is given twice",
        "give each species its own name",
    ),
    case(
        &[("(name: \"B\", symbol", "(name: \"B 2\", symbol")],
        (6, 16),
        "`B 2` cannot name a species",
        "names become column names: use letters, digits and _",
    ),
    case(
        &[(
            "(between: (\"A\", \"A\"), epsilon: 1.0, sigma: 1.0)",
            "(between: (\"B\", \"A\"), epsilon: 1.0, sigma: 1.0)",
        )],
        (13, 23),
        "the pair (\"A\", \"B\") is given twice",
        "keep one of them",
    ),
    case(
        &[("            (between: (\"A\", \"B\"), epsilon: 1.5, sigma: 1.0),\n", "")],
        (11, 16),
        "the pair (\"A\", \"B\") is missing",
        "add it, with `epsilon: 0` if they do not interact, or say `mixing: LorentzBerthelot`",
    ),
    case(&[("epsilon: 0.6", "epsilon: -0.6")], (14, 44), "`epsilon` is -0.6, below 0", "give 0 or more"),
    case(&[("sigma: 1.65", "sigma: 0.0")], (14, 56), "`sigma` is 0.0, not above 0", "give a number above 0"),
    case(
        &[("truncation: Shifted", "truncation: Plain")],
        (10, 21),
        "`Plain` truncation with `Baoab` dynamics: forces miss the jump of the energy at the cutoff",
        "use `Shifted` or `ForceShifted`, or `MonteCarlo`, `Hmc` or `Ghmc` dynamics",
    ),
    case(
        &[("truncation: Shifted", "truncation: Shifted, tail_correction: true")],
        (10, 47),
        "`tail_correction` in a `Slab` cell",
        "leave it out; it belongs to homogeneous fluids in `Bulk` cells with `Plain` truncation",
    ),
    case(
        &[("initial: []", "external: [Steele(species: \"B\", epsilon: 1.0, sigma: 1.0, density: 0.0, spacing: 1.0)]")],
        (20, 72),
        "`density` is 0.0, not above 0",
        "give a number above 0",
    ),
    case(
        &[(POTENTIAL, MORSE), ("alpha: 5.0", "alpha: -5.0")],
        (10, 58),
        "`alpha` is -5.0, not above 0",
        "give a number above 0",
    ),
    case(
        &[(POTENTIAL, MORSE), (", (between: (\"B\", \"B\"), depth: 0.5, alpha: 4.0, r_0: 1.3)", "")],
        (10, 16),
        "the pair (\"B\", \"B\") is missing",
        "add it, with `depth: 0` if they do not interact",
    ),
    case(
        &[(POTENTIAL, MORSE), ("r_0: 1.3", "r0: 1.3")],
        (11, 61),
        "`r0` is no field of `MorsePair`",
        "did you mean `r_0`?",
    ),
    case(
        &[(POTENTIAL, "Table(cutoff: 2.5, pairs: [(between: (\"A\", \"B\"), keyword: \"AB\")])")],
        (8, 43),
        "the pair (\"A\", \"B\") names no file",
        "add `path: \"pair.table\"` to it, or to `Table` for all pairs",
    ),
    case(
        &[(POTENTIAL, "Table(cutoff: 2.5, points: 1, pairs: [])")],
        (8, 43),
        "`points` is 1",
        "give a whole number from 2 to 20000",
    ),
    case(
        &[(POTENTIAL, "Table(cutoff: 2.5, pairs: [(between: (\"A\", \"B\"), keyword: None)])")],
        (8, 42),
        "the pair (\"B\", \"B\") is missing",
        "add it, with `keyword: None` if they do not interact",
    ),
    case(
        &[(POTENTIAL, "Table(cutoff: 2.5, tail_correction: true, pairs: [])")],
        (8, 35),
        "`tail_correction` is no field of `Table`",
        "known here: `path`, `cutoff`, `truncation`, `images`, `points`, `pairs`",
    ),
];
