//! How atoms move, and for how long.

use super::{Case, case};

pub(super) const CASES: &[Case] = &[
    case(
        &[("Baoab(dt: 0.004, friction: 1.0, steps: 50)", "Ghmc(dt: 0.02, steps: 50, friction: 0)")],
        (25, 51),
        "`friction` is 0, not above 0",
        "give a number above 0",
    ),
    case(
        &[("Baoab(dt: 0.004, friction: 1.0, steps: 50)", "Hmc(dt: 0.02, steps: 0)")],
        (25, 36),
        "`steps` is 0",
        "give 1 or more",
    ),
    case(&[("dt: 0.004", "dt: 0")], (25, 25), "`dt` is 0, not above 0", "give a number above 0"),
    case(&[("steps: 50", "steps: 0")], (25, 54), "`steps` is 0", "give 1 or more"),
    case(
        &[("moves: (insert_delete: 100)", "moves: (insert_delete: 0)")],
        (26, 28),
        "`insert_delete` is 0, but species have a reservoir: their numbers would never change",
        "give 1 or more, or leave out `reservoir`",
    ),
    case(
        &[("    moves: (insert_delete: 100),\n", "")],
        (1, 1),
        "field `moves` is missing, and species have a reservoir",
        "add `moves: (insert_delete: 100)`",
    ),
    case(
        &[("moves: (insert_delete: 100)", "moves: (insert_delete: 100, identity: 20)")],
        (26, 43),
        "`identity` is 20, but only species B has a reservoir",
        "leave it out, or name a second species in `reservoir`",
    ),
    case(
        &[("moves: (insert_delete: 100)", "moves: (insert_delete: 100, insertion: Biased(trials: 0))")],
        (26, 59),
        "`trials` is 0",
        "give a whole number from 1 to 8",
    ),
    case(
        &[("moves: (insert_delete: 100)", "moves: (insert_delete: 100, insertion: Biased(henry: 1.0))")],
        (26, 58),
        "`henry` is 1",
        "give a share from 0 to 0.9, so that every place is reached; without it, it is chosen in equilibration",
    ),
    case(
        &[(
            "moves: (insert_delete: 100)",
            r#"moves: (insert_delete: 100, insertion: Bonds(hosts: "C", shell: (1.0, 1.5), cap: 30.0))"#,
        )],
        (26, 57),
        r#"`hosts` is "C", no species of the scene"#,
        "name the species of the atoms of the slab to which the inserted ones bind",
    ),
    case(
        &[(
            "moves: (insert_delete: 100)",
            r#"moves: (insert_delete: 100, insertion: Bonds(hosts: "B", shell: (1.0, 1.5), cap: 30.0))"#,
        )],
        (26, 57),
        r#"`hosts` is "B", of which the slab has no atom"#,
        "name a species of the slab, or use `Uniform` or `Biased`",
    ),
    case(
        &[(
            "moves: (insert_delete: 100)",
            r#"moves: (insert_delete: 100, insertion: Bonds(hosts: "A", shell: (1.5, 1.0), cap: 30.0))"#,
        )],
        (26, 69),
        r#"`shell` is (1.5, 1)"#,
        "give the least and the greatest length of a bond, both above 0",
    ),
    case(
        &[(
            "moves: (insert_delete: 100)",
            r#"moves: (insert_delete: 100, insertion: Bonds(hosts: "A", shell: (1.0, 1.5), cap: 0.0))"#,
        )],
        (26, 86),
        r#"`cap` is 0"#,
        "give the half-angle of a cap about a dangling bond, above 0 and at most 180 degrees",
    ),
    case(
        &[(
            "moves: (insert_delete: 100)",
            r#"moves: (insert_delete: 100, insertion: Bonds(hosts: "A", shell: (1.0, 1.5), cap: 30.0, shares: (0.0, 0.5, 0.5)))"#,
        )],
        (26, 100),
        r#"`shares` are (0, 0.5, 0.5)"#,
        "give three shares that sum to 1, anywhere, in half-shells and in caps; the first at least 0.1, so that every place is reached",
    ),
    case(
        &[(
            "moves: (insert_delete: 100)",
            r#"moves: (insert_delete: 100, insertion: Bonds(hosts: "A", shell: (1.0, 9.5), cap: 30.0))"#,
        )],
        (26, 69),
        r#"`shell` reaches 9.5, more than half of the shortest period or width, 2.85788"#,
        "lower it, or take a larger cell",
    ),
    case(
        &[
            ("Baoab(dt: 0.004, friction: 1.0, steps: 50)", "MonteCarlo(displacement: 0.2, attempts: 0)"),
            ("moves: (insert_delete: 100)", "moves: (insert_delete: 100), balance: Auto"),
        ],
        (26, 43),
        "`balance` is Auto, but `attempts` of the dynamics, the most there may be, is 0",
        "give `attempts` 1 or more, or leave `balance` out",
    ),
    case(
        &[("moves: (insert_delete: 100)", "moves: (insert_delete: 100), exchange: EvenOdd(every: 0)")],
        (26, 59),
        "`every` is 0",
        "give 1 or more",
    ),
    case(
        &[("moves: (insert_delete: 100)", "moves: (insert_delete: 100), exchange: EvenOdd(every: 1, rounds: 0)")],
        (26, 70),
        "`rounds` is 0",
        "give 1 or more",
    ),
    case(
        &[("moves: (insert_delete: 100)", "moves: (insert_delete: 100), exchange: Random(swaps: 0, reach: Any)")],
        (26, 58),
        "`swaps` is 0",
        "give 1 or more",
    ),
    case(&[("production: 1500", "production: 0")], (27, 48), "`production` is 0", "give 1 or more"),
    case(
        &[("production: 1500", "production: 1500, until: BoundaryError(mu: 0.02)")],
        (27, 61),
        "`until` without `max_cycles`: the run might never end",
        "add the largest number of production cycles, e.g. `max_cycles: 100000`",
    ),
    case(
        &[("production: 1500", "production: 1500, until: BoundaryError(mu: 0.0), max_cycles: 9000")],
        (27, 79),
        "`mu` is 0.0, not above 0",
        "give a number above 0",
    ),
    case(
        &[("production: 1500", "production: 1500, max_cycles: 9000")],
        (27, 66),
        "`max_cycles` has no meaning without `until`",
        "leave it out; `production` is the number of cycles",
    ),
    case(
        &[("production: 1500", "production: 1500, refine: 2")],
        (27, 62),
        "`refine` has no meaning without `until`",
        "say what is wanted, e.g. `until: BoundaryError(mu: 0.02), max_cycles: 100000`, or leave it out",
    ),
    case(
        &[("production: 1500", "production: 1500, until: FirstOrderError(mu: 0.01), max_cycles: 9000, refine: 101")],
        (27, 114),
        "101 further runs are more than 100",
        "give fewer; each is a run over states around one line or one gap",
    ),
    case(
        &[("production: 1500", "production: 10, sample_every: 20")],
        (27, 66),
        "`sample_every` is 20, but production has only 10 cycles",
        "sample more often or run longer",
    ),
];
