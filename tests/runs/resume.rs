//! Going on with a run: what is refused, what is kept, and that the bits are those of an uninterrupted run.

use crate::announce::announce;
use crate::outcome::{ENDLESS, assert_same, most, outcome, snapshot, state};
use crate::place::{Place, stderr, surface};
#[cfg(unix)]
use crate::processes::stop_in_production;
use adlayer::scene;
use adlayer::testing::base::rng::{Rng, Stream, index_below};
use adlayer::testing::moves::exchange::{EdgeTally, Period};
use adlayer::testing::run::checkpoint::{self, Origin};
use adlayer::testing::run::{RunRecord, RunStatus};
use adlayer::testing::sampler::Setup;
use std::path::Path;

/// A run that was stopped in the middle, by its wall time; its production must be [`ENDLESS`].
fn stopped(place: &Place, name: &str, device: &str) {
    let output = place.adlayer(&["run", "scene.ron", "--device", device, "-o", name, "--quiet", "--walltime", "1s"]);
    assert_eq!(output.status.code(), Some(75), "{}", stderr(&output));
    assert!(stderr(&output).contains(&format!("go on with: adlayer resume {name}")), "{}", stderr(&output));
}

#[test]
fn a_wall_time_stops_a_run_and_stops_it_again() {
    let place = Place::new(&surface(40, [5, ENDLESS]));
    let directory = place.run("cut");
    let record = || RunRecord::read(&directory).expect("run.json");
    stopped(&place, "cut", "cpu");
    let (first, cycle) = (record(), state(&directory).sampler.cycle);
    assert_eq!((first.status, first.resumed), (RunStatus::Interrupted, 0));
    assert!(first.seconds_sampling >= 1.0, "stopped after {} s", first.seconds_sampling);
    place.fail(&["resume", "cut", "--quiet", "--walltime", "1s"], 75);
    let second = record();
    assert_eq!((second.status, second.resumed), (RunStatus::Interrupted, 1));
    assert!(second.seconds_sampling >= 2.0, "stopped after {} s in all", second.seconds_sampling);
    assert!(state(&directory).sampler.cycle > cycle, "it did not go on from cycle {cycle}");
}

#[test]
#[cfg(unix)]
fn a_run_stopped_in_production_goes_on_with_the_same_bits() {
    let place = Place::new(&surface(40, [30, 2500]));
    stop_in_production(&place, "cut");
    let record = std::fs::read_to_string(place.run("cut/run.json")).expect("run.json");
    assert!(record.contains("\"status\": \"interrupted\""), "{record}");
    place.succeed(&["resume", "cut", "--quiet"]);
    place.succeed(&["run", "scene.ron", "--device", "cpu", "-o", "whole", "--quiet"]);
    assert_same("stopped", &outcome(&place.run("whole")), &outcome(&place.run("cut")));
    let record = std::fs::read_to_string(place.run("cut/run.json")).expect("run.json");
    assert!(record.contains("\"status\": \"finished\"") && record.contains("\"resumed\": 1"), "{record}");
}

#[test]
fn rounds_of_exchange_go_on_where_they_were() {
    let scene = |production: u32| {
        let rounds = "exchange: EvenOdd(every: 2, rounds: 3, diagonals: true),\n    schedule: (";
        surface(2, [5, production]).replace("schedule: (", rounds)
    };
    let place = Place::new(&scene(41));
    place.succeed(&["run", "scene.ron", "--device", "cpu", "-o", "grown", "--quiet"]);
    place.succeed(&["resume", "grown", "--cycles", "+39", "--quiet"]);
    std::fs::write(place.path().join("long.ron"), scene(80)).expect("the scene");
    place.succeed(&["run", "long.ron", "--device", "cpu", "-o", "whole", "--quiet"]);
    let (grown, whole) = (outcome(&place.run("grown")), outcome(&place.run("whole")));
    assert_eq!((&grown.samples, &grown.states), (&whole.samples, &whole.states));
    assert_eq!(grown.sampler.assignment, whole.sampler.assignment);
    assert!(grown.sampler.backend == whole.sampler.backend, "the configurations differ");
    let tried = |edges: &[EdgeTally]| edges.iter().map(|e| (e.attempts, e.accepted)).collect::<Vec<_>>();
    assert_eq!(tried(&grown.sampler.edges), tried(&whole.sampler.edges));
    assert!(grown.exchange.contains(",temperature+mu_B,") && grown.exchange.contains(",temperature-mu_B,"));
}

