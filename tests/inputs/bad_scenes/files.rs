//! Files that a scene names, and text that is none.

use super::{GOOD, run};
use assert_cmd::Command;

/// The good scene with a slab from a file.
fn with_slab_file() -> String {
    GOOD.replace(
        "Fcc111(species: \"A\", nearest_neighbour: 1.10, repeat: (6, 3), layers: 3)",
        "File(path: \"slab.xyz\", mobile: Above(0.5))",
    )
}

/// A slab of one atom, with the given comment line and symbol.
fn slab(comment: &str, symbol: &str) -> String {
    format!("1\n{comment}\n{symbol} 1.0 2.0 0.0\n")
}

#[test]
fn an_absent_slab_file_is_an_absent_input() {
    let (code, stdout, stderr) = run(&[("scene.ron", &with_slab_file())], &["check", "scene.ron"]);
    assert_eq!((code, stdout.as_str()), (Some(66), ""));
    assert_eq!(stderr, "error: cannot find slab file slab.xyz; check the path\n");
}

#[test]
fn a_bad_slab_file_is_refused() {
    let good = "Lattice=\"6 0 0 0 6 0 0 0 6\"";
    for (content, message) in [
        (slab(good, "Cu"), ""),
        (slab(good, "Xe"), "atom 0 of `slab.xyz` is `Xe`, which is the symbol of no species"),
        (slab("", "Cu"), "`slab.xyz` has no Lattice"),
        (slab("Lattice=\"6 0 0 1 6 0 0 0 6\"", "Cu"), "the Lattice of `slab.xyz` is oblique"),
        (slab("Lattice=\"6 0 0 0 -6 0 0 0 6\"", "Cu"), "the Lattice of `slab.xyz` has no extent in x or y"),
        (format!("0\n{good}\n"), "`slab.xyz` holds no atom"),
        (
            format!("2\n{good}\nCu 0 0 0\nCu 0 5.8 0\n"),
            "slab atom 0 (A) and slab atom 1 (A) are 0.2000 apart, closer than 0.5",
        ),
        (slab("Lattice=\"6 0\"", "Cu"), "line 2: Lattice=\"6 0\" is not nine numbers; give the three cell vectors"),
        ("1\n\nCu 0 zero 0\n".to_owned(), "line 3: `zero` is not a finite coordinate; correct it"),
    ] {
        let files = [("scene.ron", with_slab_file()), ("slab.xyz", content)];
        let files: Vec<(&str, &str)> = files.iter().map(|(n, c)| (*n, c.as_str())).collect();
        let (code, _, stderr) = run(&files, &["check", "scene.ron"]);
        assert_eq!(code, Some(if message.is_empty() { 0 } else { 65 }), "{stderr}");
        assert!(stderr.contains(message), "`{message}` is not in\n{stderr}");
    }
}

#[test]
fn ambiguous_symbols_are_refused_only_where_they_matter() {
    let same = |text: &str| text.replace("symbol: \"Ar\"", "symbol: \"Cu\"");
    let (code, _, stderr) = run(&[("scene.ron", &same(GOOD))], &["check", "scene.ron"]);
    assert_eq!(code, Some(0), "{stderr}");
    let files = [("scene.ron", &*same(&with_slab_file())), ("slab.xyz", &*slab("Lattice=\"6 0 0 0 6 0 0 0 6\"", "Cu"))];
    let (code, _, stderr) = run(&files, &["check", "scene.ron"]);
    assert_eq!(code, Some(65));
    assert!(stderr.contains("atom 0 of `slab.xyz` is `Cu`, the symbol of both `A` and `B`"), "{stderr}");
}

#[test]
fn text_that_is_not_utf8_is_refused() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    std::fs::write(folder.path().join("scene.ron"), b"Scene(title: \"\xff\")").expect("a file");
    let mut command = Command::new(env!("CARGO_BIN_EXE_adlayer"));
    let output = command.current_dir(folder.path()).args(["check", "scene.ron"]).output().expect("the program starts");
    assert_eq!(output.status.code(), Some(65));
    assert_eq!(output.stderr, b"error: scene.ron: byte 14 is not UTF-8; save the scene as UTF-8 text\n");
}
