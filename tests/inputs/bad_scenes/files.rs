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
        (slab(good, "Xe"), "no species has the symbol `Xe` of atom 0 of `slab.xyz`"),
        (slab("", "Cu"), "`slab.xyz` has no Lattice"),
        (slab("Lattice=\"6 0 0 1 6 0 0 0 6\"", "Cu"), ""),
        (slab("Lattice=\"6 0 0 0 -6 0 0 1 6\"", "Cu"), ""),
        (slab("Lattice=\"0 -6 0 6 0 0 0 0 6\"", "Cu"), ""),
        (
            slab("Lattice=\"4 4 0 -6 6 0 0 0 6\"", "Cu"),
            "warning: no period of `slab.xyz` is along x: the slab is turned by -45.0000° about z until one is",
        ),
        (
            slab("Lattice=\"6 0 0 0 6 1 0 0 6\"", "Cu"),
            "the first two vectors leave the plane of the surface in the Lattice of `slab.xyz`",
        ),
        (
            slab("Lattice=\"6 0 0 6 0 0 0 0 6\"", "Cu"),
            "the first two vectors enclose no area in the Lattice of `slab.xyz`",
        ),
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
        let is_good = message.is_empty() || message.starts_with("warning");
        assert_eq!(code, Some(if is_good { 0 } else { 65 }), "{stderr}");
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

/// The good scene with pairs from a file.
fn with_tables() -> String {
    let (before, rest) = GOOD.split_once("LennardJones(").expect("the good scene");
    let (_, after) = rest.split_once("\n    ),\n").expect("its end");
    let pairs = ["(between: (\"A\", \"B\"), keyword: \"AB\")", "(between: (\"B\", \"B\"), keyword: \"BB\")"].join(", ");
    format!("{before}Table(path: \"pair.table\", cutoff: 2.5, pairs: [{pairs}]),\n{after}")
}

/// Two sections of a repulsion, with what stands for the parameters and the third row of the second.
fn tables(parameters: &str, row: &str) -> String {
    let rows = |third: &str| format!("1 0.5 9.0 6.0\n2 1.0 4.0 4.0\n{third}\n4 2.0 1.0 2.0\n5 2.5 0.0 1.0\n");
    format!(
        "# made by hand\n\nAB\nN 5 R 0.5 2.5\n\n{}\nBB # the second\n{parameters}\n\n# rows\n{}",
        rows("3 1.5 2.0 3.0"),
        rows(row)
    )
}

#[test]
fn an_absent_table_is_an_absent_input() {
    let (code, stdout, stderr) = run(&[("scene.ron", &with_tables())], &["check", "scene.ron"]);
    assert_eq!((code, stdout.as_str()), (Some(66), ""));
    assert_eq!(stderr, "error: cannot find table of pairs pair.table; check the path\n");
}

#[test]
fn a_bad_table_is_refused() {
    let (good, row) = ("N 5 R 0.5 2.5", "3 1.5 2.0 3.0");
    for (content, message) in [
        (tables(good, row), ""),
        (tables("N 5", row), ""),
        (
            tables("FPRIME -2 -2 N 5 RSQ 0.5 2.5", "3 1.5 2.0 3.0"),
            "line 17: the distance 1 is that of no row: R or RSQ says 1.322876",
        ),
        (tables("N 5 BITMAP 0.5 2.5", row), "line 13: `BITMAP` tables are not read; write the table with `R` or `RSQ`"),
        (tables("N 5 FP -2 -2", row), "line 13: `FP` is no parameter; did you mean `FPRIME`?"),
        (tables("N 5 r 0.5 2.5", row), "line 13: `r` is no parameter; known here: `N`, `R`, `RSQ`, `FPRIME`"),
        (tables("R 0.5 2.5", row), "line 13: section `BB` does not say `N`; give the number of its rows"),
        (tables("N five R 0.5 2.5", row), "line 13: `N five` is no number of rows; give a whole number from 2 on"),
        (tables("N 5 R 2.5 0.5", row), "line 13: `R 2.5 0.5`; give a distance above 0 and a larger one"),
        (
            tables("N 6 R 0.5 2.5", row),
            "line 17: the distance 1 is that of no row: R or RSQ says 0.900000; correct either",
        ),
        (tables("N 6", row), "section `BB` ends after 5 of N 6 rows; correct N or add the rest"),
        (tables(good, "3 1.5 two 3.0"), "line 18: `two` is not a finite number; correct it"),
        (tables(good, "3 1.5 nan 3.0"), "line 18: `nan` is not a finite number; correct it"),
        (
            tables(good, "3 1.5 2.0"),
            "line 18: `3 1.5 2.0` is no row; give a whole number, the distance, the energy and the force",
        ),
        (tables("N 5", "3 0.9 2.0 3.0"), "line 18: the distance 0.9 does not rise; give distances above 0 in order"),
        (tables(good, row).replace("\nBB", "\nCC"), "there is no section `BB`; it has `AB`, `CC`"),
        (
            tables(good, row).replace("R 0.5 2.5\n\n1", "R 0.5 2.5\n1"),
            "line 5: `1 0.5 9.0 6.0` where a blank line belongs",
        ),
        (String::new(), "there is no section `AB`; it has none"),
        ("AB".to_owned(), "line 1: `AB` heads no section; a line like `N 500 R 0.7 2.5` must follow"),
        ("AB\nN 99999999999999999999\n".to_owned(), "line 2: `N 99999999999999999999` is no number of rows"),
    ] {
        let files = [("scene.ron", with_tables()), ("pair.table", content)];
        let files: Vec<(&str, &str)> = files.iter().map(|(n, c)| (*n, c.as_str())).collect();
        let (code, _, stderr) = run(&files, &["check", "scene.ron"]);
        assert_eq!(code, Some(if message.is_empty() { 0 } else { 65 }), "{message}: {stderr}");
        assert!(stderr.contains(message), "`{message}` is not in\n{stderr}");
    }
}

