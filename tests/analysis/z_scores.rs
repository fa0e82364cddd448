//! Are the errors as large as they say? Runs of exactly solvable models with correlated samples, over many seeds.
//!
//! Each replica is a Markov chain whose stationary distribution is exact, replicas swap states by the exchange rule of
//! the program, and what a cycle leaves is a sample: the series of one state, of one replica and of neighbouring states
//! are all correlated, as in a run.

use adlayer::testing::analysis::diagnostics::RunTallies;
use adlayer::testing::analysis::{Analysis, AnalysisInput, BoundaryKind, SampledRun, analyze, analyze_and_check};
use adlayer::testing::base::ids::ReplicaId;
use adlayer::testing::base::rng::Rng;
use adlayer::testing::moves::exchange::{Assignment, Exchange, Exchanger, Period};
use adlayer::testing::sample::{SampleRow, Samples};
use adlayer::testing::system::configuration::Measurement;
use adlayer::testing::thermo::Convention;
use adlayer::testing::thermo::states::{ReservoirAxis, StateGrid, StatePoint};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

const TAU: f64 = std::f64::consts::TAU;

/// z-scores of many runs: `[n_seeds][quantities]`.
#[derive(Debug)]
pub(crate) struct Scores(Vec<Vec<f64>>);

impl Scores {
    pub(crate) fn count(&self) -> usize {
        self.0.iter().map(Vec::len).sum()
    }

    /// Mean of all z-scores.
    pub(crate) fn mean(&self) -> f64 {
        self.0.iter().flatten().sum::<f64>() / self.count() as f64
    }

    /// Their standard deviation.
    pub(crate) fn width(&self) -> f64 {
        let mean = self.mean();
        (self.0.iter().flatten().map(|z| (z - mean).powi(2)).sum::<f64>() / self.count() as f64).sqrt()
    }

    /// Limits of the width of `seeds` independent runs at 99.9 %: the z-scores of one run are taken as one degree of
    /// freedom, the worst case, so that seeds · width² is χ² with that many (Wilson & Hilferty, PNAS 17, 684 (1931));
    /// and of the mean, which then is normal with width 1/√seeds.
    pub(crate) fn limits(&self) -> (std::ops::Range<f64>, f64) {
        let seeds = self.0.len() as f64;
        let c = 2.0 / (9.0 * seeds);
        let edge = |sign: f64| (1.0 - c + sign * 3.29 * c.sqrt()).powf(1.5);
        (edge(-1.0)..edge(1.0), 3.29 / seeds.sqrt())
    }
}

/// One replica of a model.
trait Replica: Clone {
    /// A configuration drawn from the distribution of a state.
    fn drawn(state: &StatePoint, rng: &mut ChaCha8Rng) -> Self;
    /// One step of a chain that leaves the distribution of the state as it is.
    fn step(&mut self, state: &StatePoint, rng: &mut ChaCha8Rng);
    fn energy(&self) -> f64;
    fn n(&self) -> u16;
}

/// Samples of a run: every cycle moves all replicas, makes one exchange round, and stores all.
fn run<R: Replica>(grid: &StateGrid, cycles: u32, walkers: usize, seed: u64) -> Samples {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let addressed = Rng::new(seed);
    let mut exchanger = Exchanger::new(grid, Exchange::default());
    let mut assignment = Assignment::identity(grid.len(), walkers);
    let mut replicas: Vec<R> = assignment.states().iter().map(|&k| R::drawn(grid.state(k), &mut random)).collect();
    let mut samples = Samples::new(1);
    for cycle in 0..cycles {
        for (x, &k) in replicas.iter_mut().zip(assignment.states()) {
            x.step(grid.state(k), &mut random);
        }
        let measured: Vec<Measurement> = replicas
            .iter()
            .map(|x| Measurement { energy: x.energy(), counts: [x.n()].into_iter().collect() })
            .collect();
        exchanger.exchange(grid, &addressed, u64::from(cycle), Period::Production, &measured, &mut assignment);
        for (r, m) in measured.iter().enumerate() {
            let id = ReplicaId(r as u32);
            let walker = assignment.walker_of(id) as u16;
            let state = assignment.state_of(id).0;
            samples.push(SampleRow { cycle, walker, replica: id.0, state, energy: m.energy, counts: &m.counts });
        }
    }
    samples
}

/// A run of a model: its states, cycles and walkers.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    pub(crate) grid: StateGrid,
    pub(crate) cycles: u32,
    pub(crate) walkers: usize,
}

