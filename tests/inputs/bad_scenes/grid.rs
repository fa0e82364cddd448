//! The axes of the grid.

use super::{Case, case};

pub(super) const CASES: &[Case] = &[
    case(
        &[("List([0.3, 0.5, 0.7])", "List([0.3, -0.5, 0.7])")],
        (22, 33),
        "temperature -0.5 is not above 0",
        "give a temperature above 0",
    ),
    case(
        &[("List([0.3, 0.5, 0.7])", "List([0.3, 0.5, 0.3])")],
        (22, 38),
        "the temperature axis has the value 0.3 twice",
        "give each value once",
    ),
    case(
        &[("List([0.3, 0.5, 0.7])", "List([])")],
        (22, 22),
        "the temperature axis has no values",
        "give at least one value",
    ),
    case(
        &[("List([0.3, 0.5, 0.7])", "Geometric(from: 0.0, to: 1.0, n: 4)")],
        (22, 38),
        "`from` of a `Geometric` axis is 0.0",
        "give a number above 0, or use `Linear`",
    ),
    case(&[("n: 14", "n: 1")], (23, 98), "`n` is 1, but the ends -7.5 and -1 differ", "give 2 or more, or equal ends"),
    case(&[("n: 14", "n: 0")], (23, 66), "the B axis has no values", "give at least one value"),
    case(&[("n: 14", "n: 1000000")], (21, 11), "the grid has 3000000 states", "give at most 1000000"),
    case(
        &[("[(species: \"B\", convention", "[(species: \"b\", convention")],
        (23, 31),
        "there is no species `b`",
        "did you mean `B`?",
    ),
    case(
        &[("[(species: \"B\", convention: Activity, values: Linear(from: -7.5, to: -1.0, n: 14))]", "[]")],
        (19, 27),
        "species `B` has a reservoir but no axis in `grid.reservoir`",
        "add `(species: \"B\", convention: Activity, values: …)` to `grid.reservoir`",
    ),
    case(
        &[("[(species: \"B\", max_atoms: 64)]", "[]")],
        (23, 31),
        "`grid.reservoir` has an axis for `B`, which has no reservoir",
        "add `(species: \"B\", max_atoms: …)` to `reservoir`",
    ),
    case(
        &[("Activity", "Absolute")],
        (23, 48),
        "the convention `Absolute` needs Planck's constant, which reduced units do not have",
        "add `planck: …` to the scene, or use `Activity`",
    ),
    case(
        &[("Activity", "Gas(\"D2\")")],
        (23, 48),
        "the convention `Gas(\"D2\")` needs `units: Metal`: the pressure of a real gas is in bar",
        "use `Pressure` in reduced units",
    ),
    case(
        &[("convention: Activity, values: Linear(from: -7.5", "convention: Pressure, values: Linear(from: -7.5")],
        (23, 79),
        "pressure -7.5 is not above 0",
        "give a pressure above 0",
    ),
    case(
        &[("units: Lj", "units: Metal, planck: 1.0")],
        (3, 27),
        "`planck` is 1.0, but in `Metal` units it is the CODATA constant",
        "leave it out",
    ),
];
