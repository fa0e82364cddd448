//! What clients cost: the time of an answer, how busy many of them are kept, and what several configurations at once save.

use crate::announce::announce;
use crate::external::{PROGRAM, bits_through_clients, place, record, rewrite, scene_of};
use crate::outcome::{assert_same, outcome};
use crate::place::{Place, stderr};
use adlayer::System;
use adlayer::testing::forces::external::driver::serve;
use adlayer::testing::forces::external::protocol::{Answer, Question, WireUnits};
use adlayer::testing::forces::external::socket::Address;
use adlayer::testing::forces::external::spec::{ExternalSpec, SocketSpec};
use adlayer::testing::forces::{External, ForceField};
use adlayer::testing::input::scene;
use adlayer::testing::sampler::Setup;
use adlayer::testing::system::configuration::Configuration;
use glam::DVec3;
use std::path::Path;
use std::sync::{Arc, Barrier};
use std::time::{Duration, Instant};

/// Microseconds of an answer: the fastest of a hundred, and the one in the middle.
fn microseconds_of_an_answer(socket: &str) -> [f64; 2] {
    let native =
        r#"LennardJones(cutoff: 2.5, truncation: Shifted, pairs: [(between: ("B", "B"), epsilon: 1.0, sigma: 1.0)])"#;
    let fluid = |potential: &str| {
        format!(
            r#"Scene(units: Lj, species: [(name: "B", symbol: "Ar", mass: 1.0)], potential: {potential},
    cell: Bulk(lengths: (6.0, 6.0, 6.0)), initial: [(species: "B", atoms: 30, placement: Random)],
    grid: (temperature: List([1.5])), dynamics: Baoab(dt: 0.002, friction: 1.0, steps: 10),
    schedule: (equilibration: 1, production: 2))"#
        )
    };
    let place = Place::new("");
    std::fs::write(place.path().join("native.ron"), fluid(native)).expect("written");
    let driver = format!("{PROGRAM} driver {}", place.path().join("native.ron").display());
    let text = fluid(&format!("External(clients: [(command: \"{driver}\")], socket: {socket})"));
    let setup = Setup::from_scene(&scene::parse(&text, Path::new("scene.ron")).expect("a scene")).expect("a setup");
    let batch = setup.start().expect("a start");
    let mut forces = Vec::new();
    let one = || {
        let start = Instant::now();
        setup.force_field.energy_and_forces(&batch.configurations[0], &mut forces).expect("an answer");
        1e6 * start.elapsed().as_secs_f64()
    };
    let mut took: Vec<f64> = std::iter::repeat_with(one).take(3000).collect();
    took.sort_by(f64::total_cmp);
    [took[30], took[1500]]
}

#[test]
fn an_answer_takes_little_and_clients_are_kept_busy() {
    for socket in ["Unix(\"adlayer-test-overhead\")", "Tcp(\"127.0.0.1\", 0)"] {
        let [fastest, middle] = microseconds_of_an_answer(socket);
        announce(&format!("{socket}: an answer about 30 atoms takes {fastest:.1} µs at best, {middle:.1} µs mostly"));
        assert!(fastest < 1000.0, "{socket}: {fastest} µs");
    }
    // 24 replicas, 4 clients of 5 ms ± 30 %.
    let place = place("(command: \"DRIVER --delay 5\", count: 4)", "", [1, 12]);
    with_walkers(&place, "scene.ron", 4);
    place.succeed(&["run", "scene.ron", "-o", "run", "--quiet"]);
    let record = record(&place.run("run"));
    assert_eq!(record["n_replicas"], 24);
    let busy = record["forces"]["busy"].as_f64().expect("a share");
    announce(&format!("24 replicas on 4 clients of 5 ms: busy {busy:.3}"));
    assert!(busy > 0.7 && busy <= 1.0, "clients were busy for {busy} of the time");
}

