//! The command aiat on a run: its minima beside REGC and MBAR.

use super::commands::{adlayer, folder, json, number};
use serde_json::Value;

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
