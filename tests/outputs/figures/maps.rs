//! Maps: their cells, boundaries and masks.

use super::{csv, default_drawn, drawn, labels, names, synthetic};
use adlayer::testing::figures::draw;

#[test]
fn the_csv_of_a_map_holds_the_unmasked_cells_the_states_and_the_boundaries() {
    let analysis = synthetic::default_scene();
    let (header, rows) = csv(&default_drawn().0, "mean_n_B");
    let expected = ["layer", "temperature", "mu_B", "n_B", "mu_B_low", "mu_B_high", "label"];
    assert_eq!(header.iter().collect::<Vec<_>>(), expected);
    let count = |layer: &str| rows.iter().filter(|r| &r[0] == layer).count();
    let masked = analysis.map.cells.iter().filter(|c| c.masked).count();
    assert!(masked > 10, "the model has masked cells");
    assert_eq!(count("map"), analysis.map.cells.len() - masked);
    assert_eq!(count("state"), analysis.grid.len());
    assert_eq!(count("boundary"), analysis.boundaries.len());
    let number = |row: &csv::StringRecord, i: usize| row[i].parse::<f64>().expect("a number");
    for row in rows.iter().filter(|r| &r[0] == "map") {
        let (t, mu) = (number(row, 1), number(row, 2));
        let at = |c: &&adlayer::testing::analysis::MapCell| {
            c.temperature.to_bits() == t.to_bits() && c.mu[0].to_bits() == mu.to_bits()
        };
        let cell = analysis.map.cells.iter().find(at).expect("a cell of the map");
        assert!(!cell.masked);
        assert_eq!(number(row, 3).to_bits(), cell.n[0].to_bits());
    }
}

#[test]
fn a_map_of_n_goes_by_layers() {
    let mean_n = |analysis: &adlayer::testing::analysis::Analysis| {
        drawn(analysis).1.into_iter().find(|f| f.name == "mean_n_B").expect("drawn")
    };
    // a first layer that is full with 12 atoms, where close-packed ones would be 12.7
    let mut analysis = synthetic::default_scene();
    analysis.observables = vec!["n_layer1".into()];
    analysis.observable_labels = vec!["n_layer1".into()];
    for cell in &mut analysis.map.cells {
        cell.observables = vec![cell.n[0].min(12.0)];
        cell.observables_err = vec![0.1];
    }
    let figure = mean_n(&analysis);
    assert!(figure.svg.contains(">⟨N⟩ = 6, 18, 30, 42: half-full layers<"));
    assert!(figure.caption.contains("a full one holds 12 atoms") && figure.caption.contains("square root"));
    // a first layer that is full nowhere on the map
    analysis.map.cells.iter_mut().for_each(|cell| cell.observables[0] *= 0.5);
    assert!(mean_n(&analysis).caption.contains("a full one holds 12.7 atoms"));
    // 37.7 σ² of surface
    assert!(figure.svg.contains(">⟨N⟩ per area [1/σ²]<"));
    analysis.cell.room = None;
    let figure = mean_n(&analysis);
    assert!(figure.svg.contains(">⟨N⟩ = 1, 2, 5, 10, 20<") && !figure.caption.contains("square root"));
}

#[test]
fn masked_cells_are_not_painted() {
    // everything masked but one row: the picture has exactly the patches of that row
    let mut analysis = synthetic::default_scene();
    let keep = analysis.map.temperatures[20];
    for cell in &mut analysis.map.cells {
        cell.masked = cell.temperature.to_bits() != keep.to_bits();
    }
    let (dir, figures) = drawn(&analysis);
    let figure = figures.iter().find(|f| f.name == "phase_diagram_B").expect("drawn");
    let group = figure.svg.split("crispEdges").nth(1).expect("tiles").split("</g>").next().expect("an end");
    assert_eq!(group.matches("<path").count(), 6, "one patch per phase of each half of the row");
    let (_, rows) = csv(dir.path(), "phase_diagram_B");
    assert!(rows.iter().filter(|r| &r[0] == "map").all(|r| r[1] == keep.to_string()));
}

#[test]
fn the_first_row_of_a_map_is_at_the_bottom() {
    let (_, figures) = default_drawn();
    let figure = figures.iter().find(|f| f.name == "phase_diagram_B").expect("drawn");
    let group = figure.svg.split("crispEdges").nth(1).expect("tiles").split("</g>").next().expect("an end");
    // the lower left corner of each patch
    let corner = |path: &str| -> (f64, f64) {
        let from = path.split(" d=\"M").nth(1).expect("an outline");
        let first = from.split('L').next().expect("a corner");
        let (x, y) = first.trim().split_once([' ', ',']).expect("two numbers");
        (x.parse().expect("a number"), y.parse().expect("a number"))
    };
    let corners: Vec<(f64, f64)> = group.split("<path").skip(1).map(corner).collect();
    // patches come with ascending temperature, so their rows go up: y falls
    assert!(corners[0].1 > corners[corners.len() - 1].1);
    assert!(corners[0].0 < corners[1].0);
}

#[test]
fn a_map_without_any_good_cell_or_with_missing_numbers_does_not_fail() {
    let mut analysis = synthetic::default_scene();
    for cell in analysis.map.cells.iter_mut().chain(&mut analysis.pressure_map.cells) {
        cell.masked = true;
        cell.phase = None;
    }
    let (_dir, figures) = drawn(&analysis);
    let first = ["isotherms_B", "isotherms_pressure_B", "excess_B", "henry_B"];
    assert_eq!(names(&figures), [&first[..], &["p_n_B", "free_energy_n_B"]].concat());

    let mut analysis = synthetic::default_scene();
    for (i, cell) in analysis.map.cells.iter_mut().enumerate().filter(|(i, _)| i % 3 == 0) {
        cell.energy_fluctuation = if i % 2 == 0 { f64::NAN } else { f64::INFINITY };
        cell.n_err[0] = f64::NAN;
    }
    analysis.boundaries[0].mu_err = f64::NAN;
    analysis.boundaries[0].pressure_low = f64::NAN;
    analysis.boundaries[1].mu[0] = f64::NAN;
    analysis.direct[3].samples = 0;
    analysis.direct[4].n_err[0] = f64::NAN;
    let (_dir, figures) = drawn(&analysis);
    assert_eq!(figures.len(), 13);
    assert!(figures.iter().all(|f| !f.svg.contains("NaN") && !f.svg.contains("inf")));
}

#[test]
fn a_map_of_the_wrong_shape_is_refused() {
    let mut analysis = synthetic::default_scene();
    analysis.map.cells.pop();
    let dir = tempfile::tempdir().expect("a folder");
    let error = draw(&analysis, &labels(), dir.path()).expect_err("refused");
    assert!(error.to_string().contains("cells where its axes make"), "{error}");
}
