//! The command gas, files of gases and their tables, and gases as reservoirs of runs.

use super::commands::{Case, adlayer, case, change, copied, data, folder, json, number, refused, refuses, scenes};

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
fn bad_files_are_refused_with_the_line_and_the_remedy() {
    refused(CASES);
}

const CASES: &[Case] = &[
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
}

/// μ and h of O2 at 1 bar from a JANAF table, and what contradicts itself: the numbers come from the table's own S and H.
#[test]
fn janaf_tables_that_contradict_themselves_are_refused_with_row_and_numbers() {
    let folder = data("janaf");
    let at = |name: &str, t: &str| {
        let file = format!("gases.ron:{name}");
        json(folder.path(), &["gas", &file, "--temperature", t, "--pressure", "1e5", "--json"])[0].clone()
    };
    // G − H(0) = H − H(0) − TS: (−2.868 + 8.683 − 200 · 0.193485) kJ/mol at 200 K, and at 800 K
    for (t, mu, h) in [("200", -0.340_79, 0.060_27), ("800", -1.702_00, 0.254_11)] {
        let row = at("asis", t);
        assert!((number(&row, "mu") - mu).abs() < 2e-5 && (number(&row, "h") - h).abs() < 2e-5, "{row}");
    }
    let ask = |name: &str, says: &[&str]| {
        refuses(folder.path(), &["gas", &format!("gases.ron:{name}"), "--temperature", "200"], says);
    };
    ask(
        "zero0",
        &["zero0.txt: line 3: H-H(Tr) is 0 kJ/mol at 0 K and -5.779 at 100 K (line 4)", "at least 5/2 RT = 2.079"],
    );
    ask(
        "typo_h800",
        &[
            "typo_h800.txt: line 14: at 800 K the columns contradict each other: S is 235.921, but",
            "216.126 + 1000 · 18.535 / 800 = 239.295 J/(mol K); one of the three is wrong: correct the row",
        ],
    );
    // The same table as other programs write it: with a byte order mark, Fortran exponents, a row twice.
    let asis = std::fs::read_to_string(folder.path().join("asis.txt")).expect("the table");
    let written = |old: &str, new: &str| {
        assert!(asis.contains(old), "{old}");
        std::fs::write(folder.path().join("asis.txt"), asis.replace(old, new)).expect("a table");
    };
    let headless = asis.lines().skip(2).collect::<Vec<_>>().join("\n");
    std::fs::write(folder.path().join("asis.txt"), format!("\u{feff}{headless}\r\n")).expect("a table");
    let (old, new) = ("298.15\t29.376", "298.15\t29.376\t205.147\t205.147\t0.\n298.15\t29.376");
    for change in [None, Some(("-2.868", "-0.2868D+01")), Some((old, new)), Some(("-", "−"))] {
        if let Some((old, new)) = change {
            written(old, new);
        }
        let row = at("asis", "200");
        assert!((number(&row, "mu") + 0.340_79).abs() < 2e-5, "{change:?}: {row}");
    }
    for (old, new, says) in [
        ("\t", ",", "asis.txt: line 3: the columns are separated by commas; separate them by tabs or blanks"),
        ("193.485", "193,485", "the column S, J/(mol K) is `193,485`, not a number; write decimal points"),
        ("0\t0.\t0.\tINFINITE", "0\t0.\t0.\tINFINITE\t0.", "H-H(Tr) is 0 kJ/mol at 0 K"),
        ("0\t0.\t0.\tINFINITE\t-8.683\t", "# ", "there is no row at 0 K"),
        (
            "400\t30.106",
            "400\t30.106\t213.871\t206.308\t3.025\tALPHA <--> BETA\n400\t30.106",
            "marks a change of phase",
        ),
        ("300\t29.385\t205.329\t205.148\t0.054", "300\t29.385\t205.329\t205.148\t54.", "looks like J/mol: give kJ/mol"),
    ] {
        written(old, new);
        ask("asis", &[says]);
    }
    written("", "");
    // A table that is too light for its mass is that of another gas.
    change(folder.path(), "gases.ron", "31.9988", "3199.88");
    ask("asis", &["S of `asis` at 100 K is 173.304 J/(mol K), but a mass of 3199.88 u gives", "correct `mass`"]);
}

#[test]
fn shomate_coefficients_that_contradict_themselves_are_refused() {
    for (old, new, says) in [
        ("enthalpy_298: 8.683", "enthalpy_298: 8683.0", "H(298.15 K) - H(0) of such a gas is 6.197 to 50 kJ/mol"),
        ("enthalpy_298: 8.683", "enthalpy_298: 0.09", "`enthalpy_298` of `O2-shomate` is 0.09, but"),
        ("f: -8.903471", "f: -89.03471", "H - H(298.15 K) of `O2-shomate` is -80.1"),
        ("f: -11.32468", "f: -1.132468", "two ranges of `O2-shomate` part at 700 K: H 12.500 and 22.690"),
        ("g: 236.1663", "g: 23.61663", "S of `O2-shomate` at 700 K is 18.9"),
    ] {
        let folder = copied();
        change(&folder.path().join("gas"), "gases.ron", old, new);
        refuses(&folder.path().join("gas"), &["gas", "gases.ron:O2-shomate"], &[says]);
    }
}

/// O₂ counts from its lowest level, N = 1 and J = 0: H(298.15 K) − H(0) is that of CODATA, 8.680 ± 0.002 kJ/mol, and the
/// same gas in a file has the same functions.
#[test]
fn oxygen_counts_from_its_lowest_level_in_the_library_and_in_a_file() {
    let folder = folder();
    let gases = "Gases(gases: [(name: \"O2-own\", formula: \"O2\", mass: 31.9988, thermal: Diatomic(we: 1580.193, wexe: \
                 11.981, be: 1.44563, ae: 0.01593, de: 4.84e-6, nuclei: OddOnly, triplet: (1.98475, -0.008425)))])";
    std::fs::write(folder.path().join("gases.ron"), gases).expect("a file of gases");
    let row = |gas: &str| json(folder.path(), &["gas", gas, "--temperature", "298.15", "--pressure", "1e5", "--json"]);
    let (library, own) = (row("O2"), row("gases.ron"));
    for key in ["mu", "delta_mu", "h"] {
        assert!((number(&library[0], key) - number(&own[0], key)).abs() < 1e-12, "{key}");
    }
    let zero = number(&library[0], "mu") - number(&library[0], "delta_mu");
    let content = (number(&library[0], "h") - zero) * 96.485_332_12;
    assert!((content - 8.680).abs() < 0.002, "{content}");
    let twice = gases.replace("-0.008425))", "-0.008425)), electronic: [(0.0, 3.0)]");
    std::fs::write(folder.path().join("gases.ron"), twice).expect("a file of gases");
    refuses(folder.path(), &["gas", "gases.ron"], &["would count the three spin components twice"]);
}

#[test]
fn a_soft_mode_of_a_molecule_is_doubted() {
    let folder = copied();
    change(&folder.path().join("gas"), "gases.ron", "wavenumbers: [1580.19]", "wavenumbers: [12.0]");
    let arguments = ["gas", "gases.ron:O2-rigid", "--temperature", "600", "--json"];
    let (code, _, stderr) = adlayer(&folder.path().join("gas"), &arguments);
    assert!(code == Some(0) && stderr.contains("a mode of 12 1/cm is taken as harmonic"), "{stderr}");
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
