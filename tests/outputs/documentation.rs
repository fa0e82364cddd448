//! The documentation against the program: its commands run, its links and paths lead somewhere, and it names every file,
//! column and field of a run.
//!
//! Commands are the lines of `sh` blocks. A comment right before a block says how they are shortened here:
//! `<!-- test: run --cycles 30; bench --repeats 1 -->` sets these options of the commands with the words `run` and
//! `bench`, whatever the block says. `# exits with 75` after a command is the exit code that is expected instead of 0.

use crate::figures::labels::assert_no_overlap;
use assert_cmd::Command;
use parquet::file::reader::{FileReader, SerializedFileReader};
use std::collections::{BTreeSet, HashSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Commands that no test can run, and why.
const NOT_RUN: [(&str, &str); 4] = [
    ("cargo install --path . --locked", "it installs for the user who runs the tests; .ci/stranger runs it elsewhere"),
    ("cargo test", "it runs this test"),
    ("python -m pip install matplotlib pandas", "as the first; .ci/stranger runs it"),
    ("python docs/plots/isotherms.py krypton Kr isotherms.pdf", "it needs what that installs; .ci/stranger runs it"),
];

fn project() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn page(name: &str) -> String {
    fs::read_to_string(project().join(name)).unwrap_or_else(|e| panic!("{name}: {e}"))
}

/// A command of a page.
#[derive(Debug, PartialEq)]
struct Documented {
    line: usize,
    words: Vec<String>,
    exit_code: i32,
}

/// The commands of a page, shortened as it says.
fn commands(text: &str) -> Vec<Documented> {
    let (mut all, mut block) = (Vec::new(), None);
    // What the comment before a block says, and which of its rules were of use.
    let mut rule: Option<(&str, BTreeSet<usize>)> = None;
    for (i, line) in text.lines().enumerate() {
        let at = i + 1;
        if let Some(fence) = line.strip_prefix("```") {
            block = match block {
                Some(_) => None,
                None => Some(fence),
            };
            if block == Some("sh") {
                continue;
            }
            assert!(rule.is_none() || block.is_none(), "line {at}: the comment before it shortens no `sh` block");
            if let Some((shortened, used)) = rule.take() {
                let needed = rules(shortened).len();
                assert_eq!(used.len(), needed, "line {at}: a command is shortened that the block does not have");
            }
        } else if block == Some("sh") {
            let (command, comment) = line.split_once(" #").unwrap_or((line, ""));
            let mut words: Vec<String> = command.split_whitespace().map(str::to_owned).collect();
            assert!(!command.contains(['"', '\'', '|', '&', ';', '$', '\\', '>', '<']), "line {at}: more than words");
            if words.is_empty() {
                continue;
            }
            if let Some((shortened, used)) = &mut rule {
                for (k, (word, options)) in rules(shortened).into_iter().enumerate() {
                    if words.iter().any(|w| *w == word) {
                        set(&mut words, &options);
                        used.insert(k);
                    }
                }
            }
            let code = comment.split_once("exits with ").map_or("0", |c| c.1.split_whitespace().next().unwrap_or(""));
            let exit_code = code.parse().unwrap_or_else(|_| panic!("line {at}: `{code}` is no exit code"));
            all.push(Documented { line: at, words, exit_code });
        } else if let Some(shortened) = line.strip_prefix("<!-- test: ") {
            let Some(shortened) = shortened.strip_suffix(" -->") else { panic!("line {at}: `-->` is missing") };
            rule = Some((shortened, BTreeSet::new()));
        } else {
            assert!(rule.is_none(), "line {at}: the comment before it shortens no `sh` block");
        }
    }
    assert!(block.is_none(), "a block is not closed");
    all
}

/// (word of the command, options with their values) of a comment.
fn rules(shortened: &str) -> Vec<(&str, Vec<&str>)> {
    shortened
        .split(';')
        .map(|rule| {
            let mut words = rule.split_whitespace();
            (words.next().expect("a word of the command"), words.collect())
        })
        .collect()
}

/// Sets options of a command, in place of what it says.
fn set(words: &mut Vec<String>, options: &[&str]) {
    for (i, option) in options.iter().enumerate().filter(|(_, o)| o.starts_with("--")) {
        let name = option.split('=').next().unwrap_or(option);
        let has_value = options.get(i + 1).is_some_and(|next| !next.starts_with("--"));
        if let Some(at) = words.iter().position(|w| w.split('=').next() == Some(name)) {
            let end = at + 1 + usize::from(has_value);
            words.drain(at..end);
        }
    }
    words.extend(options.iter().map(|&o| o.to_owned()));
}

/// What a command asks of the program; `None` for those of [`NOT_RUN`] and for examples, which the tests run by themselves.
fn arguments(words: &[String]) -> Option<&[String]> {
    let line = words.join(" ");
    let words_of = |n: usize| words.iter().take(n).map(String::as_str).collect::<Vec<_>>();
    if words_of(1) == ["adlayer"] {
        return Some(&words[1..]);
    }
    if words_of(4) == ["cargo", "run", "--release", "--"] {
        return Some(&words[4..]);
    }
    if words_of(4) == ["cargo", "run", "--release", "--example"] {
        let example = words.get(4).expect("the name of an example");
        assert!(project().join("examples").join(format!("{example}.rs")).is_file(), "there is no example {example}");
        return None;
    }
    assert!(NOT_RUN.iter().any(|(command, _)| *command == line), "`{line}` is not recognised");
    None
}

/// Runs the commands of a page in a folder that holds `scenes`.
fn run_commands(name: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    copy(&project().join("scenes"), &folder.path().join("scenes"));
    let commands = commands(&page(name));
    assert!(commands.len() > 4, "{name} has commands");
    for Documented { line, words, exit_code } in commands {
        let Some(arguments) = arguments(&words) else { continue };
        let output = Command::new(env!("CARGO_BIN_EXE_adlayer"))
            .current_dir(folder.path())
            .args(arguments)
            .output()
            .expect("the program starts");
        let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert_eq!(output.status.code(), Some(exit_code), "{name}:{line}: `{}`\n{said}", words.join(" "));
    }
    folder
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("a folder") {
        let path = entry.expect("an entry").path();
        let target = to.join(path.file_name().expect("a name"));
        if path.is_dir() {
            copy(&path, &target);
        } else {
            fs::copy(&path, &target).expect("a copy");
        }
    }
}

#[test]
fn the_readme_is_one_page_and_its_commands_run() {
    let readme = page("README.md");
    assert!(readme.lines().count() <= 120, "README.md has {} lines", readme.lines().count());
    let all: Vec<String> = commands(&readme).iter().map(|c| c.words.join(" ")).collect();
    let tutorial: Vec<String> = commands(&page("docs/tutorial.md")).iter().map(|c| c.words.join(" ")).collect();
    for (command, _) in NOT_RUN {
        assert!(all.iter().chain(&tutorial).any(|c| c == command), "`{command}` is in no page any more");
    }
    // what CI runs
    let main = "cargo run --release -- run scenes/lj_surface.ron";
    assert!(readme.contains(main) && page(".ci/run").contains(main));
    run_commands("README.md");
}

#[test]
fn the_commands_of_the_tutorial_run_and_give_what_its_figure_needs() {
    let folder = run_commands("docs/tutorial.md");
    for file in ["report.html", "analysis/boundaries.csv", "figures/isotherms_pressure_Kr.csv"] {
        assert!(folder.path().join("krypton").join(file).is_file(), "{file}");
    }
    let tutorial = page("docs/tutorial.md");
    for figure in tutorial.split('`').filter(|word| word.ends_with("_Kr")) {
        assert!(folder.path().join(format!("krypton/figures/{figure}.svg")).is_file(), "{figure}");
    }
    // what each script reads is there
    for script in ["phase_diagram", "map", "isotherms", "isosteric_heat", "henry", "distribution", "exchange", "flow"] {
        let text = page(&format!("docs/plots/{script}.py"));
        let named = text.split(['"', '\'']).filter(|word| word.ends_with(".csv")).map(|w| w.replace("{species}", "Kr"));
        let found: Vec<String> = named.collect();
        assert!(!found.is_empty(), "{script} reads nothing");
        for file in found {
            let is_there = |part: &str| folder.path().join("krypton").join(part).join(&file).is_file();
            assert!(["", "analysis", "figures"].into_iter().any(is_there), "{script} reads {file}");
        }
    }
}

#[test]
fn the_page_of_fields_is_what_the_program_prints() {
    let output = Command::new(env!("CARGO_BIN_EXE_adlayer")).args(["fields", "--markdown"]).output();
    let printed = String::from_utf8(output.expect("the program starts").stdout).expect("UTF-8");
    let stored = page("docs/fields.md");
    let differs = printed.lines().zip(stored.lines()).find(|(a, b)| a != b);
    assert!(printed == stored, "`adlayer fields --markdown > docs/fields.md` is due; first difference: {differs:?}");
}

#[test]
fn every_page_is_in_the_summary_of_the_book() {
    let summary = page("docs/SUMMARY.md");
    let listed: BTreeSet<&str> = summary.split("](").skip(1).filter_map(|rest| rest.split(')').next()).collect();
    let names: Vec<String> = pages()
        .iter()
        .filter_map(|p| p.strip_prefix("docs").ok())
        .map(|p| p.to_string_lossy().into_owned())
        .filter(|name| name != "SUMMARY.md")
        .collect();
    assert_eq!(listed, names.iter().map(String::as_str).collect());
    assert!(page("docs/book.toml").contains("src = \".\""));
}

#[test]
fn the_commands_of_the_guide_run_and_leave_what_is_documented() {
    let folder = run_commands("docs/guide.md");
    let run = folder.path().join("runs/my_surface");
    let known = code_words(&page("docs/files.md"));
    // The page says once for all that `x_err` is the error of `x`.
    let is_known = |name: &String| known.contains(name.strip_suffix("_err").unwrap_or(name)) || known.contains(name);
    let unknown = |what: &str, names: Vec<String>| {
        let missing: BTreeSet<_> = names.into_iter().filter(|n| !is_known(n)).collect();
        assert!(missing.is_empty(), "docs/files.md does not name these {what}: {missing:?}");
    };

    let files = files_of(&run);
    assert!(files.len() > 100, "{} files", files.len());
    unknown("files", files.iter().map(|f| documented_file(f)).collect());

    let mut columns = Vec::new();
    for file in files.iter().filter(|f| f.extension().is_some_and(|e| e == "csv") && !is_figure(f)) {
        let text = fs::read_to_string(file).expect("a table");
        columns.extend(text.lines().next().expect("a header").split(',').map(documented_column));
    }
    for file in files.iter().filter(|f| f.extension().is_some_and(|e| e == "parquet")) {
        let reader = SerializedFileReader::new(fs::File::open(file).expect("a part")).expect("Parquet");
        let schema = reader.metadata().file_metadata().schema_descr();
        columns.extend(schema.columns().iter().map(|c| documented_column(c.name())));
    }
    assert!(columns.len() > 200, "{} columns", columns.len());
    unknown("columns", columns);

    let record = fs::read_to_string(run.join("run.json")).expect("run.json");
    let record: serde_json::Value = serde_json::from_str(&record).expect("JSON");
    unknown("fields of run.json", record.as_object().expect("an object").keys().cloned().collect());

    // every kind of figure that the guide leads to
    let pictures = files_of(folder.path()).into_iter().filter(|f| f.extension().is_some_and(|e| e == "svg"));
    let labels = pictures.map(|file| {
        let svg = fs::read_to_string(&file).expect("a picture");
        assert_no_overlap(&svg, &file.display().to_string())
    });
    assert!(labels.sum::<usize>() > 3_000);

    let resolved = fs::read_to_string(run.join("resolved.ron")).expect("resolved.ron");
    let manual = page("docs/scene.md");
    let fields: BTreeSet<&str> =
        resolved.lines().filter_map(|l| l.trim().split_once(':')).map(|(name, _)| name).collect();
    assert!(fields.len() > 30, "{fields:?}");
    for field in fields.iter().filter(|f| f.chars().all(|c| c.is_ascii_lowercase() || c == '_')) {
        assert!(
            manual.contains(&format!("{field}:")) || manual.contains(&format!("`{field}`")),
            "docs/scene.md: {field}"
        );
    }
}

/// Every file below a folder.
fn files_of(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            files.extend(files_of(&path));
        } else {
            files.push(path);
        }
    }
    files
}