/// The second half is that of the whole production, however little of it an extension has made.
#[test]
fn a_short_extension_leaves_the_second_half_of_the_whole() {
    let place = Place::new(&surface(2, [5, 40]));
    place.succeed(&["run", "scene.ron", "--device", "cpu", "-o", "grown", "--quiet"]);
    let before = outcome(&place.run("grown")).exchange;
    place.succeed(&["resume", "grown", "--cycles", "+12", "--quiet"]);
    place.succeed(&["resume", "grown", "--cycles", "+8", "--quiet"]);
    std::fs::write(place.path().join("long.ron"), surface(2, [5, 60])).expect("the scene");
    place.succeed(&["run", "long.ron", "--device", "cpu", "-o", "whole", "--quiet"]);
    let (grown, whole) = (outcome(&place.run("grown")).exchange, outcome(&place.run("whole")).exchange);
    assert_eq!(grown, whole);
    assert_ne!(before, grown);
    // Of a single cycle there are no halves.
    std::fs::write(place.path().join("short.ron"), surface(2, [5, 1])).expect("the scene");
    place.succeed(&["run", "short.ron", "--device", "cpu", "-o", "short", "--quiet"]);
    let short = outcome(&place.run("short")).exchange;
    assert!(short.lines().skip(1).all(|line| line.ends_with(',')), "{short}");
}

/// Velocities that are kept, reversed after a rejection, and tallies of segments are part of a checkpoint; so are insertions about
/// atoms of the slab that move.
#[test]
fn segments_go_on_where_they_were() {
    let scene = |production: u32| {
        surface(8, [5, production])
            .replace("Baoab(dt: 0.004, friction: 1.0, steps: 8)", "Ghmc(dt: 0.03, steps: 8, friction: 1.0)")
            .replace("layers: 1", "layers: 2, mobile_layers: 1")
            .replace(
                "insert_delete: 20",
                "insert_delete: 20, insertion: Bonds(hosts: \"A\", shell: (0.9, 1.4), cap: 40.0)",
            )
    };
    for device in ["reference", "cpu"] {
        let place = Place::new(&scene(41));
        place.succeed(&["run", "scene.ron", "--device", device, "-o", "grown", "--quiet"]);
        place.succeed(&["resume", "grown", "--cycles", "+79", "--quiet"]);
        std::fs::write(place.path().join("long.ron"), scene(120)).expect("the scene");
        place.succeed(&["run", "long.ron", "--device", device, "-o", "whole", "--quiet"]);
        let (grown, whole) = (outcome(&place.run("grown")), outcome(&place.run("whole")));
        assert_eq!((&grown.samples, &grown.states), (&whole.samples, &whole.states), "{device}");
        assert!(grown.sampler.backend == whole.sampler.backend, "{device}: the configurations differ");
        assert_eq!(grown.sampler.segments, whole.sampler.segments, "{device}");
        let made: u64 = whole.sampler.segments.iter().map(|s| s.segments).sum();
        let accepted: u64 = whole.sampler.segments.iter().map(|s| s.accepted).sum();
        assert!(made == 12 * 120 && accepted > made / 5 && accepted < made, "{device}: {accepted} of {made} accepted");
        assert!(whole.states.contains(",acceptance_segment,"), "{}", whole.states);
        let report = std::fs::read_to_string(place.run("whole/report.html")).expect("the report");
        assert!(report.contains("Segments of dynamics accepted: "), "{device}: no acceptance in the report");
    }
}

