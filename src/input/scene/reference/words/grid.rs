//! States: the grid and its windows.

use super::Preset::{Needed, Value, Words};
use super::{Line, Section, line, section};

const FROM: Line = line("from", "that of the axis", Needed, "", "first value", "0.2");
const TO: Line = line("to", "that of the axis", Needed, "", "last value", "0.8");
const HOW_MANY: Line = line("n", "", Needed, "1 or more", "how many values", "7");

/// In the order of a scene.
pub(super) const SECTIONS: &[Section] = &[
    section(
        "Grid",
        "grid: (…)",
        "the states: temperatures times one axis for each reservoir species",
        &[
            line(
                "temperature",
                "temperature",
                Needed,
                "above 0, kT from 1e-8 to 1e8, each once",
                "temperatures",
                "List([0.24, 0.30, 0.36])",
            ),
            line(
                "reservoir",
                "",
                Value("[]"),
                "one for each of `reservoir`",
                "axes of the reservoirs",
                "[(species: \"B\", convention: Activity, values: Linear(from: -7.0, to: -3.0, n: 9))]",
            ),
            line("walkers", "", Value("1"), "1 to 65,535", "independent copies of the whole grid", "2"),
        ],
    ),
    section(
        "GridReservoir",
        "reservoir: [(…)] of grid",
        "the axis of a reservoir species",
        &[
            line("species", "", Needed, "one of `reservoir`", "the species", "\"B\""),
            line("convention", "", Needed, "", "what the values mean", "Pressure"),
            line(
                "values",
                "energy or pressure",
                Needed,
                "each once; pressures above 0",
                "the values",
                "Geometric(from: 1e-7, to: 1e-3, n: 9)",
            ),
        ],
    ),
    section("ConventionSpec::Activity", "convention", "μ' = kT ln(z σ³) [energy]", &[]),
    section(
        "ConventionSpec::Absolute",
        "convention",
        "μ [energy] from isolated atoms at rest; `Lj` needs `planck`",
        &[],
    ),
    section("ConventionSpec::Pressure", "convention", "p of the ideal monatomic gas, z = βp", &[]),
    section(
        "ConventionSpec::Gas",
        "convention",
        "p of the molecules of a gas of one element [bar]; `Metal` only",
        &[line("0", "", Needed, "a gas of the library, or `FILE:NAME`", "the gas", "\"D2\"")],
    ),
    section(
        "AxisValues::List",
        "temperature, values",
        "as listed",
        &[line("0", "that of the axis", Needed, "each once", "the values", "[0.24, 0.30]")],
    ),
    section("AxisValues::Linear", "temperature, values", "equal steps, both ends included", &[FROM, TO, HOW_MANY]),
    section(
        "AxisValues::Geometric",
        "temperature, values",
        "equal ratios, both ends included; above 0",
        &[FROM, TO, HOW_MANY],
    ),
    section(
        "WindowSpec",
        "windows: [(…)]",
        "states in which N of one species is made uniform between two bounds",
        &[
            line("species", "", Needed, "one of `reservoir`", "the species", "\"B\""),
            line("atoms", "", Needed, "at most `max_atoms`", "fewest and most atoms", "(0, 16)"),
            line("temperature", "temperature", Words("those of the grid"), "above 0", "one state each", "List([0.24])"),
            line(
                "at",
                "energy or pressure",
                Words("the middle of each axis"),
                "one for each axis of `grid.reservoir`",
                "where weights start from",
                "[-6.2]",
            ),
            line("replicas", "", Value("1"), "1 to 1000", "replicas that sample it at each temperature", "6"),
        ],
    ),
];