/// Runs with grids of their own, sampled with the seeds that follow `seed` and joined in this order.
fn joined<R: Replica>(plans: &[Plan], n_max: u16, seed: u64) -> AnalysisInput {
    let (grid, members) = StateGrid::union(&plans.iter().map(|plan| plan.grid.clone()).collect::<Vec<_>>());
    let mut samples = Samples::new(1);
    let mut runs = Vec::new();
    for ((plan, member), own_seed) in plans.iter().zip(members).zip(seed..) {
        let mut own = run::<R>(&plan.grid, plan.cycles, plan.walkers, own_seed);
        own.state.iter_mut().for_each(|k| *k = member.states[*k as usize]);
        if samples.is_empty() {
            samples = own
        } else {
            samples.append_run(&own)
        }
        runs.push(SampledRun { walkers: plan.walkers, production: plan.cycles, states: member.states });
    }
    let production = plans.iter().map(|plan| plan.cycles).max().unwrap_or(0);
    AnalysisInput { grid, runs, ..input(StateGrid::product(&[1.0], 1.0, &[]), samples, production, n_max, seed) }
}

fn analysed<R: Replica>(grid: &StateGrid, cycles: u32, walkers: usize, n_max: u16, seed: u64) -> Analysis {
    let samples = run::<R>(grid, cycles, walkers, seed);
    analyze(&input(grid.clone(), samples, cycles, n_max, seed)).unwrap_or_else(|e| panic!("seed {seed}: {e}"))
}

fn input(grid: StateGrid, samples: Samples, cycles: u32, n_max: u16, seed: u64) -> AnalysisInput {
    AnalysisInput {
        samples,
        grid,
        n_max: vec![n_max],
        boltzmann: 1.0,
        pressure_unit: 1.0,
        other_mobile_atoms: 0,
        frozen_slab: true,
        production: cycles,
        halves: Default::default(),
        cell: Default::default(),
        seed,
        runs: Vec::new(),
        wanted: None,
    }
}

fn gaussian(rng: &mut ChaCha8Rng) -> f64 {
    let (a, b): (f64, f64) = (1.0 - rng.random::<f64>(), rng.random());
    (-2.0 * a.ln()).sqrt() * (TAU * b).cos()
}

/// Number of events at rate `mean`: how many uniform factors it takes to fall below e^−mean.
fn poisson(mean: f64, rng: &mut ChaCha8Rng) -> usize {
    let (floor, mut product, mut n) = ((-mean).exp(), 1.0, 0);
    loop {
        product *= 1.0 - rng.random::<f64>();
        if product < floor {
            return n;
        }
        n += 1;
    }
}

/// Ideal gas in a trap of spring 1 (case f): N is Poisson with mean z (2πkT)^{3/2}, coordinates are Gaussian.
#[derive(Debug, Clone)]
struct Trap(Vec<[f64; 3]>);

/// Share of the atoms that survive a cycle: the autocorrelation of N without exchange.
const SURVIVAL: f64 = 0.8;
/// Autocorrelation of a coordinate over a cycle.
const MEMORY: f64 = 0.9;

fn trap_mean(state: &StatePoint) -> f64 {
    (state.ln_z[0] + 1.5 * (TAU * state.kt).ln()).exp()
}

fn atom(kt: f64, rng: &mut ChaCha8Rng) -> [f64; 3] {
    [(); 3].map(|()| kt.sqrt() * gaussian(rng))
}

impl Replica for Trap {
    fn drawn(state: &StatePoint, rng: &mut ChaCha8Rng) -> Trap {
        let n = poisson(trap_mean(state), rng);
        Trap((0..n).map(|_| atom(state.kt, rng)).collect())
    }

    fn step(&mut self, state: &StatePoint, rng: &mut ChaCha8Rng) {
        self.0.retain(|_| rng.random::<f64>() < SURVIVAL);
        for x in self.0.iter_mut().flatten() {
            *x = MEMORY * *x + ((1.0 - MEMORY * MEMORY) * state.kt).sqrt() * gaussian(rng);
        }
        let born = poisson(trap_mean(state) * (1.0 - SURVIVAL), rng);
        self.0.extend((0..born).map(|_| atom(state.kt, rng)));
    }

    fn energy(&self) -> f64 {
        self.0.iter().flatten().map(|x| 0.5 * x * x).sum()
    }

    fn n(&self) -> u16 {
        self.0.len() as u16
    }
}

fn trap_grid(temperatures: &[f64], mu: &[f64]) -> StateGrid {
    let convention = Convention::Absolute { mass: 1.0, planck: 1.8 };
    let axis = ReservoirAxis { species: "B".into(), convention, values: mu.to_vec() };
    StateGrid::product(temperatures, 1.0, &[axis])
}

