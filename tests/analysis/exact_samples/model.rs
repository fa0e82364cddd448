//! Models whose every average is a sum, and samples drawn from them.

use adlayer::testing::sample::{SampleRow, Samples};
use adlayer::testing::thermo::states::StateGrid;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

const TAU: f64 = std::f64::consts::TAU;

/// A system whose N has weights w(N) z^N and whose E given N is E(N) + kT · Γ(shape · N).
pub(super) struct Model {
    pub(super) n_max: u16,
    /// ln w(N) at kT, the energy's own weight included
    pub(super) ln_w: fn(f64, u16) -> f64,
    /// Energy without the quadratic degrees of freedom
    pub(super) energy: fn(u16) -> f64,
    /// Quadratic degrees of freedom per atom
    pub(super) quadratic: u16,
}

/// Ideal gas in a trap of spring 1: w = (2πkT)^{3N/2}/N!, E|N a sum of 3N squares.
pub(super) const TRAP: Model = Model {
    n_max: 60,
    ln_w: |kt, n| 1.5 * f64::from(n) * (TAU * kt).ln() - ln_factorial(n),
    energy: |_| 0.0,
    quadratic: 3,
};

/// Two phases: no atoms or about twelve, with a barrier between.
pub(super) const SWITCH: Model = Model {
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
    pub(super) fn p(&self, kt: f64, ln_z: f64) -> Vec<f64> {
        let ln_p: Vec<f64> = (0..=self.n_max).map(|n| f64::from(n) * ln_z + (self.ln_w)(kt, n)).collect();
        let max = ln_p.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let sum: f64 = ln_p.iter().map(|x| (x - max).exp()).sum();
        ln_p.iter().map(|x| (x - max).exp() / sum).collect()
    }

    fn mean(&self, kt: f64, ln_z: f64, f: impl Fn(u16) -> f64) -> f64 {
        self.p(kt, ln_z).iter().enumerate().map(|(n, p)| p * f(n as u16)).sum()
    }

    pub(super) fn mean_n(&self, kt: f64, ln_z: f64) -> f64 {
        self.mean(kt, ln_z, f64::from)
    }

    pub(super) fn mean_energy(&self, kt: f64, ln_z: f64) -> f64 {
        self.mean(kt, ln_z, |n| (self.energy)(n) + 0.5 * kt * f64::from(n * self.quadratic))
    }

    /// Independent samples of every state in every cycle. `hold` cycles repeat the same sample.
    pub(super) fn run(&self, grid: &StateGrid, cycles: u32, walkers: u16, hold: u32, seed: u64) -> Samples {
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

/// Two phases whose valley is flat at kT = 1.25: a barrier of energy, and as many more ways to be in between.
pub(super) const MELT: Model = Model {
    ln_w: |kt, n| {
        let x = f64::from(n);
        -(SWITCH.energy)(n) / kt + 0.04 * (x * (12.0 - x)).max(0.0)
    },
    ..SWITCH
};
