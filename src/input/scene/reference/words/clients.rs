//! Programs outside that compute forces.

use super::Preset::{Needed, Value, Words};
use super::{Section, line, section};

/// In the order of a scene.
pub(super) const SECTIONS: &[Section] = &[
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
                "template",
                "",
                Words("none"),
                "(folder: …, command: …)",
                "one more of clients, one process for a composition",
                "(folder: \"qe\", command: \"pw.x -i {input} --ipi {socket}:UNIX\")",
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
                Words("that of template"),
                "",
                "its command line; {socket}, {path}, {host}, {port} are filled in, and {input}, the file of template",
                "\"python client.py {socket}\"",
            ),
            line("count", "", Value("1"), "1 or more", "how many run at the same time", "4"),
            line(
                "template",
                "",
                Words("none"),
                "a folder beside the scene, or (folder: …, command: …)",
                "input files of a program with a fixed number of atoms",
                "(folder: \"qe\", command: \"pw.x -i {input} --ipi {socket}:UNIX\")",
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
];
