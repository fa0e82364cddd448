//! The scenes that come with the program.

use adlayer::System;
use adlayer::testing::input::{aiat, che, scene};
use std::path::{Path, PathBuf};

fn scenes() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenes");
    let mut paths: Vec<PathBuf> = std::fs::read_dir(folder)
        .expect("the scenes")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|e| e == "ron"))
        .collect();
    paths.sort();
    paths
}

fn named(name: &str) -> scene::CheckedScene {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenes").join(name);
    scene::load(&path).unwrap_or_else(|e| panic!("{e}"))
}

#[test]
fn every_scene_loads_without_a_warning_and_says_what_it_shows() {
    assert!(scenes().len() >= 8);
    for path in scenes() {
        let loaded = scene::load(&path).unwrap_or_else(|e| panic!("{e}"));
        assert!(loaded.warnings.is_empty(), "{}: {:?}", path.display(), loaded.warnings);
        assert!(loaded.text.starts_with("// "), "{} has no comment", path.display());
        assert_eq!(loaded.grid().len() * loaded.scene.grid.walkers as usize, loaded.n_replicas());
    }
}

#[test]
fn every_list_of_structures_and_every_reaction_loads_without_a_warning() {
    let of = |kind: &str| {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenes").join(kind);
        let paths = std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path());
        paths.filter(|path| path.extension().is_some_and(|e| e == "ron")).collect::<Vec<PathBuf>>()
    };
    let (lists, reactions) = (of("aiat"), of("che"));
    assert!(lists.len() >= 3 && reactions.len() >= 4);
    for path in lists {
        assert_eq!(aiat::load(&path).map(|x| x.warnings).ok(), Some(Vec::new()), "{}", path.display());
    }
    for path in reactions {
        assert_eq!(che::load(&path).map(|x| x.warnings).ok(), Some(Vec::new()), "{}", path.display());
    }
}

#[test]
fn the_resolved_text_is_the_same_scene() {
    for path in scenes() {
        let loaded = scene::load(&path).unwrap_or_else(|e| panic!("{e}"));
        let text = scene::resolved(&loaded);
        let again = scene::parse(&text, Path::new("elsewhere/resolved.ron")).unwrap_or_else(|e| panic!("{e}"));
        // Paths are absolute in it: without their folder they are those of the scene again, beside it.
        let folder = format!("{}/", path.parent().expect("a folder").display());
        let beside = scene::parse(&text.replace(&folder, ""), &path).unwrap_or_else(|e| panic!("{e}"));
        assert_eq!(beside.scene, loaded.scene, "{}", path.display());
        assert_eq!((&again.slab, &again.placed), (&loaded.slab, &loaded.placed), "{}", path.display());
        assert_eq!(scene::resolved(&again), text, "{}", path.display());
    }
}

#[test]
fn the_resolved_text_writes_out_every_default() {
    let text = scene::resolved(&named("lj_surface.ron"));
    for default in
        ["walkers: 1", "images: Sum", "tail_correction: false", "sample_every: 1", "max_samples_per_state: 20000"]
    {
        assert!(text.contains(default), "`{default}` is not in\n{text}");
    }
    for default in ["floor: 0.0", "lengths: (6.6000000000000005, 5.7157676649772", "region: (", "exchange: EvenOdd("] {
        assert!(text.contains(default), "`{default}` is not in\n{text}");
    }
}

#[test]
fn the_default_scene_is_the_one_of_the_manual() {
    let loaded = named("lj_surface.ron");
    let grid = loaded.grid();
    assert_eq!((grid.len(), loaded.slab.atoms.len(), loaded.capacity()), (98, 108, 64));
    assert_eq!((loaded.floor(), loaded.ceiling(), loaded.region_of(0)), (0.0, 6.0, (0.0, 6.0)));
    assert!((grid.values(0)[5] + 5.0).abs() < 1e-12);
}

#[test]
fn the_surface_benchmark_starts_on_the_next_two_layers() {
    let loaded = named("bench_surface.ron");
    assert_eq!((loaded.slab.atoms.len(), loaded.placed[0].len(), loaded.capacity()), (144, 64, 64));
    let spacing = 1.1 * (2.0_f64 / 3.0).sqrt();
    let layer = |r: &glam::DVec3| (r.z / spacing).round() as usize;
    assert_eq!(loaded.placed[0].iter().filter(|r| layer(r) == 1).count(), 36);
    assert_eq!(loaded.placed[0].iter().filter(|r| layer(r) == 2).count(), 28);
}