#[test]
fn steps_that_are_chosen_go_on_as_they_were() {
    let text = surface(40, [20, 41]).replace("moves: (", "balance: Auto,\n    moves: (");
    let setup = Setup::from_scene(&scene::parse(&text, Path::new("scene.ron")).expect("a scene")).expect("a system");
    let backend = || setup.open("cpu").expect("cpu");
    let mut whole = setup.sampler(backend(), &setup.start().expect("a start")).expect("it fits");
    // Saved before the choice, in the middle of it and after it.
    let mut saved = Vec::new();
    for cycle in 0..30_u32 {
        if [0, 7, 25].contains(&cycle) {
            saved.push((cycle, whole.save().expect("between two cycles")));
        }
        whole.advance(if cycle < 20 { Period::Equilibration } else { Period::Production }).expect("a cycle");
    }
    let most = setup.plan.steps;
    assert!(whole.plan().steps < most && whole.steps_made() < 30 * u64::from(most), "nothing was chosen");
    let attempts = whole.attempts().expect("attempts are chosen too").chosen().to_vec();
    let (all, mean) = (attempts.iter().sum::<u32>(), setup.plan.attempts);
    assert!(all <= mean * attempts.len() as u32 && attempts.iter().any(|&n| n != mean), "{attempts:?}");
    for (from, state) in saved {
        let mut again = setup.restore(backend(), &state).expect("it fits");
        for cycle in from..30 {
            again.advance(if cycle < 20 { Period::Equilibration } else { Period::Production }).expect("a cycle");
        }
        assert!(again.save().expect("a state") == whole.save().expect("a state"), "from cycle {from} on");
    }
    let fixed = Setup::from_scene(&scene::parse(&surface(40, [20, 41]), Path::new("scene.ron")).expect("a scene"));
    let refused = fixed.expect("a system").restore(backend(), &whole.save().expect("a state")).err().expect("refused");
    assert!(refused.to_string().contains("steps of a cycle"), "{refused}");

    let place = Place::new(&text);
    place.succeed(&["run", "scene.ron", "--device", "cpu", "-o", "run", "--quiet"]);
    let record = RunRecord::read(&place.run("run")).expect("run.json");
    let balance = record.balance.expect("why there are so many steps");
    assert_eq!((record.steps, balance.most), (whole.plan().steps, most));
    assert!(balance.atoms > 0.0 && balance.atoms < 64.0, "{}", balance.atoms);
    assert_eq!((record.attempts, record.attempts_of_states), (mean, attempts));
}

#[test]
fn a_finished_run_is_left_as_it_is() {
    let place = Place::new(&surface(2, [5, 40]));
    place.succeed(&["run", "scene.ron", "--device", "cpu", "-o", "done", "--quiet"]);
    let before = snapshot(&place.run("done"));
    let output = place.succeed(&["resume", "done"]);
    assert_eq!(String::from_utf8_lossy(&output.stdout), "report: done/report.html\n");
    assert!(stderr(&output).contains("finished already"), "{}", stderr(&output));
    assert!(before == snapshot(&place.run("done")), "something changed");
}

#[test]
fn an_end_that_was_cut_short_is_made_up_for() {
    let place = Place::new(&surface(2, [5, 40]));
    place.succeed(&["run", "scene.ron", "--device", "cpu", "-o", "done", "--quiet"]);
    let whole = outcome(&place.run("done"));
    for name in ["states.csv", "report.html"] {
        std::fs::remove_file(place.run("done").join(name)).expect("removed");
        place.succeed(&["resume", "done", "--quiet"]);
        assert!(place.run("done").join(name).is_file(), "{name}");
        assert_same(name, &whole, &outcome(&place.run("done")));
    }
}

