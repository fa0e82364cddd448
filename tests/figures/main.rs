//! Figures and report, drawn from a model with known averages.
//!
//! `ADLAYER_GALLERY=DIR cargo test --test figures gallery` leaves all pictures in DIR, to be looked at.

mod synthetic;

use adlayer::analysis::Analysis;
use adlayer::figures::{Figure, Labels, draw};
use adlayer::report::{self, CellSummary, ExchangeRow, MoveRow, RunSummary, Seconds};
use adlayer::states::Axis;
use adlayer::thermo::Convention;
use adlayer::units::Units;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

fn labels() -> Labels {
    Labels { units: Units::Lj, title: "Two-component Lennard-Jones surface".into() }
}

fn summary(analysis: &Analysis) -> RunSummary {
    let exchange = analysis
        .grid
        .edges
        .iter()
        .enumerate()
        .map(|(i, edge)| {
            let rate = if i == 17 { 0.004 } else { 0.15 + 0.3 * (i as f64 * 0.7).sin().powi(2) };
            ExchangeRow {
                axis: analysis.grid.axis_name(edge.axis),
                a: edge.a.0,
                b: edge.b.0,
                attempts: 375,
                accepted: (375.0 * rate) as u64,
                acceptance: rate,
                acceptance_second_half: if edge.axis == Axis::Temperature { rate } else { 1.1 * rate },
            }
        })
        .collect();
    RunSummary {
        title: "Two-component Lennard-Jones surface".into(),
        scene_name: "lj_surface".into(),
        version: "0.1.0".into(),
        units: Units::Lj,
        device: "reference (2 threads)".into(),
        kernel: "f64 pair loop".into(),
        seed: 1,
        equilibration: 500,
        production: 1500,
        walkers: 1,
        n_states: analysis.grid.len(),
        n_replicas: analysis.grid.len(),
        seconds: Seconds { sampling: 131.4, analysis: 2.6 },
        replica_steps_per_s: 74_300.0,
        attempts_per_s: 149_000.0,
        acceptance: vec![MoveRow { species: "B".into(), insert: 0.013, delete: 0.014 }],
        exchange,
        cell: CellSummary { lengths: [6.6, 5.7158, 6.0], periodic_z: false, max_atoms: vec![("B".into(), 64)] },
        warnings: vec!["P(N_max) exceeds 1e-3 in 1 state; raise max_atoms.".into()],
        resolved_scene: "Scene(\n    title: \"Two-component <Lennard-Jones> surface\",\n    units: Lj,\n)\n".into(),
    }
}

fn drawn(analysis: &Analysis) -> (tempfile::TempDir, Vec<Figure>) {
    let dir = tempfile::tempdir().expect("a folder");
    let figures = draw(analysis, &labels(), dir.path()).expect("drawn");
    (dir, figures)
}

/// The default scene, drawn once for the tests that only look.
fn default_drawn() -> &'static (PathBuf, Vec<Figure>) {
    static DRAWN: LazyLock<(PathBuf, Vec<Figure>)> = LazyLock::new(|| {
        let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join("figures_of_the_default_scene");
        if dir.exists() {
            std::fs::remove_dir_all(&dir).expect("an old folder removed");
        }
        let figures = draw(&synthetic::default_scene(), &labels(), &dir).expect("drawn");
        (dir, figures)
    });
    &DRAWN
}

fn names(figures: &[Figure]) -> Vec<&str> {
    figures.iter().map(|f| f.name.as_str()).collect()
}

/// Rows of the CSV of a figure, by column name.
fn csv(dir: &Path, name: &str) -> (csv::StringRecord, Vec<csv::StringRecord>) {
    let mut reader = csv::Reader::from_path(dir.join(format!("figures/{name}.csv"))).expect("a CSV");
    let header = reader.headers().expect("a header").clone();
    (header, reader.records().map(|r| r.expect("a row")).collect())
}

fn column(header: &csv::StringRecord, name: &str) -> usize {
    header.iter().position(|h| h == name).unwrap_or_else(|| panic!("no column {name} in {header:?}"))
}