#[test]
fn the_top_layer_of_a_buckled_surface_is_where_the_scene_says() {
    let loaded = named("si100_d2_dftb.ron");
    assert!(loaded.text.contains(", top: -0.9"));
    let with = |top: &str| scene::parse(&loaded.text.replace(", top: -0.9", top), &loaded.path);
    let hosts = |top: &str| {
        let system = System::from_scene(&with(top).unwrap_or_else(|e| panic!("{e}")));
        system.bonds.expect("hosts").hosts.len()
    };
    // The lower atoms of its dimers lie nearly as far below the upper ones as the second layer below them.
    assert_eq!([", top: -0.9", "", ", top: 0.0"].map(hosts), [4, 8, 2]);
    let refused = with(", top: 2.0").map(|_| ()).expect_err("no atom is so high");
    assert!(refused.to_string().contains("no atom of `si100_2x2_dftb.xyz` lies above z = 0.179575"), "{refused}");
}

#[test]
fn cycles_and_seed_can_be_overridden() {
    let loaded = named("lj_surface.ron").with_overrides(Some(100), Some(7)).unwrap_or_else(|e| panic!("{e}"));
    let schedule = &loaded.scene.schedule;
    assert_eq!((schedule.equilibration, schedule.production, loaded.scene.seed), (34, 100, 7));
    let text = scene::resolved(&loaded);
    let again = scene::parse(&text, Path::new("resolved.ron")).unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(again.scene, loaded.scene);
}

/// What is said of the length of the scene is not said of the length that takes its place.
#[test]
fn warnings_are_those_of_the_cycles_that_are_made() {
    let few = |equilibration: u32, cycles: Option<u32>| {
        let text = named("lj_surface.ron").text;
        let at = text.find("equilibration: ").expect("a schedule") + "equilibration: ".len();
        let end = at + text[at..].find(',').expect("a number");
        let text = format!("{}{equilibration}{}", &text[..at], &text[end..]);
        let loaded = scene::parse(&text, Path::new("x.ron")).and_then(|s| s.with_overrides(cycles, None));
        let warnings = loaded.unwrap_or_else(|e| panic!("{e}")).warnings;
        warnings.into_iter().filter(|w| w.contains("few for that")).collect::<Vec<_>>()
    };
    assert!(few(20, None)[0].contains("20 cycles are few"));
    assert!(few(20, Some(3000)).is_empty());
    assert!(few(1000, None).is_empty());
    assert!(few(1000, Some(60))[0].contains("20 cycles are few"));
}

/// Two gases change into each other unless the scene says otherwise; one gas has nothing to change into.
#[test]
fn changes_of_identity_are_filled_in_where_two_species_have_a_reservoir() {
    let stored = "moves: (insert_delete: 60, identity: 0)";
    let scene = include_str!("../data/same_bits/mixture.ron");
    assert!(scene.contains(stored));
    let with = |moves: &str| scene.replace(stored, moves);
    let attempts = |text: &str| {
        let loaded = scene::parse(text, Path::new("mixture.ron")).unwrap_or_else(|e| panic!("{e}"));
        let again =
            scene::parse(&scene::resolved(&loaded), Path::new("resolved.ron")).unwrap_or_else(|e| panic!("{e}"));
        assert_eq!(again.scene.moves, loaded.scene.moves);
        loaded.scene.moves.identity
    };
    assert_eq!(attempts(&with("moves: (insert_delete: 60)")), 6);
    for given in [0, 7] {
        assert_eq!(attempts(&with(&format!("moves: (insert_delete: 60, identity: {given})"))), given);
    }
    assert_eq!(named("lj_surface.ron").scene.moves.identity, 0);
}

/// The default scene, changed.
fn changed(changes: &[(&str, &str)]) -> adlayer::Result<scene::CheckedScene> {
    let text = include_str!("../../scenes/lj_surface.ron").to_owned();
    let text = changes.iter().fold(text, |text, (old, new)| {
        assert_eq!(text.matches(old).count(), 1, "`{old}` stands once in the scene");
        text.replace(old, new)
    });
    scene::parse(&text, Path::new("scene.ron"))
}

#[test]
fn the_floor_is_the_uppermost_frozen_layer() {
    let loaded = changed(&[("mobile_layers: 0", "mobile_layers: 1")]).unwrap_or_else(|e| panic!("{e}"));
    let spacing = 1.1 * (2.0_f64 / 3.0).sqrt();
    assert!((loaded.floor() + spacing).abs() < 1e-12 && (loaded.ceiling() - (6.0 - spacing)).abs() < 1e-12);
    assert_eq!((loaded.mobile_slab_atoms(), loaded.capacity()), (vec![36, 0], 100));
    let explicit = [("mobile_layers: 0", "mobile_layers: 3"), ("height: 6.0", "height: 9.0, floor: -3.0")];
    let loaded = changed(&explicit).unwrap_or_else(|e| panic!("{e}"));
    assert!((loaded.floor() + 3.0).abs() < 1e-12);
}

