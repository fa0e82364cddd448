//! Slab files as people have them: read as they were meant, or refused by name with the remedy.

use crate::place::{Place, stderr};
use adlayer::testing::input::scene::{self, CheckedScene};
use std::path::PathBuf;

/// Argon on Pt(111), a 6 × 6 cell of three layers with the top at z = 14.5264; of the files the two lower layers are fixed.
const ORTHOGONAL: &str = include_str!("../data/slab_files/pt111_orth.xyz");
const POSCAR: &str = include_str!("../data/slab_files/POSCAR_pt111_sd");

fn data(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/data/slab_files").join(name)
}

/// The scene with another slab file.
fn with_file(name: &str) -> String {
    include_str!("../data/slab_files/s_pt111_orth.ron").replace("pt111_orth.xyz", name)
}

/// The same with a Pt–Pt pair and further words in the substrate.
fn with_substrate(name: &str, words: &str) -> String {
    with_file(name)
        .replace("pairs: [", "pairs: [(between: (\"Pt\", \"Pt\"), epsilon: 0.3, sigma: 2.5), ")
        .replace(&format!("\"{name}\""), &format!("\"{name}\", {words}"))
}

fn place(scene: &str, file: (&str, &str)) -> Place {
    let place = Place::new(scene);
    std::fs::write(place.run(file.0), file.1).expect("the slab");
    place
}

/// The scene as it is loaded.
fn load(scene: &str, file: (&str, &str)) -> CheckedScene {
    scene::load(place(scene, file).run("scene.ron")).unwrap_or_else(|e| panic!("{e}"))
}

/// What `check` says where it refuses.
fn refusal(scene: &str, file: (&str, &str)) -> String {
    let output = place(scene, file).adlayer(&["check", "scene.ron"]);
    assert_eq!(output.status.code(), Some(65), "{}", stderr(&output));
    stderr(&output)
}

/// Asserts that a slab is that of the orthogonal file, raised in z.
fn assert_same(ours: &CheckedScene, raised: f64) {
    let reference = scene::load(data("s_pt111_orth.ron")).expect("the clean slab");
    assert_eq!(ours.slab.atoms.len(), 108);
    for (a, b) in ours.slab.atoms.iter().zip(&reference.slab.atoms) {
        let mut d = a.position - b.position;
        d.z -= raised;
        let (x, y, _) = reference.lengths();
        d.x -= x * (d.x / x).round();
        d.y -= y * (d.y / y).round();
        assert!(d.length() < 2e-8 && a.species == b.species, "{:?} {:?}", a.position, b.position);
    }
    assert!((ours.floor() - reference.floor() - raised).abs() < 2e-8, "{}", ours.floor());
}

#[test]
fn a_poscar_is_the_slab_that_its_extended_xyz_is() {
    let loaded = scene::load(data("s_POSCAR_pt111_sd.ron")).expect("a POSCAR");
    assert_same(&loaded, 0.0);
    assert_eq!(loaded.slab.mobile().count(), 0);
    assert_eq!(loaded.warnings.len(), 1, "{:?}", loaded.warnings);
    assert!(loaded.warnings[0].contains("lets 36 of 108 atoms move, and here all are frozen"), "{:?}", loaded.warnings);
}

#[test]
fn selective_dynamics_and_move_masks_let_atoms_move() {
    for (name, text) in [("slab.xyz", ORTHOGONAL), ("CONTCAR", POSCAR)] {
        let loaded = load(&with_substrate(name, "mobile: Selective"), (name, text));
        assert_eq!(loaded.slab.mobile().count(), 36);
        assert!(loaded.slab.mobile().all(|a| (a.position.z - 14.526_426).abs() < 1e-6));
        assert!(loaded.warnings.is_empty(), "{:?}", loaded.warnings);
        assert!((loaded.floor() - 12.263_213).abs() < 1e-6);
        // `None` was said on purpose
        let frozen = load(&with_substrate(name, "mobile: None"), (name, text));
        assert!(frozen.slab.mobile().count() == 0 && frozen.warnings.is_empty(), "{:?}", frozen.warnings);
    }
    // what moves still needs an interaction of its own
    let without_pair = with_file("slab.xyz").replace("\"slab.xyz\"", "\"slab.xyz\", mobile: Selective");
    assert!(refusal(&without_pair, ("slab.xyz", ORTHOGONAL)).contains("the pair (\"Pt\", \"Pt\") is missing"));
}

