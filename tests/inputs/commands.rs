//! Commands gas, aiat and che run on shipped and on broken files, in folders of their own.

use assert_cmd::Command;
use serde_json::Value;
use std::path::{Path, PathBuf};

pub(crate) fn scenes() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("scenes")
}

/// Exit code, stdout and stderr of a command in a folder.
pub(crate) fn adlayer(directory: &Path, arguments: &[&str]) -> (Option<i32>, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_adlayer"));
    let output = command.current_dir(directory).args(arguments).output().expect("the program starts");
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("UTF-8");
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

pub(crate) fn json(directory: &Path, arguments: &[&str]) -> Value {
    let (code, stdout, stderr) = adlayer(directory, arguments);
    assert_eq!(code, Some(0), "{arguments:?}: {stderr}");
    serde_json::from_str(&stdout).unwrap_or_else(|e| panic!("{e}: {stdout}"))
}

pub(crate) fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a temporary folder")
}

pub(crate) fn number(row: &Value, key: &str) -> f64 {
    row[key].as_f64().unwrap_or_else(|| panic!("no number `{key}` in {row}"))
}

/// One way to break a shipped file: what to replace, and what must be said.
pub(crate) struct Case {
    pub(crate) command: &'static str,
    pub(crate) file: &'static str,
    pub(crate) breaks: (&'static str, &'static str),
    pub(crate) says: &'static [&'static str],
}

pub(crate) const fn case(
    command: &'static str,
    file: &'static str,
    breaks: (&'static str, &'static str),
    says: &'static [&'static str],
) -> Case {
    Case { command, file, breaks, says }
}

/// Copies the shipped inputs, so that one can be broken.
pub(crate) fn copied() -> tempfile::TempDir {
    let folder = folder();
    for kind in ["gas", "aiat", "che"] {
        std::fs::create_dir(folder.path().join(kind)).expect("a folder");
        for entry in std::fs::read_dir(scenes().join(kind)).expect("a folder") {
            let entry = entry.expect("an entry");
            std::fs::copy(entry.path(), folder.path().join(kind).join(entry.file_name())).expect("a copy");
        }
    }
    folder
}

/// Breaks the shipped files one by one: each must be refused with the line and the remedy.
pub(crate) fn refused(cases: &[Case]) {
    for Case { command, file, breaks: (old, new), says } in cases {
        let folder = copied();
        let path = folder.path().join(file);
        let text = std::fs::read_to_string(&path).expect("a file");
        assert_eq!(text.matches(old).count(), 1, "`{old}` stands once in {file}");
        std::fs::write(&path, text.replace(old, new)).expect("a file");
        let (place, name) = file.split_once('/').expect("a folder");
        let arguments = if *command == "gas" { format!("{name}:O2-rigid") } else { (*name).to_owned() };
        let (code, stdout, stderr) = adlayer(&folder.path().join(place), &[command, &arguments, "--json"]);
        assert_eq!((code, stdout.as_str()), (Some(65), ""), "{file}: {new}\n{stderr}");
        for words in *says {
            assert!(stderr.contains(words), "`{words}` is not in\n{stderr}");
        }
    }
}

/// Copies a folder of tests/data/thermochemistry.
pub(crate) fn data(kind: &str) -> tempfile::TempDir {
    let folder = folder();
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/thermochemistry").join(kind);
    for entry in std::fs::read_dir(from).expect("a folder") {
        let entry = entry.expect("an entry");
        std::fs::copy(entry.path(), folder.path().join(entry.file_name())).expect("a copy");
    }
    folder
}

/// Changes a file, in which `old` stands.
pub(crate) fn change(folder: &Path, file: &str, old: &str, new: &str) {
    let path = folder.join(file);
    let text = std::fs::read_to_string(&path).expect("a file");
    assert!(text.contains(old), "`{old}` stands in {file}");
    std::fs::write(&path, text.replace(old, new)).expect("a file");
}

/// Runs a command that must be refused as bad input, and must say all of this.
pub(crate) fn refuses(folder: &Path, arguments: &[&str], says: &[&str]) {
    let (code, stdout, stderr) = adlayer(folder, arguments);
    assert_eq!((code, stdout.as_str()), (Some(65), ""), "{arguments:?}: {stderr}");
    says.iter().for_each(|words| assert!(stderr.contains(words), "`{words}` is not in\n{stderr}"));
}

#[test]
fn options_are_checked() {
    let folder = folder();
    for (arguments, code) in [
        (&["gas", "Q2"][..], 2),
        (&["gas", "absent.ron"], 66),
        (&["gas", "O2", "--temperature", "-3"], 2),
        (&["gas", "O2", "--energy", "nan"], 2),
        (&["che", "absent.ron", "--ph", "nan"], 2),
        (&["che", "absent.ron", "--ph", "99"], 2),
        (&["aiat", "absent.ron", "--quenches", "4"], 2),
        (&["gas", "O2", "--temperature", "1:2"], 2),
        (&["gas", "O2", "--mu", "5000", "--json"], 2),
        (&["aiat"], 2),
        (&["aiat", "absent.ron"], 66),
        (&["aiat", "a.ron", "--from", "b"], 2),
        (&["aiat", "--from", "absent"], 66),
        (&["che", "absent.ron"], 66),
        (&["che", "absent.ron", "--scale", "ahe"], 2),
    ] {
        let (found, _, stderr) = adlayer(folder.path(), arguments);
        assert_eq!(found, Some(code), "{arguments:?}: {stderr}");
    }
}

#[cfg(unix)]
#[test]
fn what_has_no_end_or_is_no_file_is_refused_by_name_and_at_once() {
    let folder = folder();
    let path = |name: &str| folder.path().join(name);
    std::os::unix::fs::symlink("/dev/zero", path("endless.ron")).expect("a link");
    assert!(std::process::Command::new("mkfifo").arg(path("pipe.ron")).status().expect("mkfifo").success());
    std::fs::create_dir(path("folder.ron")).expect("a folder");
    std::fs::File::create(path("large.ron")).and_then(|f| f.set_len(1 << 30)).expect("a file with a hole");
    let start = std::time::Instant::now();
    for (name, remedy) in [
        ("endless.ron", "as a file and name that"),
        ("pipe.ron", "as a file and name that"),
        ("folder.ron", "it is a folder; name the file"),
        ("large.ron", "name another file"),
    ] {
        let table = format!("Gases(gases: [Gas(name: \"N2\", mass: 28.0, thermal: Janaf(path: \"{name}\"))])");
        std::fs::write(path("gases.ron"), table).expect("a file of gases");
        for arguments in [["check", name], ["aiat", name], ["che", name], ["gas", name], ["gas", "gases.ron"]] {
            let (code, stdout, stderr) = adlayer(folder.path(), &arguments);
            assert_eq!((code, stdout.as_str()), (Some(65), ""), "{arguments:?}: {stderr}");
            assert!(stderr.starts_with(&format!("error: {name}: ")) && stderr.contains(remedy), "{stderr}");
        }
    }
    assert!(start.elapsed().as_secs() < 60, "20 refusals took {:?}", start.elapsed());
}
