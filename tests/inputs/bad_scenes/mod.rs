//! Broken scenes: each is refused with its message, place, value and remedy, and nothing is written.

mod cell;
mod files;
mod grid;
mod observables;
mod particles;
mod run;
mod species;
mod windows;
mod words;

use assert_cmd::Command;

/// A scene that is good, to be broken in one place.
const GOOD: &str = include_str!("../../data/bad_scenes/good.ron");

/// One way to break it.
struct Case {
    /// Texts to replace, each with its replacement.
    breaks: &'static [(&'static str, &'static str)],
    /// Line and column of the mark.
    at: (usize, usize),
    /// What is wrong.
    message: &'static str,
    /// What to do.
    help: &'static str,
}

const fn case(
    breaks: &'static [(&'static str, &'static str)],
    at: (usize, usize),
    message: &'static str,
    help: &'static str,
) -> Case {
    Case { breaks, at, message, help }
}

/// All of them, by what is broken.
const CASES: [&[Case]; 8] = [
    words::CASES,
    cell::CASES,
    grid::CASES,
    species::CASES,
    run::CASES,
    observables::CASES,
    particles::CASES,
    windows::CASES,
];

/// The good scene, broken.
fn broken(case: &Case) -> String {
    case.breaks.iter().fold(GOOD.to_owned(), |text, (old, new)| {
        assert_eq!(text.matches(old).count(), 1, "`{old}` stands once in the scene");
        text.replace(old, new)
    })
}

/// Runs the program in a folder that holds `files`, and asserts that it leaves nothing else there.
fn run(files: &[(&str, &str)], arguments: &[&str]) -> (Option<i32>, String, String) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for (name, content) in files {
        std::fs::write(folder.path().join(name), content).expect("a file");
    }
    let mut command = Command::new(env!("CARGO_BIN_EXE_adlayer"));
    let output = command.current_dir(folder.path()).args(arguments).output().expect("the program starts");
    let left = std::fs::read_dir(folder.path()).expect("the folder").count();
    assert_eq!(left, files.len(), "{arguments:?} wrote something");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
    (output.status.code(), text(output.stdout), text(output.stderr))
}

#[test]
fn the_scene_is_good_before_it_is_broken() {
    let (code, _, stderr) = run(&[("scene.ron", GOOD)], &["check", "scene.ron"]);
    assert_eq!((code, stderr.as_str()), (Some(0), ""));
}

#[test]
fn every_broken_scene_is_refused_with_its_message() {
    let mut wrong = Vec::new();
    for case in CASES.into_iter().flatten() {
        let (code, stdout, stderr) = run(&[("scene.ron", &broken(case))], &["check", "scene.ron"]);
        let found = |line: String| stderr.lines().any(|l| l.trim_start_matches([' ', '┌', '─', '=']) == line);
        let place = format!("scene.ron:{}:{}", case.at.0, case.at.1);
        let complete =
            found(format!("error: {}", case.message)) && found(place) && found(format!("help: {}", case.help));
        if code != Some(65) || !stdout.is_empty() || !complete {
            wrong.push(format!("{:?} ends with {code:?}:\n{stderr}", case.breaks));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn run_refuses_what_check_refuses() {
    for case in CASES.into_iter().flatten().step_by(5) {
        let (code, stdout, stderr) = run(&[("scene.ron", &broken(case))], &["run", "scene.ron"]);
        assert_eq!((code, stdout.as_str()), (Some(65), ""), "{stderr}");
        assert!(stderr.contains(case.message), "{stderr}");
    }
}

#[test]
fn the_mark_stands_under_the_value() {
    let text = GOOD.replace("(name: \"B\", symbol: \"Ar\", mass: 1.0)", "(name: \"B\", symbol: \"Ar\", mass: -1)");
    let (_, _, stderr) = run(&[("scene.ron", &text)], &["check", "scene.ron"]);
    let expected = "error: `mass` is -1, not above 0
  ┌─ scene.ron:6:41
  │
5 │         (name: \"A\", symbol: \"Cu\", mass: 1.0),
6 │         (name: \"B\", symbol: \"Ar\", mass: -1),
  │                                         ^^
7 │     ],
  │
  = help: give a number above 0
";
    assert_eq!(stderr, expected);
}

#[test]
#[expect(clippy::print_stdout, reason = "a skipped test says so")]
fn a_run_that_cannot_fit_is_refused() {
    if !std::path::Path::new("/proc/meminfo").exists() {
        println!("skipped: this system does not say how much memory is free");
        return;
    }
    let text = GOOD.replace("max_atoms: 64", "max_atoms: 65000").replace("n: 14))],", "n: 14))], walkers: 60000");
    for command in ["check", "run"] {
        let (code, _, stderr) = run(&[("scene.ron", &text)], &[command, "scene.ron"]);
        assert_eq!(code, Some(65), "{stderr}");
        assert!(stderr.contains("error: the run needs 79.9 TiB of memory, and "), "{stderr}");
        assert!(stderr.contains("┌─ scene.ron:21:11\n"), "{stderr}");
        assert!(stderr.contains("help: make the grid, `walkers`, `max_atoms`"), "{stderr}");
    }
}
