//! Commands gas, aiat and che: what they print, and how they refuse bad input (line and remedy).

use assert_cmd::Command;
use serde_json::Value;
use std::path::{Path, PathBuf};

fn scenes() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("scenes")
}

/// Exit code, stdout and stderr of a command in a folder.
fn adlayer(directory: &Path, arguments: &[&str]) -> (Option<i32>, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_adlayer"));
    let output = command.current_dir(directory).args(arguments).output().expect("the program starts");
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("UTF-8");
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

fn json(directory: &Path, arguments: &[&str]) -> Value {
    let (code, stdout, stderr) = adlayer(directory, arguments);
    assert_eq!(code, Some(0), "{arguments:?}: {stderr}");
    serde_json::from_str(&stdout).unwrap_or_else(|e| panic!("{e}: {stdout}"))
}

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a temporary folder")
}

fn number(row: &Value, key: &str) -> f64 {
    row[key].as_f64().unwrap_or_else(|| panic!("no number `{key}` in {row}"))
}

#[test]
fn gas_prints_rows_and_inverts_them() {
    let folder = folder();
    let rows =
        json(folder.path(), &["gas", "O2", "--temperature", "100:1500:100", "--pressure", "1e-10:1e5", "--json"]);
    let rows = rows.as_array().expect("one array");
    assert_eq!(rows.len(), 15 * 16);
    let last = &rows[15 * 6 - 1 + 10 - 10];
    assert_eq!((number(last, "temperature"), number(last, "pressure")), (600.0, 1e-1));
    for row in rows {
        let keys: Vec<&String> = row.as_object().expect("a row").keys().collect();
        assert_eq!(keys.len(), 7, "{keys:?}");
        assert!((number(row, "g") - number(row, "h") + number(row, "temperature") * number(row, "s")).abs() < 1e-12);
        assert_eq!(number(row, "g"), number(row, "mu"));
    }
    // The zero point is the same in every row: μ − Δμ.
    let zero = number(&rows[0], "mu") - number(&rows[0], "delta_mu");
    assert!((zero - 0.09794).abs() < 1e-3 && (number(last, "mu") - number(last, "delta_mu") - zero).abs() < 1e-12);
    let mu = format!("{}", number(last, "mu"));
    let back = json(folder.path(), &["gas", "O2", "--temperature", "600", "--mu", &mu, "--json"]);
    assert!((number(&back[0], "pressure") / 1e-1 - 1.0).abs() < 1e-9);
    assert_eq!(std::fs::read_dir(folder.path()).expect("the folder").count(), 0, "--json draws nothing");
    let closed = json(folder.path(), &["gas", "O2", "--temperature", "600", "--closed-form", "--json"]);
    assert!((number(&closed[0], "delta_mu") + 1.2221593735076388).abs() < 1e-5, "{closed}");
    let (_, _, stderr) = adlayer(folder.path(), &["gas", "O2", "--temperature", "-3"]);
    assert!(stderr.contains("temperature -3 is not above 0"), "{stderr}");
    // What the ideal gas does not hold is said.
    for (arguments, says) in [
        (&["gas", "He", "--temperature", "1,300", "--json"][..], "quantum statistics"),
        (&["gas", "O2", "--pressure", "1e9", "--json"], "read the pressure as a fugacity"),
        (&["gas", "H2O", "--temperature", "20", "--json"], "classical rotor fails"),
        (&["gas", "O2", "--temperature", "9000", "--json"], "dissociation"),
        (&["gas", "O2", "--temperature", "300", "--json"], ""),
    ] {
        let (code, _, stderr) = adlayer(folder.path(), arguments);
        assert!(code == Some(0) && stderr.contains(says) && stderr.is_empty() == says.is_empty(), "{stderr}");
    }
    let isotherm = ["gas", "O2", "--temperature", "300", "--pressure", "1e-10:1e5", "-o", "isotherm"];
    assert_eq!(adlayer(folder.path(), &isotherm).0, Some(0));
    assert!(folder.path().join("isotherm/figures/gas_O2.png").is_file());
    let (code, stdout, _) = adlayer(folder.path(), &["gas", "H2", "--temperature", "200:800:50", "-o", "out"]);
    assert_eq!(code, Some(0));
    assert!(stdout.contains("H2, zero-point energy 0.26") && stdout.contains("figures: out"), "{stdout}");
    for ext in ["svg", "png", "csv"] {
        assert!(folder.path().join(format!("out/figures/gas_H2.{ext}")).is_file(), "{ext}");
    }
}

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
fn che_prints_steps_and_draws() {
    let folder = folder();
    let file = scenes().join("che/oxygen_reduction_associative.ron");
    let file = file.to_str().expect("a path");
    let result = json(folder.path(), &["che", file, "--json", "-o", "out"]);
    assert!((number(&result, "limiting_potential") - 0.6).abs() < 1e-9);
    assert!((number(&result, "overpotential") - 0.63).abs() < 1e-9);
    assert_eq!(result["limiting_step"], 2);
    let at = |u: f64| {
        let all = result["conditions"].as_array().expect("a list").clone();
        all.into_iter().find(|c| (number(c, "potential") - u).abs() < 1e-9).unwrap_or_else(|| panic!("U = {u}"))
    };
    assert!((number(&at(0.8), "max_step") - 0.2).abs() < 1e-9 && (number(&at(1.23), "max_step") - 0.63).abs() < 1e-9);
    for name in ["che_staircase", "che_sweep_potential", "che_sweep_ph", "che_surfaces"] {
        assert!(folder.path().join(format!("out/figures/{name}.png")).is_file(), "{name}");
    }
    let alkaline = json(folder.path(), &["che", file, "--json", "--ph", "13", "--potential", "0.8"]);
    let most = alkaline["conditions"].as_array().expect("a list");
    let most = most.iter().find(|c| number(c, "potential") == 0.8).expect("U = 0.8");
    assert!((number(most, "max_step") - 0.9690715458892143).abs() < 1e-9);
    // At the limiting potential on the scale of the table no electrochemical step is uphill, at equilibrium the sum is 0.
    let shift = 13.0 * 0.05915934968378567;
    for (key, reversible) in [("limiting_potential_on_scale", 0.6), ("equilibrium_on_scale", 1.23)] {
        assert!((number(&alkaline, key) - (reversible - shift)).abs() < 1e-9, "{alkaline}");
    }
    let all = alkaline["conditions"].as_array().expect("a list");
    let at = |u: f64| all.iter().find(|c| (number(c, "potential") - u).abs() < 1e-9).unwrap_or_else(|| panic!("{u}"));
    assert!(number(at(0.6 - shift), "max_step").abs() < 1e-9);
    assert!(at(1.23 - shift)["levels"][0].as_f64().expect("a level").abs() < 1e-9);
    let reversible =
        json(folder.path(), &["che", file, "--json", "--ph", "13", "--potential", "0.8", "--scale", "rhe"]);
    let most = reversible["conditions"].as_array().expect("a list");
    assert!((number(most.iter().find(|c| number(c, "potential") == 0.8).expect("0.8"), "max_step") - 0.2).abs() < 1e-9);
    for name in ["oxygen_reduction_dissociative", "hydrogen_evolution"] {
        let file = scenes().join(format!("che/{name}.ron"));
        let (code, stdout, stderr) = adlayer(folder.path(), &["che", file.to_str().expect("a path"), "-o", name]);
        assert_eq!(code, Some(0), "{stderr}");
        assert!(stdout.contains("overpotential") && stdout.contains("(illustrative energies)"), "{stdout}");
    }
}

