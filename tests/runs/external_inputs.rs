//! What a scene says of clients, and what a server says to a driver.

use crate::place::Place;
use adlayer::testing::input::scene;
use std::path::Path;
use std::time::Duration;

/// D on a bare cell in units of eV, with a gas of D2 at 1 bar and 900 K.
fn gas_scene(potential: &str) -> String {
    format!(
        r#"Scene(units: Metal, species: [(name: "D", symbol: "D", mass: 2.014)], potential: {potential},
    cell: Bulk(lengths: (10.0, 10.0, 10.0)), reservoir: [(species: "D", max_atoms: 4)],
    grid: (temperature: List([900]), reservoir: [(species: "D", convention: Gas("D2"), values: List([1.0]))]),
    dynamics: Baoab(dt: 0.001, friction: 5.0, steps: 5), moves: (insert_delete: 5),
    schedule: (equilibration: 1, production: 2))"#
    )
}

#[test]
fn a_gas_counts_from_its_molecule_at_rest_or_is_refused() {
    let parse = |potential: &str| scene::parse(&gas_scene(potential), Path::new("scene.ron"));
    let ln_z = |potential: &str| parse(potential).expect("a scene").grid().states[0].ln_z[0];
    let atoms = ln_z(
        r#"LennardJones(cutoff: 2.5, truncation: Shifted, pairs: [(between: ("D", "D"), epsilon: 0.01, sigma: 1.0)])"#,
    );
    let molecule = ln_z(r#"External(clients: [(command: "x")], reference: (species: [("D", HalfMolecule)]))"#);
    // Half of D_e of hydrogen, 4.7477 eV (Huber & Herzberg 1979): energies of one count from atoms, of the other from the
    // molecule at rest.
    let kt = 900.0 * 8.617_333_262e-5;
    let difference = 2.0 * kt * (molecule - atoms);
    assert!((difference - 4.7477).abs() < 0.003, "{difference} eV");
    for (reference, said) in [
        ("", "without the energy of `D` in that gas"),
        ("reference: (species: [(\"D\", Atom)])", "no client gives its D₀"),
        ("reference: (species: [(\"D\", Given(-15.9))])", "no client gives its D₀"),
        ("reference: (species: [(\"X\", HalfMolecule)])", "there is no species `X`"),
        ("reference: (slab: Given(-3.0), species: [(\"D\", HalfMolecule)])", "is the zero of all others"),
    ] {
        let refused = parse(&format!("External(clients: [(command: \"x\")], {reference})")).expect_err("refused");
        assert!(refused.to_string().contains(said), "{reference}: {refused}");
    }
    for (scene, said) in [
        ("External(clients: [])", "no `socket` says where to wait"),
        ("External(clients: [(command: \" \")])", "`command` is empty"),
        ("External(clients: [(command: \"x\", count: 0)])", "`count` is 0"),
        ("External(clients: [(command: \"x\")], timeout: 0)", "`timeout` is 0"),
        ("External(clients: [(command: \"x\")], socket: Unix(\"a/b\"))", "cannot name a UNIX socket"),
        ("External(clients: [(command: \"x\"), (command: \"y\", template: \"t\")])", "others have none"),
        ("External(clients: [(comand: \"x\")])", "`comand` is no field"),
    ] {
        let refused = parse(scene).expect_err("refused");
        assert!(refused.to_string().contains(said), "{scene}: {refused}");
    }
    let open = "External(clients: [(command: \"x\")], socket: Tcp(\"0.0.0.0\", 0), reference: (species: [(\"D\", HalfMolecule)]))";
    let warnings = parse(open).expect("a scene").warnings;
    assert!(warnings.iter().any(|w| w.contains("no authentication")), "{warnings:?}");
}

#[test]
fn a_core_that_leaves_no_room_is_refused_and_one_as_long_as_a_bond_is_said() {
    let parse = |core: &str| {
        let reference = "reference: (species: [(\"D\", HalfMolecule)])";
        let potential = format!("External(clients: [(command: \"x\")], {reference}{core})");
        scene::parse(&gas_scene(&potential), Path::new("scene.ron"))
    };
    let said = |core: &str| {
        let warnings = parse(core).expect("a scene").warnings;
        warnings.into_iter().filter(|w| w.contains("`core` is")).collect::<Vec<_>>()
    };
    for core in ["", ", core: 0.5"] {
        assert!(said(core).is_empty());
    }
    // Two atoms of D are 0.74 Å apart in their molecule.
    let one = said(", core: 1.5");
    assert!(one.len() == 1 && one[0].contains("atoms of D and D touch at about 0.62"), "{one:?}");
    let refused = parse(", core: 5.1").map(|_| ()).expect_err("refused").to_string();
    assert!(refused.contains("`core` is 5.1, more than half the shortest period, 5"), "{refused}");
}

/// Both forms of a template are one, and `{input}` is the one file of its folder.
#[test]
fn a_template_may_hold_its_command_and_name_its_input_file() {
    let place = Place::new("");
    let folders =
        [("qe", vec!["pw.in", ".swap"]), ("two", vec!["b.in", "a.in"]), ("none", vec![]), ("odd", vec!["p w.in"])];
    for (folder, files) in folders {
        let folder = place.path().join(folder);
        std::fs::create_dir(&folder).expect("a folder");
        files.iter().for_each(|file| std::fs::write(folder.join(file), "{n_atoms}").expect("written"));
    }
    let path = place.path().join("scene.ron");
    let parse = |said: &str| {
        let reference = "reference: (species: [(\"D\", HalfMolecule)])";
        scene::parse(&gas_scene(&format!("External({said}, {reference})")), &path)
    };
    let clients = |said: &str| {
        let scene = parse(said).unwrap_or_else(|e| panic!("{said}: {e}"));
        // What a run writes down says the same.
        let again = scene::parse(&scene::resolved(&scene), &path).expect("a resolved scene");
        let of = |scene: &scene::CheckedScene| {
            let clients = &scene.scene.potential.external().expect("clients").clients;
            let own = clients.iter().map(|c| {
                let template = c.template.as_ref().expect("a template");
                assert_eq!(template.command, None);
                let folder = template.folder.trim_end_matches('/').rsplit('/').next().expect("a name").to_owned();
                (c.command.clone(), c.count, folder)
            });
            own.collect::<Vec<_>>()
        };
        assert_eq!(of(&scene), of(&again), "{said}");
        assert!(scene::resolved(&scene).contains("command: \"pw.x -i pw.in --ipi {socket}:UNIX\""), "{said}");
        of(&scene)
    };
    let plain = clients(r#"clients: [(command: "pw.x -i pw.in --ipi {socket}:UNIX", template: "qe", count: 4)]"#);
    let command = "command: \"pw.x -i {input} --ipi {socket}:UNIX\"";
    for other in [
        format!("clients: [({command}, template: (folder: \"qe/\"), count: 4)]"),
        format!("clients: [(template: (folder: \"qe/\", {command}), count: 4)]"),
        format!("clients: [({command}, template: \"qe\", count: 4)]"),
    ] {
        assert_eq!(clients(&other), plain, "{other}");
    }
    let one = clients(&format!("template: (folder: \"qe\", {command})"));
    assert_eq!((one[0].1, &one[0].0, one.len()), (1, &plain[0].0, 1));
    for (said, why) in [
        (r#"clients: [(template: (folder: "two", command: "x {input}"))]"#, "2 files of"),
        (r#"clients: [(template: (folder: "two", command: "x {input}"))]"#, "a.in, b.in"),
        (r#"clients: [(template: (folder: "none", command: "x {input}"))]"#, "holds none"),
        (r#"clients: [(template: (folder: "odd", command: "x {input}"))]"#, "p w.in"),
        (r#"clients: [(template: (folder: "absent", command: "x {input}"))]"#, "cannot be read"),
        (r#"clients: [(command: "x {input}")]"#, "there is none"),
        (r#"clients: [(command: "x", template: (folder: "qe", command: "y"))]"#, "`command` is given twice"),
        (r#"clients: [(template: (folder: "qe"))]"#, "field `command` of the client is missing"),
        (r#"clients: [(count: 2)]"#, "field `command` of the client is missing"),
        (r#"clients: [(template: (folder: "qe", command: ""))]"#, "`command` is empty"),
        (r#"clients: [(template: (folder: "qe", comand: "x"))]"#, "`comand` is no field"),
        (r#"clients: [(template: (command: "x"))]"#, "field `folder`"),
        (r#"clients: [(template: 3)]"#, "expected a folder in double quotes"),
    ] {
        let refused = parse(said).expect_err(said).to_string();
        assert!(refused.contains(why), "{said}: {refused}");
    }
}

/// A server of i-PI has nothing to say in `INIT`.
#[test]
fn a_driver_takes_an_empty_init() {
    use std::io::{Read, Write};
    let place = Place::new("");
    let scene = r#"Scene(units: Lj, species: [(name: "B", symbol: "Ar", mass: 1.0)],
    potential: LennardJones(cutoff: 2.5, truncation: Plain, pairs: [(between: ("B", "B"), epsilon: 1.0, sigma: 1.0)]),
    cell: Bulk(lengths: (8.0, 8.0, 8.0)), reservoir: [(species: "B", max_atoms: 4)],
    grid: (temperature: List([1.0]), reservoir: [(species: "B", convention: Activity, values: List([-3.0]))]),
    dynamics: MonteCarlo(displacement: 0.1, attempts: 5), moves: (insert_delete: 5),
    schedule: (equilibration: 1, production: 2))"#;
    std::fs::write(place.path().join("native.ron"), scene).expect("written");
    let socket = place.path().join("s");
    let listener = std::os::unix::net::UnixListener::bind(&socket).expect("a socket");
    let address = format!("unix:{}", socket.display());
    let mut child = place.spawn(&["driver", "native.ron", "--socket", &address]);
    let (mut stream, _) = listener.accept().expect("a client");
    stream.set_read_timeout(Some(Duration::from_secs(60))).expect("a timeout");
    let say = |stream: &mut std::os::unix::net::UnixStream, word: &str, more: &[u8]| {
        stream.write_all(format!("{word:<12}").as_bytes()).expect("said");
        stream.write_all(more).expect("said");
    };
    let hear = |stream: &mut std::os::unix::net::UnixStream, n: usize| {
        let mut bytes = vec![0; n];
        stream.read_exact(&mut bytes).expect("heard");
        bytes
    };
    say(&mut stream, "STATUS", &[]);
    assert_eq!(hear(&mut stream, 12), b"NEEDINIT    ");
    say(&mut stream, "INIT", &[[0_u8; 4], [0; 4]].concat());
    say(&mut stream, "STATUS", &[]);
    assert_eq!(hear(&mut stream, 12), b"READY       ");
    // Two atoms at the distance of the minimum, in a cell of 8; the inverse of the cell is nobody's business here.
    let r = 2_f64.powf(1.0 / 6.0);
    let cell = [8.0, 0.0, 0.0, 0.0, 8.0, 0.0, 0.0, 0.0, 8.0];
    let mut positions: Vec<u8> = cell.iter().chain(&[0.125; 9]).flat_map(|x: &f64| x.to_ne_bytes()).collect();
    positions.extend(2_i32.to_ne_bytes());
    positions.extend([1.0, 1.0, 1.0, 1.0 + r, 1.0, 1.0].iter().flat_map(|x: &f64| x.to_ne_bytes()));
    say(&mut stream, "POSDATA", &positions);
    say(&mut stream, "STATUS", &[]);
    assert_eq!(hear(&mut stream, 12), b"HAVEDATA    ");
    say(&mut stream, "GETFORCE", &[]);
    assert_eq!(hear(&mut stream, 12), b"FORCEREADY  ");
    let energy = f64::from_ne_bytes(hear(&mut stream, 8).try_into().expect("eight bytes"));
    assert!((energy + 1.0).abs() < 1e-9, "{energy}");
    drop(stream);
    child.kill().expect("killed");
    child.wait().expect("ended");
}