/// Every element of an XML text is closed in order; attributes are quoted.
fn assert_well_formed(xml: &str) {
    let mut open: Vec<String> = Vec::new();
    let mut rest = xml;
    while let Some(at) = rest.find('<') {
        assert!(!rest[..at].contains('>'), "a stray > in {:?}", &rest[..at]);
        let end = rest[at..].find('>').expect("an unclosed tag") + at;
        let tag = &rest[at + 1..end];
        rest = &rest[end + 1..];
        if tag.starts_with("!--") {
            assert!(tag.ends_with("--"), "a comment ends where it should");
            continue;
        }
        assert_eq!(tag.matches('"').count() % 2, 0, "quotes in <{tag}>");
        let name = tag.trim_start_matches('/').split([' ', '/']).next().unwrap_or_default().to_owned();
        if tag.starts_with('/') {
            assert_eq!(open.pop().as_deref(), Some(name.as_str()));
        } else if !tag.ends_with('/') {
            open.push(name);
        }
    }
    assert!(open.is_empty(), "not closed: {open:?}");
}

/// A PNG of this size with more than a handful of different bytes in its data.
fn assert_is_picture(png: &[u8]) {
    assert_eq!(&png[..8], b"\x89PNG\r\n\x1a\n");
    let size = |at: usize| u32::from_be_bytes([png[at], png[at + 1], png[at + 2], png[at + 3]]);
    let (width, height) = (size(16), size(20));
    assert!((1200..3000).contains(&width) && (900..2000).contains(&height), "{width} × {height}");
    // blank paper of this size compresses to a few kB
    assert!(png.len() > 15_000, "only {} bytes", png.len());
}

/// The default scene with other numbers and longer names: 240 to 760 K, tiny pressures, ten phases.
fn in_metal_units() -> Analysis {
    let mut analysis = synthetic::default_scene();
    analysis.grid.temperatures.iter_mut().for_each(|t| *t *= 1e3);
    analysis.grid.states.iter_mut().for_each(|s| s.temperature *= 1e3);
    for map in [&mut analysis.map, &mut analysis.pressure_map] {
        map.temperatures.iter_mut().for_each(|t| *t *= 1e3);
        map.cells.iter_mut().for_each(|c| c.temperature *= 1e3);
    }
    for cell in &mut analysis.map.cells {
        // slices of the second phase become phases of their own
        let slice = ((cell.mu[0] + 5.0) / 0.3).floor();
        if cell.phase == Some(1) && (0.0..7.0).contains(&slice) {
            cell.phase = Some(3 + slice as usize);
        }
    }
    analysis.pressure_map.axes[0].iter_mut().for_each(|p| *p = 1e4 * p.powf(2.2));
    for b in &mut analysis.boundaries {
        b.temperature *= 1e3;
        for p in b.pressure.iter_mut().chain([&mut b.pressure_low, &mut b.pressure_high]) {
            *p = 1e4 * p.powf(2.2);
        }
    }
    analysis.distributions.iter_mut().for_each(|d| d.temperature *= 1e3);
    analysis.phases[2].name = "disordered multilayer (N ≈ 48)".into();
    for id in 3..10 {
        let mut phase = analysis.phases[1].clone();
        (phase.id, phase.name) = (id, format!("N ≈ {}", 10 + id));
        analysis.phases.push(phase);
    }
    analysis
}

#[test]
fn gallery() {
    let Ok(dir) = std::env::var("ADLAYER_GALLERY") else { return };
    let dir = Path::new(&dir);
    let mus = synthetic::linear(-7.5, -1.0, 14);
    let cases = [
        ("default", synthetic::default_scene()),
        ("order", with_an_order_parameter()),
        ("sampled", synthetic::sampled()),
        ("canonical", synthetic::canonical()),
        ("single_t", synthetic::analysis(&[0.36], &mus, &[])),
        ("single_mu", synthetic::analysis(&synthetic::TEMPERATURES, &[-4.0], &[])),
        ("two", synthetic::analysis(&synthetic::TEMPERATURES, &mus, &[-6.0, -5.0, -4.0])),
    ];
    for (name, analysis) in cases.into_iter().chain([("metal", in_metal_units())]) {
        let dir = dir.join(name);
        let units = if name == "metal" { Units::Metal } else { Units::Lj };
        let figures = draw(&analysis, &Labels { units, ..labels() }, &dir).expect("drawn");
        let summary = summary(&analysis);
        report::write(&dir, &analysis, &summary, &figures).expect("written");
        std::fs::write(dir.join("table.txt"), report::terminal_table(&analysis, &summary)).expect("written");
    }
}