fn is_figure(file: &Path) -> bool {
    file.parent().is_some_and(|folder| folder.ends_with("figures"))
}

/// A file as `docs/files.md` names it: `NNNNN` for its number; the stem of a figure with `<s>` and `<k>`.
fn documented_file(file: &Path) -> String {
    if is_figure(file) {
        return documented_column(&file.file_stem().expect("a stem").to_string_lossy());
    }
    let name = file.file_name().expect("a name").to_string_lossy().into_owned();
    let digits = name.chars().filter(char::is_ascii_digit).count();
    if digits >= 5 { name.replace(|c: char| c.is_ascii_digit(), "N") } else { name }
}

/// A column as `docs/files.md` names it: `<s>` for the species B, `<k>` for a number.
fn documented_column(name: &str) -> String {
    let part = |part: &str| match part.trim_end_matches(|c: char| c.is_ascii_digit()) {
        "B" => "<s>".to_owned(),
        "" => "<k>".to_owned(),
        "layer" if part.len() > 5 => "layer<k>".to_owned(),
        _ => part.to_owned(),
    };
    name.split('_').map(part).collect::<Vec<_>>().join("_")
}

/// The words of the code spans of a page.
fn code_words(text: &str) -> HashSet<String> {
    let is_word = |c: char| c.is_ascii_alphanumeric() || "_<>.-*".contains(c);
    let spans = text.split('`').skip(1).step_by(2);
    spans.flat_map(|span| span.split(|c| !is_word(c))).map(str::to_owned).collect()
}