#[test]
fn further_cycles_are_those_of_a_longer_run() {
    let long = surface(4, [20, 90]).replace("production: 90", "production: 90, max_samples_per_state: 100");
    let short = long.replace("production: 90", "production: 50");
    let place = Place::new(&short);
    std::fs::write(place.path().join("long.ron"), long).expect("the scene");
    place.succeed(&["run", "scene.ron", "--device", "cpu", "-o", "grown", "--quiet"]);
    place.succeed(&["resume", "grown", "--quiet", "--cycles", "+40"]);
    place.succeed(&["run", "long.ron", "--device", "cpu", "-o", "whole", "--quiet"]);
    let (grown, whole) = (outcome(&place.run("grown")), outcome(&place.run("whole")));
    // at 90 cycles and two walkers the stride has become 2, also for the rows stored before
    assert_eq!(grown.samples.len(), 45 * 12);
    assert_eq!(grown.samples, whole.samples);
    assert_eq!(grown.states, whole.states);
    assert!(grown.sampler.backend == whole.sampler.backend, "the configurations differ");
    let resolved = std::fs::read_to_string(place.run("grown/resolved.ron")).expect("the scene");
    assert!(resolved.contains("production: 90"), "{resolved}");
    // and it is a finished run like any other
    place.succeed(&["resume", "grown", "--quiet"]);
    let output = place.adlayer(&["resume", "grown", "--cycles", "40"]);
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn an_extension_that_was_cut_short_goes_on() {
    let place = Place::new(&surface(4, [20, 50]));
    place.succeed(&["run", "scene.ron", "--device", "cpu", "-o", "grown", "--quiet"]);
    let old = std::fs::read(place.run("grown/resolved.ron")).expect("the scene");
    place.succeed(&["resume", "grown", "--quiet", "--cycles", "+40"]);
    let whole = outcome(&place.run("grown"));
    // as if it had been killed between the checkpoint and the scene
    std::fs::write(place.run("grown/resolved.ron"), old).expect("the scene");
    place.succeed(&["resume", "grown", "--quiet", "--cycles", "+5"]);
    assert_eq!(state(&place.run("grown")).sampler.cycle, whole.sampler.cycle + 5);
}

#[test]
fn a_changed_scene_is_refused_by_field() {
    let place = Place::new(&surface(2, [5, ENDLESS]));
    stopped(&place, "cut", "cpu");
    let production = format!("production: {ENDLESS}");
    for (file, from, to, field) in [
        ("resolved.ron", "friction: 1.0", "friction: 2.0", "dynamics.Baoab.friction"),
        ("scene.ron", "insert_delete: 20", "insert_delete: 21", "moves.insert_delete"),
        ("resolved.ron", production.as_str(), "production: 30000", "schedule.production"),
        ("scene.ron", "Scene(", "Scene((", "Scene"),
    ] {
        let path = place.run("cut").join(file);
        let text = std::fs::read_to_string(&path).expect("the scene");
        assert!(text.contains(from), "{text}");
        std::fs::write(&path, text.replacen(from, to, 1)).expect("the scene");
        let error = place.fail(&["resume", "cut"], 65);
        assert!(error.contains(&format!("`{field}` of {file} was changed")), "{error}");
        if file == "resolved.ron" {
            let error = place.fail(&["analyze", "cut"], 65);
            assert!(error.contains(&format!("`{field}` of {file} was changed")), "{error}");
        }
        std::fs::write(&path, text).expect("the scene");
    }
    place.fail(&["resume", "cut", "--quiet", "--walltime", "1s"], 75);
}

#[test]
fn a_changed_table_is_refused() {
    let mut scene = surface(2, [5, ENDLESS]);
    let (from, to) = (scene.find("LennardJones(").expect("a potential"), scene.find("    cell:").expect("a cell"));
    let pairs = r#"(between: ("A","B"), keyword: "LJ"), (between: ("B","B"), keyword: "LJ")"#;
    scene.replace_range(from..to, &format!("Table(path: \"pair.table\", cutoff: 2.5, pairs: [{pairs}]),\n"));
    let place = Place::new(&scene);
    let table = include_str!("../data/pair_forms/lj.table");
    std::fs::write(place.path().join("pair.table"), table).expect("the table");
    stopped(&place, "cut", "cpu");
    let resolved = std::fs::read_to_string(place.run("cut/resolved.ron")).expect("the scene");
    let absolute = place.path().join("pair.table");
    assert!(resolved.contains(&*absolute.to_string_lossy()), "{resolved}");
    // a remark is no change
    std::fs::write(&absolute, format!("# once more\n{table}")).expect("the table");
    place.fail(&["resume", "cut", "--quiet", "--walltime", "1s"], 75);
    let energy = table.lines().nth(9).and_then(|row| row.split_whitespace().nth(2)).expect("a row");
    std::fs::write(&absolute, table.replacen(energy, "1.0", 1)).expect("the table");
    let error = place.fail(&["resume", "cut"], 65);
    assert!(error.contains("the file of `potential` was changed"), "{error}");
}

#[test]
fn a_changed_slab_file_is_refused() {
    let scene = surface(2, [5, ENDLESS]).replace(
        r#"Fcc111(species: "A", nearest_neighbour: 1.10, repeat: (5, 3), layers: 1)"#,
        r#"File(path: "slab.xyz")"#,
    );
    let place = Place::new(&scene);
    let slab = "2\nLattice=\"6 0 0 0 6 0 0 0 9\" Properties=species:S:1:pos:R:3\nCu 1 1 0\nCu 4 4 0\n";
    std::fs::write(place.path().join("slab.xyz"), slab).expect("the slab");
    stopped(&place, "cut", "cpu");
    std::fs::write(place.path().join("slab.xyz"), slab.replace("4 4 0", "4 3.9 0")).expect("the slab");
    let error = place.fail(&["resume", "cut"], 65);
    assert!(error.contains("the file of `substrate` was changed"), "{error}");
}

#[test]
fn another_build_or_device_is_refused_unless_allowed() {
    let place = Place::new(&surface(2, [5, 300]));
    place.succeed(&["run", "scene.ron", "--device", "cpu", "-o", "first", "--quiet", "--checkpoint-every", "1000"]);
    // the first checkpoint is the previous one of a run that saved itself only at its end
    let directory = place.run("first");
    std::fs::copy(directory.join("checkpoint.bin.prev"), directory.join("checkpoint.bin")).expect("copied");
    let error = place.fail(&["resume", "first", "--device", "reference"], 69);
    assert!(
        error.contains("device was `cpu`, is `reference`") && error.contains("--allow-different-device"),
        "{error}"
    );
    let output = place.succeed(&["resume", "first", "--device", "reference", "--allow-different-device"]);
    assert!(stderr(&output).contains("the bits differ from an uninterrupted run"), "{}", stderr(&output));

    std::fs::copy(directory.join("checkpoint.bin.prev"), directory.join("checkpoint.bin")).expect("copied");
    let (mut foreign, _) = checkpoint::read(&directory, most(&directory)).expect("a checkpoint");
    let cycle = foreign.state.sampler.cycle;
    foreign.header.build = "of someone else".into();
    foreign.header.device = adlayer::testing::backend::Identity {
        open: "cpu".into(),
        device: "cpu".into(),
        kernel: foreign.header.device.kernel.clone(),
    };
    checkpoint::write(&directory, &foreign).expect("written");
    let error = place.fail(&["resume", "first"], 69);
    assert!(error.contains("build was `of someone else`"), "{error}");
    // nothing was changed by being refused
    assert_eq!(state(&directory).sampler.cycle, cycle);
}

#[test]
fn damage_takes_the_checkpoint_before_and_ends_with_the_same_bits() {
    let place = Place::new(&surface(4, [20, 300]));
    place.succeed(&["run", "scene.ron", "--device", "cpu", "-o", "run", "--quiet", "--checkpoint-every", "0.02"]);
    let (directory, whole) = (place.run("run"), outcome(&place.run("run")));
    let last = directory.join("checkpoint.bin");
    let mut bytes = std::fs::read(&last).expect("a checkpoint");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 4;
    std::fs::write(&last, &bytes).expect("damaged");
    std::fs::remove_file(directory.join("states.csv")).expect("removed");
    let output = place.succeed(&["resume", "run"]);
    assert!(stderr(&output).contains("resumed from the checkpoint before the last"), "{}", stderr(&output));
    assert_same("damaged", &whole, &outcome(&directory));
    // both damaged: refused, and told so
    std::fs::write(&last, &bytes[..middle]).expect("cut");
    std::fs::write(directory.join("checkpoint.bin.prev"), b"").expect("emptied");
    let error = place.fail(&["resume", "run"], 65);
    assert!(error.contains("it was damaged or cut") && error.contains("nor the one before"), "{error}");
    std::fs::remove_file(&last).expect("removed");
    std::fs::remove_file(directory.join("checkpoint.bin.prev")).expect("removed");
    place.fail(&["resume", "run"], 66);
}

/// A thousand bit flips and truncations of one or both checkpoints: the last, the one before, or nothing.
#[test]
fn a_thousand_damaged_checkpoints() {
    let place = Place::new(&surface(2, [5, 60]));
    place.succeed(&["run", "scene.ron", "--device", "cpu", "-o", "run", "--quiet", "--checkpoint-every", "0"]);
    let directory = place.run("run");
    let most = most(&directory);
    let (last, previous) = (directory.join("checkpoint.bin"), directory.join("checkpoint.bin.prev"));
    let (sound_last, sound_previous) =
        (std::fs::read(&last).expect("last"), std::fs::read(&previous).expect("previous"));
    let (whole, origin) = checkpoint::read(&directory, most).expect("sound");
    assert_eq!(origin, Origin::Last);
    std::fs::remove_file(&last).expect("removed");
    let (before, origin) = checkpoint::read(&directory, most).expect("the one before");
    assert!(matches!(origin, Origin::Previous(_)) && before.state != whole.state);
    let rng = Rng::new(40);
    let damaged = |bytes: &[u8], k: u64, slot: u32| {
        let [kind, place, bit, more] = rng.uniforms(Stream::InitialPosition, k, 0, slot);
        let mut bytes = bytes.to_vec();
        if kind < 0.3 {
            bytes.truncate(index_below(place, bytes.len()));
        } else {
            for flip in 0..=index_below(more, 3) {
                let at = (index_below(place, bytes.len()) + 977 * flip) % bytes.len();
                bytes[at] ^= 1 << index_below(bit, 8);
            }
        }
        bytes
    };
    let (mut refused, mut fell_back) = (0, 0);
    for k in 0..1000 {
        let bytes = damaged(&sound_last, k, 0);
        assert_ne!(bytes, sound_last);
        std::fs::write(&last, bytes).expect("damaged");
        let both = k % 4 == 0;
        std::fs::write(&previous, if both { damaged(&sound_previous, k, 1) } else { sound_previous.clone() })
            .expect("written");
        match checkpoint::read(&directory, most) {
            Ok((found, Origin::Previous(_))) => {
                assert!(!both && found == before, "case {k}: a wrong state");
                fell_back += 1;
            }
            Ok((_, Origin::Last)) => panic!("case {k}: a damaged checkpoint is taken"),
            Err(error) => {
                assert!(both && adlayer::cli::exit_code(&error) == 65, "case {k}: {error}");
                refused += 1;
            }
        }
    }
    announce(&format!("1000 damaged checkpoints: {fell_back} times the one before was taken, {refused} were refused"));
    assert_eq!((fell_back, refused), (750, 250));
}

#[test]
fn a_missing_part_of_the_samples_is_named() {
    let place = Place::new(&surface(2, [5, ENDLESS]));
    stopped(&place, "cut", "cpu");
    let part = place.run("cut/samples/part-00000.parquet");
    let bytes = std::fs::read(&part).expect("a part");
    std::fs::remove_file(&part).expect("removed");
    let error = place.fail(&["resume", "cut"], 66);
    assert!(error.contains("part-00000.parquet"), "{error}");
    std::fs::write(&part, bytes).expect("restored");
    place.fail(&["resume", "cut", "--quiet", "--walltime", "1s"], 75);
}

/// A part that is cut, flipped or emptied is refused before anything is sampled, as the analysis would refuse it in the end.
#[test]
fn a_damaged_part_or_mark_is_refused_before_sampling_goes_on() {
    let place = Place::new(&surface(2, [5, ENDLESS]));
    stopped(&place, "cut", "cpu");
    let (directory, cycle) = (place.run("cut"), state(&place.run("cut")).sampler.cycle);
    // A mark that the checkpoint is past: endless runs have none yet.
    std::fs::create_dir_all(directory.join("transitions")).expect("a folder");
    std::fs::copy(directory.join("samples/part-00000.parquet"), directory.join("transitions/edges-00000001.parquet"))
        .expect("any sealed file");
    for file in ["samples/part-00000.parquet", "trajectory/part-00000.parquet", "transitions/edges-00000001.parquet"] {
        let path = directory.join(file);
        let bytes = std::fs::read(&path).expect(file);
        let mut flipped = bytes.clone();
        flipped[bytes.len() / 3] ^= 4;
        for damaged in [&bytes[..bytes.len() / 2], &flipped, &[]] {
            std::fs::write(&path, damaged).expect("damaged");
            let error = place.fail(&["resume", "cut", "--quiet", "--walltime", "1s"], 65);
            assert!(error.contains(file) && error.contains("restore the file or repeat the run"), "{error}");
        }
        std::fs::write(&path, bytes).expect("restored");
    }
    assert_eq!(state(&directory).sampler.cycle, cycle);
    // It is no mark, and whoever reads it as one says so.
    std::fs::remove_file(directory.join("transitions/edges-00000001.parquet")).expect("removed");
    place.fail(&["resume", "cut", "--quiet", "--walltime", "1s"], 75);
}

#[test]
fn what_is_no_run_is_not_resumed() {
    let place = Place::new(&surface(2, [5, 20]));
    assert!(place.fail(&["resume", "absent"], 66).contains("absent"));
    assert!(place.fail(&["resume", "."], 66).contains("resolved.ron"));
    assert!(!Path::new(&place.run("lock")).exists());
}
