//! fixture: a sampler that is taken apart, so that each of its works can be done alone.

use crate::base::error::Result;
use crate::base::ids::StateId;
use crate::input::scene::CheckedScene;
use crate::sampler::Sampler;

/// A sampler with what the parts need to know of it.
pub(crate) struct Fixture {
    pub(crate) sampler: Sampler,
    step: u64,
    attempt: u64,
}

impl Fixture {
    pub(crate) fn new(loaded: &CheckedScene, device: &str) -> Result<Fixture> {
        let sampler = Sampler::from_scene(loaded, device)?;
        // Far from the addresses that cycles use.
        Ok(Fixture { sampler, step: 1 << 40, attempt: 1 << 40 })
    }

    pub(crate) fn equilibrate(&mut self, cycles: u32) -> Result<()> {
        self.sampler.equilibrate(cycles)
    }

    pub(crate) fn replicas(&self) -> usize {
        self.sampler.assignment().states().len()
    }

    pub(crate) fn mean_atoms(&self) -> Result<f64> {
        let configurations = self.sampler.configurations()?;
        Ok(configurations.iter().map(|x| x.len()).sum::<usize>() as f64 / configurations.len() as f64)
    }

    /// Pairs within the cutoff of a mean replica, each counted once; frozen–frozen pairs do not count.
    pub(crate) fn mean_pairs(&self) -> Result<f64> {
        let (configurations, system) = (self.sampler.configurations()?, self.sampler.system());
        let (cell, r2) = (&system.cell, system.pairs.r_cut.powi(2));
        let mut pairs = 0_u64;
        // A few replicas say enough.
        let some: Vec<_> = configurations.iter().step_by(configurations.len().div_ceil(32)).collect();
        for x in &some {
            for (i, &p) in x.positions.iter().enumerate() {
                let others = x.positions[i + 1..].iter().chain(&system.frozen.positions);
                pairs += others.filter(|&&q| cell.minimum_image(p - q).length_squared() < r2).count() as u64;
            }
        }
        Ok(pairs as f64 / some.len() as f64)
    }

    pub(crate) fn propagate(&mut self) -> Result<()> {
        let (first, steps) = (self.step, self.sampler.plan().steps);
        self.step += u64::from(steps);
        self.sampler.backend_mut().propagate(first, steps).map(drop)
    }

    pub(crate) fn particle_moves(&mut self) -> Result<()> {
        let (first, attempts) = (self.attempt, self.sampler.plan().attempts);
        self.attempt += u64::from(attempts);
        self.sampler.backend_mut().particle_moves(first, attempts, false).map(drop)
    }

    pub(crate) fn mean_inefficiency(&self) -> f64 {
        let n = self.sampler.grid().len();
        (0..n).map(|k| self.sampler.average(StateId(k as u32)).inefficiency).sum::<f64>() / n as f64
    }
}