#[test]
fn the_scene_of_the_manual_is_sound() {
    let manual = page("docs/scene.md");
    let scene = manual.split("```ron\n").nth(1).and_then(|rest| rest.split("```").next()).expect("a scene");
    let folder = tempfile::tempdir().expect("a temporary folder");
    fs::write(folder.path().join("every.ron"), scene).expect("the scene");
    let check = Command::new(env!("CARGO_BIN_EXE_adlayer"))
        .current_dir(folder.path())
        .args(["check", "every.ron"])
        .output()
        .expect("the program starts");
    assert_eq!(String::from_utf8_lossy(&check.stderr), "");
    assert!(check.status.success());
}

/// The `ron` blocks of a page.
fn ron_blocks(text: &str) -> Vec<&str> {
    text.split("```ron\n").skip(1).filter_map(|rest| rest.split("```").next()).collect()
}

/// A scene with another potential.
fn with_potential(scene: &str, potential: &str) -> String {
    let from = scene.find("    potential:").expect("a potential");
    let line = scene[from..].find('\n').expect("lines");
    let in_one_line = scene[from..from + line].contains("),");
    let to = if in_one_line { line + 1 } else { scene[from..].find("\n    ),\n").expect("its end") + 8 };
    format!("{}{potential}{}", &scene[..from], &scene[from + to..])
}

