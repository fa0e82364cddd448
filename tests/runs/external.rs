//! Forces from outside: the same bits as those computed here, whatever becomes of the clients; what is wrong with them is
//! said, and leaves a directory that can be resumed.

use crate::announce::announce;
use crate::outcome::{assert_same, outcome};
use crate::place::{Place, stderr};
use crate::processes::wait_until;
use adlayer::testing::backend;
use adlayer::testing::forces::{ForceField, Pairwise};
use adlayer::testing::input::scene;
use adlayer::testing::sampler::{Sampler, Setup};
use adlayer::testing::system::configuration::Configuration;
use adlayer::{Period, System};
use glam::DVec3;
use std::path::Path;
use std::process::Child;
use std::sync::Arc;
use std::time::Duration;

pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_adlayer");

pub(crate) const NATIVE: &str = r#"LennardJones(
        cutoff: 2.5, truncation: Shifted, images: Sum,
        pairs: [
            (between: ("A", "A"), epsilon: 1.0, sigma: 1.0),
            (between: ("A", "B"), epsilon: 0.8, sigma: 1.0),
            (between: ("B", "B"), epsilon: 0.6, sigma: 1.0),
        ],
    )"#;

/// Two kinds of atoms, of which one comes and goes, on a slab of one layer: six states.
pub(crate) fn scene_of(potential: &str, cycles: [u32; 2]) -> String {
    let [equilibration, production] = cycles;
    format!(
        r#"Scene(
    units: Lj,
    species: [(name: "A", symbol: "Cu", mass: 1.0), (name: "B", symbol: "Ar", mass: 1.0)],
    potential: {potential},
    cell: Slab(height: 5.0),
    substrate: Fcc111(species: "A", nearest_neighbour: 1.10, repeat: (4, 2), layers: 1),
    reservoir: [(species: "B", max_atoms: 20)],
    initial: [(species: "A", atoms: 2, placement: Random), (species: "B", atoms: 3, placement: Random)],
    grid: (
        temperature: List([0.8, 1.0]),
        reservoir: [(species: "B", convention: Activity, values: List([-3.4, -3.0, -2.6]))],
    ),
    dynamics: Baoab(dt: 0.004, friction: 1.0, steps: 4),
    moves: (insert_delete: 4),
    schedule: (equilibration: {equilibration}, production: {production}),
)"#
    )
}

/// A place with `native.ron`, which clients answer from, and a scene whose forces are theirs.
///
/// - `clients`: what stands in `clients`, `DRIVER` for our own client on `native.ron`
pub(crate) fn place(clients: &str, more: &str, cycles: [u32; 2]) -> Place {
    let place = Place::new("");
    std::fs::write(place.path().join("native.ron"), scene_of(NATIVE, cycles)).expect("written");
    rewrite(&place, "scene.ron", clients, more, cycles);
    place
}

pub(crate) fn rewrite(place: &Place, name: &str, clients: &str, more: &str, cycles: [u32; 2]) {
    let driver = format!("{PROGRAM} driver {}", place.path().join("native.ron").display());
    let clients = clients.replace("DRIVER", &driver);
    let text = scene_of(&format!("External(clients: [{clients}], {more})"), cycles);
    std::fs::write(place.path().join(name), text).expect("written");
}

pub(crate) fn record(directory: &Path) -> serde_json::Value {
    let text = std::fs::read_to_string(directory.join("run.json")).expect("a record");
    serde_json::from_str(&text).expect("JSON")
}

/// Forces computed here, as a client has them: whole energies, no difference of sums over one atom.
struct Whole(Pairwise);

impl ForceField for Whole {
    fn describe(&self) -> String {
        "whole energies".to_owned()
    }

    fn energy_and_forces(&self, x: &Configuration, forces: &mut Vec<DVec3>) -> adlayer::Result<f64> {
        self.0.energy_and_forces(x, forces)
    }
}

