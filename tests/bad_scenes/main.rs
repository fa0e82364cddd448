//! Broken scenes: each is refused with its message, place, value and remedy, and nothing is written.

use assert_cmd::Command;

/// A scene that is good, to be broken in one place.
const GOOD: &str = include_str!("data/bad_scenes/good.ron");

/// One way to break it.
struct Case {
    /// Texts to replace, each with its replacement.
    breaks: &'static [(&'static str, &'static str)],
    /// Line and column of the mark.
    at: (usize, usize),
    /// What is wrong.
    message: &'static str,
    /// What to do.
    help: &'static str,
}

const fn case(
    breaks: &'static [(&'static str, &'static str)],
    at: (usize, usize),
    message: &'static str,
    help: &'static str,
) -> Case {
    Case { breaks, at, message, help }
}

const CASES: &[Case] = &[
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
        "give a whole number from 0 to 65535",
    ),
    case(
        &[("max_atoms: 64", "max_atoms: -1")],
        (19, 43),
        "`max_atoms` is -1, out of range",
        "give a whole number from 0 to 65535",
    ),
    case(
        &[("max_atoms: 64", "max_atoms: 64.5")],
        (19, 43),
        "`max_atoms` is 64.5, not a whole number",
        "give a whole number, 0 or more",
    ),
    case(&[("max_atoms: 64", "max_atoms: 0")], (19, 43), "`max_atoms` is 0", "give 1 or more"),
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
        &[("List([0.3, 0.5, 0.7])", "List([0.3, -0.5, 0.7])")],
        (22, 33),
        "temperature -0.5 is not above 0",
        "give a temperature above 0",
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
        &[("values: Linear(", "values: Linaer(")],
        (23, 66),
        "`Linaer` is no variant of `AxisValues`",
        "did you mean `Linear`?",
    ),
    case(
        &[("[(species: \"B\", max_atoms", "[(species: \"C\", max_atoms")],
        (19, 27),
        "there is no species `C`",
        "known here: `A`, `B`",
    ),
    case(
        &[("[(species: \"B\", convention", "[(species: \"b\", convention")],
        (19, 27),
        "species `B` has a reservoir but no axis in `grid.reservoir`",
        "add `(species: \"B\", convention: Activity, values: …)` to `grid.reservoir`",
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
        "use `Shifted` or `ForceShifted`, or `MonteCarlo` dynamics",
    ),
    case(
        &[("truncation: Shifted", "truncation: Shifted, tail_correction: true")],
        (10, 47),
        "`tail_correction` in a `Slab` cell",
        "leave it out; it belongs to homogeneous fluids in `Bulk` cells with `Plain` truncation",
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
    case(
        &[("Baoab(dt: 0.004, friction: 1.0, steps: 50)", "Hmc(dt: 0.004, steps: 50)")],
        (25, 15),
        "`Hmc` dynamics are not available yet",
        "use `Baoab`, `Verlet` or `MonteCarlo`",
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
        &[("production: 1500", "production: 10, sample_every: 20")],
        (27, 66),
        "`sample_every` is 20, but production has only 10 cycles",
        "sample more often or run longer",
    ),
    case(
        &[("schedule:", "observables: [Coordination(r: -1.0)],\n    schedule:")],
        (27, 35),
        "`r` is -1.0, not above 0",
        "give a number above 0",
    ),
    case(
        &[("schedule:", "observables: [Cluster(r: 6.0)],\n    schedule:")],
        (27, 30),
        "`r` is 6.0, more than the shortest period 5.715768",
        "lower it: farther away the periodic images of the same atoms are seen",
    ),
    case(
        &[("schedule:", "observables: [Rdf(r_max: 7.5, bins: 140)],\n    schedule:")],
        (27, 30),
        "`r_max` is 7.5, more than the shortest period 5.715768",
        "lower it: farther away the periodic images of the same atoms are seen",
    ),
    case(
        &[("schedule:", "observables: [Rdf(r_max: 2.8, bins: 0)],\n    schedule:")],
        (27, 41),
        "`bins` is 0",
        "give 1 or more",
    ),
    case(
        &[("schedule:", "observables: [Density(bins: 0)],\n    schedule:")],
        (27, 33),
        "`bins` is 0",
        "give 1 or more",
    ),
    case(
        &[("schedule:", "observables: [Density(bins: 20000)],\n    schedule:")],
        (27, 33),
        "`bins` is 20000",
        "give at most 10000",
    ),
    case(
        &[("schedule:", "observables: [Psi6, Sites, Psi6],\n    schedule:")],
        (27, 32),
        "`Psi6` is given twice, and both would store the same columns",
        "keep one of them",
    ),
    case(
        &[
            ("schedule:", "observables: [Order(wave_vector: Sqrt3)],\n    schedule:"),
            ("repeat: (6, 3)", "repeat: (7, 3)"),
        ],
        (27, 38),
        "`Sqrt3` does not fit the slab, which repeats (7, 3) cells",
        "make the first number of `repeat` a multiple of 3",
    ),
    case(
        &[
            ("schedule:", "observables: [Order(wave_vector: Sqrt3)],\n    schedule:"),
            (
                "Fcc111(species: \"A\", nearest_neighbour: 1.10, repeat: (6, 3)",
                "Fcc100(species: \"A\", nearest_neighbour: 1.10, repeat: (6, 6)",
            ),
        ],
        (27, 38),
        "`Sqrt3` is a superstructure of `Fcc111`, and the slab is `Fcc100`",
        "use `OneByOne`",
    ),
    case(
        &[
            ("schedule:", "observables: [Sites],\n    schedule:"),
            (
                "Fcc111(species: \"A\", nearest_neighbour: 1.10, repeat: (6, 3)",
                "Fcc100(species: \"A\", nearest_neighbour: 1.10, repeat: (6, 6)",
            ),
        ],
        (27, 19),
        "`Sites` counts top, bridge, fcc and hcp sites, which `Fcc100` does not have",
        "leave it out, or use a `Fcc111` substrate",
    ),
    case(
        &[("schedule:", "observables: [Psi6],\n    schedule:"), ("epsilon: 1.5", "epsilon: 0.0")],
        (27, 19),
        "`Psi6` looks at the first layer, and nothing holds one: the potential of the slab on `B` has no minimum",
        "say where it ends: `first_layer: (z_max: …)`",
    ),
    case(
        &[
            ("schedule:", "observables: [Order(wave_vector: Sqrt3)],\n    schedule:"),
            ("    substrate: Fcc111(species: \"A\", nearest_neighbour: 1.10, repeat: (6, 3), layers: 3),\n", ""),
            ("cell: Slab(height: 6.0)", "cell: Bulk(lengths: (8.0, 8.0, 8.0))"),
        ],
        (26, 19),
        "`Order` looks at the first layer on a surface, and a `Bulk` cell has none",
        "leave it out",
    ),
    case(
        &[
            ("schedule:", "observables: [Layers],\n    schedule:"),
            ("    substrate: Fcc111(species: \"A\", nearest_neighbour: 1.10, repeat: (6, 3), layers: 3),\n", ""),
            ("cell: Slab(height: 6.0)", "cell: Bulk(lengths: (8.0, 8.0, 8.0))"),
        ],
        (26, 19),
        "`Layers` in a `Bulk` cell, which has no surface",
        "leave it out, or use `Density(bins: 100)`",
    ),
    case(
        &[
            ("schedule:", "observables: [Order(wave_vector: OneByOne)],\n    schedule:"),
            (
                "    substrate: Fcc111(species: \"A\", nearest_neighbour: 1.10, repeat: (6, 3), layers: 3),\n",
                "    first_layer: (z_max: 1.6),\n",
            ),
            ("cell: Slab(height: 6.0)", "cell: Slab(height: 6.0, lengths: (6.0, 6.0))"),
        ],
        (27, 19),
        "`Order` needs the lattice of the substrate, and there is none",
        "leave it out, or use a `Fcc111` or `Fcc100` substrate",
    ),
    case(
        &[("schedule:", "observables: [Psi6],\n    schedule:"), ("initial: []", "first_layer: (z_max: 6.5)")],
        (20, 26),
        "`z_max` is 6.5, outside the cell from 0 to 6",
        "give the z below which an atom belongs to the first layer",
    ),
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
        &[("    substrate: Fcc111(species: \"A\", nearest_neighbour: 1.10, repeat: (6, 3), layers: 3),\n", "")],
        (17, 11),
        "the cell has no lengths in x and y, and there is no slab",
        "add `lengths: (x, y)` to `Slab`",
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
    case(
        &[("initial: []", "external: [Steele(species: \"B\", epsilon: 1.0, sigma: 1.0, density: 0.0, spacing: 1.0)]")],
        (20, 72),
        "`density` is 0.0, not above 0",
        "give a number above 0",
    ),
];

