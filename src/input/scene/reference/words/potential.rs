//! Potentials, what all of them share, and external fields.

use super::Preset::{Needed, Value, Words};
use super::{Line, Section, line, section};

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

/// Forms of potentials.
pub(super) const FORMS: &[Section] = &[
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
];

/// What several forms have, and fields beside them.
pub(super) const SHARED: &[Section] = &[
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
];
