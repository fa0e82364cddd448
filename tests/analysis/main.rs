//! The whole analysis on samples drawn exactly from models with known answers.

use adlayer::analysis::{Analysis, AnalysisInput, analyze, tables};
use adlayer::sample::{Column, SampleRow, Samples};
use adlayer::states::{ReservoirAxis, StateGrid};
use adlayer::thermo::Convention;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

const TAU: f64 = std::f64::consts::TAU;

fn grid(temperatures: &[f64], convention: Convention, values: &[f64]) -> StateGrid {
    let axis = ReservoirAxis { species: "B".into(), convention, values: values.to_vec() };
    StateGrid::product(temperatures, 1.0, &[axis])
}

/// A system whose N has weights w(N) z^N and whose E given N is E(N) + kT · Γ(shape · N).
struct Model {
    n_max: u16,
    /// ln w(N) at kT, the energy's own weight included
    ln_w: fn(f64, u16) -> f64,
    /// Energy without the quadratic degrees of freedom
    energy: fn(u16) -> f64,
    /// Quadratic degrees of freedom per atom
    quadratic: u16,
}

/// Ideal gas in a trap of spring 1: w = (2πkT)^{3N/2}/N!, E|N a sum of 3N squares.
const TRAP: Model = Model {
    n_max: 60,
    ln_w: |kt, n| 1.5 * f64::from(n) * (TAU * kt).ln() - ln_factorial(n),
    energy: |_| 0.0,
    quadratic: 3,
};

/// Two phases: no atoms or about twelve, with a barrier between.
const SWITCH: Model = Model {
    n_max: 40,
    ln_w: |kt, n| -(SWITCH.energy)(n) / kt,
    energy: |n| {
        let x = f64::from(n);
        -0.5 * x + 0.05 * (x * (12.0 - x)).max(0.0) + if n > 12 { 1.5 * (x - 12.0) } else { 0.0 }
    },
    quadratic: 0,
};

fn ln_factorial(n: u16) -> f64 {
    (1..=n).map(|i| f64::from(i).ln()).sum()
}

impl Model {
    /// P(N) at a point.
    fn p(&self, kt: f64, ln_z: f64) -> Vec<f64> {
        let ln_p: Vec<f64> = (0..=self.n_max).map(|n| f64::from(n) * ln_z + (self.ln_w)(kt, n)).collect();
        let max = ln_p.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let sum: f64 = ln_p.iter().map(|x| (x - max).exp()).sum();
        ln_p.iter().map(|x| (x - max).exp() / sum).collect()
    }

    fn mean(&self, kt: f64, ln_z: f64, f: impl Fn(u16) -> f64) -> f64 {
        self.p(kt, ln_z).iter().enumerate().map(|(n, p)| p * f(n as u16)).sum()
    }

    fn mean_n(&self, kt: f64, ln_z: f64) -> f64 {
        self.mean(kt, ln_z, f64::from)
    }

    fn mean_energy(&self, kt: f64, ln_z: f64) -> f64 {
        self.mean(kt, ln_z, |n| (self.energy)(n) + 0.5 * kt * f64::from(n * self.quadratic))
    }

    /// Independent samples of every state in every cycle. `hold` cycles repeat the same sample.
    fn run(&self, grid: &StateGrid, cycles: u32, walkers: u16, hold: u32, seed: u64) -> Samples {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut samples = Samples::new(1);
        let tables: Vec<Vec<f64>> = grid.states.iter().map(|s| self.p(s.kt, s.ln_z[0])).collect();
        let mut held = vec![(0, 0.0); grid.len() * usize::from(walkers)];
        for cycle in 0..cycles {
            for walker in 0..walkers {
                for (k, state) in grid.states.iter().enumerate() {
                    let slot = &mut held[usize::from(walker) * grid.len() + k];
                    if cycle % hold == 0 {
                        let mut u: f64 = rng.random();
                        let n = tables[k].iter().position(|p| {
                            u -= p;
                            u < 0.0
                        });
                        let n = n.unwrap_or(0) as u16;
                        // A sum of 2m squares is a sum of m exponentials; an odd one takes a Gaussian more.
                        let squares = n * self.quadratic;
                        let mut e = (self.energy)(n);
                        for _ in 0..squares / 2 {
                            e -= state.kt * (1.0 - rng.random::<f64>()).ln();
                        }
                        if squares % 2 == 1 {
                            let (a, b): (f64, f64) = (1.0 - rng.random::<f64>(), rng.random());
                            e -= state.kt * a.ln() * (TAU * b).cos().powi(2);
                        }
                        *slot = (n, e);
                    }
                    samples.push(SampleRow {
                        cycle,
                        walker,
                        replica: u32::from(walker) * grid.len() as u32 + k as u32,
                        state: k as u32,
                        energy: slot.1,
                        counts: &[slot.0],
                    });
                }
            }
        }
        samples
    }
}

