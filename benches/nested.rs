//! Nested sampling of the default scene, for its gas → √3×√3 line at T = 0.24 beside what `adlayer bench --answer` measures.
//!
//! `cargo bench --bench nested -- LIVE:SWEEPS … [seeds=N] [jobs=N]` prints RMSE, evaluations and processor seconds of each pair; without a
//! pair, and in tests, it compares Z_1 with quadrature and Z_2 with grand-canonical Monte Carlo.
//!
//! Every N from 1 to 13 has a run of its own: `LIVE` configurations, uniform in the cell, lose the quarter of highest energy in each
//! iteration, which clones of the others replace after `SWEEPS` trial displacements of every atom below the new limit. A quarter at a
//! time loses nothing in error for a given number of evaluations (1/(K − P) − 1/K beside ln K/(K − P) of compression) and lets the clones
//! move together. It ends when what is left adds less than a thousandth to Z_N at the temperature of the line. Energies are those of the
//! `cpu` backend. What counts as an evaluation counts in `bench --answer`: every trial, and every atom of a start.
//!
//! Source: Skilling, Bayesian Anal. 1, 833 (2006); Pártay, Bartók & Csányi, J. Phys. Chem. B 114, 10502 (2010); Yang, Pártay & Wexler,
//! Phys. Chem. Chem. Phys. 26, 13862 (2024).

use adlayer::Sampler;
use adlayer::testing::backend::cpu::Cpu;
use adlayer::testing::backend::{Backend, TrialEnergies};
use adlayer::testing::base::ids::StateId;
use adlayer::testing::base::rng::Rng;
use adlayer::testing::forces::{ForceField, Pairwise};
use adlayer::testing::input::scene;
use adlayer::testing::moves::{Edit, Trial};
use adlayer::testing::potential::OVERLAP_ENERGY;
use adlayer::testing::sampler::Setup;
use adlayer::testing::system::System;
use adlayer::testing::system::configuration::{Batch, Configuration};
use adlayer::testing::thermo::states::StatePoint;
use glam::DVec3;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rustix::time::{ClockId, clock_gettime};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

/// Of the line. [energy]
const KT: f64 = 0.24;
/// μ' of the line by six ladders of 36,000 cycles, known to 0.0002 (docs/benchmarks.md). \[energy\]
const RIGHT: f64 = -6.1985;
/// One atom more than the layer has.
const N_MAX: usize = 13;
/// The last of the reservoir's species.
const SPECIES: u8 = 1;
/// Share of the trials that go anywhere in the cell.
const ANYWHERE: f64 = 0.2;
/// ln of the ratio of the longest to the shortest cube of the others: what fits between neighbours as well as what leads past them.
const SCALES: f64 = 3.0;
/// Below a plateau by this much, so that rounding of a running energy leads nobody back onto it. \[energy\]
const ROUNDING: f64 = 1e-4;
/// ln of the share of Z below which the live configurations add nothing.
const REST: f64 = -6.9;

/// The default scene with other words.
fn text(changes: &[(&str, &str)]) -> (String, PathBuf) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenes/lj_surface.ron");
    let mut text = std::fs::read_to_string(&path).expect("a scene of the project");
    for (from, to) in changes {
        assert!(text.contains(from), "the scene has no {from}");
        text = text.replace(from, to);
    }
    (text, path)
}

/// The default scene's system with room for [`N_MAX`] atoms.
fn system() -> Arc<System> {
    let (text, path) = text(&[("max_atoms: 64", &format!("max_atoms: {N_MAX}"))]);
    let scene = scene::parse(&text, &path).unwrap_or_else(|e| panic!("{e}"));
    Setup::from_scene(&scene).expect("pairs").system
}

/// ln Σ exp.
fn log_sum_exp(terms: impl Iterator<Item = f64> + Clone) -> f64 {
    let largest = terms.clone().fold(f64::NEG_INFINITY, f64::max);
    if largest.is_finite() { largest + terms.map(|t| (t - largest).exp()).sum::<f64>().ln() } else { largest }
}

