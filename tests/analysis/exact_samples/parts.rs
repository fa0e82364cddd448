//! Grids whose samples do not overlap everywhere: what is known in each part, and what between is not.

use super::model::{Model, TRAP};
use super::{grid, input};
use adlayer::testing::analysis::diagnostics::RunTallies;
use adlayer::testing::analysis::{Analysis, AnalysisInput, analyze, analyze_and_check, tables};
use adlayer::testing::thermo::Convention;
use adlayer::testing::thermo::states::StateGrid;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

const TAU: f64 = std::f64::consts::TAU;

/// The trap with room for many atoms.
const WIDE: Model = Model { n_max: 400, ..TRAP };

/// μ' at which the trap holds `n` atoms at kT = 1.
fn mu(n: f64) -> f64 {
    (n / TAU.powf(1.5)).ln()
}

/// Exact ⟨N⟩ of the trap, which is its ln Ξ too.
fn mean_n(kt: f64, ln_z: f64) -> f64 {
    (TAU * kt).powf(1.5) * ln_z.exp()
}

fn at_one_temperature(numbers: &[f64]) -> StateGrid {
    grid(&[1.0], Convention::Activity, &numbers.iter().map(|&n| mu(n)).collect::<Vec<_>>())
}

fn sampled(grid: &StateGrid, cycles: u32, seed: u64) -> AnalysisInput {
    input(grid.clone(), WIDE.run(grid, cycles, 1, 1, seed), WIDE.n_max, seed)
}

/// Parts as a list of the states of each.
fn members(analysis: &Analysis) -> Vec<Vec<usize>> {
    let f = &analysis.free_energies;
    let of = |part| (0..f.part.len()).filter(|&k| f.part[k] == Some(part as u32)).collect();
    (0..f.n_parts()).map(of).collect()
}

/// Everything that is said of the trap is right within 4σ, or `most`.
fn assert_exact(analysis: &Analysis, most: f64) {
    let f = &analysis.free_energies;
    for of_part in members(analysis) {
        let exact = |k: usize| -mean_n(analysis.grid.states[k].kt, analysis.grid.states[k].ln_z[0]);
        assert_eq!((f.f_k[of_part[0]], f.f_k_err[of_part[0]]), (0.0, 0.0));
        for &k in &of_part[1..] {
            let z = (f.f_k[k] - exact(k) + exact(of_part[0])) / f.f_k_err[k];
            assert!(z.abs() < most, "f of {k} in the part of {}: {} ± {}", of_part[0], f.f_k[k], f.f_k_err[k]);
        }
    }
    for (k, state) in analysis.grid.states.iter().enumerate() {
        let exact = mean_n(state.kt, state.ln_z[0]);
        let z = (analysis.direct[k].n[0] - exact) / analysis.direct[k].n_err[0];
        assert!(z.abs() < most, "own samples of state {k}: {z}");
    }
    for cell in analysis.map.cells.iter().chain(&analysis.pressure_map.cells).filter(|c| !c.masked) {
        let exact = mean_n(cell.temperature, cell.ln_z[0]);
        let z = (cell.n[0] - exact) / cell.n_err[0];
        assert!(
            z.abs() < most,
            "N at {} {}: {} ± {}, exact {exact}",
            cell.temperature,
            cell.mu[0],
            cell.n[0],
            cell.n_err[0]
        );
        let z = (cell.energy - 1.5 * cell.temperature * exact) / cell.energy_err;
        assert!(z.abs() < most, "E at {} {}", cell.temperature, cell.mu[0]);
        let z = (cell.ln_xi - exact) / cell.ln_xi_err;
        assert!(z.is_nan() || z.abs() < most, "ln Ξ at {} {}: {z}", cell.temperature, cell.mu[0]);
    }
}

/// ⟨N⟩ of an isotherm with gaps, and the states of each part.
fn isotherms() -> Vec<(Vec<f64>, Vec<Vec<usize>>)> {
    vec![
        (vec![1.0, 2.0, 4.0, 7.0, 11.0], vec![(0..5).collect()]),
        (vec![1.0, 2.0, 4.0, 7.0, 60.0, 72.0, 86.0], vec![(0..4).collect(), (4..7).collect()]),
        (vec![2.0, 4.0, 40.0, 50.0, 120.0, 250.0, 270.0], vec![vec![0, 1], vec![2, 3], vec![4], vec![5, 6]]),
        (vec![10.0, 70.0, 130.0], vec![vec![0], vec![1], vec![2]]),
    ]
}