const ONE_SPECIES: &str = r#"Scene(
    units: Lj,
    species: [(name: "B", symbol: "Ar", mass: 1.0)],
    potential: Nothing(),
    cell: Bulk(lengths: (6.0, 6.0, 6.0)),
    reservoir: [(species: "B", max_atoms: 60)],
    grid: (temperature: List([1.4]), reservoir: [(species: "B", convention: Activity, values: List([-6.0, -5.0]))]),
    dynamics: MonteCarlo(displacement: 0.3, attempts: 20),
    moves: (insert_delete: 20),
    schedule: (equilibration: 10, production: 40),
)"#;

#[test]
fn the_potentials_of_the_manual_are_sound_in_a_scene() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    copy(&project().join("scenes"), folder.path());
    for (from, keyword, to, own) in [("mixture", "AB\n", "pair", "A_B\n"), ("lj", "LJ\n", "argon", "ARGON\n")] {
        let table = page(&format!("tests/data/pair_forms/{from}.table")).replacen(keyword, own, 1);
        fs::write(folder.path().join(format!("{to}.table")), table).expect("a table");
    }
    let (manual, external) = (page("docs/scene.md"), page("docs/external.md"));
    let (every, silicon) = (ron_blocks(&manual)[0], page("scenes/si100_d2_sw.ron"));
    let mut seen = BTreeSet::new();
    for block in ron_blocks(&manual).into_iter().skip(1).chain(ron_blocks(&external)) {
        let word = block.split([' ', '(']).nth(1).expect("a potential");
        let scene = match word {
            "StillingerWeber" | "External" => &silicon,
            "Morse" => ONE_SPECIES,
            _ => every,
        };
        fs::write(folder.path().join("scene.ron"), with_potential(scene, block)).expect("the scene");
        let mut check = Command::new(env!("CARGO_BIN_EXE_adlayer"));
        let check = check.current_dir(folder.path()).args(["check", "scene.ron"]).output().expect("the program starts");
        assert!(check.status.success(), "{word}: {}", String::from_utf8_lossy(&check.stderr));
        seen.insert(word);
    }
    assert_eq!(seen, ["External", "Morse", "StillingerWeber", "Table"].into());
}

