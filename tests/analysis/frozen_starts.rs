//! States that keep the memory of their start are found and left out of every average.

use crate::place::Place;
use crate::say::say;
use adlayer::testing::analysis::MapCell;
use adlayer::testing::workflow::analyze::evaluate;
use std::time::Instant;

/// The default scene with a row at T = 0.12 and no exchange, walkers 0 empty and 1 filled: what keeps the memory of its start is found. (With
/// exchange a row at T = 0.15 forgets it.)
#[test]
#[ignore = "long suite: states frozen in by their start"]
fn states_frozen_in_by_their_start_are_set_aside() {
    let text = include_str!("../../scenes/lj_surface.ron")
        .replace("List([0.24,", "List([0.12, 0.24,")
        .replace("EvenOdd(every: 1,", "EvenOdd(every: 100000,")
        .replace("walkers: 1,", "walkers: 2,")
        .replace("initial: [],", r#"initial: [(species: "B", atoms: 12, placement: Random, walkers: Odd)],"#);
    let place = Place::new(&text);
    let start = Instant::now();
    place.succeed(&["run", "scene.ron", "--device", "cpu", "-o", "run", "--quiet"]);
    let run = place.run("run");
    let evaluation = evaluate(std::slice::from_ref(&run), &run, &Default::default()).expect("an evaluation");
    say(&format!("{:.0} s", start.elapsed().as_secs_f64()));
    let analysis = &evaluation.analysis;
    let checks = &analysis.checks;
    checks.verdict.sentences.iter().for_each(|s| say(&format!("{:?}: {}", s.mood, s.words)));
    for f in &checks.excluded {
        let point = &analysis.grid.states[f.state];
        let mu = point.kt * point.ln_z[0];
        say(&format!("T {} μ' {mu:.2}: even {:.2}, odd {:.2}, z {:.1}", point.temperature, f.even[0], f.odd[0], f.z));
    }
    // One walker empty and one full: nothing but its history tells them apart.
    let cold: Vec<_> = checks.excluded.iter().filter(|f| analysis.grid.states[f.state].temperature < 0.2).collect();
    assert!(cold.iter().any(|f| (f.even[0] - f.odd[0]).abs() > 3.0), "{cold:?}");
    assert!(
        checks
            .verdict
            .sentences
            .iter()
            .any(|s| s.words.contains("frozen in by its start") || s.words.contains("frozen in by their start"))
    );
    for f in &checks.excluded {
        assert_eq!(analysis.direct[f.state].samples, 0, "state {}", f.state);
        let point = &analysis.grid.states[f.state];
        let mu = point.kt * point.ln_z[0];
        let at = |c: &&MapCell| (c.temperature - point.temperature).abs() < 1e-9 && (c.mu[0] - mu).abs() < 1e-9;
        let cell = analysis.map.cells.iter().find(at).expect("a cell at the state");
        assert!(cell.masked && cell.phase.is_none(), "state {}", f.state);
    }
    // The equilibrated part of the default scene is left alone.
    let warm = |k: usize| analysis.grid.states[k].temperature > 0.5;
    assert!(!checks.excluded.iter().any(|f| warm(f.state)), "{:?}", checks.excluded);
}