/// z of ⟨N⟩ over the map of the trap, on the grid of case f, for many seeds.
pub(crate) fn trap_scores(seeds: u64, cycles: u32) -> Scores {
    let grid = trap_grid(&[0.6, 0.8, 1.0], &[-2.5, -2.0, -1.5]);
    let of_seed = |seed: u64| of_trap_map(&analysed::<Trap>(&grid, cycles, 1, 60, 4000 + seed));
    Scores((0..seeds).into_par_iter().map(of_seed).collect())
}

fn of_trap_map(analysis: &Analysis) -> Vec<f64> {
    let cells = analysis.map.cells.iter().filter(|c| !c.masked);
    let score = |c: &adlayer::testing::analysis::MapCell| {
        let exact = (c.ln_z[0] + 1.5 * (TAU * c.temperature).ln()).exp();
        (c.n[0] - exact) / c.n_err[0]
    };
    let scores: Vec<f64> = cells.map(score).collect();
    assert!(scores.len() > 60, "{} cells", scores.len());
    scores
}

/// The same of three runs together: the grid of case f, one over other states that has some of them too, with two walkers and
/// shorter, and one between.
pub(crate) fn trap_union_scores(seeds: u64, cycles: u32) -> Scores {
    let plans = [
        Plan { grid: trap_grid(&[0.6, 0.8, 1.0], &[-2.5, -2.0, -1.5]), cycles, walkers: 1 },
        Plan { grid: trap_grid(&[0.8, 0.7], &[-1.75, -2.0, -1.5]), cycles: cycles / 2, walkers: 2 },
        Plan { grid: trap_grid(&[0.9], &[-2.25, -1.5]), cycles: cycles / 3, walkers: 1 },
    ];
    let of_seed = |seed: u64| {
        let analysis = analyze(&joined::<Trap>(&plans, 60, 14_000 + 10 * seed)).expect("analysis");
        // 9 + 6 + 2 states, of which 0.8 has two in common.
        assert_eq!((analysis.grid.len(), analysis.grid.axes()), (15, None));
        of_trap_map(&analysis)
    };
    Scores((0..seeds).into_par_iter().map(of_seed).collect())
}

/// Two phases: no atoms or about twelve, with a barrier between.
#[derive(Debug, Clone)]
struct Switch(u16);

const SWITCH_N_MAX: u16 = 40;
/// Share of the cycles in which a replica keeps its N: the autocorrelation without exchange.
const KEEP: f64 = 0.8;
/// The last N of the dilute phase.
const CUT: u16 = 6;

fn switch_energy(n: u16) -> f64 {
    let x = f64::from(n);
    -0.5 * x + 0.05 * (x * (12.0 - x)).max(0.0) + if n > 12 { 1.5 * (x - 12.0) } else { 0.0 }
}

fn switch_p(kt: f64, ln_z: f64) -> Vec<f64> {
    let ln_p: Vec<f64> = (0..=SWITCH_N_MAX).map(|n| f64::from(n) * ln_z - switch_energy(n) / kt).collect();
    let max = ln_p.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let sum: f64 = ln_p.iter().map(|x| (x - max).exp()).sum();
    ln_p.iter().map(|x| (x - max).exp() / sum).collect()
}

impl Replica for Switch {
    fn drawn(state: &StatePoint, rng: &mut ChaCha8Rng) -> Switch {
        let mut u: f64 = rng.random();
        let n = switch_p(state.kt, state.ln_z[0]).iter().position(|p| {
            u -= p;
            u < 0.0
        });
        Switch(n.unwrap_or(0) as u16)
    }

    fn step(&mut self, state: &StatePoint, rng: &mut ChaCha8Rng) {
        if rng.random::<f64>() > KEEP {
            *self = Switch::drawn(state, rng);
        }
    }

    fn energy(&self) -> f64 {
        switch_energy(self.0)
    }

    fn n(&self) -> u16 {
        self.0
    }
}

/// The same two phases with replicas that seldom change theirs: within it they forget N as before, and by
/// chance, in so many of a million cycles, the phase too. Exchange hides this memory from the series of every state.
#[derive(Debug, Clone)]
struct Slow<const PER_MILLION: u32>(Switch);

impl<const PER_MILLION: u32> Replica for Slow<PER_MILLION> {
    fn drawn(state: &StatePoint, rng: &mut ChaCha8Rng) -> Self {
        Slow(Switch::drawn(state, rng))
    }