/// Configurations of one N below an energy that falls.
struct Nested {
    system: Arc<System>,
    backend: Cpu,
    rng: ChaCha8Rng,
    n: usize,
    live: Vec<(f64, Configuration)>,
    /// Half the edge of the largest cube of a displacement. \[length\]
    step: f64,
    /// ln of the weight in ∫ dr^N / N!, energy \[energy\], of every configuration that was left behind.
    dead: Vec<(f64, f64)>,
    evaluations: u64,
}

impl Nested {
    /// A run of `n` atoms to its end.
    fn run(system: &Arc<System>, n: usize, n_live: usize, sweeps: usize, seed: u64) -> Nested {
        let system = Arc::clone(system);
        let backend = Cpu::new(Arc::clone(&system), Rng::new(seed)).expect("pairs within reach");
        let rng = ChaCha8Rng::seed_from_u64(seed << 8 | n as u64);
        let step = 0.5 * system.cell.shortest_period();
        let mut run = Nested { system, backend, rng, n, live: Vec::new(), step, dead: Vec::new(), evaluations: 0 };
        let mut ln_volume = run.start(n_live);
        let beta = 1.0 / KT;
        loop {
            run.live.sort_by(|a, b| b.0.total_cmp(&a.0));
            let last = (n_live / 4).max(1);
            let mut limit = run.live[last - 1].0;
            // With all that tie with the last of them: energies of atoms out of reach are 0, a plateau.
            let n_lost = run.live.partition_point(|(energy, _)| *energy >= limit);
            if n_lost > last {
                limit -= ROUNDING;
            }
            for (i, (energy, _)) in run.live[..n_lost].iter().enumerate() {
                let shrunk = ln_volume - 1.0 / (n_live - i) as f64;
                run.dead.push((ln_volume + (-(shrunk - ln_volume).exp_m1()).ln(), *energy));
                ln_volume = shrunk;
            }
            run.live.drain(..n_lost);
            let ln_each = ln_volume - (run.live.len() as f64).ln();
            let rest = log_sum_exp(run.live.iter().map(|(energy, _)| ln_each - beta * energy));
            if rest < run.ln_z(beta) + REST {
                run.dead.extend(run.live.iter().map(|(energy, _)| (ln_each, *energy)));
                return run;
            }
            let parents = (0..n_lost).map(|_| run.live[run.rng.random_range(0..run.live.len())].1.clone()).collect();
            let clones = run.walk(parents, sweeps * n, limit);
            run.live.extend(clones);
        }
    }

    /// A place anywhere in the cell.
    fn anywhere(&mut self) -> DVec3 {
        let cell = self.system.cell;
        let u = DVec3::new(self.rng.random(), self.rng.random(), self.rng.random());
        DVec3::new(0.0, 0.0, cell.floor) + u * cell.lengths
    }

    /// Draws the first live configurations, without those that overlap: they have no weight at any temperature.
    ///
    /// - returns: ln of the volume that they stand for, ∫ dr^N / N! where nothing overlaps
    fn start(&mut self, n_live: usize) -> f64 {
        let mut drawn = 0_usize;
        while self.live.len() < n_live {
            let mut x = Configuration::default();
            (0..self.n).for_each(|_| x.insert(SPECIES, self.anywhere(), DVec3::ZERO));
            drawn += 1;
            let [energy] = self.energies(std::slice::from_ref(&x))[..] else { unreachable!("one for one") };
            if energy < 0.5 * OVERLAP_ENERGY {
                self.live.push((energy, x));
            }
        }
        self.evaluations += (drawn * self.n) as u64;
        let ln_factorial: f64 = (1..=self.n).map(|i| (i as f64).ln()).sum();
        self.n as f64 * self.system.cell.volume().ln() - ln_factorial + (n_live as f64 / drawn as f64).ln()
    }