#[test]
fn masks_that_cannot_be_used_are_refused_by_name() {
    let three = ORTHOGONAL
        .replace("move_mask:L:1", "move_mask:L:3")
        .replace("  F  ", "  F F F  ")
        .replace("  T  ", "  T T F  ");
    let scene = with_substrate("slab.xyz", "mobile: Selective");
    let words = refusal(&scene, ("slab.xyz", &three));
    assert!(words.contains("atom 72 of `slab.xyz` moves along x and y but not along z"), "{words}");
    let whole = load(&scene, ("slab.xyz", &three.replace("T T F", "T T T")));
    assert_eq!(whole.slab.mobile().count(), 36);
    let without = ORTHOGONAL.replace("move_mask", "other");
    let words = refusal(&scene, ("slab.xyz", &without));
    assert!(words.contains("`slab.xyz` does not say which atoms move") && words.contains("FixAtoms"), "{words}");
}

#[test]
fn an_adsorbate_left_on_the_slab_is_refused() {
    let output = Place::new(&with_file(&data("pt111_Ar.xyz").display().to_string())).adlayer(&["run", "scene.ron"]);
    let words = stderr(&output);
    assert_eq!(output.status.code(), Some(65), "{words}");
    assert!(
        words.contains(
            "holds 1 frozen atom of `Ar`, which has a reservoir: at z = 17.8264 it would set the floor, 3.3000"
        )
    );
    // said to be meant, or buried in the slab, it is warned of
    let text = include_str!("../data/slab_files/pt111_Ar.xyz");
    let given = with_file("slab.xyz").replace("height: 12.0", "height: 12.0, floor: 14.5264");
    let buried = text.replace("17.82642611", "12.00000000");
    assert_ne!(text, buried);
    let apart = |scene: &str| scene.replace("sigma: 2.9", "sigma: 1.0");
    for (scene, text) in [(given, text), (apart(&with_file("slab.xyz")), &buried)] {
        let warnings = load(&scene, ("slab.xyz", text)).warnings;
        assert!(
            warnings.iter().any(|w| w.contains("1 frozen atom of `Ar`, which has a reservoir: it keeps")),
            "{warnings:?}"
        );
    }
}

#[test]
fn a_slab_of_the_adsorbate_itself_is_a_slab() {
    let scene = with_file("slab.xyz").replace("symbol: \"Pt\"", "symbol: \"Xx\"").replace("sigma: 3.405", "sigma: 2.5");
    let loaded = load(&scene, ("slab.xyz", &ORTHOGONAL.replace("Pt ", "Ar ")));
    assert!(!loaded.warnings.iter().any(|w| w.contains("reservoir:")), "{:?}", loaded.warnings);
}

#[test]
fn an_element_that_no_species_has_is_said() {
    let words = refusal(&with_file("slab.xyz"), ("slab.xyz", include_str!("../data/slab_files/pt111_Au.xyz")));
    assert!(words.contains("no species has the symbol `Au` of atom 0 of `slab.xyz`"), "{words}");
    assert!(
        words.contains("add a species with `symbol: \"Au\"` and its pairs") && !words.contains("did you mean"),
        "{words}"
    );
    let words = refusal(&with_file("slab.xyz"), ("slab.xyz", &ORTHOGONAL.replace("Pt ", "PT ")));
    assert!(words.contains("`PT` of atom 0 and 107 more of") && words.contains("did you mean `Pt`?"), "{words}");
}

#[test]
fn a_slab_that_is_wrapped_in_z_is_put_together() {
    let path = data("s_pt111_wrapped_z.ron");
    let loaded = scene::load(&path).expect("a wrapped slab");
    assert_same(&loaded, 1.0 - 14.526_426_11);
    let said = &loaded.warnings[0];
    assert!(
        said.contains("wrapped through the boundary of its cell in z: 72 of 108 atoms lie beyond a gap of 20.0000"),
        "{said}"
    );
    assert!(said.contains("the slab ends at z = 1.0000"), "{said}");
    // A run keeps the resolved scene, which says the floor; going on with it must find the same slab.
    let again = scene::parse(&scene::resolved(&loaded), &path).expect("the resolved scene");
    assert!(again.slab == loaded.slab && again.scene.cell == loaded.scene.cell, "{:?}", again.scene);
}

