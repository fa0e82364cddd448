//! Can a run be trusted? The second estimator against what is exact, planted faults, and a whole run with its verdict.

use crate::place::{Place, surface};
use crate::say::say;
use adlayer::testing::analysis::diagnostics::WalkerSplit;
use adlayer::testing::analysis::transition_matrix::{Estimators, compare, tally_blocks};
use adlayer::testing::analysis::{AnalysisInput, PreparedSamples};
use adlayer::testing::input::scene;
use adlayer::testing::moves::MoveKind;
use adlayer::testing::sample::read_samples;
use adlayer::testing::sample::tally_snapshots::{TallySnapshot, read_marks};
use adlayer::testing::workflow::analyze::{GridRequest, evaluate};
use std::path::Path;

/// Ideal gas in a trap on the grid of case f: N is Poisson with mean z (2πkT)^{3/2}.
fn trap() -> String {
    r#"Scene(
    units: Lj,
    planck: 1.8,
    species: [ (name: "B", symbol: "Ar", mass: 1.0) ],
    potential: LennardJones(cutoff: 2.5, truncation: Shifted, pairs: [ (between: ("B","B"), epsilon: 0.0, sigma: 1.0) ]),
    external: [ Harmonic(species: "B", spring: 1.0) ],
    cell: Bulk(lengths: (12.0, 12.0, 12.0)),
    reservoir: [ (species: "B", max_atoms: 60) ],
    grid: (
        temperature: List([0.6, 0.8, 1.0]),
        reservoir: [ (species: "B", convention: Absolute, values: List([-2.5, -2.0, -1.5])) ],
        walkers: 2,
    ),
    dynamics: MonteCarlo(displacement: 0.5, attempts: 20),
    moves: (insert_delete: 200),
    schedule: (equilibration: 50, production: 3000),
    seed: 1,
)"#
    .to_owned()
}

/// What the analysis of a run starts from, and the marks of the run.
fn read(directory: &Path) -> (AnalysisInput, Vec<TallySnapshot>) {
    let loaded = scene::load(directory.join("resolved.ron")).expect("the scene");
    let scene = &loaded.scene;
    let species: Vec<String> = scene.reservoir.iter().map(|r| r.species.clone()).collect();
    let grid = loaded.grid();
    let production = scene.schedule.production;
    let marks = read_marks(directory, production, grid.len(), grid.edges.len()).expect("marks");
    let input = AnalysisInput {
        samples: read_samples(directory, &species).expect("samples"),
        n_max: scene.reservoir.iter().map(|r| r.max_atoms).collect(),
        grid,
        boltzmann: 1.0,
        pressure_unit: 1.0,
        other_mobile_atoms: 0,
        frozen_slab: true,
        production,
        runs: Vec::new(),
        wanted: None,
        seed: scene.seed,
        halves: WalkerSplit::default(),
        cell: Default::default(),
    };
    (input, marks)
}

fn estimators(input: &AnalysisInput, marks: &[TallySnapshot]) -> Estimators {
    let work = PreparedSamples::new(input).expect("groundwork");
    compare(&work, &tally_blocks(marks, 2, 0)).expect("both estimators").expect("a reservoir")
}