fn bits(sampler: &Sampler, configurations: &[Configuration]) -> Vec<u64> {
    let mut all = Vec::new();
    for (m, x) in sampler.measurements().iter().zip(configurations) {
        all.push(m.energy.to_bits());
        all.extend(m.counts.iter().map(|&n| u64::from(n)));
        all.extend(x.positions.iter().chain(&x.velocities).flat_map(|v| v.to_array()).map(f64::to_bits));
    }
    all.extend(sampler.assignment().states().iter().map(|s| u64::from(s.0)));
    all
}

/// Every cycle of a run with these dynamics, through each of these lists of clients, has the bits of forces computed here.
///
/// - returns: the bits of every cycle
pub(crate) fn bits_through_clients(dynamics: &str, cycles: usize, lists: &[&str]) -> Vec<Vec<u64>> {
    let of_clients = |clients: &str| {
        let place = place(clients, "", [1, 1]);
        let loaded = |name: &str| {
            let path = place.path().join(name);
            let text = std::fs::read_to_string(&path).expect("a scene");
            let other = text.replace("Baoab(dt: 0.004, friction: 1.0, steps: 4)", dynamics);
            assert!(other.contains(dynamics));
            scene::parse(&other, &path).expect("a scene")
        };
        let (setup, own) = (Setup::from_scene(&loaded("scene.ron")).expect("a setup"), loaded("native.ron"));
        (setup, own, place)
    };
    let advance = |setup: &Setup, batch| {
        let reference =
            backend::open_with_note("reference", Arc::clone(&setup.system), Arc::clone(&setup.force_field), setup.rng);
        let mut sampler = setup.sampler(reference.expect("opens").0, batch).expect("loaded");
        let mut trail = Vec::new();
        for _ in 0..cycles {
            sampler.advance(Period::Equilibration).expect("a cycle");
            trail.push(bits(&sampler, &sampler.configurations().expect("atoms")));
        }
        sampler.audit().expect("energies");
        trail
    };
    let (first, own, _place) = of_clients(lists[0]);
    let batch = first.start().expect("a start");
    let system = Arc::new(System::from_scene(&own));
    let whole = Setup { force_field: Arc::new(Whole(Pairwise::new(system))), ..first.clone() };
    let expected = advance(&whole, &batch);
    for clients in lists {
        let (setup, _, _place) = of_clients(clients);
        let found = advance(&setup, &batch);
        let differs = expected.iter().zip(&found).position(|(a, b)| a != b);
        assert_eq!(differs, None, "{dynamics}: {clients} differ from that cycle on");
        let service = setup.force_field.service().expect("clients");
        assert_eq!(service.reproducible, "bitwise");
        assert!(service.answers > 25 * cycles as u64 && service.failures == 0, "{service:?}");
    }
    expected
}

#[test]
fn one_two_and_four_clients_have_the_bits_of_forces_computed_here() {
    let lists = [1, 2, 4].map(|count| format!("(command: \"DRIVER\", count: {count})"));
    let bits =
        bits_through_clients("Baoab(dt: 0.004, friction: 1.0, steps: 4)", 200, &lists.each_ref().map(String::as_str));
    assert!(bits.windows(2).filter(|w| w[0].len() != w[1].len()).count() > 20, "atoms come and go");
}

#[test]
fn hybrid_monte_carlo_and_displacements_have_the_same_bits_through_clients() {
    for dynamics in [
        "Hmc(dt: 0.02, steps: 4)",
        "Ghmc(dt: 0.02, steps: 4, friction: 1.0)",
        "MonteCarlo(displacement: 0.3, attempts: 4)",
    ] {
        let bits = bits_through_clients(dynamics, 40, &["(command: \"DRIVER\", count: 2)"]);
        assert!(bits.windows(2).all(|w| w[0] != w[1]), "{dynamics}: every cycle moves");
    }
}

