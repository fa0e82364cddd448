//! The command aiat on lists of structures and tables of CatMAP.

use super::commands::{Case, adlayer, case, change, copied, data, folder, json, number, refused, refuses, scenes};
use serde_json::Value;
use std::path::Path;

#[test]
fn aiat_prints_boundaries_and_draws() {
    let folder = folder();
    let file = scenes().join("aiat/oxygen.ron");
    let result = json(folder.path(), &["aiat", file.to_str().expect("a path"), "--json", "-o", "out"]);
    assert_eq!(result["illustrative"], true);
    let boundaries = result["boundaries"].as_array().expect("a list");
    assert_eq!(boundaries.len(), 8);
    let third = boundaries.iter().find(|b| b["from"] == "2 O" && number(b, "temperature") == 900.0).expect("a row");
    assert!((number(&third["delta_mu"], "O") + 1.3).abs() < 1e-9);
    assert!((number(&third["pressure"], "O") / 22.21193 - 1.0).abs() < 1e-4);
    for name in ["aiat_delta_mu", "aiat_temperature_pressure"] {
        assert!(folder.path().join(format!("out/figures/{name}.png")).is_file(), "{name}");
    }
    let svg = std::fs::read_to_string(folder.path().join("out/figures/aiat_delta_mu.svg")).expect("a figure");
    for words in
        ["p of O2-rigid [Pa] at T = 600 K", "p of O2-rigid [Pa] at T = 900 K", "Δμ of O [eV]", "illustrative energies"]
    {
        assert!(svg.contains(words), "{words}");
    }
    let two = scenes().join("aiat/two_gases.ron");
    let (code, stdout, stderr) = adlayer(folder.path(), &["aiat", two.to_str().expect("a path"), "-o", "two"]);
    assert_eq!(code, Some(0), "{stderr}");
    assert!(stdout.contains("p_CO [bar]") && stdout.contains("(illustrative energies)"), "{stdout}");
    // Each gas has its (T, p) diagram, which says where the other stands; boundaries that its pressure does not move are
    // there too.
    let read =
        |name: &str| std::fs::read_to_string(folder.path().join(format!("two/figures/{name}"))).expect("a figure");
    let (oxygen, carbon) = ("aiat_temperature_pressure", "aiat_temperature_pressure_CO");
    assert!(read(&format!("{oxygen}.svg")).contains("p of CO = 10⁻⁶ bar"));
    assert!(read(&format!("{carbon}.svg")).contains("p of O2 = 10⁻⁶ bar"));
    let table = read(&format!("{oxygen}.csv"));
    let level: Vec<&str> = table.lines().filter(|l| l.starts_with("O+CO (mixed),O (fcc),")).collect();
    let temperature = |line: &str| -> f64 { line.split(',').nth(2).expect("T").parse().expect("a number") };
    assert!(level.len() == 2 && temperature(level[0]) == temperature(level[1]), "{table}");
    assert!(read("aiat_delta_mu_400K.svg").contains("p of CO [bar] at T = 600 K"));
    let further = json(folder.path(), &["aiat", file.to_str().expect("a path"), "--json", "--temperature", "700"]);
    let third = further["boundaries"].as_array().expect("a list").iter().filter(|b| number(b, "temperature") == 700.0);
    assert_eq!(third.count(), 4);
}

#[test]
fn bad_lists_are_refused_with_the_line_and_the_remedy() {
    refused(CASES);
}

