//! What is said of every field of a scene: unit, default, limits, meaning and an example. Types, and what may be left out,
//! are those of the grammar; tests hold these words to it.

/// What holds where a field is left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Preset {
    /// It must be given.
    Needed,
    /// A value, as a scene would spell it.
    Value(&'static str),
    /// Said in words, because it follows from the rest of the scene.
    Words(&'static str),
}

/// A line of the reference: a field, or a variant (without a name) that has its own line.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Line {
    pub(crate) name: &'static str,
    pub(crate) unit: &'static str,
    pub(crate) preset: Preset,
    pub(crate) limits: &'static str,
    pub(crate) meaning: &'static str,
    /// As a scene spells it; empty for a variant without fields.
    pub(crate) example: &'static str,
}

/// A structure or a variant of the grammar.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Section {
    /// As [`super::trace`] names it.
    pub(crate) owner: &'static str,
    /// Where a scene has it.
    pub(crate) place: &'static str,
    pub(crate) meaning: &'static str,
    pub(crate) lines: &'static [Line],
}

use Preset::{Needed, Value, Words};

const fn line(
    name: &'static str,
    unit: &'static str,
    preset: Preset,
    limits: &'static str,
    meaning: &'static str,
    example: &'static str,
) -> Line {
    Line { name, unit, preset, limits, meaning, example }
}

const fn section(owner: &'static str, place: &'static str, meaning: &'static str, lines: &'static [Line]) -> Section {
    Section { owner, place, meaning, lines }
}

const SPECIES: Line = line("species", "", Needed, "a name of `species`", "species it acts on", "\"B\"");
const CUTOFF: Line = line("cutoff", "length", Needed, "above 0", "r_c, one for all pairs", "2.5");
const TRUNCATION: Line =
    line("truncation", "", Needed, "`Plain` with Monte Carlo only", "what happens at the cutoff", "Shifted");
const IMAGES: Line = line(
    "images",
    "",
    Words("`Sum`; refused where r_c exceeds half a period"),
    "",
    "how periodic images enter a pair",
    "Minimum",
);
const TAIL: Line = line(
    "tail_correction",
    "",
    Value("false"),
    "`Bulk` without a substrate, `Plain`",
    "long-range correction of a homogeneous fluid",
    "true",
);
const BETWEEN: Line = line("between", "", Needed, "each pair once", "names of the two species", "(\"A\", \"B\")");
const DT: Line = line("dt", "time", Needed, "above 0", "time step", "0.004");
const STEPS: Line = line("steps", "", Needed, "1 or more", "steps of a cycle", "50");
const FROM: Line = line("from", "that of the axis", Needed, "", "first value", "0.2");
const TO: Line = line("to", "that of the axis", Needed, "", "last value", "0.8");
const HOW_MANY: Line = line("n", "", Needed, "1 or more", "how many values", "7");
const LATTICE: [Line; 5] = [
    line("species", "", Needed, "a name of `species`", "species of its atoms", "\"A\""),
    line("nearest_neighbour", "length", Needed, "above 0", "distance d of nearest neighbours", "1.1"),
    line("repeat", "", Needed, "1 or more each", "cells along x and y", "(6, 3)"),
    line("layers", "", Needed, "1 or more", "layers, the top one at z = 0", "3"),
    line("mobile_layers", "", Value("0"), "at most `layers`", "how many of the top layers move", "1"),
];
const DISTANCE: Line = line("r", "length", Needed, "above 0, at most a period", "distance of neighbours", "1.9");

