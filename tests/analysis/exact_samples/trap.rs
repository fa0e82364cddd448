//! The ideal gas in a trap: exact maps, honest errors.

use super::model::TRAP;
use super::{grid, input};
use adlayer::testing::analysis::{Analysis, analyze};
use adlayer::testing::thermo::Convention;
use adlayer::testing::thermo::states::StateGrid;

pub(super) fn trap_grid() -> StateGrid {
    grid(&[0.6, 0.8, 1.0], Convention::Absolute { mass: 1.0, planck: 1.8 }, &[-2.5, -2.0, -1.5])
}

pub(super) fn trap(cycles: u32, hold: u32, seed: u64) -> Analysis {
    let grid = trap_grid();
    let samples = TRAP.run(&grid, cycles, 2, hold, seed);
    analyze(&input(grid, samples, TRAP.n_max, seed)).expect("analysis")
}

#[test]
fn the_map_of_the_trap_is_exact_within_errors() {
    let analysis = trap(3000, 1, 11);
    assert!(analysis.free_energies.residual <= 1e-8);
    assert_eq!((analysis.map.temperatures.len(), analysis.map.axes[0].len()), (9, 11));
    let mut cells = 0;
    for cell in analysis.map.cells.iter().chain(&analysis.pressure_map.cells).filter(|c| !c.masked) {
        let (kt, ln_z) = (cell.temperature, cell.ln_z[0]);
        let n = TRAP.mean_n(kt, ln_z);
        let z = (cell.n[0] - n) / cell.n_err[0];
        assert!(z.abs() < 4.0, "N at {kt} {}: {} ± {}, exact {n}", cell.mu[0], cell.n[0], cell.n_err[0]);
        let z = (cell.energy - TRAP.mean_energy(kt, ln_z)) / cell.energy_err;
        assert!(z.abs() < 4.0, "E at {kt} {}", cell.mu[0]);
        let z = (cell.ln_xi - n) / cell.ln_xi_err;
        assert!(z.abs() < 4.0, "ln Xi at {kt} {}: {} ± {}", cell.mu[0], cell.ln_xi, cell.ln_xi_err);
        // Var E = 15/4 N kT², Cov = 3/2 N kT, Var N = N; fluctuations within a few per cent where N is not rare.
        if n > 0.3 {
            let close = |what: &str, x: f64, exact: f64| {
                assert!((x / exact - 1.0).abs() < 0.1, "{what} at {kt} {}: {x}, exact {exact}", cell.mu[0]);
            };
            close("energy_fluctuation", cell.energy_fluctuation, 3.75 * n);
            close("c_mu", cell.c_mu, 3.75 * n - 1.5 * n * (cell.mu[0] - 1.5 * kt) / kt);
            close("c_p", cell.c_p, 2.25 * n);
            close("c_vn", cell.c_vn, 3.0 * n);
            close("susceptibility", cell.susceptibility[0], n / kt);
        }
        cells += 1;
    }
    assert!(cells > 150, "{cells} cells");
    assert_eq!(analysis.phases.len(), 1);
    assert!(analysis.boundaries.is_empty());
    assert_eq!((analysis.split_half.agree, analysis.split_half.compared), (9, 9));
    for (k, state) in analysis.grid.states.iter().enumerate() {
        let direct = &analysis.direct[k];
        let z = (direct.n[0] - TRAP.mean_n(state.kt, state.ln_z[0])) / direct.n_err[0];
        assert!(z.abs() < 4.0 && direct.samples == 6000 && direct.inefficiency < 1.5);
    }
}

/// Width of the z-scores of the map over many runs.
fn width_of_z(cycles: u32, hold: u32, seeds: u64) -> (f64, f64) {
    let (mut sum, mut squares, mut count) = (0.0, 0.0, 0.0);
    for seed in 0..seeds {
        let analysis = trap(cycles, hold, 1000 + seed);
        for cell in analysis.map.cells.iter().filter(|c| !c.masked) {
            let z = (cell.n[0] - TRAP.mean_n(cell.temperature, cell.ln_z[0])) / cell.n_err[0];
            sum += z;
            squares += z * z;
            count += 1.0;
        }
    }
    let mean: f64 = sum / count;
    (mean, (squares / count - mean * mean).sqrt())
}

#[test]
fn error_bars_are_honest() {
    let (mean, width) = width_of_z(400, 1, 64);
    assert!((0.8..1.2).contains(&width) && mean.abs() < 0.4, "uncorrelated: z = {mean:.2} ± {width:.2}");
    let (mean, width) = width_of_z(1600, 8, 64);
    assert!((0.8..1.2).contains(&width) && mean.abs() < 0.4, "correlated: z = {mean:.2} ± {width:.2}");
}

#[test]
fn correlated_samples_count_less() {
    let (fresh, held) = (trap(800, 1, 3), trap(800, 8, 3));
    // What a single state gets from the sums over states is an estimate from few blocks, and the largest of several: half of
    // the states have an error up to 1.6 times too large, single ones twice; none has one that is too small.
    let mut g: Vec<f64> = held.inefficiency.iter().map(|g| g / 8.0).collect();
    g.sort_by(f64::total_cmp);
    assert!(g[0] > 0.6 && g[4] < 2.5 && g[8] < 6.0, "{g:?}");
    let mut fresh_g = fresh.inefficiency.clone();
    fresh_g.sort_by(f64::total_cmp);
    assert!(fresh_g[4] < 1.5 && 8.0 * g[0] > 3.0 * fresh_g[4], "{g:?} {fresh_g:?}");
    let n_eff = |a: &Analysis| a.map.cells[60].n_eff;
    assert!(n_eff(&held) < 0.25 * n_eff(&fresh), "{} {}", n_eff(&held), n_eff(&fresh));
}
