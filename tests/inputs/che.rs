//! The command che: steps at an electrode, in both directions, and surfaces beside them.

use super::commands::{Case, adlayer, case, change, data, folder, json, number, refused, refuses, scenes};
use serde_json::Value;
use std::path::Path;

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

/// Table, staircase and sweep are on one scale, which all of them name.
#[test]
fn the_staircase_is_on_the_scale_of_the_table() {
    let folder = folder();
    let file = scenes().join("che/oxygen_reduction_associative.ron");
    let file = file.to_str().expect("a path");
    for (scale, words) in [("she", ["against SHE at", "pH 13"]), ("rhe", ["against RHE", "RHE<"])] {
        let arguments = ["che", file, "--ph", "13", "--scale", scale, "-o", scale];
        let (code, stdout, stderr) = adlayer(folder.path(), &arguments);
        assert_eq!(code, Some(0), "{stderr}");
        let name = scale.to_uppercase();
        assert!(stdout.contains(&format!("potentials against {name}\n")), "{stdout}");
        let result = json(folder.path(), &[&arguments[..6], &["--json"]].concat());
        let [limit, equilibrium] =
            ["limiting_potential_on_scale", "equilibrium_on_scale"].map(|key| number(&result, key));
        assert!(stdout.contains(&format!("limiting potential {limit:.4} V (step 2)")), "{stdout}");
        let read = |ext: &str| {
            let path = folder.path().join(format!("{scale}/figures/che_staircase.{ext}"));
            std::fs::read_to_string(path).expect("a file of the figure")
        };
        let svg = read("svg");
        assert!(words.iter().all(|words| svg.contains(words)), "{svg}");
        let conditions = result["conditions"].as_array().expect("a list");
        let csv = read("csv");
        for (u, state) in [(0.0, 0), (limit, 1), (equilibrium, 0)] {
            let of_table = conditions.iter().find(|c| (number(c, "potential") - u).abs() < 1e-9).expect("a column");
            let level = of_table["levels"][state].as_f64().expect("a level");
            let is_same = |line: &str| {
                let cells: Vec<&str> = line.split(',').collect();
                let number = |k: usize| cells[k].parse::<f64>().unwrap_or(f64::NAN);
                (number(0) - u).abs() < 1e-9 && number(1) == state as f64 + 1.0 && (number(3) - level).abs() < 1e-9
            };
            assert!(csv.lines().skip(1).any(is_same), "{scale}: {u} V, {level} eV: {csv}");
        }
    }
}

#[test]
fn bad_reactions_are_refused_with_the_line_and_the_remedy() {
    refused(CASES);
}