    /// Hands configurations to the backend, which sums their energies anew.
    fn energies(&mut self, configurations: &[Configuration]) -> Vec<f64> {
        let batch = Batch { configurations: configurations.to_vec() };
        let state = StatePoint { temperature: KT, kt: KT, ln_z: vec![0.0], window: None };
        self.backend.load(&batch, &[state], &vec![StateId(0); configurations.len()]).expect("they fit");
        self.backend.save().expect("cpu").energies.into_iter().map(|e| e.expect("cpu keeps sums")).collect()
    }

    /// Moves one atom after another of every configuration below `limit`, and chooses the next step length.
    fn walk(&mut self, mut walkers: Vec<Configuration>, n_trials: usize, limit: f64) -> Vec<(f64, Configuration)> {
        let mut energies = self.energies(&walkers);
        let (cell, n) = (self.system.cell, self.n);
        let (mut tried, mut accepted) = (0_u64, 0_u64);
        for _ in 0..n_trials {
            let mut nearby = vec![false; walkers.len()];
            let trials: Vec<Trial> = (0..walkers.len())
                .map(|w| {
                    let slot = self.rng.random_range(0..n);
                    nearby[w] = self.rng.random::<f64>() >= ANYWHERE;
                    let position = if nearby[w] {
                        let u = DVec3::new(self.rng.random(), self.rng.random(), self.rng.random());
                        let edge = self.step * (-SCALES * self.rng.random::<f64>()).exp();
                        cell.wrap(walkers[w].positions[slot] + edge * (2.0 * u - 1.0))
                    } else {
                        self.anywhere()
                    };
                    if cell.contains(position) { Trial::Displace { slot, position } } else { Trial::None }
                })
                .collect();
            let changes = self.backend.trial_energies(&trials).expect("cpu");
            let mut edits = Vec::with_capacity(walkers.len());
            for (w, (trial, change)) in trials.iter().zip(changes).enumerate() {
                tried += u64::from(nearby[w]);
                edits.push(match *trial {
                    Trial::Displace { slot, position } if energies[w] + change < limit => {
                        accepted += u64::from(nearby[w]);
                        energies[w] += change;
                        walkers[w].positions[slot] = position;
                        (Edit::Displace { slot, position }, change)
                    }
                    _ => (Edit::None, 0.0),
                });
            }
            self.backend.apply(&edits).expect("cpu");
        }
        self.evaluations += (n_trials * walkers.len()) as u64;
        let share = accepted as f64 / tried.max(1) as f64;
        self.step = (self.step * (share / 0.3).clamp(0.8, 1.25)).clamp(0.02, 0.5 * cell.shortest_period());
        // Summed anew: a clone may come from an overlap, whose energy leaves nothing of its last digits.
        self.energies(&walkers).into_iter().zip(walkers).collect()
    }

    /// ln Z_N, Z_N = ∫ e^{−βE} dr^N / N!, from what was left behind.
    fn ln_z(&self, beta: f64) -> f64 {
        log_sum_exp(self.dead.iter().map(|(ln_weight, energy)| ln_weight - beta * energy))
    }
}

/// μ' at which the two basins of P(N) ∝ Z_N z^N are equally probable, the lowest P(N) between their maxima with the lower.
///
/// - `ln_z`: `[n_max + 1]`, ln Z_N
/// - returns: `None` if there are no two \[energy\]
fn line(ln_z: &[f64], kt: f64) -> Option<f64> {
    let n_max = ln_z.len() - 1;
    let ln_p = |ln_activity: f64, n: usize| ln_z[n] + n as f64 * ln_activity;
    let highest = |a: f64, from: usize, to: usize| (from..=to).max_by(|&i, &j| ln_p(a, i).total_cmp(&ln_p(a, j)));
    let mut valley = n_max / 2;
    for _ in 0..20 {
        let (mut low, mut high) = (-100.0, 100.0);
        for _ in 0..60 {
            let a = 0.5 * (low + high);
            let side = |from: usize, to: usize| log_sum_exp((from..=to).map(|n| ln_p(a, n)));
            if side(0, valley) > side(valley + 1, n_max) { low = a } else { high = a }
        }
        let (below, above) = (highest(low, 0, valley)?, highest(low, valley + 1, n_max)?);
        let lowest = (below..=above).min_by(|&i, &j| ln_p(low, i).total_cmp(&ln_p(low, j)))?;
        if lowest == below || lowest == above {
            return None;
        }
        if lowest == valley {
            return Some(kt * low);
        }
        valley = lowest;
    }
    None
}

