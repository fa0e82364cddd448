//! Two phases: where they meet, what they are inside, where their line ends.

use super::model::{MELT, SWITCH};
use super::{grid, input};
use adlayer::testing::analysis::{Analysis, BoundaryKind, Side, analyze};
use adlayer::testing::observables::record::Column;
use adlayer::testing::sample::Samples;
use adlayer::testing::thermo::Convention;
use adlayer::testing::thermo::states::StateGrid;

const SWITCH_T: [f64; 4] = [0.30, 0.40, 0.55, 2.50];

fn switch_samples() -> (StateGrid, Samples) {
    let mu: Vec<f64> = (0..9).map(|i| -0.9 + 0.1 * f64::from(i)).collect();
    let grid = grid(&SWITCH_T, Convention::Activity, &mu);
    let samples = SWITCH.run(&grid, 3000, 1, 1, 5);
    (grid, samples)
}

pub(super) fn switch() -> Analysis {
    let (grid, samples) = switch_samples();
    analyze(&input(grid, samples, SWITCH.n_max, 5)).expect("analysis")
}

/// μ' at which P(N ≤ 6) = P(N > 6).
pub(super) fn switch_boundary(kt: f64) -> f64 {
    let (mut lo, mut hi) = (-2.0, 3.0);
    for _ in 0..60 {
        let mu = 0.5 * (lo + hi);
        let low: f64 = SWITCH.p(kt, mu / kt)[..=6].iter().sum();
        if low > 0.5 { lo = mu } else { hi = mu }
    }
    0.5 * (lo + hi)
}

#[test]
fn two_phases_meet_where_they_are_equally_probable() {
    let analysis = switch();
    let names: Vec<&str> = analysis.phases.iter().map(|p| p.name.as_str()).collect();
    assert_eq!(names[0], "gas");
    assert_eq!(names.len(), 2, "{names:?}");
    assert!(names[1].starts_with("N ≈ 1"), "{names:?}");
    let share: f64 = analysis.phases.iter().map(|p| p.area_fraction).sum();
    assert!((share - 1.0).abs() < 1e-12);
    assert!(analysis.boundaries.len() >= 8);
    for point in &analysis.boundaries {
        assert_eq!((point.phase_a, point.phase_b), (0, 1));
        // The depth of this valley goes as 1/T: it never vanishes.
        assert_eq!(point.kind, BoundaryKind::FirstOrder);
        let slopes = point.clapeyron.expect("slopes");
        assert!(slopes.depth > 1.0 && slopes.delta_n > 0.0, "{slopes:?}");
        assert!(point.temperature < 1.9, "the valley is gone at high temperature");
        if point.temperature > 0.6 {
            continue; // there it matters in which N of the shallow valley the phases are cut
        }
        let exact = switch_boundary(point.temperature);
        let z = (point.mu[0] - exact) / point.mu_err;
        assert!(z.abs() < 4.0 && point.mu_err < 0.01, "T {}: {point:?}, exact {exact}", point.temperature);
        assert!(point.pressure_low < point.pressure[0] && point.pressure[0] < point.pressure_high);
    }
    for cell in analysis.map.cells.iter().filter(|c| !c.masked) {
        let p = SWITCH.p(cell.temperature, cell.ln_z[0]);
        let low: f64 = p[..=6].iter().sum();
        if (low - 0.5).abs() > 0.4 && cell.temperature < 0.6 {
            assert_eq!(cell.phase, Some(usize::from(low < 0.5)), "{} {}", cell.temperature, cell.mu[0]);
        }
    }
    for d in &analysis.distributions {
        let exact = SWITCH.p(d.temperature, d.mu[0] / d.temperature);
        assert_eq!(d.p_n.len(), exact.len());
        for n in 0..exact.len() {
            let error = d.p_n_err[n].max(1e-4);
            assert!((d.p_n[n] - exact[n]).abs() < 5.0 * error, "P({n}) at {} {}", d.temperature, d.mu[0]);
        }
    }
}

