//! What is evaluated while sampling.

use super::{Case, case};

pub(super) const CASES: &[Case] = &[
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
        &[("schedule:", "observables: [Rdf(r_max: 2.8, bins: 140, between: [(\"A\", \"b\")])],\n    schedule:")],
        (27, 62),
        "there is no species `b`",
        "did you mean `B`?",
    ),
    case(
        &[("schedule:", "observables: [Dimers(r: 1.2, buckled: 0.0)],\n    schedule:")],
        (27, 43),
        "`buckled` is 0.0, not above 0",
        "give a number above 0",
    ),
    case(
        &[
            ("schedule:", "observables: [Hydrides(r: 2.0)],\n    schedule:"),
            ("    substrate: Fcc111(species: \"A\", nearest_neighbour: 1.10, repeat: (6, 3), layers: 3),\n", ""),
            ("Slab(height: 6.0)", "Slab(height: 6.0, lengths: (6.0, 6.0))"),
        ],
        (26, 19),
        "`Hydrides` looks at the top layer of the slab, and there is no slab",
        "leave it out, or give a `substrate`",
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
];