/// The good scene, broken.
fn broken(case: &Case) -> String {
    case.breaks.iter().fold(GOOD.to_owned(), |text, (old, new)| {
        assert_eq!(text.matches(old).count(), 1, "`{old}` stands once in the scene");
        text.replace(old, new)
    })
}

/// Runs the program in a folder that holds `files`, and asserts that it leaves nothing else there.
fn run(files: &[(&str, &str)], arguments: &[&str]) -> (Option<i32>, String, String) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for (name, content) in files {
        std::fs::write(folder.path().join(name), content).expect("a file");
    }
    let mut command = Command::new(env!("CARGO_BIN_EXE_adlayer"));
    let output = command.current_dir(folder.path()).args(arguments).output().expect("the program starts");
    let left = std::fs::read_dir(folder.path()).expect("the folder").count();
    assert_eq!(left, files.len(), "{arguments:?} wrote something");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
    (output.status.code(), text(output.stdout), text(output.stderr))
}

#[test]
fn the_scene_is_good_before_it_is_broken() {
    let (code, _, stderr) = run(&[("scene.ron", GOOD)], &["check", "scene.ron"]);
    assert_eq!((code, stderr.as_str()), (Some(0), ""));
}

#[test]
fn every_broken_scene_is_refused_with_its_message() {
    let mut wrong = Vec::new();
    for case in CASES {
        let (code, stdout, stderr) = run(&[("scene.ron", &broken(case))], &["check", "scene.ron"]);
        let found = |line: String| stderr.lines().any(|l| l.trim_start_matches([' ', '×', '╭', '─']) == line);
        let place = format!("[scene.ron:{}:{}]", case.at.0, case.at.1);
        let complete = found(case.message.to_owned()) && found(place) && found(format!("help: {}", case.help));
        if code != Some(65) || !stdout.is_empty() || !complete {
            wrong.push(format!("{:?} ends with {code:?}:\n{stderr}", case.breaks));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn run_refuses_what_check_refuses() {
    for case in CASES.iter().step_by(5) {
        let (code, stdout, stderr) = run(&[("scene.ron", &broken(case))], &["run", "scene.ron"]);
        assert_eq!((code, stdout.as_str()), (Some(65), ""), "{stderr}");
        assert!(stderr.contains(case.message), "{stderr}");
    }
}

#[test]
fn the_mark_stands_under_the_value() {
    let text = GOOD.replace("(name: \"B\", symbol: \"Ar\", mass: 1.0)", "(name: \"B\", symbol: \"Ar\", mass: -1)");
    let (_, _, stderr) = run(&[("scene.ron", &text)], &["check", "scene.ron"]);
    let expected = "  × `mass` is -1, not above 0
   ╭─[scene.ron:6:41]
 5 │         (name: \"A\", symbol: \"Cu\", mass: 1.0),
 6 │         (name: \"B\", symbol: \"Ar\", mass: -1),
   ·                                         ──
 7 │     ],
   ╰────
  help: give a number above 0
";
    assert_eq!(stderr, expected);
}

/// The good scene with a slab from a file.
fn with_slab_file() -> String {
    GOOD.replace(
        "Fcc111(species: \"A\", nearest_neighbour: 1.10, repeat: (6, 3), layers: 3)",
        "File(path: \"slab.xyz\", mobile: Above(0.5))",
    )
}

/// A slab of one atom, with the given comment line and symbol.
fn slab(comment: &str, symbol: &str) -> String {
    format!("1\n{comment}\n{symbol} 1.0 2.0 0.0\n")
}

#[test]
fn an_absent_slab_file_is_an_absent_input() {
    let (code, stdout, stderr) = run(&[("scene.ron", &with_slab_file())], &["check", "scene.ron"]);
    assert_eq!((code, stdout.as_str()), (Some(66), ""));
    assert_eq!(stderr, "error: cannot find slab file slab.xyz; check the path\n");
}

#[test]
fn a_bad_slab_file_is_refused() {
    let good = "Lattice=\"6 0 0 0 6 0 0 0 6\"";
    for (content, message) in [
        (slab(good, "Cu"), ""),
        (slab(good, "Xe"), "atom 0 of `slab.xyz` is `Xe`, which is the symbol of no species"),
        (slab("", "Cu"), "`slab.xyz` has no Lattice"),
        (slab("Lattice=\"6 0 0 1 6 0 0 0 6\"", "Cu"), "the Lattice of `slab.xyz` is oblique"),
        (slab("Lattice=\"6 0 0 0 -6 0 0 0 6\"", "Cu"), "the Lattice of `slab.xyz` has no extent in x or y"),
        (format!("0\n{good}\n"), "`slab.xyz` holds no atom"),
        (
            format!("2\n{good}\nCu 0 0 0\nCu 0 5.8 0\n"),
            "slab atom 0 (A) and slab atom 1 (A) are 0.2000 apart, closer than 0.5",
        ),
        (slab("Lattice=\"6 0\"", "Cu"), "line 2: Lattice=\"6 0\" is not nine numbers; give the three cell vectors"),
        ("1\n\nCu 0 zero 0\n".to_owned(), "line 3: `zero` is not a finite coordinate; correct it"),
    ] {
        let files = [("scene.ron", with_slab_file()), ("slab.xyz", content)];
        let files: Vec<(&str, &str)> = files.iter().map(|(n, c)| (*n, c.as_str())).collect();
        let (code, _, stderr) = run(&files, &["check", "scene.ron"]);
        assert_eq!(code, Some(if message.is_empty() { 0 } else { 65 }), "{stderr}");
        assert!(stderr.contains(message), "`{message}` is not in\n{stderr}");
    }
}

#[test]
fn ambiguous_symbols_are_refused_only_where_they_matter() {
    let same = |text: &str| text.replace("symbol: \"Ar\"", "symbol: \"Cu\"");
    let (code, _, stderr) = run(&[("scene.ron", &same(GOOD))], &["check", "scene.ron"]);
    assert_eq!(code, Some(0), "{stderr}");
    let files = [("scene.ron", &*same(&with_slab_file())), ("slab.xyz", &*slab("Lattice=\"6 0 0 0 6 0 0 0 6\"", "Cu"))];
    let (code, _, stderr) = run(&files, &["check", "scene.ron"]);
    assert_eq!(code, Some(65));
    assert!(stderr.contains("atom 0 of `slab.xyz` is `Cu`, the symbol of both `A` and `B`"), "{stderr}");
}

#[test]
#[expect(clippy::print_stdout, reason = "a skipped test says so")]
fn a_run_that_cannot_fit_is_refused() {
    if !std::path::Path::new("/proc/meminfo").exists() {
        println!("skipped: this system does not say how much memory is free");
        return;
    }
    let text = GOOD.replace("max_atoms: 64", "max_atoms: 65000").replace("n: 14))],", "n: 14))], walkers: 60000");
    for command in ["check", "run"] {
        let (code, _, stderr) = run(&[("scene.ron", &text)], &[command, "scene.ron"]);
        assert_eq!(code, Some(65), "{stderr}");
        assert!(stderr.contains("× the run needs 69.1 TiB of memory, and "), "{stderr}");
        assert!(stderr.contains("[scene.ron:21:11]"), "{stderr}");
        assert!(stderr.contains("help: make the grid, `walkers`, `max_atoms`"), "{stderr}");
    }
}

#[test]
fn text_that_is_not_utf8_is_refused() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    std::fs::write(folder.path().join("scene.ron"), b"Scene(title: \"\xff\")").expect("a file");
    let mut command = Command::new(env!("CARGO_BIN_EXE_adlayer"));
    let output = command.current_dir(folder.path()).args(["check", "scene.ron"]).output().expect("the program starts");
    assert_eq!(output.status.code(), Some(65));
    assert_eq!(output.stderr, b"error: scene.ron: byte 14 is not UTF-8; save the scene as UTF-8 text\n");
}