fn input(grid: StateGrid, samples: Samples, n_max: u16, seed: u64) -> AnalysisInput {
    AnalysisInput {
        production: samples.cycle.iter().max().map_or(0, |c| c + 1),
        grid,
        samples,
        n_max: vec![n_max],
        boltzmann: 1.0,
        pressure_unit: 1.0,
        other_mobile_atoms: 0,
        frozen_slab: true,
        seed,
        wanted: None,
        halves: Default::default(),
    }
}

fn trap_grid() -> StateGrid {
    grid(&[0.6, 0.8, 1.0], Convention::Absolute { mass: 1.0, planck: 1.8 }, &[-2.5, -2.0, -1.5])
}

fn trap(cycles: u32, hold: u32, seed: u64) -> Analysis {
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
    for k in 0..9 {
        assert!((held.inefficiency[k] / 8.0 - 1.0).abs() < 0.4, "{}", held.inefficiency[k]);
        assert!(held.inefficiency[k] > 4.0 * fresh.inefficiency[k]);
    }
    let n_eff = |a: &Analysis| a.map.cells[60].n_eff;
    assert!(n_eff(&held) < 0.25 * n_eff(&fresh), "{} {}", n_eff(&held), n_eff(&fresh));
}

const SWITCH_T: [f64; 4] = [0.30, 0.40, 0.55, 2.50];

fn switch_samples() -> (StateGrid, Samples) {
    let mu: Vec<f64> = (0..9).map(|i| -0.9 + 0.1 * f64::from(i)).collect();
    let grid = grid(&SWITCH_T, Convention::Activity, &mu);
    let samples = SWITCH.run(&grid, 3000, 1, 1, 5);
    (grid, samples)
}

fn switch() -> Analysis {
    let (grid, samples) = switch_samples();
    analyze(&input(grid, samples, SWITCH.n_max, 5)).expect("analysis")
}