#[test]
fn clients_that_die_and_runs_that_are_killed_change_no_bit() {
    let cycles = [5, 120];
    let place = place("(command: \"DRIVER\", count: 2)", "retries: 9", cycles);
    place.succeed(&["run", "scene.ron", "-o", "whole", "--quiet", "--checkpoint-every", "1000"]);
    let whole = outcome(&place.run("whole"));
    // Two clients of three die again and again, each at another question.
    let clients =
        "(command: \"DRIVER --fault dies@53\"), (command: \"DRIVER --fault dies@131\"), (command: \"DRIVER\")";
    rewrite(&place, "dying.ron", clients, "retries: 9", cycles);
    place.succeed(&["run", "dying.ron", "-o", "dying", "--quiet"]);
    assert_same("dying clients", &whole, &outcome(&place.run("dying")));
    let restarts = record(&place.run("dying"))["forces"]["restarts"].as_u64().expect("a number");
    assert!(restarts >= 20, "{restarts} clients were started again");
    // It is said wherever warnings are.
    let said = format!("were started again {restarts} times");
    let texts = ["run.json", "run.log", "report.html"]
        .map(|name| std::fs::read_to_string(place.run("dying").join(name)).expect("a file of the run"));
    assert!(texts.iter().all(|text| text.contains(&said)), "{said}: {texts:?}");
    assert!(record(&place.run("dying"))["warnings"].to_string().contains(&said));
    assert!(!record(&place.run("whole"))["warnings"].to_string().contains("started again"));
    // A late answer is nobody's.
    let clients = "(command: \"DRIVER --fault slow=0.6@900%900\"), (command: \"DRIVER\")";
    rewrite(&place, "slow.ron", clients, "retries: 9, timeout: 0.3", cycles);
    place.succeed(&["run", "slow.ron", "-o", "slow", "--quiet"]);
    assert_same("late answers", &whole, &outcome(&place.run("slow")));
    assert!(record(&place.run("slow"))["forces"]["failures"].as_u64() >= Some(1));
    // Clients and run are killed.
    let directory = place.run("killed");
    let arguments = ["run", "dying.ron", "-o", "killed", "--quiet", "--checkpoint-every", "0"];
    let mut child: Child = place.spawn(&arguments);
    let mut kills = 0;
    while kills < 10 {
        let last = directory.join("checkpoint.bin");
        let modified = || std::fs::metadata(&last).and_then(|m| m.modified()).ok();
        let begun = modified();
        if !wait_until(&mut child, || modified().is_some() && modified() != begun) {
            break;
        }
        std::thread::sleep(Duration::from_millis(7 * kills));
        child.kill().expect("killed");
        child.wait().expect("ended");
        kills += 1;
        child = place.spawn(&["resume", "killed", "--quiet", "--checkpoint-every", "0"]);
    }
    let output = child.wait_with_output().expect("ended");
    assert!(output.status.success(), "{}", stderr(&output));
    assert_eq!(kills, 10, "the run ended before it could be killed");
    assert_same("killed runs", &whole, &outcome(&directory));
    announce(&format!(
        "{restarts} clients died and {kills} runs were killed, all with the bits of the uninterrupted one"
    ));
}

#[test]
fn what_is_wrong_with_clients_is_said() {
    let quick = "connect_timeout: 0.3, timeout: 0.3, retries: 0";
    let port = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let used = port.local_addr().expect("an address").port();
    let folder = tempfile::tempdir().expect("a folder");
    let taken = folder.path().join("taken").to_string_lossy().into_owned();
    std::fs::write(format!("{taken}-0"), "no socket").expect("written");
    let of = |fault: &str| format!("(command: \"DRIVER --fault {fault}\")");
    for (clients, more, said) in [
        ("(command: \"no-such-client --x\")", quick.to_owned(), "cannot start the client `no-such-client`"),
        ("(command: \"sh -c 'echo no licence >&2; exit 3'\")", quick.to_owned(), "no licence"),
        ("(command: \"sleep 100\")", quick.to_owned(), "within `connect_timeout`, 0.3 s"),
        (&of("dies"), quick.to_owned(), "out of memory (planted)"),
        (&of("atoms"), quick.to_owned(), "where 16 were asked about"),
        (&of("nan"), quick.to_owned(), "the energy NaN"),
        (&of("garbage"), quick.to_owned(), "no word of the i-PI protocol"),
        (&of("half"), quick.to_owned(), "in the middle of an answer"),
        (&of("huge"), quick.to_owned(), "a text of 4294967295 bytes"),
        (&of("slow=2"), quick.to_owned(), "within `timeout`, 0.3 s"),
        (
            "(command: \"DRIVER\"), (command: \"DRIVER --fault other-energy=0.1\")",
            String::new(),
            "two clients give different energies",
        ),
        ("(command: \"DRIVER\")", format!("socket: Tcp(\"127.0.0.1\", {used})"), "is in use"),
        ("(command: \"DRIVER\")", format!("socket: Unix(\"{taken}\")"), "is no socket"),
        ("", format!("socket: Unix(\"{taken}2\"), {quick}"), "no client has connected to"),
    ] {
        let place = place(clients, &more, [1, 1]);
        let output = place.adlayer(&["run", "scene.ron", "-o", "run", "--quiet"]);
        let error = stderr(&output);
        assert_eq!(output.status.code(), Some(69), "{clients} {more}: {error}");
        assert!(error.contains(said), "{clients} {more}: `{said}` is not in {error}");
        assert!(!place.run("run").exists(), "{clients}: a run that cannot begin leaves nothing behind");
    }
    // Atoms that the client does not know.
    let place = place("(command: \"DRIVER\")", quick, [1, 1]);
    let native = place.path().join("native.ron");
    let text = std::fs::read_to_string(&native).expect("a scene").replace("\"B\"", "\"C\"");
    std::fs::write(&native, text).expect("written");
    let output = place.adlayer(&["run", "scene.ron", "-o", "run", "--quiet"]);
    assert!(stderr(&output).contains("there is no species `B`"), "{}", stderr(&output));
}

