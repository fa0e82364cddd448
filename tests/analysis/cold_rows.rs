//! Rows so cold that no replica crosses their first-order line, which windows lead across.

use crate::place::Place;
use crate::say::say;
use adlayer::testing::analysis::BoundaryKind;
use adlayer::testing::workflow::analyze::evaluate;

/// T and μ' of the line gas → √3×√3: means over six ladders of 20,000 cycles, three that start empty and three with 12
/// atoms; known to 0.0002.
const LINE: [(f64, f64); 3] = [(0.15, -6.6518), (0.18, -6.4967), (0.21, -6.3473)];
/// How far a run may be off \[ε\].
const WITHIN: f64 = 0.005;

#[test]
#[ignore = "long suite: rows at T = 0.15 to 0.21 from an empty and from a filled start"]
fn cold_rows_agree_with_long_ladders_wherever_they_start() {
    let empty = include_str!("../../scenes/lj_surface_cold.ron");
    let filled = empty.replace("initial: [],", r#"initial: [(species: "B", atoms: 12, placement: Random)],"#);
    assert_ne!(empty, filled);
    for (name, text) in [("empty", empty), ("filled", &filled)] {
        let place = Place::new(text);
        place.succeed(&["run", "scene.ron", "--device", "cpu", "-o", "run", "--quiet"]);
        let run = place.run("run");
        let analysis = evaluate(std::slice::from_ref(&run), &run, &Default::default()).expect("an evaluation").analysis;
        for (temperature, mu) in LINE {
            let line = analysis.boundaries.iter().filter(|b| b.kind == BoundaryKind::FirstOrder);
            let at = |b: &&adlayer::testing::analysis::BoundaryPoint| {
                (b.temperature - temperature).abs() < 1e-9 && b.mu[0] < -5.0
            };
            let point = line.into_iter().find(at).expect("a point of the line");
            say(&format!("{name}, T = {temperature}: {:.4} ± {:.4}, {mu}", point.mu[0], point.mu_err));
            assert!((point.mu[0] - mu).abs() <= WITHIN, "{name}, T = {temperature}: {} beside {mu}", point.mu[0]);
        }
    }
}
