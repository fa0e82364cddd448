//! `schedule: (until: BoundaryError(…), max_cycles: …)`: runs that end when their boundaries are known.

use crate::announce::announce;
use crate::outcome::{assert_same, outcome, snapshot};
use crate::place::{Place, stderr, surface};
#[cfg(unix)]
use crate::processes::{signal, wait_until};
use adlayer::testing::run::{RunRecord, RunStatus};
use std::path::Path;

/// Atoms in a flat slit: two-dimensional condensation, a valley of two or three kT at the lower temperature.
pub(crate) fn slit(schedule: &str) -> String {
    format!(
        r#"Scene(
    units: Lj,
    species: [ (name: "B", symbol: "Ar", mass: 1.0) ],
    potential: LennardJones(cutoff: 2.0, truncation: Shifted, pairs: [ (between: ("B","B"), epsilon: 1.0, sigma: 1.0) ]),
    cell: Slab(height: 0.3, lengths: (4.4, 4.4)),
    reservoir: [ (species: "B", max_atoms: 24) ],
    grid: ( temperature: List([0.42, 0.46]), walkers: 2,
            reservoir: [ (species: "B", convention: Activity, values: Linear(from: -1.3, to: -0.5, n: 9)) ] ),
    dynamics: MonteCarlo(displacement: 0.2, attempts: 40),
    moves: (insert_delete: 60),
    schedule: (equilibration: 100, {schedule}),
)"#
    )
}

pub(crate) fn record(run: &Path) -> RunRecord {
    RunRecord::read(run).expect("run.json")
}

/// Errors of the first-order points of `boundaries.csv`.
pub(crate) fn errors(run: &Path) -> Vec<f64> {
    let mut table = csv::Reader::from_path(run.join("analysis/boundaries.csv")).expect("a table");
    let header = table.headers().expect("a header").clone();
    let column = |name: &str| header.iter().position(|h| h == name).expect("a column");
    let (kind, error) = (column("kind"), column("mu_err"));
    let rows = table.records().map(|r| r.expect("a row"));
    rows.filter(|r| &r[kind] == "first_order").map(|r| r[error].parse().expect("a number")).collect()
}

#[test]
fn a_run_is_extended_until_its_boundaries_are_known() {
    let place = Place::new(&slit("production: 3, until: BoundaryError(mu: 0.02), max_cycles: 20000"));
    let output = place.succeed(&["run", "scene.ron", "--device", "cpu", "-o", "run"]);
    let words = stderr(&output);
    assert!(words.contains("no boundary is found yet; an error of 0.02 ε is wanted: 2 further cycles"), "{words}");
    let run = place.run("run");
    let record = record(&run);
    let known = record.boundaries.clone().expect("a goal");
    announce(&format!("{} cycles: {}", record.production_done, known.words));
    assert!(known.enough && known.wanted == 0.02 && known.points > 0);
    // an error of a few samples does not count: 30 independent ones in every state beside a boundary, two walkers
    assert!(words.contains("independent samples, and an error says something from 30 on"), "{words}");
    assert!(record.production_done >= 15 && record.production_done == record.production);
    let errors = errors(&run);
    assert!(!errors.is_empty() && errors.iter().all(|&e| e <= 0.02), "{errors:?}");
    // run.json is read back to the last digit but one.
    let (largest, kept) = (errors.iter().copied().fold(0.0, f64::max), known.largest.expect("the largest error"));
    assert!((largest / kept - 1.0).abs() < 1e-14, "{largest} {kept}");
    assert!(!std::fs::read_to_string(run.join("report.html")).expect("a report").contains("not known as well"));
    // it is finished like any other run, and resuming it changes nothing
    let before = snapshot(&run);
    place.succeed(&["resume", "run", "--quiet"]);
    assert_eq!(snapshot(&run), before);
    // the samples are those of a run of this length from the start
    std::fs::write(place.path().join("long.ron"), slit(&format!("production: {}", record.production)))
        .expect("the scene");
    place.succeed(&["run", "long.ron", "--device", "cpu", "-o", "whole", "--quiet"]);
    let (grown, whole) = (outcome(&run), outcome(&place.run("whole")));
    assert_eq!(grown.samples, whole.samples);
    assert_eq!(grown.states, whole.states);
}