#[test]
fn a_client_that_fails_in_the_middle_leaves_a_run_that_goes_on() {
    let cycles = [5, 40];
    let place = place("(command: \"DRIVER\")", "", cycles);
    place.succeed(&["run", "scene.ron", "-o", "whole", "--quiet"]);
    let whole = outcome(&place.run("whole"));
    // What the client does is in a file, so that it can be mended.
    let fault = place.path().join("fault");
    let script = place.path().join("client.sh");
    let text = format!(
        "#!/bin/sh\nexec {PROGRAM} driver {} $(cat {})\n",
        place.path().join("native.ron").display(),
        fault.display()
    );
    std::fs::write(&script, text).expect("written");
    for kind in ["dies", "atoms", "nan", "garbage", "half", "huge", "slow=5"] {
        std::fs::write(&fault, format!("--fault {kind}@700")).expect("written");
        rewrite(
            &place,
            "failing.ron",
            &format!("(command: \"sh {}\")", script.display()),
            "retries: 0, timeout: 1",
            cycles,
        );
        let _ = std::fs::remove_dir_all(place.run("cut"));
        let output = place.adlayer(&["run", "failing.ron", "-o", "cut", "--quiet", "--checkpoint-every", "0"]);
        let error = stderr(&output);
        let code = output.status.code();
        std::fs::write(&fault, "").expect("written");
        assert_eq!(code, Some(69), "{kind}: {error}");
        assert!(error.contains("replica") && error.contains("adlayer resume"), "{kind}: {error}");
        let dumped = std::fs::read_dir(place.run("cut")).expect("a run").filter_map(Result::ok);
        let dumped: Vec<_> = dumped.filter(|e| e.file_name().to_string_lossy().starts_with("client-failure")).collect();
        assert_eq!(dumped.len(), 1, "{kind}");
        let text = std::fs::read_to_string(dumped[0].path()).expect("text");
        assert!(text.contains("Lattice=") && text.lines().count() >= 10, "{kind}: {text}");
        assert_eq!(record(&place.run("cut"))["status"], "failed");
        place.succeed(&["resume", "cut", "--quiet"]);
        assert_same(kind, &whole, &outcome(&place.run("cut")));
    }
}

/// What is in the files of a run from which it goes on.
fn kept(run: &Path) -> [Vec<u8>; 2] {
    ["checkpoint.bin", "resolved.ron"].map(|name| std::fs::read(run.join(name)).expect("a file of the run"))
}