const CASES: &[Case] = &[
    // missing reference
    case(
        "aiat",
        "aiat/oxygen.ron",
        ("composition: [(\"O\", 1)]", "composition: [(\"N\", 1)]"),
        &[
            "─ oxygen.ron:14:53",
            "structure `1 O` holds `N`, which has no reservoir: its reference is missing",
            "add it to `reservoirs`",
        ],
    ),
    case(
        "aiat",
        "aiat/oxygen.ron",
        (", energy: 0.0), // or", "), // or"),
        &["─ oxygen.ron:10:9", "the reference energy of `O2-rigid` is missing", "add `energy: …` of its molecule"],
    ),
    case(
        "aiat",
        "aiat/oxygen.ron",
        ("axes: [", "axes: [(species: \"O\", delta_mu: (-1.0, 0.0), pressure: (1.0, 2.0)), "),
        &["`O` has two axes", "keep one of them"],
    ),
    // imaginary mode
    case(
        "aiat",
        "aiat/oxygen.ron",
        ("area: 30.0), // vibrations: [430.0, 380.0, 380.0]", "area: 30.0, vibrations: [430.0, -38.0, 380.0]),"),
        &["─ oxygen.ron:14:96", "mode 1 of `1 O` has wavenumber -38: imaginary or zero", "relax the structure"],
    ),
    // temperature outside a table
    case(
        "aiat",
        "aiat/oxygen.ron",
        ("gases.ron:O2-rigid", "gases.ron:O2-janaf"),
        &["─ oxygen.ron:22:18", "is outside the table of `O2-janaf`, which goes from 100 to 1000 K", "stay inside it"],
    ),
    // a zero point that nobody knows
    case(
        "aiat",
        "aiat/oxygen.ron",
        ("gases.ron:O2-rigid\", energy: 0.0", "gases.ron:O2-janaf\", energy: 0.0, add_zero_point: true"),
        &["`O2-janaf` is a table, which does not know its zero-point energy", "give `zero_point: …` (eV)"],
    ),
    // typing errors
    case(
        "aiat",
        "aiat/oxygen.ron",
        ("area: 30.0),\n        (label: \"3 O\"", "aera: 30.0),\n        (label: \"3 O\""),
        &["`aera` is no field of `Structure`", "known here: `label`, `energy`, `composition`, `area`"],
    ),
    case(
        "aiat",
        "aiat/oxygen.ron",
        ("gases.ron:O2-rigid", "gases.ron:O3"),
        &["─ oxygen.ron:10:32", "holds no gas `O3`"],
    ),
    case(
        "aiat",
        "aiat/oxygen.ron",
        ("\"../gas/gases.ron:O2-rigid\"", "\"Q2\""),
        &["there is no gas `Q2` in the library", "did you mean"],
    ),
    case(
        "aiat",
        "aiat/oxygen.ron",
        ("clean: \"clean\"", "clean: \"claen\""),
        &["there is no structure `claen`", "did you mean `clean`?"],
    ),
    case(
        "aiat",
        "aiat/oxygen.ron",
        ("delta_mu: (-2.6, 0.0)", "delta_mu: (0.0, -2.6)"),
        &["the range of Δμ from 0 to -2.6 is empty", "give the lower end first"],
    ),
    case(
        "aiat",
        "aiat/two_gases.ron",
        ("surface: \"M(111)\"", "surface: \"M(211)\""),
        &["no row is of surface `M(211)`; there are: M(111), M(100)"],
    ),
];

#[test]
fn broken_tables_of_catmap_are_refused_with_the_line() {
    let folder = copied();
    let catmap = folder.path().join("aiat/co_oxidation.tsv");
    let text = std::fs::read_to_string(&catmap).expect("the table");
    for (old, new, says) in [
        ("-1.60", "low", "line 4: formation_energy is `low`, not a number"),
        ("[1980, 420", "[1980, -42", "line 5: -42 in frequencies of `CO` is imaginary or zero"),
        ("formation_energy", "energy", "line 1: there is no column `formation_energy`"),
    ] {
        std::fs::write(&catmap, text.replace(old, new)).expect("a file");
        let (code, _, stderr) = adlayer(&folder.path().join("aiat"), &["aiat", "two_gases.ron", "--json"]);
        assert_eq!(code, Some(65));
        assert!(stderr.contains(says), "`{says}` is not in\n{stderr}");
    }
}

/// A boundary: from, to, Δμ of the first gas, its pressure in Pa.
type Boundary = (String, String, f64, f64);

/// Boundaries of `file` at 600 K as (from, to, Δμ, p in Pa) of the first gas, and all of the answer.
fn boundaries(folder: &Path, file: &str, species: &str) -> (Vec<Boundary>, Value, String) {
    let (code, stdout, stderr) = adlayer(folder, &["aiat", file, "--json"]);
    assert_eq!(code, Some(0), "{file}: {stderr}");
    let result: Value = serde_json::from_str(&stdout).unwrap_or_else(|e| panic!("{e}: {stdout}"));
    let word = |b: &Value, key: &str| b[key].as_str().expect("a label").to_owned();
    let row =
        |b: &Value| (word(b, "from"), word(b, "to"), number(&b["delta_mu"], species), number(&b["pressure"], species));
    let rows = result["boundaries"].as_array().expect("a list").iter().map(row).collect();
    (rows, result, stderr)
}