#[test]
fn a_wrapped_slab_is_left_alone_where_moving_it_could_be_wrong() {
    let wrapped = include_str!("../data/slab_files/pt111_wrapped_z.xyz");
    let file = ("slab.xyz", wrapped);
    let words = refusal(&with_substrate("slab.xyz", "mobile: Above(22.0)"), file);
    assert!(words.contains("`Above(z)` could mean z before or after they are moved"), "{words}");
    let joined = load(&with_substrate("slab.xyz", "mobile: Above(0.5), joined: true"), file);
    assert_eq!(joined.slab.mobile().count(), 36);
    let not_periodic = wrapped.replace("T T T", "T T F");
    let warnings = load(&with_file("slab.xyz"), ("slab.xyz", &not_periodic)).warnings;
    assert!(warnings.iter().any(|w| w.contains("pbc says that z is no period, so none is moved")), "{warnings:?}");
    assert!(warnings.iter().any(|w| w.contains("has a gap of 20.0000 in z, from 1.0000 to 21.0000")), "{warnings:?}");
    // The lower wall of a pore, with its floor given: nothing moves. Without reach, that is said.
    for (height, n) in [("18.0", 0), ("12.0", 72)] {
        let pore = with_file("slab.xyz").replace("height: 12.0", &format!("height: {height}, floor: 1.0"));
        let loaded = load(&pore, file);
        assert!(loaded.slab.atoms.iter().any(|a| a.position.z > 23.0), "an atom of the upper wall");
        let beyond = loaded.warnings.iter().find(|w| w.contains("more than the cutoff above the ceiling"));
        assert_eq!(beyond.is_some(), n > 0, "{height}: {:?}", loaded.warnings);
        assert!(beyond.is_none_or(|w| w.starts_with(&format!("{n} frozen atoms of `slab.xyz`"))), "{beyond:?}");
    }
}

#[test]
fn a_layer_that_noise_tears_apart_is_one_layer() {
    let layer = "4\nLattice=\"10 0 0 0 10 0 0 0 25\"\nPt 0 0 1e-9\nPt 5 0 24.999999999\nPt 0 5 0.0\nPt 5 5 -1e-9\n";
    let scene = with_file("slab.xyz").replace("cutoff: 7.0", "cutoff: 5.0");
    let loaded = load(&scene, ("slab.xyz", layer));
    assert!(loaded.slab.atoms.iter().all(|a| a.position.z.abs() < 2e-9), "{:?}", loaded.slab.atoms);
    // A crystal that fills its cell has no vacuum to find.
    let filled = "3\nLattice=\"10 0 0 0 10 0 0 0 6\"\nPt 0 0 0\nPt 5 0 2\nPt 0 5 4.2\n";
    let loaded = load(&scene, ("slab.xyz", filled));
    assert!((loaded.floor() - 4.2).abs() < 1e-12 && loaded.warnings.is_empty(), "{:?}", loaded.warnings);
}

#[test]
fn untidy_files_say_the_same() {
    let noise = ORTHOGONAL.replacen("0.0 0.0 0.0", "3e-7 -3e-7 0.0", 1);
    let shifted = ORTHOGONAL.replace("1.38592929 ", "-15.24522220 ").replace(" 15.24522220 ", " 31.87637369 ");
    let scaled = POSCAR.replace("  0.0833333333333333  ", "  -0.9166666666666667  ");
    assert!(noise != ORTHOGONAL && shifted != ORTHOGONAL && scaled != POSCAR);
    for text in [
        ORTHOGONAL.replace('\n', "\r\n"),
        format!("\u{feff}{ORTHOGONAL}"),
        ORTHOGONAL.replace("       ", "\t"),
        format!("{ORTHOGONAL}\n  \n\n"),
        ORTHOGONAL.replace("Properties=species:S:1:pos:R:3:move_mask:L:1:tags:I:1 ", ""),
        ORTHOGONAL.replace(" pbc=\"T T F\"", ""),
        noise,
        shifted,
        scaled,
        format!("{POSCAR}\n  0.0 0.0 0.0\n"),
    ] {
        let loaded = load(&with_file("slab"), ("slab", &text));
        assert_same(&loaded, 0.0);
        let others: Vec<&String> = loaded.warnings.iter().filter(|w| !w.contains("lets 36 of 108")).collect();
        assert!(others.is_empty(), "{others:?}");
    }
}