#[test]
fn a_run_whose_clients_cannot_be_had_stays_as_it_is() {
    let cycles = [5, 40];
    let place = place("(command: \"DRIVER\"), (command: \"DRIVER\")", "", cycles);
    place.succeed(&["run", "scene.ron", "-o", "whole", "--quiet"]);
    let whole = outcome(&place.run("whole"));
    // The clients are programs of ours, so that they can be taken away, exchanged and given back.
    let script = |k: usize, text: &str| {
        let path = place.path().join(format!("client{k}"));
        std::fs::write(&path, format!("#!/bin/sh\n{text}\n")).expect("written");
        std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o755)).expect("it can be run");
        path
    };
    let good = |more: &str| format!("exec {PROGRAM} driver {} {more}", place.path().join("native.ron").display());
    let commands = [script(0, &good("--fault dies@300")), script(1, &good("--fault dies@300"))];
    let listed: Vec<String> = commands.iter().map(|path| format!("(command: \"{}\")", path.display())).collect();
    let socket = place.path().join("s").to_string_lossy().into_owned();
    let more = format!("socket: Unix(\"{socket}\"), retries: 0, connect_timeout: 5");
    rewrite(&place, "failing.ron", &listed.join(", "), &more, cycles);
    let output = place.adlayer(&["run", "failing.ron", "-o", "cut", "--quiet", "--checkpoint-every", "0"]);
    assert_eq!(output.status.code(), Some(69), "{}", stderr(&output));
    let (run, before) = (place.run("cut"), kept(&place.run("cut")));
    let refused = |said: &str| {
        let output = place.adlayer(&["resume", "cut", "--quiet"]);
        let error = stderr(&output);
        assert_eq!(output.status.code(), Some(69), "{said}: {error}");
        assert!(error.contains(said), "`{said}` is not in {error}");
        assert!(kept(&run) == before, "{said}: the run is not as it was");
    };
    script(0, "echo no licence >&2; exit 3");
    refused("no licence");
    script(0, "sleep 100");
    refused("within `connect_timeout`, 5 s");
    script(0, &good("--fault nan"));
    script(1, &good("--fault nan"));
    refused("the energy NaN");
    script(0, &good("--fault other-energy=0.1"));
    script(1, &good(""));
    refused("two clients give different energies");
    std::fs::remove_file(&commands[0]).expect("removed");
    refused("cannot start the client");
    script(0, &good(""));
    std::fs::write(format!("{socket}-1"), "no socket").expect("written");
    refused("is no socket");
    std::fs::remove_file(format!("{socket}-1")).expect("removed");
    // The sockets of a server that was killed are in nobody's way.
    for k in 0..2 {
        drop(std::os::unix::net::UnixListener::bind(format!("{socket}-{k}")).expect("a socket"));
    }
    place.succeed(&["resume", "cut", "--quiet"]);
    assert_same("a run that waited for its clients", &whole, &outcome(&run));
}

#[test]
fn trials_without_an_energy_stop_the_run_or_are_counted() {
    let cycles = [2, 30];
    let fault = "(command: \"DRIVER --fault no-energy@40%5\")";
    let place = place(fault, "retries: 0", cycles);
    let output = place.adlayer(&["run", "scene.ron", "-o", "stop", "--quiet"]);
    assert_eq!(output.status.code(), Some(69), "{}", stderr(&output));
    assert!(stderr(&output).contains("the SCF did not converge (planted)"), "{}", stderr(&output));
    rewrite(&place, "reject.ron", fault, "retries: 0, on_failure: Reject", cycles);
    let output = place.adlayer(&["run", "reject.ron", "-o", "reject", "--quiet"]);
    assert_eq!(output.status.code(), Some(3), "{}", stderr(&output));
    let said = stderr(&output);
    assert!(said.contains("were rejected because no client could evaluate them"), "{said}");
    let forces = &record(&place.run("reject"))["forces"];
    let (rejected, trials) = (forces["rejected"].as_u64().unwrap_or(0), forces["trials"].as_u64().unwrap_or(0));
    assert!(rejected > trials / 50 && rejected < trials / 2, "{rejected} of {trials}");
    // The last of them can be looked at.
    let kept = std::fs::read_to_string(place.run("reject").join("client-rejected.xyz")).expect("their atoms");
    let comments: Vec<&str> = kept.lines().filter(|line| line.contains("the SCF did not converge (planted)")).collect();
    assert_eq!(comments.len() as u64, rejected.min(20), "{kept}");
    assert!(comments.iter().all(|line| line.contains("replica ") && line.contains("Lattice=")), "{kept}");
    // Rare enough, they are only counted.
    rewrite(
        &place,
        "rare.ron",
        "(command: \"DRIVER --fault no-energy@40%701\")",
        "retries: 0, on_failure: Reject",
        cycles,
    );
    place.succeed(&["run", "rare.ron", "-o", "rare", "--quiet"]);
    // With another try they all have one.
    rewrite(&place, "again.ron", fault, "on_failure: Reject", cycles);
    place.succeed(&["run", "again.ron", "-o", "again", "--quiet"]);
    assert_eq!(record(&place.run("again"))["forces"]["rejected"], 0);
}