#[test]
fn each_part_of_an_isotherm_is_exact_and_nothing_is_said_between() {
    for (numbers, expected) in isotherms() {
        let grid = at_one_temperature(&numbers);
        let analysis = analyze_and_check(&sampled(&grid, 1500, 3), &RunTallies::default()).expect("analysis");
        assert_eq!(members(&analysis), expected, "{numbers:?}");
        assert_exact(&analysis, 4.0);
        // On the map all states are shown, and between parts nothing is.
        let part_of =
            |n: f64| expected.iter().position(|part| part.iter().any(|&k| (numbers[k] / n - 1.0).abs() < 1e-6));
        for cell in &analysis.map.cells {
            let n = mean_n(1.0, cell.ln_z[0]);
            let below = numbers.iter().copied().filter(|x| *x < n * (1.0 + 1e-6)).fold(numbers[0], f64::max);
            let above = numbers.iter().copied().filter(|x| *x > n * (1.0 - 1e-6)).fold(f64::INFINITY, f64::min);
            assert_eq!(cell.masked, part_of(below) != part_of(above), "{} of {numbers:?}", n);
        }
        // What lies beyond the first part has no free energy relative to it, in the table neither.
        let dir = tempfile::tempdir().expect("folder");
        tables::write(&analysis, 1.0, dir.path()).expect("tables");
        let table = std::fs::read_to_string(dir.path().join("free_energies.csv")).expect("a table");
        for (k, line) in table.lines().skip(1).enumerate() {
            let fields: Vec<&str> = line.split(',').collect();
            let joined = expected[0].contains(&k);
            assert_eq!((fields[1].is_empty(), fields[2].is_empty()), (!joined, !joined), "{line}");
            assert_eq!(analysis.free_energies.of(k).is_some(), joined);
            assert!(!fields[5].is_empty() && !fields[6].is_empty(), "{line}");
        }
        let verdict = &analysis.checks.verdict;
        let said = verdict.sentences.iter().any(|s| s.words.contains("whose samples do not overlap"));
        assert_eq!((said, verdict.add_mu.is_empty()), (expected.len() > 1, expected.len() == 1), "{verdict:?}");
    }
}

#[test]
fn what_the_verdict_says_to_add_joins_the_parts() {
    let mut numbers = vec![10.0, 70.0, 130.0];
    let mut parts = usize::MAX;
    for _ in 0..4 {
        let grid = at_one_temperature(&numbers);
        let analysis = analyze_and_check(&sampled(&grid, 1000, 5), &RunTallies::default()).expect("analysis");
        parts = analysis.free_energies.n_parts();
        if parts == 1 {
            assert_exact(&analysis, 4.0);
            break;
        }
        numbers.extend(analysis.checks.verdict.add_mu.iter().map(|&(_, mu)| mean_n(1.0, mu)));
        numbers.sort_by(f64::total_cmp);
    }
    assert!(parts == 1 && numbers.len() < 16, "{parts} parts of {numbers:?}");
}

#[test]
fn parts_of_a_grid_in_temperature_and_pressure_are_exact() {
    // Overlap is lost between the lower two temperatures and the higher two.
    let grid = grid(&[0.5, 0.55, 2.0, 2.15], Convention::Pressure { unit: 1.0 }, &[4.0, 5.0, 6.2]);
    let analysis = analyze_and_check(&sampled(&grid, 1500, 9), &RunTallies::default()).expect("analysis");
    let parts = members(&analysis);
    assert_eq!(parts, [(0..6).collect::<Vec<_>>(), (6..12).collect()]);
    assert_exact(&analysis, 4.0);
    let between = |c: f64| c > 0.5501 && c < 1.9999;
    assert!(analysis.map.cells.iter().filter(|c| between(c.temperature)).all(|c| c.masked));
    assert!(analysis.map.cells.iter().filter(|c| !between(c.temperature)).any(|c| !c.masked));
}

/// Whether the samples of two sets of states have a value of N in common, or neighbouring ones.
fn ranges_touch(samples: &AnalysisInput, a: &[usize], b: &[usize]) -> bool {
    let range = |set: &[usize]| {
        let state = |n: &usize| set.contains(&(samples.samples.state[*n] as usize));
        let n = (0..samples.samples.len()).filter(state).map(|n| samples.samples.counts[0][n]);
        n.fold((u16::MAX, 0), |(lo, hi), n| (lo.min(n), hi.max(n)))
    };
    let (a, b) = (range(a), range(b));
    a.0 <= b.1 && b.0 <= a.1
}

#[test]
fn two_hundred_random_grids_that_lose_overlap_say_nothing_wrong() {
    let mut random = ChaCha8Rng::seed_from_u64(2026);
    let (mut several, mut free_energies) = (0, 0);
    for seed in 0..200 {
        let mut numbers = vec![1.0 + 5.0 * random.random::<f64>()];
        for _ in 0..random.random_range(2..8) {
            let last = numbers[numbers.len() - 1];
            // Steps of about one width of P(N) and, now and then, of many.
            let wide = random.random::<f64>() < 0.3;
            let widths = if wide { 3.0 + 6.0 * random.random::<f64>() } else { 0.5 + 1.5 * random.random::<f64>() };
            numbers.push((last + widths * last.sqrt()).min(330.0));
        }
        // Some at two temperatures, near or far from each other; the second row has other numbers of atoms.
        let pressures: Vec<f64> = numbers.iter().map(|&n| n / TAU.powf(1.5)).collect();
        let (rows, ratio) = (1 + usize::from(seed % 4 == 0), 1.0 - 0.5 * random.random::<f64>().powi(2));
        let grid = grid(&[1.0, ratio][..rows], Convention::Pressure { unit: 1.0 }, &pressures);
        let input = sampled(&grid, random.random_range(40..400), seed);
        let analysis = analyze(&input).unwrap_or_else(|e| panic!("grid {seed}, {numbers:?}: {e}"));
        assert_exact(&analysis, 6.0);
        let parts = members(&analysis);
        several += usize::from(parts.len() > 1);
        free_energies += parts.iter().map(|p| p.len() - 1).sum::<usize>();
        for part in parts.iter().filter(|_| rows == 1) {
            for cut in 1..part.len() {
                assert!(ranges_touch(&input, &part[..cut], &part[cut..]), "grid {seed}: {part:?} of {numbers:?}");
            }
        }
    }
    assert!(several > 80 && free_energies > 300, "{several} grids in parts, {free_energies} free energies");
}
