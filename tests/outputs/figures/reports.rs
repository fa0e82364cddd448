//! The report and the table on the terminal.

use super::{default_drawn, drawn, synthetic};
use adlayer::testing::analysis::Analysis;
use adlayer::testing::base::units::Units;
use adlayer::testing::figures::Figure;
use adlayer::testing::report::{self, CellSummary, RunSummary, Seconds};
use adlayer::testing::run::tables::{ExchangeRow, MoveRow};
use adlayer::testing::thermo::states::{Axis, StateGrid};

pub(super) fn summary(analysis: &Analysis) -> RunSummary {
    let exchange = analysis
        .grid
        .edges
        .iter()
        .enumerate()
        .map(|(i, edge)| {
            let rate = if i == 17 { 0.004 } else { 0.15 + 0.3 * (i as f64 * 0.7).sin().powi(2) };
            ExchangeRow {
                axis: analysis.grid.direction_name(edge.direction),
                a: edge.a.0,
                b: edge.b.0,
                attempts: 375,
                accepted: (375.0 * rate) as u64,
                acceptance: rate,
                acceptance_second_half: if edge.axis() == Some(Axis::Temperature) { rate } else { 1.1 * rate },
            }
        })
        .collect();
    RunSummary {
        runs: Vec::new(),
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
        segments: None,
        acceptance: vec![MoveRow { species: "B".into(), insert: 0.013, delete: 0.014, identity: None }],
        exchange,
        cell: CellSummary {
            lengths: [6.6, 5.7158, 6.0],
            tilt: 0.0,
            shortest_period: 5.7158,
            periodic_z: false,
            max_atoms: vec![("B".into(), 64)],
        },
        warnings: vec!["P(N_max) exceeds 1e-3 in 1 state; raise max_atoms.".into()],
        resolved_scene: "Scene(\n    title: \"Two-component <Lennard-Jones> surface\",\n    units: Lj,\n)\n".into(),
    }
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
    // ⟨N⟩, energy fluctuation, ln Ξ: their colours are numbers on a dark page too
    assert_eq!(html.matches("class=\"true-colours\"").count(), 3);
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

/// Shares of phases are of what is not masked, which is said where that is not all.
#[test]
fn shares_of_a_masked_map_say_what_they_are_of() {
    let mut analysis = synthetic::default_scene();
    let n = analysis.map.cells.len();
    let table = |analysis: &Analysis| report::terminal_table(analysis, &summary(analysis), None);
    analysis.map.cells.iter_mut().for_each(|cell| cell.masked = false);
    assert!(table(&analysis).contains("\nphases: gas"), "{}", table(&analysis));
    analysis.map.cells.iter_mut().take(n / 4).for_each(|cell| cell.masked = true);
    let words = "the 75 % of the map that is not masked";
    assert!(table(&analysis).contains(&format!("\nphases (shares of {words}): gas")), "{}", table(&analysis));
    let folder = tempfile::tempdir().expect("a folder");
    let path = report::write(folder.path(), &analysis, &summary(&analysis), &[]).expect("written");
    let html = std::fs::read_to_string(path).expect("a page");
    assert!(html.contains(&format!("share of {words}")) && html.contains(&format!("% of {words})")));
    // Hardly anything is not nothing.
    analysis.map.cells.iter_mut().enumerate().for_each(|(k, cell)| cell.masked = k == 0);
    let almost = table(&analysis);
    assert!(almost.contains("(shares of the 9") && !almost.contains("100 % of the map that"), "{almost}");
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
    let table = report::terminal_table(&analysis, &summary, None);
    assert!(table.contains("⟨E⟩ [ε]") && table.lines().count() <= 30, "{table}");
}

#[test]
fn the_terminal_table_ends_with_the_verdict() {
    use adlayer::testing::analysis::diagnostics::{Mood, Sentence};
    let mut analysis = synthetic::default_scene();
    let last = |analysis: &Analysis| {
        report::terminal_table(analysis, &summary(analysis), None).lines().last().unwrap_or_default().to_owned()
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
fn states_that_are_no_rectangle_are_drawn_and_tabulated() {
    let mut analysis = synthetic::default_scene();
    // The last five states are left out, and nothing says any more that the others made a rectangle.
    let (grid, n) = (analysis.grid, 93);
    let edges = grid.edges.iter().copied().filter(|e| e.a.index() < n && e.b.index() < n).collect();
    analysis.grid = StateGrid::list(grid.reservoirs, grid.states[..n].to_vec(), edges);
    analysis.direct.truncate(n);
    let f = &mut analysis.free_energies;
    f.f_k.truncate(n);
    f.f_k_err.truncate(n);
    f.n_k.truncate(n);
    f.part.truncate(n);
    analysis.split_half.z.truncate(n);
    analysis.inefficiency.truncate(n);
    let ((dir, figures), whole) = (drawn(&analysis), default_drawn());
    let names = |figures: &[Figure]| figures.iter().map(|f| f.name.clone()).collect::<Vec<_>>();
    assert_eq!(names(&figures), names(&whole.1));
    let summary = summary(&analysis);
    let page = report::write(dir.path(), &analysis, &summary, &figures).expect("written");
    assert!(std::fs::read_to_string(page).expect("a page").contains("All 93 states"));
    let table = report::terminal_table(&analysis, &summary, None);
    assert!(table.lines().count() <= 35, "{table}");
    // Most places of a table have a state; those of the five are empty.
    let heading = "⟨N⟩ of B in each state's own samples (*: by MBAR over all states), T in ε/k_B, columns at μ' in ε\n";
    assert!(table.contains(heading), "{table}");
    let rows: Vec<&str> = table.lines().filter(|l| l.trim_start().starts_with("0.") && l.contains('±')).collect();
    let with_gaps: Vec<bool> = rows.iter().map(|row| row.contains('–')).collect();
    assert_eq!(with_gaps, [false, false, false, false, false, false, true], "{table}");
}

#[test]
fn the_terminal_table_is_short_and_aligned() {
    let analysis = synthetic::default_scene();
    let table = report::terminal_table(&analysis, &summary(&analysis), None);
    assert!(table.lines().count() <= 30, "{table}");
    assert!(table.lines().all(|l| l.chars().count() <= 135), "{table}");
    let rules: Vec<usize> =
        table.lines().filter(|l| l.starts_with("  ")).filter_map(|l| l.chars().position(|c| c == '|')).collect();
    assert_eq!(rules.len(), 8, "a header and seven temperatures\n{table}");
    assert!(rules.windows(2).all(|w| w[0] == w[1]), "{table}");
    for words in ["⟨N⟩ of B", "gas → N ≈ 12: −6.2", "97 of 98 states agree", "phases (shares of the"] {
        assert!(table.contains(words), "{words:?} in\n{table}");
    }
}

#[test]
fn no_line_is_wider_than_the_terminal() {
    for analysis in [synthetic::default_scene(), synthetic::canonical()] {
        for width in [60, 80, 100, 140] {
            let table = report::terminal_table(&analysis, &summary(&analysis), Some(width));
            let widest = table.lines().map(|l| l.chars().count()).max().unwrap_or(0);
            assert!(widest <= width, "{widest} > {width}\n{table}");
            let found = table.contains("gas → N ≈ 12") || analysis.grid.n_reservoirs() == 0;
            assert!(found, "the boundaries are lost at {width}\n{table}");
        }
    }
}

#[test]
fn the_terminal_says_what_may_not_be_quoted_and_what_max_atoms_holds_back() {
    use adlayer::testing::analysis::AtLimit;
    let mut analysis = synthetic::default_scene();
    let table = |analysis: &Analysis| report::terminal_table(analysis, &summary(analysis), None);
    let marks = |table: &str| (table.contains("?: may not be quoted"), table.contains("^: held back by max_atoms"));
    analysis.at_states.iter_mut().for_each(|cell| (cell.masked, cell.quotable) = (false, true));
    assert_eq!(marks(&table(&analysis)), (false, false), "{}", table(&analysis));
    analysis.at_states.iter_mut().for_each(|cell| cell.quotable = false);
    analysis.direct[0].at_limit = vec![AtLimit { p: 0.5, needed: 99 }];
    assert_eq!(marks(&table(&analysis)), (true, true), "{}", table(&analysis));
}