#[test]
fn what_of_a_file_is_not_used_is_said() {
    let frames = format!("{ORTHOGONAL}{}", ORTHOGONAL.replace("10.00000000", "11.00000000"));
    for (text, words) in [
        (frames, "`slab.xyz` holds 2 frames, of which the first is taken"),
        (ORTHOGONAL.replace("T T F", "F T F"), "`slab.xyz` says that it is not periodic in x (pbc); here it is"),
        (ORTHOGONAL.replace("T T F", "F F F"), "`slab.xyz` says that it is not periodic in x and y (pbc)"),
    ] {
        let loaded = load(&with_file("slab.xyz"), ("slab.xyz", &text));
        assert_same(&loaded, 0.0);
        assert!(loaded.warnings.iter().any(|w| w.contains(words)), "{words}: {:?}", loaded.warnings);
    }
}

#[test]
fn other_formats_are_named_with_the_command_that_converts_them() {
    let cif = "data_image0\n_cell_length_a       8.3155757467538\n_cell_length_b       4.8\n";
    let words = refusal(&with_file("pt111.cif"), ("pt111.cif", cif));
    assert!(words.contains("it is a CIF, which is not read; convert it with ASE"), "{words}");
    assert!(words.contains("ase convert pt111.cif pt111.xyz, and name pt111.xyz here"), "{words}");
    let words = refusal(&with_file("pt111.data"), ("pt111.data", "LAMMPS data file\n\n108 atoms\n"));
    assert!(words.contains("it begins with `LAMMPS data file` and is neither extended XYZ nor POSCAR"), "{words}");
    let four = POSCAR.replacen("\n Pt \n", "\n", 1).replacen("Pt\n", "clean slab\n", 1);
    let words = refusal(&with_file("POSCAR"), ("POSCAR", &four));
    assert!(
        words.contains("line 6: the numbers of atoms `108` follow the cell, and nothing says of which elements"),
        "{words}"
    );
}

#[test]
fn atoms_given_twice_are_found_though_frozen_ones_have_no_pair() {
    let atom = "Pt       1.38592929       0.80016665      10.00000000  F        3\n";
    let twice = ORTHOGONAL.replacen("108", "109", 1) + &atom.replace("1.38592929", "1.38692929");
    let words = refusal(&with_file("slab.xyz"), ("slab.xyz", &twice));
    assert!(words.contains("slab atom 0 (Pt) and slab atom 108 (Pt) are 0.0010 apart"), "{words}");
}

#[test]
fn a_bulk_cell_takes_the_period_of_its_file() {
    let lattice = "1\nLattice=\"15 0 0 0 15 0 0 0 16\"\nPt 1 1 -2\n";
    let bulk = |z: &str| {
        let cell = format!("Bulk(lengths: (15.0, 15.0, {z}))");
        with_file("slab.xyz").replace("Slab(height: 12.0)", &cell).replace("observables: [Layers],", "")
    };
    let loaded = load(&bulk("16.0"), ("slab.xyz", lattice));
    assert_eq!(loaded.slab.atoms[0].position.z, 14.0);
    let words = refusal(&bulk("17.0"), ("slab.xyz", lattice));
    assert!(words.contains("`lengths` ends with 17, but `slab.xyz` repeats after 16 in z"), "{words}");
}

/// ⟨N⟩ at 80 K and 0.01 bar of the three files of one slab: the same numbers, and those of long runs on the clean slab.
#[test]
fn files_of_one_slab_have_one_answer() {
    let mean = |name: &str| {
        let place = Place::new("");
        let scene = data(name).display().to_string();
        place.succeed(&["run", &scene, "-o", "run", "--cycles", "300", "--device", "cpu", "--quiet"]);
        let table = std::fs::read_to_string(place.run("run/states.csv")).expect("the states");
        let mut lines = table.lines();
        let column = lines.next().and_then(|l| l.split(',').position(|c| c == "n_Ar_mean")).expect("a column");
        let row: Vec<&str> = lines.nth(3).expect("four states").split(',').collect();
        row[column].parse::<f64>().expect("a number")
    };
    let clean = mean("s_pt111_orth.ron");
    // 1.42 ± 0.10 in 6 runs of 400 cycles; 300 cycles have about 0.2
    assert!((clean - 1.42).abs() < 4.0 * (0.2_f64.powi(2) + 0.1_f64.powi(2)).sqrt(), "{clean}");
    for name in ["s_POSCAR_pt111_sd.ron", "s_pt111_wrapped_z.ron"] {
        let other = mean(name);
        // rounding of the positions separates the paths at last
        assert!((other - clean).abs() < 4.0 * 0.2 * 2.0_f64.sqrt(), "{name}: {other} {clean}");
    }
}