/// What one seed finds.
struct Found {
    /// `[N_MAX]`, N = 1 …
    runs: Vec<Nested>,
    /// Of this thread. \[s\]
    seconds: f64,
}

impl Found {
    fn new(system: &Arc<System>, n_live: usize, sweeps: usize, seed: u64) -> Found {
        let now = || {
            let time = clock_gettime(ClockId::ThreadCPUTime);
            time.tv_sec as f64 + 1e-9 * time.tv_nsec as f64
        };
        let before = now();
        let runs = (1..=N_MAX).map(|n| Nested::run(system, n, n_live, sweeps, seed)).collect();
        Found { runs, seconds: now() - before }
    }

    /// `[N_MAX + 1]`, ln Z_N from N = 0 on.
    fn ln_z(&self, kt: f64) -> Vec<f64> {
        std::iter::once(0.0).chain(self.runs.iter().map(|run| run.ln_z(1.0 / kt))).collect()
    }

    fn evaluations(&self) -> f64 {
        self.runs.iter().map(|run| run.evaluations as f64).sum()
    }
}

/// All seeds, `jobs` at a time on one thread each.
fn over_seeds(n_live: usize, sweeps: usize, seeds: u64, jobs: u64) -> Vec<Found> {
    let (system, next, found) = (system(), AtomicU64::new(1), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..jobs {
            scope.spawn(|| {
                let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().expect("a thread");
                while let seed = next.fetch_add(1, Ordering::Relaxed)
                    && seed <= seeds
                {
                    let one = pool.install(|| Found::new(&system, n_live, sweeps, seed));
                    found.lock().expect("no other thread panics").push(one);
                }
            });
        }
    });
    found.into_inner().expect("no thread panicked")
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

fn scatter(values: &[f64]) -> f64 {
    let about = mean(values);
    (values.iter().map(|v| (v - about).powi(2)).sum::<f64>() / (values.len() - 1) as f64).sqrt()
}

/// Scores one choice over its seeds.
#[expect(clippy::print_stdout, reason = "the figures are the output")]
fn measure(n_live: usize, sweeps: usize, seeds: u64, jobs: u64) {
    let found = over_seeds(n_live, sweeps, seeds, jobs);
    let lines: Vec<f64> = found.iter().filter_map(|f| line(&f.ln_z(KT), KT)).collect();
    let rmse = mean(&lines.iter().map(|mu| (mu - RIGHT).powi(2)).collect::<Vec<_>>()).sqrt();
    let per = |x: f64| lines.len() as f64 / found.len() as f64 / (rmse * rmse * x);
    let seconds = mean(&found.iter().map(|f| f.seconds).collect::<Vec<_>>());
    let evaluations = 1e-6 * mean(&found.iter().map(Found::evaluations).collect::<Vec<_>>());
    println!(
        "{n_live} live, {sweeps} sweeps: line found in {} of {}, bias {:+.4}, RMSE {rmse:.4}; {evaluations:.2} million evaluations, {seconds:.1} s; FOM {:.0} per second, {:.0} per 10⁶ evaluations",
        lines.len(),
        found.len(),
        mean(&lines) - RIGHT,
        per(seconds),
        per(evaluations),
    );
    for kt in [0.27, 0.30] {
        let lines: Vec<f64> = found.iter().filter_map(|f| line(&f.ln_z(kt), kt)).collect();
        if lines.len() > 1 {
            println!("  T = {kt:.2}: found in {}, {:.4}, scatter {:.4}", lines.len(), mean(&lines), scatter(&lines));
        }
    }
    for n in 1..=N_MAX {
        let values: Vec<f64> = found.iter().map(|f| f.ln_z(KT)[n]).collect();
        let share = mean(&found.iter().map(|f| 1e-6 * f.runs[n - 1].evaluations as f64).collect::<Vec<_>>());
        println!("  N = {n:2}: ln Z {:8.3}, scatter {:.3}, {share:.2} million", mean(&values), scatter(&values));
    }
}