/// Terminations of an oxide by hand: −93 + 98 + 2Δμ and −100.4 + 98 − 2Δμ change sign at −2.5 and −1.2 eV, whether the
/// reservoir of the metal is the oxide or the metal, and whether structures are written in oxide units or in elements.
#[test]
fn an_oxide_is_a_reservoir_and_oxygen_may_be_missing() {
    let folder = data("aiat");
    let text = std::fs::read_to_string(folder.path().join("ruo2_elements.ron")).expect("a file");
    let oxide = text.replace("Bulk(species: \"Ru\"", "Bulk(species: \"RuO2\"");
    assert_ne!(oxide, text);
    std::fs::write(folder.path().join("ruo2_of_elements.ron"), oxide).expect("a file");
    // Only what differs from the clean surface is written: two oxygen less, two more.
    let relative = text
        .replace("[(\"Ru\", 5), (\"O\", 10)]", "[]")
        .replace("(\"Ru\", 5), (\"O\", 12)", "(\"O\", 2)")
        .replace("(\"Ru\", 5), (\"O\", 8)", "(\"O\", -2)");
    std::fs::write(folder.path().join("relative.ron"), relative).expect("a file");
    for file in ["ruo2.ron", "ruo2_elements.ron", "ruo2_of_elements.ron", "relative.ron"] {
        let (rows, result, stderr) = boundaries(folder.path(), file, "O");
        assert_eq!((rows.len(), stderr.as_str()), (2, ""), "{file}: {rows:?}");
        for (row, (from, to, mu)) in
            rows.iter().zip([("O-poor", "stoichiometric", -2.5), ("stoichiometric", "O-rich", -1.2)])
        {
            assert_eq!((row.0.as_str(), row.1.as_str()), (from, to), "{file}");
            assert!((row.2 - mu).abs() < 1e-9, "{file}: {row:?}");
        }
        // Δμ of an atom, the pressure of the molecule
        assert_eq!(result["pressure_of"]["O"], "O2");
        let o2 = json(folder.path(), &["gas", "O2", "--temperature", "600", "--pressure", "1e5", "--json"]);
        let kt = 8.617_333_262e-5 * 600.0;
        let p = 1e5 * ((2.0 * rows[1].2 - number(&o2[0], "delta_mu")) / kt).exp();
        assert!((rows[1].3 / p - 1.0).abs() < 1e-6, "{} {p}", rows[1].3);
    }
    let (_, stdout, _) = adlayer(folder.path(), &["aiat", "ruo2.ron", "-o", "out"]);
    assert!(stdout.contains("p_O2 [bar]") && !stdout.contains("p_O [bar]") && !stdout.starts_with('\n'), "{stdout}");
    // An element that nothing supplies, and one that two reservoirs could supply.
    change(folder.path(), "ruo2_elements.ron", "Bulk(species: \"Ru\"", "Bulk(species: \"Rh\"");
    refuses(
        folder.path(),
        &["aiat", "ruo2_elements.ron"],
        &["structure `stoichiometric` holds `Ru`, which has no reservoir: its reference is missing"],
    );
    change(
        folder.path(),
        "relative.ron",
        "Gas(species: \"O\", gas: \"O2\", energy: 0.0), Bulk(species: \"Ru\"",
        "Gas(species: \"H2O\", gas: \"H2O\", energy: 0.0), Bulk(species: \"Ru\"",
    );
    refuses(
        folder.path(),
        &["aiat", "relative.ron"],
        &["structure `O-rich` cannot be made of the reservoirs: O would be too much", "give O a reservoir of its own"],
    );
    change(folder.path(), "ruo2_of_elements.ron", "Bulk(", "Bulk(species: \"RuO4\", energy: -30.0), Bulk(");
    refuses(
        folder.path(),
        &["aiat", "ruo2_of_elements.ron"],
        &[
            "the Ru of structure `stoichiometric` could come from `RuO4` or `RuO2`",
            "write the numbers of these species",
        ],
    );
}

