//! The scenes that come with the program.

use adlayer::scene;
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

fn named(name: &str) -> scene::Loaded {
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
fn the_resolved_text_is_the_same_scene() {
    for path in scenes() {
        let loaded = scene::load(&path).unwrap_or_else(|e| panic!("{e}"));
        let text = scene::resolved(&loaded);
        let again = scene::parse(&text, Path::new("elsewhere/resolved.ron")).unwrap_or_else(|e| panic!("{e}"));
        assert_eq!(again.scene, loaded.scene, "{}", path.display());
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
    assert!((grid.reservoirs[0].values[5] + 5.0).abs() < 1e-12);
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
fn cycles_and_seed_can_be_overridden() {
    let loaded = named("lj_surface.ron").with_overrides(Some(100), Some(7)).unwrap_or_else(|e| panic!("{e}"));
    let schedule = &loaded.scene.schedule;
    assert_eq!((schedule.equilibration, schedule.production, loaded.scene.seed), (34, 100, 7));
    let text = scene::resolved(&loaded);
    let again = scene::parse(&text, Path::new("resolved.ron")).unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(again.scene, loaded.scene);
}