/// The pages that are read on a screen.
fn pages() -> Vec<PathBuf> {
    let mut pages = vec!["README.md".into(), "ARCHITECTURE.md".into(), "CHANGELOG.md".into()];
    pages.push("CONTRIBUTING.md".into());
    pages.push("benches/peers/README.md".into());
    for entry in fs::read_dir(project().join("docs")).expect("the folder of documents") {
        let path = entry.expect("an entry").path();
        if path.extension().is_some_and(|e| e == "md") {
            pages.push(Path::new("docs").join(path.file_name().expect("a name")));
        }
    }
    pages
}

/// Links of a page that lead to no file of the project, or to no heading of it.
fn dead_links(name: &Path, text: &str) -> Vec<String> {
    let links = text.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    let is_dead = |link: &&str| {
        let (path, heading) = link.split_once('#').unwrap_or((link, ""));
        let target = match path {
            "" => name.to_owned(),
            path => name.parent().unwrap_or(Path::new("")).join(path),
        };
        let target = project().join(target);
        match heading {
            "" => !target.exists(),
            heading => !fs::read_to_string(target).is_ok_and(|text| anchors(&text).iter().any(|a| a == heading)),
        }
    };
    links.filter(|link| !link.starts_with("https://")).filter(is_dead).map(str::to_owned).collect()
}

/// The names of the headings of a page in links.
fn anchors(text: &str) -> Vec<String> {
    let name = |line: &str| -> String {
        let title = line.trim_start_matches('#').trim().to_lowercase();
        let kept = title.chars().filter(|c| c.is_alphanumeric() || "-_ ".contains(*c));
        kept.map(|c| if c == ' ' { '-' } else { c }).collect()
    };
    text.lines().filter(|line| line.starts_with('#')).map(name).collect()
}

#[test]
fn pages_of_the_book_link_to_nothing_outside_of_it() {
    // The book holds docs/ alone; a path in a code span serves there and on a page of the sources alike.
    let leaves = |text: &str| text.split("](").skip(1).filter(|rest| rest.starts_with("../")).count();
    for name in pages().iter().filter(|p| p.starts_with("docs")) {
        assert_eq!(leaves(&page(&name.to_string_lossy())), 0, "{}", name.display());
    }
    assert_eq!(leaves("[a](b.md) [c](../d.md)"), 1);
}