/// μ' at which P(N ≤ 6) = P(N > 6).
fn switch_boundary(kt: f64) -> f64 {
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
        assert_eq!(point.kind, "first_order");
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
    samples.columns.push(Column { name: "square".into(), values });
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
            assert_eq!(side.side, if mu < point.mu[0] { "below" } else { "above" });
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

/// Two phases whose valley is flat at kT = 1.25: a barrier of energy, and as many more ways to be in between.
const MELT: Model = Model {
    ln_w: |kt, n| {
        let x = f64::from(n);
        -(SWITCH.energy)(n) / kt + 0.04 * (x * (12.0 - x)).max(0.0)
    },
    ..SWITCH
};

#[test]
fn a_line_ends_where_its_valley_vanishes() {
    let mu: Vec<f64> = (0..9).map(|i| -0.9 + 0.1 * f64::from(i)).collect();
    let grid = grid(&[0.5, 0.6, 0.72, 0.86, 1.04, 1.25, 1.5, 1.8], Convention::Activity, &mu);
    let samples = MELT.run(&grid, 3000, 1, 1, 7);
    let analysis = analyze(&input(grid, samples, MELT.n_max, 7)).expect("analysis");
    let critical: Vec<_> = analysis.boundaries.iter().filter(|b| b.kind == "critical").collect();
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

#[test]
fn cells_at_the_limit_of_n_are_masked() {
    let grid = grid(&[0.5, 0.7], Convention::Activity, &[-1.0, 0.0, 1.0]);
    let limited = Model { n_max: 3, ..TRAP };
    let samples = limited.run(&grid, 500, 1, 1, 1);
    let analysis = analyze(&input(grid, samples, 3, 1)).expect("analysis");
    assert!(analysis.map.cells.iter().filter(|c| c.mu[0] > -0.5).all(|c| c.masked && c.phase.is_none()));
    assert!(analysis.map.cells.iter().all(|c| c.n_eff > 0.0));
}

#[test]
fn a_canonical_run_has_a_map_in_temperature_alone() {
    let grid = StateGrid::product(&[0.5, 0.7, 1.0], 1.0, &[]);
    let mut rng = ChaCha8Rng::seed_from_u64(2);
    let mut samples = Samples::new(0);
    // Five atoms in a trap: E a sum of 15 squares; here 14 and one mean for the last, as 7.5 exponentials have it.
    for cycle in 0..3000 {
        for (k, state) in grid.states.iter().enumerate() {
            let energy: f64 = (0..8).map(|_| -state.kt * (1.0 - rng.random::<f64>()).ln()).sum();
            samples.push(SampleRow { cycle, walker: 0, replica: k as u32, state: k as u32, energy, counts: &[] });
        }
    }
    let input = AnalysisInput { n_max: vec![], other_mobile_atoms: 5, ..input(grid, samples, 0, 1) };
    let analysis = analyze(&input).expect("analysis");
    assert!(analysis.map.axes.is_empty() && analysis.map.cells.len() == 9 && analysis.phases.is_empty());
    for cell in &analysis.map.cells {
        assert!(!cell.masked);
        let z = (cell.energy - 8.0 * cell.temperature) / cell.energy_err;
        assert!(z.abs() < 4.0, "{cell:?}");
        assert!((cell.c_vn / (8.0 + 7.5) - 1.0).abs() < 0.08, "{cell:?}");
        assert!((cell.c_mu - cell.energy_fluctuation).abs() < 1e-12);
    }
    let dir = tempfile::tempdir().expect("folder");
    tables::write(&analysis, 1.0, dir.path()).expect("tables");
}

#[test]
fn the_bits_do_not_depend_on_the_number_of_threads() {
    let bits = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
        let analysis = pool.install(|| trap(200, 1, 9));
        let cells = analysis.map.cells.iter().map(|c| (c.n[0].to_bits(), c.n_err[0].to_bits(), c.ln_xi_err.to_bits()));
        cells.collect::<Vec<_>>()
    };
    assert!(bits(1) == bits(4));
}

#[test]
fn tables_have_the_agreed_columns() {
    let dir = tempfile::tempdir().expect("folder");
    let analysis = switch();
    tables::write(&analysis, 1.0, dir.path()).expect("tables");
    let text = |name: &str| std::fs::read_to_string(dir.path().join(name)).expect("a table");
    let header = |name: &str| text(name).lines().next().map(str::to_owned).unwrap_or_default();
    let maps = "temperature,mu_B,ln_z_B,pressure_B,n_B,n_B_err,energy,energy_err,energy_fluctuation,c_mu,c_p,c_vn,\
                susceptibility_B,ln_xi,ln_xi_err,n_eff,phase";
    assert_eq!(header("maps.csv"), maps);
    assert_eq!(header("maps_pressure.csv"), maps);
    assert_eq!(header("phases.csv"), "phase,name,n_B,energy,area_fraction");
    assert_eq!(
        header("boundaries.csv"),
        "phase_a,phase_b,kind,temperature,mu_B,mu_err,pressure_B,pressure_low,pressure_high,temperature_err,delta_energy,\
         delta_n,clapeyron,clapeyron_observed,depth,depth_err"
    );
    assert_eq!(header("free_energy.csv"), "temperature,mu_B,order_parameter,value,free_energy,error");
    assert_eq!(
        header("phase_averages.csv"),
        "phase,temperature,mu_B,state,weight,weight_err,n_B,n_B_err,energy,energy_err,n_eff"
    );
    assert_eq!(text("phase_averages.csv").lines().count(), 1 + analysis.phase_averages.len());
    assert_eq!(
        header("boundary_sides.csv"),
        "phase_a,phase_b,kind,temperature,mu_B,side,phase,state,state_mu_B,direct_n_B,direct_n_B_err,direct_energy,\
         direct_energy_err,samples,mbar_n_B,mbar_n_B_err,mbar_energy,mbar_energy_err"
    );
    assert_eq!(text("boundary_sides.csv").lines().count(), 1 + analysis.boundary_sides.len());
    assert_eq!(header("free_energies.csv"), "state,f_k,err,n_k");
    assert_eq!(text("maps.csv").lines().count(), 1 + analysis.map.cells.len());
    for (line, cell) in text("maps_pressure.csv").lines().skip(1).zip(&analysis.pressure_map.cells) {
        let fields: Vec<&str> = line.split(',').collect();
        assert!(!fields[0].is_empty() && !fields[3].is_empty() && !fields[15].is_empty());
        assert_eq!(cell.masked, fields[4..15].iter().all(|f| f.is_empty()), "{line}");
        assert_eq!(fields[16].is_empty(), cell.phase.is_none());
    }
}

#[test]
fn runs_combine_as_walkers() {
    let grid = trap_grid();
    let mut both = TRAP.run(&grid, 300, 1, 1, 1);
    both.append_run(&TRAP.run(&grid, 300, 2, 1, 2));
    assert_eq!(both.walker.iter().max(), Some(&2));
    assert_eq!(both.replica.iter().max(), Some(&26));
    let analysis = analyze(&input(grid, both, TRAP.n_max, 1)).expect("analysis");
    assert!(analysis.free_energies.n_k.iter().all(|&n| n == 900));
}

#[test]
fn unfit_samples_are_refused() {
    let grid = trap_grid();
    let samples = TRAP.run(&grid, 10, 1, 1, 1);
    let refused = |input: &AnalysisInput| analyze(input).expect_err("refused").to_string();
    let good = input(grid, samples, TRAP.n_max, 1);
    assert!(refused(&AnalysisInput { samples: Samples::new(1), ..good.clone() }).contains("no stored samples"));
    let mut bad = good.clone();
    bad.samples.state[3] = 99;
    assert!(refused(&bad).contains("state 99"));
    let mut bad = good;
    bad.samples.energy[3] = f64::NAN;
    assert!(refused(&bad).contains("sample 3"));
}