#[test]
fn every_figure_has_three_files_that_are_what_they_seem() {
    let (dir, figures) = default_drawn();
    let expected = [
        "phase_diagram_B",
        "phase_diagram_pressure_B",
        "mean_n_B",
        "energy_fluctuation",
        "ln_xi",
        "isotherms_B",
        "isobars_B",
        "p_n_B",
        "free_energy_n_B",
    ];
    assert_eq!(names(figures), expected);
    for figure in figures {
        let stem = dir.join("figures").join(&figure.name);
        let svg = std::fs::read_to_string(stem.with_extension("svg")).expect("an SVG");
        assert_eq!(svg, figure.svg);
        assert_well_formed(&svg);
        assert!(!svg.contains("NaN") && !svg.contains("inf"), "{}", figure.name);
        assert!(svg.contains(&figure.title));
        assert!(figure.caption.len() > 40);
        assert_is_picture(&std::fs::read(stem.with_extension("png")).expect("a PNG"));
    }
    let left = std::fs::read_dir(dir.join("figures")).expect("a folder").count();
    assert_eq!(left, 3 * expected.len(), "no partial files stay behind");
}

#[test]
#[should_panic]
fn the_check_for_well_formed_text_finds_a_missing_end() {
    assert_well_formed("<svg><g></svg>");
}

#[test]
#[should_panic]
fn the_check_for_pictures_finds_a_blank_one() {
    let mut png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec();
    png.extend(1400_u32.to_be_bytes());
    png.extend(1000_u32.to_be_bytes());
    png.resize(4000, 0);
    assert_is_picture(&png);
}

#[test]
fn labels_name_quantities_and_units() {
    let (_, figures) = default_drawn();
    let has = |name: &str, words: &[&str]| {
        let figure = figures.iter().find(|f| f.name == name).expect("drawn");
        for word in words {
            assert!(figure.svg.contains(&format!(">{word}<")), "{name} lacks {word:?}");
        }
    };
    // subscripts are texts of their own, so `T [ε/k_B]` starts with `T [ε/k`
    has("mean_n_B", &["μ&apos; of B [ε]", "T [ε/k", "⟨N⟩ of B", "simulated state", "first-order boundary"]);
    has("energy_fluctuation", &["Var E / (k", "masked: too few samples"]);
    has("phase_diagram_B", &["gas", "N ≈ 12", "N ≈ 48", "critical point", "continuous boundary"]);
    has("phase_diagram_pressure_B", &["p of B [ε/σ³]", "10⁻⁸", "gas", "N ≈ 12"]);
    has("isotherms_B", &["0.24", "0.76", "direct average of a state", "MBAR (band: standard error)"]);
    has("ln_xi", &["ln Ξ", "simulated state", "first-order boundary"]);
    has("isobars_B", &["p of B [ε/σ³]", "⟨N⟩ of B", "T [ε/k", "MBAR (band: standard error)"]);
    has("free_energy_n_B", &["−kT ln P [ε]", "N of B", "T, μ&apos;", "0.24, −6.2"]);
    has("p_n_B", &["P(N)", "0.24, −6.2", "N of B", "10⁻³"]);
}

#[test]
fn labels_follow_convention_and_units() {
    let mut analysis = synthetic::default_scene();
    analysis.grid.reservoirs[0].convention = Convention::Absolute { mass: 1.0, planck: 1.0 };
    let dir = tempfile::tempdir().expect("a folder");
    let metal = Labels { units: Units::Metal, title: String::new() };
    let svg = |analysis: &Analysis, labels: &Labels| {
        let figures = draw(analysis, labels, dir.path()).expect("drawn");
        figures.into_iter().find(|f| f.name == "isotherms_B").expect("drawn").svg
    };
    let text = svg(&analysis, &metal);
    assert!(text.contains(">μ of B [eV]<") && text.contains(">T [K]<"));
    analysis.grid.reservoirs[0].convention = Convention::Pressure { unit: 1.0 };
    assert!(svg(&analysis, &labels()).contains(">kT ln(βpσ³) of B [ε]<"));
}