#[test]
fn a_table_that_does_not_reach_the_cutoff_is_refused() {
    let scene = with_tables().replace("cutoff: 2.5", "cutoff: 2.6");
    let table = tables("N 5 R 0.5 2.5", "3 1.5 2.0 3.0");
    let (code, _, stderr) = run(&[("scene.ron", &scene), ("pair.table", &table)], &["check", "scene.ron"]);
    assert_eq!(code, Some(65), "{stderr}");
    assert!(stderr.contains("`cutoff` is 2.6, but section `AB` of `pair.table` reaches from 0.5 to 2.5"), "{stderr}");
}

/// The good scene with triplets from a file.
fn with_triplets() -> String {
    let (before, rest) = GOOD.split_once("LennardJones(").expect("the good scene");
    let (_, after) = rest.split_once("\n    ),\n").expect("its end");
    format!("{before}StillingerWeber(path: \"pair.sw\"),\n{after}")
}

/// Entries of two elements about every centre.
fn entries(first: &str, second: &str) -> String {
    let element = |k: usize| if k == 0 { first } else { second };
    (0..8)
        .map(|k| {
            let names = [k / 4, k / 2 % 2, k % 2].map(element);
            format!("{} 1.0 1.2 1.8 21.0 1.2 -0.333 7.05 0.6 4.0 0.0 0.0\n", names.join(" "))
        })
        .collect()
}

#[test]
fn an_absent_file_of_triplets_is_an_absent_input() {
    let (code, stdout, stderr) = run(&[("scene.ron", &with_triplets())], &["check", "scene.ron"]);
    assert_eq!((code, stdout.as_str()), (Some(66), ""));
    assert_eq!(stderr, "error: cannot find Stillinger-Weber parameters pair.sw; check the path\n");
}

#[test]
fn a_bad_file_of_triplets_is_refused() {
    let good = entries("Cu", "Ar");
    let without = |line: usize| {
        let kept = good.lines().enumerate().filter(|(k, _)| *k != line).map(|(_, l)| format!("{l}\n"));
        kept.collect::<String>()
    };
    let changed = |line: usize, from: &str, to: &str| {
        let change = |(k, l): (usize, &str)| if k == line { l.replace(from, to) + "\n" } else { format!("{l}\n") };
        good.lines().enumerate().map(change).collect::<String>()
    };
    for (content, message) in [
        (good.clone(), ""),
        (String::new(), "it holds no entry of three elements and eleven numbers; give a LAMMPS .sw file"),
        (entries("Cu", "Xe"), "`pair.sw` has no parameters of `Ar`"),
        (without(5), "the entry `Ar Cu Ar` is missing"),
        (good.clone() + &good, "line 9: the entry `Cu Cu Cu` stands in line 1 already; keep one of them"),
        (changed(3, "1.2 1.8", "1.3 1.8"), "lines 4 and 5: `Cu Ar Ar` and `Ar Cu Cu` give the pair different"),
        (changed(1, "21.0", "22.0"), "lines 2 and 3: `Cu Cu Ar` and `Cu Ar Cu` give the angle different"),
        (changed(2, "7.05", "seven"), "line 3: A is `seven`; give a number"),
        (changed(2, "1.0 1.2", "1.0 -1.2"), "line 3: sigma is -1.2; it may not be negative"),
        (changed(0, "4.0 0.0 0.0", "12.0 6.0 0.0"), "line 1: p is 12 and q is 6; only p = 4 and q = 0 are known"),
        (format!("# UNITS: real\n{good}"), "line 1 says `UNITS: real`; give a file in metal units (eV, Å)"),
        (good.replace("1.2 1.8", "3.2 1.8"), "the longest `a·sigma` of the file is 5.76"),
    ] {
        let files = [("scene.ron", with_triplets()), ("pair.sw", content)];
        let files: Vec<(&str, &str)> = files.iter().map(|(n, c)| (*n, c.as_str())).collect();
        let (code, _, stderr) = run(&files, &["check", "scene.ron"]);
        assert_eq!(code, Some(if message.is_empty() { 0 } else { 65 }), "{message}: {stderr}");
        assert!(stderr.contains(message), "`{message}` is not in\n{stderr}");
    }
}
