//! Figures and report, drawn from a model with known averages.
//!
//! `ADLAYER_GALLERY=DIR cargo test --test figures gallery` leaves all pictures in DIR, to be looked at.

mod synthetic;

mod curves;

pub(crate) mod labels;
mod maps;
mod reports;
mod well_formed;

use adlayer::testing::analysis::Analysis;
use adlayer::testing::analysis::diagnostics::{Diagnostics, EdgeCheck};
use adlayer::testing::base::units::Units;
use adlayer::testing::figures::{Figure, Labels, draw};
use adlayer::testing::report;
use adlayer::testing::thermo::Convention;
use adlayer::testing::thermo::states::Edge;
use curves::with_an_order_parameter;
use reports::summary;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use well_formed::{assert_is_picture, assert_well_formed};

fn labels() -> Labels {
    Labels { units: Units::Lj, title: "Two-component Lennard-Jones surface".into() }
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

/// The default scene with other numbers and longer names: 240 to 760 K, tiny pressures, ten phases.
fn in_metal_units() -> Analysis {
    let mut analysis = synthetic::default_scene();
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
        std::fs::write(dir.join("table.txt"), report::terminal_table(&analysis, &summary, None)).expect("written");
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
        "isotherms_pressure_B",
        "excess_B",
        "isosteric_heat_B",
        "henry_B",
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
    has("isotherms_pressure_B", &["⟨N⟩ of B per area [1/σ²]", "p of B [ε/σ³]", "coverage [atoms per site]", "0.24"]);
    has("excess_B", &["excess of B per area [1/σ²]", "p of B [ε/σ³]"]);
    has("isosteric_heat_B", &["⟨N⟩ of B per area [1/σ²]", "coverage [atoms per site]", "Clausius–Clapeyron"]);
    has("henry_B", &["Henry constant of B [σ/ε]", "simulated temperature"]);
    has("free_energy_n_B", &["−kT ln P [ε]", "N of B", "], μ&apos; [ε]", "0.24, −6.2"]);
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
fn the_exchange_of_a_mixture_says_where_the_other_species_stands() {
    let mut analysis = synthetic::analysis(&[0.62, 0.76], &[-7.0, -6.5, -6.0], &[-6.0, -5.0, -4.0]);
    let check = |&edge: &Edge| EdgeCheck {
        edge,
        attempts: 100,
        acceptance: 0.5,
        windows: Vec::new(),
        recent: 0.5,
        overlap: 0.5,
        usable: true,
        lacking: 0,
    };
    let edges = analysis.grid.edges.iter().map(check).collect();
    analysis.checks.diagnostics = Some(Diagnostics { edges, ..Diagnostics::default() });
    let (dir, figures) = drawn(&analysis);
    for (name, states, other) in [("exchange_B", 6, "μ' of C = −5 ε"), ("exchange_C", 6, "μ' of B = −6.5 ε")] {
        let figure = figures.iter().find(|f| f.name == name).unwrap_or_else(|| panic!("no {name}"));
        assert!(figure.caption.contains(other), "{}", figure.caption);
        let under_the_title = format!("; {}<", other.replace('\'', "&apos;"));
        assert!(figure.svg.contains(&under_the_title), "{under_the_title}");
        // 2 × 3 states of the 18
        let (header, rows) = csv(dir.path(), name);
        let ends = ["state_a", "state_b"].map(|end| column(&header, end));
        let seen: std::collections::BTreeSet<String> =
            rows.iter().flat_map(|row| ends.map(|end| row[end].to_owned())).collect();
        assert_eq!(seen.len(), states, "{seen:?}");
    }
}