#[test]
fn the_csv_of_a_map_holds_the_unmasked_cells_the_states_and_the_boundaries() {
    let analysis = synthetic::default_scene();
    let (header, rows) = csv(&default_drawn().0, "mean_n_B");
    let expected = ["layer", "temperature", "mu_B", "n_B", "mu_B_low", "mu_B_high", "label"];
    assert_eq!(header.iter().collect::<Vec<_>>(), expected);
    let count = |layer: &str| rows.iter().filter(|r| &r[0] == layer).count();
    let masked = analysis.map.cells.iter().filter(|c| c.masked).count();
    assert!(masked > 10, "the model has masked cells");
    assert_eq!(count("map"), analysis.map.cells.len() - masked);
    assert_eq!(count("state"), analysis.grid.len());
    assert_eq!(count("boundary"), analysis.boundaries.len());
    let number = |row: &csv::StringRecord, i: usize| row[i].parse::<f64>().expect("a number");
    for row in rows.iter().filter(|r| &r[0] == "map") {
        let (t, mu) = (number(row, 1), number(row, 2));
        let at = |c: &&adlayer::analysis::MapCell| {
            c.temperature.to_bits() == t.to_bits() && c.mu[0].to_bits() == mu.to_bits()
        };
        let cell = analysis.map.cells.iter().find(at).expect("a cell of the map");
        assert!(!cell.masked);
        assert_eq!(number(row, 3).to_bits(), cell.n[0].to_bits());
    }
}

#[test]
fn masked_cells_are_not_painted() {
    // everything masked but one row: the picture has exactly the tiles of that row
    let mut analysis = synthetic::default_scene();
    let keep = analysis.map.temperatures[20];
    for cell in &mut analysis.map.cells {
        cell.masked = cell.temperature.to_bits() != keep.to_bits();
    }
    let (dir, figures) = drawn(&analysis);
    let figure = figures.iter().find(|f| f.name == "phase_diagram_B").expect("drawn");
    let group = figure.svg.split("crispEdges").nth(1).expect("tiles").split("</g>").next().expect("an end");
    assert_eq!(group.matches("<rect").count(), 3, "one run of tiles per phase of the row");
    let (_, rows) = csv(dir.path(), "phase_diagram_B");
    assert!(rows.iter().filter(|r| &r[0] == "map").all(|r| r[1] == keep.to_string()));
}

#[test]
fn the_first_row_of_a_map_is_at_the_bottom() {
    let (_, figures) = default_drawn();
    let figure = figures.iter().find(|f| f.name == "phase_diagram_B").expect("drawn");
    let group = figure.svg.split("crispEdges").nth(1).expect("tiles").split("</g>").next().expect("an end");
    let attribute = |rect: &str, name: &str| -> f64 {
        let from = rect.split(&format!(" {name}=\"")).nth(1).expect("an attribute");
        from.split('"').next().expect("its end").parse().expect("a number")
    };
    let rects: Vec<&str> = group.split("<rect").skip(1).collect();
    // tiles come with ascending temperature, so their rows go up: y falls
    let (first, last) = (rects[0], rects[rects.len() - 1]);
    assert!(attribute(first, "y") > attribute(last, "y"));
    assert!(attribute(first, "x") < attribute(rects[1], "x"));
}

#[test]
fn isotherms_show_the_map_and_the_direct_averages() {
    let analysis = synthetic::default_scene();
    let (header, rows) = csv(&default_drawn().0, "isotherms_B");
    assert_eq!(header.iter().collect::<Vec<_>>(), ["layer", "temperature", "mu_B", "n_B", "n_B_err"]);
    let direct: Vec<_> = rows.iter().filter(|r| &r[0] == "direct").collect();
    assert_eq!(direct.len(), analysis.grid.len());
    for (k, row) in direct.iter().enumerate() {
        assert_eq!(row[3], analysis.direct[k].n[0].to_string());
        assert_eq!(row[4], analysis.direct[k].n_err[0].to_string());
    }
    let per_row =
        |t: f64| analysis.map.cells.iter().filter(|c| c.temperature.to_bits() == t.to_bits() && !c.masked).count();
    let expected: usize = analysis.grid.temperatures.iter().map(|&t| per_row(t)).sum();
    assert_eq!(rows.iter().filter(|r| &r[0] == "mbar").count(), expected);
}

