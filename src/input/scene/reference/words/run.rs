//! Dynamics, moves, exchange and schedule.

use super::Preset::{Needed, Value, Words};
use super::{Line, Section, line, section};

const DT: Line = line("dt", "time", Needed, "above 0", "time step", "0.004");
const STEPS: Line = line("steps", "", Needed, "1 or more", "steps of a cycle", "50");

/// In the order of a scene.
pub(super) const SECTIONS: &[Section] = &[
    section(
        "Dynamics::Baoab",
        "dynamics",
        "Langevin dynamics, BAOAB splitting",
        &[DT, line("friction", "1/time", Needed, "above 0", "γ", "1.0"), STEPS],
    ),
    section(
        "Dynamics::Verlet",
        "dynamics",
        "velocity Verlet",
        &[
            DT,
            STEPS,
            line("redraw", "", Needed, "`false` is not canonical", "draw all velocities anew every cycle", "true"),
        ],
    ),
    section(
        "Dynamics::MonteCarlo",
        "dynamics",
        "Metropolis displacements of single atoms; no forces",
        &[
            line("displacement", "length", Needed, "above 0", "half-width of the step along each axis", "0.2"),
            line(
                "attempts",
                "",
                Needed,
                "0 or more, 1 or more without a reservoir",
                "attempts a replica and cycle",
                "100",
            ),
        ],
    ),
    section(
        "Dynamics::Hmc",
        "dynamics",
        "hybrid Monte Carlo: segments of velocity Verlet from fresh velocities, accepted or rejected as a whole",
        &[DT, STEPS],
    ),
    section(
        "Dynamics::Ghmc",
        "dynamics",
        "generalised hybrid Monte Carlo: the same from velocities of which a part is kept",
        &[
            DT,
            STEPS,
            line(
                "friction",
                "1/time",
                Needed,
                "above 0",
                "γ: a velocity keeps e^(−γt) over a segment of duration t",
                "1.0",
            ),
        ],
    ),
    section("Balance::Fixed", "balance", "the steps (or attempts) of `dynamics`", &[]),
    section(
        "Balance::Auto",
        "balance",
        "at most those: as many as cost what the particle moves cost; attempts are divided among the states",
        &[],
    ),
    section(
        "Moves",
        "moves: (…)",
        "particle moves of a cycle",
        &[
            line(
                "insert_delete",
                "",
                Needed,
                "above 0 with a reservoir",
                "insertions and deletions tried a replica and cycle",
                "100",
            ),
            line(
                "identity",
                "",
                Words("a tenth of `insert_delete` with two reservoir species or more, else 0"),
                "",
                "changes of species tried a replica and cycle",
                "20",
            ),
            line("insertion", "", Value("Uniform"), "", "where atoms are tried", "Biased(trials: 2)"),
        ],
    ),
    section("Insertion::Uniform", "insertion", "everywhere in the region alike", &[]),
    section(
        "Insertion::Biased",
        "insertion",
        "where slab and fields attract an atom more often than elsewhere",
        &[
            line(
                "henry",
                "",
                Words("chosen in equilibration, for every state and species"),
                "0 to 0.9",
                "share of positions drawn from e^(−βu) of one atom alone",
                "0.9",
            ),
            line("trials", "", Value("1"), "1 to 8", "trial positions of an attempt", "2"),
        ],
    ),
    section(
        "Insertion::Bonds",
        "insertion",
        "about atoms of the top layer of the slab, where they bind",
        &[
            line("hosts", "", Needed, "a species of the slab", "species of those atoms", "\"Si\""),
            line("shell", "length", Needed, "above 0", "least and greatest length of a bond", "(1.38, 1.66)"),
            line("cap", "degree", Needed, "above 0", "half-angle of a cap about a dangling bond", "30.0"),
            line(
                "shares",
                "",
                Value("(0.2, 0.3, 0.5)"),
                "sum 1",
                "positions drawn anywhere, in half-shells, in caps",
                "(0.2, 0.3, 0.5)",
            ),
            line(
                "neighbours",
                "length",
                Words("1.17 of their shortest distance"),
                "above 0",
                "hosts closer than this are bonded",
                "2.7",
            ),
        ],
    ),
    section(
        "Exchange::EvenOdd",
        "exchange",
        "neighbours at even places, then at odd ones, one direction after the other",
        &[
            line("every", "cycles", Needed, "1 or more", "between exchanges", "1"),
            line("rounds", "", Value("1"), "1 or more", "rounds each time", "24"),
            line("diagonals", "", Value("false"), "", "neighbours along two axes at once exchange too", "true"),
        ],
    ),
    section(
        "Exchange::Random",
        "exchange",
        "pairs drawn at random, each as likely as another, one after the other",
        &[
            line("swaps", "", Needed, "1 to 10000000", "pairs tried in a walker each time", "5000"),
            line("reach", "", Needed, "", "pairs that are drawn", "Any"),
            line("every", "cycles", Value("1"), "1 or more", "between exchanges", "1"),
        ],
    ),
    section("Reach::Axis", "reach", "neighbours along an axis, and windows with those that they serve", &[]),
    section("Reach::Diagonal", "reach", "neighbours along two axes at once too", &[]),
    section("Reach::Any", "reach", "any two states", &[]),
    section(
        "Schedule",
        "schedule: (…)",
        "length of the run",
        &[
            line("equilibration", "cycles", Needed, "0 or more", "not sampled", "500"),
            line("production", "cycles", Needed, "1 or more", "sampled", "1500"),
            line("sample_every", "cycles", Value("1"), "1 or more", "between stored samples", "5"),
            line(
                "max_samples_per_state",
                "",
                Value("20000"),
                "1 or more",
                "stored samples are thinned to this many",
                "5000",
            ),
            line(
                "until",
                "",
                Words("none"),
                "needs `max_cycles`",
                "sample until an error is small enough",
                "BoundaryError(mu: 0.02)",
            ),
            line(
                "max_cycles",
                "cycles",
                Words("none"),
                "at least `production`",
                "of production, after which `until` gives up",
                "100000",
            ),
            line(
                "refine",
                "",
                Value("0"),
                "0 to 100",
                "further runs at most that `until` makes beside this one, over states that it lacks",
                "2",
            ),
        ],
    ),
    section(
        "Until::BoundaryError",
        "until",
        "every phase boundary known to a standard error",
        &[
            line("mu", "energy", Needed, "above 0", "standard error of μ", "0.02"),
            line(
                "temperature",
                "temperature",
                Words("all"),
                "some of the grid",
                "lowest and highest at which boundaries count",
                "(0.24, 0.30)",
            ),
        ],
    ),
    section(
        "Until::FirstOrderError",
        "until",
        "every first-order line known to a standard error",
        &[
            line("mu", "energy", Needed, "above 0", "standard error of μ", "0.003"),
            line(
                "temperature",
                "temperature",
                Words("all"),
                "some of the grid",
                "lowest and highest at which boundaries count",
                "(0.24, 0.30)",
            ),
        ],
    ),
];