#[test]
fn links_lead_to_files_and_headings() {
    let mut links = 0;
    for name in pages() {
        let text = page(&name.to_string_lossy());
        links += text.matches("](").count();
        assert_eq!(dead_links(&name, &text), Vec::<String>::new(), "{}", name.display());
    }
    assert!(links > 60, "{links} links");
}

/// Paths of the project in the code spans of a page that lead nowhere; a placeholder in capitals stands for a new file.
fn dead_paths(text: &str) -> Vec<String> {
    let rooms = ["src/", "shaders/", "tests/", "examples/", "docs/", "benches/", "scenes/", ".ci/"];
    let is_path = |span: &&str| rooms.iter().any(|room| span.starts_with(room)) && !span.contains("NAME");
    let spans = text.split('`').skip(1).step_by(2);
    // with its options, where it is a command
    let paths = spans.filter(is_path).filter_map(|span| span.split_whitespace().next());
    paths.filter(|path| !project().join(path).exists()).map(str::to_owned).collect()
}

#[test]
fn paths_in_the_pages_of_the_book_exist() {
    for name in pages().iter().filter(|p| p.starts_with("docs")) {
        assert_eq!(dead_paths(&page(&name.to_string_lossy())), Vec::<String>::new(), "{}", name.display());
    }
}

#[test]
fn paths_in_the_architecture_exist() {
    let architecture = page("ARCHITECTURE.md");
    assert_eq!(dead_paths(&architecture), Vec::<String>::new());
    for entry in fs::read_dir(project().join("src")).expect("the rooms").map(|e| e.expect("an entry").path()) {
        let room = entry.file_name().expect("a name").to_string_lossy();
        assert!(
            entry.is_file() || architecture.contains(&format!("\n| `{room}` |")),
            "the room {room} is not described"
        );
    }
    assert_eq!(dead_paths("`src/lib.rs` `src/NAME.rs` `src/no.rs` `x/y`"), ["src/no.rs"]);
}

#[test]
fn a_dead_link_and_a_dead_heading_are_found() {
    let text = "# Title\n[a](README.md) [b](nowhere.md) [c](#is-it-right) [d](#other) [e](docs/guide.md#a-scene) [f](docs/guide.md#no)";
    assert_eq!(dead_links(Path::new("README.md"), text), ["nowhere.md", "#other", "docs/guide.md#no"]);
}

#[test]
fn commands_are_shortened_as_the_page_says() {
    let text = "<!-- test: run --cycles 3 --quiet; bench --mu=1 -->\n```sh\nadlayer run x.ron --cycles 90 -o y  # exits with 75\n\n\
                adlayer bench --mu=-5:-1 z\n```\n```text\nnothing\n```\n";
    let found: Vec<_> = commands(text).into_iter().map(|c| (c.line, c.words.join(" "), c.exit_code)).collect();
    let run = (3, "adlayer run x.ron -o y --cycles 3 --quiet".to_owned(), 75);
    assert_eq!(found, [run, (5, "adlayer bench z --mu=1".to_owned(), 0)]);
}

#[test]
#[should_panic(expected = "a command is shortened that the block does not have")]
fn a_shortened_command_must_be_there() {
    commands("<!-- test: run --cycles 3 -->\n```sh\nadlayer check x.ron\n```\n");
}

#[test]
#[should_panic(expected = "shortens no `sh` block")]
fn a_shortening_must_stand_before_its_block() {
    commands("<!-- test: run --cycles 3 -->\n\n```sh\nadlayer run x.ron\n```\n");
}

#[test]
#[should_panic(expected = "`make all` is not recognised")]
fn an_unknown_command_is_refused() {
    arguments(&["make".to_owned(), "all".to_owned()]);
}