#[test]
fn distributions_in_the_csv_are_those_given() {
    let analysis = synthetic::default_scene();
    let (header, rows) = csv(&default_drawn().0, "p_n_B");
    assert_eq!(header.iter().collect::<Vec<_>>(), ["temperature", "mu_B", "n_B", "p", "p_err"]);
    let shown = |p: &&f64| **p >= 1e-6;
    let expected: usize = analysis.distributions.iter().map(|d| d.p_n.iter().filter(shown).count()).sum();
    assert_eq!(rows.len(), expected);
    let n: usize = rows[0][column(&header, "n_B")].parse().expect("a count");
    assert_eq!(rows[0][column(&header, "p")], analysis.distributions[0].p_n[n].to_string());
}

/// The default scene with an order parameter, which rises with N, at the places of the distributions.
fn with_an_order_parameter() -> Analysis {
    let mut analysis = synthetic::default_scene();
    analysis.observables = vec!["order_sqrt3".into()];
    let value: Vec<f64> = (0..10).map(|i| 0.05 + 0.1 * f64::from(i)).collect();
    let share = |n: usize, x: f64| (-((x - n as f64 / 60.0) / 0.1).powi(2)).exp();
    for d in &analysis.distributions {
        let joint: Vec<Vec<f64>> = value
            .iter()
            .map(|&x| {
                let of = |(n, p): (usize, &f64)| p * share(n, x) / value.iter().map(|&y| share(n, y)).sum::<f64>();
                d.p_n.iter().enumerate().map(of).collect()
            })
            .collect();
        let p: Vec<f64> = joint.iter().map(|row| row.iter().sum()).collect();
        analysis.profiles.push(adlayer::analysis::Profile {
            observable: 0,
            temperature: d.temperature,
            mu: d.mu.clone(),
            value: value.clone(),
            // the last bin is not known at all
            p_err: (0..10).map(|i| if i == 9 { 2.0 * p[i] } else { 0.1 * p[i] }).collect(),
            p,
            joint_err: joint.iter().map(|row| row.iter().map(|p| 0.2 * p).collect()).collect(),
            joint,
        });
    }
    analysis.profiles.sort_by(|a, b| a.temperature.total_cmp(&b.temperature));
    analysis
}

