//! Observables.

use super::Preset::{Needed, Value, Words};
use super::{Line, Section, line, section};

const DISTANCE: Line = line("r", "length", Needed, "above 0, at most a period", "distance of neighbours", "1.9");

/// In the order of a scene.
pub(super) const SECTIONS: &[Section] = &[
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