#[test]
fn reservoirs_follow_the_order_of_the_grid() {
    let loaded = changed(&[
        (
            "(name: \"B\", symbol: \"Ar\", mass: 1.0),",
            "(name: \"B\", symbol: \"Ar\", mass: 1.0), (name: \"C\", symbol: \"Kr\", mass: 1.0),",
        ),
        ("pairs: [", "mixing: LorentzBerthelot, pairs: [(between: (\"C\", \"C\"), epsilon: 1.0, sigma: 1.0),"),
        ("(species: \"B\", max_atoms: 64),", "(species: \"C\", max_atoms: 9), (species: \"B\", max_atoms: 64),"),
        ("to: -1.0, n: 14)),", "to: -1.0, n: 14)), (species: \"C\", convention: Pressure, values: List([0.1, 0.2])),"),
    ])
    .unwrap_or_else(|e| panic!("{e}"));
    let grid = loaded.grid();
    assert_eq!((grid.len(), grid.states[1].ln_z.len()), (7 * 14 * 2, 2));
    assert_eq!((loaded.species_of(0), loaded.species_of(1), loaded.scene.reservoir[1].max_atoms), (1, 2, 9));
    assert!((grid.states[1].ln_z[1] - (0.2_f64 / 0.24).ln()).abs() < 1e-12);
}

#[test]
fn entries_of_one_walker_never_share_a_site() {
    let initial = "initial: [(species: \"B\", atoms: 10, placement: Layers, walkers: Odd), \
                   (species: \"B\", atoms: 5, placement: Layers), (species: \"B\", atoms: 4, placement: Layers, walkers: Even)],";
    let loaded =
        changed(&[("initial: [], ", initial), ("walkers: 1,", "walkers: 4,")]).unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(loaded.placed.iter().map(Vec::len).collect::<Vec<_>>(), [10, 5, 4]);
    for walker in 0..2 {
        let entries = loaded.scene.initial_of(walker);
        let all: Vec<glam::DVec3> = entries.flat_map(|(i, _)| loaded.placed[i].iter().copied()).collect();
        for (i, a) in all.iter().enumerate() {
            assert!(all[..i].iter().all(|b| a.distance(*b) > 0.9), "walker {walker}, site {i}");
        }
    }
}

#[test]
fn numbers_without_a_reservoir_are_the_same_in_every_walker() {
    let initial = "initial: [(species: \"A\", atoms: 3, placement: Random, walkers: Even)],";
    let refused = changed(&[("initial: [], ", initial), ("walkers: 1,", "walkers: 2,")]);
    let message = refused.err().map(|e| e.to_string()).unwrap_or_default();
    assert!(message.contains("even walkers start with 3 atoms of `A`, odd ones with 0"), "{message}");
}

#[test]
fn metal_units_bring_their_own_planck_constant() {
    let loaded = changed(&[("units: Lj,", "units: Metal,"), ("convention: Activity,", "convention: Absolute,")]);
    let grid = loaded.unwrap_or_else(|e| panic!("{e}")).grid();
    assert!(grid.states.iter().all(|s| s.ln_z[0].is_finite()));
}

#[test]
fn a_resolved_scene_finds_its_files_from_anywhere() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).expect("a file");
    write("slab.xyz", "2\nLattice=\"6 0 0 0 6 0 0 0 6\"\nCu 1 2 0\nCu 7 2 1.2\n");
    write("b.xyz", "1\n\nAr 3 3 3\n");
    let slab = "Fcc111(species: \"A\", nearest_neighbour: 1.10, repeat: (6, 3), layers: 3, mobile_layers: 0)";
    let text = include_str!("../../scenes/lj_surface.ron")
        .replace(slab, "File(path: \"slab.xyz\", mobile: Above(0.5))")
        .replace("Order(wave_vector: Sqrt3), Psi6, Sites", "Psi6")
        .replace("initial: [], ", "initial: [(species: \"B\", placement: File(path: \"b.xyz\"))],");
    write("scene.ron", &text);
    let loaded = scene::load(folder.path().join("scene.ron")).unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(loaded.slab.mobile().count(), 1);
    assert_eq!(loaded.slab.atoms[1].position, glam::DVec3::new(1.0, 2.0, 1.2));
    assert_eq!((loaded.scene.initial[0].atoms, loaded.placed[0].len()), (Some(1), 1));
    let again = scene::parse(&scene::resolved(&loaded), Path::new("elsewhere/resolved.ron"));
    let again = again.unwrap_or_else(|e| panic!("{e}"));
    assert_eq!((again.slab, again.placed), (loaded.slab, loaded.placed));
}