/// Every structure and every variant of the grammar, in the order of a scene.
pub(crate) const SECTIONS: &[Section] = &[
    section(
        "Scene",
        "the whole file",
        "what is simulated, in which states, for how long",
        &[
            line("title", "", Value("\"\""), "", "free text for reports", "\"Krypton on graphite\""),
            line("units", "", Needed, "", "unit system of every number", "Metal"),
            line(
                "planck",
                "ε τ",
                Words("none"),
                "above 0; `Lj` only",
                "Planck's constant, needed by `Absolute`",
                "1.4",
            ),
            line(
                "species",
                "",
                Needed,
                "1 to 8",
                "every kind of atom, frozen or mobile",
                "[(name: \"B\", symbol: \"Ar\", mass: 1.0)]",
            ),
            line(
                "potential",
                "",
                Needed,
                "one form",
                "interaction of pairs",
                "LennardJones(cutoff: 2.5, truncation: Shifted, pairs: [(between: (\"B\", \"B\"), epsilon: 1.0, sigma: 1.0)])",
            ),
            line(
                "external",
                "",
                Value("[]"),
                "at most 4 on a species on `gpu`",
                "fields on single atoms",
                "[Wall93(species: \"B\", epsilon: 0.1, sigma: 1.0)]",
            ),
            line("cell", "", Needed, "", "shape of the cell", "Slab(height: 6.0)"),
            line(
                "substrate",
                "",
                Value("None"),
                "at most 10⁶ atoms",
                "the slab",
                "Fcc111(species: \"A\", nearest_neighbour: 1.1, repeat: (6, 3), layers: 3)",
            ),
            line(
                "reservoir",
                "",
                Value("[]"),
                "",
                "species whose number fluctuates; none: a canonical run",
                "[(species: \"B\", max_atoms: 64)]",
            ),
            line(
                "initial",
                "",
                Value("[]"),
                "",
                "mobile atoms at the start",
                "[(species: \"B\", atoms: 4, placement: Random)]",
            ),
            line("grid", "", Needed, "at most 10⁶ states", "the states", "(temperature: List([0.24, 0.30]))"),
            line(
                "windows",
                "",
                Value("[]"),
                "",
                "further states between two numbers of atoms",
                "[(species: \"B\", atoms: (0, 16))]",
            ),
            line("dynamics", "", Needed, "", "how atoms move", "Baoab(dt: 0.004, friction: 1.0, steps: 50)"),
            line(
                "balance",
                "",
                Value("Fixed"),
                "",
                "whether a cycle makes the steps of `dynamics`, or at most those",
                "Auto",
            ),
            line(
                "moves",
                "",
                Words("none; needed with a reservoir"),
                "",
                "how atoms come and go",
                "(insert_delete: 100)",
            ),
            line(
                "exchange",
                "",
                Value("EvenOdd(every: 1, rounds: 24, diagonals: true)"),
                "",
                "replica exchange",
                "EvenOdd(every: 1)",
            ),
            line("schedule", "", Needed, "", "length of the run", "(equilibration: 500, production: 1500)"),
            line("seed", "", Value("1"), "below 2⁶⁴", "of every random number", "7"),
            line("observables", "", Value("[]"), "each once", "evaluated for every stored sample", "[Layers, Psi6]"),
            line(
                "first_layer",
                "",
                Words("from the potential of the slab"),
                "",
                "where the first layer ends",
                "(z_max: 1.75)",
            ),
        ],
    ),
    section("Units::Lj", "units", "reduced: ε, σ, mass and k_B are 1", &[]),
    section("Units::Metal", "units", "eV, Å, K, bar, u, ps", &[]),
    section(
        "Species",
        "species: [(…)]",
        "a kind of atom",
        &[
            line(
                "name",
                "",
                Needed,
                "letters, digits, `_`; each once",
                "its name in the scene and in columns",
                "\"Kr\"",
            ),
            line("symbol", "", Needed, "1 to 3 letters", "element in trajectories and slab files", "\"Kr\""),
            line("mass", "mass", Needed, "above 0", "mass", "83.798"),
        ],
    ),
    section(
        "Potential::LennardJones",
        "potential",
        "u = 4ε[(σ/r)¹² − (σ/r)⁶]",
        &[
            CUTOFF,
            TRUNCATION,
            IMAGES,
            TAIL,
            line(
                "pairs",
                "",
                Needed,
                "every pair that can meet, or `mixing`",
                "parameters of pairs",
                "[(between: (\"B\", \"B\"), epsilon: 1.0, sigma: 1.0)]",
            ),
            line("mixing", "", Words("none"), "", "rule for unlike pairs that are not listed", "LorentzBerthelot"),
        ],
    ),
    section(
        "Pair",
        "pairs: [(…)] of LennardJones",
        "a pair of species",
        &[
            BETWEEN,
            line("epsilon", "energy", Needed, "0 or more; 0: no interaction", "depth of the well", "1.0"),
            line("sigma", "length", Needed, "above 0", "distance where u = 0", "1.0"),
        ],
    ),
    section(
        "Potential::Morse",
        "potential",
        "u = D[e^(−2α(r − r₀)) − 2e^(−α(r − r₀))]",
        &[
            CUTOFF,
            TRUNCATION,
            IMAGES,
            TAIL,
            line(
                "pairs",
                "",
                Needed,
                "every pair that can meet",
                "parameters of pairs",
                "[(between: (\"B\", \"B\"), depth: 1.0, alpha: 5.0, r_0: 1.1)]",
            ),
        ],
    ),
    section(
        "MorsePair",
        "pairs: [(…)] of Morse",
        "a pair of species",
        &[
            BETWEEN,
            line("depth", "energy", Needed, "0 or more; 0: no interaction", "D, depth of the well", "1.0"),
            line("alpha", "1/length", Needed, "above 0", "α: u''(r₀) = 2Dα²", "5.0"),
            line("r_0", "length", Needed, "above 0", "r₀, distance of the minimum", "1.1"),
        ],
    ),
    section(
        "Potential::Table",
        "potential",
        "u and −u' from files as LAMMPS writes them",
        &[
            line(
                "path",
                "",
                Words("none; then every pair names its own"),
                "a file beside the scene",
                "file of all pairs",
                "\"pair.table\"",
            ),
            line("cutoff", "length", Needed, "inside every table", "r_c, one for all pairs", "2.5"),
            line(
                "truncation",
                "",
                Value("Shifted"),
                "`Plain` with Monte Carlo only",
                "what happens at the cutoff; LAMMPS: `Plain`",
                "Plain",
            ),
            IMAGES,
            line("points", "", Value("2000"), "2 to 20,000", "values of r² on which tables are interpolated", "5000"),
            line(
                "pairs",
                "",
                Needed,
                "every pair that can meet",
                "sections of pairs",
                "[(between: (\"B\", \"B\"), keyword: \"B_B\")]",
            ),
        ],
    ),
    section(
        "TabulatedPair",
        "pairs: [(…)] of Table",
        "a pair of species",
        &[
            BETWEEN,
            line(
                "path",
                "",
                Words("that of the potential"),
                "a file beside the scene",
                "a file of its own",
                "\"argon.table\"",
            ),
            line("keyword", "", Needed, "`None`: no interaction", "word at the head of its section", "\"ARGON\""),
        ],
    ),
    section(
        "Potential::StillingerWeber",
        "potential",
        "pairs and triplets of Stillinger and Weber, from a file as LAMMPS' `pair_style sw` reads it",
        &[
            line(
                "path",
                "",
                Needed,
                "a file beside the scene",
                "the file; a species has the parameters of its `symbol`",
                "\"SiH.sw\"",
            ),
            IMAGES,
        ],
    ),
    section(
        "Potential::External",
        "potential",
        "energies and forces of programs outside",
        &[line("0", "", Needed, "", "what is said of them", "(clients: [(command: \"python client.py {socket}\")])")],
    ),
    section(
        "ExternalSpec",
        "External(…) of potential",
        "clients that compute energies and forces",
        &[
            line(
                "clients",
                "",
                Value("[]"),
                "",
                "programs to start; none: clients are waited for",
                "[(command: \"python client.py {socket}\")]",
            ),
            line(
                "socket",
                "",
                Words("a UNIX socket of a name of its own"),
                "",
                "where clients connect",
                "Unix(\"adlayer\")",
            ),
            line("connect_timeout", "s", Value("60.0"), "above 0", "in which a client must have connected", "30.0"),
            line("timeout", "s", Value("600.0"), "above 0", "in which a client must have answered", "3600.0"),
            line("retries", "", Value("2"), "", "how often a configuration is asked again", "5"),
            line(
                "on_failure",
                "",
                Value("Stop"),
                "",
                "what becomes of a trial that no client could evaluate",
                "Reject",
            ),
            line("core", "length", Words("none"), "above 0", "closer than this the energy is infinite", "0.5"),
            line("vacuum", "length", Words("none"), "above 0", "between the ceiling and the next slab", "8.0"),
            line(
                "reference",
                "",
                Words("the zero of the client"),
                "",
                "zero of energy",
                "(species: [(\"D\", HalfMolecule)])",
            ),
        ],
    ),
    section(
        "ClientSpec",
        "clients: [(…)] of External",
        "a program to start",
        &[
            line(
                "command",
                "",
                Needed,
                "",
                "its command line; {socket}, {path}, {host}, {port} are filled in",
                "\"python client.py {socket}\"",
            ),
            line("count", "", Value("1"), "1 or more", "how many run at the same time", "4"),
            line(
                "template",
                "",
                Words("none"),
                "a folder beside the scene",
                "input files of a program with a fixed number of atoms",
                "\"inputs\"",
            ),
        ],
    ),
    section(
        "SocketSpec::Unix",
        "socket of External",
        "/tmp/ipi_NAME, or an absolute path",
        &[line("0", "", Needed, "", "its name", "\"adlayer\"")],
    ),
    section(
        "SocketSpec::Tcp",
        "socket of External",
        "an address and a port",
        &[
            line("0", "", Needed, "", "address", "\"127.0.0.1\""),
            line("1", "", Needed, "0: any free one", "port", "31415"),
        ],
    ),
    section("OnFailure::Stop", "on_failure of External", "the run ends; resume goes on", &[]),
    section("OnFailure::Reject", "on_failure of External", "the trial is rejected and counted", &[]),
    section(
        "ReferenceSpec",
        "reference of External",
        "the zero of energy",
        &[
            line("slab", "energy", Value("Compute"), "", "energy of the slab", "Given(-1234.5)"),
            line("species", "energy", Value("[]"), "", "energy of an atom of each species", "[(\"D\", HalfMolecule)]"),
            line(
                "computed",
                "",
                Words("written by a run"),
                "",
                "what the clients said",
                "(slab: -1.0, species: [0.0])",
            ),
        ],
    ),
    section("SlabReference::Compute", "slab of reference", "a client is asked", &[]),
    section(
        "SlabReference::Given",
        "slab of reference",
        "a number",
        &[line("0", "energy", Needed, "", "the energy", "-1234.5")],
    ),
    section("SpeciesReference::HalfMolecule", "species of reference", "half of a molecule of two at its minimum", &[]),
    section("SpeciesReference::Atom", "species of reference", "an atom alone", &[]),
    section(
        "SpeciesReference::Given",
        "species of reference",
        "a number",
        &[line("0", "energy", Needed, "", "the energy", "-15.9")],
    ),
    section(
        "ReferenceEnergies",
        "computed of reference",
        "energies taken off those of the clients",
        &[
            line("slab", "energy", Needed, "", "of the slab", "-1234.5"),
            line("species", "energy", Needed, "one for each species", "of an atom of each species", "[0.0, -15.9]"),
        ],
    ),
    section("Truncation::Plain", "truncation", "cut: energies jump at r_c", &[]),
    section("Truncation::Shifted", "truncation", "u(r) − u(r_c)", &[]),
    section("Truncation::ForceShifted", "truncation", "u(r) − u(r_c) − (r − r_c) u'(r_c)", &[]),
    section("Images::Sum", "images", "every image within the cutoff, at most 5 shells", &[]),
    section("Images::Minimum", "images", "the nearest image only, whatever the cutoff", &[]),
    section("Mixing::LorentzBerthelot", "mixing", "ε = √(ε_A ε_B), σ = (σ_A + σ_B)/2", &[]),
    section(
        "External::Harmonic",
        "external: […]",
        "k r²/2 about the centre of the cell",
        &[SPECIES, line("spring", "energy/length²", Needed, "above 0", "k", "1.0")],
    ),
    section(
        "External::Steele",
        "external: […]",
        "Steele's 10-4-3 wall at the floor, e.g. graphite: 2π ε ρ σ² Δ[(2/5)(σ/z)¹⁰ − (σ/z)⁴ − σ⁴/(3Δ(z + 0.61Δ)³)]; `Slab` cells",
        &[
            SPECIES,
            line("epsilon", "energy", Needed, "0 or more", "ε between an atom and one of the solid", "0.0059628"),
            line("sigma", "length", Needed, "above 0", "σ between them", "3.5"),
            line("density", "1/length³", Needed, "0 or more", "ρ, atoms of the solid", "0.114"),
            line("spacing", "length", Needed, "above 0", "Δ, between its layers", "3.35"),
        ],
    ),
    section(
        "External::Wall93",
        "external: […]",
        "9-3 wall at the floor: ε[(2/15)(σ/z)⁹ − (σ/z)³]; `Slab` cells",
        &[
            SPECIES,
            line("epsilon", "energy", Needed, "0 or more", "ε", "0.1"),
            line("sigma", "length", Needed, "above 0", "σ", "1.0"),
        ],
    ),
    section(
        "CellSpec::Slab",
        "cell",
        "periodic in x and y, hard walls in z",
        &[
            line("height", "length", Needed, "above 0", "z of the ceiling above the floor", "6.0"),
            line(
                "lengths",
                "length",
                Words("those of the substrate; needed without one"),
                "above 0",
                "periods in x and y",
                "(20.0, 20.0)",
            ),
            line(
                "tilt",
                "length",
                Value("0.0"),
                "",
                "how far the second period leads along x; default that of the substrate",
                "10.0",
            ),
            line(
                "floor",
                "length",
                Words("the uppermost frozen layer; 0 without a substrate"),
                "",
                "z of the floor",
                "0.0",
            ),
        ],
    ),
    section(
        "CellSpec::Bulk",
        "cell",
        "periodic in x, y and z",
        &[
            line("lengths", "length", Needed, "above 0", "periods", "(8.0, 8.0, 8.0)"),
            line("tilt", "length", Value("0.0"), "", "how far the second period leads along x", "4.0"),
        ],
    ),
    section("Substrate::Fcc111", "substrate", "fcc(111) in rectangular d × √3 d cells of two sites a layer", &LATTICE),
    section("Substrate::Fcc100", "substrate", "fcc(100) in square d × d cells", &LATTICE),
    section(
        "Substrate::File",
        "substrate",
        "atoms of an extended XYZ file or a POSCAR; elements become species by `symbol`",
        &[
            line("path", "", Needed, "a file beside the scene", "the file", "\"POSCAR\""),
            line(
                "mobile",
                "",
                Words("none, with a warning where the file lets atoms move"),
                "",
                "which atoms move",
                "Above(-1.5)",
            ),
            line(
                "joined",
                "",
                Words("`true` where no `floor` is given"),
                "",
                "whether a slab wrapped through z is put together",
                "false",
            ),
            line(
                "top",
                "length",
                Words("the first gap in z of 0.35 of the shortest distance"),
                "below the highest atom",
                "z above which atoms are the top layer",
                "-0.9",
            ),
        ],
    ),
    section(
        "MobileSelection::Above",
        "mobile of File",
        "atoms above a height",
        &[line("0", "length", Needed, "", "z as in the file", "1.5")],
    ),
    section(
        "MobileSelection::Selective",
        "mobile of File",
        "those that the file lets move: selective dynamics, `move_mask`",
        &[],
    ),
    section(
        "Reservoir",
        "reservoir: [(…)]",
        "a species whose number fluctuates",
        &[
            line("species", "", Needed, "a name of `species`", "the species", "\"B\""),
            line("max_atoms", "", Needed, "1 to 65,535", "N_max, the same in every state", "64"),
            line(
                "region",
                "",
                Words("the whole cell above the floor"),
                "",
                "where atoms come and go",
                "(z: (0.0, 3.0))",
            ),
        ],
    ),
    section(
        "Region",
        "region of a reservoir",
        "a part of the cell",
        &[line("z", "length", Needed, "inside the cell", "lower and upper z", "(0.0, 3.0)")],
    ),
    section(
        "Initial",
        "initial: [(…)]",
        "mobile atoms at the start",
        &[
            line("species", "", Needed, "a name of `species`", "the species", "\"B\""),
            line(
                "atoms",
                "",
                Words("needed, but with `File`: as many as it holds"),
                "at most 65,535",
                "how many",
                "12",
            ),
            line("placement", "", Needed, "", "where they go", "Layers"),
            line("walkers", "", Value("All"), "`All` without a reservoir", "in which copies of the grid", "Odd"),
        ],
    ),
    section("Placement::Random", "placement", "uniform over the region (or the cell)", &[]),
    section("Placement::Layers", "placement", "the next lattice layers of an fcc slab", &[]),
    section(
        "Placement::File",
        "placement",
        "an extended XYZ file or a POSCAR of one element",
        &[line("path", "", Needed, "a file beside the scene", "the file", "\"atoms.xyz\"")],
    ),
    section("Walkers::All", "walkers of initial", "every walker", &[]),
    section("Walkers::Even", "walkers of initial", "walkers 0, 2, 4, …", &[]),
    section("Walkers::Odd", "walkers of initial", "walkers 1, 3, 5, …", &[]),
    section(
        "Grid",
        "grid: (…)",
        "the states: temperatures times one axis for each reservoir species",
        &[
            line(
                "temperature",
                "temperature",
                Needed,
                "above 0, each once",
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
        ],
    ),
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
            line("attempts", "", Needed, "1 or more", "attempts a replica and cycle", "100"),
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
    section("Balance::Auto", "balance", "at most those: as many as cost what the particle moves cost", &[]),
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
        ],
    ),
    section(
        "Until::BoundaryError",
        "until",
        "every phase boundary known to a standard error",
        &[line("mu", "energy", Needed, "above 0", "standard error of μ", "0.02")],
    ),
    section("ObservableSpec::Layers", "observables: […]", "atoms over z; layers are found afterwards", &[]),
    section(
        "ObservableSpec::Order",
        "observables: […]",
        "order parameter Φ of a superstructure of the first layer; fcc substrates",
        &[line("wave_vector", "", Needed, "", "which superstructure", "Sqrt3")],
    ),
    section("WaveVector::Sqrt3", "wave_vector", "(√3×√3)R30°; `Fcc111` with `repeat` in x a multiple of 3", &[]),
    section("WaveVector::OneByOne", "wave_vector", "(1×1)", &[]),
    section("ObservableSpec::Psi6", "observables: […]", "bond-orientational order ψ6 of the first layer", &[]),
    section("ObservableSpec::Coordination", "observables: […]", "numbers of neighbours", &[DISTANCE]),
    section(
        "ObservableSpec::Sites",
        "observables: […]",
        "atoms of the first layer on top, bridge, fcc and hcp sites; `Fcc111`",
        &[],
    ),
    section("ObservableSpec::Composition", "observables: […]", "atoms of each species in the first layer", &[]),
    section("ObservableSpec::Cluster", "observables: […]", "atoms of the largest cluster", &[DISTANCE]),
    section(
        "ObservableSpec::Rdf",
        "observables: […]",
        "pairs over their distance: g(r), in space and in the first layer",
        &[
            line("r_max", "length", Needed, "above 0, at most a period", "range", "2.8"),
            line("bins", "", Needed, "1 to 10,000", "bins", "140"),
            line(
                "between",
                "",
                Value("[]"),
                "names of `species`",
                "pairs of species counted by themselves",
                "[(\"Si\", \"D\")]",
            ),
        ],
    ),
    section(
        "ObservableSpec::Chemisorbed",
        "observables: […]",
        "atoms bound to the slab, and to each other",
        &[
            line("r", "length", Needed, "above 0, at most a period", "longest bond to the slab", "1.8"),
            line("bond", "length", Words("none"), "above 0", "longest bond of two adsorbed atoms", "1.0"),
        ],
    ),
    section(
        "ObservableSpec::Hydrides",
        "observables: […]",
        "atoms of the top layer by how many adsorbed ones they hold",
        &[line("r", "length", Needed, "above 0, at most a period", "longest bond", "1.8")],
    ),
    section(
        "ObservableSpec::Dimers",
        "observables: […]",
        "pairs of atoms of the top layer",
        &[
            line("r", "length", Needed, "above 0, at most a period", "longest dimer", "2.7"),
            line("buckled", "length", Needed, "above 0", "|Δz| from which one is buckled", "0.3"),
        ],
    ),
    section(
        "ObservableSpec::Density",
        "observables: […]",
        "atoms over z from floor to ceiling",
        &[line("bins", "", Needed, "1 to 10,000", "bins", "120")],
    ),
    section(
        "FirstLayer",
        "first_layer: (…)",
        "where the first layer ends",
        &[line("z_max", "length", Needed, "inside the cell", "its atoms lie below this z", "1.75")],
    ),
];