#[test]
fn averages_inside_a_phase_are_exact_within_errors() {
    // With an observable that is N².
    let (grid, mut samples) = switch_samples();
    let values = samples.counts[0].iter().map(|&n| f32::from(n) * f32::from(n)).collect();
    samples.columns.push(Column { name: "square".into(), values, ..Column::default() });
    let analysis = analyze(&input(grid, samples, SWITCH.n_max, 5)).expect("analysis");
    assert_eq!(analysis.observables, ["square"]);
    let of = |kt: f64, ln_z: f64, phase: usize, cut: u16| -> [f64; 4] {
        let p = SWITCH.p(kt, ln_z);
        let inside = |n: u16| (n > cut) == (phase == 1);
        let sum = |f: &dyn Fn(u16) -> f64| -> f64 {
            (0..=SWITCH.n_max).filter(|&n| inside(n)).map(|n| p[usize::from(n)] * f(n)).sum()
        };
        let weight = sum(&|_| 1.0);
        let square = sum(&|n| f64::from(n).powi(2));
        [weight, sum(&f64::from) / weight, sum(&SWITCH.energy) / weight, square / weight]
    };
    // Where the valley is deep; one N parts the phases everywhere.
    let rows: Vec<_> = analysis.phase_averages.iter().filter(|a| a.temperature < 0.6).collect();
    let agree = |cut: u16| {
        rows.iter().all(|a| {
            let exact = of(a.temperature, a.mu[0] / a.temperature, a.phase, cut);
            let square = (a.observables[0], a.observables_err[0]);
            let found = [(a.weight, a.weight_err), (a.n[0], a.n_err[0]), (a.energy, a.energy_err), square];
            found.iter().zip(exact).all(|((x, err), exact)| (x - exact).abs() < 4.0 * err + 1e-9)
        })
    };
    let cuts: Vec<u16> = (0..=12).filter(|&cut| agree(cut)).collect();
    assert!(matches!(cuts[..], [cut] if (4..=8).contains(&cut)), "parted at {cuts:?}: {rows:#?}");
    let at_coexistence: Vec<_> = rows.iter().filter(|a| a.state.is_none()).collect();
    assert_eq!(at_coexistence.len(), 6, "two sides at three temperatures");
    for pair in at_coexistence.chunks(2) {
        assert_eq!((pair[0].phase, pair[1].phase), (0, 1));
        assert!(pair.iter().all(|a| (a.weight - 0.5).abs() < 1e-6 && a.weight_err < 0.1), "{pair:?}");
        assert!(pair[0].n[0] < 3.0 && pair[1].n[0] > 9.0 && pair.iter().all(|a| a.n_err[0] < 0.2), "{pair:?}");
    }
    // In a state the phases make up the whole.
    let mut both = 0;
    for (k, state) in analysis.grid.states.iter().enumerate() {
        let here: Vec<_> = rows.iter().filter(|a| a.state == Some(k)).collect();
        let weight: f64 = here.iter().map(|a| a.weight).sum();
        let n: f64 = here.iter().map(|a| a.weight * a.n[0]).sum();
        if here.len() == 2 {
            let z = (n - SWITCH.mean_n(state.kt, state.ln_z[0])) / analysis.direct[k].n_err[0];
            assert!((weight - 1.0).abs() < 1e-9 && z.abs() < 4.0, "state {k}: {weight} {n}");
            both += 1;
        }
        assert!(here.iter().all(|a| a.weight >= 0.01 && a.n_eff >= 50.0));
    }
    assert!(both > 3, "{both} states hold both phases");
}

#[test]
fn the_states_beside_a_boundary_show_its_jump() {
    let analysis = switch();
    let mut jumps = 0;
    for pair in analysis.boundary_sides.chunk_by(|a, b| a.boundary == b.boundary) {
        let point = &analysis.boundaries[pair[0].boundary];
        assert!(SWITCH_T.iter().any(|t| (t - point.temperature).abs() < 1e-9));
        for side in pair {
            let (state, direct) = (&analysis.grid.states[side.state], &analysis.direct[side.state]);
            assert!((state.temperature - point.temperature).abs() < 1e-9);
            let mu = state.ln_z[0] * state.kt;
            assert_eq!(side.side, if mu < point.mu[0] { Side::Below } else { Side::Above });
            assert!((mu - point.mu[0]).abs() <= 0.1 + 1e-9, "the next state is one step away at most");
            let exact = (SWITCH.mean_n(state.kt, state.ln_z[0]), SWITCH.mean_energy(state.kt, state.ln_z[0]));
            for (n, err) in [(side.n[0], side.n_err[0]), (direct.n[0], direct.n_err[0])] {
                assert!((n - exact.0).abs() < 4.0 * err, "{side:?}: {n} ± {err}, exact {}", exact.0);
            }
            assert!((side.energy - exact.1).abs() < 4.0 * side.energy_err, "{side:?}, exact {}", exact.1);
        }
        if let [below, above] = pair
            && point.temperature < 0.35
        {
            assert_eq!((below.phase, above.phase), (Some(0), Some(1)));
            assert!(above.n[0] > below.n[0] + 4.0);
            jumps += 1;
        }
    }
    assert_eq!(jumps, 1, "one boundary at the lowest temperature");
}

#[test]
fn a_line_ends_where_its_valley_vanishes() {
    let mu: Vec<f64> = (0..9).map(|i| -0.9 + 0.1 * f64::from(i)).collect();
    let grid = grid(&[0.5, 0.6, 0.72, 0.86, 1.04, 1.25, 1.5, 1.8], Convention::Activity, &mu);
    let samples = MELT.run(&grid, 3000, 1, 1, 7);
    let analysis = analyze(&input(grid, samples, MELT.n_max, 7)).expect("analysis");
    let critical: Vec<_> = analysis.boundaries.iter().filter(|b| b.kind == BoundaryKind::Critical).collect();
    assert_eq!(critical.len(), 1, "{:?}", analysis.boundaries);
    let (t, err) = (critical[0].temperature, critical[0].temperature_err);
    // Extrapolated from where the valley is 1 kT deep, T = 0.72.
    assert!((t - 1.25).abs() < 0.1 && err > 0.0 && err < 0.1, "T {t} ± {err}");
    // Along the line Clausius and Clapeyron hold: the slope from the two sides is that of the line.
    let slopes: Vec<_> = analysis.boundaries.iter().filter_map(|b| b.clapeyron).collect();
    assert!(slopes.len() >= 8, "{slopes:?}");
    for s in &slopes[1..slopes.len() - 1] {
        assert!((s.predicted - s.observed).abs() < 0.02, "{s:?}");
    }
}