#[test]
fn free_energies_are_those_of_the_distributions() {
    let analysis = with_an_order_parameter();
    let (dir, figures) = drawn(&analysis);
    let number = |row: &csv::StringRecord, i: usize| row[i].parse::<f64>().expect("a number");
    let near = |x: f64, y: f64| (x - y).abs() < 1e-12 * y.abs().max(1.0);
    // of N: where P ≥ 10⁻⁶ is known to better than its own size
    let (header, rows) = csv(dir.path(), "free_energy_n_B");
    assert_eq!(header.iter().collect::<Vec<_>>(), ["temperature", "mu_B", "n_B", "free_energy", "error"]);
    let known = |p: f64, err: f64| p >= 1e-6 && err <= p;
    let all = analysis.distributions.iter().flat_map(|d| d.p_n.iter().zip(&d.p_n_err));
    assert_eq!(rows.len(), all.filter(|(p, err)| known(**p, **err)).count());
    for row in &rows {
        let d = analysis
            .distributions
            .iter()
            .find(|d| near(d.temperature, number(row, 0)) && near(d.mu[0], number(row, 1)));
        let (d, n) = (d.expect("a place"), number(row, 2) as usize);
        assert!(near(number(row, 3), -d.temperature * d.p_n[n].ln()), "{row:?}");
        assert!(near(number(row, 4), d.temperature * d.p_n_err[n] / d.p_n[n]), "{row:?}");
    }
    let (header, rows) = csv(dir.path(), "free_energy_order_sqrt3");
    assert_eq!(header.iter().collect::<Vec<_>>(), ["temperature", "mu_B", "order_sqrt3", "free_energy", "error"]);
    assert!(rows.len() > 20 && rows.iter().all(|row| number(row, 2) < 0.9), "the last bin is not shown");
    // over both, at no more than one place of each of three temperatures
    let planes: Vec<&Figure> = figures.iter().filter(|f| f.name.starts_with("free_energy_2d_order_sqrt3_")).collect();
    assert_eq!(planes.len(), 3);
    for figure in planes {
        let (header, rows) = csv(dir.path(), &figure.name);
        let expected = ["temperature", "mu_B", "order_sqrt3", "n_B", "free_energy", "error"];
        assert_eq!(header.iter().collect::<Vec<_>>(), expected);
        let profile = analysis
            .profiles
            .iter()
            .find(|p| near(p.temperature, number(&rows[0], 0)) && near(p.mu[0], number(&rows[0], 1)))
            .expect("a place");
        assert_eq!(rows.len(), profile.joint.iter().flatten().filter(|p| **p >= 1e-6).count());
        for row in &rows {
            let (i, n) = ((number(row, 2) * 10.0) as usize, number(row, 3) as usize);
            let p = profile.joint[i][n];
            assert!(near(number(row, 4), -profile.temperature * p.ln()), "{row:?}");
            assert!(near(number(row, 5), 0.2 * profile.temperature), "{row:?}");
        }
        let tiles = figure.svg.split("crispEdges").nth(1).and_then(|g| g.split("</g>").next()).expect("tiles");
        assert_eq!(tiles.matches("<rect").count(), rows.len());
        assert!(
            figure.svg.contains(">Φ of √3×√3<") && figure.svg.contains(">N of B<") && figure.svg.contains("−kT ln P")
        );
        assert!(figure.caption.contains("One of 4 such maps"), "{}", figure.caption);
        assert_is_picture(&std::fs::read(dir.path().join(format!("figures/{}.png", figure.name))).expect("a PNG"));
    }
}

#[test]
fn isobars_are_columns_of_the_map_in_pressure_and_ln_xi_is_that_of_the_map() {
    let analysis = synthetic::default_scene();
    let (header, rows) = csv(&default_drawn().0, "isobars_B");
    assert_eq!(header.iter().collect::<Vec<_>>(), ["layer", "temperature", "pressure_B", "n_B", "n_B_err"]);
    let number = |row: &csv::StringRecord, i: usize| row[i].parse::<f64>().expect("a number");
    let mut pressures: Vec<f64> = rows.iter().map(|row| number(row, 2)).collect();
    pressures.dedup();
    assert!((3..=9).contains(&pressures.len()) && pressures.is_sorted(), "{pressures:?}");
    let n_t = analysis.pressure_map.temperatures.len();
    let columns = analysis.pressure_map.cells.len() / n_t;
    let mut expected = 0;
    for &p in &pressures {
        let c = analysis.pressure_map.axes[0].iter().position(|x| x.to_bits() == p.to_bits()).expect("a column");
        for t in 0..n_t {
            let cell = &analysis.pressure_map.cells[t * columns + c];
            let row = rows.iter().find(|row| {
                &row[0] == "mbar"
                    && number(row, 2).to_bits() == p.to_bits()
                    && number(row, 1).to_bits() == analysis.pressure_map.temperatures[t].to_bits()
            });
            assert_eq!(row.is_none(), cell.masked);
            if let Some(row) = row {
                assert_eq!((row[3].to_owned(), row[4].to_owned()), (cell.n[0].to_string(), cell.n_err[0].to_string()));
                expected += 1;
            }
        }
    }
    assert_eq!(rows.iter().filter(|row| &row[0] == "mbar").count(), expected);
    let (_, rows) = csv(&default_drawn().0, "ln_xi");
    let shown: Vec<f64> = rows.iter().filter(|r| &r[0] == "map").map(|r| number(r, 3)).collect();
    let of_map: Vec<f64> = analysis.map.cells.iter().filter(|c| !c.masked).map(|c| c.ln_xi).collect();
    assert_eq!(shown, of_map);
}

