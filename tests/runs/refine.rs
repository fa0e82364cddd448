//! `schedule: (until: …, refine: n)`: further runs beside a run, over states that it lacks.

use crate::announce::announce;
use crate::outcome::{assert_same, outcome, snapshot};
use crate::place::{Place, stderr};
#[cfg(unix)]
use crate::processes::{signal, wait_until};
use crate::until::{errors, record, slit};
use adlayer::testing::input::scene;
use adlayer::testing::run::{RunRecord, RunStatus};
use adlayer::testing::workflow::watch::Watched;
use std::path::Path;

/// A line that is known too little for what is wanted.
pub(crate) fn wanting(mu: f64, schedule: &str) -> String {
    slit(&format!("production: 400, until: FirstOrderError(mu: {mu}), {schedule}"))
}

fn text(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

#[test]
fn a_line_is_crossed_by_a_further_run_until_it_is_known() {
    let place = Place::new(&wanting(0.008, "max_cycles: 40000, refine: 1"));
    let output = place.succeed(&["run", "scene.ron", "--device", "cpu", "-o", "run"]);
    let (words, run) = (stderr(&output), place.run("run"));
    let known = record(&run).boundaries.expect("a goal");
    announce(&format!("{words}{}", known.words));
    assert!(known.enough && known.largest.is_some_and(|e| e <= 0.008), "{known:?}");
    let begun = words.lines().find(|l| l.contains("further run 1, states at T = ")).expect("it says what it begins");
    assert!(begun.contains("with windows over N of B = 0 to ") && begun.contains("0.008 ε is wanted"), "{begun}");
    let further = run.join("refined/1");
    assert_eq!(record(&further).status, RunStatus::Finished);
    let own = scene::load(further.join("resolved.ron")).expect("a scene");
    assert!(own.scene.windows.list().len() == 1 && own.scene.schedule.until.is_none() && own.scene.seed != 1);
    assert_eq!(own.scene.grid.reservoir[0].values.len(), 2);
    // One analysis of both, which `analyze` repeats; errors of states are in the table of the run.
    assert!(errors(&run).iter().all(|&e| e <= 0.008));
    place.succeed(&["analyze", "run", "-o", "again"]);
    for table in ["boundaries.csv", "maps.csv", "free_energies.csv"] {
        assert_eq!(text(&run.join("analysis").join(table)), text(&place.run("again/analysis").join(table)), "{table}");
    }
    assert_eq!(text(&run.join("states.csv")).lines().count(), 1 + 18);
    assert!(text(&run.join("report.html")).contains("run/refined/1"));
    // What is finished stays as it is.
    let before = snapshot(&run);
    place.succeed(&["resume", "run", "--quiet"]);
    assert_eq!(snapshot(&run), before);
    place.succeed(&["export", "run", "--pymbar", "all.npz"]);
    assert_watched(&place, &run, &further);
    assert!(place.run("all.npz").is_file());
}

#[test]
fn windows_that_the_program_places_cross_every_line_that_is_found_once() {
    let auto = slit("production: 400").replacen("    dynamics:", "    windows: Auto,\n    dynamics:", 1);
    assert!(auto.contains("windows: Auto"));
    let place = Place::new(&auto);
    let words = String::from_utf8_lossy(&place.succeed(&["check", "scene.ron"]).stdout).into_owned();
    assert!(words.contains("a further run beside it along every first-order line"), "{words}");
    let output = place.succeed(&["run", "scene.ron", "--device", "cpu", "-o", "run"]);
    let (words, run) = (stderr(&output), place.run("run"));
    assert_eq!(words.matches("with windows over N of B = 0 to ").count(), 1, "{words}");
    let own = scene::load(run.join("refined/1/resolved.ron")).expect("a scene");
    assert!(own.scene.windows.list().len() == 1 && own.scene.schedule.production == 400);
    assert!(!run.join("refined/2").exists());
    assert!(text(&run.join("resolved.ron")).contains("windows: Auto"));
    // Errors of the line are those of both runs, and smaller than those of the run by itself.
    let alone = slit("production: 400");
    std::fs::write(place.run("alone.ron"), alone).expect("a scene");
    place.succeed(&["run", "alone.ron", "--device", "cpu", "-o", "alone"]);
    let worst = |run: &str| errors(&place.run(run)).into_iter().fold(0.0, f64::max);
    announce(&format!("largest error of the line: {:.4}, without windows {:.4}", worst("run"), worst("alone")));
    assert!(worst("run") < worst("alone") || worst("alone").is_nan());
    // What is finished stays as it is.
    let before = snapshot(&run);
    place.succeed(&["resume", "run", "--quiet"]);
    assert_eq!(snapshot(&run), before);
    // Stopped before its further run has begun, it begins then.
    std::fs::remove_dir_all(run.join("refined")).expect("a further run");
    let mut stopped = record(&run);
    stopped.seconds_analysis = 0.0;
    stopped.write(&run).expect("a record");
    place.succeed(&["resume", "run", "--quiet"]);
    assert!(run.join("refined/1/resolved.ron").is_file());
}

/// `watch` shows a further run beside the run, and knows that something is still to come until the goal is reached.
fn assert_watched(place: &Place, run: &Path, further: &Path) {
    let seen = |what: &str| {
        let look = Watched::new(run).and_then(|mut watched| watched.look()).expect("a look");
        let words = String::from_utf8_lossy(&place.succeed(&["watch", "run", "--once"]).stdout).into_owned();
        assert_eq!(words.matches("further run 1 over ").count(), 1, "{what}:\n{words}");
        (look.goes_on, look.is_between_runs(), words)
    };
    let change = |run: &Path, change: &dyn Fn(&mut RunRecord)| {
        let mut changed = record(run);
        change(&mut changed);
        changed.write(run).expect("a record");
    };
    let (goes_on, _, words) = seen("finished");
    assert!(!goes_on && words.contains("states · finished") && words.matches("done        █").count() == 2, "{words}");
    change(further, &|r| (r.status, r.cycles_done) = (RunStatus::Running, r.cycles_done / 2));
    let lock = std::fs::File::options().write(true).open(further.join("lock")).expect("a lock");
    lock.lock().expect("nobody holds it");
    let (goes_on, between, words) = seen("the further run goes on");
    drop(lock);
    assert!(goes_on && !between && words.contains("states · running") && words.contains(" left"), "{words}");
    change(further, &|r| r.status = RunStatus::Finished);
    change(run, &|r| r.boundaries.as_mut().expect("a goal").enough = false);
    let (goes_on, between, words) = seen("the goal is being judged");
    assert!(goes_on && between && words.contains("analysing   whether the goal"), "{words}");
    change(further, &|r| r.status = RunStatus::Interrupted);
    assert!(!seen("interrupted").0);
}

#[test]
fn states_that_do_not_exchange_are_given_others_between() {
    let far = slit("production: 60, until: BoundaryError(mu: 1e-6), max_cycles: 90, refine: 1")
        .replace("Linear(from: -1.3, to: -0.5, n: 9)", "List([-1.7, 0.0])");
    let place = Place::new(&far);
    let output = place.adlayer(&["run", "scene.ron", "--device", "cpu", "-o", "run"]);
    let words = stderr(&output);
    assert_eq!(output.status.code(), Some(3), "{words}");
    assert!(words.contains("further run 1, states between values of B = -1.7 and 0, which do not exchange"), "{words}");
    let further = place.run("run/refined/1");
    let own = scene::load(further.join("resolved.ron")).expect("a scene");
    let values = own.scene.grid.reservoir[0].values.values();
    assert!(values.len() > 2 && values[0] == -1.7 && values[values.len() - 1] == 0.0, "{values:?}");
    assert_eq!(own.scene.grid.temperature.values(), [0.42, 0.46]);
    // It keeps step with the run.
    assert_eq!((record(&place.run("run")).production_done, record(&further).production_done), (90, 90));
    // It starts from what the nearest states held: none of it is empty where the run is dense.
    let samples = adlayer::testing::sample::read_samples(&further, &["B".to_owned()]).expect("samples");
    let dense = (0..samples.len()).filter(|&n| samples.cycle[n] == 0).map(|n| samples.counts[0][n]).max();
    assert!(dense.is_some_and(|n| n > 8), "{dense:?}");
}

#[test]
#[cfg(unix)]
fn a_further_run_that_is_cut_short_goes_on_to_the_same_bits() {
    let place =
        Place::new(&wanting(1e-4, "max_cycles: 4000, refine: 1").replace("production: 400", "production: 3000"));
    let arguments = ["run", "scene.ron", "--device", "cpu", "--quiet", "--checkpoint-every", "0.05", "-o"];
    let mut child = place.spawn(&[&arguments[..], &["cut"]].concat());
    let further = place.run("cut/refined/1");
    assert!(wait_until(&mut child, || further.join("samples/part-00000.parquet").exists()), "it ended without one");
    signal(&child, "TERM");
    assert_eq!(child.wait().expect("its end").code(), Some(75));
    let (status, done) = (record(&further).status, record(&further).production_done);
    announce(&format!("{status} after {done} cycles"));
    if status == RunStatus::Interrupted {
        let said = stderr(&place.adlayer(&["analyze", "cut", "-o", "halfway"]));
        assert!(said.contains("cut/refined/1 was interrupted after"), "{said}");
    }
    place.fail(&["resume", "cut", "--quiet"], 3);
    place.fail(&[&arguments[..], &["whole"]].concat(), 3);
    for run in ["", "refined/1"] {
        let (cut, whole) = (place.run("cut").join(run), place.run("whole").join(run));
        assert_same("cut short and resumed", &outcome(&whole), &outcome(&cut));
    }
    let boundaries = |name: &str| text(&place.run(name).join("analysis/boundaries.csv"));
    assert_eq!(boundaries("cut"), boundaries("whole"));
}
