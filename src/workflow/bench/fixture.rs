//! fixture: a sampler that is taken apart, so that each of its works can be done alone.

use crate::backend;
use crate::base::error::Result;
use crate::base::ids::StateId;
use crate::base::rng::Rng;
use crate::input::scene::CheckedScene;
use crate::input::scene::grammar::Exchange;
use crate::moves::exchange::Period;
use crate::sampler::initial::initial_batch;
use crate::sampler::{CyclePlan, Sampler};
use crate::system::System;
use crate::system::configuration::Batch;
use std::sync::Arc;

/// A sampler with what the parts need to know of it.
pub(crate) struct Fixture {
    pub(crate) sampler: Sampler,
    pub(crate) plan: CyclePlan,
    system: Arc<System>,
    step: u64,
    attempt: u64,
}

impl Fixture {
    pub(crate) fn new(loaded: &CheckedScene, device: &str) -> Result<Fixture> {
        let (system, grid) = (Arc::new(System::from_scene(loaded)), loaded.grid());
        let rng = Rng::new(loaded.scene.seed);
        let backend = backend::open(device, Arc::clone(&system), rng)?;
        let batch = initial_batch(loaded, &system, &grid, &rng)?;
        let Exchange::EvenOdd { every } = loaded.scene.exchange;
        let attempts = loaded.scene.moves.insert_delete;
        let plan = CyclePlan { steps: system.dynamics.steps(), attempts, exchange_every: every };
        let sampler = Sampler::new(grid, backend, plan, &batch)?;
        // Far from the addresses that cycles use.
        Ok(Fixture { sampler, plan, system, step: 1 << 40, attempt: 1 << 40 })
    }

    pub(crate) fn equilibrate(&mut self, cycles: u32) -> Result<()> {
        (0..cycles).try_for_each(|_| self.sampler.advance(Period::Equilibration))
    }

    pub(crate) fn replicas(&self) -> usize {
        self.sampler.assignment().states().len()
    }

    fn batch(&self) -> Result<Batch> {
        let mut batch = Batch::default();
        self.sampler.backend().store(&mut batch)?;
        Ok(batch)
    }

    pub(crate) fn mean_atoms(&self) -> Result<f64> {
        let batch = self.batch()?;
        Ok(batch.configurations.iter().map(|x| x.len()).sum::<usize>() as f64 / batch.configurations.len() as f64)
    }

    /// Pairs within the cutoff of a mean replica, each counted once; frozen–frozen pairs do not count.
    pub(crate) fn mean_pairs(&self) -> Result<f64> {
        let (batch, cell) = (self.batch()?, &self.system.cell);
        let r2 = self.system.pairs.r_cut.powi(2);
        let mut pairs = 0_u64;
        // A few replicas say enough.
        let some: Vec<_> = batch.configurations.iter().step_by(batch.configurations.len().div_ceil(32)).collect();
        for x in &some {
            for (i, &p) in x.positions.iter().enumerate() {
                let others = x.positions[i + 1..].iter().chain(&self.system.frozen.positions);
                pairs += others.filter(|&&q| cell.minimum_image(p - q).length_squared() < r2).count() as u64;
            }
        }
        Ok(pairs as f64 / some.len() as f64)
    }

    pub(crate) fn propagate(&mut self) -> Result<()> {
        let first = self.step;
        self.step += u64::from(self.plan.steps);
        self.sampler.backend_mut().propagate(first, self.plan.steps).map(drop)
    }

    pub(crate) fn particle_moves(&mut self) -> Result<()> {
        let first = self.attempt;
        self.attempt += u64::from(self.plan.attempts);
        self.sampler.backend_mut().particle_moves(first, self.plan.attempts, false).map(drop)
    }

    pub(crate) fn mean_inefficiency(&self) -> f64 {
        let n = self.sampler.grid().len();
        (0..n).map(|k| self.sampler.average(StateId(k as u32)).inefficiency).sum::<f64>() / n as f64
    }
}
