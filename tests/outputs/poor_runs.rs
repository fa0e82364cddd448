//! Runs whose data are poor: states that do not overlap, limits of N that are too low. What the program says of them is right,
//! or it says nothing.

use super::exports::npz;
use crate::place::Place;
use std::path::Path;

/// A run of one of the scenes of `tests/data/poor_runs`.
fn run(name: &str) -> Place {
    run_on(name, "reference")
}

fn run_on(name: &str, device: &str) -> Place {
    let scene = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/data/poor_runs/{name}.ron"));
    let place = Place::new(&std::fs::read_to_string(scene).expect("the scene"));
    place.succeed(&["run", "scene.ron", "--device", device, "-o", "run", "--quiet"]);
    place
}

/// Rows of a table, each field by the name of its column.
pub(crate) struct Rows {
    header: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl Rows {
    pub(crate) fn of(place: &Place, file: &str) -> Rows {
        let text = std::fs::read_to_string(place.path().join("run").join(file)).expect("a table");
        let mut lines = text.lines().map(|l| l.split(',').map(str::to_owned).collect::<Vec<_>>());
        Rows { header: lines.next().expect("a header"), rows: lines.collect() }
    }

    pub(crate) fn column(&self, name: &str) -> Vec<&str> {
        let at = self.header.iter().position(|h| h == name).unwrap_or_else(|| panic!("{name} in {:?}", self.header));
        self.rows.iter().map(|r| r[at].as_str()).collect()
    }

    pub(crate) fn numbers(&self, name: &str) -> Vec<f64> {
        self.column(name).iter().map(|x| x.parse().unwrap_or(f64::NAN)).collect()
    }
}

fn verdict(place: &Place) -> serde_json::Value {
    let output = place.succeed(&["analyze", "run", "--json"]);
    serde_json::from_slice(&output.stdout).expect("JSON")
}

fn says(result: &serde_json::Value, words: &str) -> bool {
    let sentences = result["verdict"]["sentences"].as_array().expect("sentences");
    sentences.iter().any(|s| s.as_str().is_some_and(|s| s.contains(words)))
}

/// An ideal gas at 10, 70, 130 and at 10, 100 atoms: f_k − f_0 = −Δ⟨N⟩, and no samples that would tell.
#[test]
fn states_of_an_ideal_gas_without_overlap_have_averages_and_no_free_energies() {
    for (name, exact) in [("mbar3_60", vec![10.0, 70.0, 130.0]), ("mbar_100", vec![10.0, 100.0])] {
        let place = run(name);
        let (f, direct) = (Rows::of(&place, "analysis/free_energies.csv"), Rows::of(&place, "analysis/direct.csv"));
        assert_eq!(f.column("f_k")[1..], vec![""; exact.len() - 1], "{name}");
        assert_eq!(f.column("err")[1..], vec![""; exact.len() - 1], "{name}");
        assert_eq!(f.numbers("part"), (0..exact.len()).map(|k| k as f64).collect::<Vec<_>>());
        for ((n, err), exact) in direct.numbers("n_B").iter().zip(direct.numbers("err_n_B")).zip(&exact) {
            assert!(((n - exact) / err).abs() < 4.0 && err > 0.0, "{name}: {n} ± {err}, exact {exact}");
        }
        let map = Rows::of(&place, "analysis/maps.csv");
        let shown = map.column("n_B").iter().filter(|n| !n.is_empty()).count();
        assert_eq!(shown, exact.len(), "{name}: only the states themselves are shown");
        let result = verdict(&place);
        assert_eq!((&result["mbar"]["parts"], &result["verdict"]["trusted"]), (&exact.len().into(), &false.into()));
        assert!(says(&result, "whose samples do not overlap"), "{result}");
        assert!(result["verdict"]["add_mu"].as_array().is_some_and(|a| a.len() >= 2 * (exact.len() - 1)), "{result}");
        let page = std::fs::read_to_string(place.path().join("run/report.html")).expect("the report");
        assert!(page.contains("whose samples do not overlap"));

        place.succeed(&["export", "run", "--pymbar", "out.npz"]);
        let arrays = npz(&place.path().join("out.npz"));
        assert_eq!(arrays["part"].1, (0..exact.len()).map(|k| k as f64).collect::<Vec<_>>());
        assert!(arrays["f_k"].1[0] == 0.0 && arrays["f_k"].1[1..].iter().all(|f| f.is_nan()), "{:?}", arrays["f_k"]);
        assert!(arrays["f_part"].1.iter().all(|f| *f == 0.0));
    }
}

/// Gas and liquid of argon, three states each: both sides are analysed.
#[test]
fn a_gas_and_a_liquid_without_overlap_are_two_parts() {
    let place = run("B1_min2");
    let f = Rows::of(&place, "analysis/free_energies.csv");
    assert_eq!(f.column("part"), ["0", "0", "0", "1", "1", "1"]);
    assert_eq!(
        f.column("f_k").iter().map(|f| f.is_empty()).collect::<Vec<_>>(),
        [false, false, false, true, true, true]
    );
    assert!(f.numbers("f_part").iter().all(|f| f.is_finite()));
    // ln Ξ counts from the empty cell, which the liquid has never seen.
    let map = Rows::of(&place, "analysis/maps.csv");
    for (n, ln_xi) in map.numbers("n_Ar").iter().zip(map.column("ln_xi")) {
        assert!(*n < 20.0 || n.is_nan() || ln_xi.is_empty(), "{n} {ln_xi}");
    }
    let result = verdict(&place);
    assert!(says(&result, "two parts of 3 and 3 states"), "{result}");
}

#[test]
fn states_at_their_limit_are_named_with_what_they_need() {
    for (name, limited, at_least) in [("cap_lj", vec![0], 40), ("ideal_cap", vec![1, 2], 280), ("w_cap", vec![], 20)] {
        let place = run(name);
        let result = verdict(&place);
        assert_eq!(result["verdict"]["trusted"], false, "{name}");
        let sentences = result["verdict"]["sentences"].as_array().expect("sentences");
        let sentence = sentences.iter().filter_map(|s| s.as_str()).find(|s| s.contains("at `max_atoms` of Ar"));
        let sentence = sentence.unwrap_or_else(|| panic!("{name}: {sentences:?}"));
        let needed = sentence.split("set `max_atoms` of Ar to ").nth(1).and_then(|s| s.split(' ').next());
        let needed: u32 = needed.and_then(|n| n.parse().ok()).unwrap_or_else(|| panic!("{sentence}"));
        assert!(needed >= at_least, "{name}: {sentence}");
        let states = Rows::of(&place, "analysis/diagnostics.csv");
        let p = states.numbers("p_n_max_Ar");
        let reached: Vec<usize> = (0..p.len()).filter(|&k| p[k] > 1e-3).collect();
        assert!(!reached.is_empty() && (limited.is_empty() || reached == limited), "{name}: {reached:?}");
        assert!(reached.iter().all(|&k| states.column("quoted")[k] == "0"), "{name}");
        let output = place.succeed(&["check", "scene.ron"]);
        let warnings = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(warnings.contains("of Ar is too low in"), "{name}: {warnings}");
    }
}

#[test]
fn an_ideal_gas_with_room_is_not_warned_about() {
    let place = Place::new(
        &std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/poor_runs/ideal_cap.ron"))
            .expect("the scene")
            .replace("max_atoms: 30", "max_atoms: 320"),
    );
    let output = place.succeed(&["check", "scene.ron"]);
    // its three states are too far apart to exchange, and that is all there is to say
    let warnings = String::from_utf8_lossy(&output.stderr);
    assert!(!warnings.contains("max_atoms"), "{warnings}");
    place.succeed(&["run", "scene.ron", "--device", "cpu", "-o", "run", "--quiet"]);
    let direct = Rows::of(&place, "analysis/direct.csv");
    for ((n, err), exact) in direct.numbers("n_Ar").iter().zip(direct.numbers("err_n_Ar")).zip([2.4143, 24.143, 241.43])
    {
        assert!(((n - exact) / err).abs() < 4.0, "{n} ± {err}, exact {exact}");
    }
    assert!(!says(&verdict(&place), "at `max_atoms`"));
}

#[test]
fn a_run_given_twice_is_refused_and_warnings_reach_the_user() {
    let scene = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/poor_runs/mbar_100.ron");
    let place = Place::new(&std::fs::read_to_string(scene).expect("the scene"));
    let run = place.succeed(&["run", "scene.ron", "--device", "cpu", "-o", "run"]);
    let said = String::from_utf8_lossy(&run.stderr).into_owned();
    assert_eq!(said.matches("warning: pairs of neighbouring states that never exchanged").count(), 1, "{said}");
    for command in [&["analyze", "run", "./run"][..], &["export", "run", "run", "--pymbar"]] {
        let output = place.adlayer(command);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && said.contains("is given twice"), "{command:?}: {said}");
    }
}

