//! A run that goes on until its phase diagram is known, with a further run beside it.

use crate::place::Place;
use crate::say::say;
use adlayer::testing::analysis::{BoundaryKind, BoundaryPoint};
use adlayer::testing::workflow::analyze::evaluate;

/// μ' of the line gas → √3×√3 at T = 0.24: the mean over six ladders of 36,000 cycles, known to 0.0002.
const LINE: (f64, f64) = (0.24, -6.1985);

#[test]
#[ignore = "long suite: the default scene until its line is known to 0.003"]
fn a_run_that_stops_by_itself_knows_its_phase_diagram() {
    let place = Place::new(include_str!("../../scenes/lj_surface_until.ron"));
    place.succeed(&["run", "scene.ron", "--device", "cpu", "-o", "run", "--quiet"]);
    let run = place.run("run");
    let analysis = evaluate(std::slice::from_ref(&run), &run, &Default::default()).expect("an evaluation").analysis;
    let lines: Vec<&BoundaryPoint> =
        analysis.boundaries.iter().filter(|b| b.kind == BoundaryKind::FirstOrder).collect();
    for b in &lines {
        say(&format!("T = {}: {:.4} ± {:.4}, {:?} crossings", b.temperature, b.mu[0], b.mu_err, b.crossings));
        assert!(b.is_converged(), "T = {}: {:?} crossings", b.temperature, b.crossings);
    }
    let at = |b: &&&BoundaryPoint| (b.temperature - LINE.0).abs() < 1e-9 && b.mu[0] < -5.0;
    let point = lines.iter().find(at).expect("a point of the line");
    assert!(point.mu_err <= 0.003, "± {}", point.mu_err);
    assert!((point.mu[0] - LINE.1).abs() <= 4.0 * point.mu_err, "{} ± {}", point.mu[0], point.mu_err);
}