#[test]
fn the_transition_matrix_of_the_trap_is_poisson_and_a_tampered_one_raises_the_alarm() {
    let place = Place::new(&trap());
    place.succeed(&["run", "scene.ron", "--device", "cpu", "-o", "run", "--quiet"]);
    let (input, marks) = read(&place.run("run"));
    assert_eq!(marks.len(), 20);
    assert_eq!(marks.last().map(|m| m.done), Some(3000));
    let found = estimators(&input, &marks);
    assert_eq!((found.states.len(), found.skipped), (9, 0));
    let mut worst = 0.0_f64;
    for s in &found.states {
        let point = &input.grid.states[s.state];
        let mean = (point.ln_z[0] + 1.5 * (std::f64::consts::TAU * point.kt).ln()).exp();
        let exact: Vec<f64> =
            s.pi.iter()
                .map(|p| f64::from(p.n) * mean.ln() - (1..=p.n).map(|i| f64::from(i).ln()).sum::<f64>())
                .collect();
        let total = exact.iter().map(|l| l.exp()).sum::<f64>().ln();
        assert!(s.pi.len() >= 4, "{s:?}");
        for (p, ln) in s.pi.iter().zip(&exact) {
            let z = (p.tm - (ln - total)) / p.tm_err;
            worst = worst.max(z.abs());
            // Forty blocks: Student's t with few degrees of freedom at the ends of the range.
            assert!(z.abs() < 5.0 && p.tm_err < 0.5, "state {} N {}: {p:?}, exact {}", s.state, p.n, ln - total);
        }
        let n: f64 = s.pi.iter().zip(&exact).map(|(p, ln)| f64::from(p.n) * (ln - total).exp()).sum();
        let z = (s.n_tm - n) / s.n_tm_err;
        assert!(z.abs() < 4.5 && s.n_tm_err < 0.02 * n.max(0.5), "{}: {} ± {}, exact {n}", s.state, s.n_tm, s.n_tm_err);
    }
    assert!(found.alarms().is_empty(), "{:?}", found.alarms());
    say(&format!("largest z of ln Π of the transition matrix against Poisson: {worst:.2}"));

    // Insertions at N ≥ 2 that look a quarter more probable than they are.
    let mut tampered = marks;
    for row in tampered.iter_mut().flat_map(|m| &mut m.rows).filter(|r| r.n >= 2) {
        let tally = row.tally.of_mut(MoveKind::INSERT).expect("tallied");
        tally.probability = (1.25 * tally.probability.value()).into();
    }
    let found = estimators(&input, &tampered);
    assert!(found.alarms().len() >= 5, "{} alarms", found.alarms().len());
    assert!(found.alarms()[0].worst() > 6.0);
}

#[test]
fn a_surface_gets_its_verdict() {
    let place = Place::new(&surface(20, [300, 3000]));
    place.succeed(&["run", "scene.ron", "--device", "cpu", "-o", "run", "--quiet"]);
    let run = place.run("run");
    let evaluation = evaluate(std::slice::from_ref(&run), &run, &GridRequest::default()).expect("an evaluation");
    let checks = &evaluation.analysis.checks;
    let estimators = checks.estimators.as_ref().expect("tallies");
    assert!(estimators.states.len() >= 4 && estimators.alarms().is_empty(), "{estimators:?}");
    let diagnostics = checks.diagnostics.as_ref().expect("diagnostics");
    assert_eq!((diagnostics.n_components, diagnostics.states.len(), diagnostics.edges.len()), (1, 6, 11));
    for e in &diagnostics.edges {
        assert!(e.usable && e.overlap > 0.0 && e.windows.len() > 1, "{e:?}");
        let exchange = evaluation.summary.exchange.iter().find(|x| (x.a, x.b) == (e.edge.a.0, e.edge.b.0));
        let exchange = exchange.expect("the edge");
        assert_eq!(e.attempts, exchange.attempts);
        assert!((e.acceptance - exchange.acceptance).abs() < 1e-12, "{e:?}");
    }
    assert_eq!(diagnostics.flows.len(), 2);
    assert!(diagnostics.flows.iter().all(|f| f.round_trips > 20), "{:?}", diagnostics.flows);
    assert!((0.0..1.0).contains(&diagnostics.spectral_gap) && diagnostics.spectral_gap > 1e-4);
    assert!(checks.verdict.trusted && checks.excluded.is_empty(), "{:#?}", checks.verdict);
    let text = |name: &str| std::fs::read_to_string(run.join(name)).expect("a file");
    let header = |name: &str| text(name).lines().next().map(str::to_owned).unwrap_or_default();
    assert_eq!(
        header("analysis/transition_matrix.csv"),
        "state,temperature,mu_B,species,n,ln_pi_tm,ln_pi_tm_err,ln_pi_mbar,ln_pi_mbar_err,z"
    );
    assert_eq!(text("analysis/diagnostics.csv").lines().count(), 7);
    assert_eq!(text("analysis/overlap.csv").lines().count(), 12);
    for name in ["flow_temperature", "flow_mu_B", "exchange_B", "estimators_B"] {
        assert!(run.join(format!("figures/{name}.svg")).is_file(), "{name}");
    }
    let report = text("report.html");
    assert!(report.contains("Can this run be trusted?") && report.contains("This run can be trusted"));
    assert_eq!(report.matches("id=\"estimators_B\"").count(), 1);
}