/// Z_1 and Z_2 beside answers that have nothing to do with nested sampling.
#[expect(clippy::print_stdout, reason = "the figures are the output")]
fn check() {
    const SEEDS: u64 = 8;
    let system = system();
    let nested = |n: usize| -> (f64, f64) {
        let values: Vec<f64> = (0..SEEDS).map(|seed| Nested::run(&system, n, 200, 20, seed).ln_z(1.0 / KT)).collect();
        (mean(&values), scatter(&values) / (SEEDS as f64).sqrt())
    };
    // One of the 6 × 3 cells of the surface.
    let (field, cell) = (Pairwise::new(Arc::clone(&system)), system.cell);
    let [nx, ny, nz] = [16_usize, 28, 900];
    let width =
        DVec3::new(cell.lengths.x / (6 * nx) as f64, cell.lengths.y / (3 * ny) as f64, cell.lengths.z / nz as f64);
    let mut sum = 0.0;
    for (i, j, k) in (0..nx).flat_map(|i| (0..ny).flat_map(move |j| (0..nz).map(move |k| (i, j, k)))) {
        let r = DVec3::new(i as f64, j as f64, k as f64 + 0.5) * width + DVec3::new(0.0, 0.0, cell.floor);
        sum += (-field.contact_energy(&Configuration::default(), SPECIES, r).expect("pairs") / KT).exp();
    }
    let right = (18.0 * width.x * width.y * width.z * sum).ln();
    let (value, error) = nested(1);
    println!("ln Z_1: {value:.3} ± {error:.3} nested, {right:.4} by quadrature");
    assert!((value - right).abs() < 4.0 * error, "Z_1");

    // P(2)/P(0) = Z_2 z².
    let mu = -6.2;
    let (text, path) = text(&[
        ("max_atoms: 64", "max_atoms: 2"),
        ("List([0.24, 0.30, 0.36, 0.43, 0.51, 0.62, 0.76])", "List([0.24])"),
        ("Linear(from: -7.5, to: -1.0, n: 14)", "List([-6.2])"),
        ("walkers: 1", "walkers: 8"),
    ]);
    let scene = scene::parse(&text, &path).unwrap_or_else(|e| panic!("{e}"));
    let mut sampler = Sampler::from_scene(&scene, "cpu").expect("cpu");
    sampler.equilibrate(100).expect("cycles");
    let mut counts = [[0.0_f64; 3]; 8];
    for _ in 0..2000 {
        for sample in sampler.run_cycle().expect("a cycle") {
            counts[sample.walker][usize::from(sample.counts[0])] += 1.0;
        }
    }
    let walkers = counts.map(|[none, _, two]| (two / none).ln() - 2.0 * mu / KT);
    let (right, spread) = (mean(&walkers), scatter(&walkers) / 8.0_f64.sqrt());
    let (value, error) = nested(2);
    println!("ln Z_2: {value:.3} ± {error:.3} nested, {right:.4} ± {spread:.4} by grand-canonical sampling");
    assert!((value - right).abs() < 4.0 * error.hypot(spread), "Z_2");
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number = |word: &str, otherwise: u64| {
        let given = arguments.iter().find_map(|a| a.strip_prefix(word)?.parse().ok());
        given.unwrap_or(otherwise)
    };
    let (seeds, jobs) = (number("seeds=", 8), number("jobs=", 1));
    let choices: Vec<(usize, usize)> = arguments
        .iter()
        .filter_map(|a| a.split_once(':'))
        .filter_map(|(k, l)| Some((k.parse().ok()?, l.parse().ok()?)))
        .collect();
    if choices.is_empty() {
        return check();
    }
    choices.into_iter().for_each(|(n_live, sweeps)| measure(n_live, sweeps, seeds, jobs));
}
