//! Exchange of any two states of a grid with two gases, and whole schedules, on an enumerated lattice.

use crate::common::stats::assert_distribution;
use crate::say::say;
use adlayer::testing::base::ids::StateId;
use adlayer::testing::base::rng::Rng;
use adlayer::testing::moves::exchange::{Assignment, Exchange, Exchanger, Period, Reach};
use adlayer::testing::system::configuration::Measurement;
use adlayer::testing::thermo::Convention;
use adlayer::testing::thermo::acceptance::{ConfigurationRef, exchange_ln_acc};
use adlayer::testing::thermo::states::{ReservoirAxis, StateGrid};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::f64::consts::TAU;

/// Mass of B and C, and h.
const MASSES: [f64; 2] = [1.3, 0.7];
const PLANCK: f64 = 1.1;

/// A configuration of the lattice.
struct Site {
    energy: f64,
    counts: [u16; 2],
}

/// Every configuration of a ring of `n` sites, each empty or with an atom of B or C.
fn ring(n: u32) -> Vec<Site> {
    let site = |c: usize, k: u32| c / 3_usize.pow(k % n) % 3;
    let bound = |c: usize, k: u32| [0.0, -0.9 - 0.1 * f64::from(k), -0.5 + 0.2 * f64::from(k)][site(c, k)];
    let beside = |c: usize, k: u32| match (site(c, k), site(c, k + 1)) {
        (0, _) | (_, 0) => 0.0,
        (a, b) if a == b => -0.6,
        _ => 0.3,
    };
    let energy = |c: usize| (0..n).map(|k| bound(c, k) + beside(c, k)).sum();
    let count = |c: usize, s: usize| (0..n).filter(|&k| site(c, k) == s).count() as u16;
    (0..3_usize.pow(n)).map(|c| Site { energy: energy(c), counts: [count(c, 1), count(c, 2)] }).collect()
}

/// Two temperatures and three values of each μ.
fn grid() -> StateGrid {
    let axis = |species: &str, mass, values: &[f64]| ReservoirAxis {
        species: species.into(),
        convention: Convention::Absolute { mass, planck: PLANCK },
        values: values.to_vec(),
    };
    let axes = [axis("B", MASSES[0], &[-2.0, -1.2, -0.4]), axis("C", MASSES[1], &[-1.5, -0.9, -0.1])];
    StateGrid::product(&[0.6, 1.1], 1.0, &axes)
}

/// Probabilities of the configurations in a state, written from T, μ, m and h: nothing is shared with the rule under test.
fn distribution(sites: &[Site], kt: f64, mu: [f64; 2]) -> Vec<f64> {
    let wavelength = |mass: f64| PLANCK / (TAU * mass * kt).sqrt();
    let weight = |x: &Site| {
        let chemical: f64 = (0..2).map(|s| mu[s] * f64::from(x.counts[s])).sum();
        let volume: f64 = (0..2).map(|s| wavelength(MASSES[s]).powi(3 * i32::from(x.counts[s]))).product();
        ((chemical - x.energy) / kt).exp() / volume
    };
    let sum: f64 = sites.iter().map(weight).sum();
    sites.iter().map(|x| weight(x) / sum).collect()
}

fn distributions(sites: &[Site], grid: &StateGrid) -> Vec<Vec<f64>> {
    let of = |k: u32| {
        let mu = [0, 1].map(|s| grid.mu(StateId(k), s));
        distribution(sites, grid.states[k as usize].kt, mu)
    };
    (0..grid.len() as u32).map(of).collect()
}

/// Largest |π_a(i) π_b(j) P(i ↔ j) − π_a(j) π_b(i) P(j ↔ i)| over all configurations of a pair of states.
fn asymmetry(p: [&[f64]; 2], ln_acc: &dyn Fn(usize, usize) -> f64) -> f64 {
    let flux = |i: usize, j: usize| p[0][i] * p[1][j] * ln_acc(i, j).exp().min(1.0);
    let n = p[0].len();
    (0..n * n).map(|k| (flux(k / n, k % n) - flux(k % n, k / n)).abs()).fold(0.0, f64::max)
}