#[test]
fn a_run_that_reaches_its_limit_says_so_and_ends_with_3() {
    let place = Place::new(
        &surface(4, [5, 20])
            .replace("production: 20", "production: 20, until: BoundaryError(mu: 1e-6), max_cycles: 40"),
    );
    let check = String::from_utf8(place.succeed(&["check", "scene.ron"]).stdout).expect("text");
    assert!(
        check.contains("5 + 20, then up to 40 of production until μ of every boundary is known to 0.000001"),
        "{check}"
    );
    let output = place.adlayer(&["run", "scene.ron", "--device", "cpu", "-o", "run"]);
    let words = stderr(&output);
    assert_eq!(output.status.code(), Some(3), "{words}");
    assert!(words.contains("`max_cycles` is reached after 40 production cycles"), "{words}");
    assert!(words.contains("10 further cycles") && words.contains("go on with: adlayer resume run --cycles +N"));
    assert!(String::from_utf8_lossy(&output.stdout).contains("report: run/report.html"), "the results are printed");
    let run = place.run("run");
    let reached = record(&run);
    assert_eq!((reached.production_done, reached.status), (40, RunStatus::Finished));
    assert!(!reached.boundaries.expect("a goal").enough);
    let report = std::fs::read_to_string(run.join("report.html")).expect("a report");
    assert!(report.contains("the boundaries are not known as well as the scene wants"));
    // there is nothing to resume, and the goal is still not reached
    let before = snapshot(&run);
    place.fail(&["resume", "run", "--quiet"], 3);
    assert_eq!(snapshot(&run), before);
    // by hand it may become longer than the limit
    place.fail(&["resume", "run", "--quiet", "--cycles", "+7"], 3);
    assert_eq!(record(&run).production_done, 47);
}

#[test]
fn cycles_of_the_command_line_are_as_many_as_they_say() {
    let place = Place::new(
        &surface(4, [5, 20])
            .replace("production: 20", "production: 20, until: BoundaryError(mu: 1e-6), max_cycles: 40"),
    );
    place.fail(&["run", "scene.ron", "--device", "cpu", "-o", "run", "--cycles", "10"], 3);
    let short = record(&place.run("run"));
    assert_eq!((short.equilibration, short.production_done), (4, 10));
    let verdict = short.verdict.expect("it is analysed");
    assert!(!verdict.trusted && !verdict.reasons.is_empty(), "{verdict:?}");
}

#[test]
#[cfg(unix)]
fn a_run_that_is_stopped_between_its_stretches_goes_on() {
    let text = surface(2, [5, 200])
        .replace("production: 200", "production: 200, until: BoundaryError(mu: 1e-6), max_cycles: 1000");
    let place = Place::new(&text);
    let arguments = ["run", "scene.ron", "--device", "cpu", "--quiet", "-o"];
    let production = |name: &str| {
        let text = std::fs::read_to_string(place.run(name).join("resolved.ron")).unwrap_or_default();
        let after = text.split("production: ").nth(1).unwrap_or_default();
        after.split(',').next().and_then(|n| n.parse::<u32>().ok()).unwrap_or(0)
    };
    let mut child = place.spawn(&[&arguments[..], &["cut"]].concat());
    assert!(wait_until(&mut child, || production("cut") > 200), "it ended without a second stretch");
    signal(&child, "TERM");
    assert_eq!(child.wait().expect("its end").code(), Some(75));
    let cut = record(&place.run("cut"));
    announce(&format!("stopped after {} of {} cycles ({})", cut.production_done, cut.production, cut.status));
    assert!(cut.production_done < 1000);
    // perhaps out of time once more, before a stretch or in it
    let code = place.adlayer(&["resume", "cut", "--quiet", "--walltime", "1s"]).status.code();
    assert!(matches!(code, Some(75 | 3)), "{code:?}");
    place.fail(&["resume", "cut", "--quiet"], 3);
    place.fail(&[&arguments[..], &["whole"]].concat(), 3);
    assert_eq!(record(&place.run("cut")).production_done, 1000);
    assert_same("stopped and resumed", &outcome(&place.run("whole")), &outcome(&place.run("cut")));
}