    fn step(&mut self, state: &StatePoint, rng: &mut ChaCha8Rng) {
        if rng.random::<f64>() < f64::from(PER_MILLION) * 1e-6 {
            self.0 = Switch::drawn(state, rng);
        } else if rng.random::<f64>() > KEEP {
            let p = switch_p(state.kt, state.ln_z[0]);
            let own = if self.0.0 <= CUT { 0..=CUT } else { CUT + 1..=SWITCH_N_MAX };
            let mut u = rng.random::<f64>() * own.clone().map(|n| p[usize::from(n)]).sum::<f64>();
            let n = own.clone().find(|&n| {
                u -= p[usize::from(n)];
                u < 0.0
            });
            self.0 = Switch(n.unwrap_or(*own.end()));
        }
    }

    fn energy(&self) -> f64 {
        self.0.energy()
    }

    fn n(&self) -> u16 {
        self.0.n()
    }
}

/// μ' at which P(N ≤ 6) = P(N > 6).
fn switch_boundary(kt: f64) -> f64 {
    let (mut lo, mut hi) = (-2.0, 3.0);
    for _ in 0..60 {
        let mu = 0.5 * (lo + hi);
        let low: f64 = switch_p(kt, mu / kt)[..=6].iter().sum();
        if low > 0.5 { lo = mu } else { hi = mu }
    }
    0.5 * (lo + hi)
}

/// The grid of the two-phase model.
fn switch_grid() -> StateGrid {
    let mu: Vec<f64> = (0..9).map(|i| -0.9 + 0.1 * f64::from(i)).collect();
    let axis = ReservoirAxis { species: "B".into(), convention: Convention::Activity, values: mu };
    StateGrid::product(&[0.24, 0.28, 0.33, 0.39], 1.0, &[axis])
}

/// z of boundaries, of ⟨N⟩ of the states' own samples and of f_k where replicas forget their phase once in 100 cycles.
#[derive(Debug)]
pub(crate) struct SlowScores {
    pub(crate) boundaries: Scores,
    pub(crate) direct: Scores,
    pub(crate) free_energies: Scores,
}

/// The two-phase model with slow replicas, for many seeds.
pub(crate) fn slow_scores(seeds: u64, cycles: u32) -> SlowScores {
    let grid = switch_grid();
    let of_seed = |seed: u64| {
        let analysis = analysed::<Slow<10_000>>(&grid, cycles, 1, SWITCH_N_MAX, 9000 + seed);
        of_switch(&analysis, seed)
    };
    SlowScores::of(seeds, of_seed)
}

/// The same of runs over every other temperature, the second with other values of μ and shorter.
pub(crate) fn slow_union_scores(seeds: u64, cycles: u32) -> SlowScores {
    let plans = switch_plans(cycles);
    let of_seed = |seed: u64| {
        let analysis = analyze(&joined::<Slow<10_000>>(&plans, SWITCH_N_MAX, 19_000 + 10 * seed)).expect("analysis");
        of_switch(&analysis, seed)
    };
    SlowScores::of(seeds, of_seed)
}

/// Two runs over the two-phase model with one temperature in common.
fn switch_plans(cycles: u32) -> [Plan; 2] {
    let grid = |temperatures: &[f64], n: i32, step: f64| {
        let values = (0..n).map(|i| -0.9 + step * f64::from(i)).collect();
        let axis = ReservoirAxis { species: "B".into(), convention: Convention::Activity, values };
        StateGrid::product(temperatures, 1.0, &[axis])
    };
    [
        Plan { grid: grid(&[0.24, 0.33], 9, 0.1), cycles, walkers: 1 },
        Plan { grid: grid(&[0.28, 0.33, 0.39], 6, 0.15), cycles: 3 * cycles / 4, walkers: 1 },
    ]
}