/// An energy that is finite and absurd is asked for again: what nobody confirms is nowhere, what is confirmed is said.
#[test]
fn an_absurd_energy_is_not_believed_at_once() {
    let cycles = [5, 40];
    let reference = "reference: (species: [(\"A\", Atom), (\"B\", Atom)])";
    let place = place("(command: \"DRIVER\")", reference, cycles);
    place.succeed(&["run", "scene.ron", "-o", "whole", "--quiet"]);
    let whole = outcome(&place.run("whole"));
    let forces = |name: &str| record(&place.run(name))["forces"].clone();
    assert_eq!(forces("whole")["confirmed"], 0);
    // One client of two, one alone, and one that takes several configurations at once.
    let fault = "DRIVER --fault other-energy=-1e4@700%211";
    for (name, clients) in [
        ("two", format!("(command: \"{fault}\"), (command: \"DRIVER\")")),
        ("alone", format!("(command: \"{fault}\")")),
        ("batch", format!("(command: \"{fault} --batch 3\")")),
    ] {
        rewrite(&place, "absurd.ron", &clients, reference, cycles);
        place.succeed(&["run", "absurd.ron", "-o", name, "--quiet"]);
        assert_same(name, &whole, &outcome(&place.run(name)));
        let forces = forces(name);
        assert!(forces["failures"].as_u64() >= Some(1) && forces["confirmed"] == 0, "{name}: {forces}");
    }
    // A client that says it again after it was started anew, and one that then says something else as absurd.
    let starts = place.path().join("starts");
    let script = |later: &str| {
        let text = format!(
            "#!/bin/sh\necho x >> {0}\nn=$(grep -c x {0})\nfault=-1e4@700\ntest $n -gt 1 && fault={later}\n\
             exec {PROGRAM} driver {1} --fault other-energy=$fault\n",
            starts.display(),
            place.path().join("native.ron").display(),
        );
        std::fs::write(place.path().join("client.sh"), text).expect("written");
        let _ = std::fs::remove_file(&starts);
    };
    let client = format!("(command: \"sh {}\")", place.path().join("client.sh").display());
    rewrite(&place, "again.ron", &client, "", cycles);
    script("-1e4@1");
    place.succeed(&["run", "again.ron", "-o", "again", "--quiet"]);
    let confirmed = forces("again")["confirmed"].as_u64().expect("a number");
    assert!(confirmed >= 1, "{}", forces("again"));
    let said = format!("that a second answer confirmed: {confirmed}");
    assert!(record(&place.run("again"))["warnings"].to_string().contains(&said));
    script("-${n}e4@1");
    let output = place.adlayer(&["run", "again.ron", "-o", "other", "--quiet"]);
    assert_eq!(output.status.code(), Some(69), "{}", stderr(&output));
    let error = stderr(&output);
    assert!(error.contains("below the lowest of") && error.contains("before it was"), "{error}");
}