#[test]
fn a_hundred_and_sixty_clients_connect_at_once_and_are_kept_busy() {
    const CLIENTS: usize = 160;
    const DELAY: Duration = Duration::from_millis(100);
    let folder = tempfile::tempdir().expect("a folder");
    let socket = folder.path().join("s").to_string_lossy().into_owned();
    let text = format!("External(clients: [], socket: Unix(\"{socket}\"))");
    let loaded = scene::parse(&scene_of(&text, [1, 1]), Path::new("scene.ron")).expect("a scene");
    let system = Arc::new(System::from_scene(&loaded));
    let spec = ExternalSpec {
        socket: Some(SocketSpec::Unix(socket.clone())),
        ..loaded.scene.potential.external().expect("it is").clone()
    };
    let slab = Configuration::default();
    let external = External::new(spec, loaded.scene.units, Arc::clone(&system), slab, 0.8);
    let together = Barrier::new(CLIENTS);
    std::thread::scope(|s| {
        for _ in 0..CLIENTS {
            s.spawn(|| {
                let address = Address::unix(&socket);
                together.wait();
                let stream = loop {
                    match address.connect() {
                        Ok(stream) => break stream,
                        Err(_) => std::thread::sleep(Duration::from_millis(1)),
                    }
                };
                let answer = |q: &Question| {
                    let energy = q.positions.iter().map(|p| p.x).sum();
                    Ok(Answer { energy, forces: vec![DVec3::ZERO; q.positions.len()], extra: String::new() })
                };
                let answers = |asked: &[Question]| {
                    std::thread::sleep(DELAY);
                    asked.iter().map(answer).collect()
                };
                serve(stream, WireUnits::of(loaded.scene.units), None, 1, answers).expect("served");
            });
        }
        let mut x = Configuration::default();
        x.insert(1, DVec3::new(1.0, 1.0, 2.0), DVec3::ZERO);
        external.open().expect("clients");
        while external.service().expect("clients").clients < CLIENTS {
            std::thread::yield_now();
        }
        let rounds = 8;
        let ask = || {
            std::thread::scope(|inner| {
                for k in 0..CLIENTS {
                    let mut x = x.clone();
                    x.positions[0].y = 0.01 * k as f64;
                    let external = &external;
                    inner.spawn(move || (0..rounds).for_each(|_| assert!(external.energy(&x).is_ok())));
                }
            });
        };
        // Each is asked its probe first.
        ask();
        let start = Instant::now();
        ask();
        let took = start.elapsed().as_secs_f64() / (f64::from(rounds) * DELAY.as_secs_f64());
        announce(&format!("160 clients of 100 ms: {took:.3} times the least time"));
        assert!(took < 1.5, "{took} times the time of {rounds} answers");
        drop(external);
    });
}

#[test]
fn several_configurations_at_once_change_no_bit() {
    for clients in [&["--batch 4"][..], &["--batch 3", "", "--batch 64"]] {
        let listed: Vec<String> = clients.iter().map(|more| format!("(command: \"DRIVER {more}\")")).collect();
        let bits = bits_through_clients("Baoab(dt: 0.004, friction: 1.0, steps: 4)", 60, &[&listed.join(", ")]);
        assert!(bits.windows(2).all(|w| w[0] != w[1]), "every cycle moves");
    }
}

#[test]
fn a_client_that_takes_many_at_once_is_asked_many_at_once() {
    // 24 replicas; an answer takes as long as many.
    let seconds = |batch: &str| {
        let place = place(&format!("(command: \"DRIVER --delay 10 {batch}\")"), "", [1, 6]);
        with_walkers(&place, "scene.ron", 4);
        place.succeed(&["run", "scene.ron", "-o", "run", "--quiet"]);
        let record = record(&place.run("run"));
        let (answers, requests) = (record["forces"]["answers"].as_f64(), record["forces"]["requests"].as_f64());
        (record["seconds_sampling"].as_f64().expect("seconds"), answers.expect("answers") / requests.expect("requests"))
    };
    let ((alone, one), (together, many)) = (seconds(""), seconds("--batch 24"));
    announce(&format!(
        "24 replicas, one client of 10 ms: {alone:.2} s one by one, {together:.2} s with {many:.1} at once"
    ));
    assert_eq!(one, 1.0);
    assert!(many > 12.0 && together < 0.25 * alone, "{many} at once, {together} s beside {alone} s");
}

#[test]
fn a_batch_that_fails_is_asked_one_by_one() {
    let cycles = [5, 40];
    let place = place("(command: \"DRIVER\")", "", cycles);
    place.succeed(&["run", "scene.ron", "-o", "whole", "--quiet"]);
    let whole = outcome(&place.run("whole"));
    // Without another try, a question fails for good where it fails alone; in a batch it is not alone.
    for (name, fault, retries) in [("dies", "dies@53", 2), ("half", "half@71", 2), ("energies", "no-energy@40%9", 3)] {
        let client = format!("(command: \"DRIVER --batch 6 --fault {fault}\")");
        rewrite(&place, "failing.ron", &client, &format!("retries: {retries}"), cycles);
        place.succeed(&["run", "failing.ron", "-o", name, "--quiet"]);
        assert_same(name, &whole, &outcome(&place.run(name)));
        let failures = record(&place.run(name))["forces"]["failures"].as_u64();
        assert!(failures >= Some(5), "{name}: {failures:?} questions failed");
    }
    // What it says of a batch may be less than what was asked.
    rewrite(&place, "short.ron", "(command: \"DRIVER --batch 6 --fault atoms@80\")", "retries: 0, timeout: 1", cycles);
    let output = place.adlayer(&["run", "short.ron", "-o", "short", "--quiet"]);
    assert_eq!(output.status.code(), Some(69), "{}", stderr(&output));
    assert!(stderr(&output).contains("were asked about"), "{}", stderr(&output));
}

/// Gives a scene so many walkers of its six states.
fn with_walkers(place: &Place, name: &str, walkers: u32) {
    let path = place.path().join(name);
    let text = std::fs::read_to_string(&path).expect("a scene").replace(
        "reservoir: [(species: \"B\", convention",
        &format!("walkers: {walkers}, reservoir: [(species: \"B\", convention"),
    );
    assert!(text.contains("walkers"));
    std::fs::write(&path, text).expect("written");
}