#[test]
fn small_grids_and_canonical_runs_are_drawn_as_curves() {
    let mus = synthetic::linear(-7.5, -1.0, 14);
    let (_dir, figures) = drawn(&synthetic::analysis(&[0.36], &mus, &[]));
    assert_eq!(names(&figures), ["energy_fluctuation", "ln_xi", "isotherms_B", "p_n_B", "free_energy_n_B"]);
    let (_dir, figures) = drawn(&synthetic::analysis(&synthetic::TEMPERATURES, &[-4.0], &[]));
    assert_eq!(names(&figures), ["mean_n_B", "energy_fluctuation", "ln_xi", "isobars_B", "p_n_B", "free_energy_n_B"]);
    let (_dir, figures) = drawn(&synthetic::analysis(&[0.36], &[-4.0], &[]));
    assert_eq!(names(&figures), ["p_n_B", "free_energy_n_B"]);
    let analysis = synthetic::canonical();
    let (dir, figures) = drawn(&analysis);
    assert_eq!(names(&figures), ["energy", "heat_capacity"]);
    let (header, rows) = csv(dir.path(), "energy");
    assert_eq!(header.iter().collect::<Vec<_>>(), ["layer", "temperature", "energy", "energy_err"]);
    assert_eq!(rows.len(), analysis.map.cells.len() + analysis.direct.len());
}

#[test]
fn a_map_without_any_good_cell_or_with_missing_numbers_does_not_fail() {
    let mut analysis = synthetic::default_scene();
    for cell in analysis.map.cells.iter_mut().chain(&mut analysis.pressure_map.cells) {
        cell.masked = true;
        cell.phase = None;
    }
    let (_dir, figures) = drawn(&analysis);
    assert_eq!(names(&figures), ["isotherms_B", "p_n_B", "free_energy_n_B"]);

    let mut analysis = synthetic::default_scene();
    for (i, cell) in analysis.map.cells.iter_mut().enumerate().filter(|(i, _)| i % 3 == 0) {
        cell.energy_fluctuation = if i % 2 == 0 { f64::NAN } else { f64::INFINITY };
        cell.n_err[0] = f64::NAN;
    }
    analysis.boundaries[0].mu_err = f64::NAN;
    analysis.boundaries[0].pressure_low = f64::NAN;
    analysis.boundaries[1].mu[0] = f64::NAN;
    analysis.direct[3].samples = 0;
    analysis.direct[4].n_err[0] = f64::NAN;
    let (_dir, figures) = drawn(&analysis);
    assert_eq!(figures.len(), 9);
    assert!(figures.iter().all(|f| !f.svg.contains("NaN") && !f.svg.contains("inf")));
}

#[test]
fn a_map_of_the_wrong_shape_is_refused() {
    let mut analysis = synthetic::default_scene();
    analysis.map.cells.pop();
    let dir = tempfile::tempdir().expect("a folder");
    let error = draw(&analysis, &labels(), dir.path()).expect_err("refused");
    assert!(error.to_string().contains("cells where its axes make"), "{error}");
}

#[test]
fn several_species_have_a_figure_each_and_say_where_the_others_stand() {
    let mus = synthetic::linear(-7.5, -1.0, 14);
    let analysis = synthetic::analysis(&synthetic::TEMPERATURES, &mus, &[-6.0, -5.0, -4.0]);
    let (dir, figures) = drawn(&analysis);
    for name in
        ["mean_n_B", "mean_n_C", "energy_fluctuation_B", "energy_fluctuation_C", "isotherms_C", "phase_diagram_C"]
    {
        let figure = figures.iter().find(|f| f.name == name).unwrap_or_else(|| panic!("no {name}"));
        let other =
            if name.ends_with('B') { "The other axes stand at μ' of C = −5 ε." } else { "μ' of B = −4 ε." };
        assert!(figure.caption.contains(other), "{}", figure.caption);
    }
    // the plane of B at C = −5 holds one third of the states
    let (_, rows) = csv(dir.path(), "mean_n_B");
    assert_eq!(rows.iter().filter(|r| &r[0] == "state").count(), analysis.grid.len() / 3);
}