/// Vapour and liquid in a small box: the barrier between them is 4.06 ± 0.09 kT at T = 0.98 (a transition-matrix Monte Carlo of
/// its own), although its top has few samples.
#[test]
fn a_valley_is_as_deep_as_its_samples_say() {
    let place = run_on("shallow_samples_deep_valley", "cpu");
    let lines = Rows::of(&place, "analysis/boundaries.csv");
    let cold = (0..lines.numbers("temperature").len())
        .find(|&i| lines.column("kind")[i] == "first_order" && lines.numbers("temperature")[i] == 0.98)
        .expect("a line at the coldest temperature");
    let (depth, err) = (lines.numbers("depth")[cold], lines.numbers("depth_err")[cold]);
    assert!(((depth - 4.06) / f64::hypot(err, 0.09)).abs() < 4.0 && err < 0.5, "{depth} ± {err}");
}

/// A condensation that replicas pass a few times: its line at T = 0.26 scatters by 0.022 over seeds, and was quoted ± 0.008.
#[test]
fn a_line_with_few_crossings_has_no_error_and_is_not_trusted() {
    let place = run_on("few_crossings", "cpu");
    let lines = Rows::of(&place, "analysis/boundaries.csv");
    let cold: Vec<usize> = (0..lines.numbers("temperature").len())
        .filter(|&i| lines.column("kind")[i] == "first_order" && lines.numbers("temperature")[i] < 0.265)
        .collect();
    // It may not show at all.
    for i in cold {
        let (crossings, status) = (lines.numbers("crossings")[i], lines.column("status")[i]);
        assert!(
            crossings < 20.0 && status == "unconverged" && lines.column("mu_err")[i].is_empty(),
            "{crossings} {status}"
        );
    }
    assert_eq!(verdict(&place)["verdict"]["trusted"], false);
}
