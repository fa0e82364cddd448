//! The report of a real run: the numbers behind its maps, where they lie in the pictures, and its snapshots.

use crate::place::{Place, stderr, surface};
use adlayer::testing::sample::trajectory::read_trajectory;
use serde_json::Value;
use std::path::Path;

/// Rows of a CSV file by column name.
struct Table {
    header: csv::StringRecord,
    rows: Vec<csv::StringRecord>,
}

impl Table {
    fn read(path: &Path) -> Table {
        let mut reader = csv::Reader::from_path(path).expect("a table");
        let header = reader.headers().expect("a header").clone();
        Table { header, rows: reader.records().map(|r| r.expect("a row")).collect() }
    }

    /// The cell, unless it is empty.
    fn cell<'a>(&self, row: &'a csv::StringRecord, name: &str) -> Option<&'a str> {
        let column = self.header.iter().position(|h| h == name).unwrap_or_else(|| panic!("no column {name}"));
        Some(&row[column]).filter(|c| !c.is_empty())
    }

    fn number(&self, row: &csv::StringRecord, name: &str) -> Option<f64> {
        self.cell(row, name).map(|c| c.parse().expect("a number"))
    }
}

fn same(embedded: &Value, table: Option<f64>) -> bool {
    match (embedded.as_f64(), table) {
        (Some(a), Some(b)) => (a - b).abs() <= 1e-5 * b.abs(),
        (None, None) => embedded.is_null(),
        _ => false,
    }
}

fn attribute(element: &str, name: &str) -> f64 {
    let from = element.split(&format!(" {name}=\"")).nth(1).unwrap_or_else(|| panic!("no {name} in {element}"));
    from.split('"').next().expect("its end").parse().expect("a number")
}