#[test]
fn clients_that_others_start_may_come_and_go() {
    let cycles = [5, 60];
    let place = place("(command: \"DRIVER\")", "", cycles);
    place.succeed(&["run", "scene.ron", "-o", "whole", "--quiet"]);
    let socket = place.path().join("s").to_string_lossy().into_owned();
    rewrite(&place, "guests.ron", "", &format!("socket: Unix(\"{socket}\"), connect_timeout: 30"), cycles);
    let run = place.spawn(&["run", "guests.ron", "-o", "guests", "--quiet"]);
    let address = format!("unix:{socket}");
    let guest = |fault: &[&str]| {
        let mut arguments = vec!["driver", "native.ron", "--socket", &address];
        arguments.extend(fault);
        place.spawn(&arguments)
    };
    let mut guests = [guest(&["--fault", "dies@200"]), guest(&[]), guest(&["--fault", "half@300"])];
    let output = run.wait_with_output().expect("ended");
    assert!(output.status.success(), "{}", stderr(&output));
    assert_same("guests", &outcome(&place.run("whole")), &outcome(&place.run("guests")));
    let ended: Vec<Option<i32>> = guests.iter_mut().map(|g| g.wait().expect("ended").code()).collect();
    assert_eq!(ended[1], Some(0), "a client that is told to go ends well: {ended:?}");
    assert!(!Path::new(&socket).exists(), "the socket is removed");
}

#[test]
fn a_client_of_pure_python_answers_too() {
    let client = Path::new(env!("CARGO_MANIFEST_DIR")).join("python/adlayer/client.py");
    if std::process::Command::new("python3").arg("--version").output().is_err() {
        announce("skipped: there is no python3");
        return;
    }
    let client = |more: &str| {
        let program = client.display();
        format!("(command: \"python3 {program} --calculator harmonic --arguments '{{\\\"spring\\\": 2.0}}'{more}\")")
    };
    // One of them takes several configurations at once.
    let clients = format!("{}, {}", client(""), client(" --batch 3"));
    let place = place(&clients, "reference: (species: [(\"B\", Given(0.5))])", [2, 20]);
    place.succeed(&["run", "scene.ron", "-o", "run", "--quiet"]);
    let forces = &record(&place.run("run"))["forces"];
    assert_eq!((forces["reproducible"].as_str(), forces["clients"].as_u64()), (Some("bitwise"), Some(2)));
    // The zero of energy is part of the scene that is resumed.
    let loaded = scene::load(place.run("run").join("resolved.ron")).expect("a scene");
    let spec = loaded.scene.potential.external().expect("it is").reference.clone().expect("a reference");
    let computed = spec.computed.expect("energies");
    assert_eq!(computed.species, [0.0, 0.5]);
    assert!(computed.slab > 0.0, "the frozen atoms are on springs too");
}

#[test]
fn programs_with_a_fixed_number_of_atoms_are_started_for_each_composition() {
    let cycles = [1, 2];
    let place = place("(command: \"DRIVER\")", "", cycles);
    place.succeed(&["run", "scene.ron", "-o", "whole", "--quiet"]);
    let template = place.path().join("template");
    std::fs::create_dir(&template).expect("a folder");
    // It refuses input files of another number of atoms, and leaves a trace of what it was started for.
    let script = format!(
        "test $(wc -l < atoms.txt) = {{n_atoms}} || exit 9\necho {{n_atoms}} >> {}/started\nexec {PROGRAM} driver {}/native.ron\n",
        place.path().display(),
        place.path().display()
    );
    std::fs::write(template.join("client.sh"), script).expect("written");
    std::fs::write(template.join("atoms.txt"), "{each atom}{symbol} {x} {y} {z}\n").expect("written");
    rewrite(
        &place,
        "templates.ron",
        "(template: (folder: \"template/\", command: \"sh client.sh\"), count: 3)",
        "",
        cycles,
    );
    place.succeed(&["run", "templates.ron", "-o", "templates", "--quiet"]);
    let started = std::fs::read_to_string(place.path().join("started")).expect("a trace");
    let sizes: std::collections::BTreeSet<&str> = started.lines().collect();
    assert!(sizes.len() >= 3, "{sizes:?}");
    // The atoms go out in another order, so that sums are rounded otherwise; nothing else differs so soon.
    let [whole, templates] = ["whole", "templates"].map(|name| outcome(&place.run(name)).samples);
    assert_eq!(whole.counts, templates.counts);
    for (a, b) in whole.energy.iter().zip(&templates.energy) {
        assert!((a - b).abs() < 1e-8 * (1.0 + a.abs()), "{a} {b}");
    }
}