const CASES: &[Case] = &[
    case(
        "che",
        "che/oxygen_reduction_associative.ron",
        ("        (name: \"OH*\", energy: 0.45, zero_point: 0.35, entropy: 0.00),\n", ""),
        &[
            "─ oxygen_reduction_associative.ron:23:20",
            "the energy of `OH*` is missing",
            "add `(name: \"OH*\", energy: …)` to `species`",
        ],
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
    // unbalanced reaction
    case(
        "che",
        "che/oxygen_reduction_associative.ron",
        ("(species: [(\"OOH*\", 1)], pairs: 3)", "(species: [(\"OOH*\", 1)], pairs: 2)"),
        &[
            "─ oxygen_reduction_associative.ron:22:9",
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
    case(
        "che",
        "che/hydrogen_evolution.ron",
        ("equilibrium: 0.0", "equilibrium: zero"),
        &["─ hydrogen_evolution.ron:6:18"],
    ),
];

/// Oxygen evolution by hand: steps of 1.10, 1.60, 1.65 and 0.57 eV, so U_L = 1.65 V and η = 0.42 V.
#[test]
fn oxygen_evolution_is_an_oxidation() {
    let folder = data("che");
    let result = json(folder.path(), &["che", "oer.ron", "--json", "--ph", "7", "-o", "out"]);
    assert!((number(&result, "limiting_potential") - 1.65).abs() < 1e-9, "{result}");
    assert!((number(&result, "overpotential") - 0.42).abs() < 1e-9);
    assert!((number(&result, "equilibrium_of_path") - 1.23).abs() < 1e-9);
    assert_eq!((&result["limiting_step"], &result["direction"]), (&3.into(), &"oxidation".into()));
    assert_eq!(result["warnings"], Value::Array(Vec::new()));
    // At U_L on the scale of the table the highest step is level, and at U = 0 the steps are those of the energies.
    let conditions = result["conditions"].as_array().expect("a list");
    let on_scale = number(&result, "limiting_potential_on_scale");
    let at = conditions.iter().find(|c| (number(c, "potential") - on_scale).abs() < 1e-9).expect("U_L");
    assert!(number(at, "max_step").abs() < 1e-9, "{at}");
    assert!(folder.path().join("out/figures/che_staircase.png").is_file());
    let (_, stdout, stderr) = adlayer(folder.path(), &["che", "oer.ron", "-o", "out"]);
    let line = "oxidation: limiting potential 1.6500 V (step 3), equilibrium 1.23 V, overpotential 0.4200 V";
    assert!(stdout.contains(line) && !stdout.contains("(chemical)") && stderr.is_empty(), "{stdout}{stderr}");
    // There and back is no path.
    change(
        folder.path(),
        "oer.ron",
        "(species: [(\"O2\", 1), (\"*\", 1)], pairs: 4)",
        "(species: [(\"O*\", 1), (\"H2O\", 1)], pairs: 2)",
    );
    refuses(
        folder.path(),
        &["che", "oer.ron"],
        &["2 pairs follow 3: pairs were released before, and are consumed here", "list the states in one direction"],
    );
}

#[test]
fn a_chemical_step_that_is_uphill_is_said() {
    let folder = folder();
    let text = std::fs::read_to_string(scenes().join("che/oxygen_reduction_associative.ron")).expect("a scene");
    std::fs::write(folder.path().join("up.ron"), text).expect("written");
    let warnings = |stderr: &str| stderr.matches("uphill at every potential").count();
    let (_, _, stderr) = adlayer(folder.path(), &["che", "up.ron", "--json"]);
    assert_eq!(warnings(&stderr), 0, "{stderr}");
    change(folder.path(), "up.ron", "(name: \"O2*\", energy: 4.00", "(name: \"O2*\", energy: 5.00");
    let (code, stdout, stderr) = adlayer(folder.path(), &["che", "up.ron", "--json"]);
    assert_eq!((code, warnings(&stderr)), (Some(0), 1), "{stderr}");
    let result: Value = serde_json::from_str(&stdout).expect("JSON");
    let said = result["warnings"][0].as_str().expect("a warning");
    assert!(said.contains("O2*") && said.contains("by 0.680 eV"), "{said}");
}

#[test]
fn a_path_that_contradicts_the_equilibrium_is_said() {
    let folder = data("che");
    let (code, stdout, stderr) = adlayer(folder.path(), &["che", "orr_o2raw.ron", "--json"]);
    assert_eq!(code, Some(0));
    for words in
        ["implies an equilibrium of 1.3500 V, but `equilibrium` is 1.23 V", "the steps sum to -0.4800 eV", "4.92 eV"]
    {
        assert!(stderr.contains(words), "`{words}` is not in\n{stderr}");
    }
    let result: Value = serde_json::from_str(&stdout).expect("JSON");
    assert!((number(&result, "equilibrium_of_path") - 1.35).abs() < 1e-9);
    assert!((number(&result, "limiting_potential") - 0.8).abs() < 1e-9);
    assert_eq!(result["warnings"].as_array().map(Vec::len), Some(1));
    // 1.229 V is as good as 1.23 V.
    change(folder.path(), "orr_o2raw.ron", "5.40", "4.916");
    let (_, _, stderr) = adlayer(folder.path(), &["che", "orr_o2raw.ron", "--json"]);
    assert!(stderr.is_empty(), "{stderr}");
}

/// Oxygen evolution and surfaces with carbon; `references` are energies of the elements and of a site, 0 for energies of
/// formation from H2, H2O and CO2.
fn with_carbon(folder: &Path, [hydrogen, oxygen, carbon, site]: [f64; 4], more: &str) {
    let species = [
        ("*", 0.0, [0.0, 0.0, 0.0, 1.0]),
        ("H2", 0.0, [2.0, 0.0, 0.0, 0.0]),
        ("H2O", 0.0, [2.0, 1.0, 0.0, 0.0]),
        ("O2", 4.92, [0.0, 2.0, 0.0, 0.0]),
        ("CO2", 0.0, [0.0, 2.0, 1.0, 0.0]),
        ("OH*", 1.10, [1.0, 1.0, 0.0, 1.0]),
        ("O*", 2.70, [0.0, 1.0, 0.0, 1.0]),
        ("OOH*", 4.35, [1.0, 2.0, 0.0, 1.0]),
        ("CO*", 0.50, [0.0, 1.0, 1.0, 1.0]),
        ("CHO*", 0.90, [1.0, 1.0, 1.0, 1.0]),
    ];
    let listed: String = species
        .iter()
        .map(|(name, formation, n)| {
            let raw = n[0] * hydrogen + n[1] * oxygen + n[2] * carbon + n[3] * site;
            format!("(name: \"{name}\", energy: {:?}), ", formation + raw)
        })
        .collect();
    let on = |label: &str| format!("(label: \"{label}\", species: [(\"{label}*\", 1), (\"*\", 3)], area: 25.0), ");
    let text = format!(
        "Che(equilibrium: 1.23, species: [{listed}{more}], path: [(species: [(\"H2O\", 2), (\"*\", 1)], pairs: 0), (species: \
         [(\"OH*\", 1), (\"H2O\", 1)], pairs: 1), (species: [(\"O*\", 1), (\"H2O\", 1)], pairs: 2), (species: [(\"OOH*\", 1)], \
         pairs: 3), (species: [(\"O2\", 1), (\"*\", 1)], pairs: 4)], surfaces: [(label: \"clean\", species: [(\"*\", 4)], \
         area: 25.0), {}{}{}{}])",
        on("OH"),
        on("O"),
        on("CO"),
        on("CHO")
    );
    std::fs::write(folder.join("x.ron"), text).expect("a file");
}

/// CO2 + 2(H⁺ + e⁻) → CO* + H2O and CO2 + 3(H⁺ + e⁻) → CHO* + H2O: by hand CO* covers below U = −0.25 V and CHO* below
/// −0.40 V, OH* above 1.10 V and O* above 1.60 V. Total energies of any code give the same as energies of formation.
#[test]
fn surfaces_hold_carbon_and_energies_may_be_total_energies() {
    let folder = folder();
    for references in [[0.0; 4], [-3.4, -7.4, -8.1, -50.0]] {
        with_carbon(folder.path(), references, "");
        let result = json(folder.path(), &["che", "x.ron", "--json"]);
        assert!((number(&result, "limiting_potential") - 1.65).abs() < 1e-9, "{references:?}: {result}");
        assert!((number(&result, "equilibrium_of_path") - 1.23).abs() < 1e-9, "{references:?}");
        assert_eq!(result["surface_references"]["C"], "CO2");
        let boundaries = result["surface_boundaries"].as_array().expect("a list");
        assert_eq!(boundaries.len(), 4, "{result}");
        for (a, b, potential) in [("CO", "CHO", -0.4), ("clean", "CO", -0.25), ("clean", "OH", 1.10), ("OH", "O", 1.60)]
        {
            let line = boundaries.iter().find(|l| l["between"][0] == a && l["between"][1] == b);
            let line = line.unwrap_or_else(|| panic!("{a} {b}: {result}"));
            // on the SHE scale each line falls by kT ln10 a unit of pH; the frame ends at −0.5 V
            let end = if number(&line["from"], "ph") < number(&line["to"], "ph") { &line["from"] } else { &line["to"] };
            assert!((number(end, "potential") - potential).abs() < 1e-6 && number(end, "ph") < 1e-9, "{line}");
        }
    }
    // Two molecules hold carbon: which supplies it must be said. From CO
    // nothing is transferred to CO*, 0.5 − 0.45 eV at any U, and one pair to CHO*, which covers below U = −0.45 V.
    let molecule = "(name: \"CO\", energy: 0.45)";
    with_carbon(folder.path(), [0.0; 4], molecule);
    let says = [
        "surface `CO` holds C, which neither water nor the electrode supplies",
        "say which of `CO2`, `CO` supplies it",
    ];
    refuses(folder.path(), &["che", "x.ron"], &says);
    change(folder.path(), "x.ron", "surfaces:", "references: [\"CO\"], surfaces:");
    let result = json(folder.path(), &["che", "x.ron", "--json"]);
    assert_eq!(result["surface_references"]["C"], "CO");
    let boundaries = result["surface_boundaries"].as_array().expect("a list");
    assert!(!boundaries.iter().any(|l| l["between"].to_string().contains("\"CO\"")), "{result}");
    let line = boundaries.iter().find(|l| l["between"][1] == "CHO").unwrap_or_else(|| panic!("CHO: {result}"));
    let end = if number(&line["from"], "ph") < number(&line["to"], "ph") { &line["from"] } else { &line["to"] };
    assert!((number(end, "potential") + 0.45).abs() < 1e-6, "{line}");
    for (old, new, says) in [
        ("[\"CO\"]", "[\"CO\", \"CO2\"]", "`CO2` supplies nothing: every element of it has a reference already"),
        ("[\"CO\", \"CO2\"]", "[\"CN\"]", "`CN` is no molecule of `species`"),
    ] {
        change(folder.path(), "x.ron", old, new);
        refuses(folder.path(), &["che", "x.ron"], &[says]);
    }
}