/// Hydroxyl from steam and oxygen: ½ H2O + ½ O of the atom's scale, −1.0 + ½ · 1.2 = −0.4 eV at Δμ = 0.
#[test]
fn steam_is_a_reservoir() {
    let folder = folder();
    let text = "Aiat(reservoirs: [Gas(species: \"O\", gas: \"O2\", energy: 0.0), Gas(species: \"H2O\", gas: \"H2O\", energy: \
                -1.2)], structures: [(label: \"clean\", energy: 0.0, area: 10.0), (label: \"OH\", energy: -1.0, composition: \
                [(\"OH\", 1)], area: 10.0), (label: \"H2O\", energy: -1.5, composition: [(\"H2O\", 1)], area: 10.0)], axes: \
                [(species: \"O\", delta_mu: (-2.0, 0.0), pressure: (1e-9, 1.0)), (species: \"H2O\", delta_mu: (-2.0, 0.0), \
                pressure: (1e-9, 1.0))], temperature: List([400.0, 600.0]), named_temperatures: [500.0])";
    std::fs::write(folder.path().join("x.ron"), text).expect("a file");
    let result = json(folder.path(), &["aiat", "x.ron", "--json"]);
    for (k, expected) in [(1, [-0.04, -0.05, -0.05]), (2, [-0.03, 0.0, -0.1])] {
        let structure = &result["structures"][k];
        let slopes = &structure["slopes"];
        let found = [number(structure, "gamma_at_zero"), number(slopes, "O"), number(slopes, "H2O")];
        assert!(found.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-12), "{structure}");
    }
    assert_eq!((&result["pressure_of"]["O"], &result["pressure_of"]["H2O"]), (&"O2".into(), &"H2O".into()));
}

#[test]
fn soft_modes_are_warned_of_and_can_be_raised() {
    let folder = data("aiat");
    let (rows, result, stderr) = boundaries(folder.path(), "soft.ron", "O");
    // F of 430, 380 and 0.5 1/cm at 600 K by hand: −0.34695 eV
    assert!((rows[0].2 + 2.10 + 0.34695).abs() < 1e-5, "{rows:?}");
    let words =
        "structure `1 O` has a mode below 50 1/cm (0.5): harmonic, it adds -0.348 eV to its free energy at 600 K";
    assert!(stderr.contains(words) && stderr.contains("`raise_modes_below: 50.0`"), "{stderr}");
    assert_eq!(result["warnings"].as_array().map(Vec::len), Some(1));
    change(folder.path(), "soft.ron", "axes:", "raise_modes_below: 50.0, axes:");
    let (rows, _, stderr) = boundaries(folder.path(), "soft.ron", "O");
    let (kt, mut free): (f64, f64) = (8.617_333_262e-5 * 600.0, 0.0);
    for wavenumber in [430.0, 380.0, 50.0] {
        let quantum = 1.239_841_984e-4 * wavenumber;
        free += 0.5 * quantum + kt * (1.0 - (-quantum / kt).exp()).ln();
    }
    assert!((rows[0].2 + 2.10 - free).abs() < 1e-6 && stderr.is_empty(), "{rows:?} {free} {stderr}");
    change(folder.path(), "soft.ron", "raise_modes_below: 50.0", "raise_modes_below: -50.0");
    refuses(folder.path(), &["aiat", "soft.ron"], &["`raise_modes_below` is -50, not above 0"]);
}