#[test]
fn the_report_stands_alone_and_shows_everything() {
    let analysis = synthetic::default_scene();
    let (dir, figures) = default_drawn();
    let path = report::write(dir, &analysis, &summary(&analysis), figures).expect("written");
    assert_eq!(path, dir.join("report.html"));
    let html = std::fs::read_to_string(path).expect("a page");
    assert!(!html.contains("http"), "nothing is loaded from elsewhere");
    assert!(!html.contains(" src=") && !html.contains("<link") && !html.contains("<img"));
    assert_eq!(html.matches("<script").count(), 2, "the numbers of the maps and what shows them");
    assert_eq!(html.matches("<svg").count(), figures.len());
    for figure in figures {
        assert!(html.contains(&format!("id=\"{}\"", figure.name)));
        for ext in ["svg", "png", "csv"] {
            let link = format!("figures/{}.{ext}", figure.name);
            assert!(html.contains(&format!("href=\"{link}\"")), "{link}");
            assert!(dir.join(link).is_file());
        }
    }
    for words in [
        "Two-component Lennard-Jones surface",
        "97 of 98 states agree",
        "MBAR converged: residual max|Δf| = 3.2e-10 after 41 iterations.",
        "N ≈ 48",
        "critical point",
        "1 of 175 neighbouring pairs exchange in less than 1 %",
        "raise max_atoms",
        "title: &quot;Two-component &lt;Lennard-Jones&gt; surface&quot;",
        "74.3 k replica-steps/s",
        "All 98 states",
        "prefers-color-scheme: dark",
        "The cell measures 6.6 × 5.716 σ and 6 σ between its walls, and holds at most 64 B",
        "longer than half a period (2.858 σ)",
        "simulated state",
    ] {
        assert!(html.contains(words), "{words:?}");
    }
    assert!(!html.contains("NaN"));
}

#[test]
fn the_report_of_a_canonical_run_has_no_phases() {
    let analysis = synthetic::canonical();
    let (dir, figures) = drawn(&analysis);
    let mut summary = summary(&analysis);
    summary.acceptance.clear();
    summary.warnings.clear();
    let path = report::write(dir.path(), &analysis, &summary, &figures).expect("written");
    let html = std::fs::read_to_string(path).expect("a page");
    assert!(html.contains("A canonical run") && !html.contains("Warnings"));
    let table = report::terminal_table(&analysis, &summary);
    assert!(table.contains("⟨E⟩ [ε]") && table.lines().count() <= 30, "{table}");
}

#[test]
fn the_terminal_table_ends_with_the_verdict() {
    use adlayer::analysis::diagnostics::{Mood, Sentence};
    let mut analysis = synthetic::default_scene();
    let last = |analysis: &Analysis| {
        report::terminal_table(analysis, &summary(analysis)).lines().last().unwrap_or_default().to_owned()
    };
    let before = last(&analysis);
    let say = |words: &str| Sentence { mood: Mood::Good, words: words.into() };
    analysis.checks.verdict.sentences = vec![say("This run can be trusted."), say("Details.")];
    analysis.checks.verdict.trusted = true;
    assert_eq!(last(&analysis), "ok This run can be trusted.");
    analysis.checks.verdict.trusted = false;
    assert_eq!(last(&analysis), "!  This run can be trusted.");
    assert!(!before.contains("trusted"), "{before}");
}

#[test]
fn the_terminal_table_is_short_and_aligned() {
    let analysis = synthetic::default_scene();
    let table = report::terminal_table(&analysis, &summary(&analysis));
    assert!(table.lines().count() <= 30, "{table}");
    assert!(table.lines().all(|l| l.chars().count() <= 125), "{table}");
    let rules: Vec<usize> =
        table.lines().filter(|l| l.starts_with("  ")).filter_map(|l| l.chars().position(|c| c == '|')).collect();
    assert_eq!(rules.len(), 8, "a header and seven temperatures\n{table}");
    assert!(rules.windows(2).all(|w| w[0] == w[1]), "{table}");
    for words in ["⟨N⟩ of B", "gas → N ≈ 12: −6.2", "97 of 98 states agree", "phases: gas"] {
        assert!(table.contains(words), "{words:?} in\n{table}");
    }
}