/// One way to break a shipped file: what to replace, and what must be said.
struct Case {
    command: &'static str,
    file: &'static str,
    breaks: (&'static str, &'static str),
    says: &'static [&'static str],
}

const fn case(
    command: &'static str,
    file: &'static str,
    breaks: (&'static str, &'static str),
    says: &'static [&'static str],
) -> Case {
    Case { command, file, breaks, says }
}

const CASES: &[Case] = &[
    // missing reference
    case(
        "aiat",
        "aiat/oxygen.ron",
        ("composition: [(\"O\", 1)]", "composition: [(\"N\", 1)]"),
        &[
            "[oxygen.ron:14:53]",
            "structure `1 O` holds `N`, which has no reservoir: its reference is missing",
            "add it to `reservoirs`",
        ],
    ),
    case(
        "aiat",
        "aiat/oxygen.ron",
        (", energy: 0.0), // or", "), // or"),
        &["[oxygen.ron:10:9]", "the reference energy of `O2-rigid` is missing", "add `energy: …` of its molecule"],
    ),
    case(
        "che",
        "che/oxygen_reduction_associative.ron",
        ("        (name: \"OH*\", energy: 0.45, zero_point: 0.35, entropy: 0.00),\n", ""),
        &[
            "[oxygen_reduction_associative.ron:23:20]",
            "the energy of `OH*` is missing",
            "add `(name: \"OH*\", energy: …)` to `species`",
        ],
    ),
    case(
        "aiat",
        "aiat/oxygen.ron",
        ("axes: [", "axes: [(species: \"O\", delta_mu: (-1.0, 0.0), pressure: (1.0, 2.0)), "),
        &["`O` has two axes", "keep one of them"],
    ),
    case(
        "che",
        "che/oxygen_reduction_associative.ron",
        ("label: \"¼ OH\"", "label: \"clean\""),
        &["surface `clean` is given twice"],
    ),
    case(
        "che",
        "che/oxygen_reduction_associative.ron",
        ("ph: 0.0", "ph: 140.0"),
        &["pH 140 is none that water can have", "from -3 to 18"],
    ),
    // imaginary mode
    case(
        "aiat",
        "aiat/oxygen.ron",
        ("area: 30.0), // vibrations: [430.0, 380.0, 380.0]", "area: 30.0, vibrations: [430.0, -38.0, 380.0]),"),
        &["[oxygen.ron:14:96]", "mode 1 of `1 O` has wavenumber -38: imaginary or zero", "relax the structure"],
    ),
    // unbalanced reaction
    case(
        "che",
        "che/oxygen_reduction_associative.ron",
        ("(species: [(\"OOH*\", 1)], pairs: 3)", "(species: [(\"OOH*\", 1)], pairs: 2)"),
        &[
            "[oxygen_reduction_associative.ron:22:9]",
            "the reaction is not balanced",
            "has 3 H, the first state 4",
            "each pair is one H",
        ],
    ),
    case(
        "che",
        "che/hydrogen_evolution.ron",
        ("[(\"H2\", 1), (\"*\", 1)]", "[(\"H2\", 1)]"),
        &["the reaction is not balanced", "has 0 sites, the first state 1"],
    ),
    // temperature outside a table
    case(
        "aiat",
        "aiat/oxygen.ron",
        ("gases.ron:O2-rigid", "gases.ron:O2-janaf"),
        &["[oxygen.ron:22:18]", "is outside the table of `O2-janaf`, which goes from 100 to 1000 K", "stay inside it"],
    ),
    // typing errors
    case(
        "aiat",
        "aiat/oxygen.ron",
        ("area: 30.0),\n        (label: \"3 O\"", "aera: 30.0),\n        (label: \"3 O\""),
        &["`aera` is no field of `Structure`", "known here: `label`, `energy`, `composition`, `area`"],
    ),
    case(
        "che",
        "che/hydrogen_evolution.ron",
        ("equilibrium: 0.0", "equilibrium: zero"),
        &["[hydrogen_evolution.ron:6:18]"],
    ),
    case(
        "aiat",
        "aiat/oxygen.ron",
        ("gases.ron:O2-rigid", "gases.ron:O3"),
        &["[oxygen.ron:10:32]", "holds no gas `O3`"],
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
    case(
        "gas",
        "gas/gases.ron",
        ("wavenumbers: [1580.19]", "wavenumbers: [-1580.19]"),
        &["mode 0 of `O2-rigid` has wavenumber -1580.19"],
    ),
    case(
        "gas",
        "gas/gases.ron",
        ("from: 700.0, to: 2000.0", "from: 600.0, to: 2000.0"),
        &["the range from 600 to 2000 K does not follow 700 K", "ascending order"],
    ),
    case("gas", "gas/gases.ron", ("mass: 31.998,", "mass: -31.998,"), &["`mass` is -31.998, not above 0"]),
];

/// Copies the shipped inputs, so that one can be broken.
fn copied() -> tempfile::TempDir {
    let folder = folder();
    for kind in ["gas", "aiat", "che"] {
        std::fs::create_dir(folder.path().join(kind)).expect("a folder");
        for entry in std::fs::read_dir(scenes().join(kind)).expect("a folder") {
            let entry = entry.expect("an entry");
            std::fs::copy(entry.path(), folder.path().join(kind).join(entry.file_name())).expect("a copy");
        }
    }
    folder
}

#[test]
fn bad_input_is_refused_with_the_line_and_the_remedy() {
    for Case { command, file, breaks: (old, new), says } in CASES {
        let folder = copied();
        let path = folder.path().join(file);
        let text = std::fs::read_to_string(&path).expect("a file");
        assert_eq!(text.matches(old).count(), 1, "`{old}` stands once in {file}");
        std::fs::write(&path, text.replace(old, new)).expect("a file");
        let (place, name) = file.split_once('/').expect("a folder");
        let arguments = if *command == "gas" { format!("{name}:O2-rigid") } else { (*name).to_owned() };
        let (code, stdout, stderr) = adlayer(&folder.path().join(place), &[command, &arguments, "--json"]);
        assert_eq!((code, stdout.as_str()), (Some(65), ""), "{file}: {new}\n{stderr}");
        for words in *says {
            assert!(stderr.contains(words), "`{words}` is not in\n{stderr}");
        }
    }
}

#[test]
fn tables_that_are_not_in_order_or_end_too_early_are_refused() {
    let folder = copied();
    let gas = folder.path().join("gas");
    let (code, _, stderr) = adlayer(&gas, &["gas", "gases.ron:O2-janaf", "--temperature", "50"]);
    assert_eq!(code, Some(65));
    assert!(
        stderr.contains("50 K is outside the table of `O2-janaf`, which goes from 100 to 1000 K; stay inside it"),
        "{stderr}"
    );
    let table = gas.join("o2_janaf.tsv");
    let text = std::fs::read_to_string(&table).expect("the table");
    std::fs::write(&table, text.replace("\n300\t", "\n290\t")).expect("a file");
    let (code, _, stderr) = adlayer(&gas, &["gas", "gases.ron:O2-janaf", "--temperature", "500"]);
    assert_eq!(code, Some(65));
    assert!(
        stderr.contains("line 7: temperature 290 K follows 298.15 K; the table must ascend; sort its rows"),
        "{stderr}"
    );
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

#[test]
fn options_are_checked() {
    let folder = folder();
    for (arguments, code) in [
        (&["gas", "Q2"][..], 65),
        (&["gas", "absent.ron"], 66),
        (&["gas", "O2", "--temperature", "-3"], 2),
        (&["gas", "O2", "--energy", "nan"], 2),
        (&["che", "absent.ron", "--ph", "nan"], 2),
        (&["che", "absent.ron", "--ph", "99"], 65),
        (&["aiat", "absent.ron", "--quenches", "4"], 2),
        (&["gas", "O2", "--temperature", "1:2"], 2),
        (&["gas", "O2", "--mu", "5000", "--json"], 65),
        (&["aiat"], 2),
        (&["aiat", "absent.ron"], 66),
        (&["aiat", "a.ron", "--from", "b"], 2),
        (&["aiat", "--from", "absent"], 66),
        (&["che", "absent.ron"], 66),
        (&["che", "absent.ron", "--scale", "ahe"], 2),
    ] {
        let (found, _, stderr) = adlayer(folder.path(), arguments);
        assert_eq!(found, Some(code), "{arguments:?}: {stderr}");
    }
}

/// The shipped argon scene, changed.
fn argon(changes: &[(&str, &str)]) -> String {
    let text = std::fs::read_to_string(scenes().join("argon_wall.ron")).expect("the scene");
    changes.iter().fold(text, |text, (old, new)| {
        assert!(text.contains(old), "`{old}` stands in the scene");
        text.replace(old, new)
    })
}

#[test]
fn gas_reservoirs_are_checked() {
    let deuterium: &[(&str, &str)] =
        &[("symbol: \"Ar\", mass: 39.948", "symbol: \"D\", mass: 2.014"), ("Gas(\"Ar\")", "Gas(\"D2\")")];
    let with = |more: &[(&'static str, &'static str)]| argon(&[deuterium, more].concat());
    for (text, code, says) in [
        (argon(&[]), 0, ""),
        (with(&[]), 0, "warning: μ of `Gas(\"D2\")` is that of a quantum molecule (zero-point energy 0.191 eV)"),
        (argon(&[("to: 1.0", "to: 1e4")]), 0, "warning: Ar at 90 K and 1e9 Pa: no gas is ideal there"),
        (argon(&[("Gas(\"Ar\")", "Gas(\"Q2\")")]), 65, "there is no gas `Q2` in the library"),
        (argon(&[("Gas(\"Ar\")", "Gas(\"CO\")")]), 65, "`CO` is made of several elements"),
        (argon(&[("Gas(\"Ar\")", "Gas(\"O2\")")]), 65, "species `Ar` (Ar) is no atom of `O2`"),
        (with(&[("Gas(\"D2\")", "Gas(\"H2\")")]), 65, "an atom of `H2` has 1.00794 u"),
        (argon(&[("units: Metal", "units: Lj")]), 65, "needs `units: Metal`"),
        (argon(&[("from: 1e-3", "from: -1.0")]), 65, "`from` of a `Geometric` axis is -1.0"),
    ] {
        let folder = folder();
        std::fs::write(folder.path().join("x.ron"), text).expect("a scene");
        let (found, _, stderr) = adlayer(folder.path(), &["check", "x.ron"]);
        assert_eq!(found, Some(code), "{says}: {stderr}");
        assert!(stderr.contains(says), "`{says}` is not in\n{stderr}");
    }
}

/// A D₂ reservoir: the columns of states.csv are μ of an atom, with energies from isolated atoms, and p of the molecule.
#[test]
fn a_run_with_a_dissociative_gas_has_mu_of_the_atom_and_pressure_of_the_molecule() {
    let folder = folder();
    let text = argon(&[
        ("symbol: \"Ar\", mass: 39.948", "symbol: \"D\", mass: 2.014102"),
        ("Gas(\"Ar\")", "Gas(\"gases.ron:D2-own\")"),
        ("values: Geometric(from: 1e-3, to: 1.0, n: 8)", "values: List([1e-9, 1e-3, 1.0])"),
        ("List([90.0, 105.0, 120.0, 140.0])", "List([300.0, 600.0])"),
        // deep enough that half a D₂ is worth its place
        ("epsilon: 0.05,", "epsilon: 2.2,"),
    ]);
    std::fs::write(folder.path().join("d.ron"), text).expect("a scene");
    let gases = "Gases(gases: [(name: \"D2-own\", formula: \"D2\", mass: 4.028204, thermal: Diatomic(we: 3115.5, wexe: \
                 61.82, be: 30.4436, ae: 1.0786, de: 0.01141, nuclei: SpinOne), dissociation: 4.5562)])";
    std::fs::write(folder.path().join("gases.ron"), gases).expect("a file of gases");
    let (code, _, stderr) = adlayer(folder.path(), &["run", "d.ron", "-o", "run", "--cycles", "60", "--device", "cpu"]);
    assert_eq!(code, Some(0), "{stderr}");
    let gas = adlayer::testing::thermochemistry::library::gas("D2").expect("D2");
    let mut reader = csv::Reader::from_path(folder.path().join("run/states.csv")).expect("states.csv");
    let header = reader.headers().expect("a header").clone();
    let mut checked = 0;
    for row in reader.records() {
        let row = row.expect("a row");
        let at = |name: &str| -> f64 {
            let k = header.iter().position(|h| h == name).unwrap_or_else(|| panic!("no column {name}"));
            row[k].parse().unwrap_or_else(|_| panic!("{name} is {}", &row[k]))
        };
        let (t, p) = (at("temperature"), at("pressure_Ar"));
        let nearest = [1e-9, 1e-3, 1.0].into_iter().find(|x: &f64| (p / x - 1.0).abs() < 1e-6);
        assert!(nearest.is_some(), "p = {p} is none of the scene's");
        let thermal = gas.thermal(t, p * 1e5).expect("the library reaches");
        let mu = 0.5 * (-4.5562 + thermal.delta_mu);
        assert!((at("mu_Ar") - mu).abs() < 1e-9, "T = {t}, p = {p}: {} instead of {mu}", at("mu_Ar"));
        // z = e^{βμ}/Λ³
        let kt = 8.617333262145179e-5 * t;
        let lambda = 4.135667696923859e-15
            / (2.0 * std::f64::consts::PI * 2.014102 * 1.66053906892e-27 * kt * 1.602176634e-19).sqrt()
            * 1.602176634e-19
            * 1e10;
        assert!((at("ln_z_Ar") - (mu / kt - 3.0 * lambda.ln())).abs() < 1e-6, "{} {lambda}", at("ln_z_Ar"));
        checked += 1;
    }
    assert_eq!(checked, 6);
    let resolved = std::fs::read_to_string(folder.path().join("run/resolved.ron")).expect("resolved.ron");
    assert!(resolved.contains("gases.ron:D2-own") && resolved.contains(&folder.path().display().to_string()));
    let (code, _, stderr) = adlayer(folder.path(), &["analyze", "run"]);
    assert_eq!(code, Some(0), "{stderr}");
}

/// A short run of the default surface, compared with aiAT from its own configurations.
#[test]
fn aiat_from_a_run_finds_the_layer_and_its_boundaries() {
    let folder = folder();
    let text = include_str!("../../scenes/lj_surface.ron")
        .replace("List([0.24, 0.30, 0.36, 0.43, 0.51, 0.62, 0.76])", "List([0.24, 0.27, 0.30, 0.36, 0.43])")
        .replace("Linear(from: -7.5, to: -1.0, n: 14)", "Linear(from: -6.6, to: -5.6, n: 6)");
    std::fs::write(folder.path().join("x.ron"), text).expect("a scene");
    let (code, _, stderr) =
        adlayer(folder.path(), &["run", "x.ron", "-o", "run", "--cycles", "1500", "--device", "cpu"]);
    assert_eq!(code, Some(0), "{stderr}");
    assert!(folder.path().join("run/trajectory/part-00000.parquet").is_file());
    let arguments = ["aiat", "--from", "run", "--quenches", "6", "--temperature", "0.20,0.26", "--json"];
    let result = json(folder.path(), &arguments);
    let minima = result["minima"].as_array().expect("a list");
    let layers: Vec<&Value> = minima.iter().filter(|m| m["n"][0] == 12).collect();
    let lowest = layers
        .iter()
        .min_by(|a, b| number(a, "energy").total_cmp(&number(b, "energy")))
        .expect("a layer of twelve was sampled");
    assert!((number(lowest, "energy") / 12.0 + 7.684).abs() < 1e-3, "{lowest}");
    assert_eq!((&lowest["multiplicity"], &lowest["negative_modes"]), (&Value::from(3), &Value::from(0)));
    let single = minima.iter().filter(|m| m["n"][0] == 1 && m["negative_modes"] == 0 && m["flat_modes"] == 0);
    assert!(single.clone().count() >= 1 && single.clone().all(|m| m["multiplicity"] == 36));
    assert!(minima.iter().any(|m| m["n"][0] == 0 && number(m, "energy") == 0.0));
    let boundaries = result["boundaries"].as_array().expect("a list");
    assert!(boundaries.len() > 2, "{result}");
    // μ' says nothing of h, so there is no quantum picture.
    assert!(boundaries.iter().all(|b| b["mu_quantum"].is_null()));
    let mut found = 0;
    for b in boundaries.iter().filter(|b| b["phase_a"] == "gas") {
        assert!((number(b, "mu_minima") + 7.684).abs() < 1e-3, "{b}");
        for (t, expected) in [(0.20, -6.372), (0.26, -6.081)] {
            if (number(b, "temperature") - t).abs() < 1e-9 {
                assert!((number(b, "mu_harmonic") - expected).abs() < 0.01, "{b}");
                // The run itself, short as it is; long independent ones give −6.105.
                assert!(t < 0.25 || (number(b, "mu_regc") - expected).abs() < 0.06, "{b}");
                found += 1;
            }
        }
    }
    assert_eq!(found, 2, "{result}");
    assert!(result["findings"].as_array().is_some_and(|f| f.len() >= 3));
    let run = folder.path().join("run");
    for file in [
        "analysis/aiat_minima.csv",
        "analysis/aiat_boundaries.csv",
        "analysis/aiat_maps.csv",
        "analysis/aiat_steps.csv",
    ] {
        assert!(run.join(file).is_file(), "{file}");
    }
    let html = std::fs::read_to_string(run.join("aiat.html")).expect("a page");
    assert!(html.contains("Where the three part, and why") && !html.contains("http") && !html.contains("NaN"));
    for name in [
        "aiat_regc_B",
        "aiat_minima_B",
        "aiat_harmonic_B",
        "aiat_difference_vibrations_B",
        "aiat_difference_rest_B",
        "aiat_boundary",
    ] {
        assert!(run.join(format!("figures/{name}.png")).is_file(), "{name}");
        assert!(html.contains(&format!("id=\"{name}\"")), "{name}");
    }
}

/// With an absolute μ and a known h there is a picture with quantum vibrations, and its difference to the classical one is
/// what the levels of the oscillators say.
#[test]
fn aiat_from_a_run_with_an_absolute_mu_has_quantum_vibrations() {
    let folder = folder();
    let text = include_str!("../../scenes/lj_surface.ron")
        .replace("units: Lj,", "units: Lj, planck: 0.2,")
        .replace("List([0.24, 0.30, 0.36, 0.43, 0.51, 0.62, 0.76])", "List([0.26, 0.30])")
        .replace("convention: Activity", "convention: Absolute")
        .replace("Linear(from: -7.5, to: -1.0, n: 14)", "Linear(from: -8.1, to: -7.1, n: 5)");
    std::fs::write(folder.path().join("x.ron"), text).expect("a scene");
    let (code, _, stderr) =
        adlayer(folder.path(), &["run", "x.ron", "-o", "run", "--cycles", "200", "--device", "cpu"]);
    assert_eq!(code, Some(0), "{stderr}");
    let result = json(folder.path(), &["aiat", "--from", "run", "--quenches", "3", "--json"]);
    let run = folder.path().join("run");
    let read = |name: &str| std::fs::read_to_string(run.join(name)).expect("a table");
    assert!(read("analysis/aiat_maps.csv").lines().next().expect("a header").ends_with("n_B_quantum"));
    assert!(
        run.join("figures/aiat_quantum_B.png").is_file() && run.join("figures/aiat_difference_quantum_B.png").is_file()
    );
    assert!(result["findings"].to_string().contains("zero-point energy"), "{result}");
    // Zero points of bound atoms ask for a higher μ: the first step of the quantum picture lies above the classical one.
    let steps = read("analysis/aiat_steps.csv");
    let first = |picture: &str| -> f64 {
        let row = steps.lines().find(|l| l.starts_with(picture)).unwrap_or_else(|| panic!("{picture}: {steps}"));
        row.split(',').nth(4).expect("mu").parse().expect("a number")
    };
    assert!(first("quantum") > first("harmonic") + 0.01, "{steps}");
}

#[cfg(unix)]
#[test]
fn what_has_no_end_or_is_no_file_is_refused_by_name_and_at_once() {
    let folder = folder();
    let path = |name: &str| folder.path().join(name);
    std::os::unix::fs::symlink("/dev/zero", path("endless.ron")).expect("a link");
    assert!(std::process::Command::new("mkfifo").arg(path("pipe.ron")).status().expect("mkfifo").success());
    std::fs::create_dir(path("folder.ron")).expect("a folder");
    std::fs::File::create(path("large.ron")).and_then(|f| f.set_len(1 << 30)).expect("a file with a hole");
    let start = std::time::Instant::now();
    for (name, remedy) in [
        ("endless.ron", "as a file and name that"),
        ("pipe.ron", "as a file and name that"),
        ("folder.ron", "it is a folder; name the file"),
        ("large.ron", "name another file"),
    ] {
        let table = format!("Gases(gases: [Gas(name: \"N2\", mass: 28.0, thermal: Janaf(path: \"{name}\"))])");
        std::fs::write(path("gases.ron"), table).expect("a file of gases");
        for arguments in [["check", name], ["aiat", name], ["che", name], ["gas", name], ["gas", "gases.ron"]] {
            let (code, stdout, stderr) = adlayer(folder.path(), &arguments);
            assert_eq!((code, stdout.as_str()), (Some(65), ""), "{arguments:?}: {stderr}");
            assert!(stderr.starts_with(&format!("error: {name}: ")) && stderr.contains(remedy), "{stderr}");
        }
    }
    assert!(start.elapsed().as_secs() < 60, "20 refusals took {:?}", start.elapsed());
}