/// O at 0.50 eV against ½ (5.40 eV + ½hν of 1580 1/cm) of O2: −2.24897 eV on the terrace, −2.54897 eV on the step.
#[test]
fn tables_of_catmap_keep_to_a_facet_and_leave_out_transition_states() {
    let folder = data("catmap");
    let table = "table: (path: \"two_sites.tsv\", surface: \"Rh\"";
    let oxygen = |rows: &[Boundary], to: &str| {
        let row = rows.iter().find(|r| r.0 == "clean Rh" && r.1 == to).unwrap_or_else(|| panic!("{to}: {rows:?}"));
        row.2
    };
    let (rows, result, stderr) = boundaries(folder.path(), "with_ts.ron", "O");
    assert!((oxygen(&rows, "O (111)") + 2.248_974).abs() < 1e-5, "{rows:?}");
    let labels: Vec<&str> =
        result["structures"].as_array().expect("a list").iter().filter_map(|s| s["label"].as_str()).collect();
    assert_eq!(labels, ["clean Rh", "O (111)", "CO (111)"]);
    assert!(stderr.contains("`O-CO` (line 6), `O-O` (line 7) are left out: transition states, no phase"), "{stderr}");
    refuses(
        folder.path(),
        &["aiat", "two_sites.ron"],
        &["two_sites.tsv: rows of surface `Rh` are of several facets: 111, 211; choose one", "`facet: \"111\"`"],
    );
    let original = std::fs::read_to_string(folder.path().join("two_sites.ron")).expect("a file");
    let chosen = |choice: &str| {
        let text = original.replace(table, &format!("{table}, {choice}"));
        std::fs::write(folder.path().join("two_sites.ron"), text).expect("a file");
    };
    for (choice, to, mu) in [
        ("facet: \"111\"", "O (111)", -2.248_974),
        ("facet: \"211\"", "O (211)", -2.548_974),
        ("sites: [\"211\"]", "O (211)", -2.548_974),
    ] {
        chosen(choice);
        let (rows, _, stderr) = boundaries(folder.path(), "two_sites.ron", "O");
        assert!((oxygen(&rows, to) - mu).abs() < 1e-5 && stderr.is_empty(), "{choice}: {rows:?} {stderr}");
    }
    for (choice, says) in [
        ("facet: \"100\"", "no row of surface `Rh` is of facet `100`; there are: 111, 211"),
        ("sites: [\"fcc\"]", "no row of surface `Rh` is of site `fcc`; there are: 111, 211"),
    ] {
        chosen(choice);
        refuses(folder.path(), &["aiat", "two_sites.ron"], &[says]);
    }
    // A column of its own for the facet, as other databases have it; sites of one facet are taken together and said.
    let with_facets = "surface_name\tfacet\tsite_name\tspecies_name\tformation_energy\nNone\t\tgas\tO2\t5.4\nNone\t\tgas\tCO\t\
                       2.7\nRh\t111\tfcc\tO\t0.5\nRh\t111\ttop\tCO\t1.3\nRh\t211\tfcc\tO\t0.2\nRh\t211\ttop\tO-CO\t\n";
    std::fs::write(folder.path().join("two_sites.tsv"), with_facets).expect("a table");
    chosen("sites: []");
    refuses(folder.path(), &["aiat", "two_sites.ron"], &["are of several facets: 111, 211"]);
    chosen("facet: \"111\"");
    let (rows, _, stderr) = boundaries(folder.path(), "two_sites.ron", "O");
    assert!((oxygen(&rows, "O (fcc)") + 2.2).abs() < 1e-9, "{rows:?}");
    assert!(stderr.contains("write `sites: [\"fcc\", \"top\"]` in `table`"), "{stderr}");
}

#[test]
fn tables_of_catmap_as_spreadsheets_write_them() {
    let folder = data("catmap");
    let path = folder.path().join("with_ts.tsv");
    let text = std::fs::read_to_string(&path).expect("a table");
    std::fs::write(&path, format!("\u{feff}{}", text.replace('\n', "\r\n").replace("0.50", "5.0D-01")))
        .expect("a table");
    let (rows, ..) = boundaries(folder.path(), "with_ts.ron", "O");
    assert!(rows.iter().any(|r| r.1 == "O (111)" && (r.2 + 2.248_974).abs() < 1e-5), "{rows:?}");
    for (old, new, says) in [
        ("\t", ",", "with_ts.tsv: line 1: the names are separated by commas; separate the columns by tabs"),
        ("0.50", "0,50", "line 4: formation_energy is `0,50`, not a number; write decimal points"),
        (
            "None\tgas\tO2",
            "None\tgas\tO2\t5.30\t\t[1580]\nNone\tgas\tO2",
            "line 4: gas `O2` is given twice, with 5.3 and 5.4 eV",
        ),
    ] {
        std::fs::write(&path, text.replace(old, new)).expect("a table");
        refuses(folder.path(), &["aiat", "with_ts.ron"], &[says]);
    }
}