#[test]
fn the_report_answers_with_the_numbers_of_the_tables() {
    let place = Place::new(&surface(8, [30, 3000]));
    place.succeed(&["run", "scene.ron", "--device", "cpu", "-o", "run", "--quiet"]);
    let run = place.run("run");
    let html = std::fs::read_to_string(run.join("report.html")).expect("a report");
    let text = html.split(r#"id="map-data">"#).nth(1).and_then(|t| t.split("</script>").next()).expect("the maps");
    let data: Value = serde_json::from_str(text).expect("JSON");
    let list = |v: &Value| v.as_array().expect("a list").clone();
    let phases = Table::read(&run.join("analysis/phases.csv"));
    assert!(!phases.rows.is_empty(), "the run has phases");
    for row in &phases.rows {
        let id = phases.cell(row, "phase").expect("an id");
        assert_eq!(data["phases"][id].as_str(), phases.cell(row, "name"));
    }
    let planes = list(&data["planes"]);
    assert_eq!(planes.len(), 2, "one over μ, one over p");
    let (mut known, mut masked) = (0, 0);
    for plane in &planes {
        let (file, x) = if plane["pressure"] == true {
            ("analysis/maps_pressure.csv", "pressure_B")
        } else {
            ("analysis/maps.csv", "mu_B")
        };
        let table = Table::read(&run.join(file));
        let (ts, xs) = (list(&plane["t"]), list(&plane["x"]));
        assert_eq!(ts.len() * xs.len(), table.rows.len());
        for row in &table.rows {
            let find = |values: &[Value], wanted: f64| {
                values.iter().position(|v| same(v, Some(wanted))).unwrap_or_else(|| panic!("{wanted} is not there"))
            };
            let t = find(&ts, table.number(row, "temperature").expect("T"));
            let i = t * xs.len() + find(&xs, table.number(row, x).expect("x"));
            for (key, column) in [("n", "n_B"), ("err", "n_B_err")] {
                assert!(same(&plane[key][0][i], table.number(row, column)), "{key} of {row:?}: {}", plane[key][0][i]);
            }
            for (key, column) in [("mu", "mu_B"), ("p", "pressure_B")] {
                let values = &plane[key][0];
                assert_eq!(values.is_null(), column == x, "what is the axis is not repeated");
                assert!(values.is_null() || same(&values[i], table.number(row, column)), "{key} of {row:?}");
            }
            let phase = plane["phase"][i].as_u64().map(|p| p.to_string());
            assert_eq!(phase.as_deref(), table.cell(row, "phase"));
            if table.cell(row, "n_B").is_some() { known += 1 } else { masked += 1 }
        }
    }
    assert!(known > 60, "{known} cells known, {masked} masked");
    // where a simulated state is drawn is where the script looks for it
    let states = Table::read(&run.join("states.csv"));
    let figures = list(&data["figures"]);
    let names: Vec<&str> = figures.iter().filter_map(|f| f["name"].as_str()).collect();
    for name in ["phase_diagram_B", "phase_diagram_pressure_B", "mean_n_B", "energy_fluctuation"] {
        assert!(names.contains(&name), "{names:?}");
    }
    for figure in &figures {
        let name = figure["name"].as_str().expect("a name");
        let element = html.split(&format!(r#"<figure id="{name}">"#)).nth(1).expect("the figure");
        let svg = element.split("</svg>").next().expect("its picture");
        let circles: Vec<(f64, f64)> =
            svg.split("<circle").skip(1).map(|c| (attribute(c, "cx"), attribute(c, "cy"))).collect();
        let at = |key: &str, i: usize| figure[key][i].as_f64().expect("a number");
        let pressure = planes[figure["plane"].as_u64().expect("a plane") as usize]["pressure"] == true;
        for row in &states.rows {
            let value = |column| states.number(row, column).expect("a number");
            let x = if pressure { value("pressure_B").log10() } else { value("mu_B") };
            let share = (x - at("x", 0)) / (at("x", 1) - at("x", 0));
            if !(0.0..=1.0).contains(&share) {
                continue;
            }
            let px = at("area", 0) + share * (at("area", 2) - at("area", 0));
            let up = (value("temperature") - at("y", 0)) / (at("y", 1) - at("y", 0));
            let py = at("area", 3) - up * (at("area", 3) - at("area", 1));
            let near = |c: &&(f64, f64)| (c.0 - px).hypot(c.1 - py) < 0.6;
            assert!(circles.iter().any(|c| near(&c)), "{name}: no dot at ({px}, {py}) of {row:?}");
        }
    }
    assert!(!html.contains("http") && !html.contains(" src="), "nothing is loaded from elsewhere");
    assert!(html.contains("The cell measures 5.5 × 5.716 σ and 5 σ between its walls, and holds at most 24 B"));
}

#[test]
fn every_phase_has_a_snapshot_that_is_a_stored_configuration() {
    let place = Place::new(&surface(8, [30, 3000]));
    place.succeed(&["run", "scene.ron", "--device", "cpu", "-o", "run", "--quiet"]);
    let run = place.run("run");
    let html = std::fs::read_to_string(run.join("report.html")).expect("a report");
    let frames = read_trajectory(&run).expect("configurations");
    let phases = Table::read(&run.join("analysis/phases.csv"));
    assert!(!phases.rows.is_empty());
    for row in &phases.rows {
        let (id, name) = (phases.cell(row, "phase").expect("an id"), phases.cell(row, "name").expect("a name"));
        let atoms = Table::read(&run.join(format!("figures/snapshot_{id}.csv")));
        let (slab, gas): (Vec<_>, Vec<_>) = atoms.rows.iter().partition(|r| atoms.cell(r, "frozen") == Some("1"));
        assert_eq!(slab.len(), 30);
        assert!(slab.iter().all(|r| atoms.cell(r, "element") == Some("Cu")));
        let position = |r: &csv::StringRecord| ["x", "y", "z"].map(|c| atoms.number(r, c).expect("a number") as f32);
        let positions: Vec<[f32; 3]> = gas.iter().map(|r| position(r)).collect();
        let stored = frames
            .iter()
            .find(|f| f.positions.iter().map(|p| p.to_array()).eq(positions.iter().copied()))
            .expect("it is a stored configuration");
        // none of that state is nearer to ⟨N⟩ of the phase
        let n = phases.number(row, "n_B").expect("⟨N⟩");
        let off = |f: &adlayer::testing::sample::trajectory::StoredFrame| (f.species.len() as f64 - n).abs();
        let nearest = frames.iter().filter(|f| f.state == stored.state).map(off).fold(f64::INFINITY, f64::min);
        assert!((off(stored) - nearest).abs() < 1e-9, "{} atoms for ⟨N⟩ = {n}", stored.species.len());
        assert!(html.contains(&format!("Snapshot: {name}")) && html.contains(&format!("state {} (T = ", stored.state)));
        let svg = std::fs::read_to_string(run.join(format!("figures/snapshot_{id}.svg"))).expect("a picture");
        let discs = svg.matches("<circle").count() + svg.matches("<path").count();
        assert!(discs >= 2 * (30 + gas.len()), "two projections: {discs}");
        assert!(svg.contains("from above") && svg.contains("from the side") && svg.contains("z [σ]"));
        assert!(run.join(format!("figures/snapshot_{id}.png")).is_file());
    }
    // without configurations there is a report all the same
    std::fs::remove_dir_all(run.join("trajectory")).expect("removed");
    place.succeed(&["analyze", "run", "-o", "again", "--quiet"]);
    let again = std::fs::read_to_string(place.path().join("again/report.html")).expect("a report");
    assert!(!again.contains("Snapshot:"));
    std::fs::create_dir(run.join("trajectory")).expect("a folder");
    std::fs::write(run.join("trajectory/part-00000.parquet"), b"nonsense").expect("a file");
    let output = place.succeed(&["analyze", "run", "-o", "again"]);
    assert!(stderr(&output).contains("no snapshots are drawn"), "{}", stderr(&output));
}
