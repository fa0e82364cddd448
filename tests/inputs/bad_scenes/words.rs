//! Words and values that the grammar does not know.

use super::{Case, case};

pub(super) const CASES: &[Case] = &[
    case(
        &[("mass: 1.0),\n        (name: \"B\"", "maas: 1.0),\n        (name: \"B\"")],
        (5, 35),
        "`maas` is no field of `Species`",
        "did you mean `mass`?",
    ),
    case(&[("epsilon: 0.6", "epslion: 0.6")], (14, 35), "`epslion` is no field of `Pair`", "did you mean `epsilon`?"),
    case(&[("Shifted", "Shiftd")], (10, 21), "`Shiftd` is no variant of `Truncation`", "did you mean `Shifted`?"),
    case(
        &[("    dynamics: Baoab(dt: 0.004, friction: 1.0, steps: 50),\n", "")],
        (1, 1),
        "field `dynamics` of `Scene` is missing",
        "add `dynamics: …`",
    ),
    case(&[("friction: 1.0, ", "")], (25, 15), "field `friction` of `Baoab` is missing", "add `friction: …`"),
    case(
        &[("max_atoms: 64", "max_atoms: 64, max_atoms: 65")],
        (19, 47),
        "field `max_atoms` of `Reservoir` is given twice",
        "keep one of them",
    ),
    case(
        &[("max_atoms: 64", "max_atoms: 70000")],
        (19, 43),
        "`max_atoms` is 70000, out of range",
        "give a whole number from 1 to 65535",
    ),
    case(
        &[("max_atoms: 64", "max_atoms: -1")],
        (19, 43),
        "`max_atoms` is -1, out of range",
        "give a whole number from 1 to 65535",
    ),
    case(
        &[("max_atoms: 64", "max_atoms: 64.5")],
        (19, 43),
        "`max_atoms` is 64.5, not a whole number",
        "give a whole number, 1 or more",
    ),
    case(&[("cutoff: 2.5", "cutoff: \"2.5\"")], (9, 17), "`\"2.5\"` is not a number", "give a number"),
    case(&[("units: Lj", "units: \"Lj\"")], (3, 12), "`\"Lj\"` is a text, not a name", "write Lj without quotes"),
    case(
        &[("repeat: (6, 3)", "repeat: (6, 3, 1)")],
        (18, 77),
        "at `1`: expected closing `)`",
        "check commas, colons and brackets here; `adlayer new NAME` writes a complete example",
    ),
    case(
        &[("layers: 3),", "layers: 3,")],
        (19, 5),
        "`reservoir` is no field of `Fcc111`",
        "known here: `species`, `nearest_neighbour`, `repeat`, `layers`, `mobile_layers`",
    ),
    case(
        &[("List([0.3, 0.5, 0.7])", "List([0.3, NaN, 0.7])")],
        (22, 33),
        "`temperature` is `NaN`, not a finite number",
        "give a finite number",
    ),
    case(
        &[("List([0.3, 0.5, 0.7])", "List([0.3, 1e999, 0.7])")],
        (22, 33),
        "`temperature` is `1e999`, not a finite number",
        "give a finite number",
    ),
    case(
        &[("values: Linear(", "values: Linaer(")],
        (23, 66),
        "`Linaer` is no variant of `AxisValues`",
        "did you mean `Linear`?",
    ),
];
