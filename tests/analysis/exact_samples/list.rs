//! States that are no rectangle: rows of different lengths, and single states between them.

use super::input;
use super::model::SWITCH;
use super::phases::switch_boundary;
use adlayer::testing::analysis::diagnostics::RunTallies;
use adlayer::testing::analysis::{BoundaryKind, MapCell, analyze_and_check, tables};
use adlayer::testing::base::ids::StateId;
use adlayer::testing::thermo::Convention;
use adlayer::testing::thermo::states::{Axis, Direction, Edge, Reservoir, StateGrid, StatePoint};

/// Rows of μ' from −0.9 on that end at other places, and two states of temperatures of their own.
fn list() -> StateGrid {
    let rows: [(f64, std::ops::RangeInclusive<i32>); 5] =
        [(0.30, 2..=7), (0.35, 5..=5), (0.40, 0..=8), (0.47, 4..=4), (0.55, 1..=8)];
    let (mut states, mut edges, mut row_before) = (Vec::new(), Vec::new(), None::<StateId>);
    for (temperature, columns) in rows {
        let first = StateId(states.len() as u32);
        for i in columns {
            let id = StateId(states.len() as u32);
            let mu = -0.9 + 0.1 * f64::from(i);
            states.push(StatePoint { temperature, kt: temperature, ln_z: vec![mu / temperature], window: None });
            if id != first {
                let (a, direction) = (StateId(id.0 - 1), Direction::Along(Axis::Reservoir(0)));
                edges.push(Edge { a, b: id, direction, colour: (id.0 % 2) as u8 });
            }
        }
        if let Some(a) = row_before {
            edges.push(Edge { a, b: first, direction: Direction::Along(Axis::Temperature), colour: 0 });
        }
        row_before = Some(first);
    }
    let reservoir = Reservoir { species: "B".into(), convention: Convention::Activity };
    StateGrid::list(vec![reservoir], states, edges)
}

#[test]
fn a_list_of_states_gives_the_boundary_that_the_model_has() {
    let grid = list();
    assert!(grid.axes().is_none());
    let samples = SWITCH.run(&grid, 2000, 2, 1, 8);
    let input = input(grid.clone(), samples, SWITCH.n_max, 8);
    let analysis = analyze_and_check(&input, &RunTallies::default()).expect("analysis");

    // Simulated temperatures and values are on the map; at each temperature only what lies near simulated states is shown.
    let map = &analysis.map;
    assert_eq!((map.temperatures.first(), map.temperatures.last()), (Some(&0.30), Some(&0.55)));
    for (k, state) in grid.states.iter().enumerate() {
        let mu = grid.mu(StateId(k as u32), 0);
        let near = |c: &&MapCell| (c.temperature - state.temperature).abs() < 1e-9 && (c.mu[0] - mu).abs() < 1e-9;
        let cell = map.cells.iter().find(near).expect("every state is a cell");
        let p = SWITCH.p(state.kt, state.ln_z[0]);
        let mean: f64 = p.iter().enumerate().map(|(n, p)| n as f64 * p).sum();
        assert!(!cell.masked && (cell.n[0] - mean).abs() < 4.0 * cell.n_err[0] + 0.02, "{cell:?} {mean}");
    }
    let masked = |t: f64, mu: f64| {
        let at = |c: &&MapCell| (c.temperature - t).abs() < 1e-9 && (c.mu[0] - mu).abs() < 1e-9;
        map.cells.iter().find(at).map(|c| c.masked)
    };
    // The row at 0.30 ends at −0.2, that at 0.40 at −0.1.
    assert_eq!((masked(0.30, -0.1), masked(0.40, -0.1)), (Some(true), Some(false)));

    let lines: Vec<_> = analysis.boundaries.iter().filter(|b| b.kind == BoundaryKind::FirstOrder).collect();
    assert!(lines.len() >= 5, "{lines:?}");
    for point in lines {
        let exact = switch_boundary(point.temperature);
        assert!(((point.mu[0] - exact) / point.mu_err).abs() < 4.0, "{point:?}, exact {exact}");
    }
    let found = analysis.checks.diagnostics.as_ref().expect("diagnostics");
    assert_eq!((found.states.len(), found.edges.len()), (grid.len(), grid.edges.len()));
    assert!(!analysis.checks.verdict.sentences.is_empty() && !found.trends.is_empty());
    let dir = tempfile::tempdir().expect("folder");
    tables::write(&analysis, 1.0, dir.path()).expect("tables");
}