/// z of boundaries, of ⟨N⟩ of the states' own samples and of f_k of one analysis.
fn of_switch(analysis: &Analysis, seed: u64) -> [Vec<f64>; 3] {
    let grid = &analysis.grid;
    // Replicas of the coldest rows cross seldom: a point may have no error at all.
    let points = analysis.boundaries.iter().filter(|b| b.kind == BoundaryKind::FirstOrder && b.is_converged());
    let boundaries: Vec<f64> = points.map(|b| (b.mu[0] - switch_boundary(b.temperature)) / b.mu_err).collect();
    assert!(boundaries.len() > 5, "seed {seed}: {} boundary points", boundaries.len());
    let exact = |k: usize| {
        let state = &grid.states[k];
        let mean = switch_p(state.kt, state.ln_z[0]).iter().zip(0_u16..).map(|(p, n)| p * f64::from(n)).sum::<f64>();
        let weight = |n: u16| (f64::from(n) * state.ln_z[0] - switch_energy(n) / state.kt).exp();
        (mean, -(0..=SWITCH_N_MAX).map(weight).sum::<f64>().ln())
    };
    let direct = |k: usize| (analysis.direct[k].n[0] - exact(k).0) / analysis.direct[k].n_err[0];
    let f = &analysis.free_energies;
    let free_energy = |k: usize| (f.f_k[k] - (exact(k).1 - exact(0).1)) / f.f_k_err[k];
    let n = grid.len();
    [boundaries, (0..n).map(direct).collect(), (1..n).map(free_energy).collect()]
}

impl SlowScores {
    fn of(seeds: u64, of_seed: impl Fn(u64) -> [Vec<f64>; 3] + Sync + Send) -> SlowScores {
        let found: Vec<[Vec<f64>; 3]> = (0..seeds).into_par_iter().map(of_seed).collect();
        let of = |i: usize| Scores(found.iter().map(|z| z[i].clone()).collect());
        SlowScores { boundaries: of(0), direct: of(1), free_energies: of(2) }
    }
}

/// Two runs of the two-phase model together, as they are given and in the other order, and each alone.
pub(crate) fn switch_together(cycles: u32, seed: u64) -> [Analysis; 4] {
    let plans = switch_plans(cycles);
    let both = joined::<Switch>(&plans, SWITCH_N_MAX, seed);
    let alone = |i: usize| joined::<Switch>(&plans[i..=i], SWITCH_N_MAX, seed + i as u64);
    let (first, second) = (alone(0), alone(1));
    // The same samples in the other order.
    let mut samples = at_union(&second, &both.grid);
    samples.append_run(&at_union(&first, &both.grid));
    let turned = AnalysisInput { samples, runs: both.runs.iter().rev().cloned().collect(), ..both.clone() };
    [both, turned, first, second].map(|input| analyze_and_check(&input, &RunTallies::default()).expect("analysis"))
}

/// Samples of a run with the indices of a larger grid.
fn at_union(input: &AnalysisInput, grid: &StateGrid) -> Samples {
    let place = |k: u32| {
        let own = &input.grid.states[k as usize];
        let is_it = |s: &StatePoint| (s.kt - own.kt).abs() < 1e-9 && (s.ln_z[0] - own.ln_z[0]).abs() < 1e-9;
        grid.states.iter().position(is_it).expect("a state of all")
    };
    let mut samples = input.samples.clone();
    samples.state.iter_mut().for_each(|k| *k = place(*k) as u32);
    samples
}

/// One run over all states of the two.
pub(crate) fn switch_whole(cycles: u32, seed: u64) -> Analysis {
    let grids: Vec<StateGrid> = switch_plans(cycles).map(|plan| plan.grid).into();
    let (grid, _) = StateGrid::union(&grids);
    analysed::<Switch>(&grid, cycles, 1, SWITCH_N_MAX, seed)
}

/// (crossings, status, whether there is an error) of the boundary points where replicas hardly ever change their phase.
pub(crate) fn stuck_boundaries(cycles: u32) -> Vec<(Option<u64>, &'static str, bool)> {
    let analysis = analysed::<Slow<100>>(&switch_grid(), cycles, 1, SWITCH_N_MAX, 11);
    let points = analysis.boundaries.iter().filter(|b| b.kind == BoundaryKind::FirstOrder);
    points.map(|b| (b.crossings, b.status(), b.mu_err.is_finite())).collect()
}

/// z of every first-order boundary point of the two-phase model, for many seeds.
///
/// Only temperatures at which the valley is so deep that it does not matter at which N in it the phases are cut.
pub(crate) fn boundary_scores(seeds: u64, cycles: u32) -> Scores {
    let grid = switch_grid();
    let of_seed = |seed: u64| {
        let analysis = analysed::<Switch>(&grid, cycles, 1, SWITCH_N_MAX, 7000 + seed);
        let points = analysis.boundaries.iter().filter(|b| b.kind == BoundaryKind::FirstOrder);
        let scores: Vec<f64> = points.map(|b| (b.mu[0] - switch_boundary(b.temperature)) / b.mu_err).collect();
        assert!(scores.len() > 8, "seed {seed}: {} boundary points", scores.len());
        scores
    };
    Scores((0..seeds).into_par_iter().map(of_seed).collect())
}