#[test]
fn any_two_states_of_a_grid_of_two_gases_balance_in_detail_and_wrong_rules_do_not() {
    let (sites, grid) = (ring(3), grid());
    let p = distributions(&sites, &grid);
    let at = |k: usize| ConfigurationRef { energy: sites[k].energy, counts: &sites[k].counts };
    let (mut worst, mut wrong) = (0.0_f64, [0.0_f64; 4]);
    for (a, b) in (0..grid.len()).flat_map(|a| (a + 1..grid.len()).map(move |b| (a, b))) {
        let (of_a, of_b) = (&grid.states[a], &grid.states[b]);
        let rule = |i: usize, j: usize| exchange_ln_acc(of_a.as_ref(), of_b.as_ref(), at(i), at(j));
        worst = worst.max(asymmetry([&p[a], &p[b]], &rule));
        let delta_n = |s: usize, i: usize, j: usize| f64::from(sites[j].counts[s]) - f64::from(sites[i].counts[s]);
        let delta_ln_z = |s: usize| of_a.ln_z[s] - of_b.ln_z[s];
        let mu = |k: usize, s: usize| grid.mu(StateId(k as u32), s);
        let ln_beta = (of_a.beta() / of_b.beta()).ln();
        let forms: [&dyn Fn(usize, usize) -> f64; 4] = [
            // the sign of one species' μ, of both, Λ forgotten, Λ counted twice
            &|i, j| rule(i, j) - 2.0 * delta_ln_z(1) * delta_n(1, i, j),
            &|i, j| rule(i, j) - 2.0 * (0..2).map(|s| delta_ln_z(s) * delta_n(s, i, j)).sum::<f64>(),
            &|i, j| rule(i, j) + (0..2).map(|s| 1.5 * ln_beta * delta_n(s, i, j)).sum::<f64>(),
            &|i, j| rule(i, j) - (0..2).map(|s| 1.5 * ln_beta * delta_n(s, i, j)).sum::<f64>(),
        ];
        for (form, most) in forms.iter().zip(&mut wrong) {
            *most = most.max(asymmetry([&p[a], &p[b]], form));
        }
        // The same rule, written out for absolute μ.
        let spelled = |i: usize, j: usize| {
            let chemical = |s: usize| of_a.beta() * mu(a, s) - of_b.beta() * mu(b, s) - 1.5 * ln_beta;
            (of_a.beta() - of_b.beta()) * (sites[i].energy - sites[j].energy)
                + (0..2).map(|s| chemical(s) * delta_n(s, i, j)).sum::<f64>()
        };
        assert!((rule(1, 5) - spelled(1, 5)).abs() < 1e-12, "{a}–{b}: {} {}", rule(1, 5), spelled(1, 5));
    }
    say(&format!("any two of {} states: asymmetry {worst:.1e}, of wrong forms {wrong:?}", grid.len()));
    assert!(worst <= 1e-15, "the rule of the code leaves {worst:e}");
    assert!(wrong.iter().all(|&w| w > 1e-4), "a wrong form passes: {wrong:?}");
}

/// How often a configuration is found in each state after exchanges, and how often two configurations in two neighbours.
///
/// Configurations are drawn from the exact distributions of their states; `rule` is the grid that exchanges go by.
fn counts_after(schedule: Exchange, rule: &StateGrid, walkers: usize, draws: u64) -> (Vec<Vec<u64>>, Vec<u64>) {
    let (sites, grid) = (ring(2), grid());
    let n = sites.len();
    let running: Vec<Vec<f64>> = distributions(&sites, &grid)
        .iter()
        .map(|p| {
            let mut sum = 0.0;
            p.iter()
                .map(|p| {
                    sum += p;
                    sum
                })
                .collect()
        })
        .collect();
    let (mut random, rng) = (ChaCha8Rng::seed_from_u64(11), Rng::new(11));
    let mut exchanger = Exchanger::new(rule, schedule);
    let (mut single, mut double) = (vec![vec![0; n]; grid.len()], vec![0; n * n]);
    for draw in 0..draws {
        let mut assignment = Assignment::identity(grid.len(), walkers);
        let drawn: Vec<usize> = (0..grid.len() * walkers)
            .map(|r| {
                let u: f64 = random.random();
                running[r % grid.len()].partition_point(|&sum| sum <= u).min(n - 1)
            })
            .collect();
        let measured: Vec<Measurement> = drawn
            .iter()
            .map(|&x| Measurement { energy: sites[x].energy, counts: sites[x].counts.iter().copied().collect() })
            .collect();
        exchanger.exchange(rule, &rng, draw, Period::Production, &measured, &mut assignment);
        for walker in 0..walkers {
            let held = |k: u32| drawn[assignment.replica_of(walker, StateId(k)).index()];
            (0..grid.len()).for_each(|k| single[k][held(k as u32)] += 1);
            double[n * held(4) + held(13)] += 1;
        }
        assert_ne!(assignment.states()[0..18], (0..18).map(StateId).collect::<Vec<_>>()[..], "nothing was exchanged");
    }
    assert!(exchanger.tallies.iter().all(|t| t.accepted > 0), "an edge was never crossed");
    (single, double)
}

/// Rounds along the axes, and along diagonals too: fewer than the schedule's period, and more; pairs at random.
const SCHEDULES: [Exchange; 6] = [
    Exchange::EvenOdd { every: 1, rounds: 5, diagonals: false },
    Exchange::EvenOdd { every: 1, rounds: 31, diagonals: true },
    Exchange::EvenOdd { every: 1, rounds: 7, diagonals: true },
    Exchange::Random { swaps: 60, reach: Reach::Axis, every: 1 },
    Exchange::Random { swaps: 90, reach: Reach::Diagonal, every: 1 },
    Exchange::Random { swaps: 120, reach: Reach::Any, every: 1 },
];

#[test]
fn every_schedule_leaves_the_joint_distribution_of_all_states_as_it_is() {
    let sites = ring(2);
    for schedule in SCHEDULES {
        let rule = if schedule.has_diagonals() { grid().with_diagonals() } else { grid() };
        let p = distributions(&sites, &rule);
        let (single, double) = counts_after(schedule, &rule, 400, 100);
        for (k, counts) in single.iter().enumerate() {
            assert_distribution(&format!("{schedule:?}, state {k}"), counts, &p[k]);
        }
        // Two states are as independent after as they were before.
        let joint: Vec<f64> = p[4].iter().flat_map(|a| p[13].iter().map(move |b| a * b)).collect();
        assert_distribution(&format!("{schedule:?}, states 4 and 13"), &double, &joint);
    }
}

#[test]
#[should_panic(expected = "χ² deviates")]
fn a_schedule_on_a_wrong_grid_is_noticed() {
    let mut wrong = grid();
    wrong.states.iter_mut().for_each(|s| s.ln_z[1] *= 0.9);
    let (single, _) = counts_after(SCHEDULES[0], &wrong, 400, 100);
    for (counts, p) in single.iter().zip(distributions(&ring(2), &grid())) {
        assert_distribution("wrong ln z", counts, &p);
    }
}
