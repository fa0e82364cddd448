//! The whole analysis on samples drawn exactly from models with known answers.

mod list;
mod model;
mod parts;
mod phases;
mod trap;

use adlayer::testing::analysis::{AnalysisInput, analyze, tables};
use adlayer::testing::sample::{SampleRow, Samples};
use adlayer::testing::thermo::Convention;
use adlayer::testing::thermo::states::{ReservoirAxis, StateGrid};
use model::{Model, TRAP};
use phases::switch;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use trap::{trap, trap_grid};

fn grid(temperatures: &[f64], convention: Convention, values: &[f64]) -> StateGrid {
    let axis = ReservoirAxis { species: "B".into(), convention, values: values.to_vec() };
    StateGrid::product(temperatures, 1.0, &[axis])
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
        runs: Vec::new(),
        wanted: None,
        halves: Default::default(),
        cell: Default::default(),
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
                susceptibility_B,ln_xi,ln_xi_err,n_eff,phase,quoted,q_st_B,q_st_err_B,excess_B,gas_density_B,gas_pressure,\
                gas_pressure_err,henry_B,henry_err_B";
    assert_eq!(header("maps.csv"), maps);
    assert_eq!(header("maps_pressure.csv"), maps);
    assert_eq!(header("phases.csv"), "phase,name,n_B,energy,area_fraction");
    assert_eq!(
        header("boundaries.csv"),
        "phase_a,phase_b,kind,temperature,mu_B,mu_err,pressure_B,pressure_low,pressure_high,temperature_err,delta_energy,\
         delta_n,clapeyron,clapeyron_observed,depth,depth_err,crossings,quoted,status,gas_pressure"
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
    assert_eq!(header("free_energies.csv"), "state,f_k,err,n_k,part,f_part,f_part_err");
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
